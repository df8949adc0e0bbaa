"""A set of ours while a 277CA speaks of it: which of its submissions a claim of the answer is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.inbound.facts import ClaimStatus, Provider
from gateway.reconcile.origin import Origin, match_key
from gateway.store import Connection
from gateway.store.answers import AnsweredSubmission
from gateway.store.batches import SetRow, find_sets_by_reference

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


class Heard(NamedTuple):
    """What an answer says of one claim, or of all claims of a billing provider, as a fact about the set keeps it."""

    named: Named | None
    providers: frozenset[str]
    house_number: str
    refused: bool

    def kept(self) -> list[object]:
        one = self.named
        claim = [one.number, one.charge, one.member_id, one.service_from] if one is not None else None
        return [claim, sorted(self.providers), self.house_number, int(self.refused)]

    @classmethod
    def read(cls, kept: list[Any]) -> Heard:
        claim, providers = kept[0], frozenset(kept[1])
        named = None if claim is None else Named(claim[0], claim[1], claim[2], claim[3], providers)
        return cls(named, providers, kept[2], bool(kept[3]))


class Totals(NamedTuple):
    """QTY*90 and QTY*AA of a submitter; None where they are not told."""

    accepted: int | None
    rejected: int | None

    @property
    def are_told(self) -> bool:
        return self != (None, None)

    def keys(self) -> dict[str, str]:
        """Under which a fact keeps them."""
        return {name: str(number) for name, number in self._asdict().items() if number is not None}

    @classmethod
    def of(cls, keys: Mapping[str, str]) -> Totals:
        accepted, rejected = keys.get("accepted"), keys.get("rejected")
        return cls(None if accepted is None else int(accepted), None if rejected is None else int(rejected))


@dataclass(slots=True)
class OurSet:
    """One set of ours while a 277CA speaks of it."""

    rows: dict[int, AnsweredSubmission] = field(default_factory=dict)
    by_key: dict[str, list[AnsweredSubmission]] = field(default_factory=dict)
    by_member: dict[tuple[str, int], list[AnsweredSubmission]] = field(default_factory=dict)  # and charge
    named: set[int] = field(default_factory=set)  # submissions that were spoken of
    refused: set[int] = field(default_factory=set)  # of these, those that were refused
    said: int = 0  # claims named, ours or not
    said_refused: int = 0
    unfound: int = 0  # claims named that are none of these, as far as is known

    @classmethod
    def of(cls, rows: Sequence[AnsweredSubmission]) -> OurSet:
        """The set with its submissions, to be found under their numbers, what some cut them to, member and charge."""
        made = cls({row.id: row for row in rows})
        for row in rows:
            for key in {row.match_key, *(row.match_key[:length] for length in TRUNCATIONS)}:
                made.by_key.setdefault(key, []).append(row)
            made.by_member.setdefault((row.member_id.upper(), row.charge), []).append(row)
        return made

    @property
    def is_anothers(self) -> bool:
        """Whether the answer names claims and none of them is here: another system's set that has the same number."""
        return self.said > 0 and not self.named

    def hear(self, row: AnsweredSubmission | None, *, refused: bool) -> None:
        """Notes what the answer says of a claim, which is `row` where it is one of these."""
        self.said += 1
        self.said_refused += refused
        if row is None:
            self.unfound += 1
            return
        self.named.add(row.id)
        if refused:
            self.refused.add(row.id)

    def refuse_providers(self, providers: Collection[str]) -> list[AnsweredSubmission]:
        """The submissions of a billing provider all of whose claims are refused."""
        rows = [row for row in self.rows.values() if row.billing_key in providers]
        self.named.update(row.id for row in rows)
        self.refused.update(row.id for row in rows)
        return rows

    @property
    def unnamed(self) -> list[AnsweredSubmission]:
        return [row for key, row in self.rows.items() if key not in self.named]

    def contradicts_refusal(self, totals: Totals) -> str:
        """What speaks against a refusal of the submitter that means every claim: some use it for single ones, so the
        counts decide."""
        if totals.accepted or len(self.named) > len(self.refused) or self.said > self.said_refused:
            return "The whole set is refused although claims of it are accepted; only those named count as refused."
        if totals.rejected is not None and totals.rejected < len(self.rows):
            return "The whole set is refused, but fewer claims than it has; only those named count as refused."
        return ""

    def accounts_for(self, totals: Totals) -> bool:
        """Whether QTY*90 and QTY*AA together are our claims in the set, and QTY*AA those that are refused by name."""
        accepted, rejected = totals.accepted or 0, totals.rejected or 0
        return accepted + rejected == len(self.rows) and rejected == len(self.refused)

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


def named_set(conn: Connection, reference: str, origin: Origin) -> SetRow | None:
    """The set of ours that an answer names by BHT03; of several the one between its sides."""
    sets = [one for one in find_sets_by_reference(conn, reference) if one.state != "building"] if reference else []
    if len(sets) > 1:
        sets = [one for one in sets if origin.answers(partner=one.partner, sender=one.sender, receiver=one.receiver)]
    return sets[0] if len(sets) == 1 else None


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
