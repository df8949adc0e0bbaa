"""Delivering batches: unknown ones are settled first, then what is built goes out, each step recorded beforehand.

All under the mailbox's lock, so a batch found in `sending` belongs to a process that died.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from gateway.apart import WORDS
from gateway.app import App
from gateway.errors import GatewayError, Refused, UsageError
from gateway.exchange import leftovers
from gateway.exchange.checking import refuse_unproven_store
from gateway.exchange.retaining import refuse_left_file
from gateway.exchange.sealing import sealed, wire_of
from gateway.partners import Profile
from gateway.reconcile.projection import refresh
from gateway.store import Connection, batches, claims, stamp
from gateway.store.batch_answers import was_answered
from gateway.store.batches import BatchRow
from gateway.store.errors import IllegalTransition
from gateway.transport.archive import ArchiveDamaged
from gateway.transport.deliver import (
    Delivery,
    DeliveryState,
    Parcel,
    Recorded,
    Step,
    Upload,
    deliver,
    settle,
)
from gateway.transport.port import Transport, Unreachable

# What the states of a delivery are called in the store: certain not to have arrived is `built` again.
_STATES = {
    DeliveryState.SENT: "sent",
    DeliveryState.FAILED: "failed",
    DeliveryState.UNKNOWN: "unknown",
    DeliveryState.NOT_SENT: "built",
}


WAITING = ("unknown", "built", "failed")  # what `send` takes up


class Delivered(NamedTuple):
    """What one run did with one batch."""

    batch: BatchRow
    text: str  # why, for a person
    error: GatewayError | None = None

    @property
    def needs_person(self) -> bool:
        return self.batch.state in ("failed", "unknown")

    def document(self) -> dict[str, Any]:
        return {**batch_document(self.batch), "text": self.text}


def batch_document(batch: BatchRow) -> dict[str, Any]:
    """A batch as `batches list --json` shows it; after answers, `answered_state` replaces the delivery's state."""
    return {
        "id": str(batch.id),
        "partner": batch.partner,
        "type": batch.type,
        "state": batch.state,
        "interchange_control_number": batch.interchange_control_number,
        "claims": batch.claims,
        "charge": f"{batch.charge // 100}.{batch.charge % 100:02}",
        "file_name": batch.file_name,
        "sha256": batch.sha256,
        "built_at": batch.built_at,
        "sent_at": batch.sent_at,
        "attempts": batch.attempts,
    }


def send(app: App, profile: Profile) -> Generator[Delivered, None, None]:
    """Settles and delivers everything of one partner; yields each batch as it ends.

    Raises what opening the mailbox raises (PartnerUnreachable, Refused, UsageError); nothing is lost then. Where the
    connection is lost on the way, the batches left are not tried.
    """
    with app.mailbox_lock(f"mailbox {profile.name}"):
        yield from _settle_interrupted(app, profile)
        with app.store.read() as conn:
            waiting = batches.list_batches(conn, partner=profile.name, states=WAITING)
        if not waiting and not leftovers.are_waiting(app, profile):
            return
        if waiting:
            refuse_unproven_store(app)
        transport = app.transport(profile)
        try:
            leftovers.remove(app, profile, transport)
            for batch in waiting:
                done = list(_settle_or_deliver(app, profile, transport, batch))
                yield from done
                if any(isinstance(one.error, Unreachable) for one in done):
                    return
        finally:
            transport.close()


def send_one(app: App, profile: Profile, batch_id: int) -> Delivered | None:
    """One batch alone, the unit of work of `step deliver`; nothing where it needs no delivery."""
    with app.mailbox_lock(f"mailbox {profile.name}"):
        settled = [one for one in _settle_interrupted(app, profile) if one.batch.id == batch_id]
        with app.store.read() as conn:
            batch = batches.get_batch(conn, batch_id)
        if batch.state not in WAITING:
            return settled[0] if settled else None
        refuse_unproven_store(app)
        transport = app.transport(profile)
        try:
            done = list(_settle_or_deliver(app, profile, transport, batch))
        finally:
            transport.close()
        return done[-1]


