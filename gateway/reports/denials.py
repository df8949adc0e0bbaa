"""Denials: the money that payers denied, by group, reason, remark and category, with what is usually done about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.reconcile.denied import Denied
from gateway.reports.asked import Asked
from gateway.reports.cells import shown
from gateway.reports.claim_columns import CLAIM, claim_cells
from gateway.reports.denied_cases import REST, DeniedCase, denied_cases
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY, key_columns
from gateway.store import Connection
from gateway.store.claim_reports import ReportedClaim, denied_claims

_COUNTED = (Column("claims", "claims", "count"), Column("denied", "denied", "money", adds=True))
_REASON = (
    Column("group", "group"),
    Column("reason", "reason"),
    Column("category", "category", "code"),
    Column("label", "what it says"),
    Column("action", "usual action"),
    *_COUNTED,
)
_CLAIM = (
    *CLAIM,
    Column("paid", "paid", "money", adds=True, brief=False),
    Column("denied", "denied", "money", adds=True),
    Column("reasons", "reasons"),
    Column("remarks", "remarks"),
    Column("category", "category", "code", brief=False),
    Column("action", "usual action"),
    Column("payer_claim_number", "payer's number", brief=False),
    Column("denied_on", "denied on", "date"),
)


@dataclass(slots=True)
class _Sum:
    claims: set[int] = field(default_factory=set)
    cents: int = 0

    def add(self, claim_id: int, cents: int) -> None:
        self.claims.add(claim_id)
        self.cents += cents


_Sums = dict[tuple[str, ...], _Sum]


def build(conn: Connection, asked: Asked) -> Report:
    """The report; its total is what the reconciliation has as denied."""
    reasons: _Sums = defaultdict(_Sum)
    categories: _Sums = defaultdict(_Sum)
    remarks: _Sums = defaultdict(_Sum)
    groups: dict[str, _Sums] = {by: defaultdict(_Sum) for by in BY}
    rows: list[Row] = []
    found = denied_claims(conn, asked.filters, None, **asked.source)
    for case in denied_cases(conn, asked, found):
        claim = case.claim
        for part in case.parts:
            meaning = asked.classes.describe(part.group, part.reason, case.filing)
            category = meaning.category if part.reason else REST
            reasons[part.group, part.reason, case.filing if _by_filing(asked, part, case) else ""].add(
                claim.claim_id, part.cents
            )
            categories[category,].add(claim.claim_id, part.cents)
            for remark in dict.fromkeys(part.remarks):
                remarks[remark,].add(claim.claim_id, part.cents)
        for by, key in zip(BY, _keys(asked, claim), strict=True):
            groups[by][key].add(claim.claim_id, claim.denied)
        if asked.limit is None or len(rows) < asked.limit:
            rows.append(_row(asked, case))
    return _report(asked, found, reasons, categories, remarks, groups, rows)


def _by_filing(asked: Asked, part: Denied, case: DeniedCase) -> bool:
    """Whether a reason means something else for this kind of payer."""
    classes = asked.classes
    return classes.describe(part.group, part.reason, case.filing) != classes.describe(part.group, part.reason)


def _keys(asked: Asked, claim: ReportedClaim) -> tuple[tuple[str, str], ...]:
    payer = asked.payer(claim.payer_id, claim.payer_name)
    return payer, (claim.partner, claim.partner), (claim.billing_key, claim.billing_name)


def _row(asked: Asked, case: DeniedCase) -> Row:
    named = [one for one in case.parts if one.reason]
    meaning = asked.classes.describe(named[0].group, named[0].reason, case.filing) if named else None
    reasons = dict.fromkeys(f"{one.group} {one.reason}" for one in named)
    remarks = dict.fromkeys(remark for one in named for remark in one.remarks)
    return (
        *claim_cells(asked, case.claim),
        case.claim.paid,
        case.claim.denied,
        ", ".join(reasons),
        " ".join(remarks),
        meaning.category if meaning else REST,
        meaning.action if meaning else "",
        case.payer_claim_number,
        case.denied_on,
    )


def _report(
    asked: Asked,
    found: Sequence[ReportedClaim],
    reasons: _Sums,
    categories: _Sums,
    remarks: _Sums,
    groups: dict[str, _Sums],
    rows: list[Row],
) -> Report:
    denied, charge = sum(one.denied for one in found), sum(one.charge for one in found)
    by_category = _ordered(categories)
    bars = tuple(Bar(shown("code", key[0]), one.cents, "d") for key, one in by_category[:10])
    sections: list[Section] = [
        Figures(
            "denials",
            "Denials",
            (
                Figure("claims", "claims with denied money", "count", len(found)),
                Figure("charge", "their charge", "money", charge),
                Figure("denied", "denied", "money", denied, share=denied / charge if charge else None),
            ),
        ),
        Chart("Denied by category", "money", "bars", bars),
        _by_reason(asked, reasons),
        table_of("by_category", "By category", (Column("category", "category", "code"), *_COUNTED),
                 [(key[0], len(one.claims), one.cents) for key, one in by_category]),
        _by_remark(remarks),
    ]  # fmt: skip
    for by, title in BY.items():
        columns = (*key_columns(by), Column("denied", "denied", "money", adds=True))
        listed = [(key, name or key or NOBODY, len(one.claims), one.cents) for (key, name), one in _ordered(groups[by])]
        sections.append(table_of(f"by_{by}", title, columns, list[Row](listed)))
    totals = {"charge": charge, "paid": sum(one.paid for one in found), "denied": denied}
    sections.append(
        table_of("claims", "Claims, the most money first", _CLAIM, rows, count=len(found), totals=dict(totals))
    )
    check = Check("denied by reason = denied on claims", sum(one.cents for one in reasons.values()) - denied)
    return Report("denials", "Denials", asked.as_of, asked.parameters, tuple(sections), (check,), detail="claims")


def _ordered(sums: _Sums) -> list[tuple[tuple[str, ...], _Sum]]:
    return sorted(sums.items(), key=lambda item: (-item[1].cents, item[0]))


def _by_reason(asked: Asked, reasons: _Sums) -> Table:
    rows: list[Row] = []
    for (group, reason, filing), one in _ordered(reasons):
        if not reason:
            label = "What other payers paid, or what other rules had posted"
            rows.append(("", "", REST, label, "", len(one.claims), one.cents))
            continue
        meaning = asked.classes.describe(group, reason, filing)
        label = f"{meaning.label} (payer {filing})" if filing else meaning.label
        rows.append((group, reason, meaning.category, label, meaning.action, len(one.claims), one.cents))
    return table_of("by_reason", "By reason", _REASON, rows)


def _by_remark(remarks: _Sums) -> Table:
    rows: list[Row] = [(key[0], len(one.claims), one.cents) for key, one in _ordered(remarks)]
    columns = (
        Column("remark", "remark"),
        Column("claims", "claims", "count"),
        Column("denied", "denied beside it", "money"),
    )
    note = "Money that has several remarks counts at each, so this table has no total."
    return table_of("by_remark", "By remittance advice remark", columns, rows, note=note if rows else "")
