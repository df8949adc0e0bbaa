"""The document of an inspected file: its shape, its totals for each kind, and what it says of faults."""

from __future__ import annotations

import io
from typing import Any

import pytest

from gateway.x12.inspect import inspect

ISA = "ISA*00*          *00*          *ZZ*EXAMPLEPAYER   *ZZ*EXAMPLECLINIC  *260105*0930*^*00501*000000101*0*T*:~"


def _document(functional_id: str, version: str, st: str, *body: str) -> dict[str, Any]:
    count = len(body) + 2
    segments = [f"GS*{functional_id}*A*B*20260105*0930*201*X*{version}", st, *body, f"SE*{count}*0001"]
    segments += ["GE*1*201", "IEA*1*000000101"]
    return inspect(io.BytesIO((ISA + "".join(segment + "~" for segment in segments)).encode()))


def _transaction(*arguments: str) -> dict[str, Any]:
    document = _document(*arguments)
    assert document["issues"] == []
    (shown,) = document["interchanges"][0]["groups"][0]["transactions"]
    assert isinstance(shown, dict)
    return shown


def _remittance(*body: str) -> dict[str, Any]:
    return _transaction("HP", "005010X221A1", "ST*835*0001", *body)


BPR = "BPR*I*97.25*C*ACH************20260105"
# The worked example of the balances: two lines, an interest of 1.25 paid by PLB.
BALANCED = [
    BPR,
    "TRN*1*EX1*1999999999",
    "LX*1",
    "CLP*PCN1*1*200*96*24*12*EXP1*11*1",
    "SVC*HC:99213*150*96**1",
    "CAS*CO*45*30",
    "CAS*PR*2*24",
    "SVC*HC:99214*50*0**1",
    "CAS*CO*97*50",
    "PLB*1234567893*20261231*L6:EX1*-1.25",
]


def test_the_document_has_interchanges_groups_and_transactions() -> None:
    """Who sends what to whom stands at the level where X12 says it."""
    document = _document("HP", "005010X221A1", "ST*835*0001", *BALANCED)
    (interchange,) = document["interchanges"]
    assert {k: v for k, v in interchange.items() if k != "groups"} == {
        "control_number": "000000101",
        "sender": "EXAMPLEPAYER",
        "receiver": "EXAMPLECLINIC",
        "usage": "T",
    }
    (group,) = interchange["groups"]
    assert {k: v for k, v in group.items() if k != "transactions"} == {
        "functional_id": "HP",
        "control_number": "201",
        "version": "005010X221A1",
    }


def test_an_835_has_claims_money_lines_and_adjustments() -> None:
    """Sums are plain sums with the file's signs; what balances has no issue."""
    assert _remittance(*BALANCED) == {
        "kind": "835",
        "control_number": "0001",
        "claims": 1,
        "charge": "200.00",
        "paid": "96.00",
        "service_lines": 2,
        "adjustments": 3,
        "provider_adjustments": "-1.25",
        "issues": [],
    }


def test_reversals_count_with_their_sign() -> None:
    """A claim, its reversal and its correction: three claims, and the payment is their plain sum."""
    shown = _remittance(
        "BPR*I*40*C*CHK************20260105",
        "CLP*PCN1*1*100*80**12*EXP1*11*1",
        "CAS*CO*45*20",
        "CLP*PCN1*22*-100*-80**12*EXP1*11*1",
        "CAS*CO*45*-20",
        "CLP*PCN1*1*100*40**12*EXP2*11*1",
        "CAS*CO*45*20**97*40",
    )
    assert (shown["claims"], shown["charge"], shown["paid"], shown["adjustments"]) == (3, "100.00", "40.00", 4)
    assert shown["issues"] == []


def test_money_is_exact() -> None:
    """A thousand dimes are a hundred dollars, and large sums lose no cent."""
    claims = [f"CLP*PCN{number}*1*.1*0.10" for number in range(1000)]
    shown = _remittance("BPR*I*100*C", *claims)
    assert (shown["charge"], shown["paid"], shown["issues"]) == ("100.00", "100.00", [])
    large = _remittance(
        "BPR*I*9999999999999999.98*C", "CLP*A*1*9999999999999999.99*9999999999999999.98", "CAS*CO*45*.01"
    )
    assert (large["charge"], large["issues"]) == ("9999999999999999.99", [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("CLP*PCN1*1*200*96*", "CLP*PCN1*1*200*95*"), [("claim_unbalanced", 5), ("remittance_unbalanced", 2)]),
        (("CAS*CO*97*50", "CAS*CO*97*49.99"), [("line_unbalanced", 9), ("claim_unbalanced", 5)]),
        (("BPR*I*97.25", "BPR*I*97.26"), [("remittance_unbalanced", 2)]),
        (("*L6:EX1*-1.25", "*L6:EX1*1.25"), [("remittance_unbalanced", 2)]),
    ],
)
def test_an_835_out_of_balance_says_where(change: tuple[str, str], expected: list[tuple[str, int]]) -> None:
    """Line, claim and payment are balanced each by itself, to the cent; the totals are those of the file."""
    body = [segment.replace(*change) for segment in BALANCED]
    shown = _remittance(*body)
    assert {(issue["code"], issue["segment"]) for issue in shown["issues"]} == set(expected)
    assert {issue["severity"] for issue in shown["issues"]} == {"warning"}
    assert shown["charge"] == "200.00"


