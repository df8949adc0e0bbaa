"""From the segments of an 837 transaction set to canonical claims, one at a time.

HL02 decides whose claim it is: a claim belongs to the HL loop that it stands in, and that to the one of the level above
that its HL02 names; where it names none, to the nearest before it. Within a loop the order of segments is free. Each
claim is a document with all that it needs; the objects of provider, subscriber and patient are shared between claims.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.x12.guide import Guide, Loop, SegmentRow
from gateway.x12.issues import Issue, plain_id
from gateway.x12.paths import Document, put
from gateway.x12.reader import TransactionSet
from gateway.x12.reading_faults import FAULTS
from gateway.x12.routes import Node, Routes, Target
from gateway.x12.row_reader import RowReader, paths

_LEVELS_KEPT = 10_000  # HL loops that a later HL02 may name
_ISSUES_KEPT = 10_000
_NONE = 1_000  # deeper than any loop


class ReadClaim(NamedTuple):
    """One claim of a set."""

    document: Document
    segment: int  # ordinal of its CLM in the set, ST = 1
    number: int  # ordinal of its CLM among those of the set, from 1
    offset: int  # byte offset of its CLM in the file
    issues: list[Issue]  # what was found in it, and in the loops above it since the claim before


class Compiled:
    """A guide, ready to read with."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.routes = Routes(guide)
        self.rows: dict[int, RowReader] = {}
        for loop in guide.loops.values():
            group: list[SegmentRow] = []
            for row in loop.segments:
                group = [*group, row] if row.is_alternative else [row]
                same = [other for other in group[:-1] if set(_keys(other)) & set(_keys(row))]
                is_plain_opener = row is loop.segments[0] and not self._is_shared(loop)
                self.rows[row.number] = RowReader(row, same, is_plain_opener=is_plain_opener)

    def _is_shared(self, loop: Loop) -> bool:
        """Whether the loop's object holds fields of segments outside the loop, so that its being there says nothing."""
        around = [self.guide.loops[name] for name in loop.parents]
        names = {
            path[0] for other in around for row in other.segments for path in ([row.path] if row.path else paths(row))
        }
        return not loop.path or loop.path[0] in names


def _keys(row: SegmentRow) -> list[tuple[str, ...]]:
    return [element.path for element in row.elements if element.role == "value"]


@lru_cache(maxsize=8)
def compiled(guide: Guide) -> Compiled:
    """The compiled form of a guide, made once."""
    return Compiled(guide)


class Level(NamedTuple):
    """One HL loop that was read."""

    loop: Loop
    own: Document  # keys at the top of the claim's document
    parent: Level | None

    def above(self, wanted: tuple[str, ...]) -> Level | None:
        """This level or the innermost around it whose loop is the first of `wanted` that there is."""
        for name in wanted:
            level: Level | None = self
            while level is not None:
                if level.loop.id == name:
                    return level
                level = level.parent
        return None

    def document(self) -> Document:
        """What a claim of this level takes from it and those around it."""
        return {**(self.parent.document() if self.parent else {}), **self.own}


def _is_behind(target: Target, node: Node) -> bool:
    """Whether a party begins behind a loop, no party itself, that the guide has after it."""
    while node.depth > target.depth and node.parent is not None:
        node = node.parent
    return node.depth == target.depth and node.loop.number > target.loop.number and node.loop.segments[0].id != "NM1"


def _leaves(node: Node | None, depth: int) -> bool:
    """Whether a loop that is no party is open below a depth."""
    while node is not None and node.depth > depth:
        if node.unknown is not None and node.loop.segments[0].id != "NM1":
            return True
        node = node.parent
    return False


class ClaimReader:
    """Reads the claims of transaction sets by the guides that it is given, by kind ("837P" → guide).

    `issues` holds what was found in all sets read so far.
    """

    def __init__(self, guides: Mapping[str, Guide]) -> None:
        self.guides = guides
        self.issues: list[Issue] = []

    def read(self, tset: TransactionSet) -> Iterator[ReadClaim]:
        """The claims of one set, each as soon as it is complete. A set that no guide fits gives an issue and none."""
        guide = self.guides.get(tset.kind)
        if guide is None or not tset.version.startswith(guide.family):
            severity, text = FAULTS["version"]
            self.issues.append(Issue("version", severity, text, 1, tset.offset, "ST", "03"))
            return iter(())
        return _SetReader(compiled(guide), tset, self.issues).claims()


