"""A store made anew from its archive: the same states, the same ledger, and nothing is built too early."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from practice import DAY, Partner, Practice, in_a_folder, settle_all

from gateway.app import App
from gateway.claims.samples import sample_claims
from gateway.exchange import building, replay
from gateway.exchange.building import _commit
from gateway.simulator import Scenario
from gateway.store import batches
from gateway.store import journal as store_journal
from gateway.store.batches import BatchRow
from gateway.store.tables import metadata

pytestmark = pytest.mark.usefixtures("quick")
REASON = ("--reason", "the disk died")


@pytest.fixture
def partner(practice: Practice, tmp_path: Path) -> Partner:
    scenario = Scenario.shipped("everything")
    return practice.partner(in_a_folder(tmp_path / "partner", scenario, per_set=36, per_file=80))


@pytest.fixture
def lost(request: pytest.FixtureRequest, practice: Practice, tmp_path: Path) -> Iterator[Callable[[], Practice]]:
    """Gives the same home over a store that is gone: a file that is not there, or an empty database."""
    made: list[str] = []

    def lose() -> Practice:
        if practice.store_url.startswith("sqlite:///"):
            return Practice(practice.home, f"sqlite:///{tmp_path}/again.db")
        made.append(request.getfixturevalue("postgres").empty())
        return Practice(practice.home, made[-1])

    yield lose
    for url in made:
        request.getfixturevalue("postgres").drop(url)


def _seen(practice: Practice) -> dict[str, Any]:
    """What users see: every claim with its money, every payment, every batch, the report."""
    numbers = (
        "state",
        "charge",
        "paid",
        "patient_responsibility",
        "contractual",
        "denied",
        "other_adjustments",
        "open",
    )
    claims = practice.json("claims", "list")
    payments = practice.json("remittances", "list")
    return {
        "claims": {one["patient_control_number"]: [one[name] for name in numbers] for one in claims},
        "flags": {one["patient_control_number"]: sorted(one["flags"]) for one in claims},
        "payments": sorted((one["trace_number"], one["status"], one["payment"], one["reason"]) for one in payments),
        "batches": practice.batches(),
        "files": practice.json("inbound", "list"),
        "report": practice.report(),
    }


def _busy(practice: Practice, partner: Partner) -> None:
    """An exchange with everything in it, and persons who decide on claims and payments of every kind."""
    practice.take_in(90)
    settle_all(practice, [partner], rounds=16)
    practice.take_in(3, seed=5)
    ready = [number for number, state in practice.states().items() if state == "ready"]
    practice.gateway("claims", "hold", ready[0], "--reason", "wait for the referral")
    practice.gateway("claims", "cancel", ready[1], "--reason", "entered twice")
    denied = [number for number, state in practice.states().items() if state == "denied"]
    practice.gateway("worklist", "assign", denied[0], "maria")
    payments = practice.json("remittances", "list")
    parked = [one["id"] for one in payments if one["status"] == "parked"]
    posted = [one["id"] for one in payments if one["status"] == "posted"]
    practice.gateway("remittances", "post", parked[0], "--as-is", "--reason", "the payer confirms")
    practice.gateway("remittances", "undo", posted[0], "--reason", "wrong account")
    claims = practice.json("remittances", "show", posted[-1])["claims"]
    practice.gateway("remittances", "unmatch", claims[0]["id"], "--reason", "not ours")
    practice.gateway("remittances", "match", claims[0]["id"], denied[0], "--reason", "ours after all")
    silent = [number for number, state in practice.states().items() if state.startswith("accepted")]
    _enter(practice, silent[1])
    practice.gateway("claims", "event", silent[0], "--hop", "payer", "--verdict", "pended", "--source", "telephone",
                     "--text", "they look at it", "--date", DAY.isoformat())  # fmt: skip


def _enter(practice: Practice, number: str, trace: str = "0045120") -> None:
    """A cheque that came on paper."""
    claim = practice.json("claims", "show", number)
    paid = {"patient_control_number": number, "charge": claim["charge"], "paid": claim["charge"]}
    document = {
        "source": "paper",
        "payer": {"name": claim["payers"][0]["name"], "id": claim["payers"][0]["id"]},
        "trace_number": trace,
        "payment": claim["charge"],
        "payment_date": "2026-02-10",
        "claims": [paid],
    }
    path = practice.home / f"eob{trace}.json"
    path.write_text(json.dumps(document))
    practice.gateway("remittances", "enter", str(path))


def test_a_lost_store_is_made_anew_from_its_archive(
    practice: Practice, partner: Partner, lost: Callable[[], Practice]
) -> None:
    """With a journal every state, amount, payment, batch and line of the report is what it was, to the cent."""
    _busy(practice, partner)
    practice.gateway("store", "journal")
    before = _seen(practice)
    again = lost()
    assert again.gateway("claims", "list", code=4).lines()[0].count("store replay") == 1
    said = again.json("store", "replay", *REASON)
    assert said["problems"] == [] and said["sent"] == 0 and said["decided"] == 4
    after = _seen(again)
    for what, value in before.items():
        assert after[what] == value, what
    again.gateway("store", "check")


def test_what_came_after_the_journal_is_read_too(
    practice: Practice, partner: Partner, lost: Callable[[], Practice]
) -> None:
    """Batches, answers and entered payments since the journal are taken from the files; claims that were never sent and
    decisions made since are what is missing, and a batch that was built counts as sent."""
    practice.take_in(40)
    settle_all(practice, [partner], rounds=3)
    practice.gateway("store", "journal")
    (practice.home / "more.json").write_text(json.dumps(list(sample_claims(6, 9, DAY))))
    practice.gateway("claims", "import", str(practice.home / "more.json"))
    settle_all(practice, [partner], rounds=12)
    waiting = [number for number, state in practice.states().items() if state.startswith("accepted")]
    _enter(practice, waiting[0])
    before = _seen(practice)
    practice.take_in(2, seed=11)
    again = lost()
    said = again.json("store", "replay", *REASON)
    assert said["problems"] == [] and said["sent"] == 1
    after = _seen(again)
    assert after["claims"] == before["claims"]
    assert after["payments"] == before["payments"]
    assert after["report"]["money"] == before["report"]["money"]
    again.gateway("store", "check")


def test_an_archive_without_a_journal_tells_what_was_sent(
    practice: Practice, partner: Partner, lost: Callable[[], Practice]
) -> None:
    """Every claim that was ever sent has its state and its money; what was held or ready is not in the archive."""
    practice.take_in(40)
    settle_all(practice, [partner], rounds=10)
    before = _seen(practice)
    practice.take_in(2, seed=11)
    again = lost()
    said = again.json("store", "replay", *REASON)
    assert said["journal"] == "" and said["problems"] == []
    after = _seen(again)
    assert after["claims"] == before["claims"]
    assert after["payments"] == before["payments"]
    assert [one["state"] for one in after["batches"]] == [one["state"] for one in before["batches"]]
    again.gateway("store", "check")


def test_a_restored_database_is_completed(practice: Practice, partner: Partner, request: pytest.FixtureRequest) -> None:
    """By the server's own tools, of which nothing tells the gateway but the archive: nothing is built or sent before
    the replay, which does what a restore does."""
    if practice.store_url.startswith("sqlite"):
        pytest.skip("the embedded store has its own backup")
    server = request.getfixturevalue("postgres")
    practice.take_in(8)
    monday = server.dump(practice.store_url)
    settle_all(practice, [partner], rounds=12)
    before = _seen(practice)
    server.put_back(practice.store_url, monday)
    sent = partner.received_claims()
    for command in (("batches", "build"), ("exchange",)):
        assert "the store is older than the archive" in practice.gateway(*command, code=4).err
    assert partner.received_claims() == sent
    practice.gateway("store", "check", code=1)
    assert practice.json("store", "replay", *REASON)["problems"] == []
    assert _seen(practice)["claims"] == before["claims"]
    practice.gateway("store", "check")
    practice.gateway("exchange", code=None)
    assert len(practice.batches()) == len(before["batches"]), "nothing is sent twice"
    number = practice.json("partners", "numbers", partner.name)["interchange"]
    assert number >= max(int(one["interchange_control_number"]) for one in before["batches"])


def test_a_restored_store_is_completed(practice: Practice, partner: Partner, tmp_path: Path) -> None:
    """What was sent and received since the backup is taken in, nothing is doubled, and the checks hold."""
    if not practice.store_url.startswith("sqlite"):
        pytest.skip("a server has its own tools for backups")
    practice.take_in(20)
    practice.gateway("store", "backup", str(tmp_path / "monday.db"))
    settle_all(practice, [partner], rounds=12)
    before = _seen(practice)
    practice.gateway("store", "restore", str(tmp_path / "monday.db"), *REASON, code=1)
    practice.gateway("store", "check", code=1)
    practice.gateway("batches", "build", code=4)
    assert practice.json("store", "replay", *REASON)["problems"] == []
    assert _seen(practice)["claims"] == before["claims"]
    practice.gateway("store", "check")
    assert practice.json("store", "replay", *REASON)["sent"] == 0, "a second time adds nothing"
    assert _seen(practice)["claims"] == before["claims"]
    practice.gateway("exchange", code=None)
    assert len(practice.batches()) == len(before["batches"]), "nothing is sent twice"


@pytest.mark.parametrize("by", ["backup", "journal"])
def test_what_went_out_since_never_goes_twice(
    practice: Practice, tmp_path: Path, lost: Callable[[], Practice], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """What waits in backup or journal, or is just being built, may have arrived since: unknown, until its answer tells.

    The first batch is failed then, the second unknown, the third built, and the fourth on the way to be.
    """
    if by == "backup" and not practice.store_url.startswith("sqlite"):
        pytest.skip("a server has its own tools for backups")
    partner = practice.partner(in_a_folder(tmp_path / "partner", per_set=1, per_file=1))
    practice.take_in(4)
    save = ("store", "backup", str(tmp_path / "monday.db")) if by == "backup" else ("store", "journal")

    def commit(app: App, group: Any, batch: BatchRow, spool: BinaryIO) -> BatchRow:
        if batch.id == 4:
            _move(app, {1: ("sending", "failed"), 2: ("sending", "unknown")})
            practice.gateway(*save)
            _move(app, {2: ("built",)})
        return _commit(app, group, batch, spool)

    with monkeypatch.context() as patch:
        patch.setattr(building, "_commit", commit)
        practice.gateway("batches", "build")
    practice.gateway("exchange", code=None)
    partner.work()
    arrived = partner.received_claims()
    assert len(set(arrived)) == len(arrived) == 4
    again = practice if by == "backup" else lost()
    if by == "backup":
        again.gateway("store", "restore", str(tmp_path / "monday.db"), *REASON, code=1)
    again.gateway("store", "replay", *REASON, code=1)
    again.gateway("exchange", code=None)
    partner.work()
    again.gateway("exchange", code=None)
    assert partner.received_claims() == arrived
    assert {one["state"] for one in again.batches()} == {"accepted"}
    again.check()


def test_an_older_store_is_noticed_however_it_came_there(
    practice: Practice, partner: Partner, lost: Callable[[], Practice]
) -> None:
    """A database put back by its server's tools, or a file copied by hand: nothing is built or sent before a replay."""
    older = lost()
    older.take_in(4)
    practice.take_in(4)
    practice.gateway("batches", "build")
    for command in (("batches", "build"), ("exchange",)):
        assert "the store is older than the archive" in older.gateway(*command, code=4).err, command
    assert partner.received_claims() == []
    older.gateway("store", "replay", *REASON, code=None)
    older.gateway("exchange", code=None)
    assert len(older.batches()) == 1


