"""The edits: each finds what it is for, nothing in a sound claim, and all reasons come at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from claim_files import MAPPINGS, TODAY, changed, dentist, hospital, rules, sound

from gateway.claims.admission import admit
from gateway.claims.canonical import faults
from gateway.claims.characters import fold
from gateway.claims.checks_parties import is_npi
from gateway.claims.completion import complete
from gateway.claims.edits import CHECKS, COLUMNS, OF_THE_STORE, load_edits, run_edits
from gateway.claims.findings import Finding
from gateway.claims.guide_edits import guide_findings, spoken
from gateway.claims.intake.records import Record
from gateway.claims.samples import sample_claims
from gateway.errors import UsageError

HEAD = ",".join(COLUMNS) + "\n"
PATIENT = {
    "relationship": "19",
    "last_name": "OAKSHOTT",
    "first_name": "JUNE",
    "birth_date": "2015-03-01",
    "gender": "F",
    "address": {"line1": "4 MILL LANE", "city": "EASTHAVEN", "state": "NY", "postal_code": "10999"},
}
OTHER = {
    "payer_responsibility": "P",
    "relationship": "18",
    "benefits_assigned": "Y",
    "release_of_information": "Y",
    "paid": "100.00",
    "subscriber": {"last_name": "OAKSHOTT", "first_name": "GRETA", "member_id": "EX2"},
    "payer": {"id": "99002", "name": "BLUE HARBOR INSURANCE", "paid_date": "2026-01-20"},
}


def looked_at(document: dict[str, Any], today: date = TODAY) -> list[Finding]:
    """All that is found in a document as a producer gives it."""
    return admit(Record(1, "item 1", document), rules(), today).findings


def named(findings: list[Finding], severity: str = "error") -> set[tuple[str, str]]:
    return {(finding.code, finding.field) for finding in findings if finding.severity == severity}


def test_nothing_is_found_in_a_sound_claim() -> None:
    """A claim without fault goes through, with and without a patient of its own."""
    assert looked_at(sound()) == []
    assert looked_at(sound(patient=PATIENT)) == []
    assert looked_at(hospital()) == []
    assert looked_at(dentist()) == []


def test_nothing_is_found_in_the_samples() -> None:
    """What the demonstration sends is sound by edits and guide."""
    for document in sample_claims(200, 11, date(2026, 1, 5)):
        assert looked_at(document) == []


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"charge": "165.01"}, "charge_sum", "charge"),
    ({"lines.0.charge": "-125.00", "charge": "-85.00"}, "amount_negative", "lines[0].charge"),
    ({"lines.0.charge": "125.005"}, "amount_decimals", "lines[0].charge"),
    ({"patient_paid": "ten"}, "amount_decimals", "patient_paid"),
    ({"lines.1.quantity": "0.0"}, "quantity_positive", "lines[1].quantity"),
    ({"lines.1.quantity": "-1"}, "quantity_positive", "lines[1].quantity"),
    ({"billing_provider.npi": "1234567890"}, "npi_check", "billing_provider.npi"),
    ({"rendering_provider": {"last_name": "X", "npi": "9876543210"}}, "npi_check", "rendering_provider.npi"),
    ({"billing_provider.tax_id": "90-0123456"}, "tax_id", "billing_provider.tax_id"),
    ({"billing_provider.taxonomy": "207Q"}, "taxonomy", "billing_provider.taxonomy"),
    ({"subscriber.filing_indicator": "MB"}, "medicare_number", "subscriber.member_id"),
    ({"billing_provider.address.postal_code": "10999"}, "zip_plus_four", "billing_provider.address.postal_code"),
    ({"subscriber.address.postal_code": "10999-1234"}, "zip_format", "subscriber.address.postal_code"),
    ({"billing_provider.address.line1": "P.O. Box 12"}, "po_box", "billing_provider.address.line1"),
    ({"billing_provider.address.line1": "P0 BOX 12"}, "po_box", "billing_provider.address.line1"),
    ({"billing_provider.address.line2": "Lockbox 9"}, "po_box", "billing_provider.address.line2"),
    ({"subscriber.address": None}, "subscriber_as_patient", "subscriber.address"),
    ({"subscriber.birth_date": None}, "subscriber_as_patient", "subscriber.birth_date"),
    ({"subscriber.gender": None}, "subscriber_as_patient", "subscriber.gender"),
    ({"subscriber.relationship": "18", "patient": PATIENT}, "patient_or_subscriber", "subscriber.relationship"),
    ({"lines.0.service_date": "2026-02-30"}, "date_real", "lines[0].service_date"),
    ({"lines.0.service_date": "2026-01-05/2026-01-04"}, "date_real", "lines[0].service_date"),
    ({"lines.0.service_date": "2026-02-02"}, "date_future", "lines[0].service_date"),
    ({"subscriber.birth_date": "2030-01-01"}, "date_future", "subscriber.birth_date"),
    ({"subscriber.birth_date": "2026-01-06"}, "birth_after_service", "subscriber.birth_date"),
    ({"diagnoses.1.code": "ASTHMA"}, "diagnosis_form", "diagnoses[1].code"),
    ({"diagnoses.1.code": "J45.909"}, "diagnosis_repeated", "diagnoses[1].code"),
    ({"diagnoses.0.type": "ABF"}, "diagnosis_order", "diagnoses[0].type"),
    ({"diagnoses.1.type": "BF"}, "diagnosis_version", "diagnoses"),
    ({"diagnoses.0.type": "BK", "diagnoses.1.type": "BF"}, "diagnosis_version", "diagnoses"),
    ({"diagnoses.0.code": "W1830XA"}, "diagnosis_external", "diagnoses[0].code"),
    ({"lines.0.diagnosis_pointers": ["1", "3"]}, "pointer_range", "lines[0].diagnosis_pointers[1]"),
    ({"lines.0.diagnosis_pointers": ["1", "1"]}, "pointer_repeated", "lines[0].diagnosis_pointers"),
    ({"lines": None}, "line_count", "lines"),
    ({"lines.0.number": "2"}, "line_number", "lines[0].number"),
    ({"lines.0.line_control_number": "2"}, "line_control_repeated", "lines[1].line_control_number"),
    ({"lines.0.line_control_number": "1" * 31}, "line_control_length", "lines[0].line_control_number"),
    ({"lines.0.procedure.code": "9921"}, "procedure_form", "lines[0].procedure.code"),
    ({"lines.1.drug": {"code": "00999-1234-01", "quantity": "1", "unit": "ML"}}, "drug_code", "lines[1].drug.code"),
    ({"place_of_service": "1"}, "place_of_service", "place_of_service"),
    ({"patient_control_number": "A" * 21}, "control_number_length", "patient_control_number"),
    ({"frequency": "6"}, "frequency_known", "frequency"),
    ({"frequency": "7"}, "reference_missing", "payer_claim_control_number"),
    ({"frequency": "8"}, "reference_missing", "payer_claim_control_number"),
    ({"payer_claim_control_number": "P1"}, "reference_unwanted", "payer_claim_control_number"),
    ({"subscriber.last_name": "OAK\tSHOTT"}, "characters", "subscriber.last_name"),
    ({"subscriber.last_name": "王"}, "characters", "subscriber.last_name"),
    ({"subscriber.last_name": "OAK*SHOTT"}, "delimiters", "subscriber.last_name"),
    ({"notes": [{"type": "ADD", "text": "SEE: CHART"}]}, "delimiters", "notes[0].text"),
    ({"other_payers": [OTHER], "subscriber.payer_responsibility": "P"}, "payer_order",
     "other_payers[0].payer_responsibility"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "field"), CASES)
def test_each_edit_finds_what_it_is_for(changes: dict[str, Any], code: str, field: str) -> None:
    """One thing is wrong, and that is named by code and field."""
    assert (code, field) in named(looked_at(sound(**changes)))


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        (hospital(**{"lines.0.revenue_code": "120"}), "revenue_code", "lines[0].revenue_code"),
        (hospital(**{"lines.0.revenue_code": "0001"}), "revenue_code", "lines[0].revenue_code"),
        (hospital(**{"lines.1.service_date": "2026-01-07"}), "service_in_statement", "lines[1].service_date"),
        (hospital(patient_status="30"), "status_of_final_bill", "patient_status"),
        (hospital(frequency="2"), "discharge_of_interim_bill", "discharge_time"),
        (hospital(statement_period="2026-01-03/2026-02-03"), "date_future", "statement_period"),
        (hospital(**{"diagnoses.0.code": "Y838"}), "diagnosis_external", "diagnoses[0].code"),
        (hospital(patient_status=None), "guide_missing", "patient_status"),
        (hospital(statement_period="2026-01-03"), "guide_format", "statement_period"),
        (hospital(provider_signature_on_file="Y"), "guide_not_used", "provider_signature_on_file"),
        (dentist(submission_reason="PB"), "predetermination_dates", "lines[0].service_date"),
        (dentist(**{"lines.0.teeth": [{"surfaces": ["X"]}]}), "guide_code", "lines[0].teeth[0].surfaces[0]"),
    ],
)  # fmt: skip
def test_edits_of_hospitals_and_dentists(document: dict[str, Any], code: str, field: str) -> None:
    """What holds for one type of claim alone is looked at there alone."""
    assert (code, field) in named(looked_at(document))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"patient_control_number": "A" * 18}, "control_number_long"),
        ({"lines.0.service_date": "2024-12-01", "lines.1.service_date": "2024-12-01"}, "date_late"),
        ({"billing_provider.tax_id": "999999999"}, "tax_id_dummy"),
        ({"charge": "0.00", "lines.0.charge": "0.00", "lines.1.charge": "0"}, "charge_zero"),
        ({"lines.1.procedure.code": "99213"}, "line_repeated"),
        ({"rendering_provider": {"last_name": "X", "npi": sound()["billing_provider"]["npi"]}}, "rendering_is_billing"),
    ],
)
def test_a_warning_holds_nothing(changes: dict[str, Any], code: str) -> None:
    """What is only unusual is shown, and the claim stays free."""
    findings = looked_at(sound(**changes))
    assert code in {finding.code for finding in findings}
    assert not named(findings)


def test_all_reasons_come_at_once() -> None:
    """A biller mends a claim once, not once a reason."""
    findings = looked_at(
        sound(
            **{
                "charge": "1.00",
                "billing_provider.npi": "1",
                "place_of_service": None,
                "lines.0.diagnosis_pointers": ["9"],
                "subscriber.last_nam": "X",
            }
        )
    )
    assert {code for code, _ in named(findings)} == {
        "charge_sum", "npi_check", "guide_missing", "pointer_range", "guide_unknown",
    }  # fmt: skip


def test_one_field_is_complained_of_once() -> None:
    """Guide and edits do not say the same of one field twice."""
    fields = [
        field for _, field in named(looked_at(sound(**{"lines.0.diagnosis_pointers": ["13"], "frequency": "77"})))
    ]
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"place_of_service": None}, "guide_missing", "place of service is missing"),
        ({"lines.0.procedure.code": None}, "guide_missing", "line 1, procedure code is missing"),
        ({"billing_provider.address.city": "X" * 31}, "guide_long", "billing provider address city is too long: "),
        ({"subscriber.gender": "X"}, "guide_code", "subscriber gender is not one of the codes"),
        ({"lines.1.service_date": "01/05/2026"}, "guide_format", "line 2, service date is wrong: "),
        ({"subscriber.memberid": "1"}, "guide_unknown", "did you mean member_id?"),
        ({"subscriber.address": "4 MILL LANE"}, "guide_shape", "subscriber address has the wrong shape"),
    ],
)
def test_the_guide_speaks_as_a_biller_does(changes: dict[str, Any], code: str, text: str) -> None:
    """An error of the guide names the field in words, and can never be released."""
    found = [finding for finding in looked_at(sound(**changes)) if finding.code == code]
    assert found and any(text in finding.text for finding in found)
    assert not any(finding.releasable for finding in found)


def test_the_envelope_is_not_the_claims_business() -> None:
    """Submitter and receiver come from the partner's profile, so that nobody misses them in a claim."""
    guide = rules().guides["837P"]
    assert guide_findings(complete(sound(), rules().defaults), guide) == []


