"""A partner's SFTP server as a mailbox."""

from __future__ import annotations

import contextlib
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, Final, NoReturn, Self

from gateway.transport.look import NOT_ANSWERED
from gateway.transport.names import require_plain
from gateway.transport.port import (
    FolderMissing,
    NameExists,
    OutcomeUnknown,
    PermissionDenied,
    Progress,
    ReadFailed,
    RemoteFile,
    RemoteFull,
    RemoteVanished,
    Sink,
    TransportError,
    Unreachable,
    Unsupported,
    WriteFailed,
)
from gateway.transport.sftp_transfer import download, upload
from gateway.transport.sftp_wire import (
    CREATE,
    EXCLUSIVE,
    READ,
    WRITE,
    Code,
    Entry,
    Kind,
    StatusError,
    Wire,
    WireError,
    attributes_of,
    entries_of,
    expect_ok,
    open_fields,
    string_field,
    string_of,
)
from gateway.transport.ssh import LOST, Connection, SftpSettings, connect

__all__ = ["SftpSettings", "SftpTransport"]

SLOWEST: Final = 4096  # bytes a second below which a transfer is given up
LONGEST_TRANSFER: Final = 6 * 3600.0  # seconds, where the size is not known
MOST_NAMES: Final = 500_000  # in one folder

_MISSING: Final = frozenset({Code.NO_SUCH_FILE, Code.NO_SUCH_PATH})
_DENIED: Final = frozenset({Code.PERMISSION_DENIED, Code.WRITE_PROTECT})
_FULL: Final = frozenset({Code.NO_SPACE, Code.QUOTA_EXCEEDED})
_LOST: Final = frozenset({Code.NO_CONNECTION, Code.CONNECTION_LOST})  # a server that has lost its own back end


