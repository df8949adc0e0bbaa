"""TA1, 999 and the two 277CAs: what is said of files, sets and claims."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from simulator_judge import pyx12_errors
from simulator_run import Run, where
from simulator_samples import (
    DENTAL,
    INSTITUTIONAL,
    SURGERY,
    Sample,
    dental_set,
    institutional_set,
    interchange,
    many,
    professional,
    professional_set,
)

from gateway.simulator import (
    Delays,
    InterchangeVerdict,
    Match,
    Options,
    Rule,
    Scenario,
    SetVerdict,
    StatusVerdict,
)


def scenario(*rules: Rule, **options: object) -> Scenario:
    """A scenario of these rules and options."""
    return Scenario(rules=rules, options=Options(**options))  # type: ignore[arg-type]


def three_sets() -> bytes:
    """One group of three sets with two claims each."""
    return interchange(*(professional_set(many(2, p), f"000{n}", f"B{n}") for n, p in enumerate("ABC", 1)))


# TA1


def test_a_good_file_gets_a_ta1_only_on_request(tmp_path: Path) -> None:
    """By default a TA1 comes for rejections alone; with `always` it says A 000 and names the interchange."""
    assert Run(tmp_path / "a").send(professional(Sample("A"))).files("TA1") == []
    run = Run(tmp_path / "b", scenario(ta1_when="always")).send(professional(Sample("A"), number=77))
    assert run.one("TA1")[1] == ["TA1", "000000077", "260302", "1200", "A", "000"]
    assert pyx12_errors(run.files("TA1")[0]) == []


def damaged(kind: str) -> bytes:
    """An interchange with one fault in its envelope."""
    content = professional(Sample("A"))
    return {
        "001": content.replace(b"IEA*1*000000001", b"IEA*1*000000002"),
        "017": content.replace(b"*00501*", b"*00401*"),
        "018": content.replace(b"*000000001*", b"*00000000A*").replace(b"IEA*1*000000001", b"IEA*1*00000000A"),
        "021": content.replace(b"IEA*1*", b"IEA*2*"),
        "023": content[: content.index(b"IEA")],
        "020": content.replace(b"*0*T*:", b"*0*P*:"),
    }[kind]


@pytest.mark.parametrize("note", ["001", "017", "018", "020", "021", "023"])
def test_a_damaged_envelope_is_refused_with_its_note(tmp_path: Path, note: str) -> None:
    """Each fault of the interchange has its own TA105, and nothing else is answered."""
    run = Run(tmp_path, scenario(usage="T")).send(damaged(note))
    assert [segment[4:] for segment in where(run.one("TA1"), "TA1")] == [["R", note]]
    assert len(run.files()) == 1
    assert [claim.state for claim in run.simulator.totals().claims] == ["rejected_ta1"]


def test_the_same_interchange_number_again_is_a_duplicate(tmp_path: Path) -> None:
    """A second interchange of one sender with a number seen before gets TA1 025 and no other answer."""
    content = professional(Sample("A"))
    run = Run(tmp_path).send(content)
    before = len(run.files())
    run.send(content)
    assert [segment[4:] for segment in where(run.one("TA1"), "TA1")] == [["R", "025"]]
    assert len(run.files()) == before + 1
    assert [file.claims for file in run.simulator.received()] == [("A",), ("A",)]
    assert [claim.submissions for claim in run.simulator.totals().claims] == [1]


def test_a_rule_refuses_an_interchange(tmp_path: Path) -> None:
    """A TA1 verdict on any claim holds for the whole interchange."""
    rule = Rule("r", Match(claim="A00002"), ta1=InterchangeVerdict("R", "022"))
    run = Run(tmp_path, scenario(rule)).send(professional(*many(3, "A")))
    assert where(run.one("TA1"), "TA1")[0][4:] == ["R", "022"]
    assert run.files("999") == []
    assert run.simulator.totals().count("rejected_ta1") == 3


# 999


def test_a_clean_group_is_accepted(tmp_path: Path) -> None:
    """The 999 names the group by GS06 and each set by ST02, with counts, and pyx12 takes it."""
    run = Run(tmp_path).send(three_sets())
    found = run.one("999")
    assert where(found, "AK1") == [["AK1", "HC", "101", "005010X222A1"]]
    assert [segment[2] for segment in where(found, "AK2")] == ["0001", "0002", "0003"]
    assert where(found, "IK5") == [["IK5", "A"]] * 3
    assert where(found, "AK9") == [["AK9", "A", "3", "3", "3"]]
    assert pyx12_errors(run.files("999")[0]) == []


def test_one_set_rejected_is_a_partial_acceptance(tmp_path: Path) -> None:
    """The rejected set names segment, element, value and claim; its claims go no further, the others do."""
    rule = Rule("r", Match(set=(2,), position=(2,)), ack=SetVerdict("reject"))
    run = Run(tmp_path, scenario(rule)).send(three_sets())
    found = run.one("999")
    assert where(found, "IK5") == [["IK5", "A"], ["IK5", "R", "5"], ["IK5", "A"]]
    assert where(found, "AK9") == [["AK9", "P", "3", "3", "2"]]
    assert where(found, "CTX") == [["CTX", "CLM01:B00002"]]
    assert where(found, "IK4") == [["IK4", "1:2", "1271", "7", "J069"]]
    (ik3,) = where(found, "IK3")
    second_set = professional_set(many(2, "B"), "0002", "B2")
    assert second_set[int(ik3[2]) - 1].startswith("HI*")
    assert pyx12_errors(run.files("999")[0]) == []
    totals = run.simulator.totals()
    assert {claim.patient_control_number[0] for claim in totals.claims if claim.state == "rejected_999"} == {"B"}
    assert totals.count("paid") == 4


def test_all_sets_rejected_reject_the_group(tmp_path: Path) -> None:
    """AK901 is R when every set is rejected; nothing else is answered."""
    run = Run(tmp_path, scenario(Rule("r", ack=SetVerdict("reject")))).send(professional(*many(2)))
    assert where(run.one("999"), "AK9") == [["AK9", "R", "1", "1", "0"]]
    assert len(run.files()) == 1


def test_errors_noted_do_not_stop_a_set(tmp_path: Path) -> None:
    """IK5 and AK9 say E, the errors are listed with what triggered them, and the claims are paid."""
    verdict = SetVerdict("errors", segment="CLM", segment_error="8", element=5, component=1, trigger=True)
    run = Run(tmp_path, scenario(Rule("r", Match(position=(1,)), ack=verdict))).send(professional(*many(2)))
    found = run.one("999")
    assert where(found, "IK5") == [["IK5", "E", "5"]]
    assert where(found, "AK9") == [["AK9", "E", "1", "1", "1"]]
    assert [segment[1] for segment in where(found, "CTX")] == ["SITUATIONAL TRIGGER", "CLM01:CLAIM00001"]
    assert run.simulator.totals().count("paid") == 2


def test_a_999_can_be_left_out(tmp_path: Path) -> None:
    """With `none`, or when only rejections are answered, the claims go on without a 999."""
    for place, chosen in (("a", scenario(Rule("r", ack=SetVerdict("none")))), ("b", scenario(ack_when="rejected"))):
        run = Run(tmp_path / place, chosen).send(professional(Sample("A")))
        assert (run.files("999"), len(run.files("277"))) == ([], 2)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("SE*28*0001", "SE*99*0001", "4"), ("SE*28*0001", "SE*28*0009", "3"), ("~SE*28*0001~", "~", "2")],
)
def test_bad_trailers_reject_the_set(tmp_path: Path, old: str, new: str, code: str) -> None:
    """A wrong segment count, a wrong control number and a missing trailer each have their IK502."""
    content = professional(Sample("A")).decode()
    assert old in content
    run = Run(tmp_path).send(content.replace(old, new).encode())
    assert where(run.one("999"), "IK5") == [["IK5", "R", code]]


@pytest.mark.parametrize(
    ("old", "new", "segment"),
    [
        ("HL*2*1*22*0", "HL*3*1*22*0", ["HL", "8"]),
        ("HL*2*1*22*0", "HL*2*9*22*0", ["HL", "8"]),
        ("CLM*A*160.50", "CLM**160.50", ["CLM", "8"]),
        ("CLM*A*160.50", "CLM*A*SOME", ["CLM", "8"]),
        ("CLM*A*160.50", f"CLM*{'A' * 21}*160.50", ["CLM", "8"]),
        ("BHT*0019", "BHX*0019", ["BHT", "3"]),
    ],
)
def test_faults_of_structure_are_found(tmp_path: Path, old: str, new: str, segment: list[str]) -> None:
    """Levels out of sequence, unknown parents and claims without number or amount are rejected by the 999."""
    content = professional(Sample("A")).decode()
    assert old in content
    run = Run(tmp_path).send(content.replace(old, new).encode())
    ik3 = where(run.one("999"), "IK3")[0]
    assert [ik3[1], ik3[4]] == segment
    assert where(run.one("999"), "AK9")[0][1] == "R"


def test_a_group_of_another_guide_is_refused_whole(tmp_path: Path) -> None:
    """An unknown GS08 is AK9 R with code 2 and no word of its sets."""
    run = Run(tmp_path).send(professional(Sample("A")).replace(b"X*005010X222A1", b"X*004010X098A1"))
    assert where(run.one("999"), "AK9") == [["AK9", "R", "1", "1", "0", "2"]]
    assert where(run.one("999"), "AK2") == []


# 277CA


def totals_of(found: list[list[str]]) -> dict[str, list[str]]:
    """Counts and amounts of a 277CA by qualifier, in order of appearance."""
    result: dict[str, list[str]] = {}
    for segment in where(found, "QTY") + where(found, "AMT"):
        result.setdefault(segment[1], []).append(segment[2])
    return result


def check_totals(found: list[list[str]]) -> None:
    """Receiver totals equal the sums of provider totals, and STC04 is all money."""
    sums = totals_of(found)
    assert sum(map(int, sums.get("90", ["0"]))) == sum(map(int, sums.get("QA", ["0"])))
    assert sum(map(int, sums.get("AA", ["0"]))) == sum(map(int, sums.get("QC", ["0"])))
    for code in ("YU", "YY"):
        amounts = [Decimal(text) for text in sums.get(code, [])]
        assert not amounts or amounts[0] == sum(amounts[1:])
    charge = sum((Decimal(sums[code][0]) for code in ("YU", "YY") if code in sums), Decimal(0))
    assert Decimal(where(found, "STC")[0][4]) == charge


def test_both_hops_accept_and_the_payer_gives_its_number(tmp_path: Path) -> None:
    """The clearinghouse says A1, each payer A2 with REF*1K, all tied to BHT03; totals add up; pyx12 takes them."""
    run = Run(tmp_path).send(professional(*many(6)))
    (house,) = run.statuses("AY")
    payers = run.statuses("PR")
    assert {segment[1] for segment in where(house, "STC")} == {"A1:19"}
    assert where(house, "TRN", "2")[0][2] == "BATCH0001"
    assert len(payers) == 2
    for found in payers:
        assert {segment[1] for segment in where(found, "STC")} == {"A2:20"}
        assert len(where(found, "REF", "1K")) == 3
    for found in (house, *payers):
        check_totals(found)
    assert [pyx12_errors(content) for content in run.files("277")] == [[], [], []]


def test_the_remittance_repeats_the_payers_number(tmp_path: Path) -> None:
    """CLP07 is what the payer's 277CA gave as REF*1K."""
    run = Run(tmp_path).send(professional(*many(4)))
    given = {}
    for found in run.statuses("PR"):
        number = ""
        for segment in found:
            number = segment[2] if segment[:2] == ["TRN", "2"] else number
            if segment[:2] == ["REF", "1K"]:
                given[number] = segment[2]
    assert len(given) == 4
    assert {claim.clp[1]: claim.clp[7] for payment in run.payments() for claim in payment.claims} == given


