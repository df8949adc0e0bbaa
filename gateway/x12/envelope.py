"""The segments of the envelope as values, and what their control numbers and codes must look like.

Each function takes a segment as the reader splits it, with elements that may be absent, and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.x12.delimiters import Header
from gateway.x12.faults import (
    GS_CONTROL_NUMBER,
    ISA_CONTROL_NUMBER,
    ST_CODE,
    ST_CONTROL_NUMBER,
    Fault,
)
from gateway.x12.values import Delimiters, Group, Interchange, InterchangeAck, Segment

# Stands for the interchange of a TA1 that has none.
NO_INTERCHANGE = Interchange("", "", "", "", "", "", "", "", "", Delimiters())

# Guides whose transaction sets the gateway knows in full (GS08 or ST03).
SUPPORTED = frozenset(
    ("005010X222A1", "005010X223A2", "005010X224A2", "005010X221A1", "005010X231A1", "005010X214", "005010X212")
)

# ST01 and the guide's X-number → kind. 4010 and 5010; other guides of 837 and 277 say it by their content.
_KINDS = {
    "837": {"222": "837P", "098": "837P", "223": "837I", "096": "837I", "224": "837D", "097": "837D"},
    "277": {"214": "277CA", "167": "277CA", "364": "277CA", "212": "277", "093": "277", "213": "277", "313": "277"},
}
_BY_LINE = {"SV1": "837P", "SV2": "837I", "SV3": "837D"}
_GUIDE = re.compile(r"\d{6}X(\d{3})")


def element(segment: Segment, number: int) -> str:
    """Element `number` (from 1) without blanks around it; empty when absent."""
    return segment[number].strip() if number < len(segment) else ""


def interchange_of(header: Header, offset: int) -> Interchange:
    """ISA as a value."""
    isa = [field.strip() for field in header.elements]
    return Interchange(
        control_number=isa[13],
        sender_qualifier=isa[5],
        sender=isa[6],
        receiver_qualifier=isa[7],
        receiver=isa[8],
        usage=isa[15],
        date=isa[9],
        time=isa[10],
        version=isa[12],
        delimiters=header.delimiters,
        offset=offset,
    )


def group_of(segment: Segment) -> Group:
    """GS as a value."""
    functional_id, sender, receiver, date, time, number, _, version = (element(segment, n) for n in range(1, 9))
    return Group(functional_id, sender, receiver, number, version, date, time)


def acknowledgment_of(segment: Segment, interchange: Interchange | None, ordinal: int, offset: int) -> InterchangeAck:
    """TA1 as a value. Position: ordinal in the file, byte offset."""
    number, date, time, verdict, note = (element(segment, n) for n in range(1, 6))
    return InterchangeAck(number, date, time, verdict, note, interchange or NO_INTERCHANGE, ordinal, offset)


def key_of(opened: Interchange | Group) -> tuple[str, ...]:
    """What a control number must be unique in: between the same two, for a group also by its functional id."""
    if isinstance(opened, Group):
        return opened.functional_id, opened.sender, opened.receiver, opened.control_number
    parties = opened.sender_qualifier, opened.sender, opened.receiver_qualifier, opened.receiver
    return (*parties, opened.control_number)


def interchange_faults(interchange: Interchange) -> list[Fault]:
    """What is wrong with an ISA's control number."""
    return [] if re.fullmatch(r"[0-9]{9}", interchange.control_number) else [ISA_CONTROL_NUMBER]


def group_faults(group: Group) -> list[Fault]:
    """What is wrong with a GS's control number."""
    return [] if re.fullmatch(r"[0-9]{1,9}", group.control_number) else [GS_CONTROL_NUMBER]


def set_faults(code: str, control_number: str) -> list[Fault]:
    """What is wrong with ST01 and ST02."""
    found = [] if re.fullmatch(r"[0-9]{3}", code) else [ST_CODE]
    return found if re.fullmatch(r"[0-9A-Za-z]{4,9}", control_number) else [*found, ST_CONTROL_NUMBER]


def count_differs(said: str, found: int) -> bool:
    """Whether a count element (SE01, GE01, IEA01) says anything else than `found`."""
    return re.fullmatch(r"[0-9]{1,18}", said) is None or int(said) != found


def numbers_differ(closing: str, opening: str) -> bool:
    """Whether two numeric control numbers (ISA13 and IEA02, GS06 and GE02) differ; leading zeros do not count."""
    return closing.lstrip("0") != opening.lstrip("0")


def kind_of(code: str, version: str) -> tuple[str, bool]:
    """(kind, whether it is certain) by ST01 and the guide; see `kind_by_content` for what is not."""
    guides = _KINDS.get(code)
    if guides is None:
        return code, True
    found = _GUIDE.match(version)
    kind = guides.get(found[1]) if found else None
    return kind or code, kind is not None


def kind_by_content(code: str, pieces: Iterable[str], separator: str) -> str | None:
    """The kind that segments (as text) show: BHT06 = TH makes a 277 a 277CA, SV1, SV2 and SV3 tell the 837s apart."""
    for piece in pieces:
        name = piece[:3]
        if name in _BY_LINE and code == "837":
            return _BY_LINE[name]
        if name == "BHT" and code == "277":
            return "277CA" if element(piece.split(separator), 6) == "TH" else "277"
    return None


class SeenNumbers:
    """Control numbers met so far, to find those used twice; the oldest are forgotten, so that memory stays flat."""

    __slots__ = ("_numbers",)
    LIMIT = 50_000

    def __init__(self) -> None:
        self._numbers: dict[object, None] = {}

    def is_repeated(self, number: object) -> bool:
        """Whether the number was met before; it is now."""
        if number in self._numbers:
            return True
        self._numbers[number] = None
        if len(self._numbers) > self.LIMIT:
            del self._numbers[next(iter(self._numbers))]
        return False
