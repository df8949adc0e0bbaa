"""`gateway run`: the loop with a clock of its own, and the real process, told to stop and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from practice import Partner, Practice, in_a_folder, opened, simulated

from gateway.app import App
from gateway.errors import GatewayError
from gateway.exchange import running
from gateway.exchange.rounds import Round, exchange
from gateway.exchange.running import Done, run
from gateway.home import Home
from gateway.store import stamp
from gateway.store.rounds import last_rounds
from gateway.transport.port import Unreachable

START = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


class Clocked(App):
    """An app whose time passes only when it is waited for; it stops by itself at `until`."""

    def __init__(self, home: Home, until: timedelta) -> None:
        super().__init__(home)
        self.time = START
        self.until = START + until
        self.at: dict[timedelta, Callable[[], object]] = {}  # what happens at a time
        self.waits = 0

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        self.waits += 1
        self.time += timedelta(seconds=seconds)
        for after in [after for after in self.at if START + after <= self.time]:
            self.at.pop(after)()
        if self.time >= self.until:
            self.stopping.set()
        return self.stopping.is_set()


@contextmanager
def clocked(practice: Practice, until: timedelta) -> Iterator[Clocked]:
    with opened(practice, lambda home: Clocked(home, until)) as app:
        yield app


@pytest.fixture
def partner(practice: Practice, tmp_path: Path) -> Partner:
    return practice.partner(in_a_folder(tmp_path / "partner"))


def lived(app: Clocked) -> tuple[list[Done], list[str]]:
    """Runs the loop to its end: the rounds with partners, and what was said of the loop itself."""
    rounds: list[Done] = []
    said: list[str] = []
    run(app, rounds.append, said.append)
    return [one for one in rounds if one.partner], said


@pytest.mark.usefixtures("quick")
def test_rounds_come_by_the_clock_and_carry_claims_to_their_end(practice: Practice, partner: Partner) -> None:
    """Two hours: a round about every quarter, with claims built, sent and answered as they come."""
    numbers = practice.take_in(3)
    with clocked(practice, timedelta(hours=2)) as app:
        for minutes in range(10, 120, 10):
            app.at[timedelta(minutes=minutes)] = partner.work
        rounds, said = lived(app)
        with app.store.read() as conn:
            assert last_rounds(conn)["house"].ended_at == stamp(rounds[-1].at)
    assert said == []
    assert 7 <= len(rounds) <= 9
    gaps = [(b.at - a.at).total_seconds() / 60 for a, b in pairwise(rounds)]
    assert all(15 <= gap <= 18 for gap in gaps), gaps
    assert partner.received_claims() == sorted(numbers)
    assert set(practice.states().values()) == {"paid"}
    practice.check()


@pytest.mark.usefixtures("quick")
def test_nothing_happens_in_a_blackout(practice: Practice, partner: Partner) -> None:
    """A claim waits until it is over."""
    partner.changes = {"[limits]": '[schedule]\nblackouts = ["2026-03-02 11:00/2026-03-02 13:00"]\n[limits]'}
    practice.partner(partner)
    practice.take_in(1)
    with clocked(practice, timedelta(minutes=70)) as app:
        app.at[timedelta(minutes=59)] = lambda: seen.append(len(partner.simulator.received()))
        seen: list[int] = []
        rounds, _ = lived(app)
    assert seen == [0]
    assert [one.at for one in rounds] == [START + timedelta(hours=1)]


@pytest.mark.usefixtures("quick")
def test_a_partner_who_is_down_is_not_hammered(
    practice: Practice, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of outage is some thirty attempts; the other partner is not kept waiting; one round makes up for it."""
    tries: list[datetime] = []
    transport = App.transport

    def down(self: App, profile: object, **more: object) -> object:
        if profile.name == "far" and self.now() < START + timedelta(days=1):  # type: ignore[attr-defined]
            tries.append(self.now())
            raise Unreachable("far cannot be reached")
        return transport(self, profile, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(App, "transport", down)
    far = in_a_folder(practice.home.parent / "far", name="far", payers=("NONE",))
    practice.partner(far)
    with clocked(practice, timedelta(days=1, hours=2)) as app:
        rounds, _ = lived(app)
        with app.store.read() as conn:
            assert last_rounds(conn)["far"].failures == 0
    assert 20 <= len(tries) <= 30, len(tries)
    assert len([one for one in rounds if one.partner == "house"]) > 90
    after = [one for one in rounds if one.partner == "far" and one.round.exit_code == 0]
    assert 3 <= len(after) <= 8


@pytest.mark.usefixtures("quick")
def test_a_restart_neither_forgets_nor_hammers(practice: Practice, partner: Partner) -> None:
    """Restarted every minute, it still visits once a quarter of an hour."""
    with clocked(practice, timedelta(minutes=1)) as app:
        first, _ = lived(app)
    assert len(first) == 1
    count = 0
    for minute in range(1, 30):
        with clocked(practice, timedelta(minutes=minute + 1)) as app:
            app.time = START + timedelta(minutes=minute)
            count += len(lived(app)[0])
    assert 1 <= count <= 2


@pytest.mark.usefixtures("quick")
def test_a_profile_that_changed_is_taken_up(practice: Practice, partner: Partner) -> None:
    """A new partner joins, a broken file is said once and changes nothing, until it is mended."""
    other = in_a_folder(practice.home.parent / "other", name="other", payers=("NONE",))
    file = practice.home / "sftp_config" / "other.toml"
    with clocked(practice, timedelta(minutes=12)) as app:
        app.at[timedelta(minutes=3)] = lambda: file.write_text("[partner\n")
        app.at[timedelta(minutes=6)] = lambda: practice.partner(other)
        rounds, said = lived(app)
    (line,) = said
    assert "other.toml: line 1" in line and line.endswith("going on with the profiles as they were")
    assert [one.partner for one in rounds] == ["house", "other"]
    assert START + timedelta(minutes=6) <= rounds[1].at <= START + timedelta(minutes=8)


def test_a_store_out_of_reach_is_waited_for(practice: Practice, partner: Partner) -> None:
    """It is said once, and tried once a minute."""
    with clocked(practice, timedelta(minutes=30)) as app:
        _ = app.store
        read = app.store.read
        asked = 0

        def lost() -> object:
            nonlocal asked
            asked += 1
            if asked < 11:
                raise GatewayError("the store cannot be reached")
            return read()

        app.store.read = lost  # type: ignore[method-assign, assignment]
        rounds, said = lived(app)
    assert said == ["the store cannot be reached"]
    assert rounds[0].at >= START + timedelta(minutes=10)


@pytest.mark.usefixtures("quick")
def test_a_bug_that_one_partner_brings_out_does_not_stop_the_others(
    practice: Practice, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one line without the error's words, waits longer each time, and is remembered over a restart."""
    practice.partner(in_a_folder(practice.home.parent / "bad", name="bad", payers=("NONE",)))

    def broken(app: App, name: str | None = None) -> Round:
        if name == "bad":
            raise RuntimeError("JANE DOE")
        return exchange(app, name)

    monkeypatch.setattr(running, "exchange", broken)
    numbers = practice.take_in(2)
    with clocked(practice, timedelta(hours=5)) as app:
        rounds, _ = lived(app)
        with app.store.read() as conn:
            kept = last_rounds(conn)["bad"]
    assert partner.received_claims() == [] and len(list(partner.simulator.inbound.iterdir())) == 1
    assert len(numbers) == 2
    bad = [one for one in rounds if one.partner == "bad"]
    assert 4 <= len(bad) <= 8
    assert kept.failures == len(bad)
    (line,) = {str(error) for one in bad for _, error in one.round.errors}
    assert line.startswith("a bug in the gateway: RuntimeError at ")
    assert "JANE" not in line + kept.reason


# The real process

QUICK = {"[limits]": "[schedule]\npoll_minutes = 1\n[limits]"}


def popen(practice: Practice) -> subprocess.Popen[bytes]:
    environ = {**os.environ, **practice.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "--log-format", "json", "--log-level", "info", "run"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def arrived(partner: Partner) -> int:
    """How many claims the other side has taken so far."""
    partner.simulator.work()
    return len(partner.received_claims())


def until(what: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        if what():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("nothing happened for two minutes and a half")


def stopped(process: subprocess.Popen[bytes], number: int) -> str:
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err
    return out.decode()


def test_told_to_stop_and_started_again_nothing_is_lost_or_doubled(practice: Practice, tmp_path: Path) -> None:
    """The simulator's books: every claim arrived once, whenever the process was told to stop; it leaves with 0."""
    numbers: list[str] = []
    with simulated(tmp_path / "partner", changes=QUICK) as partner:
        practice.partner(partner)
        for turn, number in enumerate((signal.SIGTERM, signal.SIGINT)):
            numbers += practice.take_in(10, seed=turn + 1)
            _due_again(practice)
            process = popen(practice)
            try:
                until(lambda wanted=turn * 10: arrived(partner) > wanted, process)  # type: ignore[misc]
                stopped(process, number)
            finally:
                process.kill()
                process.communicate()
        _due_again(practice)
        process = popen(practice)
        try:
            until(lambda: arrived(partner) == len(numbers), process)
            partner.work(6)
            until(lambda: set(practice.states().values()) == {"paid"}, process)
            out = stopped(process, signal.SIGTERM)
        finally:
            process.kill()
            process.communicate()
        assert partner.received_claims() == sorted(numbers)
    assert "house: built" in out
    practice.check()


def _due_again(practice: Practice) -> None:
    """As if the last round had been long ago."""
    from gateway.store import open_store
    from gateway.store.rounds import keep_round

    store = open_store(practice.store_url)
    with store.write() as conn:
        for row in last_rounds(conn).values():
            keep_round(conn, row._replace(ended_at="2026-01-01T00:00:00.000000Z"))
    store.close()


def test_a_second_one_on_the_same_home_does_no_harm(practice: Practice, tmp_path: Path) -> None:
    """Both run; each claim arrives once, and a killed one gives the mailbox up."""
    with simulated(tmp_path / "partner", changes=QUICK) as partner:
        practice.partner(partner)
        numbers = practice.take_in(8)
        first, second = popen(practice), popen(practice)
        try:
            until(lambda: arrived(partner) >= 2, first)
            first.kill()
            first.communicate()
            _due_again(practice)
            until(lambda: arrived(partner) == len(numbers), second)
            stopped(second, signal.SIGTERM)
        finally:
            for one in (first, second):
                one.kill()
                one.communicate()
        assert partner.received_claims() == sorted(numbers)
