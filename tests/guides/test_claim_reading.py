"""What a claim says after it was read, and what is said of what it cannot say."""

from __future__ import annotations

import io
from typing import Any

import pytest
from guide_documents import GUIDES, faults, read, written
from guide_files import HEADER, LINE, PROVIDER, SUBSCRIBER, claim, edi, inside, levels

from gateway.x12.roundtrip import read_claims


def codes(content: bytes) -> list[tuple[str, str, str]]:
    """Code, segment id and loop of each issue of reading."""
    return [(issue.code, issue.segment_id, issue.loop) for issue in read(content)[1]]


def only(content: bytes) -> dict[str, Any]:
    """The one claim of a file that is read without a word."""
    claims, issues = read(content)
    assert issues == []
    assert len(claims) == 1
    return claims[0]


def test_position_and_ordinal_of_each_claim() -> None:
    """Each claim tells the ordinal of its CLM among the segments and among the claims, and where it is in the file."""
    content = edi(levels(claim("A1"), claim("A2")))
    found = list(read_claims(io.BytesIO(content), GUIDES, []))
    assert [(each.number, each.segment) for each in found] == [(1, 18), (2, 23)]
    assert [content[each.offset : each.offset + 6] for each in found] == [b"CLM*A1", b"CLM*A2"]


def test_hl02_decides_whose_claim_it_is() -> None:
    """A subscriber that names the first provider is that one's, though another provider stands right before it."""
    second = ["HL*2**20*1", "NM1*85*2*OTHER PRACTICE*****XX*1993999998", *PROVIDER[1:]]
    content = edi([*HEADER, "HL*1**20*1", *PROVIDER, *second, "HL*3*1*22*0", *SUBSCRIBER, *claim()])
    assert only(content)["billing_provider"]["organization"] == "LINDEN PRACTICE"


def test_hl02_that_names_nothing_takes_the_nearest() -> None:
    """A wrong HL02 is named, and the provider before it taken; no claim is lost."""
    content = edi([*HEADER, "HL*1**20*1", *PROVIDER, "HL*2*77*22*0", *SUBSCRIBER, *claim()])
    claims, issues = read(content)
    assert claims[0]["billing_provider"]["organization"] == "LINDEN PRACTICE"
    assert [(issue.code, issue.severity) for issue in issues] == [("level_parent", "warning")]


def test_patients_of_an_earlier_subscriber() -> None:
    """A patient belongs to the subscriber that HL02 names, with other subscribers in between."""
    patient = ["PAT*19", "NM1*QC*1*ROWAN*PIA", "N3*3 BIRCH CT", "N4*SPRINGFIELD*IL*62704", "DMG*D8*20150601*F"]
    other = [text.replace("ROWAN*ALMA", "HAZEL*OTTO") for text in SUBSCRIBER]
    tree = ["HL*1**20*1", *PROVIDER, "HL*2*1*22*1", *SUBSCRIBER, "HL*3*1*22*0", *other, "HL*4*2*23*0", *patient]
    found = only(edi([*HEADER, *tree, *claim()]))
    assert (found["subscriber"]["last_name"], found["patient"]["first_name"]) == ("ROWAN", "PIA")


def test_order_inside_a_loop_is_free() -> None:
    """Segments of a loop in another order give the same claim."""
    usual = only(edi(levels(claim("A1", "REF*EA*M1", "REF*G1*P1", "DTP*431*D8*20260101"))))
    clm, hi, *rest = claim("A1", "DTP*431*D8*20260101", "REF*G1*P1", "REF*EA*M1")
    assert only(edi(levels([clm, *rest[:3], hi, *rest[3:]]))) == usual


