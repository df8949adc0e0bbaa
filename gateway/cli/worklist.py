"""`gateway worklist`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

import click

from gateway.claims.work import APPEAL_OUTCOMES, OUTCOMES
from gateway.cli.claims import number_argument, provider_option
from gateway.cli.output import JsonItems, counted, dry_run_option, emit, json_option, say, table
from gateway.cli.report import FORMATS, day, output_option, write_report
from gateway.cli.root import Group, Session
from gateway.errors import UsageError

Document = dict[str, Any]
_SHOWN = 50
_NAMES = {"denials": "denied", "rejections": "rejected", "silent": "silent"}
_FILTERS = (
    click.option("--owner", default="", help="Only what this person works on."),
    click.option("--unassigned", is_flag=True, help="Only what nobody works on."),
    click.option("--payer", default="", help="Only this payer, by any of its ids."),
    click.option("--partner", default="", help="Only what went to this partner."),
    click.option("--due-before", callback=day, help="Only what somebody wanted to come back to before this day."),
    click.option("--done", is_flag=True, help="Only what is done, instead of what waits."),
    click.option(
        "--limit", type=click.IntRange(0), help=f"How many items; 0 for all of them. {_SHOWN}; in a sheet or page all."
    ),
    click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True),
    output_option,
)


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    for option in (json_option, *reversed(_FILTERS)):
        command = option(command)
    return command


@click.group(cls=Group, invoke_without_command=True)
@_filtered
@click.pass_context
def worklist(ctx: click.Context, /, **said: Any) -> None:
    """What waits for a person, most money at risk first, then the fewest days left; each item names its next step.

    Without a further word all lists as one. Money at risk is what is denied, else what is charged and not paid.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, (), said)
    elif any(ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE for name in said):
        raise UsageError(f"options stand behind the list: gateway worklist {ctx.invoked_subcommand} …")


@worklist.command()
@_filtered
@click.pass_obj
def denials(session: Session, /, **said: Any) -> None:
    """Claims with denied money, with the days that are left to appeal."""
    _list(session, ("denials",), said)


@worklist.command()
@_filtered
@click.pass_obj
def rejections(session: Session, /, **said: Any) -> None:
    """Claims that TA1, 999 or 277CA refused, with the days that are left to file them."""
    _list(session, ("rejections",), said)


@worklist.command()
@_filtered
@click.pass_obj
def silent(session: Session, /, **said: Any) -> None:
    """Claims whose 999, 277CA or 835 is overdue, with the days that are left to file them again."""
    _list(session, ("silent",), said)


def _list(session: Session, names: Sequence[str], said: Document) -> None:
    from gateway.exchange.worklist import lists, tell_lists
    from gateway.reports.work_sheet import sheet
    from gateway.store.reporting import Filters
    from gateway.store.worklist import WorkFilters

    filters = WorkFilters(
        Filters(partner=said["partner"], payer=said["payer"]),
        said["owner"],
        said["unassigned"],
        said["due_before"],
        said["done"],
    )
    form, output = "json" if said["as_json"] else said["form"], said["output"]
    if form == "json" and output is not None:
        raise UsageError("--output goes with a table, CSV, XLSX or HTML; the JSON document goes to standard output")
    is_sheet = form not in ("table", "json") or output is not None
    limit = (said["limit"] if said["limit"] is not None else 0 if is_sheet else _SHOWN) or None
    if is_sheet:
        named = [(name, str(said[name])) for name in ("owner", "payer", "partner", "due_before") if said[name]]
        write_report(sheet(lists(session.app, names, filters, limit), tuple(named)), form, output)
    elif form == "json":
        out = JsonItems()
        out.end(tell_lists(session.app, names, filters, limit, out.tell))
    else:
        _show(lists(session.app, names, filters, limit), said["done"])


def _show(found: Document, done: bool) -> None:
    from gateway.reports.work_sheet import because

    head = ("claim", "payer", "at risk", "because", "last day", "days", "owner", "due")
    rows = []
    for one in found["items"]:
        deadline = one["deadline"] or {"last_day": "", "days_left": ""}
        left = f"{deadline['days_left']}{' !' if one['urgent'] else ''}"
        payer = (one["payer"]["name"] or one["payer"]["id"])[:24]
        money, number = one["at_risk"], one["patient_control_number"]
        rows.append((number, payer, money, because(one), deadline["last_day"], left, one["owner"], one["due"]))
    room = max(60, shutil.get_terminal_size().columns) if rows else 0
    table(head, [_fitting(row, room) for row in rows], right=("at risk", "days"), empty="nothing waits")
    if not rows:
        return
    say("\nnext")
    for one in found["items"]:
        if done:
            say(f"  {one['patient_control_number']}: {one['done']['outcome']}, {one['done']['by']}")
            continue
        say(f"  {one['patient_control_number']}: {one['next']['says']}")
        say(f"    {one['next']['command']}")
    sums = ", ".join(f"{found['lists'][name]['count']:,} {_NAMES[name]}" for name in found["lists"])
    say(f"\n{counted(found['count'], 'item')} with {found['at_risk']} at risk: {sums}")
    if found["count"] > len(rows):
        say(f"the first {len(rows):,} are shown; --limit 0 has them all")


