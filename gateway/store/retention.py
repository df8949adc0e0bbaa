"""Whose time is over: settled claims and files that nothing has happened to for years, unless they must stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, insert, or_, select, update

from gateway.store.reporting import latest_links
from gateway.store.retention_tables import left_claims, left_files, legal_holds
from gateway.store.rows import cut, put_rows
from gateway.store.tables import (
    batches,
    claim_current,
    claim_versions,
    event_links,
    events,
    inbound_files,
    inbound_sets,
    remittance_claims,
    remittance_links,
    remittances,
    sealed_files,
    submissions,
    work_entries,
)
from gateway.store.times import stamp
from gateway.store.triggers import purging

# Nothing is expected any more. A reversed claim is open again, and a credit waits to be paid back.
SETTLED = ("paid", "partly_paid", "denied", "zero_paid", "voided", "predetermined", "cancelled", "closed")
_READ = ("processed", "ignored")  # what is parked or quarantined waits for a person

Body = Callable[[str], str]


class Old(NamedTuple):
    """What is older than the time of retention."""

    claims: int  # that go
    kept: int  # of those, kept by a legal hold
    unsettled: int  # old, and something is still open


# ── legal holds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def add_hold(conn: Connection, claim_id: int | None, *, kind: str, actor: str, reason: str, at: datetime) -> None:
    """Says that a claim (all, where it is None) must stay (`hold`), or need not any more (`lift`)."""
    row = {"claim_id": claim_id, "kind": kind, "actor": actor, "reason": reason, "recorded_at": stamp(at)}
    conn.execute(insert(legal_holds).values(row))


def is_held(conn: Connection, claim_id: int | None) -> bool:
    """Whether a hold stands on this very claim; on all claims, where it is None."""
    one = legal_holds.c.claim_id
    query = select(legal_holds.c.kind).where(one.is_(None) if claim_id is None else one == claim_id)
    return conn.execute(query.order_by(legal_holds.c.id.desc()).limit(1)).scalar() == "hold"


def _held(claim_id: ColumnElement[Any]) -> ColumnElement[bool]:
    later = legal_holds.alias("later")
    again = select(later.c.id).where(later.c.claim_id == legal_holds.c.claim_id, later.c.id > legal_holds.c.id)
    return (
        select(legal_holds.c.id)
        .where(legal_holds.c.claim_id == claim_id, legal_holds.c.kind == "hold", ~again.exists())
        .exists()
    )


# ── claims ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _quiet(before: str) -> list[ColumnElement[bool]]:
    """Nothing was recorded about the claim since then, and its last service was before."""
    row = claim_current.c
    own = {
        claim_versions: claim_versions.c.claim_id,
        events: events.c.claim_id,
        remittance_links: remittance_links.c.claim_id,
        submissions: submissions.c.claim_id,
        work_entries: work_entries.c.claim_id,
    }
    seen = [
        select(table.c.id).where(column == row.claim_id, table.c.recorded_at >= before).exists()
        for table, column in own.items()
    ]
    said = (
        select(events.c.id)
        .join(submissions, submissions.c.id == events.c.submission_id)
        .where(submissions.c.claim_id == row.claim_id, events.c.recorded_at >= before)
        .exists()
    )
    return [row.service_to < before[:10], row.imported_at < before, *(~one for one in (*seen, said))]


def _not_left() -> ColumnElement[bool]:
    """The documents are here: they never left, or a new one came after that."""
    row, left = claim_current.c, left_claims.alias("gone")
    since = select(claim_versions.c.id).where(
        claim_versions.c.claim_id == row.claim_id, claim_versions.c.recorded_at > left.c.left_at
    )
    return ~select(left.c.claim_id).where(left.c.claim_id == row.claim_id, ~since.exists()).exists()


def _settled() -> ColumnElement[bool]:
    row = claim_current.c
    return and_(row.state.in_(SETTLED), row.flags.not_like('%"credit"%'), row.flags.not_like('%"awaiting_pair"%'))


def old(conn: Connection, before: datetime) -> Old:
    """How many claims go, how many stay for the law, how many because something is open."""
    wanted = [*_quiet(stamp(before)), _not_left()]
    held = _held(claim_current.c.claim_id)

    def count(*more: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(claim_current).where(*wanted, *more)
        return int(conn.execute(query).scalar_one())

    return Old(count(_settled(), ~held), count(_settled(), held), count(~_settled()))


def leaving_claims(conn: Connection, before: datetime, most: int) -> list[int]:
    """The next claims whose time is over."""
    query = select(claim_current.c.claim_id).where(
        *_quiet(stamp(before)), _not_left(), _settled(), ~_held(claim_current.c.claim_id)
    )
    return list(conn.execute(query.order_by(claim_current.c.claim_id).limit(most)).scalars())


def strip_claims(
    conn: Connection,
    claim_ids: Sequence[int],
    document: Body,
    remitted: Body,
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> None:
    """Takes what tells of a person out of everything that the store keeps of these claims.

    :param document: gives what stays of a claim's document
    :param remitted: gives what stays of a remitted claim's
    """
    linked = select(remittance_links.c.remittance_claim_id).where(remittance_links.c.claim_id.in_(claim_ids))
    own = or_(
        events.c.claim_id.in_(claim_ids),
        events.c.submission_id.in_(select(submissions.c.id).where(submissions.c.claim_id.in_(claim_ids))),
    )
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")  # what is overwritten does not stay in the file's free places
    with purging(conn, actor=actor, reason=reason, at=at):
        _rewrite(conn, claim_versions, claim_versions.c.claim_id.in_(claim_ids), document)
        _rewrite(conn, remittance_claims, remittance_claims.c.id.in_(linked), remitted)
        conn.execute(update(events).where(own, events.c.hop != "person").values(text="", keys="{}"))
        noted = and_(work_entries.c.claim_id.in_(claim_ids), work_entries.c.text != "")
        conn.execute(update(work_entries).where(noted).values(text="(removed)"))
    rows = [(claim_id, stamp(at)) for claim_id in claim_ids]
    put_rows(conn, "left_claims", ("claim_id", "left_at"), rows, key="claim_id")


def _rewrite(conn: Connection, table: Table, wanted: ColumnElement[bool], body: Body) -> None:
    found = conn.execute(select(table.c.id, table.c.body).where(wanted)).all()
    for row in found:
        values = {"body": body(row[1]), "member_id": ""}
        conn.execute(update(table).where(table.c.id == row[0]).values(values))


def left_on(conn: Connection, claim_ids: Iterable[int]) -> Mapping[int, str]:
    """When the documents of claims left, by claim; those that are here are left out."""
    found: dict[int, str] = {}
    for part in cut(set(claim_ids)):
        query = select(claim_current.c.claim_id, left_claims.c.left_at).join(
            left_claims, left_claims.c.claim_id == claim_current.c.claim_id
        )
        found.update(
            (row[0], row[1]) for row in conn.execute(query.where(claim_current.c.claim_id.in_(part), ~_not_left()))
        )
    return found


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _here(claim_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return ~select(left_claims.c.claim_id).where(left_claims.c.claim_id == claim_id).exists()


def _sent_files(before: str) -> Select[Any]:
    of_here = select(submissions.c.id).where(submissions.c.batch_id == batches.c.id, _here(submissions.c.claim_id))
    return select(batches.c.archive_name).where(
        batches.c.archive_name != "", batches.c.reserved_at < before, batches.c.state != "building", ~of_here.exists()
    )


def _received_files(before: str) -> Select[Any]:
    """Files that were read whole and whose every answer and payment is of claims that left."""
    of_file = inbound_sets.c.file_id == inbound_files.c.id
    told = (
        select(events.c.id)
        .join(inbound_sets, inbound_sets.c.id == events.c.inbound_set_id)
        .where(of_file, _speaks_of_here(events))
    )
    bound = (
        select(event_links.c.id)
        .join(events, events.c.id == event_links.c.event_id)
        .join(inbound_sets, inbound_sets.c.id == events.c.inbound_set_id)
        .where(of_file, _speaks_of_here(event_links))
    )
    latest = latest_links()
    settled = select(latest.c.id).where(
        latest.c.remittance_claim_id == remittance_claims.c.id,
        latest.c.claim_id.is_not(None),
        ~_here(latest.c.claim_id),
    )
    paid = (
        select(remittance_claims.c.id)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .join(inbound_sets, inbound_sets.c.id == remittances.c.inbound_set_id)
        .where(of_file, ~settled.exists())
    )
    waits = (
        select(remittances.c.id)
        .join(inbound_sets, inbound_sets.c.id == remittances.c.inbound_set_id)
        .where(of_file, remittances.c.status != "posted")
    )
    return select(inbound_files.c.archive_name).where(
        inbound_files.c.recorded_at < before,
        inbound_files.c.status.in_(_READ),
        *(~one.exists() for one in (told, bound, paid, waits)),
    )


def _speaks_of_here(source: Table) -> ColumnElement[bool]:
    """A fact about a claim that is here, by whatever it names."""

    def any_of(column: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
        return select(submissions.c.id).where(column == value, _here(submissions.c.claim_id)).exists()

    return or_(
        and_(source.c.claim_id.is_not(None), _here(source.c.claim_id)),
        any_of(submissions.c.id, source.c.submission_id),
        any_of(submissions.c.set_id, source.c.set_id),
        any_of(submissions.c.batch_id, source.c.batch_id),
    )


def leaving_files(conn: Connection, before: datetime) -> list[str]:
    """Names in the archive of files that speak of nobody any more, those that crossed the wire sealed among them."""
    gone = files_left(conn)
    found = [
        name
        for query in (_sent_files(stamp(before)), _received_files(stamp(before)))
        for name in conn.execute(query).scalars()
        if name not in gone
    ]
    for part in cut(list(found)):
        pairs = select(sealed_files.c.wire_name, sealed_files.c.clear_name).where(
            or_(sealed_files.c.clear_name.in_(part), sealed_files.c.wire_name.in_(part))
        )
        found += [name for pair in conn.execute(pairs) for name in pair if name not in gone]
    return list(dict.fromkeys(found))


def let_go(conn: Connection, names: Iterable[str], at: datetime) -> None:
    """Records that files leave the archive."""
    put_rows(conn, "left_files", ("archive_name", "left_at"), ((n, stamp(at)) for n in names), key="archive_name")


def files_left(conn: Connection) -> set[str]:
    """The names of all files that left the archive."""
    return set(conn.execute(select(left_files.c.archive_name)).scalars())


def file_left_at(conn: Connection, name: str) -> str:
    """When a file left the archive; empty where it did not."""
    query = select(left_files.c.left_at).where(left_files.c.archive_name == name)
    return conn.execute(query).scalar_one_or_none() or ""
