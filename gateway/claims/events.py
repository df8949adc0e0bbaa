"""What can happen to a claim: the kinds of events, the hop that speaks, and what it says. Tables, not code.

An event belongs to the narrowest thing that it speaks of: a submission, a transaction set, a batch, or the
claim itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Hop(StrEnum):
    """Who speaks, from the nearest to the furthest."""

    OWN = "own"  # our own edits
    PERSON = "person"  # a biller or an operator
    DELIVERY = "delivery"
    TA1 = "ta1"
    ACKNOWLEDGMENT = "999"  # 999 or 997
    CLEARINGHOUSE = "clearinghouse"  # 277CA whose source is an intermediary
    PAYER = "payer"  # 277CA whose source is the payer
    STATUS = "status"  # 277 in answer to an inquiry


class Verdict(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    DUPLICATE = "duplicate"  # the other side has it already: flagged, never a rejection
    PENDED = "pended"
    INFO = "info"


class Kind(NamedTuple):
    """Which hops may report an event of this kind, and with which verdicts."""

    hops: frozenset[Hop]
    verdicts: frozenset[Verdict]


def _kind(hops: set[Hop], verdicts: set[Verdict]) -> Kind:
    return Kind(frozenset(hops), frozenset(verdicts))


_YES_NO = {Verdict.ACCEPT, Verdict.REJECT}
_SAID = {Verdict.INFO}

KINDS: dict[str, Kind] = {
    # of a version, by ourselves or a person
    "imported": _kind({Hop.OWN}, _SAID),
    "held": _kind({Hop.OWN}, {Verdict.REJECT}),
    "released": _kind({Hop.PERSON}, {Verdict.ACCEPT}),
    "hold": _kind({Hop.PERSON}, {Verdict.REJECT}),
    "cancelled": _kind({Hop.PERSON}, _SAID),
    "reopened": _kind({Hop.PERSON}, _SAID),
    "closed": _kind({Hop.PERSON}, _SAID),
    # of a batch
    "sent": _kind({Hop.DELIVERY}, _SAID),
    "marked_sent": _kind({Hop.PERSON}, _SAID),
    # answers
    "ta1": _kind({Hop.TA1}, {*_YES_NO, Verdict.DUPLICATE}),
    "ack_group": _kind({Hop.ACKNOWLEDGMENT}, _YES_NO),
    "ack_set": _kind({Hop.ACKNOWLEDGMENT}, _YES_NO),
    "ack_claim": _kind({Hop.ACKNOWLEDGMENT}, _SAID),
    "status": _kind({Hop.CLEARINGHOUSE, Hop.PAYER}, {*_YES_NO, Verdict.DUPLICATE, Verdict.INFO}),
    "inquiry": _kind({Hop.STATUS}, {Verdict.PENDED, Verdict.INFO}),
    # what no file says, entered by a person; and that it was entered wrongly
    "entered": _kind({Hop.CLEARINGHOUSE, Hop.PAYER}, {*_YES_NO, Verdict.PENDED, Verdict.INFO}),
    "taken_back": _kind({Hop.PERSON}, _SAID),
    # a number that the other side gave a claim; nothing that its life hangs on
    "numbered": _kind({Hop.CLEARINGHOUSE, Hop.PAYER, Hop.STATUS}, _SAID),
}

# How far a claim has come when a hop answers; a further one implies the nearer ones. The payer answers inquiries.
DISTANCE: dict[str, int] = {
    Hop.TA1: 1,
    Hop.ACKNOWLEDGMENT: 2,
    Hop.CLEARINGHOUSE: 3,
    Hop.PAYER: 4,
    Hop.STATUS: 4,
}


def is_known(kind: str, hop: str, verdict: str) -> bool:
    """Whether an event of this kind, hop and verdict is one that the fold of a claim's life understands."""
    known = KINDS.get(kind)
    return known is not None and hop in known.hops and verdict in known.verdicts
