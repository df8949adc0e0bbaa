"""835s: every outcome, and the three balances by sums of their own."""

from __future__ import annotations

import gzip
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulator_judge import Paid, Payment, differences, pyx12_errors
from simulator_run import Run, first, only, where
from simulator_samples import (
    DENTAL,
    INSTITUTIONAL,
    Sample,
    dental_set,
    institutional_set,
    interchange,
    many,
    professional,
)

from gateway.simulator import Later, Options, Outcome, Repeat, Rule, Scenario, Stray, Withholding

D = Decimal


def answer(tmp_path: Path, outcome: Outcome, *samples: Sample) -> Paid:
    """The only CLP that a claim is answered with, in an 835 that balances and that pyx12 takes."""
    run = Run(tmp_path, only(outcome)).send(professional(*(samples or (Sample("A"),))))
    ((claim,),) = [payment.claims for payment in run.payments()]
    assert_sound(run)
    return claim


def assert_sound(run: Run) -> None:
    """Every 835 balances by an independent sum and passes pyx12's map."""
    for content in run.files("835"):
        assert differences(content) == []
        assert pyx12_errors(content) == []


def patient(**amounts: object) -> Outcome:
    """An outcome that pays half of the charge less what the patient owes."""
    return Outcome("pay", allowed=D(50), **amounts)  # type: ignore[arg-type]


def test_paid_in_full_less_the_contract(tmp_path: Path) -> None:
    """The payer pays the allowed share of each line, writes CO 45 off, and gives every 6R back."""
    claim = answer(tmp_path, patient())
    assert claim.clp[1:10] == ["A", "1", "160.5", "80.25", "", "ZZ", "P01000000001", "11", "1"]
    assert [line.svc[1:4] for line in claim.lines] == [["HC:99213", "120", "60"], ["HC:85025", "40.5", "20.25"]]
    assert [where(line.others, "REF", "6R") for line in claim.lines] == [[["REF", "6R", "AL1"]], [["REF", "6R", "AL2"]]]
    assert claim.cas("CO", "45") == D("80.25")


@pytest.mark.parametrize(
    ("outcome", "deductible", "coinsurance", "copay", "sequestered", "paid"),
    [
        (patient(deductible=D(30)), "30", "0", "0", "0", "50.25"),
        (patient(deductible=D(70)), "70", "0", "0", "0", "10.25"),
        (patient(deductible=D(500)), "80.25", "0", "0", "0", "0"),
        (patient(coinsurance=D(20)), "0", "16.05", "0", "0", "64.2"),
        (patient(copay=D(25)), "0", "0", "25", "0", "55.25"),
        (patient(copay=D(70)), "0", "0", "70", "0", "10.25"),
        (patient(sequestration=D(2)), "0", "0", "0", "1.61", "78.64"),
        (patient(deductible=D(10), coinsurance=D(10), copay=D(5)), "10", "6.53", "5", "0", "58.72"),
    ],
)
def test_what_the_patient_owes(
    tmp_path: Path, outcome: Outcome, deductible: str, coinsurance: str, copay: str, sequestered: str, paid: str
) -> None:
    """PR 1, 2 and 3 and CO 253 come off in that order, over the lines, and never make a payment negative."""
    claim = answer(tmp_path, outcome)
    found = [claim.cas("PR", "1"), claim.cas("PR", "2"), claim.cas("PR", "3"), claim.cas("CO", "253")]
    assert found == [D(deductible), D(coinsurance), D(copay), D(sequestered)]
    assert D(claim.clp[4]) == D(paid)
    assert all(D(line.svc[3]) >= 0 for line in claim.lines)


def test_part_paid_denies_the_last_line(tmp_path: Path) -> None:
    """One line has the denial with its remark at the line, the others are paid."""
    claim = answer(tmp_path, Outcome("part", group="CO", reason="97", remarks=("M15",)))
    assert [bool(where(line.others, "LQ", "HE", "M15")) for line in claim.lines] == [False, True]
    assert claim.cas("CO", "97") == D("40.5")
    assert D(claim.lines[0].svc[3]) > 0 == D(claim.lines[1].svc[3])


def test_part_paid_of_a_single_line_denies_half(tmp_path: Path) -> None:
    """With one line only, half of the allowed amount is denied and half is paid."""
    claim = answer(
        tmp_path, Outcome("part", allowed=D(100), group="CO", reason="50"), Sample("A", lines=(("99213", "100.00"),))
    )
    assert (claim.cas("CO", "50"), D(claim.clp[4])) == (D(50), D(50))


