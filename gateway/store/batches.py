"""Batches: what is built, sent and answered together, from the reservation of its numbers to its delivery."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, insert, or_, select, update

from gateway.errors import UsageError
from gateway.store.errors import IllegalTransition
from gateway.store.rows import columns, cut, fetch, fetch_one, insert_rows, new_ids
from gateway.store.tables import batch_sets, batches, claims, delivery_steps, submissions, taken_versions
from gateway.store.times import stamp

# From each state to those that may follow it; what is not here is refused.
TRANSITIONS: dict[str, frozenset[str]] = {
    "building": frozenset({"built", "abandoned"}),
    # A batch may be carried by hand, or turn out to have arrived.
    # Unknown where the store was put back, and cannot tell whether it was sent since.
    "built": frozenset({"sending", "sent", "cancelled", "unknown"}),
    # Back to built: it certainly did not arrive, so it is safe to send again.
    "sending": frozenset({"sent", "failed", "unknown", "built"}),
    # A listing, an answer or a person settles it; only then may it be cancelled.
    "unknown": frozenset({"sent", "built", "failed"}),
    "failed": frozenset({"sending", "sent", "cancelled", "unknown"}),
    "sent": frozenset(),
    "cancelled": frozenset(),
    "abandoned": frozenset(),
}

# A batch in one of these holds its versions: no other batch may take them.
_GIVES_BACK = frozenset({"cancelled", "abandoned"})
_MAY_BE_RESENT = frozenset({"sent", "cancelled", "abandoned"})


class BatchRow(NamedTuple):
    id: int
    partner: str
    type: str
    usage: str  # ISA15
    purpose: str
    claim_or_encounter: str
    state: str
    origin: str  # built, already_sent, marked_sent
    sender: str  # ISA05:ISA06
    receiver: str  # ISA07:ISA08
    interchange_control_number: str
    group_control_number: str
    file_name: str
    archive_name: str
    sha256: str
    size: int
    claims: int
    charge: int
    attempts: int
    reason: str
    reserved_at: str
    built_at: str | None
    sent_at: str | None
    resends_id: int | None


class NewBatch(NamedTuple):
    partner: str
    type: str
    usage: str
    purpose: str
    claim_or_encounter: str
    sender: str
    receiver: str
    interchange_control_number: str
    group_control_number: str
    resends_id: int | None = None
    tenant: int = 1


class NewSet(NamedTuple):
    """A transaction set to be. `members` are (claim id, version id) in the order of their CLMs."""

    control_number: str  # ST02
    group_control_number: str  # GS06
    reference: str  # BHT03
    charge: int
    members: Sequence[tuple[int, int]]


class SetRow(NamedTuple):
    """A set with what its batch says about whom it went to."""

    id: int
    batch_id: int
    control_number: str
    group_control_number: str
    reference: str
    claims: int
    charge: int
    partner: str
    state: str
    origin: str
    sender: str
    receiver: str
    interchange_control_number: str


class SubmissionRow(NamedTuple):
    id: int
    claim_id: int
    version_id: int
    batch_id: int
    set_id: int
    position: int  # ordinal of the CLM in its set, from 1
    patient_control_number: str
    match_key: str
    billing_key: str


class LeftRow(NamedTuple):
    """The first step of an attempt whose temporary file may still stand at the partner."""

    batch_id: int
    attempt: int
    detail: str
    tries: int  # how often its removal was refused


class StepRow(NamedTuple):
    id: int
    batch_id: int
    attempt: int
    step: str
    detail: str  # JSON
    recorded_at: str


def reserve(conn: Connection, new: NewBatch, sets: Iterable[NewSet], *, at: datetime) -> int:
    """Writes a batch in state `building` with its sets and submissions, and returns its id.

    Raises Conflict where a number was used before, or a version stands in another live batch; then nothing is
    written. With `resends_id` the versions are taken over from that batch, which must be sent or given up.
    """
    return _write(conn, new, sets, at=at, state="building")


def record_already_sent(
    conn: Connection, new: NewBatch, sets: Iterable[NewSet], *, at: datetime, sent_at: str, file_name: str = ""
) -> int:
    """Writes a batch that another system sent, and returns its id; it is never built or sent again here."""
    values = {"origin": "already_sent", "sent_at": sent_at, "file_name": file_name}
    return _write(conn, new, sets, at=at, state="sent", **values)


def remember_bytes(conn: Connection, archive_name: str, sha256: str, size: int) -> None:
    """Says where the bytes are of batches that were taken in from that file of the archive."""
    same = (batches.c.origin == "already_sent") & (batches.c.file_name == archive_name)
    values = {"archive_name": archive_name, "sha256": sha256, "size": size}
    conn.execute(update(batches).where(same).values(values))


def _write(conn: Connection, new: NewBatch, sets: Iterable[NewSet], *, at: datetime, **values: Any) -> int:
    listed = list(sets)
    if new.resends_id is not None:
        _take_over(conn, new.resends_id, [version_id for one in listed for _, version_id in one.members])
    row = {
        **new._asdict(),
        "claims": sum(len(one.members) for one in listed),
        "charge": sum(one.charge for one in listed),
        "reserved_at": stamp(at),
        **values,
    }
    batch_id = int(conn.execute(insert(batches).values(row).returning(batches.c.id)).scalar_one())
    set_ids = new_ids(conn, batch_sets, len(listed))
    insert_rows(
        conn,
        batch_sets,
        ("id", "batch_id", "control_number", "group_control_number", "reference", "claims", "charge"),
        (
            (
                set_id,
                batch_id,
                one.control_number,
                one.group_control_number,
                one.reference,
                len(one.members),
                one.charge,
            )
            for set_id, one in zip(set_ids, listed, strict=True)
        ),
    )
    _take(conn, batch_id, listed, again=values.get("origin") == "already_sent")
    insert_rows(
        conn,
        submissions,
        ("claim_id", "version_id", "batch_id", "set_id", "position", "recorded_at"),
        (
            (claim_id, version_id, batch_id, set_id, position, stamp(at))
            for set_id, one in zip(set_ids, listed, strict=True)
            for position, (claim_id, version_id) in enumerate(one.members, 1)
        ),
    )
    return batch_id


def _take(conn: Connection, batch_id: int, sets: Sequence[NewSet], *, again: bool) -> None:
    rows = ((version_id, batch_id) for one in sets for _, version_id in one.members)
    # What another system sent twice is a fact; what we would send twice is not to happen.
    insert_rows(conn, taken_versions, ("version_id", "batch_id"), rows, skip="version_id" if again else "")


def _take_over(conn: Connection, batch_id: int, version_ids: Sequence[int]) -> None:
    state = get_batch(conn, batch_id, lock=True).state
    if state not in _MAY_BE_RESENT:
        raise IllegalTransition(f"batch {batch_id} is {state}: its claims cannot go into another batch")
    for part in cut(version_ids):
        taken = taken_versions.c
        conn.execute(delete(taken_versions).where(taken.batch_id == batch_id, taken.version_id.in_(part)))


def set_state(
    conn: Connection, batch_id: int, state: str, *, at: datetime, reason: str = "", origin: str | None = None
) -> BatchRow:
    """Moves a batch to a state that may follow its own, and returns it.

    One statement decides: of two processes that ask at once, the second gets IllegalTransition. `sending` counts an
    attempt; `sent` sets the time; `cancelled` and `abandoned` give the versions back.
    """
    values: dict[str, Any] = {"state": state, "reason": reason}
    if state == "sending":
        values["attempts"] = batches.c.attempts + 1
    if state == "sent":
        values["sent_at"] = stamp(at)
    if origin is not None:
        values["origin"] = origin
    _move(conn, batch_id, state, values)
    if state in _GIVES_BACK:
        conn.execute(delete(taken_versions).where(taken_versions.c.batch_id == batch_id))
    return get_batch(conn, batch_id)


def mark_built(
    conn: Connection, batch_id: int, *, file_name: str, archive_name: str, sha256: str, size: int, at: datetime
) -> BatchRow:
    """Moves a batch from `building` to `built` once its bytes are in the archive, and returns it."""
    values = {
        "state": "built",
        "file_name": file_name,
        "archive_name": archive_name,
        "sha256": sha256,
        "size": size,
        "built_at": stamp(at),
    }
    _move(conn, batch_id, "built", values, only_from=("building",))
    return get_batch(conn, batch_id)


def _move(
    conn: Connection, batch_id: int, state: str, values: dict[str, Any], only_from: Sequence[str] | None = None
) -> None:
    before = [one for one, after in TRANSITIONS.items() if state in after]
    before = [one for one in before if only_from is None or one in only_from]
    # Only mark_built leaves `building`: a built batch has its bytes.
    if state == "built" and only_from is None:
        before.remove("building")
    change = update(batches).where(batches.c.id == batch_id, batches.c.state.in_(before)).values(values)
    if conn.execute(change).rowcount != 1:
        raise IllegalTransition(f"batch {batch_id} is {get_batch(conn, batch_id).state} and cannot become {state}")


def record_step(
    conn: Connection, batch_id: int, attempt: int, step: str, detail: Mapping[str, object], *, at: datetime
) -> None:
    """Records a step of a delivery before it is asked for."""
    text = json.dumps(dict(detail), separators=(",", ":"), sort_keys=True)
    row = {"batch_id": batch_id, "attempt": attempt, "step": step, "detail": text, "recorded_at": stamp(at)}
    conn.execute(insert(delivery_steps).values(row))


def steps_of(conn: Connection, batch_id: int) -> list[StepRow]:
    """The recorded steps of a batch's deliveries, in order."""
    query = select(*columns(delivery_steps, StepRow)).where(delivery_steps.c.batch_id == batch_id)
    return fetch(conn, query.order_by(delivery_steps.c.id), StepRow)


