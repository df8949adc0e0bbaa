"""The simulator's own reader and writer of X12, and how it reads claims out of an 837."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_judge import pyx12_errors
from simulator_samples import (
    CLINIC,
    DENTAL,
    INSTITUTIONAL,
    SURGERY,
    Sample,
    dental_set,
    institutional_set,
    interchange,
    many,
    professional,
    professional_set,
)

from gateway.simulator.edi import (
    Delimiters,
    Envelope,
    GroupToWrite,
    NotAnInterchange,
    number_text,
    read_interchanges,
    write_interchange,
)
from gateway.simulator.received import Claim, ClaimSet, read_claim_set

SECONDARY = ("SBR*P*18*******MB", "AMT*D*80", "OI***Y***Y", "NM1*IL*1*HOLLOWAY*MARTIN", "NM1*PR*2*MEDICARE*****PI*MEDB")


def claim_sets(content: bytes) -> list[ClaimSet]:
    """All claim sets of a file."""
    return [
        read_claim_set(transaction, item.delimiters, group.guide)
        for item in read_interchanges(content)
        for group in item.groups
        for transaction in group.sets
    ]


def claims(content: bytes) -> list[Claim]:
    """All claims of a file."""
    return [claim for found in claim_sets(content) for claim in found.claims]


def test_the_samples_are_what_pyx12_takes_for_valid() -> None:
    """The hand-written 837P and 837I that these tests rest on pass pyx12's maps (which has none for 837D)."""
    dependent = Sample("D1", dependent=True)
    for content in (professional(*many(4), dependent), interchange(institutional_set(), guide=INSTITUTIONAL)):
        assert pyx12_errors(content) == []


def test_a_professional_claim_is_read_whole() -> None:
    """Everything that an answer needs is found: parties, payer, lines with their 6R, dates, frequency, F8."""
    sample = Sample("PCN1", frequency="7", original="PAYER77", filing="MB")
    (found,) = claim_sets(professional(sample))
    (claim,) = found.claims
    assert (found.number, found.batch_id, found.submitter.id, found.receiver.name) == (
        "0001",
        "BATCH0001",
        "SUBMITTER01",
        "PLAINS CLEARINGHOUSE",
    )
    assert (claim.patient_control_number, claim.charge, claim.facility, claim.frequency) == (
        "PCN1",
        Decimal("160.50"),
        "11",
        "7",
    )
    assert (claim.original_number, claim.filing, claim.payer.id, claim.payer_order) == ("PAYER77", "MB", "SHP01", "P")
    assert (claim.billing.id, claim.billing.tax_id, claim.billing.city) == (CLINIC[1], CLINIC[2], "DAYTON")
    assert (claim.subscriber.id, claim.patient) == ("HLW900100200", claim.subscriber)
    assert (claim.first_day, claim.last_day) == ("20260210", "20260210")
    assert [(line.code, line.charge, line.units, line.control_number) for line in claim.lines] == [
        (("HC", "99213"), Decimal("120.00"), Decimal(1), "PCN1L1"),
        (("HC", "85025"), Decimal("40.50"), Decimal(1), "PCN1L2"),
    ]
    assert found.segments[claim.position - 1][0] == "CLM"
    assert found.segments[claim.end - 1][:2] == ("REF", "6R")


def test_a_dependent_is_the_patient() -> None:
    """Under an HL 23 the patient is named there, and the member number stays the subscriber's."""
    (claim,) = claims(professional(Sample("D1", dependent=True)))
    assert (claim.patient.first, claim.patient.id, claim.subscriber.id) == ("JUNE", "", "HLW900100200")


def test_institutional_and_dental_claims_are_read() -> None:
    """Revenue codes, bill type, statement period and units of an 837I; procedures and predetermination of an 837D."""
    (hospital,) = claims(interchange(institutional_set(), guide=INSTITUTIONAL))
    assert (hospital.kind, hospital.facility, hospital.first_day, hospital.last_day) == (
        "institutional",
        "13",
        "20260201",
        "20260203",
    )
    assert [(line.revenue, line.code, line.units) for line in hospital.lines] == [
        ("0450", ("HC", "99284"), Decimal(1)),
        ("0270", (), Decimal(5)),
    ]
    (dental,) = claims(interchange(dental_set(), guide=DENTAL))
    assert (dental.kind, dental.predetermination, dental.lines[1].units) == ("dental", False, Decimal(2))
    (asked,) = claims(interchange(dental_set(predetermination=True), guide=DENTAL))
    assert (asked.predetermination, asked.first_day) == (True, "")


def test_the_earlier_payer_is_not_taken_for_the_payer() -> None:
    """Loop 2320 gives what was paid before; the payer that must answer stays the one of 2010BB."""
    (claim,) = claims(professional(Sample("S1", order="S", other_payer=SECONDARY)))
    assert (claim.payer.id, claim.payer_order, claim.prior_paid) == ("SHP01", "S", Decimal(80))


