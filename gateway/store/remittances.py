"""Payments and their claims: facts are appended, links say whose they are, postings what they move.

A remittance that is parked has its facts and neither links nor postings. Postings are never changed: an undo adds the
same amounts with the sign turned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, case, func, insert, select, update

from gateway.errors import UsageError
from gateway.store.entries import add_entry
from gateway.store.rows import columns, cut, fetch, fetch_one, insert_rows, new_ids
from gateway.store.tables import (
    inbound_sets,
    postings,
    provider_adjustments,
    remittance_claims,
    remittance_links,
    remittances,
)
from gateway.store.times import stamp

POSTING_AMOUNTS = (
    "charge", "paid", "patient_responsibility", "deductible", "coinsurance", "copay", "contractual", "denied", "other",
    "prior_payer", "forwarded", "interest",
)  # fmt: skip


class RemittanceRow(NamedTuple):
    id: int
    inbound_set_id: int
    payer_name: str
    payer_key: str
    payer_ids: str  # JSON
    payee_id: str
    payee_ids: str  # JSON
    method: str  # BPR04
    handling: str  # BPR01
    payment: int  # BPR02, negative where BPR03 is D
    payment_date: str  # BPR16
    trace_number: str  # TRN02
    originator: str  # TRN03
    claim_payments: int
    provider_adjustments: int
    difference: int
    status: str  # posted, parked
    reason: str
    recorded_at: str
    source: str  # 835; entered by hand: paper, portal, telephone
    entered_by: str


class NewRemittance(NamedTuple):
    """The header of a payment; its sums follow when it is read to its end."""

    inbound_set_id: int
    payer_name: str
    payer_key: str
    payer_ids: str
    payee_id: str
    payee_ids: str  # JSON
    method: str
    handling: str
    payment: int
    payment_date: str
    trace_number: str
    originator: str
    account_ending: str = ""
    source: str = "835"  # 835; entered by hand: paper, portal, telephone
    entered_by: str = ""


class RemittanceClaimRow(NamedTuple):
    id: int
    remittance_id: int
    ordinal: int
    segment: int
    patient_control_number: str
    match_key: str
    status: str
    charge: int
    paid: int
    patient_stated: int
    filing_indicator: str
    payer_claim_number: str
    original_reference: str
    frequency: str
    service_from: str
    service_to: str
    member_id: str
    body: str


class LinkRow(NamedTuple):
    """The newest link of a remitted claim."""

    remittance_claim_id: int
    claim_id: int | None
    rung: str
    actor: str


class NewLink(NamedTuple):
    remittance_claim_id: int
    claim_id: int | None
    rung: str
    evidence: str
    actor: str
    recorded_at: str


class NewPosting(NamedTuple):
    remittance_claim_id: int
    kind: str  # post, undo
    charge: int
    paid: int
    patient_responsibility: int
    deductible: int
    coinsurance: int
    copay: int
    contractual: int
    denied: int
    other: int
    prior_payer: int
    forwarded: int
    interest: int
    duplicate_denial: int
    rules: str
    actor: str
    reason: str
    recorded_at: str


class ProviderAdjustmentRow(NamedTuple):
    provider_id: str
    fiscal_period_end: str
    code: str
    reference: str
    amount: int
    segment: int


def add_remittance(conn: Connection, new: NewRemittance, *, status: str, at: datetime, reason: str = "") -> int:
    """Writes the header and returns its id."""
    row = {**new._asdict(), "status": status, "reason": reason, "recorded_at": stamp(at)}
    made = int(conn.execute(insert(remittances).values(row).returning(remittances.c.id)).scalar_one())
    if status == "posted":
        add_entry(conn, made, "post", at=at)
    return made


def close_remittance(
    conn: Connection, remittance_id: int, *, claim_payments: int, provider_adjustments: int, difference: int
) -> None:
    """Adds the sums once the set is read to its end."""
    sums = {"claim_payments": claim_payments, "provider_adjustments": provider_adjustments, "difference": difference}
    conn.execute(update(remittances).where(remittances.c.id == remittance_id).values(sums))


def set_status(
    conn: Connection, remittance_id: int, status: str, *, at: datetime, actor: str = "", why: str = "", reason: str = ""
) -> None:
    """Moves a payment between posted and parked, its set with it, and enters who did so and why.

    `reason` is what a parked payment shows. Conflict where the same content is posted already.
    """
    add_entry(conn, remittance_id, "post" if status == "posted" else "undo", at=at, actor=actor, reason=why)
    conn.execute(update(remittances).where(remittances.c.id == remittance_id).values(status=status, reason=reason))
    of = select(remittances.c.inbound_set_id).where(remittances.c.id == remittance_id).scalar_subquery()
    conn.execute(update(inbound_sets).where(inbound_sets.c.id == of).values(status=status))


def park(conn: Connection, remittance_id: int, *, reason: str) -> None:
    """Says anew why a parked payment is parked."""
    conn.execute(update(remittances).where(remittances.c.id == remittance_id).values(reason=reason))


def move_matched(conn: Connection, remittance_id: int, more: int) -> None:
    """Counts that many claims of a payment from unmatched to matched (negative: back), where its file is shown."""
    of = select(remittances.c.inbound_set_id).where(remittances.c.id == remittance_id).scalar_subquery()
    counts = {"matched": inbound_sets.c.matched + more, "unmatched": inbound_sets.c.unmatched - more}
    conn.execute(update(inbound_sets).where(inbound_sets.c.id == of).values(counts))


def set_matched(conn: Connection, remittance_id: int, matched: int, unmatched: int) -> None:
    """How many claims of a payment are matched, after it was posted or taken back."""
    of = select(remittances.c.inbound_set_id).where(remittances.c.id == remittance_id).scalar_subquery()
    counts = {"matched": matched, "unmatched": unmatched}
    conn.execute(update(inbound_sets).where(inbound_sets.c.id == of).values(counts))


def get_remittance(conn: Connection, remittance_id: int) -> RemittanceRow:
    """One payment; raises UsageError where there is none of that id."""
    query = select(*columns(remittances, RemittanceRow)).where(remittances.c.id == remittance_id)
    found = fetch_one(conn, query, RemittanceRow)
    if found is None:
        raise UsageError(f"there is no remittance {remittance_id}")
    return found


def remittance_of_set(conn: Connection, inbound_set_id: int) -> RemittanceRow | None:
    """The payment that a set holds, if it was kept."""
    query = select(*columns(remittances, RemittanceRow)).where(remittances.c.inbound_set_id == inbound_set_id)
    return fetch_one(conn, query.order_by(remittances.c.id.desc()).limit(1), RemittanceRow)


def list_remittances(
    conn: Connection, *, status: str | None = None, since: str = "", until: str = "", limit: int | None = None
) -> list[RemittanceRow]:
    """Payments by BPR16, then by arrival; all or those of one status."""
    query = select(*columns(remittances, RemittanceRow))
    if status is not None:
        query = query.where(remittances.c.status == status)
    if since:
        query = query.where(remittances.c.payment_date >= since)
    if until:
        query = query.where(remittances.c.payment_date <= until)
    return fetch(conn, query.order_by(remittances.c.payment_date, remittances.c.id).limit(limit), RemittanceRow)


def same_trace(
    conn: Connection, *, trace_number: str, originator: str, payment_date: str, but_set: int
) -> list[RemittanceRow]:
    """Posted payments of the same TRN02, TRN03 and BPR16, those of one set left out."""
    query = select(*columns(remittances, RemittanceRow)).where(
        remittances.c.trace_number == trace_number,
        remittances.c.originator == originator,
        remittances.c.payment_date == payment_date,
        remittances.c.status == "posted",
        remittances.c.inbound_set_id != but_set,
    )
    return fetch(conn, query.order_by(remittances.c.id), RemittanceRow)


_ALL_OF_A_CLAIM = ("match_key", "patient_control_number", "status", "charge", "paid", "payer_claim_number")


def shares_claims(
    conn: Connection, remittance_id: int, others: Sequence[int], names: Sequence[str] = _ALL_OF_A_CLAIM
) -> bool:
    """Whether one of the other payments has a claim with the same number, status, amounts and payer claim number."""
    mine, theirs = remittance_claims.alias(), remittance_claims.alias()
    same = [mine.c[name] == theirs.c[name] for name in names]
    query = (
        select(mine.c.id)
        .join(theirs, and_(*same))
        .where(mine.c.remittance_id == remittance_id, theirs.c.remittance_id.in_(others))
    )
    return conn.execute(query.limit(1)).first() is not None


# Claims of a payment


def add_remitted_claims(conn: Connection, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
    """Stores remitted claims, values in the order of RemittanceClaimRow without its id; returns their ids."""
    ids = new_ids(conn, remittance_claims, len(rows))
    numbered = ((row_id, *row) for row_id, row in zip(ids, rows, strict=True))
    insert_rows(conn, remittance_claims, RemittanceClaimRow._fields, numbered)
    return ids


def add_links(conn: Connection, rows: Iterable[NewLink]) -> None:
    """Says whose remitted claims are; the newest link counts."""
    insert_rows(conn, remittance_links, NewLink._fields, rows)


def add_postings(conn: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """Appends postings, values in the order of NewPosting."""
    insert_rows(conn, postings, NewPosting._fields, rows)


def add_provider_adjustments(conn: Connection, remittance_id: int, rows: Iterable[ProviderAdjustmentRow]) -> None:
    """Stores the PLB pairs of a payment."""
    named = ("remittance_id", *ProviderAdjustmentRow._fields)
    insert_rows(conn, provider_adjustments, named, ((remittance_id, *row) for row in rows))


def provider_adjustments_of(conn: Connection, remittance_id: int) -> list[ProviderAdjustmentRow]:
    """The PLB pairs of a payment in file order."""
    query = select(*columns(provider_adjustments, ProviderAdjustmentRow))
    query = query.where(provider_adjustments.c.remittance_id == remittance_id).order_by(provider_adjustments.c.id)
    return fetch(conn, query, ProviderAdjustmentRow)


def get_remitted_claim(conn: Connection, remittance_claim_id: int) -> RemittanceClaimRow:
    """One remitted claim; raises UsageError where there is none of that id."""
    query = _remitted().where(remittance_claims.c.id == remittance_claim_id)
    found = fetch_one(conn, query, RemittanceClaimRow)
    if found is None:
        raise UsageError(f"there is no remitted claim {remittance_claim_id}")
    return found


def find_remitted_claim(conn: Connection, remittance_id: int, ordinal: int) -> RemittanceClaimRow | None:
    """The remitted claim by its place in its payment."""
    query = _remitted().where(remittance_claims.c.remittance_id == remittance_id)
    return fetch_one(conn, query.where(remittance_claims.c.ordinal == ordinal), RemittanceClaimRow)


def remitted_claims_of(
    conn: Connection, remittance_id: int, *, at_a_time: int = 1_000
) -> Iterator[list[RemittanceClaimRow]]:
    """The claims of a payment in file order, in parts, so that memory stays flat and the caller may write between."""
    after = 0
    while True:
        query = _remitted().where(remittance_claims.c.remittance_id == remittance_id)
        query = query.where(remittance_claims.c.ordinal > after).order_by(remittance_claims.c.ordinal)
        part = fetch(conn, query.limit(at_a_time), RemittanceClaimRow)
        if not part:
            return
        yield part
        after = part[-1].ordinal


def posted_by_key(conn: Connection, match_keys: Iterable[str]) -> list[RemittanceClaimRow]:
    """Claims of posted payments with one of many match keys."""
    found: list[RemittanceClaimRow] = []
    for part in cut(sorted(set(match_keys))):
        found += fetch(conn, posted_claims().where(remittance_claims.c.match_key.in_(part)), RemittanceClaimRow)
    return found


def posted_by_member(conn: Connection, member_ids: Iterable[str]) -> list[RemittanceClaimRow]:
    """Claims of posted payments with one of many member ids."""
    found: list[RemittanceClaimRow] = []
    for part in cut(sorted(set(member_ids) - {""})):
        found += fetch(conn, posted_claims().where(remittance_claims.c.member_id.in_(part)), RemittanceClaimRow)
    return found


def newest_links(conn: Connection, remittance_claim_ids: Iterable[int]) -> dict[int, LinkRow]:
    """The link that counts of each of many remitted claims; those never linked are absent."""
    newest = select(remittance_links.c.remittance_claim_id, func.max(remittance_links.c.id).label("id")).group_by(
        remittance_links.c.remittance_claim_id
    )
    found: dict[int, LinkRow] = {}
    for part in cut(sorted(set(remittance_claim_ids))):
        last = newest.where(remittance_links.c.remittance_claim_id.in_(part)).subquery()
        joined = remittance_links.join(last, last.c.id == remittance_links.c.id)
        query = select(*columns(remittance_links, LinkRow)).select_from(joined)
        found.update((row.remittance_claim_id, row) for row in fetch(conn, query, LinkRow))
    return found


def claims_of_remittance(conn: Connection, remittance_id: int) -> set[int]:
    """The claims that a payment's remitted claims are linked to now."""
    found: set[int] = set()
    for part in remitted_claims_of(conn, remittance_id, at_a_time=5_000):
        links = newest_links(conn, [row.id for row in part])
        found.update(link.claim_id for link in links.values() if link.claim_id is not None)
    return found


