"""`gateway claims event`: what no file says."""

from __future__ import annotations

from typing import Any

import click

from gateway.cli.output import dry_run_option, emit, json_option, number_type, say
from gateway.cli.report import day
from gateway.cli.root import Session
from gateway.errors import UsageError

_NEEDED = ("hop", "verdict", "source", "on", "text")
_NAMES = {"on": "date"}


@click.command()
@click.argument("number", metavar="CLM01")
@click.option("--hop", type=click.Choice(["clearinghouse", "payer"]), help="Who said it.")
@click.option(
    "--verdict", type=click.Choice(["accept", "reject", "pended", "info"]), help="What it means for the claim."
)
@click.option("--text", help="What was said; kept.")
@click.option("--source", type=click.Choice(["portal", "telephone", "paper"]), help="How it was said.")
@click.option("--date", "on", callback=day, help="The day on which it was said.")
@click.option("--by", default="", help="Who was told, where it is not who enters it.")
@click.option("--payer-number", default="", help="The payer's number of the claim, where it was told.")
@click.option("--take-back", type=number_type, help="Instead: says that this event was entered wrongly.")
@click.option("--reason", default="", help="With --take-back: why; kept.")
@click.option("--provider", help="The billing provider's NPI or tax id, where several share the number.")
@dry_run_option
@json_option
@click.pass_obj
def event(session: Session, /, number: str, provider: str | None, dry_run: bool, as_json: bool, **said: Any) -> None:
    """Enters an answer that came in no file: on the telephone, in a portal, on paper.

    It counts like one of a file, for the newest submission; `info` is only kept. `claims why` shows it with its source
    and person, and its number for --take-back.
    """
    from gateway.exchange.claim_events import Said, enter_event, take_back

    app = session.app
    given = [name for name in _NEEDED if said[name]]
    if said["take_back"] is not None:
        if given or said["by"] or said["payer_number"]:
            raise UsageError("--take-back goes with --reason alone")
        found = take_back(app, number, provider, said["take_back"], said["reason"], dry_run=dry_run)
    else:
        missing = [f"--{_NAMES.get(name, name)}" for name in _NEEDED if name not in given]
        if missing:
            raise UsageError(f"an event needs {', '.join(missing)}")
        told = Said(
            said["hop"], said["verdict"], said["text"], said["source"], said["on"], said["by"], said["payer_number"]
        )
        found = enter_event(app, number, provider, told, dry_run=dry_run)
    if as_json:
        emit(found)
        return
    entered = "taken back" if said["take_back"] is not None else "entered"
    how = "would be" if dry_run else "is"
    name = "the event" if dry_run and said["take_back"] is None else f"event {found['event']}"
    say(f"{number}: {name} {how} {entered}; the claim {how} {found['state']}")
