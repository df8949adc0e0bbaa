"""`gateway inbound`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from gateway.cli.batches import copy_out
from gateway.cli.exchange import show_foreseen, what_waits
from gateway.cli.files import of_file, require_file
from gateway.cli.output import (
    counted,
    dry_run_option,
    emit,
    json_option,
    note,
    number_type,
    progress,
    say,
    table,
)
from gateway.cli.root import Group, Session
from gateway.errors import GatewayError
from gateway.runbook import named

STATUSES = ("received", "processed", "partial", "quarantined", "ignored")
partner_option = click.option("--partner", help="Only this partner.")
id_argument = click.argument("file_id", metavar="ID", type=number_type)


@click.group(cls=Group)
def inbound() -> None:
    """What comes back: TA1, 999, 277CA, 835; collected, read, posted."""


@inbound.command()
@partner_option
@dry_run_option
@json_option
@click.pass_obj
def fetch(session: Session, partner: str | None, dry_run: bool, as_json: bool) -> None:
    """Collects from the mailbox: archived and recorded before anything is parsed or removed."""
    from gateway.cli.exchange import finish
    from gateway.exchange.rounds import fetch_all

    if dry_run:
        _foresee_fetch(session, partner, as_json)
    found = fetch_all(session.app, partner)
    if as_json:
        emit([one.document() for one in found.fetched])
    else:
        new = [one for one in found.fetched if one.result.outcome == "received"]
        table(
            ("partner", "file", "size"),
            [(f.partner, f.result.file.name, f.result.file.size) for f in new],
            empty="no new files",
        )
    finish(found)


def _foresee_fetch(session: Session, partner: str | None, as_json: bool) -> NoReturn:
    from gateway.exchange.foreseen import to_fetch

    found, code = [], 0
    for profile in session.app.chosen(partner):
        try:
            found += to_fetch(session.app, profile)
        except GatewayError as error:
            note(f"{profile.name}: {error}")
            code = max(code, error.exit_code)
    _foreseen(found, as_json, "no new files", code)


def _foreseen(documents: list[dict[str, Any]], as_json: bool, empty: str, code: int = 0) -> NoReturn:
    if as_json:
        emit(documents)
    else:
        show_foreseen(documents, empty)
    sys.exit(code)


def _finish(documents: list[dict[str, Any]], as_json: bool, code: int = 0) -> None:
    from gateway.exchange.process import needs_person

    if as_json:
        emit(documents)
    else:
        for document in documents:
            show_document(document)
    waits = any(needs_person(document) for document in documents)
    for line in what_waits(documents) or ([named("something waits", "needs-a-person")] if waits else []):
        note(line)
    sys.exit(code or int(waits))


def show_document(document: dict[str, Any]) -> None:
    """A processed file in lines for a person."""
    say(f"{document['file']}: {document['status']}" + (f": {document['reason']}" if document.get("reason") else ""))
    for one in document["transactions"]:
        facts = f"{counted(one['claims'], 'claim')}, {one['matched']:,} matched"
        if one["unmatched"]:
            facts += f", {one['unmatched']} unmatched"
        if one["kind"] == "835":
            facts += f", charged {one['charge']}, paid {one['paid']}"
        if one.get("foreign"):
            facts = "it answers nothing that was sent from here; kept, and no fault"
        say(f"  {one['kind']} {one['control_number']}: {one['status']}: {facts}")
        for issue in sorted(one["issues"], key=lambda issue: issue["severity"] != "error")[:20]:
            say(f"    segment {issue['segment']}: {issue['severity']}: {issue['text']} [{issue['code']}]")
        if len(one["issues"]) > 20:
            say(f"    … and {len(one['issues']) - 20} more; --json has them all")


@inbound.command("import")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@dry_run_option
@json_option
@click.pass_obj
def import_(session: Session, files: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Takes in files at hand: archived first, then processed."""
    from gateway.exchange.foreseen import file_at_hand
    from gateway.exchange.process import import_files

    app = session.app
    documents: list[dict[str, Any]] = []
    code = 0
    for path in files:
        try:
            require_file(path)
            if dry_run:
                documents.append(file_at_hand(app, path))
                continue
            with progress(path.name) as step:
                documents.extend(import_files(app, [path], step))
        except GatewayError as error:
            note(of_file(path, error))
            code = max(code, error.exit_code)
    if dry_run:
        _foreseen(documents, as_json, "nothing to take in", code)
    _finish(documents, as_json, code)


