"""Mailboxes that are not as they were: changed keys, wrong secrets, missing folders. Nothing is lost."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from cli_home import claims, folder_profile, new_home, sftp_profile, write_ndjson
from cli_run import Gateway
from sshd import SshServer


@pytest.fixture
def mailbox(sshd: SshServer, tmp_path: Path) -> Gateway:
    """A home with a claim in a built batch, and a partner behind a real sshd."""
    gateway = new_home(tmp_path / "home")
    (tmp_path / "home" / "keys" / "id").write_text(sshd.private_key())
    os.chmod(tmp_path / "home" / "keys" / "id", 0o600)  # noqa: PTH101
    for name in ("inbound", "outbound"):
        (sshd.mailbox / tmp_path.name / name).mkdir(parents=True)
    configure(gateway, sshd, tmp_path.name)
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    gateway("batches", "build")
    return gateway


def configure(gateway: Gateway, sshd: SshServer, folder: str, **changes: object) -> None:
    """Writes the partner's profile, with changes."""
    settings = {"port": sshd.port, "key": "file:keys/id", "host_keys": [sshd.host_key_lines["ssh-ed25519"]], **changes}
    text = sftp_profile(int(str(settings["port"])), sshd.user, list(settings["host_keys"]), "x")  # type: ignore[call-overload]
    text = text.replace('password = "x"', f'private_key = "{settings["key"]}"')
    text = text.replace('"inbound"', f'"{folder}/inbound"').replace('"outbound"', f'"{folder}/outbound"')
    assert gateway.home
    (gateway.home / "sftp_config" / "house.toml").write_text(text)


def assert_kept(gateway: Gateway) -> None:
    """Nothing left, and the batch waits."""
    assert [one["state"] for one in gateway.data("batches", "list")] == ["built"]
    gateway("store", "check")


def delivered(sshd: SshServer, folder: str) -> list[str]:
    return sorted(path.name for path in (sshd.mailbox / folder / "inbound").iterdir())


def test_a_changed_host_key_is_refused(mailbox: Gateway, sshd: SshServer, tmp_path: Path) -> None:
    """Code 4 and the words "host key", with what is offered; nothing is sent until a person lists it."""
    former = " ".join((sshd.folder / "id_ed25519.pub").read_text().split()[:2])
    configure(mailbox, sshd, tmp_path.name, host_keys=[former])
    for command in (
        ("batches", "send"),
        ("inbound", "fetch"),
        ("exchange",),
        ("partners", "check", "house"),
        ("doctor",),
    ):
        ran = mailbox(*command, code=4)
        assert "host key" in ran.err + ran.text, command
        assert all(len(line) < 500 for line in ran.said)
    assert delivered(sshd, tmp_path.name) == []
    assert_kept(mailbox)
    offered = mailbox("partners", "check", "house", code=4).text
    line = re.search(r"ssh-ed25519 AAAA\S+", offered)
    assert line, offered
    configure(mailbox, sshd, tmp_path.name, host_keys=[line[0]])
    mailbox("partners", "check", "house")
    mailbox("batches", "send")
    assert delivered(sshd, tmp_path.name) == ["1_000000001.txt"]


