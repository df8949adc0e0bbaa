"""The guide's own rules as a biller reads them: which field, and what is wrong with it. None can be released."""

from __future__ import annotations

import re
from itertools import pairwise

from gateway.claims.completion import Document
from gateway.claims.findings import Finding
from gateway.x12.document_rules import check_document
from gateway.x12.fields import FieldFault
from gateway.x12.guide import Guide

# Codes of the guide's rules (those of a 999 where there is one) → our code and what it says, {} being the rule's words.
_WORDS = {
    "1": ("guide_missing", "is missing"),
    "4": ("guide_short", "is too short: {}"),
    "5": ("guide_long", "is too long: {}"),
    "6": ("guide_character", "has a character that is not allowed here"),
    "7": ("guide_code", "is not one of the codes that the guide has: {}"),
    "I10": ("guide_not_used", "is not used by this guide; leave it out"),
    "format": ("guide_format", "is wrong: {}"),
    "repeat": ("guide_repeat", "is there too often: {}"),
    "unknown": ("guide_unknown", "is not known: {}"),
    "shape": ("guide_shape", "has the wrong shape: {}"),
    "exclusive": ("guide_exclusive", "cannot stand beside the others: {}"),
}
_FROM_PROFILE = ("submitter", "receiver")  # written by the partner's profile, whatever the document says
_ITEM = re.compile(r"(\w+)\[(\d+)\]")
_SINGULAR = {"diagnoses": "diagnosis", "teeth": "tooth"}


def guide_findings(document: Document, guide: Guide) -> list[Finding]:
    """Everything in which a completed document breaks its guide."""
    return [_finding(fault) for fault in check_document(document, guide) if not fault.path.startswith(_FROM_PROFILE)]


def _finding(fault: FieldFault) -> Finding:
    is_date = fault.code == "7" and fault.text.startswith("this is not ")
    code, says = _WORDS.get("format" if is_date else fault.code, (f"guide_{fault.code}", "is wrong: {}"))
    field = spoken(fault.path)
    if field.endswith("s") and not field.endswith(("ss", "us")):
        says = says.replace("is ", "are ", 1)
    return Finding(code, "error", fault.path, f"{field} {says.format(_bare(fault.text))}")


def _bare(text: str) -> str:
    for start in ("none of the codes that the guide has", "too long", "too short"):
        text = text.removeprefix(f"{start}: ")
    return text.removesuffix(".")


def spoken(path: str) -> str:
    """A field as a person says it: "lines[0].procedure.code" is "line 1, procedure code"."""
    parts = [_ITEM.sub(_item, step).replace("_", " ") for step in path.split(".")]
    text = parts[0]
    for before, part in pairwise(parts):
        text += f"{', ' if before[-1:].isdigit() else ' '}{part}"
    return text or "the claim"


def _item(match: re.Match[str]) -> str:
    return f"{_SINGULAR.get(match[1], match[1].removesuffix('s'))} {int(match[2]) + 1}"
