"""A home: one practice's configuration, local mappings and data in one folder that may be moved or copied."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gateway.alerts.settings import Alerts, fault_of, read_alerts
from gateway.apart import keep_apart
from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk, load_crosswalk
from gateway.configuration import Written, read_toml
from gateway.data import SHIPPED
from gateway.errors import UsageError
from gateway.partners import Profile, check_profiles, load_profile
from gateway.vault.keys import new_key

CONFIGURATION = """\
# The gateway's configuration. Partners: sftp_config/NAME.toml. Local mappings: mappings/.

[store]
# Where claims and their story are kept. The default is an SQLite file inside this home.
# PostgreSQL: url = "postgresql://user@host/database" (the password from PGPASSWORD or a passfile);
# GATEWAY_STORE_URL in the environment wins over this line.
url = "sqlite:///data/claims.db"

[archive]
# Every file sent and received, kept as it was.
path = "data/archive"

[encryption]
# The key that seals archive and backups: file:PATH, env:NAME or command:LINE. Whoever loses it loses both:
# keep a copy elsewhere (`gateway keys copy FILE`). New key: `gateway keys new`, the old one into `former`,
# then `gateway store rekey`.
key = "file:keys/archive.key"
former = []

[building]
# How many processes make large batches side by side; 0: as many as there are processors.
workers = 0

[retention]
# For how many years claims and files are kept before `gateway store retain` may let them go; 0: for ever.
years = 0

[journal]
# After how many hours a round writes what no file says (claims, decisions) into the archive anew, so that a lost
# store can be made again from the archive alone; 24 is a good choice; 0: only `gateway store journal` does it.
hours = 0

