"""What new content means for a claim that is there: the same, its next version, or a contradiction."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gateway.claims.admission import Content
from gateway.store.standing import Standing, VersionHead

Kind = Literal["unchanged", "version", "refused"]
# In these states new content with frequency 1 is a new version; in all others the claim is on its way or done with.
OPEN_STATES = frozenset(
    {"held", "ready", "rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer", "denied"}
)
_CHANGES = ("7", "8")  # replacement and void
_FURTHER_BILLS = ("2", "3", "4", "5")  # institutional: other statement dates are a bill of their own


class Ruling(NamedTuple):
    """The ruling, and for a person why."""

    kind: Kind
    code: str = ""
    text: str = ""


def rule(content: Content, standing: Standing) -> Ruling:
    """Rules on new content for a claim that is in the store."""
    same = [head for head in standing.versions if head.content_hash == content.content_hash]
    if same:
        return _unchanged(same[-1], standing)
    if standing.claim.type != content.summary.type:
        return Ruling("refused", "contradicts", f"the claim is in the store as {standing.claim.type}")
    frequency = content.summary.frequency
    rivals = [head for head in standing.versions if _is_same_bill(head, content)]
    if not rivals:  # to a further payer, or a further bill
        return Ruling("version")
    if standing.stage == "batched":
        return _refused(standing, "wait until that batch is sent, or cancel the batch")
    if frequency in _CHANGES or standing.state in OPEN_STATES:
        return Ruling("version")
    return _refused(standing, _advice(standing))


def _is_same_bill(head: VersionHead, content: Content) -> bool:
    summary = content.summary
    if head.payer_responsibility != summary.payer_responsibility:
        return False
    if summary.frequency not in _FURTHER_BILLS:
        return True
    return (head.service_from, head.service_to) == (summary.service_from, summary.service_to)


def _unchanged(head: VersionHead, standing: Standing) -> Ruling:
    if head.number == standing.newest.number:
        return Ruling("unchanged")
    text = f"this content came before, as version {head.number}; version {standing.newest.number} came later and stands"
    return Ruling("unchanged", "older_version", text)


def _refused(standing: Standing, advice: str) -> Ruling:
    return Ruling(
        "refused", "contradicts", f"the claim is in the store with other content, and is {standing.state}: {advice}"
    )


def _advice(standing: Standing) -> str:
    if standing.stage == "cancelled":
        return "it was cancelled; release it first if it is to be sent after all"
    if standing.state == "closed":
        return "it was closed; release it first if it is to be sent again"
    return "a correction is a replacement (frequency 7) or void (8) with the payer's claim number"
