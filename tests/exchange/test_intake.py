"""The door: what becomes of each record, whatever the others are, and again when it comes again."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from door_files import NOW, bring, counts, door_to, file_837, profile

from gateway.claims.completion import complete
from gateway.claims.intake.records import UnreadableFile
from gateway.claims.samples import sample_claims, write_sample_csv
from gateway.errors import Refused, UsageError
from gateway.exchange import intake
from gateway.exchange.already_sent import import_already_sent
from gateway.exchange.claim_decisions import cancel, find_claim, hold, release
from gateway.exchange.intake import Door, import_file, import_stream
from gateway.reconcile.projection import refresh
from gateway.store import Connection, Store, batches, counters, stamp
from gateway.store import claims as store_claims
from gateway.store.claims import NewEvent, VersionRow
from gateway.store.current import CurrentRow, rows_of
from gateway.store.decisions import decisions_on

DAY = date(2026, 1, 5)


def samples(count: int, seed: int = 1) -> list[dict[str, Any]]:
    return list(sample_claims(count, seed, DAY))


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Door:
    return door_to(store, profile(tmp_path))


def current(store: Store, number: str) -> CurrentRow:
    with store.read() as conn:
        claim = find_claim(conn, number)
        return rows_of(conn, [claim.id])[claim.id]


def versions(store: Store, number: str) -> list[VersionRow]:
    with store.read() as conn:
        return store_claims.versions_of(conn, find_claim(conn, number).id)


def everything(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    tables = ("claims", "claim_versions", "events", "claim_current", "submissions", "batches", "batch_sets")
    with store.read() as conn:
        return {name: conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in tables}


def put_state(store: Store, number: str, state: str) -> None:
    """Lets a claim stand in a state, by the facts that lead to it."""
    with store.write() as conn:
        claim = find_claim(conn, number)
        version = store_claims.newest_version(conn, claim.id)
        assert version is not None
        if state == "held":
            _event(conn, "hold", "person", "reject", claim.id, version.id)
        if state in ("batched", "sent", "rejected_clearinghouse", "accepted_payer"):
            batch_id = _batch(conn, claim.id, version.id, f"{9000 + version.id:09}")
            if state != "batched":
                for step in ("built", "sending", "sent"):
                    _move(conn, batch_id, step)
            _answer(conn, state, batch_id)
        if state == "cancelled":
            _event(conn, "cancelled", "person", "info", claim.id, version.id)
        refresh(conn, [claim.id], stamp(NOW))
    assert current(store, number).state == state


def _event(conn: Connection, kind: str, hop: str, verdict: str, claim_id: int, version_id: int) -> None:
    store_claims.append_event(
        conn, NewEvent(kind, hop, verdict, stamp(NOW), claim_id=claim_id, version_id=version_id)
    )  # fmt: skip


def _batch(conn: Connection, claim_id: int, version_id: int, number: str) -> int:
    new = batches.NewBatch(
        "ally", "professional", "T", "00", "CH", "ZZ:SUBMITTERID", "ZZ:330897513", number, str(int(number))
    )
    row = batches.NewSet("0001", str(int(number)), f"B{number}", 100, [(claim_id, version_id)])
    return batches.reserve(conn, new, [row], at=NOW)


def _move(conn: Connection, batch_id: int, state: str) -> None:
    if state == "built":
        batches.mark_built(conn, batch_id, file_name="f", archive_name="a", sha256="0" * 64, size=1, at=NOW)
    else:
        batches.set_state(conn, batch_id, state, at=NOW)


def _answer(conn: Connection, state: str, batch_id: int) -> None:
    hop, verdict, codes = {
        "rejected_clearinghouse": ("clearinghouse", "reject", '["A7:562"]'),
        "accepted_payer": ("payer", "accept", '["A2:20"]'),
    }.get(state, ("", "", "[]"))
    if hop:
        (row,) = batches.submissions_in_batch(conn, batch_id)
        store_claims.append_event(
            conn,
            NewEvent("status", hop, verdict, stamp(NOW), claim_id=row.claim_id, submission_id=row.id, codes=codes),
        )


# What a record becomes


def test_each_record_stands_alone(door: Door) -> None:
    """Good ones are ready, bad ones held or rejected with every reason, in one run."""
    documents = samples(4)
    documents[1]["charge"] = "1.00"
    documents[1]["billing_provider"] = documents[1]["billing_provider"] | {"npi": "1234567890"}
    del documents[2]["patient_control_number"]
    tally = bring(door, documents)
    assert counts(tally) == (2, 1, 0, 1) and tally.needs_person
    shown = tally.document()
    assert (shown["file"], shown["records"]) == ("claims.json", 4)
    held = [issue for issue in shown["issues"] if issue["record"] == 2]
    assert {issue["code"] for issue in held} == {"charge_sum", "npi_check"}
    assert {issue["patient_control_number"] for issue in held} == {documents[1]["patient_control_number"]}
    (rejected,) = (issue for issue in shown["issues"] if issue["record"] == 3)
    assert set(rejected) == {"record", "patient_control_number", "code", "severity", "field", "text"}
    assert (rejected["code"], rejected["patient_control_number"]) == ("not_a_claim", None)


def test_a_stored_claim_has_all_that_lists_show(door: Door) -> None:
    """Version and projection carry the summary, and the body is the completed document."""
    (document,) = samples(1)
    bring(door, [document])
    number = document["patient_control_number"]
    row, (version,) = current(door.store, number), versions(door.store, number)
    assert (row.state, row.stage, row.payer_id) == ("ready", "ready", document["payer"]["id"])
    assert row.charge == row.open == version.charge
    assert (version.service_from, version.billing_name) == ("2026-01-06", document["billing_provider"]["organization"])
    assert version.source == "claims.json, item 1 (byte 2)"
    assert json.loads(version.body) == complete(document, door.rules.defaults)


def test_a_held_claim_keeps_its_reasons(door: Door) -> None:
    """The event that holds it has all codes and sentences, so that `claims why` can tell them."""
    (document,) = samples(1)
    document["charge"] = "1.00"
    document["place_of_service"] = "1"
    bring(door, [document])
    number = document["patient_control_number"]
    assert current(door.store, number).state == "held"
    with door.store.read() as conn:
        codes, text = conn.exec_driver_sql("SELECT codes, text FROM events WHERE kind = 'held'").one()
    assert set(json.loads(codes)) == {"charge_sum", "place_of_service"}
    assert "place_of_service: A place of service has two digits." in text


# Again, and in pieces


def test_importing_again_changes_nothing(door: Door) -> None:
    """The same file, the same claims in another form: no row is added."""
    documents = samples(30)
    documents[3]["charge"] = "1.00"
    assert counts(bring(door, documents)) == (29, 1, 0, 0)
    before = everything(door.store)
    again = bring(door, documents)
    assert counts(again) == (0, 0, 30, 0) and not again.needs_person
    assert counts(bring(door, [complete(one, door.rules.defaults) for one in reversed(documents)])) == (0, 0, 30, 0)
    assert everything(door.store) == before


def test_a_killed_import_is_completed_by_importing_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed stays, what was not comes with the next run, nothing twice."""
    monkeypatch.setattr(intake, "RECORDS_A_TRANSACTION", 10)
    documents = samples(35)
    written = Chunks(monkeypatch, die_after=2)
    with pytest.raises(KeyboardInterrupt):
        bring(door, documents)
    assert everything(door.store)["claims"] == 20
    written.die_after = 99
    assert counts(bring(door, documents)) == (15, 0, 20, 0)
    assert everything(door.store)["claims"] == 35


