"""The list of work: what is on it and in which order, what people do about it, and when it comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from posting_desk import Desk, claim_835, header_835, status_277

from gateway.errors import Refused, UsageError
from gateway.exchange import worklist as work
from gateway.exchange.worklist import lists
from gateway.reconcile.projection import refresh
from gateway.reconcile.working import differences
from gateway.reports.story import shown
from gateway.store import stamp
from gateway.store.claims import NewVersion, add_version, find_claims
from gateway.store.reporting import Filters
from gateway.store.worklist import WorkFilters

DENIAL = """CLP*{number}*{status}*{charge}*0**12*{payer_number}*11*1
    NM1*QC*1*RIVERS*ANNA****MI*M0001
    SVC*HC:99213*{charge}*0**1
    DTM*472*20260115
    CAS*CO*{reason}*{charge}
    """


def denial(number: str, reason: str = "16", *, charge: str = "240", payer_number: str = "P1", status: str = "1") -> str:
    return DENIAL.format(number=number, reason=reason, charge=charge, payer_number=payer_number, status=status)


def deny(desk: Desk, *bodies: str, trace: str = "CHK1", date: str = "20260210") -> None:
    document = desk.receive(desk.envelope("835", header_835("0", trace, date) + "".join(bodies)))
    assert document["status"] == "processed", document


def ask(desk: Desk, *names: str, limit: int | None = None, **filters: Any) -> dict[str, Any]:
    return lists(desk, names, WorkFilters(**filters), limit)


def numbers(desk: Desk, *names: str, **filters: Any) -> list[str]:
    return [item["patient_control_number"] for item in ask(desk, *names, **filters)["items"]]


def item(desk: Desk, number: str, *names: str, **filters: Any) -> dict[str, Any]:
    return next(one for one in ask(desk, *names, **filters)["items"] if one["patient_control_number"] == number)


def test_nothing_waits_in_a_fresh_store(desk: Desk) -> None:
    """Every list is there and empty."""
    found = ask(desk)
    assert (found["count"], found["at_risk"], found["items"]) == (0, "0.00", [])
    assert set(found["lists"]) == {"denials", "rejections", "silent"}


def test_the_lists_hold_what_the_reports_count(busy: Desk) -> None:
    """Denied money and rejected claims are those of the reports; a silent claim comes once its answer is overdue."""
    found = ask(busy)
    assert found["lists"]["denials"] == {"count": 1, "at_risk": "190.00"}
    assert found["lists"]["rejections"] == {"count": 2, "at_risk": "480.00"}
    assert found["lists"]["silent"]["count"] == 0
    busy.clock += timedelta(days=60)
    later = ask(busy, "silent")
    assert [(one["patient_control_number"], one["missing"]) for one in later["items"]] == [("SIL1", "999")]


def test_a_denial_names_reasons_days_and_the_next_step(busy: Desk) -> None:
    """Each reason has our category, label and action; the appeal's clock runs from the payment's date."""
    found = item(busy, "DEN1", "denials")
    assert [(one["reason"], one["amount"], one["category"]) for one in found["reasons"]] == [
        ("197", "100.00", "authorization"),
        ("50", "90.00", "necessity"),
    ]
    assert all(one["label"] and one["action"] for one in found["reasons"])
    assert found["reasons"][0]["remarks"] == ["N290"]
    assert found["deadline"] == {
        "kind": "appeal",
        "level": 1,
        "counted_from": "2026-02-10",
        "last_day": "2026-04-11",
        "days_left": 70,
    }
    assert found["next"]["command"] == "gateway claims replace DEN1 FILE"
    assert (found["payer_claim_number"], found["attempts"], found["remittance"]) == ("P3", 1, "2")


def test_a_rejection_is_told_in_the_words_of_its_codes(busy: Desk) -> None:
    """Rejected is not denied: the codes of the 277CA with label and action; filing runs from the last service."""
    found = item(busy, "REJ1", "rejections")
    assert (found["hop"], [one["code"] for one in found["codes"]]) == ("clearinghouse", ["A7:562:85"])
    assert found["codes"][0]["label"]
    deadline = found["deadline"]
    assert (deadline["kind"], deadline["counted_from"], deadline["last_day"]) == ("filing", "2026-01-15", "2027-01-15")
    assert found["next"]["command"] == "gateway claims replace REJ1 FILE"


def test_a_whole_file_that_was_rejected_is_sent_again_as_a_file(desk: Desk) -> None:
    """No claim is at fault where a TA1 refuses the interchange: the step is the batch's."""
    batch = desk.sent(desk.claims("TA1A", "TA1B"))
    desk.receive(desk.ta1(17, "R", "006"))
    assert item(desk, "TA1A")["next"]["command"] == f"gateway batches resend {batch}"


