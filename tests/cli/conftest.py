"""Homes for the tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_home import copied, lived_in, new_home
from cli_run import Gateway


@pytest.fixture(autouse=True)
def _no_home_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GATEWAY_HOME", "GATEWAY_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATEWAY_ACTOR", "biller")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def fresh(tmp_path: Path) -> Gateway:
    """An empty home with a partner behind a folder."""
    return new_home(tmp_path / "home")


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """A home in which much has happened; it is only looked at."""
    return lived_in(tmp_path_factory.mktemp("used") / "home")


@pytest.fixture
def own(used: Gateway, tmp_path: Path) -> Gateway:
    """A copy of that home, to be changed."""
    assert used.home
    return copied(used.home, tmp_path / "own")
