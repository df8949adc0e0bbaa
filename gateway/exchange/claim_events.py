"""What no file says: an answer on the telephone, in a portal or on paper, entered as an event; and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.app import App
from gateway.claims.events import Verdict, is_known
from gateway.claims.history import event_code
from gateway.errors import Refused, UsageError
from gateway.exchange.claim_decisions import find_claim
from gateway.exchange.dry_run import writing
from gateway.reconcile.projection import folded, refresh
from gateway.reconcile.statuses import rank_of
from gateway.store import Connection, stamp
from gateway.store.claims import ClaimRow, NewEvent, append_event, codes_json, keys_json, lock_claims
from gateway.store.current import rows_of
from gateway.store.decisions import add_decision
from gateway.store.stories import events_told

SOURCES = ("portal", "telephone", "paper")
HOPS = ("clearinghouse", "payer")
VERDICTS = ("accept", "reject", "pended", "info")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody was told."""

    hop: str  # who said it: one of HOPS
    verdict: str  # one of VERDICTS
    text: str
    source: str  # one of SOURCES
    day: str  # on which it was said, ISO
    by: str = ""  # who was told; empty: who enters it
    payer_number: str = ""  # the payer's number of the claim, where it was told


def enter_event(app: App, number: str, provider: str | None, said: Said, *, dry_run: bool = False) -> Document:
    """Enters an answer to the newest submission of a claim; it counts as if a file had said it.

    :raises UsageError: where something is missing or cannot be
    :raises Refused: where the claim was not sent, or its delivery is not settled
    """
    _check(app, said)
    with writing(app.store, dry_run=dry_run) as conn:
        claim = find_claim(conn, number, provider)
        lock_claims(conn, [claim.id])
        submission_id = _submission(conn, claim, said)
        at = stamp(app.now())
        event = NewEvent(
            "entered",
            said.hop,
            said.verdict,
            at,
            claim_id=claim.id,
            submission_id=submission_id,
            said_on=said.day,
            rank=rank_of(said.day, "", ""),
            codes=codes_json([f"1K:{said.payer_number}"] if said.payer_number else []),
            text=said.text,
            keys=keys_json({"source": said.source, "entered_by": app.actor}),
            actor=said.by or app.actor,
        )
        append_event(conn, event)
        entered = max(one.id for one in events_told(conn, claim.id) if one.kind == "entered")
        return _document(conn, claim, entered, at)


def take_back(
    app: App, number: str, provider: str | None, event_id: int, reason: str, *, dry_run: bool = False
) -> Document:
    """Says that an event was entered wrongly: it stays in the history and counts no more.

    :raises UsageError: where the claim has no such event, or no reason is given
    :raises Refused: where it was taken back before
    """
    if not reason.strip():
        raise UsageError("taking an event back needs a reason")
    with writing(app.store, dry_run=dry_run) as conn:
        claim = find_claim(conn, number, provider)
        lock_claims(conn, [claim.id])
        told = events_told(conn, claim.id)
        code = event_code(event_id)
        if not any(one.kind == "entered" and one.id == event_id for one in told):
            raise UsageError(f"the claim has no entered event {event_id}; `gateway claims why` lists them")
        if any(one.kind == "taken_back" and one.codes == codes_json([code]) for one in told):
            raise Refused(f"event {event_id} is taken back already")
        at = app.now()
        append_event(
            conn,
            NewEvent(
                "taken_back", "person", "info", stamp(at), claim_id=claim.id, codes=codes_json([code]), text=reason,
                actor=app.actor,
            ),
        )  # fmt: skip
        add_decision(conn, actor=app.actor, action="take_back", subject=code, reason=reason, at=at)
        return _document(conn, claim, event_id, stamp(at))


def _check(app: App, said: Said) -> None:
    if not is_known("entered", said.hop, said.verdict):
        raise UsageError(f"--hop is one of {', '.join(HOPS)}, --verdict one of {', '.join(VERDICTS)}")
    if said.hop != "payer" and said.verdict == Verdict.PENDED:
        raise UsageError("only a payer can have a claim pended")
    if said.source not in SOURCES:
        raise UsageError(f"--source is one of {', '.join(SOURCES)}")
    if not said.text.strip():
        raise UsageError("say what was said: --text")
    if date.fromisoformat(said.day) > app.now().date():
        raise UsageError(f"{said.day} has not come yet")


def _submission(conn: Connection, claim: ClaimRow, said: Said) -> int | None:
    """The submission that is answered: the newest delivered one. What only informs needs none."""
    life = next(iter(folded(conn, [claim.id]))).life
    if life.submission is not None:
        return life.submission.submission.id
    if said.verdict == Verdict.INFO:
        return None
    if life.stage == "batched":
        batch_id = life.submissions[-1].submission.batch_id
        raise Refused(
            f"the delivery of batch {batch_id} is not settled: if the receiver has the claim, say so first with "
            f"`gateway batches mark-sent {batch_id}`"
        )
    raise Refused(f"the claim is {life.state}: it was not sent, so nobody can have answered it")


def _document(conn: Connection, claim: ClaimRow, event_id: int, at: str) -> Document:
    refresh(conn, [claim.id], at)
    state = rows_of(conn, [claim.id])[claim.id].state
    return {"patient_control_number": claim.patient_control_number, "event": str(event_id), "state": state}
