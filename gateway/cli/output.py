"""How commands speak: one JSON document with `--json`, else tables and lines for a person, on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


def emit(document: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=1, default=str))


def say(text: str = "") -> None:
    """A line for a person."""
    click.echo(text)


def note(text: str) -> None:
    """A line beside the data, on standard error."""
    click.echo(text, err=True)


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = (), empty: str = "none"
) -> None:
    """A plain table: columns as wide as their content, the named ones to the right."""
    shown = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not shown:
        say(empty)
        return
    widths = [max(len(head[i]), *(len(row[i]) for row in shown)) for i in range(len(head))]
    numbers = {i for i, name in enumerate(head) if name in right}
    for row in [list(head), ["─" * width for width in widths], *shown]:
        cells = [cell.rjust(widths[i]) if i in numbers else cell.ljust(widths[i]) for i, cell in enumerate(row)]
        say("  ".join(cells).rstrip())


def progress(label: str, total: int | None = None) -> Progress:
    """A progress bar on standard error, only on a terminal."""
    return Progress(label, total)


class Progress:
    """A context manager that gives `step(n)`; silent where standard error is no terminal."""

    def __init__(self, label: str, total: int | None) -> None:
        self.label, self.total, self._bar = label, total, None
        self._task: Any = None

    def __enter__(self) -> Callable[[int], None]:
        if not sys.stderr.isatty():
            return lambda _count: None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        bar: Any = Bar(*columns, console=Console(stderr=True), transient=True)
        self._bar = bar
        bar.start()
        self._task = bar.add_task(self.label, total=self.total)
        return lambda count: bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
