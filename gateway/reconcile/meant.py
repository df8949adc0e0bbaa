"""Whose an answer is that names a claim and was not bound as it was read: by all that the store knows, at any time.

The set that it names decides, where that is ours: by CLM01 inside it, by member, day and charge, by the clearinghouse's
number. Else CLM01 alone, if only one submission of the same submitter and charge can be meant. Whenever a claim, a set
or a number becomes known, the facts that it may concern are looked at again, and a link that was right by what was
known then moves: so the order in which files came never counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from gateway.reconcile.answered_set import TRUNCATIONS, Named, OurSet, by_date, named_set, newest, only
from gateway.reconcile.origin import Origin, bare, match_key
from gateway.reconcile.statuses import DELIVERED, claim_key, clearinghouse_key, payer_number_key
from gateway.store import Connection, stamp
from gateway.store.answers import (
    AnsweredSubmission,
    NewLink,
    UnboundEvent,
    add_links,
    answered_before,
    answered_by_number,
    answered_in_set,
    answered_of_claims,
    newest_links,
    unbound_events,
)
from gateway.store.candidates import ids_by_cut
from gateway.store.event_links import MOVED

_OF_A_CLAIM = frozenset(("status", "inquiry", "numbered"))
_ROUNDS = 6  # a number may tell whose an answer is that tells another number, and so on; nobody gives a claim many


class Fact(NamedTuple):
    """An unbound event with its keys read."""

    event: UnboundEvent
    keys: Mapping[str, str]
    origin: Origin

    @classmethod
    def of(cls, event: UnboundEvent, now: datetime) -> Fact:
        keys: dict[str, str] = json.loads(event.keys)
        senders = frozenset(keys.get("senders", "").split(" "))
        receivers = frozenset(keys.get("receivers", "").split(" "))
        return cls(event, keys, Origin(event.inbound_set_id or 0, keys.get("partner", ""), senders, receivers, now))

    @property
    def number(self) -> str:
        return self.keys.get("patient_control_number", "")

    @property
    def clearinghouse_key(self) -> str:
        number = self.keys.get("clearinghouse_number", "")
        return clearinghouse_key(number) if number else ""

    @property
    def of_claim_alone(self) -> bool:
        """Whether it speaks of the claim, not of a submission."""
        return self.event.hop == "status"

    def named(self) -> Named:
        charge = self.keys.get("charge", "")
        return Named(
            self.number,
            int(charge) if charge else None,
            self.keys.get("member_id", ""),
            self.keys.get("service_from", ""),
            frozenset(self.keys.get("billing", "").split()),
        )


@dataclass(slots=True)
class Resolved:
    """What looking at facts again came to."""

    claim_ids: set[int] = field(default_factory=set)  # touched
    submission_ids: set[int] = field(default_factory=set)  # that facts are bound to now
    inbound_set_ids: set[int] = field(default_factory=set)  # of facts whose link is new or moved
    references: set[str] = field(default_factory=set)  # that these facts name
    bound_keys: set[tuple[int | None, str]] = field(default_factory=set)  # inbound set and match key of facts bound now
    payer_claim_numbers: set[str] = field(default_factory=set)  # that became known


def resolve(conn: Connection, match_keys: Iterable[str], now: datetime) -> Resolved:
    """Binds the facts with one of these match keys (`claim:…`, `d9:…`) as all that is known now says."""
    found = Resolved()
    wanted = set(match_keys)
    for _ in range(_ROUNDS):
        facts = [Fact.of(one, now) for one in unbound_events(conn, wanted) if _of_a_claim(one)]
        changed = _link(conn, facts, found, now)
        if not changed:
            break
        wanted = {claim_key(one.number) for one in facts if one.event.match_key.startswith("d9:")}
        for one in changed:
            if one.event.kind != "numbered":
                wanted |= number_keys(one.keys)
    return found


def _of_a_claim(event: UnboundEvent) -> bool:
    return event.kind in _OF_A_CLAIM and not event.match_key.startswith("bht:")


def number_keys(keys: Mapping[str, str]) -> set[str]:
    """Under which the numbers are kept that the other side gave the claim."""
    made = set()
    if number := keys.get("payer_claim_number", ""):
        made.add(payer_number_key(number))
    if number := keys.get("clearinghouse_number", ""):
        made.add(clearinghouse_key(number))
    return made


def _link(conn: Connection, facts: Sequence[Fact], found: Resolved, now: datetime) -> list[Fact]:
    """Links facts to what they mean; gives those whose link is new or moved."""
    if not facts:
        return []
    known = newest_links(conn, [one.event.id for one in facts])
    changed, links = [], []
    for fact, (row, rung) in zip(facts, _Meant(conn, facts).rows(), strict=True):
        event = fact.event
        if row is not None:
            found.bound_keys.add((event.inbound_set_id, event.match_key))
            found.submission_ids.add(row.id)
        before = known.get(event.id, (None, None))
        after = (None, None) if row is None else (row.claim_id, None if fact.of_claim_alone else row.id)
        if before == after:
            continue
        links.append(NewLink(event.id, MOVED if event.id in known else rung, stamp(now), *after))
        changed.append(fact)
        found.claim_ids |= {one for one in (before[0], after[0]) if one is not None}
        if event.inbound_set_id is not None:
            found.inbound_set_ids.add(event.inbound_set_id)
        found.references.add(fact.keys.get("reference", ""))
        if event.match_key.startswith("1k:"):
            found.payer_claim_numbers.add(fact.keys["payer_claim_number"])
    add_links(conn, links)
    return changed


class _Meant:
    """The submissions that some facts mean, looked up in bulk."""

    def __init__(self, conn: Connection, facts: Sequence[Fact]) -> None:
        self._conn = conn
        self._facts = facts
        self._by_key = answered_by_number(conn, {match_key(one.number) for one in facts})
        self._by_cut = self._load_cut()
        self._by_house = answered_before(conn, {one.clearinghouse_key for one in facts} - {""})
        self._set_ids: dict[tuple[str, Origin], int | None] = {}
        self._sets: dict[int, OurSet] = {}

    def _load_cut(self) -> dict[str, list[AnsweredSubmission]]:
        cut = {key for one in self._facts if len(key := match_key(one.number)) in TRUNCATIONS}
        found: dict[str, list[AnsweredSubmission]] = {}
        if cut:
            for row in answered_of_claims(self._conn, ids_by_cut(self._conn, cut)):
                for length in TRUNCATIONS:
                    found.setdefault(row.match_key[:length], []).append(row)
        return found

    def rows(self) -> list[tuple[AnsweredSubmission | None, str]]:
        """What each fact means, in their order, with the rung that it was found by."""
        return [self._row(one) for one in self._facts]

    def _row(self, fact: Fact) -> tuple[AnsweredSubmission | None, str]:
        set_id = None if fact.of_claim_alone else self._set_of(fact)
        if set_id is None:
            return self._alone(fact)
        ours = self._sets.get(set_id)
        if ours is None:
            ours = self._sets[set_id] = OurSet.of(answered_in_set(self._conn, set_id))
        row, _ = ours.find_named(fact.named())
        if row is None and fact.clearinghouse_key:
            told = [one for one in self._by_house.get(fact.clearinghouse_key, []) if one.id in ours.rows]
            row = only(told, fact.named().providers)
        return row, "reference"

    def _set_of(self, fact: Fact) -> int | None:
        """The set of ours that the answer names by BHT03; of several the one between these sides."""
        reference = fact.keys.get("reference", "")
        if not reference:
            return None
        at = (reference, fact.origin._replace(inbound_set_id=0))
        if at not in self._set_ids:
            found = named_set(self._conn, reference, fact.origin)
            self._set_ids[at] = found.id if found is not None else None
        return self._set_ids[at]

    def _alone(self, fact: Fact) -> tuple[AnsweredSubmission | None, str]:
        """By CLM01 within the submitter, else by the clearinghouse's number."""
        named, key = fact.named(), match_key(fact.number)
        rows = self._by_key.get(key, []) or self._by_cut.get(key, [])
        rows = [one for one in rows if _can_mean(fact, named, one)]
        if fact.of_claim_alone:
            return newest(rows, named.providers), "number"
        row = by_date(rows, named.providers, fact.event.said_on)
        if row is None and not rows and fact.clearinghouse_key:
            told = self._by_house.get(fact.clearinghouse_key, [])
            row = only([one for one in told if _can_mean(fact, named, one)], named.providers)
        return row, "number"


def _can_mean(fact: Fact, named: Named, row: AnsweredSubmission) -> bool:
    """Delivered by the same submitter, and neither charge nor member contradict."""
    if row.delivery not in DELIVERED:
        return False
    if bare(row.sender) not in fact.origin.receivers and row.partner != fact.origin.partner:
        return False
    if named.charge is not None and row.charge != named.charge:
        return False
    return not named.member_id or not row.member_id or named.member_id.upper() == row.member_id.upper()