class SftpTransport:
    """One session with a partner's SFTP server. Folders are relative to the login folder unless they begin with /."""

    def __init__(self, settings: SftpSettings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._wire = Wire(connection.channel, lost=LOST)
        self._over: str | None = None  # why the session ended

    @classmethod
    def connect(cls, settings: SftpSettings) -> SftpTransport:
        """Opens a session. Raises Unreachable, HostKeyRefused, AuthenticationFailed, UsageError."""
        session = cls(settings, connect(settings))
        session.open()
        return session

    def open(self) -> None:
        """Agrees with the server on SFTP; `connect` has done it. Raises Unreachable."""
        with self._step(), self._lost_is_unreachable():
            self._wire.start()

    def list_files(self, folder: str) -> list[RemoteFile]:
        with self._step(10), self._lost_is_unreachable():
            try:
                handle = string_of(self._wire.call(Kind.OPENDIR, string_field(_folder(folder))), Kind.HANDLE)
                entries = list(self._entries(handle))
                self._wire.call(Kind.CLOSE, string_field(handle))
            except StatusError as error:
                if error.code in _MISSING:
                    raise self._no_folder(folder) from None
                self._refuse(error.code, folder, "list the folder", ReadFailed)
        return [
            RemoteFile.listed(entry.name, entry.attributes.size or 0, entry.attributes.modified)
            for entry in entries
            if _is_file(entry)
        ]

    def stat(self, folder: str, name: str) -> RemoteFile | None:
        path = _path(folder, name)
        with self._step(), self._lost_is_unreachable():
            try:
                about = attributes_of(self._wire.call(Kind.STAT, string_field(path)))
            except StatusError as error:
                if error.code in _MISSING:
                    return None
                self._refuse(error.code, folder, "look at a file", ReadFailed)
        return RemoteFile(name, about.size or 0, about.modified)

    def write_temp(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        path = _path(folder, name)
        with self._step(size=size), self._lost_is_unreachable():
            handle = self._create(folder, name, path)
            try:
                return self._fill(handle, source, progress)
            except StatusError as error:
                self._refuse(error.code, folder, "write a file", WriteFailed)

    def rename(self, folder: str, temp_name: str, final_name: str) -> None:
        old, new = _path(folder, temp_name), _path(folder, final_name)
        with self._step():
            try:
                expect_ok(self._wire.call(Kind.RENAME, string_field(old), string_field(new)))
            except WireError as error:
                self._end(str(error))
                raise self._unknown(f"the rename was asked for in {folder} and no answer came: {error}") from None
            except StatusError as error:
                raise self._rename_refused(error.code, folder, temp_name, final_name) from None

    def direct_put(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        path = _path(folder, name)
        with self._step(size=size):
            try:
                handle = self._create(folder, name, path)
                return self._fill(handle, source, progress)
            except WireError as error:
                self._end(str(error))
                raise self._unknown(f"the upload to {folder} broke off: {error}") from None
            except StatusError as error:
                self._withdraw(error.code, folder, name)

    def fetch(
        self, folder: str, name: str, sink: Sink, limit: int | None = None, progress: Progress | None = None
    ) -> int:
        path = _path(folder, name)
        with self._step(size=limit, transfer=True), self._lost_is_unreachable():
            try:
                handle = string_of(self._wire.call(Kind.OPEN, *open_fields(path, READ)), Kind.HANDLE)
                try:
                    return download(self._wire, handle, sink, limit, progress)
                finally:
                    self._let_go(handle)
            except StatusError as error:
                self._refuse_file(error.code, folder, "read a file", ReadFailed)

    def remove(self, folder: str, name: str) -> None:
        path = _path(folder, name)
        with self._step(), self._lost_is_unreachable():
            try:
                expect_ok(self._wire.call(Kind.REMOVE, string_field(path)))
            except StatusError as error:
                self._refuse_file(error.code, folder, "remove a file", WriteFailed)

    def move(self, folder: str, name: str, to_folder: str, new_name: str | None = None) -> None:
        target = new_name or name
        old, new = _path(folder, name), _path(to_folder, target)
        with self._step(), self._lost_is_unreachable():
            try:
                expect_ok(self._wire.call(Kind.RENAME, string_field(old), string_field(new)))
                return
            except StatusError as error:
                code = error.code
        if self.stat(folder, name) is None:
            raise RemoteVanished(f"a file is no longer in {folder}")
        if not self._has_folder(to_folder):
            raise self._no_folder(to_folder)
        if self.stat(to_folder, target) is not None:
            raise NameExists(f"that name is already in {to_folder}; nothing was overwritten")
        self._refuse(code, folder, f"move a file to {to_folder}", WriteFailed)

    def close(self) -> None:
        """Ends the session; harmless when repeated."""
        self._end("it was closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    @contextmanager
    def _step(self, times: int = 1, *, size: int | None = None, transfer: bool = False) -> Iterator[None]:
        """One operation with its time limit; only a session that lives may begin one."""
        if self._over is not None:
            raise Unreachable(f"the session with {self._settings.address} is over: {self._over}")
        total = times * self._settings.timeout
        if size is not None:
            total += size / SLOWEST
        elif transfer:
            total += LONGEST_TRANSFER
        self._wire.limit(self._settings.timeout, total)
        yield

    @contextmanager
    def _lost_is_unreachable(self) -> Iterator[None]:
        try:
            yield
        except WireError as error:
            self._end(str(error))
            raise Unreachable(f"the session with {self._settings.address} ended: {error}") from None

    def _end(self, reason: str) -> None:
        self._over = self._over or reason
        self._connection.close()

    def _entries(self, handle: bytes) -> Iterator[Entry]:
        count = 0
        while True:
            try:
                entries = entries_of(self._wire.call(Kind.READDIR, string_field(handle)))
            except StatusError as error:
                if error.code == Code.EOF:
                    return
                raise
            count += len(entries)
            if count > MOST_NAMES:
                raise WireError(f"a folder with more than {MOST_NAMES} names")
            yield from entries

    def _create(self, folder: str, name: str, path: bytes) -> bytes:
        """The handle of a new file. Raises what the port says for a name that is taken or may not be written."""
        try:
            return string_of(self._wire.call(Kind.OPEN, *open_fields(path, WRITE | CREATE | EXCLUSIVE)), Kind.HANDLE)
        except StatusError as error:
            if error.code in _MISSING:
                raise self._no_folder(folder) from None
            if error.code in (Code.FAILURE, Code.FILE_ALREADY_EXISTS) and self.stat(folder, name) is not None:
                raise NameExists(f"{name} is already in {folder}; nothing was overwritten") from None
            self._refuse(error.code, folder, "write a file", WriteFailed)

    def _fill(self, handle: bytes, source: BinaryIO, progress: Progress | None) -> int:
        """Writes and closes; the close counts, since some servers store only then. Raises StatusError, WireError."""
        try:
            taken = upload(self._wire, handle, source, progress)
        except StatusError:
            self._let_go(handle)
            raise
        expect_ok(self._wire.call(Kind.CLOSE, string_field(handle)))
        return taken

    def _let_go(self, handle: bytes) -> None:
        """Closes a handle without waiting; its answer is dropped."""
        with contextlib.suppress(WireError):
            self._wire.abandon()
            self._wire.post(Kind.CLOSE, string_field(handle))
            self._wire.flush()

    def _withdraw(self, code: int, folder: str, name: str) -> NoReturn:
        """After a refused write under a final name: takes the part away, or says that it may have been taken."""
        try:
            self.remove(folder, name)
        except TransportError:
            raise self._unknown(f"the upload to {folder} was refused half-way; a part may have been taken") from None
        self._refuse(code, folder, "write a file", WriteFailed)

    def _rename_refused(self, code: int, folder: str, temp_name: str, final_name: str) -> TransportError:
        """What a rename that was answered with no really came to; it is definite only if the file still stands."""
        if code == Code.UNSUPPORTED:
            return Unsupported(f'{self._settings.address} knows no rename; upload = "direct" is the way')
        if code in _LOST:
            return self._unknown(f"the rename in {folder} was asked for and the partner's server lost it")
        try:
            if self.stat(folder, temp_name) is None:
                return self._unknown(f"the temporary file left {folder} before its rename was answered")
            if self.stat(folder, final_name) is not None:
                return NameExists(f"{final_name} is already in {folder}; nothing was overwritten")
        except NOT_ANSWERED:
            pass  # a folder that may only be written to: the answer has to do
        except TransportError as error:
            return self._unknown(f"the rename in {folder} was refused and cannot be looked at: {error}")
        return self._refusal(code, folder, "rename a file", WriteFailed)

    def _has_folder(self, folder: str) -> bool:
        with self._step(), self._lost_is_unreachable():
            try:
                about = attributes_of(self._wire.call(Kind.STAT, string_field(_folder(folder))))
            except StatusError as error:
                return error.code not in _MISSING
        return about.mode is None or modes.S_ISDIR(about.mode)

    def _refuse_file(self, code: int, folder: str, what: str, failed: type[TransportError]) -> NoReturn:
        if code in _MISSING:
            if not self._has_folder(folder):
                raise self._no_folder(folder)
            raise RemoteVanished(f"a file is no longer in {folder}")
        self._refuse(code, folder, what, failed)

    def _refuse(self, code: int, folder: str, what: str, failed: type[TransportError]) -> NoReturn:
        raise self._refusal(code, folder, what, failed) from None

    def _refusal(self, code: int, folder: str, what: str, failed: type[TransportError]) -> TransportError:
        """A status as the port says it; `failed` is for the one that says no more than that."""
        text = f"{self._settings.address} could not {what} in {folder}"
        if code in _DENIED:
            return PermissionDenied(f"{self._settings.address} does not allow this login to {what} in {folder}")
        if code in _FULL:
            return RemoteFull(f"{text}: no room is left there")
        if code == Code.UNSUPPORTED:
            return Unsupported(f"{text}: it does not know how")
        if code in _LOST:
            self._end("the partner's server lost its own connection")
            return Unreachable(f"{text}: it lost its own connection")
        return failed(f"{text} (status {code})")

    def _no_folder(self, folder: str) -> FolderMissing:
        return FolderMissing(f"{self._settings.address} has no folder {folder} for this login")

    def _unknown(self, text: str) -> OutcomeUnknown:
        return OutcomeUnknown(f"{self._settings.address}: {text}")


def _folder(folder: str) -> bytes:
    return (folder.rstrip("/") or ("/" if folder.startswith("/") else ".")).encode()


def _path(folder: str, name: str) -> bytes:
    require_plain(name)
    place = _folder(folder)
    if place == b".":
        return name.encode()
    return place.rstrip(b"/") + b"/" + name.encode()


def _is_file(entry: Entry) -> bool:
    if entry.name in (b".", b".."):
        return False
    if entry.attributes.mode is None:
        return entry.longname[:1] not in (b"d", b"l")
    return modes.S_ISREG(entry.attributes.mode)
