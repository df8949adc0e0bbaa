"""Claims, versions and events over both databases."""

from __future__ import annotations

import pytest
from records import NOW, new_claim, new_version, ready_claims
from sqlalchemy import func, select

from gateway.store import Store, stamp
from gateway.store.claims import (
    NewEvent,
    add_claim,
    add_claims,
    add_version,
    add_versions,
    append_event,
    append_events,
    claims_by_id,
    claims_by_key,
    find_claims,
    fingerprint_of,
    iterate_versions,
    lock_claims,
    newest_version,
    newest_versions,
    ready_groups,
    ready_versions,
    versions_of,
)
from gateway.store.errors import Conflict
from gateway.store.tables import events


def test_a_claim_is_found_by_its_number_and_its_provider(store: Store) -> None:
    """One CLM01 may belong to two billing providers; the provider decides, and without one both are listed."""
    with store.write() as conn:
        first = add_claim(conn, new_claim("A1", "1234567893"))
        second = add_claim(conn, new_claim("A1", "1999999984"))
        assert [row.id for row in find_claims(conn, "A1")] == [first, second]
        assert [row.id for row in find_claims(conn, "A1", "1999999984")] == [second]
        assert find_claims(conn, "a1") == []


def test_the_same_claim_twice_is_a_conflict(store: Store) -> None:
    """A claim is its billing provider and its CLM01, once."""
    with store.write() as conn:
        add_claim(conn, new_claim("A1"))
    with pytest.raises(Conflict), store.write() as conn:
        add_claim(conn, new_claim("A1"))


def test_many_are_found_by_key_and_by_id(store: Store) -> None:
    """Bulk look-ups give what is there and leave out what is not, beyond the size of one statement."""
    with store.write() as conn:
        ids = add_claims(conn, [new_claim(f"N{number}") for number in range(6_000)])
        add_claim(conn, new_claim("N1", "1999999984"))
        wanted = [("1234567893", f"N{number}") for number in range(0, 12_000, 2)]
        found = claims_by_key(conn, wanted)
        assert sorted(found) == sorted(wanted[:3_000])
        assert found["1234567893", "N4"].id == ids[4]
        assert set(claims_by_id(conn, [*ids, 10**9])) == set(ids)


def test_ids_come_in_the_order_of_the_rows(store: Store) -> None:
    """The id at each place belongs to the row at that place, in every call."""
    with store.write() as conn:
        ids = [*add_claims(conn, [new_claim("A"), new_claim("B")]), *add_claims(conn, [new_claim("C")])]
        assert [row.patient_control_number for row in map(claims_by_id(conn, ids).get, ids) if row] == ["A", "B", "C"]
        assert add_claims(conn, []) == ()


def test_versions_are_numbered_in_order_of_arrival(store: Store) -> None:
    """Each claim counts its own versions, within one call and over several."""
    with store.write() as conn:
        one, two = add_claims(conn, [new_claim("A"), new_claim("B")])
        assert newest_version(conn, one) is None
        add_versions(conn, [new_version(one), new_version(two), new_version(one, charge=1)])
        add_version(conn, new_version(one, charge=2))
        assert [(row.number, row.charge) for row in versions_of(conn, one)] == [(1, 24000), (2, 1), (3, 2)]
        newest = newest_version(conn, one)
        assert newest is not None
        assert newest.charge == 2
        assert {key: row.number for key, row in newest_versions(conn, [one, two, 10**9]).items()} == {one: 3, two: 1}


def test_a_version_keeps_its_document_exactly(store: Store) -> None:
    """The body comes back as it went in, whatever signs it has."""
    body = '{"last_name":"Müller-Łódź 名 🩺","note":"100% \\\\ \' \\" ; -- %s ? :x"}'
    with store.write() as conn:
        claim_id = add_claim(conn, new_claim("A"))
        add_version(conn, new_version(claim_id, body=body))
    with store.read() as conn:
        assert [row.body for row in iterate_versions(conn)] == [body]


