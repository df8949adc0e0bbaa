"""From a partner's profile to an open mailbox."""

from __future__ import annotations

from pathlib import Path

from gateway.partners import Profile, Sftp
from gateway.transport.credentials import resolve
from gateway.transport.folder import FolderTransport
from gateway.transport.port import Transport


def open_transport(home: Path, profile: Profile) -> Transport:
    """Connects. Secrets are resolved here, relative to the home, and go nowhere else.

    Raises Unreachable, HostKeyRefused, AuthenticationFailed, and UsageError for a reference that leads nowhere.
    """
    if profile.folder is not None:
        return FolderTransport(home / profile.folder)
    assert profile.sftp is not None
    return _sftp(home, profile.sftp)


def _sftp(home: Path, place: Sftp) -> Transport:
    from gateway.transport.sftp import SftpTransport
    from gateway.transport.ssh import SftpSettings

    settings = SftpSettings(
        host=place.host,
        port=place.port,
        username=place.username,
        host_keys=place.host_keys,
        password=_secret(place.password, home),
        private_key=_secret(place.private_key, home),
        passphrase=_secret(place.passphrase, home),
        timeout=place.timeout,
    )
    return SftpTransport.connect(settings)


def _secret(reference: str, home: Path) -> str | None:
    return resolve(reference, home) if reference else None
