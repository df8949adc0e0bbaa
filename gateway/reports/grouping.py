"""Groups by payer, partner and billing provider, the same in every report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from gateway.reports.asked import Asked
from gateway.reports.document import Column

BY = {"payer": "By payer", "partner": "By partner", "provider": "By billing provider"}
NOBODY = "(none yet)"
_Group = TypeVar("_Group", bound=Any)  # a NamedTuple with key and name


def key_columns(by: str) -> tuple[Column, ...]:
    """The first columns of such a table: id, name, number of claims."""
    return (
        Column("key", "id", brief=by == "payer"),
        Column("name", by if by != "provider" else "billing provider"),
        Column("claims", "claims", "count", adds=True),
    )


def merged(asked: Asked, by: str, groups: Iterable[_Group], add: Callable[[_Group, _Group], _Group]) -> list[_Group]:
    """The groups with the names to show; those of one payer together, whichever of its ids they have."""
    found: dict[Any, _Group] = {}
    for group in groups:
        key, name = asked.payer(group.key, group.name) if by == "payer" else (group.key, group.name)
        named = group._replace(key=key, name=name or key or NOBODY)
        place = (key, *_further(named))
        found[place] = add(found[place], named) if place in found else named
    return list(found.values())


def _further(group: Any) -> tuple[Any, ...]:
    """What tells groups of one key apart, where they are split further."""
    return (group.missing,) if hasattr(group, "missing") else ()
