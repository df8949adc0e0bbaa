"""Reads a companion, `mappings/companions/NAME.toml`, and names everything that is wrong with it.

A rule that contradicts the guide is refused here, with the reason, so that it never meets a claim. The keys are
described in docs/reference/companions.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.claims.canonical import TYPES
from gateway.claims.companion_guide import contradictions, missing_fields
from gateway.claims.companion_tables import CompanionFaults, Table, Written, hint, near
from gateway.claims.companions import STEPS, Applies, Companion, Condition, Limits, Reformat, Rule
from gateway.claims.edits import Edit
from gateway.claims.field_paths import BadPath, FieldPath
from gateway.x12.guide import Guide

_TABLES = {"companion", "applies", "limits", "lookups", "rules"}
_COMMON = {"code", "kind", "says", "source", "claim_types", "field", "when"}
_VERDICT = {"severity", "release"}
_KEYS: dict[str, set[str]] = {
    "required": _COMMON | _VERDICT,
    "forbidden": _COMMON | _VERDICT,
    "allowed": _COMMON | _VERDICT | {"values", "pattern", "longest"},
    "characters": _COMMON | _VERDICT | {"set"},
    "replaced": _COMMON | {"value", "lookup"},
    "reformatted": _COMMON | {"as", "cut", "pad", "pad_with", "pad_side"},
    "edit": {"code", "kind", "says", "source", "claim_types", "severity"},
}
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def load_companion(
    text: str, name: str, guides: Mapping[str, Guide], edits: Sequence[Edit] = (), where: str = ""
) -> Companion:
    """Reads a companion.

    :param name: its name, for example "acme"
    :param guides: by type of claim, "professional"
    :param edits: those whose severity it may change
    :param where: how messages call the file, for example "mappings/companions/acme.toml"
    :raises CompanionFaults: naming file, line, key and reason of everything that is wrong
    """
    where = where or f"{name}.toml"
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise CompanionFaults([f"{where}: {error}"]) from None
    reader = Written(text, where, data)
    made = _companion(reader, name, guides, {edit.code: edit for edit in edits})
    if reader.faults:
        raise CompanionFaults(reader.faults)
    return made


def _companion(reader: Written, name: str, guides: Mapping[str, Guide], edits: Mapping[str, Edit]) -> Companion:
    for key in reader.data:
        if key not in _TABLES:
            reader.fault(key, "", f"is no table of a companion{hint(key, _TABLES)}")
    about = reader.table("companion")
    about.known({"says", "source"})
    applies = _applies(reader.table("applies"))
    loader = _Rules(reader, applies, guides, edits, about.text("source", ""))
    rules = tuple(rule for table in reader.rules() if (rule := loader.rule(table)) is not None)
    return Companion(name, about.text("says"), about.text("source", ""), applies, _limits(reader), rules)


def _applies(table: Table) -> Applies:
    table.known({"payers", "claim_types", "filing_indicators"})
    payers = frozenset(one.strip().upper() for one in table.texts("payers"))
    return Applies(payers, frozenset(table.types()), frozenset(table.texts("filing_indicators")))


def _limits(reader: Written) -> Limits:
    table = reader.table("limits")
    table.known(Limits._fields)
    return Limits(
        table.count("claims_per_set", 5000),
        table.count("claims_per_file", 1_000_000),
        table.flag("one_billing_provider_per_set", default=False),
        table.flag("one_payer_per_set", default=False),
    )


class _Rules:
    """Reads rule by rule."""

    def __init__(
        self, reader: Written, applies: Applies, guides: Mapping[str, Guide], edits: Mapping[str, Edit], source: str
    ) -> None:
        self.guides, self.edits, self.source = guides, edits, source
        self.types = [one for one in TYPES if one in guides and (not applies.types or one in applies.types)]
        self.has_types = bool(applies.types)
        self.lookups = _lookups(reader)
        self.codes: set[str] = set()

    def rule(self, table: Table) -> Rule | None:
        """One rule; nothing where it is wrong, which is noted."""
        before = len(table.reader.faults)
        kind = table.choice("kind", list(_KEYS))
        if not kind:
            return None
        table.known(_KEYS[kind])
        code = self.code(table, kind)
        if not table.text("source", self.source).strip():
            table.fault("source", "is missing; say where the wish is written down, here or in [companion]")
        types = table.types() or self.types
        path = _path(table, "field") if "field" in table.data or kind not in ("characters", "edit") else None
        made = Rule(
            code=code,
            kind=kind,  # type: ignore[arg-type]
            severity=self.severity(table, kind),
            releasable=table.flag("release", default=True),
            says=table.text("says"),
            source=table.text("source", self.source),
            types=frozenset(types),
            path=path,
            when=self.conditions(table),
            **self.parts(table, kind),
        )
        if len(table.reader.faults) > before:
            return None
        return self.checked(table, made)

    def code(self, table: Table, kind: str) -> str:
        code = table.text("code")
        if not code:
            return code
        if kind == "edit":
            if code not in self.edits:
                table.fault("code", f"there is no edit {code!r} in mappings/edits.csv{near(code, self.edits)}")
        elif not _CODE.fullmatch(code):
            table.fault("code", "must be at most 40 small letters, digits and _, such as acme_taxonomy")
        elif code.startswith("guide_"):
            table.fault("code", "codes that begin with guide_ are the guide's own; choose another")
        if code in self.codes:
            table.fault("code", f"{code!r} is the code of another rule of this file")
        self.codes.add(code)
        return code

    def severity(self, table: Table, kind: str) -> str:
        if kind in ("replaced", "reformatted"):
            return "warning"
        if kind != "edit":
            return table.choice("severity", ["error", "warning"], "error")
        severity = table.choice("severity", ["error", "warning", "off"])
        edit = self.edits.get(table.data["code"]) if isinstance(table.data.get("code"), str) else None
        if edit and not edit.releasable and edit.severity == "error" and severity in ("warning", "off"):
            table.fault("severity", f"{edit.code} is an error of the guide itself and stays one")
        return severity

    def conditions(self, table: Table) -> tuple[Condition, ...]:
        given = table.data.get("when", [])
        given = [given] if isinstance(given, dict) else given
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            table.fault("when", 'must be like { field = "subscriber.filing_indicator", is = ["MB"] } or a list of such')
            return ()
        return tuple(found for one in given if (found := _condition(table, one)) is not None)

    def parts(self, table: Table, kind: str) -> dict[str, Any]:
        """What only this kind of rule has."""
        if kind == "allowed":
            return _allowed(table)
        if kind == "characters":
            return {"character_set": table.choice("set", ["basic", "extended"])}
        if kind == "replaced":
            return self.replaced(table)
        return {"reformat": _reformat(table)} if kind == "reformatted" else {}

    def replaced(self, table: Table) -> dict[str, Any]:
        if ("value" in table.data) == ("lookup" in table.data):
            table.fault("value", "needs a value or a lookup, and not both")
            return {}
        if "value" in table.data:
            return {"value": table.text("value", "")}
        name = table.text("lookup")
        if name not in self.lookups:
            known = ", ".join(self.lookups) or "none"
            table.fault("lookup", f"there is no [lookups.{name}]; known are {known}{near(name, self.lookups)}")
        return {"lookup": self.lookups.get(name, {})}

    def checked(self, table: Table, rule: Rule) -> Rule | None:
        """The rule for those types of claim that have its fields; noted as faults are what no guide has or takes."""
        guides = {one: self.guides[one] for one in TYPES if one in rule.types and one in self.guides}
        if rule.kind == "edit":
            return rule
        lacking = missing_fields(rule, guides)
        is_said = self.has_types or "claim_types" in table.data
        for key, reason in lacking.faults(must_all=is_said):
            table.fault(key, reason)
        if lacking.faults(must_all=is_said):
            return None
        known = {one: guide for one, guide in guides.items() if one not in lacking.types}
        wrong = contradictions(rule, known)
        for key, reason in wrong:
            table.fault(key, reason)
        return None if wrong else replace(rule, types=frozenset(known))


def _lookups(reader: Written) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    table = reader.table("lookups")
    for name, rows in table.data.items():
        if not isinstance(rows, dict) or not all(isinstance(one, str) and one for one in rows.values()):
            reader.fault(f"lookups.{name}", "", "must be a table of text to text")
            continue
        found[name] = {key.strip().upper(): value for key, value in rows.items()}
    return found


def _path(table: Table, key: str) -> FieldPath | None:
    text = table.text(key)
    try:
        return FieldPath.parse(text) if text else None
    except BadPath:
        table.fault(key, f'{text!r} is no field; write it like "billing_provider.taxonomy" or "lines[].service_date"')
        return None


def _condition(table: Table, given: Mapping[str, Any]) -> Condition | None:
    inner = Table(table.reader, table.section, {"when": given.get("field"), **given}, table.number)
    for key in given:
        if key not in ("field", "is", "not", "present"):
            table.fault("when", f"{key} is no key of a condition{hint(key, ('field', 'is', 'not', 'present'))}")
            return None
    path = _path(inner, "when")
    if path is None:
        return None
    signs = [key for key in ("is", "not", "present") if key in given]
    if len(signs) > 1 or not isinstance(given.get("present", True), bool):
        table.fault("when", "needs one of is, not and present (true or false); without it, the field must be there")
        return None
    if signs in ([], ["present"]):
        return Condition(path, None, wanted=bool(given.get("present", True)))
    values = given[signs[0]]
    values = [values] if isinstance(values, str) else values
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        table.fault("when", f"{signs[0]} must be text or a list of text")
        return None
    return Condition(path, frozenset(one.upper() for one in values), wanted=signs == ["is"])


def _allowed(table: Table) -> dict[str, Any]:
    if not {"values", "pattern", "longest"} & table.data.keys():
        table.fault("values", "needs values, a pattern or longest")
    pattern = None
    if "pattern" in table.data:
        try:
            pattern = re.compile(table.text("pattern"), re.ASCII)
        except re.error as error:
            table.fault("pattern", f"is no regular expression: {error}")
    values = frozenset(one.upper() for one in table.texts("values"))
    return {"values": values, "pattern": pattern, "longest": table.count("longest", 1000)}


def _reformat(table: Table) -> Reformat:
    steps = table.texts("as")
    for step in steps:
        if step not in STEPS:
            table.fault("as", f"{step!r} is not one of {', '.join(STEPS)}{near(step, STEPS)}")
    made = Reformat(
        tuple(step for step in steps if step in STEPS),
        table.count("cut", 1000),
        table.count("pad", 1000),
        table.text("pad_with", "0"),
        table.choice("pad_side", ["left", "right"], "left") == "right",
    )
    if not (steps or made.cut or made.pad):
        table.fault("as", "needs as, cut or pad")
    if len(made.pad_with) != 1:
        table.fault("pad_with", "must be one character")
    if made.cut and made.pad > made.cut:
        table.fault("pad", "is longer than cut leaves")
    return made
