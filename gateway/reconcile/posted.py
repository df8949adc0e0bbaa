"""Posted remitted claims, as the money fold reads them, and the pairing of reversals with what they take back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

REVERSAL = "22"  # CLP02
FORWARDED_ONLY = "23"  # not this payer's claim, sent on
PREDETERMINED = "25"
POSTS_NOTHING = frozenset({FORWARDED_ONLY, PREDETERMINED})
SENT_ON = frozenset({"19", "20", "21"})  # processed, and sent on to a further payer
RANK_OF_STATUS = {"1": 1, "19": 1, "2": 2, "20": 2, "3": 3, "21": 3}  # CLP02: primary, secondary, tertiary


class PostedClaim(NamedTuple):
    """A remitted claim (CLP) that is posted and matched to the claim; amounts in cents, days as YYYY-MM-DD."""

    id: int
    remittance_id: int  # tells only whether two stand in one transaction set
    ordinal: int  # in its set
    payer_key: str
    status: str  # CLP02
    charge: int  # CLP03
    paid: int  # CLP04
    patient_responsibility: int = 0
    contractual: int = 0
    denied: int = 0
    other: int = 0
    prior_payer: int = 0
    forwarded: int = 0
    duplicate_denial: bool = False
    payer_claim_number: str = ""  # CLP07
    original_reference: str = ""  # REF*F8
    frequency: str = ""  # CLP09
    payment_date: str = ""  # BPR16
    trace_number: str = ""  # TRN02
    service_from: str = ""
    service_to: str = ""
    recorded_at: str = ""


def content_order(posted: PostedClaim) -> tuple[object, ...]:
    """Sorts by BPR16, TRN02 and CLP07, then by the rest of the content; what arrived first never counts."""
    return (
        posted.payment_date, posted.trace_number, posted.payer_claim_number, posted.charge, posted.paid,
        posted.status, posted.patient_responsibility, posted.denied, posted.contractual, posted.other,
        posted.prior_payer, posted.forwarded, posted.payer_key, posted.ordinal, posted.id,
    )  # fmt: skip


class Paired(NamedTuple):
    """What is left once reversals met their originals."""

    unreversed: tuple[PostedClaim, ...]
    pairs: tuple[tuple[PostedClaim, PostedClaim], ...]  # reversal and original
    awaiting: tuple[PostedClaim, ...]  # reversals whose original is not there


def pair(posted: Sequence[PostedClaim]) -> Paired:
    """Pairs each reversal with a remitted claim of the same payer whose CLP07 is its CLP07 or its REF*F8.

    One with the same amounts negated is preferred, then one that was paid before; the oldest first. With other amounts
    it must have been paid in another set and not later: what follows a reversal is its correction, not its original.
    """
    reversals = sorted((one for one in posted if one.status == REVERSAL), key=content_order)
    if not reversals:
        return Paired(tuple(posted), (), ())
    originals = sorted((one for one in posted if one.status != REVERSAL), key=content_order)
    partner: dict[int, PostedClaim] = {}  # by id of the reversal
    taken: set[int] = set()
    for suits in (_same_before, _same_amounts, _before):
        for reversal in reversals:
            if reversal.id in partner:
                continue
            for original in originals:
                if original.id not in taken and _names(reversal, original) and suits(reversal, original):
                    partner[reversal.id] = original
                    taken.add(original.id)
                    break
    return Paired(
        unreversed=tuple(one for one in originals if one.id not in taken),
        pairs=tuple((one, partner[one.id]) for one in reversals if one.id in partner),
        awaiting=tuple(one for one in reversals if one.id not in partner),
    )


def _names(reversal: PostedClaim, original: PostedClaim) -> bool:
    number = original.payer_claim_number
    if not number or reversal.payer_key != original.payer_key or original.status in POSTS_NOTHING:
        return False
    return number in (reversal.payer_claim_number, reversal.original_reference)


def _same_amounts(reversal: PostedClaim, original: PostedClaim) -> bool:
    return reversal.charge == -original.charge and reversal.paid == -original.paid


def _same_before(reversal: PostedClaim, original: PostedClaim) -> bool:
    if not _same_amounts(reversal, original):
        return False
    if original.remittance_id == reversal.remittance_id:
        return original.ordinal < reversal.ordinal
    return original.payment_date <= reversal.payment_date


def _before(reversal: PostedClaim, original: PostedClaim) -> bool:
    return original.remittance_id != reversal.remittance_id and original.payment_date <= reversal.payment_date


def total(posted: Iterable[PostedClaim], column: str) -> int:
    """The sum of one column in cents."""
    return sum(getattr(one, column) for one in posted)
