"""Where a segment belongs: from the open loop and the segment to the loop and row of the guide that it stands for.

Compiled once a guide. Within one scope (the header, one HL loop, one claim) each loop knows for every segment id the
rows that may follow, nearest first: its own, those that open a loop inside it, then those of the loops around it. Rows
of one id are told apart by their qualifiers. What belongs to the parties (NM1 loops) of a parent stays in the one that
is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.x12.guide import Block, Element, Guide, Loop, SegmentRow

_CACHED = 5_000
Place = tuple[int, int]  # element, component (0: simple)
Test = tuple[Place, frozenset[str]]


class Target(NamedTuple):
    """What a segment stands for."""

    loop: Loop
    row: SegmentRow
    opens: bool  # it opens a new occurrence of the loop
    depth: int  # of the loop in its scope
    is_stray: bool  # the guide has it before the loops that are open
    tests: tuple[Test, ...]  # the first is the qualifier
    is_open: bool  # it takes a qualifier that the guide does not list


class Route:
    """The rows for one segment id in one open loop, and which of them a segment is."""

    __slots__ = ("cache", "direct", "first", "places", "second", "targets")

    def __init__(self, targets: list[Target]) -> None:
        self.targets = targets
        self.places = _places(targets)
        self.direct = targets[0] if not self.places else None
        is_simple = not any(component for _, component in self.places)
        self.first = self.places[0][0] if is_simple and self.places else 0  # the quick ways: one or two elements
        self.second = self.places[1][0] if is_simple and len(self.places) == 2 else 0
        if not is_simple or len(self.places) > 2:
            self.first = self.second = 0
        self.cache: dict[str | tuple[str, ...], Target | None] = {}

    def find(self, segment: list[str], component: str) -> Target | None:
        """The row, or None where none has the segment's qualifier. `component` is the component separator."""
        if self.direct is not None:
            return self.direct
        key: str | tuple[str, ...]
        try:
            if self.second:
                key = (segment[self.first], segment[self.second])
            elif self.first:
                key = segment[self.first]
            else:
                key = tuple([_value(segment, place, component) for place in self.places])
            return self.cache[key]
        except (IndexError, KeyError):
            return self._find(segment, component)

    def _find(self, segment: list[str], component: str) -> Target | None:
        """Look for the row, and remember it where the qualifiers are of a usual size."""
        values = [_value(segment, place, component) for place in self.places]
        found = self._match([value.rstrip() for value in values])
        if max(map(len, values)) < 20:
            if len(self.cache) >= _CACHED:
                self.cache.clear()
            self.cache[values[0] if self.first and not self.second else tuple(values)] = found
        return found

    def _match(self, values: list[str]) -> Target | None:
        known = dict(zip(self.places, values, strict=True))
        for target in self.targets:
            if all(known[place] in codes for place, codes in target.tests if place in known):
                return target
        for target in self.targets:
            if target.tests and known.get(target.tests[0][0]) in target.tests[0][1]:
                return target
        return next((target for target in self.targets if target.is_open), None)


def _value(segment: list[str], place: Place, component: str) -> str:
    index, number = place
    value = segment[index] if index < len(segment) else ""
    if not number:
        return value
    parts = value.split(component)
    return parts[number - 1] if number <= len(parts) else ""


def _places(targets: list[Target]) -> list[Place]:
    """Where to look: at the qualifiers; further on only where these alone leave a choice."""
    firsts = [target.tests[0] for target in targets if target.tests]
    if not firsts or (len(targets) == 1 and not _is_fixed(targets[0])):
        return []
    places = {place for place, _ in firsts}
    for number, target in enumerate(targets):
        for other in targets[:number]:
            if target.tests and other.tests and target.tests[0][1] & other.tests[0][1]:
                places |= {place for place, _ in (*target.tests, *other.tests)}
    return sorted(places)


def _is_fixed(target: Target) -> bool:
    """Whether another qualifier is another segment: it is a constant, names a party, or names a list of codes (HI)."""
    place = target.tests[0][0]
    found = [element for element in target.row.all_elements() if (element.index, element.component) == place]
    is_block = any(block.index == place[0] for block in target.row.blocks)
    return (target.opens and target.row.id == "NM1") or found[0].role == "constant" or is_block


def _tests(row: SegmentRow) -> tuple[Test, ...]:
    found: list[Test] = []
    for part in row.parts:
        element = part.elements[0] if isinstance(part, Block) else part
        if test := _test(element):
            found.append(test)
    return tuple(found)


