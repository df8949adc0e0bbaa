"""The delimiters of an interchange, found in its ISA, or guessed where a file begins without one.

An ISA is 106 characters wide with separators at fixed places. Real files have others, so one that is not is split at
its separator, and what follows it (GS or TA1) shows where it ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.errors import UsageError
from gateway.x12.faults import ISA_DELIMITERS, ISA_MALFORMED, ISA_TRUNCATED, ISA_WIDTH, Fault
from gateway.x12.values import Delimiters

WINDOW = 1024  # bytes after the start of an ISA within which it must end
WIDTH = 106
_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)


class DelimiterError(UsageError):
    """The delimiters of a partner cannot be used."""


@dataclass(frozen=True, slots=True)
class Header:
    """An ISA as it was found: its elements with their padding, its delimiters and what is wrong with it."""

    elements: list[str]  # "ISA", ISA01 … ISA16, absent ones empty; fewer where the ISA is not whole
    delimiters: Delimiters
    length: int  # characters up to and with the terminator
    faults: tuple[Fault, ...] = ()
    whole: bool = True  # False where the file ends inside the ISA


def check_delimiters(delimiters: Delimiters) -> None:
    """Raise DelimiterError unless the four are single, distinct ASCII characters that data can do without.

    The terminator may be a line break; the repetition separator may be absent.
    """
    names = {name: value for name, value in delimiters._asdict().items() if value or name != "repetition"}
    for name, value in names.items():
        is_line_break = name == "segment" and value in ("\n", "\r")
        if len(value) != 1 or not value.isascii() or not (_is_usable(value) or is_line_break):
            raise DelimiterError(f"the {name} delimiter must be one ASCII character, no letter, digit or blank")
    if len(set(names.values())) != len(names):
        raise DelimiterError("the delimiters must differ from each other")


def read_header(text: str, at_end: bool) -> Header:
    """Read the ISA at the start of `text` (WINDOW bytes of the file, or what is left of it when `at_end`)."""
    separator = text[3:4]
    is_wide = len(text) >= WIDTH and all(text[place] == separator for place in _SEPARATORS)
    if is_wide:
        found = _header(text[:104].split(separator), Delimiters(separator, text[104], text[82], text[105]), WIDTH)
        if not found.faults:
            return found
    parts = text.split(separator, 16) if separator else [text]
    if not is_wide and len(parts) == 17 and len(parts[16]) > 1 and _ends_well(parts[16], separator):
        length = len(text) - len(parts[16]) + 2
        marks = Delimiters(separator, parts[16][0], parts[11][:1], parts[16][1])
        return _header(parts[:16], marks, length, ISA_WIDTH)
    return _odd_header(text, separator, parts, at_end)


def _ends_well(rest: str, separator: str) -> bool:
    """Whether ISA16 and the terminator are single characters, since a segment begins after them."""
    if rest[0] in "\r\n" or rest[0].isalnum() or rest[1].isalnum() or rest[0] == rest[1]:
        return False
    return re.match(r"\s*(?:[A-Z][A-Z0-9]{1,2}" + re.escape(separator) + r"|\Z)", rest[2:]) is not None


def _odd_header(text: str, separator: str, parts: list[str], at_end: bool) -> Header:
    """An ISA whose end only the next segment shows, or nothing does."""
    mark = re.escape(separator or "*")
    follower = re.search(rf"(?:(?!{mark})([^\w\s])\s*|(\s)\s*)(?:GS|TA1|ST|IEA|ISA){mark}", text[3:], re.ASCII)
    if follower is None and at_end and (len(parts) < 17 or len(parts[16]) < 2):
        return Header(parts, Delimiters(), len(text), (ISA_TRUNCATED,), whole=False)
    if follower is None:
        rest = parts[16] if len(parts) == 17 else ""
        line = re.search(r"[~\r\n]", text)
        length = len(text) - len(rest) + 2 if len(rest) > 1 else (line.end() if line else min(len(text), WIDTH))
        marks = Delimiters(separator, rest[:1] or ":", parts[11][:1] if len(parts) > 11 else "^", rest[1:2] or "~")
        return _header(parts[:16], marks, length, ISA_MALFORMED)
    end = follower.start() + 4
    elements = text[: end - 1].split(separator, 16)
    component = elements[16][:1] if len(elements) > 16 else ":"
    repetition = elements[11][:1] if len(elements) > 11 else "^"
    faults = [ISA_MALFORMED] if len(elements) != 17 else [] if end == WIDTH else [ISA_WIDTH]
    marks = Delimiters(separator, component, repetition, follower[1] or follower[2])
    return _header(elements[:16], marks, end, *faults)


def _header(elements: list[str], marks: Delimiters, length: int, *faults: Fault) -> Header:
    """The header with line breaks taken out of its elements and unusable delimiters replaced."""
    padded = [re.sub(r"[\r\n]+", "", element) for element in elements] + [""] * (16 - len(elements))
    repetition = marks.repetition
    if not _is_usable(repetition) or repetition in (marks.element, marks.component, marks.segment):
        repetition = ""
    marks = marks._replace(repetition=repetition)
    if not _is_usable(marks.component) or marks.component in (marks.element, marks.segment):
        faults = (*faults, ISA_DELIMITERS)
        marks = marks._replace(component=_spare(":>|!<", marks))
    if not (_is_usable(marks.segment) or marks.segment in "\r\n") or marks.segment == marks.element:
        faults = (*faults, ISA_DELIMITERS)
        marks = marks._replace(segment=_spare("~\n'!|", marks))
    return Header([*padded, marks.component], marks, length, faults)


def _spare(usual: str, marks: Delimiters) -> str:
    return next(mark for mark in usual if mark not in marks)


def _is_usable(mark: str) -> bool:
    return mark in tuple("\x1c\x1d\x1e\x1f") or (len(mark) == 1 and not mark.isalnum() and not mark.isspace())


_END = r"([!-/:-@\[-`{-~\x1c-\x1f\r\n])"
_GS = re.compile(r"GS([^A-Za-z0-9\s])(?:(?:(?!\1).)*\1){7}\s*[0-9A-Z]{0,12}[ ]*" + _END)
_ST = re.compile(r"ST([^A-Za-z0-9\s])[0-9]{3}\1[0-9A-Za-z ]{1,9}(?:\1[0-9A-Z]{0,12})?[ ]*" + _END)


def guess(text: str) -> Delimiters:
    """The delimiters of a file that begins at GS or ST: what that segment shows, for the rest the usual ones."""
    found = _GS.match(text) or _ST.match(text)
    element, segment = (found[1], found[2]) if found else (text[2:3] or "*", "~" if "~" in text else "\n")
    if segment == element:
        segment = "~"
    component = ">" if ":" in (element, segment) else ":"
    return Delimiters(element, component, "" if "^" in (element, segment) else "^", segment)
