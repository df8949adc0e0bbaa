"""Kept enrolments explain what does not come and what is not taken; without any, nothing is concluded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from practice import Partner, Practice, in_a_folder

from gateway.enrolments import Enrolments, read_enrolments
from gateway.errors import UsageError
from gateway.partners import load_profile
from gateway.simulator import Scenario

DAY = date(2026, 3, 2)
NPI = "1234567893"


def enrolled(**row: object) -> Enrolments:
    return read_enrolments([{"payer": "60054", **row}], lambda key, reason: UsageError(f"{key}: {reason}"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, None),
        ({"npi": NPI}, None),
        ({"npi": ["1999999992"]}, "no 835 enrolment of this provider with this payer is kept"),
        ({"tax_id": ["123456789"]}, None),  # his tax id is not known here, so it is no bar
        ({"transactions": ["837"]}, None),  # no 835 is kept at all: nothing is concluded
        ({"payer": "*"}, None),
        ({"payer": "99999"}, "no 835 enrolment of this provider with this payer is kept"),
        ({"since": DAY}, None),
        ({"since": "2026-04-01"}, "the 835 enrolment holds since 2026-04-01 only"),
        ({"until": "2026-03-01"}, "the 835 enrolment ended on 2026-03-01"),
        ({"until": DAY}, None),
    ],
)
def test_whether_one_holds(row: dict[str, object], said: str | None) -> None:
    """By payer, provider and day; the words say what is missing."""
    assert enrolled(**row).missing("835", {"60054", "OURS"}, NPI, DAY) == said


def test_without_any_nothing_is_concluded() -> None:
    """Nobody has to keep them."""
    assert Enrolments().missing("835", {"60054"}, NPI, DAY) is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('payer = ""', "[enrolments] payer: (number 1) must be text"),
        ('npi = "1"', "[enrolments] payer: (number 1) must be one payer id"),
        ('payer = "1"\ntransactions = ["999"]', "[enrolments] transactions: (number 1) must list some of 837, 835"),
        ('payer = "1"\nsince = "soon"', "[enrolments] since: (number 1) must be a day"),
        ('payer = "1"\nsince = 5', "[enrolments] since: (number 1) must be a day"),
        ('payer = "1"\nsinse = 2026-01-01', "[enrolments] sinse: (number 1) is no key"),
    ],
)
def test_a_slip_of_the_pen_is_named(practice: Practice, tmp_path: Path, row: str, said: str) -> None:
    """File, table, key and which of them."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    path = practice.home / "sftp_config" / f"{partner.name}.toml"
    path.write_text(f"{path.read_text()}\n[[enrolments]]\n{row}\n")
    with pytest.raises(UsageError) as caught:
        load_profile(path)
    assert said in str(caught.value)
    assert "house.toml" in str(caught.value)


SILENT = """
name = "no remittance, and one that is not linked"
[[rules]]
name = "not linked"
when = { claim = "S010000001" }
clearinghouse = { verdict = "reject", category = "A8", status = "496", entity = "85" }
[[rules]]
name = "never paid"
remittance = { verdict = "silent" }
"""


@pytest.fixture
def partner(practice: Practice, tmp_path: Path) -> Partner:
    made = practice.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml(SILENT)))
    keep(practice, '[[enrolments]]\npayer = "NOBODY"\n\n[answers]\nremittance_days = 0\n')
    return made


def keep(practice: Practice, text: str) -> None:
    path = practice.home / "sftp_config" / "house.toml"
    path.write_text(f"{path.read_text().partition('[[enrolments]]')[0]}\n{text}")


@pytest.mark.usefixtures("quick")
def test_they_explain_claims_reports_and_the_doctor_says_so(practice: Practice, partner: Partner) -> None:
    """A8:496 and a missing 835 have their reason in `claims why`, and are gone when the enrolment is kept."""
    numbers = practice.take_in(3)
    for _ in range(3):
        practice.gateway("exchange", code=None)
        partner.work()
    unlinked, waiting = numbers[0], numbers[1]
    (line,) = practice.json("claims", "why", unlinked)["advice"]
    assert line.startswith("A8:496 says that the payer does not take this provider's claims from us: no 837 enrolment")
    (line,) = practice.json("claims", "why", waiting)["advice"]
    assert line == "no 835 may come: no 835 enrolment of this provider with this payer is kept"
    assert f"→ {line}" in practice.gateway("claims", "why", waiting).out
    found = [one for one in practice.json("doctor", "--offline") if one["what"] == "enrolments"]
    assert found and all("enrolment of this provider" in one["text"] for one in found)

    keep(practice, '[[enrolments]]\npayer = "*"\nsince = 2026-01-01\n')
    assert practice.json("claims", "why", waiting)["advice"] == []
    (line,) = practice.json("claims", "why", unlinked)["advice"]
    assert "nothing that is kept under [[enrolments]] explains it" in line
    assert not [one for one in practice.json("doctor", "--offline") if one["what"] == "enrolments"]


@pytest.mark.usefixtures("quick")
def test_the_report_of_overdue_answers_says_why(practice: Practice, partner: Partner) -> None:
    """Beside each claim whose 835 is overdue."""
    practice.take_in(3)
    for _ in range(3):
        practice.gateway("exchange", code=None)
        partner.work()
    keep(practice, '[[enrolments]]\npayer = "NOBODY"\n')
    as_of = "2027-06-01T00:00Z"
    document = practice.json("report", "unacknowledged", "--as-of", as_of)
    rows = document["claims"]
    assert {row["enrolment"] for row in rows if row["missing"] == "835"} == {
        "no 835 enrolment of this provider with this payer is kept"
    }
