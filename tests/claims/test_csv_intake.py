"""CSV through a mapping: rows to claims, and what happens to rows and files that are not as they should be."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from claim_files import MAPPINGS, TODAY, rules
from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.admission import admit
from gateway.claims.intake.csv_file import read_csv
from gateway.claims.intake.csv_mapping import SourceMapping, load_mapping
from gateway.claims.intake.files import read_claims
from gateway.claims.intake.records import Record, UnreadableFile
from gateway.claims.samples import sample_claims, write_sample_csv
from gateway.errors import UsageError
from gateway.exchange.admission_rules import source_mapping as shipped

SMALL = """
[source]
type = "professional"
claim = "No"
optional = ["Note"]

[formats]
date = ["MM/DD/YYYY", "M/D/YYYY"]

[lookups.sex]
Female = "F"
Male = "M"

[when]
patient = { column = "Relation", not = ["self"] }

[claim]
patient_control_number = "No"
charge = { sum = "Amount" }
"subscriber.last_name" = { column = "Name", split = ",", part = 1 }
"subscriber.first_name" = { column = "Name", pattern = ",\\\\s*(\\\\S+)" }
"subscriber.gender" = { column = "Sex", lookup = "sex" }
"patient.last_name" = { column = "Name", split = ",", part = 1 }
diagnoses = { columns = ["Dx1", "Dx2"], each = "code" }
prior_authorization = { column = "Note", default = "NONE" }

