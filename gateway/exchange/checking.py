"""`store check`: the store's own laws, the folds against the projection, and the archive against the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

from gateway.app import App
from gateway.errors import GatewayError
from gateway.exchange import journal
from gateway.reconcile.check import differences
from gateway.reconcile.working import differences as work_differences
from gateway.store import Connection, batches, inbound_files, stamp
from gateway.store.backup import Unproven, proven_at, refuse_unproven
from gateway.store.check import check
from gateway.store.retention import files_left
from gateway.store.sealed import all_sealed, archived
from gateway.x12.reader import Reader
from gateway.x12.values import Interchange


class Checked(NamedTuple):
    """One check, and what does not hold."""

    name: str
    subjects: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.subjects

    def document(self) -> dict[str, Any]:
        return {"name": self.name, "holds": self.holds, "subjects": list(self.subjects)}


def check_all(app: App) -> Iterator[Checked]:
    """Every check, one after the other."""
    with app.store.read() as conn:
        for one in check(conn):
            yield Checked(one.name, tuple(one.subjects) if not one.holds else ())
        off = tuple(f"claim:{one.claim_id} ({', '.join(one.columns[:5])})" for one in differences(conn))
        yield Checked("state and money of every claim are what its facts say", off)
        worked = tuple(f"claim:{claim_id}" for claim_id in work_differences(conn))
        yield Checked("the work on every claim is what its entries say", worked)
    yield Checked("every file of the store is in the archive, unchanged", tuple(_archive_faults(app)))
    yield Checked("every file of the archive is in the store", tuple(strangers(app)))


def _kept(app: App) -> list[tuple[str, str, str]]:
    with app.store.read() as conn:
        sent = [(f"batch {b.id}", b.archive_name, b.sha256) for b in batches.list_batches(conn) if b.archive_name]
        came = [(f"inbound file {f.id}", f.archive_name, f.sha256) for f in inbound_files.list_files(conn)]
        pairs, gone = all_sealed(conn), files_left(conn)
    wires = [("sealed file", row.wire_name, row.wire_sha256) for row in pairs]
    clear = [("file that was opened", row.clear_name, row.clear_sha256) for row in pairs]
    return [one for one in sent + came + wires + clear if one[1] not in gone]


def _archive_faults(app: App) -> Iterator[str]:
    for subject, name, sha256 in _kept(app):
        try:
            app.archive.verify(name, sha256)
        except (GatewayError, OSError) as error:
            yield f"{subject}: {error.strerror if isinstance(error, OSError) else error}"


def strangers(app: App, under: str = "") -> Iterator[str]:
    """Files of the archive (`under` a folder of it) that nothing in the store accounts for, by name.

    The bytes are kept before their row is: what came a second time under another name, and what an interrupted process
    left, stands there once more. That is accounted for by the same content under its own name, or by the batch that
    was given up before it could be sent. So is a file that was taken in as already sent, by the number of its
    interchange; and a journal, which the store is not made to know.
    """
    known = {name for _, name, _ in _kept(app)}
    with app.store.read() as conn:
        known |= files_left(conn)  # recorded as gone; the next `store retain` removes what is there still
    for name in app.archive.names():
        if name.startswith(under) and name not in known and not _accounted_for(app, name, known):
            yield name


def _accounted_for(app: App, name: str, known: set[str]) -> bool:
    try:
        with app.archive.open(name) as stream:
            notes, sha256 = stream.header.notes, hashlib.file_digest(stream, "sha256").hexdigest()
    except (GatewayError, OSError):
        return False
    if journal.NOTE in notes:
        return True
    if notes.get("of", "") in known:  # it was made anew: the process was interrupted before its row was there
        return True
    with app.store.read() as conn:
        if name.startswith("received/"):
            return inbound_files.find_file(conn, sha256) is not None
        states = {str(batch.id): batch.state for batch in batches.list_batches(conn, states=("building", "abandoned"))}
    return notes.get("batch", "") in states or _is_taken_in(app, name)


def refuse_unproven_store(app: App) -> None:
    """Refuses to send from a store that was put back, whether that was marked or is only to be seen by the archive."""
    with app.store.read() as conn:
        refuse_unproven(conn)
    refuse_older_store(app)


def refuse_older_store(app: App) -> None:
    """Refuses to build or send from a store that is older than the archive, however it came to be there.

    That is so where it does not know a file of the newest month in which something was sent.
    """
    names = app.archive.newest("sent")
    with app.store.read() as conn:
        known = archived(conn) | files_left(conn)
    for name in names:
        if name not in known and not _accounted_for(app, name, known) and _is_news(app, name):
            with app.store.read() as conn:
                refuse_unproven(conn)  # of a store that was restored that is said
            raise Unproven(
                "the store is older than the archive, which holds files that were sent since: run "
                "`gateway store replay --reason …` first, so that nothing goes twice"
            )


def _is_news(app: App, name: str) -> bool:
    """Whether it came after somebody last saw to the store, and no other process has recorded it meanwhile.

    What cannot be read tells nothing: `store check` names it.
    """
    try:
        with app.archive.open(name) as stream:
            at = stamp(stream.header.at)
    except (GatewayError, OSError):
        return False
    with app.store.read() as conn:
        return at > proven_at(conn) and name not in archived(conn)


def _is_taken_in(app: App, name: str) -> bool:
    """Whether every interchange of a file that was sent is in the store as already sent."""
    with app.archive.open(name) as stream:
        found = [item for item in Reader(cast(BinaryIO, stream)).items() if isinstance(item, Interchange)]
    with app.store.read() as conn:
        return bool(found) and all(_is_known(conn, one) for one in found)


def _is_known(conn: Connection, interchange: Interchange) -> bool:
    sender = f"{interchange.sender_qualifier}:{interchange.sender}"
    receiver = f"{interchange.receiver_qualifier}:{interchange.receiver}"
    same = batches.find_interchanges(conn, interchange.control_number, sender=sender, receiver=receiver)
    return any(batch.origin == "already_sent" for batch in same)
