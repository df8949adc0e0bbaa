"""Scenarios: what rules match, how TOML is read, and that nothing but seed, file and clock decides the bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from simulator_judge import differences, payments, pyx12_errors
from simulator_run import Run
from simulator_samples import SURGERY, Sample, interchange, many, professional, professional_set

from gateway.simulator import Delays, Later, Match, Options, Outcome, Rule, Scenario, ScenarioError, StatusVerdict
from gateway.simulator.scenario import SHIPPED, Subject

SUBJECT = Subject("CLAIM00042", "SHP01", "1234567893", "professional", "1", Decimal(150), 42, 2, 7, 3, 1)


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        (Match(), True),
        (Match(every=7), True),
        (Match(every=5), False),
        (Match(every=5, offset=2), True),
        (Match(index=(41, 42)), True),
        (Match(index=(41,)), False),
        (Match(claim="CLAIM000*"), True),
        (Match(claim="*43"), False),
        (Match(payer="SHP0?"), True),
        (Match(payer="RVM*"), False),
        (Match(provider="1234567893"), True),
        (Match(kind="professional"), True),
        (Match(kind="dental"), False),
        (Match(frequency="7"), False),
        (Match(charge_from=Decimal(150), charge_to=Decimal(150)), True),
        (Match(charge_from=Decimal("150.01")), False),
        (Match(charge_to=Decimal("149.99")), False),
        (Match(set=(2,), position=(7,), file=(3,), submission=(1,)), True),
        (Match(set=(2,), position=(7,), file=(3,), submission=(2,)), False),
        (Match(index=(42,), claim="X*"), False),
        (Match(share=Decimal("0.5")), True),
        (Match(share=Decimal("0.4")), False),
    ],
)
def test_every_condition_must_hold(match: Match, holds: bool) -> None:
    """Each matcher asks one thing of the claim, and all must agree; a share holds when the draw is below it."""
    assert match.holds(SUBJECT, Decimal("0.45")) is holds


def test_at_each_stage_the_first_rule_that_speaks_of_it_decides() -> None:
    """A rule that says nothing of a stage leaves it to the rules after it."""
    scenario = Scenario(
        rules=(
            Rule("one", remittance=Outcome("deny")),
            Rule("two", clearinghouse=StatusVerdict("reject"), remittance=Outcome("zero")),
        )
    )
    decision = scenario.decide(SUBJECT)
    assert (decision.remittance.verdict, decision.clearinghouse.verdict, decision.payer.verdict) == (
        "deny",
        "reject",
        "accept",
    )


def test_a_share_is_drawn_by_the_seed_alone() -> None:
    """About that share of many claims matches, the same ones each time, others with another seed."""
    scenario = Scenario(seed=1, rules=(Rule("some", Match(share=Decimal("0.1")), remittance=Outcome("deny")),))

    def struck(chosen: Scenario) -> set[str]:
        subjects = [replace(SUBJECT, claim=f"C{n}", index=n) for n in range(2000)]
        return {item.claim for item in subjects if chosen.decide(item).remittance.verdict == "deny"}

    assert 140 < len(struck(scenario)) < 260
    assert struck(scenario) == struck(scenario)
    assert struck(scenario) != struck(replace(scenario, seed=2))


def test_toml_becomes_the_same_values_as_python() -> None:
    """Every kind of value comes through: nested tables, lists, literals, exact decimals."""
    text = """
        name = "mine"
        seed = 9
        [options]
        order = "reversed"
        payment = "CHK"
        [delays]
        remittance = 2
        [[rules]]
        name = "r"
        when = { share = 0.1, index = [1, 2], charge_from = 10 }
        clearinghouse = { verdict = "accept", category = "A0" }
        [rules.remittance]
        verdict = "pay"
        interest = 1.10
        remarks = ["N1", "N2"]
        [[rules.remittance.later]]
        after = 2
        do = "correct"
        outcome = { verdict = "deny", reason = "29" }
    """
    later = Later(2, "correct", Outcome("deny", reason="29"))
    expected = Scenario(
        name="mine",
        seed=9,
        options=Options(order="reversed", payment="CHK"),
        delays=Delays(remittance=2),
        rules=(
            Rule(
                "r",
                Match(share=Decimal("0.1"), index=(1, 2), charge_from=Decimal(10)),
                clearinghouse=StatusVerdict("accept", category="A0"),
                remittance=Outcome("pay", interest=Decimal("1.10"), remarks=("N1", "N2"), later=(later,)),
            ),
        ),
    )
    assert Scenario.from_toml(text) == expected


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("seed = 'x'", "scenario.seed"),
        ("sed = 1", "'sed'"),
        ("seed = true", "scenario.seed"),
        ("rules = 3", "scenario.rules"),
        ("[[rules]]\nwhen = {}", "'name' is missing"),
        ("[[rules]]\nname = 'a'\nwhen = { evry = 2 }", "scenario.rules[0].when"),
        ("[[rules]]\nname = 'a'\nremittance = { verdict = 'payy' }", "scenario.rules[0].remittance.verdict"),
        ("[[rules]]\nname = 'a'\nremittance = { copay = 'ten' }", "scenario.rules[0].remittance.copay"),
        ("[[rules]]\nname = 'a'\nremittance = 'pay'", "scenario.rules[0].remittance"),
        ("[options]\nedits = 1", "scenario.options.edits"),
        ("= 1", "not TOML"),
    ],
)
def test_a_mistake_in_a_scenario_is_named(text: str, where: str) -> None:
    """An unknown key, a wrong type, a missing key and bad TOML are errors that say where."""
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_toml(text)
    assert where in str(caught.value)


def test_scenarios_come_from_files_and_from_the_package(tmp_path: Path) -> None:
    """A file is read; a missing one and an unknown name are errors; the shipped ones are there."""
    (tmp_path / "mine.toml").write_text("name = 'mine'")
    assert Scenario.load(tmp_path / "mine.toml").name == "mine"
    with pytest.raises(ScenarioError):
        Scenario.load(tmp_path / "none.toml")
    with pytest.raises(ScenarioError):
        Scenario.shipped("nothing")
    assert [Scenario.shipped(name).name for name in SHIPPED] == list(SHIPPED)


def everything_file() -> bytes:
    """Five sets, the first of sixty claims."""
    sets = [professional_set(many(60, "A"), "0001", "B1")]
    sets += [professional_set(many(4, prefix), f"000{n}", f"B{n}") for n, prefix in enumerate("BCDE", 2)]
    return interchange(*sets)


def played(root: Path, name: str) -> Run:
    """A shipped scenario played to its end."""
    run = Run(root, Scenario.shipped(name))
    if name == "demo":
        run.send(professional(*many(200)))
    else:
        run.send(everything_file(), b"hello", professional(*many(3, "F"), number=2))
    while run.simulator.pending():
        run.rounds()
    return run.rounds()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_seed_and_files_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    """Two runs put out the same files, names and bytes, in the same order."""
    one, two = played(tmp_path / "a", name), played(tmp_path / "b", name)
    assert one.names() == two.names()
    assert one.files() == two.files()
    assert one.simulator.totals() == two.simulator.totals()


def test_another_seed_gives_another_story(tmp_path: Path) -> None:
    """What is drawn (allowed amounts here) changes with the seed."""
    paid = [
        Run(tmp_path / str(seed), Scenario(seed=seed)).send(professional(*many(20))).simulator.totals().payment
        for seed in (1, 2)
    ]
    assert paid[0] != paid[1]


def test_what_happens_to_a_claim_does_not_hang_on_its_neighbours(tmp_path: Path) -> None:
    """The same claims in two files, or the other way round, are paid the same."""
    samples = many(10)
    one = Run(tmp_path / "a").send(professional(*samples))
    two = Run(tmp_path / "b").send(
        professional(*samples[:4:-1], number=1), professional(*samples[4::-1], number=2, group=102)
    )
    paid = [{claim.patient_control_number: claim.paid for claim in run.simulator.totals().claims} for run in (one, two)]
    assert paid[0] == paid[1]


def test_the_order_of_answers_can_be_turned(tmp_path: Path) -> None:
    """Usual, reversed and shuffled: the same kinds of answers, in three orders of their names."""
    from simulator_run import kind_of

    def kinds(order: str) -> list[str]:
        run = Run(tmp_path / order, Scenario(options=Options(order=order)))  # type: ignore[arg-type]
        return [kind_of(content) for content in run.send(professional(*many(8))).files()]

    usual = kinds("usual")
    assert usual[0] == "999"
    assert kinds("reversed") == usual[::-1]
    assert Counter(kinds("shuffled")) == Counter(usual)
    assert kinds("shuffled") != usual


def test_the_demo_has_the_mix_that_it_promises(tmp_path: Path) -> None:
    """Of 200 claims 3 % are turned back, 2 % by the payer, 3 % silent, 6 % denied, 8 % partly and 5 % zero paid."""
    run = played(tmp_path, "demo")
    totals = run.simulator.totals()
    assert Counter(claim.state for claim in totals.claims) == {
        "paid": 145, "partly_paid": 16, "denied": 13, "zero_paid": 10,
        "rejected_clearinghouse": 6, "accepted_999": 6, "rejected_payer": 4,
    }  # fmt: skip
    found = [payment for content in run.files("835") for payment in payments(content)]
    statuses = Counter(claim.clp[2] for payment in found for claim in payment.claims)
    assert statuses["22"] == 1
    assert {code[:2] for payment in found for code, _ in payment.plb} == {"WO", "L6", "FB"}
    traces = Counter(payment.trace for payment in found)
    assert sorted(traces.values())[-2:] == [1, 2]
    assert totals.foreign == 0
    assert totals.unbalanced == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_books_of_a_shipped_scenario_close(tmp_path: Path, name: str) -> None:
    """Payments equal what claims were paid, each claim's parts make up its charge, and the files say the same."""
    run = played(tmp_path, name)
    totals = run.simulator.totals()
    assert totals.payment == totals.sum("paid") + totals.foreign - totals.provider_adjustments
    for claim in totals.claims:
        parts = claim.paid + claim.patient_responsibility + claim.contractual + claim.denied + claim.other_adjustments
        assert claim.charge == parts + claim.open
    told = {}
    for content in run.files("835"):
        for payment in payments(content):
            told[payment.trace] = Decimal(payment.bpr[2])
    assert sum(told.values()) == totals.payment + sum(told[trace] for trace in totals.unbalanced)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_shipped_scenario_says_is_sound(tmp_path: Path, name: str) -> None:
    """Only the three claims asked for are out of balance, and pyx12 objects to nothing but what its maps lack.

    Its 277CA map wants patients under every provider and providers under every receiver, so it knows no rejection at
    those levels; its 999 map takes one CTX under an IK3; its list of remarks lacks MA15.
    """
    lacking = ("HL04", "2000C", "2000D", "Segment CTX exceeded max count", "MA15")
    run = played(tmp_path, name)
    broken = [item for content in run.files() for item in differences(content)]
    assert Counter(broken) == ({} if name == "demo" else {"line": 1, "claim": 1, "payment": 1})
    errors = [error for content in run.files() if content[:3] == b"ISA" for error in pyx12_errors(content)]
    assert [error for error in errors if not any(text in error for text in lacking)] == []