def production_went_to(conn: Connection, place: Mapping[str, str]) -> bool:
    """Whether a production file was ever put at a place, as the first step of its delivery names it.

    A step of an older program names no port, and may have been at any.
    """
    step = delivery_steps.c
    named = [_names(key, value) for key, value in place.items()]
    query = delivery_steps.join(batches, batches.c.id == step.batch_id)
    found = select(step.id).select_from(query).where(batches.c.usage == "P", *named).limit(1)
    return conn.execute(found).first() is not None


def _names(key: str, value: str) -> ColumnElement[bool]:
    detail = delivery_steps.c.detail
    named = detail.contains(f'"{key}":{json.dumps(value)}', autoescape=True)
    return or_(named, ~detail.contains(f'"{key}":', autoescape=True)) if key == "port" else named


def left_behind(conn: Connection, partner: str) -> list[LeftRow]:
    """The temporary files of a partner's ended deliveries that got no final name, and are not known to be gone."""
    step, other = delivery_steps.c, delivery_steps.alias()
    of_it = (other.c.batch_id == step.batch_id, other.c.attempt == step.attempt)
    settled = exists().where(*of_it, other.c.step.in_(("renamed", "leftover_gone")))
    tries = select(func.count()).where(*of_it, other.c.step == "leftover_stays").scalar_subquery()
    query = (
        select(step.batch_id, step.attempt, step.detail, tries)
        .join(batches, batches.c.id == step.batch_id)
        .where(batches.c.partner == partner, batches.c.state.not_in(("sending", "unknown")))
        .where(step.step == "temp_chosen", ~settled)
    )
    return fetch(conn, query.order_by(step.id), LeftRow)


