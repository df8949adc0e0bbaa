"""277CA 005010X214: one transaction set for one 837 set, from the clearinghouse (NM1*AY) or from a payer (NM1*PR)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.simulator.edi import Body, Element, number_text
from gateway.simulator.received import Claim, Party
from gateway.simulator.verdicts import StatusVerdict

STATUS_GUIDE = "005010X214"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ClaimStatus:
    """One claim's verdict at this hop, and the payer's number for it (REF*1K) where it has one."""

    claim: Claim
    verdict: StatusVerdict
    payer_number: str = ""

    @property
    def rejected(self) -> bool:
        return self.verdict.verdict == "reject"


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What one hop says of one 837 set. Claims that it is silent about are not in `claims`.

    A rejection at provider or receiver level stands at every claim that it covers.
    """

    hop: str  # "AY" or "PR"
    source: Party
    submitter: Party
    batch_id: str  # BHT03 of the 837
    received: datetime
    claims: tuple[ClaimStatus, ...]
    category: str  # STC01 of what is accepted: A0, A1 or A2
    status: str

    @property
    def whole_set(self) -> StatusVerdict | None:
        """The rejection at the receiver level, where one of the claims has met with it."""
        return next((item.verdict for item in self.claims if item.rejected and item.verdict.level == "receiver"), None)


def status_segments(report: StatusReport, number: str, now: datetime) -> Body:
    """The segments between ST and SE; `number` is BHT03 and the trace of this report."""
    segments: list[Sequence[Element]] = [
        ("BHT", "0085", "08", number, f"{now:%Y%m%d}", f"{now:%H%M%S}", "TH"),
        ("HL", "1", "", "20", "1"),
        ("NM1", report.hop, "2", report.source.name, "", "", "", "", report.source.qualifier, report.source.id),
        ("TRN", "1", number),
        ("DTP", "050", "D8", f"{report.received:%Y%m%d}"),
        ("DTP", "009", "D8", f"{now:%Y%m%d}"),
    ]
    _Writer(report, f"{now:%Y%m%d}", segments).write()
    return segments