@pytest.mark.parametrize(("group", "reason"), [("CO", "29"), ("CO", "197"), ("PR", "204"), ("CO", "16"), ("OA", "18")])
def test_denied_wholly(tmp_path: Path, group: str, reason: str) -> None:
    """Everything is denied, the payment is 0 and CLP02 stays 1: denied is not a claim status."""
    run = Run(tmp_path, only(Outcome("deny", group=group, reason=reason))).send(professional(Sample("A")))
    (payment,) = run.payments()
    (claim,) = payment.claims
    assert (claim.cas(group, reason), claim.clp[2], claim.clp[4]) == (D("160.5"), "1", "0")
    assert claim.clp[5] == ("160.5" if group == "PR" else "")
    assert (payment.bpr[1:5], payment.bpr[16]) == (["H", "0", "C", "NON"], "20260302")
    assert_sound(run)


def test_a_remark_at_the_claim_stands_in_moa(tmp_path: Path) -> None:
    """MOA carries the remark, no line has one; CLP02 can be forced to 4."""
    outcome = Outcome("deny", group="CO", reason="16", remarks=("MA130",), remarks_at="claim", status="4")
    claim = answer(tmp_path, outcome)
    assert where(claim.others, "MOA") == [["MOA", "", "", "MA130"]]
    assert claim.clp[2] == "4"
    assert not any(where(line.others, "LQ") for line in claim.lines)


def test_all_to_the_deductible(tmp_path: Path) -> None:
    """Zero paid and nothing denied: PR 1 takes the allowed amount."""
    claim = answer(tmp_path, Outcome("zero", allowed=D(60)))
    assert (claim.cas("PR", "1"), claim.clp[4], claim.clp[5]) == (D("96.3"), "0", "96.3")


@pytest.mark.parametrize(("filing", "state"), [("CI", "zero_paid"), ("MB", "denied")])
def test_capitated(tmp_path: Path, filing: str, state: str) -> None:
    """CO 24 is no denial, unless Medicare or Medicaid says it."""
    run = Run(tmp_path, only(Outcome("capitated"))).send(professional(Sample("A", filing=filing)))
    assert run.payments()[0].claims[0].cas("CO", "24") == D("160.5")
    assert [claim.state for claim in run.simulator.totals().claims] == [state]
    assert_sound(run)


def test_passed_on_to_the_next_payer(tmp_path: Path) -> None:
    """Paid and forwarded is CLP02 19 with NM1*TT; not ours and forwarded is 23, pays nothing and posts nothing."""
    claim = answer(tmp_path / "a", Outcome("pay", crossover="NEXT PLAN:NXT88"))
    assert claim.clp[2] == "19"
    assert where(claim.others, "NM1", "TT") == [["NM1", "TT", "2", "NEXT PLAN", "", "", "", "", "PI", "NXT88"]]
    run = Run(tmp_path / "b", only(Outcome("forward", crossover="OTHER:OTH1"))).send(professional(Sample("A")))
    (claim,) = run.payments()[0].claims
    assert (claim.clp[2], claim.clp[4], where(claim.others, "NM1", "PR")[0][9]) == ("23", "0", "OTH1")
    assert_sound(run)
    assert run.simulator.totals().claims[0].open == D("160.5")


SECONDARY = Sample(
    "S",
    lines=(("99213", "500.00"),),
    order="S",
    filing="MC",
    other_payer=(
        "SBR*P*18*******MB", "CAS*CO*45*125", "CAS*PR*1*75", "AMT*D*300", "OI***Y***Y", "NM1*IL*1*HOLLOWAY*MARTIN",
        "NM1*PR*2*MEDICARE*****PI*MEDB",
    ),
)  # fmt: skip


def test_a_secondary_payer_says_oa_23(tmp_path: Path) -> None:
    """What earlier payers paid and wrote off is OA 23; the rest is allowed unless the outcome says less."""
    claim = answer(tmp_path / "a", Outcome(), SECONDARY)
    assert (claim.clp[2], claim.clp[4], claim.cas("OA", "23"), claim.cas("CO", "45")) == ("2", "75", D(425), D(0))
    claim = answer(tmp_path / "b", Outcome(allowed=D(80)), SECONDARY)
    assert (claim.clp[4], claim.cas("OA", "23"), claim.cas("CO", "45")) == ("60", D(425), D(15))


