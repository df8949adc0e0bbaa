"""How often Python looks for objects that hold each other: seldom, where many are made that never do."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 50)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Within it the collector of cycles hardly looks.

    For work over many documents and rows. They hold no cycles, so that they are freed at once all the same, and looking
    through some thousands of them again and again is an eighth of the time of a build.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
