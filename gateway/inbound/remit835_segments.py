"""The segments of an 835 (005010X221A1) below CLP, each read once: a remittance repeats its amounts, days, reasons and
services endlessly, so that most segments are known by their text.

A known segment is a kind, a value and an amount in cents. Kinds below ELSEWHERE are slots of a level (claim or line)
to which the value, a tuple, is added; what cannot be read is ODD, and its value the plain segment.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gateway.inbound.elements import cents, day, element
from gateway.inbound.facts import Adjustment, Party
from gateway.x12.values import Segment

# Slots of a level.
ADJUSTMENTS, REFERENCES, CONTROL_NUMBERS, DATES, AMOUNTS, QUANTITIES, PARTIES, LINE_REMARKS, CLAIM_REMARKS = range(9)
UNKNOWN = 9  # a slot to which nothing is ever added
ADJUSTED, PATIENT, OPENING, PLACE = 10, 11, 12, 14  # two sums in cents; what opened the level, and where
SLOTS = ((),) * 10
ELSEWHERE = 10
OF_PATIENT = 10  # a CAS of group PR: ADJUSTMENTS, and the amount counts for the patient too
SERVICE = 11  # SVC; value: its elements as RemittedLine has them, amount: SVC02 - SVC03, None where one is no amount
ODD = 12
CLAIM = 13  # CLP; value: the plain segment
OUTSIDE = 14  # a segment that ends the claim; value: the plain segment

GROUPS = frozenset(("CO", "PR", "OA", "PI", "CR"))
LONGEST_CAS = 20  # the name, the group, and six triples
Known = tuple[int, Any, int | None]

_MOST = 1 << 15  # segments that are remembered at a time
# Characters of a segment that may come again; a longer one hardly does. REF*6R*12 is short, a number of one line alone
# is not. No names and no numbers of claims.
_LONGEST = {
    **dict.fromkeys((ADJUSTMENTS, OF_PATIENT, SERVICE, DATES, AMOUNTS, QUANTITIES, LINE_REMARKS), 48),
    CONTROL_NUMBERS: 10,
}
_PAD = [""] * 12  # so that every element that is read exists
_NOTHING: Known = (UNKNOWN, (), None)
_new = tuple.__new__  # a named tuple at half the price of its own constructor


class KnownSegments(dict[str, Known]):
    """Segments by their text; one that is asked for is read. Safe to share."""

    def __init__(self, separator: str, component: str) -> None:
        super().__init__()
        self._separator = separator
        self._component = component

    def __missing__(self, text: str) -> Known:
        segment = text.split(self._separator)
        if segment[0] == "CLP":  # one a claim, and never the same
            return CLAIM, segment, None
        read = _READERS.get(segment[0])
        if read is None:
            return _NOTHING
        found = read(segment, self._component)
        if len(text) <= _LONGEST.get(found[0], 0):
            if len(self) >= _MOST:
                self.clear()
            self[text] = found
        return found


@lru_cache(maxsize=4)
def known_segments(separator: str, component: str) -> KnownSegments:
    """Those under two delimiters."""
    return KnownSegments(separator, component)


def _adjustments(segment: Segment, _component: str) -> Known:
    """A CAS that is as it must be; the reader tells what is wrong with another."""
    group, made, total = element(segment, 1), [], 0
    for at in range(2, len(segment), 3):
        reason, amount = segment[at], element(segment, at + 1)
        if not reason and not amount:
            continue
        value = cents(amount) if amount else None
        if value is None or not reason or group not in GROUPS:
            return ODD, segment, None
        total += value
        made.append(_new(Adjustment, (group, reason, value, element(segment, at + 2))))
    if group not in GROUPS or len(segment) > LONGEST_CAS:
        return ODD, segment, None
    return OF_PATIENT if group == "PR" else ADJUSTMENTS, tuple(made), total


def _service(segment: Segment, component: str) -> Known:
    padded = segment + _PAD
    charge, paid = cents(padded[2]), cents(padded[3] or "0")
    procedure, submitted = padded[1], padded[6]
    if component != ":":
        procedure, submitted = (one.replace(component, ":") for one in (procedure, submitted))
    value = procedure, submitted, padded[4], padded[5], padded[7], charge or 0, paid or 0
    return SERVICE, value, None if charge is None or paid is None else charge - paid


def _reference(segment: Segment, _component: str) -> Known:
    if len(segment) >= 3 and segment[1] == "6R":
        return CONTROL_NUMBERS, (segment[2],), None
    return REFERENCES, ((element(segment, 1), element(segment, 2)),), None


def _date(segment: Segment, _component: str) -> Known:
    found = day(element(segment, 2))
    return (ODD, segment, None) if found is None else (DATES, ((segment[1], found),), None)


def _amount(segment: Segment, _component: str) -> Known:
    value = cents(element(segment, 2))
    return (ODD, segment, None) if value is None else (AMOUNTS, ((segment[1], value),), None)


def _quantity(segment: Segment, _component: str) -> Known:
    return QUANTITIES, ((element(segment, 1), element(segment, 2)),), None


def _remark(segment: Segment, _component: str) -> Known:
    return LINE_REMARKS, (segment[2],) if element(segment, 2) else (), None


def _name(segment: Segment, _component: str) -> Known:
    padded = segment if len(segment) > 9 else segment + _PAD
    return PARTIES, (_new(Party, (padded[1], padded[3], padded[4], padded[8], padded[9])),), None


def _inpatient(segment: Segment, _component: str) -> Known:
    return CLAIM_REMARKS, tuple(filter(None, [*segment[5:6], *segment[20:24]])), None


def _outpatient(segment: Segment, _component: str) -> Known:
    return CLAIM_REMARKS, tuple(filter(None, segment[3:8])), None


def _outside(segment: Segment, _component: str) -> Known:
    return OUTSIDE, segment, None


_READERS: dict[str, Callable[[Segment, str], Known]] = {
    "CAS": _adjustments,
    "SVC": _service,
    "REF": _reference,
    "DTM": _date,
    "AMT": _amount,
    "QTY": _quantity,
    "LQ": _remark,
    "NM1": _name,
    "MIA": _inpatient,
    "MOA": _outpatient,
    **dict.fromkeys(("LX", "TS3", "TS2", "PLB", "SE"), _outside),
}
