"""What the answers to a batch say of it: TA1 and 999 alone; claims have states of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Answer(NamedTuple):
    """A TA1 (of the whole batch) or a 999's verdict on one set."""

    kind: str  # ta1, ack_group, ack_set
    verdict: str  # accept, reject, duplicate
    set_id: int | None
    claims: int  # of the set, or of the batch


def answered_state(state: str, claims: int, answers: Sequence[Answer]) -> str:
    """The batch's state after answers: `accepted`, `partially_accepted`, `rejected`, or the delivery's own.

    A duplicate verdict is no rejection. Where answers to one set differ, the rejection stands.
    """
    whole = {answer.verdict for answer in answers if answer.kind in ("ta1", "ack_group") and answer.set_id is None}
    if "reject" in whole:
        return "rejected"
    sets: dict[int, tuple[str, int]] = {}
    for answer in answers:
        if answer.set_id is not None and (sets.get(answer.set_id, ("", 0))[0] != "reject"):
            sets[answer.set_id] = (answer.verdict, answer.claims)
    rejected = sum(count for verdict, count in sets.values() if verdict == "reject")
    accepted = sum(count for verdict, count in sets.values() if verdict == "accept")
    if "accept" in {answer.verdict for answer in answers if answer.kind == "ack_group" and answer.set_id is None}:
        accepted = claims - rejected
    if not rejected and not accepted:
        return state
    if not rejected:
        return "accepted" if accepted >= claims else state
    return "partially_accepted" if accepted else ("rejected" if rejected >= claims else state)
