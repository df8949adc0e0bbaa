"""One piece of work, measured in a process of its own, so that its peak memory is its own.

`python -m benchmarks.measured MODULE:FUNCTION FOLDER CLAIMS PER_FILE` does it and prints the figures as JSON;
`measure` runs that and reads them.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Figures(NamedTuple):
    """What a piece of work took. Start-up and imports count for memory, not for time."""

    claims: int
    size: int  # bytes
    wall: float  # seconds
    cpu: float  # seconds of this process, not of a database server
    peak: int  # bytes of memory at most


class WorkFailed(Exception):
    """A piece of work ended with an error, which it has told."""


def measure(
    work: str, folder: Path, claims: int, per_file: int, environment: Mapping[str, str] | None = None
) -> Figures:
    """Does the work in a new process; WorkFailed where it fails."""
    command = [sys.executable, "-m", "benchmarks.measured", work, str(folder), str(claims), str(per_file)]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True, check=False
    )
    if ran.returncode != 0:
        raise WorkFailed(f"{work} with {claims} claims failed")
    return Figures(*json.loads(ran.stdout))


def run(work: str, folder: Path, claims: int, per_file: int) -> Figures:
    """Does the work in this process."""
    from benchmarks.place import Place

    module, _, name = work.partition(":")
    function = getattr(importlib.import_module(f"benchmarks.{module}"), name)
    place = Place(folder, claims, per_file)
    wall, cpu = time.perf_counter(), time.process_time()
    done = function(place)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    wall, cpu = wall - done.aside, cpu - done.aside
    return Figures(done.claims, done.size, wall, cpu, peak_memory())


def peak_memory() -> int:
    """The most memory that this process ever had, in bytes.

    On Linux the kernel's own mark of this process: what `getrusage` tells there begins at the peak of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    from gateway.logs import configure

    configure(level="warning")
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
