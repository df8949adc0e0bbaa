"""PostgreSQL's advisory locks: held by a session, respected by every machine, gone with the connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from gateway.store.engine import Store


@contextmanager
def advisory_lock(store: Store, number: int, busy: Exception) -> Iterator[None]:
    """Holds lock `number` (63 bits) for as long as the block runs; raises `busy` at once where another has it."""
    with store.session() as conn:
        if not conn.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}).scalar_one():
            raise busy
        try:
            yield
        finally:
            conn.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
