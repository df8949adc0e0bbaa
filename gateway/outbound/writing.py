"""One 837 file: written set by set by the guide, then judged; a fault is tied to its claim where that is possible."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, NamedTuple

from gateway.claims.wishes import NO_WISHES, Wishes
from gateway.guides import all_guides, guide_for
from gateway.judge import JUDGED, judge_set
from gateway.outbound.sets import Member, addressed
from gateway.partners import Profile
from gateway.second_opinion import Differences
from gateway.x12.claim_writer import BadClaim, ClaimWriter
from gateway.x12.element_rules import check_set
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Group, Interchange
from gateway.x12.writer import Writer


class BatchHead(NamedTuple):
    """The envelope of a file."""

    profile: Profile
    type: str
    interchange_control_number: str
    group_control_number: str
    at: datetime
    wishes: Wishes = NO_WISHES  # what the partner and its payers want otherwise than the claims have it


class SetHead(NamedTuple):
    """What numbers a transaction set: ST02 and BHT03."""

    control_number: str
    reference: str


class Faulty(NamedTuple):
    """Why a file may not be sent."""

    code: str
    text: str  # without values
    place: str  # which set and segment, or which field
    member: Member | None  # the claim to blame, where there is one


@dataclass(slots=True)
class Written:
    """Where each claim stands in the file, and what could not be written."""

    starts: list[list[int]] = field(default_factory=list)  # by set: ordinal of each claim's first own segment
    members: list[Sequence[Member]] = field(default_factory=list)
    faulty: list[Faulty] = field(default_factory=list)

    def owner(self, set_index: int, segment: int) -> Member | None:
        """The claim whose segments include this one: its own, or the HL loops written for it."""
        found = bisect_right(self.starts[set_index], segment) - 1
        return self.members[set_index][found] if found >= 0 else None


def write_batch(out: BinaryIO, head: BatchHead, sets: Sequence[tuple[SetHead, Sequence[Member]]]) -> Written:
    """Writes one interchange with one group and these sets. Claims that cannot be written are in `faulty`."""
    guide, written = guide_for(head.type), Written()
    claim_writer = ClaimWriter(guide, head.profile.envelope.delimiters, upper=True)
    with in_envelope(out, head) as writer:
        for set_head, members in sets:
            writer.open_set("837", set_head.control_number, guide.version)
            _write_set(writer, claim_writer, head, set_head, members, written)
            writer.close_set()
    return written


@contextmanager
def in_envelope(out: BinaryIO, head: BatchHead) -> Iterator[Writer]:
    """A writer of sets inside the one interchange and group of a file."""
    envelope = head.profile.envelope
    writer = Writer(out, envelope.delimiters)
    interchange, group = envelope_of(head)
    writer.open_interchange(interchange, authorization=envelope.authorization, security=envelope.security)
    writer.open_group(group)
    yield writer
    writer.close_group()
    writer.close_interchange()


def envelope_of(head: BatchHead) -> tuple[Interchange, Group]:
    """ISA and GS of a file to a partner."""
    envelope = head.profile.envelope
    interchange = Interchange(
        control_number=head.interchange_control_number,
        sender_qualifier=envelope.sender_qualifier,
        sender=envelope.sender,
        receiver_qualifier=envelope.receiver_qualifier,
        receiver=envelope.receiver,
        usage=head.profile.usage,
        date=f"{head.at:%y%m%d}",
        time=f"{head.at:%H%M}",
        version="00501",
        delimiters=envelope.delimiters,
    )
    group = Group(
        functional_id="HC",
        sender=envelope.group_sender,
        receiver=envelope.group_receiver,
        control_number=head.group_control_number,
        version=guide_for(head.type).version,
        date=f"{head.at:%Y%m%d}",
        time=f"{head.at:%H%M}",
    )
    return interchange, group


def _write_set(
    writer: Writer,
    claim_writer: ClaimWriter,
    batch: BatchHead,
    head: SetHead,
    members: Sequence[Member],
    written: Written,
) -> None:
    day, time = f"{batch.at:%Y%m%d}", f"{batch.at:%H%M}"
    starts: list[int] = []
    written.starts.append(starts)
    written.members.append(members)
    for member in members:
        document = batch.wishes.written(addressed(member.document, batch.profile))
        is_first, start = not starts, claim_writer.position + 1
        starts.append(start)
        try:
            if is_first:
                writer.lines(claim_writer.header(document, reference=head.reference, date=day, time=time))
                starts[0] = claim_writer.position + 1
            writer.lines(claim_writer.claim(document).lines)
        except BadClaim as bad:
            written.faulty += [
                Faulty(f"guide-{fault.code}", f"{fault.path}: {fault.text}", f"field {fault.path}", member)
                for fault in bad.faults
            ]


def judged(stream: BinaryIO, written: Written, known: Differences | None = None) -> list[Faulty]:
    """What the guide and our own reader say of the file; nothing where it may be sent.

    `known`: where our verdict and pyx12's are known to differ. With it pyx12 is asked too, and a finding of another
    kind counts as ours do.
    """
    found = _by_guide(stream, written)
    if known is not None:
        stream.seek(0)
        found += _by_second_opinion(stream, written, known)
    return found


def _by_guide(stream: BinaryIO, written: Written) -> list[Faulty]:
    reader = Reader(stream)
    found: list[Faulty] = []
    for index, item in enumerate(_sets(reader)):
        found += [_faulty(issue, item, written, index) for issue in check_set(item, all_guides())]
        found += [Faulty(issue.code, issue.text, f"set {item.control_number}", None) for issue in item.issues]
    return found + [Faulty(issue.code, issue.text, "envelope", None) for issue in reader.issues]


def _by_second_opinion(stream: BinaryIO, written: Written, known: Differences) -> Iterator[Faulty]:
    for index, item in enumerate(_sets(Reader(stream))):
        if item.kind in JUDGED:
            for issue in judge_set(item):
                if known.find("pyx12", item.kind, issue) is None:
                    yield _faulty(issue, item, written, index)


def _sets(reader: Reader) -> Iterator[TransactionSet]:
    return (item for item in reader.items() if isinstance(item, TransactionSet))


def _faulty(issue: Issue, item: TransactionSet, written: Written, index: int) -> Faulty:
    place = f"set {item.control_number}, segment {issue.segment}"
    return Faulty(issue.code, issue.text, place, written.owner(index, issue.segment or 0))
