"""What an operator reads of a round: one screen, however much there was, and nothing of a patient."""

from __future__ import annotations

from pathlib import Path

import pytest
from practice import Practice, in_a_folder

pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True),  # a log line knows no store
]
SCREEN = 24  # lines of the smallest terminal


def test_an_exchange_of_a_thousand_claims_is_one_screen(practice: Practice, tmp_path: Path) -> None:
    """With every line of the log at level info: what was built, sent, fetched, processed, and what needs a person."""
    partner = practice.partner(in_a_folder(tmp_path / "partner", per_set=1000, per_file=5000))
    numbers = practice.take_in(1000)
    for _ in range(3):
        ran = practice.gateway("--log-level", "info", "exchange", code=None)
        said = [*ran.out.splitlines(), *ran.err.splitlines()]
        assert 4 <= len(said) <= SCREEN, said
        assert not any(number in line for line in said for number in numbers[::50])
        partner.work()
    assert len([state for state in practice.states().values() if state != "sent"]) == len(numbers)


def test_a_mailbox_with_many_files_is_still_one_screen(practice: Practice, tmp_path: Path) -> None:
    """Files that cannot be read, texts and answers of others: counted, not listed; each is in `inbound list`."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    for number in range(60):
        (partner.simulator.outbound / f"ZEBRASTONE{number}.pdf").write_bytes(b"%%PDF-1.7 %d" % number)
        (partner.simulator.outbound / f"report{number}.txt").write_text(f"STATUS REPORT {number}\n")
    ran = practice.gateway("--log-level", "info", "--log-format", "json", "exchange", code=1)
    said = [*ran.out.splitlines(), *ran.err.splitlines()]
    assert len(said) <= SCREEN, said
    assert "60 files cannot be read (gateway runbook quarantined-file)" in said
    assert "ZEBRASTONE" not in ran.out + ran.err
    assert len(practice.json("inbound", "list")) == 120
