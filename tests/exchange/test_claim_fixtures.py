"""The files of `fixtures/claims`: each comes in as the document beside it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from door_files import door_to, profile

from gateway.exchange.intake import import_file
from gateway.store import Store

FOLDER = Path(__file__).parents[2] / "fixtures" / "claims"
FILES = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))


def test_there_are_fixtures() -> None:
    """Every file has its expected result, and no result stands alone."""
    expected = {path.name.removesuffix(".expected.json") for path in FOLDER.glob("*.expected.json")}
    assert expected == {path.name for path in FILES} and expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_comes_in_as_expected(path: Path, store: Store, tmp_path: Path) -> None:
    """Counts, and every issue by record, code and field."""
    expected = json.loads((FOLDER / f"{path.name}.expected.json").read_text(encoding="utf-8"))
    mapping = path.stem if path.suffix == ".csv" else None
    found = import_file(door_to(store, profile(tmp_path)), path, mapping_name=mapping).document()
    found["file"] = Path(found["file"]).name
    found["issues"] = [[one["record"], one["code"], one["field"]] for one in found["issues"]]
    assert found == expected
