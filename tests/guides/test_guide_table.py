"""A guide table with a fault is refused by line and column."""

from __future__ import annotations

import pytest

from gateway.data import guide_text
from gateway.x12.fields import ClashingField, field_tree
from gateway.x12.guide_table import BadGuide, load_guide

HEAD = "loop,position,field,usage,repeat,format,codes,says,condition"
GOOD = [
    HEAD,
    "guide,,type,,,,professional,",
    "guide,,version,,,,005010X222A1,",
    "guide,,family,,,,005010X222,",
    "# a comment",
    "top,,,R,1,,,the top",
    "top,BHT,,R,1,,,begin",
    "top,BHT01,=,R,,ID 4,0019,",
    "top,BHT02,purpose,R,,ID 2,00 18,why",
    "party,,party,S,*,,parent=top,a party",
    "party,NM1,,R,1,,,its name",
    "party,NM101,=,R,,ID 2-3,41,",
    "party,NM103,name,R,,AN 1-60,,name",
    "party,PER,contacts,S,2,,,contact,P0304",
    "party,PER02,name,S,,AN 1-60,,name",
    "party,PER03/2x3,numbers,S,,,,numbers",
    "party,PER03,type,R,,ID 2,TE,what",
    "party,PER04,number,R,,AN 1-256,,number",
]


def changed(line: int, text: str) -> str:
    """The good table with one line (from 1) in place of another."""
    return "\n".join([*GOOD[: line - 1], text, *GOOD[line:]])


def test_the_good_table_loads() -> None:
    """The table that the others spoil is good itself."""
    guide = load_guide("\n".join(GOOD), "test")
    assert (guide.type, guide.version, list(guide.loops)) == ("professional", "005010X222A1", ["top", "party"])
    assert guide.loops["party"].is_list


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (1, "loop,position", "line 1: the columns are not"),
        (8, "top,BHT01,=,R,,ID 4", "line 8: 6 columns"),
        (8, "top,BHT01,=,R,,ID x,0019,", "line 8, column format: no format 'ID x'"),
        (8, "top,BHT01,=,R,,ID 4-2,0019,", "line 8, column format: lengths 4-2"),
        (8, "top,BHT01,=,R,,ID 4,,", "line 8, column codes: a constant has one value"),
        (8, "top,BHT01,=,X,,ID 4,0019,", "line 8, column usage: 'X' is none of R, S, N, O"),
        (8, "top,BHT01,=,R,0,ID 4,0019,", "line 8, column repeat: '0' is neither"),
        (8, "top,BHT01,=,R,,ID 2,0019,", "line 8, column codes: 0019 does not fit the format ID 2"),
        (8, "top,NM101,=,R,,ID 4,0019,", "line 8, column position: NM101 does not follow its segment row"),
        (8, "top,BHT1,=,R,,ID 4,0019,", "line 8, column position: 'BHT1' is neither segment nor element"),
        (9, "top,BHT01,purpose,R,,ID 2,00 18,why", "line 9, column position: BHT01 stands out of order"),
        (9, "top,BHT02,Purpose,R,,ID 2,00 18,why", "line 9, column field: 'Purpose' is no path of names"),
        (9, "other,BHT02,purpose,R,,ID 2,00 18,why", "line 9, column loop: the rows of loop other do not follow"),
        (10, "top,,party,S,*,,parent=top,a party", "line 10, column loop: loop top is opened twice"),
        (10, "party,,party,S,*,,parent=none,a party", "line 10, column codes: no loop none"),
        (10, "party,,party,S,*,,top,a party", "line 10, column codes: a loop row has parent=LOOP here"),
        (10, "party,,party,S,*,,,a party", "not exactly one loop without parent"),
        (7, "top,BHT,,O,1,,,begin", "line 7, column usage: O stands in place of the row above it"),
        (7, "top,BHT,,R,5,,,begin", "line 7, column repeat: a repeated segment has a field"),
        (14, "party,PER,contacts,S,2,,,contact,X0304", "line 14, column condition: X0304 is no syntax note"),
        (16, "party,PER03/2x3,,S,,,,numbers", "line 16, column field: a block has a field for its list"),
        (16, "party,PER03/0x3,numbers,S,,,,numbers", "line 16, column position: a block has a step"),
        (17, "party,PER03,type,R,,money,TE,what", "line 17, column codes: a money has no codes"),
        (2, "# no type", "no row guide,,type"),
    ],
)
def test_a_fault_is_named_by_line_and_column(line: int, text: str, says: str) -> None:
    """Who edits a table is told where it is wrong."""
    with pytest.raises(BadGuide) as refusal:
        load_guide(changed(line, text), "test")
    assert says in str(refusal.value)
    assert str(refusal.value).startswith("guide table test")


def test_an_empty_table_is_refused() -> None:
    """An empty file is no guide."""
    with pytest.raises(BadGuide, match="line 1: the columns are not"):
        load_guide("", "test")


def test_one_name_has_one_shape() -> None:
    """A field that is a text in one row and an object in another is refused."""
    text = changed(9, "top,BHT02,party.x,R,,ID 2,00 18,why").replace("party,,party,S,*", "party,,party,S,1")
    load_guide(text, "test")  # an object twice is one object
    with pytest.raises(ClashingField):
        field_tree(load_guide(changed(9, "top,BHT02,party,R,,ID 2,00 18,why"), "test"))


@pytest.mark.parametrize("name", ["837P", "837I", "837D"])
def test_shipped_tables_use_one_name_for_one_thing(name: str) -> None:
    """Each shipped table loads, and its header, provider, subscriber and payer have the names of the others."""
    guide = load_guide(guide_text(name), name)
    tops = {"type", "transaction", "submitter", "receiver", "billing_provider", "subscriber", "payer", "patient",
            "patient_control_number", "charge", "frequency", "diagnoses", "lines", "other_payers", "notes"}  # fmt: skip
    assert tops <= set(field_tree(guide).fields)
