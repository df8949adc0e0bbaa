"""`gateway x12 deidentify` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_home import claims
from cli_run import Gateway


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """An 837 file."""
    path = tmp_path / "oakshott_greta.837"
    path.write_bytes(Gateway()("x12", "write", stdin=json.dumps(claims(1)[0]).encode()).out)
    return path


def test_a_copy_goes_to_standard_output_or_to_a_file(batch: Path, tmp_path: Path) -> None:
    """Both are the same under one key, the file is for its owner alone, and a file that is there is left alone."""
    key, copy = tmp_path / "key", tmp_path / "copy.837"
    key.write_text("a key of a good length\n")
    printed = Gateway()("x12", "deidentify", batch, "--key", f"file:{key}").out
    Gateway()("x12", "deidentify", batch, "--key", f"file:{key}", "--output", copy)
    assert copy.read_bytes() == printed != batch.read_bytes()
    assert copy.stat().st_mode & 0o077 == 0
    ran = Gateway()("x12", "deidentify", batch, "--output", copy, code=2)
    assert copy.read_bytes() == printed and "is there already" in ran.err


def test_without_a_key_each_run_is_another(batch: Path) -> None:
    """A key that nobody gave is made and forgotten."""
    assert Gateway()("x12", "deidentify", batch).out != Gateway()("x12", "deidentify", batch).out


def test_several_copies_are_numbered(batch: Path, tmp_path: Path) -> None:
    """The names of the files, which may name patients, are not those of the copies; several need a folder."""
    ran = Gateway()("x12", "deidentify", batch, batch, code=2)
    assert "--output DIR" in ran.err
    Gateway()("x12", "deidentify", batch, batch, "--output", tmp_path / "copies")
    one, two = sorted((tmp_path / "copies").iterdir())
    assert (one.name, two.name) == ("0001.edi", "0002.edi") and one.read_bytes() == two.read_bytes()


def test_what_cannot_be_copied_is_one_line(batch: Path, tmp_path: Path) -> None:
    """No X12, no file, a short key, a key that is not there: exit code 2, and no copy."""
    other = tmp_path / "letter.txt"
    other.write_text("Dear Greta")
    out = tmp_path / "out"
    for arguments in (
        (other, "--output", out),
        (tmp_path / "gone", "--output", out),
        (batch, "--output", out, "--key", "env:NOT_SET_ANYWHERE"),
        (batch, "--output", out, "--key", f"file:{other}"),
    ):
        ran = Gateway()("x12", "deidentify", *arguments, code=2)
        assert len(ran.err.splitlines()) == 1 and "Greta" not in ran.err
    assert not out.exists()
