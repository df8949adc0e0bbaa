"""Answers that came before what they answer: facts bound to nothing meet claims and batches that are imported later.

The same rules as at once, asked from the other side. A fact keeps its own row; a link binds it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from gateway.reconcile.acknowledgments import UNANSWERABLE, group_key, interchange_key, named_in, set_key
from gateway.reconcile.answered_set import TRUNCATIONS
from gateway.reconcile.origin import Origin, bare, match_key
from gateway.reconcile.projection import refresh
from gateway.reconcile.statuses import claim_key, reference_key
from gateway.store import Connection, stamp
from gateway.store.answers import (
    AnsweredSubmission,
    NewLink,
    UnboundEvent,
    add_links,
    answered_of_claims,
    claims_in_sets,
    has_unbound_events,
    links_of,
    unbound_events,
)
from gateway.store.batches import SetRow, sets_of, submissions_of
from gateway.store.claims import ClaimRow, claims_by_id


class _Fact(NamedTuple):
    """An unbound event with its keys read."""

    event: UnboundEvent
    keys: Mapping[str, str]
    origin: Origin


def rebind(conn: Connection, claim_ids: Iterable[int], now: datetime) -> set[int]:
    """Binds facts that were recorded before these claims (or their batches) and refreshes every claim that it touches.

    Returns the claims touched. Called in the transaction that imported them; without unbound facts it is one look.
    """
    wanted = set(claim_ids)
    if not wanted or not has_unbound_events(conn):
        return set()
    binder = _Binder(conn, wanted, now)
    links = binder.links()
    known = links_of(conn, [link.event_id for link in links])
    new = [one for one in links if (one.event_id, one.submission_id, one.set_id, one.batch_id) not in known]
    new = [one for one in new if one.claim_id is None or one.submission_id or _is_new_of_claim(one, known)]
    add_links(conn, new)
    touched = {link.claim_id for link in new if link.claim_id is not None}
    sets = {link.set_id for link in new if link.set_id is not None}
    for link in new:
        if link.batch_id is not None:
            sets |= {one.id for one in sets_of(conn, link.batch_id)}
    touched |= claims_in_sets(conn, sets)
    refresh(conn, touched, stamp(now))
    return touched


def _is_new_of_claim(link: NewLink, known: set[tuple[int, int | None, int | None, int | None]]) -> bool:
    return all(event_id != link.event_id for event_id, *_ in known)


class _Binder:
    """One pass over the facts that may concern some claims."""

    def __init__(self, conn: Connection, claim_ids: set[int], now: datetime) -> None:
        self._conn = conn
        self._now = stamp(now)
        self._claims = claims_by_id(conn, claim_ids)
        self._rows = answered_of_claims(conn, claim_ids)
        self._by_claim: dict[str, list[AnsweredSubmission]] = defaultdict(list)
        self._by_reference: dict[str, list[AnsweredSubmission]] = defaultdict(list)
        self._by_set: dict[int, AnsweredSubmission] = {}
        self._claims_by_key: dict[str, list[ClaimRow]] = defaultdict(list)
        self._sets: dict[int, list[SetRow]] = {}
        for row in self._rows:
            self._by_set.setdefault(row.set_id, row)
            self._by_reference[reference_key(row.reference)].append(row)
            for key in _cut_keys(row.patient_control_number):
                self._by_claim[key].append(row)
        for claim in self._claims.values():
            for key in _cut_keys(claim.patient_control_number):
                self._claims_by_key[key].append(claim)
        self._facts = [_fact(event, now) for event in unbound_events(conn, self._keys())]
        self._named: set[tuple[int | None, str]] = {
            (fact.event.inbound_set_id, fact.event.match_key)
            for fact in self._facts
            if fact.event.match_key.startswith("claim:")
        }

    def _keys(self) -> set[str]:
        keys = set(self._claims_by_key) | set(self._by_reference)
        for row in self._by_set.values():
            keys.add(group_key(row.group_control_number))
            keys.add(set_key(row.group_control_number, row.control_number.lstrip("0")))
            keys.add(interchange_key(row.interchange_control_number))
        return keys

    def links(self) -> list[NewLink]:
        """Every link that these facts and claims allow."""
        found: dict[NewLink, None] = {}
        for fact in self._facts:
            match fact.event.kind:
                case "ta1":
                    found.update(dict.fromkeys(self._interchange(fact)))
                case "ack_set" | "ack_group":
                    found.update(dict.fromkeys(self._sets_of_group(fact)))
                case "status" if fact.event.match_key.startswith("bht:"):
                    found.update(dict.fromkeys(self._whole_set(fact)))
                case "status":
                    found.update(dict.fromkeys(self._submission(fact)))
                case "inquiry":
                    found.update(dict.fromkeys(self._claim(fact)))
        return list(found)

    def _link(
        self,
        fact: _Fact,
        rung: str,
        *,
        row: AnsweredSubmission | None = None,
        set_id: int | None = None,
        batch_id: int | None = None,
    ) -> NewLink:
        if row is not None:
            return NewLink(fact.event.id, rung, self._now, row.claim_id, row.id)
        return NewLink(fact.event.id, rung, self._now, None, None, set_id, batch_id)

    # Interchanges and groups

    def _interchange(self, fact: _Fact) -> Iterator[NewLink]:
        for row in self._by_set.values():
            same = interchange_key(row.interchange_control_number) == fact.event.match_key
            if same and self._is_ours(fact, row):
                yield self._link(fact, "ta1", batch_id=row.batch_id)

    def _sets_of_group(self, fact: _Fact) -> Iterator[NewLink]:
        for row in self._by_set.values():
            if group_key(row.group_control_number) != group_key(fact.keys.get("group_control_number", "")):
                continue
            if self._is_ours(fact, row) and self._fits_group(fact, row):
                yield self._link(fact, "999", set_id=row.set_id)

    def _fits_group(self, fact: _Fact, row: AnsweredSubmission) -> bool:
        sets = self._group(row)
        if (included := fact.keys.get("included")) and int(included) != len(sets):
            return False
        number = row.control_number.lstrip("0")
        if fact.event.kind == "ack_group":
            return number not in {one.lstrip("0") for one in fact.keys.get("named", "").split()}
        if fact.keys.get("control_number", "").lstrip("0") != number:
            return False
        named = fact.keys.get("claims", "")
        return not named or named_in(named.split("\n"), submissions_of(self._conn, row.set_id))

    def _group(self, row: AnsweredSubmission) -> list[SetRow]:
        if row.batch_id not in self._sets:
            self._sets[row.batch_id] = sets_of(self._conn, row.batch_id)
        return [one for one in self._sets[row.batch_id] if one.group_control_number == row.group_control_number]

    def _is_ours(self, fact: _Fact, row: AnsweredSubmission) -> bool:
        if row.delivery in UNANSWERABLE:
            return False
        return fact.origin.answers(partner=row.partner, sender=row.sender, receiver=row.receiver)

    # Sets and claims of a 277CA

    def _whole_set(self, fact: _Fact) -> Iterator[NewLink]:
        """A verdict on a provider or a whole set: for those that the same answer does not name."""
        providers = fact.keys.get("providers", "").split()
        counted = fact.keys.get("claims", "")
        for row in self._by_reference[fact.event.match_key]:
            if providers and row.billing_key not in providers:
                continue
            if counted and int(counted) != row.set_claims:
                continue
            if fact.event.verdict != "accept" or not self._is_named(fact, row):
                yield self._link(fact, "reference", row=row)

    def _is_named(self, fact: _Fact, row: AnsweredSubmission) -> bool:
        at = fact.event.inbound_set_id
        if any((at, key) in self._named for key in _cut_keys(row.patient_control_number)):
            return True
        return any(
            other.event.inbound_set_id == at and row.billing_key in other.keys.get("providers", "").split()
            for other in self._facts
        )

    def _submission(self, fact: _Fact) -> Iterator[NewLink]:
        rows = self._by_claim.get(fact.event.match_key, [])
        of_set = [row for row in rows if fact.keys.get("reference") and row.reference == fact.keys["reference"]]
        if len(of_set) == 1:
            yield self._link(fact, "reference", row=of_set[0])
        elif not of_set:
            meant = [row for row in rows if _can_mean(fact, row)]
            said = fact.event.said_on
            sent = [row for row in meant if row.sent_at and said and row.sent_at[:10] <= said]
            meant = meant if len(meant) == 1 else sent
            if len(meant) == 1:
                yield self._link(fact, "number", row=meant[0])

    def _claim(self, fact: _Fact) -> Iterator[NewLink]:
        claims = self._claims_by_key.get(fact.event.match_key, [])
        if len(claims) == 1:
            yield NewLink(fact.event.id, "number", self._now, claims[0].id)


def _can_mean(fact: _Fact, row: AnsweredSubmission) -> bool:
    """The same submitter, and neither charge nor member contradict."""
    if bare(row.sender) not in fact.origin.receivers and row.partner != fact.origin.partner:
        return False
    charge, member = fact.keys.get("charge", ""), fact.keys.get("member_id", "").upper()
    if charge and int(charge) != row.charge:
        return False
    return not member or not row.member_id or member == row.member_id.upper()


def _cut_keys(patient_control_number: str) -> set[str]:
    whole = match_key(patient_control_number)
    return {claim_key(whole), *(claim_key(whole[:length]) for length in TRUNCATIONS)}


def _fact(event: UnboundEvent, now: datetime) -> _Fact:
    keys: dict[str, str] = json.loads(event.keys)
    senders = frozenset(keys.get("senders", "").split(" "))
    receivers = frozenset(keys.get("receivers", "").split(" "))
    return _Fact(event, keys, Origin(event.inbound_set_id or 0, keys.get("partner", ""), senders, receivers, now))
