"""The reference is complete, and what is made from the program is what the program says today."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from docs_console import REPOSITORY

import gateway.claims.life
import gateway.cli.root
from gateway import errors
from gateway.app import App
from gateway.claims import companion_file
from gateway.claims.companions import STEPS, Limits
from gateway.claims.intake import csv_mapping
from gateway.claims.intake.csv_values import CONVERSIONS
from gateway.exchange.reporting import report
from gateway.home import Home
from gateway.outbound.verdicts import Answer, answered_state
from gateway.partners import _Reader, load_profile
from gateway.reports.catalog import NAMES
from gateway.reports.document import Report
from gateway.store.batches import TRANSITIONS
from gateway.store.inbound_files import STATUSES
from gateway.store.reporting import Filters

REFERENCE = REPOSITORY / "docs" / "reference"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
GENERATED: dict[str, str] = GENERATOR.pages()


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_what_the_program_says(name: str) -> None:
    """`make docs` would change nothing."""
    same = page(name) == GENERATED[name]
    assert same, f"docs/reference/{name} is stale: run `make docs`"


def test_every_command_and_option_is_in_the_reference() -> None:
    """Whatever can be typed is described, and says what it does."""
    text = page("commands.md")
    root = gateway.cli.root.gateway
    missing, silent = [], []
    for command, place in GENERATOR.commands(root, click.Context(root, info_name="gateway")):
        missing += [] if f"`{place.command_path}`\n" in text else [place.command_path]
        silent += [] if command.help else [place.command_path]
        for option in command.params:
            missing += [
                name for name in (*option.opts, *option.secondary_opts) if name[:2] == "--" and name not in text
            ]
    assert not missing
    assert not silent


def _rows(text: str) -> set[str]:
    """The names that stand in the first cells of the tables of a page."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_exit_code_is_explained() -> None:
    """Each code of the typed errors, and those of the edge, has its row."""
    codes = {str(kind.exit_code) for kind in _subclasses(errors.GatewayError)} | {"0", "70", "130"}
    rows = {line.split("|")[1].strip() for line in page("exit-codes.md").splitlines() if line.startswith("| ")}
    assert codes - rows == set()


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    return {kind} | {below for one in kind.__subclasses__() for below in _subclasses(one)}


def test_every_state_is_explained() -> None:
    """States of claims, batches (also after answers), files and sets, and every flag, have their row."""
    rows = _rows(page("states-and-money.md"))
    assert set(gateway.claims.life.STATES) - rows == set()
    answered = {
        answered_state("sent", 2, [Answer("ta1", "reject", None, 2)]),
        answered_state("sent", 2, [Answer("ack_set", "accept", 1, 2)]),
        answered_state("sent", 2, [Answer("ack_set", "accept", 1, 1), Answer("ack_set", "reject", 2, 1)]),
    }
    assert (set(TRANSITIONS) - {"building", "abandoned"} | answered) - rows == set()
    assert set(STATUSES) - rows == set()
    assert {"posted", "duplicate", "parked", "quarantined"} - rows == set()
    assert _flags() - rows == set()


def _flags() -> set[str]:
    """The flags that the folds give, by their source: what is added to a set called `flags`."""
    found = {"delivery_unknown", "delivery_failed", "credit"}
    for path in (*(REPOSITORY / "gateway/claims").glob("*.py"), *(REPOSITORY / "gateway/reconcile").glob("*.py")):
        found |= set(re.findall(r'flags\.add\("(\w+)"', path.read_text(encoding="utf-8")))
    assert "conflict" in found
    return found


PROFILE = """
[partner]
usage = "test"
payers = ["*"]
[envelope]
sender = "ZZ:A"
receiver = "ZZ:B"
receiver_name = "B"
[submitter]
name = "A"
id = "A"
contact = "A"
phone = "5555550100"
"""
PLACES = {
    "sftp": '[sftp]\nhost = "127.0.0.1"\nusername = "a"\npassword = "env:A"\n',
    "folder": '[folder]\npath = "mailbox"\n',
}


