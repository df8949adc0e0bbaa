"""A scenario: which claims meet with what, in which round, in which order. Read from TOML; deterministic by its seed.

A scenario holds no state. Chance is drawn from a hash of seed, rule and claim, so neither the order of arrival nor the
number of files changes what happens to a claim.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from gateway.simulator.tables import ScenarioError, build
from gateway.simulator.verdicts import InterchangeVerdict, Outcome, SetVerdict, StatusVerdict

SHIPPED = ("demo", "everything")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule may ask of a claim. Ordinals count from 1 over everything received."""

    claim: str  # CLM01
    payer: str
    provider: str
    kind: str
    frequency: str
    charge: Decimal
    index: int  # the claim's ordinal
    set: int  # the transaction set's ordinal
    position: int  # the claim's ordinal in its set
    file: int  # the file's ordinal
    submission: int  # how often this claim number has come, this time included


@dataclass(frozen=True, slots=True)
class Match:
    """Conditions on a claim; all that are given must hold. `claim`, `payer` and `provider` are globs."""

    every: int = 0  # every nth claim …
    offset: int = 0  # … counted from this one on
    index: tuple[int, ...] = ()
    claim: str = ""
    payer: str = ""
    provider: str = ""
    kind: str = ""
    frequency: str = ""
    charge_from: Decimal | None = None
    charge_to: Decimal | None = None
    share: Decimal | None = None  # 0 to 1, drawn by the seed
    set: tuple[int, ...] = ()
    position: tuple[int, ...] = ()
    file: tuple[int, ...] = ()
    submission: tuple[int, ...] = ()

    def holds(self, subject: Subject, drawn: Decimal) -> bool:
        """`drawn` lies in [0, 1) and decides `share`."""
        return (
            self._counted(subject)
            and self._named(subject)
            and (self.charge_from is None or subject.charge >= self.charge_from)
            and (self.charge_to is None or subject.charge <= self.charge_to)
            and (self.share is None or drawn < self.share)
        )

    def _counted(self, subject: Subject) -> bool:
        if self.every and (subject.index - self.offset) % self.every:
            return False
        asked = (
            (self.index, subject.index),
            (self.set, subject.set),
            (self.position, subject.position),
            (self.file, subject.file),
            (self.submission, subject.submission),
        )
        return all(not wanted or got in wanted for wanted, got in asked)

    def _named(self, subject: Subject) -> bool:
        globs = ((self.claim, subject.claim), (self.payer, subject.payer), (self.provider, subject.provider))
        exact = ((self.kind, subject.kind), (self.frequency, subject.frequency))
        return all(not glob or fnmatchcase(text, glob) for glob, text in globs) and all(
            not wanted or wanted == got for wanted, got in exact
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Verdicts for the claims that match. At each stage the first rule decides that matches and speaks of that stage.

    A verdict on an interchange or set holds for the whole of it as soon as one of its claims matches.
    """

    name: str
    when: Match = field(default_factory=Match)
    ta1: InterchangeVerdict | None = None
    ack: SetVerdict | None = None
    clearinghouse: StatusVerdict | None = None
    payer: StatusVerdict | None = None
    remittance: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one claim meets with."""

    ta1: InterchangeVerdict
    ack: SetVerdict
    clearinghouse: StatusVerdict
    payer: StatusVerdict
    remittance: Outcome


@dataclass(frozen=True, slots=True)
class Delays:
    """Rounds from receipt until an answer lies in the folder."""

    ta1: int = 0
    ack: int = 0
    clearinghouse: int = 0
    payer: int = 0
    remittance: int = 0


@dataclass(frozen=True, slots=True)
class Repeat:
    """The `nth` answer of a kind comes once more: the same bytes under another name, or the sets in a new envelope."""

    kind: Literal["TA1", "999", "277CA", "835"]
    nth: int = 1
    how: Literal["bytes", "rewrapped"] = "bytes"
    after: int = 0


@dataclass(frozen=True, slots=True)
class Stray:
    """Something in the folder that answers nothing of ours, from `round` on, once we have sent anything at all.

    `claim` puts a foreign claim into the first 835 due from then on; `remittance` sends an 835 of its own; `999`
    answers another system's batch; `report` is a text for people.
    """

    kind: Literal["claim", "remittance", "999", "report"]
    round: int = 0
    control_number: str = "OTHERSYSTEM01"
    charge: Decimal = Decimal(150)
    paid: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True)