def test_most_money_first_then_the_fewest_days(desk: Desk) -> None:
    """Of equal money the one whose last day comes first leads, also where the list is cut between them."""
    small, large = desk.claims("SMALL1", charge=5000), desk.claims("LARGE1", charge=90000)
    early = desk.claims("EARLY1", charge=24000)
    late = desk.claims("LATE1", charge=24000)
    for number, (members, charge) in enumerate([(small, 5000), (large, 90000), (late, 24000), (early, 24000)], 20):
        desk.sent(members, number=number, charge=charge)
    deny(desk, denial("SMALL1", charge="50", payer_number="S"), denial("LATE1", payer_number="L"))
    deny(desk, denial("LARGE1", charge="900", payer_number="G"), trace="CHK2", date="20260301")
    deny(desk, denial("EARLY1", payer_number="E"), trace="CHK3", date="20260120")
    assert numbers(desk) == ["LARGE1", "EARLY1", "LATE1", "SMALL1"]
    cut = ask(desk, limit=2)
    assert [one["patient_control_number"] for one in cut["items"]] == ["LARGE1", "EARLY1"]
    assert (cut["count"], cut["at_risk"]) == (4, "1430.00")


def test_limits_of_a_payer_are_data(desk: Desk) -> None:
    """A home's row for a payer decides before the shipped ones, and a wrong row is named."""
    desk.sent(desk.claims("DEN1"))
    deny(desk, denial("DEN1"))
    table = desk.home.path / "mappings" / "codes" / "limits.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("payer,filing,level,days,source\n12345,,,180,our contract\n")
    assert item(desk, "DEN1")["deadline"]["last_day"] == "2026-08-09"
    table.write_text("payer,filing,level,days,source\n12345,,,soon,our contract\n")
    with pytest.raises(UsageError, match=r"limits.csv, line 2: days"):
        ask(desk)


def test_a_later_payers_time_runs_from_the_payment_before_it(desk: Desk) -> None:
    """Where the payer's terms say so; without them it runs from the service, as for the first payer."""
    (claim, _), *_ = first = desk.claims("SEC1")
    desk.sent(first)
    desk.receive(desk.envelope("835", header_835("180", date="20260210") + claim_835("SEC1")))
    with desk.store.write() as conn:
        at = stamp(desk.now())
        about = {"member_id": "M0001", "service_from": "2026-01-15", "service_to": "2026-01-15"}
        new = NewVersion(claim, "1", "S", "00", "CH", "2" * 64, 24000, "54321", "{}", at, **about)
        version = add_version(conn, new)
        refresh(conn, [claim], at)
    desk.sent([(claim, version)], number=18)
    desk.receive(desk.envelope("277CA", status_277("SEC1 A7:562:82*20260212*U*240", reference="B18-0001")))
    assert item(desk, "SEC1")["deadline"] == {
        "kind": "filing", "level": None, "counted_from": "2026-01-15", "last_day": "2027-01-15", "days_left": 349,
    }  # fmt: skip
    table = desk.home.path / "mappings" / "payer_terms.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    head = "payer,filing_indicator,type,filing_days,replacements,source,days_after_payment\n"
    table.write_text(f"{head}54321,,,90,,our contract,60\n")
    assert item(desk, "SEC1")["deadline"]["counted_from"] == "2026-02-10"
    assert item(desk, "SEC1")["deadline"]["last_day"] == "2026-04-11"


def test_the_kind_of_coverage_decides_where_the_payer_has_no_row(desk: Desk) -> None:
    """Medicare has 120 days, and 180 from the answer for the second level; the patient is shown by initials."""
    claim = desk.claims("MED1")[0][0]
    body = '{"subscriber": {"filing_indicator": "MB", "last_name": "Rivers", "first_name": "Anna"}}'
    with desk.store.write() as conn:
        at = stamp(desk.now())
        version = add_version(conn, NewVersion(claim, "1", "P", "00", "CH", "1" * 64, 24000, "12345", body, at))
        refresh(conn, [claim], at)
    desk.sent([(claim, version)])
    deny(desk, denial("MED1", "50"), date="20260120")
    found = item(desk, "MED1")
    assert (found["deadline"]["last_day"], found["patient"]) == ("2026-05-20", "A. R.")
    work.appeal(desk, "MED1", None, 1, sent="2026-01-21", answered="2026-01-31", outcome="partly")
    assert item(desk, "MED1")["deadline"]["last_day"] == "2026-07-30"


