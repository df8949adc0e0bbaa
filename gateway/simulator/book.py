"""What the simulator knows of each claim, what it has told, and what that comes to: a reconciliation's other side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.simulator.received import Claim
from gateway.simulator.remittance import PaidClaim, Remittance, Sense
from gateway.simulator.scenario import Decision

_ZERO = Decimal(0)
_UNPOSTED = {"23", "25"}  # CLP02 that move no money


@dataclass(slots=True)
class Case:
    """One claim as it was received once. `state` is the last acknowledgment told, in words of `ClaimTotals.state`."""

    index: int  # over everything received, from 1
    claim: Claim
    decision: Decision
    payer_number: str = ""
    at_payer: bool = False  # the payer took it into adjudication
    duplicate: bool = False  # refused as one that is there already
    state: str = "sent"
    remits: list[PaidClaim] = field(default_factory=list)  # all told, reversals too, oldest first
    posted: list[PaidClaim] = field(default_factory=list)  # those of balanced 835s only

    @property
    def key(self) -> tuple[str, str, str]:
        """Provider, claim number and payer: what later submissions of the claim share."""
        return (self.claim.provider_key, self.claim.patient_control_number, self.claim.payer.id)

    @property
    def paid(self) -> Decimal:
        return sum((remit.paid for remit in self.remits), _ZERO)


@dataclass(frozen=True, slots=True)
class ClaimTotals:
    """What one payer told of one claim. Amounts are sums over all its remittances in balanced 835s.

    `state` is "sent", "accepted_999", "accepted_clearinghouse", "accepted_payer", "rejected_ta1", "rejected_999",
    "rejected_clearinghouse", "rejected_payer", "received_payer", "paid", "partly_paid", "denied", "zero_paid",
    "reversed", "voided" or "predetermined". A submission that was only refused as a duplicate changes nothing but
    `submissions`.
    """

    patient_control_number: str
    provider: str  # NPI, else tax id
    payer: str
    payer_number: str
    submissions: int
    state: str
    charge: Decimal
    paid: Decimal
    patient_responsibility: Decimal
    contractual: Decimal
    denied: Decimal
    other_adjustments: Decimal
    open: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything told so far. 835s sent twice count once; those that do not balance are in `unbalanced` alone."""

    claims: tuple[ClaimTotals, ...]
    remittances: int  # 835 sets that balance
    payment: Decimal  # their BPR02
    provider_adjustments: Decimal  # their PLB, with the file's sign
    foreign: Decimal  # CLP04 of claims that never were ours
    unbalanced: tuple[str, ...]  # TRN02

    def sum(self, name: str) -> Decimal:
        """The sum of one of the amounts over all claims."""
        return sum((getattr(item, name) for item in self.claims), _ZERO)

    def count(self, *states: str) -> int:
        """How many claims are in one of these states."""
        return sum(1 for item in self.claims if item.state in states)


@dataclass(slots=True)
class Book:
    """All cases and all 835s told, in order."""

    cases: list[Case] = field(default_factory=list)
    remittances: list[Remittance] = field(default_factory=list)
    foreign: Decimal = _ZERO
    _submissions: dict[tuple[str, str], int] = field(default_factory=dict)
    _by_key: dict[tuple[str, str, str], list[Case]] = field(default_factory=dict)
    _by_number: dict[tuple[str, str], Case] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        """Registers a case just received."""
        self.cases.append(case)
        self._by_key.setdefault(case.key, []).append(case)
        self._submissions[case.key[:2]] = self.submissions(case.claim) + 1

    def case(self, index: int) -> Case:
        """The case of that ordinal."""
        return self.cases[index - 1]

    def submissions(self, claim: Claim) -> int:
        """How often this claim number has come from this provider, to whichever payer."""
        return self._submissions.get((claim.provider_key, claim.patient_control_number), 0)

    def earlier(self, case: Case) -> list[Case]:
        """Cases of the same claim at the same payer that came before, oldest first."""
        return [item for item in self._by_key.get(case.key, ()) if item.index < case.index]

    def number(self, case: Case, payer_number: str) -> None:
        """Lets the payer know the case by that number too."""
        if payer_number:
            self._by_number[case.claim.payer.id, payer_number] = case

    def by_payer_number(self, payer: str, number: str) -> Case | None:
        """The newest case that this payer knows by that number, as first given or as later remitted."""
        return self._by_number.get((payer, number))

    def totals(self) -> Totals:
        """What was told so far."""
        groups: dict[tuple[str, str, str], list[Case]] = {}
        for case in self.cases:
            groups.setdefault(case.key, []).append(case)
        balanced = [item for item in self.remittances if item.balanced]
        plb = (pair.amount for item in balanced for pair in item.provider_adjustments)
        return Totals(
            claims=tuple(_claim_totals(cases) for cases in groups.values()),
            remittances=len(balanced),
            payment=sum((item.payment for item in balanced), _ZERO),
            provider_adjustments=sum(plb, _ZERO),
            foreign=self.foreign,
            unbalanced=tuple(item.trace for item in self.remittances if not item.balanced),
        )


