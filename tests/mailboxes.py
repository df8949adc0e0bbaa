"""Mailboxes for tests: one in memory with faults on demand, a local folder, and a real sshd; all keep one contract.

A test that takes `mailbox` runs once over each. `MemoryMailbox` is the partner's side, `MemoryTransport` a session with
it; other suites use them where no server is needed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

import pytest

from gateway.transport.folder import FolderTransport
from gateway.transport.names import require_plain
from gateway.transport.port import (
    FolderMissing,
    NameExists,
    OutcomeUnknown,
    Progress,
    RemoteChanged,
    RemoteFile,
    RemoteVanished,
    Sink,
    Transport,
    Unreachable,
)

if TYPE_CHECKING:
    from sshd import SshServer

_numbers = itertools.count(1)


class Mailbox(Protocol):
    """The partner's side of a mailbox, and a way to open a session with it."""

    send: str
    receive: str

    def open(self) -> Transport: ...

    def put(self, folder: str, name: str, content: bytes, modified: float = 1_700_000_000.0) -> None: ...

    def read(self, folder: str, name: str) -> bytes: ...

    def names(self, folder: str) -> list[str]: ...

    def take(self, folder: str, name: str) -> bytes: ...

    def make_folder(self, folder: str) -> None: ...


@dataclass
class MemoryMailbox:
    """Folders of files in memory; faults and a partner's habits are set by the test."""

    send: str = "inbound"
    receive: str = "outbound"
    folders: dict[str, dict[str, tuple[bytes, float]]] = field(default_factory=dict)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)  # operation -> what happens as it is asked for
    after: dict[str, Callable[[], None]] = field(default_factory=dict)  # operation -> what happens once it is done
    takes_at_once: bool = False  # the partner sweeps a file as soon as it has its final name
    taken: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    clock: float = 1_700_000_000.0

    def __post_init__(self) -> None:
        self.folders.setdefault(self.send, {})
        self.folders.setdefault(self.receive, {})

    def open(self) -> MemoryTransport:
        return MemoryTransport(self)

    def put(self, folder: str, name: str, content: bytes, modified: float = 1_700_000_000.0) -> None:
        self.folders[folder][name] = (content, modified)

    def read(self, folder: str, name: str) -> bytes:
        return self.folders[folder][name][0]

    def names(self, folder: str) -> list[str]:
        return sorted(self.folders[folder])

    def take(self, folder: str, name: str) -> bytes:
        content = self.folders[folder].pop(name)[0]
        self.taken[name] = content
        return content

    def make_folder(self, folder: str) -> None:
        self.folders[folder] = {}

    def sweep(self, folder: str, name: str) -> None:
        if self.takes_at_once:
            self.take(folder, name)


