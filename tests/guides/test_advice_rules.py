"""An 835 is judged by its guide table when it is validated, and read as before when it is posted."""

from __future__ import annotations

import io
from typing import Any

import pytest
from advice_files import advice
from mutations import mutant

from gateway.guides import all_guides, answer_guides
from gateway.inbound.remit835 import RemittanceReader
from gateway.validation import validate
from gateway.x12.element_rules import SetCheck
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.row_pattern import Patterns

BODY = [
    "BPR*I*60*C*CHK************20260302",
    "TRN*1*700001*1512345678",
    "N1*PR*HEARTLAND",
    "N3*1 MAIN ST",
    "N4*TOPEKA*KS*66603",
    "PER*BL*EDI DESK*TE*5555550100",
    "N1*PE*LINDEN PRACTICE*XX*1234567893",
    "LX*1",
    "CLP*A1*1*100*60**12*H9",
    "NM1*QC*1*ROWAN*ALMA",
    "SVC*HC:99213*100*60",
    "DTM*472*20260226",
    "CAS*CO*45*40",
]


def edi(body: list[str], version: str = "005010X221A1") -> bytes:
    """The segments as one 835."""
    return "".join(
        f"{line}~"
        for line in (
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{'PAYER':15}*ZZ*{'PRACTICE':15}*260302*0930*^*00501*000000001*0*T*:",
            f"GS*HP*PAYER*PRACTICE*20260302*0930*1*X*{version}",
            "ST*835*0001",
            *body,
            f"SE*{len(body) + 2}*0001",
            "GE*1*1",
            "IEA*1*000000001",
        )
    ).encode()


def changed(old: str, *new: str) -> bytes:
    """The good advice with one segment in place of another, or without it."""
    at = BODY.index(old)
    return edi([*BODY[:at], *new, *BODY[at + 1 :]])


def faults(data: bytes, *, second_opinion: bool | None = None) -> list[tuple[str, int | None, str, str]]:
    """The errors of a file as `x12 validate` has them."""
    found = validate(io.BytesIO(data), second_opinion=second_opinion)
    return [(one.code, one.segment, one.segment_id, one.element) for one in found if one.severity == "error"]


def test_a_good_advice_has_no_fault() -> None:
    """By our table, by the reader and by pyx12."""
    assert list(validate(io.BytesIO(edi(BODY)), second_opinion=True)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (BODY[5], (), ("IK304-3", 7, "PER", "")),
        (BODY[9], (), ("IK304-3", 14, "NM1", "")),
        (BODY[12], (BODY[12], "XYZ*1"), ("IK304-1", 15, "XYZ", "")),
        (BODY[12], (BODY[12], "HL*1**20*1"), ("IK304-1", 15, "HL", "")),
        (BODY[11], ("DTM*472*20260226", "N3*9 LANE"), ("IK304-2", 14, "N3", "")),
        (BODY[7], ("LX*1", "TS3*1*11*20261231*1*100", "TS3*1*11*20261231*1*100"), ("IK304-5", 11, "TS3", "")),
        (BODY[0], ("BPR*Q*60*C*CHK************20260302",), ("IK403-7", 2, "BPR", "01")),
        (BODY[0], ("BPR*I*60*C*CHK*CTX*01*********20260302",), ("IK403-2", 2, "BPR", "07")),
        (BODY[0], ("BPR*I*60*C*CHK************20260230",), ("IK403-8", 2, "BPR", "16")),
        (BODY[1], ("TRN*1*700001*15123",), ("IK403-4", 3, "TRN", "03")),
        (BODY[8], ("CLP*A1*1*100*60**12",), ("IK403-1", 10, "CLP", "07")),
        (BODY[10], ("SVC*99213*100*60",), ("IK403-5", 12, "SVC", "01-1")),
        (BODY[12], ("CAS*CR*45*40",), ("IK403-7", 14, "CAS", "01")),
        (BODY[12], ("CAS*CO*45*40*1*2*0.001",), ("IK403-I12", 14, "CAS", "06")),
    ],
)  # fmt: skip
def test_a_fault_is_named_in_the_terms_of_a_999(old: str, new: tuple[str, ...], fault: tuple[Any, ...]) -> None:
    """Code, segment, id and element of what was changed."""
    assert fault in faults(changed(old, *new))


def test_two_provider_adjustments_are_no_fault() -> None:
    """pyx12 takes the second PLB for a fault, which is a listed difference and so a warning."""
    data = edi([BODY[0].replace("*60*", "*50*"), *BODY[1:], "PLB*1*20261231*L6*4", "PLB*2*20261231*L6*6"])
    assert faults(data, second_opinion=True) == []
    assert [one.code for one in validate(io.BytesIO(data), second_opinion=True)] == ["pyx12-IK3-4"]