def test_no_host_key_at_all_is_refused_with_the_one_to_list(mailbox: Gateway, sshd: SshServer, tmp_path: Path) -> None:
    """The first connection is no exception."""
    configure(mailbox, sshd, tmp_path.name, host_keys=[])
    ran = mailbox("batches", "send", code=4)
    assert "host key" in ran.err
    assert_kept(mailbox)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"key": "file:keys/none"}, 2, "file:keys/none: cannot be read"),
        ({"key": "env:NO_SUCH_KEY"}, 2, "env:NO_SUCH_KEY: this environment variable is not set"),
        ({"key": "command:exit 3"}, 2, "command:exit 3"),
        ({"key": "file:gateway.toml"}, 2, "private key"),
        ({"host_keys": ["ssh-ed25519 nonsense"]}, 2, "host key ssh-ed25519"),
        ({"port": 1}, 3, "cannot be reached"),
    ],
)
def test_what_keeps_a_mailbox_shut(
    mailbox: Gateway, sshd: SshServer, tmp_path: Path, change: dict[str, object], code: int, said: str
) -> None:
    """One clear line by partner, the same code from every command, and nothing lost."""
    configure(mailbox, sshd, tmp_path.name, **change)
    for command in (("batches", "send"), ("inbound", "fetch"), ("exchange",)):
        ran = mailbox(*command, code=code)
        (line,) = ran.said
        assert line.startswith("house: ")
        assert said in line
    checked = mailbox.data("partners", "check", "house", code=code)
    assert any(one["level"] == "error" and one["mend"] for one in checked)
    mailbox("doctor", code=code)
    assert_kept(mailbox)


def test_a_refused_login(mailbox: Gateway, sshd: SshServer, tmp_path: Path) -> None:
    """A key that the partner does not know is configuration."""
    assert mailbox.home
    (mailbox.home / "keys" / "id").write_text(sshd.private_key("stranger"))
    ran = mailbox("exchange", code=2)
    assert len(ran.said) == 1
    assert "PRIVATE KEY" not in ran.err
    assert_kept(mailbox)


def test_a_missing_folder_at_the_partner(mailbox: Gateway, sshd: SshServer, tmp_path: Path) -> None:
    """Named, with the profile's key that mends it."""
    configure(mailbox, sshd, f"{tmp_path.name}/elsewhere")
    ran = mailbox("batches", "send", code=2)
    assert "elsewhere/inbound" in ran.err
    checked = mailbox.data("partners", "check", "house", code=2)
    assert any("[folders] send" in one["mend"] for one in checked)
    assert [one["state"] for one in mailbox.data("batches", "list")] in (["built"], ["failed"])
    configure(mailbox, sshd, tmp_path.name)
    mailbox("batches", "send")
    assert delivered(sshd, tmp_path.name) == ["1_000000001.txt"]


def test_the_other_partners_go_on(mailbox: Gateway, sshd: SshServer, tmp_path: Path) -> None:
    """One that cannot be reached keeps nobody waiting; the worst code is that of the run."""
    assert mailbox.home
    text = folder_profile().replace('["*"]', '["99001", "99002", "99003", "99004", "99100"]')
    (mailbox.home / "sftp_config" / "near.toml").write_text(text.replace("ZZ:EXAMPLE", "ZZ:OTHER"))
    configure(mailbox, sshd, tmp_path.name, port=1)
    mailbox("claims", "import", write_ndjson(tmp_path / "d.ndjson", claims(2, 44)))
    ran = mailbox("exchange", "--json", code=3)
    assert {one["partner"] for one in ran.json["errors"]} == {"house"}
    assert [one["partner"] for one in ran.json["sent"]] == ["near"]
    assert len(ran.said) == 1
    assert len(list((mailbox.home / "partner" / "inbound").iterdir())) == 1


def test_secrets_are_never_repeated(mailbox: Gateway, sshd: SshServer, tmp_path: Path) -> None:
    """Neither the value nor what a command printed stands in any message, at any level."""
    assert mailbox.home
    secret = mailbox.home / "keys" / "pw"
    secret.write_text("hunter2")
    text = sftp_profile(sshd.port, sshd.user, [sshd.host_key_lines["ssh-ed25519"]], "command:echo hunter2; exit 0")
    for password in ("file:keys/pw", "command:cat keys/pw", "command:cat keys/pw; exit 1"):
        profile = text.replace('"command:echo hunter2; exit 0"', json.dumps(password))
        (mailbox.home / "sftp_config" / "house.toml").write_text(profile)
        for command in (("exchange",), ("doctor",), ("partners", "check", "house"), ("partners", "list")):
            ran = Gateway()("--home", mailbox.home, "--log-level", "debug", *command, code=None)
            assert "hunter2" not in ran.text + ran.err
