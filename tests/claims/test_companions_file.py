"""A companion's file: all that is wrong is named with file, line and key; the guide is never contradicted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from claim_files import MAPPINGS, rules
from companion_texts import GUIDES, HEAD, companion, rule

from gateway.claims.companion_file import load_companion
from gateway.claims.companion_tables import CompanionFaults
from gateway.claims.field_paths import FieldPath, value_at
from gateway.claims.guide_fields import all_paths, guide_fields
from gateway.claims.samples import sample_claims
from gateway.guides import guide_for
from gateway.x12.document_rules import check_document


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(CompanionFaults) as caught:
        load_companion(text, "acme", GUIDES, rules().edits, "acme.toml")
    return caught.value.faults


@pytest.mark.parametrize("path", sorted((MAPPINGS / "companions").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_companions_are_sound(path: Path) -> None:
    """Each is read without a fault, says what it is, and each of its rules has a source."""
    made = load_companion(path.read_text(encoding="utf-8"), path.stem, GUIDES, rules().edits)
    assert made.says and all(one.says and one.source for one in made.rules)


def test_an_empty_companion_wants_nothing() -> None:
    """A head alone is a companion without rules."""
    made = companion()
    assert made.rules == () and made.says == "a test" and not made.is_for_a_payer


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[compagnion]\n", 1, "[compagnion]: is no table of a companion; did you mean 'companion'?"),
        ('[companion]\nsource = "x"\n', 1, "[companion] says: is missing"),
        ('[companion]\nsays = 5\nsource = "x"\n', 2, "[companion] says: must be text"),
        (HEAD + '[applies]\npayer = "1"\n', 5, "[applies] payer: is no key here; did you mean 'payers'?"),
        (HEAD + "[applies]\npayers = [1]\n", 5, "[applies] payers: must be a list of text"),
        (HEAD + '[applies]\nclaim_types = ["profesional"]\n', 5, "did you mean 'professional'?"),
        (HEAD + "[limits]\nclaims_per_set = 6000\n", 5, "must be a whole number from 1 to 5000"),
        (HEAD + "[limits]\nclaims_per_set = true\n", 5, "must be a whole number from 1 to 5000"),
        (HEAD + '[limits]\none_payer_per_set = "yes"\n', 5, "must be true or false"),
        (HEAD + '[lookups]\nplans = "A"\n', 0, "[lookups.plans]: must be a table of text to text"),
        (HEAD + "rules = 5\n", 0, "is no key here"),
        ("rules = 5\n" + HEAD, 0, "[rules]: must be tables, each under its own [[rules]]"),
    ],
)
def test_slips_of_the_pen_are_named(text: str, line: int, says: str) -> None:
    """File, line and key, and what was probably meant."""
    (found,) = (one for one in faults(text) if says in one)
    assert found.startswith(f"acme.toml: line {line}: " if line else "acme.toml: ")


CASES = [
    (rule("requird", 'field = "patient"'), "kind", "did you mean 'required'?"),
    (rule("required"), "field", "is missing"),
    (rule("required", 'field = "billing provider"'), "field", "is no field; write it like"),
    (rule("required", 'field = "patient"', code="Acme-1"), "code", "small letters, digits and _"),
    (rule("required", 'field = "patient"', code="guide_missing"), "code", "the guide's own"),
    (rule("required", 'field = "patient"', says=""), "says", "must be text"),
    (rule("required", 'field = "patient"', 'severity = "off"'), "severity", "is not one of error, warning"),
    (rule("required", 'field = "patient"', 'release = "yes"'), "release", "must be true or false"),
    (rule("required", 'field = "patient"', 'values = ["1"]'), "values", "is no key here"),
    (rule("required", 'field = "patient"', "when = 5"), "when", "must be like"),
    (rule("required", 'field = "patient"', 'when = { fiel = "x" }'), "when", "fiel is no key of a condition"),
    (rule("required", 'field = "patient"', 'when = { field = "frequency", is = 1 }'), "when", "is must be text"),
    (rule("required", 'field = "patient"', 'when = { field = "frequency", is = "1", not = "7" }'), "when", "needs one"),
    (rule("allowed", 'field = "frequency"'), "values", "needs values, a pattern or longest"),
    (rule("allowed", 'field = "frequency"', 'pattern = "["'), "pattern", "is no regular expression"),
    (rule("replaced", 'field = "subscriber.group_name"'), "value", "needs a value or a lookup"),
    (rule("replaced", 'field = "subscriber.group_name"', 'lookup = "plans"'), "lookup", "no [lookups.plans]"),
    (rule("replaced", 'field = "patient"', 'value = "X"', 'severity = "error"'), "severity", "is no key here"),
    (rule("reformatted", 'field = "subscriber.member_id"'), "as", "needs as, cut or pad"),
    (rule("reformatted", 'field = "subscriber.member_id"', 'as = ["uper"]'), "as", "did you mean 'upper'?"),
    (rule("reformatted", 'field = "subscriber.member_id"', "cut = 3", "pad = 5"), "pad", "longer than cut leaves"),
    (rule("reformatted", 'field = "subscriber.member_id"', "pad = 5", 'pad_with = "00"'), "pad_with", "one character"),
    (rule("characters", 'set = "all"'), "set", "is not one of basic, extended"),
    (rule("edit", 'severity = "error"', code="po_bx"), "code", "did you mean 'po_box'?"),
    (rule("edit", 'severity = "maybe"', code="po_box"), "severity", "is not one of error, warning, off"),
]


@pytest.mark.parametrize(("text", "key", "says"), CASES)
def test_faults_of_a_rule_are_named(text: str, key: str, says: str) -> None:
    """At the rule's own line, though an earlier rule has the same keys."""
    before = rule("required", 'field = "prior_authorization"', code="first")
    whole = HEAD + before + text
    (found,) = faults(whole)
    assert f"[[rules]] {key}: " in found and says in found
    lines = whole.splitlines()
    number = int(found.removeprefix("acme.toml: line ").partition(":")[0])
    start = len((HEAD + before).splitlines())
    assert number > start and (lines[number - 1].startswith((key, "[[rules]]")))


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (rule("required", 'field = "billing_provider.colour"'), "field", "the guide has no field"),
        (rule("required", 'field = "lines[].procedure.cod"'), "field", "did you mean 'lines[].procedure.code'?"),
        (rule("required", 'field = "lines.charge"'), "field", "the guide has no field"),
        (rule("required", 'field = "patient"', 'when = { field = "nobody" }'), "when", "the guide has no field"),
        (rule("required", 'field = "lines[].teeth"', 'claim_types = ["professional"]'), "field", "in professional"),
        (rule("forbidden", 'field = "payer.name"'), "field", "the guide (837P, 837I, 837D) requires payer.name"),
        (rule("forbidden", 'field = "lines"'), "field", "requires lines"),
        (rule("forbidden", 'field = "lines[].charge"'), "field", "requires lines[].charge"),
        (rule("forbidden", 'field = "diagnoses[].code"'), "field", "requires diagnoses[].code"),
        (rule("required", 'field = "submitter.id"'), "field", "written as the partner's profile says"),
        (rule("allowed", 'field = "frequency"', 'values = ["17"]'), "values", "does not take '17'"),
        (rule("allowed", 'field = "patient"', 'values = ["1"]'), "field", "is not a text"),
        (
            rule("required", 'field = "patient"', 'when = { field = "subscriber.gender", is = "X" }'),
            "when",
            "never 'X'",
        ),
        (rule("replaced", 'field = "patient_control_number"', 'value = "1"'), "field", "answers find the claim by it"),
        (rule("replaced", 'field = "payer.id"', 'value = "1"'), "field", "mappings/codes/payers.csv"),
        (rule("reformatted", 'field = "lines[].charge"', "cut = 3"), "field", "never changed at writing"),
        (rule("reformatted", 'field = "lines[].service_date"', "cut = 3"), "field", "never changed at writing"),
        (rule("replaced", 'field = "transaction.purpose"', 'value = "00"'), "field", "once for a whole set"),
        (rule("replaced", 'field = "subscriber.gender"', 'value = "X"'), "value", "does not take 'X'"),
        (rule("replaced", 'field = "subscriber.group_name"', 'value = "É"'), "value", "X12 cannot carry"),
        (rule("replaced", 'field = "payer.name"', 'value = ""'), "value", "requires payer.name"),
        (rule("reformatted", 'field = "payer.name"', "pad = 70"), "pad", "at most 60 characters"),
        (rule("reformatted", 'field = "subscriber.member_id"', "cut = 1"), "cut", "at least 2 characters"),
        (rule("edit", 'severity = "warning"', code="charge_sum"), "severity", "an error of the guide itself"),
        (rule("edit", 'severity = "off"', code="pointer_range"), "severity", "an error of the guide itself"),
    ],
)
def test_a_rule_that_contradicts_the_guide_is_refused(text: str, key: str, says: str) -> None:
    """With the reason, at its key."""
    found = [one for one in faults(HEAD + text) if says in one]
    assert found and all(f"[[rules]] {key}: " in one and one.startswith("acme.toml: line ") for one in found)


