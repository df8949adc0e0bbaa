"""Whether the store is whole: laws that hold between its rows at any time, each asked of the database itself.

What the projection says is computed again elsewhere; here stands what needs no knowledge of a claim's life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, or_, select

from gateway.store import triggers
from gateway.store.counters import all_counters, gs_counter, isa_counter
from gateway.store.tables import (
    batch_sets,
    batches,
    claim_current,
    claim_versions,
    claims,
    provider_adjustments,
    remittance_claims,
    remittances,
    submissions,
    taken_versions,
)

SHOWN = 20
_LIVE = ("building", "built", "sending", "unknown", "failed")


class Check(NamedTuple):
    name: str
    found: int  # how many rows break the law
    subjects: tuple[str, ...]  # the first of them by our own ids, for example "batch:12"

    @property
    def holds(self) -> bool:
        return self.found == 0


def check(conn: Connection) -> Iterator[Check]:
    """Every law in turn, while the caller may show progress; the store is only read."""
    for name, law in _LAWS.items():
        yield _judged(name, law(conn))


def _judged(name: str, broken: Iterator[str]) -> Check:
    found, shown = 0, []
    for subject in broken:
        found += 1
        if found <= SHOWN:
            shown.append(subject)
    return Check(name, found, tuple(shown))


def _file(conn: Connection) -> Iterator[str]:
    """PostgreSQL looks after its own pages and references; SQLite's are checked here."""
    if conn.dialect.name == "sqlite":
        rows = conn.exec_driver_sql("PRAGMA quick_check").scalars().all()
        # Its lines name pages and indexes; a damaged row could stand in them, so they are only counted.
        yield from ("file" for row in rows if row != "ok")


def _references(conn: Connection) -> Iterator[str]:
    if conn.dialect.name == "sqlite":
        for row in conn.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"{row[0]}:{row[1]}"


def _guards(conn: Connection) -> Iterator[str]:
    yield from triggers.missing(conn)


def _schema(conn: Connection) -> Iterator[str]:
    from gateway.store.schema import differences

    yield from ("schema" for _ in differences(conn))


def _counters(conn: Connection) -> Iterator[str]:
    """A control number that was used is never given out again."""
    last = {row.name: row.value for row in all_counters(conn)}
    query = select(
        batches.c.id,
        batches.c.sender,
        batches.c.receiver,
        batches.c.interchange_control_number,
        batches.c.group_control_number,
    ).where(batches.c.origin != "already_sent")
    for batch_id, sender, receiver, interchange, group in conn.execute(query):
        isa, gs = isa_counter(sender, receiver), gs_counter(sender, receiver)
        # Groups may count under other names than the interchange's; where they do, only the interchange is looked at.
        if _above(interchange, last.get(isa, 0)) or (gs in last and _above(group, last[gs])):
            yield f"batch:{batch_id}"


def _above(number: str, value: int) -> bool:
    return not (number.isascii() and number.isdigit()) or int(number) > value


def _batch_sums(conn: Connection) -> Iterator[str]:
    """A batch is the sum of its sets and of its submissions."""
    of_sets = _sums(batch_sets.c.batch_id, func.sum(batch_sets.c.claims), func.sum(batch_sets.c.charge))
    of_claims = _sums(
        submissions.c.batch_id, func.count(), func.sum(claim_versions.c.charge), submissions.join(claim_versions)
    )
    query = (
        select(batches.c.id)
        .outerjoin(of_sets, of_sets.c.key == batches.c.id)
        .outerjoin(of_claims, of_claims.c.key == batches.c.id)
        .where(
            or_(
                batches.c.claims != func.coalesce(of_sets.c.rows, 0),
                batches.c.charge != func.coalesce(of_sets.c.cents, 0),
                batches.c.claims != func.coalesce(of_claims.c.rows, 0),
                batches.c.charge != func.coalesce(of_claims.c.cents, 0),
            )
        )
    )
    return _ids(conn, "batch", query)


def _sums(key: Any, rows: Any, cents: Any, source: Any = None) -> Any:
    query = select(key.label("key"), rows.label("rows"), cents.label("cents")).group_by(key)
    return (query if source is None else query.select_from(source)).subquery()


