"""One mailbox, one worker: a lock a name that a dead process gives up by itself.

SQLite stores live on one machine: `flock` on a file beside the store. PostgreSQL: a session advisory lock, which every
machine respects and which ends with its connection. Never a lease, never a file in the mailbox.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import GatewayError, UsageError


class Busy(GatewayError):
    """Another process is at work on this; it will do what is there to do."""

    exit_code = 3
    retry = "later"
    page = "partner-unreachable"


def lock_number(name: str) -> int:
    """A stable 63-bit number of a lock's name, for PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 1


@contextmanager
def file_lock(folder: Path, name: str) -> Iterator[None]:
    """Holds the lock or raises Busy at once; the kernel frees it when the process dies.

    Raises UsageError where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / f"{lock_number(name):x}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{name} is being worked on by another process; try again when it is done") from None
        yield
    finally:
        os.close(handle)
