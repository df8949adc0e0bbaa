"""`gateway run`: rounds with each partner when they are due, one after the other, until the process is told to stop.

What is due is asked of the schedule anew each time, by what the store says of the last rounds: two gateways on one
store share the work, and a restart neither forgets nor hammers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from gateway.app import App
from gateway.errors import Bug, GatewayError
from gateway.exchange.alerting import PAUSE, keep_seen, look, store_lost
from gateway.exchange.companion_rules import load_companions
from gateway.exchange.conditions import by_a_round
from gateway.exchange.locks import Busy
from gateway.exchange.mailbox import is_still_refused
from gateway.exchange.rounds import Round, exchange, strays
from gateway.exchange.schedule import Due, LastRound, next_due
from gateway.home import Home
from gateway.partners import Profile
from gateway.store import stamp
from gateway.store.rounds import RoundRow, keep_round, last_rounds

BUSY_PAUSE = timedelta(seconds=10)  # before a mailbox that another process works on is looked at again
LONGEST_PAUSE = 60.0  # seconds after which profiles, secrets and the clock are looked at again


class Done(NamedTuple):
    """One round of the loop; no partner where it is about what belongs to none."""

    partner: str
    at: datetime
    round: Round


Tell = Callable[[Done], None]


def run(app: App, tell: Tell, warn: Callable[[str], None]) -> None:
    """Runs until `app.stopping` is set. `tell` gets each round, `warn` a line where the loop itself is in trouble."""
    loop = _Loop(app, tell, warn, app.now())
    while not app.stopping.is_set():
        loop.renew()
        try:
            pause = loop.turn()
        except GatewayError as error:  # the store is out of reach: nothing can be done without it
            loop.warn_once(str(error))
            store_lost(app, error, warn)
            pause = LONGEST_PAUSE
        if pause > 0:
            app.wait(min(pause, LONGEST_PAUSE))


@dataclass(slots=True)
class _Loop:
    app: App
    tell: Tell
    warn: Callable[[str], None]
    started: datetime
    known: dict[str, LastRound] = field(default_factory=dict)  # rounds of this process, kept in the store or not
    changed: set[str] = field(default_factory=set)  # partners whose profile is new: due at once
    read: object = None  # what the files of the configuration looked like when they were read
    warned: str = ""
    looked_at: datetime | None = None  # when it was last looked what needs a person

    def renew(self) -> None:
        """Reads profiles and mappings again where one of their files has changed; goes on with the old where that
        fails."""
        found = list(_looks(self.app.home.path))
        if found == self.read:
            return
        first, self.read = self.read is None, found
        before = self.app.profiles if not first else {}
        try:
            home = Home.open(self.app.home.path)
            profiles = home.profiles
            load_companions(home.path, profiles, home.crosswalk)
        except GatewayError as error:
            if first:
                raise
            self.warn(f"{error}; going on with the profiles as they were")
            return
        self.app.renew(home)
        self.changed |= {name for name, one in profiles.items() if not first and before.get(name) != one}

    def turn(self) -> float:
        """Whatever is due now; gives the seconds until the next thing is."""
        rows = self._rows()
        plans = [(self._due(profile, rows.get(profile.name)), profile) for profile in self.app.profiles.values()]
        now = self.app.now()
        ready = sorted((due.at, profile.name) for due, profile in plans if due.at is not None and due.at <= now)
        if not ready:
            self.warned = ""
            if self.looked_at is None or not timedelta(0) <= now - self.looked_at < PAUSE:
                self._look()
            waits = [(due.at - now).total_seconds() for due, _ in plans if due.at is not None]
            return min(waits, default=LONGEST_PAUSE)
        for _, name in ready:
            if not self.app.stopping.is_set():
                self._round(name, rows.get(name))
        if not self.app.stopping.is_set():
            self.tell(Done("", self.app.now(), strays(self.app)))
            self._look()
        return 0.0

    def _look(self) -> None:
        self.looked_at = self.app.now()
        look(self.app, self.warn)

    def _rows(self) -> dict[str, RoundRow]:
        with self.app.store.read() as conn:
            return last_rounds(conn)

    def _due(self, profile: Profile, row: RoundRow | None) -> Due:
        last = None if profile.name in self.changed else self._last(profile, row)
        return next_due(profile.name, profile.timetable, self.app.now(), last, self.started)

    def _last(self, profile: Profile, row: RoundRow | None) -> LastRound | None:
        """The last round by this process or another one; none where the settings that were refused are others now."""
        if row is None:
            return self.known.get(profile.name)
        if row.refused:
            return last_round(row) if is_still_refused(self.app, profile, row.refused) else None
        stored, own = last_round(row), self.known.get(profile.name)
        return own if own is not None and own.ended_at > stored.ended_at else stored

    def _round(self, name: str, row: RoundRow | None) -> None:
        try:
            found = exchange(self.app, name)
        except GatewayError as error:
            found = Round(errors=[(name, error)])
        except Exception as error:  # noqa: BLE001 - a bug that one partner's files bring out must not stop the others
            found = Round(errors=[(name, Bug.of(error))])
            self._keep_failure(name, row, found.errors[0][1])
        self.changed.discard(name)
        errors = [error for partner, error in found.errors if partner == name]
        before = row.failures if row is not None else 0
        # Also where the store could not keep it: what failed is never tried again without a pause.
        self.known[name] = LastRound(self.app.now(), before + 1 if errors else 0)
        if any(isinstance(error, Busy) for error in errors):  # who has the mailbox may die: then it is our turn soon
            poll = self.app.profiles[name].timetable.poll
            self.known[name] = LastRound(self.app.now() - max(poll - BUSY_PAUSE, timedelta(0)))
        self.app.log.info("round", partner=name, exit_code=found.exit_code)
        keep_seen(self.app, by_a_round(found, [name]))
        self.tell(Done(name, self.app.now(), found))

    def _keep_failure(self, name: str, row: RoundRow | None, error: GatewayError) -> None:
        """So that a restart does not run into it again at once."""
        before = row or RoundRow(name, "", 0, "", "")
        failed = before._replace(
            ended_at=stamp(self.app.now()),
            failures=before.failures + 1,
            refused="",
            reason=str(error),
            problem="other",
        )
        with suppress(GatewayError), self.app.store.write() as conn:
            keep_round(conn, failed)

    def warn_once(self, text: str) -> None:
        """Says a line, unless it was the last one said."""
        if text != self.warned:
            self.warn(text)
        self.warned = text


def last_round(row: RoundRow) -> LastRound:
    """A row of the store as the schedule takes it."""
    return LastRound(datetime.fromisoformat(row.ended_at), row.failures, bool(row.refused))


def _looks(home: Path) -> Iterator[tuple[str, int, int]]:
    """Each file of the configuration with its size and time."""
    for folder in ("sftp_config", "mappings"):
        for path in sorted((home / folder).rglob("[!.]*")):
            try:
                stat = path.stat()
            except OSError:  # removed meanwhile
                continue
            yield str(path), stat.st_size, stat.st_mtime_ns
