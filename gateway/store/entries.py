"""When payments moved money as a whole, and when that was taken back, by whom and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, case, insert, select

from gateway.store.reporting import Filters, remittance_conditions
from gateway.store.rows import cut, fetch
from gateway.store.tables import (
    claims,
    provider_adjustments,
    remittance_claims,
    remittance_entries,
    remittance_links,
    remittances,
)
from gateway.store.times import stamp


def add_entry(
    conn: Connection, remittance_id: int, kind: str, *, at: datetime, actor: str = "", reason: str = ""
) -> None:
    """Enters that a payment was posted ("post"), or that this was taken back ("undo")."""
    row = {"remittance_id": remittance_id, "kind": kind, "actor": actor, "reason": reason, "recorded_at": stamp(at)}
    conn.execute(insert(remittance_entries).values(row))


class ProviderEntry(NamedTuple):
    """One PLB pair each time that its payment was posted or taken back. Cents; taking back turns the sign."""

    adjustment_id: int
    kind: str  # post, undo
    remittance_id: int
    payer_key: str
    payer_name: str
    provider_id: str  # PLB01
    code: str  # PLB03-1
    reference: str  # PLB03-2
    amount: int
    segment: int
    payment_date: str  # BPR16
    trace_number: str  # TRN02
    actor: str
    reason: str
    recorded_at: str


def provider_entries(
    conn: Connection, filters: Filters | None = None, as_of: str = "", references: Sequence[str] = ()
) -> list[ProviderEntry]:
    """The entries of provider adjustments by payment and place; those of some references alone where any are given."""
    entry, own, payment = remittance_entries.c, provider_adjustments.c, remittances.c
    wanted: list[ColumnElement[bool]] = [entry.recorded_at <= as_of] if as_of else []
    if filters is not None:
        wanted += remittance_conditions(filters, as_of)
    if references:
        wanted.append(own.reference.in_(references))
    amount = case((entry.kind == "post", own.amount), else_=-own.amount)
    query = (
        select(
            own.id, entry.kind, payment.id, payment.payer_key, payment.payer_name, own.provider_id, own.code,
            own.reference, amount, own.segment, payment.payment_date, payment.trace_number, entry.actor, entry.reason,
            entry.recorded_at,
        )
        .select_from(provider_adjustments)
        .join(remittances, payment.id == own.remittance_id)
        .join(remittance_entries, entry.remittance_id == payment.id)
        .where(*wanted)
        .order_by(payment.payment_date, payment.trace_number, own.id, entry.id)
    )  # fmt: skip
    return fetch(conn, query, ProviderEntry)


def references_with(conn: Connection, texts: Iterable[str]) -> set[str]:
    """The references of provider adjustments that have one of a few texts in them."""
    own = provider_adjustments.c.reference
    found: set[str] = set()
    for text in set(texts):
        found.update(conn.execute(select(own).where(own.contains(text, autoescape=True)).distinct()).scalars())
    return found


class Named(NamedTuple):
    """What an identifier is known as: a claim of ours (its id, if any) and the remitted claim that has it."""

    text: str
    claim_id: int | None
    remitted: str  # PAYMENT.CLAIM; empty where it is the claim's own number


def claims_named(conn: Connection, texts: Iterable[str]) -> list[Named]:
    """The claims that have one of many texts as payer claim number (CLP07), or as their own number (CLM01)."""
    newest = (
        select(remittance_links.c.claim_id)
        .where(remittance_links.c.remittance_claim_id == remittance_claims.c.id)
        .order_by(remittance_links.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found: list[Named] = []
    for part in cut(sorted(set(texts))):
        by_number = (
            select(remittance_claims.c.payer_claim_number, newest, remittances.c.id, remittance_claims.c.ordinal)
            .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
            .where(remittance_claims.c.payer_claim_number.in_(part), remittances.c.status == "posted")
            .order_by(remittance_claims.c.id)
        )
        found += [Named(row[0], row[1], f"{row[2]}.{row[3]}") for row in conn.execute(by_number)]
        own = select(claims.c.patient_control_number, claims.c.id)
        query = own.where(claims.c.patient_control_number.in_(part)).order_by(claims.c.id)
        found += [Named(row[0], row[1], "") for row in conn.execute(query)]
    return found
