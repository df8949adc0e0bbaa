"""Edits of institutional claims: type of bill, admission and discharge, the statement period, codes and providers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from gateway.claims.hits import Hit
from gateway.claims.view import View, days_of, object_of, objects_of, real_day, text_of

_BILL_TYPE = re.compile(r"[1-9][1-9A-Z]", re.ASCII)
_FREQUENCIES = frozenset("0123456789ABCDEFGHIJKMOPQXYZ")
_TWO = re.compile(r"[0-9A-Z]{2}", re.ASCII | re.I)
_STATUS = re.compile(r"\d\d", re.ASCII)
_DRG = re.compile(r"\d{3,4}", re.ASCII)
_PCS = re.compile(r"[0-9A-HJ-NP-Z]{7}", re.ASCII | re.I)
_STILL_THERE = "30"
_NO_ADMISSION = ("14",)  # bills for tests of people who never came
_TRANSPORT = "054"  # revenue codes of ambulances
_ROOMS = tuple(f"0{number}" for number in range(10, 22))
_UNPLANNED = ("045", "0516", "0526", "0762")  # revenue codes of visits that nobody planned
_CHANGES = frozenset({"D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "E0"})  # reasons to change a bill
_TAKES_BACK = frozenset({"D5", "D6"})  # of these, the reasons for a void
_DAYS_BEFORE = timedelta(days=3)  # a procedure before an admission that belongs to it


def _bill(view: View) -> str:
    return text_of(view.document, "facility_type")


def _is_inpatient(view: View) -> bool:
    """Whether a bill is for a stay, by the list of types of bill."""
    listed = view.codes.get("facility_types")
    return listed is not None and listed.note(_bill(view)) == "inpatient"


# The bill


def bill_type_form(view: View) -> Iterator[Hit]:
    """Kind of facility and kind of care, one sign each; the leading zero stays out."""
    if _bill(view) and not _BILL_TYPE.fullmatch(_bill(view)):
        yield Hit("facility_type")


def bill_frequency(view: View) -> Iterator[Hit]:
    """The last sign of the type of bill."""
    if view.frequency and view.frequency not in _FREQUENCIES:
        yield Hit("frequency")


def status_of_final_bill(view: View) -> Iterator[Hit]:
    """A bill for the whole stay, or the last one, is not for a patient who is still there (status 30)."""
    if view.frequency in ("1", "4") and text_of(view.document, "patient_status") == _STILL_THERE:
        yield Hit("patient_status")


def status_of_interim_bill(view: View) -> Iterator[Hit]:
    """A first or continuing interim bill is for a patient who is still there."""
    status = text_of(view.document, "patient_status")
    if view.frequency in ("2", "3") and status and status != _STILL_THERE:
        yield Hit("patient_status")


def discharge_of_interim_bill(view: View) -> Iterator[Hit]:
    """A first or continuing interim bill has no hour of discharge."""
    if view.frequency in ("2", "3") and text_of(view.document, "discharge_time"):
        yield Hit("discharge_time")


def discharge_hour_missing(view: View) -> Iterator[Hit]:
    """The last bill of a stay says at what hour the patient left."""
    left = text_of(view.document, "patient_status") not in ("", _STILL_THERE)
    if view.frequency in ("1", "4") and left and _is_inpatient(view) and not text_of(view.document, "discharge_time"):
        yield Hit("discharge_time")


def late_charges(view: View) -> Iterator[Hit]:
    """Medicare takes late charges of a stay only as a replacement of the whole bill."""
    if view.frequency == "5" and view.is_medicare and _is_inpatient(view):
        yield Hit("frequency")


def change_reason_missing(view: View) -> Iterator[Hit]:
    """Medicare wants to know why a bill is changed or taken back."""
    if view.is_medicare:
        yield from _no_reason(view)


def change_reason_advised(view: View) -> Iterator[Hit]:
    """Other payers like to know."""
    if not view.is_medicare:
        yield from _no_reason(view)


def _no_reason(view: View) -> Iterator[Hit]:
    if view.frequency in ("7", "8") and not _reasons_to_change(view):
        yield Hit("conditions", "replacement (XX7)" if view.frequency == "7" else "void (XX8)")


def change_reason_wrong(view: View) -> Iterator[Hit]:
    """A void has the reasons of a void, a replacement those of a replacement, any other bill none."""
    for place, code in _reasons_to_change(view):
        if view.frequency != ("8" if code in _TAKES_BACK else "7"):
            yield Hit(f"conditions[{place}].code", code)


def _reasons_to_change(view: View) -> list[tuple[int, str]]:
    codes = (text_of(one, "code").upper() for one in objects_of(view.document, "conditions"))
    return [(place, code) for place, code in enumerate(codes) if code in _CHANGES]


# The stay


def admission_type_missing(view: View) -> Iterator[Hit]:
    """How urgent the visit was (CL101)."""
    if not text_of(view.document, "admission_type"):
        yield Hit("admission_type")


def admission_source_missing(view: View) -> Iterator[Hit]:
    """Where the patient came from (CL102)."""
    if not text_of(view.document, "admission_source") and _bill(view) not in _NO_ADMISSION:
        yield Hit("admission_source")


def patient_status_form(view: View) -> Iterator[Hit]:
    """Two digits."""
    status = text_of(view.document, "patient_status")
    if status and not _STATUS.fullmatch(status):
        yield Hit("patient_status")


def admission_date_missing(view: View) -> Iterator[Hit]:
    """A stay has begun on a day."""
    if _is_inpatient(view) and not text_of(view.document, "admission_date"):
        yield Hit("admission_date")


def service_in_statement(view: View) -> Iterator[Hit]:
    """An institutional bill covers the days of its lines."""
    covered = days_of(text_of(view.document, "statement_period"))
    for place, line in enumerate(view.lines if len(covered) == 2 else ()):
        if any(not covered[0] <= day <= covered[1] for day in days_of(text_of(line, "service_date"))):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}")


def procedure_date(view: View) -> Iterator[Hit]:
    """A procedure was done in the time that the bill covers, or in the three days before it."""
    covered = days_of(text_of(view.document, "statement_period"))
    admitted = days_of(text_of(view.document, "admission_date"))
    if len(covered) != 2:
        return
    first = min([covered[0], *admitted]) - _DAYS_BEFORE
    for place, procedure in enumerate(objects_of(view.document, "procedures")):
        day = real_day(text_of(procedure, "date"))
        if day and not first <= day <= covered[1]:
            yield Hit(f"procedures[{place}].date", f"procedure {place + 1}")


def covered_days_missing(view: View) -> Iterator[Hit]:
    """Medicare asks how many days of a stay are covered (value code 80)."""
    there = {text_of(one, "code") for one in objects_of(view.document, "value_codes")}
    if view.is_medicare and _is_inpatient(view) and not there & {"80", "81"}:
        yield Hit("value_codes")


def room_days(view: View) -> Iterator[Hit]:
    """The days of room and board are those of the bill; the day of discharge is not counted."""
    covered = days_of(text_of(view.document, "statement_period"))
    rooms = [line for line in view.lines if text_of(line, "revenue_code").startswith(_ROOMS)]
    counts = [text_of(line, "quantity") for line in rooms if text_of(line, "unit") == "DA"]
    if len(covered) != 2 or not counts or not all(count.isascii() and count.isdigit() for count in counts):
        return
    days = (covered[1] - covered[0]).days + (text_of(view.document, "patient_status") == _STILL_THERE)
    total = sum(int(count) for count in counts)
    if total != max(days, 1):
        yield Hit("lines", f"{total} of room and board, {max(days, 1)} in the statement period")


def room_unit(view: View) -> Iterator[Hit]:
    """Room and board is counted in days."""
    for place, line in enumerate(view.lines):
        if text_of(line, "revenue_code").startswith(_ROOMS) and text_of(line, "unit") == "UN":
            yield Hit(f"lines[{place}].unit", f"line {place + 1}")


# Diagnoses and procedures


def admitting_diagnosis_missing(view: View) -> Iterator[Hit]:
    """Why the patient was admitted."""
    if _is_inpatient(view) and not text_of(view.document, "admitting_diagnosis", "code"):
        yield Hit("admitting_diagnosis")


def reason_for_visit_missing(view: View) -> Iterator[Hit]:
    """Why a patient came whom nobody expected."""
    unplanned = any(text_of(line, "revenue_code").startswith(_UNPLANNED) for line in view.lines)
    if unplanned and not _is_inpatient(view) and not objects_of(view.document, "reasons_for_visit"):
        yield Hit("reasons_for_visit")


def present_on_admission_missing(view: View) -> Iterator[Hit]:
    """Hospitals say of each diagnosis whether the patient brought it; a few codes are exempt."""
    if _bill(view) != "11":
        return
    without = [place for place, one in enumerate(view.diagnoses) if not text_of(one, "present_on_admission")]
    if without:
        yield Hit(f"diagnoses[{without[0]}].present_on_admission", ", ".join(str(place + 1) for place in without))


def present_on_admission_unwanted(view: View) -> Iterator[Hit]:
    """Without a stay there is no admission."""
    if _is_inpatient(view) or view.codes.get("facility_types") is None:
        return
    for leaf in view.named("present_on_admission"):
        yield Hit(leaf.path)


def pcs_form(view: View) -> Iterator[Hit]:
    """An ICD-10-PCS code has seven signs, without I and O."""
    for place, procedure in enumerate(objects_of(view.document, "procedures")):
        is_pcs = text_of(procedure, "type") in ("BBR", "BBQ")
        if is_pcs and not _PCS.fullmatch(text_of(procedure, "code")):
            yield Hit(f"procedures[{place}].code", f"procedure {place + 1}")


def procedures_unwanted(view: View) -> Iterator[Hit]:
    """ICD-10-PCS is for stays; outpatient services are coded on the lines."""
    if _bill(view) == "13" and objects_of(view.document, "procedures"):
        yield Hit("procedures")


def nubc_code_form(view: View) -> Iterator[Hit]:
    """Condition, occurrence, span and value codes have two signs."""
    for name in ("conditions", "occurrences", "occurrence_spans", "value_codes", "treatments"):
        for place, one in enumerate(objects_of(view.document, name)):
            if name != "treatments" and not _TWO.fullmatch(text_of(one, "code")):
                yield Hit(f"{name}[{place}].code", name.replace("_", " "))


def nubc_code_repeated(view: View) -> Iterator[Hit]:
    """A condition or value is named once, an occurrence once a day."""
    for name in ("conditions", "value_codes", "occurrences", "occurrence_spans"):
        seen: set[tuple[str, str, str]] = set()
        for place, one in enumerate(objects_of(view.document, name)):
            key = (text_of(one, "code").upper(), text_of(one, "date"), text_of(one, "period"))
            if key in seen and key[0]:
                yield Hit(f"{name}[{place}].code", name.replace("_", " "))
            seen.add(key)


def drg_form(view: View) -> Iterator[Hit]:
    """Three digits, four with some states' groupers."""
    drg = text_of(view.document, "drg")
    if drg and not _DRG.fullmatch(drg):
        yield Hit("drg")


