"""The whole way of claims by the command line, over both stores and each kind of mailbox; again, and out of order."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from practice import Partner, Practice, behind_sshd, in_a_folder, settle_all, simulated

from gateway.app import App
from gateway.errors import Refused
from gateway.exchange import process
from gateway.simulator import Scenario

# One claim is rejected by the clearinghouse, one by its payer, a set by the 999; the rest is paid or denied.
MIXED = """
name = "mixed"
[options]
one_status_file = true
[[rules]]
name = "its whole set is rejected"
when = { claim = "S010000002" }
ack = { verdict = "reject" }
[[rules]]
name = "rejected by the clearinghouse"
when = { claim = "S010000003" }
clearinghouse = { verdict = "reject", category = "A7", status = "164", entity = "IL" }
[[rules]]
name = "rejected by the payer"
when = { claim = "S010000005" }
payer = { verdict = "reject", category = "A7", status = "33", entity = "IL" }
[[rules]]
name = "denied"
when = { claim = "S010000006" }
remittance = { verdict = "deny", group = "CO", reason = "197" }
[[rules]]
name = "denied in part"
when = { claim = "S010000007" }
remittance = { verdict = "part", group = "CO", reason = "97", coinsurance = 20 }
[[rules]]
name = "paid with a copay"
remittance = { verdict = "pay", copay = 25 }
"""
COUNT = 8


@contextlib.contextmanager
def _partner(place: str, root: Path, request: pytest.FixtureRequest, made: Scenario) -> Iterator[Partner]:
    if place == "folder":
        yield in_a_folder(root / "partner", made)
    elif place == "sshd":
        yield behind_sshd(request.getfixturevalue("sshd"), f"rounds-{root.name}", made)
    else:
        with simulated(root / "partner", made, keeps=place == "simulator that keeps files") as partner:
            yield partner


def _told(partner: Partner) -> dict[str, str]:
    return {claim.patient_control_number: claim.state for claim in partner.simulator.totals().claims}


def _money_told(partner: Partner) -> dict[str, str]:
    names = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
    claims = partner.simulator.totals().claims
    return {name: f"{sum((getattr(claim, name) for claim in claims), Decimal(0)):.2f}" for name in names}


def _compare(practice: Practice, partner: Partner, numbers: list[str]) -> dict[str, Any]:
    """The report says what the other side's books say; gives the report."""
    practice.check()
    assert partner.received_claims() == sorted(numbers)
    assert practice.states() == _told(partner)
    report = practice.report()
    assert report["money"] == _money_told(partner)
    totals = partner.simulator.totals()
    assert report["remittances"]["payment"] == f"{totals.payment:.2f}"
    assert report["remittances"]["count"] == totals.remittances
    assert report["claims"]["imported"] == report["claims"]["sent"] == len(numbers)
    return report


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "place", ["folder", "simulator that takes files at once", "simulator that keeps files", "sshd"]
)
def test_each_cent_is_accounted_for_and_a_second_time_changes_nothing(
    practice: Practice, place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Build, send, fetch, process, report: both sides' books agree; all of it again adds no file, event or cent."""
    with _partner(place, tmp_path, request, Scenario.from_toml(MIXED)) as partner:
        practice.partner(partner)
        numbers = practice.take_in(COUNT)
        practice.gateway("batches", "build")
        practice.gateway("batches", "send")
        assert {batch["state"] for batch in practice.batches()} == {"sent"}
        partner.work()
        practice.gateway("inbound", "fetch")
        practice.gateway("inbound", "process")
        report = _compare(practice, partner, numbers)
        before = practice.batches(), practice.rows(), practice.json("inbound", "list")

        again = practice.json("exchange")
        assert again["built"] == again["sent"] == again["processed"] == again["errors"] == []
        assert {one["outcome"] for one in again["fetched"]} == {"known"}
        for command in (["batches", "build"], ["batches", "send"], ["inbound", "fetch"], ["inbound", "process"]):
            practice.gateway(*command)
        for file in practice.json("inbound", "list"):
            practice.gateway("inbound", "reprocess", file["id"])

        assert partner.work() == 0
        assert len(partner.simulator.received()) == len(before[0])
        assert practice.batches() == before[0]
        assert practice.rows() == before[1]
        assert [file["sha256"] for file in practice.json("inbound", "list")] == [file["sha256"] for file in before[2]]
        assert _compare(practice, partner, numbers) == report


@pytest.mark.usefixtures("no_pause")
def test_what_arrived_is_what_was_archived(practice: Practice, tmp_path: Path) -> None:
    """The partner holds exactly the bytes of each batch, under its name, and `batches export` gives the same."""
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        practice.take_in(COUNT)
        practice.gateway("exchange")
        partner.work()
        files = {file.name: file for file in partner.simulator.received()}
        batches = practice.batches()
        assert len(batches) == 2
        assert {batch["file_name"]: batch["sha256"] for batch in batches} == {
            name: file.sha256 for name, file in files.items()
        }
        for batch in batches:
            practice.gateway("batches", "export", batch["id"], str(tmp_path / batch["file_name"]))
            assert (tmp_path / batch["file_name"]).read_bytes() == files[batch["file_name"]].content


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("after_receive", ["move:archive", "delete"])
def test_a_mailbox_that_is_cleared_is_read_all_the_same(practice: Practice, tmp_path: Path, after_receive: str) -> None:
    """Files that are moved or deleted once they are kept come in once, and nothing is left to be fetched."""
    with simulated(tmp_path / "partner", Scenario.from_toml(MIXED), after_receive=after_receive) as partner:
        practice.partner(partner)
        numbers = practice.take_in(COUNT)
        settle_all(practice, [partner])
        _compare(practice, partner, numbers)
        assert list(partner.simulator.outbound.iterdir()) == []
        moved = list((partner.simulator.home / "archive").iterdir())
        assert len(moved) == (0 if after_receive == "delete" else len(practice.json("inbound", "list")))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_answers_that_come_twice_and_out_of_order_change_nothing(
    practice: Practice, tmp_path: Path, order: str
) -> None:
    """Each kind of answer once more as the same bytes and once in a new envelope, in any order: the same books."""
    repeats = "".join(
        f'[[repeats]]\nkind = "{kind}"\nnth = 1\nhow = "{how}"\n'
        for kind in ("999", "277CA", "835")
        for how in ("bytes", "rewrapped")
    )
    made = Scenario.from_toml(MIXED.replace("[options]", f'[options]\norder = "{order}"') + repeats)
    partner = in_a_folder(tmp_path / "partner", made)
    practice.partner(partner)
    numbers = practice.take_in(COUNT)
    settle_all(practice, [partner])
    _compare(practice, partner, numbers)
    kinds = [one["transactions"][0]["kind"] for one in _documents(practice) if one["transactions"]]
    statuses = {one["status"] for document in _documents(practice) for one in document["transactions"]}
    assert statuses == {"posted", "duplicate"}
    assert {"999", "277CA", "835"} <= set(kinds)


def _documents(practice: Practice) -> list[dict[str, Any]]:
    return [practice.json("inbound", "show", file["id"]) for file in practice.json("inbound", "list")]


@pytest.mark.usefixtures("quick")
def test_any_order_of_arrival_gives_the_same_books(
    tmp_path: Path, new_store_url: Callable[[], str], request: pytest.FixtureRequest
) -> None:
    """All answers of a finished exchange, shuffled and some of them twice, imported one by one: the same report."""
    first = Practice.make(tmp_path / "first", new_store_url())
    partner = first.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml(MIXED)))
    first.take_in(COUNT)
    settle_all(first, [partner])
    answers = sorted(partner.simulator.outbound.iterdir())
    assert len(answers) >= 6
    for seed in (1, 2):
        other = Practice.make(tmp_path / f"other{seed}", new_store_url())
        other.partner(in_a_folder(tmp_path / f"partner{seed}"))
        other.take_in(COUNT)
        other.gateway("exchange")
        shuffled = random.Random(seed).sample(answers * 2, 2 * len(answers))
        documents = other.json("inbound", "import", *map(str, shuffled), code=None)
        assert sum(one["status"] == "duplicate" for one in documents) == len(answers)
        assert other.states() == first.states()
        assert other.report() == first.report()
        other.check()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_posted_now_stops_no_other(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of several files is refused: the others are posted, one line says so with its code, and the next round
    takes the first one up again."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    numbers = practice.take_in(COUNT)
    practice.gateway("exchange")
    partner.work()
    practice.gateway("inbound", "fetch")
    first = practice.json("inbound", "list")[0]["id"]
    read = process.process_file

    def refusing(app: App, file_id: int, *more: Any) -> dict[str, Any]:
        if str(file_id) == first:
            raise Refused("not now")
        return read(app, file_id, *more)

    with monkeypatch.context() as patch:
        patch.setattr(process, "process_file", refusing)
        ran = practice.gateway("exchange", code=4)
    assert ran.lines() == ["what was fetched: not now"]
    statuses = {file["id"]: file["status"] for file in practice.json("inbound", "list")}
    assert statuses.pop(first) == "received"
    assert set(statuses.values()) == {"processed"}
    practice.gateway("exchange")
    _compare(practice, partner, numbers)
