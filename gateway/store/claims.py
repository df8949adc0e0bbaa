"""Claims, their versions and the events of their lives: what intake writes and the builder picks from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from gateway.store.rows import among, columns, cut, fetch, fetch_one, insert_rows, new_ids
from gateway.store.tables import claim_current, claim_versions, claims, events


class ClaimRow(NamedTuple):
    id: int
    billing_key: str  # billing provider: NPI, else tax id
    patient_control_number: str  # CLM01 as sent
    match_key: str
    type: str  # professional, institutional, dental
    imported_at: str


class NewClaim(NamedTuple):
    billing_key: str
    patient_control_number: str
    match_key: str
    type: str
    imported_at: str
    tenant: int = 1


class VersionRow(NamedTuple):
    id: int
    claim_id: int
    number: int  # 1, 2, … in order of arrival
    frequency: str  # CLM05-3
    payer_responsibility: str  # SBR01
    purpose: str  # BHT02
    claim_or_encounter: str  # BHT06
    has_money: int  # 0: encounter, predetermination, no-pay
    content_hash: str
    charge: int  # cents
    payer_id: str
    payer_name: str
    payer_key: str
    member_id: str
    service_from: str
    service_to: str
    billing_name: str
    source: str
    recorded_at: str
    body: str  # the canonical document, JSON


class NewVersion(NamedTuple):
    """A version to be; its number follows the claim's newest, unless it is given."""

    claim_id: int
    frequency: str
    payer_responsibility: str
    purpose: str
    claim_or_encounter: str
    content_hash: str
    charge: int
    payer_id: str
    body: str
    recorded_at: str
    has_money: int = 1
    payer_name: str = ""
    payer_key: str = ""
    member_id: str = ""
    service_from: str = ""
    service_to: str = ""
    billing_name: str = ""
    source: str = ""
    number: int = 0


class ReadyVersion(NamedTuple):
    """A version that may be built, with all that building needs."""

    claim_id: int
    version_id: int
    billing_key: str
    patient_control_number: str
    type: str
    payer_id: str
    charge: int
    body: str


class ReadyGroup(NamedTuple):
    """Ready claims that can stand in one batch, as far as the store knows."""

    type: str
    payer_id: str
    purpose: str
    claim_or_encounter: str
    claims: int
    charge: int


class NewEvent(NamedTuple):
    """An event to be; `codes` and `keys` are JSON text. See `fingerprint_of` for what makes two events the same."""

    kind: str
    hop: str
    verdict: str
    recorded_at: str
    claim_id: int | None = None
    version_id: int | None = None
    submission_id: int | None = None
    set_id: int | None = None
    batch_id: int | None = None
    inbound_set_id: int | None = None
    segment: int = 0
    said_on: str = ""
    rank: str = ""
    codes: str = "[]"
    text: str = ""
    keys: str = "{}"
    match_key: str = ""
    actor: str = ""
    fingerprint: str = ""
    tenant: int = 1


_READY = (
    claims.c.id,
    claim_versions.c.id.label("version_id"),
    claims.c.billing_key,
    claims.c.patient_control_number,
    claims.c.type,
    claim_versions.c.payer_id,
    claim_versions.c.charge,
    claim_versions.c.body,
)
_READY_FROM = claims.join(claim_current, claim_current.c.claim_id == claims.c.id).join(
    claim_versions, claim_versions.c.id == claim_current.c.version_id
)
_GROUP = (
    claims.c.type,
    claim_versions.c.payer_id,
    claim_versions.c.purpose,
    claim_versions.c.claim_or_encounter,
)


def find_claims(
    conn: Connection, patient_control_number: str, billing_key: str | None = None, *, tenant: int = 1
) -> list[ClaimRow]:
    """The claims of that CLM01, of one billing provider or of all, the oldest first."""
    query = select(*columns(claims, ClaimRow)).where(
        claims.c.tenant == tenant, claims.c.patient_control_number == patient_control_number
    )
    if billing_key is not None:
        query = query.where(claims.c.billing_key == billing_key)
    return fetch(conn, query.order_by(claims.c.id), ClaimRow)


