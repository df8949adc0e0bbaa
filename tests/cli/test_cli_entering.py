"""`gateway remittances enter` as a biller types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_run import Gateway


def paper(folder: Path, number: str, charge: str, paid: str, payment: str = "") -> Path:
    rest = f"{float(charge) - float(paid):.2f}"
    document = {
        "payer": {"name": "PAPER PLAN"},
        "trace_number": "PAPER-100200",
        "payment": payment or paid,
        "payment_date": "2026-02-10",
        "claims": [
            {
                "patient_control_number": number,
                "charge": charge,
                "paid": paid,
                "adjustments": [{"group": "CO", "reason": "45", "amount": rest}],
            }
        ],
    }
    path = folder / "eob.json"
    path.write_text(json.dumps(document))
    return path


def test_a_payment_is_tried_entered_shown_and_undone(fresh: Gateway, tmp_path: Path) -> None:
    """A claim that is nobody's needs a person; who entered it, and from what, is shown."""
    file = paper(tmp_path, "NOBODY", "100.00", "80.00")
    assert "nothing was stored" in fresh("remittances", "enter", file, "--dry-run", code=1).err
    assert fresh.data("remittances", "list") == []
    ran = fresh("remittances", "enter", file, code=1)
    assert "entered   by biller from paper" in ran.text
    (listed,) = fresh.data("remittances", "list")
    assert (listed["source"], listed["entered_by"], listed["payment"]) == ("paper", "biller", "80.00")
    assert "posted twice" in fresh("remittances", "enter", paper(tmp_path, "OTHER", "90.00", "80.00"), code=4).line
    assert "parked" in fresh("remittances", "undo", listed["id"], "--reason", "typed wrongly").text
    fresh("store", "check")


@pytest.mark.parametrize(
    ("charge", "payment", "code", "said"),
    [("100.00", "81.00", 4, "differs from it by -1.00"), ("1e2", "80.00", 2, "claims[0].charge: must be charged")],
)
def test_what_cannot_be_is_one_line(
    fresh: Gateway, tmp_path: Path, charge: str, payment: str, code: int, said: str
) -> None:
    """The difference, or the field; nothing is stored."""
    ran = fresh("remittances", "enter", paper(tmp_path, "NOBODY", charge, "80.00", payment), code=code)
    assert said in ran.line
    assert fresh.data("inbound", "list") == []


def test_options_go_together(fresh: Gateway, tmp_path: Path) -> None:
    """--as-is without a reason would leave nobody knowing why."""
    file = paper(tmp_path, "NOBODY", "100.00", "80.00")
    assert "go together" in fresh("remittances", "enter", file, "--as-is", code=2).line
    assert fresh("remittances", "enter", tmp_path / "missing.json", code=2).said


def test_the_schema_needs_no_home() -> None:
    """Whoever makes the file can have it anywhere."""
    assert Gateway()("remittances", "schema", "--json").json["properties"]["trace_number"]
