"""The short way to a claim's row after its first payment gives what the whole history gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posted_claims import CENTS, any_posted
from posting_desk import Desk, claim_835, header_835, status_277

from gateway.claims.events import DISTANCE
from gateway.claims.history import Event, History, Submission, Version
from gateway.claims.life import acknowledge, settle
from gateway.reconcile import first_payment
from gateway.reconcile.first_payment import BEFORE, settled_row
from gateway.reconcile.money import fold_money, is_plain
from gateway.reconcile.posted import PostedClaim
from gateway.reconcile.projection import rebuild
from gateway.store import Store, stamp
from gateway.store.claims import NewEvent, NewVersion, add_versions, append_event
from gateway.store.first_payments import FirstPayment

EVENTS = st.lists(
    st.builds(
        Event,
        id=st.integers(1, 99),
        kind=st.sampled_from(["status", "status", "status", "closed", "reopened", "cancelled"]),
        hop=st.sampled_from(list(map(str, DISTANCE))),
        verdict=st.sampled_from(["accept", "reject", "duplicate", "pended", "info"]),
        submission_id=st.sampled_from([None, 1, 2]),
        rank=st.sampled_from(["", "2026-01-12", "2026-01-13"]),
        codes=st.sampled_from([(), ("A1:19",), ("A2:20",)]),
        recorded_at=st.sampled_from(["2026-01-01", "2026-03-02"]),
    ),
    max_size=4,
)
DELIVERIES = st.lists(st.sampled_from(["sent", "sent", "unknown", "built", "cancelled"]), min_size=1, max_size=2)
VERSIONS = st.builds(
    Version,
    id=st.just(7),
    number=st.sampled_from([1, 2]),
    frequency=st.sampled_from(["1", "7", "8"]),
    payer_responsibility=st.sampled_from(["P", "S", ""]),
    has_money=st.booleans(),
    charge=CENTS,
    payer_key=st.sampled_from(["99001", "99003", ""]),
)
POSTED = any_posted(st.sampled_from(["1", "2", "4", "19", "22", "23", "25", ""]))


@given(VERSIONS, DELIVERIES, EVENTS, POSTED)
@settings(max_examples=400)
def test_the_short_way_gives_what_the_long_way_gives(
    version: Version, deliveries: list[str], events: list[Event], posted: PostedClaim
) -> None:
    """Whatever was sent, answered and decided before: where the row allows the short way, both give the same row."""
    submissions = tuple(Submission(at, 7, 1, 1, how) for at, how in enumerate(deliveries, 1))
    life = acknowledge(History((version,), submissions, tuple(events)))
    before = settle(life, fold_money(life.live, ()).adjudication)
    if before.stage != "sent" or before.state not in BEFORE or before.flags or not is_plain("1", posted.status):
        return
    charge = fold_money(life.live, ()).amounts.charge
    short = settled_row(FirstPayment(5, before.state, charge, posted.status, *posted[6:14]), "now")
    money = fold_money(life.live, (posted,))
    current = settle(life, money.adjudication)
    assert current.version_id == before.version_id
    assert short == (
        current.state,
        current.stage,
        current.outcome,
        int(current.adjudicated),
        json.dumps(current.flags),
        "now",
        *money.amounts,
        5,
    )


def test_only_what_is_plain_goes_the_short_way(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims that were closed, rejected, never sent, billed again or named twice by the payment go the long way; rows
    of all of them are what a fold of everything gives."""
    desk = Desk(store, tmp_path)
    short: list[int] = []
    row = first_payment.settled_row
    monkeypatch.setattr(first_payment, "settled_row", lambda one, now: short.append(one.claim_id) or row(one, now))
    numbers = ("PLAIN", "PENDED", "REJECTED", "CLOSED", "AGAIN", "TWICE", "TAKEN", "SENTON", "OVER")
    members = dict(zip(numbers, desk.claims(*numbers), strict=True))
    desk.claims("READY")
    desk.sent(list(members.values()))
    said = ("PENDED A2:20*20260202*WQ*240", "REJECTED A7:562*20260202*U*240")
    desk.receive(desk.envelope("277CA", status_277(*said, entity="PR")))
    with store.write() as conn:
        at = stamp(desk.now())
        about = {"member_id": "M0001", "service_from": "2026-01-15", "service_to": "2026-01-15"}
        claim_id, _ = members["AGAIN"]
        add_versions(conn, [NewVersion(claim_id, "7", "P", "00", "CH", "1" * 64, 24000, "12345", "{}", at, **about)])
        append_event(conn, NewEvent("closed", "person", "info", at, claim_id=members["CLOSED"][0]))
        rebuild(conn, at)
    body = header_835("1500") + "".join(map(claim_835, ("PLAIN", "PENDED", "REJECTED", "CLOSED", "AGAIN", "READY")))
    body += claim_835("TWICE", "60", charge="80") + claim_835("TWICE", "60", charge="160", payer_number="P2")
    body += claim_835("TAKEN", "-180", charge="-240", status="22") + claim_835("SENTON", "0", status="23")
    body += claim_835("OVER", "480").replace("CAS*CO*45*-240.00", "CAS*OA*94*-240")
    document = desk.receive(desk.envelope("835", body))
    assert document["status"] == "processed", document
    assert sorted(short) == sorted(members[number][0] for number in ("PLAIN", "PENDED", "OVER"))
    desk.agree()
