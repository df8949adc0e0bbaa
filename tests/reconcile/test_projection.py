"""The projection over a real store: what is recorded is what is shown, now and as of any time."""

from __future__ import annotations

import json

import pytest
from claim_book import Book
from sqlalchemy import event, insert, text

from gateway.reconcile.check import differences
from gateway.reconcile.projection import awaiting_pairs, folded, projected_as_of, rebuild, refresh
from gateway.store import Store
from gateway.store.answers import NewLink as NewEventLink
from gateway.store.answers import add_links
from gateway.store.claims import NewEvent, append_event
from gateway.store.current import CurrentRow
from gateway.store.tables import events


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store)


def money(row: CurrentRow) -> dict[str, int]:
    names = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
    return {name: getattr(row, name) for name in names if getattr(row, name)}


def as_of(book: Book, at: str) -> dict[int, tuple[str, str, int, int]]:
    with book.store.read() as conn, projected_as_of(conn, at) as table:
        query = table.select().with_only_columns(
            table.c.claim_id, table.c.state, table.c.stage, table.c.paid, table.c.open
        )
        return {row[0]: tuple(row[1:]) for row in conn.execute(query)}


def test_a_claims_way_through_the_store(book: Book) -> None:
    """Import, batch, delivery, answers and payment, each shown in the row at once."""
    claim = book.claim()
    row = book.row(claim)
    assert (row.state, row.stage, row.payer_name, row.billing_key) == ("ready", "ready", "A payer", "1234567893")
    assert money(row) == {"charge": 20000, "open": 20000}
    batch = book.batch(claim)
    row = book.row(claim)
    assert (row.state, row.partner, row.sent_at is not None) == ("sent", "east", True)
    book.event("ack_set", "999", "accept", [claim], set_id=book.set_id(batch))
    assert book.row(claim).state == "accepted_999"
    codes = json.dumps(["A2:20:PR"])
    book.event(
        "status", "payer", "accept", [claim], claim_id=claim, submission_id=book.submission_id(batch), codes=codes
    )
    assert book.row(claim).state == "accepted_payer"
    book.remit(claim, 12000, contractual=8000)
    row = book.row(claim)
    assert (row.state, row.outcome, row.adjudicated, row.refreshed_at) == ("paid", "accepted", 1, book.now())
    assert money(row) == {"charge": 20000, "paid": 12000, "contractual": 8000}


def test_held_and_cancelled(book: Book) -> None:
    """Decisions of a claim without version speak of the version that was there."""
    claim = book.claim()
    book.event("held", "own", "reject", [claim], claim_id=claim)
    assert book.row(claim).stage == "held"
    book.event("released", "person", "accept", [claim], claim_id=claim)
    assert book.row(claim).stage == "ready"
    book.event("cancelled", "person", "info", [claim], claim_id=claim)
    assert book.row(claim).state == "cancelled"
    book.version(claim, 30000)
    assert (book.row(claim).state, book.row(claim).charge) == ("ready", 30000)


def test_an_answer_to_the_whole_batch(book: Book) -> None:
    """A TA1 is of every claim of its batch, and of no other batch."""
    one, other = book.claim("C1"), book.claim("C2")
    batch = book.batch(one)
    book.batch(other)
    book.event("ta1", "ta1", "reject", [one, other], batch_id=batch)
    assert (book.row(one).state, book.row(other).state) == ("rejected_ta1", "sent")


def test_a_verdict_on_one_group_of_the_batch(book: Book) -> None:
    """A batch-wide event that names a functional group is of that group."""
    claim = book.claim()
    batch = book.batch(claim)
    keys = json.dumps({"group_control_number": "999999"})
    book.event("ack_group", "999", "reject", [claim], batch_id=batch, keys=keys)
    assert book.row(claim).state == "sent"


