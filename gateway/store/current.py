"""`claim_current`: one row a claim, computed from everything else. Written in bulk, compared, and laid out for a time
that is past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from sqlalchemy import Column, Connection, MetaData, Table, delete, select
from sqlalchemy.schema import CreateTable

from gateway.store.rows import change_rows, columns, cut, put_rows
from gateway.store.tables import claim_current

_ROWS_A_CALL = 1_000

CurrentTable: TypeAlias = Table  # `claim_current`, or one of its shape


class CurrentRow(NamedTuple):
    """One row of the projection; amounts in cents, `flags` is a JSON list."""

    claim_id: int
    version_id: int
    state: str
    stage: str
    outcome: str
    adjudicated: int
    has_money: int
    flags: str
    partner: str
    payer_id: str
    payer_name: str
    billing_key: str
    billing_name: str
    service_from: str
    service_to: str
    imported_at: str
    sent_at: str | None
    refreshed_at: str
    charge: int
    paid: int
    patient_responsibility: int
    contractual: int
    denied: int
    other_adjustments: int
    open: int


def upsert(conn: Connection, rows: Iterable[CurrentRow], *, table: str = claim_current.name) -> None:
    """Writes rows, new or in place of the claim's old one."""
    put_rows(conn, table, CurrentRow._fields, rows, key="claim_id")


class SettledRow(NamedTuple):
    """What a payment changes in a row of the projection."""

    state: str
    stage: str
    outcome: str
    adjudicated: int
    flags: str
    refreshed_at: str
    charge: int
    paid: int
    patient_responsibility: int
    contractual: int
    denied: int
    other_adjustments: int
    open: int
    claim_id: int


def change_settled(conn: Connection, rows: Iterable[SettledRow]) -> None:
    """Changes that in rows that are there."""
    *changed, key = SettledRow._fields
    change_rows(conn, claim_current.name, changed, rows, key=key)


def rows_of(conn: Connection, claim_ids: Sequence[int]) -> dict[int, CurrentRow]:
    """The rows of many claims by claim id."""
    found: dict[int, CurrentRow] = {}
    query = select(*columns(claim_current, CurrentRow))
    for part in cut(claim_ids):
        for row in conn.execute(query.where(claim_current.c.claim_id.in_(part))):
            found[row[0]] = CurrentRow._make(row)
    return found


def clear(conn: Connection) -> None:
    """Empties the projection, to be computed anew."""
    conn.execute(delete(claim_current))


def flagged(conn: Connection, flag: str, table: CurrentTable = claim_current) -> list[int]:
    """The ids of the claims that carry a flag, in ascending order; `table` is that of another time."""
    query = select(table.c.claim_id).where(table.c.flags.contains(f'"{flag}"', autoescape=True))
    return [row[0] for row in conn.execute(query.order_by(table.c.claim_id))]


@contextmanager
def temporary_table(conn: Connection) -> Iterator[CurrentTable]:
    """An empty table of the shape of `claim_current` that only this connection sees, gone at the end.

    Works in a read transaction as well, since nothing of the store is written; on PostgreSQL it must be the first that
    the transaction does.
    """
    sqlite = conn.dialect.name == "sqlite"
    table = _past_table()
    if not sqlite:
        conn.exec_driver_sql("SET TRANSACTION READ WRITE")
    with _writable(conn, sqlite=sqlite):
        conn.execute(CreateTable(table))
    try:
        yield table
    finally:
        # A transaction that failed on PostgreSQL takes the table with it when it is rolled back.
        if sqlite:
            with _writable(conn, sqlite=True):
                conn.exec_driver_sql(f"DROP TABLE {table.name}")


def fill(conn: Connection, table: CurrentTable, rows: Iterable[CurrentRow]) -> None:
    """Writes rows into a temporary table."""
    with _writable(conn, sqlite=conn.dialect.name == "sqlite"):
        upsert(conn, rows, table=table.name)


@contextmanager
def _writable(conn: Connection, *, sqlite: bool) -> Iterator[None]:
    """Lifts the guard of SQLite's read transactions, which stands for temporary tables too."""
    before = sqlite and bool(conn.exec_driver_sql("PRAGMA query_only").scalar_one())
    if before:
        conn.exec_driver_sql("PRAGMA query_only = OFF")
    try:
        yield
    finally:
        if before:
            conn.exec_driver_sql("PRAGMA query_only = ON")


def _past_table() -> Table:
    """A fresh description: temporary, with the key alone of what guards the real one."""
    own = (
        Column(one.name, one.type, primary_key=one.primary_key, nullable=one.nullable, autoincrement=False)
        for one in claim_current.columns
    )
    return Table("claim_past", MetaData(), *own, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")
