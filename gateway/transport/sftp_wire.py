"""SFTP version 3 (draft-ietf-secsh-filexfer-02) over an opened byte channel: packets, requests, replies, limits.

The gateway frames SFTP itself, because what a delivery rests on must be seen: the status of every single write and of
the close, replies in any order, file names as bytes, and a time limit on each wait. It asks only for what it needs.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

VERSION: Final = 3
LONGEST_PACKET: Final = 4 << 20  # bytes; servers send listings of up to a quarter of this
_RECEIVE: Final = 1 << 20
_FLUSH_AT: Final = 1 << 18


class Kind(IntEnum):
    """Packet types."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    STAT = 17
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105


class Code(IntEnum):
    """Status codes; those from 10 on belong to later versions, but servers send them to us all the same."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    UNSUPPORTED = 8
    NO_SUCH_PATH = 10
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_SPACE = 14
    QUOTA_EXCEEDED = 15


READ: Final = 0x01
WRITE: Final = 0x02
CREATE: Final = 0x08
EXCLUSIVE: Final = 0x20

_ATTR_SIZE: Final = 0x01
_ATTR_OWNER: Final = 0x02
_ATTR_MODE: Final = 0x04
_ATTR_TIMES: Final = 0x08
_ATTR_EXTENDED: Final = 0x80000000
_NO_ATTRIBUTES: Final = b"\0\0\0\0"

_U32: Final = struct.Struct(">I")
_U64: Final = struct.Struct(">Q")


class ByteChannel(Protocol):
    """What carries the packets. Each call may raise whatever its library raises; see `Wire`."""

    def send(self, data: bytes, /) -> int: ...

    def recv(self, count: int, /) -> bytes: ...

    def settimeout(self, seconds: float, /) -> None: ...


class WireError(Exception):
    """The session is over: connection lost, nothing came in time, or the server broke the protocol."""


class StatusError(Exception):
    """The server answered with a status that is not OK. Its text is dropped: it may name files."""

    def __init__(self, code: int) -> None:
        super().__init__(f"status {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the server tells about a file."""

    size: int | None
    mode: int | None  # type and permissions as in POSIX
    modified: int | None  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing."""

    name: bytes
    longname: bytes  # as `ls -l` shows it
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, still packed."""

    request: int
    kind: int
    body: bytes