class Chunks:
    """Counts the chunks that are written, and dies in the middle of one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, die_after: int) -> None:
        self.die_after, self.done = die_after, 0
        whole = intake.settle

        def settle(*given: Any) -> None:
            whole(*given)
            if self.done >= self.die_after:
                raise KeyboardInterrupt
            self.done += 1

        monkeypatch.setattr(intake, "settle", settle)


def test_the_same_claim_twice_in_one_file(door: Door) -> None:
    """The second is unchanged where it says the same, a version where it says more; again nothing happens."""
    (first,) = samples(1)
    second = deepcopy(first) | {"prior_authorization": "PA1"}
    assert counts(bring(door, [first, first, second])) == (2, 0, 1, 0)
    number = first["patient_control_number"]
    assert [version.number for version in versions(door.store, number)] == [1, 2]
    tally = bring(door, [first, first, second])
    assert counts(tally) == (0, 0, 3, 0)
    assert [issue["code"] for issue in tally.issues] == ["older_version", "older_version"]
    assert len(versions(door.store, number)) == 2


def test_two_providers_may_share_a_number(door: Door) -> None:
    """The claim is identified by billing provider and number together."""
    first, second = (
        samples(40)[0],
        next(one for one in samples(40) if one["billing_provider"]["npi"] != samples(1)[0]["billing_provider"]["npi"]),
    )
    second["patient_control_number"] = first["patient_control_number"]
    assert counts(bring(door, [first, second])) == (2, 0, 0, 0)
    with door.store.read() as conn:
        with pytest.raises(UsageError, match="--provider"):
            find_claim(conn, first["patient_control_number"])
        row = find_claim(conn, first["patient_control_number"], second["billing_provider"]["npi"])
    assert row.billing_key == second["billing_provider"]["npi"]


def test_another_process_stored_the_claim_meanwhile(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conflict makes the chunk look again; the claim is unchanged then, and the others are stored."""
    documents = samples(3)
    real = intake.standings
    calls: list[int] = []

    def blind(conn: Connection, keys: Any) -> Any:
        calls.append(1)
        return {} if len(calls) == 1 else real(conn, keys)

    bring(door, documents[:1])
    monkeypatch.setattr(intake, "standings", blind)
    assert counts(bring(door, documents)) == (2, 0, 1, 0)


