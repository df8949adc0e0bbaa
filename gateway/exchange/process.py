"""Inbound files: kept first, then told by content, then read set by set; each set is one transaction of its own.

Processing again is harmless: what is posted stays, what was parked is looked at anew. A file that cannot be read is
quarantined, one that is not ours to read (a text report, other people's claims) is kept and ignored.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from gateway.app import App
from gateway.errors import GatewayError, NeedsPerson, Refused, UsageError
from gateway.exchange.posting import Place, Progress, SetPoster, transaction_document
from gateway.exchange.retaining import refuse_left
from gateway.exchange.rules import adjustment_classes
from gateway.exchange.sealing import opened_by
from gateway.garbage import seldom_collected
from gateway.inbound.route import SNIFFED, BadArchive, Content, members, sniff
from gateway.reconcile.classes import Classes
from gateway.store.inbound_files import FileRow, find_file, get_file, list_files, record, set_status
from gateway.store.inbound_sets import ENTERED, InboundSetRow, sets_in_file
from gateway.store.sealed import of_wire
from gateway.transport.archive import ArchivedFile
from gateway.transport.names import shown_name
from gateway.x12.faults import UNREADABLE
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import InterchangeAck

_REASONS = {
    Content.EMPTY: "the file is empty",
    Content.PDF: "the file is a PDF",
    Content.ENCRYPTED: "the file is encrypted",
    Content.UNKNOWN: "the file is neither X12 nor a text nor an archive of them",
}
_UNSETTLED = frozenset(("parked", "quarantined"))


def record_file(app: App, path: Path, *, partner: str = "") -> tuple[int, bool]:
    """Takes in a file at hand: archived, then recorded. Returns its id and whether its content is new.

    A content that is there already only gets a further sighting. Raises UsageError where the file cannot be read.
    """
    name = shown_name(path)
    try:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            with app.store.read() as conn:
                known = find_file(conn, sha256)
            if known is None:
                stream.seek(0)
                archived = app.archive.keep(stream, "received", app.now(), {"name": name, "partner": partner})
            else:
                archived = ArchivedFile(known.archive_name, sha256, known.size)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    with app.store.write() as conn:
        return record(
            conn,
            name=name,
            sha256=archived.sha256,
            size=archived.size,
            archive_name=archived.name,
            at=app.now(),
            partner=partner,
        )


def import_files(app: App, paths: Iterable[Path], progress: Progress | None = None) -> Iterator[dict[str, Any]]:
    """Takes in files at hand and processes each; yields their documents. A known content is a duplicate."""
    listed = list(paths)
    for path in listed:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
    for path in listed:
        file_id, is_new = record_file(app, path)
        if not is_new:
            with app.store.read() as conn:
                row = get_file(conn, file_id)
            if row.status != "received":
                yield {"file": shown_name(path), "sha256": row.sha256, "status": "duplicate", "transactions": []}
                continue
        yield process_file(app, file_id, progress)


def process_waiting(app: App, progress: Progress | None = None) -> Generator[dict[str, Any], None, None]:
    """Processes every file that was received and not processed yet; yields their documents.

    A file that cannot be posted now does not stop the others; what it raised is raised when they are done.
    """
    with app.store.read() as conn:
        waiting = [row.id for row in list_files(conn, statuses=("received",))]
    stopped: GatewayError | None = None
    counts: Counter[str] = Counter()
    try:
        for file_id in waiting:
            try:
                document = process_file(app, file_id, progress)
            except (NeedsPerson, Refused, UsageError) as error:
                stopped = stopped or error
                counts["not_now"] += 1
            else:
                counts[document["status"]] += 1
                yield document
    finally:
        if counts:  # one line, however many files there were
            app.log.info("files processed", files=counts.total(), **counts)
    if stopped is not None:
        raise stopped


def needs_person(document: dict[str, Any]) -> bool:
    """Whether a file's document holds something that waits for a decision."""
    if document["status"] in ("quarantined", "partial"):
        return True
    return any(
        one["status"] in _UNSETTLED
        or (one["kind"] == "835" and one["unmatched"])
        or any(issue["code"] == "cancelled_batch_answered" for issue in one["issues"])
        for one in document["transactions"]
    )


def process_file(app: App, file_id: int, progress: Progress | None = None) -> dict[str, Any]:
    """Reads one recorded file and posts what it says; returns its document.

    `progress` is called with the number of claims read since the last call. Raises UsageError for an unknown id and
    what the store raises; then what is posted stays, and processing again goes on from there.
    """
    with app.store.read() as conn:
        row = get_file(conn, file_id)
        entered = [one for one in sets_in_file(conn, file_id) if one.kind == ENTERED]
        if not entered:
            refuse_left(conn, row.archive_name)
        clear = of_wire(conn, row.archive_name)
    if entered:  # by a person: there is nothing to read in it
        shown = {"file": row.name, "sha256": row.sha256, "status": row.status}
        return {**shown, "transactions": [transaction_document(one) for one in entered]}
    run = _Run(app, row, adjustment_classes(app.home.path), progress)
    with app.span("process file", file=file_id, partner=row.partner) as span:
        try:
            run.file = opened_by(app, row, clear)
            with app.archive.open(run.file.archive_name) as stream, seldom_collected():
                run.read(cast(BinaryIO, stream), run.file.size)
        except NeedsPerson as error:
            run.quarantine(str(error))
        status, reason = run.status()
        span.put(status=status)
    with app.store.write() as conn:
        set_status(conn, file_id, status, at=app.now(), reason=reason, partner=run.partner())
    app.done.append(f"file:{file_id}")
    app.log.debug("processed", file=file_id, status=status, sets=len(run.rows), parked=run.unsettled())
    document: dict[str, Any] = {"file": row.name, "sha256": row.sha256, "status": status}
    document["transactions"] = [transaction_document(one) for one in run.rows]
    if run.issues:
        document["issues"] = [issue.document() for issue in run.issues]
    return {**document, "reason": reason} if reason else document


