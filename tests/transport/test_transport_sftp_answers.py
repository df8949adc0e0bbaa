"""What a server's answers mean: each status, answers out of order, cut short, hostile or missing."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable

import pytest
from scripted_sftp import ScriptedServer, status

from gateway.transport.port import (
    NameExists,
    OutcomeUnknown,
    PermissionDenied,
    ReadFailed,
    RemoteChanged,
    RemoteFull,
    RemoteVanished,
    TransportError,
    Unreachable,
    Unsupported,
    WriteFailed,
)
from gateway.transport.sftp import SftpSettings, SftpTransport
from gateway.transport.sftp_wire import Code, Kind, Wire, WireError

CONTENT = random.Random(3).randbytes(500_000)


def session_with(server: ScriptedServer) -> SftpTransport:
    settings = SftpSettings("sftp.example", 22, "user", (), password="x")
    session = SftpTransport(settings, server)  # type: ignore[arg-type]
    session.open()
    return session


def always(code: int) -> Callable[[int], tuple[int, bytes]]:
    return lambda _: status(code)


def only(number: int, code: int) -> Callable[[int], tuple[int, bytes] | None]:
    return lambda asked: status(code) if asked == number else None


def _write(session: SftpTransport, content: bytes = CONTENT) -> int:
    return session.write_temp("in", "gw00.part", io.BytesIO(content), len(content))


def _fetch(session: SftpTransport, limit: int | None = None) -> bytes:
    sink = io.BytesIO()
    session.fetch("out", "a.835", sink, limit)
    return sink.getvalue()


@pytest.mark.parametrize("number", [0, 7, 15])
def test_one_refused_write_fails_the_upload(number: int) -> None:
    """Also in the middle, where a hole of the right size would be left, and at the very end."""
    server = ScriptedServer(answers={Kind.WRITE: only(number, Code.FAILURE)})
    with session_with(server) as session, pytest.raises(WriteFailed):
        _write(session)


def test_a_refused_close_fails_the_upload() -> None:
    """Some servers store only on close; a file that was not stored is not delivered."""
    server = ScriptedServer(answers={Kind.CLOSE: only(0, Code.QUOTA_EXCEEDED)})
    with session_with(server) as session, pytest.raises(RemoteFull):
        _write(session)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.PERMISSION_DENIED, PermissionDenied),
        (Code.WRITE_PROTECT, PermissionDenied),
        (Code.NO_SPACE, RemoteFull),
        (Code.QUOTA_EXCEEDED, RemoteFull),
        (Code.UNSUPPORTED, Unsupported),
        (Code.FAILURE, WriteFailed),
        (Code.BAD_MESSAGE, WriteFailed),
        (Code.OK, WriteFailed),
        (99, WriteFailed),
        (Code.CONNECTION_LOST, Unreachable),
    ],
)
def test_each_status_has_its_error(code: int, error: type[TransportError]) -> None:
    """The class says whether trying again can help; the server's own words never show."""
    server = ScriptedServer(answers={Kind.OPEN: always(code)})
    with session_with(server) as session, pytest.raises(error) as caught:
        _write(session)
    assert type(caught.value) is error
    assert "DOE" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_replies_in_any_order_are_put_in_order() -> None:
    """The protocol lets a server answer as it likes; neither direction may lose or hang."""
    server = ScriptedServer(files={b"out/a.835": CONTENT}, reorder=True)
    with session_with(server) as session:
        assert _write(session) == len(CONTENT)
        assert server.files[b"in/gw00.part"] == CONTENT
        assert _fetch(session, len(CONTENT)) == CONTENT
        assert _fetch(session) == CONTENT


@pytest.mark.parametrize("most", [1000, 32767, 8192])
def test_a_server_that_gives_less_than_asked_for_is_asked_again(most: int) -> None:
    """Short data is no end of file."""
    server = ScriptedServer(files={b"out/a.835": CONTENT}, most=most)
    with session_with(server) as session:
        assert _fetch(session, len(CONTENT)) == CONTENT
        assert _fetch(session) == CONTENT


