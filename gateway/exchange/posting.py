"""One inbound transaction set (or TA1) into the store: read, bound or posted, and closed, in one transaction.

A set is written as it streams; where it turns out at its end that it must not stand (it does not balance, is there
already, contradicts another), its savepoint is undone and the set is parked or a duplicate. Nothing is ever half
posted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.app import App
from gateway.exchange.delivery import mark_sent
from gateway.exchange.number_watch import NumberWatch
from gateway.inbound.ack277 import StatusReader
from gateway.inbound.ack999 import AcknowledgmentReader
from gateway.inbound.content import WatchedSet, interchange_answer_hash
from gateway.inbound.elements import money
from gateway.inbound.remit835 import RemittanceReader
from gateway.inbound.route import Route, route
from gateway.inbound.ta1 import read_interchange_ack
from gateway.partners import Profile
from gateway.reconcile.candidates import rematch_numbers
from gateway.reconcile.classes import Classes
from gateway.reconcile.first_payment import refresh_paid
from gateway.reconcile.late import bind_answers
from gateway.reconcile.origin import Origin, Posted
from gateway.reconcile.post import (
    keep_remittance,
    post_acknowledgment,
    post_interchange_answer,
    post_kept,
    post_remittance,
    post_statuses,
)
from gateway.reconcile.projection import refresh
from gateway.reconcile.remittance_decisions import is_undone
from gateway.reconcile.remitting import contradicts, count_awaiting, repeats_claims, told_numbers
from gateway.store import Connection, stamp
from gateway.store.batches import get_batch, set_state
from gateway.store.claims import lock_claims
from gateway.store.errors import Conflict, Unstorable
from gateway.store.inbound_files import FileRow
from gateway.store.inbound_sets import (
    SETTLED,
    InboundSetRow,
    NewInboundSet,
    SetOutcome,
    begin_set,
    close_set,
    find_set,
    open_set,
    same_content,
)
from gateway.store.remittances import RemittanceRow, park, remittance_of_set
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue
from gateway.x12.reader import TransactionSet
from gateway.x12.values import Group, Interchange, InterchangeAck

Progress = Callable[[int], None]
Reread = Callable[[], AbstractContextManager[TransactionSet]]

_MOST_ISSUES = 500
# Faults of the envelope that leave an answer's content whole; a payment with one of them waits for a person.
_TOLERATED = frozenset(("se_count", "se_control_number", "st_duplicate", "st_code"))
_ANSWERED = frozenset(("unknown", "built", "failed"))  # deliveries that an answer proves


class Place(NamedTuple):
    """Where a set stands: its file and its ordinal in it."""

    file: FileRow
    ordinal: int


@dataclass(slots=True)
class Verdict:
    """What is to become of a set that was read to its end."""

    status: str
    posted: Posted = field(default_factory=Posted)
    issues: list[Issue] = field(default_factory=list)
    content_hash: str = ""


def transaction_document(row: InboundSetRow) -> dict[str, Any]:
    """A set as the document of its file shows it. What is another system's is posted nowhere, and no fault."""
    shown: dict[str, Any] = {
        "kind": row.kind,
        "control_number": row.control_number,
        "status": "posted" if row.status == "foreign" else row.status,
        "claims": row.claims,
        "matched": row.matched,
        "unmatched": row.unmatched,
        "charge": money(row.charge),
        "paid": money(row.paid),
        "issues": json.loads(row.issues),
    }
    return {**shown, "foreign": True} if row.status == "foreign" else shown


