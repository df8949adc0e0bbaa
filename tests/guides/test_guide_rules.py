"""The guide's rules seen from a set and from a document, and where pyx12 sees the same."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
from guide_documents import GUIDES, faults, make, read, written
from guide_files import HEADER, PROVIDER, SUBSCRIBER, claim, edi, levels
from jsonschema import Draft202012Validator

from gateway.judge import judge
from gateway.x12.document_rules import check_document
from gateway.x12.schema import claim_schema, field_reference

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    """One professional claim without a fault."""
    return read(edi(levels(claim())))[0][0]


def named(*segments: str) -> list[tuple[str, str, str, str]]:
    """Code, segment id, element and loop of the faults of a set."""
    return [(issue.code, issue.segment_id, issue.element, issue.loop) for issue in faults(edi(segments))]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("REF*EA*M1", []),
        ("REF*EA*1*2", [("IK403-I10", "REF", "03", "2300")]),
        ("REF*EA", [("IK403-1", "REF", "02", "2300")]),
        ("DTP*431*D8*20260230", [("IK403-8", "DTP", "03", "2300")]),
        ("DTP*431*RD8*20260101-20260102", [("IK403-7", "DTP", "02", "2300")]),
        ("DTP*431**20260101", [("IK403-1", "DTP", "02", "2300")]),
        ("AMT*F5*1,000", [("IK403-6", "AMT", "02", "2300")]),
        ("AMT*F5*1.005", [("IK403-I12", "AMT", "02", "2300")]),
        ("AMT*F5*.5", []),
        ("NTE*XXX*TEXT", [("IK403-7", "NTE", "01", "2300")]),
        (f"NTE*ADD*{'X' * 81}", [("IK403-5", "NTE", "02", "2300")]),
        ("NTE*ADD*A:B", [("IK403-13", "NTE", "02", "2300")]),
        ("NTE*ADD*A^B", [("IK403-12", "NTE", "02", "2300")]),
        ("NTE*ADD*A\x07B", [("IK403-6", "NTE", "02", "2300")]),
        ("NM1*82*1*ASH*LEE****XX", [("IK403-2", "NM1", "09", "2310B")]),
        ("NM1*77*2*ANNEX", [("IK304-3", "N3", "", "2310C"), ("IK304-3", "N4", "", "2310C")]),
        ("QQQ*1", [("IK304-1", "QQQ", "", "2300")]),
        ("REF*ZZ*1", [("IK304-2", "REF", "", "2300")]),
        ("HI*BP:1", []),
        ("HI*ABK:E119", [("IK304-5", "HI", "", "2300")]),
    ],
)
def test_faults_of_segments_and_elements(more: str, expected: list[tuple[str, str, str, str]]) -> None:
    """Each kind of fault has the code that a 999 has for it, with segment, element and loop."""
    clm, hi, *rest = claim("A1")
    hidden = [hi, more] if more[:2] in ("HI", "NM", "QQ") else [more, hi]
    assert named(*levels([clm, *hidden, *rest])) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("BHT*0019*00*R1*20260302*0930*CH", "", [("IK304-3", "BHT", "", "header")]),
        ("*0930*CH", "*2460*CH", [("IK403-9", "BHT", "05", "header")]),
        ("*0930*CH", "*093015*CH", []),
        ("SPRINGFIELD*IL*627010001", "SPRINGFIELD *IL*627010001", [("IK403-6", "N4", "01", "2010AA")]),
        ("12 LINDEN AVE", "12 LINDÉN AVE", [("IK403-6", "N3", "01", "2010AA")]),
        ("LX*1", "LX*-1", [("IK403-7", "LX", "01", "2400")]),
    ],
)
def test_faults_of_values(old: str, new: str, expected: list[tuple[str, str, str, str]]) -> None:
    """A set begins with BHT; times are of the day; text is plain, without blanks at its end; lines count from 1."""
    changed = [segment.replace(old, new) for segment in levels(claim())]
    assert named(*filter(None, changed)) == expected


def test_loops_have_their_order_but_for_parties() -> None:
    """A drug stands before the providers of its line; providers among themselves, subscriber and payer, do not care."""
    drug, supervisor, renderer = ["LIN**N4*00093015001", "CTP****1*UN"], ["NM1*DQ*1*ASH*LEE"], ["NM1*82*1*ELM*KIM"]
    assert named(*levels([*claim(), *drug, *supervisor, *renderer])) == []
    assert named(*levels([*claim(), *supervisor, *drug])) == [("IK304-7", "LIN", "", "2410")]
    insured, payer = SUBSCRIBER[1:5], SUBSCRIBER[5:]
    swapped = [*HEADER, "HL*1**20*1", *PROVIDER, "HL*2*1*22*0", SUBSCRIBER[0], *payer, *insured]
    assert named(*swapped, *claim()) == []


def test_a_principal_procedure_comes_once() -> None:
    """The code that leads a list stands in one segment, others in the next."""
    found = [issue.code for issue in faults(edi(_hospital("HI*BBR:0FB03ZX:D8:20260226"), "005010X223A2"))]
    assert found == []
    twice = ["HI*BBR:0FB03ZX:D8:20260226"] * 2
    assert [issue.code for issue in faults(edi(_hospital(*twice), "005010X223A2"))] == ["IK304-5"]


def _hospital(*procedures: str) -> list[str]:
    dates = ["DTP*434*RD8*20260226-20260226", "CL1*1**01", "HI*ABK:E119"]
    line = ["LX*1", "SV2*0300**40*UN*1"]
    return levels(["CLM*A1*40***13:A:1**A*Y*Y", *dates, *procedures, *line])


def test_faults_of_the_hierarchy() -> None:
    """HL01 counts, HL02 names a level above that has children, HL03 is known, a patient has a claim."""
    person = ["NM1*QC*1*ROWAN*PIA", "N3*3 BIRCH CT", "N4*SPRINGFIELD*IL*62704", "DMG*D8*20150601*F"]
    patient = ["HL*3*3*23*0", "PAT*19", *person]
    tree = [*HEADER, "HL*1**20*1", *PROVIDER, "HL*3*1*22*0", *SUBSCRIBER, *claim(), *patient, "HL*4*1*99*0"]
    assert named(*tree) == [
        ("IK403-7", "HL", "01", "2000B"),
        ("IK403-7", "HL", "02", "2000C"),
        ("IK403-7", "HL", "03", ""),
        ("IK304-3", "CLM", "", "2300"),
    ]


def test_lines_are_counted() -> None:
    """LX01 goes up by one from 1."""
    lines = ["LX*1", "SV1*HC:99213*20*UN*1***1", "DTP*472*D8*20260226", "LX*3", *claim()[3:]]
    assert named(*levels([*claim()[:2], *lines])) == [("IK403-7", "LX", "01", "2400")]


def test_more_than_fifty_lines() -> None:
    """A loop over its maximum is named at each occurrence over it."""
    lines = [text for number in range(1, 53) for text in (f"LX*{number}", *claim()[3:])]
    assert named(*levels([*claim()[:2], *lines])) == [("IK304-4", "LX", "", "2400")] * 2


def test_an_empty_set_lacks_everything() -> None:
    """A set without content names the loops that must be there."""
    assert [issue[1] for issue in named("BHT*0019*00*R*20260302*0930*CH")] == ["NM1", "NM1", "HL"]


def test_issues_tell_no_values() -> None:
    """A text names segment, element and loop, and nothing of what stood there."""
    content = edi(levels(claim("A1", "NTE*QQZ*" + "SECRET" * 20, "AMT*F5*SECRET", "DTP*431*D8*SECRET")))
    assert not any("SECRET" in issue.text or "QQZ" in issue.text for issue in faults(content) + read(content)[1])


@pytest.mark.parametrize(
    ("change", "path", "code", "says"),
    [
        ({"charge": ""}, "charge", "1", "required: charge"),
        ({"charge": "2O"}, "charge", "format", "this is not an amount"),
        ({"onset_date": "2026-02-30"}, "onset_date", "8", "this is not a date"),
        ({"onset_date": "2026-02-01/2026-02-02"}, "onset_date", "7", "this is not a date"),
        ({"onset_date": "D8=20260230"}, "onset_date", "8", "this is not a date"),
        ({"frequency": "11"}, "frequency", "5", "too long: code of 1 character"),
        ({"accepts_assignment": "X"}, "accepts_assignment", "7", "A B C"),
        ({"acepts_assignment": "A"}, "acepts_assignment", "unknown", "did you mean accepts_assignment?"),
        ({"notes": "TEXT"}, "notes", "shape", "this is not a list of objects"),
        ({"notes": [{"type": "ADD", "text": "A"}] * 2}, "notes", "repeat", "more than 1"),
        ({"diagnoses": []}, "diagnoses", "1", "required"),
        ({"diagnoses": [{"type": "ABF", "code": "I10"}]}, "diagnoses[0].type", "7", "ABK BK"),
        ({"lines": []}, "lines", "1", "required: service line"),
        ({"type": "dental"}, "type", "7", "professional"),
        ({"place_of_service_qualifier": "A"}, "place_of_service_qualifier", "7", "the guide has B here"),
        ({"repricing": {"method": "00"}}, "repricing.allowed_amount", "1", "required"),
        ({"disability_period": "2026-01-01", "disability_start_date": "2026-01-01"}, "disability_start_date",
         "exclusive", "only one"),
    ],
)  # fmt: skip
def test_faults_of_a_document(document: Document, change: Document, path: str, code: str, says: str) -> None:
    """A field at fault is named by its path, with a reason that a producer can act on."""
    found = check_document(document | change, GUIDES["837P"])
    assert [(fault.path, fault.code) for fault in found] == [(path, code)]
    assert says in found[0].text


def test_all_faults_at_once(document: Document) -> None:
    """A bad document is told everything in one go, deep fields too."""
    del document["billing_provider"]["address"], document["payer"]["id"]
    document["lines"][0]["procedure"]["modifiers"] = ["LT", "X"]
    document["lines"][0]["number"] = "7"
    document["subscriber"]["address"] |= {"subdivision": "X"}
    document["foo"] = "1"
    found = {(fault.path, fault.code) for fault in check_document(document, GUIDES["837P"])}
    address = {("billing_provider.address.line1", "1"), ("billing_provider.address.city", "1")}
    subdivision = {("subscriber.address.subdivision", "10"), ("subscriber.address.country", "2")}
    line = {("lines[0].procedure.modifiers[1]", "4"), ("lines[0].number", "7")}
    assert found == address | subdivision | line | {("payer.id", "1"), ("foo", "unknown")}


def test_faults_of_documents_hold_no_values(document: Document) -> None:
    """Reasons may be shown to anyone."""
    document |= {"onset_date": "SECRET", "charge": "SECRET", "frequency": "SECRET", "accepts_assignment": "SECRET"}
    assert not any("SECRET" in fault.text for fault in check_document(document, GUIDES["837P"]))


def test_nonsense_is_no_claim() -> None:
    """What is no object is told so."""
    for nonsense in ("x", 3, None, []):
        found = check_document(nonsense, GUIDES["837P"])  # type: ignore[arg-type]
        assert [(fault.path, fault.code) for fault in found] == [("", "shape")]


def test_an_empty_claim_lacks_everything_required() -> None:
    """From an empty object one learns what a claim must have."""
    paths = {fault.path for fault in check_document({"type": "professional"}, GUIDES["837P"])}
    assert {"billing_provider", "subscriber", "payer", "patient_control_number", "lines", "submitter"} <= paths


def test_schema_is_valid_and_says_the_same(document: Document) -> None:
    """The schema is one by its metaschema; it accepts the claim, and refuses unknown names and missing fields."""
    schema = claim_schema(GUIDES.values())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(document)
    assert not validator.is_valid(document | {"chargee": "1"})
    assert not validator.is_valid({name: value for name, value in document.items() if name != "charge"})
    assert not validator.is_valid({"type": "hospital"})
    assert "2300 CLM02" in schema["$defs"]["professional"]["properties"]["charge"]["description"]


def test_field_reference_names_every_object() -> None:
    """The reference has a table for each object, with positions and codes."""
    for guide in GUIDES.values():
        text = field_reference(guide)
        assert f"# Fields of a {guide.type} claim" in text
        assert "| `npi` |  | national provider identifier |" in text
        assert "## lines[].adjudications[].adjustments[].reasons[]" in text
        assert "2400 DTP03 of DTP*472" in text


@pytest.mark.parametrize("name", ["837P", "837I"])
@pytest.mark.parametrize("fullness", [0.0, 0.4])
def test_pyx12_accepts_what_is_written(name: str, fullness: float) -> None:
    """pyx12, without its external code lists, finds nothing in claims made of the table.

    Left out: purchase certificates (it takes the first PWK row for them), BHT06 31 and the nine digits of an
    institutional provider's postal code, where it differs.
    """
    for seed in range(3):
        document = copy.deepcopy(make(GUIDES[name], seed, fullness))
        document["transaction"]["claim_or_encounter"] = "CH"
        document["billing_provider"]["address"] = {"line1": "1 QUAY ST", "city": "ERIE", "postal_code": "165010001"}
        for line in document["lines"]:
            line.pop("certificate_of_necessity", None)
        content, _ = written([document])
        assert [(issue.code, issue.segment_id, issue.element) for issue in judge(io.BytesIO(content))] == []
