"""Collecting a mailbox: every file archived and recorded before anything is parsed or removed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway.app import App
from gateway.errors import GatewayError
from gateway.partners import Profile
from gateway.store import inbound_files
from gateway.transport.archive import ArchivedFile, ArchiveUnwritable
from gateway.transport.collect import AfterReceive, Collected, Outcome, collect
from gateway.transport.port import RemoteFile, Unreachable

SETTLE_SECONDS = 1.0  # between the two looks at a file's size
_PERSON = {Outcome.ODD, Outcome.FAILED}


class Fetched(NamedTuple):
    """One file of a mailbox and what became of it."""

    partner: str
    result: Collected

    @property
    def needs_person(self) -> bool:
        return self.result.outcome in _PERSON or self.result.error is not None

    @property
    def stopped_by(self) -> GatewayError | None:
        """What ended the whole collection with this file: the session was lost, or the archive takes nothing."""
        error = self.result.error
        return error if isinstance(error, Unreachable | ArchiveUnwritable) else None

    @property
    def is_new(self) -> bool:
        return self.result.outcome is Outcome.RECEIVED

    def document(self) -> dict[str, Any]:
        archived = self.result.archived
        return {
            "partner": self.partner,
            "file": self.result.file.name,
            "size": self.result.file.size,
            "outcome": str(self.result.outcome),
            "sha256": archived.sha256 if archived else None,
            "text": str(self.result.error) if self.result.error else "",
        }


def fetch(app: App, profile: Profile) -> list[Fetched]:
    """Collects one partner's mailbox; raises what opening or listing it raises. Known files are left alone."""
    with app.mailbox_lock(f"mailbox {profile.name}"):
        transport = app.transport(profile)
        try:
            found = collect(
                transport,
                app.archive,
                profile.receive_folder,
                after=AfterReceive.parse(profile.after_receive),
                known=lambda files: known_files(app, profile, files),
                record=lambda file, archived: _record(app, profile, file, archived),
                wait=lambda: time.sleep(SETTLE_SECONDS),
                now=app.now,
                notes={"partner": profile.name},
            )
        finally:
            transport.close()
    new = [one for one in found if one.outcome is not Outcome.KNOWN]
    for one in new:
        app.log.debug("collected", partner=profile.name, outcome=str(one.outcome), size=one.file.size)
    if new:  # one line a mailbox, however many files there were
        counts = Counter(str(one.outcome) for one in new)
        app.log.info("mailbox collected", partner=profile.name, files=len(new), **counts)
    return [Fetched(profile.name, one) for one in found]


def _modified(file: RemoteFile) -> str | None:
    return None if file.modified is None else f"{file.modified:.0f}"


def known_files(app: App, profile: Profile, files: Sequence[RemoteFile]) -> dict[str, str]:
    """By name, the SHA-256 of those that were seen before under their name, size and time."""
    listed = {(file.name, file.size, _modified(file)) for file in files}
    with app.store.read() as conn:
        found = inbound_files.seen_before(conn, partner=profile.name, names=[file.name for file in files])
    return {seen.name: seen.sha256 for seen in found if (seen.name, seen.remote_size, seen.remote_modified) in listed}


def _record(app: App, profile: Profile, file: RemoteFile, archived: ArchivedFile) -> None:
    with app.store.write() as conn:
        inbound_files.record(
            conn,
            name=file.name,
            sha256=archived.sha256,
            size=archived.size,
            archive_name=archived.name,
            at=app.now(),
            partner=profile.name,
            remote_size=file.size,
            remote_modified=_modified(file),
        )
