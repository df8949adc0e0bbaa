"""What a user of the reader relies on, beyond what the fixtures and the properties show."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Delimiters, Group, Interchange, InterchangeAck

ISA = "ISA*00*          *00*          *ZZ*EXAMPLEPAYER   *30*EXAMPLECLINIC  *260105*0930*^*00501*000000101*0*T*:~"
GS = "GS*HP*PAYERAPP*CLINICAPP*20260105*0930*201*X*005010X221A1~"
END = "GE*1*201~IEA*1*000000101~"


def _file(*segments: str, group: str = GS) -> bytes:
    return (ISA + group + "".join(segment + "~" for segment in segments) + END).encode()


def _sets(data: bytes, **options: int) -> Iterator[TransactionSet]:
    return (item for item in Reader(io.BytesIO(data), **options).items() if isinstance(item, TransactionSet))


def _only_set(data: bytes, **options: int) -> TransactionSet:
    (found,) = _sets(data, **options)
    return found


def test_the_envelope_comes_out_as_values() -> None:
    """ISA, GS and TA1 are values without padding, each before what it holds; a set knows both."""
    data = (ISA + "TA1*000000077*260104*1200*R*025~" + GS + "ST*835*0001~SE*2*0001~" + END).encode()
    interchange, answer, group, opened = Reader(io.BytesIO(data)).items()
    marks = Delimiters("*", ":", "^", "~")
    assert interchange == Interchange(
        *("000000101", "ZZ", "EXAMPLEPAYER", "30", "EXAMPLECLINIC", "T", "260105", "0930", "00501", marks, 0)
    )
    assert answer == InterchangeAck("000000077", "260104", "1200", "R", "025", interchange, 2, 106)
    assert group == Group("HP", "PAYERAPP", "CLINICAPP", "201", "005010X221A1", "20260105", "0930")
    assert isinstance(opened, TransactionSet)
    assert (opened.interchange, opened.group, opened.delimiters) == (interchange, group, marks)
    assert (opened.code, opened.control_number, opened.version) == ("835", "0001", "005010X221A1")


@pytest.mark.parametrize(
    ("st", "gs08", "body", "kind"),
    [
        ("ST*837*0001*005010X222A1", "005010X222A1", [], "837P"),
        ("ST*837*0001*005010X223A2", "005010X223A2", [], "837I"),
        ("ST*837*0001*005010X224A2", "005010X224A2", [], "837D"),
        ("ST*837*0001", "004010X098A1", [], "837P"),
        ("ST*837*0001", "005010", ["LX*1", "SV2*0300*HC:80048*40*UN*1"], "837I"),
        ("ST*837*0001", "", ["LX*1", "SV3*AD:D0120*40"], "837D"),
        ("ST*837*0001", "", ["LX*1", "SV1*HC:99213*40*UN*1"], "837P"),
        ("ST*837*0001", "", [], "837"),
        ("ST*277*0001*005010X214", "005010X214", ["BHT*0085*08*X*20260105*0930*TH"], "277CA"),
        ("ST*277*0001*005010X212", "005010X212", ["BHT*0010*08*X*20260105*0930*DG"], "277"),
        ("ST*277*0001", "005010", ["BHT*0085*08*X*20260105*0930*TH"], "277CA"),
        ("ST*277*0001", "", ["BHT*0010*08*X*20260105*0930*DG"], "277"),
        ("ST*277*0001*006020X313", "006020X313", [], "277"),
        ("ST*276*0001*005010X212", "005010X212", [], "276"),
        ("ST*835*0001", "005010X221A1", [], "835"),
        ("ST*999*0001*005010X231A1", "005010X231A1", [], "999"),
        ("ST*997*0001", "004010", [], "997"),
        ("ST*850*0001", "004010", [], "850"),
    ],
)
def test_the_kind_is_told_by_guide_and_where_it_is_unknown_by_content(
    st: str, gs08: str, body: list[str], kind: str
) -> None:
    """ST01 with ST03, else GS08; a guide that says nothing leaves it to BHT06 and the service lines."""
    data = _file(st, *body, f"SE*{len(body) + 2}*0001", group=f"GS*XX*A*B*20260105*0930*201*X*{gs08}~")
    for chunk_size in (1, 1000):
        opened = _only_set(data, chunk_size=chunk_size)
        assert kind == opened.kind
        assert opened.issues == []


def test_a_segment_over_the_limit_is_skipped_and_counted() -> None:
    """It is a fault with position and offset; the segments around it come out, and SE01 still holds."""
    data = _file("ST*835*0001", "N1*PR*BEFORE", "NTE*ADD*" + "X" * 500, "N1*PE*AFTER", "SE*5*0001")
    for chunk_size in (1, 7, 10_000):
        reader = Reader(io.BytesIO(data), chunk_size=chunk_size, max_segment=200)
        for item in reader.items():
            if isinstance(item, TransactionSet):
                read = [(segment[0], item.position) for segment in item]
                assert read == [("ST", 1), ("N1", 2), ("N1", 4), ("SE", 5)]
                (issue,) = item.issues
                assert (issue.code, issue.severity, issue.segment) == ("segment_too_long", "error", 3)
                assert data[issue.offset :].startswith(b"NTE*ADD*")
        assert reader.issues == []


def test_a_segment_of_the_limit_is_read() -> None:
    """The limit counts the bytes of the segment without its terminator."""
    for length, codes in ((200, []), (201, ["segment_too_long"])):
        data = _file("ST*835*0001", "NTE*ADD*".ljust(length, "X"), "SE*3*0001")
        for chunk_size in (1, 10_000):
            opened = _only_set(data, chunk_size=chunk_size, max_segment=200)
            assert codes == [issue.code for issue in opened.issues]


def test_an_overlong_segment_outside_a_set_is_a_fault_of_the_file() -> None:
    """Garbage between group and set is skipped; the set after it is whole."""
    data = (ISA + GS + "X" * 500 + "~ST*835*0001~SE*2*0001~" + END).encode()
    reader = Reader(io.BytesIO(data), max_segment=200)
    (opened,) = (item for item in reader.items() if isinstance(item, TransactionSet))
    assert opened.issues == []
    assert [(issue.code, issue.segment, issue.offset) for issue in reader.issues] == [
        ("segment_too_long", 3, len(ISA + GS))
    ]


def test_an_isa_behind_an_endless_segment_is_found() -> None:
    """A lost terminator costs the rest of its interchange, not the next one."""
    second = (ISA.replace("*", "|") + GS.replace("*", "|") + "ST|835|0001~SE|2|0001~").encode()
    data = ISA.encode() + b"GS*HP" + b"X" * 5000 + second
    for chunk_size in (1, 50, 10_000):
        reader = Reader(io.BytesIO(data), chunk_size=chunk_size, max_segment=200)
        kinds = [type(item).__name__ for item in reader.items()]
        assert kinds == ["Interchange", "Interchange", "Group", "TransactionSet"]


def test_garbage_cannot_fill_memory_with_issues() -> None:
    """Of each kind a list keeps a hundred issues, and the last one says that there may be more."""
    data = (ISA + GS + "LX*1~" * 5000 + "ST*835*0001~SE*2*0001~" + END).encode()
    reader = Reader(io.BytesIO(data), chunk_size=512)
    list(reader.items())
    issues = [issue for issue in reader.issues if issue.code == "segment_outside_set"]
    assert len(issues) == 100
    assert "not listed" in issues[-1].text
    assert "not listed" not in issues[0].text


def test_blanks_before_a_terminator_are_taken_off_wherever_a_chunk_ends() -> None:
    """Once, the last segment of a chunk kept its trailing blank and another one lost it."""
    data = _file("ST*835*0001 ", "N1*PR*PAYER\x00", "N1*PE*CLINIC\t", "SE*4*0001 ").replace(b"~", b" ~")
    for chunk_size in range(1, len(data)):
        opened = next(_sets(data, chunk_size=chunk_size))
        assert list(opened) == [
            ["ST", "835", "0001"],
            ["N1", "PR", "PAYER"],
            ["N1", "PE", "CLINIC"],
            ["SE", "4", "0001"],
        ]
        assert opened.issues == []


def test_blanks_inside_and_empty_elements_are_kept() -> None:
    """An element is what stands between its separators, also where it is empty or the last."""
    opened = next(_sets(_file("ST*835*0001", "REF* EV*  *", "NM1*QC*1*DE LA CRUZ**", "SE*4*0001")))
    assert list(opened)[1:3] == [["REF", " EV", "  ", ""], ["NM1", "QC", "1", "DE LA CRUZ", "", ""]]


def test_a_stream_that_gives_less_than_asked_is_read_to_its_end() -> None:
    """Pipes and sockets return short reads; only an empty one is the end."""

    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, 3))

    data = _file("ST*835*0001", "N1*PR*PAYER", "SE*3*0001")
    assert len(list(_only_set_of(Trickle(data)))) == 3


def _only_set_of(stream: io.BytesIO) -> TransactionSet:
    return next(item for item in Reader(stream).items() if isinstance(item, TransactionSet))


def test_counts_are_checked_for_a_set_that_nobody_reads() -> None:
    """Faults of a skipped set are there as soon as the reader went on."""
    opened = [*_sets(_file("ST*835*0001", "N1*PR*PAYER", "SE*9*0001"))]
    assert [issue.code for issue in opened[0].issues] == ["se_count"]
    assert (opened[0].position, opened[0].segments_read) == (0, 3)


def test_asking_for_items_again_goes_on_where_the_reader_stands() -> None:
    """Who breaks off inside a set and asks anew gets what follows it; the set left open is checked."""
    reader = Reader(io.BytesIO(_file("ST*835*0001", "N1*PR*P", "SE*4*0001", "ST*835*0002", "N1*PR*P", "SE*3*0002")))
    first = next(item for item in reader.items() if isinstance(item, TransactionSet))
    assert next(iter(first)) == ["ST", "835", "0001"]
    (second,) = reader.items()
    assert isinstance(second, TransactionSet)
    assert second.control_number == "0002"
    assert [issue.code for issue in first.issues] == ["se_count"]
    assert (list(first), first.position, first.offset_of_last) == ([], 1, first.offset)


def test_no_issue_repeats_a_value_of_the_file() -> None:
    """Issues say positions and counts; names and numbers of patients stay in the file."""
    secret = "SECRETNAME"
    data = _file(f"ST*{secret}*{secret}", f"NM1*QC*1*{secret}", f"SE*{secret}*X{secret}", f"NM1*{secret}")
    reader = Reader(io.BytesIO(data.replace(b"GE*1*201", b"GE*SECRETNAME*SECRETNAME")))
    issues = [issue for item in reader.items() if isinstance(item, TransactionSet) for issue in _read(item)]
    told = [*issues, *reader.issues]
    assert {"st_code", "se_count", "se_control_number", "ge_count", "segment_outside_set"} <= {i.code for i in told}
    assert not [issue for issue in told if secret in str(issue)]


def _read(opened: TransactionSet) -> list[object]:
    for _ in opened:
        pass
    return [*opened.issues]


def test_an_interchange_without_repetition_has_none() -> None:
    """ISA11 of a 4010 interchange is the letter U, which separates nothing."""
    data = _file("ST*835*0001", "SE*2*0001").replace(b"*^*00501", b"*U*00401")
    assert _only_set(data).delimiters == Delimiters("*", ":", "", "~")