@pytest.mark.parametrize("scope", ["submission", "set", "batch"])
def test_an_answer_that_was_bound_later(book: Book, scope: str) -> None:
    """A fact that named nothing when it came counts once a link binds it, whatever its scope."""
    claim = book.claim()
    batch = book.batch(claim)
    with book.store.write() as conn:
        append_event(conn, NewEvent("ack_set", "999", "reject", book.now(), match_key="999:1"))
        event_id = conn.execute(events.select().where(events.c.match_key == "999:1")).one().id
        refresh(conn, [claim], book.now())
    assert book.row(claim).state == "sent"
    link = NewEventLink(event_id, "999", book.now())
    link = {
        "submission": link._replace(claim_id=claim, submission_id=book.submission_id(batch)),
        "set": link._replace(set_id=book.set_id(batch)),
        "batch": link._replace(batch_id=batch),
    }[scope]
    with book.store.write() as conn:
        add_links(conn, [link])
        refresh(conn, [claim], book.now())
    assert book.row(claim).state == "rejected_999"


def test_the_newest_link_counts(book: Book) -> None:
    """A payment that a person moves to another claim, or takes off, leaves the first one."""
    one, other = book.claim("C1"), book.claim("C2")
    book.batch(one, other)
    remitted = book.remit(one, 20000)
    assert book.row(one).paid == 20000
    book.link(remitted, other, one, other)
    assert (book.row(one).paid, book.row(other).paid) == (0, 20000)
    book.link(remitted, None, one, other)
    assert (book.row(one).paid, book.row(other).paid) == (0, 0)
    assert book.row(one).state == "sent"


def test_an_undone_posting(book: Book) -> None:
    """What was undone is gone until it is posted again."""
    claim = book.claim()
    book.batch(claim)
    remitted = book.remit(claim, 15000, denied=5000)
    assert book.row(claim).state == "partly_paid"
    book.undo(remitted, claim, charge=-20000, paid=-15000, denied=-5000)
    assert (book.row(claim).state, book.row(claim).open) == ("sent", 20000)
    book.undo(remitted, claim, kind="post", charge=20000, paid=15000, contractual=5000)
    assert money(book.row(claim)) == {"charge": 20000, "paid": 15000, "contractual": 5000}


def test_reversal_before_its_original(book: Book) -> None:
    """It waits, is listed with its remittance, touches nothing, and meets its original when that comes."""
    claim = book.claim()
    book.batch(claim)
    remitted = book.remit(claim, -20000, -20000, "22", day="2026-03-01")
    row = book.row(claim)
    assert (row.state, row.paid, json.loads(row.flags)) == ("sent", 0, ["awaiting_pair"])
    with book.store.read() as conn:
        waiting = awaiting_pairs(conn)
        assert [(one.claim_id, one.remittance_claim_id, one.paid) for one in waiting] == [(claim, remitted, -20000)]
        assert awaiting_pairs(conn, as_of=book.now()) == waiting
    before = book.now()
    book.remit(claim, 20000)
    assert (book.row(claim).state, book.row(claim).flags) == ("reversed", "[]")
    with book.store.read() as conn:
        assert awaiting_pairs(conn) == []
        assert awaiting_pairs(conn, as_of=before) == waiting
    for at, found in ((before, waiting), (book.now(), [])):
        with book.store.read() as conn, projected_as_of(conn, at) as table:
            assert awaiting_pairs(conn, as_of=at, table=table) == found


def test_as_of_any_time(book: Book) -> None:
    """The report of an earlier time is that of what was recorded until then, deliveries and undone postings too."""
    times = []

    def mark() -> None:
        times.append(book.now())

    claim = book.claim()
    mark()
    batch = book.batch(claim, state="built")
    mark()
    book.cancel_batch(batch)
    mark()
    book.batch(claim)
    mark()
    remitted = book.remit(claim, 15000, denied=5000)
    mark()
    book.undo(remitted, claim, charge=-20000, paid=-15000, denied=-5000)
    mark()
    book.link(remitted, None, claim)
    seen = [as_of(book, at).get(claim) for at in times]
    assert seen == [
        ("ready", "ready", 0, 20000),
        ("batched", "batched", 0, 20000),
        ("ready", "ready", 0, 20000),
        ("sent", "sent", 0, 20000),
        ("partly_paid", "sent", 15000, 0),
        ("sent", "sent", 0, 20000),
    ]
    assert as_of(book, "2026-01-01T08:00:00.000000Z") == {}


