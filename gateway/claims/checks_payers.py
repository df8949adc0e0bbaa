"""Edits of coordination of benefits: the order of payers, what the earlier ones decided, and Medicare behind others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.claims.amounts import amount, cents
from gateway.claims.completion import Document
from gateway.claims.hits import Hit, only_with
from gateway.claims.view import View, objects_of, text_of

ORDER = "PSTABCDEFGH"  # SBR01, the first payer first; U is unknown


def _rank(order: str) -> int:
    """1 for the primary payer; 0 where the place is not known."""
    return ORDER.find(order) + 1 if order else 0


# The order of payers


@only_with("other_payers")
def payer_order(view: View) -> Iterator[Hit]:
    """No two payers of one claim have the same place in the order."""
    seen = {view.order}
    for place, other in enumerate(view.other_payers):
        order = text_of(other, "payer_responsibility")
        if order in seen and order not in ("", "U"):
            yield Hit(f"other_payers[{place}].payer_responsibility")
        seen.add(order)


@only_with("other_payers")
def payer_order_gap(view: View) -> Iterator[Hit]:
    """Before a second payer stands a first one, before a third a second one."""
    rank = _rank(view.order)
    there = {_rank(text_of(other, "payer_responsibility")) for other in view.other_payers}
    missing = [ORDER[place - 1] for place in range(1, rank) if place not in there]
    if missing and view.other_payers:
        yield Hit("other_payers", f"{view.order} is named, and not {' '.join(missing)}")


def earlier_payer_missing(view: View) -> Iterator[Hit]:
    """A claim to a second or later payer names the payers before it (2320)."""
    if _rank(view.order) > 1 and not view.other_payers:
        yield Hit("other_payers", view.order)


def medicare_secondary_type(view: View) -> Iterator[Hit]:
    """Medicare asks why it is not the first payer (SBR05)."""
    if _rank(view.order) > 1 and view.is_medicare and not text_of(view.subscriber, "insurance_type"):
        yield Hit("subscriber.insurance_type")


@only_with("insurance_type")
def medicare_secondary_unwanted(view: View) -> Iterator[Hit]:
    """Nobody else asks for that, nor Medicare as the first payer."""
    if text_of(view.subscriber, "insurance_type") and not (view.is_medicare and _rank(view.order) != 1):
        yield Hit("subscriber.insurance_type")


@only_with("other_payers")
def other_payer_repeated(view: View) -> Iterator[Hit]:
    """Where a line says what a payer decided, the payer's id must tell which of the other payers it was."""
    if not view.other_payers:
        return
    asked = {text_of(part, "payer_id") for _, line in view.adjudicated for part in objects_of(line, "adjudications")}
    known = Counter(text_of(other, "payer", "id") for other in view.other_payers)
    for place, other in enumerate(view.other_payers):
        number = text_of(other, "payer", "id")
        if number in asked and known[number] > 1:
            yield Hit(f"other_payers[{place}].payer.id")


# What they decided


@only_with("adjudications")
def adjudication_payer(view: View) -> Iterator[Hit]:
    """A line's adjudication names one of the other payers of the claim (SVD01 = 2330B NM109)."""
    known = {text_of(other, "payer", "id") for other in view.other_payers}
    for place, line in view.adjudicated:
        for number, part in enumerate(objects_of(line, "adjudications")):
            if text_of(part, "payer_id") not in known:
                yield Hit(f"lines[{place}].adjudications[{number}].payer_id", f"line {place + 1}")


def _parts(view: View, payer: str) -> list[Document]:
    """What the lines say of a payer's adjudication."""
    return [
        part
        for _, line in view.adjudicated
        for part in objects_of(line, "adjudications")
        if text_of(part, "payer_id") == payer
    ]


def _has_decided(view: View, other: Document) -> bool:
    return "paid" in other or bool(objects_of(other, "adjustments") or _parts(view, text_of(other, "payer", "id")))


@only_with("other_payers")
def earlier_payer_undecided(view: View) -> Iterator[Hit]:
    """What a payer before this one decided stands on the claim."""
    for place, other in enumerate(view.other_payers):
        rank = _rank(text_of(other, "payer_responsibility"))
        if 0 < rank < _rank(view.order) and not _has_decided(view, other):
            yield Hit(f"other_payers[{place}].paid")


@only_with("other_payers")
def earlier_payer_paid_missing(view: View) -> Iterator[Hit]:
    """Where a payer decided, the claim says what it paid (AMT*D), be it nothing."""
    for place, other in enumerate(view.other_payers):
        if "paid" not in other and _has_decided(view, other):
            yield Hit(f"other_payers[{place}].paid")


