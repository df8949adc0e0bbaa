"""Remitted claims by the number that the payer gave the claim (CLP07): whose it is, and which wait for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, case, select

from gateway.store.remittances import RemittanceClaimRow, newest_links, posted_claims
from gateway.store.rows import among, cut, fetch
from gateway.store.tables import remittance_claims, remittance_links


def linked_by_payer_number(conn: Connection, numbers: Iterable[str], rungs: Collection[str]) -> dict[str, set[int]]:
    """The claims that posted claims with one of many CLP07 are linked to by one of these rungs, by that number."""
    rows: list[RemittanceClaimRow] = []
    for part in cut(sorted(set(numbers) - {""})):
        rows += fetch(conn, posted_claims().where(remittance_claims.c.payer_claim_number.in_(part)), RemittanceClaimRow)
    links = newest_links(conn, [row.id for row in rows])
    found: dict[str, set[int]] = {}
    for row in rows:
        link = links.get(row.id)
        if link is not None and link.claim_id is not None and link.rung in rungs:
            found.setdefault(row.payer_claim_number, set()).add(link.claim_id)
    return found


def waiting_for_payer_number(
    conn: Connection, numbers: Iterable[str], rungs: Collection[str]
) -> list[RemittanceClaimRow]:
    """Posted claims with one of many CLP07 that are linked to no claim now, or only by one of these rungs."""
    found: list[RemittanceClaimRow] = []
    query = _waiting(tuple(sorted(rungs)))
    for part in cut(sorted(set(numbers) - {""})):
        found += fetch(conn, query, RemittanceClaimRow, ids=part)
    return found


@lru_cache(maxsize=4)
def _waiting(rungs: tuple[str, ...]) -> Select[Any]:
    links = remittance_links.c
    newest = (
        select(case((links.rung.in_(rungs), None), else_=links.claim_id))
        .where(links.remittance_claim_id == remittance_claims.c.id)
        .order_by(links.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    named = among(remittance_claims.c.payer_claim_number)
    return posted_claims().where(named, newest.is_(None))