def test_adjusted_at_the_claim(tmp_path: Path) -> None:
    """A payment by case has no lines and its adjustments at the claim, and still balances."""
    claim = answer(tmp_path, Outcome(allowed=D(50), coinsurance=D(20), adjustments_at="claim"))
    assert claim.lines == []
    assert (claim.cas("CO", "45"), claim.cas("PR", "2"), claim.clp[4]) == (D("80.25"), D("16.05"), "64.2")


def test_split_in_two(tmp_path: Path) -> None:
    """Two CLPs with one CLM01, two payer numbers and MA15 share the lines; together they are the claim."""
    run = Run(tmp_path, only(Outcome(split=True))).send(professional(Sample("A")))
    claims = run.payments()[0].claims
    assert [(claim.clp[1], claim.clp[3], claim.clp[7][-1]) for claim in claims] == [
        ("A", "120", "A"),
        ("A", "40.5", "B"),
    ]
    assert all(where(claim.others, "MOA", "", "", "MA15") for claim in claims)
    assert differences(run.files("835")[0]) == []
    (total,) = run.simulator.totals().claims
    assert (total.state, total.paid, total.open) == ("paid", D(claims[0].clp[4]) + D(claims[1].clp[4]), D(0))


def test_numbers_that_come_back_changed(tmp_path: Path) -> None:
    """CLP01 lost or cut to 17, CLP07 in another form or absent, lines without 6R."""
    long = Sample("PATIENTCONTROL000042")
    assert answer(tmp_path / "a", Outcome(control_number="lost"), long).clp[1] == "0"
    assert answer(tmp_path / "b", Outcome(control_number="truncated"), long).clp[1] == "PATIENTCONTROL000"
    assert answer(tmp_path / "c", Outcome(payer_number="suffixed")).clp[7] == "P01000000001-01"
    claim = answer(tmp_path / "d", Outcome(line_numbers=False))
    assert not any(where(line.others, "REF", "6R") for line in claim.lines)


def test_institutional_lines_keep_their_revenue_codes(tmp_path: Path) -> None:
    """SVC04 has the revenue code beside a procedure; a line without a procedure is NU and its revenue code."""
    run = Run(tmp_path).send(interchange(institutional_set(), guide=INSTITUTIONAL))
    (claim,) = run.payments()[0].claims
    assert [(line.svc[1], line.svc[4:6]) for line in claim.lines] == [("HC:99284", ["0450"]), ("NU:0270", ["", "5"])]
    assert (claim.clp[6], claim.clp[8], claim.clp[9]) == ("MA", "13", "1")
    assert_sound(run)


def test_a_predetermination_is_priced_not_paid(tmp_path: Path) -> None:
    """A dental claim with CLM19 PB is answered with CLP02 25 and no money."""
    run = Run(tmp_path).send(interchange(dental_set(predetermination=True), guide=DENTAL))
    (payment,) = run.payments()
    assert (payment.claims[0].clp[2], payment.claims[0].clp[4], payment.bpr[2]) == ("25", "0", "0")
    assert_sound(run)
    assert [claim.state for claim in run.simulator.totals().claims] == ["predetermined"]


def test_one_835_for_each_payer_and_payee(tmp_path: Path) -> None:
    """Payer and billing provider make the payment: two of each are four 835s, in one file on request."""
    run = Run(tmp_path / "a").send(professional(*many(8)))
    assert [len(payment.claims) for payment in run.payments()] == [2, 2, 2, 2]
    assert len({payment.trace for payment in run.payments()}) == 4
    for content in run.files("835"):
        text = content.decode()
        assert ("REF*2U*SHP01~" in text) != ("REF*2U*RVM02~" in text)
        assert "PER*BL*" in text
        assert "N1*PE*" in text
    together = Run(tmp_path / "b", Scenario(options=Options(one_remittance_file=True, payment="CHK")))
    together.send(professional(*many(8)))
    assert len(together.files("835")) == 1
    assert [payment.bpr[4] for payment in together.payments()] == ["CHK"] * 4
    assert_sound(together)


# Money over several 835s


