"""Questions that reports ask of the store: counts and sums by SQL, never a scan in Python.

Money sums leave out what has none in reports: cancelled and voided claims, encounters, predeterminations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, case, exists, func, literal, or_, select

from gateway.store.tables import (
    batches,
    claim_current,
    claims,
    inbound_files,
    inbound_sets,
    postings,
    provider_adjustments,
    remittance_claims,
    remittance_entries,
    remittance_links,
    remittances,
    submissions,
)

MONEY = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which claims and remittances a report is about. Days are ISO text; claims count by first import."""

    partner: str = ""
    payer: str = ""
    since: str = ""
    until: str = ""
    aliases: tuple[str, ...] = ()  # further ids of that payer

    @property
    def payer_ids(self) -> tuple[str, ...]:
        """Every id of the payer that is asked about."""
        return (self.payer, *self.aliases)

    def __bool__(self) -> bool:
        return bool(self.partner or self.payer or self.since or self.until)


class ClaimGroup(NamedTuple):
    """Claims of one key (empty: all) in one stage and outcome."""

    key: str
    name: str
    stage: str
    outcome: str
    claims: int
    adjudicated: int
    money: tuple[int, ...]  # cents, in the order of MONEY


class ClaimLine(NamedTuple):
    """One claim as a list of a report shows it."""

    patient_control_number: str
    state: str
    payer: str
    partner: str
    service_from: str
    amount: int  # cents: what is at stake
    flags: str
    codes: str = ""


Keys = tuple[str, str, str, str, str]  # payer id and name, partner, billing provider's key and name
_KEYS = {"payer": (0, 1), "partner": (2, 2), "provider": (3, 4)}


def key_columns(table: Table) -> list[ColumnElement[Any]]:
    """What every report groups claims by. Names follow from their keys, so they do not split groups."""
    c = table.c
    return [c.payer_id, func.max(c.payer_name), c.partner, c.billing_key, func.max(c.billing_name)]


def keys_grouped(table: Table) -> list[ColumnElement[Any]]:
    return [table.c.payer_id, table.c.partner, table.c.billing_key]


def unnamed(grouped: Sequence[Any]) -> Keys:
    """The keys of a row that `keys_grouped` groups by, without their names."""
    payer, partner, provider = grouped
    return payer, "", partner, provider, ""


def key_of(keys: Keys, by: str | None) -> tuple[str, str]:
    """Key and name of one "payer", "partner" or (billing) "provider"; empty where all are asked for."""
    if by is None:
        return "", ""
    key, name = _KEYS[by]
    return keys[key], keys[name]


class ClaimCube(NamedTuple):
    """Counts and sums by every key at once: one pass over the claims, whatever is made of it."""

    rows: list[tuple[Keys, ClaimGroup]]

    def groups(self, by: str | None = None) -> list[ClaimGroup]:
        """Counts and sums by stage and outcome, and by "payer", "partner" or "provider" where asked."""
        found: dict[tuple[str, str, str], ClaimGroup] = {}
        for keys, row in self.rows:
            key, name = key_of(keys, by)
            place = key, row.stage, row.outcome
            known = found.get(place)
            found[place] = row._replace(key=key, name=name) if known is None else _added(known, row, name)
        return [found[place] for place in sorted(found)]


def _added(one: ClaimGroup, other: ClaimGroup, name: str) -> ClaimGroup:
    return one._replace(
        name=max(one.name, name),
        claims=one.claims + other.claims,
        adjudicated=one.adjudicated + other.adjudicated,
        money=tuple(map(sum, zip(one.money, other.money, strict=True))),
    )


def claim_cube(conn: Connection, filters: Filters, table: Table = claim_current) -> ClaimCube:
    """Counts and sums of all claims."""
    counted = and_(table.c.has_money == 1, table.c.state.not_in(("cancelled", "voided")))
    money = [func.coalesce(func.sum(case((counted, table.c[name]), else_=0)), 0) for name in MONEY]
    stages = [table.c.stage, table.c.outcome]
    wanted = [*key_columns(table), *stages, func.count(), func.sum(table.c.adjudicated), *money]
    query = select(*wanted).where(*claim_conditions(filters, table)).group_by(*keys_grouped(table), *stages)
    rows = []
    for row in conn.execute(query):
        counts = int(row[7]), int(row[8] or 0), tuple(int(value) for value in row[9:])
        rows.append(((row[0], row[1], row[2], row[3], row[4]), ClaimGroup("", "", row[5], row[6], *counts)))
    return ClaimCube(rows)


