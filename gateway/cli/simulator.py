"""`gateway simulator`."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.output import note
from gateway.cli.root import Group
from gateway.errors import UsageError


@click.group(cls=Group)
def simulator() -> None:
    """A clearinghouse with payers behind it, to test against."""


@simulator.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="simulator")
@click.option("--scenario", "scenario_file", help="A scenario: a file, or a shipped name (demo, everything).")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=2222, show_default=True, help="0 takes a free one.")
@click.option("--user", default="example", show_default=True)
@click.option("--password", envvar="SIMULATOR_PASSWORD", default="example-password", show_default=True)
@click.option("--round-seconds", type=click.FloatRange(min=0.1), default=5.0, show_default=True)
def serve(
    folder: Path, scenario_file: str | None, host: str, port: int, user: str, password: str, round_seconds: float
) -> None:
    """Serves until stopped (Ctrl-C): takes 837 files by SFTP and answers them as the scenario says.

    Its folders lie in FOLDER. Invented answers only; never point a real claim at it.
    """
    from gateway.simulator.scenario import SHIPPED, Scenario
    from gateway.simulator.serve import serve as run
    from gateway.simulator.tables import ScenarioError

    name = scenario_file or "demo"
    try:
        chosen = Scenario.shipped(name) if name in SHIPPED else Scenario.load(Path(name))
    except ScenarioError as error:
        raise UsageError(str(error) if name in str(error) else f"{name}: {error}") from None
    stop = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    try:
        run(
            folder,
            chosen,
            clock=lambda: datetime.now(UTC),  # noqa: TID251 - a partner has a clock of its own
            tell=note,
            stop=stop,
            host=host,
            port=port,
            username=user,
            password=password,
            look_every=min(1.0, round_seconds),
            looks_per_round=max(1, round(round_seconds)),
        )
    except OSError as error:
        raise UsageError(f"the simulator cannot serve on {host}:{port} from {folder}: {error.strerror}") from None
