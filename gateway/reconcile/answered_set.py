"""A set of ours while a 277CA speaks of it: which of its submissions a claim of the answer is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.inbound.facts import ClaimStatus, Provider, Receiver
from gateway.reconcile.origin import match_key
from gateway.store.answers import AnsweredSubmission

TRUNCATIONS = (17, 20)  # to which some cut a patient control number


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

    def find(self, claim: ClaimStatus, provider: Provider | None) -> tuple[AnsweredSubmission | None, str]:
        """The submission that a claim of the 277CA is, and the rung it was found by."""
        key = match_key(claim.patient_control_number)
        numbered = self.by_key.get(key, [])
        exact = [row for row in numbered if row.match_key == key]
        if (one := only(exact or numbered, provider)) is not None:
            return one, "number"
        one = only(self._of_member(claim), provider)
        return one, "member" if one is not None else ""

    def _of_member(self, claim: ClaimStatus) -> list[AnsweredSubmission]:
        charge = next((status.charge for status in claim.statuses if status.charge is not None), None)
        if not claim.member_id or charge is None:
            return []
        rows = self.by_member.get((claim.member_id.upper(), charge), [])
        return [row for row in rows if not claim.service_from or row.service_from == claim.service_from]


def only(rows: Sequence[AnsweredSubmission], provider: Provider | None) -> AnsweredSubmission | None:
    """The only one, if need be the only one of the provider."""
    if len(rows) > 1 and provider is not None:
        rows = [row for row in rows if bills(row, provider)]
    return rows[0] if len(rows) == 1 else None


def bills(row: AnsweredSubmission, provider: Provider) -> bool:
    return row.billing_key in (provider.id, *provider.other_ids)


def newest(rows: Sequence[AnsweredSubmission], provider: Provider | None) -> AnsweredSubmission | None:
    """The newest submission of the only claim that can be meant."""
    if len({row.claim_id for row in rows}) > 1 and provider is not None:
        rows = [row for row in rows if bills(row, provider)]
    if len({row.claim_id for row in rows}) != 1:
        return None
    return max(rows, key=lambda row: (row.sent_at or "", row.id))


def by_date(
    rows: Sequence[AnsweredSubmission], claim: ClaimStatus, provider: Provider | None
) -> AnsweredSubmission | None:
    """The only submission that can be meant: of several only one that had been sent when the answer was given."""
    one = only(rows, provider)
    said = min((status.date for status in claim.statuses if status.date), default="")
    if one is not None or not said:
        return one
    return only([row for row in rows if row.sent_at and row.sent_at[:10] <= said], provider)
