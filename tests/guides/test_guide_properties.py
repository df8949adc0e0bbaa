"""Whatever a guide's table allows goes out and comes back the same."""

from __future__ import annotations

import pytest
from guide_documents import GUIDES, delimiters, faults, make, read, recipes, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.x12.document_rules import check_document
from gateway.x12.fields import Field, field_tree
from gateway.x12.schema import claim_schema
from gateway.x12.values import Delimiters

EACH = pytest.mark.parametrize("name", GUIDES)
SCHEMA = Draft202012Validator(claim_schema(GUIDES.values()))
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@EACH
@FEW
@given(recipes=st.lists(recipes(), min_size=1, max_size=3), marks=delimiters())
def test_what_is_written_is_read_again(name: str, recipes: list[tuple[int, float]], marks: Delimiters) -> None:
    """read(write(claims)) gives the same documents in the same order, without a word, under any delimiters."""
    claims = [make(GUIDES[name], *recipe) for recipe in recipes]
    content, refused = written(claims, marks)
    again, issues = read(content)
    assert (refused, issues) == ([], [])
    assert claims == again


@EACH
@FEW
@given(recipe=recipes())
def test_a_document_of_the_table_has_no_fault(name: str, recipe: tuple[int, float]) -> None:
    """Document rules, JSON Schema and the rules for a set agree that such a claim is good."""
    guide = GUIDES[name]
    claim = make(guide, *recipe)
    content, _ = written([claim])
    assert check_document(claim, guide) == []
    assert [error.message for error in SCHEMA.iter_errors(claim)] == []
    assert faults(content) == []


@EACH
def test_full_documents_use_every_field(name: str) -> None:
    """The documents that the other tests are about leave out no field of the table."""
    guide = GUIDES[name]
    seen: set[str] = set()
    for seed in range(60):
        seen |= _names(make(guide, seed, 1.0), field_tree(guide), "")
    every = {path for path, field in _fields(field_tree(guide), "") if not path.endswith("new_segment")}
    assert set() == every - seen


@EACH
def test_claims_of_one_provider_and_subscriber_share_their_loops(name: str) -> None:
    """Claims that follow each other under equal parents stand under one HL loop each, and come back the same."""
    claim = make(GUIDES[name], 7, 0.3)
    claims = [claim | {"patient_control_number": f"A{number}"} for number in range(5)]
    content, _ = written(claims, Delimiters())
    levels = 3 if "patient" in claim else 2
    assert levels == content.count(b"~HL*")
    assert claims == read(content)[0]


def _names(value: object, tree: Field, path: str) -> set[str]:
    if isinstance(value, dict):
        found: set[str] = set()
        for name, inner in value.items():
            found |= {f"{path}.{name}"} | _names(inner, tree.fields[name], f"{path}.{name}")
        return found
    if isinstance(value, list):
        return {name for item in value for name in _names(item, tree, path)}
    return set()


def _fields(tree: Field, path: str) -> list[tuple[str, Field]]:
    found = []
    for name, field in tree.fields.items():
        if not field.is_exception:
            found += [(f"{path}.{name}", field), *_fields(field, f"{path}.{name}")]
    return found
