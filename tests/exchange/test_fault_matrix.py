"""The clearinghouse as it is: faults of a mailbox, over OpenSSH and the simulator, and what must hold in each.

After each fault the partner is mended, and then every claim has arrived once, is paid, and nothing of ours is left in
his folders. docs/reference/transport-faults.md shows the whole table.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from practice import Partner, Practice, Ran, behind_sshd, settle_all, simulated
from sshd import Habits, SshServer, start_another

from gateway.simulator import Faults
from gateway.store import engine
from gateway.transport import archive

# What goes wrong here lies before the store.
pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True),
]


@dataclass
class Desk:
    """A practice, its partner, and every claim so far."""

    practice: Practice
    partner: Partner
    numbers: list[str] = field(default_factory=list)

    def take_in(self) -> None:
        """Two more claims that are ready."""
        self.numbers += self.practice.take_in(2, seed=1 + len(self.numbers))

    def profile(self, changes: dict[str, str]) -> None:
        self.partner.changes = changes
        self.practice.partner(self.partner)

    def exchange(self, faults: Faults, codes: Iterable[int]) -> Ran:
        """One round under faults, after which they are gone; a line or two are said."""
        good = self.partner.simulator.faults
        self.partner.simulator.faults = faults
        ran = self.practice.gateway("exchange", code=None)
        self.partner.simulator.faults = good
        assert ran.code in codes, (faults, ran)
        assert len(ran.lines()) <= 2, (faults, ran)
        return ran

    def send(self) -> None:
        """What waits goes out, and a person asks after what nothing else settles."""
        self.practice.gateway("batches", "send", code=None)
        self.partner.work()
        there = {file.name for file in self.partner.simulator.received()}
        for batch in self.practice.batches():
            if batch["state"] == "unknown" and batch["file_name"] not in there:
                words = ("--never-arrived", "--reason", "asked the partner")
                self.practice.gateway("batches", "resend", batch["id"], *words)

    def end(self) -> None:
        """Mended and settled: every claim arrived once, is paid, and no file of ours is left half done."""
        self.send()
        settle_all(self.practice, [self.partner])
        assert self.partner.received_claims() == sorted(self.numbers)
        assert set(self.practice.states().values()) == {"paid"}
        left = {path.name for path in self.partner.simulator.inbound.iterdir() if path.is_file()}
        assert left <= {file.name for file in self.partner.simulator.received()}
        assert self.practice.gateway("exchange").err == ""
        self.practice.check()


@pytest.fixture(params=["takes files at once", "keeps files"])
def desk(request: pytest.FixtureRequest, practice: Practice, tmp_path: Path) -> Iterator[Desk]:
    """A partner behind the simulator's server, of either kind, who lets us clear our files away."""
    keeps = request.param == "keeps files"
    with simulated(tmp_path / "partner", keeps=keeps, after_receive="delete") as partner:
        practice.partner(partner)
        yield Desk(practice, partner)


@pytest.fixture
def quick_to_take(practice: Practice, tmp_path: Path) -> Iterator[Desk]:
    """A partner behind the simulator's server who takes files at once."""
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        yield Desk(practice, partner)


def _with(faults: Faults, **changes: Any) -> Faults:
    return Faults(**{**{name: getattr(faults, name) for name in faults.__slots__}, **changes})


# --- a connection that breaks or stands still ---------------------------------------------------------------------

_UPLOAD = ("open", "write", "close", "stat", "rename")
_DOWNLOAD = ("list", "open", "read", "stat", "remove")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_drop_at_each_step_of_an_upload(desk: Desk, when: str) -> None:
    """Opened, written, closed, looked at, renamed: cut before it is done or after it, each claim arrives once."""
    for operation in _UPLOAD:
        desk.take_in()
        faults = _with(desk.partner.simulator.faults, drop_at=operation, drop_when=when, times=1)
        ran = desk.exchange(faults, (1, 3))
        assert "house" in ran.err
        desk.send()
    desk.end()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_drop_at_each_step_of_a_download(quick_to_take: Desk, when: str) -> None:
    """Listed, opened, read, looked at, removed: what was cut comes with the next round, whole and once."""
    desk = quick_to_take
    desk.partner.after_receive = "delete"
    desk.profile({})
    for operation in _DOWNLOAD:
        desk.take_in()
        desk.practice.gateway("batches", "build")
        desk.practice.gateway("batches", "send")
        desk.partner.work()
        faults = _with(desk.partner.simulator.faults, drop_at=operation, drop_when=when, times=1)
        ran = desk.exchange(faults, (1, 3))
        assert "house" in ran.err
    desk.end()
    assert [path.name for path in desk.partner.simulator.outbound.iterdir()] == []


