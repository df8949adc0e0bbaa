"""SFTP against a real OpenSSH server: who is let in, whom we talk to, and connections that break or stand still."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cutting import CuttingRelay
from mailboxes import DiskMailbox, sftp_mailbox
from sshd import SshServer

from gateway.errors import GatewayError, UsageError
from gateway.transport.port import (
    AuthenticationFailed,
    HostKeyRefused,
    OutcomeUnknown,
    PermissionDenied,
    TransportError,
    Unreachable,
)
from gateway.transport.sftp import SftpTransport

BIG = random.Random(20).randbytes(1 << 20) * 20


@pytest.fixture
def box(sshd: SshServer) -> DiskMailbox:
    """Folders of its own on the server."""
    return sftp_mailbox(sshd)


def _says(error: pytest.ExceptionInfo[GatewayError], *words: str) -> None:
    text = str(error.value)
    assert "\n" not in text
    for word in words:
        assert word in text


# --- who we talk to -----------------------------------------------------------------------------------------------


def test_an_unlisted_host_key_is_refused_before_authentication(sshd: SshServer) -> None:
    """The wrong party gets nothing, no user name either; the message has both fingerprints and the words host key."""
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8fZ0oVZ5q0m0xM0h8w8l0vWzQ1m6O3b5N0sQy1kq2x"
    before = sshd.log()

    with pytest.raises(HostKeyRefused) as caught:
        SftpTransport.connect(sshd.settings(host_keys=(other,)))

    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", sshd.folder / "host_ed25519.pub"], check=True, capture_output=True, text=True
    ).stdout.split()[1]
    _says(caught, "host key", shown, "SHA256:", "Nothing was sent")
    assert str(caught.value).count("SHA256:") == 2
    assert caught.value.offered == sshd.host_key_lines["ssh-ed25519"]
    assert caught.value.fingerprint == shown
    assert caught.value.exit_code == 4
    news = sshd.log()[len(before) :]
    assert sshd.user not in news and "Accepted" not in news and "Failed" not in news


def test_no_listed_host_key_is_a_refusal_too(sshd: SshServer) -> None:
    """First sight is no proof: an empty list trusts nobody, and the message shows what could be listed."""
    with pytest.raises(HostKeyRefused, match="listed: none") as caught:
        SftpTransport.connect(sshd.settings(host_keys=()))
    SftpTransport.connect(sshd.settings(host_keys=(caught.value.offered,))).close()


def test_several_host_keys_may_be_listed_during_rotation(sshd: SshServer) -> None:
    """Any of them lets us in, whatever its place and type."""
    old = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8fZ0oVZ5q0m0xM0h8w8l0vWzQ1m6O3b5N0sQy1kq2x old"
    for keys in (
        (old, sshd.host_key_lines["ssh-ed25519"]),
        (sshd.host_key_lines["ssh-ed25519"] + " a comment", old),
        (sshd.host_key_lines["ssh-rsa"],),
    ):
        with SftpTransport.connect(sshd.settings(host_keys=keys)) as session:
            assert isinstance(session.list_files("."), list)


@pytest.mark.parametrize(
    "line", ["", "ssh-ed25519", "ssh-ed25519 A*", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ8f", "x AAAA"]
)
def test_a_damaged_host_key_line_is_a_fault_of_the_configuration(sshd: SshServer, line: str) -> None:
    """It must not silently narrow the list."""
    with pytest.raises(UsageError, match="host key"):
        SftpTransport.connect(sshd.settings(host_keys=(sshd.host_key_lines["ssh-ed25519"], line)))


# --- who we are ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_each_type_of_private_key_opens_a_session(sshd: SshServer, kind: str) -> None:
    """As text, with the line ends of either system, with or without the last one."""
    key = sshd.private_key(kind)
    for text in (key, key.rstrip("\n"), key.replace("\n", "\r\n")):
        with SftpTransport.connect(sshd.settings(private_key=text)) as session:
            assert session.stat(".", "nothing") is None


def test_a_pem_key_opens_a_session(sshd: SshServer, tmp_path: Path) -> None:
    """Older programs write RSA keys in PEM."""
    path = tmp_path / "key"
    path.write_text(sshd.private_key("rsa"))
    path.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-m", "PEM", "-N", "", "-f", path], check=True, capture_output=True)
    assert "BEGIN RSA PRIVATE KEY" in path.read_text()
    SftpTransport.connect(sshd.settings(private_key=path.read_text())).close()


def test_an_encrypted_key_needs_its_passphrase(sshd: SshServer) -> None:
    """Missing or wrong, it is a fault of the configuration, and the passphrase is not in the text."""
    key = sshd.private_key("locked")
    SftpTransport.connect(sshd.settings(private_key=key, passphrase="open sesame")).close()

    with pytest.raises(UsageError, match="no passphrase"):
        SftpTransport.connect(sshd.settings(private_key=key))
    with pytest.raises(UsageError, match="passphrase is wrong") as caught:
        SftpTransport.connect(sshd.settings(private_key=key, passphrase="wrong-secret"))
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "not a key", "PuTTY-User-Key-File-3: ssh-ed25519\n", "-----BEGIN OPENSSH"])
def test_what_is_no_key_is_a_fault_of_the_configuration(sshd: SshServer, text: str) -> None:
    """The message does not repeat what was given."""
    with pytest.raises(UsageError, match="private key") as caught:
        SftpTransport.connect(sshd.settings(private_key=text))
    assert "not a key" not in str(caught.value)


def test_a_key_that_the_partner_does_not_know_is_not_tried_again(sshd: SshServer) -> None:
    """Never blindly again: a partner locks accounts."""
    with pytest.raises(AuthenticationFailed) as caught:
        SftpTransport.connect(sshd.settings(private_key=sshd.private_key("stranger")))
    assert (caught.value.retry, caught.value.exit_code) == ("never", 2)
    _says(caught, str(sshd.port), "key")
    assert sshd.user not in str(caught.value)


def test_a_wrong_password_is_tried_once(sshd: SshServer) -> None:
    """One attempt in the server's log, and the password is not in the text."""
    before = sshd.log().count("Failed password")
    with pytest.raises(AuthenticationFailed, match="password") as caught:
        SftpTransport.connect(sshd.settings(private_key=None, password="hunter2-secret"))
    assert "hunter2" not in str(caught.value)
    assert sshd.log().count("Failed password") - before == 1


