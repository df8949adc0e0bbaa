"""Killed processes: whatever the moment, the next run goes on, and no claim is lost or sent twice."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lives import CLAIMS, MIXED, Ending, Mortals, end, spread, stepwise
from practice import Partner, Practice, simulated

pytestmark = pytest.mark.usefixtures("quick")

LIVES = 6  # of each kind of partner on each store, with a kill at each of four commands


Start = Callable[[], contextlib.AbstractContextManager[tuple[Practice, Partner, list[str]]]]


@pytest.fixture(params=["takes files at once", "keeps files"])
def start(request: pytest.FixtureRequest, tmp_path: Path, new_store_url: Callable[[], str]) -> Start:
    """Begins a life: a home with claims that are ready, and a partner of one kind."""
    numbers = itertools.count(1)

    @contextlib.contextmanager
    def begin() -> Iterator[tuple[Practice, Partner, list[str]]]:
        folder = tmp_path / f"life{next(numbers)}"
        practice = Practice.make(folder / "home", new_store_url())
        with simulated(folder / "partner", MIXED, keeps=request.param == "keeps files") as partner:
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
            deaths = {stage: spread(count, LIVES, life) for stage, count in points.items()}
            kills += stepwise(runner, practice, partner, deaths).kills
            ending: Ending = end(practice, partner, numbers)
            assert ending == undisturbed, deaths
    assert kills == LIVES * 4
