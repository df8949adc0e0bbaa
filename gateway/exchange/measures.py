"""The metrics as values: what the store and the machine say now. No label is a patient's, a claim's or a file's."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from gateway import __version__
from gateway.alerts.kinds import KINDS
from gateway.app import App
from gateway.errors import GatewayError
from gateway.store import Connection
from gateway.store.alerts import channel_rows
from gateway.store.measured import (
    batches_by_state,
    claims_by_state,
    files_by_status,
    oldest_unanswered,
    open_alerts_by_kind,
    parked_cents,
    sets_that_wait,
)
from gateway.store.rounds import last_rounds
from gateway.store.troubles import unmatched_payments

Labels = dict[str, str]


class Measure(NamedTuple):
    """One gauge with its samples."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: list[tuple[Labels, float]]

    def document(self) -> dict[str, Any]:
        samples = [{"labels": labels, "value": value} for labels, value in self.samples]
        return {"name": self.name, "help": self.help, "samples": samples}


def measure(app: App) -> list[Measure]:
    """Everything, now. A store that is out of reach is `gateway_store_up 0`, and the rest of it is left out."""
    found = [_gauge("gateway_build_info", "The version that runs.", ("version",), [((__version__,), 1)])]
    try:
        with app.store.read() as conn:
            stored = list(_stored(app, conn))
    except GatewayError:
        stored = []
    found.append(_gauge("gateway_store_up", "Whether the store can be read.", (), [((), 1 if stored else 0)]))
    return [*found, *stored, *_machine(app)]


def _gauge(name: str, text: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]) -> Measure:
    return Measure(name, text, labels, [(dict(zip(labels, values, strict=True)), value) for values, value in rows])


def _stored(app: App, conn: Connection) -> Iterator[Measure]:
    yield from _work(app, conn)
    yield from _rounds(conn)
    yield from _inbound(conn)
    counts = open_alerts_by_kind(conn)
    yield _gauge(
        "gateway_open_alerts", "Alerts that are open.", ("kind",), [((kind,), counts.get(kind, 0)) for kind in KINDS]
    )
    failures = [((row.channel,), row.failures) for row in channel_rows(conn).values()]
    yield _gauge("gateway_alert_channel_failures", "Failures of a channel in a row.", ("channel",), failures)


def _work(app: App, conn: Connection) -> Iterator[Measure]:
    claims = list(claims_by_state(conn))
    by_state = [((partner, state), count) for partner, state, count, _ in claims]
    yield _gauge("gateway_claims", "Claims by partner and state.", ("partner", "state"), by_state)
    open_: dict[str, int] = {}
    for partner, _, _, cents in claims:
        open_[partner] = open_.get(partner, 0) + cents
    yield _gauge(
        "gateway_claims_open_dollars",
        "What payers have not decided yet.",
        ("partner",),
        [((partner,), cents / 100) for partner, cents in open_.items()],
    )
    delivered = [((partner, state), count) for partner, state, count in batches_by_state(conn)]
    yield _gauge("gateway_batches", "Batches by partner and state of delivery.", ("partner", "state"), delivered)
    now = app.now()
    ages = [
        ((partner, answer), max((now - datetime.fromisoformat(sent)).total_seconds(), 0.0))
        for partner, answer, sent in oldest_unanswered(conn)
    ]
    text = "How long the oldest claim waits for an answer since it was sent."
    yield _gauge("gateway_oldest_unanswered_seconds", text, ("partner", "answer"), ages)


def _rounds(conn: Connection) -> Iterator[Measure]:
    rows = last_rounds(conn)
    ends = [((name,), _seconds(row.ended_at)) for name, row in rows.items()]
    yield _gauge(
        "gateway_last_round_timestamp_seconds", "When the last round with a partner ended.", ("partner",), ends
    )
    good = [((name,), _seconds(row.succeeded_at)) for name, row in rows.items() if row.succeeded_at]
    text = "When the last round with a partner that went well ended."
    yield _gauge("gateway_last_good_round_timestamp_seconds", text, ("partner",), good)
    failures = [((name,), row.failures) for name, row in rows.items()]
    yield _gauge("gateway_round_failures", "Rounds with a partner that failed in a row.", ("partner",), failures)


def _seconds(stamped: str) -> float:
    return datetime.fromisoformat(stamped).timestamp()


def _inbound(conn: Connection) -> Iterator[Measure]:
    files = [((partner, status), count) for partner, status, count in files_by_status(conn)]
    yield _gauge("gateway_inbound_files", "Files that came, by partner and status.", ("partner", "status"), files)
    sets = [((kind, status), count) for kind, status, count in sets_that_wait(conn)]
    text = "Transaction sets that were not posted."
    yield _gauge("gateway_waiting_sets", text, ("kind", "status"), sets)
    text = "What the parked payments say that was paid."
    yield _gauge("gateway_parked_payment_dollars", text, (), [((), parked_cents(conn) / 100)])
    unmatched = sum(one.claims for one in unmatched_payments(conn))
    yield _gauge("gateway_unmatched_claims", "Remitted claims that are nobody's.", (), [((), unmatched)])


def _machine(app: App) -> Iterator[Measure]:
    places = {"home": app.home.path, "archive": app.home.archive_path}
    free = [((name,), float(shutil.disk_usage(path).free)) for name, path in places.items() if path.exists()]
    yield _gauge("gateway_disk_free_bytes", "Room that is left.", ("place",), free)
