"""What payers carry from payment to payment is seen until it is settled, with the claims that it names."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from posting_desk import NPI, Desk, claim_835, header_835
from report_desk import told

from gateway.exchange.remittances import balances, undo
from gateway.exchange.reporting import provider_balances_of
from gateway.reports.story import shown
from gateway.store import Store, stamp

OWED = header_835("0", "TA") + claim_835("C1", "40", payer_number="P1") + f"PLB*{NPI}*20261231*WO:P1*96*FB:TA*-56"
TAKEN = header_835("44", "TB", "20260310") + claim_835("C2", "100", payer_number="P2")
TAKEN += f"PLB*{NPI}*20261231*FB:TA*56"


def known(desk: Desk) -> list[tuple[str, ...]]:
    names = ("code", "reference", "patient_control_number", "state", "open")
    return sorted(tuple(one[name] for name in names) for one in balances(desk)["balances"])


def payments(desk: Desk) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = told(desk, "payments")["provider_balances"]
    return rows


def test_a_balance_is_open_until_it_is_taken(desk: Desk) -> None:
    """Open after the first payment, settled by the second, with every entry and the claim that it names."""
    desk.sent(desk.claims("C1", "C2"))
    desk.receive(desk.envelope("835", OWED))
    assert known(desk) == [("FB", "TA", "", "open", "-56.00"), ("WO", "P1", "C1", "open", "96.00")]
    assert [(row["code"], row["open"]) for row in payments(desk)] == [("FB", "-56.00"), ("WO", "96.00")]
    desk.receive(desk.envelope("835", TAKEN))
    assert known(desk)[0] == ("FB", "TA", "", "settled", "0.00")
    assert [row["code"] for row in payments(desk)] == ["WO"]
    assert told(desk, "payments")["payments"]["provider_open"] == "96.00"
    (entry, later) = balances(desk)["balances"][0]["entries"]
    assert (entry["amount"], entry["trace_number"], later["amount"], later["date"]) == (
        "-56.00", "TA", "56.00", "2026-03-10",
    )  # fmt: skip
    assert [one["code"] for one in balances(desk, only_open=True)["balances"]] == ["WO"]
    assert balances(desk, "99999")["balances"] == []


def test_a_window_of_days_never_cuts_a_balance_in_two(desk: Desk) -> None:
    """--since leaves out the payment that carried forward; the balance is settled all the same."""
    desk.sent(desk.claims("C1", "C2"))
    for body in (OWED, TAKEN):
        desk.receive(desk.envelope("835", body))
    found = told(desk, "payments", since="2026-03-01")
    assert [row["code"] for row in found["provider_balances"]] == ["WO"]
    assert [(row["code"], row["amount"]) for row in found["provider_adjustments"]] == [("FB", "56.00")]


def test_what_came_first_never_counts(store: Store, tmp_path: Path) -> None:
    """The payment that takes a balance may come before the one that carries it."""
    desk = Desk(store, tmp_path)
    for order, npi in zip(permutations((OWED, TAKEN)), ("1234567893", "1999999984"), strict=False):
        desk.claims("C1", "C2", npi=npi)
        for body in order:
            desk.receive(desk.envelope("835", body.replace(NPI, npi).replace("TA", f"TA{npi}").replace("TB", npi)))
    found = balances(desk)["balances"]
    assert [one["state"] for one in found if one["code"] == "FB"] == ["settled", "settled"]


def test_undoing_a_payment_takes_its_balances_back(desk: Desk) -> None:
    """Both entries stay to be seen, with who and why; at a time before the undoing the balance was settled."""
    desk.sent(desk.claims("C1", "C2"))
    for body in (OWED, TAKEN):
        desk.receive(desk.envelope("835", body))
    before = stamp(desk.now())
    undo(desk, 2, "sent to the wrong practice")
    (forward, _) = balances(desk)["balances"]
    assert (forward["state"], forward["open"]) == ("open", "-56.00")
    assert [(one["kind"], one["amount"], one["reason"]) for one in forward["entries"]] == [
        ("post", "-56.00", ""),
        ("post", "56.00", ""),
        ("undo", "-56.00", "sent to the wrong practice"),
    ]
    assert forward["entries"][2]["by"] == desk.actor
    assert [row["code"] for row in payments(desk)] == ["FB", "WO"]
    assert [row["code"] for row in told(desk, "payments", before)["provider_balances"]] == ["WO"]


def test_a_payment_without_claims_is_taken_back_too(desk: Desk) -> None:
    """A payment of provider adjustments alone has no posting; its entries tell when it stood."""
    desk.receive(desk.envelope("835", header_835("25", "TC").replace("LX*1", f"PLB*{NPI}*20261231*IP:2025*-25")))
    before = stamp(desk.now())
    undo(desk, 1, "of another practice")
    assert told(desk, "payments")["provider_adjustments"][0]["amount"] == "0.00"
    assert told(desk, "payments", before)["provider_adjustments"][0]["amount"] == "-25.00"
    assert told(desk, "payments", before)["payments"]["payment"] == "25.00"


@pytest.mark.parametrize("reference", ["P1001", "C1001", "P1001 9999", "0001234 C1001"])
def test_the_claim_is_found_by_any_of_its_numbers(desk: Desk, reference: str) -> None:
    """Payers name their own number or ours, with or without something beside it."""
    desk.sent(desk.claims("C1001"))
    body = header_835("80", "TA") + claim_835("C1001", "100", payer_number="P1001")
    desk.receive(desk.envelope("835", body + f"PLB*{NPI}*20261231*WO:{reference}*20"))
    assert [one[2] for one in known(desk)] == ["C1001"]
    (shown,) = naming_of(desk)
    assert (shown["code"], shown["reference"], shown["amount"], shown["open"]) == ("WO", reference, "20.00", "20.00")


def naming_of(desk: Desk, claim_id: int = 1) -> list[dict[str, Any]]:
    """The provider adjustments that `claims show` lists."""
    with desk.store.read() as conn:
        return provider_balances_of(desk, conn, shown(conn, claim_id))


def test_a_claim_shows_what_names_it_and_nothing_else(desk: Desk) -> None:
    """Each entry with what its balance comes to, undone ones too; not of a claim whose number is part of another's."""
    desk.sent(desk.claims("C1001", "C10012"))
    body = header_835("80", "TA") + claim_835("C1001", "100", payer_number="P1001")
    desk.receive(desk.envelope("835", body + f"PLB*{NPI}*20261231*WO:P1001*20"))
    desk.receive(desk.envelope("835", header_835("30", "TB", "20260310") + f"PLB*{NPI}*20261231*WO:C10012*-30"))
    desk.receive(desk.envelope("835", header_835("20", "TC", "20260311") + f"PLB*{NPI}*20261231*WO:P1001*-20"))
    assert [(one["amount"], one["state"], one["open"]) for one in naming_of(desk)] == [
        ("20.00", "settled", "0.00"), ("-20.00", "settled", "0.00"),
    ]  # fmt: skip
    assert [one["reference"] for one in naming_of(desk, 2)] == ["C10012"]
    undo(desk, 3, "of another practice")
    assert [(one["kind"], one["amount"], one["open"]) for one in naming_of(desk)] == [
        ("post", "20.00", "20.00"), ("post", "-20.00", "20.00"), ("undo", "20.00", "20.00"),
    ]  # fmt: skip


def test_a_number_of_two_claims_names_none(desk: Desk) -> None:
    """Where two providers use one number, nothing says whose it is."""
    desk.sent(desk.claims("C1"))
    desk.claims("C1", npi="1999999984")
    body = header_835("80", "TA") + claim_835("X9", "100", payer_number="P1") + f"PLB*{NPI}*20261231*WO:C1*20"
    desk.receive(desk.envelope("835", body))
    assert [one[2] for one in known(desk)] == [""]
