"""TA1, 999 and 277CA reach the submissions that they answer, and only those."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from posting_desk import NPI, Desk, status_277

from gateway.reconcile.post import rebind
from gateway.reconcile.projection import refresh
from gateway.store import Store, stamp
from gateway.store.batches import NewBatch, NewSet, mark_built, reserve, set_state
from gateway.store.tables import batches, event_links, events, inbound_sets

ACCEPTED = """AK1*HC*17*005010X222A1
    AK2*837*0001*005010X222A1
    IK5*A
    AK9*A*1*1*1"""
REJECTED = """AK1*HC*17*005010X222A1
    AK2*837*0001*005010X222A1
    IK3*NM1*31*2310*8
    CTX*CLM01:A2
    IK4*9*67*7
    IK5*R*5
    AK9*R*1*1*0"""


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def test_the_999_says_what_made_a_segment_required_and_no_bad_value_is_kept(desk: Desk) -> None:
    """The trigger (the other form of CTX) stands in the claim's history; IK404 may be a patient's and does not."""
    desk.sent(desk.claims("A1", "A2"))
    said = "IK4*9*67*7*BADVALUE\n    CTX*SITUATIONAL TRIGGER*CLM*28**5:3*C023:1325"
    desk.receive(desk.envelope("999", REJECTED.replace("IK4*9*67*7", said)))
    (blame,) = [row for row in desk.rows(events) if row["kind"] == "ack_claim"]
    assert blame["text"].endswith("loop 2310, because of CLM at position 28, element 5:3")
    assert "BADVALUE" not in str(desk.rows(events))


# ── TA1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verdict", "note", "state", "flags"),
    [
        ("A", "000", "sent", []),
        ("E", "000", "sent", []),
        ("R", "008", "rejected_ta1", []),
        ("R", "025", "sent", ["duplicate_suspected"]),
    ],
)
def test_ta1_speaks_of_the_whole_batch(desk: Desk, verdict: str, note: str, state: str, flags: list[str]) -> None:
    """Every claim of the interchange has the verdict of its TA1; a duplicate is suspected, not rejected."""
    desk.sent(desk.claims("A1", "A2"), desk.claims("A3"))
    document = desk.receive(desk.ta1(17, verdict, note))
    assert [state] * 3 == desk.states("A1", "A2", "A3")
    assert flags == desk.current("A1")["flags"]
    assert document["status"] == "processed"
    assert {"kind": "TA1", "status": "posted", "claims": 3, "matched": 3, "unmatched": 0}.items() <= document[
        "transactions"
    ][0].items()
    desk.agree()


def test_ta1_to_another_sender_is_not_ours(desk: Desk) -> None:
    """The same number between other sides answers another system: kept, no fault, and nothing changes."""
    desk.sent(desk.claims("A1"))
    document = desk.receive(desk.ta1(17, "R", "008", receiver="OTHERSYSTEM"))
    assert desk.state("A1") == "sent"
    assert desk.statuses() == ["foreign"]
    assert document["status"] == "processed"
    assert document["transactions"][0]["foreign"]


def test_partners_have_counters_of_their_own(desk: Desk) -> None:
    """The same ISA13 and GS06 at two partners: each answer finds its own batch, though the contents are alike."""
    desk.add_partner("other", "SUBMITTER", "OTHERHOUSE")
    desk.sent(desk.claims("A1"))
    desk.sent(desk.claims("B1"), sides=("ZZ:SUBMITTER", "ZZ:OTHERHOUSE"), partner="other")
    desk.receive(desk.envelope("999", ACCEPTED))
    assert desk.states("A1", "B1") == ["accepted_999", "sent"]
    desk.receive(desk.envelope("999", ACCEPTED, sender="OTHERHOUSE"))
    assert desk.states("A1", "B1") == ["accepted_999", "accepted_999"]
    desk.receive(desk.ta1(17, "R", "010", sender="OTHERHOUSE"))
    assert desk.rows(events, kind="ta1")[0]["verdict"] == "reject"
    assert desk.statuses() == ["posted", "posted", "posted"]


# ── 999 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_999_accepts_its_set_alone(desk: Desk) -> None:
    """IK5 decides set by set."""
    desk.sent(desk.claims("A1"), desk.claims("A2"))
    desk.receive(
        desk.envelope(
            "999",
            """AK1*HC*17*005010X222A1
            AK2*837*0001*005010X222A1
            IK5*A
            AK2*837*0002*005010X222A1
            IK5*R*5
            AK9*P*2*2*1""",
        )
    )
    assert desk.states("A1", "A2") == ["accepted_999", "rejected_999"]
    desk.agree()


def test_999_rejection_takes_every_claim_and_blames_the_one_it_names(desk: Desk) -> None:
    """A rejected set takes down its good claims too; CTX and IK3 tell whose fault it was."""
    desk.sent(desk.claims("A1", "A2"))
    desk.receive(desk.envelope("999", REJECTED))
    assert desk.states("A1", "A2") == ["rejected_999", "rejected_999"]
    (blame,) = desk.rows(events, kind="ack_claim")
    assert blame["codes"] == '["IK3:NM1:31:8","IK4:9:7"]'
    assert blame["submission_id"] is not None


@pytest.mark.parametrize(
    ("ak9", "expected"),
    [
        ("A*3*3*3", ["accepted_999", "accepted_999", "accepted_999"]),
        ("E*3*3*3", ["accepted_999", "accepted_999", "accepted_999"]),
        ("R*3*3*0", ["rejected_999", "rejected_999", "rejected_999"]),
        ("X*3*3*0", ["rejected_999", "rejected_999", "rejected_999"]),
        ("P*3*3*2", ["sent", "sent", "sent"]),
    ],
)
def test_group_verdict_without_sets(desk: Desk, ak9: str, expected: list[str]) -> None:
    """AK9 alone speaks of all sets where it accepts or rejects; accepted in part says nothing of any."""
    desk.sent(desk.claims("A1"), desk.claims("A2"), desk.claims("A3"))
    desk.receive(desk.envelope("999", f"AK1*HC*17*005010X222A1\nAK9*{ak9}"))
    assert expected == desk.states("A1", "A2", "A3")


@pytest.mark.parametrize(("accepted", "rest"), [("2", "accepted_999"), ("1", "sent")])
def test_sets_not_named_are_accepted_if_the_counts_fit(desk: Desk, accepted: str, rest: str) -> None:
    """AK9*P with one rejected set named: the others are accepted only if AK904 counts them."""
    desk.sent(desk.claims("A1"), desk.claims("A2"), desk.claims("A3"))
    body = f"AK1*HC*17*005010X222A1\nAK2*837*0002*005010X222A1\nIK5*R*5\nAK9*P*3*3*{accepted}"
    document = desk.receive(desk.envelope("999", body))
    assert [rest, "rejected_999", rest] == desk.states("A1", "A2", "A3")
    issues = [issue["code"] for issue in document["transactions"][0]["issues"]]
    assert ([] if rest == "accepted_999" else ["ack_counts_unclear"]) == issues


@pytest.mark.parametrize(("ik5", "ak9"), [("A", "R*1*1*0"), ("R*5", "A*1*1*1")])
def test_the_stricter_of_set_and_group_counts(desk: Desk, ik5: str, ak9: str) -> None:
    """A set accepted in a rejected group, or rejected in an accepted one, is rejected, and the answer says why."""
    desk.sent(desk.claims("A1"))
    body = f"AK1*HC*17*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*{ik5}\nAK9*{ak9}"
    document = desk.receive(desk.envelope("999", body))
    assert desk.state("A1") == "rejected_999"
    assert any("stricter" in issue["code"] for issue in document["transactions"][0]["issues"])


@pytest.mark.parametrize(
    "body",
    [
        ACCEPTED.replace("AK9*A*1*1*1", "AK9*A*4*4*4"),
        ACCEPTED.replace("AK2*837*0001", "AK2*837*0009"),
        REJECTED.replace("CTX*CLM01:A2", "CTX*CLM01:NOTOURS"),
        ACCEPTED.replace("AK1*HC*17", "AK1*HC*99"),
    ],
)
def test_999_for_a_group_like_ours_but_not_ours(desk: Desk, body: str) -> None:
    """Where another system shares GS06, the number of sets, their numbers and the claims that a CTX names tell."""
    desk.sent(desk.claims("A1", "A2"))
    document = desk.receive(desk.envelope("999", body))
    assert desk.states("A1", "A2") == ["sent", "sent"]
    assert desk.statuses() == ["foreign"]
    assert document["status"] == "processed"


def test_leading_zeros_of_control_numbers_do_not_count(desk: Desk) -> None:
    """A partner that pads GS06 and cuts the zeros of ST02 answers the same set."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("999", ACCEPTED.replace("HC*17", "HC*000000017").replace("837*0001", "837*1")))
    assert desk.state("A1") == "accepted_999"


