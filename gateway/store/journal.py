"""What no archived file says: claims as they were taken in, batches, what persons decided, and the numbers given out.

A journal is these rows as lines of JSON, independent of the kind of database, so that a store can be made anew from it
and from the files of the archive. What the files say is not in it: that is read from them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, func, insert, select

from gateway.errors import NeedsPerson
from gateway.store import schema as _schema  # noqa: F401 - the tables of every module are of the metadata then
from gateway.store.backup import BEGUN
from gateway.store.migrations import HEAD, REVISIONS
from gateway.store.rows import cut
from gateway.store.tables import (
    claim_current,
    decisions,
    events,
    inbound_files,
    inbound_sets,
    metadata,
    remittance_claims,
    remittance_links,
    remittances,
)

FORMAT = 1
# What is read from the files again, or folded.
DERIVED = frozenset(
    (
        *("inbound_sets", "event_links", "remittances", "remittance_claims", "remittance_links", "postings"),
        *("provider_adjustments", "remittance_entries", "claim_current", "work_current", "patient_accounts"),
    )
)
# What tells how a mailbox or an alert stands at this moment.
PASSING = frozenset(("partner_rounds", "alerts", "alert_entries", "alert_channels"))
_ON_PAYMENTS = ("undo", "post_as_is", "match", "unmatch", "enter")  # made again, since they write what is derived
_ROWS = 500
_WITNESSED = ("state", "charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")


class ReadFile(NamedTuple):
    """When an inbound file was read, and as what."""

    file_id: int
    first: str  # when its first set was recorded
    last: str  # when it was read for the last time
    entered_by: str = ""  # who entered it, where it is a payment that came in no file
    why: str = ""  # what was said with it


class Decided(NamedTuple):
    """A person's decision on a payment, by the file and set that it came in."""

    at: str
    action: str  # undo, post_as_is, match, unmatch
    actor: str
    reason: str
    file_id: int
    ordinal: int  # of the set in the file
    claim: int = 0  # ordinal of the remitted claim; 0: the whole payment
    to_claim: int | None = None  # the claim that it was matched to


def kept_tables() -> list[Table]:
    """The tables that a journal holds, each after those that it refers to."""
    return [table for table in metadata.sorted_tables if table.name not in DERIVED | PASSING]


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(conn: Connection, at: str) -> Iterator[str]:
    """A journal of the store as it stands, line by line."""
    yield _line("journal", {"format": FORMAT, "revision": HEAD, "at": at})
    for table in kept_tables():
        yield _line("table", {"name": table.name, "columns": [column.name for column in table.columns]})
        for row in conn.execute(_rows(table).execution_options(yield_per=_ROWS)):
            yield _line("row", list(row))
    for file in _read_files(conn):
        yield _line("read", file)
    for decided in _decided(conn):
        yield _line("decided", decided)
    witnessed = select(claim_current.c.claim_id, *(claim_current.c[name] for name in _WITNESSED))
    for row in conn.execute(witnessed.order_by(claim_current.c.claim_id)):
        yield _line("claim", list(row))
    yield _line("end", {})


def _line(kind: str, value: Any) -> str:
    return json.dumps([kind, value], separators=(",", ":")) + "\n"


def _rows(table: Table) -> Select[Any]:
    query = select(table).order_by(*table.primary_key.columns)
    if table is events:
        return query.where(events.c.inbound_set_id.is_(None))
    if table is decisions:
        return query.where(decisions.c.action.not_in(_ON_PAYMENTS), decisions.c.id != BEGUN)
    return query


def _read_files(conn: Connection) -> Iterator[ReadFile]:
    entered = {(one.file_id, one.ordinal): one for one in _on_payments(conn) if one.action == "enter"}
    first = func.min(inbound_sets.c.recorded_at)
    query = (
        select(inbound_files.c.id, first, inbound_files.c.processed_at)
        .outerjoin(inbound_sets, inbound_sets.c.file_id == inbound_files.c.id)
        .where(inbound_files.c.processed_at.is_not(None))
        .group_by(inbound_files.c.id, inbound_files.c.processed_at)
        .order_by(inbound_files.c.id)
    )
    for file_id, began, last in conn.execute(query):
        made = entered.get((file_id, 1))
        yield ReadFile(file_id, began or last, last, made.actor if made else "", made.reason if made else "")


def _decided(conn: Connection) -> Iterator[Decided]:
    return (one for one in _on_payments(conn) if one.action != "enter")


def _on_payments(conn: Connection) -> Iterator[Decided]:
    """Every decision on a payment or one of its claims, in the order in which they were made."""
    row = decisions.c
    query = select(row.action, row.subject, row.actor, row.reason, row.recorded_at).where(row.action.in_(_ON_PAYMENTS))
    for action, subject, actor, reason, at in conn.execute(query.order_by(row.id)).all():
        kind, _, number = subject.partition(":")
        if kind == "remittance":
            file_id, ordinal = conn.execute(_place().where(remittances.c.id == int(number))).one()
            yield Decided(at, action, actor, reason, file_id, ordinal)
        else:
            claim = remittance_claims.c
            found = _place(claim.ordinal).join(remittance_claims, claim.remittance_id == remittances.c.id)
            file_id, ordinal, place = conn.execute(found.where(claim.id == int(number))).one()
            to_claim = conn.execute(_link(int(number), actor, at)).scalars().first()
            yield Decided(at, action, actor, reason, file_id, ordinal, place, to_claim)