def get_batch(conn: Connection, batch_id: int, *, lock: bool = False) -> BatchRow:
    """One batch; raises UsageError where there is none of that id. `lock` keeps others from changing it."""
    query = select(*columns(batches, BatchRow)).where(batches.c.id == batch_id)
    found = fetch_one(conn, query.with_for_update() if lock else query, BatchRow)
    if found is None:
        raise UsageError(f"there is no batch {batch_id}")
    return found


def list_batches(
    conn: Connection, *, partner: str | None = None, states: Sequence[str] = (), limit: int | None = None
) -> list[BatchRow]:
    """Batches in order of reservation, all or those of one partner or of some states."""
    query = select(*columns(batches, BatchRow)).order_by(batches.c.id)
    if partner is not None:
        query = query.where(batches.c.partner == partner)
    if states:
        query = query.where(batches.c.state.in_(states))
    return fetch(conn, query.limit(limit), BatchRow)


def find_interchanges(
    conn: Connection, interchange_control_number: str, *, sender: str | None = None, receiver: str | None = None
) -> list[BatchRow]:
    """The batches of that ISA13, between two parties or any: what a TA1 answers."""
    query = select(*columns(batches, BatchRow)).where(
        batches.c.interchange_control_number == interchange_control_number
    )
    if sender is not None:
        query = query.where(batches.c.sender == sender)
    if receiver is not None:
        query = query.where(batches.c.receiver == receiver)
    return fetch(conn, query.order_by(batches.c.id), BatchRow)


