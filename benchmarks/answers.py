"""What a clearinghouse and its payers would answer, written fast: 999, 277CA and 835 for claims that all went well.

An 835 has three lines a claim; what is not paid is adjusted line by line (CO 45 and PR 2, every tenth claim has a
denied line), so that line, claim and payment balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Asked(NamedTuple):
    """A claim as the payer knows it."""

    patient_control_number: str
    charge: int  # cents
    member_id: str
    last_name: str
    first_name: str
    day: str  # CCYYMMDD
    provider: str  # NPI
    payer: str


class SentSet(NamedTuple):
    """A set of ours: what its answers name."""

    group_control_number: str
    control_number: str
    reference: str
    claims: Sequence[Asked]


class Envelope(NamedTuple):
    """Who answers whom. Each interchange gets a number of its own from `first` on."""

    sender: str
    receiver: str
    first: int = 1


_KINDS = {
    "999": ("999", "FA", "005010X231A1"),
    "277CA": ("277", "HN", "005010X214"),
    "835": ("835", "HP", "005010X221A1"),
}


def interchange(kind: str, envelope: Envelope, number: int, sets: Iterable[Iterator[str]]) -> Iterator[str]:
    """One interchange with one group; each set is given as its segments between ST and SE."""
    code, functional, version = _KINDS[kind]
    gap, icn = " " * 10, envelope.first + number
    yield (
        f"ISA*00*{gap}*00*{gap}*ZZ*{envelope.sender:15}*ZZ*{envelope.receiver:15}*260201*1100*^*00501*{icn:09}*0*T*:~\n"
    )
    yield f"GS*{functional}*{envelope.sender}*{envelope.receiver}*20260201*1100*{icn}*X*{version}~\n"
    count = 0
    for count, segments in enumerate(sets, 1):
        yield f"ST*{code}*{count:04}~\n" if kind == "835" else f"ST*{code}*{count:04}*{version}~\n"
        inside = 2
        for segment in segments:
            inside += 1
            yield f"{segment}~\n"
        yield f"SE*{inside}*{count:04}~\n"
    yield f"GE*{count}*{icn}~\nIEA*1*{icn:09}~\n"


def acknowledgment(sets: Sequence[SentSet], version: str = "005010X222A1") -> Iterator[str]:
    """A 999 that accepts every set of one group of ours."""
    yield f"AK1*HC*{sets[0].group_control_number}*{version}"
    for one in sets:
        yield f"AK2*837*{one.control_number}*{version}"
        yield "IK5*A"
    yield f"AK9*A*{len(sets)}*{len(sets)}*{len(sets)}"


def statuses(one: SentSet, number: int) -> Iterator[str]:
    """A 277CA of the payer that accepts every claim of one set of ours by name."""
    yield f"BHT*0085*08*CA{number}*20260201*1100*TH"
    yield "HL*1**20*1"
    yield "NM1*PR*2*BENCHMARK PAYER*****PI*99001"
    yield f"TRN*1*T{number}"
    yield "DTP*050*D8*20260201"
    yield "HL*2*1*21*1"
    yield "NM1*41*2*BENCHMARK BILLING OFFICE*****46*BENCHPRACTICE"
    yield f"TRN*2*{one.reference}"
    yield f"STC*A1:19:PR*20260201*WQ*{_amount(sum(claim.charge for claim in one.claims))}"
    yield f"QTY*90*{len(one.claims)}"
    by_provider: dict[str, list[Asked]] = {}
    for claim in one.claims:
        by_provider.setdefault(claim.provider, []).append(claim)
    level = 2
    for provider, claims in by_provider.items():
        level += 1
        parent = level
        yield f"HL*{level}*2*19*1"
        yield f"NM1*85*2*BENCHMARK PRACTICE*****XX*{provider}"
        for claim in claims:
            level += 1
            yield f"HL*{level}*{parent}*PT"
            yield f"NM1*QC*1*{claim.last_name}*{claim.first_name}****MI*{claim.member_id}"
            yield f"TRN*2*{claim.patient_control_number}"
            yield f"STC*A2:20:PR*20260201*WQ*{_amount(claim.charge)}"
            yield f"REF*1K*P{claim.patient_control_number}"
            yield f"DTP*472*D8*{claim.day}"


class _Line(NamedTuple):
    charge: int
    contractual: int
    coinsurance: int
    denied: int

    @property
    def paid(self) -> int:
        return self.charge - self.contractual - self.coinsurance - self.denied


def payment(claims: Sequence[Asked], number: int) -> Iterator[str]:
    """An 835: one payment of one payer to one billing provider."""
    lines = [_lines(claim.charge, ordinal) for ordinal, claim in enumerate(claims)]
    total = sum(line.paid for three in lines for line in three)
    yield f"BPR*I*{_amount(total)}*C*ACH*CCP*01*999999992*DA*123456*1512345678**01*999988880*DA*98765*20260131"
    yield f"TRN*1*BENCH{number:06}*1512345678"
    yield "DTM*405*20260131"
    yield f"N1*PR*BENCHMARK PAYER*XV*{claims[0].payer}"
    yield "N3*1 PAYER PLAZA"
    yield "N4*EASTHAVEN*NY*10999"
    yield "PER*BL*TECHNICAL DESK*TE*5555550199"
    yield f"N1*PE*BENCHMARK PRACTICE*XX*{claims[0].provider}"
    yield "LX*1"
    for claim, three in zip(claims, lines, strict=True):
        yield from _paid_claim(claim, three)


def _lines(charge: int, ordinal: int) -> list[_Line]:
    third = charge // 3
    lines = [_Line(cents, cents * 3 // 10, cents // 10, 0) for cents in (third, third, charge - 2 * third)]
    if ordinal % 10 == 9:
        lines[2] = _Line(lines[2].charge, 0, 0, lines[2].charge)
    return lines


def _paid_claim(claim: Asked, lines: Sequence[_Line]) -> Iterator[str]:
    number, charge = claim.patient_control_number, _amount(claim.charge)
    paid, patient = _amount(sum(line.paid for line in lines)), _amount(sum(line.coinsurance for line in lines))
    yield f"CLP*{number}*1*{charge}*{paid}*{patient}*12*P{number}*11*1"
    yield f"NM1*QC*1*{claim.last_name}*{claim.first_name}****MI*{claim.member_id}"
    yield "DTM*050*20260120"
    for ordinal, line in enumerate(lines, 1):
        yield f"SVC*HC:9921{ordinal + 1}*{_amount(line.charge)}*{_amount(line.paid)}**1"
        yield f"DTM*472*{claim.day}"
        if line.denied:
            yield f"CAS*CO*50*{_amount(line.denied)}"
        else:
            yield f"CAS*CO*45*{_amount(line.contractual)}"
            yield f"CAS*PR*2*{_amount(line.coinsurance)}"
        yield f"REF*6R*{ordinal}"
        yield f"AMT*B6*{_amount(line.charge - line.contractual)}"
        if line.denied:
            yield "LQ*HE*N115"


def _amount(cents: int) -> str:
    whole, part = divmod(cents, 100)
    return f"{whole}.{part:02}".rstrip("0") if part else str(whole)
