"""What is exported since a cursor adds up to what was posted, each thing once, whatever persons decide meanwhile."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from posting_desk import Desk, claim_835, header_835

from gateway.errors import UsageError
from gateway.exchange.exporting import COLUMNS, _sealed, export
from gateway.exchange.rules import adjustment_classes
from gateway.reconcile.remittance_decisions import match, post_as_is, undo, unmatch
from gateway.store import Store, open_store
from gateway.store.errors import StoreBusy
from gateway.store.exports import Marks, Patience, settled_marks
from gateway.store.remittances import NewPosting, add_postings
from gateway.store.tables import postings, remittances

Row = dict[str, Any]


class Reader:
    """The practice's own system: keeps the cursor and what it was told."""

    def __init__(self, desk: Desk, kind: str) -> None:
        self.desk, self.kind, self.cursor = desk, kind, ""
        self.keys: list[str] = []
        self.paid: Counter[str] = Counter()

    def read(self) -> list[Row]:
        found = export(self.desk, self.kind, self.cursor)
        rows = list(found.rows)
        assert all(set(row) <= set(found.columns) for row in rows)
        self.keys += [row["key"] for row in rows]
        assert len(set(self.keys)) == len(self.keys), "told twice"
        for row in rows:
            self.paid[row["patient_control_number"]] += int(Decimal(row["paid"]) * 100)
        self.cursor = found.cursor
        return rows

    def known(self) -> dict[str, int]:
        return {number: cents for number, cents in self.paid.items() if cents}


def decide(desk: Desk, what: Any, *subject: int, **said: Any) -> None:
    with desk.store.write() as conn:
        what(conn, *subject, actor="eva", now=desk.now(), **said)


@pytest.fixture(params=["postings", "lines"])
def reader(desk: Desk, request: pytest.FixtureRequest) -> Reader:
    return Reader(desk, request.param)


def test_each_thing_is_told_once(desk: Desk, reader: Reader) -> None:
    """Two payments, each told when it came; nothing when nothing came."""
    desk.sent(desk.claims("A1", "B1"))
    assert reader.read() == []
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    (row, *_) = reader.read()
    assert (row["kind"], row["patient_control_number"], row["trace_number"]) == ("post", "A1", "CHK1")
    assert reader.read() == []
    desk.receive(desk.envelope("835", header_835("180", "CHK2") + claim_835("B1")))
    assert {row["patient_control_number"] for row in reader.read()} == {"B1"}
    assert reader.known() == {"A1": 18000, "B1": 18000}


def test_what_posts_nothing_is_not_told(desk: Desk, reader: Reader) -> None:
    """A predetermination (25) and a claim that was only sent on (23) are no denial in the practice's books."""
    desk.sent(desk.claims("A1", "B1", "C1"))
    estimate = claim_835("A1", "0", status="25", payer_number="P1")
    sent_on = claim_835("B1", "0", status="23", payer_number="P2")
    desk.receive(desk.envelope("835", header_835("180") + estimate + sent_on + claim_835("C1", payer_number="P3")))
    assert {row["patient_control_number"] for row in reader.read()} == {"C1"}


def test_lines_add_up_to_the_posting(desk: Desk) -> None:
    """Line by line and for the claim as a whole, whatever decides an amount's class: each column is the posting's."""
    desk.sent(desk.claims("A1", "B1"))
    whole = "CAS*CO*144*10\nCAS*OA*23*20\nNM1*QC*1*RIVERS*ANNA****MI*M0001\nSVC*HC:99213*240*150**1\nCAS*CO*144*60\n"
    body = "CLP*A1*1*240*150**12*P1*11*1\n" + whole + claim_835("B1", "0", payer_number="P2")
    desk.receive(desk.envelope("835", header_835("150") + body))
    (posted, _), lines = (list(export(desk, kind).rows) for kind in ("postings", "lines"))
    names = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other", "prior_payer", "forwarded")
    own = [line for line in lines if line["patient_control_number"] == "A1"]
    for name in names:
        assert sum(Decimal(line[name]) for line in own) == Decimal(posted[name]), name
    assert posted["contractual"] == "70.00"


def test_what_changes_hands_is_told_as_out_and_in(desk: Desk, reader: Reader) -> None:
    """Matched to another claim, unmatched, undone and posted again: the sums are always those of the store."""
    (_, (second, _)) = claims = desk.claims("A1", "B1")
    desk.sent(claims)
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    reader.read()
    decide(desk, match, 1, second, reason="mixed up")
    assert {row["kind"] for row in reader.read()} == {"moved_out", "moved_in"}
    assert reader.known() == {"B1": 18000}
    decide(desk, unmatch, 1, reason="nobody's")
    reader.read()
    assert reader.known() == {"": 18000}
    decide(desk, undo, 1, reason="not our bank account")
    assert {row["kind"] for row in reader.read()} == {"undo"}
    assert reader.known() == {}
    decide(desk, post_as_is, 1, reason="it was ours", classes=adjustment_classes())
    decide(desk, match, 1, second, reason="it was B1")
    reader.read()
    assert reader.known() == {"B1": 18000}


