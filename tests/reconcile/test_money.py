"""The money of a claim, in the words that a biller would use. Amounts in cents."""

from __future__ import annotations

import itertools

import pytest
from posted_claims import amounts, clp, flags, reversal, version

from gateway.reconcile.money import fold_money
from gateway.reconcile.posted import PostedClaim

PRIMARY = clp(1, 50000, 30000, patient_responsibility=7500, contractual=12500, payer_key="MEDICARE")
SECONDARY = clp(
    2, 50000, 6500, status="2", contractual=1000, prior_payer=42500, payer_key="MEDICAID",
    payer_claim_number="X9", payment_date="2026-03-01",
)  # fmt: skip
PAID = clp(1, 20000, 10000, patient_responsibility=2000, contractual=8000)
DENIED = clp(1, 20000, 0, denied=20000)

# ── one payer ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_remittance_the_whole_charge_is_open() -> None:
    """Until a remittance comes, `open` is the whole charge."""
    assert amounts(fold_money([version()], [])) == {"charge": 50000, "open": 50000}


def test_one_payer() -> None:
    """One payer's paid amount and adjustments make up the charge."""
    assert amounts(fold_money([version()], [PRIMARY])) == {
        "charge": 50000, "paid": 30000, "patient_responsibility": 7500, "contractual": 12500,
    }  # fmt: skip


def test_undecided_adjustments_stay_open() -> None:
    """What a payer still reviews, or sent on, is open and flagged."""
    money = fold_money([version(1, 20000)], [clp(1, 20000, 5000, contractual=3000, forwarded=12000)])
    assert amounts(money) == {"charge": 20000, "paid": 5000, "contractual": 3000, "open": 12000}
    assert flags(money) == {"forwarded"}


@pytest.mark.parametrize("status", ["19", "20", "21"])
def test_processed_and_sent_on(status: str) -> None:
    """CLP02 19, 20 and 21 post as 1, 2 and 3 and say that a further payer has the claim."""
    money = fold_money([version(1, 20000)], [PAID._replace(status=status)])
    assert amounts(money)["paid"] == 10000
    assert flags(money) == {"forwarded"}


@pytest.mark.parametrize("status", ["23", "25"])
def test_what_posts_nothing(status: str) -> None:
    """CLP02 23 (not this payer's) and 25 (predetermination) post nothing, whatever they say."""
    money = fold_money([version(1, 20000)], [PAID._replace(status=status)])
    assert amounts(money) == {"charge": 20000, "open": 20000}
    assert money.standing == ()
    assert money.adjudication.predetermined == (status == "25")
    assert flags(money) == ({"forwarded"} if status == "23" else set())


def test_the_payer_that_a_claim_was_sent_on_to_has_answered() -> None:
    """Once the next payer has answered, the claim is no longer elsewhere."""
    sent_on = clp(1, 20000, 0, status="23", payer_key="A")
    money = fold_money([version(1, 20000)], [sent_on, PAID._replace(id=2, payer_key="B")])
    assert not flags(money)
    assert not money.adjudication.elsewhere


def test_a_split_claim_stands_as_a_whole() -> None:
    """Several CLP of one CLM01 with other CLP07 stand together while they do not exceed the charge."""
    parts = [
        clp(1, 12000, 9000, contractual=3000, remittance_id=7),
        clp(2, 8000, 0, denied=8000, payer_claim_number="N2", remittance_id=7, ordinal=2),
    ]
    money = fold_money([version(1, 20000)], parts)
    assert amounts(money) == {"charge": 20000, "paid": 9000, "contractual": 3000, "denied": 8000}
    assert set(money.standing) == {1, 2}
    only_one = fold_money([version(1, 20000)], parts[:1])
    assert amounts(only_one) == {"charge": 20000, "paid": 9000, "contractual": 3000, "open": 8000}


