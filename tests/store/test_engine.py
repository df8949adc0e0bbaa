"""Opening, transactions and the schema, over SQLite and PostgreSQL alike."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from gateway.errors import GatewayError, UsageError
from gateway.store import Store, needs_upgrade, open_store, upgrade
from gateway.store.engine import version
from gateway.store.errors import Conflict, StoreBusy, StoreFault, StoreUnavailable, StoreVersion, Unstorable
from gateway.store.locks import advisory_lock
from gateway.store.migrations import HEAD, REVISIONS
from gateway.store.schema import differences, revisions
from gateway.store.tables import claims, counters

NOW = "2026-01-31T15:30:00.000000Z"


def claim(number: str = "PCN-1") -> dict[str, object]:
    return {
        "billing_key": "1234567893",
        "patient_control_number": number,
        "match_key": number,
        "type": "professional",
        "imported_at": NOW,
    }


def count(store: Store) -> int:
    with store.read() as conn:
        return len(conn.execute(select(claims.c.id)).all())


def test_the_migrated_schema_is_what_the_code_knows(store: Store) -> None:
    """Migrations and tables agree on every table, column, type, default, index and key."""
    with store.read() as conn:
        assert differences(conn) == []


def test_the_named_revisions_are_those_of_the_package() -> None:
    """The list that opening a store relies on is the list of the migration scripts."""
    assert list(REVISIONS) == revisions()
    assert revisions()[-1] == HEAD


def test_a_new_store_needs_no_upgrade(store: Store) -> None:
    """An upgraded store is at the newest revision, and upgrading again changes nothing."""
    assert not needs_upgrade(store)
    upgrade(store)
    assert version(store) == HEAD


def test_two_processes_that_upgrade_at_once_both_succeed(postgres_or_file: str) -> None:
    """The second waits for the first and finds nothing to do."""
    stores = [open_store(postgres_or_file, any_version=True) for _ in range(2)]
    failures: list[GatewayError] = []

    def run(one: Store) -> None:
        try:
            upgrade(one)
        except GatewayError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with stores[0].read() as conn:
        assert differences(conn) == []
    for one in stores:
        one.close()


def test_an_empty_store_is_refused_unless_it_is_to_be_made(postgres_or_file: str) -> None:
    """A database without tables is named as such; `create` makes it usable."""
    with pytest.raises(StoreVersion, match="store upgrade"):
        open_store(postgres_or_file)
    made = open_store(postgres_or_file, create=True)
    assert not needs_upgrade(made)
    made.close()


@pytest.mark.parametrize("revision", ["9999", "zzzz"])
def test_a_store_of_a_newer_gateway_is_refused(store: Store, store_url: str, revision: str) -> None:
    """An unknown revision is never touched, not even by an upgrade."""
    with store.write() as conn:
        conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    with pytest.raises(StoreVersion, match="newer gateway"):
        open_store(store_url)
    with pytest.raises(StoreVersion, match="newer gateway"):
        open_store(store_url, any_version=True)
    with pytest.raises(StoreVersion, match="newer gateway"):
        upgrade(store)


def test_an_older_store_is_refused_with_the_command_that_mends_it(store: Store, store_url: str) -> None:
    """Old rows are not read by new code: one line says what to run."""
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    from gateway.store import engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "REVISIONS", ("0000", *REVISIONS))
        with pytest.raises(StoreVersion, match="older version: run `gateway store upgrade`"):
            open_store(store_url)
        open_store(store_url, any_version=True).close()


def test_a_failed_block_leaves_nothing(store: Store) -> None:
    """What was written before an exception is rolled back, and the exception passes."""
    with pytest.raises(RuntimeError, match="halfway"), store.write() as conn:
        conn.execute(insert(claims), [claim()])
        raise RuntimeError("halfway")
    assert count(store) == 0


def test_a_read_transaction_cannot_write_and_the_next_one_can(store: Store) -> None:
    """Reports cannot change anything; the connection is none the worse for it."""
    with pytest.raises(StoreFault, match="read-only"), store.read() as conn:
        conn.execute(insert(claims), [claim()])
    with store.write() as conn:
        conn.execute(insert(claims), [claim()])
    assert count(store) == 1


def test_a_reader_sees_one_moment(store: Store) -> None:
    """A report's queries all see the store as it was when the first ran, whatever is committed meanwhile."""
    with store.read() as conn:
        assert conn.execute(select(claims.c.id)).all() == []
        with store.write() as other:
            other.execute(insert(claims), [claim()])
        assert conn.execute(select(claims.c.id)).all() == []
    assert count(store) == 1


