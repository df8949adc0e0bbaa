"""What stands of the payers' decisions on a claim, service line by service line, each traced to the line of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gateway.inbound.facts import Adjustment, RemittedClaim
from gateway.reconcile.classes import Classes, classify_parts
from gateway.reconcile.payers import Leg
from gateway.reconcile.projection import folded
from gateway.reconcile.remitted import remitted_claim
from gateway.reconcile.tracing import OwnLine, TracedLine, own_lines, trace
from gateway.reconcile.values import ClassSums
from gateway.reports.cells import amount
from gateway.store import Connection
from gateway.store.claims import get_version
from gateway.store.payment_reports import remitted_rows

Document = dict[str, Any]


def remitted_lines(conn: Connection, claim_id: int, classes: Classes) -> list[Document]:
    """By payer in COB order, then as the payer listed them; what is adjusted on a claim as a whole comes behind."""
    fold = next(iter(folded(conn, [claim_id])))
    rows = remitted_rows(conn, fold.money.standing)
    traces = {one.id: one.trace_number for one in fold.posted}
    found: list[Document] = []
    for leg in fold.money.legs:
        lines = _lines_of(conn, leg)
        for one in reversed(leg.standing):
            if one.id in rows:
                about = {"order": leg.responsibility, "payer_id": leg.payer_key, "trace_number": traces[one.id]}
                found += [{**about, **row} for row in _rows(remitted_claim(rows[one.id]), lines, classes)]
    return found


def _lines_of(conn: Connection, leg: Leg) -> list[OwnLine]:
    version = get_version(conn, leg.answered.id) if leg.answered is not None else None
    return own_lines(json.loads(version.body)) if version is not None else []


def _rows(claim: RemittedClaim, lines: list[OwnLine], classes: Classes) -> Iterator[Document]:
    of_lines, of_claim = classify_parts(claim, classes)
    for one, sums in zip(trace(lines, claim), of_lines, strict=True):
        yield {
            **_place(one),
            "procedure": one.line.procedure or one.line.revenue_code,
            "submitted_procedure": one.line.submitted,
            "units": one.line.units or "1",
            "service_date": one.line.service_from,
            **_money(one.line.charge, one.line.paid, sums),
            "adjustments": _told(one.line.adjustments),
            "remarks": list(one.line.remarks),
        }
    if claim.adjustments or not claim.lines:
        charge, paid = (0, 0) if claim.lines else (claim.charge, claim.paid)
        yield {
            "line": "", "line_control_number": "", "traced_by": "", "made": "", "procedure": "",
            "submitted_procedure": "", "units": "", "service_date": claim.service_dates[0],
            **_money(charge, paid, of_claim),
            "adjustments": _told(claim.adjustments),
            "remarks": list(claim.remarks),
        }  # fmt: skip


def _place(one: TracedLine) -> Document:
    number = one.ours.number if one.ours else ""
    control = (one.ours.control_number if one.ours else "") or one.line.control_number
    return {"line": number, "line_control_number": control, "traced_by": one.rung, "made": one.made}


def _money(charge: int, paid: int, sums: ClassSums) -> Document:
    found = {
        "charge": charge,
        "paid": paid,
        "patient_responsibility": sums.patient_responsibility,
        "contractual": sums.contractual,
        "denied": sums.denied,
        "other_adjustments": sums.other + sums.prior_payer,
        "open": sums.forwarded,
    }
    return {name: amount(cents) for name, cents in found.items()}


def _told(adjustments: tuple[Adjustment, ...]) -> list[Document]:
    return [{"group": one.group, "reason": one.reason, "amount": amount(one.cents)} for one in adjustments]
