"""Where output goes, and what happens when it cannot: pipes, full disks, closed streams, terminals, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_home import claims, copied, folder_profile, new_home, write_ndjson
from cli_run import TRACEBACK, Gateway

NAMES = ["\x1b[31mRED\x1b[0m", "BELL\x07", "\x9b2JC1", "RIGHT\u202eTOLEFT", "NEW\nLINE", "=1+1", "+SUM(A1)", "@x", "-2"]


def through_a_closing_reader(gateway: Gateway, *arguments: str, first: int = 1) -> tuple[int, str]:
    """Runs a command whose reader takes a few bytes and goes away."""
    process = gateway.popen(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert process.stdout.read(first)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(60), said


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """A home whose lists are longer than any pipe holds."""
    folder = tmp_path_factory.mktemp("large")
    gateway = new_home(folder / "home")
    gateway("claims", "import", write_ndjson(folder / "claims.ndjson", claims(300)))
    gateway("batches", "build")
    (folder / "batch.837").write_bytes(gateway("batches", "export", 1).out)
    return gateway


@pytest.mark.parametrize(
    "arguments",
    [
        ("claims", "list"),
        ("claims", "list", "--json"),
        ("claims", "schema"),
        ("batches", "export", "1"),
        ("x12", "read", "BATCH"),
    ],
    ids=" ".join,
)
def test_a_reader_that_goes_away_is_no_error(large: Gateway, arguments: tuple[str, ...]) -> None:
    """`| head` ends quietly, with nothing on standard error."""
    assert large.home
    given = [str(large.home.parent / "batch.837") if word == "BATCH" else word for word in arguments]
    assert through_a_closing_reader(large, *given) == (0, "")


def test_x12_write_into_a_reader_that_goes_away(large: Gateway) -> None:
    """The same between two commands of a pipe."""
    assert large.home
    path = large.home.parent / "batch.837"
    line = f'"{sys.executable}" -m gateway x12 read "{path}" | "{sys.executable}" -m gateway x12 write | head -c 20'
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"ISA*00*")


_FULL = [
    ("claims", "list"),
    ("claims", "list", "--json"),
    ("batches", "export", "1"),
    ("x12", "read", "BATCH"),
    ("report", "reconciliation"),
    ("--help",),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
@pytest.mark.parametrize("arguments", _FULL, ids=" ".join)
def test_a_full_disk_behind_standard_output(large: Gateway, arguments: tuple[str, ...]) -> None:
    """One line, code 2; what was not written is not reported as done."""
    assert large.home
    given = [str(large.home.parent / "batch.837") if word == "BATCH" else word for word in arguments]
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ran = large.process(*given, stdout=full, code=2)
    assert "No space left on device" in ran.line


@pytest.mark.parametrize("arguments", [*_FULL, ("claims", "show", "NOBODY")], ids=" ".join)
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams(large: Gateway, arguments: tuple[str, ...], closed: str) -> None:
    """As daemons start programs: the work is done, and nothing complains."""
    assert large.home
    given = [str(large.home.parent / "batch.837") if word == "BATCH" else word for word in arguments]
    ran = large.process(*given, before=f"exec {closed};", code=2 if "NOBODY" in given else 0)
    assert TRACEBACK.encode() not in ran.out
    if "1" in closed:
        assert ran.out == b""


def test_the_exchange_works_with_every_stream_closed(own: Gateway) -> None:
    """A file that is opened must not become standard output: the archive would hold what is printed."""
    ran = own.process("exchange", before="exec 0<&- 1>&- 2>&-;", code=0)
    assert (ran.out, ran.err) == (b"", "")
    assert {one["state"] for one in own.data("batches", "list")} == {"accepted", "sent"}
    own("store", "check")


def test_output_in_another_encoding(used: Gateway) -> None:
    """Tables keep going with what the encoding has; JSON is the same document."""
    latin = Gateway(used.home, {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    ran = latin.process("report", "reconciliation")
    assert ran.out.isascii()
    document = latin.process("claims", "list", "--json")
    assert document.out.isascii()
    assert document.json == used.data("claims", "list")


def steering(text: str) -> str:
    """What could steer a terminal in a text."""
    return "".join(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text))


@pytest.fixture
def odd_names(fresh: Gateway, tmp_path: Path) -> Gateway:
    """A home whose claims and payments carry names that would steer a terminal or a spreadsheet."""
    documents = claims(len(NAMES))
    for number, (name, document) in enumerate(zip(NAMES, documents, strict=True)):
        document["payer"] = {"id": f"9990{number}", "name": name}
        document["subscriber"]["last_name"] = name
        document["billing_provider"]["organization"] = name
    documents[0]["\x1b]0;title\x07"] = "x"
    bare = claims(len(NAMES), 3)
    for name, document in zip(NAMES, bare, strict=True):
        document["patient_control_number"] = f"A{name}"
    path = write_ndjson(tmp_path / "odd\x1b[2J.ndjson", documents + bare)
    fresh("claims", "import", path, code=None)
    payment = (
        "ISA*00*          *00*          *ZZ*HOUSE          *ZZ*EXAMPLE        *260301*1200*^*00501*000000077*0*T*:~"
        "GS*HP*HOUSE*EXAMPLE*20260301*1200*77*X*005010X221A1~ST*835*0001~"
        "BPR*I*80*C*ACH*CCP*01*999999992*DA*1*1999999999**01*999999992*DA*2*20260301~"
        "TRN*1*TRACE\x1b[5m77*1999999999~DTM*405*20260301~N1*PR*EVIL\x1b[31m PAYER~LX*1~"
        "CLP*A\x1b[2J1*1*100*80*20*12*PCN\x9b1*11~CAS*PR*2*20~SE*9*0001~GE*1*77~IEA*1*000000077~"
    )
    answer = tmp_path / "odd\x1b]0;x\x07.835"
    answer.write_bytes(payment.encode("latin-1"))
    fresh("inbound", "import", answer, code=None)
    return fresh


@pytest.mark.parametrize(
    "arguments",
    [
        ("claims", "list"),
        ("inbound", "list"),
        ("inbound", "show", "1"),
        ("remittances", "list"),
        ("remittances", "show", "1"),
        ("report", "reconciliation"),
        ("report", "reconciliation", "--format", "csv"),
        ("batches", "build"),
        ("batches", "list"),
        ("store", "check"),
        ("doctor",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("as_json", [False, True], ids=["table", "json"])
def test_nothing_that_steers_a_terminal_gets_there(
    odd_names: Gateway, arguments: tuple[str, ...], as_json: bool
) -> None:
    """Names from strangers' files are shown with escapes, in JSON as escapes that read back."""
    ran = odd_names(*arguments, *(["--json"] if as_json else []), code=None)
    assert steering(ran.text) == ""
    assert steering(ran.err.replace("\n", "")) == ""
    if as_json:
        json.loads(ran.out)


