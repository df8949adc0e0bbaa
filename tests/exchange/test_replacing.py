"""A biller's corrections: which frequency a correction has, and which of the payer's numbers it names."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from door_files import NOW, bring, counts, door_to, profile

from gateway.claims.samples import sample_claims
from gateway.errors import Refused, UsageError
from gateway.exchange.claim_decisions import find_claim
from gateway.exchange.intake import Door
from gateway.exchange.replacing import replace, void
from gateway.reconcile.projection import refresh
from gateway.store import Store, batches, stamp
from gateway.store import claims as store_claims
from gateway.store.claims import ClaimRow, VersionRow
from gateway.store.decisions import decisions_on


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Door:
    return door_to(store, profile(tmp_path))


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


def send(door: Door, claim: ClaimRow) -> None:
    with door.store.write() as conn:
        version = store_claims.newest_version(conn, claim.id)
        assert version is not None
        new = batches.NewBatch("ally", "professional", "T", "00", "CH", "ZZ:A", "ZZ:B", "000000001", "1")
        batch_id = batches.reserve(
            conn, new, [batches.NewSet("0001", "1", "B1", 1, [(claim.id, version.id)])], at=NOW
        )  # fmt: skip
        batches.mark_built(conn, batch_id, file_name="f", archive_name="a", sha256="0" * 64, size=1, at=NOW)
        for state in ("sending", "sent"):
            batches.set_state(conn, batch_id, state, at=NOW)
        refresh(conn, [claim.id], stamp(NOW))


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
    assert counts(replace(door, claim, path, actor="pat", reason="forgot the authorization")) == (1, 0, 0, 0)
    version = newest(door, claim)
    assert (version.number, version.frequency) == (2, "1")
    assert "payer_claim_control_number" not in json.loads(version.body)
    with door.store.read() as conn:
        assert [one.action for one in decisions_on(conn, f"claim:{claim.id}")] == ["replace"]


def test_what_the_payer_has_is_replaced_by_its_number(
    door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """Frequency 7 with the payer's number; without one nothing is stored."""
    send(door, claim)
    path = file_of(tmp_path, document | {"prior_authorization": "PA1"})
    with pytest.raises(UsageError, match="none is known"):
        replace(door, claim, path, actor="pat", reason="x")
    assert newest(door, claim).number == 1
    assert counts(replace(door, claim, path, actor="pat", reason="x", payer_number="P77")) == (1, 0, 0, 0)
    version = newest(door, claim)
    assert (version.frequency, json.loads(version.body)["payer_claim_control_number"]) == ("7", "P77")


def test_a_void_is_the_same_claim_taken_back(door: Door, claim: ClaimRow) -> None:
    """Its content stays; frequency 8 and the payer's number are all that is new."""
    with pytest.raises(Refused, match="cancel it"):
        void(door, claim, actor="pat", reason="x", payer_number="P77")
    send(door, claim)
    before = json.loads(newest(door, claim).body)
    assert counts(void(door, claim, actor="pat", reason="wrong patient", payer_number="P77")) == (1, 0, 0, 0)
    after = json.loads(newest(door, claim).body)
    assert after == before | {"frequency": "8", "payer_claim_control_number": "P77"}


def test_a_void_again_changes_nothing(door: Door, claim: ClaimRow) -> None:
    """Asked twice, it is one void."""
    send(door, claim)
    void(door, claim, actor="pat", reason="x", payer_number="P77")
    again = void(door, claim, actor="pat", reason="x", payer_number="P77")
    assert counts(again) == (0, 0, 1, 0)
    assert newest(door, claim).number == 2


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
        replace(door, claim, file_of(tmp_path, *files[other]), actor="pat", reason="x")
    assert newest(door, claim).number == 1


def test_a_wrong_correction_is_held_with_its_reasons(
    door: Door, claim: ClaimRow, document: dict[str, Any], tmp_path: Path
) -> None:
    """Edits look at a correction as at any claim."""
    tally = replace(door, claim, file_of(tmp_path, document | {"charge": "1.00"}), actor="pat", reason="x")
    assert counts(tally) == (0, 1, 0, 0) and tally.issues[0]["code"] == "charge_sum"
