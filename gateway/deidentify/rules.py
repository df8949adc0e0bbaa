"""What becomes of each element: the table `mappings/deidentify.csv`, an allow-list as data.

A row names a segment, its elements (`02`, `02..04`, a component as `01-7`, components as `01-1..6`), a condition and an
action. The first row that fits decides; what no row names is replaced.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from io import StringIO
from typing import NamedTuple

from gateway.data import SHIPPED
from gateway.errors import UsageError

COLUMNS = ["segment", "element", "when", "action", "says"]
ACTIONS = frozenset(
    (
        *("keep", "short", "code", "number", "clock", "amount", "drug", "element name", "envelope"),  # may pass
        *("day", "date", "birth"),  # moved
        *("id", "last", "first", "middle", "suffix", "organization", "contact", "text"),  # replaced
        *("address", "second address", "city", "postal code"),
    )
)
UNKNOWN = "id"  # the action for what no row names
_PROVIDER = "provider "  # before an action: of a provider, kept where providers are to be kept
_PLACE = re.compile(r"(\d\d)(?:\.\.(\d\d))?(?:-(\d)(?:\.\.(\d))?)?")
_ELEMENT_CONDITION = re.compile(r"(\d\d)=(.+)")


class Rule(NamedTuple):
    """One row, for one element."""

    components: range  # from 1; empty for all of them
    party: str  # "payer", "provider", or empty for any
    elements: tuple[tuple[int, frozenset[str]], ...]  # element numbers with the codes that they must have
    action: str
    is_provider: bool  # whether it says who a provider is

    def fits(self, component: int, party: str, segment: Sequence[str]) -> bool:
        """Whether this row decides on a component (from 1) of a segment."""
        if self.components and component not in self.components:
            return False
        if self.party and self.party != party:
            return False
        return all(number < len(segment) and segment[number].strip() in codes for number, codes in self.elements)


class Rules:
    """The table, by segment and element."""

    def __init__(self, text: str, name: str = "deidentify.csv") -> None:
        self.parties: dict[str, str] = {}  # code of NM101 or N101 → payer or provider
        self._rules: dict[tuple[str, int], list[Rule]] = {}
        rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
        if next(rows, None) != COLUMNS:
            raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
        for number, cells in enumerate(rows, 2):
            if cells:
                self._add([cell.strip() for cell in cells], f"{name}: row {number}")

    def of(self, segment: str, element: int) -> Sequence[Rule]:
        """The rows on an element (from 1), the first that fits first."""
        return self._rules.get((segment, element), ())

    def _add(self, cells: list[str], where: str) -> None:
        if len(cells) != len(COLUMNS):
            raise UsageError(f"{where}: has {len(cells)} columns, not {len(COLUMNS)}")
        segment, element, when, action, _ = cells
        if segment == "party":
            self.parties |= dict.fromkeys(when.split(), element)
            return
        place = _PLACE.fullmatch(element)
        if place is None:
            raise UsageError(f"{where}: {element!r} names no element")
        first, last = int(place[1]), int(place[2] or place[1])
        components = range(int(place[3]), int(place[4] or place[3]) + 1) if place[3] else range(0)
        rule = _rule(components, when, action, where)
        for number in range(first, last + 1):
            self._rules.setdefault((segment, number), []).append(rule)


def _rule(components: range, when: str, action: str, where: str) -> Rule:
    party, elements = "", []
    for condition in filter(None, map(str.strip, when.split(";"))):
        found = _ELEMENT_CONDITION.fullmatch(condition)
        if condition in ("party=payer", "party=provider"):
            party = condition.removeprefix("party=")
        elif found:
            elements.append((int(found[1]), frozenset(found[2].split())))
        else:
            raise UsageError(f"{where}: {condition!r} is no condition")
    plain = action.removeprefix(_PROVIDER)
    if plain not in ACTIONS:
        raise UsageError(f"{where}: {action!r} is no action")
    return Rule(components, party, tuple(elements), plain, action != plain)


@cache
def shipped_rules() -> Rules:
    """The table that the gateway comes with."""
    return Rules((SHIPPED / "mappings" / "deidentify.csv").read_text(encoding="utf-8"))