[lines]
service_date = { column = "Date", as = "date" }
charge = { column = "Amount", as = "money" }
"procedure.code" = "Code"
"procedure.modifiers" = { column = "Mods", split = "characters", list = true }
"""
HEADER = "No,Name,Sex,Relation,Dx1,Dx2,Date,Amount,Code,Mods"
ROW = 'A1,"OAK, ADA",female,self,I10,E119,01/05/2026,"$1,200.50",99213,AB'


def small(**changes: str) -> SourceMapping:
    text = SMALL
    for old, new in changes.items():
        text = text.replace(old, new)
    return load_mapping(text, "small.toml")


def read(*rows: str, mapping: SourceMapping | None = None, end: str = "\n") -> list[Record]:
    data = end.join((HEADER, *rows, "")).encode()
    return list(read_csv(io.BytesIO(data), mapping or small()))


def codes(records: Iterable[Record]) -> list[str]:
    return [finding.code for record in records for finding in record.findings]


def test_one_row_is_a_claim_of_one_line() -> None:
    """Columns, sums, lookups, splits, patterns, lists and defaults, as the mapping says."""
    (record,) = read(ROW)
    assert record.findings == []
    assert record.document == {
        "type": "professional",
        "patient_control_number": "A1",
        "charge": "1200.50",
        "subscriber": {"last_name": "OAK", "first_name": "ADA", "gender": "F"},
        "diagnoses": [{"code": "I10"}, {"code": "E119"}],
        "prior_authorization": "NONE",
        "lines": [
            {
                "service_date": "2026-01-05",
                "charge": "1200.50",
                "procedure": {"code": "99213", "modifiers": ["A", "B"]},
            }
        ],
    }


def test_a_constant_may_be_a_list() -> None:
    """A pointer that is the same on every line stands in no column, and is a list all the same."""
    text = SMALL + 'diagnosis_pointers = { constant = "1", list = true }\n'
    (record,) = read(ROW, mapping=load_mapping(text, "small"))
    assert record.document is not None
    assert record.document["lines"][0]["diagnosis_pointers"] == ["1"]


def test_rows_of_a_claim_need_not_stand_together() -> None:
    """They are gathered by the column that names the claim, and numbered by their first rows."""
    records = read(ROW, ROW.replace("A1", "B2"), ROW.replace("99213", "97110"))
    assert [(record.patient_control_number, record.number, record.place) for record in records] == [
        ("A1", 1, "rows 2 to 4"),
        ("B2", 2, "row 3"),
    ]
    lines = (records[0].document or {})["lines"]
    assert [line["procedure"]["code"] for line in lines] == ["99213", "97110"]
    assert (records[0].document or {})["charge"] == "2401.00"


def test_rows_too_far_apart_are_named() -> None:
    """What comes after its claim was handed on is no second claim in disguise."""
    mapping = small(**{'optional = ["Note"]': 'optional = ["Note"]\nwindow = 2'})
    others = [ROW.replace("A1", f"B{number}") for number in range(4)]
    records = read(ROW, *others, ROW, mapping=mapping)
    assert codes(records) == ["rows_apart"]
    assert [record.document is None for record in records] == [False] * 5 + [True]


def test_a_claim_that_contradicts_itself_is_named() -> None:
    """Claim-level columns must agree in all rows; an empty cell is no contradiction."""
    records = read(ROW, ROW.replace("I10", "I11"), ROW.replace("female", ""))
    assert [(one.code, one.field) for one in records[0].findings] == [("rows_disagree", "diagnoses")]
    assert "row 2 and row 3" in records[0].findings[0].text


def test_a_section_applies_when_its_condition_holds() -> None:
    """A patient is there only where the relation is not self."""
    records = read(ROW, ROW.replace("A1", "B2").replace("self", "child"))
    assert ["patient" in (record.document or {}) for record in records] == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("01/05/2026", "2026-01-05", "lines[0].service_date", "'Date' is not a date as MM/DD/YYYY or M/D/YYYY"),
        ("01/05/2026", "02/30/2026", "lines[0].service_date", "is not a date"),
        ("female", "f?", "subscriber.gender", "'Sex' is not in the mapping's lookup"),
        ("$1,200.50", "1200.505", "lines[0].charge", "'Amount' is not an amount"),
        ("$1,200.50", "", "charge", "'Amount' is not an amount"),
    ],
)
def test_a_cell_that_does_not_fit_is_named(old: str, new: str, field: str, reason: str) -> None:
    """By row, column and reason; its claim is not sent, and no other is worse for it."""
    records = read(ROW.replace(old, new), ROW.replace("A1", "B2"))
    found = [finding for finding in records[0].findings if finding.field == field]
    assert found and reason in found[0].text and found[0].text.startswith("row 2: ")
    assert admit(records[0], rules(), TODAY).is_held
    assert records[1].findings == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_byte_order_mark(end: str) -> None:
    """Files of all systems are read alike."""
    data = "\ufeff" + end.join((HEADER, ROW, ""))
    (record,) = read_csv(io.BytesIO(data.encode()), small())
    assert record.patient_control_number == "A1"


def test_quoted_newlines_stay_in_their_cell() -> None:
    """A note with a line break is one cell, and rows are counted as a spreadsheet does."""
    rows = [ROW.replace("OAK, ADA", "OAK,\nADA"), ROW.replace("A1", "B2")]
    records = read(*rows)
    assert [record.place for record in records] == ["row 2", "row 3"]
    assert (records[0].document or {})["subscriber"]["first_name"] == "ADA"


def test_shifted_cells_sink_their_claim_alone() -> None:
    """An unquoted comma moves values into wrong columns: no line of that claim can be trusted."""
    records = read(ROW, ROW + ",more", ROW.replace("A1", "B2"), "C3,too,few")
    assert codes(records) == ["row_length", "row_length"]
    assert [record.document is None for record in records] == [True, False, True]
    assert records[0].patient_control_number == "A1"


def test_a_row_without_claim_number_is_its_own_record() -> None:
    """It belongs to nobody, and is named."""
    records = read(ROW, ROW.replace("A1", " "))
    assert codes(records) == ["no_claim_number"] and "row 3" in records[1].findings[0].text


def test_empty_rows_are_none() -> None:
    """Exports end with them."""
    assert len(read(ROW, "", ",,,,,,,,,")) == 1


def test_a_foreign_byte_sinks_its_claim_alone() -> None:
    """Latin-1 in a file that says UTF-8 is placed by row, column and byte."""
    data = f"{HEADER}\n{ROW}\n".encode() + ROW.replace("A1", "B2").replace("ADA", "I\xd1\xc9S").encode("latin-1")
    records = list(read_csv(io.BytesIO(data), small()))
    assert [record.document is None for record in records] == [False, True]
    assert "row 3: column 'name' has byte 0xD1, which is not utf-8" in records[1].findings[0].text


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_other_encodings_are_declared(encoding: str) -> None:
    """What the mapping says is believed."""
    mapping = small(**{'claim = "No"': f'claim = "No"\nencoding = "{encoding}"'})
    data = f"{HEADER}\n{ROW.replace('ADA', 'INÉS')}\n".encode(encoding)
    (record,) = read_claims(io.BytesIO(data), guides={}, mapping=mapping)
    assert (record.document or {})["subscriber"]["first_name"] == "INÉS"


def test_bytes_that_are_no_text_end_the_file() -> None:
    """Half a character of UTF-16 leaves nothing to go on with; the claim before it may lack lines."""
    mapping = small(**{'claim = "No"': 'claim = "No"\nencoding = "utf-16"'})
    rows = "\n".join(ROW.replace("A1", f"A{number}") for number in range(300))
    half = b"\x00\xd8\x41\x00\n\x00"
    records = list(read_csv(io.BytesIO(f"{HEADER}\n{rows}\n".encode("utf-16") + half), mapping))
    assert len(records) > 100 and codes(records) == ["cut_off", "unreadable_rest"]
    with pytest.raises(UnreadableFile, match="bytes that are not utf-16"):
        list(read_csv(io.BytesIO(HEADER.encode("utf-16") + half), mapping))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("Amount", "Price"), "row 1: column 'Amount' of small.toml is not in the header"),
        ("No,Name", "row 1: columns 'Amount', 'Code', 'Date'"),
        (HEADER + ",No", "row 1: column 'No' stands there twice"),
    ],
)
def test_a_wrong_header_refuses_the_file(header: str, reason: str) -> None:
    """One line names the column; nothing is read."""
    with pytest.raises(UnreadableFile, match=reason):
        list(read_csv(io.BytesIO(f"{header}\n{ROW}\n".encode()), small()))


def test_optional_and_unused_columns() -> None:
    """An optional column may be there; one that the mapping does not know is told once, and holds nothing."""
    data = f"{HEADER},Note,Colour\n{ROW},PA7,red\n".encode()
    remark, record = read_csv(io.BytesIO(data), small())
    assert (remark.number, codes([remark])) == (0, ["columns_unused"])
    assert "colour" in remark.findings[0].text and remark.findings[0].severity == "warning"
    assert (record.document or {})["prior_authorization"] == "PA7"


def test_an_open_quote_ends_the_file_in_one_line() -> None:
    """What is complete before it is kept; the claim right before may lack lines, and the rest cannot be told apart."""
    records = read(ROW, ROW.replace("A1", "B2"), 'C3,"never closed', *[ROW.replace("A1", f"D{n}") for n in range(99)])
    assert [record.patient_control_number for record in records] == ["A1", "B2", None]
    assert [record.document is None for record in records] == [False, True, True]
    assert codes(records) == ["cut_off", "unreadable_rest"]


def test_scattered_rows_make_an_open_quote_worse() -> None:
    """Where rows of a claim stand apart, any claim may have gone on behind the place that cannot be read."""
    records = read(ROW, ROW.replace("A1", "B2"), ROW, 'C3,"never closed')
    assert codes(records) == ["cut_off", "cut_off", "unreadable_rest"]


def test_a_cut_file_is_not_a_shorter_claim() -> None:
    """Where the file ends inside a row or a quote, the claim of that row is not taken without it."""
    data = "\n".join((HEADER, ROW, ROW.replace("A1", "B2"), ROW.replace("A1", "B2"))).encode()
    whole = [record.document for record in read_csv(io.BytesIO(data), small())]
    for cut in range(len(data) - len(ROW) + 1, len(data) - 2):
        records = list(read_csv(io.BytesIO(data[:cut]), small()))
        assert records[0].document == whole[0]
        assert all(record.document is None for record in records[1:]), data[:cut][-20:]


def test_one_line_with_bad_quotes_is_one_bad_row() -> None:
    """It sinks its own claim, named by row; those around it are read."""
    records = read(ROW, ROW.replace('"OAK, ADA"', '"OAK" ADA').replace("A1", "B2"), ROW.replace("A1", "C3"))
    assert codes(records) == ["quote"]
    assert [(record.patient_control_number, record.document is None) for record in records] == [
        ("A1", False), ("B2", True), ("C3", False),
    ]  # fmt: skip


def test_a_huge_line_is_passed_over() -> None:
    """A line that is no line of a table is a bad row of the claim that it names, in bounded memory."""
    records = read(ROW, "B2," + "x" * (3 << 20), ROW.replace("A1", "B2"), ROW.replace("A1", "C3"))
    assert codes(records) == ["too_long"]
    assert [(record.patient_control_number, record.document is None) for record in records] == [
        ("A1", False), ("B2", True), ("C3", False),
    ]  # fmt: skip


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    """Garbage is records with findings, or a file that is refused."""
    try:
        for record in read_csv(io.BytesIO(f"{HEADER}\n{ROW}\n".encode() + data), small()):
            assert record.document is not None or record.findings
    except UnreadableFile:
        pytest.fail("the header is good")


def test_the_content_decides_not_the_name() -> None:
    """A mapping is for CSV, and CSV needs one."""
    csv_data = io.BytesIO(f"{HEADER}\n{ROW}\n".encode())
    with pytest.raises(UnreadableFile, match="--mapping"):
        read_claims(csv_data, guides={})
    with pytest.raises(UnreadableFile, match="needs no mapping"):
        read_claims(io.BytesIO(b"[{}]"), guides={}, mapping=small())


def test_the_shipped_mappings_name_fields_of_the_guide() -> None:
    """Every field of a shipped mapping is one that the guide has."""
    for name in ("example", "generic_pm"):
        assert shipped(name).claim_fields


def test_the_generic_export_gives_sound_claims() -> None:
    """The second shipped layout: semicolons, names in one column, letters as pointers, no total."""
    data = (MAPPINGS.parent / "fixtures" / "claims" / "generic_pm.csv").read_bytes()
    records = list(read_claims(io.BytesIO(data), guides={}, mapping=shipped("generic_pm")))
    admissions = [admit(record, rules(), TODAY) for record in records]
    assert [(one.place, one.findings) for one in admissions] == [("rows 2 to 4", []), ("row 3", [])]
    first, second = (one.content.document for one in admissions if one.content)
    assert (first["charge"], first["lines"][0]["diagnosis_pointers"]) == ("1240.00", ["1", "2"])
    assert first["lines"][1]["service_date"] == "2026-01-05/2026-01-07"
    assert second["patient"]["relationship"] == "19" and second["subscriber"]["last_name"] == "Muñoz"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('claim = "No"', "", r"\[source\] claim: is missing"),
        ('type = "professional"', 'type = "vision"', r"line 3: \[source\] type: must be one of"),
        ('claim = "No"', 'claim = "No"\nencoding = "utf-99"', r"line 5: \[source\] encoding"),
        ('claim = "No"', 'clam = "No"', r"line 4: \[source\] clam: is no key of a mapping; did you mean 'claim'"),
        ('as = "date"', 'as = "day"', r"line \d+: \[lines\] service_date: as = 'day' is not known"),
        ('lookup = "sex"', 'lookup = "gender"', r"line \d+: \[claim\] subscriber.gender: lookup = 'gender'"),
        ('{ sum = "Amount" }', '{ sum = "Amount", column = "X" }', r"line \d+: \[claim\] charge: needs exactly one of"),
        ('{ sum = "Amount" }', "7", r"line \d+: \[claim\] charge: must be a column's name"),
        ('"procedure.code" = ', '"Procedure Code" = ', r"line \d+: \[lines\] Procedure Code: is no field"),
        ('date = ["MM/DD/YYYY", "M/D/YYYY"]', 'date = ["MM/DD"]', r"line \d+: \[formats\] date: 'MM/DD' must have"),
        (',\\\\s*(\\\\S+)"', '(", part = 1', r"line \d+: \[claim\] subscriber.first_name: pattern"),
        ('not = ["self"]', 'nott = ["self"]', r"line \d+: \[when\] patient: nott is no key"),
        ("[lines]", "[lins]", r"lins: is no key of a mapping; did you mean 'lines'"),
        ('claim = "No"', 'claim = "No', r"small\.toml: .*line 4"),
    ],
)  # fmt: skip
def test_a_fault_in_a_mapping_is_named(old: str, new: str, reason: str) -> None:
    """By file, line and key: the person who writes it sees where to look."""
    assert old in SMALL
    with pytest.raises(UsageError, match=reason):
        load_mapping(SMALL.replace(old, new), "small.toml")


def test_a_mapping_may_not_invent_fields() -> None:
    """A field that the guide does not have is a typo, found when the mapping is read."""

    def knows(_type: str, path: str) -> bool:
        return path != "lines[].procedure.code"

    with pytest.raises(UsageError, match=r"\[lines\] procedure.code: is no field of a professional claim"):
        load_mapping(SMALL, "small.toml", knows)


def test_memory_holds_a_window_not_the_file() -> None:
    """Claims come out while the file is read."""
    seen: list[int] = []
    out = io.StringIO()
    write_sample_csv(sample_claims(60, 1, date(2026, 1, 5)), out)

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            seen.append(self.tell())
            return super().read(min(size or 1024, 1024) if size and size > 0 else 1024)

        def read1(self, size: int | None = -1) -> bytes:
            return self.read(size)

    text = (MAPPINGS / "sources" / "example.toml").read_text(encoding="utf-8")
    mapping = load_mapping(text.replace("# window = 50000", "window = 5"), "example.toml")
    records = read_csv(Counting(out.getvalue().encode()), mapping)
    next(records)
    assert max(seen) < len(out.getvalue()) // 2
    assert sum(1 for _ in records) == 59


def test_documents_of_csv_are_text() -> None:
    """Nothing but text, lists and objects comes out."""

    def only_text(value: Any) -> bool:
        if isinstance(value, dict):
            return all(only_text(item) for item in value.values())
        return all(only_text(item) for item in value) if isinstance(value, list) else isinstance(value, str)

    assert all(only_text(record.document) for record in read(ROW, ROW.replace("A1", "B2")))
