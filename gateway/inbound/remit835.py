"""835 (005010X221A1): one payment, claim by claim, with its three balances computed on the way.

Service: SVC02 - CAS of the line = SVC03; a line that does not balance is a warning. Claim: CLP03 - CAS of the claim and
its lines = CLP04. Transaction: sum of CLP04 - sum of PLB = BPR02. The last two are errors: nothing of such a set may be
posted unseen. AMT never takes part. Amounts at or above claim level that cannot be read are errors too; everything else
that is odd is a warning, and what this guide does not know is passed over.

Memory holds one claim. The loop over its segments is the hot path: one look-up a segment, and no call for those that
are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import length_hint
from typing import Any, cast

from gateway.inbound.elements import cents, count, day, element, money
from gateway.inbound.facts import (
    Adjustment,
    ProviderAdjustment,
    ProviderSummary,
    RemittanceTotals,
    RemittedClaim,
    RemittedLine,
    TextLike,
)
from gateway.inbound.remit835_header import HeaderParser
from gateway.inbound.remit835_segments import (
    ADJUSTED,
    ADJUSTMENTS,
    AMOUNTS,
    CLAIM,
    CLAIM_REMARKS,
    DATES,
    ELSEWHERE,
    GROUPS,
    LONGEST_CAS,
    ODD,
    OF_PATIENT,
    OPENING,
    OUTSIDE,
    PARTIES,
    PATIENT,
    PLACE,
    QUANTITIES,
    REFERENCES,
    SERVICE,
    SLOTS,
    Known,
    known_segments,
)
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue, Severity
from gateway.x12.values import Segment

CLAIM_STATUSES = frozenset(("1", "2", "3", "4", "19", "20", "21", "22", "23", "25"))
REVERSAL = "22"
_new = tuple.__new__  # a named tuple at half the price of its own constructor
_PAD = [""] * 12  # so that every element that is read exists
_SEGMENTS_A_TIME = 2048
_LONG = 500  # values in a slot from which on it is a list

# A claim or a line that is being read: its slots, two sums, then what opened it: value, amount and place of CLP or SVC.
_Level = list[Any]
_NEW = (*SLOTS, 0, 0)


class RemittanceReader:
    """One 835, read once: `header` is there at once, iterating gives the claims, then the totals are complete.

    `provider_adjustments` is the list of PLB pairs, `issues` everything that is wrong with the content.
    """

    def __init__(self, transaction_set: TextLike) -> None:
        self.provider_adjustments: list[ProviderAdjustment] = []
        self.provider_summaries: list[ProviderSummary] = []
        self._summed_from: tuple[int, int] | None = None  # claims and charge before the TS3 that is open
        self._faults = FaultList()
        delimiters = transaction_set.delimiters
        self._component = delimiters.component
        self._separator = delimiters.element
        self._known = known_segments(delimiters.element, delimiters.component)
        self._runs = chain.from_iterable(map(_short, transaction_set.texts()))
        self._cursor: Iterator[str] = iter(())  # over what is left of the current run
        self._passed = 0  # segments of the set, the current run included
        head = HeaderParser(self._head(), self._faults)
        self.header = head.header
        if head.first is not None:
            self._runs = chain([[self._separator.join(head.first[1]), *self._cursor]], self._runs)
            self._passed = head.first[0] - 1
        self._level: _Level = []  # that is being read, of a claim or a line
        self._open_lines: list[_Level] = []  # of the claim that is being read
        self._is_long = False  # a slot of the open claim is a list
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

    @property
    def _position(self) -> int:
        """Of the segment last read, ST = 1."""
        return self._passed - length_hint(self._cursor)

    def _next_run(self) -> Iterator[str] | None:
        """The next segments of the set, by which places are counted."""
        run = next(self._runs, None)
        if run is None:
            return None
        self._passed += len(run)
        self._cursor = iter(run)
        return self._cursor

    def _head(self) -> Iterator[tuple[int, Segment]]:
        while (run := self._next_run()) is not None:
            for text in run:
                yield self._position, text.split(self._separator)

    def __iter__(self) -> Iterator[RemittedClaim]:
        claim: _Level | None = None
        while (run := self._next_run()) is not None:
            values = map(self._known.__getitem__, run)
            while True:
                if claim is None:
                    if (claim := self._opened(values)) is None:
                        break
                    self._level, self._open_lines = claim, []
                opening = self._fill(run, values)
                if opening is None:
                    break
                yield self._close(claim, self._open_lines)
                claim = None
                if opening[0] == "CLP":
                    claim = self._level = self._claim(opening)
                    self._open_lines = []
                else:
                    self._end(opening)
        if claim is not None:
            yield self._close(claim, self._open_lines)
        self._balance()

    def _fill(self, run: Iterator[str], values: Iterator[Known]) -> Segment | None:
        """Adds to the open claim and its lines to the segment that ends it; None where the run ends before."""
        level, lines = self._level, self._open_lines
        for kind, value, amount in values:
            if kind < ELSEWHERE:
                level[kind] += value
                if amount:
                    level[ADJUSTED] += amount
            elif kind == OF_PATIENT:
                level[ADJUSTMENTS] += value
                level[ADJUSTED] += amount
                level[PATIENT] += amount
            elif kind == SERVICE:
                level = [*_NEW, value, amount, self._passed - length_hint(run)]
                lines.append(level)
            elif kind == ODD:
                self._odd(level, value)
            else:
                return cast(Segment, value)
        self._level = level
        self._lengthen(level)
        return None

    def _lengthen(self, level: _Level) -> None:
        """Adding to a list takes no longer the longer it is."""
        for slot in range(ELSEWHERE):
            if len(level[slot]) > _LONG:
                level[slot] = list(level[slot])
                self._is_long = True

    def _shorten(self, *levels: _Level) -> None:
        self._is_long = False
        for level in levels:
            level[:ELSEWHERE] = map(tuple, level[:ELSEWHERE])

    def _claim(self, opening: Segment) -> _Level:
        return [*_NEW, opening, None, self._position]

    def _opened(self, values: Iterator[Known]) -> _Level | None:
        """The next claim of a run; what stands before it belongs to none."""
        for kind, value, _ in values:
            if kind == CLAIM:
                return self._claim(value)
            if kind == OUTSIDE:
                self._end(value)
            elif kind == SERVICE:
                text = "The SVC belongs to no claim."
                self.say("line_outside_claim", "error", text, self._position, "SVC")
            elif kind in (ADJUSTMENTS, OF_PATIENT) or (kind == ODD and value[0] == "CAS"):
                text = "The CAS belongs to no claim."
                self.say("adjustment_outside_claim", "error", text, self._position, "CAS")
        return None

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

    def _close(self, claim: _Level, lines: list[_Level]) -> RemittedClaim:
        if self._is_long:
            self._shorten(claim, *lines)
        segment, position = claim[OPENING] + _PAD, claim[PLACE]
        charge, paid = cents(segment[3]), cents(segment[4])
        if charge is None or paid is None:
            self.amount(segment[3], position, "CLP", "03")
            self.amount(segment[4], position, "CLP", "04")
        made, adjusted, patient, charged = self._made(lines)
        adjusted += claim[ADJUSTED]
        patient += claim[PATIENT]
        if charge is not None and paid is not None and charge - adjusted != paid:
            text = "The claim does not balance: charge less adjustments differs from the payment by {}."
            self.say("claim_unbalanced", "error", text.format(money(charge - adjusted - paid)), position, "CLP")
        if lines and charge is not None and charged != charge:
            text = "The charges of the lines do not add up to the claim's."
            self.say("line_charges_differ", "warning", text, position, "CLP", "03")
        stated = cents(segment[5] or "0")
        if stated != patient or not segment[1] or segment[2] not in CLAIM_STATUSES:
            self._check(segment, position, stated, patient)
        charge, paid = charge or 0, paid or 0
        self._claims += 1
        self._charge += charge
        self._paid += paid
        self._lines += len(made)
        self._adjustments += len(claim[ADJUSTMENTS])
        # fmt: off
        return _new(RemittedClaim, (
            position, segment[1], segment[2], charge, paid, stated or 0, segment[6], segment[7], segment[8], segment[9],
            segment[11], claim[ADJUSTMENTS], made, claim[PARTIES], claim[REFERENCES], claim[DATES], claim[AMOUNTS],
            claim[QUANTITIES], claim[CLAIM_REMARKS],
        ))
        # fmt: on

    def _check(self, segment: Segment, position: int, stated: int | None, patient: int) -> None:
        """What is odd about a claim but moves no money."""
        if segment[2] not in CLAIM_STATUSES:
            self.say("claim_status", "warning", "CLP02 is no claim status of this guide.", position, "CLP", "02")
        if not segment[1]:
            self.say("claim_number_missing", "warning", "CLP01 is empty.", position, "CLP", "01")
        if stated is None:
            self.say("claim_patient_amount", "warning", "CLP05 is no amount.", position, "CLP", "05")
        elif stated != patient and segment[2] != REVERSAL:
            text = "CLP05 differs from the sum of the adjustments in group PR."
            self.say("claim_patient_amount_differs", "warning", text, position, "CLP", "05")

    def _made(self, lines: list[_Level]) -> tuple[tuple[RemittedLine, ...], int, int, int]:
        """The lines of a claim; what is adjusted in them, what of it is the patient's, and what they charge."""
        made = []
        adjusted = patient = charged = count = 0
        # fmt: off
        for (adjustments, references, numbers, dates, amounts, quantities, _, remarks, _, _, off, of_patient, service,
             rest, position) in lines:
            procedure, submitted, revenue, units, submitted_units, charge, paid = service
            if rest != off:
                self._tell_of_line(rest, off, position)
            begin, end = _span(dates) if len(dates) != 1 or dates[0][0] != "472" else (dates[0][1], dates[0][1])
            adjusted += off
            patient += of_patient
            charged += charge
            count += len(adjustments)
            made.append(_new(RemittedLine, (
                position, procedure, submitted, revenue, units, submitted_units, charge, paid,
                numbers[-1] if numbers else "", begin, end, adjustments, references, amounts, quantities, remarks,
            )))
        # fmt: on
        self._adjustments += count
        return tuple(made), adjusted, patient, charged

    def _tell_of_line(self, rest: int | None, adjusted: int, position: int) -> None:
        if rest is None:
            self.say("line_amount", "warning", "SVC02 or SVC03 is no amount.", position, "SVC")
        else:
            text = "The line does not balance: charge less adjustments differs from the payment by {}."
            self.say("line_unbalanced", "warning", text.format(money(rest - adjusted)), position, "SVC")

    # Segments below CLP and SVC that cannot be read

    def _odd(self, level: _Level, segment: Segment) -> None:
        name, position = segment[0], self._position
        if name == "CAS":
            self._adjust(level, segment, position)
        elif name == "DTM":
            self.say("remittance_day", "warning", "DTM02 is no date.", position, "DTM", "02")
        else:
            self.say("remittance_information", "warning", "AMT02 is no amount.", position, "AMT", "02")

    def _adjust(self, level: _Level, segment: Segment, position: int) -> None:
        """Tells what is wrong with a CAS, and adds what can be read of it."""
        group = element(segment, 1)
        if len(segment) > LONGEST_CAS:
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
            value = self.amount(amount, position, "CAS", f"{at + 1:02}") or 0
            level[ADJUSTED] += value
            if group == "PR":
                level[PATIENT] += value
            level[ADJUSTMENTS] += (Adjustment(group, reason, value, element(segment, at + 2)),)

    # The payment as a whole

    def _end(self, segment: Segment) -> None:
        """A segment that ends a claim and begins none."""
        name = segment[0]
        if name == "TS2":
            self._summarise_more(segment)
            return
        self._compare_summary()
        if name == "PLB":
            self._provider(segment, self._position)
        elif name == "TS3":
            self._summarise(segment, self._position)

    def _summarise(self, segment: Segment, position: int) -> None:
        found = ProviderSummary(
            position, element(segment, 1), element(segment, 2), day(element(segment, 3)) or "",
            count(element(segment, 4)), cents(element(segment, 5)), _summed(segment, "TS3", 6),
        )  # fmt: skip
        self.provider_summaries.append(found)
        self._summed_from = self._claims, self._charge

    def _summarise_more(self, segment: Segment) -> None:
        if self.provider_summaries:
            last = self.provider_summaries[-1]
            self.provider_summaries[-1] = last._replace(values=last.values + _summed(segment, "TS2", 1))

    def _compare_summary(self) -> None:
        """A TS3 that its claims do not come to: it moves no money."""
        if self._summed_from is None:
            return
        claims, charge = self._claims - self._summed_from[0], self._charge - self._summed_from[1]
        self._summed_from, said = None, self.provider_summaries[-1]
        if said.claims not in (None, claims) or said.charge not in (None, charge):
            text = "TS304 or TS305 are not the claims and charges that follow."
            self.say("provider_summary_differs", "warning", text, said.segment, "TS3")

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


def _summed(segment: Segment, name: str, start: int) -> tuple[tuple[str, str], ...]:
    """What a TS3 or TS2 has from an element on."""
    return tuple((f"{name}{at:02}", segment[at]) for at in range(start, len(segment)) if segment[at])


def _short(run: list[str]) -> Iterator[list[str]]:
    """A run in parts, so that what is added up in one is short."""
    for at in range(0, len(run), _SEGMENTS_A_TIME):
        yield run[at : at + _SEGMENTS_A_TIME]


def _span(dates: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """First and last day of a line by its DTM."""
    begin = end = ""
    for qualifier, found in dates:
        if qualifier == "151":
            end = found
        elif qualifier in ("472", "150"):
            begin = found
    return begin, end or begin
