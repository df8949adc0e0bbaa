"""The guide's rules for a canonical claim, before it is written: every reason at once, by field path.

The same rules as those for a transaction set, seen from the document: names, shapes, required fields, formats, lengths,
codes and repeats. What depends on other claims or on a payer is not the guide's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gateway.x12.fields import Field, FieldFault, field_tree, shape_faults, without_nulls
from gateway.x12.formats import DATES, NUMBERS, Cache, date_wire, writer
from gateway.x12.guide import Block, Element, Guide, Loop, Path, SegmentRow
from gateway.x12.row_reader import Document, get, has, paths
from gateway.x12.value_rules import NOT_USED, date_fault, wire_fault

_CACHED = 5_000
_SHOWN = 12  # codes that a fault lists


class ElementRule:
    """The rule for the value of one element."""

    __slots__ = ("cache", "element", "is_dated", "name", "path")

    def __init__(self, element: Element, *, is_dated: bool) -> None:
        self.element = element
        self.path = element.path
        self.name = ".".join(element.path)
        self.is_dated = is_dated
        self.cache: dict[tuple[str, bool], tuple[str, str] | None] = {}

    def check(self, value: str, *, is_first: bool) -> tuple[str, str] | None:
        """(code, text) of what is wrong with a value, remembered while there is room."""
        key = (value, is_first)
        if key not in self.cache:
            if len(self.cache) >= _CACHED:
                self.cache.clear()
            self.cache[key] = self._check(value, is_first)
        return self.cache[key]

    def _check(self, value: str, is_first: bool) -> tuple[str, str] | None:
        element = self.element
        if self.is_dated:
            return self._check_date(value)
        convert: Cache | None = writer(element.format)
        wire = value if convert is None else convert[value]
        fault = wire_fault(element, wire, is_first=is_first) if wire else None
        if wire is None or (
            fault and (fault.code in ("8", "9") or (fault.code == "6" and element.format.kind in NUMBERS))
        ):
            return "format", f"this is not a {element.format.says()}"
        if fault is None:
            return None
        if fault.code in ("4", "5"):
            return fault.code, f"{fault.text}: {element.format.says()}"
        return fault.code, f"{fault.text}{self._codes(is_first) if fault.code == '7' else ''}"

    def _check_date(self, value: str) -> tuple[str, str] | None:
        found = date_wire(value)
        if found is None or found[0] not in DATES:
            return "format", f"this is not a {self.element.format.says()}"
        fault = date_fault(self.element.format.dates, *found)
        return (fault.code, f"this is not a {self.element.format.says()}") if fault else None

    def _codes(self, is_first: bool) -> str:
        codes = (is_first and self.element.first_codes) or self.element.codes
        return f": {' '.join(codes)}" if len(codes) <= _SHOWN else ""


class ObjectRules:
    """The rules for the fields that one row, or one item of a block, has in an object."""

    def __init__(self, parts: tuple[Element | Block, ...]) -> None:
        self.rules: dict[str, list[ElementRule]] = {}
        self.deep: list[ElementRule] = []
        self.kept: list[Element] = []  # what a document may hold otherwise than the guide
        self.required: list[Element | Block] = []
        self.blocks = [(part, ObjectRules(part.elements)) for part in parts if isinstance(part, Block)]
        before: Element | None = None
        for part in parts:
            if part.usage == "R" and not (isinstance(part, Element) and part.role != "value") and part.path:
                self.required.append(part)
            if isinstance(part, Element):
                self._add(part, before)
                before = part

    def _add(self, element: Element, before: Element | None) -> None:
        if element.is_exception and element.path:
            self.kept.append(element)
        if element.is_exception or element.role != "value":
            return
        rule = ElementRule(element, is_dated=before is not None and before.is_date_qualifier)
        if len(element.path) > 1:
            self.deep.append(rule)
        else:
            self.rules.setdefault(rule.name, []).append(rule)

    def check(self, owner: Document, where: str, *, is_first: bool = False) -> Iterator[FieldFault]:
        """The faults of the fields of an object that is there."""
        yield from self._check_values(owner, where, is_first)
        for part in self.required:
            if not get(owner, part.path) and not (isinstance(part, Element) and self._is_given(part, owner)):
                yield FieldFault(_join(where, ".".join(part.path)), "1", f"required: {part.says}")
        for block, items in self.blocks:
            yield from self._check_items(block, items, get(owner, block.path) or [], where)

    def _check_values(self, owner: Document, where: str, is_first: bool) -> Iterator[FieldFault]:
        for name, rules in self.rules.items():
            if value := owner.get(name):
                for rule in rules:
                    if fault := rule.check(value, is_first=is_first):
                        yield FieldFault(_join(where, name), *fault)
        for rule in self.deep:
            if (value := get(owner, rule.path)) and (fault := rule.check(value, is_first=is_first)):
                yield FieldFault(_join(where, rule.name), *fault)
        for element in self.kept:
            if (value := get(owner, element.path)) is not None and (fault := _exception_fault(element, value)):
                yield FieldFault(_join(where, ".".join(element.path)), *fault)

    def _is_given(self, element: Element, owner: Document) -> bool:
        """Whether the writer puts in what the document leaves out."""
        return bool(element.default) and get(owner, element.path) is None

    def _check_items(self, block: Block, rules: ObjectRules, items: list[Any], where: str) -> Iterator[FieldFault]:
        path = _join(where, ".".join(block.path))
        for number, item in enumerate(items):
            if block.is_plain:
                for rule in rules.rules.get("", ()):
                    if item and (fault := rule.check(item, is_first=not number)):
                        yield FieldFault(f"{path}[{number}]", *fault)
            elif item:
                yield from rules.check(item, f"{path}[{number}]", is_first=not number)


def _exception_fault(element: Element, value: str) -> tuple[str, str] | None:
    """What is wrong with a field that only holds what a file had otherwise than the guide."""
    if element.usage == "N":
        return NOT_USED
    return ("7", f"the guide has {element.codes[0]} here") if value != element.codes[0] else None


class RowRules:
    """The rules for one row of a loop."""

    def __init__(self, row: SegmentRow, *, is_always: bool) -> None:
        self.row = row
        self.paths = paths(row)
        self.is_always = is_always
        self.rules = ObjectRules(row.parts)

    def is_there(self, owner: Document) -> bool:
        """Whether the document has something of this row."""
        if self.is_always:
            return True
        inner = get(owner, self.row.path)
        if self.row.is_list:
            return bool(inner)
        return inner is not None and any(has(inner, path) for path in self.paths)

    def check(self, owner: Document, where: str) -> Iterator[FieldFault]:
        """The faults of a row that is there."""
        path = _join(where, ".".join(self.row.path))
        if not self.row.is_list:
            yield from self.rules.check(get(owner, self.row.path), path)
            yield from self._length(owner, where)
            return
        items = get(owner, self.row.path)
        if 0 < self.row.repeat < len(items):
            yield FieldFault(path, "repeat", f"more than {self.row.repeat}")
        for number, item in enumerate(items):
            yield from self.rules.check({"": item} if self.row.is_plain else item, f"{path}[{number}]")

    def _length(self, owner: Document, where: str) -> Iterator[FieldFault]:
        for block, _ in self.rules.blocks:
            segments = self.row.repeat - bool(self.row.leads) if self.row.is_flat else 1
            most = block.count * segments + bool(self.row.leads)
            if 0 < most < len(get(owner, (*self.row.path, *block.path)) or ()):
                yield FieldFault(_join(where, ".".join((*self.row.path, *block.path))), "repeat", f"more than {most}")

    def lack(self, where: str) -> FieldFault:
        """What to say where a required row is not there."""
        path = (*self.row.path, *(self.paths[0] if self.paths and not self.row.is_plain else ()))
        return FieldFault(_join(where, ".".join(path)), "1", f"required: {self.row.says}")


class LoopRules:
    """The rules for one loop and those inside it."""

    def __init__(self, guide: Guide, loop: Loop) -> None:
        self.loop = loop
        is_top = bool(loop.level) or loop is guide.claim or loop is guide.root
        rows = loop.segments[1 if loop.level else 0 :]
        self.groups: list[list[RowRules]] = []
        for number, row in enumerate(rows):
            rules = RowRules(row, is_always=number == 0 and not is_top and not row.is_alternative)
            if row.is_alternative:
                self.groups[-1].append(rules)
                self.groups[-1][0].is_always = False
            else:
                self.groups.append([rules])
        children = [guide.loops[name] for name in loop.children]
        self.children = [LoopRules(guide, child) for child in children if not child.level and child is not guide.claim]
        self.names = frozenset(path[:1] for group in self.groups for row in group for path in _tops(row))

    def check(self, owner: Document, where: str) -> Iterator[FieldFault]:
        """The faults of one occurrence of the loop."""
        for group in self.groups:
            there = [row for row in group if row.is_there(owner)]
            if len(there) > 1:
                there = _fitting(there, owner, group)
            if len(there) > 1:
                yield FieldFault(
                    _join(where, ".".join(there[-1].paths[0])), "exclusive", "only one of these may be there"
                )
            for row in there:
                yield from row.check(owner, where)
            if not there and group[0].row.usage == "R":
                yield group[0].lack(where)
        for child in self.children:
            yield from child.check_all(owner, where)

    def check_all(self, owner: Document, where: str) -> Iterator[FieldFault]:
        """The faults of all occurrences of the loop in the object around it."""
        path = _join(where, ".".join(self.loop.path))
        found = get(owner, self.loop.path)
        if not found:
            if self.loop.usage == "R":
                yield FieldFault(path, "1", f"required: {self.loop.says}")
        elif self.loop.is_list:
            if 0 < self.loop.repeat < len(found):
                yield FieldFault(path, "repeat", f"more than {self.loop.repeat}")
            for number, item in enumerate(found):
                yield from self.check(item, f"{path}[{number}]")
        else:
            yield from self.check(found, path)


def _tops(row: RowRules) -> list[Path]:
    return [row.row.path] if row.row.path else row.paths


def _fitting(there: list[RowRules], owner: Document, group: list[RowRules]) -> list[RowRules]:
    """Of rows that share fields, such as a person and an organization, the one that has all that is there."""
    every = {path for row in group for path in row.paths if has(owner, path)}
    fitting = [row for row in there if every <= set(row.paths)]
    return fitting[:1] or there


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where and name else where or name


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
        faults = shape_faults(document, self.tree)
        if any(fault.code == "shape" for fault in faults):
            return faults
        document = without_nulls(document)
        if document.get("type") != self.guide.type:
            faults.append(FieldFault("type", "7", f"this guide is for {self.guide.type} claims"))
        faults.extend(self.header.check(document, ""))
        for rules, level in self.levels:
            if level.usage == "R" or any(get(document, child.loop.path) is not None for child in rules.children):
                faults.extend(rules.check(document, ""))
        faults.extend(self.claim.check(document, ""))
        return list(dict.fromkeys(faults))


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
