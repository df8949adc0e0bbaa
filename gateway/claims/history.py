"""A claim's history as plain values: what the folds read, however it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Version(NamedTuple):
    """One content of a claim. Charge in cents, days as YYYY-MM-DD or empty, times as sortable text."""

    id: int
    number: int  # 1, 2, … in order of import
    frequency: str  # CLM05-3
    payer_responsibility: str  # SBR01
    has_money: bool  # not an encounter, a predetermination or a no-pay bill
    charge: int  # CLM02
    payer_id: str = ""
    payer_name: str = ""
    payer_key: str = ""  # the payer with aliases resolved
    service_from: str = ""
    service_to: str = ""
    billing_name: str = ""
    recorded_at: str = ""


class Submission(NamedTuple):
    """One version inside one transaction set of one batch."""

    id: int
    version_id: int
    set_id: int
    batch_id: int
    delivery: str  # the batch's state: building, built, sending, sent, unknown, failed, cancelled, abandoned
    sent_at: str = ""
    partner: str = ""
    group_control_number: str = ""  # GS06 of its set


class Event(NamedTuple):
    """Something said or done. Without submission, set and batch it is of the claim (and of the version, if named)."""

    id: int
    kind: str
    hop: str
    verdict: str
    version_id: int | None = None
    submission_id: int | None = None
    set_id: int | None = None
    batch_id: int | None = None
    rank: str = ""  # sorts what one hop says: STC02, BHT04, BHT05
    codes: tuple[str, ...] = ()
    recorded_at: str = ""
    group_control_number: str = ""  # of an answer to one functional group of the batch


def in_force(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events without those that a person entered and took back."""
    taken = {code for event in events if event.kind == "taken_back" for code in event.codes}
    if not taken:
        return tuple(events)
    return tuple(event for event in events if event.kind != "entered" or event_code(event.id) not in taken)


def event_code(event_id: int) -> str:
    """How what takes an event back names it."""
    return f"event:{event_id}"


class LiveVersion(NamedTuple):
    """A version that counts, and how far it came: what the money of a claim asks about it."""

    version: Version
    delivered: bool
    sent_on: str  # day of the first delivery, empty where unknown or not delivered
    accepted: bool  # the payer took it into adjudication


class History(NamedTuple):
    """Everything that was recorded of a claim but its remittances. `versions` is never empty."""

    versions: tuple[Version, ...]
    submissions: tuple[Submission, ...] = ()
    events: tuple[Event, ...] = ()
