"""The state of one submission: a pure fold over the answers to it, whatever their order and however often they came.

The furthest hop that gave a verdict decides, since a later hop implies the earlier ones. At one hop the later STC02
wins, then BHT04 and BHT05, then a rejection before an acceptance.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.claims.events import DISTANCE
from gateway.claims.history import Event, Submission

GIVEN_UP = frozenset({"cancelled", "abandoned"})  # states of a batch whose versions are free again

_WEIGHT = {"accept": 1, "reject": 3}
_PENDED = 2  # between the two
_TAKEN = frozenset({"A2", "A5"})  # categories by which a payer takes a claim into adjudication
_NOTHING = ("", 0)
_PAYER = DISTANCE["payer"]
_STATES = {
    (1, 1): "sent",
    (1, 3): "rejected_ta1",
    (2, 1): "accepted_999",
    (2, 3): "rejected_999",
    (3, 1): "accepted_clearinghouse",
    (3, 3): "rejected_clearinghouse",
    (4, 1): "accepted_payer",
    (4, 2): "pended",
    (4, 3): "rejected_payer",
}


class SubmissionLife(NamedTuple):
    """How far a submission came."""

    submission: Submission
    delivered: bool
    state: str  # batched, sent, accepted_…, received_payer, rejected_…, pended; empty where its batch was given up
    distance: int = 0  # of the hop that decided; 0 while there is no answer
    duplicate: bool = False  # the furthest word is that the other side has the claim already
    told_duplicate: bool = False  # somebody said so at some hop
    conflict: bool = (
        False  # a nearer hop rejected what a further one accepted, or a batch that was given up is answered
    )


def answered(submission: Submission, events: Iterable[Event]) -> SubmissionLife:
    """The state of a submission by the events of its own scope (answers to it, its set, its group and its batch)."""
    said = _Said()
    for event in events:
        said.hear(event)
    if submission.delivery != "sent" and not said.heard:
        state = "" if submission.delivery in GIVEN_UP else "batched"
        return SubmissionLife(submission, delivered=False, state=state)
    distance, weight = said.last_word()
    return SubmissionLife(
        submission,
        delivered=True,
        state=said.state(distance, weight),
        distance=distance,
        duplicate=said.duplicate_at > distance or (said.duplicate_at > 0 and not weight),
        told_duplicate=said.duplicate_at > 0,
        conflict=said.contradicted(distance, weight) or submission.delivery in GIVEN_UP,
    )


class _Said:
    """The last word of each hop."""

    __slots__ = ("best", "duplicate_at", "heard", "inquiry", "rejected", "taken")

    def __init__(self) -> None:
        self.best: dict[int, tuple[str, int]] = {}  # by distance: rank and weight
        self.inquiry = _NOTHING
        self.heard = False
        self.duplicate_at = 0
        self.taken: str | None = None  # rank of the last acceptance into adjudication
        self.rejected: str | None = None  # rank of the payer's last rejection

    def hear(self, event: Event) -> None:
        distance = DISTANCE.get(event.hop, 0)
        if not distance:
            return
        if event.kind == "entered" and event.verdict == "info":
            return  # somebody asked; that nothing is known there proves no delivery
        if (
            event.hop == "status" or event.verdict == "pended"
        ):  # an answer to an inquiry informs, and can only say that the claim is pended
            pended = event.verdict == "pended"
            self.inquiry = max(self.inquiry, (event.rank, _PENDED if pended else 0))
            self.heard = self.heard or pended
            return
        word = (event.rank, _WEIGHT.get(event.verdict, 0))
        self.heard = True
        if event.verdict == "duplicate":
            self.duplicate_at = max(self.duplicate_at, distance)
        elif word[1]:
            if word > self.best.get(distance, _NOTHING):
                self.best[distance] = word
            if distance == _PAYER:
                self._hear_payer(event)

    def _hear_payer(self, event: Event) -> None:
        if event.verdict == "reject":
            self.rejected = max(self.rejected or "", event.rank)
        elif event.kind == "entered" or not event.codes or any(code[:2] in _TAKEN for code in event.codes):
            self.taken = max(self.taken or "", event.rank)

    def last_word(self) -> tuple[int, int]:
        """Distance and weight of the furthest verdict; weight 0 where there is none."""
        if self.inquiry[1]:  # pended, and no later answer to an inquiry says otherwise
            self.best[_PAYER] = max(self.best.get(_PAYER, _NOTHING), self.inquiry)
        if not self.best:
            return 0, 0
        distance = max(self.best)
        return distance, self.best[distance][1]

    def state(self, distance: int, weight: int) -> str:
        if not weight:
            return "sent"
        if (distance, weight) == (_PAYER, 1) and not self._in_adjudication():
            return "received_payer"
        return _STATES[distance, weight]

    def _in_adjudication(self) -> bool:
        return self.taken is not None and (self.rejected is None or self.taken > self.rejected)

    def contradicted(self, distance: int, weight: int) -> bool:
        return weight in (1, 2) and any(at < distance and word[1] == 3 for at, word in self.best.items())
