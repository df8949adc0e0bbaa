"""A partner in trouble: one clear line and the right exit code, nothing lost, and the other partners are served."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from practice import Partner, Practice, behind_sshd, settle_all, simulated

from gateway.simulator import Faults

# What goes wrong here lies before the store.
pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True),
]

CLAIMS = 4  # half of them to each partner


class Trouble(NamedTuple):
    """What goes wrong with a partner, what the exchange then leaves with, and what its line says."""

    begin: Callable[[Practice, Partner], None]
    code: int
    words: str
    state: str = "built"  # of its batch


def _faults(**given: Any) -> Callable[[Practice, Partner], None]:
    def begin(_: Practice, partner: Partner) -> None:
        partner.simulator.faults = Faults(**given)

    return begin


def _password(practice: Practice, partner: Partner) -> None:
    (practice.home / "keys" / f"{partner.name}_password").write_text("another one")


def _profile(old: str, new: str) -> Callable[[Practice, Partner], None]:
    def begin(practice: Practice, partner: Partner) -> None:
        partner.changes = {old: new}
        practice.partner(partner)

    return begin


def _closed_port(practice: Practice, partner: Partner) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _profile(f"port = {partner.simulator.port}\n", f"port = {port}\n")(practice, partner)


TROUBLES = {
    "host key changed": Trouble(_faults(wrong_host_key=True), 4, "host key"),
    "wrong password": Trouble(_password, 2, "refused"),
    "login refused": Trouble(_faults(refuse_login=True), 2, "refused"),
    "unreachable port": Trouble(_closed_port, 3, "127.0.0.1"),
    "secret missing": Trouble(_profile("file:keys/bad_password", "env:NO_SUCH_NAME"), 2, "NO_SUCH_NAME"),
    "send folder missing": Trouble(_profile('send = "inbound"', 'send = "nowhere"'), 2, "nowhere", "failed"),
    "receive folder missing": Trouble(_profile('receive = "outbound"', 'receive = "nowhere"'), 2, "nowhere", "sent"),
    "disk full": Trouble(_faults(disk_full_after=0), 1, "could not write", "failed"),
    "may not write": Trouble(_faults(refuse=frozenset({"open"})), 2, "inbound", "failed"),
    "may not list": Trouble(_faults(refuse=frozenset({"list"})), 2, "outbound", "sent"),
}


@pytest.fixture
def partners(practice: Practice, tmp_path: Path) -> Iterator[tuple[Partner, Partner]]:
    """One that will be in trouble, and a good one; each has claims that are ready. By name, trouble comes first."""
    with (
        simulated(tmp_path / "bad", name="bad") as bad,
        simulated(tmp_path / "good", name="good", payers=("60054",)) as good,
    ):
        for partner in (bad, good):
            practice.partner(partner)
        turns = iter(range(CLAIMS))

        def change(claim: dict[str, Any]) -> None:
            if next(turns) % 2:
                claim["payer"] = {"name": "OTHER PAYER", "id": "60054"}

        practice.take_in(CLAIMS, changed=change)
        yield bad, good


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_with_one_partner(practice: Practice, partners: tuple[Partner, Partner], name: str) -> None:
    """`exchange` leaves with its code and one line; the good partner's claims go out; mended, the rest follows."""
    trouble = TROUBLES[name]
    bad, good = partners
    trouble.begin(practice, bad)
    ran = practice.gateway("exchange", code=trouble.code)
    assert len(ran.lines()) == 1, ran.err
    assert "bad" in ran.err
    assert trouble.words in ran.err
    assert "example-password" not in ran.err
    assert {batch["partner"]: batch["state"] for batch in practice.batches()} == {"bad": trouble.state, "good": "sent"}
    good.work()
    practice.gateway("exchange", code=trouble.code)
    assert {state for number, state in practice.states().items() if number in good.received_claims()} == {"paid"}

    bad.simulator.faults, bad.changes = Faults(), {}
    practice.partner(bad)
    practice.gateway("partners", "check", "bad")  # a person tries the login again, where it was refused
    settle_all(practice, [bad, good])
    assert set(practice.states().values()) == {"paid"}
    assert len(bad.simulator.received()) == len(good.simulator.received()) == 1
    assert practice.gateway("exchange").err == ""
    practice.check()


@pytest.mark.parametrize("command", [("batches", "send"), ("inbound", "fetch")])
def test_single_commands_leave_with_the_same_codes(
    practice: Practice, partners: tuple[Partner, Partner], command: tuple[str, str]
) -> None:
    """`batches send` and `inbound fetch` alone: one line, the code of the trouble, the good partner served."""
    bad, good = partners
    good.simulator.outbound.joinpath("report.txt").write_text("STATUS REPORT\n")
    practice.gateway("batches", "build")
    bad.simulator.faults = Faults(wrong_host_key=True)
    ran = practice.gateway(*command, code=4)
    assert len(ran.lines()) == 1
    assert "bad: " in ran.err
    assert "host key" in ran.err
    if command == ("batches", "send"):
        assert [batch["state"] for batch in practice.batches()] == ["built", "sent"]
    else:
        assert [file["partner"] for file in practice.json("inbound", "list")] == ["good"]


def test_a_wrong_password_is_tried_once_a_round(practice: Practice, tmp_path: Path, sshd: Any) -> None:
    """A round that could not log in to send does not try again to fetch: partners lock accounts after a few."""
    partner = behind_sshd(sshd, f"once-{tmp_path.name}")
    partner.host = partner.host.replace('private_key = "file:keys/house_key"', 'password = "file:keys/house_password"')
    practice.partner(partner)
    practice.take_in(2)
    before = sshd.log().count("Failed password")
    ran = practice.gateway("exchange", code=2)
    assert len(ran.lines()) == 1
    assert sshd.log().count("Failed password") == before + 1
    assert [batch["state"] for batch in practice.batches()] == ["built"]


def test_a_partner_who_is_no_longer_described(practice: Practice, partners: tuple[Partner, Partner]) -> None:
    """Its profile is gone while its batch waits: that is said, round after round, until somebody decides."""
    practice.gateway("batches", "build")
    (practice.home / "sftp_config" / "bad.toml").unlink()
    ran = practice.gateway("exchange", code=2)
    assert len(ran.lines()) == 1
    assert "bad: " in ran.err
    assert "batch 1" in ran.err
    assert [batch["state"] for batch in practice.batches()] == ["built", "sent"]
