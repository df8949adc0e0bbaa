"""Inbound files are kept, told by content and processed, whatever they are and however often it is asked."""

from __future__ import annotations

import gzip
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from posting_desk import Desk, claim_835, header_835, status_277

from gateway.errors import UsageError
from gateway.exchange import posting, process
from gateway.exchange.process import needs_person, process_waiting, record_file
from gateway.exchange.rules import adjustment_classes
from gateway.inbound.facts import RemittedClaim
from gateway.inbound.remit835 import RemittanceReader
from gateway.reconcile.origin import Origin
from gateway.reconcile.remitting import post_remittance
from gateway.store import Store, open_store
from gateway.store.errors import StoreBusy
from gateway.store.inbound_sets import NewInboundSet, open_set
from gateway.store.tables import (
    events,
    file_sightings,
    inbound_files,
    inbound_sets,
    postings,
    remittance_claims,
    remittances,
)
from gateway.x12.values import Delimiters

GOOD = header_835("180") + claim_835("A1")


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", "quarantined", "empty"),
        (b"   \r\n", "quarantined", "empty"),
        (b"%PDF-1.7 \xe2\xe3", "quarantined", "PDF"),
        (b"-----BEGIN PGP MESSAGE-----\n", "quarantined", "encrypted"),
        (bytes(range(256)) * 8, "quarantined", "neither"),
        ("A report".encode("utf-16"), "quarantined", "neither"),
        (b"CLAIM STATUS REPORT\n3 accepted, 1 rejected\n", "ignored", "text report"),
        (b"PK\x03\x04 not really", "quarantined", "damaged"),
        (b"ISA*00*", "quarantined", "ISA"),
        (b"ISA~nothing here", "quarantined", "ISA"),
    ],
)
def test_what_cannot_be_read(desk: Desk, content: bytes, status: str, reason: str) -> None:
    """Rubbish is quarantined with its reason, a report for people ignored; both are kept byte by byte."""
    document = desk.receive(content, "claims.835")
    assert document["status"] == status
    assert reason in document["reason"]
    assert document["transactions"] == []
    assert needs_person(document) == (status == "quarantined")
    (row,) = desk.rows(inbound_files)
    assert (row["status"], row["size"]) == (status, len(content))
    with desk.archive.open(row["archive_name"]) as kept:
        assert kept.read() == content


def test_other_peoples_claims_are_ignored(desk: Desk) -> None:
    """An 837 on a shared mailbox is not ours to read, and no fault."""
    document = desk.receive(desk.envelope("837P", "BHT*0019*00*1*20260101*1200*CH"))
    assert document["status"] == "ignored"
    assert [one["status"] for one in document["transactions"]] == ["ignored"]
    assert not needs_person(document)


def test_an_unknown_guide_waits_for_a_person(desk: Desk) -> None:
    """A request for information in a guide of tomorrow is parked, never failed or dropped."""
    text = desk.envelope("277", "BHT*0085*08*1*20260101*1200*RQ").replace("005010X212", "006020X313")
    document = desk.receive(text)
    assert document["status"] == "partial"
    assert [issue["code"] for issue in document["transactions"][0]["issues"]] == ["unsupported_set"]


def test_one_file_with_everything(desk: Desk) -> None:
    """Several interchanges and kinds in one file: each set has its own fate, in file order."""
    desk.sent(desk.claims("A1"))
    parts = [
        desk.ta1(17, "A"),
        desk.envelope("277CA", status_277("A1 A1:19*20260202*WQ*240")),
        desk.envelope("837P", "BHT*0019*00*1*20260101*1200*CH"),
        desk.envelope("835", GOOD, header_835("1", "CHK2")),
    ]
    document = desk.receive("".join(parts))
    assert [(one["kind"], one["status"]) for one in document["transactions"]] == [
        ("TA1", "posted"),
        ("277CA", "posted"),
        ("837P", "ignored"),
        ("835", "posted"),
        ("835", "parked"),
    ]
    assert document["status"] == "partial"
    assert desk.state("A1") == "paid"
    json.dumps(document)


