"""What is measured, in the order in which one piece of work needs what another left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.measured import Figures, measure

PER_FILE = 5000  # claims of a batch at most, as profiles have it


class Work(NamedTuple):
    """A row of the table, or what only prepares one."""

    function: str  # MODULE:FUNCTION of this package
    family: str  # what `--only` names; empty: prepares
    label: str = ""
    in_copy: bool = False  # on a copy of the home, which is thrown away
    most: int = 0  # claims above which it takes too long; 0: none


EXCHANGE = (
    Work("making:claims", ""),
    Work("exchanging:import_claims", "import", "import: NDJSON to the store"),
    Work("exchanging:build_batches", "build", "build 837 files, pyx12 asked", in_copy=True, most=10_000),
    Work("exchanging:build_without_second_opinion", "build", "build 837 files, pyx12 left out"),
    Work("exchanging:deliver", "send", "deliver to a folder"),
    Work("making:answers", ""),
    Work("exchanging:post_999", "post", "post 999"),
    Work("exchanging:post_277ca", "post", "post 277CA"),
    Work("exchanging:post_835", "post", "post 835"),
    Work("exchanging:report", "report", "report reconciliation"),
    Work("exchanging:report_as_of", "report", "report reconciliation --as-of"),
)
FILES = (
    Work("making:documents", ""),
    Work("parsing:write_837", "parse", "x12 write: claims to 837"),
    Work("parsing:segments_837", "parse", "837, every segment"),
    Work("parsing:inspect_837", "parse", "837, x12 inspect"),
    Work("parsing:claims_837", "parse", "837, x12 read: canonical claims"),
    Work("making:remittance", ""),
    Work("parsing:segments_835", "parse", "835 in one set, every segment"),
    Work("parsing:inspect_835", "parse", "835 in one set, x12 inspect"),
    Work("parsing:claims_835", "parse", "835 in one set, claims with money and balances"),
)
FAMILIES = tuple(dict.fromkeys(work.family for work in (*EXCHANGE, *FILES) if work.family))

Tell = Callable[[str], None]


def measured(
    claims: int,
    only: Collection[str],
    folder: Path,
    tell: Tell,
    *,
    per_file: int = PER_FILE,
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[Work, Figures]]:
    """Does what `only` asks for, and what that needs; yields what was asked for, with its figures."""
    for works in (EXCHANGE, FILES):
        for work in _needed(works, only):
            wanted = work.family in only and (not work.most or claims <= work.most)
            if work.in_copy and (not wanted or environment):
                continue
            tell(f"{claims:,} claims: {work.label or work.function}")
            found = _measure(work, folder, claims, per_file, environment)
            if wanted:
                yield work, found


def _needed(works: tuple[Work, ...], only: Collection[str]) -> tuple[Work, ...]:
    """Everything up to the last piece of work that is asked for."""
    last = max((place for place, work in enumerate(works, 1) if work.family in only), default=0)
    return works[:last]


def _measure(work: Work, folder: Path, claims: int, per_file: int, environment: Mapping[str, str] | None) -> Figures:
    if not work.in_copy:
        return measure(work.function, folder, claims, per_file, environment)
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    try:
        return measure(work.function, copy, claims, per_file)
    finally:
        shutil.rmtree(copy)
