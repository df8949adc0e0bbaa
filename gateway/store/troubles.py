"""What the store says of things that need a person, in counts: by batch, payer, set, file and payment. No claim is
named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select

from gateway.store.batch_answers import was_answered
from gateway.store.claim_reports import WAITING, Late, missing_answer
from gateway.store.tables import (
    batches,
    claim_current,
    inbound_files,
    inbound_sets,
    remittance_claims,
    remittance_links,
    remittances,
    submissions,
    work_current,
)
from gateway.store.work import is_work


class BatchTrouble(NamedTuple):
    """Claims of one batch that share a trouble."""

    what: str
    partner: str
    batch_id: int
    claims: int
    since: str


class SilentPayer(NamedTuple):
    """Claims of one payer by one partner that have no 835 in their time."""

    partner: str
    payer_id: str
    claims: int
    since: str  # when the first of them was sent


class InboundTrouble(NamedTuple):
    """A file or a set of a file that waits."""

    what: str  # kind of the set; empty for a file
    id: int
    file_id: int
    partner: str
    claims: int
    since: str


def rejected_batches(conn: Connection) -> list[BatchTrouble]:
    """Batches with claims that stand rejected, by what rejected them (ta1, 999, 277CA) and not done with."""
    row = claim_current.c
    what = case(
        (row.state == "rejected_ta1", "ta1"),
        (row.state == "rejected_999", "999"),
        (row.flags.contains('"duplicate_suspected"'), "duplicate"),
        else_="277CA",
    )
    rejected = row.state.in_(("rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer"))
    # Only sent claims: a denial for a duplicate has the flag, too, and is the work of the desk that posts.
    suspected = and_(row.flags.contains('"duplicate_suspected"'), row.state.in_(WAITING))
    return _by_batch(conn, what, or_(rejected, suspected), is_work(row.claim_id, any_step=False))


def answered_after_all(conn: Connection) -> list[BatchTrouble]:
    """Cancelled batches that somebody answered, so that they had arrived by another way, and not done with."""
    row = claim_current.c
    query = (
        select(
            batches.c.partner, batches.c.id, func.count(row.claim_id.distinct()), func.coalesce(batches.c.built_at, "")
        )
        .select_from(claim_current.outerjoin(work_current, work_current.c.claim_id == row.claim_id))
        .join(submissions, submissions.c.claim_id == row.claim_id)
        .join(batches, batches.c.id == submissions.c.batch_id)
        .where(batches.c.state == "cancelled", row.flags.contains('"conflict"'), is_work(row.claim_id, any_step=False))
        .group_by(batches.c.partner, batches.c.id, batches.c.built_at)
        .order_by(batches.c.id)
    )
    found = [BatchTrouble("cancelled", *row) for row in conn.execute(query)]
    return [one for one in found if was_answered(conn, one.batch_id)]  # the flag may have another reason


def late_batches(conn: Connection, late: Sequence[Late]) -> list[BatchTrouble]:
    """Batches with claims that have no 999 or no 277CA in their partner's time."""
    if not late:
        return []
    missing = missing_answer(claim_current, late)
    waiting = claim_current.c.state.in_(WAITING), missing.in_(("999", "277CA"))
    return _by_batch(conn, missing, *waiting, is_work(claim_current.c.claim_id, any_step=True))


def _by_batch(conn: Connection, what: ColumnElement[str], *where: ColumnElement[bool]) -> list[BatchTrouble]:
    row, later = claim_current.c, submissions.alias("later")
    each = (
        select(what.label("what"), row.version_id)
        .select_from(claim_current.outerjoin(work_current, work_current.c.claim_id == row.claim_id))
        .where(*where)
        .subquery("each")
    )
    is_newest = ~exists().where(later.c.version_id == submissions.c.version_id, later.c.id > submissions.c.id)
    since = func.coalesce(batches.c.sent_at, batches.c.reserved_at)
    query = (
        select(each.c.what, batches.c.partner, batches.c.id, func.count(), func.max(since))
        .join(submissions, submissions.c.version_id == each.c.version_id)
        .join(batches, batches.c.id == submissions.c.batch_id)
        .where(is_newest)
        .group_by(each.c.what, batches.c.partner, batches.c.id)
        .order_by(batches.c.id, each.c.what)
    )
    return [BatchTrouble(*found) for found in conn.execute(query)]


