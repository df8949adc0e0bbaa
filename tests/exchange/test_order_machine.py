"""Order does not matter, by a machine that looks for one that does: files, repeats, deaths and decisions in any order.

An example deals the small exchange of `order_deck` in an order of its own. In between, files come again (their bytes,
or their content in another envelope), are read again, a person decides on payments, and the process dies beside a
commit. At the end the rest is dealt, the person takes back what was decided, and everything that the store says is
compared with what it says after the plain order.

In CI a few examples; `GATEWAY_ORDERS=900` lets it look for 900 seconds a store.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import order_deck as deck
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from orders import Crash, Crashing, Table, differences, picture, whole
from sqlalchemy import select

from gateway.errors import Refused
from gateway.exchange import remittances as decisions
from gateway.store import schema
from gateway.store.check import check
from gateway.store.tables import claims, remittance_claims, remittance_links, remittances

SECONDS = int(os.environ.get("GATEWAY_ORDERS", "0"))
CARDS = [*deck.SENT, *deck.READY, *deck.CAME]
_WRAPPED = [name for name, data in deck.CAME.items() if data.startswith(b"ISA") and b"TA1*" not in data]
_PICK = st.integers(0, 99)


class Paid(NamedTuple):
    """A claim of a payment by what the files call it, with our ids of it."""

    key: tuple[str, int, int]  # trace number, amount, ordinal
    status: str  # of the payment
    remittance_id: int
    claim: str  # that it is linked to

    @property
    def identifier(self) -> str:
        return f"{self.remittance_id}.{self.key[2]}"


def paid(table: Table) -> list[Paid]:
    """Every claim of every payment, in an order that does not hang on ours."""
    with table.store.read() as conn:
        numbers = {row.id: row.patient_control_number for row in conn.execute(select(claims))}
        links = {
            row.remittance_claim_id: numbers.get(row.claim_id, "")
            for row in conn.execute(select(remittance_links).order_by(remittance_links.c.id))
        }
        joined = remittance_claims.join(remittances, remittances.c.id == remittance_claims.c.remittance_id)
        rows = conn.execute(
            select(remittance_claims.c.id, remittance_claims.c.ordinal, remittances.c.id.label("remittance_id"),
                   remittances.c.trace_number, remittances.c.payment, remittances.c.status).select_from(joined)
        ).all()  # fmt: skip
    return sorted(
        Paid((one.trace_number, one.payment, one.ordinal), one.status, one.remittance_id, links.get(one.id, ""))
        for one in rows
    )


def deal(table: Table, card: str) -> None:
    if card in deck.SENT:
        table.take_sent(deck.SENT[card])
    elif card in deck.READY:
        table.take_ready(deck.READY[card])
    else:
        table.take_came(deck.CAME[card])


class Plain(NamedTuple):
    """What everything comes to in plain order."""

    said: dict[str, Any]
    paid: list[Paid]


def plain(folder: Path, store_url: str) -> Plain:
    table = Table(folder, store_url, deck.PROFILE)
    for card in CARDS:
        deal(table, card)
    found = Plain(picture(table), paid(table))
    whole(table)
    table.close()
    return found


class Orders(RuleBasedStateMachine):
    """One store in the hands of chance."""

    new_store_url: Callable[[], str]
    drop: Callable[[str], None]
    wanted: Plain
    crashing: Crashing

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orders-"))
        self.store_url = type(self).new_store_url()
        self.table = Table(self.folder, self.store_url, deck.PROFILE)
        self.left: list[str] = []
        self.dealt: list[str] = []
        self.copies = 0
        self.decided: set[tuple[str, int, int]] = set()  # whose match a person touched
        self.settled: set[str] = set()  # trace numbers of the payments that a person posted or took back

    # Cards

    @initialize(order=st.permutations(CARDS))
    def shuffle(self, order: list[str]) -> None:
        for later, earlier in deck.AFTER.items():
            if order.index(later) < order.index(earlier):
                order.remove(later)
                order.insert(order.index(earlier) + 1, later)
        self.left = order

    @rule(count=st.integers(1, 8))
    def deal(self, count: int) -> None:
        """The next files."""
        for card in self.left[:count]:
            if self._survives(lambda card=card: deal(self.table, card)):  # type: ignore[misc]
                self.left.remove(card)
                self.dealt.append(card)

    @rule(pick=_PICK)
    def once_more(self, pick: int) -> None:
        """The same bytes."""
        if self.dealt:
            self._survives(lambda: deal(self.table, self.dealt[pick % len(self.dealt)]))

    @rule(pick=_PICK)
    def in_another_envelope(self, pick: int) -> None:
        """The content of a file, whether that came already or not."""
        self.copies += 1
        data = deck.again(deck.CAME[_WRAPPED[pick % len(_WRAPPED)]], 9000 + self.copies)
        if _WRAPPED[pick % len(_WRAPPED)] not in deck.AFTER:
            self._survives(lambda: self.table.take_came(data))

    @rule(pick=_PICK)
    def read_again(self, pick: int) -> None:
        self._survives(lambda: self.table.again(pick))

    @rule(commit=st.integers(1, 4), after=st.booleans())
    def die(self, commit: int, after: bool) -> None:
        """Beside one of the next commits."""
        self.crashing.arm(commit, after=after)

    @rule()
    def look(self) -> None:
        """The laws of the store hold at any time."""
        with self.table.store.read() as conn:
            assert [one for one in check(conn) if not one.holds] == []

    # A person

    @rule(pick=_PICK, claim=_PICK)
    def match(self, pick: int, claim: int) -> None:
        one = self._pick(pick, "posted")
        numbers = self._numbers()
        if one is not None and numbers:
            self.decided.add(one.key)
            number = numbers[claim % len(numbers)]
            self._survives(lambda: decisions.match(self.table, one.identifier, number, None, "as it seems"))

    @rule(pick=_PICK)
    def unmatch(self, pick: int) -> None:
        one = self._pick(pick, "posted")
        if one is not None:
            self.decided.add(one.key)
            self._survives(lambda: decisions.unmatch(self.table, one.identifier, "not ours"))

    @rule(pick=_PICK)
    def post(self, pick: int) -> None:
        one = self._pick(pick, "parked")
        if one is not None:
            self._settle(one)

    @rule(pick=_PICK)
    def undo(self, pick: int) -> None:
        one = self._pick(pick, "posted")
        if one is not None:
            self._settle(one)

    def _settle(self, one: Paid) -> None:
        self.settled.add(one.key[0])
        do = decisions.post_as_is if one.status == "parked" else decisions.undo
        self._survives(lambda: do(self.table, one.remittance_id, "by hand"))

    def _pick(self, pick: int, status: str) -> Paid | None:
        rows = [one for one in paid(self.table) if one.status == status]
        return rows[pick % len(rows)] if rows else None

    def _numbers(self) -> list[str]:
        with self.table.store.read() as conn:
            return sorted(conn.execute(select(claims.c.patient_control_number)).scalars())

    # What happens to all of them

    def _survives(self, work: Callable[[], object]) -> bool:
        """Whether it was done; a death in it is followed by a new process."""
        try:
            work()
        except Crash:
            self.crashing.arm(0, after=False)
            self.table.reopen()
            return False
        except Refused:
            pass  # what a person asked for
        return True

    def teardown(self) -> None:
        try:
            self._end()
        finally:
            self.table.close()
            shutil.rmtree(self.folder)
            self.drop(self.store_url)

    def _end(self) -> None:
        self.crashing.arm(0, after=False)
        if not self.left and not self.dealt:
            return
        while self.left:
            self.deal(1)
        self._take_back()
        found = picture(self.table)
        whole(self.table)
        wanted = _without(self.wanted.said, self.decided, self.settled)
        wrong = differences(wanted, _without(found, self.decided, self.settled))
        assert not wrong, "\n".join(wrong)

    def _take_back(self) -> None:
        """The person decides as it would be without decisions."""
        wanted = {one.key: one for one in self.wanted.paid}
        for status in ("posted", "parked"):
            for one in paid(self.table):
                if one.key[0] in self.settled and one.key[2] == 1 and one.status == status != wanted[one.key].status:
                    self._settle(one)
        for one in paid(self.table):
            if one.key in self.decided:
                if number := wanted[one.key].claim:
                    decisions.match(self.table, one.identifier, number, None, "after all")
                else:
                    decisions.unmatch(self.table, one.identifier, "after all")


def _without(said: dict[str, Any], decided: set[tuple[str, int, int]], settled: set[str]) -> dict[str, Any]:
    """A picture without the words that say that a person had a hand in it. What a person matched makes the payer's
    number known, so that others with that number may be matched by a better rung."""
    vouched = {
        one[4]
        for head, rows, _ in said["payments"]
        for at, (one, _, _) in enumerate(rows, 1)
        if (head[0], head[4], at) in decided
    }
    payments = []
    for head, rows, pairs in said["payments"]:
        trace, amount, status = head[0], head[4], head[6]
        kept = trace not in settled or status == "posted"  # what was posted once and taken back still says whose it was
        head = [*head[:-1], "" if trace in settled else head[-1]]
        shown = [
            (
                one,
                (link[0], "" if (trace, amount, at) in decided or one[4] in vouched else link[1]) if kept else "",
                money,
            )
            for at, (one, link, money) in enumerate(rows, 1)
        ]
        payments.append((head, shown, pairs))
    traces = settled | {trace for trace, _, _ in decided}
    reports = {name: _unsaid(found, traces) for name, found in said.items() if name.startswith("report ")}
    return {**said, **reports, "payments": sorted(payments, key=repr)}


def _unsaid(value: Any, traces: set[str]) -> Any:
    """A report without the reasons that a person gave for what was done to the payments with these trace numbers, how
    many entries compensate each other by that, and how many claims are matched of what is not posted."""
    if isinstance(value, list):
        return [_unsaid(one, traces) for one in value]
    if not isinstance(value, dict):
        return value
    own = value.get("trace_number") in traces
    return {
        key: _unsaid(one, traces)
        for key, one in value.items()
        if not ((own and key in ("reason", "why")) or (traces and key in ("entries", "claims_unmatched")))
    }


@pytest.fixture
def machine(
    new_store_url: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> type[Orders]:
    class Machine(Orders):
        pass

    Machine.new_store_url = staticmethod(new_store_url)
    Machine.drop = staticmethod(_dropping(request))
    Machine.wanted = plain(tmp_path, new_store_url())
    Machine.crashing = Crashing()
    Machine.crashing.install(monkeypatch)
    # No file changes the schema, and comparing it takes as long as half of the rest.
    monkeypatch.setattr(schema, "differences", lambda _conn: [])
    return Machine


def _dropping(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A store that is not needed any more: a long search would fill the disk."""

    def drop(store_url: str) -> None:
        if store_url.startswith("sqlite"):
            for path in Path(store_url.removeprefix("sqlite:///")).parent.glob(f"{Path(store_url).name}*"):
                path.unlink()
        else:
            request.getfixturevalue("postgres").drop(store_url)

    return drop