def test_what_people_do_is_shown_and_asked_for(busy: Desk) -> None:
    """Owner, note and day stand on the item, and narrow the list; the projection is what the entries make of it."""
    work.assign(busy, "DEN1", None, "maria")
    work.note(busy, "DEN1", None, "asked for the records")
    work.due(busy, "DEN1", None, "2026-02-20")
    found = item(busy, "DEN1")
    assert (found["owner"], found["note"], found["due"]) == ("maria", "asked for the records", "2026-02-20")
    assert numbers(busy, owner="maria") == ["DEN1"]
    assert numbers(busy, unassigned=True) == ["REJ1", "REJ2"]
    assert numbers(busy, due_before="2026-02-20") == []
    assert numbers(busy, due_before="2026-02-21") == ["DEN1"]
    assert numbers(busy, claims=Filters(payer="nobody")) == []
    with busy.store.read() as conn:
        assert list(differences(conn)) == []


def test_what_is_done_comes_back_with_a_newer_answer(desk: Desk) -> None:
    """Done, a denial is off the list while nothing is said, and back when the payer denies again."""
    desk.sent(desk.claims("DEN1", "DEN2"))
    deny(desk, denial("DEN1"), denial("DEN2", payer_number="P2"))
    work.done(desk, "DEN1", None, "resubmitted")
    assert numbers(desk) == ["DEN2"]
    assert numbers(desk, done=True) == ["DEN1"]
    desk.receive(desk.envelope("277CA", status_277("DEN1 A2:20*20260215*WQ*240", entity="PR")))
    assert numbers(desk) == ["DEN2"]
    reversal = "CLP*DEN1*22*-240*0**12*P1*11*1\nSVC*HC:99213*-240*0**1\nDTM*472*20260115\nCAS*CO*16*-240\n"
    deny(desk, reversal, denial("DEN1", "50", payer_number="P9"), trace="CHK2", date="20260301")
    assert numbers(desk) == ["DEN2", "DEN1"]
    assert numbers(desk, done=True) == []
    assert item(desk, "DEN1")["first_denied_on"] == "2026-02-10"
    assert item(desk, "DEN1")["denied_on"] == "2026-03-01"


def test_a_rejection_that_is_done_comes_back_when_it_is_rejected_again(desk: Desk) -> None:
    """The second rejection is a newer answer, whatever its words."""
    members = desk.claims("REJ1")
    desk.sent(members)
    desk.receive(desk.envelope("277CA", status_277("REJ1 A7:562:85*20260202*U*240")))
    work.done(desk, "REJ1", None, "no_action", "the partner mends it")
    assert numbers(desk) == []
    desk.receive(desk.envelope("277CA", status_277("REJ1 A7:562:85*20260204*U*240", bht="2")))
    assert numbers(desk) == ["REJ1"]


def test_what_others_are_told_brings_nothing_back(desk: Desk) -> None:
    """A whole file or set of other claims that is rejected is no answer to this one; to its own it is."""
    mine = desk.claims("DEN1")
    desk.sent(mine)
    deny(desk, denial("DEN1"))
    work.done(desk, "DEN1", None, "no_action")
    desk.sent(desk.claims("OTHER1"), desk.claims("OTHER2"), number=18)
    desk.receive(desk.ta1(18, "R", "006"))
    assert numbers(desk, "denials") == []
    desk.sent(desk.claims("OTHER3"), number=19)
    refused = "AK1*HC*19*005010X222A1\nAK2*837*0001*005010X222A1\nIK5*R*5\nAK9*R*1*1*0"
    desk.receive(desk.envelope("999", refused))
    assert desk.states("OTHER1", "OTHER3") == ["rejected_ta1", "rejected_999"]
    assert (numbers(desk, "denials"), numbers(desk, "denials", done=True)) == ([], ["DEN1"])
    with desk.store.write() as conn:
        at = stamp(desk.now())
        new = NewVersion(mine[0][0], "7", "P", "00", "CH", "1" * 64, 24000, "12345", "{}", at)
        version = add_version(conn, new)
        refresh(conn, [mine[0][0]], at)
    desk.sent([(mine[0][0], version)], number=20)
    assert numbers(desk, "denials") == []
    desk.receive(desk.ta1(20, "R", "006"))
    assert numbers(desk, "denials") == ["DEN1"]


