"""The contract of a mailbox, held by every kind: memory, local folder, and a real SFTP server."""

from __future__ import annotations

import hashlib
import io
import random
from typing import BinaryIO

import pytest
from mailboxes import Mailbox

from gateway.errors import UsageError
from gateway.transport.port import (
    FolderMissing,
    NameExists,
    OutcomeUnknown,
    RemoteChanged,
    RemoteFile,
    RemoteVanished,
    Transport,
)

EDI = b"ISA*00*          *00*          *ZZ*SENDER         ~\nGS*HC~\r\n\x00\xff"


def _fetched(transport: Transport, folder: str, name: str, limit: int | None = None) -> bytes:
    sink = io.BytesIO()
    count = transport.fetch(folder, name, sink, limit)
    assert count == len(sink.getvalue())
    return sink.getvalue()


def _write(transport: Transport, folder: str, name: str, content: bytes = EDI) -> int:
    return transport.write_temp(folder, name, io.BytesIO(content), len(content))


def test_a_written_file_gets_its_name_only_by_the_rename(mailbox: Mailbox, transport: Transport) -> None:
    """Until the rename the final name is not there; after it the bytes are exactly those written."""
    assert _write(transport, mailbox.send, "gw00.part") == len(EDI)
    assert mailbox.names(mailbox.send) == ["gw00.part"]

    transport.rename(mailbox.send, "gw00.part", "claims.txt")

    assert mailbox.names(mailbox.send) == ["claims.txt"]
    assert mailbox.read(mailbox.send, "claims.txt") == EDI


def test_stat_tells_the_size_or_that_there_is_none(mailbox: Mailbox, transport: Transport) -> None:
    """The size that the partner holds is what a delivery is compared with."""
    _write(transport, mailbox.send, "gw00.part")

    found = transport.stat(mailbox.send, "gw00.part")

    assert found is not None
    assert (found.name, found.size, found.odd) == ("gw00.part", len(EDI), None)
    assert transport.stat(mailbox.send, "other.txt") is None


def test_a_temporary_name_that_is_taken_is_refused(mailbox: Mailbox, transport: Transport) -> None:
    """Writing is exclusive: what stands there is not touched."""
    mailbox.put(mailbox.send, "gw00.part", b"somebody's")

    with pytest.raises(NameExists):
        _write(transport, mailbox.send, "gw00.part")

    assert mailbox.read(mailbox.send, "gw00.part") == b"somebody's"


def test_a_rename_never_overwrites(mailbox: Mailbox, transport: Transport) -> None:
    """A final name that is taken is a refusal; both files stay as they were, and the session goes on."""
    mailbox.put(mailbox.send, "claims.txt", b"yesterday's")
    _write(transport, mailbox.send, "gw00.part")

    with pytest.raises(NameExists, match=r"claims\.txt"):
        transport.rename(mailbox.send, "gw00.part", "claims.txt")

    assert mailbox.read(mailbox.send, "claims.txt") == b"yesterday's"
    assert mailbox.read(mailbox.send, "gw00.part") == EDI
    assert transport.stat(mailbox.send, "gw00.part") is not None


def test_renaming_a_file_that_is_gone_is_unknown(mailbox: Mailbox, transport: Transport) -> None:
    """A temporary file that somebody took may have been delivered under that name: nobody can tell."""
    _write(transport, mailbox.send, "gw00.part")
    mailbox.take(mailbox.send, "gw00.part")

    with pytest.raises(OutcomeUnknown):
        transport.rename(mailbox.send, "gw00.part", "claims.txt")


def test_a_direct_put_writes_the_final_name_once(mailbox: Mailbox, transport: Transport) -> None:
    """For partners without rename: exclusive, too, and a second one is a definite refusal."""
    assert transport.direct_put(mailbox.send, "claims.txt", io.BytesIO(EDI), len(EDI)) == len(EDI)

    with pytest.raises(NameExists):
        transport.direct_put(mailbox.send, "claims.txt", io.BytesIO(b"other"), 5)

    assert mailbox.read(mailbox.send, "claims.txt") == EDI


def test_fetch_gives_the_bytes_as_they_are(mailbox: Mailbox, transport: Transport) -> None:
    """No newline translation, no trimming."""
    mailbox.put(mailbox.receive, "a.999", EDI)

    assert _fetched(transport, mailbox.receive, "a.999", len(EDI)) == EDI
    assert _fetched(transport, mailbox.receive, "a.999") == EDI


