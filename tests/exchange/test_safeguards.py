"""What `doctor` finds out about the safety of a home: modes of files, links, the disk, the way to the database."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from practice import Practice, in_a_folder

from gateway.app import App
from gateway.exchange.volumes import on_encrypted_disk
from gateway.home import Home
from gateway.store import Store
from gateway.store.privacy import travels_in_the_clear


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A process whose files everybody may read, unless the program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def said(practice: Practice, what: str) -> list[tuple[str, str]]:
    found = practice.json("doctor", "--offline", code=None)
    return [(one["level"], one["text"]) for one in found if one["what"] == what]


def open_to_others(home: Path) -> list[str]:
    """What in a home others may look into, change or enter."""
    found = [path for path in (home, *home.rglob("*")) if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    return sorted(str(path.relative_to(home)) for path in found)


def test_what_the_gateway_makes_is_for_its_owner_alone(tmp_path: Path, open_umask: None) -> None:
    """Whatever the umask: home, key, profile, store with its side files, archive, locks, spool, backup."""
    practice = Practice.make(tmp_path / "home", f"sqlite:///{tmp_path}/home/data/claims.db")
    practice.gateway("partners", "add", "house", "--like", "generic", code=None)
    practice.take_in(2)
    app = App(Home.open(practice.home))
    with app.spool() as spool:
        spool.write(b"x")
        with app.store.write(), app.archive.writer("sent", datetime(2026, 1, 31, tzinfo=UTC)) as writer:
            writer.write(b"x")
            assert open_to_others(practice.home) == ["claims1.json"], "and that one is the test's own"
            writer.commit()
    app.close()
    practice.gateway("store", "backup", str(practice.home / "copy.backup"))
    practice.gateway("keys", "copy", str(practice.home / "copy.key"))
    assert open_to_others(practice.home) == ["claims1.json"]


def test_doctor_names_what_others_may_read_and_links(practice: Practice, tmp_path: Path) -> None:
    """With the command that mends it; and nothing where all is well."""
    for path in (practice.home / "keys").iterdir():
        path.chmod(0o600)
    assert [level for level, _ in said(practice, "permissions")] == ["ok"]
    archive = practice.home / "data" / "archive"
    (archive / "received").symlink_to(tmp_path)
    (practice.home / "data" / "note.txt").touch()
    (practice.home / "data" / "note.txt").chmod(0o644)
    (practice.home / "data" / "locks").mkdir(exist_ok=True)
    (practice.home / "data" / "locks").chmod(0o755)
    found = said(practice, "permissions")
    assert found == [
        ("warning", f"2 files and folders can be read by others, {practice.home}/data/locks for one"),
        ("error", f"{archive}/received is a link: the archive follows none"),
    ]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ({"sda1": ""}, False),
        ({"dm-0": "CRYPT-LUKS2-0123-home"}, True),
        ({"dm-1": "LVM-abc", "dm-1/slaves/dm-0": "CRYPT-LUKS2-0123"}, True),
        ({"dm-1": "LVM-abc", "dm-1/slaves/sda1": ""}, False),
        ({"md0": "", "md0/slaves/dm-0": "CRYPT-LUKS2-1", "md0/slaves/sdb": ""}, False),
    ],
)
def test_an_encrypted_disk_is_known_by_its_layers(tmp_path: Path, layers: dict[str, str], expected: bool) -> None:
    """Logical volumes and mirrors are as good as the worst disk below them."""
    for place, uuid in layers.items():
        folder = tmp_path / "devices" / place
        folder.mkdir(parents=True)
        if uuid:
            (folder / "dm").mkdir()
            (folder / "dm" / "uuid").write_text(f"{uuid}\n")
    device = tmp_path.stat().st_dev
    blocks = tmp_path / "dev" / "block"
    blocks.mkdir(parents=True)
    assert on_encrypted_disk(tmp_path, tmp_path) is None
    (blocks / f"{os.major(device)}:{os.minor(device)}").symlink_to(tmp_path / "devices" / next(iter(layers)))
    assert on_encrypted_disk(tmp_path, tmp_path) is expected


def test_doctor_asks_for_an_encrypted_disk_until_it_has_one(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found out by itself, or said by a person in gateway.toml: a volume may be encrypted out of sight."""
    from gateway.exchange import safeguards

    file = practice.home / "gateway.toml"
    text = file.read_text()
    told = text.replace("former = []", 'former = []\ndisk = "encrypted"')
    for found, written, level in (
        (True, text, "ok"),
        (None, text, "warning"),
        (False, text, "warning"),
        (None, told, "ok"),
        (False, told, "ok"),
    ):
        monkeypatch.setattr(safeguards, "on_encrypted_disk", lambda _, found=found: found)
        file.write_text(written)
        assert [one for one, _ in said(practice, "disk encryption")] == [level], (found, level)
    file.write_text(text.replace("former = []", 'former = []\ndisk = "yes"'))
    assert '[encryption] disk: must be "encrypted"' in practice.gateway("claims", "list", code=2).err


def test_the_way_to_a_store_on_this_machine_is_private(store: Store) -> None:
    """A file, a socket and the loopback address are nobody's business; both stores of the tests are such."""
    with store.read() as conn:
        assert not travels_in_the_clear(conn)


def test_a_practice_in_production_is_asked_whom_to_tell(practice: Practice, tmp_path: Path) -> None:
    """With test partners alone nobody needs to be told at night; with a production one that is a finding."""
    practice.partner(in_a_folder(tmp_path / "partner"))
    assert said(practice, "alerts") == [("ok", "nobody is told: gateway.toml has no [alerts]")]
    profile = practice.home / "sftp_config" / "house.toml"
    profile.write_text(profile.read_text().replace('usage = "test"', 'usage = "production"'))
    assert said(practice, "alerts") == [("warning", "nobody is told: gateway.toml has no [alerts]")]
