"""What reports say is what the files say, and every report agrees with the reconciliation."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from posting_desk import Desk, claim_835, header_835
from report_desk import NAMES, asked, told

from gateway.exchange.reporting import report
from gateway.habits import Answers
from gateway.reports.as_json import document_of
from gateway.reports.rates import median
from gateway.reports.words import load_words
from gateway.store import stamp
from gateway.store.reporting import Filters


@pytest.mark.parametrize("name", NAMES)
def test_a_report_of_nothing_is_empty_and_holds(desk: Desk, name: str) -> None:
    """A fresh store has every report, without a row and with all laws holding."""
    assert told(desk, name)["report"] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_past_is_as_it_was(busy: Desk, name: str) -> None:
    """What --as-of shows does not change by what comes later, to the cent, and of now it is the report of now."""
    now = told(busy, name)
    assert {**told(busy, name, now["as_of"])} == now
    busy.sent(busy.claims("LATER1"), number=18)
    busy.receive(busy.envelope("835", header_835("100", "CHK9") + claim_835("LATER1", "100", payer_number="P8")))
    assert told(busy, name, now["as_of"]) == now


def test_denials_name_reason_remark_and_category(busy: Desk) -> None:
    """Each denied cent stands under its group, reason and category, with a label and what is usually done."""
    found = told(busy, "denials")
    assert found["denials"] == {"claims": 1, "charge": "240.00", "denied": "190.00"}
    reasons = {(row["group"], row["reason"]): row for row in found["by_reason"]}
    assert {key: row["denied"] for key, row in reasons.items()} == {("CO", "197"): "100.00", ("CO", "50"): "90.00"}
    assert reasons["CO", "197"]["category"] == "authorization"
    assert all(row["label"] and row["action"] for row in reasons.values())
    assert {row["remark"]: row["denied"] for row in found["by_remark"]} == {"N290": "100.00", "M15": "90.00"}
    (claim,) = found["claims"]
    assert (claim["patient_control_number"], claim["reasons"], claim["remarks"]) == (
        "DEN1",
        "CO 197, CO 50",
        "N290 M15",
    )
    assert (claim["denied_on"], claim["payer_claim_number"]) == ("2026-02-10", "P3")
    assert found["totals"]["claims"]["denied"] == told(busy, "reconciliation")["money"]["denied"]


def test_what_a_later_payer_paid_of_a_denial_is_told_apart(desk: Desk) -> None:
    """The last payer's denial, cut to what is left of the charge, still adds up to the claim's denied money."""
    desk.sent(desk.claims("COB1"))
    first = claim_835("COB1", "200", payer_number="A1")
    desk.receive(desk.envelope("835", header_835("200", "CHK1") + first))
    second = """CLP*COB1*2*240*0**12*B1*11*1
        NM1*QC*1*RIVERS*ANNA****MI*M0001
        SVC*HC:99213*240*0**1
        DTM*472*20260115
        CAS*OA*23*200
        CAS*CO*96*40
        """
    desk.receive(desk.envelope("835", header_835("0", "CHK2", payer="77777") + second))
    found = told(desk, "denials")
    assert sum(float(row["denied"]) for row in found["by_reason"]) == float(found["denials"]["denied"])


def test_rejections_speak_a_billers_words(busy: Desk) -> None:
    """Each rejected claim has the hop, the code, and what it means."""
    found = told(busy, "rejections")
    assert found["rejections"]["claims"] == 2
    assert found["rejections"]["hops"] == {"ta1": 0, "999": 0, "clearinghouse": 1, "payer": 1}
    rows = {row["patient_control_number"]: row for row in found["claims"]}
    assert (rows["REJ1"]["hop"], rows["REJ1"]["codes"]) == ("clearinghouse", "A7:562:85")
    assert rows["REJ1"]["label"] == "NPI (billing provider)"
    assert rows["REJ2"]["label"] == "Subscriber and member number do not belong together (subscriber)"
    assert rows["REJ2"]["action"]


def test_a_rejected_set_names_what_the_999_blames(desk: Desk) -> None:
    """Where a 999 blames a segment of the claim, its codes stand instead of the set's."""
    desk.sent(desk.claims("A1", "A2"))
    body = """AK1*HC*17*005010X222A1
        AK2*837*0001*005010X222A1
        IK3*NM1*12*2010*8
        CTX*CLM01:A1
        IK4*9*67*7
        IK5*R*5
        AK9*R*1*1*0"""
    desk.receive(desk.envelope("999", body))
    rows = {row["patient_control_number"]: row for row in told(desk, "rejections")["claims"]}
    assert {row["hop"] for row in rows.values()} == {"999"}
    assert "IK4:9:7" in rows["A1"]["codes"] and "Invalid code: element 9" in rows["A1"]["label"]
    assert rows["A2"]["label"] == "One or more segments are at fault"


