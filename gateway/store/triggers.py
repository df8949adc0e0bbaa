"""The guard of the append-only tables: triggers that refuse UPDATE and DELETE, REPLACE and TRUNCATE too.

SQLite deletes silently for REPLACE unless `recursive_triggers` is on; every connection of the store has it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gateway.store.decisions import add_decision
from gateway.store.errors import GUARD_MARK
from gateway.store.tables import APPEND_ONLY

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION gateway_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('gateway.purging', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is {GUARD_MARK}';
END $$
"""


def install(conn: Connection, tables: Iterable[str] = APPEND_ONLY) -> None:
    """Puts the guard on the tables, anew where it is there; runs after every migration."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(_FUNCTION)
    for table in tables:
        _drop(conn, table)
        for statement in _create(conn, table):
            conn.exec_driver_sql(statement)


def missing(conn: Connection, tables: Iterable[str] = APPEND_ONLY) -> list[str]:
    """The tables whose guard is not there, or is switched off."""
    if conn.dialect.name == "postgresql":
        found = conn.exec_driver_sql(
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname = c.relname || '_append_only' AND t.tgenabled IN ('O', 'A')"
            " AND c.relnamespace = current_schema()::regnamespace"
        )
        guarded = {row[0] for row in found}
    else:
        found = conn.exec_driver_sql("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        names = [row[0] for row in found]
        guarded = {name for name in names if names.count(name) >= 2}
    return [table for table in tables if table not in guarded]


@contextmanager
def purging(conn: Connection, *, actor: str, reason: str, at: datetime) -> Iterator[None]:
    """Lifts the guard within the block, for what must leave the store; the one way to do so.

    It holds for this connection's transaction only, is kept as a decision, and the guard stands again when the block
    ends, however it ends. References must be deleted before what they refer to.
    """
    add_decision(conn, actor=actor, action="purge", subject="store", reason=reason, at=at)
    _lift(conn)
    try:
        yield
    finally:
        _lower(conn)


def _lift(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SET LOCAL gateway.purging = 'on'")
        return
    for table in APPEND_ONLY:
        _drop(conn, table)


def _lower(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        install(conn)
        return
    # Where a statement has failed, the transaction is lost, and the setting with it.
    with suppress(SQLAlchemyError):
        conn.exec_driver_sql("SET LOCAL gateway.purging = 'off'")


def _drop(conn: Connection, table: str) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
        return
    conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_update")
    conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_delete")


def _create(conn: Connection, table: str) -> list[str]:
    if conn.dialect.name == "postgresql":
        return [
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION gateway_append_only()"
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is {GUARD_MARK}'); END"
        for verb in ("UPDATE", "DELETE")
    ]
