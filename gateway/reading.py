"""What any supported file says, as documents: an 837's claims, an 835's payments, the answers of a 999 or 277CA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from gateway.guides import all_guides
from gateway.inbound.documents import READERS
from gateway.x12.claim_reader import ClaimReader
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import InterchangeAck


def read_documents(stream: BinaryIO, issues: list[Issue]) -> Iterator[dict[str, Any]]:
    """One document a claim, payment or answer, as they are read; faults go to `issues`."""
    reader = Reader(stream)
    claims = ClaimReader(all_guides())
    for item in reader.items():
        if isinstance(item, InterchangeAck):
            yield _acknowledgment(item)
        elif isinstance(item, TransactionSet):
            yield from _set_documents(item, claims, issues)
            issues.extend(item.issues)
    issues.extend(reader.issues)


def _set_documents(item: TransactionSet, claims: ClaimReader, issues: list[Issue]) -> Iterator[dict[str, Any]]:
    if item.code == "837":
        for claim in claims.read(item):
            yield claim.document
        issues.extend(claims.issues)
        claims.issues.clear()
    elif item.kind in READERS:
        found = READERS[item.kind](item)
        yield from found
        issues.extend(found.issues)
    else:
        text = f"A transaction set of kind {item.kind or 'unknown'} is not read."
        issues.append(Issue("kind", "error", text, 1, item.offset, "ST", "01"))


def _acknowledgment(answer: InterchangeAck) -> dict[str, Any]:
    return {
        "kind": "interchange",
        "control_number": answer.control_number,
        "date": answer.date,
        "time": answer.time,
        "verdict": answer.verdict,
        "note": answer.note,
    }
