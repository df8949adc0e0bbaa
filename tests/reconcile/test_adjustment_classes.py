"""The class of an adjustment: by reason, group, CLP02, CLP06 and what the line paid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UsageError
from gateway.reconcile.classes import Classes, classify_claim, load_classes
from gateway.reconcile.values import Adjustment, ClassSums, RemittedClaim, RemittedLine

CODES = Path(__file__).parents[2] / "mappings" / "codes"
CODE_TEXT = (CODES / "adjustment_classes.csv").read_text(encoding="utf-8")
GROUP_TEXT = (CODES / "adjustment_groups.csv").read_text(encoding="utf-8")
SHIPPED = load_classes([CODE_TEXT], [GROUP_TEXT])
HEADER = "code,group,filing,class,category,label,action\n"

DENIED = (
    "4 5 6 7 8 11 15 16 18 22 26 27 29 31 32 38 50 55 56 96 97 109 119 146 151 177 181 182 185 197 198 204 226 227 "
    "234 236 242 243 251 252 B7 B13 B15"
)


def line(paid: int, *adjustments: tuple[str, str, int]) -> RemittedLine:
    made = tuple(Adjustment(*one) for one in adjustments)
    return RemittedLine(paid + sum(one.cents for one in made), paid, made)


def claim(
    *lines: RemittedLine, status: str = "1", filing: str = "12", of_claim: tuple[Adjustment, ...] = ()
) -> RemittedClaim:
    paid = sum(one.paid for one in lines)
    return RemittedClaim(status, sum(one.charge for one in lines), paid, filing, of_claim, lines)


def sums(found: ClassSums) -> dict[str, int]:
    return {key: value for key, value in found._asdict().items() if value}


def of_line(group: str, reason: str, *, paid: int = 5000, status: str = "1", filing: str = "12") -> set[str]:
    """Where 10.00 of one adjustment goes, on a line that paid something."""
    found = classify_claim(claim(line(paid, (group, reason, 1000)), status=status, filing=filing), SHIPPED)
    return set(sums(found)) - {"duplicate_denial"}


@pytest.mark.parametrize("group", ["CO", "PR", "OA", "PI"])
@pytest.mark.parametrize("reason", DENIED.split())
def test_denied_whatever_its_group(group: str, reason: str) -> None:
    """These reasons are denials in every group, on a line that paid something too."""
    assert of_line(group, reason) == {"denied"}


@pytest.mark.parametrize(
    ("filing", "kind"),
    [("MA", "denied"), ("MB", "denied"), ("MC", "denied"), ("12", "contractual"), ("", "contractual")],
)
def test_24_is_a_denial_for_medicare_and_medicaid_alone(filing: str, kind: str) -> None:
    """Capitation is no denial, but from Medicare 24 says that a plan must be billed."""
    assert of_line("CO", "24", paid=0, filing=filing) == {kind}


@pytest.mark.parametrize(
    ("group", "reason", "kinds"),
    [
        ("CO", "45", {"denied"}),
        ("PR", "1", {"denied"}),
        ("OA", "133", {"denied"}),
        ("OA", "23", {"prior_payer"}),
    ],
)
def test_all_but_23_is_denied_where_clp02_is_4(group: str, reason: str, kinds: set[str]) -> None:
    """The patient is not a member: everything is denied, but what earlier payers did."""
    assert of_line(group, reason, status="4") == kinds


@pytest.mark.parametrize(
    ("group", "reason", "kinds"),
    [
        ("OA", "133", {"forwarded"}),
        ("CO", "B11", {"forwarded"}),
        ("PR", "133", {"forwarded"}),
        ("PR", "1", {"patient_responsibility", "deductible"}),
        ("PR", "2", {"patient_responsibility", "coinsurance"}),
        ("PR", "3", {"patient_responsibility", "copay"}),
        ("PR", "45", {"patient_responsibility"}),
        ("PR", "999", {"patient_responsibility"}),
        ("OA", "100", {"patient_responsibility"}),
        ("CO", "100", {"patient_responsibility"}),
        ("CO", "1", {"contractual"}),
        ("OA", "45", {"contractual"}),
        ("OA", "44", {"contractual"}),
        ("PI", "59", {"contractual"}),
        ("OA", "237", {"contractual"}),
        ("CO", "253", {"contractual"}),
        ("CO", "23", {"prior_payer"}),
        ("OA", "209", {"other"}),
        ("CO", "209", {"other"}),
        ("CO", "131", {"contractual"}),
        ("OA", "94", {"other"}),
        ("PI", "131", {"other"}),
        ("CR", "131", {"other"}),
        ("co", " 045 ", {"contractual"}),
    ],
)
def test_the_class_on_a_line_that_paid(group: str, reason: str, kinds: set[str]) -> None:
    """Open, then patient, then the reason's own class, then the group's."""
    assert of_line(group, reason) == kinds


@pytest.mark.parametrize(("group", "reason"), [("CO", "131"), ("OA", "94"), ("PI", "131"), ("CO", "A1")])
def test_what_nothing_else_explains_is_denied_on_a_line_that_paid_nothing(group: str, reason: str) -> None:
    """A reason without a class is a denial where the line paid nothing and left nothing to the patient."""
    assert of_line(group, reason, paid=0) == {"denied"}


@pytest.mark.parametrize("reason", ["45", "253", "59", "23", "209"])
def test_a_class_of_its_own_is_no_denial(reason: str) -> None:
    """Nothing paid is no denial where the reason has a class."""
    assert of_line("CO", reason, paid=0) != {"denied"}


def test_something_left_to_the_patient_is_no_denial() -> None:
    """A line that went to the deductible was not denied."""
    found = classify_claim(claim(line(0, ("PR", "1", 6000), ("CO", "131", 4000))), SHIPPED)
    assert sums(found) == {"patient_responsibility": 6000, "deductible": 6000, "contractual": 4000}


def test_each_line_stands_for_itself() -> None:
    """150.00 paid 96.00 (CO 45 30.00, PR 2 24.00), and 50.00 bundled (CO 97)."""
    found = classify_claim(
        claim(line(9600, ("CO", "45", 3000), ("PR", "2", 2400)), line(0, ("CO", "97", 5000))), SHIPPED
    )
    assert sums(found) == {
        "patient_responsibility": 2400, "coinsurance": 2400, "contractual": 3000, "denied": 5000,
    }  # fmt: skip


def test_the_claim_level_asks_the_whole_claim() -> None:
    """Claim-level adjustments are denied where the claim paid nothing and left nothing to the patient."""
    adjusted = (Adjustment("CO", "131", 4000),)
    assert classify_claim(RemittedClaim("1", 4000, 0, "12", adjusted), SHIPPED).denied == 4000
    paying = claim(line(5000), of_claim=adjusted)
    assert classify_claim(paying, SHIPPED).contractual == 4000
    to_the_patient = claim(line(0, ("PR", "1", 5000)), of_claim=adjusted)
    assert classify_claim(to_the_patient, SHIPPED).contractual == 4000


def test_bundled_lines_that_fund_each_other() -> None:
    """An added line of charge 0 with a negative adjustment balances as the others do."""
    found = classify_claim(claim(line(3000, ("CO", "45", 7000)), line(2000, ("CO", "45", -2000))), SHIPPED)
    assert sums(found) == {"contractual": 5000}


@pytest.mark.parametrize(
    ("adjustments", "duplicate"),
    [
        ([("OA", "18", 10000)], True),
        ([("CO", "B13", 10000)], True),
        ([("OA", "18", 9000), ("CO", "45", 1000)], True),
        ([("OA", "18", 9000), ("CO", "16", 1000)], False),
        ([("OA", "18", 9000), ("PR", "2", 1000)], False),
        ([("CO", "16", 10000)], False),
        ([("CO", "45", 10000)], False),
    ],
)
def test_a_denial_wholly_as_a_duplicate(adjustments: list[tuple[str, str, int]], duplicate: bool) -> None:
    """Only a denial that has no other reason and leaves nothing is a mere duplicate."""
    assert classify_claim(claim(line(0, *adjustments)), SHIPPED).duplicate_denial is duplicate


def test_a_line_that_paid_is_no_duplicate_denial() -> None:
    """What paid something says more than that it was there before."""
    assert not classify_claim(claim(line(1, ("OA", "18", 9999))), SHIPPED).duplicate_denial


@given(
    st.lists(
        st.tuples(
            st.integers(-5000, 20000),
            st.lists(
                st.tuples(
                    st.sampled_from(["CO", "PR", "OA", "PI", "CR", ""]),
                    st.sampled_from(
                        ["1", "2", "3", "18", "23", "24", "45", "97", "100", "133", "209", "B11", "ZZ", ""]
                    ),
                    st.integers(-9000, 9000),
                ),
                max_size=4,
            ),
        ),
        max_size=4,
    ),
    st.sampled_from(["1", "2", "4", "22"]),
    st.sampled_from(["", "MA", "MC", "12"]),
)
def test_nothing_is_lost(lines: list[tuple[int, list[tuple[str, str, int]]]], status: str, filing: str) -> None:
    """Every cent of every adjustment is in exactly one class, so a claim that balances goes on balancing."""
    made = claim(*(line(paid, *adjustments) for paid, adjustments in lines), status=status, filing=filing)
    found = classify_claim(made, SHIPPED)
    classes = found.patient_responsibility + found.contractual + found.denied + found.other
    assert classes + found.prior_payer + found.forwarded == made.charge - made.paid
    assert found.deductible + found.coinsurance + found.copay == found.patient_responsibility - sum(
        one.cents for each in made.lines for one in each.adjustments
        if _is_other_patient(one, status, filing)
    )  # fmt: skip


def _is_other_patient(one: Adjustment, status: str, filing: str) -> bool:
    return SHIPPED.decided(one.group, one.reason, filing, status) == "patient" and one.reason not in ("1", "2", "3")


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def with_home(*rows: str) -> Classes:
    return load_classes([CODE_TEXT, HEADER + "\n".join(rows)], [GROUP_TEXT])


def test_a_home_says_otherwise() -> None:
    """A home's row replaces the shipped one; a row with a group decides for that group alone."""
    home = with_home("45,,,denied,contractual,Ours,Appeal", "3,PR,,contractual,patient,Waived,None")
    found = classify_claim(claim(line(5000, ("CO", "45", 1000), ("PR", "3", 500), ("PR", "2", 200))), home)
    assert sums(found) == {"denied": 1000, "contractual": 500, "patient_responsibility": 200, "coinsurance": 200}
    assert home.describe("CO", "45").action == "Appeal"


