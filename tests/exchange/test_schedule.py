"""The planner: profile, time and last round give the next one, and never too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange.schedule import Due, LastRound, next_due, next_poll
from gateway.timetable import Timetable, parse_blackout, parse_moment, parse_span

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
POLL = timedelta(minutes=15)


def due(table: Timetable, last: LastRound | None, now: datetime = NOW, started: datetime | None = None) -> Due:
    return next_due("house", table, now, last, started)


def at(found: Due) -> datetime:
    assert found.at is not None
    return found.at


def test_the_first_round_is_due_at_once() -> None:
    """There is nothing to wait for, unless the mailbox is closed."""
    assert due(Timetable(), None) == (NOW, "first")
    closed = Timetable(windows=(parse_span("13:00-14:00"),))
    assert due(closed, None) == (NOW + timedelta(hours=1), "first")


def test_the_next_round_is_a_poll_later_with_some_jitter() -> None:
    """At least the poll, at most a tenth more, the same each time that it is asked, another one at another partner."""
    last = LastRound(NOW)
    found = due(Timetable(), last)
    assert POLL <= at(found) - NOW <= POLL * 1.1
    assert found == due(Timetable(), last, NOW + timedelta(minutes=5))
    assert at(next_due("other", Timetable(), NOW, last)) != at(found)


def test_a_round_is_made_before_each_cutoff() -> None:
    """A claim that got ready after the last poll still goes; once, not until the cutoff is over."""
    table = Timetable(poll=timedelta(hours=4), cutoffs=(parse_moment("14:00"),), before_cutoff=timedelta(minutes=20))
    before = NOW + timedelta(hours=1, minutes=40)
    assert due(table, LastRound(NOW)) == (before, "cutoff")
    done = before + timedelta(seconds=30)
    assert due(table, LastRound(done), done).why == "poll"


def test_a_cutoff_in_a_closed_hour_moves_nothing_into_it() -> None:
    """The mailbox stays shut."""
    table = Timetable(cutoffs=(parse_moment("12:20"),), blackouts=(parse_blackout("12:00-13:00"),))
    assert due(table, LastRound(NOW)) == (NOW + timedelta(hours=1), "cutoff")


def test_failures_are_followed_by_longer_and_longer_waits_up_to_an_hour() -> None:
    """A partner who is down is not hammered, and is found again within about an hour."""
    waits = [at(due(Timetable(), LastRound(NOW, failures))) - NOW for failures in range(1, 60)]
    for wait, minutes in zip(waits, (15, 30, 60, 60), strict=False):
        assert timedelta(minutes=minutes) <= wait <= timedelta(minutes=minutes) * 1.1
    assert max(waits) <= timedelta(minutes=66)
    slow = Timetable(poll=timedelta(hours=6))
    assert at(due(slow, LastRound(NOW, 9))) - NOW <= timedelta(hours=6) * 1.1


def test_a_refused_login_is_never_due() -> None:
    """A second wrong password may lock the account."""
    assert due(Timetable(), LastRound(NOW - timedelta(days=9), 1, refused=True)) == (None, "refused")


def test_a_schedule_that_never_opens_is_never_due() -> None:
    """And says why."""
    table = Timetable(blackouts=(parse_blackout("00:00-24:00"),))
    assert due(table, LastRound(NOW)) == (None, "closed")


def test_after_a_day_of_outage_one_round_makes_up_for_all() -> None:
    """It is due at once, within a minute where this process has only begun, and the next is a whole poll after it."""
    long_ago = LastRound(NOW - timedelta(days=1))
    assert at(due(Timetable(), long_ago)) < NOW
    spread = at(due(Timetable(), long_ago, NOW, started=NOW)) - NOW
    assert timedelta(0) <= spread <= timedelta(minutes=1)
    assert at(due(Timetable(), LastRound(NOW + spread), NOW + spread, started=NOW)) >= NOW + spread + POLL


def test_a_clock_that_was_put_back_keeps_nobody_waiting() -> None:
    """A last round in the future counts as now."""
    assert at(due(Timetable(), LastRound(NOW + timedelta(days=30)))) - NOW <= POLL * 1.1


def test_what_a_person_reads_is_never_past() -> None:
    """An overdue round is shown as now."""
    assert next_poll("house", Timetable(), NOW, LastRound(NOW - timedelta(days=1))) == NOW


@given(st.integers(1, 240), st.integers(0, 2000), st.booleans())
def test_a_day_has_no_more_rounds_than_its_polls_and_cutoffs(poll: int, minute: int, has_cutoff: bool) -> None:
    """Simulated: a process that takes each round when it is due, after any outage, makes no more than that."""
    cutoffs = (parse_moment("17:00"), parse_moment("09:30")) if has_cutoff else ()
    table = Timetable(poll=timedelta(minutes=poll), cutoffs=cutoffs)
    start = NOW + timedelta(minutes=minute)
    last, rounds = LastRound(NOW - timedelta(days=3)), 0
    now = start
    while True:
        now = max(now, at(next_due("house", table, now, last, start)))
        if now >= start + timedelta(days=1):
            break
        rounds, last = rounds + 1, LastRound(now)
    assert 1 <= rounds <= 24 * 60 // poll + 2 + 1 + len(cutoffs)
