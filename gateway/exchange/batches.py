"""Batches as people see them, and a person's decisions on them."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from gateway.app import App
from gateway.errors import Refused, UsageError
from gateway.exchange.delivery import batch_document, mark_sent, refresh_batch
from gateway.exchange.retaining import refuse_left_file
from gateway.outbound.verdicts import Answer, answered_state
from gateway.store import Connection, batches
from gateway.store.batch_answers import BatchAnswer, batch_answers
from gateway.store.batches import BatchRow
from gateway.store.decisions import add_decision

_ANSWERS = {"ta1": "TA1", "ack_group": "999", "ack_set": "999"}


def documents(app: App, partner: str | None = None) -> list[dict[str, Any]]:
    """Every batch that has bytes, as `batches list --json` shows it."""
    if partner:
        app.home.profile(partner)
    with app.store.read() as conn:
        found = batches.list_batches(conn, partner=partner)
        said = batch_answers(conn, [batch.id for batch in found])
    shown = [batch for batch in found if batch.state not in ("building", "abandoned")]
    return [_with_answers(batch, said.get(batch.id, [])) for batch in shown]


def _with_answers(batch: BatchRow, said: list[BatchAnswer]) -> dict[str, Any]:
    document = batch_document(batch)
    facts = [Answer(row.kind, row.verdict, row.set_id, row.claims) for row in said]
    document["state"] = answered_state(batch.state, batch.claims, facts)
    return document


def whole(app: App, batch_id: int) -> dict[str, Any]:
    """One batch with its sets, steps and answers."""
    with app.store.read() as conn:
        batch = batches.get_batch(conn, batch_id)
        said = batch_answers(conn, [batch_id]).get(batch_id, [])
        sets = batches.sets_of(conn, batch_id)
        steps = batches.steps_of(conn, batch_id)
    document = _with_answers(batch, said)
    document["group_control_number"] = batch.group_control_number
    document["reason"] = batch.reason
    document["sets"] = [
        {
            "control_number": one.control_number,
            "reference": one.reference,
            "claims": one.claims,
            "charge": f"{one.charge // 100}.{one.charge % 100:02}",
        }
        for one in sets
    ]
    document["steps"] = [
        {"at": step.recorded_at, "what": f"{step.attempt}: {step.step.replace('_', ' ')}", "text": _detail(step.detail)}
        for step in steps
    ]
    numbers = {one.id: one.control_number for one in sets}
    document["answers"] = [
        {
            "at": row.recorded_at,
            "what": f"{_ANSWERS[row.kind]} {row.verdict}",
            "verdict": row.verdict,
            "transaction_control_number": numbers.get(row.set_id or 0, ""),
            "codes": json.loads(row.codes),
            "text": row.text or (f"set {numbers[row.set_id]}" if row.set_id in numbers else "the whole file"),
        }
        for row in said
    ]
    return document


def _detail(text: str) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in json.loads(text).items())


def open_bytes(app: App, batch_id: int) -> BinaryIO:
    """The archived bytes of a batch; UsageError where there are none here."""
    with app.store.read() as conn:
        batch = batches.get_batch(conn, batch_id)
    if not batch.archive_name:
        raise UsageError(f"batch {batch_id} has no file here: it was {batch.origin.replace('_', ' ')}, {batch.state}")
    refuse_left_file(app, batch.archive_name)
    app.archive.verify(batch.archive_name, batch.sha256)
    return app.archive.open(batch.archive_name)


def mark_sent_by_hand(app: App, batch_id: int, reason: str, *, dry_run: bool = False) -> dict[str, Any]:
    """A person delivered the file; its claims are sent."""
    with _lock(app, batch_id), app.store.write() as conn:
        batch = batches.get_batch(conn, batch_id, lock=True)
        if batch.state not in ("built", "failed", "unknown"):
            raise Refused(f"batch {batch_id} is {batch.state}; only what is not known to be sent can be marked as sent")
        if dry_run:
            return batch_document(batch)
        after = batches.set_state(conn, batch_id, "sent", at=app.now(), reason=reason, origin="marked_sent")
        _decide(conn, app, "mark-sent", batch_id, reason)
        mark_sent(conn, app, after, kind="marked_sent", actor=app.actor, text="delivered by hand")
    return batch_document(after)


def cancel_batch(app: App, batch_id: int, reason: str, *, dry_run: bool) -> dict[str, Any]:
    """Gives up a batch that certainly did not arrive."""
    with _lock(app, batch_id), app.store.write() as conn:
        batch = batches.get_batch(conn, batch_id, lock=True)
        if batch.state not in ("built", "failed"):
            raise Refused(f"batch {batch_id} is {batch.state}; only what certainly did not arrive can be cancelled")
        if dry_run:
            return batch_document(batch)
        after = batches.set_state(conn, batch_id, "cancelled", at=app.now(), reason=reason)
        _decide(conn, app, "cancel", batch_id, reason)
        refresh_batch(conn, app, batch_id)
    return batch_document(after)


def _lock(app: App, batch_id: int) -> Any:
    with app.store.read() as conn:
        return app.mailbox_lock(f"mailbox {batches.get_batch(conn, batch_id).partner}")


def _decide(conn: Connection, app: App, action: str, batch_id: int, reason: str) -> None:
    add_decision(conn, actor=app.actor, action=action, subject=f"batch:{batch_id}", reason=reason, at=app.now())