def test_a_server_that_gives_more_than_asked_for_is_broken() -> None:
    """Its bytes would stand at the wrong place."""
    data = struct.pack(">I", 40_000) + bytes(40_000)
    server = ScriptedServer(files={b"out/a.835": CONTENT}, answers={Kind.READ: lambda _: (Kind.DATA, data)})
    with session_with(server) as session, pytest.raises(Unreachable):
        _fetch(session, len(CONTENT))


def test_no_data_without_an_end_is_broken() -> None:
    """Else one would ask for ever."""
    empty = (Kind.DATA, struct.pack(">I", 0))
    server = ScriptedServer(files={b"out/a.835": CONTENT}, answers={Kind.READ: lambda _: empty})
    with session_with(server) as session, pytest.raises(Unreachable):
        _fetch(session, len(CONTENT))


def test_an_end_in_the_middle_is_a_change() -> None:
    """The file was cut while we read: no part of it may pass for the whole."""
    server = ScriptedServer(files={b"out/a.835": CONTENT}, answers={Kind.READ: only(3, Code.EOF)})
    with session_with(server) as session, pytest.raises(RemoteChanged):
        _fetch(session, len(CONTENT))


def test_a_file_without_end_stops_at_the_listed_size() -> None:
    """A hostile server cannot fill the archive."""
    data = struct.pack(">I", 32768) + bytes(32768)
    server = ScriptedServer(files={b"out/a.835": b""}, answers={Kind.READ: lambda _: (Kind.DATA, data)})
    sink = io.BytesIO()
    with session_with(server) as session, pytest.raises(RemoteChanged):
        session.fetch("out", "a.835", sink, 1_000_000 // 32768 * 32768)
    assert len(sink.getvalue()) <= 1_000_000


def test_a_refused_read_is_a_failure_of_that_file_only() -> None:
    """The session goes on with the next one, although answers of the first are still on their way."""
    server = ScriptedServer(files={b"out/a.835": CONTENT, b"out/b": b"b"}, answers={Kind.READ: only(2, Code.FAILURE)})
    with session_with(server) as session:
        with pytest.raises(ReadFailed):
            _fetch(session, len(CONTENT))
        sink = io.BytesIO()
        assert session.fetch("out", "b", sink, 1) == 1
        assert sink.getvalue() == b"b"


# --- renames --------------------------------------------------------------------------------------------------------


def _renamed(server: ScriptedServer) -> SftpTransport:
    session = session_with(server)
    _write(session, b"x")
    session.rename("in", "gw00.part", "claims.txt")
    return session


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.PERMISSION_DENIED, PermissionDenied),
        (Code.FAILURE, WriteFailed),
        (Code.UNSUPPORTED, Unsupported),
        (Code.NO_SUCH_FILE, WriteFailed),
    ],
)
def test_a_refused_rename_is_definite_while_the_file_stands(code: int, error: type[TransportError]) -> None:
    """The temporary file is the proof that nothing was delivered."""
    server = ScriptedServer(answers={Kind.RENAME: always(code)})
    with pytest.raises(error):
        _renamed(server)


def test_a_server_without_rename_is_told_the_other_way() -> None:
    """The text names the key of the profile."""
    with pytest.raises(Unsupported, match="direct"):
        _renamed(ScriptedServer(answers={Kind.RENAME: always(Code.UNSUPPORTED)}))


@pytest.mark.parametrize("code", [Code.NO_CONNECTION, Code.CONNECTION_LOST])
def test_a_server_that_lost_its_back_end_at_the_rename_leaves_it_unknown(code: int) -> None:
    """A front server may answer so when it does not know itself."""
    with pytest.raises(OutcomeUnknown):
        _renamed(ScriptedServer(answers={Kind.RENAME: always(code)}))


def test_a_refused_rename_of_a_file_that_is_gone_is_unknown() -> None:
    """Refused by word, yet the file left: perhaps it was done and swept."""

    def refuse_and_take(_: int) -> tuple[int, bytes]:
        server.files.pop(b"in/gw00.part")
        return status(Code.FAILURE)

    server = ScriptedServer(answers={Kind.RENAME: refuse_and_take})
    with pytest.raises(OutcomeUnknown):
        _renamed(server)


