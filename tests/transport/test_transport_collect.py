"""Collecting: every file once, archived and recorded before the partner's copy is touched, one bad file for itself."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cutting import CuttingRelay
from mailboxes import Mailbox, MemoryMailbox, sftp_mailbox
from sshd import SshServer

from gateway.errors import UsageError
from gateway.transport.archive import Archive, ArchivedFile, ArchiveUnwritable
from gateway.transport.collect import AfterReceive, Collected, Outcome, collect
from gateway.transport.port import (
    FolderMissing,
    PermissionDenied,
    ReadFailed,
    RemoteChanged,
    RemoteFile,
    RemoteVanished,
    Unreachable,
    WriteFailed,
)

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HUGE = 100_000
EDI = b"ISA*00*          *~\r\n\x00"


class Died(Exception):
    """The process ended here."""


@dataclass
class Books:
    """What the store would keep."""

    archive: Archive
    rows: list[tuple[RemoteFile, ArchivedFile]] = field(default_factory=list)
    on_record: Callable[[RemoteFile], None] = lambda file: None
    waits: int = 0
    on_wait: Callable[[], None] = lambda: None

    def known(self, files: Sequence[RemoteFile]) -> dict[str, str]:
        listed = {(file.name, file.size, file.modified) for file in files}
        return {row.name: kept.sha256 for row, kept in self.rows if (row.name, row.size, row.modified) in listed}

    def record(self, file: RemoteFile, archived: ArchivedFile) -> None:
        self.on_record(file)
        self.rows.append((file, archived))

    def wait(self) -> None:
        self.waits += 1
        self.on_wait()

    def content(self, name: str) -> bytes:
        (archived,) = [archived for file, archived in self.rows if file.name == name]
        with self.archive.open(archived.name) as stream:
            return stream.read()


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Empty books over an empty archive."""
    return Books(Archive(tmp_path / "archive"))


def run(mailbox: Mailbox, books: Books, after: str = "keep", **more: object) -> dict[str, Collected]:
    """One collection in a session of its own; results by name."""
    with mailbox.open() as session:
        results = collect(
            session,
            books.archive,
            mailbox.receive,
            after=AfterReceive.parse(after),
            known=books.known,
            record=books.record,
            wait=books.wait,
            now=lambda: AT,
            **more,  # type: ignore[arg-type]
        )
    assert len({result.file.name for result in results}) == len(results)
    return {result.file.name: result for result in results}


def raising(error: Exception) -> Callable[..., None]:
    def run(*_: object) -> None:
        raise error

    return run


# --- all goes well ------------------------------------------------------------------------------------------------


def test_every_file_is_archived_and_recorded(mailbox: Mailbox, books: Books) -> None:
    """Byte for byte, with partner's name, size and time, oldest first; with keep the mailbox stays as it is."""
    contents = {"b.835": EDI * 3, "a.999": EDI, "c d.277": random.Random(1).randbytes(200_000)}
    for number, (name, content) in enumerate(contents.items()):
        mailbox.put(mailbox.receive, name, content, 1_700_000_000.0 + number)

    results = run(mailbox, books, notes={"partner": "example"})

    assert {name: result.outcome for name, result in results.items()} == dict.fromkeys(contents, Outcome.RECEIVED)
    assert [file.name for file, _ in books.rows] == list(contents)
    for name, content in contents.items():
        assert books.content(name) == content
        archived = results[name].archived
        assert archived is not None
        books.archive.verify(archived.name, archived.sha256)
        with books.archive.open(archived.name) as stream:
            assert stream.header.notes == {"partner": "example", "name": name}
            assert (stream.header.kind, stream.header.at) == ("received", AT)
    assert mailbox.names(mailbox.receive) == sorted(contents)


