"""The guide's rules for a canonical claim, before it is written: every reason at once, by field path.

The same rules as those for a transaction set, seen from the document: names, shapes, required fields, formats, lengths,
codes and repeats. What depends on other claims or on a payer is not the guide's matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.x12.fields import Field, FieldFault, examine, field_tree
from gateway.x12.formats import DATES, NUMBERS, Cache, Format, date_wire, writer
from gateway.x12.guide import Block, Element, Guide, Loop, Path, SegmentRow, Syntax
from gateway.x12.row_reader import Document, get, has, paths
from gateway.x12.value_rules import EXCLUSIVE, NOT_USED, ORDINAL, PAIR, date_fault, wire_fault

_CACHED = 5_000
_SHOWN = 12  # codes that a fault lists

Why = tuple[str, str]  # code and text of a fault


class Found:
    """The faults of one document, and where in it the check stands."""

    __slots__ = ("faults", "ordinal", "where")

    def __init__(self, faults: list[FieldFault]) -> None:
        self.faults = faults
        self.ordinal = 1  # of the item of a repeated loop that is looked at
        self.where: list[str] = []  # names, and "[0]" for items

    def add(self, path: Iterable[str], why: Why) -> None:
        """Keep a fault of the field at a path from here."""
        text = ".".join([*self.where, *path]).replace(".[", "[")
        self.faults.append(FieldFault(text, *why))


class ElementRule:
    """The rule for the value of one element: `cache[value]` is what is wrong with it, or None."""

    __slots__ = ("cache", "element", "is_dated", "is_first", "path")

    def __init__(self, element: Element, *, is_dated: bool, is_first: bool) -> None:
        self.element = element
        self.path = element.path
        self.is_dated = is_dated
        self.is_first = is_first
        self.cache: dict[str, Why | None] = {}

    def check(self, value: str) -> Why | None:
        """What is wrong with a value, remembered while there is room."""
        if len(self.cache) >= _CACHED:
            self.cache.clear()
        why = self.cache[value] = self._check_date(value) if self.is_dated else self._check(value)
        return why

    def _check(self, value: str) -> Why | None:
        element = self.element
        convert: Cache | None = writer(element.format)
        wire = value if convert is None else convert[value]
        fault = wire_fault(element, wire, is_first=self.is_first) if wire else None
        is_number = element.format.kind in NUMBERS
        if wire is None or (fault and (fault.code in ("8", "9") or (fault.code == "6" and is_number))):
            return _not(element.format)
        if fault is None:
            return None
        if fault.code in ("4", "5"):
            return fault.code, f"{fault.text}: {element.format.says()}"
        return fault.code, f"{fault.text}{self._codes() if fault.code == '7' else ''}"

    def _check_date(self, value: str) -> Why | None:
        found = date_wire(value)
        if found is None or found[0] not in DATES:
            return _not(self.element.format)
        fault = date_fault(self.element.format.dates, *found)
        return (fault.code, _not(self.element.format)[1]) if fault else None

    def _codes(self) -> str:
        codes = (self.is_first and self.element.first_codes) or self.element.codes
        return f": {' '.join(codes)}" if len(codes) <= _SHOWN else ""


def _not(form: Format) -> Why:
    return "format", f"this is not a {form.says()}"


_UNSEEN: Why = ("", "")


class ObjectRules:
    """The rules for the fields that one row, or one item of a block, has in an object."""

    def __init__(
        self,
        parts: tuple[Element | Block, ...],
        syntax: tuple[Syntax, ...] = (),
        *,
        is_first: bool = False,
        takes_any: bool = False,
    ) -> None:
        self.values: list[tuple[str, ElementRule]] = []
        self.deep: list[ElementRule] = []
        self.kept: list[Element] = []  # what a document may hold otherwise than the guide
        self.required: list[
            tuple[Path, Why, bool]
        ] = []  # path, fault, whether the writer puts it in where it is absent
        self.blocks = [BlockRules(part, takes_any=takes_any) for part in parts if isinstance(part, Block)]
        self.inner: list[tuple[Path, Why, list[Path]]] = []  # required where one of the other paths is there
        self.ordinals = [part.path for part in parts if isinstance(part, Element) and part.default == "#"]
        self.notes = [(note, [_path_at(parts, place) for place in note.places]) for note in syntax]
        before: Element | None = None
        for part in parts:
            if part.usage == "C" and not (isinstance(part, Element) and part.default):
                others = [
                    other.path for other in parts if other.index == part.index and other is not part and other.path
                ]
                self.inner.append((part.path, ("1", f"required: {part.says}"), others))
            if part.usage == "R" and part.path and (isinstance(part, Block) or part.role == "value"):
                has_default = isinstance(part, Element) and bool(part.default)
                self.required.append((part.path, ("1", f"required: {part.says}"), has_default))
            if isinstance(part, Element):
                self._add(part, before, is_first)
                before = part

    def _add(self, element: Element, before: Element | None, is_first: bool) -> None:
        if element.is_exception and element.path:
            self.kept.append(element)
        if element.is_exception or element.role != "value":
            return
        is_dated = before is not None and before.is_date_qualifier
        rule = ElementRule(element, is_dated=is_dated, is_first=is_first)
        if len(element.path) > 1:
            self.deep.append(rule)
        else:
            self.values.append((".".join(element.path), rule))

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of the fields of an object that is there."""
        for name, rule in self.values:
            if value := owner.get(name):
                why = rule.cache.get(value, _UNSEEN)
                if why is not None and (why := rule.check(value)):
                    found.add(rule.path, why)
        if self.deep:
            self._check_deep(owner, found)
        for path, lack, has_default in self.required:
            value = owner.get(path[0]) if len(path) == 1 else get(owner, path)
            if not value and not (has_default and value is None):
                found.add(path, lack)
        for block in self.blocks:
            block.check(owner, found)
        if self.kept or self.notes or self.inner or self.ordinals:
            self._check_rest(owner, found)

    def _check_rest(self, owner: Document, found: Found) -> None:
        for element in self.kept:
            if element.path[0] in owner and (other := get(owner, element.path)) is not None:
                _check_exception(element, other, found)
        for path, lack, others in self.inner:
            if not get(owner, path) and any(get(owner, other) for other in others):
                found.add(path, lack)
        for note, places in self.notes:
            broken = note.broken(tuple([bool(get(owner, path)) for path in places]))
            if broken is not None:
                fault = EXCLUSIVE if note.kind == "E" else PAIR
                found.add(places[note.places.index(broken)], (fault.code, fault.text))
        for path in self.ordinals:
            if (value := get(owner, path)) and value != str(found.ordinal):
                found.add(path, (ORDINAL.code, ORDINAL.text))

    def _check_deep(self, owner: Document, found: Found) -> None:
        for rule in self.deep:
            if value := get(owner, rule.path):
                why = rule.cache.get(value, _UNSEEN)
                if why is not None and (why := rule.check(value)):
                    found.add(rule.path, why)


