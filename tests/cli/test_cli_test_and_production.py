"""A test claim cannot reach a production mailbox, whatever is edited, copied or restored between build and send."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_home import claims, folder_profile, new_home, write_ndjson
from cli_run import Gateway

PRODUCTION = "production box"  # the mailbox of production, a folder beside the homes
WAITS = ("built", "unknown")  # what was built is unknown in a store that was restored


class Homes(NamedTuple):
    """A test home with a built batch, and a production home that has delivered one."""

    test: Gateway
    production: Gateway
    box: Path  # of production

    def profile(self, gateway: Gateway, old: str, new: str) -> None:
        assert gateway.home is not None
        path = gateway.home / "sftp_config" / "house.toml"
        text = path.read_text()
        assert old in text, (old, text)
        path.write_text(text.replace(old, new))

    def tests_in_production(self) -> list[str]:
        """Files with ISA15 T in the production mailbox."""
        files = (path for path in self.box.rglob("*") if path.is_file())
        return [path.name for path in files if path.read_bytes().split(b"*")[15:16] == [b"T"]]


@pytest.fixture
def homes(tmp_path: Path) -> Homes:
    box = tmp_path / PRODUCTION
    for folder in ("inbound", "outbound"):
        (box / folder).mkdir(parents=True)
    test, production = new_home(tmp_path / "test"), new_home(tmp_path / "production")
    assert test.home is not None and production.home is not None
    path = production.home / "sftp_config" / "house.toml"
    path.write_text(folder_profile(str(box)).replace('"test"', '"production"'))
    production("claims", "import", write_ndjson(tmp_path / "p.ndjson", claims(1, 7)))
    production("exchange")
    test("claims", "import", write_ndjson(tmp_path / "t.ndjson", claims(2)))
    test("batches", "build")
    return Homes(test, production, box)


def _production_profile(homes: Homes) -> None:
    """The production profile is put over the test one."""
    assert homes.test.home is not None and homes.production.home is not None
    file = Path("sftp_config") / "house.toml"
    shutil.copy(homes.production.home / file, homes.test.home / file)


def _usage(homes: Homes) -> None:
    homes.profile(homes.test, '"test"', '"production"')


def _copied_home(homes: Homes) -> None:
    """The data of the test home, with its built batch, is copied under the production configuration."""
    assert homes.production.home is not None and homes.test.home is not None
    shutil.rmtree(homes.production.home / "data")
    shutil.copytree(homes.test.home / "data", homes.production.home / "data")
    shutil.copytree(homes.test.home / "keys", homes.production.home / "keys", dirs_exist_ok=True)


def _back_to_test(homes: Homes) -> None:
    """The production home goes back to test, with the production mailbox still in the profile."""
    homes.profile(homes.production, '"production"', '"test"')
    homes.production("claims", "import", write_ndjson(homes.box.parent / "more.ndjson", claims(2, 9)))
    homes.production("batches", "build")


def _restored(homes: Homes) -> None:
    """The test store is restored in the production home by somebody who insists."""
    assert homes.production.home is not None and homes.test.home is not None
    copy = homes.box.parent / "test.db"
    homes.test("store", "backup", copy)
    shutil.copytree(homes.test.home / "keys", homes.production.home / "keys", dirs_exist_ok=True)
    ran = homes.production("store", "restore", copy, "--reason", "it", code=4)
    assert "is the backup of a home for test, and this home is for production" in ran.err
    shutil.rmtree(homes.production.home / "data" / "archive")
    homes.production("store", "restore", copy, "--reason", "it", "--other-usage", code=1)


WAYS: dict[str, tuple[Callable[[Homes], None], str]] = {
    "the usage is changed": (_usage, "test"),
    "the profile is replaced": (_production_profile, "test"),
    "the data are copied": (_copied_home, "production"),
    "the store is restored": (_restored, "production"),
    "production goes back to test": (_back_to_test, "production"),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_test_file_goes_to_production(homes: Homes, way: str) -> None:
    """Sent, exchanged, delivered as one step or resent: refused with one line, nothing there, and the batch waits."""
    change, where = WAYS[way]
    change(homes)
    gateway = homes.test if where == "test" else homes.production
    (batch,) = (one["id"] for one in gateway.data("batches", "list") if one["state"] in WAITS)
    for command in (("batches", "send"), ("exchange",), ("step", "deliver", batch), ("batches", "resend", batch)):
        ran = gateway(*command, code=None)
        assert ran.code in (1, 2, 4), (command, ran.err)
    assert homes.tests_in_production() == []
    assert {one["id"]: one["state"] for one in gateway.data("batches", "list")}[batch] in WAITS


def test_a_test_may_go_there_where_the_partner_knows_it_by_its_name(homes: Homes) -> None:
    """Office Ally has one mailbox for both. A name that has the partner's mark is what tells them apart."""
    homes.profile(homes.production, '"production"', '"test"')
    files = '[files]\ntest_mark = "OATEST"\nsend_name = "OATEST_{batch}_{icn}.txt"\n\n[folders]'
    homes.profile(homes.production, "[folders]", files)
    homes.production("claims", "import", write_ndjson(homes.box.parent / "more.ndjson", claims(1, 9)))
    homes.production("exchange")
    (name,) = homes.tests_in_production()
    assert name.startswith("OATEST_")


def test_a_backup_of_production_is_refused_in_a_test_home(homes: Homes) -> None:
    """What is ready in it are real patients; a test mailbox is none of their business."""
    copy = homes.box.parent / "production.db"
    homes.production("store", "backup", copy)
    assert homes.test.home is not None and homes.production.home is not None
    shutil.copytree(homes.production.home / "keys", homes.test.home / "keys", dirs_exist_ok=True)
    before = homes.test.data("claims", "list")
    ran = homes.test("store", "restore", copy, "--reason", "to look at it", code=4)
    assert "is the backup of a home for production, and this home is for test" in ran.err
    assert homes.test.data("claims", "list") == before
