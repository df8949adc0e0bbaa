"""What only a local or mounted folder can do wrong."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from mailboxes import DiskMailbox, folder_mailbox

from gateway.errors import UsageError
from gateway.transport.folder import FolderTransport
from gateway.transport.port import (
    FolderMissing,
    NameExists,
    OutcomeUnknown,
    PermissionDenied,
    ReadFailed,
    RemoteFull,
    TransportError,
    Unreachable,
    WriteFailed,
)

EDI = b"ISA*00*"


@pytest.fixture
def box(tmp_path: Path) -> DiskMailbox:
    """Folders below a folder."""
    return folder_mailbox(tmp_path / "mailbox")


@pytest.fixture
def session(box: DiskMailbox) -> FolderTransport:
    """A session with them."""
    return FolderTransport(box.root)


def _write(session: FolderTransport, content: bytes = EDI) -> None:
    session.write_temp("inbound", "gw00.part", io.BytesIO(content), len(content))


def _failing(code: int) -> Callable[..., None]:
    def run(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return run


def test_a_link_is_not_a_file_of_the_mailbox(box: DiskMailbox, session: FolderTransport, tmp_path: Path) -> None:
    """Whoever can write there must not make the gateway read or write elsewhere."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    (box.root / "outbound" / "link").symlink_to(secret)
    (box.root / "inbound" / "gw00.part").symlink_to(tmp_path / "elsewhere")
    sink = io.BytesIO()

    assert session.list_files("outbound") == []
    assert session.stat("outbound", "link") is None
    with pytest.raises(TransportError):
        session.fetch("outbound", "link", sink)
    with pytest.raises(NameExists):
        _write(session)

    assert sink.getvalue() == b""
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_does_not_stop_the_gateway(box: DiskMailbox, session: FolderTransport) -> None:
    """Opening one for reading would wait for ever."""
    os.mkfifo(box.root / "outbound" / "pipe")
    assert session.list_files("outbound") == []


@pytest.mark.parametrize("folder", ["..", "in/../..", "inbound/..", "../mailbox/inbound"])
def test_folders_lie_below_the_mailbox(session: FolderTransport, folder: str) -> None:
    """A profile cannot lead out of it by mistake."""
    with pytest.raises(UsageError):
        session.list_files(folder)


@pytest.mark.parametrize("folder", ["inbound", "/inbound", "inbound/", "./inbound"])
def test_folders_are_relative_to_the_mailbox(session: FolderTransport, folder: str) -> None:
    """However they are written."""
    _write(session)
    assert [file.name for file in session.list_files(folder)] == ["gw00.part"]


def test_a_mount_that_is_not_there_is_a_missing_folder(tmp_path: Path) -> None:
    """The text has the whole path."""
    with pytest.raises(FolderMissing, match=str(tmp_path)):
        FolderTransport(tmp_path / "unmounted").list_files("inbound")


def test_without_hard_links_a_taken_name_is_still_refused(
    session: FolderTransport, box: DiskMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some mounts have no links; a plain rename would overwrite."""
    monkeypatch.setattr(os, "link", _failing(errno.EPERM))
    _write(session)
    box.put("inbound", "claims.txt", b"older")
    with pytest.raises(NameExists):
        session.rename("inbound", "gw00.part", "claims.txt")
    session.rename("inbound", "gw00.part", "other.txt")
    assert box.read("inbound", "claims.txt") == b"older"
    assert box.read("inbound", "other.txt") == EDI


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, RemoteFull),
        (errno.EDQUOT, RemoteFull),
        (errno.EACCES, PermissionDenied),
        (errno.EROFS, PermissionDenied),
        (errno.ESTALE, OutcomeUnknown),
        (errno.EIO, OutcomeUnknown),
        (errno.EINVAL, WriteFailed),
    ],
)
def test_each_fault_of_a_rename_has_its_error(
    session: FolderTransport, monkeypatch: pytest.MonkeyPatch, code: int, error: type[TransportError]
) -> None:
    """A mount that went away at the rename leaves it unknown, all else is definite."""
    _write(session)
    monkeypatch.setattr(os, "link", _failing(code))
    with pytest.raises(error):
        session.rename("inbound", "gw00.part", "claims.txt")


def test_a_mount_that_went_away_is_unreachable(session: FolderTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run again later."""
    monkeypatch.setattr(os, "scandir", _failing(errno.ESTALE))
    with pytest.raises(Unreachable):
        session.list_files("inbound")


def test_a_folder_without_room_takes_nothing(session: FolderTransport, box: DiskMailbox) -> None:
    """Known before the first byte."""
    with pytest.raises(RemoteFull):
        session.write_temp("inbound", "gw00.part", io.BytesIO(b""), 1 << 60)
    assert box.names("inbound") == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_fills_up_is_full(session: FolderTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of the file."""
    real_open = os.open
    monkeypatch.setattr(os, "open", lambda path, flags, *mode: real_open("/dev/full", os.O_WRONLY))
    with pytest.raises(RemoteFull):
        _write(session)


def test_a_direct_put_that_breaks_off_is_unknown(
    session: FolderTransport, box: DiskMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part stands under the final name."""
    monkeypatch.setattr(os, "fsync", _failing(errno.EIO))
    with pytest.raises(OutcomeUnknown):
        session.direct_put("inbound", "claims.txt", io.BytesIO(EDI), len(EDI))
    assert box.names("inbound") == ["claims.txt"]


def test_a_file_is_on_the_disk_before_its_size_counts(
    session: FolderTransport, box: DiskMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after `sent` must not take it back."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    _write(session)
    session.rename("inbound", "gw00.part", "claims.txt")
    assert synced == ["gw00.part", "inbound", "inbound"]


@pytest.mark.skipif(os.geteuid() == 0, reason="to the superuser everything is allowed")
def test_a_folder_without_permission_is_named(session: FolderTransport, box: DiskMailbox) -> None:
    """Permission denied is told from missing."""
    place = box.root / "inbound"
    place.chmod(0o500)
    try:
        with pytest.raises(PermissionDenied, match="inbound"):
            _write(session)
    finally:
        place.chmod(0o700)


def test_reading_a_folder_as_a_file_fails_clearly(session: FolderTransport, box: DiskMailbox) -> None:
    """No traceback."""
    (box.root / "outbound" / "sub").mkdir()
    with pytest.raises(ReadFailed):
        session.fetch("outbound", "sub", io.BytesIO())
