"""The simulator's own view of X12: splitting what came in, joining what goes out.

It is deliberately apart from the gateway's readers and writers, so that a fault on one side shows on the other.
Text is Latin-1 both ways: every byte survives, whatever the sender meant by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Segment = tuple[str, ...]  # as read: the segment id, then the elements as they stood
Element = str | tuple[str, ...]  # to be written: a tuple is a composite
Body = Sequence[Sequence[Element]]  # the segments between ST and SE

_ISA_LENGTH = 106
_ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


class NotAnInterchange(Exception):
    """The file holds no ISA segment that can be read."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The four service characters; `repetition` is empty where ISA11 names none (4010 and look-alikes)."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"

    @classmethod
    def of(cls, characters: str) -> Delimiters:
        """From four characters in the order element, component, repetition, segment."""
        return cls(*characters)


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """ST to SE as read; position 1 is the ST segment. `segments` lacks the SE where the set was never closed."""

    segments: tuple[Segment, ...]

    @property
    def kind(self) -> str:
        return value(self.segments[0], 1)

    @property
    def number(self) -> str:
        return value(self.segments[0], 2)

    @property
    def guide(self) -> str:
        return value(self.segments[0], 3)

    @property
    def trailer(self) -> Segment:
        return self.segments[-1] if self.segments[-1][0] == "SE" else ()


@dataclass(frozen=True, slots=True)
class Group:
    """GS to GE; `trailer` is empty where the GE is missing."""

    header: Segment
    sets: tuple[TransactionSet, ...]
    trailer: Segment = ()

    @property
    def functional_id(self) -> str:
        return value(self.header, 1)

    @property
    def number(self) -> str:
        return value(self.header, 6)

    @property
    def guide(self) -> str:
        return value(self.header, 8)


@dataclass(frozen=True, slots=True)
class Interchange:
    """ISA to IEA; `trailer` is empty where the IEA is missing."""

    header: Segment
    delimiters: Delimiters
    groups: tuple[Group, ...]
    trailer: Segment = ()

    @property
    def number(self) -> str:
        return value(self.header, 13)

    @property
    def usage(self) -> str:
        return value(self.header, 15)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, and with which characters. Identifiers without their padding."""

    sender: str  # ISA06
    receiver: str  # ISA08
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    group_sender: str = ""  # GS02, the ISA's where empty
    group_receiver: str = ""
    usage: str = "T"
    delimiters: Delimiters = field(default_factory=Delimiters)
    line_breaks: bool = False  # a line feed after each terminator

    @classmethod
    def answering(cls, interchange: Interchange, group: Group | None = None) -> Envelope:
        """The way back: sender and receiver changed over, the same characters and usage."""
        isa = interchange.header
        gs: Segment = group.header if group else ()
        return cls(
            sender=value(isa, 8),
            receiver=value(isa, 6),
            sender_qualifier=value(isa, 7),
            receiver_qualifier=value(isa, 5),
            group_sender=value(gs, 3),
            group_receiver=value(gs, 2),
            usage=value(isa, 15),
            delimiters=interchange.delimiters,
        )


@dataclass(frozen=True, slots=True)
class GroupToWrite:
    """One GS with its sets' bodies; `kind` is ST01, `guide` GS08 (and ST03, except in an 835)."""

    functional_id: str
    kind: str
    guide: str
    number: int
    bodies: tuple[Body, ...]


def value(segment: Segment, position: int) -> str:
    """Element `position` without surrounding blanks, or "" where the segment is shorter."""
    return segment[position].strip() if position < len(segment) else ""


def parts(element: str, delimiters: Delimiters) -> tuple[str, ...]:
    """The components of a composite element."""
    return tuple(element.split(delimiters.component))


def part(element: str, position: int, delimiters: Delimiters) -> str:
    """Component `position` (from 1) of a composite, or ""."""
    found = parts(element, delimiters)
    return found[position - 1].strip() if position <= len(found) else ""


def amount(text: str) -> Decimal:
    """A number as X12 writes it; what is none counts as 0 (the syntax check names it, the reader goes on)."""
    return Decimal(text) if is_number(text) else Decimal(0)


def is_number(text: str) -> bool:
    """Whether the text is an X12 decimal: optional minus, digits, at most one point, no exponent."""
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