# Versions and contradictions


@pytest.mark.parametrize("state", ["held", "ready", "rejected_clearinghouse"])
def test_new_content_is_a_version_while_the_claim_is_open(door: Door, state: str) -> None:
    """Held, ready and rejected claims are corrected by sending them again; the correction stands then."""
    (document,) = samples(1)
    number = document["patient_control_number"]
    bring(door, [document])
    if state != "ready":
        put_state(door.store, number, state)
    assert counts(bring(door, [document | {"prior_authorization": "PA1"}])) == (1, 0, 0, 0)
    assert [version.number for version in versions(door.store, number)] == [1, 2]
    assert current(door.store, number).state == "ready"


@pytest.mark.parametrize("state", ["batched", "sent", "accepted_payer", "cancelled"])
def test_new_content_is_refused_on_the_way(door: Door, state: str) -> None:
    """It would contradict what the payer has, so it is rejected with the state and what to do."""
    (document,) = samples(1)
    number = document["patient_control_number"]
    bring(door, [document])
    put_state(door.store, number, state)
    tally = bring(door, [document | {"prior_authorization": "PA1"}])
    assert counts(tally) == (0, 0, 0, 1)
    assert tally.issues[0]["code"] == "contradicts" and state in tally.issues[0]["text"]
    assert len(versions(door.store, number)) == 1
    assert counts(bring(door, [document])) == (0, 0, 1, 0)


def test_a_replacement_waits_for_the_payers_decision(door: Door) -> None:
    """Frequency 7 and 8 change what the payer decided; before that they are refused, with the reason."""
    document = next(one for one in samples(9) if one["subscriber"]["filing_indicator"] != "MB")
    number = document["patient_control_number"]
    bring(door, [document])
    replacement = document | {"frequency": "7", "payer_claim_control_number": "P1", "prior_authorization": "PA1"}
    put_state(door.store, number, "batched")
    assert counts(bring(door, [replacement])) == (0, 0, 0, 1)
    with door.store.write() as conn:
        (batch,) = batches.list_batches(conn)
        for step in ("built", "sending", "sent"):
            _move(conn, batch.id, step)
        refresh(conn, [find_claim(conn, number).id], stamp(NOW))
    tally = bring(door, [replacement])
    assert counts(tally) == (0, 0, 0, 1)
    assert tally.issues[0]["code"] == "not_final" and "is sent" in tally.issues[0]["text"]
    assert [version.frequency for version in versions(door.store, number)] == ["1"]


def test_a_further_payer_is_the_next_submission(door: Door) -> None:
    """Another SBR01 contradicts nothing, wherever the claim to the first payer is."""
    (document,) = samples(1)
    number = document["patient_control_number"]
    bring(door, [document])
    put_state(door.store, number, "accepted_payer")
    further = deepcopy(document)
    further["subscriber"] |= {"payer_responsibility": "S", "filing_indicator": "CI"}
    further["payer"] = {"id": "99002", "name": "BLUE HARBOR INSURANCE"}
    further["other_payers"] = [
        {
            "payer_responsibility": "P",
            "relationship": "18",
            "benefits_assigned": "Y",
            "release_of_information": "Y",
            "subscriber": {"last_name": "X", "first_name": "Y", "member_id": "M1"},
            "payer": document["payer"],
        }
    ]
    tally = bring(door, [further])
    assert counts(tally) == (1, 0, 0, 0), tally.issues
    assert [version.payer_responsibility for version in versions(door.store, number)] == ["P", "S"]