class Wire:
    """One SFTP session. `lost` are the exceptions by which the channel says that it is gone."""

    def __init__(
        self,
        channel: ByteChannel,
        *,
        lost: tuple[type[Exception], ...] = (OSError, EOFError),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._lost = lost
        self._clock = clock
        self._deadline = clock()
        self._stall = 0.0
        self._next = 0
        self._waiting: set[int] = set()  # requests whose reply somebody still wants
        self._out = bytearray()
        self._in = bytearray()
        self._at = 0  # start of the first packet in `_in` that was not given out

    def limit(self, stall: float, total: float) -> None:
        """From now on: at most `stall` seconds without a byte moving, and `total` seconds altogether."""
        self._stall = stall
        self._deadline = self._clock() + total

    def start(self) -> None:
        """Agrees on the version. Raises WireError."""
        self._put(Kind.INIT, _U32.pack(VERSION))
        kind, body = self._packet()
        if kind != Kind.VERSION or len(body) < 4 or _U32.unpack_from(body)[0] != VERSION:
            raise WireError("the server does not speak SFTP version 3")

    def post(self, kind: Kind, *fields: bytes) -> int:
        """Puts a request on its way and returns its number; its reply comes out of `reply`."""
        self._next = (self._next + 1) & 0xFFFFFFFF
        self._put(kind, _U32.pack(self._next), *fields)
        self._waiting.add(self._next)
        return self._next

    def reply(self) -> Reply:
        """The next reply to a request that somebody waits for. Raises WireError."""
        self.flush()
        while True:
            kind, body = self._packet()
            if len(body) < 4:
                raise WireError("the server sent a packet without a number")
            request = _U32.unpack_from(body)[0]
            if request in self._waiting:
                self._waiting.remove(request)
                return Reply(request, kind, body[4:])

    def call(self, kind: Kind, *fields: bytes) -> Reply:
        """Asks and waits for the answer; what else arrives meanwhile belongs to requests given up."""
        self.abandon()
        self.post(kind, *fields)
        return self.reply()

    def abandon(self) -> None:
        """Gives up all replies that are still on their way."""
        self._waiting.clear()

    def flush(self) -> None:
        """Sends what was posted. Raises WireError."""
        if not self._out:
            return
        data, self._out = memoryview(bytes(self._out)), bytearray()
        while data:
            self._set_timeout()
            try:
                sent = self._channel.send(bytes(data[:_FLUSH_AT]))
            except self._lost as error:
                raise WireError(_reason(error)) from None
            if sent <= 0:
                raise WireError("the connection was closed")
            data = data[sent:]

    def _put(self, kind: Kind, *fields: bytes) -> None:
        self._out += _U32.pack(1 + sum(map(len, fields)))
        self._out.append(kind)
        for field in fields:
            self._out += field
        if len(self._out) >= _FLUSH_AT or kind == Kind.INIT:
            self.flush()

    def _packet(self) -> tuple[int, bytes]:
        self._need(5)
        length = _U32.unpack_from(self._in, self._at)[0]
        if not 1 <= length <= LONGEST_PACKET:
            raise WireError("the server sent something that is not SFTP")
        self._need(4 + length)
        start = self._at
        self._at = end = start + 4 + length
        return self._in[start + 4], bytes(memoryview(self._in)[start + 5 : end])

    def _need(self, count: int) -> None:
        """Receives until `count` bytes stand after `_at`."""
        if self._at and len(self._in) - self._at < count:
            del self._in[: self._at]
            self._at = 0
        while len(self._in) - self._at < count:
            self._set_timeout()
            try:
                chunk = self._channel.recv(_RECEIVE)
            except self._lost as error:
                raise WireError(_reason(error)) from None
            if not chunk:
                raise WireError("the connection was closed")
            self._in += chunk

    def _set_timeout(self) -> None:
        left = self._deadline - self._clock()
        if left <= 0:
            raise WireError("it took longer than its time limit")
        self._channel.settimeout(min(self._stall, left))


def string_field(data: bytes) -> bytes:
    """A string field."""
    return _U32.pack(len(data)) + data


def u32_field(value: int) -> bytes:
    """A 32-bit field."""
    return _U32.pack(value)


def u64_field(value: int) -> bytes:
    """A 64-bit field."""
    return _U64.pack(value)


def open_fields(path: bytes, flags: int) -> tuple[bytes, bytes, bytes]:
    """The fields of OPEN; attributes are left to the server."""
    return string_field(path), u32_field(flags), _NO_ATTRIBUTES


def expect_ok(reply: Reply) -> None:
    """Raises StatusError unless the reply is the status OK, WireError if it is no status."""
    code = status_of(reply)
    if code is None:
        raise WireError("the server answered with the wrong kind of packet")
    if code != Code.OK:
        raise StatusError(code)


def status_of(reply: Reply) -> int | None:
    """The code of a status reply, None for any other kind."""
    if reply.kind != Kind.STATUS:
        return None
    return _Fields(reply.body).u32()


def string_of(reply: Reply, kind: Kind) -> bytes:
    """The handle or the data of a reply of that kind; StatusError where it is a status, even OK."""
    return _body_of(reply, kind).string()


def attributes_of(reply: Reply) -> Attributes:
    """The attributes of a reply to STAT or LSTAT. Raises StatusError."""
    return _body_of(reply, Kind.ATTRS).attributes()


def entries_of(reply: Reply) -> list[Entry]:
    """The lines of a reply to READDIR. Raises StatusError (EOF at the end)."""
    fields = _body_of(reply, Kind.NAME)
    return [Entry(fields.string(), fields.string(), fields.attributes()) for _ in range(fields.u32())]


def _body_of(reply: Reply, kind: Kind) -> _Fields:
    code = status_of(reply)
    if code is not None:
        raise StatusError(code)
    if reply.kind != kind:
        raise WireError("the server answered with the wrong kind of packet")
    return _Fields(reply.body)


class _Fields:
    """Reads the fields of a body, one after the other; WireError where the body is too short."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._body):
            raise WireError("the server sent a packet that is too short")
        taken = self._body[self._at : end]
        self._at = end
        return taken

    def u32(self) -> int:
        value: int = _U32.unpack(self._take(4))[0]
        return value

    def u64(self) -> int:
        value: int = _U64.unpack(self._take(8))[0]
        return value

    def string(self) -> bytes:
        return self._take(self.u32())

    def attributes(self) -> Attributes:
        flags = self.u32()
        size = self.u64() if flags & _ATTR_SIZE else None
        if flags & _ATTR_OWNER:
            self._take(8)
        mode = self.u32() if flags & _ATTR_MODE else None
        modified = None
        if flags & _ATTR_TIMES:
            self._take(4)
            modified = self.u32()
        if flags & _ATTR_EXTENDED:
            for _ in range(self.u32()):
                self.string()
                self.string()
        return Attributes(size, mode, modified)


def _reason(error: Exception) -> str:
    return "nothing came back in time" if isinstance(error, TimeoutError) else "the connection was lost"
