"""The edits of coordination of benefits: order, decisions, dates and amounts of the payers before this one."""

from __future__ import annotations

from typing import Any

import pytest
from claim_files import TODAY, changed, rules, sound

from gateway.claims.admission import admit
from gateway.claims.intake.records import Record

CO_45 = [{"group": "CO", "reasons": [{"code": "45", "amount": "65.00"}]}]
EARLIER = {
    "payer_responsibility": "P",
    "relationship": "18",
    "filing_indicator": "CI",
    "benefits_assigned": "Y",
    "release_of_information": "Y",
    "paid": "100.00",
    "adjustments": CO_45,
    "subscriber": {"last_name": "OAKSHOTT", "first_name": "GRETA", "member_id": "EX2"},
    "payer": {"id": "99002", "name": "BLUE HARBOR INSURANCE", "paid_date": "2026-01-20"},
}
PART = {"payer_id": "99002", "paid": "100.00", "procedure": {"code": "99213"}, "quantity": "1",
        "paid_date": "2026-01-20",
        "adjustments": [{"group": "CO", "reasons": [{"code": "45", "amount": "25.00"}]}]}  # fmt: skip


def second(**changes: Any) -> dict[str, Any]:
    """A claim to a second payer that nothing is wrong with, with changes."""
    document = sound(**{"subscriber.payer_responsibility": "S", "other_payers": [EARLIER]})
    return changed(document, changes)


def found(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one.code, one.field) for one in admit(Record(1, "item 1", document), rules(), TODAY).findings}


def test_nothing_is_found_in_a_sound_claim_to_a_second_payer() -> None:
    """With the decision on the claim, and with it on the lines."""
    assert found(second()) == set()
    adjusted = [{"group": "CO", "reasons": [{"code": "45", "amount": "40.00"}]}]
    of_second_line = PART | {"paid": "0.00", "procedure": {"code": "96372"}, "adjustments": adjusted}
    on_lines = {"other_payers.0.adjustments": None, "other_payers.0.payer.paid_date": None,
                "lines.0.adjudications": [PART], "lines.1.adjudications": [of_second_line]}  # fmt: skip
    assert found(second(**on_lines)) == set()


MEDICARE = {"subscriber.filing_indicator": "MB", "subscriber.member_id": "1EG4TE5MK73"}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        (MEDICARE, "medicare_secondary_type", "subscriber.insurance_type"),
        ({"subscriber.payer_responsibility": "T"}, "payer_order_gap", "other_payers"),
        ({"subscriber.payer_responsibility": "P", "other_payers.0.payer_responsibility": "S"}, "later_payer_decided",
         "other_payers[0]"),
        ({"other_payers.0.paid": None, "other_payers.0.adjustments": None}, "earlier_payer_undecided",
         "other_payers[0].paid"),
        ({"other_payers.0.paid": None}, "earlier_payer_paid_missing", "other_payers[0].paid"),
        ({"other_payers.0.payer.paid_date": None}, "adjudication_date", "other_payers[0].payer.paid_date"),
        ({"lines.0.adjudications": [PART]}, "adjudication_date_twice", "other_payers[0].payer.paid_date"),
        ({"lines.0.adjudications": [PART | {"bundled_line": "3"}]}, "bundled_line",
         "lines[0].adjudications[0].bundled_line"),
        ({"other_payers.0.remaining_patient_liability": "65.01"}, "remaining_liability",
         "other_payers[0].remaining_patient_liability"),
        ({"lines.0.adjudications": [PART | {"remaining_patient_liability": "25.01"}]}, "remaining_liability",
         "lines[0].adjudications[0].remaining_patient_liability"),
        ({"other_payers.0.remaining_patient_liability": "5.00",
          "lines.0.adjudications": [PART | {"remaining_patient_liability": "5.00"}]}, "remaining_liability_twice",
         "other_payers[0].remaining_patient_liability"),
        ({"other_payers": [EARLIER, EARLIER | {"payer_responsibility": "T"}], "lines.0.adjudications": [PART]},
         "other_payer_repeated", "other_payers[1].payer.id"),
        ({"other_payers.0.adjustments": [*CO_45, {"group": "OA", "reasons": [{"code": "23", "amount": "0"}]}]},
         "adjustment_zero", "other_payers[0].adjustments[1].reasons[0].amount"),
        ({"other_payers.0.adjustments": [{"group": "CO", "reasons": [{"code": "45", "amount": "60.00"},
                                                                      {"code": "45", "amount": "5.00"}]}]},
         "adjustment_repeated", "other_payers[0].adjustments[0].reasons[1]"),
        ({"other_payers.0.paid": "99.00"}, "other_payer_claim_balance", "other_payers[0].paid"),
        ({"lines.0.adjudications": [PART | {"paid": "99.00"}]}, "other_payer_line_balance", "lines[0].adjudications"),
    ],
)  # fmt: skip
def test_each_edit_of_payers(changes: dict[str, Any], code: str, field: str) -> None:
    """One thing is wrong with what the payers before decided, and that is named."""
    assert (code, field) in found(second(**changes))


def test_medicare_behind_another_payer_says_why() -> None:
    """With one of the types of Medicare as a second payer nothing is missing."""
    assert found(second(**MEDICARE, **{"subscriber.insurance_type": "12"})) == set()
