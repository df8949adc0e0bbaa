"""Edits of dental claims: codes, teeth, surfaces and areas, prostheses, orthodontics, predeterminations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.claims.completion import Document
from gateway.claims.hits import Hit
from gateway.claims.view import View, object_of, objects_of, text_of, texts_of

_CDT = re.compile(r"D\d{4}", re.ASCII | re.I)
_AREAS = frozenset({"00", "01", "02", "03", "04", "05", "06", "07", "08", "10", "20", "30", "40", "L", "R"})
_ADULT = frozenset(str(number) for number in range(1, 33))
_CHILD = frozenset("ABCDEFGHIJKLMNOPQRST")
# 51 to 82 and AS to TS: a tooth too many beside the one whose number is 50 lower, or beside that letter.
_TOO_MANY = frozenset(str(number) for number in range(51, 83)) | frozenset(f"{letter}S" for letter in _CHILD)
_TEETH = _ADULT | _CHILD | _TOO_MANY
_FRONT = frozenset(str(number) for number in (*range(6, 12), *range(22, 28))) | frozenset("CDEFGHMNOPQR")


def cdt_form(view: View) -> Iterator[Hit]:
    """A CDT code is D and four digits."""
    for place, line in enumerate(view.lines):
        code = text_of(line, "procedure", "code")
        if code and not _CDT.fullmatch(code):
            yield Hit(f"lines[{place}].procedure.code", f"line {place + 1}")


def service_date_missing(view: View) -> Iterator[Hit]:
    """What was done was done on a day, said on the claim or on the line."""
    if _is_predetermination(view) or text_of(view.document, "service_date"):
        return
    for place, line in enumerate(view.lines):
        if not text_of(line, "service_date"):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}")


# Teeth


def tooth_code(view: View) -> Iterator[Hit]:
    """1 to 32, A to T, and 51 to 82 or AS to TS for teeth too many."""
    for path, one in [*_treated(view), *_teeth_of_claim(view)]:
        tooth = text_of(one, "tooth").upper()
        if tooth and (tooth.lstrip("0") or tooth) not in _TEETH:
            yield Hit(f"{path}.tooth")


def _treated(view: View) -> Iterator[tuple[str, Document]]:
    for place, line in enumerate(view.lines):
        for number, one in enumerate(objects_of(line, "teeth")):
            yield f"lines[{place}].teeth[{number}]", one


def _teeth_of_claim(view: View) -> Iterator[tuple[str, Document]]:
    for place, one in enumerate(objects_of(view.document, "tooth_status")):
        yield f"tooth_status[{place}]", one


def tooth_repeated(view: View) -> Iterator[Hit]:
    """A line, or the list of missing teeth, names a tooth once."""
    seen: set[tuple[str, str]] = set()
    for path, one in [*_treated(view), *_teeth_of_claim(view)]:
        key = (path.rpartition("[")[0], text_of(one, "tooth").upper())
        if key in seen and key[1]:
            yield Hit(f"{path}.tooth")
        seen.add(key)


def surface_repeated(view: View) -> Iterator[Hit]:
    """A surface is named once."""
    for path, one in _treated(view):
        surfaces = texts_of(one, "surfaces")
        if len(set(surfaces)) != len(surfaces):
            yield Hit(f"{path}.surfaces")


def surface_of_tooth(view: View) -> Iterator[Hit]:
    """Front teeth have an incisal edge, back teeth an occlusal face."""
    for path, one in _treated(view):
        tooth = text_of(one, "tooth").upper().lstrip("0")
        if tooth not in _ADULT | _CHILD:
            continue
        other = "O" if tooth in _FRONT else "I"
        for number, surface in enumerate(texts_of(one, "surfaces")):
            if surface == other:
                yield Hit(f"{path}.surfaces[{number}]", "back" if surface == "I" else "front")


def teeth_and_quantity(view: View) -> Iterator[Hit]:
    """Several teeth on a line are one service each; more than one each is a line of its own."""
    for place, line in enumerate(view.lines):
        if len(objects_of(line, "teeth")) > 1 and text_of(line, "quantity") not in ("", "1"):
            yield Hit(f"lines[{place}].quantity", f"line {place + 1}")


def oral_cavity_code(view: View) -> Iterator[Hit]:
    """Whole mouth, arch, sextant or quadrant."""
    for place, line in enumerate(view.lines):
        for number, area in enumerate(texts_of(line, "oral_cavity")):
            if area.upper() not in _AREAS:
                yield Hit(f"lines[{place}].oral_cavity[{number}]", f"line {place + 1}")


# What a code needs


def tooth_needed(view: View) -> Iterator[Hit]:
    """Some services are done to a tooth."""
    for place, line, need, _ in _needs(view):
        if need in ("tooth", "surfaces") and not any(text_of(one, "tooth") for one in objects_of(line, "teeth")):
            yield Hit(f"lines[{place}].teeth", f"line {place + 1}")


def surfaces_needed(view: View) -> Iterator[Hit]:
    """Fillings say which surfaces, as many as the code is for."""
    for place, line, need, count in _needs(view):
        for number, one in enumerate(objects_of(line, "teeth") if need == "surfaces" else ()):
            there = len(texts_of(one, "surfaces"))
            fits = there >= 4 if count == "4" else str(there) == count if count else there > 0
            if not fits:
                text = f"{count or 'some'}{' or more' if count == '4' else ''}"
                yield Hit(f"lines[{place}].teeth[{number}].surfaces", f"line {place + 1} is for {text}")


def area_needed(view: View) -> Iterator[Hit]:
    """Some services are done to an area of the mouth."""
    for place, line, need, _ in _needs(view):
        if need == "area" and not texts_of(line, "oral_cavity"):
            yield Hit(f"lines[{place}].oral_cavity", f"line {place + 1}")


def _needs(view: View) -> Iterator[tuple[int, Document, str, str]]:
    """Each line with what its code needs, and how many of it, by the table of beginnings of CDT codes."""
    table = view.codes.get("dental_needs")
    if table is None:
        return
    for place, line in enumerate(view.lines):
        code = text_of(line, "procedure", "code").upper()
        note = next((note for end in range(5, 2, -1) if (note := table.note(code[:end]))), "")
        need, _, count = note.partition(" ")
        if need:
            yield place, line, need, count


# Prostheses, orthodontics, predeterminations


def prior_placement_missing(view: View) -> Iterator[Hit]:
    """A replaced prosthesis was placed before, on a day or about then."""
    for place, line in enumerate(view.lines):
        known = text_of(line, "prior_placement_date") or text_of(line, "prior_placement_estimated_date")
        if text_of(line, "prosthesis") == "R" and not known:
            yield Hit(f"lines[{place}].prior_placement_date", f"line {place + 1}")


def prior_placement_unwanted(view: View) -> Iterator[Hit]:
    """A first prosthesis was not placed before."""
    for place, line in enumerate(view.lines):
        for name in ("prior_placement_date", "prior_placement_estimated_date"):
            if text_of(line, name) and text_of(line, "prosthesis") != "R":
                yield Hit(f"lines[{place}].{name}", f"line {place + 1}")


def orthodontics_missing(view: View) -> Iterator[Hit]:
    """Orthodontic treatment says how long it takes."""
    codes = (text_of(line, "procedure", "code").upper() for line in view.lines)
    if not object_of(view.document, "orthodontics") and any(
        code.startswith(("D807", "D808", "D809")) for code in codes
    ):
        yield Hit("orthodontics")


def orthodontic_months(view: View) -> Iterator[Hit]:
    """What is left of a treatment is not longer than all of it."""
    plan = object_of(view.document, "orthodontics")
    months, left = text_of(plan, "months"), text_of(plan, "months_remaining")
    if months.isdecimal() and left.isdecimal() and int(left) > int(months):
        yield Hit("orthodontics.months_remaining")


def predetermination_dates(view: View) -> Iterator[Hit]:
    """What is only asked about was not done yet."""
    if not _is_predetermination(view):
        return
    if text_of(view.document, "service_date"):
        yield Hit("service_date")
    for place, line in enumerate(view.lines):
        if text_of(line, "service_date"):
            yield Hit(f"lines[{place}].service_date", f"line {place + 1}")


def predetermination_number_unwanted(view: View) -> Iterator[Hit]:
    """A question does not name the payer's answer to it."""
    if _is_predetermination(view) and text_of(view.document, "predetermination_number"):
        yield Hit("predetermination_number")


def _is_predetermination(view: View) -> bool:
    return text_of(view.document, "submission_reason") == "PB"
