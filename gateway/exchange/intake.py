"""The door for claims: each record of a file is stored and ready, stored and held, unchanged, or rejected.

Records are looked at outside any transaction and stored some hundred at a time, so that one bad record never sinks
another, and an import that was killed is completed by importing again: what is there already is unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from gateway.claims.admission import Admission, Content, Rules, admit
from gateway.claims.canonical import to_json
from gateway.claims.completion import Document
from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.claims.findings import Finding, errors
from gateway.claims.intake.csv_mapping import SourceMapping
from gateway.claims.intake.files import read_claims
from gateway.claims.intake.records import Record, UnreadableFile
from gateway.claims.view import text_of
from gateway.errors import UsageError
from gateway.exchange.admission_rules import load_rules, source_mapping
from gateway.exchange.companion_rules import NO_COMPANIONS, Companions, load_companions
from gateway.exchange.dry_run import writing
from gateway.exchange.standing_edits import StandingEdits, could_not_process
from gateway.exchange.standing_rules import REPLACEMENT, VOID, Ruling, rule
from gateway.garbage import seldom_collected
from gateway.home import read_crosswalk
from gateway.partners import Profile, route
from gateway.reconcile.candidates import rematch
from gateway.reconcile.late import rebind
from gateway.reconcile.origin import match_key
from gateway.reconcile.projection import refresh
from gateway.store import Connection, Store, stamp
from gateway.store import claims as store_claims
from gateway.store.claims import NewClaim, NewEvent, NewVersion
from gateway.store.errors import Conflict
from gateway.store.standing import Standing, standings
from gateway.transport.names import shown_name

RECORDS_A_TRANSACTION = 500
_DELIMITERS = "*:^~"


class Ports(Protocol):
    """What the door needs of the application."""

    @property
    def store(self) -> Store: ...
    @property
    def profiles(self) -> Mapping[str, Profile]: ...
    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Door:
    """The door of one home."""

    store: Store
    profiles: Mapping[str, Profile]
    rules: Rules
    now: Callable[[], datetime]
    home: Path | None = None  # for its own mappings
    dry_run: bool = False  # what is written is taken back, a transaction at a time
    crosswalk: Crosswalk = NO_CROSSWALK
    companions: Companions = NO_COMPANIONS

    @classmethod
    def of(cls, app: Ports, home: Path | None, *, dry_run: bool = False) -> Door:
        """The door that an application opens."""
        rules, crosswalk = load_rules(home), read_crosswalk(home)
        companions = load_companions(home, app.profiles, crosswalk, rules.edits)
        return cls(app.store, app.profiles, rules, app.now, home, dry_run, crosswalk, companions)

    def writing(self) -> AbstractContextManager[Connection]:
        """A write transaction; in a dry run it is rolled back at its end."""
        return writing(self.store, dry_run=self.dry_run)

    def profile_for(self, payer_id: str, claim_type: str) -> Profile | None:
        """The partner that a claim goes to."""
        return route(self.profiles.values(), payer_id, claim_type, self.crosswalk)

    def severities(self, document: Document) -> Mapping[str, str]:
        """What the partner or payer of a claim wants of some edits otherwise, by their codes."""
        profile = self.profile_for(text_of(document, "payer", "id"), text_of(document, "type"))
        wish = self.companions.of(profile).on(document)
        return wish.severities if wish else {}


@dataclass(slots=True)
class Tally:
    """What an import came to; `document` is that of `claims import --json`."""

    file: str
    records: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    issues: list[dict[str, Any]] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        """Whether a record of this run was held or rejected (exit code 1)."""
        return bool(self.counts["held"] or self.counts["rejected"])

    def count(self, outcome: str, admission: Admission, findings: Iterable[Finding]) -> None:
        """Counts one record and keeps what is to be said of it."""
        if admission.number:
            self.records += 1
            self.counts[outcome] += 1
        self.issues.extend(_issue(admission, finding) for finding in findings)

    def document(self) -> dict[str, Any]:
        """The contract's document of one file."""
        counted = {name: self.counts[name] for name in ("ready", "held", "unchanged", "rejected")}
        sent = {"sent": self.counts["sent"]} if "sent" in self.counts else {}
        issues = sorted(self.issues, key=_record_of)
        return {"file": self.file, "records": self.records, **counted, **sent, "issues": issues}


def _record_of(issue: dict[str, Any]) -> int:
    number: int = issue["record"]
    return number


def _issue(admission: Admission, finding: Finding) -> dict[str, Any]:
    return {
        "record": admission.number,
        "patient_control_number": admission.patient_control_number,
        "code": finding.code,
        "severity": finding.severity,
        "field": finding.field,
        "text": finding.text,
    }


