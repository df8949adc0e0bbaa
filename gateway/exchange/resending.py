"""Sending again after something went wrong: planned first, then carried out with who and why."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.app import App
from gateway.exchange.building import Built, Group, build_once
from gateway.exchange.delivery import send_one
from gateway.outbound.resend import ClaimNow, ResendPlan, plan_resend
from gateway.outbound.sets import Member
from gateway.store import batches
from gateway.store.decisions import add_decision
from gateway.store.resends import BatchClaim, claims_of_batch


def plan(app: App, batch_id: int) -> ResendPlan:
    """What would be done, and why."""
    with app.store.read() as conn:
        batch = batches.get_batch(conn, batch_id)
        rows = claims_of_batch(conn, batch_id)
    known = [
        ClaimNow(
            row.claim_id,
            row.version_id,
            row.state,
            tuple(json.loads(row.flags)),
            row.submission_id == row.newest_submission,
        )
        for row in rows
    ]
    return plan_resend(batch_id, batch.state, batch.origin, bool(batch.archive_name), known)


def carry_out(app: App, planned: ResendPlan, reason: str) -> list[Built]:
    """Does what the plan says; raises Refused where it says no. Claims that changed meanwhile are left out."""
    planned.refuse()
    with app.store.write() as conn:
        batch = batches.get_batch(conn, planned.batch_id)
        subject, why = f"batch:{batch.id}", reason or planned.reason
        add_decision(conn, actor=app.actor, action="resend", subject=subject, reason=why, at=app.now())
    profile = app.home.profile(batch.partner)
    if planned.action == "same_bytes":
        done = send_one(app, profile, batch.id)
        ended = done.batch if done else batch
        return [Built(profile.name, ended, [done.text] if done and ended.state != "sent" else [])]
    with app.mailbox_lock(f"building for {profile.name}"):
        fresh = plan(app, batch.id)
        wanted = {claim.claim_id for claim in planned.claims} & {claim.claim_id for claim in fresh.claims}
        with app.store.read() as conn:
            members = [_member(row) for row in claims_of_batch(conn, batch.id) if row.claim_id in wanted]
        group = Group(profile, batch.type, batch.purpose, batch.claim_or_encounter, ())
        return list(_rebuild(app, group, members, batch.id))


def _rebuild(app: App, group: Group, members: Sequence[Member], batch_id: int) -> list[Built]:
    made = []
    size = group.profile.claims_per_file
    for start in range(0, len(members), size):
        built = build_once(app, group, only=members[start : start + size], resends_id=batch_id)
        if built is not None:
            made.append(built)
    return made


def _member(row: BatchClaim) -> Member:
    return Member(row.claim_id, row.version_id, row.patient_control_number, row.charge, json.loads(row.body))
