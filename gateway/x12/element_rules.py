"""The guide's rules for a transaction set: which loops, segments and elements it has, how often, and what is in them.

Faults are issues whose codes are those of a 999: `IK304-3` for a segment, `IK403-7` for an element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from gateway.x12.guide import CLAIM, Guide, Loop, SegmentRow
from gateway.x12.issues import Issue, plain_id
from gateway.x12.reader import TransactionSet
from gateway.x12.routes import Node, Routes, Target
from gateway.x12.row_pattern import Patterns
from gateway.x12.row_rules import RunRules, row_rules
from gateway.x12.value_rules import ORDINAL
from gateway.x12.values import Delimiters, Segment

_DELIMITERS_KEPT = 8  # sets of delimiters whose patterns are remembered

_SEGMENTS = {
    "1": "the guide has no such segment at all",
    "2": "the guide has no such segment here",
    "3": "a required segment is missing",
    "4": "the loop stands here more often than the guide has it",
    "5": "the segment stands here more often than the guide has it",
    "7": "the segment stands after one that the guide has behind it",
}


class RuleSet:
    """The rules of a guide, compiled."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.routes = Routes(guide)
        self.rules: dict[int, RunRules] = {}
        self._patterns: dict[Delimiters, Patterns] = {}
        self.ranks: dict[int, int] = {}
        self.ids = {row.id for loop in guide.loops.values() for row in loop.segments}
        self.counted = {
            row.number
            for loop in guide.loops.values()
            for row in loop.segments
            if any(e.default == "#" for e in row.elements)
        }
        self.leads = {row.number: row.leads for loop in guide.loops.values() for row in loop.segments if row.leads}
        self.levels = [level.id for level in guide.levels()]
        self.has_claims = any(loop.segments[0].id == CLAIM for loop in guide.tops())
        self.required: dict[str, list[tuple[str, list[int]]]] = {}  # segment id, numbers of rows of which one must be
        self.inner: dict[str, list[tuple[str, str]]] = {}
        self.below: dict[str, list[tuple[str, str]]] = {}
        self.places = {name: place for loop in guide.loops.values() for name, place in self._places(loop)}
        for loop in guide.loops.values():
            rank, previous = 0, ""
            for row in loop.segments:
                rank += row.id != previous
                previous = row.id
                self.rules[row.number] = row_rules(row)
                self.ranks[row.number] = rank
            self.required[loop.id] = list(_required(loop, 0 if loop is guide.root else 1))
            self.inner[loop.id] = self._inner(loop)
            self.below[loop.id] = self._below(loop)

    def patterns(self, delimiters: Delimiters) -> Patterns:
        """The patterns under the delimiters of a file."""
        made = self._patterns.get(delimiters)
        if made is None:
            if len(self._patterns) >= _DELIMITERS_KEPT:
                self._patterns.clear()
            made = self._patterns[delimiters] = Patterns(delimiters)
        return made

    def _places(self, loop: Loop) -> Iterator[tuple[str, int]]:
        """(loop id, place) of the loops inside a loop; those of parties share a place, since their order is free."""
        place, was_party = 0, False
        for name in loop.children:
            is_party = self.guide.loops[name].segments[0].id == "NM1"
            place += not (is_party and was_party)
            was_party = is_party
            yield name, place

    def _inner(self, loop: Loop) -> list[tuple[str, str]]:
        """(loop id, segment id) of the required loops inside a loop that are no HL loops."""
        found = [self.guide.loops[name] for name in loop.children]
        required = [child for child in found if child.usage == "R" and child.id not in self.routes.tops]
        return [(child.id, child.segments[0].id) for child in required]

    def _below(self, loop: Loop) -> list[tuple[str, str]]:
        """(loop id, segment id) of the HL loops and claims that a loop must have below it."""
        found = [self.guide.loops[name] for name in loop.children]
        required = [child for child in found if loop.id in child.required_in or (child.level and child.usage == "R")]
        return [(child.id, child.segments[0].id) for child in required]


def _required(loop: Loop, start: int) -> Iterator[tuple[str, list[int]]]:
    """(segment id, numbers of the rows of which one must be there) for each that is required, from a row on."""
    for number, row in enumerate(loop.segments):
        if row.usage == "R" and number >= start:
            group = [-row.number if row.leads else row.number]
            for other in loop.segments[number + 1 :]:
                if not other.is_alternative:
                    break
                group.append(other.number)
            yield row.id, group


@lru_cache(maxsize=8)
def rule_set(guide: Guide) -> RuleSet:
    """The compiled rules of a guide, made once."""
    return RuleSet(guide)


def check_set(tset: TransactionSet, guides: Mapping[str, Guide]) -> Iterator[Issue]:
    """The faults of one 837 by its guide (`guides` by kind, "837P"), as they are found."""
    guide = guides.get(tset.kind)
    if guide is None or not tset.version.startswith(guide.family):
        text = "This version of the 837 is not checked; 005010 is."
        yield Issue("version", "error", text, 1, tset.offset, "ST", "03")
        return
    yield from SetCheck(guide, tset).run()