def _settle_interrupted(app: App, profile: Profile) -> list[Delivered]:
    """Under the lock, whoever was sending is dead: the delivery is unknown, unless an answer came that proves it."""
    with app.store.write() as conn:
        left = batches.list_batches(conn, partner=profile.name, states=("sending",))
        for batch in left:
            batches.set_state(
                conn, batch.id, "unknown", at=app.now(), reason="the process that sent it was interrupted"
            )
        answered = [_arrived(conn, app, batch.id) for batch in left if was_answered(conn, batch.id)]
    return [Delivered(batch, "the partner has answered it") for batch in answered]


def _arrived(conn: Connection, app: App, batch_id: int) -> BatchRow:
    batch = batches.set_state(conn, batch_id, "sent", at=app.now(), reason="the partner answered")
    mark_sent(conn, app, batch, text=f"{batch.partner} answered, so it had arrived")
    return batch


def _settle_or_deliver(app: App, profile: Profile, transport: Transport, batch: BatchRow) -> Iterator[Delivered]:
    """Yields each step of it; what is wrong with one batch, its bytes for example, is in its result."""
    try:
        if batch.state == "unknown":
            settled = _settle(app, profile, transport, batch)
            yield settled
            if settled.batch.state != "built":
                return
            batch = settled.batch
        yield _deliver(app, profile, transport, batch)
    except (ArchiveDamaged, IllegalTransition, UsageError) as error:
        with app.store.read() as conn:
            yield Delivered(batches.get_batch(conn, batch.id), str(error), error)


def _parcel(profile: Profile, batch: BatchRow, folder: str, size: int) -> Parcel:
    return Parcel(folder, batch.file_name, size, Upload(profile.upload))


def _settle(app: App, profile: Profile, transport: Transport, batch: BatchRow) -> Delivered:
    with app.store.read() as conn:
        rows = [row for row in batches.steps_of(conn, batch.id) if row.attempt == batch.attempts]
    steps = [Recorded(Step(row.step), json.loads(row.detail)) for row in rows]
    place = leftovers.place_of(profile) | {name: str(value) for step in steps for name, value in step.detail.items()}
    if place["server"] != leftovers.place_of(profile)["server"]:
        text = f"still unknown: it went to {place['server']}, and the profile names another place now; ask them"
        return Delivered(batch, text)
    parcel = _parcel(profile, batch, place["folder"], wire_of(app, batch).size)
    try:
        found = settle(transport, parcel, steps, partner_takes_files=profile.takes_files)
    except GatewayError as error:
        return Delivered(batch, f"still unknown: {error}", error)
    return _finish(app, batch, found)


def wrong_usage(profile: Profile, batch: BatchRow) -> Refused | None:
    """The refusal of a test file for a production mailbox, or the reverse: the profile was changed since."""
    if batch.usage == profile.usage:
        return None
    return _changed_since(profile, batch, WORDS.get(batch.usage, batch.usage), WORDS[profile.usage])


def wrong_address(profile: Profile, batch: BatchRow) -> Refused | None:
    """The refusal of a file whose envelope names other sides than the profile does now: it is for somebody else."""
    sides = profile.envelope.sides
    if (batch.sender, batch.receiver) == sides:
        return None
    return _changed_since(profile, batch, f"{batch.sender} to {batch.receiver}", " to ".join(sides))


def wrong_mailbox(app: App, profile: Profile, batch: BatchRow) -> Refused | None:
    """The refusal of a test file where production files went before, unless its name tells the partner that it is one:
    the profile's words for the mailbox may be wrong, what was delivered there is not."""
    if batch.usage == "P" or profile.test_mark:
        return None
    with app.store.read() as conn:
        if not batches.production_went_to(conn, leftovers.place_of(profile)):
            return None
    return Refused(
        f"batch {batch.id} is a test, and production files went to the mailbox of {profile.name} before; it does not "
        "go there: name the test login or folder in the profile, or a test_mark in [files] if the partner knows tests "
        "by their names"
    )