def silent_payers(conn: Connection, late: Sequence[Late]) -> list[SilentPayer]:
    """Payers with claims that have no 835 in their time, by partner."""
    if not late:
        return []
    row = claim_current.c
    sent = func.coalesce(row.sent_at, row.imported_at)
    joined = claim_current.outerjoin(work_current, work_current.c.claim_id == row.claim_id)
    query = (
        select(row.partner, row.payer_id, func.count(), func.min(sent))
        .select_from(joined)
        .where(
            row.state.in_(WAITING), missing_answer(claim_current, late) == "835", is_work(row.claim_id, any_step=True)
        )
        .group_by(row.partner, row.payer_id)
        .order_by(row.partner, row.payer_id)
    )
    return [SilentPayer(*found) for found in conn.execute(query)]


def waiting_sets(conn: Connection) -> list[InboundTrouble]:
    """Sets that were read and are not posted, or that cannot be read, in files that can."""
    row = inbound_sets.c
    query = _inbound(row.kind, row.id, row.claims, row.recorded_at).where(
        row.status.in_(("parked", "quarantined")), inbound_files.c.status != "quarantined"
    )
    return [InboundTrouble(*found) for found in conn.execute(query.order_by(row.id))]


def unmatched_payments(conn: Connection) -> list[InboundTrouble]:
    """Posted payments with claims that are nobody's."""
    link, later = remittance_links.c, remittance_links.alias("later")
    bound = exists().where(
        link.remittance_claim_id == remittance_claims.c.id,
        link.claim_id.is_not(None),
        ~exists().where(later.c.remittance_claim_id == link.remittance_claim_id, later.c.id > link.id),
    )
    row = remittances.c
    query = (
        select(inbound_sets.c.kind, row.id, inbound_files.c.id, inbound_files.c.partner, func.count(), row.recorded_at)
        .select_from(inbound_sets)
        .join(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)
        .join(remittances, row.inbound_set_id == inbound_sets.c.id)
        .join(remittance_claims, remittance_claims.c.remittance_id == row.id)
        .where(inbound_sets.c.unmatched > 0, row.status == "posted", ~bound)
        .group_by(inbound_sets.c.kind, row.id, inbound_files.c.id, inbound_files.c.partner, row.recorded_at)
        .order_by(row.id)
    )
    return [InboundTrouble(*found) for found in conn.execute(query)]


def quarantined_files(conn: Connection) -> list[InboundTrouble]:
    """Files that cannot be read."""
    row = inbound_files.c
    query = select(row.id, row.id, row.partner, row.recorded_at).where(row.status == "quarantined").order_by(row.id)
    return [InboundTrouble("", one[0], one[1], one[2], 0, one[3]) for one in conn.execute(query)]


def newest_moment(conn: Connection) -> str:
    """The latest time that the store holds of what came and went; empty where it holds none."""
    times = [
        conn.execute(select(column).order_by(table.c.id.desc()).limit(1)).scalar_one_or_none()
        for table, column in ((batches, batches.c.reserved_at), (inbound_files, inbound_files.c.recorded_at))
    ]
    return max((one for one in times if one), default="")


def _inbound(what: Any, key: Any, count: Any, since: Any) -> Any:
    query = select(what, key, inbound_files.c.id, inbound_files.c.partner, count, since)
    return query.join(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)


def count_held(conn: Connection) -> int:
    """How many claims are held."""
    query = select(func.count()).select_from(claim_current).where(claim_current.c.stage == "held")
    return int(conn.execute(query).scalar_one())