def claims_by_key(
    conn: Connection, keys: Iterable[tuple[str, str]], *, tenant: int = 1
) -> dict[tuple[str, str], ClaimRow]:
    """The claims that are there of many (billing key, CLM01), by key."""
    wanted = set(keys)
    found: dict[tuple[str, str], ClaimRow] = {}
    # `+ 0`: else SQLite takes the index that begins with the tenant, and reads all claims that are there
    query = select(*columns(claims, ClaimRow)).where(
        claims.c.tenant + 0 == tenant, among(claims.c.patient_control_number)
    )
    for part in cut({number for _, number in wanted}):
        for row in fetch(conn, query, ClaimRow, ids=part):
            key = (row.billing_key, row.patient_control_number)
            if key in wanted:
                found[key] = row
    return found


def claims_by_id(conn: Connection, claim_ids: Iterable[int]) -> dict[int, ClaimRow]:
    """The claims of many ids, by id."""
    found: dict[int, ClaimRow] = {}
    for part in cut(set(claim_ids)):
        query = select(*columns(claims, ClaimRow)).where(claims.c.id.in_(part))
        found.update((row.id, row) for row in fetch(conn, query, ClaimRow))
    return found


def newest_version(conn: Connection, claim_id: int) -> VersionRow | None:
    """The version of a claim that came last; None for a claim without one."""
    query = select(*columns(claim_versions, VersionRow)).where(claim_versions.c.claim_id == claim_id)
    return fetch_one(conn, query.order_by(claim_versions.c.number.desc()).limit(1), VersionRow)


def newest_versions(conn: Connection, claim_ids: Iterable[int]) -> dict[int, VersionRow]:
    """The version that came last of each of many claims, by claim id."""
    newest = select(claim_versions.c.claim_id, func.max(claim_versions.c.number).label("number")).group_by(
        claim_versions.c.claim_id
    )
    found: dict[int, VersionRow] = {}
    for part in cut(set(claim_ids)):
        last = newest.where(claim_versions.c.claim_id.in_(part)).subquery()
        same = (claim_versions.c.claim_id == last.c.claim_id) & (claim_versions.c.number == last.c.number)
        query = select(*columns(claim_versions, VersionRow)).select_from(claim_versions.join(last, same))
        found.update((row.claim_id, row) for row in fetch(conn, query, VersionRow))
    return found


def versions_of(conn: Connection, claim_id: int) -> list[VersionRow]:
    """All versions of a claim, the oldest first."""
    query = select(*columns(claim_versions, VersionRow)).where(claim_versions.c.claim_id == claim_id)
    return fetch(conn, query.order_by(claim_versions.c.number), VersionRow)


def get_version(conn: Connection, version_id: int) -> VersionRow | None:
    """One version by its id."""
    query = select(*columns(claim_versions, VersionRow)).where(claim_versions.c.id == version_id)
    return fetch_one(conn, query, VersionRow)


def add_claims(conn: Connection, new: Sequence[NewClaim]) -> Sequence[int]:
    """Stores claims and returns their ids in the same order; Conflict where a key is there already."""
    ids = new_ids(conn, claims, len(new))
    rows = ((claim_id, *claim) for claim_id, claim in zip(ids, new, strict=True))
    insert_rows(conn, claims, ("id", *NewClaim._fields), rows)
    return ids


def add_claim(conn: Connection, new: NewClaim) -> int:
    """Stores one claim and returns its id."""
    return add_claims(conn, [new])[0]


def add_versions(conn: Connection, new: Sequence[NewVersion]) -> Sequence[int]:
    """Stores versions and returns their ids in the same order. A number of 0 becomes the claim's next one."""
    ids = new_ids(conn, claim_versions, len(new))
    numbered = _numbered(conn, new)
    rows = ((version_id, *version) for version_id, version in zip(ids, numbered, strict=True))
    insert_rows(conn, claim_versions, ("id", *NewVersion._fields), rows)
    return ids


def add_version(conn: Connection, new: NewVersion) -> int:
    """Stores one version and returns its id."""
    return add_versions(conn, [new])[0]


def _numbered(conn: Connection, new: Sequence[NewVersion]) -> list[NewVersion]:
    without = {version.claim_id for version in new if not version.number}
    last: dict[int, int] = {}
    for part in cut(without):
        query = select(claim_versions.c.claim_id, func.max(claim_versions.c.number))
        query = query.where(claim_versions.c.claim_id.in_(part)).group_by(claim_versions.c.claim_id)
        last.update((row[0], row[1]) for row in conn.execute(query))
    numbered = []
    for version in new:
        number = version.number or last.get(version.claim_id, 0) + 1
        last[version.claim_id] = max(number, last.get(version.claim_id, 0))
        numbered.append(version if version.number else version._replace(number=number))
    return numbered


