"""The keys of archive and backups on the command line: made, copied, changed, lost, found again."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_home import claims, new_home, picture, write_ndjson
from cli_run import Gateway

from gateway.vault.keys import new_key


@pytest.fixture
def house(tmp_path: Path) -> Gateway:
    """A home with two files in its archive."""
    gateway = new_home(tmp_path / "home")
    for seed in (1, 2):
        gateway("claims", "import", write_ndjson(tmp_path / f"{seed}.ndjson", claims(2, seed)))
        gateway("batches", "build")
    return gateway


def home_of(gateway: Gateway) -> Path:
    assert gateway.home is not None
    return gateway.home


def key_file(gateway: Gateway) -> Path:
    return home_of(gateway) / "keys" / "archive.key"


def set_keys(gateway: Gateway, key: str, *former: str) -> None:
    """What `gateway.toml` says of keys."""
    path = home_of(gateway) / "gateway.toml"
    head, _, rest = path.read_text().partition("[encryption]")
    rest = rest.partition("\n[")[2]
    path.write_text(f'{head}[encryption]\nkey = "{key}"\nformer = {json.dumps(former)}\n[{rest}')


def of_encryption(gateway: Gateway) -> list[tuple[str, str]]:
    found: Any = gateway.data("doctor", "--offline", code=None)
    return [(one["level"], one["text"]) for one in found if one["what"] == "encryption"]


def test_a_new_home_has_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    """Made once, never shown, outside the archive; `init` says that it must be kept elsewhere too."""
    ran = Gateway()("init", tmp_path / "home")
    path = tmp_path / "home" / "keys" / "archive.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"made {path}" in ran.text
    assert "keep a copy elsewhere" in ran.text
    text = path.read_text()
    assert text.strip() not in ran.text + ran.err
    Gateway()("init", tmp_path / "home")
    assert path.read_text() == text
    path.unlink()
    assert str(path) not in Gateway()("init", tmp_path / "home").text, "a key that is lost is not made anew in silence"
    assert not path.exists()


def test_a_home_that_came_with_a_key_keeps_it(tmp_path: Path) -> None:
    """The key was put there before `init`: for a restore on another machine."""
    (tmp_path / "home" / "keys").mkdir(parents=True)
    text = f"{new_key().text()}\n"
    (tmp_path / "home" / "keys" / "archive.key").write_text(text)
    Gateway()("init", tmp_path / "home")
    assert (tmp_path / "home" / "keys" / "archive.key").read_text() == text


def test_what_is_built_is_sealed(house: Gateway) -> None:
    """No name of a claim's document stands in any file of the archive, and `export` gives the bytes all the same."""
    names = [path for path in (home_of(house) / "data" / "archive").rglob("*") if path.is_file()]
    assert len(names) == 2
    whole = house("batches", "export", 1).out
    assert b"NM1*85*" in whole
    assert all(b"NM1*" not in path.read_bytes() for path in names)
    archived = [str(path.relative_to(home_of(house) / "data" / "archive")) for path in names]
    assert whole in {house("store", "export", name).out for name in archived}


def test_doctor_warns_until_there_is_a_copy(house: Gateway, tmp_path: Path) -> None:
    """Made, or compared; a copy of another key is refused and does not count."""
    (said, warned) = of_encryption(house)
    assert said[0] == "ok"
    assert warned[0] == "warning"
    assert "no copy of the key" in warned[1]
    other = tmp_path / "other.key"
    Gateway()("keys", "new", other)
    assert "and the one in use is" in house("keys", "check", other, code=2).line
    assert len(of_encryption(house)) == 2
    shutil.copy(key_file(house), tmp_path / "copy.key")
    key = house.data("keys", "check", tmp_path / "copy.key")["key"]
    assert of_encryption(house) == [("ok", f"archive and backups are sealed with the key {key}")]
    assert house.data("keys", "copy", tmp_path / "second.key") == {"key": key}
    assert (tmp_path / "second.key").read_bytes() == key_file(house).read_bytes()
    assert (tmp_path / "second.key").stat().st_mode & 0o777 == 0o600
    assert house("keys", "copy", tmp_path / "second.key", code=2).line.startswith(f"gateway: {tmp_path}/second.key: ")
    assert house("keys", "check", "-", stdin=key_file(house).read_bytes()).text.startswith(
        "standard input: a good copy"
    )
    (row,) = house.data("keys", "list")["keys"]
    assert (row["key"], row["in_use"], row["files"]) == (key, True, 2)
    assert row["copied_at"]


def test_a_new_key_takes_the_place_of_the_old_one(house: Gateway) -> None:
    """With both named all can be read; after `rekey` the former one is needed no more."""
    before = house("batches", "export", 1).out
    new = house.data("keys", "new", home_of(house) / "keys" / "new.key")["key"]
    set_keys(house, "file:keys/new.key", "file:keys/archive.key")
    assert house("batches", "export", 1).out == before
    assert ("warning", "0 archive files are not sealed, 2 have a former key") in of_encryption(house)
    there = picture(home_of(house))
    assert house.data("store", "rekey", "--dry-run") == {"files": 2, "changed": 2, "faults": []}
    assert picture(home_of(house)) == there
    assert house.data("store", "rekey") == {"files": 2, "changed": 2, "faults": []}
    assert house.data("store", "rekey") == {"files": 2, "changed": 0, "faults": []}
    set_keys(house, "file:keys/new.key")
    assert house("batches", "export", 1).out == before
    assert house.data("keys", "list")["keys"][0]["key"] == new
    house("store", "check")


