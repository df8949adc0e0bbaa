"""Partners join, are listed, and are kept apart; host keys are confirmed by a person and never trusted silently."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cli_home import claims, folder_profile, new_home, write_ndjson
from cli_run import Gateway
from sshd import Habits, SshServer, start_another

from gateway.data import listing
from gateway.partners import load_profile
from gateway.profile_text import fill
from gateway.transport import ssh

GIVEN = (
    "--from", "office-ally", "--sender", "ZZ:LAKEVIEW", "--submitter-name", "LAKEVIEW MEDICINE",
    "--submitter-id", "LAKEVIEW", "--contact", "EDI DESK", "--phone", "5555550111", "--username", "lake",
    "--password", "env:ALLY",
)  # fmt: skip


@pytest.fixture
def empty(tmp_path: Path) -> Gateway:
    return new_home(tmp_path / "home", partner=False)


def profile_of(gateway: Gateway, name: str) -> dict[str, Any]:
    assert gateway.home
    return tomllib.loads((gateway.home / "sftp_config" / f"{name}.toml").read_text())


@pytest.mark.parametrize("name", ["generic", "office-ally", "availity", "claim_md", "stedi", "optum"])
def test_every_shipped_partner_is_a_start(empty: Gateway, name: str) -> None:
    """It is put into the home as it is, is for tests, and the home works with it."""
    empty("partners", "add", "one", "--from", name)
    (row,) = empty.data("partners", "list")
    assert row["usage"] == "test"
    empty("doctor", "--offline")


@pytest.mark.parametrize("name", sorted(listing("sftp_config", ".toml")))
def test_no_shipped_profile_holds_a_secret_or_a_host_key(name: str) -> None:
    """Secrets are references, and nobody's key is trusted before a person has compared it."""
    sftp = tomllib.loads(listing("sftp_config", ".toml")[name].read_text())["sftp"]
    assert sftp["host_keys"] == []
    assert all(re.match(r"(env|file|command):", sftp[key]) for key in ("password", "private_key") if key in sftp)


def test_options_fill_a_profile_in(empty: Gateway) -> None:
    """Each value at its key, the comments still there, the key that is not used taken out."""
    empty("partners", "add", "ally", *GIVEN, "--payers", "60054, 62308")
    found = profile_of(empty, "ally")
    assert found["envelope"]["sender"] == "ZZ:LAKEVIEW"
    assert found["partner"]["payers"] == ["60054", "62308"]
    assert found["sftp"]["password"] == "env:ALLY"
    assert "private_key" not in found["sftp"]
    assert empty.home
    assert "# ISA05:ISA06" in (empty.home / "sftp_config" / "ally.toml").read_text()


def test_questions_fill_a_profile_in(empty: Gateway) -> None:
    """An answer a line; an empty one takes what the shipped profile says. Questions go to standard error."""
    answers = ["", "60054", "ZZ:ME", "", "ME", "ME", "", "", "127.0.0.1", "1", "me", "", "env:ME", "", "", ""]
    ran = empty("partners", "add", "ally", "--from", "stedi", "--ask", stdin="\n".join([*answers, ""]).encode())
    found = profile_of(empty, "ally")
    assert (found["envelope"]["sender"], found["envelope"]["receiver"]) == ("ZZ:ME", "ZZ:STEDITEST")
    assert (found["sftp"]["host"], found["sftp"]["port"]) == ("127.0.0.1", 1)
    assert "SFTP host" in ran.err and "SFTP host" not in ran.text
    assert "cannot be reached" in ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sender", "LAKEVIEW"), "[envelope] sender"),
        (("--password", "hunter2"), "[sftp] password: must be a reference"),
        (("--usage", "tset"), "[partner] usage"),
        (("--usage", "production"), "must not hold the test mark 'OATEST'"),
        (("--send-name", "{batch}.txt"), "must hold the test mark 'OATEST'"),
        (("--send-name", "same.txt"), "send_name"),
    ],
)
def test_what_cannot_be_is_not_put_there(empty: Gateway, options: tuple[str, ...], said: str) -> None:
    """One line names the key; no file is left, and no secret is repeated."""
    ran = empty("partners", "add", "ally", *GIVEN, *options, code=2)
    assert said in ran.line
    assert "hunter2" not in ran.err
    assert empty.home
    assert list((empty.home / "sftp_config").iterdir()) == []


