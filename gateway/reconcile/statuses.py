"""277CA and 277 meet the store: which submissions they answer, and what they say of each, named or not.

A 277CA is bound by 2200B TRN02 = BHT03 to a set of ours, its claims by CLM01 inside that set (then without case and
padding, cut to 17 or 20 characters, by the clearinghouse's number, by member, day and charge). What is said of a claim
that is found in no set is kept under its CLM01 for `meant` to bind, now and whenever more is known. A 277 speaks of the
claim, not of a submission.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from gateway.inbound.facts import ClaimStatus, LineStatus, Provider, Receiver, Source, Status, StatusFacts
from gateway.reconcile.acknowledgments import sides
from gateway.reconcile.answered_set import Heard, Named, OurSet, Totals, named_set, only
from gateway.reconcile.origin import Origin, Posted, match_key
from gateway.store import Connection
from gateway.store.answers import AnsweredSubmission, answered_before, answered_in_set
from gateway.store.claims import NewEvent, append_events, codes_json, keys_json, lock_claims

PAYER = "PR"  # NM101 of the source; every other one is an intermediary
REFUSED = frozenset(("reject", "duplicate"))
DELIVERED = frozenset(("sent", "sending", "unknown"))  # states of a batch whose claims may be answered
_EVENTS_A_CALL = 2_000


def claim_key(patient_control_number: str) -> str:
    """Under which an unbound answer to a claim is kept."""
    return f"claim:{match_key(patient_control_number)}"


def reference_key(reference: str) -> str:
    """Under which an unbound answer to a whole set is kept."""
    return f"bht:{reference.strip()}"


def payer_number_key(number: str) -> str:
    """Under which a bound answer keeps the payer's claim number (REF*1K), for matching payments."""
    return f"1k:{number.strip().upper()}"


def clearinghouse_key(number: str) -> str:
    """Under which a bound answer keeps the clearinghouse's number (REF*D9), for answers that have lost the CLM01."""
    return f"d9:{number.strip().upper()}"


def post_statuses(conn: Connection, facts: StatusFacts, origin: Origin) -> Posted:
    """Binds and records every answer of a 277CA or 277. The facts must be without errors."""
    poster = _Poster(conn, facts, origin)
    poster.run()
    return poster.posted


