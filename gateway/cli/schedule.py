"""`gateway run`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from gateway.cli.exchange import problems, summary
from gateway.cli.output import note, say
from gateway.cli.root import Session
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.exchange.running import Done


@click.command()
@click.option("--metrics", "address", metavar="HOST:PORT", help="Serve /metrics and /healthz there; on loopback only.")
@click.option("--metrics-anywhere", is_flag=True, help="Let --metrics be an address that other machines reach.")
@click.pass_obj
def run(session: Session, address: str | None, metrics_anywhere: bool) -> None:
    """Exchanges with each partner on its own schedule, in the foreground, until stopped.

    What a round did goes to standard output, what needs a person to standard error, each once. SIGTERM or Ctrl-C let
    the step under way come to its end and leave with 0; profiles that were changed are read again by themselves.
    """
    from gateway.exchange.running import run as loop

    app = session.app
    _ = app.profiles, app.companions  # what cannot be is said before anything is done
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: app.stopping.set())
    shown = Shown()

    def tell(done: Done) -> None:
        shown.show(done)
        session.record_so_far()

    with watched(app, address, anywhere=metrics_anywhere) as served:
        note(f"running for {', '.join(app.profiles) or 'no partner yet'}; stop with SIGTERM or Ctrl-C{served}")
        loop(app, tell, note)
    note("stopped; the step under way was finished")


@contextmanager
def watched(app: App, address: str | None, *, anywhere: bool) -> Iterator[str]:
    """Serves metrics within the block where an address is given; gives the words about it."""
    if address is None:
        yield ""
        return
    from gateway.exchange.measures import measure
    from gateway.exposition import parse_address, serving

    place = parse_address(address, anywhere=anywhere)
    with suppress(GatewayError):  # opened before a second thread asks for it; what is wrong with it is said by the loop
        _ = app.store
    with serving(place, lambda: measure(app)) as port:
        yield f"; metrics on {place[0]} port {port}"


class Shown:
    """Says what rounds did; of what needs a person only what it did not say of the same partner last time."""

    def __init__(self) -> None:
        self._said: dict[str, set[str]] = {}

    def show(self, done: Done) -> None:
        """One round."""
        found = done.round
        if found.built or found.delivered or found.processed or any(one.is_new for one in found.fetched):
            words = "; ".join(" ".join(line.split()) for line in summary(found))
            if done.partner:
                say(f"{done.at:%Y-%m-%d %H:%M:%S}Z {done.partner}: {words}")
        lines = problems(found)
        before = self._said.get(done.partner, set())
        for line in lines:
            if line not in before:
                note(line)
        self._said[done.partner] = set(lines)
