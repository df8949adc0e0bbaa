"""One value of a report in its forms: for people, for programs, for a spreadsheet that takes text for a formula."""

from __future__ import annotations

from typing import Literal

Kind = Literal["text", "code", "count", "money", "percent", "days", "date", "time"]
# Money in cents, percent as a ratio, dates and times as ISO text, a code shown without its underscores.
Value = str | int | float | None

NUMBERS: frozenset[Kind] = frozenset(("count", "money", "percent", "days"))
_TAKEN_FOR_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def amount(cents: int) -> str:
    """Cents as text with two decimals, for programs: 12345.60."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def money(cents: int) -> str:
    """Cents for reading: 12,345.60."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def shown(kind: Kind, value: Value) -> str:
    """A value as people read it; empty where there is none."""
    if value is None:
        return ""
    match kind:
        case "money":
            return money(int(value))
        case "count":
            return f"{int(value):,}"
        case "percent":
            return f"{float(value):.1%}"
        case "days":
            return f"{float(value):,.1f}".removesuffix(".0")
        case "time":
            return str(value)[:16].replace("T", " ")
        case "code":
            return str(value).replace("_", " ")
        case _:
            return str(value)


def written(kind: Kind, value: Value) -> str | int | None:
    """A value as programs read it: amounts and ratios as text with fixed decimals, counts as whole numbers."""
    if value is None:
        return None
    match kind:
        case "money":
            return amount(int(value))
        case "count":
            return int(value)
        case "percent":
            return f"{float(value):.4f}"
        case "days":
            return f"{float(value):.1f}"
        case _:
            return str(value)


def safe(text: str) -> str:
    """Text that a spreadsheet will not take for a formula, when it stands in a CSV file."""
    return f"'{text}" if text.startswith(_TAKEN_FOR_A_FORMULA) else text