def test_truncated_999_is_parked_and_says_nothing(desk: Desk) -> None:
    """A 999 that was cut off in the middle must not decide anything."""
    desk.sent(desk.claims("A1", "A2"))
    text = desk.envelope("999", REJECTED)
    document = desk.receive(text[: text.index("AK9")])
    assert document["status"] == "partial"
    assert desk.statuses() == ["parked"]
    assert desk.states("A1", "A2") == ["sent", "sent"]
    assert desk.rows(events) == []


def test_an_answer_settles_an_unknown_delivery(desk: Desk) -> None:
    """What is answered has arrived: an unknown delivery is sent, and will not be sent again."""
    desk.sent(desk.claims("A1"), state="unknown")
    assert desk.state("A1") == "batched"
    desk.receive(desk.envelope("999", ACCEPTED))
    assert [row["state"] for row in desk.rows(batches)] == ["sent"]
    assert desk.state("A1") == "accepted_999"
    desk.agree()


# ── 277CA ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_277ca_speaks_claim_by_claim(desk: Desk) -> None:
    """A clearinghouse accepts one claim and rejects the other; a payer's word goes further."""
    desk.sent(desk.claims("A1", "A2"))
    desk.receive(desk.envelope("277CA", status_277("A1 A1:19*20260202*WQ*240", "A2 A7:562:82*20260202*U*240")))
    assert desk.states("A1", "A2") == ["accepted_clearinghouse", "rejected_clearinghouse"]
    desk.receive(desk.envelope("277CA", status_277("A1 A2:20*20260203*WQ*240\nREF*1K*PCN1", entity="PR")))
    assert desk.states("A1", "A2") == ["accepted_payer", "rejected_clearinghouse"]
    (said,) = desk.rows(events, hop="payer")
    assert said["match_key"] == "1k:PCN1"
    desk.agree()


