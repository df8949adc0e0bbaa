"""What the practice's own system needs, row by row since a cursor: postings, service lines, what patients owe.

A cursor says what was told up to a moment: whoever keeps it and asks again gets what is new, each thing once. Between
the same two cursors always the same rows come. From one cursor to now, a payment that changed hands again meanwhile
comes in other rows: who begins a broken export again names the end of it, too.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gateway.app import App
from gateway.errors import UsageError
from gateway.exchange.rules import adjustment_classes, answer_words, patient_protections
from gateway.inbound.facts import Adjustment, RemittedClaim
from gateway.reconcile.classes import Classes, classify_parts
from gateway.reconcile.posted import POSTS_NOTHING
from gateway.reconcile.remitted import remitted_claim
from gateway.reconcile.values import ClassSums
from gateway.reports.cells import amount
from gateway.reports.patients import balance_of, patient_document
from gateway.store import Connection, stamp
from gateway.store.balance_exports import balance_moves, entry_proof, settled_entry
from gateway.store.exports import Marks, Move, fingerprint, moves, settled_marks
from gateway.store.patient_accounts import Looked, balances_between, keep, newest_balance, proof, stale
from gateway.store.remittances import POSTING_AMOUNTS

Row = dict[str, Any]
Proof = Callable[[Marks], str]  # what only this store has at some marks

_WHOSE = (
    "key", "kind", "recorded_at", "patient_control_number", "billing_provider", "remitted_number", "payer_id",
    "payer_name", "payment_date", "trace_number", "payer_claim_number", "claim_status",
)  # fmt: skip
COLUMNS = {
    "postings": (*_WHOSE, *POSTING_AMOUNTS, "by", "reason"),
    "lines": (
        *_WHOSE, "line", "line_control_number", "procedure", "submitted_procedure", "revenue_code", "units",
        "service_from", "service_to", "charge", "paid", "patient_responsibility", "contractual", "denied", "other",
        "adjustments", "remarks", "prior_payer", "forwarded",
    ),
    "patients": (
        "key", "version", "recorded_at", "patient_control_number", "billing_provider", "owes", "because",
        "responsibility", "paid", "credit", "expected_payer", "line_control_number", "procedure", "service_date",
        "line_responsibility", "line_owes", "adjustments",
    ),
    "balances": (
        "key", "kind", "recorded_at", "remittance", "payer_id", "payer_name", "payment_date", "trace_number",
        "provider", "fiscal_period_end", "code", "label", "reference", "amount", "by", "reason",
    ),
}  # fmt: skip
_LINE_AMOUNTS = ("patient_responsibility", "contractual", "denied", "other", "prior_payer", "forwarded")


class ForeignCursor(UsageError):
    """A cursor of this kind whose rows this store does not have."""


class Exported(NamedTuple):
    """Rows as they are asked for, and the cursor to go on from when all of them were kept."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    cursor: str


def export(app: App, kind: str, since: str = "", until: str = "") -> Exported:
    """What is new since a cursor; everything without one.

    :param kind: "postings", "lines", "patients" or "balances"
    :param until: the cursor of an export that was not completed, to have its rows again; to now without one
    :raises UsageError: where the cursor is none, of another kind, or of another store
    :raises Busy: where another process exports the balances of patients
    """
    if kind == "patients":
        return _patients(app, since, until)
    if kind == "balances":
        return _provider_balances(app, since, until)
    newest = settled_marks(app.store)
    with app.store.read() as conn:
        start, end = _span(kind, since, until, newest, lambda marks: fingerprint(conn, marks))
        cursor = _sealed(kind, end, fingerprint(conn, end))
    rows = _postings(app, start, end) if kind == "postings" else _lines(app, start, end)
    return Exported(COLUMNS[kind], rows, cursor)


def _span(kind: str, since: str, until: str, newest: Marks, proof: Proof) -> tuple[Marks, Marks]:
    start = _opened(since, kind, proof) if since else Marks()
    if not until:
        return start, newest
    try:
        return start, _opened(until, kind, proof)
    except ForeignCursor:
        if since:
            raise
        return start, newest  # everything anew, after a restore


