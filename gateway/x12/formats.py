"""How a value stands on the wire and how it stands in a canonical claim.

On the wire: `240`, `20260102`, `RD8` with `20260102-20260105`. In the document: `"240.00"`, `"2026-01-02"`,
`"2026-01-02/2026-01-05"`. A value that does not fit its format is kept as it came, so that nothing is lost: a number
as its text, a date as `QUALIFIER=text`. What counts as a fault is said by `fits`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

DATES = ("D8", "RD8", "DT", "TM")  # X12 element 1250 as the guides use it
NUMBERS = ("N0", "R", "money")
_CACHED = 20_000
_NUMBER = re.compile(r"(-?)([0-9]*)(?:\.([0-9]*))?", re.ASCII)
_SIZE = re.compile(r"(AN|ID|N0|R|digits) ([0-9]+)(?:-([0-9]+))?")
_KEPT = re.compile(r"([A-Z0-9]{0,3})=(.*)", re.DOTALL)
_ISO = {
    "D8": re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
    "RD8": re.compile(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", re.ASCII),
    "DT": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII),
    "TM": re.compile(r"\d\d:\d\d", re.ASCII),
}


CLOCK = "(?:[01][0-9]|2[0-3])[0-5][0-9]"  # a time of day on the wire: hours and minutes
LONG_CLOCK = f"{CLOCK}(?:[0-5][0-9](?:[0-9]{{2}})?)?"  # with seconds and parts of them, where they are given


class Cache(dict[str, str | None]):
    """text → converted text, or None where the text does not fit; computed once while it is remembered."""

    def __init__(self, convert: Callable[[str], str | None]) -> None:
        super().__init__()
        self.convert = convert

    def __missing__(self, text: str) -> str | None:
        if len(self) >= _CACHED:
            self.clear()
        value = self[text] = self.convert(text)
        return value


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a guide table: a text with lengths, a number with lengths, or alternatives of dates."""

    kind: str  # "AN", "ID", "N0", "R", "digits" (a text of digits), "clock", "money" or "date"
    least: int = 0
    most: int = 0
    dates: tuple[str, ...] = ()  # for "date": the qualifiers that the guide allows

    def says(self) -> str:
        """The format in words for a person."""
        if self.kind == "date":
            return " or ".join(
                {"D8": "date", "RD8": "date interval", "DT": "date and time", "TM": "time"}[d] for d in self.dates
            )
        if self.kind in ("money", "clock"):
            return {"money": "amount", "clock": "time of day"}[self.kind]
        size = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        words = {"AN": "text", "ID": "code", "N0": "whole number", "R": "number", "digits": "text"}
        unit = "digit" if self.kind in (*NUMBERS, "digits") else "character"
        return f"{words[self.kind]} of {size} {unit}{'' if size == '1' else 's'}"


def parse(text: str) -> Format:
    """The format that a cell of a guide table names; ValueError where there is none of that name."""
    if text == "money":
        return Format("money", 1, 18)
    if text == "clock":
        return Format("clock", 4, 8)
    if found := _SIZE.fullmatch(text):
        kind, least, most = found[1], int(found[2]), int(found[3] or found[2])
        if least > most:
            raise ValueError(f"lengths {least}-{most}")
        return Format(kind, least, most)
    names = tuple(text.split("|"))
    if not text or any(name not in DATES for name in names):
        raise ValueError(f"no format {text!r}")
    return Format("date", dates=names)


def number(text: str) -> str | None:
    """A number as short as exact: `01.50` → `1.5`, `.5` → `0.5`; None where it is none."""
    found = _NUMBER.fullmatch(text)
    if not found or not (found[2] or found[3]):
        return None
    whole, part = found[2].lstrip("0") or "0", (found[3] or "").rstrip("0")
    value = f"{whole}.{part}" if part else whole
    return f"-{value}" if found[1] and value != "0" else value


def money(text: str) -> str | None:
    """An amount with at least two places: `240` → `240.00`; further places are kept."""
    value = number(text)
    if value is None:
        return None
    whole, _, part = value.partition(".")
    return f"{whole}.{part:0<2}"


def whole(text: str) -> str | None:
    """A whole number without leading zeros; None where it is none."""
    return number(text) if "." not in text else None


def _day(text: str) -> str | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        return None


def _clock(text: str) -> str | None:
    return f"{text[:2]}:{text[2:]}" if text < "2400" and text[2:] < "60" else None


def _interval(text: str) -> str | None:
    first, last = _day(text[:8]), _day(text[9:])
    return f"{first}/{last}" if text[8] == "-" and first and last else None


def _moment(text: str) -> str | None:
    day, clock = _day(text[:8]), _clock(text[8:])
    return f"{day}T{clock}" if day and clock else None


_LENGTH: dict[str, tuple[int, Callable[[str], str | None]]] = {
    "D8": (8, _day),
    "RD8": (17, _interval),
    "DT": (12, _moment),
    "TM": (4, _clock),
}
_DIGITS = re.compile(r"[0-9]+(?:-[0-9]+)?")


def dated(qualifier: str, text: str) -> str | None:
    """The ISO text of a wire date by its qualifier; None where qualifier or text is none."""
    length, convert = _LENGTH.get(qualifier, (0, _day))
    return convert(text) if len(text) == length and _DIGITS.fullmatch(text) else None


def kept(qualifier: str, text: str) -> str:
    """The document's text of a date that is none, or has an unknown qualifier."""
    return f"{qualifier}={text}"


def date_wire(text: str) -> tuple[str, str] | None:
    """(qualifier, wire text) of a date text of the document, by its shape; None where it has no shape of a date."""
    for name, shape in _ISO.items():
        if shape.fullmatch(text):
            plain = text.replace("-", "").replace(":", "").replace("T", "")
            return name, plain.replace("/", "-")
    found = _KEPT.fullmatch(text)
    return (found[1], found[2]) if found else None


def _dated_as(qualifier: str) -> Callable[[str], str | None]:
    return lambda text: dated(qualifier, text)


def reader(form: Format) -> Cache | None:
    """Wire text → document text for a value without qualifier; None where both are the same."""
    if form.kind == "date":
        return _READERS[form.dates[0]]
    return _READERS.get(form.kind)


_READERS = {"money": Cache(money), "R": Cache(number), "N0": Cache(whole)} | {d: Cache(_dated_as(d)) for d in DATES}


def _wire_number(text: str) -> str:
    return number(text) or text


_WIRE_NUMBERS = Cache(_wire_number)
_WIRE_DATES = Cache(lambda text: (date_wire(text) or ("", None))[1])


def writer(form: Format) -> Cache | None:
    """Document text → wire text (None: it cannot be written), or None where both are the same."""
    if form.kind == "date":
        return _WIRE_DATES
    return _WIRE_NUMBERS if form.kind in NUMBERS else None


class DateReader(dict[tuple[str, str], str | None]):
    """(qualifier, wire text) → ISO text, or None; computed once while it is remembered."""

    def __missing__(self, key: tuple[str, str]) -> str | None:
        if len(self) >= _CACHED:
            self.clear()
        value = self[key] = dated(*key)
        return value


class DateWriter(dict[str, tuple[str, str] | None]):
    """ISO text → (qualifier, wire text), or None; computed once while it is remembered."""

    def __missing__(self, text: str) -> tuple[str, str] | None:
        if len(self) >= _CACHED:
            self.clear()
        value = self[text] = date_wire(text)
        return value
