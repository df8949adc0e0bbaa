"""The crosswalk of payer ids: which ids mean one payer, where, and which of them is written."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.claims.crosswalk import COLUMNS, NO_CROSSWALK, Crosswalk, load_crosswalk
from gateway.data import SHIPPED
from gateway.errors import UsageError

HEAD = ",".join(COLUMNS) + "\n"
TABLE = HEAD + (
    "EXHP1,60999,ally,EXAMPLE HEALTH PLAN\n"
    "EXHP1,60998,ally,\n"
    "EXHP1,EXHP,avail,\n"
    "EXHP1,999999999,835,\n"
    "EXHP1,OLDPLAN,,\n"
    "OTHER,60999,avail,OTHER PLAN\n"
    "OTHER,OTH,ally\n"
)
CLAIM = {
    "payer": {"id": "EXHP1", "name": "X"},
    "other_payers": [{"payer": {"id": "OTHER"}}, {"payer": {"id": "UNKNOWN"}}, {}],
    "lines": [{"adjudications": [{"payer_id": "OTHER", "paid": "1.00"}, {"payer_id": "UNKNOWN"}]}, {"charge": "1.00"}],
}


@pytest.fixture
def table() -> Crosswalk:
    return load_crosswalk(TABLE)


def test_the_shipped_table_changes_nothing() -> None:
    """It has a head and no rows: payer ids are a clearinghouse's to give."""
    text = (SHIPPED / "mappings" / "codes" / "payers.csv").read_text(encoding="utf-8")
    assert not load_crosswalk(text)


@pytest.mark.parametrize(
    ("payer_id", "where", "ours"),
    [
        ("60999", ("ally",), "EXHP1"),
        ("60999", ("avail",), "OTHER"),
        ("60999", (), "60999"),  # two payers by that id
        ("60999", ("835",), "60999"),
        ("60999", ("835", "avail"), "OTHER"),
        ("60998", (), "EXHP1"),
        ("exhp", ("nobody",), "EXHP1"),
        (" oldplan ", (), "EXHP1"),
        ("999999999", ("835", "ally"), "EXHP1"),
        ("EXHP1", ("ally",), "EXHP1"),
        ("exhp1", (), "EXHP1"),
        ("12345", ("ally",), "12345"),
        ("", ("ally",), ""),
    ],
)
def test_an_id_leads_to_ours(table: Crosswalk, payer_id: str, where: tuple[str, ...], ours: str) -> None:
    """By where it was said; elsewhere only where it can mean one payer alone."""
    assert table.resolve(payer_id, *where) == ours


def test_the_first_row_of_a_partner_is_written(table: Crosswalk) -> None:
    """For our id and for any other of that payer; without a row of that partner the claim's own id stays."""
    assert table.written("EXHP1", "ally") == "60999"
    assert table.written("EXHP", "ally") == "60999"
    assert table.written("60998", "ally") == "60999"
    assert table.written("EXHP1", "third") == "EXHP1"
    assert table.written("60998", "third") == "60998"
    assert table.written("12345", "ally") == "12345"


def test_a_payer_is_known_by_its_ids(table: Crosswalk) -> None:
    """All of them; and those by which a partner may be asked: none that means another payer there."""
    assert set(table.known_as("EXHP")) == {"EXHP", "EXHP1", "60999", "60998", "999999999", "OLDPLAN"}
    assert table.understood("EXHP1", "avail") == {"EXHP1", "EXHP", "OLDPLAN", "60998", "999999999"}
    assert table.understood("60999", "avail") == {"60999", "OTHER", "OTH"}
    assert table.known_as("12345") == ("12345",)
    assert table.name("60998") == "EXAMPLE HEALTH PLAN" and table.name("12345") == ""


