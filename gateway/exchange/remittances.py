"""Payments as people see them, and their decisions: match, unmatch, post as it is, undo."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any

from gateway.app import App
from gateway.errors import UsageError
from gateway.exchange.claim_decisions import find_claim
from gateway.exchange.dry_run import writing
from gateway.exchange.rules import adjustment_classes, answer_words
from gateway.reconcile import post
from gateway.reports import provider_balances
from gateway.reports.cells import amount
from gateway.store import Connection, remittances
from gateway.store import claims as store_claims
from gateway.store.inbound_files import get_file
from gateway.store.inbound_sets import get_set
from gateway.store.remittance_numbers import PaidTwice, of_number, paid_twice
from gateway.store.remittances import LinkRow, RemittanceClaimRow, RemittanceRow
from gateway.store.reporting import Filters, remittance_rows

Document = dict[str, Any]
_DIGITS = 18  # of an id that the store can hold


def documents(app: App, *, status: str | None, since: str, until: str) -> list[Document]:
    """Every payment, by date."""
    with app.store.read() as conn:
        rows = remittances.list_remittances(conn, status=status, since=since, until=until)
        sums = {row.id: row for row in remittance_rows(conn, Filters())}
    found = []
    for row in rows:
        document = _payment(row)
        if row.id in sums:
            document |= {"matched": amount(sums[row.id].matched), "unmatched": amount(sums[row.id].unmatched)}
        found.append(document)
    return found


def _payment(row: RemittanceRow) -> Document:
    return {
        "id": str(row.id),
        "status": row.status,
        "payer": {"id": row.payer_key, "name": row.payer_name},
        "payee_id": row.payee_id,
        "payment": amount(row.payment),
        "payment_date": row.payment_date,
        "method": row.method,
        "trace_number": row.trace_number,
        "claim_payments": amount(row.claim_payments),
        "provider_adjustments": amount(row.provider_adjustments),
        "difference": amount(row.difference),
        "reason": row.reason,
        "recorded_at": row.recorded_at,
        "source": row.source,
        "entered_by": row.entered_by,
    }


def whole(app: App, remittance_id: int) -> Document:
    """One payment with its claims, provider adjustments, issues and the file that it came in."""
    with app.store.read() as conn:
        return whole_of(conn, remittance_id)


def whole_of(conn: Connection, remittance_id: int) -> Document:
    """The same within a transaction."""
    row = remittances.get_remittance(conn, remittance_id)
    claims = [one for part in remittances.remitted_claims_of(conn, remittance_id) for one in part]
    links = remittances.newest_links(conn, [one.id for one in claims])
    linked = {link.claim_id for link in links.values() if link.claim_id is not None}
    numbers = {key: claim.patient_control_number for key, claim in store_claims.claims_by_id(conn, linked).items()}
    adjustments = remittances.provider_adjustments_of(conn, remittance_id)
    source = get_set(conn, row.inbound_set_id)
    file = get_file(conn, source.file_id) if source else None
    return {
        **_payment(row),
        "file": file.name if file else "",
        "file_id": str(file.id) if file else "",
        "control_number": source.control_number if source else "",
        "issues": _placed(row.id, json.loads(source.issues) if source else [], claims),
        "claims": [_claim(row.id, one, links.get(one.id), numbers) for one in claims],
        "beside": [_beside(one) for one in _payments_beside(conn, row)],
        "provider_adjustment_lines": [
            {"provider_id": one.provider_id, "code": one.code, "reference": one.reference, "amount": amount(one.amount)}
            for one in adjustments
        ],
    }


_OF_CLAIMS = frozenset(("CLP", "CAS", "SVC", "NM1", "MIA", "MOA", "REF", "DTM", "AMT", "QTY", "LQ", "PER"))


def _placed(remittance_id: int, issues: list[Document], claims: list[RemittanceClaimRow]) -> list[Document]:
    """Issues with the claim of the payment that each is about; what parked it first."""
    begins = [one.segment for one in claims]
    for issue in issues:
        at = bisect_right(begins, issue["segment"])
        if at and issue.get("segment_id") in _OF_CLAIMS:
            issue["claim"] = f"{remittance_id}.{claims[at - 1].ordinal}"
            issue["patient_control_number"] = claims[at - 1].patient_control_number
    return sorted(issues, key=lambda issue: str(issue["severity"]) != "error")


def balances(app: App, payer: str = "", *, only_open: bool = False) -> Document:
    """Provider adjustments that are carried on, of every payer or of one, by any of its ids."""
    crosswalk, words = app.home.crosswalk, answer_words(app.home.path)
    filters = Filters(payer=payer, aliases=crosswalk.known_as(payer)[1:]) if payer else Filters()
    with app.store.read() as conn:
        found = provider_balances.ledger(conn, filters, words, crosswalk)
    return provider_balances.document(found, words, crosswalk, only_open=only_open)


_BESIDE = 5  # payments of one number that are shown


def _payments_beside(conn: Connection, row: RemittanceRow) -> list[tuple[RemittanceRow, list[PaidTwice]]]:
    """Other payments of the same number and payer, or with some of the same claims."""
    found = []
    for other in of_number(conn, row.trace_number, but=row.id)[:_BESIDE]:
        claims = paid_twice(conn, row.id, other.id)
        if claims or other.payment == row.payment:
            found.append((other, claims))
    return found


def _beside(found: tuple[RemittanceRow, list[PaidTwice]]) -> Document:
    other, claims = found
    shown = [
        {
            "patient_control_number": one.patient_control_number,
            "charge": amount(one.charge),
            "paid": amount(one.paid),
            "paid_beside": amount(one.paid_beside),
        }
        for one in claims
    ]
    return {**_payment(other), "claims": shown}


def _claim(remittance_id: int, row: RemittanceClaimRow, link: LinkRow | None, numbers: dict[int, str]) -> Document:
    matched = numbers.get(link.claim_id, "") if link and link.claim_id is not None else ""
    return {
        "id": f"{remittance_id}.{row.ordinal}",
        "patient_control_number": row.patient_control_number,
        "matched": matched,
        "rung": link.rung if link and matched else "",
        "status": row.status,
        "charge": amount(row.charge),
        "paid": amount(row.paid),
        "payer_claim_number": row.payer_claim_number,
        "segment": row.segment,
    }


def remitted_claim(conn: Connection, identifier: str) -> RemittanceClaimRow:
    """The claim of a payment by `PAYMENT.CLAIM`, or by the payment alone where it has only one. UsageError else."""
    payment, dot, ordinal = identifier.partition(".")
    numbers = (payment, ordinal) if dot else (payment,)
    if not all(one.isdecimal() and len(one) <= _DIGITS for one in numbers):
        raise UsageError(f"{identifier!r}: a claim of a payment is named PAYMENT.CLAIM, as `remittances show` lists it")
    remittances.get_remittance(conn, int(payment))
    if dot:
        found = remittances.find_remitted_claim(conn, int(payment), int(ordinal))
        if found is None:
            raise UsageError(f"payment {payment} has no claim {ordinal}")
        return found
    claims = [one for part in remittances.remitted_claims_of(conn, int(payment)) for one in part]
    if len(claims) != 1:
        raise UsageError(
            f"payment {payment} has {len(claims)} claims; say which: {payment}.1 to {payment}.{len(claims)}"
        )
    return claims[0]


def match(app: App, identifier: str, number: str, provider: str | None, reason: str, *, dry_run: bool = False) -> str:
    """Binds a claim of a payment to a claim of ours; gives the name of the former."""
    with writing(app.store, dry_run=dry_run) as conn:
        row = remitted_claim(conn, identifier)
        claim = find_claim(conn, number, provider)
        post.match(conn, row.id, claim.id, actor=app.actor, now=app.now(), reason=reason)
    return f"{row.remittance_id}.{row.ordinal}"


def unmatch(app: App, identifier: str, reason: str, *, dry_run: bool = False) -> str:
    """Takes a match back; gives the name of the claim of the payment."""
    with writing(app.store, dry_run=dry_run) as conn:
        row = remitted_claim(conn, identifier)
        post.unmatch(conn, row.id, actor=app.actor, now=app.now(), reason=reason)
    return f"{row.remittance_id}.{row.ordinal}"


def post_as_is(app: App, remittance_id: int, reason: str, *, dry_run: bool = False) -> Document:
    """Posts a parked payment although it does not balance; the difference stays in the report's check."""
    with writing(app.store, dry_run=dry_run) as conn:
        classes = adjustment_classes(app.home.path)
        post.post_as_is(conn, remittance_id, actor=app.actor, reason=reason, now=app.now(), classes=classes)
    return whole(app, remittance_id)


def undo(app: App, remittance_id: int, reason: str, *, dry_run: bool = False) -> Document:
    """Takes back what a posted payment moved, by entries that compensate it."""
    with writing(app.store, dry_run=dry_run) as conn:
        post.undo(conn, remittance_id, actor=app.actor, reason=reason, now=app.now())
    return whole(app, remittance_id)
