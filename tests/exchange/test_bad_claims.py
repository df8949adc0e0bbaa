"""Bad claims in one file: each gets its line, the others go on."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from door_files import bring, counts, door_to, profile

from gateway.claims.samples import sample_claims
from gateway.errors import Refused
from gateway.exchange.claim_decisions import find_claim, release
from gateway.exchange.intake import Door
from gateway.store import Store


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Door:
    return door_to(store, profile(tmp_path))


def samples(count: int) -> list[dict[str, Any]]:
    """Claims to payers that take replacements."""
    found = [one for one in sample_claims(4 * count, 1, date(2026, 1, 5)) if one["payer"]["id"] != "99100"]
    return found[:count]


def bad_claims() -> list[tuple[dict[str, Any], str, str]]:
    """Each with the code and the field of what is wrong with it."""
    one = [deepcopy(document) for document in samples(8)]
    one[0]["lines"] = [one[0]["lines"][0] | {"charge": "123456789012.00"}]
    one[0]["charge"] = "123456789012.00"
    one[1]["subscriber"]["last_name"] = "SMITH \N{GRINNING FACE}"
    one[2]["notes"] = [{"type": "ADD", "text": "SEE CHART ~ PAGE 2"}]
    line = one[3]["lines"][0] | {"charge": "1.00"}
    one[3] |= {"lines": [line] * 1_000, "charge": "1000.00"}
    one[4]["lines"][0]["diagnosis_pointers"] = ["9"]
    del one[5]["subscriber"]["last_name"]
    one[6]["frequency"] = "7"
    one[7] |= {"frequency": "8", "payer_claim_control_number": "P1"}
    said = [
        ("amount_long", "charge"),
        ("characters", "subscriber.last_name"),
        ("delimiters", "notes[0].text"),
        ("line_count", "lines"),
        ("pointer_range", "lines[0].diagnosis_pointers[0]"),
        ("guide_missing", "subscriber.last_name"),
        ("reference_missing", "payer_claim_control_number"),
        ("void_unknown", "frequency"),
    ]
    return [(document, *what) for document, what in zip(one, said, strict=True)]


def test_each_bad_claim_gets_its_line_and_the_others_go_on(door: Door) -> None:
    """Eight that are wrong between three that are not: all are stored, eight held."""
    bad = bad_claims()
    good = samples(11)[8:]
    tally = bring(
        door, [good[0], *(document for document, _, _ in bad[:4]), good[1], *(d for d, _, _ in bad[4:]), good[2]]
    )
    assert counts(tally) == (3, 8, 0, 0)
    said = {(one["patient_control_number"], one["code"], one["field"]) for one in tally.issues}
    assert {(document["patient_control_number"], code, field) for document, code, field in bad} <= said
    assert not {document["patient_control_number"] for document in good} & {number for number, _, _ in said}


def test_what_the_guide_forbids_is_never_released(door: Door) -> None:
    """A tilde, a line too many, a missing number: a person cannot send these."""
    bad = bad_claims()
    bring(door, [document for document, _, _ in bad])
    for document, code, _ in bad:
        with door.store.read() as conn:
            claim = find_claim(conn, document["patient_control_number"])
        if code == "void_unknown":
            assert release(door, claim, actor="pat", reason="sent by the old system") == "ready"
        else:
            with pytest.raises(Refused):
                release(door, claim, actor="pat", reason="x")


def test_thirteen_digits_are_no_amount(door: Door) -> None:
    """Such a record cannot be a claim; it is rejected with its line, and the next one is stored."""
    first, second = (deepcopy(document) for document in samples(2))
    first["charge"] = "1234567890123.00"
    tally = bring(door, [first, second])
    assert counts(tally) == (1, 0, 0, 1)
    assert ("not_a_claim", "charge") in {(one["code"], one["field"]) for one in tally.issues}


def test_the_same_service_under_another_number(door: Door) -> None:
    """Told in one file and against the store, never of a claim against itself or of another day or provider."""
    (document,) = samples(1)
    number = document["patient_control_number"]
    twin = document | {"patient_control_number": "TWIN1", "medical_record_number": "M1"}
    tally = bring(door, [document, twin])
    assert counts(tally) == (2, 0, 0, 0)
    assert [(one["patient_control_number"], one["code"]) for one in tally.issues] == [("TWIN1", "in_flight")]
    assert number in tally.issues[0]["text"]
    later = bring(door, [document | {"patient_control_number": "TWIN2"}])
    assert [one["code"] for one in later.issues] == ["in_flight"]
    other_day = deepcopy(document) | {"patient_control_number": "OTHER1"}
    for line in other_day["lines"]:
        line["service_date"] = "2026-01-04"
    assert bring(door, [other_day]).issues == []
    assert bring(door, [other_day | {"medical_record_number": "M2"}]).issues == []


def test_a_duplicate_can_be_made_to_hold(store: Store, tmp_path: Path) -> None:
    """One row of a home's edits.csv."""
    (tmp_path / "home" / "mappings").mkdir(parents=True)
    row = "in_flight,in_flight,*,error,yes,Billed already as {detail}.,ours"
    (tmp_path / "home" / "mappings" / "edits.csv").write_text(f"code,check,types,severity,release,says,source\n{row}\n")
    from gateway.exchange.admission_rules import load_rules

    plain = door_to(store, profile(tmp_path))
    door = Door(store, plain.profiles, load_rules(tmp_path / "home"), plain.now)
    (document,) = samples(1)
    assert counts(bring(door, [document, document | {"patient_control_number": "TWIN1"}])) == (1, 1, 0, 0)