def test_the_difference_is_told_in_cents() -> None:
    """The text gives the amount with two decimals and its sign."""
    (issue,) = _remittance(*[segment.replace("97.25", "97.2") for segment in BALANCED])["issues"]
    assert issue["text"].endswith("exceed BPR02 by 0.05.")
    assert (issue["segment_id"], issue["element"]) == ("BPR", "02")


def test_a_debit_lowers_the_payment() -> None:
    """BPR03 = D means that the payee owes BPR02."""
    shown = _remittance("BPR*I*80*D*ACH************20260105", "CLP*PCN1*22*-100*-80", "CAS*CO*45*-20")
    assert shown["issues"] == []


@pytest.mark.parametrize("amount", ["1,000.00", "1e3", "NaN", "1.005", "٣", "--1", "1.", "-.5", "100.00", ""])
def test_an_amount_that_is_none_is_told_and_left_out(amount: str) -> None:
    """It is an error at its element; the other amounts are summed, and no balance is claimed to be wrong."""
    shown = _remittance("BPR*I*10*C", "CLP*PCN1*1*10*10", f"CLP*PCN2*1*{amount}*0", f"CAS*CO*45*{amount}")
    good = {"1.": "11.00", "-.5": "9.50", "100.00": "110.00", "": "10.00"}
    assert shown["charge"] == good.get(amount, "10.00")
    codes = [(issue["code"], issue["segment_id"], issue["element"]) for issue in shown["issues"]]
    assert codes == ([] if amount in good else [("amount", "CLP", "03"), ("amount", "CAS", "03")])


@pytest.mark.parametrize(
    ("version", "line", "kind"),
    [
        ("005010X222A1", "SV1*HC:99213*40*UN*1***1", "837P"),
        ("005010X223A2", "SV2*0300*HC:80048*40*UN*1", "837I"),
        ("005010X224A2", "SV3*AD:D0120*40", "837D"),
    ],
)
def test_an_837_has_claims_charge_lines_and_adjustments(version: str, line: str, kind: str) -> None:
    """Claims are CLM, the charge is the sum of CLM02, lines are LX; adjustments are those of other payers."""
    claim = ["CLM*PCN*80.5***11:B:1*Y*A*Y*Y", "CAS*CO*45*1**97*2", "LX*1", line, "LX*2", line, "CAS*PR*1*3"]
    shown = _transaction("HC", version, f"ST*837*0001*{version}", *claim, *claim)
    assert shown == {
        "kind": kind,
        "control_number": "0001",
        "claims": 2,
        "charge": "161.00",
        "service_lines": 4,
        "adjustments": 6,
        "issues": [],
    }


@pytest.mark.parametrize(
    ("body", "accepted", "rejected"),
    [
        (["AK2*837*0001", "IK5*A", "AK2*837*0002", "IK5*E", "AK2*837*0003", "IK5*R*5", "AK9*P*3*3*2"], 2, 1),
        (["AK9*A*3*3*3"], 3, 0),
        (["AK9*R*3*3*0"], 0, 3),
        (["AK2*837*0003", "IK5*R*5", "AK9*P*3*3*2"], 2, 1),
        (["AK2*837*0001", "IK5*X"], 0, 1),
        (["AK2*837*0001", "IK5*A", "AK9*A*?*?*?"], 1, 0),
    ],
)
def test_a_999_counts_transaction_sets(body: list[str], accepted: int, rejected: int) -> None:
    """By the verdicts of the sets, or by the group's counts where it does not list every set."""
    arguments = ("FA", "005010X231A1", "ST*999*0001*005010X231A1", "AK1*HC*301*005010X222A1", *body)
    shown = _transaction(*arguments)
    assert shown == {
        "kind": "999",
        "control_number": "0001",
        "accepted": accepted,
        "rejected": rejected,
        "issues": [],
    }


def _statuses(*body: str) -> dict[str, Any]:
    return _transaction("HN", "005010X214", "ST*277*0001*005010X214", "BHT*0085*08*X*20260105*0930*TH", *body)