@pytest.mark.parametrize("size", [0, 1500])
def test_a_cut_in_the_middle_of_a_file(quick_to_take: Desk, size: int) -> None:
    """After so many bytes up, and as many down: no part of a file passes for the whole."""
    desk = quick_to_take
    desk.take_in()
    good = desk.partner.simulator.faults
    desk.exchange(_with(good, drop_after_bytes=size), (1, 3))
    assert desk.partner.received_claims() == []
    desk.practice.gateway("batches", "send")
    desk.partner.work()
    desk.exchange(_with(good, drop_after_bytes=size), (1, 3))
    desk.end()


@pytest.mark.parametrize("operation", ["open", "write", "rename", "list", "read"])
def test_a_server_that_stands_still(quick_to_take: Desk, operation: str) -> None:
    """A step without an answer ends after `timeout`; what the server still does later is not sent a second time."""
    desk = quick_to_take
    desk.take_in()
    if operation in ("list", "read"):
        desk.practice.gateway("exchange")
        desk.partner.work()
    desk.profile({"timeout = 20": "timeout = 1"})
    ran = desk.exchange(_with(desk.partner.simulator.faults, hang_at=operation), (1, 3))
    assert "house" in ran.err
    desk.profile({})
    desk.end()


# --- a server that does not do everything --------------------------------------------------------------------------


class Lack(NamedTuple):
    """What a server cannot do, what the exchange leaves with, the words of its line, and the state of the batch."""

    habits: Habits
    code: int
    words: str
    state: str


LACKS = {
    "no rename": Lack(Habits(sftp="-P rename,posix-rename"), 2, "rename a file", "failed"),
    "no stat": Lack(Habits(sftp="-P stat,lstat,fstat"), 0, "", "sent"),
    "no listing": Lack(Habits(sftp="-P opendir,readdir"), 2, "list the folder", "sent"),
    "neither stat nor listing": Lack(Habits(sftp="-P stat,lstat,fstat,opendir"), 2, "list the folder", "sent"),
    "no removal": Lack(Habits(sftp="-P remove"), 0, "", "sent"),
    "nothing may be written": Lack(Habits(sftp="-R"), 2, "write a file", "failed"),
    "quota used up": Lack(Habits(largest=1), 1, "could not write", "failed"),
}


@contextlib.contextmanager
def _at_openssh(practice: Practice, tmp_path: Path, sshd: SshServer, **more: Any) -> Iterator[Desk]:
    partner = practice.partner(behind_sshd(sshd, f"matrix-{tmp_path.name}", **more))
    yield Desk(practice, partner)


def _other_server(desk: Desk, server: SshServer, usual: SshServer) -> None:
    desk.profile({f"port = {usual.port}\n": f"port = {server.port}\n"})


@pytest.mark.parametrize("name", LACKS)
def test_a_server_that_lacks_something(practice: Practice, tmp_path: Path, sshd: SshServer, name: str) -> None:
    """OpenSSH refuses the request, or has no room: one line, its code, and no part of a file under a final name."""
    lack = LACKS[name]
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with _at_openssh(practice, tmp_path, sshd) as desk:
        other = start_another(sshd, other_folder, lack.habits)
        try:
            _other_server(desk, other, sshd)
            desk.take_in()
            ran = practice.gateway("exchange", code=lack.code)
        finally:
            other.stop()
        assert len(ran.lines()) == (1 if lack.words else 0)
        assert lack.words in ran.err
        assert [batch["state"] for batch in practice.batches()] == [lack.state]
        finals = {batch["file_name"] for batch in practice.batches()}
        there = {path.name for path in desk.partner.simulator.inbound.iterdir()}
        assert there == (finals if lack.state == "sent" else set())
        desk.profile({})
        desk.end()


