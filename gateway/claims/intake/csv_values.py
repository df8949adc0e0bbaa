"""How the cells of a foreign table are written: dates, amounts, numbers and identifiers, turned into canonical text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from gateway.claims.amounts import amount, cents
from gateway.claims.completion import short_number

DATE_TOKENS = {"YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d{2})", "DD": r"(?P<day>\d{2})",
               "M": r"(?P<month>\d{1,2})", "D": r"(?P<day>\d{1,2})",
               "hh": r"\d{1,2}", "mm": r"\d{2}", "ss": r"\d{2}(?:\.\d+)?"}  # fmt: skip
_TOKEN = re.compile("|".join(DATE_TOKENS))


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one source."""

    dates: tuple[re.Pattern[str], ...]
    date_names: tuple[str, ...]
    thousands: str = ","
    decimal: str = "."
    currency: str = "$"
    cents: bool = False  # amounts are whole cents


def date_pattern(text: str) -> re.Pattern[str] | None:
    """The pattern of a date format such as "MM/DD/YYYY"; None where year, month or day is missing or there twice."""
    pieces, at = [], 0
    for token in _TOKEN.finditer(text):
        pieces += [re.escape(text[at : token.start()]), DATE_TOKENS[token.group()]]
        at = token.end()
    pieces.append(re.escape(text[at:]))
    try:
        made = re.compile("".join(pieces), re.ASCII)
    except re.error:
        return None
    return made if set(made.groupindex) == {"year", "month", "day"} else None


def _date(cell: str, formats: Formats) -> str | None:
    for pattern in formats.dates:
        if match := pattern.fullmatch(cell):
            try:
                return date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()
            except ValueError:
                continue
    return None


def _plain(cell: str, formats: Formats) -> str:
    """A number without currency and thousands, with a point; "(1.00)" and "1.00-" are negative."""
    text = cell.replace(formats.currency, "") if formats.currency else cell
    text = text.replace(formats.thousands, "") if formats.thousands else text
    text = text.replace(formats.decimal, ".").strip()
    negative = (text.startswith("(") and text.endswith(")")) or text.endswith("-")
    return f"-{text.strip('()-').strip()}" if negative else text


def _money(cell: str, formats: Formats) -> str | None:
    text = _plain(cell, formats)
    if formats.cents:
        return amount(int(text)) if re.fullmatch(r"-?\d{1,14}", text, re.ASCII) else None
    value = cents(text)
    return None if value is None else amount(value)


def _number(cell: str, formats: Formats) -> str | None:
    text = short_number(_plain(cell, formats))
    return text if re.fullmatch(r"-?\d+(?:\.\d+)?", text, re.ASCII) else None


def _digits(cell: str, _formats: Formats) -> str | None:
    return re.sub(r"[\s().+/-]", "", cell) or None


def _upper(cell: str, _formats: Formats) -> str:
    return cell.upper()


CONVERSIONS: dict[str, Callable[[str, Formats], str | None]] = {
    "date": _date,
    "money": _money,
    "number": _number,
    "digits": _digits,  # "12-3456789" is 123456789, "(555) 555-0100" is 5555550100
    "upper": _upper,
}


PERIOD = "period"  # first and last day in two columns


def wanted(convert: str, formats: Formats) -> str:
    """What a cell should have looked like, for the message about one that does not."""
    if convert in ("date", PERIOD):
        return f"a date as {' or '.join(formats.date_names)}"
    return {"money": "whole cents" if formats.cents else "an amount with at most two decimals"}.get(
        convert, f"a {convert}"
    )