def test_a_writer_waits_for_the_other(store: Store) -> None:
    """Two writers that read before they write do not fail: the second waits and sees what the first wrote."""
    started, go = threading.Event(), threading.Event()

    def first() -> None:
        with store.write() as conn:
            conn.execute(insert(counters), [{"name": "one", "value": 1}])
            started.set()
            go.wait()

    thread = threading.Thread(target=first)
    thread.start()
    started.wait()
    threading.Timer(0.2, go.set).start()
    with store.write() as conn:
        conn.execute(counters.update().where(counters.c.name == "one").values(value=counters.c.value + 1))
        if not store.is_sqlite:
            go.wait()
        conn.execute(insert(claims), [claim()])
    thread.join()
    assert count(store) == 1


def test_an_error_of_the_database_is_typed_and_carries_no_value(store: Store) -> None:
    """An account number identifies a patient: it is in no exception text, nor in what the exception hangs on."""
    with store.write() as conn:
        conn.execute(insert(claims), [claim("SECRET-77")])
    with pytest.raises(Conflict) as caught, store.write() as conn:
        conn.execute(insert(claims), [claim("SECRET-77")])
    error: BaseException | None = caught.value
    while error is not None:
        assert "SECRET-77" not in str(error)
        assert "SECRET-77" not in repr(error)
        error = error.__cause__ or error.__context__
    assert "claims" in str(caught.value)


@pytest.mark.parametrize("value", ["a\ud800b", 2**70])
def test_a_value_that_cannot_be_stored_is_named_so(store: Store, value: object) -> None:
    """Half a character, or a number beyond 64 bits, is one typed error on every database."""
    row = claim()
    row["patient_control_number" if isinstance(value, str) else "tenant"] = value
    with pytest.raises(Unstorable), store.write() as conn:
        conn.execute(insert(claims), [row])
    assert count(store) == 0


def test_a_zero_byte_is_kept_or_refused_but_never_cut(store: Store) -> None:
    """PostgreSQL cannot hold a zero byte in text; SQLite can. Neither stores half of a value."""
    try:
        with store.write() as conn:
            conn.execute(insert(claims), [claim("a\0b")])
    except Unstorable:
        assert count(store) == 0
        assert not store.is_sqlite
        return
    with store.read() as conn:
        assert conn.execute(select(claims.c.patient_control_number)).scalars().all() == ["a\0b"]


def test_what_a_partner_says_may_be_long(store: Store) -> None:
    """A claim that is longer than its guide allows is stored as it is (and held by the edits)."""
    with store.write() as conn:
        conn.execute(insert(claims), [claim("X" * 900)])
    assert count(store) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "claims.db",
        "mysql://localhost/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://host/x",
        "://",
        "postgresql:",
    ],
)
def test_an_address_that_cannot_be_a_store_is_one_line(url: str) -> None:
    """Configuration faults exit with 2 and one line without a traceback's worth of driver text."""
    with pytest.raises(UsageError) as caught:
        open_store(url)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    """Nothing of the address's secret reaches the text."""
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        open_store("postgresql://user:hush@127.0.0.1:1/claims")
    assert "hush" not in str(caught.value)


