"""A set of ours while a 277CA speaks of it: its claims by number, else by member, charge and date."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.inbound.facts import ClaimStatus, Status
from gateway.reconcile.answered_set import OurSet
from gateway.store.answers import AnsweredSubmission


class Counted(str):
    """A member id that counts how often it is looked at."""

    looks = 0

    def upper(self) -> str:
        Counted.looks += 1
        return str(self).upper()


def row(number: int, member: str, charge: int = 24000, **changed: Any) -> AnsweredSubmission:
    made = AnsweredSubmission(
        number, number, number, 1, 1, f"ACCT{number}", f"ACCT{number}", "1234567893", charge, member, "2026-01-15",
        "2026-01-15", "sent", None, "clear", "US", "THEM", "0001", "17", "000000017", "B17", 3,
    )  # fmt: skip
    return made._replace(**changed)


def said(number: str, member: str = "", charge: int | None = 24000, day: str = "2026-01-15") -> ClaimStatus:
    status = Status(9, ("A2:20",), "2026-02-02", "WQ", charge, "", "accept")
    return ClaimStatus(8, number, number, "", "", member, "", day, day, (status,), ())


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (said("ACCT2"), (2, "number")),
        (said("acct2", "M3"), (2, "number")),
        (said("OTHER", "m3"), (3, "member")),
        (said("", "M3", day=""), (3, "member")),
        (said("OTHER", "M3", charge=1), (None, "")),
        (said("OTHER", "M3", charge=None), (None, "")),
        (said("OTHER", "M3", day="2026-01-16"), (None, "")),
        (said("OTHER", "M1"), (None, "")),  # two claims of this member with this charge on this day
        (said("OTHER"), (None, "")),
    ],
)
def test_a_claim_is_found_by_number_and_else_by_member(claim: ClaimStatus, found: tuple[int | None, str]) -> None:
    """The number wins over the member; a member counts only with charge and date, and only where it is one claim."""
    ours = OurSet.of([row(1, "M1"), row(2, "M2"), row(3, "M3"), row(4, "M1"), row(5, "M5", 1)])
    one, rung = ours.find(claim, None)
    assert (one.id if one else None, rung) == found


def test_a_claim_of_a_big_set_is_found_without_looking_at_the_others() -> None:
    """Once every claim of an answer was compared with every claim of the set: 5,000 times 5,000 comparisons."""
    Counted.looks = 0
    ours = OurSet.of([row(number, Counted(f"M{number}")) for number in range(1, 101)])
    for number in range(1, 101):
        assert ours.find(said(f"ACCT{number}", f"M{number}"), None)[1] == "number"
        assert ours.find(said("OTHER", f"M{number}"), None)[1] == "member"
    assert Counted.looks == 100
