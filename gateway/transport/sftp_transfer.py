"""Moving a file through an open SFTP handle with many requests under way, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO, Final

from gateway.transport.port import Progress, RemoteChanged, Sink
from gateway.transport.sftp_wire import (
    Code,
    Kind,
    Reply,
    Wire,
    WireError,
    expect_ok,
    status_of,
    string_field,
    string_of,
    u32_field,
    u64_field,
)

CHUNK: Final = 32768  # bytes a request; what every server takes
WINDOW: Final = 64  # requests under way, as OpenSSH's client does: 2 MiB
_BURST: Final = 8  # replies taken between two bursts of writes, so that writes travel in full packets


def upload(wire: Wire, handle: bytes, source: BinaryIO, progress: Progress | None = None) -> int:
    """Writes source to its end; returns its bytes, each of which the server has confirmed.

    Raises StatusError for the first write that the server refused, WireError.
    """
    sent = confirmed = 0
    under_way: dict[int, int] = {}
    while chunk := source.read(CHUNK):
        request = wire.post(Kind.WRITE, string_field(handle), u64_field(sent), string_field(chunk))
        sent += len(chunk)
        under_way[request] = len(chunk)
        if len(under_way) >= WINDOW:
            confirmed += _confirm(wire, under_way, _BURST)
            _tell(progress, confirmed)
    while under_way:
        confirmed += _confirm(wire, under_way, 1)
        _tell(progress, confirmed)
    return confirmed


def _confirm(wire: Wire, under_way: dict[int, int], count: int) -> int:
    """Takes the next replies; returns the bytes that they confirm."""
    confirmed = 0
    for _ in range(count):
        reply = wire.reply()
        expect_ok(reply)
        confirmed += under_way.pop(reply.request)
    return confirmed


def download(wire: Wire, handle: bytes, sink: Sink, limit: int | None = None, progress: Progress | None = None) -> int:
    """Reads the file to its end into sink, in order; returns its bytes.

    Raises RemoteChanged where there is more than `limit` or where the end moved meanwhile, StatusError, WireError.
    """
    reading = _Reading(wire, handle, limit)
    while True:
        reading.ask()
        if not reading.under_way:
            break
        reading.take(wire.reply())
        before = reading.written
        for data in reading.in_order():
            sink.write(data)
        if reading.written != before:
            _tell(progress, reading.written)
    if reading.early:
        raise RemoteChanged("a file became shorter while it was fetched")
    return reading.written


@dataclass(slots=True)
class _Reading:
    """Requests under way, and data that came before its turn: together never more than WINDOW."""

    wire: Wire
    handle: bytes
    limit: int | None
    written: int = 0
    under_way: dict[int, tuple[int, int]] = field(default_factory=dict)  # request -> offset, length
    early: dict[int, bytes] = field(default_factory=dict)  # offset -> data
    _asked: int = 0  # everything before this offset was asked for
    _done: bool = False  # nothing beyond needs to be asked for
    _width: int = 2  # grows with each reply where the size is not known

    def ask(self) -> None:
        """Puts as many requests on their way as there is room for."""
        width = WINDOW if self.limit is not None else self._width
        while not self._done and len(self.under_way) + len(self.early) < width:
            length = CHUNK
            if self.limit is not None and self._asked < self.limit:
                length = min(CHUNK, self.limit - self._asked)
            elif self.limit is not None:
                self._done = True  # this one only proves that there is no more
            self._ask_for(self._asked, length)
            self._asked += length

    def take(self, reply: Reply) -> None:
        """Takes one reply: data, perhaps less than asked for, or the end."""
        offset, length = self.under_way.pop(reply.request)
        self._width = min(WINDOW, self._width + 1)
        if status_of(reply) == Code.EOF:
            self._done = True
            return
        data = string_of(reply, Kind.DATA)
        if not 0 < len(data) <= length:
            raise WireError("the server sent no data, or more than asked for")
        if self.limit is not None and offset + len(data) > self.limit:
            raise RemoteChanged("a file holds more than was listed")
        self.early[offset] = data
        if len(data) < length:
            self._ask_for(offset + len(data), length - len(data))

    def in_order(self) -> list[bytes]:
        """The data whose turn has come."""
        ready = []
        while (data := self.early.pop(self.written, None)) is not None:
            ready.append(data)
            self.written += len(data)
        return ready

    def _ask_for(self, offset: int, length: int) -> None:
        request = self.wire.post(Kind.READ, string_field(self.handle), u64_field(offset), u32_field(length))
        self.under_way[request] = (offset, length)


def _tell(progress: Progress | None, count: int) -> None:
    if progress is not None:
        progress(count)
