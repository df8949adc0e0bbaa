"""A companion tried on stored claims before it is in force: which would be held, which changed. Nothing is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.app import App
from gateway.claims.admission import Rules, inspect
from gateway.claims.companions import Companion
from gateway.claims.findings import Finding, errors
from gateway.claims.wishes import Wishes
from gateway.exchange.admission_rules import load_rules
from gateway.partners import Profile, route
from gateway.store.bodies import StandingBody, standing_bodies

SHOWN = 10  # claims a kind of outcome
HELD, LET_THROUGH, CHANGED, WARNED = "held", "let_through", "changed", "warned"


class Difference(NamedTuple):
    """One field that would be written otherwise."""

    field: str
    before: str  # empty: absent
    after: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become of one claim."""

    claim: StandingBody
    findings: tuple[Finding, ...]  # that this companion adds
    freed: tuple[Finding, ...] = ()  # errors of guide and edits that it takes away
    changes: tuple[Difference, ...] = ()
    codes: tuple[str, ...] = ()  # of the rules that change something

    @property
    def kinds(self) -> tuple[str, ...]:
        """How it is counted."""
        told = [HELD] if errors(self.findings) else []
        told += [LET_THROUGH] if self.freed else []
        told += [CHANGED] if self.changes else []
        return tuple(told or ([WARNED] if self.findings else []))

    def document(self) -> dict[str, Any]:
        return {
            "patient_control_number": self.claim.patient_control_number,
            "state": self.claim.state,
            "outcome": list(self.kinds),
            "findings": [_finding(one) for one in self.findings],
            "let_through": [_finding(one) for one in self.freed],
            "changes": [one._asdict() for one in self.changes],
        }


def _finding(one: Finding) -> dict[str, str]:
    return {"code": one.code, "severity": one.severity, "field": one.field, "text": one.text}


@dataclass(slots=True)
class Trial:
    """What a companion would do to all of them."""

    companion: Companion
    claims: int = 0  # looked at
    applies: int = 0  # that the companion is for
    counts: Counter[str] = field(default_factory=Counter)  # by outcome
    by_code: Counter[str] = field(default_factory=Counter)  # claims by code of rule, edit or guide
    first: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Counts one claim and keeps the first of each kind."""
        kinds = outcome.kinds
        if any(self.counts[kind] < SHOWN for kind in kinds):
            self.first.append(outcome)
        self.counts.update(kinds)
        self.by_code.update({one.code for one in (*outcome.findings, *outcome.freed)} | set(outcome.codes))

    def document(self) -> dict[str, Any]:
        """The document of `companions try --json`."""
        known = {rule.code: rule for rule in self.companion.rules}
        rules = [
            {"code": code, "kind": rule.kind, "says": rule.says, "claims": self.by_code[code]}
            for code, rule in known.items()
        ]
        others = [
            {"code": code, "kind": "guide", "says": "", "claims": count}
            for code, count in sorted(self.by_code.items())
            if code not in known
        ]
        counts = {kind: self.counts[kind] for kind in (HELD, LET_THROUGH, CHANGED, WARNED)}
        shown = [one.document() for one in self.first]
        return {"companion": self.companion.name, "claims": self.claims, "applies": self.applies, **counts,
                "rules": rules + others, "first": shown}  # fmt: skip


def try_companion(
    app: App,
    companion: Companion,
    *,
    partner: str = "",
    state: str = "",
    since: str = "",
    progress: Callable[[int], None] = lambda _count: None,
) -> Trial:
    """Looks at stored claims by a companion alone.

    :param partner: only claims that go to it; UsageError where there is no such partner
    :param since: first imported on or after this day
    :param progress: called with the number of claims looked at since the last call
    """
    if partner:
        app.home.profile(partner)
    trial, look = Trial(companion), _Look(app, companion)
    with app.store.read() as conn:
        for claim in standing_bodies(conn, state=state, since=since):
            profile = look.profile(claim)
            if partner and (profile is None or profile.name != partner):
                continue
            trial.claims += 1
            outcome = look.at(claim, profile)
            if outcome is not None:
                trial.applies += 1
                trial.add(outcome)
            progress(1)
    return trial


class _Look:
    """Claims with and without the companion."""

    def __init__(self, app: App, companion: Companion) -> None:
        self.rules: Rules = load_rules(app.home.path)
        self.today = app.now().date()
        self.profiles, self.crosswalk = list(app.profiles.values()), app.home.crosswalk
        self.wishes = Wishes([companion], self.crosswalk)

    def profile(self, claim: StandingBody) -> Profile | None:
        return route(self.profiles, claim.payer_id, claim.type, self.crosswalk)

    def at(self, claim: StandingBody, profile: Profile | None) -> Outcome | None:
        """What would become of a claim; nothing where the companion is not for it."""
        document = json.loads(claim.body)
        wish = self.wishes.on(document)
        if wish is None:
            return None
        written = wish.apply(document)
        if written is document and not wish.severities:
            return Outcome(claim, tuple(wish.check(document)))
        delimiters = "".join(profile.envelope.delimiters) if profile else "*:^~"
        before = inspect(document, self.rules, self.today, delimiters)
        after = inspect(document, self.rules, self.today, delimiters, wishes=self.wishes)
        return Outcome(
            claim,
            tuple(_without(after, before)),
            tuple(_without(errors(before), after)),
            tuple(_differences(document, written)),
            tuple(rule.code for rule in wish.changed_by(document)),
        )


def _without(found: Sequence[Finding], others: Sequence[Finding]) -> Iterator[Finding]:
    known = {(one.code, one.severity, one.field) for one in others}
    return (one for one in found if (one.code, one.severity, one.field) not in known)


def _differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """The texts that differ; objects and lists have the same shape, but for fields that were put in or taken away."""
    if before.__class__ is dict and after.__class__ is dict:
        for name in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(name, ""), after.get(name, ""), f"{path}.{name}" if path else name)
    elif before.__class__ is list and after.__class__ is list:
        for place, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from _differences(old, new, f"{path}[{place}]")
    elif before != after:
        yield Difference(path, before, after)
