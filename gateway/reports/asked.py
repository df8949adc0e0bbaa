"""What a report is asked for, and what it knows beside the store: habits of partners, tables of codes, the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.habits import Answers
from gateway.reconcile.classes import Classes
from gateway.reports.words import Words
from gateway.store.reporting import Filters


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. Functions that answer it read the store through a connection and nothing else."""

    filters: Filters
    at: datetime  # the time of the report, with its zone
    as_of: str  # the same as a stamp
    habits: Mapping[str, Answers]  # what each partner answers, and when
    classes: Classes
    words: Words
    crosswalk: Crosswalk = NO_CROSSWALK
    # Why no 835 can come, by partner, payer and billing provider.
    not_enrolled: Callable[[str, str, str], str | None] = lambda *_: None
    limit: int | None = None  # rows of a list; None: all
    table: Any = None  # a projection of a time that is past; None: the one of now

    @property
    def past(self) -> str:
        """The time that facts are cut at; empty for a report of now."""
        return self.as_of if self.table is not None else ""

    @property
    def source(self) -> dict[str, Any]:
        """The projection to ask, as the store's functions take it."""
        return {} if self.table is None else {"table": self.table}

    @property
    def day(self) -> str:
        return self.as_of[:10]

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        return parameters_of(self.filters)

    def days_before(self, days: int) -> str:
        """The day that lies so many days before the report's."""
        return (self.at.astimezone(UTC).date() - timedelta(days=days)).isoformat()

    def days_since(self, day: str) -> int | None:
        """Whole days from an ISO day until the report's; nothing where that is no day."""
        try:
            return (self.at.astimezone(UTC).date() - date.fromisoformat(day)).days
        except ValueError:
            return None

    def payer(self, key: str, name: str) -> tuple[str, str]:
        """Our id and name of a payer, whichever of its ids a claim or a payment has."""
        return self.crosswalk.resolve(key), self.crosswalk.name(key) or name


def parameters_of(filters: Filters) -> tuple[tuple[str, str], ...]:
    """The filters, for showing."""
    named = (("partner", filters.partner), ("payer", filters.payer), ("since", filters.since), ("until", filters.until))
    return tuple((name, value) for name, value in named if value)
