"""What an entered payment looks like: a JSON Schema, and the little of JSON Schema that it needs to be held against.

It is what a paper explanation of benefits has: who paid how much by which check, the claims, their lines, and why less
was paid than charged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

Schema = dict[str, Any]

MOST_CLAIMS = 5_000  # of one payment that somebody types
_LONGEST = 255


def _text(description: str, pattern: str = "", longest: int = _LONGEST) -> Schema:
    made: Schema = {"type": "string", "description": description, "minLength": 1, "maxLength": longest}
    return made | ({"pattern": pattern} if pattern else {})


def _amount(description: str) -> Schema:
    return _text(description, r"^-?\d{1,10}(\.\d{1,2})?$")


def _day(description: str) -> Schema:
    return _text(description, r"^\d{4}-\d{2}-\d{2}$") | {"format": "date"}


def _one_of(description: str, *values: str) -> Schema:
    return {"type": "string", "description": description, "enum": list(values)}


def _list(items: Schema, description: str, *, least: int = 0, most: int = 999) -> Schema:
    return {"type": "array", "description": description, "items": items, "minItems": least, "maxItems": most}


def _object(description: str, required: tuple[str, ...], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


_ADJUSTMENT = _object(
    "Why less was paid than charged (CAS).",
    ("group", "reason", "amount"),
    group=_one_of("claim adjustment group code", "CO", "PR", "OA", "PI"),
    reason=_text("claim adjustment reason code", r"^[A-Za-z0-9]{1,5}$"),
    amount=_amount("positive lowers the payment"),
    quantity=_amount("units, where they were changed"),
)
_ADJUSTMENTS = _list(_ADJUSTMENT, "adjustments")
_REMARKS = _list(_text("remittance advice remark code", r"^[A-Za-z0-9]{1,50}$"), "remark codes", most=99)
_LINE = _object(
    "A service line (SVC).",
    ("procedure", "charge", "paid"),
    procedure=_text("procedure code, or the revenue code of a line without one"),
    qualifier=_one_of(
        "what kind of code it is; HC where it is left out", "HC", "AD", "ER", "HP", "IV", "N4", "NU", "WK"
    ),
    modifiers=_list(_text("modifier", r"^[A-Za-z0-9]{2}$"), "modifiers", most=4),
    units=_amount("units paid; 1 where it is left out"),
    charge=_amount("charged"),
    paid=_amount("paid"),
    service_date=_day("day of service"),
    control_number=_text("our line control number, where it is printed"),
    adjustments=_ADJUSTMENTS,
    remarks=_REMARKS,
)
_CLAIM = _object(
    "A claim (CLP): charge less all adjustments, of the claim and of its lines, is what was paid.",
    ("patient_control_number", "charge", "paid"),
    patient_control_number=_text("our number of the claim (CLM01), as the payer printed it"),
    status=_one_of(
        "1 primary (where it is left out), 2 secondary, 3 tertiary, 4 denied: not a member, 19 to 21 the same and sent "
        "on to a further payer, 22 reversal, 23 not theirs and sent on, 25 predetermination",
        "1", "2", "3", "4", "19", "20", "21", "22", "23", "25",
    ),
    charge=_amount("charged"),
    paid=_amount("paid"),
    payer_claim_number=_text("the payer's number of the claim"),
    original_payer_claim_number=_text("of a reversal or correction: the number that it replaces"),
    filing_indicator=_text("kind of coverage, as in SBR09", r"^[A-Za-z0-9]{1,2}$"),
    patient=_object(
        "The patient, which helps to find the claim.",
        (),
        last_name=_text("last name"),
        first_name=_text("first name"),
        member_id=_text("member id"),
    ),
    service_from=_day("first day of service"),
    service_to=_day("last day of service"),
    interest=_amount("interest, which stands outside the claim's amounts"),
    patient_paid=_amount("what the patient has paid, as the payer was told"),
    adjustments=_ADJUSTMENTS,
    remarks=_REMARKS,
    lines=_list(_LINE, "service lines, where they are printed"),
)  # fmt: skip
SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A payment that is entered by hand",
    **_object(
        "One payment. What the claims were paid, less the provider adjustments, is the payment.",
        ("payer", "trace_number", "payment", "payment_date", "claims"),
        source=_one_of("how it came; paper where it is left out", "paper", "portal", "telephone"),
        payer=_object("Who paid.", ("name",), name=_text("name"), id=_text("payer id, as on your claims")),
        payee=_object("Who was paid.", (), id=_text("NPI"), tax_id=_text("tax id"), name=_text("name")),
        trace_number=_text("check number, or trace number of the transfer", longest=50),
        method=_one_of("check, transfer, or no payment; CHK where it is left out", "CHK", "ACH", "NON"),
        payment=_amount("paid in all"),
        payment_date=_day("date of the check or transfer"),
        claims=_list(_CLAIM, "claims", most=MOST_CLAIMS),
        provider_adjustments=_list(
            _object(
                "Money that no claim explains (PLB).",
                ("code", "amount"),
                provider_id=_text("NPI; the payee's where it is left out"),
                code=_text("code, such as WO, FB, L6", r"^[A-Za-z0-9]{2}$"),
                reference=_text("claim, check or account that it names"),
                amount=_amount("positive lowers the payment"),
                fiscal_period_end=_day("last day of the fiscal year"),
            ),
            "provider adjustments",
        ),
    ),
}


def shape_faults(value: Any, schema: Schema = SCHEMA, path: str = "") -> Iterator[str]:
    """What has not the shape, each as "claims[0].charge: …". Values are not repeated: they may be patient data."""
    here = path or "the document"
    match schema["type"]:
        case "object":
            if isinstance(value, dict):
                yield from _object_faults(value, schema, path)
            else:
                yield f"{here}: must be an object"
        case "array":
            if not isinstance(value, list):
                yield f"{here}: must be a list"
            elif not schema["minItems"] <= len(value) <= schema["maxItems"]:
                yield f"{here}: must have {schema['minItems']} to {schema['maxItems']:,} items"
            else:
                for number, item in enumerate(value):
                    yield from shape_faults(item, schema["items"], f"{path}[{number}]")
        case _:
            yield from (f"{here}: {why}" for why in _text_faults(value, schema))


def _object_faults(value: dict[str, Any], schema: Schema, path: str) -> Iterator[str]:
    known = schema["properties"]
    inside = f"{path}." if path else ""
    for name in schema["required"]:
        if name not in value:
            yield f"{inside}{name}: is missing"
    for name, item in value.items():
        if name in known:
            yield from shape_faults(item, known[name], f"{inside}{name}")
        else:
            yield f"{path or 'the document'}: has a field that is not known; known are {', '.join(known)}"


def _text_faults(value: Any, schema: Schema) -> Iterator[str]:
    if not isinstance(value, str):
        yield "must be a text"
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield f"must be one of {', '.join(schema['enum'])}"
    elif not schema["minLength"] <= len(value) <= schema["maxLength"] or "\x00" in value or not value.strip():
        yield f"must have 1 to {schema['maxLength']} characters"
    elif "pattern" in schema and re.fullmatch(schema["pattern"].strip("^$"), value, re.ASCII) is None:
        yield f"must be {schema['description']}" if "format" not in schema else "must be a day such as 2026-01-31"
    elif "format" in schema and not _is_day(value):
        yield "is no day of the calendar"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
