"""A payment that came in no file: entered by a person, kept in the archive, and posted on the way of an 835."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.app import App
from gateway.errors import Refused, UsageError
from gateway.exchange.dry_run import writing
from gateway.exchange.remittances import whole_of
from gateway.exchange.rules import adjustment_classes
from gateway.inbound.entered import EnteredRemittance, parse_entered
from gateway.reconcile.origin import Origin
from gateway.reconcile.projection import refresh
from gateway.reconcile.remittance_decisions import subject
from gateway.reconcile.remitting import (
    TYPED,
    Written,
    count_awaiting,
    entered_twin,
    post_remittance,
    told_numbers,
)
from gateway.store import Connection, stamp
from gateway.store.claims import lock_claims
from gateway.store.decisions import add_decision
from gateway.store.inbound_files import FileRow, find_file, record, set_status
from gateway.store.inbound_sets import (
    ENTERED,
    NewInboundSet,
    SetOutcome,
    close_set,
    open_set,
    same_content,
    sets_in_file,
)
from gateway.store.remittance_numbers import hold_number
from gateway.store.remittances import remittance_of_set, shares_claims
from gateway.transport.names import shown_name

Document = dict[str, Any]
_IMBALANCES = 10


@dataclass(frozen=True, slots=True)
class _Given:
    """The file that was given, and what it says."""

    name: str
    sha256: str
    size: int
    facts: EnteredRemittance


def enter(app: App, path: Path, *, other: str = "", dry_run: bool = False) -> Document:
    """Posts the payment that a JSON document describes; gives it as `remittances show` has it.

    :param other: why it is another payment, although one of its number is posted

    :raises UsageError: where the file cannot be read, or has not the shape
    :raises Refused: where it does not balance, or may be posted already
    """
    given, data = _read(path)
    if found := given.facts.imbalances():
        more = f"; and {len(found) - _IMBALANCES} more" if len(found) > _IMBALANCES else ""
        raise Refused(f"{path}: does not balance: {'; '.join(found[:_IMBALANCES])}{more}")
    # Tried first, so that what is refused leaves nothing behind, in the archive neither.
    with writing(app.store, dry_run=True) as conn:
        made = _post(app, conn, given, archive_name="", other=other)
        document = whole_of(conn, made)
    if dry_run:
        return document
    notes = {"name": given.name, "partner": "", "entered_by": app.actor}
    archived = app.archive.keep(io.BytesIO(data), "received", app.now(), notes)
    with app.store.write() as conn:
        made = _post(app, conn, given, archive_name=archived.name, other=other)
    app.log.info("entered", remittance=made, claims=len(given.facts.claims))
    with app.store.read() as conn:
        return whole_of(conn, made)


def enter_again(app: App, file: FileRow, data: bytes, *, other: str = "") -> int:
    """Posts a payment that was entered before, from the file of the archive that a person gave; gives its id."""
    given = _Given(file.name, file.sha256, file.size, EnteredRemittance(parse_entered(data, file.archive_name)))
    with app.store.write() as conn:
        return _post(app, conn, given, archive_name=file.archive_name, other=other, is_known=True)


def _read(path: Path) -> tuple[_Given, bytes]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    facts = EnteredRemittance(parse_entered(data, str(path)))
    return _Given(shown_name(path), hashlib.sha256(data).hexdigest(), len(data), facts), data


def _post(app: App, conn: Connection, given: _Given, *, archive_name: str, other: str, is_known: bool = False) -> int:
    """Writes it all in the caller's transaction; gives the payment's id. `is_known`: its file has its row already."""
    facts, at = given.facts, app.now()
    if not is_known:
        _refuse_same_file(conn, given.sha256)
    file_id, _ = record(
        conn, name=given.name, sha256=given.sha256, size=given.size, archive_name=archive_name, at=at
    )  # fmt: skip
    set_id = open_set(conn, NewInboundSet(file_id, 1, ENTERED, control_number="1"), at=at)
    _refuse_twin(conn, facts, set_id, other)
    nobody: frozenset[str] = frozenset()
    origin = Origin(set_id, "", nobody, nobody, at, app.home.crosswalk, facts.source, app.actor)
    written = post_remittance(conn, facts, origin, adjustment_classes(app.home.path))
    if not other:
        _refuse_same_claims(conn, facts, set_id, written)
    posted = written.posted
    lock_claims(conn, posted.claim_ids)
    refresh(conn, posted.claim_ids, stamp(at))
    told_numbers(conn, written, at)
    count_awaiting(conn, written)
    sums = (posted.claims, posted.matched, posted.unmatched, posted.charge, posted.paid)
    close_set(conn, set_id, SetOutcome("posted", facts.content_hash, *sums))
    set_status(conn, file_id, "processed", at=at)
    reason = f"{facts.source}: {other}" if other else facts.source
    add_decision(conn, actor=app.actor, action="enter", subject=subject(written.remittance_id), reason=reason, at=at)
    return written.remittance_id


def _refuse_same_file(conn: Connection, sha256: str) -> None:
    known = find_file(conn, sha256)
    if known is None:
        return
    for one in sets_in_file(conn, known.id):
        payment = remittance_of_set(conn, one.id)
        if payment is not None and payment.status == "posted":
            raise Refused(f"this file is entered already, as payment {payment.id}")
        if payment is not None:
            raise Refused(
                f"this file was entered as payment {payment.id} and taken back; "
                f"`gateway remittances post {payment.id} --as-is --reason …` posts it again"
            )
    raise Refused(f"this file is known as inbound file {known.id}, and is no payment")


def _refuse_twin(conn: Connection, facts: EnteredRemittance, set_id: int, other: str) -> None:
    hold_number(conn, facts.header.trace_number)
    same = same_content(conn, ENTERED, facts.content_hash, but=set_id)
    if same is not None and same.status == "posted":
        raise Refused("the same payment is entered already, from another file")
    twin = None if other else entered_twin(conn, facts.header, set_id, entered_only=False)
    if twin is not None and (twin.payment or facts.header.payment):
        raise Refused(_already(twin.id, twin.source))


def _refuse_same_claims(conn: Connection, facts: EnteredRemittance, set_id: int, written: Written) -> None:
    """Numbers of payments of nothing are used again: only the same claims make them the same."""
    twin = entered_twin(conn, facts.header, set_id, entered_only=False)
    if twin is not None and shares_claims(conn, written.remittance_id, [twin.id], TYPED):
        raise Refused(_already(twin.id, twin.source))


def _already(remittance_id: int, source: str) -> str:
    how = "by an 835" if source == "835" else "by hand"
    return (
        f"payment {remittance_id}, posted {how}, has this number, and the same payer or amount; it would be posted "
        f"twice (`gateway remittances show {remittance_id}`; where it is another payment, say --as-is --reason)"
    )
