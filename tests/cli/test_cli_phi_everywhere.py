"""Patient data on every way out but the two that are meant: no log, alert, metric, trail, key or archive file has it.

The whole exchange runs over SSH with marked people, with each failure that a partner can make, at the loudest log
level; the demo runs with marked people, too. Then all that was said and every file of the home is searched.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cli_home import new_home, sftp_profile, write_ndjson
from cli_run import Gateway
from test_cli_everywhere import ALL
from test_cli_phi import BORN, FIRST, LAST, MARKS, MEMBER, STREET, Watched, broken, leaks, marked

from gateway import demo
from gateway.exchange import collection
from gateway.simulator import Scenario, Simulator
from gateway.simulator.faults import Faults

PASSWORD = "ZZSECRETpassword"
TO_OTHERS = (
    ["alerts", "list", "--json"],
    ["metrics"],
    ["audit", "list", "--json"],
    ["store", "check"],
    ["keys", "list"],
)


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What libraries log reaches the root logger, whatever they are set to."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Simulator]:
    """A clearinghouse behind SSH that accepts, rejects, pays and denies."""
    scenario = Scenario.shipped("everything")
    simulator = Simulator(tmp_path / "partner", scenario, clock=lambda: datetime.now(UTC), password=PASSWORD)
    with simulator:
        yield simulator


@pytest.fixture
def watched(tmp_path: Path, partner: Simulator, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """A home with that partner, whose logs are at their loudest."""
    new_home(tmp_path / "home", partner=False)
    home = tmp_path / "home"
    (home / "keys" / "password").write_text(PASSWORD)
    profile = sftp_profile(partner.port, partner.username, [partner.host_key_line], "file:keys/password")
    (home / "sftp_config" / "house.toml").write_text(profile)
    monkeypatch.setattr(collection, "SETTLE_SECONDS", 0.0)
    return Watched(home, "json")


def searched(home: Path) -> list[str]:
    """Files of a home that hold a mark, in their bytes or their names; the store alone may."""
    found = []
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if not path.is_file() or name.startswith("data/claims.db"):
            continue
        content = path.read_bytes()
        if any(mark.encode() in content or mark in name for mark in MARKS):
            found.append(name)
    return found


def failing(watched: Watched, partner: Simulator) -> None:
    """Every failure that the partner can be made to show, each met by a whole round."""
    for faults in (
        Faults(wrong_host_key=True),
        Faults(drop_at="write", times=1),
        Faults(drop_at="rename", drop_when="after", times=1),
        Faults(disk_full_after=0),
        Faults(refuse_login=True),
    ):
        partner.faults = faults
        watched("exchange")
        watched("partners", "check", "house")
        watched("batches", "list")
    partner.faults = Faults()


def test_a_whole_exchange_and_all_its_failures(
    watched: Watched, partner: Simulator, loud: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Nothing but the store itself, and what a person asks to see, knows a patient or the password."""
    watched("claims", "import", write_ndjson(tmp_path / "a.ndjson", [*marked(8, 1), *broken(marked(8, 2, 100))]))
    failing(watched, partner)
    watched("partners", "check", "house", code=0)
    for number in range(4):
        watched("exchange")
        partner.work()
        partner.advance()
        watched(
            "claims", "import", write_ndjson(tmp_path / f"{number}.ndjson", marked(2, 10 + number, 200 + number * 10))
        )
    (partner.outbound / f"{LAST}_{BORN}.835").write_bytes(b"%PDF-1.7 " + LAST.encode())
    (partner.outbound / "cut.835").write_bytes(b"ISA*00*" + LAST.encode())
    watched("exchange")
    inbound: Any = Gateway(watched.home).data("inbound", "list")
    assert len(inbound) > 4
    for one in inbound:
        watched("inbound", "reprocess", one["id"])
    watched("store", "backup", watched.home / "copy.backup", code=0)
    (watched.home / "keys" / "archive.key").rename(watched.home / "keys" / "away")
    for command in (["exchange"], ["batches", "export", "1"], ["inbound", "reprocess", "1"], ["store", "rekey"]):
        watched(*command)
    (watched.home / "keys" / "away").rename(watched.home / "keys" / "archive.key")
    for command in TO_OTHERS:
        if " ".join(command[:2]) in ALL or command[0] in ALL:
            said = watched(*command)
            assert leaks(said.text) == [], command
    watched("doctor")
    assert LAST.encode() in Gateway(watched.home)("batches", "export", 1).out, "the marks went all the way"
    assert searched(watched.home) == []
    assert leaks(loud.text) == []
    assert PASSWORD not in loud.text


def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loud: pytest.LogCaptureFixture) -> None:
    """With marked people: what is said beside the report, and all files but the store and what was to be imported."""
    invented = demo.sample_claims

    def people(*given: Any) -> Iterator[dict[str, Any]]:
        for document in invented(*given):
            person = {"last_name": LAST, "first_name": FIRST, "birth_date": BORN}
            document["subscriber"] |= person | {"member_id": f"{MEMBER}{document['patient_control_number'][-4:]}"}
            document["subscriber"]["address"] = {**document["subscriber"]["address"], "line1": STREET}
            if "patient" in document:
                document["patient"] |= person
            yield document

    monkeypatch.setattr(demo, "sample_claims", people)
    monkeypatch.setattr(demo, "CLAIMS", 20)
    ran = Gateway()("--log-level", "debug", "demo", tmp_path / "home", code=None)
    assert ran.code in (0, 1)
    assert leaks(ran.err) == []
    assert leaks(ran.text) == []
    assert leaks(loud.text) == []
    of_others = ("partner", "clearinghouse", "simulator", "claims", "import")
    assert [name for name in searched(tmp_path / "home") if not name.startswith(of_others)] == []
    assert any(name for name in searched(tmp_path / "home")), "the claims that were to be imported have the marks"
