"""Each fault does what it says, to a real client, and leaves the folder as it says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from simulator_client import BROKEN, connected, put
from simulator_samples import Sample, clock, many, professional

from gateway.simulator import Faults, Simulator

CONTENT = professional(Sample("FAULTY001"))
LARGE = professional(*many(600))


def test_a_partner_that_takes_files_at_once(simulator: Simulator) -> None:
    """The temporary name stays; right after the rename the file is gone, and it is answered once."""
    simulator.faults = Faults(takes="at once")
    with connected(simulator) as client:
        put(client, "inbound/a.tmp", CONTENT)
        assert client.stat("inbound/a.tmp").st_size == len(CONTENT)
        client.rename("inbound/a.tmp", "inbound/a.txt")
        with pytest.raises(FileNotFoundError):
            client.stat("inbound/a.txt")
    assert simulator.work() == 4
    assert simulator.work() == 0
    assert [(file.name, file.content) for file in simulator.received()] == [("a.txt", CONTENT)]


def test_a_put_to_the_final_name_looks_failed_when_the_partner_is_quick(simulator: Simulator, tmp_path: Path) -> None:
    """A client that checks the size after a put finds nothing, though the file arrived whole."""
    simulator.faults = Faults(takes="at once")
    (tmp_path / "a.txt").write_bytes(CONTENT)
    with connected(simulator) as client, pytest.raises(FileNotFoundError):
        client.put(str(tmp_path / "a.txt"), "inbound/a.txt", confirm=True)
    assert simulator.work() == 4


def test_a_partner_that_takes_any_name(simulator: Simulator) -> None:
    """A temporary name is taken too, as it is closed, so the rename finds nothing to rename."""
    simulator.faults = Faults(takes="any name")
    with connected(simulator) as client:
        put(client, "inbound/a.tmp", CONTENT)
        with pytest.raises(FileNotFoundError):
            client.rename("inbound/a.tmp", "inbound/a.txt")
    assert simulator.work() == 4
    assert [file.name for file in simulator.received()] == ["a.tmp"]


def test_a_partner_that_keeps_files(simulator: Simulator) -> None:
    """The file stays in the folder and is answered once, until another one comes under its name."""
    simulator.faults = Faults(takes="never")
    with connected(simulator) as client:
        put(client, "inbound/a.txt", CONTENT)
        assert (simulator.work(), simulator.work()) == (4, 0)
        assert client.listdir("inbound") == ["a.txt"]
        client.remove("inbound/a.txt")
        put(client, "inbound/a.txt", professional(Sample("OTHER"), number=2))
        assert simulator.work() == 4


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_connection_is_cut_at_the_rename(simulator: Simulator, when: str) -> None:
    """The client cannot tell which: before, the file kept its temporary name; after, it was renamed and is taken."""
    simulator.faults = Faults(drop_at="rename", drop_when=when)  # type: ignore[arg-type]
    with pytest.raises(BROKEN), connected(simulator) as client:
        put(client, "inbound/a.tmp", CONTENT)
        client.rename("inbound/a.tmp", "inbound/a.txt")
    assert [path.name for path in simulator.inbound.iterdir()] == [{"before": "a.tmp", "after": "a.txt"}[when]]
    assert simulator.work() == {"before": 0, "after": 4}[when]


ACTS: dict[str, Callable[[paramiko.SFTPClient], object]] = {
    "open": lambda client: client.open("inbound/new.txt", "wx"),
    "write": lambda client: put(client, "inbound/new.tmp", CONTENT),
    "close": lambda client: put(client, "inbound/new.tmp", CONTENT),
    "read": lambda client: client.open("outbound/old.txt").read(),
    "stat": lambda client: client.stat("outbound/old.txt"),
    "list": lambda client: client.listdir("outbound"),
    "rename": lambda client: client.rename("outbound/old.txt", "outbound/older.txt"),
    "remove": lambda client: client.remove("outbound/old.txt"),
    "mkdir": lambda client: client.mkdir("inbound/deeper"),
}


@pytest.fixture
def stocked(simulator: Simulator) -> Simulator:
    """A simulator with something to fetch."""
    (simulator.outbound / "old.txt").write_bytes(b"old")
    return simulator


@pytest.mark.parametrize("operation", ACTS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_connection_is_cut_at_any_operation(stocked: Simulator, operation: str, when: str) -> None:
    """The client gets a broken connection at that operation, and the next connection is good again."""
    stocked.faults = Faults(drop_at=operation, drop_when=when, times=1)  # type: ignore[arg-type]
    with connected(stocked) as client, pytest.raises(BROKEN):
        ACTS[operation](client)
    with connected(stocked) as client:
        assert "outbound" in client.listdir(".")


def test_cut_before_is_not_done_and_cut_after_is(stocked: Simulator) -> None:
    """A removal that was cut before leaves the file; cut after, the file is gone."""
    stocked.faults = Faults(drop_at="remove", drop_when="before")
    with connected(stocked) as client, pytest.raises(BROKEN):
        client.remove("outbound/old.txt")
    assert (stocked.outbound / "old.txt").exists()
    stocked.faults = Faults(drop_at="remove", drop_when="after")
    with connected(stocked) as client, pytest.raises(BROKEN):
        client.remove("outbound/old.txt")
    assert not (stocked.outbound / "old.txt").exists()


@pytest.mark.parametrize("operation", [name for name in ACTS if name != "close"])
def test_an_operation_is_refused(stocked: Simulator, operation: str) -> None:
    """Permission denied, nothing is changed by it, and the session lives on."""
    stocked.faults = Faults(refuse=frozenset({operation}))  # type: ignore[arg-type]
    with connected(stocked) as client:
        with pytest.raises(PermissionError):
            ACTS[operation](client)
        stocked.faults = Faults()
        assert client.listdir("outbound") == ["old.txt"]
        assert client.stat("outbound/old.txt").st_size == 3


def test_a_close_is_refused(simulator: Simulator) -> None:
    """The close fails though the bytes lie there. (paramiko's own `close` swallows that: it is asked for by hand.)"""
    simulator.faults = Faults(refuse=frozenset({"close"}))
    with connected(simulator) as client:
        handle = client.open("inbound/a.tmp", "wx")
        handle.write(CONTENT)
        handle.flush()
        with pytest.raises(OSError):
            client._request(paramiko.sftp.CMD_CLOSE, handle.handle)
        assert client.stat("inbound/a.tmp").st_size == len(CONTENT)


def test_the_connection_is_cut_in_the_middle_of_a_file(simulator: Simulator) -> None:
    """After so many bytes the connection is gone; a part of the file lies under the temporary name, not taken."""
    simulator.faults = Faults(drop_after_bytes=100_000)
    with pytest.raises(BROKEN), connected(simulator) as client:
        put(client, "inbound/big.tmp", LARGE)
    (left,) = simulator.inbound.iterdir()
    assert 100_000 <= left.stat().st_size < len(LARGE)
    assert LARGE.startswith(left.read_bytes())
    assert simulator.work() == 0


def test_a_cut_upload_to_the_final_name_is_read_as_it_is(simulator: Simulator) -> None:
    """A partner that finds half a file under its final name refuses the interchange for its missing end."""
    simulator.faults = Faults(drop_after_bytes=100_000)
    with pytest.raises(BROKEN), connected(simulator) as client:
        put(client, "inbound/big.txt", LARGE)
    simulator.faults = Faults()
    with connected(simulator) as client:
        client.listdir(".")
    assert simulator.work() == 1
    (answer,) = simulator.outbound.iterdir()
    assert b"*R*023~" in answer.read_bytes()


def test_the_download_is_cut(simulator: Simulator) -> None:
    """Reading counts as moving bytes too; the file stays in the folder."""
    (simulator.outbound / "big.txt").write_bytes(LARGE)
    simulator.faults = Faults(drop_after_bytes=100_000)
    with connected(simulator) as client, pytest.raises(BROKEN):
        client.open("outbound/big.txt").read()
    assert (simulator.outbound / "big.txt").read_bytes() == LARGE


def test_the_disk_is_full(simulator: Simulator) -> None:
    """The write fails when the room is used up; what fitted lies there."""
    simulator.faults = Faults(disk_full_after=50_000)
    with connected(simulator) as client:
        with pytest.raises(OSError):
            put(client, "inbound/big.tmp", LARGE)
        assert client.stat("inbound/big.tmp").st_size == 50_000
    simulator.faults = Faults(disk_full_after=0)
    with connected(simulator) as client, pytest.raises(OSError):
        put(client, "inbound/none.tmp", b"x")


def test_the_name_is_taken_before_the_rename(simulator: Simulator) -> None:
    """Another file has the wanted name already, so the plain rename is refused and nothing is overwritten."""
    simulator.faults = Faults(name_taken=True)
    with connected(simulator) as client:
        put(client, "inbound/a.tmp", CONTENT)
        with pytest.raises(OSError):
            client.rename("inbound/a.tmp", "inbound/a.txt")
        assert sorted(client.listdir("inbound")) == ["a.tmp", "a.txt"]
        assert client.stat("inbound/a.txt").st_size == 0


@pytest.mark.parametrize("operation", ACTS)
def test_an_operation_hangs_until_the_faults_change(stocked: Simulator, operation: str) -> None:
    """The client waits; with other faults the operation is done."""
    stocked.faults = Faults(hang_at=operation)  # type: ignore[arg-type]
    with connected(stocked) as client:
        thread = threading.Thread(target=ACTS[operation], args=(client,))
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        stocked.faults = Faults()
        thread.join(30)
        assert not thread.is_alive()


def test_stop_ends_what_hangs(stocked: Simulator) -> None:
    """Stopping the server frees a hanging client."""
    stocked.faults = Faults(hang_at="list")
    with connected(stocked) as client:
        seen: list[BaseException] = []

        def ask() -> None:
            try:
                client.listdir("outbound")
            except BROKEN as error:
                seen.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(0.1)
        stocked.stop()
        thread.join(30)
        assert not thread.is_alive()
        assert len(seen) == 1


def test_a_slow_link(simulator: Simulator) -> None:
    """At a byte a second an upload does not end; when the link is good again it does, whole."""
    simulator.faults = Faults(bytes_per_second=1)
    with connected(simulator) as client:
        thread = threading.Thread(target=put, args=(client, "inbound/a.tmp", CONTENT))
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        simulator.faults = Faults()
        thread.join(30)
        assert client.stat("inbound/a.tmp").st_size == len(CONTENT)


def test_the_login_is_refused(simulator: Simulator) -> None:
    """The right password is refused while the fault is on."""
    simulator.faults = Faults(refuse_login=True)
    with pytest.raises(paramiko.AuthenticationException), connected(simulator):
        pass
    simulator.faults = Faults()
    with connected(simulator) as client:
        client.listdir(".")


def test_another_host_key_is_shown(simulator: Simulator) -> None:
    """The line to be pinned stays; new connections are offered another key."""
    line = simulator.host_key_line
    simulator.faults = Faults(wrong_host_key=True)
    assert simulator.host_key_line == line
    with pytest.raises(AssertionError, match="host key"), connected(simulator):
        pass
    simulator.faults = Faults()
    with connected(simulator) as client:
        client.listdir(".")


def test_a_fault_strikes_as_often_as_it_says(stocked: Simulator) -> None:
    """With `times` two, the third attempt succeeds."""
    stocked.faults = Faults(refuse=frozenset({"list"}), times=2)
    with connected(stocked) as client:
        for _ in range(2):
            with pytest.raises(PermissionError):
                client.listdir("outbound")
        assert client.listdir("outbound") == ["old.txt"]


def test_two_clients_at_once(simulator: Simulator) -> None:
    """Each connection has its own thread and its own count of bytes; both files arrive."""
    simulator.faults = Faults(disk_full_after=len(CONTENT))

    def upload(name: str) -> None:
        with connected(simulator) as client:
            put(client, f"inbound/{name}", CONTENT.replace(b"000000001", name[:9].encode()))

    threads = [threading.Thread(target=upload, args=(f"00000000{n}.txt",)) for n in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert simulator.work() == 7  # two 999s, four 277CAs, and one 835 for the claim; its copy is a duplicate
    assert len(simulator.received()) == 2


def test_the_server_binds_to_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    """Nobody outside reaches it by accident."""
    with Simulator(tmp_path, clock=clock) as simulator:
        assert simulator.host == "127.0.0.1"
        assert simulator.port > 0
