"""From a TOML table to a frozen value: the dataclass's own annotations say what is allowed."""

from __future__ import annotations

import types
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")


class ScenarioError(Exception):
    """A scenario, or a file of the simulator's own, that is not understood; the text names the key or file."""


def build(cls: type[_T], table: Any, where: str) -> _T:
    """An instance of dataclass `cls`. Raises ScenarioError for an unknown key, a missing one or a wrong type."""
    if not isinstance(table, dict):
        raise ScenarioError(f"{where}: a table is wanted")
    hints = get_type_hints(cls)
    declared: dict[str, Field[Any]] = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(declared))
    if unknown:
        raise ScenarioError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(declared)}")
    for name, item in declared.items():
        if name not in table and item.default is MISSING and item.default_factory is MISSING:
            raise ScenarioError(f"{where}: {name!r} is missing")
    return cls(**{name: _convert(hints[name], given, f"{where}.{name}") for name, given in table.items()})


def _convert(hint: Any, given: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin is Literal:
        return _choice(get_args(hint), given, where)
    if origin is tuple:
        return _many(get_args(hint)[0], given, where)
    if origin in (Union, types.UnionType):
        inner = next(item for item in get_args(hint) if item is not type(None))
        return _convert(inner, given, where)
    if isinstance(hint, type) and is_dataclass(hint):
        return build(hint, given, where)
    return _plain(hint, given, where)


def _choice(allowed: tuple[Any, ...], given: Any, where: str) -> Any:
    if given not in allowed:
        raise ScenarioError(f"{where}: one of {', '.join(repr(item) for item in allowed)} is wanted")
    return given


def _many(hint: Any, given: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(given, list):
        raise ScenarioError(f"{where}: a list is wanted")
    return tuple(_convert(hint, item, f"{where}[{index}]") for index, item in enumerate(given))


def _plain(hint: Any, given: Any, where: str) -> Any:
    if hint is Decimal and isinstance(given, int | Decimal) and not isinstance(given, bool):
        return Decimal(given)
    if hint in (str, bool) and isinstance(given, hint):
        return given
    if hint is int and isinstance(given, int) and not isinstance(given, bool):
        return given
    wanted = {Decimal: "a number", str: "a text", bool: "true or false", int: "a whole number"}.get(
        hint, "another type"
    )
    raise ScenarioError(f"{where}: {wanted} is wanted")
