"""Every report that names money or answers is there by payer, partner and billing provider; credits of both sides."""

from __future__ import annotations

import json

import pytest
from posting_desk import NPI, Desk, header_835
from report_desk import told

from gateway.exchange.exporting import export
from gateway.store import stamp

GROUPED = ("payments", "rejections", "denials", "credits", "unmatched", "unacknowledged", "aging", "rates")


@pytest.mark.parametrize("by", ["by_payer", "by_partner", "by_provider"])
@pytest.mark.parametrize("name", ["reconciliation", *GROUPED])
def test_every_report_has_every_group(busy: Desk, name: str, by: str) -> None:
    """A table a group, with the key and a name, whatever the report found."""
    document = told(busy, name, "2026-04-30T00:00:00Z" if name == "unacknowledged" else None)
    rows = document["groups"][by.removeprefix("by_")] if name == "reconciliation" else document[by]
    assert rows
    keys = {row["key"] for row in rows}
    at_hand = {""}  # files that came from no mailbox
    assert keys <= {"by_payer": {"12345"}, "by_partner": {"clear"} | at_hand, "by_provider": {NPI}}[by]


def test_rates_of_one_group_are_those_of_the_whole(busy: Desk) -> None:
    """Where there is one payer, partner and provider, each has the rates of all."""
    document = told(busy, "rates")
    for by in ("by_payer", "by_partner", "by_provider"):
        (row,) = document[by]
        assert {key: row[key] for key in document["rates"]} == document["rates"]


def test_rates_are_told_apart_by_provider(desk: Desk) -> None:
    """Two providers with one payer: each has its own rates, the payer those of both."""
    mine, other = desk.claims("M1"), desk.claims("O1", npi="1999999984")
    desk.sent([*mine, *other])
    body = "CLP*M1*1*240*0**12*P1*11*1\nSVC*HC:99213*240*0**1\nDTM*472*20260115\nCAS*CO*29*240\n"
    desk.receive(desk.envelope("835", header_835("0") + body))
    document = told(desk, "rates")
    found = {row["key"]: (row["claims"], row["denied_claims"]) for row in document["by_provider"]}
    assert found == {NPI: (1, "1.0000"), "1999999984": (1, None)}
    assert [(row["claims"], row["denied_claims"]) for row in document["by_payer"]] == [(2, "1.0000")]


def test_what_a_patient_paid_too_much_stands_beside_the_payers_credit(desk: Desk) -> None:
    """Listed with the day of the refund, as it was at the time that is asked about; off the list when it is gone."""
    document = {"subscriber": {"payer_responsibility": "P"}, "patient_paid": "75.50"}
    desk.sent(desk.claims("C1", body=json.dumps(document)))
    body = "CLP*C1*1*240*180*50*12*P1*11*1\nSVC*HC:99213*240*180**1\nDTM*472*20260115\nCAS*PR*2*50\nCAS*CO*45*10\n"
    desk.receive(desk.envelope("835", header_835("180") + body))
    before = stamp(desk.now())
    (told_to_practice,) = export(desk, "patients").rows
    assert (told_to_practice["owes"], told_to_practice["credit"]) == ("0.00", "25.50")
    (row,) = told(desk, "credits")["patients"]
    named = ("patient_control_number", "patient_paid", "credit", "since", "refund_by", "days_left")
    assert tuple(row[name] for name in named) == ("C1", "75.50", "25.50", "2026-01-31", "2026-04-01", 60)
    assert told(desk, "credits")["claims"] == [], "the payer has none"
    assert told(desk, "credits", before)["patients"] == []
    assert told(desk, "credits", payer="99999")["patients"] == []
    with_it = stamp(desk.now())
    again = header_835("0", "CHK2") + body.replace("*240*180*50*", "*-240*-180**").replace("*1*-240", "*22*-240")
    reversed_ = again.replace("SVC*HC:99213*240*180", "SVC*HC:99213*-240*-180").replace("2*50", "2*-50")
    taken = reversed_.replace("45*10", "45*-10").replace("BPR*H*0*C*NON", "BPR*I*180*D*ACH")
    corrected = "CLP*C1*1*240*160*80*12*P2*11*1\nSVC*HC:99213*240*160**1\nDTM*472*20260115\nCAS*PR*2*80\n"
    desk.receive(desk.envelope("835", taken.replace("BPR*I*180", "BPR*I*20") + corrected))
    list(export(desk, "patients").rows)
    assert told(desk, "credits")["patients"] == []
    assert len(told(desk, "credits", with_it)["patients"]) == 1
