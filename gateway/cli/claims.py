"""`gateway claims`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.cli import claim_events, corrections
from gateway.cli.files import of_file, require_file
from gateway.cli.output import counted, dry_run_option, emit, json_option, note, progress, say, table
from gateway.cli.report import day
from gateway.cli.root import Group, Session
from gateway.errors import GatewayError, UsageError
from gateway.runbook import named

_SHOWN = 100  # lines about one file; --json has them all
_ALIKE = 5  # times that the same may be said, each with its record

number_argument = click.argument("number", metavar="CLM01")
provider_option = click.option(
    "--provider", help="The billing provider's NPI or tax id, where several share the number."
)


@click.group(cls=Group)
def claims() -> None:
    """Claims: taken in, looked at, held and released."""


@claims.command("import")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--mapping", help="For CSV: a mapping of mappings/sources/, by name.")
@click.option(
    "--already-sent", is_flag=True, help="An 837 that another system has sent: never built here, answers match."
)
@dry_run_option
@json_option
@click.pass_obj
def import_(
    session: Session, files: tuple[Path, ...], mapping: str | None, already_sent: bool, dry_run: bool, as_json: bool
) -> None:
    """Takes claims in: canonical JSON or NDJSON, CSV through a mapping, or an 837. Each record stands alone."""
    from gateway.exchange.already_sent import import_already_sent
    from gateway.exchange.intake import Door, import_file

    app = session.app
    if mapping and already_sent:
        raise UsageError("--mapping is for CSV and --already-sent for an 837; only one of the two")
    door = Door.of(app, app.home.path, dry_run=dry_run)
    found, code = [], 0
    for path in files:
        try:
            require_file(path)
            with progress(path.name, so_far=True) as step:
                if already_sent:
                    tally = import_already_sent(door, path, progress=step)
                else:
                    tally = import_file(door, path, mapping_name=mapping, progress=step)
        except GatewayError as error:
            note(of_file(path, error))
            code = max(code, error.exit_code)
            continue
        found.append(tally.document())
        if tally.needs_person:
            code = max(code, 1)
    if as_json:
        emit(found)
    else:
        for document in found:
            _show_import(document)
    if waiting := _waiting(found):
        note(named(waiting, "held-claims"))
    if dry_run:
        note("nothing was stored")
    sys.exit(code)


def _waiting(documents: list[dict[str, Any]]) -> str:
    """What needs a person, counted; empty where nothing does."""
    counts = {name: sum(document[name] for document in documents) for name in ("held", "rejected")}
    return ", ".join(f"{counted(count, 'record')} {name}" for name, count in counts.items() if count)


def _show_import(document: dict[str, Any]) -> None:
    outcomes = ("ready", "held", "unchanged", "rejected", "sent")
    counts = ", ".join(f"{document[name]:,} {name}" for name in outcomes if document.get(name))
    say(f"{document['file']}: {counted(document['records'], 'record')}{': ' + counts if counts else ''}")
    said = _gathered(document["issues"])
    for line in said[:_SHOWN]:
        say(f"  {line}")
    if len(said) > _SHOWN:
        say(f"  … and {len(said) - _SHOWN:,} more; --json has them all")


def _gathered(issues: list[dict[str, Any]]) -> list[str]:
    """A line an issue; what is said of many records alike stands once, at the end."""
    alike: dict[str, list[dict[str, Any]]] = {}
    for issue in issues:
        alike.setdefault(_issue_text(issue), []).append(issue)
    many = {text for text, found in alike.items() if len(found) > _ALIKE}
    lines = [f"{_issue_place(issue)}: {text}" for issue in issues if (text := _issue_text(issue)) not in many]
    return lines + [f"{len(alike[text]):,} records: {text}" for text in alike if text in many]


def _issue_text(issue: dict[str, Any]) -> str:
    field = f" {issue['field']}:" if issue["field"] else ""
    return f"{issue['severity']}:{field} {issue['text']} [{issue['code']}]"


def _issue_place(issue: dict[str, Any]) -> str:
    number = f" {issue['patient_control_number']}" if issue["patient_control_number"] else ""
    return f"record {issue['record']}{number}" if issue["record"] else "file"


@claims.command("list")
@click.option("--state", default="", help="Only claims in this state, for example held or denied.")
@click.option("--payer", default="", help="Only this payer, by any of its ids.")
@click.option("--since", callback=day, help="First imported on or after this day.")
@click.option("--until", callback=day, help="… on or before this day.")
@json_option
@click.pass_obj
def list_(session: Session, state: str, payer: str, since: str, until: str, as_json: bool) -> None:
    """The claims, with state and money."""
    from gateway.claims.life import STATES
    from gateway.exchange.reporting import overdue_since
    from gateway.reports.story import listed
    from gateway.store.stories import claims_listed

    if state and state not in STATES:
        raise UsageError(f"{state!r} is not a state; states are {', '.join(sorted(STATES))}")
    payer_ids = session.app.home.crosswalk.known_as(payer) if payer else ()
    with session.app.store.read() as conn:
        rows = claims_listed(conn, state=state, payer_ids=payer_ids, since=since, until=until)
    late = overdue_since(session.app)
    documents = [listed(row, late) for row in rows]
    if as_json:
        emit(documents)
        return
    head = ("claim", "state", "payer", "service", "charge", "paid", "patient", "denied", "open", "flags")
    money = ("charge", "paid", "patient_responsibility", "denied", "open")
    rows_shown = [
        (
            one["patient_control_number"],
            one["state"],
            (one["payer"]["name"] or one["payer"]["id"])[:24],
            one["service_from"],
            *(one[name] for name in money),
            " ".join(one["flags"]),
        )
        for one in documents
    ]
    table(head, rows_shown, right=("charge", "paid", "patient", "denied", "open"), empty="no claims")


def _document(session: Session, number: str, provider: str | None) -> dict[str, Any]:
    from gateway.exchange.claim_decisions import find_claim
    from gateway.exchange.enrolled import advice
    from gateway.exchange.reporting import overdue_since, patient_of, provider_balances_of, remitted_lines_of
    from gateway.exchange.ways import expected_way
    from gateway.reports.story import shown

    with session.app.store.read() as conn:
        claim_id = find_claim(conn, number, provider).id
        found = shown(conn, claim_id, overdue_since(session.app))
        found["remitted_lines"] = remitted_lines_of(session.app, conn, claim_id)
        found["patient"] = patient_of(session.app, conn, claim_id)
        found["provider_balances"] = provider_balances_of(session.app, conn, found)
        if found["state"] == "ready":
            found["way"] = expected_way(session.app, conn, found["payer"]["id"], found["type"])
    return {**found, "advice": advice(session.app, found)}


@claims.command()
@number_argument
@provider_option
@json_option
@click.pass_obj
def show(session: Session, number: str, provider: str | None, as_json: bool) -> None:
    """One claim: where it is, what it came to, where it was sent."""
    document = _document(session, number, provider)
    if as_json:
        emit(document)
        return
    payer, billing = document["payer"], document["billing_provider"]
    flags = f"  ({', '.join(document['flags'])})" if document["flags"] else ""
    say(f"{document['patient_control_number']}  {document['type']}  {document['state']}{flags}")
    say(f"payer             {payer['name']} ({payer['id']})")
    say(f"billing provider  {billing['name']} ({billing['id']})")
    say(f"service           {document['service_from']} to {document['service_to']}")
    say(f"payer's numbers   {', '.join(document['payer_claim_numbers']) or 'none yet'}")
    say()
    for name in ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open"):
        say(f"{name.replace('_', ' '):<24}{document[name]:>14}")
    _show_patient(document["patient"])
    say("\nlines")
    lines = [
        (one.get("number"), one.get("service_date"), _procedure(one), one.get("quantity"), one.get("charge"))
        for one in document["lines"]
    ]
    table(("line", "service", "procedure", "units", "charge"), lines, right=("units", "charge"))
    say("\npayments")
    paid = [(p["date"], p["trace_number"], p["payer"], p["status"], p["paid"]) for p in document["payments"]]
    table(("date", "trace", "payer", "CLP02", "paid"), paid, right=("paid",), empty="none yet")
    _show_named(document["provider_balances"])
    _show_remitted(document["remitted_lines"])
    _show_work(document)
    say("\nsent")
    keys = ("batch", "partner", "interchange_control_number", "group_control_number", "transaction_control_number")
    sent = [[*(one[key] for key in keys), (one["sent_at"] or one["state"])[:19]] for one in document["submissions"]]
    table(("batch", "partner", "ISA13", "GS06", "ST02", "at"), sent, empty="not yet")
    if "way" in document:
        say(f"expected          {_way(document['way'])}")
    say(f"\n`gateway claims why {document['patient_control_number']}` has the whole history")


def _show_remitted(lines: list[dict[str, Any]]) -> None:
    """What stands of the payers' decisions, a row a line of theirs; nothing where none stands."""
    if not lines:
        return
    say("\ndecided, line by line")
    money = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
    head = ("line", "payer", "procedure", *(name.split("_")[0] for name in money), "reasons", "")
    rows = [
        (one["line"], f"{one['payer_id']} {one['order']}".strip(), one["procedure"] or "(the claim)",
         *(one[name] for name in money), _reasons(one), _made(one))
        for one in lines
    ]  # fmt: skip
    table(head, rows, right=head[3:-2])


