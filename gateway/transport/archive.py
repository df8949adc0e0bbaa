"""The archive: every file sent and received, exactly as it was, before anything else happens to it.

Names are random, since a name made from the content would confirm a guess about it. Each file has a header from the
first day, so that encrypted files can stand beside old ones:

    8  magic                   1  format version        1  algorithm (0: plain)        2  zero
    4  length of the key block (wrapped key; empty when plain)
    4  length of the note block (JSON; when, sent or received, what the caller adds)
    …  key block, note block, body
    8  length of the plain body                         8  end mark

All numbers are big-endian. A file is written as `….part`, fsynced, renamed, and its folder fsynced; one without its
end mark was cut off while being written and is never given out.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Literal, Self

from gateway.errors import NeedsPerson, UsageError

Kind = Literal["sent", "received"]

MAGIC: Final = b"\x89GWARC\r\n"
END_MARK: Final = b"GWEND\r\n\x1a"
FORMAT_VERSION: Final = 1
ALGORITHM_PLAIN: Final = 0
CHUNK: Final = 1 << 18

_HEADER: Final = struct.Struct(">8sBBHII")
_TRAILER: Final = struct.Struct(">Q8s")
_LONGEST_BLOCK: Final = 1 << 20
_NAME: Final = re.compile(r"(sent|received)/\d{4}/\d{2}/[0-9a-f]{32}")
_UNFINISHED: Final = ".part"


class ArchiveUnwritable(UsageError):
    """The archive takes nothing: disk full, folder missing or read-only. Nothing half is left under a valid name."""

    retry = "later"


class ArchiveDamaged(NeedsPerson):
    """A file of the archive is missing, cut, of an unknown format, or not what was put in."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """What the store keeps of an archived file."""

    name: str  # sent|received/YYYY/MM/<32 hex digits>, relative to the archive's root, with forward slashes
    sha256: str  # of the plain bytes, hex; it stands in the store only
    size: int  # plain bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What an archived file says of itself; enough to fill a new store from the archive."""

    kind: Kind
    at: datetime  # when it was kept, UTC
    size: int  # plain bytes
    notes: Mapping[str, str] = field(repr=False)  # what the caller added; may hold a partner's file name


@dataclass(frozen=True, slots=True)
class Archive:
    """All archived files below one folder. Making one opens nothing; folders come with the first file."""

    root: Path

    def keep(
        self, content: BinaryIO | bytes, kind: Kind, at: datetime, notes: Mapping[str, str] | None = None
    ) -> ArchivedFile:
        """Keeps all bytes of a stream, in constant memory. When it returns they are on the disk.

        Raises ArchiveUnwritable. What the stream raises passes through, and nothing is kept.
        """
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        with self.writer(kind, at, notes) as writer:
            while chunk := stream.read(CHUNK):
                writer.write(chunk)
            return writer.commit()

    def writer(self, kind: Kind, at: datetime, notes: Mapping[str, str] | None = None) -> ArchiveWriter:
        """A sink for one new file. It is kept by `commit`; leaving the `with` block without it leaves nothing."""
        if at.tzinfo is None:
            raise ValueError("the time of archiving has no zone")
        at = at.astimezone(UTC)
        name = f"{kind}/{at:%Y/%m}/{secrets.token_hex(16)}"
        about = {"kind": kind, "at": at.isoformat(), "notes": dict(notes or {})}
        return ArchiveWriter(self.root, name, json.dumps(about, ensure_ascii=True).encode("ascii"))

    def open(self, name: str) -> ArchiveReader:
        """The plain bytes as a seekable binary stream with `size` and `header`. Raises ArchiveDamaged."""
        return ArchiveReader(_open_raw(self._path(name)))

    def verify(self, name: str, sha256: str) -> None:
        """Reads the whole file. Raises ArchiveDamaged unless its plain bytes have this hash."""
        with self.open(name) as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                raise ArchiveDamaged(f"archive file {name} is not what was put in: its hash differs from the store's")

    def names(self) -> Iterator[str]:
        """Names of all kept files, oldest month first within sent and received; readable or not."""
        return (name for name in self._files() if _NAME.fullmatch(name))

    def remove(self, name: str) -> None:
        """Lets a file go for good; harmless where it is gone already. Raises ArchiveUnwritable."""
        try:
            self._path(name).unlink(missing_ok=True)
            if self._path(name).parent.is_dir():
                _fsync_folder(self._path(name).parent)
        except OSError as error:
            raise _unwritable(self.root, error) from None

    def unfinished(self) -> Iterator[str]:
        """Files that a crash cut off while they were being written. Nothing ever pointed to them."""
        return (name for name in self._files() if name.endswith(_UNFINISHED))

    def check_writable(self) -> None:
        """Writes, reads and removes a file of the archive. Raises ArchiveUnwritable."""
        try:
            _make_folders(self.root)
            probe = self.root / f"{secrets.token_hex(8)}{_UNFINISHED}"
            with os.fdopen(_create(probe), "wb") as stream:
                stream.write(b"probe")
                stream.flush()
                os.fsync(stream.fileno())
            probe.unlink()
        except OSError as error:
            raise _unwritable(self.root, error) from None

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise ArchiveDamaged("this is not the name of an archive file")
        return self.root / name

    def _files(self) -> Iterator[str]:
        for kind in ("received", "sent"):
            for folder, subfolders, files in os.walk(self.root / kind):
                subfolders.sort()
                place = Path(folder).relative_to(self.root).as_posix()
                yield from (f"{place}/{file}" for file in sorted(files))


