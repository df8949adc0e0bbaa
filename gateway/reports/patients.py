"""What the patient owes of one claim, as people and programs see it."""

from __future__ import annotations

import json
from typing import Any

from gateway.claims.life import VOID
from gateway.reconcile.bills import bills_of
from gateway.reconcile.classes import Classes
from gateway.reconcile.patient import BECAUSE, Asked, PatientBalance, PatientLine, Protections, patient_balance
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reconcile.remitted import remitted_claim
from gateway.reports.cells import amount
from gateway.store import Connection
from gateway.store.claims import get_version
from gateway.store.payment_reports import remitted_rows

Document = dict[str, Any]


def balance_of(conn: Connection, claim_id: int, classes: Classes, protections: Protections) -> PatientBalance:
    """The balance of one claim, computed from everything that the store has of it."""
    fold = next(iter(folded(conn, [claim_id])))
    money, version = fold.money, get_version(conn, fold.life.version.id)
    assert version is not None
    remitted = {id_: remitted_claim(row) for id_, row in remitted_rows(conn, money.standing).items()}
    life = money.adjudication
    asked = Asked(
        money.legs, remitted, json.loads(version.body), bool(version.has_money), life.voided, life.elsewhere,
        _bills(conn, fold),
    )  # fmt: skip
    return patient_balance(asked, classes, protections)


def _bills(conn: Connection, fold: FoldedClaim) -> dict[int, Document]:
    """Of a claim with several bills: the document of the newest version of each, by the id of each of its versions."""
    bills = bills_of(fold.life.live)
    if len(bills) == 1:
        return {}
    found: dict[int, Document] = {}
    for bill in bills:
        newest = next((one for one in reversed(bill) if one.version.frequency != VOID), bill[-1])
        version = get_version(conn, newest.version.id)
        assert version is not None
        found |= dict.fromkeys((one.version.id for one in bill), json.loads(version.body))
    return found


def patient_document(found: PatientBalance) -> Document:
    """As `claims show --json` has it under `patient`."""
    return {
        "owes": amount(found.owes),
        "because": found.because,
        "text": BECAUSE[found.because] + (f": {more}" if (more := found.expected or found.protection) else ""),
        "responsibility": amount(found.responsibility),
        "paid": amount(found.paid),
        "credit": amount(found.credit),
        "expected_payer": found.expected,
        "lines": [_line(line) for line in found.lines],
    }


def _line(line: PatientLine) -> Document:
    return {
        "line_control_number": line.line_control_number,
        "procedure": line.procedure,
        "service_date": line.service_from,
        "responsibility": amount(line.responsibility),
        "owes": amount(line.owes),
        "adjustments": [
            {"group": one.group, "reason": one.reason, "amount": amount(one.cents)} for one in line.adjustments
        ],
    }