def test_an_empty_file_is_fetched_as_empty(mailbox: Mailbox, transport: Transport) -> None:
    """Zero bytes are no fault of the transport."""
    mailbox.put(mailbox.receive, "empty", b"")

    assert _fetched(transport, mailbox.receive, "empty", 0) == b""
    assert _fetched(transport, mailbox.receive, "empty") == b""


@pytest.mark.parametrize("size", [32767, 32768, 32769, 3 * 32768, 2_500_001])
def test_sizes_around_the_request_length_survive_both_ways(mailbox: Mailbox, transport: Transport, size: int) -> None:
    """Whatever the size, up and down give the same bytes, and progress ends at the size."""
    content = random.Random(size).randbytes(size)
    up: list[int] = []
    down: list[int] = []
    sink = io.BytesIO()

    transport.write_temp(mailbox.send, "gw00.part", io.BytesIO(content), size, up.append)
    mailbox.put(mailbox.receive, "big", content)
    transport.fetch(mailbox.receive, "big", sink, size, down.append)

    assert mailbox.read(mailbox.send, "gw00.part") == content
    assert sink.getvalue() == content
    assert (up[-1], down[-1]) == (size, size)
    assert up == sorted(up) and down == sorted(down)


def test_a_file_that_holds_more_than_was_listed_is_not_taken(mailbox: Mailbox, transport: Transport) -> None:
    """It grew since; taking a part of it as the whole would lose the rest."""
    mailbox.put(mailbox.receive, "a.835", EDI + b"more")

    with pytest.raises(RemoteChanged):
        _fetched(transport, mailbox.receive, "a.835", len(EDI))

    assert transport.stat(mailbox.receive, "a.835") is not None


def test_a_file_that_is_shorter_than_listed_is_seen_by_its_count(mailbox: Mailbox, transport: Transport) -> None:
    """The count that comes back is that of the bytes, not that of the listing."""
    mailbox.put(mailbox.receive, "a.835", EDI)

    assert _fetched(transport, mailbox.receive, "a.835", len(EDI) + 100_000) == EDI


def test_what_the_sink_raises_passes_and_the_session_goes_on(mailbox: Mailbox, transport: Transport) -> None:
    """A full archive is not the partner's fault, and the next file can still be asked for."""

    class Full:
        def write(self, data: bytes, /) -> int:
            raise MemoryError("no room")

    mailbox.put(mailbox.receive, "a", b"x" * 200_000)
    mailbox.put(mailbox.receive, "b", EDI)

    with pytest.raises(MemoryError):
        transport.fetch(mailbox.receive, "a", Full(), 200_000)

    assert _fetched(transport, mailbox.receive, "b", len(EDI)) == EDI


def test_a_file_that_vanished_is_named_as_such(mailbox: Mailbox, transport: Transport) -> None:
    """Another reader was faster: an own kind of error, whose text does not repeat the partner's name."""
    for ask in (
        lambda: _fetched(transport, mailbox.receive, "DOE_JOHN.835"),
        lambda: transport.remove(mailbox.receive, "DOE_JOHN.835"),
        lambda: transport.move(mailbox.receive, "DOE_JOHN.835", mailbox.send),
    ):
        with pytest.raises(RemoteVanished) as caught:
            ask()
        assert "DOE" not in str(caught.value)


def test_remove_takes_one_file_away(mailbox: Mailbox, transport: Transport) -> None:
    """And no other."""
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.put(mailbox.receive, "b", EDI)

    transport.remove(mailbox.receive, "a")

    assert mailbox.names(mailbox.receive) == ["b"]


def test_move_changes_the_folder_and_never_overwrites(mailbox: Mailbox, transport: Transport) -> None:
    """A name that is taken there is refused; a new one may be given."""
    done = mailbox.receive + "-done"
    mailbox.make_folder(done)
    mailbox.put(mailbox.receive, "a", EDI)
    mailbox.put(done, "a", b"older")

    with pytest.raises(NameExists):
        transport.move(mailbox.receive, "a", done)
    transport.move(mailbox.receive, "a", done, "a.2")

    assert mailbox.names(mailbox.receive) == []
    assert mailbox.read(done, "a") == b"older"
    assert mailbox.read(done, "a.2") == EDI


