"""Answers and what they answer: submissions found by the keys of an answer, and facts that are bound later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, or_, select, update

from gateway.store.event_links import standing
from gateway.store.rows import cut, fetch, insert_rows, unsaid
from gateway.store.tables import (
    batch_sets,
    batches,
    claim_versions,
    claims,
    event_links,
    events,
    inbound_sets,
    submissions,
)

# Facts with the links that stand.
_LINKED = events.outerjoin(event_links, and_(event_links.c.event_id == events.c.id, standing()))
# Facts that name nothing of ours.
_OF_NOTHING = and_(*(unsaid(events.c[name]) for name in ("claim_id", "submission_id", "set_id", "batch_id")))
# An answer cannot be to a batch whose numbers were only reserved.
_UNANSWERABLE = ("building", "abandoned")


class AnsweredSubmission(NamedTuple):
    """A submission with everything that an answer to it may name."""

    id: int
    claim_id: int
    version_id: int
    set_id: int
    batch_id: int
    patient_control_number: str
    match_key: str
    billing_key: str
    charge: int
    member_id: str
    service_from: str
    service_to: str
    delivery: str  # the batch's state
    sent_at: str | None
    partner: str
    sender: str
    receiver: str
    control_number: str  # ST02
    group_control_number: str  # GS06
    interchange_control_number: str
    reference: str  # BHT03
    set_claims: int


class UnboundEvent(NamedTuple):
    """A fact that named nothing of ours when it was recorded."""

    id: int
    kind: str
    hop: str
    verdict: str
    match_key: str
    keys: str  # JSON
    said_on: str
    inbound_set_id: int | None


class NewLink(NamedTuple):
    """Binds a fact to what it answers; the narrowest scope is given."""

    event_id: int
    rung: str
    recorded_at: str
    claim_id: int | None = None
    submission_id: int | None = None
    set_id: int | None = None
    batch_id: int | None = None


def answered_in_set(conn: Connection, set_id: int) -> list[AnsweredSubmission]:
    """The submissions of one set in the order of their CLMs."""
    return fetch(conn, _submissions().where(submissions.c.set_id == set_id), AnsweredSubmission)


def answered_of_claims(conn: Connection, claim_ids: Iterable[int]) -> list[AnsweredSubmission]:
    """All submissions of many claims."""
    found: list[AnsweredSubmission] = []
    for part in cut(sorted(set(claim_ids))):
        found += fetch(conn, _submissions().where(submissions.c.claim_id.in_(part)), AnsweredSubmission)
    return found


def answered_by_number(conn: Connection, match_keys: Iterable[str]) -> dict[str, list[AnsweredSubmission]]:
    """The submissions of every claim whose match key is one of many, by match key."""
    found: dict[str, list[AnsweredSubmission]] = {}
    for part in cut(sorted(set(match_keys))):
        for row in fetch(conn, _submissions().where(claims.c.match_key.in_(part)), AnsweredSubmission):
            found.setdefault(row.match_key, []).append(row)
    return found


def answered_before(conn: Connection, match_keys: Iterable[str]) -> dict[str, list[AnsweredSubmission]]:
    """The submissions that answers with one of many match keys (`d9:…`) are bound to now, by match key."""
    keys: dict[int, set[str]] = {}
    bound = func.coalesce(events.c.submission_id, event_links.c.submission_id)
    for part in cut(sorted(set(match_keys))):
        query = select(events.c.match_key, bound).select_from(_LINKED).where(events.c.match_key.in_(part))
        for key, submission_id in conn.execute(query.where(bound.is_not(None)).distinct()):
            keys.setdefault(int(submission_id), set()).add(key)
    found: dict[str, list[AnsweredSubmission]] = {}
    for ids in cut(sorted(keys)):
        for row in fetch(conn, _submissions().where(submissions.c.id.in_(ids)), AnsweredSubmission):
            for key in keys[row.id]:
                found.setdefault(key, []).append(row)
    return found


def claims_answered_before(conn: Connection, match_keys: Iterable[str]) -> dict[str, set[int]]:
    """The claims that earlier answers with one of many match keys were bound to, by match key."""
    found: dict[str, set[int]] = {}
    bound = func.coalesce(events.c.claim_id, event_links.c.claim_id)
    for part in cut(sorted(set(match_keys))):
        query = select(events.c.match_key, bound).select_from(_LINKED).where(events.c.match_key.in_(part))
        for key, claim_id in conn.execute(query.distinct()):
            if claim_id is not None:
                found.setdefault(key, set()).add(int(claim_id))
    return found


def claims_in_sets(conn: Connection, set_ids: Iterable[int]) -> set[int]:
    """The claims of many sets."""
    found: set[int] = set()
    for part in cut(sorted(set(set_ids))):
        query = select(submissions.c.claim_id).where(submissions.c.set_id.in_(part)).distinct()
        found.update(int(row[0]) for row in conn.execute(query))
    return found


def unbound_events(conn: Connection, match_keys: Iterable[str]) -> list[UnboundEvent]:
    """Facts with one of many match keys that name nothing of ours; some may be bound by links already."""
    found: list[UnboundEvent] = []
    wanted = [events.c[name] for name in UnboundEvent._fields]
    for part in cut(sorted(set(match_keys))):
        found += fetch(conn, select(*wanted).where(events.c.match_key.in_(part), _OF_NOTHING), UnboundEvent)
    return found


def standing_submissions(conn: Connection, event_ids: Iterable[int]) -> dict[int, set[int]]:
    """The submissions that each of many facts is bound to now."""
    found: dict[int, set[int]] = {}
    links = event_links.c
    for part in cut(sorted(set(event_ids))):
        query = select(links.event_id, links.submission_id).where(links.event_id.in_(part), standing())
        for event_id, submission_id in conn.execute(query.where(links.submission_id.is_not(None))):
            found.setdefault(int(event_id), set()).add(int(submission_id))
    return found


def has_unbound_events(conn: Connection) -> bool:
    """Whether there is any fact at all that names nothing of ours."""
    return conn.execute(select(events.c.id).where(_OF_NOTHING, events.c.match_key > "").limit(1)).first() is not None


def newest_links(conn: Connection, event_ids: Iterable[int]) -> dict[int, tuple[int | None, int | None]]:
    """Claim and submission of the newest link of each of many facts; those without a link are absent."""
    links = event_links.c
    found: dict[int, tuple[int | None, int | None]] = {}
    for part in cut(sorted(set(event_ids))):
        query = select(links.event_id, links.claim_id, links.submission_id).where(links.event_id.in_(part))
        for event_id, claim_id, submission_id in conn.execute(query.order_by(links.id)):
            found[int(event_id)] = (claim_id, submission_id)
    return found


def links_of(conn: Connection, event_ids: Iterable[int]) -> set[tuple[int, int | None, int | None, int | None]]:
    """What many facts are bound to already: (event, submission, set, batch)."""
    found: set[tuple[int, int | None, int | None, int | None]] = set()
    wanted = (event_links.c.event_id, event_links.c.submission_id, event_links.c.set_id, event_links.c.batch_id)
    for part in cut(sorted(set(event_ids))):
        found.update(tuple(row) for row in conn.execute(select(*wanted).where(event_links.c.event_id.in_(part))))
    return found


def add_links(conn: Connection, new: Sequence[NewLink]) -> None:
    """Binds facts."""
    insert_rows(conn, event_links, NewLink._fields, new)


def count_bound(conn: Connection, inbound_set_ids: Iterable[int], ours: Collection[int] = ()) -> None:
    """Shows answers as posted, with the claims that they speak of, once facts of them are bound; as another system's
    where none is bound any more, but for those that name a set of ours (`ours`)."""
    links = event_links.c
    for set_id in sorted(set(inbound_set_ids)):
        scope = (func.coalesce(events.c[name], links[name]) for name in ("batch_id", "set_id", "claim_id"))
        query = select(events.c.kind, events.c.match_key, *scope).select_from(_LINKED)
        rows = conn.execute(query.where(events.c.inbound_set_id == set_id, events.c.kind != "numbered")).all()
        found = {at: {row[at] for row in rows if row[at] is not None} for at in (2, 3, 4)}
        status = "posted" if any(found.values()) or set_id in ours else "foreign"
        sums = select(func.coalesce(func.sum(batch_sets.c.claims), 0), func.coalesce(func.sum(batch_sets.c.charge), 0))
        counts: dict[str, Any] = {"status": status}
        if any(row[0] in ("status", "inquiry") for row in rows):
            bound = {row[1] for row in rows if row[4] is not None}
            left = {row[1] for row in rows if row[1].startswith("claim:")} - bound
            counts |= {"matched": len(found[4]), "unmatched": len(left), "claims": len(found[4]) + len(left)}
        else:
            of = or_(batch_sets.c.id.in_(found[3]), batch_sets.c.batch_id.in_(found[2]))
            claims_said, charge = conn.execute(sums.where(of)).one()
            counts |= {"matched": int(claims_said), "claims": int(claims_said), "charge": int(charge)}
        conn.execute(update(inbound_sets).where(inbound_sets.c.id == set_id).values(counts))


def unbound_answers(conn: Connection, *, limit: int | None = None) -> list[UnboundEvent]:
    """Every fact that is still bound to nothing, the newest first: what a shared mailbox brings of other systems."""
    wanted = [events.c[name] for name in UnboundEvent._fields]
    linked = select(event_links.c.event_id).where(event_links.c.event_id == events.c.id).exists()
    query = (
        select(*wanted).where(_OF_NOTHING, events.c.match_key > "", ~linked).order_by(events.c.id.desc()).limit(limit)
    )
    return fetch(conn, query, UnboundEvent)


def _submissions() -> Select[Any]:
    """Columns in the order of AnsweredSubmission."""
    joined = (
        submissions.join(claims, claims.c.id == submissions.c.claim_id)
        .join(claim_versions, claim_versions.c.id == submissions.c.version_id)
        .join(batch_sets, batch_sets.c.id == submissions.c.set_id)
        .join(batches, batches.c.id == submissions.c.batch_id)
    )
    wanted = (
        *(submissions.c[name] for name in ("id", "claim_id", "version_id", "set_id", "batch_id")),
        *(claims.c[name] for name in ("patient_control_number", "match_key", "billing_key")),
        *(claim_versions.c[name] for name in ("charge", "member_id", "service_from", "service_to")),
        *(batches.c[name] for name in ("state", "sent_at", "partner", "sender", "receiver")),
        *(batch_sets.c[name] for name in ("control_number", "group_control_number")),
        batches.c.interchange_control_number,
        *(batch_sets.c[name] for name in ("reference", "claims")),
    )
    alive = or_(batches.c.state.is_(None), batches.c.state.not_in(_UNANSWERABLE))
    return select(*wanted).select_from(joined).where(alive).order_by(submissions.c.set_id, submissions.c.position)
