"""A claim's history tells what persons decided on its payments: who, when and why; on both claims of a wrong match."""

from __future__ import annotations

from typing import Any

from posting_desk import Desk, claim_835, header_835
from report_desk import told

from gateway.exchange.rules import adjustment_classes
from gateway.reconcile.remittance_decisions import match, post_as_is, undo, unmatch
from gateway.reports.story import shown


def decide(desk: Desk, what: Any, *subject: int, **said: Any) -> None:
    with desk.store.write() as conn:
        what(conn, *subject, actor="eva", now=desk.now(), **said)


def decided(desk: Desk, claim_id: int) -> list[tuple[str, str, str]]:
    """Kind, source and the last words of each line about a decision."""
    with desk.store.read() as conn:
        events = shown(conn, claim_id)["events"]
    found = [one for one in events if one["kind"].startswith("payment_")]
    assert [one["at"] for one in found] == sorted(one["at"] for one in found)
    assert all("CHK1" in one["text"] for one in found)
    return [(one["kind"], one["source"], one["text"].rpartition(": ")[2]) for one in found]


def test_a_wrong_match_is_told_on_both_claims(desk: Desk) -> None:
    """Moved to another claim and back: each claim says what it lost and what it got, and the money is where it was."""
    ((first, _), (second, _)) = desk.claims("A1", "B1")
    desk.sent([(first, 1), (second, 2)])
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    before = told(desk, "reconciliation")
    decide(desk, match, 1, second, reason="the payer mixed them up")
    decide(desk, unmatch, 1, reason="it did not")
    decide(desk, match, 1, first, reason="found in the portal")
    assert decided(desk, first) == [
        ("payment_unmatch", "person eva", "the payer mixed them up"),
        ("payment_match", "person eva", "found in the portal"),
    ]
    assert decided(desk, second) == [
        ("payment_match", "person eva", "the payer mixed them up"),
        ("payment_unmatch", "person eva", "it did not"),
    ]
    after = told(desk, "reconciliation")
    assert (after["money"], after["remittances"], after["claims"]) == (
        before["money"], before["remittances"], before["claims"],
    )  # fmt: skip


def test_a_payment_taken_back_and_posted_again_is_told(desk: Desk) -> None:
    """With the reason of each; what the gateway posted by itself is the payment's own line."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    assert decided(desk, 1) == []
    decide(desk, undo, 1, reason="not our bank account")
    decide(desk, post_as_is, 1, reason="it was ours", classes=adjustment_classes())
    assert decided(desk, 1) == [
        ("payment_undo", "person eva", "not our bank account"),
        ("payment_post", "person eva", "it was ours"),
    ]
    assert desk.state("A1") == "paid"
