"""835 (005010X221A1): one payment, claim by claim, with its three balances computed on the way.

Service: SVC02 - CAS of the line = SVC03; a line that does not balance is a warning. Claim: CLP03 - CAS of the claim and
its lines = CLP04. Transaction: sum of CLP04 - sum of PLB = BPR02. The last two are errors: nothing of such a set may be
posted unseen. AMT never takes part. Amounts at or above claim level that cannot be read are errors too; everything else
that is odd is a warning, and what this guide does not know is passed over.

Memory holds one claim. The handlers below are the hot path: one dictionary look-up and one call a segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from gateway.inbound.elements import cents, day, element, money
from gateway.inbound.facts import (
    Adjustment,
    Party,
    ProviderAdjustment,
    RemittanceTotals,
    RemittedClaim,
    RemittedLine,
    SetLike,
)
from gateway.inbound.remit835_header import HeaderParser
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue, Severity
from gateway.x12.values import Segment

CLAIM_STATUSES = frozenset(("1", "2", "3", "4", "19", "20", "21", "22", "23", "25"))
REVERSAL = "22"
GROUPS = frozenset(("CO", "PR", "OA", "PI", "CR"))
_ENDS_CLAIM = frozenset(("LX", "TS3", "TS2", "PLB", "SE"))
_new = tuple.__new__  # a named tuple at half the price of its own constructor
_LONGEST_CAS = 20  # the name, the group, and six triples
_PAD = [""] * 12  # so that every element that is read exists


class RemittanceReader:
    """One 835, read once: `header` is there at once, iterating gives the claims, then the totals are complete.

    `provider_adjustments` is the list of PLB pairs, `issues` everything that is wrong with the content.
    """

    def __init__(self, transaction_set: SetLike) -> None:
        self.provider_adjustments: list[ProviderAdjustment] = []
        self._faults = FaultList()
        self._component = transaction_set.delimiters.component
        self._segments = enumerate(transaction_set, 1)
        head = HeaderParser(self._segments, self._faults)
        self.header = head.header
        self._first = head.first
        self._claims = self._charge = self._paid = self._lines = self._adjustments = self._outside = 0

    @property
    def issues(self) -> list[Issue]:
        return self._faults.issues

    @property
    def totals(self) -> RemittanceTotals:
        """Sums of what was read so far."""
        outside = self._outside
        return RemittanceTotals(
            claims=self._claims,
            charge=self._charge,
            paid=self._paid,
            service_lines=self._lines,
            adjustments=self._adjustments,
            provider_adjustments=outside,
            difference=self._paid - outside - self.header.payment,
        )

    def __iter__(self) -> Iterator[RemittedClaim]:
        claim: _Claim | None = None
        level: _Level = _NOWHERE
        handlers = _BETWEEN
        for position, segment in chain([self._first] if self._first else [], self._segments):
            name = segment[0]
            handler = handlers.get(name)
            if handler is not None:
                handler(self, level, segment, position)
            elif name == "SVC" and claim is not None:
                level, handlers = _Level(position, segment), _OF_LINE
                claim.lines.append(level)
            elif name == "CLP" or name in _ENDS_CLAIM:
                if claim is not None:
                    yield self._close(claim)
                claim, level, handlers = None, _NOWHERE, _BETWEEN
                if name == "CLP":
                    claim = level = _Claim(position, segment)
                    handlers = _OF_CLAIM
                elif name == "PLB":
                    self._provider(segment, position)
        if claim is not None:
            yield self._close(claim)
        self._balance()

    def say(self, code: str, severity: Severity, text: str, position: int, name: str, at: str = "") -> None:
        """Notes an issue of the content."""
        self._faults.append(Issue(code, severity, text, position, None, name, at))

    # Claims and lines

    def amount(self, text: str, position: int, name: str, at: str) -> int | None:
        """A required amount; an error where it is none."""
        value = cents(text)
        if value is None:
            self.say("remittance_amount", "error", "The element is no amount in whole cents.", position, name, at)
        return value

    def _close(self, claim: _Claim) -> RemittedClaim:
        segment, position = claim.opening + _PAD, claim.segment
        charge, paid = self.amount(segment[3], position, "CLP", "03"), self.amount(segment[4], position, "CLP", "04")
        adjusted, patient, charged = claim.adjusted, claim.patient, 0
        lines = []
        for line in claim.lines:
            made = self._line(line)
            lines.append(made)
            adjusted += line.adjusted
            patient += line.patient
            charged += made.charge
        if charge is not None and paid is not None and charge - adjusted != paid:
            text = "The claim does not balance: charge less adjustments differs from the payment by {}."
            self.say("claim_unbalanced", "error", text.format(money(charge - adjusted - paid)), position, "CLP")
        if lines and charge is not None and charged != charge:
            text = "The charges of the lines do not add up to the claim's."
            self.say("line_charges_differ", "warning", text, position, "CLP", "03")
        stated = self._check(segment, position, patient)
        charge, paid = charge or 0, paid or 0
        self._claims += 1
        self._charge += charge
        self._paid += paid
        # fmt: off
        return _new(RemittedClaim, (
            position, segment[1], segment[2], charge, paid, stated, segment[6], segment[7], segment[8], segment[9],
            segment[11], tuple(claim.adjustments), tuple(lines), tuple(claim.parties), tuple(claim.references),
            tuple(claim.dates), tuple(claim.amounts), tuple(claim.quantities), tuple(claim.remarks),
        ))
        # fmt: on

    def _check(self, segment: Segment, position: int, patient: int) -> int:
        """What is odd about a claim but moves no money; gives CLP05."""
        if segment[2] not in CLAIM_STATUSES:
            self.say("claim_status", "warning", "CLP02 is no claim status of this guide.", position, "CLP", "02")
        if not segment[1]:
            self.say("claim_number_missing", "warning", "CLP01 is empty.", position, "CLP", "01")
        stated = cents(segment[5] or "0")
        if stated is None:
            self.say("claim_patient_amount", "warning", "CLP05 is no amount.", position, "CLP", "05")
        elif stated != patient and segment[2] != REVERSAL:
            text = "CLP05 differs from the sum of the adjustments in group PR."
            self.say("claim_patient_amount_differs", "warning", text, position, "CLP", "05")
        return stated or 0

    def _line(self, line: _Level) -> RemittedLine:
        segment, position = line.opening + _PAD, line.segment
        charge, paid = cents(segment[2]), cents(segment[3] or "0")
        if charge is None or paid is None:
            self.say("line_amount", "warning", "SVC02 or SVC03 is no amount.", position, "SVC")
        elif charge - line.adjusted != paid:
            text = "The line does not balance: charge less adjustments differs from the payment by {}."
            self.say("line_unbalanced", "warning", text.format(money(charge - line.adjusted - paid)), position, "SVC")
        self._lines += 1
        procedure, submitted = segment[1], segment[6]
        if self._component != ":":
            procedure, submitted = (one.replace(self._component, ":") for one in (procedure, submitted))
        # fmt: off
        return _new(RemittedLine, (
            position, procedure, submitted, segment[4], segment[5], segment[7], charge or 0, paid or 0,
            line.control_number, line.begin, line.end or line.begin, tuple(line.adjustments), tuple(line.references),
            tuple(line.amounts), tuple(line.quantities), tuple(line.remarks),
        ))
        # fmt: on

    # Handlers of the segments below CLP and SVC

    def _adjust(self, level: _Level, segment: Segment, position: int) -> None:
        if len(segment) == 4 and segment[1] in GROUPS and segment[2]:
            self._add(level, segment[1], segment[2], segment[3], "", position, 3)
            return
        group = element(segment, 1)
        if len(segment) > _LONGEST_CAS:
            text = "The CAS holds more adjustments than the six that a segment may; all of them count."
            self.say("adjustments_beyond_six", "warning", text, position, "CAS")
        if group not in GROUPS:
            self.say("adjustment_group", "warning", "CAS01 is no group code.", position, "CAS", "01")
        for at in range(2, len(segment), 3):
            reason, amount = segment[at], element(segment, at + 1)
            if not reason and not amount:
                continue
            if not reason:
                self.say("adjustment_reason", "warning", "The adjustment has no reason.", position, "CAS", f"{at:02}")
            self._add(level, group, reason, amount, element(segment, at + 2), position, at + 1)

    def _add(self, level: _Level, group: str, reason: str, amount: str, quantity: str, position: int, at: int) -> None:
        value = cents(amount)
        if value is None:
            value = self.amount(amount, position, "CAS", f"{at:02}") or 0
        level.adjusted += value
        if group == "PR":
            level.patient += value
        self._adjustments += 1
        level.adjustments.append(_new(Adjustment, (group, reason, value, quantity)))

    def _stray(self, _level: _Level, _segment: Segment, position: int) -> None:
        self.say("adjustment_outside_claim", "error", "The CAS belongs to no claim.", position, "CAS")

    def _stray_line(self, _level: _Level, _segment: Segment, position: int) -> None:
        self.say("line_outside_claim", "error", "The SVC belongs to no claim.", position, "SVC")

    def _refer(self, level: _Level, segment: Segment, _position: int) -> None:
        if len(segment) < 3:
            level.references.append((element(segment, 1), ""))
        elif segment[1] == "6R":
            level.control_number = segment[2]
        else:
            level.references.append((segment[1], segment[2]))

    def _date(self, level: _Level, segment: Segment, position: int) -> None:
        found = day(element(segment, 2))
        if found is None:
            self.say("remittance_day", "warning", "DTM02 is no date.", position, "DTM", "02")
        else:
            level.dates.append((segment[1], found))

    def _date_of_line(self, level: _Level, segment: Segment, position: int) -> None:
        found = day(element(segment, 2))
        if found is None:
            self.say("remittance_day", "warning", "DTM02 is no date.", position, "DTM", "02")
        elif segment[1] == "151":
            level.end = found
        elif segment[1] == "472" or segment[1] == "150":
            level.begin = found

    def _amount(self, level: _Level, segment: Segment, position: int) -> None:
        value = cents(element(segment, 2))
        if value is None:
            self.say("remittance_information", "warning", "AMT02 is no amount.", position, "AMT", "02")
        else:
            level.amounts.append((segment[1], value))

    def _quantity(self, level: _Level, segment: Segment, _position: int) -> None:
        level.quantities.append((element(segment, 1), element(segment, 2)))

    def _remark(self, level: _Level, segment: Segment, _position: int) -> None:
        if element(segment, 2):
            level.remarks.append(segment[2])

    def _name(self, level: _Level, segment: Segment, _position: int) -> None:
        padded = segment if len(segment) > 9 else segment + _PAD
        level.parties.append(_new(Party, (padded[1], padded[3], padded[4], padded[8], padded[9])))

    def _inpatient(self, level: _Level, segment: Segment, _position: int) -> None:
        level.remarks += filter(None, [*segment[5:6], *segment[20:24]])

    def _outpatient(self, level: _Level, segment: Segment, _position: int) -> None:
        level.remarks += filter(None, segment[3:8])

    # The payment as a whole

    def _provider(self, segment: Segment, position: int) -> None:
        ends_on = element(segment, 2)
        if day(ends_on) is None:
            self.say("provider_adjustment_date", "warning", "PLB02 is no date.", position, "PLB", "02")
        for at in range(3, len(segment), 2):
            named, amount = segment[at], element(segment, at + 1)
            if not named and not amount:
                continue
            value = self.amount(amount, position, "PLB", f"{at + 1:02}") or 0
            code, _, reference = named.partition(self._component)
            self._outside += value
            made = ProviderAdjustment(position, element(segment, 1), day(ends_on) or "", code, reference, value)
            self.provider_adjustments.append(made)

    def _balance(self) -> None:
        difference = self.totals.difference
        if difference:
            how = "exceed it by" if difference > 0 else "fall short of it by"
            text = f"The payment does not balance: claims less provider adjustments {how} {money(abs(difference))}."
            self.say("remittance_unbalanced", "error", text, 2, "BPR")


_Handler = Callable[[RemittanceReader, "_Level", Segment, int], None]
_OF_CLAIM: dict[str, _Handler] = {
    "CAS": RemittanceReader._adjust,
    "REF": RemittanceReader._refer,
    "DTM": RemittanceReader._date,
    "AMT": RemittanceReader._amount,
    "QTY": RemittanceReader._quantity,
    "NM1": RemittanceReader._name,
    "MIA": RemittanceReader._inpatient,
    "MOA": RemittanceReader._outpatient,
}
_OF_LINE: dict[str, _Handler] = {
    "CAS": RemittanceReader._adjust,
    "REF": RemittanceReader._refer,
    "DTM": RemittanceReader._date_of_line,
    "AMT": RemittanceReader._amount,
    "QTY": RemittanceReader._quantity,
    "LQ": RemittanceReader._remark,
}
_BETWEEN: dict[str, _Handler] = {"CAS": RemittanceReader._stray, "SVC": RemittanceReader._stray_line}


class _Level:
    """A line, or a claim, that is being read."""

    __slots__ = (
        "adjusted", "adjustments", "amounts", "begin", "control_number", "dates", "end", "lines", "opening", "parties",
        "patient", "quantities", "references", "remarks", "segment",
    )  # fmt: skip
    dates: list[tuple[str, str]]
    parties: list[Party]

    def __init__(self, segment: int, opening: Segment) -> None:
        self.segment = segment
        self.opening = opening
        self.adjusted = self.patient = 0
        self.control_number = self.begin = self.end = ""
        self.adjustments: list[Adjustment] = []
        self.references: list[tuple[str, str]] = []
        self.amounts: list[tuple[str, int]] = []
        self.quantities: list[tuple[str, str]] = []
        self.remarks: list[str] = []


class _Claim(_Level):
    """A claim that is being read, with its lines."""

    __slots__ = ()
    lines: list[_Level]

    def __init__(self, segment: int, opening: Segment) -> None:
        super().__init__(segment, opening)
        self.dates = []
        self.parties = []
        self.lines = []


_NOWHERE = _Level(0, [])
