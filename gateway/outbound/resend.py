"""What is the right thing to do with a batch that went wrong: a pure decision over what is known of it.

Nothing is sent again while it may have arrived. Claims keep their patient control number; a new file gets new control
numbers, since a payer takes the old ones for a duplicate. Each plan says what could come twice by it, and on what
evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from gateway.errors import Refused

Action = Literal["same_bytes", "new_batch", "refuse"]
# What a person vouches for: "the partner says that it is not there"; "the rejected claims are right as they are".
Vouched = Literal["", "never_arrived", "as_is"]

_REJECTED_WHOLE = {"rejected_ta1": "the interchange was rejected (TA1)", "rejected_999": "its set was rejected (999)"}
_REJECTED_ALONE = ("rejected_clearinghouse", "rejected_payer")


class ClaimNow(NamedTuple):
    """A claim of the batch and where it stands now."""

    claim_id: int
    version_id: int
    state: str
    flags: tuple[str, ...]
    is_newest: bool  # this version in this batch is the claim's newest submission

    @property
    def is_duplicate(self) -> bool:
        """Whether an answer says that the other side has this submission already."""
        return self.is_newest and "duplicate_suspected" in self.flags


class BatchNow(NamedTuple):
    """A batch as it is before it is sent again."""

    id: int
    state: str  # of its delivery
    origin: str  # built, already_sent, marked_sent
    has_bytes: bool
    attempts: int = 0
    facts: tuple[str, ...] = ()  # what is known of it, a line each: its delivery, its answers, who decided what


@dataclass(frozen=True, slots=True)
class ResendPlan:
    """The action, why, what could come twice, the evidence, and which claims it concerns."""

    batch: BatchNow
    action: Action
    reason: str
    risk: str  # of a duplicate
    evidence: tuple[str, ...] = ()
    claims: tuple[ClaimNow, ...] = field(default=(), repr=False)
    vouched: Vouched = ""

    def refuse(self) -> None:
        """Raises Refused where nothing may be sent."""
        if self.action == "refuse":
            raise Refused(f"batch {self.batch.id}: {self.reason}")

    def lines(self) -> list[str]:
        words = {
            "same_bytes": "send the same bytes again",
            "new_batch": f"put {_claims(len(self.claims))} into a new batch with new control numbers",
            "refuse": "send nothing",
        }
        first = (f"batch {self.batch.id}: {words[self.action]}", f"why: {self.reason}", f"duplicates: {self.risk}")
        return [*first, *self.evidence]

    def document(self) -> dict[str, Any]:
        return {
            "batch": str(self.batch.id),
            "action": self.action,
            "reason": self.reason,
            "risk": self.risk,
            "evidence": list(self.evidence),
            "claims": len(self.claims),
        }


def plan_resend(batch: BatchNow, claims: Sequence[ClaimNow], vouched: Vouched = "") -> ResendPlan:
    """Decides by the delivery's state first, then by what was answered to each claim."""
    action, reason, risk, again = _decide(batch, claims, vouched)
    return ResendPlan(batch, action, reason, risk, (*_counts(claims), *batch.facts), again, vouched)


_Decision = tuple[Action, str, str, tuple[ClaimNow, ...]]


def _decide(batch: BatchNow, claims: Sequence[ClaimNow], vouched: Vouched) -> _Decision:
    all_of_them = _claims(len(claims))
    if batch.state in ("built", "failed"):
        return "same_bytes", "it certainly did not arrive", "none can come of it", ()
    if batch.state == "unknown" and vouched == "never_arrived":
        risk = f"{all_of_them} if the partner errs; he could tell the second file by its control number"
        return "same_bytes", "the partner says that it is not there", risk, ()
    if batch.state in ("sending", "unknown"):
        reason = (
            "nobody knows whether it arrived; `gateway batches send` settles it, or an answer, or `batches mark-sent`; "
            "where the partner says that it is not there, `batches resend --never-arrived`"
        )
        return _refused(reason, f"{all_of_them}, if it has arrived")
    if batch.state != "sent" or batch.origin == "already_sent" or not batch.has_bytes:
        origin = batch.origin.replace("_", " ")
        reason = f"it is {batch.state} ({origin}); there is nothing to send"
        return _refused(reason, "claims of it are ready again or in another batch, and go out by themselves")
    return _of_delivered(claims, vouched)


def _refused(reason: str, risk: str) -> _Decision:
    return "refuse", reason, risk, ()


def _of_delivered(claims: Sequence[ClaimNow], vouched: Vouched) -> _Decision:
    """What was rejected whole goes out anew; what the other side says it has already stays, and holds nobody up."""
    told = sum(claim.is_duplicate for claim in claims)
    open_ = tuple(claim for claim in claims if claim.is_newest and not claim.is_duplicate)
    if again := tuple(claim for claim in open_ if claim.state in _REJECTED_WHOLE):
        why = " and ".join(sorted({_REJECTED_WHOLE[claim.state] for claim in again}))
        risk = f"none can come of it{_left_out(told)}"
        return "new_batch", f"{why}, so the payer has none of these claims", risk, again
    if told:
        reason = "an answer says that the receiver has it already; sending again would make duplicates"
        return _refused(reason, f"{_claims(told)}: an answer says that they are there")
    if alone := tuple(claim for claim in open_ if claim.state in _REJECTED_ALONE):
        return _of_rejected_alone(alone, vouched)
    if claims and not any(claim.is_newest for claim in claims):
        return _refused("none of its claims was rejected; there is nothing to send again: all are in newer batches",
                        f"{_claims(len(claims))}, which newer batches have")  # fmt: skip
    if all(claim.state == "sent" for claim in claims):
        return _of_silent(open_, vouched)
    reason = "none of its claims was rejected; there is nothing to send again"
    return _refused(reason, f"{_claims(len(claims))}, which are on their way, answered or in newer batches")


def _left_out(told: int) -> str:
    return f"; {_claims(told)} that the receiver has already stay{'s' if told == 1 else ''} out" if told else ""


def _of_rejected_alone(alone: tuple[ClaimNow, ...], vouched: Vouched) -> _Decision:
    risk = "none can come of it: each was turned back by itself"
    if vouched == "as_is":
        return "new_batch", "the rejected claims are right as they are, and what kept them is mended", risk, alone
    reason = (
        "its rejected claims must be corrected first: import the corrected claim under the same number, "
        "and it goes into the next batch; where nothing is wrong with them, `batches resend --as-is`"
    )
    return _refused(reason, "none, but the same rejection again")


def _of_silent(open_: tuple[ClaimNow, ...], vouched: Vouched) -> _Decision:
    those = _claims(len(open_))
    if vouched == "never_arrived" and open_:
        reason = "the partner says that it is not there, although it was delivered"
        return "new_batch", reason, f"{those} if the partner errs; new control numbers would not tell him", open_
    reason = (
        "it was delivered and nobody has answered; silence is no proof that it is lost, so ask the partner first, and "
        "where it is not there, `batches resend --never-arrived`"
    )
    return _refused(reason, f"{those}: it was delivered")


def _claims(count: int) -> str:
    return f"{count} claim{'' if count == 1 else 's'}"


def _counts(claims: Sequence[ClaimNow]) -> tuple[str, ...]:
    states = sorted({claim.state for claim in claims})
    return tuple(f"{sum(claim.state == state for claim in claims):>6} {state}" for state in states)
