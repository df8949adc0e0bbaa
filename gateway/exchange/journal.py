"""The journal in the archive: what no file says, kept beside the files, the newest in the place of those before."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from gateway.app import App
from gateway.errors import GatewayError
from gateway.store import journal, stamp
from gateway.transport.archive import ArchivedFile, Header

NOTE = "journal"  # the key of a journal's note


class Found(NamedTuple):
    """A journal in the archive."""

    name: str
    at: str


def write(app: App) -> ArchivedFile:
    """Writes a journal into the archive, then removes those before: what left the store since must not stay in them."""
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
