"""What the metrics count, by SQL: claims, batches, payments, files. Labels are states and partners, never a claim's."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, case, func, select

from gateway.store.alert_tables import alert_entries, alerts
from gateway.store.claim_reports import WAITING
from gateway.store.tables import batches, claim_current, inbound_files, inbound_sets, remittances

# The states in which a claim waits for an answer, by the answer.
AWAITS = {"999": WAITING[:1], "277CA": WAITING[:2], "835": WAITING}


def claims_by_state(conn: Connection) -> Iterator[tuple[str, str, int, int]]:
    """Partner, state, claims, and cents that are open of them."""
    row = claim_current.c
    counted = case((row.has_money == 1, row.open), else_=0)
    query = select(row.partner, row.state, func.count(), func.sum(counted)).group_by(row.partner, row.state)
    for partner, state, count, cents in conn.execute(query.order_by(row.partner, row.state)):
        yield partner, state, int(count), int(cents)


def batches_by_state(conn: Connection) -> Iterator[tuple[str, str, int]]:
    """Partner, state of the delivery, batches."""
    row = batches.c
    query = select(row.partner, row.state, func.count()).group_by(row.partner, row.state)
    for partner, state, count in conn.execute(query.order_by(row.partner, row.state)):
        yield partner, state, int(count)


def oldest_unanswered(conn: Connection) -> Iterator[tuple[str, str, str]]:
    """Partner, answer, and when the oldest claim that waits for it was sent."""
    row = claim_current.c
    for answer, states in AWAITS.items():
        waits: list[ColumnElement[bool]] = [row.state.in_(states), row.sent_at.is_not(None)]
        if answer == "835":
            waits.append(row.has_money == 1)
        query = select(row.partner, func.min(row.sent_at)).where(*waits).group_by(row.partner).order_by(row.partner)
        for partner, sent_at in conn.execute(query):
            yield partner, answer, sent_at


def sets_that_wait(conn: Connection) -> Iterator[tuple[str, str, int]]:
    """Kind, status (parked, quarantined), sets."""
    row = inbound_sets.c
    kind = case((row.kind.in_(("TA1", "999", "997", "277CA", "277", "835")), row.kind), else_="other")
    query = select(kind, row.status, func.count()).where(row.status.in_(("parked", "quarantined")))
    for name, status, count in conn.execute(query.group_by(kind, row.status).order_by(kind, row.status)):
        yield name, status, int(count)


def parked_cents(conn: Connection) -> int:
    """What the parked payments say that was paid (BPR02)."""
    query = select(func.coalesce(func.sum(remittances.c.payment), 0)).where(remittances.c.status == "parked")
    return int(conn.execute(query).scalar_one())


def files_by_status(conn: Connection) -> Iterator[tuple[str, str, int]]:
    """Partner, status, inbound files."""
    row = inbound_files.c
    query = select(row.partner, row.status, func.count()).group_by(row.partner, row.status)
    for partner, status, count in conn.execute(query.order_by(row.partner, row.status)):
        yield partner, status, int(count)


def open_alerts_by_kind(conn: Connection) -> dict[str, int]:
    """How many alerts of each kind are open; dismissed ones too."""
    ended = select(alert_entries.c.alert_id).where(alert_entries.c.entry == "mended")
    query = select(alerts.c.kind, func.count()).where(alerts.c.id.not_in(ended)).group_by(alerts.c.kind)
    return {kind: int(count) for kind, count in conn.execute(query)}
