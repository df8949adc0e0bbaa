"""A report as of now from the projection, or as of a time from the facts recorded until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.app import App
from gateway.errors import UsageError
from gateway.exchange.enrolled import not_enrolled
from gateway.exchange.rules import adjustment_classes, answer_words, patient_protections
from gateway.reports.asked import Asked
from gateway.reports.catalog import build
from gateway.reports.document import Report
from gateway.reports.habits import late_since
from gateway.reports.patients import balance_of, patient_document
from gateway.reports.provider_balances import naming
from gateway.reports.reconciliation import Reconciliation, reconcile
from gateway.reports.remitted_lines import remitted_lines
from gateway.store import Connection, stamp
from gateway.store.claim_reports import Late
from gateway.store.reporting import Filters


def parse_time(text: str) -> datetime:
    """A time with its zone (UTC where none is named); UsageError where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text!r}: must be a time such as 2026-01-31T17:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def report(app: App, name: str, filters: Filters, as_of: str | None = None, *, limit: int | None = None) -> Report:
    """One of the reports by name; `limit`: the rows of a list, all where there is none."""
    filters = _known(app, filters)
    moment = parse_time(as_of) if as_of is not None else app.now()
    asked = Asked(
        filters=filters,
        at=moment,
        as_of=stamp(moment),
        habits={partner: profile.answers for partner, profile in app.profiles.items()},
        classes=adjustment_classes(app.home.path),
        words=answer_words(app.home.path),
        crosswalk=app.home.crosswalk,
        not_enrolled=lambda partner, payer, provider: not_enrolled(app, partner, "835", payer, provider, moment.date()),
        limit=limit,
    )
    with _asked(app, asked.as_of if as_of is not None else "") as (conn, table):
        return build(conn, name, replace(asked, table=table))


def reconciliation(app: App, filters: Filters, as_of: str | None = None) -> Reconciliation:
    """The numbers of the reconciliation report."""
    filters = _known(app, filters)
    moment = stamp(parse_time(as_of) if as_of is not None else app.now())
    with _asked(app, moment if as_of is not None else "") as (conn, table):
        return reconcile(conn, filters, moment, table, app.home.crosswalk)


def patient_of(app: App, conn: Connection, claim_id: int) -> dict[str, Any]:
    """What the patient owes of one claim, and why."""
    classes, protections = adjustment_classes(app.home.path), patient_protections(app.home.path)
    return patient_document(balance_of(conn, claim_id, classes, protections))


def remitted_lines_of(app: App, conn: Connection, claim_id: int) -> list[dict[str, Any]]:
    """What stands of the payers' decisions on a claim, line by line."""
    return remitted_lines(conn, claim_id, adjustment_classes(app.home.path))


def provider_balances_of(app: App, conn: Connection, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The provider adjustments (PLB) that name a claim, by its document."""
    numbers = document["payer_claim_numbers"]
    words = answer_words(app.home.path)
    return naming(conn, document["patient_control_number"], numbers, words, app.home.crosswalk)


def overdue_since(app: App) -> dict[str, Late]:
    """By partner: when a claim must have been sent for its answers to be overdue now."""
    habits = {partner: profile.answers for partner, profile in app.profiles.items()}
    return {one.partner: one for one in late_since(habits, habits, app.now())}


def _known(app: App, filters: Filters) -> Filters:
    """The filters with every id of the payer; UsageError where the partner is none."""
    if filters.partner:
        app.home.profile(filters.partner)
    return replace(filters, aliases=app.home.crosswalk.known_as(filters.payer)[1:]) if filters.payer else filters


@contextmanager
def _asked(app: App, past: str) -> Iterator[tuple[Connection, Any]]:
    """A connection, and the projection of a time that is past."""
    if not past:
        with app.store.read() as conn:
            yield conn, None
        return
    from gateway.reconcile.projection import projected_as_of

    with app.store.read() as conn, projected_as_of(conn, past) as table:
        yield conn, table
