"""One claim as a biller asks for it: where is it, what was said, who owes what; each line with its file and segment."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gateway.claims.history import event_code
from gateway.reconcile.money import PayerMoney
from gateway.reconcile.payers import named_payers
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reconcile.remitted import remitted_claim
from gateway.reconcile.working import works
from gateway.reports.cells import amount
from gateway.reports.habits import is_late
from gateway.reports.worklist import appeal_document, work_document
from gateway.store import Connection, claims
from gateway.store.claim_reports import Late
from gateway.store.payment_decisions import PaymentDecision, payment_decisions
from gateway.store.reporting import MONEY
from gateway.store.retention import is_held, left_on
from gateway.store.stories import (
    CurrentClaim,
    Remitted,
    SubmittedIn,
    Told,
    claims_listed,
    events_told,
    remitted_told,
    submissions_told,
)
from gateway.store.work import EntryRow, entries_of

Document = dict[str, Any]

# CLP02 in our own words.
CLAIM_STATUS = {
    "1": "processed as primary",
    "2": "processed as secondary",
    "3": "processed as tertiary",
    "4": "denied: patient not recognised",
    "19": "processed as primary and forwarded",
    "20": "processed as secondary and forwarded",
    "21": "processed as tertiary and forwarded",
    "22": "reversal of an earlier payment",
    "23": "not theirs, forwarded",
    "25": "predetermination, no payment",
}


def listed(claim: CurrentClaim, late: Mapping[str, Late] | None = None) -> Document:
    """A claim as `claims list --json` has it. `late`: by partner, since when a claim that was sent is overdue."""
    flags = json.loads(claim.flags)
    since = (late or {}).get(claim.partner)
    if since is not None and is_late(
        since,
        state=claim.state,
        payer_id=claim.payer_id,
        sent_at=claim.sent_at or claim.imported_at,
        has_money=bool(claim.has_money),
    ):
        flags = sorted([*flags, "overdue"])
    return {
        "patient_control_number": claim.patient_control_number,
        "type": claim.type,
        "state": claim.state,
        "flags": flags,
        "payer": {"id": claim.payer_id, "name": claim.payer_name},
        "partner": claim.partner,
        "billing_provider": {"id": claim.billing_key, "name": claim.billing_name},
        "service_from": claim.service_from,
        "service_to": claim.service_to,
        "imported_at": claim.imported_at,
        **{name: amount(getattr(claim, name)) for name in MONEY},
    }


def shown(conn: Connection, claim_id: int, late: Mapping[str, Late] | None = None) -> Document:
    """A claim as `claims show --json` has it."""
    claim = claims_listed(conn, claim_ids=[claim_id])[0]
    fold = next(iter(folded(conn, [claim_id])))
    remitted = remitted_told(conn, claim_id)
    told = events_told(conn, claim_id)
    work = works(conn, [claim_id])[claim_id]
    body = next(json.loads(v.body) for v in claims.versions_of(conn, claim_id) if v.id == claim.version_id)
    return {
        **listed(claim, late),
        "payer_claim_numbers": _payer_numbers(told, remitted),
        "payers": _payers(fold, body),
        "lines": [_line(line) for line in body.get("lines", ())],
        "adjustments": _adjustments([row for row in remitted if row.remittance_status == "posted"]),
        "payments": [_payment(row) for row in remitted if row.remittance_status == "posted"],
        "submissions": [_submission(row) for row in submissions_told(conn, claim_id)],
        "work": work_document(work),
        "appeals": [appeal_document(one) for one in work.appeals],
        "legal_hold": is_held(conn, claim_id),
        "left_on": left_on(conn, [claim_id]).get(claim_id, "")[:10] or None,
        "events": story(
            told, remitted, entries_of(conn, [claim_id]).get(claim_id, ()), payment_decisions(conn, claim_id)
        ),
    }


def _payer_numbers(told: Sequence[Told], remitted: Sequence[Remitted]) -> list[str]:
    """As payments and answers have them; not of answers that were entered wrongly."""
    said = [row.claim.payer_claim_number for row in remitted]
    taken = _taken(told)
    for event in told:
        if event_code(event.id) in taken:
            continue
        said += [code.removeprefix("1K:") for code in json.loads(event.codes) if code.startswith("1K:")]
        said.append(json.loads(event.keys).get("payer_claim_number", ""))
    return list(dict.fromkeys(number for number in said if number))


def _taken(told: Sequence[Told]) -> set[str]:
    """The codes of the events that were taken back."""
    return {code for row in told if row.kind == "taken_back" for code in json.loads(row.codes)}


def _payers(fold: FoldedClaim, body: Document) -> list[Document]:
    """Every payer of the claim in order: those that paid, then those that are named and have not answered."""
    found = [_payer(one) for one in fold.money.payers]
    orders = {one["order"] for one in found}
    for order, payer in named_payers(body):
        if order not in orders:
            found.append(
                {"order": order, "id": payer.get("id", ""), "name": payer.get("name", ""), "state": "no_remittance"}
            )
    return sorted(found, key=lambda one: ("PSTABCDEFGHU".find(one["order"]) % 99, one["id"]))


def _payer(one: PayerMoney) -> Document:
    state = "denied" if one.denied and not one.paid else ("paid" if one.paid else "zero_paid")
    names = ("paid", "patient_responsibility", "contractual", "denied", "other_adjustments")
    money = {name: amount(getattr(one, name)) for name in names}
    return {"order": one.responsibility, "id": one.payer_key, "state": state if one.standing else "reversed", **money}


def _line(line: Document) -> Document:
    keys = ("number", "line_control_number", "procedure", "revenue_code", "charge", "quantity", "unit", "service_date")
    return {key: line[key] for key in keys if key in line}


def _adjustments(remitted: Sequence[Remitted]) -> list[Document]:
    found = []
    for row in remitted:
        claim = remitted_claim(row.claim)
        places = [("", claim.adjustments), *((line.procedure, line.adjustments) for line in claim.lines)]
        for procedure, adjustments in places:
            for one in adjustments:
                shown = {"group": one.group, "reason": one.reason, "amount": amount(one.cents)}
                found.append({**shown, "procedure": procedure, "trace_number": row.trace_number})
    return found


def _payment(row: Remitted) -> Document:
    return {
        "remittance": str(row.claim.remittance_id),
        "trace_number": row.trace_number,
        "date": row.payment_date,
        "payer": row.payer_name,
        "status": row.claim.status,
        "charge": amount(row.claim.charge),
        "paid": amount(row.claim.paid),
        "payer_claim_number": row.claim.payer_claim_number,
    }


def _submission(row: SubmittedIn) -> Document:
    return {
        "batch": str(row.batch_id),
        "partner": row.partner,
        "state": row.state,
        "interchange_control_number": row.interchange_control_number,
        "group_control_number": row.group_control_number,
        "transaction_control_number": row.control_number,
        "sent_at": row.sent_at,
    }


def story(
    told: Sequence[Told],
    remitted: Sequence[Remitted],
    entries: Sequence[EntryRow] = (),
    decisions: Sequence[PaymentDecision] = (),
) -> list[Document]:
    """Everything that was said and done, in the order of recording."""
    taken = _taken(told)
    found = [_event(row, taken) for row in told]
    found += [_remitted(row) for row in remitted]
    found += [_decided(row) for row in decisions]
    found += [_worked(row) for row in entries]
    return sorted(found, key=lambda one: one["at"])


def _event(row: Told, taken: Collection[str] = ()) -> Document:
    source = row.set_kind or (f"person {row.actor}".strip() if row.hop == "person" else "gateway")
    entered: Document = {}
    if row.kind == "entered":
        source = json.loads(row.keys).get("source", "")
        entered = {"id": str(row.id), "by": row.actor, "taken_back": event_code(row.id) in taken}
    return {
        "at": row.recorded_at,
        "kind": row.kind,
        "hop": row.hop,
        "verdict": row.verdict,
        "source": source,
        "said_on": row.said_on,
        "codes": json.loads(row.codes),
        "file": row.file_name or "",
        "file_id": str(row.file_id or ""),
        "segment": row.segment,
        "text": row.text,
        **entered,
    }


def _decided(row: PaymentDecision) -> Document:
    """What a person decided on a payment."""
    words = {
        "match": "matched by hand to",
        "unmatch": "by hand no longer matched to",
        "post": "posted by hand:",
        "undo": "taken back:",
    }[row.kind]
    payment = f"{words} remittance {row.remittance_id}, {amount(row.paid)} of {row.payer_name}"
    text = f"{payment}, trace {row.trace_number} of {row.payment_date}"
    text = f"{text}: {row.reason}" if row.reason else text
    return _by_person(row.recorded_at, row.actor, f"payment_{row.kind}", text)


def _worked(row: EntryRow) -> Document:
    """What a person did about it."""
    words = {
        "assign": f"assigned to {row.owner}" if row.owner else "assigned to nobody",
        "note": row.text,
        "due": f"to come back to on {row.day}",
        "done": f"done: {row.outcome.replace('_', ' ')}",
        "appeal": f"appeal level {row.level} sent on {row.day}",
        "answer": f"appeal level {row.level} {row.outcome} on {row.day}",
        "retract": f"appeal level {row.level} taken back",
    }[row.kind]
    kind = "appeal" if row.kind in ("appeal", "answer", "retract") else "work"
    text = f"{words}: {row.text}" if row.text and row.kind != "note" else words
    return _by_person(row.recorded_at, row.actor, kind, text, row.day)


def _by_person(at: str, actor: str, kind: str, text: str, said_on: str = "") -> Document:
    """A line that rests on no file."""
    return {
        "at": at,
        "kind": kind,
        "hop": "person",
        "verdict": "info",
        "source": f"person {actor}",
        "said_on": said_on,
        "codes": [],
        "file": "",
        "file_id": "",
        "segment": 0,
        "text": text,
    }


def _remitted(row: Remitted) -> Document:
    claim = row.claim
    words = CLAIM_STATUS.get(claim.status, f"status {claim.status}")
    sums = f"charged {amount(claim.charge)}, paid {amount(claim.paid)}"
    is_posted = row.remittance_status == "posted"
    how = f"matched by {row.rung.replace('_', ' ')}" if is_posted else "parked: not posted"
    return {
        "at": row.recorded_at,
        "kind": "remittance",
        "hop": "remittance",
        "verdict": "info",
        "source": row.source,
        "said_on": row.payment_date,
        "codes": [f"CLP02:{claim.status}", *_codes(row)],
        "file": row.file_name,
        "file_id": str(row.file_id),
        "segment": claim.segment,
        "text": f"{row.payer_name}: {words}; {sums}, trace {row.trace_number} of {row.payment_date} ({how})",
        **({"by": row.entered_by} if row.entered_by else {}),
    }


def _codes(row: Remitted) -> list[str]:
    claim = remitted_claim(row.claim)
    adjustments = [*claim.adjustments, *(one for line in claim.lines for one in line.adjustments)]
    remarks = [*claim.remarks, *(remark for line in claim.lines for remark in line.remarks)]
    return list(dict.fromkeys([*(f"{one.group}:{one.reason}" for one in adjustments), *remarks]))
