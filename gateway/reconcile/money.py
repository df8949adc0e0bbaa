"""The money of a claim: a pure fold over the remitted claims of all its payers, in any order of arrival.

charge = paid + patient_responsibility + contractual + denied + other_adjustments + open, always and in cents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.claims.history import LiveVersion
from gateway.claims.life import VOID, Adjudication
from gateway.reconcile.bills import Bill, answered_version, bills_of, of_bill
from gateway.reconcile.payers import Leg, legs_of, plain_leg
from gateway.reconcile.posted import (
    FORWARDED_ONLY,
    POSTS_NOTHING,
    PREDETERMINED,
    REVERSAL,
    SENT_ON,
    Paired,
    PostedClaim,
    pair,
)

_NONE: frozenset[str] = frozenset()


class Amounts(NamedTuple):
    """The seven amounts of a claim in cents."""

    charge: int = 0
    paid: int = 0
    patient_responsibility: int = 0
    contractual: int = 0
    denied: int = 0
    other_adjustments: int = 0
    open: int = 0


class PayerMoney(NamedTuple):
    """What one payer did, in cents; not a part of the claim's amounts, since later payers repeat earlier ones."""

    payer_key: str
    responsibility: str  # SBR01, or what CLP02 makes of it: P, S, T, A…; empty where unknown
    paid: int  # of all its remitted claims, reversals too
    patient_responsibility: int
    contractual: int
    denied: int
    other_adjustments: int
    prior_payer: int
    forwarded: int
    standing: tuple[int, ...]  # ids of the remitted claims whose adjustments these are


class Money(NamedTuple):
    """The money of a claim, and what its life asks about the remittances. Ids are of remitted claims."""

    amounts: Amounts
    legs: tuple[Leg, ...] = ()  # in COB order; a payer of several bills has one a bill
    standing: tuple[int, ...] = ()
    reversed: tuple[int, ...] = ()
    awaiting: tuple[int, ...] = ()  # reversals that wait for their original: not this claim's money yet
    adjudication: Adjudication = Adjudication()

    @property
    def payers(self) -> tuple[PayerMoney, ...]:
        """What each payer did, in COB order."""
        return tuple(map(_payer_money, self.legs))


def fold_money(versions: Sequence[LiveVersion], posted: Sequence[PostedClaim]) -> Money:
    """The money of a claim by its versions that count (by number, never empty) and its posted remitted claims."""
    if not posted and len(versions) == 1 and versions[0].version.frequency != VOID:
        charge = versions[0].version.charge
        return Money(Amounts(charge=charge, open=charge))
    if len(posted) == 1 and len(versions) == 1 and is_plain(versions[0].version.frequency, posted[0].status):
        return _fold_plain(versions[0], posted[0])
    return fold_in_full(versions, posted)


def fold_in_full(versions: Sequence[LiveVersion], posted: Sequence[PostedClaim]) -> Money:
    """The same without the short ways, for tests too."""
    paired = pair(posted)
    bills = bills_of(versions)
    folded = [_fold_bill(bill, of_bill(bill, bills, paired)) for bill in bills]
    money = folded[0] if len(folded) == 1 else _sum(folded)
    return _complete(money, versions, posted, paired)


# ── one version, paid once ───────────────────────────────────────────────────────────────────────────────────────────


class Decided(Protocol):
    """What the short way reads of a remitted claim; amounts in cents."""

    @property
    def status(self) -> str: ...
    @property
    def paid(self) -> int: ...
    @property
    def patient_responsibility(self) -> int: ...
    @property
    def contractual(self) -> int: ...
    @property
    def denied(self) -> int: ...
    @property
    def other(self) -> int: ...
    @property
    def prior_payer(self) -> int: ...
    @property
    def forwarded(self) -> int: ...
    @property
    def duplicate_denial(self) -> bool | int: ...


def is_plain(frequency: str, status: str) -> bool:
    """Whether the only version (its CLM05-3) and its only remitted claim (its CLP02) take the short way."""
    return frequency != VOID and status != REVERSAL and status not in POSTS_NOTHING


