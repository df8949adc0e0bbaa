"""A biller's corrections: which frequency a correction has, which of the payer's numbers it names, and what refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from door_files import bring, counts
from later_payers import answer, send
from posting_desk import Desk

from gateway.claims.samples import sample_claims
from gateway.errors import Refused, UsageError
from gateway.exchange.claim_decisions import cancel, find_claim
from gateway.exchange.intake import Door
from gateway.exchange.replacing import Wish, replace, void
from gateway.store import Store
from gateway.store import claims as store_claims
from gateway.store.claims import ClaimRow, VersionRow
from gateway.store.decisions import decisions_on

WISH = Wish("pat", "forgot the authorization")
NUMBERED = Wish("pat", "x", payer_number="P77")


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door.of(desk, desk.home.path)


@pytest.fixture
def document() -> dict[str, Any]:
    return next(one for one in sample_claims(9, 1, date(2026, 1, 5)) if one["payer"]["id"] != "99100")


@pytest.fixture
def claim(door: Door, document: dict[str, Any]) -> ClaimRow:
    bring(door, [document])
    with door.store.read() as conn:
        return find_claim(conn, document["patient_control_number"])


def file_of(folder: Path, *documents: dict[str, Any]) -> Path:
    path = folder / "correction.json"
    path.write_text(json.dumps(documents))
    return path


def newest(door: Door, claim: ClaimRow) -> VersionRow:
    with door.store.read() as conn:
        found = store_claims.newest_version(conn, claim.id)
    assert found is not None
    return found


def test_what_was_not_sent_is_corrected_as_an_original(
    door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """The payer has nothing, so the correction is frequency 1 and names no payer's number."""
    path = file_of(tmp_path, document | {"prior_authorization": "PA1"})
    assert counts(replace(door, claim, path, WISH)) == (1, 0, 0, 0)
    version = newest(door, claim)
    assert (version.number, version.frequency) == (2, "1")
    assert "payer_claim_control_number" not in json.loads(version.body)
    with door.store.read() as conn:
        assert [one.action for one in decisions_on(conn, f"claim:{claim.id}")] == ["replace"]


