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
from itertools import count
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


class _Read(NamedTuple):
    """One row as read, and what makes it useless if anything does."""

    cells: list[str]
    code: str = ""
    text: str = ""


class _Table:
    def __init__(self, text: io.TextIOWrapper, mapping: SourceMapping) -> None:
        self.mapping, self.text = mapping, text
        self.row_number = 1  # as a spreadsheet counts: the header is row 1
        self.width = 0  # cells of the header
        self.line = ""  # the one that was read last
        self.too_long: list[str] = []  # starts of lines that were passed over
        self.ended = ""  # why reading stopped before the end of the file

    def records(self) -> Iterator[Record]:
        rows = self.rows()
        names = next(rows, _Read([])).cells
        if self.ended:
            raise UnreadableFile(f"row 1: {self.ended}")
        columns = self.header(names)
        if unused := self.unused(columns):
            text = f"columns that the mapping does not use: {', '.join(unused)}"
            yield Record(0, "the header", None, [Finding("columns_unused", "warning", "", text)])
        gathered = _Gathered(self.mapping.window)
        for read in rows:
            if read.code or any(cell.strip() for cell in read.cells):
                row = self.row(read, columns)
                if row.fault and row.fault.code != "encoding" and not self.line.endswith(("\n", "\r")):
                    gathered.doubt(f"row {row.number}: the file ends inside this row, so this claim may lack lines")
                gathered.add(row)
            for claim in gathered.complete(self.row_number):
                yield claim_record(claim, self.mapping, columns)
        if self.ended:
            gathered.doubt(f"row {self.row_number}: the file cannot be read from here on, so this claim may lack lines")
        for claim in gathered.rest():
            yield claim_record(claim, self.mapping, columns)
        if self.ended:
            yield unreadable(gathered.count + 1, f"row {self.row_number}", "unreadable_rest", self.ended)

    def lines(self) -> Iterator[str]:
        number = 0
        while line := self.text.readline(MAX_LINE + 1):
            number += 1
            if len(line) <= MAX_LINE:
                self.line = line.removeprefix("\ufeff") if number == 1 else line
                yield self.line
                continue
            self.too_long.append(line[:MAX_FIELD])
            while line and not line.endswith(("\n", "\r")):
                line = self.text.readline(MAX_LINE)

    def rows(self) -> Iterator[_Read]:
        """The header, then every row. A row that breaks the rules of quotes is one bad row while it is one line."""
        reader = csv.reader(self.lines(), delimiter=self.mapping.delimiter, strict=True)
        started = 0
        for number in count():
            self.row_number += number > 0
            try:
                read = _Read(next(reader))
            except StopIteration:
                return
            except UnicodeDecodeError:
                self.ended = f"bytes that are not {self.mapping.encoding}; the rest of the file was not read"
                return
            except csv.Error as error:
                if reader.line_num - started != 1 or "end of data" in str(error) or not number:
                    where = f"line {started + 1}"
                    self.ended = f"a quote that opens at {where} is not closed; the rest of the file was not read"
                    return
                read = _Read(self.loosely(self.line), "quote", f"the quotes are not in order: {error}")
            yield from self.passed_over()
            started = reader.line_num
            yield read
        yield from self.passed_over()

    def passed_over(self) -> Iterator[_Read]:
        """The lines that were too long, before the row behind them."""
        while self.too_long:
            start = self.too_long.pop(0)
            yield _Read(self.loosely(start), "too_long", f"a line is longer than {MAX_LINE >> 20} MB")
            self.row_number += 1

    def loosely(self, line: str) -> list[str]:
        """The cells of a line that breaks the rules, as far as they go: whose claim it is may be among them."""
        try:
            return next(csv.reader([line], delimiter=self.mapping.delimiter), [])
        except csv.Error:
            return line.split(self.mapping.delimiter)

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
        if missing and len(names) == 1:
            raise UnreadableFile(
                f"row 1: is one column only; {self.mapping.name} looks for the delimiter {self.mapping.delimiter!r}"
            )
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

    def row(self, read: _Read, columns: Columns) -> Row:
        """The row with what makes it useless, if anything does."""
        cells, here = read.cells, f"row {self.row_number}: "
        place = columns[self.mapping.claim.casefold()]
        claim = cells[place].strip() if place < len(cells) else ""
        fault = None
        if read.code:
            fault = Finding(read.code, "error", "", here + read.text)
        elif len(cells) != self.width:
            fault = Finding("row_length", "error", "", f"{here}has {len(cells)} cells, the header {self.width}")
        elif not claim:
            fault = Finding("no_claim_number", "error", "", f"{here}column {self.mapping.claim!r} is empty")
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
        self.last = ""  # claim of the last row
        self.scattered = False  # a claim went on after rows of another

    def add(self, row: Row) -> None:
        claim = self.open.pop(row.claim, None) if row.claim else None
        if claim is None:
            self.count += 1
            claim = ClaimRows(self.count, row.claim, [])
            if (last := self.closed.get(row.claim)) is not None:
                text = f"row {row.number}: more of a claim whose rows ended at row {last}; sort the file by claim"
                row = row._replace(fault=Finding("rows_apart", "error", "", text))
        elif row.claim != self.last:
            self.scattered = True
        self.last = row.claim
        claim.rows.append(row)
        self.open[row.claim or f"\n{row.number}"] = claim

    def doubt(self, text: str) -> None:
        """Gives a fault to every claim of which rows may have been lost: the last one, or all that are open."""
        for name in list(self.open) if self.scattered else [self.last]:
            if claim := self.open.get(name):
                last = claim.rows[-1]
                claim.rows[-1] = last._replace(fault=last.fault or Finding("cut_off", "error", "", text))

    def complete(self, row_number: int) -> Iterator[ClaimRows]:
        while self.open:
            key, claim = next(iter(self.open.items()))
            if row_number - claim.rows[-1].number < self.window:
                return
            self.closed[key] = claim.rows[-1].number
            yield self.open.pop(key)

    def rest(self) -> Iterator[ClaimRows]:
        yield from sorted(self.open.values(), key=lambda claim: claim.number)
