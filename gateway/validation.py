"""Every fault of a file: its envelope, its guide, its balances; and pyx12's opinion where it has a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gateway.guides import all_guides
from gateway.inbound.documents import READERS
from gateway.judge import can_judge, judge_set
from gateway.second_opinion import differences
from gateway.x12.element_rules import check_set
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet


def validate(stream: BinaryIO, *, second_opinion: bool | None = None) -> Iterator[Issue]:
    """The issues in the order of the file, then those of the second opinion. The stream is read twice for that.

    `second_opinion`: whether pyx12 is asked; by itself it is for the kinds that have no guide table of ours. What it
    finds in an 837 is an error, unless the two are known to differ there: then a warning.
    """
    reader = Reader(stream)
    sets = 0
    for item in reader.items():
        if isinstance(item, TransactionSet):
            sets += 1
            yield from _set_issues(item)
            yield from item.issues
    yield from reader.issues
    if sets and second_opinion is not False:
        stream.seek(0)
        yield from _second(stream, is_for_all=bool(second_opinion))


def _second(stream: BinaryIO, *, is_for_all: bool) -> Iterator[Issue]:
    known = differences()
    for item in Reader(stream).items():
        if isinstance(item, TransactionSet) and can_judge(item) and (is_for_all or item.code != "837"):
            for issue in judge_set(item):
                row = known.find("pyx12", item.kind, issue) if item.code == "837" else None
                yield issue if row is None else issue._replace(severity="warning", text=f"{issue.text}, but {row.why}")


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
