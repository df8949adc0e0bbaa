"""What the suites of the exchange share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lives import Mortals, mortals
from practice import Practice

from gateway.exchange import collection
from gateway.outbound import writing


@pytest.fixture
def practice(tmp_path: Path, store_url: str) -> Practice:
    """A home without a partner, over each store."""
    return Practice.make(tmp_path / "home", store_url)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, no_pause: None) -> None:
    """Leaves out pyx12's opinion of each file, half a second a set, where files are not what is tested."""
    monkeypatch.setattr(writing, "JUDGED", {})


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the pause between two looks at a file's size: the partners here never write slowly."""
    monkeypatch.setattr(collection, "SETTLE_SECONDS", 0.0)


@pytest.fixture(scope="session")
def runner() -> Iterator[Mortals]:
    """Runs gateway processes that can be killed."""
    with mortals() as made:
        yield made