def test_277ca_before_the_999(desk: Desk) -> None:
    """A later hop implies the earlier ones, in whatever order they come."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("277CA", status_277("A1 A2:20*20260203*WQ*240", entity="PR")))
    desk.receive(desk.envelope("999", ACCEPTED))
    assert desk.state("A1") == "accepted_payer"


def test_a_late_answer_belongs_to_its_own_submission(desk: Desk) -> None:
    """A rejection of the first submission that comes late does not reject the second."""
    (first,) = desk.claims("A1")
    batch_id = desk.sent([first], number=17)
    desk.receive(desk.envelope("999", REJECTED.replace("CLM01:A2", "CLM01:A1")))
    with desk.store.write() as conn:
        new = NewBatch("clear", "professional", "T", "00", "CH", "ZZ:SUBMITTER", "ZZ:CLEARHOUSE", "000000018", "18")
        again = reserve(
            conn,
            new._replace(resends_id=batch_id),
            [NewSet("0001", "18", "B18-0001", 24000, [first])],
            at=desk.now(),
        )
        mark_built(conn, again, file_name="b", archive_name="x", sha256="0" * 64, size=1, at=desk.now())
        set_state(conn, again, "sending", at=desk.now())
        set_state(conn, again, "sent", at=desk.now())
        refresh(conn, [first[0]], stamp(desk.now()))
    desk.receive(desk.envelope("277CA", status_277("A1 A1:19*20260204*WQ*240", reference="B18-0001")))
    desk.receive(desk.envelope("277CA", status_277("A1 A7:562*20260205*U*240", reference="B17-0001")))
    assert desk.state("A1") == "accepted_clearinghouse"
    desk.agree()


@pytest.mark.parametrize(
    ("totals", "third"),
    [
        ("QTY*90*2 QTY*AA*1", "accepted_clearinghouse"),
        ("QTY*90*3 QTY*AA*0", "sent"),
        ("QTY*90*1 QTY*AA*1", "sent"),
        ("QTY*90*5 QTY*AA*1", "sent"),
        ("", "sent"),
    ],
)
def test_claims_not_named_are_accepted_by_totals_only(desk: Desk, totals: str, third: str) -> None:
    """A claim that is not named is accepted only if QTY*90 and QTY*AA are ours and QTY*AA the rejected ones named."""
    desk.sent(desk.claims("A1", "A2", "A3"))
    said = ("A1 A1:19*20260202*WQ*240", "A2 A7:562:82*20260202*U*240")
    desk.receive(desk.envelope("277CA", status_277(*said, totals=totals)))
    assert ["accepted_clearinghouse", "rejected_clearinghouse", third] == desk.states("A1", "A2", "A3")
    desk.agree()


def test_a_rejected_set_rejects_every_claim(desk: Desk) -> None:
    """2200B U without any claim loop: every claim of the set is rejected."""
    desk.sent(desk.claims("A1", "A2"))
    desk.receive(desk.envelope("277CA", status_277(totals="STC*A3:24:41*20260202*U*480 QTY*AA*2")))
    assert desk.states("A1", "A2") == ["rejected_clearinghouse"] * 2


def test_a_rejected_set_with_accepted_claims_rejects_only_those_named(desk: Desk) -> None:
    """Some use 2200B U for single claims: where claims are accepted, the set is not rejected as a whole."""
    desk.sent(desk.claims("A1", "A2"))
    said = ("A1 A1:19*20260202*WQ*240", "A2 A7:562:82*20260202*U*240")
    document = desk.receive(
        desk.envelope("277CA", status_277(*said, totals="STC*A3:24:41*20260202*U*480 QTY*90*1 QTY*AA*1"))
    )
    assert desk.states("A1", "A2") == ["accepted_clearinghouse", "rejected_clearinghouse"]
    assert [issue["code"] for issue in document["transactions"][0]["issues"]] == ["status_set_contradicts"]


@pytest.mark.parametrize(
    ("entity", "totals", "warned"),
    [("PR", "QTY*90*1", []), ("AY", "QTY*90*2", []), ("PR", "QTY*90*4", ["status_totals_differ"])],
)
def test_totals_of_a_part_of_a_set_are_no_contradiction(
    desk: Desk, entity: str, totals: str, warned: list[str]
) -> None:
    """A payer counts the claims that went to it, others those that they name: only more than we sent is odd, and what
    is not named is not taken as accepted."""
    desk.sent(desk.claims("A1", "A2", "A3"))
    said = ("A1 A1:19*20260202*WQ*240", "A2 A1:19*20260202*WQ*240")[: 1 if entity == "PR" else 2]
    document = desk.receive(desk.envelope("277CA", status_277(*said, totals=totals, entity=entity)))
    assert [issue["code"] for issue in document["transactions"][0]["issues"]] == warned
    assert desk.state("A3") == "sent"


@pytest.mark.parametrize("order", ["sent first", "answered first"])
@pytest.mark.parametrize(
    ("said", "totals"),
    [("A1:19*20260202*WQ*240", "QTY*90*2"), ("A7:562*20260202*U*240", "STC*A3:24:41*20260202*U*480 QTY*AA*2")],
    ids=["accepted", "refused"],
)
def test_another_systems_set_with_our_number_says_nothing_of_ours(
    desk: Desk, said: str, totals: str, order: str
) -> None:
    """Two systems on a mailbox may count alike: totals of a 277CA that names other claims than ours are not ours."""
    answer = desk.envelope("277CA", status_277(f"Z8 {said}", f"Z9 {said}", totals=totals))
    if order == "answered first":
        desk.receive(answer)
    desk.sent(desk.claims("A1", "A2"))
    if order == "sent first":
        document = desk.receive(answer)
        assert (document["status"], desk.statuses()) == ("processed", ["foreign"])
    assert desk.states("A1", "A2") == ["sent"] * 2
    desk.agree()


def test_a_rejected_provider_rejects_its_claims(desk: Desk) -> None:
    """2200C U without claim loops: every claim of that billing provider in the set, and no other."""
    desk.sent(desk.claims("A1", "A2") + desk.claims("B1", npi="1999999984"))
    body = status_277(totals="QTY*90*1 QTY*AA*2").replace(
        f"NM1*85*2*LAKESIDE CLINIC*****XX*{NPI}",
        f"NM1*85*2*LAKESIDE CLINIC*****XX*{NPI}\nTRN*1*0\nSTC*A8:496:85*20260202*U*480\nQTY*QC*2",
    )
    desk.receive(desk.envelope("277CA", body))
    assert desk.states("A1", "A2", "B1") == [
        "rejected_clearinghouse",
        "rejected_clearinghouse",
        "accepted_clearinghouse",
    ]
    desk.agree()


@pytest.mark.parametrize("status", ["54", "78"])
def test_a_duplicate_verdict_is_no_rejection(desk: Desk, status: str) -> None:
    """Status 54 and 78 say that the payer has the claim already."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("277CA", status_277(f"A1 A3:{status}*20260202*U*240")))
    assert desk.state("A1") == "sent"
    assert desk.current("A1")["flags"] == ["duplicate_suspected"]


