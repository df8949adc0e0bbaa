"""What a 277CA says of a set of ours as a whole, where that could not be judged as it was read: the set came later, or
whose a claim is that it names was not known. By the same rules as at once, and again whenever more is known.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.reconcile.answered_set import Heard, OurSet, Totals, named_set, only
from gateway.reconcile.meant import Fact
from gateway.reconcile.statuses import clearinghouse_key, reference_key
from gateway.store import Connection, stamp
from gateway.store.answers import (
    AnsweredSubmission,
    NewLink,
    add_links,
    answered_before,
    answered_in_set,
    standing_submissions,
    unbound_events,
)
from gateway.store.event_links import MOVED


@dataclass(slots=True)
class Said:
    """What verdicts on whole sets came to."""

    claim_ids: set[int] = field(default_factory=set)  # touched
    bound: dict[int, set[int]] = field(default_factory=dict)  # submissions of sets that are bound now, by inbound set
    naming_ours: set[int] = field(default_factory=set)  # inbound sets that speak of a set of ours


def bind_set_verdicts(conn: Connection, references: Iterable[str], now: datetime) -> Said:
    """Binds what was kept of answers that name one of these BHT03 to the submissions that it speaks of."""
    said = Said()
    answers: dict[tuple[str, int, str], list[Fact]] = defaultdict(list)
    for event in unbound_events(conn, {reference_key(one) for one in references if one}):
        fact = Fact.of(event, now)
        answers[fact.keys["reference"], event.inbound_set_id or 0, event.hop].append(fact)
    for (reference, inbound_set_id, _), facts in answers.items():
        found = named_set(conn, reference, facts[0].origin)
        if found is None:
            continue
        ours = OurSet.of(answered_in_set(conn, found.id))
        wanted = _wanted(conn, ours, facts)
        if not ours.is_anothers:
            said.naming_ours.add(inbound_set_id)
        said.bound.setdefault(inbound_set_id, set()).update(row.id for rows in wanted.values() for row in rows)
        said.claim_ids |= _rebind(conn, facts, wanted, ours, now)
    return said


def _wanted(conn: Connection, ours: OurSet, facts: Sequence[Fact]) -> dict[int, list[AnsweredSubmission]]:
    """The submissions that each fact speaks of."""
    wanted: dict[int, list[AnsweredSubmission]] = {}
    for fact in facts:
        if providers := fact.keys.get("providers", "").split():
            wanted[fact.event.id] = ours.refuse_providers(providers)
    whole = [one for one in facts if "providers" not in one.keys]
    if whole:
        _hear(conn, ours, whole[0])
    if ours.is_anothers:
        return wanted
    for fact in sorted(whole, key=lambda one: one.event.verdict == "accept"):
        totals = Totals.of(fact.keys)
        if ours.accounts_for(totals) if fact.event.verdict == "accept" else not ours.contradicts_refusal(totals):
            wanted[fact.event.id] = ours.unnamed
            break  # a refusal of all leaves nobody to be accepted
    return wanted


def _hear(conn: Connection, ours: OurSet, fact: Fact) -> None:
    """Tells the set which claims the answer names, and how."""
    heard = [Heard.read(one) for one in json.loads(fact.keys.get("named", "[]"))]
    before = answered_before(conn, {clearinghouse_key(one.house_number) for one in heard if one.house_number})
    for one in heard:
        if one.named is None:
            ours.refuse_providers(one.providers)
            continue
        row, _ = ours.find_named(one.named)
        if row is None and one.house_number:
            told = before.get(clearinghouse_key(one.house_number), [])
            row = only([other for other in told if other.id in ours.rows], one.named.providers)
        ours.hear(row, refused=one.refused)


def _rebind(
    conn: Connection,
    facts: Sequence[Fact],
    wanted: dict[int, list[AnsweredSubmission]],
    ours: OurSet,
    now: datetime,
) -> set[int]:
    """Links the facts to what they speak of and to nothing else; gives the claims for which that is news."""
    touched: set[int] = set()
    bound = standing_submissions(conn, [one.event.id for one in facts])
    new: list[NewLink] = []
    for fact in facts:
        event_id = fact.event.id
        before, after = bound.get(event_id, set()), {row.id: row for row in wanted.get(event_id, [])}
        if before - after.keys():
            new.append(NewLink(event_id, MOVED, stamp(now)))
            touched |= {ours.rows[one].claim_id for one in before if one in ours.rows}
            before = set()
        links = [
            NewLink(event_id, "reference", stamp(now), row.claim_id, row.id)
            for row in after.values()
            if row.id not in before
        ]
        touched |= {one.claim_id for one in links if one.claim_id is not None}
        new += links
    add_links(conn, new)
    return touched