def _reasons(line: dict[str, Any]) -> str:
    said = [f"{one['group']} {one['reason']} {one['amount']}" for one in line["adjustments"]]
    return ", ".join([*said, *line["remarks"]])


def _made(line: dict[str, Any]) -> str:
    """What the payer made of the line that was billed."""
    billed = f"billed as {line['submitted_procedure']}" if line["submitted_procedure"] else ""
    made = "added by the payer" if line["made"] == "added" else line["made"]
    return ", ".join(filter(None, (made, billed)))


def _show_named(entries: list[dict[str, Any]]) -> None:
    """The provider adjustments that name the claim; nothing where none does."""
    if not entries:
        return
    say("\nprovider adjustments (PLB) that name it")
    keys = ("date", "trace_number", "code", "label", "reference", "amount", "open")
    undone = [f"undone by {one['by']}: {one['reason']}" if one["kind"] == "undo" else one["state"] for one in entries]
    rows = [(*(one[key] for key in keys), note) for one, note in zip(entries, undone, strict=True)]
    table(("date", "trace", "PLB", "what it is", "reference", "taken", "open", ""), rows, right=("taken", "open"))


def _way(way: dict[str, Any] | None) -> str:
    if way is None:
        return "no partner takes this payer; name it in a profile"
    cutoff = f", next cutoff {way['next_cutoff']}" if way["next_cutoff"] else ""
    return f"to {way['partner']}, next round {way['next_poll'] or 'not by itself'}{cutoff}"


