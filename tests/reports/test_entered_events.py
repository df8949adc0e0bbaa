"""What no file says: answers entered by hand, and taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from posting_desk import Desk, status_277
from report_desk import told

from gateway.claims.answers import answered
from gateway.claims.history import Event, History, Submission, Version, in_force
from gateway.claims.life import acknowledge
from gateway.errors import Refused, UsageError
from gateway.exchange.claim_events import Said, enter_event, take_back
from gateway.exchange.worklist import lists
from gateway.reports.story import shown
from gateway.store.claims import find_claims
from gateway.store.worklist import WorkFilters


def said(verdict: str, hop: str = "payer", day: str = "2026-02-05", **more: str) -> Said:
    about = {"text": "no claim on file", "source": "telephone", "by": "maria"} | more
    return Said(hop, verdict, day=day, **about)


def story(desk: Desk, number: str) -> list[dict[str, Any]]:
    with desk.store.read() as conn:
        events: list[dict[str, Any]] = shown(conn, find_claims(conn, number)[0].id)["events"]
    return events


@pytest.fixture
def sent(desk: Desk) -> Desk:
    """One claim that was sent and not answered, on a later day than the answers."""
    desk.sent(desk.claims("SENT1"))
    desk.clock = desk.clock.replace(month=3, day=1)
    return desk


@pytest.mark.parametrize(
    ("hop", "verdict", "state"),
    [
        ("clearinghouse", "accept", "accepted_clearinghouse"),
        ("clearinghouse", "reject", "rejected_clearinghouse"),
        ("payer", "accept", "accepted_payer"),
        ("payer", "reject", "rejected_payer"),
        ("payer", "pended", "pended"),
        ("payer", "info", "sent"),
    ],
)
def test_an_entered_answer_counts_like_one_of_a_file(sent: Desk, hop: str, verdict: str, state: str) -> None:
    """Every verdict of either hop gives the state that a file's would; what informs gives none."""
    assert enter_event(sent, "SENT1", None, said(verdict, hop))["state"] == state
    assert sent.state("SENT1") == state
    sent.agree()


def test_the_history_names_source_and_person(sent: Desk) -> None:
    """`claims why` says how it was said, and to whom; the payer's number that was told is known from then on."""
    made = enter_event(sent, "SENT1", None, said("accept", payer_number="ICN77"))
    (found,) = [one for one in story(sent, "SENT1") if one["kind"] == "entered"]
    assert (found["source"], found["by"], found["text"]) == ("telephone", "maria", "no claim on file")
    assert (found["said_on"], found["id"], found["taken_back"]) == ("2026-02-05", made["event"], False)
    assert numbers(sent) == ["ICN77"]
    take_back(sent, "SENT1", None, int(made["event"]), "it was another claim")
    assert numbers(sent) == []


def numbers(desk: Desk) -> list[str]:
    with desk.store.read() as conn:
        found: list[str] = shown(conn, find_claims(conn, "SENT1")[0].id)["payer_claim_numbers"]
    return found


def test_the_payers_number_of_a_277ca_is_shown(sent: Desk) -> None:
    """It is what a payer's telephone desk asks for, long before any payment."""
    accepted = status_277("SENT1 A2:20*20260203*WQ*240", entity="PR") + "\nREF*1K*ICN88"
    sent.receive(sent.envelope("277CA", accepted))
    assert numbers(sent) == ["ICN88"]


def test_the_later_day_wins_between_a_person_and_a_file(sent: Desk) -> None:
    """A file that says otherwise of a later day counts, of an earlier day it does not, in any order."""
    sent.receive(sent.envelope("277CA", status_277("SENT1 A2:20*20260203*WQ*240", entity="PR")))
    enter_event(sent, "SENT1", None, said("reject"))
    assert sent.state("SENT1") == "rejected_payer"
    later = status_277("SENT1 A2:20*20260209*WQ*240", entity="PR", bht="2")
    sent.receive(sent.envelope("277CA", later))
    assert sent.state("SENT1") == "accepted_payer"


