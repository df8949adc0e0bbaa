"""What is done with a batch that went wrong: nothing is sent again while it may have arrived."""

from __future__ import annotations

import pytest

from gateway.errors import Refused
from gateway.outbound.resend import ClaimNow, plan_resend


def claim(state: str, *flags: str, newest: bool = True, number: int = 1) -> ClaimNow:
    return ClaimNow(number, number, state, flags, newest)


@pytest.mark.parametrize("state", ["built", "failed"])
def test_what_certainly_did_not_arrive_goes_again_as_it_is(state: str) -> None:
    """The same bytes with the same control numbers: the partner has never seen them."""
    assert plan_resend(1, state, "built", has_bytes=True, claims=[claim("batched")]).action == "same_bytes"


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_what_may_have_arrived_is_not_sent_again(state: str) -> None:
    """Only a listing, an answer or a person settles it."""
    plan = plan_resend(1, state, "built", has_bytes=True, claims=[claim("batched")])
    with pytest.raises(Refused, match="nobody knows"):
        plan.refuse()


@pytest.mark.parametrize("state", ["rejected_ta1", "rejected_999"])
def test_claims_that_never_got_in_go_into_a_new_batch(state: str) -> None:
    """Only the rejected ones, under new control numbers."""
    claims = [claim(state, number=1), claim("accepted_payer", number=2)]
    plan = plan_resend(1, "sent", "built", has_bytes=True, claims=claims)
    assert plan.action == "new_batch"
    assert [one.claim_id for one in plan.claims] == [1]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ([claim("sent")], "nobody has answered"),
        ([claim("rejected_payer")], "corrected first"),
        ([claim("rejected_clearinghouse"), claim("paid")], "corrected first"),
        ([claim("rejected_999", newest=False)], "nothing to send again"),
        ([claim("paid")], "nothing to send again"),
        ([claim("rejected_999"), claim("sent", "duplicate_suspected")], "has it already"),
    ],
)
def test_a_delivered_batch_is_refused_where_sending_again_could_double(claims: list[ClaimNow], why: str) -> None:
    """Silence, a rejection of single claims, a claim that went out again since, and a duplicate verdict."""
    with pytest.raises(Refused, match=why):
        plan_resend(7, "sent", "built", has_bytes=True, claims=claims).refuse()


@pytest.mark.parametrize(
    ("state", "origin"), [("cancelled", "built"), ("abandoned", "built"), ("sent", "already_sent")]
)
def test_what_is_not_ours_to_send_is_refused(state: str, origin: str) -> None:
    """A batch that was given up, and one that another system sent."""
    with pytest.raises(Refused, match="nothing to send"):
        plan_resend(7, state, origin, has_bytes=True, claims=[claim("sent")]).refuse()
