"""Files that are not what they were given as: one line with name, place and reason; nothing half, the rest goes on."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_home import claims, write_csv, write_ndjson
from cli_run import Gateway

ISA = "ISA*00*          *00*          *ZZ*HOUSE          *ZZ*EXAMPLE        *260301*1200*^*00501*000000077*0*T*:~"
HEAD = f"{ISA}GS*HP*HOUSE*EXAMPLE*20260301*1200*77*X*005010X221A1~ST*835*0001~"
PAYMENT = (
    "BPR*I*80*C*ACH*CCP*01*999999992*DA*1*1999999999**01*999999992*DA*2*20260301~TRN*1*TRACE77*1999999999~"
    "DTM*405*20260301~N1*PR*EXAMPLE PAYER~N3*1 STREET~N4*TOWN*NY*10001~PER*BL*DESK*TE*5555550100~"
    "N1*PE*EXAMPLE*XX*1999000007~LX*1~CLP*A1*1*100*80*20*12*PCN1*11~CAS*PR*2*20~NM1*QC*1*DOE*JO****MI*X1~"
)
WHOLE = f"{HEAD}{PAYMENT}SE*14*0001~GE*1*77~IEA*1*000000077~"


def huge_segment() -> bytes:
    return f"{HEAD}BPR*".encode() + b"9" * 50_000_000


UNREADABLE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "blanks": lambda: b" \r\n\n",
    "pdf": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "half_isa": lambda: ISA[:60].encode(),
    "utf16": lambda: WHOLE.encode("utf-16"),
    "noise": lambda: bytes(range(256)) * 20,
    "zip_of_nothing": lambda: b"PK\x05\x06" + bytes(18),
    "cut_gzip": lambda: gzip.compress(WHOLE.encode() * 50)[:90],
}


@pytest.fixture
def bad(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Makes a file."""

    def make(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.mark.parametrize("what", sorted(UNREADABLE))
def test_what_cannot_be_read_is_quarantined_and_the_rest_goes_on(
    fresh: Gateway, bad: Callable[[str, bytes], Path], what: str
) -> None:
    """inbound import keeps the bytes, says why on one line, names the runbook, and takes the file behind it."""
    content = UNREADABLE[what]()
    first, second = bad(f"{what}.835", content), bad("good.835", WHOLE.encode())
    ran = fresh("inbound", "import", first, second, code=1)
    assert all(
        re.fullmatch(r"1 .* \(gateway runbook (quarantined-file|unmatched-remittance)\)", one)
        for one in ran.err.splitlines()
    )
    lines = ran.text.splitlines()
    assert lines[0].startswith((f"{what}.835: quarantined: ", f"{what}.835: partial: "))
    assert "good.835: processed" in lines
    assert fresh("inbound", "export", 1).out == content
    assert [one["status"] for one in fresh.data("inbound", "list")][1] == "processed"
    fresh("store", "check")


@pytest.mark.parametrize("what", ["empty", "blanks", "pdf", "half_isa", "utf16", "noise"])
@pytest.mark.parametrize("command", [("inspect",), ("read",), ("validate", "--no-second-opinion")], ids=lambda c: c[0])
def test_x12_commands_say_in_one_line_what_is_no_x12(
    bad: Callable[[str, bytes], Path], what: str, command: tuple[str, ...]
) -> None:
    """inspect and read: wrong usage; validate: a verdict. The line names the file."""
    path = bad(f"{what}.835", UNREADABLE[what]())
    ran = Gateway()("x12", *command, path, code=1 if command[0] == "validate" else 2)
    said = ran.text.splitlines() if command[0] == "validate" else ran.said
    assert len(said) == 1
    assert str(path) in said[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf  \n", "the file is empty"),
        (b"%PDF-1.7\n", "the file is a PDF, not claims"),
        (b"PK\x03\x04rest", "the file is a zip archive or an Excel workbook, not claims; "),
        (json.dumps([{}]).encode("utf-16"), "UTF-16"),
        (ISA[:60].encode(), "the file is no 837: The file ends inside the ISA."),
        (WHOLE.encode(), "the file is no 837: it holds 835"),
        (b"a,b\n1,2\n", "for CSV name its mapping with --mapping"),
        (b"<xml/>", "XML or HTML"),
    ],
)
def test_what_can_be_no_claims_is_wrong_usage(
    fresh: Gateway, bad: Callable[[str, bytes], Path], content: bytes, reason: str
) -> None:
    """claims import names file and reason in one line, and takes the file behind it all the same."""
    path = bad("wrong.json", content)
    good = write_ndjson(path.with_name("good.ndjson"), claims(2))
    ran = fresh("claims", "import", path, good, "--json", code=2)
    assert ran.line.startswith(f"gateway: {path}: ")
    assert reason in ran.line
    assert [one["ready"] for one in ran.json] == [2]
    assert len(fresh.data("claims", "list")) == 2