def story(tmp_path: Path, later: Later, rounds: int = 3, **outcome: object) -> tuple[Run, list[Payment]]:
    """Claim A is paid half, then meets with `later`; B of the same payer and payee is paid in full two rounds later."""
    rules = (
        first(Outcome("pay", allowed=D(50), later=(later,), **outcome)),  # type: ignore[arg-type]
        first(Outcome("pay", allowed=D(100), delay=2), index=2),
    )
    run = Run(tmp_path, Scenario(rules=rules)).send(professional(Sample("A"), Sample("B"))).rounds(rounds)
    assert_sound(run)
    return run, run.payments()


def clps(payment: Payment) -> list[list[str]]:
    return [claim.clp[1:5] for claim in payment.claims]


def test_reversed_and_corrected_in_one_835(tmp_path: Path) -> None:
    """First the 22 with everything negated and its groups kept, then the new result; a debt is carried forward."""
    outcome = Outcome("deny", group="CO", reason="197")
    run, (paid, corrected, later) = story(tmp_path, Later(do="correct", outcome=outcome))
    assert clps(paid) == [["A", "1", "160.5", "80.25"]]
    assert clps(corrected) == [["A", "22", "-160.5", "-80.25"], ["A", "1", "160.5", "0"]]
    assert corrected.claims[0].cas("CO", "45") == D("-80.25")
    assert corrected.claims[0].clp[5] == ""
    assert (corrected.bpr[1:3], corrected.plb) == (["H", "0"], [(f"FB:{corrected.trace}", D("-80.25"))])
    assert later.plb == [(f"FB:{corrected.trace}", D("80.25"))]
    assert D(later.bpr[2]) == D("160.5") - D("80.25")
    (claim, _) = run.simulator.totals().claims
    assert (claim.state, claim.paid, claim.denied, claim.open) == ("denied", D(0), D("160.5"), D(0))


def test_a_debt_is_chained_until_money_comes(tmp_path: Path) -> None:
    """A second debt takes up the first: FB of the former trace, and a new FB for both."""
    rules = (
        first(Outcome("pay", allowed=D(50), later=(Later(after=1),))),
        first(Outcome("pay", allowed=D(50), later=(Later(after=2),)), index=2),
        first(Outcome("pay", allowed=D(100), delay=3), index=3),
    )
    run = Run(tmp_path, Scenario(rules=rules)).send(professional(Sample("A"), Sample("B"), Sample("C"))).rounds(4)
    assert_sound(run)
    _, one, two, three = run.payments()
    assert one.plb == [(f"FB:{one.trace}", D("-80.25"))]
    assert two.plb == [(f"FB:{one.trace}", D("80.25")), (f"FB:{two.trace}", D("-160.5"))]
    assert (three.plb, three.bpr[2]) == ([(f"FB:{two.trace}", D("160.5"))], "0")
    totals = run.simulator.totals()
    assert (totals.provider_adjustments, totals.payment) == (D(0), totals.sum("paid"))


def test_reversal_and_correction_apart(tmp_path: Path) -> None:
    """The correction may come a round after the reversal, or a round before it, under a new payer number."""
    later = Later(do="correct", apart=1, payer_number="new", outcome=Outcome("pay", allowed=D(25)))
    run, found = story(tmp_path / "a", later)
    assert [clp[1] for payment in found for clp in clps(payment) if clp[0] == "A"] == ["1", "22", "1"]
    assert run.simulator.totals().claims[0].paid == D("40.13")
    run, found = story(
        tmp_path / "b", Later(do="correct", apart=-1, payer_number="new", outcome=Outcome("pay", allowed=D(25)))
    )
    assert [clp[1] for payment in found for clp in clps(payment) if clp[0] == "A"] == ["1", "1", "22"]
    (claim, _) = run.simulator.totals().claims
    assert (claim.paid, claim.contractual, claim.open) == (D("40.13"), D("120.37"), D(0))


def test_a_correction_may_name_the_former_number(tmp_path: Path) -> None:
    """With a new CLP07, REF*F8 gives the one that it replaces."""
    _, found = story(tmp_path, Later(do="correct", payer_number="new with F8", outcome=Outcome("pay", allowed=D(60))))
    reversed_, new = found[1].claims
    assert new.clp[7] != reversed_.clp[7]
    assert where(new.others, "REF", "F8") == [["REF", "F8", reversed_.clp[7]]]


def test_reversed_without_correction(tmp_path: Path) -> None:
    """The claim is open again, and what was paid nets to nothing."""
    run, _ = story(tmp_path, Later(do="reverse"))
    (claim, _) = run.simulator.totals().claims
    assert (claim.state, claim.paid, claim.open) == ("reversed", D(0), D("160.5"))


