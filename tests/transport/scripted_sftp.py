"""An SFTP server without a network: packets in, packets out, so that a test decides every status and every order."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.transport.sftp_wire import Code, Kind

REGULAR = 0o100644
FOLDER = 0o040755


def status(code: int, text: bytes = b"DOE_JOHN said no") -> tuple[int, bytes]:
    """A status with a text that must never be shown."""
    return Kind.STATUS, struct.pack(">I", code) + _string(text) + _string(b"en")


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


@dataclass
class ScriptedServer:
    """Files by path, and answers that a test puts in place of the usual ones.

    `answers[kind]` is asked first with the number of that request among its kind; None means the usual answer.
    """

    files: dict[bytes, bytes] = field(default_factory=dict)
    folders: set[bytes] = field(default_factory=lambda: {b"in", b"out"})
    answers: dict[int, Callable[[int], tuple[int, bytes] | None]] = field(default_factory=dict)
    raw: Callable[[int], bytes | None] = lambda kind: None  # bytes to send instead of a packet
    reorder: bool = False  # give back the replies of one burst last first
    most: int = 1 << 20  # most bytes of data in one reply
    asked: list[int] = field(default_factory=list)
    closed: bool = False
    _handles: dict[bytes, bytes] = field(default_factory=dict)
    _listed: set[bytes] = field(default_factory=set)
    _in: bytes = b""
    _out: list[bytes] = field(default_factory=list)

    # the client's side of the channel

    def send(self, data: bytes, /) -> int:
        if self.closed:
            raise OSError("closed")
        self._in += data
        while len(self._in) >= 4:
            (length,) = struct.unpack(">I", self._in[:4])
            if len(self._in) < 4 + length:
                break
            packet, self._in = self._in[4 : 4 + length], self._in[4 + length :]
            self._serve(packet[0], packet[1:])
        return len(data)

    def recv(self, count: int, /) -> bytes:
        if self.reorder:
            self._out.reverse()
        if not self._out:
            if self.closed:
                return b""
            raise TimeoutError
        return self._out.pop(0)

    def settimeout(self, seconds: float, /) -> None:
        assert seconds > 0

    # the connection of which this is the channel

    @property
    def channel(self) -> ScriptedServer:
        return self

    def close(self) -> None:
        self.closed = True

    # the server

    def _serve(self, kind: int, body: bytes) -> None:
        raw = self.raw(kind)
        if raw is not None:
            self._out.append(raw)
            return
        if kind == Kind.INIT:
            self._reply(Kind.VERSION, struct.pack(">I", 3) + _string(b"vendor-id") + _string(b"x"))
            return
        request, body = body[:4], body[4:]
        number = self.asked.count(kind)
        self.asked.append(kind)
        scripted = self.answers.get(kind)
        answer = scripted(number) if scripted else None
        answer_kind, answer_body = answer or self._usual(kind, body)
        self._reply(answer_kind, request + answer_body)

    def _reply(self, kind: int, body: bytes) -> None:
        self._out.append(struct.pack(">IB", 1 + len(body), kind) + body)

    def _usual(self, kind: int, body: bytes) -> tuple[int, bytes]:
        first = body[4 : 4 + struct.unpack(">I", body[:4])[0]]
        rest = body[4 + len(first) :]
        match kind:
            case Kind.OPEN:
                return self._open(first, struct.unpack(">I", rest[:4])[0])
            case Kind.CLOSE:
                return status(Code.OK)
            case Kind.WRITE:
                (offset,) = struct.unpack(">Q", rest[:8])
                return self._write(first, offset, rest[12:])
            case Kind.READ:
                offset, length = struct.unpack(">QI", rest)
                data = self.files[self._handles[first]][offset:][: min(length, self.most)]
                return (Kind.DATA, _string(data)) if data else status(Code.EOF)
            case Kind.STAT:
                return self._stat(first)
            case Kind.OPENDIR:
                return self._opendir(first)
            case Kind.READDIR:
                return self._readdir(first)
            case Kind.REMOVE:
                return status(Code.OK if self.files.pop(first, None) is not None else Code.NO_SUCH_FILE)
            case Kind.RENAME:
                return self._rename(first, rest[4:])
        return status(Code.UNSUPPORTED)

    def _open(self, path: bytes, flags: int) -> tuple[int, bytes]:
        folder = path.rpartition(b"/")[0]
        if folder not in self.folders or (not flags & 0x08 and path not in self.files):
            return status(Code.NO_SUCH_FILE)
        if flags & 0x20 and path in self.files:
            return status(Code.FAILURE)
        if flags & 0x08:
            self.files[path] = b""
        handle = f"h{len(self._handles)}".encode()
        self._handles[handle] = path
        return Kind.HANDLE, _string(handle)

    def _write(self, handle: bytes, offset: int, data: bytes) -> tuple[int, bytes]:
        path = self._handles[handle]
        old = self.files[path].ljust(offset, b"\0")
        self.files[path] = old[:offset] + data + old[offset + len(data) :]
        return status(Code.OK)

    def _stat(self, path: bytes) -> tuple[int, bytes]:
        if path in self.files:
            return Kind.ATTRS, self._attributes(len(self.files[path]), REGULAR)
        if path in self.folders:
            return Kind.ATTRS, self._attributes(0, FOLDER)
        return status(Code.NO_SUCH_FILE)

    def _opendir(self, path: bytes) -> tuple[int, bytes]:
        if path not in self.folders:
            return status(Code.NO_SUCH_FILE)
        handle = f"d{len(self._handles)}".encode()
        self._handles[handle] = path
        return Kind.HANDLE, _string(handle)

    def _readdir(self, handle: bytes) -> tuple[int, bytes]:
        if handle in self._listed:
            return status(Code.EOF)
        self._listed.add(handle)
        folder = self._handles[handle] + b"/"
        lines = [(path[len(folder) :], data) for path, data in self.files.items() if path.startswith(folder)]
        packed = [
            _string(name) + _string(b"-rw-r--r-- " + name) + self._attributes(len(data), REGULAR)
            for name, data in lines
        ]
        return Kind.NAME, struct.pack(">I", len(packed)) + b"".join(packed)

    def _rename(self, old: bytes, new: bytes) -> tuple[int, bytes]:
        if old not in self.files or new.rpartition(b"/")[0] not in self.folders:
            return status(Code.NO_SUCH_FILE)
        if new in self.files:
            return status(Code.FAILURE)
        self.files[new] = self.files.pop(old)
        return status(Code.OK)

    def _attributes(self, size: int, mode: int) -> bytes:
        return struct.pack(">IQIIIII", 0x0F, size, 1, 1, mode, 5, 1_700_000_000)
