"""The edits of stays, teeth, later payers and kinds of service: each finds what it is for, and nothing beside it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from claim_files import TODAY, dentist, hospital, rules, sound

from gateway.claims.admission import admit
from gateway.claims.findings import Finding
from gateway.claims.intake.records import Record


def looked_at(document: dict[str, Any], today: date = TODAY) -> list[Finding]:
    return admit(Record(1, "item 1", document), rules(), today).findings


def line(**fields: Any) -> dict[str, Any]:
    """A professional line of 165.00, the charge of the sound claim."""
    made = {
        "procedure": {"code": "99213"},
        "charge": "165.00",
        "quantity": "1",
        "diagnosis_pointers": ["1"],
        "service_date": "2026-01-05",
    }
    return made | fields


def coded(code: str, **fields: Any) -> dict[str, Any]:
    return {"lines": [line(procedure={"code": code}, **fields)]}


PROFESSIONAL: list[tuple[dict[str, Any], str, str]] = [
    ({"charge": "123456789012.00", "lines": [line(charge="123456789012.00")]}, "amount_long", "charge"),
    ({"patient_paid": "165.01"}, "patient_paid_more", "patient_paid"),
    ({"billing_provider.npi": None}, "npi_missing", "billing_provider.npi"),
    ({"rendering_provider": {"last_name": "X"}}, "provider_npi_missing", "rendering_provider.npi"),
    ({"subscriber.address.state": None}, "state_missing", "subscriber.address.state"),
    ({"subscriber.address.state": "ZZ"}, "state_listed", "subscriber.address.state"),
    ({"subscriber.address.country": "US"}, "country_needless", "subscriber.address.country"),
    ({"subscriber.filing_indicator": None}, "filing_indicator_missing", "subscriber.filing_indicator"),
    ({"subscriber.first_name": None}, "first_name_missing", "subscriber.first_name"),
    ({"subscriber.death_date": "2026-01-04"}, "service_after_death", "subscriber.death_date"),
    ({"onset_date": "2026-01-09"}, "event_after_service", "onset_date"),
    ({"related_causes": ["AA"], "accident_state": "NY"}, "accident_date_missing", "accident_date"),
    ({"related_causes": ["AA"], "accident_date": "2026-01-04"}, "accident_state_missing", "accident_state"),
    ({"accident_date": "2026-01-04"}, "accident_cause_missing", "related_causes"),
    ({"attachments": [{"type": "OZ", "transmission": "EL"}]}, "attachment_number", "attachments[0].control_number"),
    ({"place_of_service": "98"}, "place_listed", "place_of_service"),
    ({"place_of_service": "21"}, "admission_of_inpatient", "admission_date"),
    ({"diagnoses.0.code": "J45"}, "diagnosis_listed", "diagnoses[0].code"),
    ({"diagnoses.0.code": "J45908"}, "diagnosis_listed", "diagnoses[0].code"),
    ({"diagnoses.0.code": "G35"}, "diagnosis_listed", "diagnoses[0].code"),
    ({"lines.0.procedure.modifiers": ["2"]}, "modifier_form", "lines[0].procedure.modifiers[0]"),
    ({"lines.0.procedure.modifiers": ["25", "25"]}, "modifier_repeated", "lines[0].procedure.modifiers"),
    ({"frequency": "7", "payer_claim_control_number": "P1", "subscriber.filing_indicator": "MB",
      "subscriber.member_id": "1EG4TE5MK73"}, "replacement_not_taken", "frequency"),
    (coded("00140"), "anesthesia_minutes", "lines[0].unit"),
    (coded("99213", unit="MJ"), "minutes_elsewhere", "lines[0].unit"),
    (coded("A0427"), "ambulance_record", "ambulance"),
    (coded("A0427"), "ambulance_places", "ambulance_pick_up"),
    (coded("A0427"), "ambulance_places", "ambulance_drop_off"),
    (coded("E1399"), "description_missing", "lines[0].procedure.description"),
    (coded("85025") | {"clia_number": "9D1234567"}, "clia_form", "clia_number"),
    (coded("E0601", equipment_certification={"type": "R", "months": "12"}), "recertification_date",
     "lines[0].recertification_date"),
    (coded("E0601", certificate_of_necessity="AB"), "therapy_start", "lines[0].therapy_start_date"),
    ({"subscriber.payer_responsibility": "S"}, "earlier_payer_missing", "other_payers"),
    ({"subscriber.insurance_type": "12"}, "medicare_secondary_unwanted", "subscriber.insurance_type"),
]  # fmt: skip
INSTITUTIONAL: list[tuple[dict[str, Any], str, str]] = [
    ({"facility_type": "011"}, "bill_type_form", "facility_type"),
    ({"facility_type": "19"}, "bill_type_listed", "facility_type"),
    ({"admission_type": None}, "admission_type_missing", "admission_type"),
    ({"admission_source": None}, "admission_source_missing", "admission_source"),
    ({"admission_date": None}, "admission_date_missing", "admission_date"),
    ({"admitting_diagnosis": None}, "admitting_diagnosis_missing", "admitting_diagnosis"),
    ({"discharge_time": None}, "discharge_hour_missing", "discharge_time"),
    ({"frequency": "2", "discharge_time": None}, "status_of_interim_bill", "patient_status"),
    ({"diagnoses.1.present_on_admission": None}, "present_on_admission_missing", "diagnoses[1].present_on_admission"),
    ({"facility_type": "13"}, "present_on_admission_unwanted", "diagnoses[0].present_on_admission"),
    ({"attending_provider": None}, "attending_missing", "attending_provider"),
    ({"procedures": [{"type": "BBR", "code": "0DTJ4ZZ", "date": "2026-01-04"}]}, "operating_missing",
     "operating_provider"),
    ({"procedures": [{"type": "BBR", "code": "0DTO4ZZ", "date": "2026-01-04"}]}, "pcs_form", "procedures[0].code"),
    ({"procedures": [{"type": "BBR", "code": "0DTJ4ZZ", "date": "2025-12-20"}]}, "procedure_date",
     "procedures[0].date"),
    ({"conditions": [{"code": "D"}]}, "nubc_code_form", "conditions[0].code"),
    ({"value_codes": [{"code": "80", "amount": "3"}, {"code": "80", "amount": "3"}]}, "nubc_code_repeated",
     "value_codes[1].code"),
    ({"conditions": [{"code": "D0"}]}, "change_reason_wrong", "conditions[0].code"),
    ({"frequency": "7", "payer_claim_control_number": "P1"}, "change_reason_advised", "conditions"),
    ({"frequency": "8", "payer_claim_control_number": "P1", "conditions": [{"code": "D1"}]}, "change_reason_wrong",
     "conditions[0].code"),
    ({"lines.0.quantity": "2"}, "room_days", "lines"),
    ({"lines.0.unit": "UN"}, "room_unit", "lines[0].unit"),
    ({"lines.0.non_covered_charge": "125.01"}, "non_covered_more", "lines[0].non_covered_charge"),
    ({"facility_type": "13", "lines.1.procedure": {"code": "96372"}, "lines.1.service_date": None},
     "outpatient_line_date", "lines[1].service_date"),
    ({"facility_type": "13", "lines.0.revenue_code": "0450"}, "reason_for_visit_missing", "reasons_for_visit"),
    ({"external_causes": [{"type": "ABN", "code": "J45909"}]}, "external_cause_kind", "external_causes[0].code"),
    ({"admission_date": "2026-01-07T10:00"}, "stay_order", "admission_date"),
]  # fmt: skip
DENTAL: list[tuple[dict[str, Any], str, str]] = [
    ({"lines.0.procedure.code": "21500"}, "cdt_form", "lines[0].procedure.code"),
    ({"lines.0.service_date": None}, "service_date_missing", "lines[0].service_date"),
    ({"lines.0.teeth": [{"tooth": "33", "surfaces": ["L", "O"]}]}, "tooth_code", "lines[0].teeth[0].tooth"),
    ({"lines.0.teeth": [{"tooth": "8", "surfaces": ["L", "O"]}]}, "surface_of_tooth", "lines[0].teeth[0].surfaces[1]"),
    ({"lines.0.teeth": [{"tooth": "12", "surfaces": ["L", "L"]}]}, "surface_repeated", "lines[0].teeth[0].surfaces"),
    ({"lines.0.teeth": [{"tooth": "12", "surfaces": ["L"]}]}, "surfaces_needed", "lines[0].teeth[0].surfaces"),
    ({"lines.0.teeth": None}, "tooth_needed", "lines[0].teeth"),
    ({"lines.0.teeth": [{"tooth": "12"}, {"tooth": "13"}], "lines.0.quantity": "2"}, "teeth_and_quantity",
     "lines[0].quantity"),
    ({"lines.0.teeth": [{"tooth": "12"}, {"tooth": "12"}]}, "tooth_repeated", "lines[0].teeth[1].tooth"),
    ({"lines.1.oral_cavity": ["50"]}, "oral_cavity_code", "lines[1].oral_cavity[0]"),
    ({"lines.1.procedure.code": "D4341"}, "area_needed", "lines[1].oral_cavity"),
    ({"lines.0.prosthesis": "R"}, "prior_placement_missing", "lines[0].prior_placement_date"),
    ({"orthodontics": {"months": "12", "months_remaining": "13"}}, "orthodontic_months",
     "orthodontics.months_remaining"),
]  # fmt: skip


def found(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one.code, one.field) for one in looked_at(document)}


@pytest.mark.parametrize(("changes", "code", "field"), PROFESSIONAL)
def test_professional(changes: dict[str, Any], code: str, field: str) -> None:
    """One thing is wrong on a professional claim, and that is named by code and field."""
    assert (code, field) in found(sound(**changes))


@pytest.mark.parametrize(("changes", "code", "field"), INSTITUTIONAL)
def test_institutional(changes: dict[str, Any], code: str, field: str) -> None:
    """The same on a hospital's bill."""
    assert (code, field) in found(hospital(**changes))


