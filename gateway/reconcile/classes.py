"""The class of an adjustment: denied, open, patient, contractual or other, by group, reason, CLP02 and CLP06.

The tables are data (mappings/codes/adjustment_classes.csv and adjustment_groups.csv, with a home's rows before them);
here is only the order in which they are asked:

1. a row that names group and reason decides;
2. denied, by its row, or any reason but 23 where CLP02 is 4 (not a member);
3. open, by its row;
4. patient responsibility, by the group's class or the row;
5. contractual or other, by the row;
6. else denied where the line (for claim-level adjustments the claim) paid nothing and left nothing to the patient;
7. else the group's class.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from gateway.errors import UsageError
from gateway.reconcile.values import AdjustmentLike, ClassSums, RemittedClaimLike

PATIENT, CONTRACTUAL, DENIED, OTHER, OPEN = "patient", "contractual", "denied", "other", "open"
CLASSES = (PATIENT, CONTRACTUAL, DENIED, OTHER, OPEN)
PRIOR_PAYER = "23"
DUPLICATE = "duplicate"  # the category of denials that only say that the claim is there already
NOT_A_MEMBER = "4"  # CLP02

_ORDER = "1"  # version of the order above
_CODE_COLUMNS = ("code", "group", "filing", "class", "category", "label", "action")
_GROUP_COLUMNS = ("group", "class", "label")
# Where each class is summed; what is undecided is summed as its group's class plus _UNDECIDED.
_SLOTS = {PATIENT: 0, CONTRACTUAL: 1, DENIED: 2, OTHER: 3, PRIOR_PAYER: 4, OPEN: 5}
_PATIENT, _DENIED, _OTHER, _PRIOR_PAYER = _SLOTS[PATIENT], _SLOTS[DENIED], _SLOTS[OTHER], _SLOTS[PRIOR_PAYER]
_UNDECIDED = 8


class Meaning(NamedTuple):
    """What a reason code means; `kind` is its class, empty where group and payment decide."""

    kind: str
    category: str
    label: str
    action: str


class Classes:
    """The rules that give each adjustment its class. Safe to share; `version` names the rules in a posting."""

    __slots__ = ("_codes", "_groups", "_known", "_reasons", "met_unknown", "version")

    def __init__(self, codes: dict[tuple[str, str, str], Meaning], groups: dict[str, tuple[str, str]]) -> None:
        self._codes = codes  # by group, reason and filing indicator; group and filing may be empty
        self._groups = groups  # class and label
        self._known: dict[tuple[str, bool], _Slots] = {}
        self._reasons = frozenset(reason for _, reason, _ in codes)
        self.met_unknown = False  # whether any adjustment so far had a reason that is in no row
        content = repr((sorted(codes.items()), sorted(groups.items())))
        self.version = f"{_ORDER}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    def describe(self, group: str, reason: str, filing: str = "") -> Meaning:
        """Category, label and usual action of an adjustment; an unknown reason has its group's label."""
        group, reason = _normal(group), _normal(reason)
        found = self._row(group, reason, filing)
        return found or Meaning("", "unknown", self._groups.get(group, ("", "Unknown reason"))[1], "Ask the payer")

    def decided(self, group: str, reason: str, filing: str, status: str) -> str:
        """The class as far as the codes decide it: empty where it hangs on what the line or the claim paid."""
        slot, _ = self.slot(group, reason, filing, status)
        if slot >= _UNDECIDED:
            return ""
        return next(kind for kind, at in _SLOTS.items() if at == (_OTHER if slot == _PRIOR_PAYER else slot))

    def slot(self, group: str, reason: str, filing: str, status: str) -> tuple[int, str]:
        """Where to sum an adjustment, and its normal reason code."""
        return self.slots(filing, status)[group, reason]

    def slots(self, filing: str, status: str) -> Mapping[tuple[str, str], tuple[int, str]]:
        """The same for all adjustments of a claim, by group and reason. Hot: each is worked out once."""
        key = filing, status == NOT_A_MEMBER
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 1_000:  # a payer that invents codes must not fill the memory
                self._known.clear()
            found = self._known[key] = _Slots(self._find, *key)
        return found

    def _find(self, group: str, reason: str, filing: str, not_a_member: bool) -> tuple[int, str]:
        normal = _normal(reason)
        self.met_unknown = self.met_unknown or not self.knows(reason)
        return self._find_slot(_normal(group), normal, filing.strip(), not_a_member), normal

    def knows(self, reason: str) -> bool:
        """Whether some row names this reason code; an empty one is no code."""
        normal = _normal(reason)
        return not normal or normal in self._reasons

    def is_duplicate(self, reason: str) -> bool:
        row = self._codes.get(("", reason, ""))
        return row is not None and row.category == DUPLICATE

    def _row(self, group: str, reason: str, filing: str) -> Meaning | None:
        for key in ((group, reason, filing), (group, reason, ""), ("", reason, filing), ("", reason, "")):
            if (row := self._codes.get(key)) is not None:
                return row
        return None

    def _find_slot(self, group: str, reason: str, filing: str, not_a_member: bool) -> int:
        own = self._codes.get((group, reason, filing)) or self._codes.get((group, reason, ""))
        if group and own is not None and own.kind:
            return _slot(own.kind, reason)
        row = self._codes.get(("", reason, filing)) or self._codes.get(("", reason, ""))
        kind = row.kind if row is not None else ""
        by_group = self._groups.get(group, (OTHER, ""))[0]
        if kind == DENIED or (not_a_member and reason != PRIOR_PAYER):
            return _DENIED
        if kind == OPEN:
            return _SLOTS[OPEN]
        if kind == PATIENT or by_group == PATIENT:
            return _PATIENT
        if kind:
            return _slot(kind, reason)
        return _UNDECIDED + _SLOTS[by_group]


