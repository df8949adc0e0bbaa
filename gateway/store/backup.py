"""A copy of the embedded store while it runs, and back again. A server has its own tools, and is sent to them.

After a restore the counters may stand below numbers that were used since the backup was made. Until someone has
proven that they do not, `numbers_unproven` says so, and nothing may be built.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select

from gateway.errors import Refused, UsageError
from gateway.store.decisions import add_decision
from gateway.store.engine import Store, file_of, open_store, upgrade
from gateway.store.errors import StoreBusy, StoreEmpty, StoreUnavailable, from_driver
from gateway.store.migrations import REVISIONS
from gateway.store.tables import decisions
from gateway.store.times import stamp
from gateway.vault.container import ContainerWriter, Fault, Form, open_container
from gateway.vault.keys import NO_KEYS, Key, Keys

_FORM = Form(b"\x89GWBAK\r\n")
_CHUNK = 1 << 18
_SUBJECT = "store"
_ANEW, BEGUN = "make_anew", -1
_UNPROVEN, _PROVEN = ("restore", "replay", _ANEW), "numbers"


def backup(store: Store, target: Path, keys: Keys = NO_KEYS) -> None:
    """Writes a copy of the store as it is at this moment to a new file, checked and synced before it has its name.

    It is sealed where there is a key; the plain copy that is needed on the way lies beside the store, so let there be
    one at a time. Others may read and write meanwhile. Raises Refused where the file is there already, UsageError for
    PostgreSQL, KeyUnusable.
    """
    if not store.is_sqlite or store.path is None:
        raise UsageError("the store is on a PostgreSQL server: back it up with pg_dump")
    if target.exists():
        raise Refused(f"{target} is there already and is not overwritten")
    key, part = keys.current, target.with_name(f"{target.name}.part")
    plain = part if key is None else store.path.with_name(f"{store.path.name}.copy")
    try:
        _touch(part)
        _copy(store, plain, target)
        if key is not None:
            _seal(plain, part, key)
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the backup cannot be written to {target}: {_why(error)}") from None
    finally:
        for left in {plain, part}:
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _copy(store: Store, plain: Path, target: Path) -> None:
    _touch(plain)
    with closing(sqlite3.connect(plain)) as copy, store.read() as conn:
        source = conn.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        source.backup(copy)
        # One file that can be read from a medium that cannot be written.
        copy.execute("PRAGMA journal_mode = DELETE")
        _whole(copy, target)


def _seal(plain: Path, part: Path, key: Key) -> None:
    with plain.open("rb") as source, part.open("wb") as sink:
        writer = ContainerWriter(sink, _FORM, b"{}", key)
        while chunk := source.read(_CHUNK):
            writer.write(chunk)
        writer.finish()


def restore(url: str, source: Path, keys: Keys = NO_KEYS, *, actor: str, reason: str, at: datetime) -> Path | None:
    """Puts a backup, sealed or plain, in the place of the store at `url`, which nobody may have open, at the newest
    schema.

    The former store is kept beside it, and its path returned. Raises UsageError where the file is no backup of a
    gateway, KeyUnusable where no key opens it, and StoreBusy where the store is open; then everything is as before. The
    numbers count as unproven afterwards.
    """
    path = file_of(url)
    if path is None:
        raise UsageError("the store is on a PostgreSQL server: restore it with pg_restore")
    part = path.with_name(f"{path.name}.part")
    try:
        with _opened(source, path, keys) as plain:
            _backup_of_a_gateway(plain, source)
            _touch(part)
            with closing(_read_only(plain)) as good, closing(sqlite3.connect(part)) as copy:
                good.backup(copy)
        _mark_restored(part, actor=actor, reason=reason, at=at)
        _sync(part)
        former = _set_aside(path, at) if path.exists() else None
        part.rename(path)
        _sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the store cannot be written: {_why(error)}") from None
    finally:
        for suffix in ("", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)
    return former


def _mark_restored(part: Path, *, actor: str, reason: str, at: datetime) -> None:
    """At the newest schema, and unproven, before it stands in the store's place: whoever is quicker must see it."""
    store = open_store(f"sqlite:///{part}", any_version=True)
    try:
        upgrade(store)
        with store.write() as conn:
            add_decision(conn, actor=actor, action="restore", subject=_SUBJECT, reason=reason, at=at)
    finally:
        store.close()


def usages_of(url: str, source: Path, keys: Keys = NO_KEYS) -> set[str]:
    """Whether the batches of a backup were built for test (T), for production (P), or both; nothing where it has none.

    Raises what `restore` raises of a file that cannot be one.
    """
    path = file_of(url)
    if path is None:
        raise UsageError("the store is on a PostgreSQL server: restore it with pg_restore")
    with _opened(source, path, keys) as plain:
        _backup_of_a_gateway(plain, source)
        with closing(_read_only(plain)) as good:
            return {row[0] for row in good.execute("SELECT DISTINCT usage FROM batches WHERE usage <> ''")}


@contextmanager
def _opened(source: Path, path: Path, keys: Keys) -> Iterator[Path]:
    """A backup in the clear: itself, or what a sealed one holds, beside the store for the time of the block."""
    if not source.is_file():
        raise UsageError(f"there is no backup at {source}")
    try:
        stream = io.FileIO(source)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from None
    with stream:
        if stream.read(len(_FORM.magic)) != _FORM.magic:
            yield source
            return
        plain = path.with_name(f"{path.name}.opened")
        try:
            _touch(plain)
            with open_container(stream, _FORM, keys, Fault(str(source), UsageError)) as body, plain.open("wb") as sink:
                shutil.copyfileobj(io.BufferedReader(body, _CHUNK), sink, _CHUNK)
            yield plain
        finally:
            plain.unlink(missing_ok=True)


