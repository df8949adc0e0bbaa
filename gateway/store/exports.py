"""What moved money to or from a claim since a mark: postings, and payments that were given to another claim.

A mark is a prefix of two append-only tables, postings and links. What a reader got up to a mark adds up to every
posting of the prefix, each with the claim of its newest link of the prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import Connection, Select, Table, case, exists, func, select

from gateway.store.engine import Store
from gateway.store.errors import StoreBusy
from gateway.store.remittances import POSTING_AMOUNTS, RemittanceClaimRow
from gateway.store.rows import columns, cut
from gateway.store.tables import claims, postings, remittance_claims, remittance_links, remittances

PAGE = 1_000  # rows a statement


class Marks(NamedTuple):
    """Up to which posting and which link; 0 for none."""

    posting_id: int = 0
    link_id: int = 0


class Move(NamedTuple):
    """Money that came to a claim, or left it. Cents; what left has the other sign."""

    key: str  # "P12" a posting, "L7-in" and "L7-out" a link
    kind: str  # post, undo, moved_in, moved_out
    sign: int  # 1, -1; 0 of what was posted and undone before it moved
    amounts: tuple[int, ...]  # in the order of POSTING_AMOUNTS
    actor: str
    reason: str
    recorded_at: str
    patient_control_number: str  # of our claim; empty while it is nobody's
    billing_key: str
    payer_key: str
    payer_name: str
    payment_date: str  # BPR16
    trace_number: str  # TRN02
    claim: RemittanceClaimRow


class Patience(NamedTuple):
    """How long to wait for those that are writing. Whoever wants to write meanwhile waits behind a lock that is asked
    for, so it is asked for shortly and again."""

    milliseconds: int = 2_000
    times: int = 30


_PATIENCE = Patience()


def settled_marks(store: Store, patience: Patience = _PATIENCE) -> Marks:
    """The newest rows below which nothing can appear any more.

    PostgreSQL gives out ids before it is known who commits: the lock waits for those that are writing. Each table is
    locked by itself, and nothing else held meanwhile, so that no writer can be in the way of it and it in his; postings
    first, so that their links are there.

    :raises StoreBusy: where a writer takes longer than the patience
    """
    return Marks(settled_mark(store, postings, patience), settled_mark(store, remittance_links, patience))


def settled_mark(store: Store, table: Table, patience: Patience = _PATIENCE) -> int:
    """The newest row of one table below which nothing can appear any more."""
    for _ in range(0 if store.is_sqlite else patience.times - 1):  # SQLite has a patience of its own
        with suppress(StoreBusy):
            return _newest(store, table, patience.milliseconds)
    return _newest(store, table, patience.milliseconds)


def _newest(store: Store, table: Table, milliseconds: int) -> int:
    with store.write() as conn:
        if not store.is_sqlite:
            conn.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
            conn.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE MODE")
        return int(conn.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())


def fingerprint(conn: Connection, marks: Marks) -> str:
    """What only this store has at these marks; empty where it does not have them."""
    found = []
    for table, row_id in ((postings, marks.posting_id), (remittance_links, marks.link_id)):
        row = conn.execute(select(table.c.remittance_claim_id, table.c.recorded_at).where(table.c.id == row_id)).first()
        if row is None and row_id:
            return ""
        found.append(f"{row[0]} {row[1]}" if row else "")
    return "|".join(found)


def moves(conn: Connection, since: Marks, until: Marks) -> Iterator[Move]:
    """Everything between two marks: first payments that changed hands, then postings in their order."""
    yield from _changed_hands(conn, since, until)
    last = since.posting_id
    while rows := _page(conn, last, until.posting_id):
        owners = _owners(conn, [row.remittance_claim_id for row in rows], until.link_id)
        facts = _facts(conn, [row.remittance_claim_id for row in rows])
        for row in rows:
            owner = owners.get(row.remittance_claim_id, _NOBODY)
            sign = 1 if row.kind == "post" else -1
            about = (row.actor, row.reason, row.recorded_at)
            yield _move(f"P{row.id}", row.kind, sign, row.amounts, about, owner, facts[row.remittance_claim_id])
        last = rows[-1].id


class _Posting(NamedTuple):
    id: int
    remittance_claim_id: int
    kind: str
    actor: str
    reason: str
    recorded_at: str
    amounts: tuple[int, ...]


class _Owner(NamedTuple):
    link_id: int
    claim_id: int | None
    patient_control_number: str
    billing_key: str
    actor: str
    evidence: str
    recorded_at: str


_NOBODY = _Owner(0, None, "", "", "", "", "")


class _Payment(NamedTuple):
    payer_key: str
    payer_name: str
    payment_date: str
    trace_number: str
    claim: RemittanceClaimRow


def _page(conn: Connection, last: int, until: int) -> list[_Posting]:
    own = postings.c
    query = (
        select(own.id, own.remittance_claim_id, own.kind, own.actor, own.reason, own.recorded_at, *_amounts())
        .where(own.id > last, own.id <= until)
        .order_by(own.id)
        .limit(PAGE)
    )
    return [_Posting(*row[:6], tuple(row[6:])) for row in conn.execute(query)]


def _amounts() -> list[object]:
    return [postings.c[name] for name in POSTING_AMOUNTS]


def _changed_hands(conn: Connection, since: Marks, until: Marks) -> Iterator[Move]:
    """Of what was told as one claim's and is another's now: out of the one, into the other."""
    link = remittance_links.c
    told = exists().where(postings.c.remittance_claim_id == link.remittance_claim_id, postings.c.id <= since.posting_id)
    newer = select(link.remittance_claim_id).where(link.id > since.link_id, link.id <= until.link_id, told).distinct()
    wanted = [int(row[0]) for row in conn.execute(newer.order_by(link.remittance_claim_id))]
    for ids in cut(wanted, PAGE):
        before, after = (_owners(conn, ids, mark.link_id) for mark in (since, until))
        sums, facts = _sums(conn, ids, since.posting_id), _facts(conn, ids)
        for one in ids:
            was, now = before.get(one, _NOBODY), after.get(one, _NOBODY)
            stands, amounts = sums[one]
            if was.claim_id == now.claim_id or not any(amounts):
                continue
            about = (now.actor, now.evidence, now.recorded_at)
            out = tuple(-cents for cents in amounts)
            yield _move(f"L{now.link_id}-out", "moved_out", -stands, out, about, was, facts[one])
            yield _move(f"L{now.link_id}-in", "moved_in", stands, amounts, about, now, facts[one])


def _move(
    key: str, kind: str, sign: int, amounts: tuple[int, ...], about: tuple[str, str, str], owner: _Owner, paid: _Payment
) -> Move:
    whose = (owner.patient_control_number, owner.billing_key)
    said = (paid.payer_key, paid.payer_name, paid.payment_date, paid.trace_number)
    return Move(key, kind, sign, amounts, *about, *whose, *said, paid.claim)


def _owners(conn: Connection, ids: list[int], until: int) -> dict[int, _Owner]:
    """The newest link of each remitted claim up to a link."""
    link = remittance_links.c
    newest: Select[tuple[int]] = (
        select(func.max(link.id))
        .where(link.remittance_claim_id.in_(ids), link.id <= until)
        .group_by(link.remittance_claim_id)
    )
    query = (
        select(
            link.remittance_claim_id, link.id, link.claim_id, func.coalesce(claims.c.patient_control_number, ""),
            func.coalesce(claims.c.billing_key, ""), link.actor, link.evidence, link.recorded_at,
        )
        .outerjoin(claims, claims.c.id == link.claim_id)
        .where(link.id.in_(newest))
    )  # fmt: skip
    return {row[0]: _Owner(*row[1:]) for row in conn.execute(query)}


def _sums(conn: Connection, ids: list[int], until: int) -> dict[int, tuple[int, tuple[int, ...]]]:
    """How often each remitted claim stands posted, and what it moved, up to a posting."""
    stands = func.sum(case((postings.c.kind == "post", 1), else_=-1))
    sums = [func.sum(postings.c[name]) for name in POSTING_AMOUNTS]
    query = (
        select(postings.c.remittance_claim_id, stands, *sums)
        .where(postings.c.remittance_claim_id.in_(ids), postings.c.id <= until)
        .group_by(postings.c.remittance_claim_id)
    )
    return {row[0]: (int(row[1]), tuple(int(cents) for cents in row[2:])) for row in conn.execute(query)}


def _facts(conn: Connection, ids: list[int]) -> dict[int, _Payment]:
    own = remittances.c
    query = (
        select(*columns(remittance_claims, RemittanceClaimRow), own.payer_key, own.payer_name, own.payment_date,
               own.trace_number)
        .join(remittances, own.id == remittance_claims.c.remittance_id)
        .where(remittance_claims.c.id.in_(set(ids)))
    )  # fmt: skip
    width = len(RemittanceClaimRow._fields)
    found: dict[int, _Payment] = {}
    for row in conn.execute(query):
        key, name, day, trace = row[width:]
        found[row[0]] = _Payment(key, name, day, trace, RemittanceClaimRow._make(row[:width]))
    return found
