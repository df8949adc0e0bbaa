"""Sets that several processes make are the sets that one makes."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, wait
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import gateway.outbound.workers as workers_module
from gateway.claims.completion import complete
from gateway.claims.crosswalk import NO_CROSSWALK
from gateway.claims.samples import sample_claims
from gateway.exchange.admission_rules import load_rules
from gateway.exchange.companion_rules import load_companions
from gateway.outbound.checking import CheckedSet, SetJob, checked_set, write_file
from gateway.outbound.sets import Member
from gateway.outbound.workers import Workers
from gateway.outbound.writing import BatchHead, SetHead
from gateway.partners import Profile, load_profile
from gateway.second_opinion import differences
from gateway.x12.reader import Reader, TransactionSet

PROFILE = """\
[partner]
usage = "test"
payers = ["*"]
claim_types = ["professional"]
companions = ["office_ally"]

[envelope]
sender = "ZZ:HOUSE"
receiver = "ZZ:PARTNER"
receiver_name = "A PARTNER"

[submitter]
name = "A HOUSE"
id = "HOUSE"
contact = "DESK"
phone = "5555550100"

[folders]
send = "in"
receive = "out"

[files]
send_name = "TEST_{batch}.txt"

[folder]
path = "mailbox"
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A partner with wishes of its own."""
    (tmp_path / "partner.toml").write_text(PROFILE)
    return load_profile(tmp_path / "partner.toml")


@pytest.fixture
def jobs(profile: Profile, tmp_path: Path) -> list[SetJob]:
    """Six sets of five claims each, the second one asked of pyx12, too."""
    defaults = load_rules().defaults
    documents = [complete(claim, defaults) for claim in sample_claims(30, 1, date(2026, 1, 5))]
    members = [Member(n, n, one["patient_control_number"], 100, one) for n, one in enumerate(documents)]
    wishes = load_companions(tmp_path, {profile.name: profile}, NO_CROSSWALK).of(profile)
    head = BatchHead(profile, "professional", "000000001", "1", datetime(2026, 1, 6, tzinfo=UTC), wishes)
    return [
        SetJob(
            head, SetHead(f"{n + 1:04}", str(n)), members[n * 5 : n * 5 + 5], known=differences() if n == 1 else None
        )
        for n in range(6)
    ]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def workers(said: list[str]) -> Iterator[Workers]:
    """Two processes, whatever the number of claims."""
    made = Workers(2, said.append, fewest=1)
    yield made
    made.close()


@pytest.fixture
def no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process is handed all but the first set, and this one waits for it, however small the work is."""
    monkeypatch.setattr(workers_module, "AT_A_TIME", 1_000)


def file_of(made: Iterator[object], jobs: list[SetJob]) -> bytes:
    out = io.BytesIO()
    assert write_file(out, jobs[0].batch, made) == []  # type: ignore[arg-type]
    return out.getvalue()


def test_the_same_bytes_by_any_number_of_processes(jobs: list[SetJob], workers: Workers, no_help: None) -> None:
    """Wishes of the partner and the second opinion go along; the file is whole, with every set in its order."""
    alone = file_of(map(checked_set, jobs), jobs)
    assert file_of(workers.checked(jobs), jobs) == alone
    reader = Reader(io.BytesIO(alone))
    sets = [
        (item.control_number, sum(s[0] == "CLM" for s in item))
        for item in reader.items()
        if isinstance(item, TransactionSet)
    ]
    assert sets == [(f"{n:04}", 5) for n in range(1, 7)]
    assert reader.issues == []


def test_a_fault_blames_its_claim_from_another_process(jobs: list[SetJob], workers: Workers, no_help: None) -> None:
    """The claim that cannot be written is named, and the sets beside it are made."""
    guilty = jobs[1].members[3]
    guilty.document["patient_control_number"] = "A*B"
    made = list(workers.checked(jobs))
    (fault,) = [fault for one in made for fault in one.faulty]
    assert fault.member is not None and fault.member.claim_id == guilty.claim_id
    assert fault.member is not guilty, "a copy: it came from another process"
    assert [bool(one.text) for one in made] == [True, False, True, True, True, True]


def test_a_killed_process_costs_nothing(jobs: list[SetJob], workers: Workers, said: list[str]) -> None:
    """What it had not made is made here; a person is told once."""
    alone = file_of(map(checked_set, jobs), jobs)
    made = workers.checked(jobs)
    first = next(made)
    for process in list(workers._pool._processes.values()):  # type: ignore[union-attr]
        os.kill(process.pid, signal.SIGKILL)
    assert file_of(iter([first, *made]), jobs) == alone
    assert said == ["a process that makes sets ended unasked; the rest is made by this one"]
    assert file_of(workers.checked(jobs), jobs) == alone, "and the next file is made, too"


def test_what_was_not_handed_out_when_a_process_is_killed_is_made_here(
    jobs: list[SetJob], workers: Workers, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool breaks with sets that it was handed, and others that it was not: these are made, too, in their order."""
    begun, shares = workers._begun, []

    def noted(job: SetJob) -> Future[CheckedSet]:
        shares.append(begun(job))
        return shares[-1]

    monkeypatch.setattr(workers, "_begun", noted)
    many = jobs * 4
    made = workers.checked(many)
    first = next(made)
    for process in list(workers._pool._processes.values()):  # type: ignore[union-attr]
        os.kill(process.pid, signal.SIGKILL)
    assert not wait(shares, timeout=60).not_done
    assert [one.text for one in (first, *made)] == [checked_set(job).text for job in many]
    assert len(said) == 1


def test_few_claims_are_made_by_one_process(jobs: list[SetJob], said: list[str]) -> None:
    """No process is started for what is done sooner than one starts."""
    one = Workers(2, said.append)
    assert file_of(one.checked(jobs), jobs)
    assert one._pool is None
