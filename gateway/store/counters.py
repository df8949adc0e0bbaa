"""Numbers that are used once. One atomic statement reserves a run of them; gaps are harmless, reuse is not."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select, text

from gateway.store.errors import CountersExhausted
from gateway.store.tables import counters

HIGHEST = 999_999_999  # ISA13 and GS06 have nine digits

_RESERVE = text(
    "INSERT INTO counters (tenant, name, value) VALUES (:tenant, :name, :count)"
    " ON CONFLICT (tenant, name) DO UPDATE SET value = counters.value + excluded.value"
    " WHERE counters.value + excluded.value <= :highest"
    " RETURNING value"
)
_RAISE = text(
    "INSERT INTO counters (tenant, name, value) VALUES (:tenant, :name, :value)"
    " ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value WHERE counters.value < excluded.value"
    " RETURNING value"
)


class CounterRow(NamedTuple):
    name: str
    value: int  # the last number given out


def isa_counter(sender: str, receiver: str) -> str:
    """The counter of ISA13 between two parties, each `ISA05:ISA06` or `ISA07:ISA08`."""
    return f"isa:{sender}>{receiver}"


def gs_counter(sender: str, receiver: str) -> str:
    """The counter of GS06 between two parties."""
    return f"gs:{sender}>{receiver}"


def reserve(conn: Connection, name: str, count: int = 1, *, highest: int = HIGHEST, tenant: int = 1) -> int:
    """Reserves `count` numbers in a row and returns the first; the first ever is 1.

    Two processes never get the same number: the second waits for the first's transaction. Raises CountersExhausted
    above `highest`, and then nothing is reserved.
    """
    if count < 1:
        raise ValueError("at least one number must be reserved")
    if count > highest:
        raise CountersExhausted(f"the counter {name} has no {count} numbers up to {highest}")
    given = {"tenant": tenant, "name": name, "count": count, "highest": highest}
    value = conn.execute(_RESERVE, given).scalar_one_or_none()
    if value is None:
        raise CountersExhausted(f"the counter {name} has no number left up to {highest}")
    return int(value) - count + 1


def raise_to(conn: Connection, name: str, value: int, *, tenant: int = 1) -> bool:
    """Lets the next number be above `value` (the last one of a former system, or one seen in an archive).

    Returns whether the counter moved; it never moves down. Raises CountersExhausted for a value outside 0 to HIGHEST.
    """
    if not 0 <= value <= HIGHEST:
        raise CountersExhausted(f"a counter cannot stand at {value}")
    given = {"tenant": tenant, "name": name, "value": value}
    return conn.execute(_RAISE, given).scalar_one_or_none() is not None


def last(conn: Connection, name: str, *, tenant: int = 1) -> int:
    """The last number given out, 0 where there was none."""
    found = select(counters.c.value).where(counters.c.tenant == tenant, counters.c.name == name)
    return int(conn.execute(found).scalar_one_or_none() or 0)


def all_counters(conn: Connection, *, tenant: int = 1) -> list[CounterRow]:
    """Every counter by name."""
    found = select(counters.c.name, counters.c.value).where(counters.c.tenant == tenant).order_by(counters.c.name)
    return [CounterRow._make(row) for row in conn.execute(found)]