def _set_aside(path: Path, at: datetime) -> Path:
    """Renames a store that nobody has open; a damaged one with all its side files."""
    former = path.with_name(f"{path.name}.before-{at:%Y%m%dT%H%M%S%f}")
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as old:
            # Leaving WAL needs the file for itself, and folds the side files into it.
            old.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        found = from_driver(error)
        if isinstance(found, StoreBusy):
            raise StoreBusy("the store is open in another process: stop the gateway first") from None
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(former.with_name(former.name + suffix))
    return former


@contextmanager
def made_anew(url: str) -> Iterator[Store]:
    """An empty store with the newest schema, in the place of the one at `url` once the block is through.

    An embedded one is made beside its place, so that nothing half done ever stands there. Raises Refused where there
    is a store that holds something.
    """
    path = file_of(url)
    if path is None:
        yield from _on_a_server(url)
        return
    if path.exists() and _holds_something(url):
        raise Refused(f"{path} is a store that holds something")
    part = path.with_name(f"{path.name}.replay")
    for suffix in ("", "-wal", "-shm", "-journal"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
    store = open_store(f"sqlite:///{part}", create=True)
    try:
        yield store
    finally:
        store.close()
    _sync(part)
    part.replace(path)
    _sync(path.parent)


def _on_a_server(url: str) -> Iterator[Store]:
    store = open_store(url, create=True)
    try:
        yield store
    finally:
        store.close()


def _holds_something(url: str) -> bool:
    from gateway.store.journal import is_fresh

    try:
        store = open_store(url)
    except StoreEmpty:
        return False
    try:
        with store.read() as conn:
            return not is_fresh(conn)
    finally:
        store.close()


def numbers_unproven(conn: Connection) -> bool:
    """Whether the store was restored or replayed, and nobody has raised the counters above every number seen since."""
    return _last(conn) in _UNPROVEN


def proven_at(conn: Connection) -> str:
    """When somebody last saw to it that the store knows what was sent; empty where nobody had to."""
    query = select(decisions.c.recorded_at).where(decisions.c.subject == _SUBJECT, decisions.c.action == _PROVEN)
    return conn.execute(query.order_by(decisions.c.id.desc()).limit(1)).scalar_one_or_none() or ""


class Unproven(Refused):
    """The store was put back, and what was sent since is not known to it yet."""

    page = "store-restored"


def refuse_unproven(conn: Connection) -> None:
    """Refuses to build or send from a store that does not know yet what was sent since its backup."""
    if numbers_unproven(conn):
        raise Unproven(
            "the store was restored: what was sent since its backup is not known yet; run "
            "`gateway store replay --reason …` first, so that nothing goes twice"
        )


def is_half_made(conn: Connection) -> bool:
    """Whether a store is being made anew from the archive, or that was broken off."""
    return _last(conn) == _ANEW


def _last(conn: Connection) -> str | None:
    query = select(decisions.c.action).where(
        decisions.c.subject == _SUBJECT, decisions.c.action.in_((*_UNPROVEN, _PROVEN))
    )
    found: str | None = conn.execute(query.order_by(decisions.c.id.desc()).limit(1)).scalar_one_or_none()
    return found


def begun_anew(conn: Connection, *, actor: str, reason: str, at: datetime) -> None:
    """Records in an empty store that it is to be made anew: one that is broken off is never taken for a new one.

    Its id stands before all others, since the decisions of the journal come with their own.
    """
    row = {"id": BEGUN, "actor": actor, "action": _ANEW, "subject": _SUBJECT, "reason": reason}
    conn.execute(insert(decisions).values(row | {"recorded_at": stamp(at)}))


def replayed(conn: Connection, *, anew: bool, actor: str, reason: str, at: datetime) -> None:
    """Records that the store is made anew from the archive, or completed by it: its numbers are unproven."""
    add_decision(conn, actor=actor, action=_ANEW if anew else "replay", subject=_SUBJECT, reason=reason, at=at)


def numbers_proven(conn: Connection, *, actor: str, reason: str, at: datetime) -> None:
    """Records that the counters stand above every control number seen in archive and mailbox."""
    add_decision(conn, actor=actor, action=_PROVEN, subject=_SUBJECT, reason=reason, at=at)


def _backup_of_a_gateway(plain: Path, source: Path) -> None:
    try:
        with closing(_read_only(plain)) as good:
            _whole(good, source)
            tables = {row[0] for row in good.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"alembic_version", "claims", "batches"} <= tables:
                raise UsageError(f"{source} is a database, but not a backup of a store")
            version = good.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise UsageError(f"{source} is not a backup of a store: {_why(error)}") from None
    # A backup of a newer gateway must not replace a store that this one can read.
    if version is None or version[0] not in REVISIONS:
        raise UsageError(f"{source} was written by a newer gateway: install that version first")


def _whole(connection: sqlite3.Connection, name: Path) -> None:
    if [row[0] for row in connection.execute("PRAGMA integrity_check(1)")] != ["ok"]:
        raise UsageError(f"{name} is damaged")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _touch(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        # Some systems do not sync folders.
        with suppress(PermissionError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(from_driver(error) or type(error).__name__)
