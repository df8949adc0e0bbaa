"""Patient data stays in store and archive: no log, error, exception or name of a file carries it.

Claims, payments and answers carry marks that occur nowhere else. What commands show of claims on standard output may
hold them; what stands on standard error, in logs of any form and level, and in names of files may not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_home import claims, folder_profile, new_home, write_csv, write_ndjson
from cli_run import Gateway, Ran

from gateway.exchange import collection
from gateway.simulator import Scenario, Simulator

LAST, FIRST, MEMBER, STREET, BORN = "ZZMARKLAST", "ZZMARKFIRST", "ZZMARKMEMBER", "77 ZZMARKSTREET", "1931-07-19"
NUMBER = "ZZMARKCLM"
MARKS = ("ZZMARK", "1931-07-19", "19310719", "07/19/1931")


def marked(count: int, seed: int, start: int = 0) -> list[dict[str, object]]:
    """Claims whose subscribers carry the marks."""
    documents = claims(count, seed)
    for number, document in enumerate(documents, start):
        document["patient_control_number"] = f"{NUMBER}{number}"
        document["payer"] = {"id": "99001", "name": "EVERGREEN HEALTH PLAN"}
        document["subscriber"]["filing_indicator"] = "CI"
        document["subscriber"] |= {"last_name": LAST, "first_name": FIRST, "member_id": MEMBER, "birth_date": BORN}
        document["subscriber"]["address"]["line1"] = STREET
        if "patient" in document:
            document["patient"] |= {"last_name": LAST, "first_name": FIRST, "birth_date": BORN}
    return documents


def broken(documents: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same with a fault each: in amounts, dates, codes, characters, types, unknown fields."""
    for number, document in enumerate(documents):
        subscriber = document["subscriber"]
        assert isinstance(subscriber, dict)
        match number % 8:
            case 0:
                document["charge"] = f"{LAST}.00"
            case 1:
                subscriber["birth_date"] = f"{BORN}T{LAST}"
            case 2:
                subscriber["last_name"] = f"{LAST}~*:"
            case 3:
                subscriber["gender"] = LAST
            case 4:
                subscriber["nickname"] = MEMBER
            case 5:
                document["lines"] = LAST
            case 6:
                subscriber["member_id"] = MEMBER * 20
            case 7:
                document["patient_control_number"] = f"{NUMBER}{'X' * 60}"
    return documents


def leaks(text: str) -> list[str]:
    return [line for line in text.splitlines() for mark in MARKS if mark in line]


def names_of_files(home: Path) -> str:
    return "\n".join(str(path.relative_to(home)) for path in home.rglob("*"))


class Watched:
    """A gateway whose standard error and file names are looked through after each command."""

    def __init__(self, home: Path, form: str) -> None:
        self.home = home
        self.gateway = Gateway()
        self.options = ("--home", home, "--log-level", "debug", "--log-format", form)

    def __call__(self, *arguments: object, code: int | None = None) -> Ran:
        ran = self.gateway(*self.options, *arguments, code=code)
        assert leaks(ran.err) == [], arguments
        assert leaks(names_of_files(self.home)) == [], arguments
        return ran