@pytest.mark.parametrize("category", ["A3", "A6", "A7", "A8"])
def test_the_clearinghouse_rejects_a_claim(tmp_path: Path, category: str) -> None:
    """A rejected claim has U, its category, status and entity, counts in AA and YY, and goes no further."""
    verdict = StatusVerdict("reject", category=category, status="562", entity="82", text="SEE NPI", second="A7:21")
    rule = Rule("r", Match(index=(2,)), clearinghouse=verdict)
    run = Run(tmp_path, scenario(rule)).send(professional(*many(4)))
    (house,) = run.statuses("AY")
    (rejected,) = [segment for segment in where(house, "STC") if segment[3] == "U"]
    assert rejected[1:5] == [f"{category}:562:82", "20260302", "U", "160.5"]
    assert (rejected[10], rejected[12]) == ("A7:21", "SEE NPI")
    assert (totals_of(house)["90"], totals_of(house)["AA"]) == (["3"], ["1"])
    check_totals(house)
    assert pyx12_errors(run.files("277")[0]) == []
    assert run.simulator.totals().count("rejected_clearinghouse") == 1
    assert sum(len(payment.claims) for payment in run.payments()) == 3


def test_the_line_that_sank_the_claim_is_named(tmp_path: Path) -> None:
    """Loop 2220D repeats the line with its control number as REF*FJ."""
    rule = Rule("r", clearinghouse=StatusVerdict("reject", line=True))
    run = Run(tmp_path, scenario(rule)).send(professional(Sample("A")))
    (house,) = run.statuses("AY")
    assert where(house, "SVC") == [["SVC", "HC:85025", "40.5", "", "", "", "", "1"]]
    assert where(house, "REF", "FJ") == [["REF", "FJ", "AL2"]]
    assert pyx12_errors(run.files("277")[0]) == []


