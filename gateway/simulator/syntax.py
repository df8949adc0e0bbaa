"""The checks of structure that a receiver makes before a 999 accepts: counts, control numbers, levels, claims.

They are few and simple on purpose. What they find is answered as a real receiver would answer it.
"""

from __future__ import annotations

from gateway.simulator.acknowledgments import ElementError, SegmentError, SetAnswer
from gateway.simulator.edi import Group, Interchange, Segment, TransactionSet, is_number, value
from gateway.simulator.received import Claim, ClaimSet

GUIDES = {"005010X222A1": "professional", "005010X223A2": "institutional", "005010X224A2": "dental"}


def interchange_note(interchange: Interchange) -> str:
    """TA105: 000, or what is wrong with the interchange's own envelope."""
    trailer = interchange.trailer
    if not trailer:
        return "023"
    if value(trailer, 2) != interchange.number:
        return "001"
    if not (len(interchange.number) == 9 and interchange.number.isdigit()) or interchange.number == "0" * 9:
        return "018"
    if value(interchange.header, 12) != "00501":
        return "017"
    if value(trailer, 1) != str(len(interchange.groups)):
        return "021"
    return "000" if interchange.groups else "024"


def group_codes(group: Group) -> tuple[str, ...]:
    """AK905 and on: what is wrong with the group's own envelope."""
    codes = []
    if group.guide not in GUIDES:
        codes.append("2")
    if not group.trailer:
        codes.append("3")
    elif value(group.trailer, 2) != group.number:
        codes.append("4")
    if group.trailer and value(group.trailer, 1) != str(len(group.sets)):
        codes.append("5")
    return tuple(codes)


def check_set(transaction: TransactionSet, claims: ClaimSet, numbers_seen: frozenset[str]) -> SetAnswer:
    """What the 999 says of a set by its structure alone; `numbers_seen` are the group's earlier ST02."""
    codes = [*_trailer_codes(transaction), *(["23"] if transaction.number in numbers_seen else [])]
    if transaction.kind != "837":
        codes.append("1")
    errors = (*_header_errors(transaction), *_level_errors(transaction), *_claim_errors(claims))
    if errors:
        codes.append("5")
    guide = transaction.guide or claims.guide
    verdict = "R" if codes else "A"
    return SetAnswer(transaction.kind, transaction.number, guide, verdict, tuple(codes), errors)


def _trailer_codes(transaction: TransactionSet) -> list[str]:
    trailer = transaction.trailer
    if not trailer:
        return ["2"]
    codes = []
    if value(trailer, 2) != transaction.number:
        codes.append("3")
    if value(trailer, 1) != str(len(transaction.segments)):
        codes.append("4")
    return codes


def _header_errors(transaction: TransactionSet) -> list[SegmentError]:
    names = [segment[0] for segment in transaction.segments]
    return [] if "BHT" in names[1:2] else [SegmentError("BHT", 2, "3")]


def _level_errors(transaction: TransactionSet) -> list[SegmentError]:
    """HL01 counts from 1; HL02 names an earlier HL of the level above."""
    errors: list[SegmentError] = []
    levels: dict[str, str] = {}
    above = {"22": {"20"}, "23": {"22"}}
    for position, segment in enumerate(transaction.segments, 1):
        if segment[0] != "HL":
            continue
        number, parent, level = value(segment, 1), value(segment, 2), value(segment, 3)
        if number != str(len(levels) + 1):
            errors.append(_hl_error(segment, position, 1, "628"))
        if level in above and levels.get(parent) not in above[level]:
            errors.append(_hl_error(segment, position, 2, "734"))
        levels[number] = level
    return errors


def _hl_error(segment: Segment, position: int, element: int, data_element: str) -> SegmentError:
    bad = ElementError(element, 0, "7", value(segment, element), data_element)
    return SegmentError("HL", position, "8", "2000", elements=(bad,))


def _claim_errors(claims: ClaimSet) -> list[SegmentError]:
    return [error for claim in claims.claims for error in _errors_of(claims, claim)]


def _errors_of(claims: ClaimSet, claim: Claim) -> list[SegmentError]:
    clm = claims.segments[claim.position - 1]
    found = []
    if not claim.patient_control_number:
        found.append(ElementError(1, 0, "1", data_element="1028"))
    elif len(claim.patient_control_number) > 20:
        found.append(ElementError(1, 0, "5", claim.patient_control_number, "1028"))
    if not is_number(value(clm, 2)):
        found.append(ElementError(2, 0, "6" if value(clm, 2) else "1", value(clm, 2), "782"))
    name = claim.patient_control_number
    errors = [SegmentError("CLM", claim.position, "8", "2300", name, elements=(item,)) for item in found]
    if not claim.lines:
        errors.append(SegmentError("LX", claim.end + 1, "3", "2400", name))
    if not claim.billing.name:
        errors.append(SegmentError("NM1", claim.position, "3", "2010AA", name))
    return errors
