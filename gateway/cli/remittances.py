"""`gateway remittances`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gateway.cli.files import require_file
from gateway.cli.output import dry_run_option, emit, json_option, note, number_type, say, table
from gateway.cli.report import day
from gateway.cli.root import Group, Session
from gateway.errors import UsageError

reason_option = click.option("--reason", default="", help="Why; kept with the decision.")
id_argument = click.argument("remittance_id", metavar="ID", type=number_type)


@click.group(cls=Group)
def remittances() -> None:
    """Payments, their claims, and a person's decisions on them."""


@remittances.command("list")
@click.option("--status", type=click.Choice(["posted", "parked"]))
@click.option("--since", callback=day, help="Paid on or after this day (BPR16).")
@click.option("--until", callback=day, help="… on or before this day.")
@json_option
@click.pass_obj
def list_(session: Session, status: str | None, since: str, until: str, as_json: bool) -> None:
    """The payments, by date."""
    from gateway.exchange.remittances import documents

    found = documents(session.app, status=status, since=since, until=until)
    if as_json:
        emit(found)
        return
    head = ("payment", "date", "payer", "trace", "status", "paid", "matched", "unmatched", "PLB")
    keys = ("payment_date", "payer_name", "trace_number", "status", "payment", "matched", "unmatched")
    shown = [{"matched": "", "unmatched": "", "payer_name": one["payer"]["name"][:24], **one} for one in found]
    rows = [[one["id"], *(one[key] for key in keys), one["provider_adjustments"]] for one in shown]
    table(head, rows, right=("paid", "matched", "unmatched", "PLB"), empty="no payments")


