"""Edits of service lines, frequency and characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.claims.characters import fold
from gateway.claims.hits import Hit, only_with
from gateway.claims.view import View, object_of, text_of, texts_of

_PROCEDURE = re.compile(r"[0-9A-Z]{5}", re.ASCII | re.I)
_FIVE_SIGNS = ("HC", "AD", "HP")  # types of procedure codes that have them
_MODIFIER = re.compile(r"[0-9A-Z]{2}", re.ASCII | re.I)
_DRUG = re.compile(r"\d{11}", re.ASCII)
_MOMENT = re.compile(r"(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d", re.ASCII)


# Lines


def line_count(view: View) -> Iterator[Hit]:
    """At least one line, at most 50, or 999 on an institutional claim."""
    most = 999 if view.type == "institutional" else 50
    if not view.lines or len(view.lines) > most:
        yield Hit("lines", f"{len(view.lines):,} service lines; one to {most} may be there")


def line_number(view: View) -> Iterator[Hit]:
    """Lines are numbered from 1 in their order."""
    for place, line in enumerate(view.lines):
        if text_of(line, "number") != str(place + 1):
            yield Hit(f"lines[{place}].number", f"line {place + 1}")


def line_control_repeated(view: View) -> Iterator[Hit]:
    """Each line has a control number of its own, by which the payment names it."""
    seen: set[str] = set()
    for place, line in enumerate(view.lines):
        number = text_of(line, "line_control_number").upper()
        if number and number in seen:
            yield Hit(f"lines[{place}].line_control_number", f"line {place + 1}")
        seen.add(number)


def line_control_length(view: View) -> Iterator[Hit]:
    """At most 30 characters."""
    for place, line in enumerate(view.lines):
        if len(text_of(line, "line_control_number")) > 30:
            yield Hit(f"lines[{place}].line_control_number", f"line {place + 1}")


def line_repeated(view: View) -> Iterator[Hit]:
    """The same service on the same day twice needs a modifier, or is one line with more units."""
    seen: set[tuple[str, ...]] = set()
    for place, line in enumerate(view.lines):
        procedure = object_of(line, "procedure")
        teeth = line.get("teeth") or line.get("oral_cavity") or ""
        key = (text_of(procedure, "code"), text_of(line, "service_date"), text_of(line, "revenue_code"), str(teeth),
               *texts_of(procedure, "modifiers"))  # fmt: skip
        if key in seen and key[0]:
            yield Hit(f"lines[{place}]", f"line {place + 1}")
        seen.add(key)


def procedure_form(view: View) -> Iterator[Hit]:
    """HCPCS, CPT, CDT and HIPPS codes have five signs."""
    for place, line in enumerate(view.lines):
        procedure = object_of(line, "procedure")
        code = text_of(procedure, "code")
        if text_of(procedure, "type") in _FIVE_SIGNS and code and not _PROCEDURE.fullmatch(code):
            yield Hit(f"lines[{place}].procedure.code", f"line {place + 1}")


@only_with("modifiers")
def modifier_form(view: View) -> Iterator[Hit]:
    """A modifier has two signs."""
    for place, line in enumerate(view.lines):
        for number, modifier in enumerate(texts_of(object_of(line, "procedure"), "modifiers")):
            if not _MODIFIER.fullmatch(modifier):
                yield Hit(f"lines[{place}].procedure.modifiers[{number}]", f"line {place + 1}")


@only_with("modifiers")
def modifier_repeated(view: View) -> Iterator[Hit]:
    """A modifier stands once on a line."""
    for place, line in enumerate(view.lines):
        modifiers = texts_of(object_of(line, "procedure"), "modifiers")
        if len(modifiers) > 1 and len(set(modifiers)) != len(modifiers):
            yield Hit(f"lines[{place}].procedure.modifiers", f"line {place + 1}")


def description_missing(view: View) -> Iterator[Hit]:
    """A code that says nothing in particular needs words beside it."""
    table = view.codes.get("not_specific")
    for place, line in enumerate(view.lines if table is not None else ()):
        procedure = object_of(line, "procedure")
        code = text_of(procedure, "code").upper()
        if table is not None and code in table.spans and not text_of(procedure, "description"):
            yield Hit(f"lines[{place}].procedure.description", f"line {place + 1}")


@only_with("drug")
def drug_code(view: View) -> Iterator[Hit]:
    """A national drug code has eleven digits without hyphens."""
    for place, line in enumerate(view.lines):
        if "drug" in line:
            drug = object_of(line, "drug")
            if text_of(drug, "type") == "N4" and not _DRUG.fullmatch(text_of(drug, "code")):
                yield Hit(f"lines[{place}].drug.code", f"line {place + 1}")


@only_with("drug")
def drug_quantity(view: View) -> Iterator[Hit]:
    """Something was given of a drug."""
    for place, line in enumerate(view.lines):
        if "drug" in line:
            quantity = text_of(line, "drug", "quantity")
            if quantity and not quantity.strip("-0."):
                yield Hit(f"lines[{place}].drug.quantity", f"line {place + 1}")


def drug_missing(view: View) -> Iterator[Hit]:
    """Some payers want the national drug code beside the code of an injected drug."""
    for place, line in enumerate(view.lines):
        if text_of(line, "procedure", "code").upper().startswith("J") and "drug" not in line:
            yield Hit(f"lines[{place}].drug", f"line {place + 1}")


@only_with("place_of_service")
def place_of_service(view: View) -> Iterator[Hit]:
    """Two digits."""
    for leaf in view.named("place_of_service"):
        if len(leaf.value) != 2 or not (leaf.value.isascii() and leaf.value.isdigit()):
            yield Hit(leaf.path)


# The claim


def control_number_length(view: View) -> Iterator[Hit]:
    """HIPAA limits CLM01 to 20 characters."""
    if len(text_of(view.document, "patient_control_number")) > 20:
        yield Hit("patient_control_number")


def control_number_long(view: View) -> Iterator[Hit]:
    """Some payers cut CLM01 after 17 characters, and their answers are hard to match then."""
    if 17 < len(text_of(view.document, "patient_control_number")) <= 20:
        yield Hit("patient_control_number")


def frequency_known(view: View) -> Iterator[Hit]:
    """Professional and dental claims are originals, replacements or voids."""
    if view.type != "institutional" and view.frequency not in ("1", "7", "8"):
        yield Hit("frequency")


def reference_missing(view: View) -> Iterator[Hit]:
    """A replacement or void names the payer's number of the claim that it is about (REF*F8)."""
    if view.frequency in ("7", "8") and not text_of(view.document, "payer_claim_control_number"):
        yield Hit("payer_claim_control_number")


