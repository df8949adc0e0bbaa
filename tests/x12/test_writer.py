"""What is written reads back the same, and what would break an interchange is refused without showing its value."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import x12_files as made
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.x12.delimiters import DelimiterError
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Delimiters, Group, Interchange
from gateway.x12.writer import DelimiterInData, EnvelopeError, Joined, Writer, WriterOrderError

USUAL = Delimiters()
INTERCHANGE = Interchange("000000101", "ZZ", "SENDER", "30", "RECEIVER", "T", "260105", "0930", "00501", USUAL)
GROUP = Group("HC", "SENDERAPP", "RECEIVERAPP", "201", "005010X222A1", "20260105", "0930")

plain = st.text("ABCXYZ0189 -.", max_size=8).map(lambda text: text.strip(" "))
composites = st.lists(plain, min_size=1, max_size=4)
repeats = st.lists(composites, min_size=1, max_size=3)
elements = st.one_of(plain, composites, repeats.filter(lambda found: len(found) > 1))


def _open(marks: Delimiters = USUAL, *, newline: bool = False) -> tuple[io.BytesIO, Writer]:
    out = io.BytesIO()
    writer = Writer(out, marks, newline=newline)
    writer.open_interchange(replace(INTERCHANGE, delimiters=marks))
    writer.open_group(GROUP)
    writer.open_set("837", "0001", "005010X222A1")
    return out, writer


def _close(writer: Writer) -> tuple[int, int, int]:
    return writer.close_set(), writer.close_group(), writer.close_interchange()


def _joined(writer: Writer, element: object) -> str:
    if isinstance(element, str):
        return element
    assert isinstance(element, list)
    if all(isinstance(part, str) for part in element):
        return writer.composite(element)
    return writer.repeat([writer.composite(part) for part in element])


def _trimmed(values: list[str]) -> list[str]:
    while values and not values[-1]:
        values.pop()
    return values


def _expected(marks: Delimiters, element: object) -> str:
    """The text of an element by X12's rules: no trailing empty components or repetitions."""
    if isinstance(element, str):
        return element
    assert isinstance(element, list)
    if all(isinstance(part, str) for part in element):
        return marks.component.join(_trimmed(list(element)))
    return marks.repetition.join(_trimmed([marks.component.join(_trimmed(list(part))) for part in element]))


@given(made.delimiters, st.booleans(), st.lists(st.tuples(made.names, st.lists(elements, max_size=6)), max_size=8))
def test_what_is_written_reads_back(marks: Delimiters, newline: bool, body: list[tuple[str, list[object]]]) -> None:
    """For any delimiters: the same segments without trailing empty elements, the same envelope, and no fault."""
    clash = set("ABCXYZ0189 -.") & set(marks)
    body = [(name, [e for e in row if not clash & set(_flat(e))]) for name, row in body]
    out, writer = _open(marks, newline=newline)
    wanted = [["ST", "837", "0001", "005010X222A1"]]
    for name, row in body:
        expected = [name, *_trimmed([_expected(marks, element) for element in row])]
        ordinal = writer.segment([name, *(_joined(writer, element) for element in row)])
        assert ordinal == (len(wanted) + 1 if len(expected) > 1 else 0)
        if len(expected) > 1:
            wanted.append(expected)
    counts = _close(writer)
    reader = Reader(io.BytesIO(out.getvalue()))
    interchange, group, opened = (_all(item) for item in reader.items())
    assert counts == (len(wanted) + 1, 1, 1)
    assert interchange == replace(INTERCHANGE, delimiters=marks)
    assert group == GROUP
    assert isinstance(opened, list)
    assert [_trimmed(segment) for segment in opened[:-1]] == [_trimmed(segment) for segment in wanted]
    assert reader.issues == []


def _all(item: object) -> object:
    if not isinstance(item, TransactionSet):
        return item
    read = list(item)
    assert item.issues == []
    return read


def _flat(element: object) -> str:
    return element if isinstance(element, str) else "".join(map(_flat, element))  # type: ignore[call-overload]


def test_the_isa_is_106_wide_and_the_numbers_are_computed() -> None:
    """The bytes of a whole file, as a partner sees them."""
    out, writer = _open()
    writer.segment(["BHT", "0019", "00", "B1", "20260105", "0930", "CH"])
    assert _close(writer) == (3, 1, 1)
    assert out.getvalue() == (
        b"ISA*00*          *00*          *ZZ*SENDER         *30*RECEIVER       *260105*0930*^*00501*000000101*0*T*:~"
        b"GS*HC*SENDERAPP*RECEIVERAPP*20260105*0930*201*X*005010X222A1~"
        b"ST*837*0001*005010X222A1~BHT*0019*00*B1*20260105*0930*CH~SE*3*0001~GE*1*201~IEA*1*000000101~"
    )
    assert out.getvalue().index(b"GS*") == 106


