"""What an operator can do with a batch that went wrong: resend, cancel, mark as sent; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lives import Death, Mortals
from practice import Partner, Practice, in_a_folder, settle_all, simulated

from gateway.simulator import Faults, Scenario

pytestmark = pytest.mark.usefixtures("quick")
# The decisions are the same whatever the store; where its queries matter, a test asks for both.
# Every case stands in test_resend_cases; here is what else must hold, and what rests on queries, on PostgreSQL.
EMBEDDED = pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)

SERVED = pytest.mark.parametrize("new_store_url", ["postgresql"], indirect=True)

CLAIMS = 4  # one batch of two sets


def _rule(when: str, verdict: str) -> Scenario:
    return Scenario.from_toml(f'name = "one rule"\n[[rules]]\nname = "it"\nwhen = {{ {when} }}\n{verdict}\n')


@pytest.fixture
def folder(practice: Practice, tmp_path: Path) -> Callable[[Scenario | None], Partner]:
    """Adds a partner in a folder, who answers by a scenario, and four claims that are ready."""

    def begin(scenario: Scenario | None = None) -> Partner:
        partner = practice.partner(in_a_folder(tmp_path / "partner", scenario))
        practice.take_in(CLAIMS)
        return partner

    return begin


@pytest.fixture
def server(practice: Practice, tmp_path: Path) -> Iterator[Partner]:
    """The same behind a server, with faults on demand."""
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        practice.take_in(CLAIMS)
        practice.gateway("batches", "build")
        yield partner


def _answered(practice: Practice, partner: Partner) -> None:
    practice.gateway("exchange")
    partner.work()
    practice.gateway("exchange", code=None)


def _states(practice: Practice) -> dict[str, str]:
    return {batch["id"]: batch["state"] for batch in practice.batches()}


def _refused(practice: Practice, batch: str, words: str) -> None:
    """`resend` says no, with --dry-run too, in one line; and changes nothing."""
    before = practice.rows()
    for arguments in (("batches", "resend", batch), ("batches", "resend", batch, "--dry-run")):
        ran = practice.gateway(*arguments, code=4)
        assert len(ran.lines()) == 1
        assert words in ran.err
    assert practice.rows() == before


def _planned(practice: Practice, batch: str, action: str, claims: int) -> None:
    """`resend --dry-run` says what it would do, and does nothing."""
    before = practice.rows()
    planned = practice.json("batches", "resend", batch, "--dry-run")
    assert (planned["batch"], planned["action"], planned["claims"]) == (batch, action, claims)
    assert planned["reason"]
    assert practice.rows() == before


# Same bytes


@EMBEDDED
def test_a_batch_that_the_partner_refused_is_sent_again(practice: Practice, server: Partner) -> None:
    """`failed`: after the partner has put it right, the same bytes go out, once."""
    server.simulator.faults = Faults(refuse=frozenset({"rename"}))
    practice.gateway("batches", "send", code=2)
    assert _states(practice) == {"1": "failed"}
    assert list(server.simulator.inbound.iterdir()) == []
    server.simulator.faults = Faults()
    _planned(practice, "1", "same_bytes", 0)
    practice.gateway("batches", "resend", "1")
    assert _states(practice) == {"1": "sent"}
    assert server.work() > 0
    assert len(server.simulator.received()) == 1


@EMBEDDED
def test_a_resend_that_does_not_get_through_is_no_success(practice: Practice, server: Partner) -> None:
    """The connection is lost again: exit code 3, the batch waits as it was, and why is said."""
    server.simulator.faults = Faults(drop_at="write")
    ran = practice.gateway("batches", "resend", "1", code=3)
    assert ran.lines()
    assert _states(practice) == {"1": "built"}


# Nobody knows, or nobody answered


@SERVED
def test_what_the_partner_says_is_not_there_is_sent_again(practice: Practice, server: Partner) -> None:
    """`unknown`, and a person has asked: the same bytes go out, with who and why kept; not without a reason."""
    server.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="before")
    practice.gateway("batches", "send", code=1)
    server.simulator.faults = Faults(takes="at once")
    for path in server.simulator.inbound.iterdir():  # the partner clears its folder
        path.unlink()
    practice.gateway("batches", "send", code=1)
    assert _states(practice) == {"1": "unknown"}
    practice.gateway("batches", "resend", "1", "--never-arrived", code=2)
    asked = ("batches", "resend", "1", "--never-arrived", "--reason", "asked their desk by phone")
    before = practice.rows()
    practice.gateway(*asked, "--dry-run")
    assert practice.rows() == before
    practice.gateway(*asked)
    assert _states(practice) == {"1": "sent"}
    server.work()
    assert len(server.simulator.received()) == 1


@EMBEDDED
def test_what_is_there_after_all_is_not_sent_again(practice: Practice, server: Partner) -> None:
    """A person is sure that it never arrived, but the folder shows it: it is sent, and no second time."""
    server.simulator.faults = Faults(takes="on work", drop_at="rename", drop_when="after")
    practice.gateway("batches", "send", code=1)
    server.simulator.faults = Faults()
    practice.gateway("batches", "resend", "1", "--never-arrived", "--reason", "asked their desk by phone")
    assert _states(practice) == {"1": "sent"}
    server.work()
    assert len(server.simulator.received()) == 1


@SERVED
def test_a_delivered_file_that_the_partner_lost_goes_out_anew(
    practice: Practice, folder: Callable[..., Partner]
) -> None:
    """`sent`, nobody answered, and a person has asked: a new batch with new numbers."""
    partner = folder()
    practice.gateway("exchange")
    (lost,) = partner.simulator.inbound.iterdir()
    lost.unlink()
    _refused(practice, "1", "ask the partner first")
    practice.gateway("batches", "resend", "1", "--never-arrived", "--reason", "asked their desk by phone")
    settle_all(practice, [partner])
    assert _states(practice) == {"1": "sent", "2": "accepted"}
    assert set(practice.states().values()) == {"paid"}
    practice.check()


# A new batch


@SERVED
def test_a_rejected_interchange_goes_out_anew(practice: Practice, folder: Callable[..., Partner]) -> None:
    """TA1 R: all its claims in a new batch with new control numbers, which is then accepted; the old one is left."""
    partner = folder(_rule("submission = [1]", 'ta1 = { verdict = "R", note = "006" }'))
    _answered(practice, partner)
    assert _states(practice) == {"1": "rejected"}
    assert set(practice.states().values()) == {"rejected_ta1"}
    _planned(practice, "1", "new_batch", CLAIMS)
    (new,) = practice.json("batches", "resend", "1")["batches"]
    old = practice.batches()[0]
    assert (new["state"], new["claims"]) == ("built", CLAIMS)
    assert new["interchange_control_number"] > old["interchange_control_number"]
    assert new["file_name"] != old["file_name"]
    settle_all(practice, [partner])
    assert _states(practice) == {"1": "rejected", new["id"]: "accepted"}
    assert set(practice.states().values()) == {"paid"}
    assert len(partner.simulator.received()) == 2
    _refused(practice, "1", "nothing to send again")
    practice.check()


@SERVED
def test_one_rejected_set_goes_out_anew_alone(practice: Practice, folder: Callable[..., Partner]) -> None:
    """999 R for one set of two: its claims alone in a new batch, the accepted ones stay where they are."""
    partner = folder(_rule('claim = "S010000002", submission = [1]', 'ack = { verdict = "reject" }'))
    _answered(practice, partner)
    rejected = {number for number, state in practice.states().items() if state == "rejected_999"}
    assert len(rejected) == 2
    assert _states(practice) == {"1": "partially_accepted"}
    _planned(practice, "1", "new_batch", 2)
    (new,) = practice.json("batches", "resend", "1", "--reason", "the payer's list was wrong")["batches"]
    settle_all(practice, [partner])
    assert set(partner.simulator.received()[1].claims) == rejected
    assert set(practice.states().values()) == {"paid"}
    assert _states(practice) == {"1": "partially_accepted", new["id"]: "accepted"}
    _refused(practice, "1", "nothing to send again")
    practice.check()


def test_a_killed_resend_goes_on(practice: Practice, folder: Callable[..., Partner], runner: Mortals) -> None:
    """Killed beside each of its commits, the same command again makes the one new batch that was wanted."""
    partner = folder(_rule("submission = [1]", 'ta1 = { verdict = "R", note = "006" }'))
    _answered(practice, partner)
    for at in range(1, 20):
        life = runner.run(practice, ("batches", "resend", "1"), Death(at=at, on="after commit"))
        if not life.was_killed:
            break
        live = [one for one in practice.batches() if one["state"] == "built"]
        if live:  # killed after the last commit: it is done
            _refused(practice, "1", "nothing to send again")
            break
    assert at >= 3
    settle_all(practice, [partner])
    assert set(practice.states().values()) == {"paid"}
    assert len(partner.simulator.received()) == 2
    practice.check()


# Refused after answers


@SERVED
def test_claims_that_were_rejected_one_by_one_are_corrected_first(
    practice: Practice, folder: Callable[..., Partner]
) -> None:
    """277CA: refused; the corrected claim, imported under its number, goes out with the next batch."""
    reject = 'clearinghouse = { verdict = "reject", category = "A7", status = "164", entity = "IL" }'
    partner = folder(_rule('claim = "S010000003", submission = [1]', reject))
    _answered(practice, partner)
    assert practice.states()["S010000003"] == "rejected_clearinghouse"
    _refused(practice, "1", "corrected first")
    claims = json.loads((practice.home / "claims1.json").read_text())
    claims[2]["subscriber"]["member_id"] = "CORRECTED1"
    (practice.home / "corrected.json").write_text(json.dumps(claims[2]))
    practice.gateway("claims", "import", str(practice.home / "corrected.json"))
    settle_all(practice, [partner])
    assert set(practice.states().values()) == {"paid"}
    assert partner.simulator.received()[1].claims == ("S010000003",)
    _refused(practice, "1", "none of its claims was rejected")


@EMBEDDED
def test_a_batch_that_is_not_there(practice: Practice) -> None:
    """Wrong usage, one line."""
    for command in ("resend", "cancel"):
        ran = practice.gateway("batches", command, "7", code=2)
        assert ran.lines() == ["gateway: there is no batch 7"]


# Cancel, mark-sent


def test_a_cancelled_batch_gives_its_claims_back(practice: Practice, folder: Callable[..., Partner]) -> None:
    """Never sent: its claims are ready, go into a new batch with new numbers, and the old file never leaves."""
    partner = folder()
    practice.gateway("batches", "build")
    before = practice.rows()
    practice.gateway("batches", "cancel", "1", "--dry-run")
    assert (practice.rows(), _states(practice)) == (before, {"1": "built"})
    practice.gateway("batches", "cancel", "1", "--reason", "wrong month")
    assert set(practice.states().values()) == {"ready"}
    practice.gateway("batches", "cancel", "1", code=4)
    _refused(practice, "1", "it is cancelled")
    settle_all(practice, [partner])
    assert _states(practice) == {"1": "cancelled", "2": "accepted"}
    assert [file.name for file in partner.simulator.received()] == [practice.batches()[1]["file_name"]]
    practice.check()


@EMBEDDED
@pytest.mark.parametrize("state", ["unknown", "sent"])
def test_what_may_have_arrived_cannot_be_cancelled(practice: Practice, server: Partner, state: str) -> None:
    """Its claims would go out a second time: refused, with --dry-run too."""
    if state == "unknown":
        server.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="after")
    practice.gateway("batches", "send", code=None)
    assert _states(practice) == {"1": state}
    practice.gateway("batches", "cancel", "1", code=4)
    practice.gateway("batches", "cancel", "1", "--dry-run", code=4)
    assert set(practice.states().values()) == {"sent" if state == "sent" else "batched"}


@EMBEDDED
def test_what_was_refused_can_be_cancelled(practice: Practice, server: Partner) -> None:
    """`failed` certainly did not arrive."""
    server.simulator.faults = Faults(refuse=frozenset({"open"}))
    practice.gateway("batches", "send", code=2)
    practice.gateway("batches", "cancel", "1", "--reason", "the partner has closed")
    assert set(practice.states().values()) == {"ready"}


@EMBEDDED
@pytest.mark.parametrize("state", ["built", "unknown", "failed"])
def test_what_was_delivered_by_hand_is_not_sent_again(practice: Practice, server: Partner, state: str) -> None:
    """Marked as sent, with who and why in each claim's history; answers then bind as to any other batch."""
    faults: dict[str, Any] = {
        "unknown": {"takes": "at once", "drop_at": "rename", "drop_when": "before"},
        "failed": {"refuse": frozenset({"rename"})},
    }
    if state != "built":
        server.simulator.faults = Faults(**faults[state])
        practice.gateway("batches", "send", code=None)
    assert _states(practice) == {"1": state}
    server.simulator.faults = Faults()
    by_hand = practice.home / "by_hand.txt"
    practice.gateway("batches", "export", "1", str(by_hand))
    before = practice.rows()
    practice.gateway("batches", "mark-sent", "1", "--reason", "by the portal", "--dry-run")
    assert practice.rows() == before
    practice.gateway("batches", "mark-sent", "1", "--reason", "by the portal")
    for path in server.simulator.inbound.iterdir():  # what the cut connection left
        path.unlink()
    (server.simulator.inbound / "by_hand.txt").write_bytes(by_hand.read_bytes())
    settle_all(practice, [server])
    assert len(server.simulator.received()) == 1
    assert _states(practice) == {"1": "accepted"}
    why = practice.gateway("claims", "why", "S010000001").out
    assert "biller" in why
    practice.gateway("batches", "mark-sent", "1", "--reason", "again", code=4)
    practice.check()
