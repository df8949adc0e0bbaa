"""The archive told again: a store is made anew from the newest journal and the files, or a restored one completed.

Each file is read as at the hour at which it was first read, and each decision on a payment is made again at its own, by
the person who made it. Nothing is built until the counters stand above every number of the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, NamedTuple, cast

from gateway.app import App
from gateway.errors import GatewayError, NeedsPerson, Refused
from gateway.exchange import journal as journals
from gateway.exchange.already_sent import take_sent
from gateway.exchange.checking import strangers
from gateway.exchange.entering import enter_again
from gateway.exchange.intake import Door
from gateway.exchange.numbers import prove_by_archive
from gateway.exchange.process import process_file
from gateway.exchange.restored import doubt_deliveries
from gateway.exchange.rules import adjustment_classes
from gateway.inbound.route import SNIFFED, Content, sniff
from gateway.reconcile import post
from gateway.reconcile.projection import rebuild
from gateway.reconcile.working import rebuild as rebuild_work
from gateway.store import Connection, batches, journal, stamp
from gateway.store.backup import begun_anew, is_half_made, made_anew, replayed
from gateway.store.engine import Store
from gateway.store.errors import StoreEmpty, StoreUnavailable
from gateway.store.inbound_files import get_file, record
from gateway.store.journal import Decided, ReadFile, Rest
from gateway.transport.archive import ArchivedFile

Progress = Callable[[int], None]
_DECISIONS: dict[str, Callable[..., object]] = {
    "undo": post.undo,
    "post_as_is": post.post_as_is,
    "match": post.match,
    "unmatch": post.unmatch,
}


@dataclass(slots=True)
class Replayed:
    """What a replay came to."""

    anew: bool = False  # whether there was no store
    journal: str = ""  # when the journal was written; empty where there was none, or none was wanted
    claims: int = 0
    sent: int = 0  # files of the archive that were taken in as sent
    received: int = 0  # files of the archive that were read
    decided: int = 0  # decisions on payments that were made again
    unknown: int = 0  # batches of which nobody knows whether they were sent since
    numbers: int = 0  # files whose control numbers were looked at
    problems: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Past(App):
    """The same home at another hour, in the hands of whoever acted then."""

    def __init__(self, app: App, store: Store) -> None:
        super().__init__(app.home)
        self.__dict__ |= {"store": store, "archive": app.archive}
        self.at, self.who = app.now(), ""
        self._actor = app.actor

    def now(self) -> datetime:
        return self.at

    @property
    def actor(self) -> str:
        return self.who or self._actor

    def then(self, at: str, who: str = "") -> None:
        """Goes to an hour, as the store writes it."""
        self.at, self.who = datetime.fromisoformat(at), who


def replay(app: App, reason: str, progress: Progress | None = None) -> Replayed:
    """Makes the store from the archive where there is none, or takes in what the archive has beyond it.

    :raises NeedsPerson: where the journal of the archive cannot be read
    :raises Refused: where a replay into a database was broken off
    """
    done = Replayed(anew=not _has_store(app))
    if done.anew:
        with made_anew(app.home.store_url) as store:
            _tell(app, store, done, reason, progress)
    else:
        _tell(app, app.store, done, reason, progress)
    return done


def _has_store(app: App) -> bool:
    from gateway.store import open_store

    try:
        store = open_store(app.home.store_url)
    except (StoreEmpty, StoreUnavailable):
        return False
    try:
        with store.read() as conn:
            if is_half_made(conn):
                raise Refused(
                    "a replay into this database was broken off: make the database anew, empty, and begin again"
                )
            return not journal.is_fresh(conn)
    finally:
        store.close()


def _tell(app: App, store: Store, done: Replayed, reason: str, progress: Progress | None) -> None:
    past = Past(app, store)
    newest = next(reversed(journals.journals(past)), None) if done.anew else None
    if done.anew:  # nothing is built from now on, however this ends
        with store.write() as conn:
            begun_anew(conn, actor=app.actor, reason=reason, at=app.now())
    with store.write() as conn:
        rest = _take_journal(past, conn, newest) if newest is not None else None
        replayed(conn, anew=done.anew, actor=app.actor, reason=reason, at=app.now())
    doubt_deliveries(past)
    if newest is not None and rest is not None:
        done.journal = newest.at
        _read_again(past, rest, done, progress)
        with store.read() as conn:
            done.problems += [
                f"claim:{claim_id} is not as it was: {', '.join(names)}"
                for claim_id, names in journal.differing(conn, rest.witnesses)
            ]
    for name in list(strangers(past)):
        _take_stranger(past, name, done)
        if progress is not None:
            progress(1)
    past.then(stamp(app.now()))
    done.numbers = prove_by_archive(past, whole=True).read
    with store.read() as conn:
        done.claims = journal.count_claims(conn)
        done.unknown = len(batches.list_batches(conn, states=("unknown",)))


def _take_journal(past: Past, conn: Connection, newest: journals.Found) -> Rest:
    """The rows of the journal, with the projections that reading the files rests on."""
    with journals.opened(past, newest) as lines:
        rest = journal.take(conn, lines)
    rebuild(conn, stamp(past.now()))
    rebuild_work(conn)
    return rest


# ── what was read and decided until the journal ──────────────────────────────────────────────────────────────────────


class _Step(NamedTuple):
    """One thing that was done; sorts by its hour, then files before decisions, then in the order of the journal."""

    at: str
    rank: int
    number: int
    what: ReadFile | Decided


def _read_again(past: Past, rest: Rest, done: Replayed, progress: Progress | None) -> None:
    for step in sorted(_steps(rest), key=lambda one: one[:3]):
        try:
            if isinstance(step.what, Decided):
                _decide(past, step.what)
                done.decided += 1
            else:
                _read(past, step.what, step.at)
                done.received += step.at == step.what.first
        except (GatewayError, OSError) as error:
            subject = f"inbound file {step.what.file_id}"
            done.problems.append(f"{subject}: {error.strerror if isinstance(error, OSError) else error}")
        if progress is not None:
            progress(1)


def _steps(rest: Rest) -> Iterator[_Step]:
    for number, file in enumerate(rest.files):
        yield _Step(file.first, 0, number, file)
        if file.last != file.first and not file.entered_by:
            yield _Step(file.last, 0, number, file)
    for number, decided in enumerate(rest.decided):
        yield _Step(decided.at, 1, number, decided)


def _read(past: Past, file: ReadFile, at: str) -> None:
    past.then(at, file.entered_by)
    if not file.entered_by:
        process_file(past, file.file_id)
        return
    with past.store.read() as conn:
        row = get_file(conn, file.file_id)
    with past.archive.open(row.archive_name) as stream:
        enter_again(past, row, stream.read(), other=file.why.partition(": ")[2])


def _decide(past: Past, decided: Decided) -> None:
    past.then(decided.at, decided.actor)
    decide = partial(_DECISIONS[decided.action], actor=decided.actor, reason=decided.reason, now=past.at)
    with past.store.write() as conn:
        found = journal.payment_at(conn, decided.file_id, decided.ordinal, decided.claim)
        if found is None:
            raise NeedsPerson(f"a decision ({decided.action}) is on a payment that is not there")
        payment, claim = found
        if decided.action == "post_as_is":
            decide(conn, payment, classes=adjustment_classes(past.home.path))
        elif decided.action == "match":
            decide(conn, claim, decided.to_claim)
        else:
            decide(conn, claim or payment)


# ── what the archive has beyond ──────────────────────────────────────────────────────────────────────────────────────


def _take_stranger(past: Past, name: str, done: Replayed) -> None:
    """A file that nothing in the store accounts for: sent since, or received since."""
    try:
        with past.archive.open(name) as stream:
            header = stream.header
            past.then(stamp(header.at), header.notes.get("entered_by", ""))
            is_x12 = sniff(stream.read(SNIFFED)) is Content.X12
            stream.seek(0)
            if header.kind == "sent":
                if is_x12:
                    _take_sent(past, ArchivedFile(name, _hash(past, name), stream.size), cast(BinaryIO, stream))
                    done.sent += 1
                return
            file = ArchivedFile(name, _hash(past, name), stream.size)
            _take_received(past, file, header.notes, stream.read() if past.who else b"")
            done.received += 1
    except (GatewayError, OSError) as error:
        done.problems.append(f"{name}: {error.strerror if isinstance(error, OSError) else error}")


def _hash(past: Past, name: str) -> str:
    with past.archive.open(name) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _take_sent(past: Past, file: ArchivedFile, stream: BinaryIO) -> None:
    tally = take_sent(Door.of(past, past.home.path), stream, file.name, file.name)
    if tally.counts["rejected"]:
        raise NeedsPerson(f"{tally.counts['rejected']} claims of it cannot be read")
    with past.store.write() as conn:
        batches.remember_bytes(conn, file.name, file.sha256, file.size)


def _take_received(past: Past, file: ArchivedFile, notes: Any, entered: bytes) -> None:
    with past.store.write() as conn:
        file_id, _ = record(
            conn, name=notes.get("name", ""), sha256=file.sha256, size=file.size, archive_name=file.name, at=past.at,
            partner=notes.get("partner", ""),
        )  # fmt: skip
        row = get_file(conn, file_id)
    if past.who:
        enter_again(past, row, entered)
    else:
        process_file(past, file_id)
