"""From canonical claims to the segments of an 837 transaction set, in the order of the guide.

Claims that follow one another share the HL loops of an equal billing provider, subscriber and patient; `arranged` puts
those together that may. HL numbers and child codes are the writer's. A claim that cannot be written is refused before
anything of it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.errors import NeedsPerson
from gateway.x12.fields import Field, FieldFault, examine, field_tree, level_names
from gateway.x12.guide import Guide, Loop, SegmentRow
from gateway.x12.paths import Document, get
from gateway.x12.remembered import Names, Remembered
from gateway.x12.row_writer import Alternatives, Out, RowWriter, Unwritable, Write
from gateway.x12.values import Delimiters

Bind = Callable[[tuple[str, ...]], Write]  # what writes from an object that has these names


class BadClaim(NeedsPerson):
    """A claim that cannot be written, with all reasons by field path. It holds no values."""

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.text}" for fault in faults))
        self.faults = faults


class WrittenClaim(NamedTuple):
    """What a claim became."""

    lines: list[str]  # segments to be written next (`Writer.lines`): HL loops that it needs, then its own
    segment: int  # ordinal of its CLM in the set, ST = 1
    number: int  # ordinal of its CLM among those of the set, from 1


class LoopWriter:
    """Writes one loop and those inside it."""

    def __init__(self, guide: Guide, loop: Loop, shared: frozenset[str]) -> None:
        self.loop = loop
        self.is_shared = bool(loop.path) and loop.path[0] in shared
        skip = 1 if loop.level else 0
        self.parts: list[tuple[frozenset[str], bool, Bind]] = [
            (row.tops(), row is first and bool(loop.path or loop is guide.root or loop is guide.claim), row.bound)
            for row, first in _with_first(_row_writers(loop.segments[skip:], guide, loop))
        ]
        inner = frozenset(name for names, _, _ in self.parts for name in names)
        for name in loop.children:
            child = guide.loops[name]
            if not child.level and child is not guide.claim:
                writer = LoopWriter(guide, child, inner)
                self.parts.append((frozenset(child.path[:1]) or writer.names, False, writer.bound))
        self.names: frozenset[str] = frozenset(name for names, _, _ in self.parts for name in names)
        self.plans: Remembered[list[Write]] = Remembered(self._plan)

    def _plan(self, names: Names) -> list[Write]:
        """What writes an object that has these names."""
        present = set(names)
        return [bind(names) for tops, is_always, bind in self.parts if is_always or not tops.isdisjoint(present)]

    def write_inside(self, owner: Document, out: Out, ordinal: int) -> None:
        """Write the loop from its own object."""
        for write in self.plans[tuple(owner)]:
            write(owner, out, ordinal)

    def bound(self, _names: tuple[str, ...]) -> Write:
        """What writes the loop from an object of the loop around it."""
        return self.write

    def write(self, owner: Document, out: Out, ordinal: int) -> None:
        """Write the loop from the object of the loop around it, as often as it is there."""
        found = get(owner, self.loop.path)
        if found is None:
            return
        if self.loop.is_list:
            for number, item in enumerate(found, 1):
                self.write_inside(item, out, number)
        elif not self.is_shared or not self.names.isdisjoint(found):
            self.write_inside(found, out, ordinal)


def _with_first(rows: list[Any]) -> list[tuple[Any, Any]]:
    return [(row, rows[0]) for row in rows]


def _row_writers(rows: Iterable[SegmentRow], guide: Guide, loop: Loop) -> list[RowWriter | Alternatives]:
    made: list[list[RowWriter]] = []
    is_opened = bool(loop.path) or loop is guide.root or loop is guide.claim
    for row in rows:
        writer = RowWriter(row, is_always=is_opened and (not made or (len(made) == 1 and row.is_alternative)))
        if row.is_alternative and not made[-1][0].names.isdisjoint(writer.names):
            made[-1].append(writer)
        else:
            made.append([writer])
    return [group[0] if len(group) == 1 else Alternatives(group) for group in made]


class CompiledWriter:
    """A guide, ready to write with."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.tree: Field = field_tree(guide)
        self.header = LoopWriter(guide, guide.root, frozenset())
        self.claim = LoopWriter(guide, guide.claim, frozenset())
        self.levels = [LoopWriter(guide, level, frozenset()) for level in guide.levels()]
        self.names = [tuple(level_names(guide, level)) for level in guide.levels()]
        self.codes = [level.level for level in guide.levels()]
        self.header_names = tuple(self.header.names)
        self.most_claims = guide.claim.repeat


