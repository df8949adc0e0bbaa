"""What a producer of claims may leave out, and what the gateway puts there: the table `mappings/completion.csv`.

A row says which value stands for an absent field, of which type of claim, and when. Beside the table, completion
gives what follows from the document itself: line numbers in order, line control numbers (the line number), the types
of the diagnoses (the first is principal), ICD codes without dots, and amounts with two decimals. No amount is ever
made up.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from itertools import groupby
from typing import Any, NamedTuple

from gateway.claims.amounts import amount, cents
from gateway.errors import UsageError

Document = dict[str, Any]
COLUMNS = ["type", "field", "value", "when", "says"]
_PRINCIPAL, _OTHER = "ABK", "ABF"


class Default(NamedTuple):
    """One row: the value of a field that is absent."""

    type: str  # of claim; "*": any
    path: tuple[str, ...]  # for example ("lines[]", "procedure", "type")
    value: str
    when: str  # "", "make", "no FIELD" or "FIELD=VALUE"


class _Put(NamedTuple):
    """A row as it is applied."""

    name: str
    value: str
    absent: str  # where the document must not have this; "": no matter
    beside: str  # where the holder must have `is_value` in this; "": no matter
    is_value: str


class _Holder(NamedTuple):
    """The rows of one object of the document, or of those of a list."""

    steps: tuple[tuple[str, bool], ...]  # names on the way from the document, and whether each is a list
    makes: bool  # an absent object is made
    puts: tuple[_Put, ...]


class Defaults(tuple[Default, ...]):
    """The rows of the table, and what they are for one type of claim."""

    def __init__(self, rows: Iterable[Default] = ()) -> None:  # noqa: ARG002 - the tuple has them
        self._by_type: dict[str, tuple[_Holder, ...]] = {}

    def of(self, claim_type: str) -> tuple[_Holder, ...]:
        """The rows for a type of claim, those of one object together, in the order of the table."""
        found = self._by_type.get(claim_type)
        if found is None:
            rows = [row for row in self if row.type in ("*", claim_type)]
            found = tuple(_holder(list(group)) for _, group in groupby(rows, key=lambda row: row.path[:-1]))
            if claim_type in ("professional", "institutional", "dental"):
                self._by_type[claim_type] = found
        return found


def _holder(rows: list[Default]) -> _Holder:
    steps = tuple((step.removesuffix("[]"), step.endswith("[]")) for step in rows[0].path[:-1])
    makes = bool(steps) and any(row.when == "make" for row in rows)
    return _Holder(steps, makes, tuple(_row(row) for row in rows))


def _row(row: Default) -> _Put:
    absent = row.when.removeprefix("no ") if row.when.startswith("no ") else ""
    beside, _, value = row.when.partition("=") if not absent and "=" in row.when else ("", "", "")
    return _Put(row.path[-1], row.value, absent, beside, value)


def load_defaults(text: str, name: str = "completion.csv") -> Defaults:
    """Reads the table; UsageError names the line that is wrong."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    header = next(rows, None)
    if header != COLUMNS:
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
    return Defaults(_default(row, f"{name}: row {number}") for number, row in enumerate(rows, 2) if row)


def _default(row: list[str], where: str) -> Default:
    if len(row) != len(COLUMNS):
        raise UsageError(f"{where}: has {len(row)} columns, not {len(COLUMNS)}")
    claim_type, field, value, when, _ = (cell.strip() for cell in row)
    if not field or not (when in ("", "make") or when.startswith("no ") or "=" in when):
        raise UsageError(f'{where}: needs a field, and `when` empty, "make", "no FIELD" or "FIELD=VALUE"')
    return Default(claim_type, tuple(field.split(".")), value, when)


