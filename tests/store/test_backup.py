"""A copy of the store while it runs, and back again."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from records import NOW, new_claim

from gateway.errors import Refused, UsageError
from gateway.store import Store, open_store
from gateway.store.backup import backup, numbers_proven, numbers_unproven, replayed, restore
from gateway.store.claims import add_claim, find_claims
from gateway.store.errors import StoreBusy, StoreUnavailable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "claims.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def embedded(url: str) -> Iterator[Store]:
    opened = open_store(url, create=True)
    add(opened, "A")
    yield opened
    opened.close()


def add(store: Store, number: str) -> None:
    with store.write() as conn:
        add_claim(conn, new_claim(number))


def has(url: str, number: str) -> bool:
    store = open_store(url)
    with store.read() as conn:
        found = bool(find_claims(conn, number))
    store.close()
    return found


def test_a_backup_is_the_store_of_its_moment(embedded: Store, url: str, file: Path, tmp_path: Path) -> None:
    """What was committed is in it, also what still stands in the side file; what came later is not."""
    target = tmp_path / "copy.db"
    backup(embedded, target)
    add(embedded, "B")
    assert has(f"sqlite:///{target}", "A")
    assert not has(f"sqlite:///{target}", "B")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert not (tmp_path / "copy.db.part").exists()


def test_a_backup_while_another_writes(embedded: Store, tmp_path: Path) -> None:
    """A writer in the middle of its transaction neither waits for the backup nor is half in it."""
    target = tmp_path / "copy.db"
    with embedded.write() as conn:
        add_claim(conn, new_claim("half"))
        backup(embedded, target)
    assert not has(f"sqlite:///{target}", "half")


def test_a_backup_overwrites_nothing(embedded: Store, tmp_path: Path) -> None:
    """A file of that name stays as it is."""
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(Refused, match="not overwritten"):
        backup(embedded, target)
    assert target.read_text() == "precious"


def test_a_backup_that_cannot_be_written_is_one_line(embedded: Store, tmp_path: Path) -> None:
    """A folder that is not there is named; no part of a copy stays behind."""
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        backup(embedded, tmp_path / "no" / "copy.db")


def test_a_restore_brings_the_backup_back_and_keeps_the_former_store(embedded: Store, url: str, tmp_path: Path) -> None:
    """The store is as it was when the backup was made; what it held since is beside it, not lost."""
    backup(embedded, tmp_path / "copy.db")
    add(embedded, "B")
    embedded.close()
    former = restore(url, tmp_path / "copy.db", actor="pat", reason="disk", at=NOW)
    assert former is not None
    assert has(url, "A")
    assert not has(url, "B")
    assert has(f"sqlite:///{former}", "B")
    again = restore(url, tmp_path / "copy.db", actor="pat", reason="disk", at=NOW + timedelta(seconds=1))
    assert again not in (None, former)


def test_a_restore_into_nothing_makes_the_store(embedded: Store, tmp_path: Path) -> None:
    """A new machine needs only the backup."""
    backup(embedded, tmp_path / "copy.db")
    elsewhere = f"sqlite:///{tmp_path}/new.db"
    assert restore(elsewhere, tmp_path / "copy.db", actor="pat", reason="new machine", at=NOW) is None
    assert has(elsewhere, "A")
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


def test_a_restore_over_an_open_store_is_refused(embedded: Store, url: str, tmp_path: Path) -> None:
    """Another process would go on writing into what was set aside."""
    backup(embedded, tmp_path / "copy.db")
    with embedded.read() as conn:
        assert find_claims(conn, "A")
        with pytest.raises(StoreBusy, match="stop the gateway"):
            restore(url, tmp_path / "copy.db", actor="pat", reason="r", at=NOW)
    add(embedded, "B")
    assert has(url, "B")


def test_a_damaged_store_can_be_restored(embedded: Store, url: str, file: Path, tmp_path: Path) -> None:
    """The very case that backups are for: the damaged file is set aside, not lost."""
    backup(embedded, tmp_path / "copy.db")
    embedded.close()
    file.write_bytes(b"\0" * 5000)
    former = restore(url, tmp_path / "copy.db", actor="pat", reason="disk", at=NOW)
    assert former is not None
    assert former.read_bytes() == b"\0" * 5000
    assert has(url, "A")


@pytest.mark.parametrize("content", [b"", b"ISA*00*" * 900])
def test_what_is_no_backup_is_refused_and_the_store_stays(
    embedded: Store, url: str, tmp_path: Path, content: bytes
) -> None:
    """A wrong file never takes the store's place."""
    embedded.close()
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(UsageError, match="backup"):
        restore(url, tmp_path / "copy.db", actor="pat", reason="r", at=NOW)
    with pytest.raises(UsageError, match="no backup at"):
        restore(url, tmp_path / "none.db", actor="pat", reason="r", at=NOW)
    assert has(url, "A")


def test_a_cut_backup_is_refused(embedded: Store, url: str, tmp_path: Path) -> None:
    """A copy that lost its end is damaged, and said to be."""
    target = tmp_path / "copy.db"
    backup(embedded, target)
    embedded.close()
    target.write_bytes(target.read_bytes()[:-8192])
    with pytest.raises(UsageError):
        restore(url, target, actor="pat", reason="r", at=NOW)
    assert has(url, "A")


def test_the_backup_of_a_newer_gateway_is_refused(embedded: Store, url: str, tmp_path: Path) -> None:
    """A store that can be read is not replaced by one that cannot."""
    target = tmp_path / "copy.db"
    backup(embedded, target)
    embedded.close()
    other = sqlite3.connect(target)
    other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.commit()
    other.close()
    with pytest.raises(UsageError, match="newer gateway"):
        restore(url, target, actor="pat", reason="r", at=NOW)
    assert has(url, "A")


def test_after_a_restore_the_numbers_are_unproven_until_someone_proves_them(
    embedded: Store, url: str, tmp_path: Path
) -> None:
    """Numbers may have been used since the backup was made: the store knows that it does not know."""
    backup(embedded, tmp_path / "copy.db")
    with embedded.read() as conn:
        assert not numbers_unproven(conn)
    embedded.close()
    restore(url, tmp_path / "copy.db", actor="pat", reason="disk", at=NOW)
    store = open_store(url)
    with store.write() as conn:
        assert numbers_unproven(conn)
        numbers_proven(conn, actor="pat", reason="archive and mailbox read", at=NOW)
        assert not numbers_unproven(conn)
        replayed(conn, anew=False, actor="pat", reason="archive", at=NOW)
        assert numbers_unproven(conn)
    store.close()


def test_a_server_is_backed_up_with_its_own_tools(store: Store, store_url: str, tmp_path: Path) -> None:
    """PostgreSQL's store is refused with the command to use."""
    if store.is_sqlite:
        pytest.skip("about a server")
    with pytest.raises(UsageError, match="pg_dump"):
        backup(store, tmp_path / "copy.db")
    with pytest.raises(UsageError, match="pg_restore"):
        restore(store_url, tmp_path / "copy.db", actor="pat", reason="r", at=NOW)