def _patients(app: App, since: str, until: str) -> Exported:
    """Every line of each balance that is another one than was told; first what changed is looked at again."""
    with app.mailbox_lock("export of patients"):
        _look(app)
        with app.store.read() as conn:
            newest = Marks(newest_balance(conn))
            start, end = _span("patients", since, until, newest, lambda marks: proof(conn, marks.posting_id))
            cursor = _sealed("patients", end, proof(conn, end.posting_id))
    return Exported(COLUMNS["patients"], _balances(app, start.posting_id, end.posting_id), cursor)


def _provider_balances(app: App, since: str, until: str) -> Exported:
    """Every provider adjustment when its payment was posted, and again with the sign turned when that was undone."""
    newest = Marks(settled_entry(app.store))
    with app.store.read() as conn:
        start, end = _span("balances", since, until, newest, lambda marks: entry_proof(conn, marks.posting_id))
        cursor = _sealed("balances", end, entry_proof(conn, end.posting_id))
    return Exported(COLUMNS["balances"], _adjustments(app, start.posting_id, end.posting_id), cursor)


def _adjustments(app: App, after: int, until: int) -> Iterator[Row]:
    words = answer_words(app.home.path)
    with app.store.read() as conn:
        for one in balance_moves(conn, after, until):
            yield {
                "key": f"E{one.entry_id}/{one.adjustment_id}",
                "kind": one.kind,
                "recorded_at": one.recorded_at,
                "remittance": str(one.remittance_id),
                "payer_id": one.payer_key,
                "payer_name": one.payer_name,
                "payment_date": one.payment_date,
                "trace_number": one.trace_number,
                "provider": one.provider_id,
                "fiscal_period_end": one.fiscal_period_end,
                "code": one.code,
                "label": words.provider(one.code).label,
                "reference": one.reference,
                "amount": amount(one.amount),
                "by": one.actor,
                "reason": one.reason,
            }


def _look(app: App) -> None:
    classes, protections = adjustment_classes(app.home.path), patient_protections(app.home.path)
    while True:
        with app.store.write() as conn:
            found = stale(conn)
            if not found:
                return
            looked = []
            for one in found:
                balance = balance_of(conn, one.claim_id, classes, protections)
                body = json.dumps(patient_document(balance), sort_keys=True)
                looked.append(Looked(*one, balance.owes, body, balance.credit))
            keep(conn, looked, stamp(app.now()))


def _balances(app: App, after: int, until: int) -> Iterator[Row]:
    with app.store.read() as conn:
        for one in balances_between(conn, after, until):
            body = json.loads(one.body)
            whole = {
                name: body[name] for name in ("owes", "because", "responsibility", "paid", "credit", "expected_payer")
            }
            about = {
                "version": one.version,
                "recorded_at": one.recorded_at,
                "patient_control_number": one.patient_control_number,
                "billing_provider": one.billing_key,
            }
            for number, line in enumerate(body["lines"] or [{}], 1):
                yield {"key": f"B{one.id}/{number}", **about, **whole, **(_owed(line) if line else {})}


def _owed(line: dict[str, Any]) -> Row:
    named = {name: line[name] for name in ("line_control_number", "procedure", "service_date")}
    reasons = " ".join(f"{one['group']}:{one['reason']}:{one['amount']}" for one in line["adjustments"])
    sums = {"line_responsibility": line["responsibility"], "line_owes": line["owes"]}
    return {**named, **sums, "adjustments": reasons}