def test_a_home_without_a_key_goes_on_and_can_be_sealed(house: Gateway, tmp_path: Path) -> None:
    """As every home of an earlier version: nothing is sealed, `doctor` says so, the first `rekey` seals all."""
    path = home_of(house) / "gateway.toml"
    text = path.read_text()
    head, _, rest = text.partition("[encryption]")
    old = new_home(tmp_path / "old")
    (tmp_path / "old" / "gateway.toml").write_text(f"{head}[{rest.partition('[')[2].partition('[')[2]}")
    (tmp_path / "old" / "keys" / "archive.key").unlink()
    old("claims", "import", tmp_path / "1.ndjson")
    old("batches", "build")
    assert of_encryption(old) == [("warning", "archive and backups are not sealed")]
    assert "this home has no key" in old("store", "rekey", code=2).line
    assert old("store", "backup", tmp_path / "plain.db").text.endswith("not sealed: this home has no key\n")
    with closing(sqlite3.connect(tmp_path / "plain.db")) as copy:
        assert copy.execute("SELECT count(*) FROM claims").fetchone() == (2,)
    whole = old("batches", "export", 1).out
    (tmp_path / "old" / "gateway.toml").write_text(text)
    old("keys", "new", tmp_path / "old" / "keys" / "archive.key")
    assert old.data("store", "rekey") == {"files": 1, "changed": 1, "faults": []}
    assert old("batches", "export", 1).out == whole
    old("store", "check")
    old("store", "restore", tmp_path / "plain.db", "--reason", "of before", code=1)
    assert len(old.data("claims", "list")) == 2


def test_a_lost_key_stops_what_needs_it_and_nothing_is_lost(house: Gateway, tmp_path: Path) -> None:
    """One line that names the reference; nothing is built in the clear; with the key again, all goes on."""
    key_file(house).rename(tmp_path / "away.key")
    for command in (
        ("batches", "export", 1),
        ("store", "backup", tmp_path / "b.db"),
        ("keys", "list"),
        ("store", "rekey"),
    ):
        assert "file:keys/archive.key" in house(*command, code=2).line, command
    house("claims", "import", write_ndjson(tmp_path / "3.ndjson", claims(2, 3)))
    assert "file:keys/archive.key" in house("batches", "build", code=2).said[-1]
    assert [one for one in house.data("doctor", "--offline", code=2) if one["level"] == "error"]
    (tmp_path / "away.key").rename(key_file(house))
    house("batches", "build")
    assert house.data("store", "check")


def test_a_backup_is_sealed_and_comes_back_on_another_machine(house: Gateway, tmp_path: Path) -> None:
    """With the key and the archive; with another key one line says which is needed, and nothing was changed."""
    backup = tmp_path / "monday.backup"
    document = house.data("store", "backup", backup)
    assert document["size"] == backup.stat().st_size
    assert b"SQLite" not in backup.read_bytes()
    assert [path.name for path in backup.parent.glob("monday*")] == ["monday.backup"]
    other = Gateway(tmp_path / "other")
    other("init")
    shutil.copytree(home_of(house) / "data" / "archive", tmp_path / "other" / "data" / "archive")
    ran = other("store", "restore", backup, "--reason", "a new machine", code=2)
    assert ran.line.startswith(f"gateway: {backup} is sealed with the key {document['key']}, which is not known here: ")
    assert not (tmp_path / "other" / "data" / "claims.db").exists()
    shutil.copy(key_file(house), tmp_path / "other" / "keys" / "of-before.key")
    set_keys(other, "file:keys/archive.key", "file:keys/of-before.key")
    other("store", "restore", backup, "--reason", "a new machine", code=1)
    assert {one["state"] for one in other.data("batches", "list")} == {"unknown"}
    assert [one["sha256"] for one in other.data("batches", "list")] == [
        one["sha256"] for one in house.data("batches", "list")
    ]
    assert other("batches", "export", 2).out == house("batches", "export", 2).out
    left = {path.name for path in (tmp_path / "other" / "data").iterdir()}
    assert not [name for name in left if name.endswith((".opened", ".part", ".copy"))]


@pytest.mark.parametrize("damage", ["cut", "flipped", "only a header"])
def test_a_damaged_backup_is_refused(house: Gateway, tmp_path: Path, damage: str) -> None:
    """It is not put in the place of the store."""
    backup = tmp_path / "monday.backup"
    house("store", "backup", backup)
    raw = bytearray(backup.read_bytes())
    raw[len(raw) // 2] ^= 1
    backup.write_bytes({"cut": raw[: len(raw) // 2], "flipped": raw, "only a header": raw[:9]}[damage])
    there = picture(home_of(house))
    ran = house("store", "restore", backup, "--reason", "a drill", code=2)
    assert ran.line.startswith(f"gateway: {backup} ")
    assert picture(home_of(house)) == there


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("key = 1", "[encryption] key: must be text"),
        ('key = ""\nformer = "file:a"', "[encryption] former: must be a list of references to keys"),
        ('keys = "file:a"', "is no key of this table; did you mean 'key'?"),
    ],
)
def test_slips_in_the_configuration_are_named(house: Gateway, lines: str, said: str) -> None:
    """File, line and key."""
    path = home_of(house) / "gateway.toml"
    path.write_text(f"[encryption]\n{lines}\n")
    assert said in house("batches", "export", 1, code=2).line


def test_a_key_may_come_from_a_program_or_the_environment(house: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of what a program gives is its keeper's business: `doctor` does not ask for one."""
    monkeypatch.setenv("GATEWAY_TEST_KEY", key_file(house).read_text())
    set_keys(house, "env:GATEWAY_TEST_KEY")
    assert house("batches", "export", 1).out
    set_keys(house, "command:cat keys/archive.key")
    assert [level for level, _ in of_encryption(house)] == ["ok"]
