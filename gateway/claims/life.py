"""A claim's life: a pure fold of its history to state, stage, outcome and flags. No order of arrival counts.

`acknowledge` reads versions, submissions and answers; `settle` adds what the remittances say. Between the two stands
the claim's money, which asks the first about its versions and answers the second with an `Adjudication`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.claims.answers import GIVEN_UP, SubmissionLife, answered
from gateway.claims.events import DISTANCE
from gateway.claims.history import Event, History, LiveVersion, Submission, Version

VOID = "8"  # CLM05-3
REJECTED = frozenset({"rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer"})
SILENT = frozenset({"sent", "accepted_999"})
STATES = (
    "held", "ready", "batched", "sent", "accepted_999", "accepted_clearinghouse", "received_payer", "accepted_payer",
    "rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer", "pended", "paid", "partly_paid",
    "denied", "zero_paid", "reversed", "predetermined", "voided", "cancelled", "closed",
)  # fmt: skip

_DECISIONS = frozenset({"held", "hold", "released", "cancelled", "reopened", "closed"})
# What a payer's "not ours, sent on" (CLP02 23) proves at least: the claim was there.
_PROVED_BY_FORWARDING = SILENT | {"held", "ready", "batched", "accepted_clearinghouse"}


class Adjudication(NamedTuple):
    """What the remittances say of a claim, as far as its life goes. Amounts in cents."""

    remitted: int = 0  # remitted claims that count: posted, matched, and no reversal that waits for its pair
    standing: int = 0  # of these, those whose adjustments stand
    reversed: bool = False  # something was reversed
    predetermined: bool = False  # CLP02 25
    elsewhere: bool = False  # CLP02 23: sent on to another payer, which has not answered
    answered: int = 0  # the highest number of a version that a remittance answered
    paid: int = 0
    denied: int = 0
    voided: bool = False
    last_recorded_at: str = ""
    flags: frozenset[str] = frozenset()


class Acknowledged(NamedTuple):
    """A claim's life without its remittances."""

    version: Version  # the newest that counts
    stage: str  # of that version: held, ready, batched, sent, cancelled
    state: str
    live: tuple[LiveVersion, ...]  # by number; the versions that count
    submissions: tuple[SubmissionLife, ...]  # in order of version and delivery, those given up left out
    submission: SubmissionLife | None  # the newest delivered one
    closed_at: str  # empty unless a person closed it
    flags: frozenset[str]


class Current(NamedTuple):
    """Where a claim stands."""

    version_id: int
    state: str
    stage: str
    outcome: str  # of the sent: silent, accepted, rejected; else empty
    adjudicated: bool
    flags: tuple[str, ...]  # sorted


def acknowledge(history: History) -> Acknowledged:
    """The life of a claim by its versions, submissions and answers alone."""
    versions = sorted(history.versions, key=_number)
    lives = _submissions(versions, history.submissions, history.events)
    held, cancelled, closed_at = _decisions(versions, history.events)
    delivered = {life.submission.version_id for life in lives if life.delivered}
    live = _live_versions(versions, cancelled, delivered)
    version = live[-1] if live else versions[-1]
    of_version = [life for life in lives if life.submission.version_id == version.id]
    stage = _stage(version, of_version, held, cancelled=not live)
    if closed_at and stage == "ready":
        stage = "held"  # a closed claim is not sent
    newest = _newest_delivered(lives, versions)
    return Acknowledged(
        version=version,
        stage=stage,
        state=_state(stage, newest),
        live=tuple(_live(one, lives) for one in live or versions[-1:]),
        submissions=tuple(lives),
        submission=newest,
        closed_at=closed_at,
        flags=_flags(lives, of_version),
    )


def settle(life: Acknowledged, money: Adjudication) -> Current:
    """Where a claim stands, once the remittances are added to its acknowledged life."""
    stage, flags = life.stage, {*life.flags, *money.flags}
    if money.remitted:
        if stage == "cancelled":
            flags.add("conflict")
        if stage != "sent" and not any(one.delivered for one in life.live):
            stage = "sent"  # a remittance proves that it was, by whatever way
        if life.submission is not None and life.submission.state in REJECTED:
            alone = sum(one.delivered for one in life.submissions) == 1
            flags.add("conflict" if alone else "resubmission_rejected")
    state = _settled_state(life, money, stage)
    sent = stage == "sent"
    outcome = _outcome(state, money) if sent else ""
    return Current(life.version.id, state, stage, outcome, sent and money.standing > 0, tuple(sorted(flags)))


def _number(version: Version) -> int:
    return version.number


# ── submissions and their answers ────────────────────────────────────────────────────────────────────────────────────


def _submissions(
    versions: Sequence[Version], submissions: Sequence[Submission], events: Iterable[Event]
) -> list[SubmissionLife]:
    if not submissions:
        return []
    numbers = {version.id: version.number for version in versions}
    ordered = sorted(submissions, key=lambda one: (numbers[one.version_id], one.sent_at, one.id))
    answers = [event for event in events if event.hop in DISTANCE]
    unscoped = [event for event in answers if _unscoped(event)]
    lives = [answered(one, [event for event in answers if _speaks_of(event, one)]) for one in ordered]
    if unscoped:
        lives = _with_unscoped(lives, answers, unscoped)
    return [life for life in lives if life.state]


def _unscoped(event: Event) -> bool:
    return event.submission_id is None and event.set_id is None and event.batch_id is None


def _speaks_of(event: Event, submission: Submission) -> bool:
    """Whether an event's narrowest scope is the submission, or holds it."""
    if event.submission_id is not None:
        return event.submission_id == submission.id
    if event.set_id is not None:
        return event.set_id == submission.set_id
    if event.batch_id != submission.batch_id:
        return False
    return event.group_control_number in ("", submission.group_control_number)


