"""The file operations of one SFTP session, held inside the account's folder."""

# ruff: noqa: ARG002 (paramiko fixes the signatures)
from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import paramiko
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_OP_UNSUPPORTED, SFTP_PERMISSION_DENIED

from gateway.simulator.faults import Operation
from gateway.simulator.sessions import Connection, Dropped

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_T = TypeVar("_T")
_LARGEST_READ = 256 * 1024
_WRITING = os.O_WRONLY | os.O_RDWR


class FolderSession(paramiko.SFTPServerInterface):
    """Paths are the client's, rooted at the account's folder. Nothing outside is reached, through links neither."""

    def __init__(self, server: paramiko.ServerInterface, *arguments: object, **keywords: object) -> None:
        super().__init__(server)
        assert isinstance(server, Connection)
        assert server.account
        self._connection = server
        self._root = server.account.mailbox.home.resolve()

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        return self._do("open", lambda: self._open(self._inside(path), flags))

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        return self._do("list", lambda: _listing(self._inside(path)))

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._do("stat", lambda: paramiko.SFTPAttributes.from_stat(self._inside(path).stat()))

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._do("stat", lambda: paramiko.SFTPAttributes.from_stat(self._entry(path).lstat()))

    def remove(self, path: str) -> int:
        return self._do("remove", lambda: _done(self._entry(path).unlink))

    def rename(self, oldpath: str, newpath: str) -> int:
        return self._do("rename", lambda: self._rename(self._entry(oldpath), self._entry(newpath), replace=False))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._do("rename", lambda: self._rename(self._entry(oldpath), self._entry(newpath), replace=True))

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return self._do("mkdir", lambda: _done(self._entry(path).mkdir))

    def rmdir(self, path: str) -> int:
        return self._do("remove", lambda: _done(self._entry(path).rmdir))

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        # Clients set times and modes after a put; partners commonly take no notice.
        return self._do("stat", lambda: _done(self._inside(path).stat))

    def _do(self, operation: Operation, act: Callable[[], _T]) -> _T | int:
        connection = self._connection
        try:
            connection.meet(operation, "before")
            faults = connection.gate.faults
            if connection.gate.strike(operation in faults.refuse):
                return SFTP_PERMISSION_DENIED
            if connection.gate.strike(operation in faults.unsupported):
                return SFTP_OP_UNSUPPORTED
            result = act()
            connection.meet(operation, "after")
        except Dropped:
            return SFTP_FAILURE
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno) if error.errno else SFTP_FAILURE
        return result

    def _entry(self, path: str) -> Path:
        """The named entry itself, its folder resolved. Raises PermissionError for what lies outside."""
        wanted = self._root / self.canonicalize(path).lstrip("/")
        if wanted == self._root:
            return wanted
        folder = wanted.parent.resolve()
        if not folder.is_relative_to(self._root):
            raise PermissionError(13, "outside the folder")
        return folder / wanted.name

    def _inside(self, path: str) -> Path:
        """The named file or folder, links followed. Raises PermissionError for what lies outside."""
        found = self._entry(path).resolve()
        if not found.is_relative_to(self._root):
            raise PermissionError(13, "outside the folder")
        return found

    def _open(self, path: Path, flags: int) -> paramiko.SFTPHandle:
        descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
        if path.is_dir():
            os.close(descriptor)
            raise IsADirectoryError(21, "a folder")
        return _Handle(self._connection, path, descriptor, flags)

    def _rename(self, old: Path, new: Path, *, replace: bool) -> int:
        gate = self._connection.gate
        if gate.strike(gate.faults.name_taken):
            new.write_bytes(b"")
        if not old.exists():
            return int(SFTP_NO_SUCH_FILE)
        if new.exists() and not replace:
            return int(SFTP_FAILURE)
        old.replace(new)
        offer(self._connection, new)
        return int(SFTP_OK)


class _Handle(paramiko.SFTPHandle):
    """An open file. While it is open for writing, the partner leaves it alone."""

    def __init__(self, connection: Connection, path: Path, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._connection = connection
        assert connection.account
        self._mailbox = connection.account.mailbox
        self._path = path
        self._descriptor = descriptor
        self._writes = bool(flags & _WRITING)
        self._closed = False
        if self._writes:
            self._mailbox.opened(path)

    def read(self, offset: int, length: int) -> bytes | int:
        try:
            self._connection.meet("read", "before")
            if self._refused("read"):
                return int(SFTP_PERMISSION_DENIED)
            data = os.pread(self._descriptor, min(length, _LARGEST_READ), offset)
            self._connection.move(len(data))
            self._connection.meet("read", "after")
        except (Dropped, OSError):
            return int(SFTP_FAILURE)
        return data

    def write(self, offset: int, data: ReadableBuffer) -> int:
        content = bytes(data)
        try:
            self._connection.meet("write", "before")
            if self._refused("write"):
                return int(SFTP_PERMISSION_DENIED)
            self._put(content, offset)
            self._connection.move(len(content))
            self._connection.meet("write", "after")
        except (Dropped, OSError):
            return int(SFTP_FAILURE)
        return int(SFTP_OK)

    def stat(self) -> paramiko.SFTPAttributes | int:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        return int(SFTP_OK)

    def close(self) -> None:
        """Also called for files left open when a connection ends; faults strike living connections only."""
        if self._closed:
            return
        living = self._connection.transport.is_active()
        if living:
            self._connection.meet("close", "before")
        self._closed = True
        os.close(self._descriptor)
        if self._writes:
            self._mailbox.closed(self._path)
        if not living:
            return
        if self._writes:
            offer(self._connection, self._path)
        if self._refused("close"):
            raise PermissionError(13, "refused")
        self._connection.meet("close", "after")

    def _put(self, content: bytes, offset: int) -> None:
        """Writes, as far as the disk has room. Raises OSError where it has not."""
        gate = self._connection.gate
        room = gate.faults.disk_full_after
        full = gate.strike(room is not None and self._connection.written + len(content) > room)
        fitting = content[: max(0, (room or 0) - self._connection.written)] if full else content
        os.pwrite(self._descriptor, fitting, offset)
        self._connection.written += len(fitting)
        if full:
            raise OSError(28, "disk full")

    def _refused(self, operation: Operation) -> bool:
        gate = self._connection.gate
        return gate.strike(operation in gate.faults.refuse)


def offer(connection: Connection, path: Path) -> None:
    """Takes a file that has just got its name, if the partner is one that does."""
    assert connection.account
    mailbox, takes = connection.account.mailbox, connection.gate.faults.takes
    if path.parent != mailbox.inbound.resolve():
        return
    if takes == "any name" or (takes == "at once" and mailbox.is_final(mailbox.inbound / path.name)):
        mailbox.take(path)


def _listing(folder: Path) -> list[paramiko.SFTPAttributes]:
    found = []
    for entry in sorted(folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):  # taken between the listing and the look
            found.append(paramiko.SFTPAttributes.from_stat(entry.lstat(), entry.name))
    return found


def _done(act: Callable[[], object]) -> int:
    act()
    return int(SFTP_OK)
