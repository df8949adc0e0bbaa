"""A simulator behind its server, for tests that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator_samples import clock

from gateway.simulator import Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A simulator that is served on a free loopback port."""
    with Simulator(tmp_path / "partner", clock=clock) as running:
        yield running
