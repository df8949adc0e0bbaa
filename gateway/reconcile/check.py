"""Whether the projection still says what the facts say: every claim folded again and compared with its current row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gateway.reconcile.projection import current_row
from gateway.store import Connection
from gateway.store.current import CurrentRow, rows_of
from gateway.store.history import HistoryLoader, all_claim_ids


class Difference(NamedTuple):
    """A claim whose current row is not what its facts make of it."""

    claim_id: int
    columns: tuple[str, ...]  # those that differ; all of them where the row is missing


def differences(conn: Connection) -> Iterator[Difference]:
    """The claims whose current row differs from the fold of their facts; memory is bounded."""
    loader = HistoryLoader(conn)
    for part in all_claim_ids(conn):
        kept = rows_of(conn, part)
        for facts in loader.load(part):
            row = kept.pop(facts.claim_id, None)
            expected = current_row(facts, row.refreshed_at if row else "")
            if row != expected:
                yield Difference(facts.claim_id, _columns(row, expected))
        for claim_id in sorted(kept):
            yield Difference(claim_id, CurrentRow._fields)


def _columns(row: CurrentRow | None, expected: CurrentRow) -> tuple[str, ...]:
    if row is None:
        return CurrentRow._fields
    return tuple(name for name, is_, should in zip(row._fields, row, expected, strict=True) if is_ != should)