def test_a_claim_that_comes_after_its_payment(desk: Desk, reader: Reader) -> None:
    """What was nobody's is moved to the claim when that is there."""
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    reader.read()
    assert reader.known() == {"": 18000}
    ((claim, _),) = desk.claims("A1")
    decide(desk, match, 1, claim, reason="late")
    reader.read()
    assert reader.known() == {"A1": 18000}


def test_lines_say_what_was_paid_and_denied(desk: Desk) -> None:
    """A row a line with its amounts by class and its reasons; they add up to the posting."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    (posting,) = export(desk, "postings").rows
    lines = list(export(desk, "lines").rows)
    assert set(lines[0]) <= set(COLUMNS["lines"])
    for name in ("charge", "paid", "patient_responsibility", "contractual", "denied"):
        assert sum(Decimal(row[name]) for row in lines) == Decimal(posting[name])
    assert any("CO:45:" in row["adjustments"] for row in lines)


def test_a_broken_export_begins_again_with_the_same_rows(desk: Desk, reader: Reader) -> None:
    """Its rows were taken and its cursor was not kept; the payment moves on meanwhile. No claim gets money twice."""
    _, (second, _), (third, _) = claims = desk.claims("A1", "B1", "C1")
    desk.sent(claims)
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    reader.read()
    decide(desk, match, 1, second, reason="mixed up")
    kept = reader.cursor
    taken = reader.read()
    decide(desk, match, 1, third, reason="mixed up again")
    again = export(desk, reader.kind, kept, reader.cursor)
    assert (list(again.rows), again.cursor) == (taken, reader.cursor)
    reader.read()
    assert reader.known() == {"C1": 18000}


def test_the_end_of_an_export_of_another_store_is_refused(desk: Desk, reader: Reader) -> None:
    """After a restore; but not where everything is told anew."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    reader.read()
    foreign = _sealed(reader.kind, Marks(1, 1), "another store")
    with pytest.raises(UsageError, match="another store"):
        export(desk, reader.kind, reader.cursor, foreign)
    anew = export(desk, reader.kind, "", foreign)
    assert (anew.cursor, [row["key"] for row in anew.rows]) == (reader.cursor, reader.keys)


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "WzEsMiwzLDRd", "ÿ"])
def test_what_is_no_cursor_is_refused(desk: Desk, cursor: str) -> None:
    with pytest.raises(UsageError, match="cursor"):
        export(desk, "postings", cursor)


