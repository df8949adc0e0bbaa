"""Payments are posted once and exactly, or parked with their reason; whose they are never hangs on the order."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from posting_desk import NPI, Desk, claim_835, header_835, status_277

from gateway.errors import Refused, UsageError
from gateway.exchange.process import needs_person
from gateway.exchange.remittances import whole
from gateway.exchange.rules import adjustment_classes
from gateway.reconcile.post import match, post_as_is, rematch, undo, unmatch
from gateway.reconcile.remitted import claim_row, remitted_claim
from gateway.store import Store
from gateway.store.remittances import remitted_claims_of
from gateway.store.tables import (
    decisions,
    postings,
    provider_adjustments,
    remittance_claims,
    remittance_links,
    remittances,
)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def money(desk: Desk, number: str) -> tuple[int, ...]:
    """Charge, paid, patient, contractual, denied, other, open in cents."""
    row = desk.current(number)
    names = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
    return tuple(row[name] for name in names)


def transaction(document: dict[str, Any]) -> dict[str, Any]:
    (one,) = document["transactions"]
    return one


def test_a_payment_is_posted_to_its_claims(desk: Desk) -> None:
    """Paid, contractual and denied amounts reach the claim; what no claim explains stands beside it."""
    desk.sent(desk.claims("A1", "A2"))
    body = header_835("181.25") + claim_835("A1") + "CLP*A2*1*240*0*40*12*P2\nCAS*PR*1*40\nCAS*CO*29*200\n"
    body += f"AMT*I*1.25\nPLB*{NPI}*20261231*L6:CHK1*-1.25"
    document = desk.receive(desk.envelope("835", body))
    assert document["status"] == "processed"
    found = transaction(document)
    assert {"status": "posted", "claims": 2, "matched": 2, "unmatched": 0}.items() <= found.items()
    assert (found["charge"], found["paid"]) == ("480.00", "180.00")
    assert money(desk, "A1") == (24000, 18000, 0, 6000, 0, 0, 0)
    assert money(desk, "A2") == (24000, 0, 4000, 0, 20000, 0, 0)
    assert desk.states("A1", "A2") == ["paid", "denied"]
    (payment,) = desk.rows(remittances)
    assert tuple(payment[name] for name in ("payment", "claim_payments", "provider_adjustments", "difference")) == (
        18125,
        18000,
        -125,
        0,
    )
    assert [row["amount"] for row in desk.rows(provider_adjustments)] == [-125]
    assert [row["interest"] for row in desk.rows(postings)] == [0, 125]
    assert not needs_person(document)
    desk.agree()


def test_facts_survive_the_store(desk: Desk) -> None:
    """A remitted claim that is read from the store is the fact that was read from the file."""
    body = (
        header_835("70")
        + """CLP*A9*1*120*70*8*12*P9*11*7**291
        CAS*OA*23*0
        NM1*QC*1*RIVERS*ANNA****MI*M0001
        NM1*TT*2*NEXT PLAN*****PI*55555
        MOA***MA18*N130
        REF*F8*P8
        DTM*232*20260103
        AMT*AU*70.5
        QTY*CA*2
        SVC*HC:80050:25*120*40**1*HC:80048*2
        DTM*150*20260115
        DTM*151*20260116
        CAS*CO*45*40*1*253*2**97*30
        CAS*PR*1*1*1*2*2*1*3*5*1
        REF*6R*L1
        REF*LU*X
        AMT*B6*48
        QTY*ZK*1
        LQ*HE*N130
        SVC*HC:80053*0*30**1
        CAS*CO*94*-30"""
    )
    desk.receive(desk.envelope("835", body))
    with desk.store.read() as conn:
        (rows,) = remitted_claims_of(conn, 1)
    fact = remitted_claim(rows[0])
    assert claim_row(fact, rows[0].remittance_id, rows[0].ordinal) == tuple(rows[0])[1:]
    assert (
        fact.lines[0].procedure,
        fact.lines[0].submitted,
        fact.lines[0].service_to,
        fact.lines[0].control_number,
    ) == ("HC:80050:25", "HC:80048", "2026-01-16", "L1")
    assert [tuple(one) for one in fact.lines[0].adjustments[:3]] == [
        ("CO", "45", 4000, "1"),
        ("CO", "253", 200, ""),
        ("CO", "97", 3000, ""),
    ]


def test_unmatched_money_is_kept_in_sight(desk: Desk) -> None:
    """A remitted claim that is nobody's is posted, unmatched, and needs a person."""
    document = desk.receive(desk.envelope("835", header_835("180") + claim_835("NOBODY")))
    assert {"status": "posted", "matched": 0, "unmatched": 1}.items() <= transaction(document).items()
    assert needs_person(document)
    assert desk.rows(remittance_links) == []
    assert [row["paid"] for row in desk.rows(postings)] == [18000]


