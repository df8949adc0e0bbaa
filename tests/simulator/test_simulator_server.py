"""The SFTP server: logging in, moving files, staying inside the folder, and failing on demand."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
from pathlib import Path

import paramiko
import pytest
from simulator_client import connected, put
from simulator_samples import Sample, clock, professional

from gateway.simulator import Simulator

CONTENT = professional(Sample("SERVED001"))


def test_a_file_goes_in_and_its_answers_come_out(simulator: Simulator) -> None:
    """Upload under a temporary name, rename, and fetch what the partner answers: the way a gateway works."""
    with connected(simulator) as client:
        put(client, "inbound/a.txt.tmp", CONTENT)
        assert simulator.work() == 0
        client.rename("inbound/a.txt.tmp", "inbound/a.txt")
        assert simulator.work() == 4
        assert client.listdir("inbound") == []
        names = sorted(client.listdir("outbound"))
        buffer = io.BytesIO()
        client.getfo(f"outbound/{names[0]}", buffer)
        client.remove(f"outbound/{names[0]}")
        client.rename(f"outbound/{names[1]}", f"archive/{names[1]}")
    assert buffer.getvalue().startswith(b"ISA*00*")
    assert [file.content for file in simulator.received()] == [CONTENT]
    assert len(list(simulator.outbound.iterdir())) == 2


def test_a_file_being_written_is_left_alone(simulator: Simulator) -> None:
    """A file under its final name is not taken while a client still writes to it."""
    with connected(simulator) as client:
        with client.open("inbound/direct.txt", "w") as handle:
            handle.write(CONTENT[:200])
            handle.flush()
            assert client.stat("inbound/direct.txt").st_size == 200
            assert simulator.work() == 0
            handle.write(CONTENT[200:])
        client.stat("inbound/direct.txt")
        assert simulator.work() == 4


def test_login_needs_the_right_password_or_key(tmp_path: Path) -> None:
    """A wrong password and an unknown key are refused; a listed key is let in, and an empty password lets none in."""
    listed, unknown = paramiko.RSAKey.generate(2048), paramiko.RSAKey.generate(2048)
    line = f"{listed.get_name()} {listed.get_base64()} desk@example"
    with Simulator(tmp_path, clock=clock, password="", authorized_keys=(line,)) as simulator:
        with connected(simulator, key=listed) as client:
            assert "inbound" in client.listdir(".")
        for wrong in ({"key": unknown}, {"password": ""}, {"password": "guess"}):
            with pytest.raises(paramiko.AuthenticationException), connected(simulator, **wrong):  # type: ignore[arg-type]
                pass


@pytest.mark.skipif(shutil.which("sftp") is None, reason="no OpenSSH client here")
def test_openssh_can_use_it(simulator: Simulator, tmp_path: Path) -> None:
    """OpenSSH's own client, with the host key pinned and a key to log in, puts, renames, lists and gets."""
    key = paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(tmp_path / "id"))
    simulator.stop()
    line = f"{key.get_name()} {key.get_base64()}"
    with Simulator(tmp_path / "p", clock=clock, authorized_keys=(line,)) as server:
        (tmp_path / "hosts").write_text(f"[{server.host}]:{server.port} {server.host_key_line}\n")
        (tmp_path / "a.txt").write_bytes(CONTENT)
        batch = f"put {tmp_path}/a.txt inbound/a.tmp\nrename inbound/a.tmp inbound/a.txt\nls inbound\n"
        options = [
            "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={tmp_path}/hosts", "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=no", "-i", str(tmp_path / "id"), "-P", str(server.port), "-F", "/dev/null", "-q",
        ]  # fmt: skip
        command = [str(shutil.which("sftp")), *options, "-b", "-", f"{server.username}@{server.host}"]
        done = subprocess.run(command, input=batch, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "a.txt" in done.stdout
        assert server.work() == 4


@pytest.mark.parametrize("path", ["../secret.txt", "/../../secret.txt", "inbound/../../secret.txt", "/secret.txt"])
def test_dots_do_not_lead_out(simulator: Simulator, tmp_path: Path, path: str) -> None:
    """Paths that climb or start at the root stay inside the account's folder."""
    for place in (tmp_path, tmp_path / "partner"):
        (place / "secret.txt").write_text("not yours")
    with connected(simulator) as client:
        with pytest.raises(FileNotFoundError):
            client.open(path, "r")
        with pytest.raises(FileNotFoundError):
            client.remove(path)
        put(client, path, CONTENT)
    assert (simulator.home / "secret.txt").read_bytes() == CONTENT
    assert (tmp_path / "secret.txt").read_text() == "not yours"
    assert (tmp_path / "partner" / "secret.txt").read_text() == "not yours"


def test_links_do_not_lead_out(simulator: Simulator, tmp_path: Path) -> None:
    """Neither a link to a file nor one to a folder outside is followed; clients cannot make links."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("not yours")
    (simulator.home / "file-link").symlink_to(tmp_path / "outside" / "secret.txt")
    (simulator.home / "folder-link").symlink_to(tmp_path / "outside")
    with connected(simulator) as client:
        for path in ("file-link", "folder-link/secret.txt"):
            for act in (client.stat, client.open):
                with pytest.raises(OSError):
                    act(path)
        with pytest.raises(OSError):
            put(client, "folder-link/new.txt", CONTENT)
        with pytest.raises(OSError):
            client.listdir("folder-link")
        with pytest.raises(OSError):
            client.rename("file-link", "folder-link/moved")
        with pytest.raises(OSError):
            client.symlink("/etc/passwd", "inbound/link")
    assert sorted(path.name for path in (tmp_path / "outside").iterdir()) == ["secret.txt"]


def test_a_rename_onto_an_existing_name_is_refused_unless_posix(simulator: Simulator) -> None:
    """The plain rename never overwrites; OpenSSH's posix-rename does, silently."""
    with connected(simulator) as client:
        put(client, "inbound/one.tmp", b"one")
        put(client, "inbound/two.tmp", b"two")
        with pytest.raises(OSError):
            client.rename("inbound/one.tmp", "inbound/two.tmp")
        client.posix_rename("inbound/one.tmp", "inbound/two.tmp")
    assert (simulator.inbound / "two.tmp").read_bytes() == b"one"


def test_a_client_that_speaks_no_ssh_harms_nobody(simulator: Simulator) -> None:
    """Rubbish on the port ends that connection alone; one that says nothing does not keep the server from stopping."""
    with (
        socket.create_connection((simulator.host, simulator.port), timeout=30) as rude,
        socket.create_connection((simulator.host, simulator.port), timeout=30),
    ):
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"\x00" * 5000)
        with connected(simulator) as client:
            assert "inbound" in client.listdir(".")
        simulator.stop()


def test_stop_ends_connections_and_frees_the_port(tmp_path: Path) -> None:
    """After stop nothing answers on the port, and it can be taken again."""
    simulator = Simulator(tmp_path, clock=clock).start()
    port = simulator.port
    with connected(simulator) as client:
        simulator.stop()
        with pytest.raises((OSError, EOFError, paramiko.SSHException)):
            client.listdir(".")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((simulator.host, port), timeout=20)
    with Simulator(tmp_path, clock=clock, port=port) as again:
        assert again.port == port