@only_with("payer_claim_control_number")
def reference_unwanted(view: View) -> Iterator[Hit]:
    """An original names none."""
    if view.frequency == "1" and text_of(view.document, "payer_claim_control_number"):
        yield Hit("payer_claim_control_number")


def replacement_not_taken(view: View) -> Iterator[Hit]:
    """Some payers, Medicare Part B among them, take neither replacements nor voids."""
    if view.frequency in ("7", "8") and not view.terms.takes_replacements:
        yield Hit("frequency")


def characters(view: View) -> Iterator[Hit]:
    """Only what X12 can carry: no control characters, nothing without a Latin base letter."""
    if view.is_plain:
        return
    for leaf in view.leaves:
        if leaf.value.isascii() and leaf.value.isprintable():
            continue
        odd = next((sign for sign in fold(leaf.value) if not (sign.isascii() and sign.isprintable())), "")
        if odd:
            yield Hit(leaf.path, f"U+{ord(odd):04X}")


def delimiters(view: View) -> Iterator[Hit]:
    """The signs that separate elements cannot stand in a text."""
    if not any(sign in view.all_text for sign in view.delimiters):
        return
    for leaf in view.leaves:
        found = next((sign for sign in view.delimiters if sign in leaf.value), "")
        if found and not _MOMENT.fullmatch(leaf.value):
            yield Hit(leaf.path, found)
