"""Homes that are broken: configuration, profiles, mappings, store, archive, disk. One line, the right code, no loss."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cli_home import claims, copied, folder_profile, picture, write_csv, write_ndjson
from cli_run import Gateway

from gateway.data import SHIPPED


def home_of(gateway: Gateway) -> Path:
    assert gateway.home
    return gateway.home


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[store\n", "line 1, column 7: "),
        ("[store]\nurl = 5\n", "line 2: [store] url: must be text"),
        ("[store]\nurl = ''\n", "line 2: [store] url: must be text"),
        ("store = 5\n", "line 1: [store]: must be a table"),
        ("[sotre]\nurl = 'x'\n", "line 1: [sotre]: is no table of this file; did you mean 'store'?"),
        ("[store]\n\nurll = 'x'\n", "line 3: [store] urll: is no key of this table; did you mean 'url'?"),
        ("[archive]\npath = []\n", "line 2: [archive] path: must be text"),
        ("[building]\nworkers = true\n", "line 2: [building] workers: must be a whole number from 0 to 64"),
        ("[building]\nworkers = 65\n", "line 2: [building] workers: must be a whole number from 0 to 64"),
    ],
)
def test_gateway_toml_is_faulted_by_line_and_key(fresh: Gateway, text: str, said: str) -> None:
    """A typo is never passed over: the store that it names would be another one."""
    file = home_of(fresh) / "gateway.toml"
    file.write_text(text)
    for command in (("claims", "list"), ("batches", "build"), ("inbound", "list"), ("exchange",)):
        ran = fresh(*command, code=2)
        assert (ran.out, ran.line[: len(f"gateway: {file}: {said}")]) == (b"", f"gateway: {file}: {said}")
    assert any(said in line for line in fresh("doctor", code=2).text.splitlines())


def test_gateway_toml_in_another_encoding(fresh: Gateway) -> None:
    """The place of the byte is told, in words for a person."""
    file = home_of(fresh) / "gateway.toml"
    file.write_bytes(b"# caf\xe9\n")
    assert fresh("claims", "list", code=2).line == f"gateway: {file}: byte 6 is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("mysql://x/y", 2, "the store can be sqlite:///FILE or postgresql://…, not mysql"),
        ("nonsense", 2, "the store's address is not a URL"),
        ("sqlite:///no/such/folder/claims.db", 2, "no/such/folder/claims.db"),
        ("sqlite://", 2, "an embedded store needs a file"),
        ("postgresql://someone:hunter2@127.0.0.1:1/claims", 2, "the database server cannot be reached"),
    ],
)
def test_a_store_that_cannot_be_had(fresh: Gateway, url: str, code: int, said: str) -> None:
    """Said in one line; a password in the address is not repeated."""
    (home_of(fresh) / "gateway.toml").write_text(f'[store]\nurl = "{url}"\n')
    ran = fresh("claims", "list", code=code)
    assert said in ran.line
    assert "hunter2" not in ran.err
    assert "hunter2" not in fresh("doctor", code=code).text


def _zero(path: Path) -> None:
    path.write_bytes(b"")


def _gone(path: Path) -> None:
    path.unlink()


def _one_byte(path: Path) -> None:
    path.write_bytes(b"x")


def _no_database(path: Path) -> None:
    path.write_bytes(b"this is a text about a database\n" * 300)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50_000])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (_zero, 4, "is empty, but the archive holds files"),
        (_gone, 4, "is gone, but the archive holds files"),
        (_one_byte, 4, "is empty, but the archive holds files"),
        (_no_database, 2, "the store's file is not a database of the gateway"),
        (_cut, 2, "the store's file is damaged: restore a backup"),
        (_folder, 2, "the store's file cannot be opened"),
        (_newer, 2, "the store was written by a newer gateway"),
    ],
)
def test_a_damaged_store_is_refused_and_a_backup_brings_all_back(
    own: Gateway, tmp_path: Path, damage: Callable[[Path], None], code: int, said: str
) -> None:
    """No command makes a new store over what was sent, none goes on; restore puts a copy back."""
    backup = tmp_path / "backup.db"
    own("store", "backup", backup)
    before = own.data("claims", "list")
    store = home_of(own) / "data" / "claims.db"
    damage(store)
    for command in (("claims", "list"), ("batches", "build"), ("exchange",), ("store", "check"), ("store", "upgrade")):
        ran = own(*command, code=code)
        assert said in ran.line, command
    assert any(said in line for line in own("doctor", "--offline", code=code).text.splitlines())
    if store.is_dir():
        store.rmdir()
    ran = own("store", "restore", backup, "--reason", "the disk", code=1)
    assert "1 batch may have been sent since: unknown until an answer or a person tells" in ran.said[-1]
    after = own.data("claims", "list")
    assert [one | {"flags": []} for one in after] == [one | {"flags": []} for one in before]
    own("store", "check")
    own("batches", "build")


@pytest.mark.parametrize("kind", ["missing", "text", "other", "cut"])
def test_what_is_no_backup_is_not_restored(own: Gateway, tmp_path: Path, kind: str) -> None:
    """The store in use stays as it is."""
    source = tmp_path / "backup.db"
    own("store", "backup", source)
    if kind == "missing":
        source.unlink()
    elif kind == "text":
        source.write_text("a text\n" * 1000)
    elif kind == "other":
        source.unlink()
        with closing(sqlite3.connect(source)) as other, other:
            other.execute("CREATE TABLE x (y)")
    else:
        source.write_bytes(source.read_bytes()[:60_000])
    before = picture(home_of(own))
    ran = own("store", "restore", source, "--reason", "x", code=2)
    assert str(source) in ran.line
    assert picture(home_of(own)) == before


def test_backups_are_never_written_over_anything(own: Gateway, tmp_path: Path) -> None:
    """A copy goes to a new file only."""
    target = tmp_path / "there.db"
    target.write_text("mine")
    assert "is there already" in own("store", "backup", target, code=4).line
    assert target.read_text() == "mine"
    assert "cannot be written" in own("store", "backup", tmp_path / "no" / "where.db", code=2).line
    own("store", "backup", tmp_path, code=2)


@pytest.mark.parametrize("damage", ["changed", "gone", "cut"])
def test_an_archive_that_is_not_whole_is_found_out(own: Gateway, tmp_path: Path, damage: str) -> None:
    """What was kept is compared before it is used: nothing else is sent or given out, and store check names it."""
    home = home_of(own)
    names = sorted((home / "data" / "archive").rglob("*"))
    files = [path for path in names if path.is_file()]
    for path in files:
        if damage == "gone":
            path.unlink()
        elif damage == "cut":
            path.write_bytes(path.read_bytes()[:-10])
        else:
            path.write_bytes(path.read_bytes()[:-10] + b"~tampered~")
    for command in (("batches", "export", "2"), ("inbound", "export", "1")):
        ran = own(*command, code=None)
        assert ran.code in (1, 2, 4)
        assert (ran.out, len(ran.said)) == (b"", 1)
        assert "archive" in ran.line
    sent = {path.name for path in (home / "partner").rglob("*") if path.is_file()}
    ran = own("batches", "send", code=None)
    assert ran.code in (1, 2, 4)
    assert {path.name for path in (home / "partner").rglob("*") if path.is_file()} == sent
    assert own.data("batches", "list")[1]["state"] in ("built", "failed")
    checked = own.data("store", "check", code=1)
    off = [one for one in checked if not one["holds"]]
    assert any("archive" in one["name"] and one["subjects"] for one in off)


def test_a_reprocessed_file_whose_archive_is_gone_keeps_what_was_posted(own: Gateway) -> None:
    """Money that was posted stays posted."""
    before = own.data("report", "reconciliation")["money"]
    shutil.rmtree(home_of(own) / "data" / "archive" / "received")
    ran = own("inbound", "reprocess", 8, code=None)
    assert ran.code in (1, 2)
    assert own.data("report", "reconciliation")["money"] == before


@pytest.mark.parametrize(
    "place", ["data/archive", "data", "data/locks", "sftp_config", "partner/inbound", "partner/outbound", "partner"]
)
def test_a_file_where_a_folder_must_be(fresh: Gateway, tmp_path: Path, place: str) -> None:
    """What cannot be written is named; what was done stays whole."""
    home = home_of(fresh)
    target = home / place
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(exist_ok=True)
    target.write_text("in the way")
    source = write_ndjson(tmp_path / "c.ndjson", claims(2))
    for command in (("claims", "import", source), ("exchange",), ("inbound", "import", source), ("doctor",)):
        ran = fresh(*command, code=None)
        assert ran.code in (0, 1, 2, 3, 4), ran
        for line in ran.said:
            assert len(line) < 400
    assert fresh("exchange", code=None).code != 0 or place == "sftp_config"
    assert target.read_text() == "in the way"
    target.unlink()
    if place.startswith("partner"):
        for name in ("inbound", "outbound"):
            (home / "partner" / name).mkdir(parents=True, exist_ok=True)
    if place == "sftp_config":
        target.mkdir()
        (target / "house.toml").write_text(folder_profile())
    if place == "data":
        target.mkdir()
    fresh("claims", "import", source)
    fresh("exchange", code=None)
    assert [one["state"] for one in fresh.data("claims", "list")] == ["sent", "sent"]
    fresh("store", "check")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('usage = "test"', 'usage "test"', "line 2, column 7: "),
        ('usage = "test"', 'usage = "prod"', "line 2: [partner] usage: must be one of test, production"),
        ('payers = ["*"]', 'payers = "*"', "line 3: [partner] payers: must be a list of text"),
        ('phone = "5555550100"', 'phonee = "5555550100"', "[submitter]"),
        ('sender = "ZZ:EXAMPLE"', 'sender = "ZZ:EX*MPLE"', "line 6: [envelope] sender: "),
        ('[folder]\npath = "partner"', "", "[sftp] or [folder]: one of the two must be there"),
    ],
)
def test_a_broken_profile_is_faulted_by_line_and_key(fresh: Gateway, old: str, new: str, said: str) -> None:
    """And nothing is routed meanwhile: its payers' claims could go another way."""
    file = home_of(fresh) / "sftp_config" / "house.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    for command in (("partners", "list"), ("batches", "build"), ("exchange",), ("partners", "check", "house")):
        ran = fresh(*command, code=2)
        assert ran.line.startswith(f"gateway: {file}")
        assert said in ran.line
    assert any(said in line for line in fresh("doctor", code=2).text.splitlines())


