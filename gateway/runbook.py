"""The runbooks that travel with the program: which there are, and how a message names one.

`gateway/runbooks` is a link to `docs/runbooks` at the top of the repository; in a wheel it is a real folder.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from gateway.data import SHIPPED
from gateway.errors import UsageError

FOLDER = SHIPPED / "runbooks"
BY_EXIT_CODE = {
    1: "needs-a-person",
    2: "wrong-usage",
    3: "partner-unreachable",
    4: "refused",
    70: "bug",
    130: "stopped",
}
BY_BATCH_STATE = {"unknown": "unknown-delivery", "failed": "failed-delivery"}
_COMMENT = "<!--"  # what only the tests of the pages read


def named(text: str, page: str) -> str:
    """A line of a message with the page that says what to do."""
    return f"{text} (gateway runbook {page})"


def pages() -> dict[str, str]:
    """The title of each page by its name."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path.stem != "README"}
    return {name: _lines(path)[0].removeprefix("# ") for name, path in found.items()}


def read(name: str) -> str:
    """A page as a terminal shows it; UsageError with the nearest names where there is none."""
    known = pages()
    if name not in known:
        near = get_close_matches(name, known, 3, 0.4) or list(known)
        raise UsageError(f"there is no runbook {name!r}; there are {', '.join(near)}")
    return "\n".join(_lines(FOLDER / f"{name}.md")) + "\n"


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith(_COMMENT)]
