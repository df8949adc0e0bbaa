"""What is wrong with a claim before it is sent, as a value: a code, how bad, which field, and a biller's sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """One reason. It is shown to the biller and kept with the claim, never logged."""

    code: str  # for example "charge_sum"
    severity: Severity
    field: str  # path in the document, for example "lines[2].charge"; empty: the record as a whole
    text: str
    releasable: bool = False  # whether a person may send the claim in spite of it


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that hold or reject the record."""
    return [finding for finding in findings if finding.severity == "error"]
