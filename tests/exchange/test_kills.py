"""Killed processes: whatever the moment, the next run goes on, and no claim is lost or sent twice."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lives import CLAIMS, MIXED, Death, Mortals, Tally, by_timer, end, spread, stepwise
from practice import Partner, Practice, behind_slow_sshd, simulated

import gateway

pytestmark = pytest.mark.usefixtures("quick")

LIVES = 5  # of each kind of partner on each store, with a kill at each of four commands


Start = Callable[[], contextlib.AbstractContextManager[tuple[Practice, Partner, list[str]]]]


@pytest.fixture(params=["OpenSSH, slow, takes files at once", "keeps files"])
def start(request: pytest.FixtureRequest, tmp_path: Path, new_store_url: Callable[[], str]) -> Start:
    """Begins a life: a home with claims that are ready, and a partner of one kind."""
    numbers = itertools.count(1)

    def partners(folder: Path) -> contextlib.AbstractContextManager[Partner]:
        if request.param == "keeps files":
            return simulated(folder / "partner", MIXED, keeps=True)
        return behind_slow_sshd(request.getfixturevalue("sshd"), f"{tmp_path.name}-{folder.name}", MIXED)

    @contextlib.contextmanager
    def begin() -> Iterator[tuple[Practice, Partner, list[str]]]:
        folder = tmp_path / f"life{next(numbers)}"
        practice = Practice.make(folder / "home", new_store_url())
        with partners(folder) as partner:
            practice.partner(partner)
            yield practice, partner, practice.take_in(CLAIMS)

    return begin


def test_a_kill_at_any_point_costs_nothing(start: Start, runner: Mortals) -> None:
    """Build, send, fetch and process, each killed beside a commit, an fsync or an operation on the mailbox."""
    with start() as (practice, partner, numbers):
        points = stepwise(runner, practice, partner, {}).points
        undisturbed = end(practice, partner, numbers)
    kills = 0
    for life in range(LIVES):
        with start() as (practice, partner, numbers):
            deaths = {stage: [spread(count, LIVES, life)] for stage, count in points.items()}
            kills += stepwise(runner, practice, partner, deaths).kills
            assert end(practice, partner, numbers) == undisturbed, deaths
    assert kills == LIVES * 4


@pytest.mark.parametrize("start", ["OpenSSH, slow, takes files at once"], indirect=True)
def test_exchanges_that_are_killed_at_random_moments(start: Start, runner: Mortals) -> None:
    """A timer runs `exchange` and each run is killed somewhere, twice in a row; the last ones are left in peace."""
    with start() as (practice, partner, numbers):
        begun = time.monotonic()
        runner.run(practice, ("exchange",))
        longest = time.monotonic() - begun
        undisturbed = end(practice, partner, numbers)
    rng, tally = random.Random(837), Tally()
    with start() as (practice, partner, numbers):
        deaths = [[Death(after=rng.uniform(0.01, longest)) for _ in range(2)] for _ in range(3)]
        by_timer(runner, practice, partner, deaths, tally)
        assert end(practice, partner, numbers) == undisturbed
    assert tally.kills


def test_real_processes_that_are_killed(tmp_path: Path, new_store_url: Callable[[], str]) -> None:
    """`python -m gateway exchange` from its first import on, killed at several moments."""
    practice = Practice.make(tmp_path / "home", new_store_url())
    with simulated(tmp_path / "partner", MIXED) as partner:
        practice.partner(partner)
        numbers = practice.take_in(CLAIMS)
        codes = set()
        for seconds in (0.3, 1.2, 2.0):
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "exchange"],
                env={**os.environ, **practice.environ, "PYTHONPATH": str(Path(gateway.__file__).parent.parent)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
            codes.add(process.wait(30))
            partner.work()
        assert -signal.SIGKILL in codes
        assert codes <= {-signal.SIGKILL, 0}  # a quick one may be through before its kill
        end(practice, partner, numbers)
