"""`gateway export`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from gateway.cli.files import write_file
from gateway.cli.output import JsonItems, json_option, note, plain_json, write_out
from gateway.cli.root import Group, Session
from gateway.errors import UsageError
from gateway.reports.cells import safe

_OPTIONS = (
    click.option("--since", metavar="CURSOR", default="", help="Only what is new since the export that told it."),
    click.option(
        "--format", "form", type=click.Choice(["csv", "ndjson"]), default="csv", show_default=True, help="The form."
    ),
    click.option(
        "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of standard output."
    ),
    click.option(
        "--cursor-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Begin at the cursor in this file, if it is there; keep the new one in it when everything is written. "
        "An export that was broken off is begun again with the same rows.",
    ),
    json_option,
)


def _exporting(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.pass_obj(command)


@click.group(cls=Group)
def export() -> None:
    """What the practice's own system needs: what is new since the last time, each thing once.

    The cursor to go on from is told on standard error, or kept by --cursor-file.
    """


@export.command()
@_exporting
def postings(session: Session, /, **said: Any) -> None:
    """Every amount that a payment moved, a row a remitted claim, with what was undone or given to another claim."""
    _export(session, "postings", **said)


@export.command()
@_exporting
def lines(session: Session, /, **said: Any) -> None:
    """The service lines that payers paid or denied, with their adjustment reason codes."""
    _export(session, "lines", **said)


@export.command()
@_exporting
def patients(session: Session, /, **said: Any) -> None:
    """What patients owe, line by line, ready to invoice; each balance again whenever it has changed."""
    _export(session, "patients", **said)


@export.command()
@_exporting
def balances(session: Session, /, **said: Any) -> None:
    """What payers took or carried on beside claims (PLB), a row an adjustment, with what was undone."""
    _export(session, "balances", **said)


def _export(
    session: Session,
    kind: str,
    *,
    since: str,
    form: str,
    output: Path | None,
    cursor_file: Path | None,
    as_json: bool,
) -> None:
    from gateway.exchange.exporting import export as run

    if as_json and output is not None:
        raise UsageError("--json goes to standard output; --output takes --format csv or ndjson")
    if cursor_file is not None and not since:
        since = _kept(cursor_file)
    begun = _begun(cursor_file, since)
    found = run(session.app, kind, since, begun)
    if begun == found.cursor:
        note("these are the rows of an export that was broken off; what came since comes with the next one")
    _begin(cursor_file, since, found.cursor)
    if as_json:
        items = JsonItems()
        for row in found.rows:
            items.tell(row)
        items.end({"cursor": found.cursor})
    else:
        texts = _ndjson(found.rows) if form == "ndjson" else _csv(found.columns, found.rows)
        try:
            _write(texts, output)
        except UsageError:
            if output is not None and cursor_file is not None:  # nobody had a row: the next one may end elsewhere
                _beside(cursor_file).unlink(missing_ok=True)
            raise
    note(f"cursor: {found.cursor}")
    if cursor_file is not None:
        write_file(cursor_file, lambda out: out.write(f"{found.cursor}\n".encode()), over=True)
        _beside(cursor_file).unlink(missing_ok=True)


def _write(texts: Iterable[str], output: Path | None) -> None:
    if output is None:
        for text in texts:
            write_out(text)
    else:
        write_file(output, lambda out: out.writelines(text.encode() for text in texts), over=True)


def _kept(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path}: cannot be read as a cursor") from None


def _beside(cursor_file: Path) -> Path:
    return cursor_file.with_name(f"{cursor_file.name}.begun")


def _begin(cursor_file: Path | None, since: str, until: str) -> None:
    """Keeps the end of the export before a row is written, so that it ends there again if it is broken off."""
    if cursor_file is not None:
        text = f"{since.strip()}\n{until}\n"
        write_file(_beside(cursor_file), lambda out: out.write(text.encode()), over=True)


def _begun(cursor_file: Path | None, since: str) -> str:
    """The end of the export from this cursor that was broken off; empty where there was none."""
    if cursor_file is None:
        return ""
    begun, _, until = _kept(_beside(cursor_file)).rpartition("\n")
    return until if begun.strip() == since.strip() else ""


def _ndjson(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    return (plain_json(json.dumps(row, ensure_ascii=False, separators=(",", ":"))) + "\n" for row in rows)


def _csv(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(name, row.get(name, "")) for name in columns])
        yield held.getvalue()
        held.seek(0)
        held.truncate()
    yield held.getvalue()


def _cell(name: str, value: Any) -> str:
    """Text that no spreadsheet takes for a formula; amounts keep their sign."""
    return str(value) if name in _NUMBERS else safe(str(value))


_NUMBERS = frozenset((
    "charge", "paid", "patient_responsibility", "deductible", "coinsurance", "copay", "contractual", "denied", "other",
    "prior_payer", "forwarded", "interest", "line", "units", "owes", "responsibility", "credit", "line_responsibility",
    "line_owes", "version", "amount",
))  # fmt: skip