def test_settings_show_no_secret() -> None:
    """Not in a representation, which ends up in logs and tracebacks."""
    from gateway.transport.ssh import SftpSettings

    shown = repr(SftpSettings("host", 22, "user", (), password="s3cret", private_key="k3y", passphrase="p4ss"))
    assert not any(secret in shown for secret in ("s3cret", "k3y", "p4ss"))


# --- what the partner does not allow ------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() == 0, reason="to the superuser everything is allowed")
def test_a_folder_without_permission_is_named(sshd: SshServer, box: DiskMailbox) -> None:
    """Permission denied is told from missing."""
    place = box.root / box.send
    place.chmod(0o500)
    try:
        with box.open() as session, pytest.raises(PermissionDenied, match=box.send):
            session.write_temp(box.send, "gw00.part", io.BytesIO(b"x"), 1)
        place.chmod(0o000)
        with box.open() as session, pytest.raises(PermissionDenied, match=box.send):
            session.list_files(box.send)
    finally:
        place.chmod(0o700)


def test_subfolders_and_links_are_not_listed(box: DiskMailbox) -> None:
    """A mailbox has files; what a link points to is not the partner's file."""
    (box.root / box.receive / "archive").mkdir()
    (box.root / box.receive / "link").symlink_to("/etc/passwd")
    box.put(box.receive, "a.999", b"x")
    with box.open() as session:
        assert [file.name for file in session.list_files(box.receive)] == ["a.999"]


def test_folders_may_be_absolute_or_the_login_folder(sshd: SshServer, box: DiskMailbox) -> None:
    """As the partner calls them."""
    box.put(box.receive, "a.999", b"x")
    with box.open() as session:
        assert session.stat(str(box.root / box.receive), "a.999") is not None
        assert session.stat(box.receive + "/", "a.999") is not None
        session.write_temp(".", f"root-{os.getpid()}", io.BytesIO(b"x"), 1)
        session.remove(".", f"root-{os.getpid()}")


# --- connections that fail ----------------------------------------------------------------------------------------


