"""`gateway exchange`, `gateway step`, and how a round is shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.output import emit, json_option, note, say
from gateway.cli.root import Session

if TYPE_CHECKING:
    from gateway.exchange.rounds import Round


def finish(found: Round) -> None:
    """Says what went wrong, a line each, and leaves with the round's exit code."""
    for built in found.built:
        for line in built.problems:
            note(line)
    for sent in found.delivered:
        if sent.needs_person or sent.error is not None:
            note(f"batch {sent.batch.id} for {sent.batch.partner} is {sent.batch.state}: {sent.text}")
    for fetched in found.fetched:
        if fetched.needs_person:
            reason = fetched.result.error or fetched.result.file.odd
            note(f"{fetched.partner}: a file was not collected ({fetched.result.outcome}): {reason}")
    for name, error in found.errors:
        note(f"{name}: {error}")
    sys.exit(found.exit_code)


@click.command()
@click.option("--partner", help="Only this partner.")
@json_option
@click.pass_obj
def exchange(session: Session, partner: str | None, as_json: bool) -> None:
    """Build, send, fetch and process once: what cron or a systemd timer runs."""
    from gateway.exchange.rounds import exchange as run

    found = run(session.app, partner)
    if as_json:
        emit(found.document())
    else:
        for line in summary(found):
            say(line)
    finish(found)


def summary(found: Round) -> list[str]:
    """A round in a few lines."""
    built = [one.batch for one in found.built if one.batch]
    sent = [one.batch for one in found.delivered if one.batch.state == "sent"]
    received = [one for one in found.fetched if one.result.outcome == "received"]
    kinds: dict[str, int] = {}
    for document in found.processed:
        for one in document["transactions"]:
            kinds[one["kind"]] = kinds.get(one["kind"], 0) + 1
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return [
        f"built      {len(built)} batches, {sum(batch.claims for batch in built)} claims",
        f"sent       {len(sent)} batches, {sum(batch.claims for batch in sent)} claims",
        f"fetched    {len(received)} files",
        f"processed  {len(found.processed)} files" + (f": {said}" if said else ""),
    ]


@click.command()
@click.argument("kind", type=click.Choice(["build", "deliver", "collect", "process"]))
@click.argument("identifier", metavar="ID")
@json_option
@click.pass_obj
def step(session: Session, kind: str, identifier: str, as_json: bool) -> None:
    """One unit of work, harmless when repeated: build PARTNER, deliver BATCH, collect PARTNER, process FILE."""
    from gateway.exchange.steps import run

    found = run(session.app, kind, identifier)
    if as_json:
        emit(found.document())
    else:
        for line in summary(found):
            say(line)
    finish(found)
