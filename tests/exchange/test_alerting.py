"""Alerts by the real exchange: each thing told once, its mending too, by channels that work and channels that fail."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alert_servers import Hook, Mailbox, http_server, smtp_server
from gpg_keys import KeyMaker
from practice import Practice, in_a_folder, simulated
from practice import opened as practice_opened
from test_running import clocked, lived

from gateway.alerts.kinds import KINDS
from gateway.app import App
from gateway.exchange import alerting, conditions
from gateway.simulator import Faults, Scenario

pytestmark = pytest.mark.usefixtures("quick")
EMBEDDED = pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True)
MARKS = ("Zebrastone", "ZEBRASTONE", "MEMBER-9911", "ZEBRA0001", "1931-07-08", "19310708")

REJECTING = """
name = "rejecting"
[[rules]]
name = "its set is rejected"
when = { index = [1, 2] }
ack = { verdict = "reject" }
[[rules]]
name = "rejected by the clearinghouse"
when = { index = [3] }
clearinghouse = { verdict = "reject", category = "A7", status = "164", entity = "IL" }
[[rules]]
name = "taken for a duplicate"
when = { index = [4] }
clearinghouse = { verdict = "reject", category = "A3", status = "54" }
"""


SILENT = """
name = "silent"
[options]
payer_acknowledges = false
[[rules]]
name = "nobody says anything after the 999"
when = { index = [1] }
clearinghouse = { verdict = "silent" }
remittance = { verdict = "silent" }
[[rules]]
name = "no payment"
remittance = { verdict = "silent" }
"""


class Later(App):
    """An app whose clock stands later than the machine's."""

    by = timedelta(0)

    def now(self) -> Any:
        return super().now() + self.by


@contextlib.contextmanager
def opened(practice: Practice, by: timedelta = timedelta(0)) -> Iterator[Later]:
    with practice_opened(practice, Later) as app:
        app.by = by
        yield app


def tell_by(practice: Practice, mail: Mailbox | None = None, hook: Hook | None = None, command: str = "") -> None:
    text = '[store]\nurl = "sqlite:///data/claims.db"\n[alerts]\nname = "practice"\n'
    if mail:
        text += (
            '[alerts.mail]\nto = ["billing@example.com"]\nfrom = "gateway@example.com"\nhost = "127.0.0.1"\n'
            f'port = {mail.port}\nsecurity = "none"\n'
        )
    if hook:
        text += f'[alerts.webhook]\nurl = "{hook.url}"\n'
    if command:
        text += f"[alerts.command]\nline = {json.dumps(command)}\n"
    (practice.home / "gateway.toml").write_text(text)


@pytest.fixture
def mail(practice: Practice) -> Iterator[Mailbox]:
    """A mailbox that the practice's alerts go to."""
    with smtp_server() as box:
        tell_by(practice, box)
        yield box


def kinds(practice: Practice) -> set[str]:
    """The kinds of all that is open."""
    return {one["kind"] for one in practice.json("alerts", "list") if one["state"] == "open"}


# ── once, and its mending ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_delivery_is_told_once_and_its_mending_too(
    practice: Practice, mail: Mailbox, tmp_path: Path
) -> None:
    """However many rounds are made: one mail when it happens, one when an answer settles it."""
    with simulated(tmp_path / "partner", per_file=4) as partner:
        practice.partner(partner)
        practice.take_in(4)
        partner.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="after", times=1)
        practice.gateway("exchange", code=1)
        (text,) = mail.texts
        assert "batch 1 for house (4 claims): nobody knows whether it arrived" in text
        assert "gateway runbook unknown-delivery" in text
        for _ in range(3):
            practice.gateway("exchange", code=1)
        assert len(mail.mails) == 1
        partner.work()
        practice.gateway("exchange", code=1)  # looks into the folder before it fetches the answer
        practice.gateway("exchange")
    assert [one["Subject"] for one in mail.mails] == [
        "[gateway practice] 1 needs a person",
        "[gateway practice] 1 mended",
    ]
    assert practice.json("alerts", "list") == []
    (kept,) = practice.json("alerts", "list", "--all", "10")
    assert (kept["kind"], kept["state"], kept["told"]) == ("unknown_delivery", "mended", ["mail"])


