"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

import io
import json
import re
from typing import BinaryIO, Literal

from gateway.claims.intake.records import UnreadableFile

Format = Literal["json", "ndjson", "x12", "csv"]
HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"
_FOREIGN = (  # what people do send by mistake
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document; save it as CSV"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
    (b"{\\rtf", "a rich-text document"),
    (b"<", "XML or HTML"),
)
_HEADLESS = re.compile(rb"GS.[A-Z]{2}\W|ST.\d{3}\W", re.IGNORECASE)  # X12 whose ISA was lost
_LIST_GOES_ON = re.compile(rb"[\[,:{]\s*\Z")


class Peeked(io.RawIOBase):
    """A stream whose first bytes were looked at: they come again, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def peek(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, and a stream that still has them."""
    head = b""
    while len(head) < HEAD and (chunk := stream.read(HEAD - len(head))):
        head += chunk
    return head, io.BufferedReader(Peeked(head, stream), 1 << 18)


def detect(head: bytes) -> Format:
    """The format that the first bytes show; UnreadableFile with the reason where it can be none of ours."""
    start = head.removeprefix(_BOM).lstrip()
    if not start:
        raise UnreadableFile("the file is empty")
    for mark, what in _FOREIGN:
        if start.startswith(mark):
            what, _, advice = what.partition("; ")
            raise UnreadableFile(f"the file is {what}, not claims" + (f"; {advice}" if advice else ""))
    if b"\x00" in head:
        where = head.index(b"\x00") + 1
        raise UnreadableFile(f"byte {where} is zero: UTF-16 text or a binary file; save it as UTF-8 text")
    if start[:3].upper() == b"ISA" or _HEADLESS.match(start):
        return "x12"
    if start.startswith(b"["):
        return "json"
    return _json_or_lines(start) if start.startswith(b"{") else "csv"


def _json_or_lines(start: bytes) -> Format:
    """An object by itself may be a JSON file or the first line of many."""
    first, newline, rest = start.partition(b"\n")
    if not newline:
        return "json"
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        followed = rest.lstrip().startswith(b"{")
        return "ndjson" if followed and not _LIST_GOES_ON.search(first) else "json"
    return "json" if isinstance(value, dict) and isinstance(value.get("claims"), list) else "ndjson"
