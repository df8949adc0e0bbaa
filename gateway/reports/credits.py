"""Credits: claims on which more was paid and adjusted than was charged, with whose money it is and when it is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

from gateway.claims.amounts import cents
from gateway.reports.asked import Asked
from gateway.reports.claim_columns import CLAIM, claim_cells
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY, key_columns
from gateway.store import Connection
from gateway.store.claim_reports import ClaimPayment, ReportedClaim, claims_by_ids, credit_claims, payments_of
from gateway.store.patient_accounts import patient_credits

_LIST = (
    *CLAIM,
    Column("paid", "paid", "money", adds=True),
    Column("credit", "credit", "money", adds=True),
    Column("paid_by.id", "paid by (id)", brief=False),
    Column("paid_by.name", "last paid by"),
    Column("trace_number", "trace number"),
    Column("since", "since", "date"),
    Column("refund_by", "refund by", "date"),
    Column("days_left", "days left", "count"),
)

_PATIENT = "patient"  # in the column payer of mappings/codes/refunds.csv
_PATIENTS = (
    *CLAIM,
    Column("patient_paid", "the patient paid", "money", adds=True),
    Column("credit", "credit", "money", adds=True),
    Column("since", "since", "date"),
    Column("refund_by", "refund by", "date"),
    Column("days_left", "days left", "count"),
)


def build(conn: Connection, asked: Asked) -> Report:
    """The report. The payment that came last made the credit; from its date the days of mappings/codes/refunds.csv."""
    found = credit_claims(conn, asked.filters, **asked.source)
    paid = payments_of(conn, [one.claim_id for one in found], asked.past)
    listed = [(one, _last(paid.get(one.claim_id, ()))) for one in found]
    total = sum(credit(one) for one in found)
    due = [_due(asked, *pair) for pair in listed]
    overdue = sum(1 for day in due if day and day < asked.day)
    listed.sort(key=lambda pair: (_due(asked, *pair) or "9", -credit(pair[0]), pair[0].claim_id))
    rows = [_row(asked, *pair) for pair in (listed if asked.limit is None else listed[: asked.limit])]
    totals = {"charge": sum(one.charge for one in found), "paid": sum(one.paid for one in found), "credit": total}
    figures = (
        Figure("claims", "claims with a credit", "count", len(found)),
        Figure("credit", "credit", "money", total),
        Figure("overdue", "past the day of refund", "count", overdue),
    )
    by_payer = _groups(asked, "payer", found)
    sections: list[Section] = [
        Figures("credits", "Credits", figures),
        Chart("Credit by payer", "money", "bars", tuple(Bar(name, cents, "d") for _, name, _, cents in by_payer[:10])),
    ]
    for by, title in BY.items():
        columns = (*key_columns(by), Column("credit", "credit", "money", adds=True))
        sections.append(table_of(f"by_{by}", title, columns, list[Row](_groups(asked, by, found))))
    title = "Claims, the first to refund first"
    sections.append(table_of("claims", title, _LIST, rows, count=len(found), totals=dict(totals)))
    sections.append(_patients(conn, asked))
    check = Check("credits by payer = credits on claims", sum(group[3] for group in by_payer) - total)
    return Report("credits", "Credits", asked.as_of, asked.parameters, tuple(sections), (check,), detail="claims")


def _patients(conn: Connection, asked: Asked) -> Table:
    """What patients paid beyond what was left to them, the first to refund first."""
    found = {one.claim_id: one for one in patient_credits(conn, asked.past)}
    rows: list[Row] = []
    for claim in claims_by_ids(conn, list(found), asked.filters, **asked.source):
        one = found[claim.claim_id]
        body, since = json.loads(one.body), one.recorded_at[:10]
        due = (date.fromisoformat(since) + timedelta(days=asked.words.refund_days(_PATIENT, ""))).isoformat()
        left = asked.days_since(due)
        rows.append((*claim_cells(asked, claim), cents(body["paid"]), cents(body["credit"]), since, due,
                     None if left is None else -left))  # fmt: skip
    rows.sort(key=lambda row: (row[-2], row[0]))
    note = "By the balances that `gateway export patients` worked out last."
    title = "Patients who paid more than was left to them"
    return table_of("patients", title, _PATIENTS, rows if asked.limit is None else rows[: asked.limit],
                    count=len(rows), note=note)  # fmt: skip


def credit(one: ReportedClaim) -> int:
    """What is too much, in cents above zero."""
    return max(0, -one.open)


def _last(payments: Sequence[ClaimPayment]) -> ClaimPayment | None:
    paying = [one for one in payments if one.paid > 0] or list(payments)
    return paying[-1] if paying else None


def _due(asked: Asked, claim: ReportedClaim, last: ClaimPayment | None) -> str:
    if last is None or not last.payment_date:
        return ""
    days = asked.words.refund_days(claim.payer_id, last.filing_indicator)
    return (date.fromisoformat(last.payment_date) + timedelta(days=days)).isoformat()


def _row(asked: Asked, claim: ReportedClaim, last: ClaimPayment | None) -> Row:
    due = _due(asked, claim, last)
    since = asked.days_since(due) if due else None
    payer = asked.payer(last.payer_key, last.payer_name) if last else ("", "")
    return (
        *claim_cells(asked, claim), claim.paid, credit(claim), *payer, last.trace_number if last else "",
        last.payment_date if last else "", due, None if since is None else -since,
    )  # fmt: skip


def _groups(asked: Asked, by: str, found: Sequence[ReportedClaim]) -> list[tuple[str, str, int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in found:
        key = {
            "payer": asked.payer(one.payer_id, one.payer_name),
            "partner": (one.partner, one.partner),
            "provider": (one.billing_key, one.billing_name),
        }[by]
        claims, cents = sums.get(key, (0, 0))
        sums[key] = (claims + 1, cents + credit(one))
    order = sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))
    return [(key, name or key or NOBODY, claims, cents) for (key, name), (claims, cents) in order]
