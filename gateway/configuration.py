"""The TOML files that a person writes, read so that every fault names file, line and key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gateway.errors import UsageError

_BARE_OR_QUOTED = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s=\[\]]+))\s*=""")
_SYNTAX = re.compile(r"(?P<reason>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """One such file."""

    path: Path
    text: str = field(repr=False)
    data: dict[str, Any] = field(repr=False)

    def fault(self, table: str, key: str, reason: str) -> UsageError:
        """The error of a key, or of a whole table where `key` is empty."""
        line = line_of(self.text, table, key)
        where = f"{self.path}: line {line}" if line else f"{self.path}"
        return UsageError(f"{where}: [{table}] {key}: {reason}" if key else f"{where}: [{table}]: {reason}")

    def refuse_unknown(self, known: dict[str, set[str]]) -> None:
        """Refuses every table and key that is not among the known ones: it is a slip of the pen, and it would be
        passed over in silence."""
        for table, keys in self.data.items():
            if table not in known:
                raise self.fault(table, "", f"is no table of this file{_hint(table, known)}")
            if not isinstance(keys, dict):
                raise self.fault(table, "", "must be a table")
            for key in keys:
                if key not in known[table]:
                    raise self.fault(table, key, f"is no key of this table{_hint(key, known[table])}")


def _hint(word: str, known: dict[str, set[str]] | set[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"


def read_toml(path: Path) -> Written:
    """Reads a file; UsageError with the file, the place and the reason where that cannot be."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    try:
        return Written(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX.fullmatch(str(error))
        reason = f"line {found['line']}, column {found['column']}: {found['reason']}" if found else str(error)
        raise UsageError(f"{path}: {reason}") from None


def line_of(text: str, table: str, key: str = "") -> int:
    """The line on which a key of a table, or the table itself, is written; 0 where it is not found."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped.partition("]")[0].strip("[ \"'") == table
            if inside and not key:
                return number
        elif found := _BARE_OR_QUOTED.match(line):
            name = next(group for group in found.groups() if group is not None)
            if (inside and name == key) or name == (f"{table}.{key}" if key else table):
                return number
    return 0
