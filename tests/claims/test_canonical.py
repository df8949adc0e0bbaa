"""A canonical document: its summary, its content as a hash, and what completion adds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.claims.amounts import amount, cents
from gateway.claims.canonical import content_hash, faults, summarize, to_json
from gateway.claims.completion import complete, load_defaults, reduced
from gateway.claims.samples import sample_claims
from gateway.errors import UsageError

DEFAULTS = load_defaults((Path(__file__).parents[2] / "mappings" / "completion.csv").read_text(encoding="utf-8"))


def small(**changes: object) -> dict[str, object]:
    """The least a claim can be, with changes; None takes a field out."""
    document: dict[str, object] = {
        "type": "professional",
        "patient_control_number": "A1",
        "charge": "240",
        "billing_provider": {"organization": "EXAMPLE", "npi": "1234567893", "tax_id": "901234567"},
        "subscriber": {"member_id": "EX1"},
        "payer": {"id": "99001", "name": "EVERGREEN"},
        "diagnoses": [{"code": "J45.909"}, {"code": "I10"}],
        "lines": [
            {"procedure": {"code": "99213"}, "charge": "200.00", "service_date": "2026-01-05", "quantity": "1.0"},
            {"procedure": {"code": "97110"}, "charge": "40", "service_date": "2026-01-03/2026-01-07"},
        ],
    }
    return {key: value for key, value in (document | changes).items() if value is not None}


def hashed(document: dict[str, object]) -> str:
    return content_hash(complete(document, DEFAULTS), DEFAULTS)


def test_summary_of_a_completed_claim() -> None:
    """Lists and matching rest on the summary: identity, payer, cents and the span of service days."""
    summary = summarize(complete(small(), DEFAULTS))
    assert (summary.billing_key, summary.patient_control_number, summary.charge) == ("1234567893", "A1", 24000)
    assert (summary.service_from, summary.service_to) == ("2026-01-03", "2026-01-07")
    assert (summary.frequency, summary.payer_responsibility, summary.purpose) == ("1", "P", "00")
    assert (summary.payer_id, summary.payer_name, summary.member_id) == ("99001", "EVERGREEN", "EX1")
    assert summary.has_money


def test_the_tax_id_identifies_a_provider_without_npi() -> None:
    """Atypical providers have no NPI; their claims are told apart by tax id, or SSN."""
    assert summarize(complete(small(billing_provider={"tax_id": "901234567"}), DEFAULTS)).billing_key == "901234567"
    assert summarize(complete(small(billing_provider={"ssn": "900000001"}), DEFAULTS)).billing_key == "900000001"


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction": {"claim_or_encounter": "RP"}},
        {"type": "dental", "submission_reason": "PB"},
        {"type": "institutional", "frequency": "0"},
        {"type": "institutional", "frequency": "A"},
    ],
)
def test_what_has_no_money(changes: dict[str, object]) -> None:
    """Encounters, predeterminations and no-pay bills stay out of the money of reports."""
    assert not summarize(complete(small(**changes), DEFAULTS)).has_money


def test_completion_adds_what_may_be_left_out() -> None:
    """A producer need not say what follows from the guide or from the document itself."""
    made = complete(small(), DEFAULTS)
    assert made["transaction"] == {"purpose": "00", "claim_or_encounter": "CH"}
    assert made["diagnoses"] == [{"code": "J45909", "type": "ABK"}, {"code": "I10", "type": "ABF"}]
    first, second = made["lines"]
    assert (first["number"], first["line_control_number"], second["number"]) == ("1", "1", "2")
    assert (first["unit"], first["quantity"], second["quantity"]) == ("UN", "1", "1")
    assert (made["charge"], second["charge"], second["procedure"]["type"]) == ("240.00", "40.00", "HC")
    assert made["subscriber"]["relationship"] == "18"


def test_completion_changes_nothing_that_is_there() -> None:
    """What the producer says stands, even where it differs from every default."""
    said = complete(small(frequency="7", accepts_assignment="C", benefits_assigned="N"), DEFAULTS)
    assert (said["frequency"], said["accepts_assignment"], said["benefits_assigned"]) == ("7", "C", "N")
    assert complete(said, DEFAULTS) == said


def test_completion_leaves_the_given_document_alone() -> None:
    """The caller's document is its own."""
    given = small()
    complete(given, DEFAULTS)
    assert given == small()


def test_no_amount_is_made_up() -> None:
    """A missing charge stays missing: it is never summed up or guessed."""
    made = complete(small(charge=None, lines=[{"procedure": {"code": "99213"}}]), DEFAULTS)
    assert "charge" not in made and "charge" not in made["lines"][0]


