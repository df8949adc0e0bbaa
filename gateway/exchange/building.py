"""Building batches: reserve numbers and claims, write and judge outside any transaction, archive, then commit.

A process that dies in between leaves a batch in `building`, which the next run abandons: its numbers are a gap, its
claims are ready again. Nothing of it can have been sent, since only a `built` batch is delivered.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

from gateway.app import App
from gateway.claims.wishes import Wishes
from gateway.exchange.checking import refuse_older_store
from gateway.exchange.delivery import batch_document, refresh_batch
from gateway.exchange.joining import unfilled
from gateway.exchange.unmet import hold_unmet
from gateway.garbage import seldom_collected
from gateway.outbound.checking import SetJob, write_file
from gateway.outbound.sets import Member, in_order, parts, sendable
from gateway.outbound.writing import BatchHead, Faulty, SetHead
from gateway.partners import Profile, route
from gateway.reconcile.projection import refresh
from gateway.second_opinion import differences
from gateway.store import Connection, batches, claims, counters, stamp
from gateway.store.backup import refuse_unproven
from gateway.store.batches import BatchRow, NewBatch, NewSet, SetRow
from gateway.transport.names import NameTemplate

_MOST_FAULTS = 20  # batches in a row that may fail for single claims before a group is left for a person


class Group(NamedTuple):
    """Ready claims that may share a batch."""

    profile: Profile
    type: str
    purpose: str
    claim_or_encounter: str
    payer_ids: tuple[str, ...]


class Planned(NamedTuple):
    """What `batches build --dry-run` shows of one payer's ready claims."""

    partner: str
    type: str
    payer_id: str
    claims: int
    charge: int

    @property
    def charge_text(self) -> str:
        return f"{self.charge // 100}.{self.charge % 100:02}"

    def document(self) -> dict[str, Any]:
        return {**self._asdict(), "charge": self.charge_text}


@dataclass(slots=True)
class Built:
    """What one attempt at a batch came to."""

    partner: str
    batch: BatchRow | None = None
    problems: list[str] = field(default_factory=list)  # a line each, for a person

    @property
    def needs_person(self) -> bool:
        return bool(self.problems)

    def document(self) -> dict[str, Any]:
        shown = batch_document(self.batch) if self.batch else {"partner": self.partner, "state": "not_built"}
        return {**shown, "problems": self.problems}

    def line(self) -> str:
        if self.batch is None:
            return f"{self.partner}: no batch was built"
        return f"batch {self.batch.id} for {self.partner}: {self.batch.claims} claims, {self.batch.file_name}"


def plan(app: App, partner: str | None = None) -> list[Planned]:
    """Ready claims by partner and payer; the partner is "(none)" where no profile takes the payer."""
    with app.store.read() as conn:
        rows = claims.ready_groups(conn)
    found: dict[tuple[str, str, str], Planned] = {}
    for row in rows:
        profile = route(app.profiles.values(), row.payer_id, row.type, app.home.crosswalk)
        name = profile.name if profile else "(none)"
        if partner in (None, name):
            before = found.get((name, row.type, row.payer_id), Planned(name, row.type, row.payer_id, 0, 0))
            found[name, row.type, row.payer_id] = before._replace(
                claims=before.claims + row.claims, charge=before.charge + row.charge
            )
    return list(found.values())


def build(app: App, partner: str | None = None) -> Iterator[Built]:
    """Builds everything that is ready, batch after batch; yields each as it is done."""
    _ = app.companions  # what cannot be is said before anything is done
    if not partner:
        yield from unrouted(app)
    for profile in app.chosen(partner):
        yield from build_for(app, profile)


def unrouted(app: App) -> Iterator[Built]:
    """What is ready and goes nowhere: no batch, and a line for each payer. Its claims wait.

    What an interrupted process had taken for a partner that is no longer described is given back before.
    """
    with app.store.read() as conn:
        left = {batch.partner for batch in batches.list_batches(conn, states=("building",))}
    for name in sorted(left - app.profiles.keys()):
        with app.mailbox_lock(f"building for {name}"):
            abandon_leftovers(app, name)
    _, lost = _groups(app)
    for payer_id, count in lost.items():
        text = f"no partner takes payer {payer_id or '(none)'}: {count} claims wait; name it in a profile"
        yield Built("(none)", problems=[text])


def lost(app: App) -> dict[str, int]:
    """How many ready claims no partner takes, by payer."""
    return _groups(app)[1]