def _move(app: App, ways: dict[int, tuple[str, ...]]) -> None:
    """Takes batches through states of a delivery."""
    with app.store.write() as conn:
        for batch_id, states in ways.items():
            for state in states:
                batches.set_state(conn, batch_id, state, at=app.now())


def test_numbers_go_on_above_the_archive(
    practice: Practice, partner: Partner, lost: Callable[[], Practice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay that dies leaves nothing to build from; after a whole one, numbers go on above all that were used."""
    practice.take_in(6)
    practice.gateway("batches", "build")
    practice.gateway("store", "journal")
    practice.take_in(6, seed=3)
    practice.gateway("batches", "build")
    used = {one["interchange_control_number"] for one in practice.batches()}
    again = lost()
    with monkeypatch.context() as patch:
        patch.setattr(replay, "prove_by_archive", _dies)
        again.gateway("store", "replay", *REASON, code=130)
    if not again.store_url.startswith("sqlite"):
        again.take_in(1, seed=4)
        again.gateway("batches", "build", code=4)
        assert "broken off" in again.gateway("store", "replay", *REASON, code=4).lines()[0]
        again = lost()
    again.gateway("store", "replay", *REASON, code=1)
    assert {one["state"] for one in again.batches()} == {"unknown", "sent"}
    again.take_in(2, seed=8)
    again.gateway("batches", "build")
    new = {one["interchange_control_number"] for one in again.batches()} - used
    assert len(new) == 1 and min(new) > max(used)


def _dies(_app: object, **_: object) -> int:
    raise KeyboardInterrupt


def test_a_replay_moves_a_store_to_the_other_kind_of_database(
    practice: Practice, partner: Partner, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """From SQLite to PostgreSQL, or back: the same states and sums, and further claims go on with further numbers."""
    practice.take_in(8)
    settle_all(practice, [partner], rounds=4)
    practice.gateway("store", "journal")
    before = _seen(practice)
    server = request.getfixturevalue("postgres")
    url = server.empty() if practice.store_url.startswith("sqlite") else f"sqlite:///{tmp_path}/moved.db"
    moved = Practice(practice.home, url)
    assert moved.json("store", "replay", *REASON)["problems"] == []
    assert _seen(moved) == before
    moved.take_in(2, seed=4)
    moved.gateway("batches", "build")
    moved.gateway("store", "check")
    if url.startswith("postgresql"):
        server.drop(url)


def test_one_journal_is_kept_and_a_cut_one_is_refused(
    practice: Practice, partner: Partner, lost: Callable[[], Practice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new journal takes the place of the one before; one that ends too early fills no store."""
    practice.take_in(3)
    practice.gateway("batches", "build")
    first, second = (practice.json("store", "journal")["file"] for _ in range(2))
    practice.gateway("store", "export", first, str(practice.home / "gone"), code=1)
    practice.gateway("store", "check")
    practice.gateway("store", "export", second, str(practice.home / "journal.gz"))
    with gzip.open(practice.home / "journal.gz", "rt") as stream:
        written = stream.read().splitlines(keepends=True)
    assert not [line for line in written if '"inbound_sets"' in line], "what files say is not in it"
    monkeypatch.setattr(store_journal, "lines", lambda _conn, _at: iter(written[:-1]))
    practice.gateway("store", "journal")
    again = lost()
    assert "ends too early" in again.gateway("store", "replay", *REASON, code=1).lines()[-1]
    if again.store_url.startswith("sqlite"):
        again.gateway("claims", "list", code=4)
    else:
        again.take_in(1)
        again.gateway("batches", "build", code=4)


def test_every_table_is_kept_or_made_again(practice: Practice) -> None:
    """No table is forgotten: those that a journal leaves out are named, and are there."""
    kept = {table.name for table in store_journal.kept_tables()}
    left_out = store_journal.DERIVED | store_journal.PASSING
    assert kept | left_out == set(metadata.tables) and not kept & left_out