@pytest.fixture
def relay(sshd: SshServer) -> Iterator[CuttingRelay]:
    """A relay to the server which cuts only when told."""
    with CuttingRelay(sshd.port) as relay:
        yield relay


def test_a_port_where_nobody_listens(sshd: SshServer) -> None:
    """Exit code 3, run again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port}") as caught:
            SftpTransport.connect(sshd.settings(port=port))
    assert (caught.value.retry, caught.value.exit_code) == ("later", 3)


@pytest.mark.parametrize("host", ["nowhere.invalid", "x" * 70 + ".invalid", "bad host"])
def test_a_host_that_has_no_address(sshd: SshServer, host: str) -> None:
    """A name that does not resolve is an error of ours, never a traceback."""
    with pytest.raises((Unreachable, UsageError)):
        SftpTransport.connect(sshd.settings(host=host))


def _serve(answer: Callable[[socket.socket], None]) -> tuple[socket.socket, threading.Thread]:
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        sock, _ = listener.accept()
        with sock:
            answer(sock)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return listener, thread


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n" + b"\xff" * 4000, b"SSH-1.5-old\r\n"]
)
def test_what_is_no_ssh_server_is_unreachable(sshd: SshServer, greeting: bytes) -> None:
    """Wrong port, a web server, garbage, a server that hangs up: one clear error."""

    def answer(sock: socket.socket) -> None:
        sock.sendall(greeting)

    listener, thread = _serve(answer)
    with listener, pytest.raises(Unreachable) as caught:
        SftpTransport.connect(sshd.settings(port=listener.getsockname()[1], timeout=2.0))
    thread.join()
    _says(caught, "127.0.0.1")


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_a_server_that_says_nothing_more_is_given_up(sshd: SshServer, greeting: bytes) -> None:
    """A connection that stands still while it is made ends after the timeout."""
    done = threading.Event()

    def answer(sock: socket.socket) -> None:
        sock.sendall(greeting)
        done.wait(30)

    listener, thread = _serve(answer)
    try:
        with listener, pytest.raises(Unreachable):
            SftpTransport.connect(sshd.settings(port=listener.getsockname()[1], timeout=0.5))
    finally:
        done.set()
        thread.join()


@pytest.fixture(scope="module")
def greeting_length(sshd: SshServer) -> int:
    """How many bytes the server sends until a session is open."""
    with CuttingRelay(sshd.port) as relay, SftpTransport.connect(sshd.settings(port=relay.port)):
        return relay.passed["down"]


_SHARES = [0.0, 0.3, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98]


@pytest.mark.parametrize("share", _SHARES)
def test_a_server_that_freezes_while_the_connection_is_made_is_given_up(
    sshd: SshServer, greeting_length: int, share: float
) -> None:
    """Wherever it freezes: key exchange, authentication, opening the channel or asking for SFTP."""
    with CuttingRelay(sshd.port) as relay:
        relay.hold_after("down", int(share * greeting_length))
        with pytest.raises(Unreachable):
            SftpTransport.connect(sshd.settings(port=relay.port, timeout=0.5))


@pytest.mark.parametrize("share", _SHARES)
def test_a_connection_that_is_cut_while_it_is_made(sshd: SshServer, greeting_length: int, share: float) -> None:
    """Unreachable, and not authentication failed: the same key may be tried again."""
    with (
        CuttingRelay(sshd.port, cut_after_down=int(share * greeting_length)) as relay,
        pytest.raises(Unreachable),
    ):
        SftpTransport.connect(sshd.settings(port=relay.port, timeout=5.0))


def test_an_upload_that_is_cut_leaves_only_a_temporary_file(sshd: SshServer, box: DiskMailbox) -> None:
    """Nothing under a final name, the session is over, and a new one works."""
    with (
        CuttingRelay(sshd.port, cut_after_up=1_000_000) as relay,
        SftpTransport.connect(sshd.settings(port=relay.port)) as session,
    ):
        with pytest.raises(Unreachable) as caught:
            session.write_temp(box.send, "gw00.part", io.BytesIO(BIG), len(BIG))
        with pytest.raises(Unreachable, match="over"):
            session.list_files(box.send)
    assert caught.value.retry == "later"
    assert box.names(box.send) == ["gw00.part"]
    with box.open() as session:
        session.remove(box.send, "gw00.part")


def test_a_download_that_is_cut_raises(sshd: SshServer, box: DiskMailbox) -> None:
    """Bytes that came are no file; the partner's copy stands."""
    box.put(box.receive, "big", BIG)
    sink = io.BytesIO()
    with (
        CuttingRelay(sshd.port, cut_after_down=1_000_000) as relay,
        SftpTransport.connect(sshd.settings(port=relay.port)) as session,
        pytest.raises(Unreachable),
    ):
        session.fetch(box.receive, "big", sink, len(BIG))
    assert len(sink.getvalue()) < len(BIG)
    assert box.names(box.receive) == ["big"]


