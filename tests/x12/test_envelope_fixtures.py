"""Files with one envelope fault each, and files with none, read against the issues that stand beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.x12 import faults
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import InterchangeAck

FIXTURES = Path(__file__).parents[2] / "fixtures" / "edi" / "envelope"
FILES = sorted(FIXTURES.glob("*/*.edi"))
# What only content or size can show; other tests do.
ELSEWHERE = {
    "segment_too_long",
    "guide_unknown",
    "amount",
    "line_unbalanced",
    "claim_unbalanced",
    "remittance_unbalanced",
}


def _expected(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return loaded


def _seen(path: Path, **options: int) -> dict[str, Any]:
    """What the reader finds in a file, in the form of the expectations."""
    sets, acknowledgments = [], []
    with path.open("rb") as stream:
        reader = Reader(stream, **options)
        for item in reader.items():
            if isinstance(item, TransactionSet):
                count = sum(1 for _ in item)
                sets.append((item, count))
            elif isinstance(item, InterchangeAck):
                acknowledgments.append(
                    {"control_number": item.control_number, "verdict": item.verdict, "note": item.note}
                )
    seen: dict[str, Any] = {"issues": [{"code": i.code, "segment": i.segment} for i in reader.issues]}
    seen["sets"] = [
        {
            "kind": item.kind,
            "control_number": item.control_number,
            "segments": count,
            "issues": [{"code": i.code, "segment": i.segment} for i in item.issues],
        }
        for item, count in sets
    ]
    return {**seen, **({"acknowledgments": acknowledgments} if acknowledgments else {})}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_shows_exactly_the_faults_that_stand_beside_it(path: Path) -> None:
    """Codes, ordinals, kinds and counts are those expected, whether the file is read at once or byte by byte."""
    assert _expected(path) == _seen(path)
    assert _expected(path) == _seen(path, chunk_size=1)


@pytest.mark.parametrize("folder", ["pass", "fail"])
def test_pass_has_no_issue_and_fail_has_one(folder: str) -> None:
    """The folder says which files are faulty, so that the expectations cannot drift from it."""
    documents = [_expected(path) for path in FILES if path.parent.name == folder]
    assert documents
    for document in documents:
        issues = document["issues"] + [issue for shown in document["sets"] for issue in shown["issues"]]
        assert bool(issues) == (folder == "fail")


def test_every_fault_has_a_file() -> None:
    """No fault can be named in the one table of faults without a file that shows it."""
    shown = {
        issue["code"]
        for document in map(_expected, FILES)
        for issue in document["issues"] + [issue for shown in document["sets"] for issue in shown["issues"]]
    }
    assert set(faults.FAULTS) - ELSEWHERE == shown