def _fitting(row: tuple[str, ...], room: int) -> tuple[str, ...]:
    """The row with its reason cut to what a terminal shows beside the rest."""
    longest = max(30, room - 90)
    return tuple(f"{cell[: longest - 1]}…" if at == 3 and len(cell) > longest else cell for at, cell in enumerate(row))


# ── what people do ───────────────────────────────────────────────────────────────────────────────────────────────────


@worklist.command()
@number_argument
@click.argument("person", metavar="PERSON")
@provider_option
@json_option
@click.pass_obj
def assign(session: Session, number: str, person: str, provider: str | None, as_json: bool) -> None:
    """Says who works on a claim; '' for nobody."""
    from gateway.exchange.worklist import assign as run

    _said(run(session.app, number, provider, person), as_json)


@worklist.command()
@number_argument
@click.argument("text", metavar="TEXT")
@provider_option
@json_option
@click.pass_obj
def note(session: Session, number: str, text: str, provider: str | None, as_json: bool) -> None:
    """Keeps a note on a claim; `claims show` has all of them."""
    from gateway.exchange.worklist import note as run

    _said(run(session.app, number, provider, text), as_json)


@worklist.command()
@number_argument
@click.argument("on", metavar="DATE", callback=day)
@provider_option
@json_option
@click.pass_obj
def due(session: Session, number: str, on: str, provider: str | None, as_json: bool) -> None:
    """Says on which day to come back to a claim."""
    from gateway.exchange.worklist import due as run

    _said(run(session.app, number, provider, on), as_json)


@worklist.command()
@number_argument
@click.option("--outcome", type=click.Choice(OUTCOMES), required=True, help="What became of it.")
@click.option("--note", "text", default="", help="A note with it.")
@provider_option
@json_option
@click.pass_obj
def done(session: Session, number: str, outcome: str, text: str, provider: str | None, as_json: bool) -> None:
    """Takes a claim off the list. It comes back by itself when a newer answer makes it work again."""
    from gateway.exchange.worklist import done as run

    _said(run(session.app, number, provider, outcome, text), as_json)


@worklist.command()
@number_argument
@click.option("--level", type=click.IntRange(1, 9), default=1, show_default=True, help="The level of the appeal.")
@click.option("--sent", callback=day, help="The day on which it was sent.")
@click.option("--answered", callback=day, help="The day of the payer's answer.")
@click.option("--outcome", type=click.Choice(APPEAL_OUTCOMES), help="What the payer decided, with --answered.")
@click.option("--take-back", is_flag=True, help="Instead: this level was entered wrongly; --note says why.")
@click.option("--note", "text", default="", help="A note with it.")
@provider_option
@dry_run_option
@json_option
@click.pass_obj
def appeal(
    session: Session,
    number: str,
    level: int,
    sent: str,
    answered: str,
    outcome: str | None,
    take_back: bool,
    text: str,
    provider: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Records an appeal: when it was sent, and how the payer answered. Money moves only by a remittance."""
    from gateway.exchange.worklist import appeal as run
    from gateway.exchange.worklist import take_back_appeal

    if take_back:
        if sent or answered or outcome:
            raise UsageError("--take-back goes with --level and --note alone")
        _said(take_back_appeal(session.app, number, provider, level, text, dry_run=dry_run), as_json)
        return
    found = run(
        session.app, number, provider, level, sent=sent, answered=answered, outcome=outcome or "", text=text,
        dry_run=dry_run,
    )  # fmt: skip
    _said(found, as_json)


def _said(found: Document, as_json: bool) -> None:
    if as_json:
        emit(found)
        return
    say(f"{found['patient_control_number']}: {', '.join(work_lines(found)) or 'nothing is noted'}")


def work_lines(found: Document) -> list[str]:
    """The work on a claim in short sentences."""
    lines = [f"owner {found['owner']}"] if found["owner"] else []
    lines += [f"due {found['due']}"] if found["due"] else []
    lines += [f"done ({found['done']['outcome']})"] if found["done"] else []
    for one in found["appeals"]:
        answer = f"{one['outcome']} on {one['answered']}" if one["answered"] else "waiting"
        lines.append(f"appeal {one['level']} sent {one['sent']}: {answer}")
    if found["notes"]:
        lines.append(f"note: {found['notes'][-1]['text']}")
    return lines
