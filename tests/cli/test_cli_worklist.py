"""`gateway worklist` as a biller types it."""

from __future__ import annotations

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
