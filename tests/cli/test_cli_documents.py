"""The documents that other programs read: every promised key, with values of the promised form."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_home import claims, folder_profile, new_home, write_csv, write_ndjson
from cli_run import Gateway
from cli_shapes import AMOUNT, DAY, EMPTY, NUMBER, SHA256, TIME, faults, keys_not_in_snake_case, one_of

_AMOUNTS = ("charge", "paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
MONEY = dict.fromkeys(_AMOUNTS, AMOUNT)
TYPE = one_of("professional", "institutional", "dental")
CLAIM = {
    "patient_control_number": str,
    "type": TYPE,
    "state": str,
    "payer": {"id": str, "name": str},
    **MONEY,
    "flags": [str],
}
SUBMISSION = {
    "batch": NUMBER,
    "partner": str,
    "interchange_control_number": str,
    "group_control_number": str,
    "transaction_control_number": str,
    "sent_at": (TIME, None),
}
EVENT = {
    "at": TIME,
    "kind": str,
    "source": str,
    "codes": [str],
    "file": (str, None),
    "segment": (int, None),
    "text": str,
}
CLAIM_SHOWN = {
    **CLAIM,
    "payer_claim_numbers": [str],
    "submissions": [SUBMISSION],
    "events": [EVENT],
    "service_from": DAY,
    "service_to": DAY,
    "billing_provider": {"id": str, "name": str},
    "lines": [dict],
    "adjustments": [{"group": str, "reason": str, "amount": AMOUNT}],
    "payments": [{"date": DAY, "trace_number": str, "paid": AMOUNT}],
    "payers": [{"order": str, "id": str, "state": str}],
}
ISSUE = {
    "record": int,
    "patient_control_number": (str, None),
    "code": str,
    "severity": one_of("error", "warning"),
    "field": str,
    "text": str,
}
IMPORTED = {
    "file": str,
    "records": int,
    "ready": int,
    "held": int,
    "unchanged": int,
    "rejected": int,
    "issues": [ISSUE],
}
TRANSACTION = {
    "kind": one_of("TA1", "999", "997", "277CA", "277", "835"),
    "control_number": str,
    "status": one_of("posted", "duplicate", "parked", "quarantined"),
    "claims": int,
    "matched": int,
    "unmatched": int,
    "charge": AMOUNT,
    "paid": AMOUNT,
    "issues": [{"code": str, "severity": one_of("error", "warning"), "segment": int, "text": str}],
}
FILE = {
    "file": str,
    "sha256": SHA256,
    "status": one_of("processed", "duplicate", "quarantined", "partial", "ignored"),
    "transactions": [TRANSACTION],
}
BATCH = {
    "id": NUMBER,
    "partner": str,
    "type": TYPE,
    "state": one_of(
        "built", "sending", "sent", "unknown", "failed", "cancelled", "accepted", "partially_accepted", "rejected"
    ),
    "interchange_control_number": str,
    "claims": int,
    "charge": AMOUNT,
    "file_name": str,
    "sha256": SHA256,
    "built_at": TIME,
    "sent_at": (TIME, None),
    "attempts": int,
}
REPORT = {
    "as_of": TIME,
    "claims": dict.fromkeys(
        (
            "imported", "held", "ready", "batched", "sent", "silent", "accepted", "rejected", "adjudicated", "cancelled"
        ),
        int,
    ),
    "money": MONEY,
    "remittances": {
        "count": int,
        "payment": AMOUNT,
        "matched": AMOUNT,
        "unmatched": AMOUNT,
        "provider_adjustments": AMOUNT,
        "parked": int,
    },
    "checks": [{"name": str, "holds": bool, "difference": str, "claims": [str]}],
}  # fmt: skip
SET = {"kind": str, "control_number": str, "issues": [dict]}
INSPECTED = {
    "interchanges": [
        {
            "control_number": str,
            "sender": str,
            "receiver": str,
            "usage": (one_of("T", "P"), EMPTY),
            "groups": [{"functional_id": str, "control_number": str, "version": str, "transactions": [SET]}],
        }
    ],
    "issues": [dict],
}


def assert_shaped(document: Any, shape: Any) -> None:
    assert faults(document, shape) == []
    assert keys_not_in_snake_case(document) == []


def test_claims_list_and_show_are_what_programs_read(used: Gateway) -> None:
    """Every claim's document has its keys, and its charge is what its parts come to."""
    listed = used.data("claims", "list")
    assert len(listed) == 65
    assert_shaped(listed, [CLAIM])
    for one in listed:
        parts = ("paid", "patient_responsibility", "contractual", "denied", "other_adjustments", "open")
        assert Decimal(one["charge"]) == sum(Decimal(one[part]) for part in parts), one
        assert not {"submissions", "events", "lines"} & set(one)
    for state in sorted({one["state"] for one in listed}):
        number = next(one["patient_control_number"] for one in listed if one["state"] == state)
        shown = used.data("claims", "show", number)
        assert_shaped(shown, CLAIM_SHOWN)
        alike = {key: shown[key] for key in CLAIM}
        assert alike == {key: next(one for one in listed if one["state"] == state)[key] for key in CLAIM}


