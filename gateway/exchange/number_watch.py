"""Control numbers (ISA13) that a sender used for two interchanges: noticed once an interchange, and never a fault.

What a set says decides whether it is new (its content, the payment's number); an envelope's number alone never does.
"""

from __future__ import annotations

from gateway.store import Connection
from gateway.store.inbound_sets import NewInboundSet, file_of_number
from gateway.x12.issues import Issue

_SAID = frozenset(("posted", "foreign", "parked"))  # a repeated content comes with its old number


class NumberWatch:
    """The interchanges of one file."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()

    def notice(self, conn: Connection, new: NewInboundSet, status: str) -> list[Issue]:
        """What to say of a set whose interchange has a number that another file's had."""
        sides = (new.sender, new.receiver, new.interchange_control_number)
        if status not in _SAID or not new.interchange_control_number or sides in self._seen:
            return []
        self._seen.add(sides)
        file_id = file_of_number(conn, *sides, but=new.file_id)
        if file_id is None:
            return []
        text = f"The interchange has the control number (ISA13) of another one of this sender, in file {file_id}."
        return [Issue("control_number_again", "warning", text, 0, None, "ISA", "13")]