def test_a_server_process_that_dies_is_a_lost_connection(sshd: SshServer, box: DiskMailbox) -> None:
    """Killed in the middle of a download, as by a restart at the partner's."""
    box.put(box.receive, "big", BIG)
    with box.open() as session:

        class Killing(io.BytesIO):
            def write(self, data: bytes, /) -> int:  # type: ignore[override]
                if not self.tell():
                    _kill_children(sshd.process.pid)
                return super().write(data)

        with pytest.raises(Unreachable):
            session.fetch(box.receive, "big", Killing(), len(BIG))


def _kill_children(parent: int) -> None:
    """Ends the processes that serve sessions; the server itself goes on."""
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False).stdout.split()
    for child in map(int, found):
        _kill_children(child)
        os.kill(child, 9)


def impatient(session: SftpTransport) -> SftpTransport:
    """The same session with a short patience, so that only what the test breaks is given up."""
    session._settings = dataclasses.replace(session._settings, timeout=0.5)
    session._connection.channel.get_transport().sock.stall = 0.5
    return session


def test_a_rename_whose_answer_never_comes_is_unknown(sshd: SshServer, box: DiskMailbox, relay: CuttingRelay) -> None:
    """It was done, the answer was lost: the error must not say that it failed."""
    with SftpTransport.connect(sshd.settings(port=relay.port)) as session:
        session.write_temp(box.send, "gw00.part", io.BytesIO(b"x"), 1)
        relay.hold("down")
        impatient(session)
        with pytest.raises(OutcomeUnknown) as caught:
            session.rename(box.send, "gw00.part", "claims.txt")
        with pytest.raises(Unreachable):
            session.rename(box.send, "gw00.part", "claims.txt")
    assert caught.value.retry == "never"
    assert box.names(box.send) == ["claims.txt"]


def test_a_rename_that_never_arrived_is_unknown_as_well(sshd: SshServer, box: DiskMailbox, relay: CuttingRelay) -> None:
    """From here both look alike."""
    with SftpTransport.connect(sshd.settings(port=relay.port)) as session:
        session.write_temp(box.send, "gw00.part", io.BytesIO(b"x"), 1)
        relay.hold("up")
        impatient(session)
        with pytest.raises(OutcomeUnknown):
            session.rename(box.send, "gw00.part", "claims.txt")
    assert box.names(box.send) == ["gw00.part"]


def test_a_rename_on_a_session_that_is_over_was_not_asked_for(
    sshd: SshServer, box: DiskMailbox, relay: CuttingRelay
) -> None:
    """What we know never left is Unreachable, so that it may be sent again."""
    with SftpTransport.connect(sshd.settings(port=relay.port)) as session:
        session.write_temp(box.send, "gw00.part", io.BytesIO(b"x"), 1)
        relay.cut()
        with pytest.raises(Unreachable):
            session.list_files(box.send)
        with pytest.raises(Unreachable):
            session.rename(box.send, "gw00.part", "claims.txt")


