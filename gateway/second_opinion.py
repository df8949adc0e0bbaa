"""Where our verdict on an 837 and that of pyx12 are known to differ: the table `mappings/second_opinion.csv`.

A row names a kind of finding that one of the two has and the other has not, with who is right and why. Ours decides;
pyx12 is asked where a partner's profile wants it, and then a finding of a kind that is not in the table holds a claim.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from gateway.data import SHIPPED
from gateway.errors import UsageError
from gateway.x12.issues import Issue

COLUMNS = ["found_by", "guide", "code", "segment", "element", "right", "why", "seen", "example"]
FINDERS = ("gateway", "pyx12")
RIGHT = (*FINDERS, "either")
ANY = "*"


class Difference(NamedTuple):
    """One kind of finding; `*` stands for any guide, segment or element."""

    found_by: str  # "gateway" or "pyx12": the other one accepts
    guide: str  # "837P"
    code: str  # "IK304-3", "pyx12-IK4-7"
    segment: str
    element: str  # "01", "05-1"; empty where the segment is at fault
    right: str  # "gateway", "pyx12", or "either" where the guide leaves it open
    why: str
    seen: str = ""  # among how many of 10,000 spoilt claims
    example: str = ""  # guide and seed of one of them

    def covers(self, guide: str, issue: Issue) -> bool:
        """Whether a finding is of this kind."""
        return (
            self.code == issue.code
            and self.guide in (ANY, guide)
            and self.segment in (ANY, issue.segment_id)
            and self.element in (ANY, issue.element)
        )


class Differences:
    """The table, for the findings of one of the two."""

    def __init__(self, rows: Iterable[Difference]) -> None:
        self.rows = tuple(rows)
        self._by_code: dict[tuple[str, str], list[Difference]] = {}
        for row in self.rows:
            self._by_code.setdefault((row.found_by, row.code), []).append(row)

    def find(self, found_by: str, guide: str, issue: Issue) -> Difference | None:
        """The row that a finding falls under; None where the table has none."""
        rows = self._by_code.get((found_by, issue.code), ())
        return next((row for row in rows if row.covers(guide, issue)), None)


def load_differences(text: str, name: str = "second_opinion.csv") -> list[Difference]:
    """Reads a table; UsageError names the row that is wrong."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    if next(rows, None) != COLUMNS:
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
    return [_row(cells, f"{name}: row {number}") for number, cells in enumerate(rows, 2) if cells]


def _row(cells: list[str], where: str) -> Difference:
    if len(cells) != len(COLUMNS):
        raise UsageError(f"{where}: has {len(cells)} columns, not {len(COLUMNS)}")
    row = Difference(*(cell.strip() for cell in cells))
    if row.found_by not in FINDERS:
        raise UsageError(f"{where}: found_by must be {' or '.join(FINDERS)}")
    if row.right not in RIGHT:
        raise UsageError(f"{where}: right must be {', '.join(RIGHT[:-1])} or {RIGHT[-1]}")
    for column in ("guide", "code", "segment", "why"):
        if not getattr(row, column):
            raise UsageError(f"{where}: {column} is empty")
    return row


def differences(home: Path | None = None) -> Differences:
    """The shipped table, and the rows of a home's `mappings/second_opinion.csv` beside it."""
    paths = [SHIPPED / "mappings" / "second_opinion.csv"]
    if home is not None and (own := home / "mappings" / "second_opinion.csv").is_file():
        paths.append(own)
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=8)
def _read(paths: tuple[tuple[Path, int], ...]) -> Differences:
    """The tables together, read once as long as none is changed."""
    found: list[Difference] = []
    for path, _ in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
        found += load_differences(text, str(path))
    return Differences(found)
