"""There is a runbook for everything that goes wrong, and what goes wrong names it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import click
import pytest
from docs_console import REPOSITORY

import gateway
from gateway.alerts.kinds import KINDS
from gateway.alerts.message import Told, compose
from gateway.cli import root, run
from gateway.errors import Bug, GatewayError, NeedsPerson, PartnerUnreachable, Refused, UsageError
from gateway.runbook import BY_BATCH_STATE, BY_EXIT_CODE, pages, read

PAGES = REPOSITORY / "docs" / "runbooks"
NAMED = re.compile(r"\(gateway runbook ([\w-]+)\)")


def errors() -> list[type[GatewayError]]:
    """Every kind of error of the program."""
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(set(_below(GatewayError)), key=lambda kind: kind.__name__)


def _below(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("gateway."):
            yield one
            yield from _below(one)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_alert_has_its_page_and_names_it(kind: str) -> None:
    """In the text that is mailed, and in the document."""
    alert = Told(1, kind, "subject", "house", "text", "2026-01-05T12:00:00.000000Z")
    made = compose("practice", alert.since, [alert], [])
    (named,) = re.findall(r"what to do: gateway runbook ([\w-]+)$", made.text, re.MULTILINE)
    assert named == made.document["alerts"][0]["runbook"]
    assert named in pages()


def test_every_error_has_its_page() -> None:
    """Also those that only one room raises."""
    found = errors()
    assert len(found) > 20
    assert {kind.__name__: kind.page for kind in found if kind.page not in pages()} == {}


@pytest.mark.parametrize("kind", [NeedsPerson, UsageError, PartnerUnreachable, Refused, Bug])
def test_the_line_of_an_error_names_the_page(
    kind: type[GatewayError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, the exit code, and what to read."""

    def fails() -> None:
        raise kind("what happened")

    monkeypatch.setattr(root.LazyGroup, "get_command", lambda *_: click.Command("fails", callback=fails))
    assert run(["fails"]) == kind.exit_code
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"gateway: what happened (gateway runbook {kind.page})"
    assert BY_EXIT_CODE[kind.exit_code] == kind.page


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device"), 2),
        (RuntimeError("Zebrastone"), 70),
        (click.UsageError("no such thing", click.Context(click.Command("fails"))), 2),
    ],
)
def test_what_is_no_error_of_ours_names_a_page_too(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C, a full disk, a bug, a slip of the pen."""

    def fails() -> None:
        raise raised

    monkeypatch.setattr(root.LazyGroup, "get_command", lambda *_: click.Command("fails", callback=fails))
    assert run(["fails"]) == code
    said = capsys.readouterr().err
    assert NAMED.findall(said) == [BY_EXIT_CODE[code]]
    assert "Zebrastone" not in said


def test_every_exit_code_has_its_page() -> None:
    """All codes of the reference but 0, each linked to its page; states of a delivery, too."""
    text = (REPOSITORY / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    linked = dict(re.findall(r"^\| (\d+) \| \[Runbook\]\(\.\./runbooks/([\w-]+)\.md\)", text, re.MULTILINE))
    assert linked == {str(code): page for code, page in BY_EXIT_CODE.items()}
    assert {*BY_EXIT_CODE.values(), *BY_BATCH_STATE.values()} <= pages().keys()


@pytest.mark.parametrize("name", sorted(pages()))
def test_every_page_says_what_is_noticed_what_it_means_and_what_to_do(name: str) -> None:
    """The same shape everywhere, and a row in the index; at the terminal without marks of the tests."""
    text = read(name)
    for part in ("**You notice**", "**It means**", "**What to do**"):
        assert part in text
    assert "<!--" not in text
    assert f"({name}.md" in (PAGES / "README.md").read_text(encoding="utf-8")


def test_a_page_is_shown_at_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where there is no home; a name that is nearly right is told."""
    assert run(["runbook", "unknown-delivery"]) == 0
    assert "**What to do**" in capsys.readouterr().out
    assert run(["runbook", "unknown-delivry"]) == 2
    assert "'unknown-delivry'; there are unknown-delivery" in capsys.readouterr().err
    assert run(["runbook"]) == 0
    assert all(name in capsys.readouterr().out for name in ("bug",))


def test_every_line_of_doctor_that_is_not_ok_says_how_to_mend_and_where_to_read() -> None:
    """A finding without its page cannot be written."""
    source = (REPOSITORY / "gateway" / "exchange" / "health.py").read_text(encoding="utf-8")
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
    ]
    bad = [call for call in calls if not (isinstance(call.args[0], ast.Constant) and call.args[0].value == "ok")]
    assert len(bad) >= 10
    whole = [call for call in bad if not any(isinstance(one, ast.Starred) for one in call.args)]
    assert [ast.unparse(call) for call in whole if len(call.args) < 4] == []
    without = [call for call in bad if len(call.args) < 6 and "page" not in {word.arg for word in call.keywords}]
    assert [ast.unparse(call) for call in without] == []