def build_for(app: App, profile: Profile) -> Generator[Built, None, None]:
    """Builds what is ready for one partner, and before that gives back what an interrupted process had taken."""
    with app.mailbox_lock(f"building for {profile.name}"):
        refuse_older_store(app)
        abandon_leftovers(app, profile.name)
        groups, _ = _groups(app)
        for group in groups:
            if group.profile.name == profile.name:
                yield from _build_group(app, group)


def _groups(app: App) -> tuple[list[Group], dict[str, int]]:
    with app.store.read() as conn:
        rows = claims.ready_groups(conn)
    payers: dict[tuple[str, str, str, str], list[str]] = {}
    lost: dict[str, int] = {}
    for row in rows:
        profile = route(app.profiles.values(), row.payer_id, row.type, app.home.crosswalk)
        if profile is None:
            lost[row.payer_id] = lost.get(row.payer_id, 0) + row.claims
        else:
            key = (profile.name, row.type, row.purpose, row.claim_or_encounter)
            payers.setdefault(key, []).append(row.payer_id)
    return [Group(app.profiles[key[0]], *key[1:], tuple(found)) for key, found in sorted(payers.items())], lost


def _build_group(app: App, group: Group) -> Iterator[Built]:
    failures = 0
    while failures < _MOST_FAULTS:
        made = build_once(app, group)
        if made is None:
            return
        yield made
        if made.batch is None:
            failures += 1
            if not made.problems[-1].startswith("held"):
                return


def abandon_leftovers(app: App, partner: str) -> None:
    """Under the lock, a batch in `building` belongs to a process that died; its claims are ready again."""
    with app.store.write() as conn:
        for batch in batches.list_batches(conn, partner=partner, states=("building",)):
            _abandon(conn, app, batch.id, "the process that built it was interrupted")


def _abandon(conn: Connection, app: App, batch_id: int, reason: str) -> None:
    batches.set_state(conn, batch_id, "abandoned", at=app.now(), reason=reason)
    refresh_batch(conn, app, batch_id)


@seldom_collected()
def build_once(app: App, group: Group, *, only: Sequence[Member] = (), resends_id: int | None = None) -> Built | None:
    """One batch of at most the partner's cap: of what is ready, or of `only`. Nothing where there is nothing.

    Ready claims that do not meet what the partner or payer wants (any more) are held first.
    """
    if left := unfilled(group.profile):
        return Built(group.profile.name, problems=[f"no batch for {group.profile.name}: {left}; its claims wait"])
    wishes = app.companions.of(group.profile)
    with app.store.write() as conn:
        ready, held = (only, []) if only else hold_unmet(conn, _ready(conn, group, wishes), wishes, app.now())
        if not ready:
            return Built(group.profile.name, problems=held) if held else None
        members = in_order(ready)
        sets_of_claims = parts(members, group.profile.claims_per_set, wishes)
        batch = _reserve(conn, app, group, sets_of_claims, resends_id)
        sets = batches.sets_of(conn, batch.id)
    app.log.info("building", batch=batch.id, partner=batch.partner, claims=batch.claims)
    about: dict[str, str | int] = {"batch": batch.id, "partner": batch.partner, "claims": batch.claims}
    with app.span("build batch", **about), app.spool() as spool:
        faulty = _write(app, group, batch, sets, sets_of_claims, spool)
        if faulty:
            given_up = _give_up(app, group, batch, members, faulty)
            given_up.problems[:0] = held
            return given_up
        return Built(group.profile.name, _commit(app, group, batch, spool), held)


def most_a_file(profile: Profile, claim_type: str, wishes: Wishes) -> int:
    """How many claims a file may hold, by the profile and by what is wished."""
    return min(profile.claims_per_file, wishes.file_limit(claim_type) or profile.claims_per_file)


def _ready(conn: Connection, group: Group, wishes: Wishes) -> list[Member]:
    rows = claims.ready_versions(
        conn,
        type=group.type,
        payer_ids=group.payer_ids,
        purpose=group.purpose,
        claim_or_encounter=group.claim_or_encounter,
        limit=most_a_file(group.profile, group.type, wishes),
    )
    return [
        Member(row.claim_id, row.version_id, row.patient_control_number, row.charge, sendable(row.body)) for row in rows
    ]