@pytest.mark.parametrize(("changes", "code", "field"), DENTAL)
def test_dental(changes: dict[str, Any], code: str, field: str) -> None:
    """The same on a dentist's claim."""
    assert (code, field) in found(dentist(**changes))


def test_an_unknown_diagnosis_after_the_last_day_of_the_list() -> None:
    """A new release may have it, so it is only shown; within the list's days it holds the claim."""
    late = {"lines.0.service_date": "2026-10-05", "lines.1.service_date": "2026-10-05", "diagnoses.0.code": "J45908"}
    findings = looked_at(sound(**late), date(2026, 11, 1))
    assert [(one.code, one.severity) for one in findings] == [("diagnosis_beyond_list", "warning")]


def test_the_diagnosis_of_the_day_counts() -> None:
    """G35 was a code until 30 September 2025; the codes that took its place were none before."""
    for day, code, good in (("2025-09-30", "G35", True), ("2025-10-01", "G35", False),
                            ("2025-10-01", "G35D", True), ("2025-09-30", "G35D", False)):  # fmt: skip
        changes = {"lines.0.service_date": day, "lines.1.service_date": day, "diagnoses.0.code": code}
        assert ("diagnosis_listed" not in {one.code for one in looked_at(sound(**changes))}) is good


def test_a_stated_limit_holds_and_a_reason_for_the_delay_excuses() -> None:
    """Medicare takes claims for a year; the usual horizon of others is only shown."""
    old = {"lines.0.service_date": "2024-12-01", "lines.1.service_date": "2024-12-01"}
    medicare = old | {"subscriber.filing_indicator": "MA", "subscriber.member_id": "1EG4TE5MK73"}
    assert [(one.code, one.severity) for one in looked_at(sound(**old))] == [("date_late", "warning")]
    assert [(one.code, one.severity) for one in looked_at(sound(**medicare))] == [("filing_limit", "error")]
    assert looked_at(sound(**medicare, delay_reason="7")) == []


