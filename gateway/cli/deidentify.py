"""`gateway x12 deidentify`: copies of files that can be shared."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from gateway.cli.files import opened, write_file
from gateway.cli.output import BytesOut, counted, note, plain
from gateway.errors import UsageError

if TYPE_CHECKING:
    from gateway.cli.root import Session
    from gateway.deidentify.copying import Copier

_SHORTEST_KEY = 16  # characters
_LISTED = 12  # places


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--key", help="A secret that gives the same fakes another day: env:NAME, file:PATH or command:LINE.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The file of the copy; for several, a folder. Default: standard output.",
)
@click.option("--keep-providers", is_flag=True, help="Leave providers, their identifiers and the envelope as they are.")
@click.pass_obj
def deidentify(
    session: Session, files: tuple[Path, ...], key: str | None, output: Path | None, keep_providers: bool
) -> None:
    """Copies of FILEs without persons: the same fake for the same person in all of them; money and codes stay.

    Copies in a folder are numbered in the order of the files, since names of files may name patients.
    """
    from gateway.deidentify.copying import Copier
    from gateway.deidentify.rules import shipped_rules
    from gateway.deidentify.values import Values

    in_folder = output is not None and (len(files) > 1 or output.is_dir())
    if len(files) > 1 and output is None:
        raise UsageError("several files need a folder for their copies: --output DIR")
    copier = Copier(Values(_key(session, key), keep_providers=keep_providers), shipped_rules())
    if in_folder:
        _into_folder(copier, files, cast(Path, output))
    else:
        _one(copier, files[0], output)
    _tell_unknown(copier)


def _key(session: Session, reference: str | None) -> bytes:
    if reference is None:
        return secrets.token_bytes(32)
    from gateway.transport.credentials import resolve

    secret = resolve(reference, session.home)
    if len(secret) < _SHORTEST_KEY:
        raise UsageError(f"the key must have at least {_SHORTEST_KEY} characters")
    return secret.encode()


def _one(copier: Copier, file: Path, output: Path | None) -> None:
    if output is None:
        out = BytesOut()
        _copy(copier, file, cast(BinaryIO, out))
        out.flush()
    else:
        write_file(output, lambda out: _copy(copier, file, out))


def _into_folder(copier: Copier, files: Sequence[Path], folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None
    width = max(4, len(str(len(files))))
    for number, file in enumerate(files, 1):
        made = folder / f"{number:0{width}}.edi"
        write_file(made, lambda out, file=file: _copy(copier, file, out))  # type: ignore[misc]
        note(f"{made}: {plain(str(file))}")


def _copy(copier: Copier, file: Path, out: BinaryIO) -> None:
    with opened(file) as stream:
        try:
            copier.copy(stream, out)
        except UsageError as error:
            raise UsageError(f"{file}: {error}") from None


def _tell_unknown(copier: Copier) -> None:
    """What no rule knows is safe, but the copy may be less valid there than the file."""
    places = sorted(copier.unknown)
    if places:
        more = f" and {len(places) - _LISTED:,} more" if len(places) > _LISTED else ""
        count = counted(copier.unknown.total(), "value")
        note(f"{count} in places that the rules do not know were replaced: {', '.join(places[:_LISTED])}{more}")
