"""Rounds, restarts, serving, and the room's isolation from the gateway."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from simulator_run import Run
from simulator_samples import Sample, clock, many, professional

import gateway.simulator
from gateway.simulator import Folders, Scenario, ScenarioError, Simulator, serve

ROOM = Path(gateway.simulator.__file__).parent


def test_nothing_of_the_gateway_is_imported() -> None:
    """No module of the room imports any gateway module outside it, nor click, SQLAlchemy or pyx12."""
    names: set[str] = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    foreign = {name for name in names if name.split(".")[0] in {"click", "sqlalchemy", "pyx12"}}
    inside = {name for name in names if name == "gateway.simulator" or name.startswith("gateway.simulator.")}
    assert {name for name in names if name.split(".")[0] == "gateway"} == inside
    assert foreign == set()
    code = "import sys, gateway.simulator; print([n for n in sys.modules if n.startswith('gateway.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(name.startswith("gateway.simulator") for name in ast.literal_eval(loaded))


def test_it_works_without_a_server(tmp_path: Path) -> None:
    """On plain folders, a file under a temporary name waits until it has its final name."""
    simulator = Simulator(tmp_path, clock=clock)
    draft = simulator.inbound / "a.tmp"
    draft.write_bytes(professional(Sample("A")))
    assert simulator.work() == 0
    draft.rename(simulator.inbound / "a.txt")
    assert simulator.work() == 4
    assert list(simulator.inbound.iterdir()) == []


def test_folders_have_the_partners_names(tmp_path: Path) -> None:
    """Folders are made with the names given."""
    simulator = Simulator(tmp_path, clock=clock, folders=Folders("SendFiles", "ReceiveFiles", ()))
    assert sorted(path.name for path in simulator.home.iterdir()) == ["ReceiveFiles", "SendFiles"]


def test_files_are_taken_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Two files that lie there together are answered by name, so a run can be repeated."""
    simulator = Simulator(tmp_path, clock=clock)
    for name, number in (("b.txt", 2), ("a.txt", 1)):
        (simulator.inbound / name).write_bytes(professional(Sample(name[:1].upper()), number=number))
    simulator.work()
    assert [file.name for file in simulator.received()] == ["a.txt", "b.txt"]
    assert [file.claims for file in simulator.received()] == [("A",), ("B",)]


def test_what_came_twice_can_be_counted(tmp_path: Path) -> None:
    """Every file taken is listed with its bytes' hash and its claims, refused ones too."""
    run = Run(tmp_path).send(professional(Sample("A"), Sample("B")), professional(Sample("A"), number=2))
    files = run.simulator.received()
    assert [claim for file in files for claim in file.claims].count("A") == 2
    assert len({file.sha256 for file in files}) == 2
    assert files[0].size == len(files[0].content)


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    """A new simulator on the same folder uses no file name, control number or trace of the old one."""
    names: list[str] = []
    isas: list[bytes] = []
    traces: list[str] = []
    for number in (1, 2):
        run = Run(tmp_path).send(professional(Sample(f"A{number}"), number=number))
        names, isas = run.names(), [content[:106] for content in run.files()]
        traces = [payment.trace for payment in run.payments()]
    assert len(names) == len({isa[90:99] for isa in isas}) == 8
    assert len(set(traces)) == 2


def test_pending_falls_to_nothing(tmp_path: Path) -> None:
    """`pending` counts what later rounds bring, so that a caller can go on until all is told."""
    scenario = Scenario.from_toml("delays = { payer = 1, remittance = 3 }\nrepeats = [{ kind = '999', after = 2 }]")
    run = Run(tmp_path, scenario).send(professional(*many(4)))
    counts = [run.simulator.pending()]
    while run.simulator.pending():
        run.rounds()
        counts.append(run.simulator.pending())
    assert counts == [7, 5, 4, 0]
    assert run.simulator.totals().count("paid") == 4


def test_many_claims_are_answered_in_one_go(tmp_path: Path) -> None:
    """A set of thousands of claims is answered whole: each named, each paid, sums that add up."""
    run = Run(tmp_path).send(professional(*many(3000)))
    totals = run.simulator.totals()
    assert (len(totals.claims), totals.count("paid")) == (3000, 3000)
    assert totals.payment == totals.sum("paid")


def test_serve_answers_until_it_is_stopped(tmp_path: Path) -> None:
    """The loop says how to reach it, answers what comes, goes on to later rounds, and ends when told to."""
    stop, answered = threading.Event(), threading.Event()
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if "0 still to come" in line:
            answered.set()

    scenario = Scenario.from_toml("delays = { remittance = 2 }")
    inbound = tmp_path / "example" / "inbound"
    inbound.mkdir(parents=True)
    (inbound / "a.txt").write_bytes(professional(Sample("SECRETPCN")))
    thread = threading.Thread(
        target=serve,
        args=(tmp_path, scenario),
        kwargs={"clock": clock, "tell": tell, "stop": stop, "look_every": 0.01, "looks_per_round": 2},
    )
    thread.start()
    assert answered.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    text = "\n".join(lines)
    assert "host key ssh-ed25519 AAAA" in text
    assert "took 1 file(s) with 1 claim(s)" in text
    assert "SECRETPCN" not in text
    assert lines[-1] == "stopped"


def test_a_port_in_use_is_an_error(simulator: Simulator, tmp_path: Path) -> None:
    """Two servers cannot share a port."""
    with pytest.raises(OSError), Simulator(tmp_path / "other", clock=clock, port=simulator.port):
        pass


def test_a_damaged_number_file_is_not_overlooked(tmp_path: Path) -> None:
    """Counters that cannot be read stop the simulator: numbers must not start again."""
    (tmp_path / ".partner").mkdir()
    for text in ("[]", "{", '{"file": "x"}'):
        (tmp_path / ".partner" / "numbers.json").write_text(text)
        with pytest.raises(ScenarioError, match="counters"):
            Simulator(tmp_path, clock=clock)