def test_a_box_elsewhere_is_no_matter() -> None:
    """Only the billing provider needs a street, and a street may have an odd name."""
    assert looked_at(sound(**{"subscriber.address.line1": "PO BOX 12"})) == []
    for street in ("12 BOXWOOD LANE", "4 POBOKI ROAD", "9 PORTER BOULEVARD"):
        assert looked_at(sound(**{"billing_provider.address.line1": street})) == []


def test_addresses_abroad_have_other_codes() -> None:
    """A ZIP code is an American matter."""
    abroad = {"line1": "1 HIGH STREET", "city": "TORONTO", "state": "ON", "postal_code": "M5V3L9", "country": "CA"}
    assert looked_at(sound(**{"subscriber.address": abroad})) == []


def test_other_payers_must_balance() -> None:
    """Claim and lines: what a payer paid and adjusted is what was charged."""
    adjusted = [{"group": "CO", "reasons": [{"code": "45", "amount": "65.00"}]}]
    secondary = {"subscriber.payer_responsibility": "S"}
    assert looked_at(sound(other_payers=[OTHER | {"adjustments": adjusted}], **secondary)) == []
    off = looked_at(sound(other_payers=[OTHER | {"adjustments": adjusted, "paid": "99.00"}], **secondary))
    assert named(off) == {("other_payer_claim_balance", "other_payers[0].paid")}
    reduced = [{"group": "CO", "reasons": [{"code": "45", "amount": "34.00"}]}]
    part = {"payer_id": "99002", "paid": "90.00", "procedure": {"code": "99213"}, "quantity": "1",
            "paid_date": "2026-01-20", "adjustments": reduced}  # fmt: skip
    line = looked_at(sound(**{"other_payers": [OTHER], "lines.0.adjudications": [part], **secondary}))
    assert ("other_payer_line_balance", "lines[0].adjudications") in named(line)
    stranger = part | {"payer_id": "X9"}
    line = looked_at(sound(**{"other_payers": [OTHER], "lines.0.adjudications": [stranger], **secondary}))
    assert ("adjudication_payer", "lines[0].adjudications[0].payer_id") in named(line)


