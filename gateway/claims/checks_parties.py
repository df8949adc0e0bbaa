"""Edits of identifiers, addresses and people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.claims.hits import Hit
from gateway.claims.view import View, object_of, text_of

_MBI = re.compile(r"[1-9][AC-HJ-KM-NP-RT-Y][AC-HJ-KM-NP-RT-Y0-9]\d[AC-HJ-KM-NP-RT-Y][AC-HJ-KM-NP-RT-Y0-9]\d"
                  r"[AC-HJ-KM-NP-RT-Y]{2}\d\d", re.ASCII)  # fmt: skip
_PO_BOX = re.compile(
    r"\b(?:P\W*[O0]\W*B(?:OX)?\b\W*(?:NO\W*)?#?\W*\d|P\W*[O0]\W*BOX\b|POST\s*OFFICE\s*BOX\b|LOCK\s*BOX\b)", re.I
)
_ZIP = re.compile(r"\d{5}(?:\d{4})?", re.ASCII)
_TAXONOMY = re.compile(r"[0-9A-Z]{10}", re.ASCII | re.I)
_NINE = re.compile(r"\d{9}", re.ASCII)
_AT_HOME = ("", "US", "USA")


def npi_check(view: View) -> Iterator[Hit]:
    """Ten digits, the first 1 or 2, with the Luhn check digit over 80840 and them."""
    for leaf in view.leaves:
        if leaf.name == "npi" and not is_npi(leaf.value):
            yield Hit(leaf.path)


def is_npi(text: str) -> bool:
    """Whether a text has the form and the check digit of an NPI."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or text[0] not in "12":
        return False
    total = 24
    for place, digit in enumerate(text):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def tax_id(view: View) -> Iterator[Hit]:
    """Nine digits without hyphen, employer number or social security number."""
    for leaf in view.leaves:
        if leaf.name in ("tax_id", "ssn") and not _NINE.fullmatch(leaf.value):
            yield Hit(leaf.path)


def tax_id_dummy(view: View) -> Iterator[Hit]:
    """One digit nine times, or the digits in order, is nobody's number."""
    for leaf in view.leaves:
        if leaf.name in ("tax_id", "ssn") and (len(set(leaf.value)) == 1 or leaf.value == "123456789"):
            yield Hit(leaf.path)


def taxonomy(view: View) -> Iterator[Hit]:
    """Ten letters and digits."""
    for leaf in view.leaves:
        if leaf.name == "taxonomy" and not _TAXONOMY.fullmatch(leaf.value):
            yield Hit(leaf.path)


def medicare_number(view: View) -> Iterator[Hit]:
    """The eleven signs of a Medicare beneficiary identifier, each of its kind."""
    number = text_of(view.subscriber, "member_id")
    if view.is_medicare and number and not _MBI.fullmatch(number.upper()):
        yield Hit("subscriber.member_id")


def zip_plus_four(view: View) -> Iterator[Hit]:
    """Nine digits for the billing provider and the service facility, in the United States."""
    for name in ("billing_provider", "service_facility"):
        address = object_of(object_of(view.document, name), "address")
        code = text_of(address, "postal_code")
        if text_of(address, "country") in _AT_HOME and re.fullmatch(r"\d{5}", code, re.ASCII):
            yield Hit(f"{name}.address.postal_code")


def zip_format(view: View) -> Iterator[Hit]:
    """Five or nine digits without hyphen in the United States."""
    for leaf in view.leaves:
        if leaf.name == "postal_code" and not _ZIP.fullmatch(leaf.value) and _is_at_home(view, leaf.path):
            yield Hit(leaf.path)


def _is_at_home(view: View, path: str) -> bool:
    country = path.removesuffix("postal_code") + "country"
    return next((leaf.value for leaf in view.leaves if leaf.path == country), "") in _AT_HOME


def po_box(view: View) -> Iterator[Hit]:
    """The billing provider's address is a street; a box belongs in the pay-to address."""
    address = object_of(view.billing, "address")
    for name in ("line1", "line2"):
        if _PO_BOX.search(text_of(address, name)):
            yield Hit(f"billing_provider.address.{name}")


def subscriber_as_patient(view: View) -> Iterator[Hit]:
    """A subscriber who is the patient needs address, birth date and gender."""
    if view.patient or text_of(view.subscriber, "organization"):
        return
    for name in ("address", "birth_date", "gender"):
        if name not in view.subscriber:
            yield Hit(f"subscriber.{name}", name.replace("_", " "))


def patient_or_subscriber(view: View) -> Iterator[Hit]:
    """Either the subscriber is the patient (18), or there is a patient."""
    is_self = text_of(view.subscriber, "relationship") == "18"
    if is_self and view.patient:
        yield Hit(
            "subscriber.relationship", "the subscriber is said to be the patient (18), and a patient is named too"
        )
    if not is_self and not view.patient:
        yield Hit("patient", "no patient is named, and the subscriber is not said to be the patient (18)")


def rendering_is_billing(view: View) -> Iterator[Hit]:
    """A rendering provider is named only where it is another than the billing provider."""
    number = text_of(view.document, "rendering_provider", "npi")
    if number and number == text_of(view.billing, "npi"):
        yield Hit("rendering_provider.npi")


def payer_order(view: View) -> Iterator[Hit]:
    """No two payers of one claim have the same place in the order."""
    seen = {text_of(view.subscriber, "payer_responsibility")}
    for place, other in enumerate(view.other_payers):
        order = text_of(other, "payer_responsibility")
        if order in seen and order not in ("", "U"):
            yield Hit(f"other_payers[{place}].payer_responsibility")
        seen.add(order)


def adjudication_payer(view: View) -> Iterator[Hit]:
    """A line's adjudication names one of the other payers of the claim (SVD01 = 2330B NM109)."""
    known = {text_of(other, "payer", "id") for other in view.other_payers}
    for place, line in enumerate(view.lines):
        for number, part in enumerate(line.get("adjudications") or ()):
            if text_of(part, "payer_id") not in known:
                yield Hit(f"lines[{place}].adjudications[{number}].payer_id", f"line {place + 1}")