def test_pyx12_is_asked_only_where_it_is_wanted() -> None:
    """Without the option the verdict is ours alone; with it, a fault is found by both."""
    data = changed(BODY[5])
    assert [code for code, *_ in faults(data)] == ["IK304-3"]
    assert [code for code, *_ in faults(data, second_opinion=True)] == ["IK304-3", "pyx12-IK3-3"]


def test_another_version_is_read_and_said_to_be_unchecked() -> None:
    """A warning says so, and no fault of the guide is named."""
    issues = list(validate(io.BytesIO(edi([*BODY[:5], *BODY[6:]], "004010X091A1"))))
    assert [(one.code, one.severity) for one in issues] == [("version", "warning")]


def test_findings_of_guide_and_balance_stand_in_the_order_of_the_file() -> None:
    """One passage gives both, each at its segment."""
    data = edi([*BODY[:8], "CLP*A1*1*100*55**12*H9", *BODY[9:12], "CAS*CR*45*40"])
    found = faults(data)
    assert [at for _, at, *_ in found] == sorted(at or 0 for _, at, *_ in found)
    assert {"claim_unbalanced", "IK403-7"} <= {code for code, *_ in found}


def test_many_faults_of_a_kind_are_not_all_kept() -> None:
    """A file of garbage fills neither memory nor the screen."""
    issues = list(validate(io.BytesIO(edi([*BODY, *["XYZ*1"] * 500]))))
    assert sum(one.code == "IK304-1" for one in issues) == 100


def test_what_the_guide_forbids_is_read_as_before() -> None:
    """The door of posting asks no table: the claim of an advice without contact and with an old group is read whole."""
    data = edi([*BODY[:5], *BODY[6:12], "CAS*CR*45*40"])
    item = next(one for one in Reader(io.BytesIO(data)).items() if isinstance(one, TransactionSet))
    reader = RemittanceReader(item)
    assert [(claim.paid, len(claim.lines)) for claim in reader] == [(6000, 1)]
    assert [one for one in reader.issues if one.severity == "error"] == []


def test_claims_do_not_know_the_tables_of_answers() -> None:
    """What writes, reads and describes claims has the three guides of the 837 and no other."""
    assert sorted(all_guides()) == ["837D", "837I", "837P"]
    assert not set(answer_guides()) & set(all_guides())


@pytest.mark.parametrize("name", answer_guides())
def test_patterns_of_answers_never_pass_what_the_rules_name(name: str) -> None:
    """A set has the same faults whether or not its segments are first held against the patterns."""
    files = [mutant(name, seed).data for seed in range(60)] + [advice(name, seed, 0.4).encode() for seed in range(10)]
    quick = [by_guide(name, data) for data in files]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Patterns, "match", lambda self, row: lambda text: None)
        assert [by_guide(name, data) for data in files] == quick


def by_guide(name: str, data: bytes) -> list[Issue]:
    """The faults of a file by the table alone."""
    sets = (item for item in Reader(io.BytesIO(data)).items() if isinstance(item, TransactionSet))
    return [issue for item in sets for issue in SetCheck(answer_guides()[name], item).run()]


def test_a_rejection_that_names_trigger_and_claim_is_good() -> None:
    """Both contexts of one segment are what the guide has, and one may be repeated; a wrong name is none."""
    head = ["AK1*HC*17*005010X222A1", "AK2*837*0001*005010X222A1", "IK3*NM1*31*2310*8"]
    contexts = ["CTX*SITUATIONAL TRIGGER*CLM*28**5:3", "CTX*CLM01:A1^NM109:M1", "IK4*9*67*7"]
    tail = ["IK5*R*5*I5", "AK9*R*1*1*0"]
    assert acknowledged([*head, *contexts, *tail]) == []
    assert acknowledged([*head, "CTX*SOMETHING:A1", *contexts[2:], *tail]) == [("IK304-2", 5, "CTX", "")]
    assert acknowledged([*head, *contexts[2:], tail[1]]) == [("IK304-3", 6, "IK5", "")]


def acknowledged(body: list[str]) -> list[tuple[str, int | None, str, str]]:
    """What the guide finds in a 999."""
    version = answer_guides()["999"].version
    data = edi(body, version).replace(b"GS*HP", b"GS*FA").replace(b"ST*835*0001", b"ST*999*0001*" + version.encode())
    return [(one.code, one.segment, one.segment_id, one.element) for one in by_guide("999", data)]
