"""`doctor`: one line a check, with what mends it."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gateway.app import App
from gateway.errors import GatewayError, PartnerUnreachable
from gateway.exchange import conditions, enrolled, journal, safeguards, sealing
from gateway.exchange.joining import unfilled
from gateway.partners import Profile
from gateway.store.alerts import channel_rows
from gateway.store.privacy import travels_in_the_clear
from gateway.transport.port import AlgorithmsRefused, FolderMissing, HostKeyRefused

_BY_PAGE = "the runbook has what to do"


class Finding(NamedTuple):
    """One check: `level` is ok, warning or error."""

    level: str
    what: str
    text: str
    mend: str = ""
    exit_code: int = 0
    page: str = ""  # the runbook; of every finding that is not ok

    def document(self) -> dict[str, str]:
        return {"level": self.level, "what": self.what, "text": self.text, "mend": self.mend, "runbook": self.page}


def examine(app: App, *, connect: bool = True) -> Iterator[Finding]:
    """Every check in turn; none of them changes anything at a partner."""
    yield from _python()
    yield from _tried("configuration", lambda: _configuration(app))
    yield from _tried("store", lambda: _store(app))
    yield from _tried("archive", lambda: _archive(app))
    yield from _tried("encryption", lambda: _safe(safeguards.encryption(app)))
    yield from _tried("permissions", lambda: _safe(safeguards.permissions(app)))
    yield from _tried("disk encryption", lambda: _safe(safeguards.at_rest(app)))
    yield from _disk(app)
    yield from _tried("clock", lambda: _clock(app))
    yield from _tried("alerts", lambda: _alerts(app))
    yield from _tried("journal", lambda: _journal(app))
    yield from _tried("keys", lambda: _key_files(app))
    yield from _tried("pgp", lambda: _pgp(app))
    yield from _tried("enrolments", lambda: _enrolments(app))
    if connect:
        try:
            profiles = list(app.profiles.values())
        except GatewayError:
            return  # said above
        for profile in profiles:
            yield from examine_partner(app, profile)


def _tried(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except GatewayError as error:
        yield Finding("error", what, str(error), _BY_PAGE, error.exit_code, error.page)
    except OSError as error:
        yield Finding("error", what, error.strerror or type(error).__name__, _BY_PAGE, 2, "wrong-usage")


def _safe(said: Iterable[safeguards.Said]) -> Iterator[Finding]:
    for one in said:
        yield Finding(*one, page="at-rest" if one[0] != "ok" else "")


def _python() -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "python", found)


def _configuration(app: App) -> Iterator[Finding]:
    _ = app.home.configuration, app.companions
    names = ", ".join(app.profiles)
    if names:
        yield Finding("ok", "configuration", f"{app.home.path}; partners: {names}")
    else:
        mend = "describe one with `gateway partners add NAME`"
        yield Finding("warning", "configuration", f"{app.home.path}; no partner yet", mend, page="partner-setup")


def _store(app: App) -> Iterator[Finding]:
    with app.store.read() as conn:
        yield Finding("ok", "store", str(app.store.path or app.store.url))
        if travels_in_the_clear(conn):
            mend = "add ?sslmode=verify-full to the store's url, with the server's root certificate (sslrootcert)"
            yield Finding("warning", "store", "patient data goes to the database unencrypted", mend, page="at-rest")


def _archive(app: App) -> Iterator[Finding]:
    app.archive.check_writable()
    unfinished = sum(1 for _ in app.archive.unfinished())
    yield Finding("ok", "archive", str(app.home.archive_path))
    if unfinished:
        text = f"{unfinished} files were cut while they were written; nothing rests on them"
        yield Finding("warning", "archive", text, "they may be removed while no gateway runs", page="store-differs")


def _disk(app: App) -> Iterator[Finding]:
    found = list(conditions.low_disks(app))
    for one in found:
        yield Finding(
            "error", "disk", one.text, "make room: an archive that cannot grow stops everything", 2, "disk-full"
        )
    if not found:
        yield Finding("ok", "disk", f"{shutil.disk_usage(app.home.path).free >> 30} GB free")


def _clock(app: App) -> Iterator[Finding]:
    found = list(conditions.wrong_clock(app))
    for one in found:
        yield Finding("error", "clock", one.text, "set the machine's clock (NTP)", 2, "clock")
    if not found:
        yield Finding("ok", "clock", f"{app.now():%Y-%m-%d %H:%M} UTC")


def _alerts(app: App) -> Iterator[Finding]:
    """Whether somebody is told; what the last attempt at each channel came to."""
    channels = app.home.alerts.channels
    with app.store.read() as conn:
        rows = channel_rows(conn)
    for name in channels:
        row = rows.get(name)
        if row is not None and row.failures:
            mend = "mend it in [alerts] of gateway.toml, then `gateway alerts test`"
            yield Finding(
                "warning", "alerts", f"the last message did not get through: {row.reason}", mend, page="alert-channel"
            )
        else:
            yield Finding("ok", "alerts", f"{name}: {'the last message got through' if row else 'nothing told yet'}")
    if not channels:
        text = "nobody is told: gateway.toml has no [alerts]"
        if any(profile.usage == "P" for profile in app.profiles.values()):
            mend = "name a mail address, a webhook or a command in [alerts], then `gateway alerts test`"
            yield Finding("warning", "alerts", text, mend, page="alert-channel")
        else:
            yield Finding("ok", "alerts", text)


def _journal(app: App) -> Iterator[Finding]:
    """Whether what no file says is written into the archive, so that a lost store can be made again."""
    last, hours = journal.last_written(app), app.home.journal_hours
    said = f"written {last[:16].replace('T', ' ')} UTC" if last else "not written yet"
    how = f"by itself after {hours} hours" if hours else "never by itself"
    if not hours and any(profile.usage == "P" for profile in app.profiles.values()):
        mend = "hours = 24 in [journal] of gateway.toml"
        yield Finding("warning", "journal", f"{said}; {how}", mend, page="store-replayed")
    else:
        yield Finding("ok", "journal", f"{said}; {how}")


def _key_files(app: App) -> Iterator[Finding]:
    for profile in app.profiles.values():
        for reference in _secrets(profile):
            scheme, _, rest = reference.partition(":")
            path = app.home.path / rest
            if scheme == "file" and path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                yield Finding(
                    "warning", "keys", f"{path} can be read by others", f"chmod 600 {path}", page="partner-setup"
                )


def _secrets(profile: Profile) -> list[str]:
    """The references of a profile that lead to secrets."""
    place, keys = profile.sftp, profile.sealing
    found = [place.private_key, place.password, place.passphrase] if place else []
    return [*found, keys.sign_with, keys.decrypt_with, keys.passphrase]


def _pgp(app: App) -> Iterator[Finding]:
    for profile in app.profiles.values():
        for level, text in sealing.expiries(app, profile, app.now()):
            mend = "exchange new keys with the partner, and name them in [pgp]"
            yield Finding(level, "pgp", text, mend, 2 if level == "error" else 0, "key-expiry")


def _enrolments(app: App) -> Iterator[Finding]:
    for profile in app.profiles.values():
        for text, mend in enrolled.examine(app, profile) if profile.enrolments.of else ():
            yield Finding("warning", "enrolments", f"{profile.name}: {text}", mend, page="silent-claims")


def examine_partner(app: App, profile: Profile, *, anyway: bool = False) -> Iterator[Finding]:
    """Connects, compares the host key and lists the folders; `anyway` also with a login that was refused before."""
    what = f"partner {profile.name}"
    if left := unfilled(profile):
        yield Finding("error", what, left, "put in what the partner gave you", 2, "partner-setup")
    try:
        transport = app.transport(profile, anyway=anyway)
    except HostKeyRefused as error:
        mend = f"compare the fingerprint with the partner's own, then add to host_keys: {error.offered}"
        yield Finding("error", what, str(error), mend, error.exit_code, error.page)
        return
    except GatewayError as error:
        profile_file = f"sftp_config/{profile.name}.toml"
        mend = f"see {'[sftp]' if profile.sftp else '[folder]'} in {profile_file}"
        if isinstance(error, AlgorithmsRefused):
            mend = f"put into [sftp] of {profile_file}: {error.mend}" if error.mend else "the profile cannot mend it"
        if isinstance(error, PartnerUnreachable):
            mend = f"is the partner up, and does the network let you through? else {mend}"
        yield Finding("error", what, str(error), mend, error.exit_code, error.page)
        return
    try:
        yield Finding("ok", what, "reached, host key as pinned" if profile.sftp else "folder is there")
        for use, folder in (("send", profile.send_folder), ("receive", profile.receive_folder)):
            try:
                files = transport.list_files(folder)
                yield Finding("ok", what, f"{use} folder {folder!r}: {len(files)} files")
            except FolderMissing as error:
                mend = f"correct [folders] {use} in sftp_config/{profile.name}.toml"
                yield Finding("error", what, str(error), mend, error.exit_code, error.page)
            except GatewayError as error:
                yield Finding("error", what, str(error), _BY_PAGE, error.exit_code, error.page)
    finally:
        transport.close()
