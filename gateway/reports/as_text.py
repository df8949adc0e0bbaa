"""A report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from gateway.reports.cells import NUMBERS, money, shown
from gateway.reports.document import Chart, Check, Figure, Figures, Report, Row, Section, Table

_WIDTH = 100
_CELL = 40  # the widest that a text is shown
_BLAMED = 20


def render(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.title} as of {report.as_of}"
    yield "═" * _WIDTH
    if report.parameters:
        yield ", ".join(f"{name} {value}" for name, value in report.parameters)
    first = True
    for block in _blocks(report.sections):
        lines = list(_figures(block)) if isinstance(block, tuple) else list(_table(block))
        if lines:
            yield from ([] if first else [""])
            yield from lines
            first = False
    for note in report.notes:
        yield ""
        yield from _wrapped(note)
    if report.checks:
        yield ""
        yield from _checks(report.checks)


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) >= _WIDTH:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def _blocks(sections: Sequence[Section]) -> Iterator[tuple[Figures, ...] | Table]:
    """Tables alone, figures with those that stand beside them."""
    together: list[Figures] = []
    for section in sections:
        if isinstance(section, Chart):
            continue
        if together and not (isinstance(section, Figures) and section.beside):
            yield tuple(together)
            together = []
        if isinstance(section, Figures):
            together.append(section)
        else:
            yield section
    if together:
        yield tuple(together)


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _figures(block: tuple[Figures, ...]) -> Iterator[str]:
    if len(block) > 1:
        yield from _side_by_side(block)
        return
    (figures,) = block
    rows = [row for row in figures.rows if row.brief]
    if figures.are_sentences:
        yield figures.title
        yield "─" * _WIDTH
        yield from ([f"{shown(row.kind, row.value):>6}  {row.label}" for row in rows] or ["nothing"])
        return
    yield f"{figures.title}: {figures.note}" if figures.note else figures.title
    width = max([32, *(len(_label(row)) for row in rows)])
    for row in rows:
        value = "–" if row.value is None else shown(row.kind, row.value)
        yield f"  {_label(row):<{width}}{value:>18}{_share(row)}".rstrip()


def _side_by_side(block: tuple[Figures, ...]) -> Iterator[str]:
    columns = [_column(figures) for figures in block]
    for cells in zip_longest(*columns, fillvalue=""):
        *left, last = cells
        yield ("".join(f"{cell:<34}" for cell in left) + last).rstrip()


def _column(figures: Figures) -> list[str]:
    counts = all(row.kind == "count" for row in figures.rows)
    lines = [figures.title]
    for row in figures.rows:
        if row.brief:
            value = shown(row.kind, row.value)
            lines.append(f"{_label(row):<20}{value:>9}" if counts else f"{_label(row):<20}{value:>18}{_share(row)}")
    return lines


def _label(row: Figure) -> str:
    return "  " * row.depth + row.label


def _share(row: Figure) -> str:
    return "" if row.share is None else f"{row.share:>8.1%}"


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(table: Table) -> Iterator[str]:
    places = [at for at, column in enumerate(table.columns) if column.brief]
    count = f" ({table.count:,})" if table.count > 10 else ""
    yield f"{table.title}{count}"
    if not table.rows:
        yield f"  {table.empty}"
        return
    head = [table.columns[at].title for at in places]
    rows = [_cells(table, row, places) for row in table.rows]
    total = _cells(table, table.totals, places) if table.totals is not None and table.count > 1 else None
    if total is not None and not total[0]:
        total[0] = "total"
    widths = [max(len(line[at]) for line in (head, *rows, *([total] if total else ()))) for at in range(len(places))]
    numbers = [table.columns[at].kind in NUMBERS for at in places]
    rule = "─" * max(_WIDTH, sum(widths) + 2 * len(widths))
    yield _line(head, widths, numbers)
    yield rule
    for row in rows:
        yield _line(row, widths, numbers)
    if table.left_out:
        yield f"… and {table.left_out:,} more ({table.more or '--format csv, xlsx and json have them all'})"
    if total is not None:
        yield rule
        yield _line(total, widths, numbers)
    if table.note:
        yield from _wrapped(table.note)


def _cells(table: Table, row: Row, places: Sequence[int]) -> list[str]:
    return [_cut(shown(table.columns[at].kind, row[at])) for at in places]


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    made = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cells, widths, numbers, strict=True)
    ]
    return "  ".join(made).rstrip()


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    failed = [check for check in checks if not check.holds]
    yield f"Conservation: {len(checks) - len(failed)} of {len(checks)} laws hold"
    yield "─" * _WIDTH
    for check in checks:
        yield f"{'ok  ' if check.holds else 'OFF '}  {check.name}"
        if not check.holds:
            yield f"      {blame(check)}"


def blame(check: Check) -> str:
    """By how much a law fails, and whose fault it is."""
    difference = money(check.difference) if check.is_money else f"{check.difference:,}"
    blamed = [*check.claims, *check.remittances]
    named = f": {', '.join(blamed[:_BLAMED])}" if blamed else ""
    more = f", … {len(blamed) - _BLAMED:,} more" if len(blamed) > _BLAMED else ""
    return f"difference {difference}{named}{more}"