@pytest.fixture(params=["console", "json"])
def watched(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """An empty home whose logs are at their loudest."""
    new_home(tmp_path / "home")
    monkeypatch.setattr(collection, "SETTLE_SECONDS", 0.0)
    return Watched(tmp_path / "home", request.param)


def test_imports_and_their_failures_name_no_patient(watched: Watched, tmp_path: Path) -> None:
    """Good records, bad ones, files that are cut, foreign or in a wrong encoding."""
    good, bad = marked(4, 1), broken(marked(16, 2, 100))
    watched("claims", "import", write_ndjson(tmp_path / "good.ndjson", good), code=0)
    watched("claims", "import", write_ndjson(tmp_path / "bad.ndjson", bad), code=1)
    watched("claims", "import", write_csv(tmp_path / "good.csv", marked(2, 3, 200)), "--mapping", "example")
    text = (tmp_path / "good.ndjson").read_text()
    (tmp_path / "cut.ndjson").write_text(text[: len(text) // 2])
    (tmp_path / "latin.ndjson").write_bytes(text.replace(LAST, f"{LAST}é").encode("latin-1"))
    (tmp_path / "text.csv").write_text(text)
    (tmp_path / "utf16.json").write_bytes(text.encode("utf-16"))
    for name in ("cut.ndjson", "latin.ndjson", "text.csv", "utf16.json"):
        watched("claims", "import", tmp_path / name)
        watched("claims", "import", tmp_path / name, "--mapping", "example")
        watched("claims", "import", tmp_path / name, "--already-sent")
        watched("inbound", "import", tmp_path / name)
        watched("x12", "read", tmp_path / name)
        watched("x12", "inspect", tmp_path / name)
        watched("x12", "validate", tmp_path / name)
        watched("x12", "write", tmp_path / name)
    watched("x12", "write", tmp_path / "bad.ndjson", code=1)


def test_decisions_and_refusals_name_no_patient(watched: Watched, tmp_path: Path) -> None:
    """What a person asks for by CLM01 is refused without it."""
    watched("claims", "import", write_ndjson(tmp_path / "c.ndjson", [*marked(3, 1), *broken(marked(2, 4, 50))]))
    watched("claims", "release", f"{NUMBER}0", code=4)
    watched("claims", "hold", f"{NUMBER}0", code=0)
    watched("claims", "hold", f"{NUMBER}999", code=2)
    watched("claims", "show", f"{NUMBER}999", code=2)
    watched("claims", "why", f"{NUMBER}0", code=0)
    watched("batches", "build")
    watched("claims", "cancel", f"{NUMBER}1", code=4)
    watched("claims", "cancel", f"{NUMBER}0", code=0)
    watched("remittances", "match", "1.1", f"{NUMBER}1", code=2)


def test_the_exchange_and_its_failures_name_no_patient(watched: Watched, tmp_path: Path) -> None:
    """Built, sent, answered, paid, denied, parked; and with a mailbox that is gone."""
    simulator = Simulator(watched.home / "partner", Scenario.shipped("everything"), clock=lambda: datetime.now(UTC))
    (watched.home / "sftp_config" / "house.toml").write_text(folder_profile("partner/example"))
    watched("claims", "import", write_ndjson(tmp_path / "c.ndjson", marked(40, 1)))
    for _ in range(6):
        watched("exchange")
        simulator.work()
        simulator.advance()
    watched("exchange")
    states = {one["state"] for one in Gateway(watched.home).data("claims", "list")}
    assert len(states) > 3, "answers of several kinds came"
    for one in Gateway(watched.home).data("inbound", "list"):
        watched("inbound", "reprocess", one["id"])
    for name, damage in (("counts", (b"SE*", b"SE*9")), ("balance", (b"BPR*I*", b"BPR*I*1")), ("cut", (b"~GE*", b"~"))):
        path = tmp_path / f"{name}.835"
        path.write_bytes(Gateway(watched.home)("inbound", "export", 12, code=None).out.replace(*damage))
        watched("inbound", "import", path)
        watched("x12", "validate", path)
        watched("x12", "read", path)
    (watched.home / "sftp_config" / "house.toml").write_text(folder_profile("gone"))
    watched("claims", "import", write_ndjson(tmp_path / "d.ndjson", marked(3, 9, 500)))
    watched("exchange", code=2)
    watched("batches", "resend", 1)
    watched("store", "check")
    watched("doctor")


def test_bytes_of_a_damaged_837_name_no_patient(watched: Watched, tmp_path: Path) -> None:
    """Faults carry positions and codes, never values; the second opinion too."""
    watched("claims", "import", write_ndjson(tmp_path / "c.ndjson", marked(3, 1)))
    watched("batches", "build", code=0)
    whole = Gateway(watched.home)("batches", "export", 1).out
    assert LAST.encode() in whole
    for name, old, new in (
        ("date", b"D8*19310719", b"D8*19319919"),
        ("name", LAST.encode(), LAST.encode() * 10),
        ("id", b"NM1*IL*1*", b"NM1*QQ*1*"),
        ("loop", b"~SBR*", b"~ZZMARKSEG*1~SBR*"),
        ("lost", b"HL*2*1*22*0", b"HL*2*9*22*0"),
    ):
        path = tmp_path / f"{name}.837"
        path.write_bytes(whole.replace(old, new))
        for command in (("x12", "validate"), ("x12", "read"), ("x12", "inspect")):
            ran = watched(*command, path)
            if command[1] == "validate":
                assert [line for line in leaks(ran.text) if LAST in line or "19319919" in line] == []
        watched("claims", "import", path)
        watched("claims", "import", path, "--already-sent")


def test_a_bug_says_where_and_never_what(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception's text may hold a value; its place is enough."""
    from gateway.exchange import batches

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"value {LAST} is odd")

    monkeypatch.setattr(batches, "documents", fails)
    with pytest.raises(AssertionError, match="a bug in the gateway: RuntimeError at "):
        watched("batches", "list")