def test_a_cursor_of_another_kind_or_store_is_refused(desk: Desk) -> None:
    """It would leave a gap without a word."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    cursor = export(desk, "postings").cursor
    with pytest.raises(UsageError, match="export postings"):
        export(desk, "lines", cursor)
    import base64

    text = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps([text[0], text[1] + 1, *text[2:]]).encode()).decode()
    with pytest.raises(UsageError, match="another store"):
        export(desk, "postings", forged)


def test_who_commits_late_leaves_no_gap(desk: Desk, store: Store) -> None:
    """A writer has taken an id and not committed, another with a later id has: the mark waits for the first.

    SQLite lets one write at a time, so that there is nothing to wait for.
    """
    if store.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    begun, end = threading.Event(), threading.Event()

    def slow() -> None:
        with store.write() as conn:
            add_postings(conn, _posting())
            begun.set()
            end.wait(20)

    writer = threading.Thread(target=slow)
    writer.start()
    begun.wait(20)
    with store.write() as conn:
        add_postings(conn, _posting())
    found: list[int] = []
    asker = threading.Thread(target=lambda: found.append(settled_marks(store).posting_id))
    asker.start()
    asker.join(0.5)
    assert found == [], "it does not wait for who may still fill the gap"
    end.set()
    writer.join()
    asker.join(20)
    with store.read() as conn:
        newest = conn.exec_driver_sql("SELECT max(id), count(*) FROM postings").one()
    assert (found, newest[1]) == ([newest[0]], 3)


def test_a_writer_that_does_not_end_is_waited_for_only_so_long(desk: Desk, store: Store, store_url: str) -> None:
    """The export says that the store is in use (try again) and leaves nothing locked; the writer goes on."""
    if store.is_sqlite:
        pytest.skip("SQLite has one writer at a time, and a time limit of its own")
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    asking = open_store(store_url)
    try:
        with store.write() as conn:
            add_postings(conn, _posting())
            with pytest.raises(StoreBusy, match="in use"):
                settled_marks(asking, Patience(milliseconds=20, times=3))
            add_postings(conn, _posting())
        assert settled_marks(asking).posting_id == max(row["id"] for row in desk.rows(postings))
    finally:
        asking.close()


def _posting() -> Iterator[NewPosting]:
    yield NewPosting(1, "post", *[0] * 12, 0, "1", "eva", "test", "2026-01-01T00:00:00.000000Z")


def owing(desk: Desk) -> None:
    """A claim with 20.00 left to the patient."""
    desk.sent(desk.claims("C1"))
    body = "CLP*C1*1*240*180*20*12*P1*11*1\nSVC*HC:99213*240*180**1\nDTM*472*20260115\n"
    body += "CAS*PR*2*20\nCAS*CO*45*40\nREF*6R*L1\n"
    desk.receive(desk.envelope("835", header_835("180") + body))


def test_what_patients_owe_is_told_whenever_it_changes(desk: Desk) -> None:
    """Once when it is owed, not again while nothing changes, and again as nothing when the payment is undone."""
    owing(desk)
    first = export(desk, "patients")
    (row,) = first.rows
    assert {
        "version": 1, "patient_control_number": "C1", "owes": "20.00", "because": "owed", "line_control_number": "L1",
        "line_owes": "20.00", "adjustments": "PR:2:20.00",
    }.items() <= row.items()  # fmt: skip
    again = export(desk, "patients", first.cursor)
    assert (list(again.rows), again.cursor) == ([], first.cursor)
    decide(desk, undo, 1, reason="not our bank account")
    last = export(desk, "patients", again.cursor)
    (row,) = last.rows
    assert (row["version"], row["owes"], row["because"]) == (2, "0.00", "no_remittance")
    assert [row["version"] for row in export(desk, "patients").rows] == [1, 2], "without a cursor everything"


def test_who_owes_nothing_is_not_told(desk: Desk) -> None:
    """Claims that were paid in full are no news to a desk that writes invoices."""
    desk.sent(desk.claims("A1"))
    body = "CLP*A1*1*240*180**12*P1*11*1\nSVC*HC:99213*240*180**1\nDTM*472*20260115\nCAS*CO*45*60\n"
    desk.receive(desk.envelope("835", header_835("180") + body))
    assert list(export(desk, "patients").rows) == []


def test_provider_adjustments_are_told_once_with_what_was_undone(desk: Desk) -> None:
    """A row a PLB pair; the payment taken back gives each again with the sign turned; the sums are the store's."""
    desk.sent(desk.claims("A1"))
    body = header_835("170", "TA") + claim_835("A1") + "PLB*1234567893*20261231*WO:P1*30*L6:A1*-20\n"
    desk.receive(desk.envelope("835", body))
    first = export(desk, "balances")
    names = ("kind", "payer_id", "trace_number", "provider", "fiscal_period_end", "code", "reference", "amount")
    assert [tuple(row[name] for name in names) for row in first.rows] == [
        ("post", "12345", "TA", "1234567893", "2026-12-31", "WO", "P1", "30.00"),
        ("post", "12345", "TA", "1234567893", "2026-12-31", "L6", "A1", "-20.00"),
    ]
    again = export(desk, "balances", first.cursor)
    assert (list(again.rows), again.cursor) == ([], first.cursor)
    decide(desk, undo, desk.rows(remittances)[0]["id"], reason="not ours")
    last = export(desk, "balances", first.cursor)
    assert [(row["kind"], row["amount"], row["reason"]) for row in last.rows] == [
        ("undo", "-30.00", "not ours"), ("undo", "20.00", "not ours"),
    ]  # fmt: skip
    rows = list(export(desk, "balances").rows)
    assert sum(Decimal(row["amount"]) for row in rows) == 0
    assert len({row["key"] for row in rows}) == 4
    assert len(list(export(desk, "balances", "", first.cursor).rows)) == 2, "the same rows between the same cursors"


def test_provider_adjustments_are_read_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a page of one payment, and payments without any between: none is left out or told twice."""
    monkeypatch.setattr("gateway.store.balance_exports.PAGE", 2)
    for trace, count in (("TA", 5), ("TB", 0), ("TC", 2)):
        pairs = "".join(f"*WO:R{trace}{number}*-1" for number in range(count))
        plb = f"PLB*1234567893*20261231{pairs}\n" if count else ""
        desk.receive(desk.envelope("835", header_835(str(count), trace) + plb))
    assert [row["reference"] for row in export(desk, "balances").rows] == [
        "RTA0", "RTA1", "RTA2", "RTA3", "RTA4", "RTC0", "RTC1",
    ]  # fmt: skip
