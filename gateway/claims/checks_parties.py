"""Edits of identifiers, addresses and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gateway.claims.hits import Hit, only_with
from gateway.claims.view import Leaf, View, object_of, objects_of, text_of

_MBI = re.compile(r"[1-9][AC-HJ-KM-NP-RT-Y][AC-HJ-KM-NP-RT-Y0-9]\d[AC-HJ-KM-NP-RT-Y][AC-HJ-KM-NP-RT-Y0-9]\d"
                  r"[AC-HJ-KM-NP-RT-Y]{2}\d\d", re.ASCII)  # fmt: skip
_PO_BOX = re.compile(
    r"\b(?:P\W*[O0]\W*B(?:OX)?\b\W*(?:NO\W*)?#?\W*\d|P\W*[O0]\W*BOX\b|POST\s*OFFICE\s*BOX\b|LOCK\s*BOX\b)", re.I
)
_ZIP = re.compile(r"\d{5}(?:\d{4})?", re.ASCII)
_SHORT_ZIP = re.compile(r"\d{5}", re.ASCII)
_TAXONOMY = re.compile(r"[0-9A-Z]{10}", re.ASCII | re.I)
_NINE = re.compile(r"\d{9}", re.ASCII)
_TELEPHONE = re.compile(r"\d{10}", re.ASCII)
_AT_HOME = ("", "US", "USA")
_PEOPLE = ("rendering_provider", "supervising_provider", "attending_provider", "operating_provider",
           "other_operating_provider", "assistant_surgeon", "ordering_provider")  # fmt: skip


# Identifiers


@only_with("npi")
def npi_check(view: View) -> Iterator[Hit]:
    """Ten digits, the first 1 or 2, with the Luhn check digit over 80840 and them."""
    for leaf in view.named("npi"):
        if not is_npi(leaf.value):
            yield Hit(leaf.path)


@lru_cache(maxsize=10_000)
def is_npi(text: str) -> bool:
    """Whether a text has the form and the check digit of an NPI."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or text[0] not in "12":
        return False
    total = 24
    for place, digit in enumerate(text):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def npi_missing(view: View) -> Iterator[Hit]:
    """A billing provider without NPI is known to the payer by a number of the payer's own (REF*G2 in 2010BB)."""
    if not text_of(view.billing, "npi") and not objects_of(view.payer, "billing_provider_ids"):
        yield Hit("billing_provider.npi")


@only_with(*_PEOPLE)
def provider_npi_missing(view: View) -> Iterator[Hit]:
    """Other providers are known by NPI, or by some other number."""
    holders = [("", view.document), *((f"lines[{place}].", line) for place, line in enumerate(view.lines))]
    for path, holder in holders:
        for name in _PEOPLE:
            provider = object_of(holder, name)
            if provider and not text_of(provider, "npi") and not objects_of(provider, "secondary_ids"):
                yield Hit(f"{path}{name}.npi", name.replace("_", " "))


def tax_id(view: View) -> Iterator[Hit]:
    """Nine digits without hyphen, employer number or social security number."""
    for leaf in view.named("tax_id", "ssn"):
        if not _NINE.fullmatch(leaf.value):
            yield Hit(leaf.path)


def tax_id_dummy(view: View) -> Iterator[Hit]:
    """One digit nine times, or the digits in order, is nobody's number."""
    for leaf in view.named("tax_id", "ssn"):
        if len(set(leaf.value)) == 1 or leaf.value == "123456789":
            yield Hit(leaf.path)


@only_with("taxonomy")
def taxonomy(view: View) -> Iterator[Hit]:
    """Ten letters and digits."""
    for leaf in view.named("taxonomy"):
        if not _TAXONOMY.fullmatch(leaf.value):
            yield Hit(leaf.path)


def medicare_number(view: View) -> Iterator[Hit]:
    """The eleven signs of a Medicare beneficiary identifier, each of its kind."""
    number = text_of(view.subscriber, "member_id")
    if view.is_medicare and number and not _MBI.fullmatch(number.upper()):
        yield Hit("subscriber.member_id")


@only_with("numbers")
def telephone(view: View) -> Iterator[Hit]:
    """Ten digits, area code first, without signs."""
    for leaf in view.named("number"):
        if ".numbers[" not in leaf.path:
            continue
        kind = view.by_path.get(f"{leaf.path.removesuffix('number')}type", "")
        if kind in ("TE", "FX") and not _TELEPHONE.fullmatch(leaf.value):
            yield Hit(leaf.path)


# Addresses