class MemoryTransport:
    """A session with a MemoryMailbox."""

    def __init__(self, mailbox: MemoryMailbox) -> None:
        self.mailbox = mailbox
        self._over = False

    def list_files(self, folder: str) -> list[RemoteFile]:
        self._ask("list_files")
        files = self._folder(folder).items()
        found = [RemoteFile.listed(os.fsencode(name), len(data), modified) for name, (data, modified) in files]
        self._done("list_files")
        return found

    def stat(self, folder: str, name: str) -> RemoteFile | None:
        require_plain(name)
        self._ask("stat")
        found = self.mailbox.folders.get(folder, {}).get(name)
        self._done("stat")
        return None if found is None else RemoteFile(name, len(found[0]), found[1])

    def write_temp(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        self._ask("write_temp")
        self._create(folder, name, source.read(), progress)
        self._done("write_temp")
        return len(self.mailbox.folders[folder].get(name, (b"", 0))[0])

    def rename(self, folder: str, temp_name: str, final_name: str) -> None:
        try:
            self._ask("rename")
        except Unreachable as error:
            if self._alive_when_asked:
                raise OutcomeUnknown(f"the rename was asked for and no answer came: {error}") from None
            raise
        place = self._folder(folder)
        if temp_name not in place:
            raise OutcomeUnknown("the temporary file left the folder")
        self._rename(place, require_plain(temp_name), place, require_plain(final_name))
        self.mailbox.sweep(folder, final_name)
        self._unknown_if_lost("rename")

    def direct_put(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        self._ask("direct_put")
        taken = self._create(folder, name, source.read(), progress)
        self.mailbox.sweep(folder, name)
        self._unknown_if_lost("direct_put")
        return taken

    def fetch(
        self, folder: str, name: str, sink: Sink, limit: int | None = None, progress: Progress | None = None
    ) -> int:
        self._ask("fetch")
        place = self._folder(folder)
        if require_plain(name) not in place:
            raise RemoteVanished(f"a file is no longer in {folder}")
        content = place[name][0]
        if limit is not None and len(content) > limit:
            raise RemoteChanged("more than was listed")
        sink.write(content)
        if progress is not None:
            progress(len(content))
        self._done("fetch")
        return len(content)

    def remove(self, folder: str, name: str) -> None:
        self._ask("remove")
        if self._folder(folder).pop(require_plain(name), None) is None:
            raise RemoteVanished(f"a file is no longer in {folder}")
        self._done("remove")

    def move(self, folder: str, name: str, to_folder: str, new_name: str | None = None) -> None:
        self._ask("move")
        source = self._folder(folder)
        if require_plain(name) not in source:
            raise RemoteVanished(f"a file is no longer in {folder}")
        self._rename(source, name, self._folder(to_folder), require_plain(new_name or name))
        self._done("move")

    def close(self) -> None:
        self._over = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _folder(self, folder: str) -> dict[str, tuple[bytes, float]]:
        if folder not in self.mailbox.folders:
            raise FolderMissing(f"no folder {folder}")
        return self.mailbox.folders[folder]

    def _create(self, folder: str, name: str, content: bytes, progress: Progress | None) -> int:
        place = self._folder(folder)
        if require_plain(name) in place:
            raise NameExists(f"{name} is already in {folder}")
        place[name] = (content, self.mailbox.clock)
        if progress is not None:
            progress(len(content))
        return len(content)

    def _rename(
        self, source: dict[str, tuple[bytes, float]], old: str, target: dict[str, tuple[bytes, float]], new: str
    ) -> None:
        if new in target:
            raise NameExists(f"{new} is already there")
        target[new] = source.pop(old)

    def _ask(self, operation: str) -> None:
        self._alive_when_asked = not self._over
        if self._over:
            raise Unreachable("the session is over")
        self.mailbox.calls.append(operation)
        self._run(self.mailbox.before.get(operation))

    def _done(self, operation: str) -> None:
        self._run(self.mailbox.after.get(operation))

    def _unknown_if_lost(self, operation: str) -> None:
        try:
            self._done(operation)
        except Unreachable as error:
            raise OutcomeUnknown(f"{operation} was asked for and no answer came: {error}") from None

    def _run(self, happening: Callable[[], None] | None) -> None:
        try:
            if happening is not None:
                happening()
        except Unreachable:
            self._over = True
            raise


@dataclass
class DiskMailbox:
    """A mailbox whose partner's side is a folder of this machine."""

    root: Path
    opener: Callable[[], Transport]
    prefix: str = ""

    @property
    def send(self) -> str:
        return f"{self.prefix}inbound"

    @property
    def receive(self) -> str:
        return f"{self.prefix}outbound"

    def open(self) -> Transport:
        return self.opener()

    def put(self, folder: str, name: str, content: bytes, modified: float = 1_700_000_000.0) -> None:
        path = self.root / folder / name
        path.write_bytes(content)
        os.utime(path, (modified, modified))

    def read(self, folder: str, name: str) -> bytes:
        return (self.root / folder / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.root / folder).iterdir())

    def take(self, folder: str, name: str) -> bytes:
        content = self.read(folder, name)
        (self.root / folder / name).unlink()
        return content

    def make_folder(self, folder: str) -> None:
        (self.root / folder).mkdir(parents=True)


def sftp_mailbox(server: SshServer) -> DiskMailbox:
    """A pair of folders of its own on the server."""
    from gateway.transport.sftp import SftpTransport  # paramiko only where a test needs it

    prefix = f"m{os.getpid()}-{next(_numbers)}/"
    mailbox = DiskMailbox(server.mailbox, lambda: SftpTransport.connect(server.settings()), prefix)
    mailbox.make_folder(mailbox.send)
    mailbox.make_folder(mailbox.receive)
    return mailbox


def folder_mailbox(root: Path) -> DiskMailbox:
    """A pair of folders below root."""
    mailbox = DiskMailbox(root, lambda: FolderTransport(root))
    mailbox.make_folder(mailbox.send)
    mailbox.make_folder(mailbox.receive)
    return mailbox


@pytest.fixture(params=["memory", "folder", "sftp"])
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Mailbox:
    """A mailbox of each kind."""
    if request.param == "memory":
        return MemoryMailbox()
    if request.param == "folder":
        return folder_mailbox(tmp_path / "mailbox")
    return sftp_mailbox(request.getfixturevalue("sshd"))


@pytest.fixture
def transport(mailbox: Mailbox) -> Iterator[Transport]:
    """A session with `mailbox`."""
    with mailbox.open() as session:
        yield session
