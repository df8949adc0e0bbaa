"""The ladder: which claim a remitted claim answers, rung by rung, and what is left to a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.control_numbers import is_lost, match_key
from gateway.reconcile.matching import Ambiguous, Candidate, Ladder, Match, Rung, Unmatched, Wanted, lookups, match

LONG = "PATIENT-ACCOUNT-0001-VISIT-7"


def candidate(claim_id: int = 1, number: str = "C1", **more: object) -> Candidate:
    made: dict[str, object] = {
        "provider_ids": frozenset({"1234567893"}), "payer_ids": frozenset({"P1"}),
        "member_ids": frozenset({"M1"}), "charges": frozenset({20000}),
        "service_from": "2026-01-05", "service_to": "2026-01-07", **more,
    }  # fmt: skip
    return Candidate(claim_id, number, **made)  # type: ignore[arg-type]


def wanted(number: str = "C1", charge: int = 20000, **more: object) -> Wanted:
    return Wanted(number, charge, **more)  # type: ignore[arg-type]


OTHER_PROVIDER = {"provider_ids": frozenset({"1999999984"})}


@pytest.mark.parametrize(
    ("claim", "asked", "rung"),
    [
        (candidate(), wanted("C1"), Rung.NUMBER),
        (candidate(), wanted(" c1 "), Rung.NORMALIZED),
        (candidate(number=LONG), wanted(LONG[:20]), Rung.TRUNCATED),
        (candidate(number=LONG), wanted(LONG[:17].lower()), Rung.TRUNCATED),
        (candidate(payer_claim_numbers=frozenset({"X77"})), wanted("0", payer_claim_number="x77"), Rung.PAYER_NUMBER),
        (candidate(payer_claim_numbers=frozenset({"X77"})), wanted("?", original_reference="X77"), Rung.PAYER_NUMBER),
        (candidate(), wanted("", member_ids=frozenset({"m1"}), service_from="2026-01-06"), Rung.MEMBER),
        (candidate(), wanted("C1", -20000), Rung.NUMBER),
    ],
)
def test_each_rung(claim: Candidate, asked: Wanted, rung: Rung) -> None:
    """Each rung of the ladder finds the claim that the ones above it miss."""
    found = match(asked, [claim, candidate(9, "ANOTHER", member_ids=frozenset({"M9"}))])
    assert isinstance(found, Match)
    assert (found.claim_id, found.rung) == (1, rung)


@pytest.mark.parametrize(
    "asked",
    [
        wanted("C2"),
        wanted(""),
        wanted("000"),
        wanted(LONG[:18]),
        wanted("X", member_ids=frozenset({"M1"}), service_from="2026-02-01"),
        wanted("X", 19999, member_ids=frozenset({"M1"}), service_from="2026-01-05"),
        wanted("X", member_ids=frozenset({"M1"})),
        wanted("X", member_ids=frozenset({"M1"}), service_from="2026-01-05", **OTHER_PROVIDER),
    ],
)
def test_nothing_is_forced(asked: Wanted) -> None:
    """Another number, another day, charge or provider is no match; so is a number that the payer lost."""
    assert isinstance(match(asked, [candidate(), candidate(2, LONG, member_ids=frozenset())]), Unmatched)


def test_one_number_at_two_billing_providers() -> None:
    """The payee decides, and nothing else could: without it the two are ambiguous."""
    two = [candidate(1), candidate(2, **OTHER_PROVIDER)]
    for order in (two, two[::-1]):
        found = match(wanted(**OTHER_PROVIDER), order)
        assert isinstance(found, Match)
        assert found.claim_id == 2
        assert match(wanted(), order) == Ambiguous((1, 2), Rung.NUMBER)


@pytest.mark.parametrize(
    "told",
    [
        {"member_ids": frozenset({"M2"})},
        {"service_from": "2026-03-01", "service_to": "2026-03-01"},
        {"charge": 30000},
        {"payer_claim_number": "X2"},
        {"payer_ids": frozenset({"P2"})},
    ],
)
def test_ties_fall_by_content(told: dict[str, object]) -> None:
    """Of several claims with one number that one is meant which agrees on member, dates, charge, number or payer."""
    other = candidate(
        2, member_ids=frozenset({"M2"}), service_from="2026-03-01", service_to="2026-03-02",
        charges=frozenset({30000}), payer_claim_numbers=frozenset({"X2"}), payer_ids=frozenset({"P2"}),
    )  # fmt: skip
    for order in ([candidate(1), other], [other, candidate(1)]):
        found = match(wanted(**{"charge": 100, **told}), order)
        assert isinstance(found, Match)
        assert found.claim_id == 2


def test_another_systems_claim_with_our_number() -> None:
    """A claim of another provider with another day or a higher charge only happens to have our number."""
    assert isinstance(match(wanted(service_from="2026-06-01", **OTHER_PROVIDER), [candidate()]), Unmatched)
    assert isinstance(match(wanted("C1", 99900, **OTHER_PROVIDER), [candidate()]), Unmatched)
    same_service = match(wanted(service_from="2026-01-05", **OTHER_PROVIDER), [candidate()])
    assert isinstance(same_service, Match)
    assert same_service.evidence == "agree: dates, charge; differ: provider"


def test_npi_and_tax_id_are_not_compared() -> None:
    """A payee known by tax id alone does not contradict a billing provider known by NPI."""
    found = match(wanted("C1", 99900, provider_ids=frozenset({"123456789"})), [candidate()])
    assert isinstance(found, Match)


def test_a_part_of_a_split_claim() -> None:
    """A lower charge contradicts nothing; a higher one does for a number that was cut."""
    long = candidate(number=LONG)
    assert isinstance(match(wanted(LONG[:20], 5000), [long]), Match)
    assert isinstance(match(wanted(LONG[:20], 50000), [long]), Unmatched)


def test_a_cut_number_of_several() -> None:
    """Claims whose numbers differ behind the cut are told apart by what else agrees, or not at all."""
    two = [candidate(1, LONG), candidate(2, LONG[:-1] + "8", charges=frozenset({30000}))]
    found = match(wanted(LONG[:20], 30000), two)
    assert isinstance(found, Match)
    assert found.claim_id == 2
    assert isinstance(match(wanted(LONG[:20], 100), two), Ambiguous)


def test_lookups_name_every_key() -> None:
    """Whoever loads candidates by these keys has all that the ladder could find."""
    found = lookups(
        [wanted(" c1 ", payer_claim_number="x1", original_reference="X2", member_ids=frozenset({"M1"})),
         wanted(LONG[:20]), wanted("0")]
    )  # fmt: skip
    assert found.match_keys == {"C1", LONG[:20]}
    assert found.cut_keys == {LONG[:20]}
    assert found.payer_claim_numbers == {"x1", "X1", "X2"}
    assert found.member_ids == {"M1"}


def test_keys() -> None:
    """Padding and case do not count; zeros alone say that the number was lost."""
    assert match_key("  ab-1 ") == "AB-1"
    assert is_lost("000")
    assert is_lost(" ")
    assert not is_lost("0010")


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        claim_id=st.integers(1, 50),
        patient_control_number=st.sampled_from(["C1", "c1", "C2", LONG, LONG + "X"]),
        provider_ids=st.frozensets(st.sampled_from(["1234567893", "1999999984"]), max_size=1),
        payer_claim_numbers=st.frozensets(st.sampled_from(["X1", "X2"]), max_size=2),
        member_ids=st.frozensets(st.sampled_from(["M1", "M2"]), max_size=1),
        charges=st.frozensets(st.sampled_from([10000, 20000]), max_size=2),
        service_from=st.sampled_from(["", "2026-01-05"]),
    ),
    max_size=6,
    unique_by=lambda one: one.claim_id,
)
WANTED = st.builds(
    Wanted,
    patient_control_number=st.sampled_from(["C1", "C2", " c1", LONG[:20], LONG[:17], "0", ""]),
    charge=st.sampled_from([10000, -20000, 5000]),
    payer_claim_number=st.sampled_from(["", "X1"]),
    member_ids=st.frozensets(st.sampled_from(["M1", "M2"]), max_size=1),
    service_from=st.sampled_from(["", "2026-01-05"]),
    provider_ids=st.frozensets(st.sampled_from(["1234567893", "123456789"]), max_size=2),
)


@given(WANTED, CANDIDATES, st.data())
def test_the_order_of_candidates_does_not_count(asked: Wanted, claims: list[Candidate], data: st.DataObject) -> None:
    """Any order of arrival finds the same claim, and a lookup by key hides none that would have been found."""
    found = match(asked, claims)
    assert match(asked, data.draw(st.permutations(claims))) == found
    keys = lookups([asked])
    at_hand = [
        one for one in claims
        if match_key(one.patient_control_number) in keys.match_keys
        or any(match_key(one.patient_control_number).startswith(cut) for cut in keys.cut_keys)
        or one.payer_claim_numbers & keys.payer_claim_numbers
        or one.member_ids & keys.member_ids
    ]  # fmt: skip
    assert Ladder(at_hand).find(asked) == found
