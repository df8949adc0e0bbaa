"""The command line: thin commands, a file a group; the one table from error to exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from gateway.errors import Bug, GatewayError
from gateway.runbook import BY_EXIT_CODE, named

BUG = 70
STOPPED = 130  # as a shell has it for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs one command and leaves with the contract's exit code."""
    _open_closed_streams()
    code = run(arguments)
    _drop_unwritten()
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 done, 1 needs a person, 2 usage, 3 unreachable, 4 refused, 70 bug."""
    from gateway.cli.output import ReaderGone, flush_out

    try:
        code = _command(arguments)
        flush_out()
    except ReaderGone:
        return 0
    except GatewayError as error:
        return _say(named(str(error), error.page), error.exit_code)
    except click.ClickException as error:
        return _usage(error)
    except (click.Abort, KeyboardInterrupt):
        return _say(named("stopped; what was done so far is kept", BY_EXIT_CODE[STOPPED]), STOPPED)
    except OSError as error:
        return _say(named(_machine(error), BY_EXIT_CODE[2]), 2)
    except Exception as error:  # noqa: BLE001 - the outermost edge: whatever is left is a bug of ours
        return _say(named(str(Bug.of(error)), Bug.page), BUG)
    return code


def _command(arguments: Sequence[str] | None) -> int:
    from gateway.cli.root import gateway

    try:
        code = gateway.main(args=arguments, prog_name="gateway", standalone_mode=False)
    except SystemExit as leaving:
        code = leaving.code
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and context:
        click.echo(context.get_help(), err=True)
        return 2
    code = _say(error.format_message(), 2)
    if context:
        _say(named(f"try `{context.command_path} --help`", BY_EXIT_CODE[2]), 2)
    return code


def _say(text: str, code: int) -> int:
    from gateway.cli.output import note, plain

    note(f"gateway: {plain(text)}")
    return code


def _machine(error: OSError) -> str:
    """What the machine refused: a full disk, a missing permission."""
    place = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return f"{place}{error.strerror or type(error).__name__}; nothing half done was kept"


def _open_closed_streams() -> None:
    """Where a stream was closed (`>&-`), the null device stands in: else the next file opened would become it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            setattr(sys, name, os.fdopen(handle, "r" if number == 0 else "w", encoding="utf-8"))


def _drop_unwritten() -> None:
    """What could not be written would be complained about once more at exit."""
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
