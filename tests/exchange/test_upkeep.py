"""What goes over all of store and archive: one at a time; and the journal that rounds write by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from practice import Partner, Practice, in_a_folder, opened

from gateway.app import App
from gateway.exchange import journal
from gateway.store.decisions import add_decision

pytestmark = pytest.mark.usefixtures("quick")
EMBEDDED = pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)


@pytest.fixture
def partner(practice: Practice, tmp_path: Path) -> Partner:
    return practice.partner(in_a_folder(tmp_path / "partner"))


def _configured(practice: Practice, old: str, new: str) -> None:
    file = practice.home / "gateway.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def _journals(practice: Practice) -> list[str]:
    with opened(practice, App) as app:
        return [one.name for one in journal.journals(app)]


def test_one_at_a_time_goes_over_store_and_archive(practice: Practice, partner: Partner) -> None:
    """While one of them is at work, each of the others leaves with 3 and one line, and changes nothing: a file that
    leaves is not sealed anew, and a backup is not half of the time before. Rounds go on."""
    _configured(practice, "years = 0", "years = 10")
    practice.take_in(1)
    before = practice.rows()
    with opened(practice, App) as app, app.upkeep_lock():
        copy = str(practice.home / "copy.db")
        for command in (("retain", "--yes"), ("rekey",), ("backup", copy), ("journal",)):
            ran = practice.gateway("store", *command, code=3)
            assert ran.lines() == [
                "gateway: the archive is being worked on by another process; try again when it is done"
            ], command
        assert practice.rows() == before
        practice.gateway("exchange")
    practice.gateway("store", "rekey")
    practice.gateway("store", "retain", "--yes")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the clock."""
    start = datetime.now(UTC)

    def move(by: timedelta) -> None:
        monkeypatch.setattr(App, "now", lambda self: start + by)

    move(timedelta(0))
    return move


@EMBEDDED
def test_rounds_write_the_journal_where_it_is_asked_for(
    practice: Practice, partner: Partner, at: Callable[[timedelta], None]
) -> None:
    """Not by itself; then with the first round, and again when the last one is old enough or was written in a future
    that the clock was put back from. Each takes the place of the one before."""
    practice.gateway("exchange")
    assert _journals(practice) == []
    _configured(practice, "\nhours = 0\n", "\nhours = 24\n")
    seen = []
    for hours, is_new in ((0, True), (23, False), (25, True), (1, True), (2, False)):
        at(timedelta(hours=hours))
        practice.gateway("exchange")
        (found,) = _journals(practice)
        assert (found not in seen) == is_new, hours
        seen.append(found)


@EMBEDDED
def test_the_journal_of_a_round_waits(practice: Practice, partner: Partner) -> None:
    """While another process goes over store and archive; and while the numbers of a restored store are unproven, when
    the journal in the archive knows more than the store. Neither is a fault."""
    _configured(practice, "\nhours = 0\n", "\nhours = 1\n")
    with opened(practice, App) as app:
        with app.upkeep_lock():
            practice.gateway("exchange")
        assert _journals(practice) == []
        with app.store.write() as conn:
            add_decision(conn, actor="biller", action="restore", subject="store", reason="it", at=app.now())
        practice.gateway("exchange")
        assert _journals(practice) == []


@EMBEDDED
def test_a_journal_that_cannot_be_written_is_told(
    practice: Practice, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round itself is done; one line, a code, and an alert that ends when it is mended."""
    _configured(practice, "\nhours = 0\n", "\nhours = 1\n")
    spool = practice.home / "data" / "spool"
    spool.write_text("a file in the place of the folder")
    ran = practice.gateway("exchange", code=2)
    assert len(ran.lines()) == 1 and ran.lines()[0].startswith("the journal: ")
    told = practice.json("alerts", "list")
    assert [(one["kind"], one["text"]) for one in told] == [
        ("round_failed", "the journal could not be written into the archive: gateway store journal says why")
    ]
    spool.unlink()
    practice.gateway("exchange")
    assert practice.json("alerts", "list") == []


@EMBEDDED
def test_doctor_asks_a_practice_in_production_for_a_journal(practice: Practice, partner: Partner) -> None:
    """It says when the last one was written; who only tests need not have one."""

    def said() -> tuple[str, str]:
        (found,) = (one for one in practice.json("doctor", "--offline", code=None) if one["what"] == "journal")
        return found["level"], found["text"]

    assert said() == ("ok", "not written yet; never by itself")
    partner.changes = {'usage = "test"': 'usage = "production"'}
    practice.partner(partner)
    assert said() == ("warning", "not written yet; never by itself")
    practice.gateway("store", "journal")
    _configured(practice, "\nhours = 0\n", "\nhours = 24\n")
    level, text = said()
    assert level == "ok" and text.startswith("written 20") and text.endswith("by itself after 24 hours")
    _configured(practice, "\nhours = 24\n", "\nhours = -1\n")
    assert "[journal] hours: must be a whole number from 0 to 8760" in practice.gateway("exchange", code=2).err
