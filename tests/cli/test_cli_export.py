"""`gateway export` as a practice's own system uses it: a file, a cursor, and nothing twice or never."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

from cli_run import Gateway


def test_a_cursor_in_a_file_is_kept_when_all_is_written(own: Gateway, tmp_path: Path) -> None:
    """Everything the first time, nothing the second; where the output cannot be written, the cursor stays."""
    out, cursor = tmp_path / "postings.csv", tmp_path / "cursor"
    own("export", "postings", "--output", tmp_path / "no" / "postings.csv", "--cursor-file", cursor, code=2)
    assert list(tmp_path.glob("cursor*")) == []
    ran = own("export", "postings", "--output", out, "--cursor-file", cursor)
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert rows and len({row["key"] for row in rows}) == len(rows)
    assert ran.err.strip() == f"cursor: {cursor.read_text().strip()}"
    before = cursor.read_text()
    own("export", "postings", "--output", out, "--cursor-file", cursor)
    assert out.read_text().count("\n") == 1, "the head alone"
    assert cursor.read_text() == before


_DIES = """
import os, signal, sys
from gateway.cli import export, run
export.note = lambda _: os.kill(os.getpid(), signal.SIGKILL)
run(sys.argv[1:])
"""


def test_a_job_killed_before_the_cursor_is_kept_gets_the_same_rows(own: Gateway, tmp_path: Path) -> None:
    """The output is there and the cursor is not. A payment moves on; the same rows come, and then what moved."""
    out, cursor = tmp_path / "postings.csv", tmp_path / "cursor"
    command = ["--home", str(own.home), "export", "postings", "--output", str(out), "--cursor-file", str(cursor)]
    dead = subprocess.run([sys.executable, "-c", _DIES, *command], check=False, capture_output=True)
    assert (dead.returncode, cursor.exists()) == (-signal.SIGKILL, False), dead.stderr
    taken = out.read_bytes()
    own("remittances", "unmatch", "1.1", "--reason", "nobody's")
    assert "broken off" in own("export", "postings", "--output", out, "--cursor-file", cursor).said[0]
    assert out.read_bytes() == taken
    own("export", "postings", "--output", out, "--cursor-file", cursor)
    kinds = [row["kind"] for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))]
    assert kinds == ["moved_out", "moved_in"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["cursor", "postings.csv"]


def test_the_same_rows_in_every_form(own: Gateway) -> None:
    """CSV, a JSON object a line, and one JSON document say the same."""
    for kind in ("postings", "lines", "patients"):
        table = list(csv.DictReader(io.StringIO(own("export", kind).text)))
        lines = [json.loads(line) for line in own("export", kind, "--format", "ndjson").text.splitlines()]
        document = own("export", kind, "--json").json
        assert document["items"] == lines and lines
        assert [row["key"] for row in table] == [row["key"] for row in lines]
        assert own("export", kind, "--since", document["cursor"], "--json").json["items"] == []


def test_a_document_is_not_written_to_a_file_without_a_word(own: Gateway, tmp_path: Path) -> None:
    """--json and --output contradict each other, and nothing is made."""
    assert (
        "--json goes to standard output"
        in own("export", "lines", "--json", "--output", tmp_path / "x", "--cursor-file", tmp_path / "c", code=2).line
    )
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_wrong_cursor_is_one_line(own: Gateway, tmp_path: Path) -> None:
    assert "no cursor" in own("export", "lines", "--since", "x", code=2).line
    cursor = own("export", "lines", "--json").json["cursor"]
    assert "not of `export postings`" in own("export", "postings", "--since", cursor, code=2).line
    (tmp_path / "cursor").write_bytes(b"\xff")
    assert "cannot be read as a cursor" in own("export", "lines", "--cursor-file", tmp_path / "cursor", code=2).line