def test_a_denial_and_its_successor() -> None:
    """A denied claim's successor comes under a new CLP07 and without a reversal: the newest stands."""
    paid = PAID._replace(id=2, payer_claim_number="N2", payment_date="2026-04-01")
    for order in itertools.permutations([DENIED, paid]):
        money = fold_money([version(1, 20000)], order)
        assert amounts(money) == {
            "charge": 20000, "paid": 10000, "patient_responsibility": 2000, "contractual": 8000,
        }  # fmt: skip
        assert money.standing == (2,)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"payment_date": "2026-02-01", "trace_number": "T9"}, {"payment_date": "2026-02-02", "trace_number": "T1"}),
        ({"trace_number": "T1", "payer_claim_number": "N9"}, {"trace_number": "T2", "payer_claim_number": "N1"}),
        ({"payer_claim_number": "N1"}, {"payer_claim_number": "N2"}),
    ],
)
def test_the_newest_by_date_then_trace_then_number(older: dict[str, str], newer: dict[str, str]) -> None:
    """Where the charges of what was not reversed exceed the claim's, the newest by BPR16, TRN02, CLP07 stands."""
    one, other = DENIED._replace(id=2, **older), PAID._replace(id=1, **newer)
    for order in ([one, other], [other, one]):
        assert fold_money([version(1, 20000)], order).standing == (1,)


def test_a_denial_as_duplicate_never_displaces() -> None:
    """A later denial wholly for being a duplicate leaves the earlier answer standing, and is flagged."""
    duplicate = DENIED._replace(id=2, payer_claim_number="N2", payment_date="2026-05-01", duplicate_denial=True)
    money = fold_money([version(1, 20000)], [PAID, duplicate])
    assert money.standing == (1,)
    assert amounts(money)["contractual"] == 8000
    assert flags(money) == {"duplicate_suspected"}


def test_a_duplicate_denial_alone_stands() -> None:
    """Where it is all that was said, a denial as a duplicate is a denial."""
    money = fold_money([version(1, 20000)], [DENIED._replace(duplicate_denial=True)])
    assert amounts(money) == {"charge": 20000, "denied": 20000}


def test_paid_twice_is_a_credit() -> None:
    """A second payment under another number counts; what it is too much is a credit."""
    again = PAID._replace(id=2, payer_claim_number="N2", payment_date="2026-05-01")
    money = fold_money([version(1, 20000)], [PAID, again])
    assert amounts(money) == {
        "charge": 20000, "paid": 20000, "patient_responsibility": 2000, "contractual": 8000, "open": -10000,
    }  # fmt: skip
    assert flags(money) == {"credit"}


# ── reversals ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reversal_and_correction_in_any_order() -> None:
    """A payment that was taken back and corrected leaves the correction, however they arrive."""
    back = reversal(PAID, 2)
    corrected = clp(
        3, 20000, 12000, patient_responsibility=2000, contractual=6000,
        remittance_id=2, ordinal=2, payment_date="2026-03-01", trace_number="T2",
    )  # fmt: skip
    for order in itertools.permutations([PAID, back, corrected]):
        money = fold_money([version(1, 20000)], order)
        assert amounts(money) == {
            "charge": 20000, "paid": 12000, "patient_responsibility": 2000, "contractual": 6000,
        }  # fmt: skip
        assert (money.standing, money.reversed, money.awaiting) == ((3,), (1,), ())
        assert not flags(money)


def test_taken_back_without_correction() -> None:
    """The whole charge is open again."""
    money = fold_money([version(1, 20000)], [reversal(PAID, 2), PAID])
    assert amounts(money) == {"charge": 20000, "open": 20000}
    assert money.adjudication.reversed
    assert money.adjudication.standing == 0


def test_reversal_by_the_old_number_in_ref_f8() -> None:
    """A reversal may have a number of its own and name the old one in REF*F8."""
    back = reversal(PAID, 2, payer_claim_number="N7", original_reference="N1")
    assert fold_money([version(1, 20000)], [PAID, back]).awaiting == ()


def test_reversal_with_other_amounts() -> None:
    """A reversal cancels its original whatever its amounts; the payments still add up."""
    back = reversal(PAID, 2)._replace(paid=-9000)
    money = fold_money([version(1, 20000)], [PAID, back])
    assert amounts(money) == {"charge": 20000, "paid": 1000, "open": 19000}
    assert money.reversed == (1,)


@pytest.mark.parametrize(
    "change",
    [{"payer_claim_number": "N8"}, {"payer_key": "B"}, {"payer_claim_number": ""}],
)
def test_a_reversal_without_its_original_waits(change: dict[str, str]) -> None:
    """It counts as unmatched and touches no balance until its original comes."""
    back = reversal(PAID, 2, **change)
    money = fold_money([version(1, 20000)], [PAID, back])
    assert amounts(money)["paid"] == 10000
    assert money.awaiting == (2,)
    assert flags(money) == {"awaiting_pair"}
    alone = fold_money([version(1, 20000)], [back])
    assert amounts(alone) == {"charge": 20000, "open": 20000}
    assert alone.adjudication.remitted == 0


