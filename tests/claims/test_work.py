"""The work on a claim is a fold of what people entered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.work import KINDS, Appeal, Entry, work_of


def entry(number: int, kind: str, **said: object) -> Entry:
    about = {"owner": "", "day": "", "level": 0, "outcome": "", "text": "", "answers": 0, "steps": 0}
    return Entry(number, kind, *(about | said).values(), "pat", f"2026-02-{number:02}")  # type: ignore[arg-type]


def test_the_last_word_counts() -> None:
    """Owner and day are those said last; every note is kept, in order."""
    work = work_of(
        [
            entry(1, "assign", owner="maria"),
            entry(2, "note", text="called"),
            entry(3, "due", day="2026-03-01"),
            entry(4, "assign", owner="tom"),
            entry(5, "due", day="2026-03-05", text="they want records"),
        ]
    )
    assert (work.owner, work.due_on, work.is_done) == ("tom", "2026-03-05", False)
    assert [one.text for one in work.notes] == ["called", "they want records"]


def test_what_is_done_stays_done_until_it_is_taken_up() -> None:
    """A note does not bring a done item back; a person or a day to come back to does, and the old day is gone."""
    done = [entry(1, "due", day="2026-03-01"), entry(2, "done", outcome="resubmitted", answers=3, steps=9)]
    work = work_of([*done, entry(3, "note", text="sent on paper, too")])
    assert (work.is_done, work.outcome, work.due_on, work.answers, work.steps) == (True, "resubmitted", "", 3, 9)
    for again in (entry(3, "assign", owner="tom"), entry(3, "due", day="2026-04-01")):
        assert not work_of([*done, again]).is_done


def test_appeals_are_told_by_level() -> None:
    """A level is answered where it was sent; sent again, it waits again."""
    sent = entry(1, "appeal", level=1, day="2026-02-11", text="records")
    answered = entry(2, "answer", level=1, day="2026-03-01", outcome="upheld")
    second = entry(3, "appeal", level=2, day="2026-03-05")
    assert work_of([sent, answered, second]).appeals == (
        Appeal(1, "2026-02-11", "2026-03-01", "upheld", "records", "pat"),
        Appeal(2, "2026-03-05", "", "waiting", "", "pat"),
    )
    again = entry(3, "appeal", level=1, day="2026-03-09")
    assert work_of([sent, answered, again]).appeals == (Appeal(1, "2026-03-09", "", "waiting", "", "pat"),)


ENTRIES = st.lists(st.sampled_from(KINDS), max_size=12).map(
    lambda kinds: [
        entry(number, kind, owner=f"p{number}", day=f"2026-03-{number:02}", level=1 + number % 3, outcome="upheld")
        for number, kind in enumerate(kinds, 1)
    ]
)


@given(ENTRIES, st.randoms())
def test_the_order_of_reading_does_not_count(entries: list[Entry], random: object) -> None:
    """Entries have an order of their own, so that the fold is the same however they are given."""
    mixed = list(entries)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert work_of(mixed) == work_of(entries)