# ── parked ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (header_835("200") + claim_835("A1"), "remittance_unbalanced"),
        (header_835("180") + claim_835("A1").replace("CAS*CO*45*60.00", "CAS*CO*45*59.99"), "claim_unbalanced"),
        (header_835("180") + claim_835("A1").replace("*60.00", "*60.001"), "remittance_amount"),
        (claim_835("A1"), "remittance_payment_missing"),
        (header_835("180").replace("TRN*1*CHK1", "TRN*1*") + claim_835("A1"), "remittance_trace_missing"),
    ],
)
def test_what_does_not_balance_is_parked_whole(desk: Desk, body: str, code: str) -> None:
    """Nothing of a set that does not balance is posted; its facts are kept for the person who decides."""
    desk.sent(desk.claims("A1"))
    document = desk.receive(desk.envelope("835", body))
    assert document["status"] == "partial"
    found = transaction(document)
    assert found["status"] == "parked"
    assert code in [issue["code"] for issue in found["issues"]]
    assert desk.rows(postings) == []
    assert desk.rows(remittance_links) == []
    assert [row["status"] for row in desk.rows(remittances)] == ["parked"]
    assert [row["patient_control_number"] for row in desk.rows(remittance_claims)] == ["A1"]
    assert desk.state("A1") == "sent"
    assert needs_person(document)


def test_the_claim_that_does_not_balance_is_named(desk: Desk) -> None:
    """Of a parked payment `remittances show` names the claims that are to blame, what parked it first."""
    desk.sent(desk.claims("A1", "A2"))
    odd = claim_835("A2", payer_number="P2").replace("CAS*CO*45*60.00", "CAS*CO*45*59.99")
    desk.receive(desk.envelope("835", header_835("360.5") + claim_835("A1") + odd))
    (payment,) = desk.rows(remittances)
    found = [(one["code"], one.get("claim")) for one in whole(desk, payment["id"])["issues"]]
    second = f"{payment['id']}.2"
    assert found == [("claim_unbalanced", second), ("remittance_unbalanced", None), ("line_unbalanced", second)]


def test_one_bad_set_does_not_hold_the_good(desk: Desk) -> None:
    """Of three sets in a file the two that balance are posted."""
    desk.sent(desk.claims("A1", "A2", "A3"))
    good, bad, last = (
        header_835("180") + claim_835("A1"),
        header_835("999", "CHK2") + claim_835("A2"),
        header_835("180", "CHK3") + claim_835("A3"),
    )
    document = desk.receive(desk.envelope("835", good, bad, last))
    assert [one["status"] for one in document["transactions"]] == ["posted", "parked", "posted"]
    assert desk.states("A1", "A2", "A3") == ["paid", "sent", "paid"]
    assert [row["patient_control_number"] for row in desk.rows(remittance_claims)] == ["A1", "A2", "A3"]
    desk.agree()


def test_an_odd_line_does_not_hold_the_cash(desk: Desk) -> None:
    """A line that does not balance, in a claim that does, is posted with a warning."""
    desk.sent(desk.claims("A1"))
    body = header_835("180") + claim_835("A1").replace("SVC*HC:99213*240*180", "SVC*HC:99213*240*170")
    found = transaction(desk.receive(desk.envelope("835", body)))
    assert found["status"] == "posted"
    assert [issue["code"] for issue in found["issues"]] == ["line_unbalanced"]
    assert desk.state("A1") == "paid"


