"""What becomes of persons, providers, dates and codes in a copy that can be shared."""

from __future__ import annotations

import io
import tracemalloc
from datetime import date

import pytest
from copies import copier, copy_of, interchange, lines
from hypothesis import given
from hypothesis import strategies as st

from gateway.deidentify.identifiers import Identifiers, check_digit, rule_of
from gateway.deidentify.rules import COLUMNS, Rules
from gateway.errors import UsageError

GRETA = ("NM1*IL*1*OAKSHOTT*GRETA*M**JR*MI*W12345678", "N3*4 MILL LANE", "N4*EASTHAVEN*NY*10999", "DMG*D8*19800401*F")
CLAIM = ("CLM*VISIT-1001*185***11:B:1*Y*A*Y*Y", "DTP*431*D8*20260110", "HI*ABK:J45909")
LINE = ("LX*1", "SV1*HC:99214*185*UN*1***1", "DTP*472*RD8*20260112-20260114", "NTE*ADD*GRETA SAW DR BRAMLEY")


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def test_a_person_is_another_and_the_claim_is_the_same() -> None:
    """Names, address, identifiers and notes are others; generation, state, sex, money and codes are as they were."""
    name, street, town, born, claim, *_ = made = lines(copy_of(interchange("HL*1**22*0", *GRETA, *CLAIM, *LINE)))[1:]
    text = "".join(made)
    for word in ("OAKSHOTT", "GRETA", "12345678", "MILL LANE", "EASTHAVEN", "10999", "1001", "19800401", "BRAMLEY"):
        assert word not in text, word
    elements = name.split("*")
    assert elements[:3] + elements[6:9] == ["NM1", "IL", "1", "", "JR", "MI"]
    assert len(elements[5]) == 1, "an initial stays an initial"
    assert elements[9][0].isalpha() and elements[9][1:].isdecimal() and len(elements[9]) == 9
    assert town.split("*")[2:] == ["NY", town.split("*")[3]] and town.split("*")[3].startswith("109")
    assert street != "N3*" and born.endswith("*F")
    assert claim.startswith("CLM*") and claim.endswith("*185***11:B:1*Y*A*Y*Y")
    assert made[6] == "HI*ABK:J45909" and made[8] == "SV1*HC:99214*185*UN*1***1"
    assert made[-1] == "NTE*ADD*REMOVED"


def test_dates_of_a_person_keep_their_order_and_distance() -> None:
    """Birth, onset and service move by the same days; the days of the file move less, never ahead of the service."""
    header = "BHT*0019*00*B1*20260115*1200*CH"
    made = lines(copy_of(interchange(header, "HL*1**22*0", *GRETA, *CLAIM, *LINE)))
    written = _day(made[0].split("*")[4])
    born, onset = _day(made[5].split("*")[2]), _day(made[7].split("*")[3])
    service = made[11].split("*")[3]
    first, last = _day(service[:8]), _day(service[9:])
    back = date(1980, 4, 1) - born
    assert (date(2026, 1, 10) - onset, date(2026, 1, 12) - first, date(2026, 1, 14) - last) == (back, back, back)
    assert first < last < written < date(2026, 1, 15)
    assert date(2026, 1, 15) - written <= back


def test_who_is_ninety_or_older_is_ninety() -> None:
    """Two persons of 95 and 104 years have the same year of birth."""
    years = set()
    for born in ("19310401", "19211230"):
        one = ("BHT*0019*00*B1*20260115*1200*CH", "HL*1**22*0", GRETA[0], f"DMG*D8*{born}*F")
        years.add(lines(copy_of(interchange(*one)))[-1].split("*")[2])
    assert len(years) == 1


def test_the_same_person_is_the_same_in_every_kind_of_file() -> None:
    """Name, member number, claim numbers and dates of an 837 are those of a 277CA, a 999 and an 835 under one key."""
    by = copier()
    claim = ("HL*1**22*0", *GRETA, *CLAIM, *LINE, "REF*D9*HOUSE77")
    status = ("HL*4*3*PT", GRETA[0].replace("IL", "QC"), "TRN*2*VISIT-1001", "REF*D9*HOUSE77", "DTP*472*D8*20260112")
    payment = ("CLP*VISIT-1001*1*185*100**12*PAY900", GRETA[0].replace("IL", "QC"), "DTM*232*20260112")
    blamed = ("AK2*837*0001", "IK3*CLM*7**8", "CTX*CLM01:VISIT-1001", "IK5*R*5")
    sent, answered, paid, refused = (lines(copy_of(interchange(*one), by)) for one in (claim, status, payment, blamed))
    number = sent[5].split("*")[1]
    assert sent[1].split("*")[3:] == answered[1].split("*")[3:] == paid[1].split("*")[3:]
    assert answered[2] == f"TRN*2*{number}" and paid[0].split("*")[1] == number and refused[2] == f"CTX*CLM01:{number}"
    assert sent[-1] == answered[3]
    day = sent[10].split("*")[3][:8]
    assert answered[4] == f"DTP*472*D8*{day}" and paid[2] == f"DTM*232*{day}"


