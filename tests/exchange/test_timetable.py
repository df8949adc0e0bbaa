"""When a mailbox may be visited, by the partner's own clock: windows, cutoffs, holidays, blackouts, summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UsageError
from gateway.partners import load_profile
from gateway.timetable import Timetable, parse_blackout, parse_days, parse_moment, parse_span

NEW_YORK = ZoneInfo("America/New_York")
PROFILE = """
[partner]
usage = "test"
payers = ["*"]
[envelope]
sender = "ZZ:A"
receiver = "ZZ:B"
receiver_name = "B"
[submitter]
name = "A"
id = "A"
contact = "A"
phone = "5555550100"
[folder]
path = "mailbox"
[schedule]
"""


def table(**given: object) -> Timetable:
    return Timetable(**{"zone": NEW_YORK, **given})  # type: ignore[arg-type]


def ny(text: str, fold: int = 0) -> datetime:
    """An instant by New York's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK, fold=fold).astimezone(UTC)


def read(tmp_path: Path, text: str, home: Path | None = None) -> Timetable:
    path = tmp_path / "house.toml"
    path.write_text(PROFILE + text)
    return load_profile(path, home).timetable


def test_without_a_schedule_it_is_always_open(tmp_path: Path) -> None:
    """A quarter of an hour between rounds, no window, no cutoff, UTC."""
    found = read(tmp_path, "")
    assert found == Timetable()
    at = ny("2026-12-25T03:00")
    assert found.is_open(at)
    assert found.next_cutoff(at) is None
    assert found.poll == timedelta(minutes=15)


def test_a_window_opens_by_the_partners_clock() -> None:
    """Monday to Friday from six: before, within, after, and over the weekend."""
    found = table(windows=(parse_span("mon-fri 06:00-22:00"),))
    assert found.next_open(ny("2026-03-02T05:59")) == ny("2026-03-02T06:00")
    assert found.is_open(ny("2026-03-02T06:00"))
    assert found.is_open(ny("2026-03-02T21:59"))
    assert found.next_open(ny("2026-03-02T22:00")) == ny("2026-03-03T06:00")
    assert found.next_open(ny("2026-03-06T22:30")) == ny("2026-03-09T06:00")


def test_a_window_may_last_over_midnight() -> None:
    """It belongs to the day on which it begins."""
    found = table(windows=(parse_span("sun 22:00-02:00"),))
    assert found.is_open(ny("2026-03-02T01:59"))
    assert not found.is_open(ny("2026-03-02T02:00"))
    assert found.next_open(ny("2026-03-02T02:00")) == ny("2026-03-08T22:00")


def test_a_day_of_23_hours() -> None:
    """The night of 8 March 2026: the window that begins at a time that is skipped begins when the clock has moved,
    and from six to six is an hour less."""
    found = table(windows=(parse_span("02:30-04:00"),))
    assert found.next_open(ny("2026-03-08T00:00")) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # 03:30 summer time
    assert not found.is_open(datetime(2026, 3, 8, 8, 0, tzinfo=UTC))  # 04:00 summer time
    day = table(windows=(parse_span("06:00-06:30"),))
    first = day.next_open(ny("2026-03-07T06:00"))
    second = day.next_open(ny("2026-03-07T07:00"))
    assert first is not None and second is not None
    assert second - first == timedelta(hours=23)


def test_a_day_of_25_hours() -> None:
    """The night of 1 November 2026: a window until half past one lasts until the second half past one, and a cutoff
    at half past one is the first of the two: nothing is late that could have been in time."""
    found = table(windows=(parse_span("00:30-01:30"),), cutoffs=(parse_moment("01:30"),))
    assert found.is_open(ny("2026-11-01T01:29", fold=1))
    assert not found.is_open(ny("2026-11-01T01:30", fold=1))
    assert found.next_cutoff(ny("2026-11-01T00:00")) == ny("2026-11-01T01:30", fold=0)
    assert found.next_cutoff(ny("2026-11-01T01:30", fold=0)) == ny("2026-11-02T01:30")


def test_a_cutoff_keeps_its_hour_when_the_clock_changes() -> None:
    """Five in the afternoon in New York is 22:00 UTC in winter and 21:00 in summer."""
    found = table(cutoffs=(parse_moment("mon-fri 17:00"),))
    assert found.next_cutoff(ny("2026-03-06T16:59")) == datetime(2026, 3, 6, 22, tzinfo=UTC)
    assert found.next_cutoff(ny("2026-03-06T17:00")) == datetime(2026, 3, 9, 21, tzinfo=UTC)


