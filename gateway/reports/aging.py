"""Aging: open and denied money by the days since the last service; what the patient owes beside it."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.reports.asked import Asked
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, key_columns, merged
from gateway.store import Connection
from gateway.store.claim_reports import AGES, AgedGroup, ReportedClaim, aged, aged_claims, count_aged
from gateway.store.reporting import MONEY, claim_cube

AGE_KEYS = ("days_0_30", "days_31_60", "days_61_90", "days_91_120", "days_over_120")
AGE_TITLES = ("0–30 days", "31–60", "61–90", "91–120", "over 120")
_MONEY = (
    *(Column(key, title, "money", adds=True) for key, title in zip(AGE_KEYS, AGE_TITLES, strict=True)),
    Column("credits", "credits", "money", adds=True),
    Column("total", "total", "money", adds=True),
    Column("patient_responsibility", "patient owes", "money", adds=True),
)
_CLAIM = (
    Column("patient_control_number", "claim"),
    Column("state", "state", "code"),
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("partner", "partner", brief=False),
    Column("billing_provider.id", "provider id", brief=False),
    Column("billing_provider.name", "billing provider", brief=False),
    Column("service_to", "last service", "date"),
    Column("days", "days", "count"),
    Column("charge", "charged", "money", adds=True, brief=False),
    Column("open", "open", "money", adds=True),
    Column("denied", "denied", "money", adds=True),
    Column("patient_responsibility", "patient owes", "money", adds=True),
)


def build(conn: Connection, asked: Asked) -> Report:
    """The report; its total is what the reconciliation has as open and denied."""
    bounds = [asked.days_before(days) for days in AGES]
    cube = aged(conn, asked.filters, bounds, **asked.source)
    (whole,) = cube.groups()
    total = sum(whole.ages) + whole.credits
    sections: list[Section] = [
        Figures("aging", "Open and denied by age", tuple(_figures(whole))),
        Chart("Days since the last service", "money", "bars", _bars(whole)),
    ]
    for by, title in BY.items():
        rows = [_row(group) for group in merged(asked, by, cube.groups(by), AgedGroup.plus)]
        sections.append(table_of(f"by_{by}", title, (*key_columns(by), *_MONEY), rows))
    sections.append(_list(conn, asked))
    return Report(
        "aging", "Aging", asked.as_of, asked.parameters, tuple(sections), _checks(conn, asked, total), detail="claims"
    )


def _figures(whole: AgedGroup) -> list[Figure]:
    total = sum(whole.ages) + whole.credits
    positive = sum(whole.ages)
    found = [
        Figure(key, title, "money", cents, share=cents / positive if positive else None)
        for key, title, cents in zip(AGE_KEYS, AGE_TITLES, whole.ages, strict=True)
    ]
    found.append(Figure("credits", "credits: paid too much", "money", whole.credits))
    found.append(Figure("total", "open and denied", "money", total))
    return [*found, Figure("patient_responsibility", "patient owes (apart)", "money", whole.patient_responsibility)]


def _bars(whole: AgedGroup) -> tuple[Bar, ...]:
    return tuple(Bar(t, cents, tone) for t, cents, tone in zip(AGE_TITLES, whole.ages, "baccd", strict=True))


def _row(group: AgedGroup) -> Row:
    total = sum(group.ages) + group.credits
    return (group.key, group.name, group.claims, *group.ages, group.credits, total, group.patient_responsibility)


def _list(conn: Connection, asked: Asked) -> Table:
    found = aged_claims(conn, asked.filters, asked.limit, **asked.source)
    rows = [claim_row(asked, one) for one in found]
    count = count_aged(conn, asked.filters, **asked.source)
    return table_of("claims", "Claims, the oldest service first", _CLAIM, rows, count=count, totals=None)


def claim_row(asked: Asked, one: ReportedClaim) -> Row:
    day = one.service_to or one.service_from or one.imported_at[:10]
    key, name = asked.payer(one.payer_id, one.payer_name)
    return (
        one.patient_control_number, one.state, key, name, one.partner, one.billing_key, one.billing_name, day,
        asked.days_since(day), one.charge, one.open, one.denied, one.patient_responsibility,
    )  # fmt: skip


def _checks(conn: Connection, asked: Asked, total: int) -> tuple[Check, ...]:
    at = {name: MONEY.index(name) for name in ("open", "denied")}
    groups: Sequence[tuple[int, ...]] = [g.money for g in claim_cube(conn, asked.filters, **asked.source).groups()]
    reconciled = sum(money[at["open"]] + money[at["denied"]] for money in groups)
    return (Check("ages and credits = open + denied of the reconciliation", total - reconciled),)
