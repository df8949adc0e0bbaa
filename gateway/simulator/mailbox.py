"""The partner's side of the folder: what lies in it for us, what was taken out of it, what was put in.

Works on plain folders, with or without the SFTP server before them.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

TEMPORARY_SUFFIXES = (".tmp", ".part", ".partial", ".filepart", ".upload", ".writing")


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One file as it was taken. `claims` are its CLM01 in order, empty where it could not be read."""

    name: str
    sha256: str
    content: bytes
    claims: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Folders:
    """What the clearinghouse calls its folders."""

    to_us: str = "inbound"
    from_us: str = "outbound"
    others: tuple[str, ...] = ("archive",)


@dataclass(slots=True)
class Mailbox:
    """One user's folders under `home`, and under `store` what was taken and what is being written."""

    home: Path
    store: Path
    folders: Folders = field(default_factory=Folders)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _busy: dict[Path, int] = field(default_factory=dict)
    _waiting: list[tuple[str, bytes]] = field(default_factory=list)
    _kept: set[tuple[str, int, int]] = field(default_factory=set)
    _taken: int = 0

    def make(self) -> None:
        """Makes the folders that are missing."""
        for name in (self.folders.to_us, self.folders.from_us, *self.folders.others):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        self.store.mkdir(parents=True, exist_ok=True)
        self._taken = sum(1 for _ in self.store.glob("taken_*"))

    @property
    def inbound(self) -> Path:
        return self.home / self.folders.to_us

    @property
    def outbound(self) -> Path:
        return self.home / self.folders.from_us

    def opened(self, path: Path) -> None:
        """A client writes to this file; it is left alone meanwhile."""
        with self._lock:
            self._busy[path] = self._busy.get(path, 0) + 1

    def closed(self, path: Path) -> None:
        """The client has done with it."""
        with self._lock:
            left = self._busy.pop(path, 1) - 1
            if left > 0:
                self._busy[path] = left

    def is_final(self, path: Path) -> bool:
        """Whether the file lies in the folder to us under a name that is not a temporary one."""
        hidden = path.name.startswith(".") or path.name.lower().endswith(TEMPORARY_SUFFIXES)
        return path.parent == self.inbound and not hidden

    def take(self, path: Path) -> None:
        """Takes one file out of the folder at once. Whoever looks for it now does not find it."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            self._waiting.append((path.name, self._remove(path)))

    def sweep(self) -> None:
        """Takes every file that has its final name now."""
        for path in sorted(self.inbound.iterdir()):
            if self.is_final(path) and path.is_file() and path not in self._busy:
                self.take(path)

    def collect(self, *, keep: bool) -> list[ReceivedFile]:
        """What was taken already, then what lies there under a final name and is not being written, by name.

        With `keep` the files stay where they are, and are not given again.
        """
        with self._lock:
            found = self._waiting[:]
            self._waiting.clear()
            for path in sorted(self.inbound.iterdir()):
                if path.is_file() and not path.is_symlink() and self.is_final(path) and path not in self._busy:
                    found.extend(self._one(path, keep=keep))
            return [ReceivedFile(name, hashlib.sha256(content).hexdigest(), content) for name, content in found]

    def put(self, name: str, content: bytes) -> None:
        """Puts an answer into the folder; it is whole as soon as it can be seen. A name is never used twice."""
        draft = self.store / f".{name}"
        draft.write_bytes(content)
        target = self.outbound / name
        if target.exists():
            raise FileExistsError(f"an answer named {name} lies there already")
        draft.rename(target)

    def _one(self, path: Path, *, keep: bool) -> list[tuple[str, bytes]]:
        status = path.stat()
        identity = (path.name, status.st_ino, status.st_mtime_ns)
        if identity in self._kept:
            return []
        if keep:
            self._kept.add(identity)
            return [(path.name, path.read_bytes())]
        return [(path.name, self._remove(path))]

    def _remove(self, path: Path) -> bytes:
        self._taken += 1
        kept = self.store / f"taken_{self._taken:06d}"
        path.replace(kept)
        return kept.read_bytes()