def test_the_payer_rejects_a_claim(tmp_path: Path) -> None:
    """The payer's rejection has no 1K, and no remittance follows."""
    rule = Rule("r", Match(index=(1,)), payer=StatusVerdict("reject", category="A7", status="33", entity="IL"))
    run = Run(tmp_path, scenario(rule)).send(professional(Sample("A"), Sample("B")))
    (payer,) = run.statuses("PR")
    assert len(where(payer, "REF", "1K")) == 1
    check_totals(payer)
    assert [(claim.patient_control_number, claim.state) for claim in run.simulator.totals().claims] == [
        ("A", "rejected_payer"),
        ("B", "paid"),
    ]


def test_a_provider_is_rejected_without_naming_patients(tmp_path: Path) -> None:
    """2200C U stands for all its claims: HL04 is 0, QTY*QC counts them, other providers go on."""
    verdict = StatusVerdict("reject", level="provider", category="A8", status="496", entity="85")
    rule = Rule("r", Match(provider=SURGERY[1], index=(2,)), clearinghouse=verdict)
    run = Run(tmp_path, scenario(rule)).send(professional(*many(8)))
    (house,) = run.statuses("AY")
    assert [segment[4] for segment in where(house, "HL") if segment[3] == "19"] == ["1", "0"]
    assert totals_of(house)["QC"] == ["4"]
    assert [segment[1:5] for segment in where(house, "STC") if segment[3] == "U"] == [["A8:496:85", "", "U", "642"]]
    check_totals(house)
    assert run.simulator.totals().count("rejected_clearinghouse") == 4
    assert run.simulator.totals().count("paid") == 4


