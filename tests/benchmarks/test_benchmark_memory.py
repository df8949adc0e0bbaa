"""Memory does not grow with the file, and what measures it keeps measuring."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import flat, plan
from benchmarks.measured import ROOT, Figures, run
from benchmarks.table import RATIOS, Row, ratios, table

pytestmark = pytest.mark.slow


def test_memory_is_that_of_a_part_whatever_the_number_of_claims() -> None:
    """Import, building, delivery, posting, reading and writing: four times the claims take less than 1.3 times."""
    found = flat.peaks()
    assert set(found) == {name for name in flat.WORKS.values() if name}
    assert {name: round(one.times, 2) for name, one in found.items() if not one.is_flat} == {}


def test_a_claim_that_is_kept_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The measure sees it when something of each claim is remembered, else the test above would prove nothing."""
    from benchmarks import parsing

    kept: list[object] = []
    inspect = parsing.inspect

    def forgetting_nothing(stream: object) -> object:
        kept.extend(bytearray(200) for _ in Path(stream.name).read_bytes().split(b"CLP*"))
        return inspect(stream)

    monkeypatch.setattr(parsing, "inspect", forgetting_nothing)
    monkeypatch.setattr(flat, "WORKS", {"making:remittance": "", "parsing:inspect_835": "inspect 835"})
    assert not flat.peaks()["inspect 835"].is_flat


def test_every_row_of_the_table_can_be_measured(tmp_path: Path) -> None:
    """Each piece of work does with a few claims what it does with many, in the order of the plan; small files are
    posted in three parts, all of them once."""
    rows, small_files = [], 0
    for number, works in enumerate(plan.PLANS):
        place = tmp_path / f"plan{number}"
        place.mkdir()
        for work in works:
            figures = run(work.function, place, 12, 5)
            if work.function.startswith("small_files:post"):
                small_files += figures.claims
            else:
                assert figures.claims == 12
            rows += [Row(work.label, figures)] if work.label else []
    assert small_files == 12
    lines = list(table(rows))
    assert len(lines) == 2 + len(rows)
    assert len(list(ratios(rows))) == len(RATIOS)


def test_the_ratios_are_of_one_run_and_as_many_claims() -> None:
    """Ours and theirs with equally many claims are compared, others never; time is compared by the claim."""
    ours, theirs = Figures(100, 1, 1.0, 0.5, 1), Figures(100, 1, 20.0, 10.0, 1)
    rows = [Row(plan.OURS_P, ours), Row(plan.PYX12_P, theirs), Row(plan.OURS_P, Figures(900, 1, 1.0, 1.0, 1))]
    (line,) = ratios(rows)
    assert "20.0 times as fast as pyx12 checks 100 claims" in line
    (line,) = ratios([Row(f"{plan.OURS_P} (PostgreSQL)", ours), Row(f"{plan.PYX12_P} (PostgreSQL)", theirs)])
    assert line.startswith(f"{plan.OURS_P} (PostgreSQL): 20.0 times")
    (line,) = ratios([Row(plan.IMPORT, ours), Row(plan.IMPORT, Figures(1000, 1, 10.0, 10.0, 1))])
    assert "time a claim with 1,000 claims is 2.00 times that with 100" in line


def test_a_piece_of_work_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Its peak is its own, not that of whoever asked for it."""
    ballast = bytearray(300_000_000)
    command = [sys.executable, "-m", "benchmarks.measured", "making:claims", str(tmp_path), "10", "5"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = Figures(*json.loads(ran.stdout))
    assert (figures.claims, figures.size) == (10, (tmp_path / "claims.ndjson").stat().st_size)
    assert 1_000_000 < figures.peak < len(ballast)