# Where to tell that something needs a person: see docs/howto/alerts.md.
# [alerts.mail]
# to = ["billing@example.com"]
# from = "gateway@example.com"
# host = "smtp.example.com"
# username = "gateway"
# password = "env:SMTP_PASSWORD"
"""

# Where alerts are told is checked by its own reader.
KEYS = {
    "store": {"url"},
    "archive": {"path"},
    "encryption": {"key", "former", "disk"},
    "building": {"workers"},
    "retention": {"years"},
    "journal": {"hours"},
    "alerts": {"name", "mail", "webhook", "command"},
    "traces": {"endpoint"},
}
KEY_FILE = "keys/archive.key"


@dataclass(frozen=True)
class Home:
    """The folder and what its `gateway.toml` says."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Home:
        """An existing home; UsageError where there is none."""
        if not (path / "gateway.toml").is_file():
            raise UsageError(
                f"{path}: no gateway.toml here; make a home with `gateway init {path}`, or name one with --home"
            )
        return cls(path.resolve())

    @classmethod
    def create(cls, path: Path) -> tuple[Home, list[str]]:
        """Makes what is missing and overwrites nothing; gives the home and what was made."""
        made: list[str] = []
        try:
            for folder in (
                "",
                "sftp_config",
                "mappings",
                "mappings/sources",
                "mappings/companions",
                "mappings/codes",
                "mappings/holidays",
                "keys",
                "data",
            ):
                if not (target := path / folder).is_dir():
                    target.mkdir(parents=True, mode=0o700)
                    made.append(f"{target}/")
            if not (file := path / "gateway.toml").is_file():
                # A home that has its configuration already never gets a key by itself: it would hide that one is lost.
                if not (key := path / KEY_FILE).exists():
                    write_new(key, f"{new_key().text()}\n")
                    made.append(str(key))
                write_new(file, CONFIGURATION)
                made.append(str(file))
        except OSError as error:
            raise UsageError(f"{path}: a home cannot be made here: {error.strerror}") from None
        return cls(path.resolve()), made

    @cached_property
    def configuration(self) -> Written:
        """`gateway.toml`; UsageError names file, line and key of what cannot be."""
        found = read_toml(self.path / "gateway.toml")
        found.refuse_unknown(KEYS)
        _workers(found)
        _encryption(found)
        _disk_is_encrypted(found)
        _years(found)
        _hours(found)
        read_alerts(found)
        _endpoint(found)
        return found

    def _setting(self, table: str, key: str, default: str) -> str:
        value = self.configuration.data.get(table, {}).get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.configuration.fault(table, key, "must be text")
        return value

    @property
    def store_url(self) -> str:
        """The store's URL; a relative SQLite path is relative to the home."""
        url = os.environ.get("GATEWAY_STORE_URL") or self._setting("store", "url", "sqlite:///data/claims.db")
        prefix = "sqlite:///"
        if url.startswith(prefix) and not Path(url.removeprefix(prefix)).is_absolute():
            return f"{prefix}{self.path / url.removeprefix(prefix)}"
        return url

    @property
    def archive_path(self) -> Path:
        return self.path / self._setting("archive", "path", "data/archive")

    @property
    def disk_is_encrypted(self) -> bool:
        """Whether a person says so; there is much that a program cannot find out."""
        return _disk_is_encrypted(self.configuration)

    @property
    def encryption(self) -> tuple[str, tuple[str, ...]]:
        """References to the key of archive and backups (empty: nothing is sealed), and to former ones."""
        return _encryption(self.configuration)

    @property
    def workers(self) -> int:
        """How many processes make batches; 0: as many as there are processors."""
        return _workers(self.configuration)

    @property
    def retention_years(self) -> int:
        """For how many years claims and files are kept at least; 0: not said, nothing leaves."""
        return _years(self.configuration)

    @property
    def journal_hours(self) -> int:
        """After how many hours a round writes the journal anew; 0: never by itself."""
        return _hours(self.configuration)

    @property
    def traces_endpoint(self) -> str:
        """Where spans are sent to; empty where nobody asked for traces."""
        return _endpoint(self.configuration)

    @property
    def alerts(self) -> Alerts:
        """Where alerts are told."""
        return read_alerts(self.configuration)

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Every partner of this home by name; UsageError names the first profile that is wrong.

        Refused where a test profile and a production profile name the same mailbox.
        """
        files = sorted((self.path / "sftp_config").glob("[!.]*.toml"))
        found = {file.stem: load_profile(file, self.path) for file in files}
        check_profiles(found, self.crosswalk)
        keep_apart(found.values())
        return found

    @cached_property
    def crosswalk(self) -> Crosswalk:
        """Which ids mean the same payer; UsageError names file and line of what cannot be."""
        return read_crosswalk(self.path)

    def profile(self, name: str) -> Profile:
        """One partner; UsageError with the known names where there is no such."""
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none yet"
            raise UsageError(f"no partner {name!r} in {self.path / 'sftp_config'}; known: {known}")
        return self.profiles[name]


def _encryption(configuration: Written) -> tuple[str, tuple[str, ...]]:
    table = configuration.data.get("encryption", {})
    key, former = table.get("key", ""), table.get("former", [])
    if not isinstance(key, str):
        raise configuration.fault("encryption", "key", "must be text")
    if not isinstance(former, list) or not all(isinstance(one, str) and one for one in former):
        raise configuration.fault("encryption", "former", "must be a list of references to keys")
    return key, tuple(former)


def _disk_is_encrypted(configuration: Written) -> bool:
    said = configuration.data.get("encryption", {}).get("disk", "")
    if said not in ("", "encrypted"):
        raise configuration.fault("encryption", "disk", 'must be "encrypted", or left out')
    return bool(said)


def _endpoint(configuration: Written) -> str:
    value = configuration.data.get("traces", {}).get("endpoint", "")
    if not isinstance(value, str):
        raise configuration.fault("traces", "endpoint", "must be text")
    if value and (reason := fault_of(value)):
        raise configuration.fault("traces", "endpoint", reason)
    return value


def _workers(configuration: Written) -> int:
    return _whole(configuration, "building", "workers", "0 to 64", 64)


def _years(configuration: Written) -> int:
    return _whole(configuration, "retention", "years", "1 to 100", 100)


def _hours(configuration: Written) -> int:
    return _whole(configuration, "journal", "hours", "0 to 8760", 8760)


def _whole(configuration: Written, table: str, key: str, shown: str, most: int) -> int:
    """A whole number up to `most`; 0 where it is left out. UsageError shows the range."""
    value = configuration.data.get(table, {}).get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise configuration.fault(table, key, f"must be a whole number from {shown}")
    return value


def read_crosswalk(home: Path | None) -> Crosswalk:
    """The shipped crosswalk of payer ids with the rows of a home."""
    found = NO_CROSSWALK
    for root in (SHIPPED, home):
        if root is not None and (file := root / "mappings" / "codes" / "payers.csv").is_file():
            try:
                found = load_crosswalk(file.read_text(encoding="utf-8"), str(file), found)
            except (OSError, UnicodeDecodeError):
                raise UsageError(f"{file}: cannot be read as UTF-8 text") from None
    return found


def write_new(file: Path, text: str) -> None:
    """A file for its owner's eyes, whole or not at all: a full disk leaves no empty one behind."""
    if file.is_symlink() or file.exists():
        raise FileExistsError(errno.EEXIST, f"{file.name} is something else than a file")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
