"""`gateway demo`."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import emit, json_option, note, say
from gateway.cli.root import Session
from gateway.errors import NeedsPerson


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), required=False)
@json_option
@click.pass_obj
def demo(session: Session, directory: Path | None, as_json: bool) -> None:
    """The whole way of some 250 invented claims, on this machine alone: import, 837, SFTP, answers, money, report.

    Makes a home in DIRECTORY and leaves it for you to look around; without DIRECTORY it is a temporary one.
    """
    from gateway.logs import configure

    configure(session.log_format, session.log_level)
    place: Any = nullcontext(directory) if directory else tempfile.TemporaryDirectory(prefix="gateway-demo-")
    with place as folder:
        sys.exit(_run(Path(folder), keeps=directory is not None, as_json=as_json))


def _run(folder: Path, *, keeps: bool, as_json: bool) -> int:
    from gateway import demo as story
    from gateway.app import App
    from gateway.reports.render import as_table

    tell = note if as_json else say
    app = App(story.make_home(folder))
    try:
        with story.clearinghouse(app, folder / "simulator") as simulator:
            tell(f"a home in {folder}, and a clearinghouse simulator on 127.0.0.1:{simulator.port} (SFTP)\n")
            for tally in story.take_in(app, story.write_claims(folder / "claims", app.now().date())):
                counts = ", ".join(f"{count} {name}" for name, count in tally.counts.items() if count)
                tell(f"imported {Path(tally.file).name}: {tally.records} claims, {counts}")
            tell("\nthe exchange:")
            story.run_rounds(app, simulator, tell)
            report = story.final_report(app)
            rows = story.compare(report, simulator)
    finally:
        app.close()
    if as_json:
        emit(report.document())
    else:
        say()
        say(as_table(report.report()))
        say(f"{'Compared with the books of the simulated payers':<50}{'theirs':>16}{'ours':>16}")
        say("─" * 100)
        for what, theirs, ours in rows:
            say(f"{what:<50}{theirs:>16}{ours:>16}{'' if theirs == ours else '   DIFFERENT'}")
    if keeps:
        tell(f"\nlook around: gateway --home {folder} claims list --state denied")
    off = [what for what, theirs, ours in rows if theirs != ours] + [c.name for c in report.checks if not c.holds]
    if off:
        raise NeedsPerson(f"the demo did not go as its script says: {', '.join(off)}")
    return 0
