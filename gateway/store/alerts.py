"""Alerts in the store: opened once, their entries appended, and how each channel fares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, insert, select

from gateway.store.alert_tables import alert_channels, alert_entries, alerts
from gateway.store.rows import columns, cut, fetch, insert_rows, put_rows


class NewAlert(NamedTuple):
    """What is seen for the first time."""

    kind: str
    subject: str
    partner: str
    text: str
    since: str
    recorded_at: str


class AlertRow(NamedTuple):
    id: int
    kind: str
    subject: str
    partner: str
    text: str
    since: str
    recorded_at: str


class EntryRow(NamedTuple):
    """What became of an alert."""

    alert_id: int
    entry: str  # told, mended, told_mended, dismissed
    channel: str
    actor: str
    reason: str
    recorded_at: str


class ChannelRow(NamedTuple):
    """How the last attempt at a channel went."""

    channel: str
    tried_at: str
    failures: int  # in a row
    reason: str


def add_alerts(conn: Connection, new: Iterable[NewAlert]) -> list[AlertRow]:
    """Opens alerts; gives them with their ids."""
    found = []
    for one in new:
        made = conn.execute(insert(alerts).values(one._asdict()).returning(alerts.c.id)).scalar_one()
        found.append(AlertRow(int(made), *one))
    return found


def add_entries(conn: Connection, entries: Iterable[EntryRow]) -> int:
    """Appends entries; one that is there already is left out. Gives how many were new."""
    return insert_rows(conn, alert_entries, EntryRow._fields, entries, skip="alert_id, entry, channel")


def open_alerts(conn: Connection, *, tenant: int = 1) -> list[AlertRow]:
    """Alerts that are not mended, the oldest first; those that a person has dismissed too."""
    query = select(*columns(alerts, AlertRow)).where(alerts.c.tenant == tenant, ~_has("mended")).order_by(alerts.c.id)
    return fetch(conn, query, AlertRow)


def mended_alerts(conn: Connection, channel: str, *, tenant: int = 1) -> list[AlertRow]:
    """Alerts that were told on a channel and are mended, which was not told there."""
    told = _has("told", channel), _has("mended"), ~_has("told_mended", channel)
    query = select(*columns(alerts, AlertRow)).where(alerts.c.tenant == tenant, *told).order_by(alerts.c.id)
    return fetch(conn, query, AlertRow)


def newest_alerts(conn: Connection, limit: int, *, tenant: int = 1) -> list[AlertRow]:
    """The last alerts, open or not, the newest first."""
    query = select(*columns(alerts, AlertRow)).where(alerts.c.tenant == tenant).order_by(alerts.c.id.desc())
    return fetch(conn, query.limit(limit), AlertRow)


def entries_of(conn: Connection, alert_ids: Sequence[int]) -> dict[int, list[EntryRow]]:
    """What became of each of these alerts, in order."""
    found: dict[int, list[EntryRow]] = {alert_id: [] for alert_id in alert_ids}
    for part in cut(alert_ids):
        query = select(*columns(alert_entries, EntryRow)).where(alert_entries.c.alert_id.in_(part))
        for row in fetch(conn, query.order_by(alert_entries.c.id), EntryRow):
            found[row.alert_id].append(row)
    return found


def _has(entry: str, channel: str = "") -> ColumnElement[bool]:
    row = alert_entries.c
    return exists().where(row.alert_id == alerts.c.id, row.entry == entry, row.channel == channel)


def channel_rows(conn: Connection, *, tenant: int = 1) -> dict[str, ChannelRow]:
    """How the last attempt at each channel went."""
    query = select(*columns(alert_channels, ChannelRow)).where(alert_channels.c.tenant == tenant)
    return {row.channel: row for row in fetch(conn, query, ChannelRow)}


def keep_channel(conn: Connection, row: ChannelRow, *, tenant: int = 1) -> None:
    """Puts an attempt in the place of the one before."""
    put_rows(conn, alert_channels.name, ("tenant", *ChannelRow._fields), [(tenant, *row)], key="tenant, channel")
