"""The journal in the archive: what no file says, kept beside the files, the newest in the place of those before."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import BinaryIO, NamedTuple, cast

from gateway.app import App
from gateway.errors import GatewayError
from gateway.exchange.locks import Busy
from gateway.store import journal, stamp
from gateway.store.backup import numbers_unproven
from gateway.store.decisions import add_decision, decisions_on
from gateway.transport.archive import ArchivedFile, Header

NOTE = "journal"  # the key of a journal's note
_SUBJECT = "journal"  # of the decision that says when the last one was written


class Found(NamedTuple):
    """A journal in the archive."""

    name: str
    at: str


def write(app: App) -> ArchivedFile:
    """Writes a journal into the archive, in the place of those before. Raises Busy."""
    with app.upkeep_lock():
        return write_held(app)


def write_if_due(app: App) -> None:
    """Writes one where gateway.toml asks for it by itself and the last one is older than it says.

    Never while the numbers of a restored store are unproven: what is in the archive then knows more than the store. Who
    else goes over store and archive at this moment is left alone; the next round asks again.
    """
    hours = app.home.journal_hours
    if not hours:
        return
    with app.store.read() as conn:
        if numbers_unproven(conn):
            return
    if _is_fresh(app, last_written(app), hours):
        return
    with suppress(Busy):
        write(app)


def last_written(app: App) -> str:
    """When the last journal was written; empty where none was."""
    with app.store.read() as conn:
        return next((row.recorded_at for row in reversed(decisions_on(conn, _SUBJECT))), "")


def _is_fresh(app: App, at: str, hours: int) -> bool:
    """Whether the last one is young enough; one of the future was written before the clock was put back."""
    now = app.now()
    return stamp(now - timedelta(hours=hours)) < at <= stamp(now)


def write_held(app: App) -> ArchivedFile:
    """The same for who holds the lock. Those before go: what left the store since must not stay in them."""
    before = [one.name for one in journals(app)]
    at = stamp(app.now())
    with app.spool() as spool:
        with (
            gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=3, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8") as text,
            app.store.read() as conn,
        ):
            text.writelines(journal.lines(conn, at))
        spool.seek(0)
        kept = app.archive.keep(spool, "received", app.now(), {NOTE: at})
    for name in before:
        app.archive.remove(name)
    with app.store.write() as conn:
        reason = "what no file says, for a store that is made anew"
        add_decision(conn, actor=app.actor, action="journal", subject=_SUBJECT, reason=reason, at=app.now())
    app.log.info("journal", size=kept.size)
    return kept


def is_journal(header: Header) -> bool:
    """Whether an archived file is a journal."""
    return NOTE in header.notes


def journals(app: App) -> list[Found]:
    """The journals of the archive, the oldest first."""
    found = []
    for name in app.archive.names():
        if name.startswith("received/"):
            try:
                with app.archive.open(name) as stream:
                    if is_journal(stream.header):
                        found.append(Found(name, stream.header.notes[NOTE]))
            except (GatewayError, OSError):
                continue  # `store check` names it
    return sorted(found, key=lambda one: one.at)


@contextmanager
def opened(app: App, found: Found) -> Iterator[Iterator[str]]:
    """The lines of a journal."""
    with (
        app.archive.open(found.name) as stream,
        gzip.GzipFile(fileobj=cast(BinaryIO, stream)) as packed,
        io.TextIOWrapper(packed, encoding="utf-8") as text,
    ):
        yield iter(text)
