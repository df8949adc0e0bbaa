"""What an 835 says beside its claims: whom to ask at the payer, and what it sums up of institutional claims."""

from __future__ import annotations

from reading import read

HEAD = """ISA*00*          *00*          *ZZ*PAYER          *ZZ*US             *260202*0910*^*00501*000000001*0*T*:~
GS*HP*PAYER*US*20260202*0910*1*X*005010X221A1~
ST*835*0001~
BPR*I*150*C*ACH************20260210~
TRN*1*EFT1*1900000001*BRANCH~
CUR*PR*USD~
REF*EV*US~
N1*PR*A PLAN*XV*99001~
N3*1 PLAN WAY~
N4*TOWN*NY*10001~
PER*CX**TE*8005551212*EX*12~
PER*BL*EDI DESK*EM*edi@plan.example~
N1*PE*A CLINIC*XX*1999000007~
"""
CLAIMS = """CLP*A1*1*100*100**MA*P1*11*1~
CLP*A2*1*50*50**MA*P2*11*1~
"""
TAIL = "SE*1*0001~\nGE*1*1~\nIEA*1*000000001~\n"


def test_the_payers_contacts_and_addresses_are_read() -> None:
    """Claims desk and EDI help desk with their numbers; what stands before the payer's name is the payment's."""
    head = read((HEAD + "LX*1~\n" + CLAIMS + TAIL).encode())["sets"][0]["documents"][0]
    claims_desk, help_desk = head["payer_contacts"]
    numbers = [{"qualifier": "TE", "value": "8005551212"}, {"qualifier": "EX", "value": "12"}]
    assert claims_desk == {"function": "CX", "numbers": numbers}
    assert (help_desk["name"], help_desk["numbers"][0]["value"]) == ("EDI DESK", "edi@plan.example")
    assert head["payer_address"] == ["1 PLAN WAY", "TOWN NY 10001"]
    assert (head["supplement"], head["currency"]) == ("BRANCH", "USD")
    assert head["references"] == [{"qualifier": "EV", "value": "US"}]


def test_a_summary_of_institutional_claims_is_compared_and_moves_nothing() -> None:
    """TS3 and TS2 are kept as they came; one that its claims do not come to is a warning."""
    right = "LX*1~\nTS3*1999000007*11*20261231*2*150~\nTS2*10.5**4~\n" + CLAIMS
    wrong = "LX*2~\nTS3*1999000007*13*20261231*3*150~\n"
    found = read((HEAD + right + wrong + TAIL).encode())["sets"][0]
    first, second = (one for one in found["documents"] if one["kind"] == "provider_summary")
    assert first["values"] == [{"qualifier": "TS201", "value": "10.5"}, {"qualifier": "TS203", "value": "4"}]
    assert (first["claims"], first["charge"], second["facility"]) == (2, "150.00", "13")
    assert [one for one in found["issues"] if "summary" in one] == ["warning provider_summary_differs at 18"]
    assert found["totals"]["paid"] == "150.00"
