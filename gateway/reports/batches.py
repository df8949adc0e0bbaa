"""Batches: the files that were built, how their delivery went, and what became of the claims in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from gateway.claims.life import REJECTED, SILENT
from gateway.outbound.verdicts import Answer, answered_state
from gateway.reconcile.projection import folded
from gateway.reports.asked import Asked
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table, table_of
from gateway.store import Connection
from gateway.store.batch_answers import batch_answers
from gateway.store.batch_reports import Outcome, ReportedBatch, Superseded, outcomes, reported_batches
from gateway.store.reporting import Filters

OUTCOMES = ("accepted", "rejected", "silent")
_LIST = (
    Column("id", "batch"),
    Column("partner", "partner"),
    Column("type", "type"),
    Column("state", "state", "code"),
    Column("interchange_control_number", "ISA13", brief=False),
    Column("file_name", "file"),
    Column("claims", "claims", "count", adds=True),
    *(Column(name, name, "count", adds=True) for name in OUTCOMES),
    Column("charge", "charged", "money", adds=True),
    Column("attempts", "attempts", "count", brief=False),
    Column("built_at", "built", "time", brief=False),
    Column("sent_at", "sent", "time"),
    Column("reason", "reason", brief=False),
)
_Counts = dict[int, dict[str, int]]


def build(conn: Connection, asked: Asked) -> Report:
    """The report. By submissions: the claims of a file that was sent are accepted, rejected or silent."""
    found = reported_batches(conn, asked.filters, asked.past)
    states = answered(conn, found, asked.past)
    counts = _outcomes(conn, asked)
    tallied = [(batch, states[batch.id], counts.get(batch.id, {})) for batch in found]
    rows = [_row(batch, state, own) for batch, state, own in reversed(tallied)]
    shown = rows if asked.limit is None else rows[: asked.limit]
    totals = {"claims": sum(one.claims for one in found), "charge": sum(one.charge for one in found)}
    totals |= {name: sum(own.get(name, 0) for _, _, own in tallied) for name in OUTCOMES}
    sections: list[Section] = [
        Figures("batches", "Batches", tuple(_figures(tallied, totals))),
        Chart("Claims in files that were sent", "count", "stack",
              tuple(Bar(name, totals[name], tone) for name, tone in zip(OUTCOMES, "bdf", strict=True))),
        _by_partner(tallied),
        table_of("list", "Batches, the newest first", _LIST, shown, count=len(rows), totals=dict(totals)),
    ]  # fmt: skip
    checks = () if asked.filters.payer else (_law(tallied),)
    return Report("batches", "Batches", asked.as_of, asked.parameters, tuple(sections), checks, detail="list")


_Tallied = Sequence[tuple[ReportedBatch, str, dict[str, int]]]


def answered(conn: Connection, found: Sequence[ReportedBatch], past: str) -> dict[int, str]:
    """The state of each batch after TA1 and 999."""
    said = batch_answers(conn, [batch.id for batch in found])
    states = {}
    for batch in found:
        own = [row for row in said.get(batch.id, ()) if not past or row.recorded_at <= past]
        facts = [Answer(row.kind, row.verdict, row.set_id, row.claims) for row in own]
        states[batch.id] = answered_state(batch.state, batch.claims, facts)
    return states


def _outcomes(conn: Connection, asked: Asked) -> _Counts:
    """Submissions of each batch by outcome; those that a later one stands for are folded one by one."""
    of_payer = Filters(payer=asked.filters.payer, aliases=asked.filters.aliases)  # the rest chooses batches
    counted, rest = outcomes(conn, of_payer, asked.past, **asked.source)
    found: _Counts = defaultdict(lambda: dict.fromkeys(OUTCOMES, 0))
    for one in counted:
        found[one.batch_id][one.outcome] += one.claims
    for told in _superseded(conn, rest, asked.past):
        found[told.batch_id][told.outcome] += told.claims
    return found


def _superseded(conn: Connection, rest: Sequence[Superseded], past: str) -> list[Outcome]:
    batch_of = {one.submission_id: one.batch_id for one in rest}
    found = []
    for fold in folded(conn, sorted({one.claim_id for one in rest}), as_of=past):
        for life in fold.life.submissions:
            batch = batch_of.get(life.submission.id)
            if batch is not None:
                state = life.state
                outcome = "rejected" if state in REJECTED else "silent" if state in SILENT else "accepted"
                found.append(Outcome(batch, outcome, 1))
    return found


def _figures(tallied: _Tallied, totals: dict[str, int]) -> list[Figure]:
    states: dict[str, int] = {}
    for _, state, _ in tallied:
        states[state] = states.get(state, 0) + 1
    found = [Figure("count", "batches", "count", len(tallied))]
    found += [Figure(f"states.{s}", s.replace("_", " "), "count", n, depth=1) for s, n in sorted(states.items())]
    found += [Figure("claims", "claims in them", "count", totals["claims"])]
    found += [Figure(name, name, "count", totals[name], depth=1) for name in OUTCOMES]
    return [*found, Figure("charge", "charged", "money", totals["charge"])]


def _row(batch: ReportedBatch, state: str, own: dict[str, int]) -> Row:
    sent = batch.sent_at is not None
    return (
        str(batch.id), batch.partner, batch.type, state, batch.interchange_control_number,
        batch.file_name, batch.claims, *((own.get(name, 0) if sent else None) for name in OUTCOMES), batch.charge,
        batch.attempts, batch.built_at or batch.reserved_at, batch.sent_at, batch.reason,
    )  # fmt: skip


def _by_partner(tallied: _Tallied) -> Table:
    groups: dict[str, list[int]] = {}
    for batch, _, own in tallied:
        sums = groups.setdefault(batch.partner, [0] * 6)
        for at, value in enumerate((1, batch.claims, *(own.get(name, 0) for name in OUTCOMES), batch.charge)):
            sums[at] += value
    columns = (
        Column("key", "partner"),
        Column("batches", "batches", "count", adds=True),
        Column("claims", "claims", "count", adds=True),
        *(Column(name, name, "count", adds=True) for name in OUTCOMES),
        Column("charge", "charged", "money", adds=True),
    )
    return table_of("by_partner", "By partner", columns, [(name, *sums) for name, sums in sorted(groups.items())])


def _law(tallied: _Tallied) -> Check:
    """Of files that were sent; those of a batch that was resent count in both."""
    off = [(batch, batch.claims - sum(own.values())) for batch, _, own in tallied if batch.sent_at is not None]
    blamed = tuple(f"batch {batch.id}" for batch, difference in off if difference)
    name = "claims of a file sent = accepted + rejected + silent"
    return Check(name, sum(difference for _, difference in off), is_money=False, claims=blamed)
