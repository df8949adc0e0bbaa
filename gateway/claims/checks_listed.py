"""Edits against code lists: what a list does not have on the day of service. Without a list nothing is found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.claims.code_lists import CodeList, Verdict
from gateway.claims.guide_edits import spoken
from gateway.claims.hits import Hit, only_with
from gateway.claims.view import Leaf, View, days_of, object_of, text_of, texts_of

_HCPCS = re.compile(r"[A-Z]\d{4}", re.ASCII | re.I)  # level II; CPT begins with a digit, CDT is of another type
_BAD: frozenset[Verdict] = frozenset({"unknown", "incomplete", "not_yet", "expired"})
_WORDS: dict[Verdict, str] = {
    "unknown": "is not in the list",
    "incomplete": "is only the beginning of a code",
    "not_yet": "was not valid yet on the day of service",
    "expired": "was not valid any more on the day of service",
}


def _listed(codes: CodeList | None, leaves: list[Leaf], day: str) -> Iterator[Hit]:
    """The values that are no codes of a list on a day."""
    for leaf in leaves if codes is not None else ():
        if codes is not None and (verdict := codes.verdict(leaf.value, day)) in _BAD:
            yield Hit(leaf.path, f"{spoken(leaf.path)} {_WORDS[verdict]}")


@only_with("place_of_service")
def place_listed(view: View) -> Iterator[Hit]:
    """Places of service."""
    leaves = [leaf for leaf in view.named("place_of_service") if len(leaf.value) == 2]
    yield from _listed(view.codes.get("place_of_service"), leaves, view.last_day)


def state_listed(view: View) -> Iterator[Hit]:
    """States, territories and provinces."""
    yield from _listed(view.codes.get("states"), view.named("state", "accident_state"), "")


@only_with("facility_type")
def bill_type_listed(view: View) -> Iterator[Hit]:
    """Types of bill."""
    yield from _listed(view.codes.get("facility_types"), view.named("facility_type"), view.last_day)


def procedure_listed(view: View) -> Iterator[Hit]:
    """CPT, HCPCS level II and CDT, each against its own list, on the day of the line."""
    for place, line in enumerate(view.lines):
        procedure = object_of(line, "procedure")
        code, kind = text_of(procedure, "code"), text_of(procedure, "type")
        name = "cdt" if kind == "AD" else "" if kind != "HC" else "hcpcs" if _HCPCS.fullmatch(code) else "cpt"
        codes = view.codes.get(name) if name and code else None
        if codes is not None:
            days = days_of(text_of(line, "service_date"))
            leaf = Leaf(f"lines[{place}].procedure.code", "code", code)
            yield from _listed(codes, [leaf], days[-1].isoformat() if days else view.last_day)


@only_with("modifiers")
def modifier_listed(view: View) -> Iterator[Hit]:
    """Modifiers of procedures."""
    codes = view.codes.get("modifiers")
    for place, line in enumerate(view.lines if codes is not None else ()):
        path = f"lines[{place}].procedure.modifiers"
        found = texts_of(object_of(line, "procedure"), "modifiers")
        leaves = [Leaf(f"{path}[{number}]", "", modifier) for number, modifier in enumerate(found)]
        yield from _listed(codes, leaves, view.last_day)


@only_with("revenue_code")
def revenue_listed(view: View) -> Iterator[Hit]:
    """Revenue codes."""
    yield from _listed(view.codes.get("revenue"), view.named("revenue_code"), view.last_day)


@only_with("taxonomy")
def taxonomy_listed(view: View) -> Iterator[Hit]:
    """Taxonomy codes."""
    yield from _listed(view.codes.get("taxonomy"), view.named("taxonomy"), view.last_day)


@only_with("drug")
def drug_listed(view: View) -> Iterator[Hit]:
    """National drug codes."""
    leaves = [leaf for leaf in view.named("code") if leaf.path.endswith(".drug.code")]
    yield from _listed(view.codes.get("ndc"), leaves, view.last_day)


@only_with("procedures")
def pcs_listed(view: View) -> Iterator[Hit]:
    """ICD-10-PCS."""
    leaves = [leaf for leaf in view.named("code") if leaf.path.startswith("procedures[")]
    yield from _listed(view.codes.get("icd10pcs"), leaves, view.last_day)


@only_with("admission_type", "admission_source", "patient_status", "drg")
def stay_listed(view: View) -> Iterator[Hit]:
    """Types and sources of admission, patient status, and DRG."""
    for name in ("admission_type", "admission_source", "patient_status", "drg"):
        yield from _listed(view.codes.get(name), view.named(name), view.last_day)


@only_with("conditions", "occurrences", "occurrence_spans", "value_codes")
def nubc_listed(view: View) -> Iterator[Hit]:
    """Condition, occurrence, span and value codes."""
    for name, fields in (
        ("condition_codes", "conditions["),
        ("occurrence_codes", "occurrences["),
        ("occurrence_span_codes", "occurrence_spans["),
        ("value_codes", "value_codes["),
    ):
        codes = view.codes.get(name)
        if codes is not None:
            leaves = [leaf for leaf in view.named("code") if leaf.path.startswith(fields)]
            yield from _listed(codes, leaves, view.last_day)