class _Slots(dict[tuple[str, str], tuple[int, str]]):
    """Slots by group and reason, for one filing indicator; one that is asked for is found."""

    __slots__ = ("_filing", "_find", "_not_a_member")

    def __init__(self, find: Callable[[str, str, str, bool], tuple[int, str]], filing: str, not_a_member: bool) -> None:
        super().__init__()
        self._find = find
        self._filing = filing
        self._not_a_member = not_a_member

    def __missing__(self, key: tuple[str, str]) -> tuple[int, str]:
        if len(self) > 10_000:
            self.clear()
        found = self[key] = self._find(*key, self._filing, self._not_a_member)
        return found


def _slot(kind: str, reason: str) -> int:
    return _PRIOR_PAYER if kind == OTHER and reason == PRIOR_PAYER else _SLOTS[kind]


def _normal(code: str) -> str:
    code = code.strip().upper()
    return (code.lstrip("0") or "0") if code.isdigit() else code


# ── the sums of a claim ──────────────────────────────────────────────────────────────────────────────────────────────


def classify_claim(claim: RemittedClaimLike, classes: Classes) -> ClassSums:
    """The adjustments of a remitted claim, summed by class."""
    sums = _Sums(classes, classes.slots(claim.filing_indicator, claim.status))
    for line in claim.lines:
        if line.adjustments:
            sums.add(line.adjustments, nothing=line.paid == 0)
    if claim.adjustments:
        sums.add_of_claim(claim.adjustments, nothing=claim.paid == 0)
    return sums.result(paid=claim.paid)


def classify_parts(claim: RemittedClaimLike, classes: Classes) -> tuple[list[ClassSums], ClassSums]:
    """The same of each line, and of what is adjusted on the claim as a whole: together the sums of the claim."""
    found = list[ClassSums]()
    sums = _Sums(classes, classes.slots(claim.filing_indicator, claim.status))
    before = sums.result(paid=claim.paid)
    for line in claim.lines:
        sums.add(line.adjustments, nothing=line.paid == 0)
        after = sums.result(paid=claim.paid)
        found.append(_less(after, before))
        before = after
    sums.add_of_claim(claim.adjustments, nothing=claim.paid == 0)
    return found, _less(sums.result(paid=claim.paid), before)


def _less(after: ClassSums, before: ClassSums) -> ClassSums:
    """What came in between; being a duplicate is said of a whole claim alone."""
    amounts = [int(this) - int(that) for this, that in zip(after[:-1], before[:-1], strict=True)]
    return ClassSums._make([*amounts, False])


