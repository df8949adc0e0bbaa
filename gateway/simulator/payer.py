"""The payers behind the clearinghouse: the second 277CA, adjudication, and money over several 835s.

One object stands for all payers; what they keep (claim numbers, balances carried forward) is kept by payer and payee.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from gateway.simulator.adjudication import adjudicate
from gateway.simulator.book import Book, Case, standing
from gateway.simulator.clearinghouse import Forwarded, Planned, spread_rejections
from gateway.simulator.counters import Counters
from gateway.simulator.edi import Envelope
from gateway.simulator.received import Party
from gateway.simulator.remittance import (
    Adjustment,
    PaidClaim,
    PaidLine,
    Payer,
    ProviderAdjustment,
    Remittance,
    reversal,
)
from gateway.simulator.scenario import Scenario, Stray
from gateway.simulator.status import ClaimStatus, StatusReport
from gateway.simulator.verdicts import Later, Outcome, StatusVerdict

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One CLP to be paid, and the case that it belongs to (None for a claim that never was ours)."""

    case: Case | None
    claim: PaidClaim
    left_for_now: Decimal = _ZERO  # of a reversal: what the provider may keep until later (PLB WO)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a payer will do with a case in round `due`."""

    due: int
    case: Case
    envelope: Envelope
    step: Later | None = None  # None: the first remittance
    entries: tuple[Entry, ...] = ()  # worked out already, where it is the second half of a correction


@dataclass(frozen=True, slots=True)
class Account:
    """One payer's payments to one payee."""

    payer: Payer
    payee: Party
    envelope: Envelope


@dataclass(slots=True)
class _Balance:
    """What an account carries from one 835 to the next."""

    forward: Decimal = _ZERO  # a debt carried by FB
    forward_trace: str = ""
    overpaid: list[tuple[str, Decimal]] = field(default_factory=list)  # WO, by claim, still to be taken


