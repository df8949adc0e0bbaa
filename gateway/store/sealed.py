"""Files of the archive that crossed the wire sealed, each with the same in the clear."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from gateway.store.rows import columns, fetch, fetch_one, insert_rows
from gateway.store.tables import batches, sealed_files


class SealedRow(NamedTuple):
    wire_name: str  # in the archive
    wire_sha256: str
    wire_size: int
    clear_name: str
    clear_sha256: str
    clear_size: int
    recorded_at: str


_OF_WIRE = select(*columns(sealed_files, SealedRow)).where(sealed_files.c.wire_name == bindparam("wire_name"))


def keep_sealed(conn: Connection, row: SealedRow) -> None:
    """Records a pair; one that is there already stays."""
    insert_rows(conn, sealed_files, SealedRow._fields, [tuple(row)], skip="wire_name")


def of_wire(conn: Connection, wire_name: str) -> SealedRow | None:
    """The pair of a file that came sealed."""
    return fetch_one(conn, _OF_WIRE, SealedRow, wire_name=wire_name)


def of_clear(conn: Connection, clear_name: str) -> SealedRow | None:
    """The pair of a file that was sealed to be sent; the first, where there were two."""
    query = select(*columns(sealed_files, SealedRow)).where(sealed_files.c.clear_name == clear_name)
    return fetch_one(conn, query.order_by(sealed_files.c.recorded_at, sealed_files.c.wire_name), SealedRow)


def archived(conn: Connection) -> set[str]:
    """The archive files that batches and sealed files name."""
    named = (batches.c.archive_name, sealed_files.c.wire_name)
    return {name for one in named for name in conn.execute(select(one)).scalars()}


def all_sealed(conn: Connection) -> list[SealedRow]:
    """Every pair."""
    return fetch(conn, select(*columns(sealed_files, SealedRow)).order_by(sealed_files.c.wire_name), SealedRow)
