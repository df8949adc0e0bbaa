"""How the last round with each partner went: what the schedule goes by, also after a restart and on another machine."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from gateway.store.rows import columns, fetch, put_rows
from gateway.store.tables import partner_rounds

PROBLEMS = ("login", "host_key", "unreachable", "setup", "other")


class RoundRow(NamedTuple):
    partner: str
    ended_at: str
    failures: int  # in a row
    refused: str  # a mark of the login that the partner refused; empty where it was not
    reason: str  # of the last failure, in our words
    problem: str = ""  # which kind of failure it was: one of PROBLEMS; empty where all went well
    succeeded_at: str = ""  # the last round that went well; empty where there was none


def last_rounds(conn: Connection, *, tenant: int = 1) -> dict[str, RoundRow]:
    """The last round of every partner that there was one with."""
    query = select(*columns(partner_rounds, RoundRow)).where(partner_rounds.c.tenant == tenant)
    return {row.partner: row for row in fetch(conn, query, RoundRow)}


def keep_round(conn: Connection, row: RoundRow, *, tenant: int = 1) -> None:
    """Puts a round in the place of the one before."""
    put_rows(conn, partner_rounds.name, ("tenant", *RoundRow._fields), [(tenant, *row)], key="tenant, partner")