class _SetReader:
    """The state while one set is read."""

    def __init__(self, compiled: Compiled, tset: TransactionSet, issues: list[Issue]) -> None:
        self.rows, self.routes, self.guide = compiled.rows, compiled.routes, compiled.guide
        self.tset = tset
        self.component, self.repetition = tset.delimiters.component, tset.delimiters.repetition
        self.issues = issues
        self.fresh: list[Issue] = []
        self.room = _ISSUES_KEPT
        self.header: Document = {"type": self.guide.type}
        self.levels: OrderedDict[str, Level] = OrderedDict()
        self.forgotten = False
        self.level: Level | None = None
        self.claim: tuple[Document, int, int] | None = None
        self.number = 0
        self.segment_id = ""
        self.loop_id = ""
        self.dropped: dict[str, None] = {}  # ids of segments in a scope that is left out
        self.enter(self.routes.nodes[self.guide.root.id], self.header)

    def enter(self, node: Node | None, owner: Document) -> None:
        """Begin a scope; None where nothing in it can be kept."""
        if self.dropped:
            names = " ".join(self.dropped)
            self.dropped = {}
            self.fault("left_out", "", f": {names}.")
        self.node = node
        self.owners = [owner]
        self.seen: list[dict[int, int]] = [{}]
        self.dead = _NONE  # depth from which on nothing is kept
        self.torn = _NONE  # depth of the open loop in which a segment stood that does not belong there
        self.is_astray = False  # it belongs to a loop around that one

    def claims(self) -> Iterator[ReadClaim]:
        """See `ClaimReader.read`."""
        claim_id = self.guide.claim.segments[0].id
        known = self.routes.ids
        for segment in self.tset:
            name = segment[0]
            if name not in known:
                name = name.upper()
            self.segment_id = name
            if name == "HL" or name == claim_id:
                if self.claim is not None:
                    yield self.finished()
                if name == "HL":
                    self.begin_level(segment)
                else:
                    self.begin_claim(segment)
            elif name != "ST" and name != "SE":
                self.take(segment, name)
        self.enter(None, {})
        if self.claim is not None:
            yield self.finished()

    def finished(self) -> ReadClaim:
        """The claim that is complete now."""
        assert self.claim is not None
        document, segment, offset = self.claim
        self.claim = None
        issues, self.fresh = self.fresh, []
        return ReadClaim(document, segment, self.number, offset, issues)

    def begin_level(self, segment: list[str]) -> None:
        """An HL loop begins."""
        self.leave_header()
        number, named, code = (*segment[1:4], "", "", "")[:3]
        loop = self.routes.levels.get(code.strip())
        self.loop_id = loop.id if loop else ""
        if loop is None:
            self.enter(None, {})
            self.fault("level", "03")
            self.level = None
            return
        parent = self.parent_of(loop, named.strip())
        self.level = Level(loop, {}, parent)
        self.levels[number.strip()] = self.level
        if len(self.levels) > _LEVELS_KEPT:
            self.levels.popitem(last=False)
            self.forgotten = True
        self.enter(self.routes.nodes[loop.id], self.level.own)
        if loop.path:
            put(self.level.own, loop.path, {})

    def leave_header(self) -> None:
        """Say so where the header had no BHT, since one will be written."""
        first = self.guide.root.segments[0]
        if self.level is None and not self.levels and first.number not in self.seen[0]:
            self.segment_id, self.loop_id = first.id, self.guide.root.id
            self.fault("segment_missing", "")

    def parent_of(self, loop: Loop, named: str) -> Level | None:
        """The level around a new HL loop."""
        wanted = tuple(name for name in loop.parents if self.guide.loops[name].level)
        if not wanted:
            return None
        found = self.levels.get(named)
        if found is not None and found.loop.id in wanted:
            return found
        if found is None and self.forgotten and named:
            self.fault("level_forgotten", "02")
            return None
        self.fault("level_parent", "02")
        outer = tuple(name for first in wanted for name in self.guide.loops[first].parents)
        return self.level.above((*wanted, *outer)) if self.level else None

    def begin_claim(self, segment: list[str]) -> None:
        """A CLM: a claim begins in the HL loop that is open."""
        loop = self.guide.claim
        self.loop_id = loop.id
        if self.level is None or self.level.loop.id not in loop.parents or not self.is_whole(self.level):
            self.enter(None, {})
            self.fault("claim", "")
            return
        if len(segment) == segment.count("") + 1:
            self.enter(None, {})
            self.fault("loop_empty", "")
            return
        document = self.header | self.level.document()
        self.number += 1
        self.claim = (document, self.tset.position, self.tset.offset_of_last)
        self.enter(self.routes.nodes[loop.id], document)
        self.rows[loop.segments[0].number].read(segment, document, self.seen[0], self)

    def is_whole(self, level: Level) -> bool:
        """Whether all levels are there up to the outermost."""
        return (
            level.parent is None
            if not self.wants_parent(level)
            else (level.parent is not None and self.is_whole(level.parent))
        )

    def wants_parent(self, level: Level) -> bool:
        """Whether the guide has a level around this one."""
        return any(self.guide.loops[name].level for name in level.loop.parents)

    def take(self, segment: list[str], name: str) -> None:
        """Any other segment."""
        node = self.node
        if node is None:
            self.dropped[name] = None
            return
        self.loop_id = node.loop.id
        route = node.routes.get(name)
        target = route.find(segment, self.component) if route is not None else None
        is_empty = (len(segment) < 2 or not segment[1]) and len(segment) == segment.count("") + 1
        if is_empty and name != "NM1" and (target is None or not target.opens):
            self.fault("segment_empty", "")
            self.tear(node, name)
        elif target is None:
            self.unknown(node, name)
        elif target.loop is node.loop and not target.opens and not target.is_stray and self.dead == self.torn == _NONE:
            self.rows[target.row.number].read(segment, self.owners[-1], self.seen[-1], self)
        else:
            self.place(target, node, is_empty=is_empty)
            if target.depth >= self.dead:
                self.fault("loop_segment", "")
            else:
                self.dead = _NONE
                depth = target.depth
                self.rows[target.row.number].read(segment, self.owners[depth], self.seen[depth], self)

    def place(self, target: Target, node: Node, *, is_empty: bool) -> None:
        """Open or go back to the loop that a segment stands for."""
        self.loop_id = target.loop.id
        depth = target.depth
        if depth >= self.torn:
            self.mend(target)
        elif not self.is_astray:
            self.torn = _NONE
        if target.opens:
            if target.row.id == "NM1" and _is_behind(target, node):
                self.fault("order", "")
                self.torn, self.is_astray = 0, True
            self.open(target)
            if is_empty and not self.rows[target.row.number].is_counted:
                self.fault("loop_empty", "")
                self.dead = min(self.dead, depth)
            return
        del self.owners[depth + 1 :], self.seen[depth + 1 :]
        if node.depth != depth or node.loop is not target.loop:
            self.node = self.routes.nodes[target.loop.id]
        if target.is_stray:
            self.fault("order", "")
            if _leaves(node, depth):
                self.torn, self.is_astray = 0, True

    def unknown(self, node: Node, name: str) -> None:
        """A segment that has no place here; a party that has none takes what follows with it."""
        if name == "NM1":
            self.fault("loop", "01")
            around = node.parent if node.unknown is None else node
            while around is not None and around.parent is not None and around.loop.segments[0].id == "NM1":
                around = around.parent
            self.node = around.unknown if around is not None else node
            if around is not None and around.depth and not around.has_parties:
                self.torn = min(self.torn, around.depth)
        elif node.unknown is None:
            self.fault("loop_segment", "")
        else:
            self.fault("segment", "")
            self.tear(node, name)

    def tear(self, node: Node | None, name: str) -> None:
        """A segment that does not belong into the open loops leaves in doubt where they end."""
        if node is not None and not node.depth and name in self.routes.openers:
            self.torn, self.is_astray = 0, True
        is_small = node is not None and not node.has_parties and node.loop.segments[0].id != "NM1"
        while node is not None and node.depth and (is_small or name not in node.own or name in self.routes.openers):
            is_small = False
            self.torn = min(self.torn, node.depth)
            node = node.parent

    def mend(self, target: Target) -> None:
        """A segment of a loop in which another one stood that does not belong there."""
        is_party = target.row.id == "NM1"
        if target.opens and (target.depth == 1 and not is_party if self.is_astray else target.depth == self.torn):
            self.torn, self.is_astray = _NONE, False
        else:
            self.fault("torn", "")

    def open(self, target: Target) -> None:
        """A new occurrence of a loop inside the scope."""
        depth, loop = target.depth, target.loop
        del self.owners[depth:], self.seen[depth:]
        owner, counts = self.owners[-1], self.seen[-1]
        times = counts[-loop.number] = counts.get(-loop.number, 0) + 1
        self.node = self.routes.nodes[loop.id]
        self.seen.append({})
        if depth <= self.dead:
            self.dead = _NONE
        for name in loop.path[:-1]:
            owner = owner.setdefault(name, {})
        if loop.is_list:
            new: dict[str, Any] = {}
            owner.setdefault(loop.path[-1], []).append(new)
            if 0 < loop.repeat < times:
                self.fault("repeat", "")
        elif times > 1:
            self.fault("loop_repeated", "")
            self.dead, new = min(self.dead, depth), {}
        else:
            new = owner.setdefault(loop.path[-1], {}) if loop.path else owner
        self.owners.append(new)

    def fault(self, code: str, element: str, more: str = "") -> None:
        """Keep a fault of the segment that is being read."""
        severity, text = FAULTS[code]
        self.room -= 1
        if self.room <= 0:
            code, (severity, text) = "too_many", FAULTS["too_many"]
        if self.room < 0:
            return
        name = plain_id(self.segment_id)
        where = f"{name}{element}{' in ' if self.loop_id else ''}{self.loop_id}"
        position, offset = self.tset.position, self.tset.offset_of_last
        issue = Issue(code, severity, f"{where}: {text}{more}", position, offset, name, element, self.loop_id)
        self.issues.append(issue)
        self.fresh.append(issue)
