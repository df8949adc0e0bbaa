"""A batch's state after answers speaks of TA1 and 999 alone."""

from __future__ import annotations

import pytest

from gateway.outbound.verdicts import Answer, answered_state

ACCEPT_1, ACCEPT_2 = Answer("ack_set", "accept", 1, 60), Answer("ack_set", "accept", 2, 40)
REJECT_1, REJECT_2 = Answer("ack_set", "reject", 1, 60), Answer("ack_set", "reject", 2, 40)
TA1_ACCEPT, TA1_REJECT = Answer("ta1", "accept", None, 100), Answer("ta1", "reject", None, 100)
TA1_DUPLICATE = Answer("ta1", "duplicate", None, 100)


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([], "sent"),
        ([TA1_ACCEPT], "sent"),
        ([TA1_REJECT], "rejected"),
        ([TA1_DUPLICATE], "sent"),
        ([ACCEPT_1], "sent"),
        ([ACCEPT_1, ACCEPT_2], "accepted"),
        ([ACCEPT_1, REJECT_2], "partially_accepted"),
        ([REJECT_1, REJECT_2], "rejected"),
        ([REJECT_1], "sent"),
        ([ACCEPT_1, REJECT_1, ACCEPT_2], "partially_accepted"),
        ([REJECT_1, ACCEPT_1, ACCEPT_2], "partially_accepted"),
        ([TA1_REJECT, ACCEPT_1, ACCEPT_2], "rejected"),
        ([Answer("ack_group", "accept", None, 100)], "accepted"),
        ([Answer("ack_group", "reject", None, 100)], "rejected"),
    ],
)
def test_the_state_of_two_sets(answers: list[Answer], state: str) -> None:
    """Sixty claims in one set, forty in the other; a rejection of a set stands beside a later acceptance."""
    assert answered_state("sent", 100, answers) == state
