"""Which adjustments denied the money of a claim: those of the denied class in what stands of its last payer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.inbound.facts import Adjustment, RemittedClaim
from gateway.reconcile.classes import DENIED, PATIENT, Classes


class Denied(NamedTuple):
    """Money that one reason denied. Without group and reason: what later payers' money or other rules made of it."""

    group: str
    reason: str
    cents: int
    remarks: tuple[str, ...]  # of the line, else of the claim
    procedure: str  # as billed: SVC06, else SVC01; empty at claim level


def denied_parts(claim: RemittedClaim, classes: Classes) -> Iterator[Denied]:
    """The denied adjustments of one remitted claim, by the rules of `classes`."""
    patient = 0
    for line in claim.lines:
        said = list(_classed(claim, line.adjustments, classes))
        left = sum(one.cents for one, kind in said if kind == PATIENT)
        patient += left
        nothing = line.paid == 0 and left == 0
        for one, kind in said:
            if kind == DENIED or (not kind and nothing):
                remarks = line.remarks or claim.remarks
                yield Denied(one.group, one.reason, one.cents, remarks, line.submitted or line.procedure)
    said = list(_classed(claim, claim.adjustments, classes))
    patient += sum(one.cents for one, kind in said if kind == PATIENT)
    for one, kind in said:
        if kind == DENIED or (not kind and claim.paid == 0 and patient == 0):
            yield Denied(one.group, one.reason, one.cents, claim.remarks, "")


def _classed(
    claim: RemittedClaim, adjustments: Iterable[Adjustment], classes: Classes
) -> Iterator[tuple[Adjustment, str]]:
    """Adjustments with their class; empty where it hangs on what was paid."""
    for one in adjustments:
        if one.cents:
            yield one, classes.decided(one.group, one.reason, claim.filing_indicator, claim.status)
