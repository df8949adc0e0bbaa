"""The reconciliation report: what became of every claim and every cent, and the laws that both obey.

Counts and sums are as the store's projection has them; a law that does not hold names its claims and the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.reconcile.projection import Awaiting, awaiting_pairs
from gateway.store import Connection, reporting
from gateway.store.reporting import MONEY, ClaimGroup, ClaimLine, Filters, RemittanceRow

COUNTS = ("imported", "held", "ready", "batched", "sent", "silent", "accepted", "rejected", "adjudicated", "cancelled")
GROUPS = {"payer": "by payer", "partner": "by partner", "provider": "by billing provider"}
# What waits for a person, most pressing first: heading and the claim states under it.
ATTENTION = {
    "rejected": ("rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer"),
    "held": ("held",),
    "denied": ("denied", "partly_paid"),
    "reversed": ("reversed",),
    "silent": ("sent", "accepted_999"),
}
SHOWN = 10  # claims a heading in the table; JSON has as many


@dataclass(frozen=True, slots=True)
class Check:
    """A conservation law: whether it holds, by how much it fails (cents, or a count), and which claims are to blame."""

    name: str
    difference: int
    is_money: bool = True
    claims: tuple[str, ...] = ()
    remittances: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.difference == 0 and not self.claims and not self.remittances

    def document(self) -> dict[str, Any]:
        shown = amount(self.difference) if self.is_money else str(self.difference)
        found: dict[str, Any] = {
            "name": self.name,
            "holds": self.holds,
            "difference": shown,
            "claims": list(self.claims),
        }
        if self.remittances:
            found["remittances"] = list(self.remittances)
        return found


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

    def document(self) -> dict[str, Any]:
        """The report as its JSON document."""
        return {
            "as_of": self.as_of,
            "claims": self.totals.counts,
            "money": amounts(self.totals.money),
            "remittances": {
                key: value if key in ("count", "parked") else amount(value) for key, value in self.remittances.items()
            },
            "checks": [check.document() for check in self.checks],
            "groups": {by: [_group_document(group) for group in found] for by, found in self.groups.items()},
            "attention": {
                kind: {"claims": count, "oldest": [_line_document(line) for line in lines]}
                for kind, (count, lines) in self.attention.items()
            },
            "waiting": self.waiting,
        }


def amount(cents: int) -> str:
    """Cents as text with two decimals."""
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{whole // 100}.{whole % 100:02}"


def amounts(money: dict[str, int]) -> dict[str, str]:
    return {name: amount(cents) for name, cents in money.items()}


def _group_document(group: Totals) -> dict[str, Any]:
    return {"key": group.key, "name": group.name, "claims": group.counts, "money": amounts(group.money)}


def _line_document(line: ClaimLine) -> dict[str, Any]:
    return {
        "patient_control_number": line.patient_control_number,
        "state": line.state,
        "payer": line.payer,
        "partner": line.partner,
        "service_from": line.service_from,
        "amount": amount(line.amount),
    }


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
    return Totals(key, name, dict(counts), money)


def reconcile(
    conn: Connection, filters: Filters, as_of: str, table: Any = None, crosswalk: Crosswalk = NO_CROSSWALK
) -> Reconciliation:
    """Asks the store for the report; `table` is another projection of the same shape, for a time that is past."""
    source = {} if table is None else {"table": table}
    past = as_of if table is not None else ""
    whole = totals(reporting.claim_groups(conn, filters, **source))
    waiting = awaiting_pairs(conn, as_of=past)
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
        groups=_all_groups(conn, filters, source, crosswalk),
        attention=dict(_attention(conn, filters, source)),
        waiting={row.kind: row.number for row in reporting.waiting(conn, filters)},
    )


def _sum_by(waiting: Sequence[Awaiting], key: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in waiting:
        number = getattr(one, key)
        found[number] = found.get(number, 0) + one.paid
    return found


def _all_groups(
    conn: Connection, filters: Filters, source: dict[str, Any], crosswalk: Crosswalk
) -> dict[str, tuple[Totals, ...]]:
    """Totals by payer, partner and billing provider; a payer's claims together, whichever id they name it by."""
    found = {by: reporting.claim_groups(conn, filters, by, **source) for by in GROUPS}
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
