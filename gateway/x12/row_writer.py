"""From fields of a document to segments: a row of the guide, compiled to flat plans.

The mirror of `row_reader`. Documents have been checked for their shape before (`fields.shape_faults`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.x12.formats import Cache, DateWriter, writer
from gateway.x12.guide import Block, Element, Path, SegmentRow
from gateway.x12.paths import Document, get, has
from gateway.x12.row_reader import paths, runs
from gateway.x12.writer import Joined

_DATES = DateWriter()


class Unwritable(ValueError):
    """A value that cannot stand on the wire; `path` from the segment's object."""

    def __init__(self, path: Path) -> None:
        super().__init__(".".join(path))
        self.path = path


class Out:
    """The segments of a claim while they are made."""

    __slots__ = ("component", "joints", "segments", "supplied")

    def __init__(self, component: str, supplied: dict[str, str] | None = None) -> None:
        self.component = component
        self.joints = 0  # component separators put in
        self.segments: list[list[str]] = []
        self.supplied = supplied or {}


Write = Callable[[Document, Out, int], None]


class OutLayout:
    """How the positions of one list of texts are filled from an object."""

    __slots__ = ("blocks", "composites", "dates", "deep", "is_small", "kept", "simple", "supplied", "template", "tied")

    def __init__(self, entries: list[tuple[int, Element]], size: int, head: str) -> None:
        self.template = [head, *[""] * size]
        self.simple: list[tuple[int, str, Cache | None, str]] = []
        self.deep: list[tuple[int, Path, Cache | None, str, int]] = []
        self.dates: list[tuple[int, int, Path]] = []
        self.tied: list[tuple[int, str, int]] = []
        self.supplied: list[tuple[int, str]] = []
        self.kept: list[tuple[int, Path]] = []  # constants that the document may hold otherwise
        self.blocks: list[BlockWriter] = []
        self.composites: list[tuple[int, OutLayout]] = []
        for number, (position, element) in enumerate(entries):
            after = entries[number + 1][0] if number + 1 < len(entries) else 0
            self._add(position, element, entries[number - 1] if number else None, after)
        self.is_small = not (self.deep or self.dates or self.tied or self.supplied or self.kept)

    def _add(self, position: int, element: Element, before: tuple[int, Element] | None, after: int) -> None:
        if element.is_date_qualifier or (element.usage == "N" and not element.path):
            return
        if element.role == "constant":
            if element.usage == "R":
                self.template[position] = element.codes[0]
            else:
                self.tied.append((position, element.codes[0], after))
            if element.path:
                self.kept.append((position, element.path))
        elif element.role == "supplied":
            self.supplied.append((position, element.path[0]))
        elif before is not None and before[1].is_date_qualifier:
            self.dates.append((before[0], position, element.path))
        elif len(element.path) < 2 and element.default in ("", "#"):
            name = element.path[0] if element.path else ""
            self.simple.append((position, name, writer(element.format), element.default))
        else:
            self.deep.append((position, element.path, writer(element.format), element.default, after))

    def fill(self, owner: Document, out: Out, ordinal: int) -> list[str]:
        """The list of texts, trailing empty ones left out; position 0 is the head."""
        texts = self.template[:]
        for position, name, cache, default in self.simple:
            if text := owner.get(name):
                texts[position] = text if cache is None else cache[text] or _refuse((name,))
            elif default and text is None:
                texts[position] = str(ordinal)
        for block in self.blocks:
            block.fill(owner, texts, out)
        for position, layout in self.composites:
            parts = layout.fill(owner, out, ordinal)
            if len(parts) > 1:
                out.joints += len(parts) - 2
                texts[position] = Joined(out.component.join(parts[1:]))
        if not self.is_small:
            self._fill_deep(owner, texts, out)
        while not texts[-1]:
            texts.pop()
        return texts

    def _fill_deep(self, owner: Document, texts: list[str], out: Out) -> None:
        for first, second, path in self.dates:
            if text := get(owner, path):
                texts[first], texts[second] = _DATES[text] or (_refuse(path), "")
        for position, path, cache, default, after in reversed(self.deep):
            text = get(owner, path)
            if text:
                texts[position] = text if cache is None else cache[text] or _refuse(path)
            elif text is None and default and texts[after]:
                texts[position] = default
        for position, value, after in self.tied:
            if texts[after]:
                texts[position] = value
        for position, name in self.supplied:
            texts[position] = out.supplied.get(name, "")
        if self.kept:
            self._fill_kept(owner, texts)

    def _fill_kept(self, owner: Document, texts: list[str]) -> None:
        for position, path in self.kept:
            other = owner.get(path[0]) if len(path) == 1 else get(owner, path)
            if other is not None:
                texts[position] = other