def number_text(number: Decimal) -> str:
    """A decimal without trailing zeros and without an exponent."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def read_interchanges(content: bytes) -> tuple[Interchange, ...]:
    """Every interchange of the file, each with its own delimiters. Raises NotAnInterchange."""
    text = content.decode("latin-1")
    found: list[Interchange] = []
    start = text.find("ISA")
    while start >= 0 and len(text) - start >= _ISA_LENGTH:
        interchange, start = _read_one(text, start)
        found.append(interchange)
    if not found:
        raise NotAnInterchange("no complete ISA segment")
    return tuple(found)


def _read_one(text: str, start: int) -> tuple[Interchange, int]:
    delimiters = _delimiters(text[start : start + _ISA_LENGTH])
    segments: list[Segment] = []
    position = start
    while position < len(text):
        end = text.find(delimiters.segment, position)
        end = len(text) if end < 0 else end
        raw = text[position:end].strip("\r\n ")
        if raw.startswith("ISA") and segments:
            break
        position = end + 1
        if raw:
            segments.append(tuple(raw.split(delimiters.element)))
            if segments[-1][0] == "IEA":
                break
    return _assemble(segments, delimiters), text.find("ISA", position)


def _delimiters(isa: str) -> Delimiters:
    repetition = isa.split(isa[3])[11][:1] if isa.count(isa[3]) >= 16 else ""
    return Delimiters(isa[3], isa[104], "" if repetition.isalnum() else repetition, isa[105])


def _assemble(segments: list[Segment], delimiters: Delimiters) -> Interchange:
    header, rest = segments[0], segments[1:]
    trailer: Segment = ()
    if rest and rest[-1][0] == "IEA":
        trailer = rest.pop()
    groups: list[Group] = []
    for block in _blocks(rest, "GS"):
        end = block.pop() if block[-1][0] == "GE" else ()
        sets = tuple(TransactionSet(tuple(chunk)) for chunk in _blocks(block[1:], "ST"))
        groups.append(Group(block[0], sets, end))
    return Interchange(header, delimiters, tuple(groups), trailer)


def _blocks(segments: Iterable[Segment], opener: str) -> list[list[Segment]]:
    """Runs of segments that each begin with `opener`; what stands before the first one is left out."""
    blocks: list[list[Segment]] = []
    for segment in segments:
        if segment[0] == opener:
            blocks.append([segment])
        elif blocks:
            blocks[-1].append(segment)
    return blocks


def write_interchange(
    envelope: Envelope, number: int, when: datetime, groups: Sequence[GroupToWrite], bare: Body = ()
) -> bytes:
    """One interchange; `bare` are segments right after the ISA (a TA1). Counts and trailers are made here."""
    segments: list[Sequence[Element]] = list(bare)
    for group in groups:
        segments.extend(_group_segments(envelope, group, when))
    segments.append(("IEA", str(len(groups)), f"{number:09d}"))
    d = envelope.delimiters
    end = d.segment + ("\n" if envelope.line_breaks else "")
    text = _isa(envelope, number, when) + end + "".join(_join(segment, d) + end for segment in segments)
    return text.encode("latin-1", errors="replace")


def _isa(envelope: Envelope, number: int, when: datetime) -> str:
    d = envelope.delimiters
    elements = (
        "00", "", "00", "", envelope.sender_qualifier, envelope.sender, envelope.receiver_qualifier, envelope.receiver,
        f"{when:%y%m%d}", f"{when:%H%M}", d.repetition or "U", "00501", f"{number:09d}", "0", envelope.usage,
        d.component,
    )  # fmt: skip
    padded = (text.ljust(width)[:width] for text, width in zip(elements, _ISA_WIDTHS, strict=True))
    return d.element.join(("ISA", *padded))


def _group_segments(envelope: Envelope, group: GroupToWrite, when: datetime) -> list[Sequence[Element]]:
    sender = envelope.group_sender or envelope.sender
    receiver = envelope.group_receiver or envelope.receiver
    number = str(group.number)
    header = ("GS", group.functional_id, sender, receiver, f"{when:%Y%m%d}", f"{when:%H%M}", number, "X", group.guide)
    segments: list[Sequence[Element]] = [header]
    for index, body in enumerate(group.bodies, 1):
        set_number = f"{index:04d}"
        guide = () if group.kind == "835" else (group.guide,)  # an 835 has no ST03
        segments.append(("ST", group.kind, set_number, *guide))
        segments.extend(body)
        segments.append(("SE", str(len(body) + 2), set_number))
    segments.append(("GE", str(len(group.bodies)), number))
    return segments


def _join(segment: Sequence[Element], d: Delimiters) -> str:
    texts = [_element_text(element, d) for element in segment]
    while texts and not texts[-1]:
        texts.pop()
    return d.element.join(texts)


def _element_text(element: Element, d: Delimiters) -> str:
    if isinstance(element, str):
        return _clean(element, d)
    return d.component.join(_clean(text, d) for text in element).rstrip(d.component)


def _clean(text: str, d: Delimiters) -> str:
    """A delimiter may not stand in data, nor may a line end."""
    for character in (d.element, d.component, d.repetition, d.segment, "\r", "\n"):
        if character and character in text:
            text = text.replace(character, " ")
    return text.strip()