class Withholding:
    """A PLB pair in the `nth` 835 (positive takes money away). What exceeds the payment is carried forward (FB)."""

    nth: int
    code: str = "WO"
    amount: Decimal = Decimal(0)
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How the partner behaves in general."""

    ta1_when: Literal["always", "rejected", "never"] = "rejected"
    ack_when: Literal["always", "rejected", "never"] = "always"
    check_duplicates: bool = True  # ISA13 seen before: TA1 025; claim in process: A3:78, adjudicated: A3:54
    edits: bool = True  # the clearinghouse's own checks: totals, NPIs, frequency and F8, dates
    payer_acknowledges: bool = True  # a second 277CA per payer
    one_status_file: bool = False  # all 277CA sets of an interchange in one file
    one_remittance_file: bool = False  # all 835s of a round in one file
    order: Literal["usual", "reversed", "shuffled"] = "usual"  # of the files of one round
    pack: Literal["", "zip", "gzip"] = ""  # how 835 files are packed
    payment: Literal["ACH", "CHK"] = "ACH"
    delimiters: str = ""  # element, component, repetition, segment; the received file's own where empty
    line_breaks: bool = False
    usage: Literal["", "P", "T"] = ""  # the ISA15 that is taken here; any where empty
    clearinghouse_name: str = ""  # the 837's 1000B name where empty
    ack_name: str = "{id}_{stem}_999.999"
    ta1_name: str = "{id}_{stem}_TA1.ta1"
    status_name: str = "{id}_{stem}_277ca_{date}.txt"
    remittance_name: str = "{id}_ERA_835_5010_{date}.835"
    report_name: str = "{id}_EDI_STATUS_{date}.txt"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that decides what is answered. The defaults accept and pay everything, at once."""

    name: str = "accepts and pays"
    seed: int = 1
    options: Options = field(default_factory=Options)
    delays: Delays = field(default_factory=Delays)
    rules: tuple[Rule, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    strays: tuple[Stray, ...] = ()
    withholdings: tuple[Withholding, ...] = ()

    @classmethod
    def from_toml(cls, text: str) -> Scenario:
        """Raises ScenarioError, naming the key, for anything that is not understood."""
        try:
            table: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"not TOML: {error}") from error
        return build(cls, table, "scenario")

    @classmethod
    def load(cls, path: Path) -> Scenario:
        """From a file. Raises ScenarioError."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{path.name} cannot be read") from error
        return cls.from_toml(text)

    @classmethod
    def shipped(cls, name: str) -> Scenario:
        """One of SHIPPED. Raises ScenarioError."""
        if name not in SHIPPED:
            raise ScenarioError(f"no scenario of that name; there are: {', '.join(SHIPPED)}")
        return cls.from_toml(files("gateway.simulator").joinpath(f"scenarios/{name}.toml").read_text(encoding="utf-8"))

    def with_rules(self, *rules: Rule) -> Scenario:
        """The same with these rules before the others."""
        return replace(self, rules=(*rules, *self.rules))

    def decide(self, subject: Subject) -> Decision:
        """What this claim meets with at each stage."""
        matching = [rule for rule in self.rules if rule.when.holds(subject, self._rule_draw(rule, subject))]
        return Decision(
            ta1=next((rule.ta1 for rule in matching if rule.ta1), InterchangeVerdict()),
            ack=next((rule.ack for rule in matching if rule.ack), SetVerdict()),
            clearinghouse=next((rule.clearinghouse for rule in matching if rule.clearinghouse), StatusVerdict()),
            payer=next((rule.payer for rule in matching if rule.payer), StatusVerdict()),
            remittance=next((rule.remittance for rule in matching if rule.remittance), Outcome()),
        )

    def draw(self, *about: object) -> Decimal:
        """A number in [0, 1) that depends on the seed and on what it is about, on nothing else."""
        digest = hashlib.sha256("\x1f".join((str(self.seed), *map(str, about))).encode()).digest()
        return Decimal(int.from_bytes(digest[:6], "big")) / Decimal(1 << 48)

    def _rule_draw(self, rule: Rule, subject: Subject) -> Decimal:
        if rule.when.share is None:
            return Decimal(0)
        return self.draw(rule.name, subject.provider, subject.claim, subject.submission)
