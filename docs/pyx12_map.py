"""Writes mappings/pyx12/: maps for the guides that pyx12 lacks, in its format, from our guide tables (`make maps`).

Names are our own words. Which data element stands where is taken from pyx12's maps of the other guides, so that its own
tables of lengths and types hold.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as Tree

from gateway.data import SHIPPED
from gateway.guides import guide
from gateway.x12.guide import Block, Element, Guide, Loop, SegmentRow

MAPS = {"837D": "837.5010.X224.A2.xml"}
_SOURCES = ("837.5010.X222.A1.xml", "837Q3.I.5010.X223.A1.xml", "837.4010.X097.A1.xml")
# Pairs of a qualifier and its value: our tables say them by the qualifier alone (`=npi_qualifier`).
_PAIRS = {"NM1": ("P0809",), "PER": ("P0304", "P0506", "P0708"), "DMG": ("P0102",)}
_TEXT = "127"  # a text of up to 50 characters: for what is not used, and what no other map has
Slots = dict[tuple[int, int], tuple[str, tuple[str, ...], str]]  # (element, component) → usage, codes, words


def target(name: str) -> Path:
    """Where the map of a guide lies."""
    return SHIPPED / "mappings" / "pyx12" / MAPS[name]


def known() -> dict[str, str]:
    """Data element by position ("CLM05-01") or composite ("CLM05"), from pyx12's maps."""
    found: dict[str, str] = {}
    for name in _SOURCES:
        for node in Tree.fromstring(files("pyx12").joinpath("map", name).read_bytes()).iter():  # noqa: S314 - our own
            if node.tag in ("element", "composite"):
                number = node.get("data_ele") or node.findtext("data_ele")
                if number:
                    found.setdefault(node.get("xid", ""), number)
    return found


class MapWriter:
    """Writes one guide."""

    def __init__(self, source: Guide) -> None:
        self.guide = source
        self.numbers = known()

    def document(self) -> str:
        """The whole map."""
        root = Tree.Element("transaction", xid="837", name=f"{self.guide.type} claims")
        interchange = self.loop(root, "ISA_LOOP", "interchange", "R", "1", ">1", "explicit")
        self.plain(interchange, "ISA", 16)
        group = self.loop(interchange, "GS_LOOP", "group", "R", "20", ">1", "explicit")
        self.plain(group, "GS", 8)
        tset = self.loop(group, "ST_LOOP", "transaction set", "R", "20", ">1", "explicit")
        self.plain(tset, "ST", 3)
        header = self.loop(tset, "HEADER", "header", "R", "100", "1", "wrapper")
        self.inside(header, self.guide.root, levels=False)
        detail = self.loop(tset, "DETAIL", "detail", "S", "200", ">1", "wrapper")
        top = self.guide.levels()[0]
        self.whole(detail, top, "10", top.usage)
        self.plain(tset, "SE", 2, position="300")
        self.plain(group, "GE", 2, position="300")
        self.plain(interchange, "IEA", 2, position="300")
        Tree.indent(root, " ")
        head = "<!-- Made by docs/pyx12_map.py (`make maps`). Changes here are lost. -->"
        return f'<?xml version="1.0"?>\n{head}\n{Tree.tostring(root, encoding="unicode")}\n'

    def loop(
        self, parent: Tree.Element, name: str, words: str, usage: str, position: str, repeat: str, kind: str = ""
    ) -> Tree.Element:
        facts = {"xid": name, "name": words, "usage": usage, "pos": position, "repeat": repeat}
        return Tree.SubElement(parent, "loop", facts | ({"type": kind} if kind else {}))

    def plain(self, parent: Tree.Element, name: str, count: int, position: str = "10") -> None:
        """A segment of the envelope, which the reader checks."""
        facts = {"xid": name, "name": name, "usage": "R", "pos": position, "max_use": "1"}
        segment = Tree.SubElement(parent, "segment", facts)
        for index in range(1, count + 1):
            usage = "S" if name == "ST" and index == 3 else "R"
            self.slot(segment, f"{name}{index:02}", index, usage, (), "")

    def whole(self, parent: Tree.Element, loop: Loop, position: str, usage: str) -> None:
        """A loop with all that is in it."""
        repeat = str(loop.repeat) if loop.repeat else ">1"
        self.inside(self.loop(parent, loop.id, loop.says or loop.id, usage, position, repeat), loop)

    def inside(self, parent: Tree.Element, loop: Loop, *, levels: bool = True) -> None:
        """The segments of a loop and the loops in it; parties in a row share a position."""
        place, previous = 0, ""
        for rows in _groups(loop.segments):
            place += 10 * (rows[0].id != previous)
            previous = rows[0].id
            self.segment(parent, rows, str(place))
        was_party = False
        for child in (self.guide.loops[name] for name in loop.children):
            if not levels and child.level:
                continue
            is_party = child.segments[0].id == "NM1"
            place += 10 * (not (is_party and was_party))
            was_party = is_party
            self.whole(parent, child, str(place), "R" if loop.id in child.required_in else child.usage)

    def segment(self, parent: Tree.Element, rows: list[SegmentRow], position: str) -> None:
        """One segment; rows in place of each other are one."""
        row = rows[0]
        facts = {"xid": row.id, "name": row.says or row.id, "usage": row.usage, "pos": position}
        segment = Tree.SubElement(parent, "segment", facts | {"max_use": str(row.repeat) if row.repeat else ">1"})
        notes = [note.kind + "".join(f"{place:02}" for place in note.places) for note in row.syntax]
        for text in (*_PAIRS.get(row.id, ()), *notes):
            Tree.SubElement(segment, "syntax").text = text
        slots = _merged([dict(_slots(one)) for one in rows])
        for index in range(1, max(index for index, _ in slots) + 1):
            name = f"{row.id}{index:02}"
            inner = {component: slot for (at, component), slot in slots.items() if at == index and component}
            if inner:
                self.composite(segment, name, index, inner)
            else:
                self.slot(segment, name, index, *slots.get((index, 0), ("N", (), "")))

    def composite(
        self, segment: Tree.Element, name: str, index: int, inner: dict[int, tuple[str, tuple[str, ...], str]]
    ) -> None:
        usage = "R" if any(slot[0] == "R" for slot in inner.values()) else "S"
        facts = {"xid": name, "data_ele": self.numbers.get(name, "C003"), "name": name, "usage": usage}
        node = Tree.SubElement(segment, "composite", facts | {"seq": f"{index:02}"})
        for at in range(1, max(inner) + 1):
            used, codes, words = inner.get(at, ("N", (), ""))
            self.slot(node, f"{name}-{at:02}", at, "R" if used == "C" else used, codes, words)

    def slot(self, parent: Tree.Element, name: str, at: int, usage: str, codes: Iterable[str], words: str) -> None:
        facts = {"xid": name, "data_ele": self.numbers.get(name, _TEXT), "name": words or name, "usage": usage}
        element = Tree.SubElement(parent, "element", facts | {"seq": f"{at:02}"})
        if codes:
            listed = Tree.SubElement(element, "valid_codes")
            for code in codes:
                Tree.SubElement(listed, "code").text = code


