"""The shipped guides of the 837, loaded once each."""

from __future__ import annotations

from functools import cache

from gateway.data import guide_text, listing
from gateway.x12.guide import Guide
from gateway.x12.guide_table import load_guide

# Which guide says a type of claim.
BY_TYPE = {"professional": "837P", "institutional": "837I", "dental": "837D"}


@cache
def guide(name: str) -> Guide:
    """The guide of that name, for example "837P"."""
    return load_guide(guide_text(name), name)


def guide_for(claim_type: str) -> Guide:
    """The guide of a type of claim."""
    return guide(BY_TYPE[claim_type])


@cache
def all_guides() -> dict[str, Guide]:
    """Every shipped guide by its name."""
    return {name: guide(name) for name in sorted(listing("mappings/guides", ".csv")) if name in BY_TYPE.values()}