def zipped(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


def test_a_control_number_that_comes_again_is_noticed(desk: Desk) -> None:
    """The sender's ISA13 on other content is posted, with one line that names the first file; a repeat is no news."""
    desk.sent(desk.claims("A1", "B1", "C1"))
    first = desk.envelope("835", GOOD)
    numbered = first[first.index("ISA*") : first.index("GS*")].split("*")[13]
    others = [header_835("180", f"CHK{n}") + claim_835(f"{n}1", payer_number=f"P{n}") for n in "BC"]
    again = desk.envelope("835", *others)
    again = again.replace(again.split("*")[13], numbered)
    assert desk.receive(first)["transactions"][0]["issues"] == []
    assert desk.receive(first + " ")["transactions"][0]["status"] == "duplicate"
    said = [[one["code"] for one in shown["issues"]] for shown in desk.receive(again)["transactions"]]
    assert said == [["control_number_again"], []]
    assert desk.states("A1", "B1", "C1") == ["paid"] * 3
    elsewhere = desk.envelope("835", header_835("180", "CHK9") + claim_835("ZZ9"), sender="OTHERHOUSE")
    elsewhere = elsewhere.replace(elsewhere.split("*")[13], numbered)
    assert desk.receive(elsewhere)["transactions"][0]["issues"] == []


def test_a_file_at_hand_is_the_partners_whose_envelope_it_has(desk: Desk) -> None:
    """Its payments count with the partner in reports; one of nobody's stays nobody's."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", GOOD))
    desk.receive(desk.envelope("835", header_835("180", "CHK2") + claim_835("ZZ9"), sender="A PAYER"))
    assert [row["partner"] for row in desk.rows(inbound_files)] == ["clear", ""]


def test_archives_are_opened(desk: Desk) -> None:
    """A ZIP's members are read in turn, reports and rubbish among them told apart; a parked set of one is kept too."""
    desk.sent(desk.claims("A1", "A2"))
    good = desk.envelope("835", GOOD).encode()
    bad = desk.envelope("835", header_835("9", "CHK2") + claim_835("A2")).encode()
    document = desk.receive(zipped(("read.me", b"Please find enclosed\n"), ("one", good), ("two", bad)))
    assert document["status"] == "partial"
    assert [one["status"] for one in document["transactions"]] == ["posted", "parked"]
    assert [row["patient_control_number"] for row in desk.rows(remittance_claims)] == ["A1", "A2"]
    assert desk.states("A1", "A2") == ["paid", "sent"]
    again = desk.receive(gzip.compress(good))
    assert (again["status"], [one["status"] for one in again["transactions"]]) == ("processed", ["duplicate"])


def test_an_archive_cut_off_posts_only_what_is_whole(desk: Desk) -> None:
    """A GZIP that ends early: sets that were whole are posted, the last is not, and the file says so."""
    desk.sent(desk.claims("A1", "A2"))
    text = desk.envelope("835", GOOD, header_835("180", "CHK2") + claim_835("A2"))
    packed = gzip.compress(text.encode() + b" " * 10, compresslevel=0)
    document = desk.receive(packed[:-80])
    assert document["status"] == "partial"
    assert desk.state("A1") == "paid"
    assert desk.state("A2") in ("paid", "sent")
    assert "damaged" in document["reason"]


def test_an_archive_in_an_archive_is_not_opened(desk: Desk) -> None:
    """One level deep only."""
    document = desk.receive(zipped(("inner.zip", zipped(("a", b"x")))))
    assert (document["status"], document["reason"]) == ("quarantined", "an archive inside an archive is not opened")


# ── again ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_file_twice_is_seen_twice_and_posted_once(desk: Desk) -> None:
    """Under another name, the same content is a duplicate and a further sighting."""
    desk.sent(desk.claims("A1"))
    text = desk.envelope("835", GOOD)
    first, second = desk.receive(text, "a.835"), desk.receive(text, "b.835")
    assert [first["status"], second["status"]] == ["processed", "duplicate"]
    assert first["sha256"] == second["sha256"]
    assert [row["name"] for row in desk.rows(file_sightings)] == ["a.835", "b.835"]
    assert len(desk.rows(inbound_files)) == len(desk.rows(postings)) == 1


def test_processing_again_is_harmless(desk: Desk) -> None:
    """Every file processed three times gives the same documents and changes nothing."""
    desk.sent(desk.claims("A1", "A2"))
    texts = [
        desk.ta1(17, "A"),
        desk.envelope("999", "AK1*HC*17*005010X222A1\nAK9*A*1*1*1"),
        desk.envelope("277CA", status_277("A1 A1:19*20260202*WQ*240", "ZZ A1:19*20260202*WQ*240")),
        desk.envelope("835", GOOD, header_835("9", "CHK2") + claim_835("A2")),
        "a report\n",
    ]
    documents = [desk.receive(text) for text in texts]
    before = desk.everything()
    for _ in range(2):
        again = [desk.reprocess(file_id) for file_id in desk.file_ids()]
        assert again == documents
    assert desk.everything() == before
    assert len(desk.rows(postings)) == 1
    assert len(desk.rows(remittance_claims)) == 2


def test_a_crash_between_sets_is_made_good(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed before a failure stays, the rest follows when the file is processed again, nothing twice."""
    desk.sent(desk.claims("A1", "A2", "A3"))
    bodies = [header_835("180", f"CHK{n}") + claim_835(f"A{n}") for n in (1, 2, 3)]
    whole = posting.post_remittance
    calls: list[int] = []

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        made = whole(*args, **kwargs)
        if len(calls) == 2:
            raise StoreBusy("the store is in use by another process; try again")
        return made

    monkeypatch.setattr(posting, "post_remittance", failing)
    with pytest.raises(StoreBusy):
        desk.receive(desk.envelope("835", *bodies))
    assert desk.states("A1", "A2", "A3") == ["paid", "sent", "sent"]
    assert [row["status"] for row in desk.rows(inbound_files)] == ["received"]
    (document,) = process_waiting(desk)
    assert [one["status"] for one in document["transactions"]] == ["posted"] * 3
    assert desk.states("A1", "A2", "A3") == ["paid"] * 3
    assert len(desk.rows(postings)) == len(desk.rows(inbound_sets)) == 3
    desk.agree()


def test_waiting_files_are_processed_in_turn(desk: Desk, tmp_path: Path) -> None:
    """Files that were only recorded are processed once, in order of arrival."""
    desk.sent(desk.claims("A1"))
    for number, text in enumerate((desk.ta1(17, "A"), desk.envelope("835", GOOD))):
        path = tmp_path / f"f{number}"
        path.write_text(text)
        record_file(desk, path, partner="clear")
    assert [one["status"] for one in process_waiting(desk)] == ["processed", "processed"]
    assert list(process_waiting(desk)) == []
    assert desk.state("A1") == "paid"


def test_damaged_files_never_raise_and_never_post_what_does_not_balance(desk: Desk) -> None:
    """Files with bytes changed, cut out or doubled at random are processed to an end; what is posted balances."""
    chance = random.Random(5010)
    desk.sent(desk.claims("A1", "A2"))
    sources = [
        desk.ta1(17, "R", "008"),
        desk.envelope("999", "AK1*HC*17*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*R*5\nAK9*R*1*1*0"),
        desk.envelope(
            "277CA", status_277("A1 A1:19*20260202*WQ*240", "A2 A7:562:82*20260202*U*240", totals="QTY*90*1")
        ),
        desk.envelope("835", header_835("180", "CHK1") + claim_835("A1"), header_835("180", "CHK2") + claim_835("A2")),
    ]
    for _ in range(120):
        data = bytearray(chance.choice(sources).encode())
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.choice(b"*:~^0A-.\x00\xff\xc3 \n9")
                case 1:
                    del data[at : at + chance.randrange(1, 40)]
                case _:
                    data[at:at] = data[at : at + chance.randrange(1, 60)]
        json.dumps(desk.receive(bytes(data)))
    assert all(row["difference"] == 0 for row in desk.rows(remittances, status="posted"))
    desk.agree()


def test_a_missing_file_is_one_clear_line(desk: Desk) -> None:
    """Nothing is taken in if one of the named files is not there."""
    with pytest.raises(UsageError, match="no such file"):
        list(process.import_files(desk, [desk.folder / "nowhere.835"]))
    assert desk.rows(inbound_files) == []


def test_a_lost_archive_file_is_quarantined(desk: Desk, tmp_path: Path) -> None:
    """Bytes that the archive lost cannot be read: the file says so, and the others are processed."""
    desk.sent(desk.claims("A1"))
    for name, text in (("lost", desk.ta1(17, "A")), ("good", desk.envelope("835", GOOD))):
        (tmp_path / name).write_text(text)
        record_file(desk, tmp_path / name)
    (desk.home.archive_path / desk.rows(inbound_files)[0]["archive_name"]).unlink()
    assert [one["status"] for one in process_waiting(desk)] == ["quarantined", "processed"]


def test_characters_that_a_database_cannot_hold(desk: Desk) -> None:
    """A NUL inside an element is taken or its set parked; neither raises, and the next set is posted."""
    desk.sent(desk.claims("A1", "A2"))
    odd = header_835("180", "CHK2") + claim_835("A2").replace("RIVERS", "RIV\x00ERS").replace("*P1*", "*P\x001*")
    document = desk.receive(desk.envelope("835", odd, GOOD))
    assert document["transactions"][0]["status"] in ("posted", "parked")
    assert document["transactions"][1]["status"] == "posted"
    assert desk.state("A1") == "paid"


def test_nothing_of_a_patient_in_the_log(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither numbers nor names of a file's content or name are logged."""
    desk.sent(desk.claims("SECRET1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("SECRET1")), "RIVERS_ANNA.835")
    desk.receive(desk.envelope("835", header_835("9", "CHK2") + claim_835("SECRET2")), "M0001.835")
    said = capsys.readouterr()
    for word in ("SECRET", "RIVERS", "ANNA", "M0001"):
        assert word not in said.out + said.err


# ── at once ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_workers_post_the_same_content_once(store: Store, store_url: str, tmp_path: Path) -> None:
    """The same sets in two files, processed at once by two workers: each set is posted once and a duplicate once."""
    first = Desk(store, tmp_path)
    first.sent(first.claims(*(f"N{number}" for number in range(6))))
    bodies = [header_835("180", f"CHK{number}") + claim_835(f"N{number}") for number in range(6)]
    ids = []
    for name in ("one", "two"):
        (tmp_path / name).write_text(first.envelope("835", *bodies))
        ids.append(record_file(first, tmp_path / name)[0])
    found = at_once(store_url, tmp_path, ids)
    for number in range(6):
        assert sorted(one["transactions"][number]["status"] for one in found) == ["duplicate", "posted"]
    assert len(first.rows(postings)) == 6
    assert {row["paid"] for row in first.everything()["claims"]} == {18000}
    first.agree()


def test_two_workers_at_the_same_file(store: Store, store_url: str, tmp_path: Path) -> None:
    """One file processed at once by two workers is posted once, and both show the same."""
    first = Desk(store, tmp_path)
    first.sent(first.claims("N0", "N1", "N2"))
    bodies = [header_835("180", f"CHK{number}") + claim_835(f"N{number}") for number in range(3)]
    (tmp_path / "one").write_text(first.envelope("835", *bodies))
    file_id, _ = record_file(first, tmp_path / "one")
    one, other = at_once(store_url, tmp_path, [file_id, file_id])
    assert one == other
    assert len(first.rows(postings)) == 3
    first.agree()


def at_once(store_url: str, folder: Path, file_ids: list[int]) -> list[dict[str, Any]]:
    """Processes files at the same time, each with a store of its own."""
    stores = [open_store(store_url) for _ in file_ids]
    desks = [Desk(opened, folder) for opened in stores]
    start = Barrier(len(file_ids))

    def work(desk: Desk, file_id: int) -> dict[str, Any]:
        start.wait(30)
        return process.process_file(desk, file_id)

    try:
        with ThreadPoolExecutor(len(file_ids)) as pool:
            return list(pool.map(work, desks, file_ids))
    finally:
        for opened in stores:
            opened.close()


# ── large files ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Segments(list[list[str]]):
    """A transaction set as a list."""

    delimiters = Delimiters()

    def texts(self) -> Iterator[list[str]]:
        yield ["*".join(segment) for segment in self]


class ManyClaims(RemittanceReader):
    """An 835 of any number of claims that never stand in memory together."""

    def __init__(self, count: int, trace: str) -> None:
        body = f"ST*835*0001\n{header_835('180', trace)}{claim_835('A1')}\nSE*1*0001"
        super().__init__(Segments(line.strip().split("*") for line in body.splitlines() if line.strip()))
        self._count = count

    def __iter__(self) -> Iterator[RemittedClaim]:
        (claim,) = super().__iter__()
        for number in range(self._count):
            yield claim._replace(patient_control_number=f"N{number}", payer_claim_number=f"P{number}")


def test_memory_does_not_grow_with_a_payment(desk: Desk) -> None:
    """Four times the claims need no more memory while they are posted."""
    peaks = []
    for number, count in enumerate((1000, 4000)):
        new = NewInboundSet(desk_file(desk, number), 1, "835")
        with desk.store.write() as conn:
            origin = Origin(open_set(conn, new, at=desk.now()), "clear", frozenset(), frozenset(), desk.now())
            tracemalloc.start()
            written = post_remittance(conn, ManyClaims(count, f"BIG{number}"), origin, adjustment_classes())
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert written.posted.matched == 0
    assert len(desk.rows(postings)) == 5000
    assert peaks[1] < peaks[0] * 1.5


def desk_file(desk: Desk, number: int) -> int:
    path = desk.folder / f"big{number}"
    path.write_text(str(number))
    return record_file(desk, path)[0]


def test_a_large_answer_is_bound_in_parts(desk: Desk) -> None:
    """A 277CA over a set of two thousand claims reaches every one."""
    numbers = [f"N{number}" for number in range(2000)]
    desk.sent(desk.claims(*numbers))
    said = [f"{number} A1:19*20260202*WQ*240" for number in numbers]
    document = desk.receive(desk.envelope("277CA", status_277(*said)))
    assert document["transactions"][0]["matched"] == 2000
    assert len(desk.rows(events)) == 2000
    assert {row["state"] for row in desk.everything()["claims"]} == {"accepted_clearinghouse"}
