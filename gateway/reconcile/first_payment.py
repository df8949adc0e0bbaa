"""The projection after a payment: the short way for the claim that nearly every claim is.

A claim of one version that was sent, about which no payer said anything yet, gets its first remitted claim. Then what
its life was before stands in its row, and only what the payment adds has to be folded: the same folds, over less. All
other claims go the long way, by their whole history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from gateway.claims.history import LiveVersion, Version
from gateway.claims.life import Acknowledged, settle
from gateway.reconcile.money import is_plain, plain_adjudication, plain_amounts
from gateway.reconcile.projection import refresh
from gateway.store import Connection
from gateway.store.current import SettledRow, change_settled
from gateway.store.first_payments import FirstPayment, first_payments
from gateway.store.history import CLAIMS_A_STATEMENT
from gateway.store.rows import cut

# What such a claim can be: delivered, and neither rejected, nor closed, nor settled in any way. That it has no flag
# says that it is no void either (`void_sent`).
BEFORE = ("sent", "accepted_999", "accepted_clearinghouse", "received_payer", "accepted_payer", "pended")
_NO_VOID = "1"  # CLM05-3: any but 8
_NONE: frozenset[str] = frozenset()


def refresh_paid(conn: Connection, claim_ids: Iterable[int], now: str) -> None:
    """Computes the rows of claims anew to which a payment was just linked, as `refresh` does. `now` is a stamp."""
    others: set[int] = set()
    for part in cut(sorted(set(claim_ids)), CLAIMS_A_STATEMENT):
        found = [one for one in first_payments(conn, part, BEFORE) if is_plain(_NO_VOID, one.status)]
        change_settled(conn, [settled_row(one, now) for one in found])
        if len(found) < len(part):
            others.update(set(part).difference([one.claim_id for one in found]))
    refresh(conn, others, now)


def settled_row(one: FirstPayment, now: str) -> SettledRow:
    """The row of the projection as the payment makes it."""
    amounts, flags = plain_amounts(one.charge, one)
    state, stage, outcome, told = _settled(one.state, flags, amounts.paid > 0, amounts.denied > 0)
    return SettledRow(state, stage, outcome, 1, told, now, *amounts, one.claim_id)


@lru_cache(maxsize=256)
def _settled(state: str, flags: frozenset[str], is_paid: bool, is_denied: bool) -> tuple[str, str, str, str]:
    """State, stage, outcome and flags. Of the amounts a life asks only whether they are there."""
    version = Version(0, 1, _NO_VOID, "", True, 0)
    life = Acknowledged(version, "sent", state, (LiveVersion(version, True, "", False),), (), None, "", _NONE)
    found = settle(life, plain_adjudication(1, int(is_paid), int(is_denied), "", flags))
    return found.state, found.stage, found.outcome, json.dumps(found.flags)