def test_a_refused_rename_in_a_folder_that_may_only_be_written_to_is_definite() -> None:
    """Where nobody may look, the answer has to do."""
    server = ScriptedServer(answers={Kind.RENAME: always(Code.FAILURE), Kind.STAT: always(Code.PERMISSION_DENIED)})
    with pytest.raises(WriteFailed):
        _renamed(server)


def test_a_refused_rename_that_cannot_be_looked_at_is_unknown() -> None:
    """The connection went with the answer."""

    def refuse_and_die(_: int) -> tuple[int, bytes]:
        server.answers[Kind.STAT] = lambda _: server.close() or status(Code.OK)  # type: ignore[func-returns-value]
        return status(Code.FAILURE)

    server = ScriptedServer(answers={Kind.RENAME: refuse_and_die})
    with pytest.raises(OutcomeUnknown):
        _renamed(server)


# --- direct puts ----------------------------------------------------------------------------------------------------


def _put(server: ScriptedServer) -> None:
    with session_with(server) as session:
        session.direct_put("in", "claims.txt", io.BytesIO(CONTENT), len(CONTENT))


def test_a_refused_direct_put_takes_its_part_away() -> None:
    """Then it is definite: nothing stands under the final name."""
    server = ScriptedServer(answers={Kind.WRITE: only(5, Code.NO_SPACE)})
    with pytest.raises(RemoteFull):
        _put(server)
    assert server.files == {}


def test_a_refused_direct_put_whose_part_stays_is_unknown() -> None:
    """It may be taken at any time."""
    server = ScriptedServer(answers={Kind.WRITE: only(5, Code.NO_SPACE), Kind.REMOVE: always(Code.PERMISSION_DENIED)})
    with pytest.raises(OutcomeUnknown):
        _put(server)


def test_a_direct_put_to_a_name_that_is_taken_asks_for_nothing_more() -> None:
    """What stands there is not ours to remove."""
    server = ScriptedServer(files={b"in/claims.txt": b"other"})
    with pytest.raises(NameExists):
        _put(server)
    assert server.files == {b"in/claims.txt": b"other"}
    assert Kind.REMOVE not in server.asked


# --- listings -------------------------------------------------------------------------------------------------------


def test_hostile_names_of_a_listing_are_flagged() -> None:
    """Slashes, dots, NUL, bytes that are no text, too long: none hides the others, none is a path."""
    names = [b"../../etc/passwd", b"a/b", b"x" * 300, b"nul\0", b"caf\xe9", b"", b"ok.999"]
    server = ScriptedServer(files={b"out/" + name: b"x" for name in names})
    with session_with(server) as session:
        found = session.list_files("out")
    assert [file.name for file in found if file.odd is None] == ["ok.999"]
    assert len(found) == len(names)
    assert all(file.name.isprintable() and len(file.name) <= 255 for file in found)


def test_a_listing_without_types_goes_by_its_long_form() -> None:
    """Old servers send no modes; a folder must not be fetched as a file."""

    def line(name: bytes, longname: bytes) -> bytes:
        return (
            struct.pack(">I", len(name))
            + name
            + struct.pack(">I", len(longname))
            + longname
            + struct.pack(">IQ", 0x01, 5)
        )

    listing = struct.pack(">I", 3) + line(b"a", b"-rw a") + line(b"d", b"drw d") + line(b"l", b"lrw l")
    server = ScriptedServer(answers={Kind.READDIR: lambda asked: (Kind.NAME, listing) if asked == 0 else None})
    server.answers[Kind.READDIR] = lambda asked: (Kind.NAME, listing) if asked == 0 else status(Code.EOF)
    with session_with(server) as session:
        (found,) = session.list_files("out")
    assert (found.name, found.size, found.modified) == ("a", 5, None)