def test_another_key_gives_other_fakes() -> None:
    """Copies under two keys have no name, number or date in common; under the same key they are byte for byte alike."""
    file = interchange("HL*1**22*0", *GRETA, *CLAIM)
    first, again, other = (lines(copy_of(file, copier(key))) for key in (b"one", b"one", b"two"))
    assert first == again
    same = [one for one, two in zip(first, other, strict=True) if one == two]
    assert same == ["HL*1**22*0", "HI*ABK:J45909"]


def test_a_dependent_has_dates_of_his_own_and_other_insured_do_not_count() -> None:
    """A claim's dates follow the patient, not the subscriber, and not the subscriber of a further payer."""
    by = copier()
    child = ("HL*2*1*23*0", "NM1*QC*1*OAKSHOTT*JUNE", "CLM*A1*5", "NM1*IL*1*OTHER*PERSON", "DTP*472*D8*20260112")
    alone = ("HL*2*1*23*0", "NM1*QC*1*OAKSHOTT*JUNE", "DTP*472*D8*20260112")
    assert (
        lines(copy_of(interchange("HL*1**22*1", *GRETA, *child), by))[-1] == lines(copy_of(interchange(*alone), by))[-1]
    )
    beside = ("CLP*A1*1*5*5", "NM1*QC*1*OAKSHOTT*JUNE", "NM1*IL*1*OAKSHOTT*GRETA", "DTM*232*20260112")
    day = lines(copy_of(interchange(*alone), by))[-1].split("*")[3]
    assert lines(copy_of(interchange(*beside), by))[-1] == f"DTM*232*{day}"


def test_providers_are_others_unless_they_are_to_be_kept() -> None:
    """A provider's name and numbers become valid ones, in the envelope, too, unless a flag says so; payers stay."""
    parties = (
        "NM1*85*2*LAKEVIEW FAMILY MEDICINE*****XX*1999000007",
        "REF*EI*900123456",
        "PRV*BI*PXC*207Q00000X",
        "NM1*PR*2*EVERGREEN HEALTH PLAN*****PI*99001",
    )
    file = interchange(*parties, sender="ZZ:1999000007")
    billing, tax, specialty, payer = lines(copy_of(file))
    npi = billing.split("*")[9]
    assert npi != "1999000007" and rule_of(npi) == "npi" and "LAKEVIEW" not in billing
    assert tax.split("*")[2] != "900123456" and len(tax.split("*")[2]) == 9
    assert (specialty, payer) == parties[2:]
    assert copy_of(file).count(npi.encode()) == 3, "NM109, ISA06 and GS02"
    assert b"1999000007" not in copy_of(file)
    kept = lines(copy_of(file, copier(keep_providers=True)))
    assert tuple(kept) == parties


@pytest.mark.parametrize(
    ("segment", "hidden"),
    [
        ("XYZ*GRETA OAKSHOTT*123-45-6789", "GRETA"),
        ("NM1*IL*1*OAKSHOTT*GRETA*******W12345678*EXTRA", "EXTRA"),
        ("SBR*P*18*******OAKSHOTT", "OAKSHOTT"),
        ("SBR*P*18*******MEMBER123", "MEMBER123"),
        ("CLM*A*OAKSHOTT", "OAKSHOTT"),
        ("CLM*A*19800401", "19800401"),
        ("CLM*A*123456789", "123456789"),
        ("HI*ABK:OAKSHOTT:D8:19800401", "OAKSHOTT"),
        ("DTP*472*D8*BORN 19800401", "19800401"),
        ("ST*OAKSHOTT*GRETA", "OAKSHOTT"),
        ("OAKSHOTT*GRETA", "OAKSHOTT"),
        ("CTX*OAKSHOTT:GRETA", "GRETA"),
        ("IK4*1*66*7*OAKSHOTT", "OAKSHOTT"),
        ("PER*IC*GRETA*TE*5555550100*EM*greta@lakeview.example", "lakeview"),
        ("K3*OAKSHOTT", "OAKSHOTT"),
        ("STC*A1:20*20260101*WQ*1*******MRS OAKSHOTT CALLED", "OAKSHOTT"),
    ],
    ids=lambda value: value[:24],
)
def test_what_no_rule_knows_never_passes(segment: str, hidden: str) -> None:
    """A segment, an element or a value in the wrong place is replaced, not handed on."""
    assert hidden.encode() not in copy_of(interchange(segment))


