"""837 files to canonical claims and back, from stream to stream.

`read_claims` and then `write_claims` keeps every claim: HL numbers, control numbers and the grouping under repeated
parents may change, as may the form of numbers; what cannot be kept is in the list of issues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO, NamedTuple

from gateway.x12.claim_reader import ClaimReader, ReadClaim
from gateway.x12.claim_writer import BadClaim, ClaimWriter
from gateway.x12.document_rules import check_document
from gateway.x12.element_rules import check_set
from gateway.x12.fields import FieldFault
from gateway.x12.formats import money
from gateway.x12.guide import Guide
from gateway.x12.issues import Issue
from gateway.x12.paths import Document
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Delimiters, Group, Interchange
from gateway.x12.writer import Writer

_WITHOUT_NOT = ("patient_control_number", "charge")  # CLM01, CLM02: what makes it a claim at all


class RefusedClaim(NamedTuple):
    """A document that was not written."""

    record: int  # its ordinal among the documents, from 1
    faults: list[FieldFault]


def read_claims(stream: BinaryIO, guides: Mapping[str, Guide], issues: list[Issue]) -> Iterator[ReadClaim]:
    """The claims of every 837 set of a file, as they are read; faults of file, sets and claims go to `issues`.

    `guides` by kind ("837P"). Sets of other kinds are passed over.
    """
    reader = Reader(stream)
    claims = ClaimReader(guides)
    for item in reader.items():
        if isinstance(item, TransactionSet) and item.code == "837":
            for claim in claims.read(item):
                yield claim
                issues.extend(claims.issues)
                claims.issues.clear()
            issues.extend(claims.issues)
            claims.issues.clear()
            issues.extend(item.issues)
    issues.extend(reader.issues)


def validate(stream: BinaryIO, guides: Mapping[str, Guide]) -> Iterator[Issue]:
    """The faults of every 837 set of a file by its guide, and those of its envelopes."""
    reader = Reader(stream)
    for item in reader.items():
        if isinstance(item, TransactionSet) and item.code == "837":
            yield from check_set(item, guides)
            yield from item.issues
    yield from reader.issues


def neutral_envelope(at: datetime) -> tuple[Interchange, Group]:
    """ISA and GS that name nobody, for output that no partner's profile shapes."""
    day, clock = at.strftime("%Y%m%d"), at.strftime("%H%M")
    interchange = Interchange("000000001", "ZZ", "SENDER", "ZZ", "RECEIVER", "T", day[2:], clock, "00501", Delimiters())
    return interchange, Group("HC", "SENDER", "RECEIVER", "1", "", day, clock)


def _lacking(document: Document) -> Iterator[FieldFault]:
    """What makes a document no claim at all, so that nobody could answer it."""
    for name in _WITHOUT_NOT:
        if not document.get(name):
            yield FieldFault(name, "required", "is missing, and a claim is none without it")
    charge = document.get("charge")
    if isinstance(charge, str) and charge and money(charge) is None:
        yield FieldFault("charge", "format", "is no amount, and a claim is none without it")


class SetWriter:
    """Writes claims of any type into one interchange: a group for each run of one type, a set for each header."""

    def __init__(
        self,
        out: BinaryIO,
        guides: Mapping[str, Guide],
        envelope: tuple[Interchange, Group],
        *,
        claims_per_set: int = 5000,
    ) -> None:
        self.interchange, self.group = envelope
        self.writer = Writer(out, self.interchange.delimiters)
        self.guides = {guide.type: guide for guide in guides.values()}
        self.claims_per_set = claims_per_set
        self.current: ClaimWriter | None = None
        self.groups = self.sets = 0

    def write(self, document: Document) -> None:
        """Write one claim. BadClaim where it cannot be written; then no segment of it is."""
        kind = document.get("type") if isinstance(document, dict) else None
        guide = self.guides.get(kind) if isinstance(kind, str) else None
        if guide is None:
            raise BadClaim([FieldFault("type", "code", f"this is none of {', '.join(sorted(self.guides))}")])
        if lacking := list(_lacking(document)):
            named = {fault.path for fault in lacking}
            raise BadClaim([*lacking, *(one for one in check_document(document, guide) if one.path not in named)])
        current = self.current
        if current is None or current.guide is not guide or current.claims >= self.claims_per_set:
            current = ClaimWriter(guide, self.interchange.delimiters)
        if current is not self.current or not current.fits(document):
            current = ClaimWriter(guide, self.interchange.delimiters)
            header = current.header(
                document, reference=f"{int(self.interchange.control_number)}-{self.sets + 1}",
                date=self.group.date, time=self.group.time,
            )  # fmt: skip
            written = current.claim(document)
            self._begin_set(guide)
            self.writer.lines(header)
            self.current = current
        else:
            written = current.claim(document)
        self.writer.lines(written.lines)

    def _begin_set(self, guide: Guide) -> None:
        if self.current is None:
            self.writer.open_interchange(self.interchange)
        else:
            self.writer.close_set()
        if self.current is None or self.current.guide is not guide:
            if self.current is not None:
                self.writer.close_group()
            self.groups += 1
            number = str(int(self.group.control_number) + self.groups - 1)
            self.writer.open_group(replace(self.group, control_number=number, version=guide.version))
        self.sets += 1
        self.writer.open_set("837", f"{self.sets:04}", guide.version)

    def close(self) -> None:
        """Close what is open; without any claim nothing was written at all."""
        if self.current is not None:
            self.writer.close_set()
            self.writer.close_group()
            self.writer.close_interchange()


def write_claims(
    documents: Iterable[Document], out: BinaryIO, guides: Mapping[str, Guide], envelope: tuple[Interchange, Group]
) -> Iterator[RefusedClaim]:
    """Write claims as one interchange; yields those that are refused, as they come. Run it to its end."""
    writer = SetWriter(out, guides, envelope)
    for record, document in enumerate(documents, 1):
        try:
            writer.write(document)
        except BadClaim as bad:
            yield RefusedClaim(record, bad.faults)
    writer.close()
