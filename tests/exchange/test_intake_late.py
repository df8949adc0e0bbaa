"""Claims that come after their answers: importing binds what was received before."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from door_files import bring, counts, file_837
from posting_desk import NPI, THEM, US, Desk, claim_835, header_835, status_277

from gateway.claims.completion import complete
from gateway.claims.samples import sample_claims
from gateway.exchange.already_sent import import_already_sent
from gateway.exchange.intake import Door
from gateway.store import Store


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door.of(desk, None)


def sample() -> dict[str, Any]:
    """A claim of the provider, payer, member and day that the desk's answers speak of."""
    made = next(iter(sample_claims(1, 5, date(2026, 1, 14))))
    made["billing_provider"]["npi"] = NPI
    made["payer"]["id"] = "12345"
    made["subscriber"] |= {"member_id": "M0001", "filing_indicator": "CI"}
    return made


def test_a_payment_that_came_first_finds_its_claim(desk: Desk, door: Door) -> None:
    """An 835 of another system's claim is unmatched until the claim is imported; then it is paid."""
    document = sample()
    number, charge = document["patient_control_number"], document["charge"]
    received = desk.receive(desk.envelope("835", header_835("30") + claim_835(number, "30", charge=charge)))
    assert received["transactions"][0]["unmatched"] == 1
    assert counts(bring(door, [document])) == (1, 0, 0, 0)
    row = desk.current(number)
    assert (row["state"], row["paid"]) == ("paid", 3000)
    desk.agree()


def test_answers_that_came_first_find_the_submission(desk: Desk, door: Door, tmp_path: Path) -> None:
    """999 and 277CA to a file of the former system bind once its 837 is imported as already sent."""
    document = complete(sample(), door.rules.defaults)
    number = document["patient_control_number"]
    accepted = "AK1*HC*88*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*A\nAK9*A*1*1*1"
    desk.receive(desk.envelope("999", accepted))
    path = tmp_path / "old.837"
    path.write_bytes(file_837(door, [[document]], sender=US, receiver=THEM))
    assert import_already_sent(door, path).document()["sent"] == 1
    assert desk.state(number) == "accepted_999"
    desk.receive(
        desk.envelope("277CA", status_277(f"{number} A1:19*20260202*WQ*{document['charge']}", reference="OLD1"))
    )
    assert desk.state(number) == "accepted_clearinghouse"
    desk.agree()
