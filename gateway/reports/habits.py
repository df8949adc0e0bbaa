"""When an answer is late: what each partner and payer is used to, against the time that a claim was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from gateway.habits import Answers
from gateway.store import stamp
from gateway.store.claim_reports import WAITING, Late

_DEFAULT = Answers()


def late_since(habits: Mapping[str, Answers], partners: Iterable[str], at: datetime) -> list[Late]:
    """The times before which a claim must have been sent to be late at `at`; partners without a profile have the
    usual habits."""
    return [_late(partner, habits.get(partner, _DEFAULT), at) for partner in sorted(set(partners))]


def _late(partner: str, habit: Answers, at: datetime) -> Late:
    return Late(
        partner,
        _before(at, hours=habit.ack_hours),
        _before(at, hours=habit.status_hours),
        _before(at, hours=24 * habit.remittance_days),
        {payer: _before(at, hours=24 * days) for payer, days in habit.payer_remittance_days.items()},
    )


def _before(at: datetime, hours: int) -> str:
    return stamp(at - timedelta(hours=hours)) if hours else ""


def is_late(late: Late, *, state: str, payer_id: str, sent_at: str, has_money: bool) -> bool:
    """Whether one claim waits for an answer beyond its time."""
    if state not in WAITING or not sent_at:
        return False
    remittance = late.by_payer.get(payer_id, late.remittance) if has_money else ""
    times = [remittance]
    if state == "sent":
        times.append(late.ack)
    if state in WAITING[:2]:
        times.append(late.status)
    return any(before and sent_at <= before for before in times)
