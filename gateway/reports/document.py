"""A report as a frozen value, the same for every report and every format.

A report is figures, tables and charts, and the checks that it passes; a renderer knows these four and no report. Keys
are those of the JSON document; a dot in a key nests (`groups.payer`, `money.paid`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from gateway.reports.cells import Kind, Value, amount

Row = tuple[Value, ...]


class Column(NamedTuple):
    """One column of a table."""

    key: str
    title: str
    kind: Kind = "text"
    adds: bool = False  # whether the table has its sum
    brief: bool = True  # whether it stands where there is little room: a terminal, a page


class Figure(NamedTuple):
    """One number with its name."""

    key: str
    label: str
    kind: Kind
    value: Value
    depth: int = 0  # it is a part of the one above
    share: float | None = None  # of the whole, as a ratio
    brief: bool = True
    says: str = ""  # how it is computed


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers under a heading."""

    key: str
    title: str
    rows: tuple[Figure, ...]
    note: str = ""  # beside the heading
    beside: bool = False  # next to the figures before it, where there is room
    are_sentences: bool = False  # the number first, then what it counts
    section: str = ""  # in the long form of CSV, where it is not the key


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading. `count` and `totals` are of all rows, `rows` may be the first of them."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    count: int
    totals: Row | None = None
    note: str = ""
    empty: str = "none"
    more: str = ""  # where the rows are that are left out; else in the formats that have all

    @property
    def left_out(self) -> int:
        return self.count - len(self.rows)


class Bar(NamedTuple):
    label: str
    value: int
    tone: str = "a"  # a, b, c, d, e: the colours of the page


@dataclass(frozen=True, slots=True)
class Chart:
    """Amounts side by side (bars), or as parts of a whole (stack). Only pages have charts: the numbers stand elsewhere
    in the report too."""

    title: str
    kind: Kind
    form: Literal["bars", "stack"]
    bars: tuple[Bar, ...]


Section = Figures | Table | Chart


@dataclass(frozen=True, slots=True)
class Check:
    """A law: whether it holds, by how much it fails (cents, or a count), and which claims are to blame."""

    name: str
    difference: int
    is_money: bool = True
    claims: tuple[str, ...] = ()
    remittances: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.difference == 0 and not self.claims and not self.remittances

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        shown = amount(self.difference) if self.is_money else str(self.difference)
        found: dict[str, Any] = {"name": self.name, "holds": self.holds, "difference": shown}
        found["claims"] = list(self.claims)
        if self.remittances:
            found["remittances"] = list(self.remittances)
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report."""

    name: str
    title: str
    as_of: str  # a stamp
    parameters: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    checks: tuple[Check, ...] = ()
    detail: str = ""  # key of the table that CSV has, where the report is a list
    notes: tuple[str, ...] = field(default=())

    @property
    def figures(self) -> Iterator[Figures]:
        return (section for section in self.sections if isinstance(section, Figures))

    @property
    def tables(self) -> Iterator[Table]:
        return (section for section in self.sections if isinstance(section, Table))

    def table(self, key: str) -> Table | None:
        """The table of that key."""
        return next((table for table in self.tables if table.key == key), None)


def table_of(
    key: str,
    title: str,
    columns: tuple[Column, ...],
    rows: list[Row],
    *,
    count: int | None = None,
    totals: dict[str, Value] | None = None,
    note: str = "",
    empty: str = "none",
) -> Table:
    """A table whose totals are the sums of its rows, or those given; none where rows are left out and none given."""
    sums: Row | None = None
    is_whole = count is None or count == len(rows) or totals is not None
    if any(column.adds for column in columns) and rows and is_whole:
        sums = tuple(_total(at, column, rows, totals) for at, column in enumerate(columns))
    return Table(key, title, columns, tuple(rows), len(rows) if count is None else count, sums, note, empty)


def _total(at: int, column: Column, rows: list[Row], totals: dict[str, Value] | None) -> Value:
    if not column.adds:
        return None
    if totals is not None:
        return totals.get(column.key)
    return sum(int(row[at] or 0) for row in rows)