@lru_cache(maxsize=8)
def compiled_writer(guide: Guide) -> CompiledWriter:
    """The compiled form of a guide, made once."""
    return CompiledWriter(guide)


class ClaimWriter:
    """Writes one transaction set after another by one guide: `header` begins a set, `claim` adds to it."""

    def __init__(self, guide: Guide, delimiters: Delimiters | None = None, *, upper: bool = False) -> None:
        self.guide = guide
        self.delimiters = delimiters or Delimiters()
        self.upper = upper
        self._compiled = compiled_writer(guide)
        self._reset()

    def _reset(self) -> None:
        self._content: list[tuple[Any, ...]] = []  # of the open HL loops, outermost first
        self._numbers: list[str] = []  # HL01 of the open HL loops
        self._has_patient = False
        self._hls = self._under = self.claims = 0
        self.position = 1  # ordinal of the last segment of the set; ST is the first
        self._header: tuple[Any, ...] = ()

    def header(self, document: Document, *, reference: str, date: str, time: str) -> list[str]:
        """Begin a set with the header of a claim: BHT and the loops of submitter and receiver.

        `reference` BHT03, `date` BHT04 as CCYYMMDD, `time` BHT05 as HHMM. BadClaim where it cannot be written.
        """
        self._reset()
        document = self._checked(document)
        out = self._out({"reference": reference, "date": date, "time": time})
        self._run(self._compiled.header, document, out)
        lines = self._finished(document, out)
        self._header = self._key(document, self._compiled.header_names)
        self.position += len(lines)
        return lines

    def fits(self, document: Document) -> bool:
        """Whether a claim has the header of the open set."""
        return self._key(document, self._compiled.header_names) == self._header

    def claim(self, document: Document) -> WrittenClaim:
        """Add a claim to the open set. BadClaim where it cannot be written; then nothing has changed."""
        document = self._checked(document)
        keys = [self._key(document, names) for names in self._compiled.names]
        depth = len(keys) if any(value is not None for value in keys[-1]) else len(keys) - 1
        same = self._same(keys, depth)
        out = self._out(None)
        numbers = self._numbers[:same]
        for level in range(same, depth):
            number = str(self._hls + 1 + level - same)
            parent = numbers[-1] if numbers else ""
            child = "1" if level + 1 < depth else "0"
            out.segments.append(["HL", number, parent, self._compiled.codes[level], child])
            numbers.append(number)
            self._run(self._compiled.levels[level], document, out)
        before = sum(len(texts) > 1 for texts in out.segments)
        first = len(out.segments)
        self._run(self._compiled.claim, document, out)
        if len(out.segments[first]) < 2:
            raise BadClaim([FieldFault("patient_control_number", "1", "the claim has no data of its own")])
        lines = self._finished(document, out)
        self._hls += depth - same
        self._numbers, self._content, self._has_patient = numbers, keys[:depth], depth == len(keys)
        self._under = self._under + 1 if same == depth else 1
        self.claims += 1
        written = WrittenClaim(lines, self.position + before + 1, self.claims)
        self.position += len(lines)
        return written

    def _same(self, keys: list[tuple[Any, ...]], depth: int) -> int:
        """How many of the open HL loops the claim belongs to as well."""
        same = 0
        while same < min(depth, len(self._content)) and keys[same] == self._content[same]:
            same += 1
        has_patient = depth == len(keys)
        if same >= len(keys) - 1 and has_patient != self._has_patient:
            same = len(keys) - 2  # HL04: a subscriber with patients below and one without are two loops
        if same == depth and self._under >= self._compiled.most_claims > 0:
            same -= 1
        return same

    def _checked(self, document: Document) -> Document:
        faults, document = examine(document, self._compiled.tree)
        if faults:
            raise BadClaim(faults)
        if document.get("type", self.guide.type) != self.guide.type:
            raise BadClaim([FieldFault("type", "code", f"this guide is for {self.guide.type} claims")])
        return document

    def _out(self, supplied: dict[str, str] | None) -> Out:
        return Out(self.delimiters.component, supplied)

    def _key(self, document: Document, names: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple([document.get(name) for name in names])

    def _run(self, writer: LoopWriter, document: Document, out: Out) -> None:
        try:
            writer.write_inside(document, out, 1)
        except Unwritable as fault:
            path = _path_of(document, fault)
            raise BadClaim([FieldFault(path, "format", "this value cannot be written")]) from None

    def _finished(self, document: Document, out: Out) -> list[str]:
        """The segments as texts, once it is sure that no delimiter stands in data."""
        element, component, repetition, segment = self.delimiters
        segments = [texts for texts in out.segments if len(texts) > 1]
        text = segment.join([element.join(texts) for texts in segments])
        lines = (text.upper() if self.upper else text).split(segment)
        is_clean = text.count(element) == sum(map(len, segments)) - len(segments) and len(lines) == len(segments)
        if is_clean and not text.isprintable():  # a delimiter may be a control character
            is_clean = text.translate({ord(element): None, ord(segment): None, ord(component): None}).isprintable()
        if not is_clean or text.count(component) != out.joints or (repetition and repetition in text):
            raise BadClaim(delimiter_faults(document, self.delimiters))
        return lines


def _path_of(document: Document, fault: Unwritable) -> str:
    name = fault.path[-1]
    found = [path for path, _ in leaves(document) if path.split(".")[-1].partition("[")[0] == name]
    return found[0] if len(found) == 1 else ".".join(fault.path)


def leaves(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """(field path, text) of every text in a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    elif isinstance(value, str):
        yield path, value


def delimiter_faults(document: Document, delimiters: Delimiters) -> list[FieldFault]:
    """The fields that hold a delimiter or a character that cannot be sent."""
    is_bad = _bad_characters(delimiters)
    return [
        FieldFault(path, "delimiter", "a character of this value is a delimiter of the file or cannot be sent")
        for path, text in leaves(document)
        if is_bad(text)
    ] or [FieldFault("", "delimiter", "a value holds a delimiter of the file")]


def _bad_characters(delimiters: Delimiters) -> Callable[[str], bool]:
    marks = [mark for mark in delimiters if mark]
    return lambda text: not text.isprintable() or any(mark in text for mark in marks)


def arranged(documents: Iterable[Document], guide: Guide) -> list[Document]:
    """The claims in an order that shares HL loops: by header, then billing provider, subscriber and patient.

    Groups stand in the order of their first claim, and the claims of one in the order given.
    """
    compiled = compiled_writer(guide)
    names = [compiled.header_names, *compiled.names]
    groups: dict[tuple[str, ...], list[Document]] = {}
    order: dict[tuple[str, ...], int] = {}
    for document in documents:
        key: tuple[str, ...] = ()
        for level in names:
            key = (*key, repr([_frozen(document.get(name)) for name in level]))
            order.setdefault(key, len(order))
        groups.setdefault(key, []).append(document)
    keys = sorted(groups, key=lambda key: [order[key[:length]] for length in range(1, len(key) + 1)])
    return [document for key in keys for document in groups[key]]


def _frozen(value: Any) -> Any:
    """A value that has one `repr`, whatever the order of its names."""
    if isinstance(value, dict):
        return sorted((name, _frozen(inner)) for name, inner in value.items() if inner is not None)
    return [_frozen(item) for item in value] if isinstance(value, list) else value
