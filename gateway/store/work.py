"""What people did about claims: entries are appended, one current row a claim is computed from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, insert, literal, literal_column, or_, select

from gateway.store.rows import columns, cut, put_rows
from gateway.store.tables import (
    claim_current,
    event_links,
    events,
    postings,
    remittance_links,
    submissions,
    work_current,
    work_entries,
)


class EntryRow(NamedTuple):
    id: int
    kind: str
    owner: str
    day: str
    level: int
    outcome: str
    text: str
    answers: int
    steps: int
    actor: str
    recorded_at: str


class NewEntry(NamedTuple):
    """An entry to be."""

    claim_id: int
    kind: str
    actor: str
    recorded_at: str
    owner: str = ""
    day: str = ""
    level: int = 0
    outcome: str = ""
    text: str = ""
    answers: int = 0
    steps: int = 0


class WorkRow(NamedTuple):
    """Where the work on a claim stands, as lists ask for it."""

    claim_id: int
    owner: str
    due_on: str
    is_done: int
    answers: int
    steps: int
    appeal_outcome: str


def add_entry(conn: Connection, new: NewEntry) -> int:
    """Appends an entry and returns its id; the caller computes the current row anew."""
    return int(conn.execute(insert(work_entries).values(new._asdict()).returning(work_entries.c.id)).scalar_one())


def entries_of(conn: Connection, claim_ids: Iterable[int]) -> dict[int, list[EntryRow]]:
    """The entries of many claims, in their order; claims without any are absent."""
    found: dict[int, list[EntryRow]] = {}
    query = select(work_entries.c.claim_id, *columns(work_entries, EntryRow)).order_by(work_entries.c.id)
    for part in cut(sorted(set(claim_ids))):
        for row in conn.execute(query.where(work_entries.c.claim_id.in_(part))):
            found.setdefault(row[0], []).append(EntryRow._make(row[1:]))
    return found


def put_work(conn: Connection, row: WorkRow) -> None:
    """Writes the current row of a claim's work."""
    put_rows(conn, work_current.name, WorkRow._fields, [row], key="claim_id")


def work_rows(conn: Connection) -> dict[int, WorkRow]:
    """Every current row, by claim: there are as many as claims that somebody worked on."""
    return {row[0]: WorkRow._make(row) for row in conn.execute(select(*columns(work_current, WorkRow)))}


def worked_claims(conn: Connection) -> list[int]:
    """The claims that have entries."""
    query = select(work_entries.c.claim_id).distinct().order_by(work_entries.c.claim_id)
    return [row[0] for row in conn.execute(query)]


class AppealSums(NamedTuple):
    """How appeals ended, over all claims: their last levels."""

    answered: int
    overturned: int
    partly: int


def appeal_sums(conn: Connection) -> AppealSums:
    outcome = work_current.c.appeal_outcome
    counted = [func.count(case((outcome == one, 1))) for one in ("overturned", "partly")]
    answered = func.count(case((outcome.not_in(("", "waiting")), 1)))
    row = conn.execute(select(answered, *counted)).one()
    return AppealSums(*map(int, row))


# ── what was there when an item was done ─────────────────────────────────────────────────────────────────────────────


def answers_counted(claim_id: ColumnElement[int]) -> ColumnElement[int]:
    """How many answers there are to a claim that can make it work: what payments moved, and rejections. It only grows.

    An answer that another transaction is still writing counts later, and so is never taken for one that was seen.
    """
    return _moved(claim_id) + _said(claim_id, events.c.verdict == "reject", events.c.hop.not_in(("own", "person")))


def steps_counted(claim_id: ColumnElement[int]) -> ColumnElement[int]:
    """How often a claim went out or was answered in any way."""
    sent = select(func.count()).select_from(submissions).where(submissions.c.claim_id == claim_id).scalar_subquery()
    answer = events.c.kind.in_(("ta1", "ack_group", "ack_set", "status", "inquiry", "entered"))
    return _moved(claim_id) + sent + _said(claim_id, answer)


def counted_now(conn: Connection, claim_id: int) -> tuple[int, int]:
    """Answers and steps of one claim."""
    one = literal(claim_id)
    answers, steps = conn.execute(select(answers_counted(one), steps_counted(one))).one()
    return int(answers), int(steps)


def is_work(claim_id: ColumnElement[int], *, any_step: bool) -> ColumnElement[bool]:
    """Whether an item is work: nobody said that it is done, or something came after that. Of an outer join."""
    row = work_current.c
    came = steps_counted(claim_id) > row.steps if any_step else answers_counted(claim_id) > row.answers
    return or_(func.coalesce(row.is_done, 0) == 0, came)


def _moved(claim_id: ColumnElement[int]) -> ColumnElement[int]:
    joined = remittance_links.join(
        postings, postings.c.remittance_claim_id == remittance_links.c.remittance_claim_id
    )  # fmt: skip
    query = select(func.count()).select_from(joined).where(remittance_links.c.claim_id == claim_id)
    return query.scalar_subquery()


_NARROWER: dict[str, tuple[str, ...]] = {"claim_id": (), "set_id": ("claim_id",), "batch_id": ("claim_id", "set_id")}


def _said(claim_id: ColumnElement[int], *what: ColumnElement[bool]) -> ColumnElement[int]:
    """Events of a claim, and of the sets and batches that it stands in: recorded with it, or bound to it later."""
    total: ColumnElement[int] = literal_column("0")
    for scope, narrower in _NARROWER.items():
        for table in (events, event_links):
            source = events if table is events else event_links.join(events, events.c.id == event_links.c.event_id)
            narrowest = [table.c[other].is_(None) for other in narrower]
            where = (_in_scope(table.c[scope], claim_id, scope), *narrowest, *what)
            total = total + select(func.count()).select_from(source).where(*where).scalar_subquery()
    return total


def _in_scope(column: ColumnElement[Any], claim_id: ColumnElement[int], scope: str) -> ColumnElement[bool]:
    if scope == "claim_id":
        return column == claim_id
    own = select(submissions.c[scope]).where(submissions.c.claim_id == claim_id)
    # Two levels below the query that the claim is of, where nothing is correlated by itself.
    return column.in_(own.correlate(claim_current))
