"""One regular expression a row, for the quick answer that a segment has no fault.

What matches has none by `row_rules`; what does not match is looked at there, so a pattern may be stricter than the
rules (text outside ASCII, leading blanks, long fractions), but never laxer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from gateway.x12.formats import CLOCK, LONG_CLOCK
from gateway.x12.guide import Block, Element, SegmentRow
from gateway.x12.values import Delimiters

_MONTH_DAY = (
    "(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DAY = f"(?:(?!0000)[0-9]{{4}}{_MONTH_DAY}|[12][0-9](?:0[48]|[2468][048]|[13579][26])0229)"
_DATES = {"D8": _DAY, "RD8": f"{_DAY}-{_DAY}", "DT": f"{_DAY}{CLOCK}", "TM": CLOCK}

Match = Callable[[str], object]


class _Part(NamedTuple):
    """One stretch of positions: what stands there, and what where nothing does."""

    there: str
    absent: str
    is_required: bool


class Patterns:
    """The patterns of a guide's rows under one set of delimiters, made as they are needed."""

    def __init__(self, delimiters: Delimiters) -> None:
        self.element = re.escape(delimiters.element)
        self.component = re.escape(delimiters.component)
        marks = {mark for mark in delimiters if mark}
        plain = "".join(re.escape(chr(code)) for code in range(33, 127) if chr(code) not in marks)
        self.solid = f"[{plain}]"
        self.text = f"[ {plain}]" if " " not in marks else self.solid
        self._made: dict[int, Match] = {}

    def match(self, row: SegmentRow) -> Match:
        """The `fullmatch` of a row's pattern, over the segment joined at its separator."""
        number = row.number
        if number in self._made:
            return self._made[number]
        made = self._made[number] = re.compile(self.pattern(row), re.ASCII).fullmatch
        return made

    def pattern(self, row: SegmentRow) -> str:
        """The pattern of a row."""
        parts: list[_Part] = []
        done = 1
        for index in sorted({part.index for part in row.parts}):
            if index < done:
                continue
            parts += [_Part("", "", False)] * (index - done)
            here = [part for part in row.parts if part.index == index]
            made, done = self._at(row, here, index)
            parts += made
        return f"{row.id}{_sequence(parts, self.element)}{self.element}*"

    def _at(self, row: SegmentRow, here: list[Element | Block], index: int) -> tuple[list[_Part], int]:
        """What stands at an element position, and the next position."""
        first = here[0]
        if first.component:
            inner = self._composite(here)
            is_required = any(part.usage == "R" for part in here)
            return [_Part(inner, "", is_required)], index + 1
        if isinstance(first, Block):
            return self._block(first, row), index + first.step * first.count
        if first.usage == "N":
            return [_Part("", "", False)], index + 1
        after = next((part for part in row.elements if part.index == index + 1 and not part.component), None)
        if after is not None and _is_pair(first):
            return [self._pair(first, after, self.element)], index + 2
        return [_Part(self._value(first, codes=first.codes), "", first.usage == "R")], index + 1

    def _composite(self, here: list[Element | Block]) -> str:
        parts: list[_Part] = []
        done = 1
        for number, part in enumerate(here):
            if part.component < done:
                continue
            parts += [_Part("", "", False)] * (part.component - done)
            done = part.component + 1
            after = here[number + 1] if number + 1 < len(here) else None
            if part.usage == "N":
                parts.append(_Part("", "", False))
            elif isinstance(part, Block):
                value = self._value(part.elements[0], codes=part.elements[0].codes)
                parts += [_Part(value, "", part.usage == "R" and not item) for item in range(part.count)]
                done = part.component + part.count
            elif isinstance(after, Element) and _is_pair(part):
                parts.append(self._pair(part, after, self.component))
                done += 1
            else:
                parts.append(_Part(self._value(part, codes=part.codes), "", part.usage in ("R", "C")))
        return _sequence(parts, self.component).removeprefix(self.component) if parts[0].is_required else (
            "(?:" + parts[0].there + ")?" + _sequence(parts[1:], self.component)
        )  # fmt: skip

    def _block(self, block: Block, row: SegmentRow) -> list[_Part]:
        items = [self._item(block, is_first=not number) for number in range(block.count)]
        if row.leads and block is row.blocks[0]:
            lead = self._item(block, is_first=True)
            others = f"{items[-1]}(?:{self.element}{items[-1]}){{0,{block.count - 1}}}"
            return [_Part(f"(?:{lead}|{others})", "", True)]
        if block.step == 1:
            return [_Part(item, "", block.usage == "R" and not number) for number, item in enumerate(items)]
        full = self._item(block, is_first=False, is_last=False)
        run = f"(?:{full}{self.element}){{0,{block.count - 1}}}{items[-1]}"
        return [_Part(run, "", block.usage == "R")]

    def _item(self, block: Block, *, is_first: bool, is_last: bool = True) -> str:
        elements = block.elements
        if not block.component and elements[0].component:
            changed = [e if not (is_first and e.first_codes) else _with_codes(e) for e in elements]
            return self._composite(list(changed))
        values = [self._value(e, codes=(is_first and e.first_codes) or e.codes + e.first_codes) for e in elements]
        parts = [_Part(value, "", e.usage == "R") for value, e in zip(values, elements, strict=True)]
        if block.step == 1:
            return parts[0].there
        if is_last:
            return _sequence(parts, self.element).removeprefix(self.element)
        return self.element.join(part.there if part.is_required else f"(?:{part.there})?" for part in parts)

    def _pair(self, first: Element, second: Element, joint: str) -> _Part:
        is_required = first.usage in ("R", "C") and second.usage in ("R", "C")
        if first.is_date_qualifier:
            both = "|".join(f"{name}{joint}{_DATES[name]}" for name in second.format.dates)
            return _Part(f"(?:{both})", joint, is_required)
        values = [self._value(element, codes=element.codes) for element in (first, second)]
        return _Part(joint.join(values), joint, is_required)

    def _value(self, element: Element, *, codes: tuple[str, ...]) -> str:
        form = element.format
        if codes:
            return f"(?:{'|'.join(re.escape(code) for code in codes)})"
        if form.kind == "date":
            return _DATES[form.dates[0]]
        if form.kind == "N0":
            return f"[0-9]{{{form.least},{form.most}}}"
        if form.kind == "clock":
            return LONG_CLOCK
        if form.kind == "digits":
            return f"[0-9]{{{form.least},{form.most}}}"
        if form.kind in ("R", "money"):
            places = range(1, min(3 if form.kind == "money" else 4, form.most))
            broken = "".join(f"|[0-9]{{1,{form.most - place}}}\\.[0-9]{{{place}}}" for place in places)
            return f"-?(?:[0-9]{{1,{form.most}}}{broken})"
        rest = f"{self.text}{{{max(form.least - 1, 0)},{form.most - 1}}}" if form.most > 1 else ""
        return f"{self.solid}{rest}{'(?<! )' if rest else ''}"


def _is_pair(element: Element) -> bool:
    """Whether an element is the qualifier of the one after it, so that neither stands alone."""
    is_tied = element.role == "constant" and element.usage == "S"
    return element.is_date_qualifier or is_tied or element.default not in ("", "#")


def _with_codes(element: Element) -> Element:
    """The element as the first item of a block has it."""
    return replace(element, codes=element.first_codes)


def _sequence(parts: list[_Part], joint: str) -> str:
    """Parts in order, each behind a separator; what is absent at the end may be left out with its separators."""
    pattern = ""
    may_end = True
    for there, absent, is_required in reversed(parts):
        inner = there if is_required else f"(?:{there}|{absent})" if there else absent
        pattern = f"{joint}{inner}{pattern}"
        may_end = may_end and not is_required
        if may_end:
            pattern = f"(?:{pattern})?"
    return pattern