def test_everything_wrong_is_said_at_once() -> None:
    """Each fault is a line; the error's own text is the first one, and how many more there are."""
    text = HEAD + "[limits]\nclaims_per_set = 0\n" + rule("requird") + rule("forbidden", 'field = "payer"', code="b")
    found = faults(text)
    assert len(found) == 3 and all("\n" not in one for one in found)
    with pytest.raises(CompanionFaults, match=r"\(and 2 more\)$"):
        load_companion(text, "acme", GUIDES, rules().edits)


def test_two_rules_cannot_have_one_code() -> None:
    """A finding names its rule."""
    one = rule("required", 'field = "patient"')
    assert "is the code of another rule of this file" in faults(HEAD + one + one)[0]


def test_a_rule_needs_a_source() -> None:
    """Its own, or the file's."""
    text = '[companion]\nsays = "x"\n' + rule("required", 'field = "patient"')
    assert "[[rules]] source: is missing" in faults(text)[0]
    assert load_companion(text + 'source = "a letter"\n', "acme", GUIDES).rules[0].source == "a letter"


@pytest.mark.parametrize("text", ["[companion", "says = \x00", '[companion]\nsays = "a"\nsays = "b"\n', "\ufeff[x]\n"])
def test_what_is_no_toml_is_one_line(text: str) -> None:
    """With the place that the parser names."""
    (found,) = faults(text)[:1]
    assert found.startswith("acme.toml: ") and "\n" not in found


def test_an_optional_field_may_be_forbidden() -> None:
    """What the guide lets a claim have or not have is the partner's to say; so is one side of a choice."""
    for field in ("patient", "rendering_provider", "billing_provider.ssn", "subscriber.group_name", "lines[].drug"):
        assert companion(rule("forbidden", f'field = "{field}"')).rules


def test_what_is_called_required_is_missed_by_the_guide() -> None:
    """For every field of some claims: where a rule may not forbid it, the guide complains of a claim without it."""
    guide = guide_for("professional")
    fields = guide_fields(guide)
    looked = 0
    for document in sample_claims(4, 3, date(2026, 1, 5)):
        for text in all_paths(guide):
            path = FieldPath.parse(text)
            if path.steps[0] in ("submitter", "receiver", "transaction") or not fields.requires(path):
                continue
            for owner in path.owners()(document):
                holder = value_at(owner.around[-1], path.names[:-1])
                if isinstance(holder, dict) and (kept := holder.pop(path.names[-1], None)) is not None:
                    looked += 1
                    assert any(one.code == "1" for one in check_document(document, guide)), text
                    holder[path.names[-1]] = kept
    assert looked > 50
