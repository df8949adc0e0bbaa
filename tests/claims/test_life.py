"""A claim's life as a table of cases: what was recorded, and where the claim stands then."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.claims.events import DISTANCE, KINDS, is_known
from gateway.claims.history import Event, History, Submission, Version
from gateway.claims.life import REJECTED, SILENT, STATES, Adjudication, Current, acknowledge, settle

PAID = Adjudication(remitted=1, standing=1, answered=1, paid=10000)


def version(number: int = 1, **more: object) -> Version:
    made: dict[str, object] = {
        "frequency": "1", "payer_responsibility": "P", "has_money": True, "charge": 20000,
        "recorded_at": f"2026-01-0{number}", **more,
    }  # fmt: skip
    return Version(id=number, number=number, **made)  # type: ignore[arg-type]


def submission(number: int = 1, of: int = 1, delivery: str = "sent", **more: object) -> Submission:
    """Submission n stands in set n of batch n."""
    sent_at = f"2026-01-1{number}T08:00" if delivery == "sent" else ""
    return Submission(number, of, number, number, delivery, **{"sent_at": sent_at, **more})  # type: ignore[arg-type]


def event(kind: str, hop: str, verdict: str, id_: int = 1, **more: object) -> Event:
    return Event(id_, kind, hop, verdict, **more)  # type: ignore[arg-type]


def ack(verdict: str, of: int = 1, id_: int = 10) -> Event:
    return event("ack_set", "999", verdict, id_, set_id=of)


def said(hop: str, verdict: str, rank: str = "2026-01-12", of: int = 1, code: str = "A1:19", id_: int = 20) -> Event:
    return event("status", hop, verdict, id_, submission_id=of, rank=rank, codes=(code,))


def stands(
    *recorded: Version | Submission | Event,
    money: Adjudication = Adjudication(),  # noqa: B008 - a frozen value
) -> Current:
    history = History(
        tuple(one for one in recorded if isinstance(one, Version)) or (version(),),
        tuple(one for one in recorded if isinstance(one, Submission)),
        tuple(one for one in recorded if isinstance(one, Event)),
    )
    return settle(acknowledge(history), money)


# ── before it leaves ─────────────────────────────────────────────────────────────────────────────────────────────────

HELD = event("held", "own", "reject", 1, version_id=1, recorded_at="2026-01-01T01")
HOLD = event("hold", "person", "reject", 3, version_id=1, recorded_at="2026-01-03")
RELEASED = event("released", "person", "accept", 2, version_id=1, recorded_at="2026-01-02")
CANCELLED = event("cancelled", "person", "info", 4, version_id=1, recorded_at="2026-01-04")
REOPENED = event("reopened", "person", "info", 5, version_id=1, recorded_at="2026-01-05")


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "ready"),
        ([HELD], "held"),
        ([HELD, RELEASED], "ready"),
        ([RELEASED, HELD], "ready"),
        ([HELD, RELEASED, HOLD], "held"),
        ([HOLD], "held"),
        ([CANCELLED], "cancelled"),
        ([HELD, CANCELLED], "cancelled"),
        ([CANCELLED, REOPENED], "ready"),
        ([event("held", "own", "reject", 1, recorded_at="2026-01-01")], "held"),
    ],
)
def test_before_it_leaves(events: list[Event], state: str) -> None:
    """Held by an edit or a person, released, cancelled, reopened: the last decision counts."""
    current = stands(*events)
    assert (current.state, current.stage, current.outcome) == (state, state, "")


@pytest.mark.parametrize("delivery", ["building", "built", "sending", "unknown", "failed"])
def test_batched_also_while_delivery_is_unknown_or_failed(delivery: str) -> None:
    """A claim in a batch that is not known to have arrived is batched."""
    current = stands(submission(delivery=delivery))
    assert (current.state, current.stage) == ("batched", "batched")
    assert current.flags == ((f"delivery_{delivery}",) if delivery in ("unknown", "failed") else ())


@pytest.mark.parametrize("delivery", ["cancelled", "abandoned"])
def test_a_batch_that_was_given_up_gives_its_claims_back(delivery: str) -> None:
    """The claim is ready for the next batch."""
    assert stands(submission(delivery=delivery)).stage == "ready"
    assert stands(submission(1, delivery=delivery), submission(2, delivery="built")).stage == "batched"


def test_a_correction_while_held() -> None:
    """New content while the claim is held is a new version; what it replaced is out of the way."""
    assert stands(version(1), version(2), HELD).state == "ready"


def test_a_cancelled_correction_does_not_revive_what_it_replaced() -> None:
    """Cancelling the newest version of what was never sent cancels the claim."""
    cancelled = event("cancelled", "person", "info", version_id=2, recorded_at="2026-01-09")
    assert stands(version(1), version(2), cancelled).state == "cancelled"


def test_a_cancelled_replacement_leaves_what_was_sent() -> None:
    """A replacement that was given up changes nothing about the claim at the payer."""
    cancelled = event("cancelled", "person", "info", version_id=2, recorded_at="2026-01-09")
    current = stands(version(1), version(2, frequency="7"), submission(), ack("accept"), cancelled)
    assert (current.version_id, current.state, current.stage) == (1, "accepted_999", "sent")


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

TA1 = {verdict: event("ta1", "ta1", verdict, batch_id=1) for verdict in ("accept", "reject", "duplicate")}


@pytest.mark.parametrize(
    ("events", "state", "outcome"),
    [
        ([], "sent", "silent"),
        ([TA1["accept"]], "sent", "silent"),
        ([TA1["reject"]], "rejected_ta1", "rejected"),
        ([ack("accept")], "accepted_999", "silent"),
        ([ack("reject")], "rejected_999", "rejected"),
        ([ack("accept"), ack("reject", id_=11)], "rejected_999", "rejected"),
        ([said("clearinghouse", "accept")], "accepted_clearinghouse", "accepted"),
        ([said("clearinghouse", "reject", code="A7:562")], "rejected_clearinghouse", "rejected"),
        ([said("payer", "accept", code="A0:19")], "received_payer", "accepted"),
        ([said("payer", "accept", code="A1:19")], "received_payer", "accepted"),
        ([said("payer", "accept", code="A2:20")], "accepted_payer", "accepted"),
        ([said("payer", "accept", code="A5:20")], "accepted_payer", "accepted"),
        ([said("payer", "reject", code="A3:21")], "rejected_payer", "rejected"),
        ([said("payer", "accept", code="A2:20"), said("payer", "accept", "2026-02-01")], "accepted_payer", "accepted"),
        ([event("inquiry", "status", "pended", submission_id=1, rank="2026-02")], "pended", "accepted"),
        ([event("inquiry", "status", "pended", rank="2026-02")], "pended", "accepted"),
        ([event("inquiry", "status", "info", rank="2026-02")], "sent", "silent"),
    ],
)
def test_one_answer(events: list[Event], state: str, outcome: str) -> None:
    """The state after each kind of answer, and how the report counts it."""
    current = stands(submission(), *events)
    assert (current.state, current.stage, current.outcome) == (state, "sent", outcome)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([said("clearinghouse", "accept", "2026-01-12"), said("clearinghouse", "reject", "2026-01-13")], "rejected"),
        ([said("clearinghouse", "reject", "2026-01-12"), said("clearinghouse", "accept", "2026-01-13")], "accepted"),
        ([said("clearinghouse", "accept", "2026-01-12"), said("clearinghouse", "reject", "2026-01-12")], "rejected"),
    ],
)
def test_at_one_hop_the_later_wins_then_the_rejection(events: list[Event], state: str) -> None:
    """By STC02, BHT04 and BHT05; what is equally old is rejected before it is accepted."""
    for order in (events, events[::-1]):
        assert stands(submission(), *order).state == f"{state}_clearinghouse"


def test_a_later_hop_implies_the_earlier_ones() -> None:
    """A payer's answer counts, whatever came before it from nearer hops, and a contradiction is flagged."""
    assert stands(submission(), ack("accept"), said("payer", "reject")).state == "rejected_payer"
    current = stands(submission(), ack("reject"), said("payer", "accept", code="A2:20"))
    assert (current.state, current.flags) == ("accepted_payer", ("conflict",))


