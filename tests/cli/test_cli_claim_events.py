"""`gateway claims event` as a biller types it."""

from __future__ import annotations

import pytest
from cli_run import Gateway

WHOLE = ("--hop", "payer", "--verdict", "info", "--source", "telephone", "--date", "2026-01-05", "--text", "not there")


def a_sent_claim(home: Gateway) -> str:
    listed = home.data("claims", "list")
    return str(
        next(one["patient_control_number"] for one in listed if one["state"] not in ("held", "ready", "batched"))
    )


def test_an_event_is_entered_shown_and_taken_back(own: Gateway) -> None:
    """The number that is said serves to take it back; the history keeps both."""
    number = a_sent_claim(own)
    assert "nothing" not in own("claims", "event", number, *WHOLE, "--dry-run").text
    entered = own.data("claims", "event", number, *WHOLE, "--by", "maria")
    assert f"telephone, maria (event {entered['event']})" in own("claims", "why", number).text
    ran = own("claims", "event", number, "--take-back", entered["event"], "--reason", "wrong claim")
    assert f"event {entered['event']} is taken back" in ran.text
    assert ", taken back" in own("claims", "why", number).text


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        WHOLE[2:],
        WHOLE[:-2],
        (*WHOLE[:6], "--date", "soon", *WHOLE[8:]),
        (*WHOLE, "--take-back", "1"),
        ("--take-back", "1"),
        ("--take-back", "0", "--reason", "x"),
        WHOLE,
    ],
)
def test_what_is_missing_is_named(fresh: Gateway, arguments: tuple[str, ...]) -> None:
    """One clear line, with what an event needs; an unknown claim is named, too."""
    ran = fresh("claims", "event", "NOBODY", *arguments, code=2)
    assert ran.out == b""
    assert ran.said[0].startswith("gateway: ")
