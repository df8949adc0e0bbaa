"""What a companion finds in a claim, and what it changes: each kind of rule, with its conditions."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from claim_files import TODAY, dentist, hospital, rules, sound
from companion_texts import companion, completed, places, rule, wish, wishes, without
from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.admission import admit, inspect
from gateway.claims.companions import Limits, Reformat
from gateway.claims.crosswalk import load_crosswalk
from gateway.claims.findings import Finding, errors
from gateway.claims.intake.records import Record
from gateway.claims.wishes import NO_WISHES, Wishes

OTHER = {"payer_responsibility": "P", "payer": {"id": "99002", "name": "BLUE HARBOR"}}


def test_what_is_required_is_missed() -> None:
    """A field that is not there is found, with the rule's code, severity, sentence and whether it can be released."""
    made = wish(rule("required", 'field = "billing_provider.taxonomy"', 'severity = "warning"', "release = false"))
    assert made.check(completed(sound())) == []
    found = made.check(without(completed(sound()), "billing_provider", "taxonomy"))
    assert found == [Finding("acme_rule", "warning", "billing_provider.taxonomy", "Acme wants it so.", False)]


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_what_is_empty_is_missing(empty: Any) -> None:
    """An empty text, object or list says nothing."""
    made = wish(rule("required", 'field = "rendering_provider"'))
    assert places(made, {**sound(), "rendering_provider": empty}) == [("acme_rule", "rendering_provider")]


def test_a_field_is_missing_where_its_object_is() -> None:
    """So a rule on a party that may be absent says when it is meant."""
    field = 'field = "rendering_provider.taxonomy"'
    assert places(wish(rule("required", field)), sound()) == [("acme_rule", "rendering_provider.taxonomy")]
    made = wish(rule("required", field, 'when = { field = "rendering_provider" }'))
    assert places(made, sound()) == []
    there = sound(rendering_provider={"last_name": "X", "npi": "1993999998"})
    assert places(made, there) == [("acme_rule", "rendering_provider.taxonomy")]


def test_every_line_is_looked_at() -> None:
    """A rule on lines names each line that fails, and none where there is no line."""
    made = wish(rule("required", 'field = "lines[].place_of_service"'))
    document = completed(sound())
    document["lines"][1]["place_of_service"] = "11"
    assert places(made, document) == [("acme_rule", "lines[0].place_of_service")]
    assert places(made, {**document, "lines": []}) == []


def test_a_list_in_a_list_is_looked_at() -> None:
    """Adjudications of lines, each with its full path."""
    made = wish(rule("required", 'field = "lines[].adjudications[].paid_date"'))
    document = completed(sound())
    document["lines"][1]["adjudications"] = [{"payer_id": "1", "paid_date": "2026-01-20"}, {"payer_id": "2"}]
    assert places(made, document) == [("acme_rule", "lines[1].adjudications[1].paid_date")]


def test_a_condition_on_the_same_list_is_meant_of_the_same_item() -> None:
    """A rule on a line asks that line, not another one."""
    when = 'when = { field = "lines[].procedure.code", is = ["99214"] }'
    made = wish(rule("required", 'field = "lines[].drug"', when))
    document = completed(sound())
    document["lines"][0]["procedure"]["code"] = "99214"
    document["lines"][1]["procedure"]["code"] = "99213"
    assert places(made, document) == [("acme_rule", "lines[0].drug")]


def test_a_condition_on_another_list_is_meant_of_any_item() -> None:
    """One item for which it holds is enough."""
    when = 'when = { field = "diagnoses[].code", is = "I10" }'
    made = wish(rule("required", 'field = "lines[].drug"', when))
    assert len(made.check(completed(sound()))) == 2
    assert made.check(completed(sound(diagnoses=[{"code": "J45909"}]))) == []


@pytest.mark.parametrize(
    ("when", "held"),
    [
        ('{ field = "subscriber.filing_indicator", is = ["CI", "BL"] }', True),
        ('{ field = "subscriber.filing_indicator", is = "ci" }', True),
        ('{ field = "subscriber.filing_indicator", is = ["BL"] }', False),
        ('{ field = "subscriber.filing_indicator", not = ["BL"] }', True),
        ('{ field = "subscriber.filing_indicator", not = ["CI"] }', False),
        ('{ field = "subscriber.insurance_type", not = ["12"] }', True),
        ('{ field = "prior_authorization", present = false }', True),
        ('{ field = "prior_authorization" }', False),
        ('{ field = "billing_provider" }', True),
        ('[{ field = "billing_provider" }, { field = "patient" }]', False),
        ('[{ field = "billing_provider" }, { field = "patient", present = false }]', True),
        ('{ field = "lines[].procedure.modifiers[]", is = ["25"] }', False),
    ],
)
def test_conditions(when: str, held: bool) -> None:
    """Present, absent, one of, none of; several must all hold; letter case does not matter."""
    made = wish(rule("required", 'field = "prior_authorization"', f"when = {when}"))
    assert bool(made.check(completed(sound()))) is held


