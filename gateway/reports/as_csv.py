"""A report as CSV: its list with one row a thing where it is a list, else `section, key, name, measure, value`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from gateway.errors import UsageError
from gateway.reports.cells import Kind, Value, safe, written
from gateway.reports.document import Figures, Report, Table

LONG = ("section", "key", "name", "measure", "value")


def render(report: Report, section: str = "") -> str:
    """The text of the file. `section`: the key of another table of the report; UsageError where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    wanted = section or report.detail
    if not wanted:
        writer.writerow(LONG)
        writer.writerows(_long(report))
        return out.getvalue()
    table = report.table(wanted)
    if table is None:
        names = ", ".join(one.key for one in report.tables)
        raise UsageError(f"--section {section!r}: the report {report.name} has {names}")
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(column.kind, value) for column, value in zip(table.columns, row, strict=True)])
    return out.getvalue()


def _cell(kind: Kind, value: Value) -> str | int:
    """A cell; only text can be taken for a formula, amounts keep their sign."""
    found = written(kind, value)
    if found is None:
        return ""
    if isinstance(found, str) and kind in ("text", "code"):
        return safe(found).replace("\r", " ")  # which the writer would leave bare, where it ends a row
    return found


def _long(report: Report) -> Iterator[tuple[object, ...]]:
    yield "report", "", "", "as_of", report.as_of
    for section in report.sections:
        if isinstance(section, Figures):
            for one in section.rows:
                yield section.section or section.key, "", "", one.key, _cell(one.kind, one.value)
        elif isinstance(section, Table):
            yield from _long_rows(section)
    for check in report.checks:
        yield "check", "holds" if check.holds else "off", check.name, "difference", check.document()["difference"]


def _long_rows(table: Table) -> Iterator[tuple[object, ...]]:
    """A row a number; the first two columns, where they are text, say whose it is."""
    names = [at for at, column in enumerate(table.columns[:2]) if column.kind in ("text", "code")]
    section = table.key.rpartition(".")[2]
    for row in table.rows:
        whose = [safe(str(row[at] or "")) for at in names] + [""] * (2 - len(names))
        for at, column in enumerate(table.columns):
            if at not in names and row[at] is not None:
                yield section, *whose, column.key.rpartition(".")[2], _cell(column.kind, row[at])
