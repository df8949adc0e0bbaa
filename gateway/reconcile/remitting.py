"""An 835 meets the store: the payment, its claims, whose they are and what they move, in one pass and flat memory.

`post_remittance` writes everything as it streams; the caller undoes its savepoint where the set turns out at its end
not to balance. `keep_remittance` writes the facts alone, for a set that is parked: it moves nothing until a person says
so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from gateway.inbound.facts import ProviderAdjustment, RemittanceFacts, RemittanceHeader, RemittedClaim
from gateway.reconcile.candidates import find_claims, link_of, rematch_numbers, wanted_by
from gateway.reconcile.classes import Classes
from gateway.reconcile.matching import Match, Unmatched, Wanted
from gateway.reconcile.oddities import odd_claims, odd_interest
from gateway.reconcile.origin import Origin, Posted
from gateway.reconcile.posted import REVERSAL
from gateway.reconcile.projection import folded
from gateway.reconcile.remitted import claim_row, header_row, posting_of
from gateway.store import Connection
from gateway.store.remittance_numbers import hold_number, number_elsewhere, same_number
from gateway.store.remittances import (
    NewPosting,
    ProviderAdjustmentRow,
    RemittanceRow,
    add_links,
    add_postings,
    add_provider_adjustments,
    add_remittance,
    add_remitted_claims,
    close_remittance,
    same_trace,
    shares_claims,
)
from gateway.x12.faults import FaultList

Progress = Callable[[int], None]
CLAIMS_A_TIME = 500
_SHOWN = 100  # reversals that are named one by one

TRACE_AGAIN = "another payment with this number, payer and date is posted, with other content"
ENTERED_ALREADY = "payment {} was entered by hand under this number; undo one of the two before the other is posted"
TYPED = ("match_key", "charge", "paid")  # of a claim: what is typed may leave out the rest
CLAIMS_AGAIN = "another payment with this number, payer and date is posted, with some of the same claims"


class Reversing(NamedTuple):
    """A reversal: the claim that it is matched to, and its CLP."""

    claim_id: int
    segment: int


class Written(NamedTuple):
    """A payment in the store."""

    remittance_id: int
    posted: Posted
    payer_claim_numbers: frozenset[str]  # of its matched claims
    reversals: dict[int, Reversing]  # remitted claims that reverse something


def post_remittance(
    conn: Connection, facts: RemittanceFacts, origin: Origin, classes: Classes, progress: Progress | None = None
) -> Written:
    """Writes a payment with links and postings as it is read. Whether it balances shows in the facts afterwards."""
    writer = _Writer(conn, facts, origin, classes)
    return writer.run(status="posted", reason="", progress=progress)


def keep_remittance(
    conn: Connection, facts: RemittanceFacts, origin: Origin, reason: str, progress: Progress | None = None
) -> Written:
    """Writes a payment's facts alone; it is parked for that reason."""
    return _Writer(conn, facts, origin, None).run(status="parked", reason=reason, progress=progress)


def contradicts(conn: Connection, header: RemittanceHeader, inbound_set_id: int) -> str:
    """Why a payment must not be posted beside those that are: the same number, payer and date with other content.

    Others that post this number wait from here on. Payers use dummy numbers for payments of nothing, so two such are
    told apart by their claims (`repeats_claims`).
    """
    hold_number(conn, header.trace_number)
    others = _same(conn, header, inbound_set_id)
    if any(payment or header.payment for _, payment in others):
        return TRACE_AGAIN
    twin = entered_twin(conn, header, inbound_set_id, entered_only=True)
    return ENTERED_ALREADY.format(twin.id) if twin is not None and (twin.payment or header.payment) else ""


def entered_twin(
    conn: Connection, header: RemittanceHeader, inbound_set_id: int, *, entered_only: bool
) -> RemittanceRow | None:
    """A posted payment that may be this one, where one of the two was entered by hand.

    The same number, and the same payer or the same amount: what is on paper may name the payer otherwise, and what is
    typed may be mistyped.
    """
    if not header.trace_number:
        return None
    ids = {header.payer_id, header.originator, *(value for _, value in header.payer_references)} - {""}
    for one in same_number(conn, header.trace_number, but_set=inbound_set_id, entered_only=entered_only):
        theirs = {one.payer_key, *json.loads(one.payer_ids)}
        if one.payment == header.payment or ids & theirs:
            return one
    return None


def repeats_claims(conn: Connection, header: RemittanceHeader, remittance_id: int, inbound_set_id: int) -> str:
    """Why a payment of nothing must not be posted: one of the same number has some of the same claims."""
    others = [other for other, _ in _same(conn, header, inbound_set_id)]
    if others and shares_claims(conn, remittance_id, others):
        return CLAIMS_AGAIN
    twin = entered_twin(conn, header, inbound_set_id, entered_only=True)
    if twin is not None and shares_claims(conn, remittance_id, [twin.id], TYPED):
        return ENTERED_ALREADY.format(twin.id)
    return ""


def _same(conn: Connection, header: RemittanceHeader, inbound_set_id: int) -> list[tuple[int, int]]:
    if not header.trace_number:
        return []
    found = same_trace(
        conn,
        trace_number=header.trace_number,
        originator=header.originator,
        payment_date=header.payment_date,
        but_set=inbound_set_id,
    )
    return [(one.id, one.payment) for one in found]


def told_numbers(conn: Connection, written: Written, now: datetime) -> set[int]:
    """Matches what waited for the payer's numbers that this payment makes known; the claims that it touched."""
    return rematch_numbers(conn, written.payer_claim_numbers, now) if written.payer_claim_numbers else set()


