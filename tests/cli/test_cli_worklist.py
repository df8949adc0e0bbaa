"""`gateway worklist` as a biller types it."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from cli_run import Gateway


@pytest.mark.parametrize("name", [(), ("denials",), ("rejections",), ("silent",)])
def test_a_list_of_nothing_says_so(fresh: Gateway, name: tuple[str, ...]) -> None:
    """Nothing waits, in words and as a document."""
    assert fresh("worklist", *name).text == "nothing waits\n"
    assert fresh.data("worklist", *name)["count"] == 0


def test_the_document_is_whole_however_many_items(own: Gateway) -> None:
    """Items are written as they come; what stands beside them is there in the end."""
    for arguments in (("--limit", "1"), ("--limit", "0"), ("--owner", "nobody")):
        found = own.data("worklist", *arguments)
        assert set(found) == {"items", "as_of", "count", "at_risk", "lists"}
        assert len(found["items"]) <= found["count"]
    everything = own.data("worklist", "--limit", "0")
    assert len(everything["items"]) == everything["count"] > 1
    money = [float(one["at_risk"]) for one in everything["items"]]
    assert money == sorted(money, reverse=True)
    assert "next\n" in own("worklist").text


def test_the_list_as_a_sheet_and_a_page(own: Gateway, tmp_path: Path) -> None:
    """CSV, XLSX and HTML have every item of the JSON document with the same money, step and command."""
    items = own.data("worklist", "--limit", "0")["items"]
    rows = list(csv.DictReader(io.StringIO(own("worklist", "--format", "csv").text)))
    assert [(row["patient_control_number"], row["at_risk"], row["command"]) for row in rows] == [
        (one["patient_control_number"], one["at_risk"], one["next"]["command"]) for one in items
    ]
    assert all(row["because"] and row["next"] for row in rows)
    book, page = tmp_path / "work.xlsx", tmp_path / "work.html"
    own("worklist", "denials", "--format", "xlsx", "--output", book)
    own("worklist", "denials", "--format", "html", "--output", page)
    with zipfile.ZipFile(book) as opened:
        texts = opened.read("xl/sharedStrings.xml").decode()
    denied = [one["patient_control_number"] for one in items if one["list"] == "denials"]
    assert denied
    assert all(number in texts and number in page.read_text() for number in denied)
    assert len(list(csv.DictReader(io.StringIO(own("worklist", "--format", "csv", "--limit", "1").text)))) == 1


def test_the_document_goes_to_no_file_without_a_word(fresh: Gateway, tmp_path: Path) -> None:
    """--json and --output contradict each other, and nothing is made."""
    assert "--output goes with" in fresh("worklist", "--json", "--output", tmp_path / "x", code=2).line
    assert not (tmp_path / "x").exists()


def test_options_before_the_list_are_refused(fresh: Gateway) -> None:
    """An option that would be dropped without a word is named instead."""
    ran = fresh("worklist", "--owner", "maria", "denials", code=2)
    assert "options stand behind the list" in ran.line


@pytest.mark.parametrize(
    "arguments",
    [
        ("assign", "NOBODY", "maria"),
        ("note", "NOBODY", "text"),
        ("due", "NOBODY", "2026-02-20"),
        ("due", "NOBODY", "soon"),
        ("done", "NOBODY", "--outcome", "resubmitted"),
        ("done", "NOBODY", "--outcome", "nonsense"),
        ("done", "NOBODY"),
        ("appeal", "NOBODY", "--sent", "2026-01-01"),
        ("denials", "--partner", "nobody"),
        ("denials", "--due-before", "soon"),
    ],
)
def test_wrong_usage_of_the_list_is_one_clear_line(fresh: Gateway, arguments: tuple[str, ...]) -> None:
    """An unknown claim, day, outcome or partner is named, and nothing is kept."""
    ran = fresh("worklist", *arguments, code=2)
    assert ran.out == b""
    assert ran.said[0].startswith("gateway: ")
