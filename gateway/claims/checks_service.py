"""Edits of dates, diagnoses, service lines, frequency and characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from gateway.claims.characters import fold
from gateway.claims.hits import Hit
from gateway.claims.view import View, days_of, object_of, real_day, text_of, texts_of

_ICD_10 = re.compile(r"[A-Z]\d[0-9A-Z](?:[0-9A-Z]{1,4})?", re.ASCII | re.I)
_SNODENT = "TQ"  # type of a dental diagnosis that is no ICD code
_ICD_10_FROM = date(2015, 10, 1)
_LATE = timedelta(days=365)
_PROCEDURE = re.compile(r"[0-9A-Z]{5}", re.ASCII | re.I)
_DATE_NAMES = ("_date", "_period")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:/(\d{4}-\d\d-\d\d)|T\d\d:\d\d)?", re.ASCII)
_MOMENT = re.compile(r"(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d", re.ASCII)


# Dates


def date_real(view: View) -> Iterator[Hit]:
    """A date is in the calendar, and an interval begins before it ends."""
    for leaf in view.leaves:
        if not leaf.name.endswith(_DATE_NAMES) or not (match := _DATE.fullmatch(leaf.value)):
            continue
        days = [real_day(part) for part in match.groups() if part]
        if None in days:
            yield Hit(leaf.path, "is not in the calendar")
        elif len(days) == 2 and leaf.value[:10] > leaf.value[11:]:
            yield Hit(leaf.path, "ends before it begins")


def date_future(view: View) -> Iterator[Hit]:
    """What was done was done by today."""
    for place, line in enumerate(view.lines):
        if any(day > view.today for day in days_of(text_of(line, "service_date"))):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}: the service")
    for name in ("statement_period", "service_date"):
        if any(day > view.today for day in days_of(text_of(view.document, name))):
            yield Hit(name, "the service")
    for name, person in (("subscriber", view.subscriber), ("patient", view.patient)):
        if any(day > view.today for day in days_of(text_of(person, "birth_date"))):
            yield Hit(f"{name}.birth_date", "the birth date")


def birth_after_service(view: View) -> Iterator[Hit]:
    """Nobody is treated before birth."""
    name = "patient" if view.patient else "subscriber"
    born = real_day(text_of(view.patient or view.subscriber, "birth_date"))
    if born and view.service_days and born > view.service_days[0]:
        yield Hit(f"{name}.birth_date")


def date_late(view: View) -> Iterator[Hit]:
    """Most payers take claims for a year at most."""
    if view.service_days and view.today - view.service_days[-1] > _LATE:
        yield Hit("lines[0].service_date", f"{(view.today - view.service_days[-1]).days} days ago")


def service_in_statement(view: View) -> Iterator[Hit]:
    """An institutional bill covers the days of its lines."""
    covered = days_of(text_of(view.document, "statement_period"))
    for place, line in enumerate(view.lines if len(covered) == 2 else ()):
        if any(not covered[0] <= day <= covered[1] for day in days_of(text_of(line, "service_date"))):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}")


def status_of_final_bill(view: View) -> Iterator[Hit]:
    """A bill for the whole stay, or the last one, is not for a patient who is still there (status 30)."""
    if text_of(view.document, "frequency") in ("1", "4") and text_of(view.document, "patient_status") == "30":
        yield Hit("patient_status")


def discharge_of_interim_bill(view: View) -> Iterator[Hit]:
    """A first or continuing interim bill has no hour of discharge."""
    if text_of(view.document, "frequency") in ("2", "3") and text_of(view.document, "discharge_time"):
        yield Hit("discharge_time")


# Diagnoses


def diagnosis_form(view: View) -> Iterator[Hit]:
    """An ICD-10 code has three to seven signs, a letter and a digit first, without dot."""
    for place, diagnosis in enumerate(view.diagnoses):
        is_other = text_of(diagnosis, "type") in ("BK", "BF", _SNODENT)
        if not is_other and (code := text_of(diagnosis, "code")) and not _ICD_10.fullmatch(code):
            yield Hit(f"diagnoses[{place}].code", f"diagnosis {place + 1}")


def diagnosis_repeated(view: View) -> Iterator[Hit]:
    """No diagnosis stands twice."""
    seen: set[str] = set()
    for place, diagnosis in enumerate(view.diagnoses):
        code = text_of(diagnosis, "code").upper()
        if code and code in seen:
            yield Hit(f"diagnoses[{place}].code", f"diagnosis {place + 1}")
        seen.add(code)


def diagnosis_order(view: View) -> Iterator[Hit]:
    """The first diagnosis is the principal one, and only that."""
    for place, diagnosis in enumerate(view.diagnoses):
        kind = text_of(diagnosis, "type")
        if (kind in ("ABK", "BK")) != (place == 0) and kind != _SNODENT:
            yield Hit(f"diagnoses[{place}].type", f"diagnosis {place + 1}")


def diagnosis_version(view: View) -> Iterator[Hit]:
    """ICD-10 for service since 1 October 2015, ICD-9 before, never both."""
    kinds = {text_of(diagnosis, "type")[:1] for diagnosis in view.diagnoses if text_of(diagnosis, "type") != _SNODENT}
    if len(kinds) > 1:
        yield Hit("diagnoses", "both versions of ICD are on one claim")
    elif kinds and view.service_days and kinds != {"A" if view.service_days[-1] >= _ICD_10_FROM else "B"}:
        yield Hit("diagnoses", "the version of ICD does not fit the date of service")


def diagnosis_external(view: View) -> Iterator[Hit]:
    """The principal diagnosis says what the patient has, not how it came about."""
    code = text_of(view.diagnoses[0], "code").upper() if view.diagnoses else ""
    if _ICD_10.fullmatch(code) and code[0] in "VWXY":
        yield Hit("diagnoses[0].code")


def pointer_range(view: View) -> Iterator[Hit]:
    """A line points to diagnoses that are there."""
    known = {str(number) for number in range(1, len(view.diagnoses) + 1)}
    for place, line in enumerate(view.lines):
        for number, pointer in enumerate(texts_of(line, "diagnosis_pointers")):
            if pointer not in known:
                text = f"line {place + 1}: there are {len(view.diagnoses)} diagnoses"
                yield Hit(f"lines[{place}].diagnosis_pointers[{number}]", text)


def pointer_repeated(view: View) -> Iterator[Hit]:
    """A line points to a diagnosis once."""
    for place, line in enumerate(view.lines):
        pointers = texts_of(line, "diagnosis_pointers")
        if len(set(pointers)) != len(pointers):
            yield Hit(f"lines[{place}].diagnosis_pointers", f"line {place + 1}")


# Lines


def line_count(view: View) -> Iterator[Hit]:
    """At least one line, at most 50, or 999 on an institutional claim."""
    most = 999 if view.type == "institutional" else 50
    if not view.lines or len(view.lines) > most:
        yield Hit("lines", f"{len(view.lines)} service lines; one to {most} may be there")


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
        key = (text_of(procedure, "code"), text_of(line, "service_date"), text_of(line, "revenue_code"),
               *texts_of(procedure, "modifiers"))  # fmt: skip
        if key in seen and key[0]:
            yield Hit(f"lines[{place}]", f"line {place + 1}")
        seen.add(key)


def procedure_form(view: View) -> Iterator[Hit]:
    """HCPCS, CPT and CDT codes have five signs."""
    for place, line in enumerate(view.lines):
        procedure = object_of(line, "procedure")
        code = text_of(procedure, "code")
        if text_of(procedure, "type") in ("HC", "AD") and code and not _PROCEDURE.fullmatch(code):
            yield Hit(f"lines[{place}].procedure.code", f"line {place + 1}")


def revenue_code(view: View) -> Iterator[Hit]:
    """Four digits with the leading zero, and no line of totals (0001)."""
    for place, line in enumerate(view.lines):
        code = text_of(line, "revenue_code")
        if code and (not re.fullmatch(r"\d{4}", code, re.ASCII) or code == "0001"):
            yield Hit(f"lines[{place}].revenue_code", f"line {place + 1}")


def drug_code(view: View) -> Iterator[Hit]:
    """A national drug code has eleven digits without hyphens."""
    for place, line in enumerate(view.lines):
        drug = object_of(line, "drug")
        if text_of(drug, "type") == "N4" and not re.fullmatch(r"\d{11}", text_of(drug, "code"), re.ASCII):
            yield Hit(f"lines[{place}].drug.code", f"line {place + 1}")


def place_of_service(view: View) -> Iterator[Hit]:
    """Two digits."""
    for path, holder in (("", view.document), *((f"lines[{n}].", line) for n, line in enumerate(view.lines))):
        place = text_of(holder, "place_of_service")
        if place and not re.fullmatch(r"\d\d", place, re.ASCII):
            yield Hit(f"{path}place_of_service")


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
    frequency = text_of(view.document, "frequency")
    if view.type != "institutional" and frequency not in ("1", "7", "8"):
        yield Hit("frequency")


def reference_missing(view: View) -> Iterator[Hit]:
    """A replacement or void names the payer's number of the claim that it is about (REF*F8)."""
    if text_of(view.document, "frequency") in ("7", "8") and not text_of(view.document, "payer_claim_control_number"):
        yield Hit("payer_claim_control_number")


