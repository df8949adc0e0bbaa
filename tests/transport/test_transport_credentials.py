"""References to secrets: resolved from where they point, and never repeated in an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway.errors import UsageError
from gateway.transport import credentials
from gateway.transport.credentials import resolve


def test_an_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks inside and around are part of a password."""
    monkeypatch.setenv("EXAMPLE_PASSWORD", " s3cret with blanks ")
    assert resolve("env:EXAMPLE_PASSWORD", tmp_path) == " s3cret with blanks "


def test_a_file_is_relative_to_the_home(tmp_path: Path) -> None:
    """Or absolute; one line end is the editor's, the rest is the secret's."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "password").write_bytes(b"s3cret\r\n")
    assert resolve("file:keys/password", tmp_path) == "s3cret"
    assert resolve(f"file:{tmp_path}/keys/password", Path("/nowhere")) == "s3cret"
    (tmp_path / "keys" / "id").write_text("-----BEGIN\nabc\n\n")
    assert resolve("file:keys/id", tmp_path) == "-----BEGIN\nabc\n"


def test_a_command_runs_in_the_home_without_a_shell(tmp_path: Path) -> None:
    """Its output is the secret; shell signs are plain words."""
    (tmp_path / "vault.py").write_text("import sys; print('s3cret', sys.argv[1])")
    assert resolve(f"command:'{sys.executable}' vault.py '$HOME;x'", tmp_path) == "s3cret $HOME;x"


@pytest.mark.parametrize(
    "reference",
    [
        "env:GATEWAY_TEST_NOT_SET",
        "file:nowhere",
        "file:.",
        "file:a\0b",
        "command:/nowhere/at/all",
        "command:'unbalanced",
        "command:false",
        "command:true",
    ],
)
def test_what_cannot_be_resolved_is_named(tmp_path: Path, reference: str) -> None:
    """The reference stands in the message, so that the operator finds it."""
    with pytest.raises(UsageError) as caught:
        resolve(reference, tmp_path)
    assert reference.split(":")[0] in str(caught.value)
    assert "\n" not in str(caught.value) and "\0" not in str(caught.value)
    assert (caught.value.exit_code, caught.value.retry) == (2, "never")


@pytest.mark.parametrize("text", ["hunter2", "hunter2:x", "", "env:", "file: ", "ENV:HUNTER2", "https://hunter2@x"])
def test_what_is_no_reference_is_not_repeated(tmp_path: Path, text: str) -> None:
    """Somebody may have written the password itself."""
    with pytest.raises(UsageError) as caught:
        resolve(text, tmp_path)
    assert "hunter2" not in str(caught.value).lower()


def test_a_failing_command_shows_nothing_of_what_it_wrote(tmp_path: Path) -> None:
    """Vault programs quote what they were asked for."""
    (tmp_path / "vault.py").write_text("import sys; print('s3cret'); print('s3cret', file=sys.stderr); sys.exit(3)")
    with pytest.raises(UsageError, match="ended with 3") as caught:
        resolve(f"command:'{sys.executable}' vault.py", tmp_path)
    assert "s3cret" not in str(caught.value)


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that waits for a person must not stop the gateway."""
    monkeypatch.setattr(credentials, "COMMAND_SECONDS", 0.2)
    with pytest.raises(UsageError, match="within"):
        resolve("command:sleep 60", tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"\n", b"x" * (credentials.LONGEST_SECRET + 1)])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """Binary, empty or endless: no secret."""
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(UsageError, match="file:secret"):
        resolve("file:secret", tmp_path)