def test_a_direct_put_that_is_cut_is_unknown(sshd: SshServer, box: DiskMailbox) -> None:
    """A part stands under the final name, and the partner may have taken it."""
    with (
        CuttingRelay(sshd.port, cut_after_up=1_000_000) as relay,
        SftpTransport.connect(sshd.settings(port=relay.port)) as session,
        pytest.raises(OutcomeUnknown),
    ):
        session.direct_put(box.send, "claims.txt", io.BytesIO(BIG), len(BIG))
    assert box.names(box.send) == ["claims.txt"]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_session_that_stands_still_is_given_up(sshd: SshServer, box: DiskMailbox, direction: str) -> None:
    """A silent partner does not hold the gateway for ever, whatever it was doing."""
    box.put(box.receive, "big", BIG)
    for ask in (
        lambda session: session.list_files(box.receive),
        lambda session: session.fetch(box.receive, "big", io.BytesIO(), len(BIG)),
        lambda session: session.write_temp(box.send, f"gw-{time.monotonic()}", io.BytesIO(BIG), len(BIG)),
    ):
        with (
            CuttingRelay(sshd.port) as relay,
            SftpTransport.connect(sshd.settings(port=relay.port)) as session,
        ):
            relay.hold(direction)
            impatient(session)
            with pytest.raises(Unreachable, match=r"time|lost"):
                ask(session)


def test_a_partner_that_takes_no_bytes_is_given_up(sshd: SshServer, box: DiskMailbox, relay: CuttingRelay) -> None:
    """Full buffers on the way stop a sender in the middle of a write; it must not wait for ever."""
    with SftpTransport.connect(sshd.settings(port=relay.port)) as session:
        relay.freeze()
        impatient(session)
        with pytest.raises(Unreachable):
            session.write_temp(box.send, "gw00.part", io.BytesIO(BIG), len(BIG))


def test_an_idle_session_gives_signs_of_life(sshd: SshServer, relay: CuttingRelay) -> None:
    """Between two steps, while we work on the store: bytes go up without anybody asking for anything."""
    with SftpTransport.connect(sshd.settings(port=relay.port, keepalive=1)):
        before = relay.passed["up"]
        for _ in range(600):
            if relay.passed["up"] > before:
                break
            time.sleep(0.1)
        assert relay.passed["up"] > before


def test_closing_a_dead_session_is_harmless(sshd: SshServer, relay: CuttingRelay) -> None:
    """Twice, too."""
    session = SftpTransport.connect(sshd.settings(port=relay.port))
    relay.cut()
    session.close()
    session.close()
    with pytest.raises(Unreachable):
        session.list_files(".")


# --- size ---------------------------------------------------------------------------------------------------------

_MEASURE = """
import hashlib, io, resource, sys
from pathlib import Path
from gateway.transport.sftp import SftpSettings, SftpTransport
host, port, user, host_key, key, folder, big, small = sys.argv[1:]
settings = SftpSettings(host, int(port), user, (host_key,), private_key=Path(key).read_text())
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
class Sink:
    def __init__(self): self.hash = hashlib.sha256()
    def write(self, data): self.hash.update(data)
def both(session, path, name):
    with open(path, "rb") as source:
        session.write_temp(folder, name, source, Path(path).stat().st_size)
    sink = Sink()
    session.fetch(folder, name, sink, Path(path).stat().st_size)
    return sink.hash.hexdigest()
with SftpTransport.connect(settings) as session:
    both(session, small, "small")
    before = peak()
    print(both(session, big, "big"))
print((peak() - before) // 1024)
"""


def test_a_big_file_takes_no_memory(sshd: SshServer, box: DiskMailbox, tmp_path: Path) -> None:
    """20 MB up and down stay within a few MB of what 2 MB need, and are the same bytes."""
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "small").write_bytes(BIG[: 2 << 20])
    place = ["127.0.0.1", str(sshd.port), sshd.user, sshd.host_key_lines["ssh-ed25519"], sshd.folder / "id_ed25519"]
    command = [sys.executable, "-c", _MEASURE, *place, box.send, tmp_path / "big", tmp_path / "small"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    digest, megabytes = done.stdout.split()
    assert digest == hashlib.sha256(BIG).hexdigest()
    assert int(megabytes) < 10


def test_nothing_is_logged(sshd: SshServer, box: DiskMailbox, caplog: pytest.LogCaptureFixture) -> None:
    """paramiko would write names of files; a partner's name may be a patient's."""
    caplog.set_level(0)
    box.put(box.receive, "DOE_JOHN.835", b"x")
    with box.open() as session:
        session.fetch(box.receive, "DOE_JOHN.835", io.BytesIO(), 1)
        with pytest.raises(TransportError):
            session.fetch(box.receive, "DOE_JANE.835", io.BytesIO(), 1)
    assert "DOE" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("paramiko")]