def test_payments_stay_open_until_nothing_is_left(busy: Desk) -> None:
    """Unmatched money keeps a payment open; parked ones stand outside the sums; of accounts only the end is there."""
    found = told(busy, "payments")
    rows = {row["trace_number"]: row for row in found["list"]}
    assert {trace: row["status"] for trace, row in rows.items()} == {
        "CHK1": "closed", "CHK2": "closed", "CHK3": "closed", "CHK4": "closed", "CHK5": "open", "CHK6": "parked",
    }  # fmt: skip
    assert rows["CHK5"]["open"] == rows["CHK5"]["unmatched"] == "70.00"
    assert rows["CHK6"]["matched"] == "0.00" and rows["CHK6"]["reason"]
    told_by_reconciliation = told(busy, "reconciliation")["remittances"]
    sums = {name: found["payments"][name] for name in ("payment", "matched", "unmatched", "provider_adjustments")}
    assert sums == {name: told_by_reconciliation[name] for name in sums}
    (plb,) = found["provider_adjustments"]
    assert (plb["code"], plb["amount"], plb["open"], plb["label"]) == ("FB", "-20.00", "-20.00", "Balance forward")


def test_only_the_end_of_an_account_is_kept(desk: Desk) -> None:
    """BPR15 never reaches the store whole."""
    desk.sent(desk.claims("ACC1"))
    body = header_835("180", "CHK1").replace(
        "ACH************", "ACH*CCP*01*071000013*DA*111122223333*1**01*071000013*DA*999988887777*"
    )
    desk.receive(desk.envelope("835", body + claim_835("ACC1", "180")))
    (row,) = told(desk, "payments")["list"]
    assert row["account_ending"] == "7777"
    assert "99998888" not in json.dumps(told(desk, "payments"))


def test_a_credit_has_its_payer_and_its_day(busy: Desk) -> None:
    """A claim paid twice is a credit of the payer that paid last, due back so many days after."""
    found = told(busy, "credits")
    (row,) = found["claims"]
    assert (row["patient_control_number"], row["credit"], row["trace_number"]) == ("TWICE1", "240.00", "CHK4")
    assert (row["since"], row["refund_by"]) == ("2026-02-10", "2026-04-11")
    assert row["paid_by"]["name"] == "EXAMPLE HEALTH PLAN"


def test_unmatched_money_names_what_may_be_meant(busy: Desk) -> None:
    """What is nobody's is listed with its payment; claims that cannot be told apart are named."""
    found = told(busy, "unmatched")
    (row,) = found["claims"]
    assert (row["patient_control_number"], row["paid"], row["candidates"]) == ("NOBODY1", "70.00", "")
    busy.claims("SAME1", npi="1234567893", charge=9000, member_id="M7777")
    busy.claims("SAME1", npi="1999999984", charge=9000, member_id="M7777")
    twin = STRANGER_TWIN.replace("NOBODY1", "SAME1")
    busy.receive(busy.envelope("835", header_835("70", "CHK7").replace("XX*1234567893", "XX*1888888883") + twin))
    rows = {one["patient_control_number"]: one for one in told(busy, "unmatched")["claims"]}
    assert "SAME1" not in rows or rows["SAME1"]["candidates"] == "SAME1, SAME1"


STRANGER_TWIN = """CLP*NOBODY1*1*90*70**12*P10*11*1
    NM1*QC*1*STRANGE*SAM****MI*M7777
    SVC*HC:99213*90*70**1
    DTM*472*20260115
    CAS*CO*45*20
    """