def standing(remits: Iterable[PaidClaim], charge: Decimal) -> list[PaidClaim]:
    """The remittances that were not taken back; where they exceed the charge, the newest that fill it."""
    left: list[PaidClaim] = []
    for remit in remits:
        if remit.status == "22":
            original = _original(left, remit)
            if original:
                left.remove(original)
        elif remit.status not in _UNPOSTED:
            left.append(remit)
    kept: list[PaidClaim] = []
    for remit in reversed(left):
        if not kept or sum((item.charge for item in kept), _ZERO) + remit.charge <= charge:
            kept.append(remit)
    return kept[::-1]


def _original(left: list[PaidClaim], taken_back: PaidClaim) -> PaidClaim | None:
    """The remittance that a reversal cancels: the same payer number, the amounts if they tell, else the oldest."""
    same = [item for item in left if item.payer_number == taken_back.payer_number]
    return next((item for item in same if item.paid == -taken_back.paid), same[0] if same else None)


def _claim_totals(everything: list[Case]) -> ClaimTotals:
    cases = [case for case in everything if not case.duplicate] or everything
    newest = cases[-1]
    posted = [remit for case in cases for remit in case.posted if remit.status not in _UNPOSTED]
    answered = next((case for case in reversed(cases) if case.posted), newest)
    live = standing(posted, answered.claim.charge)
    state = _state(cases, posted, live)
    if state == "voided":
        live = []
    charge = (answered if live else newest).claim.charge if state != "voided" else _ZERO
    paid = sum((remit.paid for remit in posted), _ZERO)
    senses = {sense: _sense_total(live, sense) for sense in ("patient", "contractual", "denied", "other")}
    return ClaimTotals(
        patient_control_number=newest.claim.patient_control_number,
        provider=newest.claim.provider_key,
        payer=newest.claim.payer.id,
        payer_number=newest.payer_number,
        submissions=len(everything),
        state=state,
        charge=charge,
        paid=paid,
        patient_responsibility=senses["patient"],
        contractual=senses["contractual"],
        denied=senses["denied"],
        other_adjustments=senses["other"],
        open=charge - paid - sum(senses.values(), _ZERO),
    )


def _sense_total(remits: Iterable[PaidClaim], sense: Sense) -> Decimal:
    return sum((item.amount for remit in remits for item in remit.all_adjustments if item.sense == sense), _ZERO)


def _state(cases: list[Case], posted: list[PaidClaim], live: list[PaidClaim]) -> str:
    newest = cases[-1]
    paid = sum((remit.paid for remit in posted), _ZERO)
    if _void_is_done(newest, posted, live, paid):
        return "voided"
    if not posted:
        priced = any(remit.status == "25" for case in cases for remit in case.posted)
        return "predetermined" if priced else newest.state
    if not live:
        return "reversed"
    if _sense_total(live, "denied"):
        return "partly_paid" if paid > 0 else "denied"
    return "paid" if paid > 0 else "zero_paid"


def _void_is_done(newest: Case, posted: list[PaidClaim], live: list[PaidClaim], paid: Decimal) -> bool:
    """A void is done once the payment is taken back; where nothing was paid, once the payer has taken the void."""
    if newest.claim.frequency != "8":
        return False
    return not live if any(remit.paid for remit in posted) else newest.state == "accepted_payer" and not paid
