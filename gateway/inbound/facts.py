"""What an inbound file says, as frozen values: the answers of TA1, 999, 277CA and 277, and the claims of an 835.

`segment` is always the ordinal of the segment in its transaction set, ST = 1. Amounts are integer cents, days are ISO
text (empty where absent or unreadable), everything else is the text of the element.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

from gateway.x12.issues import Issue
from gateway.x12.values import Delimiters, Segment

Verdict = Literal["accept", "reject", "duplicate", "pended", "info"]


class SetLike(Protocol):
    """What the parsers need of a transaction set: its segments in order, ST first, and the delimiters they carry."""

    @property
    def delimiters(self) -> Delimiters: ...
    def __iter__(self) -> Iterator[Segment]: ...


class TextLike(Protocol):
    """The same for who reads faster than segment by segment: all segments as text, ST first, a run at a time."""

    @property
    def delimiters(self) -> Delimiters: ...
    def texts(self) -> Iterator[list[str]]: ...


class ReadableSet(SetLike, TextLike, Protocol):
    """A set that can be read both ways, but once."""


# ── TA1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class InterchangeAnswer(NamedTuple):
    """TA1: a verdict on one interchange of ours."""

    control_number: str  # TA101, nine digits
    verdict: Verdict
    note: str  # TA105
    date: str  # TA102 as it came, YYMMDD: our ISA09
    time: str  # TA103: our ISA10
    sender: str  # who answers: our receiver
    receiver: str  # who is answered: our sender
    code: str  # TA104
    segment: int


# ── 999 and 997 ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Trigger(NamedTuple):
    """CTX*SITUATIONAL TRIGGER: what in our set made something required."""

    segment_id: str  # CTX02
    position: int  # CTX03: ordinal in our set, ST = 1; 0 where it is no number
    loop: str  # CTX04
    element: str  # CTX05: position, component and repetition
    reference: str  # CTX06: number of the data element


class ElementFault(NamedTuple):
    """IK4 (AK4): one element at fault."""

    segment: int
    element: str  # IK401: position, component and repetition, for example "5:3"
    code: str  # IK403
    reference: str = ""  # IK402: number of the data element
    value: str = ""  # IK404, the bad value: may be patient data, so it is shown of a file and never stored
    triggers: tuple[Trigger, ...] = ()


class SegmentFault(NamedTuple):
    """IK3 (AK3) with its CTX and IK4: one segment at fault."""

    segment: int
    segment_id: str  # IK301
    position: int  # IK302: ordinal in our set, ST = 1; 0 where it is no number
    loop: str  # IK303
    code: str  # IK304
    patient_control_number: str  # from CTX, where it names the claim
    elements: tuple[ElementFault, ...]
    triggers: tuple[Trigger, ...] = ()


class SetAnswer(NamedTuple):
    """AK2 … IK5: the verdict on one transaction set of ours."""

    segment: int  # of the IK5; of the AK2 where the IK5 is missing
    set_id: str  # AK201
    control_number: str  # AK202: our ST02
    version: str  # AK203
    verdict: Verdict
    code: str  # IK501
    codes: tuple[str, ...]  # IK502 to IK506
    faults: tuple[SegmentFault, ...]
    patient_control_numbers: tuple[str, ...]  # every claim that a CTX names


class GroupAnswer(NamedTuple):
    """AK1 and AK9: the verdict on one functional group of ours."""

    segment: int  # of the AK9
    functional_id: str  # AK101
    control_number: str  # AK102: our GS06
    version: str  # AK103
    code: str  # AK901; empty where the AK9 is missing
    included: int | None  # AK902
    received: int | None  # AK903
    accepted: int | None  # AK904
    codes: tuple[str, ...]  # AK905 to AK909


# ── 277CA and 277 ────────────────────────────────────────────────────────────────────────────────────────────────────


class Status(NamedTuple):
    """One STC."""

    segment: int
    codes: tuple[str, ...]  # STC01, STC10, STC11 as category:status:entity, for example "A7:562:82"
    date: str  # STC02, ISO
    action: str  # STC03: WQ, U or empty
    charge: int | None  # STC04
    text: str  # STC12: may be patient data
    verdict: Verdict


class Source(NamedTuple):
    """2000A: who answers. PR is the payer, AY an intermediary."""

    segment: int
    entity: str  # NM101
    name: str
    id: str  # NM109
    trace: str  # 2200A TRN02
    received_on: str = ""  # DTP*050, ISO
    processed_on: str = ""  # DTP*009


class Receiver(NamedTuple):
    """2000B: the submitter, and what is said of the whole set."""

    segment: int
    id: str  # NM109
    reference: str  # 2200B TRN02: our BHT03
    statuses: tuple[Status, ...]
    accepted: int | None  # QTY*90
    rejected: int | None  # QTY*AA
    accepted_amount: int | None  # AMT*YU
    rejected_amount: int | None  # AMT*YY


class Provider(NamedTuple):
    """2000C: a billing provider, and what is said of all its claims in the set."""

    segment: int
    id: str  # NM109: NPI or tax id
    other_ids: tuple[str, ...]  # REF02
    statuses: tuple[Status, ...]
    accepted: int | None  # QTY*QA
    rejected: int | None  # QTY*QC
    accepted_amount: int | None = None  # AMT*YU
    rejected_amount: int | None = None  # AMT*YY


class LineStatus(NamedTuple):
    """2220D: a service line and what is said of it."""

    segment: int
    control_number: str  # REF*FJ: our REF*6R
    procedure: str  # SVC01-2
    charge: int | None
    statuses: tuple[Status, ...]


class ClaimStatus(NamedTuple):
    """2200D: what is said of one claim. In a 277 (X212) the patient control number is REF*EJ, else TRN02."""

    segment: int
    patient_control_number: str
    trace: str  # 2200D TRN02 as it came
    payer_claim_number: str  # REF*1K
    clearinghouse_number: str  # REF*D9
    member_id: str  # NM109 of the patient, else of the subscriber
    last_name: str
    service_from: str
    service_to: str
    statuses: tuple[Status, ...]
    lines: tuple[LineStatus, ...]
    bill_type: str = ""  # REF*BLT

    @property
    def verdict(self) -> Verdict:
        """Of the claim's own STCs the strictest; where it has none, of its lines'."""
        said = [status.verdict for status in self.statuses]
        said = said or [status.verdict for line in self.lines for status in line.statuses]
        return next((verdict for verdict in _STRICTEST_FIRST if verdict in said), "info")


_STRICTEST_FIRST: tuple[Verdict, ...] = ("reject", "duplicate", "accept", "pended", "info")

Answer = Source | Receiver | Provider | ClaimStatus


# ── 835 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Contact(NamedTuple):
    """PER of the payer: whom to ask."""

    function: str  # PER01: CX claims, BL the EDI help desk, IC the web site
    name: str
    numbers: tuple[tuple[str, str], ...]  # kind (TE, EX, FX, EM, UR) and number


class RemittanceHeader(NamedTuple):
    """BPR to the last segment before the claims. Of bank accounts only the end of the payee's is kept."""

    handling: str  # BPR01
    payment: int  # BPR02 in cents, negative where BPR03 is D
    method: str  # BPR04
    payment_date: str  # BPR16, ISO
    trace_number: str  # TRN02
    originator: str  # TRN03
    payer_name: str
    payer_id: str  # N1*PR N104
    payer_references: tuple[tuple[str, str], ...]  # REF under N1*PR, for example ("2U", "12345")
    payee_name: str
    payee_id: str  # N1*PE N104
    payee_references: tuple[tuple[str, str], ...]  # REF under N1*PE, for example ("TJ", "123456789")
    production_date: str  # DTM*405
    account_ending: str = ""  # the last four of BPR15
    supplement: str = ""  # TRN04
    currency: str = ""  # CUR02
    references: tuple[tuple[str, str], ...] = ()  # REF before N1: EV receiver, F2 version
    payer_address: tuple[str, ...] = ()  # N3 and N4 under N1*PR, line by line
    payer_contacts: tuple[Contact, ...] = ()
    payee_address: tuple[str, ...] = ()