def test_what_a_telephone_desk_asks_first_is_in_claims_show(used: Gateway) -> None:
    """Service dates, provider, lines, reasons, and trace number and date of each payment."""
    paid = next(one for one in used.data("claims", "list") if one["state"] == "partly_paid")
    shown = used.data("claims", "show", paid["patient_control_number"])
    assert shown["lines"]
    assert shown["payments"][0]["trace_number"]
    assert {one["group"] for one in shown["adjustments"]}
    assert shown["payer_claim_numbers"]
    assert shown["payers"][0]["state"]


def test_each_payers_decision_is_there_line_by_line(used: Gateway) -> None:
    """Every line is traced to one of the claim, and together they are what the payer decided."""
    paid = next(one for one in used.data("claims", "list") if one["state"] == "partly_paid")
    shown = used.data("claims", "show", paid["patient_control_number"])
    lines, (payer,) = shown["remitted_lines"], shown["payers"]
    assert {one["line"] for one in lines if one["procedure"]} <= {one["number"] for one in shown["lines"]}
    for name in ("paid", "patient_responsibility", "contractual", "denied"):
        assert sum(Decimal(one[name]) for one in lines) == Decimal(payer[name])
    assert "decided, line by line" in used("claims", "show", paid["patient_control_number"]).text


def test_claims_why_names_the_file_and_segment_of_each_line(used: Gateway) -> None:
    """What came from a partner names where it stands; what a partner did not say names who did."""
    paid = next(one for one in used.data("claims", "list") if one["state"] == "paid")
    why = used.data("claims", "why", paid["patient_control_number"])
    assert_shaped(why, {"patient_control_number": str, "state": str, "flags": [str], "events": [EVENT]})
    times = [event["at"] for event in why["events"]]
    assert times == sorted(times)
    told = [event for event in why["events"] if event["file"]]
    assert {event["source"] for event in told} >= {"999", "payer"} or len(told) >= 3
    assert all(event["segment"] for event in told)
    files = {one["file"] for one in used.data("inbound", "list")}
    assert {event["file"] for event in told} <= files
    text = used("claims", "why", paid["patient_control_number"]).text
    for event in told:
        assert f"{event['file']}, segment {event['segment']}" in text


@pytest.mark.parametrize("option", [("--state", "paid"), ("--payer", "99001"), ("--since", "2026-01-01")])
def test_claims_list_filters(used: Gateway, option: tuple[str, str]) -> None:
    """A filter gives the matching claims, whole, and no other."""
    everything = used.data("claims", "list")
    found = used.data("claims", "list", *option)
    kept = {
        "--state": lambda one: one["state"] == "paid",
        "--payer": lambda one: one["payer"]["id"] == "99001",
        "--since": lambda one: one["imported_at"][:10] >= "2026-01-01",
    }[option[0]]
    assert found
    assert found == [one for one in everything if kept(one)]
    assert used.data("claims", "list", "--until", "2020-01-01") == []


