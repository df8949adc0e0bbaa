"""Whether memory grows with the file: the same work with n and with 4 n claims, every object of Python counted.

Work goes in parts of some hundred claims. Here the parts are made small, so that some dozen claims are many parts, and
what is kept of each claim shows. The page cache of SQLite, which has a limit of its own, is not counted.
"""

from __future__ import annotations

import gc
import importlib
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from benchmarks.place import Place
from gateway.x12.reader import Reader
from gateway.x12.roundtrip import SetWriter

CLAIMS = 60
TIMES = 4
MOST = 1.3
PART = 15
BYTES = 2048
_OFTEN = (100, 1, 1)  # how often the collector of cycles looks: what waits for it is no growth
# How many claims each room takes at a time.
_PARTS = (
    "gateway.exchange.intake.RECORDS_A_TRANSACTION",
    "gateway.reconcile.remitting.CLAIMS_A_TIME",
    "gateway.reconcile.projection.CLAIMS_A_STATEMENT",
)
# In this order, each on what the ones before left behind; those without a word only prepare.
WORKS = {
    "making:claims": "",
    "exchanging:import_claims": "import",
    "exchanging:build_batches": "build",
    "exchanging:deliver": "deliver",
    "making:answers": "",
    "exchanging:post_999": "post 999",
    "exchanging:post_277ca": "post 277CA",
    "making:remittance": "",
    "exchanging:post_one_set": "post 835",
    "making:documents": "",
    "parsing:write_837": "write 837",
    "parsing:inspect_837": "inspect 837",
    "parsing:claims_837": "read 837",
    "parsing:inspect_835": "inspect 835",
    "parsing:claims_835": "read 835",
}


class Peaks(NamedTuple):
    """Bytes at most above those at the start, with n and with 4 n claims."""

    few: int
    many: int

    @property
    def times(self) -> float:
        return self.many / self.few

    @property
    def is_flat(self) -> bool:
        return self.times < MOST


def peaks(claims: int = CLAIMS) -> dict[str, Peaks]:
    """The peaks of each piece of work, by its name."""
    with ExitStack() as changed:
        for name in _PARTS:
            changed.enter_context(patch(name, PART))
        changed.enter_context(patch("gateway.garbage._SELDOM", _OFTEN))
        changed.enter_context(_default(Reader, chunk_size=BYTES))
        changed.enter_context(_default(SetWriter, claims_per_set=PART))
        _all(TIMES * claims)  # what is loaded and remembered once is no growth
        with _counting():
            few, many = _all(claims), _all(TIMES * claims)
    return {name: Peaks(few[name], many[name]) for name in few}


def _default(made: type, **value: int) -> AbstractContextManager[object]:
    """Another default for an argument of a class."""
    defaults = made.__init__.__kwdefaults__  # type: ignore[misc]
    assert defaults is not None
    return patch.dict(defaults, value)


@contextmanager
def _counting() -> Iterator[None]:
    """Counts memory, and lets the collector look often at what is new, since cycles that wait for it are no growth."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_OFTEN)
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _all(claims: int) -> dict[str, int]:
    found = {}
    with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as folder:
        for work, name in WORKS.items():
            peak = _peak(work, Place(Path(folder), claims, PART))
            if name:
                found[name] = peak
    return found


def _peak(work: str, place: Place) -> int:
    module, _, name = work.partition(":")
    function = getattr(importlib.import_module(f"benchmarks.{module}"), name)
    gc.collect()
    if tracemalloc.is_tracing():
        tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    function(place)
    return tracemalloc.get_traced_memory()[1] - before


def check(tell: Callable[[str], None]) -> int:
    """Tells each peak; exit code 1 where one grows."""
    found = peaks()
    for name, one in found.items():
        word = "flat" if one.is_flat else "GROWS"
        tell(
            f"{word}: {name}: {one.few >> 10:,} kB with {CLAIMS} claims, {one.times:.2f} times that with {TIMES} times"
        )
    return 0 if all(one.is_flat for one in found.values()) else 1
