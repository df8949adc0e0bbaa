"""Claims beside a claim: found by member, whatever else the store holds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from gateway.store import Store
from gateway.store.claims import NewClaim, NewVersion, add_claims, add_versions
from gateway.store.neighbours import neighbours
from gateway.store.tables import claim_current

AT = "2026-01-31T15:30:00.000000Z"


def add(
    store: Store, number: str, *, member: str, charge: int = 100, state: str = "ready", stage: str = "ready"
) -> int:
    with store.write() as conn:
        (claim_id,) = add_claims(conn, [NewClaim("1234567893", number, number, "professional", AT)])
        new = NewVersion(claim_id, "1", "P", "00", "CH", "0" * 64, charge, "99001", "{}", AT, member_id=member)
        (version_id,) = add_versions(conn, [new])
        row = {"claim_id": claim_id, "version_id": version_id, "state": state, "stage": stage, "imported_at": AT,
               "refreshed_at": AT, "charge": charge, "open": charge}  # fmt: skip
        conn.execute(claim_current.insert(), row)
    return claim_id


def test_the_claims_of_a_member_that_are_on_their_way(store: Store) -> None:
    """Same member and charge, and neither held, cancelled, rejected nor denied."""
    wanted = {add(store, "A", member="M1"), add(store, "B", member="M1", state="paid", stage="sent")}
    add(store, "C", member="M2")
    add(store, "D", member="M1", charge=200)
    add(store, "E", member="M1", state="held", stage="held")
    add(store, "F", member="M1", state="rejected_999", stage="sent")
    add(store, "G", member="M1", state="denied", stage="sent")
    with store.read() as conn:
        assert {one.claim_id for one in neighbours(conn, ["M1"], [100])} == wanted
        assert neighbours(conn, ["M3"], [100]) == neighbours(conn, [], []) == []


def test_no_statement_goes_through_all_claims(store: Store) -> None:
    """Each table is searched by an index on what is asked for, so that a large store costs no more than a small one."""
    if not store.is_sqlite:
        pytest.skip("the plan of a nearly empty table on PostgreSQL is a scan in any case")
    add(store, "A", member="M1")
    asked: list[tuple[str, Any]] = []
    with store.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _k, text, given, *_: asked.append((text, given)))
        neighbours(conn, ["M1", "M2"], [100])
        plans = [
            row[3] for text, given in list(asked) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
        ]
    searched = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN"))]
    assert len(searched) == 3
    assert all("member_id=?" in plan or "rowid=?" in plan for plan in searched), searched
