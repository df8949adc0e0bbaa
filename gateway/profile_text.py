"""A profile as text: values put into the lines of one that has comments, so that a person still finds them there."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from gateway.configuration import line_of
from gateway.errors import UsageError

# A key with a value on one line: text, number, true or false, or a list of such; then perhaps a comment.
_LINE = re.compile(
    r"""(?P<key>\s*[A-Za-z0-9_]+\s*=\s*)(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]\n]*\]|[^#\s]+)(?P<rest>\s*(?:\#.*)?)"""
)


def fill(text: str, values: Mapping[tuple[str, str], Any]) -> str:
    """The text with these values by (table, key): in the place of the former ones, or as new lines of their table.

    Raises UsageError where a value stands over several lines, so that it must be changed by hand.
    """
    for (table, key), value in values.items():
        text = _put(text, table, key, value)
    return text


def _put(text: str, table: str, key: str, value: Any) -> str:
    lines = text.splitlines()
    made = _literal(value)
    if number := line_of(text, table, key):
        found = _LINE.fullmatch(lines[number - 1])
        if found is None:
            raise UsageError(f"line {number}: [{table}] {key} stands over several lines; change it by hand")
        width = max(len(found["value"]) - len(made), 0)
        rest = found["rest"].lstrip()
        lines[number - 1] = f"{found['key']}{made}{' ' * width + '  ' + rest if rest else ''}"
    elif number := line_of(text, table):
        lines.insert(number, f"{key} = {made}")
    else:
        lines += ["", f"[{table}]", f"{key} = {made}"]
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_literal(one) for one in value)}]"
    made = json.dumps(value, ensure_ascii=False)
    try:
        tomllib.loads(f"x = {made}")
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{value!r} cannot be written into a profile") from None
    return made


def without(text: str, table: str, key: str) -> str:
    """The text without a key."""
    number = line_of(text, table, key)
    lines = text.splitlines()
    return "\n".join(lines[: number - 1] + lines[number:]) + "\n" if number else text