class _Open:
    """One open occurrence of a loop."""

    __slots__ = ("children", "counts", "is_settled", "loop", "place", "rank")

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.rank = 0
        self.place = 0  # of the loop inside it that came last
        self.is_settled = False  # what it lacks has been said, but for HL loops and claims in it
        self.counts: dict[int, int] = {}  # by row number; by -number, whether an item that leads a list was there
        self.children: dict[str, int] = {}  # by loop id


class SetCheck:
    """The check of one set by its guide: `run` gives the faults, or iterating the segments while they are checked."""

    def __init__(self, guide: Guide, tset: TransactionSet) -> None:
        self.rules = rules = rule_set(guide)
        self.tset, self.guide = tset, guide
        self.delimiters = tset.delimiters
        self.separator = tset.delimiters.element
        self.patterns = rules.patterns(tset.delimiters)
        self.found: list[Issue] = []
        self.scopes: list[list[_Open]] = []  # header; then HL loops, outermost first, then the claim
        self.levels: dict[str, tuple[str, str]] = {}  # HL01 → loop id, HL04
        self.hls = 0
        self.node: Node | None = None
        self.under_dead = False
        self.segment_id = ""

    def run(self) -> Iterator[Issue]:
        """The faults, as they are found."""
        for _ in self:
            if self.found:
                yield from self.found
                self.found.clear()
        yield from self.found

    def __iter__(self) -> Iterator[Segment]:
        """The segments, each checked when it is given; `found` has the faults so far."""
        self.enter(self.guide.root, 0)
        has_levels, claim_id = bool(self.rules.levels), CLAIM if self.rules.has_claims else ""
        for segment in self.tset:
            name = self.segment_id = segment[0]
            if name == "HL" and has_levels:
                self.level(segment)
            elif name == claim_id:
                self.claim(segment)
            elif name == "SE":
                self.leave(0)
            elif name != "ST":
                self.take(segment, name)
            yield segment
        self.leave(0)

    # Scopes: the header, HL loops, a claim

    def enter(self, loop: Loop, depth: int) -> None:
        """Open a scope at a depth of the hierarchy, closing those at that depth and below."""
        self.leave(depth)
        if self.scopes:
            self.trim(self.scopes[-1], 1)
            self.settle(self.scopes[-1][0])
            children = self.scopes[-1][0].children
            children[loop.id] = children.get(loop.id, 0) + 1
        self.scopes.append([_Open(loop)])
        self.node = self.rules.routes.nodes[loop.id]

    def leave(self, depth: int) -> None:
        """Close the scopes at a depth and below, and say what they lack."""
        while len(self.scopes) > depth:
            scope = self.scopes.pop()
            while scope:
                self.close(scope.pop())

    def level(self, segment: list[str]) -> None:
        """An HL loop begins."""
        self.hls += 1
        number, parent, code, child = (*segment[1:5], "", "", "", "")[:4]
        loop = self.rules.routes.levels.get(code)
        if loop is None:
            self.element("03", "7", "none of the codes that the guide has")
            self.node = None
            return
        wanted = [name for name in loop.parents if self.guide.loops[name].level]
        above, has_children = self.levels.get(parent, ("", ""))
        if number != str(self.hls):
            self.element("01", "7", "the HL loops are not counted from 1 on", loop.id)
        if wanted and above not in wanted:
            self.element("02", "7", "no HL loop of the level above has this number", loop.id)
        elif wanted and has_children == "0":
            self.element("02", "7", "the HL loop of this number says that it has none below it", loop.id)
        self.levels[number] = loop.id, child
        depth = 1 + self.rules.levels.index(loop.id)
        self.enter(loop, min(depth, len(self.scopes)))
        self.elements(segment, loop.segments[0], loop)

    def claim(self, segment: list[str]) -> None:
        """A claim begins."""
        loop = self.guide.claim
        if self.scopes and self.scopes[-1][0].loop is loop:
            self.leave(len(self.scopes) - 1)
        here = self.scopes[-1][0].loop if self.scopes else self.guide.root
        if self.node is None or here.id not in loop.parents:
            self.segment("2", loop.id)
            self.node = None
            return
        self.enter(loop, len(self.scopes))
        if 0 < loop.repeat < self.scopes[-2][0].children[loop.id]:
            self.segment("4", loop.id)
        self.elements(segment, loop.segments[0], loop)

    # Loops and segments inside a scope

    def take(self, segment: list[str], name: str) -> None:
        """Any other segment."""
        node = self.node
        if node is None:
            return
        route = node.routes.get(name)
        target = route.find(segment, self.delimiters.component) if route is not None else None
        if target is None:
            self.segment("2" if name in self.rules.ids else "1", node.loop.id)
            if name == "NM1" and self.rules.routes.has_parties:
                self.node = _party_unknown(node)
            return
        scope = self.scopes[-1]
        if target.opens:
            self.trim(scope, target.depth)
            self.open(scope, target)
            self.node = self.rules.routes.nodes[target.loop.id]
        elif target.loop is not node.loop or node.unknown is None:
            self.trim(scope, target.depth + 1)
            self.node = self.rules.routes.nodes[target.loop.id]
        self.count(scope[-1], target, segment)
        self.elements(segment, target.row, target.loop)
        if target.opens and target.row.number in self.rules.counted:
            times = scope[-2].children[target.loop.id]
            if segment[1:2] and segment[1].removeprefix("-").isdigit() and int(segment[1]) != times:
                self.element("01", ORDINAL.code, ORDINAL.text, target.loop.id)

    def trim(self, scope: list[_Open], depth: int) -> None:
        """Close the loops at a depth and below."""
        while len(scope) > depth:
            self.close(scope.pop())

    def open(self, scope: list[_Open], target: Target) -> None:
        """A new occurrence of a loop."""
        loop, parent = target.loop, scope[-1]
        times = parent.children[loop.id] = parent.children.get(loop.id, 0) + 1
        if 0 < loop.repeat < times:
            self.segment("4", loop.id)
        place = self.rules.places[loop.id]
        if place < parent.place:
            self.segment("7", loop.id)
        else:
            parent.place = place
        scope.append(_Open(loop))

    def count(self, here: _Open, target: Target, segment: list[str]) -> None:
        """Count a segment of a loop, and see that it stands in order."""
        row, counts = target.row, here.counts
        number = row.number
        times = counts[number] = counts.get(number, 0) + 1
        if 0 < row.repeat < times or (row.is_alternative and not target.opens and self.is_taken(here, row)):
            self.segment("5", target.loop.id)
        if number in self.rules.leads and len(segment) > 1:
            qualifier = segment[1].partition(self.delimiters.component)[0]
            if qualifier in self.rules.leads[number]:
                if -number in counts:
                    self.segment("5", target.loop.id)
                counts[-number] = 1
        rank = self.rules.ranks[number]
        if target.is_stray or rank < here.rank:
            self.segment("7", target.loop.id)
        if rank > here.rank:
            here.rank = rank

    def is_taken(self, here: _Open, row: SegmentRow) -> bool:
        """Whether a row in whose place this one stands is there too."""
        rows = here.loop.segments
        number = rows.index(row)
        while rows[number].is_alternative:
            number -= 1
            if here.counts.get(rows[number].number):
                return True
        return False

    def close(self, here: _Open) -> None:
        """Say what an occurrence of a loop lacks at its end."""
        self.settle(here)
        for name, first in self.rules.below[here.loop.id]:
            if name not in here.children:
                self.segment("3", name, first)

    def settle(self, here: _Open) -> None:
        """Say which required segments and loops an occurrence of a loop lacks, but for HL loops and claims."""
        if here.is_settled:
            return
        here.is_settled = True
        counts = here.counts
        for name, rows in self.rules.required[here.loop.id]:
            if rows[0] not in counts and not any(row in counts for row in rows):
                self.segment("3", here.loop.id, name)
        for name, first in self.rules.inner[here.loop.id]:
            if name not in here.children:
                self.segment("3", name, first)

    def elements(self, segment: list[str], row: SegmentRow, loop: Loop) -> None:
        """Check the elements of a segment."""
        if not self.patterns.match(row)(self.separator.join(segment)):
            found = self.rules.rules[row.number].check(segment, self.delimiters)
        elif row.syntax:
            found = self.rules.rules[row.number].check_syntax(segment)
        else:
            return
        for element, fault in found:
            self.element(element, fault.code, fault.text, loop.id)

    def segment(self, code: str, loop: str, name: str = "") -> None:
        """Keep a fault of a segment."""
        name = plain_id(name or self.segment_id)
        self.add(f"IK304-{code}", f"{name} in {loop}: {_SEGMENTS[code]}.", name, "", loop)

    def element(self, element: str, code: str, text: str, loop: str = "") -> None:
        """Keep a fault of an element."""
        name = plain_id(self.segment_id)
        where = f"{name}{element}{' in ' if loop else ''}{loop}"
        self.add(f"IK403-{code}", f"{where}: {text}.", name, element, loop)

    def add(self, code: str, text: str, name: str, element: str, loop: str) -> None:
        """Keep an issue at the segment that is being looked at."""
        position, offset = self.tset.position, self.tset.offset_of_last
        self.found.append(Issue(code, "error", text, position, offset, name, element, loop))


def _party_unknown(node: Node) -> Node:
    """The node in which the segments of a party stand that the guide does not have."""
    while node.parent is not None and (node.unknown is None or node.loop.segments[0].id == "NM1"):
        node = node.parent
    return node.unknown or node