def _submissions(conn: Connection) -> Iterator[str]:
    """A submission's version is of its claim, and its set is of its batch."""
    query = (
        select(submissions.c.id)
        .join(claim_versions, claim_versions.c.id == submissions.c.version_id)
        .join(batch_sets, batch_sets.c.id == submissions.c.set_id)
        .where(
            or_(claim_versions.c.claim_id != submissions.c.claim_id, batch_sets.c.batch_id != submissions.c.batch_id)
        )
    )
    return _ids(conn, "submission", query)


def _taken(conn: Connection) -> Iterator[str]:
    """What stands in a live batch is taken by it, so that no other batch can take it."""
    query = (
        select(submissions.c.id)
        .join(batches, batches.c.id == submissions.c.batch_id)
        .outerjoin(
            taken_versions,
            and_(
                taken_versions.c.version_id == submissions.c.version_id,
                taken_versions.c.batch_id == submissions.c.batch_id,
            ),
        )
        .where(batches.c.state.in_(_LIVE), taken_versions.c.version_id.is_(None))
    )
    return _ids(conn, "submission", query)


def _bytes(conn: Connection) -> Iterator[str]:
    """A batch that we built and that may leave or has left names its bytes in the archive."""
    kept = batches.c.state.in_(("built", "sending", "unknown", "failed", "sent"))
    without = or_(batches.c.sha256 == "", batches.c.archive_name == "")
    return _ids(conn, "batch", select(batches.c.id).where(kept, batches.c.origin != "already_sent", without))


def _projection(conn: Connection) -> Iterator[str]:
    """Each claim with a version has one current row, which names a version of its own."""
    query = (
        select(claims.c.id)
        .outerjoin(claim_current, claim_current.c.claim_id == claims.c.id)
        .outerjoin(claim_versions, claim_versions.c.id == claim_current.c.version_id)
        .where(or_(claim_current.c.claim_id.is_(None), claim_versions.c.claim_id != claims.c.id))
    )
    return _ids(conn, "claim", query)


def _conservation(conn: Connection) -> Iterator[str]:
    """Charge = paid + patient + contractual + denied + other + open, for every claim."""
    row = claim_current.c
    parts = row.paid + row.patient_responsibility + row.contractual + row.denied + row.other_adjustments + row.open
    return _ids(conn, "claim", select(row.claim_id).where(row.charge != parts))


def _remittances(conn: Connection) -> Iterator[str]:
    """A posted remittance is the sum of its claims and of its provider adjustments."""
    paid = _sums(remittance_claims.c.remittance_id, func.count(), func.sum(remittance_claims.c.paid))
    plb = _sums(provider_adjustments.c.remittance_id, func.count(), func.sum(provider_adjustments.c.amount))
    row = remittances.c
    query = (
        select(row.id)
        .outerjoin(paid, paid.c.key == row.id)
        .outerjoin(plb, plb.c.key == row.id)
        .where(
            row.status == "posted",
            or_(
                row.claim_payments != func.coalesce(paid.c.cents, 0),
                row.provider_adjustments != func.coalesce(plb.c.cents, 0),
                row.difference != row.claim_payments - row.provider_adjustments - row.payment,
            ),
        )
    )
    return _ids(conn, "remittance", query)


def _ids(conn: Connection, kind: str, query: Select[Any]) -> Iterator[str]:
    for row in conn.execute(query):
        yield f"{kind}:{row[0]}"


_LAWS: dict[str, Callable[[Connection], Iterator[str]]] = {
    "the file is whole": _file,
    "every reference has its row": _references,
    "append-only tables are guarded": _guards,
    "the schema is that of this version": _schema,
    "counters stand at or above every number used": _counters,
    "a batch is the sum of its sets and claims": _batch_sums,
    "a submission belongs to its claim and its batch": _submissions,
    "a claim stands in one live batch": _taken,
    "a built batch has its bytes in the archive": _bytes,
    "every claim has its current state": _projection,
    "charge is paid, owed, adjusted, denied or open": _conservation,
    "a remittance is the sum of its parts": _remittances,
}
