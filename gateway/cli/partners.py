"""`gateway partners`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.files import write_file
from gateway.cli.output import dry_run_option, emit, json_option, note, say, table
from gateway.cli.root import Group, Session
from gateway.errors import Refused, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.partners import Profile


@click.group(cls=Group)
def partners() -> None:
    """Partners: the profiles in sftp_config/."""


@partners.command()
@click.argument("name")
@click.option("--like", default="generic", show_default=True, help="The shipped profile to begin with.")
@json_option
@click.pass_obj
def add(session: Session, name: str, like: str, as_json: bool) -> None:
    """Puts a profile to fill in at sftp_config/NAME.toml; overwrites nothing."""
    from gateway.data import listing
    from gateway.home import Home
    from gateway.partners import check_name

    shipped = listing("sftp_config", ".toml")
    if like not in shipped:
        raise UsageError(f"no shipped profile {like!r}; there are {', '.join(sorted(shipped))}")
    check_name(name)
    target = Home.open(session.home).path / "sftp_config" / f"{name}.toml"
    profile = shipped[like].read_bytes()
    write_file(target, lambda out: out.write(profile))
    if as_json:
        emit({"partner": name, "profile": str(target)})
    else:
        say(f"made {target}; fill it in, then run `gateway partners check {name}`")


@partners.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """The partners of this home, with their next round and cutoff."""
    from gateway.exchange.ways import what_is_next
    from gateway.store.rounds import last_rounds

    app = session.app
    profiles = list(app.profiles.values())
    with app.store.read() as conn:
        rounds = last_rounds(conn)
    found = [(profile, what_is_next(app, profile, rounds.get(profile.name))) for profile in profiles]
    if as_json:
        emit([{**_document(profile), **coming.document(), "trouble": coming.reason} for profile, coming in found])
        return
    head = ("partner", "usage", "place", "payers", "claim types", "next round", "next cutoff")
    shown = []
    for profile, coming in found:
        row = _document(profile)
        times = [_clock(coming.poll) or "not by itself", _clock(coming.cutoff)]
        shown.append(
            [row["name"], row["usage"], row["place"], " ".join(row["payers"]), " ".join(row["claim_types"]), *times]
        )
    table(head, shown, empty="no partners; `gateway partners add NAME`")
    for profile, coming in found:
        if coming.reason:
            note(f"{profile.name}: {coming.reason}")


def _document(profile: Profile) -> dict[str, Any]:
    place = (
        f"sftp://{profile.sftp.username}@{profile.sftp.host}:{profile.sftp.port}" if profile.sftp else profile.folder
    )
    usage = "production" if profile.usage == "P" else "test"
    row: dict[str, Any] = {"name": profile.name, "usage": usage, "place": place}
    return {**row, "payers": list(profile.payers), "claim_types": list(profile.claim_types)}


def _clock(at: datetime | None) -> str:
    """A time in the partner's own zone."""
    return f"{at:%a %Y-%m-%d %H:%M %Z}" if at else ""


@partners.command()
@click.argument("name")
@json_option
@click.pass_obj
def check(session: Session, name: str, as_json: bool) -> None:
    """Connects, compares the host key, looks into the folders; changes nothing."""
    from gateway.exchange.health import examine_partner

    found = list(examine_partner(session.app, session.app.home.profile(name), anyway=True))
    if as_json:
        emit([one.document() for one in found])
    else:
        for one in found:
            say(f"{one.level:<8} {one.text}")
            if one.mend:
                say(f"         → {one.mend}")
    codes = {one.exit_code for one in found}
    sys.exit(next((code for code in (4, 2, 3) if code in codes), 0))


@partners.command()
@click.argument("name")
@click.option(
    "--set-interchange", type=click.IntRange(0, 999_999_999), help="The last ISA13 that a former system used."
)
@click.option("--set-group", type=click.IntRange(0, 999_999_999), help="The last GS06 that it used.")
@dry_run_option
@json_option
@click.pass_obj
def numbers(
    session: Session, name: str, set_interchange: int | None, set_group: int | None, dry_run: bool, as_json: bool
) -> None:
    """The last control numbers given out to a partner; can be raised above those of a former system, never lowered."""
    from gateway.store import counters

    app = session.app
    sides = app.home.profile(name).envelope.sides
    names = {"interchange": counters.isa_counter(*sides), "group": counters.gs_counter(*sides)}
    wanted = {"interchange": set_interchange, "group": set_group}
    with app.store.read() if dry_run or set(wanted.values()) == {None} else app.store.write() as conn:
        found = {what: counters.last(conn, counter) for what, counter in names.items()}
        for what, value in wanted.items():
            if value is None:
                continue
            if value < found[what]:
                raise Refused(f"{what}: {found[what]} was given out already; a number is never given out twice")
            found[what] = value
            if not dry_run:
                counters.raise_to(conn, names[what], value)
    if as_json:
        emit(found)
    else:
        for what, value in found.items():
            say(f"last {what} control number: {value}")
