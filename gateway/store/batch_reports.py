"""Batches as reports show them, and what became of the submissions in each."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select

from gateway.store.reporting import Filters, Keys, claim_conditions, keys_grouped, unnamed
from gateway.store.tables import batches, claim_current, decisions, submissions


class ReportedBatch(NamedTuple):
    """A batch; its state is that of the delivery."""

    id: int
    partner: str
    type: str
    state: str
    origin: str
    interchange_control_number: str
    file_name: str
    claims: int
    charge: int  # cents
    attempts: int
    reserved_at: str
    built_at: str | None
    sent_at: str | None
    reason: str


def reported_batches(conn: Connection, filters: Filters, as_of: str = "") -> list[ReportedBatch]:
    """Every batch that has bytes, the oldest first; by --since and --until when it was built.

    `as_of`: with the state of that time, as far as it is known: delivered, given up, or neither.
    """
    made_at = func.coalesce(batches.c.built_at, batches.c.reserved_at)
    where: list[ColumnElement[bool]] = [batches.c.state.not_in(("building", "abandoned"))]
    if as_of:
        where = [batches.c.state != "abandoned", made_at <= as_of]
    if filters.partner:
        where.append(batches.c.partner == filters.partner)
    if filters.since:
        where.append(made_at >= filters.since)
    if filters.until:
        where.append(made_at < filters.until + "U")
    if filters.payer:
        of_payer = select(submissions.c.batch_id).join(
            claim_current, claim_current.c.claim_id == submissions.c.claim_id
        )
        where.append(batches.c.id.in_(of_payer.where(claim_current.c.payer_id.in_(filters.payer_ids))))
    columns = [batches.c[name] for name in ReportedBatch._fields]
    query = select(*columns).where(*where).order_by(batches.c.id)
    found = [ReportedBatch._make(row) for row in conn.execute(query)]
    if not as_of:
        return found
    cancelled = _cancelled(conn, as_of)
    return [_then(one, as_of, cancelled) for one in found]


def _cancelled(conn: Connection, as_of: str) -> set[int]:
    query = select(decisions.c.subject).where(
        decisions.c.action == "cancel", decisions.c.subject.startswith("batch:"), decisions.c.recorded_at <= as_of
    )
    return {int(row[0].partition(":")[2]) for row in conn.execute(query)}


def _then(batch: ReportedBatch, as_of: str, cancelled: set[int]) -> ReportedBatch:
    if batch.sent_at and batch.sent_at <= as_of:
        return batch._replace(state="sent")
    state = "cancelled" if batch.id in cancelled else "built"
    return batch._replace(state=state, sent_at=None, attempts=0, reason="")


class Outcome(NamedTuple):
    """Submissions of one batch: silent, accepted or rejected."""

    batch_id: int
    outcome: str
    claims: int


class Superseded(NamedTuple):
    """A submission whose outcome the projection does not have: a later one or a later version stands for its claim."""

    submission_id: int
    claim_id: int
    batch_id: int


def outcomes(
    conn: Connection, filters: Filters, as_of: str = "", table: Table = claim_current
) -> tuple[list[Outcome], list[Superseded]]:
    """What became of the submissions that were delivered: counted where the claim's newest speaks, listed where not."""
    newest, joined = _newest(table, as_of), submissions.join(table, table.c.claim_id == submissions.c.claim_id)
    joined = joined.join(batches, batches.c.id == submissions.c.batch_id)
    sent = batches.c.sent_at.is_not(None) if not as_of else batches.c.sent_at <= as_of
    where: list[Any] = [sent, *claim_conditions(filters, table)]
    if as_of:
        where.append(submissions.c.recorded_at <= as_of)
    counted = (
        select(submissions.c.batch_id, table.c.outcome, func.count())
        .select_from(joined)
        .where(newest, *where)
        .group_by(submissions.c.batch_id, table.c.outcome)
    )
    rest = (
        select(submissions.c.id, submissions.c.claim_id, submissions.c.batch_id)
        .select_from(joined)
        .where(~newest, *where)
        .order_by(submissions.c.claim_id, submissions.c.id)
    )
    found = [Outcome(row[0], row[1], int(row[2])) for row in conn.execute(counted)]
    return found, [Superseded._make(row) for row in conn.execute(rest)]


def _newest(table: Table, as_of: str) -> ColumnElement[bool]:
    """Whether a submission is the one that the projection's outcome speaks of: the last one of that version that left,
    whichever was recorded first."""
    later, left = submissions.alias("later"), batches.alias("left")
    sent, own = func.coalesce(left.c.sent_at, ""), func.coalesce(batches.c.sent_at, "")
    newer = or_(
        later.c.version_id > submissions.c.version_id,
        and_(
            later.c.version_id == submissions.c.version_id,
            or_(sent > own, and_(sent == own, later.c.id > submissions.c.id)),
        ),
    )
    of_same = [
        later.c.claim_id == submissions.c.claim_id,
        later.c.id != submissions.c.id,
        left.c.id == later.c.batch_id,
    ]
    if as_of:
        of_same.append(later.c.recorded_at <= as_of)
    found = exists().where(*of_same, newer)
    return and_(table.c.stage == "sent", table.c.version_id == submissions.c.version_id, ~found)


# ── first passes ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Passed(NamedTuple):
    """Claims of one payer, partner and provider whose only submission came this far."""

    keys: Keys
    state: str
    adjudicated: int
    claims: int


def single_passes(
    conn: Connection, filters: Filters, as_of: str = "", table: Table = claim_current
) -> tuple[list[Passed], list[tuple[int, Keys]]]:
    """Claims sent once by payer, partner, provider and state; and the ids, with the same, of those sent more often."""
    until = [submissions.c.recorded_at <= as_of] if as_of else []
    own = submissions.c.claim_id == table.c.claim_id
    other = submissions.alias("other")
    several = exists().where(
        own, *until, other.c.claim_id == submissions.c.claim_id, other.c.id > submissions.c.id,
        *([other.c.recorded_at <= as_of] if as_of else []),
    )  # fmt: skip
    is_first = and_(table.c.stage == "sent", ~several)
    where = claim_conditions(filters, table)
    keys = keys_grouped(table)
    once = (
        select(*keys, table.c.state, table.c.adjudicated, func.count())
        .where(is_first, *where)
        .group_by(*keys, table.c.state, table.c.adjudicated)
    )
    more = select(table.c.claim_id, *keys).where(several, *where).order_by(table.c.claim_id)
    found = [Passed(unnamed(row[:3]), row[3], int(row[4]), int(row[5])) for row in conn.execute(once)]
    return found, [(row[0], unnamed(row[1:])) for row in conn.execute(more)]
