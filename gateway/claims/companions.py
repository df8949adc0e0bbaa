"""What a partner or payer wishes otherwise than its guide says, as values: `mappings/companions/NAME.toml`.

A companion has rules that look at a claim (required, forbidden, allowed, characters), rules that change what is
written (replaced, reformatted), rules that make an edit more or less severe, and limits of sets and files. It is read
by `companion_file.load_companion` and compiled by `wishes.Wishes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gateway.claims.field_paths import FieldPath

Kind = Literal["required", "forbidden", "allowed", "characters", "replaced", "reformatted", "edit"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a claim, or of the same item of a list, for a rule to apply."""

    path: FieldPath
    values: frozenset[str] | None  # in upper case; None: the field is there
    wanted: bool  # False: none of the values, or the field is not there


@dataclass(frozen=True, slots=True)
class Reformat:
    """How a text is written: these steps in this order, each where it is asked for."""

    steps: tuple[str, ...] = ()  # names in STEPS
    cut: int = 0  # at most so many characters; 0: all
    pad: int = 0  # at least so many
    pad_with: str = "0"
    pad_right: bool = False

    def __call__(self, text: str) -> str:
        """The text in its new form; as it was where nothing would be left of it."""
        made = text
        for step in self.steps:
            made = STEPS[step](made)
        made = made[: self.cut] if self.cut else made
        if not made:
            return text
        return made.ljust(self.pad, self.pad_with) if self.pad_right else made.rjust(self.pad, self.pad_with)


STEPS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "digits": lambda text: "".join(sign for sign in text if "0" <= sign <= "9"),
    "letters_and_digits": lambda text: "".join(sign for sign in text if sign.isascii() and sign.isalnum()),
    "single_blanks": lambda text: " ".join(text.split()),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One wish."""

    code: str  # of its findings; of the edit, where `kind` is "edit"
    kind: Kind
    severity: str  # "error", "warning", or for edits "off"
    releasable: bool  # whether a person may send the claim in spite of it
    says: str  # a biller's sentence
    source: str  # where the wish is written down
    types: frozenset[str]  # of claim
    path: FieldPath | None = None  # None: the claim as a whole
    when: tuple[Condition, ...] = ()
    values: frozenset[str] = frozenset()  # allowed, in upper case
    pattern: re.Pattern[str] | None = None  # of the whole text
    longest: int = 0
    character_set: str = ""  # "basic" or "extended"
    value: str | None = None  # instead of what is there, and where nothing is; "" takes the field away
    lookup: Mapping[str, str] | None = None  # by the text in upper case
    reformat: Reformat | None = None


class Limits(NamedTuple):
    """How sets and files are cut; 0: as the profile says."""

    claims_per_set: int = 0
    claims_per_file: int = 0
    one_billing_provider_per_set: bool = False
    one_payer_per_set: bool = False

    def with_(self, other: Limits) -> Limits:
        """The narrower of both in everything."""
        return Limits(
            _least(self.claims_per_set, other.claims_per_set),
            _least(self.claims_per_file, other.claims_per_file),
            self.one_billing_provider_per_set or other.one_billing_provider_per_set,
            self.one_payer_per_set or other.one_payer_per_set,
        )


NO_LIMITS = Limits()


def _least(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


@dataclass(frozen=True, slots=True)
class Applies:
    """Which claims a companion is for; an empty set: all of them."""

    payers: frozenset[str] = frozenset()  # ids, ours or aliases, in upper case
    types: frozenset[str] = frozenset()
    filing_indicators: frozenset[str] = frozenset()  # SBR09

    def fits(self, claim_type: str, payer_ids: Iterable[str], filing_indicator: str) -> bool:
        """Whether a claim of this type, payer (all its ids) and filing indicator is meant."""
        return (
            (not self.types or claim_type in self.types)
            and (not self.filing_indicators or filing_indicator in self.filing_indicators)
            and (not self.payers or any(one.upper() in self.payers for one in payer_ids))
        )


@dataclass(frozen=True, slots=True)
class Companion:
    """One file of wishes."""

    name: str
    says: str
    source: str
    applies: Applies = field(default_factory=Applies)
    limits: Limits = NO_LIMITS
    rules: tuple[Rule, ...] = ()

    @property
    def is_for_a_payer(self) -> bool:
        """Whether the file itself says whose claims it is for."""
        return bool(self.applies.payers or self.applies.filing_indicators)
