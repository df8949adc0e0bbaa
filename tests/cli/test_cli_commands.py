"""The demo, the simulator and single steps, as a newcomer and a queue run them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from cli_home import claims, new_home, picture, write_ndjson
from cli_run import Gateway

from gateway.exchange import collection


def test_the_demo_goes_as_its_script_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends by itself with 0, its laws hold, and the home that it leaves can be looked around in."""
    monkeypatch.setattr(collection, "SETTLE_SECONDS", 0.0)
    ran = Gateway()("demo", tmp_path / "demo", "--json")
    report = ran.json
    assert all(check["holds"] for check in report["checks"])
    assert report["claims"]["rejected"] > 0
    assert float(report["money"]["denied"]) > 0
    home = Gateway(tmp_path / "demo")
    assert len(home.data("claims", "list")) == report["claims"]["imported"]
    home("store", "check")


def test_each_step_does_its_work_once(fresh: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """build, deliver, collect and process by kind and id; a second time each is harmless and changes nothing."""
    assert fresh.home
    monkeypatch.setattr(collection, "SETTLE_SECONDS", 0.0)
    fresh("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    (batch,) = fresh.data("step", "build", "house")["built"]
    assert batch["state"] == "built"
    (sent,) = fresh.data("step", "deliver", batch["id"])["sent"]
    assert sent["state"] == "sent"
    (fresh.home / "partner" / "outbound" / "report.txt").write_text("YOUR FILES WERE RECEIVED\n")
    assert [one["outcome"] for one in fresh.data("step", "collect", "house")["fetched"]] == ["received"]
    assert [one["status"] for one in fresh.data("step", "process", 1)["processed"]] == ["ignored"]
    before = {name: value for name, value in picture(fresh.home).items() if not name.startswith("store:")}
    assert fresh.data("step", "build", "house")["built"] == []
    assert fresh.data("step", "deliver", batch["id"])["sent"] == []
    assert [one["outcome"] for one in fresh.data("step", "collect", "house")["fetched"]] == ["known"]
    fresh("step", "process", 1)
    after = {name: value for name, value in picture(fresh.home).items() if not name.startswith("store:")}
    assert after == before
    assert [one["attempts"] for one in fresh.data("batches", "list")] == [1]


def test_the_simulator_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """It says where it listens beside the data, and leaves with 0 when it is told to stop."""
    process = Gateway().popen(
        "simulator", "serve", tmp_path / "house", "--port", 0, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr
        said = [process.stderr.readline().decode() for _ in range(4)]
        assert any(re.fullmatch(r"sftp://example@127\.0\.0\.1:\d+\n", line) for line in said), said
        assert any(line.startswith("host key ssh-ed25519 AAAA") for line in said), said
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, b"", b"stopped\n")
    finally:
        process.kill()
        process.communicate()


def test_the_simulator_says_why_it_cannot_serve(tmp_path: Path) -> None:
    """A scenario that is not there, or is none."""
    (tmp_path / "bad.toml").write_text("[\n")
    for name in ("none.toml", "bad.toml"):
        ran = Gateway().process("simulator", "serve", tmp_path / "house", "--scenario", tmp_path / name, code=2)
        assert name in ran.line


def test_a_partner_lends_its_envelope_to_x12_write(tmp_path: Path) -> None:
    """--partner needs the home; without it neither home nor profile is looked at."""
    home = new_home(tmp_path / "home")
    line = json.dumps(claims(1)[0]).encode()
    assert b"*ZZ*EXAMPLE        *ZZ*HOUSE          *" in home("x12", "write", "--partner", "house", stdin=line).out
    (tmp_path / "home" / "gateway.toml").write_text("[")
    assert home("x12", "write", stdin=line).out.startswith(b"ISA*00*")
