"""Claims out of an 837 file: every claim of every transaction set, with the submission that its envelope names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

from gateway.claims.findings import Finding
from gateway.claims.intake.records import Origin, Record, UnreadableFile, tidy, unreadable
from gateway.x12.claim_reader import ClaimReader, ReadClaim
from gateway.x12.faults import ISA_TRUNCATED, UNREADABLE
from gateway.x12.guide import Guide
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Segment

CLAIM_KINDS = ("837P", "837I", "837D")


def read_837(stream: BinaryIO, guides: Mapping[str, Guide]) -> Iterator[Record]:
    """The claims of an 837 file, numbered through all its sets; faults of the envelope come last, as record 0.

    :raises UnreadableFile: where the file holds no 837
    """
    reader = Reader(stream)
    claims = ClaimReader(guides)
    number, kinds = 0, set()
    for item in reader.items():
        if not isinstance(item, TransactionSet):
            continue
        kinds.add(item.kind)
        if item.code == "837":
            for record in _of_set(item, claims, number):
                number = record.number or number
                yield record
    _refuse_other(reader.issues, kinds)
    yield from _remarks(reader.issues)
    others = sorted(kinds - {*CLAIM_KINDS, "837"})
    if others:
        text = f"the file also holds {', '.join(others)}, which is not read here"
        yield Record(0, "the file", None, [Finding("not_claims", "warning", "", text)])


def _refuse_other(issues: list[Issue], kinds: set[str]) -> None:
    if not any(kind.startswith("837") for kind in kinds):
        found = next((issue.text for issue in issues if issue.code in (*UNREADABLE, ISA_TRUNCATED.code)), "")
        named = f"it holds {', '.join(sorted(kinds))}" if kinds else found or "it holds no transaction set"
        raise UnreadableFile(f"the file is no 837: {named}")


class _Watched:
    """A transaction set as it passes, with its BHT03, which is no part of any claim."""

    def __init__(self, tset: TransactionSet) -> None:
        self._tset, self.reference = tset, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tset, name)

    def __iter__(self) -> Iterator[Segment]:
        for segment in self._tset:
            if segment[0] == "BHT" and len(segment) > 3:
                self.reference = segment[3].strip()
            yield segment


def _of_set(tset: TransactionSet, reader: ClaimReader, number: int) -> Iterator[Record]:
    """The claims of one set. The last of a set without its end may be cut, so it is not taken."""
    watched = _Watched(tset)
    known = len(reader.issues)
    last: Record | None = None
    for claim in reader.read(cast("TransactionSet", watched)):
        if last is not None:
            yield last
        number += 1
        last = _record(number, claim, tset, watched.reference)
    if last is not None and not tset.closed:
        text = "the transaction set has no end (SE), so this claim may be cut; it was not taken"
        last = unreadable(last.number, last.place, "cut_off", text, named=last.patient_control_number)
    if last is not None:
        yield last
    where = f"transaction set {tset.number}"
    yield from _remarks(tset.issues, f"{where}: ")
    of_no_claim = [issue for issue in reader.issues[known:] if issue.code in ("version", "claim", "level_forgotten")]
    for issue in of_no_claim:
        number += 1
        yield unreadable(number, f"{where}, segment {issue.segment}", f"x12_{issue.code}", issue.text)


def _record(number: int, claim: ReadClaim, tset: TransactionSet, reference: str) -> Record:
    place = f"transaction set {tset.number}, segment {claim.segment}"
    document, findings = tidy(claim.document)
    findings += [_finding(issue) for issue in claim.issues if issue.code not in ("claim", "level_forgotten")]
    origin = None
    if tset.interchange is not None and tset.group is not None:
        origin = Origin(tset.interchange, tset.group, tset.control_number, reference, tset.number, claim.number)
    return Record(number, place, document or {}, findings, origin)


def _finding(issue: Issue, where: str = "") -> Finding:
    place = f"segment {issue.segment}: " if issue.segment else ""
    return Finding(f"x12_{issue.code}", issue.severity, "", f"{where}{place}{issue.text}")


def _remarks(issues: list[Issue], where: str = "") -> Iterator[Record]:
    """What is wrong with the envelope: shown, though no claim is worse for it."""
    for issue in issues:
        yield Record(0, "the envelope", None, [_finding(issue._replace(severity="warning"), where)])