def zip_plus_four(view: View) -> Iterator[Hit]:
    """Nine digits for the billing provider and the service facility, in the United States."""
    holders = [("billing_provider", view.billing), ("service_facility", object_of(view.document, "service_facility"))]
    holders += [
        (f"lines[{place}].service_facility", line["service_facility"])
        for place, line in enumerate(view.lines)
        if "service_facility" in line
    ]
    for path, party in holders:
        address = object_of(party, "address")
        code = text_of(address, "postal_code")
        if text_of(address, "country") in _AT_HOME and _SHORT_ZIP.fullmatch(code):
            yield Hit(f"{path}.address.postal_code")


def zip_format(view: View) -> Iterator[Hit]:
    """Five or nine digits without hyphen in the United States."""
    for leaf in view.named("postal_code"):
        if not _ZIP.fullmatch(leaf.value) and _is_at_home(view, leaf):
            yield Hit(leaf.path)


def _is_at_home(view: View, leaf: Leaf) -> bool:
    """Whether the address that a text is of lies in the United States."""
    return view.by_path.get(f"{leaf.path.removesuffix(leaf.name)}country", "") in _AT_HOME


@only_with("city")
def state_missing(view: View) -> Iterator[Hit]:
    """An address in the United States has a state and a ZIP code."""
    there = {leaf.path for leaf in view.named("state", "postal_code") if leaf.value}
    for leaf in view.named("city"):
        start = leaf.path.removesuffix("city")
        for name, word in (("state", "state"), ("postal_code", "ZIP code")):
            if start + name not in there and _is_at_home(view, leaf):
                yield Hit(start + name, word)


@only_with("country")
def country_needless(view: View) -> Iterator[Hit]:
    """A country is named only outside the United States."""
    for leaf in view.named("country"):
        if leaf.value in _AT_HOME:
            yield Hit(leaf.path)


def po_box(view: View) -> Iterator[Hit]:
    """The billing provider's address is a street; a box belongs in the pay-to address."""
    address = object_of(view.billing, "address")
    for name in ("line1", "line2"):
        if _PO_BOX.search(text_of(address, name)):
            yield Hit(f"billing_provider.address.{name}")


# People


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


def first_name_missing(view: View) -> Iterator[Hit]:
    """Nearly everybody has a given name."""
    for name, person in (("subscriber", view.subscriber), ("patient", view.patient)):
        if text_of(person, "last_name") and not text_of(person, "first_name"):
            yield Hit(f"{name}.first_name", name)


def medicare_patient(view: View) -> Iterator[Hit]:
    """Medicare insures nobody but the patient."""
    if view.is_medicare and view.patient:
        yield Hit("patient")


def medicare_group(view: View) -> Iterator[Hit]:
    """Medicare has no groups."""
    for name in ("group_number", "group_name"):
        if view.is_medicare and view.order == "P" and text_of(view.subscriber, name):
            yield Hit(f"subscriber.{name}")


def filing_indicator_missing(view: View) -> Iterator[Hit]:
    """What kind of coverage it is (SBR09)."""
    if not view.filing_indicator:
        yield Hit("subscriber.filing_indicator")


def casualty_number(view: View) -> Iterator[Hit]:
    """Workers' compensation and auto insurance know a case by its claim number."""
    holder, name = (view.patient, "patient") if view.patient else (view.subscriber, "subscriber")
    if view.filing_indicator in ("WC", "AM") and not text_of(holder, "property_casualty_claim_number"):
        yield Hit(f"{name}.property_casualty_claim_number")


@only_with("rendering_provider")
def rendering_is_billing(view: View) -> Iterator[Hit]:
    """A rendering provider is named only where it is another than the billing provider."""
    number = text_of(view.document, "rendering_provider", "npi")
    if number and number == text_of(view.billing, "npi"):
        yield Hit("rendering_provider.npi")


@only_with("rendering_provider")
def rendering_repeated(view: View) -> Iterator[Hit]:
    """A line names a rendering provider only where it is another than the claim's."""
    number = text_of(view.document, "rendering_provider", "npi")
    for place, line in enumerate(view.lines):
        if number and text_of(line, "rendering_provider", "npi") == number:
            yield Hit(f"lines[{place}].rendering_provider.npi", f"line {place + 1}")


@only_with("service_facility")
def facility_is_billing(view: View) -> Iterator[Hit]:
    """A service facility is named only where it is another than the billing provider."""
    number = text_of(view.document, "service_facility", "npi")
    if number and number == text_of(view.billing, "npi"):
        yield Hit("service_facility.npi")