def test_a_server_without_rename_takes_files_directly(practice: Practice, tmp_path: Path, sshd: SshServer) -> None:
    """`upload = "direct"`: the file is written under its final name, whole, and answered."""
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with _at_openssh(practice, tmp_path, sshd) as desk:
        other = start_another(sshd, other_folder, LACKS["no rename"].habits)
        try:
            direct = 'partner_takes_files = true\nupload = "direct"'
            desk.profile({f"port = {sshd.port}\n": f"port = {other.port}\n", "partner_takes_files = true": direct})
            desk.take_in()
            desk.end()
        finally:
            other.stop()


@pytest.mark.parametrize("after_receive", ["delete", "move:done"])
def test_a_server_without_stat_is_cleared_all_the_same(
    practice: Practice, tmp_path: Path, sshd: SshServer, after_receive: str
) -> None:
    """What we received is looked at through the listing, and removed or moved as the profile wants."""
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with _at_openssh(practice, tmp_path, sshd, after_receive=after_receive) as desk:
        home = desk.partner.simulator.home
        if after_receive != "delete":
            (home / "done").mkdir()
            desk.partner.after_receive = f"move:{desk.partner.prefix}done"
        other = start_another(sshd, other_folder, LACKS["no stat"].habits)
        try:
            _other_server(desk, other, sshd)
            desk.take_in()
            desk.end()
        finally:
            other.stop()
        assert not list(desk.partner.simulator.outbound.iterdir())
        assert (home / "done").exists() == any((home / "done").glob("*"))


UNSUPPORTED: dict[str, tuple[int, str]] = {"rename": (2, 'upload = "direct"'), "stat": (0, ""), "list": (2, "list")}


@pytest.mark.parametrize("operation", UNSUPPORTED)
def test_a_server_that_does_not_know_how(quick_to_take: Desk, operation: str) -> None:
    """It answers "operation unsupported": where another way leads on it is taken, else the line says what to set."""
    desk = quick_to_take
    code, words = UNSUPPORTED[operation]
    desk.take_in()
    ran = desk.exchange(_with(desk.partner.simulator.faults, unsupported=frozenset({operation})), (code,))
    assert words in ran.err
    desk.end()


def test_a_name_that_is_taken_just_before_the_rename(quick_to_take: Desk) -> None:
    """Nothing is overwritten, the batch is failed and says so; once the name is free the same bytes go."""
    desk = quick_to_take
    desk.take_in()
    ran = desk.exchange(_with(desk.partner.simulator.faults, name_taken=True, times=1), (4,))
    assert "is already in" in ran.err
    (batch,) = desk.practice.batches()
    assert batch["state"] == "failed"
    (desk.partner.simulator.inbound / batch["file_name"]).unlink()
    desk.end()