def test_a_good_medicare_number_passes() -> None:
    """The published pattern of an MBI, with and without lower case."""
    for number in ("1EG4TE5MK73", "1eg4te5mk73"):
        assert looked_at(sound(**{"subscriber.filing_indicator": "MB", "subscriber.member_id": number})) == []


def test_accents_are_no_fault() -> None:
    """What can be written without accents is sent so."""
    assert looked_at(sound(**{"subscriber.last_name": "MUÑOZ-GRØNBÆK’S"})) == []
    assert fold("Muñoz-Grønbæk’s “ß”") == 'Munoz-Gronbaek\'s "ss"'


def test_times_may_have_colons() -> None:
    """A date and time is written without its colon, so that the component separator is no fault in it."""
    document = sound(accident_date="2026-01-05T15:30")
    assert "delimiters" not in {finding.code for finding in looked_at(document)}


def test_the_partner_says_which_signs_separate() -> None:
    """With other delimiters other texts are at fault."""
    document = complete(sound(**{"payer.name": "PLAN: A|B"}), rules().defaults)
    for signs, fields in (("|+!~", ["payer.name"]), ("*:^~", ["payer.name"]), ("*>^~", [])):
        found = run_edits(document, rules().edits, TODAY, signs)
        assert [finding.field for finding in found if finding.code == "delimiters"] == fields


