"""How the embedded store is searched: by what is asked for, never through all rows that lack a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gateway.store import Store
from gateway.store.answers import has_unbound_events, unbound_answers, unbound_events
from gateway.store.claims import claims_by_key
from gateway.store.history import HistoryLoader
from gateway.store.stories import events_told

Ask = Callable[[Connection], Any]


ASKED: dict[str, tuple[Ask, set[str]]] = {
    "what was said of sets": (lambda conn: HistoryLoader(conn)._load_answers({1}, set()), {"set_id=?", "event_id=?"}),
    "what was said of batches": (
        lambda conn: HistoryLoader(conn)._load_answers(set(), {1}),
        {"batch_id=?", "event_id=?"},
    ),
    "answers that wait for their claim": (lambda conn: unbound_events(conn, ["A", "B"]), {"match_key=?"}),
    "whether any answer waits": (has_unbound_events, {"match_key>?"}),
    "the answers that wait": (unbound_answers, {"match_key>?", "event_id=?"}),
    "claims by number": (lambda conn: claims_by_key(conn, [("N", "A"), ("N", "B")]), {"patient_control_number=?"}),
    "what was said of a claim": (
        lambda conn: events_told(conn, 1),
        {"claim_id=?", "submission_id=?", "set_id=?", "batch_id=?", "event_id=?"},
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_each_is_searched_by_what_is_asked_for(store: Store, name: str) -> None:
    """Else the time of a claim grows with the number of claims that are there: a null, or the tenant, picks out
    nearly all rows of a table."""
    if not store.is_sqlite:
        pytest.skip("PostgreSQL has statistics to go by, and scans nearly empty tables in any case")
    ask, wanted = ASKED[name]
    asked: list[tuple[str, Any]] = []
    with store.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _k, text, given, *_: asked.append((text, given)))
        ask(conn)
        plans = [
            row[3] for text, given in list(asked) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
        ]
    by_index = [plan for plan in plans if " INDEX " in plan and "VIRTUAL" not in plan]
    assert by_index
    for plan in by_index:
        assert any(f"({one}" in plan for one in wanted), plans
    assert not any("tenant=?" in plan for plan in plans)
