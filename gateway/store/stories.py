"""Everything of one claim, for showing it: versions, submissions, events with their file, remitted claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from gateway.store.event_links import standing
from gateway.store.remittances import RemittanceClaimRow
from gateway.store.rows import columns, fetch, unsaid
from gateway.store.tables import (
    batch_sets,
    batches,
    claim_current,
    claims,
    event_links,
    events,
    inbound_files,
    inbound_sets,
    remittance_claims,
    remittance_links,
    remittances,
    submissions,
)


class CurrentClaim(NamedTuple):
    """A claim and its row of the projection."""

    claim_id: int
    version_id: int
    patient_control_number: str
    type: str
    state: str
    stage: str
    flags: str  # JSON
    partner: str
    payer_id: str
    payer_name: str
    billing_key: str
    billing_name: str
    service_from: str
    service_to: str
    imported_at: str
    sent_at: str | None
    has_money: int
    charge: int
    paid: int
    patient_responsibility: int
    contractual: int
    denied: int
    other_adjustments: int
    open: int


class SubmittedIn(NamedTuple):
    """Where a version went."""

    id: int
    version_id: int
    set_id: int
    batch_id: int
    partner: str
    state: str
    interchange_control_number: str
    group_control_number: str
    control_number: str
    sent_at: str | None


class Told(NamedTuple):
    """One event, with the file that it rests on."""

    id: int
    kind: str
    hop: str
    verdict: str
    segment: int
    said_on: str
    codes: str  # JSON
    text: str
    keys: str  # JSON: the identifiers that it named; of what was entered the source
    actor: str
    recorded_at: str
    file_id: int | None
    file_name: str | None
    set_kind: str | None


class Remitted(NamedTuple):
    """One remitted claim (CLP) that is linked, with its remittance and file."""

    claim: RemittanceClaimRow
    payer_name: str
    payer_key: str
    payment_date: str
    trace_number: str
    remittance_status: str
    rung: str
    recorded_at: str
    source: str  # 835; entered by hand: paper, portal, telephone
    entered_by: str
    file_id: int
    file_name: str


def _current() -> Select[Any]:
    own = [claims.c[name] for name in ("patient_control_number", "type")]
    rest = [claim_current.c[name] for name in CurrentClaim._fields if name in claim_current.c]
    order = {column.name: column for column in (*own, *rest)}
    return select(*(order[name] for name in CurrentClaim._fields)).join(claims, claims.c.id == claim_current.c.claim_id)


def claims_listed(
    conn: Connection,
    *,
    state: str = "",
    payer_ids: Sequence[str] = (),
    since: str = "",
    until: str = "",
    claim_ids: Sequence[int] = (),
    limit: int | None = None,
) -> list[CurrentClaim]:
    """Claims by state, ids of a payer and day of first import, in order of import."""
    wanted: list[ColumnElement[bool]] = []
    if state:
        wanted.append(claim_current.c.state == state)
    if payer_ids:
        wanted.append(claim_current.c.payer_id.in_(payer_ids))
    if since:
        wanted.append(claim_current.c.imported_at >= since)
    if until:
        wanted.append(claim_current.c.imported_at < until + "U")
    if claim_ids:
        wanted.append(claim_current.c.claim_id.in_(claim_ids))
    return fetch(conn, _current().where(*wanted).order_by(claim_current.c.claim_id).limit(limit), CurrentClaim)


def submissions_told(conn: Connection, claim_id: int) -> list[SubmittedIn]:
    """The submissions of a claim in their order; those of batches that were given up left out."""
    query = (
        select(
            submissions.c.id,
            submissions.c.version_id,
            submissions.c.set_id,
            submissions.c.batch_id,
            batches.c.partner,
            batches.c.state,
            batches.c.interchange_control_number,
            batch_sets.c.group_control_number,
            batch_sets.c.control_number,
            batches.c.sent_at,
        )
        .join(batches, batches.c.id == submissions.c.batch_id)
        .join(batch_sets, batch_sets.c.id == submissions.c.set_id)
        .where(submissions.c.claim_id == claim_id, batches.c.state.not_in(("cancelled", "abandoned")))
        .order_by(submissions.c.id)
    )
    return fetch(conn, query, SubmittedIn)


def events_told(conn: Connection, claim_id: int) -> list[Told]:
    """Every event of a claim, its submissions, its sets and its batches, in the order of recording."""
    own = select(submissions.c.id).where(submissions.c.claim_id == claim_id)
    sets = select(submissions.c.set_id).where(submissions.c.claim_id == claim_id)
    of_batches = select(submissions.c.batch_id).where(submissions.c.claim_id == claim_id)
    direct = or_(
        events.c.claim_id == claim_id,
        events.c.submission_id.in_(own),
        and_(events.c.set_id.in_(sets), unsaid(events.c.submission_id), unsaid(events.c.claim_id)),
        and_(
            events.c.batch_id.in_(of_batches),
            unsaid(events.c.set_id),
            unsaid(events.c.submission_id),
            unsaid(events.c.claim_id),
        ),
    )
    linked = select(event_links.c.event_id).where(
        or_(
            event_links.c.claim_id == claim_id,
            event_links.c.submission_id.in_(own),
            and_(event_links.c.set_id.in_(sets), unsaid(event_links.c.submission_id)),
            and_(
                event_links.c.batch_id.in_(of_batches),
                unsaid(event_links.c.set_id),
                unsaid(event_links.c.submission_id),
            ),
        ),
        standing(),
    )
    own_columns = [events.c[name] for name in Told._fields if name in events.c]
    query = (
        select(*own_columns, inbound_files.c.id, inbound_files.c.name, inbound_sets.c.kind.label("set_kind"))
        .outerjoin(inbound_sets, inbound_sets.c.id == events.c.inbound_set_id)
        .outerjoin(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)
        .where(or_(direct, events.c.id.in_(linked)), events.c.kind != "numbered")
        .order_by(events.c.id)
    )
    return fetch(conn, query, Told)


def remitted_told(conn: Connection, claim_id: int) -> list[Remitted]:
    """Every remitted claim that is linked to this claim now, in the order of payment."""
    newest = select(func.max(remittance_links.c.id)).group_by(remittance_links.c.remittance_claim_id)
    query = (
        select(
            *columns(remittance_claims, RemittanceClaimRow),
            remittances.c.payer_name,
            remittances.c.payer_key,
            remittances.c.payment_date,
            remittances.c.trace_number,
            remittances.c.status.label("remittance_status"),
            remittance_links.c.rung,
            remittances.c.recorded_at,
            remittances.c.source,
            remittances.c.entered_by,
            inbound_files.c.id.label("file_id"),
            inbound_files.c.name,
        )
        .join(remittance_links, remittance_links.c.remittance_claim_id == remittance_claims.c.id)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .join(inbound_sets, inbound_sets.c.id == remittances.c.inbound_set_id)
        .join(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)
        .where(remittance_links.c.claim_id == claim_id, remittance_links.c.id.in_(newest))
        .order_by(remittances.c.payment_date, remittances.c.id, remittance_claims.c.ordinal)
    )
    width = len(RemittanceClaimRow._fields)
    rows = conn.execute(query)
    return [Remitted(RemittanceClaimRow._make(row[:width]), *row[width:]) for row in rows]
