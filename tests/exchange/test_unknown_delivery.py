"""Deliveries whose end nobody heard of: what the folder or an answer makes of them, and never a second file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cutting import CuttingRelay
from lives import Death, Mortals
from practice import Partner, Practice, behind_sshd, in_a_folder, settle_all, simulated

from gateway.exchange.leftovers import MOST_TRIES
from gateway.simulator import Faults, Scenario
from gateway.store import open_store
from gateway.store.batches import get_batch

pytestmark = pytest.mark.usefixtures("quick")
# The decisions are the same whatever the store; where its queries matter, a test asks for both.
EMBEDDED = pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)

CLAIMS = 4  # one batch


@pytest.fixture
def takes(practice: Practice, tmp_path: Path) -> Iterator[Partner]:
    """A partner who takes files at once, and one batch for it."""
    with simulated(tmp_path / "partner", per_file=4) as partner:
        yield _begin(practice, partner)


@pytest.fixture
def keeps(practice: Practice, tmp_path: Path) -> Iterator[Partner]:
    """A partner who leaves files in the folder, and one batch for it."""
    with simulated(tmp_path / "partner", keeps=True) as partner:
        yield _begin(practice, partner)


def _begin(practice: Practice, partner: Partner) -> Partner:
    practice.partner(partner)
    practice.take_in(CLAIMS)
    practice.gateway("batches", "build")
    return partner


def _cut_at_rename(practice: Practice, partner: Partner, when: str) -> None:
    """Sends over a connection that breaks at the rename, before or after it was done."""
    habit = partner.simulator.faults.takes
    partner.simulator.faults = Faults(takes=habit, drop_at="rename", drop_when=when)  # type: ignore[arg-type]
    ran = practice.gateway("batches", "send", code=1)
    assert len(ran.lines()) == 1
    assert "unknown" in ran.err
    assert _state(practice) == "unknown"
    partner.simulator.faults = Faults(takes=habit)


def _state(practice: Practice) -> str:
    (batch,) = practice.batches()
    state: str = batch["state"]
    return state


def _sent_events(practice: Practice) -> list[dict[str, Any]]:
    return [one for one in practice.json("claims", "show", "S010000001")["events"] if one["kind"] == "sent"]


def test_a_file_that_stands_in_the_folder_was_sent(practice: Practice, keeps: Partner) -> None:
    """The rename was done and its reply lost: the listing shows the final name, and nothing goes out again."""
    _cut_at_rename(practice, keeps, "after")
    practice.gateway("batches", "send")
    assert _state(practice) == "sent"
    assert practice.batches()[0]["attempts"] == 1
    settle_all(practice, [keeps])
    assert len(keeps.simulator.received()) == 1


@EMBEDDED
def test_a_file_that_is_not_in_the_folder_of_a_partner_who_keeps_files_goes_out_again(
    practice: Practice, keeps: Partner
) -> None:
    """The rename was never done: the temporary file is removed, the same bytes are sent, once."""
    _cut_at_rename(practice, keeps, "before")
    practice.gateway("batches", "send")
    assert _state(practice) == "sent"
    assert practice.batches()[0]["attempts"] == 2
    assert [path.name for path in keeps.simulator.inbound.iterdir()] == [practice.batches()[0]["file_name"]]
    settle_all(practice, [keeps])
    assert len(keeps.simulator.received()) == 1


def test_absence_proves_nothing_where_files_are_taken(practice: Practice, takes: Partner) -> None:
    """The partner took it at once and we never heard: it stays unknown, run after run, and is never sent again."""
    _cut_at_rename(practice, takes, "after")
    for _ in range(3):
        ran = practice.gateway("batches", "send", code=1)
        assert len(ran.lines()) == 1
        assert "takes files away" in ran.err
    assert _state(practice) == "unknown"
    assert practice.batches()[0]["attempts"] == 1
    assert practice.report()["claims"]["batched"] == CLAIMS
    practice.check()


@pytest.mark.parametrize(
    "answer",
    [
        'ta1_when = "always"\nack_when = "never"',
        'ack_when = "always"',
        'ack_when = "never"',
    ],
    ids=["TA1", "999", "277CA"],
)
def test_an_answer_proves_that_it_arrived(practice: Practice, tmp_path: Path, answer: str) -> None:
    """Whatever answers first moves the batch to sent, with an event that says why; later answers bind as ever."""
    scenario = Scenario.from_toml(f'name = "slow"\n[options]\n{answer}\n[delays]\nremittance = 1\npayer = 1\n')
    with simulated(tmp_path / "partner", scenario) as partner:
        _begin(practice, partner)
        _cut_at_rename(practice, partner, "after")
        partner.work()
        ran = practice.gateway("exchange", code=1)  # it is still unknown when the round begins
        assert "takes files away" in ran.err
        assert _state(practice) in ("sent", "accepted")
        (event,) = _sent_events(practice)
        assert "answered" in event["text"]
        settle_all(practice, [partner])
        assert set(practice.states().values()) == {"paid"}
        assert len(partner.simulator.received()) == 1
        practice.check()


@pytest.mark.parametrize("state", ["built", "failed"])
def test_an_answer_to_what_was_never_known_to_be_sent(practice: Practice, takes: Partner, state: str) -> None:
    """Someone carried the file over and told nobody: the answer proves it, and it does not go out again."""
    if state == "failed":
        takes.simulator.faults = Faults(refuse=frozenset({"rename"}))
        practice.gateway("batches", "send", code=2)
        takes.simulator.faults = Faults()
    assert _state(practice) == state
    practice.gateway("batches", "export", "1", str(takes.simulator.inbound / "carried.txt"))
    takes.work()
    practice.gateway("inbound", "fetch")
    practice.gateway("inbound", "process")
    assert _state(practice) == "accepted"
    settle_all(practice, [takes])
    assert len(takes.simulator.received()) == 1
    assert set(practice.states().values()) == {"paid"}
    practice.check()


def test_an_answer_that_came_while_the_dead_process_was_still_sending(
    practice: Practice, takes: Partner, runner: Mortals
) -> None:
    """Killed after the rename; the answer is processed before anyone looks at the batch: the next send knows it."""
    assert runner.run(practice, ("batches", "send"), Death(at=1, on="after rename")).was_killed
    takes.work()
    practice.gateway("inbound", "fetch")
    practice.gateway("inbound", "process")
    practice.gateway("batches", "send")
    assert _state(practice) == "accepted"
    assert len(_sent_events(practice)) == 1
    settle_all(practice, [takes])
    assert len(takes.simulator.received()) == 1
    practice.check()


@EMBEDDED
def test_a_rejection_settles_it_too(practice: Practice, tmp_path: Path) -> None:
    """A TA1 that rejects an unknown interchange: it arrived, is rejected, and may go out anew."""
    text = 'name = "no"\n[[rules]]\nname = "no"\nwhen = { submission = [1] }\nta1 = { verdict = "R", note = "006" }\n'
    with simulated(tmp_path / "partner", Scenario.from_toml(text)) as partner:
        _begin(practice, partner)
        _cut_at_rename(practice, partner, "after")
        partner.work()
        practice.gateway("exchange", code=1)
        assert _state(practice) == "rejected"
        practice.gateway("batches", "resend", "1")
        settle_all(practice, [partner])
        assert set(practice.states().values()) == {"paid"}


@EMBEDDED
def test_a_connection_cut_anywhere_costs_nothing(practice: Practice, tmp_path: Path, sshd: Any) -> None:
    """A real server, the wire cut after more and more bytes: each claim arrives once, and no part of a file stays."""
    partner = behind_sshd(sshd, f"cut-{tmp_path.name}", takes_files=False, per_file=1, per_set=1)
    practice.take_in(6)
    with CuttingRelay(sshd.port) as whole:
        _through(practice, partner, whole)
        practice.gateway("batches", "build")
        practice.gateway("batches", "send", code=None)
        total = whole.passed["up"]
    assert {batch["state"] for batch in practice.batches()} == {"sent"}
    practice.take_in(6, seed=2)
    practice.gateway("batches", "build")
    seen = set()
    for share in range(1, 14):
        with CuttingRelay(sshd.port, cut_after_up=total * share // 14) as relay:
            _through(practice, partner, relay)
            practice.gateway("batches", "send", code=None)
        seen |= {batch["state"] for batch in practice.batches()}
    assert seen - {"sent"}, "no cut was ever noticed"
    with CuttingRelay(sshd.port) as relay:
        _through(practice, partner, relay)
        settle_all(practice, [partner])
    assert len(partner.simulator.received()) == 12
    assert len(set(partner.received_claims())) == 12
    assert list(partner.simulator.inbound.iterdir()) == []
    practice.check()


def _through(practice: Practice, partner: Partner, relay: CuttingRelay) -> None:
    """Leads the partner's profile through a relay."""
    lines = [line for line in partner.host.splitlines() if not line.startswith("port = ")]
    partner.host = "\n".join([*lines, f"port = {relay.port}", ""])
    practice.partner(partner)


