"""How the inbound tests read a file: every set and TA1 of it as one JSON-like document."""

from __future__ import annotations

import io
from typing import Any

from gateway.inbound.documents import READERS, document
from gateway.inbound.ta1 import read_interchange_ack
from gateway.x12.faults import FaultList
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import InterchangeAck


def read(data: bytes) -> dict[str, Any]:
    """All that the parsers make of a file, in file order."""
    reader = Reader(io.BytesIO(data))
    sets: list[dict[str, Any]] = []
    for item in reader.items():
        if isinstance(item, InterchangeAck):
            issues = FaultList()
            answer = document(read_interchange_ack(item, issues))
            sets.append({"kind": "TA1", "documents": [answer], "issues": listed(issues.issues)})
        elif isinstance(item, TransactionSet) and item.kind in READERS:
            documents = READERS[item.kind](item)
            found = list(documents)
            sets.append(
                {
                    "kind": item.kind,
                    "control_number": item.control_number,
                    "totals": documents.totals(),
                    "issues": listed([*item.issues, *documents.issues]),
                    "documents": found,
                }
            )
    return {"issues": listed(reader.issues), "sets": sets}


def listed(issues: list[Any]) -> list[str]:
    """Issues as one line each: severity, code, segment."""
    return [f"{issue.severity} {issue.code} at {issue.segment}" for issue in issues]
