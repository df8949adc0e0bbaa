"""What stands in a set that is written of claims, and what is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from guide_documents import GUIDES, faults, read, written
from guide_files import HEADER, PROVIDER, SUBSCRIBER, claim, edi, inside, levels

from gateway.x12.claim_writer import BadClaim, ClaimWriter, arranged
from gateway.x12.fields import FieldFault
from gateway.x12.values import Delimiters

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    """One professional claim."""
    return read(edi(levels(claim())))[0][0]


def numbered(document: Document, count: int) -> list[Document]:
    """Copies of a claim with numbers of their own."""
    return [copy.deepcopy(document) | {"patient_control_number": f"A{number}"} for number in range(1, count + 1)]


def begun() -> ClaimWriter:
    """A writer with an open set."""
    writer = ClaimWriter(GUIDES["837P"])
    writer.header(read(edi(levels(claim())))[0][0], reference="R1", date="20260302", time="0930")
    return writer


def hls(content: bytes) -> list[str]:
    """The HL segments."""
    return [text for text in content.decode().split("~") if text.startswith("HL*")]


def test_a_claim_as_it_was_typed(document: Document) -> None:
    """A file in guide order comes back segment by segment."""
    assert inside(written([document])[0]) == levels(claim())


def test_equal_parents_are_written_once(document: Document) -> None:
    """Claims of one subscriber share its loops; another subscriber has its own under the same provider."""
    mine, other = numbered(document, 2), copy.deepcopy(document)
    other["subscriber"]["member_id"] = "M2"
    assert hls(written([*mine, other])[0]) == ["HL*1**20*1", "HL*2*1*22*0", "HL*3*1*22*0"]


def test_patients_stand_below_their_subscriber(document: Document) -> None:
    """HL04 tells whether patients follow; the subscriber's own claims stand under a loop without."""
    address = {"line1": "3 BIRCH CT", "city": "SPRINGFIELD", "state": "IL", "postal_code": "62704"}
    person = {"last_name": "ROWAN", "first_name": "PIA", "birth_date": "2015-06-01", "gender": "F"}
    patient = {"relationship": "19", **person, "address": address}
    own, child = numbered(document, 2)
    child["patient"] = patient
    second = copy.deepcopy(child) | {"patient_control_number": "A3"}
    content, _ = written([own, child, second])
    assert hls(content) == ["HL*1**20*1", "HL*2*1*22*0", "HL*3*1*22*1", "HL*4*3*23*0"]
    assert read(content)[0] == [own, child, second]
    assert faults(content) == []


def test_at_most_a_hundred_claims_a_loop(document: Document) -> None:
    """The guide has a hundred claims below one HL; the next one repeats it."""
    content, _ = written(numbered(document, 250))
    assert hls(content) == ["HL*1**20*1", "HL*2*1*22*0", "HL*3*1*22*0", "HL*4*1*22*0"]
    assert faults(content) == []


def test_position_and_ordinal(document: Document) -> None:
    """Each claim tells where its CLM is in the set and which of its claims it is, as a reader finds it."""
    writer = begun()
    position = writer.position
    found = [writer.claim(each) for each in numbered(document, 3)]
    texts = [line.split("*") for each in found for line in each.lines]
    assert [each.number for each in found] == [1, 2, 3]
    assert [texts[each.segment - position - 1][:2] for each in found] == [["CLM", "A1"], ["CLM", "A2"], ["CLM", "A3"]]
    assert writer.position == position + len(texts)


def test_another_header_begins_another_set(document: Document) -> None:
    """Claims of two submitters never share a transaction set."""
    first, second = numbered(document, 2)
    second["submitter"]["id"] = "LB2"
    content, _ = written([first, second])
    assert content.count(b"~ST*837*") == 2
    assert read(content)[0] == [first, second]


def test_types_stand_in_groups_of_their_own(document: Document) -> None:
    """One functional group has one guide."""
    dental = {"type": "dental", "transaction": document["transaction"], "submitter": document["submitter"],
              "receiver": document["receiver"], "billing_provider": document["billing_provider"],
              "subscriber": document["subscriber"], "payer": document["payer"], "patient_control_number": "D1",
              "charge": "40.00"}  # fmt: skip
    content, refused = written([document, dental, document])
    versions = [text.split("*")[8] for text in content.decode().split("~") if text.startswith("GS*")]
    assert (versions, refused) == (["005010X222A1", "005010X224A2", "005010X222A1"], [])


@pytest.mark.parametrize("mark", "*:^~\n\x00")
def test_a_delimiter_in_data_is_refused(document: Document, mark: str) -> None:
    """The refusal names the field and not its value; nothing of the claim is written, and the set goes on."""
    good, bad, last = numbered(document, 3)
    bad["lines"][0]["procedure"]["description"] = f"SECRET{mark}TEXT"
    content, refused = written([good, bad, last])
    assert [(each.record, [fault.path for fault in each.faults]) for each in refused] == [
        (2, ["lines[0].procedure.description"])
    ]
    assert "SECRET" not in repr(refused)
    assert read(content)[0] == [good, last]
    assert faults(content) == []


