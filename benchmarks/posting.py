"""Posting a payment against its floor: the same 835 parsed, and the very rows that posting it wrote put into a copy of
the store as it was before, by the driver alone (`executemany` of sqlite3; COPY of psycopg, and `executemany` where rows
are replaced), with all indexes, references and guards.
"""

from __future__ import annotations

import pickle
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.place import Done, Place, require
from gateway.inbound.remit835 import RemittanceReader
from gateway.store import Connection, engine
from gateway.x12.reader import Reader, TransactionSet

_ROWS_A_CALL = 2_000
# What posting adds to, each by id, parents first; claims' current rows are replaced.
_ADDED = (
    "inbound_files", "file_sightings", "inbound_sets", "remittances", "remittance_entries", "remittance_claims",
    "remittance_links", "postings", "provider_adjustments", "events", "event_links",
)  # fmt: skip
_REPLACED = "claim_current"


class _Written(NamedTuple):
    table: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def copy_store(place: Place) -> Done:
    """Keeps the store as it is, and where its tables end."""
    store = engine.open_store(place.home.store_url)
    try:
        if store.is_sqlite:
            with sqlite3.connect(str(store.path)) as source, sqlite3.connect(place.file("before.db")) as target:
                source.backup(target)
        with store.read() as conn:
            last = {table: conn.exec_driver_sql(f"SELECT max(id) FROM {table}").scalar_one() or 0 for table in _ADDED}
    finally:
        store.close()
    if not store.is_sqlite:
        _copy_database(place.home.store_url, _before(place.home.store_url))
    place.file("last.pickle").write_bytes(pickle.dumps(last))
    return Done(place.claims, 0)


def keep_rows(place: Place) -> Done:
    """Keeps what was written since."""
    last = pickle.loads(place.file("last.pickle").read_bytes())
    store, count = engine.open_store(place.home.store_url), 0
    try:
        with store.read() as conn, place.file("rows.pickle").open("wb") as out:
            for table in _ADDED:
                for part in _rows(conn, f"SELECT * FROM {table} WHERE id > {last[table]} ORDER BY id", table):
                    count += len(part.rows) * (table == "remittance_claims")
                    pickle.dump(part, out)
            for part in _rows(conn, f"SELECT * FROM {_REPLACED} WHERE adjudicated = 1 ORDER BY claim_id", _REPLACED):
                pickle.dump(part, out)
    finally:
        store.close()
    require(count, place.claims, "remitted claims kept")
    return Done(place.claims, 0)


def _rows(conn: Connection, query: str, table: str) -> Iterator[_Written]:
    found = conn.exec_driver_sql(query)
    columns = list(found.keys())
    while rows := found.fetchmany(_ROWS_A_CALL):
        yield _Written(table, columns, [tuple(row) for row in rows])


def floor(place: Place) -> Done:
    """The floor. What it takes to have the rows at hand does not count."""
    path = place.file("one_set.835")
    with path.open("rb") as stream:
        for item in Reader(stream).items():
            if isinstance(item, TransactionSet):
                require(sum(1 for _ in RemittanceReader(item)), place.claims, "claims in the 835")
    url = place.home.store_url
    write = _sqlite_floor if url.startswith("sqlite") else _postgresql_floor
    aside = write(place, url)
    return Done(place.claims, path.stat().st_size, aside)


def _parts(path: Path, aside: list[float]) -> Iterator[_Written]:
    with path.open("rb") as source:
        while True:
            begun = time.process_time()
            try:
                part = pickle.load(source)
            except EOFError:
                return
            aside.append(time.process_time() - begun)
            yield part


def _sqlite_floor(place: Place, _url: str) -> float:
    aside: list[float] = []
    conn = sqlite3.connect(place.file("before.db"), isolation_level=None)
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "recursive_triggers = ON"):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("BEGIN IMMEDIATE")
    for part in _parts(place.file("rows.pickle"), aside):
        conn.executemany(_statement(part, "?"), part.rows)
    conn.execute("COMMIT")
    conn.close()
    return sum(aside)


def _postgresql_floor(place: Place, url: str) -> float:
    import psycopg

    aside: list[float] = []
    with psycopg.connect(_before(url).replace("postgresql+psycopg", "postgresql")) as conn, conn.cursor() as cursor:
        for part in _parts(place.file("rows.pickle"), aside):
            if part.table == _REPLACED:
                cursor.executemany(_statement(part, "%s"), part.rows)
                continue
            with cursor.copy(f"COPY {part.table} ({', '.join(part.columns)}) FROM STDIN") as copy:
                for row in part.rows:
                    copy.write_row(row)
    return sum(aside)


def _statement(part: _Written, mark: str) -> str:
    names, marks = ", ".join(part.columns), ", ".join([mark] * len(part.columns))
    statement = f"INSERT INTO {part.table} ({names}) VALUES ({marks})"
    if part.table != _REPLACED:
        return statement
    changes = ", ".join(f"{name} = excluded.{name}" for name in part.columns if name != "claim_id")
    return f"{statement} ON CONFLICT (claim_id) DO UPDATE SET {changes}"


def _before(url: str) -> str:
    head, _, name = url.partition("?")[0].rpartition("/")
    query = url.partition("?")[2]
    return f"{head}/{name}_before" + (f"?{query}" if query else "")


def _copy_database(url: str, copy: str) -> None:
    """A second database with the same content; nobody may be connected to the first."""
    import psycopg

    name: Callable[[str], str] = lambda one: one.partition("?")[0].rpartition("/")[2]  # noqa: E731
    address = url.replace("postgresql+psycopg", "postgresql")
    admin = address.replace(f"/{name(url)}", "/postgres", 1) if name(url) else address
    with psycopg.connect(admin, autocommit=True) as conn:
        statements: Sequence[str] = (f"CREATE DATABASE {name(copy)} TEMPLATE {name(url)}",)
        for statement in statements:
            conn.execute(statement.encode())
