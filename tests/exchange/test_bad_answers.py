"""Answers that are wrong: each is parked, warned of or quarantined with one clear line, and nothing is half posted."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from posting_desk import NPI, Desk, claim_835, header_835, status_277
from sqlalchemy import func, select

from gateway.cli.inbound import show_document
from gateway.exchange.process import needs_person
from gateway.exchange.reporting import report
from gateway.reports.as_json import document_of
from gateway.store import Store, open_store
from gateway.store.reporting import Filters
from gateway.store.tables import (
    claim_current,
    event_links,
    events,
    file_sightings,
    inbound_files,
    inbound_sets,
    metadata,
    postings,
    provider_adjustments,
    remittance_claims,
    remittance_entries,
    remittance_links,
    remittances,
)

KEPT = {inbound_files, file_sightings}  # what a file that cannot be read leaves: itself
PARKED = KEPT | {inbound_sets, remittances, remittance_claims, provider_adjustments}  # and its facts, for a decision


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    made = Desk(store, tmp_path)
    made.sent(made.claims("A1", "A2", "A3"))
    return made


def everything(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with desk.store.read() as conn:
        return {
            name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def changed(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def lines(document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `gateway inbound import` prints of it."""
    capsys.readouterr()
    show_document(document)
    return capsys.readouterr().out.splitlines()


def laws_hold(desk: Desk) -> None:
    """Every conservation law of the reconciliation report, and the projection against a fold from the start."""
    document = document_of(report(desk, "reconciliation", Filters()))
    assert [check for check in document["checks"] if not check["holds"]] == []
    desk.agree()


# ── refused: nothing but the file and its facts is kept ──────────────────────────────────────────────────────────────


def a_cent_off(desk: Desk) -> str:
    return desk.envelope("835", header_835("180.01") + claim_835("A1"))


def one_of_two_claims_off(desk: Desk) -> str:
    return desk.envelope("835", header_835("360") + claim_835("A1") + claim_835("A2").replace("45*60.00", "45*60.01"))


def part_of_a_cent(desk: Desk) -> str:
    return desk.envelope("835", header_835("180") + claim_835("A1").replace("45*60.00", "45*60.001"))


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (a_cent_off, "segment 2: error: The payment does not balance: claims less provider adjustments fall short of "
                     "it by 0.01. [remittance_unbalanced]"),
        (one_of_two_claims_off, "segment 13: error: The claim does not balance: charge less adjustments differs from "
                                "the payment by -0.01. [claim_unbalanced]"),
        (part_of_a_cent, "segment 12: error: The element is no amount in whole cents. [remittance_amount]"),
    ],
)  # fmt: skip
def test_a_payment_that_does_not_balance_moves_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str], made: Callable[[Desk], str], line: str
) -> None:
    """It is parked whole: its facts are kept for a decision, no other table changes by a row."""
    before = everything(desk)
    document = desk.receive(made(desk))
    after = everything(desk)
    assert changed(before, after) <= {table.name for table in PARKED}
    assert {row["status"] for row in desk.rows(remittances)} == {"parked"}
    said = lines(document, capsys)
    assert said[0] == "in1.edi: partial: 1 of 1 sets wait for a decision"
    assert said[2].strip() == line
    assert needs_person(document)
    laws_hold(desk)


