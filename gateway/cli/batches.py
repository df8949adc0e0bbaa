"""`gateway batches`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from gateway.cli.files import write_file
from gateway.cli.output import BytesOut, counted, dry_run_option, emit, json_option, note, number_type, say, table
from gateway.cli.root import Group, Session
from gateway.runbook import named

STATES = (
    "built", "sending", "sent", "unknown", "failed", "cancelled", "accepted", "partially_accepted", "rejected",
)  # fmt: skip

partner_option = click.option("--partner", help="Only this partner.")


@click.group(cls=Group)
def batches() -> None:
    """837 files: built, sent, answered."""


def _rows(documents: list[dict[str, Any]]) -> None:
    head = ("batch", "partner", "type", "state", "ISA13", "claims", "charge", "file", "sent at")
    keys = ("id", "partner", "type", "state", "interchange_control_number", "claims", "charge", "file_name")
    rows = [[*(one[key] for key in keys), (one["sent_at"] or "")[:16]] for one in documents]
    table(head, rows, right=("claims", "charge"), empty="no batches")


@batches.command("build")
@partner_option
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes for large batches, instead of what gateway.toml says."
)
@dry_run_option
@json_option
@click.pass_obj
def build(session: Session, partner: str | None, workers: int | None, dry_run: bool, as_json: bool) -> None:
    """Makes 837 files of the claims that are ready: checked, numbered, archived, ready to send."""
    from gateway.exchange.building import build as run
    from gateway.exchange.building import plan

    app = session.app
    if dry_run:
        planned = plan(app, partner)
        if as_json:
            emit([one.document() for one in planned])
            return
        rows = [(one.partner, one.type, one.payer_id, one.claims, one.charge_text) for one in planned]
        table(
            ("partner", "type", "payer", "claims", "charge"), rows, right=("claims", "charge"), empty="nothing is ready"
        )
        return
    if workers:
        app.workers.count = workers
    results = list(run(app, partner))
    if as_json:
        emit([one.document() for one in results])
    else:
        _rows([one.document() for one in results if one.batch])
        for one in results:
            for line in one.problems:
                note(named(line, "held-claims"))
    sys.exit(1 if any(one.needs_person for one in results) else 0)


@batches.command("list")
@partner_option
@click.option("--state", type=click.Choice(STATES), help="Only batches in this state.")
@json_option
@click.pass_obj
def list_(session: Session, partner: str | None, state: str | None, as_json: bool) -> None:
    """The batches, the oldest first."""
    from gateway.exchange.batches import documents

    found = [one for one in documents(session.app, partner) if not state or one["state"] == state]
    if as_json:
        emit(found)
    else:
        _rows(found)


@batches.command()
@click.argument("batch_id", metavar="ID", type=number_type)
@json_option
@click.pass_obj
def show(session: Session, batch_id: int, as_json: bool) -> None:
    """One batch: its numbers, its sets, each step of its delivery, and what was answered."""
    from gateway.exchange.batches import whole

    found = whole(session.app, batch_id)
    if as_json:
        emit(found)
        return
    for key, value in found.items():
        if not isinstance(value, list):
            say(f"{key.replace('_', ' '):<28}{'' if value is None else value}")
    say()
    sets = [(s["control_number"], s["reference"], s["claims"], s["charge"]) for s in found["sets"]]
    table(("ST02", "BHT03", "claims", "charge"), sets, right=("claims", "charge"))
    for title, key in (("delivery", "steps"), ("answers", "answers")):
        say(f"\n{title}")
        rows = [(one["at"][:19], one["what"], one["text"]) for one in found[key]]
        table(("at", "what", "detail"), rows)


@batches.command()
@click.argument("batch_id", metavar="ID", type=number_type)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_obj
def export(session: Session, batch_id: int, file: Path | None) -> None:
    """The exact bytes of a batch, to FILE or to standard output."""
    from gateway.exchange.batches import open_bytes

    with open_bytes(session.app, batch_id) as source:
        copy_out(source, file)


def copy_out(source: BinaryIO, file: Path | None) -> None:
    """Copies bytes to a new file, or to standard output."""
    if file is None:
        shutil.copyfileobj(source, BytesOut())
        return
    write_file(file, lambda out: shutil.copyfileobj(source, out))
    note(f"written to {file}")


@batches.command()
@partner_option
@dry_run_option
@json_option
@click.pass_obj
def send(session: Session, partner: str | None, dry_run: bool, as_json: bool) -> None:
    """Delivers what is built. Settles unknown deliveries first, and never sends one of those again blindly."""
    from gateway.cli.exchange import finish
    from gateway.exchange.batches import documents
    from gateway.exchange.rounds import send_all

    app = session.app
    if dry_run:
        found = [d for d in documents(app, partner) if d["state"] in ("built", "failed", "unknown", "sending")]
        if as_json:
            emit(found)
        else:
            _rows(found)
        return
    outcome = send_all(app, partner)
    if as_json:
        emit([one.document() for one in outcome.delivered])
    else:
        _rows([one.document() for one in outcome.delivered])
    finish(outcome)


@batches.command()
@click.argument("batch_id", metavar="ID", type=number_type)
@click.option("--reason", default="", help="Why; kept with the decision.")
@click.option("--never-arrived", is_flag=True, help="The partner was asked and says that the file is not there.")
@click.option("--as-is", is_flag=True, help="The claims that a 277CA rejected are right; what kept them is mended.")
@dry_run_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def resend(
    session: Session,
    batch_id: int,
    reason: str,
    never_arrived: bool,
    as_is: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Looks at what went wrong, says what is the right thing to do and why, and does it, or refuses.

    First it shows what would be done, why, what could come twice by it, and what is known of the batch.
    """
    from gateway.cli.exchange import finish
    from gateway.exchange.resending import carry_out, plan, recover

    app = session.app
    _require_reason(reason, never_arrived, as_is)
    if not dry_run:
        recover(app, batch_id)
    planned = plan(app, batch_id, never_arrived=never_arrived, as_is=as_is)
    if not as_json:
        for line in planned.lines():
            say(line)
    elif planned.action == "refuse":
        emit(planned.document())
    planned.refuse()
    if dry_run:
        if as_json:
            emit(planned.document())
        return
    if not yes and sys.stdin.isatty():
        click.confirm("Do it?", abort=True, err=True)
    done = carry_out(app, planned, reason)
    documents = [one.document() for one in done.built] + [one.document() for one in done.delivered]
    if as_json:
        emit({**planned.document(), "batches": documents})
    else:
        _rows([one for one in documents if "id" in one])
    finish(done)


