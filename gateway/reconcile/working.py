"""The work on claims: an entry goes in, the claim's current row is folded anew, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.claims.work import NOTHING, Entry, Work, work_of
from gateway.store import Connection
from gateway.store.claims import lock_claims
from gateway.store.work import NewEntry, WorkRow, add_entry, counted_now, entries_of, put_work, work_rows, worked_claims


def enter(conn: Connection, new: NewEntry) -> Work:
    """Appends an entry; gives the work as it stands then. What is done keeps which answers there were."""
    lock_claims(conn, [new.claim_id])
    if new.kind == "done":
        answers, steps = counted_now(conn, new.claim_id)
        new = new._replace(answers=answers, steps=steps)
    add_entry(conn, new)
    work = works(conn, [new.claim_id])[new.claim_id]
    put_work(conn, work_row(new.claim_id, work))
    return work


def works(conn: Connection, claim_ids: Iterable[int]) -> dict[int, Work]:
    """The work on each of many claims."""
    listed = list(claim_ids)
    entries = entries_of(conn, listed)
    return {one: work_of(map(Entry._make, entries[one])) if one in entries else NOTHING for one in listed}


def rebuild(conn: Connection) -> None:
    """Computes the work on every claim anew, where none is kept yet."""
    for claim_id, work in works(conn, worked_claims(conn)).items():
        put_work(conn, work_row(claim_id, work))


def work_row(claim_id: int, work: Work) -> WorkRow:
    """The row of the projection."""
    last = work.last_appeal
    is_done = int(work.is_done)
    outcome = last.outcome if last else ""
    return WorkRow(claim_id, work.owner, work.due_on, is_done, work.answers, work.steps, outcome)


def differences(conn: Connection) -> Iterator[int]:
    """The claims whose current row of work is not what their entries make of it."""
    kept = work_rows(conn)
    for claim_id, work in works(conn, worked_claims(conn)).items():
        if kept.pop(claim_id, None) != work_row(claim_id, work):
            yield claim_id
    yield from sorted(kept)