@only_with("other_payers")
def later_payer_decided(view: View) -> Iterator[Hit]:
    """A payer behind this one cannot have decided yet."""
    for place, other in enumerate(view.other_payers):
        if 0 < _rank(view.order) < _rank(text_of(other, "payer_responsibility")) and _has_decided(view, other):
            yield Hit(f"other_payers[{place}]")


@only_with("other_payers")
def adjudication_date(view: View) -> Iterator[Hit]:
    """When a payer decided (DTP*573), on the claim or on each line that says what it decided."""
    for place, other in enumerate(view.other_payers):
        parts = _parts(view, text_of(other, "payer", "id"))
        dated = bool(parts) and all(text_of(part, "paid_date") for part in parts)
        if _has_decided(view, other) and not dated and not text_of(other, "payer", "paid_date"):
            yield Hit(f"other_payers[{place}].payer.paid_date")


@only_with("other_payers")
def adjudication_date_twice(view: View) -> Iterator[Hit]:
    """The claim says when only where the lines do not."""
    for place, other in enumerate(view.other_payers):
        parts = _parts(view, text_of(other, "payer", "id"))
        if text_of(other, "payer", "paid_date") and any(text_of(part, "paid_date") for part in parts):
            yield Hit(f"other_payers[{place}].payer.paid_date")


@only_with("adjudications")
def bundled_line(view: View) -> Iterator[Hit]:
    """A line is bundled into a line that is there (SVD06)."""
    for place, line in view.adjudicated:
        for number, part in enumerate(objects_of(line, "adjudications")):
            into = text_of(part, "bundled_line")
            if into and not (into.isascii() and into.isdigit() and 0 < int(into) <= len(view.lines)):
                yield Hit(f"lines[{place}].adjudications[{number}].bundled_line", f"line {place + 1}")


# Their amounts


@only_with("remaining_patient_liability")
def remaining_liability(view: View) -> Iterator[Hit]:
    """What is left to the patient is at most what was charged and not paid (AMT*EAF)."""
    yield from _liability(view.document, view.other_payers, "other_payers")
    for place, line in view.adjudicated:
        yield from _liability(line, objects_of(line, "adjudications"), f"lines[{place}].adjudications")


def _liability(holder: Document, parts: list[Document], path: str) -> Iterator[Hit]:
    charge = cents(text_of(holder, "charge"))
    for place, part in enumerate(parts):
        left = cents(text_of(part, "remaining_patient_liability"))
        if left is not None and charge is not None:
            most = charge - max(cents(text_of(part, "paid")) or 0, 0)
            if left > most:
                field = f"{path}[{place}].remaining_patient_liability"
                yield Hit(field, f"{amount(left)} left to the patient, at most {amount(most)} can be")


@only_with("remaining_patient_liability")
def remaining_liability_twice(view: View) -> Iterator[Hit]:
    """What is left to the patient stands on the claim or on its lines, not on both."""
    for place, other in enumerate(view.other_payers):
        parts = _parts(view, text_of(other, "payer", "id")) if "remaining_patient_liability" in other else []
        if any("remaining_patient_liability" in part for part in parts):
            yield Hit(f"other_payers[{place}].remaining_patient_liability")


@only_with("adjustments")
def adjustment_zero(view: View) -> Iterator[Hit]:
    """An adjustment adjusts something."""
    for path, _, _, reason in _reasons(view):
        if cents(text_of(reason, "amount")) == 0:
            yield Hit(f"{path}.amount")


@only_with("adjustments")
def adjustment_repeated(view: View) -> Iterator[Hit]:
    """A payer gives a reason once, on the claim or on a line."""
    seen: set[tuple[str, str, str]] = set()
    for path, holder, group, reason in _reasons(view):
        key = (holder, group, text_of(reason, "code"))
        if key in seen:
            yield Hit(path)
        seen.add(key)


def _reasons(view: View) -> Iterator[tuple[str, str, str, Document]]:
    """Every reason of an adjustment: its path, that of what it adjusts, its group, and itself."""
    holders = [(f"other_payers[{place}]", other) for place, other in enumerate(view.other_payers)]
    holders += [
        (f"lines[{place}].adjudications[{number}]", part)
        for place, line in view.adjudicated
        for number, part in enumerate(objects_of(line, "adjudications"))
    ]
    for holder, part in holders:
        for number, group in enumerate(objects_of(part, "adjustments")):
            for which, reason in enumerate(objects_of(group, "reasons")):
                yield f"{holder}.adjustments[{number}].reasons[{which}]", holder, text_of(group, "group"), reason
