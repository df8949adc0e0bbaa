"""A fault found in X12 data, as a value: what, how bad, and where."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]
_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")


def plain_id(segment_id: str) -> str:
    """A segment's id for a text: where delimiters are out of order, a patient's name may stand in its place."""
    return segment_id if _SEGMENT_ID.fullmatch(segment_id) else "the segment"


class Issue(NamedTuple):
    """One fault. The text is a sentence without element values that could be patient data."""

    code: str
    severity: Severity
    text: str
    segment: int | None = None  # ordinal in the transaction set, ST = 1; in the file where no set is open
    offset: int | None = None  # byte offset of the segment in the file
    segment_id: str = ""  # for example "CLM"
    element: str = ""  # for example "05-1"
    loop: str = ""  # for example "2300"

    def document(self) -> dict[str, object]:
        """The issue as the JSON documents show it."""
        shown: dict[str, object] = {"code": self.code, "severity": self.severity, "segment": self.segment or 0}
        shown["text"] = self.text
        for key in ("offset", "segment_id", "element", "loop"):
            if (value := getattr(self, key)) not in (None, ""):
                shown[key] = value
        return shown
