"""The same 835 read to claims by us, by oxedi, and by the least code that does it: side by side, so that ratios count.

What each makes of the file:

- ours: every claim as a value with its lines, adjustments, references, days, amounts and parties, money in exact cents,
  the three balances, every fault with its place, the envelope checked;
- oxedi `parse`: the whole file at once to columns (payments, claims, services, adjustments); no values of Python, no
  balances, and the file is held;
- oxedi `stream` by claim: the same columns claim by claim, over a file that is mapped into memory;
- the floor: claims, lines and adjustments with cents and the three balances, from a file of which it is known that
  nothing in it is odd: no envelope, no faults, no places, no other segment.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.place import Done, Place, require

_ONE_SET = "one_set.835"
_CHUNK = 1 << 18


def oxedi_parse(place: Place) -> Done:
    """oxedi 0.6, the whole file to columns."""
    import oxedi

    path = place.file(_ONE_SET)
    result = oxedi.parse_file(path)
    require(result.count_claims(), place.claims, "claims of oxedi")
    require(len(result.diagnostics), 0, "findings of oxedi")
    return Done(place.claims, path.stat().st_size)


def oxedi_stream(place: Place) -> Done:
    """oxedi 0.6, claim by claim."""
    import oxedi

    path = place.file(_ONE_SET)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        found = sum(len(batch.tables["claims"]) for batch in oxedi.stream(mapped, by="2100"))
    require(found, place.claims, "claims of oxedi")
    return Done(found, path.stat().st_size)


def floor_835(place: Place) -> Done:
    """The least code."""
    path = place.file(_ONE_SET)
    reader = _Floor(path)
    found = sum(1 for _ in reader)
    require(found, place.claims, "claims of the floor")
    require(reader.off, 0, "balances that are off")
    return Done(found, path.stat().st_size)


class _FloorLine(NamedTuple):
    procedure: str
    charge: int
    paid: int
    adjustments: tuple[tuple[str, str, int], ...]


class _FloorClaim(NamedTuple):
    number: str
    status: str
    charge: int
    paid: int
    payer_number: str
    lines: tuple[_FloorLine, ...]


class _Floor:
    """Claims of one well-made 835; `off` counts balances that are none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.off = 0

    def _segments(self) -> Iterator[list[str]]:
        rest = ""
        with self._path.open("r", encoding="ascii", newline="") as stream:
            while text := stream.read(_CHUNK):
                *whole, rest = (rest + text).split("~\n")
                for segment in whole:
                    yield segment.split("*")

    def __iter__(self) -> Iterator[_FloorClaim]:
        payment = paid = 0
        claim: list[str] | None = None
        lines: list[tuple[list[str], list[tuple[str, str, int]]]] = []
        for segment in self._segments():
            name = segment[0]
            if name == "CAS":
                made = [(segment[1], segment[at], _cents(segment[at + 1])) for at in range(2, len(segment), 3)]
                lines[-1][1].extend(made)
            elif name == "SVC":
                lines.append((segment, []))
            elif name in ("CLP", "PLB", "SE"):
                if claim is not None:
                    done = self._close(claim, lines)
                    paid += done.paid
                    yield done
                claim, lines = (segment, []) if name == "CLP" else (None, lines)
                if name == "PLB":
                    paid -= sum(_cents(segment[at]) for at in range(4, len(segment), 2))
            elif name == "BPR":
                payment = _cents(segment[2])
        self.off += paid != payment

    def _close(self, claim: list[str], lines: list[tuple[list[str], list[Any]]]) -> _FloorClaim:
        charge, paid, adjusted, made = _cents(claim[3]), _cents(claim[4]), 0, []
        for segment, adjustments in lines:
            off = sum(one[2] for one in adjustments)
            line = _FloorLine(segment[1], _cents(segment[2]), _cents(segment[3]), tuple(adjustments))
            self.off += line.charge - off != line.paid
            adjusted += off
            made.append(line)
        self.off += charge - adjusted != paid
        return _FloorClaim(claim[1], claim[2], charge, paid, claim[7], tuple(made))


def _cents(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(2, "0"))
