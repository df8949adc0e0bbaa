"""The quick answer and the slow one agree."""

from __future__ import annotations

import random
from typing import Any

import pytest
from guide_documents import GUIDES, delimiters, faults, make, recipes, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.x12.row_pattern import Patterns
from gateway.x12.values import Delimiters

ODD = ["X", "", " ", " Y", "Z ", "20260229", "20240229", "20261301", "2460", "00.5", "-1", ".5", "1.2345", "12,5"]
ODD += ["ABK", "é", "\t", "0" * 20, "A" * 90, "18", "D8", "RD8", "20260101-20260102", "Q"]


def spoiled(content: bytes, marks: Delimiters, seed: int) -> bytes:
    """The file with a few elements or components changed."""
    chance = random.Random(seed)
    segments = content.decode().split(marks.segment)
    inside = [
        number for number, text in enumerate(segments) if text[:2] not in ("IS", "GS", "ST", "SE", "GE", "IE", "")
    ]
    for _ in range(6):
        number = chance.choice(inside)
        elements = segments[number].split(marks.element)
        place = chance.randrange(1, len(elements) + 2)
        elements += [""] * (place + 1 - len(elements))
        parts = elements[place].split(marks.component)
        parts[chance.randrange(len(parts))] = chance.choice(ODD)
        elements[place] = marks.component.join(parts)
        segments[number] = marks.element.join(elements)
    return marks.segment.join(segments).encode()


@pytest.mark.parametrize("name", GUIDES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(recipe=recipes(), marks=delimiters(), seed=st.integers(0, 2**32))
def test_patterns_never_pass_what_the_rules_name(
    name: str, recipe: tuple[int, float], marks: Delimiters, seed: int
) -> None:
    """A file has the same faults whether or not its segments are first held against the patterns."""
    content, _ = written([make(GUIDES[name], *recipe)], marks)
    content = spoiled(content, marks, seed)
    quick = faults(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Patterns, "match", lambda self, row: never)
        assert faults(content) == quick


def never(text: str) -> Any:
    """A pattern that nothing matches."""


@pytest.mark.parametrize("name", GUIDES)
def test_patterns_pass_what_is_good(name: str) -> None:
    """Every segment of a document of the table, in plain characters, is answered by its pattern alone."""
    content, _ = written([make(GUIDES[name], seed, 1.0) for seed in range(10)])
    slow: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        match = Patterns.match
        patch.setattr(Patterns, "match", lambda self, row: lambda text: match(self, row)(text) or slow.append(text))
        faults(content)
    assert [text for text in slow if not any(mark in text for mark in ("* ", ": "))] == []
