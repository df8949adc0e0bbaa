"""A streaming writer of X12 with the delimiters of one partner; counts and control numbers of the trailers are its own.

    writer = Writer(out, Delimiters())
    writer.open_interchange(interchange)
    writer.open_group(group)
    writer.open_set("837", "0001", "005010X222A1")
    writer.segment(["SV1", writer.composite(["HC", "99213"]), "40", "UN", "1", "", "", "1"])
    writer.close_set(), writer.close_group(), writer.close_interchange()

What it is given is written or refused, never altered: upper case, accents and lengths are the guide's matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO

from gateway.errors import GatewayError, NeedsPerson, UsageError
from gateway.x12.delimiters import check_delimiters
from gateway.x12.values import Delimiters, Group, Interchange

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_BUFFERED = 2000  # segments held back, so that the stream is written to in large pieces


class DelimiterInData(NeedsPerson):
    """An element holds a delimiter of the interchange or a control character. Its value is not in the text."""

    def __init__(self, segment_id: str, element: str) -> None:
        super().__init__(f"{segment_id}{element} holds a delimiter or a control character")
        self.segment_id = segment_id
        self.element = element  # "02", "05-1"


class EnvelopeError(UsageError):
    """A field of the envelope is not what X12 allows there; it comes from a partner's profile."""


class WriterOrderError(GatewayError):
    """Something was opened, written or closed out of order: a fault of the calling code."""


class Joined(str):
    """An element of several components or repetitions, joined and checked by `composite` or `repeat`."""

    fault: str | None = None  # "-2": which component holds what it must not