def test_what_comes_again_is_told_again(practice: Practice, mail: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills, is cleared and fills once more is two alerts."""
    for least in (1 << 62, 0, 1 << 62):
        monkeypatch.setattr(conditions, "LEAST_FREE", least)
        practice.gateway("exchange")
        practice.gateway("exchange")
    assert [one["Subject"].partition("] ")[2] for one in mail.mails] == [
        "1 needs a person",
        "1 mended",
        "1 needs a person",
    ]
    assert all(one["since"] for one in practice.json("alerts", "list", "--all", "10"))


# ── what is noticed ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_rejections_are_told_by_batch_and_end_with_the_work_on_them(
    practice: Practice, mail: Mailbox, tmp_path: Path
) -> None:
    """A 999's set, a 277CA's claims and a suspected duplicate are three things; each ends when a person is done."""
    partner = practice.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml(REJECTING)))
    numbers = practice.take_in(6)
    for _ in range(2):
        practice.gateway("exchange", code=None)
        partner.work()
    rejected = [number for number, state in practice.states().items() if state == "rejected_999"]
    found = {one["kind"]: one for one in practice.json("alerts", "list")}
    assert {"rejected_batch", "rejected_claims", "duplicate_suspected"} <= found.keys()
    assert "2 claims rejected by a 999" in found["rejected_batch"]["text"]
    assert "1 claim rejected by a 277CA" in found["rejected_claims"]["text"]
    assert not any(number in text for text in mail.texts for number in numbers)
    for number in rejected:
        practice.gateway("worklist", "done", number, "--outcome", "written_off")
    practice.gateway("exchange", code=None)
    assert {"rejected_claims", "duplicate_suspected"} <= kinds(practice)
    assert "rejected_batch" not in kinds(practice)
    assert "mended" in mail.mails[-1]["Subject"]


@EMBEDDED
def test_an_answer_to_a_cancelled_batch_is_told(practice: Practice, mail: Mailbox, tmp_path: Path) -> None:
    """Somebody uploaded the file by hand and cancelled the batch: its claims go out twice, and a person must know. It
    ends when the claims are done with; a conflict of another kind is none."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    numbers = practice.take_in(2)
    practice.gateway("batches", "build")
    practice.gateway("batches", "export", "1", str(partner.simulator.inbound / "by_hand.txt"))
    practice.gateway("batches", "cancel", "1", "--reason", "went by the portal")
    assert "cancelled_answered" not in kinds(practice)
    for _ in range(3):
        partner.work()
        practice.gateway("exchange", code=None)
    (told,) = (one for one in practice.json("alerts", "list") if one["kind"] == "cancelled_answered")
    assert told["text"] == "batch 1 for house (2 claims): it was cancelled, and is answered"
    assert any("gateway runbook cancelled-answered" in text for text in mail.texts)
    for number in numbers:
        practice.gateway("worklist", "done", number, "--outcome", "no_action")
    practice.gateway("exchange", code=None)
    assert "cancelled_answered" not in kinds(practice)


def test_answers_that_do_not_come_in_the_partners_time_are_told(
    practice: Practice, mail: Mailbox, tmp_path: Path
) -> None:
    """No 999 after a day, no 277CA after two, by batch; no 835 after a month, by payer; nothing of it before."""
    partner = practice.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml(SILENT)))
    practice.take_in(4)
    practice.gateway("exchange")
    assert _silent(practice, 0.9) == {}
    assert _silent(practice, 1.1).keys() == {"no_999"}
    partner.work()
    practice.gateway("exchange")
    found = _silent(practice, 2.1)
    assert found.keys() == {"no_277ca"}
    assert found["no_277ca"] == ["batch 1 for house: 1 claim without a 277CA in time"]
    found = _silent(practice, 31)
    assert found.keys() == {"no_277ca", "no_835"}
    assert sum(int(text.split()[1]) for text in found["no_835"]) == 3
    assert all("without an 835 in time" in text for text in found["no_835"])
    with opened(practice, timedelta(days=31)) as app:
        alerting.send(app)
        alerting.send(app)
    assert len(mail.mails) == 1


