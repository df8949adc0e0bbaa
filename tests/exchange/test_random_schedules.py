"""Schedules drawn at random: whatever the order of turns and faults, each claim arrives once and is paid.

Thousands of them: `python benchmarks/soak.py --schedules 10000`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

import pytest
from schedules import Ending, Template, run_schedule

from gateway.transport import deliver

pytestmark = pytest.mark.usefixtures("quick")

SCHEDULES = 25


def _endings(folder: Path, seeds: range) -> Generator[Ending, None, None]:
    template = Template.make(folder)
    try:
        for seed in seeds:
            yield run_schedule(template, seed, thorough=seed % 10 == 0)
    finally:
        template.store.close()


def test_random_schedules_lose_and_double_nothing(tmp_path: Path) -> None:
    """Deaths, dropped connections, refusals and renames that are done too late: both sides agree in the end."""
    endings = list(_endings(tmp_path, range(SCHEDULES)))
    assert [(seed, *one[:3]) for seed, one in enumerate(endings) if one.lost or one.doubled or one.wrong] == []
    assert len({fault for one in endings for fault in one.met}) == 6


def test_schedules_find_a_gateway_that_sends_again_too_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an unknown delivery was taken for not sent, some schedule has a claim twice: so they can see it."""
    right = deliver._settle_by_folder

    def hasty(*given: object, **_: object) -> object:
        return right(*given, partner_takes_files=False)  # type: ignore[arg-type]

    monkeypatch.setattr(deliver, "_settle_by_folder", hasty)
    with contextlib.closing(_endings(tmp_path, range(SCHEDULES))) as endings:
        assert any(one.doubled for one in endings)