def test_a_correction_is_not_taken_for_the_original() -> None:
    """Where only reversal and correction are in the store, the correction stands and the reversal waits."""
    back = reversal(PAID, 2)
    corrected = clp(3, 20000, 12000, contractual=8000, remittance_id=2, ordinal=2, payment_date="2026-03-01",
                    trace_number="T2")  # fmt: skip
    money = fold_money([version(1, 20000)], [back, corrected])
    assert (money.standing, money.awaiting) == ((3,), (2,))
    assert amounts(money) == {"charge": 20000, "paid": 12000, "contractual": 8000}
    later = corrected._replace(remittance_id=9, payment_date="2026-04-01")
    assert fold_money([version(1, 20000)], [back, later]).awaiting == (2,)


def test_a_chain_of_corrections_under_one_number() -> None:
    """Original, reversal, correction, its reversal and the second correction: the last stands."""
    first = clp(3, 20000, 12000, contractual=8000, remittance_id=2, ordinal=2, payment_date="2026-03-01",
                trace_number="T2")  # fmt: skip
    second = clp(5, 20000, 9000, denied=11000, remittance_id=4, ordinal=2, payment_date="2026-04-01",
                 trace_number="T3")  # fmt: skip
    chain = [
        PAID, reversal(PAID, 2), first,
        reversal(first, 4, payment_date="2026-04-01", trace_number="T3"), second,
    ]  # fmt: skip
    for order in itertools.permutations(chain):
        money = fold_money([version(1, 20000)], order)
        assert amounts(money) == {"charge": 20000, "paid": 9000, "denied": 11000}
        assert money.standing == (5,)


def test_one_part_of_a_split_claim_is_reversed() -> None:
    """The other part stands, and the reversed part is open again."""
    one = clp(1, 12000, 9000, contractual=3000, remittance_id=7)
    other = clp(2, 8000, 5000, contractual=3000, payer_claim_number="N2", remittance_id=7, ordinal=2)
    money = fold_money([version(1, 20000)], [one, other, reversal(one, 3)])
    assert amounts(money) == {"charge": 20000, "paid": 5000, "contractual": 3000, "open": 12000}


# ── several payers ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", list(itertools.permutations([PRIMARY, SECONDARY])))
def test_medicare_then_medicaid(order: list[PostedClaim]) -> None:
    """Medicare 500 = 300 + PR 75 + CO 125, then Medicaid 65 + OA 23 425 + CO 10: paid 365, contractual 135, open 0."""
    money = fold_money([version()], order)
    assert amounts(money) == {"charge": 50000, "paid": 36500, "contractual": 13500}
    assert [(payer.payer_key, payer.responsibility) for payer in money.payers] == [("MEDICARE", "P"), ("MEDICAID", "S")]
    assert not flags(money)


def test_medicaid_that_repeats_nothing() -> None:
    """A secondary that writes off CO 45 435 instead of repeating 23 drives nothing negative."""
    wrong = SECONDARY._replace(contractual=43500, prior_payer=0)
    assert amounts(fold_money([version()], [PRIMARY, wrong])) == {"charge": 50000, "paid": 36500, "contractual": 13500}


def test_only_the_later_payer_is_in_the_store() -> None:
    """What it repeats of earlier payers is other: nobody else accounts for it."""
    assert amounts(fold_money([version()], [SECONDARY])) == {
        "charge": 50000, "paid": 6500, "contractual": 1000, "other_adjustments": 42500,
    }  # fmt: skip


def test_secondary_and_tertiary_without_the_primary() -> None:
    """What the first known payer repeats of the unknown one is other, what the last repeats is left out."""
    tertiary = clp(
        3, 50000, 500, status="3", payer_key="C", contractual=500, prior_payer=49000, payment_date="2026-05-01"
    )
    money = fold_money([version()], [tertiary, SECONDARY])
    assert amounts(money) == {"charge": 50000, "paid": 7000, "contractual": 500, "other_adjustments": 42500}


def test_the_last_payer_says_what_the_patient_owes() -> None:
    """The primary's coinsurance is no longer the patient's once a secondary has answered."""
    secondary = SECONDARY._replace(paid=5000, contractual=0, patient_responsibility=2500)
    money = fold_money([version()], [PRIMARY, secondary])
    assert amounts(money) == {
        "charge": 50000, "paid": 35000, "patient_responsibility": 2500, "contractual": 12500,
    }  # fmt: skip


