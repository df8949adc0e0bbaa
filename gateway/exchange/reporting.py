"""A report as of now from the projection, or as of a time from the facts recorded until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from gateway.app import App
from gateway.errors import UsageError
from gateway.reports.reconciliation import Reconciliation, reconcile
from gateway.store import stamp
from gateway.store.reporting import Filters


def parse_time(text: str) -> datetime:
    """A time with its zone (UTC where none is named); UsageError where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text!r}: must be a time such as 2026-01-31T17:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def reconciliation(app: App, filters: Filters, as_of: str | None = None) -> Reconciliation:
    """The reconciliation report."""
    if filters.partner:
        app.home.profile(filters.partner)
    crosswalk = app.home.crosswalk
    if filters.payer:
        filters = replace(filters, aliases=crosswalk.known_as(filters.payer)[1:])
    if as_of is None:
        with app.store.read() as conn:
            return reconcile(conn, filters, stamp(app.now()), crosswalk=crosswalk)
    from gateway.reconcile.projection import projected_as_of

    moment = stamp(parse_time(as_of))
    with app.store.read() as conn, projected_as_of(conn, moment) as table:
        return reconcile(conn, filters, moment, table, crosswalk)
