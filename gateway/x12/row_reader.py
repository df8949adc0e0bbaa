"""From one segment to fields of a document: a row of the guide, compiled to flat plans.

A `Layout` reads a list of texts by position, from 1: the elements of a segment, the components of an element, or one
item of a block. What the row does not have, or cannot hold, is reported, never dropped without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gateway.x12.formats import Cache, DateReader, kept, reader
from gateway.x12.guide import Block, Element, Path, SegmentRow

Document = dict[str, Any]
# Key of an item: Y where it begins a further segment, though the one before has room left; N where it does not, though
# the item before it has a segment of its own by the guide.
NEW_SEGMENT = "new_segment"
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


def put(owner: Document, path: Path, value: object) -> None:
    """Set a value at a path, making the objects on the way."""
    for name in path[:-1]:
        owner = owner.setdefault(name, {})
    owner[path[-1]] = value


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


class RowReader:
    """Reads one use of a segment into the object of its loop."""

    __slots__ = (
        "composites",
        "is_choice",
        "is_counted",
        "kind",
        "layout",
        "leads",
        "limit",
        "marks",
        "number",
        "path",
        "size",
    )

    def __init__(self, row: SegmentRow, alternatives: list[SegmentRow], *, is_plain_opener: bool) -> None:
        self.layout = segment_layout(row)
        self.number, self.path, self.limit = row.number, row.path, row.repeat
        self.composites = {index for index, _ in self.layout.composites}
        for block in row.blocks:
            if not block.component and block.elements[0].component:
                self.composites |= set(range(block.index, block.index + block.step * block.count))
        self.size = row.blocks[0].count if row.is_flat else 0
        self.leads = row.leads
        self.is_choice = bool(alternatives)
        self.is_counted = any(element.default == "#" for element in row.elements)  # LX stands without data
        self.kind = "flat" if row.is_flat else "plain" if row.is_plain else "list" if row.is_list else "object"
        # which of its fields says, were it empty, that the segment is there
        own = [part.path for part in row.parts if part.path and (isinstance(part, Block) or not part.is_exception)]
        earlier = {path for other in alternatives for path in paths(other)}
        self.marks = (
            [path for path in own if path not in earlier] if alternatives else [] if is_plain_opener else own[:1]
        )

    def read(self, segment: list[str], owner: Document, seen: dict[int, int], report: Report) -> None:
        """Read a segment of a loop whose object is `owner`; `seen` counts the rows of this occurrence of the loop."""
        if self._is_untidy(segment, report):
            segment = self._tidy(segment, report)
        times = seen[self.number] = seen.get(self.number, 0) + 1
        if self.kind == "object":
            if times > 1:
                report.fault("segment_repeated", "")
                return
            for name in self.path:
                owner = owner.setdefault(name, {})
            found = self.layout.fill(segment, owner, report)
            if (not found or self.is_choice) and self.marks and not any(has(owner, path) for path in self.marks):
                put(owner, self.marks[0], "")
        elif self.kind == "flat":
            self._read_flat(segment, owner, times, report)
        else:
            self._read_item(segment, owner, times, report)

    def _is_untidy(self, segment: list[str], report: Report) -> bool:
        """Whether an element ends with blanks, or holds a separator where none belongs."""
        component = report.component
        joined = "\x1f".join(segment)
        if " \x1f" in joined or joined[-1:] == " " or (report.repetition and report.repetition in joined):
            return True
        if not self.composites:
            return component in joined
        inside = sum([segment[index].count(component) for index in self.composites if index < len(segment)])
        return joined.count(component) != inside or " " + component in joined

    def _read_item(self, segment: list[str], owner: Document, times: int, report: Report) -> None:
        for name in self.path[:-1]:
            owner = owner.setdefault(name, {})
        item: Document = {}
        self.layout.fill(segment, item, report)
        items = owner.setdefault(self.path[-1], [])
        items.append(item.get("", "") if self.kind == "plain" else item)
        if 0 < self.limit < times:
            report.fault("repeat", "")

    def _read_flat(self, segment: list[str], owner: Document, times: int, report: Report) -> None:
        path = self.layout.blocks[0].path
        before = len(get(owner, path) or ())
        self.layout.fill(segment, owner, report)
        items = get(owner, path)
        if items is None:
            put(owner, path, [])
        elif len(items) > before:
            self._mark(items, before, times)
        if 0 < self.limit < times:
            report.fault("repeat", "")

    def _mark(self, items: list[Document], before: int, times: int) -> None:
        """Mark the items of a segment where the segments would not begin where they do."""
        if times > 1 and _room(items[:before], self.size, self.leads):
            items[before] = {**items[before], NEW_SEGMENT: "Y"}
        if items[before].get("type") in self.leads and len(items) > before + 1:
            items[before + 1] = {**items[before + 1], NEW_SEGMENT: "N"}

    def _tidy(self, segment: list[str], report: Report) -> list[str]:
        """Without trailing blanks; a separator where no components or repeats belong is reported."""
        tidy = [segment[0]]
        for position, text in enumerate(segment[1:], 1):
            if report.component in text and position in self.composites:
                text = report.component.join([part.rstrip() for part in text.split(report.component)])
            elif report.component in text:
                report.fault("components", f"{position:02}")
            if report.repetition and report.repetition in text:
                report.fault("repetition", f"{position:02}")
            tidy.append(text.rstrip())
        return tidy


def _room(items: list[Document], size: int, leads: frozenset[str]) -> bool:
    """Whether the last segment of these items has room left."""
    last = runs(items, size, leads)[-1]
    return len(last) < size and not (len(last) == 1 and last[0].get("type") in leads)


def runs(items: list[Any], size: int, leads: frozenset[str]) -> list[list[Any]]:
    """The items of each segment: as many as it holds, one that stands alone, or up to one that begins a segment."""
    found: list[list[Any]] = [[]]
    for item in items:
        last = found[-1]
        begins = item.get(NEW_SEGMENT)
        is_after_lead = len(last) == 1 and last[0].get("type") in leads
        if last and (len(last) == size or begins == "Y" or (is_after_lead and begins != "N")):
            found.append([])
        found[-1].append(item)
    return found


def paths(row: SegmentRow) -> list[Path]:
    """The field paths of a row, from its own object; those that are rarely there last."""
    parts = [part for part in row.parts if part.path and (isinstance(part, Block) or part.role != "supplied")]
    parts.sort(key=lambda part: isinstance(part, Element) and part.is_exception)
    return list(dict.fromkeys(part.path for part in parts))


def get(owner: Document, path: Path) -> Any:
    """The value at a path, or None."""
    value: Any = owner
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def has(owner: Document, path: Path) -> bool:
    """Whether there is a value at a path, were it empty."""
    return get(owner, path) is not None