def sets_of(conn: Connection, batch_id: int) -> list[SetRow]:
    """The sets of a batch in their order."""
    return fetch(conn, _sets().where(batch_sets.c.batch_id == batch_id), SetRow)


def find_sets(conn: Connection, group_control_number: str, control_number: str | None = None) -> list[SetRow]:
    """The sets of that GS06 and, if given, ST02, of every partner: what a 999 answers."""
    query = _sets().where(batch_sets.c.group_control_number == group_control_number)
    if control_number is not None:
        query = query.where(batch_sets.c.control_number == control_number)
    return fetch(conn, query, SetRow)


def find_sets_by_reference(conn: Connection, reference: str) -> list[SetRow]:
    """The sets of that BHT03: what a 277CA answers."""
    return fetch(conn, _sets().where(batch_sets.c.reference == reference), SetRow)


def _sets() -> Select[Any]:
    own = [batch_sets.c[name] for name in SetRow._fields if name in batch_sets.c]
    of_batch = [batches.c[name] for name in SetRow._fields if name not in batch_sets.c]
    joined = batch_sets.join(batches, batches.c.id == batch_sets.c.batch_id)
    return select(*own, *of_batch).select_from(joined).order_by(batch_sets.c.id)


def submissions_of(conn: Connection, set_id: int) -> list[SubmissionRow]:
    """The submissions of a set in the order of their CLMs."""
    return fetch(conn, _submissions().where(submissions.c.set_id == set_id), SubmissionRow)


def submissions_in_batch(conn: Connection, batch_id: int) -> list[SubmissionRow]:
    """The submissions of a batch, set by set."""
    query = _submissions().where(submissions.c.batch_id == batch_id)
    return fetch(conn, query, SubmissionRow)


def submissions_by_number(
    conn: Connection, set_id: int, patient_control_numbers: Iterable[str]
) -> dict[str, list[SubmissionRow]]:
    """The submissions of a set that carry one of many CLM01, by CLM01; two providers may share one."""
    found: dict[str, list[SubmissionRow]] = {}
    for part in cut(set(patient_control_numbers)):
        query = _submissions().where(submissions.c.set_id == set_id, claims.c.patient_control_number.in_(part))
        for row in fetch(conn, query, SubmissionRow):
            found.setdefault(row.patient_control_number, []).append(row)
    return found


def _submissions() -> Select[Any]:
    own = [submissions.c[name] for name in SubmissionRow._fields if name in submissions.c]
    of_claim = (claims.c.patient_control_number, claims.c.match_key, claims.c.billing_key)
    joined = submissions.join(claims, claims.c.id == submissions.c.claim_id)
    return select(*own, *of_claim).select_from(joined).order_by(submissions.c.set_id, submissions.c.position)
