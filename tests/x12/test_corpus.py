"""Public sample files: each is read to its end, and the totals of every 835 agree with a count of their own."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.x12.inspect import inspect
from gateway.x12.reader import Reader, TransactionSet

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
REMITTANCES = [path for path in FILES if path.parent.name == "835"]
pytestmark = pytest.mark.skipif(not FILES, reason="the sample files are not here")


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _sets(path: Path) -> list[list[list[str]]]:
    """The 835s of a file, split without the gateway: delimiters from each ISA, or the usual ones."""
    text = path.read_bytes().decode("utf-8-sig")
    found: list[list[list[str]]] = []
    for part in re.split(r"(?=ISA[^A-Za-z0-9\s])", text):
        is_isa = part.startswith("ISA")
        separator = part[3] if is_isa else "*"
        terminator = part.split(separator, 16)[16][1] if is_isa else "~"
        inside = False
        for raw in part.split(terminator):
            segment = [value.strip() for value in raw.strip().split(separator)]
            inside = inside or segment[0] == "ST"
            if segment[0] == "ST":
                found.append([])
            if inside:
                found[-1].append(segment)
            inside = inside and segment[0] != "SE"
    return found


def _totals(segments: list[list[str]]) -> dict[str, Any]:
    def amounts(name: str, *places: int) -> str:
        chosen = [segment for segment in segments if segment[0] == name]
        texts = [segment[place] for segment in chosen for place in places if place < len(segment)]
        numbers = [Decimal(text) for text in texts if re.fullmatch(r"-?[0-9]*\.?[0-9]+", text)]
        return f"{sum(numbers, Decimal(0)):.2f}"

    def count(name: str) -> int:
        return sum(segment[0] == name for segment in segments)

    triples = [s[i : i + 2] for s in segments if s[0] == "CAS" for i in range(2, len(s) - 1, 3)]
    return {
        "control_number": segments[0][2],
        "claims": count("CLP"),
        "charge": amounts("CLP", 3),
        "paid": amounts("CLP", 4),
        "service_lines": count("SVC"),
        "adjustments": sum(all(triple) for triple in triples),
        "provider_adjustments": amounts("PLB", 4, 6, 8, 10, 12, 14),
    }


@pytest.mark.parametrize("path", REMITTANCES, ids=_name)
def test_the_totals_of_every_835_are_those_counted_by_hand(path: Path) -> None:
    """Set by set: claims, charge, paid, lines, adjustments and provider adjustments."""
    expected = [_totals(segments) for segments in _sets(path)]
    with path.open("rb") as stream:
        document = inspect(stream)
    shown = [t for i in document["interchanges"] for g in i["groups"] for t in g["transactions"]]
    assert expected
    assert expected == [{key: found[key] for key in expected[0]} for found in shown]


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_every_sample_is_read_alike_whatever_the_chunks(path: Path) -> None:
    """Segments, offsets and issues do not depend on how the bytes arrive; each offset points at its segment."""
    data = path.read_bytes()
    found = []
    for chunk_size in (1 << 18, 61):
        with path.open("rb") as stream:
            reader = Reader(stream, chunk_size=chunk_size)
            sets: list[Any] = []
            for item in reader.items():
                if isinstance(item, TransactionSet):
                    read = [(segment, item.offset_of_last) for segment in item]
                    sets.append((read, item.kind, item.issues))
                    assert all(data.startswith(segment[0].encode(), offset) for segment, offset in read)
            found.append((sets, reader.issues))
    assert found[0] == found[1]
    assert found[0][0] or path.parent.name in ("TA1", "broken")


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "broken"], ids=_name)
def test_a_broken_sample_has_an_issue(path: Path) -> None:
    """What its publisher broke, or that its guide is none of those known, is not passed over."""
    with path.open("rb") as stream:
        document = inspect(stream)
    sets = [t for i in document["interchanges"] for g in i["groups"] for t in g["transactions"]]
    assert document["issues"] or any(shown["issues"] for shown in sets)
