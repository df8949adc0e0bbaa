"""Until when a claim may be filed, and a denial appealed: days by payer, counted from the right day.

Filing runs from the last day of service; to a later payer, where its terms say so, from the payment of the one before.
An appeal runs from the payment that denied (BPR16), a further level from the day on which the one before was answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from gateway.claims.crosswalk import Crosswalk
from gateway.claims.payer_terms import PayerTerms
from gateway.claims.work import WAITING, Appeal, Work
from gateway.errors import UsageError
from gateway.reports.words import rows_of
from gateway.store.worklist import Item

_COLUMNS = ("payer", "filing", "level", "days", "source")
_USUAL_APPEAL = 60


class Deadline(NamedTuple):
    """The last day for something. Days are ISO text."""

    kind: str  # filing, appeal
    level: int  # of the appeal; 0 for filing
    counted_from: str
    last_day: str

    def days_left(self, today: date) -> int:
        """Negative where it is over."""
        return (date.fromisoformat(self.last_day) - today).days


class Limits:
    """How long appeals may take, by payer, filing indicator and level."""

    __slots__ = ("_days",)

    def __init__(self, days: dict[tuple[str, str, str], int]) -> None:
        self._days = days

    def appeal_days(self, payer: str, filing: str, level: int) -> int:
        """Of the payer, else of its kind, else of any; a row of the level before one of any level."""
        for who in ((payer, ""), ("", filing), ("", "")):
            for step in (str(level), ""):
                if (*who, step) in self._days:
                    return self._days[(*who, step)]
        return _USUAL_APPEAL


def load_limits(texts: Iterable[str], crosswalk: Crosswalk) -> Limits:
    """The limits from the shipped table and a home's, whose rows replace it; any id of a payer may name it.

    :raises UsageError: naming table, line and column of what cannot be
    """
    days: dict[tuple[str, str, str], int] = {}
    for where, row in rows_of(texts, "limits.csv", _COLUMNS):
        if not (row["days"].isascii() and row["days"].isdigit() and 0 < int(row["days"]) < 10_000):
            raise UsageError(f"{where}: days must be a whole number of days")
        if row["level"] and not (row["level"].isascii() and row["level"].isdigit()):
            raise UsageError(f"{where}: level must be a whole number or empty")
        payer = crosswalk.resolve(row["payer"]) if row["payer"] else ""
        days[payer, row["filing"], row["level"]] = int(row["days"])
    return Limits(days)


class Clock(NamedTuple):
    """The tables that tell how long anything may take."""

    limits: Limits
    terms: PayerTerms
    crosswalk: Crosswalk

    def of(self, item: Item, work: Work, paid_before: str = "") -> Deadline | None:
        """What runs for an item; nothing while an appeal waits for its answer, or where no day is known.

        `paid_before`: the day of the newest payment by the payers before the one that the claim goes to.
        """
        if item.name == "denials":
            return self._appeal(item, work)
        terms = self.terms.of(item.payer_id, item.filing_indicator, item.type)
        if paid_before and terms.days_after_payment is not None:
            return _deadline("filing", 0, paid_before, terms.days_after_payment)
        return _deadline("filing", 0, item.service_to, terms.filing_days)

    def _appeal(self, item: Item, work: Work) -> Deadline | None:
        last = appeal_of(item, work)
        if last is not None and last.outcome in (WAITING, "overturned"):
            return None
        level, since = next_level(item, work), last.answered_on if last else item.denied_on
        payer = self.crosswalk.resolve(item.payer_id)
        return _deadline("appeal", level, since, self.limits.appeal_days(payer, item.filing_indicator, level))


def appeal_of(item: Item, work: Work) -> Appeal | None:
    """The last appeal, where it is about this denial: one that came to an end before says nothing of it."""
    last = work.last_appeal
    return last if last is not None and max(last.sent_on, last.answered_on) >= item.denied_on else None


def next_level(item: Item, work: Work) -> int:
    """The level of the appeal that would be next."""
    last = appeal_of(item, work)
    return last.level + 1 if last else 1


def _deadline(kind: str, level: int, since: str, days: int) -> Deadline | None:
    try:
        last = date.fromisoformat(since) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return Deadline(kind, level, since, last.isoformat())