def test_a_claim_of_another_type_contradicts(door: Door) -> None:
    """A number that stands for a professional claim cannot become a dental one."""
    (document,) = samples(1)
    bring(door, [document])
    tally = bring(door, [document | {"type": "dental"}])
    assert counts(tally) == (0, 0, 0, 1) and "as professional" in tally.issues[0]["text"]


# Routing


def test_a_payer_that_nobody_takes_holds_the_claim(store: Store, tmp_path: Path) -> None:
    """It is held until a profile names the payer; release looks again."""
    (document,) = samples(1)
    number = document["patient_control_number"]
    narrow = door_to(store, profile(tmp_path, "NOBODY"))
    assert counts(bring(narrow, [document])) == (0, 1, 0, 0)
    with store.read() as conn:
        claim = find_claim(conn, number)
    with pytest.raises(Refused, match="no partner takes"):
        release(narrow, claim, actor="pat", reason="try")
    wide = door_to(store, profile(tmp_path, "NOBODY"), profile(tmp_path, name="all"))
    assert release(wide, claim, actor="pat", reason="the partner is there now") == "ready"


def test_without_any_partner_claims_wait(store: Store) -> None:
    """A home whose partners are not set up yet takes claims in; nothing can be built before."""
    tally = bring(door_to(store), samples(2))
    assert counts(tally) == (2, 0, 0, 0)
    assert {issue["code"] for issue in tally.issues} == {"no_partner"}
    assert not tally.needs_person


# A person's decisions


def test_hold_and_release(door: Door) -> None:
    """Each is an event and a decision, with who and why."""
    (document,) = samples(1)
    bring(door, [document])
    with door.store.read() as conn:
        claim = find_claim(conn, document["patient_control_number"])
    assert hold(door, claim, actor="pat", reason="waits for a referral") == "held"
    assert release(door, claim, actor="sam", reason="referral came") == "ready"
    with door.store.read() as conn:
        found = decisions_on(conn, f"claim:{claim.id}")
    assert [(one.actor, one.action, one.reason) for one in found] == [
        ("pat", "hold", "waits for a referral"),
        ("sam", "released", "referral came"),
    ]
    with pytest.raises(Refused, match="ready, not held"):
        release(door, claim, actor="sam", reason="again")


def test_release_of_a_failed_edit(door: Door) -> None:
    """What is no error of the guide a person may send; an error of the guide nobody."""
    soft, hard = samples(2)
    soft["billing_provider"] = deepcopy(soft["billing_provider"])
    soft["billing_provider"]["address"]["postal_code"] = "10999"
    hard["place_of_service"] = "XX9"
    assert counts(bring(door, [soft, hard])) == (0, 2, 0, 0)
    with door.store.read() as conn:
        first, second = (find_claim(conn, one["patient_control_number"]) for one in (soft, hard))
    assert release(door, first, actor="pat", reason="the payer takes five digits") == "ready"
    with pytest.raises(Refused, match="place_of_service"):
        release(door, second, actor="pat", reason="please")
    assert current(door.store, hard["patient_control_number"]).state == "held"


def test_what_its_file_did_not_say_cannot_be_released(door: Door) -> None:
    """A document that lacks what could not be read looks sound by itself; the reason of its reader stands."""
    (document,) = samples(1)
    document["special_program"] = True
    assert counts(bring(door, [document])) == (0, 1, 0, 0)
    with door.store.read() as conn:
        claim = find_claim(conn, document["patient_control_number"])
    with pytest.raises(Refused, match="import it again"):
        release(door, claim, actor="pat", reason="please")


