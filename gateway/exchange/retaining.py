"""`store retain`: what is older than the practice must keep leaves, unless a legal hold or something open keeps it."""

from __future__ import annotations

import json
from calendar import isleap
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from gateway.app import App
from gateway.claims.remains import remains, remains_of_remitted
from gateway.errors import Refused, UsageError
from gateway.exchange import journal
from gateway.store import Connection, retention
from gateway.store.decisions import add_decision

CLAIMS_A_STEP = 500

Progress = Callable[[int], None]


class Plan(NamedTuple):
    """What `store retain` does, or did."""

    before: datetime
    years: int
    claims: int  # whose documents go
    held: int  # kept by a legal hold
    unsettled: int  # old, and something is still open: they stay
    files: int  # that go with them
    done: bool = False

    def document(self) -> dict[str, Any]:
        return {**self._asdict(), "before": f"{self.before:%Y-%m-%d}"}


def years_before(now: datetime, years: int) -> datetime:
    """The same moment so many years ago; the last of February where that year had no 29th."""
    year = now.year - years
    day = 28 if (now.month, now.day) == (2, 29) and not isleap(year) else now.day
    return now.replace(year=year, day=day)


def plan(app: App) -> Plan:
    """What would go now. Files that go with claims which are here still are counted once these are gone."""
    years, before = _time(app)
    with app.store.read() as conn:
        found = retention.old(conn, before)
        files = len(retention.leaving_files(conn, before))
    return Plan(before, years, found.claims, found.kept, found.unsettled, files)


def retain(app: App, reason: str, progress: Progress | None = None) -> Plan:
    """Lets go what may go, in steps that may be interrupted at any moment; the next run goes on.

    :raises UsageError: where gateway.toml does not say how long things are kept
    :raises Refused: while a legal hold stands on everything
    :raises Busy: while another process goes over store and archive
    """
    years, before = _time(app)
    with app.upkeep_lock():
        return _retain(app, years, before, reason, progress)


def _retain(app: App, years: int, before: datetime, reason: str, progress: Progress | None) -> Plan:
    first = plan(app)
    with app.store.read() as conn:
        if retention.is_held(conn, None):
            raise Refused("a legal hold stands on everything; nothing leaves until it is lifted")
    _remove_bytes(app)
    gone = 0
    while step := _strip_some(app, before, reason):
        gone += step
        if progress is not None:
            progress(step)
    with app.store.write() as conn:
        names = retention.leaving_files(conn, before)
        retention.let_go(conn, names, app.now())
        if names:
            add_decision(conn, actor=app.actor, action="retain", subject="archive", reason=reason, at=app.now())
    _remove_bytes(app)
    if journal.journals(app):  # it holds what has left
        journal.write_held(app)
    app.log.info("retained", claims=gone, files=len(names), before=f"{before:%Y-%m-%d}")
    return Plan(before, years, gone, first.held, first.unsettled, len(names), done=True)


def _time(app: App) -> tuple[int, datetime]:
    years = app.home.retention_years
    if not years:
        file = app.home.path / "gateway.toml"
        raise UsageError(f"{file}: [retention] years is not set: say how many years the practice keeps claims")
    return years, years_before(app.now(), years)


def _strip_some(app: App, before: datetime, reason: str) -> int:
    with app.store.write() as conn:
        found = retention.leaving_claims(conn, before, CLAIMS_A_STEP)
        if found:
            retention.strip_claims(
                conn, found, _body(remains), _body(remains_of_remitted), actor=app.actor, reason=reason, at=app.now()
            )
    return len(found)


def _body(rest: Callable[[Any], Any]) -> Callable[[str], str]:
    return lambda text: json.dumps(rest(json.loads(text)), separators=(",", ":"))


def _remove_bytes(app: App) -> None:
    """Also those that an interrupted run had recorded only."""
    with app.store.read() as conn:
        names = retention.files_left(conn)
    for name in names:
        app.archive.remove(name)


# ── what a claim or a file that left is asked for ────────────────────────────────────────────────────────────────────


def refuse_left_claim(conn: Connection, claim_id: int, what: str) -> None:
    """Refused where a claim's document is not here any more."""
    if left := retention.left_on(conn, [claim_id]).get(claim_id):
        raise Refused(f"the claim cannot be {what}: its document left the store on {left[:10]}, when its time was over")


def refuse_left_file(app: App, archive_name: str) -> None:
    """Refused where a file's bytes are not in the archive any more."""
    with app.store.read() as conn:
        refuse_left(conn, archive_name)


def refuse_left(conn: Connection, archive_name: str) -> None:
    """The same within a transaction."""
    if left := retention.file_left_at(conn, archive_name):
        raise Refused(f"the file left the archive on {left[:10]}, when its time was over (`gateway store retain`)")


def hold(app: App, claim_id: int | None, *, lift: bool, reason: str, dry_run: bool = False) -> None:
    """Puts a legal hold on a claim (on everything, where it is None), or lifts it.

    :raises Refused: where it stands already, or none stands
    """
    with app.store.write() as conn:
        stands = retention.is_held(conn, claim_id)
        subject = "everything" if claim_id is None else "the claim"
        if stands and not lift:
            raise Refused(f"a legal hold stands on {subject} already")
        if lift and not stands:
            raise Refused(f"no legal hold stands on {subject}")
        if dry_run:
            return
        kind = "lift" if lift else "hold"
        retention.add_hold(conn, claim_id, kind=kind, actor=app.actor, reason=reason, at=app.now())
