"""Where an edit hit: the field, and what the sentence of the edit says beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

_Check = TypeVar("_Check", bound=Callable[..., Any])


class Hit(NamedTuple):
    """One place where an edit fails."""

    field: str
    detail: str = ""


NEEDED: dict[Callable[..., Any], frozenset[str]] = {}  # names of fields by check, of which one must be there


def only_with(*names: str) -> Callable[[_Check], _Check]:
    """Marks a check that finds nothing in a claim in which no field, wherever it stands, has one of these names.

    Such a claim is not shown to it: most edits are about what few claims have.
    """

    def mark(check: _Check) -> _Check:
        NEEDED[check] = frozenset(names)
        return check

    return mark
