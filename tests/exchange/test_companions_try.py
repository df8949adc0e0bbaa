"""A companion tried on stored claims before it is in force, and how companions are listed and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from practice import Practice, in_a_folder

from gateway.claims.samples import sample_claims

HEAD = '[companion]\nsays = "Acme"\nsource = "a letter"\n'
PRIOR = (
    '[[rules]]\ncode = "acme_prior"\nkind = "required"\nfield = "prior_authorization"\nsays = "Acme wants a number."\n'
)
GROUP = (
    '[[rules]]\ncode = "acme_group"\nkind = "replaced"\nfield = "subscriber.group_name"\nvalue = "ACME"\nsays = "x"\n'
)
BOX = '[[rules]]\ncode = "po_box"\nkind = "edit"\nseverity = "warning"\nsays = "a box will do"\n'


@pytest.fixture
def draft(practice: Practice, tmp_path: Path, quick: None) -> Callable[..., str]:
    """Writes a companion outside the home, with a partner and six claims in it; gives its path."""
    practice.partner(in_a_folder(tmp_path / "house"))
    claims = list(sample_claims(6, 1, date(2026, 1, 5)))
    claims[0]["prior_authorization"] = "A1"
    claims[1]["billing_provider"]["address"]["line1"] = "PO BOX 12"
    path = practice.home / "claims.json"
    path.write_text(json.dumps(claims))
    (document,) = practice.json("claims", "import", str(path), code=1)
    assert (document["ready"], document["held"]) == (5, 1)

    def write(*parts: str) -> str:
        file = tmp_path / "draft.toml"
        file.write_text(HEAD + "".join(parts))
        return str(file)

    return write


def tried(practice: Practice, *arguments: str) -> dict[str, Any]:
    """Tries; nothing in the store is different afterwards."""
    before = practice.rows(), practice.states()
    found: dict[str, Any] = practice.json("companions", "try", *arguments)
    assert before == (practice.rows(), practice.states())
    return found


def test_what_would_be_held(practice: Practice, draft: Callable[..., str]) -> None:
    """Counts, the rules that would do it, and the first claims with their reasons."""
    file = draft(PRIOR)
    found = tried(practice, file)
    assert {key: found[key] for key in ("file", "companion", "claims", "applies", "held", "changed", "warned")} == {
        "file": file, "companion": "draft", "claims": 6, "applies": 6, "held": 5, "changed": 0, "warned": 0,
    }  # fmt: skip
    assert found["rules"] == [{"code": "acme_prior", "kind": "required", "says": "Acme wants a number.", "claims": 5}]
    first = found["first"][0]
    assert first["patient_control_number"] in practice.states() and first["outcome"] == ["held"]
    assert first["findings"] == [
        {"code": "acme_prior", "severity": "error", "field": "prior_authorization", "text": "Acme wants a number."}
    ]


def test_what_would_be_written_otherwise(practice: Practice, draft: Callable[..., str]) -> None:
    """Each field with its value before and after."""
    found = tried(practice, draft(GROUP))
    assert (found["held"], found["changed"]) == (0, 6) and found["rules"][0]["claims"] == 6
    change = found["first"][0]["changes"][0]
    assert (change["field"], change["after"]) == ("subscriber.group_name", "ACME")


def test_what_would_not_be_held_any_more(practice: Practice, draft: Callable[..., str]) -> None:
    """An edit that is made a warning lets its claims through, and says for which."""
    found = tried(practice, draft(BOX))
    assert (found["held"], found["let_through"]) == (0, 1)
    (first,) = found["first"]
    assert first["outcome"] == ["let_through"] and first["let_through"][0]["code"] == "po_box"
    assert [one["severity"] for one in first["findings"]] == ["warning"]


def test_a_warning_is_counted_apart(practice: Practice, draft: Callable[..., str]) -> None:
    """It would hold nothing."""
    found = tried(practice, draft(PRIOR + 'severity = "warning"\n'))
    assert (found["held"], found["warned"]) == (0, 5)


def test_claims_can_be_chosen(practice: Practice, draft: Callable[..., str]) -> None:
    """By state, by day of import, by partner, and by whom the companion is for."""
    file = draft(PRIOR)
    assert tried(practice, file, "--state", "held")["claims"] == 1
    assert tried(practice, file, "--since", "2020-01-01")["claims"] == 6
    assert tried(practice, file, "--since", "2999-01-01")["claims"] == 0
    assert tried(practice, file, "--partner", "house")["claims"] == 6
    practice.gateway("companions", "try", file, "--partner", "nobody", code=2)
    practice.gateway("companions", "try", file, "--state", "helt", code=2)
    medicare = tried(practice, "medicare_professional")
    assert medicare["claims"] == 6 and 0 < medicare["applies"] < 6


def test_only_the_first_claims_are_shown(practice: Practice, draft: Callable[..., str]) -> None:
    """Ten of a kind; the counts are of all."""
    claims = list(sample_claims(40, 7, date(2026, 1, 5)))
    path = practice.home / "more.json"
    path.write_text(json.dumps(claims))
    practice.gateway("claims", "import", str(path))
    found = tried(practice, draft(PRIOR))
    assert found["held"] > 30 and len(found["first"]) == 10


def test_for_a_person_it_is_text(practice: Practice, draft: Callable[..., str]) -> None:
    """Counts in words, the rules as a table, the first claims below."""
    out = practice.gateway("companions", "try", draft(PRIOR, GROUP)).out
    assert "draft: is for 6 of 6 claims" in out and "5 would be held" in out and "6 would be written otherwise" in out
    assert "error: prior_authorization: Acme wants a number. [acme_prior]" in out
    assert "subscriber.group_name: " in out and "→ ACME" in out


def test_every_fault_of_a_draft_is_a_line(practice: Practice, draft: Callable[..., str]) -> None:
    """With file, line and key; exit code 2."""
    ran = practice.gateway("companions", "try", draft(PRIOR.replace("required", "requird"), "[limit]\n"), code=2)
    assert ran.out == "" and len(ran.lines()) == 2
    assert all("draft.toml" in line for line in ran.lines())
    ran = practice.gateway("companions", "try", "nowhere.toml", code=2)
    assert ran.lines() == ["gateway: nowhere.toml: No such file or directory"]


def test_companions_are_listed(practice: Practice) -> None:
    """Shipped ones and the home's, which hides a shipped one of its name; a broken one is named, with exit code 2."""
    names = {one["name"] for one in practice.json("companions", "list")}
    assert {"office_ally", "availity", "claim_md", "stedi", "medicare_professional"} <= names
    own = practice.home / "mappings" / "companions" / "stedi.toml"
    own.write_text(HEAD)
    listed = {one["name"]: one for one in practice.json("companions", "list")}
    assert (listed["stedi"]["from"], listed["stedi"]["says"], listed["claim_md"]["from"]) == ("home", "Acme", "gateway")
    own.write_text("[companion\n")
    ran = practice.gateway("companions", "list", code=2)
    assert "cannot be used" in ran.out and "stedi.toml: " in ran.err


def test_a_companion_is_shown(practice: Practice) -> None:
    """Whose claims, which limits, and each rule with its sentence and source."""
    document = practice.json("companions", "show", "medicare_professional")
    assert document["applies"]["filing_indicators"] == ["MB"] and document["limits"]["one_payer_per_set"] is True
    assert all(one["says"] and one["source"] for one in document["rules"])
    out = practice.gateway("companions", "show", "claim_md").out
    assert "claims per file: 2000" in out and "in force for: nobody" in out
    assert "known are" in practice.gateway("companions", "show", "nobody", code=2).err