def _changed_since(profile: Profile, batch: BatchRow, built: str, now: str) -> Refused:
    return Refused(
        f"batch {batch.id} was built for {built}, and {profile.name} is for {now} now; "
        f"it does not go there: `gateway batches cancel {batch.id}` gives its claims back"
    )


def _deliver(app: App, profile: Profile, transport: Transport, batch: BatchRow) -> Delivered:
    refusal = wrong_usage(profile, batch) or wrong_address(profile, batch) or wrong_mailbox(app, profile, batch)
    if refusal is not None:
        return Delivered(batch, str(refusal), refusal)
    refuse_left_file(app, batch.archive_name)
    app.archive.verify(batch.archive_name, batch.sha256)
    wire = sealed(app, profile, batch)
    if wire.name != batch.archive_name:
        app.archive.verify(wire.name, wire.sha256)
    if batch.attempts:
        leftovers.remove(app, profile, transport)
    with app.store.write() as conn:
        sending = batches.set_state(conn, batch.id, "sending", at=app.now())

    def record(step: Step, detail: Any) -> None:
        if step in (Step.TEMP_CHOSEN, Step.PUT_ASKED):
            detail = {**detail, **leftovers.place_of(profile)}
        with app.store.write() as conn:
            _own(conn, sending)
            batches.record_step(conn, batch.id, sending.attempts, step.value, detail, at=app.now())

    app.log.debug("delivering", batch=batch.id, partner=profile.name, attempt=sending.attempts)
    about: dict[str, str | int] = {"batch": batch.id, "partner": profile.name, "claims": batch.claims}
    with app.span("deliver batch", **about) as span, app.archive.open(wire.name) as source:
        found = deliver(transport, _parcel(profile, batch, profile.send_folder, wire.size), source, record)
        span.put(state=found.state.value)
    return _finish(app, sending, found)


def _own(conn: Connection, batch: BatchRow) -> None:
    """Refuses to go on with a delivery that another process has taken over, for example after a lock was lost."""
    found = batches.get_batch(conn, batch.id, lock=True)
    if (found.state, found.attempts) != (batch.state, batch.attempts):
        raise IllegalTransition(f"another process has taken batch {batch.id} over")


def _finish(app: App, batch: BatchRow, found: Delivery) -> Delivered:
    """Commits how a delivery ended, with the state of its claims."""
    state = _STATES[found.state]
    if state == batch.state:
        return Delivered(batch, found.text, found.error)
    with app.store.write() as conn:
        now = batches.get_batch(conn, batch.id, lock=True)
        if batch.state == "unknown" and now.state == "sent":
            return Delivered(now, "the partner has answered it")
        _own(conn, batch)
        after = batches.set_state(conn, batch.id, state, at=app.now(), reason="" if state == "sent" else found.text)
        if state == "sent":
            mark_sent(conn, app, after)
        elif state == "unknown" and was_answered(conn, batch.id):
            after = _arrived(conn, app, batch.id)
        else:
            refresh_batch(conn, app, after.id)
    app.done.append(f"batch:{batch.id}")
    app.log.info("delivery ended", batch=batch.id, partner=batch.partner, state=state)
    return Delivered(after, found.text, found.error)


def mark_sent(
    conn: Connection, app: App, batch: BatchRow, *, kind: str = "sent", actor: str = "", text: str = ""
) -> None:
    """The event of a delivered batch, and the state of its claims."""
    event = claims.NewEvent(
        kind,
        "delivery" if kind == "sent" else "person",
        "info",
        stamp(app.now()),
        batch_id=batch.id,
        text=text or f"delivered to {batch.partner}",
        actor=actor,
    )
    claims.append_event(conn, event)
    refresh_batch(conn, app, batch.id)


def refresh_batch(conn: Connection, app: App, batch_id: int) -> None:
    """Folds the claims of a batch again."""
    ids = sorted({row.claim_id for row in batches.submissions_in_batch(conn, batch_id)})
    claims.lock_claims(conn, ids)
    refresh(conn, ids, stamp(app.now()))