def _path_at(parts: tuple[Element | Block, ...], index: int) -> Path:
    """The path of the field at an element number."""
    return next(part.path for part in parts if part.index == index)


def _check_exception(element: Element, value: str, found: Found) -> None:
    """A field that only holds what a file had otherwise than the guide."""
    if element.usage == "N":
        found.add(element.path, (NOT_USED.code, NOT_USED.text))
    elif value != element.codes[0]:
        found.add(element.path, ("7", f"the guide has {element.codes[0]} here"))


class BlockRules:
    """The rules for the list of a block."""

    def __init__(self, block: Block, *, takes_any: bool) -> None:
        self.path = block.path
        self.rest = ObjectRules(block.elements)
        self.first = self.rest
        if any(element.first_codes for element in block.elements):
            elements = block.elements
            if takes_any:  # the list may begin without the item that leads it
                elements = tuple(replace(each, first_codes=each.first_codes + each.codes) for each in elements)
            self.first = ObjectRules(elements, is_first=True)
        self.is_plain = block.is_plain

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of the items."""
        items = owner.get(self.path[0]) if len(self.path) == 1 else get(owner, self.path)
        if not items:
            return
        rules = self.first
        found.where += [*self.path, ""]
        for number, item in enumerate(items):
            if item:
                found.where[-1] = f"[{number}]"
                rules.check({"": item} if self.is_plain else item, found)
            rules = self.rest
        del found.where[-1 - len(self.path) :]


class RowRules:
    """The rules for one row of a loop."""

    def __init__(self, row: SegmentRow, *, is_always: bool) -> None:
        self.row = row
        self.path = row.path
        self.paths = paths(row)
        self.is_always = is_always
        self.rules = ObjectRules(row.parts, row.syntax, takes_any=bool(row.leads) and row.usage != "R")
        segments = row.repeat - bool(row.leads) if row.is_flat else 1
        self.most = [(block.path, block.count * segments + bool(row.leads)) for block in row.blocks]
        self.tops = frozenset([row.path[0]] if row.path else [path[0] for path in self.paths])
        # whether one of these names in the loop's object is enough to say so
        self.is_plain = not row.path and not row.is_list and all(len(path) == 1 for path in self.paths)

    def is_there(self, owner: Document) -> bool:
        """Whether the document has something of this row."""
        if self.is_always:
            return True
        inner = get(owner, self.path)
        if self.row.is_list:
            return bool(inner)
        return inner is not None and any(has(inner, path) for path in self.paths)

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of a row that is there."""
        if self.row.is_list:
            self._check_items(get(owner, self.path), found)
            return
        inner = get(owner, self.path) if self.path else owner
        found.where += self.path
        self.rules.check(inner, found)
        for path, most in self.most:
            if 0 < most < len(get(inner, path) or ()):
                found.add(path, ("repeat", f"more than {most}"))
        del found.where[len(found.where) - len(self.path) :]

    def _check_items(self, items: list[Any], found: Found) -> None:
        if 0 < self.row.repeat < len(items):
            found.add(self.path, ("repeat", f"more than {self.row.repeat}"))
        found.where += [*self.path, ""]
        for number, item in enumerate(items):
            found.where[-1] = f"[{number}]"
            self.rules.check({"": item} if self.row.is_plain else item, found)
        del found.where[-1 - len(self.path) :]

    def lack(self, found: Found) -> None:
        """Say that the row, which is required, is not there."""
        path = (*self.path, *(self.paths[0] if self.paths and not self.row.is_plain else ()))
        found.add(path, ("1", f"required: {self.row.says}"))