class _Poster:
    """One 277CA or 277 on its way into the store."""

    def __init__(self, conn: Connection, facts: StatusFacts, origin: Origin) -> None:
        self.posted = Posted()
        self._conn = conn
        self._facts = facts
        self._origin = origin
        self._hop = "status" if facts.inquiry else "clearinghouse"
        self._set: OurSet | None = None
        self._heard: list[Heard] = []  # of the submitter that is being read
        self._receiver: Receiver | None = None
        self._provider: Provider | None = None
        self._events: list[NewEvent] = []
        self._matched: set[int] = set()
        self._found_set = False

    def run(self) -> None:
        for answer in self._facts:
            match answer:
                case Source():
                    self._end_of_set()
                    if not self._facts.inquiry:
                        self._hop = "payer" if answer.entity == PAYER else "clearinghouse"
                case Receiver():
                    self._end_of_set()
                    self._begin_set(answer)
                case Provider():
                    self._provider = answer
                    self._refuse_provider(answer)
                case ClaimStatus():
                    self._claim(answer)
            if len(self._events) >= _EVENTS_A_CALL:
                self._flush()
        self._end_of_set()
        self._flush()
        posted = self.posted
        posted.matched = len(self._matched)
        posted.claims = posted.matched + posted.unmatched
        posted.charge = self._facts.charge
        posted.found_set = self._found_set

    # Sets

    def _begin_set(self, receiver: Receiver) -> None:
        self._receiver, self._provider, self._heard = receiver, None, []
        if self._facts.inquiry or not receiver.reference:
            return
        found = named_set(self._conn, receiver.reference, self._origin)
        if found is None:
            return
        rows = answered_in_set(self._conn, found.id)
        lock_claims(self._conn, [row.claim_id for row in rows])
        self._set = OurSet.of(rows)

    def _end_of_set(self) -> None:
        """What the totals and the submitter's level say of the claims that were not named."""
        ours, receiver = self._set, self._receiver
        if receiver is not None and ours is not None:
            self._end_of_ours(ours, receiver)
        elif receiver is not None and not self._facts.inquiry:
            self._keep_set_verdict(receiver)
        self._set = self._receiver = None

    def _end_of_ours(self, ours: OurSet, receiver: Receiver) -> None:
        self._found_set = self._found_set or not ours.is_anothers
        if ours.unfound:
            self._keep_set_verdict(receiver)  # whom it does not name is known once these are found, or are another's
            self.posted.kept_references.add(receiver.reference)
            return
        rest, totals = ours.unnamed, Totals(receiver.accepted, receiver.rejected)
        status = next((one for one in receiver.statuses if one.verdict in REFUSED), None)
        against = ours.contradicts_refusal(totals) if status is not None else ""
        if against:
            self.posted.say("status_set_contradicts", against, receiver.segment)
        if status is not None and not against:
            self._say_of_all(rest, status.verdict, status.codes, receiver)
        elif rest and totals.are_told and ours.accounts_for(totals):
            self._say_of_all(rest, "accept", _codes(receiver.statuses, "accept"), receiver)
        elif rest and totals.are_told and not self._is_part(ours, totals):
            text = "The totals do not account for our claims in the set, so those not named are not taken as accepted."
            self.posted.say("status_totals_differ", text, receiver.segment)

    def _is_part(self, ours: OurSet, totals: Totals) -> bool:
        """Whether the totals are those of a part of the set: of the claims named, or of the claims to this payer."""
        counted = (totals.accepted or 0) + (totals.rejected or 0)
        return counted == ours.said or (self._hop == "payer" and counted < len(ours.rows))

    def _say_of_all(
        self, rows: Iterable[AnsweredSubmission], verdict: str, codes: Sequence[str], receiver: Receiver
    ) -> None:
        dates = [one.date for one in receiver.statuses if one.date]
        for row in rows:
            text = "By the totals of the set" if verdict == "accept" else "The whole set was refused"
            self._add(row, verdict, codes, max(dates, default=""), receiver.segment, text=text)

    def _keep_set_verdict(self, receiver: Receiver) -> None:
        """What is said of a set that is not ours to know, for when it is imported: a refusal, the totals, or both."""
        if not receiver.reference:
            return
        refusal = next((one for one in receiver.statuses if one.verdict in REFUSED), None)
        totals = Totals(receiver.accepted, receiver.rejected)
        named = json.dumps([one.kept() for one in self._heard], separators=(",", ":"))
        keys = {**sides(self._origin), "reference": receiver.reference, **totals.keys(), "named": named}
        said = max((one.date for one in receiver.statuses if one.date), default="")
        at, key = receiver.segment, reference_key(receiver.reference)
        if refusal is not None:
            self._events.append(self._event(refusal.verdict, refusal.codes, said, at, keys, key=key))
        if totals.are_told:
            codes = _codes(receiver.statuses, "accept")
            self._events.append(self._event("accept", codes, said, at, keys, key=key))

    def _refuse_provider(self, provider: Provider) -> None:
        status = next((one for one in provider.statuses if one.verdict in REFUSED), None)
        if status is None or self._facts.inquiry:
            return
        ids = frozenset((provider.id, *provider.other_ids))
        self._heard.append(Heard(None, ids, "", refused=True))
        if self._set is None:
            self._keep_provider_verdict(provider, status)
            return
        rows = self._set.refuse_providers(ids)
        if provider.rejected is not None and provider.rejected != len(rows):
            text = "The provider's refused claims are not as many as ours in the set; all of them count as refused."
            self.posted.say("status_provider_counts", text, provider.segment)
        for row in rows:
            text = "All claims of the billing provider were refused"
            self._add(row, status.verdict, status.codes, status.date, status.segment, text=status.text or text)

    def _keep_provider_verdict(self, provider: Provider, status: Status) -> None:
        if self._receiver is None or not self._receiver.reference:
            return
        keys = {**sides(self._origin), "reference": self._receiver.reference}
        keys["providers"] = " ".join((provider.id, *provider.other_ids))
        key = reference_key(self._receiver.reference)
        self._events.append(self._event(status.verdict, status.codes, status.date, status.segment, keys, key=key))

    # Claims

    def _claim(self, claim: ClaimStatus) -> None:
        verdict = claim.verdict
        row = self._bind(claim)
        named = Named.of(claim, self._provider)
        self._heard.append(Heard(named, named.providers, claim.clearinghouse_number, verdict in REFUSED))
        if self._set is not None:
            self._set.hear(row, refused=verdict in REFUSED)
        keys = self._keys(claim)
        if row is None:
            self.posted.unmatched += 1
            self.posted.loose.append(claim_key(claim.patient_control_number))
        key = claim_key(claim.patient_control_number) if row is None else _number_key(claim)
        self._number(claim, row, keys, key)
        for status, line in _statuses(claim):
            said = {**keys, "line": line.control_number} if line is not None and line.control_number else keys
            self._add(row, status.verdict, status.codes, status.date, status.segment, status.text, said, key)

    def _number(self, claim: ClaimStatus, row: AnsweredSubmission | None, keys: dict[str, str], key: str) -> None:
        """Keeps the numbers that the other side gave the claim, each under a key of its own where `key` is another."""
        if row is not None and claim.payer_claim_number:
            self.posted.payer_claim_numbers.add(claim.payer_claim_number)
        told = []
        if claim.payer_claim_number:
            told.append(payer_number_key(claim.payer_claim_number))
        if claim.clearinghouse_number:
            told.append(clearinghouse_key(claim.clearinghouse_number))
            if row is not None:
                self.posted.loose_numbers.append(told[-1])
        for one in told:
            if one != key:
                self._add(row, "info", (), "", claim.segment, keys=keys, key=one, kind="numbered")

    def _bind(self, claim: ClaimStatus) -> AnsweredSubmission | None:
        if self._set is None:
            return None
        row, _ = self._set.find(claim, self._provider)
        if row is None and claim.clearinghouse_number:
            key = clearinghouse_key(claim.clearinghouse_number)
            rows = [one for one in answered_before(self._conn, [key]).get(key, []) if one.id in self._set.rows]
            row = only(rows, Named.of(claim, self._provider).providers)
        return row

    def _keys(self, claim: ClaimStatus) -> dict[str, str]:
        charge = next((status.charge for status in claim.statuses if status.charge is not None), None)
        keys = {
            "patient_control_number": claim.patient_control_number,
            "payer_claim_number": claim.payer_claim_number,
            "clearinghouse_number": claim.clearinghouse_number,
            "member_id": claim.member_id,
            "service_from": claim.service_from,
            "charge": "" if charge is None else str(charge),
            "reference": self._receiver.reference if self._receiver else "",
            "billing": " ".join(sorted(Named.of(claim, self._provider).providers)),
        }
        return {name: value for name, value in keys.items() if value}

    # Events

    def _add(
        self,
        row: AnsweredSubmission | None,
        verdict: str,
        codes: Sequence[str],
        said_on: str,
        segment: int,
        text: str = "",
        keys: dict[str, str] | None = None,
        key: str = "",
        kind: str = "",
    ) -> None:
        event = self._event(verdict, codes, said_on, segment, keys or {}, key, text)
        if kind:
            event = event._replace(kind=kind, rank="")
        if row is None:
            event = event._replace(keys=keys_json({**(keys or {}), **sides(self._origin)}))
        else:
            submission = None if self._facts.inquiry else row.id
            event = event._replace(claim_id=row.claim_id, submission_id=submission)
            self._matched.add(row.id)
            self.posted.claim_ids.add(row.claim_id)
            if self._set is not None:
                self.posted.batch_ids.add(row.batch_id)
        self._events.append(event)

    def _event(
        self,
        verdict: str,
        codes: Sequence[str],
        said_on: str,
        segment: int,
        keys: dict[str, str],
        key: str = "",
        text: str = "",
    ) -> NewEvent:
        facts = self._facts
        return NewEvent(
            kind="inquiry" if facts.inquiry else "status",
            hop=self._hop,
            verdict=verdict,
            recorded_at=self._origin.recorded_at,
            inbound_set_id=self._origin.inbound_set_id,
            segment=segment,
            said_on=said_on,
            rank=rank_of(said_on, facts.date, facts.time),
            codes=codes_json(codes),
            text=text,
            keys=keys_json(keys),
            match_key=key,
        )

    def _flush(self) -> None:
        append_events(self._conn, self._events)
        self._events = []


def rank_of(said_on: str, date: str, time: str) -> str:
    """STC02, BHT04 and BHT05 as text that sorts; an STC without a date is as old as its file."""
    made = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else ""
    return f"{said_on or made:10} {date:8} {time.ljust(8, '0')}"


def _statuses(claim: ClaimStatus) -> Iterator[tuple[Status, LineStatus | None]]:
    for status in claim.statuses:
        yield status, None
    for line in claim.lines:
        for status in line.statuses:
            yield status, line


def _codes(statuses: Iterable[Status], verdict: str) -> tuple[str, ...]:
    return next((one.codes for one in statuses if one.verdict == verdict), ())


def _number_key(claim: ClaimStatus) -> str:
    if claim.payer_claim_number:
        return payer_number_key(claim.payer_claim_number)
    return clearinghouse_key(claim.clearinghouse_number) if claim.clearinghouse_number else ""