def standing_postings(conn: Connection, remittance_id: int) -> list[NewPosting]:
    """What the postings of a payment come to, one a remitted claim; those undone are left out."""
    sums = [func.sum(postings.c[name]) for name in POSTING_AMOUNTS]
    stands = func.sum(case((postings.c.kind == "post", 1), else_=-1))
    about = (func.max(postings.c.duplicate_denial), func.max(postings.c.rules))
    query = (
        select(postings.c.remittance_claim_id, *sums, *about)
        .join(remittance_claims, remittance_claims.c.id == postings.c.remittance_claim_id)
        .where(remittance_claims.c.remittance_id == remittance_id)
        .group_by(postings.c.remittance_claim_id)
        .having(stands > 0)
        .order_by(postings.c.remittance_claim_id)
    )
    found = []
    for claim_id, *amounts, duplicate, rules in conn.execute(query):
        found.append(NewPosting._make([claim_id, "post", *map(int, amounts), int(duplicate), rules, "", "", ""]))
    return found


def _remitted() -> Select[Any]:
    return select(*columns(remittance_claims, RemittanceClaimRow))


def posted_claims() -> Select[Any]:
    """The claims of payments that are posted, to be narrowed down."""
    joined = remittance_claims.join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
    return _remitted().select_from(joined).where(remittances.c.status == "posted").order_by(remittance_claims.c.id)
