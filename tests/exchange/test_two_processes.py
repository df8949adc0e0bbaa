"""Two gateway processes on one home: one does the work, the other says so or does what is left, nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lives import CLAIMS, MIXED, Ending, Life, Mortals, end, mortals, stepwise
from practice import Partner, Practice, in_a_folder, simulated

from gateway.simulator import Faults, Scenario

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def other_runner() -> Iterator[Mortals]:
    with mortals() as made:
        yield made


def _at_once(practice: Practice, runners: tuple[Mortals, Mortals], *arguments: str) -> tuple[Life, Life]:
    """The same command in two processes that start together."""
    ready = threading.Barrier(2)

    def run(runner: Mortals) -> Life:
        ready.wait()
        return runner.run(practice, arguments)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, runners)
    return one, other


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, runner: Mortals) -> Ending:
    """What one process alone comes to."""
    folder = tmp_path_factory.mktemp("alone")
    practice = Practice.make(folder / "home", f"sqlite:///{folder / 'claims.db'}")
    partner = practice.partner(in_a_folder(folder / "partner", MIXED))
    numbers = practice.take_in(CLAIMS)
    stepwise(runner, practice, partner, {})
    return end(practice, partner, numbers)


def test_two_exchanges_at_once_come_to_what_one_comes_to(
    practice: Practice, tmp_path: Path, undisturbed: Ending, runner: Mortals, other_runner: Mortals
) -> None:
    """Whoever is first builds, sends and collects; the other leaves with 0 or 3 ("being worked on"); no file twice."""
    with simulated(tmp_path / "partner", MIXED) as partner:
        practice.partner(partner)
        numbers = practice.take_in(CLAIMS)
        for _ in range(4):
            for life in _at_once(practice, (runner, other_runner), "exchange"):
                assert life.code in (0, 1, 3), life
                assert life.code != 3 or "being worked on" in life.err or "try again" in life.err
            partner.work()
        assert end(practice, partner, numbers) == undisturbed


@pytest.mark.parametrize("command", [("batches", "build"), ("batches", "send"), ("inbound", "process")])
def test_one_command_twice_at_once(
    practice: Practice,
    tmp_path: Path,
    undisturbed: Ending,
    runner: Mortals,
    other_runner: Mortals,
    command: tuple[str, str],
) -> None:
    """Two builders take no claim twice, two senders no batch, two readers post no set twice."""
    partner = practice.partner(in_a_folder(tmp_path / "partner", MIXED))
    numbers = practice.take_in(CLAIMS)
    for before in (("batches", "build"), ("batches", "send"), ("inbound", "fetch"), ("inbound", "process")):
        if before == ("inbound", "fetch"):
            partner.work()
        if before == command:
            lives = _at_once(practice, (runner, other_runner), *command)
            assert {life.code for life in lives} <= {0, 1, 3}, lives
            assert {0, 1} & {life.code for life in lives}, lives
        else:
            practice.gateway(*before, code=None)
    assert end(practice, partner, numbers) == undisturbed


def test_two_operators_resend_at_once(
    practice: Practice, tmp_path: Path, runner: Mortals, other_runner: Mortals
) -> None:
    """A rejected batch that two people resend at the same moment: one new batch; who was second is refused (4) or told
    to try again (3)."""
    rejected = Scenario.from_toml('name = "it"\n[[rules]]\nname = "it"\nta1 = { verdict = "R", note = "006" }\n')
    partner = practice.partner(in_a_folder(tmp_path / "partner", rejected))
    practice.take_in(2)
    practice.gateway("exchange")
    partner.work()
    practice.gateway("exchange")
    lives = _at_once(practice, (runner, other_runner), "batches", "resend", "1", "--yes")
    codes = sorted(life.code for life in lives)
    assert codes[0] == 0 and codes[1] in (3, 4), lives
    assert [(one["state"], one["claims"]) for one in practice.batches()] == [("rejected", 2), ("built", 2)]


def test_a_mailbox_whose_holder_was_killed_is_taken_over(practice: Practice, tmp_path: Path) -> None:
    """SIGKILL in the middle of a delivery, while the lock is held: the next process has the mailbox at once, knows that
    nobody works on it, settles what was under way, and nothing arrives twice."""
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        practice.take_in(2)
        practice.gateway("batches", "build")
        partner.simulator.faults = Faults(hang_at="rename")
        command = [sys.executable, "-m", "gateway", "batches", "send"]
        holder = subprocess.Popen(command, env=os.environ | practice.environ, stderr=subprocess.DEVNULL)
        try:
            _wait_for_a_file(partner)
            assert "being worked on" in practice.gateway("exchange", code=3).err
            assert [one["state"] for one in practice.batches()] == ["sending"]
        finally:
            holder.kill()
            holder.wait()
        partner.simulator.faults = Faults(takes="at once")
        _until_free(practice)
        for _ in range(3):
            partner.work()
            practice.gateway("exchange", code=None)
        assert len(partner.simulator.received()) == 1
        assert {one["state"] for one in practice.batches()} <= {"accepted", "unknown"}


def _until_free(practice: Practice) -> None:
    """A server learns of a death as soon as it is told that the connection is closed: at once, but not in no time."""
    for _ in range(100):
        if practice.gateway("exchange", code=None).code != 3:
            return
        time.sleep(0.05)
    raise AssertionError("the lock outlived its process")


def test_who_comes_second_is_told_and_other_partners_are_served(
    practice: Practice, tmp_path: Path, runner: Mortals
) -> None:
    """While one process stands in the middle of a delivery, a second one leaves with 3 and one line for that partner,
    and serves the others."""
    with (
        simulated(tmp_path / "slow", payers=("*",), name="slow") as slow,
        simulated(tmp_path / "other", payers=("60054",), name="other") as other,
    ):
        for partner in (slow, other):
            practice.partner(partner)
        practice.take_in(CLAIMS, changed=_half_to("60054"))
        practice.gateway("batches", "build")
        slow.simulator.faults = Faults(hang_at="rename")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(runner.run, practice, ("batches", "send", "--partner", "slow"))
            _wait_for_a_file(slow)
            second = practice.gateway("exchange", code=3)
            assert second.lines() == [
                "slow: mailbox slow is being worked on by another process; try again when it is done"
            ]
            assert {b["partner"]: b["state"] for b in practice.batches()} == {"slow": "sending", "other": "sent"}
            slow.simulator.faults = Faults()
            assert first.result().code == 0
        slow.work()
        practice.gateway("exchange")
        assert {batch["state"] for batch in practice.batches()} == {"sent", "accepted"}
        assert len(slow.simulator.received()) == 1


def _half_to(payer_id: str) -> Callable[[dict[str, object]], None]:
    turns = iter(range(1000))

    def change(claim: dict[str, object]) -> None:
        if next(turns) % 2:
            claim["payer"] = {"name": "OTHER PAYER", "id": payer_id}

    return change


def _wait_for_a_file(partner: Partner) -> None:
    for _ in range(600):
        if any(partner.simulator.inbound.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError("nothing was delivered within 30 seconds")


def test_a_payment_that_two_processes_park_at_once_is_parked_once(
    practice: Practice, tmp_path: Path, runner: Mortals, other_runner: Mortals
) -> None:
    """What one process parks while another reads the same set is parked for both; neither takes it for a fault."""
    rule = '[[rules]]\nname = "out of balance"\nremittance = { verdict = "pay", unbalanced = "payment" }\n'
    partner = practice.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml('name = "parked"\n' + rule)))
    practice.take_in(CLAIMS)
    practice.gateway("exchange")
    partner.work()
    practice.gateway("inbound", "fetch")
    for life in _at_once(practice, (runner, other_runner), "inbound", "process"):
        assert life.code in (0, 1), life
    practice.gateway("store", "check")
    remittances = practice.report()["remittances"]
    assert remittances["count"] == 0
    assert remittances["parked"] == len(partner.simulator.totals().unbalanced) > 0