def test_payer_order_is_not_guessed_beside_other_payers() -> None:
    """With other payers on the claim, P for the destination would be a guess."""
    made = complete(small(other_payers=[{"payer_responsibility": "P"}]), DEFAULTS)
    assert "payer_responsibility" not in made["subscriber"]


def test_minutes_get_no_quantity() -> None:
    """One minute of anaesthesia is no default."""
    made = complete(small(lines=[{"unit": "MJ", "charge": "1"}]), DEFAULTS)
    assert "quantity" not in made["lines"][0]


def test_the_hash_is_of_content_alone() -> None:
    """Defaults said or not, number format, letter case, order of keys and the envelope make no new content."""
    plain = hashed(small())
    spelled = complete(small(), DEFAULTS)
    assert hashed(spelled) == plain
    assert hashed(dict(reversed(spelled.items()))) == plain
    assert hashed(small(charge="240.00")) == plain
    assert hashed(small(payer={"id": "99001", "name": "Evergreen"})) == plain
    assert hashed(small(submitter={"id": "X"}, receiver={"id": "Y"})) == plain


@pytest.mark.parametrize(
    "changes",
    [
        {"charge": "240.01"},
        {"frequency": "7"},
        {"diagnoses": [{"code": "I10"}, {"code": "J45909"}]},
        {"payer": {"id": "99002", "name": "EVERGREEN"}},
        {"transaction": {"claim_or_encounter": "RP"}},
        {"accepts_assignment": "C"},
    ],
)
def test_the_hash_sees_every_change(changes: dict[str, object]) -> None:
    """What the payer would read otherwise is other content."""
    assert hashed(small(**changes)) != hashed(small())


def test_reduced_and_complete_are_opposites() -> None:
    """Whatever completion adds, reduction takes away, and back."""
    for document in sample_claims(50, 3, date(2026, 1, 5)):
        made = complete(document, DEFAULTS)
        assert complete(reduced(made, DEFAULTS), DEFAULTS) == made


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "vision"}, "type"),
        ({"type": None}, "type"),
        ({"patient_control_number": None}, "patient_control_number"),
        ({"patient_control_number": "A\x00"}, "patient_control_number"),
        ({"patient_control_number": "A" * 51}, "patient_control_number"),
        ({"charge": None}, "charge"),
        ({"charge": "1.005"}, "charge"),
        ({"charge": "1e3"}, "charge"),
        ({"charge": ["1"]}, "charge"),
        ({"billing_provider": {"organization": "X"}}, "billing_provider.npi"),
        ({"billing_provider": "X"}, "billing_provider"),
        ({"subscriber": ["X"]}, "subscriber"),
        ({"lines": {"1": {}}}, "lines"),
        ({"lines": ["99213"]}, "lines"),
        ({"diagnoses": ["I10"]}, "diagnoses"),
        ({"frequency": "10"}, "frequency"),
        ({"transaction": {"purpose": "000"}}, "purpose"),
    ],
)
def test_what_is_no_claim_is_named(changes: dict[str, object], field: str) -> None:
    """A document that cannot even be identified or counted is refused with the field that is wrong."""
    assert field in [finding.field for finding in faults(complete(small(**changes), DEFAULTS))]


def test_a_sound_claim_has_no_faults() -> None:
    """The least claim is one."""
    assert faults(complete(small(), DEFAULTS)) == []


def test_long_or_odd_names_fit_the_lists() -> None:
    """A name with control characters or beyond 80 characters cannot break a row of the store."""
    summary = summarize(complete(small(payer={"id": "9" * 90, "name": "A\x00B"}), DEFAULTS))
    assert (len(summary.payer_id), summary.payer_name) == (80, "A B")


def test_the_text_for_the_store_keeps_the_order() -> None:
    """What is shown to a person later comes in the producer's order."""
    assert to_json({"b": "é", "a": ["1"]}) == '{"b":"é","a":["1"]}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [("240", 24000), ("240.5", 24050), ("-0.01", -1), (".5", 50), ("1.2300", 123), ("0", 0),
     ("1.005", None), ("", None), ("1,5", None), ("1 ", None), ("٣", None), ("9" * 13, None), (5, None), ("-", None)],
)  # fmt: skip
def test_cents_are_exact_or_nothing(text: object, expected: int | None) -> None:
    """Money is never rounded."""
    assert cents(text) == expected


@pytest.mark.parametrize("value", [0, 1, -1, 99, -100, 123456789])
def test_amounts_come_back(value: int) -> None:
    """Cents written and read again are the same cents."""
    assert cents(amount(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n", "type,field,value,when,says\n*,x,1\n", "type,field,value,when,says\n*,x,1,sometimes,y\n"],
)
def test_a_wrong_table_of_defaults_is_named(text: str) -> None:
    """A home's own table with a fault is refused, not half read."""
    with pytest.raises(UsageError, match=r"completion\.csv"):
        load_defaults(text)