class BlockWriter:
    """Writes a list into a run of like elements or components."""

    __slots__ = ("count", "first", "is_bare", "is_plain", "item", "joins", "path", "step")

    def __init__(self, block: Block) -> None:
        self.first = block.component or block.index
        self.step, self.count, self.path = block.step, block.count, block.path
        self.is_plain = block.is_plain
        self.joins = bool(not block.component and block.elements[0].component)
        self.is_bare = self.is_plain and self.step == 1 and not self.joins and writer(block.elements[0].format) is None
        if self.joins:
            entries = [(element.component, element) for element in block.elements]
        else:
            entries = [((element.component or element.index) - self.first + 1, element) for element in block.elements]
        self.item = OutLayout(entries, max(position for position, _ in entries), "-")

    def fill(self, owner: Document, texts: list[str], out: Out) -> None:
        """Put the list of `owner` into `texts`, which grows where the list is longer than the guide's run."""
        items = get(owner, self.path)
        if not items:
            return
        if len(items) > self.count:
            _refuse((*self.path, str(self.count)))
        if self.is_bare:
            self.put(texts, self.first, items)
            return
        for number, item in enumerate(items):
            parts = self.item.fill({"": item} if self.is_plain else item, out, number + 1)[1:] if item else []
            if self.joins:
                out.joints += max(0, len(parts) - 1)
                parts = [Joined(out.component.join(parts))]
            self.put(texts, self.first + number * self.step, parts)

    def put(self, texts: list[str], at: int, parts: list[str]) -> None:
        """Set a run of texts from a position on."""
        if len(texts) < at + len(parts):
            texts.extend([""] * (at + len(parts) - len(texts)))
        texts[at : at + len(parts)] = parts


def _refuse(path: Path) -> str:
    raise Unwritable(path)


def out_layout(row: SegmentRow) -> OutLayout:
    """The layout of a row's elements."""
    last = max((_end(part) for part in row.parts), default=0)
    layout = OutLayout([(part.index, part) for part in row.elements if not part.component], last, row.id)
    inner: dict[int, list[Element | Block]] = {}
    for part in row.parts:
        if part.component:
            inner.setdefault(part.index, []).append(part)
        elif isinstance(part, Block):
            layout.blocks.append(BlockWriter(part))
    for index, parts in inner.items():
        layout.composites.append((index, _composite(parts)))
    return layout


def _end(part: Element | Block) -> int:
    if isinstance(part, Block) and not part.component:
        return part.index + part.step * part.count - 1
    return part.index


def _composite(parts: list[Element | Block]) -> OutLayout:
    last = max(part.component + (part.step * part.count - 1 if isinstance(part, Block) else 0) for part in parts)
    layout = OutLayout([(part.component, part) for part in parts if isinstance(part, Element)], last, "-")
    layout.blocks = [BlockWriter(part) for part in parts if isinstance(part, Block)]
    return layout


class RowWriter:
    """Writes one use of a segment from the object of its loop."""

    __slots__ = ("is_always", "layout", "names", "paths", "row", "write")

    def __init__(self, row: SegmentRow, *, is_always: bool = False) -> None:
        self.row = row
        self.layout = out_layout(row)
        self.paths = paths(row)
        self.names = frozenset(path[0] for path in self.paths)  # in the row's own object
        self.is_always = is_always  # it opens its loop, which is there
        if row.is_flat:
            self.write: Write = self._write_flat
        elif row.is_list:
            self.write = self._write_items
        elif row.path or (any(len(path) > 1 for path in self.paths) and not is_always):
            self.write = self._write_where_present
        else:
            self.write = self._write_object

    def tops(self) -> frozenset[str]:
        """The names in the loop's object that this row writes from."""
        return frozenset(self.row.path[:1]) or self.names

    def _write_object(self, owner: Document, out: Out, ordinal: int) -> None:
        out.segments.append(self.layout.fill(owner, out, ordinal))

    def _write_where_present(self, owner: Document, out: Out, ordinal: int) -> None:
        inner = get(owner, self.row.path)
        if inner is not None and any(has(inner, path) for path in self.paths):
            out.segments.append(self.layout.fill(inner, out, ordinal))

    def _write_items(self, owner: Document, out: Out, _: int) -> None:
        for number, item in enumerate(get(owner, self.row.path) or (), 1):
            item = {"": item} if self.row.is_plain else item
            out.segments.append(self.layout.fill(item, out, number))

    def _write_flat(self, owner: Document, out: Out, ordinal: int) -> None:
        block = self.row.blocks[0]
        items = get(owner, block.path)
        if items is None:
            return
        for run in runs(items, block.count, self.row.leads):
            inner: Any = run
            for name in reversed(block.path):
                inner = {name: inner}
            out.segments.append(self.layout.fill(inner, out, ordinal))


class Alternatives:
    """Rows of which one is written: the first that has all the fields that are there."""

    __slots__ = ("foreign", "rows", "write")

    def __init__(self, rows: list[RowWriter]) -> None:
        self.rows = rows
        every = frozenset[str]().union(*(row.names for row in rows))
        self.foreign = [every - row.names for row in rows]
        self.write: Write = self._write

    def tops(self) -> frozenset[str]:
        """The names in the loop's object that the rows write from."""
        return frozenset[str]().union(*(row.tops() for row in self.rows))

    def _write(self, owner: Document, out: Out, ordinal: int) -> None:
        for row, foreign in zip(self.rows, self.foreign, strict=True):
            if foreign.isdisjoint(owner):
                row.write(owner, out, ordinal)
                return
        raise Unwritable((next(name for name in owner if name in self.foreign[0]),))