def test_the_money_may_be_left_for_now(tmp_path: Path) -> None:
    """WO is negative with the reversal and positive once there is a payment large enough; both name the claim."""
    _, (paid, taken_back, later) = story(tmp_path, Later(do="reverse", recover="later"))
    number = paid.claims[0].clp[7]
    assert taken_back.plb == [(f"WO:{number}", D("-80.25"))]
    assert taken_back.bpr[2] == "0"
    assert later.plb == [(f"WO:{number}", D("80.25"))]


def test_paid_twice(tmp_path: Path) -> None:
    """A second payment without a reversal makes the claim a credit."""
    run, _ = story(tmp_path, Later(do="pay_again", after=1))
    (claim, _) = run.simulator.totals().claims
    assert (claim.paid, claim.contractual, claim.open) == (D("160.5"), D("80.25"), D("-80.25"))


def test_interest_is_paid_beside_the_claim(tmp_path: Path) -> None:
    """AMT*I at the claim and a negative L6 in the PLB raise the payment, not CLP04."""
    run = Run(tmp_path, only(Outcome(allowed=D(60), interest=D("1.25")))).send(professional(Sample("A")))
    (payment,) = run.payments()
    assert where(payment.claims[0].others, "AMT", "I") == [["AMT", "I", "1.25"]]
    assert (payment.plb, payment.bpr[2]) == ([("L6", D("-1.25"))], "97.55")
    assert_sound(run)


def test_withheld(tmp_path: Path) -> None:
    """A withholding lowers the payment; what exceeds it is carried forward, never paid negatively."""
    scenario = Scenario(
        rules=(Rule("half", remittance=Outcome(allowed=D(50))),),
        withholdings=(Withholding(1, "WO", D(30), "OLD"), Withholding(2, "WO", D(100), "OLDER")),
    )
    run = Run(tmp_path, scenario)
    run.send(professional(Sample("A"), number=1)).rounds().send(professional(Sample("B"), number=2))
    one, two = run.payments()
    assert (one.plb, one.bpr[2]) == ([("WO:OLD", D(30))], "50.25")
    assert (two.plb, two.bpr[2]) == ([("WO:OLDER", D(100)), (f"FB:{two.trace}", D("-19.75"))], "0")
    assert_sound(run)


# Replacement and void


def original_and(tmp_path: Path, second: str, outcome: Outcome | None = None) -> Run:
    """An original claim, answered, and then its replacement or void with the payer's number as F8."""
    run = Run(tmp_path, Scenario(rules=(first(outcome or Outcome(allowed=D(50))),)))
    run.send(professional(Sample("A"), number=1))
    number = run.payments()[0].claims[0].clp[7]
    lines = (("99214", "200.00"),)
    run.send(professional(Sample("A", frequency=second, original=number, lines=lines), number=2))
    assert_sound(run)
    return run


def test_a_replacement_reverses_what_was_paid(tmp_path: Path) -> None:
    """Frequency 7 takes the old payment back and pays the new content under a new payer number."""
    run = original_and(tmp_path, "7")
    old, new = run.payments()[1].claims
    assert (old.clp[1:4], new.clp[1:4]) == (["A", "22", "-160.5"], ["A", "1", "200"])
    assert old.clp[7] != new.clp[7]
    (claim,) = run.simulator.totals().claims
    assert (claim.charge, claim.state, claim.submissions, claim.open) == (D(200), "paid", 2, D(0))


def test_the_successor_of_a_denial_reverses_nothing(tmp_path: Path) -> None:
    """A denied claim's replacement is answered alone; the newer result stands."""
    run = original_and(tmp_path, "7", Outcome("deny", group="CO", reason="16"))
    assert clps(run.payments()[1])[0][:3] == ["A", "1", "200"]
    (claim,) = run.simulator.totals().claims
    assert (claim.state, claim.denied, claim.charge) == ("paid", D(0), D(200))


def test_a_void_takes_the_payment_back(tmp_path: Path) -> None:
    """Frequency 8 gives a reversal without correction, and the claim has no money any more."""
    run = original_and(tmp_path, "8")
    assert clps(run.payments()[1]) == [["A", "22", "-160.5", "-80.25"]]
    (claim,) = run.simulator.totals().claims
    assert (claim.state, claim.charge, claim.paid, claim.open) == ("voided", D(0), D(0), D(0))


