"""The next step of an item: by table, unless something is under way, and always a command that can be typed."""

from __future__ import annotations

import click
import pytest

from gateway.claims.work import Appeal
from gateway.cli.root import gateway
from gateway.errors import UsageError
from gateway.exchange.rules import next_steps
from gateway.reports.next_steps import COMMANDS, Case, Step, load_next_steps

STEPS = next_steps()
DENIED = Case("denials", "data", "ACCT 1", level=2, batch="7")


def test_the_action_of_the_code_goes_before_that_of_the_step() -> None:
    """A code knows better what is wrong; a number with a blank is quoted."""
    assert STEPS.of(DENIED._replace(action="Read the remarks")) == Step(
        "Read the remarks", "gateway claims replace 'ACCT 1' FILE"
    )
    assert STEPS.of(DENIED).says == "Add what is missing and send again"
    assert STEPS.of(DENIED._replace(category="of tomorrow")).command == "gateway claims replace 'ACCT 1' FILE"


def test_what_is_not_the_patients_is_never_billed_to_him() -> None:
    """A service that is not covered is billed to the patient in group PR alone, whatever the code usually asks for."""
    case = DENIED._replace(category="non_covered", action="Tell the patient; write off by rule")
    assert STEPS.of(case._replace(group="PR")).command.endswith("--outcome billed_patient")
    for group in ("CO", "PI", "OA"):
        step = STEPS.of(case._replace(group=group))
        assert "billed_patient" not in step.command
        assert "the patient" not in step.says.partition(":")[0]


def test_a_payer_that_takes_no_replacement_is_asked() -> None:
    """The command that would be refused is not proposed."""
    step = STEPS.of(DENIED._replace(may_replace=False, action="Correct and send again"))
    assert "reopen" in step.says
    assert step.command.startswith("gateway claims event 'ACCT 1' --hop payer")


@pytest.mark.parametrize("outcome", ["waiting", "overturned", "upheld"])
def test_an_appeal_under_way_is_waited_for(outcome: str) -> None:
    """Waiting and won ones are; one that was lost leaves the next step as it was."""
    step = STEPS.of(DENIED._replace(appeal=Appeal(1, "2026-02-01", "", outcome, "", "pat"), category="necessity"))
    expected = {"waiting": "--level 1 --answered", "overturned": "claims why", "upheld": "--level 2 --sent"}
    assert expected[outcome] in step.command


def test_without_a_batch_there_is_none_to_send_again() -> None:
    """A claim of another system's file is looked at instead."""
    case = Case("rejections", "ta1", "A1")
    assert STEPS.of(case).command == "gateway claims why A1"
    assert STEPS.of(case._replace(batch="7")).command == "gateway batches resend 7"


@pytest.mark.parametrize("step", COMMANDS)
def test_every_step_is_a_command_that_exists_with_those_options(step: str) -> None:
    """What is shown can be typed, once the capitals are filled in."""
    case = DENIED._replace(list="denials", category="x", number="A1")
    steps = load_next_steps([f"list,category,step,says\ndenials,x,{step},do it\n"])
    words = steps.of(case).command.split()
    command: click.Command = gateway
    context = click.Context(gateway, info_name="gateway")
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(1))
        assert found is not None
        command = found
    known = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("row", ["denials,data,dance,do it", "denials,data"])
def test_a_row_that_cannot_be_is_named(row: str) -> None:
    """With its table and line."""
    with pytest.raises(UsageError, match=r"next_steps.csv, line 2"):
        load_next_steps([f"list,category,step,says\n{row}\n"])
