"""The architecture page names every room, rule and table, and the decisions' index every decision."""

from __future__ import annotations

import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

from docs_console import REPOSITORY

from gateway.store.tables import metadata

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = REPOSITORY / "docs" / "decisions"


def test_every_room_has_its_row() -> None:
    """What a folder of the program owns, and what it must not know, stands in the table; nothing else does."""
    rooms = {path.parent.name for path in (REPOSITORY / "gateway").glob("*/__init__.py")}
    rows = set(re.findall(r"^\| `(\w+)/` \|", PAGE, re.MULTILINE))
    assert rooms == rows


def test_every_module_beside_the_rooms_is_named() -> None:
    """Files that stand beside the rooms are said to be there."""
    modules = {path.name for path in (REPOSITORY / "gateway").glob("[a-z]*.py")}
    assert {name for name in modules if f"`{name}`" not in PAGE} == set()


def test_the_rules_are_those_that_are_held() -> None:
    """The page lists the rules of import-linter, all of them and no other."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    rules = {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}
    part = PAGE.partition("is held by import-linter")[2].partition("\n\nOutside")[0]
    assert rules == set(re.findall(r"^- (.+)$", part, re.MULTILINE))


def test_every_table_is_on_the_way() -> None:
    """A table of the store that the way of a claim does not name is one that nobody can look for."""
    assert {name for name in metadata.tables if f"`{name}`" not in PAGE} == set()


def test_the_picture_can_be_drawn() -> None:
    """It is well formed, has words for those who cannot see it, and colours for light and dark."""
    text = (REPOSITORY / "docs" / "architecture.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    names = {child.tag.rpartition("}")[2] for child in root}
    assert {"title", "desc"} <= names
    assert "prefers-color-scheme: dark" in text


def test_every_decision_is_in_the_index() -> None:
    """Numbers are used once, and the index has each decision's own title."""
    files = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    numbers = [int(path.name[:4]) for path in files]
    assert numbers == sorted(set(numbers))
    assert [path.name for path in files if _entry(path) not in index] == []


def _entry(path: Path) -> str:
    number, _, title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(". ")
    assert int(number) == int(path.name[:4])
    return f"| {number} | [{title}]({path.name}) |"
