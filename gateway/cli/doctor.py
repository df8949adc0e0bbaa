"""`gateway doctor`."""

from __future__ import annotations

import sys

import click

from gateway.cli.output import emit, json_option, say
from gateway.cli.root import Session
from gateway.runbook import named


@click.command()
@click.option("--offline", is_flag=True, help="Do not reach out to partners.")
@json_option
@click.pass_obj
def doctor(session: Session, offline: bool, as_json: bool) -> None:
    """Checks configuration, store, archive, keys, host keys, folders and clock; says how to mend what is wrong."""
    from gateway.exchange.health import examine

    found = []
    for one in examine(session.app, connect=not offline):
        found.append(one)
        if not as_json:
            say(f"{one.level:<8} {one.what:<18} {one.text}")
            if one.mend:
                say(f"{'':<27} → {named(one.mend, one.page) if one.page else one.mend}")
    if as_json:
        emit([one.document() for one in found])
    codes = {one.exit_code for one in found if one.level == "error"}
    sys.exit(next((code for code in (4, 2, 3) if code in codes), 0))
