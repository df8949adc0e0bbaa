"""Figures as a Markdown table, with the machine that they are of."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measured import Figures
from benchmarks.plan import (
    BUILD,
    FIRST_FILES,
    FLOOR_835,
    FLOOR_POST,
    IMPORT,
    LAST_FILES,
    OURS_835,
    OURS_I,
    OURS_P,
    OXEDI_835,
    OXEDI_CLAIMS,
    POST_835,
    PYX12_I,
    PYX12_P,
)

MEGABYTE = 1_000_000
# Ours, theirs, how many times as fast ours is to be, and what theirs is called.
RATIOS = (
    (OURS_P, PYX12_P, 25, "pyx12 checks"),
    (OURS_I, PYX12_I, 25, "pyx12 checks"),
    (BUILD, PYX12_P, 10, "pyx12 checks"),
    (OURS_835, OXEDI_835, 1, "oxedi puts into columns"),
    (OURS_835, OXEDI_CLAIMS, 1, "oxedi streams into columns"),
    (OURS_835, FLOOR_835, 1, "the floor reads"),
    (POST_835, FLOOR_POST, 0.5, "the floor posts"),
    (LAST_FILES, FIRST_FILES, 0.9, "the first tenth (files, not claims):"),
)
_HEAD = ("work", "claims", "CPU s", "wall s", "claims/s", "MB/s", "peak MB", "memory ×")


class Row(NamedTuple):
    label: str
    figures: Figures


def machine() -> str:
    """The kind of machine, its cores, the interpreter, and how much else it does."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {cores} cores, {platform.system()}, {python}; load {load:.1f}"


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(rows: Sequence[Row]) -> Iterable[str]:
    """The lines of the table, rows of one piece of work together, the fewest claims first.

    Rates are by CPU time. "memory ×" is the peak against that with the fewest claims.
    """
    yield f"| {' | '.join(_HEAD)} |"
    yield f"| --- {'| ---: ' * (len(_HEAD) - 1)}|"
    for label in dict.fromkeys(row.label for row in rows):
        of_work = sorted((row.figures for row in rows if row.label == label), key=lambda one: one.claims)
        for found in of_work:
            yield _line(label, found, of_work[0])


def ratios(rows: Sequence[Row]) -> Iterable[str]:
    """What is to be so many times as fast as another on as many claims of one run, and how time grows with claims."""
    rate = {(row.label, row.figures.claims): row.figures.claims / max(row.figures.cpu, 1e-3) for row in rows}
    for ours, theirs, wanted, does in RATIOS:
        for label, claims in sorted(rate):
            other = label.replace(ours, theirs)  # with the mark of the server, where there is one
            if label.startswith(ours) and (other, claims) in rate:
                times = rate[label, claims] / rate[other, claims]
                shown = f"{times:.{1 if wanted > 1 else 2}f}"
                yield f"{label}: {shown} times as fast as {does} {claims:,} claims (wanted: {wanted})"
    for label in (IMPORT, BUILD, POST_835):
        sizes = sorted(claims for name, claims in rate if name == label)
        if len(sizes) > 1:
            times = rate[label, sizes[0]] / rate[label, sizes[-1]]
            yield f"{label}: time a claim with {sizes[-1]:,} claims is {times:.2f} times that with {sizes[0]:,}"


def _line(label: str, found: Figures, smallest: Figures) -> str:
    cells = (
        label,
        f"{found.claims:,}",
        f"{found.cpu:.2f}",
        f"{found.wall:.2f}",
        f"{_rounded(found.claims / max(found.cpu, 1e-3)):,}",
        _megabytes(found.size / MEGABYTE / max(found.cpu, 1e-3)),
        f"{found.peak / MEGABYTE:.0f}",
        f"{found.peak / smallest.peak:.2f}" if found is not smallest else "",
    )
    return f"| {' | '.join(cells)} |"


def _megabytes(rate: float) -> str:
    """Empty where files are so small that it says nothing, as with a 999."""
    return f"{rate:.1f}" if rate >= 0.05 else ""


def _rounded(rate: float) -> int:
    """Three digits: more would be a pretence."""
    return int(round(rate, min(0, 3 - len(str(int(rate))))))
