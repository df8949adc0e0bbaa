"""What the pages say that the program says is what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_console import REPOSITORY, differences, steps_of
from docs_player import Player

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
STEPS = {str(path.relative_to(REPOSITORY)): steps_of(path.read_text(encoding="utf-8")) for path in PAGES}
TRIED = {page: steps for page, steps in STEPS.items() if any(step.kind == "command" for step in steps)}


@pytest.mark.parametrize("page", TRIED)
def test_commands_of_a_page_say_what_the_page_says(page: str, tmp_path: Path) -> None:
    """Every command of a page, typed in order into a fresh home, gives the lines that the page shows below it."""
    found = Player(tmp_path).play(TRIED[page])
    assert not found, f"{page}:{found}"


@pytest.mark.parametrize(
    "expected", [["one", "two 2"], ["one", "two …"], ["one", "…"], ["…"], ["…", "one", "two 2", "…"]]
)
def test_a_page_may_leave_out_what_differs(expected: list[str]) -> None:
    """`…` stands for the rest of a line, or for any number of lines."""
    assert not differences(tuple(expected), "one\ntwo 2\n")


@pytest.mark.parametrize("expected", [[], ["one"], ["one", "two"], ["one", "two 2", "three"], ["two …", "one"]])
def test_a_page_that_says_otherwise_is_found(expected: list[str], tmp_path: Path) -> None:
    """A line too few, a line too many, another line and another order are differences, and name the page's line."""
    lines = "".join(f"{line}\n" for line in expected)
    page = f"# Title\n\n```console\n$ echo one; echo two 2\n{lines}```\n"
    assert Player(tmp_path).play(steps_of(page)).startswith("4: echo one")
