"""What a file is and which of its sets are ours to read: by content alone, never by name.

A mailbox holds X12, archives of it, text reports for people, other systems' claims and now and then rubbish. Archives
are opened one level deep, with limits on size, ratio and number, so that none of them can fill memory or disk.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol, cast

SNIFFED = 1 << 16


class Content(StrEnum):
    """What the bytes of a file are."""

    X12 = "x12"
    ZIP = "zip"
    GZIP = "gzip"
    TEXT = "text"  # a report for people: kept, not read
    ENCRYPTED = "encrypted"
    PDF = "pdf"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Limits(NamedTuple):
    """What an archive may hold."""

    size: int = 2 << 30  # bytes of all members together
    ratio: int = 250  # times the bytes that the archive has on disk
    members: int = 1000


LIMITS = Limits()


class Member(NamedTuple):
    """One file of an archive. `fault` is set once reading came to an end before the member did."""

    name: str
    stream: LimitedStream


class BadArchive(Exception):
    """The archive cannot be opened at all; the text is a sentence for a person. It never leaves this room's callers."""


_BLANK = b" \t\r\n\v\f\x00\x1a\xef\xbb\xbf"
_START = re.compile(rb"(?:ISA|GS(?=([^A-Za-z0-9\s])[A-Z]{2}\1)|ST(?=([^A-Za-z0-9\s])\d{3}\2))(?=[^A-Za-z0-9\s])")
_ISA_INSIDE = re.compile(rb"ISA([^A-Za-z0-9\s])..\1.{10}\1..\1.{10}\1..\1", re.DOTALL)
_FEW = 0.02  # of control characters that a text may have


def sniff(head: bytes) -> Content:
    """What a file is by its first bytes (SNIFFED are enough)."""
    if not head.strip(_BLANK):
        return Content.EMPTY
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return Content.ZIP
    if head.startswith(b"\x1f\x8b"):
        return Content.GZIP
    if head.lstrip(_BLANK).startswith(b"%PDF"):
        return Content.PDF
    if b"-----BEGIN PGP" in head[:200]:
        return Content.ENCRYPTED
    if _START.match(head.lstrip(_BLANK)) or _ISA_INSIDE.search(head):
        return Content.X12
    return Content.TEXT if _is_text(head) else Content.UNKNOWN


def _is_text(head: bytes) -> bool:
    """Whether a person could read it: hardly any control characters, and no NUL as UTF-16 and binaries have."""
    if b"\x00" in head:
        return False
    controls = sum(head.count(bytes((code,))) for code in (*range(1, 9), *range(14, 32), 127))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        high = sum(byte > 127 for byte in head)
        return (controls + high) <= len(head) * _FEW
    return controls <= len(head) * _FEW


def members(stream: BinaryIO, content: Content, size: int, limits: Limits = LIMITS) -> Iterator[Member]:
    """The files in a ZIP or GZIP archive of `size` bytes, in its order; each must be read before the next is asked for.

    Raises BadArchive where nothing can be read of it, or where it holds more files than the limit.
    """
    budget = _Budget(limits.size, max(1 << 20, size * limits.ratio))
    if content is Content.GZIP:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield Member("", LimitedStream(unpacked, budget))
        return
    try:
        with zipfile.ZipFile(stream) as archive:
            yield from _zip_members(archive, budget, limits)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError):
        raise BadArchive("the ZIP archive is damaged") from None


def _zip_members(archive: zipfile.ZipFile, budget: _Budget, limits: Limits) -> Iterator[Member]:
    listed = [info for info in archive.infolist() if not info.is_dir()]
    if len(listed) > limits.members:
        raise BadArchive(f"the ZIP archive holds more than {limits.members} files")
    if fault := budget.refuses(sum(info.file_size for info in listed)):
        raise BadArchive(fault)
    for info in listed:
        if info.flag_bits & 1:
            raise BadArchive("a file in the ZIP archive is encrypted")
        with archive.open(info) as unpacked:
            yield Member(info.filename, LimitedStream(cast(zipfile.ZipExtFile, unpacked), budget))


class _Budget:
    """Bytes that may still come out of an archive, all members together."""

    __slots__ = ("left", "ratio_left")

    def __init__(self, left: int, ratio_left: int) -> None:
        self.left = left
        self.ratio_left = ratio_left

    def spend(self, count: int) -> str:
        """Empty, or why no more may be read."""
        self.left -= count
        self.ratio_left -= count
        return self.refuses(0)

    def refuses(self, count: int) -> str:
        """Why so many more bytes may not come; empty where they may."""
        if self.left < count:
            return "the archive unpacks to more bytes than allowed"
        return "the archive is packed too tightly to be what it says" if self.ratio_left < count else ""


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...  # what is there, so that damage behind it takes nothing back


class LimitedStream(io.RawIOBase):
    """A member while it is unpacked. Damage and limits end it early and say so in `fault`, they do not raise."""

    def __init__(self, source: _Readable, budget: _Budget) -> None:
        super().__init__()
        self.fault = ""
        self._source = source
        self._budget = budget
        self._ahead = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; empty at the end and at a fault."""
        if self._ahead:
            found, self._ahead = (self._ahead, b"") if size < 0 else (self._ahead[:size], self._ahead[size:])
            return found
        if self.fault:
            return b""
        wanted = SNIFFED if size < 0 else size
        try:
            found = self._source.read1(wanted)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
            self.fault = "the archive is damaged"
            return b""
        self.fault = self._budget.spend(len(found))
        return b"" if self.fault else found

    def peek(self, size: int = SNIFFED) -> bytes:
        """The first bytes, which the next `read` gives again."""
        while len(self._ahead) < size:
            ahead, self._ahead = self._ahead, b""
            more = self.read(size - len(ahead))
            self._ahead = ahead + more
            if not more:
                break
        return self._ahead


class Route(StrEnum):
    """What becomes of a transaction set."""

    READ = "read"
    PARK = "park"  # perhaps about our claims, in a guide that the gateway does not know
    IGNORE = "ignore"  # not ours to read: claims, eligibility, enrolment …


READ = frozenset(("999", "997", "277CA", "277", "835"))
_STATUS_GUIDES = ("005010X212", "004010X093")
_UNREAD = frozenset(("835", "999", "997", "277", "824", "864"))


def route(kind: str, code: str, version: str) -> Route:
    """What to do with a set by its kind (ST01 and guide), ST01, and guide (ST03, else GS08)."""
    if kind == "277" and not version.startswith(_STATUS_GUIDES) and version:
        return Route.PARK
    if kind in READ:
        return Route.READ
    return Route.PARK if code in _UNREAD else Route.IGNORE
