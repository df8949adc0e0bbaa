"""Everything recorded of many claims, in a few statements: what the folds of a claim's life and money read.

Rows are plain tuples in the order of the `*_COLUMNS` here. `as_of` cuts by the time of recording, so that a report can
show what was known then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from gateway.store.event_links import standing
from gateway.store.rows import among, cut, unsaid
from gateway.store.tables import (
    batch_sets,
    batches,
    claim_versions,
    claims,
    decisions,
    event_links,
    events,
    postings,
    remittance_claims,
    remittance_links,
    remittances,
    submissions,
)

Row = tuple[Any, ...]

CLAIMS_A_STATEMENT = 1_000

VERSION_COLUMNS = (
    "id", "number", "frequency", "payer_responsibility", "has_money", "charge", "payer_id", "payer_name", "payer_key",
    "service_from", "service_to", "billing_name", "recorded_at",
)  # fmt: skip
SUBMISSION_COLUMNS = (
    "id", "version_id", "set_id", "batch_id", "delivery", "sent_at", "partner", "group_control_number",
)  # fmt: skip
EVENT_COLUMNS = (
    "id", "kind", "hop", "verdict", "version_id", "submission_id", "set_id", "batch_id", "rank", "codes", "recorded_at",
    "group_control_number",
)  # fmt: skip
POSTED_COLUMNS = (
    "id", "remittance_id", "ordinal", "payer_key", "status", "charge", "paid", "patient_responsibility", "contractual",
    "denied", "other", "prior_payer", "forwarded", "duplicate_denial", "payer_claim_number", "original_reference",
    "frequency", "payment_date", "trace_number", "service_from", "service_to", "recorded_at",
)  # fmt: skip

# They say nothing that the versions and the batch's state do not say.
_UNTOLD = ("imported", "sent", "marked_sent", "numbered")


class ClaimFacts(NamedTuple):
    """What is recorded of one claim. Events of its sets and batches are listed too, those of links with their scope."""

    claim_id: int
    billing_key: str
    imported_at: str
    versions: list[Row]
    submissions: list[Row]
    events: list[Row]
    posted: list[Row]


class HistoryLoader:
    """Loads claims part by part on one connection. Answers to a whole set or batch are loaded once for all parts."""

    def __init__(self, conn: Connection, *, as_of: str = "") -> None:
        self._conn = conn
        self._as_of = as_of
        self._of_sets: dict[int, list[Row]] = {}
        self._of_batches: dict[int, list[Row]] = {}
        self._cancelled_at: dict[int, str] = {}
        self._statements = _statements(as_of)

    def load(self, claim_ids: Sequence[int]) -> list[ClaimFacts]:
        """The facts of at most CLAIMS_A_STATEMENT claims; claims without a version (by then) are left out."""
        facts = self._versions(claim_ids)
        if facts:
            self._submissions(facts, claim_ids)
            self._events(facts, claim_ids)
            self._posted(facts, claim_ids)
        return list(facts.values())

    def _rows(self, statement: Select[Any], ids: Iterable[Any]) -> Sequence[Any]:
        """The rows of one statement for all these ids, which are one value to it, so that it is the same for any
        number of them."""
        return self._conn.execute(statement, {"ids": ids}).all()

    def _versions(self, claim_ids: Sequence[int]) -> dict[int, ClaimFacts]:
        facts: dict[int, ClaimFacts] = {}
        for row in self._rows(self._statements.versions, claim_ids):
            claim_id = row[0]
            found = facts.get(claim_id)
            if found is None:
                found = facts[claim_id] = ClaimFacts(claim_id, row[1], row[2], [], [], [], [])
            found.versions.append(row[3:])
        return facts

    def _submissions(self, facts: dict[int, ClaimFacts], claim_ids: Sequence[int]) -> None:
        rows = self._rows(self._statements.submissions, claim_ids)
        if self._as_of:
            self._load_cancellations({row[4] for row in rows if row[5] == "cancelled"})
        sets, batch_ids = {row[3] for row in rows}, {row[4] for row in rows}
        self._load_answers(sets - self._of_sets.keys(), batch_ids - self._of_batches.keys())
        for row in rows:
            found = facts[row[0]]
            sent_at = row[6] or ""
            delivery = self._delivery_then(row[5], row[4], sent_at) if self._as_of else row[5]
            found.submissions.append((row[1], row[2], row[3], row[4], delivery, sent_at, row[7], row[8]))
            found.events.extend(self._of_sets[row[3]])
            found.events.extend(self._of_batches[row[4]])

    def _delivery_then(self, state: str, batch_id: int, sent_at: str) -> str:
        """A batch's state at the time of the cut, as far as a claim's life asks."""
        if sent_at and sent_at <= self._as_of:
            return "sent"
        if state == "abandoned" or (state == "cancelled" and self._cancelled_at.get(batch_id, "") <= self._as_of):
            return state
        return "built"

    def _load_cancellations(self, batch_ids: set[int]) -> None:
        subjects = [f"batch:{batch_id}" for batch_id in sorted(batch_ids - self._cancelled_at.keys())]
        for row in self._rows(self._statements.cancellations, subjects) if subjects else ():
            self._cancelled_at[int(row[0].partition(":")[2])] = row[1]

    def _load_answers(self, set_ids: set[int], batch_ids: set[int]) -> None:
        for found, ids, scope in (
            (self._of_sets, set_ids, self._statements.of_sets),
            (self._of_batches, batch_ids, self._statements.of_batches),
        ):
            for part in cut(sorted(ids)):
                found.update((one, []) for one in part)
                for statement in scope:
                    for row in self._rows(statement, part):
                        found[row[0]].append(_event(row))

    def _events(self, facts: dict[int, ClaimFacts], claim_ids: Sequence[int]) -> None:
        for statement in self._statements.of_claims:
            for row in self._rows(statement, claim_ids):
                if (found := facts.get(row[0])) is not None:
                    found.events.append(_event(row))

    def _posted(self, facts: dict[int, ClaimFacts], claim_ids: Sequence[int]) -> None:
        """Of each remitted claim the newest posting that stands: what was undone last is gone."""
        newest: dict[int, Any] = {}
        for row in self._rows(self._statements.posted, claim_ids):
            known = newest.get(row[3])
            if known is None or known[1] < row[1]:
                newest[row[3]] = row
        for row in newest.values():
            if row[2] == "post" and (found := facts.get(row[0])) is not None:
                found.posted.append(row[3:])


def all_claim_ids(conn: Connection) -> Iterable[list[int]]:
    """The ids of all claims in ascending order, in parts that one `load` takes."""
    last = 0
    while True:
        query = select(claims.c.id).where(claims.c.id > last).order_by(claims.c.id).limit(CLAIMS_A_STATEMENT)
        ids = [row[0] for row in conn.execute(query)]
        if not ids:
            return
        yield ids
        last = ids[-1]


def _event(row: Any) -> Row:
    """A row of the statements below as EVENT_COLUMNS: codes read, the group that an answer names put last."""
    codes = tuple(json.loads(row[10])) if row[10] != "[]" else ()
    of_batch = row[8] is not None and row[7] is None and row[6] is None
    group = json.loads(row[12]).get("group_control_number", "") if of_batch and row[12] != "{}" else ""
    return (*row[1:10], codes, row[11], group)


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Statements:
    """The statements of a loader; the first column is always what the row belongs to."""

    def __init__(self, as_of: str) -> None:
        self._as_of = as_of
        self.cancellations = select(decisions.c.subject, decisions.c.recorded_at).where(
            among(decisions.c.subject), decisions.c.action == "cancel"
        )
        self.versions = (
            select(
                claim_versions.c.claim_id,
                claims.c.billing_key,
                claims.c.imported_at,
                *(claim_versions.c[name] for name in VERSION_COLUMNS),
            )
            .join(claims, claims.c.id == claim_versions.c.claim_id)
            .where(among(claim_versions.c.claim_id), *self._until(claim_versions.c.recorded_at))
        )
        self.submissions = (
            select(
                submissions.c.claim_id,
                submissions.c.id,
                submissions.c.version_id,
                submissions.c.set_id,
                submissions.c.batch_id,
                batches.c.state,
                batches.c.sent_at,
                batches.c.partner,
                batch_sets.c.group_control_number,
            )
            .join(batches, batches.c.id == submissions.c.batch_id)
            .join(batch_sets, batch_sets.c.id == submissions.c.set_id)
            .where(among(submissions.c.claim_id), *self._until(submissions.c.recorded_at))
        )
        self.of_claims = self._events_of(events.c.claim_id, event_links.c.claim_id)
        of_no_claim = and_(unsaid(events.c.claim_id), unsaid(events.c.submission_id))
        self.of_sets = self._events_of(events.c.set_id, event_links.c.set_id, of_no_claim)
        self.of_batches = self._events_of(
            events.c.batch_id, event_links.c.batch_id, and_(of_no_claim, unsaid(events.c.set_id))
        )
        self.posted = self._posted()

    def _until(self, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        return [column <= self._as_of for column in columns] if self._as_of else []

    def _events_of(
        self, own: ColumnElement[Any], linked: ColumnElement[Any], narrowest: ColumnElement[bool] | None = None
    ) -> tuple[Select[Any], ...]:
        """Events of a scope: those that were recorded with it, and those that a link bound to it later."""
        told = events.c.kind.not_in(_UNTOLD)
        direct = select(own, *_event_columns(events)).where(among(own), told, *self._until(events.c.recorded_at))
        bound = (
            select(linked, *_event_columns(event_links))
            .join(events, events.c.id == event_links.c.event_id)
            .where(among(linked), told, *self._until(events.c.recorded_at, event_links.c.recorded_at))
            .where(standing(self._as_of))
        )
        if narrowest is None:
            return direct, bound
        links = event_links.c
        of_no_claim = and_(unsaid(links.claim_id), unsaid(links.submission_id))
        if own is events.c.batch_id:
            of_no_claim = and_(of_no_claim, unsaid(links.set_id))
        return direct.where(narrowest), bound.where(of_no_claim)

    def _posted(self) -> Select[Any]:
        later = remittance_links.alias("later")
        replaced = select(later.c.id).where(
            later.c.remittance_claim_id == remittance_links.c.remittance_claim_id,
            later.c.id > remittance_links.c.id,
            *self._until(later.c.recorded_at),
        )
        of_claim, of_remittance = remittance_claims.c, remittances.c
        own = {
            "remittance_id": of_claim.remittance_id,
            "payer_key": of_remittance.payer_key,
            "payment_date": of_remittance.payment_date,
            "trace_number": of_remittance.trace_number,
            "recorded_at": postings.c.recorded_at,
        }
        # The money is what was posted, which a person may have decided; the rest is what the file says.
        said = ("id", "ordinal", "status", "payer_claim_number", "original_reference", "frequency",
                "service_from", "service_to")  # fmt: skip
        own |= {name: of_claim[name] for name in said}
        columns = (own.get(name, postings.c.get(name)) for name in POSTED_COLUMNS)
        return (
            select(remittance_links.c.claim_id, postings.c.id.label("posting"), postings.c.kind, *columns)
            .join(remittance_claims, of_claim.id == remittance_links.c.remittance_claim_id)
            .join(remittances, of_remittance.id == of_claim.remittance_id)
            .join(postings, postings.c.remittance_claim_id == of_claim.id)
            .where(
                among(remittance_links.c.claim_id),
                ~replaced.exists(),
                *self._until(remittance_links.c.recorded_at, postings.c.recorded_at),
            )
        )


@lru_cache(maxsize=8)  # few: now, and the hours that reports ask about
def _statements(as_of: str) -> _Statements:
    return _Statements(as_of)


def _event_columns(scope: Any) -> list[ColumnElement[Any]]:
    """Columns of an event; its scope is its own or that of the link."""
    version = events.c.version_id
    return [
        events.c.id, events.c.kind, events.c.hop, events.c.verdict, version, scope.c.submission_id, scope.c.set_id,
        scope.c.batch_id, events.c.rank, events.c.codes, events.c.recorded_at, events.c["keys"],
    ]  # fmt: skip


__all__ = [
    "CLAIMS_A_STATEMENT", "EVENT_COLUMNS", "POSTED_COLUMNS", "SUBMISSION_COLUMNS", "VERSION_COLUMNS", "ClaimFacts",
    "HistoryLoader", "all_claim_ids",
]  # fmt: skip