def test_a_claim_with_every_field_wrong_gets_every_reason_at_once() -> None:
    """A biller mends it once."""
    wrong = sound(
        **{
            "charge": "1.00",
            "place_of_service": "98",
            "patient_control_number": "A" * 21,
            "frequency": "7",
            "related_causes": ["AA"],
            "billing_provider.npi": "1234567890",
            "billing_provider.tax_id": "12",
            "billing_provider.taxonomy": "1",
            "billing_provider.address.line1": "PO BOX 1",
            "billing_provider.address.postal_code": "10999",
            "subscriber.last_name": None,
            "subscriber.gender": None,
            "subscriber.birth_date": "2030-01-01",
            "subscriber.address.state": "ZZ",
            "diagnoses.0.code": "J45",
            "diagnoses.1.code": "J45",
            "lines.0.procedure.code": "9",
            "lines.0.diagnosis_pointers": ["9"],
            "lines.0.service_date": "2026-02-30",
            "lines.1.quantity": "0",
            "lines.1.service_date": "2027-01-01",
        }
    )
    assert {
        "charge_sum", "place_listed", "control_number_length", "reference_missing", "accident_date_missing",
        "accident_state_missing", "npi_check", "tax_id", "taxonomy", "po_box", "zip_plus_four", "guide_missing",
        "subscriber_as_patient", "date_future", "state_listed", "diagnosis_beyond_list", "diagnosis_repeated",
        "procedure_form", "pointer_range", "date_real", "quantity_positive",
    } <= {one.code for one in looked_at(wrong)}  # fmt: skip