class _Sums:
    __slots__ = ("_by_code", "_classes", "_real_denial", "_slots", "_totals")

    def __init__(self, classes: Classes, slots: Mapping[tuple[str, str], tuple[int, str]]) -> None:
        self._classes = classes
        self._slots = slots
        self._totals = [0] * len(_SLOTS)
        self._by_code = {"1": 0, "2": 0, "3": 0}  # of patient responsibility: deductible, coinsurance, copay
        self._real_denial = False  # something was denied for another reason than being a duplicate

    def add(self, adjustments: Iterable[AdjustmentLike], *, nothing: bool) -> None:
        """Adds a line; `nothing`: it paid nothing."""
        patient_before = self._totals[_PATIENT]
        undecided = self._add_decided(adjustments)
        if undecided:
            self._add_undecided(undecided, denied=nothing and self._totals[_PATIENT] == patient_before)

    def add_of_claim(self, adjustments: Iterable[AdjustmentLike], *, nothing: bool) -> None:
        """Adds the claim level, after all lines; `nothing`: the claim paid nothing."""
        undecided = self._add_decided(adjustments)
        if undecided:
            self._add_undecided(undecided, denied=nothing and self._totals[_PATIENT] == 0)

    def _add_decided(self, adjustments: Iterable[AdjustmentLike]) -> list[tuple[int, int]]:
        undecided: list[tuple[int, int]] = []
        slots, totals, by_code = self._slots, self._totals, self._by_code
        for adjustment in adjustments:
            slot, reason = slots[adjustment.group, adjustment.reason]
            cents = adjustment.cents
            if slot >= _UNDECIDED:
                undecided.append((slot - _UNDECIDED, cents))
                continue
            totals[slot] += cents
            if slot == _PATIENT:
                if reason in by_code:
                    by_code[reason] += cents
            elif slot == _DENIED and cents and not self._classes.is_duplicate(reason):
                self._real_denial = True
        return undecided

    def _add_undecided(self, undecided: Iterable[tuple[int, int]], *, denied: bool) -> None:
        for slot, cents in undecided:
            self._totals[_DENIED if denied else slot] += cents
            self._real_denial = self._real_denial or (denied and cents != 0)

    def result(self, *, paid: int) -> ClassSums:
        patient, contractual, denied, other, prior_payer, forwarded = self._totals
        duplicate = denied > 0 and paid == 0 and patient == 0 and not self._real_denial
        deductible, coinsurance, copay = self._by_code.values()
        return ClassSums(
            patient, deductible, coinsurance, copay, contractual, denied, other, prior_payer, forwarded, duplicate
        )


# ── loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_classes(codes: Iterable[str], groups: Iterable[str]) -> Classes:
    """The rules from the texts of the two tables: the shipped ones first, then a home's, whose rows replace them.

    Raises UsageError naming table, line and column of what cannot be.
    """
    found: dict[tuple[str, str, str], Meaning] = {}
    for text in codes:
        for where, row in table_rows(text, "adjustment_classes.csv", _CODE_COLUMNS):
            _check_class(row["class"], where, (*CLASSES, ""))
            if not row["code"]:
                raise UsageError(f"{where}: code is empty")
            meaning = Meaning(row["class"], row["category"], row["label"], row["action"])
            for filing in row["filing"].upper().split() or [""]:
                found[_normal(row["group"]), _normal(row["code"]), filing] = meaning
    labels: dict[str, tuple[str, str]] = {}
    for text in groups:
        for where, row in table_rows(text, "adjustment_groups.csv", _GROUP_COLUMNS):
            _check_class(row["class"], where, (PATIENT, CONTRACTUAL, OTHER))
            labels[_normal(row["group"])] = (row["class"], row["label"])
    return Classes(found, labels)


def table_rows(text: str, table: str, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table with where they stand; lines that begin with # are comments."""
    header: list[str] | None = None
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{table}, line {number}"
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if header is None:
            header = cells
            if missing := [name for name in columns if name not in header]:
                raise UsageError(f"{where}: column {missing[0]} is missing")
        elif len(cells) != len(header):
            raise UsageError(f"{where}: {len(cells)} columns instead of {len(header)}")
        else:
            yield where, dict(zip(header, cells, strict=True))


def _check_class(kind: str, where: str, allowed: tuple[str, ...]) -> None:
    if kind not in allowed:
        raise UsageError(f"{where}: class must be one of {', '.join(name for name in allowed if name)}")
