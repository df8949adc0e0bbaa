"""Provider adjustments (PLB) since a mark, in the order in which payments were posted and taken back.

A mark is a prefix of one append-only table: when payments moved money as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, case, select

from gateway.store.engine import Store
from gateway.store.exports import PAGE, settled_mark
from gateway.store.rows import fetch
from gateway.store.tables import provider_adjustments, remittance_entries, remittances


class BalanceMove(NamedTuple):
    """One PLB pair when its payment was posted, or taken back. Cents; taking back turns the sign."""

    entry_id: int
    adjustment_id: int
    kind: str  # post, undo
    amount: int
    provider_id: str  # PLB01
    fiscal_period_end: str  # PLB02
    code: str  # PLB03-1
    reference: str  # PLB03-2
    remittance_id: int
    payer_key: str
    payer_name: str
    payment_date: str  # BPR16
    trace_number: str  # TRN02
    actor: str
    reason: str
    recorded_at: str


def settled_entry(store: Store) -> int:
    """The newest entry below which nothing can appear any more; StoreBusy where a writer does not end."""
    return settled_mark(store, remittance_entries)


def entry_proof(conn: Connection, entry_id: int) -> str:
    """What only this store has of an entry; empty where it does not have it."""
    own = remittance_entries.c
    row = conn.execute(select(own.remittance_id, own.kind, own.recorded_at).where(own.id == entry_id)).first()
    return f"{row[0]} {row[1]} {row[2]}" if row is not None else ""


def balance_moves(conn: Connection, after: int, until: int) -> Iterator[BalanceMove]:
    """The pairs of the entries with ids above the one and up to the other, in their order."""
    entry, own, payment = remittance_entries.c, provider_adjustments.c, remittances.c
    query = (
        select(
            entry.id, own.id, entry.kind, case((entry.kind == "post", own.amount), else_=-own.amount), own.provider_id,
            own.fiscal_period_end, own.code, own.reference, payment.id, payment.payer_key, payment.payer_name,
            payment.payment_date, payment.trace_number, entry.actor, entry.reason, entry.recorded_at,
        )
        .select_from(remittance_entries)
        .join(remittances, payment.id == entry.remittance_id)
        .join(provider_adjustments, own.remittance_id == payment.id)
        .order_by(entry.id, own.id)
    )  # fmt: skip
    last, place = after, 0
    while True:
        newer = (entry.id > last) | ((entry.id == last) & (own.id > place)) if place else entry.id > last
        rows = fetch(conn, query.where(newer, entry.id <= until).limit(PAGE), BalanceMove)
        if not rows:
            return
        yield from rows
        last, place = rows[-1].entry_id, rows[-1].adjustment_id
