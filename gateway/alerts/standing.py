"""Which alerts are new, which are mended, and what each channel has yet to be told. Pure.

What is seen is compared with what is open. A source of conditions covers some kinds, perhaps of one partner only: what
it does not cover is neither opened nor mended by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

LONGEST_BACK_OFF = timedelta(hours=1)
FIRST_BACK_OFF = timedelta(minutes=1)
FAILING = 2  # failures of a channel in a row after which the others are told


class Condition(NamedTuple):
    """Something that needs a person. The text holds our own ids, codes and counts only."""

    kind: str  # one of KINDS
    subject: str  # with the kind: what it is about
    text: str
    since: str = ""  # when it began, as a stamp; empty: when it is seen
    partner: str = ""


class Seen(NamedTuple):
    """What one source found, and what it would have found: kinds, of these partners or (None) of all."""

    conditions: Sequence[Condition]
    covers: Mapping[str, frozenset[str] | None]

    def is_covered(self, kind: str, partner: str) -> bool:
        """Whether a condition that is not among ours is not there."""
        if kind not in self.covers:
            return False
        partners = self.covers[kind]
        return partners is None or partner in partners


class Known(Protocol):
    """An alert that is open."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def partner(self) -> str: ...


K = TypeVar("K", bound=Known)


def compare(known: Iterable[K], seen: Iterable[Seen]) -> tuple[list[Condition], list[K]]:
    """Conditions that no open alert stands for, each once; and open alerts whose condition is gone."""
    sources = list(seen)
    there = {(one.kind, one.subject): one for source in sources for one in source.conditions}
    open_ = {(one.kind, one.subject): one for one in known}
    new = [one for key, one in there.items() if key not in open_]
    gone = [
        one
        for key, one in open_.items()
        if key not in there and any(source.is_covered(one.kind, one.partner) for source in sources)
    ]
    return new, gone


def may_try(failures: int, tried_at: datetime, now: datetime) -> bool:
    """Whether a channel may be tried: at once where the last attempt went well, else after a pause that doubles."""
    if not failures:
        return True
    pause = min(FIRST_BACK_OFF * 2 ** min(failures - 1, 16), LONGEST_BACK_OFF)
    return now >= tried_at + pause or now < tried_at  # a clock that was put back silences nobody
