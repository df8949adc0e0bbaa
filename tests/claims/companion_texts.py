"""Companions written short, for the tests of wishes."""

from __future__ import annotations

from typing import Any

from claim_files import rules

from gateway.claims.companion_file import load_companion
from gateway.claims.companions import Companion
from gateway.claims.completion import Document, complete
from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.claims.wishes import Wish, Wishes
from gateway.guides import BY_TYPE, guide_for

HEAD = '[companion]\nsays = "a test"\nsource = "this test"\n'
GUIDES = {one: guide_for(one) for one in BY_TYPE}


def rule(kind: str, *lines: str, code: str = "acme_rule", says: str = "Acme wants it so.") -> str:
    """One rule as it is written."""
    return "\n".join(("[[rules]]", f'code = "{code}"', f'kind = "{kind}"', f'says = "{says}"', *lines)) + "\n"


def companion(*parts: str, name: str = "acme", head: str = HEAD) -> Companion:
    """The companion of these parts."""
    return load_companion(head + "".join(parts), name, GUIDES, rules().edits)


def wish(*parts: str, claim_type: str = "professional") -> Wish:
    """The wishes of these parts on one type of claim."""
    return Wish([companion(*parts)], claim_type)


def wishes(*parts: str, crosswalk: Crosswalk = NO_CROSSWALK, partner: str = "ally") -> Wishes:
    return Wishes([companion(*parts)], crosswalk, partner)


def completed(document: Document) -> Document:
    return complete(document, rules().defaults)


def places(made: Wish, document: Document) -> list[tuple[str, str]]:
    """Code and field of everything that is found."""
    return [(one.code, one.field) for one in made.check(document)]


def without(document: dict[str, Any], *path: str) -> dict[str, Any]:
    """The document without one field; what is not on the way is shared."""
    if len(path) == 1:
        return {name: value for name, value in document.items() if name != path[0]}
    return {**document, path[0]: without(document[path[0]], *path[1:])}
