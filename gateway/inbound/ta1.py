"""TA1: the answer to one interchange. It stands right after the ISA, outside every functional group."""

from __future__ import annotations

from gateway.inbound.facts import InterchangeAnswer, Verdict
from gateway.x12.faults import FaultList
from gateway.x12.issues import Issue
from gateway.x12.values import InterchangeAck

DUPLICATE_NOTE = "025"
_VERDICTS: dict[str, Verdict] = {"A": "accept", "E": "accept", "R": "reject"}


def read_interchange_ack(ack: InterchangeAck, issues: FaultList) -> InterchangeAnswer:
    """The verdict of a TA1 (TA101 to TA105). An unknown TA104 is an error and says nothing about our interchange."""
    verdict = _VERDICTS.get(ack.verdict, "info")
    if verdict == "info":
        text = "TA104 is none of A, E and R."
        issues.append(Issue("ta1_code", "error", text, ack.segment, ack.offset, "TA1", "04"))
    if not ack.control_number.isdecimal():
        text = "TA101 is no interchange control number."
        issues.append(Issue("ta1_control_number", "error", text, ack.segment, ack.offset, "TA1", "01"))
    if verdict == "reject" and ack.note == DUPLICATE_NOTE:
        verdict = "duplicate"
    return InterchangeAnswer(
        control_number=ack.control_number.zfill(9),
        verdict=verdict,
        note=ack.note,
        date=ack.date,
        time=ack.time,
        sender=ack.interchange.sender,
        receiver=ack.interchange.receiver,
        code=ack.verdict,
        segment=ack.segment,
    )
