"""Old servers, met in the field: what they need is allowed for one partner, and a mismatch is named with its remedy.

The servers are OpenSSH's, held to one old algorithm of a kind. An OpenSSH that cannot offer one any more is named.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest
from login_server import LoginServer
from sshd import Habits, SshServer, find_sshd, start_another

from gateway.transport.algorithms import ALL_OLD, OLD
from gateway.transport.port import AlgorithmsRefused, AuthenticationFailed
from gateway.transport.sftp import SftpSettings, SftpTransport

# kind -> the directive that narrows a server, and how `ssh -Q` lists what it can offer
KINDS = {
    "key exchange": ("KexAlgorithms", "kex"),
    "host key": ("HostKeyAlgorithms", "HostKeyAlgorithms"),
    "cipher": ("Ciphers", "cipher"),
    "MAC": ("MACs", "mac"),
}
CASES = [(kind, name) for kind in KINDS for name in OLD[kind]]
EVERYTHING_OLD = {
    "KexAlgorithms": "diffie-hellman-group14-sha1",
    "HostKeyAlgorithms": "ssh-rsa",
    "Ciphers": "aes128-cbc",
    "MACs": "hmac-sha1",
}


@contextmanager
def _narrowed(sshd: SshServer, folder: Path, narrowed: dict[str, str]) -> Iterator[SshServer]:
    """A server before the same mailbox that offers this and nothing else."""
    server = start_another(
        sshd, folder, Habits(config="\n".join(f"{directive} {names}" for directive, names in narrowed.items()))
    )
    try:
        yield server
    finally:
        server.stop()


def _can_offer(query: str, name: str) -> None:
    """Skips, by name, what this OpenSSH has no more."""
    find_sshd()
    listed = subprocess.run([shutil.which("ssh") or "ssh", "-Q", query], capture_output=True, text=True, check=False)
    if name not in listed.stdout.split():
        pytest.skip(f"this OpenSSH cannot offer {name} any more")


def _settings(server: SshServer, old: tuple[str, ...] = ()) -> SftpSettings:
    """Both kinds of host key are listed, and our key is an RSA one, so that each case needs no other settings."""
    keys = tuple(server.host_key_lines.values())
    return server.settings(host_keys=keys, private_key=server.private_key("rsa"), old_algorithms=old)


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind}-{name}" for kind, name in CASES])
def test_an_old_algorithm_serves_where_the_profile_allows_it(
    sshd: SshServer, tmp_path: Path, kind: str, name: str
) -> None:
    """Without the line the server is refused before a login, both sides are named, and so is the line; with exactly
    that line files come and go."""
    directive, query = KINDS[kind]
    _can_offer(query, name)
    with _narrowed(sshd, tmp_path, {directive: name}) as server:
        with pytest.raises(AlgorithmsRefused) as caught:
            SftpTransport.connect(_settings(server))
        assert f"{kind}: it offers {name}, allowed are " in str(caught.value)
        assert caught.value.mend == f'old_algorithms = ["{name}"]'
        assert caught.value.exit_code == 2 and caught.value.retry == "never"
        assert "Accepted" not in server.log()

        with SftpTransport.connect(_settings(server, (name,))) as session:
            assert isinstance(session.list_files("."), list)


def test_a_server_that_is_old_in_every_way_is_named_whole(sshd: SshServer, tmp_path: Path) -> None:
    """One attempt names all that does not fit, so that nobody mends it line by line."""
    for directive, query in KINDS.values():
        _can_offer(query, EVERYTHING_OLD[directive])
    with _narrowed(sshd, tmp_path, EVERYTHING_OLD) as server:
        with pytest.raises(AlgorithmsRefused) as caught:
            SftpTransport.connect(_settings(server, ("hmac-sha1",)))
        mend = 'old_algorithms = ["hmac-sha1", "diffie-hellman-group14-sha1", "ssh-rsa", "aes128-cbc"]'
        assert caught.value.mend == mend and "MAC:" not in str(caught.value)

        old = ("hmac-sha1", "diffie-hellman-group14-sha1", "ssh-rsa", "aes128-cbc")
        with SftpTransport.connect(_settings(server, old)) as session:
            assert isinstance(session.list_files("."), list)


def test_what_is_too_weak_is_refused_with_no_line(sshd: SshServer, tmp_path: Path) -> None:
    """A group of 1024 bits is broken; no profile can allow it."""
    _can_offer("kex", "diffie-hellman-group1-sha1")
    with _narrowed(sshd, tmp_path, {"KexAlgorithms": "diffie-hellman-group1-sha1"}) as server:
        with pytest.raises(AlgorithmsRefused, match="too weak to be allowed: ask the partner") as caught:
            SftpTransport.connect(_settings(server, ALL_OLD))
        assert caught.value.mend == ""


def _agreed(session: SftpTransport) -> paramiko.Transport:
    """The connection under a session: what was agreed is paramiko's secret."""
    return session._connection._transport


