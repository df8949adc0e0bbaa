"""`gateway store`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.cli.batches import copy_out
from gateway.cli.output import counted, dry_run_option, emit, json_option, note, progress, say
from gateway.cli.root import Group, Session
from gateway.errors import GatewayError, Refused
from gateway.runbook import named


@click.group(cls=Group)
def store() -> None:
    """The store: its schema, its soundness, its copies."""


@store.command()
@json_option
@click.pass_obj
def upgrade(session: Session, as_json: bool) -> None:
    """Brings the store's schema to this version of the gateway."""
    from gateway.store import needs_upgrade
    from gateway.store import upgrade as run

    opened = session.app.open_store(any_version=True)
    try:
        was_needed = needs_upgrade(opened)
        run(opened)
    finally:
        opened.close()
    if as_json:
        emit({"store": str(opened.path or opened.url), "upgraded": was_needed})
    else:
        say(f"{opened.path or opened.url}: {'upgraded' if was_needed else 'up to date'}")


@store.command()
@json_option
@click.pass_obj
def check(session: Session, as_json: bool) -> None:
    """Whether store, folds and archive agree; what differs is named."""
    from gateway.exchange.alerting import keep_seen
    from gateway.exchange.checking import check_all
    from gateway.exchange.conditions import by_a_check

    found = list(check_all(session.app))
    keep_seen(session.app, by_a_check(sum(not one.holds for one in found)))
    if as_json:
        emit([one.document() for one in found])
    else:
        for one in found:
            say(f"{'ok  ' if one.holds else 'OFF '}  {one.name}")
            for line in one.subjects[:20]:
                say(f"        {line}")
            if len(one.subjects) > 20:
                say(f"        … and {len(one.subjects) - 20:,} more; --json has them all")
    off = sum(not one.holds for one in found)
    if off:
        note(named(f"{off} of {len(found)} checks do not hold", "store-differs"))
    sys.exit(1 if off else 0)


@store.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def backup(session: Session, file: Path, as_json: bool) -> None:
    """A copy of the store in FILE, while it is in use, sealed with the key in use.

    The archive is copied as a folder, by your own means.
    """
    from gateway.exchange.safekeeping import back_up

    key = back_up(session.app, file)
    if as_json:
        emit({"file": str(file), "size": file.stat().st_size, "key": key.id if key else None})
    elif key:
        say(f"copied to {file}, sealed with the key {key.id}")
    else:
        say(f"copied to {file}, not sealed: this home has no key")


@store.command()
@dry_run_option
@json_option
@click.pass_obj
def rekey(session: Session, dry_run: bool, as_json: bool) -> None:
    """Has every file of the archive opened by the key in use alone: after a new key was named, or the first one.

    It may be stopped at any time and begun again. Backups keep the key that they were made with.
    """
    from gateway.exchange.safekeeping import rekey as run

    with progress("files") as tell:
        found = run(session.app, tell, dry_run=dry_run)
    if as_json:
        emit(found.document())
    else:
        done = "would get" if dry_run else "have got"
        say(f"{found.changed:,} of {counted(found.files, 'archive file')} {done} the key in use")
    for fault in found.faults:
        note(fault)
    sys.exit(1 if found.faults else 0)


@store.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_obj
def export(session: Session, name: str, file: Path | None) -> None:
    """The exact bytes of the archive file NAME, as `store check` names it, to FILE or to standard output."""
    with session.app.archive.open(name) as source:
        copy_out(source, file)