@EMBEDDED
def test_a_lost_connection_leaves_the_other_batches_as_they_were(practice: Practice, tmp_path: Path) -> None:
    """The first of three batches meets a dead line: one line, exit code 3, and no attempt at the others."""
    with simulated(tmp_path / "partner", per_file=2) as partner:
        practice.partner(partner)
        practice.take_in(6)
        practice.gateway("batches", "build")
        partner.simulator.faults = Faults(drop_at="write")
        ran = practice.gateway("batches", "send", code=3)
        assert len(ran.lines()) == 1
        assert [(one["state"], one["attempts"]) for one in practice.batches()] == [
            ("built", 1),
            ("built", 0),
            ("built", 0),
        ]
        partner.simulator.faults = Faults()
        practice.gateway("batches", "send")
        partner.work()
        assert len(partner.simulator.received()) == 3


@EMBEDDED
def test_a_batch_whose_bytes_are_damaged_stops_no_other(practice: Practice, tmp_path: Path) -> None:
    """Its file in the archive is not what was built: it is not sent, in one line; the next one goes out."""
    partner = practice.partner(in_a_folder(tmp_path / "partner", per_file=2))
    practice.take_in(4)
    practice.gateway("batches", "build")
    store = open_store(practice.store_url)
    with store.read() as conn:
        path = practice.home / "data" / "archive" / get_batch(conn, 1).archive_name
    store.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    ran = practice.gateway("batches", "send", code=1)
    assert len(ran.lines()) == 1
    assert "batch 1 for house is built" in ran.err
    assert [one["state"] for one in practice.batches()] == ["built", "sent"]
    assert len(list(partner.simulator.inbound.iterdir())) == 1


