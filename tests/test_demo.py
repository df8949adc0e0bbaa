"""The demo is the whole way in one run: what it says at its end must hold on both sides of the mailbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import run
from gateway.reports.reconciliation import COUNTS
from gateway.store.reporting import MONEY


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demo has run to its end."""
    folder = tmp_path_factory.mktemp("demo") / "home"
    assert run(["demo", str(folder), "--json"]) == 0
    return folder


def report(home: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, object]:
    capsys.readouterr()
    assert run(["--home", str(home), "report", "reconciliation", "--json", *options]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_the_report_has_what_programs_rely_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts are whole numbers, amounts text with two decimals, and every law holds."""
    found = report(home, capsys)
    assert list(found["claims"]) == list(COUNTS)
    assert list(found["money"]) == list(MONEY)
    assert all(amount[-3] == "." for amount in found["money"].values())
    assert all(check["holds"] and check["claims"] == [] for check in found["checks"])
    counts = found["claims"]
    assert counts["imported"] == 250
    assert counts["held"] == 2
    assert counts["sent"] == counts["accepted"] + counts["rejected"] + counts["silent"] == 248
    assert counts["rejected"] and counts["silent"] and counts["adjudicated"]


def test_groups_add_up_to_the_whole(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By payer, partner and billing provider, each claim and each cent stands once."""
    found = report(home, capsys)
    for groups in found["groups"].values():
        assert sum(group["claims"]["imported"] for group in groups) == found["claims"]["imported"]
        for name in MONEY:
            cents = sum(round(float(group["money"][name]) * 100) for group in groups)
            assert cents == round(float(found["money"][name]) * 100), name


def test_a_filter_shows_one_payer(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--payer leaves that payer's claims and remittances, and the laws still hold."""
    whole, one = report(home, capsys), report(home, capsys, "--payer", "99002")
    group = next(group for group in whole["groups"]["payer"] if group["key"] == "99002")
    assert one["claims"] == group["claims"]
    assert one["money"] == group["money"]
    assert all(check["holds"] for check in one["checks"])
    assert one["remittances"]["matched"] == one["money"]["paid"]


def test_the_report_as_of_now_is_the_report(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Folding the facts recorded until now gives what the projection says, to the cent."""
    now = report(home, capsys)
    then = report(home, capsys, "--as-of", str(now["as_of"]))
    assert then == now


def test_before_the_first_import_there_was_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As of a time before everything, the report is empty and its laws hold."""
    found = report(home, capsys, "--as-of", "2020-01-01")
    assert set(found["claims"].values()) == {0}
    assert set(found["money"].values()) == {"0.00"}
    assert all(check["holds"] for check in found["checks"])


def test_store_folds_and_archive_agree(home: Path) -> None:
    """`store check` finds nothing."""
    assert run(["--home", str(home), "store", "check"]) == 0


def test_a_claim_tells_its_story_by_file_and_segment(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A denied claim names the 999, both 277CAs and the 835 that it rests on, and its money adds up."""
    capsys.readouterr()
    assert run(["--home", str(home), "claims", "list", "--state", "denied", "--json"]) == 0
    number = json.loads(capsys.readouterr().out)[0]["patient_control_number"]
    assert run(["--home", str(home), "claims", "show", number, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [event["source"] for event in shown["events"] if event["file"]] == ["999", "277CA", "277CA", "835"]
    assert all(event["segment"] > 0 for event in shown["events"] if event["file"])
    assert shown["payer_claim_numbers"]
    assert float(shown["denied"]) > 0
    assert shown["submissions"][0]["interchange_control_number"] == "000000001"


def test_a_folder_in_use_is_left_alone(home: Path) -> None:
    """The demo makes a home of its own and overwrites nothing."""
    before = sorted(home.rglob("*"))
    assert run(["demo", str(home)]) == 2
    assert sorted(home.rglob("*")) == before
