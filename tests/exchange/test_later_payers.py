"""Coordination of benefits through the door: the claim to the next payer, what it is held against, and the money."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from door_files import bring, counts
from later_payers import answer, send, to_next_payer
from posting_desk import Desk, status_277

from gateway.app import App
from gateway.claims.samples import sample_claims
from gateway.errors import Refused, UsageError
from gateway.exchange.claim_decisions import find_claim
from gateway.exchange.intake import Door
from gateway.exchange.replacing import Wish, replace, void
from gateway.exchange.resending import plan
from gateway.exchange.worklist import lists
from gateway.store import Store
from gateway.store import claims as store_claims
from gateway.store.batches import list_batches
from gateway.store.claims import ClaimRow, VersionRow
from gateway.store.worklist import WorkFilters

SECOND = {"id": "88002", "name": "SECOND HELP"}
THIRD = {"id": "88003", "name": "THIRD HELP"}
CO_45 = [{"group": "CO", "reasons": [{"code": "45", "amount": "125.00"}]}]
OF_FIRST = [*CO_45, {"group": "PR", "reasons": [{"code": "2", "amount": "75.00"}]}]
OF_SECOND = [
    {"group": "OA", "reasons": [{"code": "23", "amount": "425.00"}]},
    {"group": "CO", "reasons": [{"code": "45", "amount": "10.00"}]},
]


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door.of(desk, desk.home.path)


@pytest.fixture
def first() -> dict[str, Any]:
    """A claim of 500.00 to Medicare as the first payer, with one line."""
    found = next(one for one in sample_claims(60, 3, date(2026, 1, 5)) if one["payer"]["id"] == "99100")
    line = found["lines"][0] | {"charge": "500.00", "quantity": "1"}
    return found | {"charge": "500.00", "lines": [line]}


def claim_of(door: Door, document: dict[str, Any]) -> ClaimRow:
    with door.store.read() as conn:
        return find_claim(conn, document["patient_control_number"])


def second_of(first: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return to_next_payer(first, SECOND, order="S", paid="300.00", adjustments=OF_FIRST) | changes


def paid_first(desk: Desk, door: Door, first: dict[str, Any]) -> ClaimRow:
    """The claim went to the first payer, which paid 300.00 and left 75.00 to the patient."""
    bring(door, [first])
    claim = claim_of(door, first)
    send(desk, claim)
    answer(desk, first, paid="300.00", number="P1", adjustments="CO*45*125.00 PR*2*75.00")
    return claim


def sent_on(desk: Desk, door: Door, first: dict[str, Any]) -> tuple[ClaimRow, dict[str, Any]]:
    """The same, and then it went to the second payer; the claim, and what was sent there."""
    claim, second = paid_first(desk, door, first), second_of(first)
    bring(door, [second])
    send(desk, claim, number=18)
    return claim, second


def paid_once(desk: Desk, door: Door) -> tuple[ClaimRow, dict[str, Any]]:
    """A claim that its only payer paid as P1, with its document."""
    document = next(one for one in sample_claims(9, 1, date(2026, 1, 5)) if one["payer"]["id"] != "99100")
    bring(door, [document])
    claim = claim_of(door, document)
    send(desk, claim)
    answer(desk, document, paid="50.00", number="P1")
    return claim, document


def rejected_again(desk: Desk, document: dict[str, Any], code: str) -> None:
    """The clearinghouse rejects what was sent in batch 18."""
    said = f"{document['patient_control_number']} {code}*20260212*U*{document['charge']}"
    desk.receive(desk.envelope("277CA", status_277(said, reference="B18")))


def newest(door: Door, claim: ClaimRow) -> VersionRow:
    with door.store.read() as conn:
        found = store_claims.newest_version(conn, claim.id)
    assert found is not None
    return found


def money(desk: Desk, document: dict[str, Any]) -> dict[str, int]:
    row = desk.current(document["patient_control_number"])
    names = ("paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
    return {name: row[name] for name in names if row[name]}


def test_a_claim_goes_from_payer_to_payer(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """Medicare 500 = 300 + 75 + 125, then 65 + 425 of earlier payers + 10: paid 365, contractual 135, nothing open."""
    claim = paid_first(desk, door, first)
    assert money(desk, first) == {"paid": 30000, "patient_responsibility": 7500, "contractual": 12500}
    second = second_of(first)
    tally = bring(door, [second])
    assert (counts(tally), tally.issues) == ((1, 0, 0, 0), [])
    assert desk.state(first["patient_control_number"]) == "paid"
    send(desk, claim, number=18)
    answer(desk, second, paid="65.00", number="S1", status="2", trace="T2", adjustments="OA*23*425.00 CO*45*10.00")
    assert money(desk, first) == {"paid": 36500, "contractual": 13500}
    with door.store.read() as conn:
        assert [one.payer_responsibility for one in store_claims.versions_of(conn, claim.id)] == ["P", "S"]
    desk.agree()


def test_a_third_payer_follows(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """The next submission of the same claim again, behind two payers that decided."""
    claim, second = sent_on(desk, door, first)
    adjustments = "OA*23*425.00 PR*3*10.00"
    answer(desk, second, paid="65.00", number="S1", status="2", trace="T2", adjustments=adjustments)
    of_second = [OF_SECOND[0], {"group": "PR", "reasons": [{"code": "3", "amount": "10.00"}]}]
    third = to_next_payer(second, THIRD, order="T", paid="65.00", adjustments=of_second)
    tally = bring(door, [third])
    assert (counts(tally), tally.issues) == ((1, 0, 0, 0), [])
    send(desk, claim, number=19)
    answer(desk, third, paid="10.00", number="T1", status="3", trace="T3", adjustments="OA*23*490.00")
    assert money(desk, first) == {"paid": 37500, "contractual": 12500}


def test_the_first_payer_comes_first(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """A claim to the second payer does not push out the one to the first, which waits to be sent."""
    bring(door, [first])
    tally = bring(door, [second_of(first)])
    assert counts(tally) == (0, 0, 0, 1)
    assert "is not sent yet" in tally.issues[0]["text"]
    assert desk.state(first["patient_control_number"]) == "ready"
    again = {**first, "patient_control_number": "BOTH1"}
    assert counts(bring(door, [again, second_of(again)]))[3] == 1


def test_what_does_not_fit_the_store_is_told(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """Another first payer than the claim went to, other money than it paid: the biller sees both, and may send."""
    paid_first(desk, door, first)
    other = second_of(first | {"payer": {"id": "77001", "name": "SOMEBODY"}})
    other["other_payers"][0] |= {"paid": "310.00"}
    other["other_payers"][0]["adjustments"] = [{"group": "CO", "reasons": [{"code": "45", "amount": "190.00"}]}]
    tally = bring(door, [other])
    assert counts(tally) == (1, 0, 0, 0)
    assert {one["code"] for one in tally.issues} == {"earlier_payer_other", "earlier_payer_paid_other"}
    assert "310.00 on the claim, 300.00 in their remittances" in str(tally.issues)


def test_a_second_payer_before_the_first_has_answered(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """Paper may have come instead; it is only said."""
    bring(door, [first])
    send(desk, claim_of(door, first))
    tally = bring(door, [second_of(first)])
    assert counts(tally) == (1, 0, 0, 0)
    assert [one["code"] for one in tally.issues] == ["earlier_payer_unanswered"]


def test_what_the_payer_forwarded_is_held(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """CLP02 19: the second payer has it from the first one, so that ours would come twice."""
    bring(door, [first])
    send(desk, claim_of(door, first))
    answer(desk, first, paid="300.00", number="P1", status="19", adjustments="CO*45*125.00 PR*2*75.00")
    tally = bring(door, [second_of(first)])
    assert counts(tally) == (0, 1, 0, 0)
    assert [one["code"] for one in tally.issues] == ["forwarded_already"]


def test_a_rejected_claim_to_a_second_payer_is_corrected(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """The first payer has paid; what the clearinghouse rejects on the way to the second goes out again as it was."""
    _claim, second = sent_on(desk, door, first)
    assert counts(bring(door, [second | {"prior_authorization": "PA1"}])) == (0, 0, 0, 1)
    said = status_277(f"{first['patient_control_number']} A7:562*20260212*U*500", reference="B18")
    desk.receive(desk.envelope("277CA", said))
    assert "resubmission_rejected" in desk.current(first["patient_control_number"])["flags"]
    assert counts(bring(door, [second | {"prior_authorization": "PA1"}])) == (1, 0, 0, 0)
    assert money(desk, first)["paid"] == 30000


@pytest.mark.parametrize("order", ["", "S"])
def test_a_correction_never_names_another_payers_number(
    desk: Desk, door: Door, first: dict[str, Any], tmp_path: Path, order: str
) -> None:
    """What was rejected on the way to the second payer is an original again, without the first payer's number."""
    claim, second = sent_on(desk, door, first)
    said = status_277(f"{first['patient_control_number']} A7:562*20260212*U*500", reference="B18")
    desk.receive(desk.envelope("277CA", said))
    with pytest.raises(Refused, match="nothing to take back"):
        void(door, claim_of(door, first), Wish("pat", "wrong", order="S"))
    file = tmp_path / "corrected.json"
    file.write_text(json.dumps(second | {"prior_authorization": "PA1"}))
    tally = replace(door, claim_of(door, first), file, Wish("pat", "authorization", order=order))
    assert (counts(tally), tally.issues) == ((1, 0, 0, 0), [])
    version = newest(door, claim)
    body = json.loads(version.body)
    assert (version.frequency, version.payer_responsibility) == ("1", "S")
    assert "payer_claim_control_number" not in body