def _require_reason(reason: str, never_arrived: bool, as_is: bool) -> None:
    """What a person vouches for is kept with why."""
    if never_arrived and as_is:
        raise click.UsageError("--as-is is for claims that were rejected, --never-arrived for a file that is lost")
    if never_arrived and not reason:
        raise click.UsageError("--never-arrived needs --reason: who said so, and when")
    if as_is and not reason:
        raise click.UsageError("--as-is needs --reason: what kept the claims, and how it was mended")


@batches.command("mark-sent")
@click.argument("batch_id", metavar="ID", type=number_type)
@click.option("--reason", required=True, help="How it was delivered, for example by hand in the partner's portal.")
@dry_run_option
@json_option
@click.pass_obj
def mark_sent(session: Session, batch_id: int, reason: str, dry_run: bool, as_json: bool) -> None:
    """Says that the file was delivered by hand; it is not sent again."""
    from gateway.exchange.batches import mark_sent_by_hand

    found = mark_sent_by_hand(session.app, batch_id, reason, dry_run=dry_run)
    if as_json:
        emit(found)
    else:
        say(f"batch {batch_id} {'would be' if dry_run else 'is'} {'sent' if dry_run else found['state']}")


@batches.command()
@click.argument("batch_id", metavar="ID", type=number_type)
@click.option("--reason", default="", help="Why; kept with the decision.")
@dry_run_option
@json_option
@click.pass_obj
def cancel(session: Session, batch_id: int, reason: str, dry_run: bool, as_json: bool) -> None:
    """Gives up a batch that never arrived; its claims are ready again."""
    from gateway.exchange.batches import cancel_batch

    found = cancel_batch(session.app, batch_id, reason, dry_run=dry_run)
    if as_json:
        emit(found)
    else:
        done = "would be" if dry_run else "is"
        ready = f"its {counted(found['claims'], 'claim')} {'would be' if dry_run else 'now'} ready again"
        say(f"batch {batch_id} {done} cancelled, {ready}")
