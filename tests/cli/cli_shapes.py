"""A small checker of JSON documents against the shapes that are promised to other programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

Shape = Any  # a type, a Word, [shape], {key: shape}, or a tuple of alternatives
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Word:
    """Text of a certain form."""

    def __init__(self, name: str, holds: Callable[[str], bool]) -> None:
        self.name, self.holds = name, holds

    def __repr__(self) -> str:
        return self.name


def _is_time(text: str) -> bool:
    return "T" in text and datetime.fromisoformat(text).utcoffset() is not None


def _is_day(text: str) -> bool:
    return len(text) == 10 and bool(date.fromisoformat(text))


AMOUNT = Word("an amount", lambda text: re.fullmatch(r"-?\d+\.\d\d", text) is not None)
TIME = Word("a time with its zone", _is_time)
DAY = Word("a day", _is_day)
SHA256 = Word("a SHA-256", lambda text: re.fullmatch(r"[0-9a-f]{64}", text) is not None)
NUMBER = Word("digits", str.isdecimal)
EMPTY = Word("empty", lambda text: not text)


def one_of(*words: str) -> Word:
    return Word(" or ".join(words), lambda text: text in words)


def faults(document: Any, shape: Shape, place: str = "$") -> list[str]:
    """Where a document is not of the shape. Keys that the shape does not name are allowed."""
    if isinstance(shape, tuple):
        tried = [faults(document, one, place) for one in shape]
        return [] if not all(tried) else tried[-1]
    if isinstance(shape, dict):
        if not isinstance(document, dict):
            return [f"{place}: is no object"]
        missing = [f"{place}.{key}: is missing" for key in shape if key not in document]
        return missing + [
            fault for key in shape if key in document for fault in faults(document[key], shape[key], f"{place}.{key}")
        ]
    if isinstance(shape, list):
        if not isinstance(document, list):
            return [f"{place}: is no list"]
        return [fault for i, one in enumerate(document) for fault in faults(one, shape[0], f"{place}[{i}]")]
    return _value_faults(document, shape, place)


def _value_faults(value: Any, shape: Shape, place: str) -> list[str]:
    if isinstance(shape, Word):
        try:
            holds = isinstance(value, str) and shape.holds(value)
        except ValueError:
            holds = False
        return [] if holds else [f"{place}: {value!r} is not {shape.name}"]
    if shape is None:
        return [] if value is None else [f"{place}: {value!r} is not null"]
    is_bool = isinstance(value, bool)
    return [] if isinstance(value, shape) and is_bool == (shape is bool) else [f"{place}: {value!r} is no {shape}"]


def keys_not_in_snake_case(document: Any, place: str = "$") -> list[str]:
    """Every key, at any depth, that is not written like_this."""
    if isinstance(document, list):
        return [fault for i, one in enumerate(document) for fault in keys_not_in_snake_case(one, f"{place}[{i}]")]
    if not isinstance(document, dict):
        return []
    bad = [f"{place}.{key}" for key in document if not SNAKE_CASE.fullmatch(key)]
    return bad + [fault for key, one in document.items() for fault in keys_not_in_snake_case(one, f"{place}.{key}")]
