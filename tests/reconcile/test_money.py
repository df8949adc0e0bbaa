"""The money of a claim, in the words that a biller would use. Amounts in cents."""

from __future__ import annotations

import pytest

from gateway.claims.history import LiveVersion, Version
from gateway.reconcile.money import Money, fold_money
from gateway.reconcile.posted import PostedClaim


def version(number: int = 1, charge: int = 50000, **more: object) -> LiveVersion:
    """A delivered version; `delivered`, `sent_on` and `accepted` may be given, the rest is of the version."""
    live = {key: more.pop(key) for key in ("delivered", "sent_on", "accepted") if key in more}
    made: dict[str, object] = {"frequency": "1", "payer_responsibility": "P", "has_money": True, **more}
    return LiveVersion(
        Version(id=number, number=number, charge=charge, **made),  # type: ignore[arg-type]
        **{"delivered": True, "sent_on": "2026-01-01", "accepted": False, **live},  # type: ignore[arg-type]
    )


def clp(id_: int, charge: int, paid: int, **more: object) -> PostedClaim:
    """A posted CLP of payer A, status 1, in a set of its own; `remittance_id` puts several into one."""
    made: dict[str, object] = {
        "remittance_id": id_, "ordinal": 1, "payer_key": "A", "status": "1", "payer_claim_number": "N1",
        "payment_date": "2026-02-01", "trace_number": "T1", **more,
    }  # fmt: skip
    return PostedClaim(id=id_, charge=charge, paid=paid, **made)  # type: ignore[arg-type]


def amounts(money: Money) -> dict[str, int]:
    """The amounts that are not zero."""
    return {key: value for key, value in money.amounts._asdict().items() if value}


def flags(money: Money) -> set[str]:
    return set(money.adjudication.flags)


PRIMARY = clp(1, 50000, 30000, patient_responsibility=7500, contractual=12500, payer_key="MEDICARE")
SECONDARY = clp(
    2, 50000, 6500, status="2", contractual=1000, prior_payer=42500, payer_key="MEDICAID",
    payer_claim_number="X9", payment_date="2026-03-01",
)  # fmt: skip


def test_without_remittance_the_whole_charge_is_open() -> None:
    """Until a remittance comes, `open` is the whole charge."""
    assert amounts(fold_money([version()], [])) == {"charge": 50000, "open": 50000}


def test_one_payer() -> None:
    """One payer's paid amount and adjustments make up the charge."""
    assert amounts(fold_money([version()], [PRIMARY])) == {
        "charge": 50000, "paid": 30000, "patient_responsibility": 7500, "contractual": 12500,
    }  # fmt: skip


@pytest.mark.parametrize("order", [[PRIMARY, SECONDARY], [SECONDARY, PRIMARY]])
def test_medicare_then_medicaid(order: list[PostedClaim]) -> None:
    """Medicare 500 = 300 + PR 75 + CO 125, then Medicaid 65 + OA 23 425 + CO 10: paid 365, contractual 135, open 0."""
    money = fold_money([version()], order)
    assert amounts(money) == {"charge": 50000, "paid": 36500, "contractual": 13500}
    assert [(payer.payer_key, payer.responsibility) for payer in money.payers] == [("MEDICARE", "P"), ("MEDICAID", "S")]
    assert not flags(money)


def test_medicaid_that_repeats_nothing() -> None:
    """A secondary that writes off CO 45 435 instead of repeating 23 drives nothing negative."""
    wrong = SECONDARY._replace(contractual=43500, prior_payer=0)
    assert amounts(fold_money([version()], [PRIMARY, wrong])) == {"charge": 50000, "paid": 36500, "contractual": 13500}
