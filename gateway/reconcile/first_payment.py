"""The projection after a payment: the short way for the claim that nearly every claim is.

A claim of one version that was sent, about which no payer said anything yet, gets its first remitted claim. Then what
its life was before stands in its row, and only what the payment adds has to be folded: the same folds, over less. All
other claims go the long way, by their whole history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from gateway.claims.history import LiveVersion, Version
from gateway.claims.life import Acknowledged, settle
from gateway.reconcile.money import fold_money, is_plain
from gateway.reconcile.posted import PostedClaim
from gateway.reconcile.projection import refresh
from gateway.store import Connection
from gateway.store.current import SettledRow, change_settled
from gateway.store.first_payments import FirstPayment, first_payments
from gateway.store.history import CLAIMS_A_STATEMENT
from gateway.store.rows import cut

# What such a claim can be: delivered, and neither rejected, nor closed, nor settled in any way.
BEFORE = ("sent", "accepted_999", "accepted_clearinghouse", "received_payer", "accepted_payer", "pended")
_UNASKED = ("",) * 7  # numbers and days, which only tell several payments apart


def refresh_paid(conn: Connection, claim_ids: Iterable[int], now: str) -> None:
    """Computes the rows of claims anew to which a payment was just linked, as `refresh` does. `now` is a stamp."""
    others: set[int] = set()
    for part in cut(sorted(set(claim_ids)), CLAIMS_A_STATEMENT):
        found = [one for one in first_payments(conn, part, BEFORE) if is_plain(one.version_frequency, one.status)]
        change_settled(conn, [settled_row(one, now) for one in found])
        if len(found) < len(part):
            others.update(set(part).difference([one.claim_id for one in found]))
    refresh(conn, others, now)


def settled_row(one: FirstPayment, now: str) -> SettledRow:
    """The row of the projection as the payment makes it."""
    version = Version(
        one.version_id, one.number, one.version_frequency, one.payer_responsibility, True, one.version_charge,
        payer_key=one.version_payer_key,
    )  # fmt: skip
    life = Acknowledged(
        version=version,
        stage="sent",
        state=one.state,
        live=(LiveVersion(version, True, "", False),),
        submissions=(),
        submission=None,
        closed_at="",
        flags=frozenset(json.loads(one.flags)) if one.flags != "[]" else frozenset(),
    )
    posted = PostedClaim._make((*one[9:23], *_UNASKED, one.recorded_at))
    money = fold_money(life.live, (posted,))
    current = settle(life, money.adjudication)
    return SettledRow(
        current.state,
        current.stage,
        current.outcome,
        int(current.adjudicated),
        json.dumps(current.flags) if current.flags else "[]",
        now,
        *money.amounts,
        one.claim_id,
    )
