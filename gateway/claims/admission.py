"""What becomes of a record before the store is asked: completed, summed up, and looked at by guide and edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from gateway.claims.canonical import Summary, content_hash, faults, is_legible, summarize
from gateway.claims.code_lists import CodeLists
from gateway.claims.completion import Defaults, Document, complete
from gateway.claims.edits import Edit, run_edits
from gateway.claims.findings import Finding, errors
from gateway.claims.guide_edits import guide_findings
from gateway.claims.intake.records import Origin, Record
from gateway.claims.payer_terms import PayerTerms
from gateway.claims.wishes import NO_WISHES, Wishes
from gateway.x12.guide import Guide

GUIDES = {"professional": "837P", "institutional": "837I", "dental": "837D"}


@dataclass(frozen=True)
class Rules:
    """The data that admission rests on, as the tables say it."""

    defaults: Defaults
    edits: Sequence[Edit]
    guides: Mapping[str, Guide] = field(default_factory=dict)  # by kind, "837P"
    codes: CodeLists = field(default_factory=CodeLists)
    terms: PayerTerms = field(default_factory=PayerTerms)

    def guide(self, claim_type: str) -> Guide | None:
        """The guide of a type of claim, where it is there."""
        return self.guides.get(GUIDES.get(claim_type, ""))


class Content(NamedTuple):
    """A record that is a claim."""

    document: Document  # completed
    summary: Summary
    content_hash: str

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the claim: billing provider and CLM01."""
        return self.summary.billing_key, self.summary.patient_control_number


class Admission(NamedTuple):
    """A record with all that is wrong with it. Without content it is rejected; with errors it is held."""

    number: int
    place: str
    patient_control_number: str | None
    content: Content | None
    findings: list[Finding]
    origin: Origin | None = None

    @property
    def is_held(self) -> bool:
        """Whether something in it keeps it from being sent."""
        return bool(errors(self.findings))


def admit(record: Record, rules: Rules, today: date, delimiters: str = "*:^~", wishes: Wishes = NO_WISHES) -> Admission:
    """Looks at one record; the findings of its reader come first."""
    found = list(record.findings)
    content = None
    if record.document is not None:
        document = complete(record.document, rules.defaults)
        found += (wrong := faults(document))
        if not wrong:
            content = Content(document, summarize(document), content_hash(document, rules.defaults))
        if not wrong or is_legible(document):
            known = {finding.field for finding in found}
            found += inspect(document, rules, today, delimiters, known, wishes=wishes)
    return Admission(record.number, record.place, record.patient_control_number, content, found, record.origin)


def inspect(
    document: Document,
    rules: Rules,
    today: date,
    delimiters: str,
    known: set[str] | frozenset[str] = frozenset(),
    *,
    wishes: Wishes = NO_WISHES,
) -> list[Finding]:
    """What guide, edits and the partner's wishes find in a completed document, as it would be written.

    Fields in `known` were complained of already.
    """
    wish = wishes.on(document)
    if wish is not None:
        document = wish.apply(document)
    guide = rules.guide(document["type"])
    edits = wish.edits(rules.edits) if wish else rules.edits
    found = run_edits(document, edits, today, delimiters, codes=rules.codes, terms=rules.terms)
    taken = known | {finding.field for finding in errors(found)}
    by_guide = guide_findings(document, guide) if guide else [_no_guide(document["type"])]
    complained = {finding.field for finding in by_guide if finding.field} | known
    return [
        *(finding for finding in by_guide if finding.field not in taken or not finding.field),
        *(finding for finding in found if finding.field not in known),
        *(finding for finding in (wish.check(document) if wish else ()) if finding.field not in complained),
    ]


def _no_guide(claim_type: str) -> Finding:
    return Finding("no_guide", "error", "type", f"there is no guide for {claim_type} claims here")
