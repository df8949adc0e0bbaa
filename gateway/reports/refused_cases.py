"""Rejected claims and what was said of them: what the report of rejections and the list of work both rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.claims.answers import SubmissionLife
from gateway.claims.history import Event
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reports.asked import Asked
from gateway.store import Connection
from gateway.store.claim_reports import ReportedClaim
from gateway.store.rows import cut

HOPS = {
    "rejected_ta1": ("ta1", "TA1: the file"),
    "rejected_999": ("999", "999: the set"),
    "rejected_clearinghouse": ("clearinghouse", "277CA: clearinghouse"),
    "rejected_payer": ("payer", "277CA: payer"),
}
PAYER_NUMBER = "1K:"  # the payer's number of the claim stands among the codes of an answer
_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class RefusedCase:
    """A rejected claim with the codes that a biller can work by."""

    claim: ReportedClaim
    hop: str
    codes: tuple[str, ...]
    at: str
    blamed: bool  # a 999 names this claim, not only its set
    fold: FoldedClaim | None


def refused_cases(conn: Connection, asked: Asked, claims: Sequence[ReportedClaim]) -> Iterator[RefusedCase]:
    """Each claim with what was said. One that was paid counts by its newest submission, which was rejected."""
    for part in cut(claims, _AT_A_TIME):
        folds = {fold.claim_id: fold for fold in folded(conn, [one.claim_id for one in part], as_of=asked.past)}
        for claim in part:
            fold = folds.get(claim.claim_id)
            life = fold.life.submission if fold else None
            state = claim.state if claim.state in HOPS or life is None else life.state
            hop, _ = HOPS.get(state, (state, ""))
            said = list(_refusals(fold, hop)) if fold else []
            codes = dict.fromkeys(code for event in said for code in _telling(event, said))
            at = max((one.recorded_at for one in said), default="")
            yield RefusedCase(claim, hop, tuple(codes), at, any(one.kind == "ack_claim" for one in said), fold)


def _refusals(fold: FoldedClaim, hop: str) -> Iterator[Event]:
    """What the hop that decided said of the newest submission; with a 999, what it blames in the claim too."""
    life = fold.life.submission
    if life is None:
        return
    own = [event for event in fold.history.events if event.hop == hop and _speaks_of(event, life)]
    refusing = [event for event in own if event.verdict == "reject"]
    newest = max((event.rank for event in refusing), default="")
    for event in own:
        if event.kind == "ack_claim" or (event.verdict == "reject" and event.rank == newest):
            yield event


def _speaks_of(event: Event, life: SubmissionLife) -> bool:
    submission = life.submission
    if event.submission_id is not None:
        return event.submission_id == submission.id
    if event.set_id is not None:
        return event.set_id == submission.set_id
    return event.batch_id in (submission.batch_id, None)


def _telling(event: Event, said: Sequence[Event]) -> tuple[str, ...]:
    """The codes that a biller can work by: the segment and element at fault before the verdict on the whole set."""
    if event.hop != "999":
        return tuple(code for code in event.codes if not code.startswith(PAYER_NUMBER))
    blamed = any(one.kind == "ack_claim" for one in said)
    if event.kind != "ack_claim":
        return () if blamed else tuple(code for code in event.codes if code.startswith("IK5")) or event.codes
    return tuple(_without_place(code) for code in event.codes)


def _without_place(code: str) -> str:
    """IK3 without the ordinal of the segment, which differs from claim to claim."""
    parts = code.split(":")
    return ":".join((parts[0], parts[1], parts[-1])) if parts[0] == "IK3" and len(parts) > 3 else code
