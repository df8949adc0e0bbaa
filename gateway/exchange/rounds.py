"""One round of the exchange, partner by partner: one that cannot be reached never keeps the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.app import App
from gateway.errors import GatewayError, PartnerUnreachable, UsageError
from gateway.exchange import building, collection, delivery, journal, process
from gateway.exchange.building import Built
from gateway.exchange.collection import Fetched
from gateway.exchange.delivery import Delivered
from gateway.exchange.locks import Busy
from gateway.partners import Profile
from gateway.store import batches, stamp
from gateway.store.rounds import RoundRow, keep_round, last_rounds
from gateway.transport.port import AuthenticationFailed, HostKeyRefused, TransportError

_T = TypeVar("_T")
JOURNAL = "the journal"  # as a round calls the step that is no partner's


@dataclass(slots=True)
class Round:
    """What one run did."""

    built: list[Built] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)
    processed: list[dict[str, Any]] = field(default_factory=list)
    errors: list[tuple[str, GatewayError]] = field(default_factory=list)  # by partner

    @property
    def exit_code(self) -> int:
        """Refused before unreachable before usage before "needs a person"; 0 where all is well."""
        codes = {error.exit_code for _, error in self.errors}
        codes |= {one.error.exit_code for one in self.delivered if one.error is not None}
        codes |= {one.result.error.exit_code for one in self.fetched if one.result.error is not None}
        for code in (70, 4, 2, 3):
            if code in codes:
                return code
        return 1 if 1 in codes or self._needs_person() else 0

    def _needs_person(self) -> bool:
        return (
            any(one.needs_person for one in self.built)
            or any(one.needs_person for one in self.delivered)
            or any(one.needs_person for one in self.fetched)
            or any(process.needs_person(document) for document in self.processed)
        )

    def document(self) -> dict[str, Any]:
        return {
            "built": [one.document() for one in self.built],
            "sent": [one.document() for one in self.delivered],
            "fetched": [one.document() for one in self.fetched],
            "processed": self.processed,
            "errors": [{"partner": name, "text": str(error)} for name, error in self.errors],
        }


def _each(app: App, name: str, round_: Round, profiles: Iterable[Profile], step: Callable[[Profile], None]) -> set[str]:
    """Runs the step of that name for each partner; returns the names of those whose mailbox cannot be worked on now."""
    closed = set()
    for profile in profiles:
        try:
            with app.span(name, partner=profile.name):
                step(profile)
        except GatewayError as error:
            round_.errors.append((profile.name, error))
            if isinstance(error, TransportError | Busy | UsageError):
                closed.add(profile.name)
    return closed


def undescribed(app: App) -> Iterator[tuple[str, GatewayError]]:
    """Partners whose batches wait, but whose profile is gone."""
    with app.store.read() as conn:
        waiting = batches.list_batches(conn, states=("sending", *delivery.WAITING))
    for name in sorted({batch.partner for batch in waiting} - app.profiles.keys()):
        numbers = [f"batch {batch.id} is {batch.state}" for batch in waiting if batch.partner == name]
        more = f" and {len(numbers) - 3} more wait" if len(numbers) > 3 else ""
        text = f"{', '.join(numbers[:3])}{more}, but there is no sftp_config/{name}.toml: put it back, or cancel"
        yield name, UsageError(text)


def send_all(app: App, partner: str | None = None) -> Round:
    """Settles and delivers for each partner."""
    round_ = Round()
    if not partner:
        round_.errors.extend(undescribed(app))
    _each(
        app, "send", round_, app.chosen(partner), lambda profile: round_.delivered.extend(delivery.send(app, profile))
    )
    return round_


def fetch_all(app: App, partner: str | None = None) -> Round:
    """Collects each partner's mailbox."""
    round_ = Round()
    _each(
        app, "fetch", round_, app.chosen(partner), lambda profile: round_.fetched.extend(collection.fetch(app, profile))
    )
    return round_


def exchange(app: App, partner: str | None = None) -> Round:
    """Build, send, fetch and process once, as far as the step under way where the process is told to stop.

    A mailbox that could not be opened to send is not tried again to fetch: another wrong login may lock the account.
    """
    with app.span("round", partner=partner or "") as span:
        found = _exchange(app, partner)
        span.put(exit_code=found.exit_code)
    return found


def _exchange(app: App, partner: str | None) -> Round:
    round_ = Round()
    chosen = app.chosen(partner)
    if not partner:
        round_.built.extend(building.unrouted(app))
    _each(
        app, "build", round_, chosen, lambda profile: round_.built.extend(_steps(app, building.build_for(app, profile)))
    )
    if not partner:
        round_.errors.extend(undescribed(app))
    closed = _each(
        app, "send", round_, chosen, lambda profile: round_.delivered.extend(_steps(app, delivery.send(app, profile)))
    )
    open_ = [profile for profile in chosen if profile.name not in closed and not app.stopping.is_set()]
    _each(app, "fetch", round_, open_, lambda profile: round_.fetched.extend(collection.fetch(app, profile)))
    if not app.stopping.is_set():
        _remember(app, chosen, round_)
    try:
        round_.processed.extend(_steps(app, process.process_waiting(app)))
    except GatewayError as error:
        round_.errors.append(("what was fetched", error))
    if not app.stopping.is_set():
        try:
            journal.write_if_due(app)
        except GatewayError as error:
            round_.errors.append((JOURNAL, error))
    return round_


def strays(app: App) -> Round:
    """What belongs to no partner's round: claims that no partner takes, batches whose profile is gone."""
    return Round(built=list(building.unrouted(app)), errors=list(undescribed(app)))


def _steps(app: App, steps: Generator[_T, None, None]) -> Iterator[_T]:
    """Step by step; the one under way is the last one where the process is told to stop."""
    with closing(steps):
        if app.stopping.is_set():
            return
        for one in steps:
            yield one
            if app.stopping.is_set():
                return


def _remember(app: App, profiles: Sequence[Profile], round_: Round) -> None:
    """Keeps how the round with each partner went; one that another process had the mailbox for is its business."""
    with app.store.write() as conn:
        before = last_rounds(conn)
        for profile in profiles:
            errors = [error for name, error in round_.errors if name == profile.name]
            errors += [one.error for one in round_.delivered if one.error and one.batch.partner == profile.name]
            errors += [one.stopped_by for one in round_.fetched if one.stopped_by and one.partner == profile.name]
            if any(isinstance(error, Busy) for error in errors):
                continue
            last = before.get(profile.name)
            failures = (last.failures if last else 0) + 1 if errors else 0
            refused = last.refused if last and any(isinstance(one, AuthenticationFailed) for one in errors) else ""
            reason = str(errors[0]) if errors else ""
            now = stamp(app.now())
            went_well = now if not errors else last.succeeded_at if last else ""
            own = [
                one.error for one in round_.delivered if one.needs_person
            ]  # a batch's own trouble, not the partner's
            problem = problem_of([error for error in errors if error not in own])
            keep_round(conn, RoundRow(profile.name, now, failures, refused, reason, problem, went_well))


def problem_of(errors: Sequence[GatewayError]) -> str:
    """Which kind of failure a round met, the gravest of them; one of `store.rounds.PROBLEMS`, empty for none."""
    for problem, kinds in _PROBLEMS.items():
        if any(isinstance(one, kinds) for one in errors):
            return problem
    return "other" if errors else ""


_PROBLEMS: dict[str, tuple[type[GatewayError], ...]] = {
    "host_key": (HostKeyRefused,),
    "login": (AuthenticationFailed,),
    "setup": (UsageError,),
    "unreachable": (PartnerUnreachable,),
}