def test_a_kept_file_is_not_fetched_again(mailbox: Mailbox, books: Books) -> None:
    """A shared mailbox keeps its files for weeks; where nothing is new nobody waits either."""
    mailbox.put(mailbox.receive, "a.999", EDI)
    run(mailbox, books)
    waits = books.waits

    again = run(mailbox, books)

    assert again["a.999"].outcome is Outcome.KNOWN
    assert len(books.rows) == 1
    assert len(list(books.archive.names())) == 1
    assert books.waits == waits


def test_a_known_name_with_other_content_is_a_new_file(mailbox: Mailbox, books: Books) -> None:
    """Some partners use the same name every day."""
    mailbox.put(mailbox.receive, "ERA.835", EDI, 1_700_000_000.0)
    run(mailbox, books)
    mailbox.put(mailbox.receive, "ERA.835", EDI[::-1], 1_700_086_400.0)

    assert run(mailbox, books)["ERA.835"].outcome is Outcome.RECEIVED
    assert len(books.rows) == 2


def test_without_times_the_bytes_decide(books: Books) -> None:
    """Where a server tells no time, the same name and size prove nothing."""
    mailbox = MemoryMailbox()
    mailbox.folders[mailbox.receive]["ERA.835"] = (EDI, None)  # type: ignore[assignment]
    assert run(mailbox, books)["ERA.835"].outcome is Outcome.RECEIVED
    assert run(mailbox, books)["ERA.835"].outcome is Outcome.KNOWN
    mailbox.folders[mailbox.receive]["ERA.835"] = (EDI[::-1], None)  # type: ignore[assignment]
    assert run(mailbox, books)["ERA.835"].outcome is Outcome.RECEIVED
    assert len(books.rows) == len(list(books.archive.names())) == 2


def test_delete_removes_what_was_recorded(mailbox: Mailbox, books: Books) -> None:
    """And only that."""
    mailbox.put(mailbox.receive, "a.999", EDI)
    mailbox.put(mailbox.receive, "empty", b"")
    assert run(mailbox, books, "delete")["a.999"].error is None
    assert mailbox.names(mailbox.receive) == ["empty"]
    assert books.content("a.999") == EDI


def test_move_moves_what_was_recorded(mailbox: Mailbox, books: Books) -> None:
    """Also when yesterday's file of the same name is there already: both stay."""
    done = mailbox.receive + "-done"
    mailbox.make_folder(done)
    mailbox.put(done, "ERA.835", b"yesterday's")
    mailbox.put(mailbox.receive, "ERA.835", EDI)

    assert run(mailbox, books, f"move:{done}")["ERA.835"].error is None

    assert mailbox.names(mailbox.receive) == []
    assert mailbox.read(done, "ERA.835") == b"yesterday's"
    (other,) = [name for name in mailbox.names(done) if name != "ERA.835"]
    assert other.startswith("ERA.835.")
    assert mailbox.read(done, other) == EDI


def test_a_long_name_still_finds_a_free_one(books: Books) -> None:
    """255 bytes leave no room for an ending, so the name is shortened."""
    mailbox = MemoryMailbox()
    name = "x" + "ü" * 127
    mailbox.make_folder("done")
    mailbox.put("done", name, b"older")
    mailbox.put(mailbox.receive, name, EDI)
    assert run(mailbox, books, "move:done")[name].error is None
    assert sorted(map(len, (n.encode() for n in mailbox.names("done")))) == [254, 255]


def test_progress_tells_bytes_a_file(mailbox: Mailbox, books: Books) -> None:
    """For a progress bar."""
    seen: list[tuple[str, int]] = []
    mailbox.put(mailbox.receive, "a.999", EDI)
    run(mailbox, books, progress=lambda file, count: seen.append((file.name, count)))
    assert seen[-1] == ("a.999", len(EDI))


# --- files that are not to be taken yet -----------------------------------------------------------------------------


