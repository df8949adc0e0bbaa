"""Power cuts: what was not fsynced is gone, and still no claim is lost or sent twice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lives import CLAIMS, MIXED, STAGES, STEPWISE, Death, Mortals, end, spread, stepwise
from power import Disk
from practice import Practice, simulated

pytestmark = pytest.mark.usefixtures("quick")

LIVES = 3


@contextlib.contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_what_was_not_fsynced_is_gone(tmp_path: Path) -> None:
    """The disk of these tests forgets as a real one may: bytes without fsync, names whose folder had none."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "old").write_bytes(b"old")
    disk = Disk(folder)
    disk.begin()
    (folder / "bytes").write_bytes(b"never")
    with (folder / "file").open("wb") as stream:
        stream.write(b"kept")
        stream.flush()
        disk.synced(stream.fileno())
        stream.write(b" and more")
    (folder / "old").unlink()
    assert disk.cut() == ["bytes", "file"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"old": b"old"}

    with (folder / "file").open("wb") as stream:
        stream.write(b"kept")
        stream.flush()
        disk.synced(stream.fileno())
        stream.write(b" and more")
    (folder / "other").write_bytes(b"never")
    with open_folder(folder) as descriptor:
        disk.synced(descriptor)
    disk.cut()
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == {"old": b"old", "file": b"kept", "other": b""}


def test_a_power_cut_at_any_point_costs_nothing(
    tmp_path: Path, new_store_url: Callable[[], str], runner: Mortals
) -> None:
    """Build, send, fetch and process, each cut off beside a commit, an fsync or an operation on the mailbox, and once
    more when it had ended: the archive holds what the store names, and the exchange comes to the same end."""
    points: dict[str, int] = {}
    undisturbed = None
    for life in range(-1, LIVES):
        folder = tmp_path / f"life{life}"
        practice = Practice.make(folder / "home", new_store_url())
        with simulated(folder / "partner", MIXED) as partner:
            practice.partner(partner)
            numbers = practice.take_in(CLAIMS)
            if undisturbed is None:
                points = stepwise(runner, practice, partner, {}).points
                undisturbed = end(practice, partner, numbers)
                continue
            disk = Disk(practice.home)
            disk.begin()
            for stage in STEPWISE:
                if not stage:
                    partner.work()
                    continue
                cut = runner.run(practice, STAGES[stage], spread(points[stage], LIVES, life), disk=disk)
                assert cut.was_killed
                disk.cut()
                runner.until_done(practice, STAGES[stage], disk=disk)
                disk.cut()
            assert end(practice, partner, numbers) == undisturbed, life


def test_a_disk_that_lies_about_fsync_is_found_out(
    tmp_path: Path, new_store_url: Callable[[], str], runner: Mortals
) -> None:
    """Where fsync promises and does nothing, the archive lacks what the store names, and `store check` says so: so the
    test above does see a missing fsync."""
    practice = Practice.make(tmp_path / "home", new_store_url())
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        practice.take_in(2)
        disk = Disk(practice.home)
        disk.begin()
        runner.run(practice, STAGES["build"], Death())  # nothing is told to the disk
        assert disk.cut()
        ran = practice.gateway("store", "check", code=None)
        assert ran.code != 0
        assert "archive" in ran.out + ran.err
