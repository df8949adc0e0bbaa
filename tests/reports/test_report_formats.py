"""Every report in every format: the same numbers, typed where the format has types, and nothing that acts by itself."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

import pytest
from posting_desk import Desk, claim_835, header_835
from report_desk import NAMES, asked, sheets, told

from gateway.errors import UsageError
from gateway.reports.cells import safe, shown, written
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, table_of
from gateway.reports.render import FORMATS, render

AS_OF = "2026-01-31T15:30:00.000000Z"


def made(*rows: tuple[object, ...], checks: tuple[Check, ...] = ()) -> Report:
    """A small report of one list."""
    columns = (Column("name", "name"), Column("on", "on", "date"), Column("cents", "amount", "money", adds=True),
               Column("share", "share", "percent"))  # fmt: skip
    table = table_of("list", "A list", columns, list(rows))  # type: ignore[arg-type]
    figures = Figures("sums", "Sums", (Figure("cents", "amount", "money", 123456),))
    chart = Chart("A chart", "money", "bars", (Bar("<one>", 100), Bar("two", -50)))
    return Report("small", "A small report", AS_OF, (("payer", "1"),), (figures, chart, table), checks, detail="list")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_every_report_has_every_format(busy: Desk, name: str, form: str) -> None:
    """None is empty, and the same question gives the same bytes."""
    report = asked(busy, name, "2026-03-01T00:00:00Z")
    first = render(report, form)
    assert first and first == render(report, form)


def test_csv_of_a_list_has_a_row_a_thing(busy: Desk) -> None:
    """A header of keys and one row a claim; another table by its key, and none that is not there."""
    rows = list(csv.DictReader(io.StringIO(str(render(asked(busy, "denials"), "csv")))))
    assert [(row["patient_control_number"], row["denied"]) for row in rows] == [("DEN1", "190.00")]
    other = list(csv.DictReader(io.StringIO(str(render(asked(busy, "denials"), "csv", section="by_reason")))))
    assert {row["reason"] for row in other} == {"197", "50"}
    with pytest.raises(UsageError, match="by_reason"):
        render(asked(busy, "denials"), "csv", section="nothing")


def test_csv_of_the_reconciliation_is_long(busy: Desk) -> None:
    """One number a row, with section, key and name."""
    rows = [tuple(row) for row in csv.reader(io.StringIO(str(render(asked(busy, "reconciliation"), "csv"))))]
    money = told(busy, "reconciliation")["money"]
    assert rows[0] == ("section", "key", "name", "measure", "value")
    assert ("total", "", "", "paid", money["paid"]) in rows
    assert ("partner", "clear", "clear", "paid", money["paid"]) in rows


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_csv_text_is_never_a_formula(text: str) -> None:
    """What a spreadsheet would run stands behind an apostrophe; amounts below zero stay numbers."""
    rows = list(csv.reader(io.StringIO(str(render(made((text, "2026-01-02", -100, 0.5)), "csv")))))
    assert rows[1] == [f"'{text}".replace("\r", " "), "2026-01-02", "-1.00", "0.5000"]
    assert safe("plain") == "plain"


def test_a_workbook_has_typed_cells_a_filter_and_sums(busy: Desk) -> None:
    """Amounts are numbers, dates are days, text stays text, and the sums follow the filter."""
    data = render(made(("=cmd()", "2026-01-02", 12345, 0.25), ("b", "no day", -5, None)), "xlsx")
    assert isinstance(data, bytes)
    rows = sheets(data)["A list"]
    assert rows[0] == ["name", "on", "amount", "share"]
    assert rows[1] == ["=cmd()", 46024.0, 123.45, 0.25]
    assert rows[2][:3] == ["b", "no day", -0.05]
    assert rows[3][0] == "total" and rows[3][2] == "=SUBTOTAL(109,C2:C3)"
    summary = sheets(data)["Summary"]
    assert ["amount", 1234.56] in [row[:2] for row in summary]


def test_a_workbook_freezes_and_filters(tmp_path: Path) -> None:
    """The header stays in sight, and every column can be filtered."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(bytes(render(made(("a", "2026-01-02", 1, 0.1)), "xlsx")))) as book:  # type: ignore[arg-type]
        sheet = book.read("xl/worksheets/sheet2.xml").decode()
        assert 'state="frozen"' in sheet and '<autoFilter ref="A1:D2"/>' in sheet
        assert "<f>=" not in sheet and "hyperlink" not in sheet


