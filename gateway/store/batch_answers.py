"""What was answered to a batch as a whole: TA1, and the 999's verdicts on its group and sets; whether anything was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, func, or_, select

from gateway.store.event_links import standing
from gateway.store.rows import cut
from gateway.store.tables import batch_sets, batches, event_links, events, submissions

KINDS = ("ta1", "ack_group", "ack_set")


class BatchAnswer(NamedTuple):
    """One answer; `claims` are those of the set, or of the batch where no set is named."""

    batch_id: int
    set_id: int | None
    claims: int
    kind: str
    verdict: str
    codes: str
    text: str
    inbound_set_id: int | None
    segment: int
    recorded_at: str


def batch_answers(conn: Connection, batch_ids: Sequence[int]) -> dict[int, list[BatchAnswer]]:
    """The answers of each batch in the order of recording, bound at once or later."""
    found: dict[int, list[BatchAnswer]] = {}
    batch = func.coalesce(event_links.c.batch_id, events.c.batch_id, batch_sets.c.batch_id)
    of_set = func.coalesce(event_links.c.set_id, events.c.set_id)
    joined = (
        events.outerjoin(event_links, event_links.c.event_id == events.c.id)
        .outerjoin(batch_sets, batch_sets.c.id == of_set)
        .join(batches, batches.c.id == batch)
    )
    columns = (events.c.kind, events.c.verdict, events.c.codes, events.c.text)
    source = (events.c.inbound_set_id, events.c.segment, events.c.recorded_at)
    claims = func.coalesce(batch_sets.c.claims, batches.c.claims)
    for part in cut(batch_ids):
        sets = select(batch_sets.c.id).where(batch_sets.c.batch_id.in_(part))
        bound = or_(
            events.c.batch_id.in_(part),
            events.c.set_id.in_(sets),
            event_links.c.batch_id.in_(part),
            event_links.c.set_id.in_(sets),
        )
        query = select(batch, of_set, claims, *columns, *source).select_from(joined)
        for row in conn.execute(query.where(events.c.kind.in_(KINDS), bound).order_by(events.c.id)):
            found.setdefault(row[0], []).append(BatchAnswer._make(row))
    return found


def was_answered(conn: Connection, batch_id: int) -> bool:
    """Whether a TA1, 999 or 277CA speaks of the batch, of one of its sets or of one of its submissions."""
    sets = select(batch_sets.c.id).where(batch_sets.c.batch_id == batch_id)
    own = select(submissions.c.id).where(submissions.c.batch_id == batch_id)
    whose = select(submissions.c.claim_id).where(submissions.c.batch_id == batch_id)
    # By claim too, since of claims and submissions only the claims are indexed.
    bound = [
        or_(
            one.c.batch_id == batch_id,
            one.c.set_id.in_(sets),
            and_(one.c.claim_id.in_(whose), one.c.submission_id.in_(own)),
        )
        for one in (events, event_links)
    ]
    told = select(events.c.id).where(events.c.inbound_set_id.is_not(None), bound[0])
    later = select(event_links.c.id).where(bound[1], standing())
    return bool(conn.execute(select(or_(exists(told), exists(later)))).scalar_one())