def test_claims_import_gives_one_object_a_file(fresh: Gateway, tmp_path: Path) -> None:
    """Counts and reasons by file, in the order of the command line, whatever the format."""
    good, bad = claims(3), claims(3, 8)
    bad[0]["charge"] = "1.00"
    bad[1] = {"patient_control_number": "ALONE"}
    files = [
        write_ndjson(tmp_path / "good.ndjson", good),
        write_csv(tmp_path / "good.csv", claims(2, 9)),
        write_ndjson(tmp_path / "bad.ndjson", bad),
    ]
    ran = fresh("claims", "import", files[0], files[2], "--json", code=1)
    assert_shaped(ran.json, [IMPORTED])
    assert [one["file"] for one in ran.json] == [str(files[0]), str(files[2])]
    first, second = ran.json
    assert (first["records"], first["ready"]) == (3, 3)
    assert (second["records"], second["ready"], second["held"], second["rejected"]) == (3, 1, 1, 1)
    assert {issue["record"] for issue in second["issues"]} == {1, 2}
    (third,) = fresh.data("claims", "import", files[1], "--mapping", "example")
    assert (third["records"], third["ready"]) == (2, 2)
    (again,) = fresh.data("claims", "import", files[0])
    assert (again["records"], again["unchanged"], again["ready"]) == (3, 3, 0)
    assert fresh.data("claims", "import", files[0], "--dry-run") == [again]


def test_an_837_of_another_system_comes_in_with_its_submissions(used: Gateway, fresh: Gateway, tmp_path: Path) -> None:
    """--already-sent: the claims are sent, never built, and the answers to them match."""
    path = tmp_path / "former.837"
    path.write_bytes(used("batches", "export", 1).out)
    (document,) = fresh.data("claims", "import", path, "--already-sent")
    assert_shaped(document, IMPORTED)
    assert document["sent"] == document["records"] == 59
    assert {one["state"] for one in fresh.data("claims", "list")} == {"sent"}
    assert fresh.data("batches", "build") == []
    answer = tmp_path / "answer.999"
    answer.write_bytes(used("inbound", "export", 1).out)
    (answered,) = fresh.data("inbound", "import", answer)
    assert answered["transactions"][0]["matched"] == 59
    assert {one["state"] for one in fresh.data("claims", "list")} == {"accepted_999"}
    (again,) = fresh.data("claims", "import", path, "--already-sent")
    assert (again["unchanged"], again.get("sent", 0)) == (59, 0)


def test_batches_are_what_programs_read(used: Gateway) -> None:
    """batches list and show; what is not answered speaks of delivery, what is answered of TA1 and 999."""
    listed = used.data("batches", "list")
    assert_shaped(listed, [BATCH])
    assert [one["state"] for one in listed] == ["accepted", "built"]
    shown = used.data("batches", "show", 1)
    assert_shaped(shown, {**BATCH, "sets": [{"control_number": str, "claims": int, "charge": AMOUNT}], "steps": [dict]})
    assert sum(one["claims"] for one in shown["sets"]) == listed[0]["claims"]
    assert used.data("batches", "list", "--state", "built") == [listed[1]]


def test_the_exact_bytes_come_out(used: Gateway, tmp_path: Path) -> None:
    """export gives what was sent and what was received, to standard output or a new file, and overwrites nothing."""
    assert used.home
    sent = next((used.home / "partner").rglob("taken_*/*"), None) or next(
        (used.home / "partner").rglob("1_0*.txt"), None
    )
    out = used("batches", "export", 1).out
    assert out.startswith(b"ISA*00*")
    if sent is not None and sent.is_file():
        assert out == sent.read_bytes()
    answered = used.data("inbound", "list")[0]
    (original,) = (used.home / "partner").rglob(answered["file"])
    assert used("inbound", "export", answered["id"]).out == original.read_bytes()
    target = tmp_path / "out.999"
    ran = used("inbound", "export", answered["id"], target)
    assert (ran.out, ran.line) == (b"", f"written to {target}")
    assert target.read_bytes() == original.read_bytes()
    target.write_text("mine")
    assert used("inbound", "export", answered["id"], target, code=2).line == (
        f"gateway: {target} is there already; it was left as it is"
    )
    assert target.read_text() == "mine"