class Adjustment(NamedTuple):
    """One reason, amount and quantity of a CAS."""

    group: str  # CAS01: CO, PR, OA, PI; CR from sloppy payers
    reason: str  # claim adjustment reason code
    cents: int  # positive lowers the payment
    quantity: str


class RemittedLine(NamedTuple):
    """2110: a service line as the payer decided it."""

    segment: int  # of the SVC
    procedure: str  # SVC01 as it came: qualifier, code and modifiers joined by ":"
    submitted: str  # SVC06, where the code was changed
    revenue_code: str  # SVC04
    units: str  # SVC05; empty means 1
    submitted_units: str  # SVC07
    charge: int  # SVC02
    paid: int  # SVC03
    control_number: str  # REF*6R
    service_from: str
    service_to: str
    adjustments: tuple[Adjustment, ...]
    references: tuple[tuple[str, str], ...]
    amounts: tuple[tuple[str, int], ...]  # AMT, for example ("B6", allowed)
    quantities: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]  # LQ*HE, LQ*RX


class Party(NamedTuple):
    """NM1: a person or organisation of the claim."""

    entity: str  # QC patient, IL insured, 74 corrected, 82 rendering, TT crossover, PR, GB
    last_name: str
    first_name: str
    qualifier: str
    id: str


class RemittedClaim(NamedTuple):
    """2100: a claim as the payer decided it."""

    segment: int  # of the CLP
    patient_control_number: str  # CLP01
    status: str  # CLP02
    charge: int  # CLP03
    paid: int  # CLP04
    patient_stated: int  # CLP05
    filing_indicator: str  # CLP06
    payer_claim_number: str  # CLP07
    facility: str  # CLP08
    frequency: str  # CLP09
    group_code: str  # CLP11: DRG
    adjustments: tuple[Adjustment, ...]
    lines: tuple[RemittedLine, ...]
    parties: tuple[Party, ...]
    references: tuple[tuple[str, str], ...]
    dates: tuple[tuple[str, str], ...]  # DTM qualifier, ISO day
    amounts: tuple[tuple[str, int], ...]  # AMT, for example ("I", interest)
    quantities: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]  # MIA05, MIA20 to 23, MOA03 to 07

    def reference(self, qualifier: str) -> str:
        """The first REF02 of that qualifier, else empty."""
        return next((value for found, value in self.references if found == qualifier), "")

    def party(self, *entities: str) -> Party | None:
        """The first party of the first of these entities that the claim names."""
        for entity in entities:
            for party in self.parties:
                if party.entity == entity:
                    return party
        return None

    @property
    def service_dates(self) -> tuple[str, str]:
        """First and last day of service: DTM*232 and 233, else those of the lines; empty where there is none."""
        begin = end = ""
        for qualifier, found in self.dates:
            if qualifier == "232":
                begin = found
            elif qualifier == "233":
                end = found
        begin = begin or min([line.service_from for line in self.lines if line.service_from], default="")
        end = end or max([line.service_to for line in self.lines if line.service_to], default="")
        return begin or end, end or begin