def _place(*more: Any) -> Select[Any]:
    sets = inbound_sets.c
    return (
        select(sets.file_id, sets.ordinal, *more)
        .select_from(remittances)
        .join(inbound_sets, sets.id == remittances.c.inbound_set_id)
    )


def _link(remittance_claim_id: int, actor: str, at: str) -> Select[Any]:
    link = remittance_links.c
    same = (link.remittance_claim_id == remittance_claim_id) & (link.actor == actor) & (link.recorded_at == at)
    return select(link.claim_id).where(same).order_by(link.id.desc())


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Rest(NamedTuple):
    """What a journal says beside its rows."""

    at: str
    files: list[ReadFile]
    decided: list[Decided]
    witnesses: dict[int, tuple[Any, ...]]


def take(conn: Connection, source: Iterable[str]) -> Rest:
    """Fills an empty store with the rows of a journal, under their own ids; gives the rest of what it says.

    Raises NeedsPerson where the journal ends too early, or is of a newer gateway.
    """
    parsed = ((kind, value) for kind, value in map(json.loads, source))
    nothing: tuple[str, Any] = ("", {})
    kind, head = next(parsed, nothing)
    if kind != "journal" or head["format"] != FORMAT or head["revision"] not in REVISIONS:
        raise NeedsPerson("the journal is of a newer gateway, or is none: install that version first")
    rest, ended = Rest(head["at"], [], [], {}), False
    table, names = metadata.sorted_tables[0], list[str]()
    for kind, values in groupby(parsed, key=lambda one: one[0]):
        for _, value in values if kind != "row" else ():
            if kind == "table":
                table, names = metadata.tables[value["name"]], value["columns"]
            _take_other(rest, kind, value)
            ended = kind == "end"
        if kind == "row":
            _insert(conn, table, names, (value for _, value in values))
    if not ended:
        raise NeedsPerson("the journal ends too early")
    _go_on(conn)
    return rest


def _take_other(rest: Rest, kind: str, value: Any) -> None:
    if kind == "read":
        rest.files.append(ReadFile(*value))
    elif kind == "decided":
        rest.decided.append(Decided(*value))
    elif kind == "claim":
        rest.witnesses[value[0]] = tuple(value[1:])


def _insert(conn: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    unread = {"status": "received", "reason": "", "processed_at": None} if table is inbound_files else {}
    for part in cut(rows, _ROWS):
        conn.execute(insert(table), [_row(names, row) | unread for row in part])


def _row(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))


def _go_on(conn: Connection) -> None:
    """PostgreSQL gives ids out by sequences, which know nothing of the rows; SQLite looks at the rows."""
    if conn.dialect.name != "postgresql":
        return
    for table in kept_tables():
        if "id" in table.c and table.c.id.autoincrement is True:
            highest = conn.execute(select(func.max(table.c.id))).scalar_one()
            if highest is not None and highest > 0:
                conn.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest)))


# ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────────


def is_fresh(conn: Connection) -> bool:
    """Whether a store holds no claim, no batch and no file yet."""
    asked = (metadata.tables[name] for name in ("claims", "batches", "inbound_files"))
    return all(conn.execute(select(table).limit(1)).first() is None for table in asked)


def count_claims(conn: Connection) -> int:
    """How many claims there are."""
    return int(conn.execute(select(func.count()).select_from(metadata.tables["claims"])).scalar_one())


def differing(conn: Connection, witnesses: Mapping[int, tuple[Any, ...]]) -> Iterator[tuple[int, list[str]]]:
    """The claims that are not as they were when the journal was written, with what differs."""
    query = select(claim_current.c.claim_id, *(claim_current.c[name] for name in _WITNESSED))
    found = {row[0]: tuple(row[1:]) for row in conn.execute(query)}
    for claim_id, values in witnesses.items():
        now = found.get(claim_id)
        if now is None:
            yield claim_id, ["is not there"]
        elif now != values:
            yield claim_id, [name for name, one, two in zip(_WITNESSED, now, values, strict=True) if one != two]


def payment_at(conn: Connection, file_id: int, ordinal: int, claim: int = 0) -> tuple[int, int] | None:
    """(payment, remitted claim or 0) that a set of a file came to; None where it came to none."""
    sets, row = inbound_sets.c, remittance_claims.c
    query = (
        select(remittances.c.id)
        .join(inbound_sets, sets.id == remittances.c.inbound_set_id)
        .where(sets.file_id == file_id, sets.ordinal == ordinal)
    )
    payment = conn.execute(query).scalars().first()
    if payment is None or not claim:
        return None if payment is None else (payment, 0)
    same = (row.remittance_id == payment) & (row.ordinal == claim)
    found = conn.execute(select(row.id).where(same)).scalars().first()
    return None if found is None else (payment, found)
