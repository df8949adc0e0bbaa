"""The content that counts of every claim, streamed: for looking at all of them by a rule that is not in force yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from gateway.store.retention_tables import left_claims
from gateway.store.tables import claim_current, claim_versions, claims


class StandingBody(NamedTuple):
    """A claim with the version that counts now."""

    claim_id: int
    patient_control_number: str
    type: str
    state: str
    payer_id: str
    body: str  # the canonical document, JSON


def standing_bodies(conn: Connection, *, state: str = "", since: str = "") -> Iterator[StandingBody]:
    """Claims in order of import, in bounded memory.

    :param since: first imported on or after this day
    """
    query = (
        select(
            claims.c.id,
            claims.c.patient_control_number,
            claims.c.type,
            claim_current.c.state,
            claim_versions.c.payer_id,
            claim_versions.c.body,
        )
        .join(claim_current, claim_current.c.claim_id == claims.c.id)
        .join(claim_versions, claim_versions.c.id == claim_current.c.version_id)
        .where(claims.c.id.not_in(select(left_claims.c.claim_id)))  # of those there is only a rest
        .order_by(claims.c.id)
    )
    if state:
        query = query.where(claim_current.c.state == state)
    if since:
        query = query.where(claim_current.c.imported_at >= since)
    for row in conn.execution_options(yield_per=500).execute(query):
        yield StandingBody._make(row)