@pytest.mark.parametrize("body", [struct.pack(">I", 4_000_000_000), struct.pack(">III", 1, 99, 0), b"", b"\0"])
def test_a_listing_that_is_cut_ends_the_session(body: bytes) -> None:
    """Counts and lengths of a hostile server are not believed."""
    server = ScriptedServer(answers={Kind.READDIR: lambda _: (Kind.NAME, body)})
    with session_with(server) as session, pytest.raises(Unreachable):
        session.list_files("out")


def test_a_listing_without_end_is_given_up() -> None:
    """Half a million names are a fault."""
    many = struct.pack(">I", 50_000) + (struct.pack(">I", 1) + b"a" + struct.pack(">I", 0) + bytes(4)) * 50_000
    server = ScriptedServer(answers={Kind.READDIR: lambda _: (Kind.NAME, many)})
    with session_with(server) as session, pytest.raises(Unreachable):
        session.list_files("out")


def test_a_folder_that_may_not_be_listed_is_named() -> None:
    """Permission denied is told from a folder that is missing."""
    server = ScriptedServer(answers={Kind.OPENDIR: always(Code.PERMISSION_DENIED)})
    with session_with(server) as session, pytest.raises(PermissionDenied, match="out"):
        session.list_files("out")


def test_a_refused_removal_is_told_apart() -> None:
    """Denied, failed and vanished ask for different things from a person."""
    for code, error in (
        (Code.PERMISSION_DENIED, PermissionDenied),
        (Code.FAILURE, WriteFailed),
        (Code.NO_SUCH_FILE, RemoteVanished),
    ):
        server = ScriptedServer(files={b"out/a": b"x"}, answers={Kind.REMOVE: always(code)})
        with session_with(server) as session, pytest.raises(error):
            session.remove("out", "a")


# --- broken packets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xff\xff\xff\x65",
        b"\0\0\0\0\0",
        b"\0\0\0\x02\x65\0",
        struct.pack(">IB", 5, 102) + struct.pack(">I", 1),
        struct.pack(">IBI", 9, 77, 1) + b"zzzz",
        b"Welcome to our server\r\n",
    ],
)
def test_garbage_ends_the_session_with_one_clear_error(raw: bytes) -> None:
    """Impossible lengths, packets without a number, text from a login script."""
    server = ScriptedServer(raw=lambda kind: raw if kind == Kind.OPEN else None)
    with session_with(server) as session:
        with pytest.raises(Unreachable):
            _write(session)
        with pytest.raises(Unreachable, match="over"):
            session.list_files("out")


@pytest.mark.parametrize("raw", [b"Welcome\r\n.......", struct.pack(">IBI", 5, 2, 6), struct.pack(">IB", 1, 2)])
def test_a_server_of_another_version_or_none_is_refused(raw: bytes) -> None:
    """Version 3 is what everyone speaks; anything else is not guessed at."""
    with pytest.raises(Unreachable):
        session_with(ScriptedServer(raw=lambda kind: raw))


def test_replies_to_nobody_are_dropped() -> None:
    """A reply that came too late for its request does not answer the next one."""
    late = struct.pack(">IBI", 1 + 4 + 12, Kind.STATUS, 4_000) + struct.pack(">I", Code.FAILURE) + bytes(8)
    server = ScriptedServer(files={b"out/a.835": b"x"})
    session = session_with(server)
    server._out.append(late)
    assert _fetch(session, 1) == b"x"


def test_a_session_has_a_time_limit_however_slowly_bytes_come() -> None:
    """A drip of bytes is no progress: the whole operation has an end."""
    now = [0.0]
    packet = iter(struct.pack(">I", 100) + bytes(100))

    class Dripping:
        def send(self, data: bytes, /) -> int:
            return len(data)

        def recv(self, count: int, /) -> bytes:
            now[0] += 20.0
            return bytes([next(packet)])

        def settimeout(self, seconds: float, /) -> None:
            assert 0 < seconds <= 30.0

    wire = Wire(Dripping(), clock=lambda: now[0])
    wire.limit(30.0, 100.0)
    with pytest.raises(WireError, match="time limit"):
        wire.start()
    assert now[0] == 100.0
