"""What waits for a person is shown as it was at the time that is asked about."""

from __future__ import annotations

from posting_desk import Desk, claim_835, header_835, status_277
from report_desk import told

from gateway.exchange.remittances import post_as_is, undo
from gateway.store.batches import set_state
from gateway.store.tables import remittances


def waits(desk: Desk, as_of: str | None = None) -> dict[str, int]:
    return dict(told(desk, "reconciliation", as_of).get("waiting", {}))


def test_what_is_parked_later_does_not_wait_before(desk: Desk) -> None:
    """A payment that is parked and a file that cannot be read change no report of an earlier time."""
    desk.sent(desk.claims("A1"))
    before = told(desk, "reconciliation")
    desk.receive(desk.envelope("835", header_835("181") + claim_835("A1")))
    desk.receive("GARBAGE \x00\x01\x02")
    assert told(desk, "reconciliation", before["as_of"]) == before
    assert waits(desk) == {"file_quarantined": 1, "set_parked": 1}


def test_what_was_settled_since_waited_then(desk: Desk) -> None:
    """A payment that a person posted, or took back, and an answer that was released: each time as it was."""
    desk.sent(desk.claims("A1"))
    profiles = dict(desk.profiles)
    desk.add_partner("clear", "SUBMITTER", "CLEARHOUSE", usage="P")
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    desk.receive(desk.envelope("277CA", status_277("A1 A1:19*20260202*WQ*240")))
    parked = told(desk, "reconciliation")
    assert parked["waiting"] == {"set_parked": 2}
    desk.profiles.update(profiles)
    (payment,) = desk.rows(remittances)
    post_as_is(desk, payment["id"], "a test payer that pays")
    desk.reprocess(desk.file_ids()[1])
    posted = told(desk, "reconciliation")
    assert "waiting" not in posted
    undo(desk, payment["id"], "it did not, after all")
    undone = told(desk, "reconciliation")
    assert undone["waiting"] == {"set_parked": 1}
    assert [row["status"] for row in desk.rows(remittances)] == ["parked"]
    listed = [told(desk, "payments", one["as_of"])["list"][0] for one in (parked, posted, undone)]
    assert [(one["status"], one["open"]) for one in listed] == [
        ("parked", "180.00"),
        ("closed", "0.00"),
        ("undone", "0.00"),
    ]
    assert [one["reason"].startswith("undone") for one in listed] == [False, False, True]
    for one in (parked, posted, undone):
        assert waits(desk, one["as_of"]) == one.get("waiting", {})


def test_money_at_no_claim_waits(desk: Desk) -> None:
    """Money of nobody, a payment taken back that was never here, one paid twice: each is told until it is settled."""
    desk.sent(desk.claims("A1", "B1"))
    nobodys = claim_835("ZZ9", payer_number="Z") + claim_835("A1", "-180", charge="-240", status="22")
    desk.receive(desk.envelope("835", header_835("0", "CHK1") + nobodys))
    desk.receive(desk.envelope("835", header_835("180", "CHK2") + claim_835("B1", payer_number="P2")))
    desk.receive(desk.envelope("835", header_835("180", "CHK3") + claim_835("B1", payer_number="P2")))
    before = told(desk, "reconciliation")
    assert before["waiting"] == {"remitted_unmatched": 1, "reversal_waits": 1, "credit": 1}
    desk.receive(desk.envelope("835", header_835("180", "CHK0", date="20260109") + claim_835("A1")))
    assert waits(desk) == {"remitted_unmatched": 1, "credit": 1}
    assert told(desk, "reconciliation", before["as_of"]) == before


def test_a_delivery_waits_from_its_batch_on(desk: Desk) -> None:
    """A batch that was made later is in no earlier report."""
    before = told(desk, "reconciliation")
    batch = desk.sent(desk.claims("A1"), state="sending")
    with desk.store.write() as conn:
        set_state(conn, batch, "unknown", at=desk.now())
    assert waits(desk) == {"delivery_unknown": 1}
    assert told(desk, "reconciliation", before["as_of"]) == before
