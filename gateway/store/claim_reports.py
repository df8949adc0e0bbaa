"""Lists and sums of claims that reports ask for, from the projection of now or of a time that is past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Case, ColumnElement, Connection, Table, and_, case, func, or_, select

from gateway.store.reporting import (
    Filters,
    Keys,
    claim_conditions,
    key_columns,
    key_of,
    keys_grouped,
    latest_links,
    was_posted,
)
from gateway.store.rows import cut
from gateway.store.tables import claim_current, claims, remittance_claims, remittances

AGES = (30, 60, 90, 120)
# States of a claim that was sent and waits for its payer, the nearest first.
WAITING = ("sent", "accepted_999", "accepted_clearinghouse", "received_payer", "accepted_payer", "pended")


class ReportedClaim(NamedTuple):
    """A claim as lists show it; amounts in cents."""

    claim_id: int
    patient_control_number: str
    state: str
    flags: str  # JSON
    payer_id: str
    payer_name: str
    partner: str
    billing_key: str
    billing_name: str
    service_from: str
    service_to: str
    imported_at: str
    sent_at: str | None
    charge: int
    paid: int
    patient_responsibility: int
    contractual: int
    denied: int
    other_adjustments: int
    open: int


def waiting_pairs(conn: Connection, partner: str) -> list[tuple[str, str]]:
    """Payer and billing provider of every claim that a partner was sent and that no remittance has decided yet."""
    row = claim_current.c
    query = select(row.payer_id, row.billing_key).where(row.partner == partner, row.state.in_(WAITING)).distinct()
    return [(payer, provider) for payer, provider in conn.execute(query.order_by(row.payer_id, row.billing_key))]


def dimension(table: Table, by: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Key and name of a claim's "payer", "partner" or (billing) "provider"."""
    return {
        "payer": (table.c.payer_id, table.c.payer_name),
        "partner": (table.c.partner, table.c.partner),
        "provider": (table.c.billing_key, table.c.billing_name),
    }[by]


def with_money(table: Table) -> ColumnElement[bool]:
    """Claims that have money in reports."""
    return and_(table.c.has_money == 1, table.c.state.not_in(("cancelled", "voided")))


def _listed(
    conn: Connection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    limit: int | None,
) -> list[ReportedClaim]:
    columns = [table.c.get(name, claims.c.patient_control_number) for name in ReportedClaim._fields]
    query = select(*columns).join(claims, claims.c.id == table.c.claim_id).where(*conditions).order_by(*order)
    return [ReportedClaim(*row) for row in conn.execute(query.limit(limit))]


def rejected_claims(
    conn: Connection, filters: Filters, limit: int | None = None, table: Table = claim_current
) -> list[ReportedClaim]:
    """Claims that were rejected before adjudication, the largest charge first."""
    where = [table.c.outcome == "rejected", *claim_conditions(filters, table)]
    return _listed(conn, table, where, [table.c.charge.desc(), table.c.claim_id], limit)


def denied_claims(
    conn: Connection, filters: Filters, limit: int | None = None, table: Table = claim_current
) -> list[ReportedClaim]:
    """Claims with denied money, the most first."""
    where = [table.c.denied > 0, with_money(table), *claim_conditions(filters, table)]
    return _listed(conn, table, where, [table.c.denied.desc(), table.c.claim_id], limit)


def credit_claims(conn: Connection, filters: Filters, table: Table = claim_current) -> list[ReportedClaim]:
    """Claims on which more was paid and adjusted than was charged, the most first."""
    where = [table.c.flags.contains('"credit"', autoescape=True), with_money(table), *claim_conditions(filters, table)]
    return _listed(conn, table, where, [table.c.open, table.c.claim_id], None)


def claims_by_ids(
    conn: Connection, claim_ids: Sequence[int], filters: Filters, table: Table = claim_current
) -> list[ReportedClaim]:
    """Many claims by their ids, without those that the filters leave out."""
    found: list[ReportedClaim] = []
    for part in cut(list(claim_ids)):
        where = [table.c.claim_id.in_(part), *claim_conditions(filters, table)]
        found += _listed(conn, table, where, [table.c.claim_id], None)
    return found