def test_as_of_leaves_the_store_alone(book: Book) -> None:
    """The temporary table is gone afterwards, the transaction still reads only, and it can be asked again."""
    book.claim()
    assert as_of(book, book.now()) == as_of(book, book.now())
    with book.store.read() as conn, projected_as_of(conn, book.now()) as table:
        assert len(conn.execute(table.select()).all()) == 1
    with book.store.read() as conn:
        names = {"sqlite": "sqlite_temp_master", "postgresql": "pg_tables"}
        where = {"sqlite": "name", "postgresql": "tablename"}[conn.dialect.name]
        found = conn.execute(text(f"SELECT count(*) FROM {names[conn.dialect.name]} WHERE {where} = 'claim_past'"))
        assert found.scalar_one() == 0


def test_rebuild_makes_the_same_rows(book: Book) -> None:
    """The projection can be thrown away and computed anew."""
    one, other = book.claim("C1"), book.claim("C2")
    book.batch(one)
    book.remit(one, 12000, contractual=8000)
    before = [book.row(claim)._replace(refreshed_at="") for claim in (one, other)]
    with book.store.write() as conn:
        assert rebuild(conn, book.now()) == 2
    assert [book.row(claim)._replace(refreshed_at="") for claim in (one, other)] == before


def test_the_check_finds_what_differs(book: Book) -> None:
    """A row that somebody changed, and one that is missing, are named with their columns."""
    one, other, right = book.claim("C1"), book.claim("C2"), book.claim("C3")
    with book.store.write() as conn:
        assert list(differences(conn)) == []
        conn.execute(text("UPDATE claim_current SET state = 'paid' WHERE claim_id = :id"), {"id": one})
        conn.execute(text("DELETE FROM claim_current WHERE claim_id = :id"), {"id": other})
        found = list(differences(conn))
    assert [(one.claim_id, one.columns) for one in found] == [(one, ("state",)), (other, CurrentRow._fields)]
    assert right not in {one.claim_id for one in found}


def test_folded_gives_all_that_it_rests_on(book: Book) -> None:
    """Whoever explains a claim gets its history, its remitted claims, its payers and its state."""
    claim = book.claim()
    book.batch(claim)
    remitted = book.remit(claim, 12000, contractual=8000)
    with book.store.read() as conn:
        (found,) = folded(conn, [claim])
    assert [one.id for one in found.posted] == [remitted]
    assert found.money.standing == (remitted,)
    assert [(payer.payer_key, payer.responsibility, payer.paid) for payer in found.money.payers] == [
        ("PAYER", "P", 12000)
    ]
    assert found.current.state == "paid"


def test_a_claim_without_a_version_has_no_row(book: Book) -> None:
    """Nothing is made up for it, and it stops nobody else."""
    claim = book.claim()
    with book.store.write() as conn:
        from gateway.store.tables import claims

        row = {
            "billing_key": "1",
            "patient_control_number": "X",
            "match_key": "X",
            "type": "dental",
            "imported_at": book.now(),
        }
        bare = conn.execute(insert(claims).values(row).returning(claims.c.id)).scalar_one()
        assert refresh(conn, [claim, bare], book.now()) == 1


def test_many_claims_take_no_more_statements_than_one(book: Book) -> None:
    """History is loaded in bulk: the number of statements does not grow with the claims of a part."""
    ids = [book.claim(f"C{number}") for number in range(20)]
    book.batch(*ids)

    def statements(claim_ids: list[int]) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        with book.store.write() as conn:
            event.listen(conn, "before_cursor_execute", count)
            assert refresh(conn, claim_ids, book.now()) == len(claim_ids)
            event.remove(conn, "before_cursor_execute", count)
        return counted

    assert statements(ids) == statements(ids[:1])
