"""What patients owed whenever it was exported, a version each time that it had changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, func, insert, or_, select

from gateway.store.rows import fetch, put_rows
from gateway.store.tables import claim_current, claims, patient_accounts, patient_balances

PAGE = 500  # rows a statement


class Stale(NamedTuple):
    """A claim whose balance may have changed since it was last looked at."""

    claim_id: int
    refreshed_at: str


class Balance(NamedTuple):
    """A balance as it is exported."""

    id: int
    version: int  # 1, 2, … of the claim
    body: str  # JSON: why, what was paid, the lines
    recorded_at: str
    patient_control_number: str
    billing_key: str


class Looked(NamedTuple):
    """What looking at a claim gave."""

    claim_id: int
    refreshed_at: str
    owes: int
    body: str
    credit: int = 0


def stale(conn: Connection) -> list[Stale]:
    """Some of the claims that were decided on, or had a balance, and were folded anew since; none at the end."""
    current, account = claim_current.c, patient_accounts.c
    query = (
        select(current.claim_id, current.refreshed_at)
        .outerjoin(patient_accounts, account.claim_id == current.claim_id)
        .where(
            or_(
                and_(account.claim_id.is_(None), current.adjudicated == 1),
                account.refreshed_at != current.refreshed_at,
            )
        )
        .order_by(current.claim_id)
        .limit(PAGE)
    )
    return fetch(conn, query, Stale)


def keep(conn: Connection, looked: Sequence[Looked], at: str) -> None:
    """Keeps a version where a balance is another one than the last; a first one only where the patient owes something
    or has something to his credit."""
    for one in looked:
        last = conn.execute(
            select(patient_balances.c.version, patient_balances.c.body)
            .where(patient_balances.c.claim_id == one.claim_id)
            .order_by(patient_balances.c.version.desc())
            .limit(1)
        ).first()
        if last.body != one.body if last is not None else bool(one.owes or one.credit):
            row = {
                "claim_id": one.claim_id,
                "version": last.version + 1 if last is not None else 1,
                "owes": one.owes,
                "body": one.body,
                "recorded_at": at,
            }
            conn.execute(insert(patient_balances).values(row))
    seen = [(one.claim_id, one.refreshed_at) for one in looked]
    put_rows(conn, patient_accounts.name, Stale._fields, seen, key="claim_id")


def newest_balance(conn: Connection) -> int:
    """The id of the last version that was kept; 0 where there is none."""
    return int(conn.execute(select(func.coalesce(func.max(patient_balances.c.id), 0))).scalar_one())


def balances_between(conn: Connection, after: int, until: int) -> Iterator[Balance]:
    """The versions with ids above the one and up to the other, in their order."""
    own = patient_balances.c
    wanted = (own.id, own.version, own.body, own.recorded_at)
    query = select(*wanted, claims.c.patient_control_number, claims.c.billing_key).join(
        claims, claims.c.id == own.claim_id
    )
    last = after
    while rows := fetch(conn, query.where(own.id > last, own.id <= until).order_by(own.id).limit(PAGE), Balance):
        yield from rows
        last = rows[-1].id


def proof(conn: Connection, balance_id: int) -> str:
    """What only this store has of a version; empty where it does not have it."""
    own = patient_balances.c
    row = conn.execute(select(own.claim_id, own.version, own.recorded_at).where(own.id == balance_id)).first()
    return f"{row[0]} {row[1]} {row[2]}" if row is not None else ""


class PatientCredit(NamedTuple):
    """A claim whose patient paid more than was left to him, by the newest balance of it that was kept."""

    claim_id: int
    body: str  # JSON
    recorded_at: str


def patient_credits(conn: Connection, as_of: str = "") -> list[PatientCredit]:
    """The claims with a credit of the patient, by claim."""
    own = patient_balances.alias()
    later = patient_balances.alias()
    known = [own.c.recorded_at <= as_of, later.c.recorded_at <= as_of] if as_of else []
    replaced = exists().where(later.c.claim_id == own.c.claim_id, later.c.version > own.c.version, *known[1:])
    query = (
        select(own.c.claim_id, own.c.body, own.c.recorded_at)
        .where(~own.c.body.like('%"credit": "0.00"%'), ~replaced, *known[:1])
        .order_by(own.c.claim_id)
    )
    return fetch(conn, query, PatientCredit)
