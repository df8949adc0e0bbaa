"""A copy of an X12 file that can be shared, written as the file is read, in constant memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import BinaryIO, cast

from gateway.deidentify.persons import Persons
from gateway.deidentify.rules import UNKNOWN, Rules
from gateway.deidentify.values import Values
from gateway.errors import UsageError
from gateway.x12.block import Block
from gateway.x12.delimiters import Header
from gateway.x12.faults import UNTERMINATED
from gateway.x12.tokenizer import NewInterchange, Tokenizer, TooLong
from gateway.x12.values import Delimiters

_CHUNK, _LONGEST_SEGMENT = 1 << 18, 1 << 20
_LOOKED_AT = 1 << 12  # bytes in which the habit of line ends shows
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_ISA_ACTIONS = dict.fromkeys((1, 3, 5, 7, 12, 14, 15), "short") | {
    6: "envelope",
    8: "envelope",
    9: "day",
    10: "clock",
    11: "keep",  # the repetition separator
    13: "number",
}  # the rest are passwords


class Copier:
    """Copies files under one key: what is the same in two files is the same in their copies.

    :param values: the fakes under the key
    :param rules: what becomes of each element
    """

    def __init__(self, values: Values, rules: Rules) -> None:
        self._values, self._rules = values, rules
        self._marks = Delimiters()
        self._persons = Persons(rules.parties)
        self.unknown: Counter[str] = (
            Counter()
        )  # elements that no row names, such as REF05, with how often they were met

    def copy(self, stream: BinaryIO, out: BinaryIO) -> int:
        """Writes the copy of one file; how many segments it has. UsageError where it holds no X12."""
        source = _Remembering(stream)
        tokenizer = Tokenizer(cast(BinaryIO, source), _CHUNK, _LONGEST_SEGMENT)  # all it does is to read
        self._persons = Persons(self._rules.parties)
        count = 0
        for token in tokenizer.tokens():
            if isinstance(token, NewInterchange | Block):
                self._marks = tokenizer.delimiters
                end = self._marks.segment + source.line_end(self._marks.segment)
                pieces = [self._header(token.header)] if isinstance(token, NewInterchange) else self._segments(token)
                text = end.join(pieces) + ("" if _is_cut_off(token) else end)
                out.write(text.encode())
                count += len(pieces)
            elif isinstance(token, TooLong):
                raise UsageError(f"byte {token.offset}: a segment is longer than {_LONGEST_SEGMENT:,} bytes")
        if not count:
            raise UsageError("holds no X12")
        return count

    def _segments(self, block: Block) -> list[str]:
        return [self._segment(piece) for piece in block.pieces]

    def _header(self, header: Header) -> str:
        """The ISA, in its width: its passwords replaced, its dates moved, its parties as the envelope has them."""
        if not header.whole:
            raise UsageError("the file ends inside its ISA")
        isa = header.elements[:16]
        self._values.begin_envelope({isa[6].strip(): isa[5], isa[8].strip(): isa[7]})
        made = [
            isa[0],
            *(self._padded(value, _ISA_ACTIONS.get(number, UNKNOWN)) for number, value in enumerate(isa[1:], 1)),
        ]
        return header.delimiters.element.join([*made, header.delimiters.component])

    def _segment(self, piece: str) -> str:
        parts = piece.split(self._marks.element)
        name = parts[0]
        self._persons.see(parts)
        made = [name if _SEGMENT_NAME.fullmatch(name) else self._padded(name, UNKNOWN)]
        made += [
            value if not value or value.isspace() else self._element(parts, number, value)
            for number, value in enumerate(parts[1:], 1)
        ]
        return self._marks.element.join(made)

    def _element(self, parts: Sequence[str], number: int, value: str) -> str:
        """An element, each of its repetitions and components by itself."""
        repetition, component = self._marks.repetition, self._marks.component
        if repetition and repetition in value:
            return repetition.join(self._element(parts, number, one) for one in value.split(repetition))
        if component in value:
            places = enumerate(value.split(component), 1)
            return component.join(self._component(parts, number, place, one) for place, one in places)
        return self._component(parts, number, 1, value)

    def _component(self, parts: Sequence[str], number: int, place: int, value: str) -> str:
        persons = self._persons
        for rule in self._rules.of(parts[0], number):
            if rule.fits(place, persons.party, parts):
                return self._padded(value, rule.action, is_provider=rule.is_provider)
        if value and _SEGMENT_NAME.fullmatch(parts[0]):
            self.unknown[f"{parts[0]}{number:02}"] += 1
        return self._padded(value, UNKNOWN)

    def _padded(self, value: str, action: str, *, is_provider: bool = False) -> str:
        """What a value becomes, with the blanks that stand around it."""
        bare = value.strip()
        if not bare:
            return value
        made = self._values.become(bare, action, self._persons, is_provider=is_provider)
        if made != bare:
            made = "".join("X" if character in self._marks else character for character in made)
        start = value.index(bare)
        return value[:start] + made + value[start + len(bare) :]


def _is_cut_off(token: NewInterchange | Block) -> bool:
    return isinstance(token, Block) and any(fault is UNTERMINATED for fault, _ in token.notes)


class _Remembering:
    """A stream that remembers its beginning, to tell what follows a terminator."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._start = stream, b""

    def read(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(self._start) < _LOOKED_AT:
            self._start += data[: _LOOKED_AT - len(self._start)]
        return data

    def line_end(self, terminator: str) -> str:
        """The line break that this file has after its terminator."""
        found = re.search(re.escape(terminator.encode()) + rb"(\r\n|\n|\r)", self._start)
        return found[1].decode() if found else ""
