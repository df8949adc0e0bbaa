"""How claims stand when somebody brings new content for them, or decides on them: versions without their bodies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from gateway.store.claims import ClaimRow, claims_by_key, lock_claims
from gateway.store.rows import columns, cut, fetch
from gateway.store.tables import claim_current, claim_versions, events


class VersionHead(NamedTuple):
    """A version without its body."""

    id: int
    claim_id: int
    number: int
    frequency: str
    payer_responsibility: str
    content_hash: str
    service_from: str
    service_to: str
    has_money: int = 1
    payer_key: str = ""


class Standing(NamedTuple):
    """A claim, its versions in order, and where it stands."""

    claim: ClaimRow
    versions: Sequence[VersionHead]  # the oldest first, never empty
    version_id: int  # the one that counts now
    state: str
    stage: str  # held, ready, batched, sent, cancelled
    adjudicated: bool = False  # whether a remittance stands
    paid: int = 0  # by all payers, in cents
    flags: str = "[]"  # JSON

    @property
    def newest(self) -> VersionHead:
        return self.versions[-1]


def standings(
    conn: Connection, keys: Iterable[tuple[str, str]], *, lock: bool = True
) -> dict[tuple[str, str], Standing]:
    """How the claims of many (billing key, CLM01) stand, by key; keys without a claim are left out.

    With `lock`, other writers of these claims wait until this transaction ends.
    """
    return standings_of(conn, claims_by_key(conn, keys).values(), lock=lock)


def standings_of(conn: Connection, found: Iterable[ClaimRow], *, lock: bool = True) -> dict[tuple[str, str], Standing]:
    """How these claims stand, by (billing key, CLM01)."""
    rows = {row.id: row for row in found}
    if lock:
        lock_claims(conn, rows)
    heads: dict[int, list[VersionHead]] = {}
    current: dict[int, tuple[int, str, str, bool, int, str]] = {}
    for part in cut(rows):
        query = select(*columns(claim_versions, VersionHead)).where(claim_versions.c.claim_id.in_(part))
        for head in fetch(conn, query.order_by(claim_versions.c.number), VersionHead):
            heads.setdefault(head.claim_id, []).append(head)
        states = select(
            claim_current.c.claim_id,
            claim_current.c.version_id,
            claim_current.c.state,
            claim_current.c.stage,
            claim_current.c.adjudicated,
            claim_current.c.paid,
            claim_current.c.flags,
        ).where(claim_current.c.claim_id.in_(part))
        current |= {row[0]: (row[1], row[2], row[3], bool(row[4]), row[5], row[6]) for row in conn.execute(states)}
    return {
        (row.billing_key, row.patient_control_number): Standing(row, heads[claim_id], *current[claim_id])
        for claim_id, row in rows.items()
        if claim_id in heads and claim_id in current
    }


def held_codes(conn: Connection, version_id: int) -> list[str]:
    """The codes of every edit that held a version, in order."""
    query = (
        select(events.c.codes).where(events.c.version_id == version_id, events.c.kind == "held").order_by(events.c.id)
    )
    return list(dict.fromkeys(code for row in conn.execute(query) for code in json.loads(row[0])))


def excused_codes(conn: Connection, claim_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """The codes for which versions of claims were held before a person released them, by version."""
    excused: dict[int, frozenset[str]] = {}
    held: dict[int, set[str]] = {}
    for part in cut(claim_ids):
        query = (
            select(events.c.version_id, events.c.kind, events.c.codes)
            .where(events.c.claim_id.in_(part), events.c.kind.in_(("held", "released")))
            .order_by(events.c.id)
        )
        for version_id, kind, codes in conn.execute(query):
            if kind == "held":
                held.setdefault(version_id, set()).update(json.loads(codes))
            else:
                excused[version_id] = frozenset(held.get(version_id, ()))
    return excused