def test_the_parent_in_hl02_decides_not_the_position() -> None:
    """A subscriber that follows another provider's HL belongs to the provider that its HL02 names."""
    segments = professional_set([Sample("A"), Sample("B", provider=SURGERY)])
    crossed = [text.replace("HL*4*3*22*0", "HL*4*1*22*0") for text in segments]
    assert [claim.billing.id for claim in claims(interchange(segments))] == [CLINIC[1], SURGERY[1]]
    assert [claim.billing.id for claim in claims(interchange(crossed))] == [CLINIC[1], CLINIC[1]]


def test_a_circle_of_parents_ends() -> None:
    """Levels that name each other as parents give a claim without a provider, not an endless search."""
    segments = [text.replace("HL*1**20*1", "HL*1*2*22*1") for text in professional_set([Sample("A")])]
    (claim,) = claims(interchange(segments))
    assert claim.billing.id == ""


@pytest.mark.parametrize("delimiters", ["*:^~", "|>!\n", "\x1d\x1f\x1e\x1c", "+,;'"])
def test_delimiters_come_from_the_isa(delimiters: str) -> None:
    """Whatever the four characters are, the same claims are read."""
    expected = claims(professional(*many(3)))
    assert claims(professional(*many(3), delimiters=delimiters)) == expected


def test_several_interchanges_line_ends_and_a_byte_order_mark() -> None:
    """Files glued together, with line ends and rubbish before them, lose nothing."""
    one = professional(Sample("ONE"), number=1).replace(b"~", b"~\r\n")
    two = professional(Sample("TWO"), number=2, delimiters="|:^~")
    content = "\ufeff".encode() + one + b"\n\n" + two
    assert [claim.patient_control_number for claim in claims(content)] == ["ONE", "TWO"]
    assert [item.number for item in read_interchanges(content)] == ["000000001", "000000002"]


@pytest.mark.parametrize("content", [b"", b"hello", b"ISA*00*", b"\x00" * 300, b"GS*HC*A*B~"])
def test_what_is_no_interchange_is_said_to_be_none(content: bytes) -> None:
    """Nothing readable is one kind of error, never another."""
    with pytest.raises(NotAnInterchange):
        read_interchanges(content)


@given(st.integers(0, 5000), st.binary(max_size=20))
def test_cut_and_damaged_files_never_break_the_reader(cut: int, noise: bytes) -> None:
    """A file that ends early or has bytes in it that do not belong there still reads, or is no interchange."""
    content = professional(*many(3))
    for damaged in (content[:cut], content[:cut] + noise + content[cut:]):
        try:
            claims(damaged)
        except NotAnInterchange:
            assert len(damaged) < 106 or cut < 106


def test_writing_counts_and_numbers() -> None:
    """Trailers carry the counts and numbers of their headers; an 835 has no ST03, a 999 has."""
    envelope = Envelope("SENDER", "RECEIVER")
    groups = (
        GroupToWrite("HP", "835", "005010X221A1", 7, ([("A", "1")], [("A", "2"), ("B", ("x", "y"))])),
        GroupToWrite("FA", "999", "005010X231A1", 8, ([("A", "")],)),
    )
    content = write_interchange(envelope, 42, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), groups)
    assert content.decode().split("~")[1:-1] == [
        "GS*HP*SENDER*RECEIVER*20260102*0304*7*X*005010X221A1",
        "ST*835*0001", "A*1", "SE*3*0001", "ST*835*0002", "A*2", "B*x:y", "SE*4*0002", "GE*2*7",
        "GS*FA*SENDER*RECEIVER*20260102*0304*8*X*005010X231A1",
        "ST*999*0001*005010X231A1", "A", "SE*3*0001", "GE*1*8", "IEA*2*000000042",
    ]  # fmt: skip
    assert len(content.split(b"~")[0]) == 105


def test_delimiters_in_data_do_not_split_segments() -> None:
    """A delimiter inside a value is replaced, so the reader gets as many elements as were written."""
    envelope = replace(Envelope("S", "R"), delimiters=Delimiters("*", ":", "^", "~"))
    group = GroupToWrite("HP", "835", "005010X221A1", 1, ([("NM1", "A*B", "C~D", ("E:F", "G\nH"))],))
    content = write_interchange(envelope, 1, datetime(2026, 1, 2, tzinfo=UTC), (group,))
    (found,) = read_interchanges(content)
    assert found.groups[0].sets[0].segments[1] == ("NM1", "A B", "C D", "E F:G H")


@pytest.mark.parametrize(
    ("number", "text"),
    [("0", "0"), ("-0.00", "0"), ("10.50", "10.5"), ("100", "100"), ("-7.00", "-7"), ("0.05", "0.05")],
)
def test_numbers_are_written_without_trailing_zeros(number: str, text: str) -> None:
    """X12 decimals have no exponent, no trailing zeros and no negative zero."""
    assert number_text(Decimal(number)) == text
