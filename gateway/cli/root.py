"""`gateway` itself: global options, and the groups, each loaded only when it is called."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from gateway import __version__

COMMANDS = {
    "init": "start:init",
    "demo": "demo:demo",
    "doctor": "doctor:doctor",
    "claims": "claims:claims",
    "batches": "batches:batches",
    "inbound": "inbound:inbound",
    "remittances": "remittances:remittances",
    "exchange": "exchange:exchange",
    "run": "schedule:run",
    "metrics": "metrics:metrics",
    "step": "exchange:step",
    "alerts": "alerts:alerts",
    "runbook": "runbook:runbook",
    "worklist": "worklist:worklist",
    "report": "report:report",
    "export": "export:export",
    "partners": "partners:partners",
    "companions": "companions:companions",
    "codes": "codes:codes",
    "x12": "x12:x12",
    "store": "store:store",
    "keys": "keys:keys",
    "audit": "audit:audit",
    "simulator": "simulator:simulator",
}


class Group(click.Group):
    """A group that says in full what each of its commands does."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of their help, wrapped instead of cut."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(1000)) for name, command in found if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class LazyGroup(Group):
    """Imports a command's module only when it is asked for, so that starting stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(f"gateway.cli.{module}"), name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command and records it in the audit trail, however it ends."""
        try:
            found = super().invoke(ctx)
        except BaseException as error:
            if ctx.obj is not None:  # else not even a command was found
                ctx.obj.record(error)
            raise
        ctx.obj.record(None)
        return found


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="gateway")
@click.option("--home", type=click.Path(path_type=Path), envvar="GATEWAY_HOME", help="The home. Default: this folder.")
@click.option("--log-format", type=click.Choice(["console", "json"], case_sensitive=False), default="console")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False), default="warning"
)
@click.pass_context
def gateway(ctx: click.Context, home: Path | None, log_format: str, log_level: str) -> None:
    """Sends healthcare claims to payers as X12 5010 837 files and brings the money's story back.

    Exit codes: 0 done · 1 something needs a person · 2 wrong usage or configuration · 3 a partner could not be
    reached · 4 refused, because it could send or post twice, lose something or reach the wrong party · 70 a bug.
    """
    ctx.obj = Session(home or Path(), log_format.lower(), log_level.lower())
    ctx.call_on_close(ctx.obj.close)


class Session:
    """What a command needs of the global options; the app is opened on first use."""

    def __init__(self, home: Path, log_format: str, log_level: str) -> None:
        self.home, self.log_format, self.log_level = home, log_format, log_level
        self._app: App | None = None
        self._recording: Recording | None = None

    @property
    def app(self) -> App:
        """The home, opened."""
        if self._app is None:
            from gateway.app import App
            from gateway.home import Home
            from gateway.logs import configure

            configure(self.log_format, self.log_level)
            self._app = App(Home.open(self.home))
            if context := click.get_current_context(silent=True):
                from gateway.cli.recording import Recording

                self._recording = Recording(self._app, context)
        return self._app

    def recorded(self) -> None:
        """Has a command recorded that needed neither store nor archive."""
        _ = self.app

    def record(self, error: BaseException | None) -> None:
        """The end of the command, for the audit trail; an error that it ended with comes first."""
        if self._recording is None:
            return
        from gateway.cli.output import note
        from gateway.cli.recording import outcome_of
        from gateway.errors import GatewayError

        try:
            self._recording.end(outcome_of(error) if error else 0)
        except GatewayError as failed:
            if error is None:
                raise
            note(f"not recorded in the audit trail: {failed}")

    def record_so_far(self) -> None:
        """What a command that goes on and on has done by now."""
        if self._recording is not None:
            self._recording.so_far()

    def close(self) -> None:
        if self._app is not None:
            self._app.close()


TYPE_CHECKING = False
if TYPE_CHECKING:
    from gateway.app import App
    from gateway.cli.recording import Recording