@pytest.mark.parametrize("way", ["replace", "import"])
def test_what_a_second_payer_could_not_process_goes_there_anew(
    desk: Desk, door: Door, first: dict[str, Any], tmp_path: Path, way: str
) -> None:
    """MA130 from the second payer, while the first has paid: a new original to the second, once, and no void."""
    claim = paid_first(desk, door, first)
    second = second_of(first)
    corrected = second | {"prior_authorization": "PA1"}
    bring(door, [second])
    send(desk, claim, number=18)
    assert counts(bring(door, [corrected])) == (0, 0, 0, 1)
    answer(desk, second, paid="0", number="S1", status="2", trace="T2", adjustments="OA*23*425.00 CO*16*75.00",
           remark="MA130")  # fmt: skip
    assert desk.state(first["patient_control_number"]) == "partly_paid"
    with pytest.raises(Refused, match="only a new claim helps"):
        void(door, claim, Wish("pat", "wrong", order="S"))
    file = tmp_path / "corrected.json"
    file.write_text(json.dumps(corrected))
    tally = replace(door, claim, file, Wish("pat", "authorization")) if way == "replace" else bring(door, [corrected])
    assert (counts(tally), tally.issues) == ((1, 0, 0, 0), [])
    version = newest(door, claim)
    assert (version.frequency, version.payer_responsibility) == ("1", "S")
    assert money(desk, first)["paid"] == 30000
    send(desk, claim, number=19)
    again = corrected | {"prior_authorization": "PA2"}
    file.write_text(json.dumps(again))
    assert counts(bring(door, [again])) == (0, 0, 0, 1)
    with pytest.raises(Refused):
        replace(door, claim, file, Wish("pat", "twice"))
    answer(desk, corrected, paid="65.00", number="S2", status="2", trace="T3", adjustments="OA*23*425.00 CO*45*10.00")
    assert money(desk, first) == {"paid": 36500, "contractual": 13500}
    desk.agree()