@pytest.mark.parametrize(
    "command",
    [
        ("claims", "import"),
        ("inbound", "import"),
        ("x12", "inspect"),
        ("x12", "read"),
        ("x12", "validate"),
        ("x12", "write"),
    ],
    ids=" ".join,
)
def test_a_folder_and_a_missing_file_are_named(fresh: Gateway, tmp_path: Path, command: tuple[str, ...]) -> None:
    """The same words whatever the command."""
    (tmp_path / "folder").mkdir()
    missing, below = tmp_path / "missing.835", tmp_path / "file"
    below.write_text("x")
    assert fresh(*command, tmp_path / "folder", code=2).line == f"gateway: {tmp_path}/folder: is a folder, not a file"
    assert fresh(*command, missing, code=2).line == f"gateway: {missing}: there is no such file"
    assert fresh(*command, below / "in.835", code=2).line == f"gateway: {below}/in.835: there is no such file"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("SE*14*", "SE*15*", "se01"),
        ("GE*1*77", "GE*2*77", "ge01"),
        ("IEA*1*", "IEA*3*", "iea01"),
        ("SE*14*0001", "SE*14*0002", "se02"),
        ("GE*1*77", "GE*1*78", "ge02"),
        ("IEA*1*000000077", "IEA*1*000000078", "iea02"),
    ],
)
def test_wrong_counts_and_numbers_are_named_with_their_segment(
    bad: Callable[[str, bytes], Path], old: str, new: str, code: str
) -> None:
    """A trailer that does not fit its header is a fault with a place."""
    path = bad("counts.835", WHOLE.replace(old, new).encode())
    assert Gateway()("x12", "inspect", bad("whole.835", WHOLE.encode())).err == ""
    ran = Gateway()("x12", "inspect", path, code=1)
    assert len(ran.said) == 1
    assert ran.line.startswith(f"{path}: segment 1")
    assert old[:2] in ran.line
    document = Gateway().data("x12", "inspect", path, code=1)
    sets = [one for i in document["interchanges"] for g in i["groups"] for one in g["transactions"]]
    issues = document["issues"] + [issue for one in sets for issue in one["issues"]]
    assert [issue["severity"] for issue in issues] == ["error"]
    assert code


def test_a_payment_with_wrong_counts_moves_nothing(fresh: Gateway, bad: Callable[[str, bytes], Path]) -> None:
    """It is parked: kept, listed, and no cent of it is posted until a person decides."""
    path = bad("counts.835", WHOLE.replace("SE*14*", "SE*99*").encode())
    ran = fresh("inbound", "import", path, "--json", code=1)
    (document,) = ran.json
    assert document["status"] == "partial"
    assert document["transactions"][0]["status"] == "parked"
    report = fresh.data("report", "reconciliation")["remittances"]
    assert (report["count"], report["payment"], report["parked"]) == (0, "0.00", 1)


def test_a_payment_that_does_not_balance_is_parked(fresh: Gateway, bad: Callable[[str, bytes], Path]) -> None:
    """BPR02 that is not the sum of its claims."""
    (document,) = fresh.data("inbound", "import", bad("x.835", WHOLE.replace("*80*C", "*81*C").encode()), code=1)
    assert document["transactions"][0]["status"] == "parked"
    assert any(issue["severity"] == "error" and issue["segment"] for issue in document["transactions"][0]["issues"])


def test_a_delimiter_that_changes_in_the_middle_is_told(bad: Callable[[str, bytes], Path]) -> None:
    """Segments behind the first foreign delimiter are not guessed at."""
    path = bad("delimiters.835", WHOLE.replace("TRN*1*", "TRN|1|").encode())
    ran = Gateway()("x12", "validate", path, code=1)
    assert ran.text.startswith(f"{path}: ")


def test_fifty_megabytes_of_one_segment_fill_no_memory(fresh: Gateway, bad: Callable[[str, bytes], Path]) -> None:
    """It is skipped with its place, and the set waits for a person."""
    path = bad("huge.835", huge_segment())
    ran = fresh.process("inbound", "import", path, code=1, before="ulimit -v 900000;")
    assert "A segment is longer than the limit and was skipped. [segment_too_long]" in ran.text
    assert fresh.data("inbound", "list")[0]["size"] > 50_000_000


