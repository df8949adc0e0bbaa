"""Sealed files: what crossed the wire is in the archive, and the same in the clear beside it.

A batch is sealed once, before its first delivery, and each delivery sends these bytes. A file that came is opened once;
what is read and posted is the clear one. A key that is lost later costs nothing that was exchanged before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NamedTuple, cast

from gateway.app import App
from gateway.inbound.route import SNIFFED, Content, sniff
from gateway.partners import Profile
from gateway.sealing import KEYS
from gateway.store import stamp
from gateway.store.batches import BatchRow
from gateway.store.inbound_files import FileRow
from gateway.store.sealed import SealedRow, keep_sealed, of_clear, of_wire
from gateway.transport import pgp
from gateway.transport.archive import ArchivedFile
from gateway.transport.credentials import resolve

SOON = timedelta(days=30)
_READ = frozenset({Content.X12, Content.ZIP, Content.GZIP})


class Wire(NamedTuple):
    """The bytes of a batch as they cross the wire, in the archive."""

    name: str
    sha256: str
    size: int


def wire_of(app: App, batch: BatchRow) -> Wire:
    """The bytes that were sealed for it, or its own."""
    with app.store.read() as conn:
        row = of_clear(conn, batch.archive_name)
    if row is None:
        return Wire(batch.archive_name, batch.sha256, batch.size)
    return Wire(row.wire_name, row.wire_sha256, row.wire_size)


def sealed(app: App, profile: Profile, batch: BatchRow) -> Wire:
    """The same, sealed now where the profile asks for it and that was not done yet. Raises UsageError for a bad key."""
    found = wire_of(app, batch)
    if found.name != batch.archive_name or not profile.sealing.seals:
        return found
    notes = {"partner": batch.partner, "batch": str(batch.id), "of": batch.archive_name}
    with app.archive.open(batch.archive_name) as clear:
        made = _made(app, "sent", notes, lambda sink: pgp.seal(_keys(app, profile), cast(BinaryIO, clear), sink))
    _keep(app, made, ArchivedFile(batch.archive_name, batch.sha256, batch.size))
    return Wire(made.name, made.sha256, made.size)


def opened(app: App, file: FileRow) -> FileRow:
    """The file that is to be read in the place of one that came: the clear one of a sealed file, else itself.

    Raises Unopened where a partner's key does not open it or it is not signed as the profile asks, and UsageError for a
    key that cannot be had.
    """
    with app.store.read() as conn:
        row = of_wire(conn, file.archive_name)
    return opened_by(app, file, row)


def opened_by(app: App, file: FileRow, row: SealedRow | None) -> FileRow:
    """The same, where it is known with what it was opened before, if it was."""
    if row is not None:
        return file._replace(archive_name=row.clear_name, size=row.clear_size)
    profile = app.profiles.get(file.partner)
    if profile is None or not profile.sealing.opens:
        return file
    with app.archive.open(file.archive_name) as stream:
        head = stream.read(SNIFFED)
        stream.seek(0)
        if not pgp.looks_sealed(head):
            if profile.sealing.verify_with and sniff(head) in _READ:
                raise pgp.Unopened("the file is not signed, and the profile asks for signed files (verify_with)")
            return file
        notes = {"partner": file.partner, "of": file.archive_name}
        keys = _keys(app, profile)
        made = _made(app, "received", notes, lambda sink: pgp.unseal(keys, cast(BinaryIO, stream), sink))
    _keep(app, ArchivedFile(file.archive_name, file.sha256, file.size), made)
    return file._replace(archive_name=made.name, size=made.size)


def expiries(app: App, profile: Profile, now: datetime) -> Iterator[tuple[str, str]]:
    """Each key of a profile that has ended, or ends within a month: level and line. Raises UsageError for a bad key."""
    for key in ("encrypt_to", "sign_with", "decrypt_with", "verify_with"):
        reference = getattr(profile.sealing, key)
        if reference:
            ends = pgp.key_facts(resolve(reference, app.home.path)).expires
            if ends is not None and ends <= now:
                yield "error", f"{profile.name}: the key of [pgp] {key} ended on {ends:%Y-%m-%d}"
            elif ends is not None and ends <= now + SOON:
                yield "warning", f"{profile.name}: the key of [pgp] {key} ends on {ends:%Y-%m-%d}"


def _keys(app: App, profile: Profile) -> pgp.Keys:
    given = {key: getattr(profile.sealing, key) for key in KEYS}
    found = {key: resolve(reference, app.home.path) for key, reference in given.items() if reference}
    return pgp.Keys(**found, armor=profile.sealing.armor)


def _made(app: App, kind: Any, notes: dict[str, str], make: Callable[[BinaryIO], None]) -> ArchivedFile:
    """What `make` writes, in the archive once it is whole."""
    with app.spool() as spool:
        make(spool)
        spool.seek(0)
        return app.archive.keep(spool, kind, app.now(), notes)


def _keep(app: App, wire: ArchivedFile, clear: ArchivedFile) -> None:
    row = SealedRow(wire.name, wire.sha256, wire.size, clear.name, clear.sha256, clear.size, stamp(app.now()))
    with app.store.write() as conn:
        keep_sealed(conn, row)