def test_rules_have_a_version() -> None:
    """A posting names the rules that gave its classes: other rows, other version, and it fits its column."""
    home = with_home("45,,,denied,contractual,Ours,Appeal")
    assert home.version != SHIPPED.version
    assert load_classes([CODE_TEXT], [GROUP_TEXT]).version == SHIPPED.version
    assert len(SHIPPED.version) <= 16


def test_labels_and_actions() -> None:
    """A worklist shows category, label and action of each reason, and says so where it has none."""
    assert SHIPPED.describe("CO", "197").category == "authorization"
    assert SHIPPED.describe("CO", "24", "MA").action == "Bill the Advantage plan"
    unknown = SHIPPED.describe("CO", "9999")
    assert (unknown.category, unknown.label) == ("unknown", "Contractual obligation")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,class\n45,denied\n", "adjustment_classes.csv, line 1: column group is missing"),
        (HEADER + "45,,,nonsense,x,y,z\n", "line 2: class must be one of"),
        (HEADER + "# comment\n45,,,denied\n", "line 3: 4 columns instead of 7"),
        (HEADER + ",,,denied,x,y,z\n", "line 2: code is empty"),
    ],
)
def test_a_bad_table_names_its_line(text: str, message: str) -> None:
    """A fault in a table is one line that says where."""
    with pytest.raises(UsageError, match=message):
        load_classes([text], [GROUP_TEXT])


def test_a_secondary_with_a_higher_fee_schedule() -> None:
    """Two lines of a secondary: what it repeats, what it leaves to the patient and what it writes off stay apart."""
    lines = (
        line(3000, ("OA", "23", 13650)),
        line(28000, ("PR", "1", 15000), ("PR", "2", 7000), ("CO", "42", 8500)),
    )
    assert sums(classify_claim(claim(*lines, status="2"), SHIPPED)) == {
        "patient_responsibility": 22000, "deductible": 15000, "coinsurance": 7000, "contractual": 8500,
        "prior_payer": 13650,
    }  # fmt: skip


def test_a_secondary_that_raises_the_charge() -> None:
    """A negative adjustment funds what was paid above the charge; it is other, and what 23 repeats is apart."""
    found = classify_claim(claim(line(3400, ("OA", "23", 51600), ("OA", "94", -900)), status="2"), SHIPPED)
    assert sums(found) == {"prior_payer": 51600, "other": -900}
