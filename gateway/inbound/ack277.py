"""277CA (005010X214) at all its levels, and the 277 (005010X212) that answers a status request.

Levels by HL03: 20 source, 21 receiver (our submitter), 19 provider, PT the patient (22 and 23 in a 277, and from
senders that mix the two up). STC03 decides between accept and reject, the category of STC01 explains; where they
disagree the stricter one counts and the issue says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.inbound.elements import cents, count, day, days, element
from gateway.inbound.facts import Answer, ClaimStatus, LineStatus, Provider, Receiver, SetLike, Source, Status, Verdict
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue, Severity
from gateway.x12.values import Segment

ACCEPTING = frozenset(("A0", "A1", "A2", "A5"))
REJECTING = frozenset(("A3", "A6", "A7", "A8"))
NOT_FOUND = "A4"  # says neither; STC03 does
DUPLICATE_STATUSES = frozenset(("54", "78"))
_LEVELS = {"20": "source", "21": "receiver", "19": "provider", "PT": "patient", "22": "patient", "23": "patient"}
_COMPOSITES = (1, 10, 11)


class StatusReader:
    """One 277CA or 277, read once: iterating gives source, receivers, providers and claims in file order.

    `reference`, `date` and `time` are BHT03 to BHT05. `claims`, `accepted` and `rejected` count claims by their own
    verdict; `charge` sums their first STC04.
    """

    def __init__(self, transaction_set: SetLike, *, inquiry: bool = False) -> None:
        self.inquiry = inquiry
        self.reference = self.date = self.time = ""
        self.claims = self.accepted = self.rejected = self.charge = 0
        self._set = transaction_set
        self._component = transaction_set.delimiters.component
        self._faults = FaultList()
        self._level = ""
        self._node = _Node(0)
        self._claim: _Node | None = None
        self._line: _Node | None = None
        self._subscriber = ("", "")

    @property
    def issues(self) -> list[Issue]:
        return self._faults.issues

    def __iter__(self) -> Iterator[Answer]:
        for position, segment in enumerate(self._set, 1):
            name = segment[0]
            if name == "HL" or name == "SE":
                yield from self._leave()
                self._enter(segment, position)
            elif name == "TRN" and self._level == "patient":
                yield from self._claim_ends()
                self._claim = _Node(position)
                self._claim.trace = element(segment, 2)
            elif name == "SVC" and self._claim is not None:
                self._line = self._claim.line(position, segment, self._component)
            elif name == "BHT":
                self.reference, self.date, self.time = (element(segment, n) for n in (3, 4, 5))
            else:
                self._take(name, segment, position)
        yield from self._leave()

    def _say(self, code: str, severity: Severity, text: str, position: int, name: str, at: str = "") -> None:
        self._faults.append(Issue(code, severity, text, position, None, name, at))

    # Levels

    def _enter(self, segment: Segment, position: int) -> None:
        code = element(segment, 3)
        self._node = _Node(position)
        self._level = _LEVELS.get(code, "") if segment[0] == "HL" else ""
        if segment[0] == "HL" and not self._level:
            self._say("status_level", "warning", "HL03 names no level of this guide.", position, "HL", "03")
        if code != "23":
            self._subscriber = ("", "")

    def _leave(self) -> Iterator[Answer]:
        node = self._node
        if self._level == "source":
            dates = (node.dates.get(one, "") for one in ("050", "009"))
            yield Source(node.segment, node.entity, node.name, node.id, node.trace, *dates)
        elif self._level == "receiver":
            yield node.receiver()
        elif self._level == "provider":
            yield node.provider()
        yield from self._claim_ends()
        if self._level == "patient":
            self._subscriber = (node.id, node.name)
        self._level = ""

    def _claim_ends(self) -> Iterator[ClaimStatus]:
        claim, self._claim, self._line = self._claim, None, None
        if claim is None:
            return
        made = claim.claim(self._node, self._subscriber, inquiry=self.inquiry)
        self.claims += 1
        own = [status.verdict for status in made.statuses]
        self.charge += next((status.charge for status in made.statuses if status.charge is not None), 0)
        refused = "reject" in own or "duplicate" in own
        self.rejected += refused
        self.accepted += "accept" in own and not refused
        if not own and not made.lines and not self.inquiry:
            self._say("status_missing", "warning", "The claim has no STC; nothing is said of it.", made.segment, "TRN")
        if not refused and any(s.verdict in ("reject", "duplicate") for line in made.lines for s in line.statuses):
            text = "A service line is rejected although its claim is not; the line counts."
            self._say("status_line_contradicts", "warning", text, made.segment, "TRN")
        yield made

    # Segments

    def _take(self, name: str, segment: Segment, position: int) -> None:
        node = self._line or self._claim or self._node
        if name == "STC":
            if self._level == "patient" and self._claim is None:
                self._say("status_without_claim", "warning", "The STC stands before any TRN.", position, "STC")
                return
            node.statuses.append(self._status(segment, position))
        elif name == "REF":
            node.references.append((element(segment, 1), element(segment, 2)))
        elif name == "DTP" and element(segment, 1) == "472":
            self._service_days(node, segment, position)
        elif self._level and node is self._node:
            self._take_of_level(name, segment, position)

    def _take_of_level(self, name: str, segment: Segment, position: int) -> None:
        node = self._node
        if name == "NM1" and not node.entity:
            node.entity, node.name, node.id = element(segment, 1), element(segment, 3), element(segment, 9)
        elif name == "TRN":
            node.trace = element(segment, 2)
        elif name == "DTP":
            node.dates[element(segment, 1)] = day(element(segment, 3)[:8]) or ""
        elif name == "QTY":
            node.quantities[element(segment, 1)] = self._number(count(element(segment, 2)), position, "QTY")
        elif name == "AMT":
            node.amounts[element(segment, 1)] = self._number(cents(element(segment, 2)), position, "AMT")

    def _number(self, value: int | None, position: int, name: str) -> int | None:
        if value is None:
            self._say("status_number", "warning", "The total is no number.", position, name, "02")
        return value

    def _service_days(self, node: _Node, segment: Segment, position: int) -> None:
        found = days(element(segment, 3))
        if found is None:
            self._say("status_date", "warning", "The date of service is no date.", position, "DTP", "03")
        else:
            node.service = found

    def _status(self, segment: Segment, position: int) -> Status:
        said = [element(segment, n) for n in _COMPOSITES]
        codes = tuple(code.replace(self._component, ":") for code in said if code)
        date, charge = element(segment, 2), element(segment, 4)
        if date and day(date) is None:
            self._say("status_date", "warning", "STC02 is no date.", position, "STC", "02")
        if charge and cents(charge) is None:
            self._say("status_charge", "warning", "STC04 is no amount.", position, "STC", "04")
        return Status(
            segment=position,
            codes=codes,
            date=day(date) or "",
            action=element(segment, 3),
            charge=cents(charge) if charge else None,
            text=element(segment, 12),
            verdict=self._verdict(codes, element(segment, 3), position),
        )

    def _verdict(self, codes: tuple[str, ...], action: str, position: int) -> Verdict:
        categories = {code.split(":")[0] for code in codes}
        if self.inquiry:
            return "pended" if any(category.startswith("P") for category in categories) else "info"
        unknown = categories - ACCEPTING - REJECTING - {NOT_FOUND}
        if unknown or not categories:
            text = "A category of the STC is none that a 277CA may have."
            self._say("status_category", "warning", text, position, "STC", "01")
        rejects, accepts = bool(categories & REJECTING), bool(categories & ACCEPTING)
        if (action == "WQ" and rejects) or (action == "U" and accepts and not rejects):
            text = "STC03 and the category of the STC disagree; it counts as rejected."
            self._say("status_contradicts", "warning", text, position, "STC", "03")
        if action == "U" or rejects:
            return "duplicate" if _is_duplicate(codes) else "reject"
        return "accept" if accepts or action == "WQ" else "info"


def _is_duplicate(codes: tuple[str, ...]) -> bool:
    """Whether the payer says that it has the claim already (claim status 54 or 78)."""
    return any(code.split(":")[1:2] and code.split(":")[1] in DUPLICATE_STATUSES for code in codes)


class _Node:
    """A level, claim or line that is being read."""

    __slots__ = (
        "amounts", "charge", "dates", "entity", "id", "lines", "name", "procedure", "quantities", "references",
        "segment", "service", "statuses", "trace",
    )  # fmt: skip

    def __init__(self, segment: int) -> None:
        self.segment = segment
        self.entity = self.name = self.id = self.trace = self.procedure = ""
        self.charge: int | None = None
        self.statuses: list[Status] = []
        self.references: list[tuple[str, str]] = []
        self.quantities: dict[str, int | None] = {}
        self.amounts: dict[str, int | None] = {}
        self.service = ("", "")
        self.dates: dict[str, str] = {}
        self.lines: list[_Node] = []

    def line(self, position: int, segment: Segment, component: str) -> _Node:
        made = _Node(position)
        made.procedure = [*element(segment, 1).split(component), ""][1]
        made.charge = cents(element(segment, 2)) if element(segment, 2) else None
        self.lines.append(made)
        return made

    def reference(self, *qualifiers: str) -> str:
        return next((value for found, value in self.references if found in qualifiers), "")

    def receiver(self) -> Receiver:
        return Receiver(
            segment=self.segment,
            id=self.id,
            reference=self.trace,
            statuses=tuple(self.statuses),
            accepted=self.quantities.get("90"),
            rejected=self.quantities.get("AA"),
            accepted_amount=self.amounts.get("YU"),
            rejected_amount=self.amounts.get("YY"),
        )

    def provider(self) -> Provider:
        others = tuple(value for _, value in self.references if value)
        accepted, rejected = self.quantities.get("QA"), self.quantities.get("QC")
        amounts = (self.amounts.get("YU"), self.amounts.get("YY"))
        return Provider(self.segment, self.id, others, tuple(self.statuses), accepted, rejected, *amounts)

    def claim(self, patient: _Node, subscriber: tuple[str, str], *, inquiry: bool) -> ClaimStatus:
        lines = [line.service for line in self.lines if line.service[0]]
        begin, end = self.service if self.service[0] or not lines else (min(lines)[0], max(e for _, e in lines))
        return ClaimStatus(
            segment=self.segment,
            patient_control_number=(self.reference("EJ") if inquiry else "") or self.trace,
            trace=self.trace,
            payer_claim_number=self.reference("1K"),
            clearinghouse_number=self.reference("D9"),
            member_id=patient.id or subscriber[0],
            last_name=patient.name or subscriber[1],
            service_from=begin,
            service_to=end,
            statuses=tuple(self.statuses),
            lines=tuple(line.line_status() for line in self.lines),
            bill_type=self.reference("BLT"),
        )

    def line_status(self) -> LineStatus:
        number = self.reference("FJ", "6R")
        return LineStatus(self.segment, number, self.procedure, self.charge, tuple(self.statuses))
