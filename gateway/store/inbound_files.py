"""The files that came in: one row a content, one sighting for each time that it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.errors import UsageError
from gateway.store.rows import columns, cut, fetch, fetch_one
from gateway.store.tables import file_sightings, inbound_files
from gateway.store.times import stamp

STATUSES = ("received", "processed", "partial", "quarantined", "ignored")


class Seen(NamedTuple):
    """A remote file as a listing showed it, and what was in it."""

    name: str
    remote_size: int | None
    remote_modified: str | None
    sha256: str


class FileRow(NamedTuple):
    id: int
    partner: str
    name: str  # as the partner called it: data, never logged
    sha256: str
    size: int
    archive_name: str
    status: str
    reason: str
    recorded_at: str
    processed_at: str | None


class SightingRow(NamedTuple):
    id: int
    file_id: int
    partner: str
    name: str
    remote_size: int | None
    remote_modified: str | None
    recorded_at: str


_FILES = select(*columns(inbound_files, FileRow))
_BY_ID = _FILES.where(inbound_files.c.id == bindparam("file_id"))
_BY_CONTENT = _FILES.where(inbound_files.c.tenant == bindparam("tenant"), inbound_files.c.sha256 == bindparam("sha256"))


def record(
    conn: Connection,
    *,
    name: str,
    sha256: str,
    size: int,
    archive_name: str,
    at: datetime,
    partner: str = "",
    remote_size: int | None = None,
    remote_modified: str | None = None,
    tenant: int = 1,
) -> tuple[int, bool]:
    """Records a file that is in the archive, and that it was seen.

    Returns its id and whether its content is new; a content that is there already gets a further sighting only.
    """
    row = {
        "tenant": tenant,
        "partner": partner,
        "name": name,
        "sha256": sha256,
        "size": size,
        "archive_name": archive_name,
        "status": "received",
        "recorded_at": stamp(at),
    }
    upsert = (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(inbound_files).values(row)
    made = conn.execute(
        upsert.on_conflict_do_nothing(index_elements=["tenant", "sha256"]).returning(inbound_files.c.id)
    ).scalar_one_or_none()
    if made is None:
        same = (inbound_files.c.tenant == tenant) & (inbound_files.c.sha256 == sha256)
        file_id = int(conn.execute(select(inbound_files.c.id).where(same)).scalar_one())
    else:
        file_id = int(made)
    seen = {"remote_size": remote_size, "remote_modified": remote_modified, "recorded_at": stamp(at)}
    conn.execute(insert(file_sightings).values(file_id=file_id, partner=partner, name=name, **seen))
    return file_id, made is not None


def seen_before(conn: Connection, *, partner: str, names: Iterable[str]) -> list[Seen]:
    """Each way in which a partner's listings showed files of these names before, the first first."""
    listing = file_sightings
    query = (
        select(listing.c.name, listing.c.remote_size, listing.c.remote_modified, inbound_files.c.sha256)
        .join(inbound_files, inbound_files.c.id == listing.c.file_id)
        .where(listing.c.partner == partner)
        .order_by(listing.c.id)
    )
    return [seen for some in cut(names) for seen in fetch(conn, query.where(listing.c.name.in_(some)), Seen)]


def sightings(conn: Connection, file_id: int) -> list[SightingRow]:
    """Each time that a file's content was seen, the first first."""
    query = select(*columns(file_sightings, SightingRow)).where(file_sightings.c.file_id == file_id)
    return fetch(conn, query.order_by(file_sightings.c.id), SightingRow)


def get_file(conn: Connection, file_id: int) -> FileRow:
    """One file; raises UsageError where there is none of that id."""
    found = fetch_one(conn, _BY_ID, FileRow, file_id=file_id)
    if found is None:
        raise UsageError(f"there is no inbound file {file_id}")
    return found


def find_file(conn: Connection, sha256: str, *, tenant: int = 1) -> FileRow | None:
    """The file of that content."""
    return fetch_one(conn, _BY_CONTENT, FileRow, tenant=tenant, sha256=sha256)


def list_files(
    conn: Connection, *, statuses: Sequence[str] = (), partner: str | None = None, limit: int | None = None
) -> list[FileRow]:
    """Files in order of arrival, all or those of some statuses or of one partner."""
    query = select(*columns(inbound_files, FileRow)).order_by(inbound_files.c.id)
    if statuses:
        query = query.where(inbound_files.c.status.in_(statuses))
    if partner is not None:
        query = query.where(inbound_files.c.partner == partner)
    return fetch(conn, query.limit(limit), FileRow)


def set_status(
    conn: Connection, file_id: int, status: str, *, at: datetime, reason: str = "", partner: str = ""
) -> None:
    """Says how far a file is: one of STATUSES, with the reason where it is not `processed`.

    `partner`: whose it is by its envelopes, where it was not fetched from a mailbox.
    """
    if status not in STATUSES:
        raise ValueError(f"not a status of a file: {status}")
    values = {"status": status, "reason": reason, "processed_at": None if status == "received" else stamp(at)}
    values |= {"partner": partner} if partner else {}
    if conn.execute(update(inbound_files).where(inbound_files.c.id == file_id).values(values)).rowcount == 0:
        raise UsageError(f"there is no inbound file {file_id}")