def test_a_file_that_grows_is_left_for_the_next_time(mailbox: Mailbox, books: Books) -> None:
    """Between the two looks it grew or got a new time; taken then, a part would pass for the whole."""
    mailbox.put(mailbox.receive, "grows", EDI)
    mailbox.put(mailbox.receive, "touched", EDI)
    mailbox.put(mailbox.receive, "stable", EDI)

    def change() -> None:
        mailbox.put(mailbox.receive, "grows", EDI * 2)
        mailbox.put(mailbox.receive, "touched", EDI, 1_700_000_009.0)

    books.on_wait = change
    results = run(mailbox, books, "delete")
    assert {name: result.outcome for name, result in results.items()} == {
        "grows": Outcome.GROWING,
        "touched": Outcome.GROWING,
        "stable": Outcome.RECEIVED,
    }
    assert mailbox.names(mailbox.receive) == ["grows", "touched"]
    books.on_wait = lambda: None
    assert run(mailbox, books, "delete")["grows"].outcome is Outcome.RECEIVED
    assert books.content("grows") == EDI * 2


@pytest.mark.parametrize("change", [lambda data: data + b"more", lambda data: data[:-1]])
def test_a_file_that_changes_while_it_is_fetched_is_not_kept(books: Books, change: Callable[[bytes], bytes]) -> None:
    """Longer or shorter than listed: nothing is recorded, nothing is left in the archive, the next time it is taken."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.before["fetch"] = lambda: mailbox.put(mailbox.receive, "a", change(EDI))
    assert run(mailbox, books, "delete")["a"].outcome is Outcome.GROWING
    assert books.rows == []
    assert list(books.archive.names()) == list(books.archive.unfinished()) == []
    mailbox.before.clear()
    assert run(mailbox, books, "delete")["a"].outcome is Outcome.RECEIVED


def test_a_file_that_changes_after_it_was_fetched_stays(books: Books) -> None:
    """The new content is not in the archive, so it must not be deleted; the next time it is a file of its own."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.after["fetch"] = lambda: mailbox.put(mailbox.receive, "a", EDI + b"2", 1_700_000_009.0)
    result = run(mailbox, books, "delete")["a"]
    assert result.outcome is Outcome.RECEIVED
    assert isinstance(result.error, RemoteChanged)
    mailbox.after.clear()
    run(mailbox, books, "delete")
    assert [archived.size for _, archived in books.rows] == [len(EDI), len(EDI) + 1]
    assert mailbox.names(mailbox.receive) == []


def test_empty_files_and_unfinished_names_wait(mailbox: Mailbox, books: Books) -> None:
    """A partner's program creates a file before it fills it, or gives it a name of its own while it does."""
    for name, content in (("empty", b""), ("a.835.filepart", EDI), ("b.tmp", EDI), ("c.PART", EDI)):
        mailbox.put(mailbox.receive, name, content)
    results = run(mailbox, books, "delete")
    assert results.pop("empty").outcome is Outcome.EMPTY
    assert {result.outcome for result in results.values()} == {Outcome.GROWING}
    assert len(mailbox.names(mailbox.receive)) == 4
    assert books.rows == []


def test_a_file_that_vanishes_is_harmless(mailbox: Mailbox, books: Books) -> None:
    """Another reader of a shared mailbox was faster, before or between our looks."""
    for name in ("a", "b"):
        mailbox.put(mailbox.receive, name, EDI)
    books.on_wait = lambda: mailbox.take(mailbox.receive, "a") and None  # type: ignore[func-returns-value]
    results = run(mailbox, books, "delete")
    assert results["a"].outcome is Outcome.VANISHED
    assert results["a"].error is None
    assert results["b"].outcome is Outcome.RECEIVED


