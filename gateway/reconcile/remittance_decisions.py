"""A person's decisions on payments and their claims, each kept with who, when and why."""

from __future__ import annotations

from datetime import datetime

from gateway.errors import Refused, UsageError
from gateway.reconcile.candidates import PERSON, find_claims, link_of, rematch_numbers, wanted_by_rows
from gateway.reconcile.classes import Classes
from gateway.reconcile.matching import Unmatched
from gateway.reconcile.origin import Posted
from gateway.reconcile.projection import refresh
from gateway.reconcile.remitted import posting_of, remitted_claim
from gateway.store import Connection, stamp
from gateway.store.claims import claims_by_id
from gateway.store.decisions import add_decision, decisions_on
from gateway.store.inbound_sets import get_set, same_content
from gateway.store.remittances import (
    POSTING_AMOUNTS,
    LinkRow,
    NewLink,
    RemittanceClaimRow,
    RemittanceRow,
    add_links,
    add_postings,
    claims_of_remittance,
    get_remittance,
    get_remitted_claim,
    move_matched,
    newest_links,
    remitted_claims_of,
    set_matched,
    set_status,
    standing_postings,
)


def subject(remittance_id: int) -> str:
    """How a decision names a payment."""
    return f"remittance:{remittance_id}"


def post_as_is(
    conn: Connection, remittance_id: int, *, actor: str, reason: str, now: datetime, classes: Classes
) -> Posted:
    """Posts a parked payment as it stands; its difference stays in sight of the checks.

    Raises Refused where it is posted already, or another set of the same content is.
    """
    payment = get_remittance(conn, remittance_id)
    _need(reason, "posting a payment as it is")
    if payment.status == "posted":
        raise Refused(f"remittance {remittance_id} is posted already")
    _refuse_twice(conn, payment)
    add_decision(conn, actor=actor, action="post_as_is", subject=subject(remittance_id), reason=reason, at=now)
    return post_kept(conn, payment, now=now, classes=classes, actor=actor, reason=reason)


def post_kept(
    conn: Connection, payment: RemittanceRow, *, now: datetime, classes: Classes, actor: str = "", reason: str = ""
) -> Posted:
    """Posts a parked payment from the facts that the store kept of it, and refreshes its claims."""
    set_status(conn, payment.id, "posted", at=now, actor=actor, why=reason, reason=reason)
    posted = Posted(charge=0, paid=payment.claim_payments)
    recorded_at = stamp(now)
    for rows in remitted_claims_of(conn, payment.id):
        claims = [remitted_claim(row) for row in rows]
        add_postings(
            conn,
            [
                posting_of(claim, row.id, classes, recorded_at, actor, reason)
                for claim, row in zip(claims, rows, strict=True)
            ],
        )
        links = newest_links(conn, [row.id for row in rows])
        decided = {at: link.claim_id for at, link in links.items() if link.actor}
        free = [row for row in rows if row.id not in decided]
        found = find_claims(conn, [wanted_by_rows(payment, row) for row in free])
        made = [link_of(row.id, one, recorded_at) for row, one in zip(free, found, strict=True)
                if row.id in links or not isinstance(one, Unmatched)]  # fmt: skip
        add_links(conn, [one for one in made if _is_news(one, links.get(one.remittance_claim_id))])
        linked = [*decided.values(), *(link.claim_id for link in made)]
        matched = [claim_id for claim_id in linked if claim_id is not None]
        posted.claims += len(rows)
        posted.charge += sum(row.charge for row in rows)
        posted.matched += len(matched)
        posted.claim_ids.update(matched)
    posted.unmatched = posted.claims - posted.matched
    set_matched(conn, payment.id, posted.matched, posted.unmatched)
    refresh(conn, posted.claim_ids, recorded_at)
    rematch_numbers(conn, _numbers_of(conn, payment.id), now)
    return posted


def _is_news(new: NewLink, link: LinkRow | None) -> bool:
    return link is None or (link.claim_id, link.rung) != (new.claim_id, new.rung)


