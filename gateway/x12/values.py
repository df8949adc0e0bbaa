"""The envelope of X12 as values: delimiters, interchange, functional group, transaction set.

A segment is a plain list of text: `[id, element 01, element 02, …]`, as split at the element separator; trailing empty
elements may be absent. A list, because millions pass through the hot loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Segment = list[str]


class Delimiters(NamedTuple):
    """The four delimiters of an interchange (ISA04+1, ISA16, ISA11, the character after ISA16)."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"  # empty: this interchange has none (ISA11 is alphanumeric or blank)
    segment: str = "~"


@dataclass(frozen=True, slots=True)
class Interchange:
    """ISA: who sends what to whom. Identifiers are stripped of their padding."""

    control_number: str  # ISA13
    sender_qualifier: str  # ISA05
    sender: str  # ISA06
    receiver_qualifier: str  # ISA07
    receiver: str  # ISA08
    usage: str  # ISA15: "P" or "T"
    date: str  # ISA09, YYMMDD
    time: str  # ISA10, HHMM
    version: str  # ISA12
    delimiters: Delimiters
    offset: int = 0  # byte offset of the ISA in the file


@dataclass(frozen=True, slots=True)
class Group:
    """GS: a functional group."""

    functional_id: str  # GS01, for example "HC"
    sender: str  # GS02
    receiver: str  # GS03
    control_number: str  # GS06
    version: str  # GS08, for example "005010X222A1"
    date: str = ""  # GS04
    time: str = ""  # GS05


@dataclass(frozen=True, slots=True)
class InterchangeAck:
    """TA1: the answer to one interchange of ours."""

    control_number: str  # TA101: our ISA13
    date: str  # TA102
    time: str  # TA103
    verdict: str  # TA104: A, E or R
    note: str  # TA105: 000 to 031
    interchange: Interchange  # the one that carries this TA1
    segment: int = 0  # ordinal in the file, ISA = 1
    offset: int = 0
