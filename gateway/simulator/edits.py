"""What a clearinghouse checks in a claim before it passes it on, each finding as the verdict of its 277CA."""

from __future__ import annotations

from decimal import Decimal

from gateway.simulator.received import Claim
from gateway.simulator.verdicts import StatusVerdict

_VOID_OR_REPLACEMENT = {"7", "8"}


def first_finding(claim: Claim, today: str) -> StatusVerdict | None:
    """The first edit that the claim fails, or None. `today` is CCYYMMDD."""
    if sum((line.charge for line in claim.lines), Decimal(0)) != claim.charge:
        return _rejected("A8", "178", text="CLAIM TOTAL IS NOT THE SUM OF ITS LINES")
    if claim.charge < 0:
        return _rejected("A7", "178")
    if claim.billing.qualifier == "XX" and not npi_is_valid(claim.billing.id):
        return _rejected("A7", "562", "85")
    if not claim.payer.id:
        return _rejected("A6", "153", "PR")
    if not claim.subscriber.id:
        return _rejected("A6", "164", "IL")
    return _frequency(claim) or _dates(claim, today)


def _frequency(claim: Claim) -> StatusVerdict | None:
    if claim.frequency in _VOID_OR_REPLACEMENT and not claim.original_number:
        return _rejected("A6", "464")
    if claim.frequency == "1" and claim.original_number:
        return _rejected("A8", "464")
    return None


def _dates(claim: Claim, today: str) -> StatusVerdict | None:
    if claim.predetermination:
        return None
    if not claim.first_day:
        return _rejected("A6", "187")
    if claim.first_day > today or claim.last_day < claim.first_day:
        return _rejected("A7", "187")
    return None


def _rejected(category: str, status: str, entity: str = "", text: str = "") -> StatusVerdict:
    return StatusVerdict("reject", category=category, status=status, entity=entity, text=text)


def npi_is_valid(npi: str) -> bool:
    """Ten digits, the first 1 or 2, Luhn over 80840 and the number (which adds 24)."""
    if len(npi) != 10 or not (npi.isascii() and npi.isdigit()) or npi[0] not in "12":
        return False
    total = 24
    for index, digit in enumerate(reversed(npi)):
        doubled = int(digit) * (2 if index % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
