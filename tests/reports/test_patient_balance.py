"""What the patient owes is what the last payer left, and nothing while somebody else may still pay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from posting_desk import Desk, header_835

from gateway.exchange.remittances import undo
from gateway.exchange.reporting import patient_of
from gateway.reconcile.projection import refresh
from gateway.store import stamp
from gateway.store.claims import NewVersion, add_versions

SECOND = [{"payer_responsibility": "S", "payer": {"id": "77777", "name": "SECOND PLAN"}}]


def left(number: str, *cas: str, status: str = "1", paid: str = "180", more: str = "") -> str:
    """A CLP of 240.00 with one line that carries these CAS."""
    lines = "\n".join(f"CAS*{one}" for one in cas)
    return f"CLP*{number}*{status}*240*{paid}**12*P{status}*11*1\n{more}\nSVC*HC:99213*240*{paid}**1\n" + (
        f"DTM*472*20260115\n{lines}\nREF*6R*L1\n"
    )


def owed(desk: Desk, claim_id: int = 1) -> dict[str, Any]:
    with desk.store.read() as conn:
        return patient_of(desk, conn, claim_id)


def claim(desk: Desk, **document: Any) -> None:
    desk.sent(desk.claims("C1", body=json.dumps({"subscriber": {"payer_responsibility": "P"}, **document})))


def paid(desk: Desk, *claims: str, trace: str = "T1", payer: str = "12345", amount: str = "180") -> None:
    desk.receive(desk.envelope("835", header_835(amount, trace, payer=payer) + "".join(claims)))


def test_before_a_remittance_nothing_is_owed(desk: Desk) -> None:
    """Nobody has decided anything yet."""
    claim(desk)
    assert (owed(desk)["owes"], owed(desk)["because"]) == ("0.00", "no_remittance")


def test_every_amount_of_group_pr_is_owed_less_what_was_paid(desk: Desk) -> None:
    """Coinsurance and a denial that is the patient's are owed alike, line by line, after what the patient paid."""
    claim(desk, patient_paid="15.00")
    paid(desk, left("C1", "PR*2*20**96*30", "CO*45*10"))
    found = owed(desk)
    assert {"owes": "35.00", "because": "owed", "responsibility": "50.00", "paid": "15.00"}.items() <= found.items()
    (line,) = found["lines"]
    assert (line["line_control_number"], line["owes"], line["service_date"]) == ("L1", "35.00", "2026-01-15")
    assert [(one["group"], one["reason"]) for one in line["adjustments"]] == [("PR", "2"), ("PR", "96")]


def test_what_was_paid_beyond_is_a_credit(desk: Desk) -> None:
    """A patient who paid more than was left has it to his credit and owes nothing."""
    claim(desk, patient_paid="75.50")
    paid(desk, left("C1", "PR*2*50", "CO*45*10"))
    found = owed(desk)
    assert (found["owes"], found["because"], found["credit"]) == ("0.00", "paid", "25.50")


@pytest.mark.parametrize("how", ["named", "forwarded", "crossed"])
def test_nothing_is_owed_while_a_further_payer_is_expected(desk: Desk, how: str) -> None:
    """Named by the claim, or sent on by the first payer: then the second decides what is left."""
    claim(desk, **({"other_payers": SECOND} if how == "named" else {}))
    more = "NM1*TT*2*SECOND PLAN*****PI*77777" if how == "crossed" else ""
    paid(desk, left("C1", "PR*2*50", "CO*45*10", status="19" if how == "forwarded" else "1", more=more))
    found = owed(desk)
    assert (found["owes"], found["because"]) == ("0.00", "further_payer" if how == "named" else "forwarded")
    assert found["responsibility"] == "50.00"
    if how != "forwarded":
        assert found["expected_payer"] == "SECOND PLAN"
    second = left("C1", "OA*23*190", "PR*2*10", status="2", paid="40")
    paid(desk, second, trace="T2", payer="77777", amount="40")
    assert (owed(desk)["owes"], owed(desk)["because"]) == ("10.00", "owed")


@pytest.mark.parametrize("said", ["CAS*OA*209*0.01", "LQ*HE*N782"])
def test_a_patient_who_may_not_be_billed_owes_nothing(desk: Desk, said: str) -> None:
    """OA 209 and N781 to N783 forbid it, whatever the group of the amount."""
    claim(desk)
    rest = "9.99" if said.startswith("CAS") else "10"
    paid(desk, left("C1", "PR*2*50", f"CO*45*{rest}") + said)
    assert (owed(desk)["owes"], owed(desk)["because"]) == ("0.00", "protected")


