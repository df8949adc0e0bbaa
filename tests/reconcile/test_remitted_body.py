"""The stored body of a remitted claim is plain JSON of its parts, whatever they hold, and reads back as the fact."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.facts import Adjustment, Party, RemittedClaim, RemittedLine
from gateway.reconcile.remitted import body_of, claim_row, remitted_claim
from gateway.store.remittances import RemittanceClaimRow

TEXT = st.text(st.sampled_from('aZ9 :"\\\n\x1fé\U0001f600'), max_size=4)
CENTS = st.integers(-(10**15), 10**15)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
AMOUNTS = st.lists(st.tuples(TEXT, CENTS), max_size=2).map(tuple)
REMARKS = st.lists(TEXT, max_size=2).map(tuple)
ADJUSTMENTS = st.lists(st.builds(Adjustment, TEXT, TEXT, CENTS, TEXT), max_size=3).map(tuple)
LINES = st.builds(
    RemittedLine, st.integers(1, 9), TEXT, TEXT, TEXT, TEXT, TEXT, CENTS, CENTS, TEXT, TEXT, TEXT, ADJUSTMENTS, PAIRS,
    AMOUNTS, PAIRS, REMARKS,
)  # fmt: skip
CLAIMS = st.builds(
    RemittedClaim, st.integers(1, 9), TEXT, TEXT, CENTS, CENTS, CENTS, TEXT, TEXT, TEXT, TEXT, TEXT, ADJUSTMENTS,
    st.lists(LINES, max_size=3).map(tuple), st.lists(st.builds(Party, *[TEXT] * 5), max_size=2).map(tuple), PAIRS,
    PAIRS, AMOUNTS, PAIRS, REMARKS,
)  # fmt: skip


@given(CLAIMS)
def test_the_body_is_the_json_of_what_the_columns_do_not_hold(claim: RemittedClaim) -> None:
    """Text for text what a plain encoder writes, empty parts left out; and the row reads back as the claim."""
    names = ("adjustments", "lines", "parties", "references", "dates", "amounts", "quantities", "remarks", "facility",
             "group_code")  # fmt: skip
    parts = {name: getattr(claim, name) for name in names if getattr(claim, name)}
    assert body_of(claim) == json.dumps(parts, separators=(",", ":"))
    row = RemittanceClaimRow(1, *claim_row(claim, 1, 1))
    assert remitted_claim(row) == claim
