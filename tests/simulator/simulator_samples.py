"""Claims of invented people, written out by hand, and a small typesetter that puts them into 837 files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

CLINIC = ("NORTHSIDE FAMILY CLINIC", "1234567893", "120345678")
SURGERY = ("LAKEVIEW SURGERY GROUP", "1993999998", "980765432")

PROFESSIONAL, INSTITUTIONAL, DENTAL = "005010X222A1", "005010X223A2", "005010X224A2"


def clock() -> datetime:
    """A clock that stands still."""
    return NOON


@dataclass(frozen=True)
class Sample:
    """One professional claim; `lines` are (procedure, charge) pairs with a whole number of dollars and cents."""

    number: str
    lines: tuple[tuple[str, str], ...] = (("99213", "120.00"), ("85025", "40.50"))
    payer: tuple[str, str] = ("SUMMIT HEALTH PLAN", "SHP01")
    provider: tuple[str, str, str] = CLINIC
    frequency: str = "1"
    original: str = ""
    filing: str = "CI"
    order: str = "P"
    other_payer: tuple[str, ...] = ()  # whole segments of loop 2320
    dependent: bool = False
    day: str = "20260210"

    @property
    def charge(self) -> str:
        cents = sum(int(amount.replace(".", "")) for _, amount in self.lines)
        return f"{cents // 100}.{cents % 100:02d}"


@dataclass
class Text:
    """Segments of one transaction set as they are typed."""

    segments: list[str] = field(default_factory=list)
    levels: int = 0

    def level(self, parent: int | str, code: str, child: int) -> int:
        self.levels += 1
        self.segments.append(f"HL*{self.levels}*{parent}*{code}*{child}")
        return self.levels


def professional_set(samples: Sequence[Sample], number: str = "0001", batch: str = "BATCH0001") -> list[str]:
    """ST to SE of an 837P."""
    text = Text([f"ST*837*{number}*{PROFESSIONAL}", f"BHT*0019*00*{batch}*20260302*1200*CH", *_submitter()])
    for sample in samples:
        provider = text.level("", "20", 1)
        text.segments += _billing(sample.provider)
        subscriber = text.level(provider, "22", 1 if sample.dependent else 0)
        text.segments += _subscriber(sample)
        if sample.dependent:
            text.level(subscriber, "23", 0)
            text.segments += [
                "PAT*19",
                "NM1*QC*1*HOLLOWAY*JUNE",
                "N3*9 ELM ST",
                "N4*DAYTON*OH*45402",
                "DMG*D8*20150505*F",
            ]
        text.segments += _claim(sample)
    text.segments.append(f"SE*{len(text.segments) + 1}*{number}")
    return text.segments


def _submitter() -> list[str]:
    return [
        "NM1*41*2*EXAMPLE BILLING*****46*SUBMITTER01",
        "PER*IC*EDI DESK*TE*5555550100",
        "NM1*40*2*PLAINS CLEARINGHOUSE*****46*PLAINSCH",
    ]


def _billing(provider: tuple[str, str, str]) -> list[str]:
    name, npi, tax_id = provider
    return [f"NM1*85*2*{name}*****XX*{npi}", "N3*100 MAIN ST", "N4*DAYTON*OH*454021111", f"REF*EI*{tax_id}"]


def _subscriber(sample: Sample) -> list[str]:
    relation = "" if sample.dependent else "18"
    segments = [f"SBR*{sample.order}*{relation}*******{sample.filing}", "NM1*IL*1*HOLLOWAY*MARTIN****MI*HLW900100200"]
    if not sample.dependent:
        segments += ["N3*9 ELM ST", "N4*DAYTON*OH*45402", "DMG*D8*19800101*M"]
    return [*segments, f"NM1*PR*2*{sample.payer[0]}*****PI*{sample.payer[1]}"]


def _claim(sample: Sample) -> list[str]:
    segments = [f"CLM*{sample.number}*{sample.charge}***11:B:{sample.frequency}*Y*A*Y*Y"]
    if sample.original:
        segments.append(f"REF*F8*{sample.original}")
    segments += ["HI*ABK:J069", *sample.other_payer]
    for index, (procedure, amount) in enumerate(sample.lines, 1):
        segments += [
            f"LX*{index}",
            f"SV1*HC:{procedure}*{amount}*UN*1***1",
            f"DTP*472*D8*{sample.day}",
            f"REF*6R*{sample.number}L{index}",
        ]
    return segments


def institutional_set(number: str = "0001") -> list[str]:
    """An 837I with one outpatient claim of two lines, one of them without a procedure code."""
    segments = [
        f"ST*837*{number}*{INSTITUTIONAL}", "BHT*0019*00*BATCHI001*20260302*1200*CH", *_submitter(),
        "HL*1**20*1", *_billing(("LAKEVIEW HOSPITAL", "1993999998", "980765432")), "HL*2*1*22*0",
        "SBR*P*18*******MA", "NM1*IL*1*OKAFOR*ADA****MI*1EG4TE5MK72", "N3*3 HILL RD", "N4*DAYTON*OH*45402",
        "DMG*D8*19480203*F", "NM1*PR*2*MEDICARE A*****PI*00882", "CLM*HOSP0001*900***13:A:1**A*Y*Y",
        "DTP*434*RD8*20260201-20260203", "CL1*3*1*01", "HI*ABK:I10", "NM1*71*1*STONE*RUTH****XX*1234567893",
        "LX*1", "SV2*0450*HC:99284*650*UN*1", "DTP*472*D8*20260201", "REF*6R*HOSP0001L1",
        "LX*2", "SV2*0270**250*UN*5", "REF*6R*HOSP0001L2",
    ]  # fmt: skip
    return [*segments, f"SE*{len(segments) + 1}*{number}"]


def dental_set(number: str = "0001", predetermination: bool = False) -> list[str]:
    """An 837D with one claim of two lines; as a predetermination it has no dates."""
    ask, day = ("*" * 10 + "PB", []) if predetermination else ("", ["DTP*472*D8*20260205"])
    segments = [
        f"ST*837*{number}*{DENTAL}", "BHT*0019*00*BATCHD001*20260302*1200*CH", *_submitter(),
        "HL*1**20*1", *_billing(("BRIGHT DENTAL", "1234567893", "120345678")), "HL*2*1*22*0",
        "SBR*P*18*******CI", "NM1*IL*1*VARGA*LENA****MI*VRG77001", "N3*7 OAK AVE", "N4*DAYTON*OH*45402",
        "DMG*D8*19900909*F", "NM1*PR*2*DELTA SAMPLE*****PI*DLT09", f"CLM*DENT0001*310***11:B:1*Y*A*Y*Y{ask}", *day,
        "LX*1", "SV3*AD:D2740*250****1", "TOO*JP*14", "REF*6R*DENT0001L1",
        "LX*2", "SV3*AD:D0220*60****2", "REF*6R*DENT0001L2",
    ]  # fmt: skip
    return [*segments, f"SE*{len(segments) + 1}*{number}"]


def interchange(
    *sets: Sequence[str],
    guide: str = PROFESSIONAL,
    number: int = 1,
    group: int = 101,
    usage: str = "T",
    delimiters: str = "*:^~",
) -> bytes:
    """One ISA and one GS around the sets. Sets are typed with the usual delimiters and changed over here."""
    control = f"{number:09d}"
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SUBMITTER01':15}*ZZ*{'PLAINSCH':15}*260302*1200*^*00501*{control}*0*{usage}*:",
        f"GS*HC*SUBMITTER01*PLAINSCH*20260302*1200*{group}*X*{guide}",
        *(segment for item in sets for segment in item),
        f"GE*{len(sets)}*{group}",
        f"IEA*1*{control}",
    ]
    text = "".join(segment + "~" for segment in segments)
    return text.translate(str.maketrans("*:^~", delimiters)).encode("latin-1")


def professional(*samples: Sample, **envelope: object) -> bytes:
    """An 837P file with one set."""
    return interchange(professional_set(samples), **envelope)  # type: ignore[arg-type]


def many(count: int, prefix: str = "CLAIM") -> list[Sample]:
    """So many claims of two payers and two providers."""
    payers = (("SUMMIT HEALTH PLAN", "SHP01"), ("RIVER MUTUAL", "RVM02"))
    providers = (CLINIC, SURGERY)
    return [
        Sample(f"{prefix}{index:05d}", payer=payers[index % 2], provider=providers[index // 2 % 2])
        for index in range(1, count + 1)
    ]
