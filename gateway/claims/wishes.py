"""The companions in force for one partner, compiled: what they find in a claim, and what they change in it.

They are put together once a partner, and compiled once for each combination that a claim meets by its type, payer and
filing indicator. A claim that none of them is for costs one look into a dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.claims.companions import NO_LIMITS, Companion, Condition, Rule
from gateway.claims.completion import Document
from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.claims.edits import Edit, Edits
from gateway.claims.field_paths import FieldPath, Owner, is_there, value_at
from gateway.claims.findings import Finding, Severity
from gateway.claims.view import text_of

_CACHED = 10_000
# X12's basic set, letters in upper case as they are written; the extended one has all that can be printed.
_NOT_BASIC = re.compile(r"[^A-Za-z0-9 !\"&'()*+,\-./:;?=]")
_NOT_EXTENDED = re.compile(r"[^ -~]")
Test = Callable[[Owner], bool]


class Wishes:
    """The companions in force for one partner, asked claim by claim, and the ids of payers that it wants."""

    def __init__(
        self, companions: Sequence[Companion] = (), crosswalk: Crosswalk = NO_CROSSWALK, partner: str = ""
    ) -> None:
        self.companions, self.crosswalk, self.partner = tuple(companions), crosswalk, partner
        self._renames = any(row.where == partner for row in crosswalk.rows) if partner else False
        self._wishes: dict[tuple[str, ...], Wish] = {}
        self._by_claim: dict[tuple[str, str, str], Wish | None] = {}

    def __reduce__(self) -> tuple[type[Wishes], tuple[object, ...]]:
        """Handed to another process without what was worked out from it."""
        return Wishes, (self.companions, self.crosswalk, self.partner)

    @property
    def has_limits(self) -> bool:
        """Whether sets may have to be cut otherwise than by the profile."""
        return any(one.limits != NO_LIMITS for one in self.companions)

    def file_limit(self, claim_type: str) -> int:
        """The least number of claims a file that may hold for this type of claim; 0: as the profile says."""
        least = NO_LIMITS
        for one in self.companions:
            if not one.applies.types or claim_type in one.applies.types:
                least = least.with_(one.limits)
        return least.claims_per_file

    def on(self, document: Document) -> Wish | None:
        """The wishes on one claim; nothing where none of the companions is for it."""
        if not self.companions:
            return None
        key = (
            text_of(document, "type"),
            text_of(document, "payer", "id"),
            text_of(document, "subscriber", "filing_indicator"),
        )
        if key not in self._by_claim:
            if len(self._by_claim) >= _CACHED:
                self._by_claim.clear()
            self._by_claim[key] = self._compiled(*key)
        return self._by_claim[key]

    def written(self, document: Document) -> Document:
        """The claim as it goes to the partner: with what the companions change, and the partner's ids of payers."""
        if wish := self.on(document):
            document = wish.apply(document)
        return self.crosswalk.put(document, self.partner) if self._renames else document

    def _compiled(self, claim_type: str, payer_id: str, filing_indicator: str) -> Wish | None:
        payer_ids = self.crosswalk.known_as(payer_id, self.partner)
        fitting = [
            number
            for number, one in enumerate(self.companions)
            if one.applies.fits(claim_type, payer_ids, filing_indicator)
        ]
        if not fitting:
            return None
        key = (claim_type, *map(str, fitting))
        if key not in self._wishes:
            self._wishes[key] = Wish([self.companions[number] for number in fitting], claim_type)
        return self._wishes[key]


NO_WISHES = Wishes()


class Wish:
    """The wishes on claims of one kind, compiled."""

    def __init__(self, companions: Sequence[Companion], claim_type: str) -> None:
        rules = [rule for one in companions for rule in one.rules if claim_type in rule.types]
        self.limits = NO_LIMITS
        for one in companions:
            self.limits = self.limits.with_(one.limits)
        self._changes = [(rule, _change(rule)) for rule in rules if rule.kind in ("replaced", "reformatted")]
        checks = [(rule, check) for rule in rules if (check := _check(rule)) is not None]
        self._checks = [check for _, check in checks]
        self._holding = [check for rule, check in checks if rule.severity == "error"]
        self.severities = {rule.code: rule.severity for rule in rules if rule.kind == "edit"}  # by code of the edit
        self._edited: tuple[Sequence[Edit], Sequence[Edit]] = ((), ())

    def edits(self, base: Sequence[Edit]) -> Sequence[Edit]:
        """The edits with the severities that are wished for; made once while `base` is the same."""
        if not self.severities:
            return base
        if self._edited[0] is not base:
            changed = Edits(edit._replace(severity=self.severities.get(edit.code, edit.severity)) for edit in base)
            self._edited = (base, changed)
        return self._edited[1]

    def apply(self, document: Document) -> Document:
        """The claim as it is written for this partner; the same object where nothing changes."""
        made = document
        for _, change in self._changes:
            if not (sites := change(made)):
                continue
            if made is document:
                made = _copy(document)
                sites = change(made)
            for holder, name, value in sites:
                if value == "" and isinstance(holder, dict):
                    holder.pop(name, None)
                else:
                    holder[name] = value
        return made

    def changed_by(self, document: Document) -> list[Rule]:
        """The rules that would change something, each looked at alone."""
        return [rule for rule, change in self._changes if change(document)]

    def check(self, document: Document) -> list[Finding]:
        """Every wish that a claim, as it is written, does not meet."""
        return [finding for check in self._checks for finding in check(document)]

    def unmet(self, document: Document) -> list[Finding]:
        """Those that keep a ready claim from being written, of the claim as the store has it."""
        if not self._holding:
            return []
        written = self.apply(document)
        return [finding for check in self._holding for finding in check(written)]