def _silent(practice: Practice, days: float) -> dict[str, list[str]]:
    """What would be told in some days if nothing more came."""
    found: dict[str, list[str]] = {}
    with opened(practice, timedelta(days=days)) as app:
        for one in alerting.listed(app):
            found.setdefault(one["kind"], []).append(one["text"])
    return found


def test_files_and_money_that_wait_are_told_without_what_they_hold(
    practice: Practice, mail: Mailbox, tmp_path: Path
) -> None:
    """A file that cannot be read by its number, an unmatched payment by its number; no name of a file is shown."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    (partner.simulator.outbound / "ZEBRASTONE_JANE.pdf").write_bytes(b"%PDF-1.7 Zebrastone")
    (partner.simulator.outbound / "ZEBRASTONE.835").write_bytes(unknown_payment())
    practice.gateway("exchange", code=1)
    found = {one["kind"]: one for one in practice.json("alerts", "list")}
    assert {"quarantined_file", "unmatched_money"} <= found.keys()
    assert "inbound file" in found["quarantined_file"]["text"]
    assert "1 claim that are nobody's" in found["unmatched_money"]["text"]
    assert len(mail.mails) == 1
    assert not any(mark in text for text in mail.texts for mark in MARKS)


def unknown_payment(balance: str = "100") -> bytes:
    """A payment of a claim that nobody knows."""
    isa = "ISA*00*          *00*          *ZZ*HOUSEHOUSE     *ZZ*EXAMPLEHOUSE   *260105*1200*^*00501*000000001*0*T*:~"
    body = [
        "ST*835*0001", f"BPR*I*{balance}*C*ACH*CCP*01*999999992*DA*123456*1512345678**01*999988880*DA*98765*20260105",
        "TRN*1*CHK1*1512345678", "DTM*405*20260105", "N1*PR*EVERGREEN", "N3*1 ROAD", "N4*TOWN*CA*90001",
        "PER*BL*DESK*TE*5555550100", "N1*PE*LAKEVIEW*XX*1999000007", "LX*1", "CLP*ZEBRA0001*1*100*100**12*P1*11*1",
        "NM1*QC*1*ZEBRASTONE*JANE****MI*MEMBER-9911", "DTM*232*20260101",
    ]  # fmt: skip
    body.append(f"SE*{len(body) + 1}*0001")
    gs = "GS*HP*HOUSEHOUSE*EXAMPLEHOUSE*20260105*1200*1*X*005010X221A1"
    return "~".join([isa.rstrip("~"), gs, *body, "GE*1*1", "IEA*1*000000001", ""]).encode()


def test_parked_money_is_told_until_somebody_decides(practice: Practice, tmp_path: Path) -> None:
    """A payment that does not balance is read and not posted; posting it as it is ends the alert."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    (partner.simulator.outbound / "era.835").write_bytes(unknown_payment("90"))
    practice.gateway("exchange", code=1)
    assert kinds(practice) == {"parked_money"}
    (payment,) = practice.json("remittances", "list")
    practice.gateway("remittances", "post", str(payment["id"]), "--as-is", "--reason", "their letter", code=None)
    assert "parked_money" not in kinds(practice)


@EMBEDDED
@pytest.mark.parametrize(
    ("faults", "rounds", "kind"),
    [
        (Faults(refuse_login=True), 1, "credentials_refused"),
        (Faults(wrong_host_key=True), 1, "host_key_refused"),
        (Faults(refuse=frozenset({"list"})), 1, "partner_setup"),
        (Faults(drop_at="list"), 3, "partner_unreachable"),
    ],
)
def test_a_partner_in_trouble_is_told_and_so_is_the_end_of_it(
    practice: Practice, mail: Mailbox, tmp_path: Path, faults: Faults, rounds: int, kind: str
) -> None:
    """What no retry mends at once; who is out of reach only after several rounds."""
    with simulated(tmp_path / "partner") as partner:
        practice.partner(partner)
        partner.simulator.faults = faults
        for number in range(1, rounds + 2):
            practice.gateway("exchange", code=None)
            assert kinds(practice) == ({kind} if number >= rounds else set())
        assert len(mail.mails) == 1
        partner.simulator.faults = Faults()
        practice.gateway("partners", "check", "house")
        practice.gateway("exchange")
    assert [("mended" in one["Subject"]) for one in mail.mails] == [False, True]
    assert practice.json("alerts", "list") == []


