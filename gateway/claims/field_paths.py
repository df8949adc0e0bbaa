"""Paths of fields such as "lines[].procedure.code", compiled once so that looking them up in a claim is quick.

`[]` stands for every item of a list. The items around a value are its owners: the claim, then one item a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from gateway.claims.completion import Document

_STEP = re.compile(r"([a-z][a-z0-9_]*)(\[\])?")
Names = tuple[str, ...]


class BadPath(ValueError):
    """A text that is no path of a field."""


class Owner(NamedTuple):
    """An object in which a field is looked for."""

    around: tuple[Document, ...]  # the claim and the items on the way; the last is the object itself
    place: str  # "lines[0]"; empty for the claim

    def at(self, name: str) -> str:
        """The full path of a field of this object."""
        return f"{self.place}.{name}" if self.place else name


class FieldPath(NamedTuple):
    """A path, taken apart."""

    text: str
    lists: tuple[Names, ...]  # names from each owner to the list that has the next ones
    names: Names  # from the last owner to the value

    is_list: bool  # whether the values are the texts of a list: "lines[].procedure.modifiers[]"

    @classmethod
    def parse(cls, text: str) -> FieldPath:
        """Takes a path apart; BadPath where it is none."""
        lists: list[Names] = []
        names: list[str] = []
        steps = text.split(".")
        for number, step in enumerate(steps, 1):
            found = _STEP.fullmatch(step)
            if not found:
                raise BadPath(text)
            names.append(found[1])
            if found[2] and number < len(steps):
                lists.append(tuple(names))
                names = []
        return cls(text, tuple(lists), tuple(names), steps[-1].endswith("[]"))

    @property
    def name(self) -> str:
        """The path from the last owner, as it is shown."""
        return ".".join(self.names)

    @property
    def steps(self) -> list[str]:
        """Every name, without marks of lists."""
        return [name for names in self.lists for name in names] + list(self.names)

    def owners(self) -> Callable[[Document], Iterator[Owner]]:
        """A function that gives the objects of a claim in which the field is looked for."""
        if not self.lists:
            return lambda document: iter((Owner((document,), ""),))
        return lambda document: _items(Owner((document,), ""), self.lists)

    def shared_with(self, other: FieldPath) -> int:
        """How many lists both paths go through together."""
        count = 0
        for ours, theirs in zip(self.lists, other.lists, strict=False):
            if ours != theirs:
                break
            count += 1
        return count

    def values_below(self, shared: int) -> Callable[[Document], list[Any]]:
        """A function that gives all values in one of its owners: the claim for 0, an item of the first list for 1."""
        lists, names, is_list = self.lists[shared:], self.names, self.is_list

        def found(owner: Document) -> list[Any]:
            owners = [one.around[-1] for one in _items(Owner((owner,), ""), lists)] if lists else [owner]
            values = [value_at(one, names) for one in owners]
            if not is_list:
                return values
            return [item for value in values if value.__class__ is list for item in value]

        return found


def _items(owner: Owner, lists: Sequence[Names]) -> Iterator[Owner]:
    found = value_at(owner.around[-1], lists[0])
    if found.__class__ is not list:
        return
    where = owner.at(".".join(lists[0]))
    for number, item in enumerate(found):
        if item.__class__ is dict:
            here = Owner((*owner.around, item), f"{where}[{number}]")
            if len(lists) == 1:
                yield here
            else:
                yield from _items(here, lists[1:])


def value_at(holder: Any, names: Names) -> Any:
    """The value at a chain of names; None where there is none."""
    for name in names:
        if holder.__class__ is not dict:
            return None
        holder = holder.get(name)
    return holder


def is_there(value: Any) -> bool:
    """Whether a value says something: no null, no empty text, list or object."""
    return value is not None and value != "" and value != [] and value != {}
