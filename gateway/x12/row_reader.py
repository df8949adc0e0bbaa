"""From one segment to fields of a document, by a row of the guide: what it fills, how often, and what must be told."""

from __future__ import annotations

from typing import Any

from gateway.x12.guide import Block, Element, Path, SegmentRow
from gateway.x12.layout import Report, segment_layout
from gateway.x12.paths import Document, get, has, put

# Key of an item: Y where it begins a further segment, though the one before has room left; N where it does not, though
# the item before it has a segment of its own by the guide.
NEW_SEGMENT = "new_segment"


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
