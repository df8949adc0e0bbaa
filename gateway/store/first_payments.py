"""Claims that were sent, and of which one remitted claim is all that payers ever said: what their next row hangs on.

Nearly every claim is one of these once in its life, so they are asked for in one statement instead of five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from gateway.store.rows import among, fetch
from gateway.store.tables import (
    claim_current,
    claim_versions,
    postings,
    remittance_claims,
    remittance_links,
)


class FirstPayment(NamedTuple):
    """A claim of one version that was sent and not paid yet, with its only remitted claim. Amounts in cents."""

    claim_id: int
    state: str  # of the row as it stands
    charge: int  # of the row as it stands: CLM02
    status: str  # CLP02
    paid: int
    patient_responsibility: int
    contractual: int
    denied: int
    other: int
    prior_payer: int
    forwarded: int
    duplicate_denial: int


def first_payments(conn: Connection, claim_ids: Iterable[int], states: Iterable[str]) -> list[FirstPayment]:
    """Those of these claims that are such, where their row has one of the states, no flag, and nothing that stands.

    All links of each claim must be newest ones, as those of a payment that is being posted are.
    """
    found = fetch(conn, _statement(tuple(states)), FirstPayment, ids=claim_ids)
    said = Counter([one.claim_id for one in found])
    return [one for one in found if said[one.claim_id] == 1]


@lru_cache(maxsize=4)
def _statement(states: Sequence[str]) -> Select[Any]:
    current, versions, remitted, posting = claim_current.c, claim_versions.c, remittance_claims.c, postings.c
    further = select(versions.id).where(versions.claim_id == current.claim_id, versions.id != current.version_id)
    return (
        select(
            current.claim_id, current.state, current.charge, remitted.status, posting.paid,
            posting.patient_responsibility, posting.contractual, posting.denied, posting.other, posting.prior_payer,
            posting.forwarded, posting.duplicate_denial,
        )
        .join(remittance_links, remittance_links.c.claim_id == current.claim_id)
        .join(remittance_claims, remitted.id == remittance_links.c.remittance_claim_id)
        .join(postings, posting.remittance_claim_id == remitted.id)
        .where(
            among(current.claim_id),
            current.stage == "sent",
            current.adjudicated == 0,
            current.flags == "[]",
            current.state.in_(states),
            ~further.exists(),
        )
    )  # fmt: skip
