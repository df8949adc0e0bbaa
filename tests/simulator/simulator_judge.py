"""Two judges of the simulator's files that share nothing with it: pyx12's maps, and sums made from the bare text."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass, field
from decimal import Decimal

import pyx12.params
import pyx12.x12n_document

logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)


def pyx12_errors(content: bytes) -> list[str]:
    """What pyx12 finds wrong, as short texts; empty for an accepted file."""
    report = io.StringIO()
    source = io.StringIO(content.decode("latin-1"))
    valid = pyx12.x12n_document.x12n_document(pyx12.params.ParamsBase(), source, None, None, fd_json=report)
    found: list[str] = []
    _errors(json.loads(report.getvalue()), found)
    return found if found or valid else ["rejected without a reason"]


def _errors(node: object, found: list[str]) -> None:
    if isinstance(node, dict):
        for key, item in node.items():
            if key == "errors" and item:
                found.extend(json.dumps(error, default=str) for error in item)
            else:
                _errors(item, found)
    elif isinstance(node, list):
        for item in node:
            _errors(item, found)


def segments(content: bytes) -> list[list[str]]:
    """The segments of a file with the usual delimiters, split with nothing but `split`."""
    return [text.strip().split("*") for text in content.decode("latin-1").split("~") if text.strip()]


@dataclass
class Paid:
    """One CLP with what stands under it."""

    clp: list[str]
    adjustments: list[tuple[str, str, Decimal]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    others: list[list[str]] = field(default_factory=list)

    @property
    def all_adjustments(self) -> list[tuple[str, str, Decimal]]:
        return self.adjustments + [item for line in self.lines for item in line.adjustments]

    def cas(self, group: str, reason: str) -> Decimal:
        """The sum of one group and reason, at both levels."""
        return sum((amount for g, r, amount in self.all_adjustments if (g, r) == (group, reason)), Decimal(0))


@dataclass
class Line:
    """One SVC with what stands under it."""

    svc: list[str]
    adjustments: list[tuple[str, str, Decimal]] = field(default_factory=list)
    others: list[list[str]] = field(default_factory=list)


@dataclass
class Payment:
    """One 835 set."""

    bpr: list[str]
    trace: str = ""
    claims: list[Paid] = field(default_factory=list)
    plb: list[tuple[str, Decimal]] = field(default_factory=list)


def payments(content: bytes) -> list[Payment]:
    """The 835 sets of a file, read afresh."""
    found: list[Payment] = []
    kind = ""
    for segment in segments(content):
        kind = segment[1] if segment[0] == "ST" else kind
        if kind != "835":
            continue
        if segment[0] == "BPR":
            found.append(Payment(segment))
        elif segment[0] == "TRN" and found:
            found[-1].trace = segment[2]
        elif segment[0] == "CLP":
            found[-1].claims.append(Paid(segment))
        elif segment[0] == "SVC":
            found[-1].claims[-1].lines.append(Line(segment))
        elif segment[0] == "PLB":
            found[-1].plb += [(segment[at], Decimal(segment[at + 1])) for at in range(3, len(segment), 2)]
        elif found and found[-1].claims:
            _under_claim(found[-1].claims[-1], segment)
    return found


def _under_claim(claim: Paid, segment: list[str]) -> None:
    target = claim.lines[-1] if claim.lines else claim
    if segment[0] == "CAS":
        padded = [*segment, "", ""]
        triples = range(2, len(segment), 3)
        target.adjustments += [(segment[1], padded[at], Decimal(padded[at + 1])) for at in triples if padded[at]]
    else:
        target.others.append(segment)


def differences(content: bytes) -> list[str]:
    """The balances that an 835 file breaks: line, claim, payment, CLP05, interest, lines against claim."""
    broken: list[str] = []
    for payment in payments(content):
        for claim in payment.claims:
            broken += _claim_differences(claim)
        paid = sum((Decimal(claim.clp[4]) for claim in payment.claims), Decimal(0))
        withheld = sum((amount for _, amount in payment.plb), Decimal(0))
        if Decimal(payment.bpr[2]) != paid - withheld:
            broken.append("payment")
        if Decimal(payment.bpr[2]) < 0:
            broken.append("negative payment")
        interest = sum((Decimal(s[2]) for c in payment.claims for s in c.others if s[:2] == ["AMT", "I"]), Decimal(0))
        if interest != -sum((amount for code, amount in payment.plb if code.startswith("L6")), Decimal(0)):
            broken.append("interest")
    return broken


def _claim_differences(claim: Paid) -> list[str]:
    broken = []
    for line in claim.lines:
        adjusted = sum((amount for _, _, amount in line.adjustments), Decimal(0))
        if Decimal(line.svc[2]) - adjusted != Decimal(line.svc[3]):
            broken.append("line")
    charge, paid = Decimal(claim.clp[3]), Decimal(claim.clp[4])
    if charge - sum((amount for _, _, amount in claim.all_adjustments), Decimal(0)) != paid:
        broken.append("claim")
    if claim.lines and sum((Decimal(line.svc[2]) for line in claim.lines), Decimal(0)) != charge:
        broken.append("lines")
    patient = sum((amount for group, _, amount in claim.all_adjustments if group == "PR"), Decimal(0))
    if claim.clp[2] != "22" and Decimal(claim.clp[5] or 0) != patient:
        broken.append("patient")
    return broken