def test_cancel_only_what_was_not_sent(door: Door) -> None:
    """A cancelled claim is out of the exchange; what is on its way can only be voided."""
    first, second = samples(2)
    bring(door, [first, second])
    with door.store.read() as conn:
        one, two = (find_claim(conn, document["patient_control_number"]) for document in (first, second))
    assert cancel(door, one, actor="pat", reason="entered twice") == "cancelled"
    with pytest.raises(Refused, match="already"):
        cancel(door, one, actor="pat", reason="again")
    assert release(door, one, actor="pat", reason="it was right after all") == "ready"
    for state in ("batched", "sent"):
        if state == "sent":
            with door.store.write() as conn:
                (batch,) = batches.list_batches(conn)
                for step in ("built", "sending", "sent"):
                    _move(conn, batch.id, step)
                refresh(conn, [two.id], stamp(NOW))
        else:
            put_state(door.store, second["patient_control_number"], state)
        for decide in (cancel, hold, release):
            with pytest.raises(Refused, match=state):
                decide(door, two, actor="pat", reason="too late")


# Files


def test_a_csv_file_by_its_mapping(door: Door, tmp_path: Path) -> None:
    """The demonstration's way: CSV with the shipped mapping, all ready; again, all unchanged."""
    path = tmp_path / "claims.csv"
    with path.open("w", encoding="utf-8") as out:
        write_sample_csv(samples(25), out)
    assert counts(import_file(door, path, mapping_name="example")) == (25, 0, 0, 0)
    assert counts(import_file(door, path, mapping_name="example")) == (0, 0, 25, 0)
    assert counts(bring(door, samples(25))) == (0, 0, 25, 0)


def test_an_837_file(door: Door) -> None:
    """Claims of an 837 are the same claims as the documents that it was written from."""
    documents = [complete(one, door.rules.defaults) for one in samples(12)]
    data = file_837(door, [documents[:7], documents[7:]])
    assert counts(import_stream(door, io.BytesIO(data), "old.837")) == (12, 0, 0, 0)
    assert counts(bring(door, documents)) == (0, 0, 12, 0)


def test_a_cut_837_gives_all_but_the_last(door: Door) -> None:
    """The claim in which the file ends cannot be trusted to be whole."""
    documents = [complete(one, door.rules.defaults) for one in samples(5)]
    data = file_837(door, [documents])
    last = data.rindex(b"CLM*") + 60
    tally = import_stream(door, io.BytesIO(data[:last]), "cut.837")
    assert counts(tally) == (4, 0, 0, 1)
    assert "cut_off" in {issue["code"] for issue in tally.issues if issue["severity"] == "error"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "claims.bin: the file is empty"),
        (b"%PDF-1.4", "claims.bin: the file is a PDF"),
        (b"a,b\n1,2\n", "--mapping"),
        (b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*0000*^*00501*000000001*0*T*:~"
         b"GS*HP*A*B*20260101*0000*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~", "it holds 835"),
    ],
)  # fmt: skip
def test_a_file_of_something_else_is_refused(door: Door, data: bytes, reason: str) -> None:
    """One line names the file and what it is; nothing is stored."""
    with pytest.raises(UnreadableFile, match=reason):
        import_stream(door, io.BytesIO(data), "claims.bin")
    assert everything(door.store)["claims"] == 0


def test_a_missing_file_and_mapping_are_named(door: Door, tmp_path: Path) -> None:
    """Wrong usage is one line."""
    with pytest.raises(UsageError, match="No such file"):
        import_file(door, tmp_path / "none.json")
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(UsageError, match=r"no mapping 'x'.*example"):
        import_file(door, tmp_path / "a.csv", mapping_name="x")


