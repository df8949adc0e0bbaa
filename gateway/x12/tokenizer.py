"""From a stream of bytes to blocks of segments, in constant memory.

A block is a run of whole segments under the same delimiters, split at once; where its envelope segments stand is found
by one search over its text, so that no other segment is looked at here. Splitting does not depend on how the bytes
arrive: other chunk sizes give other blocks, but the same segments.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from gateway.x12 import faults
from gateway.x12.block import BLANK_BYTES, BYTE_ORDER_MARK, Block, Dialect, skip_blanks
from gateway.x12.delimiters import WIDTH, WINDOW, Header, guess, read_header
from gateway.x12.faults import Fault
from gateway.x12.values import Delimiters

# Where a file begins that has other text before it.
_START = re.compile(
    rb"ISA([^A-Za-z0-9\s])[A-Za-z0-9 ]{0,4}\1"
    rb"|(?<![A-Za-z0-9])(?:GS([^A-Za-z0-9\s])[A-Z]{2}\2|ST([^A-Za-z0-9\s])[0-9]{3}\3)"
)
_LONGEST_START = 10
# An ISA in its fixed width, sure enough to end a segment that lost its terminator.
_SURE_ISA = re.compile(
    rb"ISA([^A-Za-z0-9\s])..\1.{10}\1..\1.{10}\1..\1.{15}\1..\1.{15}\1\d{6}\1\d{4}\1.\1\d{5}\1\d{9}\1.\1.\1..",
    re.DOTALL,
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"I\x00S\x00", b"\x00I\x00S")


class Note(NamedTuple):
    """A fault of the file itself, found before or between segments."""

    fault: Fault
    offset: int


class NewInterchange(NamedTuple):
    """An ISA: from here its delimiters hold."""

    header: Header
    offset: int


class TooLong(NamedTuple):
    """A segment over the limit; its bytes are skipped."""

    offset: int


Token = Note | NewInterchange | TooLong | Block


class Tokenizer:
    """Splits a stream; see the module."""

    def __init__(self, stream: BinaryIO, chunk_size: int, max_segment: int) -> None:
        self._stream = stream
        self._chunk_size = max(1, chunk_size)
        self._max_segment = max(1, max_segment)
        self._buffer = b""
        self._at = 0  # where in the buffer the next segment begins
        self._base = 0  # offset of the buffer in the file
        self._ended = False  # the stream has no more to give
        self._searched = 0  # offset in the file before which no ISA begins but at the next segment
        self.delimiters = Delimiters()
        self._dialect = Dialect(self.delimiters, "ascii")

    def tokens(self) -> Iterator[Token]:
        """All there is in the stream, in file order."""
        yield from self._open()
        while self._skip_blanks():
            if self._is_header():
                yield self._header()
            else:
                yield from self._segments()

    # Reading

    def _fill(self) -> bool:
        """Read one more chunk behind what is left; False at the end of the stream."""
        if self._ended:
            return False
        parts, wanted = [self._buffer[self._at :]], self._chunk_size
        while wanted > 0 and not self._ended:
            part = self._stream.read(wanted)
            self._ended = not part
            wanted -= len(part)
            parts.append(part)
        self._base += self._at
        self._at = 0
        self._buffer = b"".join(parts)
        return True

    def _need(self, count: int) -> None:
        while len(self._buffer) - self._at < count and self._fill():
            pass

    def _skip_blanks(self) -> bool:
        """Move to what is not blank, with at least four bytes in sight where there are; False at the end."""
        while True:
            self._at = skip_blanks(self._buffer, self._at)
            if len(self._buffer) - self._at >= 4:
                return True
            if not self._fill():
                return self._at < len(self._buffer)

    def _stop(self) -> None:
        self._at, self._ended = len(self._buffer), True

    # The beginning of the file

    def _open(self) -> Iterator[Note]:
        self._need(4)
        if self._buffer.startswith(_UTF_16):
            self._stop()
            yield Note(faults.UTF_16, 0)
        elif not self._skip_blanks():
            yield Note(faults.EMPTY_FILE, 0)
        elif b"ISA".startswith(self._buffer[self._at :]):
            self._stop()
            yield Note(faults.ISA_TRUNCATED, 0)
        elif not self._is_header():
            yield from self._seek()

    def _seek(self) -> Iterator[Note]:
        """Skip text before the first segment of an envelope; without an ISA, guess the delimiters."""
        first, searched = self._base + self._at, self._at
        while (found := _START.search(self._buffer, searched)) is None:
            kept = max(searched, len(self._buffer) - _LONGEST_START)
            searched = min(1, kept)  # one byte before shows whether a name begins there
            self._at = kept - searched
            if not self._fill():
                self._stop()
                yield Note(faults.NOT_X12, first)
                return
        self._at = found.start()
        if self._base + self._at > first:
            yield Note(faults.TEXT_BEFORE_ISA, first)
        if not self._is_header():
            yield Note(faults.NO_ISA, self._base + self._at)
            self._need(WINDOW)
            text, encoding = _decode_window(self._buffer[self._at : self._at + WINDOW])
            self._use(guess(text), encoding)

    # An ISA

    def _is_header(self) -> bool:
        after = self._buffer[self._at + 3 : self._at + 4]
        return self._buffer.startswith(b"ISA", self._at) and after != b"" and not (after.isalnum() or after.isspace())

    def _header(self) -> NewInterchange:
        self._need(WINDOW)
        text, encoding = _decode_window(self._buffer[self._at : self._at + WINDOW])
        at_end = self._ended and len(self._buffer) - self._at <= WINDOW
        header = read_header(text, at_end)
        token = NewInterchange(header, self._base + self._at)
        self._at += len(text[: header.length].encode(encoding))
        if header.whole:
            self._use(header.delimiters, encoding)
        return token

    def _use(self, delimiters: Delimiters, encoding: str) -> None:
        if (delimiters, encoding) != (self.delimiters, self._dialect.encoding):
            self.delimiters = delimiters
            self._dialect = Dialect(delimiters, encoding)

    def _next_isa(self) -> tuple[int, bool]:
        """Where in the buffer the next ISA begins (its length where none does), and whether that is sure."""
        buffer = self._buffer
        at = buffer.find(b"ISA", max(self._at, self._searched - self._base))
        while at >= 0:
            self._searched = self._base + at
            after = buffer[at + 3 : at + 4]
            if not (after.isalnum() or after.isspace()):
                if after and (self._begins_segment(at) or _SURE_ISA.match(buffer, at)):
                    return at, True
                if len(buffer) - at < WIDTH and not self._ended:
                    return at, False
            at = buffer.find(b"ISA", at + 3)
        self._searched = self._base + max(self._at, len(buffer) - 2)
        return len(buffer), False

    def _begins_segment(self, at: int) -> bool:
        """Whether nothing but blanks stands between `at` and the terminator before it."""
        buffer, end, before = self._buffer, self._dialect.terminator, at
        while before > self._at:
            if buffer[before - 1] in BLANK_BYTES:
                before -= 1
            elif buffer.endswith(BYTE_ORDER_MARK, self._at, before):
                before -= len(BYTE_ORDER_MARK)
            else:
                break
        return before == self._at or buffer.endswith(end, self._at, before) or end in buffer[before:at]

    # Segments

    def _segments(self) -> Iterator[Token]:
        """The whole segments in the buffer, at most to the next ISA; or fill it; or give up on what is too long."""
        buffer, end = self._buffer, self._dialect.terminator
        isa, is_sure = self._next_isa()
        limit = self._at + self._max_segment
        cut = buffer.rfind(end, self._at, min(isa, limit + len(end)))
        if cut >= 0:
            yield from self._block(cut, cut + len(end), is_terminated=True)
        elif is_sure and isa <= limit:
            yield from self._block(isa, isa, is_terminated=False)
        elif (is_sure or isa == len(buffer)) and len(buffer) > limit:
            yield TooLong(self._base + self._at)
            self._skip_segment()
        elif not self._fill():
            yield from self._block(len(buffer), len(buffer), is_terminated=False)

    def _skip_segment(self) -> None:
        end = self._dialect.terminator
        while True:
            cut, isa = self._buffer.find(end, self._at), _SURE_ISA.search(self._buffer, self._at)
            if cut >= 0 and len(self._buffer) - cut < WIDTH and self._fill():
                continue
            if isa and (cut < 0 or isa.start() < cut):
                self._at = isa.start()
                return
            if cut >= 0:
                self._at = cut + len(end)
                return
            self._at = max(self._at, len(self._buffer) - WIDTH)
            if not self._fill():
                self._stop()
                return

    def _block(self, stop: int, after: int, *, is_terminated: bool) -> Iterator[Block]:
        """The segments of the buffer up to `stop`; the next begins at `after`."""
        block = self._dialect.block(self._buffer[self._at : stop], self._base + self._at)
        self._at = after
        if block.pieces:
            if not is_terminated:
                block.note(faults.UNTERMINATED, 0)
            yield block


def _decode_window(raw: bytes) -> tuple[str, str]:
    """The text of the beginning of an interchange, and its encoding; a character cut off at the end is left out."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(raw), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"
