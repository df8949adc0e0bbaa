"""What is done with a batch that went wrong: nothing is sent again while it may have arrived."""

from __future__ import annotations

import pytest

from gateway.errors import Refused
from gateway.outbound.resend import BatchNow, ClaimNow, ResendPlan, Vouched, plan_resend


def claim(state: str, *flags: str, newest: bool = True, number: int = 1) -> ClaimNow:
    return ClaimNow(number, number, state, flags, newest)


def plan(state: str, *claims: ClaimNow, origin: str = "built", vouched: Vouched = "") -> ResendPlan:
    return plan_resend(BatchNow(7, state, origin, has_bytes=True), claims, vouched)


@pytest.mark.parametrize("state", ["built", "failed"])
def test_what_certainly_did_not_arrive_goes_again_as_it_is(state: str) -> None:
    """The same bytes with the same control numbers: the partner has never seen them."""
    assert plan(state, claim("batched")).action == "same_bytes"


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_what_may_have_arrived_is_not_sent_again(state: str) -> None:
    """Only a listing, an answer or a person settles it."""
    with pytest.raises(Refused, match="nobody knows"):
        plan(state, claim("batched")).refuse()


@pytest.mark.parametrize("state", ["rejected_ta1", "rejected_999"])
def test_claims_that_never_got_in_go_into_a_new_batch(state: str) -> None:
    """Only the rejected ones, under new control numbers."""
    planned = plan("sent", claim(state, number=1), claim("accepted_payer", number=2))
    assert planned.action == "new_batch"
    assert [one.claim_id for one in planned.claims] == [1]


def test_what_the_receiver_has_already_stays_out_and_keeps_nobody() -> None:
    """One claim that is taken for a duplicate is no reason to leave a rejected set where it is."""
    there = claim("accepted_999", "duplicate_suspected", number=2)
    planned = plan("sent", claim("rejected_999", number=1), there)
    assert (planned.action, [one.claim_id for one in planned.claims]) == ("new_batch", [1])
    assert "1 claim that the receiver has already stays out" in planned.risk
    assert plan("sent", claim("rejected_999", "duplicate_suspected")).action == "refuse"


def test_a_person_may_say_that_rejected_claims_are_right() -> None:
    """An enrolment that was missing, for example: they go anew as they are, and only these."""
    claims = [claim("rejected_payer", number=1), claim("paid", number=2), claim("rejected_clearinghouse", number=3)]
    planned = plan("sent", *claims, vouched="as_is")
    assert (planned.action, [one.claim_id for one in planned.claims]) == ("new_batch", [1, 3])
    assert plan("sent", claim("paid"), vouched="as_is").action == "refuse"
    assert plan("sent", claim("sent"), vouched="as_is").action == "refuse"
    assert plan("unknown", claim("batched"), vouched="as_is").action == "refuse"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ([claim("sent")], "nobody has answered"),
        ([claim("rejected_payer")], "corrected first"),
        ([claim("rejected_clearinghouse"), claim("paid")], "corrected first"),
        ([claim("rejected_999", newest=False)], "nothing to send again"),
        ([claim("paid")], "nothing to send again"),
        ([claim("accepted_999"), claim("sent", "duplicate_suspected")], "has it already"),
    ],
)
def test_a_delivered_batch_is_refused_where_sending_again_could_double(claims: list[ClaimNow], why: str) -> None:
    """Silence, a rejection of single claims, a claim that went out again since, and a duplicate verdict."""
    with pytest.raises(Refused, match=why):
        plan("sent", *claims).refuse()


@pytest.mark.parametrize(
    ("state", "origin"), [("cancelled", "built"), ("abandoned", "built"), ("sent", "already_sent")]
)
def test_what_is_not_ours_to_send_is_refused(state: str, origin: str) -> None:
    """A batch that was given up, and one that another system sent."""
    with pytest.raises(Refused, match="nothing to send"):
        plan(state, claim("sent"), origin=origin).refuse()
