"""Rules as they are shipped, and a sound claim to change, for the tests of claims."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from gateway.claims.admission import Rules
from gateway.claims.code_lists import CodeLists
from gateway.claims.completion import load_defaults
from gateway.claims.edits import load_edits
from gateway.claims.payer_terms import load_terms
from gateway.claims.samples import npi
from gateway.exchange.admission_rules import code_list
from gateway.guides import all_guides

MAPPINGS = Path(__file__).parents[2] / "mappings"
TODAY = date(2026, 2, 1)


@cache
def rules() -> Rules:
    """The shipped tables."""
    return Rules(
        load_defaults((MAPPINGS / "completion.csv").read_text(encoding="utf-8")),
        load_edits((MAPPINGS / "edits.csv").read_text(encoding="utf-8")),
        all_guides(),
        CodeLists(code_list),
        load_terms((MAPPINGS / "payer_terms.csv").read_text(encoding="utf-8")),
    )


def sound(**changes: Any) -> dict[str, Any]:
    """A claim that nothing is wrong with, with changes at dotted paths ("lines.0.charge"); None removes."""
    document: dict[str, Any] = {
        "type": "professional",
        "patient_control_number": "ACC-1001",
        "charge": "165.00",
        "place_of_service": "11",
        "billing_provider": {
            "organization": "LAKEVIEW FAMILY MEDICINE",
            "npi": npi(99_900_000),
            "tax_id": "900123456",
            "taxonomy": "207Q00000X",
            "address": {"line1": "100 LAKEVIEW PLAZA", "city": "EASTHAVEN", "state": "NY", "postal_code": "109991234"},
        },
        "subscriber": {
            "filing_indicator": "CI",
            "member_id": "EX000000001",
            "last_name": "OAKSHOTT",
            "first_name": "GRETA",
            "birth_date": "1980-04-01",
            "gender": "F",
            "address": {"line1": "4 MILL LANE", "city": "EASTHAVEN", "state": "NY", "postal_code": "10999"},
        },
        "payer": {"id": "99001", "name": "EVERGREEN HEALTH PLAN"},
        "diagnoses": [{"code": "J45909"}, {"code": "I10"}],
        "lines": [
            {
                "procedure": {"code": "99213"},
                "charge": "125.00",
                "quantity": "1",
                "diagnosis_pointers": ["1", "2"],
                "service_date": "2026-01-05",
            },
            {
                "procedure": {"code": "96372"},
                "charge": "40.00",
                "quantity": "1",
                "diagnosis_pointers": ["1"],
                "service_date": "2026-01-05",
            },
        ],
    }
    return changed(document, changes)


def hospital(**changes: Any) -> dict[str, Any]:
    """The same of a hospital: an inpatient bill that nothing is wrong with."""
    document = sound(
        type="institutional",
        place_of_service=None,
        facility_type="11",
        statement_period="2026-01-03/2026-01-06",
        admission_date="2026-01-03T15:30",
        discharge_time="11:00",
        admission_type="1",
        admission_source="1",
        diagnoses=[
            {"code": "J45909", "present_on_admission": "Y"},
            {"code": "I10", "present_on_admission": "Y"},
        ],
        patient_status="01",
        admitting_diagnosis={"type": "ABJ", "code": "J45901"},
        attending_provider={"last_name": "ALDERWICK", "first_name": "AMOS", "npi": npi(99_900_001)},
        lines=[
            {"revenue_code": "0120", "charge": "125.00", "unit": "DA", "quantity": "3"},
            {"revenue_code": "0250", "charge": "40.00", "quantity": "1", "service_date": "2026-01-04"},
        ],
    )
    return changed(document, changes)


def dentist(**changes: Any) -> dict[str, Any]:
    """The same of a dentist."""
    document = sound(
        type="dental",
        lines=[
            {"procedure": {"code": "D2150"}, "charge": "125.00", "quantity": "1", "service_date": "2026-01-05",
             "teeth": [{"tooth": "12", "surfaces": ["L", "O"]}]},
            {"procedure": {"code": "D1110"}, "charge": "40.00", "quantity": "1", "service_date": "2026-01-05"},
        ],
    )  # fmt: skip
    return changed(document, changes)


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with values put at dotted paths; None takes the field out."""
    made = deepcopy(document)
    for path, value in changes.items():
        *steps, last = path.split(".")
        holder: Any = made
        for step in steps:
            holder = holder[int(step)] if isinstance(holder, list) else holder.setdefault(step, {})
        if isinstance(holder, list):
            holder[int(last)] = value
        elif value is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    return made