def test_no_order_of_arrival_counts(store: Store, tmp_path: Path) -> None:
    """Four answers at one hop in any order: the later STC02 wins, then BHT04 and BHT05, then the rejection."""
    desk = Desk(store, tmp_path)
    bodies = [
        status_277("{} A1:19*20260202*WQ*240", bht="20260203*0900", reference="B{}-0001"),
        status_277("{} A7:562*20260202*U*240", bht="20260203*0930", reference="B{}-0001"),
        status_277("{} A1:20*20260201*WQ*240", bht="20260209*0900", reference="B{}-0001"),
        status_277("{} A1:19*20260202*WQ*240", bht="20260203*0931", reference="B{}-0001"),
    ]
    for number, order in enumerate(permutations(bodies), 1):
        account = f"P{number}"
        desk.sent(desk.claims(account), number=number)
        for body in order:
            desk.receive(desk.envelope("277CA", body.replace("B{}", f"B{number}").replace("{}", account)))
        assert desk.state(account) == "accepted_clearinghouse"


def test_the_same_answer_twice_adds_nothing(desk: Desk) -> None:
    """The same set in another envelope is a duplicate; the same file is one too, and only seen again."""
    desk.sent(desk.claims("A1"))
    body = status_277("A1 A1:19*20260202*WQ*240")
    text = desk.envelope("277CA", body)
    desk.receive(text, "first.277")
    before = desk.everything()
    assert desk.receive(text, "second.277")["status"] == "duplicate"
    again = desk.receive(desk.envelope("277CA", body))
    assert [one["status"] for one in again["transactions"]] == ["duplicate"]
    for file_id in desk.file_ids():
        desk.reprocess(file_id)
    assert before == desk.everything()


