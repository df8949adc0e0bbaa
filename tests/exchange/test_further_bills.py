"""Bills of hospitals one after the other, changes of them, and what has no money: which content is a version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from door_files import bring, counts
from later_payers import answer, send
from posting_desk import Desk

from gateway.claims.samples import npi
from gateway.exchange.claim_decisions import find_claim
from gateway.exchange.intake import Door
from gateway.store import Store
from gateway.store.claims import ClaimRow, versions_of


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    made = Desk(store, tmp_path)
    made.profiles["clear"] = replace(made.profiles["clear"], claim_types=("institutional", "dental"))
    return made


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door.of(desk, desk.home.path)


ADDRESS = {"line1": "1 HILL ROAD", "city": "EASTHAVEN", "state": "NY", "postal_code": "109991234"}


def claim(kind: str, lines: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    charge = f"{sum(float(line['charge']) for line in lines):.2f}"
    return {
        "type": kind,
        "patient_control_number": "STAY1",
        "charge": charge,
        "billing_provider": {"organization": "HILL", "npi": npi(99_900_000), "tax_id": "900123456", "address": ADDRESS},
        "subscriber": {
            "filing_indicator": "CI",
            "member_id": "EX1",
            "last_name": "OAKSHOTT",
            "first_name": "GRETA",
            "birth_date": "1980-04-01",
            "gender": "F",
            "address": ADDRESS,
        },
        "payer": {"id": "99001", "name": "EVERGREEN"},
        "lines": lines,
        **fields,
    }


def bill(frequency: str, period: str, charge: str = "100.00", **fields: Any) -> dict[str, Any]:
    """One bill of a stay that began on the third; what is still there has status 30."""
    stays = frequency in ("2", "3")
    days = int(period[-2:]) - int(period[8:10]) + stays
    made = claim(
        "institutional",
        [{"revenue_code": "0120", "charge": charge, "unit": "DA", "quantity": str(days)}],
        facility_type="11",
        frequency=frequency,
        statement_period=period,
        admission_date="2026-01-03T10:00",
        admission_type="1",
        admission_source="1",
        patient_status="30" if stays else "01",
        diagnoses=[{"code": "J45909", "present_on_admission": "Y"}],
        admitting_diagnosis={"type": "ABJ", "code": "J45909"},
        attending_provider={"last_name": "ALDER", "first_name": "AMOS", "npi": npi(99_900_001)},
    )
    return made | ({} if stays else {"discharge_time": "11:00"}) | fields


def stored(door: Door) -> ClaimRow:
    with door.store.read() as conn:
        return find_claim(conn, "STAY1")


def frequencies(door: Door) -> list[str]:
    with door.store.read() as conn:
        return [version.frequency for version in versions_of(conn, stored(door).id)]


def test_the_bills_of_a_stay_follow_each_other(desk: Desk, door: Door) -> None:
    """First, continuing and last bill, each sent before the next comes; their charges add."""
    bills = [bill("2", "2026-01-03/2026-01-09"), bill("3", "2026-01-10/2026-01-16"), bill("4", "2026-01-17/2026-01-20")]
    for number, one in enumerate(bills, 17):
        tally = bring(door, [one])
        assert (counts(tally), tally.issues) == ((1, 0, 0, 0), [])
        send(desk, stored(door), number=number)
    assert frequencies(door) == ["2", "3", "4"]
    assert desk.current("STAY1")["charge"] == 30_000


def test_the_next_bill_waits_for_the_one_before(desk: Desk, door: Door) -> None:
    """A bill that is ready is not pushed out by the next one."""
    bring(door, [bill("2", "2026-01-03/2026-01-09")])
    tally = bring(door, [bill("3", "2026-01-10/2026-01-16")])
    assert counts(tally) == (0, 0, 0, 1) and "is not sent yet" in tally.issues[0]["text"]
    assert frequencies(door) == ["2"]


def test_another_first_bill_of_the_same_days_contradicts(desk: Desk, door: Door) -> None:
    """With the same statement dates it is the same bill, which is on its way."""
    bring(door, [bill("2", "2026-01-03/2026-01-09")])
    send(desk, stored(door))
    tally = bring(door, [bill("2", "2026-01-03/2026-01-09", "120.00")])
    assert counts(tally) == (0, 0, 0, 1) and tally.issues[0]["code"] == "contradicts"


def test_late_charges_are_a_bill_of_their_own(desk: Desk, door: Door) -> None:
    """Frequency 5 adds to a bill with the same dates; the same late charges twice contradict."""
    bring(door, [bill("1", "2026-01-03/2026-01-06")])
    send(desk, stored(door))
    late = bill("5", "2026-01-03/2026-01-06", "40.00")
    assert counts(bring(door, [late])) == (1, 0, 0, 0)
    send(desk, stored(door), number=18)
    assert desk.current("STAY1")["charge"] == 14_000
    assert counts(bring(door, [bill("5", "2026-01-03/2026-01-06", "41.00")])) == (0, 0, 0, 1)


def test_the_claim_of_an_episode_takes_the_place_of_its_notice(desk: Desk, door: Door) -> None:
    """Home health: frequency 9 after 2; after a bill for all of it there is nothing to follow."""
    home = {"facility_type": "32", "discharge_time": None, "admission_date": "2026-01-03"}

    def of_home(frequency: str, period: str, charge: str) -> dict[str, Any]:
        made = bill(frequency, period, charge) | home
        made["diagnoses"] = [{"code": "J45909"}]
        return {name: value for name, value in made.items() if value is not None}

    bring(door, [of_home("2", "2026-01-03/2026-01-04", "10.00")])
    send(desk, stored(door))
    assert counts(bring(door, [of_home("9", "2026-01-03/2026-01-20", "900.00")])) == (1, 0, 0, 0)
    send(desk, stored(door), number=18)
    assert desk.current("STAY1")["charge"] == 90_000
    assert counts(bring(door, [of_home("9", "2026-01-03/2026-01-21", "950.00")])) == (0, 0, 0, 1)


@pytest.mark.parametrize(("frequency", "good", "wrong"), [("7", "D1", "D6"), ("8", "D5", "D1")])
def test_changes_say_why(desk: Desk, door: Door, frequency: str, good: str, wrong: str) -> None:
    """Condition codes on XX7 and XX8: the wrong kind holds the bill, the right one passes."""
    first = bill("1", "2026-01-03/2026-01-06")
    bring(door, [first])
    send(desk, stored(door))
    answer(desk, first | {"lines": [{"service_date": "2026-01-03"}]}, paid="80.00", number="P1")
    change = first | {"frequency": frequency, "payer_claim_control_number": "P1"}
    tally = bring(door, [change | {"conditions": [{"code": wrong}]}])
    assert [one["code"] for one in tally.issues if one["severity"] == "error"] == ["change_reason_wrong"]
    assert counts(bring(door, [change | {"conditions": [{"code": good}]}])) == (1, 0, 0, 0)


def dental(**fields: Any) -> dict[str, Any]:
    line = {"procedure": {"code": "D2740"}, "charge": "900.00", "quantity": "1", "teeth": [{"tooth": "12"}]}
    return claim("dental", [line | fields.pop("line", {})], place_of_service="11", **fields)


def test_the_service_follows_the_question_about_it(desk: Desk, door: Door) -> None:
    """A predetermination has no money; the claim for the service under its number has, and names the answer."""
    assert counts(bring(door, [dental(submission_reason="PB")])) == (1, 0, 0, 0)
    assert desk.current("STAY1")["has_money"] == 0
    send(desk, stored(door))
    done = dental(predetermination_number="G3X", line={"service_date": "2026-01-20"})
    assert counts(bring(door, [done])) == (1, 0, 0, 0)
    assert desk.current("STAY1")["has_money"] == 1
    send(desk, stored(door), number=18)
    again = dental(predetermination_number="G3X", line={"service_date": "2026-01-21"})
    assert counts(bring(door, [again])) == (0, 0, 0, 1)


def test_encounters_have_no_money_and_are_no_duplicates(door: Door, desk: Desk) -> None:
    """Reported beside a claim for the same service, an encounter asks for nothing."""
    done = dental(line={"service_date": "2026-01-20"})
    report = done | {"patient_control_number": "ENC1", "transaction": {"claim_or_encounter": "RP"}}
    tally = bring(door, [done, report])
    assert (counts(tally), tally.issues) == ((2, 0, 0, 0), [])
    assert desk.current("ENC1")["has_money"] == 0
