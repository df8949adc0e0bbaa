"""The transaction sets (and TA1s) of inbound files: what became of each, and whether its content was there before."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from gateway.store.rows import columns, fetch, fetch_one
from gateway.store.tables import inbound_sets
from gateway.store.times import stamp

STATUSES = ("posted", "foreign", "duplicate", "parked", "quarantined", "ignored")
ENTERED = "EOB"  # the kind of what a person entered: no set of a file
SETTLED = frozenset(("posted", "foreign", "duplicate", "ignored"))  # reading the file again changes nothing about them


class InboundSetRow(NamedTuple):
    id: int
    file_id: int
    ordinal: int  # of the set (or TA1) in the file, from 1
    kind: str
    sender: str
    interchange_control_number: str
    group_control_number: str
    control_number: str
    version: str
    content_hash: str
    status: str
    claims: int
    matched: int
    unmatched: int
    charge: int
    paid: int
    issues: str  # JSON list
    recorded_at: str


class NewInboundSet(NamedTuple):
    """A set that is about to be read."""

    file_id: int
    ordinal: int
    kind: str
    sender: str = ""
    interchange_control_number: str = ""
    group_control_number: str = ""
    control_number: str = ""
    version: str = ""
    receiver: str = ""


class SetOutcome(NamedTuple):
    """What became of a set."""

    status: str  # one of STATUSES
    content_hash: str = ""
    claims: int = 0
    matched: int = 0
    unmatched: int = 0
    charge: int = 0
    paid: int = 0
    issues: str = "[]"


_SETS = select(*columns(inbound_sets, InboundSetRow))
_BY_ID = _SETS.where(inbound_sets.c.id == bindparam("set_id"))
_IN_FILE = _SETS.where(inbound_sets.c.file_id == bindparam("file_id"))
_BY_PLACE = _IN_FILE.where(inbound_sets.c.ordinal == bindparam("ordinal"))
_SAME_CONTENT = (
    _SETS.where(
        inbound_sets.c.kind == bindparam("kind"),
        inbound_sets.c.content_hash == bindparam("content_hash"),
        inbound_sets.c.id != bindparam("but"),
        inbound_sets.c.status.in_(("posted", "foreign", "parked")),
    )
    .order_by(inbound_sets.c.status.desc(), inbound_sets.c.id)
    .limit(1)
)


def open_set(conn: Connection, new: NewInboundSet, *, at: datetime) -> int:
    """The id of the set's row; one that was read before keeps its row. Until it is closed it counts as parked."""
    found = find_set(conn, new.file_id, new.ordinal)
    return begin_set(conn, new, at=at) if found is None else found.id


def begin_set(conn: Connection, new: NewInboundSet, *, at: datetime) -> int:
    """The same for one that was never read."""
    row = {**new._asdict(), "content_hash": "", "status": "parked", "recorded_at": stamp(at)}
    return int(conn.execute(insert(inbound_sets).values(row).returning(inbound_sets.c.id)).scalar_one())


def close_set(conn: Connection, set_id: int, outcome: SetOutcome) -> InboundSetRow:
    """Says what became of a set; gives its row. Conflict where the same content was posted meanwhile."""
    if outcome.status not in STATUSES:
        raise ValueError(f"not a status of an inbound set: {outcome.status}")
    change = update(inbound_sets).where(inbound_sets.c.id == set_id).values(outcome._asdict())
    row = conn.execute(change.returning(*columns(inbound_sets, InboundSetRow))).one()
    return InboundSetRow._make(row)


def get_set(conn: Connection, set_id: int) -> InboundSetRow | None:
    """One set by its id."""
    return fetch_one(conn, _BY_ID, InboundSetRow, set_id=set_id)


def find_set(conn: Connection, file_id: int, ordinal: int) -> InboundSetRow | None:
    """One set by its place; None where it was never read."""
    return fetch_one(conn, _BY_PLACE, InboundSetRow, file_id=file_id, ordinal=ordinal)


def sets_in_file(conn: Connection, file_id: int) -> list[InboundSetRow]:
    """The sets of a file in their order."""
    return fetch(conn, _IN_FILE.order_by(inbound_sets.c.ordinal), InboundSetRow, file_id=file_id)


def file_of_number(conn: Connection, sender: str, receiver: str, number: str, *, but: int) -> int | None:
    """The first other file with an interchange of these sides and this number whose content was new."""
    own = inbound_sets.c
    query = select(func.min(own.file_id)).where(
        own.interchange_control_number == number,
        own.sender == sender,
        own.receiver == receiver,
        own.file_id != but,
        own.status.in_(("posted", "foreign", "parked")),
    )
    found = conn.execute(query).scalar_one()
    return None if found is None else int(found)


def same_content(conn: Connection, kind: str, content_hash: str, *, but: int) -> InboundSetRow | None:
    """Another set of this content that was posted, else one that is another system's, else one that is parked."""
    return fetch_one(conn, _SAME_CONTENT, InboundSetRow, kind=kind, content_hash=content_hash, but=but)
