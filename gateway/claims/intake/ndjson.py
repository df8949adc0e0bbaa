"""Canonical claims as NDJSON: one JSON object a line. A line that is bad, cut or too long is a record by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gateway.claims.intake.json_file import parse_object
from gateway.claims.intake.records import MAX_RECORD, Record, unreadable

_BOM = b"\xef\xbb\xbf"


def read_ndjson(stream: BinaryIO) -> Iterator[Record]:
    """The records of an NDJSON file; empty lines are none. `place` names the line."""
    number = 0
    for line_number, (line, whole) in enumerate(lines(stream, MAX_RECORD), 1):
        if line_number == 1:
            line = line.removeprefix(_BOM)
        if not line.strip():
            continue
        number += 1
        place = f"line {line_number}"
        if whole:
            yield parse_object(line, number, place)
        else:
            yield unreadable(number, place, "too_long", f"is longer than {MAX_RECORD >> 20} MB")


def lines(stream: BinaryIO, at_most: int) -> Iterator[tuple[bytes, bool]]:
    """Lines with their end, and whether each is whole: of one longer than `at_most` bytes only the start is kept."""
    while line := stream.readline(at_most + 1):
        whole = len(line) <= at_most or line.endswith(b"\n")
        yield line, whole
        while not whole and line and not line.endswith(b"\n"):
            line = stream.readline(1 << 20)