def test_isa01_to_04_and_14_are_a_partners_choice() -> None:
    """Some receivers want a login in ISA02 and ISA04, or ask for a TA1."""
    out = io.BytesIO()
    writer = Writer(out, USUAL)
    writer.open_interchange(
        INTERCHANGE, authorization=("03", "LOGIN"), security=("01", "WORD"), wants_acknowledgment=True
    )
    writer.close_interchange()
    assert out.getvalue().startswith(b"ISA*03*LOGIN     *01*WORD      *ZZ*")
    assert out.getvalue()[99:106] == b"*1*T*:~"
    assert out.getvalue().endswith(b"~IEA*0*000000101~")


def test_groups_and_sets_are_counted_each() -> None:
    """GE01 counts the sets of its group, IEA01 the groups, SE01 the segments of its set."""
    out = io.BytesIO()
    writer = Writer(out, USUAL, newline=True)
    writer.open_interchange(INTERCHANGE)
    for group in ("201", "202"):
        writer.open_group(replace(GROUP, control_number=group))
        for number in range(1, 4):
            writer.open_set("837", f"{number:04}", "005010X222A1")
            for line in range(number):
                writer.segment(["LX", str(line + 1)])
            assert writer.close_set() == number + 2
        assert writer.close_group() == 3
    assert writer.close_interchange() == 2
    reader = Reader(io.BytesIO(out.getvalue()))
    sets = [item for item in reader.items() if isinstance(item, TransactionSet)]
    assert [opened.segments_read for opened in sets] == [3, 4, 5, 3, 4, 5]
    assert reader.issues == []
    assert out.getvalue().count(b"~\n") == out.getvalue().count(b"~")


@pytest.mark.parametrize(
    ("segment", "element"),
    [
        (["NM1", "QC", "1", "SECRET*NAME"], "03"),
        (["NM1", "QC", "1", "SECRET~"], "03"),
        (["NM1", "QC", "1", "SECRET:NAME"], "03"),
        (["NM1", "SECRET^NAME", "1"], "01"),
        (["NM1", "QC", "SECRET\nNAME"], "02"),
        (["NM1", "QC", "SECRET\x00"], "02"),
        (["NM1", "QC", "SECRET\x85"], "02"),
        (["NM1", "", "", "", "", "*"], "05"),
    ],
)
def test_a_delimiter_in_data_is_refused_without_its_value(segment: list[str], element: str) -> None:
    """The error names segment and element; nothing of the segment is written; the set can go on."""
    out, writer = _open()
    with pytest.raises(DelimiterInData) as refused:
        writer.segment(segment)
    assert (refused.value.segment_id, refused.value.element) == ("NM1", element)
    assert "SECRET" not in str(refused.value)
    assert str(refused.value).startswith("NM1" + element)
    assert isinstance(refused.value, GatewayError)
    assert writer.segment(["NM1", "QC", "1"]) == 2
    assert _close(writer)[0] == 3
    assert b"SECRET" not in out.getvalue()


@pytest.mark.parametrize(
    ("components", "element"),
    [
        (["HC", "992:13"], "01-2"),
        (["H*C", "99213"], "01-1"),
        (["HC", "99213", "^"], "01-3"),
        (["HC", "99213~"], "01-2"),
        (["HC\r", "99213"], "01-1"),
        (["HC", "99213", ":"], "01-3"),
    ],
)
def test_a_delimiter_in_a_component_is_refused(components: list[str], element: str) -> None:
    """Joining does not hide what a component holds: the error names it when the segment is written."""
    _, writer = _open()
    with pytest.raises(DelimiterInData) as refused:
        writer.segment(["SV1", writer.composite(components), "40"])
    assert (refused.value.segment_id, refused.value.element) == ("SV1", element)


def test_an_element_joined_elsewhere_cannot_break_the_segment() -> None:
    """What calls itself joined may hold joints, never a separator, a terminator or a control character."""
    _, writer = _open()
    assert writer.segment(["SV1", Joined("HC:99213"), "40"]) == 2
    for text in ("HC:9*9", "HC:9~9", "HC:9\n9"):
        with pytest.raises(DelimiterInData):
            writer.segment(["SV1", Joined(text), "40"])


def test_a_delimiter_in_a_repetition_is_refused() -> None:
    """Repetitions may be composites that the writer joined, and texts that hold no delimiter."""
    _, writer = _open()
    assert writer.repeat([writer.composite(["A", "1"]), "B", ""]) == "A:1^B"
    with pytest.raises(DelimiterInData):
        writer.segment(["DMG", writer.repeat(["A", "B:1"])])
    with pytest.raises(DelimiterInData):
        writer.segment(["DMG", writer.repeat([writer.composite(["A", "^"]), "B"])])


def test_without_a_repetition_separator_one_value_is_the_most() -> None:
    """ISA11 is U then, and two repetitions are refused rather than run together."""
    out, writer = _open(USUAL._replace(repetition=""))
    writer.segment(["DMG", writer.repeat(["A"])])
    with pytest.raises(DelimiterInData):
        writer.segment(["DMG", writer.repeat(["A", "B"])])
    _close(writer)
    assert out.getvalue()[82:83] == b"U"


