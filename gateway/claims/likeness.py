"""Whether two claims ask for the same: the same patient, services, days, codes and charges, under whatever number."""

from __future__ import annotations

import hashlib
import json

from gateway.claims.completion import Document
from gateway.claims.view import object_of, objects_of, text_of, texts_of


def likeness(document: Document) -> str:
    """A hash of what a claim asks for. Two claims with the same one are duplicates, unless somebody knows better.

    It holds the payer order, the patient, type and place, and of each line the day, codes, modifiers, teeth, units and
    charge, in any order of lines; nothing of the numbers that a practice gives.
    """
    patient = object_of(document, "patient") or object_of(document, "subscriber")
    asked = [
        text_of(document, "type"),
        text_of(document, "facility_type"),
        text_of(document, "submission_reason"),
        text_of(document, "subscriber", "payer_responsibility"),
        text_of(document, "subscriber", "member_id"),
        text_of(patient, "first_name"),
        text_of(patient, "birth_date"),
        text_of(document, "service_date"),
        text_of(document, "statement_period"),
        sorted(_line(line) for line in objects_of(document, "lines")),
    ]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).upper().encode()).hexdigest()


def _line(line: Document) -> str:
    procedure = object_of(line, "procedure")
    return json.dumps([
        text_of(line, "service_date"),
        text_of(line, "revenue_code"),
        text_of(procedure, "code"),
        texts_of(procedure, "modifiers"),
        text_of(line, "quantity"),
        text_of(line, "charge"),
        [text_of(tooth, "tooth") for tooth in objects_of(line, "teeth")],
        texts_of(line, "oral_cavity"),
    ])  # fmt: skip