def test_a_file_that_is_renamed_while_we_look_comes_under_its_new_name(mailbox: Mailbox, books: Books) -> None:
    """A partner's program writes under one name and gives another: nothing under the old one, the whole file next time.

    The old name is plain, so that nothing tells it from a finished file but the second look.
    """
    mailbox.put(mailbox.receive, "835_unfinished.txt", EDI)

    def rename() -> None:
        content = mailbox.take(mailbox.receive, "835_unfinished.txt")
        mailbox.put(mailbox.receive, "835_finished.txt", content + EDI)

    books.on_wait = rename
    assert run(mailbox, books)["835_unfinished.txt"].outcome is Outcome.VANISHED
    assert books.rows == []
    books.on_wait = lambda: None
    assert run(mailbox, books)["835_finished.txt"].outcome is Outcome.RECEIVED
    assert books.content("835_finished.txt") == EDI + EDI


def test_a_file_that_vanishes_at_the_fetch_or_after_it_is_harmless(books: Books) -> None:
    """Not fetched: nothing to record. Fetched and then gone: received, and nothing left to remove."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.before["fetch"] = lambda: mailbox.folders[mailbox.receive].clear()
    assert run(mailbox, books, "delete")["a"].outcome is Outcome.VANISHED
    assert list(books.archive.unfinished()) == []
    for operation in ("stat", "remove"):
        mailbox.before.clear()
        mailbox.put(mailbox.receive, "a", EDI + operation.encode())
        mailbox.before[operation] = lambda: mailbox.folders[mailbox.receive].clear()
        result = run(mailbox, books, "delete")["a"]
        assert (result.outcome, result.error) == (Outcome.RECEIVED, None)


def test_odd_names_are_told_and_left_alone(mailbox: Mailbox, books: Books) -> None:
    """A person sees them each time; the others are collected."""
    mailbox.put(mailbox.receive, "bad\nname", EDI)
    mailbox.put(mailbox.receive, "good", EDI)
    results = run(mailbox, books, "delete")
    assert {result.outcome for result in results.values()} == {Outcome.ODD, Outcome.RECEIVED}
    assert mailbox.names(mailbox.receive) == ["bad\nname"]


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ReadFailed("no"), PermissionDenied("denied")])
def test_one_bad_file_does_not_stop_the_others(books: Books, error: Exception) -> None:
    """Its error is in the results; the rest is received."""
    mailbox = MemoryMailbox()
    for name in ("a", "b", "c"):
        mailbox.put(mailbox.receive, name, EDI)
    fetched: list[int] = []

    def second_fails() -> None:
        fetched.append(1)
        if len(fetched) == 2:
            raise error

    mailbox.before["fetch"] = second_fails
    results = run(mailbox, books, "delete")
    assert [results[name].outcome for name in "abc"] == [Outcome.RECEIVED, Outcome.FAILED, Outcome.RECEIVED]
    assert results["b"].error is error
    assert mailbox.names(mailbox.receive) == ["b"]


def test_a_lost_connection_ends_the_session_and_loses_nothing(books: Books) -> None:
    """What was received is recorded; the rest is not tried and comes the next time."""
    mailbox = MemoryMailbox()
    for name in ("a", "b", "c"):
        mailbox.put(mailbox.receive, name, EDI + name.encode())
    mailbox.before["remove"] = raising(Unreachable("gone"))
    results = run(mailbox, books, "delete")
    assert [results[name].outcome for name in "abc"] == [Outcome.RECEIVED, Outcome.NOT_TRIED, Outcome.NOT_TRIED]
    assert all(isinstance(result.error, Unreachable) for result in results.values())

    mailbox.before.clear()
    results = run(mailbox, books, "delete")
    assert [results[name].outcome for name in "abc"] == [Outcome.KNOWN, Outcome.RECEIVED, Outcome.RECEIVED]
    assert mailbox.names(mailbox.receive) == []
    assert len(books.rows) == len(list(books.archive.names())) == 3


def test_a_connection_that_breaks_in_a_download_over_ssh(sshd: SshServer, books: Books) -> None:
    """A part of a file is never recorded; the next collection has it whole, and once."""
    from gateway.transport.sftp import SftpTransport

    box = sftp_mailbox(sshd)
    contents = {name: random.Random(name).randbytes(1_000_000) for name in ("a", "b", "c")}
    for name, content in contents.items():
        box.put(box.receive, name, content)
    with CuttingRelay(sshd.port, cut_after_down=1_500_000) as relay:
        direct, box.opener = box.opener, lambda: SftpTransport.connect(sshd.settings(port=relay.port))
        results = run(box, books, "delete")
    assert [results[name].outcome for name in "abc"] == [Outcome.RECEIVED, Outcome.FAILED, Outcome.NOT_TRIED]
    assert isinstance(results["b"].error, Unreachable)
    box.opener = direct
    run(box, books, "delete")
    assert {name: books.content(name) for name in contents} == contents
    assert box.names(box.receive) == []
    assert list(books.archive.unfinished()) == []


def test_a_full_archive_stops_and_deletes_nothing(books: Books, tmp_path: Path) -> None:
    """Never delete what could not be stored; the error is the archive's."""
    mailbox = MemoryMailbox()
    for name in ("a", "b"):
        mailbox.put(mailbox.receive, name, EDI)
    (tmp_path / "file").write_text("not a folder")
    books.archive = Archive(tmp_path / "file")
    results = run(mailbox, books, "delete")
    assert [results[name].outcome for name in "ab"] == [Outcome.FAILED, Outcome.NOT_TRIED]
    assert all(isinstance(result.error, ArchiveUnwritable) for result in results.values())
    assert mailbox.names(mailbox.receive) == ["a", "b"]


