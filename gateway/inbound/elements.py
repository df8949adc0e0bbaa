"""Amounts, days and composites of inbound segments as values; what cannot be read is None, never an exception.

The two readers of text remember what they saw, since a remittance repeats its amounts and days endlessly.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

_LONGEST_AMOUNT = 18


@lru_cache(maxsize=1 << 14)
def cents(text: str) -> int | None:
    """Integer cents of an R element: `100`, `100.5`, `-.25`, `100.00`; None for no number and for a part of a cent."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > 2:
        if fraction[2:].strip("0"):
            return None
        fraction = fraction[:2]
    digits = whole + fraction.ljust(2, "0")
    plain = digits[1:] if digits[0] == "-" else digits
    if not (plain.isascii() and plain.isdigit()) or len(plain) > _LONGEST_AMOUNT or whole + fraction in ("", "-"):
        return None
    return int(digits)


def money(value: int) -> str:
    """Cents as text with two decimals."""
    whole, part = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole}.{part:02}"


@lru_cache(maxsize=1 << 12)
def day(text: str) -> str | None:
    """ISO text of a CCYYMMDD day, None where it is none. Hours after it (CCYYMMDDHHMM) are left out."""
    if len(text) not in (8, 12) or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])).isoformat()
    except ValueError:
        return None


def days(text: str) -> tuple[str, str] | None:
    """First and last day of a D8, DT or RD8 value; None where it is none of them."""
    first, dash, last = text.partition("-")
    begin = day(first)
    end = day(last) if dash else begin
    return (begin, end) if begin and end else None


def count(text: str) -> int | None:
    """A whole number without sign, as in QTY02, AK902 or SE01; `3.0` counts as 3."""
    whole, _, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(whole) > _LONGEST_AMOUNT or fraction.strip("0"):
        return None
    return int(whole)


def element(segment: list[str], position: int) -> str:
    """An element by its number, empty where the segment ends before it."""
    return segment[position] if len(segment) > position else ""
