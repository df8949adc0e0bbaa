"""`gateway audit`."""

from __future__ import annotations

import json
import re
import sys
from datetime import date, timedelta

import click

from gateway.cli.claims import provider_option
from gateway.cli.output import emit, json_option, note, say, table
from gateway.cli.report import day
from gateway.cli.root import Group, Session

_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@click.group(cls=Group)
def audit() -> None:
    """The audit trail: who saw, changed, sent and posted what."""


@audit.command("list")
@click.option("--since", callback=day, help="Recorded on or after this day (UTC).")
@click.option("--until", callback=day, help="… on or before this day (UTC).")
@click.option("--actor", default="", help="Only what this person or program did.")
@click.option("--claim", metavar="CLM01", help="Only commands that named this claim.")
@provider_option
@json_option
@click.pass_obj
def list_entries(
    session: Session,
    since: str,
    until: str,
    actor: str,
    claim: str | None,
    provider: str | None,
    as_json: bool,
) -> None:
    """Entries, the oldest first. A claim stands as our own number, for whoever may look it up."""
    from gateway.exchange.claim_decisions import find_claim
    from gateway.store.audit import entries

    with session.app.store.read() as conn:
        subject = f"claim:{find_claim(conn, claim, provider).id}" if claim else ""
        before = str(date.fromisoformat(until) + timedelta(days=1)) if until else ""
        found = list(entries(conn, since=since or "", until=before, actor=actor, subject=subject))
    if as_json:
        emit([{**one._asdict(), "subjects": json.loads(one.subjects)} for one in found])
        return
    rows = [
        (one.number, f"{one.recorded_at[:19]}Z", one.actor, one.login, one.command, _shown(one.subjects), one.outcome)
        for one in found
    ]
    table(["entry", "at", "who", "login", "command", "on", "end"], rows)


def _shown(subjects: str) -> str:
    found = json.loads(subjects)
    return " ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _head(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, str] | None:
    if value is None:
        return None
    found = _HEAD.fullmatch(value)
    if found is None:
        raise click.BadParameter("is what `gateway audit verify` said: NUMBER:HASH", context, parameter)
    return int(found[1]), found[2]


@audit.command()
@click.option("--head", callback=_head, metavar="NUMBER:HASH", help="The newest entry as it was noted elsewhere.")
@json_option
@click.pass_obj
def verify(session: Session, head: tuple[int, str] | None, as_json: bool) -> None:
    """Whether any entry was changed, removed or inserted, and what the newest one is.

    Note that one elsewhere: with it, entries removed at the end are found, too, and a trail that was written anew.
    """
    from gateway.store.audit import Head, faults
    from gateway.store.audit import head as newest

    with session.app.store.read() as conn:
        found = list(faults(conn, Head(*head) if head else None))
        last = newest(conn)
    noted = f"{last.number}:{last.hash}"
    if as_json:
        emit({"entries": last.number, "head": noted, "faults": found})
    else:
        for fault in found:
            say(fault)
        say(f"{last.number:,} {'entry' if last.number == 1 else 'entries'}; the newest is {noted}")
    if found:
        note("the audit trail was tampered with, or the store is an older copy")
    sys.exit(1 if found else 0)