@pytest.mark.parametrize("place", PLACES)
def test_every_key_of_a_profile_is_explained(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reader of profiles asks for stands in the table of its own section."""
    asked: set[tuple[str, str]] = set()
    take = _Reader.take

    def noted(self: _Reader, table: str, key: str, *rest: Any, **named: Any) -> Any:
        asked.add((table, key))
        return take(self, table, key, *rest, **named)

    monkeypatch.setattr(_Reader, "take", noted)
    file = tmp_path / "testhouse.toml"
    file.write_text(PROFILE + PLACES[place], encoding="utf-8")
    load_profile(file)
    assert len(asked) > 20
    sections = re.split(r"^## \[(\w+)\]\n", page("partner-profile.md"), flags=re.MULTILINE)
    explained = {
        (table, key) for table, text in zip(sections[1::2], sections[2::2], strict=True) for key in _rows(text)
    }
    assert asked - explained == set()


def test_every_key_of_a_mapping_is_explained() -> None:
    """Sections, keys, and the ways in which a cell may be read."""
    text = page("csv-mapping.md")
    keys = csv_mapping._SOURCE_KEYS | csv_mapping._FORMAT_KEYS | csv_mapping._SPEC_KEYS
    assert (keys | set(CONVERSIONS) | {csv_mapping.PERIOD}) - _rows(text) == set()


def test_every_key_of_a_companion_is_explained() -> None:
    """Tables, keys of rules, limits, and the steps of a new form."""
    text = page("companions.md")
    keys = set().union(*companion_file._KEYS.values()) | set(companion_file._KEYS) | {*Limits._fields, *STEPS}
    assert {key for key in keys if f"`{key}`" not in text} == set()
    assert {table for table in companion_file._TABLES if f"[{table}" not in text} == set()


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[list[Report]]:
    """Every report of a home in which nothing has happened yet."""
    home, _ = Home.create(tmp_path / "home")
    app = App(home)
    yield [report(app, name, Filters()) for name in NAMES]
    app.close()


def test_every_report_and_check_is_explained(reports: list[Report]) -> None:
    """Whoever sees a check that is off finds what it means by its very words; so with each rate and its formula."""
    text = page("reports.md") + page("reconciliation-report.md")
    assert set(NAMES) - _rows(page("reports.md")) == set()
    assert [check.name for one in reports for check in one.checks if f"`{check.name}`" not in text] == []
    checks = {check.name for one in reports if one.name == "reconciliation" for check in one.checks}
    assert checks - _rows(page("reconciliation-report.md")) == set()
    rates = next(one for one in reports if one.name == "rates")
    figures = [figure for section in rates.figures for figure in section.rows]
    assert figures
    assert [one.label for one in figures if f"| {one.label} | {one.says} |" not in text] == []


# What the program says, as runbooks quote it


def _sentences() -> list[str]:
    """Every text in the program's source, pieces of one sentence joined, what is filled in left out."""
    found = []
    for path in sorted((REPOSITORY / "gateway").rglob("*.py")):
        if "mappings" in path.parts or "simulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"\{[a-z_]*\}", "…", node.value))
    return found


SENTENCES = _sentences()


def _is_said(quoted: str) -> bool:
    """States are filled in by the program, so a sentence may be said around one."""
    pieces = [piece.strip(" .:;,") for piece in re.split(r"…|\b(?:unknown|failed|gone)\b", quoted)]
    wanted = [piece for piece in pieces if len(piece) > 3]
    return all(any(piece in sentence for sentence in SENTENCES) for piece in wanted)


def _quoted(text: str) -> list[str]:
    """What the first cells of a page's tables quote: sentences, which have blanks."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return [quoted for cell in cells for quoted in re.findall(r"`([^`]+)`", cell) if " " in quoted]


RUNBOOKS = sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbooks_quote_what_the_program_says(runbook: Path) -> None:
    """An operator who searches for a line that he saw finds it: no quoted line has changed in the program."""
    assert [one for one in _quoted(runbook.read_text(encoding="utf-8")) if not _is_said(one)] == []


def test_every_failure_has_a_page() -> None:
    """The index of the runbooks leads to each of them."""
    index = (REPOSITORY / "docs/runbooks/README.md").read_text(encoding="utf-8")
    assert [path.name for path in RUNBOOKS if path.name != "README.md" and f"({path.name}" not in index] == []


def test_quotes_are_judged() -> None:
    """A sentence that nobody says is found out, one that is said is not."""
    assert _is_said("host key of … is not listed: it shows …")
    assert not _is_said("host key of … is not welcome: it shows …")