def test_a_whole_set_is_rejected_at_the_receiver_level(tmp_path: Path) -> None:
    """2200B U stands for the set: no provider follows, every claim is rejected."""
    verdict = StatusVerdict("reject", level="receiver", category="A3", status="496", entity="41")
    run = Run(tmp_path, scenario(Rule("r", Match(index=(1,)), clearinghouse=verdict))).send(professional(*many(3)))
    (house,) = run.statuses("AY")
    assert where(house, "STC") == [["STC", "A3:496:41", "20260302", "U", "481.5"]]
    assert [segment[3] for segment in where(house, "HL")] == ["20", "21"]
    assert totals_of(house) == {"AA": ["3"], "YY": ["481.5"]}
    assert run.simulator.totals().count("rejected_clearinghouse") == 3


def test_unnamed_and_silent_differ_in_the_totals(tmp_path: Path) -> None:
    """An unnamed claim counts as accepted and goes on; a silent one is in neither names nor totals and ends there."""
    rules = (
        Rule("unnamed", Match(index=(1,)), clearinghouse=StatusVerdict("unnamed")),
        Rule("silent", Match(index=(2,)), clearinghouse=StatusVerdict("silent")),
    )
    run = Run(tmp_path, scenario(*rules)).send(professional(Sample("A"), Sample("B"), Sample("C")))
    (house,) = run.statuses("AY")
    assert [segment[2] for segment in where(house, "TRN", "2")] == ["BATCH0001", "C"]
    assert totals_of(house)["90"] == ["2"]
    check_totals(house)
    assert {claim.patient_control_number: claim.state for claim in run.simulator.totals().claims} == {
        "A": "paid",
        "B": "accepted_999",
        "C": "paid",
    }


def test_each_set_has_its_own_status_report(tmp_path: Path) -> None:
    """One 277CA set answers one 837 set; on request they share a file."""
    apart = Run(tmp_path / "a", scenario(payer_acknowledges=False)).send(three_sets())
    assert [where(found, "TRN", "2")[0][2] for found in apart.statuses("AY")] == ["B1", "B2", "B3"]
    together = Run(tmp_path / "b", scenario(payer_acknowledges=False, one_status_file=True)).send(three_sets())
    (found,) = together.statuses("AY")
    assert len(where(found, "BHT")) == 3
    assert pyx12_errors(together.files("277")[0]) == []


