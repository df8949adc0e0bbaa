"""Unmatched: remitted claims that are nobody's, with the claims that may be meant; answers that fit nothing of ours;
reversals that wait for what they take back."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.reconcile.candidates import find_claims, wanted_by_rows
from gateway.reconcile.matching import Ambiguous, Match, Result
from gateway.reconcile.projection import awaiting_pairs
from gateway.reports.asked import Asked
from gateway.reports.document import Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY
from gateway.store import Connection
from gateway.store.payment_reports import (
    UnmatchedClaim,
    UnmatchedGroup,
    numbers_of,
    payment_rows_of,
    remitted_rows,
    unbound_answers,
    unmatched_claims,
    unmatched_groups,
)
from gateway.store.reporting import remittance_rows

_CANDIDATES = 5
_REMITTED = (
    Column("remitted_claim", "id"),
    Column("patient_control_number", "claim as paid"),
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("partner", "partner", brief=False),
    Column("payee", "payee", brief=False),
    Column("remittance", "payment"),
    Column("trace_number", "trace number"),
    Column("payment_date", "date", "date"),
    Column("service_from", "service", "date"),
    Column("payer_claim_number", "payer's number", brief=False),
    Column("charge", "charged", "money", adds=True),
    Column("paid", "paid", "money", adds=True),
    Column("why", "why", "code"),
    Column("candidates", "may be"),
)
_REVERSAL = (
    Column("patient_control_number", "claim"),
    Column("payer_claim_number", "payer's number"),
    Column("payer.name", "payer"),
    Column("remittance", "payment"),
    Column("trace_number", "trace number"),
    Column("payment_date", "date", "date"),
    Column("paid", "taken back", "money", adds=True),
)
_ANSWER = (
    Column("kind", "kind"),
    Column("verdict", "verdict"),
    Column("named", "what it named"),
    Column("codes", "codes"),
    Column("partner", "partner"),
    Column("file", "file"),
    Column("segment", "segment", "count"),
    Column("recorded_at", "recorded", "time"),
)
_ANSWER_WORDS = {"ta1": "TA1", "ack_group": "999", "ack_set": "999", "ack_claim": "999", "status": "277CA",
                 "inquiry": "277"}  # fmt: skip


def build(conn: Connection, asked: Asked) -> Report:
    """The report; its money is what the reconciliation has as unmatched."""
    awaiting = awaiting_pairs(conn, as_of=asked.past, table=asked.table)
    reversals = _reversals(conn, asked, [one.remittance_claim_id for one in awaiting])
    groups = {by: unmatched_groups(conn, asked.filters, by, asked.past) for by in BY}
    paid = sum(group.paid for group in groups["partner"])
    taken_back = sum(group.taken_back for group in groups["partner"])
    count = sum(group.claims for group in groups["partner"])
    answers, unbound = unbound_answers(conn, asked.filters, asked.limit, asked.past)
    waiting_cents = sum(int(row[-1] or 0) for row in reversals)
    figures = (
        Figure("claims", "remitted claims that are nobody's", "count", count),
        Figure("paid", "paid on them", "money", paid),
        Figure("taken_back", "taken back on them", "money", taken_back),
        Figure("reversals", "reversals that wait for their original", "count", len(reversals)),
        Figure("awaiting", "taken back by them", "money", waiting_cents),
        Figure("answers", "answers that fit nothing of ours", "count", answers),
    )
    sections: list[Section] = [Figures("unmatched", "Unmatched", figures)]
    sections += [_group(asked, by, groups[by]) for by in BY]
    sections += [
        _remitted(conn, asked, count, paid + taken_back),
        table_of("reversals_waiting", "Reversals that wait for their original", _REVERSAL, reversals),
        table_of(
            "unbound_answers", "Answers that fit nothing of ours, the newest first", _ANSWER,
            [_answer(one.kind, one.verdict, one.keys, one.codes, one.partner, one.file_name, one.segment,
                     one.recorded_at) for one in unbound],
            count=answers, note="Answers to another system's files on a shared mailbox are kept and listed here."
            if answers else "",
        ),
    ]  # fmt: skip
    cents: dict[int, int] = {}
    for one in awaiting:
        cents[one.remittance_id] = cents.get(one.remittance_id, 0) + one.paid
    told = sum(row.unmatched for row in remittance_rows(conn, asked.filters, asked.past, cents))
    check = Check("listed = unmatched of the reconciliation", paid + taken_back + waiting_cents - told)
    return Report("unmatched", "Unmatched", asked.as_of, asked.parameters, tuple(sections), (check,), detail="claims")


def _group(asked: Asked, by: str, groups: Sequence[UnmatchedGroup]) -> Table:
    columns = (
        Column("key", "id", brief=by == "payer"),
        Column("name", "payee" if by == "provider" else by),
        Column("claims", "claims", "count", adds=True),
        Column("paid", "paid", "money", adds=True),
        Column("taken_back", "taken back", "money", adds=True),
    )
    rows: list[Row] = []
    for one in groups:
        key, name = asked.payer(one.key, one.name) if by == "payer" else (one.key, one.name)
        rows.append((key, name or key or NOBODY, one.claims, one.paid, one.taken_back))
    return table_of(f"by_{by}", BY[by] if by != "provider" else "By payee", columns, rows)


def _remitted(conn: Connection, asked: Asked, count: int, paid: int) -> Table:
    found = unmatched_claims(conn, asked.filters, asked.limit, asked.past)
    results = find_claims(conn, [wanted_by_rows(one.payment, one.claim) for one in found])
    ids = [claim for result in results for claim in _ids(result)]
    numbers = numbers_of(conn, ids, asked.past)
    rows: list[Row] = [_row(asked, one, result, numbers) for one, result in zip(found, results, strict=True)]
    charge = sum(one.claim.charge for one in found) if len(found) == count else None
    totals = {"charge": charge, "paid": paid}
    title = "Remitted claims that are nobody's, the most money first"
    return table_of("claims", title, _REMITTED, rows, count=count, totals=dict(totals))


def _ids(result: Result) -> tuple[int, ...]:
    if isinstance(result, Match):
        return (result.claim_id,)
    return tuple(result.claim_ids)[:_CANDIDATES] if isinstance(result, Ambiguous) else ()


def _row(asked: Asked, one: UnmatchedClaim, result: Result, numbers: dict[int, str]) -> Row:
    claim, payment = one.claim, one.payment
    key, name = asked.payer(payment.payer_key, payment.payer_name)
    may_be = [numbers[claim_id] for claim_id in _ids(result) if claim_id in numbers]
    return (
        str(claim.id), claim.patient_control_number, key, name or key, one.partner, payment.payee_id, str(payment.id),
        payment.trace_number, payment.payment_date, claim.service_from, claim.payer_claim_number, claim.charge,
        claim.paid, one.evidence, ", ".join(may_be),
    )  # fmt: skip


def _reversals(conn: Connection, asked: Asked, ids: Sequence[int]) -> list[Row]:
    rows = remitted_rows(conn, ids)
    payments = payment_rows_of(conn, {row.remittance_id for row in rows.values()}, asked.filters, asked.past)
    found: list[Row] = []
    for row in sorted(rows.values(), key=lambda one: (one.paid, one.id)):
        payment = payments.get(row.remittance_id)
        if payment is None:  # left out by the filters
            continue
        key, name = asked.payer(payment.payer_key, payment.payer_name)
        found.append((row.patient_control_number, row.payer_claim_number, name or key, str(payment.id),
                      payment.trace_number, payment.payment_date, row.paid))  # fmt: skip
    return found


def _answer(
    kind: str, verdict: str, keys: str, codes: str, partner: str, file: str, segment: int, recorded_at: str
) -> Row:
    said = json.loads(keys)
    named = next((str(said[name]) for name in _NAMES if said.get(name)), "")
    return (
        _ANSWER_WORDS.get(kind, kind),
        verdict,
        named,
        " ".join(json.loads(codes)),
        partner,
        file,
        segment,
        recorded_at,
    )


_NAMES = ("patient_control_number", "reference", "control_number", "group_control_number", "interchange_control_number")