def test_what_a_second_payer_paid_in_part_is_not_asked_for_again(
    desk: Desk, door: Door, first: dict[str, Any], tmp_path: Path
) -> None:
    """MA130 beside a payment: an original would be a second one; the refusal says what helps."""
    claim, second = sent_on(desk, door, first)
    answer(desk, second, paid="30.00", number="S1", status="2", trace="T2", adjustments="OA*23*425.00 CO*16*45.00",
           remark="MA130")  # fmt: skip
    corrected = second | {"prior_authorization": "PA1"}
    file = tmp_path / "corrected.json"
    file.write_text(json.dumps(corrected))
    with pytest.raises(Refused, match="ask it to reopen the claim"):
        replace(door, claim, file, Wish("pat", "authorization"))
    assert counts(bring(door, [corrected])) == (0, 0, 0, 1)


def test_a_rejected_replacement_stays_a_replacement(desk: Desk, door: Door, tmp_path: Path) -> None:
    """The payer has paid the original: the correction of a rejected 7 is a 7 again, and an original is refused."""
    claim, document = paid_once(desk, door)
    file = tmp_path / "corrected.json"
    file.write_text(json.dumps(document | {"prior_authorization": "PA1"}))
    replace(door, claim, file, Wish("pat", "authorization"))
    send(desk, claim, number=18)
    rejected_again(desk, document, "A7:562")
    assert "resubmission_rejected" in desk.current(document["patient_control_number"])["flags"]
    again = document | {"prior_authorization": "PA2"}
    assert counts(bring(door, [again])) == (0, 0, 0, 1)
    file.write_text(json.dumps(again))
    assert counts(replace(door, claim, file, Wish("pat", "again"))) == (1, 0, 0, 0)
    version = newest(door, claim)
    assert (version.frequency, json.loads(version.body)["payer_claim_control_number"]) == ("7", "P1")