def _with_unscoped(
    lives: list[SubmissionLife], answers: Sequence[Event], unscoped: Sequence[Event]
) -> list[SubmissionLife]:
    """What was said of the claim without naming a submission goes to the newest delivered one, else the newest."""
    at = max(range(len(lives)), key=lambda index: (lives[index].delivered, bool(lives[index].state), index))
    submission = lives[at].submission
    own = [event for event in answers if not _unscoped(event) and _speaks_of(event, submission)]
    return [*lives[:at], answered(submission, [*own, *unscoped]), *lives[at + 1 :]]


def _newest_delivered(lives: Sequence[SubmissionLife], versions: Sequence[Version]) -> SubmissionLife | None:
    """The newest delivered submission; behind a duplicate verdict the earlier one to that payer, if it came as far."""
    delivered = [life for life in lives if life.delivered]
    if not delivered:
        return None
    newest = delivered[-1]
    if newest.duplicate and len(delivered) > 1:
        payers = {version.id: (version.payer_id, version.payer_responsibility) for version in versions}
        payer = payers[newest.submission.version_id]
        for earlier in reversed(delivered[:-1]):
            if payers[earlier.submission.version_id] == payer:
                return earlier if earlier.distance > newest.distance else newest
    return newest


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _decisions(versions: Sequence[Version], events: Iterable[Event]) -> tuple[set[int], set[int], str]:
    """Ids of the versions that are held and cancelled, and when a person closed the claim. Decisions have an order:
    that in which they were taken."""
    held: set[int] = set()
    cancelled: set[int] = set()
    closed_at = ""
    decisions = [event for event in events if event.kind in _DECISIONS]
    if not decisions:
        return held, cancelled, closed_at
    for event in sorted(decisions, key=lambda one: (one.recorded_at, one.id)):
        about = event.version_id or _newest_at(versions, event.recorded_at)
        match event.kind:
            case "held" | "hold":
                held.add(about)
            case "released":
                held.discard(about)
            case "cancelled":
                cancelled.add(about)
            case "closed":
                closed_at = event.recorded_at
            case _:
                cancelled.discard(about)
                closed_at = ""
    return held, cancelled, closed_at


def _newest_at(versions: Sequence[Version], at: str) -> int:
    known = [version for version in versions if version.recorded_at <= at]
    return (known or versions)[-1].id


def _live_versions(versions: Sequence[Version], cancelled: set[int], delivered: set[int]) -> list[Version]:
    """The versions that count. What was delivered cannot be cancelled any more, and what a cancelled version had
    replaced before it was sent does not come back."""
    live: list[Version] = []
    for version in versions:
        if version.id in cancelled and version.id not in delivered:
            live = [one for one in live if one.id in delivered]
        else:
            live.append(version)
    return live


def _live(version: Version, lives: Sequence[SubmissionLife]) -> LiveVersion:
    own = [life for life in lives if life.delivered and life.submission.version_id == version.id]
    days = [life.submission.sent_at[:10] for life in own if life.submission.sent_at]
    return LiveVersion(
        version=version,
        delivered=bool(own),
        sent_on=min(days, default=""),
        accepted=any(life.state == "accepted_payer" for life in own),
    )


def _stage(version: Version, lives: Sequence[SubmissionLife], held: set[int], *, cancelled: bool) -> str:
    if cancelled:
        return "cancelled"
    if any(life.delivered for life in lives):
        return "sent"
    if lives:
        return "batched"
    return "held" if version.id in held else "ready"


def _state(stage: str, newest: SubmissionLife | None) -> str:
    """The stage of what was not delivered yet, unless an earlier submission is still on its way or was accepted."""
    if newest is not None and (stage == "sent" or newest.state not in REJECTED):
        return newest.state
    return stage


def _flags(lives: Sequence[SubmissionLife], of_version: Sequence[SubmissionLife]) -> frozenset[str]:
    flags = set()
    for life in lives:
        if life.told_duplicate:
            flags.add("duplicate_suspected")
        if life.conflict:
            flags.add("conflict")
    if of_version and not of_version[-1].delivered and (how := of_version[-1].submission.delivery) in _UNSETTLED:
        flags.add(f"delivery_{how}")
    return frozenset(flags)


_UNSETTLED = frozenset({"unknown", "failed"})


# ── remittances ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _settled_state(life: Acknowledged, money: Adjudication, stage: str) -> str:
    if life.closed_at and money.last_recorded_at <= life.closed_at:
        return "closed"
    if money.voided:
        return "voided"
    if money.standing:
        return _paid_state(money)
    answered_last = life.live[-1].version.number <= money.answered
    if (money.reversed or money.predetermined) and (answered_last or not _is_open(life)):
        return "reversed" if money.reversed else "predetermined"
    state = life.state if stage == life.stage else "sent"
    if money.elsewhere and state in _PROVED_BY_FORWARDING:
        return "received_payer"
    return state


def _is_open(life: Acknowledged) -> bool:
    """Whether the newest version still waits for something; a void waits for nothing but the reversal."""
    return life.version.frequency != VOID


def _paid_state(money: Adjudication) -> str:
    if money.paid > 0:
        return "partly_paid" if money.denied > 0 else "paid"
    return "denied" if money.denied > 0 else "zero_paid"


def _outcome(state: str, money: Adjudication) -> str:
    if state in SILENT:
        return "silent"
    return "rejected" if state in REJECTED and not money.remitted else "accepted"


__all__ = [
    "GIVEN_UP", "REJECTED", "SILENT", "STATES", "VOID", "Acknowledged", "Adjudication", "Current", "acknowledge",
    "settle",
]  # fmt: skip
