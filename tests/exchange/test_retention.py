"""When the time of retention is over: persons leave, the books stay, legal holds keep."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from practice import Practice, settle_all, simulated

from gateway.app import App
from gateway.exchange import retaining
from gateway.exchange.journal import journals
from gateway.exchange.retaining import years_before
from gateway.home import Home

pytestmark = pytest.mark.usefixtures("quick")

CLAIMS = 8
LATER = 11  # years


@pytest.fixture
def practice(tmp_path: Path, new_store_url: Callable[[], str]) -> Iterator[Practice]:
    """A practice whose claims went the whole way: some are paid, some denied."""
    made = Practice.make(tmp_path / "home", new_store_url())
    with simulated(tmp_path / "partner") as partner:
        made.partner(partner)
        made.take_in(CLAIMS)
        settle_all(made, [partner])
        yield made


@pytest.fixture
def later(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven years have passed, and the practice keeps things for ten."""
    at = years_before(datetime.now(UTC), -LATER)
    monkeypatch.setattr(App, "now", lambda self: at)
    configuration = practice.home / "gateway.toml"
    configuration.write_text(configuration.read_text().replace("years = 0", "years = 10"))


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def persons(practice: Practice) -> list[str]:
    """The last names and member ids that were imported."""
    (file,) = practice.home.glob("claims*.json")
    subscribers = [claim["subscriber"] for claim in json.loads(file.read_text())]
    return [one[name] for one in subscribers for name in ("last_name", "member_id")]


def dump(practice: Practice) -> str:
    """Every document that the store holds."""
    from gateway.store import open_store

    store = open_store(practice.store_url)
    try:
        with store.read() as conn:
            tables = ("claim_versions", "remittance_claims", "events", "work_entries")
            return "".join(str(conn.exec_driver_sql(f"SELECT * FROM {name}").all()) for name in tables)
    finally:
        store.close()


def settled(practice: Practice) -> set[str]:
    return {n for n, state in practice.states().items() if state in ("paid", "partly_paid", "denied", "zero_paid")}


@pytest.mark.usefixtures("later")
def test_persons_leave_and_the_books_stay(practice: Practice) -> None:
    """The report, every state and every sum are as before; nobody's name or number is in the store or the archive."""
    report, states = practice.report(), practice.states()
    assert settled(practice) == set(states), "every claim of this practice was decided"
    assert any(name in dump(practice) for name in persons(practice))
    plan = practice.json("store", "retain")
    assert (plan["claims"], plan["held"], plan["unsettled"], plan["done"]) == (CLAIMS, 0, 0, False)
    done = practice.json("store", "retain", "--yes", "--reason", "ten years are over")
    assert (done["claims"], done["done"]) == (CLAIMS, True)
    assert not [name for name in persons(practice) if name in dump(practice)]
    assert not [name for name in persons(practice) if name.encode() in bytes_of(practice.home / "data" / "archive")]
    assert (practice.report(), practice.states()) == (report, states)
    practice.check()
    again = practice.json("store", "retain", "--yes")
    assert (again["claims"], again["files"]) == (0, 0)


@pytest.mark.usefixtures("later")
def test_persons_leave_the_journal_too(practice: Practice) -> None:
    """A journal that was written before is written anew: nobody's name or number is in it, and it is the only one."""
    before = _journal(practice, practice.json("store", "journal")["file"], "before.gz")
    assert any(name in before for name in persons(practice))
    practice.gateway("store", "retain", "--yes")
    app = App(Home.open(practice.home))
    (found,) = journals(app)
    after = _journal(practice, found.name, "after.gz")
    assert not [name for name in persons(practice) if name in after]
    practice.check()


def _journal(practice: Practice, name: str, file: str) -> str:
    practice.gateway("store", "export", name, str(practice.home / file))
    return gzip.decompress((practice.home / file).read_bytes()).decode()


@pytest.mark.usefixtures("later")
def test_a_legal_hold_keeps_a_claim_and_its_files(practice: Practice) -> None:
    """What is on hold stays whole, with each file that speaks of it; lifted, it goes."""
    number = sorted(practice.states())[0]
    practice.gateway("claims", "legal-hold", number, "--reason", "a lawsuit")
    practice.gateway("claims", "legal-hold", number, "--reason", "again", code=4)
    shown = practice.json("claims", "show", number)
    assert shown["legal_hold"] is True
    plan = practice.json("store", "retain", "--yes")
    assert (plan["claims"], plan["held"]) == (CLAIMS - 1, 1)
    after = practice.json("claims", "show", number)
    assert {**after, "events": 0} == {**shown, "events": 0}
    batch = after["submissions"][0]["batch"]
    practice.gateway("batches", "export", batch, str(practice.home / "copy.edi"))
    practice.gateway("claims", "legal-hold", number, "--lift", "--reason", "settled")
    assert practice.json("store", "retain", "--yes")["claims"] == 1
    refused = practice.gateway("batches", "export", batch, str(practice.home / "again.edi"), code=4)
    assert "left the archive" in refused.err
    practice.check()


@pytest.mark.usefixtures("later")
def test_a_hold_on_everything_lets_nothing_go(practice: Practice) -> None:
    """While it stands the command refuses, and says why."""
    practice.gateway("claims", "legal-hold", "--all", "--reason", "an audit")
    before = dump(practice)
    assert "legal hold" in practice.gateway("store", "retain", "--yes", code=4).err
    assert dump(practice) == before


def test_what_is_young_stays(practice: Practice) -> None:
    """Within the years nothing goes; and where no years are said, the command says which line is missing."""
    assert "[retention] years" in practice.gateway("store", "retain", code=2).err
    configuration = practice.home / "gateway.toml"
    configuration.write_text(configuration.read_text().replace("years = 0", "years = 10"))
    plan = practice.json("store", "retain", "--yes")
    assert (plan["claims"], plan["files"], plan["unsettled"]) == (0, 0, 0)


@pytest.mark.usefixtures("later")
def test_a_claim_that_left_is_not_changed(practice: Practice) -> None:
    """It is shown with the day on which it left, and not voided; the same claim again is unchanged."""
    practice.gateway("store", "retain", "--yes")
    number = sorted(practice.states())[0]
    shown = practice.json("claims", "show", number)
    assert shown["left_on"]
    assert "left the store" in practice.gateway("claims", "void", number, "--reason", "x", code=4).err
    (file,) = practice.home.glob("claims*.json")
    (document,) = practice.json("claims", "import", str(file))
    assert document["unchanged"] == CLAIMS


@pytest.mark.usefixtures("later")
def test_a_run_that_was_interrupted_is_ended_by_the_next(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between its record and the bytes: store check holds, and the next run removes what is there still."""
    monkeypatch.setattr(retaining, "_remove_bytes", lambda app: None)
    practice.gateway("store", "retain", "--yes")
    archive = practice.home / "data" / "archive"
    assert bytes_of(archive)
    practice.check()
    monkeypatch.undo()
    configuration = practice.home / "gateway.toml"
    assert "years = 10" in configuration.read_text()
    practice.gateway("store", "retain", "--yes")
    assert not bytes_of(archive)
    practice.check()


def test_years_are_counted_by_the_calendar() -> None:
    """The 29th of February becomes the 28th where there is none."""
    day = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert years_before(day, 1) == datetime(2027, 2, 28, 12, tzinfo=UTC)
    assert years_before(day, 4) == datetime(2024, 2, 29, 12, tzinfo=UTC)