class Writer:
    """Writes to a stream of bytes that the caller opens and closes; UTF-8, which for the characters of X12 is ASCII.

    `newline`: a line feed after each terminator, for people. Raises DelimiterError where the delimiters are unusable.
    """

    def __init__(self, out: BinaryIO, delimiters: Delimiters, *, newline: bool = False) -> None:
        check_delimiters(delimiters)
        self.delimiters = delimiters
        self._out = out
        self._separator = delimiters.element
        self._end = delimiters.segment + ("\n" if newline and delimiters.segment != "\n" else "")
        inside = re.escape(delimiters.element + delimiters.segment)
        joints = re.escape(delimiters.component + delimiters.repetition)
        self._illegal = re.compile(f"[{_CONTROLS}{inside}{joints}]")
        self._illegal_joined = re.compile(f"(?![{joints}])[{_CONTROLS}{inside}]")
        self._illegal_component = re.compile(f"[{_CONTROLS}{inside}{re.escape(delimiters.repetition)}]")
        spared = "" if delimiters.element.isprintable() else f"(?!{re.escape(delimiters.element)})"
        self._suspicious = re.compile(f"{spared}[{_CONTROLS}{re.escape(delimiters.segment)}{joints}]")
        self._held: list[str] = []
        self._interchange = self._group = self._set = ""  # control number of what is open
        self._groups = self._sets = self._segments = 0

    # Envelopes

    def open_interchange(
        self,
        interchange: Interchange,
        *,
        authorization: tuple[str, str] = ("00", ""),
        security: tuple[str, str] = ("00", ""),
        wants_acknowledgment: bool = False,
    ) -> None:
        """Write ISA, each field padded to its width. Raises EnvelopeError for a field that does not fit.

        `authorization`, `security`: ISA01–02, ISA03–04. `wants_acknowledgment`: ISA14. The writer's delimiters count,
        not those of the value; without a repetition separator ISA11 is U.
        """
        self._expect(not self._interchange, "an interchange is open")
        fields = (
            *authorization,
            *security,
            *(interchange.sender_qualifier, interchange.sender),
            *(interchange.receiver_qualifier, interchange.receiver),
            *(interchange.date, interchange.time, "U", interchange.version, interchange.control_number),
            *("1" if wants_acknowledgment else "0", interchange.usage),
        )
        padded = [
            self._field(f"ISA{number:02}", value, pattern).ljust(width)
            for number, (value, (pattern, width)) in enumerate(zip(fields, _ISA, strict=True), 1)
        ]
        padded[10] = self.delimiters.repetition or "U"
        self._hold(self._separator.join(["ISA", *padded, self.delimiters.component]))
        self._interchange, self._groups = interchange.control_number, 0

    def open_group(self, group: Group) -> None:
        """Write GS. Raises EnvelopeError for a field that does not fit."""
        self._expect(bool(self._interchange) and not self._group, "a group belongs into an interchange, not a group")
        fields = (
            *(group.functional_id, group.sender, group.receiver, group.date, group.time),
            *(group.control_number, "X", group.version),
        )
        checked = (
            self._field(f"GS{number:02}", value, pattern)
            for number, (value, pattern) in enumerate(zip(fields, _GS, strict=True), 1)
        )
        self._hold(self._separator.join(["GS", *checked]))
        self._group, self._sets = group.control_number, 0
        self._groups += 1

    def open_set(self, code: str, control_number: str, version: str = "") -> None:
        """Write ST; `version` is ST03, which an 835 does not have. Raises EnvelopeError for what does not fit."""
        self._expect(bool(self._group) and not self._set, "a transaction set belongs into a group, not a set")
        self._field("ST01", code, r"[0-9]{3}")
        self._field("ST02", control_number, r"[0-9A-Za-z]{4,9}")
        self._field("ST03", version, r".{0,35}")
        self._set, self._segments = control_number, 0
        self._sets += 1
        self.segment(["ST", code, control_number, version])

    def close_set(self) -> int:
        """Write SE and return SE01, the number of segments from ST to SE."""
        self._expect(bool(self._set), "no transaction set is open")
        count = self._segments + 1
        self.segment(["SE", str(count), self._set])
        self._set = ""
        return count

    def whole_set(self, text: bytes) -> None:
        """Write a set that a writer with the same delimiters made, ST to SE with its terminator; nothing is checked."""
        self._expect(bool(self._group) and not self._set, "a transaction set belongs into a group, not a set")
        self.flush()
        self._out.write(text)
        self._sets += 1

    def close_group(self) -> int:
        """Write GE and return GE01, the number of transaction sets."""
        self._expect(bool(self._group) and not self._set, "no group is open, or a set in it still is")
        self._hold(self._separator.join(["GE", str(self._sets), self._group]))
        self._group = ""
        return self._sets

    def close_interchange(self) -> int:
        """Write IEA and return IEA01, the number of groups; all that was held back is written to the stream."""
        self._expect(bool(self._interchange) and not self._group, "no interchange is open, or a group in it still is")
        self._hold(self._separator.join(["IEA", str(self._groups), self._interchange]))
        self._interchange = ""
        self.flush()
        return self._groups

    def flush(self) -> None:
        """Write what is held back to the stream."""
        self._out.write("".join(self._held).encode("utf-8"))
        self._held.clear()

    # Segments

    def segment(self, segment: Sequence[str]) -> int:
        """Write `[id, element 01, …]` without trailing empty elements; return its ordinal in the set, ST = 1.

        A segment without data is not written, and 0 returned. Raises DelimiterInData.
        """
        separator = self._separator
        text = separator.join(segment)
        if text.count(separator) != len(segment) - 1 or self._suspicious.search(text):
            self._check(segment)
        text = text.rstrip(separator)
        if separator not in text:
            return 0
        self._expect(bool(self._set), "no transaction set is open")
        self._segments += 1
        self._hold(text)
        return self._segments

    def lines(self, lines: Sequence[str]) -> None:
        """Write segments as `ClaimWriter` gives them: joined by these delimiters, and looked through for them."""
        self._expect(bool(self._set), "no transaction set is open")
        self._segments += len(lines)
        self._held += [line + self._end for line in lines]
        if len(self._held) >= _BUFFERED:
            self.flush()

    def composite(self, components: Sequence[str]) -> str:
        """One element of components, without trailing empty ones. What is wrong in it, `segment` raises."""
        joint = self.delimiters.component
        text = joint.join(components)
        joined = Joined(text.rstrip(joint))
        if text.count(joint) != len(components) - 1 or self._illegal_component.search(text):
            joined.fault = self._first_fault(components)
        return joined

    def repeat(self, values: Sequence[str]) -> str:
        """One element of repetitions, without trailing empty ones: texts, or what `composite` gave."""
        # Where there is no separator, a terminator between two values makes `segment` look, and refuse.
        joint = self.delimiters.repetition or self.delimiters.segment
        joined = Joined(joint.join(values).rstrip(joint))
        joined.fault = self._first_fault(values)
        if not self.delimiters.repetition and joint in joined:
            joined.fault = joined.fault or "-2"
        return joined

    def translate(self, value: str, source: Delimiters) -> str:
        """An element as it was read under other delimiters, joined by the writer's."""
        if source.component not in value and (not source.repetition or source.repetition not in value):
            return value
        repeats = value.split(source.repetition) if source.repetition else [value]
        return self.repeat([self.composite(part.split(source.component)) for part in repeats])

    def _first_fault(self, values: Sequence[str]) -> str | None:
        for number, value in enumerate(values, 1):
            if isinstance(value, Joined):
                if value.fault:
                    return value.fault
            elif self._illegal.search(value):
                return f"-{number}"
        return None

    def _check(self, segment: Sequence[str]) -> None:
        """Raise if an element holds what it must not; of joined ones the parts were checked as they were joined."""
        for number, value in enumerate(segment):
            is_joined = isinstance(value, Joined)
            fault = value.fault if isinstance(value, Joined) else None
            if fault or (self._illegal_joined if is_joined else self._illegal).search(value):
                raise DelimiterInData(segment[0] if number else "", f"{number:02}{fault or ''}")

    def _field(self, name: str, value: str, pattern: str) -> str:
        if not re.fullmatch(pattern, value):
            raise EnvelopeError(f"{name} does not have the form that X12 asks for")
        if self._illegal.search(value):
            raise EnvelopeError(f"{name} holds a delimiter or a control character")
        return value

    def _hold(self, text: str) -> None:
        self._held.append(text + self._end)
        if len(self._held) >= _BUFFERED:
            self.flush()

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise WriterOrderError(otherwise)


_QUALIFIER = r"[0-9A-Z]{2}"
_PARTY = r"\S(?:.{0,13}\S)?"
# ISA01 to ISA15: what each may hold, and its width.
_ISA = (
    (_QUALIFIER, 2),
    (r".{0,10}", 10),
    (_QUALIFIER, 2),
    (r".{0,10}", 10),
    (_QUALIFIER, 2),
    (_PARTY, 15),
    (_QUALIFIER, 2),
    (_PARTY, 15),
    (r"[0-9]{6}", 6),
    (r"[0-9]{4}", 4),
    (r"U", 1),
    (r"[0-9]{5}", 5),
    (r"(?!0{9})[0-9]{9}", 9),
    (r"[01]", 1),
    (r"[PTI]", 1),
)
# GS01 to GS08.
_GS = (
    r"[0-9A-Z]{2}",
    r"\S(?:.{0,13}\S)?",
    r"\S(?:.{0,13}\S)?",
    r"[0-9]{8}",
    r"[0-9]{4}(?:[0-9]{2,4})?",
    r"[1-9][0-9]{0,8}",
    r"X",
    r"[0-9A-Z]{1,12}",
)
