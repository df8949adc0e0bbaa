"""Sending again after something went wrong: planned first, then carried out with who and why."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.app import App
from gateway.errors import Refused
from gateway.exchange.building import Built, Group, abandon_leftovers, build_once, most_a_file
from gateway.exchange.delivery import send_one, wrong_usage
from gateway.exchange.resend_evidence import facts
from gateway.exchange.rounds import Round
from gateway.exchange.standing_rules import RESUBMISSION_REJECTED
from gateway.outbound.resend import BatchNow, ClaimNow, ResendPlan, plan_resend
from gateway.outbound.sets import Member, sendable
from gateway.partners import Profile
from gateway.reconcile.projection import folded
from gateway.store import Connection, batches
from gateway.store.decisions import add_decision
from gateway.store.resends import BatchClaim, claims_of_batch


def recover(app: App, batch_id: int) -> None:
    """Gives back the claims that an interrupted resend or build of the same partner had taken."""
    with app.store.read() as conn:
        batch = batches.get_batch(conn, batch_id)
        left = batches.list_batches(conn, partner=batch.partner, states=("building",))
    if left:
        with app.mailbox_lock(f"building for {batch.partner}"):
            abandon_leftovers(app, batch.partner)


def plan(app: App, batch_id: int, *, never_arrived: bool = False, as_is: bool = False) -> ResendPlan:
    """What would be done, why, and on what evidence.

    :param never_arrived: a person has asked the partner and vouches that the file is not there
    :param as_is: a person vouches that the claims which a 277CA rejected are right as they are
    """
    with app.store.read() as conn:
        batch = batches.get_batch(conn, batch_id)
        rows = claims_of_batch(conn, batch_id)
        rejected = _rejected_again(conn, rows)
        known = facts(conn, batch, app.profiles.get(batch.partner))
    claims = [
        ClaimNow(
            row.claim_id,
            row.version_id,
            rejected.get(row.claim_id, row.state),
            tuple(json.loads(row.flags)),
            row.submission_id == row.newest_submission,
        )
        for row in rows
    ]
    now = BatchNow(batch_id, batch.state, batch.origin, bool(batch.archive_name), batch.attempts, known)
    return plan_resend(now, claims, "never_arrived" if never_arrived else "as_is" if as_is else "")


def _rejected_again(conn: Connection, rows: Sequence[BatchClaim]) -> dict[int, str]:
    """How the newest submission was rejected of claims that were paid before, so that their own state does not say."""
    flagged = [row for row in rows if RESUBMISSION_REJECTED in json.loads(row.flags)]
    wanted = [row.claim_id for row in flagged if row.submission_id == row.newest_submission]
    folds = folded(conn, wanted) if wanted else ()
    return {fold.claim_id: fold.life.submission.state for fold in folds if fold.life.submission is not None}


def carry_out(app: App, planned: ResendPlan, reason: str) -> Round:
    """Does what the plan says; raises Refused where it says no, or where it is not as it was when it was planned.

    Claims that changed meanwhile are left out.
    """
    planned.refuse()
    with app.store.read() as conn:
        batch = batches.get_batch(conn, planned.batch.id)
    profile = app.home.profile(batch.partner)
    if (refusal := wrong_usage(profile, batch)) is not None:
        raise refusal
    if planned.action == "same_bytes":
        return _same_bytes(app, profile, planned, reason)
    with app.mailbox_lock(f"building for {profile.name}"):
        vouched = {"never_arrived": planned.vouched == "never_arrived", "as_is": planned.vouched == "as_is"}
        fresh = plan(app, batch.id, **vouched)
        fresh.refuse()
        wanted = {claim.claim_id for claim in planned.claims} & {claim.claim_id for claim in fresh.claims}
        _decided(app, planned, reason)
        with app.store.read() as conn:
            members = [_member(row) for row in claims_of_batch(conn, batch.id) if row.claim_id in wanted]
        group = Group(profile, batch.type, batch.purpose, batch.claim_or_encounter, ())
        return Round(built=list(_rebuild(app, group, members, batch.id)))


def _decided(app: App, planned: ResendPlan, reason: str) -> None:
    """Keeps who wants it and why, before it is done."""
    subject, why = f"batch:{planned.batch.id}", reason or planned.reason
    with app.store.write() as conn:
        add_decision(conn, actor=app.actor, action="resend", subject=subject, reason=why, at=app.now())


def _same_bytes(app: App, profile: Profile, planned: ResendPlan, reason: str) -> Round:
    """Sends the archived file; an unknown one only after the partner's folder was looked at once more."""
    _unchanged(app, planned)
    _decided(app, planned, reason)
    done = send_one(app, profile, planned.batch.id)
    if done is None:
        raise Refused(f"batch {planned.batch.id}: another process has delivered it meanwhile; it was not sent again")
    still = (done.batch.state, done.batch.attempts) == ("unknown", planned.batch.attempts)
    if planned.vouched == "never_arrived" and still and done.error is None:
        with app.mailbox_lock(f"mailbox {profile.name}"):
            _unchanged(app, planned)
            with app.store.write() as conn:
                batches.set_state(conn, planned.batch.id, "built", at=app.now(), reason=reason or planned.reason)
        done = send_one(app, profile, planned.batch.id)
    return Round(delivered=[done] if done else [])


def _unchanged(app: App, planned: ResendPlan) -> None:
    """Refuses where somebody has tried since: what was known of the last attempt says nothing of a newer one."""
    with app.store.read() as conn:
        now = batches.get_batch(conn, planned.batch.id)
    if (now.state, now.attempts) != (planned.batch.state, planned.batch.attempts):
        raise Refused(
            f"batch {now.id} is {now.state} after {now.attempts} attempts now: another process took it up meanwhile, "
            "and it was not sent again; look at it once more"
        )


def _rebuild(app: App, group: Group, members: Sequence[Member], batch_id: int) -> list[Built]:
    made = []
    size = most_a_file(group.profile, group.type, app.companions.of(group.profile))
    for start in range(0, len(members), size):
        built = build_once(app, group, only=members[start : start + size], resends_id=batch_id)
        if built is not None:
            made.append(built)
    return made


def _member(row: BatchClaim) -> Member:
    return Member(row.claim_id, row.version_id, row.patient_control_number, row.charge, sendable(row.body))
