"""`gateway x12`: looking into files, without a home."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from gateway.cli.deidentify import deidentify
from gateway.cli.files import opened
from gateway.cli.output import BytesOut, emit, flush_out, json_option, note, say, to_json, write_out
from gateway.cli.root import Group
from gateway.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.cli.root import Session
    from gateway.x12.issues import Issue
    from gateway.x12.values import Group as FunctionalGroup
    from gateway.x12.values import Interchange

_SHOWN = 50  # issues a file for a person; --json has them all
file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.group(cls=Group)
def x12() -> None:
    """Looks into X12 files of any supported kind; needs no home."""


def _has_error(issues: Iterable[dict[str, Any]]) -> bool:
    return any(issue["severity"] == "error" for issue in issues)


def _line(file: object, issue: dict[str, Any]) -> str:
    place = f"segment {issue['segment']}" if issue.get("segment") else "file"
    if issue.get("offset") is not None:
        place += f" (byte {issue['offset']})"
    return f"{file}: {place}: {issue['severity']}: {issue['text']} [{issue['code']}]"


def _note_issues(file: object, issues: list[dict[str, Any]]) -> None:
    for issue in issues[:_SHOWN]:
        note(_line(file, issue))
    if len(issues) > _SHOWN:
        note(f"{file}: … and {len(issues) - _SHOWN:,} more; `gateway x12 validate --json` has them all")


@x12.command()
@file_argument
@json_option
def inspect(file: Path, as_json: bool) -> None:
    """What is in FILE: interchanges, groups and sets with their counts, sums and faults."""
    from gateway.x12.inspect import inspect as run

    with opened(file) as stream:
        document = run(stream)
    sets = [one for i in document["interchanges"] for g in i["groups"] for one in g["transactions"]]
    issues = [*document["issues"], *(issue for one in sets for issue in one.get("issues", ()))]
    if not document["interchanges"]:
        reason = issues[0]["text"] if issues else "there is nothing in it"
        raise UsageError(f"{file}: {reason}")
    if as_json:
        emit(document)
    else:
        _show(document)
        _note_issues(file, issues)
    sys.exit(1 if _has_error(issues) else 0)


def _show(document: dict[str, Any]) -> None:
    for interchange in document["interchanges"]:
        usage = {"T": "test", "P": "production"}.get(interchange["usage"], interchange["usage"])
        say(
            f"interchange {interchange['control_number']}  {interchange['sender']} → {interchange['receiver']}  {usage}"
        )
        for group in interchange["groups"]:
            if group["functional_id"]:
                say(f"  group {group['control_number']}  {group['functional_id']}  {group['version']}")
            for one in group["transactions"]:
                skipped = ("kind", "control_number", "issues")
                facts = ", ".join(
                    f"{key.replace('_', ' ')} {value}" for key, value in one.items() if key not in skipped
                )
                say(f"    {one['kind']} {one['control_number']}  {facts}")


@x12.command()
@file_argument
@click.option(
    "--second-opinion/--no-second-opinion",
    default=None,
    help="Ask pyx12, too, where it has a map; without either, only for kinds without a guide table of ours.",
)
@json_option
def validate(file: Path, second_opinion: bool | None, as_json: bool) -> None:
    """Every fault of FILE: envelope, guide, balances; exit code 1 where there is an error."""
    from gateway.validation import validate as run

    with opened(file) as stream:
        issues = [issue.document() for issue in run(stream, second_opinion=second_opinion)]
    if as_json:
        emit({"file": str(file), "valid": not _has_error(issues), "issues": issues})
    else:
        for issue in issues:
            say(_line(file, issue))
        if not issues:
            say(f"{file}: no fault found")
    sys.exit(1 if _has_error(issues) else 0)


@x12.command()
@file_argument
def read(file: Path) -> None:
    """What FILE says, a JSON object a line: an 837's claims, an 835's claim payments, a 999's or 277CA's answers."""
    from gateway.reading import read_documents
    from gateway.x12.faults import ISA_TRUNCATED, UNREADABLE

    issues: list[Issue] = []
    count = 0
    with opened(file) as stream:
        for document in read_documents(stream, issues):
            count += 1
            write_out(to_json(document, indent=None) + "\n")
    flush_out()
    if not count:
        reason = next((issue.text for issue in issues if issue.code in (*UNREADABLE, ISA_TRUNCATED.code)), "")
        if reason or not issues:
            raise UsageError(f"{file}: {reason or 'holds nothing that can be read'}")
    documents = [issue.document() for issue in issues]
    _note_issues(file, documents)
    sys.exit(1 if _has_error(documents) else 0)


@x12.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--partner", help="The envelope of this partner of the home, instead of a neutral one.")
@click.pass_obj
def write(session: Session, file: Path | None, partner: str | None) -> None:
    """Canonical claims, a JSON object a line, from FILE or standard input, as an 837 on standard output."""
    from datetime import UTC, datetime

    from gateway.guides import all_guides
    from gateway.x12.roundtrip import neutral_envelope, write_claims

    now = datetime.now(UTC)  # noqa: TID251 - no home is opened here, so there is no clock to ask
    name = str(file) if file else "standard input"
    problems: list[tuple[int, str]] = []  # line, text
    places = array("Q")  # the line of each document
    out = BytesOut()
    with opened(file) if file else nullcontext(sys.stdin.buffer) as source:
        documents, envelope = _lines(source, problems, places), neutral_envelope(now)
        if partner:
            documents, envelope = _for_partner(session, partner, documents, now)
        for refused in write_claims(documents, cast(BinaryIO, out), all_guides(), envelope):
            place = places[refused.record - 1]
            problems += [(place, f"{fault.path}: {fault.text}") for fault in refused.faults]
    out.flush()
    for number, text in sorted(problems)[:_SHOWN]:
        note(f"{name}: line {number}: {text}")
    if len(problems) > _SHOWN:
        note(f"{name}: … and {len(problems) - _SHOWN:,} more")
    if not out.written and not problems:
        raise UsageError(f"{name}: holds no claims")
    sys.exit(1 if problems else 0)


def _for_partner(
    session: Session, partner: str, documents: Iterator[dict[str, Any]], now: datetime
) -> tuple[Iterator[dict[str, Any]], tuple[Interchange, FunctionalGroup]]:
    """The claims as a partner of the home gets them, and its envelope."""
    from gateway.home import Home
    from gateway.outbound.sets import addressed
    from gateway.outbound.writing import BatchHead, envelope_of

    profile = Home.open(session.home).profile(partner)
    envelope = envelope_of(BatchHead(profile, "professional", "000000001", "1", now))
    return (addressed(document, profile) for document in documents), envelope


def _lines(source: BinaryIO, problems: list[tuple[int, str]], places: array[int]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            problems.append((number, f"is not JSON ({_json_fault(error)})"))
            continue
        if isinstance(document, dict):
            places.append(number)
            yield document
        else:
            problems.append((number, "is not an object"))


def _json_fault(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"


x12.add_command(deidentify)
