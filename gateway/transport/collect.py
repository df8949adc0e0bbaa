"""Collecting a mailbox: archived, verified and recorded before anything happens to the partner's copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.errors import GatewayError
from gateway.transport.archive import Archive, ArchivedFile
from gateway.transport.port import RemoteFile, Transport


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

    action: str  # "keep", "move" or "delete"
    folder: str | None = None  # of "move"

    @classmethod
    def parse(cls, text: str) -> AfterReceive:
        """Reads `keep`, `move:FOLDER` or `delete`. Raises UsageError."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Collected:
    """One file of the mailbox and what became of it."""

    file: RemoteFile
    outcome: Outcome
    archived: ArchivedFile | None = None
    error: GatewayError | None = None


Known = Callable[[RemoteFile], str | None]
"""The SHA-256 recorded for a file of this name, size and time, or None."""

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
    raise NotImplementedError