def lock_claims(conn: Connection, claim_ids: Iterable[int]) -> None:
    """Makes other writers of these claims wait until this transaction ends.

    Called before events go in and the projection is computed, so that two writers do not both fold half of the facts.
    Always in id order, so that two cannot wait for each other. SQLite has one writer at a time anyway.
    """
    if conn.dialect.name == "sqlite":
        return
    for part in cut(sorted(set(claim_ids))):
        query = select(claims.c.id).where(claims.c.id.in_(part)).order_by(claims.c.id)
        conn.execute(query.with_for_update(key_share=True)).all()


def ready_groups(conn: Connection) -> list[ReadyGroup]:
    """How many ready claims there are by type, payer, BHT02 and BHT06: what routing and batching start from."""
    query = (
        select(*_GROUP, func.count(), func.sum(claim_versions.c.charge))
        .select_from(_READY_FROM)
        .where(claim_current.c.stage == "ready")
        .group_by(*_GROUP)
        .order_by(*_GROUP)
    )
    # PostgreSQL sums to a Decimal.
    return [row._replace(charge=int(row.charge)) for row in fetch(conn, query, ReadyGroup)]


def ready_versions(
    conn: Connection,
    *,
    type: str,  # noqa: A002 - the field's name everywhere
    payer_ids: Sequence[str],
    purpose: str,
    claim_or_encounter: str,
    limit: int,
) -> list[ReadyVersion]:
    """The oldest ready claims of one kind, locked for this transaction; a second builder passes over them.

    To be called in a write transaction that reserves them in a batch and refreshes their projection. At most 5,000
    payers and `limit` claims, bodies included.
    """
    query = (
        select(*_READY)
        .select_from(_READY_FROM)
        .where(
            claim_current.c.stage == "ready",
            claims.c.type == type,
            claim_versions.c.payer_id.in_(payer_ids),
            claim_versions.c.purpose == purpose,
            claim_versions.c.claim_or_encounter == claim_or_encounter,
        )
        .order_by(claim_current.c.claim_id)
        .limit(limit)
        # The projection's row too: it is what the other builder changed, so it is what PostgreSQL looks at again
        # where that one has just committed.
        .with_for_update(key_share=True, skip_locked=True, of=(claims, claim_current))
    )
    return fetch(conn, query, ReadyVersion)


def append_events(conn: Connection, new: Iterable[NewEvent]) -> int:
    """Appends events and returns how many were new: one with a fingerprint that is there already adds nothing."""
    rows = (event if event.fingerprint else event._replace(fingerprint=fingerprint_of(event)) for event in new)
    return insert_rows(conn, events, NewEvent._fields, rows, skip="tenant, fingerprint")


def append_event(conn: Connection, new: NewEvent) -> bool:
    """Appends one event; False where it is there already."""
    return append_events(conn, [new]) == 1


def fingerprint_of(event: NewEvent) -> str:
    """SHA-256 of what the event says.

    What a file says is the same fact whichever file repeats it and wherever in it, so set, segment and time of
    recording stay out. What we or a person did is a deed of its own each time, so there the time counts.
    """
    said = event._replace(fingerprint="", segment=0)
    if event.inbound_set_id is not None:
        said = said._replace(inbound_set_id=None, recorded_at="")
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def codes_json(codes: Sequence[str]) -> str:
    """The JSON text of an event's codes."""
    return json.dumps(list(codes), separators=(",", ":"), ensure_ascii=False)


def keys_json(keys: Mapping[str, str]) -> str:
    """The JSON text of the identifiers that an answer named, in order of their names."""
    return json.dumps(dict(keys), separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def iterate_versions(conn: Connection) -> Iterator[VersionRow]:
    """Every version of every claim in order of id, in bounded memory: for an export, a replay or a new index."""
    query = select(*columns(claim_versions, VersionRow)).order_by(claim_versions.c.id)
    for row in conn.execution_options(yield_per=1_000).execute(query):
        yield VersionRow._make(row)