def test_money_beyond_32_bits_is_exact(store: Store) -> None:
    """Cents have 64 bits on every database, sums too."""
    with store.write() as conn:
        members = ready_claims(conn, 2)
        for claim_id, _ in members:
            add_version(conn, new_version(claim_id, charge=9_007_199_254_740_993))
        newest = newest_versions(conn, [claim_id for claim_id, _ in members])
        assert {row.charge for row in newest.values()} == {9_007_199_254_740_993}


def event(**changes: object) -> NewEvent:
    return NewEvent("status", "payer", "accept", stamp(NOW), codes='["A2:20"]')._replace(**changes)  # type: ignore[arg-type]


def test_an_event_repeated_adds_nothing(store: Store) -> None:
    """The same fact twice in one call, in two calls or from two files is one event; a different one is another."""
    with store.write() as conn:
        claim_id = add_claim(conn, new_claim("A"))
        one = event(claim_id=claim_id, fingerprint="1" * 64)
        two = event(claim_id=claim_id, fingerprint="2" * 64)
        assert append_events(conn, [one, one]) == 1
        assert append_events(conn, [one, two]) == 1
        assert not append_event(conn, two)
        assert append_events(conn, []) == 0
        assert conn.execute(select(func.count()).select_from(events)).scalar_one() == 2


def test_a_repeated_file_is_the_same_fact_but_a_repeated_deed_is_not() -> None:
    """What a file says is the same wherever it stands; a person who holds a claim twice has held it twice."""
    later = stamp(NOW.replace(hour=18))
    said = event(claim_id=1, inbound_set_id=1, segment=7)
    assert fingerprint_of(said) == fingerprint_of(
        said._replace(inbound_set_id=2, segment=9, recorded_at=later, fingerprint="x")
    )
    for change in ({"codes": '["A3:21"]'}, {"claim_id": 2}, {"rank": "20260102"}, {"verdict": "reject"}):
        assert fingerprint_of(said) != fingerprint_of(said._replace(**change))  # type: ignore[arg-type]
    deed = event(claim_id=1, actor="pat")
    assert fingerprint_of(deed) != fingerprint_of(deed._replace(recorded_at=later))


def test_ready_claims_are_grouped_and_picked_by_kind(store: Store) -> None:
    """The oldest come first, only of the payers and kind asked for, no more than the limit."""
    with store.write() as conn:
        first = ready_claims(conn, 3, payer_id="60054", prefix="A")
        ready_claims(conn, 2, payer_id="87726", prefix="B")
        assert [(group.payer_id, group.claims, group.charge) for group in ready_groups(conn)] == [
            ("60054", 3, 72000),
            ("87726", 2, 48000),
        ]
        picked = pick(conn, limit=2)
        assert [(row.claim_id, row.version_id) for row in picked] == first[:2]
        assert picked[0].patient_control_number == "A0"
        assert pick(conn, payer_ids=["0"]) == []
        assert pick(conn, claim_or_encounter="RP") == []
        assert len(pick(conn, payer_ids=["60054", "87726"])) == 5


def pick(conn, **changes):  # type: ignore[no-untyped-def]
    asked = {
        "type": "professional",
        "payer_ids": ["60054"],
        "purpose": "00",
        "claim_or_encounter": "CH",
        "limit": 100,
        **changes,
    }
    return ready_versions(conn, **asked)


def test_a_second_builder_passes_over_what_the_first_has_locked(store: Store) -> None:
    """On a server two builders work side by side and never pick the same claim, nor wait for each other."""
    if store.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with store.write() as conn:
        members = ready_claims(conn, 4)
    with store.write() as one, store.write() as two:
        first = [row.claim_id for row in pick(one, limit=2)]
        second = [row.claim_id for row in pick(two, limit=4)]
    assert first == [claim_id for claim_id, _ in members[:2]]
    assert second == [claim_id for claim_id, _ in members[2:]]


def test_locking_claims_takes_any_list(store: Store) -> None:
    """Empty, repeated and unknown ids are no trouble."""
    with store.write() as conn:
        members = ready_claims(conn, 3)
        lock_claims(conn, [])
        lock_claims(conn, [members[2][0], members[0][0], members[2][0], 10**9])