class _Writer:
    def __init__(self, report: StatusReport, today: str, segments: list[Sequence[Element]]) -> None:
        self._report = report
        self._today = today
        self._out = segments
        self._levels = 1

    def write(self) -> None:
        report = self._report
        providers = [] if report.whole_set else self._providers()
        self._level(1, "21", bool(providers))
        who = report.submitter
        self._out.append(("NM1", "41", who.kind or "2", who.name, who.first, "", "", "", "46", who.id))
        self._out.append(("TRN", "2", report.batch_id))
        charge = sum((item.claim.charge for item in report.claims), _ZERO)
        self._stc(report.whole_set, charge, dated=True)
        self._totals(report.claims, ("QTY", "90", "AA"))
        for items in providers:
            self._provider(items)

    def _providers(self) -> list[tuple[ClaimStatus, ...]]:
        """Claims by billing provider, without providers of whom there is nothing to name."""
        groups: dict[str, list[ClaimStatus]] = {}
        for item in self._report.claims:
            groups.setdefault(item.claim.provider_key, []).append(item)
        return [tuple(items) for items in groups.values() if _to_name(items) or _provider_verdict(items)]

    def _provider(self, items: tuple[ClaimStatus, ...]) -> None:
        verdict = _provider_verdict(items)
        named = [] if verdict else _to_name(items)
        provider_level = self._level(2, "19", bool(named))
        billing = items[0].claim.billing
        qualifier, identifier = (billing.qualifier, billing.id) if billing.id else ("FI", billing.tax_id)
        name = (billing.name, billing.first, billing.middle)
        self._out.append(("NM1", "85", billing.kind or "2", *name, "", "", qualifier, identifier))
        self._out.append(("TRN", "1", "0"))
        self._stc(verdict, sum((item.claim.charge for item in items), _ZERO), dated=False)
        self._totals(items, ("QTY", "QA", "QC"))
        for item in named:
            self._claim(item, provider_level)

    def _claim(self, item: ClaimStatus, provider_level: int) -> None:
        claim = item.claim
        self._level(provider_level, "PT", children=None)
        patient = claim.patient
        member = patient.id or claim.subscriber.id
        self._out.append(("NM1", "QC", "1", patient.name, patient.first, patient.middle, "", "", "MI", member))
        self._out.append(("TRN", "2", claim.patient_control_number))
        self._claim_stc(item)
        if item.payer_number:
            self._out.append(("REF", "1K", item.payer_number))
        if claim.clearinghouse_trace:
            self._out.append(("REF", "D9", claim.clearinghouse_trace))
        if claim.kind == "institutional":
            self._out.append(("REF", "BLT", f"{claim.facility}{claim.frequency}"))
        self._out.append(_service_dates(claim.first_day, claim.last_day, self._today))
        if item.rejected and item.verdict.line and claim.lines:
            self._line(item)

    def _claim_stc(self, item: ClaimStatus) -> None:
        verdict = item.verdict
        head = ("STC", self._composite(verdict), self._today, "U" if item.rejected else "WQ")
        second = tuple(verdict.second.split(":")) if verdict.second else ""
        charge = number_text(item.claim.charge)
        self._out.append((*head, charge, "", "", "", "", "", second, "", verdict.text))

    def _line(self, item: ClaimStatus) -> None:
        line = item.claim.lines[-1]
        code: tuple[str, ...] = line.code[:6] or ("NU", line.revenue)
        revenue = line.revenue if line.code else ""
        self._out.append(("SVC", code, number_text(line.charge), "", revenue, "", "", number_text(line.units)))
        self._out.append(("STC", self._composite(item.verdict), self._today, "U"))
        if line.control_number:
            self._out.append(("REF", "FJ", line.control_number))
        self._out.append(_service_dates(line.first_day, line.last_day, self._today))

    def _stc(self, rejection: StatusVerdict | None, charge: Decimal, *, dated: bool) -> None:
        composite = self._composite(rejection or StatusVerdict())
        action = "U" if rejection else "WQ"
        self._out.append(("STC", composite, self._today if dated else "", action, number_text(charge)))

    def _composite(self, verdict: StatusVerdict) -> tuple[str, ...]:
        rejected = verdict.verdict == "reject"
        category = verdict.category or ("A7" if rejected else self._report.category)
        status = verdict.status or ("21" if rejected else self._report.status)
        return (category, status, verdict.entity)

    def _totals(self, items: Sequence[ClaimStatus], codes: tuple[str, str, str]) -> None:
        rejected = [item for item in items if item.rejected]
        charge = sum((item.claim.charge for item in rejected), _ZERO)
        accepted_charge = sum((item.claim.charge for item in items), _ZERO) - charge
        accepted = len(items) - len(rejected)
        pairs = ((codes[1], "YU", accepted, accepted_charge), (codes[2], "YY", len(rejected), charge))
        self._out.extend(("QTY", code, str(count)) for code, _, count, _ in pairs if count)
        self._out.extend(("AMT", code, number_text(total)) for _, code, count, total in pairs if count)

    def _level(self, parent: int, code: str, children: bool | None) -> int:
        self._levels += 1
        flag = () if children is None else ("1" if children else "0",)
        self._out.append(("HL", str(self._levels), str(parent), code, *flag))
        return self._levels


def _to_name(items: Sequence[ClaimStatus]) -> list[ClaimStatus]:
    return [item for item in items if item.verdict.verdict != "unnamed"]


def _provider_verdict(items: Sequence[ClaimStatus]) -> StatusVerdict | None:
    return next((item.verdict for item in items if item.rejected and item.verdict.level == "provider"), None)


def _service_dates(first: str, last: str, today: str) -> tuple[str, ...]:
    """DTP*472 is required; a predetermination, which has no date, gets the day of the report."""
    if first != last and last:
        return ("DTP", "472", "RD8", f"{first}-{last}")
    return ("DTP", "472", "D8", first or today)
