"""`gateway codes`: the code lists that claims are held against, and new releases of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.files import opened, write_file
from gateway.cli.output import dry_run_option, emit, json_option, say, table
from gateway.cli.report import day
from gateway.cli.root import Group, Session
from gateway.errors import GatewayError, UsageError


@click.group(cls=Group)
def codes() -> None:
    """Code lists: which codes are valid on which day (mappings/codes/)."""


@codes.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """The lists of this home and the shipped ones, and which days they cover."""
    from gateway.exchange.admission_rules import CODE_LISTS, code_list, is_own_list
    from gateway.home import Home

    home = Home.open(session.home)
    found: list[dict[str, Any]] = []
    wrong = False
    for name in CODE_LISTS:
        document: dict[str, Any] = {
            "list": name,
            "from": "",
            "codes": 0,
            "covers_from": "",
            "covers_to": "",
            "fault": "",
        }
        try:
            if (known := code_list(name, home=home.path)) is not None:
                first, last = known.covers
                document |= {"codes": len(known.spans), "covers_from": first, "covers_to": last}
                document["from"] = "home" if is_own_list(name, home.path) else "gateway"
        except GatewayError as error:
            document["fault"], wrong = str(error), True
        found.append(document)
    if as_json:
        emit(found)
    else:
        shown = [
            (d["list"], d["from"] or "none", d["codes"], d["covers_from"], d["covers_to"], d["fault"]) for d in found
        ]
        table(("list", "from", "codes", "covers", "to", "fault"), shown, right=("codes",))
    sys.exit(2 if wrong else 0)


@codes.command()
@click.argument("name", metavar="LIST")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", callback=day, required=True, help="First day of the release.")
@click.option("--until", callback=day, required=True, help="Last day of the release.")
@dry_run_option
@json_option
@click.pass_obj
def load(session: Session, name: str, file: Path, since: str, until: str, dry_run: bool, as_json: bool) -> None:
    """Adds a release to a list: new codes begin with its first day, codes it has no more end the day before.

    FILE is as CDC and CMS publish it, a code and its description a line. The list of the home is written; what the
    shipped list has goes into it.
    """
    from gateway.claims.code_lists import published_codes, with_release, write_codes
    from gateway.exchange.admission_rules import CODE_LISTS, code_list
    from gateway.home import Home

    home = Home.open(session.home)
    if name not in CODE_LISTS:
        raise UsageError(f"no list {name!r}; known are {', '.join(CODE_LISTS)}")
    before = code_list(name, home=home.path)
    with opened(file) as stream:
        try:
            text = stream.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{file}: is not UTF-8") from None
    if before is not None and before.covers[1] and since < before.covers[0]:
        raise UsageError(f"the list begins on {before.covers[0]}; a release before that cannot be added")
    try:
        made = with_release(before, published_codes(text), (since, until), name=name)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    said = {
        "list": name,
        "codes": len(made.spans),
        "new": len(made.spans) - (len(before.spans) if before is not None else 0),
        "ended": sum(spans[-1][1] != "" for spans in made.spans.values())
        - (sum(spans[-1][1] != "" for spans in before.spans.values()) if before is not None else 0),
        "covers_to": until,
    }
    if not dry_run:
        target = home.path / "mappings" / "codes" / f"{name}.csv"
        write_file(target, lambda out: out.write(write_codes(made).encode()), over=True)
        session.recorded()
    if as_json:
        emit(said)
    else:
        verb = "would have" if dry_run else "has"
        say(f"{name} {verb} {said['codes']:,} codes, {said['new']:,} new, {said['ended']:,} ended, until {until}")
