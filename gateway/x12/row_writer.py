"""From fields of a document to segments: a row of the guide, compiled to flat plans.

The mirror of `row_reader`. Documents have been checked for their shape before (`fields.shape_faults`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.x12.formats import Cache, DateWriter, writer
from gateway.x12.guide import Block, Element, Path, SegmentRow
from gateway.x12.paths import Document, get, has
from gateway.x12.remembered import Names, Remembered
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

    __slots__ = (
        "blocks", "composites", "dates", "deep", "is_small", "kept", "narrowed", "simple", "supplied", "template",
        "tied",
    )  # fmt: skip

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
        self.narrowed: Remembered[OutLayout] = Remembered(self._narrow)
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
        return self.narrowed[tuple(owner)].run(owner, out, ordinal)

    def _narrow(self, names: Names) -> OutLayout:
        """The layout for objects with these names alone."""
        there = frozenset(names)
        made = OutLayout([], 0, self.template[0])
        made.simple = [one for one in self.simple if one[1] in there or one[3]]
        made.blocks = [one for one in self.blocks if one.path[0] in there]
        inner = [(position, layout._narrow(names)) for position, layout in self.composites]
        made.composites = [(position, layout) for position, layout in inner if len(layout.template) > 1]
        made.dates = [one for one in self.dates if one[2][0] in there]
        made.kept = [one for one in self.kept if one[1][0] in there]
        made.supplied = self.supplied
        filled = {position for position, text in enumerate(self.template) if text} | made._positions()
        for one in reversed(self.deep):
            if one[1][0] in there or (one[3] and one[4] in filled):
                made.deep.insert(0, one)
                filled |= {one[0], one[4]}
        made.tied = [one for one in self.tied if one[2] in filled]
        filled |= {one[0] for one in made.tied}
        made.template = self.template[: max(filled) + 1]
        made.is_small = not (made.deep or made.dates or made.tied or made.supplied or made.kept)
        return made

    def _positions(self) -> set[int]:
        """The positions that may be filled, but those of `deep` and `tied`."""
        found = {one[0] for part in (self.simple, self.supplied, self.kept, self.composites) for one in part}
        found |= {position for one in self.dates for position in one[:2]}
        return found.union(*(range(one.first, one.first + one.step * one.count) for one in self.blocks))

    def run(self, owner: Document, out: Out, ordinal: int) -> list[str]:
        """The same by every row of this layout, which is one for the names of the object."""
        texts = self.template[:]
        for position, name, cache, default in self.simple:
            if text := owner.get(name):
                texts[position] = text if cache is None else cache[text] or _refuse((name,))
            elif default and text is None:
                texts[position] = str(ordinal)
        for block in self.blocks:
            block.fill(owner, texts, out)
        for position, layout in self.composites:
            parts = layout.run(owner, out, ordinal)
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

    __slots__ = ("deep_paths", "is_always", "is_own", "layout", "names", "paths", "plain_names", "row", "write")

    def __init__(self, row: SegmentRow, *, is_always: bool = False) -> None:
        self.row = row
        self.layout = out_layout(row)
        self.paths = paths(row)
        self.names = frozenset(path[0] for path in self.paths)  # in the row's own object
        self.plain_names = frozenset(path[0] for path in self.paths if len(path) == 1)
        self.deep_paths = [path for path in self.paths if len(path) > 1]
        self.is_always = is_always  # it opens its loop, which is there
        self.is_own = False  # it is written from its loop's object whenever one of its names is there
        if row.is_flat:
            self.write: Write = self._write_flat
        elif row.is_list:
            self.write = self._write_items
        elif row.path or (any(len(path) > 1 for path in self.paths) and not is_always):
            self.write = self._write_where_present
        else:
            self.write, self.is_own = self._write_object, True

    def bound(self, names: tuple[str, ...]) -> Write:
        """What writes the row from an object of its loop that has these names."""
        if not self.is_own:
            return self.write
        run = self.layout.narrowed[names].run
        return lambda owner, out, ordinal: out.segments.append(run(owner, out, ordinal))

    def tops(self) -> frozenset[str]:
        """The names in the loop's object that this row writes from."""
        return frozenset(self.row.path[:1]) or self.names

    def _write_object(self, owner: Document, out: Out, ordinal: int) -> None:
        out.segments.append(self.layout.fill(owner, out, ordinal))

    def _write_where_present(self, owner: Document, out: Out, ordinal: int) -> None:
        inner = get(owner, self.row.path)
        if inner is None:
            return
        if not self.plain_names.isdisjoint(inner) or any(has(inner, path) for path in self.deep_paths):
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

    __slots__ = ("foreign", "rows")

    def __init__(self, rows: list[RowWriter]) -> None:
        self.rows = rows
        every = frozenset[str]().union(*(row.names for row in rows))
        self.foreign = [every - row.names for row in rows]

    def tops(self) -> frozenset[str]:
        """The names in the loop's object that the rows write from."""
        return frozenset[str]().union(*(row.tops() for row in self.rows))

    def bound(self, names: tuple[str, ...]) -> Write:
        """What writes the one of the rows that fits an object of the loop that has these names."""
        for row, foreign in zip(self.rows, self.foreign, strict=True):
            if foreign.isdisjoint(names):
                return row.bound(names)
        wrong = next(name for name in names if name in self.foreign[0])

        def refuse(_owner: Document, _out: Out, _ordinal: int) -> None:
            raise Unwritable((wrong,))

        return refuse
