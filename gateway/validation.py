"""Every fault of a file: its envelope, its guide, its balances; and pyx12's opinion where it has a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gateway.guides import all_guides
from gateway.inbound.documents import READERS
from gateway.judge import judge
from gateway.x12.element_rules import check_set
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet


def validate(stream: BinaryIO, *, second_opinion: bool = True) -> Iterator[Issue]:
    """The issues in the order of the file, then those of the second opinion. The stream is read twice for that."""
    reader = Reader(stream)
    sets = 0
    for item in reader.items():
        if isinstance(item, TransactionSet):
            sets += 1
            yield from _set_issues(item)
            yield from item.issues
    yield from reader.issues
    if second_opinion and sets:
        stream.seek(0)
        yield from judge(stream)


def _set_issues(item: TransactionSet) -> Iterator[Issue]:
    if item.code == "837":
        yield from check_set(item, all_guides())
    elif item.kind in READERS:
        found = READERS[item.kind](item)
        for _ in found:
            pass
        yield from found.issues
    else:
        text = f"Transaction sets of this kind ({item.kind or 'unknown'}) are not checked."
        yield Issue("kind", "error", text, 1, item.offset, "ST", "01")
