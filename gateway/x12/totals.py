"""What a transaction set adds up to: claims, charges, payments, verdicts; one class a kind of set.

Each takes the set's segments one by one and keeps sums only, so memory does not grow with the claims. Amounts are
Decimal and exact. The balances of an 835 (health care claim payment, 005010X221A1, front matter) are warnings.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Protocol

from gateway.x12.envelope import element
from gateway.x12.faults import AMOUNT, CLAIM_UNBALANCED, LINE_UNBALANCED, PAYMENT_UNBALANCED, Fault
from gateway.x12.reader import TransactionSet
from gateway.x12.values import Segment

ZERO = Decimal(0)
_AMOUNT = re.compile(r"-?(?:[0-9]{1,16}(?:\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)")


class Totals(Protocol):
    """Segments in, totals out, keyed as the document of an inspected file has them."""

    def add(self, segment: Segment) -> None:
        """Take the segment that the set yielded last."""

    def totals(self) -> dict[str, Any]:
        """The totals, once the set is at its end; amounts as text with two decimals."""


def totals_of(opened: TransactionSet) -> Totals | None:
    """The totals for this kind of set; None where there is nothing to add up."""
    kinds: dict[str, type[Claims | Payment | Verdicts | Statuses]]
    kinds = {"837": Claims, "835": Payment, "999": Verdicts, "997": Verdicts, "277": Statuses}
    return kinds[opened.code](opened) if opened.code in kinds else None


def money(amount: Decimal) -> str:
    """An amount as text with two decimals."""
    return f"{amount + ZERO:.2f}"


@lru_cache(maxsize=1 << 13)
def amount_of(text: str) -> Decimal | None:
    """An amount in whole cents, zero for an empty text; None for what is none. Remembered, since amounts repeat."""
    text = text.strip()
    if not text:
        return ZERO
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


class _Sums:
    """What the kinds share: reading amounts and telling faults at the segment last read."""

    def __init__(self, opened: TransactionSet) -> None:
        self._set = opened

    def amount(self, segment: Segment, number: int) -> Decimal | None:
        """The amount in an element, zero where it is empty; None, and a fault, where it is none."""
        amount = amount_of(segment[number]) if number < len(segment) else ZERO
        if amount is None:
            self.tell(AMOUNT, self.here(), segment[0], f"{number:02}")
        return amount

    def here(self) -> tuple[int, int]:
        return self._set.position, self._set.offset_of_last

    def tell(self, fault: Fault, place: tuple[int, int], name: str, at: str = "", **details: str) -> None:
        self._set.add(fault.issue(place[0], place[1], name, at, **details), fault.limit)


def adjustments_in(segment: Segment) -> int:
    """How many adjustments a CAS has: a reason with an amount each."""
    return sum(bool(element(segment, at) and element(segment, at + 1)) for at in range(2, len(segment), 3))


class Claims(_Sums):
    """837 professional, institutional, dental."""

    def __init__(self, opened: TransactionSet) -> None:
        super().__init__(opened)
        self._counts: Counter[str] = Counter()
        self._charge = ZERO
        self._adjustments = 0

    def add(self, segment: Segment) -> None:
        name = segment[0]
        if name in ("LX", "SV1", "SV2", "SV3"):
            self._counts[name] += 1
        elif name == "CLM":
            self._counts[name] += 1
            self._charge += self.amount(segment, 2) or ZERO
        elif name == "CAS":
            self._adjustments += adjustments_in(segment)

    def totals(self) -> dict[str, Any]:
        counts = self._counts
        return {
            "claims": counts["CLM"],
            "charge": money(self._charge),
            "service_lines": counts["LX"] or counts["SV1"] + counts["SV2"] + counts["SV3"],
            "adjustments": self._adjustments,
        }


class _Balance:
    """A claim or line of an 835: what is left of its charge after payment and adjustments."""

    __slots__ = ("is_known", "place", "rest")

    def __init__(self, place: tuple[int, int], charge: Decimal | None, paid: Decimal | None) -> None:
        self.place = place
        self.is_known = charge is not None and paid is not None
        self.rest = (charge or ZERO) - (paid or ZERO)

    def lower(self, amount: Decimal | None) -> None:
        self.is_known = self.is_known and amount is not None
        self.rest -= amount or ZERO


class Payment(_Sums):
    """835."""

    def __init__(self, opened: TransactionSet) -> None:
        super().__init__(opened)
        self._claims = self._lines = self._adjustments = 0
        self._charge = self._paid = self._outside = ZERO
        self._claim: _Balance | None = None
        self._line: _Balance | None = None
        self._payment: _Balance | None = None

    def add(self, segment: Segment) -> None:
        if (handler := self._handlers.get(segment[0])) is not None:
            handler(self, segment)

    def totals(self) -> dict[str, Any]:
        return {
            "claims": self._claims,
            "charge": money(self._charge),
            "paid": money(self._paid),
            "service_lines": self._lines,
            "adjustments": self._adjustments,
            "provider_adjustments": money(self._outside),
        }

    def _begin(self, segment: Segment) -> None:
        payment = self.amount(segment, 2)
        sign = -1 if element(segment, 3) == "D" else 1
        self._payment = _Balance(self.here(), ZERO, payment and payment * sign)

    def _begin_claim(self, segment: Segment) -> None:
        self._end_claim(segment)
        charge, paid = self.amount(segment, 3), self.amount(segment, 4)
        self._claims += 1
        self._charge += charge or ZERO
        self._paid += paid or ZERO
        self._claim = _Balance(self.here(), charge, paid)
        if self._payment:
            self._payment.lower(None if paid is None else -paid)

    def _begin_line(self, segment: Segment) -> None:
        self._end_line()
        self._lines += 1
        self._line = _Balance(self.here(), self.amount(segment, 2), self.amount(segment, 3))

    def _adjust(self, segment: Segment) -> None:
        self._adjustments += adjustments_in(segment)
        for at in range(3, len(segment), 3):
            amount = self.amount(segment, at)
            for balance in (self._claim, self._line):
                if balance:
                    balance.lower(amount)

    def _adjust_provider(self, segment: Segment) -> None:
        self._end_claim(segment)
        for at in range(4, len(segment), 2):
            amount = self.amount(segment, at)
            self._outside += amount or ZERO
            if self._payment:
                self._payment.lower(amount)

    def _end_line(self) -> None:
        line, self._line = self._line, None
        if line and line.is_known and line.rest:
            self.tell(LINE_UNBALANCED, line.place, "SVC", difference=money(line.rest))

    def _end_claim(self, _segment: Segment) -> None:
        self._end_line()
        claim, self._claim = self._claim, None
        if claim and claim.is_known and claim.rest:
            self.tell(CLAIM_UNBALANCED, claim.place, "CLP", difference=money(claim.rest))

    def _end(self, segment: Segment) -> None:
        self._end_claim(segment)
        payment = self._payment
        if payment and payment.is_known and payment.rest:
            self.tell(PAYMENT_UNBALANCED, payment.place, "BPR", "02", difference=money(payment.rest))

    _handlers: ClassVar[dict[str, Any]] = {
        "BPR": _begin,
        "CLP": _begin_claim,
        "SVC": _begin_line,
        "CAS": _adjust,
        "PLB": _adjust_provider,
        "LX": _end_claim,
        "SE": _end,
    }


class Verdicts:
    """999 and 997: transaction sets accepted and rejected."""

    def __init__(self, _opened: TransactionSet) -> None:
        self._listed: Counter[str] = Counter()
        self._included = self._accepted = 0

    def add(self, segment: Segment) -> None:
        if segment[0] in ("IK5", "AK5"):
            self._listed["accepted" if element(segment, 1) in ("A", "E") else "rejected"] += 1
        elif segment[0] == "AK9":
            self._included += count(element(segment, 2))
            self._accepted += count(element(segment, 4))

    def totals(self) -> dict[str, Any]:
        """By the verdicts of the sets, unless the group's counts know of more sets than are listed."""
        accepted, rejected = self._listed["accepted"], self._listed["rejected"]
        if self._included > accepted + rejected:
            accepted, rejected = self._accepted, max(self._included - self._accepted, 0)
        return {"accepted": accepted, "rejected": rejected}


