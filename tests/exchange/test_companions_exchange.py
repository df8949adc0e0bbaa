"""A partner's and a payer's wishes on the way of a claim: at the door, when released, when built, in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from practice import Partner, Practice, in_a_folder

from gateway.claims.samples import sample_claims

HEAD = '[companion]\nsays = "Acme"\nsource = "a letter"\n'
PRIOR = """
[[rules]]
code = "acme_prior"
kind = "required"
field = "prior_authorization"
says = "Acme wants a prior authorization."
"""
SHORT = """
[[rules]]
code = "acme_number"
kind = "allowed"
field = "patient_control_number"
longest = 1
release = false
says = "Acme takes short numbers only."
"""
NAMED = {"[partner]\n": '[partner]\ncompanions = ["acme"]\n'}


def wish(practice: Practice, *parts: str, name: str = "acme") -> Path:
    """Puts a companion into the home."""
    path = practice.home / "mappings" / "companions" / f"{name}.toml"
    path.write_text(HEAD + "".join(parts), encoding="utf-8")
    return path


@pytest.fixture
def house(practice: Practice, tmp_path: Path, quick: None) -> Partner:
    """A partner whose profile names the companion acme."""
    wish(practice)
    return practice.partner(in_a_folder(tmp_path / "house", changes=NAMED, per_set=100, per_file=100))


def built(practice: Practice, code: int | None = 0) -> list[str]:
    """Builds; gives each file's text, one segment a line."""
    practice.gateway("batches", "build", code=code)
    return [exported(practice, batch["id"]) for batch in practice.batches() if batch["state"] == "built"]


def exported(practice: Practice, batch_id: str) -> str:
    file = practice.home / f"batch{batch_id}"
    practice.gateway("batches", "export", batch_id, str(file))
    return file.read_text().replace("~", "~\n")


def segments(text: str, start: str) -> list[str]:
    return [line.strip("~") for line in text.splitlines() if line.startswith(start)]


def door(
    practice: Practice, count: int = 4, changed: Callable[[int, dict[str, Any]], object] | None = None
) -> dict[str, Any]:
    """Imports invented claims; gives the import's document."""
    claims = list(sample_claims(count, 1, date(2026, 1, 5)))
    for number, claim in enumerate(claims):
        if changed is not None:
            changed(number, claim)
    path = practice.home / "door.json"
    path.write_text(json.dumps(claims))
    (document,) = practice.json("claims", "import", str(path), code=None)
    found: dict[str, Any] = document
    return found


# At the door


@pytest.mark.usefixtures("house")
def test_a_claim_that_does_not_meet_a_wish_is_held(practice: Practice) -> None:
    """With each reason and its sentence; the others are ready."""
    wish(practice, PRIOR, SHORT)
    document = door(practice, 3, lambda number, claim: number and claim.update(prior_authorization="A1"))
    assert (document["ready"], document["held"]) == (0, 3)
    first = [(one["code"], one["field"], one["text"]) for one in document["issues"] if one["record"] == 1]
    assert ("acme_prior", "prior_authorization", "Acme wants a prior authorization.") in first
    assert {code for code, _, _ in first} == {"acme_prior", "acme_number"}


@pytest.mark.usefixtures("house")
def test_a_warning_holds_nothing(practice: Practice) -> None:
    """It is only said."""
    wish(practice, PRIOR + 'severity = "warning"\n')
    document = door(practice)
    assert document["ready"] == 4 and {one["severity"] for one in document["issues"]} == {"warning"}


def test_a_partner_without_the_companion_is_not_concerned(practice: Practice, tmp_path: Path, quick: None) -> None:
    """A file without payers is in force only where a profile names it, and so is every shipped one."""
    wish(practice, PRIOR)
    practice.partner(in_a_folder(tmp_path / "house"))
    assert door(practice)["ready"] == 4
    listed = {one["name"]: one for one in practice.json("companions", "list")}
    assert listed["acme"]["in_force"] == "" and listed["acme"]["from"] == "home"
    assert listed["medicare_professional"]["in_force"] == ""


def test_a_homes_file_for_a_payer_is_in_force_by_itself(practice: Practice, tmp_path: Path, quick: None) -> None:
    """For claims of that payer, whichever partner they go to, and none other."""
    practice.partner(in_a_folder(tmp_path / "house"))
    ids: list[str] = []
    door(practice, 6, lambda number, claim: ids.append(claim["payer"]["id"]))
    wish(practice, f'[applies]\npayers = ["{ids[0]}"]\n', PRIOR)
    held = built(practice, code=1)
    states = practice.states()
    assert held and sorted(states.values()).count("held") == ids.count(ids[0])
    assert {one["name"]: one["in_force"] for one in practice.json("companions", "list")}["acme"] == "its payers"


