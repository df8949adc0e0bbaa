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

from gateway.claims import checks_money, checks_parties, checks_service
from gateway.claims.completion import Document
from gateway.claims.findings import Finding, Severity
from gateway.claims.hits import Hit
from gateway.claims.view import View
from gateway.errors import UsageError

Check = Callable[[View], Iterator[Hit]]
COLUMNS = ["code", "check", "types", "severity", "release", "says", "source"]
CHECKS: dict[str, Check] = {
    name: found
    for module in (checks_money, checks_parties, checks_service)
    for name, found in vars(module).items()
    if isgeneratorfunction(found) and found.__module__ == module.__name__ and not name.startswith("_")
}


class Edit(NamedTuple):
    """One row of the table."""

    code: str
    check: Check
    types: frozenset[str]  # of claim; {"*"}: any
    severity: str  # error, warning or off
    releasable: bool
    says: str
    source: str

    def findings(self, view: View) -> Iterator[Finding]:
        """What this edit finds in a claim."""
        severity = cast("Severity", self.severity)
        for field, detail in self.check(view):
            yield Finding(self.code, severity, field, self.says.replace("{detail}", detail), self.releasable)


def load_edits(text: str, name: str = "edits.csv", base: Sequence[Edit] = ()) -> tuple[Edit, ...]:
    """Reads a table; its rows replace those of `base` with the same code. UsageError names the row that is wrong."""
    rows = csv.reader(line for line in StringIO(text, newline="") if not line.startswith("#"))
    if next(rows, None) != COLUMNS:
        raise UsageError(f"{name}: the first row must be {','.join(COLUMNS)}")
    found = {edit.code: edit for edit in base}
    for number, row in enumerate(rows, 2):
        if row:
            edit = _edit(row, f"{name}: row {number}")
            found[edit.code] = edit
    return tuple(found.values())


def _edit(row: list[str], where: str) -> Edit:
    if len(row) != len(COLUMNS):
        raise UsageError(f"{where}: has {len(row)} columns, not {len(COLUMNS)}")
    code, check, types, severity, release, says, source = (cell.strip() for cell in row)
    if check not in CHECKS:
        raise UsageError(f"{where}: there is no check {check!r}; known are {', '.join(sorted(CHECKS))}")
    if severity not in ("error", "warning", "off"):
        raise UsageError(f"{where}: severity must be error, warning or off")
    if release not in ("yes", "no") or not code or not types or not says:
        raise UsageError(f"{where}: needs code, types, release (yes or no) and a sentence")
    return Edit(code, CHECKS[check], frozenset(types.split()), severity, release == "yes", says, source)


def run_edits(document: Document, edits: Iterable[Edit], today: date, delimiters: str = "*:^~") -> list[Finding]:
    """Everything that the edits find in a completed document.

    :param today: the day in the practice; nothing later may have been done
    :param delimiters: of the partner that the claim goes to
    """
    view = View(document, today, delimiters)
    return [
        finding
        for edit in edits
        if edit.severity != "off" and ("*" in edit.types or view.type in edit.types)
        for finding in edit.findings(view)
    ]