def test_a_production_profile_of_a_test_mailbox_is_refused(empty: Gateway) -> None:
    """The same host, login and folder for both: code 4, by `add` and by every command where files were edited."""
    empty("partners", "add", "ally", *GIVEN)
    production = ("--usage", "production", "--payers", "60054", "--send-name", "{batch}_{icn}.txt")
    ran = empty("partners", "add", "allyprod", *GIVEN, *production, code=4)
    assert "a test claim must not reach a production mailbox" in ran.line
    empty("partners", "add", "allyprod", *GIVEN, *production, "--username", "lake-prod")
    assert empty.home
    path = empty.home / "sftp_config" / "allyprod.toml"
    path.write_text(fill(path.read_text(), {("sftp", "username"): "lake", ("sftp", "host"): "SFTP10.officeally.com"}))
    for command in (("exchange",), ("batches", "build"), ("batches", "send"), ("run",), ("partners", "list")):
        assert "production mailbox" in empty(*command, code=4).err, command


@pytest.mark.parametrize("shared", ["./partner/../partner", "partner/"])
def test_a_folder_by_another_name_is_the_same_folder(tmp_path: Path, shared: str) -> None:
    """Paths are compared as what they lead to."""
    gateway = new_home(tmp_path / "home")
    text = folder_profile(shared).replace('"test"', '"production"').replace('["*"]', '["60054"]')
    (tmp_path / "home" / "sftp_config" / "prod.toml").write_text(text)
    gateway("partners", "list", code=4)


def test_a_batch_built_for_test_never_goes_to_production(tmp_path: Path) -> None:
    """The profile is changed between build and send: refused, nothing delivered; cancelled, its claims go anew."""
    gateway = new_home(tmp_path / "home")
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    gateway("batches", "build")
    profile = tmp_path / "home" / "sftp_config" / "house.toml"
    profile.write_text(profile.read_text().replace('"test"', '"production"'))
    for command in (("batches", "send"), ("exchange",), ("step", "deliver", "1"), ("batches", "resend", "1", "--yes")):
        ran = gateway(*command, code=None)
        assert ran.code in (2, 4), (command, ran.err)
    ran = gateway("batches", "send", code=4)
    assert "was built for test, and house is for production now" in ran.err
    assert list((tmp_path / "home" / "partner" / "inbound").iterdir()) == []
    gateway("batches", "cancel", "1")
    gateway("exchange")
    (file,) = (tmp_path / "home" / "partner" / "inbound").iterdir()
    assert file.read_bytes().split(b"*")[15] == b"P"


@pytest.mark.parametrize(("key", "value"), [("sender", "ZZ:OTHER"), ("receiver", "ZZ:ELSEWHERE")])
def test_a_batch_for_other_sides_does_not_go_out(tmp_path: Path, key: str, value: str) -> None:
    """The envelope is changed between build and send: what names somebody else is not delivered; cancelled, it is
    built anew."""
    gateway = new_home(tmp_path / "home")
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    gateway("batches", "build")
    profile = tmp_path / "home" / "sftp_config" / "house.toml"
    profile.write_text(fill(profile.read_text(), {("envelope", key): value}))
    for command in (("batches", "send"), ("exchange",), ("step", "deliver", "1")):
        assert "batch 1 was built for ZZ:EXAMPLE to ZZ:HOUSE, and house is for" in gateway(*command, code=4).err
    assert list((tmp_path / "home" / "partner" / "inbound").iterdir()) == []
    gateway("batches", "cancel", "1")
    gateway("exchange")
    (file,) = (tmp_path / "home" / "partner" / "inbound").iterdir()
    assert value.partition(":")[2].encode() in file.read_bytes()