def reference_unwanted(view: View) -> Iterator[Hit]:
    """An original names none."""
    if text_of(view.document, "frequency") == "1" and text_of(view.document, "payer_claim_control_number"):
        yield Hit("payer_claim_control_number")


def medicare_replacement(view: View) -> Iterator[Hit]:
    """Medicare Part B takes neither replacements nor voids."""
    is_part_b = text_of(view.subscriber, "filing_indicator") == "MB"
    if is_part_b and view.type == "professional" and text_of(view.document, "frequency") in ("7", "8"):
        yield Hit("frequency")


def predetermination_dates(view: View) -> Iterator[Hit]:
    """What is only asked about was not done yet."""
    if text_of(view.document, "submission_reason") != "PB":
        return
    if text_of(view.document, "service_date"):
        yield Hit("service_date")
    for place, line in enumerate(view.lines):
        if text_of(line, "service_date"):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}")


def characters(view: View) -> Iterator[Hit]:
    """Only what X12 can carry: no control characters, nothing without a Latin base letter."""
    for leaf in view.leaves:
        if leaf.value.isascii() and leaf.value.isprintable():
            continue
        odd = next((sign for sign in fold(leaf.value) if not (sign.isascii() and sign.isprintable())), "")
        if odd:
            yield Hit(leaf.path, f"U+{ord(odd):04X}")


def delimiters(view: View) -> Iterator[Hit]:
    """The signs that separate elements cannot stand in a text."""
    for leaf in view.leaves:
        found = next((sign for sign in view.delimiters if sign in leaf.value), "")
        if found and not _MOMENT.fullmatch(leaf.value):
            yield Hit(leaf.path, found)