Group = list[RowRules]


class Plan(NamedTuple):
    """What to check in an object of a loop."""

    groups: list[tuple[Group, bool]]  # rows of which one may be there; whether the first is there for sure
    children: list[LoopRules]


def _is_sure(group: Group, present: set[str]) -> bool:
    row = group[0]
    return len(group) == 1 and (row.is_always or (row.is_plain and not row.tops.isdisjoint(present)))


class LoopRules:
    """The rules for one loop and those inside it."""

    def __init__(self, guide: Guide, loop: Loop) -> None:
        self.loop = loop
        self.path = loop.path
        is_top = bool(loop.level) or loop is guide.claim or loop is guide.root
        self.groups: list[Group] = []
        for row in loop.segments[1 if loop.level else 0 :]:
            if row.is_alternative:
                self.groups[-1].append(RowRules(row, is_always=False))
                self.groups[-1][0].is_always = False
            else:
                self.groups.append([RowRules(row, is_always=not self.groups and not is_top)])
        children = [guide.loops[name] for name in loop.children]
        self.children = [LoopRules(guide, child) for child in children if not child.level and child is not guide.claim]
        self.plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, names: tuple[str, ...]) -> Plan:
        """The rows and loops that matter for an object with these names: what may be there, and what must."""
        if len(self.plans) >= _CACHED:
            self.plans.clear()
        present = set(names)
        groups = [
            group
            for group in self.groups
            if group[0].row.usage == "R" or any(row.is_always or not row.tops.isdisjoint(present) for row in group)
        ]
        children = [c for c in self.children if c.loop.usage == "R" or not c.path or c.path[0] in present]
        plan = self.plans[names] = Plan([(group, _is_sure(group, present)) for group in groups], children)
        return plan

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of one occurrence of the loop."""
        names = tuple(owner)
        groups, children = self.plans.get(names) or self.plan(names)
        for group, is_sure in groups:
            if is_sure:
                group[0].check(owner, found)
            else:
                _check_group(group, owner, found)
        for child in children:
            child.check_all(owner, found)

    def check_all(self, owner: Document, found: Found) -> None:
        """Find the faults of all occurrences of the loop in the object around it."""
        inner = get(owner, self.path)
        if not inner:
            if self.loop.usage == "R":
                found.add(self.path, ("1", f"required: {self.loop.says}"))
            return
        found.where += self.path
        if not self.loop.is_list:
            self.check(inner, found)
        else:
            if 0 < self.loop.repeat < len(inner):
                found.add((), ("repeat", f"more than {self.loop.repeat}"))
            found.where.append("")
            for number, item in enumerate(inner):
                found.where[-1] = f"[{number}]"
                found.ordinal = number + 1
                self.check(item, found)
            found.where.pop()
        del found.where[len(found.where) - len(self.path) :]


def _check_group(group: Group, owner: Document, found: Found) -> None:
    """Check rows of which one may be there."""
    there = [row for row in group if row.is_there(owner)]
    if len(there) > 1:
        there = _fitting(there, owner, group)
    if len(there) > 1:
        found.add(there[-1].paths[0], ("exclusive", "only one of these may be there"))
    for row in there:
        row.check(owner, found)
    if not there and group[0].row.usage == "R":
        group[0].lack(found)


def _fitting(there: Group, owner: Document, group: Group) -> Group:
    """Of rows that share fields, such as a person and an organization, the one that has all that is there."""
    every = {path for row in group for path in row.paths if has(owner, path)}
    fitting = [row for row in there if every <= set(row.paths)]
    return fitting[:1] or there


class DocumentRules:
    """The rules of a guide for its documents, compiled."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.tree: Field = field_tree(guide)
        self.header = LoopRules(guide, guide.root)
        self.levels = [(LoopRules(guide, level), level) for level in guide.levels()]
        self.claim = LoopRules(guide, guide.claim)

    def check(self, document: Document) -> list[FieldFault]:
        """See `check_document`."""
        faults, document = examine(document, self.tree)
        if any(fault.code == "shape" for fault in faults):
            return faults
        found = Found(faults)
        if document.get("type") != self.guide.type:
            found.add(["type"], ("7", f"this guide is for {self.guide.type} claims"))
        self.header.check(document, found)
        for rules, level in self.levels:
            if level.usage == "R" or any(get(document, child.path) is not None for child in rules.children):
                rules.check(document, found)
        self.claim.check(document, found)
        return list(dict.fromkeys(found.faults))


@lru_cache(maxsize=8)
def document_rules(guide: Guide) -> DocumentRules:
    """The compiled rules of a guide, made once."""
    return DocumentRules(guide)


def check_document(document: Document, guide: Guide) -> list[FieldFault]:
    """Everything that is wrong with a claim by its guide: (field path, code, text), no values.

    Codes are those of an element error in a 999 where there is one, else `unknown`, `shape`, `format`, `repeat` or
    `exclusive`.
    """
    return document_rules(guide).check(document)
