"""Kills the gateway a few hundred times and checks that no claim is lost and none is sent or posted twice.

    python benchmarks/soak.py --kills 500 [--store sqlite|postgresql|both] [--seed N] [--keep FOLDER]
    python benchmarks/soak.py --schedules 10000 [--seed N]

Each life takes six claims from import to remittance, half of them through a real sshd on loopback over a slow link to a
partner who takes files at once, half to a partner who keeps them. Its commands are killed with SIGKILL beside
a commit, an fsync or an operation on the mailbox, or at a random moment, up to three times in a row, and run again. At
the end of each life the files and claims that arrived are counted, `store check` is run, and the reconciliation report
is compared with that of a life in which nothing was killed. Leaves with 1 at the first difference, and names the life.

With `--schedules` gateway and simulated partner take turns at random in one process, over a mailbox that fails at
random; the claims that were lost or came twice are counted. Leaves with 1 where there was one, and names its seed.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "exchange")]

from lives import CLAIMS, MIXED, Death, Ending, Mortals, Tally, by_timer, end, mortals, stepwise  # noqa: E402
from practice import Partner, Practice, behind_slow_sshd, simulated  # noqa: E402
from schedules import Template, run_schedule  # noqa: E402
from sshd import SshServer, has_sshd, start_sshd  # noqa: E402
from stores import postgres_server  # noqa: E402

from gateway.exchange import collection  # noqa: E402
from gateway.logs import configure  # noqa: E402
from gateway.outbound import writing  # noqa: E402

AT_ONCE, KEEPS = "takes files at once", "keeps files"
PARTNERS = (AT_ONCE, KEEPS)
_AGAIN = 0.3  # how often a run that was killed is killed once more
_MOST_IN_A_ROW = 3


@dataclass
class Soak:
    """Lives on one store, until there are enough kills."""

    store: str
    new_url: Callable[[Path], str]
    folder: Path
    runner: Mortals
    rng: random.Random
    server: SshServer | None = None  # None: the simulator's own server instead
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    undisturbed: dict[str, Ending] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    seconds: float = 1.0  # of one exchange
    killed_at: Counter[str] = field(default_factory=Counter)
    lives: int = 0

    def life(self, partner_kind: str, live: Callable[[Practice, Partner], None]) -> Ending:
        """One life in a folder of its own, which is removed when it ended well."""
        folder = self.folder / f"{self.store}{next(self.numbers)}"
        practice = Practice.make(folder / "home", self.new_url(folder))
        with self._partner(partner_kind, folder) as partner:
            practice.partner(partner)
            numbers = practice.take_in(CLAIMS)
            live(practice, partner)
            ending = end(practice, partner, numbers)
        if partner.simulator.home.exists():  # below the folder of the server
            shutil.rmtree(partner.simulator.home)
        shutil.rmtree(folder)
        self.lives += 1
        return ending

    def _partner(self, kind: str, folder: Path) -> contextlib.AbstractContextManager[Partner]:
        if kind == AT_ONCE and self.server is not None:
            return behind_slow_sshd(self.server, folder.name, MIXED)
        return simulated(folder / "partner", MIXED, keeps=kind == KEEPS)

    def begin(self) -> None:
        """The lives in which nothing is killed: what all others are compared with, and how many points there are."""

        def live(practice: Practice, partner: Partner) -> None:
            self.points.update(stepwise(self.runner, practice, partner, {}).points)

        def in_one(practice: Practice, _: Partner) -> None:
            begun = time.monotonic()
            self.runner.run(practice, ("exchange",))
            self.seconds = time.monotonic() - begun

        for kind in PARTNERS:
            self.undisturbed[kind] = self.life(kind, live)
        self.life(AT_ONCE, in_one)

    def go_on(self) -> int:
        """One more life with kills; returns how many."""
        kind = self.rng.choice(PARTNERS)
        tally = Tally()

        def live(practice: Practice, partner: Partner) -> None:
            if self.rng.random() < 0.5:
                deaths = {
                    stage: self._in_a_row(lambda count=count: self._at(count)) for stage, count in self.points.items()
                }
                told = stepwise(self.runner, practice, partner, deaths)
                tally.kills, tally.killed_at = told.kills, told.killed_at
            else:
                rounds = [self._in_a_row(self._after) for _ in range(4)]
                by_timer(self.runner, practice, partner, rounds, tally)

        ending = self.life(kind, live)
        if ending != self.undisturbed[kind]:
            raise AssertionError("the report is not that of an undisturbed life")
        self.killed_at += tally.killed_at
        return tally.kills

    def _at(self, count: int) -> Death:
        return Death(at=self.rng.randint(1, count))

    def _after(self) -> Death:
        return Death(after=self.rng.uniform(0.005, self.seconds))

    def _in_a_row(self, make: Callable[[], Death]) -> list[Death]:
        deaths = [make()]
        while len(deaths) < _MOST_IN_A_ROW and self.rng.random() < _AGAIN:
            deaths.append(make())
        return deaths


@contextlib.contextmanager
def an_sshd(folder: Path) -> Iterator[SshServer | None]:
    """A real server, where OpenSSH is installed."""
    if not has_sshd():
        print("no sshd is installed: the simulator's own server instead", flush=True)
        yield None
        return
    place = folder / "sshd"
    place.mkdir()
    server = start_sshd(place)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def stores(wanted: str) -> Iterator[dict[str, Callable[[Path], str]]]:
    """By name, what makes the address of a new store."""
    found: dict[str, Callable[[Path], str]] = {}
    with contextlib.ExitStack() as stack:
        if wanted != "postgresql":
            found["sqlite"] = lambda folder: f"sqlite:///{folder / 'claims.db'}"
        if wanted != "sqlite":
            server = stack.enter_context(postgres_server())
            if isinstance(server, str):
                raise SystemExit(f"PostgreSQL cannot be started: {server}")
            found["postgresql"] = lambda _: server.new()
        yield found


def soak(one: Soak, kills: int) -> None:
    """Runs lives until there were so many kills; raises AssertionError at the first difference."""
    one.begin()
    done, begun = 0, time.monotonic()
    while done < kills:
        done += one.go_on()
        if sys.stderr.isatty():
            print(f"\r{one.store}: {done} kills in {one.lives} lives", end="", file=sys.stderr)
    stages = ", ".join(f"{count} {stage}" for stage, count in one.killed_at.most_common())
    print(f"{one.store}: {done} kills in {one.lives} lives, {time.monotonic() - begun:.0f} s: {stages}", flush=True)
    print(f"{one.store}: no claim lost, none twice; every report equal; every store checked", flush=True)


def schedules(count: int, first: int) -> int:
    """Runs so many random schedules; prints what was counted, and returns the exit code."""
    lost = doubled = wrong = 0
    met: Counter[str] = Counter()
    begun = time.process_time()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        template = Template.make(Path(name))
        for seed in range(first, first + count):
            ending = run_schedule(template, seed, thorough=seed % 100 == 0)
            met += ending.met
            lost, doubled, wrong = lost + len(ending.lost), doubled + len(ending.doubled), wrong + len(ending.wrong)
            if ending.lost or ending.doubled or ending.wrong:
                print(f"seed {seed}: lost {ending.lost}, doubled {ending.doubled}, {ending.wrong}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{seed - first + 1} schedules", end="", file=sys.stderr)
        template.store.close()
    faults = ", ".join(f"{number} {fault}" for fault, number in met.most_common())
    claims = count * len(template.numbers)
    print(f"{count} schedules, {claims} claims, {time.process_time() - begun:.0f} s CPU, faults: {faults}")
    print(f"claims lost {lost}, doubled {doubled}; other differences {wrong}")
    return 1 if lost or doubled or wrong else 0


def main() -> int:
    """Runs it; the exit code is 1 where anything was lost or came twice."""
    parser = argparse.ArgumentParser(description="Kills the gateway over and over and checks what is left.")
    parser.add_argument("--kills", type=int, default=500, help="for each store (500)")
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--schedules", type=int, help="so many random schedules instead of kills")
    parser.add_argument("--seed", type=int, default=837)
    parser.add_argument("--keep", type=Path, help="where the life that failed is kept")
    chosen = parser.parse_args()
    collection.SETTLE_SECONDS, writing.JUDGED = 0.0, {}
    configure(level="error")
    if chosen.schedules:
        return schedules(chosen.schedules, chosen.seed)
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    with stores(chosen.store) as addresses, mortals() as runner, an_sshd(folder) as server:
        for name, new_url in addresses.items():
            one = Soak(name, new_url, folder, runner, random.Random(chosen.seed), server)
            try:
                soak(one, chosen.kills)
            except AssertionError:
                traceback.print_exc()
                print(f"{name}: life {one.lives + 1} of seed {chosen.seed} failed; it is kept in {folder}")
                return 1
    if chosen.keep is None:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