@pytest.mark.parametrize(
    "end", ["SE*{wrong}*0001~", "SE*{right}*0002~", ""], ids=["count", "control number", "no trailer"]
)
def test_a_set_with_a_broken_end_is_parked(desk: Desk, end: str) -> None:
    """A wrong count, another control number or no SE at all: segments may be missing, so nobody's money moves."""
    desk.sent(desk.claims("A1"))
    text = desk.envelope("835", header_835("180") + claim_835("A1"))
    trailer = next(line for line in text.splitlines() if line.startswith("SE*"))
    right = int(trailer.split("*")[1])
    document = desk.receive(text.replace(trailer, end.format(right=right, wrong=right - 1)))
    assert transaction(document)["status"] == "parked"
    assert desk.state("A1") == "sent"


def test_cut_anywhere_nothing_is_posted(desk: Desk) -> None:
    """A file cut behind any of its segments posts nothing until its set is whole."""
    desk.sent(desk.claims("A1"))
    text = desk.envelope("835", header_835("180") + claim_835("A1"))
    segments = text.split("~\n")
    whole = next(at for at, segment in enumerate(segments) if segment.startswith("SE*"))
    for end in range(1, whole + 1):
        desk.receive("~\n".join(segments[:end]) + "~\n")
        assert desk.rows(postings) == []
    desk.receive("~\n".join(segments[: whole + 1]) + "~\n")
    assert desk.state("A1") == "paid"


@pytest.mark.parametrize("usage", ["P", "I"])
def test_another_usage_is_parked(desk: Desk, usage: str) -> None:
    """Money of an interchange whose ISA15 is not the partner's usage is not posted."""
    desk.sent(desk.claims("A1"))
    document = desk.receive(desk.envelope("835", header_835("180") + claim_835("A1"), usage=usage))
    assert transaction(document)["status"] == "parked"
    assert desk.state("A1") == "sent"
    assert len(desk.rows(remittance_claims)) == 1


def test_parked_for_its_usage_is_posted_once_the_profile_is_mended(desk: Desk) -> None:
    """Processing the file again takes it up; once more changes nothing."""
    desk.sent(desk.claims("A1"))
    desk.add_partner("clear", "SUBMITTER", "CLEARHOUSE", usage="P")
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    assert desk.state("A1") == "sent"
    desk.add_partner("clear", "SUBMITTER", "CLEARHOUSE", usage="T")
    for _ in range(2):
        document = desk.reprocess(1)
        assert (document["status"], transaction(document)["status"]) == ("processed", "posted")
        assert desk.state("A1") == "paid"
        assert len(desk.rows(postings)) == 1
    desk.agree()


# ── twice ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_content_in_another_envelope_is_a_duplicate(desk: Desk) -> None:
    """Rewrapped with other numbers, delimiters and sender, a payment is still the same payment."""
    desk.sent(desk.claims("A1"))
    body = header_835("180") + claim_835("A1")
    desk.receive(desk.envelope("835", body))
    before = desk.everything()
    text = desk.envelope("835", body, sender="RELAY")
    rewrapped = text.replace("*", "|").replace(":~", ">~").replace("HC:", "HC>").replace("|^|", "|!|")
    document = desk.receive(rewrapped)
    assert transaction(document)["status"] == "duplicate"
    assert not needs_person(document)
    assert before == desk.everything()
    assert len(desk.rows(remittances)) == 1


