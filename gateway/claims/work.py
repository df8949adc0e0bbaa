"""What people did about a claim that waits for one: a pure fold of entries, in the order in which they were made.

An item that is done stays out of the list until somebody takes it up again (a person to do it, a day to come back to
it) or a newer answer makes it work again. The fold keeps how many answers and steps there were when it was done;
the list compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

KINDS = ("assign", "note", "due", "done", "appeal", "answer", "retract")
# What became of an item, in a biller's words.
OUTCOMES = ("resubmitted", "corrected", "appealed", "billed_patient", "billed_next", "written_off", "paid", "no_action")
APPEAL_OUTCOMES = ("upheld", "overturned", "partly")
WAITING = "waiting"  # an appeal that is not answered
_TAKES_UP = frozenset({"assign", "due"})


class Entry(NamedTuple):
    """One entry; `id` tells the order."""

    id: int
    kind: str  # one of KINDS
    owner: str  # assign
    day: str  # due; the day on which an appeal was sent or answered
    level: int  # of an appeal, from 1
    outcome: str  # done, answer
    text: str
    answers: int  # done: how many payments and rejections there were
    steps: int  # done: the same with submissions and answers of any kind
    actor: str
    recorded_at: str


class Note(NamedTuple):
    text: str
    actor: str
    recorded_at: str


class Appeal(NamedTuple):
    """One level of appeal. Days are ISO text."""

    level: int
    sent_on: str
    answered_on: str  # empty while it waits
    outcome: str  # waiting, upheld, overturned, partly
    note: str
    actor: str  # who entered it last


class Work(NamedTuple):
    """Where the work on a claim stands."""

    owner: str = ""
    due_on: str = ""
    is_done: bool = False
    outcome: str = ""  # of what is done
    done_at: str = ""
    done_by: str = ""
    answers: int = 0  # as they were when it was done
    steps: int = 0
    notes: tuple[Note, ...] = ()
    appeals: tuple[Appeal, ...] = ()  # by level

    @property
    def last_appeal(self) -> Appeal | None:
        return self.appeals[-1] if self.appeals else None


NOTHING = Work()


def work_of(entries: Iterable[Entry]) -> Work:
    """The work on one claim by its entries, whatever order they are given in."""
    work = NOTHING
    for entry in sorted(entries, key=lambda one: one.id):
        work = _after(work, entry)
    return work


def _after(work: Work, entry: Entry) -> Work:
    if entry.text:
        work = work._replace(notes=(*work.notes, Note(entry.text, entry.actor, entry.recorded_at)))
    if entry.kind in _TAKES_UP:
        work = work._replace(is_done=False, outcome="", done_at="", done_by="")
    match entry.kind:
        case "assign":
            return work._replace(owner=entry.owner)
        case "due":
            return work._replace(due_on=entry.day)
        case "done":
            return work._replace(
                is_done=True, outcome=entry.outcome, done_at=entry.recorded_at, done_by=entry.actor, due_on="",
                answers=entry.answers, steps=entry.steps,
            )  # fmt: skip
        case "retract":
            return work._replace(appeals=tuple(one for one in work.appeals if one.level != entry.level))
        case "appeal" | "answer":
            return work._replace(appeals=_appeals(work.appeals, entry))
    return work


def _appeals(appeals: tuple[Appeal, ...], entry: Entry) -> tuple[Appeal, ...]:
    """What was said last of a level counts: an appeal that is sent again waits again."""
    known = {one.level: one for one in appeals}
    before = known.get(entry.level)
    if entry.kind == "appeal":
        made = Appeal(entry.level, entry.day, "", WAITING, entry.text, entry.actor)
    else:
        sent_on, note = (before.sent_on, before.note) if before else ("", "")
        made = Appeal(entry.level, sent_on, entry.day, entry.outcome, entry.text or note, entry.actor)
    return tuple(sorted((known | {entry.level: made}).values()))