def test_older_version_names_are_read() -> None:
    """Guides go by several names; all of 005010 are read by the one table, and 4010 is refused by name."""
    for version in ("005010X222", "005010X222A1", "005010X222A2"):
        assert only(edi(levels(claim()), version))["type"] == "professional"
    assert codes(edi(levels(claim()), "004010X098A1")) == [("version", "ST", "")]
    assert [issue.severity for issue in faults(edi(levels(claim()), "004010X098A1"))] == ["error"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("REF*ZZ*1", ("segment", "REF", "2300")),
        ("QQQ*1", ("segment", "QQQ", "2300")),
        ("NM1*ZY*2*NOBODY", ("loop", "NM1", "2300")),
        ("REF*EA*1*2", ("element", "REF", "2300")),
        ("DTP*431*D8*20261399", ("format", "DTP", "2300")),
        ("DTP*431*RD8*20260101-20260102", ("date_format", "DTP", "2300")),
        ("AMT*F5*1O.00", ("format", "AMT", "2300")),
        ("REF*EA*1:2", ("components", "REF", "2300")),
        ("REF*EA*1^2", ("repetition", "REF", "2300")),
        ("REF*EA", None),
        ("REF", ("segment_empty", "REF", "2300")),
        ("NM1*82*1*SORREL*INES****24*1", ("qualifier_kept", "NM1", "2310B")),
        ("NM1*82*1*SORREL*INES****XX", ("qualifier_alone", "NM1", "2310B")),
    ],
)
def test_what_the_guide_does_not_have_is_named(more: str, expected: tuple[str, str, str] | None) -> None:
    """Each stray segment, element and value is named with its place; the rest of the claim is read."""
    claims, issues = read(edi(levels(claim("A1", more))))
    assert [(issue.code, issue.segment_id, issue.loop) for issue in issues] == ([expected] if expected else [])
    assert all(issue.segment == 20 for issue in issues)
    assert claims[0]["lines"][0]["procedure"]["code"] == "99213"


def test_values_that_do_not_fit_are_kept() -> None:
    """A bad date and a bad amount stand in the document as they came, and come out again the same."""
    content = edi(levels(claim("A1", "DTP*431*D8*20261399", "AMT*F5*1O.00")))
    claims, _ = read(content)
    assert (claims[0]["onset_date"], claims[0]["patient_paid"]) == ("D8=20261399", "1O.00")
    again, refused = written(claims)
    assert refused == []
    assert sorted(inside(again)) == sorted(inside(content))


def test_a_second_single_loop_is_left_out_with_all_in_it() -> None:
    """Of two rendering providers the first is kept; each segment of the second is named."""
    two = ["NM1*82*1*ASH*LEE", "REF*G2*1", "NM1*82*1*OAK*LEE", "PRV*PE*PXC*1", "REF*G2*2"]
    claims, issues = read(edi(levels(claim("A1", *two))))
    assert claims[0]["rendering_provider"] == {"last_name": "ASH", "first_name": "LEE",
                                               "secondary_ids": [{"type": "G2", "id": "1"}]}  # fmt: skip
    named = [(issue.segment_id, issue.segment) for issue in issues if issue.code == "loop_segment"]
    assert named == [("NM1", 22), ("PRV", 23), ("REF", 24)]


def test_more_than_the_guide_allows_is_kept_in_lists() -> None:
    """Thirteen file information segments where ten may be are all kept, and three are named."""
    claims, issues = read(edi(levels(claim("A1", *(f"K3*TEXT {number}" for number in range(13))))))
    assert len(claims[0]["file_information"]) == 13
    assert [issue.code for issue in issues] == ["repeat"] * 3


def test_a_segment_after_the_loops_behind_it_is_kept_and_named() -> None:
    """A claim date behind the lines is the claim's, and the disorder is told."""
    claims, issues = read(edi(levels([*claim(), "NM1*82*1*ASH*LEE", "PWK*OZ*AA", "CN1*09"])))
    assert claims[0]["lines"][0]["attachments"] == [{"type": "OZ", "transmission": "AA"}]
    assert {issue.code for issue in issues} == {"order"}
    claims, issues = read(edi(levels([*claim(), "REF*EA*M1"])))
    assert [issue.code for issue in issues] == ["segment"]


def test_a_loop_that_begins_outside_its_line_is_told() -> None:
    """An adjudication without a line is left out, and what follows it is named, since it may belong to it."""
    _, issues = read(edi(levels(claim("A1", "SVD*H1*10*HC:99213**1", "AMT*F5*3"))))
    assert [(issue.code, issue.segment_id) for issue in issues] == [("segment", "SVD"), ("torn", "AMT")]


def test_claims_without_a_subscriber_are_named() -> None:
    """A claim right under the provider is left out, with the ids of what it had."""
    claims, issues = read(edi([*HEADER, "HL*1**20*1", *PROVIDER, *claim()]))
    assert claims == []
    assert [issue.code for issue in issues] == ["claim", "left_out"]
    assert "HI LX SV1 DTP" in issues[1].text


