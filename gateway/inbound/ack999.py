"""999 (005010X231, X231A1) and 997: the answer to one functional group, set by set.

A 997 says the same with AK3, AK4 and AK5 in the places of IK3, IK4 and IK5, and has no CTX.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.inbound.elements import count, element
from gateway.inbound.facts import ElementFault, GroupAnswer, SegmentFault, SetAnswer, SetLike, Trigger, Verdict
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue, Severity
from gateway.x12.values import Segment

ACCEPTED = frozenset("AE")
REJECTED = frozenset("RMWX")
PARTIAL = "P"
_MOST_FAULTS = 1000  # of one set that are kept; a set of ours has no more that anyone could read
_TRIGGER = "SITUATIONAL TRIGGER"  # CTX01
_NAMES = {"AK3": "IK3", "AK4": "IK4", "AK5": "IK5"}


class AcknowledgmentReader:
    """One 999 or 997, read once: iterating gives the answer to each set, then `group` is complete.

    `accepted` and `rejected` count sets, by AK9 where it says more than the AK2 loops do (sets may go unnamed).
    """

    def __init__(self, transaction_set: SetLike) -> None:
        self.group = GroupAnswer(0, "", "", "", "", None, None, None, ())
        self.accepted = 0
        self.rejected = 0
        self._set = transaction_set
        self._component = transaction_set.delimiters.component
        self._faults = FaultList()
        self._groups = 0

    @property
    def issues(self) -> list[Issue]:
        return self._faults.issues

    def __iter__(self) -> Iterator[SetAnswer]:
        open_set: _OpenSet | None = None
        for position, segment in enumerate(self._set, 1):
            name = _NAMES.get(segment[0], segment[0])
            if name in ("AK2", "AK9", "SE", "AK1"):
                if open_set is not None:
                    yield self._close(open_set, None, 0)
                open_set = _OpenSet(position, segment) if name == "AK2" else None
                self._envelope(name, segment, position)
            elif open_set is None:
                if name in ("IK3", "IK4", "IK5", "CTX"):
                    self._say("ack_outside_set", "warning", "The segment belongs to no AK2 loop.", position, name)
            elif name == "IK5":
                yield self._close(open_set, segment, position)
                open_set = None
            else:
                open_set.take(name, segment, position, self._component)
        if open_set is not None:
            yield self._close(open_set, None, 0)
        self._check()

    def _say(self, code: str, severity: Severity, text: str, position: int, name: str, at: str = "") -> None:
        self._faults.append(Issue(code, severity, text, position, None, name, at))

    def _envelope(self, name: str, segment: Segment, position: int) -> None:
        if name == "AK1":
            self._groups += 1
            if self._groups > 1:
                self._say("ack_second_group", "error", "A 999 answers one group, this has a second.", position, "AK1")
                return
            opened = [element(segment, n) for n in (1, 2, 3)]
            self.group = self.group._replace(functional_id=opened[0], control_number=opened[1], version=opened[2])
        elif name == "AK9":
            self.group = self.group._replace(
                segment=position,
                code=element(segment, 1),
                included=count(element(segment, 2)),
                received=count(element(segment, 3)),
                accepted=count(element(segment, 4)),
                codes=tuple(code for code in segment[5:10] if code),
            )

    def _close(self, opened: _OpenSet, verdict: Segment | None, position: int) -> SetAnswer:
        if verdict is None:
            self._say("ack_verdict_missing", "error", "The AK2 loop ends without an IK5.", opened.segment, "AK2")
        code = element(verdict, 1) if verdict else ""
        said: Verdict = "accept" if code in ACCEPTED else "reject" if code in REJECTED else "info"
        if verdict is not None and said == "info":
            self._say("ack_code", "error", "IK501 is none of A, E, M, R, W and X.", position, "IK5", "01")
        self.accepted += said == "accept"
        self.rejected += said == "reject"
        return opened.answer(said, code, tuple(filter(None, verdict[2:7])) if verdict else (), position)

    def _check(self) -> None:
        group, named = self.group, self.accepted + self.rejected
        if not group.control_number:
            self._say("ack_group_missing", "error", "No AK1 says which group is answered.", 2, "AK1")
        if not group.code:
            self._say("ack_group_verdict_missing", "error", "The AK9 is missing.", group.segment, "AK9")
        elif group.code not in ACCEPTED | REJECTED | {PARTIAL}:
            self._say("ack_group_code", "error", "AK901 is none of the codes known.", group.segment, "AK9", "01")
        if group.accepted is None or group.received is None or not group.code:
            return
        if group.accepted < self.accepted or group.received < named:
            text = "AK903 or AK904 counts fewer sets than the AK2 loops name."
            self._say("ack_counts", "warning", text, group.segment, "AK9")
            return
        if group.received < group.accepted:
            self._say("ack_counts", "warning", "AK904 is above AK903.", group.segment, "AK9")
            return
        self.accepted, self.rejected = group.accepted, max(self.rejected, group.received - group.accepted)


class _OpenSet:
    """An AK2 loop that is being read."""

    __slots__ = ("claims", "element_faults", "faults", "opening", "segment")

    def __init__(self, position: int, opening: Segment) -> None:
        self.segment = position
        self.opening = opening
        self.faults: list[SegmentFault] = []
        self.element_faults: list[ElementFault] = []
        self.claims: dict[str, None] = {}

    def take(self, name: str, segment: Segment, position: int, component: str) -> None:
        if name == "CTX":
            self._context(segment, component)
        elif len(self.faults) >= _MOST_FAULTS:
            return
        elif name == "IK3":
            self._seal()
            where = count(element(segment, 2)) or 0
            fault = SegmentFault(position, element(segment, 1), where, element(segment, 3), element(segment, 4), "", ())
            self.faults.append(fault)
        elif name == "IK4" and len(self.element_faults) < _MOST_FAULTS:
            where_in = element(segment, 1).replace(component, ":")
            said = (element(segment, 3), element(segment, 2), element(segment, 4))
            self.element_faults.append(ElementFault(position, where_in, *said))

    def _context(self, segment: Segment, component: str) -> None:
        """CTX*CLM01:number names the claim (CTX01-1 and CTX01-2); the other form names what triggered a rule."""
        if element(segment, 1).strip().upper() == _TRIGGER:
            self._triggered(segment, component)
            return
        for named in segment[1:]:
            reference, _, value = named.partition(component)
            if reference.strip().upper() in ("CLM01", "PATIENT CONTROL NUMBER") and value:
                self.claims[value] = None
                if self.faults and not self.faults[-1].patient_control_number:
                    self.faults[-1] = self.faults[-1]._replace(patient_control_number=value)
                return

    def _triggered(self, segment: Segment, component: str) -> None:
        """Of the element at fault before it, else of the segment."""
        id_, where, loop, place, reference = (element(segment, at).replace(component, ":") for at in range(2, 7))
        found = Trigger(id_, count(where) or 0, loop, place, reference)
        if self.element_faults:
            last = self.element_faults[-1]
            if len(last.triggers) < _MOST_FAULTS:
                self.element_faults[-1] = last._replace(triggers=(*last.triggers, found))
        elif self.faults and len(self.faults[-1].triggers) < _MOST_FAULTS:
            last_segment = self.faults[-1]
            self.faults[-1] = last_segment._replace(triggers=(*last_segment.triggers, found))

    def _seal(self) -> None:
        if self.faults and self.element_faults:
            self.faults[-1] = self.faults[-1]._replace(elements=tuple(self.element_faults))
        self.element_faults = []

    def answer(self, verdict: Verdict, code: str, codes: tuple[str, ...], position: int) -> SetAnswer:
        self._seal()
        return SetAnswer(
            segment=position or self.segment,
            set_id=element(self.opening, 1),
            control_number=element(self.opening, 2),
            version=element(self.opening, 3),
            verdict=verdict,
            code=code,
            codes=codes,
            faults=tuple(self.faults),
            patient_control_numbers=tuple(self.claims),
        )