def _tell_number_again(conn: Connection, header: RemittanceHeader, posted: Posted, inbound_set_id: int) -> None:
    """Warns that another payment has this number: of another payer or another day, so both are money."""
    if header.payment and (other := number_elsewhere(conn, header.trace_number, but_set=inbound_set_id)) is not None:
        text = f"Payment {other}, of another payer or another day, has this number (TRN02), too; both are posted."
        posted.say("remittance_number_again", text, 3)


def count_awaiting(conn: Connection, written: Written) -> None:
    """Counts reversals whose original is not in the store as unmatched: they move nothing until it comes."""
    claims = sorted({one.claim_id for one in written.reversals.values()})
    waiting = {one for claim in folded(conn, claims) for one in claim.money.awaiting} & written.reversals.keys()
    written.posted.matched -= len(waiting)
    written.posted.unmatched += len(waiting)
    for segment in sorted(written.reversals[one].segment for one in waiting)[:_SHOWN]:
        text = "The reversal found no payment that it takes back: it moves nothing until that comes."
        written.posted.say("reversal_waits", text, segment)


class _Made(NamedTuple):
    """What becomes of a claim: its row, its posting (yet without the row's id), and what the ladder looks for."""

    claim: RemittedClaim
    row: tuple[Any, ...]
    posting: NewPosting | None
    wanted: Wanted | None


class _Writer:
    """One payment on its way into the store."""

    def __init__(self, conn: Connection, facts: RemittanceFacts, origin: Origin, classes: Classes | None) -> None:
        self._conn = conn
        self._facts = facts
        self._origin = origin
        self._classes = classes
        self._posted = Posted()
        self._numbers: set[str] = set()
        self._reversals: dict[int, Reversing] = {}
        self._odd = FaultList()
        self._interest = 0
        self._recorded_at = origin.recorded_at
        self._wanted = wanted_by(facts.header, origin.crosswalk, origin.partner)

    def run(self, *, status: str, reason: str, progress: Progress | None) -> Written:
        conn, facts, posted = self._conn, self._facts, self._posted
        origin = self._origin
        new = header_row(facts.header, origin.inbound_set_id, origin.crosswalk, origin.partner)
        new = new._replace(source=origin.source, entered_by=origin.entered_by)
        remittance_id = add_remittance(conn, new, status=status, at=self._origin.at, reason=reason)
        for part in self._parts(remittance_id):
            ids = add_remitted_claims(conn, [one.row for one in part])
            if self._classes is not None:
                self._post(part, ids, self._classes)
            if progress is not None:
                progress(len(part))
        add_provider_adjustments(conn, remittance_id, map(_adjustment_row, facts.provider_adjustments))
        totals = facts.totals
        close_remittance(
            conn,
            remittance_id,
            claim_payments=totals.paid,
            provider_adjustments=totals.provider_adjustments,
            difference=totals.difference,
        )
        posted.claims, posted.charge, posted.paid = totals.claims, totals.charge, totals.paid
        posted.unmatched = posted.claims - posted.matched
        if self._classes is not None:
            odd_interest(facts.provider_adjustments, self._interest, self._odd)
            _tell_number_again(conn, facts.header, posted, origin.inbound_set_id)
        posted.issues += self._odd.issues
        return Written(remittance_id, posted, frozenset(self._numbers - {""}), self._reversals)

    def _parts(self, remittance_id: int) -> Iterator[list[_Made]]:
        """Some hundred claims at a time. What becomes of a claim is made at once, while it is at hand: that is quicker
        by a fifth than to come back to it."""
        numbered, make = enumerate(self._facts, 1), self._made
        while part := [make(claim, remittance_id, ordinal) for ordinal, claim in islice(numbered, CLAIMS_A_TIME)]:
            yield part

    def _made(self, claim: RemittedClaim, remittance_id: int, ordinal: int) -> _Made:
        row = claim_row(claim, remittance_id, ordinal)
        if self._classes is None:
            return _Made(claim, row, None, None)
        return _Made(claim, row, posting_of(claim, 0, self._classes, self._recorded_at), self._wanted(claim, row))

    def _post(self, part: Sequence[_Made], ids: Sequence[int], classes: Classes) -> None:
        postings = [(row_id, *one.posting[1:]) for row_id, one in zip(ids, part, strict=True) if one.posting]
        add_postings(self._conn, postings)
        claims = [one.claim for one in part]
        self._interest += sum([one.posting.interest for one in part if one.posting])
        odd_claims(claims, classes, self._odd)
        results = find_claims(self._conn, [one.wanted for one in part if one.wanted])
        found = [(row_id, one) for row_id, one in zip(ids, results, strict=True) if not isinstance(one, Unmatched)]
        add_links(self._conn, [link_of(row_id, one, self._recorded_at) for row_id, one in found])
        self._count(claims, ids, [one.claim_id if isinstance(one, Match) else None for one in results])

    def _count(self, claims: Sequence[RemittedClaim], ids: Sequence[int], matched: Sequence[int | None]) -> None:
        """Remembers what was matched: the claims, the payer's numbers, and what reverses something."""
        claim_ids = [one for one in matched if one is not None]
        self._posted.matched += len(claim_ids)
        self._posted.claim_ids.update(claim_ids)
        named = zip(claims, matched, strict=True)
        self._numbers.update([claim.payer_claim_number for claim, one in named if one is not None])
        for row_id, claim, one in zip(ids, claims, matched, strict=True):
            if claim.status == REVERSAL and one is not None:
                self._reversals[row_id] = Reversing(one, claim.segment)


def _adjustment_row(one: ProviderAdjustment) -> ProviderAdjustmentRow:
    return ProviderAdjustmentRow(
        one.provider_id, one.fiscal_period_end, one.code, one.reference, one.cents, one.segment
    )
