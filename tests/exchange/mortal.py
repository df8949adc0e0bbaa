"""The gateway as processes that are killed: each run is a process of its own, forked from one that has loaded the code.

`python mortal.py` reads one JSON line a run, {"arguments", "environ", "die_at", "die_on", "die_after", "disk"}, and
writes one back: {"code", "points", "out", "err"}. A point is a moment at which the world may change: just before and
just after each commit, fsync and operation on a mailbox. `die_at` is the number of the point at which the process kills
itself, counted from 1; with `die_on` only points of that name count; `die_after` are seconds after which it is killed
from outside, wherever it is. A killed run has code -9. `disk` is a folder of which power.py keeps what was fsynced.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from power import Disk

KILLED = -signal.SIGKILL
_OPERATIONS = ("list_files", "stat", "write_temp", "rename", "direct_put", "fetch", "remove", "move")


class Points:
    """Counts the points that a run passes, and dies at the one that was asked for."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.die_at = 0
        self.die_on = ""
        self.disk: Disk | None = None
        self._fsync = os.fsync

    def fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        if self.disk is not None:
            self.disk.synced(descriptor)

    def meet(self, name: str) -> None:
        self.passed.append(name)
        counted = self.passed.count(name) if name == self.die_on else 0 if self.die_on else len(self.passed)
        if counted and counted == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def met(*arguments: Any, **keywords: Any) -> Any:
            self.meet(f"before {name}")
            result = function(*arguments, **keywords)
            self.meet(f"after {name}")
            return result

        return met


def install(points: Points) -> None:
    """Puts points around what changes the world. Nothing in the gateway knows of it."""
    from gateway.exchange import collection
    from gateway.outbound import writing
    from gateway.store.engine import Store
    from gateway.transport.folder import FolderTransport
    from gateway.transport.sftp import SftpTransport

    begin = Store.write

    @contextlib.contextmanager
    def write(store: Store) -> Iterator[Any]:
        with begin(store) as conn:
            yield conn
            points.meet("before commit")
        points.meet("after commit")

    Store.write = write  # type: ignore[method-assign]
    os.fsync = points.around(points.fsync, "fsync")
    for kind in (FolderTransport, SftpTransport):
        for name in _OPERATIONS:
            setattr(kind, name, points.around(getattr(kind, name), name))
    collection.SETTLE_SECONDS = 0.0
    writing.JUDGED = {}


def preload() -> None:
    """Loads what any run needs, so that a fork starts at once."""
    import gateway

    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.startswith(("gateway.simulator", "gateway.__main__", "gateway.store.migrations")):
            importlib.import_module(module.name)
    for name in ("psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def live(points: Points, order: dict[str, Any], folder: Path) -> int:
    """One run, as `python -m gateway ARGUMENTS`; gives its exit code."""
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.environ.update(order["environ"])
    sys.argv = ["gateway", *order["arguments"]]
    points.disk = Disk(Path(order["disk"])) if order.get("disk") else None
    points.die_at, points.die_on = order.get("die_at") or 0, order.get("die_on") or ""
    try:
        runpy.run_module("gateway", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        (folder / "points.part").write_text(json.dumps(points.passed))
        (folder / "points.part").replace(folder / "points")  # whole or not at all: a kill may fall into this too
    return 0


def run(points: Points, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Forks, lets the child live, and tells how it ended."""
    (folder / "points").write_text("[]")
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = live(points, order, folder)
        finally:
            os._exit(code)
    if order.get("die_after"):
        time.sleep(order["die_after"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    told = {name: (folder / name).read_text(errors="replace") for name in ("out", "err")}
    return {"code": os.waitstatus_to_exitcode(status), "points": json.loads((folder / "points").read_text()), **told}


def main() -> None:
    """Serves runs until standard input closes."""
    preload()
    points = Points()
    install(points)
    with tempfile.TemporaryDirectory(prefix="mortal-") as name:
        for line in sys.stdin:
            print(json.dumps(run(points, json.loads(line), Path(name))), flush=True)


if __name__ == "__main__":
    main()
