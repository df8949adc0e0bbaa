"""`gateway codes`: which lists there are, and a new release of one."""

from __future__ import annotations

from pathlib import Path

from cli_home import claims, picture, write_ndjson
from cli_run import Gateway


def published(folder: Path, *rows: str) -> Path:
    path = folder / "codes.txt"
    path.write_text("".join(f"{row:<8}Some description\n" for row in rows))
    return path


def test_the_lists_and_the_days_that_they_cover(fresh: Gateway) -> None:
    """Shipped ones, those that are not there, and the home's own."""
    found = {one["list"]: one for one in fresh("codes", "list", "--json").json}
    assert found["icd10cm"]["from"] == "gateway" and found["icd10cm"]["covers_to"] == "2026-09-30"
    assert found["cpt"]["from"] == "" and found["cpt"]["codes"] == 0
    assert fresh.home
    (fresh.home / "mappings" / "codes" / "cpt.csv").write_text("code\n99213\n")
    (fresh.home / "mappings" / "codes" / "drg.csv").write_text("code\n-\n")
    found = {one["list"]: one for one in fresh("codes", "list", "--json", code=2).json}
    assert (found["cpt"]["from"], found["cpt"]["codes"]) == ("home", 1)
    assert "drg.csv: row 2" in found["drg"]["fault"]


def test_a_new_release_is_added(fresh: Gateway, tmp_path: Path) -> None:
    """The home's list has the shipped codes and the new one; codes that the release has no more end."""
    path = published(tmp_path, "A000", "ZZ99")
    days = ("--since", "2026-10-01", "--until", "2027-09-30")
    assert fresh.home
    before = picture(fresh.home)
    would = fresh("codes", "load", "icd10cm", path, *days, "--dry-run", "--json").json
    assert picture(fresh.home) == before and (would["new"], would["codes"]) == (1, 75_133)
    assert fresh("codes", "load", "icd10cm", path, *days, "--json").json == would
    found = {one["list"]: one for one in fresh("codes", "list", "--json").json}
    assert (found["icd10cm"]["from"], found["icd10cm"]["covers_to"]) == ("home", "2027-09-30")
    assert fresh("codes", "load", "icd10cm", path, *days, "--json").json["new"] == 0


def test_a_list_of_the_home_is_held_against(fresh: Gateway, tmp_path: Path) -> None:
    """Codes that a loaded list does not have hold the claim."""
    assert fresh.home
    (fresh.home / "mappings" / "codes" / "cpt.csv").write_text("code\n00001\n")
    (found,) = fresh("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(1)), "--json", code=1).json
    assert "procedure_listed" in {one["code"] for one in found["issues"]}


def test_what_cannot_be_loaded(fresh: Gateway, tmp_path: Path) -> None:
    """One line each, exit code 2: no such list, no list in the file, days in the wrong order."""
    path = published(tmp_path, "A000")
    days = ("--since", "2026-10-01", "--until", "2027-09-30")
    assert "no list 'icd'" in fresh("codes", "load", "icd", path, *days, code=2).line
    assert (
        "release"
        in fresh("codes", "load", "icd10cm", path, "--since", "2027-01-01", "--until", "2026-01-01", code=2).line
    )
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7\n")
    assert "no list of codes" in fresh("codes", "load", "icd10cm", tmp_path / "x.pdf", *days, code=2).line
