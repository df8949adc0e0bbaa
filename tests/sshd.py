"""A real OpenSSH server on a loopback port, for every suite that talks SFTP.

It runs as whoever runs the tests, lets that user in by key, and starts every session in a folder of its own. Where no
sshd is installed the tests are skipped, but on CI they fail: there it must be.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gateway.transport.ssh import SftpSettings

_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
{host_keys}
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM {pam}
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PubkeyAuthentication yes
MaxStartups 100:30:200
MaxAuthTries 3
LoginGraceTime 30
PidFile none
UseDNS no
PrintMotd no
LogLevel VERBOSE
Subsystem sftp internal-sftp
ForceCommand internal-sftp {sftp} -d {mailbox}
"""


@dataclass
class SshServer:
    """One running sshd; `mailbox` is where its sessions start."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    host_key_lines: dict[str, str] = field(default_factory=dict)  # type -> "type base64"

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox"

    @property
    def user(self) -> str:
        return pwd.getpwuid(os.geteuid()).pw_name

    def private_key(self, kind: str = "ed25519") -> str:
        """The text of a private key that the server lets in; `stranger` is one that it does not."""
        return (self.folder / f"id_{kind}").read_text()

    def settings(self, **changes: object) -> SftpSettings:
        """Settings that work, with changes."""
        from gateway.transport.ssh import SftpSettings  # paramiko only where a test needs it

        given: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "username": self.user,
            "host_keys": (self.host_key_lines["ssh-ed25519"],),
            "private_key": self.private_key(),
            "timeout": 20.0,
        }
        return SftpSettings(**{**given, **changes})  # type: ignore[arg-type]

    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


def has_sshd() -> bool:
    """Whether OpenSSH's server is installed."""
    return _program() is not None


def _program() -> str | None:
    return shutil.which("sshd") or shutil.which("/usr/sbin/sshd")


def find_sshd() -> str:
    """The server's program; skips the test where there is none, fails it on CI."""
    found = _program()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("OpenSSH's sshd is not installed, and on CI it must be")
        pytest.skip("OpenSSH's sshd is not installed")
    return found


@dataclass(frozen=True)
class Habits:
    """How a server differs from a usual one."""

    sftp: str = ""  # options of internal-sftp: `-P rename` refuses that request, `-R` every change
    config: str = ""  # lines of sshd_config
    largest: int | None = None  # KiB that a file may have, as under a quota


def start_sshd(folder: Path, habits: Habits = Habits()) -> SshServer:
    """Starts a server whose keys, log and mailbox lie in folder; the caller stops it."""
    program = find_sshd()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where a privileged sshd separates its privileges
    (folder / "mailbox").mkdir()
    host_keys = {kind: _keygen(folder / f"host_{kind}", kind) for kind in ("ed25519", "rsa")}
    allowed = [_keygen(folder / f"id_{kind}", kind) for kind in ("ed25519", "rsa", "ecdsa")]
    locked = _keygen(folder / "id_locked", "ed25519", passphrase="open sesame")
    _keygen(folder / "id_stranger", "ed25519")
    (folder / "authorized_keys").write_text("\n".join([*allowed, locked]) + "\n")
    return _start(program, folder, host_keys, habits)


def start_another(server: SshServer, folder: Path, habits: Habits) -> SshServer:
    """A second server before the same mailbox, with the same keys and other habits; the caller stops it."""
    for path in server.folder.iterdir():
        if path.is_file() and path.name.startswith(("host_", "id_", "authorized_keys")):
            shutil.copy(path, folder / path.name)
    (folder / "mailbox").symlink_to(server.mailbox)
    kinds = {kind: (folder / f"host_{kind}.pub").read_text() for kind in ("ed25519", "rsa")}
    host_keys = {kind: " ".join(line.split()[:2]) for kind, line in kinds.items()}
    return _start(find_sshd(), folder, host_keys, habits)


def _start(program: str, folder: Path, host_keys: dict[str, str], habits: Habits) -> SshServer:
    for _ in range(5):
        port = _free_port()
        process = _run(program, folder, port, list(host_keys), habits)
        server = SshServer(folder, port, process, {line.split()[0]: line for line in host_keys.values()})
        if _listens(server):
            return server
        server.stop()
    raise RuntimeError(f"sshd does not start:\n{server.log()}")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """One server for the whole run; tests keep apart by folders of their own."""
    server = start_sshd(tmp_path_factory.mktemp("sshd"))
    try:
        yield server
    finally:
        server.stop()


def _run(program: str, folder: Path, port: int, kinds: list[str], habits: Habits) -> subprocess.Popen[bytes]:
    lines = "\n".join(f"HostKey {folder}/host_{kind}" for kind in kinds)
    config = folder / "sshd_config"
    # without the right to read shadow passwords sshd takes every account for locked, unless it leaves that to PAM
    pam = "no" if os.geteuid() == 0 else "yes"
    extra = "PerSourcePenalties no\n" if _version(program) >= (9, 8) else ""  # else failed logins shut loopback out
    known = {"port": port, "folder": folder, "mailbox": folder / "mailbox", "sftp": habits.sftp}
    config.write_text(f"{habits.config}\n{extra}" + _CONFIG.format(**known, host_keys=lines, pam=pam))
    log = str(folder / "sshd.log")
    limit = f"trap '' XFSZ; ulimit -f {2 * habits.largest}; " if habits.largest is not None else ""
    return subprocess.Popen(
        ["/bin/sh", "-c", f'{limit}exec "$0" -D -f "$1" -E "$2"', program, str(config), log],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _version(program: str) -> tuple[int, int]:
    told = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", told.stdout + told.stderr)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _listens(server: SshServer) -> bool:
    for _ in range(200):
        if server.process.poll() is not None:
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1) as probe:
            return probe.recv(4) == b"SSH-"
        time.sleep(0.05)
    return False


def _keygen(path: Path, kind: str, passphrase: str = "") -> str:
    """Makes a key pair; returns `type base64` of the public one."""
    bits = {"rsa": ["-b", "2048"], "ecdsa": ["-b", "256"], "ed25519": []}[kind]
    command = ["ssh-keygen", "-q", "-t", kind, *bits, "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