def test_a_reversal_without_its_original_waits(desk: Desk) -> None:
    """It is listed apart, and its money counts as unmatched."""
    desk.sent(desk.claims("REV1"))
    reversal = """CLP*REV1*22*-240*-180**12*P1*11*1
        NM1*QC*1*RIVERS*ANNA****MI*M0001
        SVC*HC:99213*-240*-180**-1
        DTM*472*20260115
        CAS*CO*45*-60
        """
    body = header_835("0", "CHK1") + reversal + "PLB*1234567893*20261231*FB:CHK1*-180"
    desk.receive(desk.envelope("835", body))
    found = told(desk, "unmatched")
    assert [(one["patient_control_number"], one["paid"]) for one in found["reversals_waiting"]] == [("REV1", "-180.00")]
    assert found["unmatched"]["awaiting"] == "-180.00"
    assert told(desk, "unmatched", payer="99999")["reversals_waiting"] == []


def test_answers_to_others_are_listed(desk: Desk) -> None:
    """A 277CA that names no claim of ours is kept and shown, with its file and segment."""
    from posting_desk import status_277

    desk.receive(desk.envelope("277CA", status_277("ELSE1 A7:21*20260202*U*10", reference="X1")), "other.277")
    (row,) = told(desk, "unmatched")["unbound_answers"]
    assert (row["kind"], row["named"], row["file"], row["codes"]) == ("277CA", "ELSE1", "other.277", "A7:21")


def test_an_answer_is_overdue_by_the_partners_habit(busy: Desk) -> None:
    """Silence counts from the hour that the partner is used to; each claim by the first answer that is missing."""
    assert told(busy, "unacknowledged")["unacknowledged"]["claims"] == 0
    later = stamp(busy.clock + timedelta(days=3))
    found = told(busy, "unacknowledged", later)
    assert found["unacknowledged"]["missing"]["999"] == {"claims": 1, "charge": "240.00"}
    (row,) = found["claims"]
    assert (row["patient_control_number"], row["missing"]) == ("SIL1", "999")
    assert row["days"] >= "3.0"


