"""Every fault of a file: its envelope, its guide, its balances; and pyx12's opinion where it has a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gateway.guides import all_guides, answer_guides
from gateway.inbound.documents import READERS
from gateway.judge import can_judge, judge_set
from gateway.second_opinion import differences
from gateway.x12.element_rules import SetCheck, check_set
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Segment


def validate(stream: BinaryIO, *, second_opinion: bool | None = None) -> Iterator[Issue]:
    """The issues in the order of the file, then those of the second opinion. The stream is read twice for that.

    `second_opinion`: whether pyx12 is asked; by itself it is for the kinds that have no guide table of ours. What it
    finds where we have one is an error, unless the two are known to differ there: then a warning.
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
        if isinstance(item, TransactionSet) and can_judge(item) and (is_for_all or not _has_guide(item)):
            for issue in judge_set(item):
                row = known.find("pyx12", item.kind, issue) if _has_guide(item) else None
                yield issue if row is None else issue._replace(severity="warning", text=f"{issue.text}, but {row.why}")


def _has_guide(item: TransactionSet) -> bool:
    return item.code == "837" or item.kind in answer_guides()


def _set_issues(item: TransactionSet) -> Iterator[Issue]:
    if item.code == "837":
        yield from check_set(item, all_guides())
    elif item.kind in READERS:
        yield from _answer_issues(item)
    else:
        text = f"Transaction sets of this kind ({item.kind or 'unknown'}) are not checked."
        yield Issue("kind", "error", text, 1, item.offset, "ST", "01")


def _answer_issues(item: TransactionSet) -> Iterator[Issue]:
    """What the guide and the reader of a kind find in one passage through the set, in the order of its segments."""
    kind, guide = item.kind, answer_guides().get(item.kind)
    is_known = guide is not None and item.version.startswith(guide.family)
    if guide is not None and not is_known:
        text = f"This version of the {kind} is read, but not checked by a guide; {guide.family} is."
        yield Issue("version", "warning", text, 1, item.offset, "ST", "03")
    checked = _Checked(SetCheck(guide, item)) if guide is not None and is_known else None
    found = READERS[kind](checked or item)
    for _ in found:
        pass
    issues = [*(checked.rest() if checked else ()), *found.issues]
    yield from sorted(issues, key=lambda issue: issue.segment or 0)


class _Checked:
    """A set that is checked by its guide while it is read; of each kind of fault a hundred are kept."""

    def __init__(self, check: SetCheck) -> None:
        self.delimiters = check.delimiters
        self._check = check
        self._faults = FaultList()
        self._segments = self._run()

    def __iter__(self) -> Iterator[Segment]:
        return self._segments

    def texts(self) -> Iterator[list[str]]:
        for segment in self._segments:
            yield [self.delimiters.element.join(segment)]

    def rest(self) -> list[Issue]:
        """All faults, once what the reader left is checked, too."""
        for _ in self._segments:
            pass
        return self._faults.issues

    def _run(self) -> Iterator[Segment]:
        for segment in self._check:
            self._keep()
            yield segment
        self._keep()

    def _keep(self) -> None:
        for issue in self._check.found:
            self._faults.append(issue)
        self._check.found.clear()
