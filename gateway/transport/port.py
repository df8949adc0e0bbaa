"""The port: what the gateway asks of a partner's mailbox, whatever stands behind it.

Operations are small, so that each can be recorded before it is asked for. Each error says whether trying again
can help, and one of them, `OutcomeUnknown`, says that nobody can tell yet whether the thing was done.

Texts name folders and the gateway's own file names. They never hold a name that came from a partner, since such a
name may identify a patient, and never what a server wrote in its own words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from gateway.errors import GatewayError, NeedsPerson, PartnerUnreachable, Refused, UsageError
from gateway.transport.names import oddity, shown

Progress = Callable[[int], None]  # called with the bytes moved so far


class Sink(Protocol):
    """Whatever takes fetched bytes, in order: a file, an archive writer, a hash."""

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One regular file in a folder of the partner.

    `name` is data from outside: never part of a local path, a log line or an exception text.
    """

    name: str = field(repr=False)  # escaped and shortened where `odd`
    size: int  # bytes
    modified: float | None  # seconds since 1970 as the partner's clock says; None where the server does not tell
    odd: str | None = None  # why this name is not asked for: it holds a slash, control characters, is too long, …

    @classmethod
    def listed(cls, raw: bytes, size: int, modified: float | None) -> RemoteFile:
        """A file by the bytes of its name as a server or a file system gave them."""
        name = raw.decode(errors="surrogateescape")
        reason = oddity(name)
        return cls(name if reason is None else shown(raw), size, modified, reason)


class TransportError(GatewayError):
    """Anything that went wrong between the gateway and a mailbox."""


class Unreachable(TransportError, PartnerUnreachable):
    """No connection, a lost one, or one that stands still. Nothing was changed by the step that raised it."""


class HostKeyRefused(TransportError, Refused):
    """The server shows a host key that is not listed; nothing was sent, no authentication either.

    `offered` is the OpenSSH line of the key that the server showed, `fingerprint` its SHA256 form.
    """

    page = "host-key-changed"

    def __init__(self, text: str, *, offered: str, fingerprint: str) -> None:
        super().__init__(text)
        self.offered = offered
        self.fingerprint = fingerprint


class AlgorithmsRefused(TransportError, UsageError):
    """The server offers no algorithm of some kind that the profile allows; nobody was logged in.

    `mend` is the line for [sftp] of the profile that allows one; empty where all that is offered is too weak.
    """

    page = "partner-setup"

    def __init__(self, text: str, *, mend: str) -> None:
        super().__init__(text)
        self.mend = mend


class NameExists(TransportError, Refused):
    """The name is taken in that folder; nothing was overwritten."""

    page = "failed-delivery"


class AuthenticationFailed(TransportError, UsageError):
    """The partner refused user, key or password. Trying again with the same ones may lock the account."""

    page = "credentials-refused"


class FolderMissing(TransportError, UsageError):
    """The folder of the profile does not exist for this login."""

    page = "partner-setup"


class PermissionDenied(TransportError, UsageError):
    """The partner does not allow this login to do that in this folder."""

    page = "partner-setup"


class Unsupported(TransportError, UsageError):
    """The partner's server does not know this operation; a profile may ask for another way."""

    page = "partner-setup"


class WriteFailed(TransportError, NeedsPerson):
    """The partner's server answered that it could not do it."""

    page = "failed-delivery"
    retry = "later"


class RemoteFull(WriteFailed):
    """The partner has no room left, or the quota is used up."""


class ReadFailed(TransportError, NeedsPerson):
    """The partner's server answered that it cannot list or read it."""

    page = "quarantined-file"
    retry = "later"


class RemoteVanished(TransportError, NeedsPerson):
    """The file is not there any more."""

    page = "quarantined-file"
    retry = "later"


class RemoteChanged(TransportError, NeedsPerson):
    """The file is not the one that was listed: it holds more bytes than asked for."""

    page = "quarantined-file"
    retry = "later"


class OutcomeUnknown(TransportError, NeedsPerson):
    """The step was asked for and no answer came, so it may or may not have been done. Never simply ask again."""

    page = "unknown-delivery"


class Transport(Protocol):
    """A partner's mailbox. One session, one thread; folders are as the partner calls them.

    Every operation may raise `Unreachable`; after that the session is dead and every further operation raises it too.
    Names given must be plain (see `names.oddity`), else `UsageError`.
    """

    def list_files(self, folder: str) -> list[RemoteFile]:
        """All regular files of the folder, odd names flagged. Raises FolderMissing, PermissionDenied."""
        ...

    def stat(self, folder: str, name: str) -> RemoteFile | None:
        """The file, or None if there is none of that name. Raises PermissionDenied."""
        ...

    def write_temp(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        """Writes `size` bytes of source to a name that must be new; returns the bytes that the server took.

        Raises NameExists, FolderMissing, PermissionDenied, RemoteFull, WriteFailed; after any of them, or Unreachable,
        a part of the file may stand under the temporary name.
        """
        ...

    def rename(self, folder: str, temp_name: str, final_name: str) -> None:
        """Gives a written file its final name. Never overwrites.

        Raises NameExists, PermissionDenied, WriteFailed where the answer was no and the temporary file still stands;
        OutcomeUnknown where no answer came, or the temporary file is gone without one.
        """
        ...

    def direct_put(self, folder: str, name: str, source: BinaryIO, size: int, progress: Progress | None = None) -> int:
        """Writes straight to a final name that must be new, for partners who take any name at once.

        Raises NameExists, FolderMissing, PermissionDenied, RemoteFull, WriteFailed where nothing stands under the name;
        OutcomeUnknown for everything that may have left bytes there.
        """
        ...

    def fetch(
        self, folder: str, name: str, sink: Sink, limit: int | None = None, progress: Progress | None = None
    ) -> int:
        """Writes the file to sink in constant memory; returns its bytes.

        With `limit`, the size that was listed, raises RemoteChanged as soon as there is more. Raises RemoteVanished,
        FolderMissing, PermissionDenied; what sink raises passes through.
        """
        ...

    def remove(self, folder: str, name: str) -> None:
        """Raises RemoteVanished, PermissionDenied, WriteFailed."""
        ...

    def move(self, folder: str, name: str, to_folder: str, new_name: str | None = None) -> None:
        """Moves a file to another folder of the mailbox. Never overwrites.

        Raises NameExists, RemoteVanished, FolderMissing (of `to_folder`), PermissionDenied, WriteFailed.
        """
        ...

    def close(self) -> None:
        """Ends the session; harmless when repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