def test_what_the_payer_decided_on_is_replaced_by_its_number(
    desk: Desk, door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """Frequency 7 with the number of the last remittance, or the one that the biller says."""
    send(desk, claim)
    answer(desk, document, paid="50.00", number="P1")
    path = file_of(tmp_path, document | {"prior_authorization": "PA1"})
    assert counts(replace(door, claim, path, WISH)) == (1, 0, 0, 0)
    version = newest(door, claim)
    assert (version.frequency, json.loads(version.body)["payer_claim_control_number"]) == ("7", "P1")
    path = file_of(tmp_path, document | {"prior_authorization": "PA2"})
    assert counts(replace(door, claim, path, NUMBERED)) == (1, 0, 0, 0)
    assert json.loads(newest(door, claim).body)["payer_claim_control_number"] == "P77"


@pytest.mark.parametrize("action", ["replace", "void"])
def test_what_is_not_decided_cannot_be_changed(
    desk: Desk, door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path, action: str
) -> None:
    """Refused with the state, unless the biller knows of a decision; then the payer's number must be said."""
    send(desk, claim)
    path = file_of(tmp_path, document | {"prior_authorization": "PA1"})

    def correct(wish: Wish) -> Any:
        return replace(door, claim, path, wish) if action == "replace" else void(door, claim, wish)

    with pytest.raises(Refused, match="is sent: the payer has not decided"):
        correct(NUMBERED)
    with pytest.raises(UsageError, match="none is known"):
        correct(Wish("pat", "paper", adjudicated=True))
    assert newest(door, claim).number == 1
    assert counts(correct(Wish("pat", "paper", payer_number="P77", adjudicated=True))) == (1, 0, 0, 0)


def test_a_void_is_the_same_claim_taken_back(desk: Desk, door: Door, claim: ClaimRow, document: dict[str, Any]) -> None:
    """Its content stays; frequency 8 and the payer's number are all that is new. Asked twice, it is one void."""
    with pytest.raises(Refused, match="cancel it"):
        void(door, claim, NUMBERED)
    send(desk, claim)
    answer(desk, document, paid="50.00", number="P1")
    before = json.loads(newest(door, claim).body)
    assert counts(void(door, claim, WISH)) == (1, 0, 0, 0)
    after = json.loads(newest(door, claim).body)
    assert after == before | {"frequency": "8", "payer_claim_control_number": "P1"}
    assert counts(void(door, claim, WISH)) == (0, 0, 1, 0)
    assert newest(door, claim).number == 2


def test_a_void_names_the_number_that_the_replacement_got(
    desk: Desk, door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """What is taken back is what the payer decided last, not what was replaced."""
    send(desk, claim)
    answer(desk, document, paid="50.00", number="P1")
    replace(door, claim, file_of(tmp_path, document | {"prior_authorization": "PA1"}), WISH)
    send(desk, claim, number=18)
    answer(desk, document, paid="-50.00", number="P1", status="22", trace="T2")
    answer(desk, document, paid="60.00", number="P2", trace="T3")
    assert counts(void(door, claim, WISH)) == (1, 0, 0, 0)
    assert json.loads(newest(door, claim).body)["payer_claim_control_number"] == "P2"


def test_a_cancelled_claim_has_nothing_to_take_back(door: Door, claim: ClaimRow) -> None:
    """It never left."""
    cancel(door, claim, actor="pat", reason="x")
    with pytest.raises(Refused, match="nothing to take back; it needs no void"):
        void(door, claim, NUMBERED)


def test_medicare_takes_neither(desk: Desk, door: Door, tmp_path: Path) -> None:
    """Where it paid, it is asked to reopen; where it denied, a new claim goes out under the same number."""
    documents = [one for one in sample_claims(60, 1, date(2026, 1, 5)) if one["payer"]["id"] == "99100"][:2]
    bring(door, documents)
    for paid, document in zip(("50.00", "0"), documents, strict=True):
        with door.store.read() as conn:
            claim = find_claim(conn, document["patient_control_number"])
        send(desk, claim, number=30 + len(paid))
        answer(desk, document, paid=paid, number="M1", trace=f"T{paid}", reason="50" if paid == "0" else "45")
        path = file_of(tmp_path, document | {"prior_authorization": "PA1"})
        if paid == "0":
            assert counts(replace(door, claim, path, WISH)) == (1, 0, 0, 0)
            assert newest(door, claim).frequency == "1"
        else:
            with pytest.raises(Refused, match="takes no replacements"):
                replace(door, claim, path, WISH)
        with pytest.raises(Refused):
            void(door, claim, WISH)


def test_what_a_payer_could_not_process_is_sent_anew(
    desk: Desk, door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """MA130 on a denial: a new claim with frequency 1, no replacement and no void."""
    send(desk, claim)
    answer(desk, document, paid="0", number="P1", reason="16", remark="MA130")
    with pytest.raises(Refused, match="only a new claim helps"):
        void(door, claim, WISH)
    seven = document | {"frequency": "7", "payer_claim_control_number": "P1", "prior_authorization": "PA0"}
    tally = bring(door, [seven])
    assert counts(tally) == (0, 1, 0, 0) and [one["code"] for one in tally.issues] == ["unprocessable"]
    path = file_of(tmp_path, document | {"prior_authorization": "PA1"})
    assert counts(replace(door, claim, path, WISH)) == (1, 0, 0, 0)
    assert newest(door, claim).frequency == "1"


@pytest.mark.parametrize("other", ["number", "provider", "two", "none"])
def test_the_file_must_hold_that_claim_alone(
    door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path, other: str
) -> None:
    """A correction of the wrong claim is not to happen by a wrong file."""
    files = {
        "number": [document | {"patient_control_number": "OTHER"}],
        "provider": [document | {"billing_provider": document["billing_provider"] | {"npi": "1234567893"}}],
        "two": [document, document],
        "none": [],
    }
    with pytest.raises(UsageError):
        replace(door, claim, file_of(tmp_path, *files[other]), WISH)
    assert newest(door, claim).number == 1


def test_a_wrong_correction_is_held_with_its_reasons(
    door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """Edits look at a correction as at any claim."""
    tally = replace(door, claim, file_of(tmp_path, document | {"charge": "1.00"}), WISH)
    assert counts(tally) == (0, 1, 0, 0) and tally.issues[0]["code"] == "charge_sum"