def test_an_inquiry_after_the_payers_answer() -> None:
    """Pended stands until a later answer of the payer or to a later inquiry."""
    pended = event("inquiry", "status", "pended", 30, rank="2026-02-01")
    final = event("inquiry", "status", "info", 31, rank="2026-02-02")
    assert stands(submission(), said("payer", "accept", code="A2"), pended).state == "pended"
    assert stands(submission(), said("payer", "accept", code="A2"), pended, final).state == "accepted_payer"
    assert stands(submission(), said("payer", "reject", "2026-02-03"), pended).state == "rejected_payer"


def test_an_answer_settles_an_unknown_delivery() -> None:
    """What is answered has arrived."""
    current = stands(submission(delivery="unknown"), ack("accept"))
    assert (current.state, current.stage, current.flags) == ("accepted_999", "sent", ())


def test_an_answer_to_a_batch_that_was_given_up_is_a_conflict() -> None:
    """It was sent after all, and somebody should look."""
    current = stands(submission(delivery="cancelled"), ack("accept"))
    assert (current.state, current.flags) == ("accepted_999", ("conflict",))


def test_a_late_answer_to_the_first_submission() -> None:
    """An answer belongs to its submission: a late rejection of the first does not reject the second."""
    first, second = submission(1), submission(2, of=2)
    events = [said("clearinghouse", "reject", "2026-03-01", of=1), said("clearinghouse", "accept", of=2, id_=21)]
    assert stands(version(1), version(2), first, second, *events).state == "accepted_clearinghouse"


