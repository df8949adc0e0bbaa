"""The command line: thin commands, a file a group; the one table from error to exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from gateway.errors import GatewayError

BUG = 70


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs one command and leaves with the contract's exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 done, 1 needs a person, 2 usage, 3 unreachable, 4 refused, 70 bug."""
    from gateway.cli.root import gateway

    try:
        code = gateway.main(args=arguments, prog_name="gateway", standalone_mode=False)
        sys.stdout.flush()
    except GatewayError as error:
        return _say(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        hint = f"\ntry: {error.ctx.command_path} --help" if error.ctx else ""
        return _say(error.format_message() + hint, 2)
    except click.ClickException as error:
        return _say(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        return _say("stopped; what was done so far is kept", 130)
    except BrokenPipeError:
        # The reader of our output went away, for example `| head`. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost edge: whatever is left is a bug of ours
        return _say(_bug(error), BUG)
    return code if isinstance(code, int) else 0


def _say(text: str, code: int) -> int:
    click.echo(f"gateway: {text}", err=True)
    return code


def _bug(error: Exception) -> str:
    """Where it happened, without the error's text: that may hold patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "gateway" in frame.filename] or frames
    place = f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno} in {ours[-1].name}" if ours else "unknown place"  # noqa: PTH119
    return (
        f"a bug in the gateway: {type(error).__name__} at {place}; nothing half done was kept. Please report this line"
    )