@remittances.command()
@id_argument
@json_option
@click.pass_obj
def show(session: Session, remittance_id: int, as_json: bool) -> None:
    """One payment: its claims, its provider adjustments, and why it is parked if it is."""
    from gateway.exchange.remittances import whole

    _show(whole(session.app, remittance_id), as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(found)
        return
    payer = found["payer"]
    say(f"payment {found['id']}  {found['status']}  {found['payment']} of {found['payment_date']} by {found['method']}")
    say(f"payer     {payer['name']} ({payer['id']})")
    say(f"trace     {found['trace_number']}")
    if found["entered_by"]:
        say(f"entered   by {found['entered_by']} from {found['source']} (file {found['file_id']}: {found['file']})")
    else:
        say(f"file      {found['file']} (gateway inbound show {found['file_id']}), set {found['control_number']}")
    sums = f"claims {found['claim_payments']} − provider adjustments {found['provider_adjustments']}"
    say(f"balance   {sums} − payment {found['payment']} = {found['difference']}")
    if found["reason"]:
        say(f"because   {found['reason']}")
    for issue in found["issues"][:20]:
        whose = f"claim {issue['claim']} ({issue['patient_control_number']}), " if "claim" in issue else ""
        say(f"          {whose}segment {issue['segment']}: {issue['text']} [{issue['code']}]")
    say()
    head = ("claim", "their CLP01", "matched to", "CLP02", "charge", "paid", "payer's number")
    keys = ("id", "patient_control_number", "matched", "status", "charge", "paid", "payer_claim_number")
    table(head, [[one[key] for key in keys] for one in found["claims"]], right=("charge", "paid"), empty="no claims")
    for one in found["beside"]:
        _show_beside(one)
    if found["provider_adjustment_lines"]:
        say("\nprovider adjustments (PLB)")
        lines = [(p["provider_id"], p["code"], p["reference"], p["amount"]) for p in found["provider_adjustment_lines"]]
        table(("provider", "code", "reference", "amount"), lines, right=("amount",))


@remittances.command()
@click.option("--payer", default="", help="Only this payer, by any of its ids.")
@click.option("--open", "only_open", is_flag=True, help="Only what has not come to nothing yet.")
@json_option
@click.pass_obj
def balances(session: Session, payer: str, only_open: bool, as_json: bool) -> None:
    """Balances that payers carry from payment to payment (PLB), by payer and provider, each until it is zero."""
    from gateway.exchange.remittances import balances as ask

    found = ask(session.app, payer, only_open=only_open)
    if as_json:
        emit(found)
        return
    head = ("payer", "provider", "PLB", "what it is", "reference", "claim", "payment", "date", "amount", "")
    rows = [row for one in found["balances"] for row in _balance_rows(one)]
    table(head, rows, right=("amount",), empty="no balance is open" if only_open else "no balance was carried on")
    say(f"\nopen altogether: {found['open']}")


def _balance_rows(one: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A line an entry, and one for what they come to."""
    payer = (one["payer"]["name"] or one["payer"]["id"])[:24]
    names = ("provider", "code", "label", "reference", "patient_control_number")
    about = (payer, *(str(one[name]) for name in names))
    for entry in one["entries"]:
        what = f"{entry['code']} {entry['reference']}".strip()
        note = f"{what}, undone by {entry['by']}: {entry['reason']}" if entry["kind"] == "undo" else what
        yield (*about, entry["remittance"], entry["date"], entry["amount"], note)
        about = ("",) * len(about)
    yield (*about, "", one["state"], one["open"], one["because"] if one["state"] == "open" else "")


def _show_beside(one: dict[str, Any]) -> None:
    """Another payment of the same number, claim by claim."""
    how = f"entered from {one['source']}" if one["entered_by"] else "by an 835"
    say(f"\nbeside it: payment {one['id']}, {one['status']}, {how}, {one['payment']} of {one['payment_date']}")
    rows = [(c["patient_control_number"], c["charge"], c["paid"], c["paid_beside"]) for c in one["claims"]]
    table(("their CLP01", "charge", "paid", "paid there"), rows, right=("charge", "paid", "paid there"))


@remittances.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--as-is", is_flag=True, help="Although a payment of this number is posted: it is another one.")
@click.option("--reason", default="", help="With --as-is: why; kept.")
@dry_run_option
@json_option
@click.pass_obj
def enter(session: Session, file: Path, as_is: bool, reason: str, dry_run: bool, as_json: bool) -> None:
    """Posts a payment that came on paper: FILE describes it (`remittances schema`), and must balance.

    It goes the way of an 835. When the 835 of the same payment comes later it is parked beside it.
    """
    from gateway.exchange.entering import enter as run

    require_file(file)
    if as_is != bool(reason.strip()):
        raise UsageError("--as-is and --reason go together")
    found = run(session.app, file, other=reason.strip(), dry_run=dry_run)
    if dry_run:
        note("it would be posted; nothing was stored")
    _show(found, as_json)
    sys.exit(1 if any(not one["matched"] for one in found["claims"]) else 0)


@remittances.command()
@json_option
def schema(as_json: bool) -> None:  # noqa: ARG001 - it is JSON in any case
    """The JSON Schema of a payment that is entered by hand."""
    from gateway.inbound.entered_schema import SCHEMA

    emit(SCHEMA)


@remittances.command()
@click.argument("identifier", metavar="ID")
@click.argument("number", metavar="CLM01")
@click.option("--provider", help="The billing provider's NPI or tax id, where several share the number.")
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def match(
    session: Session, identifier: str, number: str, provider: str | None, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Says that claim ID of a payment (PAYMENT.CLAIM, as `show` lists it) answers our claim CLM01."""
    from gateway.exchange.remittances import match as run

    matched = run(session.app, identifier, number, provider, reason, dry_run=dry_run)
    if as_json:
        emit({"id": matched, "patient_control_number": number})
    else:
        say(f"{matched} {'would be' if dry_run else 'is'} matched to {number}")


@remittances.command()
@click.argument("identifier", metavar="ID")
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def unmatch(session: Session, identifier: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Says that claim ID of a payment is not the one that it was matched to; its money counts as unmatched."""
    from gateway.exchange.remittances import unmatch as run

    unmatched = run(session.app, identifier, reason, dry_run=dry_run)
    if as_json:
        emit({"id": unmatched, "patient_control_number": None})
    else:
        say(f"{unmatched} {'would be' if dry_run else 'is'} unmatched")


@remittances.command()
@id_argument
@click.option("--as-is", is_flag=True, help="Although it does not balance.")
@click.option("--reason", required=True, help="Why; kept with the decision.")
@dry_run_option
@json_option
@click.pass_obj
def post(session: Session, remittance_id: int, as_is: bool, reason: str, dry_run: bool, as_json: bool) -> None:
    """Posts a parked payment as it stands; its difference stays in the report's check."""
    from gateway.exchange.remittances import post_as_is

    if not as_is:
        raise UsageError("a parked payment can only be posted as it is; say --as-is")
    found = post_as_is(session.app, remittance_id, reason, dry_run=dry_run)
    if dry_run:
        note("it would be posted; nothing was changed")
    _show(found, as_json)


@remittances.command()
@id_argument
@click.option("--reason", required=True, help="Why; kept with the decision.")
@dry_run_option
@json_option
@click.pass_obj
def undo(session: Session, remittance_id: int, reason: str, dry_run: bool, as_json: bool) -> None:
    """Takes back what a posted payment moved; it is parked again and its facts stay."""
    from gateway.exchange.remittances import undo as run

    found = run(session.app, remittance_id, reason, dry_run=dry_run)
    if dry_run:
        note("it would be taken back; nothing was changed")
    _show(found, as_json)