def test_a_corrected_claim_is_ready_again() -> None:
    """A rejected claim with new content waits to be sent; one that was accepted keeps its state meanwhile."""
    rejected = [version(1), version(2), submission(), ack("reject")]
    assert (stands(*rejected).state, stands(*rejected).stage) == ("ready", "ready")
    accepted = [version(1), version(2, frequency="7"), submission(), said("payer", "accept", code="A2")]
    assert (stands(*accepted).state, stands(*accepted).stage) == ("accepted_payer", "ready")


def test_duplicate_verdicts_are_flagged_and_reject_nothing() -> None:
    """277CA 54 and 78 and TA1 025 say that the other side has it: the earlier submission's state stays."""
    duplicate = said("clearinghouse", "duplicate", "2026-02-01", code="A3:78", of=2, id_=40)
    first = [submission(1), said("payer", "accept", code="A2:20")]
    current = stands(*first, submission(2), ack("accept", of=2), duplicate)
    assert (current.state, current.flags) == ("accepted_payer", ("duplicate_suspected",))
    alone = stands(submission(), TA1["duplicate"])
    assert (alone.state, alone.outcome, alone.flags) == ("sent", "silent", ("duplicate_suspected",))
    same_bytes_twice = stands(submission(), TA1["accept"], ack("accept"), TA1["duplicate"])
    assert same_bytes_twice.state == "accepted_999"


def test_a_verdict_on_a_group_is_of_that_group_alone() -> None:
    """Of a batch with several groups only the one named is answered."""
    rejected = event("ack_group", "999", "reject", batch_id=1, group_control_number="8")
    assert stands(submission(group_control_number="7"), rejected).state == "sent"
    assert stands(submission(group_control_number="8"), rejected).state == "rejected_999"


# ── remittances ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("money", "state"),
    [
        (PAID, "paid"),
        (PAID._replace(denied=5000), "partly_paid"),
        (PAID._replace(paid=0, denied=5000), "denied"),
        (PAID._replace(paid=0), "zero_paid"),
        (Adjudication(remitted=2, reversed=True, answered=1), "reversed"),
        (Adjudication(remitted=1, predetermined=True, answered=1), "predetermined"),
        (Adjudication(remitted=1, elsewhere=True), "received_payer"),
        (Adjudication(remitted=2, reversed=True, answered=1, voided=True), "voided"),
    ],
)
def test_remittances_decide(money: Adjudication, state: str) -> None:
    """Paid, partly paid, denied, nothing paid, reversed, predetermined, sent on, voided: all of them were accepted."""
    current = stands(submission(), money=money)
    assert (current.state, current.outcome) == (state, "accepted")
    assert current.adjudicated == (money.standing > 0)


def test_a_rejection_after_the_remittance_is_a_conflict() -> None:
    """A late 277CA does not undo an adjudication."""
    current = stands(submission(), said("payer", "reject"), money=PAID)
    assert (current.state, current.outcome, current.flags) == ("paid", "accepted", ("conflict",))


def test_a_resubmission_that_was_rejected_is_flagged() -> None:
    """The claim stays as its remittances say, but the rejection of what was sent later is work for a person."""
    history = [
        version(1),
        version(2, payer_responsibility="S"),
        submission(1),
        submission(2, of=2),
        ack("reject", of=2),
    ]
    current = stands(*history, money=PAID)
    assert (current.state, current.flags) == ("paid", ("resubmission_rejected",))


def test_reversed_while_a_later_version_is_open() -> None:
    """All reversed, and a replacement on its way: the state is the replacement's."""
    taken_back = Adjudication(remitted=2, reversed=True, answered=1)
    history = [version(1), version(2, frequency="7"), submission(1), submission(2, of=2)]
    assert stands(*history, said("payer", "accept", code="A2", of=2), money=taken_back).state == "accepted_payer"
    assert stands(*history, money=taken_back._replace(answered=2)).state == "reversed"


