"""Sets of a guide table that no writer of ours makes (835, 999): each element by its row, all persons invented."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from gateway.guides import answer_guides
from gateway.x12.guide import Block, Element, Guide, Loop, SegmentRow

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -.'"  # never delimiters here
_ONCE = ("PLB", "CTX")  # pyx12 takes a second one in the same place for a fault (see the listed differences)
_HEADS = {"835": ("HP", "ST*835*0001"), "999": ("FA", "ST*999*0001*005010X231A1")}


class SetMaker:
    """Makes the segments of one set. `fullness` is the chance of each part that may be absent."""

    def __init__(self, guide: Guide, seed: int, fullness: float) -> None:
        self.guide, self.random, self.fullness = guide, Random(seed), fullness
        self.segments: list[list[str]] = []

    def wants(self) -> bool:
        return self.random.random() < self.fullness

    def loop(self, loop: Loop) -> None:
        for row in loop.segments:
            if row.id in _ONCE and self.segments and self.segments[-1][0] == row.id:
                continue
            if row.usage == "R" or row is loop.segments[0] or self.wants():
                most = 1 if row.id in _ONCE else min(row.repeat or 3, 3)
                for _ in range(self.random.randint(1, most)):
                    self.segments.append(self.row(row))
        for name in loop.children:
            child = self.guide.loops[name]
            if child.usage == "R" or self.random.random() < max(self.fullness, 0.7):
                for _ in range(1 if child.id in _ONCE else self.random.randint(1, min(child.repeat or 2, 2))):
                    self.loop(child)

    def row(self, row: SegmentRow) -> list[str]:
        """One segment that is not empty and keeps its syntax notes: made by chance until it does."""
        usual = self.fullness
        while True:
            values = self.values(row.parts)
            self.fullness = 0.5
            notes = [(note, tuple(at < len(values) and bool(values[at]) for at in note.places)) for note in row.syntax]
            if any(values) and all(note.broken(present) is None for note, present in notes):
                self.fullness = usual
                return [row.id, *values[1:]]

    def values(self, parts: Iterable[Element | Block]) -> list[str]:
        found: dict[int, str] = {}
        inner: dict[int, list[Element]] = {}
        tied: bool | None = None  # whether the qualifier before is there, where the element stands or falls with it
        for part in parts:
            if isinstance(part, Block):
                found |= self.block(part)
            elif part.component:
                inner.setdefault(part.index, []).append(part)
            elif part.usage == "R" or (self.wants() if tied is None else tied):
                found[part.index] = self.value(part)
            is_tied = isinstance(part, Element) and part.role == "constant" and part.usage == "S"
            tied = part.index in found if is_tied else None
        for index, elements in inner.items():
            if any(element.usage == "R" for element in elements) or self.wants():
                chosen = {one.component: self.value(one) for one in elements if one.usage != "S" or self.wants()}
                found[index] = ":".join(chosen.get(at, "") for at in range(1, max(chosen) + 1))
        values = [""] * (max(found, default=0) + 1)
        for index, text in found.items():
            values[index] = text
        return values

    def block(self, block: Block) -> dict[int, str]:
        found = {}
        for number in range(self.random.randint(1, block.count)):
            for element in block.elements:
                if element.usage == "R" or self.wants():
                    found[element.index + number * block.step] = self.value(element)
        return found

    def value(self, element: Element) -> str:
        form = element.format
        if element.codes:
            return self.random.choice(element.codes)
        if form.kind == "date":
            return f"{date(1960, 1, 1) + timedelta(days=self.random.randint(0, 25_000)):%Y%m%d}"
        if form.kind in ("money", "R"):
            return self.random.choice(("0", "12.5", "-8", "230.01", str(self.random.randint(1, 99_999))))
        size = self.random.randint(form.least, min(form.most, 30))
        letters = "0123456789" if form.kind in ("N0", "digits") else LETTERS
        return "".join(self.random.choice(letters) for _ in range(size)).strip().ljust(max(form.least, 1), "7")


def advice(name: str, seed: int, fullness: float) -> str:
    """One file of one set, the same for the same seed; it need not balance."""
    guide = answer_guides()[name]
    maker = SetMaker(guide, seed, fullness)
    maker.loop(guide.root)
    group, head = _HEADS[name]
    lines = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'PAYER':15}*ZZ*{'PRACTICE':15}*260302*0930*^*00501*000000001*0*T*:",
        f"GS*{group}*PAYER*PRACTICE*20260302*0930*1*X*{guide.version}",
        head,
        *("*".join(segment) for segment in maker.segments),
        f"SE*{len(maker.segments) + 2}*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]
    return "".join(f"{line}~" for line in lines)