def test_places_that_no_row_names_are_counted() -> None:
    """Who shares a copy learns where it may be less valid than the file; values are not named."""
    by = copier()
    copy_of(interchange("XYZ*GRETA", "NM1*IL*1*OAKSHOTT********EXTRA*MORE*END"), by)
    assert by.unknown == {"XYZ01": 1, "NM112": 1, "NM113": 1}


@pytest.mark.parametrize(
    "text", ["1999000007", "1234567893", "1EG4TE5MK73", "212345678", "11D2030122", "A-0", "007", "é1"]
)
def test_an_identifier_keeps_its_shape_and_its_rule(text: str) -> None:
    """Length, letters, digits, zeros in front and punctuation stay; NPI, MBI, SSN and CLIA numbers stay valid."""
    fake = Identifiers(b"key").fake(text)
    assert fake != text and len(fake) == len(text) and rule_of(fake) == rule_of(text)
    shapes = [["9" if c.isdigit() else "X" if c.isalpha() else c for c in value] for value in (fake, text)]
    assert rule_of(text) == "mbi" or shapes[0] == shapes[1]


@given(
    st.lists(st.from_regex(r"[A-Z]{0,2}[0-9]{1,5}", fullmatch=True), unique=True, max_size=40), st.binary(min_size=1)
)
def test_no_two_identifiers_become_one(values: list[str], key: bytes) -> None:
    """Fakes are as many as the originals, none is its own original, and each has its shape."""
    fakes = Identifiers(key)
    made = [fakes.fake(value) for value in values]
    assert len(set(made)) == len(made)
    assert all(fake != value or set(value) == {"0"} for fake, value in zip(made, values, strict=True))


@given(st.integers(100_000_000, 299_999_999), st.binary(min_size=1))
def test_every_npi_becomes_an_npi(number: int, key: bytes) -> None:
    """The check digit of a fake is right."""
    npi = f"{number}{check_digit(str(number))}"
    fake = Identifiers(key).fake(npi)
    assert fake[9] == check_digit(fake[:9]) and (fake == npi) is False


def test_delimiters_line_ends_and_blanks_stay() -> None:
    """Whatever an interchange is written with, its copy is written with; a file that is cut off stays cut off."""
    file = interchange("NM1*IL*1* OAKSHOTT ", "HI*ABK:J45909^ABF:I10")
    file = file.translate(bytes.maketrans(b"*:^~\n", b"|>!\n\n")).replace(b"\n\n", b"\r\n")
    file = file.replace(b"\r\n", b"\n").removesuffix(b"\n")
    made = copy_of(file)
    assert made[:110].count(b"|") == file[:110].count(b"|") and made.count(b"\n") == file.count(b"\n")
    assert b"HI|ABK>J45909!ABF>I10\n" in made and not made.endswith(b"\n")
    assert b"| " in made.split(b"NM1")[1].split(b"\n")[0], "blanks around a value stay"


def test_passwords_of_the_envelope_are_replaced() -> None:
    """ISA02 and ISA04 leave no secret, and the ISA keeps its width."""
    file = interchange("NM1*IL*1*A").replace(b"*00*          *00*          *", b"*03*LAKEVIEW  *01*hunter2   *")
    made = copy_of(file)
    assert b"LAKEVIEW" not in made and b"hunter2" not in made and made.index(b"GS*") == file.index(b"GS*")


def test_memory_stays_flat() -> None:
    """A file of 20 MB is copied as it is read, within a few."""
    body = "".join(f"CLP*N{n}*1*5*5~NM1*QC*1*L{n}*F~NTE*ADD*{'TEXT ' * 4000}~" for n in range(5))
    start, end = interchange("BHT*0019")[:260], interchange()[-30:]

    class Long(io.RawIOBase):
        parts = iter([start, *[body.encode()] * 200, end])

        def read(self, _count: int = -1) -> bytes:
            return next(self.parts, b"")

    class Nowhere(io.RawIOBase):
        written = 0

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.written += len(data)
            return len(data)

    out = Nowhere()
    tracemalloc.start()
    copier().copy(Long(), out)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out.written > 30_000
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"%PDF-1.7 nothing", b"ISA*00*   "], ids=["empty", "blank", "pdf", "cut"]
)
def test_what_is_no_x12_has_no_copy(data: bytes) -> None:
    """There is an error, not an empty copy."""
    with pytest.raises(UsageError):
        copy_of(data)


@pytest.mark.parametrize(
    "row",
    ["NM1,1,,id,", "NM1,01,,nothing,", "NM1,01,party=me,id,", "NM1,01,,id"],
    ids=["place", "action", "when", "cells"],
)
def test_a_table_that_is_wrong_names_its_row(row: str) -> None:
    """A table that cannot be read is refused as a whole."""
    with pytest.raises(UsageError, match="row 2"):
        Rules(f"{','.join(COLUMNS)}\n{row}\n")