def test_sheet_names_are_told_apart() -> None:
    """Titles longer than a sheet's name, or with signs that it may not have, still have sheets of their own."""
    columns = (Column("a", "a"),)
    tables = tuple(table_of(f"t{n}", "A very long title: of [many] words/parts", columns, [("x",)]) for n in range(3))
    data = render(Report("r", "R", AS_OF, (), tables), "xlsx")
    assert isinstance(data, bytes)
    names = list(sheets(data))
    assert len(set(names)) == 4 and all(len(name) <= 31 for name in names)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "rect", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


@pytest.mark.parametrize("name", NAMES)
def test_a_page_needs_nothing_else(busy: Desk, name: str) -> None:
    """No script, nothing from elsewhere, no handler; every tag is closed; it knows print, phone and dark."""
    text = str(render(asked(busy, name), "html"))
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in ("src", "href", "style")]
    assert "url(" not in text and "@import" not in text and "http" not in text.replace("http-equiv", "")
    assert "viewport" in text and "@media print" in text and "prefers-color-scheme: dark" in text


def test_a_page_escapes_what_strangers_wrote(desk: Desk) -> None:
    """A name that is markup is shown, not run."""
    desk.sent(desk.claims("X1"))
    body = header_835("70", "CHK1").replace("EXAMPLE HEALTH PLAN", "<script>alert(1)</script>")
    stranger = claim_835("<b>BAD", "70", charge="90")
    desk.receive(desk.envelope("835", body + stranger))
    text = str(render(asked(desk, "unmatched"), "html"))
    assert "<script" not in text and "<b>BAD" not in text
    assert "&lt;b&gt;BAD" in text


def test_charts_are_drawn_to_scale() -> None:
    """The longest bar is the whole width, others in proportion, what is negative in its own colour."""
    text = str(render(made(("a", "", 1, None)), "html"))
    assert 'width="100.00%" height="12" rx="3" class="a"' in text
    assert 'width="50.00%" height="12" rx="3" class="neg"' in text
    assert "&lt;one&gt;" in text


@pytest.mark.parametrize("form", ["table", "html", "xlsx", "csv", "json"])
def test_a_law_that_fails_is_named(form: str) -> None:
    """Wherever the report is read, it says which law is off, and by how much."""
    check = Check("a = b", 12345, claims=("C1", "C2"))
    found = render(Report("small", "Small", AS_OF, (), (), (check,)), form)
    text = str(sheets(found)) if isinstance(found, bytes) else found
    assert "a = b" in text and ("123.45" in text)


def test_tables_are_cut_for_a_terminal() -> None:
    """Long text is cut with a sign, and a list of which rows are left out says where they are."""
    table = table_of("t", "T", (Column("a", "a"), Column("n", "n", "count", adds=True)), [("x" * 90, 1)], count=5,
                     totals={"n": 5})  # fmt: skip
    text = str(render(Report("r", "R", AS_OF, (), (table,)), "table"))
    assert "x" * 39 + "…" in text and "and 4 more" in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize(("kind", "value", "for_people", "for_programs"), [
    ("money", -123456, "-1,234.56", "-1234.56"), ("count", 1234, "1,234", 1234), ("percent", 0.1234, "12.3%", "0.1234"),
    ("days", 2.0, "2", "2.0"), ("date", "2026-01-02", "2026-01-02", "2026-01-02"), ("money", None, "", None),
    ("code", "timely_filing", "timely filing", "timely_filing"),
    ("time", "2026-01-31T15:30:00.000000Z", "2026-01-31 15:30", "2026-01-31T15:30:00.000000Z"),
])  # fmt: skip
def test_values_for_people_and_programs(kind: str, value: object, for_people: str, for_programs: object) -> None:
    """People read separators, programs do not."""
    assert shown(kind, value) == for_people  # type: ignore[arg-type]
    assert written(kind, value) == for_programs  # type: ignore[arg-type]
