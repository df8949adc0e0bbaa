"""What else the store knows beside a claim that comes in: claims of the same member, and what payers said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from gateway.store.remittances import RemittanceClaimRow
from gateway.store.rows import columns, cut, fetch
from gateway.store.tables import (
    claim_current,
    claim_versions,
    claims,
    remittance_claims,
    remittance_links,
    remittances,
)

# Claims in these states ask the payer for nothing: they never came there, or were answered for good without money.
_GONE = ("rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer", "denied", "reversed", "voided",
         "predetermined", "closed")  # fmt: skip
_ON_THE_WAY = ("ready", "batched", "sent")


class Neighbour(NamedTuple):
    """The newest version for one payer order of a claim that asks, or will ask, for money."""

    claim_id: int
    version_id: int
    patient_control_number: str
    billing_key: str
    payer_responsibility: str
    member_id: str
    service_from: str
    service_to: str
    charge: int


class _Version(NamedTuple):
    claim_id: int
    id: int
    payer_responsibility: str
    member_id: str
    service_from: str
    service_to: str
    charge: int


def neighbours(conn: Connection, members: Iterable[str], charges: Iterable[int], *, tenant: int = 1) -> list[Neighbour]:
    """Claims on their way for these members with one of these charges, by the versions that count.

    Two statements for some thousand members. The versions are asked for alone, so that the index on members is what
    every database goes by, however many claims there are.
    """
    wanted = set(charges)
    newest: dict[tuple[int, str], _Version] = {}
    for part in cut(set(members)):
        query = select(*columns(claim_versions, _Version)).where(
            claim_versions.c.member_id.in_(part), claim_versions.c.has_money == 1
        )
        for version in fetch(conn, query.order_by(claim_versions.c.id), _Version):
            newest[version.claim_id, version.payer_responsibility] = version
    alike = [version for version in newest.values() if version.charge in wanted]
    owners = _on_the_way(conn, {version.claim_id for version in alike}, tenant)
    return [
        Neighbour._make((version.claim_id, version.id, *owners[version.claim_id], *version[2:]))
        for version in alike
        if version.claim_id in owners
    ]


def _on_the_way(conn: Connection, claim_ids: Iterable[int], tenant: int) -> dict[int, tuple[str, str]]:
    """CLM01 and billing provider of those of the claims that ask, or will ask, for money, by claim id."""
    found: dict[int, tuple[str, str]] = {}
    for part in cut(claim_ids):
        query = (
            select(claims.c.id, claims.c.patient_control_number, claims.c.billing_key)
            .join(claim_current, claim_current.c.claim_id == claims.c.id)
            .where(
                claims.c.id.in_(part),
                claims.c.tenant == tenant,
                claim_current.c.stage.in_(_ON_THE_WAY),
                claim_current.c.state.not_in(_GONE),
            )
        )
        found.update((row[0], (row[1], row[2])) for row in conn.execute(query))
    return found


def bodies(conn: Connection, version_ids: Iterable[int]) -> dict[int, str]:
    """The documents of versions, as JSON, by version."""
    found: dict[int, str] = {}
    for part in cut(set(version_ids)):
        query = select(claim_versions.c.id, claim_versions.c.body).where(claim_versions.c.id.in_(part))
        found.update((row[0], row[1]) for row in conn.execute(query))
    return found


class Answer(NamedTuple):
    """One remitted claim (CLP) that is linked to a claim now, with what its remittance says."""

    claim: RemittanceClaimRow
    payer_key: str
    payment_date: str
    remittance_status: str  # posted, parked


class _Link(NamedTuple):
    remittance_claim_id: int
    id: int
    claim_id: int | None


def answers_of(conn: Connection, claim_ids: Iterable[int]) -> dict[int, list[Answer]]:
    """The remitted claims of claims in the order of payment, by claim; those that were never paid are left out."""
    found: dict[int, list[Answer]] = {}
    for part in cut(set(claim_ids)):
        ever = select(remittance_links.c.remittance_claim_id).where(remittance_links.c.claim_id.in_(part))
        query = select(*columns(remittance_links, _Link)).where(remittance_links.c.remittance_claim_id.in_(ever))
        now = {
            link.remittance_claim_id: link.claim_id
            for link in fetch(conn, query.order_by(remittance_links.c.id), _Link)
        }
        wanted = set(part)
        for some in cut(remitted for remitted, claim_id in now.items() if claim_id in wanted):
            for answer in _answers(conn, some):
                if (claim_id := now[answer.claim.id]) is not None:
                    found.setdefault(claim_id, []).append(answer)
    return found


def _answers(conn: Connection, remittance_claim_ids: list[int]) -> Iterator[Answer]:
    query = (
        select(
            *columns(remittance_claims, RemittanceClaimRow),
            remittances.c.payer_key,
            remittances.c.payment_date,
            remittances.c.status.label("remittance_status"),
        )
        .join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        .where(remittance_claims.c.id.in_(remittance_claim_ids))
        .order_by(remittances.c.payment_date, remittances.c.id, remittance_claims.c.ordinal)
    )
    width = len(RemittanceClaimRow._fields)
    for row in conn.execute(query):
        yield Answer(RemittanceClaimRow._make(row[:width]), *row[width:])