def test_on_a_holiday_no_window_opens_and_no_cutoff_counts() -> None:
    """A claim that is ready on the day before goes on the day after."""
    holiday = frozenset({date(2026, 7, 3)})
    found = table(windows=(parse_span("mon-fri 06:00-22:00"),), cutoffs=(parse_moment("17:00"),), holidays=holiday)
    assert found.next_open(ny("2026-07-02T22:00")) == ny("2026-07-06T06:00")
    assert found.next_cutoff(ny("2026-07-02T17:00")) == ny("2026-07-04T17:00")
    assert table(holidays=holiday).is_open(ny("2026-07-03T12:00"))


def test_a_blackout_closes_whatever_else_is_open() -> None:
    """Once or every week; where one ends inside another, the other one still holds."""
    found = table(
        blackouts=(
            parse_blackout("sun 02:00-04:00"),
            parse_blackout("2026-12-24 18:00/2026-12-26 06:00"),
            parse_blackout("2026-12-26"),
        )
    )
    assert found.next_open(ny("2026-03-01T03:00")) == ny("2026-03-01T04:00")
    assert found.is_open(ny("2026-03-02T03:00"))
    assert found.next_open(ny("2026-12-24T18:00")) == ny("2026-12-27T00:00")


def test_a_schedule_that_never_opens_says_so() -> None:
    """It is not waited for to all eternity."""
    assert table(blackouts=(parse_blackout("daily 00:00-24:00"),)).next_open(ny("2026-03-01T03:00")) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon", {0}), ("mon-wed,fri", {0, 1, 2, 4}), ("sat-mon", {5, 6, 0}), ("daily", set(range(7)))],
)
def test_days_are_written_as_people_write_them(text: str, days: set[int]) -> None:
    """Ranges, lists, and ranges over the weekend."""
    assert parse_days(text) == days


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('time_zone = "America/Gotham"', "line 17: [schedule] time_zone: 'America/Gotham' is no time zone"),
        ('time_zone = "../../etc/passwd"', "[schedule] time_zone"),
        ("poll_minutes = 0", "line 17: [schedule] poll_minutes: must lie between 1 and 1440"),
        ('windows = ["6-22"]', "line 17: [schedule] windows: '6-22' is not written as"),
        ('windows = ["mo-fr 06:00-22:00"]', "[schedule] windows: 'mo-fr' names no days"),
        ('windows = ["06:00-06:00"]', "begins and ends at the same time"),
        ('cutoffs = ["25:00"]', "[schedule] cutoffs: 25:00 is no time of day"),
        ('cutoffs = ["17:60"]', "17:60 is no time of day"),
        ('holidays = ["moon"]', "[schedule] holidays: there is no calendar 'moon'"),
        ('holidays = ["2026-02-30"]', "'2026-02-30' is no day of the calendar"),
        ('holidays = ["../x"]', "neither a day nor the name"),
        ('blackouts = ["2026-12-26 06:00/2026-12-24 18:00"]', "ends before it begins"),
        ('blackout = ["2026-12-26"]', "[schedule] blackout"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """File, line, key and reason."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_holidays_come_from_a_calendar_that_a_home_may_add_to(tmp_path: Path) -> None:
    """The shipped days, the home's days of the same calendar, single days, and calendars of the home's own."""
    folder = tmp_path / "home" / "mappings" / "holidays"
    folder.mkdir(parents=True)
    (folder / "us-federal.csv").write_text("date,name\n2026-12-24,Closed\n")
    (folder / "ours.csv").write_text("date\n2026-08-08\n")
    found = read(tmp_path, 'holidays = ["us-federal", "ours", "2026-09-09"]', tmp_path / "home").holidays
    assert {date(2026, 7, 3), date(2026, 12, 24), date(2026, 8, 8), date(2026, 9, 9)} <= found
    (folder / "ours.csv").write_text("date\n2026-8-8\n")
    with pytest.raises(UsageError, match="'2026-8-8' is no day"):
        read(tmp_path, 'holidays = ["ours"]', tmp_path / "home")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["America/New_York", "Europe/Berlin", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.lists(st.sampled_from(["mon-fri 06:00-22:00", "sat 23:00-03:00", "02:15-02:45"]), max_size=2),
    st.lists(st.sampled_from(["sun 01:00-04:00", "2026-06-06", "mon 22:00-02:30"]), max_size=2),
)
def test_an_opening_is_open_and_nothing_before_it_is(
    at: datetime, zone: str, windows: list[str], blackouts: list[str]
) -> None:
    """Whatever the zone: the next opening is not before now, is open, and the minute before it is closed or past."""
    found = Timetable(
        zone=ZoneInfo(zone),
        windows=tuple(map(parse_span, windows)),
        blackouts=tuple(map(parse_blackout, blackouts)),
    )
    now = at.replace(tzinfo=UTC)
    opening = found.next_open(now)
    assert opening is not None and opening >= now
    assert found.is_open(opening)
    before = opening - timedelta(seconds=30)
    assert before < now or not found.is_open(before)
