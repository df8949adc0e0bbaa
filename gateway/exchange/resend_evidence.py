"""What is known of a batch that somebody wants to send again, a line each: what a person decides by."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gateway.partners import Profile
from gateway.store import Connection, batches
from gateway.store.batch_answers import BatchAnswer, batch_answers
from gateway.store.batches import BatchRow
from gateway.store.decisions import decisions_on

_ANSWERS = {"ta1": "TA1", "ack_group": "999", "ack_set": "999"}
# TA105 that speak of what the profile's [envelope] says
_OF_THE_ENVELOPE = frozenset({"005", "006", "007", "008", "009", "010", "011", "012", "013", "020"})


def facts(conn: Connection, batch: BatchRow, profile: Profile | None) -> tuple[str, ...]:
    """Its delivery, its answers, the batches that replace it, and what people decided."""
    said = batch_answers(conn, [batch.id]).get(batch.id, [])
    return (
        *_delivery(conn, batch),
        *_answers(conn, batch, said),
        *_same_envelope(batch, profile, said),
        *_replaced(conn, batch),
        *_decided(conn, batch),
    )


def _delivery(conn: Connection, batch: BatchRow) -> Iterator[str]:
    attempts = f"{batch.attempts} attempt{'' if batch.attempts == 1 else 's'}"
    by_hand = ", by hand" if batch.origin == "marked_sent" else ""
    when = f" {batch.sent_at[:16]}Z" if batch.sent_at else ""
    yield f"delivery: {batch.state}{when}{by_hand}, {attempts}, ISA13 {batch.interchange_control_number}"
    if batch.state != "sent" and (steps := batches.steps_of(conn, batch.id)):
        yield f"last step: {steps[-1].step.replace('_', ' ')}, {steps[-1].recorded_at[:16]}Z"


def _answers(conn: Connection, batch: BatchRow, said: list[BatchAnswer]) -> Iterator[str]:
    if not said and batch.state == "sent":
        yield "answers: no TA1 and no 999"
    numbers = {one.id: one.control_number for one in batches.sets_of(conn, batch.id)} if said else {}
    for row in said:
        of = f" set {numbers[row.set_id]}" if row.set_id in numbers else ""
        codes = ", ".join(json.loads(row.codes))
        yield f"answer: {_ANSWERS[row.kind]} {row.verdict}{of} {row.recorded_at[:16]}Z{f' [{codes}]' if codes else ''}"


def _same_envelope(batch: BatchRow, profile: Profile | None, said: list[BatchAnswer]) -> Iterator[str]:
    notes = {code.split(":")[-1] for row in said if row.kind == "ta1" for code in json.loads(row.codes)}
    same = profile is not None and (batch.sender, batch.receiver) == profile.envelope.sides
    if notes & _OF_THE_ENVELOPE and same and batch.usage == profile.usage:  # type: ignore[union-attr]
        yield "beware: [envelope] still names the same sides: correct it first, or the same rejection comes again"


def _replaced(conn: Connection, batch: BatchRow) -> Iterator[str]:
    if batch.resends_id:
        yield f"it replaces batch {batch.resends_id}"
    later = [one for one in batches.list_batches(conn, partner=batch.partner) if one.resends_id == batch.id]
    for one in later:
        yield f"replaced by batch {one.id}: {one.state}, {one.claims} claim{'' if one.claims == 1 else 's'}"


def _decided(conn: Connection, batch: BatchRow) -> Iterator[str]:
    for row in decisions_on(conn, f"batch:{batch.id}"):
        yield f"{row.action} {row.recorded_at[:16]}Z by {row.actor}{f': {row.reason}' if row.reason else ''}"
