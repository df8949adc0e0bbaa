"""What holds for every command: options, streams, exit codes, JSON, help, and where the home is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_home import claims, copied, new_home, write_ndjson
from cli_run import Gateway
from cli_shapes import keys_not_in_snake_case

from gateway import __version__
from gateway.cli.root import gateway as root

# Commands whose output is bytes, documents a line, or a service, and so takes no --json.
_NO_JSON = {"batches export", "inbound export", "store export", "x12 read", "x12 write", "x12 deidentify",
            "simulator serve", "run"}  # fmt: skip

# Words of commands that only look.
_LOOKING = {
    "list", "show", "why", "schema", "export", "check", "doctor", "report", "inspect", "validate", "deidentify", "read",
    "write", "try", "balances", "postings", "lines", "patients", "metrics", "runbook", "verify",
}  # fmt: skip

# Makes or changes what is on this machine, and neither money nor anything at a partner.
_OF_THIS_MACHINE = {
    "init", "demo", "run", "simulator serve", "partners add", "partners host-key", "store upgrade", "store backup",
    "store restore", "store replay", "keys new", "keys copy", "worklist assign", "worklist note",
    "worklist due", "worklist done",
    "alerts test", "alerts dismiss", "store journal",
}  # fmt: skip


def commands(group: click.Group = root, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by how it is called."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{path}{name} is listed and does not exist"
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


ALL = dict(commands())


def flags(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts}


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_explains_itself_without_a_home(name: str) -> None:
    """--help works anywhere, says what the command does in a sentence, and says it of every option."""
    ran = Gateway()(*name.split(), "--help")
    assert ran.err == ""
    assert ran.text.startswith(f"Usage: gateway {name}")
    help_text = ALL[name].help
    assert help_text
    assert help_text.split("\n\n")[0].endswith(".")
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help or isinstance(parameter.type, (click.Choice, click.IntRange)) or parameter.default, (
                parameter.name
            )


@pytest.mark.parametrize("group", ["", *sorted({name.rpartition(" ")[0] for name in ALL} - {""})])
def test_a_list_of_commands_is_never_cut_short(group: str) -> None:
    """Whoever looks for a command reads whole sentences, not their beginnings."""
    ran = Gateway()(*group.split(), "--help")
    assert "..." not in ran.text.replace("ARGS]...", "")
    shown = set(re.findall(r"^  ([a-z0-9-]+)  ", ran.text.partition("Commands:")[2], re.MULTILINE))
    prefix = f"{group} " if group else ""
    assert shown == {name.removeprefix(prefix).split()[0] for name in ALL if name.startswith(prefix)}


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_that_prints_data_takes_json(name: str) -> None:
    """A program never has to read a table."""
    assert ("--json" in flags(ALL[name])) == (name not in _NO_JSON)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_that_changes_something_takes_dry_run(name: str) -> None:
    """Money and partners are touched only by commands that can first say what they would do."""
    only_looks = name.split()[-1] in _LOOKING or name.startswith("worklist")
    assert "--dry-run" in flags(ALL[name]) or only_looks or name in _OF_THIS_MACHINE


@pytest.mark.parametrize("level", ["debug", "INFO", "Warning", "eRRoR"])
@pytest.mark.parametrize("form", ["console", "JSON"])
def test_levels_and_formats_of_logs_are_known_in_any_case(fresh: Gateway, level: str, form: str) -> None:
    """--log-level and --log-format are words, not identifiers."""
    ran = Gateway()("--home", fresh.home, "--log-format", form, "--log-level", level, "batches", "build")
    assert ran.text == "no batches\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("claims",),
        ("claims", "nonsense"),
        ("claims", "show"),
        ("claims", "import"),
        ("--log-level", "loud", "claims", "list"),
        ("claims", "list", "--no-such-option"),
        ("batches", "show", "x"),
        ("batches", "list", "--state", "nonsense"),
        ("inbound", "list", "--status", "nonsense"),
        ("inbound", "show", "99999999999999999999999"),
        ("step", "nonsense", "1"),
        ("report", "nonsense"),
        ("report", "reconciliation", "--format", "pdf"),
        ("report", "reconciliation", "--since", "yesterday"),
        ("report", "reconciliation", "--as-of", "yesterday"),
        ("claims", "list", "--state", "nonsense"),
        ("claims", "list", "--until", "2026-02-30"),
        ("store", "restore", "somewhere"),
        ("batches", "show", "7"),
        ("inbound", "show", "7"),
        ("inbound", "export", "7"),
        ("inbound", "reprocess", "7"),
        ("remittances", "show", "7"),
        ("claims", "show", "NOBODY"),
        ("claims", "why", "NOBODY"),
        ("claims", "hold", "NOBODY"),
        ("batches", "build", "--partner", "nobody"),
        ("batches", "send", "--partner", "nobody"),
        ("batches", "list", "--partner", "nobody"),
        ("inbound", "fetch", "--partner", "nobody"),
        ("inbound", "list", "--partner", "nobody"),
        ("exchange", "--partner", "nobody"),
        ("step", "build", "nobody"),
        ("step", "collect", "nobody"),
        ("step", "deliver", "7"),
        ("step", "deliver", "seven"),
        ("step", "process", "7"),
        ("step", "process", "99999999999999999999999"),
        ("partners", "check", "nobody"),
        ("partners", "numbers", "nobody"),
        ("partners", "add", "../up"),
        ("partners", "add", "x", "--like", "nobody"),
        ("report", "reconciliation", "--partner", "nobody"),
        ("claims", "import", "x.csv", "--mapping", "nonsense"),
        ("x12", "write", "--partner", "nobody"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_code_2(fresh: Gateway, arguments: tuple[str, ...]) -> None:
    """Nothing on standard output, a line with the reason on standard error, and where to look further."""
    ran = fresh(*arguments, code=2)
    assert ran.out == b""
    if ran.said[0].startswith("Usage:"):
        assert not arguments or arguments == ("claims",)
        return
    assert all(line.startswith("gateway: ") for line in ran.said), ran.said
    assert len(ran.said) == 1 or ran.said[1].startswith("gateway: try `gateway ")
    assert len(ran.said[0]) < 400


def test_the_version_is_told() -> None:
    """Bug reports begin with it."""
    assert __version__ in Gateway()("--version").text


def test_without_a_home_every_command_that_needs_one_says_how_to_make_it(tmp_path: Path) -> None:
    """The current folder is the home where none is named; a folder without gateway.toml is none."""
    ran = Gateway()("claims", "list", code=2)
    assert ran.line == "gateway: .: no gateway.toml here; make a home with `gateway init .`, or name one with --home"
    assert list(tmp_path.iterdir()) == []


def test_the_home_is_the_option_then_the_variable_then_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--home goes before GATEWAY_HOME, which goes before the current folder."""
    homes = {}
    for name in ("option", "variable", "here"):
        homes[name] = new_home(tmp_path / name, partner=False)
        documents = claims(1, seed=len(name))
        homes[name]("claims", "import", write_ndjson(tmp_path / f"{name}.ndjson", documents))
        homes[name] = documents[0]["patient_control_number"]
    monkeypatch.chdir(tmp_path / "here")
    assert Gateway().data("claims", "list")[0]["patient_control_number"] == homes["here"]
    monkeypatch.setenv("GATEWAY_HOME", str(tmp_path / "variable"))
    assert Gateway().data("claims", "list")[0]["patient_control_number"] == homes["variable"]
    assert Gateway(tmp_path / "option").data("claims", "list")[0]["patient_control_number"] == homes["option"]