def test_a_remittance_proves_that_it_was_sent() -> None:
    """What was never sent by us, or is not known to be, was sent all the same."""
    for recorded in ([], [HELD], [submission(delivery="unknown")]):
        current = stands(*recorded, money=PAID)
        assert (current.state, current.stage, current.outcome) == ("paid", "sent", "accepted")
    assert stands(CANCELLED, money=PAID).flags == ("conflict",)
    sent_on = stands(money=Adjudication(remitted=1, elsewhere=True))
    assert (sent_on.state, sent_on.outcome) == ("received_payer", "accepted")


def test_a_replacement_waits_while_the_first_is_paid() -> None:
    """The report counts the claim by its newest version, its state is that of its remittances."""
    current = stands(version(1), version(2, frequency="7"), submission(), money=PAID)
    assert (current.state, current.stage, current.outcome, current.adjudicated) == ("paid", "ready", "", False)


def test_closed_by_a_person_until_money_moves() -> None:
    """Only a person closes a claim; a posting after that opens it again."""
    closed = event("closed", "person", "info", recorded_at="2026-03-01")
    paid = PAID._replace(last_recorded_at="2026-02-01")
    assert stands(submission(), closed, money=paid).state == "closed"
    assert stands(submission(), closed, money=paid._replace(last_recorded_at="2026-03-02")).state == "paid"
    reopened = event("reopened", "person", "info", 2, recorded_at="2026-03-02")
    assert stands(submission(), closed, reopened, money=paid).state == "paid"
    assert stands(closed).stage == "held"


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

ANSWERS = st.builds(
    Event,
    id=st.integers(1, 99),
    kind=st.just("status"),
    hop=st.sampled_from(list(map(str, DISTANCE))),
    verdict=st.sampled_from(["accept", "reject", "duplicate", "pended", "info"]),
    submission_id=st.sampled_from([None, 1, 2]),
    set_id=st.sampled_from([None, 1, 2]),
    batch_id=st.sampled_from([None, 1, 2]),
    rank=st.sampled_from(["", "2026-01-12", "2026-01-13"]),
    codes=st.sampled_from([(), ("A1:19",), ("A2:20",)]),
)
DECISIONS = st.builds(
    Event,
    id=st.integers(100, 199),
    kind=st.sampled_from(["held", "hold", "released", "cancelled", "reopened", "closed"]),
    hop=st.just("person"),
    verdict=st.just("info"),
    version_id=st.sampled_from([None, 1, 2]),
    recorded_at=st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
)
EVENTS = st.lists(st.one_of(ANSWERS, DECISIONS), max_size=8, unique_by=lambda one: one.id)
SUBMISSIONS = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.sampled_from(["built", "sent", "unknown", "cancelled"])), max_size=2
)
MONEY = st.sampled_from(
    [
        Adjudication(),
        PAID,
        Adjudication(remitted=2, reversed=True, answered=1),
        Adjudication(remitted=1, elsewhere=True),
        Adjudication(remitted=1, predetermined=True, answered=1),
    ]
)


def folded(events: list[Event], submissions: list[tuple[int, str]], money: Adjudication) -> Current:
    made = [submission(at, of, delivery) for at, (of, delivery) in enumerate(submissions, 1)]
    return stands(version(1), version(2), *made, *events, money=money)


@given(EVENTS, SUBMISSIONS, MONEY, st.data())
@settings(max_examples=400)
def test_neither_order_nor_repetition_counts(
    events: list[Event], submissions: list[tuple[int, str]], money: Adjudication, data: st.DataObject
) -> None:
    """Any order of the same events, and any of them twice, give the same state."""
    expected = folded(events, submissions, money)
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    assert folded(data.draw(st.permutations([*events, *again])), submissions, money) == expected


@given(EVENTS, SUBMISSIONS, MONEY)
@settings(max_examples=400)
def test_each_claim_counts_once(events: list[Event], submissions: list[tuple[int, str]], money: Adjudication) -> None:
    """imported = held + ready + batched + sent + cancelled, and sent = accepted + rejected + silent."""
    current = folded(events, submissions, money)
    assert current.state in STATES
    assert current.stage in ("held", "ready", "batched", "sent", "cancelled")
    assert bool(current.outcome) == (current.stage == "sent")
    assert (current.outcome == "silent") == (current.stage == "sent" and current.state in SILENT)
    if current.outcome == "rejected":
        assert current.state in REJECTED
    if current.adjudicated:
        assert current.outcome == "accepted"


def test_every_kind_of_event_is_known() -> None:
    """The table of kinds refuses what no fold understands."""
    assert is_known("status", "payer", "reject")
    assert not is_known("status", "999", "reject")
    assert not is_known("held", "own", "accept")
    assert not is_known("unheard", "own", "info")
    assert all(kind.hops and kind.verdicts for kind in KINDS.values())