def test_an_event_is_taken_back_by_another(sent: Desk) -> None:
    """It counts no more, both stay in the history, and it can be entered again; twice taken back is refused."""
    first = enter_event(sent, "SENT1", None, said("reject"))
    assert take_back(sent, "SENT1", None, int(first["event"]), "wrong claim")["state"] == "sent"
    kinds = [one["kind"] for one in story(sent, "SENT1")]
    assert kinds[-2:] == ["entered", "taken_back"]
    with pytest.raises(Refused, match="already"):
        take_back(sent, "SENT1", None, int(first["event"]), "again")
    with pytest.raises(UsageError, match="no entered event"):
        take_back(sent, "SENT1", None, 999_999, "another")
    with pytest.raises(UsageError, match="reason"):
        take_back(sent, "SENT1", None, int(first["event"]), " ")
    enter_event(sent, "SENT1", None, said("reject"))
    assert sent.state("SENT1") == "rejected_payer"
    sent.agree()


def test_an_answer_stays_with_the_submission_that_it_answered(sent: Desk) -> None:
    """What was said of the first file says nothing of the second."""
    enter_event(sent, "SENT1", None, said("reject"))
    with sent.store.read() as conn:
        claim = find_claims(conn, "SENT1")[0]
    row = sent.current("SENT1")
    assert row["outcome"] == "rejected"
    version = Version(1, 1, "1", "P", True, 24000)
    event = Event(5, "entered", "payer", "reject", submission_id=1, rank="2026-02-05")
    again = Submission(2, 1, 2, 2, "sent", "2026-02-10")
    life = acknowledge(History((version,), (Submission(1, 1, 1, 1, "sent", "2026-01-31"), again), (event,)))
    assert (life.state, claim.patient_control_number) == ("sent", "SENT1")


def test_a_rejection_that_was_entered_is_work(sent: Desk) -> None:
    """The list shows what was said, as there is no code."""
    enter_event(sent, "SENT1", None, said("reject", text="the member is not theirs"))
    (item,) = lists(sent, ["rejections"], WorkFilters(), None)["items"]
    assert (item["hop"], item["codes"][0]["label"]) == ("payer", "the member is not theirs")


def test_the_payers_number_is_no_code_of_a_rejection(sent: Desk) -> None:
    """It was told with the rejection, and says nothing of its reason."""
    enter_event(sent, "SENT1", None, said("reject", payer_number="ICN77"))
    assert [row["code"] for row in told(sent, "rejections")["by_code"]] == [""]
    (item,) = lists(sent, ["rejections"], WorkFilters(), None)["items"]
    assert [one["code"] for one in item["codes"]] == [""]


def test_what_only_informs_proves_no_delivery() -> None:
    """That nobody knows the claim must not make a delivery count as arrived."""
    unknown = Submission(1, 1, 1, 1, "unknown")
    event = Event(1, "entered", "payer", "info", submission_id=1)
    assert not answered(unknown, [event]).delivered
    assert answered(unknown, [event._replace(verdict="accept")]).delivered


def test_only_what_was_entered_can_be_taken_back() -> None:
    """An event of a file stays in force whatever names it."""
    file, entered = Event(1, "status", "payer", "reject"), Event(2, "entered", "payer", "reject")
    back = [Event(3 + n, "taken_back", "person", "info", codes=(f"event:{n}",)) for n in (1, 2)]
    assert file in in_force([file, entered, *back])
    assert entered not in in_force([file, entered, *back])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (said("pended", "clearinghouse"), "only a payer"),
        (said("reject", day="2026-12-24"), "not come yet"),
        (said("reject", text=" "), "--text"),
        (said("reject", source="dream"), "--source"),
        (said("duplicate"), "--verdict"),
    ],
)
def test_an_event_that_cannot_be_is_refused(sent: Desk, wrong: Said, why: str) -> None:
    """Nothing is kept of it."""
    before = sent.everything()
    with pytest.raises(UsageError, match=why):
        enter_event(sent, "SENT1", None, wrong)
    assert sent.everything() == before


def test_a_claim_that_was_not_sent_cannot_be_answered(desk: Desk) -> None:
    """Ready claims have no answer; of an unsettled delivery the batch is decided first; a dry run keeps nothing."""
    desk.claims("READY1")
    batch = desk.sent(desk.claims("UNKNOWN1"), state="unknown")
    with pytest.raises(Refused, match="not sent"):
        enter_event(desk, "READY1", None, said("reject", day="2026-01-31"))
    with pytest.raises(Refused, match=f"mark-sent {batch}"):
        enter_event(desk, "UNKNOWN1", None, said("accept", day="2026-01-31"))
    desk.sent(desk.claims("SENT1"), number=18)
    before = desk.everything()
    found = enter_event(desk, "SENT1", None, said("reject", day="2026-01-31"), dry_run=True)
    assert (found["state"], desk.everything()) == ("rejected_payer", before)
    assert json.dumps(found)