def test_bound_by_number_where_the_set_is_not_known(desk: Desk) -> None:
    """A payer that answers under its own reference is bound by CLM01, if submitter, charge and member agree."""
    desk.sent(desk.claims("A1"))
    body = status_277("A1 A2:20*20260203*WQ*240", reference="THEIRS", entity="PR")
    desk.receive(desk.envelope("277CA", body))
    assert desk.state("A1") == "accepted_payer"


@pytest.mark.parametrize(
    "changed",
    [("U*240", "U*999"), ("MI*M0001", "MI*OTHER"), ("TRN*2*A1", "TRN*2*ELSE")],
    ids=["charge", "member", "number"],
)
def test_not_bound_where_anything_contradicts(desk: Desk, changed: tuple[str, str]) -> None:
    """Without a set of ours, another charge, member or number makes the answer another system's: kept, and no fault."""
    desk.sent(desk.claims("A1"))
    body = status_277("A1 A7:562*20260203*U*240", reference="THEIRS", entity="PR").replace(*changed)
    document = desk.receive(desk.envelope("277CA", body))
    assert desk.state("A1") == "sent"
    assert desk.statuses() == ["foreign"]
    assert document["status"] == "processed"
    assert (document["transactions"][0]["unmatched"], document["transactions"][0]["matched"]) == (1, 0)


