"""What needs a person, as conditions of alerts: by the store, by the machine, by a round, by a check.

Texts hold our own ids and counts and the names of partners. What a partner, a server or a claim says stays out.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.alerts.standing import FAILING, Condition, Seen
from gateway.app import App
from gateway.errors import GatewayError
from gateway.exchange import building, sealing
from gateway.exchange.rounds import JOURNAL, Round, undescribed
from gateway.reports.habits import late_since
from gateway.store import Connection, stamp
from gateway.store.alerts import ChannelRow
from gateway.store.backup import numbers_unproven
from gateway.store.batches import list_batches
from gateway.store.claim_reports import partners_of
from gateway.store.rounds import RoundRow, last_rounds
from gateway.store.troubles import (
    answered_after_all,
    count_held,
    late_batches,
    newest_moment,
    quarantined_files,
    rejected_batches,
    silent_payers,
    unmatched_payments,
    waiting_sets,
)

LEAST_FREE = 1 << 30  # bytes
UNREACHABLE_ROUNDS = 3  # in a row, before somebody is told
PUT_BACK = timedelta(minutes=5)  # of a clock, that nobody is told of
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,15}")

_REJECTED = {
    "ta1": ("rejected_batch", "rejected by a TA1"),
    "999": ("rejected_batch", "rejected by a 999"),
    "277CA": ("rejected_claims", "rejected by a 277CA"),
    "duplicate": ("duplicate_suspected", "taken for duplicates"),
}
_PROBLEMS = {
    "login": ("credentials_refused", "{} refuses the login; it is not tried again"),
    "host_key": ("host_key_refused", "{} shows a host key that is not listed; nothing is exchanged"),
    "unreachable": ("partner_unreachable", "{} was not reached in {} rounds"),
    "setup": ("partner_setup", "nothing is exchanged with {}: profile, key or folder"),
    "other": ("round_failed", "a round with {} failed"),
}
_BY_STORE = (
    "unknown_delivery",
    "failed_delivery",
    "rejected_batch",
    "rejected_claims",
    "duplicate_suspected",
    "cancelled_answered",
    "no_999",
    "no_277ca",
    "no_835",
    "credentials_refused",
    "host_key_refused",
    "partner_unreachable",
    "partner_setup",
    "partner_missing",
    "unrouted_claims",
    "quarantined_file",
    "parked_set",
    "parked_money",
    "unmatched_money",
    "store_restored",
)


def by_the_store(app: App) -> Seen:
    """Everything that can be told from the store, now."""
    with app.store.read() as conn:
        found = [
            *_deliveries(conn),
            *_rejections(conn),
            *_silence(app, conn),
            *_rounds(app, last_rounds(conn)),
            *_inbound(conn),
        ]
        if numbers_unproven(conn):
            text = "nothing is built until the counters stand above every number seen"
            found.append(Condition("store_restored", "store", text))
        is_any_held = count_held(conn) > 0
    found += _nobodys(app)
    covers: dict[str, frozenset[str] | None] = dict.fromkeys(_BY_STORE)
    covers["round_failed"] = frozenset(app.profiles)
    if not is_any_held:
        covers["held_in_building"] = None
    return Seen(found, covers)


def _deliveries(conn: Connection) -> Iterator[Condition]:
    words = {"unknown": "nobody knows whether it arrived", "failed": "it was not delivered"}
    for batch in list_batches(conn, states=tuple(words)):
        text = f"batch {batch.id} for {batch.partner} ({_claims(batch.claims)}): {words[batch.state]}"
        since = batch.built_at or batch.reserved_at
        yield Condition(f"{batch.state}_delivery", f"batch:{batch.id}", text, since, batch.partner)


def _rejections(conn: Connection) -> Iterator[Condition]:
    for one in rejected_batches(conn):
        kind, words = _REJECTED[one.what]
        text = f"batch {one.batch_id} for {one.partner}: {_claims(one.claims)} {words}"
        yield Condition(kind, f"batch:{one.batch_id}", text, one.since, one.partner)
    for one in answered_after_all(conn):
        text = f"batch {one.batch_id} for {one.partner} ({_claims(one.claims)}): it was cancelled, and is answered"
        yield Condition("cancelled_answered", f"batch:{one.batch_id}", text, one.since, one.partner)


def _silence(app: App, conn: Connection) -> Iterator[Condition]:
    habits = {partner: profile.answers for partner, profile in app.profiles.items()}
    late = late_since(habits, partners_of(conn), app.now())
    for batch in late_batches(conn, late):
        text = f"batch {batch.batch_id} for {batch.partner}: {_claims(batch.claims)} without a {batch.what} in time"
        yield Condition(f"no_{batch.what.lower()}", f"batch:{batch.batch_id}", text, batch.since, batch.partner)
    for payer in silent_payers(conn, late):
        text = f"{payer.partner}: {_claims(payer.claims)} to {_payer(payer.payer_id)} without an 835 in time"
        yield Condition("no_835", f"{payer.partner}/{_key(payer.payer_id)}", text, payer.since, payer.partner)


def _rounds(app: App, rows: dict[str, RoundRow]) -> Iterator[Condition]:
    for name, row in rows.items():
        if name not in app.profiles or not row.problem:
            continue
        if row.problem == "unreachable" and row.failures < UNREACHABLE_ROUNDS:
            continue
        kind, words = _PROBLEMS[row.problem]
        yield Condition(kind, f"partner:{name}", words.format(name, row.failures), row.ended_at, name)


def _inbound(conn: Connection) -> Iterator[Condition]:
    for file in quarantined_files(conn):
        text = f"inbound file {file.file_id}{_of(file.partner)} cannot be read"
        yield Condition("quarantined_file", f"file:{file.file_id}", text, file.since, file.partner)
    for one in waiting_sets(conn):
        kind = "parked_money" if one.what == "835" else "parked_set"
        text = f"a set {_kind(one.what)} of inbound file {one.file_id}{_of(one.partner)} is not posted"
        yield Condition(kind, f"set:{one.id}", text, one.since, one.partner)
    for one in unmatched_payments(conn):
        text = f"payment {one.id}{_of(one.partner)}: {_claims(one.claims)} that are nobody's"
        yield Condition("unmatched_money", f"remittance:{one.id}", text, one.since, one.partner)


def _nobodys(app: App) -> Iterator[Condition]:
    """Claims and batches that no profile takes."""
    for payer, count in building.lost(app).items():
        text = f"{_claims(count)} to {_payer(payer)} go to no partner: no profile takes them"
        yield Condition("unrouted_claims", f"payer:{_key(payer)}", text)
    for name, _ in undescribed(app):
        text = f"batches for {name} wait, and there is no profile of that name"
        yield Condition("partner_missing", f"partner:{name}", text, partner=name)


def by_the_machine(app: App) -> Seen:
    """Disk, clock and keys."""
    covers: dict[str, frozenset[str] | None] = {"disk_low": None, "clock_wrong": None}
    found = [*low_disks(app), *wrong_clock(app)]
    expected = {profile.name for profile in app.profiles.values() if profile.sealing.seals or profile.sealing.opens}
    known = set(app.profiles) - expected
    for name in sorted(expected):
        try:
            ends = list(sealing.expiries(app, app.profiles[name], app.now()))
        except (GatewayError, OSError):
            continue  # the key cannot be had: a round says so
        known.add(name)
        found += [Condition("key_expiry", f"partner:{name}/{text[-10:]}", text, partner=name) for _, text in ends]
    covers["key_expiry"] = frozenset(known)
    return Seen(found, covers)


def low_disks(app: App) -> Iterator[Condition]:
    """The disks of the home and of the archive, where little is free."""
    seen: set[int] = set()
    for what, path in (("home", app.home.path), ("archive", app.home.archive_path)):
        place = _existing(path)
        if (device := place.stat().st_dev) in seen:
            continue
        seen.add(device)
        if (free := shutil.disk_usage(place).free) < LEAST_FREE:
            yield Condition("disk_low", f"disk:{what}", f"the disk of the {what} has {free >> 20} MB left")


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())


def wrong_clock(app: App) -> Iterator[Condition]:
    """A clock that stands before what the store holds already, or before this program was written."""
    now = app.now()
    with app.store.read() as conn:
        newest = max(newest_moment(conn), *(row.ended_at for row in last_rounds(conn).values()), "")
    if now < _EPOCH:
        yield Condition("clock_wrong", "clock", f"the clock says {now:%Y-%m-%d}: that is past", stamp(now))
    elif newest and now < datetime.fromisoformat(newest) - PUT_BACK:
        text = f"the clock says {now:%Y-%m-%d %H:%M} UTC, and the store holds things of {newest[:16]}"
        yield Condition("clock_wrong", "clock", text.replace("T", " "), stamp(now))


def by_a_round(found: Round, partners: Sequence[str]) -> Seen:
    """What only a round with these partners can tell."""
    failed = {name for name, _ in found.errors}
    fetched = frozenset(name for name in partners if name not in failed)
    conditions = [
        Condition("not_collected", f"partner:{name}", f"{name}: files are there that were not collected", partner=name)
        for name in sorted({one.partner for one in found.fetched if one.needs_person})
    ]
    conditions += [
        Condition("held_in_building", f"partner:{name}", f"claims for {name} were held while a batch was built")
        for name in sorted({one.partner for one in found.built if one.needs_person and one.partner in partners})
    ]
    if PROCESSING in failed:
        text = "what was fetched could not be processed: gateway inbound process says why"
        conditions.append(Condition("round_failed", "processing", text))
    if JOURNAL in failed:
        text = "the journal could not be written into the archive: gateway store journal says why"
        conditions.append(Condition("round_failed", "journal", text))
    return Seen(conditions, {"not_collected": fetched, "round_failed": frozenset(("",))})


PROCESSING = "what was fetched"  # as a round calls the step that is no partner's


def by_channels(rows: Iterable[ChannelRow], configured: Iterable[str]) -> Seen:
    """Channels that fail."""
    found = [
        Condition("channel_failing", row.channel, f"alerts by {row.channel} do not get through", row.tried_at)
        for row in rows
        if row.failures >= FAILING and row.channel in configured
    ]
    return Seen(found, {"channel_failing": None})


def by_a_check(off: int) -> Seen:
    """What `store check` found."""
    text = f"{off} checks of store, folds and archive do not hold: gateway store check names them"
    return Seen([Condition("store_differs", "store", text)] if off else [], {"store_differs": None})


def _claims(count: int) -> str:
    return f"{count:,} claim{'' if count == 1 else 's'}"


def _payer(payer_id: str) -> str:
    """A payer by its id, unless it is something else that stands where an id should."""
    return f"payer {payer_id}" if _PLAIN_ID.fullmatch(payer_id) else "a payer whose id is none"


def _key(payer_id: str) -> str:
    """The same as a key: two payers have two, whatever stands there."""
    return payer_id if _PLAIN_ID.fullmatch(payer_id) else hashlib.sha256(payer_id.encode()).hexdigest()[:12]


def _kind(kind: str) -> str:
    return kind if _PLAIN_ID.fullmatch(kind) else "of an unknown kind"


def _of(partner: str) -> str:
    return f" of {partner}" if partner else ""
