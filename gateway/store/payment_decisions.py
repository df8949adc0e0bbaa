"""What persons decided on the payments of a claim: whose they are, whether they are posted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, Select, or_, select

from gateway.store.rows import fetch
from gateway.store.tables import remittance_claims, remittance_entries, remittance_links, remittances


class PaymentDecision(NamedTuple):
    """One decision on a payment, as the claim meets it."""

    kind: str  # match, unmatch (of this claim), post, undo (of the whole payment)
    remittance_id: int
    payer_name: str
    trace_number: str  # TRN02
    payment_date: str  # BPR16
    paid: int  # cents; CLP04, or the sum of the payment's for post and undo
    actor: str
    reason: str
    recorded_at: str


class _Link(NamedTuple):
    remittance_claim_id: int
    claim_id: int | None
    remittance_id: int
    payer_name: str
    trace_number: str
    payment_date: str
    paid: int
    actor: str
    evidence: str
    recorded_at: str


def payment_decisions(conn: Connection, claim_id: int) -> list[PaymentDecision]:
    """Every decision on what is or was linked to the claim, in the order of recording."""
    found = [*_matches(conn, claim_id), *_posted_and_undone(conn, claim_id)]
    return sorted(found, key=lambda one: one.recorded_at)


def _matches(conn: Connection, claim_id: int) -> Iterator[PaymentDecision]:
    """Where a person's link gives the claim a payment, or takes one from it."""
    link, claim, payment = remittance_links.c, remittance_claims.c, remittances.c
    query = (
        select(
            link.remittance_claim_id, link.claim_id, payment.id, payment.payer_name, payment.trace_number,
            payment.payment_date, claim.paid, link.actor, link.evidence, link.recorded_at,
        )
        .join(remittance_claims, claim.id == link.remittance_claim_id)
        .join(remittances, payment.id == claim.remittance_id)
        .where(link.remittance_claim_id.in_(_ever_linked(claim_id)))
        .order_by(link.remittance_claim_id, link.id)
    )  # fmt: skip
    for _, links in groupby(fetch(conn, query, _Link), key=lambda one: one.remittance_claim_id):
        was = False
        for one in links:
            is_now = one.claim_id == claim_id
            if one.actor and was != is_now:
                yield PaymentDecision("match" if is_now else "unmatch", *one[2:])
            was = is_now


def _posted_and_undone(conn: Connection, claim_id: int) -> list[PaymentDecision]:
    """Payments of the claim that a person took back or posted."""
    entry, payment = remittance_entries.c, remittances.c
    ours = select(remittance_claims.c.remittance_id).where(remittance_claims.c.id.in_(_ever_linked(claim_id)))
    query = (
        select(
            entry.kind, payment.id, payment.payer_name, payment.trace_number, payment.payment_date,
            payment.claim_payments, entry.actor, entry.reason, entry.recorded_at,
        )
        .join(remittances, payment.id == entry.remittance_id)
        .where(entry.remittance_id.in_(ours), or_(entry.kind == "undo", entry.actor != ""))
        .order_by(entry.id)
    )  # fmt: skip
    return fetch(conn, query, PaymentDecision)


def _ever_linked(claim_id: int) -> Select[tuple[int]]:
    return select(remittance_links.c.remittance_claim_id).where(remittance_links.c.claim_id == claim_id)
