"""The claims that a remitted claim may answer: found by each key that it names, with what tells them apart."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from gateway.store.rows import among, cut, fetch
from gateway.store.tables import claim_versions, claims

_RANGES_A_STATEMENT = 100


class CandidateRow(NamedTuple):
    """One version of a claim that may be meant."""

    claim_id: int
    patient_control_number: str
    match_key: str
    billing_key: str
    payer_id: str
    payer_key: str
    member_id: str
    charge: int
    service_from: str
    service_to: str


def candidates_by_key(conn: Connection, match_keys: Iterable[str]) -> list[CandidateRow]:
    """All versions of the claims with one of many match keys."""
    return _where_in(conn, "match_key", match_keys)


def candidates_by_id(conn: Connection, claim_ids: Iterable[int]) -> list[CandidateRow]:
    """All versions of many claims."""
    return _where_in(conn, "id", claim_ids)


def ids_by_cut(conn: Connection, cuts: Iterable[str]) -> set[int]:
    """The claims whose match key is longer than one of these and begins so."""
    found: set[int] = set()
    for part in cut(sorted(set(cuts) - {""}), _RANGES_A_STATEMENT):
        begins = [_begins(conn, one) for one in part]
        found.update(int(row[0]) for row in conn.execute(select(claims.c.id).where(or_(*begins))))
    return found


def _begins(conn: Connection, prefix: str) -> ColumnElement[bool]:
    """SQLite compares bytes, so a range finds what begins so; PostgreSQL sorts by its locale, so only LIKE does."""
    key = claims.c.match_key
    if conn.dialect.name != "sqlite":
        return and_(key.startswith(prefix, autoescape=True), key != prefix)
    return and_(key > prefix, key < prefix[:-1] + chr(ord(prefix[-1]) + 1))


def ids_by_member(conn: Connection, member_ids: Iterable[str]) -> set[int]:
    """The claims of which a version names one of these members, as written or in upper case."""
    wanted = {spelling for member in member_ids for spelling in (member, member.upper())} - {""}
    found: set[int] = set()
    for part in cut(sorted(wanted)):
        query = select(claim_versions.c.claim_id).where(claim_versions.c.member_id.in_(part)).distinct()
        found.update(int(row[0]) for row in conn.execute(query))
    return found


def _where_in(conn: Connection, name: str, values: Iterable[Any]) -> list[CandidateRow]:
    found: list[CandidateRow] = []
    query = _versions(name)
    for part in cut(sorted(set(values))):
        found += fetch(conn, query, CandidateRow, ids=part)
    return found


@lru_cache(maxsize=4)
def _versions(name: str) -> Select[Any]:
    """The versions of claims of which that column is one of many values; columns in the order of CandidateRow."""
    of_claim = [claims.c[name] for name in ("id", "patient_control_number", "match_key", "billing_key")]
    of_version = [claim_versions.c[name] for name in CandidateRow._fields[4:]]
    query = select(*of_claim, *of_version).join(claim_versions, claim_versions.c.claim_id == claims.c.id)
    return query.where(among(claims.c[name]))
