"""Moving from another system: the claims of an 837 that it sent, with the submissions that its envelope names.

Their answers match as if we had sent them; they are never built. An interchange is taken in as a whole or not at all,
and once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gateway.claims.admission import Admission, admit
from gateway.claims.findings import Finding
from gateway.claims.intake.records import Origin, Record
from gateway.errors import UsageError
from gateway.exchange.intake import RECORDS_A_TRANSACTION, Chunk, Door, Tally, records, settle
from gateway.partners import Profile
from gateway.store import Connection, batches, counters, stamp
from gateway.store import claims as store_claims
from gateway.store.batches import NewBatch, NewSet
from gateway.store.claims import NewEvent
from gateway.transport.names import shown_name
from gateway.x12.values import Interchange


@dataclass(slots=True)
class _Set:
    """One transaction set with what was stored of it."""

    origin: Origin
    charge: int = 0
    members: list[tuple[int, int]] = field(default_factory=list)


class _Interchange(NamedTuple):
    """The records of one interchange, in order."""

    interchange: Interchange | None  # nothing: a remark about the file, or a claim that could not be read
    admissions: Iterator[Admission]


def import_already_sent(door: Door, path: Path, *, progress: Callable[[int], None] | None = None) -> Tally:
    """Takes in the claims and submissions of an 837 file that another system sent.

    :raises UsageError: where the file is no 837
    """
    try:
        with path.open("rb") as stream:
            return take_sent(door, stream, str(path), shown_name(path), progress=progress)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def take_sent(
    door: Door, stream: BinaryIO, name: str, source: str, *, progress: Callable[[int], None] | None = None
) -> Tally:
    """The same from a stream.

    :param name: of the file, in messages
    :param source: what the claims and the batch say that they came from
    """
    tally = Tally(name)
    found = _admissions(door, records(door, stream, name, None), name)
    for interchange, admissions in groupby(found, key=_Follower()):
        _take(door, _Interchange(interchange, admissions), source, tally)
        if progress is not None:
            progress(tally.records)
    return tally


class _Follower:
    """Keys records by interchange; one without an envelope belongs to the interchange before it."""

    def __init__(self) -> None:
        self.last: Interchange | None = None

    def __call__(self, admission: Admission) -> Interchange | None:
        if admission.origin is not None:
            self.last = admission.origin.interchange
        return self.last


def _admissions(door: Door, found: Iterable[Record], name: str) -> Iterator[Admission]:
    for record in found:
        admission = admit(record, door.rules, door.now().date())
        if admission.content is not None and admission.origin is None:
            raise UsageError(f"{name}: --already-sent takes an 837 with its envelope, since that names the submissions")
        shown = [one._replace(severity="warning") for one in admission.findings] if admission.content else None
        yield admission if shown is None else admission._replace(findings=shown)


def _take(door: Door, group: _Interchange, source: str, tally: Tally) -> None:
    """Stores one interchange in one transaction."""
    done = Tally(tally.file)
    with door.writing() as conn:
        at = door.now()
        sets: dict[int, _Set] = {}
        chunk = Chunk(conn, at, source, done, sent=True, crosswalk=door.crosswalk)
        is_known = group.interchange is not None and _is_known(conn, group.interchange)
        while part := list(islice(group.admissions, RECORDS_A_TRANSACTION)):
            if is_known:
                for one in part:
                    done.count("unchanged" if one.content else "rejected", one, [] if one.content else one.findings)
            else:
                _collect(part, chunk.take(part), sets)
        if sets and group.interchange is not None:
            batch_id = _record(conn, door, group.interchange, list(sets.values()), source, at)
            claim_ids = {claim_id for one in sets.values() for claim_id, _ in one.members}
            _say_sent(conn, batch_id, group.interchange, at)
            settle(conn, claim_ids, at)
        elif is_known:
            text = "this interchange is in the store already; nothing was changed"
            done.count("", _remark(), [Finding("interchange_known", "warning", "", text)])
    tally.records += done.records
    tally.counts.update(done.counts)
    tally.issues += done.issues


def _remark() -> Admission:
    return Admission(0, "the envelope", None, None, [])


def _is_known(conn: Connection, interchange: Interchange) -> bool:
    sender, receiver = _sides(interchange)
    return bool(batches.find_interchanges(conn, interchange.control_number, sender=sender, receiver=receiver))


def _sides(interchange: Interchange) -> tuple[str, str]:
    return (
        f"{interchange.sender_qualifier}:{interchange.sender}",
        f"{interchange.receiver_qualifier}:{interchange.receiver}",
    )


def _collect(part: Iterable[Admission], ids: dict[int, tuple[int, int]], sets: dict[int, _Set]) -> None:
    for one in part:
        if one.content is None or one.origin is None:
            continue
        found = sets.setdefault(one.origin.set_ordinal, _Set(one.origin))
        found.members.append(ids[one.number])
        found.charge += one.content.summary.charge


def _record(conn: Connection, door: Door, interchange: Interchange, sets: list[_Set], source: str, at: datetime) -> int:
    sender, receiver = _sides(interchange)
    first = sets[0].origin
    profile = _partner(door, sender, receiver)
    version = store_claims.get_version(conn, sets[0].members[0][1])
    claim = store_claims.claims_by_id(conn, [sets[0].members[0][0]])
    new = NewBatch(
        partner=profile.name if profile else "",
        type=next(iter(claim.values())).type,
        usage=interchange.usage[:1],
        purpose=version.purpose if version else "",
        claim_or_encounter=version.claim_or_encounter if version else "",
        sender=sender,
        receiver=receiver,
        interchange_control_number=interchange.control_number,
        group_control_number=first.group.control_number,
    )
    rows = [
        NewSet(
            one.origin.control_number, one.origin.group.control_number, one.origin.reference, one.charge, one.members
        )
        for one in sets
    ]
    _raise_counters(conn, sender, receiver, [interchange.control_number], [row.group_control_number for row in rows])
    return batches.record_already_sent(
        conn, new, rows, at=at, sent_at=stamp(_sent_at(interchange, at)), file_name=source
    )  # fmt: skip


def _raise_counters(conn: Connection, sender: str, receiver: str, interchanges: list[str], groups: list[str]) -> None:
    """Our numbers between the same two parties go on above those of the former system."""
    for name, numbers in (
        (counters.isa_counter(sender, receiver), interchanges),
        (counters.gs_counter(sender, receiver), groups),
    ):
        known = [int(number) for number in numbers if number.isascii() and number.isdigit()]
        if known and max(known) <= counters.HIGHEST:
            counters.raise_to(conn, name, max(known))


def _partner(door: Door, sender: str, receiver: str) -> Profile | None:
    """The partner whose profile names both sides, else the only one that names the receiver."""
    profiles = list(door.profiles.values())
    both = [one for one in profiles if one.envelope.sides == (sender, receiver)]
    same = both or [one for one in profiles if one.envelope.sides[1] == receiver]
    return same[0] if len(same) == 1 else None


def _sent_at(interchange: Interchange, at: datetime) -> datetime:
    """When the interchange says that it was written, taken as UTC; now, where it says nothing that can be."""
    try:
        said = datetime.strptime(f"{interchange.date}{interchange.time[:4]}", "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return at
    return min(said, at)


def _say_sent(conn: Connection, batch_id: int, interchange: Interchange, at: datetime) -> None:
    event = NewEvent(
        "sent", "delivery", "info", stamp(at), batch_id=batch_id, said_on=stamp(_sent_at(interchange, at)),
        text="sent by another system",
    )  # fmt: skip
    store_claims.append_event(conn, event)