def test_a_condition_sees_texts_of_lists() -> None:
    """Modifiers are a list of texts on each line."""
    when = 'when = { field = "lines[].procedure.modifiers[]", is = ["25"] }'
    made = wish(rule("required", 'field = "lines[].prior_authorizations"', when))
    document = completed(sound())
    document["lines"][1]["procedure"]["modifiers"] = ["59", "25"]
    assert places(made, document) == [("acme_rule", "lines[1].prior_authorizations")]


def test_what_is_forbidden_is_found() -> None:
    """The object or text that the partner does not want."""
    made = wish(rule("forbidden", 'field = "other_payers"'))
    assert places(made, completed(sound())) == []
    assert places(made, sound(other_payers=[OTHER])) == [("acme_rule", "other_payers")]


def test_allowed_values_pattern_and_length() -> None:
    """A text must be one of the values, fit the whole pattern, and be short enough; an absent one is no fault."""
    assert places(wish(rule("allowed", 'field = "place_of_service"', 'values = ["11", "22"]')), sound()) == []
    made = wish(rule("allowed", 'field = "place_of_service"', 'values = ["22"]'))
    assert places(made, sound()) == [("acme_rule", "place_of_service")]
    pattern = wish(rule("allowed", 'field = "subscriber.member_id"', "pattern = '[A-Z]{2}\\d+'"))
    assert places(pattern, sound()) == []
    assert places(pattern, sound(**{"subscriber.member_id": "EX1 "})) == [("acme_rule", "subscriber.member_id")]
    length = wish(rule("allowed", 'field = "patient_control_number"', "longest = 7"))
    assert places(length, sound()) == [("acme_rule", "patient_control_number")]
    assert places(length, {"type": "professional"}) == []


def test_allowed_values_of_a_list() -> None:
    """Each text of a list is looked at."""
    made = wish(rule("allowed", 'field = "lines[].procedure.modifiers[]"', "pattern = '\\w\\w'"))
    document = completed(sound())
    document["lines"][0]["procedure"]["modifiers"] = ["25", "5"]
    assert places(made, document) == [("acme_rule", "lines[0].procedure.modifiers[1]")]


def test_characters_of_the_basic_set() -> None:
    """Small letters are written in capitals and are no fault; other signs are. The extended set has more of them."""
    basic, extended = wish(rule("characters", 'set = "basic"')), wish(rule("characters", 'set = "extended"'))
    document = sound(**{"subscriber.first_name": "Greta-Anne (O'X)", "billing_provider.address.line1": "1 A_B #2"})
    assert places(basic, document) == [("acme_rule", "billing_provider.address.line1")]
    assert places(extended, document) == []
    assert places(extended, sound(**{"subscriber.first_name": "GRETA☃"})) == [("acme_rule", "subscriber.first_name")]
    part = wish(rule("characters", 'set = "basic"', 'field = "lines[].procedure"'))
    document["lines"][0]["procedure"]["description"] = "50%"
    assert places(part, document) == [("acme_rule", "lines[0].procedure.description")]


# Changes


def changed(made: Any, document: dict[str, Any]) -> dict[str, Any]:
    """What is written, and that the claim itself stays as it was."""
    before = deepcopy(document)
    written: dict[str, Any] = made.apply(document)
    assert document == before
    return written


def test_a_value_is_replaced_or_put_in() -> None:
    """The partner's value stands whatever the claim says, also where it says nothing."""
    made = wish(rule("replaced", 'field = "subscriber.group_name"', 'value = "GROUP"'))
    assert changed(made, sound())["subscriber"]["group_name"] == "GROUP"
    assert changed(made, sound(**{"subscriber.group_name": "OLD"}))["subscriber"]["group_name"] == "GROUP"


def test_no_object_is_made_for_a_value() -> None:
    """Where the party is absent, its field stays absent: half a party cannot be sent."""
    made = wish(rule("replaced", 'field = "rendering_provider.taxonomy"', 'value = "207Q00000X"'))
    document = sound()
    assert made.apply(document) is document


def test_an_empty_value_takes_the_field_away() -> None:
    """And leaves no empty text behind."""
    made = wish(rule("replaced", 'field = "subscriber.group_number"', 'value = ""'))
    assert "group_number" not in changed(made, sound(**{"subscriber.group_number": "G1"}))["subscriber"]
    document = sound()
    assert made.apply(document) is document


