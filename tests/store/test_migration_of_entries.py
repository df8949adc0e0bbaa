"""A store of an older version: what was posted and undone before payments had entries has them afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from records import NOW
from sqlalchemy import insert, select
from stores import older_store

from gateway.store import Store, schema, stamp, upgrade
from gateway.store.tables import decisions, inbound_files, inbound_sets, remittance_entries, remittances


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with the schema of revision 0003."""
    with older_store(request, tmp_path, "0003") as opened:
        yield opened


def test_payments_of_before_have_their_entries(old: Store) -> None:
    """Posted: one entry. Undone: posted, and taken back by whom and why. Posted again: a third. Parked: none."""
    at = stamp(NOW)
    with old.write() as conn:
        file = {"name": "f", "sha256": "0" * 64, "size": 1, "archive_name": "a", "status": "processed"}
        conn.execute(insert(inbound_files).values(**file, recorded_at=at))
        statuses = ("posted", "parked", "posted", "parked")
        for number, status in enumerate(statuses, 1):
            one = {"file_id": 1, "ordinal": number, "kind": "835", "content_hash": str(number), "status": status}
            conn.execute(insert(inbound_sets).values(**one, recorded_at=at))
            conn.execute(insert(remittances).values(inbound_set_id=number, status=status, recorded_at=at))
        said = {"actor": "pat", "reason": "wrong payee", "recorded_at": at}
        for action, number in (("undo", 2), ("undo", 3), ("post_as_is", 3)):
            conn.execute(insert(decisions).values(action=action, subject=f"remittance:{number}", **said))
    upgrade(old)
    entry = remittance_entries.c
    with old.read() as conn:
        found = conn.execute(select(entry.remittance_id, entry.kind, entry.actor, entry.reason).order_by(entry.id))
        assert sorted(tuple(row) for row in found) == [
            (1, "post", "", ""),
            (2, "post", "", ""),
            (2, "undo", "pat", "wrong payee"),
            (3, "post", "", ""),
            (3, "post", "", ""),
            (3, "undo", "pat", "wrong payee"),
        ]
        assert schema.differences(conn) == []
