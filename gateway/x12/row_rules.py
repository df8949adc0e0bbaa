"""What one segment must be like by its row of the guide: which elements it has, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from gateway.x12.guide import Block, Element, SegmentRow, Syntax
from gateway.x12.value_rules import (
    CHARACTER,
    CODE,
    COMPONENTS,
    EXCLUSIVE,
    MISSING,
    NOT_USED,
    PAIR,
    REPEATED,
    ValueFault,
    date_fault,
    wire_fault,
)
from gateway.x12.values import Delimiters

Found = tuple[str, ValueFault]  # element, as "03" or "05-1"


class Pair(NamedTuple):
    """A qualifier and its value: both are there, or neither."""

    first: int
    second: int
    allowed: tuple[str, ...]  # for a date: its formats


class RunRules:
    """The rules for one list of texts, positions from 1."""

    def __init__(
        self, entries: list[tuple[int, Element]], label: Callable[[int], str], *, is_first: bool = False
    ) -> None:
        self.label = label
        self.is_first = is_first
        self.elements = {position: element for position, element in entries if element.usage != "N"}
        self.pairs = list(_pairs(entries))
        self.dates = {pair.second for pair in self.pairs if pair.allowed}
        self.composites: dict[int, RunRules] = {}
        self.blocks: list[BlockRules] = []
        self.syntax: tuple[Syntax, ...] = ()
        self.is_required = any(element.usage == "R" for element in self.elements.values())
        self.repeat = max((element.repeat for element in self.elements.values()), default=1)  # of a composite

    def check(self, values: list[str], delimiters: Delimiters) -> Iterator[Found]:
        """The faults of a list of texts; position 0 is not looked at."""
        for position, element in self.elements.items():
            text = values[position] if position < len(values) else ""
            if text:
                yield from self._value(position, element, text, delimiters)
            elif element.usage in ("R", "C"):
                yield self.label(position), MISSING
        yield from self._pairs(values)
        yield from self.check_syntax(values)
        for position, rules in self.composites.items():
            text = values[position] if position < len(values) else ""
            if text:
                yield from rules.check_composite(self.label(position), text, delimiters)
            elif rules.is_required:
                yield self.label(position), MISSING
        for block in self.blocks:
            yield from block.check(values, delimiters)
        yield from self._others(values)

    def check_composite(self, label: str, text: str, delimiters: Delimiters) -> Iterator[Found]:
        """The faults of a composite, of each of its repetitions where it may have some."""
        texts = text.split(delimiters.repetition) if self.repeat != 1 and delimiters.repetition else [text]
        if 0 < self.repeat < len(texts):
            yield label, REPEATED
        for one in texts:
            yield from self.check(["", *one.split(delimiters.component)], delimiters)

    def check_syntax(self, values: list[str]) -> Iterator[Found]:
        """The faults by the syntax notes alone."""
        for note in self.syntax:
            present = tuple([place < len(values) and bool(values[place]) for place in note.places])
            if (place := note.broken(present)) is not None:
                yield self.label(place), EXCLUSIVE if note.kind == "E" else PAIR

    def _value(self, position: int, element: Element, text: str, delimiters: Delimiters) -> Iterator[Found]:
        if delimiters.component in text:
            yield self.label(position), COMPONENTS
        elif delimiters.repetition and delimiters.repetition in text and element.repeat == 1:
            yield self.label(position), REPEATED
        elif element.role == "constant":
            if element.codes and text not in element.codes:
                yield self.label(position), CODE
        elif position not in self.dates and (fault := wire_fault(element, text, is_first=self.is_first)):
            yield self.label(position), fault
        elif text[-1] == " " or not text.isascii():
            yield self.label(position), CHARACTER

    def _pairs(self, values: list[str]) -> Iterator[Found]:
        for first, second, allowed in self.pairs:
            qualifier = values[first] if first < len(values) else ""
            text = values[second] if second < len(values) else ""
            if bool(qualifier) != bool(text):
                position = second if qualifier else first
                if self.elements[position].usage not in ("R", "C"):
                    yield self.label(position), PAIR
            elif allowed and text and (fault := date_fault(allowed, qualifier, text)):
                yield self.label(first if fault is CODE else second), fault

    def _others(self, values: list[str]) -> Iterator[Found]:
        for position, text in enumerate(values):
            if position and text and position not in self.elements and not self._is_covered(position):
                yield self.label(position), NOT_USED

    def _is_covered(self, position: int) -> bool:
        return position in self.composites or any(position in block.span for block in self.blocks)


class BlockRules:
    """The rules for a run of like elements or components."""

    def __init__(self, block: Block, label: Callable[[int], str], leads: frozenset[str] = frozenset()) -> None:
        self.leads = leads
        self.first = block.component or block.index
        self.step, self.is_required = block.step, block.usage == "R"
        self.span = range(self.first, self.first + block.step * block.count)
        self.label = label
        self.splits = bool(not block.component and block.elements[0].component)
        self.items = [self._item(block, number) for number in range(block.count)]

    def _item(self, block: Block, number: int) -> RunRules:
        start = self.first + number * self.step
        if self.splits:
            entries = [(element.component, element) for element in block.elements]
            is_first = not number and not self.leads
            return RunRules(entries, lambda position: f"{start:02}-{position}", is_first=is_first)
        entries = [((element.component or element.index) - self.first + 1, element) for element in block.elements]
        return RunRules(entries, lambda position: self.label(start + position - 1), is_first=not number)

    def check(self, values: list[str], delimiters: Delimiters) -> Iterator[Found]:
        """The faults of the items that are there."""
        for number, rules in enumerate(self.items):
            start = self.first + number * self.step
            run = values[start : start + self.step]
            if any(run):
                parts = run[0].split(delimiters.component) if self.splits else run
                yield from self._item_faults(number, rules, parts, values, delimiters)
            elif self.is_required and not number:
                yield self.label(start), MISSING

    def _item_faults(
        self, number: int, rules: RunRules, parts: list[str], values: list[str], delimiters: Delimiters
    ) -> Iterator[Found]:
        lead = values[self.first].split(delimiters.component)[0]
        if number and lead in self.leads:
            yield self.label(self.first + number), NOT_USED
        elif not number and lead in self.leads:
            yield from rules.check(["", next(iter(rules.elements.values())).codes[0], *parts[1:]], delimiters)
        else:
            yield from rules.check(["", *parts], delimiters)


def _pairs(entries: list[tuple[int, Element]]) -> Iterator[Pair]:
    for (first, qualifier), (second, value) in pairwise(entries):
        if qualifier.is_date_qualifier:
            yield Pair(first, second, value.format.dates)
        elif (qualifier.role == "constant" and qualifier.usage == "S") or qualifier.default not in ("", "#"):
            yield Pair(first, second, ())


def row_rules(row: SegmentRow) -> RunRules:
    """The rules of a row."""

    def label(position: int) -> str:
        return f"{position:02}"

    rules = RunRules([(part.index, part) for part in row.elements if not part.component], label)
    rules.syntax = row.syntax
    inner: dict[int, list[Element | Block]] = {}
    for part in row.parts:
        if part.component:
            inner.setdefault(part.index, []).append(part)
        elif isinstance(part, Block):
            rules.blocks.append(BlockRules(part, label, row.leads))
    for index, parts in inner.items():
        rules.composites[index] = _composite(index, parts)
    return rules


def _composite(index: int, parts: list[Element | Block]) -> RunRules:
    def label(component: int) -> str:
        return f"{index:02}-{component}"

    rules = RunRules([(part.component, part) for part in parts if isinstance(part, Element)], label)
    rules.blocks = [BlockRules(part, label) for part in parts if isinstance(part, Block)]
    rules.is_required = rules.is_required or any(block.is_required for block in rules.blocks)
    return rules
