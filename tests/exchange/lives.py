"""Lives of an exchange in which processes are killed, and what must hold at the end of each.

A life takes claims from import to remittance, command by command; each command may be killed once, at one of its
points or after some time, and is then run again as an operator or the next timer would. `end` lets the exchange come
to rest and compares both sides.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mortal import KILLED
from power import Disk
from practice import Partner, Practice, settle_all

import gateway
from gateway.simulator import Scenario

STAGES: Mapping[str, tuple[str, ...]] = {
    "build": ("batches", "build"),
    "send": ("batches", "send"),
    "fetch": ("inbound", "fetch"),
    "process": ("inbound", "process"),
    "exchange": ("exchange",),
}
STEPWISE = ("build", "send", "", "fetch", "process")  # the empty one: the partner works
CLAIMS = 6  # two batches, three sets
_TRIES = 40

# Each claim meets with the same whatever batch or file it comes in, so that lives can be compared.
MIXED = Scenario.from_toml("""
name = "mixed"
[options]
one_status_file = true
one_remittance_file = true
[[rules]]
name = "its set is rejected"
when = { claim = "S010000002" }
ack = { verdict = "reject" }
[[rules]]
name = "rejected by the clearinghouse"
when = { claim = "S010000003" }
clearinghouse = { verdict = "reject", category = "A7", status = "164", entity = "IL" }
[[rules]]
name = "denied"
when = { claim = "S010000006" }
remittance = { verdict = "deny", group = "CO", reason = "197" }
""")


class Life(NamedTuple):
    """How one run ended."""

    code: int
    points: tuple[str, ...]
    out: str
    err: str

    @property
    def was_killed(self) -> bool:
        return self.code == KILLED


class Death(NamedTuple):
    """When a run is killed: at a point, at one of those named `on`, or after so many seconds."""

    at: int = 0
    on: str = ""
    after: float = 0.0


class Mortals:
    """Runs gateway processes that can be killed; see mortal.py."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("mortal.py")
        environ = {**os.environ, "PYTHONPATH": str(Path(gateway.__file__).parent.parent)}
        self._process = subprocess.Popen(
            [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        )

    def run(
        self, practice: Practice, arguments: tuple[str, ...], death: Death | None = None, *, disk: Disk | None = None
    ) -> Life:
        order: dict[str, Any] = {"arguments": arguments, "environ": practice.environ}
        if disk is not None:
            order["disk"] = str(disk.folder)
        if death is not None:
            order |= {"die_at": death.at, "die_on": death.on, "die_after": death.after}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        life = Life(told["code"], tuple(told["points"]), told["out"], told["err"])
        assert life.code in (KILLED, 0, 1, 3), f"gateway {' '.join(arguments)}: {life.code}: {life.err}"
        return life

    def until_done(self, practice: Practice, arguments: tuple[str, ...], *, disk: Disk | None = None) -> Life:
        """Runs again until nothing of a dead process is in the way: PostgreSQL may take a moment to notice a death."""
        for _ in range(_TRIES):
            life = self.run(practice, arguments, disk=disk)
            if life.code != 3:
                return life
            time.sleep(0.05)
        raise AssertionError(f"gateway {' '.join(arguments)} is never done: {life.err}")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@contextlib.contextmanager
def mortals() -> Iterator[Mortals]:
    """The runner, ended afterwards."""
    runner = Mortals()
    try:
        yield runner
    finally:
        runner.close()


class Ending(NamedTuple):
    """What every life of the same claims must come to."""

    report: dict[str, Any]
    states: dict[str, str]


@dataclass
class Tally:
    """What was done to a life, or to many."""

    kills: int = 0
    points: dict[str, int] = field(default_factory=dict)  # of each stage that was not killed
    killed_at: Counter[str] = field(default_factory=Counter)  # stages


def step(runner: Mortals, practice: Practice, stage: str, deaths: Iterable[Death], tally: Tally) -> None:
    """One command, killed as often as asked for, then run to its end."""
    for death in deaths:
        life = runner.run(practice, STAGES[stage], death)
        if not life.was_killed:
            return
        tally.kills += 1
        tally.killed_at[stage] += 1
    tally.points[stage] = len(runner.until_done(practice, STAGES[stage]).points)


def stepwise(runner: Mortals, practice: Practice, partner: Partner, deaths: Mapping[str, Iterable[Death]]) -> Tally:
    """Build, send, answers, fetch, process; each command killed as `deaths` says."""
    tally = Tally()
    for stage in STEPWISE:
        if stage:
            step(runner, practice, stage, deaths.get(stage, ()), tally)
        else:
            partner.work()
    return tally


def by_timer(
    runner: Mortals, practice: Practice, partner: Partner, deaths: Iterable[Sequence[Death]], tally: Tally
) -> None:
    """Round after round of `exchange`, as a timer runs it, each killed as `deaths` says."""
    for rounds in deaths:
        step(runner, practice, "exchange", rounds, tally)
        partner.work()


def ask_the_partner(practice: Practice, partner: Partner) -> int:
    """What an operator does with a delivery that nothing settles: asks, and sends it again if it is not there."""
    there = {file.name for file in partner.simulator.received()}
    lost = [one for one in practice.batches() if one["state"] == "unknown" and one["file_name"] not in there]
    for batch in lost:
        practice.gateway("batches", "resend", batch["id"], "--never-arrived", "--reason", "asked the partner")
    return len(lost)


def end(practice: Practice, partner: Partner, numbers: list[str]) -> Ending:
    """Lets the exchange come to rest, and checks that nothing was lost and nothing came twice."""
    settle_all(practice, [partner])
    if ask_the_partner(practice, partner):
        settle_all(practice, [partner])
    received = partner.simulator.received()
    batches = practice.batches()
    assert partner.received_claims() == sorted(numbers)
    assert sorted(file.sha256 for file in received) == sorted(batch["sha256"] for batch in batches)
    assert sorted(file.name for file in received) == sorted(batch["file_name"] for batch in batches)
    assert {batch["state"] for batch in batches} <= {"accepted", "partially_accepted", "rejected"}
    numbers_used = [batch["interchange_control_number"] for batch in batches]
    assert len(set(numbers_used)) == len(numbers_used)
    left = {path.name for path in partner.simulator.inbound.iterdir()}
    assert left <= {file.name for file in received}, "a temporary file was left in the partner's folder"
    practice.check()
    return Ending(practice.report(), practice.states())


def spread(count: int, lives: int, number: int) -> Death:
    """The point of life `number` of `lives`, so that together they go over all of `count` points evenly."""
    return Death(at=1 + (number * count) // lives)
