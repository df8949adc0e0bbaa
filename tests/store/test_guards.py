"""What must not change does not: triggers, counters, times, files and decisions."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from records import NOW, new_batch, new_claim, new_set, ready_claims
from sqlalchemy import delete, func, select, update

from gateway.errors import UsageError
from gateway.store import Connection, Store, open_store, stamp, unstamp, upgrade
from gateway.store import counters as numbers
from gateway.store.batches import record_step, reserve
from gateway.store.claims import NewEvent, add_claim, append_event
from gateway.store.decisions import add_decision, decisions_on
from gateway.store.errors import Conflict, CountersExhausted, Guarded, StoreReadOnly
from gateway.store.inbound_files import (
    Seen,
    find_file,
    get_file,
    list_files,
    record,
    seen_before,
    set_status,
    sightings,
)
from gateway.store.rows import insert_rows
from gateway.store.tables import APPEND_ONLY, claims, events, metadata, submissions
from gateway.store.triggers import missing, purging


def one_of_each(conn: Connection) -> None:
    """A row in every append-only table."""
    members = ready_claims(conn, 1)
    batch_id = reserve(conn, new_batch(1), [new_set(members)], at=NOW)
    record_step(conn, batch_id, 1, "write", {}, at=NOW)
    append_event(conn, NewEvent("imported", "own", "info", stamp(NOW), claim_id=members[0][0]))
    file_id, _ = record(conn, name="a", sha256="0" * 64, size=1, archive_name="x", at=NOW)
    add_decision(conn, actor="pat", action="hold", subject="claim:1", reason="", at=NOW)
    at, hashed = stamp(NOW), "0" * 64
    audited = ("actor", "login", "command", "action", "subjects", "outcome", "previous", "hash")
    rows = {
        "audit_entries": {"number": 1, **dict.fromkeys(audited, "")},
        "inbound_sets": {"file_id": file_id, "ordinal": 1, "kind": "835", "content_hash": hashed, "status": "posted"},
        "remittances": {"inbound_set_id": 1, "status": "posted"},
        "remittance_claims": {
            "remittance_id": 1,
            "ordinal": 1,
            "segment": 9,
            "patient_control_number": "P",
            "match_key": "P",
            "status": "1",
        },
        "remittance_links": {"remittance_claim_id": 1, "claim_id": members[0][0], "rung": "exact"},
        "postings": {"remittance_claim_id": 1, "kind": "post", "rules": "1"},
        "provider_adjustments": {"remittance_id": 1, "provider_id": "1", "code": "WO", "segment": 3},
        "remittance_entries": {"remittance_id": 1, "kind": "post"},
        "patient_balances": {"claim_id": members[0][0], "version": 1, "body": "{}"},
        "event_links": {"event_id": 1, "claim_id": members[0][0], "rung": "exact"},
        "legal_holds": {"kind": "hold", "actor": "pat"},
        "work_entries": {"claim_id": members[0][0], "kind": "note", "actor": "pat"},
        "alerts": {"kind": "disk_low", "subject": "disk", "text": "x", "since": at},
        "alert_entries": {"alert_id": 1, "entry": "told", "channel": "mail"},
    }
    for name, row in rows.items():
        table = metadata.tables[name]
        values = {**row, "recorded_at": at} if "recorded_at" in table.c else row
        conn.execute(table.insert().values(values))


def count(conn: Connection, table: str) -> int:
    return int(conn.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one())


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_an_append_only_table_refuses_to_forget(store: Store, table: str) -> None:
    """UPDATE, DELETE, REPLACE and TRUNCATE are refused after a migration, also those that name every row."""
    with store.write() as conn:
        one_of_each(conn)
        assert count(conn, table) >= 1
    (key,) = metadata.tables[table].primary_key.columns.keys()
    statements = [f"UPDATE {table} SET {key} = {key} + 1", f"DELETE FROM {table}"]
    if store.is_sqlite:
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(Guarded, match=f"{table} is append-only"), store.write() as conn:
            conn.exec_driver_sql(statement)
    with store.read() as conn:
        assert count(conn, table) >= 1


def test_an_upsert_cannot_change_an_append_only_row(store: Store) -> None:
    """ON CONFLICT DO UPDATE is an update."""
    with store.write() as conn:
        one_of_each(conn)
    with pytest.raises(Guarded), store.write() as conn:
        conn.exec_driver_sql(
            "INSERT INTO events (kind, hop, verdict, fingerprint, recorded_at)"
            " SELECT kind, hop, verdict, fingerprint, recorded_at FROM events WHERE true"
            " ON CONFLICT (tenant, fingerprint) DO UPDATE SET text = 'changed'"
        )


def test_the_one_way_to_purge(store: Store) -> None:
    """Within `purging` rows may go, it is kept who did it and why, and afterwards the guard stands again."""
    with store.write() as conn:
        one_of_each(conn)
        with purging(conn, actor="pat", reason="retention ended", at=NOW):
            conn.execute(delete(metadata.tables["event_links"]))
            conn.execute(delete(events))
        assert missing(conn) == []
    with pytest.raises(Guarded), store.write() as conn:
        conn.execute(delete(submissions))
    with store.read() as conn:
        assert (count(conn, "events"), count(conn, "submissions")) == (0, 1)
        (decision,) = decisions_on(conn, "store")
        assert (decision.actor, decision.action, decision.reason) == ("pat", "purge", "retention ended")


def test_a_purge_that_fails_leaves_the_guard_and_the_rows(store: Store) -> None:
    """A block that raises changes nothing, and even a caller that goes on finds the guard in place."""
    with store.write() as conn:
        one_of_each(conn)
    with pytest.raises(RuntimeError), store.write() as conn, purging(conn, actor="pat", reason="r", at=NOW):
        conn.execute(delete(metadata.tables["event_links"]))
        raise RuntimeError
    with store.read() as conn:
        assert missing(conn) == []
        assert count(conn, "event_links") == 1
    with pytest.raises(Guarded), store.write() as conn:
        with pytest.raises(RuntimeError), purging(conn, actor="pat", reason="r", at=NOW):
            raise RuntimeError
        conn.execute(delete(events))


def test_a_guard_that_is_gone_is_found_and_put_back_by_an_upgrade(store: Store) -> None:
    """Someone who drops a trigger by hand is noticed; the upgrade sets the guard anew."""
    trigger = "events_no_update" if store.is_sqlite else "events_append_only ON events"
    with store.write() as conn:
        assert missing(conn) == []
        conn.exec_driver_sql(f"DROP TRIGGER {trigger}")
        assert missing(conn) == ["events"]
    upgrade(store)
    with store.read() as conn:
        assert missing(conn) == []


def test_other_tables_may_change(store: Store) -> None:
    """The guard is on the append-only tables alone."""
    with store.write() as conn:
        claim_id = add_claim(conn, new_claim("A"))
        conn.execute(update(claims).where(claims.c.id == claim_id).values(match_key="B"))
        conn.execute(delete(claims))


def test_counters_start_at_one_and_never_repeat(store: Store) -> None:
    """Runs of numbers follow each other without overlap; each name counts alone."""
    with store.write() as conn:
        assert numbers.last(conn, "isa:A>B") == 0
        assert [numbers.reserve(conn, "isa:A>B"), numbers.reserve(conn, "isa:A>B", 10)] == [1, 2]
        assert numbers.reserve(conn, "isa:A>B") == 12
        assert numbers.reserve(conn, "isa:B>A") == 1
        assert [(row.name, row.value) for row in numbers.all_counters(conn)] == [("isa:A>B", 12), ("isa:B>A", 1)]


def test_a_reservation_that_is_rolled_back_leaves_the_counter(store: Store) -> None:
    """Only what was committed was given out."""
    with pytest.raises(RuntimeError), store.write() as conn:
        numbers.reserve(conn, "isa", 5)
        raise RuntimeError
    with store.write() as conn:
        assert numbers.reserve(conn, "isa") == 1


def test_an_exhausted_counter_refuses_instead_of_starting_again(store: Store) -> None:
    """ISA13 has nine digits; after the last one a person decides, nothing wraps to a number that was used."""
    with store.write() as conn:
        assert numbers.raise_to(conn, "isa", numbers.HIGHEST - 2)
        assert numbers.reserve(conn, "isa") == numbers.HIGHEST - 1
        with pytest.raises(CountersExhausted):
            numbers.reserve(conn, "isa", 2)
        assert numbers.reserve(conn, "isa") == numbers.HIGHEST
        with pytest.raises(CountersExhausted):
            numbers.reserve(conn, "isa")
        with pytest.raises(CountersExhausted):
            numbers.reserve(conn, "new", 100, highest=99)
        assert numbers.last(conn, "new") == 0
        with pytest.raises(ValueError, match="at least one"):
            numbers.reserve(conn, "isa", 0)


def test_a_counter_is_only_ever_raised(store: Store) -> None:
    """The numbers of a former system can be stepped over; a lower value changes nothing."""
    with store.write() as conn:
        assert numbers.raise_to(conn, "isa", 500)
        assert not numbers.raise_to(conn, "isa", 499)
        assert not numbers.raise_to(conn, "isa", 500)
        assert numbers.reserve(conn, "isa") == 501
        for value in (-1, numbers.HIGHEST + 1):
            with pytest.raises(CountersExhausted):
                numbers.raise_to(conn, "isa", value)


def test_two_processes_never_get_the_same_number(store: Store, store_url: str) -> None:
    """Many reservations from two stores at once give each number once."""
    got: list[int] = []

    def take(one: Store) -> None:
        for _ in range(20):
            with one.write() as conn:
                got.append(numbers.reserve(conn, "isa"))

    other = open_store(store_url)
    threads = [threading.Thread(target=take, args=(one,)) for one in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(got) == list(range(1, 41))


def test_times_are_utc_text_whose_order_is_that_of_time() -> None:
    """Every zone and precision gives one width; a time without a zone is refused."""
    east = timezone(timedelta(hours=5, minutes=30))
    times = [
        datetime(2026, 1, 31, 20, 59, 59, tzinfo=east),
        datetime(2026, 1, 31, 15, 30, tzinfo=UTC),
        datetime(2026, 1, 31, 15, 30, 0, 1, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
    ]
    stamps = [stamp(one) for one in times]
    assert stamps[:2] == ["2026-01-31T15:29:59.000000Z", "2026-01-31T15:30:00.000000Z"]
    assert stamps == sorted(stamps)
    assert [unstamp(one) for one in stamps] == times
    assert len(stamp(datetime(987, 1, 1, tzinfo=UTC))) == 27
    with pytest.raises(ValueError, match="zone"):
        stamp(datetime(2026, 1, 31))


def put(conn: Connection, **changes: object) -> tuple[int, bool]:
    given = {"name": "835_1.txt", "sha256": "a" * 64, "size": 10, "archive_name": "in/1", "partner": "oa", "at": NOW}
    return record(conn, **{**given, **changes})  # type: ignore[arg-type]


def test_a_content_is_one_file_however_often_it_comes(store: Store) -> None:
    """The same bytes under another name are a sighting; other bytes under the same name are another file."""
    with store.write() as conn:
        first = put(conn)
        again = put(conn, name="835_2.txt", archive_name="in/2")
        other = put(conn, sha256="b" * 64)
        assert (first[1], again, other[1]) == (True, (first[0], False), True)
        assert [row.name for row in sightings(conn, first[0])] == ["835_1.txt", "835_2.txt"]
        assert get_file(conn, first[0]).archive_name == "in/1"
        found = find_file(conn, "b" * 64)
        assert found is not None
        assert found.id == other[0]
        assert [row.id for row in list_files(conn, partner="oa")] == [first[0], other[0]]


def test_what_a_listing_showed_before_need_not_be_fetched(store: Store) -> None:
    """Under its name, with size and time, whatever else was shown under that name; another partner's file is not it."""
    with store.write() as conn:
        put(conn, remote_size=10, remote_modified="1770000000")
        put(conn, sha256="b" * 64, remote_size=11, remote_modified="1770000001")
        put(conn, sha256="c" * 64, name="none.txt")
        found = seen_before(conn, partner="oa", names=["835_1.txt", "none.txt", "other.txt"])
        assert found == [
            Seen("835_1.txt", 10, "1770000000", "a" * 64),
            Seen("835_1.txt", 11, "1770000001", "b" * 64),
            Seen("none.txt", None, None, "c" * 64),
        ]
        assert not seen_before(conn, partner="x", names=["835_1.txt"])
        many = [f"{number}.txt" for number in range(6000)]
        assert seen_before(conn, partner="oa", names=[*many, "835_1.txt"]) == found[:2]


