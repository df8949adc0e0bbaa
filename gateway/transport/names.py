"""File names: which ones from outside are odd, how ours are made, and how our temporary ones are recognised."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Final

from gateway.errors import UsageError

LONGEST_NAME: Final = 255  # bytes, the limit of every file system in use
TEMP_NAME: Final = re.compile(r"gw[0-9a-f]{16}\.part")
UNFINISHED_SUFFIXES: Final = (".filepart", ".part", ".partial", ".tmp")  # what uploading programs call a part of a file

_FIELDS: Final = frozenset({"batch", "icn", "date", "time", "type"})
_UNIQUE_FIELDS: Final = frozenset({"batch", "icn"})
_OUTGOING: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def oddity(name: str) -> str | None:
    """Why a name must not be asked for, or None. The text does not repeat the name."""
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        return "not UTF-8"
    if not raw or name in {".", ".."}:
        return "no name of a file"
    if "/" in name or "\\" in name:
        return "holds a slash"
    if any(not character.isprintable() for character in name):
        return "holds control characters"
    if len(raw) > LONGEST_NAME:
        return f"longer than {LONGEST_NAME} bytes"
    return None


def shown(raw: bytes) -> str:
    """An odd name in printable characters, at most 255 of them, for a person to read; not a name to ask for."""
    text = raw[: 2 * LONGEST_NAME].decode(errors="backslashreplace")
    plain = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return "".join(plain)[:LONGEST_NAME]


def shown_name(path: Path) -> str:
    """The name of a local file in printable characters, so that it can be stored and shown."""
    return shown(os.fsencode(path.name))


def require_plain(name: str) -> str:
    """The name itself, if it is plain. Raises UsageError."""
    reason = oddity(name)
    if reason is not None:
        raise UsageError(f"this file name cannot be used: {reason}")
    return name


def new_temp_name() -> str:
    """A short random name; it says nothing of the final one and fits partners with narrow rules."""
    return f"gw{secrets.token_hex(8)}.part"


def is_temp_name(name: str) -> bool:
    """Whether the name is one that this program gives to files it is still writing."""
    return TEMP_NAME.fullmatch(name) is not None


def is_unfinished_name(name: str) -> bool:
    """Whether the name is one that uploading programs, ours too, give to files they are still writing."""
    return name.lower().endswith(UNFINISHED_SUFFIXES)


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """How files to a partner are called, such as `OATEST_{batch}.txt`. Made by `parse`, which checks it."""

    text: str

    @classmethod
    def parse(cls, text: str) -> NameTemplate:
        """Checks fields, uniqueness and characters. Raises UsageError, which names what is wrong."""
        template = cls(text)
        fields = _fields(text)
        unknown = sorted(fields - _FIELDS)
        if unknown:
            raise UsageError(f"send_name {text!r}: unknown field {{{unknown[0]}}}; there are {_listed(_FIELDS)}")
        if not fields & _UNIQUE_FIELDS:
            raise UsageError(f"send_name {text!r} is not unique: it needs {_listed(_UNIQUE_FIELDS)}")
        template.render(batch="1", icn="000000001", date="20000101", time="000000", kind="837P")
        return template

    def render(self, *, batch: str, icn: str, date: str, time: str, kind: str) -> str:
        """The name of one file; `kind` fills `{type}`. Raises UsageError where the result is no safe name."""
        name = self.text.format(batch=batch, icn=icn, date=date, time=time, type=kind)
        if _OUTGOING.fullmatch(name) is None:
            raise UsageError(f"send_name {self.text!r}: a name may hold letters, digits, dot, dash and underscore only")
        if len(name) > LONGEST_NAME or is_unfinished_name(name):
            raise UsageError(f"send_name {self.text!r}: too long, or it ends like the name of an unfinished file")
        return name


def _fields(text: str) -> set[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise UsageError(f"send_name {text!r}: braces do not match") from error
    if any(conversion or form for _, field, form, conversion in parts if field is not None):
        raise UsageError(f"send_name {text!r}: a field is a name in braces and nothing else")
    return {field for _, field, _, _ in parts if field is not None}


def _listed(fields: frozenset[str]) -> str:
    return ", ".join(f"{{{field}}}" for field in sorted(fields))
