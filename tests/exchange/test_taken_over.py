"""Deliveries in which somebody else has a hand: another process, another profile, a partner who takes any file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lives import Death, Mortals
from practice import Partner, Practice, in_a_folder, settle_all, simulated

from gateway.exchange import delivery
from gateway.simulator import Faults
from gateway.store import batches, open_store
from gateway.transport.deliver import Delivery, DeliveryState
from gateway.transport.folder import FolderTransport

pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True),
]

CLAIMS = 4  # one batch


@pytest.fixture
def folder(practice: Practice, tmp_path: Path) -> Partner:
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    practice.take_in(CLAIMS)
    practice.gateway("batches", "build")
    return partner


@pytest.fixture
def server(practice: Practice, tmp_path: Path) -> Iterator[Partner]:
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        practice.take_in(CLAIMS)
        practice.gateway("batches", "build")
        yield partner


def _state(practice: Practice) -> str:
    (batch,) = practice.batches()
    state: str = batch["state"]
    return state


def _move(practice: Practice, state: str) -> None:
    store = open_store(practice.store_url)
    try:
        with store.write() as conn:
            batches.set_state(conn, 1, state, at=practice.now())
    finally:
        store.close()


def test_a_process_that_lost_its_lock_does_not_rename(
    practice: Practice, folder: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process took the delivery for dead while the file was being written: the first one stops before the
    rename, with 4; the next run sends it, once."""
    write = FolderTransport.write_temp

    def overtaken(*arguments: Any, **keywords: Any) -> int:
        taken = write(*arguments, **keywords)
        _move(practice, "unknown")
        return taken

    with monkeypatch.context() as patch:
        patch.setattr(FolderTransport, "write_temp", overtaken)
        ran = practice.gateway("batches", "send", code=4)
    assert ran.lines() == ["batch 1 for house is unknown: another process has taken batch 1 over"]
    assert [path.name for path in folder.simulator.inbound.iterdir()] != [practice.batches()[0]["file_name"]]
    practice.gateway("batches", "send")
    settle_all(practice, [folder])
    assert len(folder.simulator.received()) == 1
    assert _state(practice) == "accepted"


def test_an_answer_that_comes_while_the_folder_is_looked_at(
    practice: Practice, server: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process posts the 999 of an unknown batch while this one still settles it: sent, and nobody complains."""
    server.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="after")
    practice.gateway("batches", "send", code=1)

    def slow(*arguments: Any, **keywords: Any) -> Delivery:
        _move(practice, "sent")
        return Delivery(DeliveryState.NOT_SENT, "it is not there")

    server.simulator.faults = Faults()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "settle", slow)
        practice.gateway("batches", "send")
    assert _state(practice) == "sent"
    assert server.work() > 0
    assert len(server.simulator.received()) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda partner: {"partner_takes_files = true": "partner_takes_files = false"},
        lambda partner: {
            "partner_takes_files = true": "partner_takes_files = false",
            'send = "inbound"': 'send = "archive"',
        },
    ],
    ids=["same place", "other folder"],
)
def test_an_unknown_delivery_is_looked_for_where_it_went(
    practice: Practice, tmp_path: Path, change: Callable[[Partner], dict[str, str]]
) -> None:
    """The profile names another folder by the time that it is settled: the old one is looked at, and it is there."""
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        practice.take_in(CLAIMS)
        practice.gateway("batches", "build")
        partner.simulator.faults = Faults(drop_at="rename", drop_when="after")
        practice.gateway("batches", "send", code=1)
        partner.simulator.faults = Faults()
        partner.changes = change(partner)
        practice.partner(partner)
        practice.gateway("batches", "send")
        assert _state(practice) == "sent"
        assert [path.name for path in partner.simulator.inbound.iterdir()] == [practice.batches()[0]["file_name"]]
        assert list((partner.simulator.home / "archive").iterdir()) == []


def test_an_unknown_delivery_is_not_settled_at_another_server(practice: Practice, server: Partner) -> None:
    """The profile names another server now: that the file is not there says nothing, so it stays unknown."""
    server.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="after")
    practice.gateway("batches", "send", code=1)
    server.simulator.faults = Faults()
    server.changes = {
        'host = "127.0.0.1"': 'host = "localhost"',
        "partner_takes_files = true": "partner_takes_files = false",
    }
    practice.partner(server)
    ran = practice.gateway("batches", "send", code=1)
    assert "example@127.0.0.1" in ran.err
    assert _state(practice) == "unknown"
    settle_all(practice, [server])
    assert len(server.simulator.received()) == 1
    assert _state(practice) == "accepted"


def test_a_partner_who_takes_temporary_files_gets_none_twice(
    practice: Practice, server: Partner, runner: Mortals
) -> None:
    """Killed once the whole file stood there under its temporary name, and it is gone: unknown, not sent again."""
    server.simulator.faults = Faults(takes="any name")
    assert runner.run(practice, ("batches", "send"), Death(at=1, on="before stat")).was_killed
    ran = practice.gateway("batches", "send", code=1)
    assert 'upload = "direct"' in ran.err
    assert _state(practice) == "unknown"
    settle_all(practice, [server])
    assert len(server.simulator.received()) == 1
    assert _state(practice) == "accepted"
    practice.check()


def test_straight_to_the_final_name(practice: Practice, tmp_path: Path, runner: Mortals) -> None:
    """`upload = "direct"`, killed in the middle: unknown at once, and an answer settles it."""
    with simulated(tmp_path / "partner") as partner:
        partner.changes = {"partner_takes_files = true": 'partner_takes_files = true\nupload = "direct"'}
        partner.simulator.faults = Faults(takes="any name")
        practice.partner(partner)
        practice.take_in(CLAIMS)
        practice.gateway("batches", "build")
        assert runner.run(practice, ("batches", "send"), Death(at=1, on="after direct_put")).was_killed
        practice.gateway("batches", "send", code=1)
        assert _state(practice) == "unknown"
        settle_all(practice, [partner])
        assert len(partner.simulator.received()) == 1
        assert _state(practice) == "accepted"


def test_an_answer_to_a_cancelled_batch_needs_a_person(practice: Practice, folder: Partner) -> None:
    """Its file was carried over all the same, and its claims may go out twice: said with the answer, exit code 1."""
    practice.gateway("batches", "export", "1", str(folder.simulator.inbound / "carried.txt"))
    practice.gateway("batches", "cancel", "1", "--reason", "not wanted")
    folder.work()
    practice.gateway("inbound", "fetch")
    ran = practice.gateway("inbound", "process", code=1)
    assert "Batch 1 was cancelled here" in ran.out
    assert practice.batches()[0]["state"] != "sent"


@pytest.mark.parametrize("place", ["spool", "locks"])
def test_a_folder_of_the_home_that_cannot_be_written(practice: Practice, folder: Partner, place: str) -> None:
    """One line that names it, exit code 2, and the claims are there when it is mended."""
    practice.take_in(2, seed=2)
    path = practice.home / "data" / place
    for child in path.iterdir():
        child.unlink()
    path.rmdir()
    path.write_text("in the way")
    ran = practice.gateway("batches", "build", code=2)
    assert len(ran.lines()) == 1
    assert str(path) in ran.err
    path.unlink()
    settle_all(practice, [folder])
    assert set(practice.states().values()) == {"paid"}
    practice.check()