def test_a_claim_gets_the_partners_ids(table: Crosswalk) -> None:
    """2010BB, 2330B and SVD01 alike, so that they still name the same payer; the claim itself stays as it was."""
    before = deepcopy(CLAIM)
    made = table.put(CLAIM, "ally")
    assert before == CLAIM
    assert made["payer"] == {"id": "60999", "name": "X"}
    assert [one.get("payer", {}).get("id") for one in made["other_payers"]] == ["OTH", "UNKNOWN", None]
    assert [one["payer_id"] for one in made["lines"][0]["adjudications"]] == ["OTH", "UNKNOWN"]
    assert made["lines"][1] == {"charge": "1.00"}


def test_a_claim_without_aliases_is_not_copied(table: Crosswalk) -> None:
    """The same object comes back."""
    assert table.put(CLAIM, "third") is CLAIM and NO_CROSSWALK.put(CLAIM, "ally") is CLAIM


def test_a_homes_rows_add_to_ours_and_replace_them() -> None:
    """The same alias at the same place is the home's; everything else stays."""
    base = load_crosswalk(HEAD + "A,1,ally,\nA,2,ally,\n")
    both = load_crosswalk(HEAD + "B,1,ally,\n", "own.csv", base)
    assert (both.resolve("1", "ally"), both.resolve("2", "ally")) == ("B", "A")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("payer,alias\n", 1, "the first row must be payer,alias,where,name"),
        (HEAD + "A\n", 2, "has 1 columns, not 4"),
        (HEAD + "# a remark\n\nA,1,ally,X,Y\n", 4, "has 5 columns, not 4"),
        (HEAD + ",1,ally,X\n", 2, "payer is empty"),
        (HEAD + "A,,ally,X\n", 2, "alias is empty"),
        (HEAD + "A,É,ally,X\n", 2, "alias must be at most 80 plain"),
        (HEAD + f"{'A' * 81},1,ally,X\n", 2, "payer must be at most 80 plain"),
        (HEAD + "A,1,ally,\nB,1,ally,\n", 3, "alias 1 is payer A at ally already (payers.csv: line 2)"),
        (HEAD + "A,1,,\nB,1,*,\n", 3, "alias 1 is payer A anywhere already"),
        (HEAD + "A,1,ally,\nB,A,,\n", 3, "alias A is our own id of another payer; say where"),
        (HEAD + "A,1,,\nB,A,ally,\n", 3, "alias A is our own id of another payer; say by a row what ally calls"),
    ],
)
def test_wrong_rows_are_named(text: str, line: int, says: str) -> None:
    """File, line and reason."""
    with pytest.raises(UsageError) as caught:
        load_crosswalk(text)
    assert str(caught.value).startswith(f"payers.csv: line {line}: ") and says in str(caught.value)


def test_an_own_id_may_be_anothers_alias_at_one_partner() -> None:
    """Clearinghouses reuse ids: in a file from there it is the other payer, on our claims it is our own."""
    made = load_crosswalk(HEAD + "A,1,ally,\nB,A,ally,\n")
    assert (made.resolve("A"), made.resolve("A", "ally"), made.own("A", "ally")) == ("A", "B", "A")
    assert (made.written("A", "ally"), made.written("B", "ally")) == ("1", "A")
    assert made.understood("A", "ally") == {"1"} and made.understood("B", "ally") == {"A", "B"}


ids = st.sampled_from(["A", "B", "C", "1", "2", "3"])


@given(st.lists(st.tuples(ids, ids, st.sampled_from(["", "ally", "835"])), max_size=8))
def test_an_id_of_ours_leads_to_itself(rows: list[tuple[str, str, str]]) -> None:
    """Whatever the table: resolving is done once, and what is written is understood where it is written."""
    try:
        made = load_crosswalk(HEAD + "".join(f"{payer},{alias},{where},\n" for payer, alias, where in rows))
    except UsageError:
        return
    for row in made.rows:
        assert made.resolve(row.payer) == made.own(row.payer, "ally") == row.payer
        assert made.resolve(made.written(row.payer, "ally"), "ally") == row.payer
        assert row.alias in made.known_as(row.payer)