def credit_count(conn: Connection, filters: Filters, table: Table = claim_current) -> int:
    """How many claims carry money that was paid too much."""
    owed = [table.c.flags.contains('"credit"', autoescape=True), table.c.has_money == 1]
    owed += claim_conditions(filters, table)
    return int(conn.execute(select(func.count()).select_from(table).where(*owed)).scalar_one())


def claim_conditions(filters: Filters, table: Table = claim_current) -> list[ColumnElement[bool]]:
    """The filters as conditions on the projection."""
    found: list[ColumnElement[bool]] = []
    if filters.partner:
        found.append(table.c.partner == filters.partner)
    if filters.payer:
        found.append(table.c.payer_id.in_(filters.payer_ids))
    if filters.since:
        found.append(table.c.imported_at >= filters.since)
    if filters.until:
        found.append(table.c.imported_at < filters.until + "U")  # "T" sorts before: the whole day
    return found


class RemittanceRow(NamedTuple):
    """One remittance and what its parts add up to, in cents."""

    id: int
    trace_number: str
    originator: str
    payer_key: str
    payer_name: str
    payee_id: str
    method: str  # BPR04
    account_ending: str
    payment_date: str
    partner: str
    file_id: int
    posted: bool
    undone: bool  # it was posted, and a person took it back
    reason: str  # why it is parked; empty of a past that was decided on since
    recorded_at: str
    payment: int
    claims: int
    claims_unmatched: int
    matched: int
    unmatched: int
    unmatched_in: int  # of these, what came in: claim payments above zero
    provider_adjustments: int

    @property
    def difference(self) -> int:
        """What its parts do not explain."""
        return self.payment - self.matched - self.unmatched + self.provider_adjustments


def latest_links(as_of: str = "") -> Any:
    """The link of each remitted claim that no later one replaces. Asked as "none later", which both databases answer by
    the index; against a list of the newest ids SQLite runs through the list for every remitted claim."""
    links, later = remittance_links.c, remittance_links.alias("later").c
    of_same = [later.remittance_claim_id == links.remittance_claim_id, later.id > links.id]
    known = [links.recorded_at <= as_of] if as_of else []
    if as_of:
        of_same.append(later.recorded_at <= as_of)
    replaced = select(later.id).where(*of_same).exists()
    return select(remittance_links).where(~replaced, *known).subquery("latest")


def was_posted(as_of: str) -> ColumnElement[bool]:
    """Posted now; or at that time, by the postings that stood then: each undo takes one posting back."""
    if not as_of:
        return remittances.c.status == "posted"
    count = case((postings.c.kind == "post", 1), else_=-1)
    own = remittance_claims.alias()
    standing = (
        select(own.c.remittance_id)
        .join(postings, postings.c.remittance_claim_id == own.c.id)
        .where(postings.c.recorded_at <= as_of)
        .group_by(own.c.remittance_id)
        .having(func.sum(count) > 0)
    )
    without_claims = remittances.c.id.not_in(select(own.c.remittance_id))
    entry = remittance_entries.c
    entered = (
        select(entry.remittance_id)
        .where(entry.recorded_at <= as_of)
        .group_by(entry.remittance_id)
        .having(func.sum(case((entry.kind == "post", 1), else_=-1)) > 0)
    )
    return or_(remittances.c.id.in_(standing), and_(without_claims, remittances.c.id.in_(entered)))


def _was_taken_back(as_of: str) -> ColumnElement[bool]:
    entry = remittance_entries.c
    until = [entry.recorded_at <= as_of] if as_of else []
    return exists().where(entry.remittance_id == remittances.c.id, entry.kind == "undo", *until)


def _was_decided_since(as_of: str) -> ColumnElement[bool]:
    """Whether it was posted or taken back later, which is what its reason speaks of."""
    entry = remittance_entries.c
    found: ColumnElement[bool] = exists().where(entry.remittance_id == remittances.c.id, entry.recorded_at > as_of)
    return found


