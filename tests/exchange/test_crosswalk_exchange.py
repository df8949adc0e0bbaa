"""Several ids of one payer on the way of a claim: where it goes, what is written, what its payment is taken for."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from practice import Partner, Practice, in_a_folder, settle_all

from gateway.claims.samples import sample_claims

HEAD = "payer,alias,where,name\n"
OURS, ALIAS = "EXHP1", "60999"


def rows(practice: Practice, *lines: str) -> None:
    """The home's own crosswalk."""
    path = practice.home / "mappings" / "codes" / "payers.csv"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))


def claims_of(*payer_ids: str) -> list[dict[str, Any]]:
    """Invented claims, one for each of these payers."""
    claims = list(sample_claims(len(payer_ids) * 3, 1, date(2026, 1, 5)))
    chosen = [claim for claim in claims if claim["subscriber"]["filing_indicator"] != "MB"][: len(payer_ids)]
    for claim, payer_id in zip(chosen, payer_ids, strict=True):
        claim["payer"]["id"] = payer_id
    return chosen


def door(practice: Practice, claims: list[dict[str, Any]], code: int = 0) -> dict[str, Any]:
    path = practice.home / "door.json"
    path.write_text(json.dumps(claims))
    (document,) = practice.json("claims", "import", str(path), code=code)
    found: dict[str, Any] = document
    return found


def exported(practice: Practice) -> dict[str, str]:
    """The text of the built batches by partner, a segment a line."""
    found = {}
    for batch in practice.batches():
        file = practice.home / f"batch{batch['id']}"
        practice.gateway("batches", "export", batch["id"], str(file))
        found[batch["partner"]] = file.read_text().replace("~", "~\n")
    return found


def segments(text: str, start: str) -> list[list[str]]:
    return [line.strip("~\n").split("*") for line in text.splitlines() if line.startswith(start)]


@pytest.fixture
def house(practice: Practice, tmp_path: Path, quick: None) -> Partner:
    return practice.partner(in_a_folder(tmp_path / "house", payers=(ALIAS,), per_set=100, per_file=100))


@pytest.mark.usefixtures("house")
def test_a_profile_may_name_either_id(practice: Practice) -> None:
    """The profile names what the clearinghouse calls the payer; claims with our id go there, and those with that id."""
    claims = claims_of(OURS, ALIAS, "OTHER")
    assert door(practice, claims, code=1)["held"] == 2
    rows(practice, f"{OURS},{ALIAS},house,EXAMPLE HEALTH PLAN")
    for claim in claims:
        practice.gateway("claims", "release", claim["patient_control_number"], "--reason", "x", code=None)
    assert list(practice.states().values()) == ["ready", "ready", "held"]


@pytest.mark.usefixtures("house")
def test_two_partners_cannot_name_one_payer_by_two_ids(practice: Practice, tmp_path: Path) -> None:
    """It would be left to chance where its claims go."""
    practice.partner(in_a_folder(tmp_path / "second", name="second", payers=(OURS,)))
    rows(practice, f"{OURS},{ALIAS},house,")
    ran = practice.gateway("batches", "build", code=2)
    assert "only one partner can take it" in ran.err


@pytest.mark.usefixtures("house")
def test_the_partners_id_is_written(practice: Practice) -> None:
    """In 2010BB, 2330B and SVD01 alike; an id without a row stays; the store keeps what the claim said."""
    rows(practice, f"{OURS},{ALIAS},house,", "SECOND,70999,house,")
    (claim,) = claims_of(OURS)
    claim["subscriber"]["payer_responsibility"] = "S"
    claim["other_payers"] = [_other("P", "SECOND", claim), _other("T", "THIRD", claim)]
    for line in claim["lines"]:
        line["adjudications"] = [{"payer_id": "SECOND", "paid": line["charge"], "procedure": line["procedure"],
                                  "quantity": "1", "paid_date": "2026-01-20"}]  # fmt: skip
    assert door(practice, [claim])["ready"] == 1
    practice.gateway("batches", "build")
    (text,) = exported(practice).values()
    assert [one[9] for one in segments(text, "NM1*PR*")] == [ALIAS, "70999", "THIRD"]
    assert {one[1] for one in segments(text, "SVD*")} == {"70999"}
    assert practice.json("claims", "show", claim["patient_control_number"])["payer"]["id"] == OURS
    practice.check()


def _other(order: str, payer_id: str, claim: dict[str, Any]) -> dict[str, Any]:
    paid = {"paid": claim["charge"]} if order == "P" else {}
    return {
        "payer_responsibility": order, "relationship": "18", "benefits_assigned": "Y", "release_of_information": "Y",
        "subscriber": {"last_name": "OAKSHOTT", "first_name": "GRETA", "member_id": f"EX{order}",
                       "address": claim["subscriber"].get("address")},
        "payer": {"id": payer_id, "name": f"PLAN {order}"}, "filing_indicator": "CI", **paid,
    }  # fmt: skip


def test_a_payment_under_another_id_is_the_payers(practice: Practice, tmp_path: Path, no_pause: None) -> None:
    """Sent by the partner's id, paid by the id that the 835 names: one payer in the claim, in lists and in reports."""
    house = practice.partner(in_a_folder(tmp_path / "house", payers=(OURS, "OTHER"), per_set=100, per_file=100))
    rows(practice, f"{OURS},{ALIAS},house,EXAMPLE HEALTH PLAN", f"{OURS},OLD1,,EXAMPLE HEALTH PLAN")
    claims = claims_of(OURS, "OLD1", "OTHER")
    assert door(practice, claims)["ready"] == 3
    settle_all(practice, [house])
    assert all(state in ("paid", "partly_paid", "denied", "zero_paid") for state in practice.states().values())
    numbers = [claim["patient_control_number"] for claim in claims]
    for number in numbers[:2]:
        (payer,) = practice.json("claims", "show", number)["payers"]
        assert payer["id"] == OURS
    for payer_id in (OURS, ALIAS, "OLD1"):
        listed = practice.json("claims", "list", "--payer", payer_id)
        assert [one["patient_control_number"] for one in listed] == numbers[:2]
        assert practice.json("report", "reconciliation", "--payer", payer_id)["claims"]["imported"] == 2
    groups = practice.report()["groups"]["payer"]
    assert [(one["key"], one["name"], one["claims"]["imported"]) for one in groups if one["key"] == OURS] == [
        (OURS, "EXAMPLE HEALTH PLAN", 2)
    ]
    assert len(groups) == 2
    practice.check()


def test_a_wrong_crosswalk_is_one_line(practice: Practice, tmp_path: Path, quick: None) -> None:
    """File, line and reason, for whatever needs it."""
    practice.partner(in_a_folder(tmp_path / "house"))
    rows(practice, "A,1,house,", "B,1,house,")
    for command in (("batches", "build"), ("partners", "list"), ("report", "reconciliation")):
        (line,) = practice.gateway(*command, code=2).lines()
        assert "payers.csv: line 3: alias 1 is payer A at house already" in line
