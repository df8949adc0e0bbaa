"""What payers ask for, where it differs: days until a claim is late, and whether they take replacements and voids.

The table `mappings/payer_terms.csv`: the row of the payer's id stands before that of a claim filing indicator, and
both before the row that names neither. An empty cell says nothing, and the next row decides.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import NamedTuple

from gateway.errors import UsageError

COLUMNS = ["payer", "filing_indicator", "type", "filing_days", "replacements", "source"]


class Terms(NamedTuple):
    """What holds for one claim."""

    filing_days: int = 365  # from the last day of service
    is_stated: bool = False  # whether the days are those of this payer or kind of coverage, not just the usual ones
    takes_replacements: bool = True  # frequency 7 and 8


class Row(NamedTuple):
    """One row of the table; empty text: any."""

    payer: str
    filing_indicator: str
    type: str
    filing_days: int | None
    replacements: bool | None

    def suits(self, payer: str, filing_indicator: str, claim_type: str) -> bool:
        return (
            self.payer in ("", payer)
            and self.filing_indicator in ("", filing_indicator)
            and self.type in ("", claim_type)
        )

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        return self.payer != "", self.filing_indicator != "", self.type != ""


@dataclass(frozen=True)
class PayerTerms:
    """The table, compiled."""

    rows: Sequence[Row] = ()  # the most particular first
    _known: dict[tuple[str, str, str], Terms] = field(default_factory=dict, compare=False, repr=False)

    def of(self, payer: str, filing_indicator: str, claim_type: str) -> Terms:
        """The terms for a claim: payer id (2010BB), SBR09, and its type."""
        key = (payer, filing_indicator, claim_type)
        if key not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, payer: str, filing_indicator: str, claim_type: str) -> Terms:
        found = [row for row in self.rows if row.suits(payer, filing_indicator, claim_type)]
        timed = next((row for row in found if row.filing_days is not None), None)
        takes = next((row.replacements for row in found if row.replacements is not None), True)
        if timed is None or timed.filing_days is None:
            return Terms(takes_replacements=takes)
        return Terms(timed.filing_days, any(timed.rank), takes)


_REMEMBERED = 10_000


def load_terms(text: str, name: str = "payer_terms.csv", base: PayerTerms | None = None) -> PayerTerms:
    """Reads a table; its rows stand before those of `base` that are as particular. UsageError names the wrong row."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    if next(rows, None) != COLUMNS:
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
    found = [_row(row, f"{name}: row {number}") for number, row in enumerate(rows, 2) if row]
    return PayerTerms(sorted([*found, *(base.rows if base else ())], key=lambda row: row.rank, reverse=True))


def _row(cells: list[str], where: str) -> Row:
    if len(cells) != len(COLUMNS):
        raise UsageError(f"{where}: has {len(cells)} columns, not {len(COLUMNS)}")
    payer, filing_indicator, claim_type, days, replacements, _ = (cell.strip() for cell in cells)
    if claim_type not in ("", "professional", "institutional", "dental"):
        raise UsageError(f"{where}: type must be professional, institutional, dental or empty")
    if days and not (days.isascii() and days.isdigit() and 0 < int(days) < 10_000):
        raise UsageError(f"{where}: filing_days must be a number of days, or empty")
    if replacements not in ("", "yes", "no"):
        raise UsageError(f"{where}: replacements must be yes, no or empty")
    return Row(
        payer,
        filing_indicator,
        claim_type,
        int(days) if days else None,
        replacements == "yes" if replacements else None,
    )
