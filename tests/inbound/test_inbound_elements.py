"""Amounts and days are read exactly or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.elements import cents, count, day, days, element, money


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("100", 10000),
        ("100.5", 10050),
        ("100.50", 10050),
        (".5", 50),
        ("-.25", -25),
        ("-12.30", -1230),
        ("5.", 500),
        ("007", 700),
        ("1.230", 123),
        ("1.2300000", 123),
        ("-0", 0),
    ],
)
def test_amounts_are_exact(text: str, expected: int) -> None:
    """Every way to write an R element gives its cents."""
    assert expected == cents(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "-.",
        "1,000",
        "1E2",
        "+5",
        "12-",
        "--1",
        "1.2.3",
        "1.-2",
        "0.005",
        "NaN",
        "٣",
        "1_0",
        "9" * 30,
        "$5",
        "1 0",
        "²",
        "0x1",
    ],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    """Signs, exponents, separators, other digits, parts of a cent and endless numbers are no amounts."""
    assert cents(text) is None


@given(st.integers(-(10**12), 10**12))
def test_money_and_back(value: int) -> None:
    """Cents survive their way through text, and Decimal agrees."""
    assert value == cents(money(value))
    assert Decimal(money(value)) * 100 == value


@given(st.text(max_size=12))
def test_no_text_raises(text: str) -> None:
    """Any text is an amount or None, a day or None, a count or None."""
    cents(text), day(text), days(text), count(text)


@pytest.mark.parametrize(
    "text", ["20260230", "2026013", "20261301", "202601010", "２０２６0101", "", "2026-1-1", "00000101"]
)
def test_days_must_exist(text: str) -> None:
    """A day that is not in the calendar is None."""
    assert day(text) is None


def test_days_and_intervals() -> None:
    """D8, DT and RD8 give first and last day."""
    assert days("20260131") == ("2026-01-31", "2026-01-31")
    assert days("20260131-20260202") == ("2026-01-31", "2026-02-02")
    assert day("202601311530") == "2026-01-31"
    assert days("20260131-") is None
    assert days("20260131-20260299") is None


def test_element_beyond_the_end_is_empty() -> None:
    """Trailing elements may be absent."""
    assert element(["X", "a", "b"], 2) == "b"
    assert element(["X", "a", "b"], 3) == ""