def complete(document: Document, defaults: Defaults) -> Document:
    """A copy of the document with what its producer may leave out; what is there is never changed in meaning."""
    made: Document = _copy(document)
    for number, line in enumerate(_objects(made, "lines"), 1):
        line.setdefault("number", str(number))
        line.setdefault("line_control_number", str(line["number"]))
    for number, diagnosis in enumerate(_objects(made, "diagnoses")):
        diagnosis.setdefault("type", _OTHER if number else _PRINCIPAL)
    _exact(made)
    for holder in defaults.of(_type_of(made)):
        _put(made, holder)
    return made


def reduced(completed: Document, defaults: Defaults) -> Document:
    """The opposite: a completed document without all that completion would put there by itself.

    So a producer who writes a default out and one who leaves it out have the same content.
    """
    put: dict[int, set[str]] = {}  # names by the id of their object
    for holder in defaults.of(_type_of(completed)):
        for owner in _owners(completed, holder):
            for row in holder.puts:
                if owner.get(row.name) == row.value and _applies(row, owner, completed):
                    put.setdefault(id(owner), set()).add(row.name)
    for number, line in enumerate(_objects(completed, "lines"), 1):
        if line["line_control_number"] == line["number"]:
            put.setdefault(id(line), set()).add("line_control_number")
        if line["number"] == str(number):
            put.setdefault(id(line), set()).add("number")
    for number, diagnosis in enumerate(_objects(completed, "diagnoses")):
        if diagnosis["type"] == (_OTHER if number else _PRINCIPAL):
            put.setdefault(id(diagnosis), set()).add("type")
    kept = _without(completed, put)
    return kept if isinstance(kept, dict) else {}


def _type_of(document: Document) -> str:
    found = document.get("type")
    return found if isinstance(found, str) else ""


def _put(document: Document, holder: _Holder) -> None:
    if holder.makes and holder.steps[0][0] not in document:
        document[holder.steps[0][0]] = {}
    for owner in _owners(document, holder):
        for row in holder.puts:
            if row.name not in owner and row.value and _applies(row, owner, document):
                owner[row.name] = row.value


def _owners(document: Document, holder: _Holder) -> list[Document]:
    """The objects that have, or should have, the fields."""
    found = [document]
    for name, is_list in holder.steps:
        below = [owner[name] for owner in found if name in owner]
        if is_list:
            below = [item for part in below if isinstance(part, list) for item in part]
        found = [item for item in below if isinstance(item, dict)]
        if not found:
            break
    return found


def _applies(row: _Put, owner: Document, document: Document) -> bool:
    if row.absent:
        return row.absent not in document
    return not row.beside or owner.get(row.beside) == row.is_value


def _exact(document: Document) -> None:
    """Amounts with two decimals, quantities as short as exact, ICD codes without dots."""
    for holder in (document, *_objects(document, "lines")):
        if (value := cents(holder.get("charge"))) is not None:
            holder["charge"] = amount(value)
        if isinstance(quantity := holder.get("quantity"), str):
            holder["quantity"] = short_number(quantity)
    for diagnosis in _objects(document, "diagnoses"):
        if isinstance(code := diagnosis.get("code"), str):
            diagnosis["code"] = code.replace(".", "")


def short_number(text: str) -> str:
    """A plain decimal number without needless zeros; any other text as it is."""
    whole, dot, part = text.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(text) > 20:
        return text
    part = part.rstrip("0") if dot else ""
    return (whole.lstrip("0") or "0") + (f".{part}" if part else "")


def _objects(document: Document, name: str) -> list[Document]:
    found = document.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _copy(value: Any) -> Any:
    if value.__class__ is dict:
        return {key: item if item.__class__ is str else _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _without(value: Any, put: dict[int, set[str]]) -> Any:
    """The value without what was put into its objects, and without what is empty then."""
    if value.__class__ is dict:
        dropped = put.get(id(value), ())
        kept = {}
        for key, item in value.items():
            if key in dropped:
                continue
            if item.__class__ is str:
                kept[key] = item
            elif (part := _without(item, put)) not in (None, {}, []):
                kept[key] = part
        return kept or None
    return [_without(item, put) for item in value] if isinstance(value, list) else value
