"""`gateway partners`."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.files import write_file
from gateway.cli.output import dry_run_option, emit, json_option, note, say, table
from gateway.cli.root import Group, Session
from gateway.errors import GatewayError, Refused, UsageError
from gateway.runbook import named

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.home import Home
    from gateway.partners import Profile


@click.group(cls=Group)
def partners() -> None:
    """Partners: the profiles in sftp_config/."""


# What a person is asked about a new partner: the option, the key in the profile, the question.
_ASKED: tuple[tuple[str, tuple[str, str], str], ...] = (
    ("usage", ("partner", "usage"), "Usage (test or production)"),
    ("payers", ("partner", "payers"), "Payer ids that go this way, with commas; * takes the rest"),
    ("sender", ("envelope", "sender"), "Your sender id with its qualifier (ISA05:ISA06)"),
    ("receiver", ("envelope", "receiver"), "The receiver id with its qualifier (ISA07:ISA08)"),
    ("submitter_name", ("submitter", "name"), "Your name as submitter (1000A NM103)"),
    ("submitter_id", ("submitter", "id"), "Your id as submitter (1000A NM109)"),
    ("contact", ("submitter", "contact"), "Whom the partner may call"),
    ("phone", ("submitter", "phone"), "Phone, ten digits"),
    ("host", ("sftp", "host"), "SFTP host"),
    ("port", ("sftp", "port"), "SFTP port"),
    ("username", ("sftp", "username"), "SFTP user name"),
    ("private_key", ("sftp", "private_key"), "Private key: a reference such as file:keys/id_ed25519; empty for none"),
    ("password", ("sftp", "password"), "Password: a reference such as env:PARTNER_PASSWORD; empty for none"),
    ("send", ("folders", "send"), "Folder for files to the partner"),
    ("receive", ("folders", "receive"), "Folder of the partner's answers"),
    ("send_name", ("files", "send_name"), "Names of files that are sent"),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for name, (table_name, key), text in reversed(_ASKED):
        kind: Any = click.IntRange(1, 65535) if name == "port" else str
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=f"{text}. [{table_name}] {key}")(command)
    return command


@partners.command()
@click.argument("name")
@click.option(
    "--from", "--like", "like", default="generic", show_default=True, help="The shipped profile to begin with."
)
@_options
@click.option("--ask/--no-ask", default=None, help="Ask for what is not given. Without either: on a terminal.")
@json_option
@click.pass_obj
def add(session: Session, /, name: str, like: str, ask: bool | None, as_json: bool, **given: Any) -> None:
    """Puts a profile at sftp_config/NAME.toml, filled in by options or by answers; overwrites nothing.

    On a terminal it asks for what no option gives, and shows the partner's host key, to be compared with what the
    partner said. A secret is never asked for: the profile has a reference to it.
    """
    from gateway.exchange import joining
    from gateway.home import Home

    home = Home.open(session.home)
    target = home.path / "sftp_config" / f"{name}.toml"
    if target.exists():
        raise UsageError(f"{target} is there already; it was left as it is")
    asking = ask if ask is not None else sys.stdin.isatty() and not as_json
    values = _values(joining.shipped_profile(like), given, asking=asking)
    text = joining.new_profile(home, name, like, values)
    write_file(target, lambda out: out.write(text.encode()))
    session.recorded()
    if as_json:
        emit({"partner": name, "profile": str(target)})
    else:
        say(f"made {target}; fill it in, then run `gateway partners check {name}`")
        if not tomllib.loads(text)["partner"]["payers"]:
            say("no payer goes this way yet: another partner takes what nobody names; list this one's in `payers`")
    if asking:
        try:
            _confirm_host_key(Home.open(session.home), name, "")
        except GatewayError as error:
            note(f"{error}; later: `gateway partners host-key {name}`")


def _values(template: str, given: dict[str, Any], *, asking: bool) -> dict[tuple[str, str], Any]:
    """What goes into the profile: options, and answers with what the shipped profile says as the proposal."""
    shipped = tomllib.loads(template)
    found: dict[tuple[str, str], Any] = {}
    for option, (table_name, key), question in _ASKED:
        value = given[option]
        if value is None and asking:
            before = shipped.get(table_name, {}).get(key, "")
            proposal = ",".join(before) if isinstance(before, list) else before
            kind = int if isinstance(before, int) else str
            value = click.prompt(question, default=proposal, err=True, type=kind, show_default=proposal != "")
            value = None if value == proposal else value
        if value is not None:
            found[table_name, key] = [one.strip() for one in value.split(",")] if key == "payers" else value
    return {place: value for place, value in found.items() if value != ""}


@partners.command("host-key")
@click.argument("name")
@click.option("--accept", metavar="SHA256:…", help="The fingerprint that the partner told you.")
@json_option
@click.pass_obj
def host_key(session: Session, name: str, accept: str | None, as_json: bool) -> None:
    """Shows the host key of a partner's server, and lists it in the profile once a person has confirmed it.

    Nothing is sent to the server, no login either. --accept takes the fingerprint as `ssh-keygen -lf` prints it, and
    refuses another one; on a terminal it is asked for. A former key stays listed, for the time of a change.
    """
    from gateway.home import Home

    document = _confirm_host_key(Home.open(session.home), name, accept, show=not as_json)
    session.recorded()
    if as_json:
        emit(document)
    if not document["listed"]:
        raise Refused(f"{name}: the host key is not listed; compare it, then `--accept {document['fingerprint']}`")


def _confirm_host_key(home: Home, name: str, accept: str | None, *, show: bool = True) -> dict[str, Any]:
    from gateway.exchange import joining

    profile = home.profile(name)
    if profile.sftp is None:
        raise UsageError(f"{name} is a folder of this machine and has no host key")
    key = joining.offered_key(profile.sftp)
    listed = key.line in (" ".join(one.split()[:2]) for one in profile.sftp.host_keys)
    if show:
        tell = note if accept == "" else say
        tell(
            f"{profile.sftp.host}:{profile.sftp.port} shows {key.kind} {key.fingerprint}{' (listed)' if listed else ''}"
        )
    if not accept and not listed and sys.stdin.isatty():
        accept = click.prompt("Fingerprint that the partner told you (empty: none)", default="", err=True)
    if accept and not listed:
        joining.require_confirmed(profile, key, accept)
        path = home.path / "sftp_config" / f"{name}.toml"
        text = joining.with_key(path.read_text(encoding="utf-8"), profile, key)
        joining.read_text(home, name, text)
        write_file(path, lambda out: out.write(text.encode()), over=True)
        listed = True
        if show:
            say(f"listed in {path}")
    return {"partner": name, "key": key.line, "fingerprint": key.fingerprint, "listed": listed}


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
    from gateway.apart import WORDS

    place = (
        f"sftp://{profile.sftp.username}@{profile.sftp.host}:{profile.sftp.port}" if profile.sftp else profile.folder
    )
    row: dict[str, Any] = {"name": profile.name, "usage": WORDS[profile.usage], "place": place}
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
                say(f"         → {named(one.mend, one.page) if one.page else one.mend}")
    codes = {one.exit_code for one in found}
    sys.exit(next((code for code in (4, 2, 3) if code in codes), 0))


_LAST = click.IntRange(0, 999_999_999)


@partners.command()
@click.argument("name")
@click.option("--set-interchange", type=_LAST, help="The last ISA13 that a former system used.")
@click.option("--set-group", type=_LAST, help="The last GS06 that it used.")
@click.option("--set-reference", type=_LAST, help="The last BHT03 that it used; it is counted over all partners.")
@click.option(
    "--from-archive", is_flag=True, help="Raise every counter above what the archived files that were sent hold."
)
@dry_run_option
@json_option
@click.pass_obj
def numbers(
    session: Session,
    name: str,
    set_interchange: int | None,
    set_group: int | None,
    set_reference: int | None,
    from_archive: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """The last control numbers given out to a partner; can be raised above those of a former system, never lowered.

    After a database was restored by its server's own tools, --from-archive raises the counters of every partner above
    all that was sent, before anything is built.
    """
    from gateway.exchange.numbers import prove_by_archive
    from gateway.store import counters

    app = session.app
    sides = app.home.profile(name).envelope.sides
    names = {"interchange": counters.isa_counter(*sides), "group": counters.gs_counter(*sides), "reference": "bht"}
    wanted = {"interchange": set_interchange, "group": set_group, "reference": set_reference}
    if from_archive and not dry_run:
        note(f"{prove_by_archive(app).read} archived files were read")
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
            say(f"last {what} {'control number' if what != 'reference' else '(BHT03)'}: {value}")
