"""The reconciliation report: what became of every claim and every cent, and the laws that both obey.

Counts and sums are as the store's projection has them; a law that does not hold names its claims and the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.reconcile.projection import Awaiting, awaiting_pairs
from gateway.reports.as_json import document_of
from gateway.reports.asked import Asked, parameters_of
from gateway.reports.document import (
    Bar,
    Chart,
    Check,
    Column,
    Figure,
    Figures,
    Report,
    Row,
    Section,
    Table,
    table_of,
)
from gateway.store import Connection, reporting
from gateway.store.reporting import MONEY, ClaimCube, ClaimGroup, ClaimLine, Filters, RemittanceRow
from gateway.store.waiting import waiting as waiting_for

COUNTS = ("imported", "held", "ready", "batched", "sent", "accepted", "adjudicated", "rejected", "silent", "cancelled")
GROUPS = {"payer": "by payer", "partner": "by partner", "provider": "by billing provider"}
# What waits for a person, most pressing first: heading and the claim states under it.
ATTENTION = {
    "rejected": ("rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer"),
    "held": ("held",),
    "denied": ("denied", "partly_paid"),
    "reversed": ("reversed",),
    "silent": ("sent", "accepted_999"),
}
SHOWN = 10  # claims of each kind that need a person
MONEY_WORDS = {
    "charge": "charged",
    "paid": "paid",
    "patient_responsibility": "patient owes",
    "contractual": "contractual",
    "denied": "denied",
    "other_adjustments": "other adjustments",
    "open": "open",
}
_DEPTH = {"held": 1, "ready": 1, "batched": 1, "sent": 1, "cancelled": 1, "silent": 2, "accepted": 2, "rejected": 2,
          "adjudicated": 3}  # fmt: skip
_REMITTANCE_WORDS = {
    "payment": "payments (BPR02)",
    "matched": "matched to claims",
    "unmatched": "unmatched",
    "provider_adjustments": "provider adjustments (PLB)",
}
_ATTENTION_WORDS = {
    "rejected": "rejected before adjudication: correct and send again",
    "held": "held by our own checks: correct, or release",
    "denied": "denied in whole or in part: work the denial",
    "reversed": "payment taken back, no correction yet",
    "silent": "sent, and nobody has said more than that it arrived",
}
_MORE = {
    "rejected": "gateway report rejections",
    "denied": "gateway report denials",
    **{kind: f"gateway claims list --state {kind}" for kind in ("held", "reversed")},
    "silent": "gateway claims list --state sent",
}
_WAITING_WORDS = {
    "delivery_unknown": "deliveries of unknown outcome (gateway batches list)",
    "delivery_failed": "deliveries that a partner refused (gateway batches list)",
    "file_quarantined": "files that cannot be read (gateway inbound list)",
    "set_parked": "transaction sets read and not posted (gateway inbound list)",
    "set_quarantined": "transaction sets that cannot be read (gateway inbound list)",
    "remitted_unmatched": "claims in payments that are nobody's (gateway report unmatched)",
    "reversal_waits": "payments taken back whose original is not here (gateway report unmatched)",
    "credit": "claims on which too much was paid (gateway report credits)",
}
_LINE = (
    Column("patient_control_number", "claim"),
    Column("state", "state", "code"),
    Column("payer", "payer"),
    Column("partner", "partner", brief=False),
    Column("service_from", "service", "date"),
    Column("amount", "open or denied", "money"),
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and money (cents) of a group of claims."""

    key: str
    name: str
    counts: dict[str, int]
    money: dict[str, int]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The whole report."""

    as_of: str
    totals: Totals
    remittances: dict[str, int]
    checks: tuple[Check, ...]
    groups: dict[str, tuple[Totals, ...]]
    attention: dict[str, tuple[int, tuple[ClaimLine, ...]]]
    waiting: dict[str, int] = field(default_factory=dict)
    parameters: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """The report as its JSON document."""
        return document_of(self.report())

    def report(self) -> Report:
        """The report for any format."""
        sections: list[Section] = [
            Figures("claims", "Claims", tuple(self._counts()), section="total"),
            Figures("money", "Money", tuple(self._money()), beside=True, section="total"),
            Chart("Where the charge went", "money", "stack", tuple(self._bars())),
            self._remittances(),
            Figures("", "Needs a person", tuple(self._attention()), are_sentences=True, section="attention"),
            *self._oldest(),
            *(_group_table(by, groups) for by, groups in self.groups.items()),
        ]
        return Report("reconciliation", "Reconciliation", self.as_of, self.parameters, tuple(sections), self.checks)

    def _counts(self) -> Iterator[Figure]:
        for name in COUNTS:
            yield Figure(name, name, "count", self.totals.counts[name], depth=_DEPTH.get(name, 0))

    def _money(self) -> Iterator[Figure]:
        cents = self.totals.money
        for name in MONEY:
            share = cents[name] / cents["charge"] if name != "charge" and cents["charge"] else None
            yield Figure(name, MONEY_WORDS[name], "money", cents[name], share=share)

    def _bars(self) -> Iterator[Bar]:
        for name, tone in zip(MONEY[1:], "bcadef", strict=True):
            yield Bar(MONEY_WORDS[name], self.totals.money[name], tone)

    def _remittances(self) -> Figures:
        found = self.remittances
        counts = [Figure(name, name, "count", found[name], brief=False) for name in ("count", "parked")]
        sums = [Figure(name, words, "money", found[name]) for name, words in _REMITTANCE_WORDS.items()]
        note = f"{found['count']:,} posted, {found['parked']:,} parked"
        return Figures("remittances", "Remittances", (counts[0], *sums, counts[1]), note=note)

    def _attention(self) -> Iterator[Figure]:
        for kind, number in self.waiting.items():
            yield Figure(f"waiting.{kind}", _WAITING_WORDS.get(kind, kind), "count", number)
        for kind, (number, _) in self.attention.items():
            yield Figure(f"attention.{kind}.claims", _ATTENTION_WORDS[kind], "count", number)

    def _oldest(self) -> Iterator[Table]:
        for kind, (count, lines) in self.attention.items():
            rows = tuple(
                (one.patient_control_number, one.state, one.payer, one.partner, one.service_from, one.amount)
                for one in lines
            )
            yield Table(
                f"attention.{kind}.oldest", f"{kind.capitalize()}: the oldest", _LINE, rows, count, more=_MORE[kind]
            )


def _group_table(by: str, groups: Sequence[Totals]) -> Table:
    """Counts and money of each group; where there is little room the most telling of them."""
    brief = {"imported", "charge", "paid", "patient_responsibility", "denied", "open"}
    columns = [Column("key", "id"), Column("name", GROUPS[by].removeprefix("by "))]
    columns[0] = columns[0]._replace(brief=by == "payer")
    titles = {"imported": "claims", **MONEY_WORDS}
    columns += [Column(f"claims.{one}", titles.get(one, one), "count", True, one in brief) for one in COUNTS]
    columns += [Column(f"money.{one}", titles[one], "money", True, one in brief) for one in MONEY]
    rows: list[Row] = [
        (group.key, group.name or group.key or "(none yet)", *group.counts.values(), *group.money.values())
        for group in groups
    ]
    title = GROUPS[by]
    return table_of(f"groups.{by}", title[0].upper() + title[1:], tuple(columns), rows)


def totals(groups: Iterable[ClaimGroup], key: str = "", name: str = "") -> Totals:
    """Adds rows of the projection up to the counts of the report."""
    counts: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
    money = dict.fromkeys(MONEY, 0)
    for group in groups:
        counts["imported"] += group.claims
        counts[group.stage] += group.claims
        if group.outcome:
            counts[group.outcome] += group.claims
        counts["adjudicated"] += group.adjudicated
        for kind, cents in zip(MONEY, group.money, strict=True):
            money[kind] += cents
    return Totals(key, name, {name: counts[name] for name in COUNTS}, money)


def reconcile(
    conn: Connection, filters: Filters, as_of: str, table: Any = None, crosswalk: Crosswalk = NO_CROSSWALK
) -> Reconciliation:
    """Asks the store for the report; `table` is another projection of the same shape, for a time that is past."""
    source = {} if table is None else {"table": table}
    past = as_of if table is not None else ""
    cube = reporting.claim_cube(conn, filters, **source)
    whole = totals(cube.groups())
    waiting = awaiting_pairs(conn, as_of=past, table=table)
    rows = reporting.remittance_rows(conn, filters, past, _sum_by(waiting, "remittance_id"))
    sums = {
        "count": len(rows),
        "payment": sum(row.payment for row in rows),
        "matched": sum(row.matched for row in rows),
        "unmatched": sum(row.unmatched for row in rows),
        "provider_adjustments": sum(row.provider_adjustments for row in rows),
        "parked": reporting.parked_count(conn, filters, past),
    }
    return Reconciliation(
        as_of=as_of,
        totals=whole,
        remittances=sums,
        checks=tuple(_checks(conn, filters, whole, rows, source, _sum_by(waiting, "claim_id"), past)),
        groups=_all_groups(cube, crosswalk),
        attention=dict(_attention(conn, filters, source)),
        waiting={
            **{row.kind: row.number for row in waiting_for(conn, filters, past)},
            **_unapplied(rows, waiting, reporting.credit_count(conn, filters, **source)),
        },
        parameters=parameters_of(filters),
    )


def _unapplied(rows: Sequence[RemittanceRow], waiting: Sequence[Awaiting], overpaid: int) -> dict[str, int]:
    """Money that is at no claim, or is too much at one."""
    shown = {row.id for row in rows}
    found = {
        "remitted_unmatched": sum(row.claims_unmatched for row in rows),
        "reversal_waits": sum(one.remittance_id in shown for one in waiting),
        "credit": overpaid,
    }
    return {kind: number for kind, number in found.items() if number}


def _sum_by(waiting: Sequence[Awaiting], key: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in waiting:
        number = getattr(one, key)
        found[number] = found.get(number, 0) + one.paid
    return found


def _all_groups(cube: ClaimCube, crosswalk: Crosswalk) -> dict[str, tuple[Totals, ...]]:
    """Totals by payer, partner and billing provider; a payer's claims together, whichever id they name it by."""
    found = {by: cube.groups(by) for by in GROUPS}
    if crosswalk:
        found["payer"] = [_of_payer(row, crosswalk) for row in found["payer"]]
    return {by: _grouped(rows) for by, rows in found.items()}