@inbound.command()
@dry_run_option
@json_option
@click.pass_obj
def process(session: Session, dry_run: bool, as_json: bool) -> None:
    """Parses and posts what was collected."""
    from gateway.exchange.foreseen import to_process
    from gateway.exchange.process import process_waiting

    if dry_run:
        _foreseen(list(to_process(session.app)), as_json, "no files wait")
    documents = list(process_waiting(session.app))
    if not documents and not as_json:
        say("no files wait")
    _finish(documents, as_json)


@inbound.command()
@id_argument
@dry_run_option
@json_option
@click.pass_obj
def reprocess(session: Session, file_id: int, dry_run: bool, as_json: bool) -> None:
    """Reads a file again, harmlessly: what was posted stays posted once."""
    from gateway.exchange.foreseen import one_file
    from gateway.exchange.process import process_file

    if dry_run:
        _foreseen([one_file(session.app, file_id)], as_json, "")
    _finish([process_file(session.app, file_id)], as_json)


@inbound.command("list")
@partner_option
@click.option("--status", type=click.Choice(STATUSES), help="Only files of this status.")
@json_option
@click.pass_obj
def list_(session: Session, partner: str | None, status: str | None, as_json: bool) -> None:
    """The files that came in, the oldest first."""
    from gateway.store import inbound_files

    if partner:
        session.app.home.profile(partner)
    with session.app.store.read() as conn:
        rows = inbound_files.list_files(conn, partner=partner, statuses=(status,) if status else ())
    documents = [
        {"id": str(r.id), "partner": r.partner, "file": r.name, "status": r.status, "reason": r.reason, "size": r.size}
        | {"sha256": r.sha256, "received_at": r.recorded_at, "processed_at": r.processed_at}
        for r in rows
    ]
    if as_json:
        emit(documents)
        return
    head = ("id", "partner", "name", "status", "size", "received", "reason")
    shown = [
        (d["id"], d["partner"], d["file"], d["status"], d["size"], str(d["received_at"])[:16], d["reason"])
        for d in documents
    ]
    table(head, shown, right=("size",), empty="no files")


@inbound.command()
@id_argument
@json_option
@click.pass_obj
def show(session: Session, file_id: int, as_json: bool) -> None:
    """One file: what was in it and what became of each set."""
    from gateway.exchange.posting import transaction_document
    from gateway.store import inbound_files
    from gateway.store.inbound_sets import sets_in_file

    with session.app.store.read() as conn:
        row = inbound_files.get_file(conn, file_id)
        sets = sets_in_file(conn, file_id)
        seen = inbound_files.sightings(conn, file_id)
    document: dict[str, Any] = {"file": row.name, "sha256": row.sha256, "status": row.status, "reason": row.reason}
    document["transactions"] = [transaction_document(one) for one in sets]
    document["sightings"] = [{"at": one.recorded_at, "partner": one.partner, "file": one.name} for one in seen]
    if as_json:
        emit(document)
    else:
        show_document(document)


@inbound.command()
@id_argument
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--opened", is_flag=True, help="In the clear, where it came sealed by OpenPGP.")
@click.pass_obj
def export(session: Session, file_id: int, file: Path | None, opened: bool) -> None:
    """The exact bytes of a file, to FILE or to standard output, for the practice's own system."""
    from gateway.exchange.retaining import refuse_left_file
    from gateway.store import inbound_files

    app = session.app
    with app.store.read() as conn:
        row = inbound_files.get_file(conn, file_id)
    refuse_left_file(app, row.archive_name)
    app.archive.verify(row.archive_name, row.sha256)
    if opened:
        from gateway.exchange import sealing

        row = sealing.opened(app, row)
    with app.archive.open(row.archive_name) as source:
        copy_out(source, file)
