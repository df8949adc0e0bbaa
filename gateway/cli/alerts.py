"""`gateway alerts`."""

from __future__ import annotations

import sys

import click

from gateway.cli.output import dry_run_option, emit, json_option, note, number_type, say, table
from gateway.cli.root import Group, Session
from gateway.runbook import named


@click.group(cls=Group)
def alerts() -> None:
    """What needs a person, and telling somebody by mail, webhook or command."""


@alerts.command("list")
@click.option("--all", "everything", type=click.IntRange(1, 10_000), help="The last N, mended ones too.", metavar="N")
@json_option
@click.pass_obj
def list_(session: Session, everything: int | None, as_json: bool) -> None:
    """What needs a person now, also what nobody was told of yet."""
    from gateway.exchange.alerting import listed

    found = listed(session.app, everything=everything or 0)
    if as_json:
        emit(found)
        return
    rows = [
        (
            one["id"] or "new",
            one["state"],
            one["since"][:16].replace("T", " "),
            one["text"],
            ", ".join(one["told"]) or "nobody",
            one["runbook"],
        )
        for one in found
    ]
    table(("id", "state", "since (UTC)", "what", "told by", "runbook"), rows, empty="nothing needs a person")


@alerts.command()
@dry_run_option
@json_option
@click.pass_obj
def send(session: Session, dry_run: bool, as_json: bool) -> None:
    """Looks now, and tells each channel what it was not told yet: what `exchange` and `run` do by themselves."""
    from gateway.exchange.alerting import listed
    from gateway.exchange.alerting import send as run

    if dry_run:
        channels = session.app.home.alerts.channels
        found = [one for one in listed(session.app) if one["state"] == "open" and set(channels) - set(one["told"])]
        if as_json:
            emit(found)
        else:
            table(("kind", "what"), [(one["kind"], one["text"]) for one in found], empty="nothing to tell")
        return
    sent = run(session.app)
    if as_json:
        emit(sent._asdict())
    else:
        say(f"new {sent.opened}, mended {sent.mended}")
        for name, count in sent.told.items():
            say(f"told by {name}: {count}")
    for name, reason in sent.failed.items():
        note(named(f"alerts by {name} did not get through: {reason}", "alert-channel"))
    sys.exit(1 if sent.failed else 0)


@alerts.command()
@click.option("--channel", type=click.Choice(["mail", "webhook", "command"]), help="Only this one.")
@json_option
@click.pass_obj
def test(session: Session, channel: str | None, as_json: bool) -> None:
    """Sends a test message on each channel and says what each answered."""
    from gateway.exchange.alerting import test as run

    found = run(session.app, channel)
    if as_json:
        emit([{"channel": name, "sent": not reason, "text": reason} for name, reason in found.items()])
    else:
        for name, reason in found.items():
            say(f"{name:<8} {reason or 'sent'}")
    sys.exit(1 if any(found.values()) else 0)


@alerts.command()
@click.argument("alert", metavar="ID", type=number_type)
@click.option("--reason", required=True, help="Why it needs nobody; kept with who and when.")
@json_option
@click.pass_obj
def dismiss(session: Session, alert: int, reason: str, as_json: bool) -> None:
    """Says that an alert needs nobody: it is silent until its cause has ended, and new when it comes again."""
    from gateway.exchange.alerting import dismiss as run

    run(session.app, alert, reason)
    if as_json:
        emit({"id": str(alert), "state": "dismissed"})
    else:
        say(f"alert {alert} is dismissed")
