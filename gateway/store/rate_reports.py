"""Counts that rates are made of: held claims, first remittances, days between one thing and the next."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Date, Table, and_, case, cast, exists, func, select

from gateway.store.claim_reports import last_service, with_money
from gateway.store.event_links import standing
from gateway.store.reporting import (
    Filters,
    Keys,
    claim_conditions,
    key_columns,
    keys_grouped,
    latest_links,
    unnamed,
    was_posted,
)
from gateway.store.tables import claim_current, event_links, events, postings, remittance_claims, remittances


class Submitted(NamedTuple):
    """Claims that were sent, by payer, partner and provider; of these those that our own checks had held; the money of
    the adjudicated."""

    keys: Keys
    sent: int
    held_before: int
    adjudicated: int
    charge: int  # of the adjudicated, cents
    paid: int
    contractual: int
    receivable: int  # open and denied of all with money
    recent_charge: int  # of all with money and service in the last 90 days


def submitted(
    conn: Connection, filters: Filters, since: str, as_of: str = "", table: Table = claim_current
) -> list[Submitted]:
    """:param since: the day 90 days before the report's"""
    until = [events.c.recorded_at <= as_of] if as_of else []
    held = exists().where(events.c.claim_id == table.c.claim_id, events.c.kind == "held", *until)
    sent = table.c.stage == "sent"
    counted = with_money(table)
    settled = and_(counted, table.c.adjudicated == 1)
    due = table.c.open + table.c.denied

    def total(condition: ColumnElement[bool], value: ColumnElement[Any] | int = 1) -> ColumnElement[Any]:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)

    query = (
        select(
            *key_columns(table),
            total(sent),
            total(and_(sent, held)),
            total(settled),
            total(settled, table.c.charge),
            total(settled, table.c.paid),
            total(settled, table.c.contractual),
            total(and_(counted, due > 0), due),
            total(and_(counted, last_service(table) > since), table.c.charge),
        )
        .where(*claim_conditions(filters, table))
        .group_by(*keys_grouped(table))
        .order_by(*keys_grouped(table))
    )
    return [Submitted(_keys(row), *map(int, row[5:])) for row in conn.execute(query)]


def _keys(row: Any) -> Keys:
    return row[0], row[1], row[2], row[3], row[4]


class FirstRemittance(NamedTuple):
    """What the first payment or denial of each claim came to, by payer, partner and provider; cents."""

    keys: Keys
    claims: int
    denied_claims: int
    charge: int
    denied: int


def first_remittances(
    conn: Connection, filters: Filters, as_of: str = "", table: Table = claim_current
) -> list[FirstRemittance]:
    """By the earliest payment date, then the payment's number. Reversals and what posts nothing are left out."""
    latest = latest_links(as_of)
    order = (remittances.c.payment_date, remittances.c.trace_number, remittance_claims.c.id)
    ranked = (
        select(
            latest.c.claim_id,
            postings.c.charge,
            postings.c.denied,
            func.row_number().over(partition_by=latest.c.claim_id, order_by=order).label("place"),
        )
        .select_from(latest)
        .join(remittance_claims, remittance_claims.c.id == latest.c.remittance_claim_id)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .join(postings, and_(postings.c.remittance_claim_id == remittance_claims.c.id, postings.c.kind == "post"))
        .where(
            latest.c.claim_id.is_not(None),
            remittance_claims.c.status.not_in(("22", "23", "25")),
            was_posted(as_of),
            *([postings.c.recorded_at <= as_of] if as_of else []),
        )
        .subquery("ranked")
    )
    is_denied = case((ranked.c.denied > 0, 1), else_=0)
    sums = (func.count(), func.sum(is_denied), func.sum(ranked.c.charge), func.sum(ranked.c.denied))
    query = (
        select(*keys_grouped(table), *sums)
        .join(ranked, ranked.c.claim_id == table.c.claim_id)
        .where(ranked.c.place == 1, with_money(table), *claim_conditions(filters, table))
        .group_by(*keys_grouped(table))
        .order_by(*keys_grouped(table))
    )
    return [FirstRemittance(unnamed(row[:3]), *(int(value or 0) for value in row[3:])) for row in conn.execute(query)]


# ── days between ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Lag(NamedTuple):
    """How many claims of a payer, partner and provider took that many days."""

    keys: Keys
    days: int
    claims: int


def service_to_sent(conn: Connection, filters: Filters, table: Table = claim_current) -> list[Lag]:
    """From the last day of service until the newest submission was sent."""
    days = _days(conn, last_service(table), func.substr(table.c.sent_at, 1, 10))
    each = select(*keys_grouped(table), days.label("days")).where(
        table.c.sent_at.is_not(None), *claim_conditions(filters, table)
    )
    return _lags(conn, each)


def sent_to_accepted(conn: Connection, filters: Filters, as_of: str = "", table: Table = claim_current) -> list[Lag]:
    """From sending until the payer first said in a 277CA that it took the claim, by when we recorded that."""
    until = [events.c.recorded_at <= as_of] if as_of else []
    whose = func.coalesce(events.c.claim_id, event_links.c.claim_id)  # bound at once, or later
    accepted = (
        select(whose.label("claim_id"), func.min(events.c.recorded_at).label("at"))
        .select_from(events.outerjoin(event_links, and_(event_links.c.event_id == events.c.id, standing(as_of))))
        .where(events.c.kind == "status", events.c.hop == "payer", events.c.verdict == "accept", *until)
        .group_by(whose)
        .subquery("accepted")
    )
    days = _days(conn, func.substr(table.c.sent_at, 1, 10), func.substr(accepted.c.at, 1, 10))
    each = (
        select(*keys_grouped(table), days.label("days"))
        .join(accepted, accepted.c.claim_id == table.c.claim_id)
        .where(table.c.sent_at.is_not(None), *claim_conditions(filters, table))
    )
    return _lags(conn, each)


def sent_to_remitted(conn: Connection, filters: Filters, as_of: str = "", table: Table = claim_current) -> list[Lag]:
    """From sending until the date of the first payment or denial."""
    latest = latest_links(as_of)
    first = (
        select(latest.c.claim_id, func.min(remittances.c.payment_date).label("on"))
        .select_from(latest)
        .join(remittance_claims, remittance_claims.c.id == latest.c.remittance_claim_id)
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .where(latest.c.claim_id.is_not(None), remittances.c.payment_date != "", was_posted(as_of))
        .group_by(latest.c.claim_id)
        .subquery("first")
    )
    days = _days(conn, func.substr(table.c.sent_at, 1, 10), first.c.on)
    each = (
        select(*keys_grouped(table), days.label("days"))
        .join(first, first.c.claim_id == table.c.claim_id)
        .where(table.c.sent_at.is_not(None), *claim_conditions(filters, table))
    )
    return _lags(conn, each)


def _lags(conn: Connection, each: Any) -> list[Lag]:
    found: Any = each.subquery("each")
    keys = keys_grouped(found)
    query = select(*keys, found.c.days, func.count()).where(found.c.days.is_not(None)).group_by(*keys, found.c.days)
    rows = conn.execute(query.order_by(*keys, found.c.days))
    return [Lag(unnamed(row[:3]), int(row[3]), int(row[4])) for row in rows]


def _days(conn: Connection, since: ColumnElement[Any], until: ColumnElement[Any]) -> ColumnElement[Any]:
    """Whole days from one ISO day to another."""
    if conn.dialect.name == "sqlite":
        return func.round(func.julianday(until) - func.julianday(since))
    return cast(func.nullif(until, ""), Date) - cast(func.nullif(since, ""), Date)