def test_a_file_has_a_status(store: Store) -> None:
    """How far a file is, since when and why; an unknown status or file is refused."""
    with store.write() as conn:
        file_id, _ = put(conn)
        assert (get_file(conn, file_id).status, get_file(conn, file_id).processed_at) == ("received", None)
        set_status(conn, file_id, "quarantined", at=NOW, reason="not X12")
        row = get_file(conn, file_id)
        assert (row.status, row.reason, row.processed_at) == ("quarantined", "not X12", stamp(NOW))
        assert [one.id for one in list_files(conn, statuses=["quarantined"])] == [file_id]
        assert list_files(conn, statuses=["processed"]) == []
        with pytest.raises(ValueError, match="not a status"):
            set_status(conn, file_id, "lost", at=NOW)
        with pytest.raises(UsageError, match="no inbound file 99"):
            set_status(conn, 99, "ignored", at=NOW)


def test_a_reference_to_nothing_is_refused(store: Store) -> None:
    """No submission without its claim, on SQLite too."""
    with pytest.raises(Conflict), store.write() as conn:
        insert_rows(
            conn,
            submissions,
            ("claim_id", "version_id", "batch_id", "set_id", "position", "recorded_at"),
            [(1, 1, 1, 1, 1, stamp(NOW))],
        )


def test_a_projection_that_does_not_balance_is_refused(store: Store) -> None:
    """The law of a claim's amounts is held by the database itself."""
    with store.write() as conn:
        ready_claims(conn, 1)
    with pytest.raises(Conflict, match="conserved"), store.write() as conn:
        conn.exec_driver_sql("UPDATE claim_current SET paid = 1")


def test_a_store_that_became_read_only_is_named(store: Store) -> None:
    """Where the file cannot be written the error says so; it is not taken for a bug."""
    if not store.is_sqlite:
        pytest.skip("about the file of an embedded store")
    with pytest.raises(StoreReadOnly, match="cannot be written"), store.write() as conn:
        conn.exec_driver_sql("PRAGMA query_only = ON")
        try:
            add_claim(conn, new_claim("A"))
        finally:
            conn.exec_driver_sql("PRAGMA query_only = OFF")


def test_the_guard_holds_for_other_programs_too(store: Store) -> None:
    """The trigger is in the file: a foreign client that opens it meets it as well."""
    if not store.is_sqlite:
        pytest.skip("about the file of an embedded store")
    with store.write() as conn:
        one_of_each(conn)
    foreign = sqlite3.connect(str(store.path))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        foreign.execute("DELETE FROM events")
    foreign.close()
