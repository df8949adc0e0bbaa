"""Rates: how well claims go through, each with its formula, over all and by payer, partner and billing provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.reconcile.projection import folded
from gateway.reports.asked import Asked
from gateway.reports.cells import Kind
from gateway.reports.document import Bar, Chart, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.reports.grouping import BY, NOBODY, key_columns
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
from gateway.store.reporting import Keys, key_of

_RECENT = 90  # days whose charges make the average of a day
# States of a submission that stopped before each hop took it.
_STOPPED = {"999": {"sent", "rejected_ta1", "rejected_999"}}
_STOPPED["clearinghouse"] = _STOPPED["999"] | {"accepted_999", "rejected_clearinghouse"}
_STOPPED["payer"] = _STOPPED["clearinghouse"] | {"accepted_clearinghouse", "received_payer", "rejected_payer"}
_RESOLVED = frozenset({"paid", "zero_paid"})


@dataclass(slots=True)
class _Counted:
    """What is counted of one payer, partner or provider, or of all."""

    name: str = ""
    sums: Counter[str] = field(default_factory=Counter)
    lags: dict[str, Counter[int]] = field(default_factory=dict)

    def lag(self, name: str) -> Counter[int]:
        return self.lags.setdefault(name, Counter())

    def add(self, other: _Counted) -> None:
        self.sums.update(other.sums)
        for name, days in other.lags.items():
            self.lag(name).update(days)


def _ratio(above: str, below: str) -> Callable[[_Counted], float | None]:
    return lambda one: one.sums[above] / one.sums[below] if one.sums[below] else None


def _days_in_receivable(one: _Counted) -> float | None:
    charge = one.sums["recent_charge"]
    return one.sums["receivable"] / (charge / _RECENT) if charge else None


def _net_collection(one: _Counted) -> float | None:
    due = one.sums["charge"] - one.sums["contractual"]
    return one.sums["paid"] / due if due else None


def _median(name: str) -> Callable[[_Counted], float | None]:
    return lambda one: median(one.lags.get(name, Counter()))


class _Rate(NamedTuple):
    key: str
    label: str
    kind: str
    of: Callable[[_Counted], float | None]
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
    counted = _everything(conn, asked)
    whole = _Counted()
    for one in counted.values():
        whole.add(one)
    figures = [Figure(r.key, r.label, _kind(r), r.of(whole), says=r.says) for r in _RATES]
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
        *(_group(asked, by, counted) for by in BY),
    ]
    return Report("rates", "Rates", asked.as_of, asked.parameters, tuple(sections))


def _group(asked: Asked, by: str, counted: Mapping[Keys, _Counted]) -> Table:
    """The rates of each payer, partner or provider, the one with the most claims first."""
    groups: dict[str, _Counted] = {}
    for keys, one in counted.items():
        key, name = key_of(keys, by)
        if by == "payer":
            key, name = asked.payer(key, name)
        group = groups.setdefault(key, _Counted())
        group.name = group.name or name
        group.add(one)
    columns = list(key_columns(by))
    columns[-1] = columns[-1]._replace(title="sent")
    columns += [Column(rate.key, rate.short, _kind(rate)) for rate in _RATES]
    rows: list[Row] = [
        (key, one.name or key or NOBODY, one.sums["sent"], *(rate.of(one) for rate in _RATES))
        for key, one in sorted(groups.items(), key=lambda item: (-item[1].sums["sent"], item[0]))
    ]
    return table_of(f"by_{by}", BY[by], tuple(columns), rows)


def _kind(rate: _Rate) -> Kind:
    return "days" if rate.kind == "days" else "percent"


def _everything(conn: Connection, asked: Asked) -> dict[Keys, _Counted]:
    """Everything counted, by payer, partner and provider at once."""
    found: dict[tuple[str, ...], tuple[Keys, _Counted]] = {}

    def of(keys: Keys) -> _Counted:
        payer, _, partner, provider, _ = keys  # names follow from their keys, and not every question asks for them
        return found.setdefault((payer, partner, provider), (keys, _Counted()))[1]

    past, source = asked.past, asked.source
    for row in submitted(conn, asked.filters, asked.days_before(_RECENT), past, **source):
        _add_submitted(of(row.keys), row)
    _add_passes(conn, asked, of)
    for first in first_remittances(conn, asked.filters, past, **source):
        _add_first(of(first.keys), first)
    lags: dict[str, Sequence[Lag]] = {
        "service_to_sent": service_to_sent(conn, asked.filters, **source),
        "sent_to_accepted": sent_to_accepted(conn, asked.filters, past, **source),
        "sent_to_remitted": sent_to_remitted(conn, asked.filters, past, **source),
    }
    for name, rows in lags.items():
        for lag in rows:
            of(lag.keys).lag(name)[lag.days] += lag.claims
    return dict(found.values())


def _add_submitted(one: _Counted, row: Submitted) -> None:
    names = ("sent", "adjudicated", "charge", "paid", "contractual", "receivable", "recent_charge")
    one.sums.update({name: getattr(row, name) for name in names})
    one.sums["clean"] += row.sent - row.held_before


def _add_first(one: _Counted, first: FirstRemittance) -> None:
    one.sums.update({"first": first.claims, "first_denied": first.denied_claims})
    one.sums.update({"first_charge": first.charge, "first_denied_cents": first.denied})


def _add_passes(conn: Connection, asked: Asked, of: Callable[[Keys], _Counted]) -> None:
    """How far first submissions came; claims that were sent more than once are folded one by one."""
    once, several = single_passes(conn, asked.filters, asked.past, **asked.source)
    for row in once:
        _add_pass(of(row.keys), row.state, row.claims)
        if row.adjudicated and row.state in _RESOLVED:
            of(row.keys).sums["first_resolved"] += row.claims
    keys_of = dict(several)
    for fold in folded(conn, list(keys_of), as_of=asked.past):
        delivered = [life for life in fold.life.submissions if life.delivered]
        if delivered:
            _add_pass(of(keys_of[fold.claim_id]), delivered[0].state, 1)


def _add_pass(one: _Counted, state: str, claims: int) -> None:
    one.sums["sent_once"] += claims
    for hop, stopped in _STOPPED.items():
        if state not in stopped:
            one.sums[f"first_{hop}"] += claims