def test_a_missing_folder_is_named(mailbox: Mailbox, transport: Transport) -> None:
    """The operator reads which folder of the profile does not exist; nothing is retried blindly."""
    mailbox.put(mailbox.receive, "a", EDI)
    asks = (
        lambda: transport.list_files("nowhere"),
        lambda: _write(transport, "nowhere", "gw00.part"),
        lambda: transport.direct_put("nowhere", "a", io.BytesIO(EDI), len(EDI)),
        lambda: _fetched(transport, "nowhere", "a"),
        lambda: transport.remove("nowhere", "a"),
        lambda: transport.move(mailbox.receive, "a", "nowhere"),
    )
    for ask in asks:
        with pytest.raises(FolderMissing, match="nowhere") as caught:
            ask()
        assert caught.value.retry == "never"
        assert caught.value.exit_code == 2
    assert mailbox.read(mailbox.receive, "a") == EDI


def test_a_listing_has_sizes_and_times(mailbox: Mailbox, transport: Transport) -> None:
    """Size and time are what tells a finished file from one still being written."""
    mailbox.put(mailbox.receive, "a", EDI, 1_600_000_001.0)
    mailbox.put(mailbox.receive, "b", b"", 1_600_000_002.0)

    found = sorted(transport.list_files(mailbox.receive), key=lambda file: file.name)

    assert found == [RemoteFile("a", len(EDI), 1_600_000_001.0), RemoteFile("b", 0, 1_600_000_002.0)]
    assert found[0] == transport.stat(mailbox.receive, "a")


def test_an_empty_folder_lists_nothing(mailbox: Mailbox, transport: Transport) -> None:
    """No `.` and `..`, no error."""
    assert transport.list_files(mailbox.receive) == []


def test_a_thousand_files_are_all_listed(mailbox: Mailbox, transport: Transport) -> None:
    """Listings come in parts; none is lost or doubled."""
    names = [f"file-{number:04}.999" for number in range(1000)]
    for name in names:
        mailbox.put(mailbox.receive, name, b"x")

    assert sorted(file.name for file in transport.list_files(mailbox.receive)) == names


@pytest.mark.parametrize("name", ["bell\x07.835", "new\nline", "b" * 250 + "\x1b[2J", "back\\slash", "caf\udce9.835"])
def test_odd_names_are_listed_with_a_flag(mailbox: Mailbox, transport: Transport, name: str) -> None:
    """A hostile name is shown to a person, printable, and never hides the others."""
    mailbox.put(mailbox.receive, name, EDI)
    mailbox.put(mailbox.receive, "good.999", EDI)

    found = {file.odd is None: file for file in transport.list_files(mailbox.receive)}

    assert found[True].name == "good.999"
    assert found[False].odd
    assert found[False].name.isprintable()
    assert name not in repr(found[False])


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "a/b", "a\0b", "x" * 256, "a\nb"])
def test_odd_names_are_never_asked_for(mailbox: Mailbox, transport: Transport, name: str) -> None:
    """Whatever a caller passes on, no path leaves the folder."""
    mailbox.put(mailbox.receive, "a", EDI)
    asks = (
        lambda: transport.stat(mailbox.receive, name),
        lambda: _fetched(transport, mailbox.receive, name),
        lambda: _write(transport, mailbox.send, name),
        lambda: transport.rename(mailbox.send, "gw00.part", name),
        lambda: transport.direct_put(mailbox.send, name, io.BytesIO(b""), 0),
        lambda: transport.remove(mailbox.receive, name),
        lambda: transport.move(mailbox.receive, "a", mailbox.send, name or "."),
    )
    _write(transport, mailbox.send, "gw00.part")
    for ask in asks:
        with pytest.raises(UsageError):
            ask()
    assert mailbox.names(mailbox.receive) == ["a"]
    assert mailbox.names(mailbox.send) == ["gw00.part"]


def test_names_with_blanks_and_accents_are_plain(mailbox: Mailbox, transport: Transport) -> None:
    """Partners use them; they are fetched like any other."""
    name = "ERA Ünïted 2026-01-31.835"
    mailbox.put(mailbox.receive, name, EDI)

    (found,) = transport.list_files(mailbox.receive)

    assert (found.name, found.odd) == (name, None)
    assert _fetched(transport, mailbox.receive, found.name, found.size) == EDI


def test_a_source_may_hand_out_small_pieces(mailbox: Mailbox, transport: Transport) -> None:
    """Reads shorter than asked for are no end of file."""

    class Drip(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size, 1000) if size is not None and size > 0 else size)

    content = random.Random(1).randbytes(100_000)
    source: BinaryIO = Drip(content)

    transport.write_temp(mailbox.send, "gw00.part", source, len(content))

    assert hashlib.sha256(mailbox.read(mailbox.send, "gw00.part")).digest() == hashlib.sha256(content).digest()