def test_a_lookup_replaces_what_it_knows() -> None:
    """In any letter case; what it does not know stays."""
    table = '[lookups.plans]\n"plan a" = "A1"\n'
    made = wish(table, rule("replaced", 'field = "subscriber.group_name"', 'lookup = "plans"'))
    assert changed(made, sound(**{"subscriber.group_name": "Plan A"}))["subscriber"]["group_name"] == "A1"
    assert changed(made, sound(**{"subscriber.group_name": "PLAN B"}))["subscriber"]["group_name"] == "PLAN B"


def test_a_lookup_replaces_texts_of_a_list() -> None:
    """Modifiers, for example, each at its place."""
    table = '[lookups.modifiers]\n"AA" = "QZ"\n'
    made = wish(table, rule("replaced", 'field = "lines[].procedure.modifiers[]"', 'lookup = "modifiers"'))
    document = completed(sound())
    document["lines"][0]["procedure"]["modifiers"] = ["25", "AA"]
    assert changed(made, document)["lines"][0]["procedure"]["modifiers"] == ["25", "QZ"]


@pytest.mark.parametrize(
    ("lines", "before", "after"),
    [
        (('as = ["upper", "letters_and_digits"]',), "ab 12-3", "AB123"),
        (('as = ["digits"]',), "A-1234", "1234"),
        (('as = ["digits"]',), "NONE", "NONE"),
        (("cut = 5",), "ABCDEFG", "ABCDE"),
        (("pad = 9",), "1234", "000001234"),
        (("pad = 9", 'pad_with = "X"', 'pad_side = "right"'), "1234", "1234XXXXX"),
        (('as = ["digits"]', "cut = 6", "pad = 6"), "A-12", "000012"),
        (('as = "single_blanks"',), " A   B ", "A B"),
    ],
)
def test_a_text_is_reformatted(lines: tuple[str, ...], before: str, after: str) -> None:
    """Steps, then the cut, then the padding; what would leave nothing leaves the text as it was."""
    made = wish(rule("reformatted", 'field = "subscriber.member_id"', *lines))
    assert changed(made, sound(**{"subscriber.member_id": before}))["subscriber"]["member_id"] == after


@given(st.text(max_size=30), st.integers(0, 12), st.integers(0, 12))
def test_reformatting_twice_is_reformatting_once(text: str, cut: int, pad: int) -> None:
    """A resent claim is written like the first time, and nothing becomes empty."""
    made = Reformat(("upper", "letters_and_digits"), cut, min(pad, cut) if cut else pad)
    assert made(made(text)) == made(text)
    assert bool(made(text)) == bool(text) or (not text and made.pad > 0)


def test_changes_follow_each_other() -> None:
    """A later rule sees what an earlier one wrote, and one that applies no more changes nothing."""
    made = wish(
        rule("replaced", 'field = "subscriber.group_name"', 'value = "x y"', code="one"),
        rule("reformatted", 'field = "subscriber.group_name"', 'as = ["upper"]', code="two"),
        rule(
            "replaced",
            'field = "subscriber.group_number"',
            'value = "9"',
            'when = { field = "subscriber.group_name", is = "other" }',
            code="three",
        ),
    )
    written = changed(made, sound())
    assert written["subscriber"]["group_name"] == "X Y" and "group_number" not in written["subscriber"]


def test_what_nothing_changes_is_not_copied() -> None:
    """The same object comes back, so that a wish that does not matter costs next to nothing."""
    made = wish(rule("reformatted", 'field = "subscriber.member_id"', 'as = ["upper"]'))
    document = sound()
    assert made.apply(document) is document


@pytest.mark.parametrize("odd", [None, [], "text", 5, [None], ["x"], {"x": 1}])
def test_odd_shapes_raise_nothing(odd: Any) -> None:
    """What the guide complains of anyway is passed over here."""
    made = wish(
        rule("required", 'field = "lines[].procedure.code"', code="a"),
        rule("allowed", 'field = "subscriber.member_id"', "longest = 3", code="b"),
        rule("reformatted", 'field = "lines[].procedure.modifiers[]"', 'as = ["upper"]', code="c"),
        rule("replaced", 'field = "subscriber.group_name"', 'value = "X"', code="d"),
        rule("characters", 'set = "basic"', code="e"),
    )
    for field in ("lines", "subscriber", "billing_provider"):
        document = {**sound(), field: odd}
        made.check(made.apply(document))
    line = {**sound(), "lines": [{"procedure": odd}]}
    made.check(made.apply(line))


# Which claims, and together with the rest


def test_a_rule_is_for_the_types_that_have_its_field() -> None:
    """A rule on teeth does not look at a doctor's claim."""
    parts = rule("required", 'field = "lines[].teeth"')
    assert places(wish(parts), completed(sound())) == []
    assert places(wish(parts, claim_type="dental"), without_teeth()) == [("acme_rule", "lines[0].teeth")]


