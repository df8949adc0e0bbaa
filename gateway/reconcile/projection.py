"""The projection: history in bulk, folded claim by claim, written as one current row each.

Called in the transaction of whatever changed: import, build, delivery, answers, postings, a person's decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gateway.claims.history import Event, History, Submission, Version, in_force
from gateway.claims.life import Acknowledged, Current, acknowledge, settle
from gateway.reconcile.money import Money, fold_money
from gateway.reconcile.posted import PostedClaim
from gateway.store import Connection
from gateway.store.current import CurrentRow, CurrentTable, clear, fill, flagged, temporary_table, upsert
from gateway.store.history import CLAIMS_A_STATEMENT, ClaimFacts, HistoryLoader, all_claim_ids
from gateway.store.rows import cut


class FoldedClaim(NamedTuple):
    """A claim as its history makes it."""

    claim_id: int
    history: History
    posted: tuple[PostedClaim, ...]
    life: Acknowledged
    money: Money
    current: Current


def refresh(conn: Connection, claim_ids: Iterable[int], now: str) -> int:
    """Computes the current rows of these claims anew and returns how many there are. `now` is a stamp.

    Memory is bounded, however many they are. Claims without a version have no row.
    """
    written = 0
    loader = HistoryLoader(conn)
    for part in cut(sorted(set(claim_ids)), CLAIMS_A_STATEMENT):
        rows = [current_row(facts, now) for facts in loader.load(part)]
        upsert(conn, rows)
        written += len(rows)
    return written


def rebuild(conn: Connection, now: str) -> int:
    """Computes the whole projection anew and returns how many claims there are."""
    clear(conn)
    loader = HistoryLoader(conn)
    written = 0
    for part in all_claim_ids(conn):
        rows = [current_row(facts, now) for facts in loader.load(part)]
        upsert(conn, rows)
        written += len(rows)
    return written


def folded(conn: Connection, claim_ids: Iterable[int], *, as_of: str = "") -> Iterator[FoldedClaim]:
    """The fold of each of these claims with all that it rests on, by what was recorded until `as_of` (a stamp)."""
    loader = HistoryLoader(conn, as_of=as_of)
    for part in cut(claim_ids, CLAIMS_A_STATEMENT):
        for facts in loader.load(part):
            yield fold(facts)


def fold(facts: ClaimFacts) -> FoldedClaim:
    """The fold of one claim."""
    history = History(
        tuple(map(Version._make, facts.versions)),
        tuple(map(Submission._make, facts.submissions)),
        in_force([Event._make(event) for event in facts.events]),
    )
    posted = tuple(map(PostedClaim._make, facts.posted))
    life = acknowledge(history)
    money = fold_money(life.live, posted)
    return FoldedClaim(facts.claim_id, history, posted, life, money, settle(life, money.adjudication))


def current_row(facts: ClaimFacts, now: str) -> CurrentRow:
    """The row of the projection for one claim."""
    _, _, _, life, money, current = fold(facts)
    version, newest = life.version, life.submission
    return CurrentRow(
        facts.claim_id,
        version.id,
        current.state,
        current.stage,
        current.outcome,
        int(current.adjudicated),
        int(version.has_money),
        json.dumps(current.flags) if current.flags else "[]",
        newest.submission.partner if newest else _partner(life),
        version.payer_id,
        version.payer_name,
        facts.billing_key,
        version.billing_name,
        version.service_from,
        version.service_to,
        facts.imported_at,
        (newest.submission.sent_at or None) if newest else None,
        now,
        *money.amounts,
    )


def _partner(life: Acknowledged) -> str:
    """Where nothing was delivered: the partner of the batch that the claim stands in, if any."""
    return life.submissions[-1].submission.partner if life.submissions else ""


@contextmanager
def projected_as_of(conn: Connection, as_of: str) -> Iterator[CurrentTable]:
    """A temporary table of the shape of `claim_current`, by what was recorded until `as_of` (a stamp).

    To be the first use of its transaction, which may be one that only reads.
    """
    with temporary_table(conn) as table:
        loader = HistoryLoader(conn, as_of=as_of)
        for part in all_claim_ids(conn):
            fill(conn, table, [current_row(facts, as_of) for facts in loader.load(part)])
        yield table


class Awaiting(NamedTuple):
    """A reversal whose original is not in the store: it counts as unmatched until that comes."""

    claim_id: int
    remittance_claim_id: int
    remittance_id: int
    paid: int  # CLP04 in cents


def awaiting_pairs(conn: Connection, *, as_of: str = "", table: CurrentTable | None = None) -> list[Awaiting]:
    """Every reversal that waits for its original. With `as_of`, by what was recorded until then.

    `table` is the projection of that time, where there is one; without it every claim is folded once more.
    """
    ids: Iterable[int]
    if table is not None:
        ids = flagged(conn, "awaiting_pair", table)
    elif as_of:
        ids = (one for part in all_claim_ids(conn) for one in part)
    else:
        ids = flagged(conn, "awaiting_pair")
    found = []
    for claim in folded(conn, ids, as_of=as_of):
        waiting = set(claim.money.awaiting)
        found += [Awaiting(claim.claim_id, one.id, one.remittance_id, one.paid) for one in claim.posted
                  if one.id in waiting]  # fmt: skip
    return found
