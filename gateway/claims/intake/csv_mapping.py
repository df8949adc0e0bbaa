"""Declared mappings of foreign columns, `mappings/sources/NAME.toml`, as frozen values; every fault is named by key.

A mapping says what a column is called, how its dates and amounts are written, and where its value stands in the
canonical claim. Another layout is another file, never a branch in the code. The keys are described in
`mappings/sources/example.toml`.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NoReturn

from gateway.claims.canonical import TYPES
from gateway.claims.intake.csv_values import CONVERSIONS, DATE_TOKENS, PERIOD, Formats, date_pattern
from gateway.errors import UsageError

Path = tuple[str | int, ...]  # ("subscriber", "address", "line1"); an int is a place in a list
_STEP = re.compile(r"([a-z][a-z0-9_]*)(?:\[(\d{1,2})\])?")
_SPEC_KEYS = {"column", "columns", "constant", "sum", "as", "lookup", "default", "split", "part", "pattern", "join",
              "list", "each", "when"}  # fmt: skip
_SOURCE_KEYS = {"says", "type", "claim", "delimiter", "encoding", "optional", "ignored", "window"}
_FORMAT_KEYS = {"date", "thousands", "decimal", "currency", "cents"}


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a field applies to a row: by the value of a column, in any letter case."""

    column: str
    values: frozenset[str] | None  # None: the column must be filled
    wanted: bool  # False: none of the values


@dataclass(frozen=True, slots=True)
class Spec:
    """Where the value of one field comes from."""

    path: Path
    columns: tuple[str, ...]
    constant: str = ""
    total: bool = False  # the sum of the column over all rows of the claim
    convert: str = ""  # name in CONVERSIONS
    lookup: Mapping[str, str] | None = None
    default: str = ""
    split: str = ""
    part: int = 0
    pattern: re.Pattern[str] | None = None
    join: str = " "
    as_list: bool = False
    each: str = ""  # name of the field in each object of the list
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """One layout of CSV."""

    name: str
    says: str
    type: str
    claim: str  # the column that names the claim
    delimiter: str
    encoding: str
    optional: frozenset[str]
    ignored: frozenset[str]
    window: int  # a claim's rows may stand this many rows apart
    formats: Formats
    claim_fields: tuple[Spec, ...]
    line_fields: tuple[Spec, ...]
    columns: frozenset[str] = field(default_factory=frozenset)  # all that are named