def _copy(value: Any) -> Any:
    kind = value.__class__
    if kind is dict:
        return {name: _copy(inner) for name, inner in value.items()}
    return [_copy(item) for item in value] if kind is list else value


# Conditions


def _test(rule: Rule) -> Test | None:
    """Whether a rule applies to an owner of its field; nothing where it always does."""
    if not rule.when:
        return None
    tests = [_holds(condition, rule.path) for condition in rule.when]
    if len(tests) == 1:
        return tests[0]
    return lambda owner: all(test(owner) for test in tests)


def _holds(condition: Condition, path: FieldPath | None) -> Test:
    """A condition on a list that the field stands in too is meant of the same item; on another list, of any item."""
    shared = path.shared_with(condition.path) if path else 0
    values, wanted = condition.values, condition.wanted
    find = condition.path.values_below(shared)
    if values is None:
        return lambda owner: any(map(is_there, find(owner.around[shared]))) is wanted
    return lambda owner: (
        any(value.__class__ is str and value.upper() in values for value in find(owner.around[shared])) is wanted
    )


# Checks

Check = Callable[[Document], Iterator[Finding]]


def _check(rule: Rule) -> Check | None:
    if rule.kind == "characters":
        return _characters(rule)
    if rule.path is None or rule.kind not in ("required", "forbidden", "allowed"):
        return None
    owners, test = rule.path.owners(), _test(rule)
    faults = _allowed(rule, rule.path) if rule.kind == "allowed" else _present(rule.path, rule.kind == "forbidden")

    def check(document: Document) -> Iterator[Finding]:
        for owner in owners(document):
            if test is None or test(owner):
                for place in faults(owner):
                    yield _finding(rule, place)

    return check


def _finding(rule: Rule, place: str) -> Finding:
    severity: Severity = "error" if rule.severity == "error" else "warning"
    return Finding(rule.code, severity, place, rule.says, rule.releasable)


Faults = Callable[[Owner], Sequence[str]]


def _present(path: FieldPath, bad: bool) -> Faults:
    """Faults where the field is there, or where it is not; it is not where its object is missing, either."""
    names, name = path.names, path.name
    return lambda owner: (owner.at(name),) if is_there(value_at(owner.around[-1], names)) is bad else ()


def _allowed(rule: Rule, path: FieldPath) -> Faults:
    """A text that is there is one of the values, fits the pattern, and is short enough."""
    names, name, values, pattern = path.names, path.name, rule.values, rule.pattern
    longest = rule.longest or 1 << 30

    def suits(text: Any) -> bool:
        if text.__class__ is not str or not text:
            return True
        if len(text) > longest or (values and text.upper() not in values):
            return False
        return pattern is None or pattern.fullmatch(text) is not None

    def faults(owner: Owner) -> Sequence[str]:
        value = value_at(owner.around[-1], names)
        if value.__class__ is list:
            return [f"{owner.at(name)}[{place}]" for place, item in enumerate(value) if not suits(item)]
        return () if suits(value) else (owner.at(name),)

    return faults


def _characters(rule: Rule) -> Check:
    """Every text, or every text below a field, has only characters of the set."""
    search = (_NOT_BASIC if rule.character_set == "basic" else _NOT_EXTENDED).search
    path, test = rule.path, _test(rule)
    owners = path.owners() if path else lambda document: iter((Owner((document,), ""),))
    names = path.names if path else ()

    def check(document: Document) -> Iterator[Finding]:
        for owner in owners(document):
            if test is None or test(owner):
                start = value_at(owner.around[-1], names)
                where = owner.at(path.name) if path else ""
                yield from (_finding(rule, place) for place, text in _texts(start, where) if search(text))

    return check


_NOT_SENT = frozenset({"submitter", "receiver", "type"})  # the profile's, or not in the file


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    kind = value.__class__
    if kind is str:
        yield place, value
    elif kind is dict:
        for name, inner in value.items():
            if place or name not in _NOT_SENT:
                yield from _texts(inner, f"{place}.{name}" if place else name)
    elif kind is list:
        for number, item in enumerate(value):
            yield from _texts(item, f"{place}[{number}]")


# Changes

Site = tuple[Any, Any, str]  # the object or list that has a value, its name or place there, the new value
Change = Callable[[Document], list[Site]]


def _change(rule: Rule) -> Change:
    """A function that gives what a rule changes in a claim, and changes nothing itself."""
    assert rule.path is not None
    path, test, new = rule.path, _test(rule), _new_value(rule)
    owners, names = path.owners(), path.names

    def change(document: Document) -> list[Site]:
        found: list[Site] = []
        for owner in owners(document):
            holder = value_at(owner.around[-1], names[:-1])
            if holder.__class__ is not dict or (test is not None and not test(owner)):
                continue
            there = holder.get(names[-1])
            if there.__class__ is list:
                found += [(there, at, made) for at, item in enumerate(there) if (made := new(item)) is not None]
            elif (made := new(there)) is not None:
                found.append((holder, names[-1], made))
        return found

    return change


def _new_value(rule: Rule) -> Callable[[Any], str | None]:
    """What becomes of a value; None where it stays."""
    value, lookup, reformat = rule.value, rule.lookup, rule.reformat
    if value is not None:
        return lambda there: None if there == value or (value == "" and not is_there(there)) else value
    if lookup is not None:
        return lambda there: _other(there, lookup.get(there.upper())) if there.__class__ is str else None
    assert reformat is not None
    return lambda there: _other(there, reformat(there)) if there.__class__ is str and there else None


def _other(there: str, made: str | None) -> str | None:
    return None if made == there else made