def test_a_secondary_that_denies_everything() -> None:
    """It can deny no more than the earlier payers left."""
    denies = SECONDARY._replace(status="2", paid=0, contractual=0, prior_payer=0, denied=50000)
    money = fold_money([version()], [PRIMARY, denies])
    assert amounts(money) == {"charge": 50000, "paid": 30000, "contractual": 12500, "denied": 7500}


def test_a_primary_denial_that_the_secondary_pays() -> None:
    """The denial is over once the next payer has decided."""
    denied = PRIMARY._replace(paid=0, patient_responsibility=0, contractual=0, denied=50000)
    pays = SECONDARY._replace(paid=40000, contractual=10000, prior_payer=0)
    assert amounts(fold_money([version()], [denied, pays])) == {"charge": 50000, "paid": 40000, "contractual": 10000}


def test_together_they_paid_too_much() -> None:
    """A negative rest is open, and a credit."""
    money = fold_money([version()], [PRIMARY, SECONDARY._replace(paid=25000)])
    assert amounts(money) == {"charge": 50000, "paid": 55000, "open": -5000}
    assert flags(money) == {"credit"}


def test_what_the_last_payer_has_not_decided_is_open() -> None:
    """An amount under review at the secondary is no write-off."""
    reviewing = SECONDARY._replace(paid=0, contractual=0, forwarded=7500)
    money = fold_money([version()], [PRIMARY, reviewing])
    assert amounts(money) == {"charge": 50000, "paid": 30000, "contractual": 12500, "open": 7500}
    assert flags(money) == {"forwarded"}


def test_sbr01_beats_clp02() -> None:
    """The order is that in which the claim was sent: a Medicaid that says 1 or 3 on everything is still the second."""
    sent = [
        version(1, payer_key="MEDICARE", payer_responsibility="P"),
        version(2, payer_key="MEDICAID", payer_responsibility="S"),
    ]
    for status in ("1", "3", "4"):
        money = fold_money(sent, [PRIMARY, SECONDARY._replace(status=status)])
        assert [payer.payer_key for payer in money.payers] == ["MEDICARE", "MEDICAID"]
        assert amounts(money)["contractual"] == 13500


def test_a_payer_without_a_place_takes_the_free_one() -> None:
    """A denial with CLP02 4 by a payer under another name: the place that the claim was sent to and nobody else has."""
    sent = [
        version(1, payer_key="MEDICARE", payer_responsibility="P"),
        version(2, payer_key="MEDICAID", payer_responsibility="S"),
    ]
    alias = clp(1, 50000, 0, status="4", denied=50000, payer_key="1234567890")
    money = fold_money(sent, [SECONDARY._replace(prior_payer=0, paid=40000, contractual=10000), alias])
    assert [(payer.payer_key, payer.responsibility) for payer in money.payers] == [
        ("1234567890", "P"), ("MEDICAID", "S"),
    ]  # fmt: skip


def test_one_payer_that_covers_twice() -> None:
    """A claim that went to one payer in two places has two legs, so that nothing counts twice."""
    sent = [version(1, payer_key="A", payer_responsibility="P"), version(2, payer_key="A", payer_responsibility="S")]
    first = PRIMARY._replace(payer_key="A")
    second = SECONDARY._replace(payer_key="A")
    assert amounts(fold_money(sent, [first, second])) == {"charge": 50000, "paid": 36500, "contractual": 13500}


def test_the_secondary_is_reversed() -> None:
    """The primary is the last payer again."""
    back = reversal(SECONDARY, 3, payment_date="2026-04-01")
    money = fold_money([version()], [PRIMARY, SECONDARY, back])
    assert amounts(money) == amounts(fold_money([version()], [PRIMARY]))


# ── charge ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_replacement_changes_nothing_before_its_remittance() -> None:
    """The charge is that of the version which the standing remittance answers."""
    versions = [version(1, 20000), version(2, 25000, frequency="7", sent_on="2026-03-15")]
    assert amounts(fold_money(versions, [PAID]))["charge"] == 20000
    replaced = clp(2, 25000, 15000, contractual=10000, frequency="7", payment_date="2026-04-01")
    assert amounts(fold_money(versions, [PAID, reversal(PAID, 3), replaced])) == {
        "charge": 25000, "paid": 15000, "contractual": 10000,
    }  # fmt: skip


