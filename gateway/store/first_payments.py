"""Claims that were sent, and of which one remitted claim is all that payers ever said: what their next row hangs on.

Nearly every claim is one of these once in its life, so they are asked for in one statement instead of five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from gateway.store.rows import among, ids_value
from gateway.store.tables import (
    claim_current,
    claim_versions,
    postings,
    remittance_claims,
    remittance_links,
    remittances,
)


class FirstPayment(NamedTuple):
    """A claim of one version that was sent and not paid yet, with its only remitted claim. Amounts in cents."""

    claim_id: int
    state: str  # of the row as it stands
    flags: str  # JSON, of the row as it stands
    version_id: int
    number: int
    version_frequency: str
    payer_responsibility: str
    version_charge: int
    version_payer_key: str
    remittance_claim_id: int
    remittance_id: int
    ordinal: int
    payer_key: str
    status: str
    charge: int
    paid: int
    patient_responsibility: int
    contractual: int
    denied: int
    other: int
    prior_payer: int
    forwarded: int
    duplicate_denial: int
    recorded_at: str


def first_payments(conn: Connection, claim_ids: Iterable[int], states: Iterable[str]) -> list[FirstPayment]:
    """Those of these claims that are such, where their row has one of the states and says that nothing stands yet.

    All links of each claim must be newest ones, as those of a payment that is being posted are.
    """
    is_sqlite = conn.dialect.name == "sqlite"
    found = conn.execute(_statement(is_sqlite, tuple(states)), {"ids": ids_value(claim_ids, is_sqlite=is_sqlite)}).all()
    said = Counter([row[0] for row in found])
    return [FirstPayment._make(row) for row in found if said[row[0]] == 1]


@lru_cache(maxsize=4)
def _statement(is_sqlite: bool, states: Sequence[str]) -> Select[Any]:
    current, version, other = claim_current.c, claim_versions.c, claim_versions.alias("other")
    remitted, posting = remittance_claims.c, postings.c
    further = select(other.c.id).where(other.c.claim_id == current.claim_id, other.c.id != current.version_id)
    return (
        select(
            current.claim_id, current.state, current.flags, current.version_id,
            version.number, version.frequency, version.payer_responsibility, version.charge, version.payer_key,
            remitted.id, remitted.remittance_id, remitted.ordinal, remittances.c.payer_key, remitted.status,
            posting.charge, posting.paid, posting.patient_responsibility, posting.contractual, posting.denied,
            posting.other, posting.prior_payer, posting.forwarded, posting.duplicate_denial, posting.recorded_at,
        )
        .join(claim_versions, version.id == current.version_id)
        .join(remittance_links, remittance_links.c.claim_id == current.claim_id)
        .join(remittance_claims, remitted.id == remittance_links.c.remittance_claim_id)
        .join(remittances, remittances.c.id == remitted.remittance_id)
        .join(postings, posting.remittance_claim_id == remitted.id)
        .where(
            among(current.claim_id, is_sqlite=is_sqlite),
            current.stage == "sent",
            current.adjudicated == 0,
            current.state.in_(states),
            ~further.exists(),
        )
    )  # fmt: skip
