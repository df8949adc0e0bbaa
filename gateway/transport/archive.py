"""The archive: every file sent and received, exactly as it was, before anything else happens to it.

Names are random, since a name made from the content would confirm a guess about it. Each file is a container (see
`gateway/vault/container.py`): sealed where the archive has a key, plain where it has none, both side by side. A file is
written as `….part`, fsynced, renamed, and its folder fsynced; one without its end mark was cut off while being written
and is never given out.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Literal, Self

from gateway.errors import NeedsPerson, UsageError
from gateway.vault.container import Body, ContainerWriter, Fault, Form, open_container, sealed_with, wrap_again
from gateway.vault.keys import NO_KEYS, Key, Keys, KeyUnusable

Kind = Literal["sent", "received"]

MAGIC: Final = b"\x89GWARC\r\n"
CHUNK: Final = 1 << 18

_NAME: Final = re.compile(r"(sent|received)/\d{4}/\d{2}/[0-9a-f]{32}")
_UNFINISHED: Final = ".part"


class ArchiveUnwritable(UsageError):
    """The archive takes nothing: disk full, folder missing or read-only. Nothing half is left under a valid name."""

    page = "disk-full"
    retry = "later"


class ArchiveDamaged(NeedsPerson):
    """A file of the archive is missing, cut, of an unknown format, or not what was put in."""

    page = "store-differs"


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
    keys: Keys = field(default=NO_KEYS, compare=False, repr=False)

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
        return self._writer(name, json.dumps(about, ensure_ascii=True).encode("ascii"))

    def _writer(self, name: str, about: bytes) -> ArchiveWriter:
        try:
            key = self.keys.current
        except KeyUnusable as error:
            raise ArchiveUnwritable(f"the archive {self.root} cannot be written: {error}") from None
        if link := _link(self._path(name).parent):
            raise ArchiveUnwritable(f"the archive {self.root} cannot be written: {link} is a link")
        return ArchiveWriter(self.root, name, about, key)

    def open(self, name: str) -> ArchiveReader:
        """The plain bytes as a seekable binary stream with `size` and `header`.

        Raises ArchiveDamaged, and KeyUnusable where the file was sealed with a key that is not known here.
        """
        stream, fault = self._raw(name)
        try:
            body = open_container(stream, Form(MAGIC, name), self.keys, fault)
            return ArchiveReader(body, _parse_about(body, fault))
        except BaseException:
            stream.close()
            raise

    def sealed_with(self, name: str) -> list[str]:
        """Ids of the keys that can open a file, read from the file alone; none where it is plain.

        Raises ArchiveDamaged.
        """
        stream, fault = self._raw(name)
        with stream:
            return sealed_with(stream, Form(MAGIC, name), fault)

    def seal_again(self, name: str) -> bool:
        """Has a file opened by the current key alone: a plain one is sealed, a sealed one gets a new wrap of its key.

        Returns whether there was anything to do. Broken off at any moment, the file is as good as before or after.
        Raises ArchiveDamaged, ArchiveUnwritable and KeyUnusable.
        """
        if not self.sealed_with(name):
            self._seal_plain(name)
            return True
        try:
            stream, fault = self._raw(name, "r+")
        except ArchiveDamaged as error:
            raise ArchiveUnwritable(str(error)) from None
        with stream:
            try:
                return wrap_again(stream, Form(MAGIC, name), self.keys, fault)
            except OSError as error:
                raise _unwritable(self.root, error) from None

    def _seal_plain(self, name: str) -> None:
        """Puts a sealed copy in the place of a plain file, once it was read back and found to be the same."""
        path = self._path(name)
        with self.open(name) as plain, self._writer(name, plain.about) as writer:
            while chunk := plain.read(CHUNK):
                writer.write(chunk)
            part = writer.finish()
            stream, fault = io.FileIO(part), Fault(f"archive file {part}", ArchiveDamaged)
            with open_container(stream, Form(MAGIC, name), self.keys, fault) as copy:
                if hashlib.file_digest(io.BufferedReader(copy), "sha256").hexdigest() != writer.sha256:
                    raise ArchiveDamaged(f"archive file {path}: its sealed copy is not the same; it stays as it is")
            try:
                part.replace(path)
                _fsync_folder(path.parent)
            except OSError as error:
                raise _unwritable(self.root, error) from None

    def _raw(self, name: str, mode: Literal["r", "r+"] = "r") -> tuple[io.FileIO, Fault]:
        """The file itself; never through a link, which could lead anywhere."""
        path = self._path(name)
        try:
            if link := _link(path) or _link(path.parent):
                raise ArchiveDamaged(f"archive file {path}: {link} is a link, and links are not followed")
            return io.FileIO(path, mode), Fault(f"archive file {path}", ArchiveDamaged)
        except OSError as error:
            raise ArchiveDamaged(f"archive file {path} cannot be opened: {error.strerror}") from None

    def verify(self, name: str, sha256: str) -> None:
        """Reads the whole file. Raises ArchiveDamaged unless its plain bytes have this hash."""
        with self.open(name) as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                raise ArchiveDamaged(f"archive file {name} is not what was put in: its hash differs from the store's")

    def names(self) -> Iterator[str]:
        """Names of all kept files, oldest month first within sent and received; readable or not."""
        return (name for name in self._files() if _NAME.fullmatch(name))

    def newest(self, kind: Kind) -> list[str]:
        """Names of the files of the newest month of a kind."""
        months = sorted(path for path in (self.root / kind).glob("*/*") if path.is_dir())
        for month in reversed(months):
            place = month.relative_to(self.root).as_posix()
            if found := [name for path in month.iterdir() if _NAME.fullmatch(name := f"{place}/{path.name}")]:
                return sorted(found)
        return []

    def remove(self, name: str) -> None:
        """Lets a file go for good; harmless where it is gone already. Raises ArchiveUnwritable."""
        path = self._path(name)
        try:
            path.unlink()
            _fsync_folder(path.parent)
        except FileNotFoundError:
            return
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

    def __init__(self, root: Path, name: str, about: bytes, key: Key | None = None) -> None:
        self._root = root
        self._name = name
        self._path = root / name
        self._part = self._path.with_name(self._path.name + _UNFINISHED)
        self._hash = hashlib.sha256()
        self._size = 0
        self._stream: BinaryIO | None = None
        try:
            _make_folders(self._path.parent)
            self._stream = os.fdopen(_create(self._part), "wb", buffering=CHUNK)
            self._container = ContainerWriter(self._stream, Form(MAGIC, name), about, key)
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
            self._container.write(data)
        except OSError as error:
            self.abort()
            raise _unwritable(self._root, error) from None
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def commit(self) -> ArchivedFile:
        """Keeps the file: fsynced, under its name, folder fsynced. Raises ArchiveUnwritable."""
        part = self.finish()
        try:
            _rename_new(part, self._path)
            _fsync_folder(self._path.parent)
        except OSError as error:
            self.abort()
            raise _unwritable(self._root, error) from None
        return ArchivedFile(self._name, self._hash.hexdigest(), self._size)

    def finish(self) -> Path:
        """Ends the file, fsynced, under its unfinished name, which is returned. Raises ArchiveUnwritable."""
        if self._stream is None:
            raise ValueError("this archive file is closed")
        try:
            self._container.finish()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        except OSError as error:
            self.abort()
            raise _unwritable(self._root, error) from None
        self._stream = None
        return self._part

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

    def __init__(self, body: Body, header: Header) -> None:
        super().__init__(body, CHUNK)
        self.size = header.size
        self.header = header
        self.about = body.notes  # the header as it was written


def _parse_about(body: Body, fault: Fault) -> Header:
    try:
        about = json.loads(body.notes)
        return Header(about["kind"], datetime.fromisoformat(about["at"]), body.size, about["notes"])
    except (ValueError, KeyError, TypeError):
        raise fault("has a damaged header") from None


def _link(place: Path) -> Path | None:
    """The first of a file or month, its year and its kind that is a link: it could lead anywhere."""
    return next((one for one in (place, *list(place.parents)[:2]) if one.is_symlink()), None)


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
