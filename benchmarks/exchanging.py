"""Work on the store: import, build, deliver, post and report, each as its command does it."""

from __future__ import annotations

from benchmarks.place import Done, Place, require
from gateway.exchange.building import build
from gateway.exchange.delivery import send
from gateway.exchange.intake import Door, import_file
from gateway.exchange.process import import_files
from gateway.exchange.reporting import reconciliation
from gateway.store import batches
from gateway.store.reporting import Filters


def import_claims(place: Place) -> Done:
    """NDJSON through the door: read, completed, checked by guide and edits, stored, folded."""
    with place.app() as app:
        tally = import_file(Door.of(app, app.home.path), place.ndjson)
    require(tally.counts["ready"], place.claims, "claims ready")
    return Done(place.claims, place.ndjson.stat().st_size)


def build_batches(place: Place) -> Done:
    """Ready claims to 837 files: reserved, written by the guide, checked by our own rules, archived, committed."""
    claims = size = 0
    with place.app() as app:
        for made in build(app):
            if made.batch is None:
                raise SystemExit("; ".join(made.problems))
            claims, size = claims + made.batch.claims, size + made.batch.size
    require(claims, place.claims, "claims built")
    return Done(claims, size)


def deliver(place: Place) -> Done:
    """What is built, into the partner's folder."""
    claims = size = 0
    with place.app() as app:
        for done in send(app, app.home.profile("house")):
            require(done.batch.state == "sent", True, "batch sent")
            claims, size = claims + done.batch.claims, size + done.batch.size
    require(claims, place.claims, "claims sent")
    return Done(claims, size)


def post_999(place: Place) -> Done:
    """A file of acknowledgments: archived, read, bound to sets, every claim folded again."""
    return _post(place, "answers.999")


def post_277ca(place: Place) -> Done:
    """A file of claim acknowledgments, each claim by name."""
    return _post(place, "answers.277")


def post_835(place: Place) -> Done:
    """A file of payments: archived, read, matched, posted, folded."""
    return _post(place, "answers.835")


def post_one_set(place: Place) -> Done:
    """The same with every claim in one transaction set, and so in one transaction."""
    return _post(place, "one_set.835")


def _post(place: Place, name: str) -> Done:
    path = place.file(name)
    with place.app() as app:
        (document,) = import_files(app, [path])
    require(document["status"] == "processed", True, f"{name} processed")
    require(sum(one["matched"] for one in document["transactions"]), place.claims, f"claims matched of {name}")
    return Done(place.claims, path.stat().st_size)


def report(place: Place) -> Done:
    """The reconciliation report of now, by the projection."""
    return _report(place, None)


def report_as_of(place: Place) -> Done:
    """The same as of a time: every claim folded anew from its facts."""
    return _report(place, "2026-02-01T12:00Z")


def _report(place: Place, as_of: str | None) -> Done:
    with place.app() as app:
        found = reconciliation(app, Filters(), as_of)
        with app.store.read() as conn:
            require(sum(one.claims for one in batches.list_batches(conn)), place.claims, "claims in batches")
    require(found.totals.counts["imported"], place.claims, "claims in the report")
    require(all(check.holds for check in found.checks), True, "checks that hold")
    return Done(place.claims, 0)
