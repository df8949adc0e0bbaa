"""What the rest of the gateway asks of a canonical claim: its summary, its content as a hash, its text for the store.

A canonical claim is a plain document (dict of text, lists and objects), since hundreds of fields are optional. What
makes it a claim at all is checked here; everything else is the business of the guide and the edits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.claims.amounts import cents
from gateway.claims.completion import Defaults, Document, reduced
from gateway.claims.findings import Finding

TYPES = ("professional", "institutional", "dental")
_ENVELOPE = ("submitter", "receiver")  # who sends it, not what it says
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SCALARS = ("patient_control_number", "charge", "billing_provider.npi")  # faults of one value, not of the shape
_NO_PAY = ("0", "A")  # institutional frequencies of bills that ask for no payment
_PREDETERMINATION = "PB"  # CLM19


@dataclass(frozen=True, slots=True)
class Summary:
    """What identifies a claim and what lists show of it. Amounts in cents, dates as YYYY-MM-DD or empty."""

    type: str  # professional, institutional, dental
    patient_control_number: str  # CLM01
    billing_key: str  # billing provider: NPI, else tax id
    billing_name: str
    frequency: str  # CLM05-3
    payer_responsibility: str  # SBR01
    payer_id: str  # 2010BB NM109
    payer_name: str
    member_id: str  # 2010BA NM109
    charge: int  # CLM02
    service_from: str
    service_to: str
    purpose: str  # BHT02
    claim_or_encounter: str  # BHT06
    has_money: bool  # not an encounter, a predetermination or a no-pay bill


def summarize(document: Document) -> Summary:
    """The summary of a completed document that `faults` found nothing in."""
    subscriber, payer = _object(document, "subscriber"), _object(document, "payer")
    transaction = _object(document, "transaction")
    first, last = service_dates(document)
    return Summary(
        type=document["type"],
        patient_control_number=document["patient_control_number"],
        billing_key=billing_key(document),
        billing_name=_shown(party_name(_object(document, "billing_provider"))),
        frequency=_text(document, "frequency"),
        payer_responsibility=_text(subscriber, "payer_responsibility"),
        payer_id=_shown(_text(payer, "id")),
        payer_name=_shown(party_name(payer)),
        member_id=_shown(_text(subscriber, "member_id")),
        charge=cents(document["charge"]) or 0,
        service_from=first,
        service_to=last,
        purpose=_text(transaction, "purpose"),
        claim_or_encounter=_text(transaction, "claim_or_encounter"),
        has_money=_has_money(document),
    )


def faults(document: Document) -> list[Finding]:
    """Why a completed document cannot be taken as a claim at all: it is not stored, not even held."""
    found = [_fault(field, text) for field, text in _identity(document)]
    subscriber, transaction = _object(document, "subscriber"), _object(document, "transaction")
    for holder, name, at_most in (
        (document, "frequency", 1),
        (subscriber, "payer_responsibility", 1),
        (transaction, "purpose", 2),
        (transaction, "claim_or_encounter", 2),
    ):
        if len(_text(holder, name)) > at_most or _CONTROL.search(_text(holder, name)):
            found.append(_fault(name, f"must have at most {at_most} character{'s' if at_most > 1 else ''}"))
    return found


def is_legible(document: Document) -> bool:
    """Whether guide and edits can judge the rest of a document that is no claim: its type is known and its lists and
    objects are such."""
    is_known = document.get("type") in TYPES
    return is_known and not any(field not in _SCALARS for field, _ in _identity(document))


def _identity(document: Document) -> Iterable[tuple[str, str]]:
    if document.get("type") not in TYPES:
        yield "type", f"is missing or unknown: say one of {', '.join(TYPES)}"
    number = document.get("patient_control_number")
    if not isinstance(number, str) or not number.strip() or len(number) > 50 or _CONTROL.search(number):
        yield "patient_control_number", "is missing, or no plain text of at most 50 characters"
    if cents(document.get("charge")) is None:
        yield "charge", 'is missing or no amount such as "240.00"'
    if not (key := billing_key(document)) or len(key) > 80 or _CONTROL.search(key):
        yield "billing_provider.npi", "neither an NPI nor a tax id says whose claim this is"
    for name, kind, word in (("billing_provider", dict, "an object"), ("subscriber", dict, "an object"),
                             ("payer", dict, "an object"), ("patient", dict, "an object"),
                             ("transaction", dict, "an object"), ("lines", list, "a list"),
                             ("diagnoses", list, "a list"), ("other_payers", list, "a list")):  # fmt: skip
        if name in document and not isinstance(document[name], kind):
            yield name, f"must be {word}"
        elif kind is list and not all(isinstance(item, dict) for item in document.get(name, [])):
            yield name, "must be a list of objects"


def _fault(field: str, text: str) -> Finding:
    return Finding("not_a_claim", "error", field, text)


def billing_key(document: Document) -> str:
    """Who bills: the NPI of the billing provider, else the tax id (or SSN); empty where there is none."""
    provider = _object(document, "billing_provider")
    return next((value for name in ("npi", "tax_id", "ssn") if (value := _text(provider, name))), "")


def party_name(party: Document) -> str:
    """The name of an organisation or a person, for lists."""
    last = _text(party, "organization") or _text(party, "name") or _text(party, "last_name")
    return ", ".join(part for part in (last, _text(party, "first_name")) if part)


def service_dates(document: Document) -> tuple[str, str]:
    """First and last day of service: the statement period, else the lines, else the claim; empty where unknown."""
    for texts in (
        [_text(document, "statement_period")],
        [_text(line, "service_date") for line in document.get("lines", ()) if isinstance(line, dict)],
        [_text(document, "service_date")],
    ):
        if days := sorted(day for text in texts for part in text.split("/") if _DAY.fullmatch(day := part[:10])):
            return days[0], days[-1]
    return "", ""


def _has_money(document: Document) -> bool:
    if _text(_object(document, "transaction"), "claim_or_encounter") == "RP":
        return False
    if document["type"] == "institutional" and _text(document, "frequency") in _NO_PAY:
        return False
    return _text(document, "submission_reason") != _PREDETERMINATION


def content_hash(completed: Document, defaults: Defaults) -> str:
    """SHA-256 of what a completed document says: without envelope, completion, letter case or the order of keys."""
    content = {key: value for key, value in reduced(completed, defaults).items() if key not in _ENVELOPE}
    return hashlib.sha256(_SORTED.encode(content).upper().encode()).hexdigest()


def to_json(document: Document) -> str:
    """The document as the store keeps it."""
    return _COMPACT.encode(document)


def _object(document: Document, name: str) -> Document:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _text(holder: Document, name: str) -> str:
    found = holder.get(name)
    return found if isinstance(found, str) else ""


def _shown(text: str) -> str:
    """At most 80 characters without control characters: what the columns of the store take."""
    return _CONTROL.sub(" ", text)[:80]