def test_a_void_of_nothing_paid_is_done_when_taken(tmp_path: Path) -> None:
    """Where nothing was paid, the payer's acceptance of the void ends the claim; there is no reversal."""
    run = original_and(tmp_path, "8", Outcome("deny", group="CO", reason="16"))
    assert len(run.payments()) == 1
    (claim,) = run.simulator.totals().claims
    assert (claim.state, claim.charge, claim.denied, claim.open) == ("voided", D(0), D(0), D(0))


def test_an_unknown_original_is_rejected(tmp_path: Path) -> None:
    """A replacement whose F8 the payer does not know is A7:464."""
    run = Run(tmp_path).send(professional(Sample("A", frequency="7", original="NOSUCH")))
    (found,) = run.statuses("PR")
    assert [segment[1] for segment in where(found, "STC") if segment[3] == "U"] == ["A7:464"]


# What is late, twice, out of order, not ours, or wrong


def test_late_and_before_the_999(tmp_path: Path) -> None:
    """Each stage has its own delay, so a remittance may come before the 999, or rounds after everything."""
    scenario = Scenario.from_toml(
        """
        delays = { ack = 2, clearinghouse = 1 }
        [[rules]]
        name = "late"
        when = { index = [2] }
        remittance = { verdict = "pay", delay = 4 }
        """
    )
    run = Run(tmp_path, scenario).send(professional(Sample("A"), Sample("B")))
    seen = [(len(run.files("999")), len(run.statuses("AY")), len(run.files("835")))]
    for _ in range(5):
        run.rounds()
        seen.append((len(run.files("999")), len(run.statuses("AY")), len(run.files("835"))))
    assert seen == [(0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 2), (1, 1, 2)]
    assert run.simulator.pending() == 0


@pytest.mark.parametrize("kind", ["999", "277CA", "835"])
def test_the_same_file_comes_again(tmp_path: Path, kind: str) -> None:
    """The same bytes under another name, a round later; totals count it once."""
    scenario = Scenario(repeats=(Repeat(kind, 1, "bytes", 1),))  # type: ignore[arg-type]
    run = Run(tmp_path, scenario).send(professional(Sample("A")))
    before, paid = run.files(kind[:3]), run.simulator.totals().payment
    run.rounds()
    after = run.files(kind[:3])
    assert len(after) == len(before) + 1
    assert after[-1] == before[0]
    assert run.simulator.totals().payment == paid


@pytest.mark.parametrize("kind", ["TA1", "999", "277CA", "835"])
def test_the_same_sets_come_in_a_new_envelope(tmp_path: Path, kind: str) -> None:
    """ISA13 and GS06 differ, everything between ST and SE is the same."""
    scenario = Scenario(options=Options(ta1_when="always"), repeats=(Repeat(kind, 1, "rewrapped", 0),))  # type: ignore[arg-type]
    run = Run(tmp_path, scenario).send(professional(Sample("A")))
    found = run.files(kind[:3])
    first_, again = found[0].split(b"~"), found[-1].split(b"~")
    assert first_[0] != again[0]
    assert first_[0][:80] == again[0][:80]
    envelope = (b"ISA", b"GS*", b"GE*", b"IEA")
    inner = [[text for text in item if not text.startswith(envelope)] for item in (first_, again)]
    assert inner[0] == inner[1]
    assert pyx12_errors(found[-1]) == []


def test_what_is_not_ours(tmp_path: Path) -> None:
    """A foreign claim among ours, an 835 of its own, another system's 999 and a text report, each once."""
    strays = (
        Stray("claim", 0, "FOREIGN1"),
        Stray("remittance", 1, "FOREIGN2", Decimal(90), Decimal(90)),
        Stray("999", 0),
        Stray("report", 0),
    )
    run = Run(tmp_path, Scenario(strays=strays)).send(professional(Sample("A"))).rounds(3)
    assert [[claim.clp[1] for claim in payment.claims] for payment in run.payments()] == [
        ["A", "FOREIGN1"],
        ["FOREIGN2"],
    ]
    assert_sound(run)
    groups = [
        segment[2]
        for content in run.files("999")
        for segment in where([s.split("*") for s in content.decode().split("~")], "AK1")
    ]
    assert groups == ["101", "987654321"]
    assert len(run.files("text")) == 1
    totals = run.simulator.totals()
    assert (totals.foreign, totals.payment) == (D(190), totals.sum("paid") + D(190))


