"""Payments of one number: what may be the same payment twice, from a file and by hand."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, literal_column, select, text

from gateway.store.remittances import RemittanceRow
from gateway.store.rows import columns, fetch
from gateway.store.tables import remittance_claims, remittances

_LOCK = 835  # the first half of the number of such a lock


def hold_number(conn: Connection, trace_number: str) -> None:
    """Makes whoever else posts a payment of this number wait until this transaction ends.

    Two that are posted at once would not see each other. SQLite has one writer at a time anyway.
    """
    if trace_number and conn.dialect.name == "postgresql":
        of = text("SELECT pg_advisory_xact_lock(:kind, hashtext(:number))")
        conn.execute(of, {"kind": _LOCK, "number": plain_number(trace_number)})


def same_number(
    conn: Connection, trace_number: str, *, but_set: int, entered_only: bool = False
) -> list[RemittanceRow]:
    """Posted payments whose number is the same but for case and leading zeros; all, or those entered by hand."""
    row = remittances.c
    query = _numbered(trace_number).where(row.status == "posted", row.inbound_set_id != but_set)
    if entered_only:
        query = query.where(row.source != literal_column("'835'"))
    return fetch(conn, query, RemittanceRow)


def number_elsewhere(conn: Connection, trace_number: str, *, but_set: int) -> int | None:
    """A posted payment of money with exactly this number, from another set; its id."""
    row = remittances.c
    query = select(row.id).where(
        row.trace_number == trace_number, row.status == "posted", row.payment != 0, row.inbound_set_id != but_set
    )
    found = conn.execute(query.order_by(row.id).limit(1)).scalar()
    return int(found) if found is not None else None


def of_number(conn: Connection, trace_number: str, *, but: int) -> list[RemittanceRow]:
    """Payments of that number as it is written or but for leading zeros, posted or parked; one left out."""
    if not trace_number:
        return []
    query = _numbered(trace_number).where(remittances.c.id != but)
    return fetch(conn, query, RemittanceRow)


def _numbered(trace_number: str) -> Select[Any]:
    """Payments whose number is the same but for case, padding and leading zeros."""
    row = remittances.c
    plain = func.ltrim(func.upper(func.trim(row.trace_number)), "0")
    return select(*columns(remittances, RemittanceRow)).where(plain == plain_number(trace_number)).order_by(row.id)


class PaidTwice(NamedTuple):
    """A claim that two payments name; cents."""

    patient_control_number: str
    charge: int
    paid: int
    paid_beside: int


def paid_twice(conn: Connection, remittance_id: int, other_id: int, limit: int = 100) -> list[PaidTwice]:
    """The claims that two payments have in common by their number, in the order of the first."""
    mine, theirs = remittance_claims.alias(), remittance_claims.alias()
    query = (
        select(mine.c.patient_control_number, mine.c.charge, mine.c.paid, theirs.c.paid)
        .join(theirs, theirs.c.match_key == mine.c.match_key)
        .where(mine.c.remittance_id == remittance_id, theirs.c.remittance_id == other_id)
        .order_by(mine.c.ordinal, theirs.c.ordinal)
    )
    return fetch(conn, query.limit(limit), PaidTwice)


def plain_number(trace_number: str) -> str:
    """The number of a payment without case, padding and leading zeros."""
    return trace_number.strip().upper().lstrip("0")
