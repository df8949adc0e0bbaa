"""When a partner's mailbox may be visited, in the partner's own time zone: windows, cutoffs, holidays, blackouts.

Pure: days and minutes of a wall clock in, instants in UTC out. Where the clock is put back, a window lasts until the
second time it shows its end, and a cutoff falls on the first; a time that the clock skips is moved by what it skips.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
AHEAD = 400  # days that are looked at for the next opening or cutoff

_CLOCK = r"(\d\d):(\d\d)"
_SPAN = re.compile(rf"(?:(\S+) )?{_CLOCK}-{_CLOCK}")
_MOMENT = re.compile(rf"(?:(\S+) )?{_CLOCK}")
_INTERVAL = re.compile(rf"(\d{{4}}-\d\d-\d\d) {_CLOCK}/(\d{{4}}-\d\d-\d\d) {_CLOCK}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_MINUTES = 24 * 60


class Span(NamedTuple):
    """From one time of day to another; `end` is above 1440 where that is on the next day."""

    days: frozenset[int]  # on which it begins; 0 is Monday
    start: int  # minutes
    end: int


class Moment(NamedTuple):
    """A time of day."""

    days: frozenset[int]
    minute: int


class Interval(NamedTuple):
    """From one day and minute to another, once."""

    first: date
    start: int
    last: date
    end: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """What a profile's [schedule] says. Without any of it: every quarter of an hour, at all times."""

    zone: tzinfo = UTC
    poll: timedelta = timedelta(minutes=15)
    windows: tuple[Span, ...] = ()  # none: open at all times, on holidays too
    cutoffs: tuple[Moment, ...] = ()
    before_cutoff: timedelta = timedelta(minutes=15)
    holidays: frozenset[date] = field(default=frozenset(), repr=False)  # no window opens and no cutoff counts
    blackouts: tuple[Span | Interval, ...] = ()

    def next_open(self, at: datetime) -> datetime | None:
        """The first instant not before `at` at which the mailbox may be visited; None where there is none."""
        last = at + timedelta(days=AHEAD)
        while at <= last:
            opening = self._opening(at)
            if opening is None:
                return None
            closed_until = self._blackout_end(opening)
            if closed_until is None:
                return opening
            at = closed_until
        return None

    def is_open(self, at: datetime) -> bool:
        """Whether the mailbox may be visited at that instant."""
        return self.next_open(at) == at

    def next_cutoff(self, at: datetime) -> datetime | None:
        """The first cutoff after `at`."""
        found = [
            min(_instants(day, moment.minute, self.zone))
            for day in _days_from(at, self.zone, back=0)
            if day not in self.holidays
            for moment in self.cutoffs
            if day.weekday() in moment.days
        ]
        return min((one for one in found if one > at), default=None)

    def _opening(self, at: datetime) -> datetime | None:
        if not self.windows:
            return at
        for day in _days_from(at, self.zone, back=1):
            if day in self.holidays:
                continue
            spans = sorted(_span_instants(span, day, self.zone) for span in self.windows if day.weekday() in span.days)
            for start, end in spans:
                if at < end:
                    return max(start, at)
        return None

    def _blackout_end(self, at: datetime) -> datetime | None:
        """When the last of the blackouts that hold at that instant ends."""
        found = []
        for one in self.blackouts:
            days: Iterable[date]
            if isinstance(one, Interval):
                start = _instants(one.first, one.start, self.zone)[0]
                pairs = [(start, max(_instants(one.last, one.end, self.zone)))]
            else:
                local = at.astimezone(self.zone).date()
                days = (local - timedelta(days=1), local)
                pairs = [_span_instants(one, day, self.zone) for day in days if day.weekday() in one.days]
            found += [end for start, end in pairs if start <= at < end]
        return max(found, default=None)


def _days_from(at: datetime, zone: tzinfo, back: int) -> Iterator[date]:
    first = at.astimezone(zone).date()
    return (first + timedelta(days=number) for number in range(-back, AHEAD))


def _instants(day: date, minute: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instant of a wall clock's time, and the other one where the clock is changed around it."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a wall clock's
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _span_instants(span: Span, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    return _instants(day, span.start, zone)[0], max(_instants(day, span.end, zone))


# Reading; ValueError says in a few words what is wrong


def parse_span(text: str) -> Span:
    """`mon-fri 06:00-22:00`, `06:00-22:00`, `sun 22:00-02:00` (until Monday)."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is not written as "mon-fri 06:00-22:00"')
    days, *clock = found.groups()
    start, end = _minutes(*clock[:2]), _minutes(*clock[2:], last=_DAY_MINUTES)
    if start == end:
        raise ValueError(f"{text!r} begins and ends at the same time")
    return Span(parse_days(days), start, end if end > start else end + _DAY_MINUTES)


def parse_moment(text: str) -> Moment:
    """`mon-fri 17:00`, or `17:00` for each day."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is not written as "mon-fri 17:00"')
    days, *clock = found.groups()
    return Moment(parse_days(days), _minutes(*clock))


def parse_blackout(text: str) -> Span | Interval:
    """As a span, or once: `2026-12-24`, `2026-12-24 18:00/2026-12-26 06:00`."""
    if _DAY.fullmatch(text):
        day = parse_day(text)
        return Interval(day, 0, day, _DAY_MINUTES)
    found = _INTERVAL.fullmatch(text)
    if found is None:
        return parse_span(text)
    first, last = parse_day(found[1]), parse_day(found[4])
    made = Interval(first, _minutes(found[2], found[3]), last, _minutes(found[5], found[6], last=_DAY_MINUTES))
    if (made.first, made.start) >= (made.last, made.end):
        raise ValueError(f"{text!r} ends before it begins")
    return made


def parse_day(text: str) -> date:
    """A day of the calendar."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar") from None


def parse_days(text: str | None) -> frozenset[int]:
    """`mon-fri`, `sat,sun`, `daily`, or nothing for each day."""
    if text is None or text == "daily":
        return EVERY_DAY
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} names no days; they are {', '.join(DAYS)}, or daily")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found |= {number % 7 for number in range(start, (end if end >= start else end + 7) + 1)}
    return frozenset(found)


def _minutes(hour: str, minute: str, *, last: int = _DAY_MINUTES - 1) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > last:
        raise ValueError(f"{hour}:{minute} is no time of day")
    return found
