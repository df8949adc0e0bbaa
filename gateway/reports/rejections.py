"""Rejections: claims that TA1, 999 or 277CA refused before anybody adjudicated them, in a biller's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.claims.answers import SubmissionLife
from gateway.claims.history import Event
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reports.asked import Asked
from gateway.reports.claim_columns import CLAIM, claim_cells
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY, key_columns
from gateway.store import Connection
from gateway.store.claim_reports import ReportedClaim, rejected_claims
from gateway.store.reporting import claim_cube
from gateway.store.rows import cut

HOPS = {
    "rejected_ta1": ("ta1", "TA1: the file"),
    "rejected_999": ("999", "999: the set"),
    "rejected_clearinghouse": ("clearinghouse", "277CA: clearinghouse"),
    "rejected_payer": ("payer", "277CA: payer"),
}
_AT_A_TIME = 1_000
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


@dataclass(frozen=True, slots=True)
class _Case:
    claim: ReportedClaim
    hop: str
    codes: tuple[str, ...]
    at: str


@dataclass(slots=True)
class _Found:
    """Sums by everything that the report shows."""

    codes: _Sums = field(default_factory=lambda: defaultdict(_Sum))
    hops: _Sums = field(default_factory=lambda: defaultdict(_Sum))
    groups: dict[str, _Sums] = field(default_factory=lambda: {by: defaultdict(_Sum) for by in BY})

    def add(self, asked: Asked, case: _Case) -> None:
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
    for case in _cases(conn, asked, claims):
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


def _cases(conn: Connection, asked: Asked, claims: Sequence[ReportedClaim]) -> Iterator[_Case]:
    for part in cut(claims, _AT_A_TIME):
        folds = {fold.claim_id: fold for fold in folded(conn, [one.claim_id for one in part], as_of=asked.past)}
        for claim in part:
            hop, _ = HOPS.get(claim.state, (claim.state, ""))
            said = list(_refusals(folds[claim.claim_id], hop)) if claim.claim_id in folds else []
            codes = dict.fromkeys(code for event in said for code in _telling(event, said))
            yield _Case(claim, hop, tuple(codes), max((one.recorded_at for one in said), default=""))


def _refusals(fold: FoldedClaim, hop: str) -> Iterator[Event]:
    """What the hop that decided said of the newest submission; with a 999, what it blames in the claim too."""
    life = fold.life.submission
    if life is None:
        return
    own = [event for event in fold.history.events if event.hop == hop and _speaks_of(event, life)]
    refusing = [event for event in own if event.verdict == "reject"]
    newest = max((event.rank for event in refusing), default="")
    for event in own:
        if event.kind == "ack_claim" or (event.verdict == "reject" and event.rank == newest):
            yield event


def _speaks_of(event: Event, life: SubmissionLife) -> bool:
    submission = life.submission
    if event.submission_id is not None:
        return event.submission_id == submission.id
    if event.set_id is not None:
        return event.set_id == submission.set_id
    return event.batch_id in (submission.batch_id, None)


def _telling(event: Event, said: Sequence[Event]) -> tuple[str, ...]:
    """The codes that a biller can work by: the segment and element at fault before the verdict on the whole set."""
    if event.hop != "999":
        return event.codes
    blamed = any(one.kind == "ack_claim" for one in said)
    if event.kind != "ack_claim":
        return () if blamed else tuple(code for code in event.codes if code.startswith("IK5")) or event.codes
    return tuple(_without_place(code) for code in event.codes)


def _without_place(code: str) -> str:
    """IK3 without the ordinal of the segment, which differs from claim to claim."""
    parts = code.split(":")
    return ":".join((parts[0], parts[1], parts[-1])) if parts[0] == "IK3" and len(parts) > 3 else code


def _row(asked: Asked, case: _Case) -> Row:
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
