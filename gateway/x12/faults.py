"""Every fault that the envelope of X12 can have, in one place, with the code by which an acknowledgment names it.

Source of the note codes: TA105 (I18), AK905 (716), IK502 (718) as the 5010 acknowledgments know them. A fault without a
code is one that no acknowledgment can name, because it concerns what stands outside an interchange.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.x12.issues import Issue, Severity


class Fault(NamedTuple):
    """A kind of fault. `text` may have places for counts and differences, never for element values."""

    code: str
    severity: Severity
    text: str
    ta1: str = ""  # TA105, where the interchange is at fault
    ak9: str = ""  # AK905, where the functional group is
    ik5: str = ""  # IK502, where the transaction set is
    limit: int = 100  # how many of the kind are kept in one list, so that garbage cannot fill memory

    def issue(
        self, segment: int | None, offset: int | None, segment_id: str = "", element: str = "", **details: int | str
    ) -> Issue:
        """The fault at one place. Position: ordinal of the segment in its set, else in the file; byte offset."""
        text = self.text.format(**details) if details else self.text
        return Issue(self.code, self.severity, text, segment, offset, segment_id, element)


# The file
EMPTY_FILE = Fault("empty_file", "error", "The file is empty.", limit=1)
NOT_X12 = Fault("not_x12", "error", "The file holds no X12: no ISA, GS or ST was found in it.", limit=1)
UTF_16 = Fault("utf_16", "error", "The file is encoded in UTF-16; X12 is sent in single bytes.", limit=1)
TEXT_BEFORE_ISA = Fault("text_before_isa", "error", "Text before the first ISA was skipped.", limit=1)
NO_ISA = Fault("no_isa", "error", "The file begins without an ISA; usual delimiters are taken.", limit=1)
NOT_UTF_8 = Fault("not_utf_8", "warning", "Bytes that are not UTF-8 are read as Latin-1.", limit=1)
UNTERMINATED = Fault("segment_unterminated", "warning", "The segment ends without a terminator.", ta1="004")
NEWLINE_INSIDE = Fault("newline_in_segment", "warning", "A line break inside a segment was taken out.", limit=1)
TOO_LONG = Fault("segment_too_long", "error", "A segment is longer than the limit and was skipped.", ta1="024")
OUTSIDE = Fault("segment_outside_set", "error", "The segment stands outside a transaction set.", ta1="022")

# The interchange
ISA_TRUNCATED = Fault("isa_truncated", "error", "The file ends inside the ISA.", ta1="023")
ISA_MALFORMED = Fault("isa_malformed", "error", "The ISA does not have 16 elements.", ta1="022")
ISA_WIDTH = Fault("isa_width", "warning", "The ISA is not 106 characters wide; it was split at its separators.")
ISA_DELIMITERS = Fault("isa_delimiters", "error", "The delimiters that the ISA names are not usable.", ta1="027")
ISA_CONTROL_NUMBER = Fault("isa_control_number", "warning", "ISA13 is not nine digits.", ta1="018")
ISA_DUPLICATE = Fault("isa_duplicate", "warning", "The file has this ISA13 twice between the same two.", ta1="025")
IEA_MISSING = Fault("iea_missing", "error", "The interchange has no IEA.", ta1="023")
IEA_UNEXPECTED = Fault("iea_without_isa", "error", "The IEA closes no interchange.", ta1="022")
IEA_COUNT = Fault("iea_count", "error", "IEA01 does not match: the interchange has {found} groups.", ta1="021")
IEA_COUNT_TA1 = Fault(
    "iea_count_ta1", "warning", "IEA01 counts the TA1; it should count functional groups only.", ta1="021"
)
IEA_CONTROL_NUMBER = Fault("iea_control_number", "error", "IEA02 differs from ISA13.", ta1="001")
TA1_MISPLACED = Fault("ta1_misplaced", "warning", "A TA1 belongs right after the ISA.", ta1="022")

# The functional group
GS_UNEXPECTED = Fault("gs_without_isa", "error", "The functional group stands outside an interchange.", ta1="022")
GS_CONTROL_NUMBER = Fault("gs_control_number", "warning", "GS06 is not a number of one to nine digits.", ak9="6")
GS_DUPLICATE = Fault("gs_duplicate", "warning", "The file has this GS06 twice between the same two.")
GE_MISSING = Fault("ge_missing", "error", "The functional group has no GE.", ak9="3")
GE_UNEXPECTED = Fault("ge_without_gs", "error", "The GE closes no functional group.", ta1="022")
GE_COUNT = Fault("ge_count", "error", "GE01 does not match: the group has {found} transaction sets.", ak9="5")
GE_CONTROL_NUMBER = Fault("ge_control_number", "error", "GE02 differs from GS06.", ak9="4")

# The transaction set
ST_UNEXPECTED = Fault("st_without_gs", "error", "The transaction set stands outside a functional group.", ta1="022")
ST_CODE = Fault("st_code", "error", "ST01 is not three digits.", ik5="6")
ST_CONTROL_NUMBER = Fault("st_control_number", "warning", "ST02 is not four to nine letters or digits.", ik5="7")
ST_DUPLICATE = Fault("st_duplicate", "error", "The functional group has this ST02 twice.", ik5="23")
SE_MISSING = Fault("se_missing", "error", "The transaction set has no SE.", ik5="2")
SE_UNEXPECTED = Fault("se_without_st", "error", "The SE closes no transaction set.", ta1="022")
SE_COUNT = Fault("se_count", "error", "SE01 does not match: the set has {found} segments.", ik5="4")
SE_CONTROL_NUMBER = Fault("se_control_number", "error", "SE02 differs from ST02.", ik5="3")

# What counting shows of the content
GUIDE_UNKNOWN = Fault("guide_unknown", "warning", "The set names no guide that is known; it is only counted.")
AMOUNT = Fault("amount", "error", "The element is no amount in whole cents; it is left out of the sums.")
LINE_UNBALANCED = Fault(
    "line_unbalanced", "warning", "The line does not balance: SVC02 less its adjustments exceeds SVC03 by {difference}."
)
CLAIM_UNBALANCED = Fault(
    "claim_unbalanced", "warning", "The claim does not balance: CLP03 less adjustments exceeds CLP04 by {difference}."
)
PAYMENT_UNBALANCED = Fault(
    "remittance_unbalanced",
    "warning",
    "The payment does not balance: claims less provider adjustments exceed BPR02 by {difference}.",
)

FAULTS: dict[str, Fault] = {value.code: value for value in list(globals().values()) if isinstance(value, Fault)}

# A file with one of these holds nothing to read at all.
UNREADABLE = frozenset(fault.code for fault in (EMPTY_FILE, NOT_X12, UTF_16))


class FaultList:
    """Issues in the order of their finding; of each kind no more than its limit.

    `issues` is the list that others may hold; `append` alone adds to it.
    """

    __slots__ = ("_counts", "issues")

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self._counts: dict[str, int] = {}

    def append(self, issue: Issue, limit: int = 100) -> None:
        """Keep the issue unless `limit` of its kind are kept; the last one kept says that more may follow."""
        count = self._counts.get(issue.code, 0)
        if count >= limit:
            return
        self._counts[issue.code] = count + 1
        if count + 1 == limit > 1:
            issue = issue._replace(text=issue.text + " Further ones of this kind are not listed.")
        self.issues.append(issue)
