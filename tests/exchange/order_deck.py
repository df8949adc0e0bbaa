"""A small exchange, written by hand, in which each file makes some other one hard to read without it.

Claims of two sets and their resubmissions, answers that name them by every means, and payments that hang on each other.
Files that speak of one claim's versions, or contradict each other by intention, keep their order (`AFTER`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from posting_desk import THEM, US, interchange, isa

NPI, TAX_ID = "1999000007", "900123456"
LONG = "LONGNUMBER1234567890"  # which some cut to 17
PAYER, SECOND = "99001", "99002"

_MEMBERS = {
    "ACCT1": ("OAKSHOTT*GRETA", "EX000000001", "20260105"),
    "ACCT2": ("RIVERS*ANNA", "EX000000002", "20260105"),
    "ACCT3": ("MARSH*PAUL", "EX000000003", "20260105"),
    LONG: ("HILL*JANE", "EX000000004", "20260106"),
    "ACCT4": ("STONE*RUTH", "EX000000005", "20260106"),
    "ACCT5": ("VARGA*LENA", "EX000000006", "20260106"),
    "ACCT6": ("OKAFOR*ADA", "EX000000007", "20260107"),
    "ACCT7": ("HOLLOWAY*MARTIN", "EX000000008", "20260107"),
    "ACCT8": ("DREW*IDA", "EX000000009", "20260107"),
    "ACCT9": ("LUND*OLE", "EX000000010", "20260108"),
}


def _interchange(kind: str, number: int, *bodies: str, date: str = "260202", sent: bool = False) -> bytes:
    """One ISA and GS around sets. Bodies are lines without terminator."""
    one, other = (US, THEM) if sent else (THEM, US)
    return "".join(interchange(kind, number, *bodies, sender=one, receiver=other, date=date)).encode()


def again(data: bytes, number: int) -> bytes:
    """The same content in another envelope; only files of one interchange."""
    text = data.decode()
    old = text[90:99]
    assert text.startswith("ISA") and text.count("ISA*") == 1
    return text.replace(f"*{old}*0*T*", f"*{number:09}*0*T*").replace(f"IEA*1*{old}", f"IEA*1*{number:09}").encode()


# ── 837 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _claims(
    reference: str, *numbers: str, date: str = "20260110", second: bool = False, frequency: str = "1", of: str = ""
) -> str:
    """The body of an 837P; `second` to the secondary payer, with what the first one paid; `of` is what the payer calls
    the claim that a frequency other than 1 is about. A replacement charges 35 more."""
    more = 35 if frequency == "7" else 0
    lines = f"""BHT*0019*00*{reference}*{date}*0930*CH
        NM1*41*2*EXAMPLE BILLING*****46*{US}
        PER*IC*DESK*TE*5555550100
        NM1*40*2*CLEAR HOUSE*****46*{THEM}
        HL*1**20*1
        NM1*85*2*LAKEVIEW FAMILY MEDICINE*****XX*{NPI}
        N3*100 LAKEVIEW PLAZA
        N4*EASTHAVEN*NY*109991234
        REF*EI*{TAX_ID}
        """
    for at, number in enumerate(numbers, 2):
        name, member, day = _MEMBERS[number]
        order, payer = ("S", SECOND) if second else ("P", PAYER)
        paid = f"""SBR*P*18*******CI
            AMT*D*100
            OI***Y***Y
            NM1*IL*1*{name}****MI*{member}
            NM1*PR*2*EVERGREEN HEALTH PLAN*****PI*{PAYER}
            DTP*573*D8*20260120
            """
        lines += f"""HL*{at}*1*22*0
            SBR*{order}*18*******CI
            NM1*IL*1*{name}****MI*{member}
            N3*4 MILL LANE
            N4*EASTHAVEN*NY*10999
            DMG*D8*19800401*F
            NM1*PR*2*HEALTH PLAN*****PI*{payer}
            CLM*{number}*{165 + more}***11:B:{frequency}*Y*A*Y*Y
            {f"REF*F8*{of}" if of else ""}
            HI*ABK:J45909
            {paid if second else ""}
            LX*1
            SV1*HC:99213*125*UN*1***1
            DTP*472*D8*{day}
            REF*6R*1
            LX*2
            SV1*HC:96372*{40 + more}*UN*1***1
            DTP*472*D8*{day}
            REF*6R*2
            """
    return lines


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ta1(number: int, verdict: str, note: str, own: int) -> bytes:
    text = f"{isa(THEM, US, own)}TA1*{number:09}*260110*0930*{verdict}*{note}~IEA*0*{own:09}~"
    return text.encode()


def _ack(group: int, *sets: tuple[str, str, str], code: str = "A") -> str:
    """A 999: sets are (ST02, IK501, a number that CTX blames)."""
    lines = f"AK1*HC*{group}*005010X222A1\n"
    for number, verdict, blamed in sets:
        lines += f"AK2*837*{number}*005010X222A1\n"
        if blamed:
            lines += f"IK3*CLM*22*2300*8\nCTX*CLM01:{blamed}\nIK4*2*782*1\n"
        lines += f"IK5*{verdict}\n"
    good = sum(verdict != "R" for _, verdict, _ in sets)
    return f"{lines}AK9*{code}*{len(sets)}*{len(sets)}*{good}"


def _status(
    reference: str,
    *said: Sequence[str],
    payer: bool = False,
    totals: str = "",
    date: str = "20260202",
    inquiry: str = "",
) -> str:
    """A 277CA or 277: each claim is (CLM01, STC, further REFs or DTP)."""
    source = f"NM1*PR*2*HEALTH PLAN*****PI*{PAYER}" if payer or inquiry else f"NM1*AY*2*CLEAR HOUSE*****46*{THEM}"
    head = f"BHT*0010*08*{inquiry}*{date}*0905*DG" if inquiry else f"BHT*0085*08*CA{reference}*{date}*0905*TH"
    lines = f"""{head}
        HL*1**20*1
        {source}
        {"" if inquiry else "TRN*1*T1"}
        HL*2*1*21*1
        NM1*41*2*EXAMPLE BILLING*****46*{US}
        {"" if inquiry else f"TRN*2*{reference}"}
        {totals}
        HL*3*2*19*1
        NM1*{"1P" if inquiry else "85"}*2*LAKEVIEW FAMILY MEDICINE*****XX*{NPI}
        """
    for at, (number, stc, *more) in enumerate(said, 4):
        name, member, _ = _MEMBERS.get(LONG if number == LONG[:17] else number, ("DOE*JO", "EX99", ""))
        nl = "\n"
        if inquiry:
            lines += f"HL*{at}*3*22*0\nNM1*IL*1*{name}****MI*{member}\nTRN*2*{number}\nSTC*{stc}\n{nl.join(more)}\n"
        else:
            lines += f"HL*{at}*3*PT\nNM1*QC*1*{name}****MI*{member}\nTRN*2*{number}\nSTC*{stc}\n{nl.join(more)}\n"
    return lines


def _pay(trace: str, amount: str, *claims: str, payer: str = PAYER, date: str = "20260210", plb: str = "") -> str:
    """An 835 to the practice."""
    method = "H*0*C*NON" if amount == "0" else f"I*{amount}*C*ACH"
    return f"""BPR*{method}************{date}
        TRN*1*{trace}*1{payer}0000
        N1*PR*HEALTH PLAN*XV*{payer}
        N1*PE*LAKEVIEW FAMILY MEDICINE*XX*{NPI}
        REF*TJ*{TAX_ID}
        LX*1
        {"".join(claims)}
        {plb}
        """


def _clp(
    number: str,
    paid: float,
    payer_number: str,
    *,
    status: str = "1",
    about: str = "",
    charge: float = 165,
    reason: str = "CO*45",
    more: str = "",
) -> str:
    """A CLP with one line that has the whole charge; `about` is the claim whose patient and day it names."""
    name, member, day = _MEMBERS.get(about or number, ("DOE*JO", "EX99", "20260105"))
    rest = charge - paid
    cas = f"CAS*{reason}*{rest:g}" if rest else ""
    return f"""CLP*{number}*{status}*{charge:g}*{paid:g}**12*{payer_number}*11*1
        NM1*QC*1*{name}****MI*{member}
        {more}
        SVC*HC:99213*{charge:g}*{paid:g}**1
        DTM*472*{day}
        {cas}
        """


def _zip(*files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for at, data in enumerate(files):
            archive.writestr(zipfile.ZipInfo(f"{at}.txt"), data)
    return out.getvalue()


PROFILE = f"""
[partner]
usage = "test"
payers = ["*"]
[envelope]
sender = "ZZ:{US}"
receiver = "ZZ:{THEM}"
receiver_name = "CLEAR HOUSE"
[submitter]
name = "EXAMPLE BILLING"
id = "{US}"
contact = "EDI DESK"
phone = "5555550100"
[folder]
path = "mailbox"
"""

# What goes in by `claims import --already-sent`, by `claims import`, and what is received.
SENT = {
    "first": _interchange(
        "837P",
        701,
        _claims("B1", "ACCT1", "ACCT2", "ACCT3", LONG),
        _claims("B2", "ACCT4", "ACCT5"),
        date="260110",
        sent=True,
    ),
    "second": _interchange("837P", 702, _claims("B3", "ACCT1", "ACCT6", date="20260120"), date="260120", sent=True),
    "refused": _interchange("837P", 703, _claims("B4", "ACCT7"), date="260111", sent=True),
    "once more": _interchange("837P", 704, _claims("B5", "ACCT7", date="20260121"), date="260121", sent=True),
    "secondary": _interchange(
        "837P", 705, _claims("B6", "ACCT2", date="20260122", second=True), date="260122", sent=True
    ),
    "replaced": _interchange(
        "837P", 707, _claims("B8", "ACCT4", date="20260301", frequency="7", of="PAYER4"), date="260301", sent=True
    ),
    "voided": _interchange(
        "837P", 708, _claims("B9", "ACCT5", date="20260302", frequency="8", of="PAYER5"), date="260302", sent=True
    ),
}
READY = {"ready": _interchange("837P", 706, _claims("B7", "ACCT8", "ACCT9"), date="260123", sent=True)}

CAME = {
    "ta1": _ta1(701, "A", "000", 801),
    "ta1 refused": _ta1(703, "R", "006", 802),
    "ta1 again": _ta1(704, "A", "000", 803),
    "999": _interchange("999", 804, _ack(701, ("0001", "A", ""), ("0002", "E", "ACCT4"), code="E")),
    "999 second": _interchange("999", 805, _ack(702, ("0001", "A", ""))),
    "999 again": _interchange("999", 806, _ack(704, ("0001", "E", "ACCT7"), code="E")),
    "999 foreign": _interchange("999", 807, _ack(9999, ("0001", "R", "NOBODY"), code="R")),
    "house": _interchange(
        "277CA",
        808,
        _status(
            "B1",
            ("ACCT1", "A3:562*20260111*U*165"),
            ("ACCT2", "A2:20*20260111*WQ*165", "REF*D9*HOUSE2"),
            (LONG[:17], "A2:20*20260111*WQ*165"),
            totals="QTY*90*3\nQTY*AA*1",
            date="20260111",
        ),
    ),
    "payer": _interchange(
        "277CA",
        809,
        _status(
            "B1",
            ("ACCT2", "A2:20*20260112*WQ*165", "REF*1K*PAYER2"),
            ("ACCT3", "A2:20*20260112*WQ*165", "REF*1K*PAYER3\nREF*D9*HOUSE3"),
            payer=True,
            date="20260112",
        ),
    ),
    "house second": _interchange(
        "277CA",
        810,
        _status("B3", ("ACCT1", "A2:20*20260121*WQ*165", "REF*D9*HOUSE1"), totals="QTY*90*2", date="20260121"),
    ),
    "by number": _interchange(  # of a set that it does not name, after the second submission
        "277CA", 811, _status("0", ("ACCT1", "A2:20*20260122*WQ*165", "REF*1K*PAYER1"), payer=True, date="20260122")
    ),
    "by number, before": _interchange(  # between the two submissions
        "277CA", 812, _status("0", ("ACCT1", "A1:19*20260115*WQ*165"), date="20260115")
    ),
    "lost number": _interchange(
        "277CA", 813, _status("B1", ("0", "A8:562*20260113*U*165", "REF*D9*HOUSE3"), payer=True, date="20260113")
    ),
    "cut": _interchange(
        "277CA", 814, _status("0", (LONG[:17], "A2:20*20260114*WQ*165", "REF*1K*PAYERL"), payer=True, date="20260114")
    ),
    "whole set": _interchange("277CA", 815, _status("B2", totals="QTY*90*2", date="20260111")),
    "again": _interchange("277CA", 816, _status("B5", ("ACCT7", "A2:20*20260122*WQ*165"), payer=True, date="20260122")),
    "inquiry": _interchange("277", 817, _status("", ("ACCT3", "P1:20*20260125**165", "REF*1K*PAYER3"), inquiry="Q1")),
    "lost among others": _interchange(  # whose the number is, and so whom the totals speak of, another answer tells
        "277CA",
        842,
        _status("B1", ("0", "A3:562*20260111*U*165", "REF*D9*HOUSE3"), totals="QTY*90*3\nQTY*AA*1", date="20260111"),
    ),
    "single refusal": _interchange(  # the submitter's level repeats what is said of one claim
        "277CA",
        843,
        _status(
            "B3",
            ("ACCT6", "A3:562*20260122*U*165"),
            totals="STC*A3:562*20260122*U*165\nQTY*90*1\nQTY*AA*1",
            date="20260122",
        ),
    ),
    "another's": _interchange(  # another system on this mailbox numbers its sets as we do
        "277CA", 840, _status("B2", ("NOBODY", "A2:20*20260111*WQ*70"), totals="QTY*90*2", date="20260111")
    ),
    "another's refused": _interchange(
        "277CA",
        841,
        _status("B3", ("NOBODY", "A3:562*20260121*U*70"), totals="QTY*90*1\nQTY*AA*1", date="20260121"),
    ),
    "foreign": _interchange("277CA", 818, _status("FOREIGN", ("NOBODY", "A3:562*20260111*U*99"))),
    "paid": _interchange(
        "835",
        820,
        _pay(
            "CHK1",
            "330",
            _clp("ACCT1", 100, "PAYER1"),
            _clp("0", 80, "PAYER3", about="ACCT3"),  # only the payer's number tells whose it is
            _clp("ACCT9", 150, "PAYER9"),
        ),
    ),
    "taken back": _interchange(
        "835",
        821,
        _pay(
            "CHK2",
            "20",
            _clp("ACCT1", -100, "PAYER1", status="22", charge=-165),
            _clp("ACCT1", 120, "PAYER1A", reason="PR*1"),
            date="20260220",
        ),
    ),
    "first payer": _interchange(
        "835",
        822,
        _pay("CHK3", "90", _clp("ACCT2", 100, "PAYER2", reason="PR*2"), plb=f"PLB*{NPI}*20261231*FB:CHK5*10"),
    ),
    "second payer": _interchange(
        "835",
        823,
        _pay("CHK4", "65", _clp("ACCT2", 65, "SEC2", status="2", reason="OA*23"), payer=SECOND, date="20260225"),
    ),
    "long taken back": _interchange(
        "835",
        824,
        _pay(
            "CHK5",
            "0",
            _clp(LONG[:17], -70, "PAYERL", status="22", charge=-165, about=LONG),
            date="20260221",
            plb=f"PLB*{NPI}*20261231*FB:CHK5*-70",
        ),
    ),
    "long paid": _interchange(
        "835", 825, _pay("CHK6", "70", _clp(LONG[:17], 70, "PAYERL", about=LONG), date="20260211")
    ),
    "unbalanced": _interchange("835", 826, _pay("CHK7", "99", _clp("ACCT6", 98, "PAYER6"))),
    "denied": _zip(
        _interchange("835", 827, _pay("CHK8", "0", _clp("ACCT5", 0, "PAYER5", status="4", reason="CO*197"))),
        _interchange("277CA", 828, _status("B2", ("ACCT4", "A7:562*20260113*U*165"), payer=True, date="20260113")),
    ),
    "by member": _interchange("835", 829, _pay("CHK9", "44", _clp("OTHER44", 44, "PAYER4", about="ACCT4"))),
    "by payment's number": _interchange(  # a number that no answer told, only another payment
        "835", 830, _pay("CHK10", "10", _clp("0", 10, "PAYER6", about="ACCT6", charge=100), date="20260212")
    ),
    "six": _interchange("835", 831, _pay("CHK11", "55", _clp("ACCT6", 55, "PAYER6"), date="20260213")),
    "six again": _interchange("835", 832, _pay("CHK12", "55", _clp("ACCT6", 55, "PAYER6"), date="20260214")),
    "repeated": _interchange("835", 833, _pay("CHK11", "30", _clp("ACCT6", 30, "PAYER6"), date="20260213")),
    "999 replaced": _interchange("999", 835, _ack(707, ("0001", "A", ""))),
    "999 voided": _interchange("999", 836, _ack(708, ("0001", "A", ""))),
    "replacement": _interchange(
        "277CA", 837, _status("B8", ("ACCT4", "A2:20*20260303*WQ*200", "REF*1K*PAYER4R"), payer=True, date="20260303")
    ),
    "void": _interchange("277CA", 838, _status("B9", ("ACCT5", "A2:20*20260303*WQ*165"), payer=True, date="20260303")),
    "corrected": _interchange(  # the replacement pays, and what was paid by member is taken back
        "835",
        839,
        _pay(
            "CHK14",
            "46",
            _clp("OTHER44", -44, "PAYER4", status="22", charge=-165, about="ACCT4"),
            _clp("ACCT4", 120, "PAYER4R", charge=200, reason="PR*1"),
            date="20260310",
            plb=f"PLB*{NPI}*20261231*WO:CHK9*30",
        ),
    ),
    "nobody's": _interchange("835", 834, _pay("CHK13", "12", _clp("STRANGER", 12, "PAYERX"))),
}
# These keep their order: a claim's versions as they were imported, and the second of two that contradict each other.
AFTER = {"secondary": "first", "replaced": "first", "voided": "first", "repeated": "six"}
