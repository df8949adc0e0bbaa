"""The units of work that a schedule or a queue runs: a kind and an id, harmless when repeated."""

from __future__ import annotations

from collections.abc import Callable

from gateway.app import App
from gateway.errors import UsageError
from gateway.exchange import building, collection, delivery, process
from gateway.exchange.rounds import Round
from gateway.store import batches


def run(app: App, kind: str, identifier: str) -> Round:
    """Runs one step; raises what the step raises."""
    return STEPS[kind](app, identifier)


def number(identifier: str, what: str) -> int:
    """The id that a person wrote; UsageError where it can be none."""
    if not identifier.isascii() or not identifier.isdecimal() or len(identifier) > 18:
        raise UsageError(f"{identifier!r} is not the number of {what}")
    return int(identifier)


def _build(app: App, partner: str) -> Round:
    return Round(built=list(building.build(app, partner)))


def _deliver(app: App, identifier: str) -> Round:
    with app.store.read() as conn:
        batch = batches.get_batch(conn, number(identifier, "a batch"))
    done = delivery.send_one(app, app.home.profile(batch.partner), batch.id)
    return Round(delivered=[done] if done else [])


def _collect(app: App, partner: str) -> Round:
    return Round(fetched=collection.fetch(app, app.home.profile(partner)))


def _process(app: App, identifier: str) -> Round:
    return Round(processed=[process.process_file(app, number(identifier, "an inbound file"))])


STEPS: dict[str, Callable[[App, str], Round]] = {
    "build": _build,
    "deliver": _deliver,
    "collect": _collect,
    "process": _process,
}
