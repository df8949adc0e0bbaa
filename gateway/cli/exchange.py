"""`gateway exchange`, `gateway step`, and how a round is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateway.cli.output import counted, dry_run_option, emit, json_option, note, say
from gateway.cli.root import Session
from gateway.errors import GatewayError
from gateway.runbook import BY_BATCH_STATE, named

if TYPE_CHECKING:
    from gateway.exchange.collection import Fetched
    from gateway.exchange.delivery import Delivered
    from gateway.exchange.rounds import Round
    from gateway.store.batches import BatchRow


def problems(found: Round) -> list[str]:
    """What went wrong or needs a person, a line each, with the runbook that says what to do."""
    lines = [named(line, "held-claims") for built in found.built for line in built.problems]
    lines += [
        named(f"batch {sent.batch.id} for {sent.batch.partner} is {sent.batch.state}: {sent.text}", _page(sent))
        for sent in found.delivered
        if sent.needs_person or sent.error is not None
    ]
    lines += [named(line, "quarantined-file") for line in _not_collected(found.fetched)]
    lines += what_waits(found.processed)
    return lines + list(dict.fromkeys(named(f"{name}: {error}", error.page) for name, error in found.errors))


def _page(sent: Delivered) -> str:
    page = BY_BATCH_STATE.get(sent.batch.state)
    return page or (sent.error.page if sent.error is not None else "needs-a-person")


def what_waits(documents: Sequence[dict[str, Any]]) -> list[str]:
    """What was read and waits for a person, counted, a line for each kind of thing; no file is named."""
    sets = [one for document in documents for one in document["transactions"]]
    quarantined = sum(document["status"] == "quarantined" for document in documents)
    unread = sum(one["status"] == "quarantined" for one in sets) if not quarantined else 0
    parked = sum(one["status"] == "parked" for one in sets)
    unmatched = sum(one["unmatched"] for one in sets if one["kind"] == "835" and one["status"] == "posted")
    counts = [
        (quarantined, "file", "cannot be read", "quarantined-file"),
        (unread, "transaction set", "cannot be read", "quarantined-file"),
        (parked, "transaction set", "parked", "parked-remittance"),
        (unmatched, "remitted claim", "unmatched", "unmatched-remittance"),
    ]
    return [named(f"{counted(count, noun)} {words}", page) for count, noun, words, page in counts if count]


def _not_collected(files: Sequence[Fetched]) -> Iterator[str]:
    """A line for each reason: a session that broke leaves all files of a mailbox behind."""
    alike: dict[tuple[str, bool, str], list[str]] = {}
    for one in files:
        if one.needs_person:
            reason = str(one.result.error or one.result.file.odd)
            alike.setdefault((one.partner, one.result.archived is not None, reason), []).append(one.result.outcome)
    for (partner, is_kept, reason), outcomes in alike.items():
        how = ", ".join(dict.fromkeys(outcomes))
        if is_kept:
            yield f"{partner}: {counted(len(outcomes), 'file')} collected, and still in the mailbox: {reason}"
        elif len(outcomes) == 1:
            yield f"{partner}: a file was not collected ({how}): {reason}"
        else:
            yield f"{partner}: {counted(len(outcomes), 'file')} were not collected ({how}): {reason}"


def finish(found: Round) -> None:
    """Says what went wrong, a line each, and leaves with the round's exit code."""
    for line in problems(found):
        note(line)
    sys.exit(found.exit_code)


@click.command()
@click.option("--partner", help="Only this partner.")
@dry_run_option
@json_option
@click.pass_obj
def exchange(session: Session, partner: str | None, dry_run: bool, as_json: bool) -> None:
    """Builds, sends, fetches and processes once: what cron or a systemd timer runs."""
    from gateway.exchange.alerting import after_round, store_lost
    from gateway.exchange.rounds import exchange as run

    if dry_run:
        _foresee(session, partner, as_json)
    try:
        found = run(session.app, partner)
    except GatewayError as error:
        store_lost(session.app, error, note)
        raise
    if as_json:
        emit(found.document())
    else:
        for line in summary(found):
            say(line)
    after_round(session.app, found, [one.name for one in session.app.chosen(partner)], note)
    finish(found)


def _foresee(session: Session, partner: str | None, as_json: bool) -> NoReturn:
    from gateway.exchange.foreseen import a_round

    found = a_round(session.app, partner)
    code: int = found.pop("exit_code")
    if as_json:
        emit(found)
    else:
        claims = sum(one["claims"] for one in found["built"])
        say(f"would build    {counted(claims, 'claim')}")
        say(f"would send     {counted(len(found['sent']), 'batch')}, and what is built")
        say(f"would fetch    {counted(len(found['fetched']), 'file')}")
        say(f"would process  {counted(len(found['processed']), 'file')}, and what is fetched")
    for error in found["errors"]:
        note(f"{error['partner']}: {error['text']}")
    sys.exit(code)


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
        f"built      {_claims_in(built)}",
        f"sent       {_claims_in(sent)}",
        f"fetched    {counted(len(received), 'file')}",
        f"processed  {counted(len(found.processed), 'file')}" + (f": {said}" if said else ""),
    ]


def _claims_in(batches: Sequence[BatchRow]) -> str:
    return f"{counted(len(batches), 'batch')}, {counted(sum(one.claims for one in batches), 'claim')}"


def show_foreseen(documents: Sequence[dict[str, Any]], empty: str) -> None:
    """What a dry run found, a line each; what there are only ids and counts of."""
    for one in documents:
        sets = one.get("transactions")
        if sets is None:
            say("would take up " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in one.items() if value))
        else:
            said = ", ".join(f"{one['kind']} {one['control_number']}" for one in sets) or "no transaction set"
            say(f"would read {one['file']} ({one['status']}): {said}")
    if not documents:
        say(empty)


@click.command()
@click.argument("kind", type=click.Choice(["build", "deliver", "collect", "process"]))
@click.argument("identifier", metavar="ID")
@dry_run_option
@json_option
@click.pass_obj
def step(session: Session, kind: str, identifier: str, dry_run: bool, as_json: bool) -> None:
    """One unit of work, harmless when repeated: build PARTNER, deliver BATCH, collect PARTNER, process FILE."""
    from gateway.exchange.foreseen import a_step
    from gateway.exchange.steps import run

    if dry_run:
        planned = a_step(session.app, kind, identifier)
        if as_json:
            emit(planned)
        else:
            show_foreseen(planned, f"nothing to {kind}")
        return
    found = run(session.app, kind, identifier)
    if as_json:
        emit(found.document())
    else:
        for line in summary(found):
            say(line)
    finish(found)
