"""The archive: nothing is lost, overwritten or given out half; memory stays flat; what is damaged is said."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gateway.transport import archive as module
from gateway.transport.archive import Archive, ArchiveDamaged, ArchivedFile, ArchiveUnwritable
from gateway.vault.keys import NO_KEYS, Key, Keys

AT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
EDI = b"ISA*00*...~\r\nGS*HC~\x00\xff"


@pytest.fixture(params=["plain", "sealed"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """An archive in a folder that does not exist yet, without a key and with one."""
    keys = NO_KEYS if request.param == "plain" else Keys("env:KEY", fetch=lambda _: Key(bytes(range(32))).text())
    return Archive(tmp_path / "data" / "archive", keys)


@pytest.fixture
def plain(tmp_path: Path) -> Archive:
    """One without a key."""
    return Archive(tmp_path / "data" / "archive")


def _path(archive: Archive, kept: ArchivedFile) -> Path:
    return archive.root / kept.name


@pytest.mark.parametrize("size", [0, 1, 100, module.CHUNK - 1, module.CHUNK, 3 * module.CHUNK + 7])
def test_what_was_kept_comes_back(archive: Archive, size: int) -> None:
    """Byte for byte, with the right hash and size, from bytes and from a stream."""
    content = random.Random(size).randbytes(size)
    for given in (content, io.BytesIO(content)):
        kept = archive.keep(given, "sent", AT)
        with archive.open(kept.name) as stream:
            assert stream.size == size
            assert stream.read() == content
        assert kept.size == size
        assert kept.sha256 == hashlib.sha256(content).hexdigest()
        archive.verify(kept.name, kept.sha256)


def test_a_stream_may_be_read_in_pieces_and_again(archive: Archive) -> None:
    """An upload that is repeated starts again from the first byte; the end mark is never part of the bytes."""
    kept = archive.keep(EDI, "sent", AT)
    with archive.open(kept.name) as stream:
        assert b"".join(iter(lambda: stream.read(3), b"")) == EDI
        assert stream.seek(0) == 0
        assert stream.read(5) == EDI[:5]
        assert stream.seek(-2, os.SEEK_END) == len(EDI) - 2
        assert stream.read() == EDI[-2:]
        assert stream.seek(1_000_000) == len(EDI)
        assert stream.read() == b""


def test_the_header_tells_what_a_new_store_needs(archive: Archive) -> None:
    """Kind, time and notes stand in the file itself, whatever zone the time was given in."""
    at = AT.astimezone(timezone(timedelta(hours=-6)))
    kept = archive.keep(EDI, "received", at, {"partner": "example", "name": "ERA ü.835"})
    with archive.open(kept.name) as stream:
        header = stream.header
    assert (header.kind, header.at, header.size) == ("received", AT, len(EDI))
    assert header.notes == {"partner": "example", "name": "ERA ü.835"}
    assert "ERA" not in repr(header)


def test_names_are_random_and_say_nothing_of_the_content(archive: Archive) -> None:
    """The same bytes twice are two files; no name confirms a guess about the content, and no file holds its hash."""
    first, second = archive.keep(EDI, "sent", AT), archive.keep(EDI, "sent", AT)
    assert first.name != second.name
    assert first.name.startswith("sent/2026/01/")
    digest = hashlib.sha256(EDI)
    for kept in (first, second):
        raw = _path(archive, kept).read_bytes()
        assert digest.hexdigest()[:8] not in kept.name
        assert digest.digest() not in raw and digest.hexdigest().encode() not in raw


def test_only_the_owner_may_look(archive: Archive) -> None:
    """Files 0600, folders 0700, whatever the umask of the process."""
    old = os.umask(0)
    try:
        kept = archive.keep(EDI, "sent", AT)
    finally:
        os.umask(old)
    path = _path(archive, kept)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    while path != archive.root.parent:
        path = path.parent
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_the_format_is_the_one_that_is_written_down(plain: Archive) -> None:
    """A file of today must open for ever: magic, version 1, algorithm 0, blocks, body, length and end mark."""
    kept = plain.keep(EDI, "sent", AT)
    raw = _path(plain, kept).read_bytes()
    note_length = int.from_bytes(raw[16:20], "big")
    assert raw[:12] == b"\x89GWARC\r\n\x01\x00\x00\x00"
    assert raw[12:16] == b"\0\0\0\0"
    assert raw[20 + note_length : -16] == EDI
    assert raw[-16:] == len(EDI).to_bytes(8, "big") + b"GWEND\r\n\x1a"


def test_a_file_with_a_key_block_keeps_its_place_for_it(plain: Archive) -> None:
    """The room for a wrapped key is read over, so that the layout does not change when encryption comes."""
    kept = plain.keep(EDI, "sent", AT)
    path = _path(plain, kept)
    raw = path.read_bytes()
    path.write_bytes(raw[:12] + (5).to_bytes(4, "big") + raw[16:20] + b"12345" + raw[20:])
    with plain.open(kept.name) as stream:
        assert stream.read() == EDI


def test_a_file_that_was_cut_is_never_given_out(archive: Archive) -> None:
    """Wherever it was cut, header, body or end mark."""
    kept = archive.keep(EDI, "sent", AT)
    path = _path(archive, kept)
    raw = path.read_bytes()
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(ArchiveDamaged) as caught:
            archive.open(kept.name)
        assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("at", "byte"), [(0, 0), (8, 2), (9, 1), (9, 2), (12, 0xFF), (16, 0xFF), (19, 0), (21, 0), (-1, 0), (-9, 0)]
)
def test_a_damaged_header_or_end_is_said(plain: Archive, at: int, byte: int) -> None:
    """Another format, another algorithm, impossible lengths: one clear error, no traceback."""
    kept = plain.keep(EDI, "sent", AT)
    path = _path(plain, kept)
    raw = bytearray(path.read_bytes())
    raw[at] = byte
    path.write_bytes(raw)
    with pytest.raises(ArchiveDamaged, match="archive file"):
        plain.open(kept.name)


def test_changed_bytes_fail_the_verification(plain: Archive) -> None:
    """A flipped bit in the body is found by the hash of the store."""
    kept = plain.keep(EDI, "sent", AT)
    path = _path(plain, kept)
    path.write_bytes(path.read_bytes().replace(b"HC", b"HX"))
    with pytest.raises(ArchiveDamaged, match="hash"):
        plain.verify(kept.name, kept.sha256)


def test_a_missing_file_is_damage(archive: Archive) -> None:
    """The store names it and it is not there."""
    kept = archive.keep(EDI, "sent", AT)
    _path(archive, kept).unlink()
    with pytest.raises(ArchiveDamaged, match="No such file"):
        archive.open(kept.name)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "sent/2026/01/x", "", "sent/2026/01/" + "0" * 33])
def test_only_names_of_the_archive_are_opened(archive: Archive, name: str) -> None:
    """A name from elsewhere leads nowhere."""
    with pytest.raises(ArchiveDamaged):
        archive.open(name)


def test_names_lists_what_was_kept_and_nothing_else(archive: Archive) -> None:
    """Complete files only, received and sent apart, oldest month first; other people's files are not ours."""
    assert list(archive.names()) == []
    later = archive.keep(EDI, "sent", AT + timedelta(days=40)).name
    sent = archive.keep(EDI, "sent", AT).name
    received = archive.keep(EDI, "received", AT).name
    (archive.root / "sent" / "2026" / "01" / "notes.txt").write_text("x")
    assert list(archive.names()) == [received, sent, later]