def test_an_unreadable_file_is_reported_in_words(tmp_path: Path) -> None:
    """What is no interchange gets a text for people, and is kept as received."""
    run = Run(tmp_path).send(b"not an interchange")
    assert [content[:13] for content in run.files("text")] == [b"FILE NOT READ"]
    assert [(file.content, file.claims) for file in run.simulator.received()] == [(b"not an interchange", ())]


@pytest.mark.parametrize("level", ["line", "claim", "payment"])
def test_unbalanced_on_request(tmp_path: Path, level: str) -> None:
    """Exactly the balance asked for is broken, by one dollar; a broken claim or payment is in no total."""
    run = Run(tmp_path, only(Outcome(unbalanced=level))).send(professional(Sample("A")))  # type: ignore[arg-type]
    assert differences(run.files("835")[0]) == [level]
    totals = run.simulator.totals()
    assert (len(totals.unbalanced), totals.remittances) == ((0, 1) if level == "line" else (1, 0))
    assert totals.claims[0].state == ("paid" if level == "line" else "accepted_payer")


@pytest.mark.parametrize("how", ["zip", "gzip"])
def test_remittances_may_come_packed(tmp_path: Path, how: str) -> None:
    """The 835 file is packed, everything else is not; its repetition is the same packed bytes."""
    scenario = Scenario(options=Options(pack=how), repeats=(Repeat("835"),))  # type: ignore[arg-type]
    run = Run(tmp_path, scenario).send(professional(Sample("A")))
    packed = sorted(run.simulator.outbound.glob("*.zip" if how == "zip" else "*.gz"))
    assert len(packed) == 2
    assert len(run.names()) == 5
    if how == "gzip":
        contents = [gzip.decompress(path.read_bytes()) for path in packed]
    else:
        contents = []
        for path in packed:
            with zipfile.ZipFile(path) as archive:
                (name,) = archive.namelist()
                contents.append(archive.read(name))
    assert contents[0] == contents[1]
    assert differences(contents[0]) == []
    assert b"CLP*A*1*" in contents[0]


def test_silence(tmp_path: Path) -> None:
    """A claim that is never remitted stays accepted, and nothing is pending."""
    run = Run(tmp_path, only(Outcome("silent"))).send(professional(Sample("A"))).rounds(3)
    assert run.files("835") == []
    assert run.simulator.totals().claims[0].state == "accepted_payer"
    assert run.simulator.pending() == 0


amounts = st.decimals(0, 99999, places=2)
outcomes = st.builds(
    Outcome,
    verdict=st.sampled_from(["pay", "part", "deny", "zero", "capitated"]),
    allowed=st.none() | st.decimals(0, 100, places=1),
    deductible=amounts,
    coinsurance=st.decimals(0, 100, places=1),
    copay=amounts,
    sequestration=st.sampled_from([D(0), D(2)]),
    interest=st.sampled_from([D(0), D("0.01"), D("12.5")]),
    adjustments_at=st.sampled_from(["line", "claim"]),
    split=st.booleans(),
    later=st.sampled_from([(), (Later(),), (Later(do="correct"),), (Later(do="reverse", recover="later"),)]),
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    outcome=outcomes,
    charges=st.lists(st.decimals("0.01", 99999, places=2), min_size=1, max_size=9),
    prior=st.booleans(),
)
def test_whatever_is_asked_balances(
    tmp_path_factory: pytest.TempPathFactory, outcome: Outcome, charges: list[Decimal], prior: bool
) -> None:
    """Any outcome for any claim, reversed and corrected too, keeps line, claim and payment balanced."""
    lines = tuple(("99213", f"{charge:.2f}") for charge in charges)
    other = ("SBR*P*18*******MB", "AMT*D*0.37", "OI***Y***Y", "NM1*PR*2*MEDICARE*****PI*MEDB") if prior else ()
    sample = Sample("A", lines=lines, other_payer=other, order="S" if prior else "P")
    run = Run(tmp_path_factory.mktemp("run"), only(outcome)).send(professional(sample)).rounds(2)
    assert run.payments()
    for content in run.files("835"):
        assert differences(content) == []
    totals = run.simulator.totals()
    assert totals.payment == totals.sum("paid") - totals.provider_adjustments