def test_a_zip_with_a_good_and_a_bad_member_gives_the_good_one(fresh: Gateway, tmp_path: Path) -> None:
    """One bad member never blocks the others."""
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.835", WHOLE)
        archive.writestr("b.835", b"%PDF-1.7\n")
    (document,) = fresh.data("inbound", "import", path, code=1)
    assert (document["status"], document["transactions"][0]["status"]) == ("partial", "posted")


def test_json_cut_in_the_middle_gives_what_is_whole(fresh: Gateway, bad: Callable[[str, bytes], Path]) -> None:
    """Every whole claim is stored; the one that was cut is named with its place, and comes with the whole file."""
    documents = claims(5)
    text = json.dumps(documents)
    cut = text.index(documents[4]["patient_control_number"]) + 100
    ran = fresh("claims", "import", bad("cut.json", text[:cut].encode()), "--json", code=1)
    (document,) = ran.json
    assert (document["ready"], document["rejected"]) == (4, 1)
    (issue,) = document["issues"]
    assert (issue["record"], issue["code"]) == (5, "cut_off")
    assert "byte" in issue["text"]
    (again,) = fresh.data("claims", "import", bad("whole.json", text.encode()))
    assert (again["unchanged"], again["ready"]) == (4, 1)


def test_a_line_in_the_wrong_encoding_sinks_itself_alone(fresh: Gateway, bad: Callable[[str, bytes], Path]) -> None:
    """Latin-1 where UTF-8 is wanted."""
    documents = claims(3)
    documents[1]["subscriber"]["last_name"] = "MÜLLER"
    lines = [json.dumps(one, ensure_ascii=False).encode("latin-1") for one in documents]
    (document,) = fresh.data("claims", "import", bad("latin.ndjson", b"\n".join(lines)), code=1)
    assert (document["ready"], document["rejected"]) == (2, 1)
    (issue,) = document["issues"]
    assert (issue["record"], issue["code"]) == (2, "encoding")
    assert "line 2" in issue["text"]


def test_csv_without_a_column_takes_nothing_and_names_the_column(fresh: Gateway, tmp_path: Path) -> None:
    """Half of a claim is no claim."""
    path = write_csv(tmp_path / "claims.csv", claims(3))
    rows = [line.split(",") for line in path.read_text().splitlines()]
    place = rows[0].index("charge")
    path.write_text("\n".join(",".join(row[:place] + row[place + 1 :]) for row in rows))
    ran = fresh("claims", "import", path, "--mapping", "example", code=2)
    assert ran.line == (
        f"gateway: {path}: row 1: column 'charge' of mappings/sources/example.toml is not in the header"
    )
    assert fresh.data("claims", "list") == []


def test_csv_with_another_delimiter_says_which_one_was_looked_for(fresh: Gateway, tmp_path: Path) -> None:
    """Not the names of forty missing columns."""
    path = write_csv(tmp_path / "claims.csv", claims(2))
    path.write_text(path.read_text().replace(",", ";"))
    ran = fresh("claims", "import", path, "--mapping", "example", code=2)
    assert "delimiter" in ran.line
    assert len(ran.line) < 300


def test_csv_in_a_wrong_encoding_is_told_by_row(fresh: Gateway, tmp_path: Path) -> None:
    """UTF-16 is refused as a whole; a foreign byte sinks its own claim."""
    documents = claims(3)
    documents[1]["subscriber"]["last_name"] = "MÜLLER"
    path = write_csv(tmp_path / "claims.csv", documents)
    text = path.read_text()
    path.write_bytes(text.encode("utf-16"))
    ran = fresh("claims", "import", path, "--mapping", "example", code=2)
    assert "UTF-16" in ran.line
    path.write_bytes(text.encode("latin-1"))
    (document,) = fresh.data("claims", "import", path, "--mapping", "example", code=1)
    assert (document["ready"], document["rejected"]) == (2, 1)
    assert any("row" in issue["text"] for issue in document["issues"] if issue["severity"] == "error")


@pytest.mark.parametrize("amount", ["9" * 40, "1e400", "NaN", "-Infinity", "1.234", "10000000000000000.00", "-5.00"])
def test_huge_and_odd_numbers_never_reach_the_store(fresh: Gateway, tmp_path: Path, amount: str) -> None:
    """A claim with a number that is no amount is held or rejected with the field; its neighbour is stored."""
    documents = claims(2)
    documents[0]["lines"][0]["charge"] = amount
    ran = fresh("claims", "import", write_ndjson(tmp_path / "huge.ndjson", documents), "--json", code=1)
    (document,) = ran.json
    assert (document["ready"], document["held"] + document["rejected"]) == (1, 1)
    assert any(issue["field"] for issue in document["issues"])
    fresh("claims", "list")
    fresh("store", "check")