@EMBEDDED
def test_claims_and_batches_that_go_nowhere_are_told(practice: Practice, tmp_path: Path) -> None:
    """Claims that no profile takes; batches whose profile is gone."""
    partner = practice.partner(in_a_folder(tmp_path / "partner"))
    practice.take_in(6)
    partner.payers = ("60054",)
    practice.partner(partner)
    practice.gateway("exchange", code=1)
    assert kinds(practice) == {"unrouted_claims"}
    partner.payers = ("*",)
    practice.partner(partner)
    practice.gateway("batches", "build")
    (practice.home / "sftp_config" / "house.toml").unlink()
    practice.gateway("exchange", code=2)
    assert kinds(practice) == {"partner_missing"}


@EMBEDDED
def test_machine_and_keys_are_looked_at(
    practice: Practice, tmp_path: Path, key_maker: KeyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is nearly full, a clock that was put back, a key that has ended."""
    (practice.home / "keys" / "theirs.asc").write_text(key_maker.make("ended", made="20200101", expires="1d").public)
    sealed = '[pgp]\nencrypt_to = "file:keys/theirs.asc"\n[limits]'
    practice.partner(in_a_folder(tmp_path / "partner", changes={"[limits]": sealed}))
    practice.gateway("exchange")
    monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
    with opened(practice, timedelta(hours=-2)) as app:
        found = {one["kind"]: one["text"] for one in alerting.listed(app)}
    assert found.keys() == {"disk_low", "clock_wrong", "key_expiry"}
    assert found["key_expiry"] == "house: the key of [pgp] encrypt_to ended on 2020-01-02"
    doctor = {one["what"]: one["level"] for one in practice.json("doctor", "--offline", code=2)}
    assert (doctor["disk"], doctor["clock"]) == ("error", "ok")


@EMBEDDED
def test_what_a_check_of_the_store_finds_is_told(practice: Practice, mail: Mailbox) -> None:
    """`store check` by the clock is enough; when it holds again, that is told, too."""
    stray = practice.home / "data" / "archive"
    practice.gateway("store", "check")
    from gateway.transport.archive import Archive

    name = Archive(stray).keep(b"nobody's bytes", "received", practice.now()).name
    practice.gateway("store", "check", code=1)
    practice.gateway("exchange")
    (stray / name).chmod(0o600)
    (stray / name).unlink()
    practice.gateway("store", "check")
    practice.gateway("exchange")
    assert ["mended" in one["Subject"] for one in mail.mails] == [False, True]


# ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_that_fails_waits_is_told_by_the_others_and_lacks_nothing_afterwards(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange leaves as ever; a second failure is told by mail; when it works again it hears all, once."""
    monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
    with smtp_server() as mail, http_server() as hook:
        tell_by(practice, mail, hook)
        hook.status = 500
        ran = practice.gateway("exchange")
        assert "alerts by webhook did not get through: webhook: the server answered 500" in ran.err
        practice.gateway("exchange")
        assert len(hook.posts) == 1  # not tried again so soon
        with opened(practice, timedelta(minutes=2)) as app:
            alerting.send(app)
        assert [one["Subject"].partition("] ")[2] for one in mail.mails] == ["1 needs a person", "1 needs a person"]
        assert "alerts by webhook do not get through" in mail.texts[1]
        (finding,) = (one for one in practice.json("doctor", "--offline", code=2) if "500" in one["text"])
        assert (finding["level"], "gateway alerts test" in finding["mend"]) == ("warning", True)
        hook.status = 204
        with opened(practice, timedelta(hours=2)) as app:
            alerting.send(app)
            alerting.send(app)
        told = [one["kind"] for document in hook.documents[2:] for one in document["alerts"]]
        assert told == ["disk_low"]
        assert mail.mails[-1]["Subject"] == "[gateway practice] 1 mended"


def test_what_was_mended_before_a_channel_worked_is_not_told_there(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither that it was, nor that it is no more."""
    with http_server() as hook:
        tell_by(practice, hook=hook)
        hook.status = 500
        monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
        practice.gateway("exchange")
        hook.status = 200
        monkeypatch.setattr(conditions, "LEAST_FREE", 0)
        with opened(practice, timedelta(hours=2)) as app:
            alerting.send(app)
    assert len(hook.posts) == 1


@EMBEDDED
def test_a_test_message_tells_which_channel_does_not_work(practice: Practice) -> None:
    """`alerts test` leaves with 1 where one fails, with 2 where there is none; nothing of it is an alert."""
    assert "no such channel" in practice.gateway("alerts", "test", code=2).err
    with smtp_server() as mail:
        tell_by(practice, mail, command="/bin/sh -c 'exit 3'")
        found = {one["channel"]: one for one in practice.json("alerts", "test", code=1)}
        assert practice.json("alerts", "test", "--channel", "mail") == [{"channel": "mail", "sent": True, "text": ""}]
    assert found["command"]["text"] == "command: ended with 3"
    assert [one["Subject"] for one in mail.mails] == ["[gateway practice] test"] * 2
    assert practice.json("alerts", "list", "--all", "9") == []


def test_a_person_may_dismiss_an_alert(practice: Practice, mail: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept with who and why, is silent while its cause lasts, and new when it comes back."""
    monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
    practice.gateway("exchange")
    (one,) = practice.json("alerts", "list")
    practice.gateway("alerts", "dismiss", one["id"], "--reason", "a larger disk is ordered")
    practice.gateway("exchange")
    (one,) = practice.json("alerts", "list")
    assert (one["state"], one["dismissed"]["by"], one["dismissed"]["reason"]) == (
        "dismissed",
        "biller",
        "a larger disk is ordered",
    )
    for least in (0, 1 << 62):
        monkeypatch.setattr(conditions, "LEAST_FREE", least)
        practice.gateway("exchange")
    assert kinds(practice) == {"disk_low"}
    practice.gateway("alerts", "dismiss", "999", "--reason", "x", code=2)


# ── never in the way ─────────────────────────────────────────────────────────────────────────────────────────────────


@EMBEDDED
def test_a_bug_in_alerts_changes_nothing_about_the_exchange(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line to report, and the exit code of the round."""
    practice.partner(in_a_folder(tmp_path / "partner"))
    practice.take_in(2)

    def broken(*_: Any) -> Any:
        raise KeyError("Zebrastone")

    monkeypatch.setattr(alerting, "by_the_store", broken)
    ran = practice.gateway("exchange")
    assert "alerts: a bug in the gateway: KeyError at" in ran.err
    assert "Zebrastone" not in ran.err
    assert [one["state"] for one in practice.batches()] == ["sent"]


def test_two_processes_tell_once(practice: Practice, mail: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one looks and tells, the other goes on without a word."""
    monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
    with opened(practice) as app, app.mailbox_lock("alerts"):
        assert practice.gateway("exchange").err == ""
    assert mail.mails == []
    practice.gateway("exchange")
    assert len(mail.mails) == 1


def test_no_alert_holds_anything_of_a_patient(practice: Practice, tmp_path: Path) -> None:
    """Names, numbers and dates that are marked in claims, files and payers' ids stand in no message and no table."""

    def marked(claim: dict[str, Any]) -> None:
        claim["subscriber"] |= {"last_name": "Zebrastone", "first_name": "Jane"}
        if claim["payer"]["id"] == "99001":
            claim["subscriber"]["member_id"] = "MEMBER-9911"
        elif claim["payer"]["id"] == "99003":
            claim["payer"]["id"] = "ZEBRASTONE JANE"

    partner = practice.partner(in_a_folder(tmp_path / "partner", Scenario.from_toml(REJECTING)))
    with smtp_server() as mail, http_server() as hook:
        tell_by(practice, mail, hook)
        numbers = _taken(practice, marked)
        (partner.simulator.outbound / "ZEBRASTONE.pdf").write_bytes(b"%PDF-1.7")
        (partner.simulator.outbound / "ZEBRASTONE.835").write_bytes(unknown_payment())
        for _ in range(3):
            practice.gateway("exchange", code=None)
            partner.work()
        with opened(practice, timedelta(days=60)) as app:
            alerting.send(app)
    assert len(mail.mails) >= 2
    shown = [*mail.texts, *(str(one) for one in mail.mails), *(body.decode() for _, _, body in hook.posts)]
    shown.append(practice.gateway("alerts", "list", "--all", "99", "--json").out)
    words = (*MARKS, *numbers)
    assert [word for word in words for text in shown if word in text] == []
    assert {one["kind"] for document in hook.documents for one in document["alerts"]} >= {
        "rejected_batch",
        "quarantined_file",
        "unmatched_money",
    }


def _taken(practice: Practice, marked: Callable[[dict[str, Any]], None]) -> list[str]:
    found: list[str] = practice.take_in(6, changed=marked)
    return found


def test_every_kind_has_words_and_a_page() -> None:
    """A kind is text that fits its column."""
    assert all(len(name) <= 24 and kind.title and kind.page for name, kind in KINDS.items())


@EMBEDDED
def test_a_store_that_is_out_of_reach_is_told_once_and_so_is_its_return(practice: Practice, mail: Mailbox) -> None:
    """There is nothing to keep it in, yet each round tells it only once."""
    file = Path(practice.store_url.removeprefix("sqlite:///"))
    practice.gateway("exchange")
    whole = file.read_bytes()
    file.write_bytes(b"no database " * 1000)
    for _ in range(3):
        assert "gateway runbook store-unavailable" in practice.gateway("exchange", code=2).err
    assert [one["Subject"] for one in mail.mails] == ["[gateway practice] 1 needs a person"]
    assert "not a database of the gateway" in mail.texts[0]
    file.write_bytes(whole)
    practice.gateway("exchange")
    practice.gateway("exchange")
    assert [one["Subject"] for one in mail.mails][1:] == ["[gateway practice] 1 mended"]


@EMBEDDED
def test_the_running_gateway_tells_and_tries_a_failing_channel_again_with_pauses(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six hours of `run`, the first three with a webhook that is down: tried seldom, told once, the rounds as ever."""
    practice.partner(in_a_folder(tmp_path / "partner"))
    monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
    with http_server() as hook, clocked(practice, timedelta(hours=6)) as app:
        tell_by(practice, hook=hook)
        hook.status = 503

        def mend() -> None:
            hook.status = 204

        app.at[timedelta(hours=3)] = mend
        rounds, said = lived(app)
    assert len(rounds) >= 20
    assert 5 <= sum("alerts by webhook did not get through" in line for line in said) <= 12
    assert len(hook.posts) == len(said) + 1
    assert [one["kind"] for one in hook.documents[-1]["alerts"]].count("disk_low") == 1


@EMBEDDED
def test_alerts_are_shown_as_a_table_and_looked_at_first(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be told, and to whom it was; nothing is told by looking."""
    assert practice.gateway("alerts", "list").out == "nothing needs a person\n"
    monkeypatch.setattr(conditions, "LEAST_FREE", 1 << 62)
    with smtp_server() as mail:
        tell_by(practice, mail)
        assert "the disk of the home" in practice.gateway("alerts", "send", "--dry-run").out
        assert "nobody" in practice.gateway("alerts", "list").out
        assert mail.mails == []
        assert practice.gateway("alerts", "send").out == "new 1, mended 0\ntold by mail: 1\n"
        assert practice.gateway("alerts", "send", "--dry-run").out == "nothing to tell\n"
        (line,) = [one for one in practice.gateway("alerts", "list").out.splitlines() if "disk" in one]
    assert "mail" in line and "disk-full" in line