def test_a_missing_database_is_named(postgres: object) -> None:
    """A server without the database is told apart from a server that is not there."""
    address = postgres.address("nowhere")  # type: ignore[attr-defined]
    with pytest.raises(StoreUnavailable, match="no database of that name"):
        open_store(address)


def test_a_missing_file_is_not_made_by_the_way(tmp_path: Path) -> None:
    """A wrong path is an error, not a new empty store."""
    with pytest.raises(StoreUnavailable, match="gateway init"):
        open_store(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Not even `create` invents folders."""
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/no/claims.db", create=True)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    """Another file under that name is named as such and stays as it is."""
    path = tmp_path / "claims.db"
    path.write_bytes(b"ISA*00*" * 400)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_store(f"sqlite:///{path}", create=True)
    assert path.read_bytes() == b"ISA*00*" * 400


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_the_file_and_its_side_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    """Patient data is not readable by others on the machine, whatever the umask."""
    before = os.umask(0)
    try:
        made = open_store(f"sqlite:///{tmp_path}/claims.db", create=True)
        with made.write() as conn:
            conn.execute(insert(claims), [claim()])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        made.close()
    finally:
        os.umask(before)
    assert modes == {"claims.db": 0o600, "claims.db-wal": 0o600, "claims.db-shm": 0o600}


def test_sqlite_is_set_to_survive_a_power_cut(tmp_path: Path) -> None:
    """WAL, full synchronisation, references and the guard against REPLACE are on for every connection."""
    made = open_store(f"sqlite:///{tmp_path}/claims.db", create=True)
    settings = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "query_only": 0}
    for transaction in (made.read, made.migrating, made.write):
        with transaction():
            pass
        with made.write() as conn:
            found = {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in settings}
        assert found == settings
        with made.write() as conn:
            assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 60_000
    made.close()


def test_a_store_in_use_is_named_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another process holds the store beyond the patience, the error says that trying again helps."""
    from gateway.store import engine
    from gateway.store.errors import StoreBusy

    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    made = open_store(f"sqlite:///{tmp_path}/claims.db", create=True)
    other = sqlite3.connect(tmp_path / "claims.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy) as caught, made.write():
        pass
    assert caught.value.retry == "later"
    other.close()
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def postgres_or_file(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """The address of a database that has no table yet."""
    if request.param == "sqlite":
        sqlite3.connect(tmp_path / "empty.db").close()
        (tmp_path / "empty.db").touch()
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server = request.getfixturevalue("postgres")
    address = server.empty()
    yield address
    server.drop(address)


def test_many_stores_may_be_open_at_once(new_store_url: Callable[[], str]) -> None:
    """Stores share nothing: what one holds the other has not."""
    one, two = (open_store(new_store_url()) for _ in range(2))
    with one.write() as conn:
        conn.execute(insert(claims), [claim()])
    assert (count(one), count(two)) == (1, 0)
    one.close()
    two.close()


def test_a_lock_outlives_a_servers_patience_with_idle_sessions(store: Store) -> None:
    """Whoever has set that idle sessions end must not free a mailbox that is worked on."""
    if store.is_sqlite:
        pytest.skip("an embedded store has no sessions")
    with store.read() as conn:
        found = {row[0]: row[1] for row in conn.exec_driver_sql("SELECT name, setting FROM pg_settings")}
    assert (found["idle_session_timeout"], found["client_connection_check_interval"]) == ("0", "10000")
    with store.session() as conn:
        name = conn.exec_driver_sql("SELECT current_database()").scalar_one()
        conn.exec_driver_sql(f'ALTER DATABASE "{name}" SET idle_session_timeout = 3000')
    store.close()  # later sessions are new ones
    with advisory_lock(store, 4711, StoreBusy("busy")):
        time.sleep(3.5)
        with pytest.raises(StoreBusy), advisory_lock(store, 4711, StoreBusy("busy")):
            raise AssertionError("two have it")
