"""The shipped guides, loaded once each: those of the 837, which say a claim, and those of what answers it."""

from __future__ import annotations

from functools import cache

from gateway.data import guide_text, listing
from gateway.x12.guide import Guide
from gateway.x12.guide_table import load_guide

# Which guide says a type of claim.
BY_TYPE = {"professional": "837P", "institutional": "837I", "dental": "837D"}
# The kinds of sets that answer claims and have a guide table: for checking alone, since each has a reader of its own.
ANSWERS = ("835", "999")


@cache
def guide(name: str) -> Guide:
    """The guide of that name, for example "837P"."""
    return load_guide(guide_text(name), name)


def guide_for(claim_type: str) -> Guide:
    """The guide of a type of claim."""
    return guide(BY_TYPE[claim_type])


@cache
def all_guides() -> dict[str, Guide]:
    """Every shipped guide of the 837 by its name."""
    return {name: guide(name) for name in sorted(listing("mappings/guides", ".csv")) if name in BY_TYPE.values()}


@cache
def answer_guides() -> dict[str, Guide]:
    """The guides of the sets that answer claims, by the kind of set."""
    return {name: guide(name) for name in ANSWERS}