class SetPoster:
    """Takes the sets of one file into the store."""

    def __init__(self, app: App, classes: Classes, progress: Progress | None = None) -> None:
        self._app = app
        self._classes = classes
        self._progress = progress
        self._numbers = NumberWatch()
        self.partners: set[str] = set()  # whose envelopes the sets came in; empty text of one that is nobody's

    def interchange_answer(self, place: Place, ack: InterchangeAck) -> InboundSetRow:
        """A TA1."""
        new = NewInboundSet(
            file_id=place.file.id,
            ordinal=place.ordinal,
            kind="TA1",
            sender=ack.interchange.sender,
            receiver=ack.interchange.receiver,
            interchange_control_number=ack.interchange.control_number,
            control_number=ack.control_number,
        )
        senders, receivers = _sides(ack.interchange, None)
        self.partners.add(self._partner_of(senders, receivers))

        def work(conn: Connection, set_id: int) -> Verdict:
            issues = FaultList()
            answer = read_interchange_ack(ack, issues)
            origin = self._origin(place, set_id, senders, receivers)
            held = self._usage(origin.partner, ack.interchange.usage)
            if _errors(issues.issues) or held:
                return Verdict("parked", issues=[*issues.issues, *held], content_hash=interchange_answer_hash(answer))
            return self._answer(
                conn,
                set_id,
                "TA1",
                interchange_answer_hash(answer),
                lambda: post_interchange_answer(conn, answer, origin),
            )

        return self._in_transaction(new, work)

    def transaction_set(self, place: Place, opened: TransactionSet, reread: Reread) -> InboundSetRow:
        """A transaction set; `reread` opens it again where its facts are to be kept after all."""
        interchange, group = opened.interchange, opened.group
        new = NewInboundSet(
            file_id=place.file.id,
            ordinal=place.ordinal,
            kind=opened.kind,
            sender=interchange.sender if interchange else "",
            receiver=interchange.receiver if interchange else "",
            interchange_control_number=interchange.control_number if interchange else "",
            group_control_number=group.control_number if group else "",
            control_number=opened.control_number,
            version=opened.version,
        )
        self.partners.add(self._partner_of(*_sides(interchange, group)))
        return self._in_transaction(new, lambda conn, set_id: self._read(conn, set_id, place, opened, reread))

    # One transaction

    def _in_transaction(self, new: NewInboundSet, work: Callable[[Connection, int], Verdict]) -> InboundSetRow:
        verdict: Verdict | None = None
        try:
            with self._app.store.write() as conn:
                known = find_set(conn, new.file_id, new.ordinal)
                if known is not None and known.status in SETTLED:
                    return known
                set_id = begin_set(conn, new, at=self._app.now()) if known is None else known.id
                verdict = work(conn, set_id)
                verdict.issues += self._numbers.notice(conn, new, verdict.status)
                return self._close(conn, set_id, verdict)
        except Unstorable as error:
            return self._close_alone(new, Verdict("parked", issues=[Issue("unstorable", "error", str(error))]))
        except Conflict:
            found = self._overtaken(new, verdict.content_hash if verdict else "")
            if found is None:
                raise
            return found

    def _overtaken(self, new: NewInboundSet, content_hash: str) -> InboundSetRow | None:
        """What became of a set that another process was faster with: the same set, or the same content elsewhere."""
        with self._app.store.write() as conn:
            known = find_set(conn, new.file_id, new.ordinal)
            if known is not None and (known.status in SETTLED or not content_hash):
                return known
            set_id = open_set(conn, new, at=self._app.now())
            other = same_content(conn, new.kind, content_hash, but=set_id) if content_hash else None
            if other is None or other.status != "posted":
                return None
            return self._close(conn, set_id, Verdict("duplicate", content_hash=content_hash))

    def _close_alone(self, new: NewInboundSet, verdict: Verdict) -> InboundSetRow:
        with self._app.store.write() as conn:
            return self._close(conn, open_set(conn, new, at=self._app.now()), verdict)

    def _close(self, conn: Connection, set_id: int, verdict: Verdict) -> InboundSetRow:
        posted = verdict.posted
        issues = [issue.document() for issue in [*verdict.issues, *posted.issues][:_MOST_ISSUES]]
        outcome = SetOutcome(
            status=verdict.status,
            content_hash=verdict.content_hash,
            claims=posted.claims,
            matched=posted.matched,
            unmatched=posted.unmatched,
            charge=posted.charge,
            paid=posted.paid,
            issues=json.dumps(issues),
        )
        return close_set(conn, set_id, outcome)

    # Reading

    def _read(self, conn: Connection, set_id: int, place: Place, opened: TransactionSet, reread: Reread) -> Verdict:
        way = route(opened.kind, opened.code, opened.version)
        if way is Route.IGNORE:
            return Verdict("ignored")
        if way is Route.PARK:
            text = "The guide of this set is not one that the gateway reads."
            return Verdict("parked", issues=[Issue("unsupported_set", "error", text, 1)])
        interchange = opened.interchange
        origin = self._origin(place, set_id, *_sides(interchange, opened.group))
        if interchange is None:
            text = "The set stands in no interchange, so nobody vouches for it."
            held = [Issue("no_interchange", "error", text, 1)]
        else:
            held = self._usage(origin.partner, interchange.usage)
        if opened.kind == "835":
            return _Payment(self._app, conn, self._classes, self._progress).take(opened, origin, held, reread)
        return self._answers(conn, opened, origin, held)

    def _answers(self, conn: Connection, opened: TransactionSet, origin: Origin, held: Sequence[Issue]) -> Verdict:
        """A 999, 997, 277CA or 277."""
        post: Callable[[], Posted]
        reader: AcknowledgmentReader | StatusReader
        if opened.kind in ("999", "997"):
            watched = WatchedSet(opened, *sorted(origin.senders), *sorted(origin.receivers))
            reader = acknowledgment = AcknowledgmentReader(watched)
            post = lambda: post_acknowledgment(conn, acknowledgment, origin)  # noqa: E731
        else:
            watched = WatchedSet(opened)
            reader = statuses = StatusReader(watched, inquiry=opened.kind == "277")
            post = lambda: self._post_statuses(conn, statuses, origin)  # noqa: E731
        savepoint = conn.begin_nested()
        posted = Posted()
        if held:
            _drain(reader)
        else:
            posted = post()
        found = [*opened.issues, *reader.issues]
        wrong = [issue for issue in _errors(found) if issue.code not in _TOLERATED]
        status = "parked" if held or wrong else "foreign" if posted.foreign else "posted"
        again = same_content(conn, opened.kind, watched.content_hash, but=origin.inbound_set_id)
        if again is not None and (again.status != "parked" or status == "parked"):
            status = "duplicate"
        if status in ("parked", "duplicate"):
            savepoint.rollback()
            kept = Posted(claims=posted.claims, charge=posted.charge)
            return Verdict(status, kept, [*held, *found] if status == "parked" else [], watched.content_hash)
        savepoint.commit()
        self._settle(conn, posted)
        return Verdict(status, posted, found, watched.content_hash)

    def _post_statuses(self, conn: Connection, statuses: StatusReader, origin: Origin) -> Posted:
        posted = post_statuses(conn, statuses, origin)
        bind_answers(conn, posted, origin.inbound_set_id, self._app.now())
        return posted

    def _answer(
        self, conn: Connection, set_id: int, kind: str, content_hash: str, post: Callable[[], Posted]
    ) -> Verdict:
        again = same_content(conn, kind, content_hash, but=set_id)
        if again is not None and again.status != "parked":
            return Verdict("duplicate", content_hash=content_hash)
        posted = post()
        self._settle(conn, posted)
        return Verdict("foreign" if posted.foreign else "posted", posted, content_hash=content_hash)

    def _settle(self, conn: Connection, posted: Posted) -> None:
        """What is answered has arrived; then the claims are folded again, and payments that waited for a number."""
        now = self._app.now()
        for batch_id in sorted(posted.batch_ids):
            state = get_batch(conn, batch_id, lock=True).state
            if state == "cancelled":
                text = f"Batch {batch_id} was cancelled here, and the partner answers it: its claims may go out twice."
                posted.say("cancelled_batch_answered", text, severity="error")
            if state in _ANSWERED:
                batch = set_state(conn, batch_id, "sent", at=now, reason="the partner answered")
                mark_sent(conn, self._app, batch, text=f"{batch.partner} answered, so it had arrived")
        lock_claims(conn, posted.claim_ids)
        refresh(conn, posted.claim_ids, stamp(now))
        if posted.payer_claim_numbers:
            rematch_numbers(conn, posted.payer_claim_numbers, now)

    # Where it comes from

    def _origin(self, place: Place, set_id: int, senders: frozenset[str], receivers: frozenset[str]) -> Origin:
        partner = place.file.partner or self._partner_of(senders, receivers)
        profile = self._app.profiles.get(partner)
        if profile is not None:
            # GS may name both sides otherwise than ISA; batches know them by their ISA.
            envelope = profile.envelope
            senders |= {envelope.receiver} if envelope.group_receiver in senders else set()
            receivers |= {envelope.sender} if envelope.group_sender in receivers else set()
        return Origin(set_id, partner, senders, receivers, self._app.now(), self._app.home.crosswalk)

    def _partner_of(self, senders: frozenset[str], receivers: frozenset[str]) -> str:
        """The partner whose identifiers these are, for files that were not found in a mailbox."""
        for profile in self._app.profiles.values():
            envelope = profile.envelope
            theirs, ours = {envelope.receiver, envelope.group_receiver}, {envelope.sender, envelope.group_sender}
            if theirs & senders and ours & receivers:
                return profile.name
        return ""

    def _usage(self, partner: str, usage: str) -> list[Issue]:
        profile: Profile | None = self._app.profiles.get(partner)
        if profile is None or not usage or usage == profile.usage:
            return []
        text = f"ISA15 is {'test' if usage == 'T' else 'not test'}, but the partner's profile says otherwise."
        return [Issue("usage_differs", "error", text, 0, None, "ISA", "15")]