# Providers


def attending_missing(view: View) -> Iterator[Hit]:
    """Who is responsible for the patient's care; transport alone has nobody."""
    cared = [line for line in view.lines if not text_of(line, "revenue_code").startswith(_TRANSPORT)]
    if cared and not object_of(view.document, "attending_provider"):
        yield Hit("attending_provider")


def operating_missing(view: View) -> Iterator[Hit]:
    """Who operated."""
    codes = [text_of(one, "code") for one in objects_of(view.document, "procedures")]
    if any(code.startswith("0") for code in codes) and not object_of(view.document, "operating_provider"):
        yield Hit("operating_provider")


# Lines


def revenue_code(view: View) -> Iterator[Hit]:
    """Four digits with the leading zero, and no line of totals (0001)."""
    for place, line in enumerate(view.lines):
        code = text_of(line, "revenue_code")
        if code and (len(code) != 4 or not (code.isascii() and code.isdigit()) or code == "0001"):
            yield Hit(f"lines[{place}].revenue_code", f"line {place + 1}")


def outpatient_line_date(view: View) -> Iterator[Hit]:
    """Outpatient services with a procedure code have a day each."""
    if view.codes.get("facility_types") is None or _is_inpatient(view):
        return
    for place, line in enumerate(view.lines):
        if text_of(line, "procedure", "code") and not text_of(line, "service_date"):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}")
