"""A store of the first release: what is in it is kept, and its claims can be worked on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from records import NOW, ready_claims
from sqlalchemy import select, text
from stores import older_store

from gateway.store import Store, schema, stamp, upgrade
from gateway.store.tables import remittances
from gateway.store.triggers import missing
from gateway.store.work import NewEntry, WorkRow, add_entry, counted_now, entries_of, put_work, work_rows
from gateway.store.worklist import WorkFilters, find_work


@pytest.fixture(params=["sqlite", "postgresql"])
def first(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with the schema of revision 0002, which was released."""
    with older_store(request, tmp_path, "0002") as opened:
        yield opened


def test_a_store_of_the_first_release_can_be_worked_on(first: Store) -> None:
    """Payments of before are those of files; a denied claim of before is on the list, is done, and leaves it."""
    at = stamp(NOW)
    with first.write() as conn:
        ((claim_id, _),) = ready_claims(conn, 1)
        conn.execute(text("UPDATE claim_current SET state = 'denied', stage = 'sent', denied = charge, open = 0"))
        said = {"at": at, "hash": "0" * 64}
        conn.execute(
            text(
                "INSERT INTO inbound_files (name, sha256, size, archive_name, status, recorded_at)"
                " VALUES ('f', :hash, 1, 'a', 'processed', :at)"
            ),
            said,
        )
        conn.execute(
            text(
                "INSERT INTO inbound_sets (file_id, ordinal, kind, content_hash, status, recorded_at)"
                " VALUES (1, 1, '835', :hash, 'posted', :at)"
            ),
            said,
        )
        conn.execute(
            text("INSERT INTO remittances (inbound_set_id, status, recorded_at) VALUES (1, 'posted', :at)"), said
        )
    upgrade(first)
    with first.write() as conn:
        assert schema.differences(conn) == []
        assert missing(conn) == []
        assert conn.execute(select(remittances.c.source, remittances.c.entered_by)).one() == ("835", "")
        (found,) = find_work(conn, ["denials"], WorkFilters(), [], None)
        assert [one.claim_id for one in found.items] == [claim_id]
        answers, steps = counted_now(conn, claim_id)
        add_entry(conn, NewEntry(claim_id, "done", "pat", at, outcome="no_action", answers=answers, steps=steps))
        put_work(conn, WorkRow(claim_id, "pat", "", 1, answers, steps, ""))
        (found,) = find_work(conn, ["denials"], WorkFilters(), [], None)
        assert found.count == 0
        assert list(work_rows(conn)) == list(entries_of(conn, [claim_id])) == [claim_id]
