"""The guide's rules for a canonical claim, before it is written: every reason at once, by field path.

The same rules as those for a transaction set, seen from the document: names, shapes, required fields, formats, lengths,
codes and repeats. What depends on other claims or on a payer is not the guide's matter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from gateway.x12.fields import Field, FieldFault, examine, field_tree
from gateway.x12.guide import Guide, Loop, SegmentRow
from gateway.x12.object_rules import Found, Narrowed, ObjectRules
from gateway.x12.paths import Document, get, has
from gateway.x12.remembered import Names, Remembered
from gateway.x12.row_reader import paths


class RowRules:
    """The rules for one row of a loop."""

    def __init__(self, row: SegmentRow, *, is_always: bool) -> None:
        self.row = row
        self.path = row.path
        self.paths = paths(row)
        self.names = frozenset(path[0] for path in self.paths if len(path) == 1)
        self.deep_paths = [path for path in self.paths if len(path) > 1]
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
        inner = get(owner, self.path) if self.path else owner
        if self.row.is_list:
            return bool(inner)
        if not isinstance(inner, dict):
            return False
        if not self.names.isdisjoint(inner):
            return True
        return any(path[0] in inner and has(inner, path) for path in self.deep_paths)

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of a row that is there."""
        if self.row.is_list:
            self._check_items(get(owner, self.path), found)
            return
        if not self.path:
            self.check_narrowed(self.rules.narrowed[tuple(owner)], owner, found)
            return
        inner = get(owner, self.path)
        found.where += self.path
        self.check_narrowed(self.rules.narrowed[tuple(inner)], inner, found)
        del found.where[len(found.where) - len(self.path) :]

    def check_narrowed(self, rules: Narrowed, owner: Document, found: Found) -> None:
        """Find the faults of the row's object, by the rules that matter for its names."""
        self.rules.check_narrowed(rules, owner, found)
        for path, most in self.most:
            if 0 < most < len(get(owner, path) or ()):
                found.add(path, ("repeat", f"more than {most}"))

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

    groups: list[tuple[Group, bool, Narrowed | None]]  # see `_step`
    children: list[LoopRules]


def _step(group: Group, names: tuple[str, ...]) -> tuple[Group, bool, Narrowed | None]:
    """Rows of which one may be there; whether the first is there for sure; its rules where they are known by now."""
    row, is_sure = group[0], _is_sure(group, set(names))
    is_known = is_sure and not row.path and not row.row.is_list
    return group, is_sure, row.rules.narrowed[names] if is_known else None


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
        self.plans: Remembered[Plan] = Remembered(self._plan)

    def _plan(self, names: Names) -> Plan:
        """The rows and loops that matter for an object with these names: what may be there, and what must."""
        present = set(names)
        groups = [
            group
            for group in self.groups
            if group[0].row.usage == "R" or any(row.is_always or not row.tops.isdisjoint(present) for row in group)
        ]
        children = [c for c in self.children if c.loop.usage == "R" or not c.path or c.path[0] in present]
        return Plan([_step(group, names) for group in groups], children)

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of one occurrence of the loop."""
        groups, children = self.plans[tuple(owner)]
        for group, is_sure, rules in groups:
            if rules is not None:
                group[0].check_narrowed(rules, owner, found)
            elif is_sure:
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
