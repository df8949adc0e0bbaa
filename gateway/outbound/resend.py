"""What is the right thing to do with a batch that went wrong: a pure decision over what is known of it.

Nothing is sent again while it may have arrived. Claims keep their patient control number; a new file gets new control
numbers, since a payer takes the old ones for a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from gateway.errors import Refused

Action = Literal["same_bytes", "new_batch", "refuse"]

_REJECTED_WHOLE = {"rejected_ta1": "the interchange was rejected (TA1)", "rejected_999": "its set was rejected (999)"}
_CORRECT_FIRST = ("rejected_clearinghouse", "rejected_payer")


class ClaimNow(NamedTuple):
    """A claim of the batch and where it stands now."""

    claim_id: int
    version_id: int
    state: str
    flags: tuple[str, ...]
    is_newest: bool  # this version in this batch is the claim's newest submission


@dataclass(frozen=True, slots=True)
class ResendPlan:
    """The action, why, the evidence, and which claims it concerns."""

    batch_id: int
    action: Action
    reason: str
    evidence: tuple[str, ...] = ()
    claims: tuple[ClaimNow, ...] = field(default=(), repr=False)

    def refuse(self) -> None:
        """Raises Refused where nothing may be sent."""
        if self.action == "refuse":
            raise Refused(f"batch {self.batch_id}: {self.reason}")

    def lines(self) -> list[str]:
        words = {
            "same_bytes": "send the same bytes again",
            "new_batch": f"put {len(self.claims)} claims into a new batch with new control numbers",
            "refuse": "send nothing",
        }
        return [f"batch {self.batch_id}: {words[self.action]}", f"why: {self.reason}", *self.evidence]

    def document(self) -> dict[str, Any]:
        return {
            "batch": str(self.batch_id),
            "action": self.action,
            "reason": self.reason,
            "evidence": list(self.evidence),
            "claims": len(self.claims),
        }


def plan_resend(
    batch_id: int, state: str, origin: str, has_bytes: bool, claims: Sequence[ClaimNow], *, never_arrived: bool = False
) -> ResendPlan:
    """Decides by the delivery's state first, then by what was answered to each claim.

    With `never_arrived` a person has asked the partner and vouches that the file is not there.
    """
    if state in ("built", "failed"):
        return ResendPlan(batch_id, "same_bytes", "it certainly did not arrive", _counts(claims))
    if state == "unknown" and never_arrived:
        return ResendPlan(batch_id, "same_bytes", "the partner says that it is not there", _counts(claims))
    if state in ("sending", "unknown"):
        reason = (
            "nobody knows whether it arrived; `gateway batches send` settles it, or an answer, or `batches mark-sent`; "
            "where the partner says that it is not there, `batches resend --never-arrived`"
        )
        return ResendPlan(batch_id, "refuse", reason, _counts(claims))
    if state != "sent" or origin == "already_sent" or not has_bytes:
        return ResendPlan(batch_id, "refuse", f"it is {state} ({origin.replace('_', ' ')}); there is nothing to send")
    return _plan_sent(batch_id, claims, never_arrived)


def _plan_sent(batch_id: int, claims: Sequence[ClaimNow], never_arrived: bool) -> ResendPlan:
    evidence = _counts(claims)
    if any("duplicate_suspected" in claim.flags for claim in claims):
        reason = "an answer says that the receiver has it already; sending again would make duplicates"
        return ResendPlan(batch_id, "refuse", reason, evidence)
    again = tuple(claim for claim in claims if claim.is_newest and claim.state in _REJECTED_WHOLE)
    if again:
        why = " and ".join(sorted({_REJECTED_WHOLE[claim.state] for claim in again}))
        return ResendPlan(batch_id, "new_batch", f"{why}, so the payer has none of these claims", evidence, again)
    if any(claim.is_newest and claim.state in _CORRECT_FIRST for claim in claims):
        reason = (
            "its rejected claims must be corrected first: import the corrected claim under the same number, "
            "and it goes into the next batch"
        )
        return ResendPlan(batch_id, "refuse", reason, evidence)
    if all(claim.state == "sent" for claim in claims):
        return _plan_silent(batch_id, claims, never_arrived)
    return ResendPlan(batch_id, "refuse", "none of its claims was rejected; there is nothing to send again", evidence)


def _plan_silent(batch_id: int, claims: Sequence[ClaimNow], never_arrived: bool) -> ResendPlan:
    again = tuple(claim for claim in claims if claim.is_newest)
    if never_arrived and again:
        reason = "the partner says that it is not there, although it was delivered"
        return ResendPlan(batch_id, "new_batch", reason, _counts(claims), again)
    reason = (
        "it was delivered and nobody has answered; silence is no proof that it is lost, so ask the partner first, and "
        "where it is not there, `batches resend --never-arrived`"
    )
    return ResendPlan(batch_id, "refuse", reason, _counts(claims))


def _counts(claims: Sequence[ClaimNow]) -> tuple[str, ...]:
    states = sorted({claim.state for claim in claims})
    return tuple(f"{sum(claim.state == state for claim in claims):>6} {state}" for state in states)
