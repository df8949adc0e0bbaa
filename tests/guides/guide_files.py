"""Small 837 files written by hand: segments of one set, wrapped in envelopes."""

from __future__ import annotations

from collections.abc import Iterable

HEADER = [
    "BHT*0019*00*R1*20260302*0930*CH",
    "NM1*41*2*LINDEN BILLING*****46*LB1",
    "PER*IC*DESK*TE*5555550100",
    "NM1*40*2*OFFICE ALLY*****46*OA1",
]
PROVIDER = ["NM1*85*2*LINDEN PRACTICE*****XX*1234567893", "N3*12 LINDEN AVE", "N4*SPRINGFIELD*IL*627010001",
            "REF*EI*123456789"]  # fmt: skip
SUBSCRIBER = ["SBR*P*18*******CI", "NM1*IL*1*ROWAN*ALMA****MI*M1", "N3*3 BIRCH CT", "N4*SPRINGFIELD*IL*62704",
              "DMG*D8*19480214*F", "NM1*PR*2*HEARTLAND*****PI*H1"]  # fmt: skip
LINE = ["LX*1", "SV1*HC:99213*40*UN*1***1", "DTP*472*D8*20260226"]


def claim(number: str = "A1", *more: str) -> list[str]:
    """A professional claim; `more` stands before its lines."""
    return [f"CLM*{number}*40***11:B:1*Y*A*Y*Y", "HI*ABK:E119", *more, *LINE]


def levels(*claims: list[str]) -> list[str]:
    """Header, billing provider and subscriber, then the claims."""
    return [*HEADER, "HL*1**20*1", *PROVIDER, "HL*2*1*22*0", *SUBSCRIBER, *(text for one in claims for text in one)]


def edi(segments: Iterable[str], version: str = "005010X222A1", *, isa11: str = "^") -> bytes:
    """A file of one set, delimiters `*:^~`."""
    body = [f"ST*837*0001*{version}", *segments]
    lines = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*260302*0930*{isa11}*00501*000000001*0*T*:",
        f"GS*HC*SENDER*RECEIVER*20260302*0930*1*X*{version}",
        *body,
        f"SE*{len(body) + 1}*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]
    return "".join(f"{line}~" for line in lines).encode()


def inside(content: bytes) -> list[str]:
    """The segments between ST and SE, without BHT03 to BHT05."""
    found = content.decode().split("~")
    start = next(number for number, text in enumerate(found) if text.startswith("ST*"))
    end = next(number for number, text in enumerate(found) if text.startswith("SE*"))
    return ["BHT*0019*00*R1*20260302*0930*CH" if text.startswith("BHT*") else text for text in found[start + 1 : end]]
