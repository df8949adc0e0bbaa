"""The command line as a person meets it: run in this process with captured streams, or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from gateway.cli import run

TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Ran:
    """One command that ended."""

    arguments: tuple[str, ...]
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> list[str]:
        """What was said beside the data, a line each."""
        return self.err.splitlines()

    @property
    def line(self) -> str:
        """The one line that was said beside the data, without the runbook that it names."""
        assert len(self.said) == 1, self.said
        return self.said[0].partition(" (gateway runbook ")[0]


@dataclass(frozen=True)
class Gateway:
    """The program with a home and an environment."""

    home: Path | None = None
    environ: Mapping[str, str] | None = None

    def __call__(self, *arguments: object, stdin: bytes = b"", code: int | None = 0) -> Ran:
        """Runs a command in this process; fails where it does not leave with `code` (None: any but a bug)."""
        given = self._given(arguments)
        with _streams(stdin) as (out, err):
            found = run(given)
            out.flush()
            ran = Ran(given, found, _bytes(out), _bytes(err).decode())
        return self._checked(ran, code)

    def process(
        self, *arguments: object, stdin: bytes = b"", code: int | None = 0, before: str = "", **options: Any
    ) -> Ran:
        """Runs a command as a process of its own; `before` is shell that comes first, such as `ulimit -f 8;`."""
        given = self._given(arguments)
        command = [sys.executable, "-m", "gateway", *given]
        if before:
            command = ["/bin/sh", "-c", f'{before} exec "$@"', "sh", *command]
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        done = subprocess.run(command, input=stdin, env=self._environ(), timeout=120, check=False, **options)
        return self._checked(Ran(given, done.returncode, done.stdout or b"", (done.stderr or b"").decode()), code)

    def popen(self, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        """Starts a command as a process of its own."""
        command = [sys.executable, "-m", "gateway", *self._given(arguments)]
        return subprocess.Popen(command, env=self._environ(), **options)

    def data(self, *arguments: object, code: int | None = 0) -> Any:
        """What a command says with --json."""
        return self(*arguments, "--json", code=code).json

    def _given(self, arguments: tuple[object, ...]) -> tuple[str, ...]:
        home = ("--home", str(self.home)) if self.home else ()
        return (*home, *map(str, arguments))

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        return {**kept, "COLUMNS": "100", **(self.environ or {})}

    def _checked(self, ran: Ran, code: int | None) -> Ran:
        assert TRACEBACK not in ran.err, ran.err
        assert ran.code != 70, ran.err
        assert code in (None, ran.code), (ran.arguments, ran.code, ran.err[:2000])
        return ran


@contextlib.contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[TextIO, TextIO]]:
    before = sys.stdin, sys.stdout, sys.stderr
    streams = [io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="") for data in (stdin, b"", b"")]
    sys.stdin, sys.stdout, sys.stderr = streams
    try:
        yield streams[1], streams[2]
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _bytes(stream: TextIO) -> bytes:
    stream.flush()
    held = stream.buffer
    assert isinstance(held, io.BytesIO)
    return held.getvalue()
