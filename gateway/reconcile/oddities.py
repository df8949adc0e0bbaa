"""What is odd about a payment that balances: lines for a person, never a bar to posting.

Sources: 005010X221A1 front matter (interest: PLB L6 repeats the AMT*I of the claims with the sign turned), loop 2100.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.inbound.elements import money
from gateway.inbound.facts import ProviderAdjustment, RemittedClaim
from gateway.reconcile.classes import Classes
from gateway.reconcile.posted import REVERSAL
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue

_INTEREST = "L6"  # PLB03-1
_NEGATIVE = "The claim's charge or payment is below zero, and CLP02 is not 22: it is posted, but as no reversal."
_OVERPAID = "The claim is paid more than it charges."
_UNKNOWN = "A reason code is in no table: its group decides. mappings/codes/adjustment_classes.csv may name it."


def odd_claims(claims: Iterable[RemittedClaim], classes: Classes, found: FaultList) -> None:
    """Adds what is odd about posted claims: amounts below zero, more paid than charged, reasons that no table has."""
    for claim in claims:
        charge, paid = claim.charge, claim.paid
        if (charge < 0 or paid < 0) and claim.status != REVERSAL:
            found.append(Issue("claim_negative", "warning", _NEGATIVE, claim.segment, None, "CLP"))
        elif paid > charge and claim.status != REVERSAL:
            found.append(Issue("claim_overpaid", "warning", _OVERPAID, claim.segment, None, "CLP", "04"))
    if classes.met_unknown:  # hardly ever, so that no adjustment is looked at twice
        for claim in claims:
            _odd_reasons(claim, classes, found)


def _odd_reasons(claim: RemittedClaim, classes: Classes, found: FaultList) -> None:
    for place, adjustments in [
        (claim.segment, claim.adjustments),
        *((one.segment, one.adjustments) for one in claim.lines),
    ]:
        if not all(classes.knows(one.reason) for one in adjustments):
            found.append(Issue("adjustment_reason_unknown", "warning", _UNKNOWN, place, None, "CAS"))


def odd_interest(adjustments: Iterable[ProviderAdjustment], interest: int, found: FaultList) -> None:
    """Adds that PLB L6 is not the interest that the claims name. `interest`: Σ AMT*I in cents."""
    named = [one for one in adjustments if one.code.strip().upper() == _INTEREST]
    outside = sum(one.cents for one in named)
    if outside + interest:
        text = f"PLB L6 moved interest of {money(-outside)}, but the claims (AMT*I) say {money(interest)}."
        found.append(Issue("interest_differs", "warning", text, named[0].segment if named else 0, None, "PLB"))