def test_names_in_messages_are_escaped_too(odd_names: Gateway, tmp_path: Path) -> None:
    """Files, options and numbers as a person (or a script of a stranger) gives them."""
    for arguments in (
        ("claims", "import", "no\x1b[31msuch"),
        ("claims", "show", "\x1b[31m"),
        ("x12", "inspect", "\x1b]0;x\x07"),
        ("claims", "list", "--state", "\x1b[31m"),
        ("exchange", "--partner", "\x1b[31m\nspoof"),
        ("\x1b[31m",),
    ):
        ran = odd_names(*arguments, code=2)
        assert steering(ran.err) == ""
        assert all(line.startswith("gateway: ") for line in ran.said)


def test_csv_cells_are_no_formulas(odd_names: Gateway) -> None:
    """A name that a spreadsheet would run is quoted."""
    import csv
    import io

    rows = list(csv.reader(io.StringIO(odd_names("report", "reconciliation", "--format", "csv").text)))
    names = {cell for row in rows[1:] for cell in row[1:3]}
    assert any("SUM(A1)" in name for name in names)
    assert not [name for name in names if name[:1] in "=+-@\t\r" and name[:1]]


@pytest.mark.parametrize("name", ["[red]x.ndjson", "\x1b[31mx.ndjson"])
def test_a_progress_bar_stands_on_a_terminal_only(fresh: Gateway, tmp_path: Path, name: str) -> None:
    """On standard error; odd names of files are no markup."""
    path = write_ndjson(tmp_path / name, claims(3))
    ours, theirs = pty.openpty()
    process = fresh.popen("claims", "import", path, "--json", stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    assert process.stdout
    out = process.stdout.read()
    process.stdout.close()
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait(60) == 0
    assert json.loads(out)[0]["ready"] == 3
    assert name.replace("\x1b", "\\x1b").encode() in shown
    assert b"\x1b[31mx" not in shown


def test_ctrl_c_in_the_middle_of_an_import(fresh: Gateway, tmp_path: Path) -> None:
    """One line, code 130; what is stored is whole, and the same import again completes it."""
    assert fresh.home
    source = tmp_path / "pipe.ndjson"
    os.mkfifo(source)
    process = fresh.popen("claims", "import", source, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    documents = claims(780)
    lines = [json.dumps(one).encode() + b"\n" for one in documents]
    with source.open("wb") as pipe:
        pipe.writelines(lines[:770])
        pipe.flush()
        for _ in range(600):
            if fresh.data("claims", "list"):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err.strip() == b"gateway: stopped; what was done so far is kept (gateway runbook stopped)"
    stored = len(fresh.data("claims", "list"))
    assert stored == 500
    fresh("store", "check")
    source.unlink()
    (again,) = fresh.data("claims", "import", write_ndjson(source, documents))
    assert (again["unchanged"], again["ready"]) == (500, 280)


def test_ctrl_c_at_a_question_does_nothing(own: Gateway) -> None:
    """resend asks on a terminal; who answers with Ctrl-C or the end of input has changed nothing."""
    before = own.data("batches", "list")
    for answer in (b"", b"\x04", b"n\n"):
        ours, theirs = pty.openpty()
        process = own.popen(
            "batches",
            "resend",
            "2",
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        os.close(theirs)
        assert process.stdout
        assert b"batch 2" in process.stdout.readline()
        time.sleep(0.3)  # until it asks
        if answer:
            os.write(ours, answer)
        else:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        os.close(ours)
        assert process.returncode == 130, err
        assert TRACEBACK.encode() not in err
    assert own.data("batches", "list") == before


@contextlib.contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """As on a full disk: whatever writes more is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kilobytes", [0, 40, 300, 700])
def test_a_full_disk(used: Gateway, tmp_path: Path, kilobytes: int) -> None:
    """Files that cannot grow: one line each, nothing half, and all is done once there is room."""
    assert used.home
    gateway = copied(used.home, tmp_path / "home")
    home = tmp_path / "home"
    before = len(gateway.data("claims", "list"))
    source = write_ndjson(tmp_path / "c.ndjson", claims(80, 321))
    answer = tmp_path / "big.txt"
    answer.write_bytes(b"A report of the clearinghouse.\n" * 40_000)
    for command in (
        ("claims", "import", source),
        ("batches", "build"),
        ("inbound", "import", answer),
        ("exchange",),
        ("batches", "export", "1", tmp_path / "out.837"),
        ("store", "backup", tmp_path / "backup.db"),
        ("report", "reconciliation", "--output", tmp_path / "report.txt"),
        ("partners", "add", "new"),
    ):
        with no_file_grows_beyond(kilobytes << 10):
            ran = gateway(*command, code=None)
        assert ran.code in (0, 1, 2, 3), (command, ran)
        assert ran.code != 2 or all(len(line) < 300 for line in ran.said), ran.err
    for path in (tmp_path / "out.837", tmp_path / "backup.db", tmp_path / "report.txt"):
        assert not path.exists() or path.stat().st_size > 1000, "nothing is left half"
    new = home / "sftp_config" / "new.toml"
    assert not new.exists() or new.read_text().rstrip().endswith("5000")
    new.unlink(missing_ok=True)
    stored = len(gateway.data("claims", "list")) - before
    assert stored in (0, 80)
    gateway("claims", "import", source)
    assert len(gateway.data("claims", "list")) == before + 80
    gateway("exchange", code=None)
    gateway("store", "check")


def test_a_home_made_on_a_full_disk_is_no_home(tmp_path: Path) -> None:
    """An empty gateway.toml would be one; the next init makes it whole."""
    ran = Gateway().process("init", tmp_path / "home", before="ulimit -f 0;", code=2, stdout=subprocess.DEVNULL)
    assert "a home cannot be made here: File too large" in ran.line
    assert not (tmp_path / "home" / "gateway.toml").exists()
    Gateway()("init", tmp_path / "home")
    (tmp_path / "home" / "sftp_config" / "house.toml").write_text(folder_profile())
    Gateway(tmp_path / "home")("claims", "list")