def _show_work(document: dict[str, Any]) -> None:
    """Who works on it and until when, its appeals and notes; nothing where nobody did anything."""
    work = document["work"]
    about = [f"owner {work['owner']}" if work["owner"] else "", f"due {work['due']}" if work["due"] else ""]
    about.append(f"done: {work['done']['outcome']} ({work['done']['by']})" if work["done"] else "")
    if any(about):
        say(f"\nwork              {', '.join(filter(None, about))}")
    if document["appeals"]:
        say("\nappeals")
        rows = [(a["level"], a["sent"], a["answered"], a["outcome"], a["note"]) for a in document["appeals"]]
        table(("level", "sent", "answered", "outcome", "note"), rows)
    if work["notes"]:
        say("\nnotes")
        for one in work["notes"]:
            say(f"  {one['at'][:10]}  {one['by']}: {one['text']}")


def _show_patient(patient: dict[str, Any]) -> None:
    """What the patient owes and why, line by line where there is something."""
    say(f"\n{'the patient owes':<24}{patient['owes']:>14}  {patient['text']}")
    if patient["paid"] != "0.00":
        say(f"{'the patient paid':<24}{patient['paid']:>14}")
    head = ("line", "service", "procedure", "left to the patient", "owes")
    keys = ("line_control_number", "service_date", "procedure", "responsibility", "owes")
    if patient["lines"]:
        table(head, [[line[key] for key in keys] for line in patient["lines"]], right=("left to the patient", "owes"))


def _procedure(line: dict[str, Any]) -> str:
    procedure = line.get("procedure", {})
    code = " ".join([procedure.get("code", ""), *procedure.get("modifiers", ())])
    return f"{line['revenue_code']} {code}".strip() if "revenue_code" in line else code


