"""Every way in which a batch goes wrong: what `batches resend` shows, does or refuses, and that nothing comes twice.

A table of the cases that docs/howto/resend.md lists. Each is brought about with the real program and a simulated
clearinghouse, which itself tells a second submission of a claim that it has (277CA status 54 and 78).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from practice import Partner, Practice, in_a_folder, opened, settle_all, simulated

from gateway.app import App
from gateway.errors import Refused
from gateway.exchange import resending
from gateway.simulator import Faults, Scenario

# The decisions are the same whatever the store: where its queries and locks matter, test_resend asks for both.
pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True),
]

CLAIMS = 4  # one batch of two sets
PAID = {"paid": CLAIMS}


def _answered(practice: Practice, partner: Partner) -> None:
    practice.gateway("exchange")
    partner.work()
    practice.gateway("exchange", code=None)


def _built(practice: Practice, partner: Partner) -> None:
    practice.gateway("batches", "build")


def _fails(**faults: object) -> Callable[[Practice, Partner], None]:
    def begin(practice: Practice, partner: Partner) -> None:
        partner.simulator.faults = Faults(**faults)  # type: ignore[arg-type]
        practice.gateway("exchange", code=None)
        partner.simulator.faults = Faults(takes="at once")

    return begin


def _lost(practice: Practice, partner: Partner) -> None:
    practice.gateway("exchange")
    for path in partner.simulator.inbound.iterdir():
        path.unlink()


def _paid(practice: Practice, partner: Partner) -> None:
    settle_all(practice, [partner])


def _cancelled(practice: Practice, partner: Partner) -> None:
    _built(practice, partner)
    practice.gateway("batches", "cancel", "1", "--reason", "wrong month")


def _by_hand(practice: Practice, partner: Partner) -> None:
    _built(practice, partner)
    practice.gateway("batches", "export", "1", str(partner.simulator.inbound / "by_hand.txt"))
    practice.gateway("batches", "mark-sent", "1", "--reason", "by the portal")


def _resent(practice: Practice, partner: Partner) -> None:
    _answered(practice, partner)
    practice.gateway("batches", "resend", "1", "--yes")


def _resent_twice(practice: Practice, partner: Partner) -> None:
    _resent(practice, partner)
    _answered(practice, partner)
    practice.gateway("batches", "resend", "2", "--yes")


class Case(NamedTuple):
    """One way to go wrong; `does` is what comes of a plain `resend`, then perhaps what a person vouches for."""

    begin: Callable[[Practice, Partner], None]
    does: str  # same_bytes, new_batch with the number of claims, refuse
    why: str
    risk: str  # of duplicates
    evidence: str
    rules: str = ""  # of the clearinghouse
    vouched: str = ""  # an option that changes the plan
    then: str = ""  # to what
    ends: dict[str, int] = PAID  # claims by state, when all has settled
    served: bool = False  # behind a server, for faults of the way


_FIRST = "submission = [1]"
_TA1 = 'ta1 = { verdict = "R", note = "%s" }'
_STATUS = 'clearinghouse = { verdict = "reject", category = "%s", status = "%s" }'
_ONE = 'claim = "S010000003", submission = [1]'

CASES = {
    "never left": Case(_built, "same_bytes", "certainly did not arrive", "none", "delivery: built, 0 attempts"),
    "partly there": Case(
        _fails(drop_at="write"), "same_bytes", "certainly did not arrive", "none", "delivery: built, 1 attempt",
        served=True,
    ),
    "the partner refused it": Case(
        _fails(refuse=frozenset({"rename"})), "same_bytes", "certainly did not arrive", "none", "last step: ",
        served=True,
    ),
    "nobody knows": Case(
        _fails(takes="at once", drop_at="rename", drop_when="before"), "refuse", "nobody knows", "4 claims, if it has",
        "last step: rename asked", vouched="--never-arrived", then="same_bytes", served=True,
    ),
    "there, unanswered": Case(
        _lost, "refuse", "nobody has answered", "4 claims: it was delivered", "answers: no TA1 and no 999",
        vouched="--never-arrived", then="new_batch 4",
    ),
    "TA1 rejected": Case(
        _answered, "new_batch 4", "the interchange was rejected (TA1)", "none", "beware: [envelope] still names",
        rules=f"when = {{ {_FIRST} }}\n{_TA1 % '006'}",
    ),
    "a duplicate interchange": Case(
        _answered, "refuse", "has it already", "4 claims: an answer says", "answer: TA1 duplicate",
        rules=f"when = {{ {_FIRST} }}\n{_TA1 % '025'}", ends={"sent": CLAIMS},
    ),
    "999 rejected whole": Case(
        _answered, "new_batch 4", "its set was rejected (999)", "none", "answer: 999 reject set 0002",
        rules=f'when = {{ {_FIRST} }}\nack = {{ verdict = "reject" }}',
    ),
    "999 rejected in part": Case(
        _answered, "new_batch 2", "its set was rejected (999)", "none", "     2 rejected_999",
        rules=f'when = {{ {_ONE} }}\nack = {{ verdict = "reject" }}',
    ),
    "277CA rejected": Case(
        _answered, "refuse", "must be corrected first", "the same rejection again", "     1 rejected_clearinghouse",
        rules=f"when = {{ {_ONE} }}\n{_STATUS % ('A8', '496')}", vouched="--as-is", then="new_batch 1",
    ),
    "277CA taken for a duplicate": Case(
        _answered, "refuse", "has it already", "1 claim: an answer says", "delivery: sent",
        rules=f"when = {{ {_ONE} }}\n{_STATUS % ('A3', '54')}", ends={"paid": 3, "accepted_999": 1},
    ),
    "paid": Case(_paid, "refuse", "none of its claims was rejected", "4 claims, which are", "     4 paid"),
    "cancelled": Case(_cancelled, "refuse", "it is cancelled", "ready again or in another batch", "cancel 20"),
    "by hand": Case(_by_hand, "refuse", "nobody has answered", "4 claims: it was delivered", "by hand"),
    "resent": Case(
        _resent, "refuse", "all are in newer batches", "which newer batches have", "replaced by batch 2: built",
        rules=f"when = {{ {_FIRST} }}\n{_TA1 % '006'}",
    ),
    "resent twice": Case(
        _resent_twice, "refuse", "all are in newer batches", "which newer batches have", "replaced by batch 2: sent",
        rules=f"when = {{ submission = [1, 2] }}\n{_TA1 % '006'}",
    ),
}  # fmt: skip


@pytest.fixture
def partner(practice: Practice, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Partner]:
    case: Case = CASES[request.param]
    rules = Scenario.from_toml(f'name = "one rule"\n[[rules]]\nname = "it"\n{case.rules}\n') if case.rules else None
    if case.served:
        with simulated(tmp_path / "partner", rules) as made:
            yield practice.partner(made)
    else:
        yield practice.partner(in_a_folder(tmp_path / "partner", rules))


def _plan(practice: Practice, *options: str, code: int = 0) -> dict[str, object]:
    """What `--dry-run` shows; it changes nothing."""
    before = practice.rows()
    planned: dict[str, object] = practice.json("batches", "resend", "1", "--dry-run", *options, code=code)
    assert practice.rows() == before
    return planned


@pytest.mark.parametrize(("partner", "case"), CASES.items(), indirect=["partner"], ids=CASES)
def test_a_batch_that_went_wrong(practice: Practice, partner: Partner, case: Case) -> None:
    """Plan, evidence and risk are shown first; what is refused is refused with code 4 and changes nothing; what is done
    is kept with who and why; asked again at once it is refused; and in the end each claim was taken in once."""
    practice.take_in(CLAIMS)
    case.begin(practice, partner)

    does, options = case.does, ("--reason", "the runbook")
    planned = _plan(practice, code=4 if does == "refuse" else 0)
    said = "\n".join([str(planned["reason"]), str(planned["risk"]), *planned["evidence"]])  # type: ignore[misc]
    assert (case.why in said, case.risk in str(planned["risk"]), case.evidence in said) == (True, True, True), said
    if does == "refuse":
        before = practice.rows()
        ran = practice.gateway("batches", "resend", "1", *options, code=4)
        assert ran.out.splitlines()[0] == "batch 1: send nothing" and len(ran.lines()) == 1 and case.why in ran.err
        assert practice.rows() == before
    if case.vouched:
        does, options = case.then, (case.vouched, *options)
        planned = _plan(practice, *options)
        practice.gateway("batches", "resend", "1", case.vouched, code=2)  # not without saying why
    if does != "refuse":
        assert [planned["action"], *([str(planned["claims"])] if "new" in does else [])] == does.split()
        practice.gateway("batches", "resend", "1", *options, "--yes")
        why = practice.gateway("batches", "resend", "1", "--dry-run", code=4).out
        assert "by biller: the runbook" in why

    settle_all(practice, [partner])
    states = list(practice.states().values())
    assert {state: states.count(state) for state in states} == case.ends
    assert practice.rows()["remittance_claims"] == case.ends.get("paid", 0)  # the payer paid each once
    if "duplicate" not in case.why and "already" not in case.why:
        assert practice.gateway("worklist", "--json").out.count("duplicate_suspected") == 0
    practice.check()


def _two_plans(practice: Practice, **vouched: bool) -> tuple[int, str]:
    """Two operators look at the same plan, and both say yes, one after the other: what the second one is told."""
    with opened(practice, App) as app:
        one, other = (resending.plan(app, 1, **vouched) for _ in range(2))
        assert one.action == other.action != "refuse"
        resending.carry_out(app, one, "the first one")
        with pytest.raises(Refused) as caught:
            resending.carry_out(app, other, "the second one")
    decided = practice.gateway("batches", "resend", "1", "--dry-run", code=4).out
    assert "the first one" in decided and "the second one" not in decided
    return caught.value.exit_code, str(caught.value)


@pytest.mark.parametrize("partner", ["never left"], indirect=True)
def test_two_operators_send_what_never_left(practice: Practice, partner: Partner) -> None:
    """The second one is told that it went out meanwhile; the file is there once."""
    practice.take_in(CLAIMS)
    _built(practice, partner)
    assert "another process took it up meanwhile" in _two_plans(practice)[1]
    assert len(list(partner.simulator.inbound.iterdir())) == 1


@pytest.mark.parametrize("partner", ["TA1 rejected"], indirect=True)
def test_two_operators_resend_what_was_rejected(practice: Practice, partner: Partner) -> None:
    """The second one is told that newer batches have the claims; there is one new batch."""
    practice.take_in(CLAIMS)
    _answered(practice, partner)
    assert "all are in newer batches" in _two_plans(practice)[1]
    assert [one["claims"] for one in practice.batches()] == [CLAIMS, CLAIMS]


@pytest.mark.parametrize("partner", ["nobody knows"], indirect=True)
def test_two_operators_vouch_for_one_attempt(practice: Practice, partner: Partner) -> None:
    """Both were told that it never arrived. After the first one's attempt that is no longer known of the newest one,
    even where that is unknown again: the second is refused."""
    practice.take_in(CLAIMS)
    CASES["nobody knows"].begin(practice, partner)
    partner.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="after")
    with opened(practice, App) as app:
        one, other = (resending.plan(app, 1, never_arrived=True) for _ in range(2))
        (done,) = resending.carry_out(app, one, "the first one").delivered
        assert (done.batch.state, done.batch.attempts) == ("unknown", 2)
        partner.simulator.faults = Faults(takes="at once")
        with pytest.raises(Refused, match="took it up meanwhile"):
            resending.carry_out(app, other, "the second one")
    partner.work()
    assert len(partner.simulator.received()) == 1