@pytest.mark.parametrize("second", [claim_835("A1", "100"), claim_835("A2"), claim_835("A1") + claim_835("A2", "0")])
def test_the_same_number_with_other_content_is_parked(desk: Desk, second: str) -> None:
    """TRN02, TRN03 and BPR16 of a posted payment with other, or partly the same, content: a person decides."""
    desk.sent(desk.claims("A1", "A2"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    amount = "100" if "*100*" in second else "180"
    document = desk.receive(desk.envelope("835", header_835(amount) + second))
    assert transaction(document)["status"] == "parked"
    assert [issue["code"] for issue in transaction(document)["issues"]] == ["remittance_contradicts"]
    assert [row["paid"] for row in desk.rows(postings)] == [18000]


def test_payments_of_nothing_may_share_a_number(desk: Desk) -> None:
    """Payers use dummy numbers for zero payments: other claims are posted, the same claim again is parked."""
    desk.sent(desk.claims("A1", "A2", "A3"))
    for number in ("A1", "A2"):
        document = desk.receive(desk.envelope("835", header_835("0", "DUMMY") + claim_835(number, "0")))
        assert transaction(document)["status"] == "posted"
    body = header_835("0", "DUMMY") + claim_835("A3", "0") + claim_835("A1", "0")
    document = desk.receive(desk.envelope("835", body))
    assert transaction(document)["status"] == "parked"
    assert len(desk.rows(postings)) == 2
    assert desk.state("A3") == "sent"
    desk.agree()


def test_the_same_claim_paid_again_under_another_number_is_a_second_payment(desk: Desk) -> None:
    """Another TRN is other money: both stand in the store, whatever the claim makes of it."""
    desk.sent(desk.claims("A1"))
    for trace in ("CHK1", "CHK2"):
        document = desk.receive(desk.envelope("835", header_835("180", trace) + claim_835("A1")))
        assert transaction(document)["status"] == "posted"
    assert desk.current("A1")["paid"] == 36000


def test_a_mended_payment_after_a_parked_one_is_posted(desk: Desk) -> None:
    """A payer that sends again, mended, what did not balance: the parked one does not stand in the way."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("200") + claim_835("A1")))
    document = desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    assert transaction(document)["status"] == "posted"
    assert desk.state("A1") == "paid"


def test_a_parked_payment_that_comes_again_is_a_duplicate(desk: Desk) -> None:
    """It waits for its decision once, not twice."""
    body = header_835("200") + claim_835("A1")
    desk.receive(desk.envelope("835", body))
    assert transaction(desk.receive(desk.envelope("835", body)))["status"] == "duplicate"
    assert len(desk.rows(remittances)) == 1


# ── reversals, payers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_reversal_and_correction_in_any_order(desk: Desk) -> None:
    """A payment, its reversal and the correction come to the same money in every order of arrival."""
    original = header_835("180", "C1") + claim_835("{}", "180")
    reversal = header_835("0", "C2") + claim_835("{}", "-180", charge="-240", status="22")
    reversal = reversal.replace("CAS*CO*45*-60.00", "CAS*CO*45*-60").replace("BPR*H*0*C*NON", "BPR*I*180*D*ACH")
    corrected = header_835("200", "C3", date="20260215") + claim_835("{}", "200", payer_number="P2")
    for number, order in enumerate(permutations((original, reversal, corrected)), 1):
        account = f"R{number}"
        desk.sent(desk.claims(account), number=number)
        for body in order:
            unique = body.replace("{}", account).replace("*P1*", f"*P1{number}*").replace("*P2*", f"*P2{number}*")
            text = unique.replace("TRN*1*C", f"TRN*1*{number}C")
            assert transaction(desk.receive(desk.envelope("835", text)))["status"] == "posted", text
        assert money(desk, account) == (24000, 20000, 0, 4000, 0, 0, 0)
    desk.agree()


def test_an_835_may_be_the_first_thing_that_comes(desk: Desk) -> None:
    """A payment needs no acknowledgment before it, and one after it does not take the claim back."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    desk.receive(desk.envelope("999", "AK1*HC*17*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*R*5\nAK9*R*1*1*0"))
    assert desk.state("A1") == "paid"
    assert desk.current("A1")["flags"] == ["conflict"]


# ── matching ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ours", "theirs", "rung"),
    [
        ("A1", "A1", "patient_control_number"),
        ("abc-1", "ABC-1 ", "normalized_number"),
        ("LONGNUMBER1234567890", "LONGNUMBER1234567", "truncated_number"),
        ("ELSE", "0", "member_dates_charge"),
    ],
)
def test_ladder_over_the_store(desk: Desk, ours: str, theirs: str, rung: str) -> None:
    """The candidates of every rung are found in the store, and the link says by which."""
    desk.sent(desk.claims(ours))
    desk.receive(desk.envelope("835", header_835("180") + claim_835(theirs)))
    assert [rung] == [row["rung"] for row in desk.rows(remittance_links)]
    assert desk.state(ours) == "paid"


def test_a_payers_number_told_by_a_277ca_matches(desk: Desk) -> None:
    """REF*1K makes the payer's number known: it matches what lost our number, whichever of the two came first."""
    desk.sent(desk.claims("A1", "B1", member_id="M7"))
    said = desk.envelope("277CA", status_277("A1 A2:20*20260203*WQ*240\nREF*1K*P1", entity="PR").replace("M0001", "M7"))
    paid = [
        desk.envelope("835", header_835("180", f"CHK{n}") + claim_835("0", payer_number="P1").replace("M0001", "GONE"))
        for n in (1, 2)
    ]
    desk.receive(paid[0])
    assert [row for row in desk.rows(remittance_links) if row["claim_id"]] == []
    desk.receive(said)
    assert [row["rung"] for row in desk.rows(remittance_links) if row["claim_id"]] == ["payer_claim_number"]
    desk.receive(paid[1])
    assert [row["rung"] for row in desk.rows(remittance_links) if row["claim_id"]] == ["payer_claim_number"] * 2
    assert desk.current("A1")["paid"] == 36000
    desk.agree()


@pytest.mark.parametrize(("ours", "theirs"), [("A1", "A1"), ("LONGNUMBER1234567890", "LONGNUMBER1234567"), ("E", "0")])
def test_a_claim_imported_after_its_payment_is_matched(desk: Desk, ours: str, theirs: str) -> None:
    """Matching is computed again when a claim is imported, by every rung; once more changes nothing."""
    desk.receive(desk.envelope("835", header_835("180") + claim_835(theirs)))
    ((claim_id, _),) = desk.claims(ours)
    with desk.store.write() as conn:
        assert {claim_id} == rematch(conn, [claim_id], desk.now())
    with desk.store.write() as conn:
        assert set() == rematch(conn, [claim_id], desk.now())
    assert desk.current(ours)["paid"] == 18000
    desk.agree()


def test_two_claims_of_one_number_are_told_apart_whatever_came_first(desk: Desk) -> None:
    """A payment that found the only claim of its number moves when a claim of the paid provider is imported."""
    ((other, _),) = desk.claims("A1", npi="1999999984")
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    ((right, _),) = desk.claims("A1", npi=NPI)
    with desk.store.write() as conn:
        rematch(conn, [right], desk.now())
    assert right == desk.rows(remittance_links)[-1]["claim_id"]
    assert other != right
    desk.agree()


# ── decisions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(desk: Desk, what: Any, *args: Any, **kwargs: Any) -> Any:
    with desk.store.write() as conn:
        return what(conn, *args, now=desk.now(), **kwargs)


def test_a_person_posts_a_parked_payment_as_it_is(desk: Desk) -> None:
    """It is posted with its difference, who and why kept; a second time is refused."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("200") + claim_835("A1")))
    about = {"actor": "eva", "reason": "the payer confirmed", "classes": adjustment_classes()}
    (payment,) = desk.rows(remittances)
    posted = decide(desk, post_as_is, payment["id"], **about)
    assert (posted.claims, posted.matched, posted.unmatched) == (1, 1, 0)
    assert desk.state("A1") == "paid"
    (payment,) = desk.rows(remittances)
    assert (payment["status"], payment["difference"]) == ("posted", -2000)
    assert [(row["actor"], row["action"], row["subject"], row["reason"]) for row in desk.rows(decisions)] == [
        ("eva", "post_as_is", f"remittance:{payment['id']}", "the payer confirmed")
    ]
    with pytest.raises(Refused):
        decide(desk, post_as_is, payment["id"], **about)
    with pytest.raises(UsageError):
        decide(desk, post_as_is, payment["id"], **{**about, "reason": " "})
    document = desk.reprocess(1)
    assert transaction(document)["status"] == "posted"
    assert len(desk.rows(postings)) == 1
    desk.agree()


def test_undo_takes_back_and_reading_again_does_not_post(desk: Desk) -> None:
    """What a payment moved is taken back by postings of its own; only a person posts it again."""
    desk.sent(desk.claims("A1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    decide(desk, undo, 1, actor="eva", reason="not our bank account")
    assert desk.state("A1") == "sent"
    assert money(desk, "A1") == (24000, 0, 0, 0, 0, 0, 24000)
    rows = desk.rows(postings)
    assert sum(row["paid"] for row in rows) == 0
    assert transaction(desk.reprocess(1))["status"] == "parked"
    assert desk.state("A1") == "sent"
    with pytest.raises(Refused):
        decide(desk, undo, 1, actor="eva", reason="again")
    decide(desk, post_as_is, 1, actor="eva", reason="it was ours", classes=adjustment_classes())
    assert desk.state("A1") == "paid"
    assert sum(row["paid"] for row in desk.rows(postings)) == 18000
    desk.agree()


def test_a_persons_match_stands_against_the_ladder(desk: Desk) -> None:
    """What somebody matched or unmatched stays so, whatever is imported or told later."""
    desk.sent(desk.claims("A1", "B1"))
    desk.receive(desk.envelope("835", header_835("180") + claim_835("A1")))
    ((other, _),) = desk.claims("C1")
    assert decide(desk, match, 1, other, actor="eva", reason="wrong number") == {other, 1}
    assert desk.states("A1", "C1") == ["sent", "paid"]
    decide(desk, unmatch, 1, actor="eva", reason="nobody's")
    with desk.store.write() as conn:
        assert set() == rematch(conn, [1, 2, other], desk.now())
    assert desk.states("A1", "C1") == ["sent", "ready"]
    assert [row["action"] for row in desk.rows(decisions)] == ["match", "unmatch"]
    desk.agree()


def test_decisions_on_what_is_not_there(desk: Desk) -> None:
    """Unknown ids are one clear line, and a parked payment's claims are not matched one by one."""
    desk.receive(desk.envelope("835", header_835("200") + claim_835("A1")))
    ((claim_id, _),) = desk.claims("A1")
    (remitted,) = desk.rows(remittance_claims)
    with pytest.raises(Refused):
        decide(desk, match, remitted["id"], claim_id, actor="eva")
    for what, args in ((match, (9999, claim_id)), (unmatch, (9999,)), (undo, (9999,))):
        extra = {"reason": "r"} if what is undo else {}
        with pytest.raises(UsageError):
            decide(desk, what, *args, actor="eva", **extra)


def test_a_files_counts_follow_later_matches(desk: Desk) -> None:
    """What was unmatched when a file was read is shown as matched once its claim is imported, and needs nobody."""
    assert needs_person(desk.receive(desk.envelope("835", header_835("180") + claim_835("A1"))))
    ((claim_id, _),) = desk.claims("A1")
    with desk.store.write() as conn:
        rematch(conn, [claim_id], desk.now())
    again = desk.reprocess(1)
    assert (transaction(again)["matched"], transaction(again)["unmatched"]) == (1, 0)
    assert not needs_person(again)
    (remitted,) = desk.rows(remittance_claims)
    decide(desk, unmatch, remitted["id"], actor="eva")
    assert transaction(desk.reprocess(1))["unmatched"] == 1


def test_a_reversal_without_its_original_counts_as_unmatched(desk: Desk) -> None:
    """It is linked to its claim, moves nothing there, and waits in sight."""
    desk.sent(desk.claims("A1"))
    body = header_835("180").replace("*C*ACH", "*D*ACH") + claim_835("A1", "-180", charge="-240", status="22")
    found = transaction(desk.receive(desk.envelope("835", body)))
    assert (found["status"], found["matched"], found["unmatched"]) == ("posted", 0, 1)
    assert money(desk, "A1") == (24000, 0, 0, 0, 0, 0, 24000)
    assert desk.current("A1")["flags"] == ["awaiting_pair"]