def test_a_refused_claim_changes_nothing(document: Document) -> None:
    """After a refusal the next claim gets the numbers that the refused one would have had."""
    good, bad = numbered(document, 2)
    bad["subscriber"] = {**bad["subscriber"], "member_id": "M~2"}
    usual = begun()
    disturbed = begun()
    with pytest.raises(BadClaim) as refusal:
        disturbed.claim(bad)
    assert [fault.path for fault in refusal.value.faults] == ["subscriber.member_id"]
    assert "M~2" not in str(refusal.value)
    assert disturbed.claim(good) == usual.claim(good)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"chargee": "1"}, "chargee", "unknown"),
        ({"charge": 240}, "charge", "shape"),
        ({"lines": {}}, "lines", "shape"),
        ({"lines": [{"procedure": "99213"}]}, "lines[0].procedure", "shape"),
        ({"onset_date": "01/02/2026"}, "onset_date", "format"),
        ({"patient_control_number": ""}, "patient_control_number", "required"),
        ({"related_causes": ["AA", "EM", "OA"]}, "related_causes.2", "format"),
    ],
)
def test_what_cannot_be_written_is_refused(document: Document, change: Document, path: str, code: str) -> None:
    """Unknown names, other shapes, dates of no known shape, lists too long and a missing number, by field path."""
    _, refused = written([document | change])
    assert [(fault.path, fault.code) for fault in refused[0].faults] == [(path, code)]


def test_a_person_and_an_organization_exclude_each_other(document: Document) -> None:
    """NM1 has room for one of them."""
    document["billing_provider"]["last_name"] = "ROWAN"
    _, refused = written([document])
    assert [fault.code for fault in refused[0].faults] == ["format"]


def test_nulls_are_absent(document: Document) -> None:
    """A producer may give null for what it does not have."""
    content, refused = written([document | {"onset_date": None, "notes": None}])
    assert (content, refused) == written([document])


def test_not_an_object_is_refused() -> None:
    """Anything that is no claim is refused as such."""
    for nonsense in ("x", 3, None, [], {"type": "hospital"}, {"type": ["professional"]}):
        _, refused = written([nonsense])  # type: ignore[list-item]
        assert [fault.path for fault in refused[0].faults] == ["type"]


def test_numbers_are_short_on_the_wire(document: Document) -> None:
    """Amounts lose trailing zeros, and a zero amount stays."""
    document |= {"charge": "240.50", "patient_paid": "0.00"}
    document["lines"][0] |= {"charge": "240.00", "quantity": "1.500"}
    texts = inside(written([document])[0])
    assert [text for text in texts if text[:3] in ("CLM", "AMT", "SV1")] == [
        "CLM*A1*240.5***11:B:1*Y*A*Y*Y", "AMT*F5*0", "SV1*HC:99213*240*UN*1.5***1",
    ]  # fmt: skip


def test_defaults_are_written_where_the_document_leaves_them_out(document: Document) -> None:
    """Identifier and procedure qualifiers and line numbers need not be given."""
    usual = written([document])[0]
    del document["payer"]["id_type"], document["subscriber"]["member_id_type"]
    del document["lines"][0]["procedure"]["type"], document["lines"][0]["number"]
    assert written([document])[0] == usual


def test_upper_case_on_request(document: Document) -> None:
    """A partner that asks for upper case gets it, composites too."""
    document["lines"][0]["procedure"]["description"] = "knee brace"
    writer = ClaimWriter(GUIDES["837P"], Delimiters(), upper=True)
    writer.header(document, reference="r1", date="20260302", time="0930")
    texts = [text for line in writer.claim(document).lines for text in line.split("*")]
    assert "HC:99213:::::KNEE BRACE" in texts


def test_an_empty_list_of_documents_writes_nothing() -> None:
    """No claims, no file."""
    assert written([]) == (b"", [])


def test_arranged_puts_equal_parents_together(document: Document) -> None:
    """Claims that came mixed share their loops, in the order of the first of each."""
    first = numbered(document, 4)
    for each in first[1::2]:
        each["subscriber"]["member_id"] = "M2"
    order = arranged(first, GUIDES["837P"])
    assert [each["patient_control_number"] for each in order] == ["A1", "A3", "A2", "A4"]
    assert len(hls(written(order)[0])) == 3


def test_same_content_in_another_order_of_names_is_equal(document: Document) -> None:
    """The order of names in an object does not split a group."""
    second = copy.deepcopy(document) | {"patient_control_number": "A2"}
    second["subscriber"] = dict(reversed(second["subscriber"].items()))
    assert len(hls(written([document, second])[0])) == 2


def test_a_fault_is_a_plain_value() -> None:
    """Faults compare and sort by path, code and text."""
    assert FieldFault("a", "1", "x") < FieldFault("b", "1", "x")


def test_segments_stand_in_guide_order() -> None:
    """What was read in any order is written in that of the guide."""
    mixed = [*HEADER, "HL*1**20*1", *PROVIDER[:1], PROVIDER[3], *PROVIDER[1:3], "HL*2*1*22*0", *SUBSCRIBER, *claim()]
    assert inside(written(read(edi(mixed))[0])[0]) == levels(claim())
