"""What is worked out once for each set of names of an object: documents of one practice have few such sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Names = tuple[str, ...]
_Made = TypeVar("_Made")
_MOST = 5_000


class Remembered(dict[Names, _Made]):
    """names → what `make` makes of them, as long as there is room; it begins anew when it is full."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[Names], _Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, names: Names) -> _Made:
        if len(self) >= _MOST:
            self.clear()
        made = self[names] = self._make(names)
        return made