@pytest.mark.parametrize("after", ["keep", "delete", "move:done"])
def test_a_store_that_fails_leaves_the_partners_copy(books: Books, after: str) -> None:
    """Not recorded is not received: the file stays, the fault passes through, the next time it is taken again."""
    mailbox = MemoryMailbox()
    mailbox.make_folder("done")
    mailbox.put(mailbox.receive, "a", EDI)
    books.on_record = raising(Died())
    with pytest.raises(Died):
        run(mailbox, books, after)
    assert mailbox.names(mailbox.receive) == ["a"]
    books.on_record = lambda file: None
    assert run(mailbox, books, after)["a"].outcome is Outcome.RECEIVED


@pytest.mark.parametrize("operation", ["fetch", "stat", "remove", "move"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("after", ["delete", "move:done"])
def test_a_crash_at_any_moment_loses_and_doubles_nothing(books: Books, operation: str, when: str, after: str) -> None:
    """Run again: each file is recorded exactly once and the mailbox is empty."""
    mailbox = MemoryMailbox()
    mailbox.make_folder("done")
    for name in ("a", "b"):
        mailbox.put(mailbox.receive, name, EDI + name.encode())
    getattr(mailbox, when)[operation] = raising(Died())
    try:
        run(mailbox, books, after)
    except Died:
        mailbox.before.clear()
        mailbox.after.clear()
        run(mailbox, books, after)
    assert sorted(file.name for file, _ in books.rows) == ["a", "b"]
    assert mailbox.names(mailbox.receive) == []


@pytest.mark.parametrize("error", [PermissionDenied("denied"), WriteFailed("no"), FolderMissing("no such folder")])
def test_a_copy_that_cannot_be_cleared_away_is_received_with_an_error(books: Books, error: Exception) -> None:
    """It is ours all the same; the next time its bytes are compared, not archived again."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.before["remove"] = raising(error)
    result = run(mailbox, books, "delete")["a"]
    assert (result.outcome, result.error) == (Outcome.RECEIVED, error)
    result = run(mailbox, books, "delete")["a"]
    assert (result.outcome, result.error) == (Outcome.KNOWN, error)
    assert len(books.rows) == len(list(books.archive.names())) == 1


def test_a_known_copy_with_other_bytes_is_never_deleted_unread(books: Books) -> None:
    """Same name, size and time, other bytes: what is not in the archive must get there first."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.before["remove"] = raising(PermissionDenied("denied"))
    run(mailbox, books, "delete")
    mailbox.before.clear()
    mailbox.put(mailbox.receive, "a", EDI[::-1])
    assert run(mailbox, books, "delete")["a"].outcome is Outcome.RECEIVED
    assert len(books.rows) == 2
    assert mailbox.names(mailbox.receive) == []


def test_a_folder_that_cannot_be_listed_raises(mailbox: Mailbox, books: Books) -> None:
    """There is nothing to give results for."""
    with mailbox.open() as session, pytest.raises(FolderMissing, match="nowhere"):
        collect(
            session,
            books.archive,
            "nowhere",
            after=AfterReceive("keep"),
            known=books.known,
            record=books.record,
            wait=books.wait,
            now=lambda: AT,
        )


def test_a_thousand_files(mailbox: Mailbox, books: Books) -> None:
    """All of them, once."""
    for number in range(1000):
        mailbox.put(mailbox.receive, f"{number:04}.999", b"%d" % number)
    results = run(mailbox, books, "delete")
    assert {result.outcome for result in results.values()} == {Outcome.RECEIVED}
    assert len(books.rows) == len(list(books.archive.names())) == 1000
    assert mailbox.names(mailbox.receive) == []


# --- the rule -------------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_names(sshd: SshServer, books: Books) -> None:
    """A mailbox that nobody ever clears, at a real server: all known but one; one question asks for all."""
    mailbox = sftp_mailbox(sshd)
    folder = mailbox.root / mailbox.receive
    for number in range(HUGE):
        os.close(os.open(folder / f"f{number}", os.O_CREAT))
    mailbox.put(mailbox.receive, "new", EDI + EDI)
    questions = []

    def known(files: Sequence[RemoteFile]) -> dict[str, str]:
        questions.append(len(files))
        return {file.name: "0" * 64 for file in files if file.name != "new"}

    with mailbox.open() as session:
        results = collect(
            session,
            books.archive,
            mailbox.receive,
            after=AfterReceive("keep"),
            known=known,
            record=books.record,
            wait=books.wait,
            now=lambda: AT,
        )
    assert questions == [HUGE + 1]
    assert Counter(result.outcome for result in results) == {Outcome.KNOWN: HUGE, Outcome.RECEIVED: 1}
    assert books.content("new") == EDI + EDI
    shutil.rmtree(folder)


def test_the_rule_is_read_from_its_text() -> None:
    """As it stands in a profile."""
    assert AfterReceive.parse("keep") == AfterReceive("keep")
    assert AfterReceive.parse("delete") == AfterReceive("delete")
    assert AfterReceive.parse("move: done/2026 ") == AfterReceive("move", "done/2026")


@pytest.mark.parametrize("text", ["", "Keep", "move", "move:", "move: ", "delete:", "keep:x", "archive"])
def test_another_rule_is_refused(text: str) -> None:
    """A typo must not delete."""
    with pytest.raises(UsageError, match="after_receive"):
        AfterReceive.parse(text)


def test_moving_a_folder_into_itself_is_refused(books: Books) -> None:
    """The same files would come for ever."""
    mailbox = MemoryMailbox()
    with pytest.raises(UsageError):
        run(mailbox, books, f"move:{mailbox.receive}")


def test_errors_of_files_do_not_name_them(books: Books) -> None:
    """A partner's file name may be a patient's."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.receive, "DOE_JOHN.835", EDI)
    mailbox.before["remove"] = raising(RemoteVanished("x"))
    mailbox.after["fetch"] = lambda: mailbox.put(mailbox.receive, "DOE_JOHN.835", EDI + b"2", 1.0)
    (result,) = run(mailbox, books, "delete").values()
    assert "DOE" not in repr(result.file)
    assert "DOE" not in str(result.error)