@dataclass(slots=True)
class _Run:
    """One file while it is read."""

    app: App
    file: FileRow
    classes: Classes
    progress: Progress | None
    rows: list[InboundSetRow] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    refused: str = ""  # why nothing, or not all, of it could be read
    ignored: str = ""
    partners: set[str] = field(default_factory=set)  # whose envelopes the sets came in

    def read(self, stream: BinaryIO, size: int) -> None:
        """Reads all of it, archives opened."""
        poster = SetPoster(self.app, self.classes, self.progress)
        self.partners = poster.partners
        found = 0
        try:
            for number, content in enumerate(_contents(stream, size)):
                found += 1
                self._read_one(poster, content, number)
                if content.fault:
                    self.refused = content.fault
        except BadArchive as error:
            self.refused = str(error)
        if not found and not self.refused:
            self.refused = "the archive is empty"

    def _read_one(self, poster: SetPoster, content: _Opened, member: int) -> None:
        if content.kind is Content.TEXT:
            self.ignored = "a text report, for people to read"
        elif content.kind in (Content.ZIP, Content.GZIP):
            self.refused = "an archive inside an archive is not opened"
        elif content.kind is not Content.X12:
            self.refused = _REASONS[content.kind]
        else:
            self._read_x12(poster, content.stream, member)

    def _read_x12(self, poster: SetPoster, stream: BinaryIO, member: int) -> None:
        reader = Reader(stream)
        begun = 0
        for item in reader.items():
            if isinstance(item, InterchangeAck):
                self.rows.append(poster.interchange_answer(Place(self.file, len(self.rows) + 1), item))
            elif isinstance(item, TransactionSet):
                begun += 1
                place, ordinal = Place(self.file, len(self.rows) + 1), begun
                again = _Again(self.app, self.file, member, ordinal)
                self.rows.append(poster.transaction_set(place, item, again.open))
        self.issues += reader.issues
        unreadable = next((issue for issue in reader.issues if issue.code in UNREADABLE), None)
        if unreadable is not None:
            self.refused = unreadable.text

    def quarantine(self, reason: str) -> None:
        """Says why the bytes themselves cannot be had."""
        self.refused = reason

    def unsettled(self) -> int:
        return sum(row.status in _UNSETTLED for row in self.rows)

    def partner(self) -> str:
        """Whose file it is by its envelopes; empty where that is known already, or is not one partner."""
        return next(iter(self.partners)) if not self.file.partner and len(self.partners) == 1 else ""

    def status(self) -> tuple[str, str]:
        """The file's status and, where it is not plainly processed, why."""
        read = [row for row in self.rows if row.status != "ignored"]
        errors = [issue for issue in self.issues if issue.severity == "error"]
        if self.refused:
            return ("partial" if read else "quarantined"), self.refused
        if read and (self.unsettled() or errors):
            waiting = f"{self.unsettled()} of {len(self.rows)} sets wait for a decision"
            return "partial", waiting if self.unsettled() else errors[0].text
        if read:
            return "processed", ""
        if errors:
            return "quarantined", errors[0].text
        return "ignored", self.ignored or "it holds nothing that is ours to read"


@dataclass(frozen=True, slots=True)
class _Opened:
    """One content of a file: the file itself, or a member of the archive that it is."""

    kind: Content
    stream: BinaryIO
    limited: Any = None

    @property
    def fault(self) -> str:
        """Why reading ended before the content did; empty where it did not."""
        return str(self.limited.fault) if self.limited is not None else ""


def _contents(stream: BinaryIO, size: int) -> Iterator[_Opened]:
    head = stream.read(SNIFFED)
    stream.seek(0)
    kind = sniff(head)
    if kind not in (Content.ZIP, Content.GZIP):
        yield _Opened(kind, stream)
        return
    for member in members(stream, kind, size):
        yield _Opened(sniff(member.stream.peek()), cast(BinaryIO, member.stream), member.stream)


@dataclass(frozen=True, slots=True)
class _Again:
    """The same set once more, from the archive."""

    app: App
    file: FileRow
    member: int
    ordinal: int  # of the set among those of its content

    @contextmanager
    def open(self) -> Iterator[TransactionSet]:
        with self.app.archive.open(self.file.archive_name) as stream:
            for number, content in enumerate(_contents(cast(BinaryIO, stream), self.file.size)):
                if number == self.member:
                    yield self._find(content.stream)
                    return
        raise NeedsPerson("the archive no longer holds what it held")

    def _find(self, stream: BinaryIO) -> TransactionSet:
        begun = 0
        for item in Reader(stream).items():
            if isinstance(item, TransactionSet):
                begun += 1
                if begun == self.ordinal:
                    return item
        raise NeedsPerson("the archive no longer holds what it held")
