"""Rates: how well claims go through, each with its formula, over all payers and by payer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.reconcile.projection import folded
from gateway.reports.asked import Asked
from gateway.reports.cells import Kind
from gateway.reports.document import Bar, Chart, Column, Figure, Figures, Report, Row, Section, table_of
from gateway.store import Connection
from gateway.store.batch_reports import single_passes
from gateway.store.rate_reports import (
    FirstRemittance,
    Lag,
    Submitted,
    first_remittances,
    sent_to_accepted,
    sent_to_remitted,
    service_to_sent,
    submitted,
)

_RECENT = 90  # days whose charges make the average of a day
# States of a submission that stopped before each hop took it.
_STOPPED = {"999": {"sent", "rejected_ta1", "rejected_999"}}
_STOPPED["clearinghouse"] = _STOPPED["999"] | {"accepted_999", "rejected_clearinghouse"}
_STOPPED["payer"] = _STOPPED["clearinghouse"] | {"accepted_clearinghouse", "received_payer", "rejected_payer"}
_RESOLVED = frozenset({"paid", "zero_paid"})


@dataclass(slots=True)
class _Payer:
    """What is counted of one payer, or of all."""

    name: str = ""
    sums: Counter[str] = field(default_factory=Counter)
    lags: dict[str, Counter[int]] = field(default_factory=dict)

    def lag(self, name: str) -> Counter[int]:
        return self.lags.setdefault(name, Counter())

    def add(self, other: _Payer) -> None:
        self.sums.update(other.sums)
        for name, days in other.lags.items():
            self.lag(name).update(days)


def _ratio(above: str, below: str) -> Callable[[_Payer], float | None]:
    return lambda one: one.sums[above] / one.sums[below] if one.sums[below] else None


def _days_in_receivable(one: _Payer) -> float | None:
    charge = one.sums["recent_charge"]
    return one.sums["receivable"] / (charge / _RECENT) if charge else None


def _net_collection(one: _Payer) -> float | None:
    due = one.sums["charge"] - one.sums["contractual"]
    return one.sums["paid"] / due if due else None


def _median(name: str) -> Callable[[_Payer], float | None]:
    return lambda one: median(one.lags.get(name, Counter()))


class _Rate(NamedTuple):
    key: str
    label: str
    kind: str
    of: Callable[[_Payer], float | None]
    says: str
    short: str  # over a column


_RATES = (
    _Rate("days_in_receivable", "days in receivables", "days", _days_in_receivable,
          "open and denied money ÷ (charges with service in the last 90 days ÷ 90)", "days in A/R"),
    _Rate("clean_claims", "clean claims", "percent", _ratio("clean", "sent"),
          "claims sent that our own checks never held ÷ claims sent", "clean"),
    _Rate("first_pass_999", "first pass: 999", "percent", _ratio("first_999", "sent_once"),
          "claims whose first submission a 999 or a later hop accepted ÷ claims submitted", "999"),
    _Rate("first_pass_clearinghouse", "first pass: clearinghouse", "percent",
          _ratio("first_clearinghouse", "sent_once"),
          "claims whose first submission the clearinghouse or the payer accepted ÷ claims submitted", "clearinghouse"),
    _Rate("first_pass_payer", "first pass: payer", "percent", _ratio("first_payer", "sent_once"),
          "claims whose first submission the payer took into adjudication ÷ claims submitted", "payer"),
    _Rate("first_pass_resolved", "first pass: resolved", "percent", _ratio("first_resolved", "adjudicated"),
          "claims adjudicated on their only submission with nothing denied ÷ claims adjudicated", "resolved"),
    _Rate("denied_claims", "denied claims", "percent", _ratio("first_denied", "first"),
          "claims whose first remittance denied money ÷ claims with a remittance", "denied"),
    _Rate("denied_money", "denied money", "percent", _ratio("first_denied_cents", "first_charge"),
          "money that first remittances denied ÷ their charges", "denied money"),
    _Rate("net_collection", "net collection", "percent", _net_collection,
          "paid ÷ (charged − contractual), of adjudicated claims", "net collection"),
    _Rate("service_to_sent", "service to sent, median", "days", _median("service_to_sent"),
          "days from the last service to sending", "service to sent"),
    _Rate("sent_to_accepted", "sent to accepted, median", "days", _median("sent_to_accepted"),
          "days from sending to the payer's first acceptance in a 277CA", "sent to accepted"),
    _Rate("sent_to_remitted", "sent to remitted, median", "days", _median("sent_to_remitted"),
          "days from sending to the date of the first remittance", "sent to remitted"),
)  # fmt: skip


def median(days: Counter[int]) -> float | None:
    """The median of a histogram."""
    count = sum(days.values())
    if not count:
        return None
    middle = ((count - 1) // 2, count // 2)
    values: list[int] = []
    seen = 0
    for value in sorted(days):
        seen += days[value]
        while len(values) < 2 and seen > middle[len(values)]:
            values.append(value)
    return sum(values) / 2


def build(conn: Connection, asked: Asked) -> Report:
    """The report."""
    payers = _payers(conn, asked)
    whole = _Payer()
    for one in payers.values():
        whole.add(one)
    figures = [Figure(r.key, r.label, _kind(r), r.of(whole), says=r.says) for r in _RATES]
    columns = (
        Column("key", "id"),
        Column("name", "payer"),
        Column("claims", "sent", "count", adds=True),
        *(Column(rate.key, rate.short, _kind(rate)) for rate in _RATES),
    )
    rows: list[Row] = [
        (key, one.name or key or "(none)", one.sums["sent"], *(rate.of(one) for rate in _RATES))
        for key, one in sorted(payers.items(), key=lambda item: (-item[1].sums["sent"], item[0]))
    ]
    steps = [
        ("sent", "sent"),
        ("999", "accepted by 999"),
        ("clearinghouse", "by the clearinghouse"),
        ("payer", "by the payer"),
    ]
    bars = [
        Bar(title, whole.sums["sent_once" if name == "sent" else f"first_{name}"], tone)
        for (name, title), tone in zip(steps, "fabb", strict=True)
    ]
    sections: list[Section] = [
        Figures("rates", "Rates", tuple(figures)),
        Chart("Claims by how far the first submission came", "count", "bars", tuple(bars)),
        table_of("by_payer", "By payer", columns, rows),
    ]
    return Report("rates", "Rates", asked.as_of, asked.parameters, tuple(sections))


def _kind(rate: _Rate) -> Kind:
    return "days" if rate.kind == "days" else "percent"


def _payers(conn: Connection, asked: Asked) -> dict[str, _Payer]:
    """Everything counted, by payer."""
    found: dict[str, _Payer] = {}

    def of(key: str, name: str = "") -> _Payer:
        key, name = asked.payer(key, name)
        one = found.setdefault(key, _Payer())
        one.name = one.name or name
        return one

    past, source = asked.past, asked.source
    for row in submitted(conn, asked.filters, asked.days_before(_RECENT), past, **source):
        _add_submitted(of(row.payer_id, row.payer_name), row)
    _add_passes(conn, asked, of)
    for first in first_remittances(conn, asked.filters, past, **source):
        _add_first(of(first.payer_id), first)
    lags: dict[str, Sequence[Lag]] = {
        "service_to_sent": service_to_sent(conn, asked.filters, **source),
        "sent_to_accepted": sent_to_accepted(conn, asked.filters, past, **source),
        "sent_to_remitted": sent_to_remitted(conn, asked.filters, past, **source),
    }
    for name, rows in lags.items():
        for lag in rows:
            of(lag.payer_id).lag(name)[lag.days] += lag.claims
    return found


def _add_submitted(payer: _Payer, row: Submitted) -> None:
    names = ("sent", "adjudicated", "charge", "paid", "contractual", "receivable", "recent_charge")
    payer.sums.update({name: getattr(row, name) for name in names})
    payer.sums["clean"] += row.sent - row.held_before


def _add_first(payer: _Payer, first: FirstRemittance) -> None:
    payer.sums.update({"first": first.claims, "first_denied": first.denied_claims})
    payer.sums.update({"first_charge": first.charge, "first_denied_cents": first.denied})


def _add_passes(conn: Connection, asked: Asked, of: Callable[..., _Payer]) -> None:
    """How far first submissions came; claims that were sent more than once are folded one by one."""
    once, several = single_passes(conn, asked.filters, asked.past, **asked.source)
    for row in once:
        _add_pass(of(row.payer_id, row.payer_name), row.state, row.claims)
        if row.adjudicated and row.state in _RESOLVED:
            of(row.payer_id).sums["first_resolved"] += row.claims
    payer_of = dict(several)
    for fold in folded(conn, list(payer_of), as_of=asked.past):
        delivered = [life for life in fold.life.submissions if life.delivered]
        if delivered:
            _add_pass(of(payer_of[fold.claim_id]), delivered[0].state, 1)


def _add_pass(payer: _Payer, state: str, claims: int) -> None:
    payer.sums["sent_once"] += claims
    for hop, stopped in _STOPPED.items():
        if state not in stopped:
            payer.sums[f"first_{hop}"] += claims
