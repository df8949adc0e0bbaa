"""Where an edit hit: the field, and what the sentence of the edit says beside it."""

from __future__ import annotations

from typing import NamedTuple


class Hit(NamedTuple):
    """One place where an edit fails."""

    field: str
    detail: str = ""