def test_two_partners_for_one_payer(fresh: Gateway) -> None:
    """Both files are named."""
    (home_of(fresh) / "sftp_config" / "other.toml").write_text(folder_profile())
    ran = fresh("partners", "list", code=2)
    assert "house" in ran.line
    assert "other" in ran.line


def test_profiles_that_editors_leave_behind_are_no_profiles(fresh: Gateway) -> None:
    """Lock files and hidden copies."""
    folder = home_of(fresh) / "sftp_config"
    (folder / ".#house.toml").symlink_to("nowhere")
    (folder / "house.toml~").write_text("rubbish")
    assert [one["name"] for one in fresh.data("partners", "list")] == ["house"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('type = "professional"', 'type = "vision"', "line 11: [source] type: must be one of"),
        ('claim = "claim_number"', "claim = 5", "line 12: [source] claim: must be text"),
        ('claim = "claim_number"', "claim", "line 12, column"),
        (
            'charge = { column = "charge", as = "money" }',
            'charge = { column = "charge", as = "mony" }',
            "[claim] charge",
        ),
        ('"payer.id" = "payer_id"', '"payer.idd" = "payer_id"', "payer.idd: is no field of a professional claim"),
    ],
)
def test_a_broken_mapping_is_faulted_by_line_and_key(
    fresh: Gateway, tmp_path: Path, old: str, new: str, said: str
) -> None:
    """Nothing of the file is taken then."""
    text = (SHIPPED / "mappings" / "sources" / "example.toml").read_text()
    assert old in text
    (home_of(fresh) / "mappings" / "sources" / "mine.toml").write_text(text.replace(old, new, 1))
    source = write_csv(tmp_path / "claims.csv", claims(1))
    ran = fresh("claims", "import", source, "--mapping", "mine", code=2)
    assert "mappings/sources/mine.toml: " in ran.line
    assert said in ran.line.replace("(at line 12, column", "line 12, column")
    assert fresh.data("claims", "list") == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("edits.csv", b"rubbish,x\n", "the first row must be"),
        ("edits.csv", b"\xff\xfe", "is not UTF-8"),
        ("completion.csv", b"rubbish,x\n", "the first row must be"),
    ],
)
def test_a_broken_table_of_a_home_is_named(
    fresh: Gateway, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """A home's own rules are read before any claim is."""
    file = home_of(fresh) / "mappings" / name
    file.write_bytes(content)
    ran = fresh("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(1)), code=2)
    assert str(file) in ran.line
    assert said in ran.line


def test_broken_classes_of_adjustments_are_named_and_the_file_waits(own: Gateway, tmp_path: Path) -> None:
    """The payment is kept and is posted once the table is mended."""
    table = home_of(own) / "mappings" / "codes" / "adjustment_classes.csv"
    table.write_text("rubbish,x\n1,2\n")
    source = tmp_path / "new.835"
    source.write_bytes(own("inbound", "export", 8).out.replace(b"EFT302", b"EFT999"))
    ran = own("inbound", "import", source, code=2)
    assert str(table) in ran.line
    table.unlink()
    processed = own.data("inbound", "process", code=None)
    assert [one["file"] for one in processed] == ["new.835"]


def test_init_never_overwrites(fresh: Gateway) -> None:
    """Not even what is empty or not ours."""
    home = home_of(fresh)
    (home / "gateway.toml").write_text('[store]\nurl = "sqlite:///data/claims.db"\n# mine\n')
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = Gateway()("init", home)
    assert "already; nothing was changed" in ran.text
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    shutil.rmtree(home / "keys")
    assert Gateway().data("init", home)["made"] == [str(home / "keys") + "/"]


@pytest.mark.parametrize("place", ["file", "file/below", "blocked"])
def test_init_says_where_a_home_cannot_be(tmp_path: Path, place: str) -> None:
    """A file in the way."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "blocked" / "gateway.toml").mkdir(parents=True)
    ran = Gateway()("init", tmp_path / place, code=2)
    assert ran.line.startswith(f"gateway: {tmp_path / place}: a home cannot be made here: ")


def test_init_tells_the_next_commands_as_they_must_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --home, unless the home is here."""
    assert f"`gateway --home {tmp_path}/new partners add NAME`" in Gateway()("init", tmp_path / "new").text
    monkeypatch.chdir(tmp_path / "new")
    assert "`gateway partners add NAME`" in Gateway()("init").text


def test_demo_refuses_a_folder_in_use(fresh: Gateway) -> None:
    """It makes a home of its own and overwrites nothing."""
    home = home_of(fresh)
    fresh("claims", "list")
    before = picture(home)
    assert "is not empty" in Gateway()("demo", home, code=2).line
    assert picture(home) == before


def test_control_numbers_go_up_only(fresh: Gateway) -> None:
    """Set above those of a former system; the next batch takes the next one; going down is refused."""
    assert fresh.data("partners", "numbers", "house") == {"interchange": 0, "group": 0, "reference": 0}
    assert fresh.data("partners", "numbers", "house", "--set-interchange", 41)["interchange"] == 41
    ran = fresh("partners", "numbers", "house", "--set-group", 5, "--set-interchange", 40, code=4)
    assert ran.line == "gateway: interchange: 41 was given out already; a number is never given out twice"
    assert fresh.data("partners", "numbers", "house") == {"interchange": 41, "group": 0, "reference": 0}
    fresh("partners", "numbers", "house", "--set-interchange", 1_000_000_000, code=2)


def test_partners_add_gives_a_profile_to_fill_in(fresh: Gateway) -> None:
    """A copy of a shipped profile, which overwrites nothing."""
    home = home_of(fresh)
    (home / "sftp_config" / "house.toml").unlink()
    made = fresh.data("partners", "add", "ally", "--like", "office_ally")
    assert Path(made["profile"]).read_bytes() == (SHIPPED / "sftp_config" / "office_ally.toml").read_bytes()
    assert "is there already" in fresh("partners", "add", "ally", code=2).line
    assert [one["name"] for one in fresh.data("partners", "list")] == ["ally"]


def test_after_a_restore_numbers_are_taken_from_the_archive(own: Gateway, tmp_path: Path) -> None:
    """A backup older than the last batch does not give its number out again."""
    home = home_of(own)
    backup = tmp_path / "old.db"
    own("store", "backup", backup)
    own("claims", "import", write_ndjson(tmp_path / "c.ndjson", claims(1, 55)))
    own("batches", "build")
    last = own.data("partners", "numbers", "house")["interchange"]
    (number,) = {one["interchange_control_number"] for one in own.data("batches", "list")[-1:]}
    assert int(number) == last
    document = own.data("store", "restore", backup, "--reason", "a drill", code=1)
    assert Path(document["former"]).exists()
    assert document["archived_files_read"] == 3
    assert own.data("partners", "numbers", "house")["interchange"] == last
    assert (document["sent_since"], document["unknown"]) == (1, 1)
    for command in (("batches", "build"), ("batches", "send"), ("exchange",), ("step", "deliver", "2")):
        ran = own(*command, code=4)
        assert "what was sent since its backup is not known yet" in ran.err, command
        assert "(gateway runbook store-restored)" in ran.err, command
    own("store", "replay", "--reason", "a drill", code=1)
    own("claims", "import", tmp_path / "c.ndjson")
    own("claims", "import", write_ndjson(tmp_path / "more.ndjson", claims(1, 56)))
    own("batches", "build")
    assert int(own.data("batches", "list")[-1]["interchange_control_number"]) == last + 1
    assert copied(home, tmp_path / "copy").data("batches", "list") == own.data("batches", "list")


def test_a_restore_over_an_archive_that_cannot_be_read_builds_nothing(own: Gateway, tmp_path: Path) -> None:
    """A number in a damaged file could be given out twice."""
    home = home_of(own)
    own("store", "backup", tmp_path / "b.db")
    sent = [path for path in (home / "data" / "archive" / "sent").rglob("*") if path.is_file()]
    kept = {path: path.read_bytes() for path in sent}
    sent[0].write_bytes(kept[sent[0]][:-20])
    ran = own("store", "restore", tmp_path / "b.db", "--reason", "a drill", code=4)
    assert "the store is restored, but nothing is built until" in ran.said[-1]
    assert own("batches", "build", code=4).line
    sent[0].write_bytes(kept[sent[0]])
    own("store", "restore", tmp_path / "b.db", "--reason", "again", code=1)
    own("batches", "build")
    assert hashlib.sha256(sent[0].read_bytes()).digest() == hashlib.sha256(kept[sent[0]]).digest()
