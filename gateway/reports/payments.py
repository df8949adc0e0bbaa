"""Payments: what payers say they paid against what is posted and matched, each open until nothing is left."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.reconcile.projection import awaiting_pairs
from gateway.reports.asked import Asked
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY
from gateway.reports.provider_balances import ledger, tables
from gateway.store import Connection
from gateway.store.reporting import RemittanceRow, remittance_rows

_SUMS = (
    Column("payment", "payment", "money", adds=True),
    Column("matched", "matched", "money", adds=True),
    Column("unmatched", "unmatched", "money", adds=True),
    Column("provider_adjustments", "PLB", "money", adds=True),
    Column("difference", "difference", "money", adds=True, brief=False),
    Column("open", "open", "money", adds=True),
)
_PAYMENT = (
    Column("id", "id"),
    Column("payment_date", "date", "date"),
    Column("trace_number", "trace number"),
    Column("method", "by"),
    Column("account_ending", "account …"),
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("partner", "partner", brief=False),
    Column("payee", "payee", brief=False),
    Column("originator", "originator", brief=False),
    Column("file", "file", brief=False),
    Column("status", "status"),
    Column("claims", "claims", "count", adds=True),
    Column("claims_unmatched", "of these unmatched", "count", adds=True, brief=False),
    *_SUMS,
    Column("posted", "posted", "money", adds=True, brief=False),
    Column("reason", "why it is parked", brief=False),
    Column("recorded_at", "recorded", "time", brief=False),
)


def build(conn: Connection, asked: Asked) -> Report:
    """The report; its sums are those of the reconciliation's remittances, parked ones beside them."""
    waiting: dict[int, int] = {}
    for one in awaiting_pairs(conn, as_of=asked.past, table=asked.table):
        waiting[one.remittance_id] = waiting.get(one.remittance_id, 0) + one.paid
    found = remittance_rows(conn, asked.filters, asked.past, waiting, with_parked=True)
    posted = [row for row in found if row.posted]
    adjustments = ledger(conn, asked.filters, asked.words, asked.crosswalk, asked.past)
    sections: list[Section] = [
        Figures("payments", "Payments", tuple(_figures(found, posted, sum(one.open for one in adjustments.balances)))),
        Chart("Paid by month", "money", "bars", _months(posted)),
    ]
    sections += [_group(asked, by, posted) for by in BY]
    listed = sorted(
        found, key=lambda row: (not open_cents(row) and (row.posted or row.undone), row.payment_date, row.id)
    )
    rows = [_row(asked, row) for row in (listed if asked.limit is None else listed[: asked.limit])]
    totals = {name: sum(values) for name, values in _totals(found).items()}
    title = "Payments, the open ones first"
    sections += [*tables(adjustments, asked.words, asked.crosswalk, asked.limit)]
    sections += [table_of("list", title, _PAYMENT, rows, count=len(found), totals=dict(totals))]
    name = "payment = matched + unmatched − provider adjustments"
    off = tuple(f"{row.id} (trace {row.trace_number})" for row in posted if row.difference)
    check = Check(name, sum(row.difference for row in posted), remittances=off)
    return Report("payments", "Payments", asked.as_of, asked.parameters, tuple(sections), (check,), detail="list")


def open_cents(row: RemittanceRow) -> int:
    """What of a payment still asks for somebody: unmatched money in and out, never netted, and what does not add up."""
    if not row.posted:
        return 0 if row.undone else abs(row.payment)
    taken_back = row.unmatched - row.unmatched_in
    return row.unmatched_in + abs(taken_back) + abs(row.difference)


def _figures(found: Sequence[RemittanceRow], posted: Sequence[RemittanceRow], carried: int) -> list[Figure]:
    parked = [row for row in found if not row.posted]
    is_open = [row for row in posted if open_cents(row)]
    return [
        Figure("count", "posted", "count", len(posted)),
        Figure("payment", "payments (BPR02)", "money", sum(row.payment for row in posted)),
        Figure("matched", "matched to claims", "money", sum(row.matched for row in posted)),
        Figure("unmatched", "unmatched", "money", sum(row.unmatched for row in posted)),
        Figure("provider_adjustments", "provider adjustments (PLB)", "money",
               sum(row.provider_adjustments for row in posted)),
        Figure("open_count", "open", "count", len(is_open)),
        Figure("open", "open money", "money", sum(open_cents(row) for row in is_open)),
        Figure("provider_open", "of PLB still open", "money", carried),
        Figure("parked", "parked", "count", len(parked)),
        Figure("parked_payment", "their payments", "money", sum(row.payment for row in parked)),
    ]  # fmt: skip


def _months(posted: Sequence[RemittanceRow]) -> tuple[Bar, ...]:
    months: dict[str, int] = {}
    for row in posted:
        months[row.payment_date[:7]] = months.get(row.payment_date[:7], 0) + row.payment
    return tuple(Bar(month or "no date", cents, "b") for month, cents in sorted(months.items())[-12:])


def _amounts(row: RemittanceRow) -> tuple[int, ...]:
    return (row.payment, row.matched, row.unmatched, row.provider_adjustments, row.difference, open_cents(row))


def _totals(found: Sequence[RemittanceRow]) -> dict[str, list[int]]:
    """Of everything listed; what is parked adds nothing to what is matched."""
    columns: dict[str, list[int]] = {column.key: [] for column in _SUMS}
    for row in found:
        for column, cents in zip(_SUMS, _amounts(row) if row.posted else _parked(row), strict=True):
            columns[column.key].append(cents)
    posted = [row.matched if row.posted else 0 for row in found]
    counts = {"claims": [row.claims for row in found], "claims_unmatched": [row.claims_unmatched for row in found]}
    return {**columns, **counts, "posted": posted}


def _parked(row: RemittanceRow) -> tuple[int, ...]:
    return (row.payment, 0, 0, row.provider_adjustments, 0, open_cents(row))


def _row(asked: Asked, row: RemittanceRow) -> Row:
    key, name = asked.payer(row.payer_key, row.payer_name)
    status = ("open" if open_cents(row) else "closed") if row.posted else "undone" if row.undone else "parked"
    return (
        str(row.id), row.payment_date, row.trace_number, row.method, row.account_ending, key, name or key, row.partner,
        row.payee_id, row.originator, str(row.file_id), status, row.claims, row.claims_unmatched,
        *(_amounts(row) if row.posted else _parked(row)), row.matched if row.posted else 0, row.reason, row.recorded_at,
    )  # fmt: skip


def _group(asked: Asked, by: str, posted: Sequence[RemittanceRow]) -> Table:
    groups: dict[tuple[str, str], list[RemittanceRow]] = {}
    for row in posted:
        key = {
            "payer": asked.payer(row.payer_key, row.payer_name),
            "partner": (row.partner, row.partner or NOBODY),
            "provider": (row.payee_id, row.payee_id),
        }[by]
        groups.setdefault(key, []).append(row)
    columns = (
        Column("key", "id", brief=by == "payer"),
        Column("name", by if by != "provider" else "payee"),
        Column("payments", "payments", "count", adds=True),
        *_SUMS,
    )
    rows: list[Row] = []
    for (id_, name), own in sorted(groups.items()):
        sums = [sum(values) for values in zip(*map(_amounts, own), strict=True)]
        rows.append((id_, name or id_, len(own), *sums))
    return table_of(f"by_{by}", BY[by], columns, rows)
