"""Each command that shows, changes, sends or posts is a line of the audit trail: what it is, by whom, on what.

A command that does more than look is recorded before it begins as well, so that a process that is killed leaves a
line. The words of the call are not recorded: they may name a patient; what they stand for is, by our own numbers.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click

from gateway.app import App
from gateway.cli.output import ReaderGone
from gateway.errors import GatewayError
from gateway.store import Connection, Store
from gateway.store.audit import NewEntry, append
from gateway.store.claims import find_claims

# Commands that show nothing of a claim and change nothing, or are about the machine; `audit` is the trail itself.
SILENT = {
    "init", "demo", "doctor", "audit", "x12", "simulator", "metrics", "runbook", "claims schema", "remittances schema",
    "partners list", "partners check", "companions list", "companions show", "codes list", "store check",
    "keys new", "keys list", "alerts list", "alerts send", "alerts test",
}  # fmt: skip
_SEE = {
    "list", "show", "why", "export", "report", "postings", "lines", "patients", "balances", "denials", "rejections",
    "silent", "try", "backup",
}  # fmt: skip
_SEND = {"batches build", "batches send", "batches resend", "batches mark-sent", "exchange", "run", "step"}
_POST = {"inbound", "remittances"}
_OWN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)*")
_MOST = 500  # subjects an entry names


def action_of(command: str, params: Mapping[str, Any]) -> str:
    """see, change, send or post; empty for what is not recorded."""
    words = command.split()
    if words[0] in SILENT or command in SILENT:
        return ""
    if words[-1] in _SEE or words[0] in _SEE or params.get("dry_run"):
        return "see"
    if command in _SEND:
        return "send"
    return "post" if words[0] in _POST else "change"


class Recording:
    """The entries of one command."""

    def __init__(self, app: App, context: click.Context) -> None:
        self._app = app
        self._command = context.command_path.partition(" ")[2] or context.command_path
        self._params = dict(context.params)
        self._action = action_of(self._command, self._params)
        if self._action not in ("", "see"):
            app.on_store = self._begin

    def _begin(self, store: Store) -> None:
        with store.write() as conn:
            self._add(conn, "begun", [])

    def so_far(self) -> None:
        """What a command that goes on and on has done since the last time, where it has done something."""
        if self._app.done:
            self._write("done")

    def end(self, outcome: int) -> None:
        """The last entry, where the store was opened at all, or something was changed beside it."""
        if self._action not in ("", "see") and outcome in (0, 1):
            self._open()
        if self._action and "store" in self._app.__dict__:
            self._write(str(outcome))

    def _open(self) -> None:
        """The store of a command that had no need of it, or made it anew; none is made for the trail alone."""
        with suppress(GatewayError):
            file = self._app.embedded
            if file is None or file.exists():
                _ = self._app.store

    def _write(self, outcome: str) -> None:
        with self._app.store.write() as conn:
            self._add(conn, outcome, [*self._named(conn), *self._app.done])
        self._app.done.clear()

    def _add(self, conn: Connection, outcome: str, subjects: list[str]) -> None:
        more = [f"and {len(subjects) - _MOST} more"] if len(subjects) > _MOST else []
        kept = [*subjects[:_MOST], *more]
        append(
            conn, NewEntry(self._app.actor, _login(), self._command, self._action, kept, outcome), at=self._app.now()
        )

    def _named(self, conn: Connection) -> list[str]:
        """What the call names, by our own numbers."""
        found = []
        for name, value in self._params.items():
            if name.endswith("_id") and isinstance(value, int):
                found.append(f"{name.removesuffix('_id')}:{value}")
            elif name == "identifier" and _OWN_NUMBER.fullmatch(value):
                found.append(f"{self._params.get('kind', 'payment')}:{value}")
            elif name == "partner" and value in self._app.profiles:
                found.append(f"partner:{value}")
            elif name == "name" and self._command == "report":
                found.append(f"report:{value}")
        if number := self._params.get("number"):
            found += [f"claim:{row.id}" for row in find_claims(conn, number, self._params.get("provider"))]
        return found


def outcome_of(error: BaseException) -> int:
    """The exit code that an error will have."""
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else 0
        case ReaderGone():
            return 0
        case GatewayError():
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            return 130
        case click.ClickException() | OSError():
            return 2
    return 70


def _login() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
