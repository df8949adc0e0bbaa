"""The one door for files that bring claims in: the content decides which reader takes them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from gateway.claims.intake.csv_file import read_csv
from gateway.claims.intake.csv_mapping import SourceMapping
from gateway.claims.intake.json_file import read_json
from gateway.claims.intake.ndjson import read_ndjson
from gateway.claims.intake.records import Record, UnreadableFile
from gateway.claims.intake.sniff import Format, detect, peek
from gateway.claims.intake.x12_837 import read_837
from gateway.x12.guide import Guide

_WORDS: dict[Format, str] = {"json": "JSON", "ndjson": "NDJSON", "x12": "X12", "csv": "CSV"}


def read_claims(
    stream: BinaryIO, *, guides: Mapping[str, Guide], mapping: SourceMapping | None = None
) -> Iterator[Record]:
    """The records of a file of any supported format, one at a time.

    :param guides: by kind ("837P"), for 837 files
    :param mapping: how to read the columns; needed for CSV, refused for anything else
    :raises UnreadableFile: where the file as a whole can be no claims, at the latest before its first record
    """
    head, whole = peek(stream)
    if mapping is not None and codecs.lookup(mapping.encoding).name.startswith("utf-16"):
        return read_csv(whole, mapping)
    found = detect(head)
    if mapping is not None and found != "csv":
        raise UnreadableFile(f"the file is {_WORDS[found]}, which needs no mapping; leave --mapping out")
    if found == "csv":
        if mapping is None:
            raise UnreadableFile("the file is neither JSON nor X12; for CSV name its mapping with --mapping")
        return read_csv(whole, mapping)
    if found == "x12":
        return read_837(whole, guides)
    return read_json(whole) if found == "json" else read_ndjson(whole)
