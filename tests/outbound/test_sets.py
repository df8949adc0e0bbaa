"""A stored claim on its way into a file: accents are folded."""

from __future__ import annotations

import json

import pytest

from gateway.outbound.sets import sendable


@pytest.mark.parametrize("ensure_ascii", [False, True])
def test_accents_and_typographic_signs_are_folded(ensure_ascii: bool) -> None:
    """However deep they stand, and however the text of the store spells them."""
    claim = {"a": "Muñoz", "b": [{"c": "“ß”"}, "plain"], "d": "x"}
    assert sendable(json.dumps(claim, ensure_ascii=ensure_ascii)) == {
        "a": "Munoz",
        "b": [{"c": '"ss"'}, "plain"],
        "d": "x",
    }


def test_a_plain_claim_stays_as_it_is() -> None:
    """Nothing is changed where nothing needs to be."""
    claim = {"a": 'back\\slash "quote"', "b": ["1", {"c": ""}]}
    assert sendable(json.dumps(claim)) == claim
