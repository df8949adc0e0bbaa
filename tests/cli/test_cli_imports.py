"""Starting is quick because commands import what they need, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_home import claims
from cli_run import Gateway

HEAVY = ("sqlalchemy", "alembic", "paramiko", "cryptography", "pyx12", "pydantic", "rich", "structlog", "psycopg")
_LOADED = """
import sys
from gateway.cli import run
code = run(sys.argv[1:])
print("LOADED", code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(*arguments: str, stdin: bytes = b"") -> set[str]:
    """The packages that a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], input=stdin, capture_output=True, check=True, timeout=60
    )
    words = done.stderr.decode().split("LOADED ")[-1].split()
    assert words[0] in "01", done.stderr
    return set(words[1:])


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An 837 file."""
    path = tmp_path_factory.mktemp("imports") / "batch.837"
    path.write_bytes(Gateway()("x12", "write", stdin=json.dumps(claims(1)[0]).encode()).out)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("x12", "--help"),
        ("x12", "inspect", "FILE"),
        ("x12", "read", "FILE"),
        ("x12", "write"),
        ("x12", "validate", "FILE"),
        ("x12", "deidentify", "FILE"),
        ("claims", "schema"),
    ],
    ids=" ".join,
)
def test_commands_without_a_home_load_no_driver(batch: Path, arguments: tuple[str, ...]) -> None:
    """No database, no SSH, no second judge, no terminal library."""
    given = [str(batch) if word == "FILE" else word for word in arguments]
    assert loaded(*given, stdin=json.dumps(claims(1)[0]).encode()) & set(HEAVY) == set()


def test_the_second_opinion_is_loaded_when_asked_for(batch: Path) -> None:
    """pyx12 alone, where it is asked."""
    assert loaded("x12", "validate", str(batch), "--second-opinion") & set(HEAVY) == {"pyx12"}


def test_a_store_is_opened_without_ssh(tmp_path: Path) -> None:
    """A command on the store loads no SSH, and no second judge."""
    Gateway()("init", tmp_path / "home")
    found = loaded("--home", str(tmp_path / "home"), "claims", "list")
    assert "sqlalchemy" in found
    assert found & {"paramiko", "pyx12", "pydantic"} == set()
