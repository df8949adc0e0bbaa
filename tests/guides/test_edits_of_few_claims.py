"""Edits that are about what few claims have are not shown the others: none of them would have found anything there."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest
from guide_documents import GUIDES, Maker

from gateway.claims.completion import complete
from gateway.claims.edits import CHECKS, Edits, run_edits
from gateway.claims.hits import NEEDED
from gateway.claims.samples import sample_claims
from gateway.claims.view import View
from gateway.exchange.admission_rules import load_rules

RULES = load_rules(None)
TODAY = date(2026, 2, 1)
_ODD = (
    "",
    "-1",
    "0",
    "1",
    "8",
    "11",
    "13",
    "99",
    "AA",
    "J1100",
    "A0428",
    "2090-01-01",
    "WC",
    "MB",
    "18",
    "Y",
    "X" * 60,
)


def _documents() -> list[dict[str, Any]]:
    """Claims with nearly every field of their guide, some odd values among them, and the plain ones."""
    random, found = Random(23), [*sample_claims(20, 23, date(2026, 1, 5))]
    for seed in range(60):
        guide = GUIDES[("837P", "837I", "837D")[seed % 3]]
        found.append(_spoilt(Maker(guide, seed, random.choice((0.3, 0.6, 1.0))).document(), random))
    return [complete(document, RULES.defaults) for document in found]


def _spoilt(value: Any, random: Random) -> Any:
    if isinstance(value, str):
        return random.choice(_ODD) if random.random() < 0.15 else value
    if isinstance(value, list):
        return [_spoilt(item, random) for item in value]
    return {name: item if name == "type" else _spoilt(item, random) for name, item in value.items()}


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return value


DOCUMENTS = _documents()


@pytest.mark.parametrize("check", sorted(NEEDED, key=lambda check: check.__name__), ids=lambda check: check.__name__)
def test_a_check_finds_nothing_without_the_fields_it_is_for(check: Any) -> None:
    """With all fields of the names that it is marked with taken out, no claim whatever is hit."""
    for document in DOCUMENTS:
        view = View(_without(document, NEEDED[check]), TODAY, codes=RULES.codes, terms=RULES.terms)
        assert not list(check(view))


def test_the_marks_change_no_finding() -> None:
    """All edits find the same as each check alone, in the order of the table."""
    table = RULES.edits
    assert isinstance(table, Edits)
    hits = 0
    for document in DOCUMENTS:
        view = View(document, TODAY, codes=RULES.codes, terms=RULES.terms)
        alone = [
            edit.finding(*hit)
            for edit in table
            if edit.name in CHECKS and edit.looks_at(view.type)
            for hit in edit.check(view)
        ]
        assert run_edits(document, table, TODAY, codes=RULES.codes, terms=RULES.terms) == alone
        hits += len(alone)
    assert hits > 1000
