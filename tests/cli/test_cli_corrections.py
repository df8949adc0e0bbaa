"""`claims replace` and `claims void`: what a biller sees, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli_home import claims, picture, write_ndjson
from cli_run import Gateway


def in_state(gateway: Gateway, *states: str, medicare: bool = False) -> str:
    """The number of a claim in one of these states, of Medicare Part B or of any other payer."""
    for state in states:
        for one in gateway("claims", "list", "--state", state, "--json").json:
            if (one["payer"]["id"] == "99100") is medicare:
                return str(one["patient_control_number"])
    raise AssertionError(states)


def correction(gateway: Gateway, number: str, folder: Path) -> Path:
    """A file with the claim's content as it was imported, and an authorization more."""
    assert gateway.home
    lines = [
        line for name in ("claims", "ready") for line in (gateway.home / f"{name}.ndjson").read_text().splitlines()
    ]
    document: dict[str, Any] = next(
        one for one in map(json.loads, lines) if one["patient_control_number"] == number
    )  # fmt: skip
    return write_ndjson(folder / "correction.ndjson", [document | {"prior_authorization": "PA77"}])


def test_a_paid_claim_is_replaced(own: Gateway, tmp_path: Path) -> None:
    """The correction is ready, the money stays as it was; once more it is unchanged."""
    number = in_state(own, "paid")
    path = correction(own, number, tmp_path)
    before = own("claims", "show", number, "--json").json
    made = own("claims", "replace", number, path, "--reason", "authorization came late", "--json").json
    assert (made["patient_control_number"], made["outcome"], made["state"]) == (number, "ready", "paid")
    after = own("claims", "show", number, "--json").json
    assert after["paid"] == before["paid"] and after["charge"] == before["charge"]
    assert own("claims", "replace", number, path, "--json").json["outcome"] == "unchanged"


def test_a_dry_run_changes_nothing(own: Gateway, tmp_path: Path) -> None:
    """It says what would be, and the home is as it was."""
    number = in_state(own, "paid")
    path = correction(own, number, tmp_path)
    assert own.home
    before = picture(own.home)
    assert "would be ready" in own("claims", "replace", number, path, "--dry-run").text
    assert "would be ready" in own("claims", "void", number, "--dry-run").text
    assert picture(own.home) == before


def test_a_paid_claim_is_voided(own: Gateway) -> None:
    """Ready to be sent with frequency 8; nothing changes before the payer takes its money back."""
    number = in_state(own, "paid")
    paid = own("claims", "show", number, "--json").json["paid"]
    assert own("claims", "void", number, "--json").json["outcome"] == "ready"
    assert own("claims", "show", number, "--json").json["paid"] == paid


def test_what_was_never_sent_is_not_voided(own: Gateway) -> None:
    """Exit code 4, one line that says what to do instead."""
    number = in_state(own, "ready")
    assert "cancel it instead" in own("claims", "void", number, "--payer-number", "P1", code=4).line


def test_what_is_not_decided_is_refused(own: Gateway, tmp_path: Path) -> None:
    """Exit code 4 with the state; a biller who knows of a decision may say so."""
    number = in_state(own, "accepted_999")
    path = correction(own, number, tmp_path)
    assert "has not decided" in own("claims", "replace", number, path, "--payer-number", "P1", code=4).line
    known = ("--payer-number", "P1", "--adjudicated", "--json")
    assert own("claims", "replace", number, path, *known).json["outcome"] == "ready"


def test_medicare_is_asked_to_reopen(own: Gateway) -> None:
    """Exit code 4: it takes no voids."""
    number = in_state(own, "paid", "partly_paid", "zero_paid", medicare=True)
    assert "takes no replacements and voids" in own("claims", "void", number, code=4).line


def test_a_held_correction_needs_a_person(own: Gateway, tmp_path: Path) -> None:
    """Exit code 1, with every reason."""
    number = in_state(own, "ready")
    path = correction(own, number, tmp_path)
    document = json.loads(path.read_text()) | {"charge": "1.00"}
    ran = own("claims", "replace", number, write_ndjson(path, [document]), code=1)
    assert "is held" in ran.text and "[charge_sum]" in ran.text


def test_a_file_that_cannot_be_a_correction(own: Gateway, tmp_path: Path) -> None:
    """Exit code 2, one line: no such file, another claim, no such claim."""
    number = in_state(own, "ready")
    assert "there is no such file" in own("claims", "replace", number, tmp_path / "none.json", code=2).line
    other = write_ndjson(tmp_path / "other.ndjson", claims(1, 99))
    assert "and no other" in own("claims", "replace", number, other, code=2).line
    assert "no claim" in own("claims", "void", "NOBODY", code=2).line