@store.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--other-usage", is_flag=True, help="Also where the copy is of a test home and this is for production.")
@json_option
@click.pass_obj
def restore(session: Session, file: Path, reason: str, other_usage: bool, as_json: bool) -> None:
    """Puts a copy back in place of the store; the former one is kept beside it. Stop the gateway first.

    Counters are then raised above every control number in the archive.
    """
    from gateway.exchange.numbers import prove_by_archive
    from gateway.exchange.restored import doubt_deliveries
    from gateway.exchange.safekeeping import refuse_other_usage
    from gateway.store.backup import restore as run

    app = session.app
    if not other_usage:
        refuse_other_usage(app, file)
    former = run(app.home.store_url, file, app.keys, actor=app.actor, reason=reason, at=app.now())
    if former:
        note(f"the former store is {former}")
    try:
        unknown = doubt_deliveries(app)
        proof = prove_by_archive(app)
    except GatewayError as error:
        kept = "the store is restored, but nothing is built until every number in the archive is known"
        raise Refused(f"{kept}: {error}") from None
    if as_json:
        document = {"former": str(former) if former else None, "archived_files_read": proof.read}
        emit({**document, "sent_since": proof.beyond, "unknown": unknown})
    else:
        say(f"restored; the control numbers of {counted(proof.read, 'archived file')} were taken into account")
    if proof.beyond:
        since = f"{counted(proof.beyond, 'file')} of the archive went out since the backup"
        then = "nothing is built or sent until `gateway store replay --reason …` has taken them in"
        note(named(f"{since}: {then}", "store-restored"))
    _tell_unknown(unknown)
    sys.exit(1 if proof.beyond or unknown else 0)


def _tell_unknown(count: int) -> None:
    if count:
        text = f"{counted(count, 'batch')} may have been sent since: unknown until an answer or a person tells"
        note(named(text, "unknown-delivery"))


@store.command()
@json_option
@click.pass_obj
def journal(session: Session, as_json: bool) -> None:
    """Writes what no file says (claims, batches, decisions) into the archive, in the place of the journal before.

    With it, `store replay` makes the store anew from the archive alone.
    """
    from gateway.exchange.journal import write

    kept = write(session.app)
    if as_json:
        emit({"file": kept.name, "size": kept.size})
    else:
        say(f"journal {kept.name}: {kept.size:,} bytes")


@store.command()
@click.option("--reason", required=True, help="Why; kept with the decision.")
@json_option
@click.pass_obj
def replay(session: Session, reason: str, as_json: bool) -> None:
    """Makes a lost store anew from the archive; to a store that was restored, adds what came after its backup.

    Stop the gateway first. Counters are then raised above every control number in the archive.
    """
    from gateway.exchange.replay import replay as run

    with progress("files of the archive") as step:
        found = run(session.app, reason, step)
    for line in found.problems[:20]:
        note(line)
    if len(found.problems) > 20:
        note(f"… and {len(found.problems) - 20:,} more; --json has them all")
    if found.problems:
        note(named("not all is as it was", "store-replayed"))
    if as_json:
        emit(found.document())
    else:
        since = f"by the journal of {found.journal}" if found.journal else "without a journal"
        how = f"the store was made anew {since}" if found.anew else "the store was completed"
        say(f"{how}: {counted(found.claims, 'claim')} in it")
        say(f"  {counted(found.received, 'file')} read, {counted(found.decided, 'decision')} made again")
        say(f"  {counted(found.sent, 'file')} taken in as sent")
        say(f"  the control numbers of {counted(found.numbers, 'archived file')} were taken into account")
    _tell_unknown(found.unknown)
    sys.exit(1 if found.problems or found.unknown else 0)


@store.command()
@click.option("--dry-run", is_flag=True, help="Only tells what would go; so it does without --yes, too.")
@click.option("--yes", is_flag=True, help="Lets it go.")
@click.option("--reason", default="its time was over", help="Kept with the decision.")
@json_option
@click.pass_obj
def retain(session: Session, dry_run: bool, yes: bool, reason: str, as_json: bool) -> None:
    """Lets go what is older than `[retention] years`: documents of settled claims, and files that speak of them alone.

    Sums, codes, days and control numbers stay, so that the books hold. What is open or under a legal hold stays whole.
    """
    from gateway.exchange import retaining

    if yes and not dry_run:
        with progress("claims that leave") as step:
            found = retaining.retain(session.app, reason, step)
    else:
        found = retaining.plan(session.app)
    if as_json:
        emit(found.document())
        return
    verb = "left" if found.done else "would leave"
    say(f"older than {found.years} years ({found.before:%Y-%m-%d}):")
    say(f"  {counted(found.claims, 'claim')} {verb}; {found.held} kept by a legal hold, {found.unsettled} still open")
    say(f"  {counted(found.files, 'file')} {verb} the archive" + ("" if found.done else ", and those of these claims"))
    if not found.done:
        note("nothing was changed; --yes lets it go")
