"""What waits for a person, found by SQL: claims with denied money, claims that were rejected, claims nobody answers.

Of each list the first rows by money are found; all that have as little as the last of them come with it, so that the
caller can order those by the days that are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, cast, func, literal, literal_column, or_, select
from sqlalchemy.types import JSON

from gateway.store.claim_reports import WAITING, Late, ReportedClaim, last_service, missing_answer, with_money
from gateway.store.reporting import Filters, claim_conditions
from gateway.store.rows import cut
from gateway.store.tables import (
    claim_current,
    claim_versions,
    claims,
    events,
    postings,
    remittance_claims,
    remittance_links,
    remittances,
    submissions,
    work_current,
)
from gateway.store.work import is_work

LISTS = ("rejections", "denials", "silent")  # a claim that stands in several is shown in the first of them
_REJECTED = ("rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer")
_RESUBMISSION = '%"resubmission_rejected"%'


@dataclass(frozen=True, slots=True)
class WorkFilters:
    """Which items are asked for. Days are ISO text."""

    claims: Filters = field(default_factory=Filters)  # partner, payer, first import
    owner: str = ""
    unassigned: bool = False
    due_before: str = ""  # follow-up days before this one
    done: bool = False  # those that are done, instead of those that wait


class Item(NamedTuple):
    """One item as far as its order goes."""

    name: str  # of the list
    claim_id: int
    at_risk: int  # cents
    payer_id: str
    type: str
    filing_indicator: str
    service_to: str  # the day that the time for filing runs from
    denied_on: str  # BPR16 of the newest denial; empty where there is none
    missing: str  # of what is silent: 999, 277CA, 835


@dataclass(frozen=True, slots=True)
class Found:
    """One list: how much there is, and its first items."""

    name: str
    count: int
    at_risk: int
    items: list[Item]


def find_work(
    conn: Connection, names: Sequence[str], filters: WorkFilters, late: Sequence[Late], limit: int | None
) -> list[Found]:
    """The lists of these names, each with its first `limit` items and those that are worth as much as the last."""
    found = []
    for name in names:
        earlier = [_is_on(one, late) for one in LISTS[: LISTS.index(name)] if one in names]
        where = [_is_on(name, late), *(~one for one in earlier), *_conditions(name, filters)]
        found.append(_found(conn, name, where, late, limit))
    return found


def _found(
    conn: Connection, name: str, where: Sequence[ColumnElement[bool]], late: Sequence[Late], limit: int | None
) -> Found:
    money = _at_risk(name)
    joined = claim_current.outerjoin(work_current, work_current.c.claim_id == claim_current.c.claim_id)
    count, total = conn.execute(select(func.count(), func.sum(money)).select_from(joined).where(*where)).one()
    if not count:
        return Found(name, 0, 0, [])
    bounds = list(where)
    if limit is not None and count > limit:
        ordered = select(money).select_from(joined).where(*where).order_by(money.desc())
        bounds.append(money >= conn.execute(ordered.limit(1).offset(limit - 1)).scalar_one())
    query = _items(conn, name, late).where(*bounds).order_by(money.desc(), claim_current.c.claim_id)
    return Found(name, int(count), int(total), [Item._make(row) for row in conn.execute(query)])


def _at_risk(name: str) -> ColumnElement[int]:
    row = claim_current.c
    if name == "denials":
        return row.denied
    return case((row.has_money == 1, row.charge - row.paid), else_=0)


def _is_on(name: str, late: Sequence[Late]) -> ColumnElement[bool]:
    row = claim_current.c
    if name == "denials":
        return and_(row.denied > literal_column("0"), with_money(claim_current), row.state != "closed")
    if name == "rejections":
        return or_(row.state.in_(_REJECTED), and_(row.claim_id.in_(_flagged()), row.state != "closed"))
    if not late:
        return literal_column("1") == literal_column("0")
    return and_(row.state.in_(WAITING), missing_answer(claim_current, late) != "")


def _flagged() -> Select[Any]:
    """Claims whose newest submission was rejected although money came; apart, so that few rows are looked at."""
    other = claim_current.alias("flagged")
    few = other.c.flags != literal_column("'[]'")  # as the index has it
    return select(other.c.claim_id).where(few, other.c.flags.like(_RESUBMISSION))


def _conditions(name: str, filters: WorkFilters) -> list[ColumnElement[bool]]:
    wanted = claim_conditions(filters.claims, claim_current)
    work = is_work(claim_current.c.claim_id, any_step=name == "silent")
    wanted.append(~work if filters.done else work)
    row = work_current.c
    if filters.owner:
        wanted.append(row.owner == filters.owner)
    if filters.unassigned:
        wanted.append(func.coalesce(row.owner, "") == "")
    if filters.due_before:
        wanted += [row.due_on != "", row.due_on < filters.due_before]
    return wanted


def _items(conn: Connection, name: str, late: Sequence[Late]) -> Select[Any]:
    row = claim_current.c
    is_silent = name == "silent" and late
    return (
        select(
            literal(name),
            row.claim_id,
            _at_risk(name),
            row.payer_id,
            claims.c.type,
            _filing_indicator(conn),
            last_service(claim_current),
            _denied_on() if name == "denials" else literal(""),
            missing_answer(claim_current, late) if is_silent else literal(""),
        )
        .join(claims, claims.c.id == row.claim_id)
        .join(claim_versions, claim_versions.c.id == row.version_id)
        .outerjoin(work_current, work_current.c.claim_id == row.claim_id)
    )


def _filing_indicator(conn: Connection) -> ColumnElement[str]:
    """SBR09 of the version that counts."""
    if conn.dialect.name == "sqlite":
        said: ColumnElement[Any] = func.json_extract(claim_versions.c.body, "$.subscriber.filing_indicator")
    else:
        said = func.json_extract_path_text(cast(claim_versions.c.body, JSON), "subscriber", "filing_indicator")
    return func.coalesce(said, "")


def _denied_on() -> ColumnElement[str]:
    """BPR16 of the newest payment that denied something and is posted."""
    later = remittance_links.alias("later")
    links, of_claim = remittance_links.c, remittance_claims.c
    replaced = select(later.c.id).where(later.c.remittance_claim_id == links.remittance_claim_id, later.c.id > links.id)
    query = (
        select(func.max(remittances.c.payment_date))
        .select_from(remittance_links)
        .join(remittance_claims, of_claim.id == links.remittance_claim_id)
        .join(remittances, remittances.c.id == of_claim.remittance_id)
        .join(postings, postings.c.remittance_claim_id == of_claim.id)
        .where(
            links.claim_id == claim_current.c.claim_id,
            remittances.c.status == "posted",
            postings.c.kind == "post",
            postings.c.denied > 0,
            ~replaced.exists(),
        )
    )
    return func.coalesce(query.scalar_subquery(), "")


class Denials(NamedTuple):
    """When payers denied money of a claim, and by which payment last."""

    first_on: str
    last_on: str
    remittance_id: int


def denials_of(conn: Connection, claim_ids: Sequence[int]) -> dict[int, Denials]:
    """The denials of many claims; those without any are absent."""
    links, of_claim = remittance_links.c, remittance_claims.c
    newest = select(func.max(links.id)).group_by(links.remittance_claim_id)
    query = (
        select(links.claim_id, remittances.c.payment_date, remittances.c.id)
        .join(remittance_claims, of_claim.id == links.remittance_claim_id)
        .join(remittances, remittances.c.id == of_claim.remittance_id)
        .join(postings, postings.c.remittance_claim_id == of_claim.id)
        .where(remittances.c.status == "posted", postings.c.kind == "post", postings.c.denied > 0)
        .order_by(remittances.c.payment_date, remittances.c.id)
    )
    found: dict[int, Denials] = {}
    for part in cut(claim_ids):
        own = newest.where(
            links.remittance_claim_id.in_(select(links.remittance_claim_id).where(links.claim_id.in_(part)))
        )
        for claim_id, day, remittance_id in conn.execute(query.where(links.claim_id.in_(part), links.id.in_(own))):
            before = found.get(claim_id)
            found[claim_id] = Denials(before.first_on if before else day, day, remittance_id)
    return found


class Head(NamedTuple):
    """What a list shows of a claim beside its state."""

    claim_id: int
    number: int  # of the version that counts
    frequency: str
    payer_responsibility: str
    charge: int
    body: str
    submissions: int  # how often it went out


def heads_of(conn: Connection, claim_ids: Sequence[int]) -> dict[int, Head]:
    """The versions that count of many claims, by claim."""
    row = claim_versions.c
    sent = select(func.count()).where(submissions.c.claim_id == row.claim_id).scalar_subquery()
    own = [row[name] for name in Head._fields if name in row]
    query = select(*own, sent).join(claim_current, claim_current.c.version_id == row.id)
    found: dict[int, Head] = {}
    for part in cut(claim_ids, 1_000):
        found.update((line[0], Head._make(line)) for line in conn.execute(query.where(row.claim_id.in_(part))))
    return found


def reported(conn: Connection, claim_ids: Sequence[int]) -> dict[int, ReportedClaim]:
    """Claims as lists show them, by id."""
    columns = [claim_current.c.get(name, claims.c.patient_control_number) for name in ReportedClaim._fields]
    query = select(*columns).join(claims, claims.c.id == claim_current.c.claim_id)
    found: dict[int, ReportedClaim] = {}
    for part in cut(claim_ids):
        found.update(
            (row[0], ReportedClaim(*row)) for row in conn.execute(query.where(claim_current.c.claim_id.in_(part)))
        )
    return found


def entered_rejections(conn: Connection, claim_ids: Sequence[int]) -> dict[int, str]:
    """What was said of many claims where a rejection was entered by hand: the newest text of each."""
    found: dict[int, str] = {}
    for part in cut(claim_ids):
        query = select(events.c.claim_id, events.c.text).where(
            events.c.claim_id.in_(part), events.c.kind == "entered", events.c.verdict == "reject"
        )
        found.update((row[0], row[1]) for row in conn.execute(query.order_by(events.c.id)))
    return found


def shared_numbers(conn: Connection, numbers: Sequence[str]) -> set[str]:
    """Those patient control numbers that claims of several providers have."""
    found: set[str] = set()
    for part in cut(set(numbers)):
        query = select(claims.c.patient_control_number).where(claims.c.patient_control_number.in_(part))
        query = query.group_by(claims.c.patient_control_number).having(func.count() > 1)
        found.update(row[0] for row in conn.execute(query))
    return found
