"""Canonical claims made from a guide table: any field of it, each value as its row allows, all persons invented."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from gateway.data import guide_text
from gateway.x12.guide import Block, Element, Guide, Loop, SegmentRow
from gateway.x12.guide_table import load_guide
from gateway.x12.issues import Issue
from gateway.x12.roundtrip import RefusedClaim, neutral_envelope, read_claims, validate, write_claims
from gateway.x12.values import Delimiters

Document = dict[str, Any]
GUIDES: dict[str, Guide] = {name: load_guide(guide_text(name), name) for name in ("837P", "837I", "837D")}
AT = datetime(2026, 3, 2, 9, 30)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -.'"  # never delimiters here


class Maker:
    """Makes one document. `fullness` is the chance of each field that may be absent."""

    def __init__(self, guide: Guide, seed: int, fullness: float) -> None:
        self.guide = guide
        self.random = Random(seed)
        self.fullness = fullness
        self.ordinal = 1

    def wants(self) -> bool:
        return self.random.random() < self.fullness

    def document(self) -> Document:
        made: Document = {"type": self.guide.type}
        levels = self.guide.levels()
        tops = [self.guide.root, *levels[:-1], *([levels[-1]] if self.wants() else []), self.guide.claim]
        for top in tops:
            self.loop(top, made)
        return made

    def loop(self, loop: Loop, owner: Document) -> None:
        groups: list[list[SegmentRow]] = []
        for row in loop.segments:
            if row.is_alternative:
                groups[-1].append(row)
            else:
                groups.append([row])
        for group in groups:
            if group[0].usage == "R" or group[0] is loop.segments[0] or self.wants():
                self.row(self.random.choice(group), owner)
        for name in loop.children:
            child = self.guide.loops[name]
            if child.level or child is self.guide.claim or not (child.usage == "R" or self.wants()):
                continue
            if not child.is_list:
                self.loop(child, _object(owner, child.path))
            else:
                for number in range(self.random.randint(1, min(child.repeat or 3, 3))):
                    self.ordinal = number + 1
                    self.loop(child, _item(owner, child.path))

    def row(self, row: SegmentRow, owner: Document) -> None:
        if not row.is_list:
            made: Document = {}
            self.whole_row(row, made)
            _merge(_object(owner, row.path) if made or not row.path else owner, made)
            return
        items = []
        for _ in range(self.random.randint(1, min(row.repeat or 4, 4))):
            item: Document = {}
            self.whole_row(row, item)
            items.append(item[""] if row.is_plain else item)
        _merge(owner, _nested(row.path, items))

    def whole_row(self, row: SegmentRow, owner: Document) -> None:
        """One occurrence of a row that keeps its syntax notes: made by chance until it does."""
        usual = self.fullness
        while True:
            made: Document = {}
            self.parts(row.parts, made, row)
            texts = row_texts(row, made)
            notes = [(note, tuple(bool(texts.get(place)) for place in note.places)) for note in row.syntax]
            if all(note.broken(present) is None for note, present in notes):
                break
            self.fullness = 0.5
        self.fullness = usual
        _merge(owner, made)

    def parts(
        self, parts: Iterable[Element | Block], owner: Document, row: SegmentRow, *, is_first: bool = False
    ) -> None:
        parts = list(parts)
        done = 0
        chosen = False
        for number, part in enumerate(parts):
            if number < done:
                continue
            composite = [other for other in parts if part.component and other.index == part.index]
            wants = part.usage == "R" or not part.path or self.wants()
            if any(other.usage == "C" for other in composite):  # all or nothing, decided at the first component
                chosen = chosen if part is not composite[0] else wants
                wants = chosen and (wants or part.usage == "C")
            if isinstance(part, Block):
                if wants:
                    _merge(owner, _nested(part.path, self.block(part, row)))
            elif part.role == "value" and part.usage != "N":
                pair = [part]
                if part.default not in ("", "#"):  # a qualifier and its value
                    pair += [after for after in parts[number + 1 : number + 2] if isinstance(after, Element)]
                for element in pair if wants else ():
                    _merge(owner, _nested(element.path, self.value(element, is_first)))
                done = number + len(pair)

    def block(self, block: Block, row: SegmentRow) -> list[Any]:
        most = block.count
        if row.is_flat:
            most = min(14, block.count * (row.repeat - bool(row.leads)) + bool(row.leads))
        items = []
        for number in range(self.random.randint(1, most)):
            item: Document = {}
            self.parts(block.elements, item, row, is_first=not number)
            items.append(item[""] if block.is_plain else item)
        return items

    def value(self, element: Element, is_first: bool) -> str:
        codes = (is_first and element.first_codes) or element.codes
        if codes:
            return self.random.choice(codes)
        if element.default == "#":
            return str(self.ordinal)
        form = element.format
        if form.kind == "date":
            return self.date(self.random.choice(form.dates))
        if form.kind == "N0":
            return str(self.random.randint(1, 10 ** min(form.most, 6) - 1))
        if form.kind == "money":
            return f"{self.random.randint(-999999, 99999999) / 100:.2f}"
        if form.kind == "R":
            whole = self.random.randint(0, 10 ** min(form.most - 2, 6))
            return f"{whole}{self.random.choice(['', '', '.5', '.25'])}"
        size = self.random.randint(form.least, min(form.most, 30))
        if form.kind == "digits":
            return "".join(self.random.choice("0123456789") for _ in range(size))
        return "".join(self.random.choice(LETTERS) for _ in range(size)).strip().ljust(max(form.least, 1), "X")

    def date(self, kind: str) -> str:
        first = date(1960, 1, 1) + timedelta(days=self.random.randint(0, 25_000))
        clock = f"{self.random.randint(0, 23):02}:{self.random.randint(0, 59):02}"
        last = first + timedelta(days=self.random.randint(0, 90))
        return {"D8": f"{first}", "RD8": f"{first}/{last}", "DT": f"{first}T{clock}", "TM": clock}[kind]


def row_texts(row: SegmentRow, made: Document) -> dict[int, object]:
    """What stands at each simple element of a row, by element number."""
    return {element.index: made.get(".".join(element.path)) for element in row.elements if not element.component}


def _object(owner: Document, path: Iterable[str]) -> Document:
    for name in path:
        owner = owner.setdefault(name, {})
    return owner


def _item(owner: Document, path: tuple[str, ...]) -> Document:
    item: Document = {}
    _object(owner, path[:-1]).setdefault(path[-1], []).append(item)
    return item


def _nested(path: tuple[str, ...], value: Any) -> Document:
    for name in reversed(path):
        value = {name: value}
    return value if path else {"": value}


def _merge(owner: Document, more: Document) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            _merge(owner.setdefault(name, {}), value)
        elif isinstance(value, list):
            owner.setdefault(name, []).extend(value)
        else:
            owner[name] = value


def make(guide: Guide, seed: int, fullness: float) -> Document:
    """One document of a guide, the same for the same seed."""
    return Maker(guide, seed, fullness).document()


def recipes() -> st.SearchStrategy[tuple[int, float]]:
    """Seed and fullness of a document: from one with required fields only to one with every field."""
    return st.tuples(st.integers(0, 2**32), st.sampled_from((0.0, 0.1, 0.3, 0.6, 1.0)))


def delimiters() -> st.SearchStrategy[Delimiters]:
    """Four different delimiters that no made value holds; at times no repetition separator."""
    marks = st.lists(st.sampled_from("*:^~|>!+?;@#%&\\<{}"), min_size=4, max_size=4, unique=True)
    return st.tuples(marks, st.booleans()).map(
        lambda drawn: Delimiters(*drawn[0][:2], drawn[0][2] if drawn[1] else "", drawn[0][3])
    )


def written(documents: Iterable[Document], delimiters: Delimiters | None = None) -> tuple[bytes, list[RefusedClaim]]:
    """The documents as one file, and what was refused."""
    interchange, group = neutral_envelope(AT)
    if delimiters is not None:
        interchange = replace(interchange, delimiters=delimiters)
    out = io.BytesIO()
    refused = list(write_claims(documents, out, GUIDES, (interchange, group)))
    return out.getvalue(), refused


def read(data: bytes) -> tuple[list[Document], list[Issue]]:
    """The claims of a file, and what was found in it."""
    issues: list[Issue] = []
    return [claim.document for claim in read_claims(io.BytesIO(data), GUIDES, issues)], issues


def faults(data: bytes) -> list[Issue]:
    """What is wrong with a file by its guides."""
    return list(validate(io.BytesIO(data), GUIDES))
