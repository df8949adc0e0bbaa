"""Upload and download over SSH against OpenSSH's own `sftp`, on one loopback server, in turns.

Ours is measured with all its checks: an upload is written under a temporary name, looked at and renamed, each step
recorded; a download is listed twice, hashed, archived with fsync and recorded. `sftp` copies, and no more.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measured import ROOT, WorkFailed

if TYPE_CHECKING:
    from gateway.transport.sftp import SftpTransport

TURNS = 3
AT = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Load(NamedTuple):
    """So many files of so many bytes; `up` and `down`: how many times OpenSSH's time ours may take (None: no bound)."""

    files: int
    size: int
    up: float | None
    down: float | None

    @property
    def label(self) -> str:
        return f"{self.files:,} × {self.size // 1000:,} kB"


LOADS = (Load(1, 100_000_000, 1 / 0.9, None), Load(1000, 100_000, 2.0, 2.0))


class Turn(NamedTuple):
    """Seconds of one turn: by the clock, and of the client's processor."""

    wall: float
    cpu: float


def compare(tell: Callable[[str], None], loads: tuple[Load, ...] = LOADS) -> Iterator[str]:
    """Measures every load both ways; yields the lines of a table."""
    sys.path.insert(0, str(ROOT / "tests"))
    from sshd import start_sshd  # type: ignore[import-not-found]

    if shutil.which("sftp") is None:
        raise WorkFailed("OpenSSH's sftp is not installed, so there is nothing to compare with")
    yield "| work | OpenSSH s | ours s | × | wanted | OpenSSH CPU s | ours CPU s | ours MB/s |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as name:
        (Path(name) / "server").mkdir()
        server = start_sshd(Path(name) / "server")
        try:
            for load in loads:
                yield from _Course(Path(name), server, load, tell).lines()
        finally:
            server.stop()


class _Course:
    """One load on one server."""

    def __init__(self, folder: Path, server: Any, load: Load, tell: Callable[[str], None]) -> None:
        self.folder, self.server, self.load, self.tell = folder, server, load, tell
        self.source = folder / f"source-{load.files}"
        self.source.mkdir()
        rng = random.Random(7)
        for number in range(load.files):
            (self.source / f"{number:04}.txt").write_bytes(rng.randbytes(load.size))

    def lines(self) -> Iterator[str]:
        """Upload, then download of what was uploaded."""
        for way, wanted in (("upload", self.load.up), ("download", self.load.down)):
            theirs, ours = [], []
            for turn in range(TURNS):
                self.tell(f"{self.load.label}: {way}, turn {turn + 1} of {TURNS}")
                theirs.append(self._timed(getattr(self, f"_their_{way}"), turn))
                ours.append(self._timed(getattr(self, f"_our_{way}"), turn))
            yield self._line(way, theirs, ours, wanted)

    def _timed(self, work: Callable[[int], None], turn: int) -> Turn:
        wall, cpu = time.perf_counter(), _processor()
        work(turn)
        return Turn(time.perf_counter() - wall, _processor() - cpu)

    def _line(self, way: str, theirs: list[Turn], ours: list[Turn], wanted: float | None) -> str:
        times = statistics.median(our.wall / their.wall for our, their in zip(ours, theirs, strict=True))
        their_wall, our_wall = (statistics.median(one.wall for one in turns) for turns in (theirs, ours))
        their_cpu, our_cpu = (statistics.median(one.cpu for one in turns) for turns in (theirs, ours))
        rate = self.load.files * self.load.size / 1e6 / our_wall
        most = f"≤ {wanted:.2f}" if wanted else "as near as goes"
        cells = (f"{their_wall:.2f}", f"{our_wall:.2f}", f"{times:.2f}", most, f"{their_cpu:.2f}", f"{our_cpu:.2f}")
        return f"| {way} {self.load.label} | {' | '.join(cells)} | {rate:.0f} |"

    def _their_upload(self, turn: int) -> None:
        place = self._remote(f"theirs-{turn}")
        self._sftp(f"put {path} {place}/{path.name}" for path in sorted(self.source.iterdir()))

    def _their_download(self, turn: int) -> None:
        target = self.folder / f"down-{self.load.files}-{turn}"
        target.mkdir()
        self._sftp(f"get {self._remote('theirs-0')}/{path.name} {target}/" for path in sorted(self.source.iterdir()))
        _require(len(list(target.iterdir())) == self.load.files)

    def _our_upload(self, turn: int) -> None:
        from gateway.transport.deliver import DeliveryState, Parcel, deliver

        place, steps = self._remote(f"ours-{turn}"), 0

        def record(*_: object) -> None:
            nonlocal steps
            steps += 1

        with self._session() as session:
            for path in sorted(self.source.iterdir()):
                with path.open("rb") as stream:
                    parcel = Parcel(place, path.name, path.stat().st_size)
                    _require(deliver(session, parcel, stream, record).state is DeliveryState.SENT)
        _require(steps == 5 * self.load.files)

    def _our_download(self, turn: int) -> None:
        from gateway.transport.archive import Archive
        from gateway.transport.collect import AfterReceive, Outcome, collect

        sums = []
        with self._session() as session:
            found = collect(
                session,
                Archive(self.folder / f"archive-{self.load.files}-{turn}"),
                self._remote("ours-0"),
                after=AfterReceive("keep"),
                known=lambda _: {},
                record=lambda _, kept: sums.append(kept.sha256),
                wait=lambda: None,
                now=lambda: AT,
            )
        _require([one.outcome for one in found] == [Outcome.RECEIVED] * self.load.files)
        wanted = {hashlib.sha256(path.read_bytes()).hexdigest() for path in self.source.iterdir()}
        _require(set(sums) == wanted)

    def _session(self) -> SftpTransport:
        from gateway.transport.sftp import SftpTransport

        return SftpTransport.connect(self.server.settings())

    def _remote(self, name: str) -> str:
        (self.server.mailbox / f"{name}-{self.load.files}").mkdir(exist_ok=True)
        return f"{name}-{self.load.files}"

    def _sftp(self, lines: Iterator[str]) -> None:
        known = self.folder / "known_hosts"
        if not known.exists():
            known.write_text(f"[127.0.0.1]:{self.server.port} {self.server.host_key_lines['ssh-ed25519']}\n")
        command = ["sftp", "-q", "-b", "-", "-F", "none", "-P", str(self.server.port)]
        options = (
            f"UserKnownHostsFile={known}",
            f"IdentityFile={self.server.folder / 'id_ed25519'}",
            "IdentitiesOnly=yes",
            "HostKeyAlgorithms=ssh-ed25519",
        )
        for option in options:
            command += ["-o", option]
        command.append(f"{self.server.user}@127.0.0.1")
        ran = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True, check=False)
        if ran.returncode != 0:
            raise WorkFailed(f"sftp failed: {ran.stderr.strip()[-200:]}")


def _processor() -> float:
    """Seconds of this process and of those that it waited for."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def _require(holds: bool) -> None:
    """A figure for work that went wrong would be none."""
    if not holds:
        raise WorkFailed("the files are not there as they should be")