class ProviderAdjustment(NamedTuple):
    """One pair of a PLB: money that no claim explains."""

    segment: int
    provider_id: str  # PLB01
    fiscal_period_end: str  # PLB02, ISO
    code: str
    reference: str  # claim, trace or account number: may be patient data
    cents: int  # positive lowers the payment


class ProviderSummary(NamedTuple):
    """TS3 and TS2: what a payer of institutional claims sums up of those behind it. Information, posted nowhere."""

    segment: int
    provider_id: str  # TS301
    facility: str  # TS302
    fiscal_period_end: str  # TS303, ISO
    claims: int | None  # TS304
    charge: int | None  # TS305
    values: tuple[tuple[str, str], ...]  # the other elements as they came, for example ("TS213", "4")


class RemittanceTotals(NamedTuple):
    """The sums over one 835 set."""

    claims: int
    charge: int
    paid: int
    service_lines: int
    adjustments: int  # CAS triples
    provider_adjustments: int  # sum of the PLB amounts, sign as in the file
    difference: int  # paid - provider_adjustments - payment: 0 where the set balances


# ── what posting reads ───────────────────────────────────────────────────────────────────────────────────────────────


class AcknowledgmentFacts(Protocol):
    """A 999 or 997 that is read once; `group` is complete after the last set."""

    group: GroupAnswer

    @property
    def issues(self) -> list[Issue]: ...
    def __iter__(self) -> Iterator[SetAnswer]: ...


class StatusFacts(Protocol):
    """A 277CA or 277 that is read once; BHT03 to BHT05 are known before the first answer."""

    inquiry: bool
    reference: str
    date: str
    time: str
    charge: int

    @property
    def issues(self) -> list[Issue]: ...
    def __iter__(self) -> Iterator[Answer]: ...


class RemittanceFacts(Protocol):
    """An 835 that is read once; totals, issues and provider adjustments are complete after the last claim."""

    header: RemittanceHeader
    provider_adjustments: list[ProviderAdjustment]

    @property
    def totals(self) -> RemittanceTotals: ...
    @property
    def issues(self) -> list[Issue]: ...
    def __iter__(self) -> Iterator[RemittedClaim]: ...