def test_a_277ca_counts_claims_by_their_verdict() -> None:
    """STC03 decides; one rejection makes the claim rejected; lines below a claim are no claims."""
    shown = _statuses(
        "HL*1**20*1",
        "HL*2*1*21*1",
        "TRN*2*BHT03",
        "STC*A1:19:PR*20260105*WQ*300",
        "QTY*90*1",
        "QTY*AA*2",
        "HL*3*2*19*1",
        "TRN*1*0",
        "HL*4*3*PT",
        "TRN*2*PCN1",
        "STC*A2:20:PR*20260105*WQ*100",
        "HL*5*3*PT",
        "TRN*2*PCN2",
        "STC*A7:562:85*20260105*U*120",
        "STC*A2:20:PR*20260105*WQ*120",
        "SVC*HC:99213*60",
        "STC*A7:104*20260105*U",
        "TRN*2*PCN3",
        "STC*A3:21*20260105**80",
    )
    assert (shown["kind"], shown["claims"], shown["charge"]) == ("277CA", 3, "300.00")
    assert (shown["accepted"], shown["rejected"], shown["issues"]) == (1, 2, [])


def test_a_277ca_that_rejects_a_provider_as_a_whole_counts_its_totals() -> None:
    """Without patients the quantities of the batch count, else those of the providers."""
    batch = ["HL*1**20*1", "HL*2*1*21*1", "TRN*2*BHT03", "STC*A8:496:85*20260105*U*450"]
    providers = ["HL*3*2*19*0", "TRN*1*0", "STC*A8:496:85**U*450", "QTY*QC*3"]
    with_totals = _statuses(*batch, "QTY*AA*3", *providers)
    without = _statuses(*batch, *providers)
    for shown in (with_totals, without):
        assert (shown["claims"], shown["charge"], shown["accepted"], shown["rejected"]) == (3, "450.00", 0, 3)


def test_a_277_counts_claims_only() -> None:
    """An answer to a status request accepts and rejects nothing."""
    arguments = ("HN", "005010X212", "ST*277*0001*005010X212", "BHT*0010*08*X*20260105*0930*DG")
    shown = _transaction(*arguments, "HL*4*3*22", "TRN*2*PCN1", "STC*P1:20*20260105**100")
    assert {k: v for k, v in shown.items() if k != "issues"} == {"kind": "277", "control_number": "0001", "claims": 1}


def test_a_ta1_stands_with_its_interchange() -> None:
    """It is no transaction set; verdict and note are what it says."""
    document = inspect(io.BytesIO((ISA + "TA1*000000077*260104*1200*R*025~IEA*0*000000101~").encode()))
    (interchange,) = document["interchanges"]
    assert interchange["groups"] == []
    assert interchange["acknowledgments"] == [
        {"kind": "TA1", "control_number": "000000077", "verdict": "R", "note": "025"}
    ]


def test_sets_outside_an_envelope_are_shown_too() -> None:
    """A file that begins at ST, and a set after GE and IEA, stand under empty control numbers."""
    bare = "ST*835*0001~SE*2*0001~"
    document = inspect(io.BytesIO(bare.encode()))
    assert [_numbers(shown) for shown in document["interchanges"]] == [("", [("", ["0001"])])]
    after = ISA + "GS*HP*A*B*20260105*0930*201*X*005010X221A1~" + bare + "GE*1*201~" + bare + "IEA*1*000000101~" + bare
    document = inspect(io.BytesIO(after.encode()))
    assert [_numbers(shown) for shown in document["interchanges"]] == [
        ("000000101", [("201", ["0001"]), ("", ["0001"])]),
        ("", [("", ["0001"])]),
    ]


def _numbers(interchange: dict[str, Any]) -> tuple[str, list[tuple[str, list[str]]]]:
    groups = interchange["groups"]
    sets = [(group["control_number"], [shown["control_number"] for shown in group["transactions"]]) for group in groups]
    return interchange["control_number"], sets


def test_a_guide_that_is_not_known_is_a_warning() -> None:
    """A 4010 set is counted all the same."""
    shown = _transaction("HP", "004010X091A1", "ST*835*0001", "BPR*I*5*C", "CLP*PCN1*1*5*5")
    assert [(issue["code"], issue["severity"]) for issue in shown["issues"]] == [("guide_unknown", "warning")]
    assert shown["paid"] == "5.00"


def test_what_is_no_x12_has_one_clear_issue() -> None:
    """No interchanges, and one sentence that says why."""
    for data in (b"", b"PK\x03\x04" + bytes(1000), b"%PDF-1.7\n", b"patient,amount\n1,2\n", bytes(range(256)) * 50):
        document = inspect(io.BytesIO(data))
        assert document["interchanges"] == []
        assert len(document["issues"]) == 1
