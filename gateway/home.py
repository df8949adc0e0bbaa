"""A home: one practice's configuration, local mappings and data in one folder that may be moved or copied."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gateway.errors import UsageError
from gateway.partners import Profile, check_profiles, load_profile

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
"""


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
                "mappings/sources",
                "mappings/companions",
                "mappings/codes",
                "keys",
                "data",
            ):
                if not (target := path / folder).is_dir():
                    target.mkdir(parents=True, mode=0o700)
                    made.append(f"{target}/")
            if not (file := path / "gateway.toml").exists():
                file.write_text(CONFIGURATION, encoding="utf-8")
                made.append(str(file))
        except OSError as error:
            raise UsageError(f"{path}: a home cannot be made here: {error.strerror}") from None
        return cls(path.resolve()), made

    @cached_property
    def configuration(self) -> dict[str, Any]:
        file = self.path / "gateway.toml"
        try:
            return tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{file}: cannot be read: {error}") from None

    def _setting(self, table: str, key: str, default: str) -> str:
        value = self.configuration.get(table, {}).get(key, default)
        if not isinstance(value, str) or not value:
            raise UsageError(f"{self.path / 'gateway.toml'}: [{table}] {key}: must be text")
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

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Every partner of this home by name; UsageError names the first profile that is wrong."""
        files = sorted((self.path / "sftp_config").glob("*.toml"))
        found = {file.stem: load_profile(file) for file in files}
        check_profiles(found)
        return found

    def profile(self, name: str) -> Profile:
        """One partner; UsageError with the known names where there is no such."""
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none yet"
            raise UsageError(f"no partner {name!r} in {self.path / 'sftp_config'}; known: {known}")
        return self.profiles[name]
