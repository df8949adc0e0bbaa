"""What a producer of claims may leave out, and what the gateway puts there: the table `mappings/completion.csv`.

A row says which value stands for an absent field, of which type of claim, and when. Beside the table, completion
gives what follows from the document itself: line numbers in order, line control numbers (the line number), the types
of the diagnoses (the first is principal), ICD codes without dots, and amounts with two decimals. No amount is ever
made up.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
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


def load_defaults(text: str, name: str = "completion.csv") -> tuple[Default, ...]:
    """Reads the table; UsageError names the line that is wrong."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    header = next(rows, None)
    if header != COLUMNS:
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
    return tuple(_default(row, f"{name}: row {number}") for number, row in enumerate(rows, 2) if row)


def _default(row: list[str], where: str) -> Default:
    if len(row) != len(COLUMNS):
        raise UsageError(f"{where}: has {len(row)} columns, not {len(COLUMNS)}")
    claim_type, field, value, when, _ = (cell.strip() for cell in row)
    if not field or not (when in ("", "make") or when.startswith("no ") or "=" in when):
        raise UsageError(f'{where}: needs a field, and `when` empty, "make", "no FIELD" or "FIELD=VALUE"')
    return Default(claim_type, tuple(field.split(".")), value, when)


def complete(document: Document, defaults: Sequence[Default]) -> Document:
    """A copy of the document with what its producer may leave out; what is there is never changed in meaning."""
    made: Document = _copy(document)
    for number, line in enumerate(_objects(made, "lines"), 1):
        line.setdefault("number", str(number))
        line.setdefault("line_control_number", str(line["number"]))
    for number, diagnosis in enumerate(_objects(made, "diagnoses")):
        diagnosis.setdefault("type", _OTHER if number else _PRINCIPAL)
    _exact(made)
    for default in defaults:
        _put(made, default)
    return made


def reduced(completed: Document, defaults: Sequence[Default]) -> Document:
    """The opposite: a completed document without all that completion would put there by itself.

    So a producer who writes a default out and one who leaves it out have the same content.
    """
    put = {
        (id(holder), default.path[-1])
        for default in defaults
        for holder in _holders(completed, default)
        if holder.get(default.path[-1]) == default.value and _applies(default, holder, completed)
    }
    for number, line in enumerate(_objects(completed, "lines"), 1):
        if line["line_control_number"] == line["number"]:
            put.add((id(line), "line_control_number"))
        if line["number"] == str(number):
            put.add((id(line), "number"))
    for number, diagnosis in enumerate(_objects(completed, "diagnoses")):
        if diagnosis["type"] == (_OTHER if number else _PRINCIPAL):
            put.add((id(diagnosis), "type"))
    kept = _without(completed, put)
    return kept if isinstance(kept, dict) else {}


def _put(document: Document, default: Default) -> None:
    if default.when == "make" and default.path[0] not in document:
        document[default.path[0]] = {}
    for holder in _holders(document, default):
        if default.path[-1] not in holder and default.value and _applies(default, holder, document):
            holder[default.path[-1]] = default.value


def _holders(document: Document, default: Default) -> Iterator[Document]:
    """The objects that have, or should have, the field."""
    if default.type not in ("*", document.get("type")):
        return
    found: list[Any] = [document]
    for step in default.path[:-1]:
        name = step.removesuffix("[]")
        below = [holder.get(name) for holder in found if isinstance(holder, dict)]
        found = [item for part in below if isinstance(part, list) for item in part] if step != name else below
    yield from (holder for holder in found if isinstance(holder, dict))


def _applies(default: Default, holder: Document, document: Document) -> bool:
    if default.when in ("", "make"):
        return True
    if default.when.startswith("no "):
        return default.when.removeprefix("no ") not in document
    field, _, value = default.when.partition("=")
    return bool(holder.get(field) == value)


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
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _without(value: Any, put: set[tuple[int, str]]) -> Any:
    """The value without what was put into its objects, and without what is empty then."""
    if isinstance(value, dict):
        at = id(value)
        kept = {
            key: part
            for key, item in value.items()
            if (at, key) not in put and (part := _without(item, put)) not in (None, {}, [])
        }
        return kept or None
    return [_without(item, put) for item in value] if isinstance(value, list) else value
