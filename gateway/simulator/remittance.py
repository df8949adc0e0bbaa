"""835 005010X221A1: one payment of one payer to one payee, and the sums that must hold in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from gateway.simulator.edi import Body, Element, Segment, number_text
from gateway.simulator.received import Party

REMITTANCE_GUIDE = "005010X221A1"
_ZERO = Decimal(0)

# What an adjustment is meant to be, told apart from its codes so that a report can be compared with the intention.
Sense = Literal["contractual", "patient", "denied", "other", "open"]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One CAS triple."""

    group: str
    reason: str
    amount: Decimal
    sense: Sense


@dataclass(frozen=True, slots=True)
class PaidLine:
    """Loop 2110."""

    code: tuple[str, ...]  # SVC01
    charge: Decimal
    paid: Decimal
    units: Decimal
    revenue: str = ""  # SVC04
    first_day: str = ""
    last_day: str = ""
    control_number: str = ""  # REF*6R
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    allowed: Decimal = _ZERO  # AMT*B6


@dataclass(frozen=True, slots=True)
class PaidClaim:
    """Loop 2100, with who and what it was told of."""

    patient_control_number: str  # CLP01
    status: str  # CLP02
    charge: Decimal
    paid: Decimal
    filing: str  # CLP06
    payer_number: str  # CLP07
    facility: str
    frequency: str
    patient: Party
    first_day: str = ""
    last_day: str = ""
    lines: tuple[PaidLine, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()  # claim level
    remarks: tuple[str, ...] = ()  # MOA
    former_number: str = ""  # REF*F8
    crossover: Party | None = None  # NM1*TT or, for status 23, NM1*PR
    interest: Decimal = _ZERO  # AMT*I
    payment_off_by: Decimal = _ZERO  # makes BPR02 wrong on request

    @property
    def all_adjustments(self) -> tuple[Adjustment, ...]:
        return (*self.adjustments, *(item for line in self.lines for item in line.adjustments))

    @property
    def patient_responsibility(self) -> Decimal:
        """CLP05: the sum of group PR; nothing in a reversal."""
        if self.status == "22":
            return _ZERO
        return sum((item.amount for item in self.all_adjustments if item.group == "PR"), _ZERO)


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """A PLB pair; a positive amount lowers the payment."""

    code: str
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: loop 1000A and the payer's numbers in BPR and TRN."""

    id: str
    name: str
    tax_id: str  # nine digits; TRN03 is 1 and this
    street: str = "1 CLAIMS PLAZA"
    city: str = "HARTFORD"
    state: str = "CT"
    postal: str = "061030001"


@dataclass(frozen=True, slots=True)
class Remittance:
    """One 835 transaction set."""

    payer: Payer
    payee: Party
    trace: str  # TRN02
    claims: tuple[PaidClaim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    method: str = "ACH"

    @property
    def payment(self) -> Decimal:
        """BPR02 as it must be: the claims' payments less the provider adjustments."""
        paid = sum((claim.paid for claim in self.claims), _ZERO)
        return paid - sum((item.amount for item in self.provider_adjustments), _ZERO)

    @property
    def balanced(self) -> bool:
        """Whether claims and payment add up, as they do unless a scenario asked otherwise."""
        return not any(claim.payment_off_by or _claim_difference(claim) for claim in self.claims)


def reversal(claim: PaidClaim) -> PaidClaim:
    """The same claim taken back: status 22, charge, payment and every adjustment negated, groups as they were."""
    return replace(
        claim,
        status="22",
        charge=-claim.charge,
        paid=-claim.paid,
        lines=tuple(_negated_line(line) for line in claim.lines),
        adjustments=_negated(claim.adjustments),
        interest=_ZERO,
        crossover=None,
        payment_off_by=_ZERO,
    )


def _negated_line(line: PaidLine) -> PaidLine:
    return replace(
        line, charge=-line.charge, paid=-line.paid, allowed=-line.allowed, adjustments=_negated(line.adjustments)
    )


def _negated(adjustments: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
    return tuple(replace(item, amount=-item.amount) for item in adjustments)


def _claim_difference(claim: PaidClaim) -> Decimal:
    return claim.charge - claim.paid - sum((item.amount for item in claim.all_adjustments), _ZERO)


def remittance_segments(remittance: Remittance, now: datetime) -> Body:
    """The segments between ST and SE."""
    segments: list[Sequence[Element]] = [*_header(remittance, f"{now:%Y%m%d}"), *_parties(remittance)]
    if remittance.claims:
        segments.append(("LX", "1"))
    for claim in remittance.claims:
        segments.extend(_claim_segments(claim))
    segments.extend(_plb_segments(remittance, now))
    return segments


def _header(remittance: Remittance, today: str) -> list[Sequence[Element]]:
    payer = remittance.payer
    payment = remittance.payment + sum((claim.payment_off_by for claim in remittance.claims), _ZERO)
    identity = f"1{payer.tax_id}"
    bpr: tuple[str, ...]
    if not payment:
        bpr = ("BPR", "H", "0", "C", "NON", *[""] * 11, today)
    elif remittance.method == "CHK":
        bpr = ("BPR", "I", number_text(payment), "C", "CHK", *[""] * 11, today)
    else:
        origin = ("01", "011000015", "DA", "00098765", identity, "")
        bpr = ("BPR", "I", number_text(payment), "C", "ACH", "CCP", *origin, "01", "021000021", "DA", "12345678", today)
    return [bpr, ("TRN", "1", remittance.trace, identity), ("DTM", "405", today)]


def _parties(remittance: Remittance) -> list[Sequence[Element]]:
    payer, payee = remittance.payer, remittance.payee
    qualifier, identifier = ("XX", payee.id) if payee.qualifier == "XX" else ("FI", payee.tax_id or payee.id)
    name = " ".join(text for text in (payee.first, payee.name) if text)
    segments: list[Sequence[Element]] = [
        ("N1", "PR", payer.name),
        ("N3", payer.street),
        ("N4", payer.city, payer.state, payer.postal),
        ("REF", "2U", payer.id),
        ("PER", "BL", "EDI SUPPORT", "TE", "8005550142"),
        ("N1", "PE", name, qualifier, identifier),
    ]
    if payee.street and payee.city:
        segments += [("N3", payee.street), ("N4", payee.city, payee.state, payee.postal)]
    if payee.tax_id and qualifier == "XX":
        segments.append(("REF", "TJ", payee.tax_id))
    return segments


def _claim_segments(claim: PaidClaim) -> list[Sequence[Element]]:
    patient = claim.patient
    responsibility = claim.patient_responsibility
    segments: list[Sequence[Element]] = [
        (
            "CLP", claim.patient_control_number, claim.status, number_text(claim.charge), number_text(claim.paid),
            number_text(responsibility) if responsibility else "", claim.filing, claim.payer_number, claim.facility,
            claim.frequency,
        ),
        *_cas_segments(claim.adjustments),
        ("NM1", "QC", "1", patient.name, patient.first, patient.middle, "", "", "MI" if patient.id else "", patient.id),
    ]  # fmt: skip
    if claim.crossover:
        entity = "PR" if claim.status == "23" else "TT"
        segments.append(("NM1", entity, "2", claim.crossover.name, "", "", "", "", "PI", claim.crossover.id))
    if claim.remarks:
        segments.append(("MOA", "", "", *claim.remarks[:5]))
    if claim.former_number:
        segments.append(("REF", "F8", claim.former_number))
    segments.extend(_dates(claim.first_day, claim.last_day, ("232", "232", "233")))
    if claim.interest:
        segments.append(("AMT", "I", number_text(claim.interest)))
    for line in claim.lines:
        segments.extend(_line_segments(line))
    return segments


def _line_segments(line: PaidLine) -> list[Sequence[Element]]:
    units = "" if line.units == 1 else number_text(line.units)
    segments: list[Sequence[Element]] = [
        ("SVC", line.code, number_text(line.charge), number_text(line.paid), line.revenue, units),
        *_dates(line.first_day, line.last_day, ("472", "150", "151")),
        *_cas_segments(line.adjustments),
    ]
    if line.control_number:
        segments.append(("REF", "6R", line.control_number))
    if line.allowed:
        segments.append(("AMT", "B6", number_text(line.allowed)))
    segments.extend(("LQ", "HE", remark) for remark in line.remarks)
    return segments


def _dates(first: str, last: str, codes: tuple[str, str, str]) -> list[Segment]:
    """One date under the first code, a range under the other two."""
    if not first:
        return []
    if not last or first == last:
        return [("DTM", codes[0], first)]
    return [("DTM", codes[1], first), ("DTM", codes[2], last)]


def _cas_segments(adjustments: Sequence[Adjustment]) -> list[Segment]:
    """One CAS per group, six triples in each."""
    groups: dict[str, list[Adjustment]] = {}
    for item in adjustments:
        if item.amount:
            groups.setdefault(item.group, []).append(item)
    segments: list[Segment] = []
    for group, items in groups.items():
        for start in range(0, len(items), 6):
            triples = [
                text for item in items[start : start + 6] for text in (item.reason, number_text(item.amount), "")
            ]
            segments.append(("CAS", group, *triples))
    return segments


def _plb_segments(remittance: Remittance, now: datetime) -> list[Sequence[Element]]:
    payee = remittance.payee.id or remittance.payee.tax_id
    year_end = f"{now:%Y}1231"
    items = remittance.provider_adjustments
    segments: list[Sequence[Element]] = []
    for start in range(0, len(items), 6):
        pairs: list[Element] = []
        for item in items[start : start + 6]:
            pairs += [(item.code, item.reference), number_text(item.amount)]
        segments.append(("PLB", payee, year_end, *pairs))
    return segments
