"""Files that commands are given and files that they make: opened or made whole, or one line says why not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gateway.cli.output import plain
from gateway.errors import GatewayError, UsageError
from gateway.runbook import named


def require_file(path: Path) -> None:
    """UsageError where there is no file of that name."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder, not a file")
    if not path.exists():
        raise UsageError(f"{path}: there is no such file")


def of_file(path: Path, error: GatewayError) -> str:
    """The line of an error that one file of several met: it names the file, whether the error does or not."""
    text = plain(str(error))
    said = text if text.startswith(plain(str(path))) else f"{plain(str(path))}: {text}"
    return named(f"gateway: {said}", error.page)


def opened(path: Path) -> BinaryIO:
    """The file for reading; UsageError with one line where that cannot be."""
    require_file(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def write_file(path: Path, write: Callable[[BinaryIO], object], *, over: bool = False) -> None:
    """Makes a file whole or not at all: written beside its place, then given its name.

    :param over: whether a file of that name is replaced
    :raises UsageError: where one is there already or it cannot be written; what was there stays as it was
    """
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        if not over and (path.exists() or path.is_symlink()):
            raise UsageError(f"{path} is there already; it was left as it is")
        if over and path.exists() and not path.is_file():  # a device or pipe has no other place
            with path.open("wb") as out:
                write(out)
            return
        try:
            with open(temporary, "xb", opener=_for_owner) as out:
                write(out)
            temporary.replace(path) if over else _name_once(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def _for_owner(path: str, flags: int) -> int:
    """What is exported holds patient data."""
    return os.open(path, flags, 0o600)


def _name_once(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise UsageError(f"{path} is there already; it was left as it is") from None
    except OSError:  # a file system without links
        temporary.rename(path)
