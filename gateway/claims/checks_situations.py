"""Edits of situations, mostly of professional claims: what a kind of service asks for beside itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.claims.completion import Document
from gateway.claims.hits import Hit, only_with
from gateway.claims.view import View, object_of, objects_of, text_of, texts_of

_CLIA = re.compile(r"\d{2}D\d{7}", re.ASCII | re.I)
_TRANSPORT = re.compile(r"A0\d{3}", re.ASCII | re.I)
_ANESTHESIA = re.compile(r"0[01]\d{3}", re.ASCII)  # 00100 to 01999
_NO_MINUTES = frozenset({"01953", "01996"})  # of these, the ones that are counted in units
_LABORATORY = re.compile(r"8\d{4}|\d{4}U", re.ASCII | re.I)
_IMAGING = re.compile(r"7\d{4}", re.ASCII)
_EQUIPMENT = re.compile(r"[EKL]\d{4}", re.ASCII | re.I)
_MAMMOGRAPHY = frozenset({"77065", "77066", "77067"})
_MANIPULATION = frozenset({"98940", "98941", "98942"})
_STAYS = ("21", "51", "61")  # places of service where people are inpatients
_WITH_DATE = frozenset({"AA", "OA"})  # causes of which the guide wants the day


def _codes(view: View) -> Iterator[tuple[int, Document, str]]:
    for place, line in enumerate(view.lines):
        yield place, line, text_of(line, "procedure", "code")


# Accidents


@only_with("related_causes")
def accident_date_missing(view: View) -> Iterator[Hit]:
    """An accident happened on a day (DTP*439)."""
    if _WITH_DATE & set(texts_of(view.document, "related_causes")) and not text_of(view.document, "accident_date"):
        yield Hit("accident_date")


@only_with("related_causes")
def accident_state_missing(view: View) -> Iterator[Hit]:
    """An auto accident happened in a state, or in another country."""
    place = text_of(view.document, "accident_state") or text_of(view.document, "accident_country")
    if "AA" in texts_of(view.document, "related_causes") and not place:
        yield Hit("accident_state")


@only_with("accident_date")
def accident_cause_missing(view: View) -> Iterator[Hit]:
    """A day of an accident without an accident says nothing."""
    if text_of(view.document, "accident_date") and not texts_of(view.document, "related_causes"):
        yield Hit("related_causes")


def work_cause_missing(view: View) -> Iterator[Hit]:
    """Workers' compensation pays for what work caused."""
    if view.filing_indicator == "WC" and "EM" not in texts_of(view.document, "related_causes"):
        yield Hit("related_causes")


# Attachments


@only_with("attachments")
def attachment_number(view: View) -> Iterator[Hit]:
    """What is sent apart is found by its number; what is only available on request has none (PWK06)."""
    if "attachments" not in view.document and not any("attachments" in line for line in view.lines):
        return
    for path, holder in (("", view.document), *((f"lines[{n}].", line) for n, line in enumerate(view.lines))):
        for number, one in enumerate(objects_of(holder, "attachments")):
            if text_of(one, "transmission") != "AA" and not text_of(one, "control_number"):
                yield Hit(f"{path}attachments[{number}].control_number")


# Ambulance


def ambulance_record(view: View) -> Iterator[Hit]:
    """Transport by ambulance says why and how far (CR1)."""
    if "ambulance" in view.document:
        return
    for place, line, code in _codes(view):
        if _TRANSPORT.fullmatch(code) and "A0425" <= code.upper() <= "A0436" and "ambulance" not in line:
            yield Hit("ambulance", f"line {place + 1}")
            return


def ambulance_places(view: View) -> Iterator[Hit]:
    """Transport goes from one place to another (2310E and 2310F)."""
    moved = [line for _, line, code in _codes(view) if _TRANSPORT.fullmatch(code)]
    for name, word in (("ambulance_pick_up", "picked up"), ("ambulance_drop_off", "brought to")):
        if moved and name not in view.document and not all(name in line for line in moved):
            yield Hit(name, word)


# Anesthesia


def anesthesia_minutes(view: View) -> Iterator[Hit]:
    """Anesthesia is counted in minutes (MJ)."""
    for place, line, code in _codes(view):
        if _ANESTHESIA.fullmatch(code) and code >= "00100" and code not in _NO_MINUTES:
            if text_of(line, "unit") != "MJ":
                yield Hit(f"lines[{place}].unit", f"line {place + 1}")
            elif "." in text_of(line, "quantity"):
                yield Hit(f"lines[{place}].quantity", f"line {place + 1}")


