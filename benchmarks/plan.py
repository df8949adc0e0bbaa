"""What is measured, in the order in which one piece of work needs what another left behind."""

from __future__ import annotations

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
    most: int = 0  # claims above which it takes too long; 0: none


IMPORT, BUILD = "import: NDJSON to the store", "build: stored claims to checked 837 files"
OURS_P, OURS_I = "837P checked, our guide rules", "837I checked, our guide rules"
OURS_835, FLOOR_835 = "835 to claim values with money and balances", "835, the floor: the least streaming code"
OXEDI_835, OXEDI_CLAIMS = "835 to columns, oxedi 0.6 parse", "835 to columns claim by claim, oxedi 0.6 stream"
PYX12_P, PYX12_I = "837P checked, pyx12 x12n_document", "837I checked, pyx12 x12n_document"
EXCHANGE = (
    Work("making:claims", ""),
    Work("exchanging:import_claims", "import", IMPORT),
    Work("exchanging:build_batches", "build", BUILD),
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
JUDGES = (
    Work("making:documents", ""),
    Work("parsing:write_837", ""),
    Work("judging:validate_837p", "validate", OURS_P),
    Work("judging:pyx12_837p", "validate", PYX12_P, most=10_000),
    Work("making:hospital_documents", ""),
    Work("parsing:write_837i", ""),
    Work("judging:validate_837i", "validate", OURS_I),
    Work("judging:pyx12_837i", "validate", PYX12_I, most=10_000),
)
POST_835, FLOOR_POST = "post 835 in one set", "post, the floor: parsed, its rows by the driver alone"
POSTING = (
    *(Work(work.function, "") for work in EXCHANGE[:7]),  # up to the 277CA
    Work("making:remittance", ""),
    Work("posting:copy_store", ""),
    Work("exchanging:post_one_set", "posting", POST_835),
    Work("posting:keep_rows", ""),
    Work("posting:floor", "posting", FLOOR_POST),
)
REMITTANCES = (
    Work("making:remittance", ""),
    Work("parsing:claims_835", "remittance", OURS_835),
    Work("remittances:oxedi_parse", "remittance", OXEDI_835),
    Work("remittances:oxedi_stream", "remittance", OXEDI_CLAIMS),
    Work("remittances:floor_835", "remittance", FLOOR_835),
)
FIRST_FILES, LAST_FILES = "small files posted, the first tenth", "small files posted, the last tenth"
SMALL_FILES = (
    *(Work(work.function, "") for work in EXCHANGE[:4]),  # up to the delivery
    Work("small_files:make", ""),
    Work("small_files:post_first", "small", FIRST_FILES),
    Work("small_files:post_middle", ""),
    Work("small_files:post_last", "small", LAST_FILES),
)
PLANS = (EXCHANGE, FILES, JUDGES, REMITTANCES, POSTING, SMALL_FILES)
FAMILIES = tuple(dict.fromkeys(work.family for works in PLANS for work in works if work.family))

Tell = Callable[[str], None]


def measured(
    claims: int,
    only: Collection[str],
    folder: Path,
    tell: Tell,
    *,
    per_file: int = PER_FILE,
    environment: Callable[[], Mapping[str, str]] = dict,
) -> Iterator[tuple[Work, Figures]]:
    """Does what `only` asks for, and what that needs; yields what was asked for, with its figures.

    Each plan has a place and an environment of its own: what one has stored is not in another's way.
    """
    for number, works in enumerate(PLANS):
        needed = _needed(works, only)
        if not needed:
            continue
        place, variables = folder / f"plan{number}", environment()
        place.mkdir()
        for work in needed:
            wanted = work.family in only and (not work.most or claims <= work.most)
            if work.most and not wanted:
                continue
            tell(f"{claims:,} claims: {work.label or work.function}")
            found = measure(work.function, place, claims, per_file, variables)
            if wanted:
                yield work, found


def _needed(works: tuple[Work, ...], only: Collection[str]) -> tuple[Work, ...]:
    """Everything up to the last piece of work that is asked for."""
    last = max((place for place, work in enumerate(works, 1) if work.family in only), default=0)
    return works[:last]
