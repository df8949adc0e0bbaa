"""A report as a workbook: a sheet of figures and checks, then a sheet a table with typed cells, a filter, a header that
stays, and sums that follow the filter. Text is written as text, whatever it begins with, so nothing becomes a formula.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from gateway.reports.as_text import blame
from gateway.reports.cells import NUMBERS, Kind, Value, shown
from gateway.reports.document import Figures, Report, Row, Table

_ROWS = 1_048_000  # a sheet takes 1,048,576, header and sums among them
_FORMATS = {
    "money": "#,##0.00;[Red]-#,##0.00",
    "count": "#,##0",
    "percent": "0.0%",
    "days": "#,##0.0",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
    "text": "@",
    "code": "@",
}
_FORBIDDEN = str.maketrans("", "", "[]:*?/\\'")
_WIDEST = 48
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def render(report: Report) -> bytes:
    """The bytes of the file; the same report gives the same bytes."""
    out = io.BytesIO()
    with _workbook(out) as book:
        created = datetime.fromisoformat(report.as_of).astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": report.title, "created": created})
        sheets = _Sheets(book)
        sheets.summary(report)
        for table in report.tables:
            sheets.table(table)
    return out.getvalue()


@contextmanager
def _workbook(out: io.BytesIO) -> Iterator[Workbook]:
    book = Workbook(out, _OPTIONS)
    try:
        yield book
    finally:
        book.close()


class _Sheets:
    """The sheets of one workbook, with the formats that they share."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._formats: dict[Any, Any] = {kind: book.add_format({"num_format": f}) for kind, f in _FORMATS.items()}
        self._sums = {kind: book.add_format({"num_format": f, "bold": True, "top": 1}) for kind, f in _FORMATS.items()}
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._bold = book.add_format({"bold": True})
        self._names: set[str] = set()

    def summary(self, report: Report) -> None:
        """The sheet with everything that is no table."""
        sheet = self._book.add_worksheet(self._name("Summary"))
        sheet.set_column(0, 0, 58)
        sheet.set_column(1, 1, 20)
        sheet.set_column(2, 2, 70)
        sheet.write_string(0, 0, report.title, self._title)
        sheet.write_string(1, 0, "as of")
        self._write(sheet, 1, 1, "time", report.as_of)
        row = 2
        for name, value in report.parameters:
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
            row += 1
        for figures in report.figures:
            row = self._figures(sheet, row + 1, figures)
        if report.checks:
            row += 1
            sheet.write_string(row, 0, "Checks", self._bold)
        for check in report.checks:
            row += 1
            sheet.write_string(row, 0, check.name)
            sheet.write_string(row, 1, "holds" if check.holds else "off")
            sheet.write_string(row, 2, "" if check.holds else blame(check))
        for note in report.notes:
            row += 2
            sheet.write_string(row, 0, note)
        _page(sheet, landscape=False)

    def _figures(self, sheet: Any, row: int, figures: Figures) -> int:
        sheet.write_string(row, 0, figures.title, self._bold)
        for one in figures.rows:
            row += 1
            sheet.write_string(row, 0, f"{'   ' * one.depth}{one.label}")
            self._write(sheet, row, 1, one.kind, one.value)
            if one.says:
                sheet.write_string(row, 2, one.says)
        return row + 1

    def table(self, table: Table) -> None:
        """One sheet; a table that is longer than a sheet goes on on the next."""
        parts = [table.rows[at : at + _ROWS] for at in range(0, len(table.rows), _ROWS)] or [()]
        for part in parts:
            self._sheet(table, part)

    def _sheet(self, table: Table, rows: tuple[Row, ...]) -> None:
        sheet = self._book.add_worksheet(self._name(table.title))
        last = len(table.columns) - 1
        for at, column in enumerate(table.columns):
            sheet.write_string(0, at, column.title, self._head)
            sheet.set_column(at, at, _width(column.title, column.kind, [row[at] for row in rows[:200]]))
        for number, row in enumerate(rows, 1):
            for at, column in enumerate(table.columns):
                self._write(sheet, number, at, column.kind, row[at])
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(rows), 1), last)
        if rows and table.totals is not None:
            self._totals(sheet, table, rows)
        sheet.repeat_rows(0)
        _page(sheet, landscape=last > 4)

    def _totals(self, sheet: Any, table: Table, rows: tuple[Row, ...]) -> None:
        """Under the rows: sums of what the filter leaves."""
        at_row = len(rows) + 1
        for at, column in enumerate(table.columns):
            if column.adds:
                letter = xl_col_to_name(at)
                value = _number(column.kind, sum(int(row[at] or 0) for row in rows))
                formula = f"=SUBTOTAL(109,{letter}2:{letter}{at_row})"
                sheet.write_formula(at_row, at, formula, self._sums[column.kind], value)
            elif at == 0:
                sheet.write_string(at_row, at, "total", self._sums["text"])
            else:
                sheet.write_blank(at_row, at, None, self._sums["text"])

    def _write(self, sheet: Any, row: int, at: int, kind: Kind, value: Value) -> None:
        """A typed cell; what is no date stays text."""
        if value is None or value == "":
            return
        if kind in NUMBERS:
            sheet.write_number(row, at, _number(kind, value), self._formats[kind])
        elif kind in ("date", "time") and (moment := _moment(str(value))) is not None:
            sheet.write_datetime(row, at, moment, self._formats[kind])
        else:
            sheet.write_string(row, at, shown(kind, value), self._formats["text"])

    def _name(self, title: str) -> str:
        """A sheet's name: at most 31 characters, none twice."""
        plain = title.translate(_FORBIDDEN).strip() or "Sheet"
        name, number = plain[:31], 1
        while name.lower() in self._names:
            number += 1
            name = f"{plain[:26]} ({number})"
        self._names.add(name.lower())
        return name


def _number(kind: Kind, value: Value) -> float:
    assert isinstance(value, int | float)
    return value / 100 if kind == "money" else float(value)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    return found if found.year >= 1900 else None  # a sheet knows no earlier day


def _width(title: str, kind: Kind, values: list[Value]) -> float:
    if kind in NUMBERS:
        return max(12, min(len(title) + 2, 16))
    if kind in ("date", "time"):
        return 12 if kind == "date" else 17
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    return max(10, min(max(longest, len(title)) + 2, _WIDEST))


def _page(sheet: Any, *, landscape: bool) -> None:
    if landscape:
        sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
