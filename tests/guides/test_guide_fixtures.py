"""Every file in fixtures/edi/837x: what is read from it and what is wrong with it stand beside it.

`pass/NAME.json` is the list of its claims. `fail/NAME.json` has the faults by the guide (`rules`) and those that
reading names (`reading`), each as code, segment, segment id, element and loop.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from guide_documents import GUIDES, faults, read, written

from gateway.x12.document_rules import check_document
from gateway.x12.issues import Issue

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "edi"
PASS = sorted(ROOT.glob("837[PID]/pass/*.edi"))
FAIL = sorted(ROOT.glob("837[PID]/fail/*.edi"))


def shown(issues: list[Issue]) -> list[list[Any]]:
    """Issues as the expected results hold them."""
    return [[issue.code, issue.segment, issue.segment_id, issue.element, issue.loop] for issue in issues]


def name(path: Path) -> str:
    """ "837P/office_visit"."""
    return f"{path.parts[-3]}/{path.stem}"


@pytest.mark.parametrize("path", PASS, ids=name)
def test_good_file(path: Path) -> None:
    """It has no fault, its claims are the expected ones, and what is written of them is read as the same."""
    content = path.read_bytes()
    claims, issues = read(content)
    assert issues + faults(content) == []
    assert json.loads(path.with_suffix(".json").read_text()) == claims
    assert [fault for claim in claims for fault in check_document(claim, GUIDES[path.parts[-3]])] == []
    again, refused = written(claims)
    assert (claims, []) == (read(again)[0], refused)
    assert faults(again) == []


@pytest.mark.parametrize("path", FAIL, ids=name)
def test_bad_file(path: Path) -> None:
    """Exactly the expected faults are named, by the rules and in reading, and none of them tells a value."""
    content = path.read_bytes()
    expected = json.loads(path.with_suffix(".json").read_text())
    _, issues = read(content)
    assert expected["rules"] == shown(faults(content))
    assert expected["reading"] == shown(issues)
    words = {
        word for segment in content.decode().split("~") for word in segment.strip().split("*")[1:] if len(word) > 4
    }
    assert set() == {word for word in words for issue in issues + faults(content) if word in issue.text}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_guide_has_fixtures(guide: str) -> None:
    """A guide without a good and a bad file of its own is not supported."""
    assert {"pass", "fail"} == {path.parts[-2] for path in PASS + FAIL if path.parts[-3] == guide}
