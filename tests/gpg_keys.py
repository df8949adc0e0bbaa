"""Keys for tests of sealed files, made by the real gpg; skipped where there is none, and on CI it must be."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest


class Pair(NamedTuple):
    """A key pair, armored."""

    public: str
    secret: str


class KeyMaker:
    """Makes key pairs in a key ring of its own."""

    def __init__(self, ring: Path) -> None:
        self._ring = ring

    def make(self, name: str, passphrase: str = "", *, made: str = "", expires: str = "never") -> Pair:
        """`made`: the day on which it pretends to be made, such as 20200101."""
        user = f"{name} <{name}@example.com>"
        locked = ["--pinentry-mode", "loopback", "--passphrase", passphrase]
        clock = ["--faked-system-time", f"{made}T000000!"] if made else []
        self._gpg(*clock, *locked, "--quick-generate-key", user, "future-default", "default", expires)
        public = self._gpg("--armor", "--export", user)
        return Pair(public, self._gpg(*locked, "--armor", "--export-secret-keys", user))

    def _gpg(self, *arguments: str) -> str:
        command = ["gpg", "--homedir", str(self._ring), "--batch", "--quiet", "--yes", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def key_maker() -> Iterator[KeyMaker]:
    """Makes keys; a path of a socket may have some hundred bytes only, so not below pytest's own folder."""
    if shutil.which("gpg") is None:
        if os.environ.get("CI"):
            pytest.fail("gpg is not installed, and on CI it must be")
        pytest.skip("gpg is not installed")
    with tempfile.TemporaryDirectory(prefix="gw-gpg-", ignore_cleanup_errors=True) as folder:
        yield KeyMaker(Path(folder))
        subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], capture_output=True, check=False)


@pytest.fixture(scope="session")
def ours(key_maker: KeyMaker) -> Pair:
    return key_maker.make("ours", "open sesame")


@pytest.fixture(scope="session")
def theirs(key_maker: KeyMaker) -> Pair:
    return key_maker.make("theirs")


@pytest.fixture(scope="session")
def stranger(key_maker: KeyMaker) -> Pair:
    return key_maker.make("stranger")
