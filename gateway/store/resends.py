"""Where the claims of a batch stand now: what a resend is decided by."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from gateway.store.tables import batches, claim_current, claim_versions, claims, submissions


class BatchClaim(NamedTuple):
    claim_id: int
    version_id: int
    submission_id: int
    newest_submission: int  # the claim's newest one that was not given up
    state: str
    flags: str  # JSON
    patient_control_number: str
    charge: int
    body: str


def claims_of_batch(conn: Connection, batch_id: int) -> list[BatchClaim]:
    """The claims of a batch in the order of their submissions, with their present state."""
    own = select(submissions.c.claim_id).where(submissions.c.batch_id == batch_id)
    newest = (
        select(submissions.c.claim_id, func.max(submissions.c.id).label("id"))
        .join(batches, batches.c.id == submissions.c.batch_id)
        .where(batches.c.state.not_in(("cancelled", "abandoned")), submissions.c.claim_id.in_(own))
        .group_by(submissions.c.claim_id)
        .subquery("newest")
    )
    query = (
        select(
            submissions.c.claim_id,
            submissions.c.version_id,
            submissions.c.id,
            func.coalesce(newest.c.id, 0),
            claim_current.c.state,
            claim_current.c.flags,
            claims.c.patient_control_number,
            claim_versions.c.charge,
            claim_versions.c.body,
        )
        .join(claims, claims.c.id == submissions.c.claim_id)
        .join(claim_versions, claim_versions.c.id == submissions.c.version_id)
        .join(claim_current, claim_current.c.claim_id == submissions.c.claim_id)
        .outerjoin(newest, newest.c.claim_id == submissions.c.claim_id)
        .where(submissions.c.batch_id == batch_id)
        .order_by(submissions.c.id)
    )
    return [BatchClaim._make(row) for row in conn.execute(query)]