@pytest.mark.parametrize(
    ("number", "good"),
    [("1234567893", True), ("1993999998", True), ("9876543210", False), ("123456789", False), ("123456789٣", False),
     ("", False), ("3234567893", False)],
)  # fmt: skip
def test_npi_check_digit(number: str, good: bool) -> None:
    """The published examples."""
    assert is_npi(number) is good


def test_every_check_is_in_the_table() -> None:
    """No check is written and never run; every row names one that is there, and says why."""
    edits = load_edits((MAPPINGS / "edits.csv").read_text(encoding="utf-8"))
    assert {edit.name for edit in edits} == set(CHECKS) | OF_THE_STORE
    assert all(edit.source and edit.says for edit in edits)
    tried = {code for _, code, _ in CASES}
    assert len(tried) > 35


def test_a_home_may_overrule_a_row() -> None:
    """Severity, release and words are data: off is not looked at."""
    base = rules().edits
    own = HEAD + "zip_plus_four,zip_plus_four,*,off,yes,No matter here.,own\n"
    edits = load_edits(own, "edits.csv", base)
    assert len(edits) == len(base)
    document = complete(sound(**{"billing_provider.address.postal_code": "10999"}), rules().defaults)
    assert run_edits(document, base, TODAY) and not run_edits(document, edits, TODAY)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,nothing,*,error,no,says,source", "no check 'nothing'"),
        ("x,charge_sum,*,fatal,no,says,source", "severity"),
        ("x,charge_sum,*,error,maybe,says,source", "release"),
        ("x,charge_sum,*,error", "4 columns"),
    ],
)
def test_a_wrong_row_is_named(row: str, reason: str) -> None:
    """A fault in a home's table names file and row."""
    with pytest.raises(UsageError, match=rf"home/edits\.csv: row 2.*{reason}"):
        load_edits(HEAD + row + "\n", "home/edits.csv")


