"""Laws of a claim's money over random chains: it always adds up, and no order of arrival counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from posted_claims import clp, reversal, version

from gateway.claims.history import LiveVersion
from gateway.reconcile.money import Money, fold_money
from gateway.reconcile.posted import PostedClaim

CENTS = st.integers(-30000, 30000)
CHARGES = st.sampled_from([10000, 15000, 20000, 25000])
NUMBERS = st.sampled_from(["N1", "N2", "N3", ""])
COLUMNS = ("patient_responsibility", "contractual", "denied", "other", "prior_payer", "forwarded")


@st.composite
def claims_of_a_set(draw: st.DrawFn, number: int) -> list[PostedClaim]:
    """The remitted claims of one transaction set for one claim: one payer, one date, one trace."""
    payer, day = draw(st.sampled_from("ABC")), draw(st.integers(1, 5))
    found = []
    for ordinal in range(1, draw(st.integers(1, 3)) + 1):
        charge = draw(CHARGES)
        parts = {name: draw(st.integers(0, 10000)) for name in draw(st.sets(st.sampled_from(COLUMNS), max_size=3))}
        paid = charge - sum(parts.values()) if draw(st.booleans()) else draw(CENTS)
        made = clp(
            number * 10 + ordinal, charge, paid, remittance_id=number, ordinal=ordinal, payer_key=payer,
            status=draw(st.sampled_from(["1", "2", "3", "4", "19", "20", "22", "23", "25"])),
            payer_claim_number=draw(NUMBERS), original_reference=draw(NUMBERS), payment_date=f"2026-02-0{day}",
            trace_number=f"T{number}", frequency=draw(st.sampled_from(["", "1", "7"])),
            duplicate_denial=draw(st.booleans()), **parts,
        )  # fmt: skip
        found.append(reversal(made, made.id, remittance_id=number, payment_date=made.payment_date,
                              trace_number=made.trace_number) if made.status == "22" else made)  # fmt: skip
    return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[LiveVersion], list[list[PostedClaim]]]:
    """Versions of a claim, and the sets that answer it."""
    versions = [
        version(
            number, draw(CHARGES), frequency=draw(st.sampled_from(["1", "7", "8", "2", "3", "5"])),
            payer_responsibility=draw(st.sampled_from("PSTU")), payer_key=draw(st.sampled_from(["A", "B", ""])),
            service_from=draw(st.sampled_from(["", "2026-01-01", "2026-01-15"])), service_to="2026-01-31",
            delivered=draw(st.booleans()), accepted=draw(st.booleans()),
            sent_on=draw(st.sampled_from(["", "2026-02-02"])),
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]  # fmt: skip
    return versions, [draw(claims_of_a_set(number)) for number in range(1, draw(st.integers(0, 4)) + 1)]


def arrived(sets: list[list[PostedClaim]]) -> list[PostedClaim]:
    """The remitted claims with ids in the order in which their sets arrived, as a store gives them."""
    found = []
    for at, claims in enumerate(sets):
        found += [one._replace(id=at * 100 + one.ordinal, remittance_id=at) for one in claims]
    return found


def without_ids(money: Money) -> object:
    payers = [payer._replace(standing=(len(payer.standing),)) for payer in money.payers]
    counts = len(money.standing), len(money.reversed), len(money.awaiting)
    return money.amounts, payers, counts, money.adjudication


@given(histories())
@settings(max_examples=400)
def test_it_always_adds_up(history: tuple[list[LiveVersion], list[list[PostedClaim]]]) -> None:
    """charge = paid + patient responsibility + contractual + denied + other + open, to the cent."""
    versions, sets = history
    charge, *parts = fold_money(versions, arrived(sets)).amounts
    assert charge == sum(parts)


@given(histories(), st.data())
@settings(max_examples=400)
def test_no_order_of_arrival_counts(
    history: tuple[list[LiveVersion], list[list[PostedClaim]]], data: st.DataObject
) -> None:
    """The same sets in another order give the same money, whatever ids the store gave them."""
    versions, sets = history
    other = arrived(data.draw(st.permutations(sets)))
    shuffled = data.draw(st.permutations(other))
    assert without_ids(fold_money(versions, shuffled)) == without_ids(fold_money(versions, arrived(sets)))


@given(histories())
@settings(max_examples=200)
def test_payments_add_up(history: tuple[list[LiveVersion], list[list[PostedClaim]]]) -> None:
    """`paid` is the sum of CLP04, but for what waits for its pair and what posts nothing; a void has none left."""
    versions, sets = history
    posted = arrived(sets)
    money = fold_money(versions, posted)
    counted = [one for one in posted if one.id not in money.awaiting and one.status not in ("23", "25")]
    if not money.adjudication.flags & {"void_sent"} and not money.adjudication.voided and len(versions) == 1:
        assert money.amounts.paid == sum(one.paid for one in counted)