def count(text: str) -> int:
    """A count element; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


_PATIENT = ("PT", "22", "23")
_REJECTS = frozenset(("A3", "A6", "A7", "A8"))
_ACCEPTS = frozenset(("A0", "A1", "A2", "A5"))


class Statuses(_Sums):
    """277CA, and 277 where only the claims are counted.

    A claim is a TRN below a patient. Where none is named, because provider or batch were rejected as a whole, the
    totals of the batch (QTY 90, AA) or of its providers (QA, QC) count.
    """

    def __init__(self, opened: TransactionSet) -> None:
        super().__init__(opened)
        self._level = ""
        self._claims = 0
        self._charge = self._batch_charge = ZERO
        self._verdicts: Counter[str] = Counter()
        self._quantities: Counter[str] = Counter()
        self._verdict = ""  # of the claim that is read
        self._has_charge = True  # its charge was seen, or there is no claim

    def add(self, segment: Segment) -> None:
        name = segment[0]
        if name == "HL":
            self._end_claim()
            self._level = element(segment, 3)
        elif name == "SVC":
            self._level = "SVC" if self._level in _PATIENT else self._level
        elif name == "TRN" and (self._level in _PATIENT or self._level == "SVC"):
            self._end_claim()
            self._level = "PT"
            self._claims += 1
            self._has_charge = False
        elif name == "STC":
            self._state(segment)
        elif name == "QTY":
            self._quantities[element(segment, 1)] += count(element(segment, 2))

    def _state(self, segment: Segment) -> None:
        if self._level == "21":
            self._batch_charge += self.amount(segment, 4) or ZERO
        elif self._level in _PATIENT and self._claims:
            if not self._has_charge:
                self._charge += self.amount(segment, 4) or ZERO
                self._has_charge = True
            verdict = self._verdict_of(segment)
            self._verdict = verdict if self._verdict != "rejected" else self._verdict

    def _verdict_of(self, segment: Segment) -> str:
        """STC03 decides; where it is neither WQ nor U, the category of STC01, STC10, STC11 does."""
        said = {"U": "rejected", "WQ": "accepted"}.get(element(segment, 3))
        categories = {element(segment, at).split(self._set.delimiters.component)[0] for at in (1, 10, 11)}
        return said or ("rejected" if categories & _REJECTS else "accepted" if categories & _ACCEPTS else "")

    def _end_claim(self) -> None:
        if self._verdict:
            self._verdicts[self._verdict] += 1
        self._verdict, self._has_charge = "", True

    def totals(self) -> dict[str, Any]:
        self._end_claim()
        if self._set.kind != "277CA":
            return {"claims": self._claims}
        claims, charge = self._claims, self._charge
        accepted, rejected = self._verdicts["accepted"], self._verdicts["rejected"]
        if not claims:
            quantities, charge = self._quantities, self._batch_charge
            pair = ("90", "AA") if quantities["90"] or quantities["AA"] else ("QA", "QC")
            accepted, rejected = quantities[pair[0]], quantities[pair[1]]
            claims = accepted + rejected
        return {"claims": claims, "charge": money(charge), "accepted": accepted, "rejected": rejected}
