"""`store check` on the archive: what nothing accounts for is named, what came twice or was given up is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from practice import Practice, in_a_folder

from gateway.transport.archive import Archive

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
CHECK = "every file of the archive is in the store"
pytestmark = pytest.mark.usefixtures("quick")


def _named(practice: Practice, code: int) -> list[str]:
    checks = {one["name"]: one["subjects"] for one in practice.json("store", "check", code=code)}
    found: list[str] = checks[CHECK]
    return found


def _archive(practice: Practice) -> Archive:
    return Archive(practice.home / "data" / "archive")


def test_a_file_that_came_twice_is_no_stranger_in_the_archive(practice: Practice, tmp_path: Path) -> None:
    """The same bytes under a second name are archived once more before anyone can tell; the check holds."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    for name in ("report.txt", "the same report.txt"):
        (partner.simulator.outbound / name).write_text("STATUS REPORT\n")
    practice.gateway("exchange")
    assert len(list(_archive(practice).names())) == 2
    assert _named(practice, code=0) == []


def test_a_file_that_nobody_recorded_is_named(practice: Practice, tmp_path: Path) -> None:
    """Bytes in the archive whose content the store has never seen, or of a batch that it does not have, are named."""
    practice.partner(in_a_folder(tmp_path / "partner"))
    practice.take_in(2)
    practice.gateway("batches", "build")
    archive = _archive(practice)
    strangers = {
        archive.keep(b"bytes that were never recorded", "received", NOW).name,
        archive.keep(b"ISA", "sent", NOW, {"partner": "house", "batch": "77"}).name,
        archive.keep(b"ISA", "sent", NOW, {"partner": "house", "batch": "1"}).name,
    }
    assert set(_named(practice, code=1)) == strangers