# --- no room on our side -------------------------------------------------------------------------------------------


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_our_disk_is_full_while_we_build(quick_to_take: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, nothing sent, the claims wait; with room again they go, once."""
    desk = quick_to_take
    desk.take_in()
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_create", _full)
        ran = desk.practice.gateway("exchange", code=2)
    assert "No space left" in ran.err
    assert desk.partner.received_claims() == []
    desk.end()


def test_our_disk_is_full_while_we_fetch(quick_to_take: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be stored stays at the partner; with room again it comes, once."""
    desk = quick_to_take
    desk.partner.after_receive = "delete"
    desk.profile({})
    desk.take_in()
    desk.practice.gateway("exchange")
    desk.partner.work()
    waiting = {path.name for path in desk.partner.simulator.outbound.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_create", _full)
        ran = desk.practice.gateway("exchange", code=2)
    assert "No space left" in ran.err
    assert {path.name for path in desk.partner.simulator.outbound.iterdir()} == waiting
    desk.end()


def test_our_store_is_full_while_we_work(quick_to_take: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half is kept of what did not fit, whatever was under way; with room again all goes on, once."""
    desk = quick_to_take
    desk.numbers += desk.practice.take_in(24)
    pages = (desk.practice.home.parent / "claims1.db").stat().st_size // 4096
    usual = engine._SQLITE_SETTINGS
    codes = []
    for more in (1, 8):
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_SQLITE_SETTINGS", (*usual, f"PRAGMA max_page_count = {pages + more}"))
            ran = desk.practice.gateway("exchange", code=None)
        assert ran.code in (0, 1, 2), ran
        assert ran.code != 2 or "the disk that holds the store is full" in ran.err
        codes.append(ran.code)
        desk.partner.work()
    assert 2 in codes
    desk.end()


# --- partners and neighbours with ways of their own ------------------------------------------------------------------


def test_a_partner_who_moves_files_to_an_archive_of_his_own(
    practice: Practice, tmp_path: Path, sshd: SshServer
) -> None:
    """Ours after the upload, his after a few days: what was sent stays sent, and nothing comes or goes twice."""
    with _at_openssh(practice, tmp_path, sshd) as desk:
        simulator = desk.partner.simulator
        for folder in (simulator.inbound, simulator.outbound):
            (folder / "archive").mkdir()
        for _ in range(2):
            desk.take_in()
            practice.gateway("exchange")
            desk.partner.work()
            for folder in (simulator.inbound, simulator.outbound):
                for path in folder.iterdir():
                    if path.is_file() and folder is simulator.inbound:
                        path.rename(folder / "archive" / path.name)
            practice.gateway("exchange")
            for path in simulator.outbound.iterdir():
                if path.is_file():
                    path.rename(simulator.outbound / "archive" / path.name)
        desk.end()
        assert {batch["attempts"] for batch in practice.batches()} == {1}


def test_two_gateways_on_one_mailbox(practice: Practice, tmp_path: Path, new_store_url: Callable[[], str]) -> None:
    """Two homes, one login: neither overwrites, takes or removes a file of the other, and each has every answer.

    Where both call their files alike, the second one is told, and a `send_name` of its own is the way.
    """
    other = Practice.make(tmp_path / "other", new_store_url())
    with simulated(tmp_path / "partner", keeps=True) as partner:
        first, second = Desk(practice, partner), Desk(other, partner)
        strange = partner.simulator.inbound / ".0123456789abcdef.part"
        strange.write_bytes(b"somebody else's")
        first.profile({})
        first.take_in()
        second.profile(ours := {"ZZ:EXAMPLEHOUSE": "ZZ:SECONDHOUSE"})
        second.numbers += other.take_in(2, seed=9)
        practice.gateway("exchange")
        ran = other.gateway("exchange", code=4)
        assert "nothing was overwritten" in ran.err
        assert partner.received_claims() == []
        other.gateway("batches", "cancel", "1", "--reason", "named as the neighbour's")
        name = '"house_b_{batch}_{icn}.txt"'
        second.profile({**ours, "[delivery]": f"[files]\nsend_name = {name}\n\n[delivery]"})
        for _ in range(4):
            other.gateway("exchange", code=None)
            partner.work()
            practice.gateway("exchange", code=None)
        assert sorted(partner.received_claims()) == sorted(first.numbers + second.numbers)
        for desk in (first, second):
            assert set(desk.practice.states().values()) == {"paid"}
            desk.practice.check()
        assert strange.exists()


@pytest.mark.parametrize("hours", [-24 * 400, 24 * 400])
def test_a_partner_whose_clock_is_wrong(practice: Practice, tmp_path: Path, sshd: SshServer, hours: int) -> None:
    """A year behind or ahead: his times only tell files apart, so all come in, once."""
    with _at_openssh(practice, tmp_path, sshd) as desk:
        desk.take_in()
        practice.gateway("exchange")
        for _ in range(4):
            desk.partner.work()
            for path in desk.partner.simulator.outbound.iterdir():
                then = path.stat().st_mtime + hours * 3600
                if abs(path.stat().st_mtime - practice.now().timestamp()) < 3600 * 24:
                    os.utime(path, (then, then))
            practice.gateway("exchange", code=None)
        files = practice.json("inbound", "list")
        assert len(files) == len({file["sha256"] for file in files})
        desk.end()


def test_a_mailbox_that_was_emptied_and_filled_again(quick_to_take: Desk, tmp_path: Path) -> None:
    """A partner restores his server from a backup: the same files under new times change nothing."""
    desk = quick_to_take
    desk.take_in()
    desk.end()
    rows = desk.practice.rows()
    outbound, kept = desk.partner.simulator.outbound, tmp_path / "kept"
    shutil.copytree(outbound, kept)
    for path in list(outbound.iterdir()):
        path.unlink()
    desk.practice.gateway("exchange")
    for path in kept.iterdir():
        (outbound / path.name).write_bytes(path.read_bytes())
        os.utime(outbound / path.name, (1_800_000_000, 1_800_000_000))
    desk.practice.gateway("exchange")
    after = desk.practice.rows()
    assert {name for name in rows if rows[name] != after[name]} <= {"file_sightings"}
    desk.end()
