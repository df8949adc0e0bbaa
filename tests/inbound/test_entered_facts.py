"""A payment that is typed gives the facts that the same payment gives as an 835."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exchange.rules import adjustment_classes
from gateway.inbound.elements import money
from gateway.inbound.entered import EnteredRemittance
from gateway.inbound.entered_schema import shape_faults
from gateway.inbound.remit835 import RemittanceReader
from gateway.reconcile.remitted import claim_row, posting_of
from gateway.x12.reader import Reader, TransactionSet

CLASSES = adjustment_classes()
CENTS = st.integers(0, 500_000)
REASONS = st.sampled_from(
    [("CO", "45"), ("CO", "16"), ("PR", "1"), ("PR", "2"), ("OA", "23"), ("CO", "97"), ("PI", "50")]
)
ADJUSTMENTS = st.lists(st.tuples(REASONS, st.integers(1, 50_000)), max_size=4, unique_by=lambda one: one[0])
LINES = st.lists(st.tuples(CENTS, ADJUSTMENTS), max_size=3)
CLAIMS = st.lists(st.tuples(LINES, CENTS, ADJUSTMENTS, st.sampled_from(["1", "2", "4", "19", "22"])), max_size=3)
OUTSIDE = st.lists(st.tuples(st.sampled_from(["WO", "FB", "L6"]), st.integers(-9_999, 9_999)), max_size=2)


def adjusted(adjustments: list[tuple[tuple[str, str], int]]) -> list[dict[str, str]]:
    return [{"group": group, "reason": reason, "amount": money(cents)} for (group, reason), cents in adjustments]


def typed(claims: list[Any], outside: list[tuple[str, int]]) -> dict[str, Any]:
    """The payment as a person types it, balanced by what was paid."""
    made, total = [], -sum(cents for _, cents in outside)
    for number, (lines, own, adjustments, status) in enumerate(claims):
        shown, charge, paid = [], 0 if lines else own, 0 if lines else own
        for at, (cents, of_line) in enumerate(lines):
            left = cents - sum(one for _, one in of_line)
            shown.append(
                {"procedure": "99213", "charge": money(cents), "paid": money(left), "service_date": "2026-01-15"}
                | {"control_number": str(at), "units": "1", "adjustments": adjusted(of_line), "remarks": ["N290"]}
            )
            charge, paid = charge + cents, paid + left
        paid -= sum(one for _, one in adjustments)
        total += paid
        claim = {"patient_control_number": f"ACCT{number}", "charge": money(charge), "paid": money(paid)}
        about = {"status": status, "payer_claim_number": f"P{number}", "filing_indicator": "12"}
        made.append({**claim, **about, "adjustments": adjusted(adjustments), "lines": shown})
    return {
        "payer": {"name": "EXAMPLE HEALTH PLAN", "id": "12345"},
        "payee": {"id": "1234567893"},
        "trace_number": "100200",
        "payment": money(total),
        "payment_date": "2026-02-10",
        "claims": made,
        "provider_adjustments": [{"code": code, "amount": money(cents), "reference": "X1"} for code, cents in outside],
    }


def as_835(document: dict[str, Any]) -> bytes:
    """The same as a payer writes it."""
    gap, amount = " " * 10, document["payment"]
    sign = "D" if amount.startswith("-") else "C"
    said = [
        f"ISA*00*{gap}*00*{gap}*ZZ*{'PAYER':15}*ZZ*{'US':15}*260210*0910*^*00501*000000001*0*T*:",
        "GS*HP*PAYER*US*20260210*0910*1*X*005010X221A1",
        "ST*835*0001",
        f"BPR*I*{amount.removeprefix('-')}*{sign}*CHK************20260210",
        "TRN*1*100200",
        "N1*PR*EXAMPLE HEALTH PLAN*XV*12345",
        "N1*PE**XX*1234567893",
        "LX*1",
    ]
    for claim in document["claims"]:
        numbers = f"{claim['patient_control_number']}*{claim['status']}*{claim['charge']}*{claim['paid']}"
        said.append(f"CLP*{numbers}**12*{claim['payer_claim_number']}")
        said += [f"CAS*{one['group']}*{one['reason']}*{one['amount']}" for one in claim["adjustments"]]
        for line in claim["lines"]:
            said += [f"SVC*HC:99213*{line['charge']}*{line['paid']}**1", "DTM*472*20260115"]
            said += [f"CAS*{one['group']}*{one['reason']}*{one['amount']}" for one in line["adjustments"]]
            said += [f"REF*6R*{line['control_number']}", "LQ*HE*N290"]
    said += [f"PLB*1234567893**{one['code']}:X1*{one['amount']}" for one in document["provider_adjustments"]]
    said += [f"SE*{len(said) - 1}*0001", "GE*1*1", "IEA*1*000000001"]
    return "".join(f"{segment}~" for segment in said).encode()


@settings(max_examples=60)
@given(CLAIMS, OUTSIDE)
def test_both_ways_give_the_same_facts_and_postings(claims: list[Any], outside: list[tuple[str, int]]) -> None:
    """Rows and postings agree but for where they stand in the file; the payment balances both ways."""
    document = typed(claims, outside)
    assert list(shape_faults(document)) == []
    entered = EnteredRemittance(document)
    assert entered.imbalances() == []
    reader = next(
        RemittanceReader(opened)
        for opened in Reader(io.BytesIO(as_835(document))).items()
        if isinstance(opened, TransactionSet)
    )
    read = list(reader)
    assert [issue.code for issue in reader.issues if issue.severity == "error"] == []
    assert reader.totals == entered.totals
    assert reader.header.payment == entered.header.payment
    for one, other in zip(read, entered, strict=True):
        assert posting_of(one, 1, CLASSES, "") == posting_of(other, 1, CLASSES, "")
        placed = one._replace(
            segment=other.segment,
            patient_stated=other.patient_stated,
            lines=tuple(line._replace(segment=other.segment) for line in one.lines),
        )
        assert claim_row(placed, 1, 1) == claim_row(other, 1, 1)
    outside_read = [(one.code, one.reference, one.cents) for one in reader.provider_adjustments]
    assert outside_read == [(one.code, one.reference, one.cents) for one in entered.provider_adjustments]
