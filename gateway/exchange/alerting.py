"""Alerts: what is seen is compared with what is open, the difference is kept, and each channel told what it lacks.

One process at a time does so, under a lock; a channel that fails waits longer each time and never holds up an exchange
for more than its limit of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

from gateway.alerts.channels import Sending, tell
from gateway.alerts.message import Message, Told, compose, test_message
from gateway.alerts.standing import Seen, compare, may_try
from gateway.app import App
from gateway.errors import Bug, GatewayError, UsageError
from gateway.exchange.conditions import by_a_round, by_channels, by_the_machine, by_the_store
from gateway.exchange.locks import Busy
from gateway.exchange.rounds import Round
from gateway.runbook import named
from gateway.store import Connection, stamp
from gateway.store.alerts import (
    AlertRow,
    ChannelRow,
    EntryRow,
    NewAlert,
    add_alerts,
    add_entries,
    channel_rows,
    entries_of,
    keep_channel,
    mended_alerts,
    newest_alerts,
    open_alerts,
)
from gateway.store.errors import StoreUnavailable

_LOST = "data/store.lost"  # there while the store is out of reach and somebody was told
PAUSE = timedelta(minutes=5)  # between two looks where no round is made: answers become late, disks fill


class Sent(NamedTuple):
    """What one look came to."""

    opened: int
    mended: int
    told: dict[str, int]  # how many alerts each channel was told of
    failed: dict[str, str]  # why the others were not


def after_round(app: App, found: Round, partners: Sequence[str], warn: Callable[[str], None]) -> None:
    """Looks and tells after a round; whatever goes wrong with that is a line, and nothing else."""
    _quietly(app, warn, lambda: by_a_round(found, partners))


def store_lost(app: App, error: GatewayError, warn: Callable[[str], None]) -> None:
    """Tells that the store is out of reach, without its help: once, until a look finds it again."""
    if not isinstance(error, StoreUnavailable):
        return
    mark = app.home.path / _LOST
    try:
        if not app.home.alerts.channels or mark.exists():
            return
        alert = Told(0, "store_unavailable", "store", "", f"nothing is exchanged: {error}", stamp(app.now()))
        message = compose(name_of(app), stamp(app.now()), [alert], [])
        outcomes = _everywhere(app, message)
        if any(outcome is None for outcome in outcomes.values()):
            mark.touch()
    except (GatewayError, OSError) as trouble:  # a home that cannot be written, or read, is what the error says already
        warn(f"alerts: {type(trouble).__name__}")


def _found_again(app: App) -> None:
    """The store is there; what was told is taken back on the same channels."""
    mark = app.home.path / _LOST
    if not mark.exists():
        return
    alert = Told(0, "store_unavailable", "store", "", "the store is there again", stamp(app.now()))
    message = compose(name_of(app), stamp(app.now()), [], [alert])
    _everywhere(app, message)
    mark.unlink(missing_ok=True)


def look(app: App, warn: Callable[[str], None]) -> None:
    """The same between rounds."""
    _quietly(app, warn, None)


def _quietly(app: App, warn: Callable[[str], None], more: Callable[[], Seen] | None) -> None:
    try:
        sent = send(app, *([more()] if more else []))
    except Busy:
        return  # another process is at it
    except GatewayError as error:
        warn(named(f"alerts: {error}", error.page))
    except Exception as error:  # noqa: BLE001 - the exchange is done; what comes after it must not undo its exit code
        warn(named(f"alerts: {Bug.of(error)}", Bug.page))
    else:
        for name, reason in sent.failed.items():
            warn(named(f"alerts by {name} did not get through: {reason}", "alert-channel"))


def send(app: App, *seen: Seen) -> Sent:
    """One look: keeps what is new and what is mended, and tells each channel what it was not told yet.

    Raises Busy where another process is at it, and what the store raises.
    """
    with app.mailbox_lock("alerts"):
        opened, mended = record(app, *seen)
        _found_again(app)
        told, failed = _tell(app)
        if failed or told:  # a channel that fails, or works again, is itself told by the others
            record(app, only=True)
            again, _ = _tell(app)
            told |= {name: told.get(name, 0) + count for name, count in again.items()}
    return Sent(opened, mended, told, failed)


def record(app: App, *seen: Seen, only: bool = False) -> tuple[int, int]:
    """Keeps what is new and what is mended; gives how many. `only`: of the channels alone."""
    sources = [*seen] if only else [*_sources(app), *seen]
    now = stamp(app.now())
    with app.store.write() as conn:
        sources.append(by_channels(channel_rows(conn).values(), app.home.alerts.channels))
        new, gone = compare(open_alerts(conn), sources)
        rows = [NewAlert(one.kind, one.subject, one.partner, one.text, one.since or now, now) for one in new]
        add_alerts(conn, rows)
        add_entries(conn, [EntryRow(one.id, "mended", "", "", "", now) for one in gone])
    return len(new), len(gone)


def _sources(app: App) -> Iterator[Seen]:
    yield by_the_store(app)
    yield by_the_machine(app)


class _Lacking(NamedTuple):
    """What one channel has not been told."""

    alerts: list[AlertRow]
    mended: list[AlertRow]


def _tell(app: App) -> tuple[dict[str, int], dict[str, str]]:
    channels, now = app.home.alerts.channels, app.now()
    with app.store.read() as conn:
        rows = channel_rows(conn)
        due = [name for name in channels if _is_due(rows.get(name), now)]
        lacking = {name: found for name in due if any(found := _lacking(conn, name))}
    if not lacking:
        return {}, {}
    messages = {name: (channels[name], _message(app, found)) for name, found in lacking.items()}
    outcomes = tell(messages, _sending(app))
    with app.store.write() as conn:
        for name, error in outcomes.items():
            _keep(conn, app, rows.get(name), name, lacking[name], error)
    told = {name: sum(map(len, lacking[name])) for name, error in outcomes.items() if error is None}
    return told, {name: str(error) for name, error in outcomes.items() if error is not None}


def _is_due(row: ChannelRow | None, now: datetime) -> bool:
    return row is None or may_try(row.failures, datetime.fromisoformat(row.tried_at), now)


def _lacking(conn: Connection, channel: str) -> _Lacking:
    """An alert that was mended or dismissed before the channel heard of it is not told any more; that it failed itself
    is for the others."""
    rows = [row for row in open_alerts(conn) if (row.kind, row.subject) != ("channel_failing", channel)]
    known = entries_of(conn, [row.id for row in rows])
    untold = [row for row in rows if not any(_settles(entry, channel) for entry in known[row.id])]
    return _Lacking(untold, mended_alerts(conn, channel))


def _settles(entry: EntryRow, channel: str) -> bool:
    return entry.entry == "dismissed" or (entry.entry, entry.channel) == ("told", channel)


def _keep(
    conn: Connection, app: App, before: ChannelRow | None, name: str, lacking: _Lacking, error: GatewayError | None
) -> None:
    now = stamp(app.now())
    if error is None:
        rows = [EntryRow(one.id, "told", name, "", "", now) for one in lacking.alerts]
        add_entries(conn, rows + [EntryRow(one.id, "told_mended", name, "", "", now) for one in lacking.mended])
        keep_channel(conn, ChannelRow(name, now, 0, ""))
    else:
        failures = before.failures + 1 if before else 1
        keep_channel(conn, ChannelRow(name, now, failures, str(error)))


def _told(row: AlertRow) -> Told:
    return Told(row.id, row.kind, row.subject, row.partner, row.text, row.since)


def _message(app: App, lacking: _Lacking) -> Message:
    alerts, mended = ([_told(row) for row in rows] for rows in lacking)
    return compose(name_of(app), stamp(app.now()), alerts, mended)


def name_of(app: App) -> str:
    """What operators call this gateway."""
    return app.home.alerts.name or app.home.path.name


def _sending(app: App, *, strict: bool = False) -> Sending:
    now = app.now()
    return Sending(app.home.path, format_datetime(now), int(now.timestamp()), strict)


def _everywhere(
    app: App, message: Message, *, only: str | None = None, strict: bool = False
) -> dict[str, GatewayError | None]:
    """Tells each channel, or one, the same; gives why each failed."""
    channels = app.home.alerts.channels.items()
    chosen = {name: (channel, message) for name, channel in channels if only in (None, name)}
    return tell(chosen, _sending(app, strict=strict))


def test(app: App, only: str | None = None) -> dict[str, str]:
    """Sends a test message on each channel, or on one; gives why each failed, empty where it did not.

    :raises UsageError: where there is no channel, or none of that name
    """
    channels = app.home.alerts.channels
    if not channels or (only and only not in channels):
        known = ", ".join(channels) or "none yet: add [alerts.mail], [alerts.webhook] or [alerts.command]"
        raise UsageError(f"{app.home.path / 'gateway.toml'}: no such channel of alerts; there are {known}")
    message = test_message(name_of(app), stamp(app.now()))
    outcomes = _everywhere(app, message, only=only, strict=True)
    with app.store.write() as conn:
        for name, error in outcomes.items():
            if error is None:  # what waited for this channel is told at the next look
                keep_channel(conn, ChannelRow(name, stamp(app.now()), 0, ""))
    return {name: str(error) if error else "" for name, error in outcomes.items()}


def listed(app: App, *, everything: int = 0) -> list[dict[str, Any]]:
    """Open alerts as they are now, also those that nobody was told of yet; nothing is kept.

    :param everything: instead, the last alerts of this number, mended ones too
    """
    with app.store.read() as conn:
        if everything:
            rows = newest_alerts(conn, everything)
            return [_document(row, entries) for row, entries in _with_entries(conn, rows)]
        rows = open_alerts(conn)
        channels = by_channels(channel_rows(conn).values(), app.home.alerts.channels)
        entries = dict(_with_entries(conn, rows))
    new, gone = compare(rows, [*_sources(app), channels])
    found = [_document(row, entries[row]) for row in rows if row not in gone]
    now = stamp(app.now())
    for one in new:
        told = Told(0, one.kind, one.subject, one.partner, one.text, one.since or now)
        found.append({**told.document(), "id": "", "state": "open", "told": [], "mended_at": None, "dismissed": None})
    return found


def _with_entries(conn: Connection, rows: Sequence[AlertRow]) -> Iterator[tuple[AlertRow, list[EntryRow]]]:
    found = entries_of(conn, [row.id for row in rows])
    return ((row, found[row.id]) for row in rows)


def _document(row: AlertRow, entries: Iterable[EntryRow]) -> dict[str, Any]:
    by_kind = {entry.entry: entry for entry in entries}
    mended, dismissed = by_kind.get("mended"), by_kind.get("dismissed")
    return {
        **_told(row).document(),
        "state": "mended" if mended else "dismissed" if dismissed else "open",
        "told": sorted(entry.channel for entry in entries if entry.entry == "told"),
        "mended_at": mended.recorded_at if mended else None,
        "dismissed": {"by": dismissed.actor, "at": dismissed.recorded_at, "reason": dismissed.reason}
        if dismissed
        else None,
    }


def dismiss(app: App, alert_id: int, reason: str) -> None:
    """A person says that an alert needs nobody: it is not told any more, and stays silent until it has ended.

    :raises UsageError: without a reason, or where no open alert has that id
    """
    if not reason.strip():
        raise UsageError("dismissing an alert needs a reason: --reason")
    with app.store.write() as conn:
        if alert_id not in {row.id for row in open_alerts(conn)}:
            raise UsageError(f"there is no open alert {alert_id}; gateway alerts list shows them")
        add_entries(conn, [EntryRow(alert_id, "dismissed", "", app.actor, reason, stamp(app.now()))])


def keep_seen(app: App, seen: Seen) -> None:
    """Keeps what a command or a round found; it is told at the next look. Another process that is at it wins, and a
    store that is out of reach is said by who needs it."""
    with suppress(GatewayError), app.mailbox_lock("alerts"):
        record(app, seen, only=True)
