"""What to do next about an item of work, as the command to type: by table, unless something is under way already."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import NamedTuple

from gateway.claims.work import WAITING, Appeal
from gateway.errors import UsageError
from gateway.reports.words import rows_of

_COLUMNS = ("list", "category", "step", "says")
# What stands in capitals is filled in by who types it.
COMMANDS = {
    "replace": "claims replace {claim} FILE",
    "void": "claims void {claim} --payer-number NUMBER",
    "next": "claims import FILE",
    "appeal": "worklist appeal {claim} --level {level} --sent DAY",
    "call": "claims event {claim} --hop payer --verdict info --source telephone --date DAY --text TEXT",
    "batch": "batches show {batch}",
    "resend": "batches resend {batch}",
    "look": "claims why {claim}",
    "done": "worklist done {claim} --outcome billed_patient",
}
# A correction that is under way already, by the stage of its version.
_UNDER_WAY = {
    "held": ("The correction is held: see why", "claims show {claim}"),
    "ready": ("The correction waits to be sent", "batches build"),
    "batched": ("The correction stands in a file that is not delivered", "batches send"),
    "sent": ("The correction is with the payer: wait for its answer", "claims why {claim}"),
}


class Step(NamedTuple):
    """What to do, in words and as a command."""

    says: str
    command: str


class Case(NamedTuple):
    """What the next step of an item rests on."""

    list: str
    category: str
    number: str  # CLM01
    group: str = ""  # of the largest reason (PR, CO …), of denials
    provider: str = ""  # where the number alone does not name the claim
    batch: str = ""
    stage: str = ""  # of the version that counts
    corrected: bool = False  # that version is newer than what was denied
    appeal: Appeal | None = None  # the last, where it is about this denial
    level: int = 1  # of the appeal that would be next
    action: str = ""  # what is usually done about the largest reason, or the first code
    may_replace: bool = True  # the payer takes what would have to be sent
    is_void: bool = False  # what was rejected takes the claim back


class NextSteps:
    """The table, with a home's rows over it."""

    __slots__ = ("_rows",)

    def __init__(self, rows: dict[tuple[str, str], tuple[str, str]]) -> None:
        self._rows = rows

    def of(self, case: Case) -> Step:
        """The next step of an item."""
        if case.corrected and case.stage in _UNDER_WAY:
            says, command = _UNDER_WAY[case.stage]
        elif case.appeal is not None and case.appeal.outcome == WAITING:
            says = f"Appeal {case.appeal.level} is with the payer since {case.appeal.sent_on}"
            command = f"worklist appeal {{claim}} --level {case.appeal.level} --answered DAY --outcome OUTCOME"
        elif case.appeal is not None and case.appeal.outcome == "overturned":
            says, command = "The payer decided for you: wait for its payment", "claims why {claim}"
        else:
            step, says = self._row(case)
            command = COMMANDS[step]
        return Step(says, _filled(command, case))

    def _row(self, case: Case) -> tuple[str, str]:
        found = self._rows.get((case.list, case.category)) or self._rows.get((case.list, "")) or ("look", "")
        if found[0] == "replace" and case.is_void:
            return "void", "The void was rejected: compare the payer's number of the claim, and void it with that"
        if found[0] == "replace" and not case.may_replace:
            return "call", "This payer takes no replacement: ask it to reopen the claim"
        of_group = self._rows.get((case.list, f"{case.category} {case.group}"))
        if of_group is not None:
            return of_group
        step = "look" if found[0] in ("batch", "resend") and not case.batch else found[0]
        return step, case.action or found[1]


def _filled(command: str, case: Case) -> str:
    claim = shlex.quote(case.number) + (f" --provider {shlex.quote(case.provider)}" if case.provider else "")
    return "gateway " + command.format(claim=claim, batch=case.batch, level=case.level)


def load_next_steps(texts: Iterable[str]) -> NextSteps:
    """The table from the shipped text and a home's, whose rows replace it.

    :raises UsageError: naming table, line and column of what cannot be
    """
    rows: dict[tuple[str, str], tuple[str, str]] = {}
    for where, row in rows_of(texts, "next_steps.csv", _COLUMNS):
        if row["step"] not in COMMANDS:
            raise UsageError(f"{where}: step must be one of {', '.join(COMMANDS)}")
        rows[row["list"], row["category"]] = row["step"], row["says"]
    return NextSteps(rows)