def test_what_is_allowed_is_used_only_where_nothing_better_is_offered(sshd: SshServer) -> None:
    """A server that learnt better is served better by itself; and what one connection may use, no other one may."""
    with SftpTransport.connect(_settings(sshd, ALL_OLD)) as session:
        under = _agreed(session)
        assert not {under.host_key_type, under.local_cipher, under.local_mac} & set(ALL_OLD)
        assert under._agreed_pubkey_algorithm == "rsa-sha2-512"
    assert not {*paramiko.Transport._key_info, *paramiko.Transport._kex_info} & {"ssh-rsa", *OLD["key exchange"]}
    assert "ssh-rsa" not in paramiko.RSAKey.HASHES


@pytest.mark.parametrize(("old", "expected"), [((), "rsa-sha2-512"), (("ssh-rsa",), "ssh-rsa")])
def test_a_server_that_says_nothing_of_signatures(sshd: SshServer, old: tuple[str, ...], expected: str) -> None:
    """Servers before 2016 do not say what they take. With the line they get SHA-1; without it what is usual."""
    key = paramiko.RSAKey.from_private_key_file(str(sshd.folder / "id_rsa"))
    with LoginServer(key=key, methods="publickey", signatures=()) as server:
        lines, text = (server.host_key_line,), sshd.private_key("rsa")
        settings = SftpSettings("127.0.0.1", server.port, "user", lines, private_key=text, old_algorithms=old)
        with SftpTransport.connect(settings) as session:
            assert _agreed(session)._agreed_pubkey_algorithm == expected


def test_a_server_that_takes_only_old_signatures_of_our_key(sshd: SshServer) -> None:
    """OpenSSH's own says that it takes all that it knows, whatever it was told to accept; others say what they mean."""
    key = paramiko.RSAKey.from_private_key_file(str(sshd.folder / "id_rsa"))
    with LoginServer(key=key, methods="publickey", signatures=("ssh-rsa",)) as server:
        lines, text = (server.host_key_line,), sshd.private_key("rsa")
        settings = SftpSettings("127.0.0.1", server.port, "user", lines, private_key=text)
        with pytest.raises(AlgorithmsRefused, match="signature of our RSA key: it offers ssh-rsa") as caught:
            SftpTransport.connect(settings)
        assert caught.value.mend == 'old_algorithms = ["ssh-rsa"]'
        SftpTransport.connect(dataclasses.replace(settings, old_algorithms=("ssh-rsa",))).close()


def test_a_refused_key_of_such_a_server_is_told_with_the_line(sshd: SshServer) -> None:
    """It may be the key, or the way it signs: both are named."""
    with LoginServer(methods="publickey", signatures=()) as server:
        text = sshd.private_key("rsa")
        settings = SftpSettings("127.0.0.1", server.port, "user", (server.host_key_line,), private_key=text)
        with pytest.raises(AuthenticationFailed, match=r'old one.*old_algorithms = \["ssh-rsa"\]'):
            SftpTransport.connect(settings)
