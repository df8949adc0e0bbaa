"""A local or mounted folder as a mailbox: the same contract as a partner's SFTP server."""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from gateway.errors import UsageError
from gateway.transport.names import require_plain
from gateway.transport.port import (
    FolderMissing,
    NameExists,
    OutcomeUnknown,
    PermissionDenied,
    Progress,
    ReadFailed,
    RemoteChanged,
    RemoteFile,
    RemoteFull,
    RemoteVanished,
    Sink,
    TransportError,
    Unreachable,
    WriteFailed,
)

_CHUNK: Final = 1 << 18
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_GONE: Final = frozenset(
    {errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EIO}
)
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@dataclass(frozen=True, slots=True)
class FolderTransport:
    """The folders below `root`. Opens nothing until it is used and holds nothing open between operations."""

    root: Path

    def list_files(self, folder: str) -> list[RemoteFile]:
        """All regular files; links and subfolders are no files of a mailbox."""
        place = self._place(folder)
        found = []
        with self._faults(folder, "list the folder", failed=ReadFailed), os.scandir(place) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # taken while we look
                    if entry.is_file(follow_symlinks=False):
                        about = entry.stat(follow_symlinks=False)
                        found.append(RemoteFile.listed(os.fsencode(entry.name), about.st_size, about.st_mtime))
        return found

    def stat(self, folder: str, name: str) -> RemoteFile | None:
        path = self._path(folder, name)
        with self._faults(folder, "look at a file", failed=ReadFailed):
            try:
                about = path.lstat()
            except FileNotFoundError:
                return None
        if not modes.S_ISREG(about.st_mode):
            return None
        return RemoteFile(name, about.st_size, about.st_mtime)

    def write_temp(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        path = self._path(folder, name)
        with self._faults(folder, "write a file"):
            _require_room(path.parent, size)
            taken = _write_new(path, source, progress)
            _fsync_folder(path.parent)
        return taken

    def rename(self, folder: str, temp_name: str, final_name: str) -> None:
        source, target = self._path(folder, temp_name), self._path(folder, final_name)
        try:
            with self._faults(folder, "rename a file", taken=final_name):
                _rename_new(source, target)
        except Unreachable as error:
            raise OutcomeUnknown(f"{error}; the rename may or may not have been done") from None
        except RemoteVanished as error:
            raise OutcomeUnknown(f"{error} before it was renamed; it may have been taken") from None
        with contextlib.suppress(OSError):  # the name is there; only its survival of a power cut is not proven
            _fsync_folder(target.parent)

    def direct_put(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        try:
            return self.write_temp(folder, name, source, size, progress)
        except (NameExists, FolderMissing):
            raise
        except TransportError as error:
            if isinstance(error, PermissionDenied) and not self._path(folder, name).exists():
                raise
            raise OutcomeUnknown(f"{error}; a part of the file may stand under its final name") from None

    def fetch(
        self, folder: str, name: str, sink: Sink, limit: int | None = None, progress: Progress | None = None
    ) -> int:
        path = self._path(folder, name)
        with self._faults(folder, "read a file", failed=ReadFailed):
            stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb", 0)
        fetched = 0
        with stream:
            while True:
                with self._faults(folder, "read a file", failed=ReadFailed):
                    chunk = stream.read(_CHUNK)
                if not chunk:
                    return fetched
                fetched += len(chunk)
                if limit is not None and fetched > limit:
                    raise RemoteChanged(f"a file in {folder} holds more than was listed")
                sink.write(chunk)
                if progress is not None:
                    progress(fetched)

    def remove(self, folder: str, name: str) -> None:
        path = self._path(folder, name)
        with self._faults(folder, "remove a file"):
            path.unlink()
            _fsync_folder(path.parent)

    def move(self, folder: str, name: str, to_folder: str, new_name: str | None = None) -> None:
        source, target = self._path(folder, name), self._path(to_folder, new_name or name)
        if not target.parent.is_dir():
            raise FolderMissing(f"there is no folder {to_folder} in {self.root}")
        with self._faults(folder, f"move a file to {to_folder}"):
            _rename_new(source, target)
            _fsync_folder(target.parent)
            _fsync_folder(source.parent)
        if os.path.lexists(source):
            raise PermissionDenied(f"a file was linked to {to_folder} and cannot be removed from {folder}")

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _place(self, folder: str) -> Path:
        parts = Path(folder.strip("/")).parts
        if ".." in parts or "\0" in folder:
            raise UsageError("a folder of a mailbox must lie below the mailbox")
        return self.root.joinpath(*parts)

    def _path(self, folder: str, name: str) -> Path:
        return self._place(folder) / require_plain(name)

    @contextmanager
    def _faults(
        self, folder: str, what: str, taken: str | None = None, failed: type[TransportError] = WriteFailed
    ) -> Iterator[None]:
        """Turns what the file system says into what the port says; `taken` is a name of ours for the text."""
        try:
            yield
        except FileExistsError:
            subject = "that name" if taken is None else taken
            raise NameExists(f"{subject} is already in {folder}; nothing was overwritten") from None
        except OSError as error:
            raise self._translated(error, folder, what, failed) from None

    def _translated(self, error: OSError, folder: str, what: str, failed: type[TransportError]) -> TransportError:
        place = self._place(folder)
        reason = os.strerror(error.errno) if error.errno else "unknown fault"
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            if not place.is_dir():
                return FolderMissing(f"there is no folder {folder} in {self.root}")
            return RemoteVanished(f"a file is no longer in {folder}")
        if error.errno in _DENIED:
            return PermissionDenied(f"cannot {what} in {place}: {reason}")
        if error.errno in _FULL:
            return RemoteFull(f"cannot {what} in {place}: {reason}")
        if error.errno in _GONE:
            return Unreachable(f"cannot {what} in {place}: {reason}")
        return failed(f"cannot {what} in {place}: {reason}")


def _require_room(folder: Path, size: int) -> None:
    about = os.statvfs(folder)
    if about.f_bavail * about.f_frsize < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _write_new(path: Path, source: BinaryIO, progress: Progress | None) -> int:
    taken = 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o660), "wb", 0) as stream:
        while chunk := source.read(_CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[stream.write(view) :]
            taken += len(chunk)
            if progress is not None:
                progress(taken)
        os.fsync(stream.fileno())
    return taken


def _rename_new(source: Path, target: Path) -> None:
    """Renames and refuses a name that is taken, which a plain rename of POSIX would overwrite."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        source.rename(target)
    else:
        with contextlib.suppress(OSError):  # the new name stands, which is what was asked for
            source.unlink()


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