def test_an_element_is_translated_to_the_writers_delimiters() -> None:
    """A composite read with other delimiters keeps its parts; a part that clashes is refused."""
    source = Delimiters("|", ">", "!", "'")
    _, writer = _open()
    assert writer.translate("HC>99213>>25", source) == "HC:99213::25"
    assert writer.translate("A>1!B>2", source) == "A:1^B:2"
    assert writer.translate("PLAIN", source) == "PLAIN"
    with pytest.raises(DelimiterInData):
        writer.segment(["NTE", writer.translate("A>B:C", source)])
    with pytest.raises(DelimiterInData):
        writer.segment(["NTE", writer.translate("A:C", source)])


def test_no_segment_without_data() -> None:
    """A segment whose elements are all empty is left out and not counted; trailing empty elements are too."""
    out, writer = _open()
    assert writer.segment(["PER", "", "", ""]) == 0
    assert writer.segment(["PER"]) == 0
    assert writer.segment(["PER", "IC", "", writer.composite(["", ""]), ""]) == 2
    assert _close(writer)[0] == 3
    assert b"~PER*IC~SE*3*" in out.getvalue()


@pytest.mark.parametrize(
    "marks",
    [
        Delimiters("*", "*", "^", "~"),
        Delimiters("*", ":", "*", "~"),
        Delimiters("*", ":", "^", "*"),
        Delimiters("**", ":", "^", "~"),
        Delimiters("A", ":", "^", "~"),
        Delimiters("*", "1", "^", "~"),
        Delimiters("*", ":", " ", "~"),
        Delimiters("", ":", "^", "~"),
        Delimiters("*", ":", "^", ""),
        Delimiters("\n", ":", "^", "~"),
        Delimiters("*", ":", "^", "é"),
        Delimiters("*", ":", "^", "¬"),
    ],
)
def test_unusable_delimiters_are_refused(marks: Delimiters) -> None:
    """Delimiters are single, distinct ASCII characters, no letters, digits or blanks."""
    with pytest.raises(DelimiterError):
        Writer(io.BytesIO(), marks)


@pytest.mark.parametrize(
    "change",
    [
        {"control_number": "101"},
        {"control_number": "000000000"},
        {"control_number": "00000010A"},
        {"sender": "S" * 16},
        {"sender": ""},
        {"receiver": " R"},
        {"receiver": "RECEI*VER"},
        {"receiver": "RECEI:VER"},
        {"sender_qualifier": "Z"},
        {"usage": "X"},
        {"date": "20260105"},
        {"time": "9:30"},
        {"version": "5010"},
    ],
)
def test_an_isa_that_x12_does_not_allow_is_refused(change: dict[str, str]) -> None:
    """Nothing is cut to fit: the error names the element, and nothing is written."""
    out = io.BytesIO()
    with pytest.raises(EnvelopeError, match="ISA"):
        Writer(out, USUAL).open_interchange(replace(INTERCHANGE, **change))
    assert out.getvalue() == b""


@pytest.mark.parametrize(
    "change",
    [{"control_number": "0201"}, {"control_number": ""}, {"sender": ""}, {"receiver": "R" * 16}, {"date": "260105"}],
)
def test_a_gs_that_x12_does_not_allow_is_refused(change: dict[str, str]) -> None:
    """GS06 has no leading zeros; names have one to fifteen characters."""
    writer = Writer(io.BytesIO(), USUAL)
    writer.open_interchange(INTERCHANGE)
    with pytest.raises(EnvelopeError, match="GS"):
        writer.open_group(replace(GROUP, **change))


@pytest.mark.parametrize("number", ["001", "0000000001", "00-1", ""])
def test_an_st02_that_x12_does_not_allow_is_refused(number: str) -> None:
    """ST02 has four to nine letters or digits."""
    writer = Writer(io.BytesIO(), USUAL)
    writer.open_interchange(INTERCHANGE)
    writer.open_group(GROUP)
    with pytest.raises(EnvelopeError, match="ST02"):
        writer.open_set("837", number)


def test_out_of_order_is_a_fault_of_the_caller() -> None:
    """A segment outside a set, a trailer too many or too early: an error, never a broken file."""
    writer = Writer(io.BytesIO(), USUAL)
    for early in (writer.close_set, writer.close_group, writer.close_interchange):
        with pytest.raises(WriterOrderError):
            early()
    with pytest.raises(WriterOrderError):
        writer.open_group(GROUP)
    writer.open_interchange(INTERCHANGE)
    with pytest.raises(WriterOrderError):
        writer.open_interchange(INTERCHANGE)
    with pytest.raises(WriterOrderError):
        writer.segment(["LX", "1"])
    writer.open_group(GROUP)
    writer.open_set("837", "0001")
    for early in (writer.close_group, writer.close_interchange):
        with pytest.raises(WriterOrderError):
            early()
    assert _close(writer) == (2, 1, 1)