def test_a_denial_that_is_paid_is_work_no_more(desk: Desk) -> None:
    """A correction takes the item off by itself."""
    desk.sent(desk.claims("DEN1"))
    deny(desk, denial("DEN1"))
    assert numbers(desk) == ["DEN1"]
    reversal = "CLP*DEN1*22*-240*0**12*P1*11*1\nSVC*HC:99213*-240*0**1\nDTM*472*20260115\nCAS*CO*16*-240\n"
    paid = header_835("180", "CHK2") + reversal + claim_835("DEN1", "180", payer_number="P2")
    desk.receive(desk.envelope("835", paid))
    assert numbers(desk) == []


def test_appeals_move_the_clock(desk: Desk) -> None:
    """While an appeal waits nothing runs; upheld, the next level runs from the answer, and the step names it."""
    desk.sent(desk.claims("DEN1"))
    deny(desk, denial("DEN1", "50"), date="20260120")
    assert item(desk, "DEN1")["next"]["command"] == "gateway worklist appeal DEN1 --level 1 --sent DAY"
    work.appeal(desk, "DEN1", None, 1, sent="2026-01-25", text="records of the visit")
    waiting = item(desk, "DEN1")
    assert waiting["deadline"] is None
    assert "--answered DAY" in waiting["next"]["command"]
    work.appeal(desk, "DEN1", None, 1, answered="2026-01-30", outcome="upheld")
    found = item(desk, "DEN1")
    assert (found["deadline"]["level"], found["deadline"]["last_day"]) == (2, "2026-03-31")
    assert found["next"]["command"] == "gateway worklist appeal DEN1 --level 2 --sent DAY"
    assert found["appeals"] == [
        {"level": 1, "sent": "2026-01-25", "answered": "2026-01-30", "outcome": "upheld"}
        | {"note": "records of the visit", "by": desk.actor}
    ]


@pytest.mark.parametrize(
    ("said", "error", "why"),
    [
        ({"level": 1}, UsageError, "--sent DAY"),
        ({"level": 1, "answered": "2026-01-30"}, UsageError, "outcome"),
        ({"level": 1, "answered": "2026-01-30", "outcome": "upheld"}, Refused, "was not sent"),
        ({"level": 2, "sent": "2026-01-30"}, Refused, "level 1"),
        ({"level": 1, "sent": "2026-01-30", "answered": "2026-01-29", "outcome": "upheld"}, Refused, "cannot be"),
        ({"level": 1, "sent": "2027-01-30"}, UsageError, "not come yet"),
    ],
)
def test_an_appeal_that_cannot_be_is_refused(desk: Desk, said: dict[str, Any], error: type, why: str) -> None:
    """Levels come one after the other, and answers after what they answer; nothing is kept of the rest."""
    desk.claims("DEN1")
    with pytest.raises(error, match=why):
        work.appeal(desk, "DEN1", None, **said)
    assert work.appeal(desk, "DEN1", None, 1, sent="2026-01-01", dry_run=True)["appeals"]
    assert work.note(desk, "DEN1", None, "x")["appeals"] == []


def test_an_appeal_is_taken_back_with_a_reason(desk: Desk) -> None:
    """Only the last level, and its lines stay in the history; the clock runs again as if it had not been."""
    desk.sent(desk.claims("DEN1"))
    deny(desk, denial("DEN1", "50"), date="20260120")
    before = item(desk, "DEN1")["deadline"]
    work.appeal(desk, "DEN1", None, 1, sent="2026-01-21", answered="2026-01-25", outcome="upheld")
    work.appeal(desk, "DEN1", None, 2, sent="2026-01-26")
    with pytest.raises(Refused, match="not the last"):
        work.take_back_appeal(desk, "DEN1", None, 1, "wrong claim")
    with pytest.raises(UsageError, match="reason"):
        work.take_back_appeal(desk, "DEN1", None, 2, " ")
    work.take_back_appeal(desk, "DEN1", None, 2, "wrong claim")
    assert work.take_back_appeal(desk, "DEN1", None, 1, "wrong claim")["appeals"] == []
    assert item(desk, "DEN1")["deadline"] == before
    with desk.store.read() as conn:
        events = shown(conn, find_claims(conn, "DEN1")[0].id)["events"]
        assert list(differences(conn)) == []
    assert [one["kind"] for one in events].count("appeal") == 5