@claims.command()
@number_argument
@provider_option
@json_option
@click.pass_obj
def why(session: Session, number: str, provider: str | None, as_json: bool) -> None:
    """One claim's whole history; each line names the file and the segment that it rests on."""
    document = _document(session, number, provider)
    if as_json:
        emit({key: document[key] for key in ("patient_control_number", "state", "flags", "events", "advice")})
        return
    say(f"{document['patient_control_number']} is {document['state']}, because:")
    for event in document["events"]:
        place = f"{event['file']}, segment {event['segment']}" if event["file"] else event["source"]
        if event["kind"] == "remittance" and "by" in event:
            place = f"{event['source']}, entered by {event['by']}: {event['file']}, claim {event['segment']}"
        if event["kind"] == "entered":
            place = f"{event['source']}, {event['by']} (event {event['id']})"
            place += ", taken back" if event["taken_back"] else ""
        codes = f" [{' '.join(event['codes'])}]" if event["codes"] else ""
        say(f"  {event['at'][:19].replace('T', ' ')}  {_what(event):<29} {event['text']}{codes}")
        say(f"  {'':<21}└ {place}")
    for line in document["advice"]:
        say(f"→ {line}")


_HOPS = {"clearinghouse": "by clearinghouse", "payer": "by payer"}
_VERDICTS = {"accept": "accepted", "reject": "rejected", "duplicate": "duplicate", "pended": "pended"}


def _what(event: dict[str, Any]) -> str:
    if not event["file"] and event["kind"] != "entered":
        return str(event["kind"]).replace("_", " ")
    return " ".join(filter(None, (event["source"], _VERDICTS.get(event["verdict"], ""), _HOPS.get(event["hop"], ""))))


@claims.command()
@json_option
def schema(as_json: bool) -> None:  # noqa: ARG001 - it is JSON in any case
    """The JSON Schema of the canonical claim, for those who produce it."""
    from gateway.claims.completion import load_defaults
    from gateway.claims.producer_schema import producer_schema
    from gateway.data import SHIPPED
    from gateway.guides import all_guides
    from gateway.x12.schema import claim_schema

    table = (SHIPPED / "mappings" / "completion.csv").read_text(encoding="utf-8")
    emit(producer_schema(claim_schema(all_guides().values()), load_defaults(table)))


def _decide(action: str) -> Callable[..., None]:
    def decide(session: Session, number: str, provider: str | None, reason: str, dry_run: bool, as_json: bool) -> None:
        from gateway.exchange import claim_decisions
        from gateway.exchange.intake import Door

        app = session.app
        with app.store.read() as conn:
            claim = claim_decisions.find_claim(conn, number, provider)
        door = Door.of(app, app.home.path, dry_run=dry_run)
        state = getattr(claim_decisions, action)(door, claim, actor=app.actor, reason=reason)
        if as_json:
            emit({"patient_control_number": number, "state": state})
        else:
            say(f"{number} {'would be' if dry_run else 'is'} {state}")

    return decide


def _decision(action: str, text: str) -> None:
    command: Any = _decide(action)
    command.__doc__ = text
    for option in (
        json_option,
        dry_run_option,
        click.option("--reason", default="", help="Why; kept."),
        provider_option,
    ):
        command = option(command)
    claims.command(action)(number_argument(click.pass_obj(command)))


_decision("hold", "Keeps a ready claim from being sent.")
_decision("release", "Lets a held claim be sent, where its failed checks are not errors of the guide.")
_decision("cancel", "Takes a claim that was not sent out of the exchange.")


@claims.command("legal-hold")
@click.argument("number", metavar="[CLM01]", required=False)
@provider_option
@click.option("--all", "everything", is_flag=True, help="Everything, instead of one claim.")
@click.option("--lift", is_flag=True, help="Lifts the hold.")
@click.option("--reason", required=True, help="Why; kept.")
@dry_run_option
@json_option
@click.pass_obj
def legal_hold(
    session: Session,
    number: str | None,
    provider: str | None,
    everything: bool,
    lift: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Keeps a claim, or everything, from leaving when the time of retention is over."""
    from gateway.exchange import retaining
    from gateway.exchange.claim_decisions import find_claim

    if bool(number) == everything:
        raise UsageError("name the claim, or say --all")
    app = session.app
    claim_id = None
    if number:
        with app.store.read() as conn:
            claim_id = find_claim(conn, number, provider).id
    retaining.hold(app, claim_id, lift=lift, reason=reason, dry_run=dry_run)
    if as_json:
        emit({"patient_control_number": number, "legal_hold": not lift})
    else:
        would = "would be lifted" if lift else "would stand"
        say(f"{number or 'everything'}: the legal hold {would if dry_run else 'is lifted' if lift else 'stands'}")


claims.add_command(claim_events.event)
claims.add_command(corrections.replace)
claims.add_command(corrections.void)