def without_teeth() -> dict[str, Any]:
    document = completed(dentist())
    return {**document, "lines": [without(line, "teeth") for line in document["lines"][:1]]}


def test_a_companion_is_for_its_claims_only() -> None:
    """By payer, by any of its ids; by type; by filing indicator; all that are named must fit."""
    table = load_crosswalk("payer,alias,where,name\n99001,EVG,ally,\n")
    required = rule("required", 'field = "prior_authorization"')
    for applies, fits in (
        ('payers = ["99001"]', True),
        ('payers = ["evg"]', True),
        ('payers = ["99002"]', False),
        ('claim_types = ["institutional", "professional"]', True),
        ('claim_types = ["dental"]', False),
        ('filing_indicators = ["CI"]', True),
        ('filing_indicators = ["MB"]', False),
        ('payers = ["99001"]\nfiling_indicators = ["MB"]', False),
    ):
        made = wishes(f"[applies]\n{applies}\n", required, crosswalk=table).on(completed(sound()))
        assert (made is not None) is fits, applies


def test_without_companions_nothing_is_asked() -> None:
    """A partner without wishes has none on any claim."""
    assert NO_WISHES.on(sound()) is None
    document = sound()
    assert NO_WISHES.written(document) is document


def test_several_companions_are_one_wish() -> None:
    """Their findings come together, their limits are the narrowest of all, in each kind."""
    one = companion("[limits]\nclaims_per_set = 10\none_payer_per_set = true\n", rule("forbidden", 'field = "patient"'))
    two = companion(
        "[limits]\nclaims_per_set = 5\nclaims_per_file = 7\n", rule("required", 'field = "prior_authorization"')
    )
    both = Wishes([one, two])
    made = both.on(completed(sound()))
    assert made is not None and made.limits == Limits(5, 7, False, True)
    assert both.file_limit("professional") == 7 and both.has_limits
    assert places(made, completed(sound())) == [("acme_rule", "prior_authorization")]


def test_an_edit_is_more_severe_or_less() -> None:
    """Made an error it holds the claim, made a warning it does not, switched off it is silent."""
    document = completed(sound(**{"billing_provider.tax_id": "999999999"}))
    assert errors(inspect(document, rules(), TODAY, "*:^~")) == []
    harder = wishes(rule("edit", 'severity = "error"', code="tax_id_dummy"))
    assert [one.code for one in errors(inspect(document, rules(), TODAY, "*:^~", wishes=harder))] == ["tax_id_dummy"]
    box = completed(sound(**{"billing_provider.address.line1": "PO BOX 12"}))
    assert [one.code for one in inspect(box, rules(), TODAY, "*:^~")] == ["po_box"]
    softer = wishes(rule("edit", 'severity = "warning"', code="po_box"))
    assert [one.severity for one in inspect(box, rules(), TODAY, "*:^~", wishes=softer)] == ["warning"]
    silent = wishes(rule("edit", 'severity = "off"', code="po_box"))
    assert inspect(box, rules(), TODAY, "*:^~", wishes=silent) == []


def test_a_claim_is_looked_at_as_it_is_written() -> None:
    """A number that the partner gets without hyphens is not held for its hyphens; the claim is stored as it came."""
    number = "1EG4-TE5-MK73"
    document = sound(**{"subscriber.member_id": number, "subscriber.filing_indicator": "MB"})
    held = admit(Record(1, "1", document), rules(), TODAY)
    assert "medicare_number" in {one.code for one in errors(held.findings)}
    plain = wishes(rule("reformatted", 'field = "subscriber.member_id"', 'as = ["letters_and_digits"]'))
    admission = admit(Record(1, "1", document), rules(), TODAY, wishes=plain)
    assert admission.content is not None and not admission.is_held
    assert admission.content.document["subscriber"]["member_id"] == number


def test_all_reasons_come_at_once() -> None:
    """Guide, edits and wishes together; a field of which the guide complains is named once."""
    made = wishes(
        rule("required", 'field = "prior_authorization"', code="acme_prior"),
        rule("required", 'field = "place_of_service"', code="acme_place"),
    )
    document = sound(**{"place_of_service": None, "billing_provider.npi": "1234567890"})
    codes = [(one.code, one.field) for one in admit(Record(1, "1", document), rules(), TODAY, wishes=made).findings]
    assert ("npi_check", "billing_provider.npi") in codes and ("acme_prior", "prior_authorization") in codes
    assert [code for code, field in codes if field == "place_of_service"] == ["guide_missing"]


def test_institutional_claims_have_wishes_too() -> None:
    """The same rule for every type that has the field."""
    made = wish(rule("required", 'field = "prior_authorization"'), claim_type="institutional")
    assert places(made, completed(hospital())) == [("acme_rule", "prior_authorization")]
