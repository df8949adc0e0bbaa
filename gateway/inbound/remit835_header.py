"""The head of an 835 (005010X221): BPR, TRN and the two N1 loops, up to the first segment that belongs to a claim."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.inbound.elements import cents, day, element
from gateway.inbound.facts import Contact, RemittanceHeader
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue, Severity
from gateway.x12.values import Segment

BODY = frozenset(("LX", "TS3", "TS2", "CLP", "PLB", "SE", "SVC", "CAS"))
_NOTIFICATION = "H"
_EMPTY = RemittanceHeader("", 0, "", "", "", "", "", "", (), "", "", (), "")


class HeaderParser:
    """Reads segments until one of BODY comes; `first` is that segment with its position, or nothing at the end."""

    def __init__(self, segments: Iterator[tuple[int, Segment]], issues: FaultList) -> None:
        self.header = _EMPTY
        self.first: tuple[int, Segment] | None = None
        self._issues = issues
        self._seen: set[str] = set()
        self._party = ""
        self._references: dict[str, list[tuple[str, str]]] = {}
        self._addresses: dict[str, list[str]] = {}
        self._contacts: list[Contact] = []
        for position, segment in segments:
            if segment[0] in BODY:
                self.first = position, segment
                break
            self._take(segment, position)
        self._end()

    def _say(self, code: str, severity: Severity, text: str, position: int, name: str, at: str = "") -> None:
        self._issues.append(Issue(code, severity, text, position, None, name, at))

    def _take(self, segment: Segment, position: int) -> None:
        name = segment[0]
        if name in ("BPR", "TRN") and name in self._seen:
            self._say("remittance_header_twice", "error", "The segment stands twice in one payment.", position, name)
            return
        self._seen.add(name)
        if name == "BPR":
            self._payment(segment, position)
        elif name == "TRN":
            self.header = self.header._replace(
                trace_number=element(segment, 2),
                originator=element(segment, 3),
                supplement=element(segment, 4),
            )
        elif name == "N1":
            self._name(segment)
        elif name == "REF":
            self._references.setdefault(self._party, []).append((element(segment, 1), element(segment, 2)))
        elif name == "CUR":
            self.header = self.header._replace(currency=element(segment, 2))
        elif name in ("N3", "N4"):
            line = " ".join(filter(None, segment[1:]))
            self._addresses.setdefault(self._party, []).append(line)
        elif name == "PER" and self._party == "PR":
            self._contacts.append(_contact(segment))
        elif name == "DTM" and element(segment, 1) == "405":
            self.header = self.header._replace(production_date=day(element(segment, 2)) or "")

    def _payment(self, segment: Segment, position: int) -> None:
        amount = cents(element(segment, 2))
        if amount is None:
            self._say("remittance_payment", "error", "BPR02 is no amount in whole cents.", position, "BPR", "02")
        paid_on = day(element(segment, 16))
        if paid_on is None:
            self._say("remittance_date", "warning", "BPR16 is no date.", position, "BPR", "16")
        sign = element(segment, 3)
        if sign not in ("C", "D"):
            self._say("remittance_sign", "warning", "BPR03 is neither C nor D.", position, "BPR", "03")
        payment = -(amount or 0) if sign == "D" else amount or 0
        if element(segment, 1) == _NOTIFICATION and payment:
            text = "BPR01 says that nothing is paid, BPR02 that something is."
            self._say("remittance_handling", "warning", text, position, "BPR", "01")
        self.header = self.header._replace(
            handling=element(segment, 1),
            payment=payment,
            method=element(segment, 4),
            payment_date=paid_on or "",
            account_ending=_ending(element(segment, 15)),
        )

    def _name(self, segment: Segment) -> None:
        self._party = element(segment, 1)
        if self._party == "PR":
            self.header = self.header._replace(payer_name=element(segment, 2), payer_id=element(segment, 4))
        elif self._party == "PE":
            self.header = self.header._replace(payee_name=element(segment, 2), payee_id=element(segment, 4))

    def _end(self) -> None:
        payer, payee = self._references.get("PR", []), self._references.get("PE", [])
        self.header = self.header._replace(
            payer_references=tuple(payer),
            payee_references=tuple(payee),
            references=tuple(self._references.get("", ())),
            payer_address=tuple(self._addresses.get("PR", ())),
            payee_address=tuple(self._addresses.get("PE", ())),
            payer_contacts=tuple(self._contacts),
        )
        if "BPR" not in self._seen:
            self._say("remittance_payment_missing", "error", "The BPR is missing: no payment is named.", 2, "BPR")
        if not self.header.trace_number:
            self._say("remittance_trace_missing", "error", "TRN02 is missing: the payment has no number.", 3, "TRN")
        if not self.header.payer_name and not self.header.payer_id:
            self._say("remittance_payer_missing", "warning", "No N1*PR names the payer.", 3, "N1")


def _contact(segment: Segment) -> Contact:
    pairs = [(segment[at], element(segment, at + 1)) for at in range(3, len(segment), 2) if segment[at]]
    return Contact(element(segment, 1), element(segment, 2), tuple(pairs))


def _ending(account: str) -> str:
    """The last four of an account number; nothing of one so short that they would be most of it."""
    return account[-4:] if len(account) > 5 else ""