def test_progress_is_told(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A progress bar has something to show."""
    monkeypatch.setattr(intake, "RECORDS_A_TRANSACTION", 10)
    told: list[int] = []
    data = json.dumps(samples(25)).encode()
    import_stream(door, io.BytesIO(data), "claims.json", progress=told.append)
    assert told == [10, 20, 25]


# Moving from another system


@pytest.fixture
def sent_file(door: Door, tmp_path: Path) -> Path:
    documents = [complete(one, door.rules.defaults) for one in samples(12)]
    path = tmp_path / "old.837"
    path.write_bytes(file_837(door, [documents[:7], documents[7:]]))
    return path


def test_already_sent_claims_are_sent_and_never_built(door: Door, sent_file: Path) -> None:
    """Claims and submissions as the envelope names them, so that answers find them; nothing is ready."""
    tally = import_already_sent(door, sent_file)
    assert tally.document() | {"issues": []} == {
        "file": str(sent_file), "records": 12, "ready": 0, "held": 0, "unchanged": 0, "rejected": 0, "sent": 12,
        "issues": [],
    }  # fmt: skip
    with door.store.read() as conn:
        assert store_claims.ready_groups(conn) == []
        (batch,) = batches.list_batches(conn)
        sets = batches.sets_of(conn, batch.id)
        numbers = [row.patient_control_number for row in batches.submissions_of(conn, sets[1].id)]
    assert (batch.state, batch.origin, batch.partner, batch.usage) == ("sent", "already_sent", "ally", "T")
    assert (batch.interchange_control_number, batch.group_control_number) == ("000000701", "88")
    assert batch.sent_at == "2026-01-10T09:30:00.000000Z"
    assert [(one.control_number, one.reference, one.claims) for one in sets] == [
        ("0001", "OLD1", 7),
        ("0002", "OLD2", 5),
    ]
    with door.store.read() as conn:
        first = batches.submissions_of(conn, sets[0].id)
    written = [row.patient_control_number for row in first] + numbers
    assert sorted(written) == sorted(one["patient_control_number"] for one in samples(12))
    assert current(door.store, written[0]).state == "sent"


def test_already_sent_again_changes_nothing(door: Door, sent_file: Path) -> None:
    """An interchange is taken in once."""
    import_already_sent(door, sent_file)
    before = everything(door.store)
    tally = import_already_sent(door, sent_file)
    assert counts(tally) == (0, 0, 12, 0)
    assert [issue["code"] for issue in tally.issues] == ["interchange_known"]
    assert everything(door.store) == before


def test_claims_that_were_imported_before_become_sent(door: Door, sent_file: Path) -> None:
    """The submission binds to the version that is there."""
    bring(door, samples(12))
    tally = import_already_sent(door, sent_file)
    assert counts(tally) == (0, 0, 12, 0)
    assert everything(door.store)["claim_versions"] == 12
    assert {current(door.store, one["patient_control_number"]).state for one in samples(12)} == {"sent"}


def test_already_sent_is_a_fact_even_where_it_would_be_refused(door: Door, tmp_path: Path) -> None:
    """What was sent twice with other content was sent twice; both stand in the store, each with its submission."""
    (document,) = (complete(one, door.rules.defaults) for one in samples(1))
    corrected = document | {"prior_authorization": "PA1"}
    for number, content in (("000000701", document), ("000000702", corrected)):
        path = tmp_path / f"{number}.837"
        path.write_bytes(file_837(door, [[content]], number=number))
        assert import_already_sent(door, path).document()["sent"] == 1
    assert everything(door.store)["claim_versions"] == 2
    assert everything(door.store)["submissions"] == 2


def test_edits_do_not_hold_what_was_sent(door: Door, tmp_path: Path) -> None:
    """Reasons are shown as warnings only: the claim is with the payer."""
    (document,) = (complete(one, door.rules.defaults) for one in samples(1))
    document["charge"] = "1.00"
    path = tmp_path / "odd.837"
    path.write_bytes(file_837(door, [[document]]))
    tally = import_already_sent(door, path)
    assert tally.document()["sent"] == 1 and not tally.needs_person
    assert {(issue["code"], issue["severity"]) for issue in tally.issues} == {("charge_sum", "warning")}
    assert current(door.store, document["patient_control_number"]).state == "sent"


def test_our_numbers_go_on_above_those_of_the_former_system(door: Door, sent_file: Path) -> None:
    """ISA13 and GS06 between the same two parties are never used twice."""
    import_already_sent(door, sent_file)
    with door.store.write() as conn:
        assert counters.reserve(conn, counters.isa_counter("ZZ:SUBMITTERID", "ZZ:330897513")) == 702
        assert counters.reserve(conn, counters.gs_counter("ZZ:SUBMITTERID", "ZZ:330897513")) == 89


def test_already_sent_needs_an_envelope(door: Door, tmp_path: Path) -> None:
    """Canonical claims name no submission, so nothing is stored of them."""
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(samples(2)))
    with pytest.raises(UsageError, match="--already-sent takes an 837"):
        import_already_sent(door, path)
    assert everything(door.store)["claims"] == 0


def test_an_interchange_is_taken_in_whole_or_not(door: Door, sent_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dead in the middle, nothing of it is there, and no claim of it can be built."""

    def dies(*_given: object, **_named: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(batches, "record_already_sent", dies)
        with pytest.raises(KeyboardInterrupt):
            import_already_sent(door, sent_file)
    assert everything(door.store)["claims"] == 0
    assert import_already_sent(door, sent_file).document()["sent"] == 12