def undo(conn: Connection, remittance_id: int, *, actor: str, reason: str, now: datetime) -> set[int]:
    """Takes back what a posted payment moved; it is parked again and its facts stay. Returns the claims touched."""
    payment = get_remittance(conn, remittance_id)
    _need(reason, "undoing a payment")
    if payment.status != "posted":
        raise Refused(f"remittance {remittance_id} is not posted, so there is nothing to undo")
    touched = claims_of_remittance(conn, remittance_id)
    undone = [
        one._replace(
            kind="undo", actor=actor, reason=reason, recorded_at=stamp(now),
            **{name: -getattr(one, name) for name in POSTING_AMOUNTS},
        )
        for one in standing_postings(conn, remittance_id)
    ]  # fmt: skip
    add_postings(conn, undone)
    set_status(conn, remittance_id, "parked", at=now, actor=actor, why=reason, reason=f"undone: {reason}")
    set_matched(conn, remittance_id, 0, 0)
    add_decision(conn, actor=actor, action="undo", subject=subject(remittance_id), reason=reason, at=now)
    refresh(conn, touched, stamp(now))
    return touched | rematch_numbers(conn, _numbers_of(conn, remittance_id), now)


def _numbers_of(conn: Connection, remittance_id: int) -> set[str]:
    """The payer's claim numbers that a payment tells."""
    return {row.payer_claim_number for part in remitted_claims_of(conn, remittance_id) for row in part} - {""}


def is_undone(conn: Connection, remittance_id: int) -> bool:
    """Whether the last decision on a payment took it back, so that reading its file again must not post it."""
    decisions = [one for one in decisions_on(conn, subject(remittance_id)) if one.action in ("undo", "post_as_is")]
    return bool(decisions) and decisions[-1].action == "undo"


def match(
    conn: Connection, remittance_claim_id: int, claim_id: int, *, actor: str, now: datetime, reason: str = ""
) -> set[int]:
    """Says that a remitted claim answers that claim, whatever the ladder found. Returns the claims touched."""
    row = get_remitted_claim(conn, remittance_claim_id)
    if get_remittance(conn, row.remittance_id).status != "posted":
        raise Refused(f"remittance {row.remittance_id} is parked; decide on it first")
    if claim_id not in claims_by_id(conn, [claim_id]):
        raise UsageError(f"there is no claim {claim_id}")
    return _decide(conn, row, claim_id, actor=actor, now=now, reason=reason)


def unmatch(conn: Connection, remittance_claim_id: int, *, actor: str, now: datetime, reason: str = "") -> set[int]:
    """Says that a remitted claim is none of ours, or not yet known whose. Returns the claims touched."""
    row = get_remitted_claim(conn, remittance_claim_id)
    return _decide(conn, row, None, actor=actor, now=now, reason=reason)


def _decide(
    conn: Connection, row: RemittanceClaimRow, claim_id: int | None, *, actor: str, now: datetime, reason: str
) -> set[int]:
    if not actor:
        raise UsageError("a decision needs to say who made it")
    link = newest_links(conn, [row.id]).get(row.id)
    before = link.claim_id if link else None
    add_links(conn, [NewLink(row.id, claim_id, PERSON, reason, actor, stamp(now))])
    move_matched(conn, row.remittance_id, (claim_id is not None) - (before is not None))
    action = "match" if claim_id is not None else "unmatch"
    add_decision(conn, actor=actor, action=action, subject=f"remittance_claim:{row.id}", reason=reason, at=now)
    touched = {one for one in (before, claim_id) if one is not None}
    refresh(conn, touched, stamp(now))
    return touched | rematch_numbers(conn, {row.payer_claim_number} - {""}, now)


def _refuse_twice(conn: Connection, payment: RemittanceRow) -> None:
    held = get_set(conn, payment.inbound_set_id)
    if held is None or not held.content_hash:
        return
    other = same_content(conn, held.kind, held.content_hash, but=held.id)
    if other is not None and other.status == "posted":
        raise Refused(f"remittance {payment.id} has the same content as one that is posted; it would count twice")


def _need(reason: str, what: str) -> None:
    if not reason.strip():
        raise UsageError(f"{what} needs a reason")
