"""What a person decided: who, when and why, kept for ever."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from gateway.store.tables import decisions
from gateway.store.times import stamp


class DecisionRow(NamedTuple):
    id: int
    actor: str
    action: str
    subject: str  # kind and id, for example "batch:12"
    reason: str
    recorded_at: str


def add_decision(conn: Connection, *, actor: str, action: str, subject: str, reason: str, at: datetime) -> int:
    """Records one decision and returns its id."""
    row = {"actor": actor, "action": action, "subject": subject, "reason": reason, "recorded_at": stamp(at)}
    return int(conn.execute(insert(decisions).values(row).returning(decisions.c.id)).scalar_one())


def decisions_on(conn: Connection, subject: str) -> list[DecisionRow]:
    """The decisions on one subject, the oldest first."""
    columns = (decisions.c[name] for name in DecisionRow._fields)
    rows = conn.execute(select(*columns).where(decisions.c.subject == subject).order_by(decisions.c.id))
    return [DecisionRow._make(row) for row in rows]
