"""Where an answer comes from and whom it addresses, and what became of it once it met the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from gateway.claims.control_numbers import match_key
from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.store.times import stamp
from gateway.x12.issues import Issue, Severity

_PADDING = "0"

__all__ = ["Origin", "Posted", "bare", "first", "match_key", "same_number", "spellings"]


class Origin(NamedTuple):
    """The envelope of an inbound set as far as binding needs it."""

    inbound_set_id: int
    partner: str  # whose mailbox it was found in, or whose identifiers it bears; empty where unknown
    senders: frozenset[str]  # ISA06 and GS02: who answers
    receivers: frozenset[str]  # ISA08 and GS03: who is answered
    at: datetime  # when we record it
    crosswalk: Crosswalk = NO_CROSSWALK  # which ids mean the same payer
    source: str = "835"  # of a payment that was entered by hand: paper, portal, telephone
    entered_by: str = ""

    @property
    def recorded_at(self) -> str:
        return stamp(self.at)

    def answers(self, *, partner: str, sender: str, receiver: str) -> bool:
        """Whether this can be the answer to what `sender` sent to `receiver` (each `qualifier:id`) by `partner`.

        Who is answered must be who sent. Who answers must be who received, unless the mailbox is the partner's: some
        answer under another identifier.
        """
        if bare(sender) not in self.receivers:
            return False
        return bare(receiver) in self.senders or (partner != "" and partner == self.partner)


@dataclass(slots=True)
class Posted:
    """What a set did to the store."""

    claims: int = 0  # that it names or decides
    matched: int = 0
    unmatched: int = 0
    charge: int = 0
    paid: int = 0
    claim_ids: set[int] = field(default_factory=set)  # whose projection is to be computed again
    batch_ids: set[int] = field(default_factory=set)  # that it proves to have arrived
    payer_claim_numbers: set[str] = field(default_factory=set)  # that it makes known
    foreign: bool = False  # it answers nothing of ours
    found_set: bool = False  # it names a set of ours
    kept_references: set[str] = field(default_factory=set)  # of sets of ours that it does not name all its claims of
    loose: list[str] = field(default_factory=list)  # match keys of the claims that it names and that are not bound yet
    loose_numbers: list[str] = field(default_factory=list)  # match keys of clearinghouse numbers that it makes known
    issues: list[Issue] = field(default_factory=list)

    def say(self, code: str, text: str, segment: int = 0, severity: Severity = "warning") -> None:
        """Adds an issue that only the store could show."""
        self.issues.append(Issue(code, severity, text, segment))


def bare(side: str) -> str:
    """The identifier of `qualifier:id` without its qualifier and padding."""
    return side.partition(":")[2].strip() if ":" in side else side.strip()


def spellings(number: str) -> set[str]:
    """The ways in which a control number may be written: as it came, without leading zeros, with all of them."""
    short = number.strip().lstrip(_PADDING) or _PADDING
    return {number, number.strip(), short, short.zfill(9), short.zfill(4)}


def same_number(one: str, other: str) -> bool:
    """Whether two control numbers differ in leading zeros only."""
    return one.strip().lstrip(_PADDING) == other.strip().lstrip(_PADDING)


def first(values: Iterable[str]) -> str:
    """The first that is not empty."""
    return next((value for value in values if value), "")
