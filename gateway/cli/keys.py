"""`gateway keys`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.cli.output import counted, emit, json_option, note, say
from gateway.cli.root import Group, Session
from gateway.errors import UsageError

_file = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Group)
def keys() -> None:
    """The keys that seal archive and backups."""


@keys.command()
@click.argument("file", type=_file)
@json_option
def new(file: Path, as_json: bool) -> None:
    """Makes a new key in FILE, for its owner's eyes. It is used once gateway.toml names it."""
    from gateway.exchange.safekeeping import make_key

    key = make_key(file)
    if as_json:
        emit({"file": str(file), "key": key.id})
        return
    say(f"{file}: the key {key.id}")
    say(
        "next: keep a copy elsewhere; name it as `key` in [encryption] of gateway.toml, and the key that was in use\n"
        "in `former`; then `gateway store rekey`"
    )


@keys.command()
@click.argument("file", type=_file)
@json_option
@click.pass_obj
def copy(session: Session, file: Path, as_json: bool) -> None:
    """Writes the key in use to FILE, to be kept away from this machine, and records that there is a copy."""
    from gateway.exchange.safekeeping import copy_key

    _say_copy(copy_key(session.app, file).id, as_json, f"{file}: a copy of the key")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@json_option
@click.pass_obj
def check(session: Session, file: Path, as_json: bool) -> None:
    """Whether FILE (- for standard input) is a copy of the key in use; records that there is one."""
    from gateway.exchange.safekeeping import confirm_copy

    where = "standard input" if str(file) == "-" else str(file)
    try:
        raw = sys.stdin.buffer.read(1 << 10) if str(file) == "-" else file.read_bytes()[: 1 << 10]
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    text = raw.decode("ascii", "replace")
    _say_copy(confirm_copy(session.app, text, where).id, as_json, f"{where}: a good copy of the key")


def _say_copy(key_id: str, as_json: bool, text: str) -> None:
    if as_json:
        emit({"key": key_id})
    else:
        say(f"{text} {key_id}")


@keys.command("list")
@json_option
@click.pass_obj
def list_keys(session: Session, as_json: bool) -> None:
    """The keys of this home, how many archive files each opens, and when a copy was last made or compared."""
    from gateway.exchange.safekeeping import DAMAGED, PLAIN, copied_at, sealed_with

    app = session.app
    files = sealed_with(app)
    current = app.keys.current
    rows = [(key, files.pop(key.id, 0), copied_at(app, key)) for key in app.keys.all.values()]
    plain, damaged = files.pop(PLAIN, 0), files.pop(DAMAGED, 0)
    if as_json:
        known = [{"key": key.id, "in_use": key == current, "files": count, "copied_at": at} for key, count, at in rows]
        emit({"keys": known, "plain": plain, "damaged": damaged, "unknown": dict(files)})
    else:
        for key, count, at in rows:
            copied = f"copied {at[:10]}" if at else "no copy known"
            say(f"{key.id}  {'in use' if key == current else 'former'}  {counted(count, 'archive file')}  {copied}")
        for count, what in ((plain, "not sealed"), (damaged, "damaged")):
            if count:
                say(f"{what}: {counted(count, 'archive file')}")
        for key_id, count in files.items():
            say(f"{key_id}  not known here  {counted(count, 'archive file')}")
    if files or damaged:
        note("some archive files cannot be opened")
        sys.exit(1)
