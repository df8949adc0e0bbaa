"""A run of whole segments, split at once.

The common case is one decode, one split and one search for the envelope's names over the whole text. Anything odd in
the text (line breaks elsewhere than after the terminator, blanks around segments, empty segments, bytes that are not
UTF-8) sends the block, and only that block, through a slower way that looks at each segment.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import accumulate

from gateway.x12.faults import NEWLINE_INSIDE, NOT_UTF_8, Fault
from gateway.x12.values import Delimiters

ENVELOPE = frozenset(("ST", "SE", "GS", "GE", "IEA", "TA1"))

# Blank between segments: white space, NUL and the end-of-file mark of DOS that some senders pad with, and a byte order
# mark that stays where files are joined. Not what str.strip() takes, since 1C to 1F may be delimiters.
BLANK = " \t\r\n\v\f\x00\x1a\ufeff"
_RARE = BLANK.translate({ord(usual): None for usual in " \r\n"})
BLANK_BYTES = b" \t\r\n\v\f\x00\x1a"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RUN = re.compile(b"[" + BLANK_BYTES + b"]*")


def skip_blanks(raw: bytes, at: int) -> int:
    """The index at or behind `at` of the first byte that is not blank."""
    while True:
        found = _RUN.match(raw, at)
        at = found.end() if found else at
        if not raw.startswith(BYTE_ORDER_MARK, at):
            return at
        at += len(BYTE_ORDER_MARK)


class Block:
    """Whole segments in file order.

    `pieces` are the segments as text, none blank, without line breaks and without blanks around them; `marks` are the
    indices of those that belong to the envelope; `notes` the faults found in splitting, each with an index.
    """

    __slots__ = ("_offsets", "_raw", "_start", "_terminator", "marks", "notes", "pieces", "separator")

    def __init__(self, separator: str, terminator: bytes, raw: bytes, start: int) -> None:
        self.pieces: list[str] = []
        self.marks: list[int] = []
        self.notes: deque[tuple[Fault, int]] = deque()  # of each fault the first
        self.separator = separator
        self._terminator = terminator
        self._raw = raw
        self._start = start
        self._offsets: list[int] | None = None

    def note(self, fault: Fault, index: int) -> None:
        """Keep a fault of splitting, unless the block has one of its kind."""
        if all(fault is not other for other, _ in self.notes):
            self.notes.append((fault, index))

    def offset(self, index: int) -> int:
        """The byte offset of a piece in the file. Located for the whole block when first asked for."""
        if self._offsets is None:
            if index == len(self.pieces) - 1 and (last := self._last()) is not None:
                return self._start + last
            self._offsets = self._locate()
        return self._start + skip_blanks(self._raw, self._offsets[index])

    def _last(self) -> int | None:
        """Where the last piece begins; None where what stands last is blank."""
        at = self._raw.rfind(self._terminator) + 1
        at = skip_blanks(self._raw, at + len(self._terminator) - 1 if at else 0)
        return at if at < len(self._raw) else None

    def _locate(self) -> list[int]:
        parts = self._raw.split(self._terminator)
        width = len(self._terminator)
        places = list(accumulate(map(width.__add__, map(len, parts)), initial=0))
        if len(parts) == len(self.pieces):
            return places
        return [place for part, place in zip(parts, places, strict=False) if skip_blanks(part, 0) < len(part)]


class Dialect:
    """One set of delimiters, with what splitting needs of them made ready once."""

    __slots__ = (
        "_breaks",
        "_first",
        "_marks",
        "_odd_ends",
        "_text",
        "_trailing",
        "encoding",
        "separator",
        "terminator",
    )

    def __init__(self, delimiters: Delimiters, encoding: str) -> None:
        end, after = re.escape(delimiters.segment), re.escape(delimiters.element)
        behind = rf"(?=[{after}{end}]|\Z)"
        self.encoding = encoding
        self.separator = delimiters.element
        self.terminator = delimiters.segment.encode(encoding)
        self._text = delimiters.segment
        self._trailing = re.compile(" " + end)
        self._odd_ends = BLANK + delimiters.segment
        self._breaks = [b for b in ("\r\n", "\n", "\r") if b != delimiters.segment]
        self._first = re.compile(rf"(?:S[TE]|G[SE]|IEA|TA1){behind}")
        # Wide, since it runs over every segment: what it finds is looked at again.
        self._marks = {
            between: re.compile(rf"{re.escape(between)}(?:(?:[SG][TES]|IEA|TA1){behind}|[{end}{BLANK}])")
            for between in (self._text, *(self._text + line_break for line_break in self._breaks))
        }

    def block(self, raw: bytes, start: int) -> Block:
        """Split `raw`: whole segments without the last terminator, `start` its offset in the file."""
        block = Block(self.separator, self.terminator, raw, start)
        text = self._decode(raw)
        if text is None or not self._split_clean(text, block):
            self._split_odd(raw, text, block)
        return block

    def _decode(self, raw: bytes) -> str | None:
        """The text, unless it is not UTF-8 or the terminator could be part of another character."""
        if not self._text.isascii():
            return None
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def _split_clean(self, text: str, block: Block) -> bool:
        """Split text that has nothing odd in it; False where it has."""
        between, pieces = self._pieces(text)
        if not pieces:
            text = self._without_breaks(text)
            if any(line_break in text for line_break in self._breaks):
                return False
            pieces = text.split(between)
        if text[:1] in self._odd_ends or text[-1:] in self._odd_ends:
            return False
        if self._trailing.search(text) or any(blank in text for blank in _RARE):
            return False
        marks, index, last = [0] if self._first.match(text) else [], 0, 0
        for found in self._marks[between].finditer(text):
            name = found[0][len(between) :]
            if name in self._odd_ends:
                return False
            if name in ENVELOPE:
                index += text.count(between, last, found.end())
                last = found.end()
                marks.append(index)
        block.pieces, block.marks = pieces, marks
        return True

    def _pieces(self, text: str) -> tuple[str, list[str]]:
        """The text split where it needs no cleaning, and what stands between all its segments: the terminator, or the
        terminator with the same line break behind each. No pieces where neither is so."""
        end = self._text
        breaks = text.count("\n"), text.count("\r") if "\r" in text else 0  # looking is quicker than counting
        if not any(breaks):
            return end, text.split(end)
        at = text.find(end) + len(end)
        for line_break in self._breaks if at >= len(end) else ():
            if text.startswith(line_break, at):
                ends = text.count(end)
                if breaks == (ends * ("\n" in line_break), ends * ("\r" in line_break)):
                    pieces = text.split(end + line_break)
                    if len(pieces) == ends + 1:
                        return end + line_break, pieces
                break
        return end, []

    def _without_breaks(self, text: str) -> str:
        """Without the line breaks behind terminators."""
        end = self._text
        if end == "\n":
            text = text.removesuffix("\r").replace("\r\n", end)
        for line_break in self._breaks:
            text = text.replace(end + line_break, end)
        return text

    def _split_odd(self, raw: bytes, text: str | None, block: Block) -> None:
        """Split segment by segment, cleaning each."""
        pieces = block.pieces
        for part in raw.split(self.terminator) if text is None else text.split(self._text):
            piece = part if isinstance(part, str) else self._decode_part(part, block)
            piece = piece.strip(BLANK)
            if "\n" in piece or "\r" in piece:
                piece = piece.replace("\r", "").replace("\n", "")
                block.note(NEWLINE_INSIDE, len(pieces))
            if piece:
                pieces.append(piece)
        names = (piece.partition(self.separator)[0] for piece in pieces)
        block.marks = [index for index, name in enumerate(names) if name in ENVELOPE]

    def _decode_part(self, part: bytes, block: Block) -> str:
        try:
            return part.decode("utf-8")
        except UnicodeDecodeError:
            block.note(NOT_UTF_8, len(block.pieces))
            return part.decode("latin-1")
