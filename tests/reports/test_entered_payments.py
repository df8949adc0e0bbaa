"""A payment on paper, entered by hand: it goes the way of an 835, and is never posted beside it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from posting_desk import Desk, claim_835, header_835

from gateway.errors import Refused, UsageError
from gateway.exchange.entering import _post, _read, enter
from gateway.exchange.process import import_files
from gateway.exchange.remittances import documents, post_as_is, undo, whole
from gateway.exchange.reporting import reconciliation
from gateway.inbound.entered import EnteredRemittance, parse_entered
from gateway.inbound.entered_schema import SCHEMA, shape_faults
from gateway.reports.story import shown
from gateway.store.claims import find_claims
from gateway.store.reporting import Filters
from gateway.store.tables import remittances

LINE: dict[str, Any] = {
    "procedure": "99213",
    "charge": "240.00",
    "paid": "180.00",
    "service_date": "2026-01-15",
    "adjustments": [{"group": "CO", "reason": "45", "amount": "40.00"}, {"group": "PR", "reason": "1", "amount": "20"}],
}


def paper(number: str = "PAPER1", **changes: Any) -> dict[str, Any]:
    claim = {"patient_control_number": number, "charge": "240.00", "paid": "180.00", "payer_claim_number": "P1"}
    made = {
        "payer": {"name": "EXAMPLE HEALTH PLAN", "id": "12345"},
        "trace_number": "100200",
        "payment": "180.00",
        "payment_date": "2026-02-10",
        "claims": [{**claim, "lines": [LINE]}],
    }
    return made | changes


def write(desk: Desk, document: Any, name: str = "eob.json") -> Path:
    path = desk.folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.fixture
def sent(desk: Desk) -> Desk:
    desk.sent(desk.claims("PAPER1", "PAPER2"))
    return desk


def test_it_moves_what_an_835_would_move(sent: Desk) -> None:
    """State and every amount are those that the same payment gives as an 835; source and person are kept."""
    made = enter(sent, write(sent, paper()))
    assert (made["status"], made["source"], made["entered_by"]) == ("posted", "paper", sent.actor)
    assert [one["matched"] for one in made["claims"]] == ["PAPER1"]
    row = sent.current("PAPER1")
    assert (row["state"], row["paid"], row["contractual"], row["patient_responsibility"]) == ("paid", 18000, 4000, 2000)
    cas = "CAS*CO*45*40\nCAS*PR*1*20\n"
    as_835 = claim_835("PAPER2", "180", payer_number="P2").replace("CAS*CO*45*60.00", cas)
    sent.receive(sent.envelope("835", header_835("180", "EFT9") + as_835))
    other = sent.current("PAPER2")
    own = ("claim_id", "version_id", "refreshed_at")
    assert {k: v for k, v in other.items() if k not in own} == {k: v for k, v in row.items() if k not in own}
    sent.agree()


def test_it_stands_in_lists_history_and_report(sent: Desk) -> None:
    """`remittances list`, `claims why` and the reconciliation have it, and all laws hold."""
    enter(sent, write(sent, paper()))
    (listed,) = documents(sent, status=None, since="", until="")
    assert (listed["source"], listed["matched"], listed["unmatched"]) == ("paper", "180.00", "0.00")
    with sent.store.read() as conn:
        events = shown(conn, find_claims(conn, "PAPER1")[0].id)["events"]
    (paid,) = [one for one in events if one["kind"] == "remittance"]
    assert (paid["source"], paid["by"], paid["file"], paid["segment"]) == ("paper", sent.actor, "eob.json", 1)
    assert all(check.holds for check in reconciliation(sent, Filters()).checks)


def test_a_claim_of_it_that_is_nobodys_is_unmatched(sent: Desk) -> None:
    """The money stays in sight, and is matched when the claim comes."""
    made = enter(sent, write(sent, paper("NOBODY1")))
    assert made["claims"][0]["matched"] == ""
    assert all(check.holds for check in reconciliation(sent, Filters()).checks)


def test_undo_takes_it_back_and_post_brings_it_again(sent: Desk) -> None:
    """Compensating entries, as for an 835; the file that is read again changes nothing."""
    before = sent.current("PAPER1")
    made = enter(sent, write(sent, paper()))
    undo(sent, int(made["id"]), "typed for the wrong practice")
    after = sent.current("PAPER1")
    assert (after["state"], after["open"]) == (before["state"], before["open"])
    assert sent.reprocess(sent.file_ids()[0])["transactions"][0]["status"] == "parked"
    with pytest.raises(Refused, match=r"taken back; .*post \d+ --as-is"):
        enter(sent, write(sent, paper()))
    post_as_is(sent, int(made["id"]), "it was right")
    assert sent.state("PAPER1") == "paid"
    sent.agree()


def test_reading_its_file_again_is_harmless(sent: Desk) -> None:
    """`inbound reprocess` knows that there is nothing to read."""
    enter(sent, write(sent, paper()))
    before = sent.everything()
    document = sent.reprocess(sent.file_ids()[0])
    assert (document["status"], document["transactions"][0]["status"]) == ("processed", "posted")
    assert sent.everything() == before


# ── nothing twice ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_file_and_the_same_payment_are_refused(sent: Desk) -> None:
    """By content of the file, by what it says, and by number with payer or amount; nothing is left behind."""
    made = enter(sent, write(sent, paper()))
    before, files = sent.everything(), list(sent.archive.names())
    with pytest.raises(Refused, match=f"entered already, as payment {made['id']}"):
        enter(sent, write(sent, paper()))
    with pytest.raises(Refused, match="from another file"):
        enter(sent, write(sent, json.dumps(paper(), indent=2)))
    with pytest.raises(Refused, match=f"payment {made['id']}, posted by hand"):
        enter(sent, write(sent, paper(trace_number="00100200", payer={"name": "another spelling"})))
    assert (sent.everything(), list(sent.archive.names())) == (before, files)


def test_another_payment_of_the_number_goes_with_a_reason(sent: Desk) -> None:
    """A payer that uses its numbers again can still be entered; why is kept."""
    enter(sent, write(sent, paper()))
    again = paper("PAPER2", payer={"name": "OTHER PLAN", "id": "99999"})
    with pytest.raises(Refused, match="--as-is"):
        enter(sent, write(sent, again))
    assert enter(sent, write(sent, again), other="another payer with this check number")["status"] == "posted"
    assert sent.state("PAPER2") == "paid"


@pytest.mark.parametrize(
    ("trace", "amount", "payer"),
    [("100200", "180", "12345"), ("00100200", "180", "OTHER"), ("100200", "180", "OTHER")],
)
def test_the_835_that_comes_later_is_parked_beside_it(sent: Desk, trace: str, amount: str, payer: str) -> None:
    """It is seen by number with payer or amount, moves nothing, and both are shown with their claims."""
    made = enter(sent, write(sent, paper()))
    before = sent.current("PAPER1")
    document = sent.receive(
        sent.envelope("835", header_835(amount, trace, payer=payer) + claim_835("PAPER1", amount, payer_number="P1"))
    )
    assert [one["status"] for one in document["transactions"]] == ["parked"]
    assert "entered by hand" in document["transactions"][0]["issues"][0]["text"]
    assert sent.current("PAPER1") == before
    parked = int(sent.rows(remittances)[-1]["id"])
    (beside,) = whole(sent, parked)["beside"]
    assert (beside["id"], beside["source"], beside["claims"][0]["paid_beside"]) == (made["id"], "paper", "180.00")
    assert whole(sent, int(made["id"]))["beside"][0]["id"] == str(parked)


def test_a_mistyped_amount_is_seen_by_the_payer(sent: Desk) -> None:
    """The 835 of the same payer and number is the same payment, whatever was typed."""
    line = {**LINE, "paid": "170.00", "adjustments": [{"group": "CO", "reason": "45", "amount": "70.00"}]}
    claim = {"patient_control_number": "PAPER1", "charge": "240.00", "paid": "170.00", "lines": [line]}
    made = enter(sent, write(sent, paper(payment="170.00", claims=[claim])))
    right = header_835("180", "100200") + claim_835("PAPER1", "180")
    assert sent.receive(sent.envelope("835", right))["transactions"][0]["status"] == "parked"
    undo(sent, int(made["id"]), "the 835 came")
    file_id = sent.file_ids()[-1]
    assert sent.reprocess(file_id)["transactions"][0]["status"] == "posted"
    assert sent.current("PAPER1")["paid"] == 18000
    sent.agree()


def test_an_835_that_is_posted_refuses_the_paper(sent: Desk) -> None:
    """The other way round."""
    sent.receive(sent.envelope("835", header_835("180", "100200") + claim_835("PAPER1", "180")))
    with pytest.raises(Refused, match="posted by an 835"):
        enter(sent, write(sent, paper()))


def test_two_that_are_posted_at_once_see_each_other(sent: Desk) -> None:
    """On PostgreSQL an 835 waits until the payment that is being entered under its number is there or not."""
    if sent.store.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    file = sent.folder / "late.edi"
    file.write_text(sent.envelope("835", header_835("180", "100200") + claim_835("PAPER1", "180")))
    given, _ = _read(write(sent, paper()))
    with ThreadPoolExecutor(1) as pool:
        with sent.store.write() as conn:
            _post(sent, conn, given, archive_name="x", other="")
            later = pool.submit(lambda: list(import_files(sent, [file])))
            while not later.done() and not _waits(sent):
                pass
        (document,) = later.result()
    assert document["transactions"][0]["status"] == "parked"


def _waits(desk: Desk) -> bool:
    with desk.store.session() as conn:
        return bool(conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one())


def test_numbers_of_payments_of_nothing_are_used_again(sent: Desk) -> None:
    """Only the same claims make two payments of nothing the same."""
    adjustments = [{"group": "CO", "reason": "16", "amount": "240.00"}]
    claims = [{"patient_control_number": "PAPER1", "charge": "240.00", "paid": "0", "adjustments": adjustments}]
    enter(sent, write(sent, paper(trace_number="0000", payment="0.00", claims=claims)))
    denied = claim_835("{}", "0").replace("CAS*CO*45", "CAS*CO*16")
    other = header_835("0", "0000") + denied.format("PAPER2")
    assert sent.receive(sent.envelope("835", other))["transactions"][0]["status"] == "posted"
    same = header_835("0", "0000", "20260211") + denied.format("PAPER1")
    assert sent.receive(sent.envelope("835", same))["transactions"][0]["status"] == "parked"


# ── what cannot be ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"payment": "181.00"}, r"the payment: .* differs from it by -1\.00"),
        ({"provider_adjustments": [{"code": "WO", "amount": "5.00"}]}, r"the payment: .* by -5\.00"),
        (
            {"claims": [{"patient_control_number": "PAPER1", "charge": "241.00", "paid": "180.00", "lines": [LINE]}]},
            r"claims\[0\]: charge less adjustments .* by 1\.00; claims\[0\]: the charges of the lines .* by -1\.00",
        ),
        (
            {"claims": [{**paper()["claims"][0], "lines": [{**LINE, "paid": "170.00"}]}]},
            r"claims\[0\].lines\[0\]: charge less adjustments differs from what was paid by 10\.00",
        ),
    ],
)
def test_what_does_not_balance_is_refused_with_the_difference(sent: Desk, changes: dict[str, Any], said: str) -> None:
    """Every level is named with its difference, and nothing is stored."""
    before = sent.everything()
    with pytest.raises(Refused, match=said):
        enter(sent, write(sent, paper(**changes)))
    assert (sent.everything(), sent.file_ids(), list(sent.archive.names())) == (before, [], [])


def test_provider_adjustments_are_posted_with_it(sent: Desk) -> None:
    """Money that no claim explains, with the sign of a PLB."""
    taken = [{"code": "WO", "amount": "30.00", "reference": "P0"}]
    made = enter(sent, write(sent, paper(payment="150.00", provider_adjustments=taken)))
    assert made["provider_adjustments"] == "30.00"
    assert all(check.holds for check in reconciliation(sent, Filters()).checks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON at line 1"),
        ("[]", "the document: must be an object"),
        ('{"payer": 1, "payer": 2}', "stands twice"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps({"claims": []}), "payer: is missing; trace_number: is missing"),
        (json.dumps(paper(payment="1,80")), "payment: must be paid in all"),
        (json.dumps(paper(payment_date="2026-02-30")), "payment_date: is no day"),
        (json.dumps(paper(payment_date="10.2.2026")), "payment_date: must be a day such as"),
        (json.dumps(paper(check="100200")), "the document: has a field that is not known"),
        (json.dumps(paper(claims=[{}])), r"claims\[0\].patient_control_number: is missing"),
        (json.dumps(paper(claims=[{**paper()["claims"][0], "status": "5"}])), r"claims\[0\].status: must be one of 1,"),
        (json.dumps(paper(trace_number=" ")), "trace_number: must have 1 to 50"),
        (json.dumps(paper(trace_number="x" * 51)), "trace_number: must have 1 to 50"),
    ],
)
def test_what_has_not_the_shape_is_named(sent: Desk, text: str, said: str) -> None:
    """Each fault with its place, none with its value; nothing is stored."""
    with pytest.raises(UsageError, match=said):
        enter(sent, write(sent, text))
    assert sent.file_ids() == []


def test_a_dry_run_says_it_all_and_keeps_nothing(sent: Desk) -> None:
    """It is shown as it would be posted, matched and all."""
    before = sent.everything()
    made = enter(sent, write(sent, paper()), dry_run=True)
    assert (made["status"], made["claims"][0]["matched"]) == ("posted", "PAPER1")
    assert (sent.everything(), sent.file_ids(), list(sent.archive.names())) == (before, [], [])


def test_the_schema_and_the_reader_agree() -> None:
    """What a JSON Schema validator takes is what is read, and the schema is one."""
    Draft202012Validator.check_schema(SCHEMA)
    judge = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    good = paper()
    whole_one = good | {"payee": {"id": "1234567893", "tax_id": "123456789"}, "method": "ACH", "source": "portal"}
    bad = [paper(payment="x"), paper(claims={}), paper(extra="1"), paper(trace_number=""), {"claims": []}, []]
    for one in (good, whole_one, *bad):
        assert judge.is_valid(one) == (not list(shape_faults(one))), one


def test_numbers_may_be_numbers(tmp_path: Path) -> None:
    """An amount that a program writes as a number is read to the cent, not through a float."""
    text = json.dumps(paper()).replace('"180.00"', "180.10").replace('"240.00"', "240.10")
    facts = EnteredRemittance(parse_entered(text.encode(), "x"))
    assert (facts.header.payment, facts.claims[0].charge, facts.imbalances()) == (18010, 24010, [])
