"""The simulator alone, for others to test against: rounds by the clock on the wall until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from gateway.simulator.mailbox import Folders
from gateway.simulator.scenario import Scenario
from gateway.simulator.simulator import Clock, Simulator

Tell = Callable[[str], None]


def serve(
    root: Path,
    scenario: Scenario,
    *,
    clock: Clock,
    tell: Tell,
    stop: threading.Event,
    host: str = "127.0.0.1",
    port: int = 0,
    username: str = "example",
    password: str = "example-password",  # noqa: S107 (a test server's default, on loopback)
    authorized_keys: tuple[str, ...] = (),
    folders: Folders | None = None,
    look_every: float = 1.0,
    looks_per_round: int = 5,
) -> None:
    """Serves until `stop` is set: looks into the folder every so many seconds, a round every so many looks.

    `tell` gets lines for people: how to connect, then what was taken and answered, in counts and file names of the
    simulator's own making. Raises OSError where the port is taken.
    """
    simulator = Simulator(
        root,
        scenario,
        clock=clock,
        host=host,
        port=port,
        username=username,
        password=password,
        authorized_keys=authorized_keys,
        folders=folders,
    )
    with simulator:
        for line in _introduction(simulator):
            tell(line)
        looks = 0
        while not stop.is_set():
            _look(simulator, tell)
            looks += 1
            if looks % looks_per_round == 0:
                simulator.advance()
            stop.wait(look_every)
    tell("stopped")


def _introduction(simulator: Simulator) -> tuple[str, ...]:
    return (
        f"scenario {simulator.scenario.name!r}, seed {simulator.scenario.seed}",
        f"sftp://{simulator.username}@{simulator.host}:{simulator.port}",
        f"host key {simulator.host_key_line}",
        f"folders: {simulator.inbound.name} (to the clearinghouse), {simulator.outbound.name} (its answers)",
    )


def _look(simulator: Simulator, tell: Tell) -> None:
    before = len(simulator.received())
    answers = simulator.work()
    files = simulator.received()[before:]
    if files:
        tell(f"round {simulator.round}: took {len(files)} file(s) with {sum(len(f.claims) for f in files)} claim(s)")
    if answers:
        tell(f"round {simulator.round}: put out {answers} answer(s), {simulator.pending()} still to come")
