"""Where a companion's rule contradicts a guide, and why: a partner's wish never makes a claim that no one may send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from gateway.claims.companions import Rule
from gateway.claims.field_paths import FieldPath
from gateway.claims.guide_fields import GuideFields, all_paths, guide_fields
from gateway.x12.formats import NUMBERS
from gateway.x12.guide import Guide

Faults = list[tuple[str, str]]  # key of the rule, reason
_GUIDE = "THE-GUIDE"  # in a reason: those guides of which it holds
_OF_PROFILE = ("submitter", "receiver")
# What answers are matched by, what sums rest on, and what has a place of its own.
_KEPT = {
    "patient_control_number": "answers find the claim by it",
    "frequency": "it decides which version of a claim this is; correct, replace or void the claim instead",
    "payer_claim_control_number": "it decides which claim of the payer is meant",
    "type": "it is the claim's guide",
    "lines[].number": "lines are counted",
    "lines[].line_control_number": "payments find the line by it",
    "payer.id": "ids of payers stand in mappings/codes/payers.csv",
    "other_payers[].payer.id": "ids of payers stand in mappings/codes/payers.csv",
    "lines[].adjudications[].payer_id": "ids of payers stand in mappings/codes/payers.csv",
}


@dataclass(frozen=True, slots=True)
class Lacking:
    """Fields of a rule that the guide of a type does not have."""

    types: Mapping[str, tuple[str, str]]  # by type: key, path
    hints: Mapping[str, str]  # by path: what may have been meant
    of: int  # how many types the rule is for

    def faults(self, *, must_all: bool) -> Faults:
        """What to say: of every type that was named, or where no type has the field."""
        if not self.types or not (must_all or len(self.types) == self.of):
            return []
        found: dict[tuple[str, str], list[str]] = {}
        for claim_type, lack in self.types.items():
            found.setdefault(lack, []).append(claim_type)
        return [(key, self._reason(path, types)) for (key, path), types in found.items()]

    def _reason(self, path: str, types: list[str]) -> str:
        hint = f"; did you mean {self.hints[path]!r}?" if path in self.hints else ""
        return f"the guide has no field {path!r} in {' or '.join(types)} claims{hint}"


def missing_fields(rule: Rule, guides: Mapping[str, Guide]) -> Lacking:
    """What of a rule's field and conditions the guides of its types do not have."""
    paths = [("field", rule.path)] if rule.path else []
    paths += [("when", condition.path) for condition in rule.when]
    types: dict[str, tuple[str, str]] = {}
    hints: dict[str, str] = {}
    for claim_type, guide in guides.items():
        fields = guide_fields(guide)
        for key, path in paths:
            if fields.find(path) is None:
                types.setdefault(claim_type, (key, path.text))
                if near := get_close_matches(path.text, all_paths(guide), 1, 0.75):
                    hints.setdefault(path.text, near[0])
    return Lacking(types, hints, len(guides))


def contradictions(rule: Rule, guides: Mapping[str, Guide]) -> Faults:
    """Why a rule cannot be, by the guides of its types, all of which have its fields."""
    found: dict[tuple[str, str], list[str]] = {}
    for guide in guides.values():
        fields = guide_fields(guide)
        faults = _in_conditions(rule, fields) + (_in_field(rule, rule.path, fields) if rule.path else [])
        for fault in dict.fromkeys(faults):
            found.setdefault(fault, []).append(guide.name)
    return [(key, reason.replace(_GUIDE, f"the guide ({', '.join(names)})")) for (key, reason), names in found.items()]


def _in_conditions(rule: Rule, fields: GuideFields) -> Faults:
    """A condition on a value that the guide does not have can never hold."""
    return [
        ("when", f"{condition.path.text} is never {value!r}: {reason}")
        for condition in rule.when
        for value in sorted(condition.values or ())
        if (reason := fields.fault(condition.path, value))
    ]


def _in_field(rule: Rule, path: FieldPath, fields: GuideFields) -> Faults:
    if path.text.split(".")[0] in _OF_PROFILE:
        return [("field", f"{path.steps[0]} is written as the partner's profile says")]
    if rule.kind == "forbidden" and fields.requires(path):
        return [("field", f"{_GUIDE} requires {path.text}; no rule can forbid it")]
    if rule.kind in ("allowed", "replaced", "reformatted"):
        field = fields.find(path)
        if field is None or field.kind not in ("text", "texts"):
            return [("field", f"{path.text} is not a text")]
    if rule.kind == "allowed":
        return _allowed(rule, path, fields)
    if rule.kind in ("replaced", "reformatted"):
        return _kept(path, fields) or (_replaced if rule.kind == "replaced" else _reformatted)(rule, path, fields)
    return []


def _allowed(rule: Rule, path: FieldPath, fields: GuideFields) -> Faults:
    found = [
        ("values", f"{_GUIDE} does not take {value!r}: {reason}")
        for value in sorted(rule.values)
        if (reason := fields.fault(path, value))
    ]
    least = min((one.least for one in fields.formats(path)), default=0)
    if 0 < rule.longest < least:
        found.append(("longest", f"{_GUIDE} has at least {least} characters there"))
    return found


def _kept(path: FieldPath, fields: GuideFields) -> Faults:
    """What no rule may change."""
    if reason := _KEPT.get(path.text):
        return [("field", f"{path.text} is never changed at writing: {reason}")]
    if path.text.split(".")[0] == "transaction":
        return [("field", f"{path.text} is said once for a whole set; producers of claims set it")]
    if any(one.kind in (*NUMBERS, "date") for one in fields.formats(path)):
        return [("field", f"{path.text} is an amount, number or date; those are never changed at writing")]
    return []


def _replaced(rule: Rule, path: FieldPath, fields: GuideFields) -> Faults:
    if rule.value is not None and path.is_list:
        return [("value", f"{path.text} is a list; a lookup can replace its values")]
    if rule.value == "":
        required = fields.requires(path)
        return [("value", f"{_GUIDE} requires {path.text}; it cannot be taken away")] if required else []
    key, values = ("lookup", sorted(rule.lookup.values())) if rule.lookup is not None else ("value", [rule.value or ""])
    return [
        (key, f"{_GUIDE} does not take {value!r}: {reason}")
        for value in values
        if (reason := _not_plain(value) or fields.fault(path, value))
    ]


def _not_plain(value: str) -> str:
    return "" if value.isascii() and value.isprintable() else "it has signs that X12 cannot carry"


def _reformatted(rule: Rule, path: FieldPath, fields: GuideFields) -> Faults:
    found: Faults = []
    assert rule.reformat is not None
    formats = fields.formats(path)
    least, most = min(one.least for one in formats), max(one.most for one in formats)
    if 0 < rule.reformat.cut < least:
        found.append(("cut", f"{_GUIDE} has at least {least} characters there"))
    if rule.reformat.pad > most:
        found.append(("pad", f"{_GUIDE} has at most {most} characters there"))
    return found