class ArchiveWriter:
    """Takes the bytes of one new archive file; a context manager."""

    def __init__(self, root: Path, name: str, about: bytes) -> None:
        self._root = root
        self._name = name
        self._path = root / name
        self._part = self._path.with_name(self._path.name + _UNFINISHED)
        self._hash = hashlib.sha256()
        self._size = 0
        header = _HEADER.pack(MAGIC, FORMAT_VERSION, ALGORITHM_PLAIN, 0, 0, len(about))
        self._stream: BinaryIO | None = None
        try:
            _make_folders(self._path.parent)
            self._stream = os.fdopen(_create(self._part), "wb", buffering=CHUNK)
            self._stream.write(header + about)
        except OSError as error:
            self.abort()
            raise _unwritable(root, error) from None

    @property
    def size(self) -> int:
        """Plain bytes taken so far."""
        return self._size

    @property
    def sha256(self) -> str:
        """Of the plain bytes taken so far, hex."""
        return self._hash.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Takes the next bytes. Raises ArchiveUnwritable."""
        if self._stream is None:
            raise ValueError("this archive file is closed")
        try:
            self._stream.write(data)
        except OSError as error:
            self.abort()
            raise _unwritable(self._root, error) from None
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def commit(self) -> ArchivedFile:
        """Keeps the file: fsynced, under its name, folder fsynced. Raises ArchiveUnwritable."""
        if self._stream is None:
            raise ValueError("this archive file is closed")
        try:
            self._stream.write(_TRAILER.pack(self._size, END_MARK))
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._stream = None
            _rename_new(self._part, self._path)
            _fsync_folder(self._path.parent)
        except OSError as error:
            self.abort()
            raise _unwritable(self._root, error) from None
        return ArchivedFile(self._name, self._hash.hexdigest(), self._size)

    def abort(self) -> None:
        """Leaves nothing; harmless after `commit`."""
        if self._stream is not None:
            with contextlib.suppress(OSError):  # a full disk refuses the flush; the file goes anyway
                self._stream.close()
            self._stream = None
        with contextlib.suppress(OSError):
            self._part.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.abort()


class ArchiveReader(io.BufferedReader):
    """The plain bytes of one archive file."""

    def __init__(self, raw: _PlainBody) -> None:
        super().__init__(raw, CHUNK)
        self.size = raw.header.size
        self.header = raw.header


class _PlainBody(io.RawIOBase):
    """The body of an unencrypted archive file as a stream of its own."""

    def __init__(self, stream: io.FileIO, header: Header, start: int) -> None:
        super().__init__()
        self.header = header
        self._stream = stream
        self._start = start
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.header.size}[whence]
        self._position = min(max(start + offset, 0), self.header.size)
        self._stream.seek(self._start + self._position)
        return self._position

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        window = memoryview(buffer)[: self.header.size - self._position]
        count = self._stream.readinto(window) or 0
        if count == 0 and len(window):
            raise ArchiveDamaged("an archive file became shorter while it was read")
        self._position += count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _open_raw(path: Path) -> _PlainBody:
    try:
        stream = io.FileIO(path)
    except OSError as error:
        raise ArchiveDamaged(f"archive file {path} cannot be opened: {error.strerror}") from None
    try:
        header, start = _read_header(stream, path)
    except BaseException:
        stream.close()
        raise
    return _PlainBody(stream, header, start)


def _read_header(stream: io.FileIO, path: Path) -> tuple[Header, int]:
    """The header and where the body starts; the stream stands there. Raises ArchiveDamaged."""
    total = os.fstat(stream.fileno()).st_size
    fixed = stream.read(_HEADER.size)
    if len(fixed) < _HEADER.size or not fixed.startswith(MAGIC):
        raise ArchiveDamaged(f"archive file {path} does not begin as an archive file")
    _, version, algorithm, _, key_length, note_length = _HEADER.unpack(fixed)
    if version != FORMAT_VERSION or algorithm != ALGORITHM_PLAIN:
        raise ArchiveDamaged(f"archive file {path} has format {version}.{algorithm}, which this version cannot read")
    if max(key_length, note_length) > _LONGEST_BLOCK:
        raise ArchiveDamaged(f"archive file {path} has a damaged header")
    start = _HEADER.size + key_length + note_length
    size = total - start - _TRAILER.size
    if size < 0:
        raise ArchiveDamaged(f"archive file {path} was cut off while it was written")
    stream.seek(total - _TRAILER.size)
    if _TRAILER.unpack(stream.read(_TRAILER.size)) != (size, END_MARK):
        raise ArchiveDamaged(f"archive file {path} was cut off while it was written")
    stream.seek(_HEADER.size + key_length)
    header = _parse_about(stream.read(note_length), size, path)
    return header, start


def _parse_about(block: bytes, size: int, path: Path) -> Header:
    try:
        about = json.loads(block)
        return Header(kind=about["kind"], at=datetime.fromisoformat(about["at"]), size=size, notes=about["notes"])
    except (ValueError, KeyError, TypeError):
        raise ArchiveDamaged(f"archive file {path} has a damaged header") from None


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)


def _rename_new(source: Path, target: Path) -> None:
    """Renames without ever overwriting; a hard link refuses where a rename would replace."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: 128 random bits are the guard
        source.rename(target)
    else:
        source.unlink()


def _make_folders(folder: Path) -> None:
    """Makes the folders that are missing, each fsynced into its parent, for the owner's eyes only."""
    missing: list[Path] = []
    place = folder
    while not place.is_dir():
        missing.append(place)
        place = place.parent
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
        _fsync_folder(place.parent)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(root: Path, error: OSError) -> ArchiveUnwritable:
    return ArchiveUnwritable(f"the archive {root} cannot be written: {error.strerror or 'unknown fault'}")