@pytest.mark.parametrize(
    ("content", "stc"),
    [
        (professional(Sample("A")).replace(b"CLM*A*160.50", b"CLM*A*160.51"), "A8:178"),
        (professional(Sample("A")).replace(b"1234567893", b"1234567894"), "A7:562:85"),
        (professional(Sample("A", frequency="7")), "A6:464"),
        (professional(Sample("A", original="X1")), "A8:464"),
        (professional(Sample("A", day="20270101")), "A7:187"),
        (professional(Sample("A", day="")), "A6:187"),
    ],
)
def test_the_clearinghouse_checks_on_its_own(tmp_path: Path, content: bytes, stc: str) -> None:
    """Totals, NPI, frequency against F8 and dates are checked, unless the scenario says not to."""
    run = Run(tmp_path / "a").send(content)
    (house,) = run.statuses("AY")
    assert [segment[1] for segment in where(house, "STC") if segment[3] == "U"] == [stc]
    lax = Run(tmp_path / "b", scenario(edits=False)).send(content)
    assert [segment for found in lax.statuses("AY") for segment in where(found, "STC") if segment[3] == "U"] == []


def test_a_claim_in_process_is_refused_a_second_time(tmp_path: Path) -> None:
    """The same claim in a new interchange is A3:78 while in process and A3:54 once paid; after a denial it is taken."""
    run = Run(tmp_path, Scenario.from_toml("delays = { remittance = 1 }"))
    run.send(professional(Sample("A"), number=1)).send(professional(Sample("A"), number=2)).rounds()
    run.send(professional(Sample("A"), number=3)).rounds()
    rejections = [segment[1] for found in run.statuses("PR") for segment in where(found, "STC") if segment[3] == "U"]
    assert rejections == ["A3:78", "A3:54"]
    assert [len(payment.claims) for payment in run.payments()] == [1]
    (claim,) = run.simulator.totals().claims
    assert (claim.state, claim.submissions) == ("paid", 3)


def test_a_rejection_may_be_contradicted_later(tmp_path: Path) -> None:
    """With `regardless` the claim goes on: the payer accepts what the clearinghouse rejected, and pays."""
    rule = Rule("r", clearinghouse=StatusVerdict("reject", regardless=True))
    chosen = Scenario(rules=(rule,), delays=Delays(remittance=1))
    run = Run(tmp_path, chosen).send(professional(Sample("A")))
    assert [segment[3] for found in run.statuses("AY") for segment in where(found, "STC", "A7:21")] == ["U"]
    assert run.simulator.totals().claims[0].state == "accepted_payer"
    assert run.rounds().simulator.totals().claims[0].state == "paid"


def test_a_resent_claim_is_taken_after_a_rejection(tmp_path: Path) -> None:
    """A rejected claim never existed for the payer: sent again it is accepted, and rules can tell the submissions."""
    rule = Rule("r", Match(submission=(1,)), clearinghouse=StatusVerdict("reject"))
    run = Run(tmp_path, scenario(rule))
    run.send(professional(Sample("A"), number=1)).send(professional(Sample("A"), number=2))
    (claim,) = run.simulator.totals().claims
    assert (claim.state, claim.submissions) == ("paid", 2)


def test_institutional_and_dental_are_answered_too(tmp_path: Path) -> None:
    """All three kinds get 999 and 277CAs that pyx12 takes; the institutional bill type comes back as REF*BLT."""
    run = Run(tmp_path).send(
        interchange(institutional_set(), guide=INSTITUTIONAL, number=1),
        interchange(dental_set(), guide=DENTAL, number=2),
    )
    assert [where(found, "REF", "BLT") for found in run.statuses("PR")] == [[["REF", "BLT", "131"]], []]
    assert [pyx12_errors(content) for content in run.files("999") + run.files("277")] == [[]] * 6
    assert run.simulator.totals().count("paid") == 2


def test_answers_use_the_files_own_delimiters(tmp_path: Path) -> None:
    """Sender and receiver change places, ISA15 stays, and the delimiters are those received unless set otherwise."""
    run = Run(tmp_path / "a").send(professional(Sample("A"), delimiters="|>!'", usage="P"))
    assert all(content[3:4] == b"|" and content[105:106] == b"'" for content in run.files())
    isa = run.files()[0][:106].split(b"|")
    assert (isa[6].strip(), isa[8].strip(), isa[15]) == (b"PLAINSCH", b"SUBMITTER01", b"P")
    fixed = Run(tmp_path / "b", scenario(delimiters="*:^~", line_breaks=True))
    fixed.send(professional(Sample("A"), delimiters="|>!'"))
    assert all(content[3:4] == b"*" and content[105:107] == b"~\n" for content in fixed.files())
