"""What is new, what is mended, when a channel may be tried: the pure part of alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.kinds import KINDS
from gateway.alerts.message import MOST_LINES, Told, compose
from gateway.alerts.standing import LONGEST_BACK_OFF, Condition, Seen, compare, may_try

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DISK = Condition("disk_low", "disk:home", "the disk is nearly full")
BATCH = Condition("unknown_delivery", "batch:1", "batch 1: nobody knows", partner="house")


def all_of(*conditions: Condition) -> Seen:
    return Seen(conditions, dict.fromkeys(KINDS))


def test_what_is_open_is_not_opened_again() -> None:
    """A condition that lasts is told once, also where two sources see it."""
    assert compare([], [all_of(DISK), all_of(DISK)]) == ([DISK], [])
    assert compare([DISK], [all_of(DISK, BATCH)]) == ([BATCH], [])


def test_what_is_gone_is_mended_only_by_who_would_have_seen_it() -> None:
    """A round with one partner says nothing about another one, and nothing about the disk."""
    elsewhere = Seen([], {"unknown_delivery": frozenset(("other",)), "no_999": None})
    assert compare([DISK, BATCH], [elsewhere]) == ([], [])
    assert compare([DISK, BATCH], [Seen([], {"unknown_delivery": frozenset(("house",))})]) == ([], [BATCH])
    assert compare([DISK, BATCH], [all_of()]) == ([], [DISK, BATCH])


_CONDITIONS = st.builds(Condition, st.sampled_from(sorted(KINDS)), st.sampled_from(["batch:1", "batch:2", "disk"]),
                        st.just("text"), partner=st.sampled_from(["", "house"]))  # fmt: skip


@given(st.lists(st.lists(_CONDITIONS, max_size=6), max_size=8))
def test_whatever_comes_and_goes_one_alert_stands_for_one_condition(looks: list[list[Condition]]) -> None:
    """After each look exactly what was seen is open, nothing twice."""
    known: list[Condition] = []
    for conditions in looks:
        new, gone = compare(known, [all_of(*conditions)])
        known = [one for one in known if one not in gone] + new
        keys = [(one.kind, one.subject) for one in known]
        assert len(keys) == len(set(keys))
        assert set(keys) == {(one.kind, one.subject) for one in conditions}


@given(st.integers(0, 10_000))
def test_a_channel_that_fails_waits_longer_each_time_but_never_beyond_an_hour(failures: int) -> None:
    """And a clock that was put back does not silence it."""
    assert may_try(failures, NOW, NOW + LONGEST_BACK_OFF)
    assert may_try(failures, NOW, NOW - timedelta(seconds=1))
    assert may_try(failures, NOW, NOW + timedelta(seconds=59)) == (failures == 0)
    assert may_try(failures, NOW, NOW + timedelta(minutes=3)) == (failures <= 2)


def test_one_message_groups_all_of_a_kind_and_names_the_page() -> None:
    """However many there are, a kind is a heading, a few lines, a count and what to do."""
    many = [
        Told(n, "quarantined_file", f"file:{n}", "house", f"inbound file {n} cannot be read", "2026-01-05T12:00")
        for n in range(1, 101)
    ]
    made = compose("practice", "2026-01-05T12:00:00.000000Z", [*many, Told(101, *DISK[:2], "", DISK.text, "")], [])
    assert made.subject == "[gateway practice] 101 need a person"
    lines = made.text.splitlines()
    assert len(lines) < MOST_LINES + 15
    assert f"  … and {100 - MOST_LINES} more" in lines
    assert lines.count("  what to do: gateway runbook quarantined-file") == 1
    assert lines.count("  what to do: gateway runbook disk-full") == 1
    assert len(made.document["alerts"]) == 101


def test_the_same_message_has_the_same_key_and_another_one_another() -> None:
    """Who receives a message twice, because an answer was lost, can tell."""
    one, other = Told(1, *DISK[:2], "", DISK.text, ""), Told(2, *BATCH[:2], "house", BATCH.text, "")
    key = compose("practice", "12:00", [one], []).key
    assert compose("practice", "12:30", [one], []).key == key
    assert len({key, compose("practice", "12:00", [], [one]).key, compose("practice", "12:00", [other], []).key}) == 3