def test_a_temporary_file_that_could_not_be_removed_goes_later(practice: Practice, takes: Partner) -> None:
    """An upload broke, then the partner refused the removal while the file itself went out: the next round removes it,
    although nothing waits, and after that nobody asks any more."""
    takes.simulator.faults = Faults(takes="at once", drop_at="write", drop_when="after", times=1)
    practice.gateway("exchange", code=3)
    takes.simulator.faults = Faults(takes="at once", refuse=frozenset({"remove"}))
    practice.gateway("exchange")
    assert {batch["state"] for batch in practice.batches()} == {"sent"}
    assert len(list(takes.simulator.inbound.iterdir())) == 1
    takes.simulator.faults = Faults(takes="at once")
    practice.gateway("exchange")
    assert list(takes.simulator.inbound.iterdir()) == []
    steps = practice.rows()["delivery_steps"]
    practice.gateway("exchange")
    assert practice.rows()["delivery_steps"] == steps


def test_a_partner_who_never_lets_us_remove_is_not_asked_for_ever(practice: Practice, takes: Partner) -> None:
    """A few rounds try it; then only rounds that have something to send do."""
    takes.simulator.faults = Faults(takes="at once", drop_at="write", drop_when="after", times=1)
    practice.gateway("exchange", code=3)
    takes.simulator.faults = Faults(takes="at once", refuse=frozenset({"remove"}))
    for _ in range(MOST_TRIES + 1):
        practice.gateway("batches", "send")
    steps = practice.rows()["delivery_steps"]
    practice.gateway("batches", "send")
    assert practice.rows()["delivery_steps"] == steps
