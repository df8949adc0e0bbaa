"""Unacknowledged: claims and files that wait for a 999, a 277CA or an 835 longer than their partner or payer takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.reports.asked import Asked
from gateway.reports.batches import answered
from gateway.reports.claim_columns import CLAIM, claim_cells
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, key_columns, merged
from gateway.reports.habits import late_since
from gateway.store import Connection
from gateway.store.batch_reports import reported_batches
from gateway.store.claim_reports import Late, LateGroup, ReportedClaim, late_claims, late_groups, partners_of

MISSING = {"999": "no 999", "277CA": "no 277CA", "835": "no 835"}
_LIST = (
    *CLAIM,
    Column("missing", "missing"),
    Column("sent_at", "sent", "time"),
    Column("days", "days since", "days"),
    Column("flags.overdue", "overdue", "text", brief=False),
    Column("enrolment", "enrolment"),
)
_BATCH = (
    Column("batch", "batch"),
    Column("partner", "partner"),
    Column("file_name", "file"),
    Column("claims", "claims", "count", adds=True),
    Column("charge", "charged", "money", adds=True),
    Column("sent_at", "sent", "time"),
    Column("days", "days since", "days"),
)


def build(conn: Connection, asked: Asked) -> Report:
    """The report. Each claim counts once, by the first answer that is missing."""
    late = late_since(asked.habits, partners_of(conn, **asked.source), asked.at)
    groups = {by: late_groups(conn, asked.filters, late, by, **asked.source) for by in BY}
    counts = {missing: sum(g.claims for g in groups["partner"] if g.missing == missing) for missing in MISSING}
    charges = {missing: sum(g.charge for g in groups["partner"] if g.missing == missing) for missing in MISSING}
    figures = [Figure("claims", "claims overdue", "count", sum(counts.values()))]
    for missing, words in MISSING.items():
        key = missing.lower()
        figures.append(Figure(f"missing.{key}.claims", words, "count", counts[missing], depth=1))
        figures.append(Figure(f"missing.{key}.charge", "their charge", "money", charges[missing], depth=2))
    bars = tuple(Bar(MISSING[name], cents, tone) for (name, cents), tone in zip(charges.items(), "dca", strict=True))
    count = sum(counts.values())
    found = late_claims(conn, asked.filters, late, asked.limit, **asked.source)
    rows = [_row(asked, claim, missing) for claim, missing in found]
    totals = {"charge": sum(charges.values())}
    sections: list[Section] = [
        Figures("unacknowledged", "Overdue answers", tuple(figures)),
        Chart("Charge that waits", "money", "bars", bars),
        *(_group(asked, by, groups[by]) for by in BY),
        _batches(conn, asked, late),
        table_of("claims", "Claims, the longest sent first", _LIST, rows, count=count, totals=dict(totals)),
    ]
    by_payer = sum(group.claims for group in groups["payer"])
    check = Check("overdue by payer = overdue by partner", by_payer - count, is_money=False)
    return Report(
        "unacknowledged", "Unacknowledged", asked.as_of, asked.parameters, tuple(sections), (check,), detail="claims"
    )


def _row(asked: Asked, claim: ReportedClaim, missing: str) -> Row:
    sent = claim.sent_at or claim.imported_at
    why = asked.not_enrolled(claim.partner, claim.payer_id, claim.billing_key) if missing == "835" else None
    return (*claim_cells(asked, claim), missing, sent, _days(asked.at, sent), "yes", why or "")


def _days(at: datetime, sent: str) -> float:
    return (at - datetime.fromisoformat(sent)).total_seconds() / 86400


def _add(one: LateGroup, other: LateGroup) -> LateGroup:
    claims, charge = one.claims + other.claims, one.charge + other.charge
    return one._replace(claims=claims, charge=charge, oldest=min(one.oldest, other.oldest))


def _group(asked: Asked, by: str, groups: Sequence[LateGroup]) -> Table:
    columns = (
        *key_columns(by)[:2],
        Column("missing", "missing"),
        *key_columns(by)[2:],
        Column("charge", "charged", "money", adds=True),
        Column("oldest", "sent first", "time"),
        Column("days", "days since", "days"),
    )
    rows: list[Row] = [
        (one.key, one.name, one.missing, one.claims, one.charge, one.oldest, _days(asked.at, one.oldest))
        for one in merged(asked, by, groups, _add)
    ]
    return table_of(f"by_{by}", BY[by], columns, rows)


def _batches(conn: Connection, asked: Asked, late: Sequence[Late]) -> Table:
    """Files that nobody has said anything about: no TA1, no 999."""
    before = {one.partner: one.ack or one.status for one in late}
    found = [batch for batch in reported_batches(conn, asked.filters, asked.past) if batch.state == "sent"]
    states = answered(conn, found, asked.past)
    rows: list[Row] = [
        (str(one.id), one.partner, one.file_name, one.claims, one.charge, one.sent_at, _days(asked.at, one.sent_at))
        for one in found
        if one.sent_at and states[one.id] == "sent" and one.sent_at <= before.get(one.partner, "")
    ]
    return table_of("batches", "Files without a TA1 or 999", _BATCH, rows)