@dataclass(slots=True)
class Payers:
    """Holds what payers remember."""

    scenario: Scenario
    book: Book
    numbers: Counters
    tasks: list[Task] = field(default_factory=list)
    remittances: int = 0
    strays_done: set[Stray] = field(default_factory=set)
    last_account: Account | None = None
    balances: dict[tuple[str, str], _Balance] = field(default_factory=dict)

    # The acknowledgment.

    def receive(self, forwarded: Forwarded, round_now: int) -> list[Planned]:
        """Takes claims into adjudication or rejects them; one 277CA set for each payer."""
        by_payer: dict[str, list[Case]] = {}
        for case in forwarded.cases:
            by_payer.setdefault(case.claim.payer.id, []).append(case)
        plans = [self._acknowledge(forwarded, cases, round_now) for cases in by_payer.values()]
        return [plan for plan in plans if plan]

    def _acknowledge(self, forwarded: Forwarded, cases: list[Case], round_now: int) -> Planned | None:
        verdicts = [(case, self._verdict(case)) for case in cases]
        heard = [(case, verdict) for case, verdict in spread_rejections(verdicts) if verdict.verdict != "silent"]
        statuses = tuple(ClaimStatus(case.claim, verdict, self._accept(case, verdict)) for case, verdict in heard)
        for case, verdict in heard:
            case.duplicate = verdict.says_duplicate
            if verdict.goes_on:
                self._schedule(case, forwarded, round_now)
        if not heard or not self.scenario.options.payer_acknowledges:
            return None
        payer = self.payer(cases[0])
        report = StatusReport(
            hop="PR",
            source=Party(name=payer.name, qualifier="PI", id=payer.id),
            submitter=forwarded.submitter,
            batch_id=forwarded.batch_id,
            received=forwarded.received,
            claims=statuses,
            category="A2",
            status="20",
        )
        delay = next((verdict.delay for _, verdict in heard if verdict.delay is not None), self.scenario.delays.payer)
        tells = tuple((case.index, _state(verdict)) for case, verdict in heard if not verdict.says_duplicate)
        return Planned(round_now + delay, "277CA", forwarded.envelope, forwarded.stem, reports=(report,), tells=tells)

    def _verdict(self, case: Case) -> StatusVerdict:
        wanted = case.decision.payer
        if wanted.verdict in {"reject", "silent"}:
            return wanted
        claim = case.claim
        if claim.frequency in {"7", "8"} and not self.book.by_payer_number(claim.payer.id, claim.original_number):
            return StatusVerdict("reject", category="A7", status="464")
        return self._duplicate(case) or wanted

    def _duplicate(self, case: Case) -> StatusVerdict | None:
        """A claim that is in process, or was adjudicated and not denied, is refused a second time."""
        if not self.scenario.options.check_duplicates or case.claim.frequency != "1":
            return None
        for earlier in self.book.earlier(case):
            same = earlier.claim.frequency == "1" and earlier.claim.first_day == case.claim.first_day
            if same and earlier.at_payer and not earlier.remits:
                return StatusVerdict("reject", category="A3", status="78")
            if same and earlier.at_payer and standing(earlier.remits, case.claim.charge) and earlier.paid > 0:
                return StatusVerdict("reject", category="A3", status="54")
        return None

    def _accept(self, case: Case, verdict: StatusVerdict) -> str:
        """The payer's number for the claim, told on acceptance."""
        if not verdict.goes_on:
            return ""
        case.payer_number = self._next_number()
        case.at_payer = True
        self.book.number(case, case.payer_number)
        return "" if verdict.verdict == "reject" else case.payer_number

    def _next_number(self) -> str:
        return f"P{self.scenario.seed % 100:02d}{self.numbers.next('claim'):09d}"

    def _schedule(self, case: Case, forwarded: Forwarded, round_now: int) -> None:
        outcome = case.decision.remittance
        if outcome.verdict != "silent":
            delay = self.scenario.delays.remittance if outcome.delay is None else outcome.delay
            self.tasks.append(Task(round_now + delay, case, forwarded.envelope))

    # The money.

    def due(self, round_now: int) -> list[tuple[Account, list[Entry]]]:
        """What is paid in this round, by payer and payee, in the order of the cases. Schedules what follows from it."""
        accounts: dict[tuple[str, str], tuple[Account, list[Entry]]] = {}
        while ready := [task for task in self.tasks if task.due <= round_now]:
            self.tasks = [task for task in self.tasks if task.due > round_now]
            for task in sorted(ready, key=lambda item: (item.due, item.case.index)):
                account = self._account(task)
                entries = task.entries or self._work(task)
                key = _account_key(account)
                accounts.setdefault(key, (account, []))[1].extend(entries)
                self._tell(entries)
        found = [item for item in accounts.values() if item[1]]
        self._add_strays(found, round_now)
        return found

    def settle(self, account: Account, entries: Sequence[Entry]) -> Remittance:
        """The 835 for these claims: with interest, takings and balances carried, and a payment not below zero."""
        self.remittances += 1
        trace = f"EFT{self.scenario.seed % 1000:03d}{self.numbers.next('trace'):07d}"
        balance = self.balances.setdefault(_account_key(account), _Balance())
        claims = tuple(entry.claim for entry in entries)
        pairs = [*_interest(claims), *self._withheld(), *_left_for_now(entries)]
        if balance.forward:
            pairs.append(ProviderAdjustment("FB", balance.forward_trace, balance.forward))
        remittance = Remittance(
            account.payer, account.payee, trace, claims, tuple(pairs), self.scenario.options.payment
        )
        taken = _take_overpaid(balance, remittance.payment)
        balance.overpaid += [(pair.reference, -pair.amount) for pair in _left_for_now(entries)]
        remittance = replace(remittance, provider_adjustments=(*pairs, *taken))
        balance.forward, balance.forward_trace = _ZERO, ""
        if remittance.payment < 0:
            balance.forward, balance.forward_trace = -remittance.payment, trace
            carried = ProviderAdjustment("FB", trace, remittance.payment)
            remittance = replace(remittance, provider_adjustments=(*remittance.provider_adjustments, carried))
        return remittance

    def record(self, remittance: Remittance, entries: Sequence[Entry]) -> None:
        """Notes that the 835 lies in the folder."""
        self.book.remittances.append(remittance)
        balanced = remittance.balanced
        for entry in entries:
            if entry.case is None:
                self.book.foreign += entry.claim.paid
            elif balanced:
                entry.case.posted.append(entry.claim)

    def payer(self, case: Case) -> Payer:
        """The payer as the claim names it, with a tax id that depends on its id alone."""
        party = case.claim.payer
        digits = int.from_bytes(hashlib.sha256(party.id.encode()).digest()[:6], "big") % 10**7
        return Payer(party.id, party.name or f"PAYER {party.id}", f"98{digits:07d}")

    def _account(self, task: Task) -> Account:
        self.last_account = Account(self.payer(task.case), task.case.claim.billing, task.envelope)
        return self.last_account

    def _tell(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.case:
                entry.case.remits.append(entry.claim)
                self.book.number(entry.case, entry.claim.payer_number)

    def _work(self, task: Task) -> list[Entry]:
        """The CLPs of a task."""
        if task.step:
            return self._follow(task, task.step)
        case, outcome = task.case, task.case.decision.remittance
        for later in outcome.later:
            self.tasks.append(Task(task.due + later.after, case, task.envelope, later))
        entries = self._take_back_original(case)
        if case.claim.frequency == "8":
            return entries
        return [*entries, *self._paid(case, outcome, case.payer_number)]

    def _paid(self, case: Case, outcome: Outcome, number: str) -> list[Entry]:
        claim = case.claim
        drawn = self.scenario.draw("allowed", claim.provider_key, claim.patient_control_number)
        return [Entry(case, paid) for paid in adjudicate(claim, outcome, number, drawn)]

    def _take_back_original(self, case: Case) -> list[Entry]:
        """A replacement or void takes back what was paid for the claim that its F8 names; a denial owes no reversal."""
        claim = case.claim
        original = self.book.by_payer_number(claim.payer.id, claim.original_number)
        if claim.frequency not in {"7", "8"} or original is None:
            return []
        return self._reversals(original) if original.paid > 0 else []

    def _reversals(self, case: Case, later: Later | None = None) -> list[Entry]:
        entries = []
        for remit in standing(case.remits, case.claim.charge):
            left = remit.paid if later and later.recover == "later" else _ZERO
            entries.append(Entry(case, reversal(remit), left))
        return entries

    def _follow(self, task: Task, step: Later) -> list[Entry]:
        case = task.case
        outcome = replace(step.outcome or case.decision.remittance, later=())
        if step.do == "pay_again":
            return self._paid(case, outcome, case.payer_number)
        reversals = self._reversals(case, step)
        if step.do == "reverse":
            return reversals
        result = self._corrected(case, outcome, step)
        if step.apart == 0:
            return [*reversals, *result]
        first, second = (reversals, result) if step.apart > 0 else (result, reversals)
        self.tasks.append(Task(task.due + abs(step.apart), case, task.envelope, step, tuple(second)))
        return first

    def _corrected(self, case: Case, outcome: Outcome, step: Later) -> list[Entry]:
        if step.payer_number == "same":
            return self._paid(case, outcome, case.payer_number)
        number = self._next_number()
        former = case.payer_number if step.payer_number == "new with F8" else ""
        return [
            replace(entry, claim=replace(entry.claim, former_number=former))
            for entry in self._paid(case, outcome, number)
        ]

    def _withheld(self) -> list[ProviderAdjustment]:
        return [
            ProviderAdjustment(item.code, item.reference, item.amount)
            for item in self.scenario.withholdings
            if item.nth == self.remittances
        ]

    def _add_strays(self, found: list[tuple[Account, list[Entry]]], round_now: int) -> None:
        """Claims that never were ours: among others, or in an 835 of their own."""
        for stray in self.scenario.strays:
            due = stray.round <= round_now and stray not in self.strays_done
            if not due or not self.last_account:
                continue
            entry = Entry(None, _foreign_claim(stray))
            if stray.kind == "claim" and found:
                found[0][1].append(entry)
                self.strays_done.add(stray)
            elif stray.kind == "remittance":
                found.append((self.last_account, [entry]))
                self.strays_done.add(stray)


def _state(verdict: StatusVerdict) -> str:
    if verdict.verdict == "reject":
        return "rejected_payer"
    return "received_payer" if verdict.category == "A1" else "accepted_payer"


def _account_key(account: Account) -> tuple[str, str]:
    return (account.payer.id, account.payee.id or account.payee.tax_id)


def _interest(claims: Sequence[PaidClaim]) -> list[ProviderAdjustment]:
    """L6 is the sum of the claims' AMT*I; paying interest is negative."""
    total = sum((claim.interest for claim in claims), _ZERO)
    return [ProviderAdjustment("L6", "", -total)] if total else []


def _left_for_now(entries: Sequence[Entry]) -> list[ProviderAdjustment]:
    return [
        ProviderAdjustment("WO", entry.claim.payer_number, -entry.left_for_now)
        for entry in entries
        if entry.left_for_now
    ]


def _take_overpaid(balance: _Balance, payment: Decimal) -> list[ProviderAdjustment]:
    """Takes back what was left for now, oldest first, as far as the payment goes for each in full."""
    taken = []
    for reference, amount in tuple(balance.overpaid):
        if amount <= payment:
            taken.append(ProviderAdjustment("WO", reference, amount))
            balance.overpaid.remove((reference, amount))
            payment -= amount
    return taken


def _foreign_claim(stray: Stray) -> PaidClaim:
    adjustment = Adjustment("CO", "45", stray.charge - stray.paid, "contractual")
    line = PaidLine(("HC", "99213"), stray.charge, stray.paid, Decimal(1), adjustments=(adjustment,))
    return PaidClaim(
        patient_control_number=stray.control_number,
        status="1",
        charge=stray.charge,
        paid=stray.paid,
        filing="ZZ",
        payer_number=f"F{stray.control_number}",
        facility="11",
        frequency="1",
        patient=Party(kind="1", name="ELSEWHERE", first="PAT", id="ZZ000000001"),
        lines=(line,),
    )
