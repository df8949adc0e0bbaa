"""Rejections: claims that TA1, 999 or 277CA refused before anybody adjudicated them, in a biller's words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from gateway.reports.asked import Asked
from gateway.reports.claim_columns import CLAIM, claim_cells
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY, key_columns
from gateway.reports.refused_cases import HOPS, RefusedCase, refused_cases
from gateway.store import Connection
from gateway.store.claim_reports import rejected_claims
from gateway.store.reporting import claim_cube

_SUMS = (Column("claims", "claims", "count"), Column("charge", "charged", "money"))
_CODE = (
    Column("hop", "rejected by"),
    Column("code", "code"),
    Column("label", "what it says"),
    Column("action", "usual action"),
    *_SUMS,
)
_CLAIM = (
    *CLAIM,
    Column("hop", "rejected by"),
    Column("codes", "codes"),
    Column("label", "what it says"),
    Column("action", "usual action", brief=False),
    Column("rejected_at", "recorded", "time"),
)


@dataclass(slots=True)
class _Sum:
    claims: int = 0
    cents: int = 0

    def add(self, cents: int) -> None:
        self.claims += 1
        self.cents += cents


_Sums = dict[tuple[str, ...], _Sum]


@dataclass(slots=True)
class _Found:
    """Sums by everything that the report shows."""

    codes: _Sums = field(default_factory=lambda: defaultdict(_Sum))
    hops: _Sums = field(default_factory=lambda: defaultdict(_Sum))
    groups: dict[str, _Sums] = field(default_factory=lambda: {by: defaultdict(_Sum) for by in BY})

    def add(self, asked: Asked, case: RefusedCase) -> None:
        claim = case.claim
        self.hops[case.hop,].add(claim.charge)
        for code in case.codes or ("",):
            self.codes[case.hop, code].add(claim.charge)
        self.groups["payer"][asked.payer(claim.payer_id, claim.payer_name)].add(claim.charge)
        self.groups["partner"][claim.partner, claim.partner].add(claim.charge)
        self.groups["provider"][claim.billing_key, claim.billing_name].add(claim.charge)


def build(conn: Connection, asked: Asked) -> Report:
    """The report; it has the claims that the reconciliation counts as rejected."""
    claims = rejected_claims(conn, asked.filters, None, **asked.source)
    sums = _Found()
    rows: list[Row] = []
    for case in refused_cases(conn, asked, claims):
        sums.add(asked, case)
        if asked.limit is None or len(rows) < asked.limit:
            rows.append(_row(asked, case))
    charge = sum(one.charge for one in claims)
    figures = [
        Figure("claims", "claims rejected", "count", len(claims)),
        Figure("charge", "their charge", "money", charge),
    ]
    for hop, title in HOPS.values():
        figures.append(Figure(f"hops.{hop}", title, "count", sums.hops[hop,].claims, depth=1))
    by_code = _by_code(asked, sums.codes)
    bars = tuple(Bar(f"{row[2]}", int(row[4] or 0), "d") for row in by_code.rows[:10])
    sections: list[Section] = [
        Figures("rejections", "Rejections", tuple(figures)),
        Chart("Claims by what was said", "count", "bars", bars),
        by_code,
        *(_group(by, sums.groups[by]) for by in BY),
        table_of("claims", "Claims, the most money first", _CLAIM, rows, count=len(claims), totals={"charge": charge}),
    ]
    counted = sum(g.claims for g in claim_cube(conn, asked.filters, **asked.source).groups() if g.outcome == "rejected")
    told = sum(one.claims for one in sums.hops.values())
    check = Check("rejected by some hop = rejected of the reconciliation", told - counted, is_money=False)
    return Report("rejections", "Rejections", asked.as_of, asked.parameters, tuple(sections), (check,), detail="claims")


def _row(asked: Asked, case: RefusedCase) -> Row:
    words = [asked.words.answer(code) for code in case.codes]
    labels, actions = (
        dict.fromkeys(one.label for one in words),
        dict.fromkeys(one.action for one in words if one.action),
    )
    return (
        *claim_cells(asked, case.claim), case.hop, " ".join(case.codes), "; ".join(labels), "; ".join(actions), case.at,
    )  # fmt: skip


def _ordered(sums: _Sums) -> list[tuple[tuple[str, ...], _Sum]]:
    return sorted((item for item in sums.items() if item[1].claims), key=lambda item: (-item[1].claims, item[0]))


def _by_code(asked: Asked, codes: _Sums) -> Table:
    rows: list[Row] = []
    for (hop, code), one in _ordered(codes):
        word = asked.words.answer(code) if code else None
        label, action = (word.label, word.action) if word else ("No code was given", "Ask who rejected it")
        rows.append((hop, code, label, action, one.claims, one.cents))
    note = "A claim with several codes counts at each, so this table has no total."
    return table_of("by_code", "By code", _CODE, rows, note=note if rows else "")


def _group(by: str, sums: _Sums) -> Table:
    columns = (*key_columns(by), Column("charge", "charged", "money", adds=True))
    rows: list[Row] = [(key, name or key or NOBODY, one.claims, one.cents) for (key, name), one in _ordered(sums)]
    return table_of(f"by_{by}", BY[by], columns, rows)