def test_a_write_that_broke_off_leaves_nothing(archive: Archive) -> None:
    """What the stream raises passes through, and no file is left."""

    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise RuntimeError("the connection broke")
            return super().read(3)

    with pytest.raises(RuntimeError):
        archive.keep(Breaking(EDI), "sent", AT)
    assert [path for path in archive.root.rglob("*") if path.is_file()] == []


def test_a_writer_that_is_not_committed_leaves_nothing(archive: Archive) -> None:
    """Leaving the block is giving up; after commit nothing more can be written."""
    with archive.writer("received", AT) as writer:
        writer.write(EDI)
        assert (writer.size, writer.sha256) == (len(EDI), hashlib.sha256(EDI).hexdigest())
    assert list(archive.names()) == []
    assert list(archive.unfinished()) == []
    with archive.writer("received", AT) as writer:
        kept = writer.commit()
        with pytest.raises(ValueError, match="closed"):
            writer.write(EDI)
    assert list(archive.names()) == [kept.name]


def test_a_crash_while_writing_is_recognised(archive: Archive) -> None:
    """A process that dies leaves a file of its own kind of name, which nothing points to and nothing lists."""
    program = (
        "import os, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from gateway.transport.archive import Archive, CHUNK\n"
        "writer = Archive(Path(sys.argv[1])).writer('received', datetime(2026, 1, 31, tzinfo=UTC))\n"
        "writer.write(b'x' * (3 * CHUNK)); os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(archive.root)], check=False)
    (cut,) = archive.unfinished()
    assert cut.endswith(".part")
    assert list(archive.names()) == []
    with pytest.raises(ArchiveDamaged):
        archive.open(cut)


def test_files_are_on_the_disk_before_they_have_their_name(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is fsynced, then renamed, then its folder fsynced: a power cut leaves all or nothing."""
    order: list[str] = []
    real_fsync, real_link = os.fsync, os.link

    def fsync(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def link(source: Path, target: Path) -> None:
        order.append("name")
        real_link(source, target)

    archive.keep(b"first", "sent", AT)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    archive.keep(EDI, "sent", AT)
    assert order == ["file", "name", "folder"]
    order.clear()
    archive.keep(EDI, "received", AT)
    assert order == ["folder", "folder", "folder", "file", "name", "folder"]


def test_a_file_system_without_hard_links_is_good_enough(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some mounts have none; a plain rename of a random name does."""

    def link(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", link)
    kept = archive.keep(EDI, "sent", AT)
    archive.verify(kept.name, kept.sha256)
    assert list(archive.unfinished()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("size", [10, 10 * module.CHUNK])
def test_a_full_disk_is_one_clear_error(archive: Archive, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Whether it is met while writing or only at the end; nothing is left under a valid name."""
    real_open = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            os.close(real_open(path, flags, mode))
            return real_open("/dev/full", os.O_WRONLY)
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(ArchiveUnwritable, match="No space left") as caught:
        archive.keep(b"x" * size, "sent", AT)
    monkeypatch.undo()
    assert (caught.value.exit_code, caught.value.retry) == (2, "later")
    assert str(archive.root) in str(caught.value)
    assert list(archive.names()) == []
    assert list(archive.unfinished()) == []


def test_a_place_where_no_folder_can_be_is_the_same_error(tmp_path: Path) -> None:
    """A file where the archive should be, as after a wrong mount."""
    (tmp_path / "archive").write_text("not a folder")
    archive = Archive(tmp_path / "archive")
    for ask in (lambda: archive.keep(EDI, "sent", AT), archive.check_writable):
        with pytest.raises(ArchiveUnwritable, match="cannot be written"):
            ask()


@pytest.mark.skipif(os.geteuid() == 0, reason="to the superuser everything is allowed")
def test_a_read_only_archive_is_the_same_error(archive: Archive) -> None:
    """Reading still works."""
    kept = archive.keep(EDI, "sent", AT)
    folder = _path(archive, kept).parent
    folder.chmod(0o500)
    try:
        with pytest.raises(ArchiveUnwritable, match="Permission denied"):
            archive.keep(EDI, "sent", AT)
        archive.verify(kept.name, kept.sha256)
    finally:
        folder.chmod(0o700)


def test_checking_leaves_nothing(archive: Archive) -> None:
    """A check writes and takes away."""
    archive.check_writable()
    assert list(archive.root.iterdir()) == []


def test_a_time_without_a_zone_is_misuse(archive: Archive) -> None:
    """It would be another time on another machine."""
    with pytest.raises(ValueError, match="zone"):
        archive.keep(EDI, "sent", datetime(2026, 1, 1))


@pytest.mark.parametrize("kind", ["plain", "sealed"])
def test_big_files_take_no_memory(tmp_path: Path, kind: str) -> None:
    """20 MB in, out and verified within a few MB."""
    program = (
        "import io, resource, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from gateway.transport.archive import Archive\n"
        "from gateway.vault.keys import NO_KEYS, Key, Keys\n"
        "keys = Keys('env:KEY', fetch=lambda _: Key(bytes(32)).text()) if sys.argv[2] == 'sealed' else NO_KEYS\n"
        "class Source(io.RawIOBase):\n"
        "    left = 0\n"
        "    def read(self, size=-1):\n"
        "        count = min(size, self.left); self.left -= count; return bytes(count)\n"
        "archive = Archive(Path(sys.argv[1]), keys); source = Source(); at = datetime(2026, 1, 31, tzinfo=UTC)\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "def both(size):\n"
        "    source.left = size; kept = archive.keep(source, 'sent', at); archive.verify(kept.name, kept.sha256)\n"
        "    assert kept.size == size\n"
        "both(1 << 20); before = peak(); both(20 << 20); print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "archive"), kind], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 8
