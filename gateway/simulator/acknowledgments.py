"""TA1 and 999: what the simulator says of an interchange and of its transaction sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.simulator.edi import Body, Delimiters, Element, Segment, part, value
from gateway.simulator.received import Claim, ClaimSet
from gateway.simulator.verdicts import SetVerdict

ACK_GUIDE = "005010X231A1"
# Data element numbers (X12 dictionary) for IK402, by segment and element; left out where not listed.
_DATA_ELEMENTS = {
    ("CLM", 1): "1028", ("CLM", 2): "782", ("HI", 1): "C022", ("NM1", 3): "1035", ("NM1", 9): "67", ("SV1", 2): "782",
    ("DTP", 3): "1251", ("SBR", 9): "1032", ("N4", 3): "116", ("HL", 1): "628", ("HL", 2): "734",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ElementError:
    """An IK4: element and component (0 for none) by position, IK403, and the offending value."""

    element: int
    component: int
    code: str
    bad_value: str = ""
    data_element: str = ""


@dataclass(frozen=True, slots=True)
class SegmentError:
    """An IK3 with its contexts; positions count from ST = 1."""

    segment: str
    position: int
    code: str
    loop: str = ""
    business_unit: str = ""  # CLM01
    trigger: tuple[str, int] | None = None  # segment id and position that made it required
    elements: tuple[ElementError, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """AK2 to IK5 for one transaction set."""

    kind: str
    number: str
    guide: str
    verdict: str  # IK501: A, E or R
    codes: tuple[str, ...] = ()  # IK502 to IK506
    errors: tuple[SegmentError, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """A whole 999 transaction set: it answers one functional group."""

    functional_id: str
    number: str  # GS06 of the group
    guide: str
    included: int  # AK902
    received: int  # AK903
    sets: tuple[SetAnswer, ...]
    codes: tuple[str, ...] = ()  # AK905 to AK909
    verdict: str = ""  # AK901 where it is not what the sets make of it

    @property
    def accepted(self) -> int:
        """AK904."""
        return 0 if self.verdict == "R" else sum(1 for answer in self.sets if answer.verdict != "R")


def ta1_segments(isa: Segment, verdict: str, note: str) -> Body:
    """The TA1 for the interchange with this header."""
    return [("TA1", value(isa, 13), value(isa, 9), value(isa, 10), verdict, note)]


def ack_segments(answer: GroupAnswer) -> Body:
    """The 999's segments between ST and SE."""
    segments: list[Sequence[Element]] = [("AK1", answer.functional_id, answer.number, answer.guide)]
    for item in answer.sets:
        segments.append(("AK2", item.kind, item.number, item.guide))
        for error in item.errors:
            segments.extend(_error_segments(error))
        segments.append(("IK5", item.verdict, *item.codes[:5]))
    counts = (str(answer.included), str(answer.received), str(answer.accepted))
    segments.append(("AK9", answer.verdict or _group_verdict(answer), *counts, *answer.codes[:5]))
    return segments


def _group_verdict(answer: GroupAnswer) -> str:
    verdicts = {item.verdict for item in answer.sets}
    if "R" in verdicts:
        return "R" if verdicts == {"R"} else "P"
    return "E" if "E" in verdicts or answer.codes else "A"


def _error_segments(error: SegmentError) -> list[Sequence[Element]]:
    segments: list[Sequence[Element]] = [("IK3", error.segment, str(error.position), error.loop, error.code)]
    if error.trigger:
        segments.append(("CTX", "SITUATIONAL TRIGGER", error.trigger[0], str(error.trigger[1])))
    if error.business_unit:
        segments.append(("CTX", ("CLM01", error.business_unit)))
    for item in error.elements:
        where = (str(item.element), str(item.component)) if item.component else str(item.element)
        segments.append(("IK4", where, item.data_element, item.code, item.bad_value))
    return segments


def blame(claim_set: ClaimSet, claim: Claim, verdict: SetVerdict, delimiters: Delimiters) -> SegmentError:
    """The error that `verdict` asks for, at the claim's first segment of that name (else at its CLM)."""
    segments = claim_set.segments
    span = range(claim.position, claim.end + 1)
    position = next((at for at in span if segments[at - 1][0] == verdict.segment), claim.position)
    segment = segments[position - 1]
    error = SegmentError(
        segment=segment[0],
        position=position,
        code=verdict.segment_error,
        loop="2300" if position == claim.position or segment[0] == "HI" else "",
        business_unit=claim.patient_control_number if verdict.business_unit else "",
        trigger=("CLM", claim.position) if verdict.trigger else None,
    )
    if verdict.segment_error != "8":
        return error
    return replace(error, elements=(_element_error(segment, verdict, delimiters),))


def _element_error(segment: Segment, verdict: SetVerdict, delimiters: Delimiters) -> ElementError:
    bad = value(segment, verdict.element)
    if verdict.component:
        bad = part(bad, verdict.component, delimiters)
    missing = verdict.element_error in {"1", "2", "I9"}
    return ElementError(
        element=verdict.element,
        component=verdict.component,
        code=verdict.element_error,
        bad_value="" if missing else bad,
        data_element="1271" if segment[0] == "HI" else _DATA_ELEMENTS.get((segment[0], verdict.element), ""),
    )
