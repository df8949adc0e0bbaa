"""A set of ours while a 277CA speaks of it: which of its submissions a claim of the answer is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.inbound.facts import ClaimStatus, Provider, Receiver
from gateway.reconcile.origin import match_key
from gateway.store.answers import AnsweredSubmission

TRUNCATIONS = (17, 20)  # to which some cut a patient control number


class Named(NamedTuple):
    """A claim as a 277CA or 277 names it. Charge in cents, days as YYYY-MM-DD; empty or None where it does not say."""

    number: str
    charge: int | None
    member_id: str
    service_from: str
    providers: frozenset[str]  # every identifier of the billing provider

    @classmethod
    def of(cls, claim: ClaimStatus, provider: Provider | None) -> Named:
        charge = next((status.charge for status in claim.statuses if status.charge is not None), None)
        providers = frozenset((provider.id, *provider.other_ids)) if provider is not None else frozenset[str]()
        return cls(claim.patient_control_number, charge, claim.member_id, claim.service_from, providers - {""})


@dataclass(slots=True)
class OurSet:
    """One set of ours while a 277CA speaks of it."""

    receiver: Receiver
    rows: dict[int, AnsweredSubmission] = field(default_factory=dict)
    by_key: dict[str, list[AnsweredSubmission]] = field(default_factory=dict)
    by_member: dict[tuple[str, int], list[AnsweredSubmission]] = field(default_factory=dict)  # and charge
    named: set[int] = field(default_factory=set)  # submissions that were spoken of
    refused: set[int] = field(default_factory=set)  # of these, those that were refused
    said: int = 0  # claims named, ours or not
    said_refused: int = 0

    @classmethod
    def of(cls, receiver: Receiver, rows: Sequence[AnsweredSubmission]) -> OurSet:
        """The set with its submissions, to be found under their numbers, what some cut them to, member and charge."""
        made = cls(receiver, {row.id: row for row in rows})
        for row in rows:
            for key in {row.match_key, *(row.match_key[:length] for length in TRUNCATIONS)}:
                made.by_key.setdefault(key, []).append(row)
            made.by_member.setdefault((row.member_id.upper(), row.charge), []).append(row)
        return made

    @property
    def is_anothers(self) -> bool:
        """Whether the answer names claims and none of them is here: another system's set that has the same number."""
        return self.said > 0 and not self.named

    def find(self, claim: ClaimStatus, provider: Provider | None) -> tuple[AnsweredSubmission | None, str]:
        """The submission that a claim of the 277CA is, and the rung it was found by."""
        return self.find_named(Named.of(claim, provider))

    def find_named(self, claim: Named) -> tuple[AnsweredSubmission | None, str]:
        """The same for a claim whose names are read already."""
        key = match_key(claim.number)
        numbered = self.by_key.get(key, [])
        exact = [row for row in numbered if row.match_key == key]
        if (one := only(exact or numbered, claim.providers)) is not None:
            return one, "number"
        one = only(self._of_member(claim), claim.providers)
        return one, "member" if one is not None else ""

    def _of_member(self, claim: Named) -> list[AnsweredSubmission]:
        if not claim.member_id or claim.charge is None:
            return []
        rows = self.by_member.get((claim.member_id.upper(), claim.charge), [])
        return [row for row in rows if not claim.service_from or row.service_from == claim.service_from]


def only(rows: Sequence[AnsweredSubmission], providers: Collection[str]) -> AnsweredSubmission | None:
    """The only one, if need be the only one of the provider."""
    if len(rows) > 1 and providers:
        rows = [row for row in rows if row.billing_key in providers]
    return rows[0] if len(rows) == 1 else None


def bills(row: AnsweredSubmission, provider: Provider) -> bool:
    return row.billing_key in (provider.id, *provider.other_ids)


def newest(rows: Sequence[AnsweredSubmission], providers: Collection[str]) -> AnsweredSubmission | None:
    """The newest submission of the only claim that can be meant."""
    if len({row.claim_id for row in rows}) > 1 and providers:
        rows = [row for row in rows if row.billing_key in providers]
    if len({row.claim_id for row in rows}) != 1:
        return None
    return max(rows, key=lambda row: (row.sent_at or "", row.id))


def by_date(rows: Sequence[AnsweredSubmission], providers: Collection[str], said_on: str) -> AnsweredSubmission | None:
    """The only submission that can be meant: of several only one that had been sent when the answer was given."""
    one = only(rows, providers)
    if one is not None or not said_on:
        return one
    return only([row for row in rows if row.sent_at and row.sent_at[:10] <= said_on], providers)
