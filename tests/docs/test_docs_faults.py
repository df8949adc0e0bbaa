"""The table of faults of a mailbox is complete, and each row of it is tested."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from docs_console import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "transport-faults.md"
FAULTS = (
    "wrong password",
    "host key wrong or changed",
    "several host keys",
    "host key unknown",
    "connection refused",
    "connection hangs",
    "drop at a step of an upload",
    "drop at a step of a download",
    "disk full on the far side",
    "quota used up on the far side",
    "disk full on our side",
    "no rename",
    "no stat",
    "no listing",
    "name taken at once",
    "file renamed",
    "file removed",
    "partial file",
    "zero bytes",
    "huge listing",
    "odd names",
    "clock skew",
    "archive of his own",
    "two gateways on one mailbox",
)


def rows() -> list[tuple[str, str, str]]:
    """Fault, what holds, tests: the cells of each row of the page's tables."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [(cell[0], cell[1], cell[2]) for cell in cells if cell[0] not in ("what goes wrong", "---")]


@cache
def names_of_tests() -> frozenset[str]:
    """The name of every test of the tree that is not skipped for good."""
    found = set()
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not any("skip" in ast.dump(one) for one in node.decorator_list):
                found.add(node.name)
    return frozenset(found)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_a_row(fault: str) -> None:
    """A row that is taken away, or renamed beyond recognition, is missed."""
    assert any(fault in row[0] for row in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_row_is_tested(row: tuple[str, str, str]) -> None:
    """It says what holds, and names tests that are there."""
    named = re.findall(r"`(test_\w+)`", row[2])
    assert row[1]
    assert named
    assert set(named) <= names_of_tests()
