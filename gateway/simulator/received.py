"""Claims as the simulator reads them out of an 837: professional, institutional and dental alike.

The reader is tolerant: it takes what it finds, and leaves the judging to `syntax.py` and `edits.py`. HL02 decides whose
claim it is, not position.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.simulator.edi import Delimiters, Segment, TransactionSet, amount, part, parts, value

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Party:
    """A name loop: NM1 with its N3, N4 and REF."""

    kind: str = "2"  # NM102: 1 person, 2 organisation
    name: str = ""
    first: str = ""
    middle: str = ""
    qualifier: str = ""  # NM108
    id: str = ""  # NM109
    street: str = ""
    city: str = ""
    state: str = ""
    postal: str = ""
    tax_id: str = ""  # REF*EI or REF*SY


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """Loop 2400."""

    number: str  # LX01
    code: tuple[str, ...]  # SV101, SV202 or SV301: qualifier, procedure, modifiers
    charge: Decimal
    units: Decimal
    unit: str
    revenue: str  # SV201
    control_number: str  # REF*6R
    first_day: str  # CCYYMMDD
    last_day: str
    position: int  # of its LX in the set, ST = 1
    prior_paid: Decimal = _ZERO  # sum of SVD02
    prior_adjusted: Decimal = _ZERO  # sum of the 2430 CAS, without group PR


@dataclass(frozen=True, slots=True)
class Claim:
    """Loop 2300 with the loops above it."""

    patient_control_number: str  # CLM01
    charge: Decimal
    facility: str  # CLM05-1
    frequency: str  # CLM05-3
    kind: str  # "professional", "institutional" or "dental"
    billing: Party
    subscriber: Party
    patient: Party
    payer: Party
    payer_order: str  # SBR01 of the destination payer
    filing: str  # SBR09
    original_number: str  # REF*F8
    clearinghouse_trace: str  # REF*D9
    first_day: str
    last_day: str
    lines: tuple[ServiceLine, ...]
    position: int  # of CLM in the set, ST = 1
    end: int  # of the claim's last segment
    predetermination: bool  # CLM19 PB
    prior_paid: Decimal = _ZERO  # sum of 2320 AMT*D
    prior_adjusted: Decimal = _ZERO  # sum of the 2320 CAS, without group PR

    @property
    def provider_key(self) -> str:
        """What tells one billing provider from another: the NPI, else the tax id."""
        return self.billing.id or self.billing.tax_id


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """One 837 transaction set."""

    number: str  # ST02
    guide: str  # ST03
    batch_id: str  # BHT03
    encounter: bool  # BHT06 RP
    submitter: Party
    receiver: Party
    claims: tuple[Claim, ...]
    segments: tuple[Segment, ...]


@dataclass(slots=True)
class _Node:
    """One HL with the loops under it, as they fill."""

    id: str
    parent: str
    level: str
    loops: dict[str, _Loop] = field(default_factory=dict)  # by NM101
    sbr: Segment = ()


@dataclass(slots=True)
class _Loop:
    nm1: Segment = ()
    n3: Segment = ()
    n4: Segment = ()
    tax_id: str = ""

    def party(self) -> Party:
        nm1, n4 = self.nm1, self.n4
        street = " ".join(text for text in (value(self.n3, 1), value(self.n3, 2)) if text)
        return Party(
            kind=value(nm1, 2), name=value(nm1, 3), first=value(nm1, 4), middle=value(nm1, 5),
            qualifier=value(nm1, 8), id=value(nm1, 9), street=street, city=value(n4, 1), state=value(n4, 2),
            postal=value(n4, 3), tax_id=self.tax_id,
        )  # fmt: skip


@dataclass(slots=True)
class _Line:
    number: str
    position: int
    code: tuple[str, ...] = ()
    charge: Decimal = _ZERO
    units: Decimal = Decimal(1)
    unit: str = "UN"
    revenue: str = ""
    control_number: str = ""
    days: tuple[str, str] = ("", "")
    prior_paid: Decimal = _ZERO
    prior_adjusted: Decimal = _ZERO


@dataclass(slots=True)
class _Draft:
    clm: Segment
    node: _Node | None
    position: int
    end: int
    days: tuple[str, str] = ("", "")
    references: dict[str, str] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)
    other_payer: bool = False  # inside loop 2320
    prior_paid: Decimal = _ZERO
    prior_adjusted: Decimal = _ZERO
    kind: str = ""


def read_claim_set(transaction: TransactionSet, delimiters: Delimiters, guide: str = "") -> ClaimSet:
    """The set's claims. `guide` is GS08, for sets whose ST03 is missing."""
    return _Reader(delimiters, transaction.guide or guide).read(transaction)


