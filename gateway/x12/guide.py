"""A guide as a value: which loop, segment and element holds which field of a canonical claim.

Loaded from a table (`guide_table.load_guide`); everything that reads, writes or checks claims is compiled from it. Of
the sets that answer claims, whose readers are written by hand, it is the check alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from gateway.x12.formats import Format

Usage = Literal["R", "S", "N", "C"]  # required, situational, not used, required with its composite
Role = Literal["value", "constant", "supplied"]
Path = tuple[str, ...]
CLAIM = "CLM"  # opens the loop of one claim of an 837


@dataclass(frozen=True, slots=True)
class Element:
    """One element or component. In a block, index and component are those of the first item."""

    position: str  # "NM103", "CLM05-1"
    index: int  # 3 for NM103
    component: int  # 1 for CLM05-1; 0 where the element is simple
    role: Role
    path: (
        Path  # from the segment's object; () for "." (the item is the value); of a constant where other values are kept
    )
    usage: Usage
    repeat: int
    format: Format
    codes: tuple[str, ...]  # () where the list is open
    first_codes: tuple[str, ...]  # in a block: what the first item takes, where it differs
    default: str  # written where the document leaves it out; "#" is the ordinal in the list
    says: str
    line: int

    @property
    def is_exception(self) -> bool:
        """Whether its field only holds what a file has otherwise than the guide: a constant, or not used at all."""
        return self.role == "constant" or self.usage == "N"

    @property
    def is_date_qualifier(self) -> bool:
        """Whether this constant only tells the format of the date after it."""
        return self.role == "constant" and self.format.kind == "date"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of like elements or components that is a list in the document: `CAS02/3x6`, `SV101-3/1x4`."""

    position: str
    index: int
    component: int
    step: int
    count: int
    path: Path  # of the list, from the segment's object
    usage: Usage
    elements: tuple[Element, ...]
    says: str
    line: int

    @property
    def is_plain(self) -> bool:
        """Whether the list holds plain values instead of objects."""
        return any(element.role == "value" and not element.path for element in self.elements)


@dataclass(frozen=True, slots=True)
class Syntax:
    """One syntax note of X12: P all or none, R at least one, E at most one, C the others with the first."""

    kind: Literal["P", "R", "E", "C"]
    places: tuple[int, ...]  # element numbers

    def broken(self, present: tuple[bool, ...]) -> int | None:
        """The element number at fault, by which of `places` are present; None where the note is kept."""
        count = sum(present)
        if self.kind == "R":
            return None if count else self.places[0]
        if self.kind == "E":
            return self.places[max(i for i, there in enumerate(present) if there)] if count > 1 else None
        if count == len(present) or not count or (self.kind == "C" and not present[0]):
            return None
        return self.places[present.index(False)]


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One use of a segment in a loop."""

    number: int  # ordinal in the table, so that rows can be told apart and kept in order
    loop: str
    id: str
    path: Path  # of the segment's own object (or list), from the loop's object; () where it has none
    usage: Usage
    is_alternative: bool  # instead of the row above it
    repeat: int  # 0: no limit
    is_list: bool
    parts: tuple[Element | Block, ...]
    syntax: tuple[Syntax, ...]  # how its elements depend on each other
    says: str
    line: int

    @property
    def elements(self) -> tuple[Element, ...]:
        """The elements outside blocks."""
        return tuple(part for part in self.parts if isinstance(part, Element))

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks."""
        return tuple(part for part in self.parts if isinstance(part, Block))

    @property
    def is_plain(self) -> bool:
        """Whether each occurrence is one plain value of the list (K3)."""
        return any(element.role == "value" and not element.path for element in self.elements)

    @property
    def is_flat(self) -> bool:
        """Whether all occurrences fill one list of a block together (HI)."""
        values = [element for element in self.elements if element.role == "value"]
        return not self.path and not values and len(self.blocks) == 1

    @property
    def leads(self) -> frozenset[str]:
        """The qualifiers of an item that stands alone in the first segment, where a flat row has such (HI*ABK)."""
        first = self.blocks[0].elements[0] if self.is_flat and self.repeat != 1 else None
        return frozenset(first.first_codes) if first else frozenset()

    def all_elements(self) -> Iterator[Element]:
        """The elements, those in blocks too."""
        for part in self.parts:
            if isinstance(part, Block):
                yield from part.elements
            else:
                yield part


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop; the first of its segments opens it."""

    number: int
    id: str
    path: Path  # of its object (or list), from the parent loop's object; () where it is merged into that
    usage: Usage
    repeat: int  # 0: no limit
    is_list: bool
    parents: tuple[str, ...]
    required_in: tuple[str, ...]  # those parents that must have it, whatever `usage` says
    segments: tuple[SegmentRow, ...]
    children: tuple[str, ...]  # in guide order
    says: str
    line: int

    @property
    def level(self) -> str:
        """HL03 of an HL loop ("20", "22", "23"); empty for any other loop."""
        if not self.segments or self.segments[0].id != "HL":
            return ""
        return next(element.codes[0] for element in self.segments[0].elements if element.index == 3)


@dataclass(frozen=True, slots=True)
class Guide:
    """One implementation guide."""

    name: str  # "837P", "835"
    type: str  # "professional", "institutional" or "dental"; "remittance"
    version: str  # what is written to ST03 and GS08, "005010X222A1"
    family: str  # versions that begin so are read by this table, "005010X222"
    loops: dict[str, Loop] = field(hash=False, repr=False)

    @property
    def root(self) -> Loop:
        """The loop without parent: the header of the set."""
        return next(iter(self.loops.values()))

    @property
    def claim(self) -> Loop:
        """The loop that holds one claim of an 837 (2300)."""
        return next(loop for loop in self.loops.values() if _opener(loop) == CLAIM)

    def levels(self) -> list[Loop]:
        """The HL loops, outermost first."""
        return [loop for loop in self.loops.values() if loop.level]

    def tops(self) -> list[Loop]:
        """The root, the HL loops and, in an 837, the loop of a claim: each begins whatever other loop is open."""
        return [loop for loop in self.loops.values() if loop is self.root or loop.level or _opener(loop) == CLAIM]

    def below(self, loop: Loop) -> list[Loop]:
        """A loop and those inside it that are neither HL loops nor claims, in guide order."""
        found = [loop]
        for name in loop.children:
            child = self.loops[name]
            if not child.level and _opener(child) != CLAIM:
                found += self.below(child)
        return found


def _opener(loop: Loop) -> str:
    """The id of the segment that opens a loop."""
    return loop.segments[0].id if loop.segments else ""
