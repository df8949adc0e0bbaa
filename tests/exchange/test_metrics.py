"""Metrics and health: what the store says, in Prometheus' format, on loopback, without a patient."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from practice import Partner, Practice, in_a_folder
from prometheus_client.parser import text_string_to_metric_families
from test_alerting import MARKS, REJECTING, unknown_payment

from gateway.errors import UsageError
from gateway.exchange.measures import Measure
from gateway.exposition import parse_address, serving
from gateway.simulator import Scenario

pytestmark = pytest.mark.usefixtures("quick")
EMBEDDED = pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)

Sample = tuple[str, tuple[tuple[str, str], ...]]


def parsed(text: str) -> dict[Sample, float]:
    """Each sample by its name and labels; fails where Prometheus could not read the text."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        link.request(method, path)
        answer = link.getresponse()
        return answer.status, answer.read().decode()
    finally:
        link.close()


@pytest.fixture
def partner(practice: Practice, tmp_path: Path) -> Partner:
    return practice.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml(REJECTING)))


def test_what_is_counted_is_what_the_lists_say(practice: Practice, partner: Partner) -> None:
    """Claims and batches by state, ages, rounds, alerts, files and money that wait: the same as the commands have."""
    practice.take_in(6)
    practice.gateway("exchange")
    found = parsed(practice.gateway("metrics").out)
    assert value(found, "gateway_claims", partner="house", state="sent") == 6
    assert value(found, "gateway_oldest_unanswered_seconds", partner="house", answer="999") >= 0
    (partner.simulator.outbound / "ZEBRASTONE.pdf").write_bytes(b"%PDF-1.7")
    (partner.simulator.outbound / "ZEBRASTONE.835").write_bytes(unknown_payment())
    (partner.simulator.outbound / "other.835").write_bytes(unknown_payment("90").replace(b"CHK1", b"CHK2"))
    for _ in range(2):
        partner.work()
        practice.gateway("exchange", code=None)
    found = parsed(practice.gateway("metrics").out)
    states: dict[str, int] = {}
    for state in practice.states().values():
        states[state] = states.get(state, 0) + 1
    assert {
        dict(labels)["state"]: count for (name, labels), count in found.items() if name == "gateway_claims"
    } == states
    alerts: dict[str, int] = {}
    for one in practice.json("alerts", "list"):
        alerts[one["kind"]] = alerts.get(one["kind"], 0) + 1
    shown = {dict(labels)["kind"]: int(n) for (name, labels), n in found.items() if name == "gateway_open_alerts" and n}
    assert shown == alerts
    assert value(found, "gateway_parked_payment_dollars") == 90
    assert value(found, "gateway_waiting_sets", kind="835", status="parked") == 1
    assert value(found, "gateway_unmatched_claims") == 1
    assert value(found, "gateway_inbound_files", partner="house", status="quarantined") == 1
    assert value(found, "gateway_store_up") == 1
    assert value(found, "gateway_disk_free_bytes", place="home") > 0
    last = value(found, "gateway_last_round_timestamp_seconds", partner="house")
    assert value(found, "gateway_last_good_round_timestamp_seconds", partner="house") == last
    report = practice.report()
    assert f"{value(found, 'gateway_claims_open_dollars', partner='house'):.2f}" == report["money"]["open"]
    words = practice.gateway("metrics").out + practice.gateway("metrics", "--json").out
    assert [word for word in (*MARKS, *practice.states()) if word in words] == []


@EMBEDDED
def test_a_file_for_the_node_exporter_is_whole_and_can_be_read_by_it(practice: Practice, tmp_path: Path) -> None:
    """It replaces the one before, and another user may read it."""
    file = tmp_path / "gateway.prom"
    for _ in range(2):
        practice.gateway("metrics", "--output", str(file))
    assert value(parsed(file.read_text()), "gateway_store_up") == 1
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.glob(".gateway.prom*")) == []
    assert {one["name"] for one in practice.json("metrics")} >= {"gateway_claims", "gateway_store_up"}


@EMBEDDED
def test_a_store_that_is_out_of_reach_is_a_measure_too(practice: Practice) -> None:
    """Whoever watches learns it from the metrics, not from their absence."""
    practice.gateway("exchange")
    Path(practice.store_url.removeprefix("sqlite:///")).write_bytes(b"no database " * 1000)
    found = parsed(practice.gateway("metrics").out)
    assert value(found, "gateway_store_up") == 0
    assert not any(name == "gateway_claims" for name, _ in found)


@EMBEDDED
def test_the_running_gateway_is_watched_on_loopback(practice: Practice, partner: Partner) -> None:
    """A real process: metrics and health while it runs; gone when it was stopped, with 0."""
    practice.take_in(1)
    environ = os.environ | practice.environ | {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "gateway", "run", "--metrics", "127.0.0.1:0"]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        port = int(line.rpartition("port ")[2])
        status, text = ask(port, "/healthz")
        assert (status, json.loads(text)["status"]) == (200, "ok")
        status, text = ask(port, "/metrics")
        assert value(parsed(text), "gateway_store_up") == 1
        assert ask(port, "/metrics", "HEAD") == (200, "")
        assert ask(port, "/../gateway.toml")[0] == 404
        assert ask(port, "/metrics", "POST")[0] == 501
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=120)
    assert process.returncode == 0, rest


def test_only_loopback_is_served_unless_a_person_says_otherwise() -> None:
    """An address that other machines reach is refused; names are not looked up."""
    assert parse_address("9464") == ("127.0.0.1", 9464)
    assert parse_address("localhost:1") == ("127.0.0.1", 1)
    assert parse_address("[::1]:2") == ("::1", 2)
    for text in ("0.0.0.0:9464", "10.0.0.5:9464", "[::]:9464"):
        with pytest.raises(UsageError, match="can be reached from other machines"):
            parse_address(text)
        assert parse_address(text, anywhere=True)[1] == 9464
    for text in ("example.com:9464", "127.0.0.1:99999", "127.0.0.1:", "", "x"):
        with pytest.raises(UsageError):
            parse_address(text)


def test_a_server_that_is_asked_all_the_time_asks_the_store_seldom() -> None:
    """And who opens a connection and says nothing, or nonsense, keeps nobody else waiting for ever."""
    asked: list[int] = []

    def measures() -> list[Measure]:
        asked.append(1)
        return [Measure("gateway_store_up", "", (), [({}, 0)])]

    with serving(("127.0.0.1", 0), measures) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as rude:
            rude.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
            rude.recv(1000)
        answers: list[Any] = [ask(port, "/healthz") for _ in range(3)]
        with pytest.raises(UsageError, match="cannot be served there"), serving(("127.0.0.1", port), measures):
            pass
    assert {status for status, _ in answers} == {503}
    assert 1 <= len(asked) <= 3
