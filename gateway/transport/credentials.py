"""References to secrets: `env:NAME`, `file:PATH` (relative to the home) or `command:LINE`.

A profile holds the reference, never the secret. Errors name the reference, never what it stands for.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

from gateway.errors import UsageError

COMMAND_SECONDS: Final = 30
LONGEST_SECRET: Final = 1 << 16  # bytes; a private key has a few thousand


def resolve(reference: str, home: Path) -> str:
    """The secret that a reference stands for, without the line end that editors and programs add.

    Raises UsageError, which names the reference and what is wrong with it.
    """
    scheme, colon, rest = reference.partition(":")
    if not colon or not rest.strip():
        raise UsageError('a secret is given as "env:NAME", "file:PATH" or "command:LINE"')
    match scheme:
        case "env":
            raw = _from_environment(rest)
        case "file":
            raw = _from_file(rest, home)
        case "command":
            raw = _from_command(rest, home)
        case _:
            raise UsageError('a secret is given as "env:NAME", "file:PATH" or "command:LINE"')
    return _as_text(raw, f"{scheme}:{rest}")


def _from_environment(name: str) -> bytes:
    value = os.environ.get(name)
    if value is None:
        raise UsageError(f"env:{name}: this environment variable is not set")
    return os.fsencode(value)


def _from_file(path: str, home: Path) -> bytes:
    try:
        with (home / path).open("rb") as stream:
            return stream.read(LONGEST_SECRET + 1)
    except OSError as error:
        raise UsageError(f"file:{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"file:{path!r}: is no path") from None


def _from_command(line: str, home: Path) -> bytes:
    """Runs the line in the home, without a shell. What it writes to standard error is not shown: it may quote."""
    try:
        words = shlex.split(line)
        done = subprocess.run(
            words, cwd=home, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except ValueError:
        raise UsageError(f"command:{line}: its quotes do not match") from None
    except OSError as error:
        raise UsageError(f"command:{line}: cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"command:{line}: gave nothing within {COMMAND_SECONDS} seconds") from None
    if done.returncode != 0:
        raise UsageError(f"command:{line}: ended with {done.returncode}")
    return done.stdout


def _as_text(raw: bytes, reference: str) -> str:
    if len(raw) > LONGEST_SECRET:
        raise UsageError(f"{reference}: is too long for a secret")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{reference}: is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError(f"{reference}: is empty")
    return text
