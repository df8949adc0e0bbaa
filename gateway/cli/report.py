"""`gateway report`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from gateway.cli.files import write_file
from gateway.cli.output import json_option, note, plain, to_json, write_out
from gateway.cli.root import Session

REPORTS = ("reconciliation",)
FORMATS = ("table", "json", "csv")


def day(_: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """A day as ISO text; click.BadParameter where it is none."""
    if value is None:
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise click.BadParameter("must be a day such as 2026-01-31", param=parameter) from None


@click.command()
@click.argument("name", type=click.Choice(REPORTS))
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of standard output.")
@click.option("--as-of", "as_of", help="The report as it was at that time (ISO 8601, for example 2026-01-31T17:00Z).")
@click.option("--partner", default="", help="Only what went to this partner.")
@click.option("--payer", default="", help="Only this payer id.")
@click.option("--since", callback=day, help="Claims first imported, remittances paid, on or after this day.")
@click.option("--until", callback=day, help="… on or before this day.")
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
    as_json: bool,
) -> None:
    """Reports. `reconciliation`: every claim and every cent, what needs a person, and whether it all adds up."""
    from gateway.exchange.reporting import reconciliation
    from gateway.reports.render import render
    from gateway.store.reporting import Filters

    filters = Filters(partner, payer, since, until)
    found = reconciliation(session.app, filters, as_of)
    form = "json" if as_json else form
    text = to_json(found.document()) + "\n" if form == "json" else plain(render(found, form), keep="\n")
    if output is None:
        write_out(text)
        return
    write_file(output, lambda out: out.write(text.encode()), over=True)
    note(f"{name} written to {output}")