def _test(element: Element) -> Test | None:
    codes = frozenset(element.codes + element.first_codes)
    if (
        not codes
        or element.usage != "R"
        or element.index > 2
        or (element.component and element.position[-4:] != "01-1")
    ):
        return None
    return (element.index, element.component), codes


def _is_open(row: SegmentRow) -> bool:
    """A list of qualifier and value, such as further identifiers, takes any qualifier."""
    values = [element for element in row.elements if element.role == "value"]
    return row.is_list and not row.blocks and len(values) in (2, 3) and values[0].index == 1 and bool(values[0].codes)


class Node:
    """One loop while it is open."""

    __slots__ = ("depth", "has_parties", "loop", "own", "parent", "routes", "unknown")

    def __init__(self, loop: Loop, depth: int, parent: Node | None) -> None:
        self.loop = loop
        self.depth = depth
        self.parent = parent
        self.own = frozenset(row.id for row in loop.segments)
        self.has_parties = False
        self.routes: dict[str, Route] = {}
        self.unknown: Node | None = None  # the node for a party inside this loop that the guide does not have


class Routes:
    """All nodes of a guide. `nodes` by loop id; `levels` by HL03."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.nodes: dict[str, Node] = {}
        self.levels = {loop.level: loop for loop in guide.levels()}
        self.ids = frozenset({"ST", "SE"} | {row.id for loop in guide.loops.values() for row in loop.segments})
        self.openers = frozenset(loop.segments[0].id for loop in guide.loops.values())
        self.has_parties = any(_is_party(loop) for loop in guide.loops.values())
        self.parties = frozenset(
            row.id for loop in guide.loops.values() if _is_party(loop) for row in loop.segments if row.id != "NM1"
        )
        self.tops = {loop.id for loop in guide.tops()}
        for top in guide.tops():
            self._scope(top)

    def _scope(self, top: Loop) -> None:
        order = [(top, 0)]
        self.nodes[top.id] = Node(top, 0, None)
        for loop, depth in order:
            for child in self._children(loop):
                self.nodes[loop.id].has_parties |= _is_party(child)
                self.nodes[child.id] = Node(child, depth + 1, self.nodes[loop.id])
                order.append((child, depth + 1))
        for loop, _ in order:
            node = self.nodes[loop.id]
            self._route(node, [loop])
            node.unknown = Node(loop, node.depth + 1, node)
            self._route(node.unknown, [])

    def _children(self, loop: Loop) -> list[Loop]:
        found = (self.guide.loops[name] for name in loop.children)
        return [child for child in found if child.id not in self.tops]

    def _route(self, node: Node, own: list[Loop]) -> None:
        targets: dict[str, list[Target]] = {}
        for loop in own:
            self._add(targets, loop, node.depth, is_stray=False)
        stays = set(targets) if own else set(self.parties)
        if own and _is_party(own[0]) and node.parent is not None:
            stays |= {row.id for loop in self._children(node.parent.loop) if _is_party(loop) for row in loop.segments}
        stays -= {"NM1"}
        above = node.parent
        while above is not None:
            found: dict[str, list[Target]] = {}
            self._add(found, above.loop, above.depth, is_stray=True)
            for name, more in found.items():
                if name not in stays:
                    targets.setdefault(name, []).extend(more)
            above = above.parent
        node.routes = {name: Route(found) for name, found in targets.items()}

    def _add(self, targets: dict[str, list[Target]], loop: Loop, depth: int, *, is_stray: bool) -> None:
        openers = 1 if loop.id in self.tops else len(_openers(loop))
        for row in loop.segments[0 if loop is self.guide.root else openers :]:
            target = Target(loop, row, False, depth, is_stray, _tests(row), _is_open(row) and not is_stray)
            targets.setdefault(row.id, []).append(target)
        for child in self._children(loop):
            for row in _openers(child):
                target = Target(child, row, True, depth + 1, False, _tests(row), False)
                targets.setdefault(row.id, []).append(target)


def _openers(loop: Loop) -> list[SegmentRow]:
    """The first row of a loop and those in place of it."""
    return [loop.segments[0], *_while_alternative(loop.segments[1:])]


def _while_alternative(rows: Iterable[SegmentRow]) -> Iterable[SegmentRow]:
    for row in rows:
        if not row.is_alternative:
            return
        yield row


def _is_party(loop: Loop) -> bool:
    return loop.segments[0].id == "NM1"