def _groups(rows: Iterable[SegmentRow]) -> list[list[SegmentRow]]:
    """Each row with those in place of it."""
    found: list[list[SegmentRow]] = []
    for row in rows:
        if row.is_alternative:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _slots(row: SegmentRow) -> Iterator[tuple[tuple[int, int], tuple[str, tuple[str, ...], str]]]:
    for part in row.parts:
        if isinstance(part, Block):
            yield from _items(part)
        else:
            yield (part.index, part.component), _slot(part, part.usage)


def _items(block: Block) -> Iterator[tuple[tuple[int, int], tuple[str, tuple[str, ...], str]]]:
    for number in range(block.count):
        for element in block.elements:
            is_needed = not number and block.usage == "R"
            usage = element.usage if is_needed else "S" if element.usage != "N" else "N"
            shift = number * block.step
            if block.component:
                yield (block.index, element.component + shift), _slot(element, usage, number)
            else:
                usage = element.usage if element.component and is_needed else usage
                yield (element.index + shift, element.component), _slot(element, usage, number)


def _slot(element: Element, usage: str, number: int = 0) -> tuple[str, tuple[str, ...], str]:
    codes = (not number and element.first_codes) or element.codes
    if element.is_date_qualifier:
        codes = element.format.dates
    return usage, codes, element.says


def _merged(all_slots: list[Slots]) -> Slots:
    """One set of slots that takes what any of them takes."""
    merged: Slots = {}
    for place in sorted({place for slots in all_slots for place in slots}):
        there = [slots.get(place, ("N", (), "")) for slots in all_slots]
        usages = {usage for usage, _, _ in there}
        codes = () if any(not found for usage, found, _ in there if usage != "N") else _every(there)
        words = next((text for _, _, text in there if text), "")
        merged[place] = (usages.pop() if len(usages) == 1 else "S", codes, words)
    return merged


def _every(there: list[tuple[str, tuple[str, ...], str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for _, codes, _ in there for code in codes))


def main() -> None:
    """Writes every map."""
    for name in MAPS:
        target(name).parent.mkdir(exist_ok=True)
        target(name).write_text(MapWriter(guide(name)).document(), encoding="utf-8")
        sys.stdout.write(f"mappings/pyx12/{MAPS[name]}\n")


if __name__ == "__main__":
    main()
