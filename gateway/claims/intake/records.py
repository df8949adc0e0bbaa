"""One record of a file that brings claims in: what it is, where it stands, and what is wrong with it.

Each record stands alone: a bad one is a record with findings, never an exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.claims.completion import Document
from gateway.claims.findings import Finding
from gateway.errors import UsageError
from gateway.x12.values import Group, Interchange

MAX_RECORD = 8 << 20  # bytes of one record; a claim with everything is a few dozen kilobytes
MAX_DEPTH = 16
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class UnreadableFile(UsageError):
    """The file as a whole cannot be claims in the form it was given as; nothing of it was taken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a claim of an 837 stood: the submission that another system made of it."""

    interchange: Interchange
    group: Group
    control_number: str  # ST02
    reference: str  # BHT03
    set_ordinal: int  # of the ST in the file, from 1
    position: int  # of the CLM in its set, from 1


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read; `document` is absent where it could not be read at all."""

    number: int  # from 1, in the order of the file; 0: a remark about the file as a whole
    place: str  # for a person: "line 3", "rows 2 to 4", "item 7"
    document: Document | None
    findings: list[Finding] = field(default_factory=list)
    origin: Origin | None = None
    named: str | None = None  # CLM01 of a record that has no document

    @property
    def patient_control_number(self) -> str | None:
        """CLM01, where it could be read."""
        number = (self.document or {}).get("patient_control_number", self.named)
        return number if isinstance(number, str) and number else None


def unreadable(number: int, place: str, code: str, text: str, *, named: str | None = None) -> Record:
    """A record of which nothing can be used."""
    return Record(number, place, None, [Finding(code, "error", "", f"{place}: {text}")], named=named)


class Tidied(NamedTuple):
    """A value of a producer in the form that documents have: text, lists and objects, nothing empty."""

    value: Any
    findings: list[Finding]


def tidy(value: Any) -> Tidied:
    """Trims text, turns whole numbers into text, drops null and what is empty; the rest is named."""
    findings: list[Finding] = []
    return Tidied(_tidy(value, (), findings), findings)


Steps = tuple[str, ...]  # names, and "[0]" for items


def _tidy(value: Any, where: Steps, findings: list[Finding]) -> Any:
    if value.__class__ is str:
        return _tidy_text(value, where, findings)
    if len(where) > MAX_DEPTH:
        findings.append(Finding("nesting", "error", "", "is nested deeper than any claim"))
        return None
    if isinstance(value, dict):
        return _tidy_object(value, where, findings)
    if isinstance(value, list):
        items = [_tidy(item, (*where, f"[{place}]"), findings) for place, item in enumerate(value)]
        return [item for item in items if item is not None] or None
    if isinstance(value, bool):
        findings.append(Finding("text_wanted", "error", _path(where), 'is true or false; say "Y" or "N" as text'))
        return None
    return None if value is None else str(value)


def _tidy_object(value: dict[str, Any], where: Steps, findings: list[Finding]) -> dict[str, Any] | None:
    kept: dict[str, Any] = {}
    for key, item in value.items():
        # nearly every value is a plain text, which needs no path
        is_plain = item.__class__ is str and item.isascii()
        tidied = item.strip() if is_plain else _tidy(item, (*where, key), findings)
        if tidied:
            kept[key] = tidied
    return kept or None


def _tidy_text(value: str, where: Steps, findings: list[Finding]) -> str | None:
    if _SURROGATE.search(value):
        findings.append(Finding("encoding", "error", _path(where), "has half a character (a lone surrogate)"))
        return None
    return value.strip() or None


def _path(where: Steps) -> str:
    return ".".join(where).replace(".[", "[")


def document_record(number: int, place: str, value: Any) -> Record:
    """The record of a parsed JSON value."""
    if not isinstance(value, dict):
        return unreadable(number, place, "not_an_object", "is not a claim: a JSON object is wanted")
    document, findings = tidy(value)
    return Record(number, place, document or {}, findings)
