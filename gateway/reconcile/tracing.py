"""Which service line of ours a line of an 835 is about, and what the payer made of it.

By the line control number (REF*6R; the LX01 where none was sent); else by what was billed (SVC06, or SVC01 where the
code was not changed), modifiers, day and charge; else by code and day alone. What is left was added by the payer. So
lines that were bundled, unbundled or split are found again, each with the line that was billed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.claims.amounts import cents
from gateway.inbound.facts import RemittedClaim, RemittedLine

CONTROL_NUMBER, BILLED, CODE_AND_DAY = "line_control_number", "billed", "code_and_day"
BUNDLED, UNBUNDLED, SPLIT, CHANGED, ADDED = "bundled", "unbundled", "split", "changed", "added"


class OwnLine(NamedTuple):
    """A service line as we sent it."""

    number: str  # LX01
    control_number: str  # REF*6R
    code: str  # of the procedure, else of the revenue
    revenue_code: str
    modifiers: tuple[str, ...]
    charge: int
    day: str  # the first of its service


class TracedLine(NamedTuple):
    """A line of an 835 with the line of ours that it is about."""

    line: RemittedLine
    ours: OwnLine | None
    rung: str  # how it was found; empty where it was not
    made: str  # what the payer made of ours; empty where he paid what was billed


def own_lines(document: Mapping[str, Any]) -> list[OwnLine]:
    """The service lines of a claim's document."""
    return [_own(line, place) for place, line in enumerate(document.get("lines", ()), 1)]


def trace(lines: Sequence[OwnLine], claim: RemittedClaim) -> list[TracedLine]:
    """Each line of a remitted claim with ours, in the payer's order."""
    found = _by_control_number(lines, claim.lines)
    for rung, suits in ((BILLED, _is_billed), (CODE_AND_DAY, _is_code_and_day)):
        taken = {at for at, _ in found.values()}
        for place, line in enumerate(claim.lines):
            if place in found:
                continue
            fitting = [at for at, own in enumerate(lines) if suits(line, own)]
            free = [at for at in fitting if at not in taken]
            # Of several parts of one line the first takes it, and the others share it.
            if free or (fitting and rung == CODE_AND_DAY):
                at = free[0] if free else fitting[-1]
                found[place] = at, rung
                taken.add(at)
    return list(_traced(lines, claim.lines, found))


def _by_control_number(lines: Sequence[OwnLine], remitted: Sequence[RemittedLine]) -> dict[int, tuple[int, str]]:
    known = {own.number: at for at, own in enumerate(lines)} | {own.control_number: at for at, own in enumerate(lines)}
    known.pop("", None)
    named = ((place, known.get(line.control_number.strip())) for place, line in enumerate(remitted))
    return {place: (at, CONTROL_NUMBER) for place, at in named if at is not None}


def _traced(
    lines: Sequence[OwnLine], remitted: Sequence[RemittedLine], found: Mapping[int, tuple[int, str]]
) -> Iterator[TracedLine]:
    parts = Counter(at for at, _ in found.values())
    paid_as: dict[str, set[int]] = {}  # the lines of ours that the payer put under one code
    for place, (at, _) in found.items():
        paid_as.setdefault(_code(remitted[place].procedure), set()).add(at)
    for place, line in enumerate(remitted):
        if place not in found:
            yield TracedLine(line, None, "", ADDED)
            continue
        at, rung = found[place]
        is_changed = bool(line.submitted) and _code(line.submitted) != _code(line.procedure)
        made = ""
        if is_changed:
            shares = len(paid_as[_code(line.procedure)]) > 1
            made = BUNDLED if shares else UNBUNDLED if parts[at] > 1 else CHANGED
        elif parts[at] > 1:
            made = SPLIT
        yield TracedLine(line, lines[at], rung, made)


def _own(line: Mapping[str, Any], place: int) -> OwnLine:
    procedure = line.get("procedure", {})
    return OwnLine(
        number=line.get("number", "") or str(place),
        control_number=line.get("line_control_number", ""),
        code=(procedure.get("code", "") or line.get("revenue_code", "")).upper(),
        revenue_code=line.get("revenue_code", ""),
        modifiers=tuple(one.upper() for one in procedure.get("modifiers", ())),
        charge=cents(line.get("charge", "")) or 0,
        day=line.get("service_date", "")[:10],
    )


def _code(procedure: str) -> str:
    """The code of a composite such as "HC:99213:25"."""
    return [*procedure.upper().split(":"), ""][1]


def _billed_code(line: RemittedLine) -> str:
    return _code(line.submitted or line.procedure) or line.revenue_code.upper()


def _is_code_and_day(line: RemittedLine, own: OwnLine) -> bool:
    days_fit = not line.service_from or not own.day or line.service_from == own.day
    return days_fit and _billed_code(line) in {own.code, own.revenue_code} - {""}


def _is_billed(line: RemittedLine, own: OwnLine) -> bool:
    modifiers = tuple((line.submitted or line.procedure).upper().split(":")[2:6])
    return line.charge == own.charge and modifiers == own.modifiers and _is_code_and_day(line, own)
