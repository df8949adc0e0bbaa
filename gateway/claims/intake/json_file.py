"""Canonical claims as JSON: one object, a list of them, or {"claims": [...]}, read record by record.

The extent of a record is found by its brackets before it is parsed, so a bad record never takes its neighbours with
it, a file that was cut gives all that is whole, and memory holds one record whatever the size of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from gateway.claims.findings import Finding
from gateway.claims.intake.records import MAX_RECORD, Record, document_record, unreadable

_CHUNK = 1 << 18
_MARK = re.compile(rb'["{}\[\]]')
_STRING_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_SPACE = re.compile(rb"[\s,]*")
_STRAY = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[^\s,\[{\]"]+', re.DOTALL)
_WRAPPED = re.compile(rb'\s*\{\s*"claims"\s*:\s*\[')
_BOM = b"\xef\xbb\xbf"


def read_json(stream: BinaryIO) -> Iterator[Record]:
    """The records of a JSON file; `number` counts the claims, `place` names the byte where one starts."""
    window = _Window(stream)
    window.skip(_BOM)
    wrapped = window.match(_WRAPPED)
    if wrapped:
        window.take(wrapped.end())
    else:
        window.skip_space()
    if not wrapped and not window.skip(b"["):
        yield from _single(window)
        return
    yield from _items(window)
    if wrapped:
        window.value(depth=1)  # other keys may stand beside the list
    yield from _rest(window)


def parse_object(raw: bytes, number: int, place: str) -> Record:
    """One JSON object of UTF-8 bytes as a record."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return unreadable(
            number, place, "encoding", f"byte {error.start + 1} of the record is not UTF-8; save the file as UTF-8"
        )
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            names = [name for name, _ in found]
            twice.extend(sorted({name for name in names if names.count(name) > 1}))
        return made

    try:
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=_constant, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        return unreadable(
            number, place, "json", f"no JSON at line {error.lineno}, column {error.colno} of the record: {error.msg}"
        )
    except (RecursionError, ValueError):
        return unreadable(number, place, "json", "no JSON: nested too deeply, or NaN or Infinity for a number")
    record = document_record(number, place, value)
    if not twice or record.document is None:
        return record
    finding = Finding("duplicate_key", "error", twice[0], f"{place}: stands more than once in one object")
    return Record(number, place, None, [finding, *record.findings])


def _constant(name: str) -> Any:
    raise ValueError(name)


def _single(window: _Window) -> Iterator[Record]:
    """A file that is one object, which may hold the list under "claims" after other keys."""
    record, number = _next(window, 1), 0
    if isinstance(record, bytes):
        parsed = parse_object(record, 1, "the object")
        claims = (parsed.document or {}).get("claims")
        if isinstance(claims, list) and "patient_control_number" not in (parsed.document or {}):
            for number, item in enumerate(claims, 1):
                yield document_record(number, f"item {number}", item)
        else:
            number = 1
            yield parsed
    else:
        number = 1
        yield record
    yield from _rest(window, number + 1)


def _rest(window: _Window, number: int = 0) -> Iterator[Record]:
    """What stands after the end: further objects are claims too, anything else is named once."""
    window.skip_space()
    while number and window.peek() == b"{":
        found = _next(window, number)
        yield parse_object(found, number, f"object {number}") if isinstance(found, bytes) else found
        number += 1
        window.skip_space()
    if not window.at_end():
        yield unreadable(number, window.place(), "after_the_end", "something stands after the end of the JSON value")


def _items(window: _Window) -> Iterator[Record]:
    number = 0
    while True:
        window.skip_space()
        if window.skip(b"]"):
            return
        number += 1
        if window.at_end():
            yield unreadable(
                number, window.place(), "cut_off", "the list is not closed: the file was cut; all before was read"
            )
            return
        if window.peek() != b"{":
            yield unreadable(number, window.place(), "not_an_object", "is not a claim: a JSON object is wanted")
            window.skip_stray()
            continue
        place = window.place()
        found = _next(window, number)
        yield parse_object(found, number, f"item {number} ({place})") if isinstance(found, bytes) else found
        if isinstance(found, Record) and found.findings[0].code == "cut_off":
            return


def _next(window: _Window, number: int) -> bytes | Record:
    """The bytes of the value that starts here, or the record that says why it has no end."""
    place = f"item {number} ({window.place()})"
    raw, closed = window.value()
    if not closed:
        return unreadable(number, place, "cut_off", "the file ends inside this record; all before it was read")
    if raw is None:
        return unreadable(number, place, "too_long", f"is longer than {MAX_RECORD >> 20} MB")
    return raw


class _Window:
    """A part of the stream that slides on; positions in it are relative to `position`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._data, self._at, self._passed, self._ended = stream, b"", 0, 0, False

    def place(self) -> str:
        return f"byte {self._passed + self._at + 1}"

    def more(self) -> bool:
        """Reads on; False at the end of the file."""
        chunk = b"" if self._ended else self._stream.read(_CHUNK)
        if not chunk:
            self._ended = True
            return False
        self._passed += self._at
        self._data, self._at = self._data[self._at :] + chunk, 0
        return True

    def at_end(self) -> bool:
        return self._at >= len(self._data) and not self.more()

    def peek(self) -> bytes:
        return b"" if self.at_end() else self._data[self._at : self._at + 1]

    def take(self, end: int) -> None:
        self._at = end

    def match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """The pattern at this place, within the first chunk."""
        self.at_end()
        return pattern.match(self._data, self._at)

    def skip(self, mark: bytes) -> bool:
        while len(self._data) - self._at < len(mark) and self.more():
            pass
        if not self._data.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def skip_space(self) -> None:
        self._skip_all(_SPACE)

    def skip_stray(self) -> None:
        """Over something that is no object: a scalar, or a list with all that is in it."""
        if self.peek() == b"[":
            self.value()
        else:
            self._skip_all(_STRAY)

    def _skip_all(self, pattern: re.Pattern[bytes]) -> None:
        while not self.at_end():
            found = pattern.match(self._data, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._data):
                return

    def value(self, depth: int = 0) -> tuple[bytes | None, bool]:
        """The bytes of the object or list that starts here (None where it is too long), and whether it has an end.

        With a depth of 1, the rest of the object that this place is in.
        """
        pieces: list[bytes] = []
        size, in_string, scan = 0, False, self._at
        while True:
            depth, in_string, scan = self._scan(depth, in_string, scan)
            if size <= MAX_RECORD:
                pieces.append(self._data[self._at : scan])
            size += scan - self._at
            self._at = scan
            if depth == 0:
                return (b"".join(pieces) if size <= MAX_RECORD else None), True
            if not self.more():
                return None, False
            scan = self._at

    def _scan(self, depth: int, in_string: bool, at: int) -> tuple[int, bool, int]:
        """Goes on to the end of the value or of the data at hand."""
        data = self._data
        while True:
            if in_string:
                found = _STRING_REST.match(data, at)
                at = found.end() if found else at
                if at >= len(data) or data[at : at + 1] == b"\\":
                    return depth, True, at
                at, in_string = at + 1, False
            mark = _MARK.search(data, at)
            if mark is None:
                return depth, False, len(data)
            at, sign = mark.end(), mark.group()
            if sign == b'"':
                in_string = True
            elif sign in b"{[":
                depth += 1
            else:
                depth -= 1
                if depth <= 0:
                    return 0, False, at