def test_a_record_that_is_no_claim_has_no_content() -> None:
    """It is rejected, with the reasons of its reader and of the claim together."""
    finding = Finding("source_value", "error", "charge", "row 2: column 'charge' is not an amount")
    admission = admit(Record(3, "row 2", sound(charge="x"), [finding], named="ACC-1001"), rules(), TODAY)
    assert admission.content is None and admission.is_held
    assert {one.code for one in admission.findings} == {"source_value", "not_a_claim"}
    assert admission.patient_control_number == "ACC-1001"


def test_what_is_no_claim_is_told_the_rest_too() -> None:
    """Beside the charge that is none every other reason stands, so that one correction is enough."""
    odd = sound(charge="abc", diagnoses=[])
    odd["billing_provider"] = odd["billing_provider"] | {"npi": "1234567890"}
    admission = admit(Record(1, "item 1", odd), rules(), TODAY)
    found = {(one.code, one.field) for one in admission.findings}
    assert admission.content is None
    assert {("not_a_claim", "charge"), ("npi_check", "billing_provider.npi")} <= found
    assert [one.field for one in admission.findings].count("charge") == 1
    shapeless = admit(Record(1, "item 1", odd | {"lines": "x"}), rules(), TODAY)
    assert {one.code for one in shapeless.findings} == {"not_a_claim"}


def test_hostile_documents_raise_nothing() -> None:
    """Whatever stands where, the edits answer with findings."""
    for path in ("lines", "diagnoses", "subscriber", "payer", "billing_provider", "patient", "other_payers", "charge"):
        for value in ("x", ["x"], [{"x": ["y"]}], {"x": {"y": "z"}}, [["x"]]):
            document = changed(sound(), {path: value})
            found = looked_at(document)
            assert found or not faults(complete(document, rules().defaults))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("lines[0].procedure.code", "line 1, procedure code"),
        ("diagnoses[2].code", "diagnosis 3, code"),
        ("other_payers[0].payer.id", "other payer 1, payer id"),
        ("", "the claim"),
    ],
)
def test_fields_in_words(path: str, text: str) -> None:
    """A path is for programs; a person reads words."""
    assert spoken(path) == text