def minutes_elsewhere(view: View) -> Iterator[Hit]:
    """Nothing else is."""
    for place, line, code in _codes(view):
        if text_of(line, "unit") == "MJ" and not _ANESTHESIA.fullmatch(code):
            yield Hit(f"lines[{place}].unit", f"line {place + 1}")


# Equipment


@only_with("equipment")
def equipment_code(view: View) -> Iterator[Hit]:
    """Equipment has the code of its line (SV501 = SV101)."""
    for place, line, code in _codes(view):
        other = text_of(line, "equipment", "procedure", "code") if "equipment" in line else ""
        if other and other != code:
            yield Hit(f"lines[{place}].equipment.procedure.code", f"line {place + 1}")


@only_with("equipment_certification")
def recertification_date(view: View) -> Iterator[Hit]:
    """A renewed or revised certification was renewed or revised on a day (DTP*607)."""
    for place, line in enumerate(view.lines):
        kind = text_of(line, "equipment_certification", "type") if "equipment_certification" in line else ""
        if kind in ("R", "S") and not text_of(line, "recertification_date"):
            yield Hit(f"lines[{place}].recertification_date", f"line {place + 1}")


@only_with("certificate_of_necessity")
def therapy_start(view: View) -> Iterator[Hit]:
    """A certificate of medical necessity says when therapy began (DTP*463)."""
    for place, line in enumerate(view.lines):
        if text_of(line, "certificate_of_necessity") and not text_of(line, "therapy_start_date"):
            yield Hit(f"lines[{place}].therapy_start_date", f"line {place + 1}")


# Laboratory and imaging


@only_with("clia_number", "referring_clia_number")
def clia_form(view: View) -> Iterator[Hit]:
    """Two digits, D, seven digits."""
    for leaf in view.named("clia_number", "referring_clia_number"):
        if not _CLIA.fullmatch(leaf.value):
            yield Hit(leaf.path)


def clia_missing(view: View) -> Iterator[Hit]:
    """Medicare and Medicaid pay laboratories with a certificate."""
    if view.filing_indicator not in ("MB", "MC") or text_of(view.document, "clia_number"):
        return
    for place, line, code in _codes(view):
        if _LABORATORY.fullmatch(code) and not text_of(line, "clia_number"):
            yield Hit(f"lines[{place}].clia_number", f"line {place + 1}")


def mammography_number(view: View) -> Iterator[Hit]:
    """Medicare pays certified mammography."""
    if view.filing_indicator != "MB" or text_of(view.document, "mammography_certification_number"):
        return
    for place, line, code in _codes(view):
        if code in _MAMMOGRAPHY and not text_of(line, "mammography_certification_number"):
            yield Hit(f"lines[{place}].mammography_certification_number", f"line {place + 1}")


def order_missing(view: View) -> Iterator[Hit]:
    """Medicare asks who ordered tests, images and equipment."""
    if view.filing_indicator != "MB" or objects_of(view.document, "referring_providers"):
        return
    for place, line, code in _codes(view):
        ordered = object_of(line, "ordering_provider") or objects_of(line, "referring_providers")
        is_ordered = _LABORATORY.fullmatch(code) or _IMAGING.fullmatch(code) or _EQUIPMENT.fullmatch(code)
        if is_ordered and not ordered:
            yield Hit(f"lines[{place}].ordering_provider", f"line {place + 1}")


# Other services


def admission_of_inpatient(view: View) -> Iterator[Hit]:
    """Visits to an inpatient name the day of admission."""
    if text_of(view.document, "place_of_service") in _STAYS and not text_of(view.document, "admission_date"):
        yield Hit("admission_date")


def manipulation_start(view: View) -> Iterator[Hit]:
    """Medicare asks when the treatment of the spine began."""
    if view.filing_indicator != "MB" or text_of(view.document, "initial_treatment_date"):
        return
    for place, line, code in _codes(view):
        if code in _MANIPULATION and not text_of(line, "initial_treatment_date"):
            yield Hit(f"lines[{place}].initial_treatment_date", f"line {place + 1}")


@only_with("epsdt")
def screening_referral(view: View) -> Iterator[Hit]:
    """A screening (EPSDT) says whether the child was referred."""
    if "epsdt_referral" not in view.document and any(text_of(line, "epsdt") == "Y" for line in view.lines):
        yield Hit("epsdt_referral")