class _Payment:
    """An 835 on its way into the store."""

    def __init__(self, app: App, conn: Connection, classes: Classes, progress: Progress | None) -> None:
        self._app = app
        self._conn = conn
        self._classes = classes
        self._progress = progress

    def take(self, opened: TransactionSet, origin: Origin, held: Sequence[Issue], reread: Reread) -> Verdict:
        """Posts it, or says why not; facts of a parked one are kept, so that a person can look and decide."""
        conn = self._conn
        watched = WatchedSet(opened)
        reader = RemittanceReader(watched)
        reason = contradicts(conn, reader.header, origin.inbound_set_id)
        held = [*held, *([_held("remittance_contradicts", reason)] if reason else [])]
        kept = remittance_of_set(conn, origin.inbound_set_id)
        if kept is not None:
            return self._again(kept, opened, watched, reader, held)
        savepoint = conn.begin_nested()
        if held:
            written = keep_remittance(conn, reader, origin, held[0].text, self._progress)
        else:
            written = post_remittance(conn, reader, origin, self._classes, self._progress)
        found = [*opened.issues, *reader.issues]
        wrong = [*held, *_errors(found)]
        if not wrong and (reason := repeats_claims(conn, reader.header, written.remittance_id, origin.inbound_set_id)):
            wrong = [_held("remittance_contradicts", reason)]
        again = same_content(conn, "835", watched.content_hash, but=origin.inbound_set_id)
        posted = written.posted
        if again is not None and (again.status == "posted" or wrong or self._is_taken_back(again)):
            savepoint.rollback()
            return Verdict("duplicate", _totals(posted), content_hash=watched.content_hash)
        if wrong and not held:
            savepoint.rollback()
            with reread() as second:
                keep_remittance(conn, RemittanceReader(WatchedSet(second)), origin, wrong[0].text)
        else:
            savepoint.commit()
        if wrong:
            issues = [*held, *found] if held else [*[one for one in wrong if one not in found], *found]
            return Verdict("parked", _totals(posted), issues, watched.content_hash)
        lock_claims(conn, posted.claim_ids)
        refresh_paid(conn, posted.claim_ids, stamp(origin.at))
        told_numbers(conn, written, origin.at)
        count_awaiting(conn, written)
        return Verdict("posted", posted, found, watched.content_hash)

    def _is_taken_back(self, again: InboundSetRow) -> bool:
        """Whether a person took the same content back: then a copy must not post it."""
        other = remittance_of_set(self._conn, again.id)
        return other is not None and is_undone(self._conn, other.id)

    def _again(
        self,
        kept: RemittanceRow,
        opened: TransactionSet,
        watched: WatchedSet,
        reader: RemittanceReader,
        held: Sequence[Issue],
    ) -> Verdict:
        """A parked payment whose file is read again: posted if nothing stands against it any more."""
        _drain(reader)
        found = [*opened.issues, *reader.issues]
        wrong = [*held, *_errors(found)]
        totals = reader.totals
        sums = Posted(claims=totals.claims, charge=totals.charge, paid=totals.paid)
        if is_undone(self._conn, kept.id):
            return Verdict("parked", sums, [_held("remittance_undone", kept.reason), *found], watched.content_hash)
        again = same_content(self._conn, "835", watched.content_hash, but=kept.inbound_set_id)
        if again is not None and again.status == "posted":
            wrong = [_held("remittance_repeated", "the same content is posted from another file"), *wrong]
        if wrong:
            park(self._conn, kept.id, reason=wrong[0].text)
            return Verdict("parked", sums, [*(one for one in wrong if one not in found), *found], watched.content_hash)
        posted = post_kept(self._conn, kept, now=self._app.now(), classes=self._classes)
        return Verdict("posted", posted, found, watched.content_hash)


def _sides(interchange: Interchange | None, group: Group | None) -> tuple[frozenset[str], frozenset[str]]:
    """Who sends and who receives, as interchange and group name them."""
    said = [one for one in (interchange, group) if one is not None]
    return frozenset(one.sender for one in said) - {""}, frozenset(one.receiver for one in said) - {""}


def _held(code: str, reason: str) -> Issue:
    return Issue(code, "error", f"The payment is parked: {reason}.", 2, None, "TRN")


def _totals(posted: Posted) -> Posted:
    return Posted(claims=posted.claims, charge=posted.charge, paid=posted.paid)


def _errors(issues: Iterable[Issue]) -> list[Issue]:
    return [issue for issue in issues if issue.severity == "error"]


def _drain(facts: Iterable[Any] | Iterator[Any]) -> None:
    for _ in facts:
        pass
