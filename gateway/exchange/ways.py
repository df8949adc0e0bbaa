"""What comes next: a partner's next round and cutoff, and the way that a ready claim is expected to take."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from gateway.app import App
from gateway.exchange.running import last_round
from gateway.exchange.schedule import next_poll
from gateway.partners import Profile, route
from gateway.store import Connection
from gateway.store.rounds import RoundRow, last_rounds


class Next(NamedTuple):
    """What comes next with a partner, in his own time zone."""

    poll: datetime | None  # None: not by itself
    cutoff: datetime | None
    reason: str  # why the last round failed, or the login was refused

    def document(self) -> dict[str, Any]:
        times = {"next_poll": self.poll, "next_cutoff": self.cutoff}
        return {name: at.isoformat(timespec="seconds") if at else None for name, at in times.items()}


def what_is_next(app: App, profile: Profile, row: RoundRow | None) -> Next:
    """By the profile's timetable and the last round."""
    now, table = app.now(), profile.timetable
    poll = next_poll(profile.name, table, now, last_round(row) if row else None)
    cutoff = table.next_cutoff(now)
    local = [at.astimezone(table.zone) if at else None for at in (poll, cutoff)]
    return Next(local[0], local[1], row.reason if row else "")


def expected_way(app: App, conn: Connection, payer_id: str, claim_type: str) -> dict[str, Any] | None:
    """Where a ready claim goes next and until when it must go there; None where no partner takes it."""
    profile = route(app.profiles.values(), payer_id, claim_type, app.home.crosswalk)
    if profile is None:
        return None
    found = what_is_next(app, profile, last_rounds(conn).get(profile.name))
    return {"partner": profile.name, **found.document()}