def test_a_rejected_void_goes_out_with_another_number(desk: Desk, door: Door) -> None:
    """The same once more is refused with what helps; with the right number of the payer's it is a new version."""
    claim, document = paid_once(desk, door)
    void(door, claim, Wish("pat", "wrong patient"))
    send(desk, claim, number=18)
    rejected_again(desk, document, "A3:464")
    (item,) = lists(desk, ["rejections"], WorkFilters(), None)["items"]
    assert "claims void" in item["next"]["command"]
    with pytest.raises(Refused, match="--payer-number"):
        void(door, claim, Wish("pat", "again"))
    assert counts(void(door, claim, Wish("pat", "again", payer_number="P2"))) == (1, 0, 0, 0)
    version = newest(door, claim)
    assert (version.frequency, json.loads(version.body)["payer_claim_control_number"]) == ("8", "P2")


def test_a_rejected_file_to_a_second_payer_goes_out_anew(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """What the worklist proposes after a TA1: `batches resend` takes the claim though the first payer has paid it."""
    claim = paid_first(desk, door, first)
    bring(door, [second_of(first)])
    send(desk, claim, number=18)
    app = cast(App, desk)  # planning asks for its store alone
    with desk.store.read() as conn:
        batch = max(list_batches(conn), key=lambda one: one.id)
    before = plan(app, batch.id)
    assert (before.action, before.claims) == ("refuse", ())
    desk.receive(desk.ta1(18, "R", "006", sender="B", receiver="A"))
    assert desk.state(first["patient_control_number"]) == "paid"
    planned = plan(app, batch.id)
    assert (planned.action, [one.claim_id for one in planned.claims]) == ("new_batch", [claim.id])


def test_a_change_at_a_payer_that_gave_no_number_asks_for_it(
    desk: Desk, door: Door, first: dict[str, Any], tmp_path: Path
) -> None:
    """The number that the first payer gave is not offered to the second."""
    _claim, second = sent_on(desk, door, first)
    file = tmp_path / "corrected.json"
    file.write_text(json.dumps(second | {"prior_authorization": "PA1"}))
    with pytest.raises(UsageError, match="--payer-number: none is known"):
        replace(door, claim_of(door, first), file, Wish("pat", "told", order="S", adjudicated=True))


def test_a_replacement_to_the_second_payer(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """It replaces what that payer decided, and leaves the first payer's money alone."""
    claim, second = sent_on(desk, door, first)
    answer(desk, second, paid="65.00", number="S1", status="2", trace="T2", adjustments="OA*23*425.00 CO*45*10.00")
    seven = second | {"frequency": "7", "payer_claim_control_number": "S1", "prior_authorization": "PA1"}
    assert counts(bring(door, [seven])) == (1, 0, 0, 0)
    assert money(desk, first) == {"paid": 36500, "contractual": 13500}
    send(desk, claim, number=19)
    answer(desk, second, paid="-65.00", number="S1", status="22", trace="T3", adjustments="OA*23*-425.00 CO*45*-10.00")
    answer(desk, second, paid="75.00", number="S2", status="2", trace="T4", adjustments="OA*23*425.00")
    assert money(desk, first) == {"paid": 37500, "contractual": 12500}


def test_a_change_for_a_payer_that_never_got_it(desk: Desk, door: Door, first: dict[str, Any]) -> None:
    """There is nothing to replace at the second payer while only the first has the claim."""
    paid_first(desk, door, first)
    seven = second_of(first, frequency="7", payer_claim_control_number="S1")
    tally = bring(door, [seven])
    assert counts(tally) == (0, 0, 0, 1) and tally.issues[0]["code"] == "never_sent"


@pytest.mark.parametrize(("frequency", "code", "ready"), [("7", "replacement_unknown", 1), ("8", "void_unknown", 0)])
def test_a_change_of_a_claim_that_was_never_sent(door: Door, frequency: str, code: str, ready: int) -> None:
    """The store knows no original: a void is held, a replacement is told; what is only ready has nothing to change."""
    document = next(one for one in sample_claims(9, 1, date(2026, 1, 5)) if one["payer"]["id"] != "99100")
    change = {"frequency": frequency, "payer_claim_control_number": "P1"}
    tally = bring(door, [document | change])
    assert counts(tally) == (ready, 1 - ready, 0, 0)
    assert code in {one["code"] for one in tally.issues}
    other = document | {"patient_control_number": "OTHER1", "patient_paid": "1.00", "prior_authorization": "PA9"}
    bring(door, [other | {"lines": [document["lines"][0]], "charge": document["lines"][0]["charge"]}])
    refused = bring(door, [other | change])
    assert counts(refused) == (0, 0, 0, 1) and refused.issues[0]["code"] == "never_sent"
