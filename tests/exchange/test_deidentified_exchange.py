"""The files of a whole exchange, copied under one key: the copies tell the same story in a home that knows nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practice import DAY, Partner, Practice, in_a_folder, settle_all

from gateway.claims.samples import sample_claims
from gateway.deidentify.identifiers import Identifiers
from gateway.simulator import Scenario
from gateway.store import open_store

pytestmark = pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)
KEY = "a key that is kept for tests"


def test_copies_of_an_exchange_answer_each_other(
    practice: Practice, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """837, TA1, 999, 277CA and 835 of an exchange with everything in it, each copied: taken in elsewhere with
    `--already-sent`, every claim has the state and the money that the files give it, under another number. It may be
    overdue, for its dates are older."""
    partner = practice.partner(
        in_a_folder(tmp_path / "partner", Scenario.shipped("everything"), per_set=36, per_file=80)
    )
    practice.take_in(90)
    settle_all(practice, [partner], rounds=16)
    sent, received = _files(practice, partner, tmp_path / "files")
    monkeypatch.setenv("SHARED_KEY", KEY)
    copies = tmp_path / "copies"
    names = [str(path) for path in (*sent, *received)]
    practice.gateway("x12", "deidentify", *names, "--key", "env:SHARED_KEY", "--output", str(copies))
    made = sorted(copies.iterdir())
    assert len(made) == len(names)
    plain = _taken_in(tmp_path / "plain", sent, received)
    shared = _taken_in(tmp_path / "shared", made[: len(sent)], made[len(sent) :])
    fakes = Identifiers(KEY.encode())
    assert {fakes.fake(number): state for number, state in plain[0].items()} == shared[0]
    assert len({claim[0] for claim in shared[0].values()}) >= 10, "the exchange had everything in it"
    for part in ("claims", "money", "remittances"):
        assert plain[1][part] == shared[1][part]
    assert all(check["holds"] for check in shared[1]["checks"]) == all(check["holds"] for check in plain[1]["checks"])
    words = {claim["subscriber"]["last_name"] for claim in sample_claims(90, 1, DAY)}.union(plain[0])
    found = set(b"".join(path.read_bytes() for path in made).decode().replace("~", "*").split("*"))
    assert not words & found


def _files(practice: Practice, partner: Partner, folder: Path) -> tuple[list[Path], list[Path]]:
    """What was sent, by batch, and what came back, by name; without the report that is no X12."""
    folder.mkdir()
    sent = [folder / f"{batch['id']:03}.837" for batch in practice.batches()]
    for batch, path in zip(practice.batches(), sent, strict=True):
        practice.gateway("batches", "export", str(batch["id"]), str(path))
    received = sorted(partner.simulator.outbound.iterdir())
    return sent, [path for path in received if path.read_bytes().startswith(b"ISA")]


def _taken_in(home: Path, sent: list[Path], received: list[Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    """State, flags and money of each claim by number, and the report, in a new home that is given these files."""
    store = f"sqlite:///{home}.db"
    open_store(store, create=True).close()
    other = Practice.make(home, store)
    other.partner(in_a_folder(home.with_name(f"{home.name} partner")))
    other.gateway("claims", "import", *map(str, sent), "--already-sent")
    other.gateway("inbound", "import", *map(str, received), code=None)
    claims = other.json("claims", "list")
    kept = ("state", "flags", "charge", "paid", "patient_responsibility", "contractual", "denied", "open")
    for one in claims:
        one["flags"] = sorted({*one["flags"]} - {"overdue"})
    return {one["patient_control_number"]: [one[key] for key in kept] for one in claims}, other.report()