def test_no_order_matters(machine: type[Orders]) -> None:
    """Whatever the order, the repeats, the deaths and the decisions that were taken back: states, flags, facts, links,
    ledger and every report are as in plain order, and the store's own laws hold."""
    few = settings(
        max_examples=30 if SECONDS else 5,
        stateful_step_count=40 if SECONDS else 20,
        deadline=None,
        database=None,
        derandomize=not SECONDS,
        phases=(Phase.generate,),  # an example takes seconds, so the smallest one is for a person to look for
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    until = time.monotonic() + SECONDS
    while True:
        run_state_machine_as_test(machine, settings=few)
        if time.monotonic() >= until:
            break


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(["by member", "first"], id="a payer's number does not vouch for itself"),
        pytest.param(["second", "house", "first", "by number"], id="an earlier answer is not counted as a later one"),
        pytest.param(["once more", "refused", "ta1 refused", "again"], id="sent first, imported last"),
        pytest.param(["first", "by number", "second"], id="an answer that two submissions may mean is nobody's"),
        pytest.param(["another's", "first"], id="totals of another system's set with our number"),
        pytest.param(["single refusal", "second"], id="a refusal of the submitter that is one claim's"),
        pytest.param(
            ["payer", "lost among others", "first"], id="totals and numbers of answers that came before their set"
        ),
        pytest.param(["first", "lost among others", "payer"], id="totals with a claim that a later answer tells"),
        pytest.param(["by payment's number", "first", "second", "six"], id="a number that a later payment tells"),
    ],
)
@pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)
def test_orders_that_once_mattered(new_store_url: Callable[[], str], tmp_path: Path, order: list[str]) -> None:
    """What was found to differ by the order, and does not any more."""
    said: list[dict[str, Any]] = []
    for cards in (sorted(order, key=CARDS.index), order):
        folder = tmp_path / str(len(said))
        folder.mkdir()
        table = Table(folder, new_store_url(), deck.PROFILE)
        for card in cards:
            deal(table, card)
        said.append(picture(table))
        table.close()
    assert differences(said[0], said[1]) == []


@pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)
def test_a_copy_of_what_was_taken_back(new_store_url: Callable[[], str], tmp_path: Path) -> None:
    """A payment that a person took back is not posted by a copy of it in another envelope."""
    table = Table(tmp_path, new_store_url(), deck.PROFILE)
    deal(table, "first")
    deal(table, "first payer")
    decisions.undo(table, 1, "wrong practice")
    table.take_came(deck.again(deck.CAME["first payer"], 9001))
    assert [one.status for one in paid(table)] == ["parked"]
    table.close()
