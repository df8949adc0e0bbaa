"""The short way of the money fold, which nearly every claim takes, gives what the long one gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from posted_claims import CENTS, any_posted

from gateway.claims.history import LiveVersion, Version
from gateway.reconcile.money import fold_in_full, fold_money
from gateway.reconcile.posted import PostedClaim

STATUSES = st.sampled_from(["1", "2", "3", "4", "19", "20", "21", "22", "23", "25", "", "9"])
VERSIONS = st.builds(
    Version,
    id=st.just(7),
    number=st.sampled_from([1, 2]),
    frequency=st.sampled_from(["1", "2", "5", "7", "8"]),
    payer_responsibility=st.sampled_from(["P", "S", "U", ""]),
    has_money=st.booleans(),
    charge=CENTS,
    payer_id=st.sampled_from(["99001", "99002"]),
    payer_key=st.sampled_from(["99001", "99003", ""]),
)
POSTED = any_posted(STATUSES)


@given(VERSIONS, st.booleans(), POSTED)
def test_one_version_paid_once_folds_as_any_claim(version: Version, delivered: bool, posted: PostedClaim) -> None:
    """Whatever status, amounts, frequency and payer: amounts, legs, flags and life are the same."""
    live = LiveVersion(version, delivered, "2026-01-05" if delivered else "", False)
    assert fold_money([live], [posted]) == fold_in_full([live], [posted])