def _sealed(kind: str, marks: Marks, proof: str) -> str:
    text = json.dumps([kind, *marks, _digest(proof)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(cursor: str, kind: str, proof: Proof) -> Marks:
    try:
        padded = cursor.strip() + "=" * (-len(cursor.strip()) % 4)
        found, posting_id, link_id, digest = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        marks = Marks(int(posting_id), int(link_id))
    except (ValueError, TypeError):
        raise UsageError("this is no cursor of an export; leave --since out to export everything") from None
    if found != kind:
        raise UsageError(f"this cursor is of `export {found}`, not of `export {kind}`")
    if digest != _digest(proof(marks)):
        raise ForeignCursor("this cursor is of another store, or of this one before a restore; export everything anew")
    return marks


def _digest(proof: str) -> str:
    return hashlib.sha256(proof.encode()).hexdigest()[:16]


def _moved(conn: Connection, since: Marks, until: Marks) -> Iterator[Move]:
    """What moved money: a predetermination and a claim that was only sent on post nothing."""
    return (move for move in moves(conn, since, until) if move.claim.status not in POSTS_NOTHING)


def _postings(app: App, since: Marks, until: Marks) -> Iterator[Row]:
    with app.store.read() as conn:
        for move in _moved(conn, since, until):
            sums = dict(zip(POSTING_AMOUNTS, map(amount, move.amounts), strict=True))
            yield {**_whose(move), **sums, "by": move.actor, "reason": move.reason}


def _lines(app: App, since: Marks, until: Marks) -> Iterator[Row]:
    classes = adjustment_classes(app.home.path)
    with app.store.read() as conn:
        for move in _moved(conn, since, until):
            if move.sign:
                yield from _lines_of(move, classes)


def _lines_of(move: Move, classes: Classes) -> Iterator[Row]:
    """The service lines of a remitted claim; one more row for what it adjusts as a whole."""
    claim, whose = remitted_claim(move.claim), _whose(move)
    of_lines, of_claim = classify_parts(claim, classes)
    for number, (line, sums) in enumerate(zip(claim.lines, of_lines, strict=True), 1):
        yield {
            **whose,
            "key": f"{move.key}/{number}",
            "line": number,
            "line_control_number": line.control_number,
            "procedure": line.procedure,
            "submitted_procedure": line.submitted,
            "revenue_code": line.revenue_code,
            "units": line.units or "1",
            "service_from": line.service_from,
            "service_to": line.service_to or line.service_from,
            **_amounts(line.charge, line.paid, sums, move.sign),
            "adjustments": _told(line.adjustments, move.sign),
            "remarks": " ".join(line.remarks),
        }
    if claim.adjustments or not claim.lines:
        yield _whole(claim, move, whose, of_claim)


def _whole(claim: RemittedClaim, move: Move, whose: Row, sums: ClassSums) -> Row:
    charge, paid = (0, 0) if claim.lines else (claim.charge, claim.paid)
    return {
        **whose,
        "key": f"{move.key}/0",
        "line": 0,
        "service_from": move.claim.service_from,
        "service_to": move.claim.service_to or move.claim.service_from,
        **_amounts(charge, paid, sums, move.sign),
        "adjustments": _told(claim.adjustments, move.sign),
        "remarks": " ".join(claim.remarks),
    }


def _amounts(charge: int, paid: int, sums: ClassSums, sign: int) -> Row:
    found = {"charge": charge, "paid": paid, **{name: getattr(sums, name) for name in _LINE_AMOUNTS}}
    return {name: amount(sign * cents) for name, cents in found.items()}


def _told(adjustments: tuple[Adjustment, ...], sign: int) -> str:
    return " ".join(f"{one.group}:{one.reason}:{amount(sign * one.cents)}" for one in adjustments)


def _whose(move: Move) -> Row:
    return {
        "key": move.key,
        "kind": move.kind,
        "recorded_at": move.recorded_at,
        "patient_control_number": move.patient_control_number,
        "billing_provider": move.billing_key,
        "remitted_number": move.claim.patient_control_number,
        "payer_id": move.payer_key,
        "payer_name": move.payer_name,
        "payment_date": move.payment_date,
        "trace_number": move.trace_number,
        "payer_claim_number": move.claim.payer_claim_number,
        "claim_status": move.claim.status,
    }
