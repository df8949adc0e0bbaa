"""Public sample files: what is read of them is written and read again the same, and nothing breaks on damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from guide_documents import faults, read, written

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
FILES = sorted(path for kind in ("837P", "837I", "837D", "broken") for path in (CORPUS / kind).glob("*"))

if not FILES:
    pytest.skip("the public sample files are not at ../shared/corpus", allow_module_level=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_claims_survive_writing(path: Path) -> None:
    """read(write(read(file))) is read(file): what a document holds is not lost, and reading and checking end well."""
    claims, issues = read(path.read_bytes())
    assert all(issue.text and issue.severity in ("error", "warning") for issue in issues)
    content, refused = written(claims)
    kept = [claim for number, claim in enumerate(claims, 1) if number not in {each.record for each in refused}]
    assert read(content)[0] == kept
    if issues and not claims:
        assert faults(path.read_bytes())


@pytest.mark.parametrize("name", ["837P", "837I", "837D"])
def test_official_examples_have_no_fault(name: str) -> None:
    """The examples of the guides themselves, as one public collection has them, are good and come back whole."""
    paths = sorted((CORPUS / name).glob("kputnam__*"))
    assert paths
    for path in paths:
        content = path.read_bytes()
        claims, issues = read(content)
        assert (path.name, faults(content), issues) == (path.name, [], [])
        assert written(claims)[1] == []