def test_nothing_is_built_by_a_profile_that_is_not_filled_in(empty: Gateway, tmp_path: Path) -> None:
    """No file goes out that says YOURID: the claims wait, `exchange`, `partners check` and `doctor` say what lacks."""
    empty("partners", "add", "one", "--host", "127.0.0.1", "--port", "1", "--username", "me", "--password", "env:ONE")
    empty("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    said = "sftp_config/one.toml is not filled in: [envelope] sender is still YOURID"
    assert said in empty("batches", "build", code=1).line
    assert said in empty("exchange", code=None).err
    assert said in empty("partners", "check", "one", code=2).text
    assert empty.data("batches", "list") == []
    assert {one["state"] for one in empty.data("claims", "list")} == {"ready"}


def test_a_further_partner_does_not_stop_the_first(empty: Gateway) -> None:
    """Two that take what nobody names cannot be: the new one begins without payers, and the home goes on."""
    empty("partners", "add", "one")
    assert "no payer goes this way yet" in empty("partners", "add", "two").text
    assert [one["payers"] for one in empty.data("partners", "list")] == [["*"], []]
    ran = empty("partners", "add", "three", "--payers", "*", code=2)
    assert "only one partner can take it" in ran.line
    empty("partners", "list")


# Host keys


@pytest.fixture
def joined(empty: Gateway, sshd: SshServer) -> Gateway:
    """A partner behind a real sshd, without a host key."""
    assert empty.home
    place = ("--host", "127.0.0.1", "--port", sshd.port, "--username", sshd.user, "--private-key", "file:keys/id")
    empty("partners", "add", "house", "--sender", "ZZ:ME", "--receiver", "ZZ:THEM", *place)
    return empty


def keygen_fingerprint(sshd: SshServer, kind: str = "ed25519") -> str:
    """As `ssh-keygen -lf` prints it."""
    command = ["ssh-keygen", "-lf", str(sshd.folder / f"host_{kind}.pub")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]


def test_a_host_key_is_listed_when_a_person_has_confirmed_it(joined: Gateway, sshd: SshServer) -> None:
    """Shown and refused without a word; refused with another fingerprint; listed with ssh-keygen's; then known."""
    wanted = keygen_fingerprint(sshd)
    shown = joined("partners", "host-key", "house", code=4)
    assert f"ssh-ed25519 {wanted}" in shown.text
    wrong = joined("partners", "host-key", "house", "--accept", "SHA256:" + "A" * 43, code=4)
    assert "host key" in wrong.err and wanted in wrong.err
    assert profile_of(joined, "house")["sftp"]["host_keys"] == []
    joined("partners", "host-key", "house", "--accept", wanted)
    assert profile_of(joined, "house")["sftp"]["host_keys"] == [sshd.host_key_lines["ssh-ed25519"]]
    assert "(listed)" in joined("partners", "host-key", "house").text
    assert joined.data("partners", "host-key", "house")["listed"] is True


def test_a_new_host_key_is_listed_beside_the_former(joined: Gateway, sshd: SshServer) -> None:
    """While the partner changes his key both are good."""
    former = " ".join((sshd.folder / "id_ed25519.pub").read_text().split()[:2])
    assert joined.home
    path = joined.home / "sftp_config" / "house.toml"
    path.write_text(fill(path.read_text(), {("sftp", "host_keys"): [former]}))
    joined("partners", "host-key", "house", "--accept", keygen_fingerprint(sshd))
    assert profile_of(joined, "house")["sftp"]["host_keys"] == [former, sshd.host_key_lines["ssh-ed25519"]]


def test_looking_at_a_host_key_tries_no_login(
    joined: Gateway, sshd: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither user name nor key nor password goes to a server that nobody knows yet."""

    def never(*_: object) -> None:
        raise AssertionError("a login was tried")

    monkeypatch.setattr(ssh, "_authenticate", never)
    joined("partners", "host-key", "house", code=4)


# Old servers


def test_an_old_server_is_told_with_the_line_and_served_with_it(
    joined: Gateway, sshd: SshServer, tmp_path: Path
) -> None:
    """Host key, check, doctor and exchange name what does not fit and the line that mends it, code 2; the line serves
    its partner alone: another one at the same server stays refused, and its failed rounds are no refused login."""
    assert joined.home
    old = tmp_path / "old"
    old.mkdir()
    server = start_another(sshd, old, Habits(config="KexAlgorithms diffie-hellman-group14-sha1\nMACs hmac-sha1"))
    try:
        profile, other = (joined.home / "sftp_config" / f"{name}.toml" for name in ("house", "other"))
        key = joined.home / "keys" / "id"
        key.write_text(sshd.private_key())
        key.chmod(0o600)
        for folder in ("inbound", "outbound"):
            (sshd.mailbox / folder).mkdir(exist_ok=True)
        keys = [sshd.host_key_lines["ssh-ed25519"]]
        given = {("submitter", "name"): "LAKEVIEW", ("submitter", "id"): "LAKEVIEW"}
        listed = fill(profile.read_text(), {**given, ("sftp", "port"): server.port, ("sftp", "host_keys"): keys})
        profile.write_text(listed)
        line = 'old_algorithms = ["diffie-hellman-group14-sha1", "hmac-sha1"]'
        for command in (("partners", "host-key", "house"), ("partners", "check", "house"), ("doctor",), ("exchange",)):
            ran = joined(*command, code=2)
            told = ran.text + ran.err
            assert "key exchange: it offers diffie-hellman-group14-sha1, allowed are " in told, command
            assert "MAC: it offers hmac-sha1, allowed are hmac-sha2-256" in told and line in told, command
        assert "put into [sftp] of sftp_config/house.toml: " + line in joined("partners", "check", "house", code=2).text
        other.write_text(listed.replace('"ZZ:ME"', '"ZZ:OTHER"').replace('["*"]', '["99001"]'))
        profile.write_text(listed.replace("[sftp]\n", f"[sftp]\n{line}\n"))
        assert "(listed)" in joined("partners", "host-key", "house").text
        joined("partners", "check", "house")
        joined("exchange", "--partner", "house")
        assert line in joined("exchange", "--partner", "other", code=2).err
        profile.write_text(listed.replace("[sftp]\n", '[sftp]\nold_algorithms = ["hmac-md5"]\n'))
        ran = joined("partners", "list", code=2)
        assert "[sftp] old_algorithms: 'hmac-md5' cannot be allowed; these can: diffie-hellman" in ran.err
    finally:
        server.stop()


# Numbers, and what comes next


def test_numbers_can_be_set_above_a_former_systems(tmp_path: Path) -> None:
    """ISA13, GS06 and BHT03; the next file goes on from there; none is ever lowered."""
    gateway = new_home(tmp_path / "home")
    set_to = ("--set-interchange", "4710", "--set-group", "880", "--set-reference", "5000")
    assert gateway.data("partners", "numbers", "house", *set_to, "--dry-run") == {
        "interchange": 4710, "group": 880, "reference": 5000,
    }  # fmt: skip
    assert gateway.data("partners", "numbers", "house") == {"interchange": 0, "group": 0, "reference": 0}
    gateway("partners", "numbers", "house", *set_to)
    gateway("partners", "numbers", "house", "--set-reference", "4999", code=4)
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(1)))
    gateway("exchange")
    (file,) = (tmp_path / "home" / "partner" / "inbound").iterdir()
    text = file.read_text()
    assert "*000004711*" in text and "GS*HC*EXAMPLE*HOUSE*" in text and "*881*X*" in text
    assert "BHT*0019*00*000005001*" in text


def test_numbers_stand_above_the_archive_again(tmp_path: Path) -> None:
    """Counters that fell behind what was sent are raised by what the archive holds, that of BHT03 too."""
    gateway = new_home(tmp_path / "home")
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(2)))
    gateway("exchange")
    sent = gateway.data("partners", "numbers", "house")
    import sqlite3

    with sqlite3.connect(tmp_path / "home" / "data" / "claims.db") as store:
        store.execute("DELETE FROM counters")
    store.close()
    assert gateway.data("partners", "numbers", "house") == {"interchange": 0, "group": 0, "reference": 0}
    ran = gateway("partners", "numbers", "house", "--from-archive", "--json")
    assert ran.json == sent
    assert ran.line == "1 archived files were read"


def test_what_comes_next_is_shown(tmp_path: Path) -> None:
    """The next round and cutoff of a partner in his own zone, and the expected way of a ready claim."""
    gateway = new_home(tmp_path / "home")
    profile = tmp_path / "home" / "sftp_config" / "house.toml"
    schedule = (
        '[schedule]\ntime_zone = "America/New_York"\ncutoffs = ["daily 17:00"]\nwindows = ["daily 16:00-16:30"]\n'
    )
    profile.write_text(profile.read_text() + schedule)
    gateway("claims", "import", write_ndjson(tmp_path / "c.ndjson", (claim := claims(1))))
    (row,) = gateway.data("partners", "list")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT17:00:00-0[45]:00", row["next_cutoff"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT16:\d\d:\d\d-0[45]:00", row["next_poll"])
    number = claim[0]["patient_control_number"]
    way = gateway.data("claims", "show", number)["way"]
    assert way == {"partner": "house", "next_poll": row["next_poll"], "next_cutoff": row["next_cutoff"]}
    assert f"to house, next round {row['next_poll']}" in gateway("claims", "show", number).text
    assert "17:00 E" in gateway("partners", "list").text


def test_a_refused_login_is_not_tried_again_until_it_is_another(joined: Gateway, sshd: SshServer) -> None:
    """The server sees one login, however often a schedule comes; `partners check` and another secret try once more."""
    assert joined.home
    key = joined.home / "keys" / "id"
    key.write_text(sshd.private_key("stranger"))
    key.chmod(0o600)
    joined("partners", "host-key", "house", "--accept", keygen_fingerprint(sshd))

    def tries() -> int:
        return sshd.log().count("Connection from")

    before = tries()
    assert "not tried again" in joined("exchange", code=2).err
    assert tries() == before + 1
    for command in (("exchange",), ("inbound", "fetch"), ("doctor",)):
        ran = joined(*command, code=2)
        assert "refused this login at" in ran.err + ran.text, command
    assert tries() == before + 1
    joined("partners", "check", "house", code=2)
    assert tries() == before + 2
    assert "refused user name" in joined("partners", "list").err
    key.write_text(sshd.private_key())
    (sshd.mailbox / "inbound").mkdir(exist_ok=True)
    (sshd.mailbox / "outbound").mkdir(exist_ok=True)
    joined("exchange")
    assert joined("partners", "list").err == ""


def test_a_profile_keeps_its_comments(tmp_path: Path) -> None:
    """Values are put into their lines; a missing key or table is added; what cannot be is said."""
    text = '# head\n[a]\nx = "1"   # why\ny = [ "p",\n "q" ]\n'
    made = fill(text, {("a", "x"): "22", ("a", "z"): True, ("b", "n"): 5})
    assert made == '# head\n[a]\nz = true\nx = "22"  # why\ny = [ "p",\n "q" ]\n\n[b]\nn = 5\n'
    with pytest.raises(Exception, match="stands over several lines"):
        fill(text, {("a", "y"): ["r"]})
    path = tmp_path / "one.toml"
    path.write_text(listing("sftp_config", ".toml")["optum"].read_text())
    assert load_profile(path).send_folder == "/clearinghouse/inbound/837"
