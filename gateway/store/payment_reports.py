"""What reports ask about payments: claims that are nobody's, provider adjustments, answers that fit nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, exists, func, or_, select

from gateway.store.event_links import standing
from gateway.store.remittances import RemittanceClaimRow, RemittanceRow
from gateway.store.reporting import Filters, latest_links, remittance_conditions, was_posted
from gateway.store.rows import columns, cut
from gateway.store.tables import (
    claims,
    event_links,
    events,
    inbound_files,
    inbound_sets,
    remittance_claims,
    remittances,
)


class UnmatchedClaim(NamedTuple):
    """A remitted claim that is nobody's, with its payment and how the ladder ended."""

    claim: RemittanceClaimRow
    payment: RemittanceRow
    partner: str
    rung: str
    evidence: str


def unmatched_claims(
    conn: Connection, filters: Filters, limit: int | None = None, as_of: str = ""
) -> list[UnmatchedClaim]:
    """The remitted claims of posted payments that no claim was found for, the most money first."""
    latest = latest_links(as_of)
    query = _unmatched(
        select(
            *columns(remittance_claims, RemittanceClaimRow),
            *columns(remittances, RemittanceRow),
            inbound_files.c.partner,
            func.coalesce(latest.c.rung, "none"),
            func.coalesce(latest.c.evidence, ""),
        ),
        latest,
        filters,
        as_of,
    ).order_by(func.abs(remittance_claims.c.paid).desc(), remittance_claims.c.id)
    width = len(RemittanceClaimRow._fields)
    rest = width + len(RemittanceRow._fields)
    return [
        UnmatchedClaim(RemittanceClaimRow._make(row[:width]), RemittanceRow._make(row[width:rest]), *row[rest:])
        for row in conn.execute(query.limit(limit))
    ]


class UnmatchedGroup(NamedTuple):
    """Unmatched claim payments in cents: what came in and what was taken back never net."""

    key: str
    name: str
    claims: int
    paid: int
    taken_back: int


def unmatched_groups(conn: Connection, filters: Filters, by: str, as_of: str = "") -> list[UnmatchedGroup]:
    """The same summed by "payer", "partner" or (payee) "provider"."""
    key, name = {
        "payer": (remittances.c.payer_key, remittances.c.payer_name),
        "partner": (inbound_files.c.partner, inbound_files.c.partner),
        "provider": (remittances.c.payee_id, remittances.c.payee_id),
    }[by]
    paid = remittance_claims.c.paid
    positive, negative = (paid + func.abs(paid)) / 2, (paid - func.abs(paid)) / 2
    wanted: Select[Any] = select(key, func.max(name), func.count(), func.sum(positive), func.sum(negative))
    query = _unmatched(wanted, latest_links(as_of), filters, as_of).group_by(key).order_by(key)
    return [UnmatchedGroup(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in conn.execute(query)]


def _unmatched(query: Select[Any], latest: Any, filters: Filters, as_of: str) -> Select[Any]:
    links = latest.c
    return (
        query.select_from(remittance_claims)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .join(inbound_sets, inbound_sets.c.id == remittances.c.inbound_set_id)
        .join(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)
        .outerjoin(latest, links.remittance_claim_id == remittance_claims.c.id)
        .where(links.claim_id.is_(None), was_posted(as_of), *remittance_conditions(filters, as_of))
    )


def numbers_of(conn: Connection, claim_ids: Iterable[int], as_of: str = "") -> dict[int, str]:
    """The patient control numbers of many claims that were there at the time, by claim id."""
    known = [claims.c.imported_at <= as_of] if as_of else []
    found: dict[int, str] = {}
    for part in cut(sorted(set(claim_ids))):
        query = select(claims.c.id, claims.c.patient_control_number).where(claims.c.id.in_(part), *known)
        found.update((row[0], row[1]) for row in conn.execute(query))
    return found


def remitted_rows(conn: Connection, ids: Iterable[int]) -> dict[int, RemittanceClaimRow]:
    """Remitted claims by their ids."""
    found: dict[int, RemittanceClaimRow] = {}
    for part in cut(list(ids)):
        query = select(*columns(remittance_claims, RemittanceClaimRow)).where(remittance_claims.c.id.in_(part))
        found.update((row[0], RemittanceClaimRow._make(row)) for row in conn.execute(query))
    return found


def payment_dates(conn: Connection, remittance_ids: Iterable[int]) -> dict[int, str]:
    """BPR16 of payments by their ids."""
    found: dict[int, str] = {}
    for part in cut(sorted(set(remittance_ids))):
        query = select(remittances.c.id, remittances.c.payment_date).where(remittances.c.id.in_(part))
        found.update((row[0], row[1]) for row in conn.execute(query))
    return found


def payment_rows_of(
    conn: Connection, remittance_ids: Iterable[int], filters: Filters, as_of: str = ""
) -> dict[int, RemittanceRow]:
    """Payments by their ids, without those that the filters leave out."""
    found: dict[int, RemittanceRow] = {}
    for part in cut(sorted(set(remittance_ids))):
        query = select(*columns(remittances, RemittanceRow)).where(
            remittances.c.id.in_(part), *remittance_conditions(filters, as_of)
        )
        found.update((row[0], RemittanceRow._make(row)) for row in conn.execute(query))
    return found


class UnboundAnswer(NamedTuple):
    """An answer for which nothing of ours was found."""

    id: int
    kind: str
    hop: str
    verdict: str
    said_on: str
    codes: str  # JSON
    keys: str  # JSON: the identifiers that it named
    segment: int
    file_id: int
    file_name: str
    partner: str
    recorded_at: str


def unbound_answers(
    conn: Connection, filters: Filters, limit: int | None = None, as_of: str = ""
) -> tuple[int, list[UnboundAnswer]]:
    """How many answers fit nothing, and the newest of them."""
    bound = [event_links.c.event_id == events.c.id, *([event_links.c.recorded_at <= as_of] if as_of else [])]
    targets = (event_links.c.claim_id, event_links.c.submission_id, event_links.c.set_id, event_links.c.batch_id)
    bound += [or_(*(column.is_not(None) for column in targets)), standing(as_of)]
    scopes = (events.c.claim_id, events.c.submission_id, events.c.set_id, events.c.batch_id)
    where = and_(
        *(column.is_(None) for column in scopes),
        events.c.verdict != "",
        events.c.kind != "numbered",
        # What totals say of claims that are not named is no answer by itself where others are named.
        or_(inbound_sets.c.claims == 0, ~events.c.match_key.startswith("bht:")),
        ~exists().where(*bound),
        *([events.c.recorded_at <= as_of] if as_of else []),
        *([inbound_files.c.partner == filters.partner] if filters.partner else []),
    )
    own = {"file_id": inbound_files.c.id, "file_name": inbound_files.c.name, "partner": inbound_files.c.partner}
    joined = events.join(inbound_sets, inbound_sets.c.id == events.c.inbound_set_id).join(
        inbound_files, inbound_files.c.id == inbound_sets.c.file_id
    )
    wanted = [own[name] if name in own else events.c[name] for name in UnboundAnswer._fields]
    rows = conn.execute(select(*wanted).select_from(joined).where(where).order_by(events.c.id.desc()).limit(limit))
    count = conn.execute(select(func.count()).select_from(joined).where(where)).scalar_one()
    return int(count), [UnboundAnswer(*row) for row in rows]