@pytest.mark.usefixtures("house")
def test_a_person_may_release_what_the_rule_lets(practice: Practice) -> None:
    """A wish can be overruled, and building does not hold the claim again for it; release = false cannot."""
    wish(practice, PRIOR)
    door(practice, 2)
    one, other = practice.states()
    practice.gateway("claims", "release", one, "--reason", "they said so by telephone")
    (text,) = built(practice)
    assert len(segments(text, "CLM*")) == 1 and practice.states() == {one: "batched", other: "held"}
    wish(practice, PRIOR, SHORT)
    refused = practice.gateway("claims", "release", other, "--reason", "as well", code=4)
    assert "Acme takes short numbers only." in refused.err and "prior" not in refused.err


@pytest.mark.usefixtures("house")
def test_a_rule_that_comes_later_holds_what_was_released(practice: Practice) -> None:
    """A person released it for the reasons that were known, not for those that came afterwards."""
    wish(practice, PRIOR)
    door(practice, 1)
    (number,) = practice.states()
    practice.gateway("claims", "release", number, "--reason", "yes")
    wish(practice, PRIOR, SHORT.replace("release = false", "release = true"))
    assert built(practice, code=1) == []
    assert practice.states() == {number: "held"}
    practice.gateway("claims", "release", number, "--reason", "yes again")
    assert len(built(practice)) == 1


# Building


@pytest.mark.usefixtures("house")
def test_ready_claims_are_looked_at_again_before_they_are_built(practice: Practice) -> None:
    """A rule that came after the import holds what does not meet it, with the reason; the others are built."""
    door(practice, 5, lambda number, claim: number < 3 and claim.update(prior_authorization="A1"))
    wish(practice, PRIOR)
    ran = practice.gateway("batches", "build", code=1)
    assert "held: 2 of 5 claims do not meet what is wanted for house: acme_prior (2)" in ran.err + ran.out
    assert sorted(practice.states().values()) == ["batched"] * 3 + ["held"] * 2
    held = next(number for number, state in practice.states().items() if state == "held")
    events = practice.json("claims", "show", held)["events"]
    assert ("held", ["acme_prior"]) in [(event["kind"], event["codes"]) for event in events]
    practice.check()


@pytest.mark.usefixtures("house")
def test_nothing_is_built_where_all_are_held(practice: Practice) -> None:
    """And building again does nothing more: no batch, no number spent."""
    door(practice, 3)
    wish(practice, PRIOR)
    assert built(practice, code=1) == []
    assert practice.batches() == [] and set(practice.states().values()) == {"held"}
    before = practice.rows()
    practice.gateway("batches", "build")
    assert practice.rows() == before


@pytest.mark.usefixtures("house")
def test_what_is_replaced_stands_in_the_file_alone(practice: Practice) -> None:
    """The partner gets its values; the claim in the store stays what the practice knows."""
    wish(
        practice,
        '[[rules]]\ncode = "a"\nkind = "replaced"\nfield = "subscriber.group_name"\nvalue = "ACME GROUP"\nsays = "x"\n',
        '[[rules]]\ncode = "b"\nkind = "reformatted"\nfield = "subscriber.member_id"\nas = ["digits"]\npad = 12\n'
        'says = "x"\nwhen = { field = "subscriber.filing_indicator", not = ["MB"] }\n',
        '[[rules]]\ncode = "c"\nkind = "replaced"\nfield = "rendering_provider.taxonomy"\nvalue = ""\nsays = "x"\n',
    )
    document = door(practice, 3)
    assert document["ready"] == 3
    (text,) = built(practice)
    assert all("*ACME GROUP*" in one for one in segments(text, "SBR*")) and segments(text, "SBR*")
    members = [one.split("*")[9] for one in segments(text, "NM1*IL*")]
    assert sum(one.isdigit() and len(one) >= 12 for one in members) == len(members) - text.count("*MB~")
    assert segments(text, "PRV*PE") == []
    practice.check()


@pytest.mark.usefixtures("house")
def test_a_replaced_value_with_a_delimiter_holds_the_claim(practice: Practice) -> None:
    """A delimiter of the partner cannot be written; the claim is held, the others are built."""
    wish(
        practice,
        '[[rules]]\ncode = "a"\nkind = "replaced"\nfield = "subscriber.group_name"\nvalue = "A*B"\nsays = "x"\n'
        'when = { field = "prior_authorization" }\n',
    )
    document = door(practice, 3, lambda number, claim: number or claim.update(prior_authorization="A1"))
    assert document["ready"] + document["held"] == 3
    built(practice, code=None)
    assert sorted(practice.states().values()) == ["batched", "batched", "held"]


# Limits


