"""Invented claims and batches in the store, for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.store import Connection, stamp
from gateway.store.batches import NewBatch, NewSet
from gateway.store.claims import NewClaim, NewVersion, add_claims, add_versions
from gateway.store.rows import insert_rows
from gateway.store.tables import claim_current

NOW = datetime(2026, 1, 31, 15, 30, tzinfo=UTC)
SENDER, RECEIVER = "ZZ:SUBMITTER", "ZZ:330897513"


def new_claim(number: str, billing_key: str = "1234567893") -> NewClaim:
    return NewClaim(billing_key, number, number.upper(), "professional", stamp(NOW))


def new_version(claim_id: int, *, payer_id: str = "60054", charge: int = 24000, body: str = "{}") -> NewVersion:
    return NewVersion(claim_id, "1", "P", "00", "CH", "0" * 64, charge, payer_id, body, stamp(NOW))


def ready_claims(
    conn: Connection, count: int, *, payer_id: str = "60054", prefix: str = "PCN"
) -> Sequence[tuple[int, int]]:
    """Stores ready claims and returns (claim id, version id) of each."""
    claim_ids = add_claims(conn, [new_claim(f"{prefix}{number}") for number in range(count)])
    version_ids = add_versions(conn, [new_version(claim_id, payer_id=payer_id) for claim_id in claim_ids])
    members = list(zip(claim_ids, version_ids, strict=True))
    columns = ("claim_id", "version_id", "state", "stage", "imported_at", "refreshed_at", "charge", "open")
    at = stamp(NOW)
    rows = [(claim_id, version_id, "ready", "ready", at, at, 24000, 24000) for claim_id, version_id in members]
    insert_rows(conn, claim_current, columns, rows)
    return members


def new_batch(number: int = 1, **changes: object) -> NewBatch:
    icn = f"{number:09d}"
    batch = NewBatch("office_ally", "professional", "T", "00", "CH", SENDER, RECEIVER, icn, str(number))
    return batch._replace(**changes)  # type: ignore[arg-type]


def new_set(members: Sequence[tuple[int, int]], number: int = 1, *, group: str = "1") -> NewSet:
    return NewSet(f"{number:04d}", group, f"REF{group}-{number}", 24000 * len(members), members)
