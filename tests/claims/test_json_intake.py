"""JSON and NDJSON: each record alone, whatever the file does."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.intake import json_file
from gateway.claims.intake.json_file import read_json
from gateway.claims.intake.ndjson import read_ndjson
from gateway.claims.intake.records import MAX_RECORD, Record, UnreadableFile
from gateway.claims.intake.sniff import detect, peek
from gateway.claims.samples import sample_claims

CLAIMS = list(sample_claims(7, 5, date(2026, 1, 5)))


def from_json(data: bytes | str) -> list[Record]:
    return list(read_json(io.BytesIO(data.encode() if isinstance(data, str) else data)))


def from_lines(data: bytes | str) -> list[Record]:
    return list(read_ndjson(io.BytesIO(data.encode() if isinstance(data, str) else data)))


def codes(records: list[Record]) -> list[str]:
    return [finding.code for record in records for finding in record.findings]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrap", ["list", "claims", "claims last", "claims first", "bom"])
def test_all_forms_of_json(wrap: str, indent: int | None) -> None:
    """A list, or an object that holds it under "claims", with or without byte order mark."""
    values = {
        "list": CLAIMS,
        "claims": {"claims": CLAIMS},
        "claims last": {"made": "2026-01-05", "claims": CLAIMS},
        "claims first": {"claims": CLAIMS, "count": 7},
        "bom": CLAIMS,
    }
    data = json.dumps(values[wrap], indent=indent).encode()
    records = from_json(b"\xef\xbb\xbf" + data if wrap == "bom" else data)
    assert [record.document for record in records] == CLAIMS
    assert [record.number for record in records] == [1, 2, 3, 4, 5, 6, 7]
    assert codes(records) == []


def test_one_object_is_one_claim() -> None:
    """A file may hold just one claim, in any layout."""
    assert [record.document for record in from_json(json.dumps(CLAIMS[0], indent=1))] == CLAIMS[:1]


def test_several_objects_without_a_list() -> None:
    """Pretty-printed objects one after the other are claims too."""
    data = "\n".join(json.dumps(claim, indent=1) for claim in CLAIMS)
    assert [record.document for record in from_json(data)] == CLAIMS


def test_an_empty_list_has_no_records() -> None:
    """Nothing to take in is not a fault."""
    assert from_json("[]") == []
    assert from_json('{"claims": []}') == []


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_chunks_make_no_difference(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file happens to be divided in reading changes nothing."""
    monkeypatch.setattr(json_file, "_CHUNK", chunk)
    tricky = [{"patient_control_number": 'q"\\\\"}]{[', "a": "\\", "é": "ü\n"}, {"b": [["]"], {"c": "}"}]}]
    records = from_json(json.dumps(tricky, ensure_ascii=False))
    assert [record.document for record in records] == [
        {"patient_control_number": 'q"\\\\"}]{[', "a": "\\", "é": "ü"},
        {"b": [["]"], {"c": "}"}]},
    ]


def test_numbers_and_blanks_become_text() -> None:
    """Numbers keep the digits they were written with; what is empty is absent."""
    record = from_json(
        '{"charge": 240.50, "npi": 1234567893, "a": null, "b": "", "c": [], "d": " x ", "e": {"f": null}}'
    )[0]
    assert record.document == {"charge": "240.50", "npi": "1234567893", "d": "x"}


def test_true_and_false_are_named() -> None:
    """Y and N are text in X12; a boolean has no safe reading."""
    record = from_json('{"accepts_assignment": true}')[0]
    assert [(finding.code, finding.field) for finding in record.findings] == [("text_wanted", "accepts_assignment")]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ('{"a": 1,}', "json"),
        ('{"a": NaN}', "json"),
        ('{"a": "b" "c"}', "json"),
        ("7", "not_an_object"),
        ('"text, with {brackets}"', "not_an_object"),
        ('[{"a": 1}]', "not_an_object"),
        ("null", "not_an_object"),
        ('{"a": "1", "a": "2"}', "duplicate_key"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "json"),
        ('{"a": ' + "[" * 40 + "1" + "]" * 40 + "}", "nesting"),
        ('{"a": "\\ud800"}', "encoding"),
    ],
)
def test_a_bad_record_never_takes_its_neighbours(bad: str, code: str) -> None:
    """The claims before and after it are read, and it is named by number and place."""
    good = json.dumps(CLAIMS[0])
    records = from_json(f"[{good},{bad},{good}]")
    assert [record.document == CLAIMS[0] for record in records] == [True, False, True]
    assert [record.number for record in records] == [1, 2, 3]
    assert codes(records) == [code]