def plain_amounts(charge: int, one: Decided) -> tuple[Amounts, frozenset[str]]:
    """The amounts and flags of such a claim."""
    # No other payer's remittance is there, which prior_payer could repeat.
    paid, patient, contractual, denied = one.paid, one.patient_responsibility, one.contractual, one.denied
    other = one.other + one.prior_payer
    left = charge - paid - patient - contractual - denied - other
    amounts = Amounts(charge, paid, patient, contractual, denied, other, left)
    forwarded = one.status in SENT_ON or one.forwarded
    if left >= 0 and not forwarded and not one.duplicate_denial:
        return amounts, _NONE
    said = {"credit": left < 0, "forwarded": forwarded, "duplicate_suspected": one.duplicate_denial}
    return amounts, frozenset([flag for flag, holds in said.items() if holds])


def plain_adjudication(number: int, paid: int, denied: int, recorded_at: str, flags: frozenset[str]) -> Adjudication:
    """What its life asks about the remittance; `number` is that of the version."""
    return Adjudication(1, 1, False, False, False, number, paid, denied, False, recorded_at, flags)


def _fold_plain(version: LiveVersion, one: PostedClaim) -> Money:
    """What `fold_in_full` makes of the claim that nearly every claim is, at a fraction of its price."""
    amounts, flags = plain_amounts(version.version.charge, one)
    life = plain_adjudication(version.version.number, amounts.paid, amounts.denied, one.recorded_at, flags)
    return Money(amounts, (plain_leg(version, one),), (one.id,), (), (), life)


# ── one bill ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fold_bill(bill: Bill, paired: Paired) -> Money:
    legs = legs_of(bill, paired)
    standing = [leg for leg in legs if leg.standing]
    paid = sum(leg.paid for leg in legs)
    void = _is_void(bill)
    voided = void and paid == 0 and (_newest_delivered(bill).accepted or (bool(paired.pairs) and not standing))
    amounts, flags = (Amounts(), set[str]()) if voided else _amounts(_charge(bill, standing), paid, standing)
    if void and not voided:
        flags.add("void_sent")
    if standing and any(one.status in SENT_ON or one.forwarded for one in standing[-1].standing):
        flags.add("forwarded")
    return Money(
        amounts=amounts,
        legs=tuple(legs),
        standing=tuple(one.id for leg in standing for one in leg.standing),
        reversed=tuple(original.id for _, original in paired.pairs),
        adjudication=Adjudication(
            remitted=len(paired.unreversed) + 2 * len(paired.pairs),
            standing=sum(len(leg.standing) for leg in standing),
            reversed=bool(paired.pairs),
            voided=voided,
            flags=frozenset(flags),
        ),
    )


def _is_void(bill: Bill) -> bool:
    return any(one.delivered for one in bill) and _newest_delivered(bill).version.frequency == VOID


def _newest_delivered(bill: Bill) -> LiveVersion:
    return next(one for one in reversed(bill) if one.delivered)


def _charge(bill: Bill, standing: Sequence[Leg]) -> int:
    """Of the newest version that a standing remittance answers, else of the newest that is no void."""
    answered = [leg.answered for leg in standing if leg.answered is not None]
    if answered:
        return max(answered, key=lambda version: version.number).charge
    asking = [one for one in bill if one.version.frequency != VOID] or bill
    return asking[-1].version.charge


def _amounts(charge: int, paid: int, standing: Sequence[Leg]) -> tuple[Amounts, set[str]]:
    """The amounts of one bill, and `credit` where more was paid and adjusted than was charged."""
    if len(standing) > 1:
        return _amounts_of_several(charge, paid, standing)
    amounts = Amounts(charge=charge, paid=paid, open=charge - paid)
    if standing:
        leg = standing[0]
        parts = {
            "patient_responsibility": leg.sum("patient_responsibility"),
            "contractual": leg.sum("contractual"),
            "denied": leg.sum("denied"),
            # No other payer's remittance is there, which prior_payer could repeat.
            "other_adjustments": leg.sum("other") + leg.sum("prior_payer"),
        }
        amounts = Amounts(charge=charge, paid=paid, **parts, open=charge - paid - sum(parts.values()))
    return amounts, {"credit"} if amounts.open < 0 else set()


