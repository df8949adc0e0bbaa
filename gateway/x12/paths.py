"""Reaching into a document by a path of names."""

from __future__ import annotations

from typing import Any

from gateway.x12.guide import Path

Document = dict[str, Any]


def put(owner: Document, path: Path, value: object) -> None:
    """Set a value at a path, making the objects on the way."""
    for name in path[:-1]:
        owner = owner.setdefault(name, {})
    owner[path[-1]] = value


def get(owner: Document, path: Path) -> Any:
    """The value at a path, or None."""
    value: Any = owner
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def has(owner: Document, path: Path) -> bool:
    """Whether there is a value at a path, were it empty."""
    return get(owner, path) is not None
