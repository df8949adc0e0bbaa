"""Control numbers after a restore: nothing is built until the counters stand above every number that was used."""

from __future__ import annotations

from typing import NamedTuple

from gateway.app import App
from gateway.exchange.checking import strangers
from gateway.store import counters
from gateway.store.backup import numbers_proven
from gateway.store.counters import gs_counter, isa_counter
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Group, Interchange


class Proof(NamedTuple):
    """What the archive said."""

    read: int  # files that were sent
    beyond: int  # of these, those that the store does not know


def prove_by_archive(app: App, *, whole: bool = False) -> Proof:
    """Raises every counter above what the archived files that we sent hold.

    That proves the store only where it knows every one of these files: claims in the others would be sent again. With
    `whole`, what could be taken in was.
    """
    beyond = sum(1 for _ in strangers(app, "sent/"))
    highest: dict[str, int] = {}
    seen = 0
    for name in app.archive.names():
        if name.startswith("sent/"):
            seen += 1
            with app.archive.open(name) as stream:
                for counter, value in _numbers(Reader(stream)):
                    highest[counter] = max(highest.get(counter, 0), value)
    with app.store.write() as conn:
        for counter, value in highest.items():
            counters.raise_to(conn, counter, value)
        if whole or not beyond:
            numbers_proven(conn, actor=app.actor, reason="the archive was read", at=app.now())
    return Proof(seen, beyond)


def _numbers(reader: Reader) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    sides = ("", "")
    for item in reader.items():
        if isinstance(item, Interchange):
            sides = f"{item.sender_qualifier}:{item.sender}", f"{item.receiver_qualifier}:{item.receiver}"
            found.append((isa_counter(*sides), _number(item.control_number)))
        elif isinstance(item, Group):
            found.append((gs_counter(*sides), _number(item.control_number)))
        elif isinstance(item, TransactionSet):
            for segment in item:
                if segment[0] == "BHT":
                    found.append(("bht", _number(segment[3])))
                    break
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
