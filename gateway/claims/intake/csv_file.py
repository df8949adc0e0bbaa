"""CSV through a declared mapping: one row a service line, the rows of one claim gathered by the column that names it.

Rows of a claim need not stand together: a claim is complete once none of its rows came for `window` rows. A row that
cannot be trusted (shifted cells, foreign bytes) sinks its own claim, since a claim without one of its lines must not
go out; the others are untouched.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from gateway.claims.findings import Finding
from gateway.claims.intake.csv_claim import ClaimRows, Columns, Row, claim_record
from gateway.claims.intake.csv_mapping import SourceMapping
from gateway.claims.intake.records import Record, UnreadableFile, unreadable

MAX_LINE = 1 << 20  # characters of one line of the file
MAX_FIELD = 1 << 17  # of one cell, as the csv module has it
_FOREIGN_BYTE = re.compile(r"[\udc80-\udcff]")


def read_csv(stream: BinaryIO, mapping: SourceMapping) -> Iterator[Record]:
    """The claims of a CSV file, numbered in the order of their first rows.

    :raises UnreadableFile: where the header lacks a column or has one twice; nothing was read then
    """
    text = io.TextIOWrapper(stream, encoding=mapping.encoding, errors="surrogateescape", newline="")
    try:
        yield from _Table(text, mapping).records()
    finally:
        text.detach()


class _Ended(NamedTuple):
    """Why reading stopped before the end of the file."""

    code: str
    text: str


class _Table:
    def __init__(self, text: io.TextIOWrapper, mapping: SourceMapping) -> None:
        self.mapping, self.text = mapping, text
        self.row_number = 1  # as a spreadsheet counts: the header is row 1
        self.width = 0  # cells of the header
        self.skipped: list[int] = []  # lines that are too long
        self.ended: _Ended | None = None

    def records(self) -> Iterator[Record]:
        rows = self.rows()
        columns = self.header(next(rows, []))
        if unused := self.unused(columns):
            text = f"columns that the mapping does not use: {', '.join(unused)}"
            yield Record(0, "the header", None, [Finding("columns_unused", "warning", "", text)])
        gathered = _Gathered(self.mapping.window)
        for row in rows:
            if any(cell.strip() for cell in row):
                gathered.add(self.row(row, columns))
            for claim in gathered.complete(self.row_number):
                yield claim_record(claim, self.mapping, columns)
        for claim in gathered.rest():
            yield claim_record(claim, self.mapping, columns)
        yield from self.remarks(gathered.count)

    def remarks(self, count: int) -> Iterator[Record]:
        """What could not be read as rows, one record each."""
        for line in self.skipped:
            count += 1
            yield unreadable(
                count, f"line {line}", "too_long", f"is longer than {MAX_LINE >> 20} MB; it was passed over"
            )
        if self.ended:
            yield unreadable(count + 1, f"row {self.row_number}", self.ended.code, self.ended.text)

    def lines(self) -> Iterator[str]:
        number = 0
        while line := self.text.readline(MAX_LINE + 1):
            number += 1
            if len(line) <= MAX_LINE:
                yield line.removeprefix("\ufeff") if number == 1 else line
                continue
            self.skipped.append(number)
            while line and not line.endswith(("\n", "\r")):
                line = self.text.readline(MAX_LINE)

    def rows(self) -> Iterator[list[str]]:
        reader = csv.reader(self.lines(), delimiter=self.mapping.delimiter, strict=True)
        first = True
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.row_number += not first
                self.ended = _why(error, reader.line_num)
                return
            self.row_number += not first
            first = False
            yield row

    def header(self, names: Sequence[str]) -> Columns:
        found: Columns = {}
        self.width = len(names)
        for place, name in enumerate(names):
            key = name.strip().casefold()
            if key in found and key:
                raise UnreadableFile(f"row 1: column {name.strip()!r} stands there twice")
            found[key] = place
        optional = {name.casefold() for name in self.mapping.optional}
        missing = sorted(name for name in self.mapping.columns if name.casefold() not in found.keys() | optional)
        if missing:
            word = "column" if len(missing) == 1 else "columns"
            raise UnreadableFile(
                f"row 1: {word} {', '.join(repr(name) for name in missing)} of {self.mapping.name} "
                f"{'is' if len(missing) == 1 else 'are'} not in the header"
            )
        return found

    def unused(self, columns: Columns) -> list[str]:
        known = {name.casefold() for name in self.mapping.columns | self.mapping.ignored}
        return sorted(name for name in columns if name and name not in known)

    def row(self, cells: list[str], columns: Columns) -> Row:
        """The row with what makes it useless, if anything does."""
        place = columns[self.mapping.claim.casefold()]
        claim = cells[place].strip() if place < len(cells) else ""
        fault = None
        if len(cells) != self.width:
            fault = Finding(
                "row_length", "error", "", f"row {self.row_number}: has {len(cells)} cells, the header {self.width}"
            )
        elif not claim:
            fault = Finding(
                "no_claim_number", "error", "", f"row {self.row_number}: column {self.mapping.claim!r} is empty"
            )
        elif foreign := next((cell for cell in cells if _FOREIGN_BYTE.search(cell)), None):
            fault = self.foreign(foreign, cells, columns)
        return Row(self.row_number, claim, cells, fault)

    def foreign(self, cell: str, cells: list[str], columns: Columns) -> Finding:
        column = next(name for name, place in columns.items() if place == cells.index(cell))
        match = _FOREIGN_BYTE.search(cell)
        byte = ord(match.group()) - 0xDC00 if match else 0
        return Finding(
            "encoding",
            "error",
            "",
            f"row {self.row_number}: column {column!r} has byte 0x{byte:02X}, which is not {self.mapping.encoding}; "
            "save the file as UTF-8 or name its encoding in the mapping",
        )


class _Gathered:
    """Claims whose rows may still come."""

    def __init__(self, window: int) -> None:
        self.window, self.count = window, 0
        self.open: dict[str, ClaimRows] = {}  # the one whose last row is the oldest stands first
        self.closed: dict[str, int] = {}  # last row of what was handed on

    def add(self, row: Row) -> None:
        claim = self.open.pop(row.claim, None) if row.claim else None
        if claim is None:
            self.count += 1
            claim = ClaimRows(self.count, row.claim, [])
            if (last := self.closed.get(row.claim)) is not None:
                text = f"row {row.number}: more of a claim whose rows ended at row {last}; sort the file by claim"
                row = row._replace(fault=Finding("rows_apart", "error", "", text))
        claim.rows.append(row)
        self.open[row.claim or f"\n{row.number}"] = claim

    def complete(self, row_number: int) -> Iterator[ClaimRows]:
        while self.open:
            key, claim = next(iter(self.open.items()))
            if row_number - claim.rows[-1].number < self.window:
                return
            self.closed[key] = claim.rows[-1].number
            yield self.open.pop(key)

    def rest(self) -> Iterator[ClaimRows]:
        yield from sorted(self.open.values(), key=lambda claim: claim.number)


def _why(error: csv.Error, line: int) -> _Ended:
    if "field limit" in str(error) or "end of data" in str(error):
        return _Ended(
            "quote_open", f"a quote opened here is not closed (line {line}); the rest of the file was not read"
        )
    return _Ended("quote", f"no CSV at line {line}: {error}; the rest of the file was not read")
