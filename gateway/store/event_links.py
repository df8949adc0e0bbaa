"""Which links of a fact stand: what was learnt later may show that a fact answers something else than was thought."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from gateway.store.tables import event_links

MOVED = "moved"  # the rung of a link that takes the place of every earlier link of its fact, even by linking to nothing


def standing(as_of: str = "") -> ColumnElement[bool]:
    """Whether a row of `event_links` was not replaced by a later one (until `as_of`, a stamp)."""
    later = event_links.alias("later_link")
    replaced = select(later.c.id).where(
        later.c.event_id == event_links.c.event_id, later.c.id > event_links.c.id, later.c.rung == MOVED
    )
    return ~(replaced.where(later.c.recorded_at <= as_of) if as_of else replaced).exists()
