"""What stays of a claim when its time is over: sums, codes, days and numbers that the books rest on, nobody's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.claims.view import object_of, objects_of

Document = dict[str, Any]

_CLAIM = ("type", "charge", "facility_type", "frequency", "patient_paid")
_SUBSCRIBER = ("payer_responsibility", "filing_indicator")
_PAYER = ("id", "name")
_LINE = ("number", "line_control_number", "revenue_code", "charge", "quantity", "unit", "service_date")
_PROCEDURE = ("qualifier", "code", "modifiers")
# NM101 of a remitted claim's parties that are organizations: who pays, and who is paid next.
_ORGANIZATIONS = ("PR", "TT")
_ORIGINAL = "F8"  # REF01: the claim that this one corrects or takes back


def remains(document: Mapping[str, Any]) -> Document:
    """What stays of a claim's document; taken again it stays the same."""
    found: Document = {
        **_of(document, _CLAIM),
        "subscriber": _of(object_of(document, "subscriber"), _SUBSCRIBER),
        "payer": _of(object_of(document, "payer"), _PAYER),
        "other_payers": [
            {**_of(one, ("payer_responsibility",)), "payer": _of(object_of(one, "payer"), _PAYER)}
            for one in objects_of(document, "other_payers")
        ],
        "lines": [
            {**_of(line, _LINE), "procedure": _of(object_of(line, "procedure"), _PROCEDURE)}
            for line in objects_of(document, "lines")
        ],
    }
    return {name: value for name, value in found.items() if value}


def remains_of_remitted(body: Mapping[str, Any]) -> Document:
    """What stays of a remitted claim as the store keeps it (adjustments, lines, sums): no person."""
    found = dict(body)
    found["references"] = [pair for pair in body.get("references", ()) if pair and pair[0] == _ORIGINAL]
    found["parties"] = [party for party in body.get("parties", ()) if party and party[0] in _ORGANIZATIONS]
    return {name: value for name, value in found.items() if value}


def _of(holder: Mapping[str, Any], names: tuple[str, ...]) -> Document:
    return {name: holder[name] for name in names if name in holder}
