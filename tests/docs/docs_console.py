"""Pages as programs: their ```console blocks are typed into a shell, and what it says is compared with the page.

A line of a page may hold `…` for what differs from run to run, and a line that is only `…` stands for any number of
lines. Two kinds of comments, which a reader does not see, prepare the ground: `<!-- file: NAME -->` before a block puts
it into a file, `<!-- situation: NAME -->` begins in a fresh home in which something has gone wrong, and
`<!-- then: NAME -->` lets the partner do something.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

REPOSITORY = Path(__file__).resolve().parents[2]
SERVICE_DAY = "2026-01-05"  # in pages: some weeks ago, whenever the pages are tried
PORT = "2222"
SECONDS = 120  # that one command may take

_FENCE = re.compile(r"^```(\w*)$")
_MARK = re.compile(r"^<!-- (file|situation|then): ([\w./-]+) -->$")


@dataclass(frozen=True)
class Step:
    """One thing to do: type a command, write a file, begin a situation, or let the partner act."""

    kind: Literal["command", "file", "situation", "then"]
    name: str  # the command's text, the file's name, the situation's name
    lines: tuple[str, ...]  # what is expected, or what the file holds
    at: int  # line of the page


def steps_of(text: str) -> list[Step]:
    """The steps of a page, in order."""
    return list(_steps(text.splitlines()))


def _steps(lines: list[str]) -> Iterator[Step]:
    waiting: tuple[str, int] | None = None  # the file that the next block is
    at = 0
    while at < len(lines):
        mark, fence = _MARK.match(lines[at]), _FENCE.match(lines[at])
        if mark and mark[1] == "file":
            waiting = mark[2], at + 1
        elif mark:
            yield Step("situation" if mark[1] == "situation" else "then", mark[2], (), at + 1)
        elif fence:
            end = next(number for number in range(at + 1, len(lines)) if lines[number] == "```")
            block = lines[at + 1 : end]
            if waiting:
                yield Step("file", waiting[0], tuple(block), waiting[1])
                waiting = None
            elif fence[1] == "console":
                yield from _commands(block, at + 2)
            at = end
        at += 1


def _commands(block: list[str], first: int) -> Iterator[Step]:
    command: list[str] = []
    expected: list[str] = []
    began = first
    for number, line in enumerate(block, first):
        if line.startswith("$ "):
            if command:
                yield Step("command", "\n".join(command), tuple(expected), began)
            command, expected, began = [line.removeprefix("$ ")], [], number
        elif command and not expected and command[-1].endswith("\\"):
            command.append(line)
        else:
            expected.append(line)
    if command:
        yield Step("command", "\n".join(command), tuple(expected), began)


def differences(expected: tuple[str, ...], said: str) -> str:
    """Nothing where what was said is what the page has; else both."""
    parts: list[str] = []
    for line in expected:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(map(re.escape, line.rstrip().split("…"))) + r"[ \t]*\n")
    if re.fullmatch("".join(parts), said):
        return ""
    return "the page has\n" + "\n".join(expected) + "\n\nthe program says\n" + said


class Shell:
    """A bash that keeps its folder, variables and jobs from one command to the next."""

    def __init__(self, folder: Path, scratch: Path, **variables: str) -> None:
        self._scratch = scratch
        self._count = 0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        environment |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(scratch),
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "GATEWAY_ACTOR": "maria",
            **variables,
        }
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        # The demo is what `make demo` runs; making the environment anew is not what is tried here.
        self.run('make() { [ "$*" = demo ] && gateway demo; }')

    def run(self, command: str) -> str:
        """What the command wrote to standard output and standard error."""
        self._count += 1
        file, end = self._scratch / f"command{self._count}.sh", f"__end_of_{self._count}__"
        file.write_text(command + "\n", encoding="utf-8")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f". {file} </dev/null\nprintf '\\n%s\\n' {end}\n")
        self._process.stdin.flush()
        watch = threading.Timer(SECONDS, self._kill)
        watch.start()
        said: list[str] = []
        try:
            for line in self._process.stdout:
                if line.rstrip("\n") == end:
                    return "".join(said).removesuffix("\n")
                said.append(line)
        finally:
            watch.cancel()
        raise AssertionError(f"the shell ended, or took more than {SECONDS} seconds: {command}\n{''.join(said)}")

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends it with everything that it started in the background."""
        with suppress(ProcessLookupError):
            self._kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()


class Surroundings:
    """What pages name and is another thing where they are tried: the day of service, since a claim must not be too old,
    and the port of the simulator, since several tests run at once."""

    def __init__(self) -> None:
        day = datetime.now(UTC) - timedelta(days=20)
        self._pairs = [
            (SERVICE_DAY, f"{day:%Y-%m-%d}"),
            (SERVICE_DAY.replace("-", ""), f"{day:%Y%m%d}"),
            ("01/05/2026", f"{day:%m/%d/%Y}"),
            (PORT, str(_free_port())),
        ]

    def of_here(self, text: str) -> str:
        """A page's words as they are tried."""
        for page, here in self._pairs:
            text = text.replace(page, here)
        return text

    def of_page(self, text: str) -> str:
        """The program's words as a page has them."""
        for page, here in self._pairs:
            text = text.replace(here, page)
        return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
