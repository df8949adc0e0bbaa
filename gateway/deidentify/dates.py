"""Dates moved back by whole days: those of files all alike, those of one person all alike; order and intervals stay.

Were the dates of files kept, the days between a service and its claim would show how far a person's dates had moved.
"""

from __future__ import annotations

import hmac
import re
from datetime import date, timedelta

_LEAST, _SPAN = 365, 730  # days back, for all: one to three years
_JITTER = 29  # days more for a person: none to four weeks, so that service still comes before the claim
_OLDEST = 90  # years; whoever is as old or older is said to be so old
_DATE = re.compile(r"(\d{8})(-?)(\d{8}|\d{4})?|\d{6}", re.ASCII)
_TIME = re.compile(r"\d{4}", re.ASCII)


def shift_of(key: bytes) -> timedelta:
    """How far all dates go back under this key."""
    return timedelta(days=_LEAST + _drawn(key, "shift") % _SPAN)


def jitter_of(key: bytes, person: str) -> timedelta:
    """How much further the dates of one person go back."""
    return timedelta(days=_drawn(key, f"shift {person}") % _JITTER)


def _drawn(key: bytes, what: str) -> int:
    return int.from_bytes(hmac.digest(key, what.encode(), "sha256"))


def is_date(value: str) -> bool:
    """Whether all of it is a date that there is: CCYYMMDD, two of them, CCYYMMDDHHMM or YYMMDD."""
    return moved(value, timedelta(days=1)) is not None


def moved(value: str, back: timedelta) -> str | None:
    """The date, the two dates, or the date with its time, moved; a time alone stays. None where it is none of them."""
    if _TIME.fullmatch(value):
        return value
    found = _DATE.fullmatch(value)
    if found is None or (found[2] and len(found[3] or "") != 8):
        return None
    try:
        if found[1] is None:
            return f"{_read('20' + value) - back:%y%m%d}"
        last = found[3] or ""
        if not found[2] and len(last) == 8:
            return None
        return _write(_read(found[1]) - back) + found[2] + (_write(_read(last) - back) if len(last) == 8 else last)
    except (ValueError, OverflowError):
        return None


def birth_moved(value: str, back: timedelta, written_on: str) -> str | None:
    """A date of birth, moved; whoever is 90 or older on the day of writing (CCYYMMDD) is born 90 years before it."""
    if len(value) == 8 and is_date(written_on) and is_date(value):
        today = _read(written_on[:8])
        if _read(value) <= date(today.year - _OLDEST, today.month, min(today.day, 28)):
            value = _write(date(today.year - _OLDEST, 1, 1))
    return moved(value, back)


def _read(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _write(value: date) -> str:
    return f"{value.year:04}{value:%m%d}"