def test_bound_by_the_clearinghouses_number(desk: Desk) -> None:
    """An answer that lost our number is bound by REF*D9, once an earlier answer told it."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("277CA", status_277("A1 A1:19*20260202*WQ*240\nREF*D9*CH77")))
    body = status_277("LOST A2:20*20260203*WQ*240\nREF*D9*CH77", reference="THEIRS", entity="PR")
    desk.receive(desk.envelope("277CA", body))
    assert desk.state("A1") == "accepted_payer"


def test_a_277_is_information(desk: Desk) -> None:
    """The answer to a status inquiry shows that the claim is pending; a final status posts nothing."""
    desk.sent(desk.claims("A1", "A2"))
    body = """BHT*0010*08*Q9*20260210*0900*DG
        HL*1**20*1
        NM1*PR*2*EXAMPLE HEALTH PLAN*****PI*12345
        HL*2*1*21*1
        NM1*41*2*EXAMPLE BILLING*****46*SUBMITTER
        HL*3*2*19*1
        NM1*1P*2*LAKESIDE CLINIC*****XX*1234567893
        HL*4*3*22*0
        NM1*IL*1*RIVERS*ANNA****MI*M0001
        TRN*2*INQ1
        STC*P3:317*20260209**240
        REF*EJ*A1
        HL*5*3*22*0
        NM1*IL*1*RIVERS*ANNA****MI*M0001
        TRN*2*INQ2
        STC*F1:65*20260209**240*180
        REF*EJ*A2"""
    document = desk.receive(desk.envelope("277", body))
    assert desk.states("A1", "A2") == ["pended", "sent"]
    assert document["transactions"][0]["matched"] == 2
    desk.agree()


def test_test_answers_do_not_reach_production(desk: Desk) -> None:
    """An interchange whose ISA15 is not the partner's usage is parked, TA1, 999 and 277CA alike."""
    desk.sent(desk.claims("A1", "A2"))
    for text in (
        desk.envelope("999", REJECTED, usage="P"),
        desk.envelope("277CA", status_277("A1 A7:562*20260202*U*240"), usage="P"),
        desk.ta1(17, "R", "008").replace("*0*T*:", "*0*P*:"),
    ):
        assert desk.receive(text)["status"] == "partial"
    assert desk.statuses() == ["parked"] * 3
    assert desk.states("A1", "A2") == ["sent", "sent"]