def test_habits_differ_by_partner_and_payer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that sends no 999 is asked for the 277CA; a payer's own days go before the partner's."""
    from dataclasses import replace

    desk.sent(desk.claims("S1"))
    quiet = Answers(ack_hours=0, status_hours=0, remittance_days=30, payer_remittance_days={"12345": 2})
    desk._profiles["clear"] = replace(desk._profiles["clear"], answers=quiet)
    later = stamp(desk.clock + timedelta(days=3))
    (row,) = told(desk, "unacknowledged", later)["claims"]
    assert row["missing"] == "835"
    desk._profiles["clear"] = replace(desk._profiles["clear"], answers=replace(quiet, payer_remittance_days={}))
    assert told(desk, "unacknowledged", later)["claims"] == []


def test_money_ages_from_the_last_service(busy: Desk) -> None:
    """Open and denied money stands in the bucket of its age; credits never net it."""
    at = "2026-03-01T00:00:00Z"
    found = told(busy, "aging", at)
    assert found["aging"]["days_31_60"] == "910.00"  # DEN1 190, REJ1, REJ2, SIL1 240 each
    assert found["aging"]["credits"] == "-240.00"
    whole = told(busy, "reconciliation", at)["money"]
    assert float(found["aging"]["total"]) == float(whole["open"]) + float(whole["denied"])
    assert told(busy, "aging", "2026-08-01T00:00:00Z")["aging"]["days_over_120"] == "910.00"


@pytest.mark.parametrize(("day", "bucket"), [
    ("2026-02-14", "days_0_30"), ("2026-02-15", "days_31_60"), ("2026-03-16", "days_31_60"),
    ("2026-03-17", "days_61_90"), ("2026-04-15", "days_61_90"), ("2026-04-16", "days_91_120"),
    ("2026-05-15", "days_91_120"), ("2026-05-16", "days_over_120"),
])  # fmt: skip
def test_bounds_of_the_ages(desk: Desk, day: str, bucket: str) -> None:
    """30 days are still the first bucket, 31 the second, and so on; service was on 2026-01-15."""
    desk.sent(desk.claims("AGE1"))
    ages = told(desk, "aging", f"{day}T12:00:00Z")["aging"]
    assert {name for name, cents in ages.items() if cents == "240.00"} == {bucket, "total"}


def test_a_batch_obeys_its_law(busy: Desk) -> None:
    """Claims of a file that was sent are accepted, rejected or silent, also after one of them was sent again."""
    (row,) = told(busy, "batches")["list"]
    assert {name: row[name] for name in ("claims", "accepted", "rejected", "silent")} == {
        "claims": 6, "accepted": 3, "rejected": 2, "silent": 1,
    }  # fmt: skip


def test_rates_follow_their_formulas(busy: Desk) -> None:
    """Of six claims sent once, two were rejected and one is silent; one of three remitted was denied."""
    found = told(busy, "rates")["rates"]
    assert found["clean_claims"] == "1.0000"
    assert found["first_pass_999"] == "0.8333"
    assert found["first_pass_clearinghouse"] == "0.6667"
    assert found["first_pass_payer"] == "0.5000"
    assert found["denied_claims"] == "0.3333"
    assert found["denied_money"] == "0.2639"  # 190 of 720
    assert found["net_collection"] == "1.0820"  # paid 180 and 480 of 180, 190 and 240 due


def test_the_median_of_days() -> None:
    """The middle one, or the mean of the two in the middle."""
    from collections import Counter

    assert median(Counter()) is None
    assert median(Counter({3: 1})) == 3
    assert median(Counter({1: 1, 4: 1})) == 2.5
    assert median(Counter({1: 5, 9: 2})) == 1
    assert median(Counter({1: 2, 2: 1, 9: 2})) == 2


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("rates", "reconciliation")])
def test_groups_add_up_to_the_report(busy: Desk, name: str) -> None:
    """By payer, partner and provider the sums are the same."""
    totals = told(busy, name).get("totals", {})
    sums = [
        {key: value for key, value in totals[by].items() if isinstance(value, str)}
        for by in ("by_payer", "by_partner", "by_provider")
        if by in totals
    ]
    assert all(one == sums[0] for one in sums)


@pytest.mark.parametrize("name", NAMES)
def test_filters_narrow_every_report(busy: Desk, name: str) -> None:
    """Another payer or another year has nothing of it; the filter that was asked stands in the report."""
    other = told(busy, name, payer="99999")
    assert other["parameters"] == {"payer": "99999"}
    assert not isinstance(other.get("claims"), list) or other["claims"] == []
    assert told(busy, name, until="2000-01-01")["parameters"] == {"until": "2000-01-01"}
    assert told(busy, name, partner="clear")["parameters"] == {"partner": "clear"}


def test_a_list_can_be_cut_and_its_sums_stay(busy: Desk) -> None:
    """Where only the first rows are shown, the count and the sums are of all."""
    cut = report(busy, "rejections", Filters(), limit=1)
    table = cut.table("claims")
    assert table is not None
    assert (len(table.rows), table.count, table.left_out) == (1, 2, 1)
    assert document_of(cut)["totals"]["claims"]["charge"] == "480.00"


def test_words_can_be_a_homes_own() -> None:
    """A home's row replaces the shipped one; an unknown code says so instead of nothing."""
    shipped = "kind,code,label,action\nstatus,562,NPI,Correct it\ncategory,A7,Invalid,Look\n"
    own = "kind,code,label,action\nstatus,562,Wrong NPI,Call Jo\n"
    words = load_words([shipped, own], ["code,label,carries\nFB,Forward,yes\n"], ["filing,payer,days\n,,60\n,P1,30\n"])
    assert words.answer("A7:562:85") == ("Wrong NPI", "Call Jo")
    assert words.answer("A7:999") == ("Invalid", "Look")
    assert words.answer("B9:1").label == "Status B9:1"
    assert words.provider("zz").label == "Provider adjustment zz"
    assert (words.refund_days("P1", "MB"), words.refund_days("P2", "MB")) == (30, 60)


def test_titles_name_the_report(busy: Desk) -> None:
    """Every report has a title and its name."""
    assert {name: asked(busy, name).name for name in NAMES} == {name: name for name in NAMES}


def test_overdue_is_a_flag_of_the_claim(desk: Desk) -> None:
    """What the report lists carries the flag where claims are shown, and only from that time on."""
    from gateway.exchange.reporting import overdue_since
    from gateway.reports.story import listed
    from gateway.store.stories import claims_listed

    desk.sent(desk.claims("S1"))
    for days, flags in ((0, []), (2, ["overdue"])):
        desk.clock += timedelta(days=days)
        late = overdue_since(desk)
        with desk.store.read() as conn:
            (row,) = claims_listed(conn)
            assert listed(row, late)["flags"] == flags
            assert listed(row)["flags"] == []
        assert len(told(desk, "unacknowledged")["claims"]) == len(flags)