def remittance_conditions(filters: Filters, as_of: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [remittances.c.recorded_at <= as_of] if as_of else []
    if filters.payer:
        named = [remittances.c.payer_ids.contains(json.dumps(one), autoescape=True) for one in filters.payer_ids]
        found.append(or_(remittances.c.payer_key.in_(filters.payer_ids), *named))
    if filters.since:
        found.append(remittances.c.payment_date >= filters.since)
    if filters.until:
        found.append(remittances.c.payment_date <= filters.until)
    if filters.partner:
        files = select(inbound_sets.c.id).join(inbound_files, inbound_sets.c.file_id == inbound_files.c.id)
        found.append(remittances.c.inbound_set_id.in_(files.where(inbound_files.c.partner == filters.partner)))
    return found


def remittance_rows(
    conn: Connection,
    filters: Filters,
    as_of: str = "",
    awaiting: Mapping[int, int] | None = None,
    *,
    with_parked: bool = False,
) -> list[RemittanceRow]:
    """Every posted remittance with its matched and unmatched claim payments and provider adjustments.

    `awaiting`: cents of reversals whose original is not in the store, by remittance; they count as unmatched.
    `with_parked`: those that were read and are not posted, too; of these everything is unmatched.
    """
    paid, adjusted = _paid_sums(as_of), _adjusted_sums()
    posted = literal(1) if not with_parked else case((was_posted(as_of), 1), else_=0)
    sums = [paid.c[name] for name in ("claims", "claims_unmatched", "matched", "unmatched", "unmatched_in")]
    own = [remittances.c[name] for name in RemittanceRow._fields if name in remittances.c and name not in _SUMMED]
    by_name = {column.name: column for column in own}
    columns = {
        **by_name,
        "partner": inbound_files.c.partner,
        "file_id": inbound_files.c.id,
        "posted": posted,
        "undone": case((and_(posted == 0, _was_taken_back(as_of)), 1), else_=0),
        "reason": case((_was_decided_since(as_of), ""), else_=by_name["reason"]) if as_of else by_name["reason"],
        **{column.name: func.coalesce(column, 0) for column in sums},
        "provider_adjustments": func.coalesce(adjusted.c.amount, 0),
    }
    query = (
        select(*(columns[name].label(name) for name in RemittanceRow._fields))
        .select_from(remittances)
        .join(inbound_sets, inbound_sets.c.id == remittances.c.inbound_set_id)
        .join(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)
        .join(paid, paid.c.id == remittances.c.id, isouter=True)
        .join(adjusted, adjusted.c.id == remittances.c.id, isouter=True)
        .where(*([] if with_parked else [was_posted(as_of)]), *remittance_conditions(filters, as_of))
        .order_by(remittances.c.id)
    )
    found = [_remittance_row(row) for row in conn.execute(query)]
    return [_moved(row, (awaiting or {}).get(row.id, 0)) if row.posted else row for row in found]


_SUMMED = ("provider_adjustments",)
_FIRST_SUM = RemittanceRow._fields.index("payment")


def _remittance_row(row: Any) -> RemittanceRow:
    made = RemittanceRow(*row[:_FIRST_SUM], *(int(value) for value in row[_FIRST_SUM:]))
    return made._replace(posted=bool(made.posted), undone=bool(made.undone))


def _paid_sums(as_of: str) -> Any:
    latest = latest_links(as_of)
    own, linked = remittance_claims.c, latest.c.claim_id.is_not(None)
    return (
        select(
            own.remittance_id.label("id"),
            func.count().label("claims"),
            func.sum(case((linked, 0), else_=1)).label("claims_unmatched"),
            func.sum(case((linked, own.paid), else_=0)).label("matched"),
            func.sum(case((linked, 0), else_=own.paid)).label("unmatched"),
            func.sum(case((and_(~linked, own.paid > 0), own.paid), else_=0)).label("unmatched_in"),
        )
        .select_from(remittance_claims)
        .join(latest, latest.c.remittance_claim_id == own.id, isouter=True)
        .group_by(own.remittance_id)
        .subquery("paid")
    )


def _adjusted_sums() -> Any:
    own = provider_adjustments.c
    return (
        select(own.remittance_id.label("id"), func.sum(own.amount).label("amount"))
        .group_by(own.remittance_id)
        .subquery("adjusted")
    )


def _moved(row: RemittanceRow, cents: int) -> RemittanceRow:
    return row._replace(matched=row.matched - cents, unmatched=row.unmatched + cents) if cents else row


def parked_count(conn: Connection, filters: Filters, as_of: str = "") -> int:
    """Remittances that were read and are not posted."""
    query = select(func.count()).select_from(remittances)
    found = query.where(~was_posted(as_of), *remittance_conditions(filters, as_of))
    return int(conn.execute(found).scalar_one())


def claims_in(
    conn: Connection, filters: Filters, states: Sequence[str], limit: int, table: Table = claim_current
) -> list[ClaimLine]:
    """Claims in these states, oldest service first, at most `limit`."""
    query = (
        select(
            claims.c.patient_control_number,
            table.c.state,
            case((table.c.payer_name != "", table.c.payer_name), else_=table.c.payer_id),
            table.c.partner,
            table.c.service_from,
            table.c.open + table.c.denied,
            table.c.flags,
        )
        .join(claims, claims.c.id == table.c.claim_id)
        .where(table.c.state.in_(states), *claim_conditions(filters, table))
        .order_by(table.c.service_from, claims.c.patient_control_number)
        .limit(limit)
    )
    return [ClaimLine(*row) for row in conn.execute(query)]


def broken_claims(conn: Connection, filters: Filters, table: Table = claim_current) -> list[tuple[str, int]]:
    """Claims whose parts do not add up to the charge, with the difference in cents."""
    parts = sum((table.c[name] for name in MONEY[1:]), start=table.c.charge * 0)
    query = (
        select(claims.c.patient_control_number, table.c.charge - parts)
        .join(claims, claims.c.id == table.c.claim_id)
        .where(table.c.charge != parts, *claim_conditions(filters, table))
    )
    return [(row[0], int(row[1])) for row in conn.execute(query)]


def paid_differences(
    conn: Connection,
    filters: Filters,
    table: Table = claim_current,
    as_of: str = "",
    awaiting: Mapping[int, int] | None = None,
) -> list[tuple[str, int]]:
    """Claims whose paid amount is not the sum of the remitted claims that are matched to them.

    `awaiting`: cents of reversals whose original is not in the store, by claim; they are not the claim's money yet.
    """
    latest = latest_links(as_of)
    posted = (
        select(latest.c.claim_id, func.sum(remittance_claims.c.paid).label("paid"))
        .join(remittance_claims, remittance_claims.c.id == latest.c.remittance_claim_id)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .where(was_posted(as_of), remittance_claims.c.status.not_in(("23", "25")))
        .group_by(latest.c.claim_id)
        .subquery("posted")
    )
    difference = func.coalesce(posted.c.paid, 0) - table.c.paid
    joined = table.join(claims, claims.c.id == table.c.claim_id).outerjoin(
        posted, posted.c.claim_id == table.c.claim_id
    )
    query = (
        select(claims.c.id, claims.c.patient_control_number, difference)
        .select_from(joined)
        .where(difference != 0, *claim_conditions(filters, table))
        .order_by(claims.c.patient_control_number)
    )
    waiting = awaiting or {}
    rows = [(row[1], int(row[2]) - waiting.get(row[0], 0)) for row in conn.execute(query)]
    return [(number, cents) for number, cents in rows if cents]


class BatchLaw(NamedTuple):
    """A batch and whether its rows agree with its submissions."""

    id: int
    partner: str
    state: str
    claims: int
    submitted: int


def batch_laws(conn: Connection) -> list[BatchLaw]:
    """Batches whose count of claims is not that of their submissions."""
    counted = (
        select(submissions.c.batch_id, func.count().label("submitted"))
        .group_by(submissions.c.batch_id)
        .subquery("counted")
    )
    submitted = func.coalesce(counted.c.submitted, 0)
    query = (
        select(batches.c.id, batches.c.partner, batches.c.state, batches.c.claims, submitted)
        .join(counted, counted.c.batch_id == batches.c.id, isouter=True)
        .where(batches.c.claims != submitted, batches.c.state.not_in(("building", "abandoned")))
    )
    return [BatchLaw(*row) for row in conn.execute(query)]


def count_in(conn: Connection, filters: Filters, states: Sequence[str], table: Table = claim_current) -> int:
    """How many claims are in these states."""
    query = select(func.count()).select_from(table).where(table.c.state.in_(states), *claim_conditions(filters, table))
    return int(conn.execute(query).scalar_one())
