"""Goes through the steps of one page: `python tests/docs/docs_player.py PAGE` prints what each command says today."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from docs_console import Shell, Step, Surroundings, differences, steps_of
from docs_situations import Desk, situation

Judge = Callable[[Step, str], str]  # what to say of a command and its words; nothing where all is well


def compare(step: Step, said: str) -> str:
    """The judge of the tests."""
    return differences(step.lines, said)


class Player:
    """Goes through the steps of one page, each situation in a folder of its own."""

    def __init__(self, folder: Path, judge: Judge = compare) -> None:
        self.folder, self.judge = folder, judge
        self.surroundings = Surroundings()
        self.stack = ExitStack()
        self.desk: Desk | None = None
        self.shell: Shell | None = None
        self.place = folder / "desk"

    def play(self, steps: list[Step]) -> str:
        """Nothing, or the first step that went otherwise."""
        self.place.mkdir()
        with self.stack:
            for number, step in enumerate(steps):
                if found := self._step(step, number):
                    return f"{step.at}: {step.name}\n{found}"
        return ""

    def _step(self, step: Step, number: int) -> str:
        if step.kind == "situation":
            self.stack.close()
            self.shell = None
            self.desk = self.stack.enter_context(situation(step.name, self.folder / f"situation{number}"))
            self.place = self.desk.home
        elif step.kind == "then":
            getattr(self.desk, step.name)()
        elif step.kind == "file":
            path = self.place / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.surroundings.of_here("\n".join(step.lines) + "\n"), encoding="utf-8")
        else:
            return self._command(step)
        return ""

    def _command(self, step: Step) -> str:
        if self.shell is None:
            scratch = self.folder / "scratch"
            scratch.mkdir(exist_ok=True)
            self.shell = Shell(self.place, scratch)
            self.stack.callback(self.shell.close)
        said = self.surroundings.of_page(self.shell.run(self.surroundings.of_here(step.name)))
        return self.judge(step, said)


def _show(step: Step, said: str) -> str:
    sys.stdout.write(f"$ {step.name}\n{said}")
    return ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gateway-page-") as place:
        Player(Path(place), _show).play(steps_of(Path(sys.argv[1]).read_text(encoding="utf-8")))