def _reserve(
    conn: Connection, app: App, group: Group, parted: Sequence[Sequence[Member]], resends_id: int | None
) -> BatchRow:
    refuse_unproven(conn)
    profile, now = group.profile, app.now()
    sender, receiver = profile.envelope.sides
    group_number = str(counters.reserve(conn, counters.gs_counter(sender, receiver)))
    first_reference = counters.reserve(conn, "bht", len(parted))
    new = NewBatch(
        partner=profile.name,
        type=group.type,
        usage=profile.usage,
        purpose=group.purpose,
        claim_or_encounter=group.claim_or_encounter,
        sender=sender,
        receiver=receiver,
        interchange_control_number=f"{counters.reserve(conn, counters.isa_counter(sender, receiver)):09}",
        group_control_number=group_number,
        resends_id=resends_id,
    )
    sets = [
        NewSet(
            control_number=f"{number:04}",
            group_control_number=group_number,
            reference=f"{first_reference + number - 1:09}",
            charge=sum(member.charge for member in part),
            members=[(member.claim_id, member.version_id) for member in part],
        )
        for number, part in enumerate(parted, 1)
    ]
    batch_id = batches.reserve(conn, new, sets, at=now)
    refresh(conn, [member.claim_id for part in parted for member in part], stamp(now))
    return batches.get_batch(conn, batch_id)


def _write(
    app: App, group: Group, batch: BatchRow, sets: Sequence[SetRow], parted: Sequence[Sequence[Member]], spool: BinaryIO
) -> list[Faulty]:
    """Writes the file of sets that are checked one by one; gives what is wrong with them."""
    numbers = batch.interchange_control_number, batch.group_control_number
    head = BatchHead(group.profile, group.type, *numbers, app.now(), app.companions.of(group.profile))
    known = differences(app.home.path) if group.profile.second_opinion else None
    jobs = [
        SetJob(head, SetHead(one.control_number, one.reference), members, known)
        for one, members in zip(sets, parted, strict=True)
    ]
    return write_file(spool, head, app.workers.checked(jobs))


def _give_up(app: App, group: Group, batch: BatchRow, members: Sequence[Member], faulty: Sequence[Faulty]) -> Built:
    """Abandons a batch that may not be sent. The claims to blame are held with the reason, the others ready again."""
    guilty = {one.member.claim_id: one for one in faulty if one.member}
    said = stamp(app.now())
    with app.store.write() as conn:
        for one in guilty.values():
            reasons = [other for other in faulty if other.member and other.member.claim_id == one.member.claim_id]  # type: ignore[union-attr]
            claims.append_event(
                conn,
                claims.NewEvent(
                    "held",
                    "own",
                    "reject",
                    said,
                    claim_id=one.member.claim_id,  # type: ignore[union-attr]
                    version_id=one.member.version_id,  # type: ignore[union-attr]
                    codes=claims.codes_json([other.code for other in reasons]),
                    text="; ".join(dict.fromkeys(other.text for other in reasons)),
                ),
            )
        _abandon(conn, app, batch.id, "; ".join(dict.fromkeys(one.text for one in faulty))[:1000])
    app.log.warning("batch not built", batch=batch.id, partner=batch.partner, held=len(guilty))
    lines = [
        f"batch {batch.id} for {group.profile.name} was not built: {one.text} ({one.place})" for one in faulty[:20]
    ]
    if guilty:
        lines.append(f"held: {len(guilty)} of its {len(members)} claims; the others are built again")
    return Built(group.profile.name, problems=lines)


def name_of_file(send_name: str, batch: BatchRow, now: datetime) -> str:
    """What the partner sees, by the template of his profile."""
    return NameTemplate.parse(send_name).render(
        batch=str(batch.id),
        icn=batch.interchange_control_number,
        date=f"{now:%Y%m%d}",
        time=f"{now:%H%M%S}",
        kind=batch.type,
    )


def _commit(app: App, group: Group, batch: BatchRow, spool: BinaryIO) -> BatchRow:
    spool.seek(0)
    now = app.now()
    kept = app.archive.keep(spool, "sent", now, {"partner": batch.partner, "batch": str(batch.id)})
    name = name_of_file(group.profile.send_name, batch, now)
    app.done.append(f"batch:{batch.id}")
    with app.store.write() as conn:
        # its claims stand where they stood: to them, building and built are the same
        return batches.mark_built(
            conn, batch.id, file_name=name, archive_name=kept.name, sha256=kept.sha256, size=kept.size, at=now
        )