# ── age ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class AgedGroup(NamedTuple):
    """Open and denied money by age; `credits` are claims that owe money back, kept apart. Cents."""

    key: str
    name: str
    claims: int
    ages: tuple[int, ...]  # 0–30, 31–60, 61–90, 91–120, over 120 days
    credits: int
    patient_responsibility: int

    def plus(self, other: AgedGroup) -> AgedGroup:
        """Both together, under the first one's name."""
        ages = tuple(map(sum, zip(self.ages, other.ages, strict=True)))
        patient = self.patient_responsibility + other.patient_responsibility
        return AgedGroup(self.key, self.name, self.claims + other.claims, ages, self.credits + other.credits, patient)


def last_service(table: Table) -> ColumnElement[str]:
    """The day that money ages from."""
    return func.coalesce(
        func.nullif(table.c.service_to, ""),
        func.nullif(table.c.service_from, ""),
        func.substr(table.c.imported_at, 1, 10),
    )


class AgedCube(NamedTuple):
    """The same by every key at once."""

    rows: list[tuple[Keys, AgedGroup]]

    def groups(self, by: str | None = None) -> list[AgedGroup]:
        """By "payer", "partner" or "provider"; without, one for all."""
        found: dict[str, AgedGroup] = {} if by else {"": AgedGroup("", "", 0, (0,) * 5, 0, 0)}
        for keys, row in self.rows:
            key, name = key_of(keys, by)
            known = found.get(key)
            found[key] = row._replace(key=key, name=name) if known is None else known.plus(row)
        return [found[key] for key in sorted(found)]


def aged(conn: Connection, filters: Filters, bounds: Sequence[str], table: Table = claim_current) -> AgedCube:
    """Open and denied money by the age of the last service.

    :param bounds: the days that lie 30, 60, 90 and 120 days before the report's, in this order
    """
    day, due = last_service(table), table.c.open + table.c.denied
    columns = []
    for newest, oldest in zip([None, *bounds], [*bounds, None], strict=True):
        within = [due > 0]
        within += [day >= oldest] if oldest else []
        within += [day < newest] if newest else []
        columns.append(func.sum(case((and_(*within), due), else_=0)))
    sums = [func.count(), *columns, func.sum(case((due < 0, due), else_=0)), func.sum(table.c.patient_responsibility)]
    touched = or_(due != 0, table.c.patient_responsibility != 0)
    where = [with_money(table), touched, *claim_conditions(filters, table)]
    query = select(*key_columns(table), *sums).where(*where).group_by(*keys_grouped(table))
    rows = []
    for row in conn.execute(query):
        count, *cents = (int(value or 0) for value in row[5:])
        group = AgedGroup("", "", count, tuple(cents[:5]), cents[5], cents[6])
        rows.append(((row[0], row[1], row[2], row[3], row[4]), group))
    return AgedCube(rows)


def aged_claims(
    conn: Connection, filters: Filters, limit: int | None = None, table: Table = claim_current
) -> list[ReportedClaim]:
    """Claims with open or denied money, the oldest service first."""
    where = [with_money(table), table.c.open + table.c.denied != 0, *claim_conditions(filters, table)]
    return _listed(conn, table, where, [last_service(table), table.c.claim_id], limit)


