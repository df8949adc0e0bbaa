"""How commands speak: one JSON document with `--json`, else tables and lines for a person, on standard output.

Names and texts come from files of strangers: what could steer a terminal is shown as an escape, never sent raw. An
output that cannot be written is one line and an exit code, a reader who went away (`| head`) is neither.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TextIO

import click

from gateway.errors import UsageError

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
number_type = click.IntRange(1, (1 << 63) - 1)  # of our own ids: what the store can hold
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")

# Controls of both sets, marks that reorder text, line separators, and halves of characters.
_STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_STEERS_JSON = re.compile(_STEERS.pattern.replace("\x00-\x1f", ""))  # JSON escapes these itself; its own line ends stay
_NOT_ASCII = re.compile("[^\x00-\x7f]")


class ReaderGone(Exception):
    """Who read our output went away, for example `| head`; no error of anyone."""


class OutputFailed(UsageError):
    """Standard output cannot be written: a full disk behind `>`."""


def plain(text: str, keep: str = "") -> str:
    """Text that a terminal only shows: controls and marks as escapes, but those in `keep`."""
    return _STEERS.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}" if character < "\u0100" else f"\\u{ord(character):04x}"


def to_json(document: Any, *, indent: int | None = 1) -> str:
    """A document as JSON that any terminal and any encoding can take."""
    separators = None if indent else (",", ":")
    return plain_json(json.dumps(document, ensure_ascii=False, indent=indent, separators=separators, default=str))


def plain_json(text: str) -> str:
    """JSON whose characters that steer a terminal, or that standard output cannot hold, stand as escapes."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    return (_STEERS_JSON if is_unicode else _NOT_ASCII).sub(lambda found: json.dumps(found[0])[1:-1], text)


def emit(document: Any) -> None:
    """One JSON document on standard output."""
    write_out(to_json(document) + "\n")
    flush_out()


class JsonItems:
    """One JSON document on standard output whose "items" are written as they come."""

    def __init__(self) -> None:
        self._begun = False

    def tell(self, item: Any) -> None:
        write_out(("," if self._begun else '{"items": [') + "\n" + to_json(item))
        self._begun = True

    def end(self, rest: dict[str, Any]) -> None:
        """Closes the document with what stands beside the items."""
        closed = to_json(rest)
        write_out(("\n], " if self._begun else '{"items": [], ') + closed.removeprefix("{").lstrip() + "\n")
        flush_out()


def say(text: str = "") -> None:
    """A line for a person."""
    write_out(plain(text, keep="\n") + "\n")
    flush_out()


def note(text: str) -> None:
    """A line beside the data, on standard error. Where nobody can read it, the work still goes on."""
    with suppress(OSError):
        click.echo(_fitting(plain(text, keep="\n"), sys.stderr), err=True)


def write_out(text: str) -> None:
    """Text on standard output as it is, flushed later; ReaderGone and OutputFailed where it cannot be written."""
    with _translated():
        sys.stdout.write(_fitting(text, sys.stdout))


def flush_out() -> None:
    """Sends on what was written."""
    with _translated():
        sys.stdout.flush()


def _fitting(text: str, stream: TextIO | None) -> str:
    """Text that the stream's encoding can hold; "?" for what it cannot."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise OutputFailed(f"standard output cannot be written: {error.strerror}") from None


class BytesOut:
    """Standard output for bytes."""

    def __init__(self) -> None:
        self._out: BinaryIO = sys.stdout.buffer
        self.written = 0

    def write(self, data: bytes) -> int:
        with _translated():
            count = self._out.write(data)
        self.written += count
        return count

    def flush(self) -> None:
        with _translated():
            self._out.flush()


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = (), empty: str = "none"
) -> None:
    """A plain table: columns as wide as their content, the named ones to the right."""
    shown = [[("" if cell is None else plain(str(cell))) for cell in row] for row in rows]
    if not shown:
        say(empty)
        return
    widths = [max(len(head[i]), *(len(row[i]) for row in shown)) for i in range(len(head))]
    numbers = {i for i, name in enumerate(head) if name in right}
    for row in [list(head), ["─" * width for width in widths], *shown]:
        cells = [cell.rjust(widths[i]) if i in numbers else cell.ljust(widths[i]) for i, cell in enumerate(row)]
        write_out("  ".join(cells).rstrip() + "\n")
    flush_out()


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 record, 1,200 records."""
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('ch') else 's'}"


def progress(label: str, *, so_far: bool = False) -> Progress:
    """A progress bar on standard error, only on a terminal.

    :param so_far: whether its step is called with the number done so far, instead of the number done since
    """
    return Progress(label, so_far)


class Progress:
    """A context manager that gives `step(n)`; silent where standard error is no terminal."""

    def __init__(self, label: str, so_far: bool) -> None:
        self.label, self.so_far = label, so_far
        self._bar: Any = None

    def __enter__(self) -> Callable[[int], None]:
        if not sys.stderr.isatty():
            return lambda _count: None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        name = TextColumn("{task.description}", markup=False)
        columns = name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = bar = Bar(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        task = bar.add_task(plain(self.label), total=None)
        if self.so_far:
            return lambda count: bar.update(task, completed=count)
        return lambda count: bar.advance(task, count)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
