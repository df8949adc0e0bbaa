"""What is in an X12 file: interchanges, groups and transaction sets with totals and faults, as one document."""

from __future__ import annotations

from typing import Any, BinaryIO

from gateway.x12.envelope import SUPPORTED
from gateway.x12.faults import GUIDE_UNKNOWN
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.totals import totals_of
from gateway.x12.values import Group, Interchange, InterchangeAck


def inspect(stream: BinaryIO) -> dict[str, Any]:
    """The document of a file of any kind, valid or not; never raises for what is in it.

    `{"interchanges": [{…, "groups": [{…, "transactions": [{…, "issues": []}]}]}], "issues": []}`; a set outside a group
    or an interchange stands in one with empty control numbers. Reads the stream once; memory does not grow with claims.
    """
    reader = Reader(stream)
    outline = _Outline()
    for item in reader.items():
        if isinstance(item, Interchange):
            outline.add_interchange(item)
        elif isinstance(item, Group):
            outline.add_group(item, reader.interchange)
        elif isinstance(item, InterchangeAck):
            outline.add_acknowledgment(item, reader.interchange)
        else:
            outline.add_set(item, _transaction(item))
    return {"interchanges": outline.interchanges, "issues": [issue.document() for issue in reader.issues]}


class _Outline:
    """The tree of the document while it grows."""

    def __init__(self) -> None:
        self.interchanges: list[dict[str, Any]] = []
        self._interchange: Interchange | None = None
        self._group: Group | None = None

    def add_interchange(self, interchange: Interchange | None) -> None:
        self._interchange, self._group = interchange, None
        shown: dict[str, Any] = {
            "control_number": interchange.control_number if interchange else "",
            "sender": interchange.sender if interchange else "",
            "receiver": interchange.receiver if interchange else "",
            "usage": interchange.usage if interchange else "",
        }
        self.interchanges.append({**shown, "groups": []})

    def add_group(self, group: Group | None, interchange: Interchange | None) -> None:
        self._enter(interchange)
        self._group = group
        self.interchanges[-1]["groups"].append(
            {
                "functional_id": group.functional_id if group else "",
                "control_number": group.control_number if group else "",
                "version": group.version if group else "",
                "transactions": [],
            }
        )

    def add_acknowledgment(self, answer: InterchangeAck, interchange: Interchange | None) -> None:
        self._enter(interchange)
        shown = {"kind": "TA1", "control_number": answer.control_number, "verdict": answer.verdict, "note": answer.note}
        self.interchanges[-1].setdefault("acknowledgments", []).append(shown)

    def add_set(self, opened: TransactionSet, shown: dict[str, Any]) -> None:
        self._enter(opened.interchange)
        if not self.interchanges[-1]["groups"] or opened.group is not self._group:
            self.add_group(opened.group, opened.interchange)
        self.interchanges[-1]["groups"][-1]["transactions"].append(shown)

    def _enter(self, interchange: Interchange | None) -> None:
        """Begin one with empty control numbers where something stands outside every interchange."""
        if not self.interchanges or interchange is not self._interchange:
            self.add_interchange(interchange)


def _transaction(opened: TransactionSet) -> dict[str, Any]:
    totals = totals_of(opened)
    if totals is not None:
        add = totals.add
        for segment in opened:
            add(segment)
    else:
        for _ in opened:
            pass
    if opened.version not in SUPPORTED:
        opened.add(GUIDE_UNKNOWN.issue(1, opened.offset, "ST"))
    return {
        "kind": opened.kind,
        "control_number": opened.control_number,
        **(totals.totals() if totals is not None else {}),
        "issues": [issue.document() for issue in opened.issues],
    }