def test_an_unknown_level_is_left_out() -> None:
    """What stands in an HL loop of another level is not read as someone's."""
    content = edi(
        [*HEADER, "HL*1**20*1", *PROVIDER, "HL*2*1*22*0", *SUBSCRIBER, *claim("A1"), "HL*3*1*21*0", *claim("A2")]
    )
    claims, issues = read(content)
    assert [each["patient_control_number"] for each in claims] == ["A1"]
    assert [issue.code for issue in issues][:2] == ["level", "claim"]


def test_a_truncated_set_gives_what_it_has() -> None:
    """A file that ends inside a claim gives the claim as far as it goes, and says that the end is missing."""
    content = edi(levels(claim("A1"), claim("A2")))
    claims, issues = read(content[: content.rindex(b"SV1")])
    assert [each["patient_control_number"] for each in claims] == ["A1", "A2"]
    assert claims[1]["lines"] == [{"number": "1"}]
    assert "se_missing" in {issue.code for issue in issues}


def test_blanks_behind_elements_do_not_count() -> None:
    """Trailing blanks of elements and components, and lower-case segment ids, change nothing."""
    content = edi(levels(claim("A1", "REF*EA*M1")))
    padded = content.replace(b"REF*EA*M1", b"ref*EA *M1   ").replace(b"HC:99213", b"HC:99213  ")
    assert only(padded) == only(content)


def test_an_interchange_without_repetition_separator() -> None:
    """Where ISA11 is U, a caret in data is data."""
    assert only(edi(levels(claim("A1", "REF*EA*M^1")), isa11="U"))["medical_record_number"] == "M^1"


def test_split_diagnoses_stay_split() -> None:
    """Condition codes in two segments that are not full come back in two."""
    content = edi(levels(claim("A1", "HI*BG:01*BG:02", "HI*BG:03")))
    found = only(content)
    assert found["conditions"] == [{"code": "01"}, {"code": "02"}, {"code": "03", "new_segment": "Y"}]
    assert sorted(inside(written([found])[0])) == sorted(inside(content))


def test_gaps_in_lists_stay() -> None:
    """A modifier and an adjustment that stand behind a gap come back behind it."""
    line = ["LX*1", "SV1*HC:99213::25*40*UN*1***1::3", "DTP*472*D8*20260226"]
    content = edi(levels([*claim()[:2], *line]))
    found = only(content)
    assert found["lines"][0]["procedure"]["modifiers"] == ["", "25"]
    assert found["lines"][0]["diagnosis_pointers"] == ["1", "", "3"]
    assert sorted(inside(written([found])[0])) == sorted(inside(content))


def test_a_flood_of_faults_stays_bounded() -> None:
    """A hostile set cannot fill memory with issues; the last one says that more are not listed."""
    _, issues = read(edi(levels(claim("A1", *["QQQ*1"] * 12_000))))
    assert len(issues) <= 10_001
    assert "too_many" in {issue.code for issue in issues}


def test_memory_of_levels_is_bounded() -> None:
    """A patient that names a subscriber thousands of levels back is refused by name, not given to another."""
    many = [f"HL*{number}*1*22*1" for number in range(2, 10_200)]
    patient = ["HL*20000*2*23*0", "PAT*19", "NM1*QC*1*ROWAN*PIA"]
    claims, issues = read(edi([*HEADER, "HL*1**20*1", *PROVIDER, *many, *patient, *claim()]))
    assert claims == []
    assert "level_forgotten" in {issue.code for issue in issues}


def test_no_header_is_told() -> None:
    """A set without BHT is read, and said to be without, since one will be written."""
    assert codes(edi(levels(claim())[1:])) == [("segment_missing", "BHT", "header")]


def test_lines_without_number_are_told() -> None:
    """An LX without number begins a line all the same."""
    clm, hi, _, *rest = claim()
    claims, issues = read(edi(levels([clm, hi, "LX", *rest])))
    assert len(claims[0]["lines"]) == len(claims) == 1
    assert [issue.code for issue in issues] == ["ordinal"]
    assert LINE[0] in inside(written(claims)[0])
