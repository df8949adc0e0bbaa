"""The audit trail of commands: who saw, changed, sent and posted, without a word of the patient."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from cli_home import claims, folder_profile, new_home, write_ndjson
from cli_run import Gateway
from test_cli_everywhere import ALL

from gateway.cli.recording import SILENT, action_of
from gateway.exchange import collection
from gateway.simulator import Scenario, Simulator


@pytest.fixture
def house(tmp_path: Path) -> Gateway:
    """A home with three claims that are ready."""
    gateway = Gateway(new_home(tmp_path / "home").home, {"GATEWAY_ACTOR": "maria"})
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(3)))
    return gateway


def trail(gateway: Gateway, *options: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.data("audit", "list", *options)
    return found


def short(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["command"], one["action"], one["outcome"]) for one in entries]


def number_of(gateway: Gateway) -> str:
    return str(gateway.data("claims", "list")[0]["patient_control_number"])


def test_who_looked_at_a_claim_is_known(house: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """By person and login, with our own number of the claim; the trail of one claim is found by its CLM01."""
    number = number_of(house)
    monkeypatch.setenv("GATEWAY_ACTOR", "otto")
    house("claims", "show", number)
    house("claims", "why", number)
    house("claims", "show", "NOBODY", code=2)
    (show, why) = trail(house, "--claim", number)
    assert (show["command"], show["action"], show["actor"], show["outcome"]) == ("claims show", "see", "otto", "0")
    assert show["subjects"] == ["claim:1"]
    assert "@" in show["login"]
    assert why["command"] == "claims why"
    assert short(trail(house, "--actor", "otto"))[-1] == ("claims show", "see", "2")
    assert number not in json.dumps(trail(house))
    assert number not in house("audit", "list").text


def test_what_changes_something_is_recorded_before_and_after(house: Gateway) -> None:
    """A process that is killed in between leaves the first line."""
    house("claims", "hold", number_of(house), "--reason", "ZZMARK said so")
    assert short(trail(house))[-2:] == [("claims hold", "change", "begun"), ("claims hold", "change", "0")]
    house("claims", "hold", number_of(house), "--dry-run", code=None)
    assert short(trail(house))[-1][:2] == ("claims hold", "see")
    assert "ZZMARK" not in json.dumps(trail(house))


def test_what_is_changed_beside_the_store_is_recorded_too(house: Gateway, tmp_path: Path) -> None:
    """A profile, a code list, a schema and a store that was made anew: each has its line. None makes a store for it."""
    assert house.home is not None
    house("partners", "add", "other")
    house("store", "upgrade")
    ended = {(one["command"], one["outcome"]) for one in trail(house)}
    assert {("partners add", "0"), ("store upgrade", "0")} <= ended
    house("store", "journal")
    (house.home / "data" / "claims.db").rename(house.home / "data" / "claims.damaged")
    house("store", "replay", "--reason", "the disk died")
    assert short(trail(house))[-2:] == [("store replay", "change", "begun"), ("store replay", "change", "0")]
    empty = new_home(tmp_path / "empty", partner=False)
    assert empty.home is not None
    empty("partners", "add", "one")
    assert not (empty.home / "data" / "claims.db").exists()


def test_an_import_is_a_line_however_many_claims_it_has(house: Gateway, tmp_path: Path) -> None:
    """Begun and done, no more."""
    before = len(trail(house))
    house("claims", "import", write_ndjson(tmp_path / "more.ndjson", claims(40, 9)))
    assert short(trail(house)[before:]) == [("claims import", "change", "begun"), ("claims import", "change", "0")]


def test_what_was_sent_and_posted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange names its batches and files; the commands of a person theirs."""
    monkeypatch.setattr(collection, "SETTLE_SECONDS", 0.0)
    gateway = new_home(tmp_path / "home", partner=False)
    simulator = Simulator(tmp_path / "home" / "partner", Scenario(), clock=lambda: datetime.now(UTC))
    (tmp_path / "home" / "sftp_config" / "house.toml").write_text(folder_profile("partner/example"))
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    gateway("exchange", "--partner", "house")
    simulator.work()
    simulator.advance()
    gateway("exchange")
    entries = trail(gateway)
    sent = [one for one in entries if one["command"] == "exchange" and one["outcome"] != "begun"]
    assert "batch:1" in sent[0]["subjects"]
    assert "partner:house" in sent[0]["subjects"]
    assert {one["action"] for one in sent} == {"send"}
    assert "file:1" in sent[1]["subjects"]
    gateway("inbound", "reprocess", 1)
    assert (trail(gateway)[-1]["action"], trail(gateway)[-1]["subjects"]) == ("post", ["file:1", "file:1"])
    gateway("batches", "export", 1)
    assert (trail(gateway)[-1]["action"], trail(gateway)[-1]["subjects"]) == ("see", ["batch:1"])


def test_verify_finds_what_was_done_to_the_trail(house: Gateway) -> None:
    """Sound: 0 and the newest entry, to be noted. Altered, or shorter than was noted: 1, and what is wrong."""
    for _ in range(3):
        house("claims", "list")
    sound = house.data("audit", "verify")
    assert sound["faults"] == []
    assert house("audit", "verify", "--head", sound["head"]).text.endswith(f"the newest is {sound['head']}\n")
    assert "NUMBER:HASH" in house("audit", "verify", "--head", "5", code=2).err
    assert house.home is not None
    with closing(sqlite3.connect(house.home / "data" / "claims.db")) as store, store:
        for verb in ("update", "delete"):
            store.execute(f"DROP TRIGGER audit_entries_no_{verb}")
        store.execute("DELETE FROM audit_entries WHERE number = (SELECT max(number) FROM audit_entries)")
        store.execute("UPDATE audit_entries SET actor = 'nobody' WHERE number = 2")
    last = sound["entries"]
    assert house.data("audit", "verify", code=1)["faults"] == ["entry 2 is not what was recorded"]
    found = house.data("audit", "verify", "--head", sound["head"], code=1)["faults"]
    assert found == ["entry 2 is not what was recorded", f"entry {last} is missing"]
    assert "tampered with" in house("audit", "verify", code=1).line


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_says_what_it_is_to_the_trail(name: str) -> None:
    """One that takes a reason, a claim or a batch is recorded; a try of one that changes something only looked."""
    command = ALL[name]
    params = {parameter.name for parameter in command.params}
    action = action_of(name, {})
    if params & {"reason", "number", "batch_id", "file_id", "remittance_id"} and name.split()[0] not in SILENT:
        assert action
    if "dry_run" in params and action:
        assert action_of(name, {"dry_run": True}) == "see"
    assert action in {"", "see", "change", "send", "post"}
    assert isinstance(command, click.Command)