def test_two_payers_with_one_number(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Checks of two payers may have one number: both are posted, and the second says so. One payer's is parked."""
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    other = header_835("180", payer="99999").replace("1351840597", "1999999999") + claim_835("A2")
    said = lines(desk.receive(desk.envelope("835", other)), capsys)
    assert said[0] == "in2.edi: processed"
    assert said[2].strip() == (
        "segment 3: warning: Payment 1, of another payer or another day, has this number (TRN02), too; both are "
        "posted. [remittance_number_again]"
    )
    assert [desk.current(number)["paid"] for number in ("A1", "A2")] == [18000, 18000]
    before = everything(desk)
    same = desk.receive(desk.envelope("835", header_835("180") + claim_835("A3")))
    assert changed(before, everything(desk)) <= {table.name for table in PARKED}
    assert "another payment with this number, payer and date is posted" in lines(same, capsys)[2]
    laws_hold(desk)


def zipped(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.835", data)
    return made.getvalue()


def test_a_zip_bomb_is_quarantined_unopened(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A good payment before megabytes of nothing in a ZIP: none of it is read, and one line says why."""
    text = desk.envelope("835", header_835("180") + claim_835("A1")).encode()
    before = everything(desk)
    for data in (zipped(text + b" " * (32 << 20)), zipped(bytes(32 << 20))):
        document = desk.receive(data)
        (said,) = lines(document, capsys)
        assert said.endswith(": quarantined: the archive is packed too tightly to be what it says")
        assert needs_person(document)
    assert changed(before, everything(desk)) == {table.name for table in KEPT}


def test_a_gzip_bomb_ends_early(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows before how large it is: a set that was cut off moves nothing, and the file says why."""
    text = desk.envelope("835", header_835("180") + claim_835("A1")).encode()
    before = everything(desk)
    document = desk.receive(gzip.compress(text[:-60] + b"\n" * (32 << 20) + text[-60:]))
    said = lines(document, capsys)
    assert said[0] == "in1.edi: partial: the archive is packed too tightly to be what it says"
    assert changed(before, everything(desk)) <= {table.name for table in PARKED}
    assert desk.rows(postings) == []


# ── warned of: posted to the cent, or kept as nobody's ───────────────────────────────────────────────────────────────


def thirteen_adjustments(several: int) -> str:
    """A claim with 13 adjustments of 1.00, so many a CAS."""
    triples = ["45*1"] * 13
    parts = [triples[at : at + several] for at in range(0, 13, several)]
    cas = "\n".join("CAS*CO*" + "**".join(part) for part in parts)
    return f"CLP*A1*1*240*227**12*P1*11*1\nNM1*QC*1*RIVERS*ANNA****MI*M0001\n{cas}\n"


WARNED = {
    "thirteen adjustments in one CAS": (
        header_835("227") + thirteen_adjustments(13),
        "segment 10: warning: The CAS holds more adjustments than the six that a segment may; all of them count. "
        "[adjustments_beyond_six]",
        {"paid": 22700, "contractual": 1300, "open": 0},
    ),
    "negative charges": (
        header_835("180").replace("*C*ACH", "*D*ACH") + claim_835("A1", "-180", charge="-240"),
        "segment 8: warning: The claim's charge or payment is below zero, and CLP02 is not 22: it is posted, but as no "
        "reversal. [claim_negative]",
        {"paid": -18000, "contractual": -6000, "open": 48000},
    ),
    "a reversal without original": (
        header_835("180").replace("*C*ACH", "*D*ACH") + claim_835("A1", "-180", charge="-240", status="22"),
        "segment 8: warning: The reversal found no payment that it takes back: it moves nothing until that comes. "
        "[reversal_waits]",
        {"paid": 0, "contractual": 0, "open": 24000},
    ),
    "an unknown reason code": (
        header_835("180") + claim_835("A1").replace("CAS*CO*45", "CAS*CO*9999"),
        "segment 10: warning: A reason code is in no table: its group decides. mappings/codes/adjustment_classes.csv "
        "may name it. [adjustment_reason_unknown]",
        {"paid": 18000, "contractual": 6000, "open": 0},
    ),
    "a date of 99999999": (
        header_835("180", date="99999999") + claim_835("A1").replace("20260115", "99999999"),
        "segment 2: warning: BPR16 is no date. [remittance_date]",
        {"paid": 18000, "contractual": 6000, "open": 0},
    ),
    "paid twice its charge": (
        header_835("480") + claim_835("A1", "480"),
        "segment 8: warning: The claim is paid more than it charges. [claim_overpaid]",
        {"paid": 48000, "contractual": -24000, "open": 0},
    ),
    "interest that no claim names": (
        header_835("190") + claim_835("A1") + f"PLB*{NPI}*20261231*L6*-10\n",
        "segment 13: warning: PLB L6 moved interest of 10.00, but the claims (AMT*I) say 0.00. [interest_differs]",
        {"paid": 18000, "contractual": 6000, "open": 0},
    ),
    "interest that no PLB moves": (
        header_835("180") + claim_835("A1").replace("SVC", "AMT*I*1.25\nSVC"),
        "segment 0: warning: PLB L6 moved interest of 0.00, but the claims (AMT*I) say 1.25. [interest_differs]",
        {"paid": 18000, "contractual": 6000, "open": 0},
    ),
}


@pytest.mark.parametrize("what", WARNED)
def test_what_is_odd_is_posted_with_a_warning(desk: Desk, capsys: pytest.CaptureFixture[str], what: str) -> None:
    """The money is where the file says, to the cent; one line says what is odd and where; every law holds."""
    body, line, money = WARNED[what]
    document = desk.receive(desk.envelope("835", body))
    said = lines(document, capsys)
    assert said[0] == "in1.edi: processed"
    assert [one["status"] for one in document["transactions"]] == ["posted"]
    assert said[2].strip() == line
    assert {name: desk.current("A1")[name] for name in money} == money
    laws_hold(desk)


def test_interest_that_agrees_is_no_news(desk: Desk) -> None:
    """AMT*I of the claims and PLB L6 with the sign turned: no warning, and three CAS with 13 adjustments neither."""
    body = header_835("228.25") + thirteen_adjustments(6) + f"AMT*I*1.25\nPLB*{NPI}*20261231*L6*-1.25\n"
    document = desk.receive(desk.envelope("835", body))
    assert document["transactions"][0]["issues"] == []


def test_a_999_for_a_batch_that_was_never_sent(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It is kept as another system's; no claim and no batch of ours hears of it."""
    before = everything(desk)
    text = "AK1*HC*99*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*R*5\nAK9*R*1*1*0"
    document = desk.receive(desk.envelope("999", text))
    assert lines(document, capsys)[1].strip() == (
        "999 0001: posted: it answers nothing that was sent from here; kept, and no fault"
    )
    assert not needs_person(document)
    assert changed(before, everything(desk)) <= {table.name for table in (*KEPT, inbound_sets, events)}
    assert {row["claim_id"] or row["batch_id"] or row["set_id"] for row in desk.rows(events)} == {None}
    laws_hold(desk)


def test_a_277ca_whose_totals_are_wrong(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says of a claim counts; of those that it does not name it proves nothing, and says so."""
    said = status_277("A1 A1:19*20260202*WQ*240", totals="QTY*90*7 QTY*AA*3 AMT*YU*1 AMT*YY*2")
    document = desk.receive(desk.envelope("277CA", said))
    assert lines(document, capsys)[2].strip() == (
        "segment 6: warning: The totals do not account for our claims in the set, so those not named are not taken as "
        "accepted. [status_totals_differ]"
    )
    assert desk.states("A1", "A2", "A3") == ["accepted_clearinghouse", "sent", "sent"]
    laws_hold(desk)


# ── cut anywhere ─────────────────────────────────────────────────────────────────────────────────────────────────────


def whole_files(desk: Desk) -> list[bytes]:
    """A 999, a 277CA, and two payments in one interchange."""
    texts = [
        desk.envelope("999", "AK1*HC*17*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*A\nAK9*A*1*1*1"),
        desk.envelope("277CA", status_277("A1 A1:19*20260202*WQ*240", "A2 A7:562:85*20260202*U*240")),
        desk.envelope(
            "835",
            header_835("181.25", "CHK1")
            + claim_835("A1").replace("SVC", "AMT*I*1.25\nSVC")
            + f"PLB*{NPI}*20261231*L6*-1.25\n",
            header_835("100", "CHK2") + claim_835("A3", "60") + claim_835("NOBODY", "40"),
        ),
    ]
    return [text.encode() for text in texts]


SAME = 98  # bytes before the last digit of ISA13: pieces of two files that are alike
MOVES = (postings, remittance_links, remittance_entries, events, event_links)
CUTS = int(os.environ.get("GATEWAY_TEST_CUTS", "100"))  # at random bytes, beside every end of a segment


def moved(desk: Desk) -> tuple[Any, ...]:
    """What has money or state: how many facts, and where every claim stands."""
    with desk.store.read() as conn:
        counts = [conn.execute(select(func.count()).select_from(table)).scalar_one() for table in MOVES]
        posted = conn.execute(select(func.count()).where(remittances.c.status == "posted")).scalar_one()
        own = claim_current.c
        claims = conn.execute(select(own.claim_id, own.state, own.paid, own.open, own.flags).order_by(own.claim_id))
        return (*counts, posted, *(tuple(row) for row in claims))


def cuts(data: bytes, count: int) -> list[int]:
    """Behind every segment, and at so many random bytes; behind nothing and behind everything is no cut."""
    ends = {at + 1 for at in range(len(data)) if data[at : at + 1] == b"~"}
    chance = random.Random(f"{len(data)} {count}")
    return sorted(ends | {chance.randrange(3, len(data)) for _ in range(count)})[:-1]


def test_cut_anywhere_only_whole_sets_count(
    store: Store, new_store_url: Callable[[], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind every segment and at random bytes: only sets that came whole move anything; each piece says that
    something is missing; and after all the pieces the whole file leaves what it leaves alone."""
    desk = Desk(store, tmp_path)
    desk.sent(desk.claims("A1", "A2", "A3"))
    files = whole_files(desk)
    for data, count in zip(files, (CUTS // 10, CUTS // 5, CUTS - CUTS // 10 - CUTS // 5), strict=True):
        trailers = [one.strip() for one in data.split(b"~") if one.strip().startswith(b"SE*")]
        before = moved(desk)
        for cut in cuts(data, count):
            document = desk.receive(data[:cut], "cut")
            now = moved(desk)
            last = data[:cut].rstrip(b"~\r\n").rpartition(b"\n")[2]
            if last in trailers or (last.startswith(b"SE") and b"ST*835" not in data):
                before = now  # a payment is whole with its count, an answer as soon as it is at its end
            assert now == before, f"cut at {cut}: {document}"
            said = lines(document, capsys)[0]
            is_whole = last in data.splitlines()[-1]  # but for the last terminator
            seen = said == "cut: duplicate" and cut <= SAME  # the beginning of the file before
            assert is_whole or seen or said.startswith(("cut: partial: ", "cut: quarantined: ")), f"{cut}: {said}"
        desk.receive(data)
    alone = open_store(new_store_url())
    try:
        (tmp_path / "alone").mkdir()
        other = Desk(alone, tmp_path / "alone")
        other.sent(other.claims("A1", "A2", "A3"))
        for data in files:
            other.receive(data)
        assert moved(desk) == moved(other)
        assert told(desk) == told(other)
    finally:
        alone.close()
    desk.agree()


def told(desk: Desk) -> Any:
    """The report of what became of the money, without its time and what waits for a decision."""
    document = json.loads(json.dumps(document_of(report(desk, "reconciliation", Filters()))))
    document["remittances"].pop("parked")
    return {name: document[name] for name in ("claims", "money", "remittances", "checks")}
