"""A companion's TOML, key by key: what is wrong is noted with its line, and reading goes on, so that all is said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gateway.claims.canonical import TYPES
from gateway.errors import UsageError

_HEADER = re.compile(r"\[\[?\s*([\w.\s\"'-]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"[\"']?([\w.-]+)[\"']?\s*=")


class CompanionFaults(UsageError):
    """A companion that cannot be used: its text is the first fault, `faults` are all of them, a line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = tuple(faults)


class Written:
    """The file, where its lines are, and what is wrong with it so far."""

    def __init__(self, text: str, where: str, data: Mapping[str, Any]) -> None:
        self.where, self.data = where, data
        self.faults: list[str] = []
        self._lines = _lines(text)

    def fault(self, section: str, key: str, reason: str, number: int = 0) -> None:
        """Notes a fault of a key; `number` counts the tables of an array from 1."""
        line = self._lines.get((section, number, key)) or self._lines.get((section, number, ""), 0)
        place = f"{self.where}: line {line}" if line else self.where
        shown = f"[[{section}]]" if number else f"[{section}]"
        self.faults.append(f"{place}: {shown}{f' {key}' if key else ''}: {reason}")

    def table(self, name: str) -> Table:
        found = self.data.get(name, {})
        if not isinstance(found, dict):
            self.fault(name, "", "must be a table")
            found = {}
        return Table(self, name, found)

    def rules(self) -> list[Table]:
        found = self.data.get("rules", [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.fault("rules", "", "must be tables, each under its own [[rules]]")
            return []
        return [Table(self, "rules", one, number) for number, one in enumerate(found, 1)]


class Table:
    """One table, read key by key. What is wrong is noted, and something harmless given in its place."""

    def __init__(self, reader: Written, section: str, data: Mapping[str, Any], number: int = 0) -> None:
        self.reader, self.section, self.data, self.number = reader, section, data, number

    def fault(self, key: str, reason: str) -> None:
        self.reader.fault(self.section, key, reason, self.number)

    def known(self, keys: Iterable[str]) -> None:
        for key in self.data:
            if key not in keys:
                self.fault(key, f"is no key here{hint(key, keys)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fault(key, "must be text" if key in self.data else "is missing")
            return default or ""
        return value

    def texts(self, key: str) -> list[str]:
        value = self.data.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.fault(key, "must be a list of text")
            return []
        return value

    def count(self, key: str, most: int) -> int:
        value = self.data.get(key, 0)
        if key in self.data and (not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most):
            self.fault(key, f"must be a whole number from 1 to {most}")
            return 0
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.fault(key, "must be true or false")
            return default
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            if key in self.data and isinstance(self.data[key], str):
                self.fault(key, f"{value!r} is not one of {', '.join(allowed)}{near(value, allowed)}")
            return default or ""
        return value

    def types(self) -> list[str]:
        found = self.texts("claim_types")
        for one in found:
            if one not in TYPES:
                self.fault("claim_types", f"{one!r} is not one of {', '.join(TYPES)}{near(one, TYPES)}")
        return [one for one in found if one in TYPES]


def hint(word: str, known: Iterable[str]) -> str:
    return near(word, known) or f"; known are {', '.join(sorted(known))}"


def near(word: str, known: Iterable[str]) -> str:
    found = get_close_matches(word, list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _lines(text: str) -> dict[tuple[str, int, str], int]:
    """Where each key stands: by table, number of the table in its array (0: none), and key ("": the header)."""
    found: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    section, number = "", 0
    for line, written in enumerate(text.splitlines(), 1):
        stripped = written.strip()
        if header := _HEADER.fullmatch(stripped):
            section, number = header[1], 0
            if stripped.startswith("[["):
                number = counts[section] = counts.get(section, 0) + 1
            found.setdefault((section, number, ""), line)
        elif key := _KEY.match(stripped):
            found.setdefault((section, number, key[1]), line)
            found.setdefault((section, number, key[1].partition(".")[0]), line)
    return found
