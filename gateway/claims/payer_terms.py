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
LATER = "days_after_payment"  # a column that a table may leave out


class Terms(NamedTuple):
    """What holds for one claim."""

    filing_days: int = 365  # from the last day of service
    is_stated: bool = False  # whether the days are those of this payer or kind of coverage, not just the usual ones
    takes_replacements: bool = True  # frequency 7 and 8
    days_after_payment: int | None = None  # of a claim to a later payer, from the payment of the one before


class Row(NamedTuple):
    """One row of the table; empty text: any."""

    payer: str
    filing_indicator: str
    type: str
    filing_days: int | None
    replacements: bool | None
    days_after_payment: int | None

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

    @property
    def count_from_payments(self) -> bool:
        """Whether a claim to any later payer has a time that runs from the payment of the one before."""
        return any(row.days_after_payment is not None for row in self.rows)

    def _find(self, payer: str, filing_indicator: str, claim_type: str) -> Terms:
        found = [row for row in self.rows if row.suits(payer, filing_indicator, claim_type)]
        timed = next((row for row in found if row.filing_days is not None), None)
        takes = next((row.replacements for row in found if row.replacements is not None), True)
        later = next((row.days_after_payment for row in found if row.days_after_payment is not None), None)
        if timed is None or timed.filing_days is None:
            return Terms(takes_replacements=takes, days_after_payment=later)
        return Terms(timed.filing_days, any(timed.rank), takes, later)


_REMEMBERED = 10_000


def load_terms(text: str, name: str = "payer_terms.csv", base: PayerTerms | None = None) -> PayerTerms:
    """Reads a table; its rows stand before those of `base` that are as particular. UsageError names the wrong row."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    head = next(rows, None)
    if head not in (COLUMNS, [*COLUMNS, LATER]):
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}, and may end with {LATER}")
    found = [_row(row, len(head), f"{name}: row {number}") for number, row in enumerate(rows, 2) if row]
    return PayerTerms(sorted([*found, *(base.rows if base else ())], key=lambda row: row.rank, reverse=True))


def _row(cells: list[str], width: int, where: str) -> Row:
    if len(cells) != width:
        raise UsageError(f"{where}: has {len(cells)} columns, not {width}")
    payer, filing_indicator, claim_type, days, replacements, _, later = (cell.strip() for cell in [*cells, ""][:7])
    if claim_type not in ("", "professional", "institutional", "dental"):
        raise UsageError(f"{where}: type must be professional, institutional, dental or empty")
    if replacements not in ("", "yes", "no"):
        raise UsageError(f"{where}: replacements must be yes, no or empty")
    return Row(
        payer,
        filing_indicator,
        claim_type,
        _days(days, "filing_days", where),
        replacements == "yes" if replacements else None,
        _days(later, LATER, where),
    )


def _days(text: str, column: str, where: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 10_000):
        raise UsageError(f"{where}: {column} must be a number of days, or empty")
    return int(text) if text else None
