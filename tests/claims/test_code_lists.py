"""Code lists: which codes are valid on which day, how a table is read, and what a new release changes."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.claims.checks_dates import filing_limit
from gateway.claims.code_lists import CodeLists, load_codes, published_codes, with_release, write_codes
from gateway.claims.payer_terms import load_terms
from gateway.claims.view import View
from gateway.errors import UsageError
from gateway.exchange.admission_rules import code_list

TABLE = "# covers: 2025-10-01/2026-09-30\ncode,from,to\nA00.0,,\nA001,2026-01-01,\nB20,,2025-12-31\nB20,2026-06-01,\n"


@pytest.mark.parametrize(
    ("code", "day", "verdict"),
    [
        ("A000", "2026-01-01", "valid"),
        ("a000", "", "valid"),
        ("A001", "2025-12-31", "not_yet"),
        ("B20", "2026-02-01", "expired"),
        ("B20", "2026-06-01", "valid"),
        ("A00", "2026-01-01", "incomplete"),
        ("Z99", "2026-01-01", "unknown"),
        ("Z99", "2026-10-01", "beyond"),
        ("Z99", "2025-09-30", "beyond"),
        ("A000", "2026-10-01", "valid"),
    ],
)
def test_what_a_code_is_on_a_day(code: str, day: str, verdict: str) -> None:
    """Known codes go by their own days; unknown ones prove nothing outside of those that the table covers."""
    assert load_codes(TABLE, "x").verdict(code, day) == verdict


@pytest.mark.parametrize("row", ["A0 0", "A00,2026-13-01", "A00,2026-02-01,2026-01-01", "A00,,,x,y", ",2026-01-01"])
def test_a_wrong_row_is_named(row: str) -> None:
    """One line with file and row."""
    with pytest.raises(UsageError, match=r"x\.csv: row 2"):
        load_codes(f"code,from,to\n{row}\n", "x.csv")


def test_a_release_adds_and_ends_codes() -> None:
    """New codes begin with it, missing ones end the day before; written and read it is the same."""
    first = with_release(None, ["A000", "A001"], ("2025-10-01", "2026-09-30"), name="x")
    second = with_release(first, ["A001", "A002"], ("2026-10-01", "2027-09-30"))
    assert second.verdict("A000", "2026-09-30") == "valid"
    assert second.verdict("A000", "2026-10-01") == "expired"
    assert second.verdict("A002", "2026-09-30") == "not_yet"
    assert second.covers == ("2025-10-01", "2027-09-30")
    again = load_codes(write_codes(second), "x")
    assert (again.spans, again.covers) == (second.spans, second.covers)


def test_files_as_they_are_published() -> None:
    """Codes with descriptions, or the order file, whose headings are no codes; anything else is refused."""
    assert list(published_codes("A000    Cholera\nA001    Other\n")) == ["A000", "A001"]
    assert list(published_codes("00001 A00     0 Cholera\n00002 A000    1 Cholera due to it\n")) == ["A000"]
    with pytest.raises(UsageError):
        list(published_codes("%PDF-1.7\n"))


def test_the_shipped_list_of_diagnoses() -> None:
    """As many codes are valid on a day as the releases have, new chapters among them."""
    codes = code_list("icd10cm")
    assert codes is not None and codes.covers == ("2015-10-01", "2026-09-30")
    valid = {day: sum(codes.verdict(code, day) == "valid" for code in codes.ordered)
             for day in ("2021-01-01", "2025-04-01", "2026-04-01")}  # fmt: skip
    assert valid == {"2021-01-01": 72_621, "2025-04-01": 74_260, "2026-04-01": 74_719}
    assert codes.verdict("QA0012", "2026-04-01") == "valid"


def test_a_list_is_read_when_it_is_asked_for() -> None:
    """Once, and not before."""
    asked: list[str] = []
    lists = CodeLists(lambda name: asked.append(name))
    assert asked == [] and lists.get("cpt") is None and lists.get("cpt") is None
    assert asked == ["cpt"]


def test_a_claim_to_a_later_payer_is_late_by_the_payment_before_it() -> None:
    """Where the payer says so; its service may be long ago. To the first payer the service counts."""
    head = "payer,filing_indicator,type,filing_days,replacements,source,days_after_payment\n"
    terms = load_terms(f"{head}99002,,,90,,,60\n")
    document = {
        "payer": {"id": "99002"},
        "subscriber": {"payer_responsibility": "S"},
        "lines": [{"service_date": "2026-01-05"}],
        "other_payers": [{"payer": {"paid_date": "2026-05-01"}}],
    }
    in_time, late = (View(document, date(2026, month, 20), terms=terms) for month in (6, 7))
    assert list(filing_limit(in_time)) == []
    assert [hit.field for hit in filing_limit(late)] == ["lines[0].service_date"]
    first = View({**document, "subscriber": {"payer_responsibility": "P"}}, date(2026, 6, 20), terms=terms)
    assert list(filing_limit(first)) != []


def test_the_more_particular_row_of_terms_decides() -> None:
    """Payer before filing indicator before the rest; an empty cell asks the next row; a home's row stands first."""
    head = "payer,filing_indicator,type,filing_days,replacements,source\n"
    base = load_terms(f"{head},,,365,yes,\n,MC,,180,,\n99001,,,,no,\n")
    terms = load_terms(f"{head},MC,,90,,\n", base=base)
    assert terms.of("x", "CI", "dental") == (365, False, True, None)
    assert base.of("x", "MC", "dental") == (180, True, True, None)
    assert terms.of("99001", "MC", "dental") == (90, True, False, None)
    later = load_terms(f"{head[:-1]},days_after_payment\n99001,,,90,,,60\n", base=base)
    assert later.of("99001", "CI", "dental") == (90, True, False, 60)
    assert later.count_from_payments and not base.count_from_payments
    for row in (",,,soon,,", ",,medical,1,,", ",,,1,maybe,", ",,,1"):
        with pytest.raises(UsageError, match="row 2"):
            load_terms(f"{head}{row}\n")
