"""Every file under fixtures/edi of an inbound guide is read as the JSON beside it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reading import read

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "edi"
KINDS = ("TA1", "999", "277CA", "277", "835")
FILES = sorted(path for kind in KINDS for path in (ROOT / kind).glob("*/*.edi"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: "-".join(path.parts[-3:]))
def test_reads_as_written_beside_it(path: Path) -> None:
    """A fixture's facts, totals and issues are those of its JSON file, in order."""
    expected = json.loads(path.with_suffix(".json").read_text())
    assert expected == json.loads(json.dumps(read(path.read_bytes())))


@pytest.mark.parametrize("path", FILES, ids=lambda path: "-".join(path.parts[-3:]))
def test_folder_says_what_to_expect(path: Path) -> None:
    """`pass` has no issue at all, `fail` has an error, `case` may have warnings only."""
    found = read(path.read_bytes())
    issues = [issue for one in found["sets"] for issue in one["issues"]] + found["issues"]
    errors = [issue for issue in issues if issue.startswith("error")]
    match path.parent.name:
        case "pass":
            assert issues == []
        case "fail":
            assert errors
        case "case":
            assert errors == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_fixtures(kind: str) -> None:
    """A supported guide without files that pass and that do not is no supported guide."""
    groups = {path.parent.name for path in FILES if path.parts[-3] == kind}
    assert "pass" in groups
    assert groups & {"fail", "case"} or kind == "277"
