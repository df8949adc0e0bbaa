"""X12 files made at random, with what a reader must find in them; made without the gateway's own reader or writer."""

from __future__ import annotations

import string
from dataclasses import dataclass, field

from hypothesis import strategies as st

from gateway.x12.values import Delimiters

MARKS = "*|:>^!~'+@#$%&_;<=?{}[]\\`\"\x1c\x1d\x1e\x1f"
TEXT = string.ascii_letters + string.digits + " -.,/()éñ漢"
ENVELOPE = {"ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"}

delimiters = st.builds(
    lambda marks, line_break: Delimiters(*marks[:3], line_break or marks[3]),
    st.lists(st.sampled_from(MARKS), min_size=4, max_size=4, unique=True),
    st.sampled_from(["", "", "", "\n", "\r"]),
)
line_breaks = st.sampled_from(["", "", "\n", "\r\n", "\n\n", " \r\n  ", "\t"])
names = st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True).filter(lambda name: name not in ENVELOPE)
values = st.text(TEXT, max_size=12).map(lambda text: " ".join(text.split()))
segments = st.builds(lambda name, rest: [name, *rest, "X"], names, st.lists(values, max_size=6))
bodies = st.lists(segments, max_size=12)


@dataclass
class MadeSet:
    control_number: str
    segments: list[list[str]]
    offsets: list[int]  # byte offset of each segment
    first_segment: int  # ordinal in the file of its ST


@dataclass
class Made:
    """A file's bytes and its sets, in file order."""

    data: bytearray = field(default_factory=bytearray)
    sets: list[MadeSet] = field(default_factory=list)
    segments: int = 0

    def put(self, segment: list[str], marks: Delimiters, after: str) -> int:
        """Append a segment; its byte offset."""
        at = len(self.data)
        self.data += (marks.element.join(segment) + marks.segment + after).encode()
        self.segments += 1
        return at


@st.composite
def files(draw: st.DrawFn) -> Made:
    """Whole files: one to three interchanges, each with delimiters, line breaks, groups and sets of its own."""
    made = Made()
    for number in range(draw(st.integers(1, 3))):
        marks = draw(delimiters)
        after = draw(line_breaks) if marks.segment not in "\r\n" else ""
        isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "S".ljust(15), "ZZ", "R".ljust(15), "260105", "0930"]
        made.put([*isa, marks.repetition, "00501", f"{number:09}", "0", "T", marks.component], marks, after)
        groups = draw(st.integers(0, 2))
        for group in range(groups):
            made.put(["GS", "HP", "S", "R", "20260105", "0930", f"{number}{group}1", "X", "005010X221A1"], marks, after)
            count = draw(st.integers(0, 3))
            for index in range(count):
                _put_set(made, marks, after, f"{index:04}", draw(bodies))
            made.put(["GE", str(count), f"{number}{group}1"], marks, after)
        made.put(["IEA", str(groups), f"{number:09}"], marks, after)
    return made


def _put_set(made: Made, marks: Delimiters, after: str, control_number: str, body: list[list[str]]) -> None:
    trailer = ["SE", str(len(body) + 2), control_number]
    first = made.segments + 1
    wanted = [["ST", "835", control_number], *body, trailer]
    offsets = [made.put(segment, marks, after) for segment in wanted]
    made.sets.append(MadeSet(control_number, wanted, offsets, first))


class Repeated:
    """A binary stream of `head`, then `body` over and over, then `tail`; it is never in memory as a whole."""

    def __init__(self, head: bytes, body: bytes, times: int, tail: bytes) -> None:
        self._parts = iter([head, *([body] * times), tail])
        self._left = b""

    def read(self, size: int) -> bytes:
        taken = [self._left]
        length = len(self._left)
        while length < size and (part := next(self._parts, None)) is not None:
            taken.append(part)
            length += len(part)
        joined = b"".join(taken)
        self._left = joined[size:]
        return joined[:size]