class _Reader:
    def __init__(self, delimiters: Delimiters, guide: str) -> None:
        self._d = delimiters
        self._guide = guide
        self._nodes: dict[str, _Node] = {}
        self._node: _Node | None = None
        self._loop = _Loop()
        self._head: dict[str, _Loop] = {}
        self._bht: Segment = ()
        self._draft: _Draft | None = None
        self._drafts: list[_Draft] = []
        self._handlers: dict[str, Callable[[Segment, int], None]] = {
            "BHT": self._on_bht, "HL": self._on_hl, "NM1": self._on_nm1, "N3": self._on_n3, "N4": self._on_n4,
            "SBR": self._on_sbr, "CLM": self._on_clm, "REF": self._on_ref, "DTP": self._on_dtp, "LX": self._on_lx,
            "SV1": self._on_sv1, "SV2": self._on_sv2, "SV3": self._on_sv3, "AMT": self._on_amt, "SVD": self._on_svd,
            "CAS": self._on_cas,
        }  # fmt: skip

    def read(self, transaction: TransactionSet) -> ClaimSet:
        for position, segment in enumerate(transaction.segments, 1):
            handler = self._handlers.get(segment[0])
            if handler:
                handler(segment, position)
            if self._draft and segment[0] not in {"HL", "SE"}:
                self._draft.end = position
        return ClaimSet(
            number=transaction.number,
            guide=self._guide,
            batch_id=value(self._bht, 3),
            encounter=value(self._bht, 6) == "RP",
            submitter=self._head.get("41", _Loop()).party(),
            receiver=self._head.get("40", _Loop()).party(),
            claims=tuple(self._claim(draft) for draft in self._drafts),
            segments=transaction.segments,
        )

    def _on_bht(self, segment: Segment, _: int) -> None:
        self._bht = segment

    def _on_hl(self, segment: Segment, _: int) -> None:
        self._node = _Node(value(segment, 1), value(segment, 2), value(segment, 3))
        self._nodes[self._node.id] = self._node
        self._draft = None
        self._loop = _Loop()

    def _on_nm1(self, segment: Segment, _: int) -> None:
        self._loop = _Loop(nm1=segment)
        if self._draft:
            return
        loops = self._node.loops if self._node else self._head
        loops.setdefault(value(segment, 1), self._loop)

    def _on_n3(self, segment: Segment, _: int) -> None:
        self._loop.n3 = segment

    def _on_n4(self, segment: Segment, _: int) -> None:
        self._loop.n4 = segment

    def _on_sbr(self, segment: Segment, _: int) -> None:
        if self._draft:
            self._draft.other_payer = True
        elif self._node:
            self._node.sbr = segment

    def _on_clm(self, segment: Segment, position: int) -> None:
        self._draft = _Draft(segment, self._node, position, position)
        self._drafts.append(self._draft)

    def _on_ref(self, segment: Segment, _: int) -> None:
        qualifier, reference = value(segment, 1), value(segment, 2)
        if not self._draft:
            if qualifier in {"EI", "SY"}:
                self._loop.tax_id = reference
        elif self._draft.lines:
            if qualifier == "6R":
                self._draft.lines[-1].control_number = reference
        elif not self._draft.other_payer:
            self._draft.references.setdefault(qualifier, reference)

    def _on_dtp(self, segment: Segment, _: int) -> None:
        if not self._draft or value(segment, 1) not in {"472", "434"}:
            return
        first, _dash, last = value(segment, 3).partition("-")
        if self._draft.lines:
            self._draft.lines[-1].days = (first[:8], (last or first)[:8])
        else:
            self._draft.days = (first[:8], (last or first)[:8])

    def _on_lx(self, segment: Segment, position: int) -> None:
        if self._draft:
            self._draft.lines.append(_Line(value(segment, 1), position))

    def _on_sv1(self, segment: Segment, _: int) -> None:
        self._service("professional", segment, code=1, charge=2, unit=3, units=4)

    def _on_sv2(self, segment: Segment, _: int) -> None:
        self._service("institutional", segment, code=2, charge=3, unit=4, units=5)
        if self._draft and self._draft.lines:
            self._draft.lines[-1].revenue = value(segment, 1)

    def _on_sv3(self, segment: Segment, _: int) -> None:
        self._service("dental", segment, code=1, charge=2, unit=99, units=6)

    def _service(self, kind: str, segment: Segment, *, code: int, charge: int, unit: int, units: int) -> None:
        if not self._draft or not self._draft.lines:
            return
        self._draft.kind = kind
        line = self._draft.lines[-1]
        line.code = parts(value(segment, code), self._d) if value(segment, code) else ()
        line.charge = amount(value(segment, charge))
        line.unit = value(segment, unit) or "UN"
        line.units = amount(value(segment, units)) or Decimal(1)

    def _on_amt(self, segment: Segment, _: int) -> None:
        if self._draft and self._draft.other_payer and not self._draft.lines and value(segment, 1) == "D":
            self._draft.prior_paid += amount(value(segment, 2))

    def _on_svd(self, segment: Segment, _: int) -> None:
        if self._draft and self._draft.lines:
            self._draft.lines[-1].prior_paid += amount(value(segment, 2))

    def _on_cas(self, segment: Segment, _: int) -> None:
        """An earlier payer's adjustments: at the line (2430) or at the claim (2320)."""
        if not self._draft or value(segment, 1) == "PR":
            return
        total = sum((amount(value(segment, position)) for position in range(3, 19, 3)), _ZERO)
        if self._draft.lines:
            self._draft.lines[-1].prior_adjusted += total
        else:
            self._draft.prior_adjusted += total

    def _claim(self, draft: _Draft) -> Claim:
        clm, d = draft.clm, self._d
        subscriber_node = self._ancestor(draft.node, "22")
        sbr: Segment = subscriber_node.sbr if subscriber_node else ()
        subscriber = self._party(subscriber_node, "IL")
        patient_node = self._ancestor(draft.node, "23")
        lines = tuple(_service_line(line, draft.days) for line in draft.lines)
        days = draft.days if draft.days[0] else _span(lines)
        return Claim(
            patient_control_number=value(clm, 1),
            charge=amount(value(clm, 2)),
            facility=part(value(clm, 5), 1, d),
            frequency=part(value(clm, 5), 3, d) or "1",
            kind=draft.kind or "professional",
            billing=self._party(self._ancestor(draft.node, "20"), "85"),
            subscriber=subscriber,
            patient=self._party(patient_node, "QC") if patient_node else subscriber,
            payer=self._party(subscriber_node, "PR"),
            payer_order=value(sbr, 1) or "P",
            filing=value(sbr, 9),
            original_number=draft.references.get("F8", ""),
            clearinghouse_trace=draft.references.get("D9", ""),
            first_day=days[0],
            last_day=days[1],
            lines=lines,
            position=draft.position,
            end=draft.end,
            predetermination=value(clm, 19) == "PB",
            prior_paid=draft.prior_paid,
            prior_adjusted=draft.prior_adjusted,
        )

    def _ancestor(self, node: _Node | None, level: str) -> _Node | None:
        """The nearest HL of that level, from `node` upwards; a circle of parents ends the search."""
        seen: set[str] = set()
        while node and node.id not in seen:
            if node.level == level:
                return node
            seen.add(node.id)
            node = self._nodes.get(node.parent)
        return None

    @staticmethod
    def _party(node: _Node | None, entity: str) -> Party:
        return node.loops.get(entity, _Loop()).party() if node else Party()


def _service_line(line: _Line, claim_days: tuple[str, str]) -> ServiceLine:
    first, last = line.days if line.days[0] else claim_days
    return ServiceLine(
        number=line.number, code=line.code, charge=line.charge, units=line.units, unit=line.unit, revenue=line.revenue,
        control_number=line.control_number, first_day=first, last_day=last, position=line.position,
        prior_paid=line.prior_paid, prior_adjusted=line.prior_adjusted,
    )  # fmt: skip


def _span(lines: tuple[ServiceLine, ...]) -> tuple[str, str]:
    firsts = [line.first_day for line in lines if line.first_day]
    lasts = [line.last_day for line in lines if line.last_day]
    return (min(firsts), max(lasts)) if firsts and lasts else ("", "")