def test_inbound_files_are_what_programs_read(used: Gateway, fresh: Gateway, tmp_path: Path) -> None:
    """import and process give one object a file; a file that came before is a duplicate and moves nothing."""
    (tmp_path / "sent.837").write_bytes(used("batches", "export", 1).out)
    fresh("claims", "import", tmp_path / "sent.837", "--already-sent")
    paths = []
    for one in used.data("inbound", "list"):
        path = tmp_path / "files" / one["file"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(used("inbound", "export", one["id"]).out)
        paths.append(path)
    documents = fresh.data("inbound", "import", *paths, code=1)
    assert_shaped(documents, [FILE])
    assert [one["file"] for one in documents] == [path.name for path in paths]
    assert {one["status"] for one in documents} == {"processed", "ignored", "quarantined"}
    assert {t["kind"] for one in documents for t in one["transactions"]} == {"999", "277CA", "835"}
    before = fresh.data("report", "reconciliation")
    again = fresh.data("inbound", "import", *paths)
    assert_shaped(again, [FILE])
    assert {one["status"] for one in again} == {"duplicate"}
    after = fresh.data("report", "reconciliation")
    assert {**before, "as_of": ""} == {**after, "as_of": ""}
    assert before["money"] == {**used.data("report", "reconciliation")["money"], **before["money"]}
    assert fresh.data("inbound", "process") == []
    assert_shaped(fresh.data("inbound", "reprocess", 1), [FILE])
    assert_shaped(fresh.data("inbound", "show", 1), FILE)
    assert {**fresh.data("report", "reconciliation"), "as_of": ""} == {**before, "as_of": ""}


def test_the_report_adds_up_and_names_its_laws(used: Gateway) -> None:
    """Counts and money keep their laws, in every format."""
    report = used.data("report", "reconciliation")
    assert_shaped(report, REPORT)
    counts = report["claims"]
    assert counts["imported"] == sum(counts[name] for name in ("held", "ready", "batched", "sent", "cancelled")) == 65
    assert counts["sent"] == sum(counts[name] for name in ("accepted", "rejected", "silent"))
    assert all(check["holds"] for check in report["checks"])
    laws = {check["name"] for check in report["checks"]}
    assert "sent = accepted + rejected + silent" in laws
    assert any("matched + unmatched" in law for law in laws)
    assert used("report", "reconciliation", "--format", "json").json["money"] == report["money"]
    rows = used("report", "reconciliation", "--format", "csv").text.splitlines()
    assert rows[0] == "section,key,name,measure,value"
    assert f"total,,,charge,{report['money']['charge']}" in rows


def test_a_report_of_the_past_is_as_it_was(used: Gateway, tmp_path: Path) -> None:
    """--as-of cuts by when a thing was recorded; --output makes a file and says so beside the data."""
    empty = used.data("report", "reconciliation", "--as-of", "2020-01-01T00:00Z")
    assert empty["claims"]["imported"] == 0
    assert empty["as_of"].startswith("2020-01-01T00:00")
    now = used.data("report", "reconciliation", "--as-of", "2999-01-01T00:00+02:00")
    assert now["money"] == used.data("report", "reconciliation")["money"]
    target = tmp_path / "report.csv"
    ran = used("report", "reconciliation", "--format", "csv", "--output", target)
    assert (ran.out, ran.line) == (b"", f"reconciliation written to {target}")
    assert target.read_text().startswith("section,key,name,measure,value\n")


def test_x12_inspect_is_what_programs_read(used: Gateway, tmp_path: Path) -> None:
    """Counts and sums that a set's kind has, and no others."""
    assert used.home
    seen = {}
    for one in used.data("inbound", "list"):
        if one["status"] == "processed":
            path = tmp_path / one["file"]
            path.write_bytes(used("inbound", "export", one["id"]).out)
            document = Gateway().data("x12", "inspect", path)
            assert_shaped(document, INSPECTED)
            found = document["interchanges"][0]["groups"][0]["transactions"][0]
            seen[found["kind"]] = set(found)
    path = tmp_path / "batch.837"
    path.write_bytes(used("batches", "export", 1).out)
    (interchange,) = Gateway().data("x12", "inspect", path)["interchanges"]
    sets = interchange["groups"][0]["transactions"]
    assert sum(one["claims"] for one in sets) == 59
    assert sum(Decimal(one["charge"]) for one in sets) == Decimal(used.data("batches", "list")[0]["charge"])
    seen["837P"] = set(sets[0])
    assert seen["837P"] >= {"claims", "charge", "service_lines"}
    assert seen["835"] >= {"claims", "charge", "paid", "service_lines", "adjustments", "provider_adjustments"}
    assert seen["277CA"] >= {"claims", "accepted", "rejected"}
    assert {"accepted", "rejected"} <= seen["999"]
    assert "paid" not in seen["837P"]
    assert "charge" not in seen["999"]


def test_partners_store_and_doctor_speak_json(used: Gateway, tmp_path: Path) -> None:
    """The rest of the commands that print data."""
    assert_shaped(
        used.data("partners", "list"), [{"name": str, "usage": one_of("test", "production"), "payers": [str]}]
    )
    assert_shaped(used.data("partners", "numbers", "house"), {"interchange": int, "group": int})
    assert_shaped(
        used.data("partners", "check", "house"), [{"level": str, "what": str, "text": str, "mend": str, "runbook": str}]
    )
    assert_shaped(
        used.data("doctor"), [{"level": one_of("ok", "warning"), "what": str, "text": str, "mend": str, "runbook": str}]
    )
    assert_shaped(used.data("store", "check"), [{"name": str, "holds": bool, "subjects": [str]}])
    assert_shaped(used.data("store", "upgrade"), {"store": str, "upgraded": bool})
    assert_shaped(used.data("store", "backup", tmp_path / "copy.db"), {"file": str, "size": int})
    home = tmp_path / "other"
    assert_shaped(Gateway().data("init", home), {"home": str, "made": [str]})
    assert_shaped(Gateway(home).data("partners", "add", "new"), {"partner": str, "profile": str})


def test_the_exchange_says_what_it_did(tmp_path: Path) -> None:
    """One document of a round: what was built, sent, fetched and processed, and what went wrong, by partner."""
    gateway = new_home(tmp_path / "home")
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    document = gateway.data("exchange")
    batch = {**BATCH, "problems": [str]}
    shape = {"built": [batch], "sent": [BATCH], "fetched": [dict], "processed": [FILE], "errors": [dict]}
    assert_shaped(document, shape)
    assert [one["state"] for one in document["sent"]] == ["sent"]
    (tmp_path / "home" / "sftp_config" / "house.toml").write_text(folder_profile("gone"))
    document = gateway.data("exchange", code=2)
    assert_shaped(document, {**shape, "errors": [{"partner": str, "text": str}]})
    assert document["errors"]


def test_the_schema_judges_what_is_imported() -> None:
    """A claim that the door takes is valid, whatever the gateway fills in; one with an unknown field is not."""
    import jsonschema

    schema = Gateway()("claims", "schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    (claim,) = claims(1)
    assert [error.message for error in judge.iter_errors(claim)] == []
    assert list(judge.iter_errors({**claim, "charge": 5}))
    assert list(judge.iter_errors({key: claim[key] for key in claim if key != "billing_provider"}))
    assert list(judge.iter_errors({**claim, "no_such_field": "x"}))
