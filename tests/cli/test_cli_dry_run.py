"""--dry-run says what would be done, refuses what would be refused, and leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_home import claims, folder_profile, picture, write_csv, write_ndjson
from cli_run import Gateway


@pytest.fixture
def files(used: Gateway, tmp_path: Path) -> dict[str, str]:
    """Words that stand for files and numbers in the command lines below."""
    (tmp_path / "former.837").write_bytes(used("batches", "export", 1).out)
    (tmp_path / "new.835").write_bytes(used("inbound", "export", 8).out.replace(b"EFT302", b"EFT999"))
    by_state = {one["state"]: one["patient_control_number"] for one in used.data("claims", "list")}
    return {
        "NEW": str(write_ndjson(tmp_path / "new.ndjson", claims(2, 77))),
        "CSV": str(write_csv(tmp_path / "new.csv", claims(2, 78))),
        "FORMER": str(tmp_path / "former.837"),
        "ANSWER": str(tmp_path / "new.835"),
        **{state.upper(): number for state, number in by_state.items()},
    }


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("claims import NEW", 0, "2 ready"),
        ("claims import CSV --mapping example", 0, "2 ready"),
        ("claims import FORMER --already-sent", 0, "59 records"),
        ("claims hold READY", 0, "would be held"),
        ("claims hold PAID", 4, "only what was not put into a batch can be held"),
        ("claims release READY", 4, "not held"),
        ("claims release HELD", 4, "cannot be released"),
        ("claims cancel READY", 0, "would be cancelled"),
        ("claims cancel PAID", 4, "can only be voided"),
        ("batches build", 0, "house"),
        ("batches send", 0, "2_000000002.txt"),
        ("batches resend 2 --yes", 0, "batch 2"),
        ("batches resend 1 --yes", 4, "batch 1"),
        ("batches mark-sent 2 --reason portal", 0, "would be sent"),
        ("batches mark-sent 1 --reason portal", 4, "only what is not known to be sent"),
        ("batches cancel 2", 0, "would be cancelled"),
        ("batches cancel 1", 4, "certainly did not arrive"),
        ("inbound fetch", 0, "late.999"),
        ("inbound import ANSWER", 0, "835"),
        ("inbound process", 0, "no files wait"),
        ("inbound reprocess 8", 0, "835"),
        ("remittances undo 1 --reason wrong", 0, "payment 1"),
        ("remittances post 1 --as-is --reason x", 4, ""),
        ("remittances unmatch 1.1", 0, "would be unmatched"),
        ("partners numbers house --set-interchange 500", 0, "500"),
        ("partners numbers house --set-interchange 1", 4, "never given out twice"),
        ("exchange", 0, "would fetch    1 file"),
        ("step build house", 0, "house"),
        ("step deliver 2", 0, "2_000000002.txt"),
        ("step collect house", 0, "late.999"),
        ("step process 8", 0, "835"),
    ],
)
def test_a_dry_run_changes_nothing(own: Gateway, files: dict[str, str], command: str, code: int, said: str) -> None:
    """Store, archive, mailbox and files are the same before and after, and the command still says what it would do."""
    assert own.home
    (own.home / "partner" / "example" / "outbound" / "late.999").write_bytes(own("inbound", "export", 1).out)
    before = picture(own.home)
    arguments = [files.get(word, word) for word in command.split()]
    ran = own(*arguments, "--dry-run", code=code)
    assert said in ran.text + ran.err
    as_json = own(*arguments, "--dry-run", "--json", code=code)
    assert code or as_json.json is not None
    assert picture(own.home) == before


def test_a_dry_run_foretells_what_is_done(own: Gateway, files: dict[str, str]) -> None:
    """The same counts and states come when it is done."""
    for command in ("claims import NEW", "claims hold READY", "claims cancel READY"):
        arguments = [files.get(word, word) for word in command.split()]
        assert own.data(*arguments, "--dry-run") == own.data(*arguments)
    planned = own.data("batches", "build", "--dry-run")
    built = own.data("batches", "build")
    assert sum(one["claims"] for one in planned) == sum(one["claims"] for one in built)
    waiting = [one["id"] for one in own.data("batches", "send", "--dry-run")]
    assert [one["id"] for one in own.data("batches", "send")] == waiting


def test_a_dry_run_of_the_exchange_names_the_partner_that_cannot_be_reached(fresh: Gateway) -> None:
    """It connects, so it finds out; the code is that of the real one."""
    assert fresh.home
    (fresh.home / "sftp_config" / "house.toml").write_text(folder_profile("gone"))
    ran = fresh("exchange", "--dry-run", code=2)
    assert ran.line.startswith("house: ")
    assert ran.text.startswith("would build    0 claims\n")
