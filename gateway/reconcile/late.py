"""Answers that came before what they answer: facts bound to nothing meet claims and batches that are imported later.

The same rules as at once, asked from the other side. A fact keeps its own row; a link binds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gateway.reconcile.acknowledgments import UNANSWERABLE, group_key, interchange_key, named_in, set_key
from gateway.reconcile.answered_set import TRUNCATIONS
from gateway.reconcile.candidates import rematch_numbers
from gateway.reconcile.meant import Fact, resolve
from gateway.reconcile.origin import Posted, match_key
from gateway.reconcile.projection import refresh
from gateway.reconcile.set_verdicts import bind_set_verdicts
from gateway.reconcile.statuses import claim_key
from gateway.store import Connection, stamp
from gateway.store.answers import (
    AnsweredSubmission,
    NewLink,
    add_links,
    answered_of_claims,
    claims_in_sets,
    count_bound,
    has_unbound_events,
    links_of,
    unbound_events,
)
from gateway.store.batches import SetRow, sets_of, submissions_of
from gateway.store.claims import claims_by_id


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
    add_links(conn, new)
    touched = {link.claim_id for link in new if link.claim_id is not None}
    sets = {link.set_id for link in new if link.set_id is not None}
    for link in new:
        if link.batch_id is not None:
            sets |= {one.id for one in sets_of(conn, link.batch_id)}
    touched |= claims_in_sets(conn, sets)
    found = resolve(conn, binder.claim_keys, now)
    whole = bind_set_verdicts(conn, found.references | binder.references, now)
    touched |= found.claim_ids | whole.claim_ids
    told = found.inbound_set_ids | binder.inbound_sets_of({link.event_id for link in new})
    count_bound(conn, told | whole.bound.keys(), whole.naming_ours)
    refresh(conn, touched, stamp(now))
    if found.payer_claim_numbers:
        rematch_numbers(conn, found.payer_claim_numbers, now)
    return touched


def bind_answers(conn: Connection, posted: Posted, inbound_set_id: int, now: datetime) -> None:
    """Binds what a 277CA or 277 says of claims that were found in no set of ours, and counts them.

    So are earlier answers, where this one tells whose they are.
    """
    found = resolve(conn, {*posted.loose, *posted.loose_numbers}, now)
    bound = [key for key in posted.loose if (inbound_set_id, key) in found.bound_keys]
    posted.matched += len(bound)
    posted.unmatched -= len(bound)
    whole = bind_set_verdicts(conn, found.references | posted.kept_references, now)
    posted.matched += len(whole.bound.get(inbound_set_id, ()))
    posted.claim_ids |= found.claim_ids | whole.claim_ids
    posted.payer_claim_numbers |= found.payer_claim_numbers
    count_bound(conn, (found.inbound_set_ids | whole.bound.keys()) - {inbound_set_id}, whole.naming_ours)
    posted.foreign = not (posted.matched or posted.found_set or inbound_set_id in whole.naming_ours)


class _Binder:
    """One pass over the facts that may concern some claims."""

    def __init__(self, conn: Connection, claim_ids: set[int], now: datetime) -> None:
        self._conn = conn
        self._now = stamp(now)
        self._rows = answered_of_claims(conn, claim_ids)
        self._by_set: dict[int, AnsweredSubmission] = {}
        self._sets: dict[int, list[SetRow]] = {}
        self.references = {row.reference for row in self._rows}
        for row in self._rows:
            self._by_set.setdefault(row.set_id, row)
        numbers = [claim.patient_control_number for claim in claims_by_id(conn, claim_ids).values()]
        self.claim_keys = set().union(*map(_cut_keys, numbers))  # under which facts about these claims are kept
        self._facts = [Fact.of(event, now) for event in unbound_events(conn, self._keys())]

    def _keys(self) -> set[str]:
        keys = set(self.claim_keys)
        for row in self._by_set.values():
            keys.add(group_key(row.group_control_number))
            keys.add(set_key(row.group_control_number, row.control_number.lstrip("0")))
            keys.add(interchange_key(row.interchange_control_number))
        return keys

    def inbound_sets_of(self, event_ids: set[int]) -> set[int]:
        """The sets in which these facts stood."""
        facts = [fact.event for fact in self._facts if fact.event.id in event_ids]
        return {event.inbound_set_id for event in facts if event.inbound_set_id is not None}

    def links(self) -> list[NewLink]:
        """Every link that these facts and claims allow."""
        found: dict[NewLink, None] = {}
        for fact in self._facts:
            match fact.event.kind:
                case "ta1":
                    found.update(dict.fromkeys(self._interchange(fact)))
                case "ack_set" | "ack_group":
                    found.update(dict.fromkeys(self._sets_of_group(fact)))
                case "ack_claim":
                    found.update(dict.fromkeys(self._blamed(fact)))
        return list(found)

    def _link(
        self,
        fact: Fact,
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

    def _interchange(self, fact: Fact) -> Iterator[NewLink]:
        for row in self._by_set.values():
            same = interchange_key(row.interchange_control_number) == fact.event.match_key
            if same and self._is_ours(fact, row):
                yield self._link(fact, "ta1", batch_id=row.batch_id)

    def _sets_of_group(self, fact: Fact) -> Iterator[NewLink]:
        for row in self._by_set.values():
            if group_key(row.group_control_number) != group_key(fact.keys.get("group_control_number", "")):
                continue
            if self._is_ours(fact, row) and self._fits_group(fact, row):
                yield self._link(fact, "999", set_id=row.set_id)

    def _blamed(self, fact: Fact) -> Iterator[NewLink]:
        """The only claim of the set whose number a CTX names."""
        key = claim_key(fact.keys.get("patient_control_number", ""))
        for row in self._by_set.values():
            if group_key(row.group_control_number) != group_key(fact.keys.get("group_control_number", "")):
                continue
            if self._is_ours(fact, row) and self._fits_group(fact, row):
                named = [one for one in submissions_of(self._conn, row.set_id) if key in _cut_keys(one.match_key)]
                ours = [one for one in self._rows if len(named) == 1 and one.id == named[0].id]
                yield from (self._link(fact, "999", row=one) for one in ours)

    def _fits_group(self, fact: Fact, row: AnsweredSubmission) -> bool:
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

    def _is_ours(self, fact: Fact, row: AnsweredSubmission) -> bool:
        if row.delivery in UNANSWERABLE:
            return False
        return fact.origin.answers(partner=row.partner, sender=row.sender, receiver=row.receiver)


def _cut_keys(patient_control_number: str) -> set[str]:
    whole = match_key(patient_control_number)
    return {claim_key(whole), *(claim_key(whole[:length]) for length in TRUNCATIONS)}
