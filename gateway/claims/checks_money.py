"""Edits of amounts and quantities: sums are exact, nothing is negative, nothing has a third decimal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.claims.amounts import amount, cents
from gateway.claims.hits import Hit, only_with
from gateway.claims.view import Leaf, View, objects_of, text_of

AMOUNTS = frozenset({"charge", "patient_paid", "amount", "paid", "non_covered", "remaining_patient_liability",
                     "rental_price", "purchase_price", "allowed_amount", "saving_amount", "group_amount",
                     "patient_amount_due", "sales_tax", "service_tax", "facility_tax", "postage",
                     "non_covered_charge"})  # fmt: skip
_MOST = 9_999_999_999  # cents: ten digits
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


def charge_sum(view: View) -> Iterator[Hit]:
    """CLM02 is the sum of the lines' charges."""
    charge = cents(text_of(view.document, "charge"))
    lines = [cents(text_of(line, "charge")) for line in view.lines]
    known = [value for value in lines if value is not None]
    if charge is not None and lines and len(known) == len(lines) and sum(known) != charge:
        yield Hit("charge", f"{amount(charge)} is not {amount(sum(known))}, the sum of the lines")


def amount_negative(view: View) -> Iterator[Hit]:
    """No charge or payment is below zero; adjustments of other payers may be."""
    for leaf in view.once(_amounts):
        if leaf.value.startswith("-") and not (leaf.name == "amount" and "adjustments" in leaf.path):
            yield Hit(leaf.path)


def amount_decimals(view: View) -> Iterator[Hit]:
    """An amount is a plain number with at most two decimals."""
    for leaf in view.once(_amounts):
        if cents(leaf.value) is None:
            yield Hit(leaf.path)


def amount_long(view: View) -> Iterator[Hit]:
    """An amount has at most ten digits, two of them cents."""
    for leaf in view.once(_amounts):
        if len(leaf.value) > 9 and abs(cents(leaf.value) or 0) > _MOST:
            yield Hit(leaf.path)


def _amounts(view: View) -> list[Leaf]:
    return [leaf for name, leaves in view.by_name.items() if name in AMOUNTS for leaf in leaves]


@only_with("patient_paid")
def patient_paid_more(view: View) -> Iterator[Hit]:
    """The patient cannot have paid more than was charged."""
    paid, charge = cents(text_of(view.document, "patient_paid")), cents(text_of(view.document, "charge"))
    if paid is not None and charge is not None and paid > charge:
        yield Hit("patient_paid", f"{amount(paid)} paid, {amount(charge)} charged")


@only_with("non_covered_charge")
def non_covered_more(view: View) -> Iterator[Hit]:
    """The part of a charge that is not covered is at most the charge."""
    for place, line in enumerate(view.lines):
        part, charge = cents(text_of(line, "non_covered_charge")), cents(text_of(line, "charge"))
        if part is not None and charge is not None and part > charge:
            yield Hit(f"lines[{place}].non_covered_charge", f"line {place + 1}")


def charge_zero(view: View) -> Iterator[Hit]:
    """A claim that asks for nothing is unusual."""
    if (
        cents(text_of(view.document, "charge")) == 0
        and text_of(view.document, "transaction", "claim_or_encounter") == "CH"
    ):
        yield Hit("charge")


def quantity_positive(view: View) -> Iterator[Hit]:
    """Units of service are above zero."""
    for place, line in enumerate(view.lines):
        quantity = text_of(line, "quantity")
        is_zero = _NUMBER.fullmatch(quantity) is not None and not quantity.strip("-0.")
        if is_zero or quantity.startswith("-"):
            yield Hit(f"lines[{place}].quantity", f"line {place + 1}")


@only_with("adjudications")
def other_payer_line_balance(view: View) -> Iterator[Hit]:
    """What another payer paid and adjusted on a line makes up its charge (2430)."""
    for place, line in view.adjudicated:
        charge = cents(text_of(line, "charge"))
        payers: dict[str, list[int | None]] = {}
        for part in objects_of(line, "adjudications"):
            payers.setdefault(text_of(part, "payer_id"), []).append(_paid_and_adjusted(part))
        for parts in payers.values():
            total = _sum(parts)
            if charge is not None and total is not None and total != charge:
                text = f"line {place + 1}: {amount(total)} paid and adjusted, {amount(charge)} charged"
                yield Hit(f"lines[{place}].adjudications", text)


@only_with("other_payers")
def other_payer_claim_balance(view: View) -> Iterator[Hit]:
    """What another payer paid, with all its adjustments of claim and lines, makes up the charge (2320)."""
    charge = cents(text_of(view.document, "charge"))
    for place, other in enumerate(view.other_payers):
        if "paid" not in other or charge is None:
            continue
        payer = text_of(other, "payer", "id")
        lines = [
            _adjusted(part)
            for _, line in view.adjudicated
            for part in objects_of(line, "adjudications")
            if text_of(part, "payer_id") == payer
        ]
        if not lines and not objects_of(other, "adjustments"):
            continue
        total = _sum([cents(text_of(other, "paid")), _adjusted(other), *lines])
        if total is not None and total != charge:
            yield Hit(f"other_payers[{place}].paid", f"{amount(total)} paid and adjusted, {amount(charge)} charged")


def _paid_and_adjusted(part: dict[str, object]) -> int | None:
    return _sum([cents(text_of(part, "paid")), _adjusted(part)])


def _adjusted(part: dict[str, object]) -> int | None:
    reasons = (reason for group in objects_of(part, "adjustments") for reason in objects_of(group, "reasons"))
    return _sum([cents(text_of(reason, "amount")) for reason in reasons])


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
