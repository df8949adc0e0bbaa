"""Collecting a mailbox: archived, verified and recorded before anything happens to the partner's copy."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gateway.errors import GatewayError, UsageError
from gateway.transport.archive import Archive, ArchivedFile, ArchiveUnwritable
from gateway.transport.look import look
from gateway.transport.names import LONGEST_NAME, is_unfinished_name
from gateway.transport.port import (
    NameExists,
    Progress,
    RemoteChanged,
    RemoteFile,
    RemoteVanished,
    Transport,
    TransportError,
    Unreachable,
)


class Outcome(StrEnum):
    """What became of one file of the mailbox this time."""

    RECEIVED = "received"  # archived and recorded; `error` set if it could not be moved or deleted afterwards
    KNOWN = "known"  # recorded earlier and left alone
    GROWING = "growing"  # still being written, or under a name for unfinished files; next time
    EMPTY = "empty"  # zero bytes; next time
    ODD = "odd"  # a name that is not asked for; needs a person
    VANISHED = "vanished"  # gone before it was fetched; harmless, another reader has it
    FAILED = "failed"  # `error` says why; next time
    NOT_TRIED = "not_tried"  # the session or the archive failed earlier; `error` says how


@dataclass(frozen=True, slots=True)
class AfterReceive:
    """What happens to the partner's copy once its hash is recorded: kept, moved or deleted."""

    action: Literal["keep", "move", "delete"]
    folder: str | None = None  # of "move"

    @classmethod
    def parse(cls, text: str) -> AfterReceive:
        """Reads `keep`, `move:FOLDER` or `delete`. Raises UsageError."""
        match text.partition(":"):
            case ("keep", "", ""):
                return cls("keep")
            case ("delete", "", ""):
                return cls("delete")
            case ("move", ":", folder) if folder.strip():
                return cls("move", folder.strip())
        raise UsageError('after_receive must be "keep", "move:FOLDER" or "delete"')


@dataclass(frozen=True, slots=True)
class Collected:
    """One file of the mailbox and what became of it."""

    file: RemoteFile
    outcome: Outcome
    archived: ArchivedFile | None = None
    error: GatewayError | None = None


Known = Callable[[Sequence[RemoteFile]], Mapping[str, str]]
"""By name, the SHA-256 recorded for those of these files that were seen before under their name, size and time."""

RecordReceived = Callable[[RemoteFile, ArchivedFile], None]
"""Commits a received file to the store before it returns. What it raises ends the collection and passes through."""


def collect(
    transport: Transport,
    archive: Archive,
    folder: str,
    *,
    after: AfterReceive,
    known: Known,
    record: RecordReceived,
    wait: Callable[[], None],
    now: Callable[[], datetime],
    notes: Mapping[str, str] | None = None,
    progress: Callable[[RemoteFile, int], None] | None = None,
) -> list[Collected]:
    """Collects one folder, every file on its own. `wait` lets time pass between the two looks at a file's size.

    Raises TransportError only if the folder cannot be listed; every later fault is in the results.
    """
    if after.action == "move" and after.folder == folder:
        raise UsageError(f"after_receive moves files from {folder} to {folder}")
    mailbox = _Mailbox(transport, archive, folder, after, record, now, dict(notes or {}), progress)
    first = _by_name(transport.list_files(folder))
    recorded = known([file for file in first.values() if file.odd is None])
    results = {name: Collected(file, skip) for name, file in first.items() if (skip := _skip(file, recorded, after))}
    wanted = [file for name, file in first.items() if name not in results]
    if wanted:
        wait()
        second = _by_name(transport.list_files(folder))
        for file in wanted:
            results[file.name] = mailbox.take(file, second.get(file.name), recorded.get(file.name))
    return list(results.values())


@dataclass(slots=True)
class _Mailbox:
    """One collection under way."""

    transport: Transport
    archive: Archive
    folder: str
    after: AfterReceive
    record: RecordReceived
    now: Callable[[], datetime]
    notes: dict[str, str]
    progress: Callable[[RemoteFile, int], None] | None
    stopped: GatewayError | None = field(default=None, init=False)  # why nothing further can be fetched

    def take(self, file: RemoteFile, again: RemoteFile | None, recorded: str | None) -> Collected:
        """Fetches one file that was looked at twice."""
        if again is None:
            return Collected(file, Outcome.VANISHED)
        if again != file:
            return Collected(again, Outcome.GROWING)
        if self.stopped is not None:
            return Collected(file, Outcome.NOT_TRIED, error=self.stopped)
        try:
            archived = self._archive(file, recorded)
        except RemoteVanished:
            return Collected(file, Outcome.VANISHED)
        except RemoteChanged:
            return Collected(file, Outcome.GROWING)
        except (TransportError, ArchiveUnwritable) as error:
            if isinstance(error, Unreachable | ArchiveUnwritable):
                self.stopped = error
            return Collected(file, Outcome.FAILED, error=error)
        if archived is not None:
            self.record(file, archived)
        outcome = Outcome.KNOWN if archived is None else Outcome.RECEIVED
        return Collected(file, outcome, archived, self._clear_away(file))

    def _archive(self, file: RemoteFile, recorded: str | None) -> ArchivedFile | None:
        """The file in the archive, or None if its bytes are those recorded earlier.

        The bytes are compared, since name, size and time do not prove that the content is the same.
        """
        with self.archive.writer("received", self.now(), {**self.notes, "name": file.name}) as writer:
            size = self.transport.fetch(self.folder, file.name, writer, file.size, self._progress(file))
            if size != file.size:
                raise RemoteChanged(f"a file in {self.folder} became shorter while it was fetched")
            return None if writer.sha256 == recorded else writer.commit()

    def _progress(self, file: RemoteFile) -> Progress | None:
        report = self.progress
        return None if report is None else lambda count: report(file, count)

    def _clear_away(self, file: RemoteFile) -> TransportError | None:
        """Moves or deletes the partner's copy, if it is still the one that was recorded; what went wrong."""
        if self.after.action == "keep":
            return None
        try:
            if look(self.transport, self.folder, file.name) not in (file, None):
                return RemoteChanged(f"a file in {self.folder} changed after it was fetched; it stays there")
            if self.after.action == "delete":
                self.transport.remove(self.folder, file.name)
            else:
                self._move(file.name)
        except RemoteVanished:
            return None
        except TransportError as error:
            if isinstance(error, Unreachable):
                self.stopped = error
            return error
        return None

    def _move(self, name: str) -> None:
        """Moves a file; where yesterday's of the same name is there already, under a name of its own."""
        target = self.after.folder or ""
        try:
            self.transport.move(self.folder, name, target)
        except NameExists:
            suffix = f".{secrets.token_hex(4)}"
            room = LONGEST_NAME - len(suffix)
            stem = name.encode()[:room].decode(errors="ignore")
            self.transport.move(self.folder, name, target, stem + suffix)


def _skip(file: RemoteFile, recorded: Mapping[str, str], after: AfterReceive) -> Outcome | None:
    """Why a file is left alone this time. A known one is looked at again where something is still to be done to it."""
    if file.odd is not None:
        return Outcome.ODD
    if is_unfinished_name(file.name):
        return Outcome.GROWING
    if file.name in recorded and after.action == "keep" and file.modified is not None:
        return Outcome.KNOWN
    return Outcome.EMPTY if file.size == 0 else None


def _by_name(files: Iterable[RemoteFile]) -> dict[str, RemoteFile]:
    """Oldest first, so that a partner's files are taken in the order in which they were written."""
    return {file.name: file for file in sorted(files, key=lambda file: (file.modified or 0.0, file.name))}