def _amounts_of_several(charge: int, paid: int, standing: Sequence[Leg]) -> tuple[Amounts, set[str]]:
    """Payments add up; what is left is as the last payer says; `contractual` is the rest of the charge."""
    *earlier, last = standing
    patient = last.sum("patient_responsibility")
    # What the first payer here repeats was done by payers whose remittance is not in the store.
    other = last.sum("other") + standing[0].sum("prior_payer")
    contractual_before = sum(leg.sum("contractual") for leg in earlier)
    denied = min(last.sum("denied"), max(0, charge - paid - patient - contractual_before))
    undecided = last.sum("forwarded")
    rest = charge - paid - patient - denied - other - undecided
    amounts = Amounts(
        charge=charge,
        paid=paid,
        patient_responsibility=patient,
        contractual=max(rest, 0),
        denied=denied,
        other_adjustments=other,
        open=undecided + min(rest, 0),
    )
    return amounts, {"credit"} if rest < 0 else set()


def _payer_money(leg: Leg) -> PayerMoney:
    return PayerMoney(
        payer_key=leg.payer_key,
        responsibility=leg.responsibility,
        paid=leg.paid,
        patient_responsibility=leg.sum("patient_responsibility"),
        contractual=leg.sum("contractual"),
        denied=leg.sum("denied"),
        other_adjustments=leg.sum("other"),
        prior_payer=leg.sum("prior_payer"),
        forwarded=leg.sum("forwarded"),
        standing=tuple(one.id for one in leg.standing),
    )


# ── the whole claim ──────────────────────────────────────────────────────────────────────────────────────────────────


def _sum(bills: Sequence[Money]) -> Money:
    """The bills of one claim together; it is voided once all of them are."""
    lives = [one.adjudication for one in bills]
    return Money(
        amounts=Amounts(*map(sum, zip(*(one.amounts for one in bills), strict=True))),
        legs=tuple(leg for one in bills for leg in one.legs),
        standing=tuple(id_ for one in bills for id_ in one.standing),
        reversed=tuple(id_ for one in bills for id_ in one.reversed),
        adjudication=Adjudication(
            remitted=sum(life.remitted for life in lives),
            standing=sum(life.standing for life in lives),
            reversed=any(life.reversed for life in lives),
            voided=all(life.voided for life in lives),
            flags=frozenset().union(*(life.flags for life in lives)),
        ),
    )


def _complete(money: Money, versions: Sequence[LiveVersion], posted: Sequence[PostedClaim], paired: Paired) -> Money:
    """Adds what is said of the claim as a whole."""
    flags = set(money.adjudication.flags)
    elsewhere = _is_elsewhere(money, paired)
    if elsewhere:
        flags.add("forwarded")
    if paired.awaiting:
        flags.add("awaiting_pair")
    if any(one.duplicate_denial for one in paired.unreversed):
        flags.add("duplicate_suspected")
    answers = [one for one in paired.unreversed if one.status != FORWARDED_ONLY]
    answers += [original for _, original in paired.pairs]
    life = money.adjudication._replace(
        predetermined=any(one.status == PREDETERMINED for one in paired.unreversed),
        elsewhere=elsewhere,
        answered=max((answered_version(one, versions).number for one in answers), default=0),
        paid=money.amounts.paid,
        denied=money.amounts.denied,
        last_recorded_at=max((one.recorded_at for one in posted), default=""),
        flags=frozenset(flags),
    )
    return money._replace(awaiting=tuple(one.id for one in paired.awaiting), adjudication=life)


def _is_elsewhere(money: Money, paired: Paired) -> bool:
    """Whether a payer sent the claim on to another one that has not answered yet."""
    senders = {one.payer_key for one in paired.unreversed if one.status == FORWARDED_ONLY}
    if not senders:
        return False
    answered = {leg.payer_key for leg in money.legs if leg.standing}
    return not answered - senders
