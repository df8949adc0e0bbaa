"""The form of an archive file and of a backup: plain, or sealed with a key of its own.

    8  magic                   1  format version        1  algorithm (0: plain, 1: sealed)        2  zero
    4  length of the key block (empty when plain)
    4  length of the note block (JSON; sealed when the body is)
    …  key block, note block, body
    8  length of the plain body                         8  end mark

All numbers are big-endian. Sealed is AES-256-GCM: the note block as one piece, the body in pieces of PIECE plain bytes,
the last one marked as the last, so that what was cut, changed or put in another order is noticed. The context (magic,
version, algorithm, name) is authenticated with each piece: no file can stand in for another. The key block has room
for two wraps of the data key. Wrapping anew writes the empty one and then clears the other; whenever that is broken
off, one of them is whole.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from gateway.vault.keys import ID_SIZE, KEY_SIZE, WRAP_SIZE, Key, Keys, KeyUnusable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

END_MARK: Final = b"GWEND\r\n\x1a"
FORMAT_VERSION: Final = 1
PLAIN: Final = 0
SEALED: Final = 1
PIECE: Final = 1 << 16

_HEADER: Final = struct.Struct(">8sBBHII")
_TRAILER: Final = struct.Struct(">Q8s")
_NONCE: Final = struct.Struct(">B3xQ")
_NOTES, _BODY, _LAST = 0, 1, 2
_TAG: Final = 16
_LONGEST_BLOCK: Final = 1 << 20
_EMPTY: Final = bytes(WRAP_SIZE)


@dataclass(frozen=True, slots=True)
class Fault:
    """How what is wrong with a container is said, and as which error."""

    what: str  # "archive file data/…"
    error: Callable[[str], Exception]

    def __call__(self, reason: str) -> Exception:
        return self.error(f"{self.what} {reason}")


class Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Form:
    """What kind of container this is, and which one: what a file claims to be is bound to its bytes."""

    magic: bytes
    name: str = ""

    def context(self) -> bytes:
        return self.magic + bytes((FORMAT_VERSION, SEALED)) + self.name.encode()


class ContainerWriter:
    """Writes header, body and end to a stream; sealed where there is a key. What the stream raises passes through."""

    def __init__(self, stream: Sink, form: Form, notes: bytes, key: Key | None) -> None:
        self._stream = stream
        self._size = 0
        self._pieces: _Pieces | None = None
        block, algorithm = b"", PLAIN
        if key is not None:
            data_key = os.urandom(KEY_SIZE)
            self._pieces = _Pieces(data_key, form.context())
            algorithm, block = SEALED, key.wrap(data_key, form.context()) + _EMPTY
            notes = self._pieces.seal(_NOTES, 0, notes)
        stream.write(_HEADER.pack(form.magic, FORMAT_VERSION, algorithm, 0, len(block), len(notes)) + block + notes)
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        """The next bytes of the body."""
        self._size += len(data)
        if self._pieces is None:
            self._stream.write(data)
            return
        self._held += data
        while len(self._held) > PIECE:  # the last piece is never empty, unless all is
            self._seal(_BODY, PIECE)

    def finish(self) -> None:
        """The end, without which nothing is given out again."""
        if self._pieces is not None:
            self._seal(_LAST, len(self._held))
        self._stream.write(_TRAILER.pack(self._size, END_MARK))

    def _seal(self, kind: int, length: int) -> None:
        assert self._pieces is not None
        piece = bytes(memoryview(self._held)[:length])
        del self._held[:length]
        self._stream.write(self._pieces.seal(kind, self._number, piece))
        self._number += 1


class Body(io.RawIOBase):
    """The plain bytes of a container as a seekable stream, with its notes and its size."""

    notes: bytes
    size: int  # plain bytes
    key_id: str  # of the master key that opened it; empty when plain

    def __init__(self, stream: io.FileIO, opened: _Opened) -> None:
        super().__init__()
        self.notes, self.size, self.key_id = opened.notes, opened.size, opened.key_id
        self._stream = stream
        self._start, self._fault = opened.start, opened.fault
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = min(max(start + offset, 0), self.size)
        return self._position

    def close(self) -> None:
        self._stream.close()
        super().close()


class _PlainBody(Body):
    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        window = memoryview(buffer)[: self.size - self._position]
        self._stream.seek(self._start + self._position)
        count = self._stream.readinto(window) or 0
        if count == 0 and len(window):
            raise self._fault("became shorter while it was read")
        self._position += count
        return count


class _SealedBody(Body):
    def __init__(self, stream: io.FileIO, opened: _Opened, pieces: _Pieces) -> None:
        super().__init__(stream, opened)
        self._pieces = pieces
        self._last = max(self.size - 1, 0) // PIECE
        self._held, self._held_number = b"", -1
        if not self.size:
            self._open(0)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        window = memoryview(buffer)[: self.size - self._position]
        if not len(window):
            return 0
        number, offset = divmod(self._position, PIECE)
        if number != self._held_number:
            self._open(number)
        part = memoryview(self._held)[offset : offset + len(window)]
        window[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _open(self, number: int) -> None:
        is_last = number == self._last
        length = (self.size - number * PIECE if is_last else PIECE) + _TAG
        self._stream.seek(self._start + number * (PIECE + _TAG))
        sealed = self._stream.read(length)
        plain = self._pieces.open(_LAST if is_last else _BODY, number, sealed)
        if plain is None:
            raise self._fault("is not what was put in: its bytes were changed")
        self._held, self._held_number = plain, number


class _Pieces:
    """Seals and opens the pieces of one file; its key is used for nothing else, so a number is nonce enough."""

    def __init__(self, data_key: bytes, context: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher: AESGCM = AESGCM(data_key)
        self._context = context

    def seal(self, kind: int, number: int, plain: bytes) -> bytes:
        return self._cipher.encrypt(_NONCE.pack(kind, number), plain, self._context)

    def open(self, kind: int, number: int, sealed: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        if len(sealed) < _TAG:
            return None
        try:
            return self._cipher.decrypt(_NONCE.pack(kind, number), sealed, self._context)
        except InvalidTag:
            return None


@dataclass(frozen=True, slots=True)
class _Opened:
    notes: bytes
    size: int
    key_id: str
    start: int
    fault: Fault


def open_container(stream: io.FileIO, form: Form, keys: Keys, fault: Fault) -> Body:
    """Opens one from its first byte; the body then owns the stream.

    Raises what `fault` makes of a reason (damaged, cut), and KeyUnusable where no key opens it.
    """
    head = _read_head(stream, form, fault)
    if head.algorithm == PLAIN:
        stream.seek(head.start - head.note_length)
        notes = stream.read(head.note_length)
        return _PlainBody(stream, _Opened(notes, head.size, "", head.start, fault))
    slot, data_key = _unwrapped(head.block, form, keys, fault)
    pieces = _Pieces(data_key, form.context())
    stream.seek(head.start - head.note_length)
    opened = pieces.open(_NOTES, 0, stream.read(head.note_length))
    if opened is None:
        raise fault("has a damaged header")
    return _SealedBody(stream, _Opened(opened, head.size, _ids(head.block)[slot], head.start, fault), pieces)


def sealed_with(stream: io.FileIO, form: Form, fault: Fault) -> list[str]:
    """Ids of the master keys that can open it, without opening it: none when plain, two where a change was broken
    off."""
    head = _read_head(stream, form, fault)
    return [key_id for key_id in _ids(head.block) if key_id] if head.algorithm == SEALED else []


def wrap_again(stream: io.FileIO, form: Form, keys: Keys, fault: Fault) -> bool:
    """Wraps the data key of a sealed file by the current key, in place and synced; whether there was anything to do.

    Broken off at any moment, the file opens by the former key, or by the new one. Raises as `open_container` does.
    """
    assert keys.current is not None
    head = _read_head(stream, form, fault)
    if head.algorithm == PLAIN:
        return False
    slot, data_key = _unwrapped(head.block, form, keys, fault)
    ids = _ids(head.block)
    if ids[slot] == keys.current.id and not ids[1 - slot]:
        return False
    if ids[slot] != keys.current.id:
        _put(stream, 1 - slot, keys.current.wrap(data_key, form.context()))
        slot = 1 - slot
    os.fsync(stream.fileno())  # the wrap that stays may be of a process that died before it was synced
    _put(stream, 1 - slot, _EMPTY)
    return True


def _put(stream: io.FileIO, slot: int, wrap: bytes) -> None:
    os.pwrite(stream.fileno(), wrap, _HEADER.size + slot * WRAP_SIZE)
    os.fsync(stream.fileno())


@dataclass(frozen=True, slots=True)
class _Head:
    algorithm: int
    block: bytes
    note_length: int
    start: int  # of the body
    size: int  # plain bytes


def _read_head(stream: io.FileIO, form: Form, fault: Fault) -> _Head:
    total = os.fstat(stream.fileno()).st_size
    stream.seek(0)
    fixed = stream.read(_HEADER.size)
    if len(fixed) < _HEADER.size or not fixed.startswith(form.magic):
        raise fault("does not begin as it should")
    _, version, algorithm, _, key_length, note_length = _HEADER.unpack(fixed)
    if version != FORMAT_VERSION or algorithm not in (PLAIN, SEALED):
        raise fault(f"has format {version}.{algorithm}, which this version cannot read")
    if max(key_length, note_length) > _LONGEST_BLOCK or (algorithm == SEALED and key_length != 2 * WRAP_SIZE):
        raise fault("has a damaged header")
    block = stream.read(key_length)
    start = _HEADER.size + key_length + note_length
    size = _plain_size(total - start - _TRAILER.size, algorithm)
    if size < 0:
        raise fault("was cut off while it was written")
    stream.seek(total - _TRAILER.size)
    if _TRAILER.unpack(stream.read(_TRAILER.size)) != (size, END_MARK):
        raise fault("was cut off while it was written")
    return _Head(algorithm, block, note_length, start, size)


def _plain_size(length: int, algorithm: int) -> int:
    """Of a body that takes so many bytes in the file."""
    return length if algorithm == PLAIN else length - _TAG * max(-(-length // (PIECE + _TAG)), 1)


def _ids(block: bytes) -> list[str]:
    """The id in each place of a key block; empty where the place is."""
    starts = range(0, len(block), WRAP_SIZE)
    ids = (block[start : start + ID_SIZE] for start in starts)
    return [key_id.hex() if any(key_id) else "" for key_id in ids]


def _unwrapped(block: bytes, form: Form, keys: Keys, fault: Fault) -> tuple[int, bytes]:
    """In which place a key of ours is, and the data key."""
    ids = _ids(block)
    unknown = []
    for slot, key_id in enumerate(ids):
        key = keys.find(key_id) if key_id else None
        wrap = block[slot * WRAP_SIZE : (slot + 1) * WRAP_SIZE]
        if key is not None and (data_key := key.unwrap(wrap, form.context())) is not None:
            return slot, data_key
        if key_id and key is None:
            unknown.append(key_id)
    if not unknown:
        raise fault("has a damaged header")
    mend = "name it as `key`, or in `former`, in [encryption] of gateway.toml"
    raise KeyUnusable(f"{fault.what} is sealed with the key {unknown[0]}, which is not known here: {mend}")