def import_file(
    door: Door, path: Path, *, mapping_name: str | None = None, progress: Callable[[int], None] | None = None
) -> Tally:
    """Takes the claims of a file in.

    :param mapping_name: of `mappings/sources/`, for CSV
    :param progress: called with the number of records done so far
    :raises UsageError: where the file cannot be read as a whole, with its name and the reason; nothing is stored then
    """
    try:
        with path.open("rb") as stream:
            return import_stream(door, stream, str(path), mapping_name=mapping_name, progress=progress)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


@seldom_collected()
def import_stream(
    door: Door,
    stream: BinaryIO,
    name: str,
    *,
    mapping_name: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Tally:
    """The same for an open stream; `name` is how messages call it."""
    tally = Tally(name)
    chosen = source_mapping(mapping_name, door.home) if mapping_name else None
    source = shown_name(Path(name))
    admissions = _admissions(door, records(door, stream, name, chosen))
    while chunk := list(islice(admissions, RECORDS_A_TRANSACTION)):
        _store(door, chunk, source, tally)
        if progress is not None:
            progress(tally.records)
    return tally


def records(door: Door, stream: BinaryIO, name: str, chosen: SourceMapping | None) -> Iterator[Record]:
    """The records of a stream; what is wrong with it as a whole is said with its name."""
    try:
        yield from read_claims(stream, guides=door.rules.guides, mapping=chosen)
    except UnreadableFile as error:
        raise UnreadableFile(f"{name}: {error}") from None


def _admissions(door: Door, found: Iterable[Record]) -> Iterator[Admission]:
    return (look_at(door, record) for record in found)


def look_at(door: Door, record: Record) -> Admission:
    """A record with everything that is wrong with it, the missing partner included."""
    document = record.document or {}
    payer_id, claim_type = text_of(document, "payer", "id"), text_of(document, "type")
    profile = door.profile_for(payer_id, claim_type)
    delimiters = "".join(profile.envelope.delimiters) if profile else _DELIMITERS
    admission = admit(record, door.rules, door.now().date(), delimiters, door.companions.of(profile))
    if admission.content is not None and profile is None:
        admission.findings.append(no_partner(door, payer_id, claim_type))
    return admission


def no_partner(door: Door, payer_id: str, claim_type: str) -> Finding:
    """The finding that nobody takes a claim. Without any partner it is not the claim's fault, and it only waits."""
    if not door.profiles:
        return Finding("no_partner", "warning", "payer.id", "there is no partner yet; the claim waits for one")
    text = f"no partner takes {claim_type} claims of payer {payer_id or '(none)'}: name it in a profile, then release"
    return Finding("no_partner", "error", "payer.id", text)


def _store(door: Door, chunk: Sequence[Admission], source: str, tally: Tally) -> None:
    """Stores one chunk. Where another process stored one of its claims meanwhile, it is looked at once more."""
    edits = StandingEdits(door.rules.edits, door.crosswalk, door.severities)
    for is_last in (False, True):
        done = Tally(tally.file)
        try:
            with door.writing() as conn:
                Chunk(conn, door.now(), source, done, crosswalk=door.crosswalk, edits=edits).take(chunk)
        except Conflict:
            if is_last:
                raise
        else:
            tally.records += done.records
            tally.counts.update(done.counts)
            tally.issues += done.issues
            return


class Chunk:
    """Some records inside one write transaction."""

    def __init__(
        self,
        conn: Connection,
        at: datetime,
        source: str,
        tally: Tally,
        *,
        sent: bool = False,
        crosswalk: Crosswalk = NO_CROSSWALK,
        edits: StandingEdits | None = None,
        adjudicated: bool = False,
    ) -> None:
        self.conn, self.now, self.source, self.tally = conn, at, source, tally
        self.edits = edits
        self.adjudicated = adjudicated  # a person says that the payer has decided
        self.at, self.crosswalk = stamp(at), crosswalk
        self.sent = sent  # another system sent these: nothing holds them and nothing contradicts them

    def take(self, chunk: Sequence[Admission]) -> dict[int, tuple[int, int]]:
        """Stores all of them, two of the same claim one after the other; gives claim and version id by record."""
        ids: dict[int, tuple[int, int]] = {}
        part: list[Admission] = []
        keys: set[tuple[str, str]] = set()
        for admission in chunk:
            key = admission.content.key if admission.content else None
            if key in keys:
                ids |= self._take(part)
                part, keys = [], set()
            part.append(admission)
            if key is not None:
                keys.add(key)
        return ids | self._take(part)

    def _take(self, part: Sequence[Admission]) -> dict[int, tuple[int, int]]:
        """Stores records of different claims."""
        there = standings(self.conn, [one.content.key for one in part if one.content])
        ids: dict[int, tuple[int, int]] = {}
        wanted: list[Admission] = []
        for one in part:
            if one.content is None:
                self.tally.count("rejected", one, one.findings)
            elif (found := there.get(one.content.key)) is None:
                wanted.append(one)
            else:
                self._known(one, found, wanted, ids)
        if self.edits is not None and not self.sent:
            wanted = self.edits.look_at(self.conn, wanted, there)
        return ids | self._write(wanted, there)

    def _known(self, one: Admission, found: Standing, wanted: list[Admission], ids: dict[int, tuple[int, int]]) -> None:
        assert one.content is not None
        ruling = self._ruling(one.content, found)
        said = [Finding(ruling.code, "warning", "", ruling.text)] if ruling.code else []
        if ruling.kind == "version" or (self.sent and ruling.kind == "refused"):
            wanted.append(one)
        elif ruling.kind == "unchanged":
            same = [head.id for head in found.versions if head.content_hash == one.content.content_hash]
            ids[one.number] = (found.claim.id, same[-1])
            self.tally.count("unchanged", one, said)
        else:
            self.tally.count("rejected", one, [said[0]._replace(severity="error"), *one.findings])

    def _ruling(self, content: Content, found: Standing) -> Ruling:
        ruling, order = rule(content, found, adjudicated=self.adjudicated), content.summary.payer_responsibility
        is_original = content.summary.frequency not in (REPLACEMENT, VOID)
        if ruling.kind != "refused" or not is_original:
            return ruling
        return Ruling("version") if could_not_process(self.conn, found, order, self.crosswalk) else ruling

    def _write(
        self, wanted: Sequence[Admission], there: Mapping[tuple[str, str], Standing]
    ) -> dict[int, tuple[int, int]]:
        """Writes claims, versions and events, and computes where the claims stand."""
        if not wanted:
            return {}
        new = [one for one in wanted if one.content and one.content.key not in there]
        new_ids = store_claims.add_claims(self.conn, [_new_claim(one, self.at) for one in new])
        claim_ids = {one.content.key: claim_id for one, claim_id in zip(new, new_ids, strict=True) if one.content}
        claim_ids |= {key: found.claim.id for key, found in there.items()}
        versions = [_new_version(one, claim_ids, self) for one in wanted]
        version_ids = store_claims.add_versions(self.conn, versions)
        events = [
            event
            for one, version, version_id in zip(wanted, versions, version_ids, strict=True)
            for event in self._events(one, version.claim_id, version_id)
        ]
        store_claims.append_events(self.conn, events)
        settle(self.conn, [version.claim_id for version in versions], self.now)
        for one in wanted:
            self.tally.count("sent" if self.sent else "held" if one.is_held else "ready", one, one.findings)
        return {
            one.number: (version.claim_id, version_id)
            for one, version, version_id in zip(wanted, versions, version_ids, strict=True)
        }

    def _events(self, one: Admission, claim_id: int, version_id: int) -> Iterator[NewEvent]:
        yield NewEvent(
            "imported", "own", "info", self.at, claim_id=claim_id, version_id=version_id,
            text=f"{self.source}, {one.place}",
        )  # fmt: skip
        if (reasons := errors(one.findings)) and not self.sent:
            yield held_event(reasons, claim_id, version_id, self.at)


def held_event(reasons: Sequence[Finding], claim_id: int, version_id: int, at: str) -> NewEvent:
    """The event that our own edits hold a version, with every reason."""
    codes = store_claims.codes_json(list(dict.fromkeys(reason.code for reason in reasons)))
    text = "; ".join(f"{reason.field}: {reason.text}" if reason.field else reason.text for reason in reasons)
    return NewEvent(
        "held", "own", "reject", at, claim_id=claim_id, version_id=version_id, codes=codes, text=text
    )  # fmt: skip


def settle(conn: Connection, claim_ids: Iterable[int], at: datetime) -> None:
    """Computes where claims stand, and binds to them the answers and remittances that came before them."""
    wanted = set(claim_ids)
    refresh(conn, wanted - rebind(conn, wanted, at) - rematch(conn, wanted, at), stamp(at))


def _new_claim(one: Admission, at: str) -> NewClaim:
    assert one.content is not None
    billing_key, number = one.content.key
    return NewClaim(billing_key, number, match_key(number), one.content.summary.type, at)


def _new_version(one: Admission, claim_ids: Mapping[tuple[str, str], int], chunk: Chunk) -> NewVersion:
    assert one.content is not None
    summary = one.content.summary
    return NewVersion(
        claim_id=claim_ids[one.content.key],
        frequency=summary.frequency,
        payer_responsibility=summary.payer_responsibility,
        purpose=summary.purpose,
        claim_or_encounter=summary.claim_or_encounter,
        content_hash=one.content.content_hash,
        charge=summary.charge,
        payer_id=summary.payer_id,
        body=to_json(one.content.document),
        recorded_at=chunk.at,
        has_money=int(summary.has_money),
        payer_name=summary.payer_name,
        payer_key=chunk.crosswalk.own(summary.payer_id),
        member_id=summary.member_id,
        service_from=summary.service_from,
        service_to=summary.service_to,
        billing_name=summary.billing_name,
        source=f"{chunk.source}, {one.place}",
    )
