"""Names of files: ours are safe and unique, odd ones are told from plain ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UsageError
from gateway.transport.names import (
    NameTemplate,
    is_temp_name,
    is_unfinished_name,
    new_temp_name,
    oddity,
    require_plain,
    shown,
)

VALUES = {"batch": "B0042", "icn": "000000017", "date": "20260131", "time": "233000", "kind": "837P"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("OATEST_{batch}.txt", "OATEST_B0042.txt"),
        ("{icn}", "000000017"),
        ("{type}-{date}{time}-{icn}.837", "837P-20260131233000-000000017.837"),
    ],
)
def test_a_template_makes_the_name(text: str, name: str) -> None:
    """Each field is filled with its value."""
    assert NameTemplate.parse(text).render(**VALUES) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "claims.txt",
        "{date}{time}.txt",
        "{patient}_{batch}",
        "{}_{batch}",
        "{batch.__class__}",
        "{batch!r}",
        "{batch:>5}",
        "{batch",
        "batch}_{batch}",
        "in/{batch}",
        "../{batch}",
        ".{batch}",
        "a b {batch}",
        "{batch}$",
        "{batch}.tmp",
        "{batch}" + "x" * 255,
    ],
)
def test_a_template_that_is_unsafe_or_not_unique_is_refused(text: str) -> None:
    """At the start, with the key's name, not when the first file is sent."""
    with pytest.raises(UsageError, match="send_name"):
        NameTemplate.parse(text)


def test_a_value_that_makes_the_name_unsafe_is_refused() -> None:
    """A batch id is ours, yet nothing but a safe name leaves."""
    with pytest.raises(UsageError):
        NameTemplate.parse("{batch}").render(**{**VALUES, "batch": "../x"})


def test_temporary_names_are_random_and_recognised() -> None:
    """Ours by their form; they fit partners that allow only short plain names."""
    names = {new_temp_name() for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert is_temp_name(name) and is_unfinished_name(name)
        assert oddity(name) is None and len(name) <= 30
    assert not is_temp_name("gw00.part")
    assert not is_temp_name("xgw0000000000000000.part")


@pytest.mark.parametrize("name", ["a.835", "ERA Ünïted.835", "-rf", "~", "a" * 255, "…", ".hidden"])
def test_plain_names(name: str) -> None:
    """Whatever a partner may reasonably use."""
    assert oddity(name) is None
    assert require_plain(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "\0", "a\x7f", "\u202eexe", "ü" * 128, "\udce9"])
def test_odd_names(name: str) -> None:
    """The reason does not repeat the name."""
    reason = oddity(name)
    assert reason
    if len(name) > 2:
        assert name not in reason
    with pytest.raises(UsageError):
        require_plain(name)


@given(st.binary(max_size=600))
def test_any_bytes_can_be_shown(raw: bytes) -> None:
    """A listing with a hostile name in it never fails and never controls a terminal or a database."""
    text = shown(raw)
    assert text.isprintable()
    assert len(text) <= 255
    text.encode()