def test_the_variable_names_the_store(fresh: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GATEWAY_STORE_URL wins over gateway.toml."""
    monkeypatch.setenv("GATEWAY_STORE_URL", f"sqlite:///{tmp_path}/elsewhere.db")
    fresh("claims", "import", write_ndjson(tmp_path / "claims.ndjson", claims(2)))
    assert len(fresh.data("claims", "list")) == 2
    monkeypatch.delenv("GATEWAY_STORE_URL")
    assert fresh.data("claims", "list") == []


def test_a_home_may_be_moved(own: Gateway, used: Gateway, tmp_path: Path) -> None:
    """Nothing in a home knows where it stands: reports, checks and bytes are the same elsewhere."""
    assert own.home
    moved = tmp_path / "a place with blanks" / "home"
    moved.parent.mkdir()
    shutil.move(own.home, moved)
    there = Gateway(moved)
    assert there.data("claims", "list") == used.data("claims", "list")
    assert there("batches", "export", 1).out == used("batches", "export", 1).out
    assert there("inbound", "export", 1).out == used("inbound", "export", 1).out
    there("store", "check")
    there("exchange", code=0)


def test_a_copy_of_a_home_lives_on_its_own(own: Gateway, used: Gateway, tmp_path: Path) -> None:
    """What happens in a copy does not happen in the original."""
    assert own.home
    again = copied(own.home, tmp_path / "again")
    again("claims", "import", write_ndjson(tmp_path / "new.ndjson", claims(2, 99)))
    assert len(again.data("claims", "list")) == len(used.data("claims", "list")) + 2
    assert own.data("claims", "list") == used.data("claims", "list")


_LOOKS = [
    ("claims", "list"),
    ("claims", "schema"),
    ("batches", "list"),
    ("batches", "show", "1"),
    ("inbound", "list"),
    ("inbound", "show", "1"),
    ("remittances", "list"),
    ("remittances", "show", "1"),
    ("partners", "list"),
    ("partners", "numbers", "house"),
    ("report", "reconciliation"),
    ("store", "check"),
    ("doctor", "--offline"),
    ("batches", "build", "--dry-run"),
    ("batches", "send", "--dry-run"),
    ("exchange", "--dry-run"),
]


@pytest.mark.parametrize("arguments", _LOOKS, ids=" ".join)
def test_json_is_one_document_with_snake_case_keys(used: Gateway, arguments: tuple[str, ...]) -> None:
    """Standard output is the document and nothing else; keys are written like_this."""
    ran = used(*arguments, "--json")
    document = ran.json
    if arguments != ("claims", "schema"):  # JSON Schema has names of its own
        assert keys_not_in_snake_case(document) == []
    assert ran.err == ""


@pytest.mark.parametrize("arguments", _LOOKS, ids=" ".join)
def test_looking_changes_nothing_and_says_nothing_beside_the_data(used: Gateway, arguments: tuple[str, ...]) -> None:
    """Without a terminal there is no bar, no colour and no log at the usual level."""
    ran = used(*arguments)
    assert ran.err == ""
    assert ran.out.endswith(b"\n")
    assert b"\x1b" not in ran.out


def test_debug_logs_stay_on_standard_error(own: Gateway) -> None:
    """Data can be piped on whatever the level of the logs."""
    quiet = own.data("batches", "send", "--dry-run")
    ran = Gateway()("--home", own.home, "--log-level", "debug", "--log-format", "json", "exchange", "--json", code=None)
    assert {"built", "sent", "fetched", "processed", "errors"} <= set(ran.json)
    logged = [json.loads(line) for line in ran.said if line.startswith("{")]
    assert quiet
    assert any(line["event"] == "delivering" for line in logged)
    assert all({"event", "level", "timestamp"} <= set(line) for line in logged)


def test_the_console_script_and_the_module_are_the_same_program(tmp_path: Path) -> None:
    """`gateway` and `python -m gateway` leave with the same codes."""
    script = Path(sys.executable).with_name("gateway")
    ran = subprocess.run([script, "claims", "list"], capture_output=True, text=True, cwd=tmp_path, check=False)
    again = Gateway().process("claims", "list", code=2, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", again.err)


def test_exit_codes_stand_in_the_help() -> None:
    """A scheduler's author finds them without the documentation."""
    text = " ".join(Gateway()("--help").text.split())
    for said in (
        "0 done",
        "1 something needs a person",
        "2 wrong usage",
        "3 a partner could not be reached",
        "4 refused",
        "70 a bug",
    ):
        assert said in text
