"""What a transaction set says, as a hash that no rewrapping changes: envelope, numbers and delimiters left out.

Clearinghouses put a payer's set into envelopes of their own, so only the segments between ST and SE count, written with
one fixed set of separators. Where an answer has nothing but our own numbers in it (TA1, 999, 997), who answers whom is
a part of what it says, since every partner has counters of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain, islice

from gateway.inbound.facts import InterchangeAnswer, SetLike
from gateway.x12.values import Delimiters, Segment

_SEGMENTS_A_TIME = 256
_ELEMENT, _SEGMENT = "\x1f", "\x1e"
_COMPONENT, _REPETITION = "\x1d", "\x1c"


class WatchedSet:
    """A transaction set that is hashed while it is read; `content_hash` is complete behind the last segment."""

    def __init__(self, transaction_set: SetLike, *sides: str) -> None:
        self.delimiters: Delimiters = transaction_set.delimiters
        self._digest = hashlib.sha256("\n".join(sides).encode())
        self._segments = chain.from_iterable(self._parts(iter(transaction_set)))

    def __iter__(self) -> Iterator[Segment]:
        return self._segments

    @property
    def content_hash(self) -> str:
        return self._digest.hexdigest()

    def _parts(self, source: Iterator[Segment]) -> Iterator[list[Segment]]:
        start = 1  # behind the ST
        while part := list(islice(source, _SEGMENTS_A_TIME)):
            end = len(part) - 1 if part[-1][0] == "SE" else len(part)
            text = _SEGMENT.join(map(_ELEMENT.join, part[start:end]))
            component, repetition = self.delimiters.component, self.delimiters.repetition
            text = text.replace(component, _COMPONENT)
            if repetition:
                text = text.replace(repetition, _REPETITION)
            self._digest.update(text.encode("utf-8", "surrogatepass"))
            self._digest.update(b"\x1e")
            start = 0
            yield part


def interchange_answer_hash(answer: InterchangeAnswer) -> str:
    """The same for a TA1."""
    said = (answer.control_number, answer.date, answer.time, answer.code, answer.note, answer.sender, answer.receiver)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
