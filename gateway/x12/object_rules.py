"""What the fields of one object of a canonical claim must be like by the row of the guide that they stand in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from gateway.x12.fields import FieldFault
from gateway.x12.formats import DATES, NUMBERS, Cache, Format, date_wire, writer
from gateway.x12.guide import Block, Element, Path, Syntax
from gateway.x12.paths import Document, get
from gateway.x12.remembered import Names, Remembered
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
    words = form.says()
    return "format", f"this is not {'an' if words[0] == 'a' else 'a'} {words}"


_UNSEEN: Why = ("", "")


class Narrowed(NamedTuple):
    """Of the rules for an object, those that matter where it has certain names."""

    values: list[tuple[str, ElementRule]]
    deep: list[ElementRule]
    required: list[tuple[Path, Why, bool]]
    blocks: list[BlockRules]
    has_rest: bool


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
        self.narrowed: Remembered[Narrowed] = Remembered(self._narrow)
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

    def _narrow(self, names: Names) -> Narrowed:
        """The rules that matter for an object with these names."""
        there = frozenset(names)
        rest = [element.path for element in self.kept] + [path for path, _, _ in self.inner] + self.ordinals
        rest += [path for _, _, others in self.inner for path in others]
        return Narrowed(
            [(name, rule) for name, rule in self.values if name in there],
            [rule for rule in self.deep if rule.path[0] in there],
            [one for one in self.required if one[0][0] in there or not one[2]],
            [block for block in self.blocks if block.path[0] in there],
            bool(self.notes) or any(path[0] in there for path in rest if path),
        )

    def check(self, owner: Document, found: Found) -> None:
        """Find the faults of the fields of an object that is there."""
        self.check_narrowed(self.narrowed[tuple(owner)], owner, found)

    def check_narrowed(self, rules: Narrowed, owner: Document, found: Found) -> None:
        """The same, by the rules that matter for its names."""
        values, deep, required, blocks, has_rest = rules
        for name, rule in values:
            if value := owner[name]:
                why = rule.cache.get(value, _UNSEEN)
                if why is not None and (why := rule.check(value)):
                    found.add(rule.path, why)
        if deep:
            _check_deep(deep, owner, found)
        for path, lack, has_default in required:
            value = owner.get(path[0]) if len(path) == 1 else get(owner, path)
            if not value and not (has_default and value is None):
                found.add(path, lack)
        for block in blocks:
            block.check(owner, found)
        if has_rest:
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


def _check_deep(rules: list[ElementRule], owner: Document, found: Found) -> None:
    for rule in rules:
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