def test_a_resubmission_that_is_rejected_is_work_although_money_came(desk: Desk) -> None:
    """A paid claim whose further submission was rejected counts with what is not paid."""
    members = desk.claims("COB1")
    desk.sent(members)
    desk.receive(desk.envelope("835", header_835("180", "CHK1") + claim_835("COB1", "180")))
    claim = members[0][0]
    with desk.store.write() as conn:
        at = stamp(desk.now())
        new = NewVersion(claim, "1", "S", "00", "CH", "1" * 64, 24000, "99999", "{}", at)
        version = add_version(conn, new)
        refresh(conn, [claim], at)
    desk.sent([(claim, version)], number=18)
    desk.receive(desk.envelope("277CA", status_277("COB1 A7:562:85*20260302*U*240", reference="B18-0001")))
    found = item(desk, "COB1", "rejections")
    assert (found["state"], found["hop"], found["at_risk"], found["order"]) == ("paid", "clearinghouse", "60.00", "S")
    assert [one["code"] for one in found["codes"]] == ["A7:562:85"]


def test_a_correction_under_way_is_the_next_step(desk: Desk) -> None:
    """A denied claim with a newer version that is not answered waits for that, not for a second correction."""
    members = desk.claims("DEN1")
    desk.sent(members)
    deny(desk, denial("DEN1"))
    claim = members[0][0]
    with desk.store.write() as conn:
        at = stamp(desk.now())
        add_version(conn, NewVersion(claim, "7", "P", "00", "CH", "1" * 64, 24000, "12345", "{}", at))
        refresh(conn, [claim], at)
    found = item(desk, "DEN1")
    assert found["next"]["command"] == "gateway batches build"
    assert found["deadline"]["kind"] == "appeal"
    assert found["correction"] == {"frequency": "7", "order": "P", "state": "ready"}


def test_a_correction_that_was_rejected_is_not_waited_for(desk: Desk) -> None:
    """The denial stands, and so does its work; the claim is shown once, as a rejection."""
    members = desk.claims("DEN1")
    desk.sent(members)
    deny(desk, denial("DEN1"))
    claim = members[0][0]
    with desk.store.write() as conn:
        at = stamp(desk.now())
        new = NewVersion(claim, "7", "P", "00", "CH", "1" * 64, 24000, "12345", "{}", at)
        version = add_version(conn, new)
        refresh(conn, [claim], at)
    desk.sent([(claim, version)], number=18)
    assert item(desk, "DEN1")["next"]["says"].startswith("The correction is with the payer")
    desk.receive(desk.envelope("277CA", status_277("DEN1 A7:562:85*20260302*U*240", reference="B18-0001")))
    assert [(one["list"], one["at_risk"]) for one in ask(desk)["items"]] == [("rejections", "240.00")]
    found = item(desk, "DEN1", "denials")
    assert found["next"]["command"] == "gateway claims replace DEN1 FILE"
    assert found["correction"]["state"] == "rejected_clearinghouse"


def test_a_number_of_several_providers_names_the_provider(desk: Desk) -> None:
    """The command that is shown can be typed as it stands."""
    desk.sent(desk.claims("SAME1"))
    desk.claims("SAME1", npi="1999999984")
    desk.receive(desk.ta1(17, "R", "006"))
    desk.receive(desk.envelope("277CA", status_277("SAME1 A7:562:85*20260202*U*240")))
    command = ask(desk, "rejections")["items"][0]["next"]["command"]
    assert command == "gateway claims replace SAME1 --provider 1234567893 FILE"


def test_the_history_of_a_claim_has_the_work(busy: Desk) -> None:
    """`claims show` and `why` tell who did what, beside what payers said."""
    work.assign(busy, "DEN1", None, "maria")
    work.appeal(busy, "DEN1", None, 1, sent="2026-01-30")
    with busy.store.read() as conn:
        found = shown(conn, find_claims(conn, "DEN1")[0].id)
    assert found["work"]["owner"] == "maria"
    assert found["appeals"][0]["sent"] == "2026-01-30"
    assert [one["text"] for one in found["events"] if one["kind"] in ("work", "appeal")] == [
        "assigned to maria",
        "appeal level 1 sent on 2026-01-30",
    ]


def test_the_share_of_appeals_that_win_gives_what_is_expected(desk: Desk) -> None:
    """Too few answered appeals say nothing; ten do, one that won in part counts half."""
    names = [f"A{number:02}" for number in range(11)]
    desk.sent(desk.claims(*names))
    deny(desk, *(denial(name, payer_number=name) for name in names), date="20260120")
    for number, name in enumerate(names[:10]):
        outcome = ("overturned", "partly", "upheld")[min(number, 2)]
        assert item(desk, "A10")["expected"] is None
        work.appeal(desk, name, None, 1, sent="2026-01-21", answered="2026-01-30", outcome=outcome)
    assert item(desk, "A10")["expected"] == "36.00"
