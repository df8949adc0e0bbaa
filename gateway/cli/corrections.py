"""`gateway claims replace` and `gateway claims void`: what is changed or taken back at the payer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.files import require_file
from gateway.cli.output import dry_run_option, emit, json_option, say
from gateway.cli.root import Session

if TYPE_CHECKING:
    from gateway.exchange.intake import Door, Tally
    from gateway.exchange.replacing import Wish
    from gateway.store.claims import ClaimRow

_ORDERS = click.Choice(list("PSTABCDEFGHU"))
_OUTCOMES = ("ready", "held", "unchanged", "rejected")


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What both commands take."""
    for option in (
        json_option,
        dry_run_option,
        click.option("--reason", default="", help="Why; kept."),
        click.option(
            "--adjudicated",
            is_flag=True,
            help="The payer has decided on the claim, though no remittance of it is here.",
        ),
        click.option(
            "--payer-number", default="", help="The payer's number of the claim, where none or several are known."
        ),
        click.option("--provider", help="The billing provider's NPI or tax id, where several share the number."),
        click.argument("number", metavar="CLM01"),
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", help="For CSV: a mapping of mappings/sources/, by name.")
@click.pass_obj
def replace(session: Session, /, number: str, file: Path, mapping: str | None, **said: Any) -> None:
    """Corrects a claim by the content of FILE.

    What the payer never had is sent again as an original. What it has decided on is replaced (frequency 7) under its
    own number; refused while it has not decided, or where it takes no replacements.
    """

    require_file(file)

    def run(door: Door, claim: ClaimRow, wish: Wish) -> Tally:
        from gateway.exchange import replacing

        return replacing.replace(door, claim, file, wish, mapping_name=mapping)

    _correct(session, number, run, said)


@click.command()
@_options
@click.option("--order", type=_ORDERS, help="The payer, where several: P, S, T …")
@click.pass_obj
def void(session: Session, /, number: str, **said: Any) -> None:
    """Takes a claim back that the payer has decided on (frequency 8)."""

    def run(door: Door, claim: ClaimRow, wish: Wish) -> Tally:
        from gateway.exchange import replacing

        return replacing.void(door, claim, wish)

    _correct(session, number, run, said)


def _correct(session: Session, number: str, run: Callable[[Door, ClaimRow, Wish], Tally], said: dict[str, Any]) -> None:
    from gateway.exchange.claim_decisions import find_claim
    from gateway.exchange.intake import Door
    from gateway.exchange.replacing import Wish
    from gateway.store.current import rows_of

    app = session.app
    with app.store.read() as conn:
        claim = find_claim(conn, number, said["provider"])
    door = Door.of(app, app.home.path, dry_run=said["dry_run"])
    wish = Wish(
        app.actor, said["reason"], said["payer_number"], said.get("order") or "", adjudicated=said["adjudicated"]
    )  # fmt: skip
    tally = run(door, claim, wish)
    with app.store.read() as conn:
        state = rows_of(conn, [claim.id])[claim.id].state
    _show(number, state, tally, said)
    sys.exit(1 if tally.needs_person else 0)


def _show(number: str, state: str, tally: Tally, said: dict[str, Any]) -> None:
    document = tally.document()
    outcome = next((name for name in _OUTCOMES if document[name]), "rejected")
    if said["as_json"]:
        emit(
            {"patient_control_number": number, "state": state, "outcome": outcome, "issues": document["issues"]}
        )  # fmt: skip
        return
    say(f"{number}: the correction {'would be' if said['dry_run'] else 'is'} {outcome}; the claim is {state}")
    for issue in document["issues"]:
        field = f" {issue['field']}:" if issue["field"] else ""
        say(f"  {issue['severity']}:{field} {issue['text']} [{issue['code']}]")