def test_everything_says_everything(tmp_path: Path) -> None:
    """Each state, each claim status and each PLB code that the scenario speaks of does occur."""
    run = played(tmp_path, "everything")
    states = {claim.state for claim in run.simulator.totals().claims}
    assert states >= {
        "rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer", "accepted_999", "accepted_payer",
        "paid", "partly_paid", "denied", "zero_paid", "reversed",
    }  # fmt: skip
    found = [payment for content in run.files("835") for payment in payments(content)]
    assert {claim.clp[2] for payment in found for claim in payment.claims} == {"1", "4", "19", "22", "23"}
    assert {code[:2] for payment in found for code, _ in payment.plb} == {"WO", "L6", "FB"}


def test_rules_can_be_put_before_a_shipped_scenario(tmp_path: Path) -> None:
    """A test may take the demo and change one claim's fate."""
    rule = Rule("mine", Match(claim="CLAIM00001"), clearinghouse=StatusVerdict("reject"))
    run = Run(tmp_path, Scenario.shipped("demo").with_rules(rule)).send(professional(*many(3)))
    assert run.simulator.totals().claims[0].state == "rejected_clearinghouse"


def test_a_glob_on_the_provider(tmp_path: Path) -> None:
    """A rule may strike one billing provider's claims."""
    rule = Rule("r", Match(provider=SURGERY[1]), remittance=Outcome("deny", group="PR", reason="204"))
    run = Run(tmp_path, Scenario(rules=(rule,))).send(professional(Sample("A"), Sample("B", provider=SURGERY)))
    assert [claim.state for claim in run.simulator.totals().claims] == ["paid", "denied"]
