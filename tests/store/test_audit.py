"""The audit trail in the store: what was altered, removed or inserted is found, and two writers make one chain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from records import NOW

from gateway.store import Connection, Store
from gateway.store.audit import Head, NewEntry, append, entries, faults, head
from gateway.store.audit_tables import audit_entries
from gateway.store.errors import Guarded
from gateway.store.times import stamp
from gateway.store.triggers import purging


def entry(number: int = 1, actor: str = "maria") -> NewEntry:
    return NewEntry(actor, "maria@desk", "claims show", "see", [f"claim:{number}", "partner:house"], "0")


@pytest.fixture
def trail(store: Store) -> Store:
    """Six entries, a minute apart."""
    for number in range(6):
        with store.write() as conn:
            append(conn, entry(number, "maria" if number % 2 else "otto"), at=NOW + timedelta(minutes=number))
    return store


def wrong(store: Store, noted: Head | None = None) -> list[str]:
    with store.read() as conn:
        return list(faults(conn, noted))


def tamper(store: Store, change: Callable[[Connection], object]) -> None:
    """Changes the table as one who may do everything in the database."""
    with store.write() as conn, purging(conn, actor="x", reason="a test", at=NOW):
        change(conn)


def test_entries_follow_each_other(trail: Store) -> None:
    """Numbered without a gap from 1, each with the hash of the one before; nothing is wrong."""
    with trail.read() as conn:
        found = list(entries(conn))
        last = head(conn)
    assert [one.number for one in found] == [1, 2, 3, 4, 5, 6]
    assert [one.previous for one in found] == ["", *(one.hash for one in found[:-1])]
    assert last == Head(6, found[-1].hash)
    assert wrong(trail) == wrong(trail, last) == wrong(trail, Head(3, found[2].hash)) == []


def test_an_empty_trail_is_sound_unless_something_was_noted(store: Store) -> None:
    """A new store has none; one that was emptied had."""
    assert wrong(store) == []
    assert wrong(store, Head(0, "")) == []
    assert wrong(store, Head(2, "a" * 64)) == ["entries 1 to 2 are missing"]


def test_what_is_asked_for_is_found(trail: Store) -> None:
    """By time, by person, by subject; `claim:1` is not `claim:11`."""
    with trail.write() as conn:
        append(conn, entry(11), at=NOW + timedelta(hours=1))
    with trail.read() as conn:
        assert [one.number for one in entries(conn, subject="claim:1")] == [2]
        assert [one.number for one in entries(conn, actor="otto")] == [1, 3, 5]
        assert [one.number for one in entries(conn, since=stamp(NOW + timedelta(minutes=4)))] == [5, 6, 7]
        assert [one.number for one in entries(conn, until=stamp(NOW + timedelta(minutes=2)))] == [1, 2]


def test_nobody_changes_it_by_the_way(trail: Store) -> None:
    """The guard of the append-only tables stands before it."""
    for statement in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries WHERE number = 6"):
        with pytest.raises(Guarded), trail.write() as conn:
            conn.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "column", ["recorded_at", "actor", "login", "command", "action", "subjects", "outcome", "previous", "hash"]
)
def test_an_altered_entry_is_found(trail: Store, column: str) -> None:
    """Whichever of its values it is."""
    value = "send" if column == "action" else stamp(NOW) if column == "recorded_at" else "f" * 64
    tamper(
        trail,
        lambda conn: conn.execute(audit_entries.update().where(audit_entries.c.number == 3).values({column: value})),
    )
    assert wrong(trail)
    assert all("3" in line for line in wrong(trail))


@pytest.mark.parametrize(
    ("gone", "said"),
    [([1], "entry 1 is missing"), ([3], "entry 3 is missing"), ([2, 3, 4], "entries 2 to 4 are missing")],
)
def test_a_removed_entry_is_found(trail: Store, gone: list[int], said: str) -> None:
    """Where it stood."""
    tamper(trail, lambda conn: conn.execute(audit_entries.delete().where(audit_entries.c.number.in_(gone))))
    assert wrong(trail) == [said]


def test_entries_removed_at_the_end_are_found_by_what_was_noted(trail: Store) -> None:
    """The chain alone cannot tell; the head that was noted elsewhere can."""
    with trail.read() as conn:
        noted = head(conn)
    tamper(trail, lambda conn: conn.execute(audit_entries.delete().where(audit_entries.c.number >= 5)))
    assert wrong(trail) == []
    assert wrong(trail, noted) == ["entries 5 to 6 are missing"]
    with trail.write() as conn:
        append(conn, entry(), at=NOW)
        append(conn, entry(), at=NOW)
    assert wrong(trail) == []
    assert wrong(trail, noted) == ["entry 6 is not the one that was noted: the trail was written anew"]


def test_an_inserted_entry_is_found(trail: Store) -> None:
    """Between others there is no place: who makes one breaks the chain behind it."""
    with trail.read() as conn:
        rows = [one._asdict() for one in entries(conn)]

    def insert(conn: Connection) -> None:
        conn.execute(audit_entries.delete().where(audit_entries.c.number >= 4))
        moved = [row | {"number": row["number"] + 1} for row in rows[3:]]
        conn.execute(audit_entries.insert(), [rows[3] | {"command": "claims list"}, *moved])

    tamper(trail, insert)
    assert wrong(trail)


def test_two_writers_make_one_chain(store: Store) -> None:
    """Each entry once, none lost, whoever came first."""
    failed: list[Exception] = []

    def write(actor: str) -> None:
        try:
            for number in range(10):
                with store.write() as conn:
                    append(conn, entry(number, actor), at=NOW)
        except Exception as error:  # noqa: BLE001 - a thread tells nobody else
            failed.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("otto", "maria", "pat")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert wrong(store) == []
    with store.read() as conn:
        found = list(entries(conn))
    assert [one.number for one in found] == list(range(1, 31))
    assert {one.actor: sum(two.actor == one.actor for two in found) for one in found} == {
        "otto": 10,
        "maria": 10,
        "pat": 10,
    }