def test_foreign_bytes_are_placed() -> None:
    """A Latin-1 name in one record sinks that record, and the message says which byte."""
    data = b'[{"a": "x"}, {"a": "Mu\xf1oz"}, {"a": "y"}]'
    records = from_json(data)
    assert [record.document for record in records] == [{"a": "x"}, None, {"a": "y"}]
    assert "byte 10 of the record is not UTF-8" in records[1].findings[0].text
    lines = from_lines(b'{"a": "x"}\n{"a": "Mu\xf1oz"}\n{"a": "y"}\n')
    assert codes(lines) == ["encoding"] and "line 2" in lines[1].findings[0].text


@given(st.integers(0, 2000))
def test_a_cut_list_gives_all_that_is_whole(cut: int) -> None:
    """Wherever the file ends, the records before are read and one line names the rest."""
    data = json.dumps(CLAIMS[:2])
    records = from_json(data[: 1 + cut % (len(data) - 2)])
    whole = [record.document for record in records if record.document]
    assert whole == CLAIMS[: len(whole)]
    assert codes(records) == ["cut_off"]


def test_a_cut_ndjson_keeps_the_lines_before() -> None:
    """The last line is bad by itself."""
    data = "\n".join(json.dumps(claim) for claim in CLAIMS)
    records = from_lines(data[:-9])
    assert [record.document for record in records[:6]] == CLAIMS[:6]
    assert codes(records) == ["json"] and records[6].number == 7


def test_ndjson_with_all_line_ends() -> None:
    """CRLF, empty lines, a byte order mark and a missing last line end are no faults."""
    data = "\ufeff" + "\r\n\r\n".join(json.dumps(claim) for claim in CLAIMS)
    records = from_lines(data)
    assert [record.document for record in records] == CLAIMS
    assert records[1].place == "line 3"


def test_a_huge_line_is_one_bad_record() -> None:
    """Far more than a claim can be is passed over without keeping it."""

    class Endless(io.RawIOBase):
        """One line of 64 MB, then a good one."""

        def __init__(self) -> None:
            self.left = [b'{"a": "' + b"x" * (1 << 20)] + [b"x" * (1 << 20)] * 64 + [b'"}\n', b'{"b": "1"}\n']

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
            if not self.left:
                return 0
            piece = self.left[0][: len(buffer)]
            self.left[0] = self.left[0][len(piece) :]
            if not self.left[0]:
                self.left.pop(0)
            buffer[: len(piece)] = piece
            return len(piece)

    records = list(read_ndjson(io.BufferedReader(Endless())))
    assert codes(records) == ["too_long"] and records[1].document == {"b": "1"}
    records = list(read_json(io.BufferedReader(Endless())))
    assert codes(records) == ["too_long"] and records[1].document == {"b": "1"}
    assert MAX_RECORD < 64 << 20


def test_what_follows_the_end_is_named() -> None:
    """Nothing in a file is passed over in silence."""
    assert codes(from_json('[{"a": "1"}] trailing')) == ["after_the_end"]
    assert codes(from_json('{"a": "1"} trailing')) == ["after_the_end"]


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    """Garbage is records with findings, or an unreadable file; never another exception."""
    for read in (from_json, from_lines):
        for record in read(data):
            assert record.document is not None or record.findings
    try:
        detect(data)
    except UnreadableFile as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[{}]", "json"),
        (b"\xef\xbb\xbf\r\n [", "json"),
        (b'{\n "a": 1}', "json"),
        (b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        (b'{"a": 1}\n', "ndjson"),
        (b'{"a": 1\n{"a": 2}\n', "ndjson"),
        (b'{"claims": [\n{"a": 1},\n{"a": 2}]}', "json"),
        (b'{"claims": [{"a": 1}]}\n', "json"),
        (b"ISA*00*", "x12"),
        (b"\nISA*00*", "x12"),
        (b"claim,charge\n1,2\n", "csv"),
    ],
)
def test_the_format_is_seen_in_the_content(data: bytes, expected: str) -> None:
    """Names lie; first bytes do not."""
    assert detect(data) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04..", "zip"),
        (b"\x1f\x8b\x08", "gzip"),
        ('[{"a": 1}]'.encode("utf-16"), "UTF-16"),
        ('[{"a": 1}]'.encode("utf-16-le"), "UTF-16"),
        (b"<?xml version='1.0'?>", "XML"),
    ],
)
def test_what_can_be_no_claims_is_refused_whole(data: bytes, reason: str) -> None:
    """One clear line says what the file is instead."""
    with pytest.raises(UnreadableFile, match=reason):
        detect(data)


def test_peeking_loses_nothing() -> None:
    """What was looked at comes again."""
    data = bytes(range(256)) * 1000
    head, stream = peek(io.BytesIO(data))
    assert data.startswith(head) and stream.read() == data
