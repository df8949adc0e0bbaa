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
# In these the payer has nothing of the claim. With an earlier version on its way the state is that one's.
NEVER_HAD = (OPEN_STATES - {"denied"}) | {"cancelled"}
# In these the payer has decided, so that its decision can be replaced or taken back.
FINAL_STATES = frozenset({"paid", "partly_paid", "denied", "zero_paid", "reversed", "predetermined"})
REPLACEMENT, VOID = "7", "8"  # CLM05-3
RESUBMISSION_REJECTED = "resubmission_rejected"  # the flag of a claim that was paid before
_FURTHER_BILLS = ("2", "3", "4")  # institutional: other statement dates are a bill of their own
_LATE_CHARGES = "5"  # a bill of its own, whatever its dates
_INTERIM = ("2", "3")
_END_OF_EPISODE = "9"  # home health: the claim after the notice


class Ruling(NamedTuple):
    """The ruling, and for a person why."""

    kind: Kind
    code: str = ""
    text: str = ""


def rule(content: Content, standing: Standing, *, adjudicated: bool = False) -> Ruling:
    """Rules on new content for a claim that is in the store.

    :param adjudicated: a person says that the payer has decided, though no remittance is here
    """
    same = [head for head in standing.versions if head.content_hash == content.content_hash]
    if same:
        return _unchanged(same[-1], standing)
    if standing.claim.type != content.summary.type:
        return Ruling("refused", "contradicts", f"the claim is in the store as {standing.claim.type}")
    if content.summary.frequency in (REPLACEMENT, VOID):
        return _change(content, standing, adjudicated=adjudicated)
    if not any(_is_same_bill(head, content) for head in standing.versions):  # to a further payer, or a further bill
        return _further(standing)
    if standing.stage == "batched":
        return _refused(standing, "wait until that batch is sent, or cancel the batch")
    order = content.summary.payer_responsibility
    if standing.state in OPEN_STATES or was_rejected(order, standing) or _follows(content, standing):
        return Ruling("version")
    return _refused(standing, _advice(standing))


def change_refused(standing: Standing, frequency: str, *, adjudicated: bool = False) -> Ruling | None:
    """Why a claim cannot be replaced or voided now; None where it can be."""
    if standing.state in NEVER_HAD:
        what, how = (
            ("replace", "correct it with frequency 1")
            if frequency == REPLACEMENT
            else ("take back", "cancel it instead" if standing.stage in ("held", "ready") else "it needs no void")
        )
        return Ruling("refused", "never_sent", f"the claim is {standing.state}: the payer has nothing to {what}; {how}")
    if standing.stage == "batched":
        return _refused(standing, "wait until that batch is sent, or cancel the batch")
    if standing.state == "voided":
        return Ruling("refused", "contradicts", "the claim is voided: nothing is left to replace or to take back")
    if standing.state == "closed":
        return _refused(standing, _advice(standing))
    if standing.state not in FINAL_STATES and not adjudicated:
        text = f"the claim is {standing.state}: the payer has not decided on it yet, so that it cannot be changed there"
        return Ruling("refused", "not_final", text)
    return None


def _change(content: Content, standing: Standing, *, adjudicated: bool) -> Ruling:
    """Rules on a replacement or void."""
    order = content.summary.payer_responsibility
    if all(head.payer_responsibility != order for head in standing.versions):
        text = f"the claim was never sent to a payer of that order ({order}), so that there is nothing to change"
        return Ruling("refused", "never_sent", text)
    return change_refused(standing, content.summary.frequency, adjudicated=adjudicated) or Ruling("version")


def _further(standing: Standing) -> Ruling:
    """Rules on what goes to a further payer, or is a further bill: one after the other."""
    if standing.stage in ("held", "ready", "batched"):
        first = standing.newest
        what = f"frequency {first.frequency}, payer {first.payer_responsibility}"
        text = f"another bill of the claim ({what}) is not sent yet: send or cancel that first, then import this again"
        return Ruling("refused", "contradicts", text)
    return Ruling("version")


def was_rejected(order: str, standing: Standing) -> bool:
    """Whether the last submission was an original to the payer of that order and was rejected, though others have paid.

    A replacement or void that was rejected is none: that payer has the claim itself, and may have paid it.
    """
    newest = standing.newest
    is_original = newest.payer_responsibility == order and newest.frequency not in (REPLACEMENT, VOID)
    return is_original and standing.stage == "sent" and RESUBMISSION_REJECTED in standing.flags


def is_last_at(order: str, standing: Standing) -> bool:
    """Whether the last submission went to the payer of that order, behind others, and the claim is decided."""
    is_decided = standing.stage == "sent" and standing.state in FINAL_STATES and standing.adjudicated
    is_behind = any(head.payer_responsibility != order for head in standing.versions)
    return is_decided and is_behind and standing.newest.payer_responsibility == order


def _follows(content: Content, standing: Standing) -> bool:
    """Whether content with another frequency than 7 and 8 takes the place of what was sent."""
    newest = standing.newest
    if standing.stage != "sent":
        return False
    if content.summary.type == "dental":  # the service after the question about it
        return not newest.has_money and content.summary.has_money
    return content.summary.frequency == _END_OF_EPISODE and newest.frequency in _INTERIM


def _is_same_bill(head: VersionHead, content: Content) -> bool:
    summary = content.summary
    if head.payer_responsibility != summary.payer_responsibility:
        return False
    if (head.frequency == _LATE_CHARGES) != (summary.frequency == _LATE_CHARGES):
        return False
    if summary.frequency not in (*_FURTHER_BILLS, _LATE_CHARGES):
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
