"""When a partner's next round is due: its timetable, the time, and how the last round went. Pure.

A round is due a poll after the last one, earlier where a cutoff comes before that, later after failures, and never
while the mailbox is closed. However long nothing ran, one round makes up for it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.timetable import Timetable

LONGEST_BACK_OFF = timedelta(hours=1)  # or the poll, where that is longer
LONGEST_SPREAD = timedelta(minutes=1)


class LastRound(NamedTuple):
    """How the last round with a partner went."""

    ended_at: datetime
    failures: int = 0  # rounds in a row that failed
    refused: bool = False  # the partner refused the login: not tried again until profile or secret change


class Due(NamedTuple):
    """When the next round is due; `at` is None where none is, and `why` says why."""

    at: datetime | None
    why: str  # first, poll, cutoff, retry, refused, closed


def next_due(
    name: str, timetable: Timetable, now: datetime, last: LastRound | None, started: datetime | None = None
) -> Due:
    """The next round of partner `name`. An instant that has passed is due at once.

    :param started: since when this process runs; mailboxes that are overdue by then are visited spread over a minute
    """
    if last is None:
        return _opened(timetable, now, "first")
    if last.refused:
        return Due(None, "refused")
    ended = min(last.ended_at, now)  # a clock that was put back keeps nobody waiting
    wait = _wait(timetable.poll, last.failures)
    wanted, why = ended + wait + _share(f"{name} {ended.isoformat()}", wait / 10), "retry" if last.failures else "poll"
    cutoff = timetable.next_cutoff(ended + timetable.before_cutoff)
    if cutoff is not None and cutoff - timetable.before_cutoff < wanted:
        wanted, why = cutoff - timetable.before_cutoff, "cutoff"
    if started is not None and wanted < started:
        wanted = started + _share(name, min(LONGEST_SPREAD, timetable.poll / 10))
    return _opened(timetable, wanted, why)


def next_poll(name: str, timetable: Timetable, now: datetime, last: LastRound | None) -> datetime | None:
    """The same for a person to read: not before now."""
    due = next_due(name, timetable, now, last).at
    return timetable.next_open(now) if due is not None and due < now else due


def _opened(timetable: Timetable, wanted: datetime, why: str) -> Due:
    opening = timetable.next_open(wanted)
    return Due(opening, why if opening is not None else "closed")


def _wait(poll: timedelta, failures: int) -> timedelta:
    """A poll, doubled with each further failure up to an hour."""
    doubled: timedelta = poll * 2 ** min(max(failures - 1, 0), 16)
    return min(doubled, max(poll, LONGEST_BACK_OFF))


def _share(key: str, most: timedelta) -> timedelta:
    """A part of a span of time that differs by key and stays the same for one: jitter without chance."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
    return most * (number / 2**32)
