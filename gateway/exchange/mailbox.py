"""From a partner's profile to an open mailbox; a login that the partner refused is not tried again by itself.

Who knocks again and again with a wrong password is locked out. So a refusal is kept with a mark of the settings that
were refused, and only other settings, or a person (`partners check`), knock again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import GatewayError
from gateway.partners import Profile, Sftp
from gateway.store import stamp
from gateway.store.rounds import RoundRow, keep_round, last_rounds
from gateway.transport.credentials import resolve
from gateway.transport.folder import FolderTransport
from gateway.transport.port import AuthenticationFailed, Transport

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.transport.ssh import SftpSettings


def open_mailbox(app: App, profile: Profile, *, anyway: bool = False) -> Transport:
    """Connects. Secrets are resolved here, relative to the home, and go nowhere else.

    Raises Unreachable, HostKeyRefused, AuthenticationFailed (without a look at the partner where he refused the same
    login before, unless `anyway`), and UsageError for a reference that leads nowhere.
    """
    if profile.folder is not None:
        return FolderTransport(app.home.path / profile.folder)
    assert profile.sftp is not None
    from gateway.transport.sftp import SftpTransport

    settings = sftp_settings(app.home.path, profile.sftp)
    before = _last(app, profile)
    if before is not None and not anyway and before.refused and _is_mark_of(before.refused, settings):
        raise AuthenticationFailed(
            f"{settings.address} refused this login at {before.ended_at[:16]}Z; it is not tried again until profile or "
            f"secret change, or `gateway partners check {profile.name}` gets in"
        )
    try:
        opened = SftpTransport.connect(settings)
    except AuthenticationFailed as error:
        row = before or RoundRow(profile.name, "", 0, "", "")
        _keep(
            app,
            row._replace(ended_at=stamp(app.now()), refused=_mark(settings), reason=str(error), problem="login"),
        )
        raise
    if before is not None and before.refused:
        _keep(app, before._replace(failures=0, refused="", reason="", problem=""))
    return opened


def is_still_refused(app: App, profile: Profile, mark: str) -> bool:
    """Whether the settings of a profile are those that the partner refused; False where they cannot be told."""
    if profile.sftp is None:
        return False
    try:
        return _is_mark_of(mark, sftp_settings(app.home.path, profile.sftp))
    except GatewayError:
        return False


def sftp_settings(home: Path, place: Sftp) -> SftpSettings:
    """The connection's settings with secrets as themselves; UsageError for a reference that leads nowhere."""
    from gateway.transport.ssh import SftpSettings

    return SftpSettings(
        host=place.host,
        port=place.port,
        username=place.username,
        host_keys=place.host_keys,
        password=_secret(place.password, home),
        private_key=_secret(place.private_key, home),
        passphrase=_secret(place.passphrase, home),
        timeout=place.timeout,
        keepalive=place.keepalive,
        old_algorithms=place.old_algorithms,
    )


def _secret(reference: str, home: Path) -> str | None:
    return resolve(reference, home) if reference else None


def _last(app: App, profile: Profile) -> RoundRow | None:
    with suppress(GatewayError), app.store.read() as conn:  # what is wrong with the store is said by who needs it
        return last_rounds(conn).get(profile.name)
    return None


def _keep(app: App, row: RoundRow) -> None:
    with suppress(GatewayError), app.store.write() as conn:
        keep_round(conn, row)


def _mark(settings: SftpSettings, salt: str = "") -> str:
    """A mark from which nobody learns a password: salted, and slow to guess at."""
    salt = salt or secrets.token_hex(16)
    login = (settings.host, settings.port, settings.username, settings.password, settings.private_key)
    text = json.dumps([*login, settings.passphrase, *settings.old_algorithms])
    return f"{salt}:{hashlib.scrypt(text.encode(), salt=salt.encode(), n=1 << 14, r=8, p=1, dklen=32).hex()}"


def _is_mark_of(mark: str, settings: SftpSettings) -> bool:
    return hmac.compare_digest(mark, _mark(settings, mark.partition(":")[0]))