def test_before_any_remittance_the_newest_version_counts() -> None:
    """Without a remittance the charge is that of the newest version."""
    assert fold_money([version(1, 20000), version(2, 25000, frequency="7")], []).amounts.charge == 25000


def test_a_remittance_with_an_odd_charge_answers_what_was_sent_before_it() -> None:
    """A payer that misstates CLP03 does not answer a replacement that was sent later."""
    versions = [version(1, 20000), version(2, 25000, frequency="7", sent_on="2026-03-15")]
    odd = PAID._replace(charge=19000, contractual=7000)
    assert fold_money(versions, [odd]).amounts.charge == 20000


def test_interim_bills_add_up() -> None:
    """Institutional 2 and 3 with other statement dates are further bills, whose charges add."""
    january = {"service_from": "2026-01-01", "service_to": "2026-01-31"}
    february = {"service_from": "2026-02-01", "service_to": "2026-02-28"}
    bills = [version(1, 20000, frequency="2", **january), version(2, 30000, frequency="3", **february)]
    assert amounts(fold_money(bills, [])) == {"charge": 50000, "open": 50000}
    first = PAID._replace(**january)
    assert amounts(fold_money(bills, [first])) == {
        "charge": 50000, "paid": 10000, "patient_responsibility": 2000, "contractual": 8000, "open": 30000,
    }  # fmt: skip
    second = clp(2, 30000, 30000, payer_claim_number="N2", payment_date="2026-03-01", **february)
    assert amounts(fold_money(bills, [second, first])) == {
        "charge": 50000, "paid": 40000, "patient_responsibility": 2000, "contractual": 8000,
    }  # fmt: skip


def test_a_replaced_interim_bill() -> None:
    """A replacement with the dates of one bill replaces that bill alone."""
    january = {"service_from": "2026-01-01", "service_to": "2026-01-31"}
    february = {"service_from": "2026-02-01", "service_to": "2026-02-28"}
    bills = [
        version(1, 20000, frequency="2", **january),
        version(2, 30000, frequency="3", **february),
        version(3, 22000, frequency="7", **january),
    ]
    assert fold_money(bills, []).amounts.charge == 52000


def test_late_charges_add() -> None:
    """Frequency 5 adds late charges to the bill, whatever its dates."""
    dates = {"service_from": "2026-01-01", "service_to": "2026-01-31"}
    bills = [version(1, 20000, **dates), version(2, 1500, frequency="5", **dates)]
    assert fold_money(bills, []).amounts.charge == 21500


# ── void ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

VOID = version(2, 20000, frequency="8", sent_on="2026-02-20")


def test_a_void_changes_nothing_at_first() -> None:
    """The amounts stay and the claim is flagged until the payer takes its payment back."""
    money = fold_money([version(1, 20000), VOID], [PAID])
    assert amounts(money)["paid"] == 10000
    assert flags(money) == {"void_sent"}
    unpaid = fold_money([version(1, 20000), VOID], [])
    assert amounts(unpaid) == {"charge": 20000, "open": 20000}
    assert flags(unpaid) == {"void_sent"}


def test_a_void_that_is_not_sent_yet_is_not_flagged() -> None:
    """A void waits to be sent like everything else."""
    assert not flags(fold_money([version(1, 20000), VOID._replace(delivered=False)], []))


def test_a_void_is_done_by_the_reversal() -> None:
    """A 22 without correction makes every amount 0.00."""
    money = fold_money([version(1, 20000), VOID], [PAID, reversal(PAID, 2)])
    assert amounts(money) == {}
    assert money.adjudication.voided
    assert not flags(money)


def test_a_void_with_a_correction_is_not_done() -> None:
    """A reversal with a correction is an ordinary reversal."""
    corrected = clp(3, 20000, 12000, contractual=8000, remittance_id=2, ordinal=2, payment_date="2026-03-01")
    money = fold_money([version(1, 20000), VOID], [PAID, reversal(PAID, 2), corrected])
    assert amounts(money)["paid"] == 12000
    assert flags(money) == {"void_sent"}


def test_a_void_of_what_was_never_paid_is_done_by_acceptance() -> None:
    """If nothing was paid, the payer's acceptance of the void is enough; if something was, it is not."""
    accepted = VOID._replace(accepted=True)
    assert fold_money([version(1, 20000), accepted], []).adjudication.voided
    assert amounts(fold_money([version(1, 20000), accepted], [DENIED])) == {}
    assert not fold_money([version(1, 20000), accepted], [PAID]).adjudication.voided
