"""The edits: what is looked at before a claim is sent, as a table of data over small pure checks.

`mappings/edits.csv` says which checks run for which type of claim, how bad a hit is, whether a person may send the
claim in spite of it, and the sentence that a biller reads. All reasons come at once.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from inspect import isgeneratorfunction
from io import StringIO
from typing import NamedTuple, cast

from gateway.claims import (
    checks_dates,
    checks_dental,
    checks_diagnoses,
    checks_institutional,
    checks_listed,
    checks_money,
    checks_parties,
    checks_payers,
    checks_service,
    checks_situations,
)
from gateway.claims.code_lists import CodeLists
from gateway.claims.completion import Document
from gateway.claims.findings import Finding, Severity
from gateway.claims.hits import NEEDED, Hit
from gateway.claims.payer_terms import PayerTerms
from gateway.claims.view import View
from gateway.errors import UsageError

Check = Callable[[View], Iterator[Hit]]
_NO_LISTS = CodeLists()
_NO_TERMS = PayerTerms()
COLUMNS = ["code", "check", "types", "severity", "release", "says", "source"]
_MODULES = (
    checks_money, checks_parties, checks_payers, checks_dates, checks_diagnoses, checks_service, checks_situations,
    checks_institutional, checks_dental, checks_listed,
)  # fmt: skip
CHECKS: dict[str, Check] = {
    name: found
    for module in _MODULES
    for name, found in vars(module).items()
    if isgeneratorfunction(found) and found.__module__ == module.__name__ and not name.startswith("_")
}


# What only the store can tell: how a claim stands to others, and to what was sent and paid before.
OF_THE_STORE = frozenset({
    "in_flight", "void_unknown", "replacement_unknown", "earlier_payer_unanswered",
    "earlier_payer_other", "earlier_payer_paid_other", "forwarded_already", "unprocessable",
})  # fmt: skip


def _nothing(view: View) -> Iterator[Hit]:  # noqa: ARG001 - has the shape of every check
    return iter(())


class Edit(NamedTuple):
    """One row of the table."""

    code: str
    check: Check  # of a claim alone; those of the store find nothing here
    types: frozenset[str]  # of claim; {"*"}: any
    severity: str  # error, warning or off
    releasable: bool
    says: str
    source: str
    name: str = ""  # of the check

    def finding(self, field: str, detail: str = "") -> Finding:
        """What is said of one hit."""
        severity = cast("Severity", self.severity)
        return Finding(self.code, severity, field, self.says.replace("{detail}", detail), self.releasable)

    def looks_at(self, claim_type: str) -> bool:
        """Whether it is in force for a type of claim."""
        return self.severity != "off" and ("*" in self.types or claim_type in self.types)


class Edits(tuple[Edit, ...]):
    """A table of edits, and those of it that are in force for a type of claim."""

    def __init__(self, edits: Iterable[Edit] = ()) -> None:  # noqa: ARG002 - the tuple has them
        self._in_force: dict[str, list[tuple[Edit, frozenset[str]]]] = {}

    def in_force(self, claim_type: str) -> list[tuple[Edit, frozenset[str]]]:
        """Each edit in the order of the table, with the names of which a claim must have one; none: look always."""
        found = self._in_force.get(claim_type)
        if found is None:
            edits = [edit for edit in self if edit.check is not _nothing and edit.looks_at(claim_type)]
            found = self._in_force[claim_type] = [(edit, NEEDED.get(edit.check, frozenset())) for edit in edits]
        return found


def load_edits(text: str, name: str = "edits.csv", base: Sequence[Edit] = ()) -> Edits:
    """Reads a table; its rows replace those of `base` with the same code. UsageError names the row that is wrong."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    if next(rows, None) != COLUMNS:
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
    found = {edit.code: edit for edit in base}
    for number, row in enumerate(rows, 2):
        if row:
            edit = _edit(row, f"{name}: row {number}")
            found[edit.code] = edit
    return Edits(found.values())


def _edit(row: list[str], where: str) -> Edit:
    if len(row) != len(COLUMNS):
        raise UsageError(f"{where}: has {len(row)} columns, not {len(COLUMNS)}")
    code, check, types, severity, release, says, source = (cell.strip() for cell in row)
    if check not in CHECKS and check not in OF_THE_STORE:
        known = ", ".join(sorted([*CHECKS, *OF_THE_STORE]))
        raise UsageError(f"{where}: there is no check {check!r}; known are {known}")
    if severity not in ("error", "warning", "off"):
        raise UsageError(f"{where}: severity must be error, warning or off")
    if release not in ("yes", "no") or not code or not types or not says:
        raise UsageError(f"{where}: needs code, types, release (yes or no) and a sentence")
    return Edit(
        code, CHECKS.get(check, _nothing), frozenset(types.split()), severity, release == "yes", says, source, check
    )


def run_edits(
    document: Document,
    edits: Sequence[Edit],
    today: date,
    delimiters: str = "*:^~",
    *,
    codes: CodeLists = _NO_LISTS,
    terms: PayerTerms = _NO_TERMS,
) -> list[Finding]:
    """Everything that the edits find in a completed document.

    :param today: the day in the practice; nothing later may have been done
    :param delimiters: of the partner that the claim goes to
    """
    view = View(document, today, delimiters, codes=codes, terms=terms)
    table, names = edits if isinstance(edits, Edits) else Edits(edits), view.names
    found: list[Finding] = []
    for edit, needed in table.in_force(view.type):
        if needed and needed.isdisjoint(names):
            continue
        for field, detail in edit.check(view):
            found.append(edit.finding(field, detail))
    return found
