"""One exchange as a deck of files, to be dealt in any order: what a store must say afterwards, whatever the order was.

A deck is made once, by a practice and the simulator: the 837s that went out and every file that came back. A table
takes the 837s as another system's (so that claims can come before or after what answers them) and the answers as files
at hand. `picture` is everything that must not hang on the order: states, flags, facts, links, ledger and reports,
without our own ids and times.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from practice import Partner, Practice, in_a_folder
from sqlalchemy import select

from gateway.app import App
from gateway.claims.history import Event
from gateway.exchange.already_sent import import_already_sent
from gateway.exchange.intake import Door, import_file
from gateway.exchange.process import process_file, process_waiting, record_file
from gateway.exchange.reporting import patient_of, provider_balances_of, report
from gateway.exchange.worklist import lists
from gateway.home import Home
from gateway.outbound import writing
from gateway.partners import Profile, load_profile
from gateway.reconcile.projection import rebuild
from gateway.reports.as_json import document_of
from gateway.reports.catalog import NAMES
from gateway.reports.story import shown
from gateway.simulator import Scenario
from gateway.store import Store, open_store, stamp
from gateway.store.check import check
from gateway.store.history import HistoryLoader, all_claim_ids
from gateway.store.reporting import Filters
from gateway.store.tables import (
    claim_current,
    claims,
    inbound_sets,
    postings,
    provider_adjustments,
    remittance_claims,
    remittance_links,
    remittances,
)
from gateway.store.worklist import WorkFilters

# Behind every time that a file of a deck can name: decks are made by programs with the real clock.
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
AS_OF = START + timedelta(days=45)
# What hangs on when, in which file and under which of our own numbers a thing was stored.
_OURS = frozenset(
    ("as_of", "rejected_at", "remitted_claim", "at", "id", "file", "file_id", "name", "recorded_at", "imported_at",
     "received", "received_at", "payment_id", "remittance_id", "remittance", "segment", "issues", "set", "found",
     "batch", "batch_id", "source", "sets", "built_at", "file_name", "command")
)  # fmt: skip


class Deck(NamedTuple):
    """The files of one exchange."""

    profile: str  # of the partner
    sent: tuple[bytes, ...]  # the 837s in the order in which they went out
    came: tuple[bytes, ...]  # the answers in the order in which they came


class Crash(Exception):
    """The process dies here."""


class Crashing:
    """Lets the store die beside its commits: `arm` says beside which of those to come."""

    def __init__(self) -> None:
        self.left = 0
        self.after = False

    def arm(self, commit: int, *, after: bool) -> None:
        self.left, self.after = commit, after

    def _due(self) -> bool:
        if not self.left:
            return False
        self.left -= 1
        return self.left == 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        begin = Store.write

        @contextlib.contextmanager
        def write(store: Store) -> Iterator[Any]:
            due = False
            with begin(store) as conn:
                yield conn
                due = self._due()
                if due and not self.after:
                    raise Crash
            if due:
                raise Crash

        monkeypatch.setattr(Store, "write", write)


def make_deck(folder: Path, scenario: Scenario, rounds: int = 20) -> Deck:
    """Plays one exchange to its end: a large file, then small ones, and what was refused by TA1 once more."""
    practice = Practice.make(folder / "home", f"sqlite:///{folder}/claims.db")
    partner = practice.partner(in_a_folder(folder / "house", scenario, per_set=40, per_file=80))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "JUDGED", {})
        for seed, count in enumerate((37, 3, 2, 3, 3), 1):
            practice.take_in(count, seed=seed)
            _send(practice, partner)
        partner.work(rounds)
        practice.gateway("exchange", code=None)
        for batch in practice.batches():
            if batch["state"] == "rejected":
                practice.gateway("batches", "resend", batch["id"], code=None)
        _send(practice, partner)
        partner.work(rounds)
        sent = []
        for batch in sorted(practice.batches(), key=lambda one: int(one["id"])):
            practice.gateway("batches", "export", batch["id"], str(folder / f"{batch['id']}.837"))
            sent.append((folder / f"{batch['id']}.837").read_bytes())
    assert partner.simulator.pending() == 0
    came = tuple(path.read_bytes() for path in sorted(partner.simulator.outbound.iterdir()))
    return Deck(partner.profile(), tuple(sent), came)


def _send(practice: Practice, partner: Partner) -> None:
    practice.gateway("batches", "build", code=None)
    practice.gateway("batches", "send", code=None)
    partner.work()


class Table(App):
    """A home on a store of its own, with a clock that never stands still."""

    def __init__(self, folder: Path, store_url: str, profile: str) -> None:
        home, _ = Home.create(folder / "home")
        file = home.path / "sftp_config" / "house.toml"
        if not file.exists():
            file.write_text(profile)
        super().__init__(home)
        self.folder = folder
        self.store_url = store_url
        self._profiles = {"house": load_profile(file)}
        self.clock = START
        self.__dict__["store"] = open_store(store_url)

    @property
    def profiles(self) -> dict[str, Profile]:
        return self._profiles

    @property
    def actor(self) -> str:
        return "eva"

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def reopen(self) -> None:
        """What a new process begins with."""
        self.store.close()
        self.__dict__["store"] = open_store(self.store_url)

    # Files

    def take_sent(self, data: bytes) -> None:
        """An 837, taken over from the system that sent it."""
        path = self._put(data, "837")
        import_already_sent(Door.of(self, self.home.path), path)

    def take_ready(self, data: bytes) -> None:
        """An 837, taken in to be sent."""
        import_file(Door.of(self, self.home.path), self._put(data, "837"))

    def take_came(self, data: bytes) -> None:
        """A file from the mailbox; whatever an earlier process left undone is done as well."""
        record_file(self, self._put(data, "in"))
        for _ in process_waiting(self):
            pass

    def again(self, number: int) -> None:
        """Processes one of the files once more."""
        with self.store.read() as conn:
            ids = list(conn.execute(select(inbound_sets.c.file_id).distinct().order_by("file_id")).scalars())
        if ids:
            process_file(self, ids[number % len(ids)])

    def _put(self, data: bytes, kind: str) -> Path:
        path = self.folder / f"at_hand.{kind}"
        path.write_bytes(data)
        return path


# ── what must not hang on the order ──────────────────────────────────────────────────────────────────────────────────


def picture(table: Table) -> dict[str, Any]:
    """Everything that was learnt, in an order of its own."""
    with table.store.read() as conn:
        numbers = {row.id: f"{row.billing_key}/{row.patient_control_number}" for row in conn.execute(select(claims))}
        found = {
            "claims": _claims(conn, numbers),
            "facts": _facts(conn, numbers),
            "payments": _payments(conn, numbers),
            "sets": _sets(conn),
        }
    table.clock = max(table.clock, AS_OF)
    for name in NAMES:
        found[f"report {name}"] = _bare(document_of(report(table, name, Filters())))
    found["worklist"] = _bare(lists(table, (), WorkFilters(), None))
    with table.store.read() as conn:
        found["shown"] = {name: _shown(table, conn, claim_id) for claim_id, name in numbers.items()}
    return found


def _shown(table: Table, conn: Any, claim_id: int) -> Any:
    """What `claims show` says of a claim, without the lines that tell how it came to that."""
    document = shown(conn, claim_id)
    document["patient"] = patient_of(table, conn, claim_id)
    document["provider_balances"] = provider_balances_of(table, conn, document)
    del document["events"]
    return _bare(document)


def whole(table: Table) -> None:
    """The store's own laws hold, the projection is what a fold from the start gives, and every report's law holds."""
    with table.store.read() as conn:
        before = _claims(conn, {row.id: str(row.id) for row in conn.execute(select(claims))})
        assert [one for one in check(conn) if not one.holds] == []
    with table.store.write() as conn:
        rebuild(conn, stamp(table.now()))
        assert before == _claims(conn, {row.id: str(row.id) for row in conn.execute(select(claims))})


def _claims(conn: Any, numbers: dict[int, str]) -> dict[str, Any]:
    found = {}
    for row in conn.execute(select(claim_current)).mappings():
        kept = {key: row[key] for key in row if key not in ("claim_id", "version_id", "imported_at", "refreshed_at")}
        found[numbers[row["claim_id"]]] = kept
    return found


def _facts(conn: Any, numbers: dict[int, str]) -> dict[str, Any]:
    """What was said of each claim, and of which of its submissions."""
    found: dict[str, Any] = {}
    loader = HistoryLoader(conn)
    for part in all_claim_ids(conn):
        for facts in loader.load(part):
            said = []
            for event in map(Event._make, facts.events):
                about = (
                    "submission"
                    if event.submission_id
                    else "set"
                    if event.set_id
                    else "batch"
                    if event.batch_id
                    else ""
                )
                said.append((event.kind, event.hop, event.verdict, event.rank, event.codes, about))
            found[numbers[facts.claim_id]] = said
    return found


def _payments(conn: Any, numbers: dict[int, str]) -> list[Any]:
    made = []
    columns = ("trace_number", "originator", "payment_date", "payer_key", "payment", "difference", "status", "reason")
    links: dict[int, Any] = {}
    for link in conn.execute(select(remittance_links).order_by(remittance_links.c.id)):
        links[link.remittance_claim_id] = (numbers.get(link.claim_id or 0, ""), link.rung if link.claim_id else "")
    for row in conn.execute(select(remittances)):
        of = remittance_claims.c.remittance_id == row.id
        remitted = []
        for one in conn.execute(select(remittance_claims).where(of).order_by(remittance_claims.c.ordinal)):
            money = Counter[str]()
            for posting in conn.execute(select(postings).where(postings.c.remittance_claim_id == one.id)).mappings():
                money.update({key: posting[key] for key in ("charge", "paid", "contractual", "denied", "other")})
            said = (one.patient_control_number, one.status, one.charge, one.paid, one.payer_claim_number)
            moved = sorted((key, amount) for key, amount in money.items() if amount)
            remitted.append((said, links.get(one.id, ("", "")), moved))
        of = provider_adjustments.c.remittance_id == row.id
        pairs = [(one.code, one.reference, one.amount) for one in conn.execute(select(provider_adjustments).where(of))]
        made.append(([getattr(row, name) for name in columns], remitted, sorted(pairs)))
    return sorted(made, key=repr)


def _sets(conn: Any) -> list[Any]:
    """Each content once, however often it came."""
    # Not how many claims are matched: a reversal that waited for its original is counted when it is read, not again.
    names = ("kind", "content_hash", "status", "claims", "charge", "paid")
    found = [tuple(getattr(row, name) for name in names) for row in conn.execute(select(inbound_sets))]
    return sorted({one for one in found if one[2] != "duplicate"})


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(one) for key, one in value.items() if key not in _OURS}
    if isinstance(value, list):
        return sorted((_bare(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two pictures differ, a line each."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = []
        for key in sorted({*one, *other}, key=str):
            found += differences(one.get(key), other.get(key), f"{at}/{key}")
        return found
    if isinstance(one, list) and isinstance(other, list):
        left, right = Counter(map(repr, one)), Counter(map(repr, other))
        return [f"{at} - {row}" for row in (left - right)] + [f"{at} + {row}" for row in (right - left)]
    return [] if one == other else [f"{at}: {one!r} != {other!r}"]
