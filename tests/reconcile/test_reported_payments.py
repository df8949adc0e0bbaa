"""Payments in the report: matched and unmatched by the newest link, and no more work than there are payments."""

from __future__ import annotations

from pathlib import Path

from claim_book import Book

from gateway.reconcile.projection import projected_as_of
from gateway.store import Store, open_store
from gateway.store.remittances import NewLink, add_links, add_remitted_claims, get_remitted_claim
from gateway.store.reporting import Filters, paid_differences, remittance_rows


def sums(book: Book, as_of: str = "") -> list[tuple[int, int]]:
    """Matched and unmatched cents of each remittance."""
    with book.store.read() as conn:
        return [(row.matched, row.unmatched) for row in remittance_rows(conn, Filters(), as_of)]


def test_the_newest_link_says_whether_a_payment_is_matched(store: Store) -> None:
    """Matched, taken off and matched to another claim: the last word counts, earlier the word of then."""
    book = Book(store)
    first, second = book.claim("C1"), book.claim("C2")
    remitted = book.remit(first, 12000)
    matched_at = book.now()
    book.link(remitted, None, first)
    taken_off_at = book.now()
    book.link(remitted, second, second)
    assert sums(book) == [(12000, 0)]
    assert sums(book, taken_off_at) == [(0, 12000)]
    assert sums(book, matched_at) == [(12000, 0)]
    with store.read() as conn:
        assert paid_differences(conn, Filters()) == []
    for at in (matched_at, taken_off_at):
        with store.read() as conn, projected_as_of(conn, at) as table:
            assert paid_differences(conn, Filters(), table, at) == []


def steps_of_report(book: Book) -> int:
    """How much the database works for the payments of the report, in hundreds of its own instructions."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with book.store.read() as conn:
        driver = conn.connection.driver_connection
        driver.set_progress_handler(count, 100)
        try:
            remittance_rows(conn, Filters())
            paid_differences(conn, Filters())
        finally:
            driver.set_progress_handler(None, 0)
    return steps


def test_four_times_the_payments_are_not_sixteen_times_the_work(tmp_path: Path) -> None:
    """Once the report looked through every link for every remitted claim, and took a quarter of an hour for 100,000."""
    store = open_store(f"sqlite:///{tmp_path}/claims.db", create=True)
    book = Book(store)
    claim = book.claim()
    one = book.remit(claim, 12000)
    found = []
    for first, last in ((2, 300), (300, 1200)):
        with store.write() as conn:
            row = get_remitted_claim(conn, one)
            ids = add_remitted_claims(conn, [(row.remittance_id, n, *row[3:]) for n in range(first, last)])
            add_links(conn, [NewLink(new, claim, "by_hand", "", "x", book.now()) for new in ids])
        found.append(steps_of_report(book))
    store.close()
    assert found[1] < 8 * found[0]