def load_mapping(text: str, name: str, knows: Callable[[str, str], bool] | None = None) -> SourceMapping:
    """Reads a mapping.

    :param name: how messages call the file, for example "mappings/sources/example.toml"
    :param knows: whether a type of claim has a field ("lines[].charge"); without it fields are not checked
    :raises UsageError: naming the file, the line or key, and the reason
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: {error}") from None
    return _Loader(text, name, data, knows).mapping()


class _Loader:
    def __init__(self, text: str, name: str, data: dict[str, Any], knows: Callable[[str, str], bool] | None) -> None:
        self.text, self.name, self.data, self.knows = text, name, data, knows
        self.lookups: dict[str, dict[str, str]] = {}
        self.conditions: list[tuple[Path, Condition]] = []

    def fail(self, section: str, key: str, reason: str) -> NoReturn:
        line = self.line_of(section, key)
        where = f"{self.name}: line {line}:" if line else f"{self.name}:"
        raise UsageError(f"{where} [{section}] {key}: {reason}" if section else f"{where} {key}: {reason}")

    def line_of(self, section: str, key: str) -> int:
        """The line of a key, found by its text; 0 where it is not there."""
        inside = section == ""
        for number, line in enumerate(self.text.splitlines(), 1):
            stripped = line.strip()
            if stripped.startswith("["):
                inside = stripped.startswith(f"[{section}]")
            elif inside and stripped.partition("=")[0].strip().strip("\"'") == key:
                return number
        return 0

    def table(self, name: str) -> dict[str, Any]:
        found = self.data.get(name, {})
        if not isinstance(found, dict):
            raise UsageError(f"{self.name}: [{name}] must be a table")
        return found

    def known(self, section: str, keys: Mapping[str, Any], allowed: set[str], field: str = "") -> None:
        for key in keys:
            if key not in allowed:
                near = get_close_matches(key, allowed, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(allowed))}"
                self.fail(section, field or key, f"{f'{key} ' if field else ''}is no key of a mapping{hint}")

    def text_of(
        self, section: str, holder: Mapping[str, Any], key: str, default: str | None = None, field: str = ""
    ) -> str:
        """A text; `field` is the key of the section whose table is `holder`, where it is not the section itself."""
        value = holder.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            reason = "must be text" if key in holder else "is missing"
            self.fail(section, field or key, f"{key} {reason}" if field else reason)
        return value

    def texts(self, section: str, holder: Mapping[str, Any], key: str, field: str = "") -> list[str]:
        value = holder.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(section, field or key, f"{f'{key} ' if field else ''}must be a list of text")
        return value

    def mapping(self) -> SourceMapping:
        self.known("", self.data, {"source", "formats", "lookups", "when", "claim", "lines"})
        source = self.table("source")
        self.known("source", source, _SOURCE_KEYS)
        claim_type = self.text_of("source", source, "type")
        if claim_type not in TYPES:
            self.fail("source", "type", f"must be one of {', '.join(TYPES)}")
        self.read_lookups()
        self.read_conditions()
        claim = self.text_of("source", source, "claim")
        claim_fields = tuple(self.specs("claim", claim_type))
        line_fields = tuple(self.specs("lines", claim_type))
        named = {column for spec in claim_fields + line_fields for column in spec.columns} | {claim}
        named |= {condition.column for _, condition in self.conditions}
        return SourceMapping(
            name=self.name,
            says=self.text_of("source", source, "says", ""),
            type=claim_type,
            claim=claim,
            delimiter=self.delimiter(source),
            encoding=self.encoding(source),
            optional=frozenset(self.texts("source", source, "optional")),
            ignored=frozenset(self.texts("source", source, "ignored")),
            window=self.window(source),
            formats=self.formats(),
            claim_fields=claim_fields,
            line_fields=line_fields,
            columns=frozenset(named),
        )

    def delimiter(self, source: Mapping[str, Any]) -> str:
        value = self.text_of("source", source, "delimiter", ",")
        if len(value) != 1 or value in '"\r\n':
            self.fail("source", "delimiter", "must be one character, such as ',', ';' or '\\t'")
        return value

    def encoding(self, source: Mapping[str, Any]) -> str:
        value = self.text_of("source", source, "encoding", "utf-8")
        try:
            return codecs.lookup(value).name
        except LookupError:
            self.fail("source", "encoding", "is no encoding; known are for example utf-8, cp1252, latin-1, utf-16")

    def window(self, source: Mapping[str, Any]) -> int:
        value = source.get("window", 50_000)
        if not isinstance(value, int) or not 1 <= value <= 1_000_000:
            self.fail("source", "window", "must lie between 1 and 1000000")
        return value

    def formats(self) -> Formats:
        table = self.table("formats")
        self.known("formats", table, _FORMAT_KEYS)
        dates = self.texts("formats", table, "date") or ["YYYY-MM-DD"]
        patterns = []
        for one in dates:
            if (pattern := date_pattern(one)) is None:
                self.fail(
                    "formats",
                    "date",
                    f"{one!r} must have each of YYYY, MM (or M) and DD (or D); tokens are {', '.join(DATE_TOKENS)}",
                )
            patterns.append(pattern)
        if not isinstance(table.get("cents", False), bool):
            self.fail("formats", "cents", "must be true or false")
        return Formats(
            dates=tuple(patterns),
            date_names=tuple(dates),
            thousands=self.text_of("formats", table, "thousands", ","),
            decimal=self.text_of("formats", table, "decimal", ".") or ".",
            currency=self.text_of("formats", table, "currency", "$"),
            cents=table.get("cents", False),
        )

    def read_lookups(self) -> None:
        for name, rows in self.table("lookups").items():
            if not isinstance(rows, dict) or not all(isinstance(value, str) for value in rows.values()):
                self.fail("lookups", name, "must be a table of text to text")
            self.lookups[name] = {key.strip().casefold(): value for key, value in rows.items()}

    def read_conditions(self) -> None:
        for path, condition in self.table("when").items():
            self.conditions.append((self.path("when", path), self.condition("when", path, condition)))

    def condition(self, section: str, key: str, value: Any) -> Condition:
        if not isinstance(value, dict) or not isinstance(value.get("column"), str):
            self.fail(
                section, key, 'must be like { column = "NAME", is = ["VALUE"] }; "not" instead of "is", or neither'
            )
        self.known(section, value, {"column", "is", "not"}, key)
        sign = "is" if "is" in value else "not"
        if sign not in value:
            return Condition(value["column"], None, wanted=True)
        values = frozenset(text.strip().casefold() for text in self.texts(section, value, sign, key))
        return Condition(value["column"], values, wanted=sign == "is")

    def path(self, section: str, text: str) -> Path:
        steps: list[str | int] = []
        for step in text.split("."):
            if not (match := _STEP.fullmatch(step)):
                self.fail(section, text, 'is no field; write it like "subscriber.address.line1" or "contacts[0].phone"')
            steps.append(match[1])
            if match[2] is not None:
                steps.append(int(match[2]))
        return tuple(steps)

    def specs(self, section: str, claim_type: str) -> Iterator[Spec]:
        fields = self.table(section)
        if not fields:
            raise UsageError(f"{self.name}: [{section}] is missing")
        for key, value in fields.items():
            path = self.path(section, key)
            spec = self.spec(section, key, path, {"column": value} if isinstance(value, str) else value)
            if self.knows is not None and not self.knows(claim_type, _shape(section, spec)):
                self.fail(section, key, f"is no field of a {claim_type} claim; see `gateway claims schema`")
            yield spec

    def spec(self, section: str, key: str, path: Path, value: Any) -> Spec:
        if not isinstance(value, dict):
            self.fail(section, key, 'must be a column\'s name or a table such as { column = "NAME", as = "date" }')
        self.known(section, value, _SPEC_KEYS, key)
        columns, total = self.columns_of(section, key, value)
        convert = self.choice(section, key, value, "as", {**CONVERSIONS, PERIOD: None})
        if convert == PERIOD and len(columns) != 2:
            self.fail(section, key, "a period needs columns = [FIRST DAY, LAST DAY]")
        lookup = self.choice(section, key, value, "lookup", self.lookups)
        own = (self.condition(section, key, value["when"]),) if "when" in value else ()
        above = tuple(found for prefix, found in self.conditions if path[: len(prefix)] == prefix)
        return Spec(
            path=path,
            columns=columns,
            constant=self.text_of(section, value, "constant", "", key),
            total=total,
            convert=convert,
            lookup=self.lookups[lookup] if lookup else None,
            default=self.text_of(section, value, "default", "", key),
            split=self.text_of(section, value, "split", "", key),
            part=self.part(section, key, value),
            pattern=self.pattern(section, key, value),
            join=self.text_of(section, value, "join", " ", key),
            as_list=bool(value.get("list", False)) or "each" in value,
            each=self.text_of(section, value, "each", "", key),
            when=own + (above if section == "claim" else ()),
        )

    def columns_of(self, section: str, key: str, value: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
        given = [name for name in ("column", "columns", "constant", "sum") if name in value]
        if len(given) != 1:
            self.fail(section, key, "needs exactly one of column, columns, constant and sum")
        if given[0] == "sum" and (section != "claim" or value.get("as", "money") != "money"):
            self.fail(section, key, "sum adds up amounts of the rows for a field of the claim")
        if given[0] == "columns":
            return tuple(self.texts(section, value, "columns", key)), False
        return (() if given[0] == "constant" else (self.text_of(section, value, given[0], None, key),)), given[
            0
        ] == "sum"

    def choice(self, section: str, key: str, value: Mapping[str, Any], name: str, known: Mapping[str, Any]) -> str:
        chosen = self.text_of(section, value, name, "", key)
        if chosen and chosen not in known:
            self.fail(section, key, f"{name} = {chosen!r} is not known; known are {', '.join(sorted(known)) or 'none'}")
        return chosen

    def part(self, section: str, key: str, value: Mapping[str, Any]) -> int:
        part = value.get("part", 0)
        if not isinstance(part, int) or not 0 <= part <= 99 or (part and not ("split" in value or "pattern" in value)):
            self.fail(section, key, "part counts from 1 and needs split or pattern")
        return part

    def pattern(self, section: str, key: str, value: Mapping[str, Any]) -> re.Pattern[str] | None:
        text = self.text_of(section, value, "pattern", "", key)
        if not text:
            return None
        try:
            made = re.compile(text)
        except re.error as error:
            self.fail(section, key, f"pattern: {error}")
        if not made.groups or value.get("part", 1) > made.groups:
            self.fail(section, key, "pattern needs a group in parentheses for each part")
        return made


def _shape(section: str, spec: Spec) -> str:
    """The field as the guide's list of fields writes it: lists are "[]"."""
    text = "lines[]" if section == "lines" else ""
    for step in spec.path:
        text += "[]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text + ("[]" if spec.as_list else "") + (f".{spec.each}" if spec.each else "")
