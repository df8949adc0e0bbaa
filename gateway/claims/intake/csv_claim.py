"""The rows of one claim, turned into its canonical document by a mapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from gateway.claims.amounts import amount, cents
from gateway.claims.completion import Document
from gateway.claims.findings import Finding
from gateway.claims.intake.csv_mapping import Condition, Path, SourceMapping, Spec
from gateway.claims.intake.csv_values import CONVERSIONS, PERIOD, wanted
from gateway.claims.intake.records import Record

Columns = dict[str, int]  # a column's name in lower case → its place in the row


class Row(NamedTuple):
    """One row of the file; the fault, if there is one, makes its claim useless."""

    number: int
    claim: str
    cells: list[str]
    fault: Finding | None


@dataclass(frozen=True, slots=True)
class ClaimRows:
    """The rows of one claim in the order of the file."""

    number: int
    claim: str
    rows: list[Row]


def claim_record(claim: ClaimRows, mapping: SourceMapping, columns: Columns) -> Record:
    """The claim as a record; a cell that does not fit stays as it is and is named."""
    first, last = claim.rows[0].number, claim.rows[-1].number
    place = f"row {first}" if first == last else f"rows {first} to {last}"
    if faults := [row.fault for row in claim.rows if row.fault]:
        return Record(claim.number, place, None, faults, named=claim.claim or None)
    return _Filling(mapping, columns).record(claim, place)


class _Filling:
    def __init__(self, mapping: SourceMapping, columns: Columns) -> None:
        self.mapping, self.columns = mapping, columns
        self.findings: list[Finding] = []

    def record(self, claim: ClaimRows, place: str) -> Record:
        document: Document = {"type": self.mapping.type}
        for spec in self.mapping.claim_fields:
            self.agree(spec, claim.rows)
            value = self.total(spec, claim.rows) if spec.total else self.value(spec, claim.rows[0], "")
            put(document, spec.path, value)
        lines = [self.line(row, number) for number, row in enumerate(claim.rows)]
        document["lines"] = lines
        return Record(claim.number, place, document, self.findings, named=claim.claim)

    def line(self, row: Row, number: int) -> Document:
        made: Document = {}
        for spec in self.mapping.line_fields:
            put(made, spec.path, self.value(spec, row, f"lines[{number}]."))
        return made

    def cell(self, row: Row, column: str) -> str:
        place = self.columns.get(column.casefold())
        return "" if place is None else row.cells[place].strip()

    def agree(self, spec: Spec, rows: list[Row]) -> None:
        """What belongs to the claim must be the same in all its rows, or empty in the later ones."""
        for column in () if spec.total else spec.columns:
            first = self.cell(rows[0], column)
            other = next((row for row in rows[1:] if self.cell(row, column) not in ("", first)), None)
            if other is not None:
                text = f"column {column!r} differs between row {rows[0].number} and row {other.number} of this claim"
                self.findings.append(Finding("rows_disagree", "error", _written(spec.path, ""), text))

    def total(self, spec: Spec, rows: list[Row]) -> str | None:
        amounts = [cents(self.convert(spec, "money", self.cell(row, spec.columns[0]), row, "")) for row in rows]
        return None if None in amounts else amount(sum(value for value in amounts if value is not None))

    def value(self, spec: Spec, row: Row, prefix: str) -> Any:
        if not all(self.holds(condition, row) for condition in spec.when):
            return None
        if not spec.columns and not spec.as_list:
            return spec.constant or None
        cells = [self.cell(row, column) for column in spec.columns] or [spec.constant]
        if spec.as_list:
            return self.listed(spec, cells, row, prefix)
        if spec.convert == PERIOD:
            return self.period(spec, cells, row, prefix)
        text = self.piece(spec, spec.join.join(cell for cell in cells if cell))
        return (self.found(spec, text, row, prefix) if text else "") or spec.default or None

    def listed(self, spec: Spec, cells: list[str], row: Row, prefix: str) -> list[Any] | None:
        parts = [part.strip() for cell in cells for part in _pieces(cell, spec.split)]
        values = [self.found(spec, part, row, prefix) for part in parts if part]
        return ([{spec.each: value} for value in values] if spec.each else values) or None

    def period(self, spec: Spec, cells: list[str], row: Row, prefix: str) -> str | None:
        first, last = (self.convert(spec, "date", cell, row, prefix) if cell else "" for cell in cells)
        return f"{first}/{last}" if first and last and first != last else first or last or None

    def piece(self, spec: Spec, text: str) -> str:
        if spec.pattern is not None:
            match = spec.pattern.search(text)
            return (match[spec.part or 1] or "").strip() if match else ""
        if spec.split:
            parts = [part.strip() for part in _pieces(text, spec.split)]
            return parts[(spec.part or 1) - 1] if (spec.part or 1) <= len(parts) else ""
        return text

    def found(self, spec: Spec, text: str, row: Row, prefix: str) -> str:
        if spec.lookup is not None:
            known = spec.lookup.get(text.casefold())
            if known is None:
                self.odd(spec, row, prefix, "is not in the mapping's lookup")
            text = text if known is None else known
        return self.convert(spec, spec.convert, text, row, prefix) if spec.convert else text

    def convert(self, spec: Spec, convert: str, text: str, row: Row, prefix: str) -> str:
        converted = CONVERSIONS[convert](text, self.mapping.formats)
        if converted is None:
            self.odd(spec, row, prefix, f"is not {wanted(convert, self.mapping.formats)}")
            return text
        return converted

    def odd(self, spec: Spec, row: Row, prefix: str, reason: str) -> None:
        columns = " and ".join(repr(column) for column in spec.columns)
        text = f"row {row.number}: column {columns} {reason}"
        self.findings.append(Finding("source_value", "error", _written(spec.path, prefix), text))

    def holds(self, condition: Condition, row: Row) -> bool:
        cell = self.cell(row, condition.column).casefold()
        if condition.values is None:
            return bool(cell)
        return (cell in condition.values) == condition.wanted


def _pieces(cell: str, split: str) -> Iterable[str]:
    if split == "characters":
        return cell
    return cell.split(split) if split else (cell,)


def put(document: Document, path: Path, value: Any) -> None:
    """Sets a field, making the objects and lists above it; nothing is made for an absent value."""
    if value in (None, "", []):
        return
    holder: Any = document
    for step, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        holder = _below(holder, step, empty)
    if isinstance(path[-1], int):
        _below(holder, path[-1], value)
    else:
        holder[path[-1]] = value


def _below(holder: Any, step: str | int, empty: Any) -> Any:
    if isinstance(step, str):
        return holder.setdefault(step, empty)
    while len(holder) <= step:
        holder.append(empty if len(holder) == step else {})
    return holder[step]


def _written(path: Path, prefix: str) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return prefix + text
