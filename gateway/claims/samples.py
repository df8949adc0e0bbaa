"""Invented professional claims for the demonstration, for tests and for measuring: nobody in them exists.

The same count, seed and date give the same claims. NPIs and Medicare numbers have the right form, so that what is
made here passes the edits.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple, TextIO

from gateway.claims.amounts import amount
from gateway.claims.completion import Document

_LAST = ("ALDERWICK", "BRAMLEY", "CASTLETON", "DUNMORE", "ELLERBY", "FAIRGRIEVE", "GARROWAY", "HOLLINDALE", "INGLEBY",
         "JESSAMINE", "KIRKLAND-ROWE", "LINDQVIST", "MARCHBANK", "NETHERCOTT", "OAKSHOTT", "PEMBERLEY", "QUILLFEATHER",
         "ROSEDALE", "STANHOPE", "THISTLEWOOD", "UNDERHAY", "VALECOURT", "WETHERSFIELD", "YARDLEY")  # fmt: skip
_FIRST = {
    "F": ("ADA", "BEATRIX", "CORA", "DELIA", "EDITH", "FLORA", "GRETA", "HAZEL", "IMOGEN", "JUNE", "LENORA", "MABEL"),
    "M": (
        "AMOS",
        "BASIL",
        "CLYDE",
        "DORIAN",
        "EMMETT",
        "FELIX",
        "GIDEON",
        "HECTOR",
        "IVOR",
        "JASPER",
        "LEANDER",
        "MILO",
    ),
}
_STREETS = ("MAPLE STREET", "OAK AVENUE", "HARBOR ROAD", "MILL LANE", "CHERRY COURT", "RIVER DRIVE", "STATION ROAD")
_CITIES = (("EASTHAVEN", "NY", "10999"), ("MILLBROOK FALLS", "NJ", "07999"), ("NORTHGATE", "PA", "19999"))


class _Practice(NamedTuple):
    name: str
    npi: str
    tax_id: str
    taxonomy: str
    street: str
    doctors: tuple[tuple[str, str, str], ...]  # last name, first name, NPI


class _Payer(NamedTuple):
    id: str
    name: str
    filing: str


def npi(stem: int) -> str:
    """An NPI of the right form: nine digits that begin with 1, and the check digit over 80840 and them."""
    digits = f"{100_000_000 + stem % 100_000_000:09}"
    total = 24
    for place, digit in enumerate(digits):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


def _practice(place: int, name: str, taxonomy: str, street: str) -> _Practice:
    stem = 99_900_000 + 100 * place
    doctors = tuple(
        (_LAST[3 * place + one], _FIRST["F" if one else "M"][place], npi(stem + 1 + one)) for one in range(3)
    )
    return _Practice(name, npi(stem), f"90{place}123456", taxonomy, f"{100 + place} {street}", doctors)


_PRACTICES = (
    _practice(0, "LAKEVIEW FAMILY MEDICINE", "207Q00000X", "LAKEVIEW PLAZA"),
    _practice(1, "HARBOR INTERNAL MEDICINE", "207R00000X", "HARBOR ROAD"),
    _practice(2, "SUMMIT PHYSICAL THERAPY", "225100000X", "SUMMIT AVENUE"),
    _practice(3, "GREENFIELD PEDIATRICS", "208000000X", "GREENFIELD WAY"),
)
_MEDICARE = _Payer("99100", "EXAMPLE MEDICARE PART B", "MB")
_PAYERS = (
    _Payer("99001", "EVERGREEN HEALTH PLAN", "CI"),
    _Payer("99002", "BLUE HARBOR INSURANCE", "BL"),
    _Payer("99003", "UNION MUTUAL HMO", "HM"),
    _Payer("99004", "EXAMPLE STATE MEDICAID", "MC"),
    _MEDICARE,
)
_DIAGNOSES = ("I10", "E119", "J45909", "M5450", "J029", "K219", "F411", "Z0000", "R059", "N390", "E785", "M25561")
_VISITS = (("99212", 8500), ("99213", 12500), ("99214", 18500), ("99215", 24000))
_SERVICES = (("85025", 3200), ("80053", 4450), ("36415", 1500), ("93000", 6200), ("71046", 9800), ("97110", 5475),
             ("81002", 1225), ("G0439", 17500), ("96372", 4000), ("94640", 3550))  # fmt: skip
_DRUGS = (
    ("J1885", "00999123401", "ML", 1875),
    ("J3301", "00999456702", "ML", 2240),
    ("J0696", "00999789003", "UN", 2650),
)
_MEMBER_LETTERS = "ACDEFGHJKMNPQRTUVWXY"


def sample_claims(count: int, seed: int, start_date: date) -> Iterator[Document]:
    """That many professional claims; services lie on the ten days from `start_date` on."""
    chance = Random(seed)  # noqa: S311 - invented data, nothing secret
    for number in range(1, count + 1):
        yield _claim(chance, f"S{seed:02}{number:07}", start_date + timedelta(days=number % 10))


def _claim(chance: Random, number: str, day: date) -> Document:
    practice, payer = chance.choice(_PRACTICES), chance.choice(_PAYERS)
    diagnoses = chance.sample(_DIAGNOSES, chance.choice((1, 1, 2, 2, 3, 4)))
    lines = _lines(chance, day, len(diagnoses))
    subscriber, patient = _people(chance, payer, day)
    doctor = practice.doctors[chance.randrange(len(practice.doctors))]
    claim: Document = {
        "type": "professional",
        "patient_control_number": number,
        "charge": amount(sum(cents for _, cents in lines)),
        "place_of_service": chance.choice(("11", "11", "11", "22")),
        "frequency": "1",
        "billing_provider": {
            "organization": practice.name,
            "npi": practice.npi,
            "tax_id": practice.tax_id,
            "taxonomy": practice.taxonomy,
            "address": _address(practice.street, *_CITIES[0], "1234"),
        },
        "rendering_provider": _person(*doctor) | {"taxonomy": practice.taxonomy},
        "subscriber": subscriber,
        "payer": {"name": payer.name, "id": payer.id},
        "diagnoses": [{"code": code} for code in diagnoses],
        "lines": [line for line, _ in lines],
    }
    if patient:
        claim["patient"] = patient
    tests = [line["procedure"]["code"][0] for line, _ in lines]
    is_ordered = payer is _MEDICARE and ("7" in tests or "8" in tests)  # Medicare asks who ordered tests and images
    if chance.random() < 0.2 or is_ordered:
        claim["referring_providers"] = [{"type": "DN"} | _person("WELLBORNE", "OCTAVIA", npi(99_950_000))]
    if "8" in tests and payer.filing in ("MB", "MC"):
        claim["clia_number"] = "99D9990001"
    if chance.random() < 0.15:
        claim["prior_authorization"] = f"PA{chance.randrange(10**7):07}"
    if chance.random() < 0.1:
        claim["patient_paid"] = "20.00"
    return claim


def _person(last: str, first: str, identifier: str) -> Document:
    return {"last_name": last, "first_name": first, "npi": identifier}


def _address(street: str, city: str, state: str, postal_code: str, more: str = "") -> Document:
    return {"line1": street, "city": city, "state": state, "postal_code": postal_code + more}


def _people(chance: Random, payer: _Payer, day: date) -> tuple[Document, Document | None]:
    """The subscriber, and the patient where that is somebody else (never with Medicare)."""
    last = chance.choice(_LAST)
    home = _address(f"{chance.randrange(1, 999)} {chance.choice(_STREETS)}", *chance.choice(_CITIES))
    relation = "18" if payer is _MEDICARE or chance.random() < 0.7 else chance.choice(("01", "19"))
    age = chance.randrange(66, 92) if payer is _MEDICARE else chance.randrange(25, 64)
    subscriber = {
        "payer_responsibility": "P",
        "filing_indicator": payer.filing,
        "member_id": _medicare_number(chance) if payer is _MEDICARE else f"EX{chance.randrange(10**9):09}",
        **_human(chance, last, home, _birthday(chance, day, age)),
    }
    if payer.filing in ("CI", "BL", "HM"):
        subscriber["group_number"] = f"G{chance.randrange(10**5):05}"
    if relation == "18":
        return subscriber | {"relationship": "18"}, None
    born = _birthday(chance, day, chance.randrange(1, 18) if relation == "19" else age)
    return subscriber, {"relationship": relation} | _human(chance, last, home, born)


def _human(chance: Random, last: str, home: Document, born: date) -> Document:
    gender = chance.choice("FM")
    return {
        "last_name": last,
        "first_name": chance.choice(_FIRST[gender]),
        "birth_date": born.isoformat(),
        "gender": gender,
        "address": dict(home),
    }


def _birthday(chance: Random, day: date, age: int) -> date:
    return date(day.year - age, 1, 1) - timedelta(days=chance.randrange(1, 365))


def _medicare_number(chance: Random) -> str:
    """Eleven signs in the pattern of a Medicare beneficiary identifier."""
    kinds = {"C": "123456789", "N": "0123456789", "A": _MEMBER_LETTERS, "M": _MEMBER_LETTERS + "0123456789"}
    return "".join(chance.choice(kinds[kind]) for kind in "CAMNAMNAANN")


def _lines(chance: Random, day: date, diagnoses: int) -> list[tuple[Document, int]]:
    """One visit and up to five further services, each with its charge in cents."""
    code, price = chance.choice(_VISITS)
    further = chance.sample(_SERVICES, chance.choice((0, 0, 1, 1, 2, 3, 4)))
    lines = [_line(code, price, 1, day, _pointers(chance, diagnoses), ["25"] if further else [])]
    for code, price in further:
        units = chance.choice((1, 1, 1, 2, 4)) if code == "97110" else 1
        lines.append(_line(code, price, units, day, _pointers(chance, diagnoses), ["GP"] if code == "97110" else []))
    if chance.random() < 0.15:
        code, ndc, unit, price = chance.choice(_DRUGS)
        line, cents = _line(code, price, 2, day, _pointers(chance, diagnoses), [])
        lines.append(
            (line | {"drug": {"code": ndc, "quantity": chance.choice(("1", "2", "0.5")), "unit": unit}}, cents)
        )
    return lines


def _line(
    code: str, price: int, units: int, day: date, pointers: list[str], modifiers: list[str]
) -> tuple[Document, int]:
    procedure: Document = {"code": code}
    if modifiers:
        procedure["modifiers"] = modifiers
    return {
        "procedure": procedure,
        "charge": amount(price * units),
        "unit": "UN",
        "quantity": str(units),
        "diagnosis_pointers": pointers,
        "service_date": day.isoformat(),
    }, price * units


def _pointers(chance: Random, diagnoses: int) -> list[str]:
    return [str(one) for one in sorted(chance.sample(range(1, diagnoses + 1), chance.randint(1, min(diagnoses, 4))))]


_CLAIM_COLUMNS = {
    "claim_number": "patient_control_number", "charge": "charge", "place_of_service": "place_of_service",
    "billing_name": "billing_provider.organization", "billing_npi": "billing_provider.npi",
    "billing_tax_id": "billing_provider.tax_id", "billing_taxonomy": "billing_provider.taxonomy",
    "billing_street": "billing_provider.address.line1", "billing_city": "billing_provider.address.city",
    "billing_state": "billing_provider.address.state", "billing_zip": "billing_provider.address.postal_code",
    "rendering_last": "rendering_provider.last_name", "rendering_first": "rendering_provider.first_name",
    "rendering_npi": "rendering_provider.npi", "rendering_taxonomy": "rendering_provider.taxonomy",
    "referring_last": "referring_providers.0.last_name", "referring_first": "referring_providers.0.first_name",
    "referring_npi": "referring_providers.0.npi",
    "payer_id": "payer.id", "payer_name": "payer.name", "filing_indicator": "subscriber.filing_indicator",
    "member_id": "subscriber.member_id", "group_number": "subscriber.group_number",
    "relationship": "patient.relationship",
    "subscriber_last": "subscriber.last_name", "subscriber_first": "subscriber.first_name",
    "subscriber_birth_date": "subscriber.birth_date", "subscriber_gender": "subscriber.gender",
    "subscriber_street": "subscriber.address.line1", "subscriber_city": "subscriber.address.city",
    "subscriber_state": "subscriber.address.state", "subscriber_zip": "subscriber.address.postal_code",
    "patient_last": "patient.last_name", "patient_first": "patient.first_name",
    "patient_birth_date": "patient.birth_date", "patient_gender": "patient.gender",
    "patient_street": "patient.address.line1", "patient_city": "patient.address.city",
    "patient_state": "patient.address.state", "patient_zip": "patient.address.postal_code",
    "prior_authorization": "prior_authorization", "patient_paid": "patient_paid", "clia_number": "clia_number",
    "diagnoses": "diagnoses",
}  # fmt: skip
_LINE_COLUMNS = {
    "service_date": "service_date", "procedure": "procedure.code", "modifiers": "procedure.modifiers",
    "pointers": "diagnosis_pointers", "units": "quantity", "line_charge": "charge",
    "ndc": "drug.code", "ndc_quantity": "drug.quantity", "ndc_unit": "drug.unit",
}  # fmt: skip
_RELATIONS = {"": "self", "01": "spouse", "19": "child"}


def write_sample_csv(claims: Iterable[Document], out: TextIO) -> int:
    """The claims as CSV in the layout of `mappings/sources/example.toml`, one row a service line; gives the rows."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_CLAIM_COLUMNS, *_LINE_COLUMNS])
    rows = 0
    for claim in claims:
        head = [_cell(claim, path) for path in _CLAIM_COLUMNS.values()]
        head[list(_CLAIM_COLUMNS).index("relationship")] = _RELATIONS[_cell(claim, "patient.relationship")]
        for line in claim["lines"]:
            writer.writerow([*head, *(_cell(line, path) for path in _LINE_COLUMNS.values())])
            rows += 1
    return rows


def _cell(holder: Any, path: str) -> str:
    for step in path.split("."):
        if isinstance(holder, list):
            holder = holder[int(step)]
        else:
            holder = holder.get(step) if isinstance(holder, dict) else None
    if isinstance(holder, list):
        return ":".join(item["code"] if isinstance(item, dict) else str(item) for item in holder)
    return holder if isinstance(holder, str) else ""
