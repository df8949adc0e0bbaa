"""Opening the store: one file of SQLite in WAL mode, or a PostgreSQL database, behind the same two transactions.

`Store.write()` and `Store.read()` are the only ways in. Errors of the driver leave them as typed errors.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from gateway.store.errors import (
    StoreEmpty,
    StoreFault,
    StoreReadOnly,
    StoreUnavailable,
    StoreVersion,
    translated,
    values_that_do_not_fit,
)
from gateway.store.migrations import HEAD, REVISIONS

# How long a writer waits for another one; a set of 100,000 claims is posted in one transaction.
BUSY_SECONDS = 60

_SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # so that REPLACE meets the guard of the append-only tables
    "PRAGMA secure_delete = ON",  # what is purged leaves no trace in the file
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
)

# Locks end with their session, so a server must notice soon that a machine is gone (by itself after two hours), and
# must not end a session that holds one and has nothing to say. What a server does not know is left out.
_POSTGRESQL_SETTINGS = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "10s",
    "idle_session_timeout": "0",
}

Begin = Literal["read", "write", "migrate"]


class Store:
    """An open store. It may be shared by threads; each transaction has a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def url(self) -> str:
        """The address, with a password hidden."""
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file of an embedded store; None for a server."""
        return Path(str(self._engine.url.database)) if self.is_sqlite else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back when the block raises.

        On SQLite there is one at a time, and a second waits. Raises StoreBusy, StoreUnavailable, Conflict, Unstorable.
        """
        with self._transaction("write") as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that cannot write and sees the store as it was when it first read."""
        try:
            with self._transaction("read") as conn:
                yield conn
        except StoreReadOnly:
            raise StoreFault("a read-only transaction was to write") from None

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A write transaction for a change of the schema: references are checked at its end, not statement by
        statement, and a second process that wants the same waits."""
        with self._transaction("migrate") as conn:
            yield conn

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection of its own outside any transaction, for what lasts as long as the session: advisory locks."""
        with translated(), self._engine.connect() as conn:
            yield conn.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: Begin) -> Iterator[Connection]:
        with translated(), self._engine.connect() as conn:
            conn.execution_options(gateway_begin=begin)
            try:
                with conn.begin():
                    yield conn
            finally:
                if self.is_sqlite and begin != "write" and not conn.invalidated:
                    _sqlite_reset(conn)


def open_store(url: str, *, create: bool = False, any_version: bool = False) -> Store:
    """Opens the store at `sqlite:///FILE` or `postgresql://…`.

    `create` makes the file (SQLite) and brings an empty store to the newest schema. Raises StoreUnavailable for an
    address that cannot be used, StoreVersion where the schema is older or newer than this gateway; `any_version` lets
    an older one pass, for `upgrade`.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        _prepare_file(Path(str(address.database)), create=create)
    store = Store(_engine(address))
    try:
        _check_version(store, create=create, any_version=any_version)
    except BaseException:
        store.close()
        raise
    return store


def file_of(url: str) -> Path | None:
    """The file of an embedded store's address; None for a server's. Raises StoreUnavailable as `open_store` does."""
    address = _address(url)
    return Path(str(address.database)) if address.get_backend_name() == "sqlite" else None


def version(store: Store) -> str:
    """The revision of the store's schema; empty for a store that has none yet."""
    with store.read() as conn:
        return _version(conn)


def needs_upgrade(store: Store) -> bool:
    """Whether `upgrade` has something to do; raises StoreVersion for a store of a newer gateway."""
    found = version(store)
    if found and found not in REVISIONS:
        raise StoreVersion("the store was written by a newer gateway: install that version, or restore a backup")
    return found != HEAD


def upgrade(store: Store) -> None:
    """Brings the schema to the newest revision in one transaction, and puts the guards of the append-only tables anew.

    Two processes may ask at once; the second finds nothing to do.
    """
    from gateway.store.schema import migrate

    with store.migrating() as conn:
        found = _version(conn)
        if found and found not in REVISIONS:
            raise StoreVersion("the store was written by a newer gateway: install that version, or restore a backup")
        migrate(conn)


def _version(conn: Connection) -> str:
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return str(conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none() or "")


def _check_version(store: Store, *, create: bool, any_version: bool) -> None:
    if not needs_upgrade(store) or any_version:
        return
    if version(store):
        raise StoreVersion("the store is of an older version: run `gateway store upgrade`")
    if not create:
        raise StoreEmpty("the store is empty: run `gateway store upgrade`")
    upgrade(store)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StoreUnavailable("the store's address is not a URL such as sqlite:///data/claims.db") from None
    if backend in {"postgresql", "postgres"}:
        return address.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreUnavailable(f"the store can be sqlite:///FILE or postgresql://…, not {backend}")
    if not address.database or address.database == ":memory:" or address.host:
        raise StoreUnavailable("an embedded store needs a file: sqlite:///FILE, with four slashes for a full path")
    return address.set(drivername="sqlite+pysqlite", query={})


def _prepare_file(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        raise StoreUnavailable(f"there is no store at {path}: run `gateway init`")
    try:
        # Patient data: for the owner's eyes. SQLite gives its side files the same permissions.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"the store cannot be made at {path}: {error.strerror}") from None


def _engine(address: URL) -> Engine:
    if address.get_backend_name() == "sqlite":
        engine = create_engine(
            address, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}
        )
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begins)
    else:
        engine = _postgresql_engine(address)
        event.listen(engine, "connect", _postgresql_connected)
        event.listen(engine, "begin", _postgresql_begins)
    event.listen(engine, "handle_error", values_that_do_not_fit)
    return engine


def _postgresql_engine(address: URL) -> Engine:
    try:
        return create_engine(
            address,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 10,
                "keepalives_idle": 30,
                "keepalives_interval": 10,
                "keepalives_count": 3,
                "application_name": "gateway",
            },
        )
    except ImportError:
        raise StoreUnavailable("PostgreSQL needs its driver: pip install 'medclaims-gateway[postgresql]'") from None


def _sqlite_connected(connection: sqlite3.Connection, record: Any) -> None:  # noqa: ARG001 - the event's signature
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting).close()


def _postgresql_connected(connection: Any, record: Any) -> None:  # noqa: ARG001 - the event's signature
    with connection.cursor() as cursor:
        query = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s"
        for name, value in _POSTGRESQL_SETTINGS.items():
            cursor.execute(query, (value, name))
    connection.commit()


def _sqlite_begins(conn: Connection) -> None:
    # The driver begins nothing by itself (isolation_level None): a transaction that starts reading and writes later
    # would be refused at once where another has written in between, however long it is willing to wait.
    kind = conn.get_execution_options().get("gateway_begin")
    if kind == "read":
        _sqlite_set(conn, "BEGIN", "PRAGMA query_only = ON")
        return
    if kind == "migrate":
        conn.exec_driver_sql("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
    conn.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite_reset(conn: Connection) -> None:
    _sqlite_set(conn, "PRAGMA query_only = OFF", "PRAGMA foreign_keys = ON")


def _sqlite_set(conn: Connection, *statements: str) -> None:
    """By the driver alone, which costs a tenth: there are several for each transaction, and none waits or fails."""
    cursor = conn.connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _postgresql_begins(conn: Connection) -> None:
    kind = conn.get_execution_options().get("gateway_begin")
    if kind == "read":
        conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if kind == "migrate":
        conn.exec_driver_sql("SELECT pg_advisory_xact_lock(5010837835)")
