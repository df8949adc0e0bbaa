"""What waits for a person, now or at a time that is past: deliveries, files and sets."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from gateway.store.reporting import Filters, was_posted
from gateway.store.tables import batches, delivery_steps, events, inbound_files, inbound_sets, remittances


class Waiting(NamedTuple):
    """How many things of a kind wait for a person."""

    kind: str
    number: int


def waiting(conn: Connection, filters: Filters, as_of: str = "") -> list[Waiting]:
    """Deliveries, files and sets that wait for a person.

    As of a time: those that were there and waited then. Of sets that follows from what was posted since; of deliveries
    and files that are settled meanwhile the store does not keep when they began to wait, so they are left out.
    """
    found = [
        *(
            Waiting(f"delivery_{state}", _count(conn, _deliveries(state, filters, as_of)))
            for state in ("unknown", "failed")
        ),
        Waiting("file_quarantined", _count(conn, _files(filters, as_of))),
        *(
            Waiting(f"set_{status}", _count(conn, _sets(status, filters, as_of)))
            for status in ("parked", "quarantined")
        ),
    ]
    return [row for row in found if row.number]


def _count(conn: Connection, query: Select[Any]) -> int:
    return int(conn.execute(query).scalar_one())


def _deliveries(state: str, filters: Filters, as_of: str) -> Select[Any]:
    wanted = [batches.c.state == state]
    if filters.partner:
        wanted.append(batches.c.partner == filters.partner)
    if as_of:
        later = exists().where(delivery_steps.c.batch_id == batches.c.id, delivery_steps.c.recorded_at > as_of)
        wanted += [batches.c.reserved_at <= as_of, ~later]
    return select(func.count()).select_from(batches).where(*wanted)


def _of_files(filters: Filters, as_of: str) -> list[ColumnElement[bool]]:
    found = [inbound_files.c.partner == filters.partner] if filters.partner else []
    return [*found, inbound_files.c.recorded_at <= as_of] if as_of else found


def _files(filters: Filters, as_of: str) -> Select[Any]:
    wanted = [inbound_files.c.status == "quarantined", *_of_files(filters, as_of)]
    return select(func.count()).select_from(inbound_files).where(*wanted)


def _sets(status: str, filters: Filters, as_of: str) -> Select[Any]:
    joined = inbound_sets.join(inbound_files, inbound_files.c.id == inbound_sets.c.file_id)
    wanted = [*_of_files(filters, as_of), inbound_sets.c.recorded_at <= as_of] if as_of else _of_files(filters, "")
    own = inbound_sets.c.status == status
    if as_of and status == "parked":
        own = or_(_kept_payment(as_of), and_(~_has_payment(), or_(own, _answered_later(as_of))))
    return select(func.count()).select_from(joined).where(own, *wanted)


def _has_payment() -> ColumnElement[bool]:
    return exists().where(remittances.c.inbound_set_id == inbound_sets.c.id)


def _kept_payment(as_of: str) -> ColumnElement[bool]:
    """A payment that was read then, and was not posted then."""
    return exists().where(
        remittances.c.inbound_set_id == inbound_sets.c.id, remittances.c.recorded_at <= as_of, ~was_posted(as_of)
    )


def _answered_later(as_of: str) -> ColumnElement[bool]:
    """An answer that was read then, and everything that it says was recorded since."""
    of_set = events.c.inbound_set_id == inbound_sets.c.id
    then, since = events.c.recorded_at <= as_of, events.c.recorded_at > as_of
    settled = inbound_sets.c.status.in_(("posted", "foreign"))
    return and_(settled, exists().where(of_set, since), ~exists().where(of_set, then))