def count_aged(conn: Connection, filters: Filters, table: Table = claim_current) -> int:
    where = [with_money(table), table.c.open + table.c.denied != 0, *claim_conditions(filters, table)]
    return int(conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


# ── answers that are late ────────────────────────────────────────────────────────────────────────────────────────────


class Late(NamedTuple):
    """When claims of one partner are late: sent at or before these times. Empty: that answer is not expected."""

    partner: str
    ack: str
    status: str
    remittance: str
    by_payer: Mapping[str, str]  # remittance, of payers with a habit of their own


def partners_of(conn: Connection, table: Table = claim_current) -> list[str]:
    """The partners that claims are under way to."""
    query = select(table.c.partner).where(table.c.state.in_(WAITING)).distinct()
    return [row[0] for row in conn.execute(query)]


class LateGroup(NamedTuple):
    key: str
    name: str
    missing: str  # 999, 277CA, 835
    claims: int
    charge: int  # cents
    oldest: str  # when the first of them was sent


def missing_answer(table: Table, late: Sequence[Late]) -> Case[str]:
    """The first answer that is missing beyond its time; empty where none is."""
    sent = func.coalesce(table.c.sent_at, table.c.imported_at)
    whens: list[tuple[ColumnElement[bool], str]] = []
    for one in late:
        of = table.c.partner == one.partner
        if one.ack:
            whens.append((and_(of, table.c.state == "sent", sent <= one.ack), "999"))
        if one.status:
            whens.append((and_(of, table.c.state.in_(WAITING[:2]), sent <= one.status), "277CA"))
        money = and_(of, table.c.has_money == 1)
        for payer, before in one.by_payer.items():
            if before:
                whens.append((and_(money, table.c.payer_id == payer, sent <= before), "835"))
        if one.remittance:
            others = table.c.payer_id.not_in(list(one.by_payer))
            whens.append((and_(money, others, sent <= one.remittance), "835"))
    return case(*whens, else_="")


def late_groups(
    conn: Connection, filters: Filters, late: Sequence[Late], by: str, table: Table = claim_current
) -> list[LateGroup]:
    """Claims that wait for an answer beyond its time, each counted by the first that is missing."""
    if not late:
        return []
    key, name = dimension(table, by)
    sent = func.coalesce(table.c.sent_at, table.c.imported_at)
    each = (
        select(
            key.label("key"),
            name.label("name"),
            missing_answer(table, late).label("missing"),
            table.c.charge,
            sent.label("at"),
        )
        .where(table.c.state.in_(WAITING), *claim_conditions(filters, table))
        .subquery("each")
    )
    sums = (func.count(), func.sum(each.c.charge), func.min(each.c.at))
    query = (
        select(each.c.key, func.max(each.c.name), each.c.missing, *sums)
        .where(each.c.missing != "")
        .group_by(each.c.key, each.c.missing)
        .order_by(each.c.key, each.c.missing)
    )
    return [LateGroup(row[0], row[1], row[2], int(row[3]), int(row[4]), row[5]) for row in conn.execute(query)]


def late_claims(
    conn: Connection, filters: Filters, late: Sequence[Late], limit: int | None = None, table: Table = claim_current
) -> list[tuple[ReportedClaim, str]]:
    """The claims themselves with what is missing, the longest sent first."""
    if not late:
        return []
    columns = [table.c.get(name, claims.c.patient_control_number) for name in ReportedClaim._fields]
    each = (
        select(*columns, missing_answer(table, late).label("missing"))
        .join(claims, claims.c.id == table.c.claim_id)
        .where(table.c.state.in_(WAITING), *claim_conditions(filters, table))
        .subquery("each")
    )
    order = (func.coalesce(each.c.sent_at, each.c.imported_at), each.c.claim_id)
    query = select(each).where(each.c.missing != "").order_by(*order).limit(limit)
    return [(ReportedClaim(*row[:-1]), row[-1]) for row in conn.execute(query)]


# ── payments of claims ───────────────────────────────────────────────────────────────────────────────────────────────


class ClaimPayment(NamedTuple):
    """One payment on a claim; cents."""

    claim_id: int
    remittance_claim_id: int
    payer_key: str
    payer_name: str
    payment_date: str
    trace_number: str
    filing_indicator: str
    payer_claim_number: str
    paid: int


def payments_of(conn: Connection, claim_ids: Sequence[int], as_of: str = "") -> dict[int, list[ClaimPayment]]:
    """The posted payments of each of many claims, by date."""
    latest = latest_links(as_of)
    own = {
        "claim_id": latest.c.claim_id,
        "remittance_claim_id": remittance_claims.c.id,
        "payer_key": remittances.c.payer_key,
        "payer_name": remittances.c.payer_name,
        "payment_date": remittances.c.payment_date,
        "trace_number": remittances.c.trace_number,
    }
    columns = [own[name] if name in own else remittance_claims.c[name] for name in ClaimPayment._fields]
    query = (
        select(*columns)
        .select_from(latest)
        .join(remittance_claims, remittance_claims.c.id == latest.c.remittance_claim_id)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .where(was_posted(as_of))
        .order_by(remittances.c.payment_date, remittances.c.trace_number, remittance_claims.c.id)
    )
    found: dict[int, list[ClaimPayment]] = {}
    for part in cut(claim_ids):
        for row in conn.execute(query.where(latest.c.claim_id.in_(part))):
            found.setdefault(row[0], []).append(ClaimPayment(*row))
    return found
