"""Doing something and taking it back, so that what it says and refuses is what it would say and refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gateway.store import Connection, Store


class _TakenBack(Exception):
    """Ends a transaction of a dry run."""


@contextmanager
def writing(store: Store, *, dry_run: bool) -> Iterator[Connection]:
    """A write transaction; in a dry run it is rolled back at its end."""
    with suppress(_TakenBack), store.write() as conn:
        yield conn
        if dry_run:
            raise _TakenBack
