"""The laws of the store: a sound one keeps them all, and each fault breaks its own."""

from __future__ import annotations

import pytest
from records import NOW, new_batch, new_set, ready_claims

from gateway.store import Connection, Store
from gateway.store.batches import mark_built, reserve, set_state
from gateway.store.check import check
from gateway.store.counters import gs_counter, isa_counter, raise_to
from gateway.store.inbound_files import record
from gateway.store.triggers import purging

NAMES = {
    "the file is whole",
    "every reference has its row",
    "append-only tables are guarded",
    "the schema is that of this version",
    "counters stand at or above every number used",
    "a batch is the sum of its sets and claims",
    "a submission belongs to its claim and its batch",
    "a claim stands in one live batch",
    "a built batch has its bytes in the archive",
    "every claim has its current state",
    "charge is paid, owed, adjusted, denied or open",
    "a remittance is the sum of its parts",
}


@pytest.fixture
def filled(store: Store) -> Store:
    """Two batches of five claims each, one of them sent, and a posted remittance of two claims."""
    with store.write() as conn:
        for name in (isa_counter("ZZ:SUBMITTER", "ZZ:330897513"), gs_counter("ZZ:SUBMITTER", "ZZ:330897513")):
            raise_to(conn, name, 2)
        for number in (1, 2):
            members = ready_claims(conn, 5, prefix=f"{number}-")
            group = str(number)
            sets = [new_set(members[:2], 1, group=group), new_set(members[2:], 2, group=group)]
            batch_id = reserve(conn, new_batch(number), sets, at=NOW)
            mark_built(conn, batch_id, file_name="f", archive_name=f"a/{number}", sha256="0" * 64, size=9, at=NOW)
        set_state(conn, batch_id, "sent", at=NOW)
        file_id, _ = record(conn, name="a", sha256="0" * 64, size=1, archive_name="x", at=NOW)
        at = "'2026-01-31T15:30:00.000000Z'"
        for statement in (
            "INSERT INTO inbound_sets (file_id, ordinal, kind, content_hash, status, recorded_at)"
            f" VALUES ({file_id}, 1, '835', 'x', 'posted', {at})",
            "INSERT INTO remittances (inbound_set_id, payment, claim_payments, provider_adjustments, status,"
            f" recorded_at) VALUES (1, 900, 1000, 100, 'posted', {at})",
            "INSERT INTO remittance_claims (remittance_id, ordinal, segment, patient_control_number, match_key, status,"
            " charge, paid) VALUES (1, 1, 9, 'P', 'P', '1', 700, 700), (1, 2, 12, 'Q', 'Q', '1', 300, 300)",
            "INSERT INTO provider_adjustments (remittance_id, provider_id, code, amount, segment)"
            " VALUES (1, '1', 'WO', 100, 20)",
        ):
            conn.exec_driver_sql(statement)
    return store


def broken(store: Store) -> dict[str, tuple[str, ...]]:
    with store.read() as conn:
        return {one.name: one.subjects for one in check(conn) if not one.holds}


def test_a_sound_store_keeps_every_law(filled: Store) -> None:
    """Nothing is found where nothing is wrong, and every law was asked."""
    with filled.read() as conn:
        found = list(check(conn))
    assert {one.name for one in found} == NAMES
    assert [one for one in found if not one.holds] == []


def test_an_empty_store_keeps_every_law(store: Store) -> None:
    """A store without rows is whole."""
    assert broken(store) == {}


FAULTS = {
    "UPDATE batches SET claims = 4 WHERE id = 1": ("a batch is the sum of its sets and claims", "batch:1"),
    "UPDATE batches SET charge = charge + 1 WHERE id = 2": ("a batch is the sum of its sets and claims", "batch:2"),
    "UPDATE batch_sets SET claims = 9 WHERE id = 1": ("a batch is the sum of its sets and claims", "batch:1"),
    "UPDATE batches SET sha256 = '' WHERE id = 2": ("a built batch has its bytes in the archive", "batch:2"),
    "DELETE FROM taken_versions WHERE version_id = 3": ("a claim stands in one live batch", "submission:3"),
    "DELETE FROM claim_current WHERE claim_id = 4": ("every claim has its current state", "claim:4"),
    "UPDATE claim_current SET version_id = 1 WHERE claim_id = 4": ("every claim has its current state", "claim:4"),
    "UPDATE counters SET value = 1 WHERE name LIKE 'isa:%'": (
        "counters stand at or above every number used",
        "batch:2",
    ),
    "UPDATE counters SET value = 1 WHERE name LIKE 'gs:%'": ("counters stand at or above every number used", "batch:2"),
    "DELETE FROM counters": ("counters stand at or above every number used", "batch:1"),
    "UPDATE remittances SET claim_payments = 999, difference = -1": (
        "a remittance is the sum of its parts",
        "remittance:1",
    ),
    "UPDATE remittances SET difference = 5": ("a remittance is the sum of its parts", "remittance:1"),
    "UPDATE submissions SET claim_id = 2 WHERE id = 1": (
        "a submission belongs to its claim and its batch",
        "submission:1",
    ),
    "UPDATE submissions SET set_id = 3, position = 9 WHERE id = 2": (
        "a submission belongs to its claim and its batch",
        "submission:2",
    ),
    "DELETE FROM provider_adjustments": ("a remittance is the sum of its parts", "remittance:1"),
}


@pytest.mark.parametrize("statement", FAULTS)
def test_a_fault_breaks_its_law(filled: Store, statement: str) -> None:
    """Whatever was changed behind the gateway's back is found, by the law that it breaks and by our own id."""
    with filled.write() as conn, purging(conn, actor="pat", reason="test", at=NOW):
        conn.exec_driver_sql(statement.replace("%", "%%") if not filled.is_sqlite else statement)
    name, subject = FAULTS[statement]
    found = broken(filled)
    assert set(found) == {name}
    assert subject in found[name]


def test_a_row_without_its_parent_is_found_on_sqlite(filled: Store) -> None:
    """A foreign program may write without checking references; the check does not."""
    if not filled.is_sqlite:
        pytest.skip("PostgreSQL keeps references itself")
    with pytest.raises(RuntimeError), filled.migrating() as conn:
        conn.exec_driver_sql("DELETE FROM batch_sets WHERE id = 1")
        assert any(one.subjects for one in check(conn) if one.name == "every reference has its row")
        raise RuntimeError


def test_a_missing_guard_is_found(filled: Store) -> None:
    """An append-only table without its trigger is a fault."""
    with filled.write() as conn:
        drop(conn, filled, "postings")
    assert broken(filled) == {"append-only tables are guarded": ("postings",)}


def drop(conn: Connection, store: Store, table: str) -> None:
    name = f"{table}_no_delete" if store.is_sqlite else f"{table}_append_only ON {table}"
    conn.exec_driver_sql(f"DROP TRIGGER {name}")


def test_a_missing_index_is_found(filled: Store) -> None:
    """A schema that is not quite ours is a fault."""
    with filled.write() as conn:
        conn.exec_driver_sql("DROP INDEX uq_batches_own_interchange")
    assert set(broken(filled)) == {"the schema is that of this version"}


def test_many_faults_are_counted_but_not_all_listed(filled: Store) -> None:
    """A line about a store with a million faults stays a line."""
    with filled.write() as conn:
        ready_claims(conn, 50, prefix="many")
        conn.exec_driver_sql("DELETE FROM claim_current")
    with filled.read() as conn:
        (one,) = [one for one in check(conn) if one.name == "every claim has its current state"]
    assert (one.found, len(one.subjects)) == (60, 20)
