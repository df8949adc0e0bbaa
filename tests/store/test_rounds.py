"""How the last round with a partner went is kept, one row a partner, on both databases."""

from __future__ import annotations

from gateway.store import Store
from gateway.store.rounds import RoundRow, keep_round, last_rounds

FIRST = RoundRow("house", "2026-01-05T10:00:00.000000Z", 2, "", "house cannot be reached")


def test_a_later_round_stands_in_the_place_of_the_one_before(store: Store) -> None:
    """The newest is what the schedule goes by; partners do not share a row."""
    later = FIRST._replace(ended_at="2026-01-05T11:00:00.000000Z", failures=0, reason="", refused="mark")
    other = FIRST._replace(partner="other")
    with store.write() as conn:
        assert last_rounds(conn) == {}
        for row in (FIRST, other, later):
            keep_round(conn, row)
    with store.read() as conn:
        assert last_rounds(conn) == {"house": later, "other": other}
