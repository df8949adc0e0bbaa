"""Edits of diagnoses: form, order, the list of ICD-10-CM on the day of service, and the lines that point to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from gateway.claims.code_lists import Verdict
from gateway.claims.completion import Document
from gateway.claims.hits import Hit, only_with
from gateway.claims.view import View, object_of, objects_of, text_of, texts_of

# QA0 is a category, and so is C4A: one of the second and third signs is a digit.
_ICD_10 = re.compile(r"[A-Z](?:\d[0-9A-Z]|[A-Z]\d)[0-9A-Z]{0,4}", re.ASCII | re.I)
_ICD_9 = frozenset({"BK", "BF", "BJ", "PR", "BN"})
_SNODENT = "TQ"  # type of a dental diagnosis that is no ICD code
_ICD_10_FROM = date(2015, 10, 1)
_CAUSES = "VWXY"
_LIST = "icd10cm"
_WORDS: dict[Verdict, str] = {
    "unknown": "is in no release of ICD-10-CM",
    "incomplete": "is only the beginning of codes; say it in more digits",
    "not_yet": "was not valid yet on the day of service",
    "expired": "was not valid any more on the day of service",
}


class Coded(NamedTuple):
    """A diagnosis, wherever on the claim."""

    path: str  # of its object
    name: str  # for a person
    type: str  # HI01-1
    code: str


def _coded(view: View) -> list[Coded]:
    found = [_one(f"diagnoses[{n}]", f"diagnosis {n + 1}", diagnosis) for n, diagnosis in enumerate(view.diagnoses)]
    if view.type != "institutional":
        return found
    if admitting := object_of(view.document, "admitting_diagnosis"):
        found.append(_one("admitting_diagnosis", "the admitting diagnosis", admitting))
    for name, word in (("reasons_for_visit", "reason for visit"), ("external_causes", "external cause")):
        others = enumerate(objects_of(view.document, name))
        found += [_one(f"{name}[{n}]", f"{word} {n + 1}", diagnosis) for n, diagnosis in others]
    return found


def _one(path: str, name: str, diagnosis: Document) -> Coded:
    return Coded(path, name, text_of(diagnosis, "type"), text_of(diagnosis, "code"))


def _icd_10(view: View) -> list[Coded]:
    return [one for one in view.once(_coded) if one.code and one.type not in _ICD_9 and one.type != _SNODENT]


def diagnosis_form(view: View) -> Iterator[Hit]:
    """An ICD-10 code has three to seven signs, a letter and a digit first, without dot."""
    for one in view.once(_icd_10):
        if not _ICD_10.fullmatch(one.code):
            yield Hit(f"{one.path}.code", one.name)


def diagnosis_listed(view: View) -> Iterator[Hit]:
    """A code is in ICD-10-CM on the day of service."""
    yield from _judged(view, _WORDS)


def diagnosis_beyond_list(view: View) -> Iterator[Hit]:
    """After the last day of the list a code that it does not have may be new."""
    yield from _judged(view, {"beyond": ""})


def _judged(view: View, words: dict[Verdict, str]) -> Iterator[Hit]:
    codes = view.codes.get(_LIST)
    if codes is None:
        return
    day = view.last_day
    for one in view.once(_icd_10):
        verdict = codes.verdict(one.code, day)
        if verdict in words and _ICD_10.fullmatch(one.code):
            text = words[verdict]
            yield Hit(f"{one.path}.code", f"{one.name} {text}" if text else one.name)


def diagnosis_repeated(view: View) -> Iterator[Hit]:
    """No diagnosis stands twice."""
    seen: set[str] = set()
    for place, diagnosis in enumerate(view.diagnoses):
        code = text_of(diagnosis, "code").upper()
        if code and code in seen:
            yield Hit(f"diagnoses[{place}].code", f"diagnosis {place + 1}")
        seen.add(code)


def diagnosis_order(view: View) -> Iterator[Hit]:
    """The first diagnosis is the principal one, and only that."""
    for place, diagnosis in enumerate(view.diagnoses):
        kind = text_of(diagnosis, "type")
        if (kind in ("ABK", "BK")) != (place == 0) and kind != _SNODENT:
            yield Hit(f"diagnoses[{place}].type", f"diagnosis {place + 1}")


def diagnosis_version(view: View) -> Iterator[Hit]:
    """ICD-10 for service since 1 October 2015, ICD-9 before, never both."""
    versions = {one.type in _ICD_9 for one in view.once(_coded) if one.type and one.type != _SNODENT}
    if len(versions) > 1:
        yield Hit("diagnoses", "both versions of ICD are on one claim")
    elif versions and view.service_days and versions != {view.service_days[-1] < _ICD_10_FROM}:
        yield Hit("diagnoses", "the version of ICD does not fit the date of service")


def diagnosis_external(view: View) -> Iterator[Hit]:
    """The principal diagnosis says what the patient has, not how it came about."""
    code = text_of(view.diagnoses[0], "code").upper() if view.diagnoses else ""
    if _ICD_10.fullmatch(code) and code[0] in _CAUSES:
        yield Hit("diagnoses[0].code")


@only_with("external_causes")
def external_cause_kind(view: View) -> Iterator[Hit]:
    """What stands as an external cause is one."""
    for place, one in enumerate(objects_of(view.document, "external_causes")):
        code = text_of(one, "code").upper()
        if text_of(one, "type") == "ABN" and _ICD_10.fullmatch(code) and code[0] not in _CAUSES:
            yield Hit(f"external_causes[{place}].code", f"external cause {place + 1}")


@only_with("diagnosis_pointers")
def pointer_range(view: View) -> Iterator[Hit]:
    """A line points to diagnoses that are there."""
    known = {str(number) for number in range(1, len(view.diagnoses) + 1)}
    for place, line in enumerate(view.lines):
        for number, pointer in enumerate(texts_of(line, "diagnosis_pointers")):
            if pointer not in known:
                there = len(view.diagnoses)
                words = "no diagnoses" if not there else "one diagnosis" if there == 1 else f"{there} diagnoses"
                text = f"line {place + 1}: there {'is' if there == 1 else 'are'} {words}"
                yield Hit(f"lines[{place}].diagnosis_pointers[{number}]", text)


@only_with("diagnosis_pointers")
def pointer_repeated(view: View) -> Iterator[Hit]:
    """A line points to a diagnosis once."""
    for place, line in enumerate(view.lines):
        pointers = texts_of(line, "diagnosis_pointers")
        if len(set(pointers)) != len(pointers):
            yield Hit(f"lines[{place}].diagnosis_pointers", f"line {place + 1}")
