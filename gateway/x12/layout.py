"""Reads fields of a document from one list of texts: a segment's elements, an element's components, an item of a block.

Positions count from 1. What the guide's row does not have, or cannot hold, is reported, never dropped without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gateway.x12.formats import Cache, DateReader, kept, reader
from gateway.x12.guide import Block, Element, Path, SegmentRow
from gateway.x12.paths import Document, put

_DATES = DateReader()
_HEAD = "-"  # stands at position 0, so that it is counted as the id of a segment is


class Report(Protocol):
    """Takes the faults of the segment that is being read."""

    component: str  # the component separator
    repetition: str  # the repetition separator, or empty

    def fault(self, code: str, element: str) -> None:
        """Keep one fault: its code and the element, as "03" or "05-1"."""


class Layout:
    """How the positions of one list of texts are read."""

    __slots__ = (
        "blocks",
        "composites",
        "constants",
        "dates",
        "deep",
        "defaults",
        "is_small",
        "known",
        "label",
        "simple",
        "unused",
    )

    def __init__(self, entries: list[tuple[int, Element]], label: Callable[[int], str]) -> None:
        self.label = label
        # position, value, required, position that it belongs to, where another value is kept
        self.constants: list[tuple[int, str, bool, int, Path]] = []
        self.simple: list[tuple[int, str, Cache | None]] = []
        self.deep: list[tuple[int, Path, Cache | None]] = []
        self.defaults: list[tuple[int, Path, int]] = []  # position, path, position of the value it belongs to
        self.dates: list[tuple[int, int, Path, tuple[str, ...]]] = []  # qualifier, value, path, allowed qualifiers
        self.unused: list[tuple[int, Path]] = []  # not used by the guide, but kept
        self.blocks: list[BlockReader] = []
        self.composites: list[tuple[int, Layout]] = []
        self.known = {position for position, element in entries if element.usage != "N" or element.path}
        for number, (position, element) in enumerate(entries):
            after = entries[number + 1][0] if number + 1 < len(entries) else 0
            before = entries[number - 1] if number else None
            self._add(position, element, before, after)
        self.is_small = not (self.deep or self.defaults or self.dates or self.unused)

    def _add(self, position: int, element: Element, before: tuple[int, Element] | None, after: int) -> None:
        if element.usage == "N":
            self.unused.append((position, element.path))
        elif element.role == "constant" and not element.is_date_qualifier:
            self.constants.append((position, element.codes[0], element.usage == "R", after, element.path))
        elif element.role == "value":
            if element.default:
                self.defaults.append((position, element.path, after if element.default != "#" else 0))
            if before is not None and before[1].is_date_qualifier:
                self.dates.append((before[0], position, element.path, element.format.dates))
            elif len(element.path) < 2:
                self.simple.append((position, element.path[0] if element.path else "", reader(element.format)))
            else:
                self.deep.append((position, element.path, reader(element.format)))

    def fill(self, values: list[str], owner: Document, report: Report) -> bool:
        """Read `values` (position 0 is no value) into `owner`; whether any field was found."""
        count = len(values)
        fixed = self._fixed(values, count, owner, report) if self.constants else 0
        found = 0
        for position, key, cache in self.simple:
            if position >= count:
                break
            if text := values[position]:
                found += 1
                owner[key] = text if cache is None else cache[text] or self._misfit(text, position, report)
        if not self.is_small:
            found += self._fill_deep(values, count, owner, report)
        if self.composites:
            found += self._fill_composites(values, count, owner, report)
        for block in self.blocks:
            found += block.fill(values, owner, report)
        if fixed + found != count - 1 - values.count(""):
            self._explain(values, report)
        return found > 0

    def _fixed(self, values: list[str], count: int, owner: Document, report: Report) -> int:
        """How many positions hold constants; other values are kept or reported, missing ones too."""
        fixed = 0
        for position, value, is_required, belongs, path in self.constants:
            text = values[position] if position < count else ""
            if text == value:
                fixed += 1
                if not is_required and not (belongs < count and values[belongs]):
                    report.fault("qualifier_alone", self.label(position))
            elif text or is_required or (belongs < count and values[belongs]):
                fixed += bool(text)
                self._other(text, position, path, owner, report)
        return fixed

    def _other(self, text: str, position: int, path: Path, owner: Document, report: Report) -> None:
        """Another value where the guide has a constant."""
        if path:
            put(owner, path, text)
            report.fault("qualifier_kept", self.label(position))
        else:
            report.fault("qualifier", self.label(position))

    def _fill_composites(self, values: list[str], count: int, owner: Document, report: Report) -> int:
        found = 0
        for position, layout in self.composites:
            if position < count and (text := values[position]):
                found += 1
                layout.fill([_HEAD, *text.split(report.component)], owner, report)
            elif any(constant[2] for constant in layout.constants):
                layout.fill([_HEAD], owner, report)
        return found

    def _fill_deep(self, values: list[str], count: int, owner: Document, report: Report) -> int:
        found = self._fill_unused(values, count, owner, report) if self.unused else 0
        for position, path, cache in self.deep:
            if position < count and (text := values[position]):
                found += 1
                put(owner, path, text if cache is None else cache[text] or self._misfit(text, position, report))
        for position, path, belongs in self.defaults:
            if belongs < count and values[belongs] and not (position < count and values[position]):
                if belongs:
                    put(owner, path, "")
                else:
                    report.fault("ordinal", self.label(position))
        for first, second, path, allowed in self.dates:
            qualifier = values[first] if first < count else ""
            text = values[second] if second < count else ""
            if qualifier or text:
                found += bool(qualifier) + bool(text)
                put(owner, path, self._date(qualifier, text, allowed, second, report))
        return found

    def _fill_unused(self, values: list[str], count: int, owner: Document, report: Report) -> int:
        found = 0
        for position, path in self.unused:
            if path and position < count and (text := values[position]):
                found += 1
                put(owner, path, text)
                report.fault("element_kept", self.label(position))
        return found

    def _date(self, qualifier: str, text: str, allowed: tuple[str, ...], position: int, report: Report) -> str:
        value = _DATES[qualifier, text]
        if value is None:
            report.fault("format", self.label(position))
            return kept(qualifier, text)
        if qualifier not in allowed:
            report.fault("date_format", self.label(position))
        return value

    def _misfit(self, text: str, position: int, report: Report) -> str:
        report.fault("format", self.label(position))
        return text

    def _explain(self, values: list[str], report: Report) -> None:
        """Name each element that has text and no place."""
        for position, text in enumerate(values):
            if position and text and position not in self.known:
                report.fault("element", self.label(position))


class BlockReader:
    """Reads a run of like elements or components into a list."""

    __slots__ = ("block", "count", "first", "is_bare", "is_plain", "items", "label", "path", "splits", "step")

    def __init__(self, block: Block, label: Callable[[int], str]) -> None:
        self.block, self.label = block, label
        self.first = block.component or block.index
        self.step, self.count, self.path = block.step, block.count, block.path
        self.is_plain = block.is_plain
        self.splits = bool(not block.component and block.elements[0].component)
        self.is_bare = self.is_plain and self.step == 1 and not self.splits and reader(block.elements[0].format) is None
        self.items = [self._item(number) for number in range(block.count)]

    def _item(self, number: int) -> Layout:
        start = self.first + number * self.step
        if self.splits:
            entries = [(element.component, element) for element in self.block.elements]
            return Layout(entries, lambda position: f"{start:02}-{position}")
        entries = [((element.component or element.index) - self.first + 1, element) for element in self.block.elements]
        return Layout(entries, lambda position: self.label(start + position - 1))

    def fill(self, values: list[str], owner: Document, report: Report) -> int:
        """Read the run into the list at `path`; how many positions had text."""
        run = values[self.first : self.first + self.step * self.count]
        found = len(run) - run.count("")
        if found:
            items: list[Any] = run if self.is_bare else self._items(run, report)
            while not items[-1]:
                items.pop()
            for name in self.path[:-1]:
                owner = owner.setdefault(name, {})
            owner.setdefault(self.path[-1], []).extend(items)
        return found

    def _items(self, run: list[str], report: Report) -> list[Any]:
        items: list[Any] = []
        for number in range(0, len(run), self.step):
            values = run[number : number + self.step]
            item: Document = {}
            if any(values):
                values = values[0].split(report.component) if self.splits else values
                self.items[number // self.step].fill([_HEAD, *values], item, report)
            items.append(item.get("", "") if self.is_plain else item)
        if not any(items):  # qualifiers alone
            items[-1] = {"": ""}
        return items


def segment_layout(row: SegmentRow) -> Layout:
    """The layout of a row's elements."""
    entries = [(part.index, part) for part in row.elements if not part.component]
    layout = Layout(entries, lambda position: f"{position:02}")
    inner: dict[int, list[Element | Block]] = {}
    for part in row.parts:
        if part.component:
            inner.setdefault(part.index, []).append(part)
        elif isinstance(part, Block):
            layout.blocks.append(BlockReader(part, lambda position: f"{position:02}"))
            layout.known |= set(range(part.index, part.index + part.step * part.count))
    for index, parts in inner.items():
        layout.known.add(index)
        layout.composites.append((index, _composite(index, parts)))
    return layout


def _composite(index: int, parts: list[Element | Block]) -> Layout:
    def label(position: int) -> str:
        return f"{index:02}-{position}"

    layout = Layout([(part.component, part) for part in parts if isinstance(part, Element)], label)
    for part in parts:
        if isinstance(part, Block):
            layout.blocks.append(BlockReader(part, label))
            layout.known |= set(range(part.component, part.component + part.step * part.count))
    return layout