def test_numbers_beyond_text_are_no_bug(fresh: Gateway, tmp_path: Path) -> None:
    """JSON may hold what no machine can count with."""
    path = tmp_path / "numbers.json"
    path.write_text('[{"patient_control_number": 5, "charge": ' + "9" * 6000 + '}, {"charge": 1e999999}, ' + "[" * 5000)
    ran = fresh("claims", "import", path, "--json", code=1)
    assert ran.json[0]["rejected"] == ran.json[0]["records"]


def test_a_claim_of_an_unknown_payer_is_held_and_the_rest_goes_on(fresh: Gateway, tmp_path: Path) -> None:
    """A partner that takes only some payers: the others' claims wait with the reason, and release is refused."""
    assert fresh.home
    profile = fresh.home / "sftp_config" / "house.toml"
    profile.write_text(profile.read_text().replace('["*"]', '["99001", "99002", "99003", "99004", "99100"]'))
    documents = claims(2)
    documents[0]["payer"]["id"] = "NOBODY"
    ran = fresh("claims", "import", write_ndjson(tmp_path / "c.ndjson", documents), "--json", code=1)
    (document,) = ran.json
    assert (document["ready"], document["held"]) == (1, 1)
    (issue,) = document["issues"]
    assert (issue["code"], issue["field"]) == ("no_partner", "payer.id")
    assert "NOBODY" in issue["text"]
    refused = fresh("claims", "release", documents[0]["patient_control_number"], code=4)
    assert "no partner takes" in refused.line
    assert fresh.data("batches", "build")[0]["claims"] == 1


def test_x12_write_names_the_lines_that_are_no_claims() -> None:
    """Good lines are written; bad ones are named by line, and a thousand of them do not fill the screen."""
    good = json.dumps(claims(1)[0]).encode()
    odd = b'{"type": "professional", "patient_control_number": "A1", "charge": "1", "fee": "1"}'
    lines = [b"{", b"", b"[1]", odd, b"\xff\xfe", b"nonsense", good] + [b"x"] * 1000
    ran = Gateway()("x12", "write", stdin=b"\n".join(lines), code=1)
    assert ran.out.count(b"~CLM*") == 1
    assert ran.said[0].startswith("standard input: line 1: is not JSON (")
    assert ran.said[1] == "standard input: line 3: is not an object"
    assert ran.said[2].startswith("standard input: line 4: fee: ")
    assert ran.said[3] == "standard input: line 5: is not JSON (byte 1 is not UTF-8)"
    assert len(ran.said) <= 51
    assert ran.said[-1].endswith(" more")


def test_x12_write_of_what_is_hardly_a_claim_is_told() -> None:
    """Without a number or a charge nothing could be answered; all reasons are told, the claim beside is written."""
    good = claims(1)[0]
    odd = good | {"charge": "abc", "place_of_service": "111"}
    lines = [{"type": "professional"}, good, odd]
    ran = Gateway()("x12", "write", stdin="\n".join(map(json.dumps, lines)).encode(), code=1)
    assert ran.out.count(b"~CLM*") == 1
    said = [line.partition(": ")[2] for line in ran.said]
    assert {
        "line 1: charge: is missing, and a claim is none without it",
        "line 1: patient_control_number: is missing, and a claim is none without it",
        "line 1: subscriber: required: who holds the coverage",
        "line 3: charge: is no amount, and a claim is none without it",
    } <= set(said)
    assert len(said) == len(set(said))
    assert any(one.startswith("line 3: place_of_service: ") for one in said)


def test_x12_write_of_nothing_is_wrong_usage() -> None:
    """An empty 837 would be sent by someone."""
    ran = Gateway()("x12", "write", stdin=b"", code=2)
    assert (ran.out, ran.line) == (b"", "gateway: standard input: holds no claims")


def test_a_file_with_a_name_that_is_no_text(fresh: Gateway, tmp_path: Path) -> None:
    """Names are bytes; one that is not UTF-8 or holds controls is shown escaped and stored all the same."""
    name = b"odd\xff\x1b[31m\n.835"
    path = Path(str(tmp_path)) / name.decode("utf-8", "surrogateescape")
    path.write_bytes(WHOLE.encode())
    ran = fresh("inbound", "import", path, code=1)
    assert ran.text.splitlines()[0] == "odd\\xff\\x1b[31m\\n.835: processed"
    assert b"\x1b" not in fresh("inbound", "list").out
    assert fresh.data("inbound", "list")[0]["file"].startswith("odd")
    assert fresh("claims", "import", path, code=2).line.endswith("it holds 835")
