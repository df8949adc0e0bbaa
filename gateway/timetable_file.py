"""A profile's [schedule] and the calendars of holidays that it names, read into a timetable."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta, tzinfo
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.data import SHIPPED
from gateway.errors import UsageError
from gateway.timetable import Timetable, parse_blackout, parse_day, parse_moment, parse_span

CALENDARS = "mappings/holidays"
_T = TypeVar("_T")


class Keys(Protocol):
    """What takes the keys out of a profile, and names the place of what is wrong."""

    def fail(self, key: str, reason: str) -> UsageError: ...

    def text(self, table: str, key: str, default: str | None = None, *, at_most: int = 1000) -> str: ...

    def texts(self, table: str, key: str, default: list[str] | None = None) -> tuple[str, ...]: ...

    def count(self, table: str, key: str, default: int, at_most: int, *, at_least: int = 1) -> int: ...


def read_timetable(keys: Keys, home: Path | None) -> Timetable:
    """The timetable of a profile; UsageError names file, line and key. `home` may hold calendars of its own."""
    without = Timetable()
    return Timetable(
        zone=_zone(keys),
        poll=timedelta(minutes=keys.count("schedule", "poll_minutes", _minutes(without.poll), 1440)),
        windows=_each(keys, "windows", parse_span),
        cutoffs=_each(keys, "cutoffs", parse_moment),
        before_cutoff=timedelta(
            minutes=keys.count("schedule", "before_cutoff_minutes", _minutes(without.before_cutoff), 720)
        ),
        holidays=frozenset(day for days in _each(keys, "holidays", lambda text: _holidays(text, home)) for day in days),
        blackouts=_each(keys, "blackouts", parse_blackout),
    )


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds()) // 60


def _zone(keys: Keys) -> tzinfo:
    name = keys.text("schedule", "time_zone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reason = f'{name!r} is no time zone of this machine, such as "America/New_York" (package tzdata)'
        raise keys.fail("[schedule] time_zone", reason) from None


def _each(keys: Keys, key: str, parse: Callable[[str], _T]) -> tuple[_T, ...]:
    try:
        return tuple(parse(one) for one in keys.texts("schedule", key, []))
    except ValueError as error:
        raise keys.fail(f"[schedule] {key}", str(error)) from None


def _holidays(text: str, home: Path | None) -> Sequence[date]:
    """One day, or the days of a calendar by its name: the shipped ones and a home's together."""
    if text[:1].isdigit():
        return [parse_day(text)]
    if not text.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"{text!r} is neither a day nor the name of a calendar")
    files = [root / CALENDARS / f"{text}.csv" for root in (SHIPPED, home) if root is not None]
    found = [file for file in files if file.is_file()]
    if not found:
        known = sorted(file.stem for root in (SHIPPED, home) if root for file in (root / CALENDARS).glob("*.csv"))
        raise ValueError(f"there is no calendar {text!r} in {CALENDARS}; known are {', '.join(known)}")
    return [day for file in found for day in read_calendar(file)]


def read_calendar(file: Path) -> list[date]:
    """The days of a calendar: a CSV file with the column `date`. UsageError names the line of what is no day."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(line for line in stream if not line.startswith("#"))
            if "date" not in (reader.fieldnames or ()):
                raise UsageError(f"{file}: has no column `date`")
            rows = [row["date"] or "" for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise UsageError(f"{file}: cannot be read as CSV in UTF-8") from None
    try:
        return [parse_day(text.strip()) for text in rows]
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from None
