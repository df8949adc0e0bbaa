"""Provider adjustments are carried from payment to payment until they come to nothing, whatever came first."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reconcile.provider_ledger import Balance, balances, spellings, totals

CARRIED = frozenset({"FB", "WO", "72", "WU"})


class Line(NamedTuple):
    adjustment_id: int
    trace_number: str
    code: str
    reference: str
    amount: int
    payment_date: str = "2026-02-01"
    payer_key: str = "A"
    provider_id: str = "1234567893"
    remittance_id: int = 1
    kind: str = "post"
    payer_name: str = "A payer"
    recorded_at: str = "1"

    def undone(self) -> Line:
        return self._replace(amount=-self.amount, kind="undo", recorded_at="2")


def fold(*lines: Line) -> list[Balance]:
    return balances(lines, CARRIED.__contains__)


def test_a_balance_forward_goes_from_payment_to_payment() -> None:
    """B takes what A carried and carries more; C takes that. One balance of three payments, and nothing is left."""
    a = Line(1, "TA", "FB", "TA", -5600)
    b = [Line(2, "TB", "FB", "TA", 5600, "2026-03-01"), Line(3, "TB", "FB", "TB", -7000, "2026-03-01")]
    c = Line(4, "TC", "FB", "TB", 7000, "2026-04-01")
    one, two = fold(a, *b)
    assert [one.open, two.open] == [0, -7000]
    (first, second) = fold(a, *b, c)
    assert [first.state, second.state] == ["settled", "settled"]
    assert [entry.trace_number for entry in second.entries] == ["TB", "TC"]


def test_a_balance_forward_is_found_by_its_payment_where_it_names_something_else() -> None:
    """The payment that carries forward may name what it likes: the later one names its trace number."""
    (one,) = fold(Line(1, "TA", "FB", "NEXT", -5600), Line(2, "TB", "FB", "TA", 5600, "2026-03-01"))
    assert (one.open, len(one.entries)) == (0, 2)


def test_what_names_nothing_known_stays_open() -> None:
    """Taken for a payment that is not in the store, and carried by another: neither settles the other."""
    found = fold(Line(1, "TA", "FB", "TA", -5600), Line(2, "TB", "FB", "T0", 5600, "2026-03-01"))
    assert sorted(one.open for one in found) == [-5600, 5600]
    assert {one.because for one in found} == {
        "the payer will take this from a later payment",
        "taken from a payment, and nothing in the store says why",
    }


@pytest.mark.parametrize("empty", ["", "0", "000", " - "])
def test_references_that_say_nothing_join_nothing(empty: str) -> None:
    """Payers write zeros where they have nothing to name."""
    assert len(fold(Line(1, "TA", "WO", empty, -100), Line(2, "TB", "WO", empty, 100))) == 2


def test_a_recovery_in_parts() -> None:
    """What is taken in two parts is settled by both; what is left is open."""
    owed = Line(1, "TA", "WO", "CLAIM 77", -9600)
    part = Line(2, "TB", "WO", "claim  77", 5000, "2026-03-01")
    rest = Line(3, "TC", "WO", "CLAIM 77", 4600, "2026-04-01")
    assert [one.open for one in fold(owed, part)] == [-4600]
    assert [one.open for one in fold(owed, part, rest)] == [0]


def test_a_reference_with_an_account_beside_the_claim_is_the_claims() -> None:
    """The recovery names the payer's claim, what was taken names it with the patient's account behind it."""
    (one,) = fold(Line(1, "TA", "WO", "PC90001", -6000), Line(2, "TB", "WO", "pc90001 ACCT-7", 6000, "2026-03-01"))
    assert (one.open, one.reference, len(one.entries)) == (0, "PC90001", 2)
    apart = fold(Line(1, "TA", "WO", "PC90001 A7", -6000), Line(2, "TB", "WO", "PC90002 A7", 6000, "2026-03-01"))
    assert sorted(one.open for one in apart) == [-6000, 6000]


def test_a_refund_by_check_settles_the_recovery_beside_it() -> None:
    """WO and 72 of one amount in one payment come to nothing, also where 72 names the check; of two nobody knows."""
    recovery, refund = Line(1, "TA", "WO", "CL1", 5000), Line(2, "TA", "72", "CHECK 8", -5000)
    assert [one.open for one in fold(recovery, refund)] == [0]
    other = Line(3, "TA", "WO", "CL2", 5000)
    assert sorted(one.open for one in fold(recovery, other, refund)) == [-5000, 5000, 5000]


def test_payers_providers_and_codes_never_settle_each_other() -> None:
    """The same reference of another payer, another provider or another code is another balance."""
    one = Line(1, "TA", "WO", "R", -100)
    others = [one._replace(adjustment_id=2, amount=100, **{name: "x"}) for name in ("payer_key", "provider_id")]  # type: ignore[arg-type]
    others.append(one._replace(adjustment_id=3, amount=100, code="WU"))
    assert len(fold(one, *others)) == 4


def test_what_is_undone_opens_what_it_had_settled() -> None:
    """Undoing the payment that took a balance leaves the balance open again, with both entries to be seen."""
    owed, taken = Line(1, "TA", "FB", "TA", -100), Line(2, "TB", "FB", "TA", 100, "2026-03-01")
    (one,) = fold(owed, taken, taken.undone())
    assert (one.open, len(one.entries)) == (-100, 3)
    (only,) = fold(owed, owed.undone())
    assert only.open == 0


def test_sums_count_every_code_and_nothing_undone() -> None:
    """Interest and other final money is summed by code; a payment that was undone counts no times."""
    interest = [Line(number, "T", "L6", str(number), -125) for number in (1, 2)]
    gone = Line(3, "T", "CS", "9", 700)
    assert fold(*interest, gone) == []
    assert [(one.code, one.times, one.amount) for one in totals([*interest, gone, gone.undone()])] == [
        ("CS", 0, 0),
        ("L6", 2, -250),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.sampled_from(["FB", "WO", "72"]), st.sampled_from(["TA", "TB", "R1", "0"]),
                  st.sampled_from([-5, 5, 7])),
        max_size=8,
    ),
    st.randoms(),
)  # fmt: skip
def test_order_never_counts_and_no_cent_is_lost(said: list[tuple[str, str, str, int]], random: object) -> None:
    """Any order of the same entries gives the same balances, and they add up to all entries."""
    lines = [
        Line(number, f"T{trace}", code, reference, cents, remittance_id=ord(trace))
        for number, (trace, code, reference, cents) in enumerate(said)
    ]
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(*lines) == fold(*shuffled)
    assert sum(one.open for one in fold(*lines)) == sum(one.amount for one in lines)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("CLM1", ("CLM1",)),
        (" CLM1 ", (" CLM1 ", "CLM1")),
        ("2026001122 ACCT77", ("2026001122 ACCT77", "2026001122", "ACCT77")),
        ("00000", ()),
        ("", ()),
    ],
)
def test_a_reference_may_hold_more_than_a_claim_number(reference: str, found: tuple[str, ...]) -> None:
    """The whole text is tried first, then its parts."""
    assert spellings(reference) == found