def _of_payer(row: ClaimGroup, crosswalk: Crosswalk) -> ClaimGroup:
    return row._replace(key=crosswalk.resolve(row.key), name=crosswalk.name(row.key) or row.name)


def _grouped(rows: Sequence[ClaimGroup]) -> tuple[Totals, ...]:
    keys = {row.key: row.name for row in rows}
    found = [totals((row for row in rows if row.key == key), key, name) for key, name in keys.items()]
    return tuple(sorted(found, key=lambda group: (-group.money["charge"], group.key)))


def _attention(conn: Connection, filters: Filters, source: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for kind, states in ATTENTION.items():
        lines = reporting.claims_in(conn, filters, states, SHOWN, **source)
        if lines:
            yield kind, (reporting.count_in(conn, filters, states, **source), tuple(lines))


def _checks(
    conn: Connection,
    filters: Filters,
    whole: Totals,
    rows: Sequence[RemittanceRow],
    source: dict[str, Any],
    awaiting: dict[int, int],
    past: str,
) -> Iterable[Check]:
    counts, money = whole.counts, whole.money
    stages = sum(counts[stage] for stage in ("held", "ready", "batched", "sent", "cancelled"))
    name = "imported = held + ready + batched + sent + cancelled"
    yield Check(name, counts["imported"] - stages, is_money=False)
    outcomes = sum(counts[outcome] for outcome in ("accepted", "rejected", "silent"))
    yield Check("sent = accepted + rejected + silent", counts["sent"] - outcomes, is_money=False)
    broken = reporting.broken_claims(conn, filters, **source)
    yield Check(
        "charge = paid + patient responsibility + contractual + denied + other adjustments + open",
        money["charge"] - sum(money[part] for part in MONEY[1:]),
        claims=tuple(number for number, _ in broken),
    )
    off = [(row, row.payment - row.matched - row.unmatched + row.provider_adjustments) for row in rows]
    yield Check(
        "payment = matched + unmatched − provider adjustments",
        sum(difference for _, difference in off),
        remittances=tuple(f"{row.id} (trace {row.trace_number})" for row, difference in off if difference),
    )
    unequal = reporting.paid_differences(conn, filters, as_of=past, awaiting=awaiting, **source)
    yield Check(
        "paid on claims = matched claim payments",
        sum(difference for _, difference in unequal),
        claims=tuple(number for number, _ in unequal),
    )
    laws = reporting.batch_laws(conn)
    yield Check(
        "claims of a batch = its submissions",
        sum(abs(law.claims - law.submitted) for law in laws),
        is_money=False,
        claims=tuple(f"batch {law.id}" for law in laws),
    )


def build(conn: Connection, asked: Asked) -> Report:
    """The report for any format."""
    return reconcile(conn, asked.filters, asked.as_of, asked.table, asked.crosswalk).report()