# ── answers that come first ──────────────────────────────────────────────────────────────────────────────────────────


def test_answers_bind_when_their_batch_is_imported(desk: Desk) -> None:
    """TA1, 999 and 277CA of a batch that another system sent are bound once its claims are imported."""
    desk.receive(desk.ta1(17, "A"))
    desk.receive(desk.envelope("999", ACCEPTED))
    said = ("A1 A1:19*20260202*WQ*240", "A2 A7:562:82*20260202*U*240")
    desk.receive(desk.envelope("277CA", status_277(*said, totals="QTY*90*2 QTY*AA*1")))
    assert desk.statuses() == ["foreign"] * 3
    members = desk.claims("A1", "A2", "A3")
    desk.already_sent(members)
    with desk.store.write() as conn:
        assert {claim for claim, _ in members} == rebind(conn, [claim for claim, _ in members], desk.now())
    assert desk.states("A1", "A2", "A3") == [
        "accepted_clearinghouse",
        "rejected_clearinghouse",
        "accepted_clearinghouse",
    ]
    desk.agree()
    before = len(desk.rows(event_links))
    with desk.store.write() as conn:
        assert set() == rebind(conn, [claim for claim, _ in members], desk.now())
    assert before == len(desk.rows(event_links))


@pytest.mark.parametrize("first", ["answer", "import"])
def test_a_999_rejection_counts_whichever_came_first(desk: Desk, first: str) -> None:
    """The state of an imported batch is the same whether its 999 was there before it or came later."""
    if first == "answer":
        desk.receive(desk.envelope("999", REJECTED))
    members = desk.claims("A1", "A2")
    desk.already_sent(members)
    with desk.store.write() as conn:
        rebind(conn, [claim for claim, _ in members], desk.now())
    if first == "import":
        desk.receive(desk.envelope("999", REJECTED))
    assert desk.states("A1", "A2") == ["rejected_999", "rejected_999"]


def test_answers_to_others_do_not_bind_to_imports(desk: Desk) -> None:
    """An answer to other sides, other claims or another number of sets stays unbound."""
    desk.receive(desk.ta1(17, "R", "008", receiver="OTHER"))
    desk.receive(desk.envelope("999", REJECTED.replace("CLM01:A2", "CLM01:ZZ")))
    desk.receive(desk.envelope("999", ACCEPTED.replace("A*1*1*1", "A*2*2*2")))
    desk.receive(desk.envelope("277CA", status_277("A1 A7:562*20260202*U*999", reference="THEIRS")))
    members = desk.claims("A1", "A2")
    desk.already_sent(members)
    with desk.store.write() as conn:
        assert set() == rebind(conn, [claim for claim, _ in members], desk.now())
    assert desk.states("A1", "A2") == ["sent", "sent"]


def test_a_whole_set_refused_before_its_import(desk: Desk) -> None:
    """2200B U of a set that is imported later rejects its claims then."""
    desk.receive(desk.envelope("277CA", status_277(totals="STC*A3:24:41*20260202*U*480 QTY*AA*2")))
    members = desk.claims("A1", "A2")
    desk.already_sent(members)
    with desk.store.write() as conn:
        rebind(conn, [claim for claim, _ in members], desk.now())
    assert desk.states("A1", "A2") == ["rejected_clearinghouse"] * 2


def test_hundreds_of_foreign_claims_are_kept(desk: Desk) -> None:
    """An answer to another system's large batch is kept claim by claim, and counted as unmatched without a fault."""
    said = [f"X{number} A1:19*20260202*WQ*240" for number in range(300)]
    document = desk.receive(desk.envelope("277CA", status_277(*said, reference="ELSE")))
    assert len(desk.rows(events)) == 300
    assert (document["status"], document["transactions"][0]["unmatched"]) == ("processed", 300)
    assert [row["unmatched"] for row in desk.rows(inbound_sets)] == [300]
