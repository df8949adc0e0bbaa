"""What a transaction set says, as a hash that no rewrapping changes: envelope, numbers and delimiters left out.

Clearinghouses put a payer's set into envelopes of their own, so only the segments between ST and SE count, written with
one fixed set of separators. Where an answer has nothing but our own numbers in it (TA1, 999, 997), who answers whom is
a part of what it says, since every partner has counters of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain, repeat

from gateway.inbound.facts import InterchangeAnswer, TextLike
from gateway.x12.values import Delimiters, Segment

_SEGMENTS_A_PART = 256
_ELEMENT, _SEGMENT = "\x1f", "\x1e"
_COMPONENT, _REPETITION = "\x1d", "\x1c"


class WatchedSet:
    """A transaction set that is hashed while it is read; `content_hash` is complete behind the last segment.

    It is read as segments or as texts, not both.
    """

    def __init__(self, transaction_set: TextLike, *sides: str) -> None:
        self.delimiters: Delimiters = transaction_set.delimiters
        self._set = transaction_set
        self._digest = hashlib.sha256("\n".join(sides).encode())
        self._count = 0
        self._segments = chain.from_iterable(self._parts())

    def __iter__(self) -> Iterator[Segment]:
        return self._segments

    def texts(self) -> Iterator[list[str]]:
        is_ended, first = False, 1  # behind the ST
        for run in self._set.texts():
            is_ended = run[-1].partition(self.delimiters.element)[0] == "SE"
            self._add(run[first : len(run) - is_ended])
            self._count += len(run)
            first = 0
            yield run
        # The hash is taken as if in parts of 256 segments: one with nothing but ST or SE counts as an empty segment.
        if self._count == 1 or (is_ended and (self._count == 2 or self._count % _SEGMENTS_A_PART == 1)):
            self._add([""])

    @property
    def content_hash(self) -> str:
        return self._digest.hexdigest()

    def _parts(self) -> Iterator[Iterator[Segment]]:
        for run in self.texts():
            yield map(str.split, run, repeat(self.delimiters.element))

    def _add(self, run: list[str]) -> None:
        """Adds segments, each with one fixed terminator behind it."""
        text = _SEGMENT.join([*run, ""])
        for found, fixed in zip(self.delimiters[:3], (_ELEMENT, _COMPONENT, _REPETITION), strict=True):
            text = text.replace(found, fixed) if found else text
        self._digest.update(text.encode("utf-8", "surrogatepass"))


def interchange_answer_hash(answer: InterchangeAnswer) -> str:
    """The same for a TA1."""
    said = (answer.control_number, answer.date, answer.time, answer.code, answer.note, answer.sender, answer.receiver)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
