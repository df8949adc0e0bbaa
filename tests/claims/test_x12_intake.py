"""837 files: every claim with the submission that its envelope names, and what a damaged file still gives."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from claim_files import TODAY, rules, sound
from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.admission import admit
from gateway.claims.canonical import content_hash
from gateway.claims.completion import complete
from gateway.claims.intake.records import Record, UnreadableFile
from gateway.claims.intake.x12_837 import read_837
from gateway.claims.samples import sample_claims

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
HEAD = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260110*0930*^*00501*000000701*0*T*:~"
SET = """ST*837*{number}*005010X222A1~BHT*0019*00*{reference}*20260110*0930*CH~
NM1*41*2*EXAMPLE BILLING*****46*SENDER~PER*IC*DESK*TE*5555550100~NM1*40*2*EXAMPLE*****46*RECEIVER~
HL*1**20*1~PRV*BI*PXC*207Q00000X~NM1*85*2*LAKEVIEW FAMILY MEDICINE*****XX*1999000007~N3*100 LAKEVIEW PLAZA~
N4*EASTHAVEN*NY*109991234~REF*EI*900123456~HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*OAKSHOTT*GRETA****MI*EX000000001~
N3*4 MILL LANE~N4*EASTHAVEN*NY*10999~DMG*D8*19800401*F~
NM1*PR*2*EVERGREEN HEALTH PLAN*****PI*99001~{claims}SE*{count}*{number}~
"""
CLAIM = """CLM*{number}*165***11:B:1*Y*A*Y*Y~{more}HI*ABK:J45909*ABF:I10~LX*1~
SV1*HC:99213*125*UN*1***1:2~DTP*472*D8*20260105~
REF*6R*1~LX*2~SV1*HC:96372*40*UN*1***1~DTP*472*D8*20260105~REF*6R*2~
"""


def claim(number: str, more: str = "") -> str:
    return CLAIM.format(number=number, more=more)


def one_set(*claims: str, number: str = "0001", reference: str = "B1") -> str:
    text = SET.format(number=number, reference=reference, claims="".join(claims), count="{count}")
    return text.format(count=text.count("~"))


def file_of(*sets: str) -> bytes:
    text = (
        f"{HEAD}GS*HC*SENDER*RECEIVER*20260110*0930*88*X*005010X222A1~{''.join(sets)}GE*{len(sets)}*88~IEA*1*000000701~"
    )
    return text.replace("\n", "").encode()


def read(data: bytes) -> list[Record]:
    return list(read_837(io.BytesIO(data), rules().guides))


def test_claims_of_all_sets_are_numbered_through() -> None:
    """Each has its document, its place, and the numbers by which answers will name it."""
    records = read(file_of(one_set(claim("A1"), claim("A2")), one_set(claim("B1"), number="0002", reference="B2")))
    assert [(one.number, one.patient_control_number, one.findings) for one in records] == [
        (1, "A1", []), (2, "A2", []), (3, "B1", []),
    ]  # fmt: skip
    named = [
        (one.origin.control_number, one.origin.reference, one.origin.position, one.origin.group.control_number)
        for one in records
        if one.origin
    ]
    assert named == [("0001", "B1", 1, "88"), ("0001", "B1", 2, "88"), ("0002", "B2", 1, "88")]
    assert records[0].place == "transaction set 1, segment 19"


def test_an_837_and_json_are_the_same_claim() -> None:
    """Content is content: the hash does not know the format that it came in."""
    (record,) = read(file_of(one_set(claim("ACC-1001"))))
    document = sound(**{"billing_provider.npi": "1999000007"})
    hashes = {
        content_hash(complete(one, rules().defaults), rules().defaults) for one in (document, record.document or {})
    }
    assert len(hashes) == 1


def test_a_claim_of_a_sound_837_is_ready() -> None:
    """Nothing is found in it but what is wrong with its NPI."""
    (record,) = read(file_of(one_set(claim("A1"))))
    assert {finding.code for finding in admit(record, rules(), TODAY).findings} <= {"npi_check"}


def test_what_the_guide_does_not_have_is_named_at_its_claim() -> None:
    """A segment that cannot be kept makes its claim one to look at; its neighbours are untouched."""
    records = read(file_of(one_set(claim("A1"), claim("A2", "XYZ*1~"), claim("A3"))))
    assert [[finding.severity for finding in one.findings] for one in records] == [[], ["error"], []]
    assert records[1].findings[0].code == "x12_segment" and "XYZ" in records[1].findings[0].text


def test_a_cut_file_gives_no_half_claim() -> None:
    """Wherever the file ends, a claim is whole or it is not taken."""
    data = file_of(one_set(claim("A1"), claim("A2")))
    whole = {one.patient_control_number: one.document for one in read(data)}
    end = data.index(b"SE*")
    for cut in range(data.index(b"ST*") + 8, end):
        for one in read(data[:cut]):
            assert one.document is None or one.document == whole[one.patient_control_number]
        assert all(one.document is None for one in read(data[:cut])[1:2])


@given(st.data())
def test_damage_is_findings_never_an_exception(data: st.DataObject) -> None:
    """Bytes changed or lost anywhere give records with findings, or a file that is refused in one line."""
    whole = file_of(one_set(claim("A1"), claim("A2")))
    at, length = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 40))
    damaged = whole[:at] + data.draw(st.binary(max_size=5)) + whole[at + length :]
    try:
        read(damaged)
    except UnreadableFile as error:
        assert "\n" not in str(error)


def test_faults_of_the_envelope_are_remarks() -> None:
    """A wrong count is shown, as record 0 and a warning: no claim is worse for it."""
    data = file_of(one_set(claim("A1"))).replace(b"GE*1*88", b"GE*7*88")
    records = read(data)
    assert [(one.number, one.findings[0].severity) for one in records if one.findings] == [(0, "warning")]


def test_an_older_version_is_refused_by_name() -> None:
    """4010 is not read: the set is one rejected record."""
    data = file_of(one_set(claim("A1"))).replace(b"005010X222A1", b"004010X098A1")
    records = [one for one in read(data) if one.number]
    assert [one.findings[0].code for one in records] == ["x12_version"]


def test_other_sets_beside_are_told() -> None:
    """Nothing in a file is passed over in silence."""
    data = file_of(one_set(claim("A1")), "ST*276*0009~SE*2*0009~")
    assert [one.findings[0].code for one in read(data) if not one.number] == ["not_claims"]


def test_samples_come_back_from_an_837() -> None:
    """Written by the guide and read again, the content is the same."""
    from gateway.x12.claim_writer import ClaimWriter
    from gateway.x12.values import Delimiters

    writer = ClaimWriter(rules().guides["837P"], Delimiters(), upper=True)
    header = {"submitter": {"organization": "X", "id": "SENDER", "contacts": [{"name": "D", "numbers": [
        {"type": "TE", "number": "5555550100"}]}]}, "receiver": {"name": "Y", "id": "RECEIVER"}}  # fmt: skip
    documents = [complete(one, rules().defaults) | header for one in sample_claims(40, 6, date(2026, 1, 5))]
    segments = ["ST*837*0001*005010X222A1"]
    segments += writer.header(documents[0], reference="B1", date="20260110", time="0930")
    for document in documents:
        segments += writer.claim(document).lines
    segments.append(f"SE*{len(segments) + 1}*0001")
    records = read(file_of("".join(one + "~" for one in segments)))
    hashes = [content_hash(complete(one.document or {}, rules().defaults), rules().defaults) for one in records]
    assert hashes == [content_hash(document, rules().defaults) for document in documents]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the sample corpus is not there")
def test_every_837_of_the_corpus_is_read_or_refused() -> None:
    """Foreign files of every quality: claims with findings, never an exception."""
    read_claims = 0
    for path in sorted(CORPUS.glob("*/*")):
        if path.is_file():
            try:
                found = read(path.read_bytes())
            except UnreadableFile:
                continue
            for record in found:
                admission = admit(record, rules(), TODAY)
                read_claims += admission.content is not None
    assert read_claims > 1000
