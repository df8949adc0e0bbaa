"""The public samples, counted again by splitting them at their separators, with nothing of the gateway."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
from reading import read

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
FILES = (
    sorted(path for kind in ("835", "999", "277CA") for path in (CORPUS / kind).glob("*")) if CORPUS.is_dir() else []
)


def plain_sets(data: bytes) -> list[dict[str, list[list[str]]]]:
    """The segments of every set by their id; nothing for a file whose ISA is not 106 characters wide."""
    text = data.decode("latin-1")
    if text[:3] != "ISA" or text[3] != text[103]:
        return []
    element, terminator = text[3], text[105]
    found: list[dict[str, list[list[str]]]] = []
    for piece in text.split(terminator):
        segment = piece.strip().split(element)
        if segment[0] == "ST":
            found.append(defaultdict(list))
        if found:
            found[-1][segment[0]].append(segment)
    return found


def total(segments: list[list[str]], *elements: int) -> Decimal:
    """The sum of some elements, absent ones nothing."""
    return sum((Decimal(one[n]) for one in segments for n in elements if len(one) > n and one[n]), Decimal(0))


@pytest.mark.skipif(not FILES, reason="the public samples do not lie beside the checkout")
def test_totals_of_public_samples() -> None:
    """Claims, charges, payments, lines, adjustments and verdicts of every sample are what a plain count gives."""
    compared = 0
    for path in FILES:
        wanted, found = plain_sets(path.read_bytes()), read(path.read_bytes())["sets"]
        if not wanted:
            continue
        assert len(found) == len(wanted), path.name
        for segments, one in zip(wanted, found, strict=True):
            try:
                expected = expectation(one["kind"], segments)
            except InvalidOperation:
                continue
            shown = {name: Decimal(str(value)) for name, value in one["totals"].items()}
            assert {name: shown[name] for name in expected} == expected, path.name
            json.dumps(one)
            compared += 1
    assert compared > 150


def expectation(kind: str, segments: dict[str, list[list[str]]]) -> dict[str, Decimal]:
    """What the totals must be."""
    if kind == "835":
        clp, cas = segments["CLP"], segments["CAS"]
        triples = sum(bool(one[n]) for one in cas for n in range(2, len(one), 3))
        return {
            "claims": Decimal(len(clp)),
            "charge": total(clp, 3),
            "paid": total(clp, 4),
            "service_lines": Decimal(len(segments["SVC"])),
            "adjustments": Decimal(triples),
            "provider_adjustments": total(segments["PLB"], *range(4, 16, 2)),
        }
    if kind in ("999", "997"):
        verdicts = [one[1] for one in segments["IK5"] + segments["AK5"]]
        accepted = sum(verdict in ("A", "E") for verdict in verdicts)
        return {"accepted": Decimal(accepted), "rejected": Decimal(len(verdicts) - accepted)}
    patients = sum(one[3] == "PT" for one in segments["HL"])
    return {"claims": Decimal(patients)}
