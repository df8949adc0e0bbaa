"""The audit trail: entries that are only appended, each with a hash over itself and the one before it.

Whoever changes, removes or inserts an entry has to write all later hashes anew, and then the newest is not the one
that was noted elsewhere. Entries hold our own numbers only, no patient data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from gateway.store.audit_tables import audit_entries
from gateway.store.times import stamp

_LOCK = 5010837836  # PostgreSQL: one writer at a time; SQLite has no more anyway


class NewEntry(NamedTuple):
    """What is to be recorded."""

    actor: str
    login: str
    command: str
    action: str  # see, change, send, post
    subjects: Sequence[str]  # "claim:12"
    outcome: str  # begun, or the exit code


class Entry(NamedTuple):
    """One line of the trail."""

    number: int
    recorded_at: str
    actor: str
    login: str
    command: str
    action: str
    subjects: str  # JSON
    outcome: str
    previous: str
    hash: str


class Head(NamedTuple):
    """The newest entry, in short: what is noted elsewhere."""

    number: int
    hash: str


_COLUMNS = [audit_entries.c[name] for name in Entry._fields]


def append(conn: Connection, new: NewEntry, *, at: datetime) -> Head:
    """Adds an entry at the end; two writers come one after the other, whatever store it is."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    last = head(conn)
    subjects = json.dumps(list(new.subjects), separators=(",", ":"))
    entry = Entry(
        last.number + 1, stamp(at), new.actor, new.login, new.command, new.action, subjects, new.outcome, last.hash, ""
    )
    entry = entry._replace(hash=_hash(entry))
    conn.execute(insert(audit_entries).values(entry._asdict()))
    return Head(entry.number, entry.hash)


def head(conn: Connection) -> Head:
    """The newest entry; number 0 where there is none."""
    query = select(audit_entries.c.number, audit_entries.c.hash).order_by(audit_entries.c.number.desc()).limit(1)
    row = conn.execute(query).first()
    return Head(*row) if row else Head(0, "")


def entries(
    conn: Connection, *, since: str = "", until: str = "", actor: str = "", subject: str = ""
) -> Iterator[Entry]:
    """The entries, the oldest first: from a time on, before a time, by one actor, on one subject."""
    query = select(*_COLUMNS).order_by(audit_entries.c.number)
    if since:
        query = query.where(audit_entries.c.recorded_at >= since)
    if until:
        query = query.where(audit_entries.c.recorded_at < until)
    if actor:
        query = query.where(audit_entries.c.actor == actor)
    if subject:
        query = query.where(audit_entries.c.subjects.contains(json.dumps(subject), autoescape=True))
    for row in conn.execution_options(yield_per=1000).execute(query):
        yield Entry._make(row)


def faults(conn: Connection, noted: Head | None = None) -> Iterator[str]:
    """What is wrong with the trail, a line each; `noted` is a head that was kept elsewhere."""
    last, seen = Head(0, ""), None
    for entry in entries(conn):
        if entry.number != last.number + 1:
            yield _missing(last.number + 1, entry.number - 1)
        elif entry.previous != last.hash:
            yield f"entry {entry.number} does not follow entry {last.number}: one of them was changed"
        if entry.hash != _hash(entry):
            yield f"entry {entry.number} is not what was recorded"
        last = Head(entry.number, entry.hash)
        if noted is not None and entry.number == noted.number:
            seen = entry.hash
    if noted is not None and noted.number > last.number:
        yield _missing(last.number + 1, noted.number)
    elif noted is not None and noted.number and seen != noted.hash:
        yield f"entry {noted.number} is not the one that was noted: the trail was written anew"


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def _hash(entry: Entry) -> str:
    text = json.dumps([*entry[:-1]], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
