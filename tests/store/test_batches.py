"""Batches: reservation, legal transitions, and two processes that want the same."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest
from records import NOW, RECEIVER, SENDER, new_batch, new_set, new_version, ready_claims
from sqlalchemy import func, select, update

from gateway.errors import GatewayError, UsageError
from gateway.store import Store, open_store, stamp
from gateway.store.batches import (
    TRANSITIONS,
    find_interchanges,
    find_sets,
    find_sets_by_reference,
    get_batch,
    list_batches,
    mark_built,
    record_already_sent,
    record_step,
    reserve,
    set_state,
    sets_of,
    steps_of,
    submissions_by_number,
    submissions_in_batch,
    submissions_of,
)
from gateway.store.claims import add_version, ready_versions
from gateway.store.counters import reserve as reserve_numbers
from gateway.store.errors import Conflict, IllegalTransition
from gateway.store.tables import batches, claim_current, submissions, taken_versions


def built(store: Store, count: int = 2, number: int = 1) -> int:
    with store.write() as conn:
        members = ready_claims(conn, count, prefix=f"B{number}-")
        batch_id = reserve(conn, new_batch(number), [new_set(members, group=str(number))], at=NOW)
        build(conn, batch_id)
    return batch_id


def build(conn, batch_id: int) -> None:  # type: ignore[no-untyped-def]
    mark_built(conn, batch_id, file_name="f.txt", archive_name="a/1", sha256="0" * 64, size=9, at=NOW)


def test_a_reservation_writes_the_batch_its_sets_and_its_submissions(store: Store) -> None:
    """Everything that an answer may name is there before the first byte is built."""
    with store.write() as conn:
        members = ready_claims(conn, 5)
        batch_id = reserve(conn, new_batch(7), [new_set(members[:3], 1), new_set(members[3:], 2)], at=NOW)
    with store.read() as conn:
        batch = get_batch(conn, batch_id)
        assert (batch.state, batch.claims, batch.charge, batch.attempts) == ("building", 5, 120000, 0)
        assert [(row.control_number, row.claims, row.partner) for row in sets_of(conn, batch_id)] == [
            ("0001", 3, "office_ally"),
            ("0002", 2, "office_ally"),
        ]
        assert [(row.claim_id, row.version_id) for row in submissions_in_batch(conn, batch_id)] == members
        assert [row.position for row in submissions_in_batch(conn, batch_id)] == [1, 2, 3, 1, 2]


def test_what_answers_name_is_found(store: Store) -> None:
    """ISA13 for a TA1, GS06 and ST02 for a 999, BHT03 and CLM01 for a 277CA."""
    batch_id = built(store, 3)
    with store.read() as conn:
        assert [row.id for row in find_interchanges(conn, "000000001", sender=SENDER, receiver=RECEIVER)] == [batch_id]
        assert find_interchanges(conn, "000000001", sender=RECEIVER) == []
        (one,) = find_sets(conn, "1", "0001")
        assert (one.batch_id, one.sender, one.state) == (batch_id, SENDER, "built")
        assert find_sets(conn, "1", "0009") == []
        assert find_sets_by_reference(conn, "REF1-1") == [one] == find_sets(conn, "1")
        assert [row.patient_control_number for row in submissions_of(conn, one.id)] == ["B1-0", "B1-1", "B1-2"]
        found = submissions_by_number(conn, one.id, ["B1-2", "B1-0", "other"])
        assert {number: [row.position for row in rows] for number, rows in found.items()} == {"B1-0": [1], "B1-2": [3]}


@pytest.mark.parametrize(("before", "after"), [*itertools.product(TRANSITIONS, repeat=2)])
def test_only_legal_transitions_happen(shared_store: Store, before: str, after: str) -> None:
    """Every pair of states: the table decides, and a refused batch stays as it is. A batch is built by mark_built."""
    with shared_store.write() as conn:
        batch_id = reserve(conn, new_batch(next(NUMBERS)), [], at=NOW)
        conn.execute(update(batches).where(batches.c.id == batch_id).values(state=before))
        if after in TRANSITIONS[before] and (before, after) != ("building", "built"):
            assert set_state(conn, batch_id, after, at=NOW).state == after
        else:
            with pytest.raises(IllegalTransition, match=f"is {before} and cannot become {after}"):
                set_state(conn, batch_id, after, at=NOW)
            assert get_batch(conn, batch_id).state == before


NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> object:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('transitions')}/claims.db", create=True)
    yield store
    store.close()


def test_a_delivery_leaves_its_marks(store: Store) -> None:
    """Attempts are counted, the time of sending and the reason of a failure are kept, steps stand in order."""
    batch_id = built(store)
    with store.write() as conn:
        assert set_state(conn, batch_id, "sending", at=NOW).attempts == 1
        record_step(conn, batch_id, 1, "write", {"temp_name": "x.tmp", "size": 9}, at=NOW)
        record_step(conn, batch_id, 1, "rename", {"final_name": "x"}, at=NOW)
        failed = set_state(conn, batch_id, "failed", at=NOW, reason="refused by the partner")
        assert (failed.reason, failed.sent_at) == ("refused by the partner", None)
        assert set_state(conn, batch_id, "sending", at=NOW).attempts == 2
        sent = set_state(conn, batch_id, "sent", at=NOW)
        assert (sent.sent_at, sent.reason, sent.built_at) == (stamp(NOW), "", stamp(NOW))
        assert [(row.step, row.attempt) for row in steps_of(conn, batch_id)] == [("write", 1), ("rename", 1)]
        assert steps_of(conn, batch_id)[0].detail == '{"size":9,"temp_name":"x.tmp"}'
        assert [row.id for row in list_batches(conn, partner="office_ally", states=["sent"])] == [batch_id]
        assert list_batches(conn, states=["built"]) == []


def test_a_batch_that_is_not_there_is_named(store: Store) -> None:
    """A mistyped number is wrong usage."""
    with pytest.raises(UsageError, match="no batch 99"), store.write() as conn:
        set_state(conn, 99, "sending", at=NOW)


def test_two_processes_cannot_both_take_a_batch(store: Store, store_url: str) -> None:
    """Of two senders that saw the same built batch, one sends; the other is told so."""
    batch_id = built(store)
    outcomes = race(store, store_url, lambda conn: set_state(conn, batch_id, "sending", at=NOW))
    assert sorted(outcomes) == ["IllegalTransition", "done"]
    with store.read() as conn:
        assert get_batch(conn, batch_id).attempts == 1


def race(store: Store, url: str, act: Callable[[object], object]) -> list[str]:
    """Runs `act` in a write transaction of two stores at once, and says how each ended."""
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def run(one: Store) -> None:
        gate.wait()
        try:
            with one.write() as conn:
                act(conn)
            outcomes.append("done")
        except GatewayError as error:
            outcomes.append(type(error).__name__)

    other = open_store(url)
    threads = [threading.Thread(target=run, args=(one,)) for one in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    return outcomes


def test_concurrent_builders_never_share_a_version(store: Store, store_url: str) -> None:
    """Two builders that run at once over the same ready claims put each into one batch, and use each number once."""
    with store.write() as conn:
        members = ready_claims(conn, 60)
    gate = threading.Barrier(2)
    failures: list[str] = []

    def build_all(one: Store) -> None:
        gate.wait()
        while True:
            try:
                with one.write() as conn:
                    picked = ready_versions(
                        conn, type="professional", payer_ids=["60054"], purpose="00", claim_or_encounter="CH", limit=7
                    )
                    if not picked:
                        return
                    number = reserve_numbers(conn, "isa")
                    chosen = [(row.claim_id, row.version_id) for row in picked]
                    reserve(conn, new_batch(number), [new_set(chosen, group=str(number))], at=NOW)
                    taken = claim_current.c.claim_id.in_([claim_id for claim_id, _ in chosen])
                    conn.execute(update(claim_current).where(taken).values(stage="batched"))
            except GatewayError as error:
                failures.append(type(error).__name__)
                return

    other = open_store(store_url)
    threads = [threading.Thread(target=build_all, args=(one,)) for one in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert failures == []
    with store.read() as conn:
        rows = conn.execute(select(submissions.c.claim_id, submissions.c.version_id)).all()
    # Skipped while the other had them locked, a claim may wait for the next build; none is ever in two.
    assert len(rows) == len(set(rows))
    assert {tuple(row) for row in rows} <= set(members)
    assert len(rows) >= 53


def test_a_version_in_a_live_batch_is_refused_by_the_database(store: Store) -> None:
    """Even a builder that picks wrongly cannot put a version into two batches; nothing of the second is written."""
    with store.write() as conn:
        members = ready_claims(conn, 2)
        reserve(conn, new_batch(1), [new_set(members)], at=NOW)
    with pytest.raises(Conflict), store.write() as conn:
        reserve(conn, new_batch(2), [new_set(members[1:], group="2")], at=NOW)
    with store.read() as conn:
        assert len(list_batches(conn)) == 1


@pytest.mark.parametrize("state", ["abandoned", "cancelled"])
def test_a_batch_that_is_given_up_gives_its_versions_back(store: Store, state: str) -> None:
    """What will not be sent may be built again."""
    with store.write() as conn:
        members = ready_claims(conn, 2)
        batch_id = reserve(conn, new_batch(1), [new_set(members)], at=NOW)
        if state == "cancelled":
            build(conn, batch_id)
        set_state(conn, batch_id, state, at=NOW)
        again = reserve(conn, new_batch(2), [new_set(members, group="2")], at=NOW)
        assert [row.version_id for row in submissions_in_batch(conn, again)] == [row[1] for row in members]


def test_a_resend_takes_the_versions_over_from_a_batch_that_was_sent(store: Store) -> None:
    """A batch on its way keeps its versions; one that was sent hands them to the batch that replaces it."""
    with store.write() as conn:
        members = ready_claims(conn, 2)
        first = reserve(conn, new_batch(1), [new_set(members)], at=NOW)
        build(conn, first)
        with pytest.raises(IllegalTransition, match="is built"):
            reserve(conn, new_batch(2, resends_id=first), [new_set(members, group="2")], at=NOW)
        set_state(conn, first, "sending", at=NOW)
        set_state(conn, first, "sent", at=NOW)
        second = reserve(conn, new_batch(2, resends_id=first), [new_set(members, group="2")], at=NOW)
        taken = conn.execute(select(taken_versions.c.batch_id)).scalars().all()
        assert taken == [second, second]
        assert get_batch(conn, second).resends_id == first


def test_an_interchange_number_is_used_once_by_us(store: Store) -> None:
    """Our own numbers are unique between two parties; another system's history may hold repeats."""
    with store.write() as conn:
        members = ready_claims(conn, 2)
        for _ in range(2):
            record_already_sent(conn, new_batch(1), [new_set(members)], at=NOW, sent_at=stamp(NOW), file_name="old")
        reserve(conn, new_batch(1), [], at=NOW)
        reserve(conn, new_batch(1, receiver="ZZ:OTHER"), [], at=NOW)
        assert conn.execute(select(func.count()).select_from(taken_versions)).scalar_one() == 2
    with pytest.raises(Conflict), store.write() as conn:
        reserve(conn, new_batch(1), [], at=NOW)


def test_what_another_system_sent_is_not_built_again(store: Store) -> None:
    """Its versions are taken, its state is sent."""
    with store.write() as conn:
        members = ready_claims(conn, 1)
        batch_id = record_already_sent(
            conn, new_batch(5), [new_set(members)], at=NOW, sent_at="2026-01-01T00:00:00.000000Z"
        )
        batch = get_batch(conn, batch_id)
        assert (batch.state, batch.origin, batch.sent_at) == ("sent", "already_sent", "2026-01-01T00:00:00.000000Z")
        newer = add_version(conn, new_version(members[0][0]))
        reserve(conn, new_batch(1), [new_set([(members[0][0], newer)])], at=NOW)
    with pytest.raises(Conflict), store.write() as conn:
        reserve(conn, new_batch(2), [new_set(members)], at=NOW)
