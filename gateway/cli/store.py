"""`gateway store`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.cli.output import emit, json_option, note, say
from gateway.cli.root import Group, Session


@click.group(cls=Group)
def store() -> None:
    """The store: its schema, its soundness, its copies."""


@store.command()
@click.pass_obj
def upgrade(session: Session) -> None:
    """Brings the store's schema to this version of the gateway."""
    from gateway.home import Home
    from gateway.store import needs_upgrade, open_store
    from gateway.store import upgrade as run

    url = Home.open(session.home).store_url
    opened = open_store(url, create=True, any_version=True)
    try:
        was_needed = needs_upgrade(opened)
        run(opened)
        say(f"{opened.url}: {'upgraded' if was_needed else 'up to date'}")
    finally:
        opened.close()


@store.command()
@json_option
@click.pass_obj
def check(session: Session, as_json: bool) -> None:
    """Whether store, folds and archive agree; what differs is named."""
    from gateway.exchange.checking import check_all

    found = list(check_all(session.app))
    if as_json:
        emit([one.document() for one in found])
    else:
        for one in found:
            say(f"{'ok  ' if one.holds else 'OFF '}  {one.name}")
            for line in one.subjects[:20]:
                say(f"        {line}")
    off = sum(not one.holds for one in found)
    if off:
        note(f"{off} of {len(found)} checks do not hold")
    sys.exit(1 if off else 0)


@store.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(session: Session, file: Path) -> None:
    """A copy of the store in FILE, while it is in use. The archive is copied as a folder, by your own means."""
    from gateway.store.backup import backup as run

    run(session.app.store, file)
    say(f"copied to {file}")


@store.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.pass_obj
def restore(session: Session, file: Path, reason: str) -> None:
    """Puts a copy back in place of the store; the former one is kept beside it. Stop the gateway first.

    Counters are then raised above every control number in the archive.
    """
    from gateway.exchange.numbers import prove_by_archive
    from gateway.store.backup import restore as run

    app = session.app
    former = run(app.home.store_url, file, actor=app.actor, reason=reason, at=app.now())
    if former:
        say(f"the former store is {former}")
    seen = prove_by_archive(app)
    say(f"restored; the control numbers of {seen} files in the archive were taken into account")