def sets_of(text: str) -> list[list[str]]:
    """The patient control numbers of each set."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("ST*"):
            found.append([])
        if line.startswith("CLM*"):
            found[-1].append(line.split("*")[1])
    return found


@pytest.mark.usefixtures("house")
def test_caps_of_sets_and_files(practice: Practice) -> None:
    """The narrower of profile and companion holds."""
    wish(practice, "[limits]\nclaims_per_set = 2\nclaims_per_file = 5\n")
    door(practice, 12)
    texts = built(practice)
    assert [[len(one) for one in sets_of(text)] for text in texts] == [[2, 2, 1], [2, 2, 1], [2]]


@pytest.mark.usefixtures("house")
def test_a_wider_cap_does_not_widen_the_profile(practice: Practice, tmp_path: Path) -> None:
    """What the profile says is never exceeded."""
    wish(practice, "[limits]\nclaims_per_set = 5000\nclaims_per_file = 100000\n")
    practice.partner(in_a_folder(tmp_path / "narrow", changes=NAMED, per_set=2, per_file=4))
    door(practice, 5)
    assert [[len(one) for one in sets_of(text)] for text in built(practice)] == [[2, 2], [1]]


@pytest.mark.usefixtures("house")
def test_one_billing_provider_a_set(practice: Practice) -> None:
    """Each set has one 2000A alone, and every claim is in one set."""
    wish(practice, "[limits]\none_billing_provider_per_set = true\n")
    door(practice, 12)
    (text,) = built(practice)
    for part in text.split("ST*837*")[1:]:
        assert len(segments(part, "NM1*85*")) == 1
    assert sum(len(one) for one in sets_of(text)) == 12 and len(sets_of(text)) > 1


@pytest.mark.usefixtures("house")
def test_one_payer_a_set(practice: Practice) -> None:
    """Claims of several payers go in several sets of the same file."""
    wish(practice, "[limits]\none_payer_per_set = true\n")
    door(practice, 12)
    (text,) = built(practice)
    for part in text.split("ST*837*")[1:]:
        assert len({one.split("*")[9] for one in segments(part, "NM1*PR*")}) == 1
    assert len(sets_of(text)) > 1
    practice.check()


@pytest.mark.usefixtures("house")
def test_limits_hold_for_the_claims_that_are_meant(practice: Practice) -> None:
    """A payer's small sets do not make those of others small."""
    ids: list[str] = []
    door(practice, 12, lambda number, claim: ids.append(claim["payer"]["id"]))
    wish(practice, f'[applies]\npayers = ["{ids[0]}"]\n[limits]\nclaims_per_set = 1\n')
    (text,) = built(practice)
    sizes = sorted(len(one) for one in sets_of(text))
    assert sizes == [1] * ids.count(ids[0]) + [12 - ids.count(ids[0])]


# Configuration


@pytest.mark.parametrize("command", [("batches", "build"), ("claims", "import", "door.json")])
@pytest.mark.usefixtures("house")
def test_a_broken_companion_in_force_stops_with_one_line(practice: Practice, command: tuple[str, ...]) -> None:
    """File, line, key and reason, exit code 2, and nothing is stored or built."""
    door(practice, 2)
    wish(practice, PRIOR.replace("required", "requird"))
    before = practice.rows()
    arguments = [str(practice.home / one) if one.endswith(".json") else one for one in command]
    ran = practice.gateway(*arguments, code=2)
    (line,) = ran.lines()
    assert "acme.toml: line 7: [[rules]] kind: " in line and "did you mean 'required'?" in line
    assert practice.rows() == before


def test_an_unknown_companion_is_named_with_its_profile(practice: Practice, tmp_path: Path, quick: None) -> None:
    """And doctor says the same."""
    practice.partner(in_a_folder(tmp_path / "house", changes=NAMED))
    for command in (("batches", "build"), ("doctor",)):
        ran = practice.gateway(*command, code=2)
        told = ran.out + ran.err
        assert "house.toml: [partner] companions: there is no 'acme' in mappings/companions" in told
        assert "office_ally" in told


@pytest.mark.usefixtures("house")
def test_edits_that_ask_the_store_are_more_severe_or_less_too(practice: Practice) -> None:
    """The same service on its way under another number: held where the partner wants it so, or silent."""
    edit = '[[rules]]\ncode = "in_flight"\nkind = "edit"\nseverity = "{}"\nsays = "x"\n'
    door(practice, 1)
    for number, (severity, found) in enumerate((("error", "error"), ("warning", "warning"), ("off", ""))):
        wish(practice, edit.format(severity))
        document = door(practice, 1, lambda _, claim, n=number: claim.update(patient_control_number=f"AGAIN{n}"))
        assert [one["severity"] for one in document["issues"] if one["code"] == "in_flight"] == [found] * bool(found)
        assert document["held"] == (severity == "error")


@pytest.mark.usefixtures("house")
def test_edits_that_ask_the_store_can_be_switched_on(practice: Practice) -> None:
    """What is off in the home's own table is looked at where the partner wants it."""
    row = "in_flight,in_flight,*,off,yes,It is on its way as {detail}.,home\n"
    own = practice.home / "mappings" / "edits.csv"
    own.write_text("code,check,types,severity,release,says,source\n" + row, encoding="utf-8")
    door(practice, 1)
    again = {"wanted": False, "named": "AGAIN0"}, {"wanted": True, "named": "AGAIN1"}
    for one in again:
        if one["wanted"]:
            wish(practice, '[[rules]]\ncode = "in_flight"\nkind = "edit"\nseverity = "error"\nsays = "x"\n')
        document = door(practice, 1, lambda _, claim, n=one["named"]: claim.update(patient_control_number=n))
        assert document["held"] == one["wanted"]
        assert [issue["code"] for issue in document["issues"] if issue["code"] == "in_flight"] == (
            ["in_flight"] if one["wanted"] else []
        )