def test_what_was_denied_as_the_providers_is_never_the_patients(desk: Desk) -> None:
    """A denial in group CO leaves the patient nothing."""
    claim(desk)
    paid(desk, left("C1", "CO*29*240", paid="0"), amount="0")
    assert (owed(desk)["owes"], owed(desk)["because"]) == ("0.00", "provider_liability")


def test_an_undone_payment_leaves_nothing_owed(desk: Desk) -> None:
    """What was wrongly posted is not asked of the patient any more."""
    claim(desk)
    paid(desk, left("C1", "PR*2*50", "CO*45*10"))
    assert owed(desk)["owes"] == "50.00"
    undo(desk, 1, "another practice's")
    assert (owed(desk)["owes"], owed(desk)["because"]) == ("0.00", "no_remittance")


DAYS = [("2026-01-01", "2026-01-15"), ("2026-01-16", "2026-01-31")]


def two_bills(desk: Desk, *patient_paid: str, second: list[dict[str, Any]] | None = None) -> int:
    """A first and a continuing bill of one institutional claim, both sent; its id."""
    whole = {"subscriber": {"payer_responsibility": "P"}, "other_payers": second or []}
    bodies = [{**whole, **({"patient_paid": one} if one else {})} for one in patient_paid]
    about = dict(zip(("service_from", "service_to"), DAYS[0], strict=True))
    ((claim_id, first),) = desk.claims("C1", body=json.dumps(bodies[0]), **about)
    with desk.store.write() as conn:
        at = stamp(desk.now())
        dates = {"member_id": "M0001", "service_from": DAYS[1][0], "service_to": DAYS[1][1]}
        new = NewVersion(claim_id, "3", "P", "00", "CH", "1" * 64, 24000, "12345", json.dumps(bodies[1]), at, **dates)
        (further,) = add_versions(conn, [new])
        refresh(conn, [claim_id], at)
    desk.sent([(claim_id, first)], number=17)
    desk.sent([(claim_id, further)], number=18)
    return claim_id


def answered(desk: Desk, bill: int, patient: int, more: str = "", payer: str = "12345", status: str = "1") -> None:
    """One bill is remitted: 180.00 paid, so much left to the patient, the rest contractual."""
    begin, end = (day.replace("-", "") for day in DAYS[bill])
    clp = left("C1", f"PR*2*{patient}", f"CO*45*{60 - patient}", status=status).replace("20260115", begin)
    dated = clp.replace("\nSVC", f"\nDTM*232*{begin}\nDTM*233*{end}\n{more}\nSVC", 1)
    paid(desk, dated.replace("*11*1\n", f"*11*{'13'[bill]}\n"), trace=f"T{bill}{payer}", payer=payer)


def test_what_the_patient_paid_counts_bill_by_bill(desk: Desk) -> None:
    """AMT*F5 is of one bill: the sum of the bills that were answered is taken from the sum of what they leave."""
    claim_id = two_bills(desk, "5.00", "7.00")
    answered(desk, 0, 20)
    found = owed(desk, claim_id)
    assert (found["responsibility"], found["paid"], found["owes"]) == ("20.00", "5.00", "15.00")
    answered(desk, 1, 30)
    found = owed(desk, claim_id)
    assert (found["responsibility"], found["paid"], found["owes"]) == ("50.00", "12.00", "38.00")


def test_where_the_claim_cannot_say_it_the_payer_repeats_what_the_patient_paid(desk: Desk) -> None:
    """An institutional claim has no AMT*F5; the remittance has. Where both say it, it counts once."""
    claim_id = two_bills(desk, "", "7.00")
    answered(desk, 0, 20, more="AMT*F5*4")
    answered(desk, 1, 30, more="AMT*F5*7")
    found = owed(desk, claim_id)
    assert (found["paid"], found["owes"]) == ("11.00", "39.00")


def test_a_bill_that_waits_for_its_second_payer_asks_nothing(desk: Desk) -> None:
    """The second payer answered one bill; the other one's is still expected."""
    claim_id = two_bills(desk, "", "", second=SECOND)
    answered(desk, 0, 20)
    answered(desk, 1, 30)
    second = left("C1", "OA*23*190", "PR*2*10", status="2", paid="40").replace("20260115", "20260116")
    paid(desk, second.replace("\nSVC", "\nDTM*232*20260116\nDTM*233*20260131\nSVC", 1).replace("*11*1\n", "*11*3\n"),
         trace="S2", payer="77777", amount="40")  # fmt: skip
    found = owed(desk, claim_id)
    assert (found["owes"], found["because"], found["expected_payer"]) == ("0.00", "further_payer", "SECOND PLAN")
