"""`gateway report`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.files import write_file
from gateway.cli.output import BytesOut, json_option, note, plain, plain_json, write_out
from gateway.cli.root import Session
from gateway.errors import UsageError

if TYPE_CHECKING:
    from gateway.reports.document import Report

NAMES = {
    "reconciliation": "every claim and every cent, what needs a person, and whether it all adds up",
    "batches": "the files that were built and sent, and what became of the claims in each",
    "rejections": "claims refused by TA1, 999 or 277CA, by what was said",
    "denials": "money that payers denied, by reason, remark and category",
    "payments": "what payers paid against what is matched, each open until nothing is left",
    "credits": "money that was paid too much, and when it is due back",
    "unmatched": "payments and answers that fit nothing of ours, with what may be meant",
    "unacknowledged": "claims and files whose 999, 277CA or 835 is overdue",
    "aging": "open and denied money by age",
    "rates": "how well claims go through, with formulas",
}
FORMATS = ("table", "json", "csv", "xlsx", "html")


def day(_: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """A day as ISO text; click.BadParameter where it is none."""
    if value is None:
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise click.BadParameter("must be a day such as 2026-01-31", param=parameter) from None


output_option = click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of standard output."
)


_HELP = "Reports.\n\n\b\n" + "\n".join(f"{name:<16}{says}" for name, says in NAMES.items())


@click.command(help=_HELP, short_help="Reports: reconciliation, denials, payments and others.")
@click.argument("name", type=click.Choice(list(NAMES)))
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@output_option
@click.option("--as-of", "as_of", help="The report as it was at that time (ISO 8601, for example 2026-01-31T17:00Z).")
@click.option("--partner", default="", help="Only what went to this partner.")
@click.option("--payer", default="", help="Only this payer, by any of its ids.")
@click.option(
    "--since", callback=day, help="Claims first imported, remittances paid, batches built on or after this day."
)
@click.option("--until", callback=day, help="… on or before this day.")
@click.option("--section", default="", help="With --format csv: another table of the report, by its key in JSON.")
@json_option
@click.pass_obj
def report(
    session: Session,
    name: str,
    form: str,
    output: Path | None,
    as_of: str | None,
    partner: str,
    payer: str,
    since: str,
    until: str,
    section: str,
    as_json: bool,
) -> None:
    from gateway.exchange.reporting import report as ask
    from gateway.reports.render import LISTED
    from gateway.store.reporting import Filters

    form = "json" if as_json else form
    if section and form != "csv":
        raise UsageError("--section goes with --format csv")
    require_place(form, output)
    found = ask(session.app, name, Filters(partner, payer, since, until), as_of, limit=LISTED.get(form))
    write_report(found, form, output, section)


def require_place(form: str, output: Path | None) -> None:
    """UsageError where a workbook would go to a terminal."""
    if form == "xlsx" and output is None and sys.stdout.isatty():
        raise UsageError("a workbook is not for a terminal; name a file with --output")


def write_report(found: Report, form: str, output: Path | None, section: str = "") -> None:
    """Renders a report to a file or to standard output."""
    from gateway.reports.render import render

    require_place(form, output)
    made = render(found, form, section=section)
    if isinstance(made, str):
        made = plain_json(made) if form == "json" else plain(made, keep="\n")
    data = made if isinstance(made, bytes) else made.encode()
    if output is not None:
        write_file(output, lambda out: out.write(data), over=True)
        note(f"{found.name} written to {output}")
    elif isinstance(made, bytes):
        out = BytesOut()
        out.write(data)
        out.flush()
    else:
        write_out(made)
